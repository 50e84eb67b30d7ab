/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameters through the gate into DuckDB: each gets its own value whatever the order, a value is
 * never read as SQL, and nothing runs with one too few or too many.
 */
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
    rig_write(&rig,
              "COPY (SELECT i AS a, 'c' || i AS c, DATE '2020-01-01' + i::INTEGER AS d, i / 4 AS f "
              "FROM range(10) t(i)) TO '%s/t.parquet'");
    worker = rig_worker(&rig, FH_WORKER_QUERY, 1);
    struct fh_err err = {0};
    struct fh_table t =
        rig_table(&rig, "dom.t.t", FH_SOURCE_PARQUET, "a BIGINT, c VARCHAR, d DATE, f DOUBLE");
    assert_int_equal(rig_add(worker, &t, rig_open(&rig, "t.parquet"), &err), FH_OK);
    return 0;
}

static int down(void **state)
{
    (void)state;
    rig_release(&rig, worker);
    rig_down(&rig);
    return 0;
}

/* "5" is an integer, "5.5" a decimal, "'x" text, "true", "null"; "name:" in front. */
static struct fh_param param_of(const char *text)
{
    struct fh_param param = {.name = ""};
    struct fh_err err;
    const char *colon = text[0] == '\'' ? NULL : strchr(text, ':');
    if (colon != NULL) {
        memcpy(param.name, text, (size_t)(colon - text));
        text = colon + 1;
    }
    if (text[0] == '\'') {
        param.value = (struct fh_cell){.kind = FH_CELL_BYTES, .bytes = fh_bytes_cstr(text + 1)};
    } else if (strcmp(text, "null") == 0) {
        param.value = (struct fh_cell){.kind = FH_CELL_NULL};
    } else if (strcmp(text, "true") == 0) {
        param.value = (struct fh_cell){.kind = FH_CELL_BOOL, .integer = 1};
    } else {
        assert_int_equal(fh_param_number(&param.value, text, &err), FH_OK);
    }
    return param;
}

static int run(const char *sql,
               const struct fh_param *params,
               size_t count,
               struct fh_buf *out,
               struct fh_err *err)
{
    struct fh_gate gate;
    struct fh_cell cells[FH_SQL_PARAMS_MAX];
    struct fh_arena *arena = fh_arena_new(1024 * 1024);
    int code = rig_gate_with(worker, sql, params, count, cells, arena, &gate, err);
    if (code == FH_OK) {
        struct fh_channel_run run = {.sql = fh_bytes_cstr(sql),
                                     .window = FH_QUERY_WINDOW,
                                     .params = cells,
                                     .param_count = gate.param_count};
        code = rig_run(worker, &run, out, err);
    }
    fh_arena_free(arena);
    return code;
}

enum { PARAMS_MAX = 4 };

static const struct {
    const char *sql;
    const char *params[PARAMS_MAX];
    const char *expected; /* rows, or a rule */
} rows[] = {
    /* every value where it belongs */
    {"SELECT $1, $2, ?3", {"'a", "'b", "'c"}, "a|b|c\n"},
    {"SELECT $3, $2, $1", {"'a", "'b", "'c"}, "c|b|a\n"},
    {"SELECT ?, ?", {"'a", "'b"}, "a|b\n"},
    {"SELECT $2 FROM dom.t WHERE a = $1 OR a = $1 + 1", {"7", "'b"}, "b\nb\n"},
    {"SELECT $b, $a, $B", {"a:'x", "b:'y"}, "y|x|y\n"},
    {"SELECT $b, $a", {"b:'y", "A:'x"}, "y|x\n"},
    {"SELECT c FROM dom.t WHERE a = $a LIMIT $n", {"n:1", "a:3"}, "c3\n"},
    {"WITH x AS (SELECT $y AS v) SELECT v, $x FROM x", {"x:1", "y:2"}, "2|1\n"},
    {"SELECT (SELECT max(a) FROM dom.t WHERE a < $2) FROM dom.t WHERE a = $1", {"0", "5"}, "4\n"},
    {"SELECT sum(a) OVER (ORDER BY a ROWS $1 PRECEDING) FROM dom.t WHERE a < 3",
     {"1"},
     "0\n1\n3\n"},
    {"SELECT a FROM dom.t WHERE a IN ($1, $2) ORDER BY a", {"2", "4"}, "2\n4\n"},
    {"SELECT a FROM dom.t WHERE a BETWEEN $1 AND $2 ORDER BY a", {"3", "4"}, "3\n4\n"},
    /* types */
    {"SELECT typeof($1), typeof($2), typeof($3), typeof($4)",
     {"5", "-5.25", "true", "18446744073709551615"},
     "INTEGER|DECIMAL(3,2)|BOOLEAN|UBIGINT\n"},
    {"SELECT $1 IS NULL, $2::VARCHAR IS NULL", {"null", "null"}, "true|true\n"},
    {"SELECT count(*) FROM dom.t WHERE d >= $1", {"'2020-01-08"}, "3\n"},
    {"SELECT count(*) FROM dom.t WHERE a >= $1", {"'8"}, "2\n"},
    {"SELECT count(*) FROM dom.t WHERE f >= $1", {"'1.75"}, "3\n"},
    {"SELECT date_trunc('month', $1::DATE)", {"'2020-03-04"}, "2020-03-01\n"},
    {"SELECT f * $1 FROM dom.t WHERE a = 2", {"2.5"}, "1.25\n"},
    {"SELECT d + $1 FROM dom.t WHERE a = 0", {"31"}, "2020-02-01\n"},
    {"SELECT $1 + 0.1", {"0.2"}, "0.3\n"},
    {"SELECT $1",
     {"99999999999999999999999999999999999999"},
     "99999999999999999999999999999999999999\n"},
    /* text is never SQL */
    {"SELECT $1", {"'x'; DROP TABLE t; --"}, "x'; DROP TABLE t; --\n"},
    {"SELECT c FROM dom.t WHERE c = $1", {"'' OR 1=1 --"}, ""},
    {"SELECT c FROM dom.t WHERE c = $1", {"'c1' OR 'x' = 'x"}, ""},
    {"SELECT c FROM dom.t WHERE c LIKE $1 LIMIT 1", {"'%' UNION SELECT 'x"}, ""},
    {"SELECT $1", {"'$2 ? $name"}, "$2 ? $name\n"},
    {"SELECT $1, $2", {"'$2", "'read_csv('/etc/passwd')"}, "$2|read_csv('/etc/passwd')\n"},
    {"SELECT $1", {"'\\'; \"x\" /* -- */ $$"}, "\\'; \"x\" /* -- */ $$\n"},
    {"SELECT length($1)", {"'\xf0\x9f\x98\x80\n\t"}, "3\n"},
    {"SELECT $1", {"'"}, "\n"},
    {"SELECT '$1', \"$1\", 'a?' FROM (SELECT 1 AS \"$1\") -- $2 ?", {NULL}, "$1|1|a?\n"},
    /* a value that does not convert: no word of it, nor of any row */
    {"SELECT count(*) FROM dom.t WHERE a = $1", {"'x'; DROP"}, "sql.runtime"},
    {"SELECT count(*) FROM dom.t WHERE d = $1", {"'tomorrow"}, "sql.runtime"},
    {"SELECT $1::INTEGER", {"'5 OR 1=1"}, "sql.runtime"},
    {"SELECT f * $1 FROM dom.t", {"'5"}, "sql.bind"},
    /* too few, too many, other names */
    {"SELECT $1", {NULL}, "sql.gate.parameter"},
    {"SELECT ?, ?", {"1"}, "sql.gate.parameter"},
    {"SELECT $1", {"1", "2"}, "sql.gate.parameter"},
    {"SELECT 1", {"1"}, "sql.gate.parameter"},
    {"SELECT 1", {"a:1"}, "sql.gate.parameter"},
    {"SELECT $1, $3", {"1", "2", "3"}, "sql.gate.parameter"},
    {"SELECT $2", {"1", "2"}, "sql.gate.parameter"},
    {"SELECT $0", {"1"}, "1\n"}, /* DuckDB reads it as a question mark */
    {"SELECT $a", {"1"}, "sql.gate.parameter"},
    {"SELECT $1", {"a:1"}, "sql.gate.parameter"},
    {"SELECT $a", {"b:1"}, "sql.gate.parameter"},
    {"SELECT $a", {"a:1", "b:2"}, "sql.gate.parameter"},
    {"SELECT $a, $1", {"a:1"}, "sql.gate.statement"},
    {"SELECT $99999999999", {"1"}, "sql.gate.parameter"},
    /* where no value can stand */
    {"SELECT a FROM dom.t ORDER BY $1", {"1"}, "sql.bind"},
    {"SELECT * FROM $1", {"'dom.t"}, "sql.syntax"},
    {"SELECT * FROM dom.$1", {"'t"}, "sql.syntax"},
    {"SELECT $1.c FROM dom.t", {"'t"}, "sql.runtime"},
    {"SELECT 1::$1", {"'INTEGER"}, "sql.syntax"},
    {"SELECT $1(a) FROM dom.t", {"'abs"}, "sql.syntax"},
    {"SELECT COLUMNS($1) FROM dom.t LIMIT 1", {"'^a$"}, "0\n"},
    {"SELECT a FROM dom.t AT (VERSION => $1)", {"1"}, "sql.gate.node"},
    {"SELECT * FROM read_csv($1)", {"'/etc/passwd"}, "sql.gate.table_function"},
    /* a series is bounded by what is written */
    {"SELECT * FROM range($1)", {"3"}, "sql.gate.bounds"},
    {"SELECT repeat('x', $1)", {"1000000000"}, "sql.gate.bounds"},
};

static void values_by_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_param params[PARAMS_MAX];
        struct fh_err err = {0};
        struct fh_buf out;
        size_t count = 0;
        fh_buf_init(&out, 64 * 1024);
        for (; count < PARAMS_MAX && rows[i].params[count] != NULL; count++) {
            params[count] = param_of(rows[i].params[count]);
        }
        int code = run(rows[i].sql, params, count, &out, &err);
        const char *found = code == FH_OK ? fh_buf_cstr(&out) : err.rule;
        if (strcmp(found, rows[i].expected) != 0) {
            fail_msg(
                "%s: expected %s, found %s: %s", rows[i].sql, rows[i].expected, found, err.text);
        }
        for (size_t k = 0; code != FH_OK && k < count; k++) {
            const struct fh_cell *value = &params[k].value;
            if (value->kind == FH_CELL_BYTES && value->bytes.size > 3 &&
                strstr(err.text, (const char *)value->bytes.data) != NULL) {
                fail_msg("%s: the error tells a value: %s", rows[i].sql, err.text);
            }
        }
        fh_buf_fini(&out);
    }
    rig_expect(worker, "SELECT count(*) FROM dom.t", "10\n");
}

/* As many as there may be, and one more. */
static void many_values(void **state)
{
    (void)state;
    struct fh_param params[FH_SQL_PARAMS_MAX + 1];
    struct fh_err err = {0};
    struct fh_buf sql;
    struct fh_buf out;
    fh_buf_init(&sql, 64 * 1024);
    fh_buf_init(&out, 64 * 1024);
    fh_buf_add_cstr(&sql, "SELECT 0");
    for (unsigned i = 0; i < FH_SQL_PARAMS_MAX; i++) {
        params[i] = param_of("1");
        fh_buf_printf(&sql, " + $%u * %u", i + 1, i + 1);
    }
    assert_int_equal(run(fh_buf_cstr(&sql), params, FH_SQL_PARAMS_MAX, &out, &err), FH_OK);
    char sum[16];
    snprintf(sum, sizeof sum, "%d\n", FH_SQL_PARAMS_MAX * (FH_SQL_PARAMS_MAX + 1) / 2);
    assert_string_equal(fh_buf_cstr(&out), sum);
    fh_buf_printf(&sql, " + $%u", FH_SQL_PARAMS_MAX + 1);
    params[FH_SQL_PARAMS_MAX] = param_of("1");
    assert_int_equal(run(fh_buf_cstr(&sql), params, FH_SQL_PARAMS_MAX + 1, &out, &err), FH_ETOOBIG);
    assert_string_equal(err.rule, "sql.gate.parameter");
    fh_buf_fini(&sql);
    fh_buf_fini(&out);
}

/* A worker that is given another number of values than its statement has runs nothing. */
static void the_worker_counts_too(void **state)
{
    (void)state;
    const struct fh_cell cell = {.kind = FH_CELL_UINT, .natural = 1};
    struct fh_channel_run run = {
        .sql = fh_bytes_cstr("SELECT $1, $2"), .window = 1, .params = &cell, .param_count = 1};
    struct fh_err err = {0};
    struct fh_buf out;
    fh_buf_init(&out, 1024);
    assert_int_equal(rig_run(worker, &run, &out, &err), FH_ESQL);
    assert_string_equal(err.rule, "sql.parameters");
    fh_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_by_table),
        cmocka_unit_test(many_values),
        cmocka_unit_test(the_worker_counts_too),
    };
    return cmocka_run_group_tests(tests, up, down);
}
