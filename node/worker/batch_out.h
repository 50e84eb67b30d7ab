/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batch out: chunks of a DuckDB result, gathered and written as batches.
 *
 * Chunks are held until the next one would make the batch larger than FH_BATCH_BYTES_MAX; the
 * first batch is cut early, so that the consumer sees rows soon. A chunk that is larger by itself
 * is cut by rows. Fixed-width columns are copied as they are; values under NULL are written as
 * zero, so that nothing hidden travels there. Lists, structs and maps become JSON text,
 * enumerations text. Encodings that the reader knows are used where they make a column smaller
 * (encode.h); how many rows a batch has does not depend on them.
 *
 * Rows that are lent for a moment only, as a function of DuckDB gets them, are copied
 * (fh_batch_out_copy): into chunks of our own, which are filled one after another and used again.
 *
 * Does not: send. Thread: one at a time, but for copies that are handed on. Ownership: chunks given
 * to add are taken.
 */
#ifndef FH_NODE_WORKER_BATCH_OUT_H
#define FH_NODE_WORKER_BATCH_OUT_H

#include "proto/query/batch.h"

#include <duckdb.h>

struct fh_batch_out;

/* Called for each finished batch (lent for the call); false stops the query. */
typedef bool fh_batch_out_fn(struct fh_bytes batch, uint32_t rows, void *user);

/* A writer for results of these columns. FH_ESQL (rule "query.type") names a column of a type that
 * is not carried; FH_ETOOBIG for too many columns. Given. */
FH_MUST_CHECK int fh_batch_out_new(struct fh_batch_out **out,
                                   duckdb_result *result,
                                   uint32_t encodings,
                                   fh_batch_out_fn *fn,
                                   void *user,
                                   struct fh_err *err);
/* The same for the results that a statement without parameters will have. */
FH_MUST_CHECK int fh_batch_out_new_for(struct fh_batch_out **out,
                                       duckdb_prepared_statement statement,
                                       uint32_t encodings,
                                       fh_batch_out_fn *fn,
                                       void *user,
                                       struct fh_err *err);
void fh_batch_out_free(struct fh_batch_out *out);

/* Adds a chunk (taken). FH_ETOOBIG "query.row" for a row larger than a batch, FH_ECANCELLED when
 * `fn` stopped it. */
FH_MUST_CHECK int
fh_batch_out_add(struct fh_batch_out *out, duckdb_data_chunk chunk, struct fh_err *err);

/* How the values of a column come to fh_batch_out_copy. */
enum fh_batch_out_form {
    FH_BATCH_OUT_NEVER, /* not at all: it has to be converted, so its chunks have to be held */
    FH_BATCH_OUT_VALUE, /* as DuckDB has them */
    FH_BATCH_OUT_TEXT,  /* so, or as fh_short gives them (short_text.h) */
};
uint32_t fh_batch_out_columns(const struct fh_batch_out *out);
enum fh_batch_out_form fh_batch_out_form(const struct fh_batch_out *out, uint32_t column);
/* Whether a column of this type is what fh_batch_out_copy takes; `is_short`: texts by fh_short. */
bool fh_batch_out_fits(const struct fh_batch_out *out,
                       uint32_t column,
                       duckdb_logical_type type,
                       bool is_short);

enum fh_batch_out_texts {
    FH_BATCH_OUT_ALL,         /* as DuckDB has them */
    FH_BATCH_OUT_SHORT,       /* fh_short's, none of them longer */
    FH_BATCH_OUT_SHORT_THERE, /* and none of them NULL */
};

/* Copies the rows of a chunk (borrowed), whose columns are flat and fit. As fh_batch_out_add. */
FH_MUST_CHECK int fh_batch_out_copy(struct fh_batch_out *out,
                                    duckdb_data_chunk chunk,
                                    enum fh_batch_out_texts texts,
                                    struct fh_err *err);

/* Whoever copies may be another thread than whoever encodes and sends: then a chunk that is full of
 * copies goes to `fn` (taken), which has it added by fh_batch_out_add_copies on the other's thread,
 * in order, or dropped by fh_batch_out_reuse. */
typedef int fh_batch_out_full_fn(duckdb_data_chunk chunk, void *user, struct fh_err *err);
void fh_batch_out_hand_on(struct fh_batch_out *out, fh_batch_out_full_fn *fn, void *user);
FH_MUST_CHECK int
fh_batch_out_add_copies(struct fh_batch_out *out, duckdb_data_chunk chunk, struct fh_err *err);
void fh_batch_out_reuse(struct fh_batch_out *out, duckdb_data_chunk chunk);

/* To be called behind the last copy, when all that was handed on was added: then all that is left
 * is one batch at most. As fh_batch_out_add. */
FH_MUST_CHECK int fh_batch_out_settle(struct fh_batch_out *out, struct fh_err *err);

/* Writes what is held; `always`: also a batch without rows, so that the columns are known. */
FH_MUST_CHECK int fh_batch_out_flush(struct fh_batch_out *out, bool always, struct fh_err *err);

#endif
