/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delegates: records by which the domain's steward lets keys in or shuts them out.
 *
 *   ADMIN_IDENTITY [record, ...] -> each as any record that comes in -> durable -> gossip
 *
 * Does not: sign (the domain key is never in the daemon). Thread: the loop's. Ownership: borrows
 * everything but the question.
 */
#ifndef FH_NODE_DELEGATES_H
#define FH_NODE_DELEGATES_H

#include "node/admin.h"
#include "node/mesh/mesh.h"
#include "node/residence.h"

/* ADMIN_IDENTITY; the question is taken. `mesh` is NULL when offline: peers learn of it at the next
 * start. */
void fh_delegates_question(struct fh_residence *home,
                           struct fh_mesh *mesh,
                           struct fh_admin_question *question);

#endif
