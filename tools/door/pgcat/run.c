/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pgcat/run.h"

#include "tools/door/pgcat/fill.h"
#include "tools/door/pgcat/functions.h"
#include "tools/door/pgcat/types.h"

#include "common/mem.h"
#include "common/time.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS_PER_LOOK = 100 };

/* ---- the database ---- */

/* What a translated statement may do: read the system tables, call what is on the list. */
static int authorize(void *aux,
                     int action,
                     const char *first,
                     const char *second,
                     const char *database,
                     const char *view)
{
    const struct fh_pgcat_run *run = aux;
    (void)view;
    if (!run->open_to_statements || run->declaring) {
        return SQLITE_OK;
    }
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_FUNCTION:
        return fh_pgcat_function_is_allowed(second) ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_READ:
        if (database != NULL && strcmp(database, "pg_catalog") == 0) {
            return strncmp(first, "sqlite_", 7) == 0 ? SQLITE_DENY : SQLITE_OK;
        }
        return strncmp(first, "_set", 4) == 0 || strcmp(first, "_unnest") == 0 || first[0] == '\0'
                   ? SQLITE_OK
                   : SQLITE_DENY;
    default:
        return SQLITE_DENY;
    }
}

static int look(void *aux)
{
    struct fh_pgcat_run *run = aux;
    if (run->steps < STEPS_PER_LOOK || fh_clock_mono_ms() > run->until_ms) {
        run->steps = 0;
        return 1; /* ends the statement */
    }
    run->steps -= STEPS_PER_LOOK;
    return 0;
}

static void set_limits(sqlite3 *db)
{
    static const struct {
        int what;
        int most;
    } limits[] = {
        {SQLITE_LIMIT_LENGTH, FH_PGCAT_SQL_BYTES_MAX},
        {SQLITE_LIMIT_SQL_LENGTH, FH_PGCAT_SQL_BYTES_MAX},
        {SQLITE_LIMIT_VARIABLE_NUMBER, FH_SQL_PARAMS_MAX},
        {SQLITE_LIMIT_TRIGGER_DEPTH, 0},
        {SQLITE_LIMIT_WORKER_THREADS, 0},
        {SQLITE_LIMIT_COMPOUND_SELECT, 500},
        {SQLITE_LIMIT_COLUMN, 2000},
    };
    for (size_t i = 0; i < FH_COUNT(limits); i++) {
        sqlite3_limit(db, limits[i].what, limits[i].most);
    }
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL); /* "x" is a name, never a text */
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
}

static int create(struct fh_pgcat_run *run, struct fh_err *err)
{
    static const char prepare[] = "PRAGMA temp_store = MEMORY;"
                                  "ATTACH ':memory:' AS pg_catalog;"
                                  "PRAGMA pg_catalog.journal_mode = OFF;";
    struct fh_buf sql;
    fh_buf_init(&sql, 1024 * 1024);
    fh_buf_add_cstr(&sql, prepare);
    fh_pgcat_relations_create(&sql);
    int code = FH_OK;
    if (fh_buf_ok(&sql) != FH_OK) {
        code = fh_err_set(err, FH_ENOMEM, "out of memory for a catalogue");
    } else if (sqlite3_exec(run->db, fh_buf_cstr(&sql), NULL, NULL, NULL) != SQLITE_OK) {
        code = fh_err_set(err, FH_EINTERNAL, "system tables: %s", sqlite3_errmsg(run->db));
    }
    fh_buf_fini(&sql);
    return code;
}

int fh_pgcat_run_open(struct fh_pgcat_run *run, struct fh_err *err)
{
    sqlite3_hard_heap_limit64(
        FH_PGCAT_HEAP_BYTES_MAX); /* of the process: SQLite is used here only */
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY |
                SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    if (sqlite3_open_v2(":memory:", &run->db, flags, NULL) != SQLITE_OK) {
        fh_pgcat_run_close(run);
        return fh_err_set(err, FH_ENOMEM, "out of memory for a catalogue");
    }
    set_limits(run->db);
    sqlite3_set_authorizer(run->db, authorize, run);
    run->any.declaring = &run->declaring;
    int code = fh_pgcat_functions_register(run->db, run, err);
    code = code == FH_OK ? fh_pgcat_set_register_any(run->db, &run->any, err) : code;
    code = code == FH_OK ? create(run, err) : code;
    code = code == FH_OK ? fh_pgcat_fill(run->db, run->facts, err) : code;
    if (code != FH_OK) {
        fh_pgcat_run_close(run);
        return code;
    }
    sqlite3_progress_handler(run->db, STEPS_PER_LOOK, look, run);
    run->open_to_statements = true;
    return FH_OK;
}

void fh_pgcat_run_close(struct fh_pgcat_run *run)
{
    sqlite3_close(run->db);
    run->db = NULL;
}

/* ---- errors ---- */

static int sqlite_failed(const struct fh_pgcat_run *run, int sqlite_code, struct fh_err *err)
{
    static const struct {
        const char *begins;
        const char *rule;
    } messages[] = {
        {"no such table", "pgcat.table"},
        {"no such column", "pgcat.column"},
        {"ambiguous column", "pgcat.column"},
        {"cannot join using column", "pgcat.column"},
        {"no such function", "pgcat.function"},
        {"wrong number of arguments", "pgcat.function"},
        {"parser stack overflow", "pgcat.depth"},
        {"Expression tree is too large", "pgcat.depth"},
        {"string or blob too big", "pgcat.bytes"},
        {"too many columns", "pgcat.statement"},
        {"misuse of aggregate", "pgcat.grouping"},
    };
    const char *message = sqlite3_errmsg(run->db);
    if (run->err.code != FH_OK) {
        *err = run->err;
        return err->code;
    }
    if (sqlite_code == SQLITE_INTERRUPT) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "pgcat.steps",
                           "the statement takes too many steps over system tables");
    }
    if (sqlite_code == SQLITE_NOMEM) {
        return fh_err_set(err, FH_ENOMEM, "out of memory for a statement over system tables");
    }
    for (size_t i = 0; i < FH_COUNT(messages); i++) {
        if (strncmp(message, messages[i].begins, strlen(messages[i].begins)) == 0) {
            return fh_err_rule(err, FH_ESQL, messages[i].rule, "%s", message);
        }
    }
    return fh_err_rule(err, FH_ESQL, "pgcat.unsupported", "over system tables: %s", message);
}

static int too_big(struct fh_err *err)
{
    return fh_err_rule(err,
                       FH_ETOOBIG,
                       "pgcat.bytes",
                       "the answer over system tables has more than %d bytes",
                       FH_PGCAT_ANSWER_BYTES_MAX);
}

/* ---- the shape of an answer ---- */

/* Rows with the memory that they live in; what callers see comes first. */
struct answer {
    struct fh_pgcat_rows rows;
    struct fh_arena *arena;
    int *places; /* SQLite's column of each of ours */
    struct fh_pgcat_value *cells;
    size_t cell_capacity;
};

/* "int4" of a declaration "int4 INTEGER". */
static uint32_t declared_type(sqlite3_stmt *statement, int column)
{
    const char *text = sqlite3_column_decltype(statement, column);
    char name[64];
    if (text == NULL) {
        return 0;
    }
    snprintf(name, sizeof name, "%.*s", (int)strcspn(text, " "), text);
    return fh_pgcat_type_named(name);
}

static const struct fh_pgcat_item *item_named(const struct fh_pgcat_translation *translation,
                                              const char *name)
{
    for (size_t i = 0; i < translation->items.count; i++) {
        const struct fh_pgcat_item *item = &translation->items.list[i];
        if (!item->star && strcmp(item->name, name) == 0) {
            return item;
        }
    }
    return NULL;
}

static bool has_star(const struct fh_pgcat_translation *translation)
{
    for (size_t i = 0; i < translation->items.count; i++) {
        if (translation->items.list[i].star) {
            return true;
        }
    }
    return false;
}

/* As the translation found it; of a column from its table, else by its name. */
static uint32_t column_type(sqlite3_stmt *statement,
                            int column,
                            const struct fh_pgcat_translation *translation,
                            const struct fh_pgcat_item *item)
{
    uint32_t type = 0;
    if (item == NULL || item->column) {
        type = declared_type(statement, column);
        if (type == 0 || type == FH_OID_UNKNOWN) {
            type = fh_pgcat_translation_type(translation, sqlite3_column_name(statement, column));
        }
        type = type == 0 && item != NULL ? item->type : type;
    } else {
        type = item->type;
    }
    return type == 0 || type == FH_OID_UNKNOWN ? (uint32_t)FH_OID_TEXT : type;
}

static int make_columns(struct answer *answer,
                        sqlite3_stmt *statement,
                        const struct fh_pgcat_translation *translation,
                        struct fh_err *err)
{
    int count = sqlite3_column_count(statement);
    bool star = has_star(translation);
    struct fh_pgcat_column *columns = fh_arena_array(answer->arena, (size_t)count, sizeof *columns);
    answer->places = fh_arena_array(answer->arena, (size_t)count, sizeof *answer->places);
    if (columns == NULL || answer->places == NULL) {
        return too_big(err);
    }
    size_t kept = 0;
    for (int i = 0; i < count; i++) {
        const char *name = sqlite3_column_name(statement, i);
        const struct fh_pgcat_item *item =
            star ? item_named(translation, name)
                 : ((size_t)i < translation->items.count ? &translation->items.list[i] : NULL);
        if (star && item == NULL && strcmp(name, "tableoid") == 0) {
            continue; /* a star of PostgreSQL does not show it */
        }
        uint32_t type = column_type(statement, i, translation, item);
        columns[kept] = (struct fh_pgcat_column){
            fh_arena_strdup(answer->arena, name), type, fh_pgcat_type_size(type)};
        if (columns[kept].name == NULL) {
            return too_big(err);
        }
        answer->places[kept++] = i;
    }
    answer->rows.columns = columns;
    answer->rows.column_count = kept;
    return FH_OK;
}

static int make_params(struct answer *answer,
                       const struct fh_pgcat_translation *translation,
                       struct fh_err *err)
{
    size_t count = translation->param_count;
    uint32_t *types = fh_arena_array(answer->arena, count + 1, sizeof *types);
    if (types == NULL) {
        return too_big(err);
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t type = translation->param_types[i];
        types[i] = type == 0 || type == FH_OID_UNKNOWN ? (uint32_t)FH_OID_TEXT : type;
    }
    answer->rows.param_types = types;
    answer->rows.param_count = count;
    return FH_OK;
}

/* ---- values ---- */

/* The shortest form that reads back as the same number. */
static int format_double(char out[32], double value, uint32_t type)
{
    for (int digits = type == FH_OID_FLOAT4 ? 6 : 15; digits <= 17; digits++) {
        int size = snprintf(out, 32, "%.*g", digits, value);
        double back = strtod(out, NULL);
        bool same = type == FH_OID_FLOAT4 ? (float)back == (float)value
                                          : !(back < value) && !(back > value);
        if (same || digits == 17) {
            return size;
        }
    }
    return 0;
}

static int
make_cell(struct answer *answer, struct fh_pgcat_run *run, sqlite3_stmt *statement, size_t column)
{
    int place = answer->places[column];
    uint32_t type = answer->rows.columns[column].type;
    struct fh_pgcat_value *cell =
        &answer->cells[answer->rows.row_count * answer->rows.column_count + column];
    int kind = sqlite3_column_type(statement, place);
    char *text = NULL;
    if (kind == SQLITE_NULL) {
        *cell = (struct fh_pgcat_value){NULL, 0};
        return FH_OK;
    }
    if (type == FH_OID_BOOL && kind == SQLITE_INTEGER) {
        text = fh_arena_strdup(answer->arena, sqlite3_column_int64(statement, place) ? "t" : "f");
    } else if (fh_pgcat_type_is_reg(type) && kind == SQLITE_INTEGER) {
        struct fh_buf name;
        int64_t oid = sqlite3_column_int64(statement, place);
        fh_buf_init(&name, FH_PGCAT_VALUE_BYTES_MAX);
        fh_pgcat_reg_text(&name, run, type, oid < 0 || oid > UINT32_MAX ? 0 : (uint32_t)oid);
        text = fh_arena_string(answer->arena, fh_buf_view(&name));
        fh_buf_fini(&name);
    } else if (kind == SQLITE_FLOAT) {
        char number[32];
        int size = format_double(number, sqlite3_column_double(statement, place), type);
        text = fh_arena_string(answer->arena, fh_bytes(number, (size_t)size));
    } else {
        const void *value = sqlite3_column_text(statement, place);
        int size = sqlite3_column_bytes(statement, place);
        text = value == NULL ? NULL : fh_arena_string(answer->arena, fh_bytes(value, (size_t)size));
    }
    if (text == NULL) {
        return FH_ETOOBIG;
    }
    *cell = (struct fh_pgcat_value){text, strlen(text)};
    return FH_OK;
}

static int make_row(struct answer *answer,
                    struct fh_pgcat_run *run,
                    sqlite3_stmt *statement,
                    struct fh_err *err)
{
    size_t columns = answer->rows.column_count;
    size_t needed = (answer->rows.row_count + 1) * columns;
    if (answer->rows.row_count == FH_PGCAT_ROWS_MAX) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "pgcat.rows",
                           "the answer over system tables has more than %d rows",
                           FH_PGCAT_ROWS_MAX);
    }
    if (needed > answer->cell_capacity) {
        size_t capacity = needed < 64 ? 64 : needed * 2;
        if (capacity * sizeof *answer->cells > 4 * (size_t)FH_PGCAT_ANSWER_BYTES_MAX) {
            return too_big(err);
        }
        struct fh_pgcat_value *cells = fh_realloc(answer->cells, capacity * sizeof *cells);
        if (cells == NULL) {
            return fh_err_set(err, FH_ENOMEM, "out of memory for an answer");
        }
        answer->cells = cells;
        answer->cell_capacity = capacity;
    }
    for (size_t i = 0; i < columns; i++) {
        if (make_cell(answer, run, statement, i) != FH_OK) {
            return too_big(err);
        }
    }
    answer->rows.row_count++;
    return FH_OK;
}

/* ---- parameters ---- */

static int bind(sqlite3_stmt *statement,
                int number,
                uint32_t type,
                const struct fh_pgcat_param *param,
                struct fh_err *err)
{
    const struct fh_pgcat_value *value = &param->value;
    if (value->text != NULL && (value->size > FH_PGCAT_VALUE_BYTES_MAX ||
                                !fh_utf8_valid(fh_bytes(value->text, value->size)))) {
        return fh_err_rule(
            err, FH_EINVAL, "pgcat.params", "the value of $%d is too long, or no UTF-8", number);
    }
    int code = SQLITE_OK;
    if (value->text == NULL) {
        code = sqlite3_bind_null(statement, number);
    } else if (type == FH_OID_BOOL && value->size > 0) {
        bool truth = strchr("tTyY1", value->text[0]) != NULL;
        code = sqlite3_bind_int(statement, number, truth);
    } else if (fh_pgcat_type_is_whole(type)) {
        char digits[24];
        snprintf(
            digits, sizeof digits, "%.*s", (int)(value->size < 23 ? value->size : 0), value->text);
        char *end = NULL;
        long long whole = strtoll(digits, &end, 10);
        if (end == digits || *end != '\0') {
            return fh_err_rule(
                err, FH_EINVAL, "pgcat.params", "the value of $%d is no whole number", number);
        }
        code = sqlite3_bind_int64(statement, number, whole);
    } else {
        code =
            sqlite3_bind_text(statement, number, value->text, (int)value->size, SQLITE_TRANSIENT);
    }
    return code == SQLITE_OK ? FH_OK : fh_err_set(err, FH_ENOMEM, "out of memory for a value");
}

static int bind_all(sqlite3_stmt *statement,
                    const struct fh_pgcat_translation *translation,
                    const struct fh_pgcat_param *params,
                    size_t param_count,
                    struct fh_err *err)
{
    if (param_count != translation->param_count) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "pgcat.params",
                           "%zu values were given for %zu parameters",
                           param_count,
                           translation->param_count);
    }
    int known = sqlite3_bind_parameter_count(statement);
    for (size_t i = 0; i < param_count && (int)i < known; i++) {
        int code = bind(statement, (int)i + 1, translation->param_types[i], &params[i], err);
        if (code != FH_OK) {
            return code;
        }
    }
    return FH_OK;
}

/* ---- running ---- */

static int run_prepared(struct fh_pgcat_run *run,
                        struct answer *answer,
                        sqlite3_stmt *statement,
                        struct fh_err *err)
{
    for (;;) {
        int step = sqlite3_step(statement);
        if (step == SQLITE_DONE) {
            return FH_OK;
        }
        if (step != SQLITE_ROW) {
            return sqlite_failed(run, step & 0xff, err);
        }
        int code = make_row(answer, run, statement, err);
        if (code != FH_OK) {
            return code;
        }
    }
}

static int prepare(struct fh_pgcat_run *run,
                   struct fh_pgcat_translation *translation,
                   sqlite3_stmt **out,
                   struct fh_err *err)
{
    const char *tail = NULL;
    int code = FH_OK;
    for (size_t i = 0; i < translation->set_count && code == FH_OK; i++) {
        translation->sets[i].declaring = &run->declaring;
        code = fh_pgcat_set_register(run->db, i, &translation->sets[i], err);
    }
    if (code != FH_OK) {
        return code;
    }
    int sqlite_code =
        sqlite3_prepare_v2(run->db, translation->sql, (int)translation->size, out, &tail);
    if (sqlite_code != SQLITE_OK) {
        return sqlite_failed(run, sqlite_code & 0xff, err);
    }
    if (*out == NULL || !sqlite3_stmt_readonly(*out) || tail[strspn(tail, " ")] != '\0') {
        return fh_err_rule(
            err, FH_ESQL, "pgcat.read_only", "only one query can be asked at a time");
    }
    return FH_OK;
}

static struct answer *new_answer(void)
{
    struct fh_arena *arena = fh_arena_new(FH_PGCAT_ANSWER_BYTES_MAX);
    struct answer *answer = arena == NULL ? NULL : fh_arena_alloc(arena, sizeof *answer);
    if (answer == NULL) {
        fh_arena_free(arena);
        return NULL;
    }
    answer->arena = arena;
    return answer;
}

int fh_pgcat_run_statement(struct fh_pgcat_run *run,
                           struct fh_pgcat_translation *translation,
                           const struct fh_pgcat_param *params,
                           size_t param_count,
                           bool answer_it,
                           struct fh_pgcat_rows **out,
                           struct fh_err *err)
{
    sqlite3_stmt *statement = NULL;
    struct answer *answer = new_answer();
    if (answer == NULL) {
        return fh_err_set(err, FH_ENOMEM, "out of memory for an answer");
    }
    run->steps = FH_PGCAT_STEPS_MAX;
    run->looked = FH_PGCAT_SEEN_MAX;
    run->until_ms = fh_clock_mono_ms() + FH_PGCAT_RUN_MS;
    run->err = (struct fh_err){.code = FH_OK};
    int code = prepare(run, translation, &statement, err);
    code = code == FH_OK ? make_columns(answer, statement, translation, err) : code;
    code = code == FH_OK ? make_params(answer, translation, err) : code;
    if (answer_it) {
        code = code == FH_OK ? bind_all(statement, translation, params, param_count, err) : code;
        code = code == FH_OK ? run_prepared(run, answer, statement, err) : code;
    }
    sqlite3_finalize(statement);
    for (size_t i = 0; i < translation->set_count; i++) {
        fh_pgcat_set_drop(run->db, i);
    }
    answer->rows.cells = answer->cells;
    answer->rows.bytes =
        fh_arena_bytes(answer->arena) + answer->cell_capacity * sizeof *answer->cells;
    if (code != FH_OK) {
        fh_pgcat_rows_free(&answer->rows);
        return code;
    }
    *out = &answer->rows;
    return FH_OK;
}

void fh_pgcat_rows_free(struct fh_pgcat_rows *rows)
{
    if (rows != NULL) {
        struct answer *answer = (struct answer *)(void *)rows;
        fh_free(answer->cells);
        fh_arena_free(answer->arena); /* the answer itself lives there */
    }
}
