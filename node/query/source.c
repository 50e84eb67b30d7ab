/* SPDX-License-Identifier: Apache-2.0 */
#include "node/query/source.h"

#include "common/assert.h"
#include "common/file.h"
#include "common/log.h"
#include "proto/contract/source_mapping.h"

#include <unistd.h>

void fh_source_set_init(struct fh_source_set *set)
{
    *set = (struct fh_source_set){0};
}

void fh_source_set_fini(struct fh_source_set *set)
{
    for (uint32_t i = 0; i < set->file_count; i++) {
        close(set->files[i]);
    }
    set->file_count = 0;
}

bool fh_source_set_is_remote(const struct fh_source_set *set)
{
    for (uint32_t i = 0; i < set->table_count; i++) {
        if (set->tables[i].format == FH_SOURCE_REMOTE) {
            return true;
        }
    }
    return false;
}

static int no_memory(struct fh_err *err)
{
    return fh_err_set(err, FH_ENOMEM, "no memory for the tables of a query");
}

static struct fh_table *
new_table(struct fh_source_set *set, const struct fh_plan_table *planned, size_t columns)
{
    if (set->table_count == FH_QUERY_TABLES_MAX) {
        return NULL;
    }
    struct fh_table *table = &set->tables[set->table_count];
    *table = (struct fh_table){
        .domain = planned->table.entry.domain_name,
        .product = planned->written,
        .table = planned->table.name,
        .sole = planned->sole,
        .number = set->table_count,
        .column_count = (uint32_t)columns,
    };
    return table;
}

int fh_source_add_remote(struct fh_source_set *set,
                         const struct fh_plan_table *planned,
                         struct fh_arena *arena,
                         struct fh_err *err)
{
    const struct fh_catalog_table *known = &planned->table;
    struct fh_table *table = new_table(set, planned, known->column_count);
    struct fh_column *columns = fh_arena_array(arena, known->column_count, sizeof *columns);
    if (table == NULL || columns == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < known->column_count; i++) {
        columns[i].name = known->columns[i].name;
        columns[i].source = "";
        int rc = fh_type_parse(&columns[i].type, fh_bytes_cstr(known->columns[i].sql_type), err);
        if (rc != FH_OK) {
            return rc;
        }
    }
    table->format = FH_SOURCE_REMOTE;
    table->columns = columns;
    set->table_count++;
    return FH_OK;
}

/* ---- own tables ---- */

struct found {
    struct fh_arena *arena;
    struct fh_source_mapping *mapping;
    char *data_root;
};

static int keep_source(void *user, const struct fh_store_source *source, struct fh_err *err)
{
    struct found *found = user;
    uint8_t *copy = fh_arena_alloc(found->arena, source->mapping.size);
    found->data_root = fh_arena_string(found->arena, source->data_root);
    if (copy == NULL || found->data_root == NULL) {
        return no_memory(err);
    }
    memcpy(copy, source->mapping.data, source->mapping.size);
    return fh_source_mapping_decode(
        &found->mapping, fh_bytes(copy, source->mapping.size), found->arena, err);
}

static int open_file(int *out_fd,
                     const struct fh_source_place *place,
                     const struct fh_plan_table *planned,
                     struct fh_err *err)
{
    int rc = fh_file_open_beneath(place->data_root, place->path, out_fd, err);
    if (rc == FH_OK) {
        return FH_OK;
    }
    char root[512];
    char path[512];
    fh_log(FH_LOG_ERROR,
           "source.unavailable",
           "product=%s table=%s root=%s path=%s text=\"%s\"",
           planned->table.entry.announcement.product,
           planned->table.name,
           fh_log_quoted(root, sizeof root, place->data_root),
           fh_log_quoted(path, sizeof path, place->path),
           err->text);
    return fh_err_rule(err,
                       FH_EIO,
                       "source.unavailable",
                       "the source of %s/%s (table %s) cannot be opened at its owner; the owner's "
                       "log says why",
                       planned->table.entry.domain_name,
                       planned->table.entry.announcement.product,
                       planned->table.name);
}

static int map_columns(struct fh_source_place *place,
                       const struct fh_source_table *mapped,
                       struct fh_arena *arena,
                       struct fh_err *err)
{
    struct fh_column *columns = fh_arena_array(arena, mapped->column_count, sizeof *columns);
    if (columns == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < mapped->column_count; i++) {
        columns[i].name = mapped->columns[i].name;
        columns[i].source = mapped->columns[i].source_name;
        int rc = fh_type_parse(&columns[i].type, fh_bytes_cstr(mapped->columns[i].sql_type), err);
        if (rc != FH_OK) {
            return rc;
        }
    }
    place->columns = columns;
    place->column_count = (uint32_t)mapped->column_count;
    return FH_OK;
}

int fh_source_find(struct fh_source_place *out,
                   const struct fh_plan_table *planned,
                   struct fh_store *store,
                   struct fh_arena *arena,
                   struct fh_err *err)
{
    struct found found = {.arena = arena};
    const struct fh_record_id *contract = &planned->table.entry.announcement.contract;
    int rc = fh_store_source_get(store, contract, keep_source, &found, err);
    if (rc == FH_ENOTFOUND) {
        return fh_err_rule(err,
                           FH_ENOTFOUND,
                           "source.unknown",
                           "this node holds no source for %s/%s %s",
                           planned->table.entry.domain_name,
                           planned->table.entry.announcement.product,
                           planned->table.entry.announcement.version);
    }
    if (rc != FH_OK) {
        return rc;
    }
    const struct fh_source_table *mapped = NULL;
    for (size_t i = 0; i < found.mapping->table_count; i++) {
        if (strcmp(found.mapping->tables[i].name, planned->table.name) == 0) {
            mapped = &found.mapping->tables[i];
        }
    }
    if (mapped == NULL) {
        return fh_err_rule(err,
                           FH_ENOTFOUND,
                           "source.unknown",
                           "this node holds no source for table %s",
                           planned->table.name);
    }
    struct fh_source_place place = {.found = true,
                                    .data_root = found.data_root,
                                    .path = mapped->path,
                                    .format = fh_source_format_parse(mapped->format)};
    rc = map_columns(&place, mapped, arena, err);
    if (rc == FH_OK) {
        *out = place;
    }
    return rc;
}

int fh_source_add_found(struct fh_source_set *set,
                        const struct fh_plan_table *planned,
                        const struct fh_source_place *place,
                        struct fh_err *err)
{
    FH_ASSERT(place->found);
    struct fh_table *table = new_table(set, planned, place->column_count);
    if (table == NULL) {
        return no_memory(err);
    }
    int fd = -1;
    int rc = open_file(&fd, place, planned, err);
    if (rc != FH_OK) {
        return rc;
    }
    FH_ASSERT(set->file_count < FH_QUERY_TABLES_MAX);
    table->columns = place->columns;
    table->format = place->format;
    table->first_file = set->file_count;
    table->file_count = 1;
    set->files[set->file_count++] = fd;
    set->table_count++;
    return FH_OK;
}

int fh_source_add_own(struct fh_source_set *set,
                      const struct fh_plan_table *planned,
                      struct fh_store *store,
                      struct fh_arena *arena,
                      struct fh_err *err)
{
    struct fh_source_place place;
    int rc = fh_source_find(&place, planned, store, arena, err);
    return rc == FH_OK ? fh_source_add_found(set, planned, &place, err) : rc;
}
