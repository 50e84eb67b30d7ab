/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/columns/parquet_values.h"

#include "common/assert.h"
#include "proto/query/batch.h"
#include "tools/columns/flat.h"
#include "tools/columns/parquet_schema.h"

#include <endian.h>
#include <string.h>

enum {
    SIZE_BYTES = 4,
    WIDE_BYTES = 16,
    MILLIS_PER_S = 1000,
};

/* ---- texts ---- */

uint32_t fh_parquet_index(const struct freehold_vector *vector, size_t row)
{
    uint16_t index = 0;
    if (vector->index_width == 1) {
        return ((const uint8_t *)vector->indices)[row];
    }
    memcpy(&index, (const uint8_t *)vector->indices + 2 * row, sizeof index);
    return le16toh(index);
}

struct fh_bytes fh_parquet_text(const struct freehold_vector *vector, size_t row)
{
    size_t number = vector->entries > 0 ? fh_parquet_index(vector, row) : row;
    size_t from = le32toh((uint32_t)vector->offsets[number]);
    size_t to = le32toh((uint32_t)vector->offsets[number + 1]);
    FH_ASSERT(from <= to && to <= vector->data_size);
    return to == from ? FH_BYTES_NONE : fh_bytes((const uint8_t *)vector->data + from, to - from);
}

static void put_text(struct fh_buf *out, struct fh_bytes text)
{
    uint8_t size[SIZE_BYTES];
    fh_flat_put(size, text.size, sizeof size);
    fh_buf_add(out, size, sizeof size);
    fh_buf_add_bytes(out, text);
}

static void put_interval(struct fh_buf *out, const struct freehold_vector *vector, size_t row)
{
    struct fh_field_interval value = fh_field_interval(vector, row);
    struct fh_cell cell = {
        .kind = FH_CELL_INTERVAL,
        .type = {.code = FH_TYPE_INTERVAL},
        .interval = {.months = value.months, .days = value.days, .micros = value.micros},
    };
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&text, 256);
    fh_cell_text(&cell, &text);
    put_text(out, fh_buf_view(&text));
}

static void
put_texts(struct fh_buf *out, const struct fh_field *field, const struct freehold_vector *vector)
{
    for (size_t row = 0; row < vector->rows; row++) {
        if (!fh_field_has(vector, row)) {
            continue;
        }
        if (field->type.code == FH_TYPE_INTERVAL) {
            put_interval(out, vector, row);
        } else {
            put_text(out, fh_parquet_text(vector, row));
        }
    }
}

/* ---- bits ---- */

static void put_bits(struct fh_buf *out, const struct freehold_vector *vector)
{
    const uint8_t *from = vector->data;
    uint8_t *to = fh_buf_reserve(out, (vector->rows - vector->nulls + 7) / 8);
    if (to == NULL) {
        return;
    }
    memset(to, 0, (vector->rows - vector->nulls + 7) / 8);
    size_t count = 0;
    for (size_t row = 0; row < vector->rows; row++) {
        if (fh_field_has(vector, row)) {
            to[count / 8] |= (uint8_t)((from[row / 8] >> (row % 8) & 1) << (count % 8));
            count++;
        }
    }
}

/* ---- values of a fixed width ---- */

/* How `from` bytes of a value become `to`. */
enum way {
    WAY_COPY,    /* the first bytes, all or the low ones */
    WAY_SIGNED,  /* more bytes of the same sign */
    WAY_NATURAL, /* more bytes, zeros */
    WAY_TURNED,  /* most significant byte first */
    WAY_SECONDS, /* thousandfold */
};

struct conversion {
    enum way way;
    size_t from;
    size_t to;
};

static struct conversion conversion_of(struct fh_type type)
{
    static const size_t sizes[] = {
        [FH_PARQUET_INT32] = 4,
        [FH_PARQUET_INT64] = 8,
        [FH_PARQUET_FLOAT] = 4,
        [FH_PARQUET_DOUBLE] = 8,
        [FH_PARQUET_FIXED] = FH_PARQUET_FIXED_BYTES,
    };
    enum fh_parquet_type physical = fh_parquet_type_of(type);
    FH_ASSERT(fh_type_width(type) > 0);
    struct conversion conversion = {
        .way = WAY_COPY, .from = (size_t)fh_type_width(type), .to = sizes[physical]};
    if (type.code == FH_TYPE_TIMESTAMP_S) {
        conversion.way = WAY_SECONDS;
    } else if (conversion.from < conversion.to) {
        conversion.way =
            type.code == FH_TYPE_UINT8 || type.code == FH_TYPE_UINT16 ? WAY_NATURAL : WAY_SIGNED;
    } else if (physical == FH_PARQUET_FIXED && type.code != FH_TYPE_UUID) {
        conversion.way = WAY_TURNED;
    }
    return conversion;
}

/* False for a value that has no place there. */
static bool
convert(struct conversion conversion, const uint8_t *restrict from, uint8_t *restrict to)
{
    uint64_t seconds = 0;
    int64_t millis = 0;
    switch (conversion.way) {
    case WAY_COPY:
        memcpy(to, from, conversion.to);
        break;
    case WAY_SIGNED:
    case WAY_NATURAL: {
        bool negative = conversion.way == WAY_SIGNED && from[conversion.from - 1] >> 7 != 0;
        memset(to, negative ? 0xFF : 0, conversion.to);
        memcpy(to, from, conversion.from);
        break;
    }
    case WAY_TURNED:
        for (size_t i = 0; i < conversion.to; i++) {
            to[i] = from[conversion.from - 1 - i];
        }
        break;
    case WAY_SECONDS:
        memcpy(&seconds, from, sizeof seconds);
        if (__builtin_mul_overflow((int64_t)le64toh(seconds), (int64_t)MILLIS_PER_S, &millis)) {
            return false;
        }
        fh_flat_put(to, (uint64_t)millis, conversion.to);
        break;
    }
    return true;
}

static int put_fixed(struct fh_buf *out,
                     const struct fh_field *field,
                     const struct freehold_vector *vector,
                     struct fh_err *err)
{
    struct conversion conversion = conversion_of(field->type);
    const uint8_t *from = vector->data;
    uint8_t *to = fh_buf_reserve(out, (vector->rows - vector->nulls) * conversion.to);
    if (to == NULL) {
        return FH_OK; /* the buffer tells */
    }
    bool all = vector->nulls == 0;
    if (all && conversion.way == WAY_COPY && conversion.from == conversion.to) {
        memcpy(to, from, vector->rows * conversion.to);
        return FH_OK;
    }
    for (size_t row = 0; row < vector->rows; row++, from += conversion.from) {
        if (!all && !fh_field_has(vector, row)) {
            continue;
        }
        if (!convert(conversion, from, to)) {
            return fh_field_refuse(field, "64 bits of milliseconds", err);
        }
        to += conversion.to;
    }
    return FH_OK;
}

int fh_parquet_values(struct fh_buf *out,
                      const struct fh_field *field,
                      const struct freehold_vector *vector,
                      struct fh_err *err)
{
    int code = FH_OK;
    switch (fh_parquet_type_of(field->type)) {
    case FH_PARQUET_BOOLEAN:
        put_bits(out, vector);
        break;
    case FH_PARQUET_BYTES:
        put_texts(out, field, vector);
        break;
    case FH_PARQUET_INT32:
    case FH_PARQUET_INT64:
    case FH_PARQUET_FLOAT:
    case FH_PARQUET_DOUBLE:
    case FH_PARQUET_FIXED:
        code =
            field->type.code == FH_TYPE_HUGEINT ? fh_field_check_wide(field, vector, err) : FH_OK;
        if (code == FH_OK) {
            code = put_fixed(out, field, vector, err);
        }
        break;
    }
    if (code == FH_OK && fh_buf_ok(out) != FH_OK) {
        code = fh_err_set(err, fh_buf_ok(out), "column %s: no memory for a page", field->name);
    }
    return code;
}
