/* SPDX-License-Identifier: Apache-2.0 */
#include "common/semver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <string.h>

static void test_parse(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t major, minor, patch;
        const char *prerelease;
    } rows[] = {
        {"0.0.4", 0, 0, 4, ""},
        {"1.2.3", 1, 2, 3, ""},
        {"10.20.30", 10, 20, 30, ""},
        {"1.1.2-prerelease+meta", 1, 1, 2, "prerelease"},
        {"1.1.2+meta-valid", 1, 1, 2, ""},
        {"1.0.0-alpha.0valid", 1, 0, 0, "alpha.0valid"},
        {"1.0.0-0A.is.legal", 1, 0, 0, "0A.is.legal"},
        {"1.0.0+0.00.1", 1, 0, 0, ""},
        {"1.0.0--", 1, 0, 0, "-"},
        {"4294967295.0.0", UINT32_MAX, 0, 0, ""},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_semver version;
        assert_int_equal(fh_semver_parse(&version, rows[i].text, NULL), FH_OK);
        assert_int_equal(version.major, rows[i].major);
        assert_int_equal(version.minor, rows[i].minor);
        assert_int_equal(version.patch, rows[i].patch);
        assert_true(fh_bytes_equal_cstr(version.prerelease, rows[i].prerelease));
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "1",
        "1.2",
        "1.2.3.4",
        "v1.2.3",
        "1.2.3-",
        "1.2.3+",
        "01.2.3",
        "1.02.3",
        "1.2.03",
        "1.2.3-01",
        "1.2.3-a..b",
        "1.2.3-a.",
        "1.2.3+a.",
        "1.2.3-a_b",
        "1.2.3 ",
        " 1.2.3",
        "1.2.x",
        "-1.0.0",
        "1.-1.0",
        "1..0",
        "4294967296.0.0",
        "1.2.3+a+b",
        "1,2,3",
        "1.2.3-\xc3\xa4",
        "1.2.3\n",
        "latest",
        "1.0.0-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_err err = {0};
        struct fh_semver version = {.major = 7};
        if (fh_semver_parse(&version, rows[i], &err) != FH_EINVAL) {
            fail_msg("\"%s\" was accepted", rows[i]);
        }
        assert_string_equal(err.rule, "semver.form");
        assert_int_equal(version.major, 7); /* untouched */
    }
}

static void test_precedence(void **state)
{
    (void)state;
    /* ascending, from section 11 of the standard and beyond */
    static const char *const rows[] = {
        "0.0.1",      "0.9.9",        "1.0.0-0",       "1.0.0-2",
        "1.0.0-10",   "1.0.0-alpha",  "1.0.0-alpha.1", "1.0.0-alpha.beta",
        "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",
        "1.0.0",      "1.0.1",        "1.9.0",         "1.10.0",
        "2.0.0-rc.1", "2.0.0",        "10.0.0",
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        for (size_t k = 0; k < FH_COUNT(rows); k++) {
            struct fh_semver a;
            struct fh_semver b;
            assert_int_equal(fh_semver_parse(&a, rows[i], NULL), FH_OK);
            assert_int_equal(fh_semver_parse(&b, rows[k], NULL), FH_OK);
            int wanted = i < k ? -1 : i > k;
            int got = fh_semver_compare(&a, &b);
            assert_int_equal(got < 0 ? -1 : got > 0, wanted);
        }
    }
    struct fh_semver a;
    struct fh_semver b;
    assert_int_equal(fh_semver_parse(&a, "1.0.0+build.1", NULL), FH_OK);
    assert_int_equal(fh_semver_parse(&b, "1.0.0+build.2", NULL), FH_OK);
    assert_int_equal(fh_semver_compare(&a, &b), 0); /* build metadata does not count */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_precedence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
