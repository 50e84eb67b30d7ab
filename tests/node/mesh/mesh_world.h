/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node of a domain that joined, as a whole mesh of one process, which knows the founder's node
 * as a member. The founder's node answers by hand: pair->server.answer.
 *
 * Steps fail the test by themselves. Thread: the test's.
 */
#ifndef FH_TESTS_NODE_MESH_MESH_WORLD_H
#define FH_TESTS_NODE_MESH_MESH_WORLD_H

#include "node/mesh/parts.h"
#include "node/state/policies.h"
#include "proto/settings/settings.h"
#include "tests/lib/scratch.h"
#include "tests/node/peer/pair.h"

struct mesh_world {
    struct mesh *pair;
    struct side *side;                /* whose mesh it is */
    const struct test_domain *domain; /* its domain */
    struct test_scratch scratch;
    struct fh_home home;
    struct fh_settings settings;
    struct fh_store *store;
    struct fh_catalog *catalog;
    struct fh_policies *policies;
    struct fh_keystore *keys;
    struct fh_udp *udp;
    struct fh_mesh *mesh;
    uint32_t lives; /* of the founder's node, as far as it was introduced */
    struct fh_err err;
};

/* `answer` and `user` are kept for the founder's node. */
void mesh_world_set_up(struct mesh_world *w, side_answer_fn *answer, void *user);
/* The founder's node is the whole mesh, and answers what it is asked; a stranger calls. */
void mesh_world_set_up_founder(struct mesh_world *w);
void mesh_world_tear_down(struct mesh_world *w);

void mesh_world_must(int code, const struct fh_err *err);
/* What the founder's node says of itself reaches the other, where it is a member then. It answers
 * no probe, and so it is taken for dead some seconds later, until it is introduced as begun anew.
 */
void mesh_world_introduce(struct mesh_world *w);
/* Lets the loop run once, for some milliseconds at most. */
void mesh_world_turn(struct mesh_world *w);

#endif
