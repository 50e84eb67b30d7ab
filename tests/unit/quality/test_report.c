/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/quality/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *columns[] = {"id", "mail"};
static const char *cells[] = {"1", "***", NULL, "***"};
static struct fh_report_table tables[] = {{"orders", 3, 1200}};
static struct fh_report_check checks[] = {
    {.id = "schema.orders.source",
     .name = "",
     .rule = "source",
     .dimension = "completeness",
     .promised = "can be read",
     .table = "orders",
     .column = "",
     .result = {.total = 3}},
    {.id = "schema.orders.quality.few",
     .name = "Few",
     .rule = "nullValues",
     .category = FH_PROMISE_QUALITY,
     .dimension = "completeness",
     .severity = FH_PROMISE_WARNING,
     .promised = "= 0 rows",
     .table = "orders",
     .column = "mail",
     .result = {.outcome = FH_PROMISE_WARNED,
                .measured = "2",
                .reason = "measured 2, promised = 0 rows",
                .failing = 2,
                .total = 3}},
};
static struct fh_report_sample samples[] = {
    {.check = 1, .column_count = 2, .columns = columns, .row_count = 2, .cells = cells}};
static const struct fh_report report = {.table_count = 1,
                                        .tables = tables,
                                        .check_count = 2,
                                        .checks = checks,
                                        .sample_count = 1,
                                        .samples = samples};

static void there_and_back(void **state)
{
    (void)state;
    FH_CLEANUP(fh_buf_fini) struct fh_buf form;
    struct fh_arena *arena = fh_arena_new(1024 * 1024);
    struct fh_report read;
    struct fh_err err = {0};
    fh_buf_init(&form, FH_REPORT_BYTES_MAX);
    fh_report_encode(&form, &report);
    assert_int_equal(fh_report_decode(&read, fh_buf_view(&form), arena, &err), FH_OK);
    assert_string_equal(read.tables[0].name, "orders");
    assert_int_equal(read.tables[0].scan_us, 1200);
    assert_int_equal(read.check_count, 2);
    assert_string_equal(read.checks[1].id, "schema.orders.quality.few");
    assert_int_equal(read.checks[1].severity, FH_PROMISE_WARNING);
    assert_int_equal(read.checks[1].result.outcome, FH_PROMISE_WARNED);
    assert_string_equal(read.checks[1].result.reason, checks[1].result.reason);
    assert_int_equal(read.samples[0].row_count, 2);
    assert_string_equal(read.samples[0].cells[1], "***");
    assert_null(read.samples[0].cells[2]);

    /* cut anywhere it is refused; a flipped bit is refused or read, never more */
    for (size_t cut = 0; cut < form.size; cut++) {
        assert_int_not_equal(fh_report_decode(&read, fh_bytes(form.data, cut), arena, &err), FH_OK);
    }
    for (size_t i = 0; i < form.size * 8; i++) {
        form.data[i / 8] ^= (uint8_t)(1U << (i % 8));
        struct fh_arena *scratch = fh_arena_new(1024 * 1024);
        (void)!fh_report_decode(&read, fh_buf_view(&form), scratch, &err);
        fh_arena_free(scratch);
        form.data[i / 8] ^= (uint8_t)(1U << (i % 8));
    }
    fh_arena_free(arena);
}

static void questions_there_and_back(void **state)
{
    (void)state;
    FH_CLEANUP(fh_buf_fini) struct fh_buf form;
    struct fh_test_question question = {.yaml = fh_bytes_cstr("id: t\n"),
                                        .data_root = "/srv/orders",
                                        .server = "files",
                                        .categories = 5,
                                        .samples = 7,
                                        .now_ms = -1};
    struct fh_test_question read;
    struct fh_err err = {0};
    fh_buf_init(&form, FH_REPORT_BYTES_MAX);
    fh_test_question_encode(&form, &question);
    assert_int_equal(fh_test_question_decode(&read, fh_buf_view(&form), &err), FH_OK);
    assert_true(fh_bytes_equal(read.yaml, question.yaml));
    assert_string_equal(read.data_root, "/srv/orders");
    assert_int_equal(read.samples, 7);
    assert_int_equal(read.now_ms, -1);
    static const struct {
        uint32_t categories;
        uint32_t samples;
    } refused[] = {{8, 0}, {0, 101}, {UINT32_MAX, 0}};
    for (size_t i = 0; i < FH_COUNT(refused); i++) {
        question.categories = refused[i].categories;
        question.samples = refused[i].samples;
        fh_buf_reset(&form);
        fh_test_question_encode(&form, &question);
        assert_int_equal(fh_test_question_decode(&read, fh_buf_view(&form), &err), FH_EPROTO);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(questions_there_and_back),
    };
    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
