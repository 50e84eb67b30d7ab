/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pgcat/functions_inner.h"

#include "tools/door/pgcat/types.h"

#include "common/limits.h"

#include <stdlib.h>
#include <string.h>

static void begin(struct fh_buf *out)
{
    fh_buf_init(out, FH_PGCAT_VALUE_BYTES_MAX);
}

static uint32_t oid_of(sqlite3_value *value)
{
    int64_t oid = sqlite3_value_int64(value);
    return oid < 0 || oid > UINT32_MAX ? 0 : (uint32_t)oid;
}

static const struct fh_pgcat_table *table_of(sqlite3_context *context, sqlite3_value *value)
{
    return fh_pgcat_facts_table(fh_pgcat_run_of(context)->facts, oid_of(value));
}

/* ---- roles ---- */

static const char *role_name(const struct fh_pgcat_run *run, uint32_t oid)
{
    if (oid == FH_PGCAT_OWNER) {
        return run->self == NULL ? "" : run->self->user;
    }
    for (size_t i = 0; i < run->facts->schema_count; i++) {
        if (run->facts->schemas[i].role == oid) {
            return run->facts->schemas[i].name;
        }
    }
    return NULL;
}

void fh_pgcat_call_userbyid(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct fh_buf out;
    uint32_t oid = oid_of(argv[0]);
    const char *name = role_name(fh_pgcat_run_of(context), oid);
    if (fh_pgcat_arg_is_null(argv[0])) {
        sqlite3_result_null(context);
        return;
    }
    begin(&out);
    if (name != NULL) {
        fh_buf_add_cstr(&out, name);
    } else {
        fh_buf_printf(&out, "unknown (OID=%u)", oid);
    }
    fh_pgcat_result(context, &out);
}

/* Who may see a catalogue may read what it lists, as far as grants go; nobody may write. */
void fh_pgcat_call_has_privilege(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    static const char *const kept[] = {"SELECT", "USAGE", "CONNECT", "EXECUTE"};
    const char *privilege = fh_pgcat_arg(argv[argc - 1]);
    bool allowed = false;
    for (int i = 0; i < argc; i++) {
        if (fh_pgcat_arg_is_null(argv[i])) {
            sqlite3_result_null(context);
            return;
        }
    }
    for (size_t i = 0; i < FH_COUNT(kept); i++) {
        allowed = allowed || sqlite3_strnicmp(privilege, kept[i], (int)strlen(kept[i])) == 0;
    }
    sqlite3_result_int(context, allowed && sqlite3_stricmp(privilege, "SELECT WITH GRANT OPTION"));
}

/* ---- types ---- */

void fh_pgcat_call_format_type(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct fh_buf out;
    if (fh_pgcat_arg_is_null(argv[0])) {
        sqlite3_result_null(context);
        return;
    }
    begin(&out);
    bool plain = argc < 2 || fh_pgcat_arg_is_null(argv[1]);
    fh_pgcat_type_format(&out, oid_of(argv[0]), plain ? -1 : sqlite3_value_int64(argv[1]));
    fh_pgcat_result(context, &out);
}

/* information_schema's name of a type: without modifiers, and arrays are all alike. */
void fh_pgcat_call_data_type(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct fh_buf out;
    uint32_t oid = oid_of(argv[0]);
    begin(&out);
    if (fh_pgcat_type_element(oid) != 0) {
        fh_buf_add_cstr(&out, "ARRAY");
    } else {
        fh_pgcat_type_format(&out, oid, -1);
    }
    fh_pgcat_result(context, &out);
}

void fh_pgcat_call_char_max_length(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    uint32_t type = oid_of(argv[0]);
    int64_t typmod = sqlite3_value_int64(argv[1]);
    if ((type == FH_OID_VARCHAR || type == FH_OID_BPCHAR) && typmod >= 4) {
        sqlite3_result_int64(context, typmod - 4);
    } else {
        sqlite3_result_null(context);
    }
}

void fh_pgcat_call_numeric_precision(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    static const struct {
        uint32_t type;
        int bits;
    } list[] = {{FH_OID_INT2, 16},
                {FH_OID_INT4, 32},
                {FH_OID_INT8, 64},
                {FH_OID_FLOAT4, 24},
                {FH_OID_FLOAT8, 53}};
    (void)argc;
    uint32_t type = oid_of(argv[0]);
    int64_t typmod = sqlite3_value_int64(argv[1]);
    for (size_t i = 0; i < FH_COUNT(list); i++) {
        if (list[i].type == type) {
            sqlite3_result_int(context, list[i].bits);
            return;
        }
    }
    if (type == FH_OID_NUMERIC && typmod >= 4) {
        sqlite3_result_int64(context, (typmod - 4) >> 16 & 0xffff);
    } else {
        sqlite3_result_null(context);
    }
}

void fh_pgcat_call_numeric_scale(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    uint32_t type = oid_of(argv[0]);
    int64_t typmod = sqlite3_value_int64(argv[1]);
    if (type == FH_OID_INT2 || type == FH_OID_INT4 || type == FH_OID_INT8) {
        sqlite3_result_int(context, 0);
    } else if (type == FH_OID_NUMERIC && typmod >= 4) {
        sqlite3_result_int64(context, (typmod - 4) & 0x7ff);
    } else {
        sqlite3_result_null(context);
    }
}

/* ---- tables ---- */

/* All tables of the mesh are to be found by \d; the names of those of system schemas need one. */
void fh_pgcat_call_is_visible(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    const struct fh_pgcat_facts *facts = fh_pgcat_run_of(context)->facts;
    const struct fh_pgcat_table *table = table_of(context, argv[0]);
    if (table == NULL && fh_pgcat_facts_key(facts, oid_of(argv[0])) == NULL) {
        sqlite3_result_null(context);
        return;
    }
    sqlite3_result_int(context, table == NULL || table->schema->oid != FH_PGCAT_SCHEMA_STANDARD);
}

static void comment(sqlite3_context *context, const char *text)
{
    fh_pgcat_result_text(context, text == NULL || text[0] == '\0' ? NULL : text);
}

void fh_pgcat_call_obj_description(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    const struct fh_pgcat_table *table = table_of(context, argv[0]);
    const char *kind = argc > 1 ? fh_pgcat_arg(argv[1]) : "pg_class";
    bool of_tables = kind != NULL && strcmp(kind, "pg_class") == 0;
    comment(context, table == NULL || !of_tables ? NULL : table->comment);
}

void fh_pgcat_call_col_description(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    const struct fh_pgcat_table *table = table_of(context, argv[0]);
    int64_t number = sqlite3_value_int64(argv[1]);
    bool there = table != NULL && number >= 1 && (uint64_t)number <= table->column_count;
    comment(context, there ? table->columns[number - 1].comment : NULL);
}

void fh_pgcat_call_shobj_description(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    const char *kind = fh_pgcat_arg(argv[1]);
    bool database =
        kind != NULL && strcmp(kind, "pg_database") == 0 && oid_of(argv[0]) == FH_PGCAT_DATABASE;
    comment(context, database ? "products of a data mesh" : NULL);
}

/* Expressions of PostgreSQL's are kept as nodes there; here none has any. */
void fh_pgcat_call_expr(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    fh_pgcat_result_text(context, fh_pgcat_arg(argv[0]));
}

/* The name of the key's column at a place, or all of them with commas. */
static void add_key_columns(struct fh_buf *out, const struct fh_pgcat_table *table, int64_t wanted)
{
    bool more = false;
    for (uint32_t place = 1; place <= table->column_count; place++) {
        for (size_t i = 0; i < table->column_count; i++) {
            if (table->columns[i].primary_key == place && (wanted == 0 || wanted == place)) {
                fh_buf_add_cstr(out, more ? ", " : "");
                fh_pgcat_quote_name(out, table->columns[i].name);
                more = true;
            }
        }
    }
}

static void add_table_name(struct fh_buf *out, const struct fh_pgcat_table *table)
{
    if (table->schema->oid != FH_PGCAT_SCHEMA_CATALOG) {
        fh_pgcat_quote_name(out, table->schema->name);
        fh_buf_add_cstr(out, ".");
    }
    fh_pgcat_quote_name(out, table->name);
}

void fh_pgcat_call_indexdef(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct fh_buf out;
    uint32_t oid = oid_of(argv[0]);
    const struct fh_pgcat_table *table = fh_pgcat_facts_key(fh_pgcat_run_of(context)->facts, oid);
    int64_t column = argc > 1 ? sqlite3_value_int64(argv[1]) : 0;
    if (table == NULL || table->key_index != oid) {
        sqlite3_result_null(context);
        return;
    }
    begin(&out);
    if (column > 0) {
        add_key_columns(&out, table, column);
    } else {
        fh_buf_add_cstr(&out, "CREATE UNIQUE INDEX ");
        char name[FH_PGCAT_KEY_NAME_BYTES];
        fh_pgcat_key_name(name, table);
        fh_pgcat_quote_name(&out, name);
        fh_buf_add_cstr(&out, " ON ");
        add_table_name(&out, table);
        fh_buf_add_cstr(&out, " USING btree (");
        add_key_columns(&out, table, 0);
        fh_buf_add_cstr(&out, ")");
    }
    fh_pgcat_result(context, &out);
}

void fh_pgcat_call_constraintdef(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct fh_buf out;
    uint32_t oid = oid_of(argv[0]);
    const struct fh_pgcat_table *table = fh_pgcat_facts_key(fh_pgcat_run_of(context)->facts, oid);
    if (table == NULL || table->key_constraint != oid) {
        sqlite3_result_null(context);
        return;
    }
    begin(&out);
    fh_buf_add_cstr(&out, "PRIMARY KEY (");
    add_key_columns(&out, table, 0);
    fh_buf_add_cstr(&out, ")");
    fh_pgcat_result(context, &out);
}

/* ---- names and oids: regclass and its like ---- */

static bool find_class(const struct fh_pgcat_run *run, const char *text, uint32_t *out)
{
    struct fh_arena *arena = fh_arena_new(64 * 1024);
    const char *schema = NULL;
    const char *name = NULL;
    const struct fh_pgcat_table *table = NULL;
    if (arena != NULL && fh_pgcat_read_name(arena, fh_bytes_cstr(text), &schema, &name)) {
        table = fh_pgcat_facts_table_named(run->facts, schema, name);
    }
    fh_arena_free(arena);
    *out = table == NULL ? 0 : table->oid;
    return table != NULL;
}

static const char *without_schema(const char *text)
{
    return strncmp(text, "pg_catalog.", 11) == 0 ? text + 11 : text;
}

static bool find_type(const char *text, uint32_t *out)
{
    char name[FH_NAME_BYTES_MAX + 1];
    const char *from = without_schema(text);
    size_t size = strcspn(from, "[(");
    bool array = from[size] == '[';
    if (size >= sizeof name) {
        return false;
    }
    memcpy(name, from, size);
    name[size] = '\0';
    uint32_t type = fh_pgcat_type_named(name);
    *out = array ? fh_pgcat_type_array(type) : type;
    return *out != 0;
}

/* Functions of ours have the numbers of their places in the table. */
static bool find_function(const char *text, uint32_t *out)
{
    const char *name = without_schema(text);
    *out = fh_pgcat_type_function_named(name);
    for (size_t i = 0; *out == 0 && i < fh_pgcat_function_count; i++) {
        const struct fh_pgcat_function *function = &fh_pgcat_functions[i];
        if ((function->flags & FH_PGCAT_INTERNAL) == 0 && strcmp(function->name, name) == 0) {
            *out = FH_PGCAT_FUNCTION_FIRST + (uint32_t)i;
        }
    }
    return *out != 0;
}

static bool find_role(const struct fh_pgcat_run *run, const char *text, uint32_t *out)
{
    const struct fh_pgcat_schema *schema = fh_pgcat_facts_schema_named(run->facts, text);
    *out = strcmp(text, run->self->user) == 0 ? (uint32_t)FH_PGCAT_OWNER
           : schema == NULL                   ? 0
                                              : schema->role;
    return *out != 0;
}

static bool find_reg(const struct fh_pgcat_run *run, uint32_t type, const char *text, uint32_t *out)
{
    const struct fh_pgcat_schema *schema = NULL;
    char *end = NULL;
    unsigned long number = strtoul(text, &end, 10);
    if (text[0] >= '0' && text[0] <= '9' && *end == '\0') {
        *out = (uint32_t)number;
        return true;
    }
    *out = 0;
    if (strcmp(text, "-") == 0) {
        return true;
    }
    switch (type) {
    case FH_OID_REGCLASS:
        return find_class(run, text, out);
    case FH_OID_REGTYPE:
        return find_type(text, out);
    case FH_OID_REGPROC:
    case FH_OID_REGPROCEDURE:
        return find_function(text, out);
    case FH_OID_REGNAMESPACE:
        schema = fh_pgcat_facts_schema_named(run->facts, text);
        *out = schema == NULL ? 0 : schema->oid;
        return schema != NULL;
    case FH_OID_REGROLE:
        return find_role(run, text, out);
    default:
        return false;
    }
}

void fh_pgcat_call_to_reg(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct fh_pgcat_run *run = fh_pgcat_run_of(context);
    uint32_t type = oid_of(argv[0]);
    uint32_t oid = 0;
    if (fh_pgcat_arg_is_null(argv[1])) {
        sqlite3_result_null(context);
        return;
    }
    if (sqlite3_value_type(argv[1]) == SQLITE_INTEGER) {
        sqlite3_result_int64(context, sqlite3_value_int64(argv[1]));
        return;
    }
    const char *text = fh_pgcat_arg(argv[1]);
    if (text == NULL || !find_reg(run, type, text, &oid)) {
        const char *what = type == FH_OID_REGCLASS       ? "relation"
                           : type == FH_OID_REGTYPE      ? "type"
                           : type == FH_OID_REGNAMESPACE ? "schema"
                           : type == FH_OID_REGROLE      ? "role"
                                                         : "function";
        fh_err_rule(&run->err,
                    FH_ENOTFOUND,
                    type == FH_OID_REGCLASS ? "pgcat.relation" : "pgcat.object",
                    "%s \"%.128s\" does not exist",
                    what,
                    text == NULL ? "" : text);
        fh_pgcat_result_err(context);
        return;
    }
    sqlite3_result_int64(context, oid);
}

static void to_reg_or_null(sqlite3_context *context, sqlite3_value *value, uint32_t type)
{
    uint32_t oid = 0;
    const char *text = fh_pgcat_arg(value);
    if (text != NULL && find_reg(fh_pgcat_run_of(context), type, text, &oid) && oid != 0) {
        sqlite3_result_int64(context, oid);
    } else {
        sqlite3_result_null(context);
    }
}

void fh_pgcat_call_to_regclass(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    to_reg_or_null(context, argv[0], FH_OID_REGCLASS);
}

void fh_pgcat_call_to_regtype(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    to_reg_or_null(context, argv[0], FH_OID_REGTYPE);
}

void fh_pgcat_call_to_regproc(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    to_reg_or_null(context, argv[0], FH_OID_REGPROC);
}

void fh_pgcat_call_to_regnamespace(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    to_reg_or_null(context, argv[0], FH_OID_REGNAMESPACE);
}

void fh_pgcat_call_to_regrole(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    to_reg_or_null(context, argv[0], FH_OID_REGROLE);
}

static void class_text(struct fh_buf *out, const struct fh_pgcat_run *run, uint32_t oid)
{
    const struct fh_pgcat_table *table = fh_pgcat_facts_table(run->facts, oid);
    const struct fh_pgcat_table *keyed = table == NULL ? fh_pgcat_facts_key(run->facts, oid) : NULL;
    if (table != NULL) {
        add_table_name(out, table);
    } else if (keyed != NULL) {
        char name[FH_PGCAT_KEY_NAME_BYTES];
        fh_pgcat_key_name(name, keyed);
        fh_pgcat_quote_name(out, keyed->schema->name);
        fh_buf_add_cstr(out, ".");
        fh_pgcat_quote_name(out, name);
    }
}

static void function_text(struct fh_buf *out, uint32_t oid)
{
    fh_pgcat_type_function(out, oid);
    if (oid >= FH_PGCAT_FUNCTION_FIRST && oid - FH_PGCAT_FUNCTION_FIRST < fh_pgcat_function_count) {
        fh_buf_add_cstr(out, fh_pgcat_functions[oid - FH_PGCAT_FUNCTION_FIRST].name);
    }
}

void fh_pgcat_reg_text(struct fh_buf *out,
                       const struct fh_pgcat_run *run,
                       uint32_t type,
                       uint32_t oid)
{
    const struct fh_pgcat_schema *schema = NULL;
    size_t begun = out->size;
    if (oid == 0) {
        fh_buf_add_cstr(out, "-");
        return;
    }
    switch (type) {
    case FH_OID_REGCLASS:
        class_text(out, run, oid);
        break;
    case FH_OID_REGTYPE:
        fh_pgcat_type_format(out, oid, -1);
        return;
    case FH_OID_REGPROC:
    case FH_OID_REGPROCEDURE:
        function_text(out, oid);
        break;
    case FH_OID_REGNAMESPACE:
        schema = fh_pgcat_facts_schema(run->facts, oid);
        if (schema != NULL) {
            fh_pgcat_quote_name(out, schema->name);
        }
        break;
    case FH_OID_REGROLE: {
        const char *name = role_name(run, oid);
        if (name != NULL) {
            fh_pgcat_quote_name(out, name);
        }
        break;
    }
    default:
        break;
    }
    if (out->size == begun) {
        fh_buf_printf(out, "%u", oid); /* nothing of that number: the number itself */
    }
}

void fh_pgcat_call_reg_text(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct fh_buf out;
    if (fh_pgcat_arg_is_null(argv[1])) {
        sqlite3_result_null(context);
        return;
    }
    begin(&out);
    fh_pgcat_reg_text(&out, fh_pgcat_run_of(context), oid_of(argv[0]), oid_of(argv[1]));
    fh_pgcat_result(context, &out);
}

void fh_pgcat_call_function_name(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct fh_buf out;
    begin(&out);
    function_text(&out, oid_of(argv[0]));
    fh_pgcat_result(context, &out);
}
