/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in normal form, what a plain scalar reads as, and near words. */
#include "proto/contract/document.h"
#include "proto/contract/finding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <string.h>

static void test_decimal_normal_form(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *normal; /* NULL: no number */
    } rows[] = {
        {"0", "0"},
        {"-0", "0"},
        {"0.000", "0"},
        {"-0e5", "0"},
        {"1", "1"},
        {"1.50", "1.5"},
        {"-1.50", "-1.5"},
        {".5", "0.5"},
        {"5.", "5"},
        {"0.05", "0.05"},
        {"1e3", "1000"},
        {"1.25e1", "12.5"},
        {"125E-2", "1.25"},
        {"125e-5", "0.00125"},
        {"9223372036854775808", "9223372036854775808"},
        {"1e63", "1000000000000000000000000000000000000000000000000000000000000000"},
        {"", NULL},
        {"-", NULL},
        {".", NULL},
        {"-.", NULL},
        {"+1", NULL},
        {"01", NULL},
        {"-007", NULL},
        {"0x1F", NULL},
        {"0o17", NULL},
        {"1_000", NULL},
        {"1,5", NULL},
        {"1:30", NULL},
        {"1.2.3", NULL},
        {"1e", NULL},
        {"1e+", NULL},
        {"e5", NULL},
        {"1e5 ", NULL},
        {" 1", NULL},
        {".inf", NULL},
        {"-.inf", NULL},
        {".nan", NULL},
        {"NaN", NULL},
        {"1e64", NULL},
        {"1e-70", NULL},
        {"1e99999999999999999999", NULL},
        {"11111111111111111111111111111111111111111111111111111111111111111", NULL},
        {"2022-08-02", NULL},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        char out[FH_DECIMAL_BYTES] = "untouched";
        bool fits = fh_decimal_normalise(out, rows[i].text);
        if (fits != (rows[i].normal != NULL) || (fits && strcmp(out, rows[i].normal) != 0)) {
            fail_msg("%s gave %s", rows[i].text, fits ? out : "no number");
        }
    }
}

static void test_decimal_order(void **state)
{
    (void)state;
    /* ascending */
    static const char *const rows[] = {
        "-1000", "-99.5", "-10", "-9.75", "-9.7", "-1",  "-0.5", "-0.05", "0",   "0.05",
        "0.5",   "0.51",  "1",   "1.5",   "9",    "9.1", "10",   "99.5",  "100", "1000",
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        for (size_t k = 0; k < FH_COUNT(rows); k++) {
            int wanted = i < k ? -1 : i > k;
            assert_int_equal(fh_decimal_compare(rows[i], rows[k]), wanted);
        }
    }
}

static void test_scalar_types(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum fh_doc_type plain;
    } rows[] = {
        {"", FH_DOC_TYPE_NULL},         {"~", FH_DOC_TYPE_NULL},
        {"null", FH_DOC_TYPE_NULL},     {"Null", FH_DOC_TYPE_NULL},
        {"NULL", FH_DOC_TYPE_NULL},     {"nULL", FH_DOC_TYPE_STRING},
        {"none", FH_DOC_TYPE_STRING},   {"true", FH_DOC_TYPE_BOOL},
        {"FALSE", FH_DOC_TYPE_BOOL},    {"yes", FH_DOC_TYPE_STRING},
        {"no", FH_DOC_TYPE_STRING},     {"on", FH_DOC_TYPE_STRING},
        {"tRUE", FH_DOC_TYPE_STRING},   {"12", FH_DOC_TYPE_NUMBER},
        {"-1.5e3", FH_DOC_TYPE_NUMBER}, {"007", FH_DOC_TYPE_STRING},
        {"1:30", FH_DOC_TYPE_STRING},   {"2022-08-02", FH_DOC_TYPE_STRING},
        {"1.0.0", FH_DOC_TYPE_STRING},  {".inf", FH_DOC_TYPE_STRING},
        {"0x10", FH_DOC_TYPE_STRING},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_doc_node node = {.kind = FH_DOC_SCALAR, .plain = true, .text = rows[i].text};
        assert_int_equal(fh_doc_type(&node), rows[i].plain);
        node.plain = false;
        assert_int_equal(fh_doc_type(&node), FH_DOC_TYPE_STRING);
    }
}

static void test_integers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool fits;
        int64_t value;
    } rows[] = {
        {"0", true, 0},
        {"-1", true, -1},
        {"99.0", true, 99},
        {"1e3", true, 1000},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"1.5", false, 0},
        {"x", false, 0},
        {"", false, 0},
        {"1e30", false, 0},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        int64_t value = 0;
        struct fh_doc_node node = {.kind = FH_DOC_SCALAR, .plain = true, .text = rows[i].text};
        assert_int_equal(fh_doc_integer(&node, &value), rows[i].fits);
        assert_true(value == rows[i].value);
        node.plain = false;
        assert_false(fh_doc_integer(&node, &value));
    }
}

static void test_nearest(void **state)
{
    (void)state;
    static const char *const words[] = {"schema", "servers", "status", "support", "tags", "team"};
    static const struct {
        const char *word;
        const char *nearest;
    } rows[] = {
        {"schmea", "schema"},
        {"Schema", "schema"},
        {"scheme", "schema"},
        {"server", "servers"},
        {"sevrers", "servers"},
        {"tag", "tags"},
        {"teams", "team"},
        {"x", NULL},
        {"", NULL},
        {"change_management", NULL},
        {"owner", NULL},
        {"a_word_that_is_far_longer_than_any_that_could_be_meant_here", NULL},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        const char *got = fh_nearest(rows[i].word, words, FH_COUNT(words));
        if ((got == NULL) != (rows[i].nearest == NULL) ||
            (got != NULL && strcmp(got, rows[i].nearest) != 0)) {
            fail_msg("%s gave %s", rows[i].word, got == NULL ? "nothing" : got);
        }
    }
}

static void test_findings_are_capped(void **state)
{
    (void)state;
    struct fh_findings findings;
    struct fh_err err = {0};
    struct fh_arena *arena = fh_arena_new(1024 * 1024);
    assert_non_null(arena);
    fh_findings_init(&findings, arena);
    assert_int_equal(fh_findings_ok(&findings, &err), FH_OK);
    fh_findings_add(&findings, FH_SEVERITY_WARNING, 1, 1, "p", "rule.w", "only a warning");
    assert_int_equal(fh_findings_ok(&findings, &err), FH_OK);
    for (uint32_t i = 0; i < 2 * FH_FINDINGS_MAX; i++) {
        fh_findings_add(&findings, FH_SEVERITY_ERROR, 500 - i, 2, "path", "rule.e", "number %u", i);
    }
    assert_int_equal(findings.count, FH_FINDINGS_MAX);
    assert_int_equal(findings.errors, 2 * FH_FINDINGS_MAX);
    fh_findings_sort(&findings);
    for (size_t i = 1; i < findings.count; i++) {
        assert_true(findings.items[i - 1].line <= findings.items[i].line);
    }
    assert_int_equal(fh_findings_ok(&findings, &err), FH_ECHECK);
    assert_string_equal(err.rule, "rule.e");
    assert_non_null(strstr(err.text, "path: number"));
    assert_non_null(strstr(err.text, "more)"));
    fh_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decimal_normal_form),
        cmocka_unit_test(test_decimal_order),
        cmocka_unit_test(test_scalar_types),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_findings_are_capped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
