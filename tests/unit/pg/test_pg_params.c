/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pg/params.h"

#include "tools/door/pg/types.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* One value with its length, as a Bind has it; formats of its own. */
static int read_one(struct fh_pg_params *out,
                    uint32_t type,
                    unsigned format,
                    const char *bytes,
                    size_t size,
                    struct fh_err *err)
{
    uint8_t room[256];
    const uint8_t code[2] = {(uint8_t)(format >> 8), (uint8_t)format};
    const struct fh_pg_list formats = {1, fh_bytes(code, 2)};
    fh_put_u32be(room, (uint32_t)size);
    memcpy(room + 4, bytes, size);
    return fh_pg_params_read(
        out, &formats, (struct fh_pg_list){1, fh_bytes(room, size + 4)}, &type, err);
}

static void test_good(void **state)
{
    (void)state;
    static const struct {
        uint32_t type;
        unsigned format;
        const char *bytes;
        size_t size;
        int param;
        const char *text; /* as PostgreSQL prints it */
    } rows[] = {
        {0, 0, "abc", 3, FREEHOLD_PARAM_TEXT, "abc"},
        {FH_PG_OID_TEXT, 0, "", 0, FREEHOLD_PARAM_TEXT, ""},
        {FH_PG_OID_INT4, 0, "-12", 3, FREEHOLD_PARAM_INT, "-12"},
        {FH_PG_OID_INT4, 1, "\xff\xff\xff\xf4", 4, FREEHOLD_PARAM_INT, "-12"},
        {FH_PG_OID_INT2, 1, "\x7f\xff", 2, FREEHOLD_PARAM_INT, "32767"},
        {FH_PG_OID_INT8, 1, "\x80\0\0\0\0\0\0\0", 8, FREEHOLD_PARAM_INT, "-9223372036854775808"},
        {FH_PG_OID_OID, 1, "\xff\xff\xff\xff", 4, FREEHOLD_PARAM_INT, "4294967295"},
        {FH_PG_OID_BOOL, 0, "true", 4, FREEHOLD_PARAM_BOOL, "t"},
        {FH_PG_OID_BOOL, 1, "\0", 1, FREEHOLD_PARAM_BOOL, "f"},
        {FH_PG_OID_NUMERIC, 0, "-12.50", 6, FREEHOLD_PARAM_DECIMAL, "-12.50"},
        {FH_PG_OID_NUMERIC, 0, "NaN", 3, FREEHOLD_PARAM_TEXT, "NaN"},
        {FH_PG_OID_NUMERIC,
         1,
         "\0\2\0\0\x40\0\0\2\0\14\x13\x88",
         12,
         FREEHOLD_PARAM_DECIMAL,
         "-12.50"},
        {FH_PG_OID_FLOAT8, 1, "\x3f\xf8\0\0\0\0\0\0", 8, FREEHOLD_PARAM_DECIMAL, "1.5"},
        {FH_PG_OID_FLOAT8, 1, "\x7f\xf0\0\0\0\0\0\0", 8, FREEHOLD_PARAM_TEXT, "Infinity"},
        {FH_PG_OID_FLOAT8, 0, "1e300", 5, FREEHOLD_PARAM_TEXT, "1e300"},
        {FH_PG_OID_FLOAT4, 1, "\x3f\xc0\0\0", 4, FREEHOLD_PARAM_DECIMAL, "1.5"},
        {FH_PG_OID_DATE, 0, "2024-02-29", 10, FREEHOLD_PARAM_TEXT, "2024-02-29"},
        {FH_PG_OID_DATE, 1, "\0\0\x22\x79", 4, FREEHOLD_PARAM_TEXT, "2024-02-29"},
        {FH_PG_OID_TIME, 1, "\0\0\0\0\0\x0f\x42\x40", 8, FREEHOLD_PARAM_TEXT, "00:00:01"},
        {FH_PG_OID_TIMESTAMP,
         1,
         "\0\0\0\0\0\7\xa1\x20",
         8,
         FREEHOLD_PARAM_TEXT,
         "2000-01-01 00:00:00.5"},
        {FH_PG_OID_TIMESTAMPTZ,
         1,
         "\0\0\0\0\0\0\0\0",
         8,
         FREEHOLD_PARAM_TEXT,
         "2000-01-01 00:00:00+00"},
        {FH_PG_OID_INTERVAL,
         1,
         "\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\2",
         16,
         FREEHOLD_PARAM_TEXT,
         "2 mons 1 day"},
        {FH_PG_OID_UUID,
         1,
         "\x12\x34\x56\x78\x9a\xbc\xde\xf0\x01\x23\x45\x67\x89\xab\xcd\xef",
         16,
         FREEHOLD_PARAM_TEXT,
         "12345678-9abc-def0-0123-456789abcdef"},
        {FH_PG_OID_BYTEA, 1, "\0\xff", 2, FREEHOLD_PARAM_TEXT, "\\x00\\xFF"},
        {FH_PG_OID_BYTEA, 0, "\\x00fF", 6, FREEHOLD_PARAM_TEXT, "\\x00\\xFF"},
        {FH_PG_OID_JSONB, 1, "\1{}", 3, FREEHOLD_PARAM_TEXT, "{}"},
        {FH_PG_OID_VARCHAR, 1, "\xc3\xa9", 2, FREEHOLD_PARAM_TEXT, "\xc3\xa9"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_pg_params params;
        struct fh_err err = {0};
        struct fh_buf text FH_CLEANUP(fh_buf_fini);
        fh_buf_init(&text, 1024);
        fh_pg_params_init(&params);
        assert_int_equal(
            read_one(&params, rows[i].type, rows[i].format, rows[i].bytes, rows[i].size, &err),
            FH_OK);
        assert_int_equal(params.count, 1);
        assert_int_equal(params.values[0].type, rows[i].param);
        assert_true(fh_pg_params_text(&params, 0, &text));
        assert_string_equal(fh_buf_cstr(&text), rows[i].text);
        fh_pg_params_fini(&params);
    }
}

static void test_bad(void **state)
{
    (void)state;
    static const struct {
        uint32_t type;
        unsigned format;
        const char *bytes;
        size_t size;
    } rows[] = {
        {0, 2, "abc", 3},
        {0, 0xffff, "abc", 3},
        {0, 0, "a\0b", 3},
        {0, 0, "\xff", 1},
        {FH_PG_OID_TEXT, 1, "\xc3", 1},
        {FH_PG_OID_INT4, 0, "", 0},
        {FH_PG_OID_INT4, 0, "1.5", 3},
        {FH_PG_OID_INT4, 0, "12x", 3},
        {FH_PG_OID_INT8, 0, "99999999999999999999", 20},
        {FH_PG_OID_INT8, 0, "1234567890123456789012345678901234567890", 40},
        {FH_PG_OID_INT4, 1, "\0\0\1", 3},
        {FH_PG_OID_INT4, 1, "\0\0\0\0\1", 5},
        {FH_PG_OID_INT8, 1, "", 0},
        {FH_PG_OID_BOOL, 0, "maybe", 5},
        {FH_PG_OID_BOOL, 0, "", 0},
        {FH_PG_OID_BOOL, 1, "\0\0", 2},
        {FH_PG_OID_FLOAT8, 1, "\0\0\0\0", 4},
        {FH_PG_OID_NUMERIC, 1, "\0\1\0\0\0\0\0\0", 8},
        {FH_PG_OID_DATE, 1, "\0\0\0\0\0\0\0\0", 8},
        {FH_PG_OID_TIME, 1, "\xff\xff\xff\xff\xff\xff\xff\xff", 8},
        {FH_PG_OID_TIMESTAMP, 1, "\x7f\xff\xff\xff\xff\xff\xff\xfe", 8},
        {FH_PG_OID_UUID, 1, "\0", 1},
        {FH_PG_OID_INTERVAL, 1, "\0\0\0\0\0\0\0\0", 8},
        {FH_PG_OID_BYTEA, 0, "abc", 3},
        {FH_PG_OID_BYTEA, 0, "\\x0", 3},
        {FH_PG_OID_BYTEA, 0, "\\xzz", 4},
        {FH_PG_OID_JSONB, 1, "\2{}", 3},
        {FH_PG_OID_JSONB, 1, "", 0},
        {1007, 1, "\0\0\0\1", 4}, /* int4[] */
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_pg_params params;
        struct fh_err err = {0};
        fh_pg_params_init(&params);
        assert_int_equal(
            read_one(&params, rows[i].type, rows[i].format, rows[i].bytes, rows[i].size, &err),
            FH_EINVAL);
        assert_int_equal(strncmp(err.rule, "pg.", 3), 0);
        fh_pg_params_fini(&params);
    }
}

static void test_many(void **state)
{
    (void)state;
    uint8_t nulls[4 * (FH_SQL_PARAMS_MAX + 1)];
    const uint32_t types[FH_SQL_PARAMS_MAX + 1] = {0};
    const struct fh_pg_list formats = {.count = 0};
    struct fh_pg_params params;
    struct fh_err err = {0};
    memset(nulls, 0xff, sizeof nulls);
    fh_pg_params_init(&params);
    struct fh_pg_list values = {FH_SQL_PARAMS_MAX, fh_bytes(nulls, sizeof nulls - 4)};
    assert_int_equal(fh_pg_params_read(&params, &formats, values, types, &err), FH_OK);
    assert_int_equal(params.values[FH_SQL_PARAMS_MAX - 1].type, FREEHOLD_PARAM_NULL);
    values = (struct fh_pg_list){FH_SQL_PARAMS_MAX + 1, fh_bytes(nulls, sizeof nulls)};
    assert_int_equal(fh_pg_params_read(&params, &formats, values, types, &err), FH_ETOOBIG);
    fh_pg_params_fini(&params);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
