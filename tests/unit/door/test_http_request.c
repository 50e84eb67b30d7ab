/* SPDX-License-Identifier: Apache-2.0 */
/* What of a request is read before anything is asked: its target, its arguments, its route. */
#include "tools/door/http/call.h"
#include "tools/door/http/openapi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- targets ---- */

static const struct {
    const char *target;
    const char *expected; /* "a|b|c?x=1&y=2", or "!rule" */
} targets[] = {
    {"/", ""},
    {"/healthz", "healthz"},
    {"/v1/products/shop/orders@1.0.0", "v1|products|shop|orders@1.0.0"},
    {"/v1/products?q=tea+and%20cake&tag=a&tag=b", "v1|products?q=tea and cake&tag=a&tag=b"},
    {"/v1/products?q=a+b", "v1|products?q=a b"},
    {"/a+b", "a+b"},
    {"/v1/products?", "v1|products"},
    {"/v1/products?a=1&", "v1|products?a=1"},
    {"/v1/products?a", "v1|products?a="},
    {"/v1/products?a=b=c", "v1|products?a=b=c"},
    {"/v1/products?q=%C3%BC", "v1|products?q=\xC3\xBC"},
    {"/v1/products?q=a/b?c", "v1|products?q=a/b?c"},
    {"/v1/products?q=%2F..%2F", "v1|products?q=/../"},
    {"", "!http.path"},
    {"healthz", "!http.path"},
    {"*", "!http.path"},
    {"http://localhost/healthz", "!http.path"},
    {"//healthz", "!http.path"},
    {"/healthz/", "!http.path"},
    {"/v1//products", "!http.path"},
    {"/.", "!http.path"},
    {"/..", "!http.path"},
    {"/assets/../x", "!http.path"},
    {"/assets/%2e%2e/x", "!http.path"},
    {"/assets/%2E./x", "!http.path"},
    {"/assets/..%2fx", "!http.path"},
    {"/assets/a%2Fb", "!http.path"},
    {"/assets/a%5Cb", "!http.path"},
    {"/assets/a\\b", "!http.path"},
    {"/%", "!http.path"},
    {"/%4", "!http.path"},
    {"/%zz", "!http.path"},
    {"/a b", "!http.path"},
    {"/a#b", "!http.path"},
    {"/\xC3\xBC", "!http.path"},
    {"/1/2/3/4/5/6/7/8/9", "!http.path"},
    {"/%00", "!http.utf8"},
    {"/a%0Ab", "!http.utf8"},
    {"/%ff", "!http.utf8"},
    {"/%C0%AF", "!http.utf8"},
    {"/v1/products?q=%ff", "!http.utf8"},
    {"/v1/products?q=a%00b", "!http.utf8"},
    {"/v1/products?q=%0d%0aSet-Cookie:", "!http.utf8"},
    {"/v1/products?%ff=1", "!http.utf8"},
    {"/v1/products?q=%4", "!http.query"},
    {"/v1/products?q=%", "!http.query"},
    {"/v1/products?q=a b", "!http.query"},
    {"/v1/products?q=\"", "!http.query"},
    {"/v1/products?q=<script>", "!http.query"},
};

static void show(struct fh_buf *out, const struct fh_http_target *target)
{
    for (size_t i = 0; i < target->segment_count; i++) {
        fh_buf_printf(out, "%s%s", i == 0 ? "" : "|", target->segments[i]);
    }
    for (size_t i = 0; i < target->argument_count; i++) {
        const struct fh_http_argument *argument = &target->arguments[i];
        fh_buf_printf(out, "%s%s=%s", i == 0 ? "?" : "&", argument->name, argument->value);
    }
}

static void test_targets(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(targets); i++) {
        struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_HTTP_ARENA_BYTES_MAX);
        struct fh_buf got FH_CLEANUP(fh_buf_fini);
        struct fh_http_target target;
        struct fh_err err = {0};
        fh_buf_init(&got, 4096);
        int code = fh_http_target_parse(&target, fh_bytes_cstr(targets[i].target), arena, &err);
        assert_int_equal(code, err.code);
        if (code == FH_OK) {
            show(&got, &target);
        } else {
            fh_buf_printf(&got, "!%s", err.rule);
        }
        if (strcmp(fh_buf_cstr(&got), targets[i].expected) != 0) {
            fail_msg("%s: %s, not %s", targets[i].target, fh_buf_cstr(&got), targets[i].expected);
        }
    }
}

/* At each limit, and one beyond. */
static void test_sizes(void **state)
{
    (void)state;
    static char text[FH_HTTP_TARGET_BYTES_MAX + 2];
    struct fh_http_target target;
    struct fh_err err = {0};
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_HTTP_ARENA_BYTES_MAX);
    memset(text, 'a', sizeof text);
    text[0] = '/';
    assert_int_equal(
        fh_http_target_parse(&target, fh_bytes(text, FH_HTTP_TARGET_BYTES_MAX), arena, &err),
        FH_OK);
    assert_int_equal(
        fh_http_target_parse(&target, fh_bytes(text, FH_HTTP_TARGET_BYTES_MAX + 1), arena, &err),
        FH_ETOOBIG);
    assert_string_equal(err.rule, "http.target.size");
    size_t size = (size_t)snprintf(text, sizeof text, "/x?");
    for (unsigned i = 0; i < FH_HTTP_ARGUMENTS_MAX; i++) {
        size += (size_t)snprintf(text + size, sizeof text - size, "%sa=%u", i == 0 ? "" : "&", i);
    }
    assert_int_equal(fh_http_target_parse(&target, fh_bytes(text, size), arena, &err), FH_OK);
    assert_int_equal(target.argument_count, FH_HTTP_ARGUMENTS_MAX);
    size += (size_t)snprintf(text + size, sizeof text - size, "&b");
    assert_int_equal(fh_http_target_parse(&target, fh_bytes(text, size), arena, &err), FH_ETOOBIG);
    assert_string_equal(err.rule, "http.query");
    struct fh_arena *tiny FH_CLEANUP(fh_arena_freep) = fh_arena_new(16);
    assert_int_equal(fh_http_target_parse(&target, fh_bytes(text, size), tiny, &err), FH_ENOMEM);
}

/* ---- arguments ---- */

static const struct {
    const char *target;
    uint64_t expected; /* of limit, 1 to 1000, or 50 */
    const char *rule;  /* or NULL */
} numbers[] = {
    {"/v1/products", 50, NULL},
    {"/v1/products?limit=1", 1, NULL},
    {"/v1/products?limit=1000", 1000, NULL},
    {"/v1/products?limit=0010", 10, NULL},
    {"/v1/products?tag=a&tag=b", 50, NULL},
    {"/v1/products?limit=0", 0, "http.argument"},
    {"/v1/products?limit=1001", 0, "http.argument"},
    {"/v1/products?limit=", 0, "http.argument"},
    {"/v1/products?limit=-1", 0, "http.argument"},
    {"/v1/products?limit=+1", 0, "http.argument"},
    {"/v1/products?limit=1e2", 0, "http.argument"},
    {"/v1/products?limit=0x10", 0, "http.argument"},
    {"/v1/products?limit=18446744073709551617", 0, "http.argument"},
    {"/v1/products?limit=1&limit=2", 0, "http.argument"},
    {"/v1/products?limits=1", 0, "http.argument"},
    {"/v1/products?Limit=1", 0, "http.argument"},
    {"/v1/products?format=json", 0, "http.argument"},
};

static void test_arguments(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(numbers); i++) {
        struct fh_http_call call = {.arena = fh_arena_new(FH_HTTP_ARENA_BYTES_MAX)};
        struct fh_err err = {0};
        uint64_t number = 0;
        assert_int_equal(
            fh_http_target_parse(&call.target, fh_bytes_cstr(numbers[i].target), call.arena, &err),
            FH_OK);
        call.route = fh_http_route_find(&call.target, &err);
        assert_non_null(call.route);
        int code = fh_http_call_choose(&call, FH_BYTES_NONE, &err);
        if (code == FH_OK) {
            code = fh_http_argument_number(&number, &call.target, "limit", 1, 1000, 50, &err);
        }
        if ((code == FH_OK) != (numbers[i].rule == NULL)) {
            fail_msg("%s: %s", numbers[i].target, err.text);
        }
        if (code == FH_OK) {
            assert_int_equal(number, numbers[i].expected);
        } else {
            assert_string_equal(err.rule, numbers[i].rule);
        }
        fh_arena_free(call.arena);
    }
}

/* ---- routes ---- */

static const struct {
    const char *target;
    const char *route; /* NULL: none */
} routed[] = {
    {"/v1/products", "/v1/products"},
    {"/v1/products/a/b", "/v1/products/{domain}/{product}"},
    {"/v1/products/a/b@1.2.0", "/v1/products/{domain}/{product}"},
    {"/v1/products/a/b/sample", "/v1/products/{domain}/{product}/sample"},
    {"/v1/access-requests/x/deny", "/v1/access-requests/{id}/deny"},
    {"/metrics", "/metrics"},
    {"/", NULL},
    {"/v1", NULL},
    {"/v1/product", NULL},
    {"/V1/products", NULL},
    {"/v1/products/a", NULL},
    {"/v1/products/a/b/c", NULL},
    {"/v1/products/a/b/sample/x", NULL},
    {"/v1/access-requests/x/grant", NULL},
    {"/v1/%7Bdomain%7D", NULL},
};

static void test_routes(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(routed); i++) {
        struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_HTTP_ARENA_BYTES_MAX);
        struct fh_http_target target;
        struct fh_err err = {0};
        assert_int_equal(
            fh_http_target_parse(&target, fh_bytes_cstr(routed[i].target), arena, &err), FH_OK);
        const struct fh_http_route *route = fh_http_route_find(&target, &err);
        if (routed[i].route == NULL) {
            assert_null(route);
            assert_int_equal(err.code, FH_ENOTFOUND);
        } else {
            assert_non_null(route);
            assert_string_equal(route->path, routed[i].route);
        }
    }
}

/* The document's own paths, in order: a line '    "/v1/...": {' each. */
static size_t paths_of_document(char paths[][64], size_t most)
{
    struct fh_bytes text = fh_http_openapi();
    size_t count = 0;
    for (size_t i = 0; i + 7 < text.size; i++) {
        if (memcmp(text.data + i, "\n    \"/", 7) == 0) {
            const char *path = (const char *)text.data + i + 6;
            const char *end = memchr(path, '"', text.size - i - 6);
            size_t size = end == NULL ? 64 : (size_t)(end - path);
            assert_true(count < most && size < 64);
            memcpy(paths[count], path, size);
            paths[count++][size] = '\0';
        }
    }
    return count;
}

/* Every route is in the OpenAPI document, and every path of it is a route. */
static void test_document(void **state)
{
    (void)state;
    char paths[64][64];
    size_t count = paths_of_document(paths, FH_COUNT(paths));
    assert_int_equal(count, fh_http_route_count());
    for (size_t i = 0; i < fh_http_route_count(); i++) {
        size_t found = 0;
        for (size_t j = 0; j < count; j++) {
            found += strcmp(paths[j], fh_http_route_at(i)->path) == 0;
        }
        if (found != 1) {
            fail_msg("%s is %zu times in openapi.json", fh_http_route_at(i)->path, found);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_routes),
        cmocka_unit_test(test_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
