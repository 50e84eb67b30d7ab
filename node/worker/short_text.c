/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/short_text.h"

#include "common/compiler.h"
#include "common/wide.h"
#include "node/worker/validity.h"

#include <string.h>

enum { WORDS = sizeof(duckdb_string_t) / sizeof(uint32_t) };

_Static_assert(sizeof(duckdb_string_t) == sizeof(duckdb_uhugeint), "a text has a number's width");
_Static_assert(sizeof((duckdb_string_t){0}.value.inlined.inlined) == FH_SHORT_BYTES_MAX,
               "as DuckDB has it");

FH_WIDE static uint32_t longest(const uint32_t *words, uint32_t rows)
{
    uint32_t most = 0;
    for (uint32_t row = 0; row < rows; row++) {
        uint32_t length = words[row * WORDS];
        most = length > most ? length : most;
    }
    return most;
}

struct fh_short_seen fh_short_look(const duckdb_string_t *values, uint32_t rows)
{
    uint32_t most = longest((const uint32_t *)(const void *)values, rows);
    struct fh_short_seen seen = {.beyond = most > FH_SHORT_BYTES_MAX,
                                 .nulls = most == FH_SHORT_NULL};
    for (uint32_t row = 0; seen.beyond && row < rows && !seen.longer; row++) {
        seen.longer = values[row].value.inlined.length == FH_SHORT_LONG;
    }
    return seen;
}

struct fh_short_seen fh_short_look_at(duckdb_data_chunk chunk)
{
    uint32_t rows = (uint32_t)duckdb_data_chunk_get_size(chunk);
    idx_t count = duckdb_data_chunk_get_column_count(chunk);
    struct fh_short_seen all = {.beyond = false};
    for (idx_t i = 0; i < count && !all.longer; i++) {
        duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, i);
        duckdb_logical_type type = duckdb_vector_get_column_type(vector);
        if (duckdb_get_type_id(type) == DUCKDB_TYPE_UHUGEINT) {
            struct fh_short_seen seen = fh_short_look(duckdb_vector_get_data(vector), rows);
            all.beyond |= seen.beyond;
            all.nulls |= seen.nulls;
            all.longer |= seen.longer;
        }
        duckdb_destroy_logical_type(&type);
    }
    return all;
}

static void on_short(duckdb_function_info info, duckdb_data_chunk chunk, duckdb_vector output)
{
    (void)info;
    uint32_t rows = (uint32_t)duckdb_data_chunk_get_size(chunk);
    duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, 0);
    const duckdb_string_t *from = duckdb_vector_get_data(vector);
    const uint64_t *validity = duckdb_vector_get_validity(vector);
    duckdb_string_t *to = duckdb_vector_get_data(output);
    for (uint32_t row = 0; row < rows; row++) {
        duckdb_string_t value = {.value.inlined.length = FH_SHORT_NULL};
        if (fh_row_valid(validity, row)) {
            if (from[row].value.inlined.length <= FH_SHORT_BYTES_MAX) {
                value = from[row];
            } else {
                value.value.inlined.length = FH_SHORT_LONG;
            }
        }
        to[row] = value;
    }
}

static bool add_overload(duckdb_scalar_function_set set, duckdb_type type)
{
    duckdb_scalar_function function = duckdb_create_scalar_function();
    duckdb_logical_type text = duckdb_create_logical_type(type);
    duckdb_logical_type number = duckdb_create_logical_type(DUCKDB_TYPE_UHUGEINT);
    duckdb_scalar_function_set_name(function, "fh_short");
    duckdb_scalar_function_add_parameter(function, text);
    duckdb_scalar_function_set_return_type(function, number);
    duckdb_scalar_function_set_special_handling(function); /* NULL has a number */
    duckdb_scalar_function_set_function(function, on_short);
    duckdb_state state = duckdb_add_scalar_function_to_set(set, function);
    duckdb_destroy_logical_type(&text);
    duckdb_destroy_logical_type(&number);
    duckdb_destroy_scalar_function(&function);
    return state == DuckDBSuccess;
}

int fh_short_register(duckdb_connection connection, struct fh_err *err)
{
    duckdb_scalar_function_set set = duckdb_create_scalar_function_set("fh_short");
    bool good = add_overload(set, DUCKDB_TYPE_VARCHAR) && add_overload(set, DUCKDB_TYPE_BLOB) &&
                duckdb_register_scalar_function_set(connection, set) == DuckDBSuccess;
    duckdb_destroy_scalar_function_set(&set);
    return good ? FH_OK : fh_err_set(err, FH_EIO, "cannot register fh_short");
}
