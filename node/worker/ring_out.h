/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ring out: DuckDB's vectors to the frames of a ring (proto/query/ring.h).
 *
 * Every frame but the last is full: it ends at a number of rows, or where the next row's texts do
 * not fit, and never where a vector of the source did. A filter leaves vectors of all lengths, by
 * rows that are not there for whoever reads; DuckDB joins and sums by vector, so the order of rows
 * and the last digit of a sum would tell of them.
 *
 * Nothing is read back from the memory, which the reader may change.
 *
 * Does not: check types (feed.c does). Thread: one at a time. Ownership: borrows the ring's end.
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
    bool are_short;     /* texts of the chunk at hand: as fh_short gives them */
    uint8_t *nulls;     /* a byte for each column */
    uint64_t *validity; /* of each column, the word that is being filled */
};

enum fh_ring_out_state {
    FH_RING_OUT_GOOD,
    FH_RING_OUT_OVER,    /* the reader wants no more */
    FH_RING_OUT_STOPPED, /* by fh_ring_stop */
    FH_RING_OUT_BROKEN,  /* the reader counts what cannot be */
    FH_RING_OUT_ROW,     /* the texts of one row do not fit a frame */
};

/* `end` is kept, and open; what else is needed comes from the arena. FH_ENOMEM. */
FH_MUST_CHECK int fh_ring_out_init(struct fh_ring_out *out,
                                   struct fh_ring_end *end,
                                   struct fh_arena *arena,
                                   struct fh_err *err);

/* Appends the rows of a chunk, whose columns are those of the ring. May wait for the reader. */
enum fh_ring_out_state
fh_ring_out_rows(struct fh_ring_out *out, duckdb_data_chunk chunk, uint32_t rows);

/* The same where texts stand as fh_short gives them, none of them longer. */
enum fh_ring_out_state
fh_ring_out_short(struct fh_ring_out *out, duckdb_data_chunk chunk, uint32_t rows);

/* Without columns: all that there is to say. */
enum fh_ring_out_state fh_ring_out_count(struct fh_ring_out *out, uint64_t rows);

/* Hands over the last frame. */
void fh_ring_out_end(struct fh_ring_out *out);

#endif
