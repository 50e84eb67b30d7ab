/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Query: from SQL text to an open stream: plan, channel, signed request.
 *
 * Does not: read batches (stream.c). Thread: one. Ownership: everything belongs to the result.
 */
#ifndef FH_TOOLS_CLIENT_QUERY_H
#define FH_TOOLS_CLIENT_QUERY_H

#include "common/err.h"
#include "tools/client/freehold.h"

/* Sends the query of a new result, and does not wait for its answer. On failure the result can only
 * be freed. */
FH_MUST_CHECK int fh_query_start(struct freehold_result *result,
                                 const char *sql,
                                 const struct freehold_query_options *options,
                                 struct fh_err *err);

/* Takes the answer. Asks anew when the plan does not hold any more. */
FH_MUST_CHECK int fh_query_opened(struct freehold_result *result, struct fh_err *err);

/* The query failed with `code` and `err`. Where it was refused before anything of its answer came,
 * as its plan was made without something that an owner has published since, plans and asks anew,
 * which waits 2 s at most beside what asking takes. Where that does not help, or something else
 * failed, its plan is forgotten. Returns the code of what stands in `err` then. */
FH_MUST_CHECK int fh_query_again(struct freehold_result *result, int code, struct fh_err *err);

#endif
