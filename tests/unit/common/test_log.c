/* SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Sends standard error into a pipe while a test looks at what is logged. */
static int pipe_ends[2];
static int saved_stderr;

static int catch_stderr(void **state)
{
    (void)state;
    saved_stderr = dup(STDERR_FILENO);
    return pipe(pipe_ends) == 0 && dup2(pipe_ends[1], STDERR_FILENO) >= 0 ? 0 : -1;
}

static int release_stderr(void **state)
{
    (void)state;
    fh_log_set_level(FH_LOG_INFO);
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    return 0;
}

/* What was logged since the last call; a mark is written first, so that the read never waits. */
static const char *logged(char *out, size_t size)
{
    if (write(pipe_ends[1], "$", 1) != 1) {
        return "";
    }
    ssize_t n = read(pipe_ends[0], out, size - 1);
    assert_true(n >= 1);
    out[n - 1] = '\0';
    return out;
}

static void a_line_has_time_level_event_and_pairs(void **state)
{
    (void)state;
    char text[4096];
    fh_log(FH_LOG_WARN, "peer.lost", "node=%s after_ms=%d", "n1", 250);
    logged(text, sizeof text);
    assert_int_equal(text[10], 'T');
    assert_int_equal(text[19], 'Z');
    assert_string_equal(text + 20, " warn  peer.lost node=n1 after_ms=250\n");
}

static void lines_above_the_level_are_dropped(void **state)
{
    (void)state;
    char text[4096];
    fh_log(FH_LOG_DEBUG, "quiet", "x=1");
    assert_string_equal(logged(text, sizeof text), "");
    fh_log_set_level(FH_LOG_ERROR);
    fh_log(FH_LOG_WARN, "quiet", "x=1");
    assert_string_equal(logged(text, sizeof text), "");
    fh_log(FH_LOG_ERROR, "loud", "x=1");
    assert_non_null(strstr(logged(text, sizeof text), "loud x=1"));
    fh_log_set_level(FH_LOG_INFO);
}

static void a_line_that_is_too_long_is_cut_and_ended(void **state)
{
    (void)state;
    char text[8192];
    fh_log(FH_LOG_INFO, "long", "x=%05000d", 1);
    logged(text, sizeof text);
    size_t length = strlen(text);
    assert_in_range(length, 2000, 2048);
    assert_int_equal(text[length - 1], '\n');
    assert_ptr_equal(strchr(text, '\n'), text + length - 1);
}

static void quoting_leaves_nothing_that_a_reader_could_mistake(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size;
        const char *quoted;
    } rows[] = {
        {"", 64, "\"\""},
        {"plain text", 64, "\"plain text\""},
        {"a\nb\"c\\d", 64, "\"a\\x0ab\\x22c\\x5cd\""},
        {"\x1b[2J\x7f\xc3\xa9", 64, "\"\\x1b[2J\\x7f\\xc3\\xa9\""},
        {"abcdefghijkl", 12, "\"abcde\""},
        {"\n\n\n", 12, "\"\\x0a\\x0a\""},
        {"abc", 8, "\"a\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[64];
        memset(out, '?', sizeof out);
        fh_log_quoted(out, rows[i].size, rows[i].text);
        assert_string_equal(out, rows[i].quoted);
        assert_true(strlen(out) < rows[i].size);
    }
}

static void levels_have_names(void **state)
{
    (void)state;
    assert_int_equal(fh_log_level_from_text("error"), FH_LOG_ERROR);
    assert_int_equal(fh_log_level_from_text("debug"), FH_LOG_DEBUG);
    assert_int_equal(fh_log_level_from_text("Debug"), -1);
    assert_int_equal(fh_log_level_from_text("debugx"), -1);
    assert_int_equal(fh_log_level_from_text(""), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_time_level_event_and_pairs),
        cmocka_unit_test(lines_above_the_level_are_dropped),
        cmocka_unit_test(a_line_that_is_too_long_is_cut_and_ended),
        cmocka_unit_test(quoting_leaves_nothing_that_a_reader_could_mistake),
        cmocka_unit_test(levels_have_names),
    };
    return cmocka_run_group_tests(tests, catch_stderr, release_stderr);
}
