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
 * Does not: send. Thread: the working thread. Ownership: chunks given to add are taken.
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
void fh_batch_out_free(struct fh_batch_out *out);

/* Adds a chunk (taken). FH_ETOOBIG "query.row" for a row larger than a batch, FH_ECANCELLED when
 * `fn` stopped it. */
FH_MUST_CHECK int
fh_batch_out_add(struct fh_batch_out *out, duckdb_data_chunk chunk, struct fh_err *err);

/* Writes what is held; `always`: also a batch without rows, so that the columns are known. */
FH_MUST_CHECK int fh_batch_out_flush(struct fh_batch_out *out, bool always, struct fh_err *err);

#endif
