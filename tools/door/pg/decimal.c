/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pg/decimal.h"

#include "common/assert.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 uint128;

enum {
    GROUP = 10000, /* numeric is packed in digits of this base */
    GROUP_DIGITS = 4,
    WIDE_DIGITS = 39,         /* of 128 bits */
    UNPACK_DIGITS_MAX = 1000, /* of a parameter, in front of and behind the point */
    NUMERIC_NEGATIVE = 0x4000,
    NUMERIC_NAN = 0xC000,
    NUMERIC_INFINITE = 0xD000,
    NUMERIC_MINUS_INFINITE = 0xF000,
};

static const char pairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

/* ---- integers ---- */

static unsigned digits_of(uint64_t value)
{
    unsigned digits = 1;
    for (uint64_t limit = 10; value >= limit && digits < 20; limit *= 10) {
        digits++;
        if (limit > UINT64_MAX / 10) {
            break;
        }
    }
    return digits;
}

void fh_pg_put_digits(uint8_t *out, uint64_t value, unsigned width)
{
    while (width >= 2) {
        width -= 2;
        memcpy(out + width, pairs + 2 * (value % 100), 2);
        value /= 100;
    }
    if (width == 1) {
        out[0] = (uint8_t)('0' + value % 10);
    }
}

size_t fh_pg_put_unsigned(uint8_t *out, uint64_t value)
{
    unsigned digits = digits_of(value);
    fh_pg_put_digits(out, value, digits);
    return digits;
}

size_t fh_pg_put_signed(uint8_t *out, int64_t value)
{
    if (value >= 0) {
        return fh_pg_put_unsigned(out, (uint64_t)value);
    }
    out[0] = '-';
    return 1 + fh_pg_put_unsigned(out + 1, ~(uint64_t)value + 1);
}

/* ---- floating point ---- */

/* Few digits behind the point are common, and need no search: the value is the one nearest to a
 * short decimal, which the division gives exactly. 0 when it is not. */
static size_t put_short(uint8_t *out, double magnitude)
{
    static const double scales[] = {1, 10, 100, 1000, 10000};
    if (!(magnitude < 1e10) || (magnitude < 1e-4 && magnitude > 0)) {
        return 0;
    }
    for (unsigned places = 0; places < FH_COUNT(scales); places++) {
        double whole = rint(magnitude * scales[places]);
        if (whole / scales[places] == magnitude) {
            uint64_t digits = (uint64_t)whole;
            uint64_t scale = (uint64_t)scales[places];
            size_t size = fh_pg_put_unsigned(out, digits / scale);
            if (places > 0) {
                out[size++] = '.';
                fh_pg_put_digits(out + size, digits % scale, places);
                size += places;
            }
            return size;
        }
    }
    return 0;
}

/* The fewest digits that read back, as "d.ddde+xx" is taken apart: `digits` and the exponent. */
static int shortest(double magnitude, bool single, char digits[24])
{
    char text[40] = "";
    bool tiny = magnitude < (single ? 1e-37 : 1e-300); /* without all digits */
    int enough = single ? 9 : 17;
    for (int precision = tiny ? 1 : enough - (single ? 3 : 2); precision <= enough; precision++) {
        snprintf(text, sizeof text, "%.*e", precision - 1, magnitude);
        bool same =
            single ? strtof(text, NULL) == (float)magnitude : strtod(text, NULL) == magnitude;
        if (same) {
            break;
        }
    }
    char *e = strchr(text, 'e');
    FH_ASSERT(e != NULL);
    size_t size = 0;
    for (const char *at = text; at < e; at++) {
        if (*at != '.') {
            digits[size++] = *at;
        }
    }
    while (size > 1 && digits[size - 1] == '0') {
        size--;
    }
    digits[size] = 0;
    return (int)strtol(e + 1, NULL, 10);
}

static size_t put_real(uint8_t *out, double value, bool single)
{
    char text[48];
    char digits[24];
    if (isnan(value) || isinf(value)) {
        const char *name = isnan(value) ? "NaN" : value < 0 ? "-Infinity" : "Infinity";
        memcpy(out, name, strlen(name));
        return strlen(name);
    }
    size_t sign = signbit(value) ? 1 : 0;
    out[0] = '-';
    double magnitude = fabs(value);
    size_t brief = single ? 0 : put_short(out + sign, magnitude);
    if (brief > 0) {
        return sign + brief;
    }
    int exponent = magnitude == 0 ? 0 : shortest(magnitude, single, digits);
    if (magnitude == 0) {
        snprintf(digits, sizeof digits, "0");
    }
    int count = (int)strlen(digits);
    int most = single ? 6 : 15; /* PostgreSQL's, above which it has an exponent */
    if (exponent < -4 || exponent >= most) {
        snprintf(text,
                 sizeof text,
                 "%c%s%se%c%02d",
                 digits[0],
                 count > 1 ? "." : "",
                 digits + 1,
                 exponent < 0 ? '-' : '+',
                 abs(exponent));
    } else if (exponent < 0) {
        snprintf(text, sizeof text, "0.%.*s%s", -exponent - 1, "0000", digits);
    } else if (count <= exponent + 1) {
        snprintf(text, sizeof text, "%s%.*s", digits, exponent + 1 - count, "000000000000000");
    } else {
        snprintf(text, sizeof text, "%.*s.%s", exponent + 1, digits, digits + exponent + 1);
    }
    memcpy(out + sign, text, strlen(text));
    return sign + strlen(text);
}

size_t fh_pg_put_double(uint8_t *out, double value)
{
    return put_real(out, value, false);
}

size_t fh_pg_put_float(uint8_t *out, float value)
{
    return put_real(out, (double)value, true);
}

/* ---- numeric ---- */

static uint128 magnitude_of(uint64_t low, int64_t high)
{
    uint128 raw = (uint128)(uint64_t)high << 64 | low;
    return high < 0 ? ~raw + 1 : raw;
}

/* All digits, at least `least`, with leading zeros. */
static size_t wide_digits(uint8_t out[WIDE_DIGITS + 1], uint128 magnitude, size_t least)
{
    static const uint64_t billion_squared = UINT64_C(1000000000000000000);
    uint8_t room[54];
    size_t at = sizeof room;
    do {
        at -= 18;
        fh_pg_put_digits(room + at, (uint64_t)(magnitude % billion_squared), 18);
        magnitude /= billion_squared;
    } while (magnitude != 0);
    while (at < sizeof room - 1 && room[at] == '0' && sizeof room - at > least) {
        at++;
    }
    size_t size = sizeof room - at;
    size_t zeros = size < least ? least - size : 0;
    FH_ASSERT(zeros + size <= WIDE_DIGITS + 1);
    memset(out, '0', zeros);
    memcpy(out + zeros, room + at, size);
    return zeros + size;
}

size_t fh_pg_put_numeric(uint8_t *out, uint64_t low, int64_t high, unsigned scale)
{
    uint8_t digits[WIDE_DIGITS + 1];
    uint128 magnitude = magnitude_of(low, high);
    size_t sign = high < 0 ? 1 : 0;
    size_t count;
    FH_ASSERT(scale < WIDE_DIGITS);
    out[0] = '-';
    if (magnitude <= UINT64_MAX && scale == 0) {
        return sign + fh_pg_put_unsigned(out + sign, (uint64_t)magnitude);
    }
    count = wide_digits(digits, magnitude, scale + 1);
    memcpy(out + sign, digits, count - scale);
    size_t size = sign + count - scale;
    if (scale > 0) {
        out[size++] = '.';
        memcpy(out + size, digits + count - scale, scale);
        size += scale;
    }
    return size;
}

static void put_u16(uint8_t *out, unsigned value)
{
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
}

/* The value of `size` digits. */
static unsigned group_of(const uint8_t *digits, size_t size)
{
    unsigned value = 0;
    for (size_t i = 0; i < size; i++) {
        value = 10 * value + (unsigned)(digits[i] - '0');
    }
    return value;
}

/* Groups of four digits to both sides of the point. */
static size_t split_groups(unsigned groups[24], const uint8_t *digits, size_t count, unsigned scale)
{
    static const unsigned tens[] = {1, 10, 100, 1000};
    size_t whole = count - scale;
    size_t filled = 0;
    size_t first = whole % GROUP_DIGITS;
    if (first > 0) {
        groups[filled++] = group_of(digits, first);
    }
    for (size_t i = first; i < whole; i += GROUP_DIGITS) {
        groups[filled++] = group_of(digits + i, GROUP_DIGITS);
    }
    for (size_t i = whole; i < count; i += GROUP_DIGITS) {
        size_t size = count - i < GROUP_DIGITS ? count - i : GROUP_DIGITS;
        groups[filled++] = group_of(digits + i, size) * tens[GROUP_DIGITS - size];
    }
    return filled;
}

size_t fh_pg_pack_numeric(uint8_t *out, uint64_t low, int64_t high, unsigned scale)
{
    uint8_t digits[WIDE_DIGITS + 1];
    unsigned groups[24];
    FH_ASSERT(scale < WIDE_DIGITS);
    size_t count = wide_digits(digits, magnitude_of(low, high), scale + 1);
    size_t filled = split_groups(groups, digits, count, scale);
    size_t whole = (count - scale + GROUP_DIGITS - 1) / GROUP_DIGITS;
    size_t from = 0;
    while (from < filled && groups[from] == 0) {
        from++;
    }
    while (filled > from && groups[filled - 1] == 0) {
        filled--;
    }
    bool zero = filled == from;
    put_u16(out, (unsigned)(filled - from));
    put_u16(out + 2, zero ? 0 : (unsigned)((int)whole - 1 - (int)from) & 0xffff);
    put_u16(out + 4, high < 0 ? NUMERIC_NEGATIVE : 0);
    put_u16(out + 6, scale);
    for (size_t i = from; i < filled; i++) {
        put_u16(out + 8 + 2 * (i - from), groups[i]);
    }
    return 8 + 2 * (filled - from);
}

/* ---- a parameter's numeric ---- */

static unsigned get_u16(const uint8_t *in)
{
    return (unsigned)in[0] << 8 | in[1];
}

static int malformed(struct fh_err *err)
{
    return fh_err_rule(err, FH_EINVAL, "pg.param.numeric", "a binary numeric is malformed");
}

/* Group `index`, counted from the point to the left; 0 where none is packed. */
static unsigned packed_group(struct fh_bytes packed, int weight, int index)
{
    int place = weight - index;
    int count = (int)get_u16(packed.data);
    return place >= 0 && place < count ? get_u16(packed.data + 8 + 2 * place) : 0;
}

static void add_groups(struct fh_buf *out, struct fh_bytes packed, int weight, unsigned scale)
{
    fh_buf_printf(out, "%u", packed_group(packed, weight, weight < 0 ? 0 : weight));
    for (int index = weight - 1; index >= 0; index--) {
        fh_buf_printf(out, "%04u", packed_group(packed, weight, index));
    }
    if (scale > 0) {
        fh_buf_add_u8(out, '.');
    }
    unsigned left = scale;
    for (int index = -1; left > 0; index--) {
        char digits[8];
        unsigned now = left < GROUP_DIGITS ? left : GROUP_DIGITS;
        snprintf(digits, sizeof digits, "%04u", packed_group(packed, weight, index) % GROUP);
        fh_buf_add(out, digits, now);
        left -= now;
    }
}

int fh_pg_unpack_numeric(struct fh_buf *out, struct fh_bytes packed, struct fh_err *err)
{
    if (packed.size < 8) {
        return malformed(err);
    }
    unsigned count = get_u16(packed.data);
    int weight = (int16_t)get_u16(packed.data + 2);
    unsigned sign = get_u16(packed.data + 4);
    unsigned scale = get_u16(packed.data + 6);
    if (packed.size != 8 + 2 * (size_t)count || scale > UNPACK_DIGITS_MAX ||
        weight > UNPACK_DIGITS_MAX / GROUP_DIGITS || weight < -UNPACK_DIGITS_MAX) {
        return malformed(err);
    }
    for (unsigned i = 0; i < count; i++) {
        if (get_u16(packed.data + 8 + 2 * (size_t)i) >= GROUP) {
            return malformed(err);
        }
    }
    switch (sign) {
    case NUMERIC_NAN:
        fh_buf_add_cstr(out, "NaN");
        break;
    case NUMERIC_INFINITE:
    case NUMERIC_MINUS_INFINITE:
        fh_buf_add_cstr(out, sign == NUMERIC_INFINITE ? "Infinity" : "-Infinity");
        break;
    case 0:
    case NUMERIC_NEGATIVE:
        fh_buf_add_cstr(out, sign == 0 ? "" : "-");
        add_groups(out, packed, weight, scale);
        break;
    default:
        return malformed(err);
    }
    int code = fh_buf_ok(out);
    return code == FH_OK ? FH_OK : fh_err_set(err, code, "a parameter is too long");
}
