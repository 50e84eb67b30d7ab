/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ring out: DuckDB's vectors into frames of a ring.
 *
 * Every frame but the last is full: it ends at a number of rows, or where the next row's texts do
 * not fit, and never where a vector of the source did. A filter leaves vectors of all lengths, by
 * rows that are not there for whoever reads; DuckDB joins and sums by vector, so the order of rows
 * and the last digit of a sum would tell of them.
 *
 * Does not: read anything back from the ring but its counters. Thread: one at a time for one end.
 * Ownership: borrows the end.
 */
#ifndef FH_NODE_WORKER_RING_OUT_H
#define FH_NODE_WORKER_RING_OUT_H

#include "node/worker/ring_end.h"

#include <duckdb.h>

struct fh_ring_out {
    struct fh_ring_end *end;
    uint8_t *slot; /* of the frame that is being filled; NULL: none */
    uint32_t rows; /* in it */
    uint32_t text_bytes;
    uint8_t *nulls;     /* a byte for each column */
    uint64_t *validity; /* of each column, the word that is being filled */
};

/* `end` is kept, and open; what else is needed comes from the arena. FH_ENOMEM. */
FH_MUST_CHECK int fh_ring_out_init(struct fh_ring_out *out,
                                   struct fh_ring_end *end,
                                   struct fh_arena *arena,
                                   struct fh_err *err);

/* Whether the chunk's columns are those of the ring: else values of another width would be copied.
 */
bool fh_ring_out_fits(const struct fh_ring_end *end, duckdb_data_chunk chunk);

/* Appends the chunk's rows, waiting for room. Its vectors are flat. False when no more can be
 * written: the reader wants no more (`failure` stays), it broke the ring (FH_EPROTO "ring.count"),
 * the end was stopped (FH_ECANCELLED "query.cancelled"), or a row is too large (FH_ETOOBIG
 * "query.row"). */
FH_MUST_CHECK bool fh_ring_out_chunk(struct fh_ring_out *out,
                                     duckdb_data_chunk chunk,
                                     uint32_t rows,
                                     struct fh_err *failure);

/* Writes a frame that counts rows, to a ring without columns. The same. */
FH_MUST_CHECK bool
fh_ring_out_count(struct fh_ring_out *out, uint64_t rows, struct fh_err *failure);

/* Hands over the last frame. */
void fh_ring_out_end(struct fh_ring_out *out);

#endif
