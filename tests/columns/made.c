/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/columns/made.h"

#include "common/assert.h"

#include <inttypes.h>
#include <string.h>

enum {
    BYTES_MAX = 64 * 1024 * 1024,
    EDGES = 8, /* the first rows of each eight are edges */
};

/* ---- cells ---- */

void made_cell_init(struct made_cell *cell)
{
    *cell = (struct made_cell){.null = true};
    fh_buf_init(&cell->text, 4096);
}

void made_cell_fini(struct made_cell *cell)
{
    fh_buf_fini(&cell->text);
}

static void put_le(uint8_t *out, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
}

static uint64_t get_le(const uint8_t *in, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value |= (uint64_t)in[i] << (8 * i);
    }
    return value;
}

static bool is_signed(uint8_t code)
{
    return code != FH_TYPE_UINT8 && code != FH_TYPE_UINT16 && code != FH_TYPE_UINT32 &&
           code != FH_TYPE_UINT64;
}

static void fill_integer(uint8_t *out, size_t width, bool with_sign, size_t row, uint64_t random)
{
    uint64_t sign = (uint64_t)1 << (8 * width - 1);
    const uint64_t edges[] = {0, 1, UINT64_MAX, with_sign ? sign : sign - 1, sign - 1};
    put_le(out, row % EDGES < FH_COUNT(edges) ? edges[row % EDGES] : random, width);
}

/* Within `most` of 0 on both sides, or on one. */
static void
fill_bounded(uint8_t *out, size_t width, int64_t least, int64_t most, size_t row, uint64_t random)
{
    const int64_t edges[] = {0, 1, least < 0 ? -1 : 2, least, most};
    int64_t chosen = least + (int64_t)(random % (uint64_t)(most - least + 1));
    put_le(out, (uint64_t)(row % EDGES < FH_COUNT(edges) ? edges[row % EDGES] : chosen), width);
}

/* 10^digits - 1 at most, either sign. */
static void fill_wide(uint8_t out[16], unsigned digits, size_t row, struct fh_prng *prng)
{
    uint64_t low = 0;
    uint64_t high = 0;
    for (unsigned i = 0; i < digits; i++) {
        uint64_t digit = row % EDGES < 2 ? 9 : fh_prng_below(prng, 10);
        uint64_t middle = (low >> 32) * 10;
        uint64_t bottom = (low & UINT32_MAX) * 10 + digit;
        middle += bottom >> 32;
        low = middle << 32 | (bottom & UINT32_MAX);
        high = high * 10 + (middle >> 32);
    }
    if (row % 2 == 1) {
        low = ~low + 1;
        high = ~high + (low == 0 ? 1 : 0);
    }
    put_le(out, low, 8);
    put_le(out + 8, high, 8);
}

static void fill_real(uint8_t *out, bool is_double, size_t row, uint64_t random)
{
    static const double edges[] = {
        0, -0.0, 1.5, -__builtin_inf(), __builtin_inf(), __builtin_nan(""), 0.1};
    double value = row % EDGES < FH_COUNT(edges) ? edges[row % EDGES]
                                                 : (double)(int64_t)random / (double)(1 << 20);
    float narrow = (float)value;
    uint64_t bits = 0;
    uint32_t narrow_bits = 0;
    memcpy(&bits, &value, sizeof bits);
    memcpy(&narrow_bits, &narrow, sizeof narrow_bits);
    put_le(out, is_double ? bits : narrow_bits, is_double ? 8 : 4);
}

static void fill_text(struct fh_buf *out, size_t row, struct fh_prng *prng)
{
    static const char *const texts[] = {
        "", "a", "\xC3\xA9\xE6\x97\xA5\xF0\x9F\x98\x80", "say \"x\",\nthen\\", "NULL", " two  "};
    if (row % EDGES < FH_COUNT(texts)) {
        fh_buf_add_cstr(out, texts[row % EDGES]);
    } else {
        fh_buf_printf(out, "text %" PRIu64, fh_prng_below(prng, 20));
    }
}

void made_cell_fill(struct made_cell *cell, struct fh_type type, size_t row, struct fh_prng *prng)
{
    int width = fh_type_width(type);
    uint64_t random = fh_prng_u64(prng);
    cell->null = false;
    memset(cell->fixed, 0, sizeof cell->fixed);
    fh_buf_reset(&cell->text);
    switch ((enum fh_type_code)type.code) {
    case FH_TYPE_BOOL:
        cell->fixed[0] = random % 2;
        break;
    case FH_TYPE_INT8:
    case FH_TYPE_INT16:
    case FH_TYPE_INT32:
    case FH_TYPE_INT64:
    case FH_TYPE_UINT8:
    case FH_TYPE_UINT16:
    case FH_TYPE_UINT32:
    case FH_TYPE_UINT64:
        fill_integer(cell->fixed, (size_t)width, is_signed(type.code), row, random);
        break;
    case FH_TYPE_HUGEINT:
        fill_wide(cell->fixed, 38, row, prng);
        break;
    case FH_TYPE_DECIMAL:
        fill_wide(cell->fixed, type.precision, row, prng);
        break;
    case FH_TYPE_FLOAT:
    case FH_TYPE_DOUBLE:
        fill_real(cell->fixed, type.code == FH_TYPE_DOUBLE, row, random);
        break;
    case FH_TYPE_VARCHAR:
        fill_text(&cell->text, row, prng);
        break;
    case FH_TYPE_JSON:
        fh_buf_printf(&cell->text, "{\"a\": [%" PRIu64 ", null]}", random % 100);
        break;
    case FH_TYPE_BLOB:
        fh_buf_add(&cell->text, &random, row % EDGES);
        break;
    case FH_TYPE_DATE:
        fill_bounded(cell->fixed, 4, -700000, 2900000, row, random);
        break;
    case FH_TYPE_TIME:
        fill_bounded(cell->fixed, 8, 0, 86399999999, row, random);
        break;
    case FH_TYPE_TIMESTAMP:
    case FH_TYPE_TIMESTAMP_TZ:
        fill_bounded(cell->fixed, 8, -60000000000000000, 250000000000000000, row, random);
        break;
    case FH_TYPE_TIMESTAMP_S:
        fill_bounded(cell->fixed, 8, -60000000000, 250000000000, row, random);
        break;
    case FH_TYPE_TIMESTAMP_MS:
        fill_bounded(cell->fixed, 8, -60000000000000, 250000000000000, row, random);
        break;
    case FH_TYPE_TIMESTAMP_NS:
        fill_bounded(cell->fixed, 8, -9000000000000000000, 100000000000000000, row, random);
        break;
    case FH_TYPE_INTERVAL:
        fill_bounded(cell->fixed, 4, -1000, 1000, row, random);
        fill_bounded(cell->fixed + 4, 4, -40000, 40000, row + 1, random >> 8);
        fill_bounded(cell->fixed + 8, 8, -9000000000000000, 9000000000000000, row + 2, random);
        break;
    case FH_TYPE_UUID:
        put_le(cell->fixed, random, 8);
        put_le(cell->fixed + 8, fh_prng_u64(prng), 8);
        break;
    case FH_TYPE_COUNT:
        FH_ASSERT(false);
    }
}

/* ---- what readers should find ---- */

static int64_t signed_le(const uint8_t *in, size_t size)
{
    uint64_t value = get_le(in, size);
    uint64_t sign = (uint64_t)1 << (8 * size - 1);
    return (int64_t)(size < 8 ? (value ^ sign) - sign : value);
}

static struct fh_cell public_cell(const struct made_cell *cell, struct fh_type type)
{
    int width = fh_type_width(type);
    struct fh_cell out = {.kind = FH_CELL_INT, .type = type};
    switch (width) {
    case -1:
        out.kind = FH_CELL_BYTES;
        out.bytes = fh_buf_view(&cell->text);
        break;
    case 0:
        out.kind = FH_CELL_BOOL;
        out.integer = cell->fixed[0];
        break;
    case 16:
        out.kind = type.code == FH_TYPE_UUID       ? FH_CELL_BYTES
                   : type.code == FH_TYPE_INTERVAL ? FH_CELL_INTERVAL
                                                   : FH_CELL_WIDE;
        out.bytes = fh_bytes(cell->fixed, 16);
        out.wide.low = get_le(cell->fixed, 8);
        out.wide.high = signed_le(cell->fixed + 8, 8);
        out.interval.months = (int32_t)signed_le(cell->fixed, 4);
        out.interval.days = (int32_t)signed_le(cell->fixed + 4, 4);
        out.interval.micros = signed_le(cell->fixed + 8, 8);
        break;
    default:
        out.kind = is_signed(type.code) ? FH_CELL_INT : FH_CELL_UINT;
        out.integer = signed_le(cell->fixed, (size_t)width);
        out.natural = get_le(cell->fixed, (size_t)width);
    }
    if (type.code == FH_TYPE_FLOAT || type.code == FH_TYPE_DOUBLE) {
        float narrow = 0;
        uint32_t narrow_bits = (uint32_t)out.natural;
        uint64_t bits = get_le(cell->fixed, 8);
        out.natural = 0;
        memcpy(&narrow, &narrow_bits, sizeof narrow);
        memcpy(&out.real, &bits, sizeof bits);
        out.real = type.code == FH_TYPE_FLOAT ? (double)narrow : out.real;
        out.kind = FH_CELL_REAL;
    }
    return out;
}

void made_cell_text(const struct made_cell *cell, struct fh_type type, struct fh_buf *out)
{
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&text, 64 * 1024);
    if (cell->null) {
        fh_buf_add_cstr(out, "null");
        return;
    }
    struct fh_cell value = public_cell(cell, type);
    fh_cell_text(&value, &text);
    fh_json_string(fh_buf_view(&text), out);
}

static void put_hex(struct fh_buf *out, struct fh_bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        fh_buf_printf(out, "%02x", bytes.data[i]);
    }
}

void made_cell_raw(const struct made_cell *cell, struct fh_type type, struct fh_buf *out)
{
    struct fh_cell value = public_cell(cell, type);
    if (cell->null) {
        fh_buf_add_cstr(out, "null");
        return;
    }
    if (type.code == FH_TYPE_VARCHAR || type.code == FH_TYPE_JSON) {
        fh_json_string(value.bytes, out);
        return;
    }
    fh_buf_add_u8(out, '"');
    uint64_t bits = 0;
    switch (value.kind) {
    case FH_CELL_BOOL:
    case FH_CELL_INT:
        fh_buf_printf(out, "%" PRId64, value.integer);
        break;
    case FH_CELL_UINT:
        fh_buf_printf(out, "%" PRIu64, value.natural);
        break;
    case FH_CELL_WIDE:
        value.type = (struct fh_type){.code = FH_TYPE_HUGEINT};
        fh_cell_text(&value, out);
        break;
    case FH_CELL_REAL:
        memcpy(&bits, &value.real, sizeof bits);
        fh_buf_printf(out, "%016" PRIx64, bits);
        break;
    case FH_CELL_INTERVAL:
        fh_buf_printf(out,
                      "%" PRId32 " %" PRId32 " %" PRId64,
                      value.interval.months,
                      value.interval.days,
                      value.interval.micros * 1000);
        break;
    case FH_CELL_BYTES:
        put_hex(out, value.bytes);
        break;
    case FH_CELL_NULL:
        FH_ASSERT(false);
    }
    fh_buf_add_u8(out, '"');
}

/* ---- columns ---- */

void made_column_init(struct made_column *column, const char *name, struct fh_type type)
{
    *column = (struct made_column){.field = {.name = name, .type = type}};
    fh_buf_init(&column->validity, BYTES_MAX);
    fh_buf_init(&column->offsets, BYTES_MAX);
    fh_buf_init(&column->data, BYTES_MAX);
    fh_buf_init(&column->indices, BYTES_MAX);
    made_column_reset(column);
}

void made_column_fini(struct made_column *column)
{
    fh_buf_fini(&column->validity);
    fh_buf_fini(&column->offsets);
    fh_buf_fini(&column->data);
    fh_buf_fini(&column->indices);
}

static void add_offset(struct made_column *column)
{
    uint8_t offset[4];
    put_le(offset, column->data.size, sizeof offset);
    fh_buf_add(&column->offsets, offset, sizeof offset);
}

void made_column_reset(struct made_column *column)
{
    column->rows = 0;
    column->nulls = 0;
    column->entries = 0;
    fh_buf_reset(&column->validity);
    fh_buf_reset(&column->offsets);
    fh_buf_reset(&column->data);
    fh_buf_reset(&column->indices);
    if (fh_type_is_variable(column->field.type)) {
        add_offset(column);
    }
}

static void set_bit(struct fh_buf *bits, size_t at, bool value)
{
    if (at % 8 == 0) {
        fh_buf_add_u8(bits, 0);
    }
    FH_ASSERT(fh_buf_ok(bits) == FH_OK);
    bits->data[at / 8] |= (uint8_t)((unsigned)value << (at % 8));
}

void made_column_add(struct made_column *column, const struct made_cell *cell)
{
    int width = fh_type_width(column->field.type);
    set_bit(&column->validity, column->rows, !cell->null);
    if (width == 0) {
        set_bit(&column->data, column->rows, !cell->null && cell->fixed[0] != 0);
    } else if (width > 0) {
        fh_buf_add(&column->data, cell->fixed, (size_t)width);
    } else {
        fh_buf_add_bytes(&column->data, cell->null ? FH_BYTES_NONE : fh_buf_view(&cell->text));
        add_offset(column);
    }
    column->nulls += cell->null;
    column->rows++;
}

void made_column_entry(struct made_column *column, struct fh_bytes text)
{
    fh_buf_add_bytes(&column->data, text);
    add_offset(column);
    column->entries++;
}

void made_column_number(struct made_column *column, uint16_t number)
{
    uint8_t bytes[2];
    put_le(bytes, number, sizeof bytes);
    set_bit(&column->validity, column->rows, true);
    fh_buf_add(&column->indices, bytes, sizeof bytes);
    column->rows++;
}

struct freehold_vector made_column_vector(const struct made_column *column)
{
    return (struct freehold_vector){
        .size = sizeof(struct freehold_vector),
        .rows = column->rows,
        .nulls = column->nulls,
        .validity = column->nulls == 0 ? NULL : column->validity.data,
        .offsets = column->offsets.size == 0 ? NULL : (const void *)column->offsets.data,
        .data = column->data.size == 0 ? NULL : column->data.data,
        .data_size = column->data.size,
        .entries = column->entries,
        .index_width = column->entries == 0 ? 0 : 2,
        .indices = column->entries == 0 ? NULL : column->indices.data,
    };
}
