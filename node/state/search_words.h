/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Search words: what somebody typed, as the parts of a search.
 *
 * Words stand between white space. `tag:geo` asks one field only (domain, name, title, text,
 * column, tag, person), `status:deprecated` for a state of the life cycle; what stands before any
 * other colon is part of the word.
 *
 * Does not: search. Private to node/state. Thread: any; values. Ownership: words are views of the
 * text that was read.
 */
#ifndef FH_NODE_STATE_SEARCH_WORDS_H
#define FH_NODE_STATE_SEARCH_WORDS_H

#include "common/bytes.h"
#include "common/err.h"
#include "common/limits.h"

struct fh_search_word {
    const char *field;    /* as it is written, "tag"; NULL: any */
    struct fh_bytes text; /* has a letter or a digit */
};

struct fh_search_words {
    unsigned count;
    struct fh_search_word items[FH_SEARCH_WORDS_MAX];
    int status;   /* enum fh_announce_status, or FH_SEARCH_ANY_STATUS */
    bool nothing; /* something was asked for that no text holds, as "*" */
};

enum { FH_SEARCH_ANY_STATUS = -1 };

/* FH_EINVAL: "search.words" (more than FH_SEARCH_WORDS_MAX words, not UTF-8), "search.status" (no
 * status of this name, or two). */
FH_MUST_CHECK int
fh_search_words_read(struct fh_search_words *out, const char *text, struct fh_err *err);

/* Appends the FTS5 expression: each word quoted, as a prefix, in its field, all required; nothing
 * when there is none. */
void fh_search_words_expression(const struct fh_search_words *words, struct fh_buf *out);

/* Appends them as they would be typed. */
void fh_search_words_text(const struct fh_search_words *words, struct fh_buf *out);

#endif
