/* SPDX-License-Identifier: Apache-2.0 */
/* A report on compliance as a page and as CSV: all of its columns, and nothing of a text as markup.
 */
#include "tools/compliance/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

enum { PAGE_BYTES_MAX = 64 * 1024 };

static const struct fh_compliance_row row = {
    .domain = "shop",
    .product = "shop/<script>alert(1)</script>@1.0.0",
    .name = "orders",
    .major = 1,
    .policy = "\"><img src=x onerror=alert(2)>",
    .mesh = true,
    .rule = "mask[0]",
    .line = 7,
    .state = FH_COMPLIANCE_WAIVED,
    .evidence = "waived: 'a' & \"b\", \n<b>",
    .waiver = "fhr1abc",
    .waived_until_ms = 1,
    .break_glass = true,
    .enforced_seq = 3,
    .enforced_ms = 2000,
    .readers = "museum, market",
    .read_ms = 0,
    .quality = "ok",
    .measured_ms = 0,
    .owner = "</td></tr></table>",
    .columns = 4,
    .classified = 2,
    .levels = 1,
    .channels = 0,
};

static void write_page(struct fh_buf *out, bool html)
{
    const struct fh_compliance_row *rows[] = {&row};
    const struct fh_compliance_page page = {
        .domain = "<i>shop</i>", .rows = rows, .count = 1, .total = 9};
    if (html) {
        fh_compliance_html(out, &page);
    } else {
        fh_compliance_csv(out, &page);
    }
    assert_int_equal(fh_buf_ok(out), FH_OK);
}

/* Only what the page itself writes begins with "<". */
static void test_html(void **state)
{
    static const char *const tags[] = {"!DOCTYPE",
                                       "html",
                                       "head",
                                       "meta",
                                       "title",
                                       "style",
                                       "body",
                                       "h1",
                                       "p>",
                                       "div",
                                       "table",
                                       "thead",
                                       "tbody",
                                       "tr",
                                       "th",
                                       "td",
                                       "/"};
    static const char *const parts[] = {
        "<td>shop/&lt;script&gt;alert(1)&lt;/script&gt;@1.0.0</td>",
        "<td>&quot;&gt;&lt;img src=x onerror=alert(2)&gt;</td>",
        "<td>waived: &#39;a&#39; &amp; &quot;b&quot;, \n&lt;b&gt;</td>",
        "<td>&lt;/td&gt;&lt;/tr&gt;&lt;/table&gt;</td>",
        "<h1>Compliance of &lt;i&gt;shop&lt;/i&gt;</h1>",
        "<tr class=\"waived\">",
        "<p>1 of 9 rows: 0 ok, 0 violated, 1 waived, 0 unknown</p>",
        "default-src 'none'",
        "</tbody></table></div></body></html>\n",
    };
    struct fh_buf out FH_CLEANUP(fh_buf_fini);
    (void)state;
    fh_buf_init(&out, PAGE_BYTES_MAX);
    write_page(&out, true);
    const char *text = fh_buf_cstr(&out);
    for (size_t i = 0; i < FH_COUNT(parts); i++) {
        if (strstr(text, parts[i]) == NULL) {
            fail_msg("no %s in %s", parts[i], text);
        }
    }
    size_t cells = 0;
    size_t heads = 0;
    for (const char *at = text; (at = strchr(at, '<')) != NULL; at++) {
        bool known = false;
        for (size_t i = 0; i < FH_COUNT(tags) && !known; i++) {
            known = strncmp(at + 1, tags[i], strlen(tags[i])) == 0;
        }
        if (!known) {
            fail_msg("an element: %.40s", at);
        }
        cells += strncmp(at, "<td>", 4) == 0;
        heads += strncmp(at, "<th ", 4) == 0;
    }
    assert_int_equal(cells, fh_compliance_column_count());
    assert_int_equal(heads, fh_compliance_column_count());
}

static void test_csv(void **state)
{
    struct fh_buf out FH_CLEANUP(fh_buf_fini);
    (void)state;
    fh_buf_init(&out, PAGE_BYTES_MAX);
    write_page(&out, false);
    const char *text = fh_buf_cstr(&out);
    assert_true(strncmp(text, "product,policy,rule,state,", 26) == 0);
    assert_non_null(strstr(text, "\"waived: 'a' & \"\"b\"\", \n<b>\""));
    assert_non_null(strstr(text, ",mesh,7,fhr1abc,1970-01-01T00:00:00"));
    assert_string_equal(text + strlen(text) - 13, ",break-glass\n");
}

/* Programs tell columns by their names. */
static void test_columns(void **state)
{
    (void)state;
    for (size_t i = 0; i < fh_compliance_column_count(); i++) {
        const struct fh_compliance_column *column = fh_compliance_column_at(i);
        assert_true(column->name[0] != '\0' && column->heading[0] != '\0');
        assert_int_equal(strspn(column->name, "abcdefghijklmnopqrstuvwxyz_"), strlen(column->name));
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(column->name, fh_compliance_column_at(k)->name);
        }
    }
}

static void test_states(void **state)
{
    static const char *const bad[] = {"", "OK", "good", "ok ", "violated,ok"};
    enum fh_compliance_state read = FH_COMPLIANCE_UNKNOWN;
    struct fh_err err;
    (void)state;
    for (unsigned i = 0; i < FH_COMPLIANCE_STATE_COUNT; i++) {
        assert_int_equal(fh_compliance_state_parse(&read, fh_compliance_state_text(i), &err),
                         FH_OK);
        assert_int_equal(read, i);
    }
    for (size_t i = 0; i < FH_COUNT(bad); i++) {
        assert_int_equal(fh_compliance_state_parse(&read, bad[i], &err), FH_EINVAL);
        assert_string_equal(err.rule, "compliance.state");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_html),
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_states),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
