/* SPDX-License-Identifier: Apache-2.0 */
#include "node/quality/sources.h"

#include "common/file.h"
#include "common/limits.h"
#include "node/quality/subject.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Where a table lies. */
struct place {
    const char *path;
    const char *format;
};

static int unreadable(struct fh_err *err, const char *format, ...) FH_PRINTF(2, 3);

static int unreadable(struct fh_err *err, const char *format, ...)
{
    char text[FH_ERR_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return fh_err_rule(err, FH_EIO, "source.unavailable", "%s", text);
}

/* ---- servers ---- */

static bool is_local(const struct fh_contract_server *server)
{
    return server->type != NULL && strcmp(server->type, "local") == 0;
}

/* The server to read, or NULL with the reason that holds for every table. */
static int choose_server(const struct fh_contract_server **out,
                         const struct fh_contract *contract,
                         const char *name,
                         struct fh_err *reason,
                         struct fh_err *err)
{
    size_t local = 0;
    *out = NULL;
    for (size_t i = 0; i < contract->servers.count; i++) {
        const struct fh_contract_server *server = &contract->servers.items[i];
        if (name != NULL && server->server != NULL && strcmp(server->server, name) == 0) {
            *out = server;
        } else if (name == NULL && is_local(server) && local++ == 0) {
            *out = server;
        }
    }
    if (name != NULL && *out == NULL) {
        return fh_err_rule(err,
                           FH_EUSAGE,
                           "server.unknown",
                           "the contract has no server \"%.63s\"; see its servers",
                           name);
    }
    if (local > 1) {
        *out = NULL;
        (void)unreadable(reason, "%zu servers of type local; name one with --server", local);
    } else if (*out == NULL) {
        (void)unreadable(reason, "the contract has no server of type local with path and format");
    } else if (!is_local(*out)) {
        (void)unreadable(reason,
                         "a server of type %.32s is not read by this version",
                         (*out)->type == NULL ? "?" : (*out)->type);
        *out = NULL;
    }
    return FH_OK;
}

static const char *format_of(const struct fh_contract_server *server, const char *path)
{
    const char *dot = strrchr(path, '.');
    return server->format != NULL ? server->format : dot == NULL ? "" : dot + 1;
}

static int place_of_server(struct place *out,
                           const struct fh_contract_server *server,
                           const struct fh_contract *contract,
                           const struct fh_contract_table *table,
                           struct fh_arena *arena,
                           struct fh_err *err)
{
    static const char model_mark[] = "{model}";
    const char *model = table->physical_name != NULL ? table->physical_name : table->name;
    const char *path = server->path == NULL ? "" : server->path;
    const char *mark = strstr(path, model_mark);
    if (mark == NULL && contract->tables.count > 1) {
        return unreadable(err, "the server has one path for several tables; put {model} into it");
    }
    out->path =
        mark == NULL
            ? path
            : fh_arena_printf(
                  arena, "%.*s%s%s", (int)(mark - path), path, model, mark + strlen(model_mark));
    if (out->path == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a path");
    }
    out->format = format_of(server, out->path);
    int code = fh_source_path_check(out->path, err);
    return code == FH_OK ? FH_OK : unreadable(err, "%s", err->text);
}

static int
place_of_mapping(struct place *out, const struct fh_source_mapping *mapping, const char *table)
{
    for (size_t i = 0; i < mapping->table_count; i++) {
        if (strcmp(mapping->tables[i].name, table) == 0) {
            *out = (struct place){mapping->tables[i].path, mapping->tables[i].format};
            return FH_OK;
        }
    }
    return FH_ENOTFOUND;
}

/* ---- tables ---- */

static int describe(struct fh_check_source *out,
                    const struct fh_contract_table *table,
                    uint32_t number,
                    struct fh_arena *arena,
                    struct fh_err *err)
{
    struct fh_column *columns = fh_arena_array(arena, table->columns.count + 1, sizeof *columns);
    if (columns == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a table");
    }
    for (size_t i = 0; i < table->columns.count; i++) {
        const struct fh_contract_column *column = &table->columns.items[i];
        columns[i].name = column->name;
        columns[i].source = column->physical_name != NULL ? column->physical_name : column->name;
        columns[i].type = fh_subject_type(column);
    }
    out->table = (struct fh_table){
        .domain = "",
        .product = "",
        .table = table->name,
        .number = number,
        .file_count = 1,
        .columns = columns,
        .column_count = (uint32_t)table->columns.count,
    };
    out->fd = -1;
    return FH_OK;
}

/* What the channel to a worker can carry. */
static int check_names(const struct fh_contract_table *table, struct fh_err *err)
{
    if (table->columns.count == 0) {
        return unreadable(err, "the contract lists no properties");
    }
    if (table->columns.count > FH_CONTRACT_COLUMNS_MAX) {
        return unreadable(err, "a table has at most %d columns", FH_CONTRACT_COLUMNS_MAX);
    }
    if (strlen(table->name) > FH_NAME_BYTES_MAX) {
        return unreadable(err, "the table's name has more than %d bytes", FH_NAME_BYTES_MAX);
    }
    for (size_t i = 0; i < table->columns.count; i++) {
        const struct fh_contract_column *column = &table->columns.items[i];
        if (strlen(column->name) > FH_COLUMN_NAME_BYTES_MAX ||
            (column->physical_name != NULL &&
             strlen(column->physical_name) > FH_COLUMN_NAME_BYTES_MAX)) {
            return unreadable(
                err, "a column's name has more than %d bytes", FH_COLUMN_NAME_BYTES_MAX);
        }
    }
    return FH_OK;
}

static int open_file(struct fh_check_source *source, const struct place *place, const char *root)
{
    struct fh_err *err = &source->failure;
    source->table.format = fh_source_format_parse(place->format);
    if (source->table.format == FH_SOURCE_FORMAT_COUNT) {
        source->table.format = FH_SOURCE_CSV;
        return unreadable(err, "the format \"%.32s\" is none of parquet, csv, json", place->format);
    }
    if (fh_file_open_beneath(root, place->path, &source->fd, err) != FH_OK) {
        source->fd = -1;
        fh_err_wrap(err, "%s", root);
        snprintf(err->rule, sizeof err->rule, "source.unavailable");
        return err->code;
    }
    return FH_OK;
}

int fh_check_sources_open(struct fh_check_sources *out,
                          const struct fh_contract *contract,
                          const struct fh_source_mapping *mapping,
                          const char *server,
                          const char *data_root,
                          struct fh_arena *arena,
                          struct fh_err *err)
{
    struct fh_check_sources sources = {.count = (uint32_t)contract->tables.count};
    const struct fh_contract_server *chosen = NULL;
    struct fh_err reason = {0};
    sources.items = fh_arena_array(arena, contract->tables.count + 1, sizeof *sources.items);
    if (sources.items == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the sources of a check");
    }
    int code = FH_OK;
    if (mapping == NULL) {
        code = choose_server(&chosen, contract, server, &reason, err);
    }
    for (uint32_t i = 0; code == FH_OK && i < sources.count; i++) {
        const struct fh_contract_table *table = &contract->tables.items[i];
        struct fh_check_source *source = &sources.items[i];
        struct place place = {.path = "", .format = ""};
        code = describe(source, table, i, arena, err);
        if (code != FH_OK) {
            break;
        }
        if (check_names(table, &source->failure) != FH_OK) {
            continue;
        }
        if (mapping == NULL && chosen == NULL) {
            source->failure = reason;
        } else if (mapping != NULL && place_of_mapping(&place, mapping, table->name) != FH_OK) {
            (void)unreadable(&source->failure, "this node holds no source for it");
        } else if (mapping != NULL ||
                   place_of_server(&place, chosen, contract, table, arena, &source->failure) ==
                       FH_OK) {
            (void)open_file(source, &place, data_root);
        }
    }
    *out = sources;
    return code;
}

void fh_check_sources_close(struct fh_check_sources *sources)
{
    for (uint32_t i = 0; sources->items != NULL && i < sources->count; i++) {
        if (sources->items[i].fd > 0) {
            close(sources->items[i].fd);
            sources->items[i].fd = -1;
        }
    }
}
