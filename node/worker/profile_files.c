/* SPDX-License-Identifier: Apache-2.0 */
/* A file described by DuckDB: how it is opened, names and types. */
#include "node/worker/fault.h"
#include "node/worker/observe.h"
#include "node/worker/profile_scan.h"
#include "node/worker/sql.h"
#include "node/worker/validity.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SQL_BYTES_MAX = 8 * 1024 * 1024 };

/* ---- asking ---- */

int fh_files_ask(struct fh_scan_files *scan, duckdb_result *out, struct fh_err *err)
{
    int code = fh_buf_ok(&scan->sql);
    if (code != FH_OK) {
        return fh_err_set(err, code, "the source has too many columns to describe at once");
    }
    if (duckdb_query(scan->connection, fh_buf_cstr(&scan->sql), out) == DuckDBError) {
        struct fh_fault fault;
        fh_fault_read(&fault, duckdb_result_error(out), FH_FAULT_SOURCE);
        duckdb_destroy_result(out);
        return fh_err_rule(err,
                           fault.err.code == FH_ECANCELLED ? FH_ECANCELLED : FH_EINVAL,
                           "source.read",
                           "the source cannot be read as %s (%s)",
                           fh_profile_source_text(scan->question->source),
                           fault.err.text);
    }
    fh_buf_reset(&scan->sql);
    return FH_OK;
}

bool fh_files_text(duckdb_data_chunk chunk, idx_t column, idx_t row, struct fh_bytes *out)
{
    duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, column);
    if (!fh_row_valid(duckdb_vector_get_validity(vector), row)) {
        return false;
    }
    union {
        void *any;
        duckdb_string_t *strings;
    } data = {.any = duckdb_vector_get_data(vector)};
    duckdb_string_t *value = &data.strings[row];
    *out = fh_bytes(duckdb_string_t_data(value), duckdb_string_t_length(*value));
    return true;
}

uint64_t fh_files_number(duckdb_data_chunk chunk, idx_t column)
{
    char text[24];
    struct fh_bytes value;
    if (!fh_files_text(chunk, column, 0, &value) || value.size >= sizeof text) {
        return 0;
    }
    memcpy(text, value.data, value.size);
    text[value.size] = 0;
    return strtoull(text, NULL, 10);
}

/* ---- names and types ---- */

static const char *type_text(duckdb_logical_type type, struct fh_arena *arena)
{
    static const struct {
        duckdb_type id;
        const char *text;
    } names[] = {
        {DUCKDB_TYPE_BOOLEAN, "BOOLEAN"},
        {DUCKDB_TYPE_TINYINT, "TINYINT"},
        {DUCKDB_TYPE_SMALLINT, "SMALLINT"},
        {DUCKDB_TYPE_INTEGER, "INTEGER"},
        {DUCKDB_TYPE_BIGINT, "BIGINT"},
        {DUCKDB_TYPE_UTINYINT, "UTINYINT"},
        {DUCKDB_TYPE_USMALLINT, "USMALLINT"},
        {DUCKDB_TYPE_UINTEGER, "UINTEGER"},
        {DUCKDB_TYPE_UBIGINT, "UBIGINT"},
        {DUCKDB_TYPE_HUGEINT, "HUGEINT"},
        {DUCKDB_TYPE_UHUGEINT, "UHUGEINT"},
        {DUCKDB_TYPE_FLOAT, "REAL"},
        {DUCKDB_TYPE_DOUBLE, "DOUBLE"},
        {DUCKDB_TYPE_BLOB, "BLOB"},
        {DUCKDB_TYPE_DATE, "DATE"},
        {DUCKDB_TYPE_TIME, "TIME"},
        {DUCKDB_TYPE_TIME_TZ, "TIME"},
        {DUCKDB_TYPE_TIMESTAMP, "TIMESTAMP"},
        {DUCKDB_TYPE_TIMESTAMP_S, "TIMESTAMP"},
        {DUCKDB_TYPE_TIMESTAMP_MS, "TIMESTAMP"},
        {DUCKDB_TYPE_TIMESTAMP_NS, "TIMESTAMP"},
        {DUCKDB_TYPE_TIMESTAMP_TZ, "TIMESTAMP WITH TIME ZONE"},
        {DUCKDB_TYPE_UUID, "UUID"},
    };
    duckdb_type id = duckdb_get_type_id(type);
    if (id == DUCKDB_TYPE_DECIMAL) {
        return fh_arena_printf(
            arena, "DECIMAL(%u,%u)", duckdb_decimal_width(type), duckdb_decimal_scale(type));
    }
    for (size_t i = 0; i < FH_COUNT(names); i++) {
        if (names[i].id == id) {
            return names[i].text;
        }
    }
    return "VARCHAR";
}

static int describe_type(struct fh_scan_files *scan,
                         duckdb_logical_type type,
                         unsigned depth,
                         uint32_t *left,
                         struct fh_profile_column *out,
                         struct fh_err *err);

static int describe_members(struct fh_scan_files *scan,
                            duckdb_logical_type type,
                            unsigned depth,
                            uint32_t *left,
                            struct fh_profile_column *out,
                            struct fh_err *err)
{
    bool is_list = out->shape == FH_PROFILE_ARRAY;
    idx_t count = is_list ? 1 : duckdb_struct_type_child_count(type);
    out->columns = fh_arena_array(scan->arena, count, sizeof *out->columns);
    if (out->columns == NULL || count > *left) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "source.columns",
                           "the source has more than %d columns, those inside others included",
                           FH_CONTRACT_COLUMNS_MAX);
    }
    *left -= (uint32_t)count;
    out->column_count = (uint32_t)count;
    int code = FH_OK;
    for (idx_t i = 0; i < count && code == FH_OK; i++) {
        duckdb_type id = duckdb_get_type_id(type);
        duckdb_logical_type child = id == DUCKDB_TYPE_LIST ? duckdb_list_type_child_type(type)
                                    : id == DUCKDB_TYPE_ARRAY
                                        ? duckdb_array_type_child_type(type)
                                        : duckdb_struct_type_child_type(type, i);
        out->columns[i].name = "";
        if (!is_list) {
            char *name = duckdb_struct_type_child_name(type, i);
            code = fh_observer_name(&out->columns[i].name,
                                    "column",
                                    fh_bytes_cstr(name == NULL ? "" : name),
                                    scan->arena,
                                    err);
            duckdb_free(name);
        }
        if (code == FH_OK) {
            code = describe_type(scan, child, depth + 1, left, &out->columns[i], err);
        }
        duckdb_destroy_logical_type(&child);
    }
    return code;
}

static int describe_type(struct fh_scan_files *scan,
                         duckdb_logical_type type,
                         unsigned depth,
                         uint32_t *left,
                         struct fh_profile_column *out,
                         struct fh_err *err)
{
    duckdb_type id = duckdb_get_type_id(type);
    out->minimum = "";
    out->maximum = "";
    out->likeness = FH_LIKENESS_COUNT;
    out->type = type_text(type, scan->arena);
    if (out->type == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a profile");
    }
    if (depth < FH_PROFILE_DEPTH_MAX && id == DUCKDB_TYPE_STRUCT) {
        out->shape = FH_PROFILE_OBJECT;
        out->type = "STRUCT";
    } else if (depth < FH_PROFILE_DEPTH_MAX &&
               (id == DUCKDB_TYPE_LIST || id == DUCKDB_TYPE_ARRAY)) {
        out->shape = FH_PROFILE_ARRAY;
        out->type = "LIST";
    } else {
        return FH_OK;
    }
    return describe_members(scan, type, depth, left, out, err);
}

/* Columns of `SELECT * FROM relation`. */
static int describe(struct fh_scan_files *scan, const char *relation, struct fh_err *err)
{
    duckdb_result result;
    fh_buf_printf(&scan->sql, "SELECT * FROM %s LIMIT 0", relation);
    int code = fh_files_ask(scan, &result, err);
    if (code != FH_OK) {
        return code;
    }
    idx_t count = duckdb_column_count(&result);
    uint32_t left = FH_CONTRACT_COLUMNS_MAX;
    if (count > left) {
        duckdb_destroy_result(&result);
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "source.columns",
                           "the source has %" PRIu64 " columns; a contract describes at most %d",
                           (uint64_t)count,
                           FH_CONTRACT_COLUMNS_MAX);
    }
    left -= (uint32_t)count;
    struct fh_profile_column *columns = fh_arena_array(scan->arena, count, sizeof *columns);
    if (columns == NULL) {
        code = fh_err_set(err, FH_ENOMEM, "no memory for a profile");
    }
    for (idx_t i = 0; i < count && code == FH_OK; i++) {
        duckdb_logical_type type = duckdb_column_logical_type(&result, i);
        code = fh_observer_name(&columns[i].name,
                                "column",
                                fh_bytes_cstr(duckdb_column_name(&result, i)),
                                scan->arena,
                                err);
        if (code == FH_OK) {
            code = describe_type(scan, type, 1, &left, &columns[i], err);
        }
        duckdb_destroy_logical_type(&type);
    }
    duckdb_destroy_result(&result);
    scan->profile.columns = columns;
    scan->profile.column_count = (uint32_t)count;
    return code;
}

/* ---- opening ---- */

static int open_parquet(struct fh_scan_files *scan, struct fh_err *err)
{
    fh_buf_printf(&scan->relation, "read_parquet([%s])", scan->file);
    return describe(scan, fh_buf_cstr(&scan->relation), err);
}

static void
put_csv(struct fh_scan_files *scan, struct fh_buf *out, const char *delimiter, bool header)
{
    fh_buf_printf(out,
                  "read_csv([%s], auto_detect=false, header=%s, quote='\"', escape='\"', "
                  "delim=",
                  scan->file,
                  header ? "true" : "false");
    fh_sql_text(out, delimiter);
    fh_buf_add_cstr(out, ", columns={");
    for (uint32_t i = 0; i < scan->profile.column_count; i++) {
        char plain[24];
        snprintf(plain, sizeof plain, "c%" PRIu32, i);
        fh_buf_add_cstr(out, i == 0 ? "" : ", ");
        fh_sql_text(out, header ? scan->profile.columns[i].name : plain);
        fh_buf_add_cstr(out, ": 'VARCHAR'");
    }
    fh_buf_add_cstr(out, "})");
}

/* DuckDB renames headings that stand twice; a contract must not rely on how it does. */
static int check_headings(struct fh_scan_files *scan, const char *delimiter, struct fh_err *err)
{
    duckdb_result result;
    fh_buf_add_cstr(&scan->sql, "SELECT * FROM ");
    put_csv(scan, &scan->sql, delimiter, false);
    fh_buf_add_cstr(&scan->sql, " LIMIT 1");
    int code = fh_files_ask(scan, &result, err);
    if (code != FH_OK) {
        return code;
    }
    duckdb_data_chunk chunk = duckdb_fetch_chunk(result);
    struct fh_bytes a, b;
    uint32_t count = chunk == NULL ? 0 : scan->profile.column_count;
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        if (!fh_files_text(chunk, i, 0, &a)) {
            code = fh_err_rule(err,
                               FH_EINVAL,
                               "source.headings",
                               "column %" PRIu32 " has no heading; the first line names every "
                               "column",
                               i + 1);
        }
        for (uint32_t k = 0; k < i && code == FH_OK; k++) {
            if (fh_files_text(chunk, k, 0, &b) && a.size == b.size &&
                strncasecmp((const char *)a.data, (const char *)b.data, a.size) == 0) {
                code = fh_err_rule(err,
                                   FH_EINVAL,
                                   "source.headings",
                                   "columns %" PRIu32 " and %" PRIu32
                                   " have the same heading (upper and lower case count as "
                                   "equal); give each a name of its own",
                                   k + 1,
                                   i + 1);
            }
        }
    }
    if (chunk != NULL) {
        duckdb_destroy_data_chunk(&chunk);
    }
    duckdb_destroy_result(&result);
    return code;
}

static int open_csv(struct fh_scan_files *scan, struct fh_err *err)
{
    duckdb_result result;
    char delimiter[2] = ",";
    fh_buf_printf(&scan->sql,
                  "SELECT Delimiter, unnest(Columns).name FROM sniff_csv(%s, all_varchar=true, "
                  "auto_type_candidates=['VARCHAR'], header=true, quote='\"', escape='\"')",
                  scan->file);
    int code = fh_files_ask(scan, &result, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_bytes value;
    for (duckdb_data_chunk chunk; (chunk = duckdb_fetch_chunk(result)) != NULL;) {
        if (fh_files_text(chunk, 0, 0, &value) && value.size > 0) {
            delimiter[0] = (char)value.data[0];
        }
        duckdb_destroy_data_chunk(&chunk);
    }
    duckdb_destroy_result(&result);
    fh_buf_printf(&scan->relation,
                  "read_csv([%s], all_varchar=true, auto_type_candidates=['VARCHAR'], "
                  "header=true, quote='\"', escape='\"', delim=",
                  scan->file);
    fh_sql_text(&scan->relation, delimiter);
    fh_buf_add_u8(&scan->relation, ')');
    code = describe(scan, fh_buf_cstr(&scan->relation), err);
    if (code == FH_OK) {
        code = check_headings(scan, delimiter, err);
    }
    fh_buf_reset(&scan->relation);
    put_csv(scan, &scan->relation, delimiter, true);
    return code;
}

static int open_json(struct fh_scan_files *scan, struct fh_err *err)
{
    fh_buf_printf(
        &scan->relation, "read_json([%s], sample_size=-1, map_inference_threshold=-1)", scan->file);
    int code = describe(scan, fh_buf_cstr(&scan->relation), err);
    fh_buf_reset(&scan->relation);
    fh_buf_printf(&scan->relation, "read_json([%s], columns={", scan->file);
    for (uint32_t i = 0; i < scan->profile.column_count; i++) {
        fh_buf_add_cstr(&scan->relation, i == 0 ? "" : ", ");
        fh_sql_text(&scan->relation, scan->profile.columns[i].name);
        fh_buf_add_cstr(&scan->relation,
                        scan->profile.columns[i].shape == FH_PROFILE_SCALAR ? ": 'VARCHAR'"
                                                                            : ": 'JSON'");
    }
    fh_buf_add_cstr(&scan->relation, "})");
    return code;
}

/* ---- all of it ---- */

int fh_profile_file(struct fh_profile *out,
                    const struct fh_profile_question *question,
                    duckdb_connection connection,
                    int slot,
                    struct fh_arena *arena,
                    struct fh_err *err)
{
    char file[48];
    snprintf(file, sizeof file, "'/proc/self/fd/%d'", slot);
    struct fh_scan_files scan = {
        .question = question,
        .connection = connection,
        .arena = arena,
        .profile = {.id = question->id, .definition = ""},
        .as_text = question->source != FH_PROFILE_PARQUET,
        .file = file,
    };
    fh_buf_init(&scan.relation, SQL_BYTES_MAX);
    fh_buf_init(&scan.sql, SQL_BYTES_MAX);
    int code = question->source == FH_PROFILE_PARQUET ? open_parquet(&scan, err)
               : question->source == FH_PROFILE_CSV   ? open_csv(&scan, err)
                                                      : open_json(&scan, err);
    if (code == FH_OK) {
        code = fh_files_scan(&scan, err);
    }
    fh_buf_fini(&scan.relation);
    fh_buf_fini(&scan.sql);
    if (code == FH_OK) {
        *out = scan.profile;
    }
    return code;
}
