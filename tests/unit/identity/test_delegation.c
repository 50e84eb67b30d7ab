/* SPDX-License-Identifier: Apache-2.0 */
/* Delegations, revocations and ends of tokens as payloads; what they mean is in test_directory.c.
 */
#include "proto/identity/delegation.h"

#include "proto/identity/token_end.h"
#include "tests/lib/identities.h"
#include "tests/unit/identity/payload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* 30 days are 2592000000 ms */
static const struct {
    const char *name;
    unsigned type;
    const char *payload;
    const char *rule;
} rows[] = {
    {"node", FH_RECORD_DELEGATION, "[7 u1 b32 b32 u1 u0 u2592000000 s", ""},
    {"publisher", FH_RECORD_DELEGATION, "[7 u1 b32 b32 u2 u0 " T_MAX " slabel", ""},
    {"member", FH_RECORD_DELEGATION, "[7 u1 b32 b32 u3 u5 u6 slabel", ""},
    {"analyst", FH_RECORD_DELEGATION, "[8 u1 b32 b32 u3 u5 u6 slabel sanalyst", ""},
    {"role name \"\"", FH_RECORD_DELEGATION, "[8 u1 b32 b32 u2 u5 u6 slabel s", ""},
    {"newer", FH_RECORD_DELEGATION, "[9 u1 b32 b32 u3 u5 u6 slabel sanalyst n", ""},
    {"publisher with a role name",
     FH_RECORD_DELEGATION,
     "[8 u1 b32 b32 u2 u5 u6 slabel sanalyst",
     "identity.delegation.role_name"},
    {"a member called publisher",
     FH_RECORD_DELEGATION,
     "[8 u1 b32 b32 u3 u5 u6 slabel spublisher",
     "identity.delegation.role_name"},
    {"role name in capitals",
     FH_RECORD_DELEGATION,
     "[8 u1 b32 b32 u3 u5 u6 slabel sAnalyst",
     "identity.delegation.role_name"},
    {"role name is nil", FH_RECORD_DELEGATION, "[8 u1 b32 b32 u3 u5 u6 slabel n", "pack.shape"},
    {"version", FH_RECORD_DELEGATION, "[7 u2 b32 b32 u1 u0 u5 s", "pack.version"},
    {"node for longer",
     FH_RECORD_DELEGATION,
     "[7 u1 b32 b32 u1 u0 u2592000001 s",
     "identity.delegation.time"},
    {"role domain", FH_RECORD_DELEGATION, "[7 u1 b32 b32 u0 u0 u5 s", "identity.delegation.role"},
    {"role 4", FH_RECORD_DELEGATION, "[7 u1 b32 b32 u4 u0 u5 s", "identity.delegation.role"},
    {"no time", FH_RECORD_DELEGATION, "[7 u1 b32 b32 u2 u5 u5 s", "identity.delegation.time"},
    {"backwards", FH_RECORD_DELEGATION, "[7 u1 b32 b32 u2 u6 u5 s", "identity.delegation.time"},
    {"year 10000", FH_RECORD_DELEGATION, "[7 u1 b32 b32 u2 u6 " T_PAST " s", "pack.shape"},
    {"label with a bell",
     FH_RECORD_DELEGATION,
     "[7 u1 b32 b32 u2 u5 u6 sa\a",
     "identity.delegation.label"},
    {"label with an escape",
     FH_RECORD_DELEGATION,
     "[7 u1 b32 b32 u2 u5 u6 s\x1b[2J",
     "identity.delegation.label"},
    {"label with DEL",
     FH_RECORD_DELEGATION,
     "[7 u1 b32 b32 u2 u5 u6 s\x7f",
     "identity.delegation.label"},
    {"label too long",
     FH_RECORD_DELEGATION,
     "[7 u1 b32 b32 u2 u5 u6 "
     "s0123456789012345678901234567890123456789012345678901234567890123",
     "pack.shape"},
    {"label is a bin", FH_RECORD_DELEGATION, "[7 u1 b32 b32 u2 u5 u6 b3", "pack.shape"},
    {"short subject", FH_RECORD_DELEGATION, "[7 u1 b32 b31 u2 u5 u6 s", "pack.shape"},
    {"six fields", FH_RECORD_DELEGATION, "[6 u1 b32 b32 u2 u5 u6", "pack.shape"},
    {"of a delegation", FH_RECORD_REVOCATION, "[6 u1 b32 u0 b32 u5 u6", ""},
    {"of a key", FH_RECORD_REVOCATION, "[6 u1 b32 u1 b32 u5 u6", ""},
    {"since later", FH_RECORD_REVOCATION, "[6 u1 b32 u1 b32 u9 u6", ""},
    {"kind 2", FH_RECORD_REVOCATION, "[6 u1 b32 u2 b32 u5 u6", "pack.shape"},
    {"short target", FH_RECORD_REVOCATION, "[6 u1 b32 u1 b16 u5 u6", "pack.shape"},
    {"five fields", FH_RECORD_REVOCATION, "[5 u1 b32 u1 b32 u5", "pack.shape"},
    {"version", FH_RECORD_REVOCATION, "[6 u0 b32 u1 b32 u5 u6", "pack.version"},
    {"before 1970", FH_RECORD_REVOCATION, "[6 u1 b32 u1 b32 -5 u6", "pack.shape"},
    {"of a token", FH_RECORD_TOKEN_END, "[6 u1 b32 b32 b32 u5 u6", ""},
    {"of a token, at once", FH_RECORD_TOKEN_END, "[6 u1 b32 b32 b32 u6 u6", ""},
    {"of a token, newer", FH_RECORD_TOKEN_END, "[7 u1 b32 b32 b32 u5 u6 n", ""},
    {"of a token, ahead", FH_RECORD_TOKEN_END, "[6 u1 b32 b32 b32 u7 u6", "token.end.time"},
    {"of a token, version", FH_RECORD_TOKEN_END, "[6 u2 b32 b32 b32 u5 u6", "pack.version"},
    {"of a token, no id", FH_RECORD_TOKEN_END, "[6 u1 b32 b32 b0 u5 u6", "pack.shape"},
    {"of a token, five fields", FH_RECORD_TOKEN_END, "[5 u1 b32 b32 b32 u5", "pack.shape"},
};

static void payloads(void **state)
{
    (void)state;
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&payload, 1024);
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_delegation delegation;
        struct fh_revocation revocation;
        struct fh_token_end end;
        struct fh_err err = {0};
        payload_of(&payload, rows[i].payload);
        struct fh_record record = {.type = rows[i].type, .payload = fh_buf_view(&payload)};
        int code =
            record.type == FH_RECORD_DELEGATION   ? fh_delegation_decode(&delegation, &record, &err)
            : record.type == FH_RECORD_REVOCATION ? fh_revocation_decode(&revocation, &record, &err)
                                                  : fh_token_end_decode(&end, &record, &err);
        if (strcmp(err.rule, rows[i].rule) != 0 || (code == FH_OK) != (err.rule[0] == '\0')) {
            fail_msg("%s: %s: %s", rows[i].name, err.rule, err.text);
        }
    }
}

static void both_ways(void **state)
{
    (void)state;
    struct test_domain domain = test_domain_of(1);
    struct fh_mesh_id mesh = {{5}};
    struct test_record bytes = test_delegation(&domain, &domain.node, FH_ROLE_NODE, &mesh);
    struct fh_record record;
    struct fh_delegation delegation;
    assert_int_equal(fh_record_parse(&record, test_bytes(&bytes), &mesh, NULL), FH_OK);
    assert_int_equal(fh_delegation_decode(&delegation, &record, NULL), FH_OK);
    assert_true(fh_domain_id_equal(&delegation.domain, &domain.id));
    assert_memory_equal(&delegation.subject, &domain.node.public_key, sizeof delegation.subject);
    assert_int_equal(delegation.role, FH_ROLE_NODE);
    assert_int_equal(delegation.not_before_ms, TEST_START_MS);
    assert_string_equal(delegation.label, "node key");
    assert_true(fh_record_signed_by(&record, 0, &mesh, &domain.key.public_key, &fh_verifier_plain));
}

static void builders_refuse_what_readers_would(void **state)
{
    (void)state;
    struct test_domain domain = test_domain_of(1);
    struct fh_mesh_id mesh = {{5}};
    struct fh_delegation delegation = {
        .domain = domain.id, .role = FH_ROLE_DOMAIN, .not_after_ms = 5};
    struct fh_buf buf FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&buf, 1024);
    fh_delegation_make(&buf, &delegation, &mesh, &domain.key.secret);
    assert_int_equal(fh_buf_ok(&buf), FH_EINVAL);
    struct fh_revocation revocation = {.kind = 7};
    fh_buf_reset(&buf);
    fh_revocation_make(&buf, &revocation, &mesh, &domain.key.secret);
    assert_int_equal(fh_buf_ok(&buf), FH_EINVAL);
}

static void roles_have_names(void **state)
{
    (void)state;
    assert_string_equal(fh_role_text(FH_ROLE_DOMAIN), "domain");
    assert_string_equal(fh_role_text(FH_ROLE_MEMBER), "member");
    assert_string_equal(fh_role_text(FH_ROLE_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(payloads),
        cmocka_unit_test(both_ways),
        cmocka_unit_test(builders_refuse_what_readers_would),
        cmocka_unit_test(roles_have_names),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
