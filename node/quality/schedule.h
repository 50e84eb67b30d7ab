/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schedule: own products are measured when the calendar says so, or when somebody asks.
 *
 * The look at the data before publishing is a product's first measurement. After a restart the last
 * one counts, and what became due meanwhile is measured soon.
 *
 *   (waiting) -- due, a worker to spare --> LOOKING -- results --> signed, stored, spread -->
 * (waiting)
 *                                              |
 *                                              +-- no look was possible --> again, later each time
 *
 * One look at a time, and only while enough workers are left for queries. A source that is gone is
 * no failure of the look: it is what the measurement says.
 *
 * Does not: know when (node/quality/calendar.h), run checks (node/quality/look.h), sign
 * (node/quality/measurements.h). Thread: the loop's. Ownership: keeps what its options name.
 */
#ifndef FH_NODE_QUALITY_SCHEDULE_H
#define FH_NODE_QUALITY_SCHEDULE_H

#include "node/admin.h"
#include "node/quality/measurements.h"

struct fh_loop;
struct fh_schedule;
struct fh_settings;
struct fh_workers;

struct fh_schedule_options {
    struct fh_loop *loop;
    struct fh_workers *workers;
    const struct fh_settings *settings;
    struct fh_measurements_options measurements;
    bool offline; /* measures what is published and asked for, and nothing by itself */
};

FH_MUST_CHECK int fh_schedule_new(struct fh_schedule **out,
                                  const struct fh_schedule_options *options,
                                  struct fh_err *err);
/* Begins no more looks. Idempotent. */
void fh_schedule_quiesce(struct fh_schedule *schedule);
bool fh_schedule_drained(const struct fh_schedule *schedule);
/* NULL is fine. */
void fh_schedule_free(struct fh_schedule *schedule);

/* An own product was published: what the look at its data found is its first measurement.
 * `look->product` has domain, product, version, major and contract; `look->expires_ms` is filled
 * in. All is borrowed for the call. */
void fh_schedule_published(struct fh_schedule *schedule, struct fh_look *look);

/* ADMIN_CHECK, ADMIN_MEASURED; the question is taken. */
void fh_schedule_question(struct fh_schedule *schedule, struct fh_admin_question *question);

#endif
