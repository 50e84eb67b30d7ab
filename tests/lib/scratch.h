/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scratch: a folder of its own for a test that needs files, gone afterwards.
 *
 * Does not: survive a crash of the test (the folder stays then, for looking at). Thread: any.
 * Ownership: paths are values.
 */
#ifndef FH_TESTS_LIB_SCRATCH_H
#define FH_TESTS_LIB_SCRATCH_H

#include <stddef.h>

struct test_scratch {
    char path[64]; /* short: a home's socket must fit beneath it */
};

/* A new empty folder (0700) beneath TMPDIR or /tmp; aborts when there is none to be had. */
struct test_scratch test_scratch_make(void);
/* Removes it with all that is in it. */
void test_scratch_remove(const struct test_scratch *scratch);
/* "<scratch>/<name>" in `out`, which it returns. */
const char *
test_scratch_path(char *out, size_t size, const struct test_scratch *scratch, const char *name);

#endif
