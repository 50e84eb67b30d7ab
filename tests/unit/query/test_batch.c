/* SPDX-License-Identifier: Apache-2.0 */
/* Batches: what the writer lays out the reader reads, and nothing else passes. */
#include "proto/query/batch.h"
#include "proto/wire/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 64 * 1024 };

static _Alignas(64) uint8_t room[ROOM];

/* Three rows: id INT32 (1, NULL, 3), name VARCHAR ("a", "", "long"), flag BOOL (1, 0, 1). */
static size_t make(uint8_t *out)
{
    struct fh_err err = {0};
    struct fh_buf header;
    size_t size = 0;
    fh_buf_init(&header, ROOM);
    struct fh_batch_slot slots[] = {
        {.name = fh_bytes_cstr("id"), .type = {.code = FH_TYPE_INT32}, .nulls = 1},
        {.name = fh_bytes_cstr("name"), .type = {.code = FH_TYPE_VARCHAR}, .variable_size = 5},
        {.name = fh_bytes_cstr("flag"), .type = {.code = FH_TYPE_BOOL}},
    };
    if (fh_batch_begin(out, ROOM, 3, slots, FH_COUNT(slots), &header, &size, &err) != FH_OK) {
        fail_msg("%s", err.text);
    }
    const int32_t ids[] = {1, 0, 3};
    const int32_t offsets[] = {0, 1, 1, 5};
    memcpy(slots[0].data, ids, sizeof ids);
    slots[0].validity[0] = 5;
    memcpy(slots[1].offsets, offsets, sizeof offsets);
    memcpy(slots[1].data, "along", 5);
    slots[2].data[0] = 5;
    fh_buf_fini(&header);
    return size;
}

static int parse(struct fh_batch *batch, const uint8_t *bytes, size_t size, struct fh_err *err)
{
    static struct fh_arena *arena;
    fh_arena_free(arena);
    arena = fh_arena_new(1024 * 1024);
    return fh_batch_parse(batch, fh_bytes(bytes, size), arena, err);
}

static void reads_what_was_written(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_batch batch;
    size_t size = make(room);
    assert_int_equal(parse(&batch, room, size, &err), FH_OK);
    assert_int_equal(batch.rows, 3);
    assert_int_equal(batch.column_count, 3);
    assert_true(fh_bytes_equal_cstr(batch.columns[1].name, "name"));
    assert_int_equal(fh_batch_cell(&batch.columns[0], 0).integer, 1);
    assert_true(fh_batch_is_null(&batch.columns[0], 1));
    assert_int_equal(fh_batch_cell(&batch.columns[0], 1).kind, FH_CELL_NULL);
    assert_int_equal(fh_batch_cell(&batch.columns[0], 2).integer, 3);
    assert_true(fh_bytes_equal_cstr(fh_batch_cell(&batch.columns[1], 0).bytes, "a"));
    assert_int_equal(fh_batch_cell(&batch.columns[1], 1).bytes.size, 0);
    assert_true(fh_bytes_equal_cstr(fh_batch_cell(&batch.columns[1], 2).bytes, "long"));
    assert_int_equal(fh_batch_cell(&batch.columns[2], 0).integer, 1);
    assert_int_equal(fh_batch_cell(&batch.columns[2], 1).integer, 0);
    assert_int_equal(fh_batch_check_text(&batch, &err), FH_OK);
    for (uint32_t i = 0; i < batch.column_count; i++) {
        assert_int_equal(((uintptr_t)batch.columns[i].data.data) % FH_BATCH_ALIGN, 0);
    }
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    struct fh_batch batch;
    size_t size = make(room);
    for (size_t cut = 0; cut < size; cut++) {
        struct fh_err err = {0};
        uint8_t *tight = malloc(cut + 1);
        memcpy(tight, room, cut);
        assert_int_not_equal(parse(&batch, tight, cut, &err), FH_OK);
        free(tight);
    }
    struct fh_err err = {0};
    room[size] = 0;
    assert_int_not_equal(parse(&batch, room, size + 1, &err), FH_OK);
}

/* Flips every bit of a batch: whatever still parses must be safe to read completely. */
static void every_flip_is_refused_or_safe(void **state)
{
    (void)state;
    size_t size = make(room);
    uint8_t *tight = malloc(size);
    unsigned passed = 0;
    for (size_t bit = 0; bit < size * 8; bit++) {
        struct fh_err err = {0};
        struct fh_batch batch;
        struct fh_buf text;
        memcpy(tight, room, size);
        tight[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        if (parse(&batch, tight, size, &err) != FH_OK) {
            assert_true(err.rule[0] != 0);
            continue;
        }
        passed++;
        fh_buf_init(&text, ROOM);
        for (uint32_t i = 0; i < batch.column_count; i++) {
            for (uint32_t row = 0; row < batch.rows; row++) {
                struct fh_cell cell = fh_batch_cell(&batch.columns[i], row);
                fh_cell_text(&cell, &text);
                fh_cell_json(&cell, &text);
            }
        }
        fh_buf_fini(&text);
    }
    assert_true(passed > 0); // values may change; structure may not
    free(tight);
}

struct column {
    uint64_t fields[11]; /* behind the name */
};

/* A batch from a header written by hand and `body` bytes of zeros with `patch` at their start. */
static size_t by_hand(uint8_t *out,
                      uint64_t version,
                      uint64_t rows,
                      const struct column *columns,
                      uint32_t count,
                      size_t body,
                      struct fh_bytes patch)
{
    struct fh_buf header;
    fh_buf_init(&header, ROOM);
    fh_pack_array(&header, 3);
    fh_pack_uint(&header, version);
    fh_pack_uint(&header, rows);
    fh_pack_array(&header, count);
    for (uint32_t i = 0; i < count; i++) {
        fh_pack_array(&header, 12);
        fh_pack_cstr(&header, "c");
        for (size_t k = 0; k < 11; k++) {
            fh_pack_uint(&header, columns[i].fields[k]);
        }
    }
    size_t start = (4 + header.size + 63) / 64 * 64;
    memset(out, 0, start + body);
    fh_put_u32be(out, (uint32_t)header.size);
    memcpy(out + 4, header.data, header.size);
    if (patch.size > 0) {
        memcpy(out + start, patch.data, patch.size);
    }
    size_t size = body == 0 ? 4 + header.size : start + body;
    fh_buf_fini(&header);
    return size;
}

static void hostile_headers_are_refused(void **state)
{
    (void)state;
    /* type, precision, scale, encoding, nulls, validity at and size, offsets, data */
    static const struct {
        const char *name;
        uint64_t version;
        uint64_t rows;
        struct column column;
        size_t body;
        const char *patch; /* 8 hex digits for each int32 */
        int code;
        const char *rule;
    } rows[] = {
        {"right", 1, 2, {{4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8}}, 8, "", FH_OK, ""},
        {"version", 2, 2, {{4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8}}, 8, "", FH_EVERSION, "batch.version"},
        {"rows", 1, 1 << 30, {{4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8}}, 8, "", FH_EINVAL, NULL},
        {"type 0", 1, 2, {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8}}, 8, "", FH_EINVAL, "batch.type"},
        {"type 99", 1, 2, {{99, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8}}, 8, "", FH_EINVAL, "batch.type"},
        {"scale of an integer",
         1,
         2,
         {{4, 0, 2, 0, 0, 0, 0, 0, 0, 0, 8}},
         8,
         "",
         FH_EINVAL,
         "batch.type"},
        {"decimal of 39 digits",
         1,
         1,
         {{13, 39, 2, 0, 0, 0, 0, 0, 0, 0, 16}},
         16,
         "",
         FH_EINVAL,
         "batch.type"},
        {"scale above precision",
         1,
         1,
         {{13, 3, 4, 0, 0, 0, 0, 0, 0, 0, 16}},
         16,
         "",
         FH_EINVAL,
         "batch.type"},
        {"encoding", 1, 2, {{4, 0, 0, 1, 0, 0, 0, 0, 0, 0, 8}}, 8, "", FH_EINVAL, "batch.encoding"},
        {"data too short",
         1,
         2,
         {{4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4}},
         8,
         "",
         FH_EINVAL,
         "batch.layout"},
        {"data too long",
         1,
         2,
         {{4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12}},
         12,
         "",
         FH_EINVAL,
         "batch.layout"},
        {"data elsewhere",
         1,
         2,
         {{4, 0, 0, 0, 0, 0, 0, 0, 0, 64, 8}},
         72,
         "",
         FH_EINVAL,
         "batch.layout"},
        {"data behind the end",
         1,
         200,
         {{4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 800}},
         8,
         "",
         FH_EINVAL,
         "batch.layout"},
        {"more bytes", 1, 2, {{4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8}}, 9, "", FH_EINVAL, "batch.layout"},
        {"offsets of a number",
         1,
         2,
         {{4, 0, 0, 0, 0, 0, 0, 0, 12, 64, 8}},
         72,
         "",
         FH_EINVAL,
         "batch.layout"},
        {"nulls above rows", 1, 2, {{4, 0, 0, 0, 3, 0, 1, 0, 0, 64, 8}}, 72, "", FH_EINVAL, NULL},
        {"nulls without a bitmap",
         1,
         2,
         {{4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8}},
         8,
         "",
         FH_EINVAL,
         "batch.layout"},
        {"wrong number of nulls",
         1,
         2,
         {{4, 0, 0, 0, 1, 0, 1, 0, 0, 64, 8}},
         72,
         "",
         FH_EINVAL,
         "batch.nulls"},
        {"right nulls", 1, 2, {{4, 0, 0, 0, 1, 0, 1, 0, 0, 64, 8}}, 72, "01000000", FH_OK, ""},
        {"bytes in a gap",
         1,
         2,
         {{4, 0, 0, 0, 1, 0, 1, 0, 0, 64, 8}},
         72,
         "0100000000000001",
         FH_EINVAL,
         "batch.layout"},
        {"right text",
         1,
         1,
         {{14, 0, 0, 0, 0, 0, 0, 0, 8, 64, 2}},
         66,
         "0000000002000000",
         FH_OK,
         ""},
        {"first offset",
         1,
         1,
         {{14, 0, 0, 0, 0, 0, 0, 0, 8, 64, 2}},
         66,
         "0100000002000000",
         FH_EINVAL,
         "batch.offsets"},
        {"last offset",
         1,
         1,
         {{14, 0, 0, 0, 0, 0, 0, 0, 8, 64, 2}},
         66,
         "0000000003000000",
         FH_EINVAL,
         "batch.offsets"},
        {"offset below zero",
         1,
         1,
         {{14, 0, 0, 0, 0, 0, 0, 0, 8, 64, 2}},
         66,
         "00000000ffffffff",
         FH_EINVAL,
         "batch.offsets"},
        {"offsets that fall",
         1,
         2,
         {{14, 0, 0, 0, 0, 0, 0, 0, 12, 64, 2}},
         66,
         "000000000300000002000000",
         FH_EINVAL,
         "batch.offsets"},
        {"no offsets",
         1,
         1,
         {{14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}},
         2,
         "",
         FH_EINVAL,
         "batch.layout"},
        {"too few offsets",
         1,
         2,
         {{14, 0, 0, 0, 0, 0, 0, 0, 8, 64, 2}},
         66,
         "0000000002000000",
         FH_EINVAL,
         "batch.layout"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_err err = {0};
        struct fh_batch batch;
        uint8_t patch[64];
        size_t patch_size = strlen(rows[i].patch) / 2;
        assert_true(fh_unhex(patch, patch_size, rows[i].patch));
        size_t size = by_hand(room,
                              rows[i].version,
                              rows[i].rows,
                              &rows[i].column,
                              1,
                              rows[i].body,
                              fh_bytes(patch, patch_size));
        int code = parse(&batch, room, size, &err);
        if (code != rows[i].code || (rows[i].rule != NULL && strcmp(err.rule, rows[i].rule) != 0)) {
            fail_msg("%s: %s %s: %s", rows[i].name, fh_code_name(code), err.rule, err.text);
        }
    }
}

static void rows_without_columns(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_batch batch;
    size_t size = by_hand(room, 1, 5, NULL, 0, 0, FH_BYTES_NONE);
    assert_int_equal(parse(&batch, room, size, &err), FH_OK);
    assert_int_equal(batch.rows, 5);
    assert_int_equal(batch.column_count, 0);
    memset(room + size, 0, 64);
    assert_int_not_equal(parse(&batch, room, (size + 63) / 64 * 64, &err), FH_OK);
}

static void text_is_checked_on_demand(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        int code;
    } rows[] = {
        {"6162", FH_OK},
        {"c3a4", FH_OK}, // one character, but cut in two cells below
        {"6100", FH_OK}, // U+0000 is text for DuckDB
        {"ff61", FH_EINVAL},
        {"c328", FH_EINVAL},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_err err = {0};
        struct fh_batch batch;
        struct column one = {{14, 0, 0, 0, 0, 0, 0, 0, 8, 64, 2}};
        uint8_t patch[66] = {0, 0, 0, 0, 2};
        assert_true(fh_unhex(patch + 64, 2, rows[i].hex));
        size_t size = by_hand(room, 1, 1, &one, 1, 66, fh_bytes(patch, sizeof patch));
        assert_int_equal(parse(&batch, room, size, &err), FH_OK);
        assert_int_equal(fh_batch_check_text(&batch, &err), rows[i].code);
    }
    struct fh_err err = {0};
    struct fh_batch batch;
    struct column two = {{14, 0, 0, 0, 0, 0, 0, 0, 12, 64, 2}};
    uint8_t patch[66] = {0, 0, 0, 0, 1, 0, 0, 0, 2};
    patch[64] = 0xc3;
    patch[65] = 0xa4;
    size_t size = by_hand(room, 1, 2, &two, 1, 66, fh_bytes(patch, sizeof patch));
    assert_int_equal(parse(&batch, room, size, &err), FH_OK);
    assert_int_equal(fh_batch_check_text(&batch, &err), FH_EINVAL);
    assert_string_equal(err.rule, "batch.utf8");
}

static void writer_keeps_the_bounds(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_buf header;
    size_t size = 0;
    fh_buf_init(&header, ROOM);
    struct fh_batch_slot slot = {.name = fh_bytes_cstr("x"), .type = {.code = FH_TYPE_INT64}};
    assert_int_equal(fh_batch_begin(room, 100, 100, &slot, 1, &header, &size, &err), FH_ETOOBIG);
    slot.type.code = 0;
    assert_int_equal(fh_batch_begin(room, ROOM, 1, &slot, 1, &header, &size, &err), FH_EINVAL);
    slot.type.code = FH_TYPE_INT64;
    slot.nulls = 2;
    assert_int_equal(fh_batch_begin(room, ROOM, 1, &slot, 1, &header, &size, &err), FH_EINVAL);
    for (uint32_t count = 0; count < 200; count += 13) { // the stated bound holds
        struct fh_batch_slot many[200];
        size_t bound = fh_batch_overhead(count, (size_t)count * 4);
        for (uint32_t i = 0; i < count; i++) {
            many[i] = (struct fh_batch_slot){
                .name = fh_bytes_cstr("name"),
                .type = {.code = i % 2 == 0 ? FH_TYPE_VARCHAR : FH_TYPE_INT16},
                .nulls = i % 3 == 0 ? 1 : 0,
                .variable_size = i};
            bound += fh_batch_column_size(many[i].type, 5, many[i].nulls, many[i].variable_size);
        }
        size_t room_size = 256 * 1024;
        uint8_t *big = aligned_alloc(64, room_size);
        assert_int_equal(fh_batch_begin(big, room_size, 5, many, count, &header, &size, &err),
                         FH_OK);
        assert_true(size <= bound);
        free(big);
    }
    fh_buf_fini(&header);
}

static void cells_as_json(void **state)
{
    (void)state;
    static const struct {
        struct fh_cell cell;
        const char *json;
    } rows[] = {
        {{.kind = FH_CELL_NULL}, "null"},
        {{.kind = FH_CELL_BOOL, .type = {.code = FH_TYPE_BOOL}, .integer = 1}, "true"},
        {{.kind = FH_CELL_INT, .type = {.code = FH_TYPE_INT64}, .integer = -5}, "-5"},
        {{.kind = FH_CELL_REAL, .type = {.code = FH_TYPE_DOUBLE}, .real = 0.1}, "0.1"},
        {{.kind = FH_CELL_REAL, .type = {.code = FH_TYPE_DOUBLE}, .real = (double)__builtin_inff()},
         "\"inf\""},
        {{.kind = FH_CELL_WIDE,
          .type = {.code = FH_TYPE_DECIMAL, .precision = 4, .scale = 2},
          .wide = {.low = 5}},
         "0.05"},
        {{.kind = FH_CELL_INT, .type = {.code = FH_TYPE_DATE}, .integer = 0}, "\"1970-01-01\""},
        {{.kind = FH_CELL_BYTES,
          .type = {.code = FH_TYPE_VARCHAR},
          .bytes = {(const uint8_t *)"a\"\\\n\x01", 5}},
         "\"a\\\"\\\\\\n\\u0001\""},
        {{.kind = FH_CELL_BYTES,
          .type = {.code = FH_TYPE_VARCHAR},
          .bytes = {(const uint8_t *)"\xff", 1}},
         "\"\xef\xbf\xbd\""},
        {{.kind = FH_CELL_BYTES,
          .type = {.code = FH_TYPE_BLOB},
          .bytes = {(const uint8_t *)"\x00z", 2}},
         "\"\\\\x00z\""},
        {{.kind = FH_CELL_BYTES,
          .type = {.code = FH_TYPE_JSON},
          .bytes = {(const uint8_t *)"{\"a\": [1, null]}", 16}},
         "{\"a\": [1, null]}"},
        /* JSON that is none may not break out of the array it is put into */
        {{.kind = FH_CELL_BYTES,
          .type = {.code = FH_TYPE_JSON},
          .bytes = {(const uint8_t *)"1], [2", 6}},
         "\"1], [2\""},
        {{.kind = FH_CELL_BYTES,
          .type = {.code = FH_TYPE_JSON},
          .bytes = {(const uint8_t *)"{\"a\"}", 5}},
         "\"{\\\"a\\\"}\""},
        {{.kind = FH_CELL_BYTES,
          .type = {.code = FH_TYPE_JSON},
          .bytes = {(const uint8_t *)"01", 2}},
         "\"01\""},
        {{.kind = FH_CELL_BYTES,
          .type = {.code = FH_TYPE_JSON},
          .bytes = {(const uint8_t *)"\"\\u12\"", 6}},
         "\"\\\"\\\\u12\\\"\""},
        {{.kind = FH_CELL_BYTES, .type = {.code = FH_TYPE_JSON}}, "\"\""},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_buf out;
        fh_buf_init(&out, ROOM);
        fh_cell_json(&rows[i].cell, &out);
        assert_string_equal(fh_buf_cstr(&out), rows[i].json);
        fh_buf_fini(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_was_written),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(every_flip_is_refused_or_safe),
        cmocka_unit_test(hostile_headers_are_refused),
        cmocka_unit_test(rows_without_columns),
        cmocka_unit_test(text_is_checked_on_demand),
        cmocka_unit_test(writer_keeps_the_bounds),
        cmocka_unit_test(cells_as_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
