/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Short text: DuckDB's function fh_short, which gives a text (VARCHAR or BLOB) as a number of 16
 * bytes that stand as DuckDB's own value of it does: length, then the text itself.
 *
 * DuckDB flattens what a C function gets, and of a text that stands in a dictionary, as in Parquet
 * and after a mask, that takes a call and a copy of its bit of validity for every row. A number it
 * gathers by one loop; and fh_short itself, which has one argument and no side effect, runs once
 * for each entry of the dictionary. NULL is a number too, so that the flat vector has no bitmap.
 * Of a longer text only that it is one can be said.
 *
 *     u32 length | 12 bytes of text, zeros behind      a text of at most 12 bytes
 *     FH_SHORT_NULL | zeros                            NULL
 *     FH_SHORT_LONG | zeros                            a longer one
 *
 * Does not: keep anything. Thread: any.
 */
#ifndef FH_NODE_WORKER_SHORT_TEXT_H
#define FH_NODE_WORKER_SHORT_TEXT_H

#include "common/err.h"

#include <duckdb.h>

#include <stdbool.h>
#include <stdint.h>

enum { FH_SHORT_BYTES_MAX = 12 };

/* In place of a length. */
#define FH_SHORT_NULL UINT32_MAX
#define FH_SHORT_LONG (UINT32_MAX - 1)

/* How values of fh_short look, or of texts (`beyond` alone). */
struct fh_short_seen {
    bool beyond; /* a length is none of a short text */
    bool nulls;
    bool longer; /* one is FH_SHORT_LONG */
};

struct fh_short_seen fh_short_look(const duckdb_string_t *values, uint32_t rows);

/* How all columns of a chunk look that fh_short gave. */
struct fh_short_seen fh_short_look_at(duckdb_data_chunk chunk);

/* Registers fh_short for the connection's database. */
FH_MUST_CHECK int fh_short_register(duckdb_connection connection, struct fh_err *err);

#endif
