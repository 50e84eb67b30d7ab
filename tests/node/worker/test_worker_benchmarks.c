/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ordinary work gets through: the questions of TPC-H and ClickBench, from files beside this one,
 * pass pre-scan and gate as they stand, run in a confined worker over its views, and give row for
 * row what DuckDB gives in this process over the same files.
 */
#include "common/file.h"
#include "tests/node/worker/rig.h"

#include <duckdb.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TEXT_BYTES_MAX = 1024 * 1024 };

static struct rig rig;
static struct fh_worker *worker;
static duckdb_database database;
static duckdb_connection direct;

static const struct table {
    const char *name; /* domain.product.table */
    const char *file;
    const char *columns;
} tables[] = {
    {"tpch.region.region",
     "region.parquet",
     "r_regionkey BIGINT, r_name VARCHAR, r_comment VARCHAR"},
    {"tpch.nation.nation",
     "nation.parquet",
     "n_nationkey BIGINT, n_name VARCHAR, n_regionkey BIGINT, n_comment VARCHAR"},
    {"tpch.supplier.supplier",
     "supplier.parquet",
     "s_suppkey BIGINT, s_name VARCHAR, s_address VARCHAR, s_nationkey BIGINT, s_phone VARCHAR, "
     "s_acctbal DECIMAL(15,2), s_comment VARCHAR"},
    {"tpch.part.part",
     "part.parquet",
     "p_partkey BIGINT, p_name VARCHAR, p_mfgr VARCHAR, p_brand VARCHAR, p_type VARCHAR, p_size "
     "INTEGER, p_container VARCHAR, p_retailprice DECIMAL(15,2), p_comment VARCHAR"},
    {"tpch.partsupp.partsupp",
     "partsupp.parquet",
     "ps_partkey BIGINT, ps_suppkey BIGINT, ps_availqty INTEGER, ps_supplycost DECIMAL(15,2), "
     "ps_comment VARCHAR"},
    {"tpch.customer.customer",
     "customer.parquet",
     "c_custkey BIGINT, c_name VARCHAR, c_address VARCHAR, c_nationkey BIGINT, c_phone VARCHAR, "
     "c_acctbal DECIMAL(15,2), c_mktsegment VARCHAR, c_comment VARCHAR"},
    {"tpch.orders.orders",
     "orders.parquet",
     "o_orderkey BIGINT, o_custkey BIGINT, o_orderstatus VARCHAR, o_totalprice DECIMAL(15,2), "
     "o_orderdate DATE, o_orderpriority VARCHAR, o_clerk VARCHAR, o_shippriority INTEGER, "
     "o_comment "
     "VARCHAR"},
    {"tpch.lineitem.lineitem",
     "lineitem.parquet",
     "l_orderkey BIGINT, l_partkey BIGINT, l_suppkey BIGINT, l_linenumber BIGINT, l_quantity "
     "DECIMAL(15,2), l_extendedprice DECIMAL(15,2), l_discount DECIMAL(15,2), l_tax DECIMAL(15,2), "
     "l_returnflag VARCHAR, l_linestatus VARCHAR, l_shipdate DATE, l_commitdate DATE, "
     "l_receiptdate "
     "DATE, l_shipinstruct VARCHAR, l_shipmode VARCHAR, l_comment VARCHAR"},
    {"web.hits.hits",
     "hits.parquet",
     "WatchID BIGINT, Title VARCHAR, EventTime TIMESTAMP, EventDate DATE, CounterID INTEGER, "
     "ClientIP "
     "BIGINT, RegionID INTEGER, UserID BIGINT, URL VARCHAR, Referer VARCHAR, IsRefresh INTEGER, "
     "ResolutionWidth INTEGER, MobilePhone INTEGER, MobilePhoneModel VARCHAR, TraficSourceID "
     "INTEGER, "
     "SearchEngineID INTEGER, SearchPhrase VARCHAR, AdvEngineID INTEGER, IsLink INTEGER, "
     "IsDownload "
     "INTEGER, DontCountHits INTEGER, RefererHash BIGINT, URLHash BIGINT, WindowClientWidth "
     "INTEGER, "
     "WindowClientHeight INTEGER"},
};

/* ---- SQL files ---- */

/* The text of a file beside this one, without comments; every `%s` is the scratch folder. */
static void read_sql(struct fh_buf *out, const char *name)
{
    char path[4096];
    struct fh_err err = {0};
    struct fh_buf raw;
    snprintf(path, sizeof path, "%s/%s", FH_QUERIES_FOLDER, name);
    fh_buf_init(&raw, TEXT_BYTES_MAX);
    if (fh_file_read(path, &raw, &err) != FH_OK) {
        fail_msg("%s", err.text);
    }
    char *next = NULL;
    for (char *line = strtok_r((char *)(uintptr_t)fh_buf_cstr(&raw), "\n", &next); line != NULL;
         line = strtok_r(NULL, "\n", &next)) {
        if (strncmp(line, "--", 2) == 0) {
            continue;
        }
        for (char *at; (at = strstr(line, "%s/")) != NULL; line = at + 2) {
            fh_buf_add(out, line, (size_t)(at - line));
            fh_buf_add_cstr(out, rig.scratch.path);
        }
        fh_buf_add_cstr(out, line);
        fh_buf_add_u8(out, '\n');
    }
    fh_buf_fini(&raw);
    assert_int_equal(fh_buf_ok(out), FH_OK);
}

static void do_direct(const char *sql)
{
    duckdb_result result;
    if (duckdb_query(direct, sql, &result) == DuckDBError) {
        fail_msg("%.200s: %s", sql, duckdb_result_error(&result));
    }
    duckdb_destroy_result(&result);
}

/* Rows of text columns, as rig_rows writes them. */
static void ask_direct(const char *sql, struct fh_buf *out)
{
    duckdb_result result;
    if (duckdb_query(direct, sql, &result) == DuckDBError) {
        fail_msg("%.200s: %s", sql, duckdb_result_error(&result));
    }
    idx_t columns = duckdb_column_count(&result);
    for (duckdb_data_chunk chunk; (chunk = duckdb_fetch_chunk(result)) != NULL;) {
        for (idx_t row = 0; row < duckdb_data_chunk_get_size(chunk); row++) {
            for (idx_t i = 0; i < columns; i++) {
                duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, i);
                uint64_t *valid = duckdb_vector_get_validity(vector);
                duckdb_string_t *texts = duckdb_vector_get_data(vector);
                fh_buf_add_cstr(out, i == 0 ? "" : "|");
                if (valid != NULL && !duckdb_validity_row_is_valid(valid, row)) {
                    fh_buf_add_cstr(out, "NULL");
                } else {
                    fh_buf_add(
                        out, duckdb_string_t_data(&texts[row]), duckdb_string_t_length(texts[row]));
                }
            }
            fh_buf_add_u8(out, '\n');
        }
        duckdb_destroy_data_chunk(&chunk);
    }
    duckdb_destroy_result(&result);
}

static int up(void **state)
{
    (void)state;
    static const char *const data[] = {"tpch_data.sql", "clickbench_data.sql"};
    rig_up(&rig);
    if (duckdb_open(NULL, &database) == DuckDBError ||
        duckdb_connect(database, &direct) == DuckDBError) {
        return -1;
    }
    do_direct("SET threads = 1");
    do_direct("CREATE SCHEMA tpch; CREATE SCHEMA web");
    for (size_t i = 0; i < FH_COUNT(data); i++) {
        struct fh_buf sql;
        fh_buf_init(&sql, TEXT_BYTES_MAX);
        read_sql(&sql, data[i]);
        do_direct(fh_buf_cstr(&sql));
        fh_buf_fini(&sql);
        do_direct("DROP MACRO pick; DROP MACRO upto");
    }
    worker = rig_worker(&rig, FH_WORKER_QUERY, 2);
    for (size_t i = 0; i < FH_COUNT(tables); i++) {
        char text[1024];
        struct fh_err err = {0};
        struct fh_table table =
            rig_table(&rig, tables[i].name, FH_SOURCE_PARQUET, tables[i].columns);
        if (rig_add(worker, &table, rig_open(&rig, tables[i].file), &err) != FH_OK) {
            fail_msg("%s: %s", tables[i].name, err.text);
        }
        snprintf(text,
                 sizeof text,
                 "CREATE VIEW %s.%s AS FROM '%s/%s'",
                 table.domain,
                 table.product,
                 rig.scratch.path,
                 tables[i].file);
        do_direct(text);
    }
    return 0;
}

static int down(void **state)
{
    (void)state;
    duckdb_disconnect(&direct);
    duckdb_close(&database);
    rig_release(&rig, worker);
    rig_down(&rig);
    return 0;
}

/* One statement through the gate as it stands, and its rows as text on both ways. */
static bool same_rows(const char *sql, const char *what)
{
    struct fh_err err = {0};
    struct fh_gate gate;
    struct fh_buf plain;
    struct fh_buf wrapped;
    struct fh_buf found;
    struct fh_buf expected;
    struct fh_arena *arena = fh_arena_new(1024 * 1024);
    fh_buf_init(&plain, 16 * 1024 * 1024);
    fh_buf_init(&wrapped, TEXT_BYTES_MAX);
    fh_buf_init(&found, 16 * 1024 * 1024);
    fh_buf_init(&expected, 16 * 1024 * 1024);
    if (rig_gate(worker, sql, arena, &gate, &err) != FH_OK) {
        fail_msg("%s: refused: %s [%s]\n%s", what, err.text, err.rule, sql);
    }
    if (rig_query(worker, sql, &plain, &err) != FH_OK) {
        fail_msg("%s: does not run: %s [%s]\n%s", what, err.text, err.rule, sql);
    }
    fh_buf_printf(&wrapped, "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (%s) everything", sql);
    if (rig_gate(worker, fh_buf_cstr(&wrapped), arena, &gate, &err) != FH_OK ||
        rig_query(worker, fh_buf_cstr(&wrapped), &found, &err) != FH_OK) {
        fail_msg("%s: as text: %s", what, err.text);
    }
    ask_direct(fh_buf_cstr(&wrapped), &expected);
    if (strcmp(fh_buf_cstr(&found), fh_buf_cstr(&expected)) != 0) {
        fail_msg("%s:\n%s\nfound:\n%.2000s\nexpected:\n%.2000s",
                 what,
                 sql,
                 fh_buf_cstr(&found),
                 fh_buf_cstr(&expected));
    }
    bool any = plain.size > 0;
    fh_buf_fini(&plain);
    fh_buf_fini(&wrapped);
    fh_buf_fini(&found);
    fh_buf_fini(&expected);
    fh_arena_free(arena);
    return any;
}

static void run_file(const char *name, unsigned count, unsigned answered)
{
    struct fh_buf sql;
    unsigned statements = 0;
    unsigned with_rows = 0;
    fh_buf_init(&sql, TEXT_BYTES_MAX);
    read_sql(&sql, name);
    char *at = (char *)(uintptr_t)fh_buf_cstr(&sql);
    for (char *end; (end = strstr(at, ";\n")) != NULL; at = end + 2) {
        char what[64];
        *end = '\0';
        snprintf(what, sizeof what, "%s, question %u", name, ++statements);
        with_rows += same_rows(at, what);
    }
    assert_int_equal(statements, count);
    if (with_rows < answered) {
        fail_msg("%s: %u questions have rows; the data shall answer %u", name, with_rows, answered);
    }
    fh_buf_fini(&sql);
}

static void tpch_runs(void **state)
{
    (void)state;
    run_file("tpch.sql", 22, 20);
}

static void clickbench_runs(void **state)
{
    (void)state;
    run_file("clickbench.sql", 43, 40);
}

static void analysts_are_served(void **state)
{
    (void)state;
    run_file("analysts.sql", 79, 79);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tpch_runs),
        cmocka_unit_test(clickbench_runs),
        cmocka_unit_test(analysts_are_served),
    };
    return cmocka_run_group_tests(tests, up, down);
}
