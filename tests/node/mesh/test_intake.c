/* SPDX-License-Identifier: Apache-2.0 */
/* Identity records that a session left in the directory alone: when they come again, the store
 * keeps them, as they were verified. */
#include "tests/node/mesh/mesh_world.h"

#include "common/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static int setup(void **state)
{
    struct mesh_world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    mesh_world_set_up(w, NULL, NULL);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    mesh_world_tear_down(*state);
    free(*state);
    return 0;
}

/* Whether it was new; the directory has it before. */
static bool take(struct mesh_world *w, struct fh_bytes record)
{
    const struct fh_origin origin = {.node = w->pair->server.node};
    bool is_new = false;
    mesh_world_must(fh_mesh_intake(w->mesh, record, &origin, &is_new, &w->err), &w->err);
    return is_new;
}

static void must_be_kept(struct mesh_world *w, const struct test_record *record)
{
    struct fh_record parsed;
    struct fh_buf kept FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&kept, FH_RECORD_BYTES_MAX);
    mesh_world_must(fh_record_parse(&parsed, test_bytes(record), &w->pair->id, &w->err), &w->err);
    mesh_world_must(fh_store_record_get(w->store, &parsed.id, &kept, &w->err), &w->err);
    assert_int_equal(kept.size, record->size);
    assert_memory_equal(kept.data, record->bytes, kept.size);
}

static void test_known_and_not_kept(void **state)
{
    struct mesh_world *w = *state;
    struct test_record rotation = test_rotation(&w->pair->founder, fh_clock_wall_ms());
    pair_add(w->pair->caller.dir, &rotation);
    assert_true(take(w, test_bytes(&rotation)));
    must_be_kept(w, &rotation);
    assert_false(take(w, test_bytes(&rotation)));
}

/* An id does not cover signatures: what is kept is not what somebody now says they are. */
static void test_known_and_forged(void **state)
{
    struct mesh_world *w = *state;
    struct test_record rotation = test_rotation(&w->pair->founder, fh_clock_wall_ms());
    struct test_record forged = rotation;
    pair_add(w->pair->caller.dir, &rotation);
    forged.bytes[forged.size - 1] ^= 1;
    take(w, test_bytes(&forged));
    must_be_kept(w, &rotation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_known_and_not_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_known_and_forged, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
