/* SPDX-License-Identifier: Apache-2.0 */
/* What a client takes and has already, and how errors are told. */
#include "tools/door/http/negotiate.h"
#include "tools/door/http/problem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct fh_http_form forms[] = {
    {"json", "application/json", "application/json"},
    {"yaml", "application/yaml", "application/yaml"},
    {"html", "text/html", "text/html; charset=utf-8"},
    {"arrow", "application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.stream"},
};

static const struct {
    const char *accept;
    int expected; /* index, or -1 */
} accepts[] = {
    {"", 0},
    {"*/*", 0},
    {"application/json", 0},
    {"application/yaml", 1},
    {"APPLICATION/YAML", 1},
    {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", 2},
    {"text/*", 2},
    {"text/*, application/json;q=0.5", 2},
    {"application/json;q=0.5, application/yaml;q=0.6", 1},
    {"application/json;q=0, */*", 1},
    {"application/*;q=0.3, text/html;q=0.2", 0},
    {"application/vnd.apache.arrow.stream, application/json;q=0.1", 3},
    {"application/yaml;version=1;q=0.5", 1},
    {"application/yaml; charset=\"utf-8,x\"; q=0.5, application/json;q=0.4", 1},
    {" application/yaml ; q=1.000 ", 1},
    {",,application/yaml,,", 1},
    {"text/xml", -1},
    {"application/json;q=0", -1},
    {"application/json;q=0.000", -1},
    {"application/json;q=2", -1},
    {"application/json;q=-1", -1},
    {"application/json;q=0.1234", -1},
    {"application/json;q=", -1},
    {"application/json;q=x", -1},
    {"application", -1},
    {"application/", -1},
    {"*", -1},
    {"*/json", -1},
    {"application/jsonx", -1},
    {"\"application/json", -1},
    {";q=1", -1},
    {"\xff\xfe", -1},
};

static void test_accept(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(accepts); i++) {
        int got = fh_http_negotiate(forms, FH_COUNT(forms), fh_bytes_cstr(accepts[i].accept));
        if (got != accepts[i].expected) {
            fail_msg("Accept: %s: %d, not %d", accepts[i].accept, got, accepts[i].expected);
        }
    }
    assert_int_equal(fh_http_negotiate(forms, 0, FH_BYTES_NONE), -1);
}

static const struct {
    const char *value;
    bool expected; /* matches "\"abc\"" */
} etags[] = {
    {"\"abc\"", true},
    {"W/\"abc\"", true},
    {"\"x\", \"abc\"", true},
    {"\"x\" ,W/\"abc\" , \"y\"", true},
    {"*", true},
    {"", false},
    {"abc", false},
    {"\"ab\"", false},
    {"\"abcd\"", false},
    {"\"x,\"abc\"\"", false},
    {"w/\"abc\"", false},
    {"W/", false},
};

static void test_etags(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(etags); i++) {
        if (fh_http_etag_matches(fh_bytes_cstr(etags[i].value), "\"abc\"") != etags[i].expected) {
            fail_msg("If-None-Match: %s", etags[i].value);
        }
    }
}

static const struct {
    const char *value;
    bool expected;
} types[] = {
    {"application/json", true},
    {"Application/JSON", true},
    {"application/json; charset=utf-8", true},
    {"application/json;charset=\"UTF-8\"", true},
    {"application/json;charset=\"utf-8\"", true},
    {"application/json; profile=x", true},
    {"", false},
    {"text/plain", false},
    {"application/x-www-form-urlencoded", false},
    {"multipart/form-data; boundary=application/json", false},
    {"application/json; charset=latin1", false},
    {"application/json; charset=utf-16", false},
    {"application/jsonp", false},
};

static void test_types(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(types); i++) {
        if (fh_http_type_is(fh_bytes_cstr(types[i].value), "application/json") !=
            types[i].expected) {
            fail_msg("Content-Type: %s", types[i].value);
        }
    }
}

static const struct {
    const char *value;
    bool expected;
} codings[] = {
    {"gzip", true},
    {"deflate, gzip;q=0.5", true},
    {"GZIP", true},
    {"", false},
    {"br", false},
    {"gzip;q=0", false},
    {"*", false}, /* who wants it says so */
    {"x-gzip", false},
};

static void test_codings(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(codings); i++) {
        if (fh_http_coding_taken(fh_bytes_cstr(codings[i].value), "gzip") != codings[i].expected) {
            fail_msg("Accept-Encoding: %s", codings[i].value);
        }
    }
}

/* ---- problems ---- */

static const struct {
    int code;
    const char *rule;
    uint32_t retry_after_ms;
    unsigned status;
    unsigned retry_s;
} problems[] = {
    {FH_EINVAL, "http.path", 0, 400, 0},
    {FH_EUSAGE, "", 0, 400, 0},
    {FH_EDENIED, "http.sign_in", 0, 401, 0},
    {FH_EDENIED, "token.unknown", 0, 401, 0},
    {FH_EDENIED, "token.expired", 0, 401, 0},
    {FH_EDENIED, "token.purpose", 0, 403, 0},
    {FH_EDENIED, "token.power", 0, 403, 0},
    {FH_EDENIED, "query.access", 0, 403, 0},
    {FH_EDENIED, "anything.else", 0, 403, 0},
    {FH_ENOTFOUND, "product.unknown", 0, 404, 0},
    {FH_EUSAGE, "http.method", 0, 405, 0},
    {FH_EUSAGE, "http.accept", 0, 406, 0},
    {FH_EEXIST, "", 0, 409, 0},
    {FH_EINVAL, "http.length", 0, 411, 0},
    {FH_ETOOBIG, "http.body.size", 0, 413, 0},
    {FH_ETOOBIG, "http.target.size", 0, 414, 0},
    {FH_EUSAGE, "http.type", 0, 415, 0},
    {FH_EDENIED, "http.host", 0, 421, 0},
    {FH_ESQL, "sql.bind", 0, 422, 0},
    {FH_ETOOBIG, "query.rows", 0, 422, 0},
    {FH_EBUSY, "limit.queries", 2500, 429, 3},
    {FH_EBUSY, "budget.rows", 0, 429, 1},
    {FH_ETOOBIG, "http.header.size", 0, 431, 0},
    {FH_EINTERNAL, "", 0, 500, 0},
    {FH_EPROTO, "", 0, 502, 0},
    {FH_ESIG, "receipt.tags", 0, 502, 0},
    {FH_EINCOMPLETE, "answer.incomplete", 0, 502, 0},
    {FH_EBUSY, "door.jobs", 200, 503, 1},
    {FH_EBUSY, "limit.workers", 0, 503, 1},
    {FH_EUNREACH, "", 0, 503, 1},
    {FH_ETIMEOUT, "query.deadline", 0, 504, 0},
    {99, "", 0, 500, 0},
};

static void test_problems(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(problems); i++) {
        struct fh_err err = {.code = problems[i].code,
                             .retry_after_ms = problems[i].retry_after_ms};
        memcpy(err.rule, problems[i].rule, strlen(problems[i].rule) + 1);
        if (fh_http_status(&err) != problems[i].status ||
            fh_http_retry_after_s(&err) != problems[i].retry_s) {
            fail_msg("%d %s: %u, Retry-After %u",
                     problems[i].code,
                     problems[i].rule,
                     fh_http_status(&err),
                     fh_http_retry_after_s(&err));
        }
        assert_string_not_equal(fh_http_status_text(problems[i].status), "Error");
    }
}

/* Every code of the library has a status of its own choice. */
static void test_all_codes(void **state)
{
    (void)state;
    for (int code = FH_EINVAL; code <= FH_ESTALE; code++) {
        struct fh_err err = {.code = code};
        assert_int_equal(fh_http_status(&err) == 500, code == FH_EIO || code == FH_EINTERNAL);
    }
}

static void test_document(void **state)
{
    (void)state;
    struct fh_err err = {.code = FH_EDENIED, .retry_after_ms = 1500};
    struct fh_buf out FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&out, 4096);
    memcpy(err.rule, "query.access", 13);
    memcpy(err.text, "a \"text\"\n\xff", 11);
    fh_http_problem(&out, &err);
    assert_string_equal(
        fh_buf_cstr(&out),
        "{\"type\":\"about:blank\",\"title\":\"Forbidden\",\"status\":403,\"detail\":\"a "
        "\\\"text\\\"\\n\xef\xbf\xbd\",\"code\":\"FH_EDENIED\",\"exit_code\":4,\"rule\":"
        "\"query.access\",\"hint\":\"ask the owner: POST .../access-requests\","
        "\"retry_after_ms\":1500}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept),
        cmocka_unit_test(test_etags),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_codings),
        cmocka_unit_test(test_problems),
        cmocka_unit_test(test_all_codes),
        cmocka_unit_test(test_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
