/* SPDX-License-Identifier: Apache-2.0 */
/* Names, formats and types through a real worker and its DuckDB. */
#include "tests/node/worker/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct rig rig;

static int up(void **state)
{
    (void)state;
    rig_up(&rig);
    rig_write(&rig,
              "COPY (SELECT i AS id, i * 10 AS delay, 'ap' || (i % 3) AS origin, "
              "TIMESTAMP '2001-01-01' + to_hours(i) AS \"When\" FROM range(5000) t(i)) "
              "TO '%s/flights.parquet';"
              "COPY (SELECT 'ap' || i AS iata, 'City ' || i AS \"City Name\", i / 2 AS lat "
              "FROM range(3) t(i)) TO '%s/airports.csv';"
              "COPY (SELECT i AS id, 'long text that does not fit inline ' || i AS note, "
              "CASE WHEN i % 2 = 0 THEN i END AS half FROM range(10) t(i)) TO '%s/notes.json'");
    return 0;
}

static int down(void **state)
{
    (void)state;
    rig_down(&rig);
    return 0;
}

static struct fh_worker *with_tables(uint32_t threads)
{
    struct fh_err err = {0};
    struct fh_worker *worker = rig_worker(&rig, FH_WORKER_QUERY, threads);
    struct fh_table flights =
        rig_table(&rig,
                  "aviation.flights.flights",
                  FH_SOURCE_PARQUET,
                  "id BIGINT, delay INTEGER, origin VARCHAR, moment=When TIMESTAMP");
    struct fh_table airports = rig_table(&rig,
                                         "aviation.airports.airports",
                                         FH_SOURCE_CSV,
                                         "iata VARCHAR, city=City_Name VARCHAR, lat DOUBLE");
    struct fh_table notes = rig_table(
        &rig, "geology.notes.notes", FH_SOURCE_JSON, "id BIGINT, note VARCHAR, half INTEGER");
    assert_int_equal(rig_add(worker, &flights, rig_open(&rig, "flights.parquet"), &err), FH_OK);
    assert_int_equal(rig_add(worker, &airports, rig_open(&rig, "airports.csv"), &err), FH_OK);
    assert_int_equal(rig_add(worker, &notes, rig_open(&rig, "notes.json"), &err), FH_OK);
    return worker;
}

static void names_resolve(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_worker *worker = with_tables(1);
    struct fh_table versioned =
        rig_table(&rig, "aviation.flights@1.flights", FH_SOURCE_PARQUET, "id BIGINT");
    assert_int_equal(rig_add(worker, &versioned, rig_open(&rig, "flights.parquet"), &err), FH_OK);
    static const char *const names[] = {
        "aviation.flights",
        "aviation.flights.flights",
        "aviation.flights__flights",
        "AVIATION.Flights",
        "aviation.\"flights@1\"",
        "aviation.\"flights@1\".flights",
        "aviation.\"flights@1__flights\"",
    };
    for (size_t i = 0; i < FH_COUNT(names); i++) {
        char sql[128];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", names[i]);
        rig_expect(worker, sql, "5000\n");
    }
    static const char *const others[] = {
        "flights",
        "aviation.nothing",
        "wildlife.flights",
        "aviation.flights.nothing",
    };
    for (size_t i = 0; i < FH_COUNT(others); i++) {
        char sql[128];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", others[i]);
        rig_refuse(worker, sql, FH_ESQL, "sql.bind");
    }
    rig_release(&rig, worker);
}

static void formats_are_read(void **state)
{
    (void)state;
    struct fh_worker *worker = with_tables(2);
    rig_expect(worker,
               "SELECT count(*), sum(delay), min(moment), max(moment) FROM aviation.flights",
               "5000|124975000|2001-01-01 00:00:00|2001-07-28 07:00:00\n");
    rig_expect(worker,
               "SELECT * FROM aviation.airports ORDER BY iata",
               "ap0|City 0|0.0\nap1|City 1|0.5\nap2|City 2|1.0\n");
    rig_expect(
        worker,
        "SELECT * FROM geology.notes WHERE id < 3 ORDER BY id",
        "0|long text that does not fit inline 0|0\n1|long text that does not fit inline 1|NULL\n"
        "2|long text that does not fit inline 2|2\n");
    rig_expect(
        worker,
        "SELECT city, count(*), sum(half) FROM aviation.flights f JOIN aviation.airports a ON "
        "f.origin = a.iata LEFT JOIN geology.notes n ON n.id = f.id GROUP BY ALL ORDER BY 1",
        "City 0|1667|6\nCity 1|1667|4\nCity 2|1666|10\n");
    rig_expect(worker, "SELECT count(*) FROM aviation.flights WHERE false", "0\n");
    rig_expect(worker, "SELECT id FROM aviation.flights WHERE false", "");
    rig_release(&rig, worker);
}

static void many_rows_in_order(void **state)
{
    (void)state;
    struct fh_worker *worker = with_tables(1);
    struct fh_err err = {0};
    struct fh_buf out;
    fh_buf_init(&out, 64 * 1024 * 1024);
    assert_int_equal(
        rig_query(worker,
                  "SELECT i, 'row ' || i, CASE WHEN i % 3 = 0 THEN NULL ELSE i END, i % 2 = 0 "
                  "FROM range(200000) t(i)",
                  &out,
                  &err),
        FH_OK);
    char *at = NULL;
    char *line = strtok_r((char *)(uintptr_t)fh_buf_cstr(&out), "\n", &at);
    for (int i = 0; i < 200000; i++) {
        char expected[128];
        char third[16] = "NULL";
        if (i % 3 != 0) {
            snprintf(third, sizeof third, "%d", i);
        }
        snprintf(expected,
                 sizeof expected,
                 "%d|row %d|%s|%s",
                 i,
                 i,
                 third,
                 i % 2 == 0 ? "true" : "false");
        assert_non_null(line);
        assert_string_equal(line, expected);
        line = strtok_r(NULL, "\n", &at);
    }
    assert_null(line);
    fh_buf_fini(&out);
    rig_release(&rig, worker);
}

/* Every value is asked for twice: as it is and as DuckDB itself prints it. */
static const char *const values[] = {
    "true",
    "false",
    "(-128)::TINYINT",
    "255::UTINYINT",
    "(-32768)::SMALLINT",
    "65535::USMALLINT",
    "(-2147483648)::INTEGER",
    "4294967295::UINTEGER",
    "(-9223372036854775808)::BIGINT",
    "18446744073709551615::UBIGINT",
    "170141183460469231731687303715884105727::HUGEINT",
    "(-170141183460469231731687303715884105727)::HUGEINT",
    "0::HUGEINT",
    "0.1::FLOAT",
    "1e10::FLOAT",
    "3.4028235e38::FLOAT",
    "16777216::FLOAT",
    "0.1::DOUBLE",
    "1e15::DOUBLE",
    "1e16::DOUBLE",
    "123456.789::DOUBLE",
    "(-0.0)::DOUBLE",
    "1e-5::DOUBLE",
    "0.0001::DOUBLE",
    "5e-324::DOUBLE",
    "1.7976931348623157e308::DOUBLE",
    "'nan'::DOUBLE",
    "'inf'::DOUBLE",
    "'-inf'::DOUBLE",
    "0.05::DECIMAL(4,2)",
    "(-12.34)::DECIMAL(4,2)",
    "123456789.12::DECIMAL(18,2)",
    "(-1)::DECIMAL(18,3)",
    "12345678901234567890123456789012345678::DECIMAL(38,0)",
    "1.5::DECIMAL(38,37)",
    "''",
    "'short'",
    "'a text that is longer than twelve bytes'",
    "'gr\xc3\xbc\xc3\x9f'",
    "'\\x00\\x7F'::BLOB",
    "'abc'::BLOB",
    "DATE '2001-02-03'",
    "DATE '1969-12-31'",
    "DATE '0001-01-01'",
    "DATE '0044-03-15 (BC)'",
    "DATE '9999-12-31'",
    "'infinity'::DATE",
    "'-infinity'::TIMESTAMP",
    "TIME '00:00:00'",
    "TIME '23:59:59.999999'",
    "TIME '12:00:00.5'",
    "TIMESTAMP '2001-02-03 04:05:06'",
    "TIMESTAMP '2001-02-03 04:05:06.789'",
    "TIMESTAMP '1960-01-01 00:00:00.000001'",
    "'2001-02-03 04:05:06'::TIMESTAMP_S",
    "'2001-02-03 04:05:06.12'::TIMESTAMP_MS",
    "'2001-02-03 04:05:06.123456789'::TIMESTAMP_NS",
    "TIMESTAMPTZ '2001-02-03 04:05:06.5+00'",
    "TIMESTAMPTZ '2001-02-03 04:05:06+05'",
    "INTERVAL '1' YEAR",
    "INTERVAL '14 months 3 days 04:05:06.7'",
    "INTERVAL '-1 day -00:00:01'",
    "INTERVAL '0 days'",
    "INTERVAL '100 hours'",
    "'00000000-0000-0000-0000-000000000000'::UUID",
    "'ffffffff-1234-5678-9abc-def012345678'::UUID",
    "'small'::ENUM('small', 'large')",
    "NULL::BIGINT",
    "NULL::VARCHAR",
    "NULL::DECIMAL(20,2)",
    "NULL::UUID",
    "NULL::BOOLEAN",
};

static void types_print_as_duckdb_prints(void **state)
{
    (void)state;
    struct fh_worker *worker = rig_worker(&rig, FH_WORKER_QUERY, 1);
    for (size_t i = 0; i < FH_COUNT(values); i++) {
        char sql[512];
        struct fh_err err = {0};
        struct fh_buf out;
        fh_buf_init(&out, 65536);
        snprintf(sql, sizeof sql, "SELECT %s AS a, (%s)::VARCHAR AS b", values[i], values[i]);
        if (rig_query(worker, sql, &out, &err) != FH_OK) {
            fail_msg("%s: %s", values[i], err.text);
        }
        char *text = (char *)(uintptr_t)fh_buf_cstr(&out);
        text[strcspn(text, "\n")] = 0;
        char *second = strchr(text, '|');
        assert_non_null(second);
        *second++ = 0;
        if (strcmp(text, second) != 0) {
            print_error("%s: ours %s, DuckDB's %s\n", values[i], text, second);
            fail();
        }
        fh_buf_fini(&out);
    }
    rig_release(&rig, worker);
}

static void nested_values_are_json(void **state)
{
    (void)state;
    struct fh_worker *worker = rig_worker(&rig, FH_WORKER_QUERY, 1);
    rig_expect(worker, "SELECT [1, NULL, 3]", "[1,null,3]\n");
    rig_expect(worker,
               "SELECT {'a': 1, 'b c': ['x\"y', NULL], 'd': DATE '2001-01-01'}",
               "{\"a\":1,\"b c\":[\"x\\\"y\",null],\"d\":\"2001-01-01\"}\n");
    rig_expect(worker, "SELECT MAP {'k': 1.5, 'l': NULL}", "{\"k\":1.5,\"l\":null}\n");
    rig_expect(worker, "SELECT MAP {1: true}", "[[1,true]]\n");
    rig_expect(worker, "SELECT [1, 2]::INTEGER[2]", "[1,2]\n");
    rig_expect(worker, "SELECT NULL::INTEGER[]", "NULL\n");
    rig_expect(worker, "SELECT '{\"a\": [1]}'::JSON", "{\"a\": [1]}\n");
    rig_expect(
        worker, "SELECT list(i) FROM range(3) t(i) GROUP BY i % 2 ORDER BY i % 2", "[0,2]\n[1]\n");
    rig_refuse(worker, "SELECT '101'::BIT", FH_ESQL, "query.type");
    rig_refuse(worker, "SELECT union_value(a := 1)", FH_ESQL, "query.type");
    rig_refuse(worker, "SELECT ['101'::BIT]", FH_ESQL, "query.type");
    rig_expect(worker, "SELECT 1", "1\n"); // it goes on
    rig_expect(worker, "SELECT NULL, [NULL]", "NULL|[null]\n");
    rig_release(&rig, worker);
}

static void errors_tell_no_values(void **state)
{
    (void)state;
    struct fh_worker *worker = with_tables(1);
    struct fh_table wrong = rig_table(
        &rig, "aviation.wrong.wrong", FH_SOURCE_CSV, "iata VARCHAR, city=City_Name INTEGER");
    struct fh_err err = {0};
    assert_int_equal(rig_add(worker, &wrong, rig_open(&rig, "airports.csv"), &err), FH_OK);
    static const struct {
        const char *sql;
        int code;
        const char *rule;
    } rows[] = {
        {"SELECT nothing FROM aviation.flights", FH_ESQL, "sql.bind"},
        {"SELECT 1 +", FH_ESQL, "sql.syntax"},
        {"SELECT 'abc'::INTEGER", FH_ESQL, "sql.runtime"},
        {"SELECT (origin || 'x')::INTEGER FROM aviation.flights", FH_ESQL, "sql.runtime"},
        {"SELECT sum(city) FROM aviation.wrong", FH_ESQL, "sql.runtime"},
        {"SELECT id + 9223372036854775807 FROM aviation.flights", FH_ESQL, "sql.runtime"},
        {"SELECT $1", FH_ESQL, "sql.parameters"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_buf out;
        err = (struct fh_err){0};
        fh_buf_init(&out, 16 * 1024 * 1024);
        int code = rig_query(worker, rows[i].sql, &out, &err);
        if (code != rows[i].code || strcmp(err.rule, rows[i].rule) != 0 ||
            strstr(err.text, "/proc") != NULL || strstr(err.text, "ap0") != NULL ||
            strstr(err.text, "City") != NULL || strstr(err.text, "fh_remote") != NULL) {
            fail_msg("%s: %s %s: %s", rows[i].sql, fh_code_name(code), err.rule, err.text);
        }
        fh_buf_fini(&out);
    }
    rig_release(&rig, worker);
}

static void sources_are_checked_when_added(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_worker *worker = rig_worker(&rig, FH_WORKER_QUERY, 1);
    static const struct {
        const char *file;
        enum fh_source_format format;
        const char *columns;
        int code;
        const char *rule;
    } rows[] = {
        {"airports.csv", FH_SOURCE_PARQUET, "iata VARCHAR", FH_EINVAL, "source.read"},
        {"flights.parquet", FH_SOURCE_PARQUET, "nothing VARCHAR", FH_EINVAL, "source.column"},
        {"airports.csv", FH_SOURCE_CSV, "nothing VARCHAR", FH_EINVAL, "source.column"},
        {"airports.csv", FH_SOURCE_CSV, "iata VARCHAR", FH_OK, ""},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        err = (struct fh_err){0};
        struct fh_table table =
            rig_table(&rig, "aviation.tried.tried", rows[i].format, rows[i].columns);
        int code = rig_add(worker, &table, rig_open(&rig, rows[i].file), &err);
        if (code != rows[i].code || strcmp(err.rule, rows[i].rule) != 0 ||
            strstr(err.text, "/proc") != NULL) {
            fail_msg("row %zu: %s %s: %s", i, fh_code_name(code), err.rule, err.text);
        }
    }
    rig_expect(worker, "SELECT count(*) FROM aviation.tried", "3\n");
    rig_release(&rig, worker);
}

static void describe_names_columns(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_channel_described described;
    struct fh_worker *worker = with_tables(1);
    assert_int_equal(fh_worker_describe(worker,
                                        fh_bytes_cstr("SELECT origin, count(*) AS n, avg(delay), "
                                                      "1.5 AS d FROM aviation.flights GROUP BY 1"),
                                        rig.arena,
                                        &described,
                                        rig_soon(5000),
                                        &err),
                     FH_OK);
    assert_int_equal(described.column_count, 4);
    assert_string_equal(described.columns[0].name, "origin");
    assert_int_equal(described.columns[0].type.code, FH_TYPE_VARCHAR);
    assert_string_equal(described.columns[1].name, "n");
    assert_int_equal(described.columns[1].type.code, FH_TYPE_INT64);
    assert_int_equal(described.columns[2].type.code, FH_TYPE_DOUBLE);
    assert_int_equal(described.columns[3].type.code, FH_TYPE_DECIMAL);
    assert_int_equal(described.columns[3].type.scale, 1);
    rig_release(&rig, worker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_resolve),
        cmocka_unit_test(formats_are_read),
        cmocka_unit_test(many_rows_in_order),
        cmocka_unit_test(types_print_as_duckdb_prints),
        cmocka_unit_test(nested_values_are_json),
        cmocka_unit_test(errors_tell_no_values),
        cmocka_unit_test(sources_are_checked_when_added),
        cmocka_unit_test(describe_names_columns),
    };
    return cmocka_run_group_tests(tests, up, down);
}
