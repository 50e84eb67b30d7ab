/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taker: a function of DuckDB with a side effect, which takes the rows of a query where they are
 * made. They do not become a result, so nothing is buffered.
 *
 *     SELECT any_value(CASE WHEN NAME_short(columns, texts by fh_short) THEN NAME(columns) ELSE 0
 * END) FROM (SELECT * FROM (the query) LIMIT no table reaches it)
 *
 * any_value looks at its first row and at no other, but they are computed for it. The LIMIT keeps
 * DuckDB's last part to one thread and to the order of the query.
 *
 * NAME takes the chunks that it gets, and gives 0 for their rows. A chunk whose texts are all short
 * is much cheaper where they stand in a dictionary (short_text.h): NAME_short takes it and gives
 * false for all of its rows, or takes nothing and gives true for all when NAME has to. So each
 * chunk goes through one of them, and rows stay in order. Without texts NAME stands alone.
 *
 * Does not: know what becomes of rows (feed.h, sink.h). Thread: any.
 */
#ifndef FH_NODE_WORKER_TAKER_H
#define FH_NODE_WORKER_TAKER_H

#include "common/bytes.h"

#include <duckdb.h>

#include <stdbool.h>
#include <stdint.h>

/* Registers NAME, or NAME_short when `is_short`; `extra` is kept. Whether DuckDB takes it. */
FH_MUST_CHECK bool fh_taker_register(duckdb_connection connection,
                                     const char *name,
                                     bool is_short,
                                     duckdb_scalar_function_bind_t bind,
                                     duckdb_scalar_function_t fn,
                                     void *extra);

/* Whether a column of the query is a text. */
typedef bool fh_taker_text_fn(const void *user, uint32_t column);

/* Appends the statement by which NAME takes the rows of `sql`, which has these columns, at least
 * one. Where `sql` begins in `out`. */
size_t fh_taker_put_query(struct fh_buf *out,
                          const char *name,
                          struct fh_bytes sql,
                          uint32_t column_count,
                          fh_taker_text_fn *is_text,
                          const void *user);

#endif
