/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of the command line: purposes by comma, and columns that a contract has. */
#include "tools/cli/text_list.h"

#include "common/limits.h"
#include "proto/contract/contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <string.h>

static const char *joined(const struct fh_text_list *list, struct fh_buf *out)
{
    fh_buf_reset(out);
    fh_cli_texts_show(out, list, "none");
    return fh_buf_cstr(out);
}

static void test_texts(void **state)
{
    static const struct {
        const char *text;
        const char *list; /* NULL: refused */
    } rows[] = {
        {NULL, "none"},
        {"audit", "audit"},
        {"b,a", "a, b"},
        {" b , a ,b", "a, b"},
        {"delay report,audit", "audit, delay report"},
        {"", NULL},
        {"a,", NULL},
        {"a,,b", NULL},
        {", a", NULL},
        {"a,b,c,d,e", NULL}, /* more than four */
    };
    (void)state;
    struct fh_buf out FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&out, 1024);
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(4096);
        struct fh_text_list list;
        struct fh_err err = {0};
        int code = fh_cli_texts(&list, "purposes", rows[i].text, 4, arena, &err);
        if (rows[i].list == NULL
                ? code != FH_EUSAGE
                : code != FH_OK || strcmp(joined(&list, &out), rows[i].list) != 0) {
            fail_msg("\"%s\": %d %s %s", rows[i].text, code, joined(&list, &out), err.text);
        }
    }
}

static void test_columns(void **state)
{
    static const struct {
        const char *text;
        const char *list; /* NULL: refused */
    } rows[] = {
        {"delay", "flights.delay"},
        {"flights.delay", "flights.delay"},
        {"city,delay", "airports.city, flights.delay"},
        {"delay,flights.delay", "flights.delay"},
        {"airports.code,flights.code", "airports.code, flights.code"},
        {"a.b", "flights.a.b"}, /* names of columns may have dots */
        {"code", NULL},         /* of two tables */
        {"weight", NULL},
        {"airports.delay", NULL},
        {"flights.", NULL},
        {"flights", NULL},
    };
    (void)state;
    struct fh_contract_column of_flights[] = {{.name = "code"}, {.name = "delay"}, {.name = "a.b"}};
    struct fh_contract_column of_airports[] = {{.name = "code"}, {.name = "city"}};
    struct fh_contract_table tables[] = {
        {.name = "flights", .columns = {.count = FH_COUNT(of_flights), .items = of_flights}},
        {.name = "airports", .columns = {.count = FH_COUNT(of_airports), .items = of_airports}},
    };
    const struct fh_contract contract = {.tables = {.count = FH_COUNT(tables), .items = tables}};
    struct fh_buf out FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&out, 1024);
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(64 * 1024);
        struct fh_text_list list = {.count = 0};
        struct fh_err err = {0};
        int code = fh_cli_columns(&list, "columns", rows[i].text, &contract, arena, &err);
        if (rows[i].list == NULL
                ? code != FH_EUSAGE
                : code != FH_OK || strcmp(joined(&list, &out), rows[i].list) != 0) {
            fail_msg("\"%s\": %d %s %s", rows[i].text, code, joined(&list, &out), err.text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
