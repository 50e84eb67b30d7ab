/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables by groups: what is there, by hand; that sums and counts are those of the rows, against an
 * open table of the rows in large enough groups; and that nothing else comes through: two sources
 * that differ in single persons, but not in a group, give the same answers to whatever is asked.
 */
#include "tests/node/worker/masked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SIZE = 5 };

static struct rig rig;
static struct masked m;

/* person 1..5 are in group a of January, 1..4 in b, 6..11 in (NULL, February). */
#define BY_HAND                                                                                    \
    "SELECT * FROM (VALUES "                                                                       \
    "(1, 'a', TIMESTAMP '2026-01-01 10:00:00', 1::TINYINT, -7::BIGINT, 0.01::DECIMAL(9,2), "       \
    "1.5::DOUBLE, 10), "                                                                           \
    "(2, 'a', TIMESTAMP '2026-01-02 11:00:00', 1, -1, 0.02, 2.5, NULL), "                          \
    "(3, 'a', TIMESTAMP '2026-01-03 12:00:00', 1, -1, 0.03, 2.0, NULL), "                          \
    "(4, 'a', TIMESTAMP '2026-01-04 13:00:00', 1, -1, -99.99, 3.5, NULL), "                        \
    "(5, 'a', TIMESTAMP '2026-01-31 23:59:59.999999', 127, -2, 0.05, 4.5, NULL), "                 \
    "(5, 'a', TIMESTAMP '2026-01-31 23:59:59.999999', NULL, NULL, NULL, 'NaN', NULL), "            \
    "(NULL, 'a', TIMESTAMP '2026-01-05 00:00:00', 0, 0, 0, 0, NULL), "                             \
    "(1, 'b', TIMESTAMP '2026-01-01 00:00:00', 1, 1, 1, 1, 1), "                                   \
    "(2, 'b', TIMESTAMP '2026-01-01 00:00:00', 1, 1, 1, 1, 1), "                                   \
    "(3, 'b', TIMESTAMP '2026-01-01 00:00:00', 1, 1, 1, 1, 1), "                                   \
    "(4, 'b', TIMESTAMP '2026-01-01 00:00:00', 1, 1, 1, 1, 1), "                                   \
    "(4, 'b', TIMESTAMP '2026-01-01 00:00:00', 1, 1, 1, 1, 1), "                                   \
    "(NULL, 'b', TIMESTAMP '2026-01-01 00:00:00', 1, 1, 1, 1, 1), "                                \
    "(6, NULL, TIMESTAMP '2026-02-01 00:00:00', 9, 9, 9, 9, 9), "                                  \
    "(7, NULL, TIMESTAMP '2026-02-02 00:00:00', 9, 9, 9, 9, 9), "                                  \
    "(8, NULL, TIMESTAMP '2026-02-03 00:00:00', 9, 9, 9, 9, 9), "                                  \
    "(9, NULL, TIMESTAMP '2026-02-04 00:00:00', 9, 9, 9, 9, 9), "                                  \
    "(10, NULL, TIMESTAMP '2026-02-05 00:00:00', 9, 9, 9, 9, 9), "                                 \
    "(11, NULL, TIMESTAMP '2026-02-28 00:00:00', 9, 9, 9, 9, 9)"                                   \
    ") t(person, region, placed, tiny, whole, price, ratio, rare)"

/* Some thousand rows: groups of one to twelve persons, each with some rows. */
#define MANY                                                                                       \
    "SELECT (hash(i * 3) % (1 + hash(i) % 40 % 12))::INTEGER AS person, "                          \
    "'r' || (hash(i) % 40) AS region, "                                                            \
    "TIMESTAMP '2026-01-01 00:00:00' + INTERVAL 1 HOUR * (hash(i + 7) % 2000)::INTEGER AS "        \
    "placed, "                                                                                     \
    "(hash(i + 1) % 100)::TINYINT AS tiny, "                                                       \
    "(hash(i + 2) % 2000001)::BIGINT - 1000000 AS whole, "                                         \
    "((hash(i + 3) % 20001)::DECIMAL(9,2) - 10000) / 100 AS price, "                               \
    "(hash(i + 4) % 1000)::DOUBLE AS ratio, "                                                      \
    "CASE WHEN hash(i + 5) % 9 = 0 THEN (hash(i + 6) % 50)::INTEGER END AS rare "                  \
    "FROM range(6000) t(i)"

/* Whose group by region and month has enough persons. */
#define IN_GROUPS                                                                                  \
    "SELECT r.* FROM rows r JOIN (SELECT region, date_trunc('month', placed) AS month FROM rows "  \
    "GROUP BY ALL HAVING count(DISTINCT person) >= 5) g ON r.region IS NOT DISTINCT FROM "         \
    "g.region "                                                                                    \
    "AND date_trunc('month', r.placed) = g.month"

/* The same with other people: all in too small groups have gone, persons of a group have exchanged
 * their values (not who has a rare one), and no row stands where it stood. */
#define NEIGHBOURS                                                                                 \
    "WITH g AS (SELECT *, row_number() OVER (PARTITION BY region, date_trunc('month', placed) "    \
    "ORDER BY person, whole, price) AS at FROM (" IN_GROUPS ")), n AS (SELECT *, count(*) OVER "   \
    "(PARTITION BY region, date_trunc('month', placed)) AS n FROM g) "                             \
    "SELECT a.person, a.region, a.placed, b.tiny, b.whole, c.price, c.ratio, a.rare FROM n a "     \
    "JOIN n b ON a.region = b.region AND date_trunc('month', a.placed) = date_trunc('month', "     \
    "b.placed) AND b.at = 1 + a.at % a.n "                                                         \
    "JOIN n c ON a.region = c.region AND date_trunc('month', a.placed) = date_trunc('month', "     \
    "c.placed) AND c.at = a.n + 1 - a.at ORDER BY hash(a.whole)"

static int up(void **state)
{
    (void)state;
    rig_up(&rig);
    rig_write(&rig,
              "COPY (" BY_HAND ") TO '%s/hand.parquet' (FORMAT parquet);"
              "CREATE TABLE rows AS " MANY ";"
              "COPY rows TO '%s/many.parquet' (FORMAT parquet);"
              "COPY (SELECT * REPLACE (date_trunc('month', placed) AS placed) FROM (" IN_GROUPS
              ")) TO '%s/kept.parquet' (FORMAT parquet);"
              "COPY (" NEIGHBOURS ") TO '%s/neighbours.parquet' (FORMAT parquet);");
    masked_up(&m, &rig, 1);
    return 0;
}

static int down(void **state)
{
    (void)state;
    masked_down(&m);
    rig_down(&rig);
    return 0;
}

/* ---- tables ---- */

static const char *const columns =
    "person INTEGER, region VARCHAR, placed TIMESTAMP, tiny TINYINT, whole BIGINT, "
    "price DECIMAL(9,2), ratio DOUBLE, rare INTEGER";

enum { PERSON, REGION, PLACED, TINY, WHOLE, PRICE, RATIO, RARE, COLUMNS };

static struct fh_view *
grouped(const struct fh_table *table, const char *const *filters, uint32_t filter_count)
{
    static const uint32_t subjects[] = {PERSON};
    static const struct fh_group_column parts[COLUMNS] = {
        [REGION] = {.part = FH_GROUP_DIMENSION},
        [PLACED] = {.part = FH_GROUP_DIMENSION,
                    .unit = {.kind = FH_MASK_GENERALISE, .unit = FH_MASK_MONTH}},
        [TINY] = {.part = FH_GROUP_MEASURE},
        [WHOLE] = {.part = FH_GROUP_MEASURE},
        [PRICE] = {.part = FH_GROUP_MEASURE},
        [RATIO] = {.part = FH_GROUP_MEASURE},
        [RARE] = {.part = FH_GROUP_MEASURE},
    };
    static const struct fh_view_group group = {
        .size = SIZE, .subject_count = 1, .subjects = subjects, .columns = parts};
    struct fh_view *view = fh_arena_alloc(rig.arena, sizeof *view);
    *view = masked_view(&rig, table, "person=hidden", filters, filter_count);
    view->group = &group;
    return view;
}

static void
add_groups(const char *name, const char *file, const char *const *filters, uint32_t filter_count)
{
    struct fh_err err = {0};
    struct fh_table table = rig_table(&rig, name, FH_SOURCE_PARQUET, columns);
    const struct fh_view *view = grouped(&table, filters, filter_count);
    if (masked_add(&m, &table, view, rig_open(&rig, file), &err) != FH_OK) {
        fail_msg("%s", err.text);
    }
}

static void add_open(const char *name, const char *file)
{
    struct fh_err err = {0};
    struct fh_table table = rig_table(&rig, name, FH_SOURCE_PARQUET, columns);
    if (rig_add(m.query, &table, rig_open(&rig, file), &err) != FH_OK) {
        fail_msg("%s", err.text);
    }
}

/* ---- by hand ---- */

static void groups_are_what_is_there(void **state)
{
    (void)state;
    add_groups("hand.orders.t", "hand.parquet", NULL, 0);
    /* b has four persons, whose row without a person makes them no five. */
    masked_expect(&m,
                  "SELECT region, placed, count(*) FROM hand.orders GROUP BY ALL ORDER BY 1 NULLS "
                  "FIRST",
                  "NULL|2026-02-01 00:00:00|6\na|2026-01-01 00:00:00|7\n");
    masked_expect(
        &m,
        "SELECT region, sum(tiny), count(tiny), sum(whole), count(whole), sum(price), "
        "round(sum(ratio), 9), count(ratio), count(rare) FROM hand.orders GROUP BY ALL ORDER BY 1 "
        "NULLS FIRST",
        "NULL|54|6|54|6|54.00|54.0|6|6\na|131|6|-12|6|-99.88|14.0|6|0\n");
    /* Whoever looks at rows sees the numbers next to the mean, of whole numbers and decimals. */
    masked_expect(&m,
                  "SELECT DISTINCT whole, price, tiny, ratio FROM hand.orders WHERE region = 'a' "
                  "ORDER BY ALL NULLS LAST",
                  "-2|-16.65|22|2.3333333333333335\n-2|-16.64|21|2.3333333333333335\n"
                  "-2|-16.64|22|2.3333333333333335\nNULL|NULL|NULL|NULL\n");
    masked_expect(&m,
                  "SELECT typeof(any_value(tiny)), typeof(any_value(whole)), "
                  "typeof(any_value(price)), typeof(any_value(ratio)), typeof(any_value(placed)), "
                  "max(tiny), min(price), max(ratio), max(rare) FROM hand.orders",
                  "TINYINT|BIGINT|DECIMAL(9,2)|DOUBLE|TIMESTAMP|22|-16.65|9.0|9\n");
    masked_expect(&m, "SELECT count(*) FROM hand.orders", "13\n");
    masked_expect(&m, "SELECT count(*) FROM hand.orders WHERE region = 'b'", "0\n");
    masked_expect(
        &m, "SELECT count(*) FROM hand.orders WHERE placed > TIMESTAMP '2026-02-01'", "0\n");
    masked_refuse(&m, "SELECT person FROM hand.orders", FH_ESQL, "sql.bind");
    masked_refuse(&m, "SELECT fhn FROM hand.orders", FH_ESQL, "sql.bind");
}

static void filters_leave_out_whole_groups(void **state)
{
    static const char *const filters[] = {"region IS NULL OR region < 'b' -- both",
                                          "placed < TIMESTAMP '2026-01-02 00:00:00'"};
    static const char *const of_rows[] = {"whole > 0"};
    (void)state;
    add_groups("part.orders.t", "hand.parquet", filters, 2);
    /* All of the group by its month, and not the rows of its first day. */
    masked_expect(&m, "SELECT region, count(*) FROM part.orders GROUP BY ALL", "a|7\n");
    add_groups("cut.orders.t", "hand.parquet", of_rows, 1);
    masked_refuse(&m, "SELECT count(*) FROM cut.orders", FH_EIO, "source.schema");
}

/* ---- as the rows say ---- */

static void sums_are_those_of_the_rows(void **state)
{
    static const char *const questions[] = {
        "SELECT count(*), count(whole), sum(whole), avg(whole), sum(price), sum(tiny) FROM %s",
        "SELECT region, count(*), sum(whole), avg(price), count(tiny) FROM %s GROUP BY ALL",
        "SELECT placed, sum(whole) FROM %s GROUP BY placed",
        "SELECT region, placed, sum(price), sum(tiny), sum(whole) FROM %s GROUP BY 1, 2",
        "SELECT region, placed, count(*), sum(whole) FROM %s GROUP BY ROLLUP (region, placed)",
        "SELECT region, placed, count(*), sum(price) FROM %s GROUP BY CUBE (region, placed)",
        "SELECT region, placed, sum(tiny) FROM %s GROUP BY GROUPING SETS ((region), (placed), ())",
        "SELECT region, sum(whole) FROM %s GROUP BY region HAVING sum(whole) > 0",
        "SELECT sum(whole) FROM %s WHERE region IN ('r1', 'r2', 'r3')",
        "SELECT sum(whole) FROM %s WHERE region NOT IN ('r1', 'r2', 'r3')",
        "SELECT sum(whole) FROM %s WHERE month(placed) = 2 AND region LIKE 'r1%%'",
        "SELECT count(DISTINCT region), min(placed), max(placed) FROM %s",
        "SELECT region, sum(s) FROM (SELECT region, placed, sum(whole) AS s FROM %s GROUP BY ALL) "
        "GROUP BY ALL",
        "WITH t AS (SELECT region, sum(price) AS p FROM %s GROUP BY ALL) "
        "SELECT region, p, rank() OVER (ORDER BY p, region) FROM t",
        "SELECT v.x, sum(t.whole) FROM %s t JOIN (VALUES ('r1', 1), ('r2', 1), ('r9', 2)) v(r, x) "
        "ON t.region = v.r GROUP BY ALL",
        "SELECT region, sum(round(ratio, 6))::DECIMAL(18,3) > -1 FROM %s GROUP BY ALL",
        "SELECT region, placed, round(sum(ratio), 6), round(avg(ratio), 6) FROM %s GROUP BY ALL",
    };
    (void)state;
    add_groups("many.orders.t", "many.parquet", NULL, 0);
    add_open("kept.orders.t", "kept.parquet");
    masked_expect(&m, "SELECT count(*) BETWEEN 2000 AND 5000 FROM kept.orders", "true\n");
    for (size_t i = 0; i < FH_COUNT(questions); i++) {
        static const char *const names[] = {"many.orders", "kept.orders"};
        char sql[2][1024];
        FH_CLEANUP(fh_buf_fini) struct fh_buf open;
        struct fh_err err = {0};
        for (unsigned k = 0; k < 2; k++) {
            char asked[512];
            const char *at = strstr(questions[i], "%s");
            assert_non_null(at);
            snprintf(asked,
                     sizeof asked,
                     "%.*s%s%s",
                     (int)(at - questions[i]),
                     questions[i],
                     names[k],
                     at + 2);
            snprintf(sql[k], sizeof sql[k], "SELECT * FROM (%s) ORDER BY ALL", asked);
        }
        fh_buf_init(&open, RIG_ANSWER_BYTES_MAX);
        if (masked_query(&m, sql[1], &open, &err) != FH_OK) {
            fail_msg("%s: %s", sql[1], err.text);
        }
        masked_expect(&m, sql[0], fh_buf_cstr(&open));
    }
}

/* ---- and nothing else ---- */

static void ask(const char *sql, const char *name, struct fh_buf *out)
{
    char asked[1024];
    const char *at = strstr(sql, "%s");
    struct fh_err err = {0};
    assert_non_null(at);
    snprintf(asked, sizeof asked, "%.*s%s%s", (int)(at - sql), sql, name, at + 2);
    int code = masked_query(&m, asked, out, &err);
    if (code != FH_OK) {
        fh_buf_printf(out, "%d %s", code, err.rule);
    }
}

static void single_persons_change_nothing(void **state)
{
    static const char *const questions[] = {
        "SELECT * FROM %s",
        "SELECT * FROM %s LIMIT 3 OFFSET 100",
        "SELECT * FROM %s ORDER BY whole DESC, price, tiny LIMIT 50",
        "SELECT rowid FROM %s",
        "SELECT min(whole), max(whole), min(price), max(tiny), max(rare) FROM %s",
        "SELECT region, quantile_cont(whole, 0.1), median(price), mode(tiny) FROM %s GROUP BY ALL "
        "ORDER BY 1",
        "SELECT region, list(whole), string_agg(price, ',') FROM %s GROUP BY ALL ORDER BY 1",
        "SELECT whole FROM %s WHERE whole > 400000",
        "SELECT count(*) FROM %s WHERE whole = 7 OR price < 0.5 OR tiny < 3",
        "SELECT count(DISTINCT whole), count(DISTINCT price), approx_count_distinct(whole) FROM %s",
        "SELECT arg_max(region, whole), arg_min(placed, price), arg_max(whole, price) FROM %s",
        "SELECT region, whole, lag(whole) OVER (ORDER BY region, placed, whole) FROM %s",
        "SELECT row_number() OVER (), region, whole FROM %s",
        "SELECT var_pop(whole), stddev_samp(price), corr(whole, price), entropy(tiny) FROM %s",
        "SELECT sum(whole * whole), sum(whole * tiny), bit_xor(whole), product(tiny) FROM %s",
        "SELECT sum(whole) FILTER (WHERE price > 0), sum(CASE WHEN tiny > 50 THEN whole END) FROM "
        "%s",
        "SELECT a.region, a.whole - b.whole FROM %s a, (VALUES (1)) b(whole) WHERE a.tiny < 20",
        "SELECT histogram(tiny) FROM %s",
        "SELECT hash(t) FROM (SELECT * FROM %s) t",
        "SELECT region, sum(whole) FROM %s GROUP BY region ORDER BY 2 LIMIT 1",
        "SELECT CAST(whole AS TINYINT) FROM %s",
        "SELECT 1 / (whole - 1) FROM %s WHERE rare IS NULL",
        "SELECT first(whole), last(price), any_value(tiny) FROM %s",
    };
    unsigned told = 0;
    (void)state;
    add_groups("one.orders.t", "many.parquet", NULL, 0);
    add_groups("two.orders.t", "neighbours.parquet", NULL, 0);
    add_open("raw.orders.t", "many.parquet");
    add_open("other.orders.t", "neighbours.parquet");
    for (size_t i = 0; i < FH_COUNT(questions); i++) {
        static const char *const names[] = {
            "one.orders", "two.orders", "raw.orders", "other.orders"};
        struct fh_buf answers[FH_COUNT(names)];
        for (size_t k = 0; k < FH_COUNT(names); k++) {
            fh_buf_init(&answers[k], RIG_ANSWER_BYTES_MAX);
            ask(questions[i], names[k], &answers[k]);
        }
        if (strcmp(fh_buf_cstr(&answers[0]), fh_buf_cstr(&answers[1])) != 0) {
            fail_msg("%s:\n%.300s\n%.300s",
                     questions[i],
                     fh_buf_cstr(&answers[0]),
                     fh_buf_cstr(&answers[1]));
        }
        told += strcmp(fh_buf_cstr(&answers[2]), fh_buf_cstr(&answers[3])) != 0 ? 1 : 0;
        for (size_t k = 0; k < FH_COUNT(names); k++) {
            fh_buf_fini(&answers[k]);
        }
    }
    /* The rows themselves tell the two apart: else nothing was tried here. */
    assert_true(told >= FH_COUNT(questions) - 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_are_what_is_there),
        cmocka_unit_test(filters_leave_out_whole_groups),
        cmocka_unit_test(sums_are_those_of_the_rows),
        cmocka_unit_test(single_persons_change_nothing),
    };
    return cmocka_run_group_tests(tests, up, down);
}
