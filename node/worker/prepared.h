/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prepared: statements that were run a moment ago, bound and planned, by their text.
 *
 * DuckDB binds and plans again by itself what depends on the time or on a changed catalogue; what a
 * file source looks like it reads when it binds, so all are forgotten when a table is added or
 * replaced. A plan keeps what its operators gathered until it runs again: only statements that were
 * done within FH_PREPARED_RUN_MS are kept, which cannot have gathered much.
 *
 * Does not: run them. Thread: the working thread. Ownership: a statement is in the cache or with
 * whoever took it.
 */
#ifndef FH_NODE_WORKER_PREPARED_H
#define FH_NODE_WORKER_PREPARED_H

#include "common/bytes.h"
#include "common/compiler.h"

#include <duckdb.h>

enum { FH_PREPARED_RUN_MS = 20 };

struct fh_prepared;

/* NULL: no memory. Lives as long as the process. */
FH_MUST_CHECK struct fh_prepared *fh_prepared_new(void);
/* Takes the statement of this text out; NULL when there is none. */
FH_MUST_CHECK duckdb_prepared_statement fh_prepared_take(struct fh_prepared *prepared,
                                                         struct fh_bytes sql);
/* Puts a statement in (taken); the one that was not asked for longest gives way. */
void fh_prepared_keep(struct fh_prepared *prepared,
                      struct fh_bytes sql,
                      duckdb_prepared_statement statement);
/* Destroys all. */
void fh_prepared_forget(struct fh_prepared *prepared);

#endif
