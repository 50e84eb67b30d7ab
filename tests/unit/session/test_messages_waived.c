/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about waivers and what governs a product: whole, cut at every byte, more than is told,
 * and entries that are none. */
#include "proto/session/messages_waived.h"

#include "proto/session/messages_access.h"
#include "proto/session/messages_policy.h"
#include "tests/unit/session/cut.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <string.h>

static const struct fh_msg_waived all[] = {
    {.table = 0,
     .id = {{1}},
     .policy = "personal",
     .version = "1.0.0",
     .rule = "mask[0]",
     .until_ms = 7,
     .whom = FH_WAIVED_DOMAIN},
    {.table = 3,
     .id = {{2}},
     .policy = "agreed",
     .version = "2.1.0",
     .rule = "",
     .mesh = true,
     .urgent = true,
     .until_ms = 9,
     .whom = FH_WAIVED_MEMBER},
};

/* The urgent one is told first. */
static int read_all(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_waived first;
    struct fh_msg_waived second;
    uint32_t count = 0;
    int rc = fh_msg_waived_read(reader, &count, err);
    if (rc == FH_OK) {
        rc = fh_msg_waived_next(reader, &first, err);
    }
    if (rc == FH_OK) {
        rc = fh_msg_waived_next(reader, &second, err);
    }
    if (rc == FH_OK) {
        assert_int_equal(count, 2);
        assert_memory_equal(&first.id, &all[1].id, sizeof first.id);
        assert_true(first.mesh && first.urgent && first.table == 3 && first.until_ms == 9);
        assert_string_equal(first.policy, "agreed");
        assert_string_equal(first.version, "2.1.0");
        assert_string_equal(first.rule, "");
        assert_string_equal(fh_waived_whom_text(first.whom), "one member");
        assert_true(!second.mesh && !second.urgent && second.table == 0);
        assert_string_equal(second.rule, "mask[0]");
        assert_string_equal(fh_waived_whom_text(second.whom), "one domain");
    }
    return rc;
}

static void write_queried(struct fh_buf *out)
{
    fh_msg_query_answer(out, 99, NULL, NULL);
    fh_msg_limited_tables(out, 0);
    fh_msg_waived_put(out, all, FH_COUNT(all));
}
static int read_queried(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_query_answer answer;
    uint32_t count = 0;
    int rc = fh_msg_query_read(reader, &answer, err);
    if (rc == FH_OK) {
        rc = fh_msg_limited_read(reader, &count, err);
    }
    return rc == FH_OK ? read_all(reader, err) : rc;
}

static void write_viewed(struct fh_buf *out)
{
    fh_msg_view_answer_begin(out, &(struct fh_msg_view){.column_count = 1});
    fh_msg_view_add(out, "id", false);
    fh_msg_waived_put(out, all, FH_COUNT(all));
}
static int read_viewed(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_view_column column;
    struct fh_msg_view view;
    int rc = fh_msg_view_answer_read(reader, &view, err);
    if (rc == FH_OK) {
        rc = fh_msg_view_next(reader, &column, err);
    }
    return rc == FH_OK ? read_all(reader, err) : rc;
}

static void write_can(struct fh_buf *out)
{
    fh_msg_can_answer(out, &all[0].id, true);
    fh_msg_waived_put(out, all, FH_COUNT(all));
}
static int read_can(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_record_id grant;
    bool masked;
    int rc = fh_msg_can_answer_read(reader, &grant, &masked, err);
    return rc == FH_OK ? read_all(reader, err) : rc;
}

/* A node that says nothing about waivers. */
static void write_silent(struct fh_buf *out)
{
    fh_msg_ok(out, 2);
    fh_pack_bin(out, fh_bytes(all[0].id.b, FH_ID_BYTES));
    fh_pack_bool(out, false);
}
static int read_silent(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_record_id grant;
    bool masked;
    uint32_t count = 5;
    int rc = fh_msg_can_answer_read(reader, &grant, &masked, err);
    if (rc == FH_OK) {
        rc = fh_msg_waived_read(reader, &count, err);
    }
    assert_true(rc != FH_OK || count == 0);
    return rc;
}

static void write_governed(struct fh_buf *out)
{
    const struct fh_msg_product_name name = {.domain = "shop", .product = "orders", .major = 2};
    fh_msg_governed_request(out, &name);
}
static int read_governed(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_product_name name;
    int rc = fh_msg_product_name_read(reader, &name, err);
    assert_true(rc != FH_OK || (strcmp(name.product, "orders") == 0 && name.major == 2));
    return rc;
}

static void write_governing(struct fh_buf *out)
{
    const struct fh_msg_governing governing = {.policy = "personal",
                                               .version = "1.0.0",
                                               .mesh = true,
                                               .id = {{4}},
                                               .state = FH_GOVERNING_FORKED,
                                               .until_ms = 12};
    fh_msg_governed_answer(out, true, 1);
    fh_msg_governing_add(out, &governing);
    fh_msg_waived_put(out, all, FH_COUNT(all));
}
static int read_governing(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_governing governing;
    uint32_t count = 0;
    bool own = false;
    int rc = fh_msg_governed_answer_read(reader, &own, &count, err);
    if (rc == FH_OK) {
        rc = fh_msg_governing_next(reader, &governing, err);
    }
    if (rc == FH_OK) {
        assert_true(own && count == 1 && governing.mesh && governing.until_ms == 12);
        assert_string_equal(fh_governing_state_text(governing.state), "forked");
        rc = read_all(reader, err);
    }
    return rc;
}

static const struct message messages[] = {
    {"QUERY answer", write_queried, 0, read_queried},
    {"VIEW answer", write_viewed, 0, read_viewed},
    {"CAN answer", write_can, 0, read_can},
    {"CAN answer of few words", write_silent, 0, read_silent},
    {"GOVERNED", write_governed, FH_MSG_GOVERNED, read_governed},
    {"GOVERNED answer", write_governing, 0, read_governing},
};

static void test_whole_and_cut(void **state)
{
    (void)state;
    assert_whole_and_cut(messages, FH_COUNT(messages));
}

/* ---- entries ---- */

static int read_one(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_waived waived;
    uint32_t count = 0;
    int rc = fh_msg_waived_read(reader, &count, err);
    return rc == FH_OK ? fh_msg_waived_next(reader, &waived, err) : rc;
}

/* What would reach a terminal or a page is a name, a version and a rule, or nothing. */
static void test_words(void **state)
{
    static const struct {
        const char *policy, *version, *rule;
        bool good;
    } rows[] = {
        {"personal", "1.0.0", "mask[0]", true},
        {"personal", "1.0.0", "", true},
        {"p_2", "10.20.30", "purposes", true},
        {"", "1.0.0", "mask[0]", false},
        {"Personal", "1.0.0", "mask[0]", false},
        {"per sonal", "1.0.0", "mask[0]", false},
        {"\x1b[2J", "1.0.0", "mask[0]", false},
        {"<script>", "1.0.0", "mask[0]", false},
        {"personal", "", "mask[0]", false},
        {"personal", "1.0", "mask[0]", false},
        {"personal", "1.0.0\n", "mask[0]", false},
        {"personal", "1.0.0", "mask[0]\r\nX: y", false},
        {"personal", "1.0.0", "mask[0]\"", false},
        {"personal", "1.0.0", "Mask[0]", false},
    };
    (void)state;
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_msg_waived waived = all[0];
        struct fh_buf bytes FH_CLEANUP(fh_buf_fini);
        fh_buf_init(&bytes, 4096);
        strcpy(waived.policy, rows[i].policy);
        strcpy(waived.version, rows[i].version);
        strcpy(waived.rule, rows[i].rule);
        fh_msg_ok(&bytes, 1);
        fh_msg_waived_put(&bytes, &waived, 1);
        if ((read_message(fh_buf_view(&bytes), 0, read_one) == FH_OK) != rows[i].good) {
            fail_msg("row %zu: %s", i, rows[i].policy);
        }
    }
}

/* More than are told: those that break the glass are. */
static void test_too_many(void **state)
{
    struct fh_msg_waived many[FH_MSG_WAIVED_MAX + 3];
    struct fh_buf bytes FH_CLEANUP(fh_buf_fini);
    struct fh_pack_reader reader;
    struct fh_err err;
    uint32_t count = 0;
    (void)state;
    fh_buf_init(&bytes, 64 * 1024);
    for (size_t i = 0; i < FH_COUNT(many); i++) {
        many[i] = all[0];
    }
    many[FH_COUNT(many) - 1].urgent = true;
    fh_msg_ok(&bytes, 1);
    fh_msg_waived_put(&bytes, many, FH_COUNT(many));
    assert_int_equal(fh_msg_answer(&reader, fh_buf_view(&bytes), 64 * 1024, &err), FH_OK);
    assert_int_equal(fh_msg_waived_read(&reader, &count, &err), FH_OK);
    assert_int_equal(count, FH_MSG_WAIVED_MAX);
    struct fh_msg_waived waived;
    assert_int_equal(fh_msg_waived_next(&reader, &waived, &err), FH_OK);
    assert_true(waived.urgent);
    for (uint32_t i = 1; i < count; i++) {
        assert_int_equal(fh_msg_waived_next(&reader, &waived, &err), FH_OK);
        assert_false(waived.urgent);
    }
    fh_buf_reset(&bytes);
    fh_msg_ok(&bytes, 1);
    fh_pack_array(&bytes, FH_MSG_WAIVED_MAX + 1);
    for (int i = 0; i <= FH_MSG_WAIVED_MAX; i++) {
        fh_pack_array(&bytes, 0);
    }
    assert_int_not_equal(read_message(fh_buf_view(&bytes), 0, read_one), FH_OK);
}

static void test_unknown(void **state)
{
    (void)state;
    assert_string_equal(fh_waived_whom_text(FH_WAIVED_WHOM_COUNT), "unknown");
    assert_string_equal(fh_governing_state_text(FH_GOVERNING_STATE_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_and_cut),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
