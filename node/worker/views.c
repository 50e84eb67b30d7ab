/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/views.h"

#include "node/worker/fault.h"
#include "node/worker/sql.h"

#include <stdio.h>

enum { SQL_BYTES_MAX = 8 * 1024 * 1024 };

int fh_views_do(duckdb_connection connection, const char *sql, struct fh_err *err)
{
    duckdb_result result;
    duckdb_state state = duckdb_query(connection, sql, &result);
    struct fh_fault fault = {.position = 0};
    if (state == DuckDBError) {
        fh_fault_read(&fault, duckdb_result_error(&result), FH_FAULT_SOURCE);
    }
    duckdb_destroy_result(&result);
    return state == DuckDBSuccess
               ? FH_OK
               : fh_err_rule(err, fault.err.code, fault.err.rule, "%s", fault.err.text);
}

static void
put_view_name(struct fh_buf *sql, const char *catalog, const char *schema, const char *name)
{
    fh_sql_name(sql, catalog);
    fh_buf_add_u8(sql, '.');
    fh_sql_name(sql, schema);
    fh_buf_add_u8(sql, '.');
    fh_sql_name(sql, name);
}

static int create_view(duckdb_connection connection,
                       const struct fh_table *table,
                       const char *schema,
                       const char *name,
                       const char *select,
                       struct fh_err *err)
{
    struct fh_buf sql;
    fh_buf_init(&sql, SQL_BYTES_MAX);
    fh_buf_add_cstr(&sql, "CREATE OR REPLACE VIEW ");
    put_view_name(&sql, table->domain[0] == 0 ? "memory" : table->domain, schema, name);
    fh_buf_printf(&sql, " AS %s", select);
    int code = fh_buf_ok(&sql);
    if (code == FH_OK) {
        code = fh_views_do(connection, fh_buf_cstr(&sql), err);
    }
    fh_buf_fini(&sql);
    return code;
}

/* Catalog and schema of a table, made when they are not there. */
static int make_room(duckdb_connection connection, const struct fh_table *table, struct fh_err *err)
{
    struct fh_buf sql;
    fh_buf_init(&sql, SQL_BYTES_MAX);
    fh_buf_add_cstr(&sql, "ATTACH IF NOT EXISTS ':memory:' AS ");
    fh_sql_name(&sql, table->domain);
    fh_buf_add_cstr(&sql, "; CREATE SCHEMA IF NOT EXISTS ");
    fh_sql_name(&sql, table->domain);
    fh_buf_add_u8(&sql, '.');
    fh_sql_name(&sql, table->product);
    int code = fh_views_do(connection, fh_buf_cstr(&sql), err);
    fh_buf_fini(&sql);
    return code;
}

int fh_views_show(duckdb_connection connection,
                  const struct fh_table *table,
                  const char *select,
                  struct fh_err *err)
{
    char pair[4 * FH_NAME_BYTES_MAX];
    if (table->domain[0] == 0) {
        return create_view(connection, table, "main", table->table, select, err);
    }
    snprintf(pair, sizeof pair, "%s__%s", table->product, table->table);
    int code = make_room(connection, table, err);
    if (code == FH_OK) {
        code = create_view(connection, table, table->product, table->table, select, err);
    }
    if (code == FH_OK) {
        code = create_view(connection, table, "main", pair, select, err);
    }
    if (code == FH_OK && table->sole) {
        code = create_view(connection, table, "main", table->product, select, err);
    }
    return code;
}
