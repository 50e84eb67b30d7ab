/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests: their form, and what a rotation keeps of what a stolen key has signed. */
#include "proto/identity/manifest.h"

#include "common/mem.h"
#include "tests/unit/identity/directory_world.h"
#include "tests/unit/identity/payload.h"

#include <string.h>

static const struct {
    const char *name;
    const char *payload;
    const char *rule;
} decodes[] = {
    {"nothing kept", "[4 u1 b32 u1 [0", ""},
    {"one record", "[4 u1 b32 u1 [1 b32", ""},
    {"more fields", "[5 u1 b32 u1 [1 b32 n", ""},
    {"a record twice", "[4 u1 b32 u1 [2 b32 b32", "identity.manifest.order"},
    {"of the inception", "[4 u1 b32 u0 [0", "identity.manifest.seq"},
    {"version 2", "[4 u2 b32 u1 [0", "pack.version"},
    {"a short id", "[4 u1 b32 u1 [1 b16", "pack.shape"},
    {"no list", "[4 u1 b32 u1 u1", "pack.shape"},
    {"no number", "[3 u1 b32 [0", "pack.shape"},
    {"a map", "{1 su1 n", "pack.shape"},
};

static void payloads(void **state)
{
    (void)state;
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&payload, 1024);
    for (size_t i = 0; i < FH_COUNT(decodes); i++) {
        struct fh_manifest manifest = {.ids = NULL};
        struct fh_err err = {0};
        payload_of(&payload, decodes[i].payload);
        struct fh_record record = {.type = FH_RECORD_MANIFEST, .payload = fh_buf_view(&payload)};
        int code = fh_manifest_decode(&manifest, &record, &err);
        if (strcmp(err.rule, decodes[i].rule) != 0 || (code == FH_OK) != (err.rule[0] == '\0')) {
            fail_msg("%s: %s: %s", decodes[i].name, err.rule, err.text);
        }
        fh_free(manifest.ids);
    }
}

static void lists_are_searched(void **state)
{
    (void)state;
    struct fh_record_id ids[5] = {{{1}}, {{3}}, {{5}}, {{7}}, {{9}}};
    for (size_t count = 0; count <= FH_COUNT(ids); count++) {
        const struct fh_manifest manifest = {.count = count, .ids = ids};
        for (uint8_t i = 0; i < 11; i++) {
            const struct fh_record_id id = {{i}};
            assert_int_equal(fh_manifest_has(&manifest, &id), i % 2 == 1 && i / 2 < count);
        }
    }
}

/* ---- the stolen domain key ---- */

static struct test_record delegation_by(const struct world *world,
                                        unsigned owner,
                                        const struct test_key *subject,
                                        int64_t from_ms)
{
    const struct test_domain *domain = &world->domains[owner];
    struct fh_delegation delegation = {.domain = domain->id,
                                       .subject = subject->public_key,
                                       .role = FH_ROLE_MEMBER,
                                       .not_before_ms = from_ms,
                                       .not_after_ms = AT(48)};
    struct fh_buf buf;
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    fh_delegation_make(&buf, &delegation, &world->mesh, &domain->key.secret);
    struct test_record made = test_record_of(&buf);
    fh_buf_fini(&buf);
    return made;
}

static int may_key(const struct world *world, const struct test_key *key, int64_t when_ms)
{
    return fh_directory_signer(
        world->dir, &key->ref, &world->domains[0].id, when_ms, FH_ROLES_ALL, NULL, NULL);
}

static void a_rotation_drops_what_a_thief_signed(void **state)
{
    struct world *world = *state;
    const struct test_domain *owner = &world->domains[0];
    const struct test_key accomplice = test_key_of("accomplice", 1);
    const struct test_key another = test_key_of("accomplice", 2);
    struct test_record theirs = delegation_by(world, 0, &accomplice, AT(1));
    struct test_record shut_out =
        test_revocation(owner, FH_REVOKE_KEY, owner->member.id.b, AT(1), &world->mesh);
    must_add(world, &theirs); /* with the stolen key, before anybody noticed */
    must_add(world, &shut_out);
    assert_int_equal(may_key(world, &accomplice, AT(1)), FH_OK);
    assert_int_not_equal(may_key(world, &owner->member, AT(1)), FH_OK);

    const struct test_record *kept[] = {
        &world->charter, &world->nodes[0], &world->publisher, &world->member};
    struct test_record manifest;
    struct test_record rotation =
        test_rotation_keeping(owner, AT(2), kept, FH_COUNT(kept), &world->mesh, &manifest);
    struct test_record late = delegation_by(world, 0, &another, AT(1));
    must_refuse(world, &manifest, "identity.missing.key_log");
    must_add(world, &rotation);
    must_refuse(world, &late, "identity.missing.manifest"); /* dated back */
    must_add(world, &manifest);
    must_refuse(world, &late, "record.signer.dropped");

    struct fh_err err = {0};
    assert_int_not_equal(
        fh_directory_signer(
            world->dir, &accomplice.ref, &owner->id, AT(1), FH_ROLES_ALL, NULL, &err),
        FH_OK);
    assert_string_equal(err.rule, "record.signer.dropped");
    assert_int_equal(may_key(world, &owner->member, AT(1)), FH_OK); /* the revocation is gone */
    assert_int_equal(may_key(world, &owner->node, AT(1)), FH_OK);
    assert_int_equal(may_key(world, &owner->publisher, AT(3)), FH_OK);
}

static void a_thief_cannot_rotate(void **state)
{
    struct world *world = *state;
    struct test_domain thief = world->domains[0]; /* has the domain key, not the next one */
    thief.next = test_key_of("thief", 1);
    struct test_record rotation = test_rotation(&thief, AT(2));
    must_refuse(world, &rotation, "identity.keylog.commitment");
    thief.next = thief.key;
    rotation = test_rotation(&thief, AT(2));
    must_refuse(world, &rotation, "identity.keylog.commitment");
}

static void other_lists_are_refused(void **state)
{
    struct world *world = *state;
    const struct test_domain *owner = &world->domains[0];
    const struct test_record *kept[] = {&world->nodes[0], &world->publisher};
    struct test_record manifest, other, forged;
    struct test_record rotation =
        test_rotation_keeping(owner, AT(2), kept, 2, &world->mesh, &manifest);
    (void)test_rotation_keeping(owner, AT(2), kept, 1, &world->mesh, &other);
    struct test_domain thief = *owner;
    thief.next = owner->key;
    (void)test_rotation_keeping(&thief, AT(2), kept, 2, &world->mesh, &forged);
    must_add(world, &rotation);
    must_refuse(world, &other, "identity.manifest.root");
    must_refuse(world, &forged, "record.signature");
    must_add(world, &manifest);
    assert_int_equal(add(world, &manifest, NULL), FH_OK);
}

/* A charter that is dated back, by a key that was rotated since. */
static void a_rotated_key_signs_no_charter(void **state)
{
    struct world *world = *state;
    const struct test_domain *owner = &world->domains[0];
    const struct test_record *kept[] = {&world->charter};
    struct test_record manifest;
    struct fh_record_id id;
    struct fh_charter two = *fh_directory_charter(world->dir, &id);
    two.seq = 2;
    two.prev = id;
    two.created_ms = AT(1);
    struct fh_buf buf;
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    fh_charter_make(&buf, &two, &world->mesh, &owner->key.secret);
    struct test_record dated_back = test_record_of(&buf);
    fh_buf_fini(&buf);
    struct test_record rotation =
        test_rotation_keeping(owner, AT(2), kept, 1, &world->mesh, &manifest);
    must_add(world, &rotation);
    must_refuse(world, &dated_back, "identity.missing.manifest");
    must_add(world, &manifest);
    must_refuse(world, &dated_back, "record.signer.dropped");
    assert_int_equal(fh_directory_charter(world->dir, NULL)->seq, 1);
}

struct copying {
    struct fh_directory *to;
    unsigned refused;
};

static bool copy(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    struct copying *copying = user;
    (void)type;
    (void)id;
    copying->refused += fh_directory_add(copying->to, bytes, NOW_MS, NULL, NULL) != FH_OK;
    return true;
}

/* Whoever comes later takes the kept ones, and what was dropped is refused. */
static void newcomers_judge_alike(void **state)
{
    struct world *world = *state;
    const struct test_domain *owner = &world->domains[0];
    const struct test_key accomplice = test_key_of("accomplice", 1);
    struct test_record theirs = delegation_by(world, 0, &accomplice, AT(1));
    const struct test_record *kept[] = {
        &world->charter, &world->nodes[0], &world->publisher, &world->member};
    struct test_record manifest;
    struct test_record rotation =
        test_rotation_keeping(owner, AT(2), kept, FH_COUNT(kept), &world->mesh, &manifest);
    must_add(world, &theirs);
    must_add(world, &rotation);
    must_add(world, &manifest);
    struct copying copying = {.to = fh_directory_new(&world->mesh, &fh_verifier_plain)};
    assert_true(fh_directory_each(world->dir, copy, &copying));
    assert_int_equal(copying.refused, 1);
    assert_int_equal(
        fh_directory_signer(
            copying.to, &owner->publisher.ref, &owner->id, AT(1), FH_ROLES_ALL, NULL, NULL),
        FH_OK);
    assert_true(fh_directory_domain_by_name(copying.to, "domain1")->admitted);
    fh_directory_free(copying.to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(payloads),
        cmocka_unit_test(lists_are_searched),
        WITH(a_rotation_drops_what_a_thief_signed, setup),
        WITH(a_thief_cannot_rotate, setup),
        WITH(other_lists_are_refused, setup),
        WITH(a_rotated_key_signs_no_charter, setup),
        WITH(newcomers_judge_alike, setup),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
