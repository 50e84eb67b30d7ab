/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pgcat/sets.h"

#include "tools/door/pgcat/array.h"
#include "tools/door/pgcat/types.h"

#include "common/mem.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

static const struct fh_pgcat_set_function functions[] = {
    {"unnest", FH_PGCAT_SET_UNNEST, 1, 1, 1, {NULL}, {0}},
    {"_pg_expandarray", FH_PGCAT_SET_EXPAND, 1, 1, 2, {"x", "n"}, {0, FH_OID_INT4}},
    {"generate_series", FH_PGCAT_SET_SERIES, 2, 3, 1, {NULL}, {FH_OID_INT4}},
    {"generate_subscripts", FH_PGCAT_SET_SUBSCRIPTS, 2, 3, 1, {NULL}, {FH_OID_INT4}},
    {"pg_partition_ancestors", FH_PGCAT_SET_NOTHING, 1, 1, 1, {NULL}, {FH_OID_REGCLASS}},
    {"pg_partition_tree",
     FH_PGCAT_SET_NOTHING,
     1,
     1,
     4,
     {"relid", "parentrelid", "isleaf", "level"},
     {FH_OID_REGCLASS, FH_OID_REGCLASS, FH_OID_BOOL, FH_OID_INT4}},
    {"aclexplode",
     FH_PGCAT_SET_NOTHING,
     1,
     1,
     4,
     {"grantor", "grantee", "privilege_type", "is_grantable"},
     {FH_OID_OID, FH_OID_OID, FH_OID_TEXT, FH_OID_BOOL}},
    {"pg_options_to_table",
     FH_PGCAT_SET_NOTHING,
     1,
     1,
     2,
     {"option_name", "option_value"},
     {FH_OID_TEXT, FH_OID_TEXT}},
    {"pg_listening_channels", FH_PGCAT_SET_NOTHING, 0, 0, 1, {NULL}, {FH_OID_TEXT}},
};

static const struct fh_pgcat_set_function any_function = {
    "_unnest", FH_PGCAT_SET_UNNEST, 1, 1, 1, {"value"}, {0}};
const struct fh_pgcat_set_function *fh_pgcat_set_find(const char *name)
{
    for (size_t i = 0; i < FH_COUNT(functions); i++) {
        if (strcmp(functions[i].name, name) == 0) {
            return &functions[i];
        }
    }
    return NULL;
}

/* ---- the virtual table ---- */

struct table {
    sqlite3_vtab base; /* first, as SQLite wants it */
    const struct fh_pgcat_set *set;
};

struct cursor {
    sqlite3_vtab_cursor base; /* first */
    const struct fh_pgcat_set *set;
    char *text; /* of the array */
    struct fh_pgcat_array array;
    bool open; /* `array` */
    struct fh_bytes element;
    bool null;
    int64_t number; /* of the row, from 1 */
    int64_t value;  /* SERIES, SUBSCRIPTS */
    int64_t last;
    int64_t step;
    bool ended;
};

static int set_connect(
    sqlite3 *db, void *aux, int argc, const char *const *argv, sqlite3_vtab **out, char **message)
{
    (void)argc;
    (void)argv;
    (void)message;
    const struct fh_pgcat_set *set = aux;
    struct fh_buf sql;
    fh_buf_init(&sql, 4096);
    fh_buf_add_cstr(&sql, "CREATE TABLE x(");
    for (unsigned i = 0; i < set->column_count; i++) {
        const struct fh_pgcat_type *type = fh_pgcat_type_find(set->types[i]);
        fh_buf_add_quoted(&sql, set->columns[i], '"');
        fh_buf_printf(&sql, " %s,", type == NULL ? "" : type->name);
    }
    for (unsigned i = 0; i < FH_PGCAT_SET_ARGS_MAX; i++) {
        fh_buf_printf(&sql, "%s\"_a%u\" HIDDEN", i > 0 ? "," : "", i);
    }
    fh_buf_add_cstr(&sql, ")");
    struct table *table = fh_calloc(1, sizeof *table);
    *set->declaring = true;
    int code = table == NULL || fh_buf_ok(&sql) != FH_OK
                   ? SQLITE_NOMEM
                   : sqlite3_declare_vtab(db, fh_buf_cstr(&sql));
    *set->declaring = false;
    fh_buf_fini(&sql);
    if (code != SQLITE_OK) {
        fh_free(table);
        return code;
    }
    table->set = set;
    *out = &table->base;
    return SQLITE_OK;
}

static int set_disconnect(sqlite3_vtab *base)
{
    fh_free(base);
    return SQLITE_OK;
}

/* Arguments are hidden columns behind the visible ones; all that were given must be known. */
static int set_best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
    const struct fh_pgcat_set *set = ((struct table *)base)->set;
    unsigned given = 0;
    for (int i = 0; i < info->nConstraint; i++) {
        int column = info->aConstraint[i].iColumn - (int)set->column_count;
        if (column < 0 || info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ) {
            continue;
        }
        if (!info->aConstraint[i].usable) {
            return SQLITE_CONSTRAINT;
        }
        info->aConstraintUsage[i].argvIndex = column + 1;
        info->aConstraintUsage[i].omit = 1;
        given++;
    }
    if (given < set->args) {
        return SQLITE_CONSTRAINT;
    }
    info->estimatedCost = 10;
    info->estimatedRows = 10;
    return SQLITE_OK;
}

static int set_open(sqlite3_vtab *base, sqlite3_vtab_cursor **out)
{
    struct cursor *cursor = fh_calloc(1, sizeof *cursor);
    if (cursor == NULL) {
        return SQLITE_NOMEM;
    }
    cursor->set = ((struct table *)base)->set;
    *out = &cursor->base;
    return SQLITE_OK;
}

static void clear(struct cursor *cursor)
{
    if (cursor->open) {
        fh_pgcat_array_close(&cursor->array);
    }
    fh_free(cursor->text);
    *cursor = (struct cursor){.base = cursor->base, .set = cursor->set};
}

static int set_close(sqlite3_vtab_cursor *base)
{
    struct cursor *cursor = (struct cursor *)base;
    clear(cursor);
    fh_free(cursor);
    return SQLITE_OK;
}

static int set_next(sqlite3_vtab_cursor *base)
{
    struct cursor *cursor = (struct cursor *)base;
    cursor->number++;
    if (cursor->open) {
        cursor->ended = !fh_pgcat_array_next(&cursor->array, &cursor->element, &cursor->null);
    } else if (__builtin_add_overflow(cursor->value, cursor->step, &cursor->value)) {
        cursor->ended = true;
    } else {
        cursor->ended =
            cursor->step > 0 ? cursor->value > cursor->last : cursor->value < cursor->last;
    }
    return SQLITE_OK;
}

/* Begins with the elements of an array; NULL and what is no array have none. */
static int begin_array(struct cursor *cursor, sqlite3_value *value)
{
    const unsigned char *text = sqlite3_value_text(value);
    if (text == NULL) {
        cursor->ended = true;
        return SQLITE_OK;
    }
    cursor->text = fh_strdup((const char *)text);
    if (cursor->text == NULL) {
        return SQLITE_NOMEM;
    }
    cursor->open = true;
    if (!fh_pgcat_array_open(&cursor->array, fh_bytes_cstr(cursor->text))) {
        cursor->ended = true;
        return SQLITE_OK;
    }
    cursor->ended = !fh_pgcat_array_next(&cursor->array, &cursor->element, &cursor->null);
    return SQLITE_OK;
}

/* The numbers of an array's elements, from the first to the last. */
static int begin_subscripts(struct cursor *cursor, sqlite3_value *value)
{
    int code = begin_array(cursor, value);
    int64_t count = 0;
    bool vector = cursor->open && cursor->array.vector;
    while (code == SQLITE_OK && !cursor->ended) {
        count++;
        cursor->ended = !fh_pgcat_array_next(&cursor->array, &cursor->element, &cursor->null);
    }
    clear(cursor);
    cursor->value = vector ? 0 : 1;
    cursor->last = cursor->value + count - 1;
    cursor->step = 1;
    cursor->ended = count == 0;
    return code;
}

static int
set_filter(sqlite3_vtab_cursor *base, int number, const char *name, int argc, sqlite3_value **argv)
{
    (void)number;
    (void)name;
    struct cursor *cursor = (struct cursor *)base;
    clear(cursor);
    cursor->number = 1;
    int code = SQLITE_OK;
    switch (cursor->set->function->kind) {
    case FH_PGCAT_SET_UNNEST:
    case FH_PGCAT_SET_EXPAND:
        code = begin_array(cursor, argv[0]);
        break;
    case FH_PGCAT_SET_SUBSCRIPTS:
        code = begin_subscripts(cursor, argv[0]);
        break;
    case FH_PGCAT_SET_SERIES:
        cursor->value = sqlite3_value_int64(argv[0]);
        cursor->last = sqlite3_value_int64(argv[1]);
        cursor->step = argc > 2 ? sqlite3_value_int64(argv[2]) : 1;
        cursor->ended =
            cursor->step == 0 || sqlite3_value_type(argv[0]) == SQLITE_NULL ||
            sqlite3_value_type(argv[1]) == SQLITE_NULL ||
            (cursor->step > 0 ? cursor->value > cursor->last : cursor->value < cursor->last);
        break;
    case FH_PGCAT_SET_NOTHING:
    default:
        cursor->ended = true;
        break;
    }
    cursor->number = 1;
    return code;
}

static int set_eof(sqlite3_vtab_cursor *base)
{
    return ((struct cursor *)base)->ended;
}

/* What looks like a number is one, so that it compares as one; beside a text it is text again. */
static void result_element(sqlite3_context *context, const struct cursor *cursor)
{
    uint32_t type = cursor->set->types[0];
    bool number = type == 0 || fh_pgcat_type_is_whole(type) || fh_pgcat_type_is_reg(type);
    int64_t value = 0;
    if (cursor->null) {
        sqlite3_result_null(context);
    } else if (number && fh_pgcat_array_number(cursor->element, &value)) {
        sqlite3_result_int64(context, value);
    } else {
        sqlite3_result_text(context,
                            cursor->element.size == 0 ? "" : (const char *)cursor->element.data,
                            (int)cursor->element.size,
                            SQLITE_TRANSIENT);
    }
}

static int set_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
    const struct cursor *cursor = (const struct cursor *)base;
    unsigned visible = cursor->set->column_count;
    if (column < 0 || (unsigned)column >= visible) {
        sqlite3_result_null(context); /* an argument */
    } else if (cursor->set->ordinality && (unsigned)column == visible - 1) {
        sqlite3_result_int64(context, cursor->number);
    } else if (column > 0) {
        sqlite3_result_int64(context, cursor->number); /* n of _pg_expandarray */
    } else if (cursor->open) {
        result_element(context, cursor);
    } else {
        sqlite3_result_int64(context, cursor->value);
    }
    return SQLITE_OK;
}

static int set_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
    *out = ((struct cursor *)base)->number;
    return SQLITE_OK;
}

static const sqlite3_module module = {
    .xConnect = set_connect, /* and no xCreate: it is there without CREATE VIRTUAL TABLE */
    .xBestIndex = set_best_index,
    .xDisconnect = set_disconnect,
    .xOpen = set_open,
    .xClose = set_close,
    .xFilter = set_filter,
    .xNext = set_next,
    .xEof = set_eof,
    .xColumn = set_column,
    .xRowid = set_rowid,
};

static int
register_as(sqlite3 *db, const char *name, const struct fh_pgcat_set *set, struct fh_err *err)
{
    /* SQLite hands back what it was given without const. */
    if (sqlite3_create_module(db, name, &module, (void *)(uintptr_t)set) != SQLITE_OK) {
        return fh_err_set(err, FH_ENOMEM, "out of memory for a statement");
    }
    return FH_OK;
}

int fh_pgcat_set_register(sqlite3 *db,
                          size_t number,
                          const struct fh_pgcat_set *set,
                          struct fh_err *err)
{
    char name[32];
    snprintf(name, sizeof name, "_set%zu", number);
    return register_as(db, name, set, err);
}

void fh_pgcat_set_drop(sqlite3 *db, size_t number)
{
    char name[32];
    snprintf(name, sizeof name, "_set%zu", number);
    sqlite3_create_module(db, name, NULL, NULL);
}

int fh_pgcat_set_register_any(sqlite3 *db, struct fh_pgcat_set *set, struct fh_err *err)
{
    bool *declaring = set->declaring;
    *set = (struct fh_pgcat_set){.function = &any_function,
                                 .args = 1,
                                 .column_count = 1,
                                 .columns = {"value"},
                                 .declaring = declaring};
    return register_as(db, "_unnest", set, err);
}
