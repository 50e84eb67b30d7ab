/* SPDX-License-Identifier: Apache-2.0 */
#include "common/bytes.h"
#include "common/prng.h"
#include "tools/client/sql_tables.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* What is found, as domain.product@major/table, with a space behind each. */
static const struct {
    const char *sql;
    const char *tables;
} rows[] = {
    /* none */
    {"", ""},
    {"SELECT 42", ""},
    {"SELECT * FROM range(10)", ""},
    {"SELECT * FROM main.range(10)", ""},
    {"SELECT a.b, c.d FROM (VALUES (1, 2)) a(b, c)", ""},
    {"WITH o AS (SELECT 1 AS x) SELECT o.x FROM o, o p WHERE o.x = p.x", ""},
    {"SELECT 'FROM shop.orders', \"FROM shop.orders\", $$FROM shop.orders$$, $a$ FROM a.b $$ $a$",
     ""},
    {"SELECT 1 -- FROM shop.orders\n/* FROM shop.items */", ""},
    {"SELECT E'it\\'s FROM shop.orders', 'it''s FROM shop.orders'", ""},
    {"SELECT 1.5e3, 1.FROM_, 0x1F", ""},
    /* one */
    {"SELECT * FROM shop.orders", "shop.orders "},
    {"select*from shop.orders", "shop.orders "},
    {"FROM shop.orders", "shop.orders "},
    {"FROM shop.orders SELECT a, b.c", "shop.orders "},
    {"FROM o: shop.orders SELECT o.id", "shop.orders "},
    {"SELECT id::BIGINT FROM \"o\" : shop.orders", "shop.orders "},
    {"SELECT shop.orders.id, orders.item.name, a[1:2] FROM shop.orders", "shop.orders "},
    {"SELECT * FROM \"Shop\".\"orders@2\" o", "Shop.orders@2 "},
    {"SELECT * FROM shop . /* here */ \"orders@12\".lines", "shop.orders/lines@12 "},
    {"SELECT * FROM shop.orders__lines", "shop.orders/lines "},
    {"SELECT * FROM \"shop\".\"orders@1__lines\"", "shop.orders/lines@1 "},
    {"SELECT * FROM\xc2\xa0shop.orders\xe3\x80\x80o", "shop.orders "},
    {"SELECT * FROM shop.orders;", "shop.orders "},
    {"SELECT * FROM (((shop.orders)))", "shop.orders "},
    {"PIVOT shop.orders ON item USING sum(price)", "shop.orders "},
    {"FROM (PIVOT shop.orders ON item USING sum(price))", "shop.orders "},
    {"SELECT * FROM shop.orders UNPIVOT (v FOR k IN (a.b, c.d))", "shop.orders "},
    {"SELECT * FROM shop.orders PIVOT (sum(o.price) FOR item IN ('a', 'b'))", "shop.orders "},
    {"TABLE shop.orders", "shop.orders "},
    {"SELECT * FROM LATERAL (SELECT * FROM shop.orders)", "shop.orders "},
    {"SELECT (SELECT max(o.id) FROM shop.orders o)", "shop.orders "},
    {"SELECT EXISTS (FROM shop.orders)", "shop.orders "},
    {"SELECT ((SELECT 1 FROM shop.orders) UNION ALL (SELECT 2))", "shop.orders "},
    {"SELECT array(SELECT o.id FROM shop.orders o)", "shop.orders "},
    {"WITH a AS MATERIALIZED (SELECT * FROM shop.orders) FROM a, a b", "shop.orders "},
    /* what follows FROM and is no table */
    {"SELECT extract(year FROM o.day), extract('year' FROM p.day) FROM shop.orders o",
     "shop.orders "},
    {"SELECT trim(BOTH 'x' FROM o.name), substring(o.name FROM o.at FOR 2) FROM shop.orders o",
     "shop.orders "},
    {"SELECT * FROM shop.orders o WHERE o.a IS DISTINCT FROM o.b OR o.a IS NOT DISTINCT FROM b.a",
     "shop.orders "},
    {"SELECT * FROM shop.orders o, unnest(o.items) u, range(o.n) ORDER BY o.a, o.b",
     "shop.orders "},
    {"SELECT * FROM shop.orders WHERE a IN [b.c, d.e] AND f(g.h, i.j) GROUP BY k.l, m.n HAVING "
     "p.q, r.s",
     "shop.orders "},
    {"SELECT * FROM shop.orders WHERE d > $from AND e < $2, o.x", "shop.orders "},
    {"SELECT * FROM shop.orders LIMIT 5 OFFSET 1, a.b", "shop.orders "},
    {"SELECT a.b FROM shop.orders WINDOW w AS (PARTITION BY a.b, c.d ORDER BY e.f, g.h), v AS (w)",
     "shop.orders "},
    {"SELECT count(DISTINCT item) AS distinct FROM shop.orders", "shop.orders "},
    {"SELECT e.src AS from, e.dst AS to, e.w AS \"where\", e.x FROM shop.orders e", "shop.orders "},
    {"SELECT (o.s).from, o.b, x[1].distinct FROM shop.orders o", "shop.orders "},
    {"SELECT trim(FROM o.name), trim((o.x) FROM o.y), substring((o.a || o.b) FROM o.c)"
     " FROM shop.orders o",
     "shop.orders "},
    {"SELECT trim((SELECT max(a.b) FROM shop.orders)) FROM range(1)", "shop.orders "},
    {"FROM 'o': shop.orders", "shop.orders "},
    {"SELECT {'a': o.b, 'c': o.d}, [o.e, o.f], x -> x.y FROM shop.orders o", "shop.orders "},
    {"SELECT * EXCLUDE (a) REPLACE (o.b AS c), COLUMNS('d') FROM shop.orders o", "shop.orders "},
    /* several */
    {"SELECT * FROM shop.orders, market.items AS i, museum.rooms",
     "shop.orders market.items museum.rooms "},
    {"SELECT * FROM shop.orders o JOIN market.items i ON o.id = i.id LEFT JOIN a.b USING (id, c)",
     "shop.orders market.items a.b "},
    {"SELECT * FROM shop.orders o JOIN b.c ON f(o.a, b.c), d.e", "shop.orders b.c d.e "},
    {"SELECT * FROM shop.orders ASOF JOIN (market.items i CROSS JOIN a.b) ON x.y = z.w",
     "shop.orders market.items a.b "},
    {"SELECT * FROM shop.orders o(a, b), market.items i(c, d), (SELECT a.b FROM c.d) e",
     "shop.orders market.items c.d "},
    {"SELECT * FROM a.b UNION ALL SELECT c.d, e.f FROM g.h EXCEPT FROM i.j", "a.b g.h i.j "},
    {"SELECT (SELECT count(*) FROM a.b), c.d FROM e.f WHERE g IN (SELECT h.i FROM j.k, l.m)",
     "a.b e.f j.k l.m "},
    {"SELECT * FROM shop.orders x, shop.orders y", "shop.orders shop.orders "},
    /* what is no SQL gives something and ends */
    {"FROM a.b.c.d", "a. "},
    {"((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((FROM a.b", "a.b "},
    {"))))FROM a.b", "a.b "},
    {"FROM \"shop\".\"orders", "shop.orders "},
    {"FROM 'shop.orders", ""},
    {"FROM shop.", ""},
    {"FROM $x$", ""},
};

static void test_rows(void **state)
{
    (void)state;
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, 4096);
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_sql_tables tables;
        struct fh_sql_table table;
        fh_buf_reset(&out);
        fh_sql_tables_begin(&tables, rows[i].sql);
        while (fh_sql_tables_next(&tables, &table)) {
            fh_buf_printf(&out, "%s.%s", table.domain, table.product);
            if (table.table[0] != 0) {
                fh_buf_printf(&out, "/%s", table.table);
            }
            if (table.major > 0) {
                fh_buf_printf(&out, "@%u", (unsigned)table.major);
            }
            fh_buf_add_cstr(&out, " ");
        }
        if (strcmp(fh_buf_cstr(&out), rows[i].tables) != 0) {
            fail_msg(
                "%s\n    gives %s\n    not   %s", rows[i].sql, fh_buf_cstr(&out), rows[i].tables);
        }
    }
}

/* A name that is too long is not a shorter one. */
static void test_long_names(void **state)
{
    (void)state;
    char sql[512];
    char name[FH_NAME_BYTES_MAX + 2];
    memset(name, 'n', sizeof name);
    for (unsigned longer = 0; longer < 2; longer++) {
        struct fh_sql_tables tables;
        struct fh_sql_table table;
        name[FH_NAME_BYTES_MAX + longer] = 0;
        snprintf(sql, sizeof sql, "FROM shop.%s", name);
        name[FH_NAME_BYTES_MAX] = 0;
        fh_sql_tables_begin(&tables, sql);
        assert_true(fh_sql_tables_next(&tables, &table));
        assert_int_equal(fh_sql_table_is(&table, "shop", name, "x", "1.0.0"), longer == 0);
        name[FH_NAME_BYTES_MAX] = 'n';
    }
}

static void test_is(void **state)
{
    (void)state;
    static const struct {
        struct fh_sql_table written;
        bool is;
    } is[] = {
        {{"shop", "orders", "", 0}, true},
        {{"SHOP", "Orders", "LINES", 2}, true},
        {{"shop", "orders", "lines", 0}, true},
        {{"shop", "orders", "heads", 0}, false},
        {{"shop", "orders", "", 1}, false},
        {{"shop", "order", "", 0}, false},
        {{"shops", "orders", "", 0}, false},
        {{"", "", "", 0}, false},
    };
    for (size_t i = 0; i < FH_COUNT(is); i++) {
        assert_int_equal(fh_sql_table_is(&is[i].written, "shop", "orders", "lines", "2.1.0"),
                         is[i].is);
    }
}

/* Whatever the bytes are, it ends, within them; for the sanitizers. */
static void test_any_bytes(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "FROM ", "a", ".",  "\"",   "'",    "$",        "$a$", "/*",      "*/",        "--",
        "\n",    "(", ")",  ",",    "e'",   "\\",       "[",   "]",       ":",         "1",
        "_",     "@", "__", "\xc2", "\xa0", "\xe2\x80", " ",   "select ", "distinct ",
    };
    struct fh_prng prng;
    fh_prng_init(&prng, 7);
    for (unsigned round = 0; round < 20000; round++) {
        struct fh_buf sql;
        fh_buf_init(&sql, 1024);
        for (uint64_t i = fh_prng_below(&prng, 24); i > 0; i--) {
            fh_buf_add_cstr(&sql, pieces[fh_prng_below(&prng, FH_COUNT(pieces))]);
        }
        struct fh_sql_tables tables;
        struct fh_sql_table table;
        fh_sql_tables_begin(&tables, fh_buf_cstr(&sql));
        while (fh_sql_tables_next(&tables, &table)) {
            assert_true(strlen(table.domain) <= FH_NAME_BYTES_MAX + 1);
        }
        fh_buf_fini(&sql);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_is),
        cmocka_unit_test(test_any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
