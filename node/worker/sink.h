/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sink: the rows of a long answer, taken where DuckDB makes them.
 *
 * A streaming result is a queue of copies: DuckDB copies every chunk row by row, with a bit of
 * validity each, into memory that it takes and gives back for it, and with several threads whoever
 * fetches spins until there is one. A third of a stream's work went there. So the rows of a long
 * answer are given to a batch writer by fh_rows, which takes them where they are made (taker.h).
 *
 * Where DuckDB has a thread of its own, it makes the rows and copies them, and the working thread
 * encodes and sends them meanwhile.
 *
 * Whether that can be is decided before a row is sent: not with parameters, not where a column has
 * to be converted, not where the text does not stand in parentheses as it does alone. Then the
 * caller fetches.
 *
 * Does not: send (batch_out.h). Thread: the working thread; the functions run on any of DuckDB's.
 * Ownership: given, for the life of the process.
 */
#ifndef FH_NODE_WORKER_SINK_H
#define FH_NODE_WORKER_SINK_H

#include "node/worker/batch_out.h"
#include "node/worker/fault.h"
#include "node/worker/inbox.h"

struct fh_sink;

/* Registers its functions. NULL when there is no memory, or DuckDB does not take them. */
FH_MUST_CHECK struct fh_sink *fh_sink_new(duckdb_connection connection);

/* What runs, and where its rows go. All kept until fh_sink_close. */
struct fh_sink_run {
    struct fh_bytes sql;
    uint64_t rows_max; /* FH_ETOOBIG (rule "query.rows") beyond it; 0 = no bound */
    struct fh_batch_out *out;
    struct fh_inbox *inbox; /* asked whether the query was cancelled */
};

/* Prepares it; false: it cannot be run so, and nothing happened. */
FH_MUST_CHECK bool
fh_sink_open(struct fh_sink *sink, duckdb_connection connection, const struct fh_sink_run *run);
/* Runs it to its end. False with the reason in `fault`. */
FH_MUST_CHECK bool fh_sink_execute(struct fh_sink *sink, struct fh_fault *fault);
void fh_sink_close(struct fh_sink *sink);

#endif
