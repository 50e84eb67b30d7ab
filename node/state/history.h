/* SPDX-License-Identifier: Apache-2.0 */
/*
 * History: what is known of a product's life: the versions of its chain, the announcements that
 * moved it, the forks that its domain was caught at.
 *
 * Does not: reach behind what this node holds; an older node may know more. Thread: the loop thread
 * only. Ownership: what is visited is lent.
 */
#ifndef FH_NODE_STATE_HISTORY_H
#define FH_NODE_STATE_HISTORY_H

#include "node/state/catalog.h"

struct fh_history_version {
    uint64_t seq;
    char version[FH_VERSION_BYTES_MAX + 1];
    char status[16]; /* as the contract states it */
    int64_t created_ms;
    struct fh_record_id id;
    struct fh_key_id key; /* that signed; zero when it is not known here any more */
};

struct fh_history_fork {
    uint64_t number; /* in the chain */
    struct fh_record_id ids[2];
    struct fh_key_id keys[2]; /* as above */
};

typedef int
fh_history_version_fn(void *user, const struct fh_history_version *version, struct fh_err *err);
/* Versions with a number below `before` (UINT64_MAX: all), the newest first, at most `limit`. */
FH_MUST_CHECK int fh_history_versions(struct fh_catalog *catalog,
                                      const struct fh_domain_id *domain,
                                      const char *product,
                                      uint64_t before,
                                      size_t limit,
                                      fh_history_version_fn *visit,
                                      void *user,
                                      struct fh_err *err);

/* ANNOUNCEMENT records: those that moved the product by major and revision, then the ones that
 * count now; one may come twice. */
FH_MUST_CHECK int fh_history_moves(struct fh_catalog *catalog,
                                   const struct fh_domain_id *domain,
                                   const char *product,
                                   fh_catalog_record_visit_fn *visit,
                                   void *user,
                                   struct fh_err *err);

typedef int fh_history_fork_fn(void *user, const struct fh_history_fork *fork, struct fh_err *err);
FH_MUST_CHECK int fh_history_forks(struct fh_catalog *catalog,
                                   const struct fh_domain_id *domain,
                                   const char *product,
                                   fh_history_fork_fn *visit,
                                   void *user,
                                   struct fh_err *err);

#endif
