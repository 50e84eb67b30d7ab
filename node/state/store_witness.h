/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Store of checkpoints that this node keeps of others' audit logs.
 *
 * At most FH_AUDIT_WITNESSED_MAX of a node: when they are more, every second of the older half
 * goes, so that old ones grow sparse and never vanish: who rewrote its log cannot push them out.
 *
 * Does not: verify. Thread: the loop thread only. Ownership: what is visited is lent.
 */
#ifndef FH_NODE_STATE_STORE_WITNESS_H
#define FH_NODE_STATE_STORE_WITNESS_H

#include "node/state/store.h"

/* Keeps one; the same again is fine. */
FH_MUST_CHECK int fh_store_witness_put(struct fh_store *store,
                                       const struct fh_node_id *node,
                                       uint64_t seq,
                                       struct fh_bytes record,
                                       int64_t now_ms,
                                       struct fh_err *err);

/* Those of a node (NULL: of all), in the order in which they came. */
typedef int fh_store_witness_fn(void *user, struct fh_bytes record, struct fh_err *err);
FH_MUST_CHECK int fh_store_witness_each(struct fh_store *store,
                                        const struct fh_node_id *node,
                                        fh_store_witness_fn *visit,
                                        void *user,
                                        struct fh_err *err);

#endif
