/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Until: a moment as people give it: "7d", "12h", "30min", "2027-01-31", or RFC 3339.
 *
 * A date means its end (24:00 UTC). And since: a moment that has passed, of which a date means the
 * beginning. Does not: accept the past for the one, or the future for the other. Thread: any.
 */
#ifndef FH_TOOLS_CLI_UNTIL_H
#define FH_TOOLS_CLI_UNTIL_H

#include "common/err.h"

#include <stdint.h>

/* FH_EUSAGE names the flag and what would be right. */
FH_MUST_CHECK int fh_until_parse(
    int64_t *out_ms, const char *flag, const char *text, int64_t now_ms, struct fh_err *err);

/* A moment that has passed: "7d" (ago), "12h", "2027-01-31" (its beginning), RFC 3339; NULL is now.
 * FH_EUSAGE. */
FH_MUST_CHECK int fh_since_parse(
    int64_t *out_ms, const char *flag, const char *text, int64_t now_ms, struct fh_err *err);

#endif
