/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/source_mapping.h"

#include "common/limits.h"
#include "proto/contract/publish_rules.h"
#include "proto/wire/pack.h"

#include <string.h>

enum { MAPPING_FORM = 1, MAPPING_BYTES_MAX = 4 * 1024 * 1024 };

static int refuse_path(const char *why, struct fh_err *err)
{
    return fh_err_rule(err,
                       FH_EINVAL,
                       "publish.server.path",
                       "a source path %s; write it relative to the contract's folder, as in "
                       "data/flights.parquet",
                       why);
}

int fh_source_path_check(const char *path, struct fh_err *err)
{
    if (path[0] == '\0') {
        return refuse_path("cannot be empty", err);
    }
    if (path[0] == '/' || path[0] == '~') {
        return refuse_path("must be relative", err);
    }
    if (strstr(path, "://") != NULL || strchr(path, '\\') != NULL || strchr(path, ':') != NULL) {
        return refuse_path("has no scheme, drive or backslash", err);
    }
    for (const char *at = path; *at != '\0'; at++) {
        if (strchr("*?[]$|<>\"'`;", *at) != NULL) {
            return refuse_path("names one file without wildcards, quotes or variables", err);
        }
        if ((unsigned char)*at < 0x20 || *at == 0x7f) {
            return refuse_path("has no control characters", err);
        }
    }
    for (const char *at = path; at != NULL; at = strchr(at, '/')) {
        at += *at == '/';
        size_t size = strcspn(at, "/");
        if (size == 2 && strncmp(at, "..", 2) == 0) {
            return refuse_path("stays inside its folder (no ..)", err);
        }
        if (size == 0) {
            return refuse_path("ends in a file name and has no empty parts", err);
        }
    }
    return FH_OK;
}

static const char model_mark[] = "{model}";

/* The path with {model} replaced; NULL when there is no memory. */
static const char *expand(const char *pattern, const char *model, struct fh_arena *arena)
{
    const char *mark = strstr(pattern, model_mark);
    if (mark == NULL) {
        return fh_arena_strdup(arena, pattern);
    }
    return fh_arena_printf(
        arena, "%.*s%s%s", (int)(mark - pattern), pattern, model, mark + strlen(model_mark));
}

static int make_table(struct fh_source_table *out,
                      const struct fh_contract_table *table,
                      const struct fh_contract_server *server,
                      struct fh_arena *arena,
                      struct fh_err *err)
{
    const char *model = table->physical_name != NULL ? table->physical_name : table->name;
    out->name = table->name;
    out->format = server->format;
    out->path = expand(server->path, model, arena);
    out->column_count = table->columns.count;
    out->columns = fh_arena_array(arena, table->columns.count, sizeof *out->columns);
    if (out->path == NULL || out->columns == NULL) {
        return fh_err_set(err, FH_ENOMEM, "source mapping: out of memory");
    }
    int rc = fh_source_path_check(out->path, err);
    for (size_t i = 0; rc == FH_OK && i < table->columns.count; i++) {
        const struct fh_contract_column *column = &table->columns.items[i];
        struct fh_source_column *made = &out->columns[i];
        made->name = column->name;
        made->source_name = column->physical_name != NULL ? column->physical_name : column->name;
        made->is_required =
            column->required == FH_CONTRACT_TRUE || column->primary_key == FH_CONTRACT_TRUE;
        rc = fh_contract_sql_type(column, made->sql_type, err);
    }
    if (rc != FH_OK) {
        return fh_err_wrap(err, "table %s", table->name);
    }
    return FH_OK;
}

int fh_source_mapping_make(struct fh_source_mapping **out,
                           const struct fh_contract *contract,
                           struct fh_arena *arena,
                           struct fh_err *err)
{
    struct fh_findings findings;
    fh_findings_init(&findings, arena);
    fh_publish_rules(contract, NULL, &findings);
    int rc = fh_findings_ok(&findings, err);
    if (rc != FH_OK) {
        return rc;
    }
    const struct fh_contract_server *server = fh_publish_server(contract);
    struct fh_source_mapping *mapping = fh_arena_alloc(arena, sizeof *mapping);
    struct fh_source_table *tables =
        fh_arena_array(arena, contract->tables.count, sizeof *mapping->tables);
    if (mapping == NULL || tables == NULL) {
        return fh_err_set(err, FH_ENOMEM, "source mapping: out of memory");
    }
    mapping->tables = tables;
    mapping->table_count = contract->tables.count;
    for (size_t i = 0; rc == FH_OK && i < contract->tables.count; i++) {
        rc = make_table(&tables[i], &contract->tables.items[i], server, arena, err);
    }
    if (rc == FH_OK) {
        *out = mapping;
    }
    return rc;
}

void fh_source_mapping_encode(struct fh_buf *out, const struct fh_source_mapping *mapping)
{
    fh_pack_array(out, 2);
    fh_pack_uint(out, MAPPING_FORM);
    fh_pack_array(out, (uint32_t)mapping->table_count);
    for (size_t i = 0; i < mapping->table_count; i++) {
        const struct fh_source_table *table = &mapping->tables[i];
        fh_pack_array(out, 4);
        fh_pack_cstr(out, table->name);
        fh_pack_cstr(out, table->path);
        fh_pack_cstr(out, table->format);
        fh_pack_array(out, (uint32_t)table->column_count);
        for (size_t k = 0; k < table->column_count; k++) {
            const struct fh_source_column *column = &table->columns[k];
            fh_pack_array(out, 4);
            fh_pack_cstr(out, column->name);
            fh_pack_cstr(out, column->source_name);
            fh_pack_cstr(out, column->sql_type);
            fh_pack_bool(out, column->is_required);
        }
    }
}

static const char *
read_string(struct fh_pack_reader *reader, struct fh_arena *arena, bool *out_full)
{
    const char *text = fh_arena_string(arena, fh_pack_read_str(reader, FH_CONTRACT_BYTES_MAX));
    *out_full = *out_full || text == NULL;
    return text;
}

static void read_table(struct fh_pack_reader *reader,
                       struct fh_source_table *table,
                       struct fh_arena *arena,
                       bool *out_full)
{
    fh_pack_read_record(reader, 4);
    table->name = read_string(reader, arena, out_full);
    table->path = read_string(reader, arena, out_full);
    table->format = read_string(reader, arena, out_full);
    uint32_t count = fh_pack_read_array(reader, FH_CONTRACT_COLUMNS_MAX);
    table->columns = fh_arena_array(arena, count, sizeof *table->columns);
    *out_full = *out_full || table->columns == NULL;
    for (uint32_t i = 0; i < count && !*out_full && reader->failed == FH_OK; i++) {
        struct fh_source_column *column = &table->columns[i];
        fh_pack_read_record(reader, 4);
        column->name = read_string(reader, arena, out_full);
        column->source_name = read_string(reader, arena, out_full);
        fh_pack_read_cstr(reader, column->sql_type, sizeof column->sql_type);
        column->is_required = fh_pack_read_bool(reader);
        table->column_count++;
    }
}

int fh_source_mapping_decode(struct fh_source_mapping **out,
                             struct fh_bytes form,
                             struct fh_arena *arena,
                             struct fh_err *err)
{
    struct fh_pack_limits limits = fh_pack_limits(MAPPING_BYTES_MAX);
    int rc = fh_pack_scan(form, &limits, err);
    if (rc != FH_OK) {
        return fh_err_wrap(err, "source mapping");
    }
    struct fh_pack_reader reader;
    fh_pack_read_init(&reader, form);
    fh_pack_read_record(&reader, 2);
    (void)fh_pack_read_uint(&reader, MAPPING_FORM);
    uint32_t count = fh_pack_read_array(&reader, FH_CONTRACT_TABLES_MAX);
    struct fh_source_mapping *mapping = fh_arena_alloc(arena, sizeof *mapping);
    struct fh_source_table *tables = fh_arena_array(arena, count, sizeof *tables);
    bool is_full = mapping == NULL || tables == NULL;
    for (uint32_t i = 0; i < count && !is_full && reader.failed == FH_OK; i++) {
        read_table(&reader, &tables[i], arena, &is_full);
    }
    if (is_full) {
        return fh_err_set(err, FH_ENOMEM, "source mapping: out of memory");
    }
    rc = fh_pack_read_ok(&reader, "source mapping", err);
    if (rc == FH_OK) {
        mapping->table_count = count;
        mapping->tables = tables;
        *out = mapping;
    }
    return rc;
}
