/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Warm: tables of small files of text that stand in the engine's memory while they are asked again
 * and again.
 *
 * DuckDB reads a text file from its beginning for every question, a thousand times more than what a
 * question for one row needs. A table whose file was read by some questions is therefore read once
 * more as a whole, each column as its type, into a table of DuckDB's, and its views stand on that.
 *
 *                 some questions                           another file, or another state of it
 *      file ────────────────────────► warm ──────────────────────────────────────────────► file
 *        ▲                             │
 *        └─────────────────────────────┘ a question found too little memory
 *      file ──► refused, until its file changes: it does not fit, or some value is none of its type
 *
 * Answers are those of the file. It becomes warm only when all of its values convert, so no
 * question can fail over one; the order of its rows is kept; and its state is looked at for every
 * question, by the node, which opens it each time (fh_worker_tables). Two writes within one tick of
 * a file system's clock leave the same time behind, so a file that changed a moment ago is left
 * cold.
 *
 * Does not: hold files of more than FH_WARM_FILE_BYTES_MAX, or more of all than an eighth of the
 * worker's memory. Thread: the working thread. Ownership: given, for the life of the process.
 */
#ifndef FH_NODE_WORKER_WARM_H
#define FH_NODE_WORKER_WARM_H

#include "node/worker/files.h"
#include "proto/query/channel.h"

#include <duckdb.h>

struct fh_warm;

/* For a worker of so much memory. NULL when there is none. */
FH_MUST_CHECK struct fh_warm *fh_warm_new(uint32_t memory_mib);

/* The table's views stand on files now, by this SELECT (copied). What was kept of an older table of
 * its name is dropped. */
void fh_warm_add(struct fh_warm *warm,
                 duckdb_connection connection,
                 const struct fh_table *table,
                 const int *slots,
                 const char *select);

/* A question is answered that opened the files in `seen`: of what was read often enough one becomes
 * warm now. True when views changed, so that plans over them are of no use. */
FH_MUST_CHECK bool
fh_warm_up(struct fh_warm *warm, duckdb_connection connection, const struct fh_files_seen *seen);

/* A question found too little memory: all tables stand on their files again, and stay there. True
 * when views changed. */
FH_MUST_CHECK bool fh_warm_yield(struct fh_warm *warm, duckdb_connection connection);

#endif
