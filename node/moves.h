/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves: an own product is deprecated or retired.
 *
 *   ADMIN_ANNOUNCED -> the last announcement, which the CLI takes a step further and signs
 *   ADMIN_MOVE      -> it is exactly that step, no policy wants more notice, and peers will take it
 *                      -> durable -> gossip
 *
 * Does not: sign (the publisher's key is with the CLI). Thread: the loop's. Ownership: keeps what
 * it names.
 */
#ifndef FH_NODE_MOVES_H
#define FH_NODE_MOVES_H

#include "node/admin.h"
#include "node/mesh/mesh.h"

struct fh_policies;

struct fh_moves {
    struct fh_catalog *catalog;
    const struct fh_directory *dir;
    const struct fh_policies *policies;
    struct fh_mesh *mesh; /* NULL when offline: peers learn of it at the next start */
    struct fh_mesh_id mesh_id;
    struct fh_domain_id domain;
};

/* ADMIN_ANNOUNCED, ADMIN_MOVE; the question is taken. */
void fh_moves_question(struct fh_moves *moves, struct fh_admin_question *question);

#endif
