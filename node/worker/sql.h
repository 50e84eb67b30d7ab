/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pieces of SQL text, quoted so that no name or value can end its quotes.
 *
 * Does not: know SQL otherwise. Thread: any.
 */
#ifndef FH_NODE_WORKER_SQL_H
#define FH_NODE_WORKER_SQL_H

#include "common/bytes.h"
#include "proto/query/type.h"

/* Appends "name" with quotes doubled. */
void fh_sql_name(struct fh_buf *out, const char *name);
/* Appends 'text' with quotes doubled. */
void fh_sql_text(struct fh_buf *out, const char *text);
/* Appends the SQL name of a valid type. */
void fh_sql_type(struct fh_buf *out, struct fh_type type);

#endif
