/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types: DuckDB's column types to those that batches carry, and back.
 *
 * Lists, arrays, structs and maps are carried as JSON text, enumerations as text, JSON as JSON.
 *
 * Does not: convert values. Thread: any. Ownership: logical types are borrowed unless said.
 */
#ifndef FH_NODE_WORKER_TYPES_H
#define FH_NODE_WORKER_TYPES_H

#include "proto/query/type.h"

#include <duckdb.h>
#include <stdbool.h>

/* The most rows of a chunk, and so of its vectors. */
enum { FH_VECTOR_ROWS = 2048 };

/* The type in which a DuckDB type is carried; false when it is not carried. */
bool fh_types_carried(duckdb_logical_type type, struct fh_type *out);

/* DuckDB's type of the vectors that a batch's column fills; the caller destroys it. JSON is text
 * there. */
duckdb_logical_type fh_types_duckdb(struct fh_type type);

/* Bytes in which DuckDB keeps a value of a DECIMAL type. */
size_t fh_types_decimal_width(duckdb_logical_type type);

#endif
