/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Search: products whose text holds a word beginning with every word asked for.
 *
 * Full text over domain, name, title, summary and description, tables and columns, tags, people
 * (SQLite FTS5, diacritics and case folded). Ranked by BM25 with the weight of where it was found
 * (name first); ties by domain, product, major, so that every node with the same catalogue answers
 * alike. Where no product has all words, those that none has are read as the nearest that one has
 * (search_spell.h). Words may ask one field only (search_words.h).
 *
 * Does not: know languages. Thread: the loop thread only. Ownership: entries are lent for the
 * visit.
 */
#ifndef FH_NODE_STATE_SEARCH_H
#define FH_NODE_STATE_SEARCH_H

#include "node/state/catalog.h"

/* Visits at most `limit` entries (FH_SEARCH_RESULTS_MAX), best first; withdrawn products are left
 * out. Empty words list everything by name. `out_read_as` gets the words as they were read when
 * their spelling was mended, and nothing else. FH_EINVAL as fh_search_words_read. */
FH_MUST_CHECK int fh_search(struct fh_catalog *catalog,
                            const char *words,
                            size_t limit,
                            fh_catalog_visit_fn *visit,
                            void *user,
                            struct fh_buf *out_read_as,
                            struct fh_err *err);

/* ---- private to node/state ---- */

/* What is indexed of a product; texts of several things are joined with a line break. */
struct fh_search_text {
    struct fh_buf name, title, description, columns, tags, people;
};
void fh_search_text_init(struct fh_search_text *text);
void fh_search_text_fini(struct fh_search_text *text);
/* Fills `text` from an announcement and its contract (NULL while it is not held). What is beyond
 * FH_SEARCH_TEXT_BYTES_MAX is left out. */
void fh_search_text_make(struct fh_search_text *text,
                         const char *domain_name,
                         const struct fh_announcement *announcement,
                         const struct fh_contract *contract);

#endif
