/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of a chain: which may come where, and how far one must rise. */
#include "proto/contract/versions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <string.h>

enum { HELD_MAX = 5 };

static void test_place(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct fh_version held[HELD_MAX];
        bool is_whole;
        struct fh_version next;
        const char *base; /* NULL: none; "!": refused */
    } rows[] = {
        {"the first", {{"", 0}}, true, {"1.0.0", 1}, NULL},
        {"any first", {{"", 0}}, true, {"7.3.1", 1}, NULL},
        {"the next", {{"1.0.0", 1}}, true, {"1.1.0", 2}, "1.0.0"},
        {"the same", {{"1.0.0", 1}}, true, {"1.0.0", 2}, "!"},
        {"another build", {{"1.0.0", 1}}, true, {"1.0.0+b", 2}, "!"},
        {"a lower one", {{"1.2.0", 1}}, true, {"1.1.9", 2}, "!"},
        {"its own pre-release", {{"1.2.0", 1}}, true, {"1.2.0-rc.1", 2}, "!"},
        {"a new major", {{"1.0.0", 1}}, true, {"2.0.0", 2}, NULL},
        {"a new major far up", {{"1.0.0", 1}}, true, {"5.0.0", 2}, NULL},
        {"a fix beside it", {{"1.0.0", 1}, {"2.0.0", 2}}, true, {"1.0.1", 3}, "1.0.0"},
        {"a fix that is none", {{"1.0.1", 1}, {"2.0.0", 2}}, true, {"1.0.1", 3}, "!"},
        {"and on with the new", {{"1.0.1", 3}, {"2.0.0", 2}}, true, {"2.1.0", 4}, "2.0.0"},
        {"a major that was left out", {{"1.0.0", 1}, {"3.0.0", 2}}, true, {"2.0.0", 3}, "!"},
        {"a major below all", {{"3.0.0", 1}}, true, {"2.9.0", 2}, "!"},
        {"perhaps known elsewhere", {{"3.0.0", 7}}, false, {"2.9.0", 9}, NULL},
        {"a part of the chain", {{"1.4.0", 7}}, false, {"1.5.0", 9}, "1.4.0"},
        {"come late, before the next", {{"1.4.0", 7}}, false, {"1.3.0", 6}, NULL},
        {"come late and too great", {{"1.4.0", 7}}, false, {"1.5.0", 6}, "!"},
        {"come late and the same", {{"1.4.0", 7}}, false, {"1.4.0", 6}, "!"},
        {"a pre-release", {{"1.0.0", 1}}, true, {"1.1.0-rc.1", 2}, "1.0.0"},
        {"the next pre-release",
         {{"1.0.0", 1}, {"1.1.0-rc.1", 2}},
         true,
         {"1.1.0-rc.2", 3},
         "1.0.0"},
        {"the release of it", {{"1.0.0", 1}, {"1.1.0-rc.1", 2}}, true, {"1.1.0", 3}, "1.0.0"},
        {"only pre-releases", {{"2.0.0-a", 1}, {"2.0.0-b", 2}}, true, {"2.0.0", 3}, NULL},
        {"a fix below a pre-release", {{"1.0.0", 1}, {"1.1.0-a", 2}}, true, {"1.0.1", 3}, "!"},
        {"from 0 to 1", {{"0.9.0", 1}}, true, {"1.0.0", 2}, NULL},
        {"0.x goes on", {{"0.1.0", 1}}, true, {"0.1.1", 2}, "0.1.0"},
        {"the greatest of several",
         {{"1.2.0", 3}, {"1.0.0", 1}, {"1.1.0", 2}},
         true,
         {"1.3.0", 4},
         "1.2.0"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_err err = {0};
        size_t count = 0;
        size_t base = 99;
        while (count < HELD_MAX && rows[i].held[count].seq > 0) {
            count++;
        }
        int code = fh_versions_place(
            rows[i].held, count, rows[i].is_whole, "flights", &rows[i].next, &base, &err);
        const char *got = code == FH_ECHECK         ? "!"
                          : base == FH_VERSION_NONE ? ""
                                                    : rows[i].held[base].text;
        if (strcmp(got, rows[i].base == NULL ? "" : rows[i].base) != 0) {
            fail_msg("%s: %s: %s", rows[i].name, got, err.text);
        }
        if (code != FH_OK) {
            assert_string_equal(err.rule, "contract.version.not_greater");
            assert_int_equal(base, 99);
        }
    }
    struct fh_version odd = {"1.0", 1};
    size_t base;
    assert_int_equal(fh_versions_place(NULL, 0, true, "p", &odd, &base, NULL), FH_EINVAL);
}

static void test_enough(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        const char *after;
        enum fh_bump needed;
        bool enough;
    } rows[] = {
        {"1.0.0", "1.0.1", FH_BUMP_PATCH, true},
        {"1.0.0", "1.0.1", FH_BUMP_NONE, true},
        {"1.0.0", "1.0.0", FH_BUMP_NONE, true},
        {"1.0.0", "1.0.0", FH_BUMP_PATCH, false},
        {"1.0.0", "0.9.0", FH_BUMP_PATCH, false},
        {"1.0.0", "1.0.1", FH_BUMP_MINOR, false},
        {"1.0.0", "1.1.0", FH_BUMP_MINOR, true},
        {"1.0.0", "1.1.0", FH_BUMP_PATCH, true},
        {"1.0.0", "1.99.0", FH_BUMP_MAJOR, false},
        {"1.0.0", "2.0.0", FH_BUMP_MAJOR, true},
        {"1.9.9", "3.0.0-a", FH_BUMP_MAJOR, true},
        {"1.0.0", "1.1.0-rc.1", FH_BUMP_MINOR, true},
        {"1.0.0", "1.0.1-rc.1", FH_BUMP_MINOR, false},
        {"1.0.0", "1.1.0-rc.1", FH_BUMP_MAJOR, false},
        {"1.1.0-rc.1", "1.1.0-rc.2", FH_BUMP_MAJOR, true},
        {"1.1.0-rc.1", "1.1.0", FH_BUMP_MAJOR, true},
        {"0.1.0", "0.1.1", FH_BUMP_MAJOR, false},
        {"0.1.0", "0.2.0", FH_BUMP_MAJOR, true},
        {"0.1.0", "0.1.1", FH_BUMP_MINOR, true},
        {"0.1.0", "0.1.0", FH_BUMP_MINOR, false},
        {"0.1.0", "1.0.0", FH_BUMP_MAJOR, true},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_semver before;
        struct fh_semver after;
        assert_int_equal(fh_semver_parse(&before, rows[i].before, NULL), FH_OK);
        assert_int_equal(fh_semver_parse(&after, rows[i].after, NULL), FH_OK);
        if (fh_version_is_enough(&before, &after, rows[i].needed) != rows[i].enough) {
            fail_msg(
                "%s -> %s for %s", rows[i].before, rows[i].after, fh_bump_text(rows[i].needed));
        }
    }
}

/* The version that is said to do does, and none below it. */
static void test_least(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        enum fh_bump needed;
        const char *least;
    } rows[] = {
        {"1.2.3", FH_BUMP_PATCH, "1.2.4"},
        {"1.2.3", FH_BUMP_MINOR, "1.3.0"},
        {"1.2.3", FH_BUMP_MAJOR, "2.0.0"},
        {"0.2.3", FH_BUMP_PATCH, "0.2.4"},
        {"0.2.3", FH_BUMP_MINOR, "0.2.4"},
        {"0.2.3", FH_BUMP_MAJOR, "0.3.0"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        char least[FH_VERSION_BYTES_MAX + 1];
        struct fh_semver before;
        struct fh_semver after;
        assert_int_equal(fh_semver_parse(&before, rows[i].before, NULL), FH_OK);
        fh_version_enough(least, &before, rows[i].needed);
        assert_string_equal(least, rows[i].least);
        assert_int_equal(fh_semver_parse(&after, least, NULL), FH_OK);
        assert_true(fh_version_is_enough(&before, &after, rows[i].needed));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_place),
        cmocka_unit_test(test_enough),
        cmocka_unit_test(test_least),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
