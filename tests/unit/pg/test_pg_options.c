/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pg/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void set(struct fh_pg_options *options, const char *name, const char *value, bool local)
{
    struct fh_pg_report report;
    assert_true(fh_pg_options_set(options, name, value, local, false, &report));
}

static void test_values(void **state)
{
    (void)state;
    struct fh_pg_options *options = fh_pg_options_new();
    struct fh_pg_report report;
    assert_non_null(options);
    assert_string_equal(fh_pg_options_get(options, "datestyle"), "ISO, MDY");
    assert_string_equal(fh_pg_options_name(options, "DATESTYLE"), "DateStyle");
    assert_null(fh_pg_options_get(options, "nothing"));
    set(options, "freehold.purpose", "fraud", false);
    set(options, "my.own", "x", false);
    set(options, "DateStyle", "ISO", false);
    set(options, "TimeZone", "Europe/Berlin", false);
    assert_string_equal(fh_pg_options_get(options, "Freehold.Purpose"), "fraud");
    assert_string_equal(fh_pg_options_get(options, "my.own"), "x");
    assert_string_equal(fh_pg_options_get(options, "datestyle"), "ISO, MDY");
    assert_string_equal(fh_pg_options_get(options, "timezone"), "UTC");
    set(options, "freehold.purpose", NULL, false);
    assert_string_equal(fh_pg_options_get(options, "freehold.purpose"), "");
    assert_true(fh_pg_options_set(options, "application_name", "app", false, true, &report));
    set(options, "application_name", "other", false);
    fh_pg_options_reset_all(options);
    assert_string_equal(fh_pg_options_get(options, "application_name"), "app");
    fh_pg_options_free(options);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *value;
        const char *sqlstate;
    } rows[] = {
        {"nothing", "1", "42704"},
        {"freehold.nothing", "1", "42704"},
        {"freehold.receipt", "fhr1", "55P02"},
        {"server_version", "99", "55P02"},
        {"session_authorization", "boss", "55P02"},
        {"client_encoding", "LATIN1", "22023"},
        {"DateStyle", "German", "22023"},
        {"standard_conforming_strings", "off", "22023"},
        {"default_transaction_read_only", "off", "22023"},
        {"transaction_read_only", "off", "22023"},
        {"row_security", "perhaps", "22023"},
        {"transaction_isolation", "chaos", "22023"},
        {"role", "boss", "22023"},
        {"application_name", "\xff", "22023"},
    };
    struct fh_pg_options *options = fh_pg_options_new();
    assert_non_null(options);
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_pg_report report;
        assert_false(
            fh_pg_options_set(options, rows[i].name, rows[i].value, false, false, &report));
        assert_string_equal(report.state, rows[i].sqlstate);
    }
    for (int i = 0; i < FH_PG_OPTIONS_MAX; i++) {
        char name[32];
        snprintf(name, sizeof name, "my.o%d", i);
        set(options, name, "x", false);
    }
    struct fh_pg_report report;
    assert_false(fh_pg_options_set(options, "my.more", "x", false, false, &report));
    assert_string_equal(report.state, "54000");
    fh_pg_options_free(options);
}

static void test_transactions(void **state)
{
    (void)state;
    struct fh_pg_options *options = fh_pg_options_new();
    assert_non_null(options);
    set(options, "search_path", "a", false);
    fh_pg_options_begin(options);
    set(options, "search_path", "b", false);
    set(options, "search_path", "c", false);
    fh_pg_options_end(options, false);
    assert_string_equal(fh_pg_options_get(options, "search_path"), "a");
    fh_pg_options_begin(options);
    set(options, "search_path", "b", false);
    set(options, "freehold.purpose", "once", true);
    fh_pg_options_end(options, true);
    assert_string_equal(fh_pg_options_get(options, "search_path"), "b");
    assert_string_equal(fh_pg_options_get(options, "freehold.purpose"), "");
    fh_pg_options_free(options);
}

static void test_durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t ms;
    } rows[] = {{"0", 0},
                {"250", 250},
                {"5s", 5000},
                {"1min", 60000},
                {"2 h", 7200000},
                {"", 0},
                {"x", 0},
                {"-5", 0},
                {"5 weeks", 0},
                {"99999999999s", UINT32_MAX}};
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        assert_true(fh_pg_duration_ms(rows[i].text) == rows[i].ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_transactions),
        cmocka_unit_test(test_durations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
