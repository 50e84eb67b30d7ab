/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate on trees of the linked DuckDB: what is allowed also runs, what is hostile is refused by
 * name, and no function of this DuckDB is without a verdict.
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

static void add_tables(void)
{
    struct fh_err err = {0};
    struct fh_table t =
        rig_table(&rig, "dom.t.t", FH_SOURCE_PARQUET, "a BIGINT, b INTEGER, c VARCHAR, d DATE");
    struct fh_table u = rig_table(&rig, "dom.u.u", FH_SOURCE_PARQUET, "k BIGINT, v BIGINT");
    assert_int_equal(rig_add(worker, &t, rig_open(&rig, "t.parquet"), &err), FH_OK);
    assert_int_equal(rig_add(worker, &u, rig_open(&rig, "u.parquet"), &err), FH_OK);
}

static int up(void **state)
{
    (void)state;
    rig_up(&rig);
    rig_write(&rig,
              "COPY (SELECT i AS a, (i % 3)::INTEGER AS b, 'c' || i AS c, DATE '2020-01-01' + "
              "i::INTEGER AS d FROM range(10) t(i)) TO '%s/t.parquet';"
              "COPY (SELECT i AS k, i * 2 AS v FROM range(10) t(i)) TO '%s/u.parquet'");
    worker = rig_worker(&rig, FH_WORKER_QUERY, 1);
    add_tables();
    return 0;
}

static int down(void **state)
{
    (void)state;
    rig_release(&rig, worker);
    rig_down(&rig);
    return 0;
}

/* A worker that DuckDB's parser killed is replaced. */
static void revive(void)
{
    if (fh_worker_dead(worker)) {
        rig_release(&rig, worker);
        worker = rig_worker(&rig, FH_WORKER_QUERY, 1);
        add_tables();
    }
}

/* Allowed and running. `t` and `u` stand for dom.t and dom.u. */
static const char *const allowed[] = {
    "SELECT 1",
    "FROM dom.t",
    "FROM dom.t SELECT a WHERE b = 1",
    "VALUES (1, 2), (3, 4)",
    "SELECT * FROM (VALUES (1, 'x'), (2, 'y')) AS v(id, nm)",
    "TABLE dom.t",
    "SELECT 1;",
    " -- a comment\nSELECT 1 /* another */;;",
    "WITH x AS (SELECT a, b FROM dom.t) SELECT sum(a) FROM x",
    "WITH x AS MATERIALIZED (SELECT a, b FROM dom.t) SELECT sum(x.a) FROM x, x y WHERE x.a = y.a",
    "WITH x AS NOT MATERIALIZED (SELECT a FROM dom.t) SELECT sum(a) FROM x",
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 10) SELECT * FROM r",
    "WITH x AS (SELECT 1 AS a), y AS (SELECT a + 1 AS b FROM x) SELECT * FROM y, x",
    "WITH a AS (WITH b AS (SELECT 1 AS z) SELECT * FROM b) SELECT * FROM a",
    "SELECT * FROM dom.t, LATERAL (SELECT t.a + 1 AS z) s WHERE s.z < 10",
    "SELECT * FROM dom.t JOIN LATERAL (SELECT u.v FROM dom.u WHERE u.k = t.a) q ON true",
    "SELECT 1 UNION ALL SELECT 2 UNION SELECT 3 EXCEPT SELECT 2",
    "SELECT a, b FROM dom.t UNION ALL BY NAME SELECT b, a FROM dom.t",
    "SELECT a FROM dom.t INTERSECT SELECT k FROM dom.u ORDER BY 1 LIMIT 2",
    "SELECT * FROM (PIVOT dom.t ON b IN (1, 2) USING sum(a) GROUP BY c)",
    "SELECT * FROM dom.t PIVOT (sum(a) FOR b IN (1, 2) GROUP BY c)",
    "UNPIVOT (SELECT a, k FROM dom.t, dom.u) ON a, k INTO NAME n VALUE v",
    "SELECT * FROM (SELECT a, b::BIGINT AS b FROM dom.t) UNPIVOT (v FOR n IN (a, b))",
    "SELECT a FROM dom.t QUALIFY row_number() OVER (PARTITION BY b ORDER BY c, a) = 1 ORDER BY ALL "
    "LIMIT 3 OFFSET 1",
    "SELECT * EXCLUDE (a) REPLACE (b + 1 AS b) FROM dom.t",
    "SELECT * RENAME (a AS aa) FROM dom.t",
    "SELECT COLUMNS('a|b') FROM dom.t",
    "SELECT COLUMNS(* EXCLUDE (a)) FROM dom.t",
    "SELECT COLUMNS(lambda c: c LIKE 'a%') FROM dom.t",
    "SELECT max(COLUMNS(*)) FROM dom.t",
    "SELECT t.* FROM dom.t POSITIONAL JOIN dom.u",
    "SELECT [x * 2 FOR x IN range(5) IF x > 1], {'a': 1, 'b': 'q'}, list_transform([1, 2], lambda "
    "x: "
    "x + 1), MAP {'k': 1}",
    "SELECT list_filter([1, 2, 3], lambda x: x > 1), [1, 2, 3][1:2], 'abc'[2], {'a': 5}.a, "
    "struct_pack(q := 3)",
    "SELECT b, count(*) FROM dom.t GROUP BY GROUPING SETS ((b), ()) HAVING count(*) > 1",
    "SELECT b, c, sum(a), grouping(b) FROM dom.t GROUP BY ROLLUP (b, c)",
    "SELECT b, c, sum(a) FROM dom.t GROUP BY CUBE (b, c)",
    "SELECT b, sum(a) FROM dom.t GROUP BY ALL ORDER BY ALL",
    "SELECT a, b FROM dom.t ORDER BY #2 LIMIT 1",
    "SELECT DISTINCT ON (b) b, a FROM dom.t ORDER BY b, a DESC",
    "SELECT sum(a) FILTER (WHERE b = 1), string_agg(a::VARCHAR, ',' ORDER BY a DESC), "
    "count(DISTINCT "
    "b) FROM dom.t",
    "SELECT a, sum(a) OVER w, lag(a, 2, 0) OVER (ORDER BY a), first_value(a IGNORE NULLS) OVER w "
    "FROM "
    "dom.t WINDOW w AS (PARTITION BY b ORDER BY a ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE "
    "TIES)",
    "SELECT rank() OVER (ORDER BY a), dense_rank() OVER (ORDER BY a), percent_rank() OVER (ORDER "
    "BY "
    "a), cume_dist() OVER (ORDER BY a), ntile(2) OVER (ORDER BY a), lead(a) OVER (ORDER BY a), "
    "last_value(a) OVER (ORDER BY a), nth_value(a, 2) OVER (ORDER BY a) FROM dom.t",
    "SELECT quantile_cont(a, 0.5), median(a), mode(b) FROM dom.t",
    "SELECT CASE b WHEN 1 THEN 'x' ELSE 'y' END, CASE WHEN a > 3 THEN 1 END, coalesce(NULL, a), "
    "nullif(a, 1), a BETWEEN 1 AND 3, a NOT IN (1, 2), a IS DISTINCT FROM b, b ISNULL FROM dom.t",
    "SELECT CAST(a AS DECIMAL(10, 2)), a::VARCHAR, TRY_CAST('x' AS INT), DATE '2020-01-01' + "
    "INTERVAL "
    "3 DAY, TIMESTAMP '2020-01-01 01:02:03', '1 day'::INTERVAL, 1e5, 1.50, 12345678901234567890, "
    "true "
    "FROM dom.t LIMIT 1",
    "SELECT 'it''s', E'a\\nb', $$dollar$$, \"a\" AS \"Weird \"\"name\" FROM dom.t LIMIT 1",
    "SELECT EXTRACT(year FROM DATE '2020-05-01'), date_trunc('month', DATE '2020-05-03'), "
    "SUBSTRING('abc' FROM 2 FOR 1), TRIM(BOTH 'x' FROM 'xax'), POSITION('b' IN 'abc'), 'a' LIKE "
    "'A', "
    "'a' ILIKE 'A', 'a' SIMILAR TO 'a|b', 'a%b' LIKE 'a$%b' ESCAPE '$', 'abc' ~ 'b', 'abc' GLOB "
    "'a*'",
    "SELECT * FROM dom.t WHERE EXISTS (SELECT 1 FROM dom.u WHERE u.k = t.a AND u.v > 4) AND a IN "
    "(SELECT k FROM dom.u) AND a > ALL (SELECT 0) AND a = ANY ([1, 2, 3])",
    "SELECT (SELECT max(v) FROM dom.u WHERE u.k = t.a) FROM dom.t",
    "SELECT ARRAY (SELECT k FROM dom.u ORDER BY k), row(1, 2), (1, 2) = (1, 2)",
    "SELECT * FROM dom.t LEFT JOIN dom.u ON t.a = u.k AND u.v > 3 FULL OUTER JOIN (SELECT 1 AS z) "
    "w ON "
    "w.z = t.a",
    "SELECT * FROM dom.t SEMI JOIN dom.u ON t.a = u.k",
    "SELECT * FROM dom.t ANTI JOIN dom.u ON t.a = u.v",
    "SELECT * FROM dom.t ASOF JOIN dom.u ON t.b = u.k AND t.a >= u.v",
    "SELECT * FROM dom.t CROSS JOIN dom.u",
    "SELECT * FROM range(5) r(i), unnest([10, 20]) AS g(x)",
    "SELECT unnest([1, 2, 3]), unnest({'a': 1, 'b': 2})",
    "SELECT unnest([{'a': 1}, {'a': 2}], recursive := true)",
    "SELECT * FROM generate_series(1, 10, 2)",
    "SELECT * FROM generate_series(10, 1, -2)",
    "SELECT * FROM generate_series(DATE '2001-01-01', DATE '2001-01-10', INTERVAL 1 DAY)",
    "SELECT count(*) FROM dom.t USING SAMPLE 50 ROWS",
    "SELECT count(*) FROM dom.t TABLESAMPLE reservoir(20%)",
    "SELECT a FROM dom.t ORDER BY b DESC NULLS FIRST, a ASC NULLS LAST LIMIT 10%",
    "SELECT a FROM dom.t LIMIT (SELECT 3)",
    "SELECT -a, NOT (a = 1), +a, ~a, a % 3, a // 2, a / 2, a ^ 2, a ** 2, a << 1, a & 3, a | 1, "
    "xor(a, 1), 5!, @(-3) FROM dom.t",
    "SELECT p FROM dom.t AS tt(p, q, r, s)",
    "SELECT 'NaN'::DOUBLE, 1::HUGEINT, 170141183460469231731687303715884105727, 'a'::ENUM('a', "
    "'b')",
    "SELECT '{\"a\": 1}'::JSON->'a', '{\"a\": 1}'->>'$.a', json_extract('{\"a\": 1}', '$.a')",
    "SELECT 'a' COLLATE NOCASE = 'A'",
    "SELECT CAST(ROW(1, 'a') AS STRUCT(i INT, s VARCHAR)), [1, 2]::INT[2], [[1]]::INT[][]",
    "SELECT a FROM dom.t WHERE (a, b) IN ((1, 1), (2, 2))",
    "SELECT * FROM (SELECT a FROM dom.t ORDER BY a LIMIT 3) UNION ALL (SELECT k FROM dom.u LIMIT "
    "2)",
    "SELECT current_date IS NOT NULL, current_timestamp IS NOT NULL, now() IS NOT NULL",
    "SELECT if(a > 1, 'x', 'y'), ifnull(NULL, 1), a IN (1, 2) FROM dom.t",
    "SELECT arg_max(a, b), histogram(b), list(a ORDER BY a), approx_count_distinct(a) > 0, "
    "any_value(c) "
    "FROM dom.t",
    "SELECT date_diff('day', DATE '2020-01-01', DATE '2020-03-01'), strftime(DATE '2020-01-01', "
    "'%Y'), "
    "to_days(3)",
    "SELECT repeat('-', 20), lpad('7', 3, '0'), range(3), generate_series(1, 3)",
    "SELECT upper(c), length(c), c || 'x', concat(c, a), regexp_replace(c, 'c', 'd') FROM dom.t",
    "SELECT md5('x'), sha256('x'), hash(1) IS NOT NULL, uuid() IS NOT NULL, random() < 2",
    "SELECT main.abs(-1)",
    "SELECT TRY_CAST('x' AS INTEGER), 1 / 0",
    "SELECT count(*) FROM \"dom\".\"t\"",
    "SELECT dom.t.a FROM dom.t",
    "WITH t AS (SELECT 5 AS a) SELECT a FROM t",
};

static void allowed_queries_pass_and_run(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(allowed); i++) {
        struct fh_err err = {0};
        struct fh_gate gate;
        struct fh_arena *arena = fh_arena_new(1024 * 1024);
        struct fh_buf out;
        fh_buf_init(&out, 1024 * 1024);
        if (rig_gate(worker, allowed[i], arena, &gate, &err) != FH_OK) {
            fail_msg("refused: %s\n%s [%s]", allowed[i], err.text, err.rule);
        }
        if (rig_query(worker, allowed[i], &out, &err) != FH_OK) {
            fail_msg("does not run: %s\n%s [%s]", allowed[i], err.text, err.rule);
        }
        fh_buf_fini(&out);
        fh_arena_free(arena);
    }
}

static const struct {
    const char *sql;
    const char *rule;
} refused[] = {
    /* not one SELECT */
    {"", "sql.empty"},
    {";", "sql.empty"},
    {"SELECT 1; SELECT 2", "sql.statements"},
    {"INSERT INTO dom.t VALUES (1)", "sql.gate.statement"},
    {"UPDATE dom.t SET a = 1", "sql.gate.statement"},
    {"DELETE FROM dom.t", "sql.gate.statement"},
    {"CREATE TABLE x (a INT)", "sql.gate.statement"},
    {"CREATE TEMP VIEW v AS SELECT 1", "sql.gate.statement"},
    {"CREATE MACRO m(x) AS x", "sql.gate.statement"},
    {"DROP VIEW dom.t", "sql.gate.statement"},
    {"ALTER VIEW dom.t RENAME TO s", "sql.gate.statement"},
    {"COPY dom.t TO '/tmp/x'", "sql.gate.statement"},
    {"COPY (SELECT 1) TO '/tmp/x.csv'", "sql.gate.statement"},
    {"EXPORT DATABASE '/tmp/x'", "sql.gate.statement"},
    {"IMPORT DATABASE '/tmp/x'", "sql.gate.statement"},
    {"ATTACH ':memory:' AS y", "sql.gate.statement"},
    {"DETACH dom", "sql.gate.statement"},
    {"USE dom", "sql.gate.statement"},
    {"SET memory_limit = '100GB'", "sql.gate.statement"},
    {"SET VARIABLE x = 1", "sql.gate.statement"},
    {"RESET memory_limit", "sql.gate.statement"},
    {"PRAGMA enable_verification", "sql.gate.statement"},
    {"PRAGMA enable_profiling", "sql.gate.statement"},
    {"PRAGMA add_parquet_key('a', 'b')", "sql.gate.statement"},
    {"CALL enable_logging()", "sql.gate.statement"},
    {"CALL pragma_version()", "sql.gate.statement"},
    {"INSTALL httpfs", "sql.gate.statement"},
    {"LOAD httpfs", "sql.gate.statement"},
    {"SELECT TRY(1 / 0)", "sql.gate.expression"},
    {"SELECT count(*) FROM dom.t WHERE TRY(CAST(c AS INTEGER)) IS NULL", "sql.gate.expression"},
    {"EXPLAIN SELECT 1", "sql.gate.statement"},
    {"EXPLAIN ANALYZE SELECT 1", "sql.gate.statement"},
    {"PREPARE p AS SELECT 1", "sql.gate.statement"},
    {"EXECUTE p", "sql.gate.statement"},
    {"DEALLOCATE p", "sql.gate.statement"},
    {"BEGIN", "sql.gate.statement"},
    {"COMMIT", "sql.gate.statement"},
    {"CHECKPOINT", "sql.gate.statement"},
    {"VACUUM", "sql.gate.statement"},
    {"ANALYZE", "sql.gate.statement"},
    {"CREATE SECRET s (TYPE s3)", "sql.gate.statement"},
    {"PIVOT dom.t ON a", "sql.gate.statement"},
    {"COMMENT ON VIEW dom.t IS 'x'", "sql.gate.statement"},
    {"SELEC 1", "sql.syntax"},
    {"SELECT 1 FROM", "sql.syntax"},
    {"SELECT * FROM dom.t WHERE", "sql.syntax"},
    /* the catalog by statement */
    {"SHOW TABLES", "sql.gate.relation"},
    {"SHOW ALL TABLES", "sql.gate.relation"},
    {"SHOW DATABASES", "sql.gate.relation"},
    {"DESCRIBE dom.t", "sql.gate.relation"},
    {"DESCRIBE SELECT 1", "sql.gate.relation"},
    {"SUMMARIZE dom.t", "sql.gate.relation"},
    {"SUMMARIZE SELECT a FROM dom.t", "sql.gate.relation"},
    {"SELECT * FROM (DESCRIBE dom.t)", "sql.gate.relation"},
    {"SELECT * FROM (SUMMARIZE dom.t)", "sql.gate.relation"},
    {"SELECT * FROM (SHOW ALL TABLES)", "sql.gate.relation"},
    /* files and the engine's insides by table function */
    {"SELECT * FROM read_csv('/etc/passwd')", "sql.gate.table_function"},
    {"SELECT * FROM READ_CSV('/etc/passwd')", "sql.gate.table_function"},
    {"SELECT * FROM \"read_csv\"('/etc/passwd')", "sql.gate.table_function"},
    {"SELECT * FROM read_csv_auto('/etc/passwd')", "sql.gate.table_function"},
    {"SELECT * FROM read_text('/etc/passwd')", "sql.gate.table_function"},
    {"SELECT * FROM read_blob('/proc/self/fd/100')", "sql.gate.table_function"},
    {"SELECT * FROM read_parquet('/proc/self/fd/100')", "sql.gate.table_function"},
    {"SELECT * FROM parquet_scan('/proc/self/fd/100')", "sql.gate.table_function"},
    {"SELECT * FROM parquet_metadata('/proc/self/fd/100')", "sql.gate.table_function"},
    {"SELECT * FROM parquet_schema('/proc/self/fd/100')", "sql.gate.table_function"},
    {"SELECT * FROM parquet_kv_metadata('/proc/self/fd/100')", "sql.gate.table_function"},
    {"SELECT * FROM parquet_file_metadata('/proc/self/fd/100')", "sql.gate.table_function"},
    {"SELECT * FROM parquet_bloom_probe('/proc/self/fd/100', 'a', 1)", "sql.gate.table_function"},
    {"SELECT * FROM read_json('/proc/self/fd/100')", "sql.gate.table_function"},
    {"SELECT * FROM read_ndjson('/proc/self/fd/100')", "sql.gate.table_function"},
    {"SELECT * FROM sniff_csv('/etc/passwd')", "sql.gate.table_function"},
    {"SELECT * FROM glob('/*')", "sql.gate.table_function"},
    {"SELECT * FROM duckdb_views()", "sql.gate.table_function"},
    {"SELECT * FROM duckdb_settings()", "sql.gate.table_function"},
    {"SELECT * FROM duckdb_databases()", "sql.gate.table_function"},
    {"SELECT * FROM duckdb_secrets()", "sql.gate.table_function"},
    {"SELECT * FROM duckdb_external_file_cache()", "sql.gate.table_function"},
    {"SELECT * FROM duckdb_prepared_statements()", "sql.gate.table_function"},
    {"SELECT * FROM duckdb_functions()", "sql.gate.table_function"},
    {"SELECT * FROM duckdb_logs()", "sql.gate.table_function"},
    {"SELECT * FROM duckdb_variables()", "sql.gate.table_function"},
    {"SELECT * FROM pragma_table_info('dom.t')", "sql.gate.table_function"},
    {"SELECT * FROM pragma_storage_info('dom.t')", "sql.gate.table_function"},
    {"SELECT * FROM pragma_version()", "sql.gate.table_function"},
    {"SELECT * FROM enable_logging(storage = 'file', storage_config = {'path': '/tmp/x'})",
     "sql.gate.table_function"},
    {"SELECT * FROM disable_logging()", "sql.gate.table_function"},
    {"SELECT * FROM truncate_duckdb_logs()", "sql.gate.table_function"},
    {"SELECT * FROM checkpoint()", "sql.gate.table_function"},
    {"SELECT * FROM force_checkpoint()", "sql.gate.table_function"},
    {"SELECT * FROM query('SELECT 1')", "sql.gate.table_function"},
    {"SELECT * FROM query_table('dom.t')", "sql.gate.table_function"},
    {"FROM query_table(['a', 'b'])", "sql.gate.table_function"},
    {"SELECT * FROM json_execute_serialized_sql('{}')", "sql.gate.table_function"},
    {"SELECT * FROM seq_scan('t')", "sql.gate.table_function"},
    {"SELECT * FROM arrow_scan(1, 2, 3)", "sql.gate.table_function"},
    {"SELECT * FROM sql_auto_complete('SEL')", "sql.gate.table_function"},
    {"SELECT * FROM test_all_types()", "sql.gate.table_function"},
    {"SELECT * FROM test_vector_types(NULL::INT)", "sql.gate.table_function"},
    {"SELECT * FROM summary((FROM dom.t))", "sql.gate.table_function"},
    {"SELECT * FROM repeat(1, 10)", "sql.gate.table_function"},
    {"SELECT * FROM repeat_row(1, num_rows = 10)", "sql.gate.table_function"},
    {"SELECT * FROM fh_remote(0)", "sql.gate.table_function"},
    {"SELECT * FROM system.main.fh_remote(0)", "sql.gate.table_function"},
    {"SELECT fh_mask_hash(1, 'x')", "sql.gate.function"},
    {"SELECT system.main.fh_mask_floor(1, 2)", "sql.gate.function"},
    {"SELECT FH_EMIT(1, k) FROM dom.t", "sql.gate.function"},
    {"SELECT * FROM histogram_values(dom.t, a)", "sql.gate.table_function"},
    {"SELECT * FROM json_each('{}')", "sql.gate.table_function"},
    {"SELECT * FROM icu_calendar_names()", "sql.gate.table_function"},
    {"SELECT * FROM which_secret('x', 's3')", "sql.gate.table_function"},
    {"SELECT * FROM dom.t, read_text('/etc/passwd')", "sql.gate.table_function"},
    {"SELECT * FROM (SELECT * FROM read_text('/etc/passwd'))", "sql.gate.table_function"},
    {"WITH x AS (SELECT * FROM glob('*')) SELECT * FROM x", "sql.gate.table_function"},
    {"SELECT (SELECT max(content) FROM read_text('/etc/passwd'))", "sql.gate.table_function"},
    {"SELECT a FROM dom.t WHERE a IN (SELECT 1 FROM glob('*'))", "sql.gate.table_function"},
    {"SELECT a FROM dom.t ORDER BY (SELECT count(*) FROM glob('*'))", "sql.gate.table_function"},
    {"SELECT a FROM dom.t LIMIT (SELECT count(*) FROM glob('*'))", "sql.gate.table_function"},
    {"SELECT count(*) FILTER (WHERE EXISTS (FROM glob('*'))) FROM dom.t",
     "sql.gate.table_function"},
    {"SELECT 1 UNION ALL SELECT 1 FROM glob('*')", "sql.gate.table_function"},
    {"SELECT 1 UNION ALL SELECT 1 UNION ALL SELECT 1 FROM glob('*')", "sql.gate.table_function"},
    {"SELECT * FROM dom.t JOIN dom.u ON EXISTS (FROM glob('*'))", "sql.gate.table_function"},
    {"SELECT CASE WHEN EXISTS (FROM glob('*')) THEN 1 END", "sql.gate.table_function"},
    {"SELECT sum(a) OVER (ORDER BY (SELECT 1 FROM glob('*'))) FROM dom.t",
     "sql.gate.table_function"},
    {"SELECT list_transform([1], lambda x: (SELECT 1 FROM glob('*')))", "sql.gate.table_function"},
    {"VALUES ((SELECT 1 FROM glob('*')))", "sql.gate.table_function"},
    {"SELECT * REPLACE ((SELECT 1 FROM glob('*')) AS a) FROM dom.t", "sql.gate.table_function"},
    {"SELECT b FROM dom.t GROUP BY b HAVING EXISTS (FROM glob('*'))", "sql.gate.table_function"},
    {"SELECT a FROM dom.t QUALIFY EXISTS (FROM glob('*'))", "sql.gate.table_function"},
    {"SELECT * FROM (FROM glob('*')) PIVOT (count(*) FOR file IN ('x'))",
     "sql.gate.table_function"},
    {"WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n FROM r, glob('*')) FROM r",
     "sql.gate.table_function"},
    {"WITH RECURSIVE r AS (SELECT 1 AS n FROM glob('*') UNION ALL SELECT n FROM r) FROM r",
     "sql.gate.table_function"},
    /* functions */
    {"SELECT getvariable('x')", "sql.gate.function"},
    {"SELECT current_setting('memory_limit')", "sql.gate.function"},
    {"SELECT setseed(0.5)", "sql.gate.function"},
    {"SELECT nextval('s')", "sql.gate.function"},
    {"SELECT currval('s')", "sql.gate.function"},
    {"SELECT write_log('x')", "sql.gate.function"},
    {"SELECT error('boom')", "sql.gate.function"},
    {"SELECT txid_current()", "sql.gate.function"},
    {"SELECT current_query()", "sql.gate.function"},
    {"SELECT current_schemas(true)", "sql.gate.function"},
    {"SELECT json_serialize_sql('SELECT 1')", "sql.gate.function"},
    {"SELECT json_serialize_plan('SELECT 1')", "sql.gate.function"},
    {"SELECT json_deserialize_sql('{}')", "sql.gate.function"},
    {"SELECT stats(a) FROM dom.t", "sql.gate.function"},
    {"SELECT vector_type(a) FROM dom.t", "sql.gate.function"},
    {"SELECT create_sort_key(a, 'ASC') FROM dom.t", "sql.gate.function"},
    {"SELECT __internal_compress_integral_utinyint(a, 0) FROM dom.t", "sql.gate.function"},
    {"SELECT pg_get_viewdef(1)", "sql.gate.function"},
    {"SELECT has_table_privilege('dom.t', 'SELECT')", "sql.gate.function"},
    {"SELECT getenv('HOME')", "sql.gate.function"},
    {"SELECT no_such_function(1)", "sql.gate.function"},
    {"SELECT dom.main.my_macro(1)", "sql.gate.function"},
    {"SELECT other.abs(1)", "sql.gate.function"},
    {"SELECT sum(getvariable('x')) OVER () FROM dom.t", "sql.gate.function"},
    {"SELECT list_transform([1], lambda x: getvariable('x'))", "sql.gate.function"},
    {"SELECT a FROM dom.t ORDER BY getvariable('x')", "sql.gate.function"},
    {"SELECT string_agg(c, ',' ORDER BY error(c)) FROM dom.t", "sql.gate.function"},
    {"SELECT CAST(error('x') AS INT)", "sql.gate.function"},
    {"SELECT a FROM dom.t WHERE a BETWEEN 1 AND getvariable('x')", "sql.gate.function"},
    {"SELECT [error('x')]", "sql.gate.function"},
    {"SELECT {'a': error('x')}", "sql.gate.function"},
    {"SELECT * FROM unnest([getvariable('x')])", "sql.gate.function"},
    {"SELECT a FROM dom.t GROUP BY a, error('x')", "sql.gate.function"},
    {"SELECT DISTINCT ON (error('x')) a FROM dom.t", "sql.gate.function"},
    {"SELECT * FROM (VALUES (error('x')))", "sql.gate.function"},
    {"SELECT a FROM dom.t PIVOT (sum(error(a)) FOR b IN (1))", "sql.gate.function"},
    /* bounds */
    {"SELECT repeat('x', 1000000000)", "sql.gate.bounds"},
    {"SELECT repeat(c, a) FROM dom.t", "sql.gate.bounds"},
    {"SELECT lpad('x', 1000000000, 'y')", "sql.gate.bounds"},
    {"SELECT rpad('x', 1000000000, 'y')", "sql.gate.bounds"},
    {"SELECT range(100000000)", "sql.gate.bounds"},
    {"SELECT len(range(0, 100000000))", "sql.gate.bounds"},
    {"SELECT * FROM range(1000000000)", "sql.gate.bounds"},
    {"SELECT * FROM range(0, 10, 0)", "sql.gate.bounds"},
    {"SELECT * FROM generate_series(1, 9223372036854775807)", "sql.gate.bounds"},
    {"SELECT * FROM range((SELECT 1000000000))", "sql.gate.bounds"},
    {"SELECT range(a) FROM dom.t", "sql.gate.bounds"},
    {"SELECT bitstring('1', 2000000000)", "sql.gate.bounds"},
    {"SELECT list_resize([1], 2000000000)", "sql.gate.bounds"},
    /* expressions and types */
    {"SELECT ?", "sql.gate.parameter"},
    {"SELECT $1", "sql.gate.parameter"},
    {"SELECT $name", "sql.gate.parameter"},
    {"SELECT a FROM dom.t LIMIT ?", "sql.gate.parameter"},
    {"SELECT 1::REGCLASS", "sql.gate.type"},
    {"SELECT 1::dom.main.mytype", "sql.gate.type"},
    {"SELECT NULL::STRUCT(a REGCLASS)", "sql.gate.type"},
    {"SELECT * FROM dom.t AT (VERSION => 1)", "sql.gate.node"},
    {"WITH duckdb_tables AS (SELECT 1) SELECT * FROM duckdb_tables", "sql.gate.relation"},
    {"WITH sqlite_master AS (SELECT * FROM sqlite_master) FROM sqlite_master", "sql.gate.relation"},
    /* the pre-scan */
    {"SELECT '\xe2\x80\xae'", "sql.character"},
    {"SELECT 'abc", "sql.unterminated"},
    {"SELECT (1", "sql.brackets"},
    {"SELECT 1)", "sql.brackets"},
    {"WITH a AS (WITH b AS (WITH c AS (WITH d AS (SELECT 1) FROM d) FROM c) FROM b) FROM a",
     "sql.cte_depth"},
};

static void hostile_queries_are_refused_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(refused); i++) {
        struct fh_err err = {0};
        struct fh_gate gate;
        struct fh_arena *arena = fh_arena_new(1024 * 1024);
        int code = rig_gate(worker, refused[i].sql, arena, &gate, &err);
        if (code == FH_OK) {
            fail_msg("passed: %s", refused[i].sql);
        }
        if (strcmp(err.rule, refused[i].rule) != 0) {
            fail_msg("%s: expected %s, found %s: %s",
                     refused[i].sql,
                     refused[i].rule,
                     err.rule,
                     err.text);
        }
        fh_arena_free(arena);
        revive();
    }
}

static void tables_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        const char *tables; /* catalog.schema.name, in order */
    } rows[] = {
        {"SELECT 1", ""},
        {"FROM t", "..t"},
        {"FROM dom.t", ".dom.t"},
        {"FROM dom.t.t, dom.t, dom.t", "dom.t.t .dom.t"},
        {"FROM dom.\"t@1\"", ".dom.t@1"},
        {"SELECT * FROM dom.t JOIN (SELECT * FROM dom.u) x ON true", ".dom.t .dom.u"},
        {"SELECT (SELECT max(k) FROM dom.u) FROM dom.t", ".dom.u .dom.t"},
        {"WITH x AS (FROM dom.t) SELECT * FROM x, dom.u", ".dom.t .dom.u"},
        {"WITH x AS (FROM x) FROM x", "..x"}, // not recursive: the inner x is another
        {"WITH y AS (FROM x), x AS (SELECT 1) FROM y", "..x"}, // not yet visible
        {"WITH x AS (SELECT 1), y AS (FROM x) FROM y", ""},
        {"WITH x AS (SELECT 1) SELECT * FROM (WITH z AS (FROM x) FROM z), z", "..z"},
        {"WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) FROM r",
         ""},
        {"WITH RECURSIVE r AS (SELECT 1 AS n FROM r UNION ALL SELECT n FROM r) FROM r", "..r"},
        {"WITH x AS (SELECT 1) FROM main.x", ".main.x"}, // qualified: not the CTE
        {"WITH X AS (SELECT 1) FROM x", ""},
        {"SELECT * FROM '/etc/passwd'", "../etc/passwd"},
        {"FROM sqlite_master", "..sqlite_master"},
        {"FROM information_schema.tables", ".information_schema.tables"},
        {"FROM system.main.duckdb_views", "system.main.duckdb_views"},
        {"SELECT * FROM dom.t PIVOT (sum(a) FOR b IN (1, 2))", ".dom.t"},
        {"SELECT 1 FROM dom.a UNION SELECT 1 FROM dom.b EXCEPT SELECT 1 FROM dom.c",
         ".dom.a .dom.b .dom.c"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_err err = {0};
        struct fh_gate gate;
        struct fh_buf text;
        struct fh_arena *arena = fh_arena_new(1024 * 1024);
        fh_buf_init(&text, 4096);
        if (rig_gate(worker, rows[i].sql, arena, &gate, &err) != FH_OK) {
            fail_msg("%s: %s", rows[i].sql, err.text);
        }
        for (uint32_t k = 0; k < gate.table_count; k++) {
            fh_buf_printf(&text,
                          "%s%s.%s.%s",
                          k == 0 ? "" : " ",
                          gate.tables[k].catalog,
                          gate.tables[k].schema,
                          gate.tables[k].name);
        }
        if (strcmp(fh_buf_cstr(&text), rows[i].tables) != 0) {
            fail_msg("%s: found %s", rows[i].sql, fh_buf_cstr(&text));
        }
        fh_buf_fini(&text);
        fh_arena_free(arena);
    }
}

static void slow_texts_end_the_worker_only(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_buf json;
    struct fh_buf sql;
    fh_buf_init(&json, FH_AST_BYTES_MAX);
    fh_buf_init(&sql, FH_SQL_BYTES_MAX);
    for (int i = 0; i < 14; i++) { // what the pre-scan would refuse, given to the parser
        fh_buf_add_cstr(&sql, "WITH a AS (");
    }
    fh_buf_add_cstr(&sql, "SELECT 1");
    for (int i = 0; i < 14; i++) {
        fh_buf_add_cstr(&sql, ") SELECT * FROM a");
    }
    assert_int_equal(fh_worker_parse(worker, fh_buf_view(&sql), &json, &err), FH_ETIMEOUT);
    assert_string_equal(err.rule, "sql.parse_time");
    assert_true(fh_worker_dead(worker));
    fh_buf_fini(&sql);
    fh_buf_fini(&json);
    revive();
    rig_expect(worker, "SELECT count(*) FROM dom.t", "10\n");
}

/* Somebody must decide about every function that a new DuckDB brings. */
static void every_function_has_a_verdict(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_buf out;
    unsigned names = 0;
    unsigned unknown = 0;
    fh_buf_init(&out, 1024 * 1024);
    assert_int_equal(
        rig_query(
            worker, "SELECT DISTINCT lower(function_name) FROM duckdb_functions()", &out, &err),
        FH_OK);
    char *next = NULL;
    for (char *name = strtok_r((char *)(uintptr_t)fh_buf_cstr(&out), "\n", &next); name != NULL;
         name = strtok_r(NULL, "\n", &next)) {
        names++;
        if (fh_gate_function(name) == FH_GATE_UNKNOWN && strcmp(name, "fh_remote") != 0) {
            print_error("no verdict on function %s\n", name);
            unknown++;
        }
    }
    assert_true(names > 600);
    assert_int_equal(unknown, 0);
    assert_int_equal(fh_gate_function("read_csv"), FH_GATE_DENIED);
    assert_int_equal(fh_gate_function("sum"), FH_GATE_ALLOWED);
    assert_int_equal(fh_gate_function("fh_remote"), FH_GATE_DENIED);
    fh_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allowed_queries_pass_and_run),
        cmocka_unit_test(hostile_queries_are_refused_by_name),
        cmocka_unit_test(tables_are_found),
        cmocka_unit_test(slow_texts_end_the_worker_only),
        cmocka_unit_test(every_function_has_a_verdict),
    };
    return cmocka_run_group_tests(tests, up, down);
}
