/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/store_sql.h"

#include "common/assert.h"

#include <stdio.h>

/* ---- errors ---- */

static const char *remedy_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_FULL:
        return "the disk is full, nothing of this was stored; free some space and try again";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return "the file is damaged; stop the node, move node.db* aside and start again: the mesh "
               "gives back what is public, own products must be published again";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
        return "check that the file and its folder belong to you and can be written";
    default:
        return "nothing of this was stored";
    }
}

int fh_sql_error(struct fh_store *store, int code, struct fh_err *err)
{
    /* SQLite has undone the whole transaction: COMMIT and ROLLBACK TO have nothing to act on. */
    if (store->depth > 0 && sqlite3_get_autocommit(store->db) != 0) {
        store->is_broken = true;
    }
    static const struct {
        int sqlite;
        int code;
        const char *rule;
    } rows[] = {
        {SQLITE_FULL, FH_EIO, "store.full"},
        {SQLITE_CORRUPT, FH_EIO, "store.corrupt"},
        {SQLITE_NOTADB, FH_EIO, "store.corrupt"},
        {SQLITE_BUSY, FH_EBUSY, "store.busy"},
        {SQLITE_LOCKED, FH_EBUSY, "store.busy"},
        {SQLITE_NOMEM, FH_ENOMEM, ""},
        {SQLITE_TOOBIG, FH_ETOOBIG, "store.size"},
        {SQLITE_CONSTRAINT, FH_EINTERNAL, "store.constraint"},
        {SQLITE_MISUSE, FH_EINTERNAL, "store.misuse"},
        {SQLITE_ERROR, FH_EINTERNAL, "store.sql"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        if ((code & 0xff) == rows[i].sqlite) {
            return fh_err_rule(err,
                               rows[i].code,
                               rows[i].rule,
                               "%s: %s; %s",
                               store->path,
                               sqlite3_errstr(code),
                               remedy_of(code));
        }
    }
    return fh_err_rule(
        err, FH_EIO, "store.io", "%s: %s; %s", store->path, sqlite3_errstr(code), remedy_of(code));
}

/* ---- statements ---- */

struct fh_sql fh_sql(struct fh_store *store, const char *text)
{
    struct fh_sql sql = {.store = store, .failed = SQLITE_OK};
    for (size_t i = 0; i < store->statement_count; i++) {
        if (store->statements[i].text == text) {
            sql.statement = store->statements[i].statement;
            FH_ASSERT(sqlite3_stmt_busy(sql.statement) == 0);
            return sql;
        }
    }
    FH_ASSERT(store->statement_count < FH_STORE_STATEMENTS_MAX);
    sqlite3_stmt *statement = NULL;
    sql.failed =
        sqlite3_prepare_v3(store->db, text, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
    if (sql.failed == SQLITE_OK) {
        store->statements[store->statement_count].text = text;
        store->statements[store->statement_count].statement = statement;
        store->statement_count++;
        sql.statement = statement;
    }
    return sql;
}

static void bound(struct fh_sql *sql, int code)
{
    if (sql->failed == SQLITE_OK) {
        sql->failed = code;
    }
}

void fh_sql_number(struct fh_sql *sql, int64_t value)
{
    if (sql->failed == SQLITE_OK) {
        bound(sql, sqlite3_bind_int64(sql->statement, ++sql->at, value));
    }
}

void fh_sql_unsigned(struct fh_sql *sql, uint64_t value)
{
    fh_sql_number(sql, value > INT64_MAX ? INT64_MAX : (int64_t)value);
}

void fh_sql_bytes(struct fh_sql *sql, struct fh_bytes bytes)
{
    if (sql->failed == SQLITE_OK) {
        /* A NULL pointer would bind NULL, not an empty blob. */
        const void *data = bytes.size == 0 ? (const void *)"" : (const void *)bytes.data;
        bound(sql, sqlite3_bind_blob64(sql->statement, ++sql->at, data, bytes.size, SQLITE_STATIC));
    }
}

void fh_sql_id(struct fh_sql *sql, const uint8_t id[FH_ID_BYTES])
{
    fh_sql_bytes(sql, fh_bytes(id, FH_ID_BYTES));
}

void fh_sql_text(struct fh_sql *sql, const char *text)
{
    fh_sql_text_bytes(sql, fh_bytes_cstr(text));
}

void fh_sql_text_bytes(struct fh_sql *sql, struct fh_bytes text)
{
    if (sql->failed == SQLITE_OK) {
        const char *data = text.size == 0 ? "" : (const char *)text.data;
        bound(sql,
              sqlite3_bind_text64(
                  sql->statement, ++sql->at, data, text.size, SQLITE_STATIC, SQLITE_UTF8));
    }
}

int fh_sql_step(struct fh_sql *sql, bool *out_row, struct fh_err *err)
{
    if (sql->store->is_broken) {
        fh_sql_end(sql);
        return fh_err_rule(err,
                           FH_EIO,
                           "store.undone",
                           "%s: the transaction was undone by an earlier failure",
                           sql->store->path);
    }
    int code = sql->failed;
    if (code == SQLITE_OK) {
        FH_ASSERT(sql->at == sqlite3_bind_parameter_count(sql->statement));
        code = sqlite3_step(sql->statement);
    }
    if (code == SQLITE_ROW || code == SQLITE_DONE) {
        *out_row = code == SQLITE_ROW;
        return FH_OK;
    }
    fh_sql_end(sql);
    return fh_sql_error(sql->store, code, err);
}

bool fh_sql_next(struct fh_sql *sql, int *code, struct fh_err *err)
{
    bool row = false;
    if (*code == FH_OK) {
        *code = fh_sql_step(sql, &row, err);
    }
    if (!row) {
        fh_sql_end(sql);
    }
    return row;
}

int fh_sql_run(struct fh_sql *sql, struct fh_err *err)
{
    bool row = false;
    int code = fh_sql_step(sql, &row, err);
    FH_ASSERT(code != FH_OK || !row);
    fh_sql_end(sql);
    return code;
}

int fh_sql_read_numbers(struct fh_sql *sql, int count, int64_t *out, struct fh_err *err)
{
    bool row = false;
    int code = fh_sql_step(sql, &row, err);
    for (int i = 0; code == FH_OK && row && i < count; i++) {
        out[i] = fh_sql_get_number(sql, i);
    }
    if (code == FH_OK) {
        code = fh_sql_ok(sql, err);
    }
    fh_sql_end(sql);
    return code;
}

void fh_sql_end(struct fh_sql *sql)
{
    if (sql->statement != NULL) {
        sqlite3_reset(sql->statement);
        sqlite3_clear_bindings(sql->statement);
    }
}

/* ---- values ---- */

int64_t fh_sql_get_number(struct fh_sql *sql, int column)
{
    if (sqlite3_column_type(sql->statement, column) != SQLITE_INTEGER) {
        bound(sql, SQLITE_CORRUPT);
        return 0;
    }
    return sqlite3_column_int64(sql->statement, column);
}

struct fh_bytes fh_sql_get_bytes(struct fh_sql *sql, int column)
{
    if (sqlite3_column_type(sql->statement, column) != SQLITE_BLOB) {
        bound(sql, SQLITE_CORRUPT);
        return FH_BYTES_NONE;
    }
    const void *data = sqlite3_column_blob(sql->statement, column);
    int size = sqlite3_column_bytes(sql->statement, column);
    return fh_bytes(data, (size_t)size);
}

void fh_sql_get_id(struct fh_sql *sql, int column, uint8_t out[FH_ID_BYTES])
{
    struct fh_bytes bytes = fh_sql_get_bytes(sql, column);
    if (bytes.size != FH_ID_BYTES) {
        bound(sql, SQLITE_CORRUPT);
        memset(out, 0, FH_ID_BYTES);
        return;
    }
    memcpy(out, bytes.data, FH_ID_BYTES);
}

void fh_sql_get_text(struct fh_sql *sql, int column, char *out, size_t size)
{
    FH_ASSERT(size > 0);
    const char *text = (const char *)sqlite3_column_text(sql->statement, column);
    size_t length = text == NULL ? 0 : (size_t)sqlite3_column_bytes(sql->statement, column);
    if (text == NULL || length >= size || memchr(text, 0, length) != NULL) {
        bound(sql, SQLITE_CORRUPT);
        out[0] = '\0';
        return;
    }
    memcpy(out, text, length);
    out[length] = '\0';
}

int fh_sql_ok(const struct fh_sql *sql, struct fh_err *err)
{
    return sql->failed == SQLITE_OK ? FH_OK : fh_sql_error(sql->store, sql->failed, err);
}

int fh_sql_append(struct fh_sql *sql, int column, struct fh_buf *out, struct fh_err *err)
{
    struct fh_bytes bytes = fh_sql_get_bytes(sql, column);
    int code = fh_sql_ok(sql, err);
    if (code == FH_OK) {
        fh_buf_add_bytes(out, bytes);
        code = fh_buf_ok(out);
        if (code != FH_OK) {
            fh_err_set(err, code, "%s: a value of %zu bytes", sql->store->path, bytes.size);
        }
    }
    return code;
}

int64_t fh_sql_changes(const struct fh_store *store)
{
    return sqlite3_changes64(store->db);
}

int fh_sql_script(struct fh_store *store, const char *text, struct fh_err *err)
{
    int code = sqlite3_exec(store->db, text, NULL, NULL, NULL);
    return code == SQLITE_OK ? FH_OK : fh_sql_error(store, code, err);
}
