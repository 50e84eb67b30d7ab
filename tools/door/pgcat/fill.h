/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of the system tables: what PostgreSQL has itself, and what a catalogue shows.
 *
 * Does not: make the tables (relations.h). Thread: that of the database.
 */
#ifndef FH_TOOLS_DOOR_PGCAT_FILL_H
#define FH_TOOLS_DOOR_PGCAT_FILL_H

#include "tools/door/pgcat/facts.h"

struct sqlite3;

/* FH_ENOMEM, FH_EINTERNAL. */
FH_MUST_CHECK int
fh_pgcat_fill(struct sqlite3 *db, const struct fh_pgcat_facts *facts, struct fh_err *err);

#endif
