/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prepared: statements that were run a moment ago, bound and planned, by their text.
 *
 * DuckDB binds and plans again by itself what depends on the time or on a changed catalogue; what a
 * file source looks like it reads when it binds, so all are forgotten when a table is added or
 * replaced. A plan keeps what its operators gathered until it runs again: only statements that were
 * done within FH_PREPARED_RUN_MS are kept, which cannot have gathered much. And each run leaves 0.5
 * to 15 KiB in the arena of its plan (DuckDB 1.4), which goes with the statement alone: after
 * FH_PREPARED_RUNS_MAX runs it is prepared again, or a question that is asked all day would end
 * with the worker's memory.
 *
 * Does not: run them. Thread: the working thread. Ownership: a statement is in the cache or with
 * whoever took it.
 */
#ifndef FH_NODE_WORKER_PREPARED_H
#define FH_NODE_WORKER_PREPARED_H

#include "common/bytes.h"
#include "common/compiler.h"

#include <duckdb.h>

enum { FH_PREPARED_RUN_MS = 20, FH_PREPARED_RUNS_MAX = 250 };

struct fh_prepared;

/* NULL: no memory. Lives as long as the process. */
FH_MUST_CHECK struct fh_prepared *fh_prepared_new(void);
/* Takes the statement of this text out, and how often it was run; NULL and 0 when there is none. */
FH_MUST_CHECK duckdb_prepared_statement fh_prepared_take(struct fh_prepared *prepared,
                                                         struct fh_bytes sql,
                                                         unsigned *out_runs);
/* Puts a statement in (taken) that was run so often; the one that was not asked for longest gives
 * way, or this one when it was run often enough. */
void fh_prepared_keep(struct fh_prepared *prepared,
                      struct fh_bytes sql,
                      duckdb_prepared_statement statement,
                      unsigned runs);
/* Destroys all. */
void fh_prepared_forget(struct fh_prepared *prepared);

#endif
