/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pg/types.h"

#include "common/assert.h"
#include "common/time.h"
#include "tools/door/pg/decimal.h"
#include "tools/door/pg/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NAMES_BYTES = 32,
};

/* ---- columns ---- */

static const struct {
    const char *name; /* of libfreehold's type; DECIMAL has its digits behind it */
    uint32_t oid;
    int16_t size;
    enum fh_pg_value value;
} table[] = {
    {"BOOLEAN", FH_PG_OID_BOOL, 1, FH_PG_VALUE_BOOL},
    {"TINYINT", FH_PG_OID_INT2, 2, FH_PG_VALUE_I8},
    {"SMALLINT", FH_PG_OID_INT2, 2, FH_PG_VALUE_I16},
    {"INTEGER", FH_PG_OID_INT4, 4, FH_PG_VALUE_I32},
    {"BIGINT", FH_PG_OID_INT8, 8, FH_PG_VALUE_I64},
    {"UTINYINT", FH_PG_OID_INT2, 2, FH_PG_VALUE_U8},
    {"USMALLINT", FH_PG_OID_INT4, 4, FH_PG_VALUE_U16},
    {"UINTEGER", FH_PG_OID_INT8, 8, FH_PG_VALUE_U32},
    {"UBIGINT", FH_PG_OID_NUMERIC, -1, FH_PG_VALUE_U64},
    {"HUGEINT", FH_PG_OID_NUMERIC, -1, FH_PG_VALUE_I128},
    {"DECIMAL", FH_PG_OID_NUMERIC, -1, FH_PG_VALUE_I128},
    {"FLOAT", FH_PG_OID_FLOAT4, 4, FH_PG_VALUE_FLOAT},
    {"DOUBLE", FH_PG_OID_FLOAT8, 8, FH_PG_VALUE_DOUBLE},
    {"VARCHAR", FH_PG_OID_TEXT, -1, FH_PG_VALUE_TEXT},
    {"JSON", FH_PG_OID_JSON, -1, FH_PG_VALUE_TEXT},
    {"BLOB", FH_PG_OID_BYTEA, -1, FH_PG_VALUE_BYTES},
    {"DATE", FH_PG_OID_DATE, 4, FH_PG_VALUE_DATE},
    {"TIME", FH_PG_OID_TIME, 8, FH_PG_VALUE_TIME},
    {"TIMESTAMP", FH_PG_OID_TIMESTAMP, 8, FH_PG_VALUE_TIMESTAMP},
    {"TIMESTAMP_S", FH_PG_OID_TIMESTAMP, 8, FH_PG_VALUE_TIMESTAMP_S},
    {"TIMESTAMP_MS", FH_PG_OID_TIMESTAMP, 8, FH_PG_VALUE_TIMESTAMP_MS},
    {"TIMESTAMP_NS", FH_PG_OID_TIMESTAMP, 8, FH_PG_VALUE_TIMESTAMP_NS},
    {"TIMESTAMP WITH TIME ZONE", FH_PG_OID_TIMESTAMPTZ, 8, FH_PG_VALUE_TIMESTAMPTZ},
    {"INTERVAL", FH_PG_OID_INTERVAL, 16, FH_PG_VALUE_INTERVAL},
    {"UUID", FH_PG_OID_UUID, 16, FH_PG_VALUE_UUID},
};

void fh_pg_column_of(struct fh_pg_column *out, const struct freehold_column *column)
{
    char name[NAMES_BYTES];
    snprintf(name, sizeof name, "%s", column->type_name);
    unsigned long precision = 0;
    unsigned long scale = 0;
    char *bracket = strchr(name, '(');
    if (bracket != NULL) {
        char *end = NULL;
        *bracket = 0;
        precision = strtoul(bracket + 1, &end, 10);
        scale = *end == ',' ? strtoul(end + 1, NULL, 10) : 0;
    }
    *out = (struct fh_pg_column){.modifier = -1};
    snprintf(out->name, sizeof out->name, "%s", column->name);
    size_t i = 0;
    while (i < FH_COUNT(table) && strcmp(table[i].name, name) != 0) {
        i++;
    }
    FH_ASSERT(i < FH_COUNT(table)); /* libfreehold refuses types that it does not know */
    out->oid = table[i].oid;
    out->size = table[i].size;
    out->value = table[i].value;
    if (bracket != NULL) {
        out->scale = (uint8_t)scale;
        out->modifier = (int32_t)(precision << 16 | scale) + 4;
    }
}

void fh_pg_columns_describe(struct fh_buf *out,
                            const struct fh_pg_column *columns,
                            const uint8_t *formats,
                            size_t count)
{
    FH_ASSERT(count <= FH_BATCH_COLUMNS_MAX);
    size_t begun = fh_pg_reply_begin(out, 'T');
    fh_pg_reply_u16(out, (unsigned)count);
    for (size_t i = 0; i < count; i++) {
        fh_pg_reply_text(out, columns[i].name);
        fh_pg_reply_u32(out, 0); /* of no table here */
        fh_pg_reply_u16(out, 0);
        fh_pg_reply_u32(out, columns[i].oid);
        fh_pg_reply_u16(out, (uint16_t)columns[i].size);
        fh_pg_reply_u32(out, (uint32_t)columns[i].modifier);
        fh_pg_reply_u16(out, formats[i]);
    }
    fh_pg_reply_end(out, begun);
}

/* ---- values in arrays ---- */

static int32_t i32_at(const uint8_t *data, size_t row)
{
    int32_t value;
    memcpy(&value, data + row * sizeof value, sizeof value);
    return value;
}

static int64_t i64_at(const uint8_t *data, size_t row)
{
    int64_t value;
    memcpy(&value, data + row * sizeof value, sizeof value);
    return value;
}

static uint16_t u16_at(const uint8_t *data, size_t row)
{
    uint16_t value;
    memcpy(&value, data + row * sizeof value, sizeof value);
    return value;
}

static bool bit_at(const uint8_t *data, size_t row)
{
    return (data[row / 8] >> (row % 8) & 1) != 0;
}

/* Whole numbers that fit an int64_t. */
static int64_t integer_at(enum fh_pg_value value, const uint8_t *data, size_t row)
{
    switch ((int)value) {
    case FH_PG_VALUE_I8:
        return (int8_t)data[row];
    case FH_PG_VALUE_U8:
        return data[row];
    case FH_PG_VALUE_I16:
        return (int16_t)u16_at(data, row);
    case FH_PG_VALUE_U16:
        return u16_at(data, row);
    case FH_PG_VALUE_U32:
        return (int64_t)(uint32_t)i32_at(data, row);
    case FH_PG_VALUE_I32:
    case FH_PG_VALUE_DATE:
        return i32_at(data, row);
    default:
        return i64_at(data, row);
    }
}

/* ---- time ---- */

static const int64_t micros_per_second = 1000000;
static const int64_t micros_per_day = INT64_C(86400000000);
static const int64_t days_to_2000 = 10957;

static int64_t floor_div(int64_t a, int64_t b)
{
    int64_t quotient = a / b;
    return a % b < 0 ? quotient - 1 : quotient;
}

/* Microseconds since 1970; the ends of the range are infinities, and what is beyond it too. */
static int64_t micros_at(enum fh_pg_value value, const uint8_t *data, size_t row)
{
    int64_t raw = i64_at(data, row);
    int64_t micros = raw;
    int64_t factor = value == FH_PG_VALUE_TIMESTAMP_S    ? micros_per_second
                     : value == FH_PG_VALUE_TIMESTAMP_MS ? 1000
                                                         : 1;
    if (raw == INT64_MAX || raw <= -INT64_MAX) {
        return raw < 0 ? -INT64_MAX : INT64_MAX;
    }
    if (value == FH_PG_VALUE_TIMESTAMP_NS) {
        return floor_div(raw, 1000);
    }
    if (__builtin_mul_overflow(raw, factor, &micros)) {
        return raw < 0 ? -INT64_MAX : INT64_MAX;
    }
    return micros;
}

static size_t put_cstr(uint8_t *out, const char *text)
{
    size_t size = strlen(text);
    memcpy(out, text, size);
    return size;
}

/* YYYY-MM-DD of days since 1970; true in `*out_bc` before Christ. */
static size_t put_date(uint8_t *out, int64_t days, bool *out_bc)
{
    struct fh_date date = fh_date_of_days(days);
    *out_bc = date.year <= 0;
    uint64_t shown = (uint64_t)(date.year <= 0 ? 1 - date.year : date.year);
    size_t size = 4;
    if (shown > 9999) {
        size = fh_pg_put_unsigned(out, shown);
    } else {
        fh_pg_put_digits(out, shown, 4);
    }
    out[size] = '-';
    fh_pg_put_digits(out + size + 1, (uint64_t)date.month, 2);
    out[size + 3] = '-';
    fh_pg_put_digits(out + size + 4, (uint64_t)date.day, 2);
    return size + 6;
}

/* ".5" for half a second; nothing for none. */
static size_t put_fraction(uint8_t *out, uint64_t micros)
{
    if (micros == 0) {
        return 0;
    }
    unsigned digits = 6;
    while (micros % 10 == 0) {
        micros /= 10;
        digits--;
    }
    out[0] = '.';
    fh_pg_put_digits(out + 1, micros, digits);
    return 1 + digits;
}

static size_t put_clock(uint8_t *out, uint64_t micros)
{
    uint64_t seconds = micros / (uint64_t)micros_per_second;
    size_t size = 2;
    if (seconds / 3600 > 99) {
        size = fh_pg_put_unsigned(out, seconds / 3600);
    } else {
        fh_pg_put_digits(out, seconds / 3600, 2);
    }
    out[size] = ':';
    fh_pg_put_digits(out + size + 1, seconds / 60 % 60, 2);
    out[size + 3] = ':';
    fh_pg_put_digits(out + size + 4, seconds % 60, 2);
    return size + 6 + put_fraction(out + size + 6, micros % (uint64_t)micros_per_second);
}

static size_t text_date(uint8_t *out, int64_t days)
{
    bool bc = false;
    if (days == INT32_MAX || days <= -INT32_MAX) {
        return put_cstr(out, days < 0 ? "-infinity" : "infinity");
    }
    size_t size = put_date(out, days, &bc);
    return size + (bc ? put_cstr(out + size, " BC") : 0);
}

static size_t text_timestamp(uint8_t *out, int64_t micros, bool zone)
{
    bool bc = false;
    if (micros == INT64_MAX || micros == -INT64_MAX) {
        return put_cstr(out, micros < 0 ? "-infinity" : "infinity");
    }
    int64_t days = floor_div(micros, micros_per_day);
    size_t size = put_date(out, days, &bc);
    out[size++] = ' ';
    size += put_clock(out + size, (uint64_t)(micros - days * micros_per_day));
    size += zone ? put_cstr(out + size, "+00") : 0;
    return size + (bc ? put_cstr(out + size, " BC") : 0);
}

/* One unit of IntervalStyle postgres: behind a negative one a positive one has a sign. */
static size_t put_unit(uint8_t *out, size_t size, int64_t value, const char *unit, bool *before)
{
    if (value == 0) {
        return size;
    }
    if (size > 0) {
        out[size++] = ' ';
    }
    if (*before && value > 0) {
        out[size++] = '+';
    }
    size += fh_pg_put_signed(out + size, value);
    out[size++] = ' ';
    size += put_cstr(out + size, unit);
    if (value != 1) {
        out[size++] = 's';
    }
    *before = value < 0;
    return size;
}

static size_t text_interval(uint8_t *out, const uint8_t *data, size_t row)
{
    int32_t months = i32_at(data + 16 * row, 0);
    int32_t days = i32_at(data + 16 * row, 1);
    int64_t micros = i64_at(data + 16 * row, 1);
    bool before = false;
    size_t size = put_unit(out, 0, months / 12, "year", &before);
    size = put_unit(out, size, months % 12, "mon", &before);
    size = put_unit(out, size, days, "day", &before);
    if (micros == 0 && size > 0) {
        return size;
    }
    if (size > 0) {
        out[size++] = ' ';
    }
    if (micros < 0 || before) {
        out[size++] = micros < 0 ? '-' : '+';
    }
    return size + put_clock(out + size, micros < 0 ? ~(uint64_t)micros + 1 : (uint64_t)micros);
}

static size_t text_uuid(uint8_t *out, const uint8_t *bytes)
{
    size_t size = 0;
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            out[size++] = '-';
        }
        out[size++] = (uint8_t) "0123456789abcdef"[bytes[i] >> 4];
        out[size++] = (uint8_t) "0123456789abcdef"[bytes[i] & 15];
    }
    return size;
}

/* ---- values ---- */

size_t fh_pg_value_text(
    uint8_t *out, enum fh_pg_value value, unsigned scale, const uint8_t *data, size_t row)
{
    double real;
    float single;
    switch (value) {
    case FH_PG_VALUE_BOOL:
        out[0] = bit_at(data, row) ? 't' : 'f';
        return 1;
    case FH_PG_VALUE_U64:
        return fh_pg_put_unsigned(out, (uint64_t)i64_at(data, row));
    case FH_PG_VALUE_I128:
        return fh_pg_put_numeric(
            out, (uint64_t)i64_at(data, 2 * row), i64_at(data, 2 * row + 1), scale);
    case FH_PG_VALUE_FLOAT:
        memcpy(&single, data + row * sizeof single, sizeof single);
        return fh_pg_put_float(out, single);
    case FH_PG_VALUE_DOUBLE:
        memcpy(&real, data + row * sizeof real, sizeof real);
        return fh_pg_put_double(out, real);
    case FH_PG_VALUE_DATE:
        return text_date(out, i32_at(data, row));
    case FH_PG_VALUE_TIME:
        return put_clock(out, (uint64_t)i64_at(data, row));
    case FH_PG_VALUE_TIMESTAMP_S:
    case FH_PG_VALUE_TIMESTAMP_MS:
    case FH_PG_VALUE_TIMESTAMP:
    case FH_PG_VALUE_TIMESTAMP_NS:
        return text_timestamp(out, micros_at(value, data, row), false);
    case FH_PG_VALUE_TIMESTAMPTZ:
        return text_timestamp(out, micros_at(value, data, row), true);
    case FH_PG_VALUE_INTERVAL:
        return text_interval(out, data, row);
    case FH_PG_VALUE_UUID:
        return text_uuid(out, data + 16 * row);
    case FH_PG_VALUE_I8:
    case FH_PG_VALUE_U8:
    case FH_PG_VALUE_I16:
    case FH_PG_VALUE_U16:
    case FH_PG_VALUE_I32:
    case FH_PG_VALUE_U32:
    case FH_PG_VALUE_I64:
        return fh_pg_put_signed(out, integer_at(value, data, row));
    case FH_PG_VALUE_TEXT:
    case FH_PG_VALUE_BYTES:
        break;
    }
    return 0;
}

static size_t pack_u16(uint8_t *out, uint16_t value)
{
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
    return 2;
}

static size_t pack_u32(uint8_t *out, uint32_t value)
{
    fh_put_u32be(out, value);
    return 4;
}

static size_t pack_u64(uint8_t *out, uint64_t value)
{
    fh_put_u64be(out, value);
    return 8;
}

/* Since 2000, with the infinities at the ends of the type. */
static size_t pack_date(uint8_t *out, int64_t days)
{
    bool infinite = days == INT32_MAX || days <= -INT32_MAX + days_to_2000;
    int64_t since = infinite ? (days < 0 ? INT32_MIN : INT32_MAX) : days - days_to_2000;
    return pack_u32(out, (uint32_t)since);
}

static size_t pack_timestamp(uint8_t *out, int64_t micros)
{
    int64_t since;
    if (micros == INT64_MAX ||
        __builtin_sub_overflow(micros, days_to_2000 * micros_per_day, &since) ||
        micros == -INT64_MAX) {
        since = micros < 0 ? INT64_MIN : INT64_MAX;
    }
    return pack_u64(out, (uint64_t)since);
}

size_t fh_pg_value_binary(
    uint8_t *out, enum fh_pg_value value, unsigned scale, const uint8_t *data, size_t row)
{
    switch (value) {
    case FH_PG_VALUE_BOOL:
        out[0] = bit_at(data, row) ? 1 : 0;
        return 1;
    case FH_PG_VALUE_I8:
    case FH_PG_VALUE_U8:
    case FH_PG_VALUE_I16:
        return pack_u16(out, (uint16_t)integer_at(value, data, row));
    case FH_PG_VALUE_U16:
        return pack_u32(out, u16_at(data, row));
    case FH_PG_VALUE_I32:
    case FH_PG_VALUE_FLOAT: /* its bits */
        return pack_u32(out, (uint32_t)i32_at(data, row));
    case FH_PG_VALUE_U32:
        return pack_u64(out, (uint32_t)i32_at(data, row));
    case FH_PG_VALUE_I64:
    case FH_PG_VALUE_DOUBLE: /* its bits */
    case FH_PG_VALUE_TIME:
        return pack_u64(out, (uint64_t)i64_at(data, row));
    case FH_PG_VALUE_U64:
        return fh_pg_pack_numeric(out, (uint64_t)i64_at(data, row), 0, 0);
    case FH_PG_VALUE_I128:
        return fh_pg_pack_numeric(
            out, (uint64_t)i64_at(data, 2 * row), i64_at(data, 2 * row + 1), scale);
    case FH_PG_VALUE_DATE:
        return pack_date(out, i32_at(data, row));
    case FH_PG_VALUE_TIMESTAMP_S:
    case FH_PG_VALUE_TIMESTAMP_MS:
    case FH_PG_VALUE_TIMESTAMP:
    case FH_PG_VALUE_TIMESTAMP_NS:
    case FH_PG_VALUE_TIMESTAMPTZ:
        return pack_timestamp(out, micros_at(value, data, row));
    case FH_PG_VALUE_INTERVAL:
        pack_u64(out, (uint64_t)i64_at(data + 16 * row, 1));
        pack_u32(out + 8, (uint32_t)i32_at(data + 16 * row, 1));
        pack_u32(out + 12, (uint32_t)i32_at(data + 16 * row, 0));
        return 16;
    case FH_PG_VALUE_UUID:
        memcpy(out, data + 16 * row, 16);
        return 16;
    case FH_PG_VALUE_TEXT:
    case FH_PG_VALUE_BYTES:
        break;
    }
    return 0;
}
