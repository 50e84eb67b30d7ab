/* SPDX-License-Identifier: Apache-2.0 */
/* Filters of authors by the linked DuckDB: what is one condition over a row passes, all else is
 * refused by name. */
#include "node/query/gate_filter.h"
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

static const struct fh_filter_column columns[] = {
    {"id", "BIGINT"},
    {"country", "VARCHAR"},
    {"born", "DATE"},
    {"open", "BOOLEAN"},
    {"a \"b\"", "DECIMAL(9,2)"},
    {"nested", ""},
};

static void test_filters(void **state)
{
    (void)state;
    static const struct {
        const char *filter;
        const char *rule; /* "" passes */
    } rows[] = {
        {"country = 'DE'", ""},
        {"\"country\" IN ('DE', 'FR') AND id % 2 = 0", ""},
        {"open", ""},
        {"NOT open OR born > DATE '2000-01-01'", ""},
        {"born BETWEEN current_date - INTERVAL 1 YEAR AND current_date", ""},
        {"\"a \"\"b\"\"\" > 1.5", ""},
        {"CASE WHEN open THEN id > 1 ELSE country LIKE 'D%' END", ""},
        {"regexp_matches(country, '^[A-Z]+$')", ""},
        {"(\n  id > 1 -- only these\n) AND true", ""},
        {"true", ""},
        {"list_contains([1, 2], id)", ""},
        /* no single condition */
        {"", "filter.sql"},
        {"id > 1; DROP TABLE t", "filter.sql"},
        {"id > 1;", "filter.shape"},
        {"id > 1 -- and so on", "filter.sql"},
        {"id > 1 /* and so on", "filter.sql"},
        {"true) OR (true", "filter.sql"},
        {"1) FROM (SELECT 2", "filter.sql"},
        {"id > 1, id > 2", "filter.shape"},
        {"id > 1 AS x", "filter.shape"},
        {"true FROM (SELECT 1)", "filter.shape"},
        {"true WHERE false", "filter.shape"},
        {"true ORDER BY 1", "filter.shape"},
        {"true LIMIT 0", "filter.shape"},
        {"true UNION ALL SELECT false", "filter.shape"},
        {"DISTINCT open", "filter.shape"},
        {"*", "filter.shape"},
        {"COLUMNS('op.*')", "filter.shape"},
        /* beyond the row */
        {"id IN (SELECT 1)", "filter.shape"},
        {"EXISTS (SELECT 1 FROM air.flights.flights)", "filter.shape"},
        {"id = (SELECT max(1))", "filter.shape"},
        {"row_number() OVER () = 1", "filter.shape"},
        {"people.id = 1", "filter.shape"},
        {"a.b.c = 1", "filter.shape"},
        {"random() < 0.5", "filter.shape"},
        {"id > 1 AND length(CAST(UUID() AS VARCHAR)) > id", "filter.shape"},
        {"max(id) > 1", "filter.sql"},
        {"id = ?", "filter.shape"},
        {"id = $1", "filter.shape"},
        {"getenv('HOME') = ''", "filter.sql"},
        {"read_text('/etc/passwd') IS NULL", "filter.sql"},
        {"current_setting('threads') = '1'", "filter.sql"},
        {"query('SELECT 1') IS NULL", "filter.sql"},
        /* over these columns */
        {"phone = '1'", "filter.sql"},
        {"nested IS NULL", "filter.sql"},
        {"born > 5", "filter.sql"},
        {"id", "filter.boolean"},
        {"country", "filter.boolean"},
        {"NULL", "filter.boolean"},
        {"'true'", "filter.boolean"},
        {"id + 1", "filter.boolean"},
    };
    unsigned failed = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fh_err err = {0};
        int rc = fh_filter_check(worker,
                                 rows[i].filter,
                                 columns,
                                 sizeof columns / sizeof columns[0],
                                 rig_soon(5000),
                                 &err);
        if (strcmp(rc == FH_OK ? "" : err.rule, rows[i].rule) != 0) {
            print_error("%s: %s %s\n", rows[i].filter, err.rule, err.text);
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

/* Whatever the linked DuckDB computes anew for each row is refused, by the gate or by the filter.
 */
static void test_volatile_functions(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_buf out;
    unsigned names = 0;
    fh_buf_init(&out, 1024 * 1024);
    assert_int_equal(rig_query(worker,
                               "SELECT DISTINCT function_name FROM duckdb_functions() "
                               "WHERE stability = 'VOLATILE'",
                               &out,
                               &err),
                     FH_OK);
    char *next = NULL;
    for (char *name = strtok_r((char *)(uintptr_t)fh_buf_cstr(&out), "\n", &next); name != NULL;
         name = strtok_r(NULL, "\n", &next)) {
        char filter[128];
        snprintf(filter, sizeof filter, "%s() IS NOT NULL", name);
        names++;
        if (fh_filter_check(worker,
                            filter,
                            columns,
                            sizeof columns / sizeof columns[0],
                            rig_soon(5000),
                            &err) != FH_ECHECK) {
            fail_msg("%s passes as a filter", filter);
        }
    }
    assert_true(names >= 10);
    fh_buf_fini(&out);
}

/* Trees that no DuckDB wrote. */
static void test_trees(void **state)
{
    (void)state;
    static const char *const trees[] = {
        "",
        "[]",
        "{\"error\":false,\"statements\":[]}",
        "{\"error\":false,\"statements\":[{\"node\":null,\"named_param_map\":[]}]}",
        "{\"error\":false,\"statements\":[{\"node\":{\"type\":\"SELECT_NODE\",\"select_list\":[]},"
        "\"named_param_map\":[]}]}",
        "{\"error\":false,\"statements\":[{\"node\":{\"type\":\"SELECT_NODE\",\"select_list\":["
        "null],\"from_table\":null},\"named_param_map\":[]}]}",
    };
    for (size_t i = 0; i < sizeof trees / sizeof trees[0]; i++) {
        struct fh_err err = {0};
        struct fh_arena *arena = fh_arena_new(1024 * 1024);
        assert_non_null(arena);
        assert_int_not_equal(fh_filter_check_tree(fh_bytes_cstr(trees[i]), arena, &err), FH_OK);
        fh_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_volatile_functions),
        cmocka_unit_test(test_trees),
    };
    return cmocka_run_group_tests(tests, up, down);
}
