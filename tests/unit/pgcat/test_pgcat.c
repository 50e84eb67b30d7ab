/* SPDX-License-Identifier: Apache-2.0 */
/* System tables: what clients ask is answered, and nothing else happens. */
#include "tests/unit/pgcat/aviation.h"

#include "common/bytes.h"
#include "common/limits.h"
#include "common/mem.h"
#include "tools/door/pgcat/types.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int open_catalogue(void **state)
{
    struct fh_err err;
    struct fh_pgcat *catalogue = NULL;
    assert_int_equal(fh_pgcat_new(&catalogue, &aviation_mesh, &err), FH_OK);
    *state = catalogue;
    return 0;
}

static int close_catalogue(void **state)
{
    fh_pgcat_drop(*state);
    return 0;
}

/* Columns as "name type, name type", rows as "a|b;c|d" with ~ for NULL. */
static void tell(struct fh_buf *out, const struct fh_pgcat_rows *rows, bool values)
{
    for (size_t i = 0; !values && i < rows->column_count; i++) {
        fh_buf_printf(out, "%s%s ", i > 0 ? ", " : "", rows->columns[i].name);
        fh_pgcat_type_format(out, rows->columns[i].type, -1);
    }
    for (size_t i = 0; values && i < rows->row_count * rows->column_count; i++) {
        const char *text = rows->cells[i].text;
        fh_buf_printf(out,
                      "%s%s",
                      i == 0                        ? ""
                      : i % rows->column_count == 0 ? ";"
                                                    : "|",
                      text == NULL ? "~" : text);
    }
}

static void
check_answer(struct fh_pgcat *catalogue, const char *sql, const char *columns, const char *rows)
{
    struct fh_err err = {0};
    struct fh_pgcat_rows *answer = NULL;
    struct fh_buf text;
    fh_buf_init(&text, 1024 * 1024);
    if (fh_pgcat_answer(catalogue, &aviation_self, fh_bytes_cstr(sql), NULL, 0, &answer, &err) !=
        FH_OK) {
        fail_msg("%s\n%s: %s", sql, err.rule, err.text);
    }
    tell(&text, answer, false);
    assert_string_equal(fh_buf_cstr(&text), columns);
    fh_buf_reset(&text);
    tell(&text, answer, true);
    assert_string_equal(fh_buf_cstr(&text), rows);
    fh_buf_fini(&text);
    fh_pgcat_rows_free(answer);
    /* The shape is the same without running it. */
    assert_int_equal(
        fh_pgcat_describe(catalogue, &aviation_self, fh_bytes_cstr(sql), NULL, 0, &answer, &err),
        FH_OK);
    fh_buf_init(&text, 1024 * 1024);
    tell(&text, answer, false);
    assert_string_equal(fh_buf_cstr(&text), columns);
    assert_int_equal(answer->row_count, 0);
    fh_buf_fini(&text);
    fh_pgcat_rows_free(answer);
}

static const struct {
    const char *sql;
    const char *columns;
    const char *rows;
} answers[] = {
    {"SELECT version()", "version text", "PostgreSQL 15.0 (Freehold)"},
    {"select current_schema(), current_user, session_user, current_database();",
     "current_schema name, current_user name, session_user name, current_database name",
     "aviation|ada|ada|mesh"},
    {"SELECT current_schemas(true), current_schemas(false), pg_backend_pid()",
     "current_schemas name[], current_schemas name[], pg_backend_pid integer",
     "{pg_catalog,aviation,public}|{aviation,public}|4711"},
    {"SELECT now(), current_date",
     "now timestamp with time zone, current_date date",
     "2025-11-29 00:15:03+00|2025-11-29"},
    {"SELECT current_setting('application_name'), current_setting('no.such', true)",
     "current_setting text, current_setting text",
     "a test|~"},
    {"SELECT 1 AS \"One\", 'x' two, NULL, true, 1.5, 'a' || 'b', -2, 3000000000",
     "One integer, two text, ?column? text, ?column? boolean, ?column? numeric, ?column? text, "
     "?column? integer, ?column? bigint",
     "1|x|~|t|1.5|ab|-2|3000000000"},
    {"SELECT 1 + 2 * 3, (1 + 2) * 3, 7 / 2, 7 % 4, 2 - 3 - 4",
     "?column? integer, ?column? integer, ?column? integer, ?column? integer, ?column? integer",
     "7|9|3|3|-5"},
    {"SELECT NOT false AND true OR false, NOT (1 = 2), 1 < 2 = true, 'a' IS NULL, NULL IS NOT TRUE",
     "?column? boolean, ?column? boolean, ?column? boolean, ?column? boolean, ?column? boolean",
     "t|t|t|f|t"},
    {"SELECT 't'::bool, 'no'::boolean, true::text, '12'::int4 + 1, 12::text || '!', 1::bool",
     "bool boolean, bool boolean, text text, ?column? integer, ?column? text, bool boolean",
     "t|f|true|13|12!|t"},
    {"SELECT E'a\\tb\\'c\\u00e9\\x41\\101', $$it's$$, $q$a$$b$q$, 'it''s' -- and a comment",
     "?column? text, ?column? text, ?column? text, ?column? text",
     "a\tb'c\xc3\xa9"
     "AA|it's|a$$b|it's"},
    {"SELECT 'abc' ~ '^a.c$', 'abc' !~ 'B', 'abc' ~* 'B', 'a1' ~ '^[[:alpha:]]\\d$'",
     "?column? boolean, ?column? boolean, ?column? boolean, ?column? boolean",
     "t|t|t|t"},
    {"SELECT 'a_c' LIKE 'a\\_c', 'abc' LIKE 'a\\_c', 'aBc' ILIKE '%b%', 'aBc' LIKE '%b%', "
     "'x%' LIKE 'x!%' ESCAPE '!', 'abc' NOT LIKE 'b%', 'abc' OPERATOR(pg_catalog.~~) 'a%'",
     "?column? boolean, ?column? boolean, ?column? boolean, ?column? boolean, ?column? boolean, "
     "?column? boolean, ?column? boolean",
     "t|f|t|f|t|t|t"},
    {"SELECT 2 = ANY ('{1,2}'::int[]), 'x' = ANY (ARRAY['a','b']), 3 <> ALL ('{1,2}'), "
     "1 IN (1, 2), 1 NOT IN (SELECT 1), 5 BETWEEN 1 AND 9 AND true",
     "?column? boolean, ?column? boolean, ?column? boolean, ?column? boolean, ?column? boolean, "
     "?column? boolean",
     "t|f|t|t|f|t"},
    {"SELECT (ARRAY['a','b'])[2], ('{5,6}'::int2[])[1], array_length('{a,b,c}'::text[], 1), "
     "array_to_string(ARRAY['x', NULL, 'y'], ','), array_upper('1 2'::int2vector, 1), "
     "ARRAY['a b', 'c\"d', '', NULL], string_to_array('a,b', ','), '{1,2}'::int[] @> '{2}'",
     "array text, int2 smallint, array_length integer, array_to_string text, array_upper integer, "
     "array text[], string_to_array text[], ?column? boolean",
     "b|5|3|x,y|1|{\"a b\",\"c\\\"d\",\"\",NULL}|{a,b}|t"},
    {"SELECT (ARRAY[-5])[1] = -5, ('{-5,007}'::text[])[2]", "?column? boolean, text text", "t|007"},
    {"SELECT ARRAY(SELECT nspname FROM pg_namespace WHERE nspname LIKE 'a%'), "
     "ARRAY(SELECT 1 WHERE false)",
     "array name[], array integer[]",
     "{aviation}|{}"},
    {"SELECT unnest(ARRAY['a','b']) AS x, generate_series(1, 2)",
     "x text, generate_series integer",
     "a|1;b|2"},
    {"SELECT x, n FROM unnest('{7,8}'::int[]) WITH ORDINALITY AS t(x, n) ORDER BY n DESC",
     "x integer, n bigint",
     "8|2;7|1"},
    {"SELECT substring('abcdef' from 2 for 3), substring('abc', 2), position('c' in 'abc'), "
     "trim(both '\"' from '\"x\"'), trim('  y '), trim(leading from ' z'), left('abc', 2), "
     "right('abc', -1), split_part('a.b.c', '.', 2), quote_ident('A b'), quote_literal('it''s'), "
     "format('%I.%s', 'A', 'b'), concat('a', NULL, 1), concat_ws('-', 'a', 'b'), reverse('abc'), "
     "lpad('7', 3, '0'), repeat('ab', 2), starts_with('abc', 'ab'), length('\xc3\xa9'), "
     "octet_length('\xc3\xa9')",
     "substring text, substring text, position integer, btrim text, btrim text, ltrim text, "
     "left text, right text, split_part text, quote_ident text, quote_literal text, format text, "
     "concat text, concat_ws text, reverse text, lpad text, repeat text, starts_with boolean, "
     "length integer, octet_length integer",
     "bcd|bc|3|x|y|z|ab|bc|b|\"A b\"|'it''s'|\"A\".b|a1|a-b|cba|007|abab|t|1|2"},
    {"SELECT 'aviation.airports'::regclass, 'pg_class'::regclass, 'int4[]'::regtype, "
     "23::regtype::text, 'aviation'::regnamespace, 'array_in'::regproc::oid, "
     "to_regclass('aviation.no'), to_regtype('text'), '0'::regclass, 'ada'::regrole",
     "regclass regclass, regclass regclass, regtype regtype, text text, "
     "regnamespace regnamespace, oid oid, to_regclass regclass, to_regtype regtype, "
     "regclass regclass, regrole regrole",
     "aviation.airports|pg_class|integer[]|integer|aviation|750|~|text|-|ada"},
    {"SELECT format_type(1043, 24), format_type(1700, 1179655), format_type(1114, 3), "
     "format_type(1009, -1), format_type(4, 0), format_type(NULL, 1)",
     "format_type text, format_type text, format_type text, format_type text, format_type text, "
     "format_type text",
     "character varying(20)|numeric(18,3)|timestamp(3) without time zone|text[]|???|~"},
    {"SELECT obj_description('aviation.airports'::regclass), col_description("
     "'aviation.airports'::regclass, 1), col_description('aviation.airports'::regclass, 99)",
     "obj_description text, col_description text, col_description text",
     "airports of the world|code of the airport|~"},
    {"SELECT * FROM pg_catalog.pg_am ORDER BY amname",
     "oid oid, amname name, amhandler regproc, amtype \"char\"",
     "403|btree|-|i;2|heap|-|t"},
    {"TABLE pg_tablespace",
     "oid oid, spcname name, spcowner oid, spcacl aclitem[], spcoptions text[]",
     "1663|pg_default|10|~|~"},
    {"SELECT c.relname, count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN "
     "pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('aviation', 'shop') GROUP BY 1 "
     "ORDER BY 2 DESC, 1",
     "relname name, count bigint",
     "flights|9;airports|5;orders__heads|2;orders__lines|2"},
    {"SELECT has_schema_privilege('aviation', 'USAGE'), has_table_privilege('x', 'INSERT'), "
     "has_database_privilege('mesh', 'CONNECT'), has_schema_privilege('aviation', 'CREATE')",
     "has_schema_privilege boolean, has_table_privilege boolean, has_database_privilege boolean, "
     "has_schema_privilege boolean",
     "t|f|t|f"},
    {"SELECT pg_get_userbyid(10), pg_get_userbyid(9), pg_size_pretty(123456789), "
     "pg_table_is_visible('aviation.flights'::regclass), pg_get_expr(NULL, 0)",
     "pg_get_userbyid name, pg_get_userbyid name, pg_size_pretty text, "
     "pg_table_is_visible boolean, pg_get_expr text",
     "ada|unknown (OID=9)|117 MB|t|~"},
    {"SELECT datname FROM pg_database UNION SELECT rolname FROM pg_roles WHERE rolcanlogin ORDER "
     "BY 1",
     "datname name",
     "ada;mesh"},
    {"SELECT (SELECT 1 LIMIT 1), EXISTS (SELECT 1 FROM pg_class), (1, 2) = (1, 2)",
     "?column? integer, exists boolean, ?column? boolean",
     "1|t|t"},
    {"(SELECT 1 AS a) UNION ALL (SELECT 2 ORDER BY 1) ORDER BY a DESC LIMIT 5 OFFSET 1",
     "a integer",
     "1"},
    {"SELECT a.n, b.n FROM generate_series(1, 2) a(n) CROSS JOIN LATERAL generate_series(1, a.n) "
     "b(n)",
     "n integer, n integer",
     "1|1;2|1;2|2"},
    {"SELECT CASE 1 WHEN 1 THEN 'one' ELSE 'other' END, CASE WHEN false THEN 1 END",
     "case text, case integer",
     "one|~"},
    {"/* a /* nested */ comment */ SELECT -- and one\n 'x'", "?column? text", "x"},
    {"SELECT oid::regclass::text, relname::varchar(3) FROM pg_class WHERE relname = "
     "'orders__heads'",
     "oid text, relname character varying",
     "shop.orders__heads|orders__heads"},
    {"SELECT enumlabel FROM pg_enum", "enumlabel name", ""},
};

static void test_answers(void **state)
{
    for (size_t i = 0; i < FH_COUNT(answers); i++) {
        check_answer(*state, answers[i].sql, answers[i].columns, answers[i].rows);
    }
}

/* Every statement of the file of shapes is answered; pgcat_shapes.sh compares with PostgreSQL. */
static void test_statements(void **state)
{
    static char text[256 * 1024];
    FILE *file = fopen(FH_TEST_SOURCE_DIR "/unit/pgcat/statements.sql", "rb");
    assert_non_null(file);
    size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[size] = '\0';
    unsigned count = 0;
    for (char *at = text; at != NULL; count++) {
        struct fh_err err = {0};
        struct fh_pgcat_rows *rows = NULL;
        char *end = strstr(at, "\n;;\n");
        struct fh_bytes sql = fh_bytes(at, end == NULL ? strlen(at) : (size_t)(end - at));
        assert_true(fh_pgcat_is_for(sql));
        if (fh_pgcat_answer(*state, &aviation_self, sql, NULL, 0, &rows, &err) != FH_OK) {
            fail_msg("%.*s\n%s: %s", (int)sql.size, (const char *)sql.data, err.rule, err.text);
        }
        fh_pgcat_rows_free(rows);
        at = end == NULL ? NULL : end + 4;
    }
    assert_true(count > 40);
}

static const struct {
    const char *sql;
    const char *rule;
} refusals[] = {
    {"", "pgcat.read_only"},
    {"SELECT", "pgcat.syntax"},
    {"SELECT 1 2", "pgcat.syntax"},
    {"SELECT 1; SELECT 2", "pgcat.syntax"},
    {"SELECT 'x", "pgcat.syntax"},
    {"SELECT \"x", "pgcat.syntax"},
    {"SELECT /* x", "pgcat.syntax"},
    {"SELECT $a$ x", "pgcat.syntax"},
    {"SELECT E'\\x00'", "pgcat.syntax"},
    {"SELECT E'\\ud800'", "pgcat.syntax"},
    {"SELECT \"\"", "pgcat.syntax"},
    {"SELECT 1a", "pgcat.syntax"},
    {"SELECT \x01", "pgcat.syntax"},
    {"SELECT '\xff'", "pgcat.syntax"},
    {"SELECT (1", "pgcat.syntax"},
    {"SELECT 1)", "pgcat.syntax"},
    {"SELECT CASE END", "pgcat.syntax"},
    {"SELECT 'x' 'y'", "pgcat.syntax"},
    {"SELECT U&'x'", "pgcat.column"},
    {"SELECT CASE WHEN 1 THEN", "pgcat.syntax"},
    {"SELECT a FROM", "pgcat.syntax"},
    {"SELECT 1 FROM pg_class WHERE", "pgcat.syntax"},
    {"SELECT 1 FROM pg_class JOIN pg_type", "pgcat.syntax"},
    {"SELECT 1 ORDER", "pgcat.syntax"},
    {"SELECT row_number()", "pgcat.syntax"},
    {"WITH x AS SELECT 1", "pgcat.syntax"},
    {"INSERT INTO pg_class VALUES (1)", "pgcat.read_only"},
    {"UPDATE pg_class SET relname = 'x'", "pgcat.read_only"},
    {"DELETE FROM pg_class", "pgcat.read_only"},
    {"DROP TABLE pg_class", "pgcat.read_only"},
    {"PRAGMA database_list", "pgcat.read_only"},
    {"ATTACH 'x' AS y", "pgcat.read_only"},
    {"VACUUM", "pgcat.read_only"},
    {"EXPLAIN SELECT 1", "pgcat.read_only"},
    {"WITH x AS (DELETE FROM pg_class) SELECT 1", "pgcat.syntax"},
    {"SELECT * FROM sqlite_master", "pgcat.table"},
    {"SELECT * FROM pg_catalog.sqlite_master", "pgcat.table"},
    {"SELECT * FROM main.sqlite_schema", "pgcat.table"},
    {"SELECT * FROM \"information_schema.tables\"", "pgcat.table"},
    {"SELECT * FROM pg_catalog._settings", "pgcat.table"},
    {"SELECT * FROM _unnest('{1}')", "pgcat.table"},
    {"SELECT * FROM pragma_table_list", "pgcat.table"},
    {"SELECT * FROM pragma_table_info('pg_class')", "pgcat.table"},
    {"SELECT * FROM aviation.airports", "pgcat.table"},
    {"SELECT * FROM pg_no_such_table", "pgcat.table"},
    {"SELECT nothing FROM pg_class", "pgcat.column"},
    {"SELECT \"x\"", "pgcat.column"},
    {"SELECT oid FROM pg_class, pg_type", "pgcat.column"},
    {"SELECT load_extension('x')", "pgcat.function"},
    {"SELECT readfile('/etc/passwd')", "pgcat.function"},
    {"SELECT pg_read_file('/etc/passwd')", "pgcat.function"},
    {"SELECT lo_import('/etc/passwd')", "pgcat.function"},
    {"SELECT dblink('x')", "pgcat.function"},
    {"SELECT pg_sleep(10)", "pgcat.function"},
    {"SELECT randomblob(1000000000)", "pgcat.function"},
    {"SELECT zeroblob(1000000000)", "pgcat.function"},
    {"SELECT sqlite_version()", "pgcat.function"},
    {"SELECT fts3_tokenizer('x')", "pgcat.function"},
    {"SELECT _to_reg(1, 2)", "pgcat.function"},
    {"SELECT \"like\"('a', 'b')", "pgcat.function"},
    {"SELECT version(1)", "pgcat.function"},
    {"SELECT lower()", "pgcat.function"},
    {"SELECT lower(*)", "pgcat.function"},
    {"SELECT 'x'::nosuchtype", "pgcat.type"},
    {"SELECT 'x'::boolean", "pgcat.value"},
    {"SELECT 'x'::int", "pgcat.value"},
    {"SELECT 'a' ~ '('", "pgcat.value"},
    {"SELECT 'a' ~ '(?=a)'", "pgcat.value"},
    {"SELECT 'no.such'::regclass", "pgcat.relation"},
    {"SELECT 'flights'::regclass", "pgcat.relation"}, /* of two domains */
    {"SELECT 'no such type'::regtype", "pgcat.object"},
    {"SELECT 'nobody'::regrole", "pgcat.object"},
    {"SELECT current_setting('no.such')", "pgcat.setting"},
    {"SELECT set_config('no.such', 'x', false)", "pgcat.setting"},
    {"SELECT DISTINCT ON (1) 1", "pgcat.unsupported"},
    {"SELECT 1 FETCH FIRST 1 ROW ONLY", "pgcat.unsupported"},
    {"SELECT 'a' SIMILAR TO 'a'", "pgcat.unsupported"},
    {"SELECT 1 < ANY ('{1}')", "pgcat.unsupported"},
    {"SELECT ('{1,2}'::int[])[1:2]", "pgcat.unsupported"},
    {"SELECT $65", "pgcat.params"},
    {"SELECT $0", "pgcat.params"},
    {"SELECT $1", "pgcat.params"},
    {"SELECT sum(count(*)) FROM pg_class", "pgcat.grouping"},
    /* without end */
    {"WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT max(n) FROM r",
     "pgcat.steps"},
    {"SELECT count(*) FROM pg_attribute a, pg_attribute b, pg_attribute c", "pgcat.steps"},
    {"SELECT n FROM generate_series(1, 100000000) n", "pgcat.rows"},
    {"SELECT repeat('x', 1000000000)", "pgcat.bytes"},
    {"SELECT repeat('x', 200000) FROM generate_series(1, 1000)", "pgcat.bytes"},
    {"SELECT count(*) FROM generate_series(1, 9000) n WHERE repeat('a', 100000) ~ '(a*)*b'",
     "pgcat.steps"},
    {"SELECT count(*) FROM generate_series(1, 99000) n WHERE repeat('a', 9999) LIKE "
     "'%a%a%a%a%a%a%b'",
     "pgcat.steps"},
    /* few steps that each call what takes long: the time is bounded (FH_PGCAT_RUN_MS) */
    {"SELECT count(repeat('a', 262144)) FROM generate_series(1, 1000000) g", "pgcat.steps"},
};

static void test_refusals(void **state)
{
    for (size_t i = 0; i < FH_COUNT(refusals); i++) {
        struct fh_err err = {0};
        struct fh_pgcat_rows *rows = NULL;
        int code = fh_pgcat_answer(
            *state, &aviation_self, fh_bytes_cstr(refusals[i].sql), NULL, 0, &rows, &err);
        if (code == FH_OK || strcmp(err.rule, refusals[i].rule) != 0) {
            fail_msg("%s\n%s: %s", refusals[i].sql, code == FH_OK ? "passed" : err.rule, err.text);
        }
        assert_null(rows);
        assert_non_null(fh_pgcat_sqlstate(err.rule));
    }
    /* It still answers. */
    check_answer(*state, "SELECT 1", "?column? integer", "1");
}

/* Brackets, calls, queries and signs one in another, and statements that are too long. */
static void test_depth(void **state)
{
    static const struct {
        const char *begin;
        const char *again;
        const char *middle;
        const char *end;
    } rows[] = {
        {"SELECT ", "(", "1", ")"},
        {"SELECT ", "lower(", "'a'", ")"},
        {"SELECT ", "(SELECT ", "1", ")"},
        {"SELECT ", "CASE WHEN true THEN ", "1", " END"},
        {"SELECT ", "ARRAY[", "1", "]"},
        {"SELECT ", "CAST(", "1", " AS int)"},
        {"SELECT ", "- ", "1", ""},
        {"SELECT 1 FROM ", "(", "pg_class", ")"},
        {"SELECT 1", "::int", "", ""},
        {"SELECT a", "[a", "", "]"},
        {"SELECT ", "1 IN (", "1", ")"},
        {"SELECT ", "1 = ANY (", "'{}'", ")"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_buf sql;
        struct fh_err err = {0};
        struct fh_pgcat_rows *answer = NULL;
        fh_buf_init(&sql, 1024 * 1024);
        fh_buf_add_cstr(&sql, rows[i].begin);
        for (unsigned k = 0; k < 2000; k++) {
            fh_buf_add_cstr(&sql, rows[i].again);
        }
        fh_buf_add_cstr(&sql, rows[i].middle);
        for (unsigned k = 0; k < 2000; k++) {
            fh_buf_add_cstr(&sql, rows[i].end);
        }
        int code =
            fh_pgcat_answer(*state, &aviation_self, fh_buf_view(&sql), NULL, 0, &answer, &err);
        assert_int_not_equal(code, FH_OK);
        if (strcmp(err.rule, "pgcat.depth") != 0 && strcmp(err.rule, "pgcat.unsupported") != 0) {
            fail_msg("%s: %s %s", rows[i].again, err.rule, err.text);
        }
        fh_buf_fini(&sql);
    }
}

/* Names that look like queries' names, each looked for among all words: few are looked at twice. */
static void test_many_names(void **state)
{
    struct fh_buf sql;
    (void)state;
    fh_buf_init(&sql, 1024 * 1024);
    fh_buf_add_cstr(&sql, "SELECT ");
    for (unsigned k = 0; k < 4000; k++) {
        fh_buf_add_cstr(&sql, "a(");
    }
    fh_buf_add_cstr(&sql, "1 FROM a");
    for (unsigned k = 0; k < 4000; k++) {
        fh_buf_add_cstr(&sql, ",a");
    }
    fh_buf_add_cstr(&sql, ", a AS (");
    assert_true(fh_pgcat_is_for(fh_buf_view(&sql))); /* hours, if it were not bounded */
    fh_buf_fini(&sql);
}

static void test_length(void **state)
{
    struct fh_buf sql;
    struct fh_err err = {0};
    struct fh_pgcat_rows *answer = NULL;
    fh_buf_init(&sql, 1024 * 1024);
    fh_buf_add_cstr(&sql, "SELECT 1");
    for (unsigned k = 0; k < 7000; k++) {
        fh_buf_add_cstr(&sql, " AND 1");
    }
    /* A long chain is no deep one; SQLite's trees have an end, though. */
    assert_int_not_equal(
        fh_pgcat_answer(*state, &aviation_self, fh_buf_view(&sql), NULL, 0, &answer, &err), FH_OK);
    assert_string_equal(err.rule, "pgcat.depth");
    fh_buf_reset(&sql);
    fh_buf_add_cstr(&sql, "SELECT 1");
    for (unsigned k = 0; k < 20000; k++) {
        fh_buf_add_cstr(&sql, ",1");
    }
    assert_int_not_equal(
        fh_pgcat_answer(*state, &aviation_self, fh_buf_view(&sql), NULL, 0, &answer, &err), FH_OK);
    assert_string_equal(err.rule, "pgcat.statement");
    fh_buf_reset(&sql);
    fh_buf_add_cstr(&sql, "SELECT '");
    for (unsigned k = 0; k < FH_SQL_BYTES_MAX; k++) {
        fh_buf_add_u8(&sql, 'x');
    }
    fh_buf_add_cstr(&sql, "'");
    assert_int_not_equal(
        fh_pgcat_answer(*state, &aviation_self, fh_buf_view(&sql), NULL, 0, &answer, &err), FH_OK);
    assert_string_equal(err.rule, "pgcat.statement");
    /* Many texts take the room of the statement, not each of them. */
    fh_buf_reset(&sql);
    fh_buf_add_cstr(&sql, "SELECT 'x' IN ('x'");
    for (unsigned k = 0; k < 1500; k++) {
        fh_buf_printf(&sql, ",'a name of some length %u'", k);
    }
    fh_buf_add_cstr(&sql, ")");
    assert_true(fh_pgcat_is_for(fh_buf_view(&sql)));
    check_answer(*state, fh_buf_cstr(&sql), "?column? boolean", "t");
    fh_buf_fini(&sql);
}

static const struct {
    const char *sql;
    const char *values[3];
    uint32_t declared[3];
    const char *types; /* as found */
    const char *rows;  /* NULL: refused with pgcat.params */
} bound[] = {
    {"SELECT $1", {"x"}, {0}, "text", "x"},
    {"SELECT $1::int + 1", {"41"}, {0}, "integer", "42"},
    {"SELECT relname FROM pg_class WHERE oid = $1", {"1259"}, {0}, "oid", "pg_class"},
    {"SELECT relname FROM pg_class WHERE $1 = oid", {"1259"}, {0}, "oid", "pg_class"},
    {"SELECT relname FROM pg_class WHERE oid = ANY ($1)",
     {"{1247,1259}"},
     {0},
     "oid[]",
     "pg_type;pg_class"},
    {"SELECT relname FROM pg_class WHERE relname LIKE $1 AND relhasindex = $2",
     {"air%", "t"},
     {0},
     "text,boolean",
     "airports"},
    {"SELECT relname FROM pg_class WHERE relkind IN ($1, $2) AND relname = $3",
     {"r", "v", "pg_am"},
     {0},
     "\"char\",\"char\",name",
     "pg_am"},
    {"SELECT $1, $1 IS NULL", {NULL}, {0}, "text", "~|t"},
    {"SELECT $1 + 1", {"2"}, {FH_OID_INT8}, "bigint", "3"},
    {"SELECT $1", {"nothing"}, {FH_OID_INT4}, "integer", NULL},
    {"SELECT $1", {"\xff"}, {0}, "text", NULL},
    {"SELECT 'it''s ' || $1", {"'; DROP TABLE x; --"}, {0}, "text", "it's '; DROP TABLE x; --"},
};

static void test_parameters(void **state)
{
    for (size_t i = 0; i < FH_COUNT(bound); i++) {
        struct fh_err err = {0};
        struct fh_pgcat_rows *rows = NULL;
        struct fh_pgcat_param params[4] = {0}; /* and one too many */
        struct fh_buf text;
        struct fh_bytes sql = fh_bytes_cstr(bound[i].sql);
        fh_buf_init(&text, 64 * 1024);
        assert_int_equal(
            fh_pgcat_describe(*state, &aviation_self, sql, bound[i].declared, 3, &rows, &err),
            FH_OK);
        size_t count = rows->param_count;
        for (size_t k = 0; k < count; k++) {
            fh_buf_add_cstr(&text, k > 0 ? "," : "");
            fh_pgcat_type_format(&text, rows->param_types[k], -1);
            const char *value = bound[i].values[k];
            params[k].value = (struct fh_pgcat_value){value, value == NULL ? 0 : strlen(value)};
            params[k].type = bound[i].declared[k];
        }
        assert_string_equal(fh_buf_cstr(&text), bound[i].types);
        fh_pgcat_rows_free(rows);
        rows = NULL;
        int code = fh_pgcat_answer(*state, &aviation_self, sql, params, count, &rows, &err);
        if (bound[i].rows == NULL) {
            assert_int_not_equal(code, FH_OK);
            assert_string_equal(err.rule, "pgcat.params");
        } else {
            assert_int_equal(code, FH_OK);
            fh_buf_reset(&text);
            tell(&text, rows, true);
            assert_string_equal(fh_buf_cstr(&text), bound[i].rows);
        }
        fh_pgcat_rows_free(rows);
        fh_buf_fini(&text);
        assert_int_not_equal(
            fh_pgcat_answer(*state, &aviation_self, sql, params, count + 1, &rows, &err), FH_OK);
    }
}

static const struct {
    const char *sql;
    bool ours;
} whose[] = {
    {"SELECT version()", true},
    {"SELECT 1", true},
    {"values (1)", true},
    {"SELECT * FROM pg_class", true},
    {"SELECT * FROM pg_catalog.pg_class", true},
    {"SELECT * FROM mesh.pg_catalog.pg_class", true},
    {"select * from information_schema.tables", true},
    {"SELECT * FROM (SELECT oid FROM pg_type) t", true},
    {"SELECT * FROM (pg_type JOIN pg_class ON true)", true},
    {"WITH x AS (SELECT * FROM pg_type) SELECT * FROM x", true},
    {"SELECT a FROM (VALUES (1)) x(a), pg_namespace", true},
    {"TABLE pg_am", true},
    {"SELECT * FROM \"PG_CATALOG\".x", false},
    {"WITH x(a) AS (VALUES (1)) SELECT a FROM x", true},
    {"WITH x AS NOT MATERIALIZED (SELECT 1) SELECT * FROM x", true},
    {"SELECT * FROM unnest('{1}'::int[]) AS u", true},
    {"SELECT extract(year FROM now())", true},
    {"SELECT * FROM aviation.airports", false},
    {"SELECT * FROM airports AS a", false},
    {"WITH x AS (SELECT 1) SELECT * FROM x, airports", false},
    {"SELECT * FROM airports a JOIN x ON f(a.x, pg_y) = 1, LATERAL flights", false},
    {"SELECT 'FROM pg_class' FROM aviation.airports", false},
    {"SELECT pg_id FROM shop.orders WHERE pg_class = 1", false},
    {"SELECT * FROM shop.pg_class", false},
    {"SELECT a, pg_b FROM shop.orders ORDER BY a, pg_b", false},
    {"SELECT * FROM shop.orders o, shop.lines l", false},
    {"SET search_path TO x", false},
    {"SHOW server_version", false},
    {"BEGIN", false},
    {"COPY (SELECT * FROM pg_class) TO STDOUT", false},
    {"", false},
    {"SELECT 'x", false},
};

static void test_whose(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(whose); i++) {
        if (fh_pgcat_is_for(fh_bytes_cstr(whose[i].sql)) != whose[i].ours) {
            fail_msg("%s", whose[i].sql);
        }
    }
}

static void test_set_config(void **state)
{
    check_answer(
        *state, "SELECT set_config('search_path', 'shop', false)", "set_config text", "shop");
    assert_string_equal(aviation_last_set, "search_path=shop");
}

/* Oids do not depend on what else there is, and an empty mesh has system tables, too. */
static void test_other_meshes(void **state)
{
    struct fh_err err;
    struct fh_pgcat *other = NULL;
    struct fh_pgcat_mesh fewer = aviation_mesh;
    struct fh_pgcat_rows *rows[2] = {NULL, NULL};
    struct fh_bytes sql = fh_bytes_cstr("SELECT 'aviation.airports'::regclass::oid");
    fewer.table_count = 1;
    assert_int_equal(fh_pgcat_new(&other, &fewer, &err), FH_OK);
    assert_int_equal(fh_pgcat_answer(*state, &aviation_self, sql, NULL, 0, &rows[0], &err), FH_OK);
    assert_int_equal(fh_pgcat_answer(other, &aviation_self, sql, NULL, 0, &rows[1], &err), FH_OK);
    assert_string_equal(rows[0]->cells[0].text, rows[1]->cells[0].text);
    fh_pgcat_rows_free(rows[0]);
    fh_pgcat_rows_free(rows[1]);
    fh_pgcat_drop(other);
    static const struct fh_pgcat_mesh none = {.name = "none"};
    assert_int_equal(fh_pgcat_new(&other, &none, &err), FH_OK);
    check_answer(other,
                 "SELECT nspname FROM pg_namespace ORDER BY 1",
                 "nspname name",
                 "information_schema;pg_catalog;public");
    fh_pgcat_drop(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_statements),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_many_names),
        cmocka_unit_test(test_length),
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_whose),
        cmocka_unit_test(test_set_config),
        cmocka_unit_test(test_other_meshes),
    };
    return cmocka_run_group_tests(tests, open_catalogue, close_catalogue);
}
