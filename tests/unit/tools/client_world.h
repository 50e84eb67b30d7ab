/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Client world: three homes of one mesh (aviation began it, wildlife and geology joined) and one of
 * another, made by the commands.
 *
 * Does not: start nodes (scripted_peer.h). Thread: one. Ownership: the state of a group of tests.
 */
#ifndef FH_TESTS_UNIT_TOOLS_CLIENT_WORLD_H
#define FH_TESTS_UNIT_TOOLS_CLIENT_WORLD_H

#include "tests/lib/scratch.h"
#include "tools/client/actor.h"

enum { AVIATION, WILDLIFE, GEOLOGY, STRANGER, HOMES };
enum { CLIENT_WORLD_PATH_BYTES = 256 };

extern const char *const client_world_names[HOMES];

struct world {
    struct test_scratch scratch;
    char homes[HOMES][CLIENT_WORLD_PATH_BYTES];
    struct fh_actor *actors[HOMES];
    struct fh_directory *directory; /* all of the mesh, as a node holds it */
};

/* For cmocka: `*state` is a struct world. */
int client_world_setup(void **state);
int client_world_teardown(void **state);

#endif
