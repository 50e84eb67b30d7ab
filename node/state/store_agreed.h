/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's table of what was agreed on: policies of the mesh, and waivers.
 *
 * Rows in, rows out. What they mean, and who may put one, is node/state/agreed.h.
 *
 * Does not: verify. Thread and errors: as node/state/store.h. Ownership: bytes of a row are lent
 * for the visit.
 */
#ifndef FH_NODE_STATE_STORE_AGREED_H
#define FH_NODE_STATE_STORE_AGREED_H

#include "node/state/store.h"

struct fh_store_agreed {
    struct fh_record_id id;
    unsigned type; /* FH_RECORD_MESH_POLICY, FH_RECORD_WAIVER */
    bool shared;   /* others hold it too; false for waivers of the own domain's policies */
    int64_t received_ms;
    struct fh_bytes bytes;
};

/* One already there is fine and stays. */
FH_MUST_CHECK int fh_store_agreed_put(struct fh_store *store,
                                      const struct fh_store_agreed *record,
                                      struct fh_err *err);

typedef int
fh_store_agreed_visit_fn(void *user, const struct fh_store_agreed *record, struct fh_err *err);
/* All, as they came. */
FH_MUST_CHECK int fh_store_agreed_each(struct fh_store *store,
                                       fh_store_agreed_visit_fn *visit,
                                       void *user,
                                       struct fh_err *err);

#endif
