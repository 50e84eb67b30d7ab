/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of requests: what a query and a request for access may say. */
#include "common/time.h"
#include "tools/door/http/api.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void show_param(struct fh_buf *out, const struct freehold_param *param)
{
    static const char *const types[] = {"text", "null", "bool", "int", "decimal"};
    fh_buf_printf(out,
                  " %s%s%s",
                  param->name == NULL ? "" : param->name,
                  param->name == NULL ? "" : "=",
                  types[param->type]);
    if (param->type == FREEHOLD_PARAM_TEXT || param->type == FREEHOLD_PARAM_DECIMAL) {
        fh_buf_printf(out, ":%s", param->text);
    } else if (param->type != FREEHOLD_PARAM_NULL) {
        fh_buf_printf(out, ":%" PRId64, param->integer);
    }
}

static const struct {
    const char *body;
    const char *expected; /* or "!rule" */
} queries[] = {
    {"{\"sql\":\"SELECT 1\"}", "SELECT 1|||0|0|"},
    {"{\"sql\":\"SELECT 1\",\"purpose\":\"test\",\"limit\":5,\"deadline_ms\":100,\"stream\":true,"
     "\"tree\":false}",
     "SELECT 1|test|stream|5|100|"},
    {"{\"sql\":\"x\",\"params\":[1,\"a\",null,true,false,-2.5]}",
     "x|||0|0| int:1 text:a null bool:1 bool:0 decimal:-2.5"},
    {"{\"sql\":\"x\",\"params\":{\"since\":\"2026-01-01\",\"n\":9007199254740993}}",
     "x|||0|0| since=text:2026-01-01 n=int:9007199254740993"},
    {"{\"sql\":\"x\",\"params\":[]}", "x|||0|0|"},
    {"{\"sql\":\"x\",\"params\":null}", "x|||0|0|"},
    {"{\"sql\":\"x\",\"params\":[0.1,1e3,12345678901234.5]}",
     "x|||0|0| decimal:0.1 decimal:1000 decimal:12345678901234.5"},
    {" {\"sql\":\"\\u00fc\"} ", "\xC3\xBC|||0|0|"},
    {"", "!http.body"},
    {"{}", "!http.body"},
    {"[]", "!http.body"},
    {"null", "!http.json"},
    {"{\"sql\":1}", "!http.body"},
    {"{\"sql\":null}", "!http.body"},
    {"{\"sql\":\"a\\u0000b\"}", "!http.json"},
    {"{\"sql\":\"x\",\"sql\":\"y\"}", "!http.json"},
    {"{\"sql\":\"x\",\"query\":\"y\"}", "!http.body"},
    {"{\"sql\":\"x\"} {}", "!http.json"},
    {"{\"sql\":\"x\",}", "!http.json"},
    {"{'sql':'x'}", "!http.json"},
    {"{\"sql\":\"\xff\"}", "!http.json"},
    {"{\"sql\":\"x\",\"limit\":0}", "!http.body"},
    {"{\"sql\":\"x\",\"limit\":-1}", "!http.body"},
    {"{\"sql\":\"x\",\"limit\":1.0}", "!http.body"},
    {"{\"sql\":\"x\",\"limit\":\"1\"}", "!http.body"},
    {"{\"sql\":\"x\",\"limit\":99999999999999999999}", "!http.json"},
    {"{\"sql\":\"x\",\"deadline_ms\":86400001}", "!http.body"},
    {"{\"sql\":\"x\",\"stream\":1}", "!http.body"},
    {"{\"sql\":\"x\",\"stream\":null}", "!http.body"},
    {"{\"sql\":\"x\",\"purpose\":[]}", "!http.body"},
    {"{\"sql\":\"x\",\"params\":\"a\"}", "!http.body"},
    {"{\"sql\":\"x\",\"params\":[[1]]}", "!http.body"},
    {"{\"sql\":\"x\",\"params\":{\"a\":{}}}", "!http.body"},
    {"{\"sql\":\"x\",\"params\":[0.12345678901234567]}", "!http.body"},
    {"{\"sql\":\"x\",\"params\":[12345678901234.56789]}", "!http.body"},
    {"{\"sql\":\"x\",\"params\":[1e999]}", "!http.json"},
    {"{\"sql\":\"x\",\"params\":[NaN]}", "!http.json"},
};

static void test_queries(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(queries); i++) {
        struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_HTTP_ARENA_BYTES_MAX);
        struct fh_buf got FH_CLEANUP(fh_buf_fini);
        struct fh_api_query query;
        struct fh_err err = {0};
        fh_buf_init(&got, 4096);
        int code = fh_api_query_read(&query, fh_bytes_cstr(queries[i].body), arena, &err);
        assert_int_equal(code, err.code);
        if (code != FH_OK) {
            fh_buf_printf(&got, "!%s", err.rule);
        } else {
            fh_buf_printf(&got,
                          "%s|%s|%s|%" PRIu64 "|%" PRIu64 "|",
                          query.sql,
                          query.purpose,
                          query.stream ? "stream" : "",
                          query.limit,
                          query.deadline_ms);
            for (size_t p = 0; p < query.param_count; p++) {
                show_param(&got, &query.params[p]);
            }
        }
        if (strcmp(fh_buf_cstr(&got), queries[i].expected) != 0) {
            fail_msg("%s: %s, not %s", queries[i].body, fh_buf_cstr(&got), queries[i].expected);
        }
    }
}

/* As many parameters as there may be, and one more; as long a statement, and longer. */
static void test_query_limits(void **state)
{
    (void)state;
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_HTTP_ARENA_BYTES_MAX);
    struct fh_buf body FH_CLEANUP(fh_buf_fini);
    struct fh_api_query query;
    struct fh_err err = {0};
    fh_buf_init(&body, FH_HTTP_BODY_BYTES_MAX);
    for (unsigned count = FH_SQL_PARAMS_MAX; count <= FH_SQL_PARAMS_MAX + 1; count++) {
        fh_buf_reset(&body);
        fh_buf_add_cstr(&body, "{\"sql\":\"x\",\"params\":[1");
        for (unsigned i = 1; i < count; i++) {
            fh_buf_add_cstr(&body, ",1");
        }
        fh_buf_add_cstr(&body, "]}");
        assert_int_equal(fh_api_query_read(&query, fh_buf_view(&body), arena, &err),
                         count <= FH_SQL_PARAMS_MAX ? FH_OK : FH_EINVAL);
    }
    for (unsigned size = FH_SQL_BYTES_MAX; size <= FH_SQL_BYTES_MAX + 1; size++) {
        fh_buf_reset(&body);
        fh_buf_add_cstr(&body, "{\"sql\":\"");
        for (unsigned i = 0; i < size; i++) {
            fh_buf_add_u8(&body, 'x');
        }
        fh_buf_add_cstr(&body, "\"}");
        assert_int_equal(fh_api_query_read(&query, fh_buf_view(&body), arena, &err),
                         size <= FH_SQL_BYTES_MAX ? FH_OK : FH_EINVAL);
    }
}

static const struct {
    const char *body;
    const char *rule; /* NULL: it is read */
} askings[] = {
    {"{\"purpose\":\"fraud\"}", NULL},
    {"{\"purpose\":\"fraud\",\"note\":\"please\",\"columns\":[\"t.b\",\"t.a\"]}", NULL},
    {"{}", "http.body"},
    {"", "http.body"},
    {"{\"purpose\":\"\"}", "http.body"},
    {"{\"purpose\":1}", "http.body"},
    {"{\"purpose\":\"x\",\"until\":\"2001-01-01\"}", "http.body"},
    {"{\"purpose\":\"x\",\"until\":\"9999-01-01\"}", "http.body"},
    {"{\"purpose\":\"x\",\"until\":\"tomorrow\"}", "http.body"},
    {"{\"purpose\":\"x\",\"until\":1}", "http.body"},
    {"{\"purpose\":\"x\",\"columns\":\"a\"}", "http.body"},
    {"{\"purpose\":\"x\",\"columns\":[\"\"]}", "http.body"},
    {"{\"purpose\":\"x\",\"columns\":[1]}", "http.body"},
    {"{\"purpose\":\"x\",\"role\":\"owner\"}", "http.body"},
};

static void test_askings(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(askings); i++) {
        struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_HTTP_ARENA_BYTES_MAX);
        struct fh_api_asking asking;
        struct fh_err err = {0};
        int code = fh_api_asking_read(&asking, fh_bytes_cstr(askings[i].body), arena, &err);
        if ((code == FH_OK) != (askings[i].rule == NULL)) {
            fail_msg("%s: %s", askings[i].body, err.text);
        }
        if (code != FH_OK) {
            assert_string_equal(err.rule, askings[i].rule);
            continue;
        }
        assert_true(asking.until_ms > fh_clock_wall_ms());
        for (uint32_t c = 1; c < asking.column_count; c++) {
            assert_true(strcmp(asking.columns[c - 1], asking.columns[c]) < 0);
        }
    }
}

static void test_reasons(void **state)
{
    (void)state;
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_HTTP_ARENA_BYTES_MAX);
    struct fh_err err = {0};
    struct fh_api_deciding deciding;
    static const struct {
        const char *body;
        bool approve;
        int code;
    } decisions[] = {
        {"", true, FH_OK},
        {"{\"reason\":\"fine\",\"until\":\"2999-01-01\"}", true, FH_EINVAL},
        {"{\"until\":\"2001-01-01\"}", true, FH_EINVAL},
        {"{\"columns\":[\"b.c\",\"a\"],\"rows\":\"x > 1\"}", true, FH_OK},
        {"{\"columns\":\"a\"}", true, FH_EINVAL},
        {"{\"rows\":1}", true, FH_EINVAL},
        {"{\"whole_domain\":true}", true, FH_EINVAL},
        {"{\"reason\":\"no\"}", false, FH_OK},
        {"", false, FH_EINVAL},
        {"{\"reason\":\"\"}", false, FH_EINVAL},
        {"{\"reason\":\"no\",\"rows\":\"x\"}", false, FH_EINVAL},
        {"{\"reason\":1}", false, FH_EINVAL},
        {"{\"why\":\"\"}", false, FH_EINVAL},
    };
    for (size_t i = 0; i < FH_COUNT(decisions); i++) {
        int code = fh_api_deciding_read(
            &deciding, fh_bytes_cstr(decisions[i].body), decisions[i].approve, arena, &err);
        if (code != decisions[i].code) {
            fail_msg("%s: %d", decisions[i].body, code);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_queries),
        cmocka_unit_test(test_query_limits),
        cmocka_unit_test(test_askings),
        cmocka_unit_test(test_reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
