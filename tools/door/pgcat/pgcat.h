/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers to what clients of PostgreSQL ask about the schema: pg_catalog and information_schema.
 *
 * Every tool that speaks to PostgreSQL first reads its system tables: psql for \d, DBeaver for its
 * tree, Npgsql for its types, pgjdbc for its metadata. A catalogue here is such a set of system
 * tables over the products that one identity may see: a schema is a domain, a table is a product
 * (or product__table), a comment is what the contract says. It lives in an in-memory database of
 * its own (SQLite), into which a statement gets by a translation from PostgreSQL's dialect
 * (translate.h), so that a client may ask what it likes and no statement is known by heart.
 *
 * Does not: read a product, reach a file or the network, change anything. A statement can at most
 * use up its own bounds (FH_PGCAT_*): bytes, depth, steps, rows, cells.
 * Thread: any; a catalogue answers one statement at a time and the others wait.
 * Ownership: counted reference; answers are plain memory that the caller frees.
 * Sources: PostgreSQL 15 manual, chapters 37 (information_schema) and 53 (system catalogs).
 */
#ifndef FH_TOOLS_DOOR_PGCAT_PGCAT_H
#define FH_TOOLS_DOOR_PGCAT_PGCAT_H

#include "common/bytes.h"
#include "common/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fh_pgcat_mesh; /* mesh.h: what there is to show */
struct fh_pgcat;

/* Who asks, and on which connection. Everything is borrowed for the call. */
struct fh_pgcat_self {
    const char *user;     /* role name: current_user; what the client signed in as */
    const char *database; /* current_database(); "" is read as the mesh's name */
    const char *version;  /* server_version, "15.0": begins what version() says */
    int32_t pid;          /* pg_backend_pid(): of the cancel key */
    int64_t now_ms;       /* Unix: now() */
    /* current_setting('name'), pg_settings and current_schemas() (by "search_path"): the value of a
     * setting of this connection or NULL when there is none of that name. May be NULL. The text is
     * copied before the next call. */
    const char *(*setting)(void *connection, const char *name);
    /* set_config('name', 'value', is_local): whether the setting was taken. May be NULL: none is.
     */
    bool (*set)(void *connection, const char *name, const char *value);
    void *connection;
};

struct fh_pgcat_value {
    const char *text; /* PostgreSQL's text form; NULL: SQL's NULL */
    size_t size;
};

/* A bound value, in text form whatever the client sent. */
struct fh_pgcat_param {
    struct fh_pgcat_value value;
    uint32_t type; /* oid that the client declared; 0: none, as it is found (fh_pgcat_describe) */
};

struct fh_pgcat_column {
    const char *name;
    uint32_t type; /* oid of PostgreSQL: 25 is text */
    int16_t size;  /* typlen: bytes, or -1 */
};

/* Columns, and rows when it was answered. */
struct fh_pgcat_rows {
    size_t column_count;
    const struct fh_pgcat_column *columns;
    size_t param_count; /* highest $n that stands in the statement */
    const uint32_t *param_types;
    size_t row_count;
    const struct fh_pgcat_value *cells; /* row by row, in PostgreSQL's text form */
    size_t bytes;                       /* of memory that all this takes */
};

/* Whether the statement (one, without more behind its semicolon) is for a catalogue: it reads a
 * table of pg_catalog or information_schema, or names no table at all (SELECT version()).
 * Everything else is for the mesh. Cheap; never fails: what cannot be read is not for us. */
bool fh_pgcat_is_for(struct fh_bytes sql);

/* A catalogue of what `mesh` lists; borrowed. Given, with one reference. FH_ENOMEM, FH_ETOOBIG. */
FH_MUST_CHECK int
fh_pgcat_new(struct fh_pgcat **out, const struct fh_pgcat_mesh *mesh, struct fh_err *err);
struct fh_pgcat *fh_pgcat_keep(struct fh_pgcat *catalogue);
/* Drops a reference; the last one ends it. NULL is fine. */
void fh_pgcat_drop(struct fh_pgcat *catalogue);
static inline void fh_pgcat_dropp(struct fh_pgcat **catalogue)
{
    fh_pgcat_drop(*catalogue);
}

/* The shape of the answer without the answer: columns and types of parameters. `param_types`
 * (borrowed, may be NULL) are what the client declared, 0 where it did not; what stays open is
 * found from what a parameter is compared with, else it is text. Given: fh_pgcat_rows_free.
 * Errors as fh_pgcat_answer. */
FH_MUST_CHECK int fh_pgcat_describe(struct fh_pgcat *catalogue,
                                    const struct fh_pgcat_self *self,
                                    struct fh_bytes sql,
                                    const uint32_t *param_types,
                                    size_t param_type_count,
                                    struct fh_pgcat_rows **out,
                                    struct fh_err *err);

/* Runs the statement. `params` are borrowed. Given: fh_pgcat_rows_free.
 *
 * The rule of an error is "pgcat." and a word, for which fh_pgcat_sqlstate has PostgreSQL's code:
 * FH_ESQL (pgcat.syntax, .table, .column, .function, .type, .value, .unsupported, .read_only),
 * FH_ENOTFOUND (pgcat.relation: 'x'::regclass), FH_EINVAL (pgcat.params), FH_ETOOBIG
 * (pgcat.statement, .depth, .steps, .rows, .bytes), FH_ENOMEM. */
FH_MUST_CHECK int fh_pgcat_answer(struct fh_pgcat *catalogue,
                                  const struct fh_pgcat_self *self,
                                  struct fh_bytes sql,
                                  const struct fh_pgcat_param *params,
                                  size_t param_count,
                                  struct fh_pgcat_rows **out,
                                  struct fh_err *err);

/* "42P01" for pgcat.table ...; NULL for rules that are not of here. */
const char *fh_pgcat_sqlstate(const char *rule);

void fh_pgcat_rows_free(struct fh_pgcat_rows *rows);
static inline void fh_pgcat_rows_freep(struct fh_pgcat_rows **rows)
{
    fh_pgcat_rows_free(*rows);
}

#endif
