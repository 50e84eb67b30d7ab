/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pgcat/functions.h"

#include "tools/door/pgcat/functions_inner.h"
#include "tools/door/pgcat/types.h"

#include "common/limits.h"

#include <sqlite3.h>
#include <string.h>

enum {
    NAME_ARRAY = 1003,
    TEXT_ARRAY = 1009,
};

#define FIRST   FH_PGCAT_TYPE_OF_FIRST
#define ELEMENT FH_PGCAT_TYPE_ELEMENT
#define ARRAY   FH_PGCAT_TYPE_ARRAY
#define BOOL    FH_OID_BOOL
#define INT4    FH_OID_INT4
#define INT8    FH_OID_INT8
#define NAME    FH_OID_NAME
#define OID     FH_OID_OID
#define TEXT    FH_OID_TEXT
#define TIME    FH_OID_TIMESTAMPTZ

/* Of ours; of SQLite with the same meaning, there by the same or another name; of many rows. */
#define OURS(name, min, max, type, call)                                                           \
    {                                                                                              \
        name, min, max, type, 0, fh_pgcat_call_##call, NULL, NULL, NULL                            \
    }
#define FLAG(name, min, max, type, flags, call)                                                    \
    {                                                                                              \
        name, min, max, type, flags, fh_pgcat_call_##call, NULL, NULL, NULL                        \
    }
#define AS(name, min, max, type, sqlite)                                                           \
    {                                                                                              \
        name, min, max, type, 0, NULL, NULL, NULL, sqlite                                          \
    }
#define THEIRS(name, min, max, type) AS(name, min, max, type, NULL)
#define AGGREGATE(name, min, max, type)                                                            \
    {                                                                                              \
        name, min, max, type, FH_PGCAT_AGGREGATE, NULL, NULL, NULL, NULL                           \
    }
#define WINDOW(name, min, max, type)                                                               \
    {                                                                                              \
        name, min, max, type, FH_PGCAT_WINDOW, NULL, NULL, NULL, NULL                              \
    }
#define STEPS(name, min, max, type, flags, step, end)                                              \
    {                                                                                              \
        name, min, max, type, FH_PGCAT_AGGREGATE | (flags), NULL, fh_pgcat_call_##step,            \
            fh_pgcat_end_##end, NULL                                                               \
    }

const struct fh_pgcat_function fh_pgcat_functions[] = {
#include "tools/door/pgcat/functions.inc"
};

const size_t fh_pgcat_function_count = FH_COUNT(fh_pgcat_functions);

const struct fh_pgcat_function *fh_pgcat_function_find(const char *name)
{
    for (size_t i = 0; i < FH_COUNT(fh_pgcat_functions); i++) {
        if (strcmp(fh_pgcat_functions[i].name, name) == 0) {
            return &fh_pgcat_functions[i];
        }
    }
    return NULL;
}

bool fh_pgcat_function_is_allowed(const char *sqlite_name)
{
    /* What SQLite calls for operators and for translated words. */
    static const char *const others[] = {
        "like", "glob", "regexp", "match", "substr", "instr", "trim", "ltrim", "rtrim"};
    for (size_t i = 0; i < FH_COUNT(others); i++) {
        if (sqlite3_stricmp(others[i], sqlite_name) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < FH_COUNT(fh_pgcat_functions); i++) {
        const struct fh_pgcat_function *function = &fh_pgcat_functions[i];
        const char *name = function->sqlite == NULL ? function->name : function->sqlite;
        if (sqlite3_stricmp(name, sqlite_name) == 0) {
            return true;
        }
    }
    return false;
}

int fh_pgcat_functions_register(sqlite3 *db, struct fh_pgcat_run *run, struct fh_err *err)
{
    for (size_t i = 0; i < FH_COUNT(fh_pgcat_functions); i++) {
        const struct fh_pgcat_function *function = &fh_pgcat_functions[i];
        if (function->call == NULL && function->step == NULL) {
            continue;
        }
        /* SQLite prefers a function of just so many arguments, and has some of its own. */
        bool few = function->args_max >= 0;
        int code = SQLITE_OK;
        for (int args = few ? function->args_min : -1;
             code == SQLITE_OK && args <= (few ? function->args_max : -1);
             args++) {
            code = sqlite3_create_function(db,
                                           function->name,
                                           args,
                                           SQLITE_UTF8,
                                           run,
                                           function->call,
                                           function->step,
                                           function->end);
        }
        if (code != SQLITE_OK) {
            return fh_err_set(err, FH_ENOMEM, "out of memory for a catalogue");
        }
    }
    return FH_OK;
}

/* ---- what the files of functions share ---- */

struct fh_pgcat_run *fh_pgcat_run_of(sqlite3_context *context)
{
    return sqlite3_user_data(context);
}

const char *fh_pgcat_arg(sqlite3_value *value)
{
    return (const char *)sqlite3_value_text(value);
}

struct fh_bytes fh_pgcat_arg_bytes(sqlite3_value *value)
{
    const unsigned char *text = sqlite3_value_text(value);
    return fh_bytes(text, text == NULL ? 0 : (size_t)sqlite3_value_bytes(value));
}

bool fh_pgcat_arg_is_null(const sqlite3_value *value)
{
    return sqlite3_value_type((sqlite3_value *)(uintptr_t)value) == SQLITE_NULL;
}

void fh_pgcat_result(sqlite3_context *context, struct fh_buf *buf)
{
    int code = fh_buf_ok(buf);
    if (code == FH_ETOOBIG) {
        sqlite3_result_error_toobig(context);
    } else if (code != FH_OK) {
        sqlite3_result_error_nomem(context);
    } else {
        sqlite3_result_text(context,
                            buf->size == 0 ? "" : (const char *)buf->data,
                            (int)buf->size,
                            SQLITE_TRANSIENT);
    }
    fh_buf_fini(buf);
}

void fh_pgcat_result_text(sqlite3_context *context, const char *text)
{
    if (text == NULL) {
        sqlite3_result_null(context);
    } else {
        sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
    }
}

void fh_pgcat_result_err(sqlite3_context *context)
{
    sqlite3_result_error(context, fh_pgcat_run_of(context)->err.text, -1);
}

void fh_pgcat_result_spent(sqlite3_context *context)
{
    struct fh_pgcat_run *run = fh_pgcat_run_of(context);
    fh_err_rule(&run->err, FH_ETOOBIG, "pgcat.steps", "the statement takes too many steps");
    fh_pgcat_result_err(context);
}
