/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Search: products whose text holds a word beginning with every word asked for.
 *
 * Full text over domain, name, title, summary and description, tables and columns, tags, people
 * (SQLite FTS5, diacritics and case folded). Ranked by BM25 with the weight of where it was found
 * (name first); ties by domain, product, major, so that every node with the same catalogue answers
 * alike.
 *
 * Does not: guess spelling. Thread: the loop thread only. Ownership: entries are lent for the
 * visit.
 */
#ifndef FH_NODE_STATE_SEARCH_H
#define FH_NODE_STATE_SEARCH_H

#include "node/state/catalog.h"

/* Visits at most `limit` entries (FH_SEARCH_RESULTS_MAX), best first; withdrawn products are left
 * out. Empty words list everything by name. FH_EINVAL, rule "search.words": more than
 * FH_SEARCH_WORDS_MAX words or not UTF-8. */
FH_MUST_CHECK int fh_search(struct fh_catalog *catalog,
                            const char *words,
                            size_t limit,
                            fh_catalog_visit_fn *visit,
                            void *user,
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

/* Appends the FTS5 expression of the words: each quoted, as a prefix, all required. Nothing is
 * appended when there is no word. FH_EINVAL as fh_search. */
FH_MUST_CHECK int fh_search_expression(struct fh_buf *out, const char *words, struct fh_err *err);

#endif
