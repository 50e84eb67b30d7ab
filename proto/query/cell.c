/* SPDX-License-Identifier: Apache-2.0 */
/* Cells as text: the printed forms of DuckDB 1.4, and JSON. */
#include "common/assert.h"
#include "common/time.h"
#include "proto/query/batch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 uint128;

static const int64_t micros_per_s = 1000000;
static const int64_t seconds_per_day = 86400;

/* ---- numbers ---- */

/* Digits of |value|, right-aligned; returns where they begin. */
static char *wide_digits(char out[40], uint128 magnitude)
{
    char *at = out + 39;
    *at = 0;
    do {
        *--at = (char)('0' + (int)(magnitude % 10));
        magnitude /= 10;
    } while (magnitude != 0);
    return at;
}

static void put_wide(struct fh_buf *out, struct fh_int128 value, unsigned scale)
{
    uint128 raw = (uint128)(uint64_t)value.high << 64 | value.low;
    bool negative = value.high < 0;
    char room[40];
    char *digits = wide_digits(room, negative ? ~raw + 1 : raw);
    size_t length = strlen(digits);
    if (negative) {
        fh_buf_add_u8(out, '-');
    }
    if (scale == 0) {
        fh_buf_add_cstr(out, digits);
        return;
    }
    if (length <= scale) {
        fh_buf_add_cstr(out, "0.");
        for (size_t i = length; i < scale; i++) {
            fh_buf_add_u8(out, '0');
        }
        fh_buf_add_cstr(out, digits);
        return;
    }
    fh_buf_add(out, digits, length - scale);
    fh_buf_add_u8(out, '.');
    fh_buf_add_cstr(out, digits + length - scale);
}

static bool reads_back(const char *text, double value, bool single)
{
    return single ? strtof(text, NULL) == (float)value : strtod(text, NULL) == value;
}

/* The shortest decimal that reads back as the same value, as digits and exponent: 1.5 is "15", 0.
 */
static void shortest(double magnitude, bool single, char digits[24], int *out_exponent)
{
    char text[40] = "";
    for (int precision = 0; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*e", precision, magnitude);
        if (reads_back(text, magnitude, single)) {
            break;
        }
    }
    size_t length = 0;
    const char *at = text;
    for (; *at != 'e' && *at != 0; at++) {
        if (*at != '.') {
            digits[length++] = *at;
        }
    }
    digits[length] = 0;
    *out_exponent = *at == 'e' ? (int)strtol(at + 1, NULL, 10) : 0;
}

static void put_real(struct fh_buf *out, double value, bool single)
{
    if (isnan(value) || isinf(value)) {
        fh_buf_add_cstr(out, isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
        return;
    }
    if (signbit(value)) {
        fh_buf_add_u8(out, '-');
    }
    char digits[24];
    int exponent = 0;
    shortest(fabs(value), single, digits, &exponent);
    int length = (int)strlen(digits);
    if (exponent < -4 || exponent >= 16) {
        fh_buf_add_u8(out, (uint8_t)digits[0]);
        if (length > 1) {
            fh_buf_printf(out, ".%s", digits + 1);
        }
        fh_buf_printf(out, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
    } else if (exponent < 0) {
        fh_buf_printf(out, "0.%.*s%s", -exponent - 1, "0000", digits);
    } else if (length <= exponent + 1) {
        fh_buf_printf(out, "%s%.*s.0", digits, exponent + 1 - length, "0000000000000000");
    } else {
        fh_buf_printf(out, "%.*s.%s", exponent + 1, digits, digits + exponent + 1);
    }
}

/* ---- time ---- */

static void put_date(struct fh_buf *out, int64_t days)
{
    struct fh_date date = fh_date_of_days(days);
    bool before_christ = date.year <= 0;
    fh_buf_printf(out,
                  "%04lld-%02lld-%02lld",
                  (long long)(before_christ ? 1 - date.year : date.year),
                  (long long)date.month,
                  (long long)date.day);
    if (before_christ) {
        fh_buf_add_cstr(out, " (BC)");
    }
}

/* ".5" for 500000 of 6 digits; nothing for zero. */
static void put_fraction(struct fh_buf *out, uint64_t fraction, int digits)
{
    if (fraction == 0) {
        return;
    }
    while (fraction % 10 == 0) {
        fraction /= 10;
        digits--;
    }
    fh_buf_printf(out, ".%0*llu", digits, (unsigned long long)fraction);
}

static void put_clock(struct fh_buf *out, uint64_t seconds, uint64_t fraction, int digits)
{
    fh_buf_printf(out,
                  "%02llu:%02llu:%02llu",
                  (unsigned long long)(seconds / 3600),
                  (unsigned long long)(seconds / 60 % 60),
                  (unsigned long long)(seconds % 60));
    put_fraction(out, fraction, digits);
}

static int64_t floor_div(int64_t a, int64_t b)
{
    int64_t quotient = a / b;
    return a % b < 0 ? quotient - 1 : quotient;
}

/* What is left of `a`, 0 to b - 1: a - floor_div(a, b) * b would leave the range at its ends. */
static int64_t floor_rest(int64_t a, int64_t b)
{
    int64_t rest = a % b;
    return rest < 0 ? rest + b : rest;
}

/* DuckDB keeps infinities at the ends of the range. */
static bool put_infinity(struct fh_buf *out, int64_t value, int64_t most)
{
    if (value != most && value != -most) {
        return false;
    }
    fh_buf_add_cstr(out, value < 0 ? "-infinity" : "infinity");
    return true;
}

static void put_timestamp(struct fh_buf *out, int64_t value, int64_t per_second, int digits)
{
    if (put_infinity(out, value, INT64_MAX)) {
        return;
    }
    int64_t seconds = floor_div(value, per_second);
    put_date(out, floor_div(seconds, seconds_per_day));
    fh_buf_add_u8(out, ' ');
    put_clock(out,
              (uint64_t)floor_rest(seconds, seconds_per_day),
              (uint64_t)floor_rest(value, per_second),
              digits);
}

static void put_part(struct fh_buf *out, size_t start, int64_t value, const char *unit)
{
    if (value != 0) {
        fh_buf_printf(out,
                      "%s%lld %s%s",
                      out->size == start ? "" : " ",
                      (long long)value,
                      unit,
                      value == 1 || value == -1 ? "" : "s");
    }
}

static void put_interval(struct fh_buf *out, const struct fh_cell *cell)
{
    size_t start = out->size;
    put_part(out, start, cell->interval.months / 12, "year");
    put_part(out, start, cell->interval.months % 12, "month");
    put_part(out, start, cell->interval.days, "day");
    int64_t micros = cell->interval.micros;
    if (micros != 0 || out->size == start) {
        if (out->size != start) {
            fh_buf_add_u8(out, ' ');
        }
        uint64_t magnitude = micros < 0 ? ~(uint64_t)micros + 1 : (uint64_t)micros;
        if (micros < 0) {
            fh_buf_add_u8(out, '-');
        }
        put_clock(out, magnitude / (uint64_t)micros_per_s, magnitude % (uint64_t)micros_per_s, 6);
    }
}

/* ---- bytes ---- */

void fh_blob_text(struct fh_bytes bytes, struct fh_buf *out)
{
    for (size_t i = 0; i < bytes.size; i++) {
        uint8_t c = bytes.data[i];
        if (c < 0x20 || c > 0x7e || c == '\\' || c == '\'' || c == '"') {
            fh_buf_printf(out, "\\x%02X", c);
        } else {
            fh_buf_add_u8(out, c);
        }
    }
}

static void put_uuid(struct fh_buf *out, struct fh_bytes bytes)
{
    FH_ASSERT(bytes.size == 16);
    for (size_t i = 0; i < bytes.size; i++) {
        bool dash = i == 4 || i == 6 || i == 8 || i == 10;
        fh_buf_printf(out, "%s%02x", dash ? "-" : "", bytes.data[i]);
    }
}

static void put_integer(struct fh_buf *out, const struct fh_cell *cell)
{
    int64_t value = cell->integer;
    switch (cell->type.code) {
    case FH_TYPE_DATE:
        if (!put_infinity(out, value, INT32_MAX)) {
            put_date(out, value);
        }
        break;
    case FH_TYPE_TIME: {
        uint64_t micros = value < 0 ? 0 : (uint64_t)value;
        put_clock(out, micros / (uint64_t)micros_per_s, micros % (uint64_t)micros_per_s, 6);
        break;
    }
    case FH_TYPE_TIMESTAMP:
        put_timestamp(out, value, micros_per_s, 6);
        break;
    case FH_TYPE_TIMESTAMP_S:
        put_timestamp(out, value, 1, 0);
        break;
    case FH_TYPE_TIMESTAMP_MS:
        put_timestamp(out, value, 1000, 3);
        break;
    case FH_TYPE_TIMESTAMP_NS:
        put_timestamp(out, value, 1000000000, 9);
        break;
    case FH_TYPE_TIMESTAMP_TZ:
        put_timestamp(out, value, micros_per_s, 6);
        if (value != INT64_MAX && value != -INT64_MAX) {
            fh_buf_add_cstr(out, "+00");
        }
        break;
    default:
        fh_buf_printf(out, "%lld", (long long)value);
        break;
    }
}

void fh_cell_text(const struct fh_cell *cell, struct fh_buf *out)
{
    switch (cell->kind) {
    case FH_CELL_NULL:
        break;
    case FH_CELL_BOOL:
        fh_buf_add_cstr(out, cell->integer != 0 ? "true" : "false");
        break;
    case FH_CELL_INT:
        put_integer(out, cell);
        break;
    case FH_CELL_UINT:
        fh_buf_printf(out, "%llu", (unsigned long long)cell->natural);
        break;
    case FH_CELL_WIDE:
        put_wide(out, cell->wide, cell->type.scale);
        break;
    case FH_CELL_REAL:
        put_real(out, cell->real, cell->type.code == FH_TYPE_FLOAT);
        break;
    case FH_CELL_INTERVAL:
        put_interval(out, cell);
        break;
    case FH_CELL_BYTES:
        if (cell->type.code == FH_TYPE_BLOB) {
            fh_blob_text(cell->bytes, out);
        } else if (cell->type.code == FH_TYPE_UUID) {
            put_uuid(out, cell->bytes);
        } else {
            fh_buf_add_bytes(out, cell->bytes);
        }
        break;
    }
}

/* ---- JSON (RFC 8259) ---- */

/* Bytes of the well-formed UTF-8 character at the front, or 0. */
static size_t utf8_length(struct fh_bytes text)
{
    uint8_t lead = text.data[0];
    size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (lead < 0x80) {
        return 1;
    }
    return length <= text.size && fh_utf8_valid(fh_bytes(text.data, length)) ? length : 0;
}

void fh_json_string(struct fh_bytes text, struct fh_buf *out)
{
    fh_buf_add_u8(out, '"');
    while (text.size > 0) {
        uint8_t c = text.data[0];
        size_t length = utf8_length(text);
        if (c == '"' || c == '\\') {
            fh_buf_printf(out, "\\%c", c);
        } else if (c == '\n') {
            fh_buf_add_cstr(out, "\\n");
        } else if (c == '\t') {
            fh_buf_add_cstr(out, "\\t");
        } else if (c == '\r') {
            fh_buf_add_cstr(out, "\\r");
        } else if (c < 0x20 || c == 0x7f) {
            fh_buf_printf(out, "\\u%04x", c);
        } else if (length == 0) {
            fh_buf_add_cstr(out, "\xef\xbf\xbd");
        } else {
            fh_buf_add(out, text.data, length);
        }
        length = length == 0 ? 1 : length;
        text = fh_bytes(text.data + length, text.size - length);
    }
    fh_buf_add_u8(out, '"');
}

/* Checks one JSON value, so that a peer's JSON column cannot break out of the array it is put into.
 */
struct json {
    const uint8_t *at;
    const uint8_t *end;
    bool bad;
};

enum { JSON_DEPTH_MAX = 64 };

static uint8_t json_peek(const struct json *j)
{
    return j->at < j->end ? *j->at : 0;
}

static void json_space(struct json *j)
{
    while (j->at < j->end && strchr(" \t\n\r", *j->at) != NULL && *j->at != 0) {
        j->at++;
    }
}

static void json_expect(struct json *j, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(j->end - j->at) < length || memcmp(j->at, word, length) != 0) {
        j->bad = true;
        return;
    }
    j->at += length;
}

static void json_text(struct json *j)
{
    const uint8_t *start = j->at;
    json_expect(j, "\"");
    while (!j->bad && json_peek(j) != '"') {
        if (j->at >= j->end || *j->at < 0x20) {
            j->bad = true;
            return;
        }
        if (*j->at == '\\') {
            j->at++;
            uint8_t hex[2];
            char four[5] = "";
            if (json_peek(j) == 'u' && j->end - j->at > 4) {
                memcpy(four, j->at + 1, 4);
                j->bad = !fh_unhex(hex, sizeof hex, four);
                j->at += 4;
            } else if (json_peek(j) == 0 || strchr("\"\\/bfnrt", json_peek(j)) == NULL) {
                j->bad = true;
                return;
            }
        }
        j->at++;
    }
    json_expect(j, "\"");
    if (!j->bad) {
        j->bad = !fh_utf8_valid(fh_bytes(start, (size_t)(j->at - start)));
    }
}

static void json_digits(struct json *j)
{
    if (json_peek(j) < '0' || json_peek(j) > '9') {
        j->bad = true;
    }
    while (json_peek(j) >= '0' && json_peek(j) <= '9') {
        j->at++;
    }
}

static void json_number(struct json *j)
{
    if (json_peek(j) == '-') {
        j->at++;
    }
    if (json_peek(j) == '0') {
        j->at++;
    } else {
        json_digits(j);
    }
    if (json_peek(j) == '.') {
        j->at++;
        json_digits(j);
    }
    if (json_peek(j) == 'e' || json_peek(j) == 'E') {
        j->at++;
        if (json_peek(j) == '+' || json_peek(j) == '-') {
            j->at++;
        }
        json_digits(j);
    }
}

static void json_value(struct json *j, unsigned depth);

static void json_members(struct json *j, unsigned depth, char close)
{
    j->at++;
    json_space(j);
    if (json_peek(j) == (uint8_t)close) {
        j->at++;
        return;
    }
    while (!j->bad) {
        if (close == '}') {
            json_space(j);
            json_text(j);
            json_space(j);
            json_expect(j, ":");
        }
        json_value(j, depth + 1);
        if (json_peek(j) == (uint8_t)close) {
            j->at++;
            return;
        }
        json_expect(j, ",");
    }
}

static void json_value(struct json *j, unsigned depth)
{
    json_space(j);
    uint8_t c = json_peek(j);
    if (depth > JSON_DEPTH_MAX || j->bad) {
        j->bad = true;
    } else if (c == '{' || c == '[') {
        json_members(j, depth, c == '{' ? '}' : ']');
    } else if (c == '"') {
        json_text(j);
    } else if (c == 't') {
        json_expect(j, "true");
    } else if (c == 'f') {
        json_expect(j, "false");
    } else if (c == 'n') {
        json_expect(j, "null");
    } else {
        json_number(j);
    }
    json_space(j);
}

bool fh_json_valid(struct fh_bytes text)
{
    if (text.size == 0) {
        return false;
    }
    struct json j = {.at = text.data, .end = text.data + text.size};
    json_value(&j, 0);
    return !j.bad && j.at == j.end;
}

void fh_cell_json(const struct fh_cell *cell, struct fh_buf *out)
{
    bool number = cell->type.code <= FH_TYPE_DECIMAL;
    if (cell->kind == FH_CELL_NULL) {
        fh_buf_add_cstr(out, "null");
    } else if (cell->kind == FH_CELL_BYTES && cell->type.code == FH_TYPE_JSON &&
               fh_json_valid(cell->bytes)) {
        fh_buf_add_bytes(out, cell->bytes);
    } else if (cell->kind == FH_CELL_BYTES && fh_type_is_variable(cell->type) &&
               cell->type.code != FH_TYPE_BLOB) {
        fh_json_string(cell->bytes, out);
    } else if (number && (cell->kind != FH_CELL_REAL || isfinite(cell->real))) {
        fh_cell_text(cell, out); // true, 12, 1.5: JSON reads them alike
    } else {
        struct fh_buf text;
        fh_buf_init(&text, 4 * FH_BATCH_BYTES_MAX);
        fh_cell_text(cell, &text);
        fh_json_string(fh_buf_view(&text), out);
        fh_buf_fini(&text);
    }
}
