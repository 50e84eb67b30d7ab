/* SPDX-License-Identifier: Apache-2.0 */
/* Control groups of workers, on a folder of plain files that stands in for the kernel's. */
#include "node/query/cgroup.h"
#include "tests/lib/scratch.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void our_group_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *expected; /* NULL: none */
    } rows[] = {
        {"0::/system.slice/freehold.service\n", "/cg/system.slice/freehold.service"},
        {"0::/\n", "/cg"},
        {"4:memory:/x\n0::/a\n", "/cg/a"},
        {"4:memory:/x\n", NULL},
        {"", NULL},
        {"10::/a\n", NULL},
        {"0::/../a\n", NULL}, /* a group outside our namespace */
        {"0::/a", "/cg/a"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        char out[FH_CGROUP_PATH_BYTES];
        bool found = fh_cgroup_find(out, rows[i].text, "/cg");
        assert_int_equal(found, rows[i].expected != NULL);
        if (found) {
            assert_string_equal(out, rows[i].expected);
        }
    }
}

static void put(const char *folder, const char *name, const char *text)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void assert_holds(const char *folder, const char *name, const char *expected)
{
    char path[PATH_MAX];
    char text[128] = "";
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(text, expected);
}

static void only_a_delegated_group_is_divided(void **state)
{
    (void)state;
    struct test_scratch scratch = test_scratch_make();
    char child[PATH_MAX];
    const char *group = scratch.path;
    assert_false(fh_cgroup_delegated(group)); /* no controllers */
    put(group, "cgroup.subtree_control", "");
    put(group, "cgroup.controllers", "cpu memory_recursiveprot pids\n");
    assert_false(fh_cgroup_delegated(group)); /* a word that only begins like it */
    put(group, "cgroup.controllers", "memory\n");
    assert_false(fh_cgroup_delegated(group));
    put(group, "cgroup.controllers", "cpuset cpu io memory pids\n");
    assert_true(fh_cgroup_delegated(group));

    assert_false(fh_cgroup_divide(group)); /* the kernel makes the files; here nobody does */
    snprintf(child, sizeof child, "%s/node", group);
    put(child, "cgroup.procs", "");
    assert_true(fh_cgroup_divide(group));
    assert_holds(child, "cgroup.procs", "0");
    assert_holds(group, "cgroup.subtree_control", "+memory +pids");

    assert_false(fh_cgroup_confine(group, 7, 123, 1024));
    snprintf(child, sizeof child, "%s/worker-7", group);
    assert_int_not_equal(access(child, F_OK), 0); /* nothing is left of a failure */
    assert_int_equal(mkdir(child, 0755), 0);
    put(child, "cgroup.procs", "");
    put(child, "pids.max", "");
    put(child, "memory.max", "");
    assert_true(fh_cgroup_confine(group, 7, 123, 1024));
    assert_holds(child, "cgroup.procs", "123");
    assert_holds(child, "pids.max", "128");
    assert_holds(child, "memory.max", "1409286144"); /* 1024 * 5 / 4 + 64 MiB */
    test_scratch_remove(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_group_is_found),
        cmocka_unit_test(only_a_delegated_group_is_divided),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
