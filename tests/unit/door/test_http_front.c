/* SPDX-License-Identifier: Apache-2.0 */
/* The first list as HTML: what each part of a product becomes, and that no text of it is markup. */
#include "common/html.h"
#include "common/time.h"
#include "tools/door/http/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define PRODUCT(members) "{\"total\":1,\"products\":[{" members "}]}"
#define NAMES            "\"domain\":\"shop\",\"name\":\"orders\",\"version\":\"2.1.0\""

static const struct {
    const char *answer;
    const char *holds; /* NULL: nothing comes of it */
} rows[] = {
    {PRODUCT(NAMES), "<h2>1 product</h2>"},
    {PRODUCT(NAMES), "<a href=\"/products/shop/orders@2\" dir=\"auto\">orders</a>"},
    {PRODUCT(NAMES), "<a href=\"/domains/shop\">shop</a> / orders · version 2.1.0</p><div class"},
    {PRODUCT(NAMES ",\"title\":\"All orders\""), "dir=\"auto\">All orders</a>"},
    {PRODUCT(NAMES ",\"summary\":\"Each \\\"one\\\" & more\""),
     "<p dir=\"auto\">Each &quot;one&quot; &amp; more</p>"},
    {PRODUCT(NAMES ",\"status\":\"deprecated\""),
     "<span class=\"chip warn\" title=\"Still served, but it will end\">deprecated</span>"},
    {PRODUCT(NAMES ",\"status\":\"draft\""), "<span class=\"chip\" title=\"Not promised yet"},
    {PRODUCT(NAMES ",\"status\":\"<b>\""), "<span class=\"chip\">&lt;b&gt;</span>"},
    {PRODUCT(NAMES ",\"quality\":\"ok\""), ">✓ promises kept</span>"},
    {PRODUCT(NAMES ",\"verification\":\"forked\""), ">✕ two contracts of one number</span>"},
    {PRODUCT(NAMES ",\"access\":\"mesh\""), "<span class=\"chip\">open to every domain</span>"},
    {PRODUCT(NAMES ",\"access\":\"granted\""), "<span class=\"chip\">access on request</span>"},
    {PRODUCT(NAMES ",\"reachable\":true,\"heard\":\"2099-01-01T00:00:00Z\""),
     "<span class=\"small soft\"><span class=\"dot\" aria-hidden=\"true\"></span>heard just now"},
    {PRODUCT(NAMES ",\"reachable\":false,\"heard\":\"2001-01-01T00:00:00Z\""), " years ago</span>"},
    {PRODUCT(NAMES ",\"reachable\":1,\"heard\":7"), " years ago</span>"},
    {"{\"total\":1234567,\"products\":[{" NAMES "}]}", "<h2>1,234,567 products</h2>"},
    {PRODUCT("\"name\":7"), "<a href=\"/products//@\""},
    {PRODUCT(NAMES ",\"title\":\"a\\u0000b\""), NULL},
    {"{\"total\":0,\"products\":[]}", NULL},
    {"{\"total\":1}", NULL},
    {"{\"total\":1,\"products\":7}", NULL},
    {"[]", NULL},
    {"not JSON", NULL},
    {"", NULL},
};

static void parts(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_buf out FH_CLEANUP(fh_buf_fini);
        fh_buf_init(&out, 64 * 1024);
        fh_http_front_list(&out, fh_bytes_cstr(rows[i].answer));
        assert_int_equal(fh_buf_ok(&out), FH_OK);
        if (rows[i].holds == NULL) {
            assert_int_equal(out.size, 0);
        } else if (strstr(fh_buf_cstr(&out), rows[i].holds) == NULL) {
            fail_msg("%s: no %s in %s", rows[i].answer, rows[i].holds, fh_buf_cstr(&out));
        }
    }
}

/* Whatever place a hostile text takes, all the markup that there is, is ours. */
static void hostile_texts(void **state)
{
    static const char *const places[] = {"domain",
                                         "name",
                                         "version",
                                         "title",
                                         "summary",
                                         "status",
                                         "quality",
                                         "verification",
                                         "heard"};
    (void)state;
    for (size_t i = 0; i < FH_COUNT(places); i++) {
        char answer[256];
        struct fh_buf out FH_CLEANUP(fh_buf_fini);
        fh_buf_init(&out, 64 * 1024);
        snprintf(answer,
                 sizeof answer,
                 PRODUCT("\"%s\":\"\\\"'><script>alert(1)</script><img src=x onerror=y>\""),
                 places[i]);
        fh_http_front_list(&out, fh_bytes_cstr(answer));
        const char *html = fh_buf_cstr(&out);
        assert_true(out.size > 0);
        assert_null(strstr(html, "<script"));
        assert_null(strstr(html, "<img"));
        assert_null(strstr(html, "\"'>"));
    }
}

static void entities(void **state)
{
    (void)state;
    struct fh_buf out FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&out, 64);
    fh_html_add_cstr(&out, "");
    fh_html_add(&out, FH_BYTES_NONE);
    assert_int_equal(out.size, 0);
    fh_html_add_cstr(&out, "a<b>&\"c'é<");
    assert_string_equal(fh_buf_cstr(&out), "a&lt;b&gt;&amp;&quot;c&#39;é&lt;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts),
        cmocka_unit_test(hostile_texts),
        cmocka_unit_test(entities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
