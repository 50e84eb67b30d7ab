/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a catalogue shows: domains, products and columns as one identity sees them, as plain data.
 *
 * Read from a node through libfreehold with the identity's own session, so that it lists what the
 * node lets this identity see and every contract was verified on the way.
 *
 * Does not: know PostgreSQL. Thread: one for a mesh that is being filled; then immutable.
 * Ownership: everything lives as long as the mesh.
 */
#ifndef FH_TOOLS_DOOR_PGCAT_MESH_H
#define FH_TOOLS_DOOR_PGCAT_MESH_H

#include "common/err.h"
#include "common/limits.h"
#include "proto/contract/sql_type.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fh_arena;
struct freehold_client;

struct fh_pgcat_mesh_column {
    const char *name;
    char type[FH_SQL_TYPE_BYTES]; /* as the answer's type: "BIGINT", "DECIMAL(18,3)" */
    const char *comment;          /* "" when there is none */
    bool required;
    uint32_t primary_key; /* place in the primary key from 1; 0: no part of it */
};

struct fh_pgcat_mesh_table {
    const char *schema;   /* the domain's name */
    const char *name;     /* product, product__table, product@1 */
    const char *comment;  /* "" when there is none */
    const char *contract; /* record id: with schema and name it is the same table for ever */
    size_t column_count;
    const struct fh_pgcat_mesh_column *columns;
};

struct fh_pgcat_mesh {
    const char *name;    /* of the mesh: the database */
    size_t schema_count; /* all domains that own a product */
    const char *const *schemas;
    size_t table_count;
    const struct fh_pgcat_mesh_table *tables;
};

/* Contracts that were described once, by their id, so that a catalogue that is read again asks only
 * for what is new. Thread: any. */
struct fh_pgcat_contracts;
FH_MUST_CHECK int fh_pgcat_contracts_new(struct fh_pgcat_contracts **out, struct fh_err *err);
void fh_pgcat_contracts_free(struct fh_pgcat_contracts *contracts);

/* Lists what the client's identity may see. Products whose contract has not come, or whose columns
 * cannot be served, are left out. Blocking: as long as the node needs. Given:
 * fh_pgcat_mesh_free. */
FH_MUST_CHECK int fh_pgcat_mesh_read(struct fh_pgcat_mesh **out,
                                     struct fh_pgcat_contracts *contracts,
                                     struct freehold_client *client,
                                     struct fh_err *err);
void fh_pgcat_mesh_free(struct fh_pgcat_mesh *mesh);

/* A copy of a table's columns with their texts in the arena; NULL when it has no room. */
const struct fh_pgcat_mesh_column *fh_pgcat_mesh_columns(struct fh_arena *arena,
                                                         const struct fh_pgcat_mesh_table *from);

#endif
