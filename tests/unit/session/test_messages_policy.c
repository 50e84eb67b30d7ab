/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about policies: whole, cut at every byte, and with fields beyond their limits. */
#include "proto/session/messages_policy.h"

#include "proto/session/messages_waived.h"
#include "tests/unit/session/cut.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <string.h>

/* ---- each of them ---- */

static void write_view(struct fh_buf *out)
{
    fh_msg_view_request(out, fh_bytes_cstr("a request"), 7);
}
static int read_view(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_bytes request;
    uint32_t table = 0;
    int rc = fh_msg_view_read(reader, &request, &table, err);
    assert_true(rc != FH_OK || (table == 7 && fh_bytes_equal_cstr(request, "a request")));
    return rc;
}

static void write_viewed(struct fh_buf *out)
{
    fh_msg_view_answer_begin(
        out, &(struct fh_msg_view){.filtered = true, .group_size = 10, .column_count = 2});
    fh_msg_view_add(out, "id", false);
    fh_msg_view_add(out, "mail", true);
    fh_msg_waived_put(out, NULL, 0);
}
static int read_viewed(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_view_column column;
    struct fh_msg_view view = {0};
    int rc = fh_msg_view_answer_read(reader, &view, err);
    for (uint32_t i = 0; rc == FH_OK && i < view.column_count; i++) {
        rc = fh_msg_view_next(reader, &column, err);
    }
    assert_true(rc != FH_OK || (view.filtered && view.column_count == 2 && column.masked));
    assert_true(rc != FH_OK || view.group_size == 10);
    assert_true(rc != FH_OK || strcmp(column.name, "mail") == 0);
    return rc;
}

static void write_limited(struct fh_buf *out)
{
    fh_msg_query_answer(out, 99, NULL, NULL);
    fh_msg_limited_tables(out, 1);
    fh_msg_limited_begin(
        out,
        &(struct fh_msg_limited){.table = 3, .filtered = true, .group_size = 5, .masked_count = 2});
    fh_pack_cstr(out, "mail");
    fh_pack_cstr(out, "born");
    fh_msg_waived_put(out, NULL, 0);
}
static int read_limited(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_limited limited = {0};
    char name[FH_COLUMN_NAME_BYTES_MAX + 1] = "";
    struct fh_msg_query_answer answer = {.stream = 0};
    uint32_t count = 0;
    int rc = fh_msg_query_read(reader, &answer, err);
    if (rc == FH_OK) {
        rc = fh_msg_limited_read(reader, &count, err);
    }
    if (rc == FH_OK && count == 1) {
        rc = fh_msg_limited_next(reader, &limited, err);
    }
    for (uint32_t i = 0; rc == FH_OK && i < limited.masked_count; i++) {
        rc = fh_msg_limited_name(reader, name, err);
    }
    if (rc == FH_OK) {
        assert_true(answer.stream == 99 && count == 1 && limited.table == 3 && limited.filtered);
        assert_int_equal(limited.group_size, 5);
        assert_string_equal(name, "born");
    }
    return rc;
}

/* A node that says nothing about its tables. */
static void write_stream(struct fh_buf *out)
{
    fh_msg_ok(out, 3);
    fh_pack_uint(out, 99);
    fh_pack_array(out, 0);
    fh_pack_array(out, 0);
}
static int read_stream(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_query_answer answer = {.stream = 0};
    uint32_t count = 5;
    int rc = fh_msg_query_read(reader, &answer, err);
    if (rc == FH_OK) {
        rc = fh_msg_limited_read(reader, &count, err);
    }
    assert_true(rc != FH_OK || (answer.stream == 99 && count == 0));
    return rc;
}

static void write_policy(struct fh_buf *out)
{
    const struct fh_msg_policy policy = {
        .seq = 3, .forked = true, .record = fh_bytes_cstr("a policy")};
    fh_msg_policy_answer(out, &policy);
}
static int read_policy(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_policy policy;
    int rc = fh_msg_policy_read(reader, &policy, err);
    assert_true(rc != FH_OK || (policy.seq == 3 && policy.forked &&
                                fh_bytes_equal_cstr(policy.record, "a policy")));
    return rc;
}

static void write_state(struct fh_buf *out)
{
    const struct fh_msg_policy_state state = {.hash = {{4}}, .text = "agreed 1.0.0"};
    fh_msg_policy_state_answer(out, &state);
}

static int read_state(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_policy_state state;
    int rc = fh_msg_policy_state_read(reader, &state, err);
    if (rc == FH_OK) {
        assert_int_equal(state.hash.b[0], 4);
        assert_string_equal(state.text, "agreed 1.0.0");
    }
    return rc;
}

static void write_status(struct fh_buf *out)
{
    const struct fh_msg_policy_node node = {
        .node = {{5}}, .domain = {{6}}, .answered = true, .state = {.text = "other 2.0.0"}};
    fh_msg_ok(out, 1);
    fh_pack_array(out, 1);
    fh_msg_policy_status_add(out, &node);
}

static int read_status(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_policy_node node;
    uint32_t count = 0;
    int rc = fh_msg_policy_status_read(reader, &count, err);
    if (rc == FH_OK) {
        rc = fh_msg_policy_status_next(reader, &node, err);
    }
    if (rc == FH_OK) {
        assert_true(count == 1 && node.answered && !node.same);
        assert_true(node.node.b[0] == 5 && node.domain.b[0] == 6);
        assert_string_equal(node.state.text, "other 2.0.0");
    }
    return rc;
}

static void write_waivers(struct fh_buf *out)
{
    const struct fh_record_id id = {{8}};
    fh_msg_ok(out, 1);
    fh_pack_array(out, 1);
    fh_msg_waivers_add(out, &id, fh_bytes_cstr("payload"));
}

static int read_waivers(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_record_id id;
    struct fh_bytes payload = FH_BYTES_NONE;
    uint32_t count = 0;
    int rc = fh_msg_waivers_read(reader, &count, err);
    if (rc == FH_OK) {
        rc = fh_msg_waivers_next(reader, &id, &payload, err);
    }
    if (rc == FH_OK) {
        assert_true(count == 1 && id.b[0] == 8);
        assert_true(fh_bytes_equal(payload, fh_bytes_cstr("payload")));
    }
    return rc;
}

static void write_policies(struct fh_buf *out)
{
    struct fh_msg_policy_listed listed = {.name = "personal",
                                          .version = "1.2.0",
                                          .id = {{7}},
                                          .until_ms = INT64_MAX,
                                          .readable = true};
    fh_msg_ok(out, 1);
    fh_pack_array(out, 2);
    fh_msg_policy_list_add(out, &listed);
    listed.until_ms = 5;
    fh_msg_policy_list_add(out, &listed);
}
static int read_policies(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_policy_listed listed[2];
    uint32_t count = 0;
    int rc = fh_msg_policies_read(reader, &count, err);
    for (uint32_t i = 0; rc == FH_OK && i < count; i++) {
        rc = fh_msg_policy_list_next(reader, &listed[i % 2], err);
    }
    if (rc == FH_OK) {
        assert_int_equal(count, 2);
        assert_string_equal(listed[0].name, "personal");
        assert_string_equal(listed[1].version, "1.2.0");
        assert_true(listed[0].until_ms == INT64_MAX && listed[1].until_ms == 5);
        assert_true(listed[0].readable && !listed[0].forked && listed[0].id.b[0] == 7);
    }
    return rc;
}

static void write_enforce(struct fh_buf *out)
{
    fh_msg_enforce_request(out, fh_bytes_cstr("a policy"), true);
}
static int read_enforce(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_bytes record;
    bool dry_run = false;
    int rc = fh_msg_enforce_read(reader, &record, &dry_run, err);
    assert_true(rc != FH_OK || (dry_run && fh_bytes_equal_cstr(record, "a policy")));
    return rc;
}

static void write_enforced(struct fh_buf *out)
{
    const struct fh_msg_policy_finding finding = {.error = true,
                                                  .line = 3,
                                                  .column = 9,
                                                  .path = "mask[0]",
                                                  .rule = "policy.mask.type",
                                                  .text = "people.born: hash does not fit"};
    fh_msg_ok(out, 1);
    fh_pack_array(out, 1);
    fh_msg_policy_finding_add(out, &finding);
}
static int read_enforced(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_policy_finding finding;
    uint32_t count = 0;
    int rc = fh_msg_enforced_read(reader, &count, err);
    if (rc == FH_OK) {
        assert_int_equal(count, 1);
        rc = fh_msg_policy_finding_next(reader, &finding, err);
    }
    if (rc == FH_OK) {
        assert_true(finding.error && finding.line == 3 && finding.column == 9);
        assert_string_equal(finding.path, "mask[0]");
        assert_string_equal(finding.rule, "policy.mask.type");
        assert_string_equal(finding.text, "people.born: hash does not fit");
    }
    return rc;
}

static void write_explain(struct fh_buf *out)
{
    const struct fh_msg_explain explain = {.product = fh_bytes_cstr("people@1"),
                                           .domain = "museum",
                                           .entry = "market",
                                           .purpose = "audit",
                                           .role_count = 2,
                                           .roles = {"auditor", "analyst"}};
    fh_msg_explain_request(out, &explain);
}
static int read_explain(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_explain explain;
    int rc = fh_msg_explain_read(reader, &explain, err);
    if (rc == FH_OK) {
        assert_true(fh_bytes_equal_cstr(explain.product, "people@1"));
        assert_string_equal(explain.domain, "museum");
        assert_string_equal(explain.entry, "market");
        assert_string_equal(explain.purpose, "audit");
        assert_int_equal(explain.role_count, 2);
        assert_string_equal(explain.roles[1], "analyst");
    }
    return rc;
}

static void write_explained(struct fh_buf *out)
{
    const struct fh_msg_explained explained = {
        .by = 2, .grant = {{1}}, .until_ms = 8, .rows_per_day = 10, .column_count = 1};
    const struct fh_msg_explained_column column = {
        .table = "people", .column = "mail", .seen = "hash", .why = fh_bytes_cstr("line 7")};
    fh_msg_ok(out, 2);
    fh_msg_explained_add(out, &explained);
    fh_msg_explained_column_add(out, &column);
}
static int read_explained(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_explained explained;
    struct fh_msg_explained_column column;
    int rc = fh_msg_explained_read(reader, &explained, err);
    if (rc == FH_OK) {
        assert_true(explained.by == 2 && explained.until_ms == 8 && explained.column_count == 1);
        assert_true(explained.rows_per_day == 10 && explained.grant.b[0] == 1);
        rc = fh_msg_explained_next(reader, &column, err);
    }
    if (rc == FH_OK) {
        assert_string_equal(column.column, "mail");
        assert_string_equal(column.seen, "hash");
        assert_true(fh_bytes_equal_cstr(column.why, "line 7"));
    }
    return rc;
}

static const struct message messages[] = {
    {"VIEW", write_view, FH_MSG_VIEW, read_view},
    {"VIEW answer", write_viewed, 0, read_viewed},
    {"QUERY answer", write_limited, 0, read_limited},
    {"QUERY answer of few words", write_stream, 0, read_stream},
    {"POLICY_STATE answer", write_state, 0, read_state},
    {"ADMIN_POLICY_STATUS answer", write_status, 0, read_status},
    {"ADMIN_WAIVERS answer", write_waivers, 0, read_waivers},
    {"ADMIN_POLICY answer", write_policy, 0, read_policy},
    {"ADMIN_POLICIES answer", write_policies, 0, read_policies},
    {"ADMIN_ENFORCE", write_enforce, FH_MSG_ADMIN_ENFORCE, read_enforce},
    {"ADMIN_ENFORCE answer", write_enforced, 0, read_enforced},
    {"ADMIN_EXPLAIN", write_explain, FH_MSG_ADMIN_EXPLAIN, read_explain},
    {"ADMIN_EXPLAIN answer", write_explained, 0, read_explained},
};

static void test_whole_and_cut(void **state)
{
    (void)state;
    assert_whole_and_cut(messages, FH_COUNT(messages));
}

/* What is beyond a limit is refused as a whole. */
static void test_limits(void **state)
{
    (void)state;
    static char long_name[FH_COLUMN_NAME_BYTES_MAX + 2];
    memset(long_name, 'a', sizeof long_name - 1);
    FH_CLEANUP(fh_buf_fini) struct fh_buf bytes;
    fh_buf_init(&bytes, FH_FRAME_REPLY_BYTES_MAX);
    fh_msg_view_request(&bytes, fh_bytes_cstr("a request"), FH_QUERY_TABLES_MAX);
    assert_int_not_equal(read_message(fh_buf_view(&bytes), FH_MSG_VIEW, read_view), FH_OK);
    fh_buf_reset(&bytes);
    fh_msg_view_answer_begin(&bytes, &(struct fh_msg_view){.column_count = 1});
    fh_msg_view_add(&bytes, long_name, false);
    fh_msg_waived_put(&bytes, NULL, 0);
    assert_int_not_equal(read_message(fh_buf_view(&bytes), 0, read_viewed), FH_OK);
    fh_buf_reset(&bytes);
    fh_msg_query_answer(&bytes, 99, NULL, NULL);
    fh_msg_limited_tables(&bytes, 1);
    fh_msg_limited_begin(&bytes, &(struct fh_msg_limited){.table = FH_QUERY_TABLES_MAX});
    fh_msg_waived_put(&bytes, NULL, 0);
    assert_int_not_equal(read_message(fh_buf_view(&bytes), 0, read_limited), FH_OK);
    fh_buf_reset(&bytes);
    fh_msg_query_answer(&bytes, 99, NULL, NULL);
    fh_msg_limited_tables(&bytes, 1);
    fh_msg_limited_begin(
        &bytes, &(struct fh_msg_limited){.table = 3, .masked_count = FH_MSG_MASKED_MAX + 1});
    for (int i = 0; i <= FH_MSG_MASKED_MAX; i++) {
        fh_pack_cstr(&bytes, "a");
    }
    fh_msg_waived_put(&bytes, NULL, 0);
    assert_int_not_equal(read_message(fh_buf_view(&bytes), 0, read_limited), FH_OK);
    static const uint32_t sizes[] = {1, FH_MSG_GROUP_MAX + 1, UINT32_MAX};
    for (size_t i = 0; i < FH_COUNT(sizes); i++) {
        fh_buf_reset(&bytes);
        fh_msg_view_answer_begin(&bytes, &(struct fh_msg_view){.group_size = sizes[i]});
        fh_msg_waived_put(&bytes, NULL, 0);
        assert_int_not_equal(read_message(fh_buf_view(&bytes), 0, read_viewed), FH_OK);
        fh_buf_reset(&bytes);
        fh_msg_query_answer(&bytes, 99, NULL, NULL);
        fh_msg_limited_tables(&bytes, 1);
        fh_msg_limited_begin(&bytes, &(struct fh_msg_limited){.group_size = sizes[i]});
        fh_msg_waived_put(&bytes, NULL, 0);
        assert_int_not_equal(read_message(fh_buf_view(&bytes), 0, read_limited), FH_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_and_cut),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
