/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's tables of the search: texts, cards, and the terms in the texts.
 *
 * Rows in, rows out; private to node/state. What they mean is the search's (node/state/search.h).
 *
 * Does not: rank by anything but what it is asked for. Thread and errors: as node/state/store.h.
 * Ownership: texts and bytes of a row are lent for the visit.
 */
#ifndef FH_NODE_STATE_STORE_SEARCH_H
#define FH_NODE_STATE_STORE_SEARCH_H

#include "node/state/store.h"
#include "proto/gossip/announce.h"
#include "proto/quality/measurement.h"

/* ---- what is indexed ---- */

enum { FH_STORE_SEARCH_FIELDS = 7 }; /* domain, name, title, description, columns, tags, people */
FH_MUST_CHECK int fh_store_search_put(struct fh_store *store,
                                      int64_t entry,
                                      const struct fh_bytes fields[FH_STORE_SEARCH_FIELDS],
                                      struct fh_err *err);

/* What a list needs of a product. */
struct fh_store_card {
    int64_t entry;                           /* row number of the announcement */
    struct fh_announce_key key;              /* read: the domain alone */
    char domain_name[FH_NAME_BYTES_MAX + 1]; /* "" when unknown */
    unsigned status;
    struct fh_record_id contract; /* not read */
    bool open_to_mesh;
    struct fh_bytes form;      /* node/state/facets.h */
    struct fh_quality quality; /* read only, and only where it was asked for: state, expires_ms */
};
FH_MUST_CHECK int
fh_store_card_put(struct fh_store *store, const struct fh_store_card *card, struct fh_err *err);

/* ---- what is found ---- */

enum fh_store_order {
    FH_STORE_ANY_ORDER,
    FH_STORE_BY_NAME, /* domain, product, major */
    FH_STORE_NAMED,   /* called so, then named so, then others; of each by name */
    FH_STORE_RANKED,  /* the same, but of each the best first */
    FH_STORE_ORDER_COUNT
};
struct fh_store_search {
    const char *expression; /* FTS5; "": all, which have no other order than the first two */
    const char *named;      /* FTS5: what matches it is named so */
    const char *called;     /* the product of this name is called so */
    enum fh_store_order order;
    bool quality;   /* wanted */
    uint64_t limit; /* 0: none */
};
typedef int
fh_store_card_visit_fn(void *user, const struct fh_store_card *card, struct fh_err *err);
/* Visits the cards of what matches and is not withdrawn. */
FH_MUST_CHECK int fh_store_search(struct fh_store *store,
                                  const struct fh_store_search *search,
                                  fh_store_card_visit_fn *visit,
                                  void *user,
                                  struct fh_err *err);

/* How many there are of these; at most `most`, where that is not 0, and then perhaps some that are
 * withdrawn. */
FH_MUST_CHECK int fh_store_search_count(struct fh_store *store,
                                        const char *expression,
                                        uint64_t most,
                                        uint64_t *out,
                                        struct fh_err *err);

/* Terms in the order of their bytes, at most `limit`, and how many products have each. */
typedef int
fh_store_term_visit_fn(void *user, struct fh_bytes term, uint64_t products, struct fh_err *err);
FH_MUST_CHECK int fh_store_search_terms(struct fh_store *store,
                                        size_t limit,
                                        fh_store_term_visit_fn *visit,
                                        void *user,
                                        struct fh_err *err);

#endif
