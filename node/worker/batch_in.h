/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batch in: columns of a checked batch into DuckDB's vectors.
 *
 * Does not: check the batch (fh_batch_parse, fh_batch_check_text did). Thread: any, distinct
 * vectors.
 */
#ifndef FH_NODE_WORKER_BATCH_IN_H
#define FH_NODE_WORKER_BATCH_IN_H

#include "proto/query/batch.h"

#include <duckdb.h>

/* Copies rows `from` .. `from + count` of the column to rows 0 .. of the vector, whose type is that
 * of fh_types_duckdb. `from` is a multiple of 8. */
void fh_batch_in(duckdb_vector vector,
                 const struct fh_batch_column *column,
                 uint32_t from,
                 uint32_t count);

#endif
