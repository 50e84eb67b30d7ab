/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COPY ... TO STDOUT: its forms and options; and what readers of commands share.
 *
 * Does not: read other commands. Sans-IO. Thread: any. Ownership: as command.h.
 */
#ifndef FH_TOOLS_DOOR_PG_COMMAND_COPY_H
#define FH_TOOLS_DOOR_PG_COMMAND_COPY_H

#include "tools/door/pg/command.h"

/* The rest of a statement that began with COPY. */
FH_MUST_CHECK bool
fh_pg_command_copy(struct fh_pg_command *out, struct fh_pg_sql *sql, struct fh_pg_report *report);

/* Reports a syntax error at the next token; false. */
bool fh_pg_command_wrong(struct fh_pg_sql *sql, struct fh_pg_report *report);
/* A name, folded or quoted. */
FH_MUST_CHECK bool fh_pg_command_name(struct fh_pg_sql *sql,
                                      char out[FH_NAME_BYTES_MAX + 1],
                                      struct fh_pg_report *report);

#endif
