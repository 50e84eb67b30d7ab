/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters of views, looked at before they stand behind WHERE.
 *
 * A policy's filters were looked at when it was published; the rows that a grant names were not,
 * and a contract may have changed since. So the filters of a table under a view are checked
 * (gate_filter.h) by the scan worker that is about to run them, once for each of the last
 * FH_FILTERS_KNOWN_MAX that passed.
 *
 * With groups only their dimensions may be named: any other condition would leave out a part of a
 * group.
 *
 * Does not: know grants or policies. Thread: as each function says. Ownership: values.
 */
#ifndef FH_NODE_QUERY_FILTERS_H
#define FH_NODE_QUERY_FILTERS_H

#include "node/query/plan.h"
#include "node/query/workers.h"

struct fh_filters {
    struct fh_hash known[FH_FILTERS_KNOWN_MAX]; /* of contract, table and view */
    unsigned next;                              /* the place that gives way */
};

/* Whether nothing in this plan needs a check. Loop thread. */
bool fh_filters_known(const struct fh_filters *filters, const struct fh_plan *plan);
/* What was checked need not be again. Loop thread. */
void fh_filters_learn(struct fh_filters *filters, const struct fh_plan *plan);

/* Checks the filters of all views of the plan. Pool thread; the worker is set up. FH_EDENIED, rule
 * "access.filter", or "policy.group.filter" where rows are there by groups, with a text for the
 * consumer: what is wrong is the owner's to know and goes to the log. FH_ENOMEM, and the failures
 * of a worker. */
FH_MUST_CHECK int fh_filters_check(const struct fh_plan *plan,
                                   struct fh_worker *worker,
                                   int64_t deadline_ms,
                                   struct fh_err *err);

#endif
