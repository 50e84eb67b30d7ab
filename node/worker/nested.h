/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nested values as JSON text: lists, arrays, structs, maps and what they hold.
 *
 * Maps become objects when their keys are text, else arrays of [key, value].
 *
 * Does not: carry unions, bit strings or types that DuckDB's C API cannot read. Thread: any.
 */
#ifndef FH_NODE_WORKER_NESTED_H
#define FH_NODE_WORKER_NESTED_H

#include "common/bytes.h"

#include <duckdb.h>

/* Whether every type inside is one that fh_nested_json writes. */
bool fh_nested_supported(duckdb_logical_type type);

/* Appends the value of `row` (borrowed vector of that type) as JSON; NULL as null. */
void fh_nested_json(duckdb_vector vector, duckdb_logical_type type, idx_t row, struct fh_buf *out);

/* Reads a flat value of `vector` as a cell; false when the type is not a flat one. */
struct fh_cell;
bool fh_nested_cell(duckdb_vector vector, duckdb_logical_type type, idx_t row, struct fh_cell *out);

#endif
