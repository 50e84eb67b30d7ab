/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A SQLite database described: its tables, and one of them by a scan of its rows.
 *
 * The file is somebody else's: it is opened for reading only, with SQLite's own defences against
 * hostile schemas (trusted_schema off, defensive on). A column may hold values of any type there,
 * so what is declared is held against what is stored.
 */
#include "node/worker/observe.h"
#include "node/worker/profile.h"
#include "node/worker/sql.h"

#include <sqlite3.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    SQL_BYTES_MAX = 1024 * 1024,
    PROGRESS_STEPS =
        20000,      /* of SQLite's machine between two looks at a cancellation: about 1 ms */
    BUSY_MS = 2000, /* waiting for whoever writes */
    UNIQUE_COLUMNS_MAX = 8,
};

struct column_scan {
    struct fh_observer observer;
    uint64_t kinds[SQLITE_NULL + 1]; /* values of each storage class */
    double minimum, maximum;         /* of numbers */
    bool bounded;
    char first[FH_PROFILE_VALUE_BYTES_MAX + 1]; /* bounds of declared times, which are text */
    char last[FH_PROFILE_VALUE_BYTES_MAX + 1];
    bool is_time;
};

struct base {
    sqlite3 *db;
    fh_profile_cancelled_fn *cancelled;
    void *user;
    struct fh_arena *arena;
};

/* ---- opening ---- */

static int is_over(void *user)
{
    const struct base *base = user;
    return base->cancelled(base->user) ? 1 : 0;
}

static int failed(const struct base *base, struct fh_err *err)
{
    int code = base->db == NULL ? SQLITE_NOMEM : sqlite3_errcode(base->db);
    if (code == SQLITE_INTERRUPT) {
        return fh_err_set(err, FH_ECANCELLED, "cancelled");
    }
    /* SQLite's short text for the code, never its long one: that may quote values of the schema. */
    return fh_err_rule(err,
                       FH_EINVAL,
                       "source.read",
                       "the source cannot be read as sqlite (%s)",
                       sqlite3_errstr(code & 0xff));
}

static int prepare(struct base *base, const char *sql, sqlite3_stmt **out, struct fh_err *err)
{
    return sqlite3_prepare_v2(base->db, sql, -1, out, NULL) == SQLITE_OK ? FH_OK
                                                                         : failed(base, err);
}

/* In a folder that may not be written, a database with a journal of the WAL kind opens as immutable
 * alone. */
static int open_base(struct base *base, int slot, struct fh_err *err)
{
    static const char *const modes[] = {"mode=ro", "mode=ro&immutable=1"};
    int code = FH_EINVAL;
    for (size_t i = 0; i < FH_COUNT(modes) && code != FH_OK; i++) {
        char uri[96];
        sqlite3_stmt *statement = NULL;
        snprintf(uri, sizeof uri, "file:/proc/self/fd/%d?%s", slot, modes[i]);
        sqlite3_close(base->db);
        base->db = NULL;
        if (sqlite3_open_v2(uri, &base->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) !=
            SQLITE_OK) {
            code = failed(base, err);
            continue;
        }
        sqlite3_busy_timeout(base->db, BUSY_MS);
        sqlite3_db_config(base->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_db_config(base->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        sqlite3_progress_handler(base->db, PROGRESS_STEPS, is_over, base);
        code = prepare(base, "SELECT count(*) FROM sqlite_master", &statement, err);
        if (code == FH_OK && sqlite3_step(statement) != SQLITE_ROW) {
            code = failed(base, err);
        }
        sqlite3_finalize(statement);
        if (sqlite3_errcode(base->db) != SQLITE_CANTOPEN) {
            break;
        }
    }
    return code;
}

static struct fh_bytes text_of(sqlite3_stmt *statement, int column)
{
    const unsigned char *text = sqlite3_column_text(statement, column);
    int size = sqlite3_column_bytes(statement, column);
    return text == NULL || size <= 0 ? FH_BYTES_NONE : fh_bytes(text, (size_t)size);
}

/* ---- the list ---- */

static int list(struct base *base, struct fh_profile_catalogue *out, struct fh_err *err)
{
    sqlite3_stmt *statement = NULL;
    out->tables = fh_arena_array(base->arena, FH_PROFILE_TABLES_MAX, sizeof *out->tables);
    if (out->tables == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a list of tables");
    }
    int code = prepare(base,
                       "SELECT name, type = 'view' FROM sqlite_master WHERE type IN ('table', "
                       "'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
                       &statement,
                       err);
    int step = SQLITE_DONE;
    while (code == FH_OK && out->table_count < FH_PROFILE_TABLES_MAX &&
           (step = sqlite3_step(statement)) == SQLITE_ROW) {
        struct fh_profile_table *table = &out->tables[out->table_count++];
        table->schema = "";
        table->is_view = sqlite3_column_int(statement, 1) != 0;
        code = fh_observer_name(&table->name, "table", text_of(statement, 0), base->arena, err);
    }
    if (code == FH_OK && step != SQLITE_DONE && step != SQLITE_ROW) {
        code = failed(base, err);
    }
    sqlite3_finalize(statement);
    return code;
}

int fh_sqlite_catalogue(struct fh_profile_catalogue *out,
                        int slot,
                        fh_profile_cancelled_fn *cancelled,
                        void *user,
                        struct fh_arena *arena,
                        struct fh_err *err)
{
    struct base base = {.cancelled = cancelled, .user = user, .arena = arena};
    int code = open_base(&base, slot, err);
    if (code == FH_OK) {
        code = list(&base, out, err);
    }
    sqlite3_close(base.db);
    return code;
}

/* ---- one table ---- */

/* The table's definition; FH_ENOTFOUND without such a table. */
static int define(struct base *base, const char *table, struct fh_profile *out, struct fh_err *err)
{
    sqlite3_stmt *statement = NULL;
    int code =
        prepare(base,
                "SELECT sql FROM sqlite_master WHERE type IN ('table', 'view') AND name = ?1",
                &statement,
                err);
    if (code != FH_OK) {
        return code;
    }
    sqlite3_bind_text(statement, 1, table, -1, SQLITE_STATIC);
    if (sqlite3_step(statement) != SQLITE_ROW) {
        code = fh_err_rule(err, FH_ENOTFOUND, "source.table", "the source has no such table");
    } else {
        struct fh_bytes sql = text_of(statement, 0);
        bool usable = sql.size <= FH_PROFILE_DEFINITION_BYTES_MAX && fh_utf8_valid(sql);
        out->definition = usable ? fh_arena_string(base->arena, sql) : "";
        if (out->definition == NULL) {
            code = fh_err_set(err, FH_ENOMEM, "no memory for a profile");
        }
    }
    sqlite3_finalize(statement);
    return code;
}

static int count_rows(struct base *base, const char *table, uint64_t *out, struct fh_err *err)
{
    struct fh_buf sql;
    sqlite3_stmt *statement = NULL;
    fh_buf_init(&sql, SQL_BYTES_MAX);
    fh_buf_add_cstr(&sql, "SELECT count(*) FROM ");
    fh_sql_name(&sql, table);
    int code = prepare(base, fh_buf_cstr(&sql), &statement, err);
    if (code == FH_OK && sqlite3_step(statement) != SQLITE_ROW) {
        code = failed(base, err);
    }
    if (code == FH_OK) {
        *out = (uint64_t)sqlite3_column_int64(statement, 0);
    }
    sqlite3_finalize(statement);
    fh_buf_fini(&sql);
    return code;
}

static bool has_word(const char *type, const char *word)
{
    return strcasestr(type, word) != NULL;
}

static int set_up_columns(struct base *base,
                          sqlite3_stmt *statement,
                          struct fh_profile *out,
                          struct column_scan **out_scans,
                          struct fh_err *err)
{
    int count = sqlite3_column_count(statement);
    if (count > FH_CONTRACT_COLUMNS_MAX) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "source.columns",
                           "the table has %d columns; a contract describes at most %d",
                           count,
                           FH_CONTRACT_COLUMNS_MAX);
    }
    out->columns = fh_arena_array(base->arena, (size_t)count, sizeof *out->columns);
    *out_scans = fh_arena_array(base->arena, (size_t)count, sizeof **out_scans);
    if (out->columns == NULL || *out_scans == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a profile");
    }
    int code = FH_OK;
    for (int i = 0; i < count && code == FH_OK; i++) {
        struct fh_profile_column *column = &out->columns[i];
        const char *name = sqlite3_column_name(statement, i);
        const char *type = sqlite3_column_decltype(statement, i);
        struct fh_bytes view = fh_bytes_cstr(type == NULL ? "" : type);
        bool usable = view.size > 0 && view.size < 128 && fh_utf8_valid(view);
        code = fh_observer_name(
            &column->name, "column", fh_bytes_cstr(name == NULL ? "" : name), base->arena, err);
        column->type = usable ? fh_arena_string(base->arena, view) : "";
        column->minimum = column->maximum = "";
        column->observed = true;
        if (code == FH_OK && column->type == NULL) {
            code = fh_err_set(err, FH_ENOMEM, "no memory for a profile");
        }
        (*out_scans)[i].is_time =
            usable && (has_word(column->type, "date") || has_word(column->type, "time"));
        out->column_count = (uint32_t)i + 1;
    }
    return code;
}

static void bound_text(struct column_scan *scan, struct fh_bytes value)
{
    char text[FH_PROFILE_VALUE_BYTES_MAX + 1];
    if (!fh_observer_tellable(value)) {
        return;
    }
    memcpy(text, value.data, value.size);
    text[value.size] = 0;
    if (scan->first[0] == 0 || strcmp(text, scan->first) < 0) {
        memcpy(scan->first, text, sizeof text);
    }
    if (scan->last[0] == 0 || strcmp(text, scan->last) > 0) {
        memcpy(scan->last, text, sizeof text);
    }
}

static uint64_t characters(struct fh_bytes text)
{
    uint64_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        count += (text.data[i] & 0xc0) != 0x80 ? 1 : 0;
    }
    return count;
}

static void look_at(sqlite3_stmt *statement,
                    int i,
                    struct fh_profile_column *column,
                    struct column_scan *scan,
                    bool sampled)
{
    int kind = sqlite3_column_type(statement, i);
    scan->kinds[kind]++;
    if (kind == SQLITE_NULL) {
        column->nulls++;
        return;
    }
    if (kind == SQLITE_INTEGER || kind == SQLITE_FLOAT) {
        double value = sqlite3_column_double(statement, i);
        scan->minimum = scan->bounded && scan->minimum < value ? scan->minimum : value;
        scan->maximum = scan->bounded && scan->maximum > value ? scan->maximum : value;
        scan->bounded = true;
    }
    if (kind == SQLITE_TEXT) {
        struct fh_bytes text = text_of(statement, i);
        uint64_t size = characters(text);
        column->chars_max = size > column->chars_max ? size : column->chars_max;
        if (scan->is_time) {
            bound_text(scan, text);
        }
    }
    if (sampled && kind != SQLITE_BLOB) {
        fh_observer_add(&scan->observer, text_of(statement, i));
    }
}

/* Declared as a number, but holds what is none; or declared as nothing at all. */
static void settle_type(struct fh_profile_column *column, const struct column_scan *scan)
{
    bool is_number = (has_word(column->type, "int") || has_word(column->type, "real") ||
                      has_word(column->type, "floa") || has_word(column->type, "doub") ||
                      has_word(column->type, "num") || has_word(column->type, "dec")) &&
                     !has_word(column->type, "char");
    bool is_whole = has_word(column->type, "int");
    uint64_t texts = scan->kinds[SQLITE_TEXT];
    uint64_t blobs = scan->kinds[SQLITE_BLOB];
    uint64_t reals = scan->kinds[SQLITE_FLOAT];
    uint64_t wholes = scan->kinds[SQLITE_INTEGER];
    if (is_number && texts + blobs > 0) {
        column->type = "TEXT";
    } else if (is_whole && reals > 0) {
        column->type = "REAL";
    } else if (column->type[0] == 0) {
        column->type = texts > 0    ? "TEXT"
                       : blobs > 0  ? "BLOB"
                       : reals > 0  ? "REAL"
                       : wholes > 0 ? "INTEGER"
                                    : "TEXT";
    }
}

static int settle(struct base *base,
                  struct fh_profile_column *column,
                  const struct column_scan *scan,
                  struct fh_err *err)
{
    settle_type(column, scan);
    bool only_numbers = scan->bounded && scan->kinds[SQLITE_TEXT] + scan->kinds[SQLITE_BLOB] == 0;
    if (only_numbers) {
        column->minimum = fh_arena_printf(base->arena, "%.15g", scan->minimum);
        column->maximum = fh_arena_printf(base->arena, "%.15g", scan->maximum);
    } else if (scan->first[0] != 0) {
        column->minimum = fh_arena_strdup(base->arena, scan->first);
        column->maximum = fh_arena_strdup(base->arena, scan->last);
    }
    if (column->minimum == NULL || column->maximum == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a profile");
    }
    return fh_observer_report(
        &scan->observer, column, scan->kinds[SQLITE_TEXT] > 0 && !scan->is_time, base->arena, err);
}

/* Whether any sampled value came twice. */
static bool repeats(const struct fh_observer *observer)
{
    for (uint32_t i = 0; i < observer->value_count; i++) {
        if (observer->values[i].times > 1) {
            return true;
        }
    }
    return false;
}

static int find_unique(struct base *base,
                       const char *table,
                       struct fh_profile *out,
                       const struct column_scan *scans,
                       struct fh_err *err)
{
    int code = FH_OK;
    unsigned looked = 0;
    for (uint32_t i = 0; i < out->column_count && code == FH_OK; i++) {
        struct fh_profile_column *column = &out->columns[i];
        if (out->rows < 2 || column->nulls > 0 || repeats(&scans[i].observer) ||
            looked == UNIQUE_COLUMNS_MAX) {
            continue;
        }
        looked++;
        struct fh_buf sql;
        sqlite3_stmt *statement = NULL;
        fh_buf_init(&sql, SQL_BYTES_MAX);
        fh_buf_add_cstr(&sql, "SELECT count(DISTINCT ");
        fh_sql_name(&sql, column->name);
        fh_buf_add_cstr(&sql, ") FROM ");
        fh_sql_name(&sql, table);
        code = prepare(base, fh_buf_cstr(&sql), &statement, err);
        if (code == FH_OK && sqlite3_step(statement) != SQLITE_ROW) {
            code = failed(base, err);
        }
        column->unique = code == FH_OK && (uint64_t)sqlite3_column_int64(statement, 0) == out->rows;
        sqlite3_finalize(statement);
        fh_buf_fini(&sql);
    }
    return code;
}

static int scan_rows(struct base *base,
                     const struct fh_profile_question *question,
                     struct fh_profile *out,
                     struct fh_err *err)
{
    struct fh_buf sql;
    sqlite3_stmt *statement = NULL;
    struct column_scan *scans = NULL;
    fh_buf_init(&sql, SQL_BYTES_MAX);
    fh_buf_add_cstr(&sql, "SELECT * FROM ");
    fh_sql_name(&sql, question->table);
    int code = prepare(base, fh_buf_cstr(&sql), &statement, err);
    fh_buf_fini(&sql);
    if (code == FH_OK) {
        code = set_up_columns(base, statement, out, &scans, err);
    }
    uint64_t every = (out->rows + question->sample - 1) / question->sample;
    int step = SQLITE_DONE;
    uint64_t rows = 0;
    while (code == FH_OK && (step = sqlite3_step(statement)) == SQLITE_ROW) {
        bool sampled = rows % (every == 0 ? 1 : every) == 0 && rows < FH_PROFILE_SAMPLE_MAX * every;
        for (uint32_t i = 0; i < out->column_count; i++) {
            look_at(statement, (int)i, &out->columns[i], &scans[i], sampled);
        }
        rows++;
    }
    if (code == FH_OK && step != SQLITE_DONE) {
        code = failed(base, err);
    }
    sqlite3_finalize(statement);
    out->rows = rows;
    for (uint32_t i = 0; i < out->column_count && code == FH_OK; i++) {
        code = settle(base, &out->columns[i], &scans[i], err);
    }
    return code == FH_OK ? find_unique(base, question->table, out, scans, err) : code;
}

int fh_sqlite_profile(struct fh_profile *out,
                      const struct fh_profile_question *question,
                      int slot,
                      fh_profile_cancelled_fn *cancelled,
                      void *user,
                      struct fh_arena *arena,
                      struct fh_err *err)
{
    struct base base = {.cancelled = cancelled, .user = user, .arena = arena};
    int code = open_base(&base, slot, err);
    if (code == FH_OK) {
        code = define(&base, question->table, out, err);
    }
    if (code == FH_OK) {
        code = count_rows(&base, question->table, &out->rows, err);
    }
    if (code == FH_OK) {
        code = scan_rows(&base, question, out, err);
    }
    sqlite3_close(base.db);
    return code;
}
