/* SPDX-License-Identifier: Apache-2.0 */
/* Narrowed and dictionary columns: the same cells as plain ones, and nothing hostile passes. */
#include "common/prng.h"
#include "proto/query/batch.h"
#include "proto/wire/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 256 * 1024, ROWS = 300, SEEDS = 40 };

static _Alignas(64) uint8_t room[ROOM];

static int parse(struct fh_batch *batch, const uint8_t *bytes, size_t size, struct fh_err *err)
{
    static struct fh_arena *arena;
    fh_arena_free(arena);
    arena = fh_arena_new(1024 * 1024);
    return fh_batch_parse(batch, fh_bytes(bytes, size), arena, err);
}

static size_t begin(struct fh_batch_slot *slot, uint32_t rows)
{
    struct fh_err err = {0};
    struct fh_buf header;
    size_t size = 0;
    fh_buf_init(&header, 4096);
    slot->name = fh_bytes_cstr("c");
    if (fh_batch_begin(room, ROOM, rows, slot, 1, &header, &size, &err) != FH_OK) {
        fail_msg("%s", err.text);
    }
    fh_buf_fini(&header);
    return size;
}

/* ---- narrowed ---- */

static int64_t as_integer(const struct fh_cell *cell)
{
    return cell->kind == FH_CELL_UINT   ? (int64_t)cell->natural
           : cell->kind == FH_CELL_WIDE ? (int64_t)cell->wide.low
                                        : cell->integer;
}

/* A column of random values, of which row 8 is NULL: cells and plain values are as they were. */
static void narrow_and_read(struct fh_type type, unsigned width, uint64_t seed)
{
    struct fh_prng prng;
    fh_prng_init(&prng, seed);
    uint64_t most = width == 0 ? 0 : (UINT64_MAX >> (64 - 8 * width)) / 128;
    struct fh_batch_slot slot = {
        .type = type,
        .nulls = 1,
        .encoding = FH_BATCH_NARROW,
        .width = (uint8_t)width,
        .base = (int64_t)fh_prng_below(&prng, 100),
        .unit = width == fh_batch_narrow_width_max(type) ? 1 : 1 + fh_prng_below(&prng, 100),
    };
    size_t size = begin(&slot, ROWS);
    int64_t expected[ROWS];
    memset(slot.validity, 0xff, ROWS / 8);
    slot.validity[ROWS / 8] = (1 << ROWS % 8) - 1;
    slot.validity[1] = 0xfe;
    for (unsigned i = 0; i < ROWS; i++) {
        uint64_t delta = fh_prng_below(&prng, most / slot.unit + 1);
        if (width > 0) {
            memcpy(slot.data + (size_t)i * width, &delta, width);
        }
        expected[i] = slot.base + (int64_t)(slot.unit * delta);
    }
    struct fh_err err = {0};
    struct fh_batch batch;
    if (parse(&batch, room, size, &err) != FH_OK) {
        fail_msg("type %u width %u: %s", type.code, width, err.text);
    }
    const struct fh_batch_column *c = &batch.columns[0];
    uint8_t plain[ROWS * 16];
    size_t wide = (size_t)fh_type_width(type);
    assert_int_equal(c->plain_size, ROWS * wide);
    fh_batch_values(c, 0, ROWS, plain);
    for (unsigned i = 0; i < ROWS; i++) {
        struct fh_cell cell = fh_batch_cell(c, i);
        int64_t low = 0;
        memcpy(&low, plain + i * wide, wide < 8 ? wide : 8);
        assert_int_equal(low, expected[i]);
        assert_int_equal(cell.kind == FH_CELL_NULL, i == 8);
        assert_true(i == 8 || as_integer(&cell) == expected[i]);
    }
}

static void narrowed_values_come_back(void **state)
{
    (void)state;
    unsigned types = 0;
    for (uint8_t code = 1; code < FH_TYPE_COUNT; code++) {
        struct fh_type type = {.code = code};
        if (code == FH_TYPE_DECIMAL) {
            type.precision = 18;
            type.scale = 3;
        }
        unsigned widest = fh_batch_narrow_width_max(type);
        types += widest > 0;
        for (unsigned width = 0; width <= widest && widest > 0;
             width = width == 0 ? 1 : width * 2) {
            for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                narrow_and_read(type, width, seed);
            }
        }
    }
    assert_int_equal(types, 15);
}

/* Below zero, and at both ends of the types. */
static void narrowed_ends_of_types(void **state)
{
    (void)state;
    static const struct {
        uint8_t code;
        int64_t base;
        uint64_t unit;
        uint8_t width;
        uint64_t delta;
        int64_t value; /* when it passes */
        bool passes;
    } rows[] = {
        {FH_TYPE_INT16, -32768, 257, 1, 255, 32767, true},
        {FH_TYPE_INT16, -32768, 258, 1, 255, 0, false},
        {FH_TYPE_INT16, -32769, 1, 1, 1, 0, false},
        {FH_TYPE_INT16, 32767, 1, 1, 0, 32767, true},
        {FH_TYPE_INT16, 32767, 1, 1, 1, 0, false},
        {FH_TYPE_INT16, 32768, 1, 0, 0, 0, false},
        {FH_TYPE_UINT16, 0, 257, 1, 255, 65535, true},
        {FH_TYPE_UINT16, 1, 257, 1, 255, 0, false},
        {FH_TYPE_UINT16, -1, 1, 1, 1, 0, false},
        {FH_TYPE_INT32, INT32_MIN, 65537, 2, 65535, INT32_MAX, true},
        {FH_TYPE_INT32, INT32_MIN, 65538, 2, 65535, 0, false},
        {FH_TYPE_UINT32, 0, 65537, 2, 65535, UINT32_MAX, true},
        {FH_TYPE_UINT32, 1, 65537, 2, 65535, 0, false},
        {FH_TYPE_DATE, -719162, 1, 2, 3, -719159, true},
        {FH_TYPE_INT64, INT64_MIN, 1, 4, UINT32_MAX, INT64_MIN + UINT32_MAX, true},
        {FH_TYPE_INT64, INT64_MAX, 1, 4, 1, 0, false},
        {FH_TYPE_INT64, INT64_MIN, UINT64_MAX, 1, 1, INT64_MAX, true},
        {FH_TYPE_INT64, INT64_MIN, UINT64_MAX, 1, 2, 0, false},
        {FH_TYPE_UINT64, INT64_MAX - 1, 1, 1, 1, INT64_MAX, true},
        {FH_TYPE_UINT64, INT64_MAX, 1, 1, 1, 0, false},
        {FH_TYPE_TIMESTAMP, -1, 60000000, 2, 1, 59999999, true},
        {FH_TYPE_HUGEINT, -5, 1, 8, 3, -2, true},
        {FH_TYPE_HUGEINT, 5, 1, 8, UINT64_MAX, 0, false},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_batch_slot slot = {.type = {.code = rows[i].code},
                                     .encoding = FH_BATCH_NARROW,
                                     .width = rows[i].width,
                                     .base = rows[i].base,
                                     .unit = rows[i].unit};
        size_t size = begin(&slot, 1);
        if (rows[i].width > 0) {
            memcpy(slot.data, &rows[i].delta, rows[i].width);
        }
        struct fh_err err = {0};
        struct fh_batch batch;
        int code = parse(&batch, room, size, &err);
        if ((code == FH_OK) != rows[i].passes) {
            fail_msg("row %zu: %s", i, err.text);
        }
        if (!rows[i].passes) {
            assert_string_equal(err.rule, "batch.narrow");
            continue;
        }
        struct fh_cell cell = fh_batch_cell(&batch.columns[0], 0);
        assert_int_equal(as_integer(&cell), rows[i].value);
        if (cell.kind == FH_CELL_WIDE) {
            assert_int_equal(cell.wide.high, rows[i].value < 0 ? -1 : 0);
        }
    }
}

/* ---- dictionary ---- */

/* Entries "", "e1", "e22", ... whose lengths differ, or all of three bytes. */
static size_t make_dictionary(struct fh_batch_slot *slot,
                              uint8_t code,
                              uint32_t entries,
                              bool alike,
                              uint64_t seed,
                              uint32_t picks[ROWS])
{
    struct fh_buf text;
    int32_t ends[1001] = {0};
    struct fh_prng prng;
    fh_prng_init(&prng, seed);
    fh_buf_init(&text, ROOM);
    for (uint32_t i = 0; i < entries; i++) {
        if (alike) {
            fh_buf_printf(&text, "%03u", i);
        } else if (i > 0) {
            fh_buf_printf(&text, "e%u\xc3\xa9", i * i);
        }
        ends[i + 1] = (int32_t)text.size;
    }
    size_t plain = 0;
    for (unsigned i = 0; i < ROWS; i++) {
        picks[i] = i % 7 == 3 ? UINT32_MAX : (uint32_t)fh_prng_below(&prng, entries);
        plain += picks[i] == UINT32_MAX ? 0 : (size_t)(ends[picks[i] + 1] - ends[picks[i]]);
    }
    *slot = (struct fh_batch_slot){.type = {.code = code},
                                   .nulls = 43,
                                   .variable_size = plain,
                                   .encoding = FH_BATCH_DICTIONARY,
                                   .width = entries > 256 ? 2 : 1,
                                   .entries = entries,
                                   .dictionary_size = text.size};
    size_t size = begin(slot, ROWS);
    memcpy(slot->offsets, ends, (entries + 1) * sizeof ends[0]);
    if (text.size > 0) {
        memcpy(slot->data, text.data, text.size);
    }
    for (unsigned i = 0; i < ROWS; i++) {
        uint32_t index = picks[i] == UINT32_MAX ? 0 : picks[i];
        memcpy(slot->indices + (size_t)i * slot->width, &index, slot->width);
        if (picks[i] != UINT32_MAX) {
            slot->validity[i / 8] |= (uint8_t)(1 << i % 8);
        }
    }
    fh_buf_fini(&text);
    return size;
}

static void expect_text(char out[32], uint32_t pick, bool alike)
{
    if (alike) {
        snprintf(out, 32, "%03u", pick);
    } else if (pick == 0) {
        out[0] = 0;
    } else {
        snprintf(out, 32, "e%u\xc3\xa9", pick * pick);
    }
}

static void dictionary_texts_come_back(void **state)
{
    (void)state;
    static const uint32_t counts[] = {1, 2, 255, 256, 257, 999};
    static const uint8_t codes[] = {FH_TYPE_VARCHAR, FH_TYPE_BLOB, FH_TYPE_JSON};
    for (size_t k = 0; k < FH_COUNT(counts) * FH_COUNT(codes) * 2; k++) {
        uint32_t picks[ROWS];
        struct fh_batch_slot slot;
        struct fh_err err = {0};
        struct fh_batch batch;
        bool alike = k % 2 == 0;
        size_t size = make_dictionary(&slot, codes[k / 2 % 3], counts[k / 6], alike, k + 1, picks);
        if (parse(&batch, room, size, &err) != FH_OK) {
            fail_msg("%zu: %s", k, err.text);
        }
        const struct fh_batch_column *c = &batch.columns[0];
        assert_int_equal(c->plain_size, slot.variable_size);
        assert_int_equal(fh_batch_check_text(&batch, &err), FH_OK);
        int32_t offsets[ROWS + 1];
        uint8_t *data = malloc(c->plain_size + 1);
        fh_batch_texts(c, ROWS, offsets, data);
        for (unsigned i = 0; i < ROWS; i++) {
            char expected[32] = "";
            struct fh_cell cell = fh_batch_cell(c, i);
            struct fh_bytes plain =
                fh_bytes(data + offsets[i], (size_t)(offsets[i + 1] - offsets[i]));
            if (picks[i] == UINT32_MAX) {
                assert_int_equal(cell.kind, FH_CELL_NULL);
            } else {
                expect_text(expected, picks[i], alike);
                assert_true(fh_bytes_equal_cstr(cell.bytes, expected));
            }
            assert_true(fh_bytes_equal_cstr(plain, expected));
        }
        free(data);
    }
}

static void hostile_dictionaries_are_refused(void **state)
{
    (void)state;
    uint32_t picks[ROWS];
    struct fh_batch_slot slot;
    struct fh_batch batch;
    struct fh_err err = {0};
    size_t size = make_dictionary(&slot, FH_TYPE_VARCHAR, 200, false, 1, picks);
    slot.indices[17] = 200; /* no such entry */
    assert_int_equal(parse(&batch, room, size, &err), FH_EINVAL);
    assert_string_equal(err.rule, "batch.index");
    slot.indices[17] = 199;
    slot.indices[3] = 255; /* under NULL: not read, and refused all the same */
    assert_int_equal(parse(&batch, room, size, &err), FH_EINVAL);
    assert_string_equal(err.rule, "batch.index");
    slot.indices[3] = 0;
    assert_int_equal(parse(&batch, room, size, &err), FH_OK);
    int32_t far = 1 << 30;
    memcpy(slot.offsets + 40, &far, sizeof far);
    assert_int_equal(parse(&batch, room, size, &err), FH_EINVAL);
    assert_string_equal(err.rule, "batch.offsets");

    size = make_dictionary(&slot, FH_TYPE_VARCHAR, 200, false, 1, picks);
    slot.data[2] = 0xff; /* in an entry */
    assert_int_equal(parse(&batch, room, size, &err), FH_OK);
    assert_int_equal(fh_batch_check_text(&batch, &err), FH_EINVAL);
    assert_string_equal(err.rule, "batch.utf8");
    size = make_dictionary(&slot, FH_TYPE_VARCHAR, 200, false, 1, picks);
    int32_t middle;
    memcpy(&middle, slot.offsets + 8, sizeof middle);
    middle--; /* an entry that begins inside a character */
    memcpy(slot.offsets + 8, &middle, sizeof middle);
    assert_int_equal(parse(&batch, room, size, &err), FH_OK);
    assert_int_equal(fh_batch_check_text(&batch, &err), FH_EINVAL);
}

/* ---- headers ---- */

/* One column by hand: 14 numbers behind the name, of which `count` are written. */
static int
by_hand(uint64_t rows, const int64_t *fields, size_t count, size_t body, struct fh_err *err)
{
    struct fh_buf header;
    struct fh_batch batch;
    fh_buf_init(&header, 4096);
    fh_pack_array(&header, 3);
    fh_pack_uint(&header, 1);
    fh_pack_uint(&header, rows);
    fh_pack_array(&header, 1);
    fh_pack_array(&header, (uint32_t)count + 1);
    fh_pack_cstr(&header, "c");
    for (size_t i = 0; i < count; i++) {
        fh_pack_int(&header, fields[i]);
    }
    size_t start = (4 + header.size + 63) / 64 * 64;
    memset(room, 0, start + body);
    fh_put_u32be(room, (uint32_t)header.size);
    memcpy(room + 4, header.data, header.size);
    size_t size = body == 0 ? 4 + header.size : start + body;
    fh_buf_fini(&header);
    return parse(&batch, room, size, err);
}

static void hostile_headers_are_refused(void **state)
{
    (void)state;
    /* type, precision, scale, encoding, nulls, validity, offsets, data | base, unit, width or
     * entries, width, indices */
    static const struct {
        const char *name;
        uint64_t rows;
        int64_t fields[16];
        size_t count;
        size_t body;
        const char *rule; /* NULL: passes */
    } rows[] = {
        {"narrowed", 2, {5, 0, 0, 1, 0, 0, 0, 0, 0, 0, 4, -7, 1, 2}, 14, 4, NULL},
        {"constant", 2, {5, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, -7, 1, 0}, 14, 0, NULL},
        {"one more field", 2, {5, 0, 0, 1, 0, 0, 0, 0, 0, 0, 4, -7, 1, 2, 9}, 15, 4, NULL},
        {"without its fields",
         2,
         {5, 0, 0, 1, 0, 0, 0, 0, 0, 0, 4, -7, 1},
         13,
         4,
         "batch.encoding"},
        {"unit 0", 2, {5, 0, 0, 1, 0, 0, 0, 0, 0, 0, 4, -7, 0, 2}, 14, 4, "batch.encoding"},
        {"width 3", 2, {5, 0, 0, 1, 0, 0, 0, 0, 0, 0, 6, -7, 1, 3}, 14, 6, "batch.encoding"},
        {"as wide as plain",
         2,
         {5, 0, 0, 1, 0, 0, 0, 0, 0, 0, 16, 0, 1, 8},
         14,
         16,
         "batch.encoding"},
        {"a byte", 2, {2, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 1, 1}, 14, 2, "batch.encoding"},
        {"a float", 2, {11, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 1, 1}, 14, 2, "batch.encoding"},
        {"a text", 2, {14, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 1, 1}, 14, 2, "batch.encoding"},
        {"a UUID", 2, {25, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 1, 1}, 14, 2, "batch.encoding"},
        {"data of another width",
         2,
         {5, 0, 0, 1, 0, 0, 0, 0, 0, 0, 4, 0, 1, 4},
         14,
         4,
         "batch.layout"},
        {"narrowed with indices",
         2,
         {5, 0, 0, 1, 0, 0, 0, 0, 4, 0, 4, 0, 1, 2},
         14,
         68,
         "batch.layout"},
        {"encoding 3", 2, {5, 0, 0, 3, 0, 0, 0, 0, 0, 0, 4, 0, 1, 2}, 14, 4, "batch.encoding"},
        {"many rows of nothing",
         1 << 20,
         {5, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 1, 0},
         14,
         0,
         "batch.plain"},
        {"dictionary",
         2,
         {14, 0, 0, 2, 0, 0, 0, 0, 8, 64, 5, 1, 1, 128, 2},
         15,
         130,
         "batch.offsets"},
        {"empty entry", 2, {14, 0, 0, 2, 0, 0, 0, 0, 8, 0, 0, 1, 1, 64, 2}, 15, 66, NULL},
        {"no rows", 0, {14, 0, 0, 2, 0, 0, 0, 0, 8, 0, 0, 1, 1, 0, 0}, 15, 8, NULL},
        {"no entries",
         2,
         {14, 0, 0, 2, 0, 0, 0, 0, 4, 0, 0, 0, 1, 64, 2},
         15,
         66,
         "batch.encoding"},
        {"of numbers",
         2,
         {5, 0, 0, 2, 0, 0, 0, 0, 0, 0, 16, 1, 1, 64, 2},
         15,
         66,
         "batch.encoding"},
        {"index of 4 bytes",
         2,
         {14, 0, 0, 2, 0, 0, 0, 0, 8, 0, 0, 1, 4, 64, 8},
         15,
         72,
         "batch.encoding"},
        {"too many entries",
         2,
         {14, 0, 0, 2, 0, 0, 0, 0, 1032, 0, 0, 257, 1, 1088, 2},
         15,
         1090,
         "batch.encoding"},
        {"fewer offsets",
         2,
         {14, 0, 0, 2, 0, 0, 0, 0, 8, 0, 0, 2, 1, 64, 2},
         15,
         66,
         "batch.layout"},
        {"fewer indices",
         2,
         {14, 0, 0, 2, 0, 0, 0, 0, 8, 0, 0, 1, 1, 64, 1},
         15,
         65,
         "batch.layout"},
        {"no indices", 2, {14, 0, 0, 2, 0, 0, 0, 0, 8, 0, 0, 1, 1}, 13, 8, "batch.encoding"},
        {"indices elsewhere",
         2,
         {14, 0, 0, 2, 0, 0, 0, 0, 8, 0, 0, 1, 1, 128, 2},
         15,
         130,
         "batch.layout"},
        {"behind the end",
         200,
         {14, 0, 0, 2, 0, 0, 0, 0, 8, 0, 0, 1, 1, 64, 200},
         15,
         66,
         "batch.layout"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_err err = {0};
        int code = by_hand(rows[i].rows, rows[i].fields, rows[i].count, rows[i].body, &err);
        if ((code == FH_OK) != (rows[i].rule == NULL) ||
            (rows[i].rule != NULL && strcmp(err.rule, rows[i].rule) != 0)) {
            fail_msg("%s: %d, %s (%s)", rows[i].name, code, err.text, err.rule);
        }
    }
}

/* A small dictionary of large texts that many rows share would be large in plain form. */
static void small_batches_stay_small(void **state)
{
    (void)state;
    enum { ENTRY = 60000, MANY = 2000 };
    struct fh_err err = {0};
    struct fh_buf header;
    size_t size = 0;
    struct fh_batch_slot slot = {.name = fh_bytes_cstr("c"),
                                 .type = {.code = FH_TYPE_VARCHAR},
                                 .variable_size = 0, /* a lie */
                                 .encoding = FH_BATCH_DICTIONARY,
                                 .width = 1,
                                 .entries = 2,
                                 .dictionary_size = ENTRY + 1};
    fh_buf_init(&header, 4096);
    assert_int_equal(fh_batch_begin(room, ROOM, MANY, &slot, 1, &header, &size, &err), FH_OK);
    const int32_t ends[] = {0, 1, ENTRY + 1};
    memcpy(slot.offsets, ends, sizeof ends);
    memset(slot.data, 'x', slot.data_size);
    memset(slot.indices, 0, MANY);
    struct fh_batch batch;
    assert_int_equal(parse(&batch, room, size, &err), FH_OK);
    assert_int_equal(batch.columns[0].plain_size, MANY);
    memset(slot.indices, 1, MANY);
    assert_int_equal(parse(&batch, room, size, &err), FH_EINVAL);
    assert_string_equal(err.rule, "batch.plain");
    slot.variable_size = (size_t)ENTRY * MANY;
    assert_int_equal(fh_batch_begin(room, ROOM, MANY, &slot, 1, &header, &size, &err), FH_ETOOBIG);
    fh_buf_fini(&header);
}

/* Any flip of any bit: refused, or every cell can be read in every way. */
static void every_flip_is_refused_or_safe(void **state)
{
    (void)state;
    uint32_t picks[ROWS];
    struct fh_batch_slot slot;
    size_t size = make_dictionary(&slot, FH_TYPE_VARCHAR, 20, false, 1, picks);
    uint8_t *tight = malloc(size);
    for (size_t bit = 0; bit < size * 8; bit++) {
        struct fh_err err = {0};
        struct fh_batch batch;
        memcpy(tight, room, size);
        tight[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        if (parse(&batch, tight, size, &err) != FH_OK) {
            assert_true(err.rule[0] != 0);
            continue;
        }
        const struct fh_batch_column *c = &batch.columns[0];
        int32_t *offsets = malloc((batch.rows + 1) * sizeof *offsets);
        uint8_t *data = malloc(c->plain_size + 1);
        if (batch.rows > 0 && fh_type_is_variable(c->type)) {
            fh_batch_texts(c, batch.rows, offsets, data);
            assert_int_equal(offsets[batch.rows], c->plain_size);
        }
        free(offsets);
        free(data);
    }
    free(tight);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(narrowed_values_come_back),
        cmocka_unit_test(narrowed_ends_of_types),
        cmocka_unit_test(dictionary_texts_come_back),
        cmocka_unit_test(hostile_dictionaries_are_refused),
        cmocka_unit_test(hostile_headers_are_refused),
        cmocka_unit_test(small_batches_stay_small),
        cmocka_unit_test(every_flip_is_refused_or_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
