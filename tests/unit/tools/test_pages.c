/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue page's files: under which address each stands, and that they are what the policy
 * that goes with them allows. */
#include "tools/door/pages/pages.h"

#include "common/bytes.h"
#include "common/compiler.h"
#include "common/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct fh_page_asset *find(const char *path)
{
    return fh_pages_find(fh_bytes_cstr(path));
}

static void test_addresses(void **state)
{
    static const struct {
        const char *path;
        const char *found; /* path of the asset; NULL: nothing */
    } rows[] = {
        {"/", "/"},
        {"/products/shop/orders", "/"},
        {"/products/shop/orders@1.2.0", "/"},
        {"/products/shop/<script>", "/"}, /* the script escapes it */
        {"/domains", "/"},
        {"/domains/shop", "/"},
        {"/mesh", "/"},
        {"/query", "/"},
        {"/inbox", "/"},
        {"/compliance", "/"},
        {"/sign-in", "/"},
        {"/assets/app.js", "/assets/app.js"},
        {"/assets/app.css", "/assets/app.css"},
        {"", NULL},
        {"mesh", NULL},
        {"//", NULL},
        {"/mesh/", NULL},
        {"//mesh", NULL},
        {"/meshes", NULL},
        {"/Mesh", NULL},
        {"/mesh/x", NULL},
        {"/compliance/x", NULL},
        {"/compliance/shop/orders", NULL},
        {"/products", NULL},
        {"/products/shop", NULL},
        {"/products/shop/", NULL},
        {"/products//orders", NULL},
        {"/products/shop/orders/sample", NULL},
        {"/domains/", NULL},
        {"/domains/shop/x", NULL},
        {"/index.html", NULL},
        {"/assets", NULL},
        {"/assets/", NULL},
        {"/assets/index.html", NULL},
        {"/assets/none.js", NULL},
        {"/assets/../assets/app.js", NULL},
        {"/assets/app.js/", NULL},
        {"/v1/products", NULL},
        {"/healthz", NULL},
    };
    (void)state;
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        const struct fh_page_asset *asset = find(rows[i].path);
        if (rows[i].found == NULL ? asset != NULL
                                  : asset == NULL || strcmp(asset->path, rows[i].found) != 0) {
            fail_msg("%s is %s", rows[i].path, asset == NULL ? "nothing" : asset->path);
        }
    }
    assert_null(fh_pages_find(FH_BYTES_NONE));
    assert_null(fh_pages_find(fh_bytes("/mesh\0", 6)));
}

static bool holds(const struct fh_page_asset *asset, const char *text)
{
    return memmem(asset->bytes, asset->size, text, strlen(text)) != NULL;
}

static void test_assets(void **state)
{
    size_t count = 0;
    (void)state;
    for (const struct fh_page_asset *asset; (asset = fh_pages_at(count)) != NULL; count++) {
        assert_ptr_equal(find(asset->path), asset); /* so no path twice */
        assert_true(asset->size > 0);
        assert_true(fh_utf8_valid(fh_bytes(asset->bytes, asset->size)));
        assert_non_null(strchr(asset->content_type, '/'));
        size_t tag = strlen(asset->etag);
        assert_true(tag == 34 && asset->etag[0] == '"' && asset->etag[tag - 1] == '"');
        for (size_t i = 0; i < count; i++) {
            assert_string_not_equal(fh_pages_at(i)->etag, asset->etag);
        }
        /* a gzip member with deflate, whose last four bytes are the size of what it holds */
        assert_true(asset->gzip_size > 18 && memcmp(asset->gzip, "\x1f\x8b\x08", 3) == 0);
        const uint8_t *end = asset->gzip + asset->gzip_size - 4;
        assert_int_equal((size_t)end[0] | (size_t)end[1] << 8 | (size_t)end[2] << 16, asset->size);
    }
    assert_true(count >= 20);
    assert_null(fh_pages_at(SIZE_MAX));
}

/* The policy refuses them in the browser; here it is seen before that. */
static void test_no_inline_code(void **state)
{
    static const char *const refused[] = {
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "localStorage",
        "document.cookie",
        "http://",
        "javascript:",
        "style=\"",
        " onclick=\"",
        " onload=\"",
        "<script>",
        "<style",
    };
    (void)state;
    for (size_t i = 0; fh_pages_at(i) != NULL; i++) {
        const struct fh_page_asset *asset = fh_pages_at(i);
        for (size_t each = 0; each < FH_COUNT(refused); each++) {
            bool is_namespace =
                strcmp(refused[each], "http://") == 0 && holds(asset, "http://www.w3.org/2000/svg");
            if (holds(asset, refused[each]) && !is_namespace) {
                fail_msg("%s holds %s", asset->path, refused[each]);
            }
        }
    }
    assert_null(strstr(FH_PAGES_POLICY, "unsafe"));
    assert_null(strstr(FH_PAGES_POLICY, "*"));
    assert_non_null(strstr(FH_PAGES_POLICY, "default-src 'none'"));
}

/* The list stands in the page as data: no text of the mesh ends it, and all of it comes back. */
static void test_front(void **state)
{
    static const struct {
        const char *list, *written;
    } rows[] = {
        {"{}", ">{}</script>"},
        {"", "\"first\"></script>"},
        {"{\"a\":\"</script><script>alert(1)</script>\"}",
         ">{\"a\":\"\\u003c/script>\\u003cscript>alert(1)\\u003c/script>\"}</script>"},
        {"{\"a\":\"<!--<script>\"}", ">{\"a\":\"\\u003c!--\\u003cscript>\"}</script>"},
        {"<<<", ">\\u003c\\u003c\\u003c</script>"},
    };
    static const char opening[] = "<script type=\"application/json\" id=\"first\">";
    (void)state;
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_buf out;
        fh_buf_init(&out, 64 * 1024);
        fh_pages_front(&out, fh_bytes_cstr(rows[i].list), fh_bytes_cstr("<ul>seen</ul>"));
        assert_int_equal(fh_buf_ok(&out), FH_OK);
        const char *page = fh_buf_cstr(&out);
        const char *script = strstr(page, opening);
        assert_non_null(script);
        assert_null(strstr(script + 1, "<script"));
        assert_null(strstr(page, "modulepreload")); /* not before the first paint */
        assert_non_null(
            strstr(page, "<main id=\"main\" tabindex=\"-1\">\n<ul>seen</ul><noscript>"));
        const char *written = strstr(script, rows[i].written);
        if (written == NULL || written > strstr(script, "</body>")) {
            fail_msg("%s: %.200s", rows[i].list, script);
        }
        /* Its style stands in it, once, whole, and nothing in it ends the element. */
        const struct fh_page_asset *style = fh_pages_front_style();
        const char *begin = strstr(page, "<style>");
        assert_non_null(begin);
        assert_memory_equal(begin + 7, style->bytes, style->size);
        assert_memory_equal(begin + 7 + style->size, "</style>", 8);
        assert_null(memchr(style->bytes, '<', style->size));
        assert_null(strstr(page, "app.css"));
        /* Without what was put in, it is the shell. */
        const struct fh_page_asset *shell = find("/");
        assert_true(out.size > shell->size + strlen(rows[i].list));
        assert_memory_equal(out.data + out.size - 16, shell->bytes + shell->size - 16, 16);
        fh_buf_fini(&out);
    }
}

/* Whatever a file names under /assets/ or imports beside it is there, and all of it is used. */
static void test_references(void **state)
{
    static const char *const marks[] = {"\"/assets/", "'./"};
    bool used[64] = {false};
    (void)state;
    for (size_t i = 0; fh_pages_at(i) != NULL; i++) {
        const struct fh_page_asset *asset = fh_pages_at(i);
        for (size_t each = 0; each < FH_COUNT(marks); each++) {
            size_t mark = strlen(marks[each]);
            const uint8_t *at = asset->bytes;
            size_t left = asset->size;
            const uint8_t *found;
            while ((found = memmem(at, left, marks[each], mark)) != NULL) {
                left -= (size_t)(found + mark - at);
                at = found + mark;
                char path[64];
                size_t length = 0;
                while (length < left && strchr("\"'\n", at[length]) == NULL) {
                    length++;
                }
                assert_true(length < left && length < 40);
                (void)snprintf(path, sizeof path, "/assets/%.*s", (int)length, (const char *)at);
                const struct fh_page_asset *named = find(path);
                if (named == NULL) {
                    fail_msg("%s names %s", asset->path, path);
                }
                for (size_t k = 0; k < FH_COUNT(used); k++) {
                    used[k] = used[k] || fh_pages_at(k) == named;
                }
            }
        }
    }
    for (size_t i = 0; fh_pages_at(i) != NULL; i++) {
        if (!used[i] && strcmp(fh_pages_at(i)->path, "/") != 0) {
            fail_msg("nothing names %s", fh_pages_at(i)->path);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_assets),
        cmocka_unit_test(test_no_inline_code),
        cmocka_unit_test(test_front),
        cmocka_unit_test(test_references),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
