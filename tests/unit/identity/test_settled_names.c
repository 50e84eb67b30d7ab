/* SPDX-License-Identifier: Apache-2.0 */
/* Names that somebody decided on: who has them then, who gets them back. */
#include "proto/identity/directory.h"

#include "tests/unit/identity/directory_world.h"

#include <stdio.h>

static void must_take(struct fh_directory *dir, const struct test_record *record)
{
    struct fh_err err = {0};
    if (fh_directory_add(dir, test_bytes(record), NOW_MS, NULL, &err) != FH_OK) {
        fail_msg("%s: %s", err.rule, err.text);
    }
}

/* Two members of the charter invite under one name, as in the halves of a split mesh: whichever
 * admission comes first, both domains are in, and the name is the first one's. */
static void test_one_name_twice(void **state)
{
    struct world *world = *state;
    for (unsigned first = 1; first <= 2; first++) {
        struct fh_directory *dir = fh_directory_new(&world->mesh, &fh_verifier_plain);
        struct fh_directory_outcome outcome;
        struct fh_err err = {0};
        must_take(dir, &world->domains[0].inception);
        must_take(dir, &world->charter);
        must_take(dir, &world->nodes[0]);
        must_take(dir, &world->publisher);
        for (unsigned i = 0; i < 2; i++) {
            unsigned who = i == 0 ? first : 3 - first;
            struct test_domain market = world->domains[who];
            struct test_record invitation =
                test_invitation(&world->domains[0], 10 + who, "", &world->mesh);
            snprintf(market.name, sizeof market.name, "market");
            struct test_record admission =
                test_admission(&world->domains[0], &market, 10 + who, &invitation, &world->mesh);
            must_take(dir, &market.inception);
            for (unsigned times = 0; times < 2; times++) {
                assert_int_equal(
                    fh_directory_add(dir, test_bytes(&admission), NOW_MS, &outcome, &err), FH_OK);
                assert_int_equal(outcome.result,
                                 times == 0 ? FH_DIRECTORY_ADDED : FH_DIRECTORY_KNOWN);
                assert_int_equal(outcome.name_taken, i == 1 && times == 0);
            }
            const struct fh_directory_domain *domain = fh_directory_domain(dir, &market.id);
            assert_true(domain->admitted);
            assert_string_equal(domain->given_name, "market");
            assert_string_equal(domain->name, i == 0 ? "market" : "");
        }
        const struct fh_directory_domain *named = fh_directory_domain_by_name(dir, "market");
        assert_true(fh_domain_id_equal(&named->id, &world->domains[first].id));
        fh_directory_free(dir);
    }
}

/* Somebody here decides whose a name is: before anything is known, and when two claim it. */
static void test_settled_names(void **state)
{
    struct world *world = *state;
    struct fh_err err = {0};
    struct test_domain rival = world->domains[2];
    struct test_record invitation = test_invitation(&world->domains[0], 8, "", &world->mesh);
    snprintf(rival.name, sizeof rival.name, "domain1");
    struct test_record claim =
        test_admission(&world->domains[0], &rival, 8, &invitation, &world->mesh);
    assert_int_equal(fh_directory_settle(world->dir, "domain1", &rival.id, &err), FH_OK);
    assert_null(fh_directory_domain_by_name(world->dir, "domain1")); /* nobody has it yet */
    assert_int_equal(add(world, &claim, &err), FH_OK);
    const struct fh_directory_domain *named = fh_directory_domain_by_name(world->dir, "domain1");
    assert_true(fh_domain_id_equal(&named->id, &rival.id));
    const struct fh_directory_domain *lost = fh_directory_domain(world->dir, &world->domains[1].id);
    assert_true(lost->admitted);
    assert_string_equal(lost->name, "");
    assert_string_equal(lost->given_name, "domain1");
    /* It is known under that name all the same, and gets it back. */
    assert_int_equal(add(world, &world->admission, &err), FH_OK);
    assert_int_equal(fh_directory_settle(world->dir, "domain1", &lost->id, &err), FH_OK);
    assert_string_equal(lost->name, "domain1");
    assert_string_equal(fh_directory_domain(world->dir, &rival.id)->name, "");
    fh_directory_unsettle(world->dir, "domain1");
    assert_ptr_equal(fh_directory_domain_by_name(world->dir, "domain1"), lost);
    fh_directory_unsettle(world->dir, "nobody");
}

static void test_settled_names_have_a_limit(void **state)
{
    struct world *world = *state;
    struct fh_err err = {0};
    char name[FH_NAME_BYTES_MAX + 1];
    for (unsigned i = 0; i < FH_NAMES_SETTLED_MAX; i++) {
        snprintf(name, sizeof name, "settled%u", i);
        assert_int_equal(fh_directory_settle(world->dir, name, &world->domains[2].id, &err), FH_OK);
    }
    assert_int_equal(fh_directory_settle(world->dir, "more", &world->domains[2].id, &err),
                     FH_ETOOBIG);
    assert_int_equal(fh_directory_settle(world->dir, "settled0", &world->domains[1].id, &err),
                     FH_OK);
    fh_directory_unsettle(world->dir, "settled1");
    assert_int_equal(fh_directory_settle(world->dir, "more", &world->domains[2].id, &err), FH_OK);
}

/* A charter that lists who lost its name is a good one. */
static void test_a_charter_lists_whoever_lost_its_name(void **state)
{
    struct world *world = *state;
    struct fh_err err = {0};
    assert_int_equal(fh_directory_settle(world->dir, "domain0", &world->domains[2].id, &err),
                     FH_OK);
    const struct fh_directory_domain *founder =
        fh_directory_domain(world->dir, &world->domains[0].id);
    assert_string_equal(founder->name, "");
    assert_true(founder->admitted && founder->charter_member);
    static const struct fh_mesh_id none;
    struct fh_directory *dir = fh_directory_new(&none, &fh_verifier_plain);
    struct test_record charter = test_charter_1(&world->domains[0], &world->mesh);
    assert_int_equal(fh_directory_settle(dir, "domain0", &world->domains[2].id, &err), FH_OK);
    assert_int_equal(fh_directory_add(dir,
                                      test_bytes(&world->domains[0].inception),
                                      TEST_START_MS + TEST_HOUR_MS,
                                      NULL,
                                      &err),
                     FH_OK);
    assert_int_equal(
        fh_directory_add(dir, test_bytes(&charter), TEST_START_MS + TEST_HOUR_MS, NULL, &err),
        FH_OK);
    founder = fh_directory_domain(dir, &world->domains[0].id);
    assert_true(founder->charter_member);
    assert_string_equal(founder->name, "");
    fh_directory_free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(test_one_name_twice, setup),
        WITH(test_settled_names, setup),
        WITH(test_settled_names_have_a_limit, setup),
        WITH(test_a_charter_lists_whoever_lost_its_name, setup),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
