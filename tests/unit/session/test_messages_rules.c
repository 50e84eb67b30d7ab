/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about rules and what would change: whole, cut at every byte, and beyond their limits. */
#include "proto/session/messages_rules.h"

#include "tests/unit/session/cut.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <string.h>

static void write_rules(struct fh_buf *out)
{
    const struct fh_msg_explain explain = {.product = fh_bytes_cstr("people@1"),
                                           .domain = "museum",
                                           .purpose = "audit",
                                           .role_count = 1,
                                           .roles = {"auditor"}};
    fh_msg_rules_request(out, &explain);
}
static int read_rules(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_explain explain;
    int rc = fh_msg_explain_read(reader, &explain, err);
    if (rc == FH_OK) {
        assert_true(fh_bytes_equal_cstr(explain.product, "people@1"));
        assert_string_equal(explain.domain, "museum");
        assert_string_equal(explain.roles[0], "auditor");
    }
    return rc;
}

static void write_ruled(struct fh_buf *out)
{
    const struct fh_msg_rule rule = {.policy = "private",
                                     .version = "1.2.0",
                                     .mesh = true,
                                     .id = {{7}},
                                     .path = "mask[0]",
                                     .line = 4,
                                     .table = "people",
                                     .column = "mail",
                                     .outcome = "outdone",
                                     .does = fh_bytes_cstr("hash"),
                                     .by = fh_bytes_cstr("line 9"),
                                     .signers = fh_bytes_cstr("shop, museum")};
    fh_msg_ok(out, 3);
    fh_pack_cstr(out, "policy.purpose");
    fh_pack_cstr(out, "for audit only");
    fh_pack_array(out, 1);
    fh_msg_rule_add(out, &rule);
}
static int read_ruled(struct fh_pack_reader *reader, struct fh_err *err)
{
    char name[FH_ERR_RULE_BYTES];
    char text[FH_ERR_TEXT_BYTES];
    struct fh_msg_rule rule;
    uint32_t count = 0;
    int rc = fh_msg_rules_read(reader, name, text, &count, err);
    if (rc == FH_OK) {
        assert_string_equal(name, "policy.purpose");
        assert_string_equal(text, "for audit only");
        assert_int_equal(count, 1);
        rc = fh_msg_rule_next(reader, &rule, err);
    }
    if (rc == FH_OK) {
        assert_true(rule.mesh && rule.line == 4 && rule.id.b[0] == 7);
        assert_string_equal(rule.policy, "private");
        assert_string_equal(rule.version, "1.2.0");
        assert_string_equal(rule.path, "mask[0]");
        assert_string_equal(rule.table, "people");
        assert_string_equal(rule.column, "mail");
        assert_string_equal(rule.outcome, "outdone");
        assert_true(fh_bytes_equal_cstr(rule.does, "hash"));
        assert_true(fh_bytes_equal_cstr(rule.by, "line 9"));
        assert_true(fh_bytes_equal_cstr(rule.signers, "shop, museum"));
    }
    return rc;
}

static const struct fh_msg_simulated asked = {.product = "people",
                                              .major = 3,
                                              .table = "visits",
                                              .domain = {{1}},
                                              .key = {{2}},
                                              .entry = {{3}},
                                              .purpose = "audit",
                                              .role_count = 2,
                                              .roles = {"auditor", "analyst"},
                                              .column_count = 2};

static void write_simulate(struct fh_buf *out)
{
    fh_msg_simulate_request(out, fh_bytes_cstr("name: private"), true, 64, 1);
    fh_msg_simulated_add(out, &asked);
    fh_pack_cstr(out, "id");
    fh_pack_cstr(out, "placed");
}
static int read_simulate(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_simulated question = {.major = 0};
    char column[FH_COLUMN_NAME_BYTES_MAX + 1] = "";
    struct fh_bytes text;
    bool mesh = false;
    uint32_t from = 0;
    uint32_t count = 0;
    int rc = fh_msg_simulate_read(reader, &text, &mesh, &from, &count, err);
    if (rc == FH_OK) {
        assert_true(mesh && from == 64 && count == 1);
        assert_true(fh_bytes_equal_cstr(text, "name: private"));
        rc = fh_msg_simulated_next(reader, &question, err);
    }
    for (uint32_t i = 0; rc == FH_OK && i < question.column_count; i++) {
        rc = fh_msg_simulated_column(reader, column, err);
    }
    if (rc == FH_OK) {
        assert_string_equal(question.product, "people");
        assert_string_equal(question.table, "visits");
        assert_string_equal(question.purpose, "audit");
        assert_string_equal(question.roles[1], "analyst");
        assert_string_equal(column, "placed");
        assert_true(question.major == 3 && question.domain.b[0] == 1 && question.key.b[0] == 2 &&
                    question.entry.b[0] == 3);
    }
    return rc;
}

static void write_simulated(struct fh_buf *out)
{
    const struct fh_msg_policy_finding finding = {.line = 2, .path = "hide[0]", .rule = "a.rule"};
    const struct fh_msg_change change = {.question = 5,
                                         .breaks = true,
                                         .product = fh_bytes_cstr("shop/people@3"),
                                         .whom = "others",
                                         .about = fh_bytes_cstr("people.mail"),
                                         .before = fh_bytes_cstr("as it is"),
                                         .after = fh_bytes_cstr("hidden"),
                                         .why = fh_bytes_cstr("line 4")};
    fh_msg_ok(out, 3);
    fh_pack_array(out, 1);
    fh_msg_policy_finding_add(out, &finding);
    fh_pack_uint(out, 128);
    fh_pack_array(out, 1);
    fh_msg_change_add(out, &change);
}
static int read_simulated(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_policy_finding finding;
    struct fh_msg_change change;
    uint32_t findings = 0;
    uint32_t next = 0;
    uint32_t count = 0;
    int rc = fh_msg_enforced_read(reader, &findings, err);
    if (rc == FH_OK) {
        rc = fh_msg_policy_finding_next(reader, &finding, err);
    }
    if (rc == FH_OK) {
        rc = fh_msg_changes_read(reader, &next, &count, err);
    }
    if (rc == FH_OK) {
        assert_true(findings == 1 && next == 128 && count == 1);
        rc = fh_msg_change_next(reader, &change, err);
    }
    if (rc == FH_OK) {
        assert_true(change.question == 5 && change.breaks);
        assert_string_equal(change.whom, "others");
        assert_true(fh_bytes_equal_cstr(change.product, "shop/people@3"));
        assert_true(fh_bytes_equal_cstr(change.about, "people.mail"));
        assert_true(fh_bytes_equal_cstr(change.before, "as it is"));
        assert_true(fh_bytes_equal_cstr(change.after, "hidden"));
        assert_true(fh_bytes_equal_cstr(change.why, "line 4"));
    }
    return rc;
}

static const struct message messages[] = {
    {"ADMIN_RULES", write_rules, FH_MSG_ADMIN_RULES, read_rules},
    {"ADMIN_RULES answer", write_ruled, 0, read_ruled},
    {"ADMIN_SIMULATE", write_simulate, FH_MSG_ADMIN_SIMULATE, read_simulate},
    {"ADMIN_SIMULATE answer", write_simulated, 0, read_simulated},
};

static void test_whole_and_cut(void **state)
{
    (void)state;
    assert_whole_and_cut(messages, FH_COUNT(messages));
}

/* A question with this many of each, written as no encoder of ours would. */
static int read_bent(uint32_t questions, uint32_t roles, uint32_t columns, uint32_t fields)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf bytes;
    fh_buf_init(&bytes, FH_ADMIN_FRAME_BYTES_MAX);
    fh_pack_array(&bytes, 5);
    fh_pack_uint(&bytes, FH_MSG_ADMIN_SIMULATE);
    fh_pack_cstr(&bytes, "name: private");
    fh_pack_bool(&bytes, true);
    fh_pack_uint(&bytes, 64);
    fh_pack_array(&bytes, questions);
    for (uint32_t i = 0; i < questions; i++) {
        fh_pack_array(&bytes, fields);
        fh_pack_cstr(&bytes, "people");
        fh_pack_uint(&bytes, 3);
        fh_pack_cstr(&bytes, "visits");
        for (uint8_t k = 1; k <= 3; k++) {
            const uint8_t id[FH_ID_BYTES] = {k};
            fh_pack_bin(&bytes, fh_bytes(id, sizeof id));
        }
        fh_pack_cstr(&bytes, "audit");
        fh_pack_array(&bytes, roles);
        for (uint32_t k = 0; k < roles; k++) {
            fh_pack_cstr(&bytes, "analyst");
        }
        if (fields > 8) {
            fh_pack_array(&bytes, columns);
        }
        for (uint32_t k = 0; fields > 8 && k < columns; k++) {
            fh_pack_cstr(&bytes, "placed");
        }
        for (uint32_t k = 9; k < fields; k++) {
            fh_pack_nil(&bytes);
        }
    }
    assert_int_equal(fh_buf_ok(&bytes), FH_OK);
    return read_message(fh_buf_view(&bytes), FH_MSG_ADMIN_SIMULATE, read_simulate);
}

static void test_limits(void **state)
{
    (void)state;
    assert_int_equal(read_bent(1, 2, 2, 9), FH_OK);
    assert_int_not_equal(read_bent(1, FH_MSG_SIMULATED_ROLES_MAX + 1, 2, 9), FH_OK);
    assert_int_not_equal(read_bent(1, 2, FH_AUDIT_COLUMNS_MAX + 1, 9), FH_OK);
    assert_int_not_equal(read_bent(FH_MSG_SIMULATED_MAX + 1, 2, 2, 9), FH_OK);
    assert_int_not_equal(read_bent(1, 2, 2, 8), FH_OK);
    assert_int_not_equal(read_bent(1, 2, 2, 10), FH_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_and_cut),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
