/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pgcat/functions_inner.h"

#include "tools/door/pgcat/array.h"

#include "common/limits.h"
#include "common/time.h"

#include <string.h>
#include <strings.h>

enum { UTF8 = 6 /* number of the encoding */ };

/* ---- one value for all ---- */

void fh_pgcat_call_null(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    (void)argv;
    sqlite3_result_null(context);
}

void fh_pgcat_call_zero(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    (void)argv;
    sqlite3_result_int(context, 0);
}

void fh_pgcat_call_empty(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    (void)argv;
    fh_pgcat_result_text(context, "");
}

/* NULL of NULL, as strict functions are. */
static void truth(sqlite3_context *context, int argc, sqlite3_value **argv, bool value)
{
    for (int i = 0; i < argc; i++) {
        if (fh_pgcat_arg_is_null(argv[i])) {
            sqlite3_result_null(context);
            return;
        }
    }
    sqlite3_result_int(context, value);
}

void fh_pgcat_call_true(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    truth(context, argc, argv, true);
}

void fh_pgcat_call_false(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    truth(context, argc, argv, false);
}

/* ---- who asks ---- */

void fh_pgcat_call_version(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    (void)argv;
    struct fh_buf text;
    fh_buf_init(&text, 256);
    /* Clients read the number behind the first word. */
    fh_buf_printf(&text, "PostgreSQL %s (Freehold)", fh_pgcat_run_of(context)->self->version);
    fh_pgcat_result(context, &text);
}

static const char *database(const struct fh_pgcat_run *run)
{
    return run->self->database[0] == '\0' ? run->facts->database : run->self->database;
}

void fh_pgcat_call_database(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    (void)argv;
    fh_pgcat_result_text(context, database(fh_pgcat_run_of(context)));
}

void fh_pgcat_call_user(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    (void)argv;
    fh_pgcat_result_text(context, fh_pgcat_run_of(context)->self->user);
}

void fh_pgcat_call_backend_pid(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    (void)argv;
    sqlite3_result_int(context, fh_pgcat_run_of(context)->self->pid);
}

static const char *setting(const struct fh_pgcat_run *run, const char *name)
{
    const struct fh_pgcat_self *self = run->self;
    return self->setting == NULL ? NULL : self->setting(self->connection, name);
}

/* The schemas of search_path that exist, in order; `implicit`: pg_catalog before them. */
static void schemas(struct fh_buf *out, struct fh_pgcat_run *run, bool implicit)
{
    const char *path = setting(run, "search_path");
    const char *at = path == NULL ? "" : path;
    fh_pgcat_array_begin(out);
    if (implicit) {
        fh_pgcat_array_add(out, fh_bytes_cstr("pg_catalog"), false);
    }
    while (*at != '\0') {
        char name[FH_NAME_BYTES_MAX + 1];
        size_t size = 0;
        at += strspn(at, " ,");
        bool quoted = *at == '"';
        at += quoted ? 1 : 0;
        while (*at != '\0' && *at != '"' && (quoted || (*at != ',' && *at != ' '))) {
            if (size < sizeof name - 1) {
                name[size++] = *at;
            }
            at++;
        }
        at += *at == '"' ? 1 : 0;
        name[size] = '\0';
        if (size > 0 && fh_pgcat_facts_schema_named(run->facts, name) != NULL &&
            !(implicit && strcmp(name, "pg_catalog") == 0)) {
            fh_pgcat_array_add(out, fh_bytes_cstr(name), false);
        }
    }
    fh_pgcat_array_end(out);
}

void fh_pgcat_call_schemas(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct fh_buf list;
    fh_buf_init(&list, FH_PGCAT_VALUE_BYTES_MAX);
    schemas(&list, fh_pgcat_run_of(context), argc > 0 && sqlite3_value_int(argv[0]) != 0);
    fh_pgcat_result(context, &list);
}

void fh_pgcat_call_schema(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    (void)argv;
    struct fh_buf list;
    struct fh_pgcat_array array;
    struct fh_bytes first;
    bool null = false;
    fh_buf_init(&list, FH_PGCAT_VALUE_BYTES_MAX);
    schemas(&list, fh_pgcat_run_of(context), false);
    if (fh_buf_ok(&list) != FH_OK) {
        fh_pgcat_result(context, &list);
        return;
    }
    if (fh_pgcat_array_open(&array, fh_buf_view(&list)) &&
        fh_pgcat_array_next(&array, &first, &null)) {
        sqlite3_result_text(context, (const char *)first.data, (int)first.size, SQLITE_TRANSIENT);
    } else {
        sqlite3_result_null(context);
    }
    fh_pgcat_array_close(&array);
    fh_buf_fini(&list);
}

void fh_pgcat_call_setting(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct fh_pgcat_run *run = fh_pgcat_run_of(context);
    const char *name = argc > 0 ? fh_pgcat_arg(argv[0]) : NULL;
    bool missing_ok = argc > 1 && sqlite3_value_int(argv[1]) != 0;
    const char *value = name == NULL ? NULL : setting(run, name);
    if (value == NULL && name != NULL && !missing_ok) {
        fh_err_rule(&run->err,
                    FH_ESQL,
                    "pgcat.setting",
                    "unrecognized configuration parameter \"%.63s\"",
                    name);
        fh_pgcat_result_err(context);
        return;
    }
    fh_pgcat_result_text(context, value);
}

void fh_pgcat_call_set_config(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct fh_pgcat_run *run = fh_pgcat_run_of(context);
    const struct fh_pgcat_self *self = run->self;
    const char *name = argc > 1 ? fh_pgcat_arg(argv[0]) : NULL;
    const char *value = argc > 1 ? fh_pgcat_arg(argv[1]) : NULL;
    if (name == NULL) {
        sqlite3_result_null(context);
        return;
    }
    if (self->set == NULL || !self->set(self->connection, name, value == NULL ? "" : value)) {
        fh_err_rule(
            &run->err, FH_ESQL, "pgcat.setting", "parameter \"%.63s\" cannot be set so", name);
        fh_pgcat_result_err(context);
        return;
    }
    fh_pgcat_result_text(context, value == NULL ? "" : value);
}

/* ---- time ---- */

void fh_pgcat_call_now(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    (void)argv;
    char text[FH_TIME_TEXT_BYTES];
    fh_time_text(text, fh_pgcat_run_of(context)->self->now_ms);
    /* "2026-11-29T01:02:03Z" as PostgreSQL writes it */
    struct fh_buf out;
    fh_buf_init(&out, 64);
    fh_buf_printf(&out, "%.10s %.8s+00", text, text + 11);
    fh_pgcat_result(context, &out);
}

void fh_pgcat_call_today(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    (void)argv;
    char text[FH_TIME_TEXT_BYTES];
    fh_time_text(text, fh_pgcat_run_of(context)->self->now_ms);
    sqlite3_result_text(context, text, 10, SQLITE_TRANSIENT);
}

/* ---- encodings ---- */

void fh_pgcat_call_encoding_to_char(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    fh_pgcat_result_text(context, sqlite3_value_int(argv[0]) == UTF8 ? "UTF8" : "");
}

void fh_pgcat_call_char_to_encoding(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    const char *name = fh_pgcat_arg(argv[0]);
    bool known = name != NULL && (strcasecmp(name, "UTF8") == 0 || strcasecmp(name, "UTF-8") == 0);
    sqlite3_result_int(context, known ? UTF8 : -1);
}

void fh_pgcat_call_encoding_name(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    (void)argv;
    fh_pgcat_result_text(context, "UTF8");
}
