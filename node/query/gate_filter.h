/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filter: Boolean SQL over the columns of one table, as policies and grants carry it.
 *
 * What an author wrote is put behind WHERE by the node, so it must be one expression and nothing
 * else, whatever stands around it. It passes the gate of consumers' SQL, and besides: no subquery,
 * no window, no random function, columns by their bare names. DuckDB then says whether it is
 * Boolean over these columns and these types, without data.
 *
 * Does not: run it. Thread: a pool thread's, as the worker's questions are. Ownership: borrows.
 */
#ifndef FH_NODE_QUERY_GATE_FILTER_H
#define FH_NODE_QUERY_GATE_FILTER_H

#include "node/query/workers.h"

/* A column that the filter may name. */
struct fh_filter_column {
    const char *name;
    const char *sql_type; /* sql_type.h; "": one that is not served, which no filter can read */
};

/* Whether `filter` is one Boolean expression over these columns. The worker has no tables. Refusals
 * (FH_ECHECK): "filter.sql" with the reason of prescan, parser, gate or binder, "filter.shape" (no
 * single expression, a subquery, a window, a random function, a qualified name), "filter.boolean".
 * FH_ENOMEM, and the failures of a worker. */
FH_MUST_CHECK int fh_filter_check(struct fh_worker *worker,
                                  const char *filter,
                                  const struct fh_filter_column *columns,
                                  uint32_t column_count,
                                  int64_t deadline_ms,
                                  struct fh_err *err);

/* The part of it that looks at DuckDB's tree of `SELECT <filter>` (json_serialize_sql, borrowed):
 * FH_ECHECK "filter.shape", or the gate's refusals. For tests: the worker is not trusted. */
FH_MUST_CHECK int
fh_filter_check_tree(struct fh_bytes json, struct fh_arena *arena, struct fh_err *err);

#endif
