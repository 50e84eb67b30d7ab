/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/contract/sql_words.h"

#include "common/compiler.h"
#include "proto/contract/sql_type.h"

#include <string.h>

void fh_sql_name(struct fh_buf *out, const char *name)
{
    fh_buf_add_quoted(out, name, '"');
}

void fh_sql_text(struct fh_buf *out, const char *text)
{
    fh_buf_add_quoted(out, text, '\'');
}

void fh_sql_literal(struct fh_buf *out, const struct fh_doc_node *value)
{
    bool flag = false;
    char normal[FH_DECIMAL_BYTES];
    enum fh_doc_type type = fh_doc_type(value);
    if (type == FH_DOC_TYPE_NULL) {
        fh_buf_add_cstr(out, "NULL");
    } else if (type == FH_DOC_TYPE_BOOL) {
        fh_buf_add_cstr(out, fh_doc_bool(value, &flag) && flag ? "TRUE" : "FALSE");
    } else if (type == FH_DOC_TYPE_NUMBER && fh_decimal_normalise(normal, value->text)) {
        fh_buf_add_cstr(out, normal);
    } else {
        fh_sql_text(out, value->text);
    }
}

const char *fh_sql_column_name(const struct fh_contract_column *column)
{
    return column->physical_name != NULL ? column->physical_name
           : column->name != NULL        ? column->name
                                         : "";
}

const char *fh_sql_table_name(const struct fh_contract_table *table)
{
    return table->physical_name != NULL ? table->physical_name
           : table->name != NULL        ? table->name
                                        : "";
}

/* --- types --- */

/* What PostgreSQL calls DuckDB's types; the others have one name. */
static const struct {
    const char *duckdb;
    const char *postgres;
} types[] = {
    {"BLOB", "BYTEA"},
    {"DOUBLE", "DOUBLE PRECISION"},
    {"FLOAT", "REAL"},
    {"HUGEINT", "NUMERIC(39)"},
    {"TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ"},
    {"TINYINT", "SMALLINT"},
    {"UBIGINT", "NUMERIC(20)"},
    {"UHUGEINT", "NUMERIC(39)"},
    {"UINTEGER", "BIGINT"},
    {"USMALLINT", "INTEGER"},
    {"UTINYINT", "SMALLINT"},
    {"VARCHAR", "TEXT"},
};

static void add_scalar(struct fh_buf *out,
                       const struct fh_contract_column *column,
                       enum fh_export_dialect dialect)
{
    char type[FH_SQL_TYPE_BYTES];
    struct fh_err err;
    const char *name = fh_contract_sql_type(column, type, &err) == FH_OK ? type : "VARCHAR";
    const struct fh_contract_int *most =
        column->options == NULL ? NULL : &column->options->max_length;
    if (strcmp(name, "VARCHAR") == 0 && most != NULL && most->is_set && most->value > 0) {
        fh_buf_printf(out, "VARCHAR(%lld)", (long long)most->value);
        return;
    }
    for (size_t i = 0; dialect == FH_EXPORT_POSTGRES && i < FH_COUNT(types); i++) {
        if (strcmp(types[i].duckdb, name) == 0) {
            name = types[i].postgres;
            break;
        }
    }
    fh_buf_add_cstr(out, name);
}

static bool is_type(const struct fh_contract_column *column, const char *type)
{
    return column->logical_type != NULL && strcmp(column->logical_type, type) == 0;
}

void fh_sql_type(struct fh_buf *out,
                 const struct fh_contract_column *column,
                 enum fh_export_dialect dialect)
{
    bool is_duckdb = dialect == FH_EXPORT_DUCKDB;
    bool is_nested = is_type(column, "object") || is_type(column, "map");
    if (column->items != NULL && (is_duckdb || column->items->columns.count == 0)) {
        fh_sql_type(out, column->items, dialect);
        fh_buf_add_cstr(out, "[]");
    } else if (is_duckdb && column->map != NULL && column->map->key != NULL &&
               column->map->value != NULL) {
        fh_buf_add_cstr(out, "MAP(");
        fh_sql_type(out, column->map->key, dialect);
        fh_buf_add_cstr(out, ", ");
        fh_sql_type(out, column->map->value, dialect);
        fh_buf_add_cstr(out, ")");
    } else if (is_duckdb && column->columns.count > 0) {
        fh_buf_add_cstr(out, "STRUCT(");
        for (size_t i = 0; i < column->columns.count; i++) {
            fh_buf_add_cstr(out, i == 0 ? "" : ", ");
            fh_sql_name(out, fh_sql_column_name(&column->columns.items[i]));
            fh_buf_add_u8(out, ' ');
            fh_sql_type(out, &column->columns.items[i], dialect);
        }
        fh_buf_add_cstr(out, ")");
    } else if (is_nested || is_type(column, "array")) {
        fh_buf_add_cstr(out, is_duckdb ? "JSON" : "JSONB");
    } else {
        add_scalar(out, column, dialect);
    }
}
