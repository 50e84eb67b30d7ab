/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names and oids of what a catalogue shows: databases, schemas, tables, types, functions, roles.
 *
 * An oid is found from the names (FNV-1a, the next free one when it is taken), so that it is the
 * same in every reading of the mesh and in every door, as long as two names do not fall together.
 * System tables, types and their functions have the oids of PostgreSQL.
 *
 * Does not: know SQLite. Thread: immutable once made. Ownership: has copies of all.
 */
#ifndef FH_TOOLS_DOOR_PGCAT_FACTS_H
#define FH_TOOLS_DOOR_PGCAT_FACTS_H

#include "tools/door/pgcat/mesh.h"
#include "tools/door/pgcat/relations.h"

#include "common/arena.h"

enum fh_pgcat_fixed_oid {
    FH_PGCAT_OWNER = 10, /* role of who signed in; owner of the system tables */
    FH_PGCAT_SCHEMA_CATALOG = 11,
    FH_PGCAT_SCHEMA_PUBLIC = 2200,
    FH_PGCAT_SCHEMA_STANDARD = 13200, /* information_schema */
    FH_PGCAT_DATABASE = 5,
    FH_PGCAT_TABLESPACE = 1663,
    FH_PGCAT_COLLATION = 100,
    FH_PGCAT_AM_HEAP = 2,
    FH_PGCAT_AM_BTREE = 403,
    FH_PGCAT_CLASS_CLASS = 1259,    /* classoid of tables in pg_description */
    FH_PGCAT_FUNCTION_FIRST = 9000, /* those of ours that have no oid that clients know */
};

struct fh_pgcat_schema {
    const char *name;
    uint32_t oid;
    uint32_t role; /* of its owner, the domain; FH_PGCAT_OWNER for system schemas */
};

struct fh_pgcat_table {
    const struct fh_pgcat_schema *schema;
    const char *name;
    const char *comment; /* "" */
    uint32_t oid;
    uint32_t key_index; /* oids of the primary key; 0: has none */
    uint32_t key_constraint;
    size_t column_count;
    const struct fh_pgcat_mesh_column *columns;
    const struct fh_pgcat_relation *system; /* NULL: of the mesh; it has no columns here */
};

struct fh_pgcat_facts {
    struct fh_arena *arena;
    const char *database;
    size_t schema_count; /* system schemas first */
    const struct fh_pgcat_schema *schemas;
    size_t table_count; /* sorted by oid, system tables too */
    const struct fh_pgcat_table *tables;
};

/* Copies what the mesh lists. FH_ENOMEM, FH_ETOOBIG. Given. */
FH_MUST_CHECK int fh_pgcat_facts_new(struct fh_pgcat_facts **out,
                                     const struct fh_pgcat_mesh *mesh,
                                     struct fh_err *err);
void fh_pgcat_facts_free(struct fh_pgcat_facts *facts);

const struct fh_pgcat_schema *fh_pgcat_facts_schema(const struct fh_pgcat_facts *facts,
                                                    uint32_t oid);
const struct fh_pgcat_schema *fh_pgcat_facts_schema_named(const struct fh_pgcat_facts *facts,
                                                          const char *name);
/* The table of an oid; or the one whose primary key has it (as index or constraint). */
const struct fh_pgcat_table *fh_pgcat_facts_table(const struct fh_pgcat_facts *facts, uint32_t oid);
const struct fh_pgcat_table *fh_pgcat_facts_key(const struct fh_pgcat_facts *facts, uint32_t oid);
/* By name. `schema` NULL: a system table, else the only table of the mesh with that name. */
const struct fh_pgcat_table *fh_pgcat_facts_table_named(const struct fh_pgcat_facts *facts,
                                                        const char *schema,
                                                        const char *name);

enum { FH_PGCAT_KEY_NAME_BYTES = 64 + 8 };
/* "flights_pkey": the index and the constraint of a table's primary key. */
void fh_pgcat_key_name(char out[FH_PGCAT_KEY_NAME_BYTES], const struct fh_pgcat_table *table);

/* Appends a name, in quotes where it needs them. */
void fh_pgcat_quote_name(struct fh_buf *out, const char *name);
/* Reads "schema"."name" or name into arena copies, folded; `*out_schema` NULL when there is none.
 * False when the text is no name. */
bool fh_pgcat_read_name(struct fh_arena *arena,
                        struct fh_bytes text,
                        const char **out_schema,
                        const char **out_name);

/* Name and oid of a function that a type brings along ("array_in"); 0 and NULL when there is none.
 */
uint32_t fh_pgcat_type_function_named(const char *name);
void fh_pgcat_type_function(struct fh_buf *out, uint32_t oid);

#endif
