/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of the worker channel: every kind there and back, and what is refused. */
#include "proto/query/channel.h"
#include "proto/wire/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct fh_arena *arena;
static struct fh_buf payload;

static int up(void **state)
{
    (void)state;
    arena = fh_arena_new(8 * 1024 * 1024);
    fh_buf_init(&payload, 4 * 1024 * 1024);
    return arena == NULL;
}

static int down(void **state)
{
    (void)state;
    fh_arena_free(arena);
    fh_buf_fini(&payload);
    return 0;
}

static const struct fh_column columns[] = {
    {.name = "id", .source = "Id No", .type = {.code = FH_TYPE_INT64}},
    {.name = "price", .source = "", .type = {.code = FH_TYPE_DECIMAL, .precision = 12, .scale = 2}},
};

static struct fh_table table(void)
{
    return (struct fh_table){.domain = "aviation",
                             .product = "flights@2",
                             .table = "flights",
                             .sole = true,
                             .number = 7,
                             .format = FH_SOURCE_CSV,
                             .file_count = 1,
                             .first_file = 3,
                             .columns = columns,
                             .column_count = FH_COUNT(columns)};
}

static void tables_there_and_back(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_table one = table();
    struct fh_table *found = NULL;
    uint32_t count = 0;
    fh_buf_reset(&payload);
    fh_channel_put_tables(&payload, &one, 1);
    assert_int_equal(fh_channel_get_tables(&found, &count, fh_buf_view(&payload), arena, &err),
                     FH_OK);
    assert_int_equal(count, 1);
    assert_string_equal(found->domain, "aviation");
    assert_string_equal(found->product, "flights@2");
    assert_string_equal(found->table, "flights");
    assert_true(found->sole);
    assert_int_equal(found->number, 7);
    assert_int_equal(found->format, FH_SOURCE_CSV);
    assert_int_equal(found->first_file, 3);
    assert_int_equal(found->column_count, 2);
    assert_string_equal(found->columns[0].source, "Id No");
    assert_int_equal(found->columns[1].type.scale, 2);
}

static void hostile_tables_are_refused(void **state)
{
    (void)state;
    static const struct fh_column bad_type[] = {{.name = "x", .source = "", .type = {.code = 0}}};
    struct fh_table rows[] = {
        table(), table(), table(), table(), table(), table(), table(), table()};
    rows[0].domain = "information_schema"; // reserved by the engine
    rows[1].domain = "A b";
    rows[2].product = "";
    rows[3].column_count = 0;
    rows[4].file_count = 0;            // a file source without files
    rows[5].format = FH_SOURCE_REMOTE; // a remote one with files
    rows[6].columns = bad_type;
    rows[6].column_count = 1;
    rows[7].format = FH_SOURCE_BARRIER; // rows through a ring, and files
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_err err = {0};
        struct fh_table *found = NULL;
        uint32_t count = 0;
        fh_buf_reset(&payload);
        fh_channel_put_tables(&payload, &rows[i], 1);
        if (fh_channel_get_tables(&found, &count, fh_buf_view(&payload), arena, &err) !=
            FH_EPROTO) {
            fail_msg("row %zu passed", i);
        }
    }
}

static void runs_there_and_back(void **state)
{
    (void)state;
    struct fh_err err = {0};
    const struct fh_cell params[] = {
        {.kind = FH_CELL_NULL},
        {.kind = FH_CELL_BOOL, .integer = 1},
        {.kind = FH_CELL_INT, .integer = INT64_MIN},
        {.kind = FH_CELL_UINT, .natural = UINT64_MAX},
        {.kind = FH_CELL_BYTES, .bytes = fh_bytes_cstr("text")},
        {.kind = FH_CELL_WIDE, .type = {FH_TYPE_DECIMAL, 3, 1}, .wide = {.low = 125}},
    };
    struct fh_channel_run run = {.id = 9,
                                 .sql = fh_bytes_cstr("SELECT 1"),
                                 .rows_max = 10,
                                 .window = 4,
                                 .params = params,
                                 .param_count = FH_COUNT(params)};
    struct fh_channel_run found;
    fh_buf_reset(&payload);
    fh_channel_put_run(&payload, &run);
    assert_int_equal(fh_channel_get_run(&found, fh_buf_view(&payload), arena, &err), FH_OK);
    assert_int_equal(found.id, 9);
    assert_true(fh_bytes_equal(found.sql, run.sql));
    assert_int_equal(found.param_count, 6);
    assert_int_equal(found.params[0].kind, FH_CELL_NULL);
    assert_int_equal(found.params[1].integer, 1);
    assert_true(found.params[2].integer == INT64_MIN);
    assert_true(found.params[3].natural == UINT64_MAX);
    assert_true(fh_bytes_equal_cstr(found.params[4].bytes, "text"));
    assert_true(fh_type_equal(found.params[5].type, params[5].type));
    assert_int_equal(found.params[5].wide.low, 125);
    run.window = 0;
    fh_buf_reset(&payload);
    fh_channel_put_run(&payload, &run);
    assert_int_equal(fh_channel_get_run(&found, fh_buf_view(&payload), arena, &err), FH_EPROTO);
}

static void errors_there_and_back(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_channel_error error = {
        .id = 3, .code = FH_ESQL, .position = 12, .rule = "sql.bind", .text = "broken \xff text"};
    struct fh_channel_error found;
    fh_buf_reset(&payload);
    fh_channel_put_error(&payload, &error);
    assert_int_equal(fh_channel_get_error(&found, fh_buf_view(&payload), &err), FH_OK);
    assert_int_equal(found.code, FH_ESQL);
    assert_int_equal(found.position, 12);
    assert_string_equal(found.rule, "sql.bind");
    assert_string_equal(found.text, "broken ? text");
    error.code = FH_OK; // an error that is none
    fh_buf_reset(&payload);
    fh_channel_put_error(&payload, &error);
    assert_int_equal(fh_channel_get_error(&found, fh_buf_view(&payload), &err), FH_EPROTO);
}

static void probes_and_samples_there_and_back(void **state)
{
    (void)state;
    struct fh_err err = {0};
    static const uint32_t first[] = {0};
    static const uint32_t both[] = {1, 0};
    static const uint32_t beyond[] = {2};
    struct fh_probe probes[] = {{"count(*)", 0, first}, {"count_if(v1 < r0)", 2, both}};
    struct fh_channel_probe probe = {
        .id = 3, .table = table(), .probe_count = FH_COUNT(probes), .probes = probes};
    struct fh_channel_probe asked;
    fh_buf_reset(&payload);
    fh_channel_put_probe(&payload, &probe);
    assert_int_equal(fh_channel_get_probe(&asked, fh_buf_view(&payload), arena, &err), FH_OK);
    assert_string_equal(asked.probes[1].sql, "count_if(v1 < r0)");
    assert_int_equal(asked.probes[1].columns[1], 0);
    probes[1].columns = beyond; // a column that the table has not
    probes[1].column_count = 1;
    fh_buf_reset(&payload);
    fh_channel_put_probe(&payload, &probe);
    assert_int_equal(fh_channel_get_probe(&asked, fh_buf_view(&payload), arena, &err), FH_EPROTO);

    struct fh_channel_sample sample = {.id = 4,
                                       .table = table(),
                                       .tail = "WHERE true",
                                       .rows_max = 5,
                                       .column_count = 2,
                                       .columns = both};
    struct fh_channel_sample wanted;
    fh_buf_reset(&payload);
    fh_channel_put_sample(&payload, &sample);
    assert_int_equal(fh_channel_get_sample(&wanted, fh_buf_view(&payload), arena, &err), FH_OK);
    assert_string_equal(wanted.tail, "WHERE true");
    sample.rows_max = FH_SAMPLE_ROWS_MAX + 1;
    fh_buf_reset(&payload);
    fh_channel_put_sample(&payload, &sample);
    assert_int_equal(fh_channel_get_sample(&wanted, fh_buf_view(&payload), arena, &err), FH_EPROTO);

    const struct fh_probe_result results[] = {{FH_PROBE_VALUE, -7, ""},
                                              {FH_PROBE_REFUSED, 0, "no such function"}};
    struct fh_channel_probed probed = {.id = 3,
                                       .rows = 12,
                                       .elapsed_us = 99,
                                       .missing = first,
                                       .missing_count = 1,
                                       .results = results,
                                       .result_count = FH_COUNT(results)};
    struct fh_channel_probed found;
    fh_buf_reset(&payload);
    fh_channel_put_probed(&payload, &probed);
    assert_int_equal(fh_channel_get_probed(&found, fh_buf_view(&payload), arena, &err), FH_OK);
    assert_int_equal(found.results[0].value, -7);
    assert_string_equal(found.results[1].reason, "no such function");
    assert_int_equal(found.missing[0], 0);

    const char *cells[] = {"1", NULL, "2", "b"};
    struct fh_channel_sampled sampled = {
        .id = 4, .column_count = 2, .row_count = 2, .cells = cells};
    struct fh_channel_sampled shown;
    fh_buf_reset(&payload);
    fh_channel_put_sampled(&payload, &sampled);
    assert_int_equal(fh_channel_get_sampled(&shown, fh_buf_view(&payload), arena, &err), FH_OK);
    assert_int_equal(shown.row_count, 2);
    assert_null(shown.cells[1]);
    assert_string_equal(shown.cells[3], "b");
    sampled.column_count = 0; // rows of nothing
    fh_buf_reset(&payload);
    fh_channel_put_sampled(&payload, &sampled);
    assert_int_equal(fh_channel_get_sampled(&shown, fh_buf_view(&payload), arena, &err), FH_EPROTO);
}

static void counts_and_scans_there_and_back(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_channel_end end;
    struct fh_channel_scan scan;
    struct fh_channel_count count;
    const uint32_t projected[] = {4, 0, 2047};

    fh_buf_reset(&payload);
    fh_channel_put_end(&payload,
                       &(struct fh_channel_end){.id = 1, .rows = 2, .batches = 3, .bytes = 4});
    assert_int_equal(fh_channel_get_end(&end, fh_buf_view(&payload), &err), FH_OK);
    assert_int_equal(end.bytes, 4);

    fh_buf_reset(&payload);
    fh_channel_put_scan(&payload,
                        &(struct fh_channel_scan){.scan = 5,
                                                  .number = 6,
                                                  .want = 4,
                                                  .columns = projected,
                                                  .column_count = FH_COUNT(projected)});
    assert_int_equal(fh_channel_get_scan(&scan, fh_buf_view(&payload), arena, &err), FH_OK);
    assert_int_equal(scan.column_count, 3);
    assert_int_equal(scan.columns[2], 2047);

    fh_buf_reset(&payload);
    fh_channel_put_count(&payload, &(struct fh_channel_count){.id = 8, .count = UINT64_MAX});
    assert_int_equal(fh_channel_get_count(&count, fh_buf_view(&payload), &err), FH_OK);
    assert_true(count.count == UINT64_MAX);
    /* cut anywhere, or of another version */
    for (size_t cut = 0; cut < payload.size; cut++) {
        assert_int_equal(fh_channel_get_count(&count, fh_bytes(payload.data, cut), &err),
                         FH_EPROTO);
    }
    payload.data[1] = 2;
    assert_int_equal(fh_channel_get_count(&count, fh_buf_view(&payload), &err), FH_EPROTO);
    assert_string_equal(err.rule, "channel.version");
}

static void feeds_there_and_back(void **state)
{
    (void)state;
    struct fh_err err = {0};
    const struct fh_type types[] = {
        {.code = FH_TYPE_VARCHAR},
        {.code = FH_TYPE_DECIMAL, .precision = 12, .scale = 2},
    };
    struct fh_channel_feed feed = {
        .id = 7, .sql = fh_bytes_cstr("SELECT 1"), .types = types, .column_count = FH_COUNT(types)};
    struct fh_channel_feed found;
    fh_buf_reset(&payload);
    fh_channel_put_feed(&payload, &feed);
    assert_int_equal(fh_channel_get_feed(&found, fh_buf_view(&payload), arena, &err), FH_OK);
    assert_int_equal(found.id, 7);
    assert_true(fh_bytes_equal_cstr(found.sql, "SELECT 1"));
    assert_int_equal(found.column_count, 2);
    assert_true(fh_type_equal(found.types[1], types[1]));
    for (size_t cut = 0; cut < payload.size; cut++) {
        assert_int_equal(fh_channel_get_feed(&found, fh_bytes(payload.data, cut), arena, &err),
                         FH_EPROTO);
    }
    const struct fh_type none[] = {{.code = FH_TYPE_DECIMAL, .precision = 3, .scale = 4}};
    feed.types = none;
    feed.column_count = 1;
    fh_buf_reset(&payload);
    fh_channel_put_feed(&payload, &feed);
    assert_int_equal(fh_channel_get_feed(&found, fh_buf_view(&payload), arena, &err), FH_EPROTO);
}

static void tables_carry_keys(void **state)
{
    (void)state;
    struct fh_err err = {0};
    const struct fh_mask_key keys[] = {{.id = UINT64_MAX, .b = {1, 2, 3}}, {.id = 0, .b = {4}}};
    struct fh_table one = table();
    struct fh_table *found = NULL;
    uint32_t count = 0;
    one.keys = keys;
    one.key_count = FH_COUNT(keys);
    fh_buf_reset(&payload);
    fh_channel_put_tables(&payload, &one, 1);
    assert_int_equal(fh_channel_get_tables(&found, &count, fh_buf_view(&payload), arena, &err),
                     FH_OK);
    assert_int_equal(found->key_count, 2);
    assert_true(found->keys[0].id == UINT64_MAX);
    assert_memory_equal(found->keys[1].b, keys[1].b, FH_MASK_KEY_BYTES);
    /* a key that is cut, in a payload that is not */
    fh_buf_reset(&payload);
    one.key_count = 0;
    fh_channel_put_tables(&payload, &one, 1);
    payload.data[payload.size - 1] = 0x91; /* one key ... */
    fh_pack_array(&payload, 2);
    fh_pack_uint(&payload, 1);
    fh_pack_bin(&payload, fh_bytes("short", 5));
    assert_int_equal(fh_channel_get_tables(&found, &count, fh_buf_view(&payload), arena, &err),
                     FH_EPROTO);
}

static void later_fields_are_skipped(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_channel_count count;
    fh_buf_reset(&payload);
    fh_pack_array(&payload, 4);
    fh_pack_uint(&payload, 1);
    fh_pack_uint(&payload, 5);
    fh_pack_uint(&payload, 6);
    fh_pack_cstr(&payload, "of a newer version");
    assert_int_equal(fh_channel_get_count(&count, fh_buf_view(&payload), &err), FH_OK);
    assert_int_equal(count.count, 6);
}

static void heads_are_bounded(void **state)
{
    (void)state;
    static const struct {
        uint8_t head[FH_CHANNEL_HEAD_BYTES];
        int code;
    } rows[] = {
        {{0, 0, 0, 1, FH_CHANNEL_READY}, FH_OK},
        {{0, 0, 0, 65, FH_CHANNEL_READY}, FH_OK},
        {{0, 0, 0, 66, FH_CHANNEL_READY}, FH_EPROTO},
        {{0, 0, 0, 0, FH_CHANNEL_READY}, FH_EPROTO},
        {{0xff, 0xff, 0xff, 0xff, FH_CHANNEL_BATCH}, FH_EPROTO},
        {{0, 0x10, 0, 9, FH_CHANNEL_BATCH}, FH_OK},
        {{0, 0x10, 0, 10, FH_CHANNEL_BATCH}, FH_EPROTO},
        {{0, 0, 0, 1, 0}, FH_EPROTO},
        {{0, 0, 0, 1, 255}, FH_EPROTO},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_err err = {0};
        unsigned kind = 0;
        size_t size = 0;
        int code = fh_channel_head(rows[i].head, &kind, &size, &err);
        if (code != rows[i].code) {
            fail_msg("row %zu: %s", i, err.text);
        }
        uint8_t again[FH_CHANNEL_HEAD_BYTES];
        if (code == FH_OK) {
            fh_channel_put_head(again, kind, size);
            assert_memory_equal(again, rows[i].head, sizeof again);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_there_and_back),
        cmocka_unit_test(hostile_tables_are_refused),
        cmocka_unit_test(runs_there_and_back),
        cmocka_unit_test(errors_there_and_back),
        cmocka_unit_test(probes_and_samples_there_and_back),
        cmocka_unit_test(counts_and_scans_there_and_back),
        cmocka_unit_test(feeds_there_and_back),
        cmocka_unit_test(tables_carry_keys),
        cmocka_unit_test(later_fields_are_skipped),
        cmocka_unit_test(heads_are_bounded),
    };
    return cmocka_run_group_tests(tests, up, down);
}
