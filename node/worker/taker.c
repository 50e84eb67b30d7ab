/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/taker.h"

#include "common/assert.h"

#include <stdio.h>

bool fh_taker_register(duckdb_connection connection,
                       const char *name,
                       bool is_short,
                       duckdb_scalar_function_bind_t bind,
                       duckdb_scalar_function_t fn,
                       void *extra)
{
    char full[32];
    duckdb_scalar_function function = duckdb_create_scalar_function();
    duckdb_logical_type any = duckdb_create_logical_type(DUCKDB_TYPE_ANY);
    duckdb_logical_type given =
        duckdb_create_logical_type(is_short ? DUCKDB_TYPE_BOOLEAN : DUCKDB_TYPE_TINYINT);
    snprintf(full, sizeof full, "%s%s", name, is_short ? "_short" : "");
    duckdb_scalar_function_set_name(function, full);
    duckdb_scalar_function_set_varargs(function, any);
    duckdb_scalar_function_set_return_type(function, given);
    duckdb_scalar_function_set_special_handling(function); /* rows with NULLs are rows */
    duckdb_scalar_function_set_volatile(function);
    duckdb_scalar_function_set_extra_info(function, extra, NULL);
    duckdb_scalar_function_set_bind(function, bind);
    duckdb_scalar_function_set_function(function, fn);
    duckdb_state state = duckdb_register_scalar_function(connection, function);
    duckdb_destroy_logical_type(&any);
    duckdb_destroy_logical_type(&given);
    duckdb_destroy_scalar_function(&function);
    return state == DuckDBSuccess;
}

/* ---- SQL ---- */

/* What is called, and with which columns. */
struct call {
    const char *name;
    uint32_t column_count;
    fh_taker_text_fn *is_text;
    const void *user;
};

static bool has_texts(const struct call *call)
{
    bool any = false;
    for (uint32_t i = 0; i < call->column_count; i++) {
        any = any || call->is_text(call->user, i);
    }
    return any;
}

static void put_call(struct fh_buf *out, const struct call *call, bool is_short)
{
    fh_buf_printf(out, "system.main.%s%s(", call->name, is_short ? "_short" : "");
    for (uint32_t i = 0; i < call->column_count; i++) {
        bool wrapped = is_short && call->is_text(call->user, i);
        fh_buf_printf(
            out, wrapped ? "%ssystem.main.fh_short(#%u)" : "%s#%u", i == 0 ? "" : ", ", i + 1);
    }
    fh_buf_add_u8(out, ')');
}

size_t fh_taker_put_query(struct fh_buf *out,
                          const char *name,
                          struct fh_bytes sql,
                          uint32_t column_count,
                          fh_taker_text_fn *is_text,
                          const void *user)
{
    const struct call call = {name, column_count, is_text, user};
    FH_ASSERT(column_count > 0);
    fh_buf_add_cstr(out, "SELECT any_value(");
    if (has_texts(&call)) {
        fh_buf_add_cstr(out, "CASE WHEN ");
        put_call(out, &call, true);
        fh_buf_add_cstr(out, " THEN ");
        put_call(out, &call, false);
        fh_buf_add_cstr(out, " ELSE 0::TINYINT END");
    } else {
        put_call(out, &call, false);
    }
    fh_buf_add_cstr(out, ") FROM (SELECT * FROM (");
    size_t begin = out->size;
    fh_buf_add_bytes(out, sql);
    fh_buf_add_cstr(out, "\n) LIMIT 9223372036854775807)"); /* a comment may be its last line */
    return begin;
}
