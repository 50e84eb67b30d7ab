/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources that are files: the SQL that reads them.
 *
 * Parquet columns have types; they are cast to the promised ones. CSV and JSON are read as text and
 * cast by the same expression that a check tries, so what a check passes a query can read. A CSV's
 * delimiter is found once, when the table is added; quoting is RFC 4180, the first line names the
 * columns.
 *
 * Does not: touch paths other than /proc/self/fd. Thread: the working thread.
 */
#ifndef FH_NODE_WORKER_SOURCE_FILES_H
#define FH_NODE_WORKER_SOURCE_FILES_H

#include "proto/query/channel.h"

#include <duckdb.h>

struct fh_source {
    enum fh_source_format format;
    struct fh_buf relation; /* read_csv(...): what stands behind FROM */
    struct fh_buf missing;  /* one byte per column of the table: 1 = the source has none such */
    unsigned missing_count;
};

/* Finds the columns of a file source in `slots`. `deep`: look at all of a JSON source for its keys
 * (checks); else keys that are not there read as NULL. FH_EINVAL "source.read" without text of the
 * file. */
FH_MUST_CHECK int fh_source_open(struct fh_source *out,
                                 duckdb_connection connection,
                                 const struct fh_table *table,
                                 const int *slots,
                                 bool deep,
                                 struct fh_err *err);
void fh_source_fini(struct fh_source *source);

/* Name of a column in the source. */
const char *fh_source_column(const struct fh_column *column);

/* Appends the expression of a column's value as promised; `attempt`: NULL where it does not
 * convert. */
void fh_source_value(struct fh_buf *out, const struct fh_column *column, bool attempt);

#endif
