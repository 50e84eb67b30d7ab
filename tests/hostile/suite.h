/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Suite: what programs with hostile frames share: names, verdicts as they should be, counts, and an
 * honest client beside them that must not notice.
 *
 * Does not: make frames. Thread: one, but for the honest client's own. Ownership: values.
 */
#ifndef FH_TESTS_HOSTILE_SUITE_H
#define FH_TESTS_HOSTILE_SUITE_H

#include "common/compiler.h"

#include <stdbool.h>
#include <stdint.h>

struct suite {
    const char *group;
    int64_t began_ms; /* with the group */
    unsigned of_group;
    unsigned frames;
    unsigned failed;
};

/* Ends the group at hand with its count, and begins another; NULL: none. */
void suite_group(struct suite *suite, const char *group);
/* Counts a frame; prints what came of it when that is not what should have. */
void suite_meet(struct suite *suite,
                const char *got,
                const char *expected,
                const char *name_format,
                ...) FH_PRINTF(4, 5);
/* Counts, and whether all is as it should be: at least `least` frames. */
bool suite_end(struct suite *suite, unsigned least);

/* ---- beside ---- */

struct honest_result {
    unsigned answers;
    unsigned failed;
    long slowest_ms;
};

/* Runs `sql` again and again in a thread of its own, as the member of a home; each answer must be
 * one row with this number. */
void honest_begin(const char *home, const char *address, const char *sql, long expected);
struct honest_result honest_end(void);

/* Resident memory of a process. */
long resident_kib(int pid);

#endif
