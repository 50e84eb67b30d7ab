/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Draft: a contract in the making, as `freehold contract import` finds it in a source.
 *
 * Readers (import_*.c) fill tables and columns with what a source declares and what was seen in
 * its data, each under its own name; fh_draft_finish settles what follows from both: SQL names,
 * logical types, guessed classifications. draft_write.c prints it, with comments for the person
 * who reviews it. Declared facts become promises; what was only observed says so.
 *
 * Does not: read anything itself. Thread: one. Ownership: everything lives in the draft's arena;
 * adding may move the arrays, so pointers to tables and columns hold until the next one is added.
 */
#ifndef FH_TOOLS_CONTRACT_DRAFT_H
#define FH_TOOLS_CONTRACT_DRAFT_H

#include "common/arena.h"
#include "common/err.h"
#include "proto/query/profile.h"

struct fh_draft_texts {
    size_t count;
    size_t capacity;
    const char **items;
};

/* FOREIGN KEY (from) REFERENCES table (to); `to` may be empty: its primary key. */
struct fh_draft_reference {
    struct fh_draft_texts from;
    const char *table;
    struct fh_draft_texts to;
};

struct fh_draft_column {
    const char *source;      /* name in the source, never NULL; "" for the element of an array */
    const char *name;        /* SQL name; set by fh_draft_finish */
    const char *type;        /* as the source spells it; "" unknown */
    const char *logical;     /* logicalType; set by fh_draft_finish unless shape says it */
    const char *description; /* the source's comment, or NULL */
    const char *note;        /* one line for the reviewer, or NULL */
    enum fh_profile_shape shape;
    bool has_zone;       /* a timestamp with time zone */
    bool is_uuid;        /* format: uuid */
    bool is_required;    /* declared NOT NULL */
    bool is_unique;      /* declared, alone */
    unsigned key;        /* position in the declared primary key, from 1; 0: none */
    uint64_t length;     /* declared longest text; 0: none */
    const char *minimum; /* declared bounds (CHECK), decimal numbers; NULL: none */
    const char *maximum;
    bool minimum_is_open;
    bool maximum_is_open;
    struct fh_draft_texts values; /* declared valid values */
    struct fh_draft_texts tags;
    /* what was seen */
    const struct fh_profile_column *seen; /* NULL: no data were looked at */
    const char *left_out;                 /* why it is not in the draft, or NULL */
    enum fh_likeness likeness;            /* guessed, or FH_LIKENESS_COUNT; by fh_draft_finish */
    bool is_guessed_key; /* seen unique and named as an id: taken for the primary key */
    size_t column_count; /* of an object; one, the element, of an array */
    size_t column_capacity;
    struct fh_draft_column *columns;
};

struct fh_draft_table {
    const char *schema; /* "" where there is none */
    const char *source;
    const char *name; /* SQL name; set by fh_draft_finish */
    const char *description;
    bool is_view;
    bool has_rows; /* `rows` was counted */
    uint64_t rows;
    struct fh_draft_texts notes; /* lines for the reviewer */
    struct fh_draft_texts tags;
    size_t reference_count;
    size_t reference_capacity;
    struct fh_draft_reference *references;
    size_t column_count;
    size_t column_capacity;
    struct fh_draft_column *columns;
};

/* Where the data lie. */
struct fh_draft_server {
    const char *type;   /* "local", "postgres", "custom"; NULL: the source holds no data */
    const char *path;   /* relative to the contract; of postgres: host */
    const char *format; /* of local and custom */
    uint32_t port;
    const char *database;
    const char *schema;
};

struct fh_draft {
    struct fh_arena *arena; /* kept */
    const char *kind;       /* "a CSV file": what it was made from */
    const char *id;
    const char *product; /* set before fh_draft_finish: any text that names it */
    const char *domain;  /* or NULL */
    struct fh_draft_server server;
    bool types_are_physical; /* the source has types of its own: write physicalType */
    size_t table_count;
    size_t table_capacity;
    struct fh_draft_table *tables;
    struct fh_draft_texts dropped; /* tables without a column that could be drafted */
};

/* ---- filling ---- */

/* An empty draft; everything of it comes from `arena` (kept). */
void fh_draft_init(struct fh_draft *draft, struct fh_arena *arena);

/* The next table or column, named (copied). NULL when there is no memory, or more than
 * FH_CONTRACT_TABLES_MAX / FH_CONTRACT_COLUMNS_MAX of them. */
FH_MUST_CHECK struct fh_draft_table *
fh_draft_add_table(struct fh_draft *draft, const char *schema, const char *name);
FH_MUST_CHECK struct fh_draft_column *
fh_draft_add_column(struct fh_draft *draft, struct fh_draft_table *table, const char *name);
FH_MUST_CHECK struct fh_draft_column *
fh_draft_add_member(struct fh_draft *draft, struct fh_draft_column *column, const char *name);
FH_MUST_CHECK struct fh_draft_reference *fh_draft_add_reference(struct fh_draft *draft,
                                                                struct fh_draft_table *table);
/* Appends a copy; false when there is no memory. */
FH_MUST_CHECK bool
fh_draft_add_text(struct fh_draft *draft, struct fh_draft_texts *texts, const char *text);

/* The table or column of this name in the source: exact, else without regard to case; or NULL. A
 * table may be named "schema.table". */
struct fh_draft_table *fh_draft_table(struct fh_draft *draft, const char *name);
struct fh_draft_column *fh_draft_column(struct fh_draft_table *table, const char *name);

/* Sets what a type's text says of a column: logical, has_zone, length, shape of arrays. FH_ENOMEM.
 */
FH_MUST_CHECK int
fh_draft_type(struct fh_draft *draft, struct fh_draft_column *column, struct fh_err *err);

/* A column of a profile as a column of the draft, with all inside it. FH_ENOMEM. */
FH_MUST_CHECK int fh_draft_see(struct fh_draft *draft,
                               struct fh_draft_column *column,
                               const struct fh_profile_column *seen,
                               struct fh_err *err);

/* Settles names, types and guesses; drops tables without columns. FH_EINVAL ("import.columns") when
 * none is left, FH_ENOMEM. */
FH_MUST_CHECK int fh_draft_finish(struct fh_draft *draft, struct fh_err *err);

/* ---- names ---- */

enum { FH_DRAFT_NAME_BYTES = FH_NAME_BYTES_MAX + 1 };

/* A name for a product or table ([a-z][a-z0-9_]*, no "__", none that is reserved) that resembles
 * `text`; `otherwise` where nothing of it is left. */
void fh_draft_plain_name(char out[FH_DRAFT_NAME_BYTES], const char *text, const char *otherwise);
/* `base`, cut where that is needed, `_` and `suffix` (at most 16 bytes). */
void fh_draft_suffixed(char out[FH_DRAFT_NAME_BYTES], const char *base, const char *suffix);
/* A name for a column (letters, digits, _): `text` itself where it is one. */
void fh_draft_column_name(char out[FH_DRAFT_NAME_BYTES], const char *text, size_t index);

/* ---- printing ---- */

/* Appends the draft as ODCS YAML. `brief`: without comments on single columns and without examples,
 * for a table so wide that the contract would be too large. Failures stick in `out`. */
void fh_draft_write(struct fh_buf *out, const struct fh_draft *draft, bool brief);

#endif
