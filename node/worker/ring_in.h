/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ring in: frames of a ring into DuckDB's vectors, checked.
 *
 * The writer is a worker that parses data files of others, and may have been taken over by one:
 * what comes is copied, then looked at, and only what a table of the promised types could hold goes
 * to DuckDB.
 *
 * Does not: ask for the ring. Thread: DuckDB's thread of the scan; fh_ring_in_stop any. Ownership:
 * given by new.
 */
#ifndef FH_NODE_WORKER_RING_IN_H
#define FH_NODE_WORKER_RING_IN_H

#include "node/worker/ring_end.h"

#include <duckdb.h>

struct fh_ring_in;

/* A reader of rows of these types from the ring in `fd` (borrowed). FH_EPROTO, FH_ENOMEM. */
FH_MUST_CHECK int fh_ring_in_new(struct fh_ring_in **out,
                                 const struct fh_type *types,
                                 uint32_t count,
                                 int fd,
                                 struct fh_err *err);
/* Tells the writer that no more is wanted; NULL is fine. */
void fh_ring_in_free(struct fh_ring_in *in);

/* Waits for rows. FH_RING_READY: the columns of fh_ring_in_rows rows can be taken, then
 * fh_ring_in_done. FH_RING_BROKEN: `err` says why. */
FH_MUST_CHECK enum fh_ring_wait fh_ring_in_next(struct fh_ring_in *in, struct fh_err *err);
/* Rows at hand: at most one vector. */
uint32_t fh_ring_in_rows(const struct fh_ring_in *in);
/* Fills a vector with column `column`. FH_EPROTO "scan.values". */
FH_MUST_CHECK int
fh_ring_in_column(struct fh_ring_in *in, uint32_t column, duckdb_vector vector, struct fh_err *err);
void fh_ring_in_done(struct fh_ring_in *in);

/* Ends the wait of the other thread. */
void fh_ring_in_stop(struct fh_ring_in *in);

#endif
