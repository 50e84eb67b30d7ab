/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ring out: DuckDB's vectors into frames of a ring.
 *
 * Does not: read anything back from the ring but its counters. Thread: one at a time for one end.
 */
#ifndef FH_NODE_WORKER_RING_OUT_H
#define FH_NODE_WORKER_RING_OUT_H

#include "node/worker/ring_end.h"

#include <duckdb.h>

/* Whether the chunk's columns are those of the ring: else values of another width would be copied.
 */
bool fh_ring_out_fits(const struct fh_ring_end *end, duckdb_data_chunk chunk);

/* Writes the chunk's rows as one frame or more, waiting for room. Its vectors are flat. False when
 * no more can be written: the reader wants no more (`failure` stays), it broke the ring (FH_EPROTO
 * "ring.count"), the end was stopped (FH_ECANCELLED "query.cancelled"), or a row is too large
 * (FH_ETOOBIG "query.row"). */
FH_MUST_CHECK bool fh_ring_out_chunk(struct fh_ring_end *end,
                                     duckdb_data_chunk chunk,
                                     uint32_t rows,
                                     struct fh_err *failure);

/* Writes a frame that counts rows, to a ring without columns. The same. */
FH_MUST_CHECK bool
fh_ring_out_count(struct fh_ring_end *end, uint64_t rows, struct fh_err *failure);

#endif
