/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Range sets: what this node holds of each set that nodes keep in step, for reconciliation.
 *
 * A set is gathered from directory, gossip core or store when it is asked for and the last one is
 * too old: at least a second, and fifty times what gathering it took, so that peers who ask without
 * end cost two hundredths of the loop. What has changed since is found next time.
 *
 * Does not: hold records. Thread: the loop's. Ownership: sets belong to the object and are lent.
 */
#ifndef FH_NODE_MESH_RANGESETS_H
#define FH_NODE_MESH_RANGESETS_H

#include "node/mesh/mesh.h"
#include "proto/gossip/rangeset.h"

struct fh_mesh_rangesets;

/* The set as it is, or was lately; lent until the next call. FH_EINVAL (rule "reconcile.set") for
 * the set of forks, FH_ENOMEM, errors of the store. */
FH_MUST_CHECK int fh_mesh_rangeset(struct fh_mesh *mesh,
                                   enum fh_sync_set set,
                                   const struct fh_rangeset **out,
                                   struct fh_err *err);
void fh_mesh_rangesets_free(struct fh_mesh_rangesets *sets);

#endif
