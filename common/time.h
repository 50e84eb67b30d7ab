/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two clocks, and dates as text.
 *
 * Protocol timers count monotonic milliseconds; wall time is Unix milliseconds in UTC and enters
 * the protocol as a value. `proto/` formats dates with this header and never reads a clock.
 *
 * Thread: any.
 */
#ifndef FH_COMMON_TIME_H
#define FH_COMMON_TIME_H

#include "common/compiler.h"

#include <stdbool.h>
#include <stdint.h>

enum { FH_TIME_TEXT_BYTES = 21 }; /* "2026-11-22T09:30:00Z" and NUL */

int64_t fh_clock_mono_ms(void);
int64_t fh_clock_mono_ns(void);
int64_t fh_clock_wall_ms(void);

/* A day of the proleptic Gregorian calendar; the year 0 is 1 before Christ. */
struct fh_date {
    int64_t year;
    int64_t month; /* 1 to 12 */
    int64_t day;   /* 1 to 31 */
};

/* Days since 1970-01-01 of a date, and the date of a day (H. Hinnant, "chrono-Compatible Low-Level
 * Date Algorithms", days_from_civil and civil_from_days). Years of at most 2^55. */
int64_t fh_date_days(struct fh_date date);
struct fh_date fh_date_of_days(int64_t days);

/* RFC 3339 in UTC with whole seconds; years outside 1..9999 read "out-of-range". */
void fh_time_text(char out[FH_TIME_TEXT_BYTES], int64_t wall_ms);

/* Reads "YYYY-MM-DD" or RFC 3339 with Z or an offset; false when it is neither. */
FH_MUST_CHECK bool fh_time_parse(const char *text, int64_t *out_wall_ms);

#endif
