/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helpers: the further threads of DuckDB, which come to a question that takes longer.
 *
 * DuckDB's own threads wake up for each query, also for one that is over before they are there; the
 * thread that asked then waits for whatever piece of it they took: half of what a small query
 * costs, and far more while others want the processor. So DuckDB has no thread of its own here (all
 * are "external" to it), and these join when they are called, and leave when nobody needs them.
 *
 * Does not: know what runs. Thread: every function from any thread.
 */
#ifndef FH_NODE_WORKER_HELPERS_H
#define FH_NODE_WORKER_HELPERS_H

#include "common/err.h"

#include <duckdb.h>

struct fh_helpers;

/* Starts `count` threads for `database` (kept). FH_ENOMEM, FH_EIO. Given, for the life of the
 * process. */
FH_MUST_CHECK int fh_helpers_new(struct fh_helpers **out,
                                 duckdb_database database,
                                 uint32_t count,
                                 struct fh_err *err);
/* They work from now on, until as many calls of `go` as of `come` were made, in whatever order. */
void fh_helpers_come(struct fh_helpers *helpers);
void fh_helpers_go(struct fh_helpers *helpers);

#endif
