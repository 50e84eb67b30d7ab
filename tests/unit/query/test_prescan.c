/* SPDX-License-Identifier: Apache-2.0 */
#include "common/limits.h"
#include "node/query/prescan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void texts_by_table(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        const char *rule; /* "" = passes */
        size_t position;  /* of the fault */
    } rows[] = {
        {"SELECT 1", "", 0},
        {"SELECT 1;", "", 0},
        {"SELECT 1 ; -- over", "", 0},
        {"SELECT 1;;", "", 0},
        {"SELECT ';'", "", 0},
        {"SELECT \";\"", "", 0},
        {"SELECT $$;$$", "", 0},
        {"SELECT $a$;$$;$a$", "", 0},
        {"SELECT 1 -- ; SELECT 2", "", 0},
        {"SELECT 1 /* ; SELECT 2 */", "", 0},
        {"SELECT 'it''s; fine'", "", 0},
        {"SELECT E'it\\'s; fine'", "", 0},
        {"SELECT 'back\\'", "", 0},
        {"SELECT nameE'x'", "", 0},
        {"SELECT a$b", "", 0},
        {"SELECT $1", "", 0},
        {"SELECT 'gr\xc3\xbc\xc3\x9f'", "", 0},
        {"SELECT [1, {'a': (2)}]", "", 0},
        {"", "sql.empty", 0},
        {"   ", "sql.empty", 0},
        {"-- nothing", "sql.empty", 0},
        {"/* nothing */", "sql.empty", 0},
        {";", "sql.empty", 0},
        {"SELECT 1; SELECT 2", "sql.statements", 10},
        {"SELECT 1;(", "sql.statements", 9},
        {"SELECT ';' ; x", "sql.statements", 13},
        {"SELECT 'abc", "sql.unterminated", 7},
        {"SELECT 'abc''", "sql.unterminated", 7},
        {"SELECT E'abc\\'", "sql.unterminated", 8},
        {"SELECT e'abc\\'", "sql.unterminated", 8},
        {"SELECT \"abc", "sql.unterminated", 7},
        {"SELECT $$abc", "sql.unterminated", 7},
        {"SELECT $a$abc$b$", "sql.unterminated", 7},
        {"SELECT /* abc", "sql.unterminated", 7},
        {"SELECT /* a /* b */ c */ 1", "sql.comment", 12},
        {"SELECT (1", "sql.brackets", 9},
        {"SELECT 1)", "sql.brackets", 8},
        {"SELECT (1]", "sql.brackets", 9},
        {"SELECT [1}", "sql.brackets", 9},
        {"SELECT \xff", "sql.utf8", 7},
        {"SELECT '\xc3'", "sql.utf8", 8},
        {"SELECT '\xed\xa0\x80'", "sql.utf8", 8},
        {"SELECT 1\x01", "sql.character", 8},
        {"SELECT '\xe2\x80\xae'", "sql.character", 8},   // right-to-left override
        {"SELECT a\xe2\x80\x8b", "sql.character", 8},    // zero width space
        {"\xef\xbb\xbfSELECT 1", "sql.character", 0},    // byte order mark
        {"SELECT \xc2\xad", "sql.character", 7},         // soft hyphen
        {"SELECT \xf3\xa0\x80\xa1", "sql.character", 7}, // tag
        {"SELECT '\xe2\x81\xa6'", "sql.character", 8},   // isolate
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_err err = {0};
        struct fh_prescan scan;
        int code = fh_prescan(&scan, fh_bytes_cstr(rows[i].sql), &err);
        if (strcmp(err.rule, rows[i].rule) != 0 || (code == FH_OK) != (rows[i].rule[0] == 0) ||
            (code != FH_OK && scan.position != rows[i].position)) {
            fail_msg("%s: [%s] at %zu: %s", rows[i].sql, err.rule, scan.position, err.text);
        }
    }
}

static void nul_is_refused(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_prescan scan;
    assert_int_equal(fh_prescan(&scan, fh_bytes("SELECT 1\0", 9), &err), FH_ESQL);
    assert_string_equal(err.rule, "sql.character");
    assert_int_equal(scan.position, 8);
}

static void statement_ends_before_its_semicolon(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        size_t end;
    } rows[] = {{"SELECT 1", 8}, {"SELECT 1;", 8}, {"SELECT 1 ; -- x", 9}, {"SELECT ';';", 10}};
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_err err = {0};
        struct fh_prescan scan;
        assert_int_equal(fh_prescan(&scan, fh_bytes_cstr(rows[i].sql), &err), FH_OK);
        assert_int_equal(scan.end, rows[i].end);
    }
}

static void ctes_are_counted(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        unsigned ctes;
        unsigned depth;
        const char *rule;
    } rows[] = {
        {"WITH a AS (SELECT 1) FROM a", 1, 1, ""},
        {"with a as materialized (SELECT 1), b AS NOT MATERIALIZED (SELECT 2) FROM a", 2, 1, ""},
        {"WITH RECURSIVE r(n) AS (SELECT 1) FROM r", 1, 1, ""},
        {"WITH r(n) USING KEY (n) AS (SELECT 1) FROM r", 1, 1, ""},
        {"WITH a AS (WITH b AS (WITH c AS (SELECT 1) FROM c) FROM b) FROM a", 3, 3, ""},
        {"WITH a AS (FROM (WITH b AS (SELECT 1) FROM b)) FROM a", 2, 2, ""},
        {"WITH/**/a AS(SELECT 1) FROM a", 1, 1, ""},
        {"WITH\xc2\xa0"
         "a AS (SELECT 1) FROM a",
         1,
         1,
         ""},
        {"WITH values AS (SELECT 1), x AS (SELECT 2) FROM x", 2, 1, ""},
        {"SELECT a AS (b)", 0, 0, ""},
        {"SELECT 'WITH a AS (' ", 0, 0, ""},
        {"SELECT \"with\", x AS (1)", 0, 0, ""},
        {"SELECT sum(a) OVER w FROM t WINDOW w AS (ORDER BY a)", 0, 0, ""},
        {"WITH a AS (WITH b AS (WITH c AS (WITH d AS (SELECT 1) FROM d) FROM c) FROM b) FROM a",
         4,
         3,
         "sql.cte_depth"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_err err = {0};
        struct fh_prescan scan;
        int code = fh_prescan(&scan, fh_bytes_cstr(rows[i].sql), &err);
        if (scan.ctes != rows[i].ctes || scan.cte_depth != rows[i].depth ||
            strcmp(err.rule, rows[i].rule) != 0 || (code == FH_OK) != (rows[i].rule[0] == 0)) {
            fail_msg("%s: %u, %u deep, [%s]", rows[i].sql, scan.ctes, scan.cte_depth, err.rule);
        }
    }
}

/* `count` copies of `piece` between `head` and `tail`. */
static int
repeated(const char *head, const char *piece, size_t count, const char *tail, struct fh_err *err)
{
    struct fh_buf sql;
    struct fh_prescan scan;
    fh_buf_init(&sql, 16 * 1024 * 1024);
    fh_buf_add_cstr(&sql, head);
    for (size_t i = 0; i < count; i++) {
        fh_buf_add_cstr(&sql, piece);
    }
    fh_buf_add_cstr(&sql, tail);
    int code = fh_prescan(&scan, fh_buf_view(&sql), err);
    fh_buf_fini(&sql);
    return code;
}

static void limits_are_kept(void **state)
{
    (void)state;
    struct fh_err err = {0};
    assert_int_equal(repeated("SELECT '", "x", FH_SQL_BYTES_MAX - 9, "'", &err), FH_OK);
    assert_int_equal(repeated("SELECT '", "x", FH_SQL_BYTES_MAX - 8, "'", &err), FH_ETOOBIG);
    assert_string_equal(err.rule, "sql.length");
    assert_int_equal(repeated("SELECT 1", "+1", (FH_SQL_TOKENS_MAX - 2) / 2, "", &err), FH_OK);
    assert_int_equal(repeated("SELECT 1", "+1", FH_SQL_TOKENS_MAX / 2, "", &err), FH_ETOOBIG);
    assert_string_equal(err.rule, "sql.tokens");
    err = (struct fh_err){0};
    assert_int_equal(repeated("SELECT ", "(", FH_SQL_DEPTH_MAX + 1, "", &err), FH_ETOOBIG);
    assert_string_equal(err.rule, "sql.depth");
    assert_int_equal(repeated("SELECT ", "[", FH_SQL_DEPTH_MAX, "", &err), FH_ESQL);
    assert_string_equal(err.rule, "sql.brackets");
    assert_int_equal(
        repeated("WITH a AS (SELECT 1)", ", a AS (SELECT 1)", FH_SQL_CTES_MAX - 1, " FROM a", &err),
        FH_OK);
    assert_int_equal(
        repeated("WITH a AS (SELECT 1)", ", a AS (SELECT 1)", FH_SQL_CTES_MAX, " FROM a", &err),
        FH_ETOOBIG);
    assert_string_equal(err.rule, "sql.ctes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_by_table),
        cmocka_unit_test(nul_is_refused),
        cmocka_unit_test(statement_ends_before_its_semicolon),
        cmocka_unit_test(ctes_are_counted),
        cmocka_unit_test(limits_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
