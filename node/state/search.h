/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Search: products whose text holds a word beginning with every word asked for.
 *
 * Full text over domain, name, title, summary and description, tables and columns, tags, people:
 * team, contacts, approvers (SQLite FTS5, diacritics and case folded). First comes the product that
 * is called so, then those with all words in domain, name and title, then the others; in each of
 * these ranked by BM25 with the weight of where it was found; ties by domain, product, major, so
 * that every node with the same catalogue answers alike. Where no product has all words, those that
 * none has are read as the nearest that one has (search_spell.h). Words may ask one field only, and
 * filters a facet (search_words.h).
 *
 * Does not: know languages. Thread: the loop thread only. Ownership: entries are lent for the
 * visit.
 */
#ifndef FH_NODE_STATE_SEARCH_H
#define FH_NODE_STATE_SEARCH_H

#include "node/state/catalog.h"
#include "node/state/facets.h"

/* All borrowed for the search. */
struct fh_search_wish {
    const char *words; /* "": everything by name */
    uint64_t offset;   /* so many of the best are left out */
    size_t limit;      /* of the page: at most FH_SEARCH_RESULTS_MAX; 0: only what is said of all */
    int64_t now_ms;    /* Unix: measurements that expired before are stale */
    /* Whether a node of the domain answers; NULL: every domain's does. Asked once or a few times a
     * domain. */
    bool (*reachable)(void *user, const struct fh_domain_id *domain);
    fh_catalog_visit_fn *visit;
    void *user;
};

struct fh_search_result {
    uint64_t total;           /* products that were found; the page is a part of them */
    struct fh_buf read_as;    /* the words as they were read when their spelling was mended; else
                                 nothing */
    struct fh_facets *facets; /* of all that were found; NULL when they are not wanted */
};
/* FH_ENOMEM, after which it may be ended too. */
FH_MUST_CHECK int
fh_search_result_init(struct fh_search_result *result, bool facets, struct fh_err *err);
void fh_search_result_fini(struct fh_search_result *result);

/* Visits the wished page of the products found, best first; withdrawn ones and those of expelled
 * domains are left out. FH_EINVAL
 * as fh_search_words_read. */
FH_MUST_CHECK int fh_search(struct fh_catalog *catalog,
                            const struct fh_search_wish *wish,
                            struct fh_search_result *out,
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
