/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans: what statements of this client read and whom to ask, as the entry peer said and the client
 * checked, so that a statement like an earlier one is not planned again.
 *
 * Alike are texts that differ in the values of numbers and strings only: those name no table. The
 * plan is advice as it was the first time: the node that runs the statement compares the signed
 * request, which names tables and contracts, with what the text reads, and refuses what has changed
 * ("query.contract.changed"); then the client plans again (fh_query_again).
 *
 * Does not: plan or check. Thread: one. Ownership: plans are copied in and out.
 */
#ifndef FH_TOOLS_CLIENT_PLANS_H
#define FH_TOOLS_CLIENT_PLANS_H

#include "proto/session/messages.h"

struct fh_plans;

/* NULL: no memory. Given. */
FH_MUST_CHECK struct fh_plans *fh_plans_new(void);
void fh_plans_free(struct fh_plans *plans);

/* Copies the plan of a statement like this one; false when there is none that is young enough. */
FH_MUST_CHECK bool
fh_plans_find(struct fh_plans *plans, const char *sql, int64_t now_ms, struct fh_msg_plan *out);
/* Keeps a plan (copied) when it is small; the oldest gives way. */
void fh_plans_keep(struct fh_plans *plans,
                   const char *sql,
                   int64_t now_ms,
                   const struct fh_msg_plan *plan);
/* Drops the plan of statements like this one. */
void fh_plans_drop(struct fh_plans *plans, const char *sql);

/* Appends `sql` with the values of its numbers and strings left out; as it is where that is not
 * plain to see (comments, dollar quotes, escape strings). */
void fh_plans_shape(struct fh_buf *out, const char *sql);

#endif
