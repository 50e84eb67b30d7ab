/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encode: one column's smaller form, batch by batch.
 *
 * While chunks are gathered the encoder looks at each once: integers, dates, times and decimals
 * give the least and the greatest value and the largest unit of time that divides all distances;
 * strings go into a dictionary. When the batch is laid out it says which form is the smaller one,
 * and then writes it. A column that gained nothing is left alone for a while, twice as long each
 * time, so that random numbers and unique texts cost little.
 *
 *   begin -> add, add, ... -> choose -> write, write, ...  -> begin
 *
 * Does not: hold chunks; see NULLs' values: they are written as the base, or as the first entry.
 * Thread: the working thread. Ownership: vectors are borrowed for the call.
 */
#ifndef FH_NODE_WORKER_ENCODE_H
#define FH_NODE_WORKER_ENCODE_H

#include "proto/query/batch.h"

#include <duckdb.h>

struct fh_encoder;

enum {
    FH_ENCODER_PIECE_ROWS = 2048, /* integers are widened so many at a time: they stay in L1 */
    FH_ENCODER_DICTIONARIES = 64, /* of one answer: each takes some 180 KiB */
};

/* An encoder for a column of DuckDB's type `id` that is carried as `type`, with `width` bytes a
 * value at DuckDB; `encodings` are those allowed. `room` for FH_ENCODER_PIECE_ROWS values is
 * scratch memory, shared by encoders, and kept. `out` is NULL when there is no smaller form. Given:
 * fh_encoder_free. FH_ENOMEM. */
FH_MUST_CHECK int fh_encoder_new(struct fh_encoder **out,
                                 duckdb_type id,
                                 struct fh_type type,
                                 size_t width,
                                 uint32_t encodings,
                                 int64_t *room);
/* NULL is fine. */
void fh_encoder_free(struct fh_encoder *encoder);

/* Begins a batch. */
void fh_encoder_begin(struct fh_encoder *encoder);
/* Looks at the next `rows` rows of the batch; `validity` may be NULL. */
void fh_encoder_add(struct fh_encoder *encoder,
                    const void *data,
                    const uint64_t *validity,
                    uint32_t rows);
/* Sets encoding and its fields in `slot` when they make the column of `rows` rows, which are all
 * that were added, smaller. Everything else of the slot is set. */
void fh_encoder_choose(struct fh_encoder *encoder, struct fh_batch_slot *slot, uint32_t rows);
/* Writes rows `at` .. `at + rows - 1` of a slot that is not plain: the chunk of that many rows that
 * was added when `at` rows had been. Chunks come in order. */
void fh_encoder_write(const struct fh_encoder *encoder,
                      struct fh_batch_slot *slot,
                      const void *data,
                      const uint64_t *validity,
                      uint32_t rows,
                      uint32_t at);

#endif
