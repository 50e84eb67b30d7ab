/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Duration: a length of time as service levels promise it.
 *
 * ISO 8601 (P1Y6M, PT36H) or a number and a unit (7 and "days", 1.5 and "h"). Years and months have
 * no fixed length, so they are counted on the calendar: P1M before 31 March is 28 or 29 February.
 *
 * Does not: read a clock. Thread: any; values. Source: ISO 8601-1:2019, 5.5.2; ODCS, "SLA".
 */
#ifndef FH_PROTO_QUALITY_DURATION_H
#define FH_PROTO_QUALITY_DURATION_H

#include "common/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { FH_DURATION_TEXT_BYTES = 48 };

struct fh_duration {
    int64_t months;
    int64_t ms;
};

/* Reads "P1Y6M", "PT36H", or a decimal number of `unit` (NULL or "": the unit stands in the text,
 * as in "7 days"). Units, in any case: ms, s, sec, second(s), m, min, minute(s), h, hr, hour(s), d,
 * day(s), w, wk, week(s), mo, month(s), y, yr, year(s). FH_EINVAL says what would be right; also
 * for negative and for more than 10,000 years. */
FH_MUST_CHECK int
fh_duration_parse(struct fh_duration *out, const char *text, const char *unit, struct fh_err *err);

/* The moment that lies the duration before `at_ms` (milliseconds since 1970, UTC). */
int64_t fh_duration_before(int64_t at_ms, struct fh_duration duration);

/* "P1Y6M", "P2DT3H", "PT0S". */
void fh_duration_text(char out[FH_DURATION_TEXT_BYTES], struct fh_duration duration);

#endif
