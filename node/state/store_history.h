/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's tables of what happened to products: their chains, the moves of their life cycle, the
 * forks that were proven.
 *
 * Rows in, rows out; private to node/state and to what hands the forks to peers.
 *
 * Does not: verify. Thread and errors: as node/state/store.h. Ownership: bytes and rows are lent
 * for the visit.
 */
#ifndef FH_NODE_STATE_STORE_HISTORY_H
#define FH_NODE_STATE_STORE_HISTORY_H

#include "node/state/store.h"
#include "proto/gossip/announce.h"

enum {
    FH_STORE_MOVES_MAX = 16, /* of one key; five statuses, and sunsets that were put off */
    FH_STORE_FORKS_MAX = 4,  /* of one product; one proves it */
};

/* ---- moves ---- */

/* Keeps an ANNOUNCEMENT record; the oldest beyond FH_STORE_MOVES_MAX of its key go. */
FH_MUST_CHECK int fh_store_move_put(struct fh_store *store,
                                    const struct fh_announce_key *key,
                                    uint64_t revision,
                                    struct fh_bytes bytes,
                                    struct fh_err *err);
typedef int fh_store_bytes_visit_fn(void *user, struct fh_bytes bytes, struct fh_err *err);
/* Of a product, by major and revision. */
FH_MUST_CHECK int fh_store_moves_each(struct fh_store *store,
                                      const struct fh_domain_id *domain,
                                      const char *product,
                                      fh_store_bytes_visit_fn *visit,
                                      void *user,
                                      struct fh_err *err);

/* ---- the chain ---- */

/* CONTRACT records of a product with a number below `before`, the greatest first, at most `limit`.
 */
FH_MUST_CHECK int fh_store_chain_each(struct fh_store *store,
                                      const struct fh_domain_id *domain,
                                      const char *product,
                                      uint64_t before,
                                      size_t limit,
                                      fh_store_bytes_visit_fn *visit,
                                      void *user,
                                      struct fh_err *err);

/* ---- forks ---- */

struct fh_store_fork {
    struct fh_domain_id domain;
    char product[FH_NAME_BYTES_MAX + 1];
    uint64_t number;
    struct fh_record_id one;   /* held in the chain */
    struct fh_record_id other; /* held as a proof */
};

/* Keeps a fork unless it is known or the product has FH_STORE_FORKS_MAX; `*out_new` says whether it
 * was kept. The proof itself is put by fh_store_proof_put. */
FH_MUST_CHECK int fh_store_fork_put(struct fh_store *store,
                                    const struct fh_store_fork *fork,
                                    bool *out_new,
                                    struct fh_err *err);
typedef int
fh_store_fork_visit_fn(void *user, const struct fh_store_fork *fork, struct fh_err *err);
/* Of a product, in the order in which they were found; of all products when `domain` is NULL. */
FH_MUST_CHECK int fh_store_forks_each(struct fh_store *store,
                                      const struct fh_domain_id *domain_or_null,
                                      const char *product,
                                      fh_store_fork_visit_fn *visit,
                                      void *user,
                                      struct fh_err *err);
/* Whether `one` is held in a chain of which no fork is kept: then another contract of its number
 * would be news. */
FH_MUST_CHECK int fh_store_fork_is_news(struct fh_store *store,
                                        const struct fh_record_id *one,
                                        bool *out,
                                        struct fh_err *err);

#endif
