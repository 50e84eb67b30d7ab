/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Name pattern: what names look like, as a policy says it.
 *
 * A part of what regular expressions are, chosen so that no pattern is slow, whoever wrote it:
 * there is no choice and no group, and the time is that of the pattern times that of the name.
 *
 *     a        this character         .        any character
 *     [a-z_]   one of these           [^0-9]   any but these
 *     \.       this character, whatever it means elsewhere
 *     *  +  ?  what stands before them any number of times, at least once, at most once
 *
 * A pattern is about a whole name. Names are compared byte by byte, with regard to case.
 *
 * Does not: know what is named. Thread: any; pure. Ownership: borrows its texts.
 */
#ifndef FH_PROTO_GOVERNANCE_NAME_PATTERN_H
#define FH_PROTO_GOVERNANCE_NAME_PATTERN_H

#include "common/err.h"

#include <stdbool.h>

enum { FH_NAME_PATTERN_STEPS_MAX = 60 }; /* characters and sets of one pattern */

/* FH_EINVAL ("policy.naming.pattern") and what is wrong: nothing to repeat, a set without an end,
 * nothing at all, or too many steps. */
FH_MUST_CHECK int fh_name_pattern_check(const char *pattern, struct fh_err *err);

/* Whether the whole name is as the pattern says. False for a pattern that is none. */
bool fh_name_pattern_fits(const char *pattern, const char *name);

#endif
