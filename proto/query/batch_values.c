/* SPDX-License-Identifier: Apache-2.0 */
/* Values out of a parsed batch, whatever their encoding. */
#include "proto/query/batch.h"

#include "common/assert.h"
#include "common/wide.h"

#include <string.h>

bool fh_batch_is_null(const struct fh_batch_column *column, uint32_t row)
{
    return column->nulls > 0 && (column->validity[row / 8] >> (row % 8) & 1) == 0;
}

static int64_t read_signed(const uint8_t *at, int width)
{
    int64_t value = 0;
    memcpy(&value, at, (size_t)width);
    unsigned shift = 64 - 8 * (unsigned)width;
    return shift == 0 ? value : (int64_t)((uint64_t)value << shift) >> shift;
}

static uint64_t read_unsigned(const uint8_t *at, size_t width)
{
    uint64_t value = 0;
    memcpy(&value, at, width);
    return value;
}

static void read_fixed(struct fh_cell *cell, const uint8_t *at, int width)
{
    float single;
    switch (cell->type.code) {
    case FH_TYPE_UINT8:
    case FH_TYPE_UINT16:
    case FH_TYPE_UINT32:
    case FH_TYPE_UINT64:
        cell->kind = FH_CELL_UINT;
        cell->natural = read_unsigned(at, (size_t)width);
        break;
    case FH_TYPE_HUGEINT:
    case FH_TYPE_DECIMAL:
        cell->kind = FH_CELL_WIDE;
        cell->wide.low = read_unsigned(at, 8);
        cell->wide.high = read_signed(at + 8, 8);
        break;
    case FH_TYPE_FLOAT:
        cell->kind = FH_CELL_REAL;
        memcpy(&single, at, sizeof single);
        cell->real = (double)single;
        break;
    case FH_TYPE_DOUBLE:
        cell->kind = FH_CELL_REAL;
        memcpy(&cell->real, at, sizeof cell->real);
        break;
    case FH_TYPE_INTERVAL:
        cell->kind = FH_CELL_INTERVAL;
        cell->interval.months = (int32_t)read_signed(at, 4);
        cell->interval.days = (int32_t)read_signed(at + 4, 4);
        cell->interval.micros = read_signed(at + 8, 8);
        break;
    case FH_TYPE_UUID:
        cell->kind = FH_CELL_BYTES;
        cell->bytes = fh_bytes(at, 16);
        break;
    default:
        cell->kind = FH_CELL_INT;
        cell->integer = read_signed(at, width);
        break;
    }
}

/* ---- narrowed columns ---- */

/* Each row's integer, `unit` times and above the base. The casts cut to what the type holds, which
 * the parser has proved to be the whole value. */
#define WIDEN(name, from_type, to_type)                                                            \
    FH_WIDE static void name(                                                                      \
        const uint8_t *from, uint32_t count, uint64_t base, uint64_t unit, void *out)              \
    {                                                                                              \
        uint8_t *to = out;                                                                         \
        for (uint32_t i = 0; i < count; i++) {                                                     \
            from_type delta;                                                                       \
            memcpy(&delta, from + (size_t)i * sizeof delta, sizeof delta);                         \
            to_type value = (to_type)(base + unit * delta);                                        \
            memcpy(to + (size_t)i * sizeof value, &value, sizeof value);                           \
        }                                                                                          \
    }

WIDEN(widen_1_2, uint8_t, uint16_t)
WIDEN(widen_1_4, uint8_t, uint32_t)
WIDEN(widen_2_4, uint16_t, uint32_t)
WIDEN(widen_1_8, uint8_t, uint64_t)
WIDEN(widen_2_8, uint16_t, uint64_t)
WIDEN(widen_4_8, uint32_t, uint64_t)

static void put_value(uint8_t *out, uint64_t value, unsigned width)
{
    memcpy(out, &value, width < sizeof value ? width : sizeof value);
    if (width == 16) {
        memset(out + sizeof value, (int64_t)value < 0 ? 0xff : 0, sizeof value);
    }
}

static void widen(
    const struct fh_batch_column *column, uint32_t from, uint32_t count, unsigned width, void *out)
{
    uint64_t base = (uint64_t)column->base;
    const uint8_t *at =
        column->width == 0 ? NULL : column->data.data + (size_t)from * column->width;
    switch (width << 4 | column->width) {
    case 0x21:
        widen_1_2(at, count, base, column->unit, out);
        break;
    case 0x41:
        widen_1_4(at, count, base, column->unit, out);
        break;
    case 0x42:
        widen_2_4(at, count, base, column->unit, out);
        break;
    case 0x81:
        widen_1_8(at, count, base, column->unit, out);
        break;
    case 0x82:
        widen_2_8(at, count, base, column->unit, out);
        break;
    case 0x84:
        widen_4_8(at, count, base, column->unit, out);
        break;
    default: /* 16 bytes wide, or all rows alike */
        for (uint32_t i = 0; i < count; i++) {
            uint64_t delta = column->width == 0
                                 ? 0
                                 : read_unsigned(at + (size_t)i * column->width, column->width);
            put_value((uint8_t *)out + (size_t)i * width, base + column->unit * delta, width);
        }
        break;
    }
}

void fh_batch_values(const struct fh_batch_column *column, uint32_t from, uint32_t count, void *out)
{
    int width = fh_type_width(column->type);
    FH_ASSERT(width > 0);
    if (count == 0) {
        return;
    }
    if (column->encoding == FH_BATCH_NARROW) {
        widen(column, from, count, (unsigned)width, out);
    } else {
        memcpy(
            out, column->data.data + (size_t)from * (size_t)width, (size_t)count * (size_t)width);
    }
}

/* ---- text ---- */

static uint32_t entry_of(const struct fh_batch_column *column, uint32_t row)
{
    return column->encoding == FH_BATCH_DICTIONARY
               ? (uint32_t)read_unsigned(column->indices + (size_t)row * column->width,
                                         column->width)
               : row;
}

struct fh_bytes fh_batch_bytes(const struct fh_batch_column *column, uint32_t row)
{
    int32_t ends[2];
    uint32_t entry = entry_of(column, row);
    memcpy(ends, column->offsets + (size_t)entry * sizeof ends[0], sizeof ends);
    return fh_bytes(ends[0] == ends[1] ? NULL : column->data.data + ends[0],
                    (size_t)(ends[1] - ends[0]));
}

void fh_batch_texts(const struct fh_batch_column *column,
                    uint32_t rows,
                    int32_t *out_offsets,
                    uint8_t *out_data)
{
    if (column->encoding != FH_BATCH_DICTIONARY) {
        memcpy(out_offsets, column->offsets, ((size_t)rows + 1) * sizeof *out_offsets);
        if (column->data.size > 0) {
            memcpy(out_data, column->data.data, column->data.size);
        }
        return;
    }
    size_t end = 0;
    out_offsets[0] = 0;
    for (uint32_t row = 0; row < rows; row++) {
        if (!fh_batch_is_null(column, row)) {
            struct fh_bytes text = fh_batch_bytes(column, row);
            if (text.size > 0) {
                memcpy(out_data + end, text.data, text.size);
            }
            end += text.size;
        }
        out_offsets[row + 1] = (int32_t)end;
    }
    FH_ASSERT(end == column->plain_size);
}

/* ---- cells ---- */

struct fh_cell fh_batch_cell(const struct fh_batch_column *column, uint32_t row)
{
    struct fh_cell cell = {.kind = FH_CELL_NULL, .type = column->type};
    if (fh_batch_is_null(column, row)) {
        return cell;
    }
    int width = fh_type_width(column->type);
    if (width < 0) {
        cell.kind = FH_CELL_BYTES;
        cell.bytes = fh_batch_bytes(column, row);
    } else if (width == 0) {
        cell.kind = FH_CELL_BOOL;
        cell.integer = column->data.data[row / 8] >> (row % 8) & 1;
    } else if (column->encoding == FH_BATCH_NARROW) {
        uint8_t value[16]; /* not of a kind that a cell points into */
        widen(column, row, 1, (unsigned)width, value);
        read_fixed(&cell, value, width);
    } else {
        read_fixed(&cell, column->data.data + (size_t)row * (size_t)width, width);
    }
    return cell;
}
