/* SPDX-License-Identifier: Apache-2.0 */
/* Roles of members by name: what the domain delegated counts, and nothing that a consumer claims.
 */
#include "proto/identity/directory.h"

#include "tests/lib/identities.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
/* after those above */
#include <cmocka.h>

#define NOW_MS (TEST_START_MS + 2 * TEST_HOUR_MS)

struct world {
    struct fh_directory *dir;
    struct fh_mesh_id mesh;
    struct test_domain domain;
};

static void take(struct world *w, const struct test_record *record)
{
    struct fh_err err = {0};
    if (fh_directory_add(w->dir, test_bytes(record), NOW_MS, NULL, &err) != FH_OK) {
        fail_msg("%s: %s", err.rule, err.text);
    }
}

static struct world make(void)
{
    static const struct fh_mesh_id none;
    struct world w = {.domain = test_domain_of(0)};
    struct test_record charter = test_charter_1(&w.domain, &w.mesh);
    w.dir = fh_directory_new(&none, &fh_verifier_plain);
    assert_non_null(w.dir);
    take(&w, &w.domain.inception);
    take(&w, &charter);
    return w;
}

/* A delegation to the domain's member key, signed by `signer`. */
static struct test_record
named(const struct world *w, const char *role_name, int64_t until_ms, const struct test_key *signer)
{
    struct fh_delegation delegation = {.domain = w->domain.id,
                                       .subject = w->domain.member.public_key,
                                       .role = FH_ROLE_MEMBER,
                                       .not_before_ms = TEST_START_MS,
                                       .not_after_ms = until_ms,
                                       .label = "ann"};
    struct fh_buf buf FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&buf, FH_RECORD_BYTES_MAX);
    snprintf(delegation.role_name, sizeof delegation.role_name, "%s", role_name);
    fh_delegation_make(&buf, &delegation, &w->mesh, &signer->secret);
    return test_record_of(&buf);
}

static void expect(const struct world *w, const struct test_key *key, int64_t when, const char *all)
{
    const char *names[FH_ROLE_NAMES_MAX];
    char text[256] = "";
    size_t at = 0;
    size_t count = fh_directory_roles(w->dir, &key->ref, &w->domain.id, when, names);
    for (size_t i = 0; i < count; i++) {
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", i > 0 ? " " : "", names[i]);
    }
    assert_string_equal(text, all);
}

static void test_names_of_a_key(void **state)
{
    (void)state;
    struct world w = make();
    const struct test_key *member = &w.domain.member;
    const struct test_key *signer = &w.domain.key;
    expect(&w, member, NOW_MS, "");
    expect(&w, signer, NOW_MS, "domain");
    struct test_record plain = test_delegation(&w.domain, member, FH_ROLE_MEMBER, &w.mesh);
    take(&w, &plain);
    expect(&w, member, NOW_MS, "member");
    struct test_record analyst = named(&w, "analyst", NOW_MS + 5, signer);
    struct test_record again = named(&w, "analyst", NOW_MS + 9, signer);
    struct test_record auditor = named(&w, "auditor", NOW_MS + 9, signer);
    take(&w, &analyst);
    take(&w, &again);
    take(&w, &auditor);
    const char *names[FH_ROLE_NAMES_MAX];
    assert_int_equal(fh_directory_roles(w.dir, &member->ref, &w.domain.id, NOW_MS, names), 3);
    assert_int_equal(fh_directory_roles(w.dir, &member->ref, &w.domain.id, NOW_MS + 10, names), 1);
    assert_string_equal(names[0], "member");
    expect(&w, member, TEST_START_MS - TEST_HOUR_MS, "");
    /* a reader of roles alone sees a member */
    struct fh_signer as;
    assert_int_equal(
        fh_directory_signer(w.dir, &member->ref, &w.domain.id, NOW_MS, FH_ROLES_ALL, &as, NULL),
        FH_OK);
    assert_int_equal(as.role, FH_ROLE_MEMBER);
    /* and a revoked one has none */
    struct test_record end =
        test_revocation(&w.domain, FH_REVOKE_KEY, member->id.b, TEST_START_MS + 1, &w.mesh);
    take(&w, &end);
    expect(&w, member, NOW_MS, "");
    fh_directory_free(w.dir);
}

/* Who claims a role that the domain did not give: signed with one's own key, with another domain's,
 * or written over what the domain signed. */
static void test_claimed_roles_do_not_count(void **state)
{
    (void)state;
    struct world w = make();
    struct test_domain other = test_domain_of(1);
    const struct test_key *member = &w.domain.member;
    struct test_record plain = named(&w, "reader", NOW_MS + 9, &w.domain.key);
    take(&w, &plain);
    struct test_record own = named(&w, "auditor", NOW_MS + 9, member);
    struct test_record foreign = named(&w, "auditor", NOW_MS + 9, &other.key);
    struct test_record changed = plain;
    uint8_t *at = memmem(changed.bytes, changed.size, "reader", 6);
    assert_non_null(at);
    memcpy(at, "editor", 6);
    const struct test_record *const claims[] = {&own, &foreign, &changed};
    const char *const rules[] = {
        "identity.missing.key_log", "identity.missing.key_log", "record.signature"};
    for (size_t i = 0; i < FH_COUNT(claims); i++) {
        struct fh_err err = {0};
        assert_int_not_equal(fh_directory_add(w.dir, test_bytes(claims[i]), NOW_MS, NULL, &err),
                             FH_OK);
        assert_string_equal(err.rule, rules[i]);
    }
    expect(&w, member, NOW_MS, "reader");
    fh_directory_free(w.dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_of_a_key),
        cmocka_unit_test(test_claimed_roles_do_not_count),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
