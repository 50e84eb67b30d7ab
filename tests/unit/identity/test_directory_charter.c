/* SPDX-License-Identifier: Apache-2.0 */
/* Charters in the directory: who follows whom, who is expelled, who signs policies. */
#include "proto/identity/directory.h"

#include "proto/wire/pack.h"
#include "tests/unit/identity/directory_world.h"

#include <string.h>

static struct fh_charter charter_2(const struct world *world, const struct fh_record_id *prev)
{
    struct fh_charter charter = {.seq = 2,
                                 .prev = *prev,
                                 .created_ms = AT(1),
                                 .expires_ms = TEST_START_MS + 100 * TEST_DAY_MS,
                                 .threshold = 2,
                                 .member_count = 2,
                                 .policy_threshold = 2,
                                 .policy_signer_count = 2,
                                 .title = "skyline"};
    unsigned first = fh_domain_id_compare(&world->domains[0].id, &world->domains[1].id) < 0 ? 0 : 1;
    for (unsigned i = 0; i < 2; i++) {
        const struct test_domain *domain = &world->domains[i == 0 ? first : 1 - first];
        charter.members[i].domain = domain->id;
        charter.policy_signers[i] = domain->id;
        memcpy(charter.members[i].name, domain->name, sizeof domain->name);
    }
    return charter;
}

static struct test_record charter_record(struct world *world,
                                         const struct fh_charter *charter,
                                         const struct test_key *first,
                                         const struct test_key *second)
{
    struct fh_buf buf;
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    fh_charter_make(&buf, charter, &world->mesh, &first->secret);
    struct test_record made = test_record_of(&buf);
    fh_buf_fini(&buf);
    return second == NULL ? made : cosigned(&made, &world->mesh, second);
}

static void expect_policy(const struct world *world,
                          const struct fh_domain_id *signers,
                          size_t count,
                          int64_t when_ms,
                          const char *rule)
{
    struct fh_err err = {0};
    assert_int_not_equal(fh_directory_policy_quorum(world->dir, signers, count, when_ms, &err),
                         FH_OK);
    assert_string_equal(err.rule, rule);
}

static void test_next_charter(void **state)
{
    struct world *world = *state;
    struct fh_record_id id;
    const struct test_domain *zero = &world->domains[0];
    const struct test_domain *one = &world->domains[1];
    assert_non_null(fh_directory_charter(world->dir, &id));
    struct fh_charter next = charter_2(world, &id);

    struct test_record record = charter_record(world, &next, &zero->key, NULL);
    must_refuse(world, &record, "identity.charter.threshold");
    record = charter_record(world, &next, &one->key, NULL);
    must_refuse(world, &record, "identity.charter.threshold");
    record = charter_record(world, &next, &zero->key, &zero->publisher);
    must_refuse(world, &record, "record.signature");
    record = charter_record(world, &next, &zero->key, &world->domains[2].key);
    must_refuse(world, &record, "identity.charter.threshold");
    struct fh_charter bad = next;
    bad.prev.b[0] ^= 1;
    record = charter_record(world, &bad, &zero->key, &one->key);
    must_refuse(world, &record, "identity.charter.prev");
    bad = next;
    bad.seq = 3;
    record = charter_record(world, &bad, &zero->key, &one->key);
    must_refuse(world, &record, "identity.missing.charter");
    bad = next;
    memcpy(bad.members[0].name, "other", 6);
    record = charter_record(world, &bad, &zero->key, &one->key);
    must_refuse(world, &record, "identity.name.changed");

    record = charter_record(world, &next, &zero->key, &one->key);
    must_add(world, &record);
    assert_true(fh_directory_domain(world->dir, &one->id)->charter_member);
    assert_int_equal(fh_directory_charter(world->dir, NULL)->seq, 2);

    /* Whether policy signers suffice goes by the charter in force at the policy's date. */
    const struct fh_domain_id both[] = {zero->id, one->id};
    assert_int_equal(fh_directory_policy_quorum(world->dir, both, 1, AT(1) - 1, NULL), FH_OK);
    assert_int_equal(fh_directory_policy_quorum(world->dir, both, 2, AT(1), NULL), FH_OK);
    expect_policy(world, both, 1, AT(1), "identity.charter.policy_threshold");
    expect_policy(world, both, 2, next.expires_ms + 1, "identity.charter.expired");
    expect_policy(world, both, 2, 5, "identity.missing.charter");
    assert_int_equal(fh_directory_charter_standing(world->dir, next.expires_ms),
                     FH_CHARTER_IN_FORCE);
    assert_int_equal(fh_directory_charter_standing(world->dir, next.expires_ms + 1),
                     FH_CHARTER_EXPIRED);
    assert_int_equal(fh_directory_charter_count(world->dir), 2);
    for (size_t i = 0; i < 2; i++) {
        struct fh_directory_charter_kept kept;
        fh_directory_charter_kept_at(world->dir, i, &kept);
        assert_int_equal(kept.charter->seq, i + 1);
        assert_int_equal(kept.state, FH_CHARTER_FOLLOWED);
    }

    /* A rival of the same number: kept as proof, another one too, and no later charter is taken. */
    struct fh_directory_outcome out;
    struct fh_charter rival = next;
    rival.created_ms++;
    record = charter_record(world, &rival, &zero->key, &one->key);
    assert_int_equal(fh_directory_add(world->dir, test_bytes(&record), NOW_MS, &out, NULL), FH_OK);
    assert_int_equal(out.result, FH_DIRECTORY_FORKED);
    assert_true(fh_directory_charter_contested(world->dir));
    assert_int_equal(fh_directory_charter_standing(world->dir, NOW_MS), FH_CHARTER_CONTESTED);
    expect_policy(world, both, 2, AT(1), "identity.charter.rival");
    rival.created_ms++;
    record = charter_record(world, &rival, &zero->key, &one->key);
    assert_int_equal(fh_directory_add(world->dir, test_bytes(&record), NOW_MS, &out, NULL), FH_OK);
    assert_int_equal(out.result, FH_DIRECTORY_FORKED);
    assert_int_equal(fh_directory_charter_count(world->dir), 4);
    assert_non_null(fh_directory_charter(world->dir, &id));
    rival.seq = 3;
    rival.prev = id;
    record = charter_record(world, &rival, &zero->key, &one->key);
    must_refuse(world, &record, "identity.charter.rival");
}

/* Charters 2 (both members), 3 (domain 1 and a stranger-to-be out), 4 (domain 1 is in again). */
static void test_expulsion(void **state)
{
    struct world *world = *state;
    struct fh_record_id id;
    const struct test_domain *zero = &world->domains[0];
    const struct test_domain *one = &world->domains[1];
    assert_non_null(fh_directory_charter(world->dir, &id));
    struct fh_charter two = charter_2(world, &id);
    struct test_record record = charter_record(world, &two, &zero->key, &one->key);
    must_add(world, &record);
    assert_non_null(fh_directory_charter(world->dir, &id));
    struct fh_charter three = two;
    fh_charter_first(&three, "skyline", &zero->id, zero->name, AT(2));
    three.seq = 3;
    three.prev = id;
    record = charter_record(world, &three, &zero->key, &one->key);
    must_refuse(world, &record, "identity.charter.expelled");
    three.expelled[three.expelled_count++] = one->id;
    record = charter_record(world, &three, &zero->key, NULL);
    must_refuse(world, &record, "identity.charter.threshold");
    record = charter_record(world, &three, &zero->key, &one->key);
    must_add(world, &record);

    const struct fh_directory_domain *info = fh_directory_domain(world->dir, &one->id);
    assert_false(info->admitted);
    assert_true(info->expelled);
    assert_false(info->charter_member);
    assert_int_equal(info->expelled_since_ms, AT(2));
    assert_string_equal(info->name, one->name);
    expect(world, 1, NODE_KEY, AT(2) - 1, "");
    expect(world, 1, NODE_KEY, AT(2), "domain.expelled");
    expect(world, 1, DOMAIN_KEY, AT(3), "domain.expelled");
    expect(world, 0, NODE_KEY, AT(3), "");
    /* No invitation brings it back. */
    struct test_record invitation = test_invitation(zero, 9, one->name, &world->mesh);
    struct test_record admission = test_admission(zero, one, 9, &invitation, &world->mesh);
    assert_int_equal(add(world, &admission, NULL), FH_OK);
    assert_false(fh_directory_domain(world->dir, &one->id)->admitted);

    assert_non_null(fh_directory_charter(world->dir, &id));
    struct fh_charter four = charter_2(world, &id);
    four.seq = 4;
    four.created_ms = AT(2) + 1;
    record = charter_record(world, &four, &zero->key, &one->key);
    must_add(world, &record);
    info = fh_directory_domain(world->dir, &one->id);
    assert_true(info->admitted);
    assert_false(info->expelled);
    expect(world, 1, NODE_KEY, AT(3), "");
}

/* Who signed what several domains sign. The record here is a grant's end: any type will do. */
static void test_cosigners(void **state)
{
    struct world *world = *state;
    const struct test_domain *d = world->domains;
    const struct test_key stranger = test_key_of("stranger", 1);
    const struct {
        const char *name;
        const struct test_key *keys[3];
        bool flip; /* a bit of the last signature */
        const char *rule;
    } rows[] = {
        {"two domain keys", {&d[0].key, &d[1].key}, false, ""},
        {"a publisher and a domain key", {&d[0].publisher, &d[1].key}, false, ""},
        {"one", {&d[0].key}, false, ""},
        {"one domain with two keys", {&d[0].key, &d[0].publisher}, false, "record.signer.twice"},
        {"a node", {&d[0].key, &d[1].node}, false, "record.signer.role"},
        {"nobody", {&d[0].key, &stranger}, false, "record.signer.unknown"},
        {"a forgery", {&d[0].key, &d[1].key}, true, "record.signature"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct test_record made;
        struct fh_buf payload;
        struct fh_buf buf;
        fh_buf_init(&payload, 64);
        fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
        fh_pack_array(&payload, 0);
        fh_record_seal(&buf,
                       FH_RECORD_GRANT_END,
                       &world->mesh,
                       fh_buf_view(&payload),
                       &rows[i].keys[0]->secret);
        made = test_record_of(&buf);
        fh_buf_fini(&buf);
        fh_buf_fini(&payload);
        for (size_t k = 1; k < 3 && rows[i].keys[k] != NULL; k++) {
            made = cosigned(&made, &world->mesh, rows[i].keys[k]);
        }
        made.bytes[made.size - 1] ^= rows[i].flip ? 1 : 0;
        struct fh_record record;
        struct fh_domain_id out[FH_RECORD_SIGNATURES_MAX];
        size_t count = 0;
        struct fh_err err = {0};
        assert_int_equal(fh_record_parse(&record, test_bytes(&made), &world->mesh, NULL), FH_OK);
        int code = fh_directory_cosigners(
            world->dir, &record, FH_ROLES_PUBLISHING, AT(1), out, &count, &err);
        if (strcmp(err.rule, rows[i].rule) != 0 || (code == FH_OK) != (rows[i].rule[0] == '\0')) {
            fail_msg("%s: %s: %s", rows[i].name, err.rule, err.text);
        }
        assert_int_equal(count, code != FH_OK ? 0 : rows[i].keys[1] != NULL ? 2 : 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(test_next_charter, setup),
        WITH(test_expulsion, setup),
        WITH(test_cosigners, setup),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
