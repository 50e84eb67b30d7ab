/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batch in: columns of a checked batch into DuckDB's vectors.
 *
 * Does not: parse the batch (fh_batch_parse). Thread: any, distinct vectors.
 */
#ifndef FH_NODE_WORKER_BATCH_IN_H
#define FH_NODE_WORKER_BATCH_IN_H

#include "proto/query/channel.h"

#include <duckdb.h>

/* Whether a parsed batch has exactly the columns `projected` (indices) of a table whose `columns` a
 * contract promises, with values that DuckDB can hold. FH_EPROTO "scan.columns", "scan.types",
 * "scan.values", and as fh_batch_check_text. */
FH_MUST_CHECK int fh_batch_in_check(const struct fh_batch *batch,
                                    const struct fh_column *columns,
                                    const uint32_t *projected,
                                    uint32_t projected_count,
                                    struct fh_err *err);

/* Copies rows `from` .. `from + count` of the column to rows 0 .. of the vector, whose type is that
 * of fh_types_duckdb. `from` is a multiple of 8. */
void fh_batch_in(duckdb_vector vector,
                 const struct fh_batch_column *column,
                 uint32_t from,
                 uint32_t count);

#endif
