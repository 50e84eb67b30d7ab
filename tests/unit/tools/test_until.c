/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/until.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NOW_MS INT64_C(1772323200000) /* 2026-03-01T00:00:00Z */
#define DAY_MS INT64_C(86400000)

static void test_good(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"7d", NOW_MS + 7 * DAY_MS},
        {"12h", NOW_MS + DAY_MS / 2},
        {"30min", NOW_MS + 1800000},
        {"2026-03-01", NOW_MS + DAY_MS},
        {"2026-03-01T00:00:01Z", NOW_MS + 1000},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        int64_t ms = 0;
        struct fh_err err = {0};
        assert_int_equal(fh_until_parse(&ms, "--until", rows[i].text, NOW_MS, &err), FH_OK);
        assert_true(ms == rows[i].ms);
    }
}

static void test_since(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms; /* 0: refused */
    } rows[] = {
        {"7d", NOW_MS - 7 * DAY_MS},
        {"12h", NOW_MS - DAY_MS / 2},
        {"30min", NOW_MS - 1800000},
        {"2026-02-28", NOW_MS - DAY_MS},
        {"2026-02-28T23:59:59Z", NOW_MS - 1000},
        {"2027-03-01", 0},
        {"2026-03-01T00:00:01Z", 0},
        {"", 0},
        {"0d", 0},
        {"7", 0},
        {"yesterday", 0},
        {"-7d", 0},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        int64_t ms = 0;
        struct fh_err err = {0};
        int code = fh_since_parse(&ms, "--since", rows[i].text, NOW_MS, &err);
        assert_int_equal(code, rows[i].ms != 0 ? FH_OK : FH_EUSAGE);
        assert_true(ms == rows[i].ms);
    }
}

static void test_bad(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "d",
        "7",
        "0d",
        "-1d",
        "7 d",
        "7dd",
        "7m",
        "999999d",
        "tomorrow",
        "1.5h",
        "2026-13-01",
        "2026",
        "31.1.27",
        "2026-02-28",
        "1999-01-01",
        "7D",
        "2026-02-28T23:59:59Z",
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        int64_t ms = 42;
        struct fh_err err = {0};
        if (fh_until_parse(&ms, "--until", rows[i], NOW_MS, &err) != FH_EUSAGE) {
            fail_msg("\"%s\" was accepted", rows[i]);
        }
        assert_int_equal(ms, 42);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_since),
        cmocka_unit_test(test_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
