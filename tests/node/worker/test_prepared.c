/* SPDX-License-Identifier: Apache-2.0 */
/* Statements kept for the next time: by their text, so many of them, and not for ever. */
#include "node/worker/prepared.h"

#include "common/limits.h"
#include "common/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static duckdb_database database;
static duckdb_connection connection;

static int up(void **state)
{
    (void)state;
    return duckdb_open(NULL, &database) == DuckDBSuccess &&
                   duckdb_connect(database, &connection) == DuckDBSuccess
               ? 0
               : 1;
}

static int down(void **state)
{
    (void)state;
    duckdb_disconnect(&connection);
    duckdb_close(&database);
    return 0;
}

static duckdb_prepared_statement prepare(const char *sql)
{
    duckdb_prepared_statement statement;
    assert_int_equal(duckdb_prepare(connection, sql, &statement), DuckDBSuccess);
    return statement;
}

static void taken_once_by_text(void **state)
{
    (void)state;
    struct fh_prepared *prepared = fh_prepared_new();
    unsigned runs = 7;
    assert_non_null(prepared);
    assert_null(fh_prepared_take(prepared, fh_bytes_cstr("SELECT 1"), &runs));
    assert_int_equal(runs, 0);
    fh_prepared_keep(prepared, fh_bytes_cstr("SELECT 1"), prepare("SELECT 1"), 3);
    assert_null(fh_prepared_take(prepared, fh_bytes_cstr("SELECT 11"), &runs));
    duckdb_prepared_statement statement =
        fh_prepared_take(prepared, fh_bytes_cstr("SELECT 1"), &runs);
    assert_non_null(statement);
    assert_int_equal(runs, 3);
    assert_null(fh_prepared_take(prepared, fh_bytes_cstr("SELECT 1"), &runs));
    fh_prepared_keep(prepared, fh_bytes_cstr("SELECT 1"), statement, runs + 1);
    fh_prepared_forget(prepared);
    assert_null(fh_prepared_take(prepared, fh_bytes_cstr("SELECT 1"), &runs));
    fh_free(prepared); /* a worker never does */
}

/* What each run leaves in the plan goes with the statement. */
static void run_so_often_and_no_more(void **state)
{
    (void)state;
    struct fh_prepared *prepared = fh_prepared_new();
    struct fh_bytes sql = fh_bytes_cstr("SELECT 42");
    unsigned prepares = 0;
    for (unsigned i = 0; i < 2 * FH_PREPARED_RUNS_MAX; i++) {
        unsigned runs;
        duckdb_result result;
        duckdb_prepared_statement statement = fh_prepared_take(prepared, sql, &runs);
        prepares += statement == NULL;
        statement = statement == NULL ? prepare("SELECT 42") : statement;
        assert_int_equal(duckdb_execute_prepared(statement, &result), DuckDBSuccess);
        duckdb_destroy_result(&result);
        fh_prepared_keep(prepared, sql, statement, runs + 1);
    }
    assert_int_equal(prepares, 2);
    fh_prepared_forget(prepared);
    fh_free(prepared);
}

static void oldest_gives_way(void **state)
{
    (void)state;
    struct fh_prepared *prepared = fh_prepared_new();
    char sql[32];
    unsigned runs;
    for (unsigned i = 0; i <= FH_WORKER_PREPARED_MAX; i++) {
        snprintf(sql, sizeof sql, "SELECT %u", i);
        fh_prepared_keep(prepared, fh_bytes_cstr(sql), prepare(sql), 1);
    }
    assert_null(fh_prepared_take(prepared, fh_bytes_cstr("SELECT 0"), &runs));
    snprintf(sql, sizeof sql, "SELECT %d", FH_WORKER_PREPARED_MAX);
    duckdb_prepared_statement statement = fh_prepared_take(prepared, fh_bytes_cstr(sql), &runs);
    assert_non_null(statement);
    duckdb_destroy_prepare(&statement);
    fh_prepared_forget(prepared);
    fh_free(prepared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(taken_once_by_text),
        cmocka_unit_test(run_so_often_and_no_more),
        cmocka_unit_test(oldest_gives_way),
    };
    return cmocka_run_group_tests(tests, up, down);
}
