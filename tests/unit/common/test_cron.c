/* SPDX-License-Identifier: Apache-2.0 */
#include "common/cron.h"

#include "common/compiler.h"
#include "common/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <string.h>

static int64_t at(const char *text)
{
    int64_t ms;
    assert_true(fh_time_parse(text, &ms));
    return ms;
}

static void test_next(void **state)
{
    static const struct {
        const char *name;
        const char *cron;
        const char *after;
        const char *next; /* NULL: never */
    } rows[] = {
        {"each minute", "* * * * *", "2026-11-28T15:08:57Z", "2026-11-28T15:09:00Z"},
        {"strictly after", "* * * * *", "2026-11-28T15:09:00Z", "2026-11-28T15:10:00Z"},
        {"a time of the day", "30 6 * * *", "2026-11-28T06:29:59Z", "2026-11-28T06:30:00Z"},
        {"tomorrow", "30 6 * * *", "2026-11-28T06:30:00Z", "2026-11-29T06:30:00Z"},
        {"next year", "0 0 1 1 *", "2026-11-28T06:30:00Z", "2027-01-01T00:00:00Z"},
        {"steps of a star", "*/15 * * * *", "2026-11-28T15:31:00Z", "2026-11-28T15:45:00Z"},
        {"steps of a range", "10-40/10 * * * *", "2026-11-28T15:40:00Z", "2026-11-28T16:10:00Z"},
        {"a list", "5,50 8,20 * * *", "2026-11-28T08:50:00Z", "2026-11-28T20:05:00Z"},
        {"a list of ranges", "0 1-2,22-23 * * *", "2026-11-28T02:30:00Z", "2026-11-28T22:00:00Z"},
        {"weekdays: Saturday to Monday",
         "0 9 * * 1-5",
         "2026-11-28T00:00:00Z",
         "2026-11-30T09:00:00Z"},
        {"names in any case", "0 9 * FEB Mon-fri", "2026-11-28T00:00:00Z", "2027-02-01T09:00:00Z"},
        {"Sunday is 0", "0 0 * * 0", "2026-11-28T00:00:00Z", "2026-11-29T00:00:00Z"},
        {"Sunday is 7", "0 0 * * 7", "2026-11-28T00:00:00Z", "2026-11-29T00:00:00Z"},
        {"a range up to Sunday", "0 0 * * 6-7", "2026-11-28T00:00:00Z", "2026-11-29T00:00:00Z"},
        {"either day: the weekday first",
         "0 0 13 * 5",
         "2026-11-28T00:00:00Z",
         "2026-12-04T00:00:00Z"},
        {"either day: the date first", "0 0 1 * 5", "2026-11-28T00:00:00Z", "2026-12-01T00:00:00Z"},
        {"a star with a step does not restrict by itself",
         "0 0 */2 * 1",
         "2026-11-28T00:00:00Z",
         "2026-12-07T00:00:00Z"},
        {"the last of a long month", "0 0 31 * *", "2026-11-28T00:00:00Z", "2026-12-31T00:00:00Z"},
        {"a leap day", "0 0 29 2 *", "2026-11-28T00:00:00Z", "2028-02-29T00:00:00Z"},
        {"a leap day after a year without",
         "0 0 29 2 *",
         "2096-03-01T00:00:00Z",
         "2104-02-29T00:00:00Z"},
        {"before 1970", "0 0 * * *", "1969-01-01T00:00:00Z", "1970-01-02T00:00:00Z"},
        {"spaces and tabs", "  0\t0  1 1 *  ", "2026-11-28T00:00:00Z", "2027-01-01T00:00:00Z"},
        {"beyond the calendar", "0 0 1 1 *", "9999-06-01T00:00:00Z", NULL},
    };
    (void)state;
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_cron cron;
        struct fh_err err = {0};
        char text[FH_TIME_TEXT_BYTES] = "never";
        if (fh_cron_parse(&cron, rows[i].cron, &err) != FH_OK) {
            fail_msg("%s: %s", rows[i].name, err.text);
        }
        int64_t next = fh_cron_next(&cron, at(rows[i].after));
        if (next != 0) {
            fh_time_text(text, next);
        }
        if (strcmp(text, rows[i].next == NULL ? "never" : rows[i].next) != 0) {
            fail_msg("%s: expected %s, got %s", rows[i].name, rows[i].next, text);
        }
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *name;
        const char *cron;
        const char *says; /* a part of the sentence */
    } rows[] = {
        {"empty", "", "minute is missing"},
        {"spaces", "   ", "minute is missing"},
        {"four fields", "0 0 * *", "day of the week is missing"},
        {"six fields", "0 0 0 * * *", "day of the month"},
        {"six good fields", "0 0 1 1 1 1", "five fields, not more"},
        {"a minute too large", "60 * * * *", "minute"},
        {"an hour too large", "0 24 * * *", "hour"},
        {"day 0", "0 0 0 * *", "day of the month"},
        {"day 32", "0 0 32 * *", "day of the month"},
        {"month 0", "0 0 * 0 *", "month"},
        {"month 13", "0 0 * 13 *", "month"},
        {"weekday 8", "0 0 * * 8", "day of the week"},
        {"a range that goes back", "0 0 * * 5-1", "day of the week"},
        {"a range without end", "5- * * * *", "minute"},
        {"a range without begin", "-5 * * * *", "minute"},
        {"a step of 0", "*/0 * * * *", "minute"},
        {"a step of a single value", "5/10 * * * *", "minute"},
        {"no step", "*/ * * * *", "minute"},
        {"an empty part", "1,,2 * * * *", "minute"},
        {"a comma at the end", "1, * * * *", "minute"},
        {"a name where there is none", "mon * * * *", "minute"},
        {"an unknown name", "0 0 * foo *", "month"},
        {"letters behind a name", "0 0 * * monday", "day of the week"},
        {"another dialect: last day", "0 0 L * *", "day of the month"},
        {"another dialect: nth weekday", "0 0 * * 5#2", "day of the week"},
        {"a macro", "@daily", "minute"},
        {"a number beyond all", "99999999999999999999 * * * *", "minute"},
        {"a decimal", "0.5 * * * *", "minute"},
        {"February 30", "0 0 30 2 *", "no month"},
        {"a line break", "0 0 * *\n*", "month"},
    };
    (void)state;
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_cron cron = {.minutes = 77};
        struct fh_err err = {0};
        int code = fh_cron_parse(&cron, rows[i].cron, &err);
        if (code != FH_EINVAL || strcmp(err.rule, "cron.form") != 0 ||
            strstr(err.text, rows[i].says) == NULL || cron.minutes != 77) {
            fail_msg("%s: code %d, rule %s, \"%s\"", rows[i].name, code, err.rule, err.text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_next),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
