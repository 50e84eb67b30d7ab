/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/quality/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void ecma_is_rewritten(void **state)
{
    (void)state;
    static const struct {
        const char *ecma;
        const char *re2;
    } rows[] = {
        {"^[A-Z]{3}$", "^[A-Z]{3}$"},
        {"\\d+\\/\\d", "\\d+\\/\\d"},
        {"\\u00e9\\x41\\u{1F600}\\cA", "\\x{00e9}\\x{41}\\x{1F600}\\x{01}"},
        {"(?<year>\\d{4})", "(?P<year>\\d{4})"},
        {"(?:a|b)", "(?:a|b)"},
        {"a.b", "a[^\\n\\r\\x{2028}\\x{2029}]b"},
        {"[.]", "[.]"},
        {"[^]", "[\\x{00}-\\x{10ffff}]"},
        {"[]", "[^\\x{00}-\\x{10ffff}]"},
        {"[[:alpha:]", "[\\[:alpha:]"},
        {"[\\b]", "[\\x{08}]"},
        {"\\0", "\\x{00}"},
        {"\\q", "q"},
        {"[\\s]", "[\\s\\x{0b}\\x{a0}\\x{feff}\\x{2028}\\x{2029}\\p{Zs}]"},
        {"[(?=]", "[(?=]"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        FH_CLEANUP(fh_buf_fini) struct fh_buf out;
        struct fh_err err = {0};
        fh_buf_init(&out, 4096);
        assert_int_equal(fh_pattern_re2(&out, rows[i].ecma, &err), FH_OK);
        assert_string_equal(fh_buf_cstr(&out), rows[i].re2);
    }
}

static void what_re2_lacks_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "(?=a)b",
        "(?!a)b",
        "(?<=a)b",
        "(?<!a)b",
        "(a)\\1",
        "(?<x>a)\\k<x>",
        "a\\",
        "x(?=y)|z",
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        FH_CLEANUP(fh_buf_fini) struct fh_buf out;
        struct fh_err err = {0};
        fh_buf_init(&out, 4096);
        if (fh_pattern_re2(&out, rows[i], &err) != FH_EINVAL) {
            fail_msg("%s was rewritten", rows[i]);
        }
        assert_string_equal(err.rule, "pattern.engine");
    }
}

static void dates_of_the_jdk(void **state)
{
    (void)state;
    static const struct {
        const char *jdk;
        const char *shape;
        const char *strptime;
    } rows[] = {
        {"yyyy-MM-dd", "[0-9]{4}-[0-9]{2}-[0-9]{2}", "%Y-%m-%d"},
        {"dd.MM.yy", "[0-9]{2}\\.[0-9]{2}\\.[0-9]{2}", "%d.%m.%y"},
        {"d/M/uuuu", "[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}", "%d/%m/%Y"},
        {"yyyy-MM-dd'T'HH:mm:ss'Z'",
         "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z",
         "%Y-%m-%dT%H:%M:%SZ"},
        {"HH:mm:ss.SSS", "[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}", "%H:%M:%S.%g"},
        {"h:mm a", "[0-9]{1,2}:[0-9]{2} (?:AM|PM)", "%I:%M %p"},
        {"'o''clock' HH", "o'clock [0-9]{2}", "o'clock %H"},
        {"HH%mm", "[0-9]{2}%[0-9]{2}", "%H%%%M"},
        {"HH[:mm]", "[0-9]{2}(?::[0-9]{2})?", ""},
        {"HH:mmXXX", "[0-9]{2}:[0-9]{2}(?:Z|[+-][0-9]{2}:[0-9]{2})", ""},
    };
    static const char *const refused[] = {"QQ", "yyyyy", "yyyy-MM-ddTHH", "w", "MMMMM", "n"};
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        FH_CLEANUP(fh_buf_fini) struct fh_buf shape;
        FH_CLEANUP(fh_buf_fini) struct fh_buf parse;
        struct fh_err err = {0};
        fh_buf_init(&shape, 4096);
        fh_buf_init(&parse, 4096);
        assert_int_equal(fh_pattern_date(&shape, &parse, rows[i].jdk, &err), FH_OK);
        assert_string_equal(fh_buf_cstr(&shape), rows[i].shape);
        assert_string_equal(fh_buf_cstr(&parse), rows[i].strptime);
    }
    for (size_t i = 0; i < FH_COUNT(refused); i++) {
        FH_CLEANUP(fh_buf_fini) struct fh_buf shape;
        FH_CLEANUP(fh_buf_fini) struct fh_buf parse;
        struct fh_err err = {0};
        fh_buf_init(&shape, 4096);
        fh_buf_init(&parse, 4096);
        assert_int_equal(fh_pattern_date(&shape, &parse, refused[i], &err), FH_EINVAL);
        assert_string_equal(err.rule, "pattern.date");
    }
    assert_null(fh_pattern_format("phone"));
    assert_non_null(fh_pattern_format("uuid"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ecma_is_rewritten),
        cmocka_unit_test(what_re2_lacks_is_refused),
        cmocka_unit_test(dates_of_the_jdk),
    };
    return cmocka_run_group_tests_name("pattern", tests, NULL, NULL);
}
