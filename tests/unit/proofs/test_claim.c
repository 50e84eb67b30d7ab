/* SPDX-License-Identifier: Apache-2.0 */
/* Which two records take one place, and which do not. */
#include "proto/proofs/claim.h"

#include "tests/lib/products.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
/* after the four above */
#include <cmocka.h>

#include <string.h>

struct world {
    struct fh_mesh_id mesh;
    struct test_domain domains[2];
    struct test_record charter;
};

static struct world world;

static int set_up(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FH_COUNT(world.domains); i++) {
        world.domains[i] = test_domain_of(i);
    }
    world.charter = test_charter_1(&world.domains[0], &world.mesh);
    return 0;
}

/* FH_OK and the claim, or the rule in `rule`. */
static int claim_of(struct fh_bytes bytes, struct fh_claim *out, char rule[64])
{
    struct fh_record record;
    struct fh_err err = {0};
    int code = fh_record_parse(&record, bytes, &world.mesh, &err);
    if (code == FH_OK) {
        code = fh_claim_read(out, &record, &world.mesh, &err);
    }
    snprintf(rule, 64, "%s", err.rule);
    return code;
}

static struct fh_claim contract_claim(const struct test_product *product, unsigned domain)
{
    struct fh_claim claim;
    char rule[64];
    FH_CLEANUP(fh_buf_fini) struct fh_buf record;
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    const struct test_domain *owner = &world.domains[domain];
    (void)test_contract_record(&record, product, &owner->id, &owner->publisher, &world.mesh);
    if (claim_of(fh_buf_view(&record), &claim, rule) != FH_OK) {
        fail_msg("%s", rule);
    }
    return claim;
}

static void test_contracts(void **state)
{
    (void)state;
    static const struct {
        struct test_product one, other;
        unsigned domain; /* of the other */
        bool same;
    } rows[] = {
        {{.name = "a"}, {.name = "a"}, 0, true},
        {{.name = "a"}, {.name = "a", .purpose = "Another."}, 0, true},
        {{.name = "a"}, {.name = "a", .version = "2.0.0"}, 0, true},
        {{.name = "a"}, {.name = "b"}, 0, false},
        {{.name = "a"}, {.name = "a"}, 1, false},
        {{.name = "a"}, {.name = "a", .version = "1.1.0", .seq = 2, .prev = {{1}}}, 0, false},
        {{.name = "a"}, {.name = "aa"}, 0, false},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_claim one = contract_claim(&rows[i].one, 0);
        struct fh_claim other = contract_claim(&rows[i].other, rows[i].domain);
        if (fh_claim_same(&one, &other) != rows[i].same) {
            fail_msg("row %zu: %s; %s", i, one.place, other.place);
        }
    }
}

static void test_announcements(void **state)
{
    (void)state;
    const struct test_product product = {.name = "a"};
    const struct fh_record_id contract = {{7}};
    struct fh_claim claims[4];
    for (unsigned i = 0; i < FH_COUNT(claims); i++) {
        char rule[64];
        FH_CLEANUP(fh_buf_fini) struct fh_buf record;
        fh_buf_init(&record, FH_RECORD_BYTES_MAX);
        struct fh_announcement said =
            test_announcement_of(&product, &world.domains[0].id, &contract, 100);
        said.revision = i == 2 ? 2 : 1;
        said.status = i == 1 ? FH_ANNOUNCE_DEPRECATED : FH_ANNOUNCE_ACTIVE;
        said.major = i == 3 ? 2 : 1;
        memcpy(said.version, i == 3 ? "2.0.0" : "1.0.0", 6);
        (void)test_announcement_record(&record, &said, &world.domains[0].node, &world.mesh);
        if (claim_of(fh_buf_view(&record), &claims[i], rule) != FH_OK) {
            fail_msg("%u: %s", i, rule);
        }
    }
    assert_true(fh_claim_same(&claims[0], &claims[1]));
    assert_false(fh_claim_same(&claims[0], &claims[2]));
    assert_false(fh_claim_same(&claims[0], &claims[3]));
}

static void test_keys_charters_and_names(void **state)
{
    (void)state;
    const struct test_domain *first = &world.domains[0];
    struct test_record invitation = test_invitation(first, 1, "", &world.mesh);
    const struct test_record records[] = {
        first->inception,
        test_rotation(first, TEST_START_MS + TEST_DAY_MS),
        test_rotation(first, TEST_START_MS + 2 * TEST_DAY_MS),
        world.charter,
        test_admission(first, &world.domains[1], 1, &invitation, &world.mesh),
        world.domains[1].inception, /* of another domain: no contradiction */
    };
    struct fh_claim claims[FH_COUNT(records)];
    char rule[64];
    for (size_t i = 0; i < FH_COUNT(records); i++) {
        if (claim_of(test_bytes(&records[i]), &claims[i], rule) != FH_OK) {
            fail_msg("%zu: %s", i, rule);
        }
        assert_true(strlen(claims[i].place) > 0);
    }
    for (size_t i = 0; i < FH_COUNT(records); i++) {
        for (size_t j = 0; j < FH_COUNT(records); j++) {
            bool rotations = (i == 1 && j == 2) || (i == 2 && j == 1);
            assert_int_equal(fh_claim_same(&claims[i], &claims[j]), i == j || rotations);
        }
    }
    assert_string_equal(claims[4].place, "name domain1");
    assert_true(fh_domain_id_equal(&claims[4].names, &world.domains[1].id));
}

static void test_records_without_a_place(void **state)
{
    (void)state;
    const struct test_domain *first = &world.domains[0];
    const struct test_record records[] = {
        test_delegation(first, &first->node, FH_ROLE_NODE, &world.mesh),
        test_revocation(first, FH_REVOKE_KEY, world.mesh.b, TEST_START_MS, &world.mesh),
        test_invitation(first, 1, "", &world.mesh),
    };
    for (size_t i = 0; i < FH_COUNT(records); i++) {
        struct fh_claim claim = {.place = "untouched"};
        char rule[64];
        assert_int_equal(claim_of(test_bytes(&records[i]), &claim, rule), FH_EINVAL);
        assert_string_equal(rule, "proof.type");
        assert_string_equal(claim.place, "untouched");
    }
}

/* Every byte of each record, cut and turned: an answer, or a refusal, and the place ends. */
static void test_spoilt_records(void **state)
{
    (void)state;
    const struct test_domain *first = &world.domains[0];
    struct test_record invitation = test_invitation(first, 1, "", &world.mesh);
    struct test_record records[] = {
        first->inception,
        world.charter,
        test_admission(first, &world.domains[1], 1, &invitation, &world.mesh),
    };
    for (size_t i = 0; i < FH_COUNT(records); i++) {
        for (size_t at = 0; at < records[i].size; at++) {
            struct fh_claim claim = {.type = 0};
            char rule[64];
            assert_int_not_equal(claim_of(fh_bytes(records[i].bytes, at), &claim, rule), FH_OK);
            records[i].bytes[at] ^= 0x41;
            if (claim_of(test_bytes(&records[i]), &claim, rule) == FH_OK) {
                assert_non_null(memchr(claim.place, 0, sizeof claim.place));
            }
            records[i].bytes[at] ^= 0x41;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contracts),
        cmocka_unit_test(test_announcements),
        cmocka_unit_test(test_keys_charters_and_names),
        cmocka_unit_test(test_records_without_a_place),
        cmocka_unit_test(test_spoilt_records),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, set_up, NULL) : 1;
}
