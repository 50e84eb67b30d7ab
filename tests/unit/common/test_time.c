/* SPDX-License-Identifier: Apache-2.0 */
#include "common/time.h"

#include "common/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void texts_read_as_the_moment_they_name(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t wall_ms;
        const char *back; /* NULL: the same text */
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0, NULL},
        {"1970-01-01", 0, "1970-01-01T00:00:00Z"},
        {"1969-12-31T23:59:59Z", -1000, NULL},
        {"2001-09-09T01:46:40Z", 1000000000000, NULL},
        {"2000-02-29T12:00:00Z", 951825600000, NULL},
        {"2000-02-29T12:00:00.25Z", 951825600250, "2000-02-29T12:00:00Z"},
        {"2000-02-29T12:00:00.9999Z", 951825600999, "2000-02-29T12:00:00Z"},
        {"2000-02-29T14:30:00+02:30", 951825600000, "2000-02-29T12:00:00Z"},
        {"2000-02-29T07:00:00-05:00", 951825600000, "2000-02-29T12:00:00Z"},
        {"0001-01-01T00:00:00Z", -62135596800000, NULL},
        {"9999-12-31T23:59:59Z", 253402300799000, NULL},
        {"2016-12-31T23:59:60Z", 1483228800000, "2017-01-01T00:00:00Z"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        int64_t wall_ms = 0;
        assert_true(fh_time_parse(rows[i].text, &wall_ms));
        assert_true(wall_ms == rows[i].wall_ms);
        char back[FH_TIME_TEXT_BYTES];
        fh_time_text(back, wall_ms);
        assert_string_equal(back, rows[i].back != NULL ? rows[i].back : rows[i].text);
    }
}

static void what_is_no_date_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "2001",
        "2001-1-01",
        "2001-00-01",
        "2001-13-01",
        "2001-01-00",
        "2001-01-32",
        "2001-04-31",
        "2001-02-29",
        "1900-02-29",
        "0000-01-01",
        "2001-01-01 ",
        " 2001-01-01",
        "2001-01-01T",
        "2001-01-01T00:00:00",
        "2001-01-01 00:00:00Z",
        "2001-01-01T24:00:00Z",
        "2001-01-01T00:60:00Z",
        "2001-01-01T00:00:61Z",
        "2001-01-01T00:00:00.Z",
        "2001-01-01T00:00:00z",
        "2001-01-01T00:00:00Zz",
        "2001-01-01T00:00:00+1",
        "2001-01-01T00:00:00+24:00",
        "2001-01-01T00:00:00+00:60",
        "2001-01-01T00:00:00+0000",
        "20010-01-01",
        "-001-01-01",
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        int64_t wall_ms = 42;
        if (fh_time_parse(rows[i], &wall_ms)) {
            fail_msg("taken: '%s'", rows[i]);
        }
        assert_true(wall_ms == 42); /* untouched on failure */
    }
}

static void years_that_have_no_four_digits_say_so(void **state)
{
    (void)state;
    static const int64_t rows[] = {-62135596800001, 253402300800000, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        char text[FH_TIME_TEXT_BYTES];
        fh_time_text(text, rows[i]);
        assert_string_equal(text, "out-of-range");
    }
}

static void days_are_dates(void **state)
{
    (void)state;
    static const struct {
        int64_t days;
        struct fh_date date;
    } rows[] = {
        {0, {1970, 1, 1}},
        {-1, {1969, 12, 31}},
        {59, {1970, 3, 1}},
        {11016, {2000, 2, 29}},
        {11017, {2000, 3, 1}},
        {20783, {2026, 11, 26}},
        {-25508, {1900, 3, 1}}, /* no leap year */
        {-25509, {1900, 2, 28}},
        {-719162, {1, 1, 1}},
        {-719163, {0, 12, 31}}, /* 1 before Christ, a leap year */
        {-719469, {0, 2, 29}},
        {-719529, {-1, 12, 31}},
        {INT32_MAX, {5881580, 7, 11}},
        {INT32_MIN, {-5877641, 6, 23}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fh_date date = fh_date_of_days(rows[i].days);
        if (date.year != rows[i].date.year || date.month != rows[i].date.month ||
            date.day != rows[i].date.day || fh_date_days(rows[i].date) != rows[i].days) {
            fail_msg("day %lld is %lld-%lld-%lld",
                     (long long)rows[i].days,
                     (long long)date.year,
                     (long long)date.month,
                     (long long)date.day);
        }
    }
    for (int64_t day = -800000; day < 800000; day += 7) {
        assert_int_equal(fh_date_days(fh_date_of_days(day)), day);
    }
}

static void clocks_go_forward(void **state)
{
    (void)state;
    int64_t before_ns = fh_clock_mono_ns();
    int64_t before_ms = fh_clock_mono_ms();
    assert_true(fh_clock_mono_ns() >= before_ns);
    assert_true(before_ms >= before_ns / 1000000);
    assert_true(fh_clock_wall_ms() > 1600000000000); /* after September 2020 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_read_as_the_moment_they_name),
        cmocka_unit_test(what_is_no_date_is_refused),
        cmocka_unit_test(years_that_have_no_four_digits_say_so),
        cmocka_unit_test(days_are_dates),
        cmocka_unit_test(clocks_go_forward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
