/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/nested.h"

#include "node/worker/types.h"
#include "node/worker/validity.h"
#include "proto/query/batch.h"

#include <string.h>

static bool is_valid(duckdb_vector vector, idx_t row)
{
    return fh_row_valid(duckdb_vector_get_validity(vector), row);
}

/* ---- what can be written ---- */

static bool child_supported(duckdb_logical_type child)
{
    struct fh_type ignored;
    bool supported = fh_types_carried(child, &ignored);
    duckdb_destroy_logical_type(&child);
    return supported;
}

bool fh_nested_supported(duckdb_logical_type type)
{
    bool supported = true;
    duckdb_type id = duckdb_get_type_id(type);
    if (id == DUCKDB_TYPE_LIST) {
        return child_supported(duckdb_list_type_child_type(type));
    }
    if (id == DUCKDB_TYPE_ARRAY) {
        return child_supported(duckdb_array_type_child_type(type));
    }
    if (id == DUCKDB_TYPE_MAP) {
        return child_supported(duckdb_map_type_key_type(type)) &&
               child_supported(duckdb_map_type_value_type(type));
    }
    idx_t count = id == DUCKDB_TYPE_STRUCT ? duckdb_struct_type_child_count(type) : 0;
    for (idx_t i = 0; i < count && supported; i++) {
        supported = child_supported(duckdb_struct_type_child_type(type, i));
    }
    return supported && id == DUCKDB_TYPE_STRUCT;
}

/* ---- flat values ---- */

static uint64_t enum_index(duckdb_vector vector, duckdb_logical_type type, idx_t row)
{
    const uint8_t *data = duckdb_vector_get_data(vector);
    duckdb_type internal = duckdb_enum_internal_type(type);
    size_t width = internal == DUCKDB_TYPE_UTINYINT ? 1 : internal == DUCKDB_TYPE_USMALLINT ? 2 : 4;
    uint64_t index = 0;
    memcpy(&index, data + row * width, width);
    return index;
}

static int64_t sign_extend(const uint8_t *at, size_t width)
{
    int64_t value = 0;
    memcpy(&value, at, width);
    unsigned shift = 64 - 8 * (unsigned)width;
    return (int64_t)((uint64_t)value << shift) >> shift;
}

static void
read_decimal(duckdb_vector vector, duckdb_logical_type type, idx_t row, struct fh_cell *out)
{
    const uint8_t *data = duckdb_vector_get_data(vector);
    size_t width = fh_types_decimal_width(type);
    out->kind = FH_CELL_WIDE;
    if (width == 16) {
        memcpy(&out->wide, data + row * width, width);
    } else {
        int64_t value = sign_extend(data + row * width, width);
        out->wide = (struct fh_int128){.low = (uint64_t)value, .high = value < 0 ? -1 : 0};
    }
}

/* Values that a batch keeps as DuckDB does: read them as a batch of one column. */
static void read_plain(duckdb_vector vector, struct fh_type type, idx_t row, struct fh_cell *out)
{
    const uint8_t *data = duckdb_vector_get_data(vector);
    size_t width = (size_t)fh_type_width(type);
    struct fh_batch_column column = {.type = type, .data = fh_bytes(data + row * width, width)};
    *out = fh_batch_cell(&column, 0);
}

bool fh_nested_cell(duckdb_vector vector, duckdb_logical_type type, idx_t row, struct fh_cell *out)
{
    struct fh_type carried;
    duckdb_type id = duckdb_get_type_id(type);
    if (!fh_types_carried(type, &carried) ||
        (carried.code == FH_TYPE_JSON && id != DUCKDB_TYPE_VARCHAR)) {
        return false;
    }
    *out = (struct fh_cell){.kind = FH_CELL_NULL, .type = carried};
    if (!is_valid(vector, row)) {
        return true;
    }
    void *data = duckdb_vector_get_data(vector);
    if (id == DUCKDB_TYPE_ENUM) {
        /* lent by nobody: the text is copied into a small ring that lives as long as the thread */
        static _Thread_local char text[4096];
        char *name = duckdb_enum_dictionary_value(type, enum_index(vector, type, row));
        size_t size = name == NULL ? 0 : strnlen(name, sizeof text);
        memcpy(text, name == NULL ? "" : name, size);
        duckdb_free(name);
        out->kind = FH_CELL_BYTES;
        out->bytes = fh_bytes(text, size);
    } else if (fh_type_is_variable(carried)) {
        duckdb_string_t *strings = data;
        out->kind = FH_CELL_BYTES;
        out->bytes =
            fh_bytes(duckdb_string_t_data(&strings[row]), duckdb_string_t_length(strings[row]));
    } else if (id == DUCKDB_TYPE_BOOLEAN) {
        out->kind = FH_CELL_BOOL;
        out->integer = ((const bool *)data)[row] ? 1 : 0;
    } else if (id == DUCKDB_TYPE_DECIMAL) {
        read_decimal(vector, type, row, out);
    } else if (id == DUCKDB_TYPE_UUID) {
        static _Thread_local uint8_t uuid[16];
        const duckdb_hugeint *value = &((const duckdb_hugeint *)data)[row];
        fh_put_u64be(uuid, (uint64_t)value->upper ^ (uint64_t)1 << 63);
        fh_put_u64be(uuid + 8, value->lower);
        out->kind = FH_CELL_BYTES;
        out->bytes = fh_bytes(uuid, sizeof uuid);
    } else {
        read_plain(vector, carried, row, out);
    }
    return true;
}

/* ---- JSON ---- */

static void put_items(
    duckdb_vector child, duckdb_logical_type type, idx_t from, idx_t count, struct fh_buf *out)
{
    fh_buf_add_u8(out, '[');
    for (idx_t i = 0; i < count; i++) {
        fh_buf_add_cstr(out, i == 0 ? "" : ",");
        fh_nested_json(child, type, from + i, out);
    }
    fh_buf_add_u8(out, ']');
}

static void
put_struct(duckdb_vector vector, duckdb_logical_type type, idx_t row, struct fh_buf *out)
{
    fh_buf_add_u8(out, '{');
    for (idx_t i = 0; i < duckdb_struct_type_child_count(type); i++) {
        char *name = duckdb_struct_type_child_name(type, i);
        duckdb_logical_type child = duckdb_struct_type_child_type(type, i);
        fh_buf_add_cstr(out, i == 0 ? "" : ",");
        fh_json_string(fh_bytes_cstr(name == NULL ? "" : name), out);
        fh_buf_add_u8(out, ':');
        fh_nested_json(duckdb_struct_vector_get_child(vector, i), child, row, out);
        duckdb_destroy_logical_type(&child);
        duckdb_free(name);
    }
    fh_buf_add_u8(out, '}');
}

/* A map is a list of structs (key, value). */
static void put_map(duckdb_vector vector, duckdb_logical_type type, idx_t row, struct fh_buf *out)
{
    const duckdb_list_entry *entry =
        (const duckdb_list_entry *)duckdb_vector_get_data(vector) + row;
    duckdb_vector pairs = duckdb_list_vector_get_child(vector);
    duckdb_vector keys = duckdb_struct_vector_get_child(pairs, 0);
    duckdb_vector values = duckdb_struct_vector_get_child(pairs, 1);
    duckdb_logical_type key = duckdb_map_type_key_type(type);
    duckdb_logical_type value = duckdb_map_type_value_type(type);
    bool object = duckdb_get_type_id(key) == DUCKDB_TYPE_VARCHAR;
    fh_buf_add_u8(out, object ? '{' : '[');
    for (idx_t i = entry->offset; i < entry->offset + entry->length; i++) {
        fh_buf_add_cstr(out, i == entry->offset ? "" : ",");
        fh_buf_add_cstr(out, object ? "" : "[");
        fh_nested_json(keys, key, i, out);
        fh_buf_add_u8(out, object ? ':' : ',');
        fh_nested_json(values, value, i, out);
        fh_buf_add_cstr(out, object ? "" : "]");
    }
    fh_buf_add_u8(out, object ? '}' : ']');
    duckdb_destroy_logical_type(&key);
    duckdb_destroy_logical_type(&value);
}

void fh_nested_json(duckdb_vector vector, duckdb_logical_type type, idx_t row, struct fh_buf *out)
{
    duckdb_type id = duckdb_get_type_id(type);
    struct fh_cell cell;
    if (!is_valid(vector, row)) {
        fh_buf_add_cstr(out, "null");
    } else if (id == DUCKDB_TYPE_LIST) {
        const duckdb_list_entry *entry =
            (const duckdb_list_entry *)duckdb_vector_get_data(vector) + row;
        duckdb_logical_type child = duckdb_list_type_child_type(type);
        put_items(duckdb_list_vector_get_child(vector), child, entry->offset, entry->length, out);
        duckdb_destroy_logical_type(&child);
    } else if (id == DUCKDB_TYPE_ARRAY) {
        idx_t size = duckdb_array_type_array_size(type);
        duckdb_logical_type child = duckdb_array_type_child_type(type);
        put_items(duckdb_array_vector_get_child(vector), child, row * size, size, out);
        duckdb_destroy_logical_type(&child);
    } else if (id == DUCKDB_TYPE_STRUCT) {
        put_struct(vector, type, row, out);
    } else if (id == DUCKDB_TYPE_MAP) {
        put_map(vector, type, row, out);
    } else if (fh_nested_cell(vector, type, row, &cell)) {
        fh_cell_json(&cell, out);
    } else {
        fh_buf_add_cstr(out, "null");
    }
}
