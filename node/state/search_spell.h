/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spelling: for words that no product's text holds, the nearest words that one does.
 *
 * A word of four letters or more may be one step off (a letter wrong, missing, too many, or two
 * swapped), one of eight or more two steps; what follows the beginning that was typed is free, as
 * in a search. Of several the nearest counts, then the one that more products hold, then the first
 * in the order of bytes: nodes with the same catalogue answer alike. Distance: Damerau's, in the
 * form that moves no letter twice ("optimal string alignment").
 *
 * Does not: know languages. Private to node/state. Thread: the loop thread only.
 */
#ifndef FH_NODE_STATE_SEARCH_SPELL_H
#define FH_NODE_STATE_SEARCH_SPELL_H

#include "node/state/search_words.h"
#include "node/state/store.h"

enum { FH_SEARCH_TERM_BYTES = 128 };

struct fh_search_spelling {
    char texts[FH_SEARCH_WORDS_MAX][FH_SEARCH_TERM_BYTES];
};

/* Replaces in `words` each word that no text holds by the nearest that one does; `spelling` holds
 * the new texts and must outlive `words`. `out_mended`: whether any was. Looks at no more than
 * FH_SEARCH_TERMS_MAX terms. Errors of the store. */
FH_MUST_CHECK int fh_search_spell(struct fh_store *store,
                                  struct fh_search_words *words,
                                  struct fh_search_spelling *spelling,
                                  bool *out_mended,
                                  struct fh_err *err);

/* Steps from `word` to the beginning of `term` that is nearest to it: 0 when it is one; anything
 * above `most` means more than that. Both are UTF-8 in lower case. */
unsigned fh_search_distance(struct fh_bytes word, struct fh_bytes term, unsigned most);

#endif
