/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pgcat/fill.h"

#include "tools/door/pgcat/functions.h"
#include "tools/door/pgcat/types.h"

#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { VALUES_MAX = 32 };

/* An INSERT that is prepared once and run for each row. */
struct insert {
    sqlite3 *db;
    sqlite3_stmt *statement;
    struct fh_err *err;
    int code;
};

/* `columns` with commas; what they leave out has its default. */
static void begin(struct insert *insert, const char *table, const char *columns)
{
    char sql[1024];
    int count = 1;
    for (const char *at = columns; *at != '\0'; at++) {
        count += *at == ',';
    }
    char marks[2 * VALUES_MAX + 1];
    size_t size = 0;
    for (int i = 0; i < count && size + 2 < sizeof marks; i++) {
        marks[size++] = i == 0 ? ' ' : ',';
        marks[size++] = '?';
    }
    marks[size] = '\0';
    snprintf(sql, sizeof sql, "INSERT INTO pg_catalog.%s(%s) VALUES(%s)", table, columns, marks);
    if (insert->code == FH_OK &&
        sqlite3_prepare_v2(insert->db, sql, -1, &insert->statement, NULL) != SQLITE_OK) {
        insert->code = fh_err_set(
            insert->err, FH_EINTERNAL, "table %s: %s", table, sqlite3_errmsg(insert->db));
    }
}

static void end(struct insert *insert)
{
    sqlite3_finalize(insert->statement);
    insert->statement = NULL;
}

/* One row: a letter for each value, i a number (int64_t), t a text (const char *, NULL is NULL). */
static void row(struct insert *insert, const char *letters, ...)
{
    if (insert->code != FH_OK) {
        return;
    }
    va_list values;
    va_start(values, letters);
    int code = SQLITE_OK;
    for (int i = 0; letters[i] != '\0' && code == SQLITE_OK; i++) {
        if (letters[i] == 'i') {
            code = sqlite3_bind_int64(insert->statement, i + 1, va_arg(values, int64_t));
        } else {
            code = sqlite3_bind_text(
                insert->statement, i + 1, va_arg(values, const char *), -1, SQLITE_TRANSIENT);
        }
    }
    va_end(values);
    if (code == SQLITE_OK) {
        code = sqlite3_step(insert->statement) == SQLITE_DONE ? SQLITE_OK : SQLITE_ERROR;
    }
    if (code != SQLITE_OK) {
        insert->code =
            fh_err_set(insert->err, FH_EINTERNAL, "a system table: %s", sqlite3_errmsg(insert->db));
    }
    sqlite3_reset(insert->statement);
}

#define I(value) ((int64_t)(value))

/* ---- what PostgreSQL has itself ---- */

static void fill_settings(struct insert *insert)
{
    static const struct {
        const char *name;
        const char *setting;
        const char *category;
        const char *context;
        const char *kind;
    } settings[] = {
#define CLIENT "Client Connection Defaults"
#define PRESET "Preset Options"
        {"application_name", "", "Reporting and Logging", "user", "string"},
        {"bytea_output", "hex", CLIENT, "user", "enum"},
        {"client_encoding", "UTF8", CLIENT, "user", "string"},
        {"client_min_messages", "notice", CLIENT, "user", "enum"},
        {"DateStyle", "ISO, MDY", CLIENT, "user", "string"},
        {"default_transaction_isolation", "read committed", CLIENT, "user", "enum"},
        {"default_transaction_read_only", "on", CLIENT, "user", "bool"},
        {"extra_float_digits", "1", CLIENT, "user", "integer"},
        {"idle_in_transaction_session_timeout", "0", CLIENT, "user", "integer"},
        {"integer_datetimes", "on", PRESET, "internal", "bool"},
        {"IntervalStyle", "postgres", CLIENT, "user", "enum"},
        {"lc_collate", "C", PRESET, "internal", "string"},
        {"lc_ctype", "C.UTF-8", PRESET, "internal", "string"},
        {"lock_timeout", "0", CLIENT, "user", "integer"},
        {"max_identifier_length", "63", PRESET, "internal", "integer"},
        {"max_index_keys", "32", PRESET, "internal", "integer"},
        {"search_path", "\"$user\", public", CLIENT, "user", "string"},
        {"server_encoding", "UTF8", PRESET, "internal", "string"},
        {"server_version", "15.0", PRESET, "internal", "string"},
        {"server_version_num", "150000", PRESET, "internal", "integer"},
        {"standard_conforming_strings", "on", CLIENT, "user", "bool"},
        {"statement_timeout", "0", CLIENT, "user", "integer"},
        {"TimeZone", "UTC", CLIENT, "user", "string"},
        {"transaction_isolation", "read committed", CLIENT, "user", "enum"},
        {"transaction_read_only", "on", CLIENT, "user", "bool"},
#undef CLIENT
#undef PRESET
    };
    begin(insert, "_settings", "name,setting,category,short_desc,context,vartype");
    for (size_t i = 0; i < FH_COUNT(settings); i++) {
        row(insert,
            "tttttt",
            settings[i].name,
            settings[i].setting,
            settings[i].category,
            "",
            settings[i].context,
            settings[i].kind);
    }
    end(insert);
}

static void fill_small(struct insert *insert)
{
    int64_t catalog = FH_PGCAT_SCHEMA_CATALOG;
    begin(insert, "pg_am", "oid,amname,amtype");
    row(insert, "itt", I(FH_PGCAT_AM_HEAP), "heap", "t");
    row(insert, "itt", I(FH_PGCAT_AM_BTREE), "btree", "i");
    end(insert);
    begin(insert, "pg_tablespace", "oid,spcname,spcowner");
    row(insert, "iti", I(FH_PGCAT_TABLESPACE), "pg_default", I(FH_PGCAT_OWNER));
    end(insert);
    begin(insert, "pg_language", "oid,lanname,lanowner");
    row(insert, "iti", I(12), "internal", I(FH_PGCAT_OWNER));
    end(insert);
    begin(insert,
          "pg_collation",
          "oid,collname,collnamespace,collowner,collprovider,collisdeterministic,collencoding,"
          "collcollate,collctype");
    row(insert,
        "itiitiitt",
        I(FH_PGCAT_COLLATION),
        "default",
        catalog,
        I(FH_PGCAT_OWNER),
        "d",
        I(1),
        I(-1),
        NULL,
        NULL);
    row(insert, "itiitiitt", I(950), "C", catalog, I(FH_PGCAT_OWNER), "c", I(1), I(-1), "C", "C");
    end(insert);
    begin(insert, "pg_range", "rngtypid,rngsubtype,rngmultitypid");
    for (size_t i = 0; i < fh_pgcat_type_count; i++) {
        const struct fh_pgcat_type *type = &fh_pgcat_types[i];
        if (type->kind == 'r') {
            row(insert, "iii", I(type->oid), I(type->base), I(type->multirange));
        }
    }
    end(insert);
}

static const char *letter(char c, char out[2])
{
    out[0] = c;
    out[1] = '\0';
    return out;
}

static void type_row(struct insert *insert, const struct fh_pgcat_type *type)
{
    char kind[2];
    char category[2];
    char align[2];
    char storage[2];
    bool vector = type->oid == FH_OID_INT2VECTOR || type->oid == FH_OID_OIDVECTOR;
    const uint32_t *functions = type->functions;
    row(insert,
        "itiiiittiiiiiiiittii",
        I(type->oid),
        type->name,
        I(FH_PGCAT_SCHEMA_CATALOG),
        I(FH_PGCAT_OWNER),
        I(type->size),
        I(type->by_value),
        letter(type->kind, kind),
        letter(type->category, category),
        I(type->preferred),
        I(vector ? fh_pgcat_type_element(type->oid) : type->element),
        I(type->array),
        I(functions[0]),
        I(functions[1]),
        I(functions[2]),
        I(functions[3]),
        I(type->collation),
        letter(type->align, align),
        letter(type->storage, storage),
        I(-1),
        I(1));
}

static void array_row(struct insert *insert, const struct fh_pgcat_type *type)
{
    char name[80];
    char align[2];
    snprintf(name, sizeof name, "_%s", type->name);
    row(insert,
        "itiiiittiiiiiiiittii",
        I(type->array),
        name,
        I(FH_PGCAT_SCHEMA_CATALOG),
        I(FH_PGCAT_OWNER),
        I(-1),
        I(0),
        "b",
        "A",
        I(0),
        I(type->oid),
        I(0),
        I(fh_pgcat_type_function_named("array_in")),
        I(fh_pgcat_type_function_named("array_out")),
        I(fh_pgcat_type_function_named("array_recv")),
        I(fh_pgcat_type_function_named("array_send")),
        I(type->collation),
        letter(type->align == 'd' ? 'd' : 'i', align),
        "x",
        I(-1),
        I(1));
}

static void fill_types(struct insert *insert)
{
    begin(insert,
          "pg_type",
          "oid,typname,typnamespace,typowner,typlen,typbyval,typtype,typcategory,typispreferred,"
          "typelem,typarray,typinput,typoutput,typreceive,typsend,typcollation,typalign,"
          "typstorage,typtypmod,typisdefined");
    for (size_t i = 0; i < fh_pgcat_type_count; i++) {
        type_row(insert, &fh_pgcat_types[i]);
        if (fh_pgcat_types[i].array != 0) {
            array_row(insert, &fh_pgcat_types[i]);
        }
    }
    end(insert);
    if (insert->code == FH_OK) {
        sqlite3_exec(insert->db, "UPDATE pg_catalog.pg_type SET typdelim = ','", NULL, NULL, NULL);
    }
}

static void function_row(struct insert *insert,
                         uint32_t oid,
                         const char *name,
                         uint32_t result,
                         unsigned flags,
                         int args)
{
    row(insert,
        "itiiitttttiitt",
        I(oid),
        name,
        I(FH_PGCAT_SCHEMA_CATALOG),
        I(FH_PGCAT_OWNER),
        I(12),
        (flags & FH_PGCAT_AGGREGATE) != 0 ? "a"
        : (flags & FH_PGCAT_WINDOW) != 0  ? "w"
                                          : "f",
        "s",
        "s",
        "",
        name,
        I(args),
        I(result),
        NULL,
        NULL);
}

/* The functions of types, which some clients tell arrays by, and those that can be called. */
static void fill_functions(struct insert *insert)
{
    static const char *const arrays[] = {"array_in", "array_out", "array_recv", "array_send"};
    static const char *const ends[] = {"in", "out", "recv", "send"};
    static const uint32_t results[] = {2276, 2275, 2276, FH_OID_BYTEA}; /* any, a C string */
    begin(insert,
          "pg_proc",
          "oid,proname,pronamespace,proowner,prolang,prokind,provolatile,proparallel,proargtypes,"
          "prosrc,pronargs,prorettype,proargnames,proacl");
    for (size_t k = 0; k < FH_COUNT(ends); k++) {
        function_row(insert, fh_pgcat_type_function_named(arrays[k]), arrays[k], results[k], 0, 1);
        for (size_t i = 0; i < fh_pgcat_type_count; i++) {
            const struct fh_pgcat_type *type = &fh_pgcat_types[i];
            char name[96];
            snprintf(name, sizeof name, "%s%s", type->stem, ends[k]);
            /* Some are shared: those of all ranges, say. */
            bool told = strcmp(type->stem, "array_") == 0;
            for (size_t j = 0; j < i && !told; j++) {
                told = fh_pgcat_types[j].functions[k] == type->functions[k];
            }
            if (type->functions[k] != 0 && !told) {
                function_row(
                    insert, type->functions[k], name, k == 0 ? type->oid : results[k], 0, 1);
            }
        }
    }
    for (size_t i = 0; i < fh_pgcat_function_count; i++) {
        const struct fh_pgcat_function *function = &fh_pgcat_functions[i];
        if ((function->flags & (FH_PGCAT_INTERNAL | FH_PGCAT_STANDARD)) == 0) {
            uint32_t result = function->type >= FH_PGCAT_TYPE_ARRAY ? 2283 : function->type;
            function_row(insert,
                         FH_PGCAT_FUNCTION_FIRST + (uint32_t)i,
                         function->name,
                         result,
                         function->flags,
                         function->args_min);
        }
    }
    end(insert);
}

/* ---- what the catalogue shows ---- */

static void fill_schemas(struct insert *insert, const struct fh_pgcat_facts *facts)
{
    begin(insert, "pg_namespace", "oid,nspname,nspowner");
    for (size_t i = 0; i < facts->schema_count; i++) {
        const struct fh_pgcat_schema *schema = &facts->schemas[i];
        row(insert, "iti", I(schema->oid), schema->name, I(schema->role));
    }
    end(insert);
    begin(insert, "pg_authid", "oid,rolname,rolinherit,rolconnlimit");
    for (size_t i = 0; i < facts->schema_count; i++) {
        const struct fh_pgcat_schema *schema = &facts->schemas[i];
        if (schema->role != FH_PGCAT_OWNER) {
            row(insert, "itii", I(schema->role), schema->name, I(1), I(-1));
        }
    }
    end(insert);
}

static size_t count_columns(const struct fh_pgcat_table *table)
{
    size_t count = table->column_count;
    struct fh_pgcat_relation_column column;
    const char *at = table->system == NULL ? "" : table->system->columns;
    while (fh_pgcat_relation_next(&at, &column)) {
        count++;
    }
    return count;
}

static void fill_classes(struct insert *insert, const struct fh_pgcat_facts *facts)
{
    begin(insert,
          "pg_class",
          "oid,relname,relnamespace,relowner,relam,relkind,relnatts,relhasindex,relpersistence,"
          "relreplident,reltuples,relispopulated");
    for (size_t i = 0; i < facts->table_count; i++) {
        const struct fh_pgcat_table *table = &facts->tables[i];
        bool view = table->system != NULL && table->system->kind == 'v';
        row(insert,
            "itiiitiittii",
            I(table->oid),
            table->name,
            I(table->schema->oid),
            I(table->schema->role),
            I(view ? 0 : FH_PGCAT_AM_HEAP),
            view ? "v" : "r",
            I(count_columns(table)),
            I(table->key_index != 0),
            "p",
            "d",
            I(-1),
            I(1));
        if (table->key_index != 0) {
            char name[FH_PGCAT_KEY_NAME_BYTES];
            fh_pgcat_key_name(name, table);
            row(insert,
                "itiiitiittii",
                I(table->key_index),
                name,
                I(table->schema->oid),
                I(table->schema->role),
                I(FH_PGCAT_AM_BTREE),
                "i",
                I(0),
                I(0),
                "p",
                "n",
                I(-1),
                I(1));
        }
    }
    end(insert);
}

static void column_row(struct insert *insert,
                       uint32_t table,
                       size_t number,
                       const char *name,
                       uint32_t type,
                       int32_t typmod,
                       bool required)
{
    const struct fh_pgcat_type *known = fh_pgcat_type_find(type);
    char align[2];
    char storage[2];
    row(insert,
        "itiiiiiittiiii",
        I(table),
        name,
        I(type),
        I(fh_pgcat_type_size(type)),
        I(number),
        I(typmod),
        I(required),
        I(known != NULL && known->by_value),
        letter(known == NULL ? 'i' : known->align, align),
        letter(known == NULL ? 'x' : known->storage, storage),
        I(known == NULL ? 0 : known->collation),
        I(1),
        I(-1),
        I(-1));
}

static void fill_columns(struct insert *insert, const struct fh_pgcat_facts *facts)
{
    begin(insert,
          "pg_attribute",
          "attrelid,attname,atttypid,attlen,attnum,atttypmod,attnotnull,attbyval,attalign,"
          "attstorage,attcollation,attislocal,attstattarget,attcacheoff");
    for (size_t i = 0; i < facts->table_count; i++) {
        const struct fh_pgcat_table *table = &facts->tables[i];
        struct fh_pgcat_relation_column column;
        const char *at = table->system == NULL ? "" : table->system->columns;
        for (size_t number = 1; fh_pgcat_relation_next(&at, &column); number++) {
            uint32_t type = fh_pgcat_type_named(column.type);
            column_row(insert, table->oid, number, column.name, type, -1, !column.nullable);
        }
        for (size_t c = 0; c < table->column_count; c++) {
            int32_t typmod = -1;
            uint32_t type = fh_pgcat_type_of_sql(table->columns[c].type, &typmod);
            column_row(insert,
                       table->oid,
                       c + 1,
                       table->columns[c].name,
                       type,
                       typmod,
                       table->columns[c].required);
        }
    }
    end(insert);
}

static void fill_comments(struct insert *insert, const struct fh_pgcat_facts *facts)
{
    begin(insert, "pg_description", "objoid,classoid,objsubid,description");
    for (size_t i = 0; i < facts->table_count; i++) {
        const struct fh_pgcat_table *table = &facts->tables[i];
        if (table->comment[0] != '\0') {
            row(insert, "iiit", I(table->oid), I(FH_PGCAT_CLASS_CLASS), I(0), table->comment);
        }
        for (size_t c = 0; c < table->column_count; c++) {
            if (table->columns[c].comment[0] != '\0') {
                row(insert,
                    "iiit",
                    I(table->oid),
                    I(FH_PGCAT_CLASS_CLASS),
                    I(c + 1),
                    table->columns[c].comment);
            }
        }
    }
    end(insert);
}

/* The numbers of a key's columns with a mark between them; `zeros` writes 0 for each. */
static void
key_numbers(struct fh_buf *out, const struct fh_pgcat_table *table, const char *mark, bool zeros)
{
    bool more = false;
    for (uint32_t place = 1; place <= table->column_count; place++) {
        for (size_t c = 0; c < table->column_count; c++) {
            if (table->columns[c].primary_key == place) {
                fh_buf_printf(out, "%s%zu", more ? mark : "", zeros ? (size_t)0 : c + 1);
                more = true;
            }
        }
    }
}

static void fill_keys(struct insert *insert, const struct fh_pgcat_facts *facts, bool constraints)
{
    struct fh_buf keys;
    struct fh_buf zeros;
    fh_buf_init(&keys, 64 * 1024);
    fh_buf_init(&zeros, 64 * 1024);
    if (constraints) {
        begin(insert,
              "pg_constraint",
              "oid,conname,connamespace,contype,convalidated,conrelid,conindid,conislocal,"
              "connoinherit,conkey");
    } else {
        begin(insert,
              "pg_index",
              "indexrelid,indrelid,indnatts,indnkeyatts,indisunique,indisprimary,indimmediate,"
              "indisvalid,indisready,indislive,indkey,indcollation,indclass,indoption");
    }
    for (size_t i = 0; i < facts->table_count; i++) {
        const struct fh_pgcat_table *table = &facts->tables[i];
        if (table->key_index == 0) {
            continue;
        }
        char name[FH_PGCAT_KEY_NAME_BYTES];
        fh_pgcat_key_name(name, table);
        fh_buf_reset(&keys);
        fh_buf_reset(&zeros);
        if (constraints) {
            fh_buf_add_cstr(&keys, "{");
            key_numbers(&keys, table, ",", false);
            fh_buf_add_cstr(&keys, "}");
            row(insert,
                "ititiiiiit",
                I(table->key_constraint),
                name,
                I(table->schema->oid),
                "p",
                I(1),
                I(table->oid),
                I(table->key_index),
                I(1),
                I(1),
                fh_buf_cstr(&keys));
            continue;
        }
        key_numbers(&keys, table, " ", false);
        key_numbers(&zeros, table, " ", true);
        size_t count = (zeros.size + 1) / 2;
        row(insert,
            "iiiiiiiiiitttt",
            I(table->key_index),
            I(table->oid),
            I(count),
            I(count),
            I(1),
            I(1),
            I(1),
            I(1),
            I(1),
            I(1),
            fh_buf_cstr(&keys),
            fh_buf_cstr(&zeros),
            fh_buf_cstr(&zeros),
            fh_buf_cstr(&zeros));
    }
    end(insert);
    fh_buf_fini(&keys);
    fh_buf_fini(&zeros);
}

int fh_pgcat_fill(sqlite3 *db, const struct fh_pgcat_facts *facts, struct fh_err *err)
{
    struct insert insert = {.db = db, .err = err, .code = FH_OK};
    sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
    fill_settings(&insert);
    fill_small(&insert);
    fill_types(&insert);
    fill_functions(&insert);
    fill_schemas(&insert, facts);
    fill_classes(&insert, facts);
    fill_columns(&insert, facts);
    fill_comments(&insert, facts);
    fill_keys(&insert, facts, false);
    fill_keys(&insert, facts, true);
    static const char indexes[] = "CREATE INDEX pg_catalog._class_oid ON pg_class(oid);"
                                  "CREATE INDEX pg_catalog._class_name ON pg_class(relname);"
                                  "CREATE INDEX pg_catalog._attribute ON pg_attribute(attrelid);"
                                  "CREATE INDEX pg_catalog._type_oid ON pg_type(oid);"
                                  "CREATE INDEX pg_catalog._description ON pg_description(objoid);"
                                  "CREATE INDEX pg_catalog._schema ON pg_namespace(oid);"
                                  "COMMIT";
    if (insert.code == FH_OK && sqlite3_exec(db, indexes, NULL, NULL, NULL) != SQLITE_OK) {
        insert.code = fh_err_set(err, FH_EINTERNAL, "system tables: %s", sqlite3_errmsg(db));
    }
    return insert.code;
}
