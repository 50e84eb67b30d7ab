/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pg/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_statements(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *expected; /* with bars between */
    } rows[] = {
        {"", ""},
        {" ;; ; ", ""},
        {"SELECT 1", "SELECT 1|"},
        {"SELECT 1; SELECT 2;", "SELECT 1|SELECT 2|"},
        {"SELECT ';'; SELECT \";\"", "SELECT ';'|SELECT \";\"|"},
        {"SELECT 'a''b;'; x", "SELECT 'a''b;'|x|"},
        {"SELECT E'a\\';'; x", "SELECT E'a\\';'|x|"},
        {"SELECT 'a\\'; x", "SELECT 'a\\'|x|"},
        {"SELECT $$;$$; x", "SELECT $$;$$|x|"},
        {"SELECT $a$;$b$;$a$; x", "SELECT $a$;$b$;$a$|x|"},
        {"-- a;b\nSELECT 1 -- ;\n; x", "SELECT 1|x|"},
        {"/* ; /* ; */ ; */ SELECT 1", "SELECT 1|"},
        {"/* never closed ; SELECT 1", ""},
        {"SELECT 'never closed ; SELECT 1", "SELECT 'never closed ; SELECT 1|"},
        {"SELECT $1;", "SELECT $1|"},
        {"SELECT a$1;", "SELECT a$1|"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_pg_sql sql = {.sql = fh_bytes_cstr(rows[i].text)};
        struct fh_buf got FH_CLEANUP(fh_buf_fini);
        struct fh_bytes statement;
        fh_buf_init(&got, 1024);
        while (fh_pg_statement_next(&sql, &statement)) {
            fh_buf_add_bytes(&got, statement);
            fh_buf_add_u8(&got, '|');
        }
        assert_string_equal(fh_buf_cstr(&got), rows[i].expected);
    }
}

static void test_params(void **state)
{
    (void)state;
    struct fh_pg_cast casts[4];
    struct fh_bytes sql =
        fh_bytes_cstr("SELECT $2::INT8, '$9', \"$8\", CAST($1 AS date), $3 -- $7\n");
    assert_int_equal(fh_pg_sql_params(sql, casts, 4), 3);
    assert_string_equal(casts[0].type, "date");
    assert_string_equal(casts[1].type, "int8");
    assert_string_equal(casts[2].type, "");
    assert_string_equal(casts[3].type, "");
    assert_int_equal(fh_pg_sql_params(fh_bytes_cstr("$1, $1::a, $1::b, $3::c"), casts, 2), 3);
    assert_string_equal(casts[0].type, "a"); /* the first that there is */
    assert_string_equal(casts[1].type, "");
    assert_int_equal(
        fh_pg_sql_params(fh_bytes_cstr("$1::int45678901234567890123456789012"), casts, 1), 1);
    assert_string_equal(casts[0].type, ""); /* no type has such a name */
    assert_int_equal(fh_pg_sql_params(fh_bytes_cstr("$99999999999999999999"), NULL, 0), 999999);
}

static void test_commands(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        enum fh_pg_verb verb;
        const char *name;
        const char *value;
    } rows[] = {
        {"SELECT 1", FH_PG_VERB_QUESTION, "", ""},
        {"WITH a AS (SELECT 1) TABLE a", FH_PG_VERB_QUESTION, "", ""},
        {"(SELECT 1)", FH_PG_VERB_QUESTION, "", ""},
        {"set search_path to Sales, \"My Schema\"",
         FH_PG_VERB_SET,
         "search_path",
         "sales, My Schema"},
        {"SET freehold.purpose = 'fraud detection'",
         FH_PG_VERB_SET,
         "freehold.purpose",
         "fraud detection"},
        {"SET SESSION statement_timeout = 100", FH_PG_VERB_SET, "statement_timeout", "100"},
        {"SET extra_float_digits TO -3", FH_PG_VERB_SET, "extra_float_digits", "-3"},
        {"SET TIME ZONE 'UTC'", FH_PG_VERB_SET, "timezone", "UTC"},
        {"SET TIME ZONE LOCAL", FH_PG_VERB_SET, "timezone", ""},
        {"SET NAMES 'utf8'", FH_PG_VERB_SET, "client_encoding", "utf8"},
        {"SET ROLE none", FH_PG_VERB_SET, "role", "none"},
        {"SET SESSION AUTHORIZATION DEFAULT", FH_PG_VERB_SET, "authorization", ""},
        {"SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE", FH_PG_VERB_NOTHING, "", ""},
        {"SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", FH_PG_VERB_NOTHING, "", ""},
        {"RESET ALL", FH_PG_VERB_RESET, "", ""},
        {"SHOW TRANSACTION ISOLATION LEVEL", FH_PG_VERB_SHOW, "transaction_isolation", ""},
        {"SHOW DateStyle", FH_PG_VERB_SHOW, "datestyle", ""},
        {"BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", FH_PG_VERB_BEGIN, "", ""},
        {"START TRANSACTION READ WRITE", FH_PG_VERB_BEGIN, "", ""},
        {"COMMIT WORK AND NO CHAIN", FH_PG_VERB_COMMIT, "", ""},
        {"END", FH_PG_VERB_COMMIT, "", ""},
        {"ABORT", FH_PG_VERB_ROLLBACK, "", ""},
        {"ROLLBACK TO SAVEPOINT a", FH_PG_VERB_ROLLBACK_TO, "a", ""},
        {"ROLLBACK WORK TO a", FH_PG_VERB_ROLLBACK_TO, "a", ""},
        {"RELEASE a", FH_PG_VERB_RELEASE, "a", ""},
        {"DECLARE \"C 1\" NO SCROLL CURSOR WITH HOLD FOR SELECT 1", FH_PG_VERB_DECLARE, "C 1", ""},
        {"FETCH FORWARD 100 FROM c1", FH_PG_VERB_FETCH, "c1", ""},
        {"FETCH ALL IN c1", FH_PG_VERB_FETCH, "c1", ""},
        {"FETCH c1", FH_PG_VERB_FETCH, "c1", ""},
        {"MOVE BACKWARD ALL IN c1", FH_PG_VERB_MOVE, "c1", ""},
        {"CLOSE c1", FH_PG_VERB_CLOSE, "c1", ""},
        {"DEALLOCATE PREPARE s", FH_PG_VERB_DEALLOCATE, "s", ""},
        {"DISCARD PLANS", FH_PG_VERB_NOTHING, "", ""},
        {"EXPLAIN (ANALYZE, BUFFERS) SELECT 1", FH_PG_VERB_EXPLAIN, "", ""},
        {"COPY (SELECT 1) TO STDOUT", FH_PG_VERB_COPY, "", ""},
        {"COPY a.b FROM STDIN", FH_PG_VERB_WRITE, "", ""},
        {"insert into t values (1)", FH_PG_VERB_WRITE, "", ""},
        {"CREATE TEMP TABLE t (a int)", FH_PG_VERB_WRITE, "", ""},
        {"DO $$ BEGIN END $$", FH_PG_VERB_FOREIGN, "", ""},
        {"UNLISTEN *", FH_PG_VERB_NOTHING, "", ""},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_pg_command command;
        struct fh_pg_report report = {.text = ""};
        assert_true(fh_pg_command_read(&command, fh_bytes_cstr(rows[i].sql), &report));
        assert_int_equal(command.verb, rows[i].verb);
        assert_string_equal(command.name, rows[i].name);
        assert_string_equal(command.value, rows[i].value);
        fh_pg_command_fini(&command);
    }
}

static void test_copy(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        enum fh_pg_form form;
        const char *body;
        char delimiter;
        bool header;
        const char *null;
    } rows[] = {
        {"COPY (SELECT (1)) TO STDOUT", FH_PG_FORM_TEXT, "SELECT (1)", '\t', false, "\\N"},
        {"COPY (SELECT 1) TO STDOUT (FORMAT \"binary\")",
         FH_PG_FORM_BINARY,
         "SELECT 1",
         '\t',
         false,
         "\\N"},
        {"COPY (SELECT 1) TO STDOUT WITH (FORMAT csv, HEADER true, NULL 'x', DELIMITER ';')",
         FH_PG_FORM_CSV,
         "SELECT 1",
         ';',
         true,
         "x"},
        {"COPY (SELECT 1) TO STDOUT CSV HEADER", FH_PG_FORM_CSV, "SELECT 1", ',', true, ""},
        {"COPY BINARY a.b TO STDOUT", FH_PG_FORM_BINARY, "SELECT * FROM a.b", '\t', false, "\\N"},
        {"COPY \"a\".\"b c\" (x, \"y\") TO STDOUT DELIMITER AS '|' NULL AS ''",
         FH_PG_FORM_TEXT,
         "SELECT x, \"y\" FROM \"a\".\"b c\"",
         '|',
         false,
         ""},
        {"COPY a.b TO STDOUT (HEADER 0, FORMAT csv)",
         FH_PG_FORM_CSV,
         "SELECT * FROM a.b",
         ',',
         false,
         ""},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_pg_command command;
        struct fh_pg_report report = {.text = ""};
        assert_true(fh_pg_command_read(&command, fh_bytes_cstr(rows[i].sql), &report));
        assert_int_equal(command.verb, FH_PG_VERB_COPY);
        assert_int_equal(command.copy.form, rows[i].form);
        assert_true(fh_bytes_equal_cstr(command.body, rows[i].body));
        assert_int_equal(command.copy.delimiter, rows[i].delimiter);
        assert_int_equal(command.copy.header, rows[i].header);
        assert_string_equal(command.copy.null, rows[i].null);
        fh_pg_command_fini(&command);
    }
}

static void test_bad(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        const char *sqlstate;
    } rows[] = {
        {"SET", "42601"},
        {"SET a", "42601"},
        {"SET a =", "42601"},
        {"SET a = $1", "42601"},
        {"SET a = b c", "42601"},
        {"SHOW", "42601"},
        {"SHOW a b", "42601"},
        {"RESET", "42601"},
        {"DISCARD", "42601"},
        {"DISCARD EVERYTHING", "42601"},
        {"BEGIN 1", "42601"},
        {"START", "42601"},
        {"COMMIT AND CHAIN", "42601"},
        {"ROLLBACK TO", "42601"},
        {"SAVEPOINT", "42601"},
        {"SAVEPOINT a b", "42601"},
        {"DECLARE c CURSOR", "42601"},
        {"DECLARE c CURSOR FOR", "42601"},
        {"DECLARE c SOMETIMES CURSOR FOR SELECT 1", "42601"},
        {"DECLARE CURSOR FOR SELECT 1", "42601"},
        {"FETCH", "42601"},
        {"FETCH 1.5 FROM c", "42601"},
        {"CLOSE", "42601"},
        {"DEALLOCATE", "42601"},
        {"EXPLAIN", "42601"},
        {"EXPLAIN (ANALYZE", "42601"},
        {"COPY", "42601"},
        {"COPY (SELECT 1", "42601"},
        {"COPY (SELECT 1) TO", "42601"},
        {"COPY (SELECT 1) TO '/etc/passwd'", "42501"},
        {"COPY (SELECT 1) TO PROGRAM 'rm'", "42501"},
        {"COPY (SELECT 1) TO STDOUT (FORMAT parquet)", "42601"},
        {"COPY (SELECT 1) TO STDOUT (FORMAT csv", "42601"},
        {"COPY (SELECT 1) TO STDOUT (DELIMITER 'ab')", "22023"},
        {"COPY (SELECT 1) TO STDOUT (DELIMITER 'a')", "22023"},
        {"COPY (SELECT 1) TO STDOUT (FORMAT csv, QUOTE ',')", "22023"},
        {"COPY (SELECT 1) TO STDOUT (QUOTE '\"')", "0A000"},
        {"COPY (SELECT 1) TO STDOUT (FORMAT binary, HEADER)", "0A000"},
        {"COPY (SELECT 1) TO STDOUT (NULL 'a text that is longer than thirty-two bytes')", "42601"},
        {"COPY 1 TO STDOUT", "42601"},
        {"SET a_name_that_is_longer_than_sixty_three_bytes_as_nobody_would_ever_write = 1",
         "42601"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_pg_command command;
        struct fh_pg_report report = {.text = ""};
        assert_false(fh_pg_command_read(&command, fh_bytes_cstr(rows[i].sql), &report));
        assert_string_equal(report.state, rows[i].sqlstate);
        fh_pg_command_fini(&command);
    }
}

/* Cut anywhere, a statement is read or refused, and nothing behind it is looked at. */
static void test_cut(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "SET SESSION freehold.purpose = E'a\\'b', \"c\"\"d\", $x$e$x$, 1.5e-3",
        "COPY (SELECT (1), ')') TO STDOUT WITH (FORMAT csv, HEADER, DELIMITER ';', NULL E'\\\\N')",
        "DECLARE \"c\" BINARY NO SCROLL CURSOR WITH HOLD FOR /* x /* y */ */ SELECT 1 -- z",
        "FETCH BACKWARD -5 FROM \"c\"\"d\"",
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        for (size_t cut = 0; cut <= strlen(rows[i]); cut++) {
            struct fh_pg_command command;
            struct fh_pg_report report = {.text = ""};
            char *part = malloc(cut + (cut == 0));
            assert_non_null(part);
            memcpy(part, rows[i], cut);
            if (!fh_pg_command_read(&command, fh_bytes(part, cut), &report)) {
                assert_int_equal(strlen(report.state), 5);
            }
            fh_pg_command_fini(&command);
            free(part);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statements),
        cmocka_unit_test(test_params),
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
