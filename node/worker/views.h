/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Views: the names that a table answers to (engine.h), all on one SELECT.
 *
 * Does not: know where rows come from. Thread: the working thread.
 */
#ifndef FH_NODE_WORKER_VIEWS_H
#define FH_NODE_WORKER_VIEWS_H

#include "proto/query/channel.h"

#include <duckdb.h>

/* Makes or replaces the table's views, with the catalog and the schema that they stand in. FH_EIO
 * or as fh_fault_read in phase `source`. */
FH_MUST_CHECK int fh_views_show(duckdb_connection connection,
                                const struct fh_table *table,
                                const char *select,
                                struct fh_err *err);

/* Runs a statement of our own; errors as above. */
FH_MUST_CHECK int fh_views_do(duckdb_connection connection, const char *sql, struct fh_err *err);

#endif
