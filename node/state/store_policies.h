/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's table of policies of this domain.
 *
 * Rows in, rows out. What they mean, and who may put one, is node/state/policies.h.
 *
 * Does not: verify. Thread and errors: as node/state/store.h. Ownership: bytes of a row are lent
 * for the visit.
 */
#ifndef FH_NODE_STATE_STORE_POLICIES_H
#define FH_NODE_STATE_STORE_POLICIES_H

#include "node/state/store.h"

struct fh_store_policy {
    char name[FH_NAME_BYTES_MAX + 1];
    uint64_t seq;
    struct fh_record_id id;
    int64_t received_ms;
    bool forked; /* another record of its number is known */
    struct fh_bytes bytes;
};

/* Puts a new version. */
FH_MUST_CHECK int fh_store_policy_put(struct fh_store *store,
                                      const struct fh_store_policy *policy,
                                      struct fh_err *err);
/* Notes the id of a record that contradicts the version of this number; the first one stays. */
FH_MUST_CHECK int fh_store_policy_fork(struct fh_store *store,
                                       const char *name,
                                       uint64_t seq,
                                       const struct fh_record_id *other,
                                       struct fh_err *err);

typedef int
fh_store_policy_visit_fn(void *user, const struct fh_store_policy *policy, struct fh_err *err);
/* The newest version of each policy, by name; or all versions of `name`, newest first, at most
 * `limit`. */
FH_MUST_CHECK int fh_store_policies_each(struct fh_store *store,
                                         fh_store_policy_visit_fn *visit,
                                         void *user,
                                         struct fh_err *err);
FH_MUST_CHECK int fh_store_policy_versions(struct fh_store *store,
                                           const char *name,
                                           size_t limit,
                                           fh_store_policy_visit_fn *visit,
                                           void *user,
                                           struct fh_err *err);

#endif
