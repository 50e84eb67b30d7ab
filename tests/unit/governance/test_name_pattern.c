/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/governance/name_pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <string.h>

static void test_fits(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        const char *name;
        bool fits;
    } rows[] = {
        {"a", "a", true},
        {"a", "", false},
        {"a", "aa", false},
        {"a", "A", false},
        {"a*", "", true},
        {"a*", "aaaa", true},
        {"a+", "", false},
        {"a+b?", "aa", true},
        {"a+b?", "aab", true},
        {"a+b?", "aabb", false},
        {"[a-z][a-z0-9_]*", "order_id2", true},
        {"[a-z][a-z0-9_]*", "Order", false},
        {"[a-z][a-z0-9_]*", "_order", false},
        {"[a-z][a-z0-9_]*", "order-id", false},
        {"[^0-9]+", "abc", true},
        {"[^0-9]+", "ab9", false},
        {"[]a]", "a", false}, /* a set of nothing is none */
        {"[\\]a]+", "]a", true},
        {"[a\\-z]+", "a-z", true},
        {"[a\\-z]+", "b", false},
        {"[a-]+", "a-", true},
        {".*_id", "order_id", true},
        {".*_id", "_id", true},
        {".*_id", "id", false},
        {".*_id", "order_id_", false},
        {"\\.", ".", true},
        {"\\.", "a", false},
        {"a.c", "a\xc3", false},
        {"a..", "a\xc3\xa4", true}, /* byte by byte */
        {"a*a*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
        {"[a", "a", false}, /* no pattern, no name */
        {"", "", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (fh_name_pattern_fits(rows[i].pattern, rows[i].name) != rows[i].fits) {
            fail_msg("%s: %s", rows[i].pattern, rows[i].name);
        }
    }
}

static void test_refusals(void **state)
{
    (void)state;
    static const char *const rows[] = {"",
                                       "*",
                                       "+a",
                                       "a**",
                                       "a|b",
                                       "(a)",
                                       "a{2}",
                                       "^a",
                                       "a$",
                                       "[",
                                       "[]",
                                       "[^]",
                                       "[a",
                                       "[z-a]",
                                       "a\\",
                                       "[a\\",
                                       "[a-",
                                       "]?+"};
    char most[FH_NAME_PATTERN_STEPS_MAX + 2];
    struct fh_err err;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (fh_name_pattern_check(rows[i], &err) != FH_EINVAL) {
            fail_msg("%s is taken", rows[i]);
        }
        assert_string_equal(err.rule, "policy.naming.pattern");
    }
    memset(most, 'a', sizeof most);
    most[FH_NAME_PATTERN_STEPS_MAX] = '\0';
    assert_int_equal(fh_name_pattern_check(most, &err), FH_OK);
    assert_true(fh_name_pattern_fits(most, most));
    most[FH_NAME_PATTERN_STEPS_MAX] = 'a';
    most[FH_NAME_PATTERN_STEPS_MAX + 1] = '\0';
    assert_int_equal(fh_name_pattern_check(most, &err), FH_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fits),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
