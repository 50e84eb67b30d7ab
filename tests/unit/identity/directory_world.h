/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory with a little mesh in it, and what tests ask of it.
 *
 * Does not: draw randomness. Thread: one. Ownership: a world owns its directory; a failure ends the
 * test.
 */
#ifndef FH_TESTS_UNIT_IDENTITY_DIRECTORY_WORLD_H
#define FH_TESTS_UNIT_IDENTITY_DIRECTORY_WORLD_H

#include "tests/lib/identities.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW_MS (TEST_START_MS + 2 * TEST_HOUR_MS)

/* A mesh of one founder (0) and one domain that it invited (1); 2 is a stranger. */
struct world {
    struct fh_directory *dir;
    struct fh_mesh_id mesh;
    struct test_domain domains[3];
    struct test_record charter;
    struct test_record nodes[3];
    struct test_record publisher;
    struct test_record member;
    struct test_record invitation;
    struct test_record admission;
};

static inline void world_make(struct world *world)
{
    static const struct fh_mesh_id none;
    for (unsigned i = 0; i < FH_COUNT(world->domains); i++) {
        world->domains[i] = test_domain_of(i);
    }
    struct test_domain *founder = &world->domains[0];
    world->charter = test_charter_1(founder, &world->mesh);
    for (unsigned i = 0; i < FH_COUNT(world->domains); i++) {
        world->nodes[i] = test_delegation(
            &world->domains[i], &world->domains[i].node, FH_ROLE_NODE, &world->mesh);
    }
    world->publisher =
        test_delegation(founder, &founder->publisher, FH_ROLE_PUBLISHER, &world->mesh);
    world->member = test_delegation(founder, &founder->member, FH_ROLE_MEMBER, &world->mesh);
    world->invitation = test_invitation(founder, 1, "", &world->mesh);
    world->admission =
        test_admission(founder, &world->domains[1], 1, &world->invitation, &world->mesh);
    world->dir = fh_directory_new(&none, &fh_verifier_plain);
    assert_non_null(world->dir);
}

static inline int add(struct world *world, const struct test_record *record, struct fh_err *err)
{
    return fh_directory_add(world->dir, test_bytes(record), NOW_MS, NULL, err);
}

static inline void must_add(struct world *world, const struct test_record *record)
{
    struct fh_err err = {0};
    struct fh_directory_outcome out;
    int code = fh_directory_add(world->dir, test_bytes(record), NOW_MS, &out, &err);
    if (code != FH_OK) {
        fail_msg("%s: %s", err.rule, err.text);
    }
    assert_int_equal(out.result, FH_DIRECTORY_ADDED);
}

static inline void
must_refuse(struct world *world, const struct test_record *record, const char *rule)
{
    struct fh_err err = {0};
    struct fh_directory_outcome out;
    int code = fh_directory_add(world->dir, test_bytes(record), NOW_MS, &out, &err);
    assert_int_not_equal(code, FH_OK);
    assert_int_equal(code, err.code);
    assert_string_equal(err.rule, rule);
    assert_int_equal(out.result, FH_DIRECTORY_REFUSED);
}

static inline void world_fill(struct world *world)
{
    must_add(world, &world->domains[0].inception);
    must_add(world, &world->charter);
    must_add(world, &world->nodes[0]);
    must_add(world, &world->publisher);
    must_add(world, &world->member);
    must_add(world, &world->domains[1].inception);
    must_add(world, &world->admission);
    must_add(world, &world->nodes[1]);
    must_add(world, &world->domains[2].inception);
    must_add(world, &world->nodes[2]);
}

static inline int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    world_make(world);
    world_fill(world);
    *state = world;
    return 0;
}

static inline int setup_empty(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    world_make(world);
    *state = world;
    return 0;
}

static inline int teardown(void **state)
{
    struct world *world = *state;
    fh_directory_free(world->dir);
    free(world);
    return 0;
}

/* The same with one more signature. */
static inline struct test_record cosigned(const struct test_record *record,
                                          const struct fh_mesh_id *mesh,
                                          const struct test_key *key)
{
    struct fh_record parsed;
    struct fh_buf buf;
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    assert_int_equal(fh_record_parse(&parsed, test_bytes(record), mesh, NULL), FH_OK);
    fh_record_cosign(&buf, &parsed, mesh, &key->secret);
    struct test_record made = test_record_of(&buf);
    fh_buf_fini(&buf);
    return made;
}

enum who { DOMAIN_KEY, NEXT_KEY, NODE_KEY, PUBLISHER_KEY, MEMBER_KEY };

static inline const struct test_key *key_of(const struct test_domain *domain, enum who who)
{
    switch (who) {
    case DOMAIN_KEY:
        return &domain->key;
    case NEXT_KEY:
        return &domain->next;
    case NODE_KEY:
        return &domain->node;
    case PUBLISHER_KEY:
        return &domain->publisher;
    case MEMBER_KEY:
        return &domain->member;
    }
    return NULL;
}

#define AT(hours) (TEST_START_MS + (hours)*TEST_HOUR_MS)

static inline int
may(struct world *world, unsigned i, enum who who, int64_t when_ms, const char **out)
{
    static struct fh_err err;
    err = (struct fh_err){0};
    int code = fh_directory_signer(world->dir,
                                   &key_of(&world->domains[i], who)->ref,
                                   &world->domains[i].id,
                                   when_ms,
                                   FH_ROLES_ALL,
                                   NULL,
                                   &err);
    *out = err.rule;
    return code;
}

static inline void
expect(struct world *world, unsigned i, enum who who, int64_t when_ms, const char *rule)
{
    const char *found = NULL;
    int code = may(world, i, who, when_ms, &found);
    assert_string_equal(found, rule);
    assert_int_equal(code == FH_OK, rule[0] == '\0');
}

#define WITH(test, with) cmocka_unit_test_setup_teardown(test, with, teardown)

#endif
