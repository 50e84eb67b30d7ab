/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Validity: the bitmap beside a vector of DuckDB that says which rows are not NULL.
 *
 * Does not: ask DuckDB, whose own function is a call for each row. Thread: any.
 */
#ifndef FH_NODE_WORKER_VALIDITY_H
#define FH_NODE_WORKER_VALIDITY_H

#include <duckdb.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether the row is not NULL; without a bitmap none is. */
static inline bool fh_row_valid(const uint64_t *validity, idx_t row)
{
    return validity == NULL || (validity[row / 64] >> (row % 64) & 1) != 0;
}

#endif
