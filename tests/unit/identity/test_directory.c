/* SPDX-License-Identifier: Apache-2.0 */
/* The directory: what it takes, what it refuses and by which rule, who may sign when. */
#include "proto/identity/directory.h"

#include "common/mem.h"
#include "tests/lib/identities.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
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

static void world_make(struct world *world)
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

static int add(struct world *world, const struct test_record *record, struct fh_err *err)
{
    return fh_directory_add(world->dir, test_bytes(record), NOW_MS, NULL, err);
}

static void must_add(struct world *world, const struct test_record *record)
{
    struct fh_err err = {0};
    struct fh_directory_outcome out;
    int code = fh_directory_add(world->dir, test_bytes(record), NOW_MS, &out, &err);
    if (code != FH_OK) {
        fail_msg("%s: %s", err.rule, err.text);
    }
    assert_int_equal(out.result, FH_DIRECTORY_ADDED);
}

static void must_refuse(struct world *world, const struct test_record *record, const char *rule)
{
    struct fh_err err = {0};
    struct fh_directory_outcome out;
    int code = fh_directory_add(world->dir, test_bytes(record), NOW_MS, &out, &err);
    assert_int_not_equal(code, FH_OK);
    assert_int_equal(code, err.code);
    assert_string_equal(err.rule, rule);
    assert_int_equal(out.result, FH_DIRECTORY_REFUSED);
}

static void world_fill(struct world *world)
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

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    world_make(world);
    world_fill(world);
    *state = world;
    return 0;
}

static int setup_empty(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    world_make(world);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    fh_directory_free(world->dir);
    free(world);
    return 0;
}

static void test_domains_and_names(void **state)
{
    struct world *world = *state;
    assert_true(fh_mesh_id_equal(fh_directory_mesh(world->dir), &world->mesh));
    assert_int_equal(fh_directory_domain_count(world->dir), 3);
    const struct fh_directory_domain *founder =
        fh_directory_domain(world->dir, &world->domains[0].id);
    assert_true(founder->admitted && founder->charter_member && !founder->frozen);
    assert_string_equal(founder->name, "domain0");
    const struct fh_directory_domain *joined = fh_directory_domain_by_name(world->dir, "domain1");
    assert_ptr_equal(joined, fh_directory_domain_at(world->dir, 1));
    assert_true(joined->admitted && !joined->charter_member);
    assert_true(fh_domain_id_equal(&joined->issuer, &world->domains[0].id));
    const struct fh_directory_domain *stranger =
        fh_directory_domain(world->dir, &world->domains[2].id);
    assert_false(stranger->admitted);
    assert_string_equal(stranger->name, "");
    assert_null(fh_directory_domain_by_name(world->dir, "domain2"));
    assert_string_equal(fh_directory_charter(world->dir, NULL)->title, "skyline");
}

enum who { DOMAIN_KEY, NEXT_KEY, NODE_KEY, PUBLISHER_KEY, MEMBER_KEY };

static const struct test_key *key_of(const struct test_domain *domain, enum who who)
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

static const struct signer_case {
    const char *name;
    unsigned owner; /* whose key */
    enum who who;
    unsigned domain; /* for whom it signs */
    int64_t when_ms;
    unsigned roles;
    const char *rule; /* "" means it may */
} signer_cases[] = {
    {"domain key", 0, DOMAIN_KEY, 0, AT(1), FH_ROLES_PUBLISHING, ""},
    {"publisher key", 0, PUBLISHER_KEY, 0, AT(1), FH_ROLES_PUBLISHING, ""},
    {"node key", 0, NODE_KEY, 0, AT(1), FH_ROLES_ANNOUNCING, ""},
    {"member key", 0, MEMBER_KEY, 0, AT(1), FH_ROLES_ALL, ""},
    {"node of the joiner", 1, NODE_KEY, 1, AT(2), FH_ROLE_MASK(FH_ROLE_NODE), ""},
    {"clock a little behind", 0, NODE_KEY, 0, AT(0) - 60000, FH_ROLES_ALL, ""},
    {"last moment", 0, NODE_KEY, 0, AT(30 * 24), FH_ROLES_ALL, ""},
    {"key not revealed yet", 0, NEXT_KEY, 0, AT(1), FH_ROLES_ALL, "record.signer.unknown"},
    {"key of nobody", 1, PUBLISHER_KEY, 1, AT(1), FH_ROLES_ALL, "record.signer.unknown"},
    {"another domain's node", 0, NODE_KEY, 1, AT(1), FH_ROLES_ALL, "record.signer.domain"},
    {"another domain's key", 1, DOMAIN_KEY, 0, AT(1), FH_ROLES_ALL, "record.signer.domain"},
    {"node publishing", 0, NODE_KEY, 0, AT(1), FH_ROLES_PUBLISHING, "record.signer.role"},
    {"member announcing", 0, MEMBER_KEY, 0, AT(1), FH_ROLES_ANNOUNCING, "record.signer.role"},
    {"domain key as a node",
     0,
     DOMAIN_KEY,
     0,
     AT(1),
     FH_ROLE_MASK(FH_ROLE_NODE),
     "record.signer.role"},
    {"before the delegation", 0, NODE_KEY, 0, AT(-1), FH_ROLES_ALL, "record.signer.expired"},
    {"after the delegation",
     0,
     NODE_KEY,
     0,
     AT(30 * 24) + 1,
     FH_ROLES_ALL,
     "record.signer.expired"},
    {"before the inception", 0, DOMAIN_KEY, 0, AT(-1), FH_ROLES_ALL, "record.signer.expired"},
    {"stranger", 2, NODE_KEY, 2, AT(1), FH_ROLES_ALL, "domain.not_admitted"},
};

static void test_signers(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < FH_COUNT(signer_cases); i++) {
        const struct signer_case *row = &signer_cases[i];
        const struct test_key *key = key_of(&world->domains[row->owner], row->who);
        struct fh_err err = {0};
        struct fh_signer signer;
        int code = fh_directory_signer(world->dir,
                                       &key->ref,
                                       &world->domains[row->domain].id,
                                       row->when_ms,
                                       row->roles,
                                       &signer,
                                       &err);
        if (strcmp(err.rule, row->rule) != 0 || (code == FH_OK) != (row->rule[0] == '\0')) {
            fail_msg("%s: rule \"%s\", text \"%s\"", row->name, err.rule, err.text);
        }
        if (code == FH_OK) {
            assert_memory_equal(&signer.key, &key->public_key, sizeof signer.key);
        }
    }
    struct fh_domain_id nobody = {{1}};
    struct fh_err err = {0};
    assert_int_equal(
        fh_directory_signer(
            world->dir, &world->domains[0].key.ref, &nobody, AT(1), FH_ROLES_ALL, NULL, &err),
        FH_ENOTFOUND);
    assert_string_equal(err.rule, "record.signer.domain");
    assert_int_equal(fh_directory_signer_of_stranger(world->dir,
                                                     &world->domains[2].node.ref,
                                                     &world->domains[2].id,
                                                     AT(1),
                                                     FH_ROLES_ALL,
                                                     NULL,
                                                     NULL),
                     FH_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_domains_and_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_signers, setup, teardown),
    };
    (void)add;
    (void)must_refuse;
    (void)setup_empty;
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
