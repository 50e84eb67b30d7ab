/* SPDX-License-Identifier: Apache-2.0 */
#include "common/time.h"
#include "proto/quality/duration.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void lengths_are_read_exactly(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *unit;
        const char *expected;
    } rows[] = {
        {"P1Y6M", NULL, "P1Y6M"},  {"PT36H", NULL, "P1DT12H"},
        {"P1W", NULL, "P7D"},      {"P1Y2M3DT4H5M6.5S", NULL, "P1Y2M3DT4H5M6.500S"},
        {"PT0S", NULL, "PT0S"},    {"P0D", NULL, "PT0S"},
        {"P0.5Y", NULL, "P6M"},    {"PT1.5H", NULL, "PT1H30M"},
        {"7", "d", "P7D"},         {"1.5", "h", "PT1H30M"},
        {"24", "Hours", "P1D"},    {"2", "MO", "P2M"},
        {"18", "months", "P1Y6M"}, {"3", "y", "P3Y"},
        {"1", "yr", "P1Y"},        {"90", "m", "PT1H30M"},
        {"2", "weeks", "P14D"},    {"500", "ms", "PT0.500S"},
        {"7 days", NULL, "P7D"},   {"24h", "", "P1D"},
        {" 5 min", NULL, "PT5M"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_duration duration;
        struct fh_err err = {0};
        char text[FH_DURATION_TEXT_BYTES];
        if (fh_duration_parse(&duration, rows[i].text, rows[i].unit, &err) != FH_OK) {
            fail_msg("%s: %s", rows[i].text, err.text);
        }
        fh_duration_text(text, duration);
        assert_string_equal(text, rows[i].expected);
    }
}

static void what_is_no_length_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *unit;
    } rows[] = {
        {"", "d"},
        {"soon", NULL},
        {"7", NULL},
        {"7", "parsecs"},
        {"-1", "d"},
        {"P", NULL},
        {"PT", NULL},
        {"P1", NULL},
        {"P1H", NULL},
        {"PT1D", NULL},
        {"P1M1Y", NULL},
        {"P1D1D", NULL},
        {"P1.5Y1M", NULL},
        {"P0.01M", NULL},
        {"P1DT", NULL},
        {"P1DT1HT1M", NULL},
        {"1e3", "d"},
        {"7 days", "d"},
        {"1.", "d"},
        {".5", "d"},
        {"P99999999Y", NULL},
        {"99999999999999999999", "d"},
        {"p1d", NULL},
        {"7 days ago", NULL},
        {"P1Y ", NULL},
        {"+1", "d"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_duration duration = {.months = 77};
        struct fh_err err = {0};
        if (fh_duration_parse(&duration, rows[i].text, rows[i].unit, &err) != FH_EINVAL) {
            fail_msg("%s %s was read", rows[i].text, rows[i].unit == NULL ? "" : rows[i].unit);
        }
        assert_int_equal(duration.months, 77);
        assert_int_not_equal(err.text[0], 0);
    }
}

static void months_are_counted_on_the_calendar(void **state)
{
    (void)state;
    static const struct {
        const char *at;
        const char *duration;
        const char *before;
    } rows[] = {
        {"2026-03-31T12:00:00Z", "P1M", "2026-02-28T12:00:00Z"},
        {"2024-03-31T12:00:00Z", "P1M", "2024-02-29T12:00:00Z"},
        {"2024-02-29T00:00:00Z", "P1Y", "2023-02-28T00:00:00Z"},
        {"2026-01-15T08:30:00Z", "P13M", "2024-12-15T08:30:00Z"},
        {"2026-03-01T00:00:00Z", "P1D", "2026-02-28T00:00:00Z"},
        {"2026-03-31T12:00:00Z", "P1M1DT12H", "2026-02-27T00:00:00Z"},
        {"1969-12-31T23:00:00Z", "P1M", "1969-11-30T23:00:00Z"},
        {"2026-12-01T00:00:00Z", "P12M", "2025-12-01T00:00:00Z"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_duration duration;
        struct fh_err err = {0};
        char text[FH_TIME_TEXT_BYTES];
        int64_t at = 0;
        assert_true(fh_time_parse(rows[i].at, &at));
        assert_int_equal(fh_duration_parse(&duration, rows[i].duration, NULL, &err), FH_OK);
        fh_time_text(text, fh_duration_before(at, duration));
        assert_string_equal(text, rows[i].before);
    }
    struct fh_duration ages = {.months = 119999};
    assert_true(fh_duration_before(0, ages) == INT64_MIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_are_read_exactly),
        cmocka_unit_test(what_is_no_length_is_refused),
        cmocka_unit_test(months_are_counted_on_the_calendar),
    };
    return cmocka_run_group_tests_name("duration", tests, NULL, NULL);
}
