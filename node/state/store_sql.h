/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements of the store: prepared once, bound, stepped, read. Private to node/state/store*.
 *
 * A statement is named by its text: a static string whose address is the key of the cache, so that
 * SQL stands beside the function that runs it. Binding cannot fail visibly: a failure sticks and
 * shows at the next step.
 *
 * Does not: build SQL from values. Thread: the store's. Ownership: views of a row are lent until
 * the next step.
 */
#ifndef FH_NODE_STATE_STORE_SQL_H
#define FH_NODE_STATE_STORE_SQL_H

#include "node/state/store.h"

#include <sqlite3.h>

enum {
    FH_STORE_STATEMENTS_MAX = 160, /* distinct texts in the code; more is a mistake */
    FH_STORE_PATH_BYTES = 4096,
};

enum { FH_STORE_DEPTH_MAX = 8 };

struct fh_store {
    sqlite3 *db;
    char path[FH_STORE_PATH_BYTES];
    unsigned depth; /* open transactions */
    bool is_bulk;   /* the outer one is FH_STORE_BULK: inner ones are no savepoints */
    int64_t changed[FH_STORE_DEPTH_MAX]; /* rows changed when the level began, in a bulk */
    bool is_durable; /* synchronous = FULL: always outside of a lazy transaction */
    bool is_broken;  /* SQLite has rolled the outer transaction back: only rollbacks are left */
    size_t statement_count;
    struct {
        const char *text;
        sqlite3_stmt *statement;
    } statements[FH_STORE_STATEMENTS_MAX];
};

struct fh_sql {
    struct fh_store *store;
    sqlite3_stmt *statement; /* NULL after a failure to prepare */
    int failed;              /* SQLite's code; sticks */
    int at;                  /* last bound parameter */
};

/* Starts the statement `text` (kept: a static string). It must not be running already. */
struct fh_sql fh_sql(struct fh_store *store, const char *text);
/* Bind the next parameter. Bytes and texts are borrowed until fh_sql_end. */
void fh_sql_number(struct fh_sql *sql, int64_t value);
/* Numbers are unsigned on the wire; SQLite's integers order the lower half as they are, and what is
 * above stands at their end. */
void fh_sql_unsigned(struct fh_sql *sql, uint64_t value);
void fh_sql_bytes(struct fh_sql *sql, struct fh_bytes bytes);
void fh_sql_id(struct fh_sql *sql, const uint8_t id[FH_ID_BYTES]);
void fh_sql_text(struct fh_sql *sql, const char *text);
void fh_sql_text_bytes(struct fh_sql *sql, struct fh_bytes text);

/* The next row: FH_OK with *out_row, or an error. */
FH_MUST_CHECK int fh_sql_step(struct fh_sql *sql, bool *out_row, struct fh_err *err);
/* For a loop over rows: `*code` is FH_OK at first, and inside the loop it becomes what was made of
 * the row. True at a row; false, with the statement ended, behind the last one and when `*code` is
 * not FH_OK, which a failed step makes it too. */
bool fh_sql_next(struct fh_sql *sql, int *code, struct fh_err *err);
/* Runs a statement without rows to its end, and ends it. */
FH_MUST_CHECK int fh_sql_run(struct fh_sql *sql, struct fh_err *err);
/* Takes the first `count` numbers of the only row, and ends the statement. Without a row `out`
 * stays as it was. */
FH_MUST_CHECK int
fh_sql_read_numbers(struct fh_sql *sql, int count, int64_t *out, struct fh_err *err);
/* Frees the statement for its next use; needed on every path after fh_sql_step. */
void fh_sql_end(struct fh_sql *sql);

/* Values of the row. A value of another form or size than asked is FH_EIO "store.corrupt" at the
 * next fh_sql_ok. */
int64_t fh_sql_get_number(struct fh_sql *sql, int column);
struct fh_bytes fh_sql_get_bytes(struct fh_sql *sql, int column);
void fh_sql_get_id(struct fh_sql *sql, int column, uint8_t out[FH_ID_BYTES]);
void fh_sql_get_text(struct fh_sql *sql, int column, char *out, size_t size);
/* Appends a blob to `out`: FH_ETOOBIG, FH_ENOMEM, or as fh_sql_ok. */
FH_MUST_CHECK int
fh_sql_append(struct fh_sql *sql, int column, struct fh_buf *out, struct fh_err *err);
FH_MUST_CHECK int fh_sql_ok(const struct fh_sql *sql, struct fh_err *err);

/* Rows that the last statement changed. */
int64_t fh_sql_changes(const struct fh_store *store);

/* Turns SQLite's code into an error with a remedy. */
int fh_sql_error(struct fh_store *store, int code, struct fh_err *err);

/* Runs a script without parameters (schema, pragmas). */
FH_MUST_CHECK int fh_sql_script(struct fh_store *store, const char *text, struct fh_err *err);

#endif
