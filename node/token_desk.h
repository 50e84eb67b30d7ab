/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Token desk: where members leave tokens for this node's door, and where the door finds them.
 *
 *   TOKEN_DEPOSIT, TOKEN_LIST, TOKEN_REVOKE   a member, over its own session
 *   ADMIN_TOKEN                               the door, over the admin socket
 *
 * Does not: open tokens; it cannot. Thread: the loop's. Ownership: keeps what it names.
 */
#ifndef FH_NODE_TOKEN_DESK_H
#define FH_NODE_TOKEN_DESK_H

#include "node/admin.h"
#include "node/peer/questions.h"
#include "node/state/deposits.h"

struct fh_mesh;
struct fh_serve;

struct fh_token_desk {
    struct fh_deposits *deposits;
    struct fh_directory *dir;
    struct fh_mesh *mesh; /* NULL when offline: then nobody asks */
    struct fh_mesh_id mesh_id;
    struct fh_serve *serve; /* ends what a revoked token runs */
};

/* Takes the question when it is one of the above; else false. */
bool fh_token_desk_question(struct fh_token_desk *desk, struct fh_question *question);
bool fh_token_desk_admin(struct fh_token_desk *desk, struct fh_admin_question *question);

#endif
