/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profile: what a worker says about data that have no contract yet, so that one can be drafted.
 *
 * A question names a source: an opened file (its descriptor travels beside the frame) or a
 * PostgreSQL database. CATALOGUE lists its tables, PROFILE describes one of them: columns with
 * types, how many values are missing, whether a column repeats itself, what its values look like.
 * The counting is done where the data are read; the only values that travel are a few examples and
 * bounds of columns that do not look personal. A database's own definition of the table (keys,
 * constraints, comments) comes along as SQL text, which the one who drafts parses.
 *
 * The same encoding serves the channel (node and worker) and the admin socket (command and node,
 * there without the descriptor: a question names the file's path).
 *
 * Does not: draft. Thread: any; values. Ownership: decoded strings and arrays live in the arena.
 */
#ifndef FH_PROTO_QUERY_PROFILE_H
#define FH_PROTO_QUERY_PROFILE_H

#include "common/arena.h"
#include "common/err.h"
#include "common/limits.h"
#include "proto/contract/likeness.h"

enum fh_profile_source {
    FH_PROFILE_PARQUET,
    FH_PROFILE_CSV,
    FH_PROFILE_JSON,
    FH_PROFILE_SQLITE,
    FH_PROFILE_POSTGRES,
    FH_PROFILE_SOURCE_COUNT
};

/* "parquet", "csv", "json", "sqlite", "postgres". */
const char *fh_profile_source_text(enum fh_profile_source source);

enum {
    FH_PROFILE_EXAMPLES_MAX = 3,
    FH_PROFILE_VALUE_BYTES_MAX = 63, /* of an example or a bound: longer ones stay where they are */
    FH_PROFILE_SAMPLE_MAX = 100000,
    FH_PROFILE_SAMPLE_DEFAULT = 1000,
    FH_PROFILE_DEPTH_MAX = 6, /* of nested columns; deeper ones are described as text */
};

struct fh_profile_question {
    uint64_t id; /* of the worker's question; 0 on the admin socket */
    enum fh_profile_source source;
    const char *path;   /* files: absolute, on the admin socket only; "" on the channel */
    const char *schema; /* of the table; "" for files and SQLite, or where the default is meant */
    const char *table;  /* PROFILE of a database; "" else */
    uint32_t sample;    /* values looked at, 1 to FH_PROFILE_SAMPLE_MAX */
    const char *host;   /* PostgreSQL from here on */
    uint32_t port;
    const char *database;
    const char *user;
    const char *password; /* "" for none */
    const char *ssl_mode; /* "" for libpq's default */
};

enum fh_profile_shape {
    FH_PROFILE_SCALAR,
    FH_PROFILE_OBJECT, /* `columns` are its members */
    FH_PROFILE_ARRAY,  /* `columns[0]` is its element */
    FH_PROFILE_SHAPE_COUNT
};

struct fh_profile_column {
    const char *name; /* as the source spells it; "" for the element of an array */
    const char *type; /* "DECIMAL(18,3)", as DuckDB or the database names it */
    enum fh_profile_shape shape;
    bool observed;  /* whether the counts below were taken: not inside nested columns */
    bool unique;    /* no value twice and none missing, over all rows of a table with two or more */
    uint64_t nulls; /* missing values, over all rows */
    uint64_t chars_max;  /* of the longest text; 0 where it is none */
    const char *minimum; /* numbers and times that do not look personal; "" else */
    const char *maximum;
    uint32_t sampled;          /* values that were looked at */
    enum fh_likeness likeness; /* of most of those that look like anything, or COUNT */
    uint32_t alike;            /* how many */
    uint32_t example_count;
    const char *examples[FH_PROFILE_EXAMPLES_MAX];
    uint32_t column_count;
    struct fh_profile_column *columns;
};

struct fh_profile {
    uint64_t id;
    uint64_t rows;
    const char *definition; /* SQL of a database's table; "" for files */
    uint32_t column_count;
    struct fh_profile_column *columns;
};

struct fh_profile_table {
    const char *schema;
    const char *name;
    bool is_view;
};

struct fh_profile_catalogue {
    uint64_t id;
    uint32_t table_count;
    struct fh_profile_table *tables;
};

/* Encoders append; failures stick in `out`. Texts that are no UTF-8 must not be given. */
void fh_profile_put_question(struct fh_buf *out, const struct fh_profile_question *question);
void fh_profile_put(struct fh_buf *out, const struct fh_profile *profile);
void fh_profile_put_catalogue(struct fh_buf *out, const struct fh_profile_catalogue *catalogue);

/* Decoders scan and read one payload: foreign bytes. FH_EPROTO ("pack.*", "profile.form"),
 * FH_ENOMEM. */
FH_MUST_CHECK int fh_profile_get_question(struct fh_profile_question *out,
                                          struct fh_bytes payload,
                                          struct fh_arena *arena,
                                          struct fh_err *err);
FH_MUST_CHECK int fh_profile_get(struct fh_profile *out,
                                 struct fh_bytes payload,
                                 struct fh_arena *arena,
                                 struct fh_err *err);
FH_MUST_CHECK int fh_profile_get_catalogue(struct fh_profile_catalogue *out,
                                           struct fh_bytes payload,
                                           struct fh_arena *arena,
                                           struct fh_err *err);

#endif
