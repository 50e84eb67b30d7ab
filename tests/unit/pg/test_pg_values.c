/* SPDX-License-Identifier: Apache-2.0 */
/* Values as PostgreSQL prints and packs them. The texts are what PostgreSQL 15 says to
 * `SELECT value::type`, the bytes what its `type`send functions give. */
#include "tools/door/pg/decimal.h"
#include "tools/door/pg/types.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void
check_text(enum fh_pg_value value, unsigned scale, const void *data, const char *expected)
{
    uint8_t out[FH_PG_VALUE_BYTES_MAX];
    char text[FH_PG_VALUE_BYTES_MAX + 1];
    size_t size = fh_pg_value_text(out, value, scale, data, 0);
    assert_true(size <= FH_PG_VALUE_BYTES_MAX);
    snprintf(text, sizeof text, "%.*s", (int)size, (const char *)out);
    assert_string_equal(text, expected);
}

static void
check_binary(enum fh_pg_value value, unsigned scale, const void *data, const char *expected)
{
    uint8_t out[FH_PG_VALUE_BYTES_MAX];
    char hex[2 * FH_PG_VALUE_BYTES_MAX + 1];
    size_t size = fh_pg_value_binary(out, value, scale, data, 0);
    fh_hex(hex, out, size);
    assert_string_equal(hex, expected);
}

static void test_doubles(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } rows[] = {
        {0, "0"},
        {-0.0, "-0"},
        {1, "1"},
        {-1.5, "-1.5"},
        {0.1, "0.1"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1.0 / 3, "0.3333333333333333"},
        {100, "100"},
        {123456789.125, "123456789.125"},
        {1e14, "100000000000000"},
        {1e15, "1e+15"},
        {123456789012345680, "1.2345678901234568e+17"},
        {1e-4, "0.0001"},
        {1e-5, "1e-05"},
        {1.25e-7, "1.25e-07"},
        {5e-324, "5e-324"},
        {2.2250738585072014e-308, "2.2250738585072014e-308"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {9007199254740992.0, "9.007199254740992e+15"},
        {HUGE_VAL, "Infinity"},
        {-HUGE_VAL, "-Infinity"},
        {(double)NAN, "NaN"},
        {40.7397511111, "40.7397511111"},
        {99999.99995, "99999.99995"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        check_text(FH_PG_VALUE_DOUBLE, 0, &rows[i].value, rows[i].text);
    }
}

static void test_floats(void **state)
{
    (void)state;
    static const struct {
        float value;
        const char *text;
    } rows[] = {
        {0.1F, "0.1"},
        {16777216, "1.6777216e+07"},
        {999999, "999999"},
        {1e6F, "1e+06"},
        {3.4028235e38F, "3.4028235e+38"},
        {1e-45F, "1e-45"},
        {1.5F, "1.5"},
        {-2.75e-5F, "-2.75e-05"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        check_text(FH_PG_VALUE_FLOAT, 0, &rows[i].value, rows[i].text);
    }
}

/* Whatever is printed reads back as the same value. */
static void test_doubles_read_back(void **state)
{
    (void)state;
    uint64_t bits = 0x123456789abcdefULL;
    for (int i = 0; i < 20000; i++) {
        double value;
        double back = 0;
        uint8_t out[FH_PG_VALUE_BYTES_MAX];
        char text[FH_PG_VALUE_BYTES_MAX + 1];
        bits = bits * 6364136223846793005ULL + 1442695040888963407ULL;
        memcpy(&value, &bits, sizeof value);
        if (i % 3 == 0) {
            value = (double)(int64_t)(bits >> 40) / 1000; /* short ones */
        }
        if (isnan(value) || isinf(value)) {
            continue;
        }
        snprintf(text, sizeof text, "%.*s", (int)fh_pg_put_double(out, value), (const char *)out);
        assert_int_equal(sscanf(text, "%lf", &back), 1);
        assert_memory_equal(&back, &value, sizeof value);
    }
}

static void test_numerics(void **state)
{
    (void)state;
    static const struct {
        int64_t high;
        uint64_t low;
        unsigned scale;
        const char *text;
        const char *binary; /* digits, weight, sign, scale, and groups of four */
    } rows[] = {
        {0, 0, 0, "0", "0000000000000000"},
        {0, 0, 2, "0.00", "0000000000000002"},
        {0, 5, 0, "5", "00010000000000000005"},
        {0, 10000, 0, "10000", "00010001000000000001"},
        {0, 12345678, 0, "12345678", "000200010000000004d2162e"},
        {0, 150, 2, "1.50", "000200000000000200011388"},
        {0, 1, 4, "0.0001", "0001ffff000000040001"},
        {0, 1, 5, "0.00001", "0001fffe0000000503e8"},
        {-1, UINT64_MAX, 0, "-1", "00010000400000000001"},
        {-1, UINT64_MAX - 1249, 2, "-12.50", "0002000040000002000c1388"},
        /* 170141183460469231731687303715884105727 */
        {INT64_MAX,
         UINT64_MAX,
         0,
         "170141183460469231731687303715884105727",
         "000a00090000000000aa0583209a01d5090d0c601c871bf620da165f"},
        {INT64_MIN,
         0,
         38,
         "-1.70141183460469231731687303715884105728",
         "000b00004000002600011b66049f11fc1b0b06c31ad9017316fc04210af0"},
        {0x4b3b4ca85a86c47aLL,
         0x98a223fffffffffULL,
         38,
         "0.99999999999999999999999999999999999999",
         "000affff00000026270f270f270f270f270f270f270f270f270f26ac"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        const uint64_t data[2] = {rows[i].low, (uint64_t)rows[i].high};
        check_text(FH_PG_VALUE_I128, rows[i].scale, data, rows[i].text);
    }
    /* Packed and unpacked it is the same text. */
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        const uint64_t data[2] = {rows[i].low, (uint64_t)rows[i].high};
        uint8_t packed[FH_PG_VALUE_BYTES_MAX];
        struct fh_buf text FH_CLEANUP(fh_buf_fini);
        struct fh_err err;
        size_t size =
            fh_pg_value_binary(packed, FH_PG_VALUE_I128, rows[i].scale, (const uint8_t *)data, 0);
        fh_buf_init(&text, 128);
        assert_int_equal(fh_pg_unpack_numeric(&text, fh_bytes(packed, size), &err), FH_OK);
        assert_string_equal(fh_buf_cstr(&text), rows[i].text);
        check_binary(FH_PG_VALUE_I128, rows[i].scale, data, rows[i].binary);
    }
}

static void test_bad_numerics(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
    } rows[] = {
        {"", 0},
        {"\0\0\0\0\0\0\0", 7},
        {"\0\1\0\0\0\0\0\0", 8},          /* a group is missing */
        {"\0\1\0\0\0\0\0\0\x27\x10", 10}, /* 10,000 is no digit */
        {"\0\0\0\0\x12\x34\0\0", 8},      /* no sign is so */
        {"\0\0\x7f\xff\0\0\0\0", 8},      /* 131,068 digits */
        {"\0\0\0\0\0\0\x40\x00", 8},      /* 16,384 digits behind the point */
        {"\xff\xff\0\0\0\0\0\0", 8},
        {"\0\0\x80\x00\0\0\0\0", 8},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_buf text FH_CLEANUP(fh_buf_fini);
        struct fh_err err = {0};
        fh_buf_init(&text, 8192);
        assert_int_equal(fh_pg_unpack_numeric(&text, fh_bytes(rows[i].bytes, rows[i].size), &err),
                         FH_EINVAL);
        assert_string_equal(err.rule, "pg.param.numeric");
    }
}

static void test_dates(void **state)
{
    (void)state;
    static const struct {
        int32_t days;
        const char *text;
        const char *binary;
    } rows[] = {
        {0, "1970-01-01", "ffffd533"},
        {10957, "2000-01-01", "00000000"},
        {19782, "2024-02-29", "00002279"},
        {2932896, "9999-12-31", "002c95d3"},
        {2932897, "10000-01-01", NULL},
        {-719162, "0001-01-01", NULL},
        {-719163, "0001-12-31 BC", NULL},
        {INT32_MAX, "infinity", "7fffffff"},
        {-INT32_MAX, "-infinity", "80000000"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        check_text(FH_PG_VALUE_DATE, 0, &rows[i].days, rows[i].text);
        if (rows[i].binary != NULL) {
            check_binary(FH_PG_VALUE_DATE, 0, &rows[i].days, rows[i].binary);
        }
    }
}

static void test_times(void **state)
{
    (void)state;
    static const struct {
        enum fh_pg_value value;
        int64_t raw;
        const char *text;
        const char *binary;
    } rows[] = {
        {FH_PG_VALUE_TIME, 0, "00:00:00", "0000000000000000"},
        {FH_PG_VALUE_TIME, 86399999999, "23:59:59.999999", NULL},
        {FH_PG_VALUE_TIME, 86400000000, "24:00:00", NULL},
        {FH_PG_VALUE_TIMESTAMP, 946684800000000, "2000-01-01 00:00:00", "0000000000000000"},
        {FH_PG_VALUE_TIMESTAMP, 946684800500000, "2000-01-01 00:00:00.5", "000000000007a120"},
        {FH_PG_VALUE_TIMESTAMP, -1, "1969-12-31 23:59:59.999999", NULL},
        {FH_PG_VALUE_TIMESTAMP, INT64_MAX, "infinity", "7fffffffffffffff"},
        {FH_PG_VALUE_TIMESTAMP, -INT64_MAX, "-infinity", "8000000000000000"},
        {FH_PG_VALUE_TIMESTAMP_S, 946684801, "2000-01-01 00:00:01", "00000000000f4240"},
        {FH_PG_VALUE_TIMESTAMP_MS, 946684800001, "2000-01-01 00:00:00.001", "00000000000003e8"},
        {FH_PG_VALUE_TIMESTAMP_NS,
         946684800000001999,
         "2000-01-01 00:00:00.000001",
         "0000000000000001"},
        {FH_PG_VALUE_TIMESTAMP_S, INT64_MAX / 2, "infinity", "7fffffffffffffff"},
        {FH_PG_VALUE_TIMESTAMPTZ, 946684800000000, "2000-01-01 00:00:00+00", "0000000000000000"},
        {FH_PG_VALUE_TIMESTAMPTZ, -62135596800000001, "0001-12-31 23:59:59.999999+00 BC", NULL},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        check_text(rows[i].value, 0, &rows[i].raw, rows[i].text);
        if (rows[i].binary != NULL) {
            check_binary(rows[i].value, 0, &rows[i].raw, rows[i].binary);
        }
    }
}

static void test_intervals(void **state)
{
    (void)state;
    static const struct {
        struct {
            int32_t months, days;
            int64_t micros;
        } value;
        const char *text;
    } rows[] = {
        {{0, 0, 0}, "00:00:00"},
        {{12, 0, 0}, "1 year"},
        {{14, 3, 14706789000}, "1 year 2 mons 3 days 04:05:06.789"},
        {{-12, 0, 0}, "-1 years"},
        {{-10, 3, 0}, "-10 mons +3 days"},
        {{0, -1, 3600000000}, "-1 days +01:00:00"},
        {{0, 1, -3600000000}, "1 day -01:00:00"},
        {{0, 0, -1}, "-00:00:00.000001"},
        {{0, 0, 360000000000}, "100:00:00"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        check_text(FH_PG_VALUE_INTERVAL, 0, &rows[i].value, rows[i].text);
    }
    check_binary(FH_PG_VALUE_INTERVAL, 0, &rows[1].value, "0000000000000000000000000000000c");
}

static void test_others(void **state)
{
    (void)state;
    static const uint8_t bits[] = {1};
    static const uint8_t uuid[] =
        "\x12\x34\x56\x78\x9a\xbc\xde\xf0\x01\x23\x45\x67\x89\xab\xcd\xef";
    static const int8_t small = -5;
    static const uint16_t word = 65535;
    static const uint32_t natural = 4294967295U;
    static const uint64_t large = UINT64_MAX;
    static const int64_t least = INT64_MIN;
    check_text(FH_PG_VALUE_BOOL, 0, bits, "t");
    check_binary(FH_PG_VALUE_BOOL, 0, bits, "01");
    check_text(FH_PG_VALUE_I8, 0, &small, "-5");
    check_binary(FH_PG_VALUE_I8, 0, &small, "fffb");
    check_text(FH_PG_VALUE_U16, 0, &word, "65535");
    check_binary(FH_PG_VALUE_U16, 0, &word, "0000ffff");
    check_text(FH_PG_VALUE_U32, 0, &natural, "4294967295");
    check_binary(FH_PG_VALUE_U32, 0, &natural, "00000000ffffffff");
    check_text(FH_PG_VALUE_U64, 0, &large, "18446744073709551615");
    check_binary(FH_PG_VALUE_U64, 0, &large, "000500040000000007341a5802e103bb064f");
    check_text(FH_PG_VALUE_I64, 0, &least, "-9223372036854775808");
    check_text(FH_PG_VALUE_UUID, 0, uuid, "12345678-9abc-def0-0123-456789abcdef");
    check_binary(FH_PG_VALUE_UUID, 0, uuid, "123456789abcdef00123456789abcdef");
}

static void test_columns(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        uint32_t oid;
        int32_t modifier;
    } rows[] = {
        {"BOOLEAN", 16, -1},
        {"DECIMAL(10,2)", 1700, (10 << 16 | 2) + 4},
        {"DECIMAL(38,0)", 1700, (38 << 16) + 4},
        {"HUGEINT", 1700, -1},
        {"TIMESTAMP WITH TIME ZONE", 1184, -1},
        {"UUID", 2950, -1},
        {"JSON", 114, -1},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        const struct freehold_column from = {.name = "x", .type_name = rows[i].type};
        struct fh_pg_column column;
        fh_pg_column_of(&column, &from);
        assert_int_equal(column.oid, rows[i].oid);
        assert_int_equal(column.modifier, rows[i].modifier);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_doubles),
        cmocka_unit_test(test_floats),
        cmocka_unit_test(test_doubles_read_back),
        cmocka_unit_test(test_numerics),
        cmocka_unit_test(test_bad_numerics),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_intervals),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
