/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Courier: hands access requests that this node keeps for others to the owners that they are for.
 *
 *   ASK for another owner -> kept durably -> his node, at once when it can be reached -> delivered
 *                                 \-> looked for again, also after a restart, until `until`
 *
 * A request is signed by its consumer, so the courier can neither change nor make one; it adds the
 * identity records by which the owner verifies a key that he has not heard of. What an owner
 * refuses for good, by what the request says, is not brought again.
 *
 * Does not: verify (node/state/grants.h). Thread: the loop's. Ownership: keeps what its options
 * name.
 */
#ifndef FH_NODE_COURIER_H
#define FH_NODE_COURIER_H

#include "node/mesh/mesh.h"
#include "node/state/grants.h"

struct fh_courier;

struct fh_courier_options {
    struct fh_loop *loop;
    struct fh_peers *peers;
    struct fh_mesh *mesh; /* NULL when offline: everything waits */
    struct fh_grants *grants;
};

FH_MUST_CHECK int fh_courier_new(struct fh_courier **out,
                                 const struct fh_courier_options *options,
                                 struct fh_err *err);
/* Begins nothing more. What is on its way ends with the peers (node/peer/peers.h). */
void fh_courier_quiesce(struct fh_courier *courier);
void fh_courier_free(struct fh_courier *courier);

/* Brings a request that was just kept, and answers `question` (ASK; taken) when the owner has it,
 * or soon when he cannot be reached. */
void fh_courier_bring(struct fh_courier *courier,
                      const struct fh_record_id *id,
                      struct fh_question *question);

#endif
