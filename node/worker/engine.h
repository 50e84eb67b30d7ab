/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engine: the one DuckDB of this worker, hardened, with the views of the tables that the node
 * named.
 *
 * Names (DESIGN 9, probed on DuckDB 1.4.4): a domain is an attached, empty in-memory catalog, a
 * product a schema in it, a table a view there. domain.product resolves because an in-memory
 * catalog has a schema `main` that is searched when two parts are given, so a view main.product
 * (for a product with one table) and main.product__table stand there too. The default catalog stays
 * empty, but in a worker that runs the rules of a contract: those name tables without a domain.
 *
 * Files: the node opens them and passes descriptors; DuckDB reads /proc/self/fd/100 and up, the
 * only paths it may open, which files.h serves from the descriptors. So the worker learns no path,
 * and no rename or symlink between the node's check and the read can change which file it is. A
 * file that is overwritten in place while it is read stays the reader's risk, as everywhere.
 *
 * Does not: run consumers' queries (run.h). Thread: the working thread. Ownership: given.
 */
#ifndef FH_NODE_WORKER_ENGINE_H
#define FH_NODE_WORKER_ENGINE_H

#include "node/worker/feed.h"
#include "node/worker/port.h"
#include "node/worker/scans.h"
#include "node/worker/sink.h"
#include "node/worker/warm.h"

#include <duckdb.h>

struct fh_engine;

/* Opens DuckDB, without a thread of its own, and with every setting but the lock. FH_EIO. Given;
 * `scans` and `feeds` are kept. */
FH_MUST_CHECK int fh_engine_open(struct fh_engine **out,
                                 const struct fh_channel_setup *setup,
                                 struct fh_scans *scans,
                                 struct fh_feeds *feeds,
                                 struct fh_err *err);

/* Locks DuckDB's configuration; once, when the process is confined. Later calls do nothing. */
FH_MUST_CHECK int fh_engine_seal(struct fh_engine *engine, struct fh_err *err);

/* Lent. */
duckdb_connection fh_engine_connection(const struct fh_engine *engine);
duckdb_database fh_engine_database(const struct fh_engine *engine);
struct fh_sink *fh_engine_sink(const struct fh_engine *engine);
struct fh_warm *fh_engine_warm(const struct fh_engine *engine);

/* Runs a statement of our own. FH_EIO or as fh_fault_read in phase `source`. */
FH_MUST_CHECK int fh_engine_do(struct fh_engine *engine, const char *sql, struct fh_err *err);

/* DuckDB's JSON tree of a statement, or its JSON error. */
FH_MUST_CHECK int fh_engine_parse(struct fh_engine *engine,
                                  struct fh_bytes sql,
                                  struct fh_buf *out_json,
                                  struct fh_err *err);

/* Moves the table's descriptors out of `frame` to slots of their own; `out_slots` has one number
 * for each file. FH_EPROTO, FH_ETOOBIG. */
FH_MUST_CHECK int fh_engine_take_files(struct fh_engine *engine,
                                       const struct fh_table *table,
                                       struct fh_frame *frame,
                                       int *out_slots,
                                       struct fh_err *err);
void fh_engine_drop_files(struct fh_engine *engine, const int *slots, unsigned count);

/* Adds or replaces a table and its names, and opens its source once to see that it can be read. */
FH_MUST_CHECK int fh_engine_add_table(struct fh_engine *engine,
                                      const struct fh_table *table,
                                      struct fh_frame *frame,
                                      struct fh_err *err);

#endif
