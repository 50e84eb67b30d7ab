/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about products and their lives: written, read back, and cut at every byte. */
#include "proto/session/messages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct fh_msg_product product = {
    .domain = {{1}},
    .domain_name = "shop",
    .product = "orders",
    .version = "1.2.3",
    .status = 2,
    .title = "Orders",
    .summary = "What was ordered",
    .age_ms = 7,
    .reachable = true,
    .open_to_mesh = true,
    .forked = true,
    .contract = {{2}},
    .sunset_ms = 1806537599999,
    .successor = "store/orders@2",
};

/* Reads an answer or a request as far as it goes; the result of the reader. */
typedef int read_fn(struct fh_pack_reader *reader, struct fh_err *err);

static void open_at(struct fh_pack_reader *reader, struct fh_bytes bytes)
{
    fh_pack_read_init(reader, bytes);
    (void)fh_pack_read_array(reader, 64);
    (void)fh_pack_read_uint(reader, UINT64_MAX);
}

/* Whole it is read; cut anywhere it is refused, and never as a whole. */
static void whole_and_cut(const char *name, const struct fh_buf *message, read_fn *read)
{
    struct fh_pack_reader reader;
    struct fh_err err = {0};
    assert_int_equal(fh_buf_ok(message), FH_OK);
    open_at(&reader, fh_buf_view(message));
    if (read(&reader, &err) != FH_OK) {
        fail_msg("%s: %s", name, err.text);
    }
    for (size_t size = 2; size < message->size; size++) {
        open_at(&reader, fh_bytes(message->data, size));
        if (read(&reader, &err) == FH_OK) {
            fail_msg("%s: cut to %zu of %zu bytes it is read", name, size, message->size);
        }
        assert_string_equal(err.rule, "message.form");
    }
}

static int read_history(struct fh_pack_reader *reader, struct fh_err *err)
{
    uint32_t count = 0;
    struct fh_msg_product one;
    struct fh_msg_bins bins;
    struct fh_bytes bin;
    struct fh_msg_version version;
    struct fh_msg_fork fork;
    int code = fh_msg_products_read(reader, &count, err);
    if (code == FH_OK) {
        code = fh_msg_products_next(reader, &one, err);
    }
    if (code == FH_OK) {
        assert_true(one.forked && one.reachable && one.open_to_mesh && !one.contract_held);
        assert_true(one.sunset_ms == product.sunset_ms);
        assert_string_equal(one.successor, product.successor);
        code = fh_msg_bins_read(reader, &bins, err);
    }
    if (code == FH_OK) {
        assert_true(fh_msg_bins_next(&bins, &bin));
        assert_true(fh_bytes_equal_cstr(bin, "a record"));
        assert_false(fh_msg_bins_next(&bins, &bin));
        code = fh_msg_versions_read(reader, &count, err);
    }
    if (code == FH_OK) {
        code = fh_msg_versions_next(reader, &version, err);
    }
    if (code == FH_OK) {
        assert_true(version.seq == 3 && version.created_ms == 99 && version.key.b[0] == 5);
        assert_string_equal(version.status, "draft");
        code = fh_msg_forks_read(reader, &count, err);
    }
    if (code == FH_OK) {
        code = fh_msg_forks_next(reader, &fork, err);
    }
    if (code == FH_OK) {
        assert_true(fork.number == 3 && fork.ids[1].b[0] == 7 && fork.keys[0].b[0] == 8);
    }
    return code;
}

static void test_history(void **state)
{
    (void)state;
    const struct fh_msg_version version = {.seq = 3,
                                           .version = "1.2.3",
                                           .status = "draft",
                                           .created_ms = 99,
                                           .id = {{4}},
                                           .key = {{5}}};
    const struct fh_msg_fork fork = {.number = 3, .ids = {{{6}}, {{7}}}, .keys = {{{8}}, {{9}}}};
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, 4096);
    fh_msg_ok(&out, 4);
    fh_pack_array(&out, 1);
    fh_msg_product_add(&out, &product);
    fh_pack_array(&out, 1);
    fh_pack_bin(&out, fh_bytes_cstr("a record"));
    fh_pack_array(&out, 1);
    fh_msg_version_add(&out, &version);
    fh_pack_array(&out, 1);
    fh_msg_fork_add(&out, &fork);
    whole_and_cut("history", &out, read_history);
}

static int read_history_request(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_history_request request = {.before = 1};
    int code = fh_msg_history_request_read(reader, &request, err);
    if (code == FH_OK) {
        assert_string_equal(request.domain, "shop");
        assert_string_equal(request.product, "orders");
        assert_true(request.before == 300);
    } else {
        assert_true(request.before == 1); /* untouched */
    }
    return code;
}

static int read_announced_request(struct fh_pack_reader *reader, struct fh_err *err)
{
    char name[FH_NAME_BYTES_MAX + 1];
    uint32_t major = 0;
    int code = fh_msg_announced_request_read(reader, name, &major, err);
    if (code == FH_OK) {
        assert_string_equal(name, "orders");
        assert_int_equal(major, 70000);
    }
    return code;
}

static int read_announced(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_bytes record;
    int code = fh_msg_announced_read(reader, &record, err);
    if (code == FH_OK) {
        assert_true(fh_bytes_equal_cstr(record, "a record"));
    }
    return code;
}

static int read_move(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_move move;
    int code = fh_msg_move_read(reader, &move, err);
    if (code == FH_OK) {
        assert_true(fh_bytes_equal_cstr(move.announcement, "a record"));
        assert_true(move.force && !move.dry_run);
    }
    return code;
}

static int read_plan(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_plan *plan = calloc(1, sizeof *plan);
    int code = fh_msg_plan_read(reader, plan, err);
    if (code == FH_OK) {
        assert_int_equal(plan->table_count, 1);
        assert_int_equal(plan->tables[0].status, 2);
        assert_true(plan->tables[0].sunset_ms == product.sunset_ms);
        assert_string_equal(plan->tables[0].successor, "orders@2");
    } else {
        assert_int_equal(plan->table_count, 0);
    }
    free(plan);
    return code;
}

static void test_the_others(void **state)
{
    (void)state;
    static const struct fh_msg_history_request request = {"shop", "orders", 300};
    const struct fh_msg_move move = {.announcement = fh_bytes_cstr("a record"), .force = true};
    struct fh_msg_plan *plan = calloc(1, sizeof *plan);
    plan->table_count = 1;
    plan->tables[0] = (struct fh_msg_plan_table){.domain_name = "shop",
                                                 .product = "orders",
                                                 .table = "orders",
                                                 .version = "1.2.3",
                                                 .reachable = true,
                                                 .status = 2,
                                                 .sunset_ms = product.sunset_ms,
                                                 .successor = "orders@2"};
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, 4096);
    fh_msg_history_request(&out, &request);
    whole_and_cut("history request", &out, read_history_request);
    fh_buf_reset(&out);
    fh_msg_announced_request(&out, "orders", 70000);
    whole_and_cut("announced request", &out, read_announced_request);
    fh_buf_reset(&out);
    fh_msg_announced_answer(&out, fh_bytes_cstr("a record"));
    whole_and_cut("announced", &out, read_announced);
    fh_buf_reset(&out);
    fh_msg_move_request(&out, &move);
    whole_and_cut("move", &out, read_move);
    fh_buf_reset(&out);
    fh_msg_plan_answer(&out, plan);
    whole_and_cut("plan", &out, read_plan);
    free(plan);
}

/* Texts that do not fit their place are refused, not cut. */
static void test_too_long(void **state)
{
    (void)state;
    struct fh_msg_product one;
    struct fh_pack_reader reader;
    struct fh_err err = {0};
    char text[FH_SUCCESSOR_BYTES_MAX + 2];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    FH_CLEANUP(fh_buf_fini) struct fh_buf longer;
    fh_buf_init(&out, 4096);
    fh_buf_init(&longer, 4096);
    fh_msg_product_add(&out, &product);
    fh_pack_read_init(&reader, fh_buf_view(&out));
    uint32_t count = fh_pack_read_array(&reader, 64);
    fh_pack_array(&longer, count);
    for (uint32_t i = 0; i + 1 < count; i++) {
        fh_buf_add_bytes(&longer, fh_pack_read_raw(&reader));
    }
    fh_pack_cstr(&longer, text);
    fh_pack_read_init(&reader, fh_buf_view(&longer));
    assert_int_equal(fh_msg_products_next(&reader, &one, &err), FH_EPROTO);
    assert_string_equal(err.rule, "message.form");
}

/* With and without parameters; a node of before them reads the SQL alone. */
static void test_what_a_plan_asks(void **state)
{
    (void)state;
    struct fh_msg_plan_question asked = {.sql = fh_bytes_cstr("SELECT $a, $b"), .param_count = 2};
    struct fh_msg_plan_question found;
    struct fh_pack_reader reader;
    struct fh_err err = {0};
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, 1024);
    asked.params[0] = fh_bytes_cstr("a");
    asked.params[1] = fh_bytes_cstr("b");
    fh_msg_plan_request(&out, &asked);
    open_at(&reader, fh_buf_view(&out));
    assert_int_equal(fh_msg_plan_request_read(&reader, &found, &err), FH_OK);
    assert_true(fh_bytes_equal(found.sql, asked.sql));
    assert_int_equal(found.param_count, 2);
    assert_true(fh_bytes_equal_cstr(found.params[1], "b"));
    for (size_t size = out.size - 1; size > out.size - 5; size--) {
        open_at(&reader, fh_bytes(out.data, size));
        assert_int_equal(fh_msg_plan_request_read(&reader, &found, &err), FH_EPROTO);
    }
    asked.param_count = 0;
    fh_buf_reset(&out);
    fh_msg_plan_request(&out, &asked);
    assert_int_equal(out.data[0], 0x92); /* as before there were parameters */
    open_at(&reader, fh_buf_view(&out));
    assert_int_equal(fh_msg_plan_request_read(&reader, &found, &err), FH_OK);
    assert_int_equal(found.param_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_history),
        cmocka_unit_test(test_the_others),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_what_a_plan_asks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
