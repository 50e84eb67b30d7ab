/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system tables: which there are, with which columns, and what makes their rows.
 *
 * Each becomes a table of the database `pg_catalog` in SQLite, those of information_schema as
 * "information_schema.tables"; a view with a definition of ours becomes a view. What has no rows
 * here (triggers, foreign servers, ...) is an empty table, so that whoever looks finds none.
 *
 * Does not: fill them (fill.h). Thread: any; constants.
 * Sources: PostgreSQL 15 manual, chapters 37, 53 and 54.
 */
#ifndef FH_TOOLS_DOOR_PGCAT_RELATIONS_H
#define FH_TOOLS_DOOR_PGCAT_RELATIONS_H

#include "common/bytes.h"

#include <stdbool.h>
#include <stdint.h>

struct fh_pgcat_relation {
    const char *schema;
    const char *name;
    uint32_t oid;
    char kind;           /* 'r', 'v' */
    const char *columns; /* "oid oid,relname name,relacl _aclitem?" */
};

extern const struct fh_pgcat_relation fh_pgcat_relations[];
extern const size_t fh_pgcat_relation_count;

/* NULL when there is none. */
const struct fh_pgcat_relation *fh_pgcat_relation_find(const char *schema, const char *name);

struct fh_pgcat_relation_column {
    char name[64];
    char type[64]; /* "int4", "_aclitem" */
    bool nullable;
};
/* The column at `*at` of `columns`, and moves it on; false at the end. */
bool fh_pgcat_relation_next(const char **at, struct fh_pgcat_relation_column *out);

/* Type of a table's column; 0 when it has none of that name. */
uint32_t fh_pgcat_relation_type(const struct fh_pgcat_relation *relation, const char *name);
/* Type of a column of this name, in whatever system table; 0 when there is none, or tables do not
 * agree on it. */
uint32_t fh_pgcat_relation_column_type(const char *name);

/* Appends the statements that make all tables and views in the database pg_catalog. */
void fh_pgcat_relations_create(struct fh_buf *out);

#endif
