/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cron: when something is due by a cron expression, in UTC.
 *
 * Five fields, as crontab(5) has them: minute, hour, day of the month, month, day of the week. A
 * field is a list by comma of values, ranges (1-5), each with a step (0-59/15, or * with a step);
 * months and days of the week may be written by the first three letters of their English names in
 * any case; Sunday is 0 and 7. When day of the month and day of the week are both restricted, one
 * of them is enough.
 *
 * Does not: know time zones, seconds, @daily, or the letters L, W and # of other dialects. Thread:
 * any. Ownership: plain value.
 */
#ifndef FH_COMMON_CRON_H
#define FH_COMMON_CRON_H

#include "common/err.h"

#include <stdbool.h>
#include <stdint.h>

struct fh_cron {
    /* private: one bit for each value that fits */
    uint64_t minutes;
    uint32_t hours;
    uint32_t days;     /* of the month, bit 1 .. 31 */
    uint32_t months;   /* bit 1 .. 12 */
    uint32_t weekdays; /* bit 0 .. 6, Sunday first */
    bool any_day;      /* the field begins with a star: it restricts nothing by itself */
    bool any_weekday;
};

/* Reads an expression (borrowed). FH_EINVAL with rule "cron.form", naming the field and what would
 * be right; also for a day that no month has. Unchanged on failure. */
FH_MUST_CHECK int fh_cron_parse(struct fh_cron *out, const char *text, struct fh_err *err);

/* The first full minute after `after_ms` (Unix milliseconds) that fits; 0 when there is none before
 * the year 10000. */
int64_t fh_cron_next(const struct fh_cron *cron, int64_t after_ms);

#endif
