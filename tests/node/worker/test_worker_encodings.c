/* SPDX-License-Identifier: Apache-2.0 */
/* The same rows in plain and in smaller columns, of every type, through a real worker. */
#include "tests/node/worker/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct rig rig;
static struct fh_worker *worker;

static int up(void **state)
{
    (void)state;
    rig_up(&rig);
    worker = rig_worker(&rig, FH_WORKER_QUERY, 1);
    return 0;
}

static int down(void **state)
{
    (void)state;
    rig_release(&rig, worker);
    rig_down(&rig);
    return 0;
}

enum gain {
    GAINS,  /* less than two thirds of the bytes */
    LEAVES, /* plain all along: within a few header bytes */
    EITHER,
};

/* Over range(20000) t(i). */
static const struct {
    const char *expression;
    enum gain gain;
} rows[] = {
    /* integers */
    {"(i % 100)::SMALLINT", GAINS},
    {"((i % 60000) - 30000)::SMALLINT", LEAVES},
    {"i::INTEGER", GAINS},
    {"-i::INTEGER", GAINS},
    {"i::BIGINT", GAINS},
    {"i * 1000000007", LEAVES},
    {"(hash(i) >> 1)::BIGINT", LEAVES},
    {"hash(i)", LEAVES},
    {"(i % 200)::USMALLINT", GAINS},
    {"i::UINTEGER", GAINS},
    {"i::UBIGINT", GAINS},
    {"(18446744073709551615 - i)::UBIGINT", LEAVES},
    {"i::HUGEINT - 5", GAINS},
    {"170141183460469231731687303715884105727 - i::HUGEINT", LEAVES},
    {"-9223372036854775808::HUGEINT + i", GAINS},
    {"CASE WHEN i % 2 = 0 THEN 9223372036854775807 ELSE -9223372036854775808 END", LEAVES},
    {"5", GAINS},
    {"NULL::BIGINT", GAINS},
    {"CASE WHEN i > 19990 THEN i END", GAINS},
    {"CASE WHEN i % 3 = 0 THEN i END", GAINS},
    {"(i % 3)::TINYINT", EITHER},
    /* decimals */
    {"((i % 9999) / 10.0)::DECIMAL(4, 1)", EITHER},
    {"((i % 99) / 100.0)::DECIMAL(4, 2)", GAINS},
    {"(i / 100.0)::DECIMAL(9, 2)", GAINS},
    {"-(i / 100.0)::DECIMAL(18, 2)", GAINS},
    {"(i / 100.0)::DECIMAL(38, 2)", GAINS},
    {"99999999999999999999999999999999999999::DECIMAL(38, 0) - i", LEAVES},
    /* days and times */
    {"DATE '2001-01-01' + (i % 365)::INTEGER", GAINS},
    {"DATE '0001-01-01' - (i % 365)::INTEGER", GAINS},
    {"CASE WHEN i % 1000 = 0 THEN 'infinity'::DATE ELSE DATE '2020-01-01' END", LEAVES},
    {"TIME '00:00:00' + to_seconds(i)", GAINS},
    {"TIME '24:00:00'", GAINS},
    {"TIMESTAMP '2001-01-01' + to_minutes(i)", GAINS},
    {"TIMESTAMP '1901-01-01' - to_days(i::INTEGER)", GAINS},
    {"TIMESTAMP '2001-01-01' + to_minutes(i) + to_microseconds(i % 2)", LEAVES},
    {"CASE WHEN i = 15000 THEN TIMESTAMP '2001-01-01 00:00:00.000001' ELSE TIMESTAMP "
     "'2001-01-01' + to_hours(i) END",
     EITHER},
    {"CASE WHEN i % 1000 = 0 THEN 'infinity'::TIMESTAMP ELSE TIMESTAMP '2020-01-01' END", LEAVES},
    {"CASE WHEN i % 1000 = 0 THEN '-infinity'::TIMESTAMP ELSE TIMESTAMP '2020-01-01' END", LEAVES},
    {"(TIMESTAMP '2001-01-01' + to_seconds(i))::TIMESTAMP_S", GAINS},
    {"(TIMESTAMP '2001-01-01' + to_milliseconds(i))::TIMESTAMP_MS", GAINS},
    {"(TIMESTAMP '2001-01-01' + to_milliseconds(i))::TIMESTAMP_NS", GAINS},
    {"TIMESTAMPTZ '2001-01-01 00:00:00+00' + to_hours(i)", GAINS},
    /* text */
    {"'ap' || (i % 300)", GAINS},
    {"'a'", GAINS},
    {"''", GAINS},
    {"CASE WHEN i % 2 = 0 THEN 'x' || (i % 7) END", GAINS},
    {"NULL::VARCHAR", LEAVES},
    {"'a long text that is not inline: ' || (i % 300)", GAINS},
    {"'Zürich, Malmö, Łódź and ' || (i % 3) || chr(0) || 'x'", GAINS},
    {"repeat('x', (i % 20)::INTEGER)", GAINS},
    {"md5(i::VARCHAR)", LEAVES},
    {"CASE WHEN i < 10000 THEN 'same' ELSE md5(i::VARCHAR) END", EITHER},
    {"('blob' || (i % 9))::BLOB", GAINS},
    {"'\\x00\\xFF'::BLOB", GAINS},
    {"('{\"a\": ' || (i % 4) || '}')::JSON", GAINS},
    /* what has no smaller form */
    {"i % 2 = 0", LEAVES},
    {"(i / 3.0)::FLOAT", LEAVES},
    {"i / 3.0", EITHER},
    {"CASE WHEN i % 5 = 0 THEN 'nan'::DOUBLE ELSE i END", LEAVES},
    {"to_hours(i)", LEAVES},
    {"md5(i::VARCHAR)::UUID", LEAVES},
    {"[i, i + 1]", LEAVES},
    {"{'a': i}", LEAVES},
    {"('a' || (i % 3))::ENUM('a0', 'a1', 'a2')", LEAVES},
};

static size_t run(const char *sql, uint32_t encodings, struct fh_buf *out)
{
    struct fh_err err = {0};
    size_t size = 0;
    fh_buf_reset(out);
    if (rig_encoded(worker, sql, encodings, out, &size, &err) != FH_OK) {
        fail_msg("%s: %s", sql, err.text);
    }
    return size;
}

static void rows_are_the_same(void **state)
{
    (void)state;
    struct fh_buf plain;
    struct fh_buf encoded;
    fh_buf_init(&plain, 64 * 1024 * 1024);
    fh_buf_init(&encoded, 64 * 1024 * 1024);
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        char sql[512];
        snprintf(sql, sizeof sql, "SELECT %s AS c FROM range(20000) t(i)", rows[i].expression);
        size_t before = run(sql, FH_ENCODINGS_NONE, &plain);
        size_t after = run(sql, FH_ENCODINGS_ALL, &encoded);
        if (!fh_bytes_equal(fh_buf_view(&plain), fh_buf_view(&encoded))) {
            fail_msg("%s: other rows", sql);
        }
        bool right = rows[i].gain == GAINS    ? after * 3 < before * 2
                     : rows[i].gain == LEAVES ? after + 1024 > before
                                              : after <= before + 1024;
        if (!right) {
            fail_msg("%s: %zu bytes plain, %zu encoded", sql, before, after);
        }
        /* One of the two kinds alone, as a reader of another version may ask. */
        (void)run(sql, 1 << FH_BATCH_NARROW, &encoded);
        assert_true(fh_bytes_equal(fh_buf_view(&plain), fh_buf_view(&encoded)));
        (void)run(sql, 1 << FH_BATCH_DICTIONARY | 1U << 31, &encoded);
        assert_true(fh_bytes_equal(fh_buf_view(&plain), fh_buf_view(&encoded)));
    }
    fh_buf_fini(&plain);
    fh_buf_fini(&encoded);
}

/* Small answers, rows that are large, batches of single rows, columns that change their nature. */
static void shapes_of_answers(void **state)
{
    (void)state;
    static const char *const sql[] = {
        "SELECT 1 AS a WHERE false",
        "SELECT 1 AS a, 'x' AS b, DATE '2020-01-01' AS c",
        "SELECT i, 'x' || i AS t FROM range(3) t(i)",
        "SELECT repeat('x', 300000) AS t, i FROM range(9) t(i)",
        "SELECT repeat(i::VARCHAR, 1000) AS t, i FROM range(3000) t(i)",
        "SELECT CASE WHEN i < 70000 THEN i % 10 ELSE hash(i)::HUGEINT END AS a, "
        "CASE WHEN i < 70000 THEN 'x' ELSE md5(i::VARCHAR) END AS b FROM range(140000) t(i)",
        "SELECT CASE WHEN i < 70000 THEN hash(i)::HUGEINT ELSE i % 10 END AS a, "
        "CASE WHEN i < 70000 THEN md5(i::VARCHAR) ELSE 'x' END AS b FROM range(700000) t(i)",
        "SELECT CASE WHEN i > 100000 THEN i END AS a, CASE WHEN i > 100000 THEN 'x' END AS b "
        "FROM range(140000) t(i)",
    };
    struct fh_buf plain;
    struct fh_buf encoded;
    fh_buf_init(&plain, 64 * 1024 * 1024);
    fh_buf_init(&encoded, 64 * 1024 * 1024);
    for (size_t i = 0; i < FH_COUNT(sql); i++) {
        size_t before = run(sql[i], FH_ENCODINGS_NONE, &plain);
        size_t after = run(sql[i], FH_ENCODINGS_ALL, &encoded);
        if (!fh_bytes_equal(fh_buf_view(&plain), fh_buf_view(&encoded))) {
            fail_msg("%s: other rows", sql[i]);
        }
        if (after > before + 256) {
            fail_msg("%s: %zu bytes plain, %zu encoded", sql[i], before, after);
        }
    }
    fh_buf_fini(&plain);
    fh_buf_fini(&encoded);
}

/* A long answer takes another way through DuckDB (node/worker/sink.h): it has the same rows in the
 * same order, and the same failures. */
static void ask(const char *sql, uint64_t rows_max, struct fh_buf *out, struct fh_err *err)
{
    struct fh_channel_run run = {.sql = fh_bytes_cstr(sql),
                                 .window = FH_QUERY_WINDOW,
                                 .encodings = FH_ENCODINGS_ALL,
                                 .rows_max = rows_max};
    fh_buf_reset(out);
    *err = (struct fh_err){.code = FH_OK};
    (void)rig_run(worker, &run, out, err);
}

static void both_ways(const char *sql, int code)
{
    struct fh_buf answers[2];
    struct fh_err errs[2];
    fh_buf_init(&answers[0], 64 * 1024 * 1024);
    fh_buf_init(&answers[1], 64 * 1024 * 1024);
    ask(sql, 1000000, &answers[0], &errs[0]);
    ask(sql, 1000001, &answers[1], &errs[1]);
    if (errs[0].code != code || errs[1].code != code || strcmp(errs[0].rule, errs[1].rule) != 0 ||
        strcmp(errs[0].text, errs[1].text) != 0) {
        fail_msg("%s: %s / %s", sql, errs[0].text, errs[1].text);
    }
    if (code == FH_OK && !fh_bytes_equal(fh_buf_view(&answers[0]), fh_buf_view(&answers[1]))) {
        fail_msg("%s: other rows", sql);
    }
    fh_buf_fini(&answers[0]);
    fh_buf_fini(&answers[1]);
}

static void long_answers_are_as_short_ones(void **state)
{
    (void)state;
    static const char *const good[] = {
        "SELECT 1 AS a, 2 AS a, 3 AS \"A\" -- the last line",
        "SELECT 1 AS a; ",
        "SELECT 1 AS a /* ; */ ;;\n",
        "FROM range(5000) t(i) SELECT i, -i ORDER BY i DESC",
        "WITH x AS (SELECT i FROM range(5000) t(i)) SELECT * FROM x WHERE i % 3 = 0",
        "SELECT i FROM range(9000) t(i) ORDER BY hash(i) LIMIT 3000 OFFSET 11",
        "SELECT i FROM range(5000) t(i) UNION ALL SELECT -i FROM range(5000) t(i)",
        "SELECT ')' AS a, $$) $$ AS b, \"c)\" FROM (SELECT 1 AS \"c)\")",
        "SELECT DISTINCT i % 7 AS k, count(*) OVER (PARTITION BY i % 7) FROM range(5000) t(i) "
        "ORDER "
        "BY 1",
        "SELECT i, NULL AS n, true AS b, 1.5 AS d, 'x' AS s FROM range(5000) t(i) WHERE i % 2 = 1",
        "SELECT CASE WHEN i % 5000 = 4321 THEN repeat('long', 9) ELSE 's' || i END AS t, "
        "CASE WHEN i % 3 = 0 THEN NULL ELSE 'u' END AS u FROM range(60000) t(i)",
        "SELECT CASE WHEN i % 2 = 0 THEN repeat('0123456789', 3000) END AS t, i FROM range(999) "
        "t(i)",
        "SELECT [i] AS l, 'x' AS t FROM range(5000) t(i)",
        "PIVOT (SELECT i % 3 AS k, i FROM range(50) t(i)) ON k IN (0, 1, 2) USING sum(i)",
        "VALUES (1, 'a'), (2, NULL)",
        "DESCRIBE SELECT 1 AS a",
    };
    static const char *const bad[] = {
        "SELECT CAST('x' || i AS INTEGER) FROM range(5000) t(i)",
        "SELECT CASE WHEN i = 4999 THEN error('no') ELSE i END FROM range(5000) t(i)",
        "SELECT missing FROM range(5) t(i)",
        "SELECT fh_rows(i) FROM range(5) t(i)",
        "SELECT fh_rows_short(i) FROM range(5) t(i)",
        "SELECT 1 AS a) FROM (SELECT 2 AS a",
    };
    char sql[512];
    struct fh_err err;
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, 64 * 1024 * 1024);
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        snprintf(sql, sizeof sql, "SELECT %s AS c FROM range(2500) t(i)", rows[i].expression);
        both_ways(sql, FH_OK);
        snprintf(sql,
                 sizeof sql,
                 "SELECT i, %s AS c, 'x' AS t FROM range(5000) t(i) WHERE i %% 3 <> 1",
                 rows[i].expression);
        both_ways(sql, FH_OK);
    }
    for (size_t i = 0; i < FH_COUNT(good); i++) {
        both_ways(good[i], FH_OK);
    }
    ask("SELECT i FROM range(1000002) t(i)", 1000001, &out, &err);
    assert_int_equal(err.code, FH_ETOOBIG);
    assert_string_equal(err.rule, "query.rows");
    for (size_t i = 0; i < FH_COUNT(bad); i++) {
        both_ways(bad[i], FH_ESQL);
    }
}

/* With two threads of DuckDB one makes the rows and the other encodes them, or both at once. */
static void two_threads_keep_the_order(void **state)
{
    (void)state;
    static const char *const sql[] = {
        "SELECT i, 't' || i % 9 AS t FROM range(250000) t(i)",
        "SELECT i FROM range(120000) t(i) UNION ALL SELECT -i FROM range(120000) t(i)",
        "SELECT i, count(*) OVER (PARTITION BY i % 10) AS n FROM range(100000) t(i) ORDER BY "
        "hash(i)",
        "SELECT a.i, b.i AS j FROM range(150000) a(i) JOIN range(9) b(i) ON a.i % 9 = b.i ORDER BY "
        "1",
        "SELECT i % 5 AS k, sum(i) AS s FROM range(900000) t(i) GROUP BY 1 ORDER BY 1",
        "SELECT i FROM range(600000) t(i) WHERE i % 1000 = 7",
        "SELECT repeat('long ', 20) || i AS t FROM range(60000) t(i)",
    };
    struct fh_worker *one = worker;
    worker = rig_worker(&rig, FH_WORKER_QUERY, 2);
    for (unsigned round = 0; round < 2; round++) {
        for (size_t i = 0; i < FH_COUNT(sql); i++) {
            both_ways(sql[i], FH_OK);
        }
        both_ways("SELECT CASE WHEN i = 240000 THEN error('no') ELSE i END AS c "
                  "FROM range(250000) t(i)",
                  FH_ESQL);
    }
    rig_release(&rig, worker);
    worker = one;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_the_same),
        cmocka_unit_test(shapes_of_answers),
        cmocka_unit_test(long_answers_are_as_short_ones),
        cmocka_unit_test(two_threads_keep_the_order),
    };
    return cmocka_run_group_tests(tests, up, down);
}
