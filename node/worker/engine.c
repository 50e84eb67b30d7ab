/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/engine.h"

#include "common/mem.h"
#include "node/worker/fault.h"
#include "node/worker/files.h"
#include "node/worker/masks.h"
#include "node/worker/sandbox.h"
#include "node/worker/source_files.h"
#include "node/worker/sql.h"
#include "node/worker/views.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    SQL_BYTES_MAX = 8 * 1024 * 1024,
    /* Of a worker's memory, what DuckDB counts as its own. The rest is for stacks, and for strings,
     * lists and sort heaps, which it does not count: a process that meets its bound before DuckDB
     * does fails where it could have spilled (at 6/8 a window over 30 M rows did). */
    OWN_EIGHTHS = 5,
};

/* The files of one table, so that replacing the table closes them. */
struct table_files {
    char name[4 * FH_NAME_BYTES_MAX];
    int slots[FH_WORKER_FILES_MAX];
    unsigned count;
};

struct fh_engine {
    duckdb_database database;
    duckdb_connection connection;
    duckdb_prepared_statement serialize;
    struct fh_scans *scans;
    struct fh_masks *masks;
    struct fh_sink *sink;
    struct fh_warm *warm;
    bool sealed;
    bool slot_used[FH_WORKER_FILES_MAX];
    struct table_files *files[FH_WORKER_TABLES_MAX];
    unsigned file_tables;
};

/* Settings of the open call, in the order of the trust they take away. Measured to hold on 1.4.4
 * (research on the sandbox); what they do not stop, the gate and the process boundary do. */
static const struct {
    const char *name;
    const char *value;
} settings[] = {
    {"autoinstall_known_extensions", "false"},
    {"autoload_known_extensions", "false"},
    {"allow_community_extensions", "false"},
    {"allow_unsigned_extensions", "false"},
    {"enable_external_file_cache", "false"}, // would keep bytes of replaced files
};

static const char *const statements[] = {
    "SET allow_persistent_secrets=false",
    "SET max_expression_depth=250",
    "SET errors_as_json=true",
    "SET GLOBAL TimeZone='UTC'", // feeds have connections of their own
    // answers a large LIMIT over Parquet by joining row numbers: 430 ms instead of 94 for a million
    "SET disabled_optimizers='late_materialization'",
};

int fh_engine_do(struct fh_engine *engine, const char *sql, struct fh_err *err)
{
    return fh_views_do(engine->connection, sql, err);
}

/* The only paths that DuckDB may open, whether or not a descriptor stands there yet. */
static int allow_slots(struct fh_engine *engine, struct fh_err *err)
{
    struct fh_buf sql;
    fh_buf_init(&sql, SQL_BYTES_MAX);
    fh_buf_add_cstr(&sql, "SET allowed_paths=[");
    for (int slot = FH_SLOT_FIRST; slot <= FH_SLOT_OUTPUT; slot++) {
        fh_buf_printf(&sql, "%s'/proc/self/fd/%d'", slot == FH_SLOT_FIRST ? "" : ",", slot);
    }
    fh_buf_add_u8(&sql, ']');
    int code = fh_engine_do(engine, fh_buf_cstr(&sql), err);
    fh_buf_fini(&sql);
    return code == FH_OK ? fh_engine_do(engine, "SET enable_external_access=false", err) : code;
}

static int
open_database(struct fh_engine *engine, const struct fh_channel_setup *setup, struct fh_err *err)
{
    char memory[32];
    char threads[16];
    uint32_t own = setup->memory_mib * OWN_EIGHTHS / 8;
    snprintf(memory, sizeof memory, "%uMiB", own == 0 ? 1 : own);
    duckdb_config config = NULL;
    if (duckdb_create_config(&config) == DuckDBError) {
        return fh_err_set(err, FH_ENOMEM, "no memory for DuckDB's configuration");
    }
    bool good = true;
    for (size_t i = 0; i < FH_COUNT(settings); i++) {
        good &= duckdb_set_config(config, settings[i].name, settings[i].value) == DuckDBSuccess;
    }
    good &= duckdb_set_config(config, "memory_limit", memory) == DuckDBSuccess;
    /* All are ours: it starts none itself. */
    snprintf(threads, sizeof threads, "%u", setup->threads);
    good &= duckdb_set_config(config, "threads", threads) == DuckDBSuccess;
    good &= duckdb_set_config(config, "external_threads", threads) == DuckDBSuccess;
    /* The worker's folder is the current one, by whatever path it can still be reached; DuckDB
     * wants one of its own, and not to be told that it is the current. */
    const char *temp = setup->spill[0] == 0 ? "" : "spill";
    good &= duckdb_set_config(config, "temp_directory", temp) == DuckDBSuccess;
    if (setup->spill[0] != 0) {
        char spill[32];
        snprintf(spill, sizeof spill, "%uMiB", setup->spill_mib);
        good &= duckdb_set_config(config, "max_temp_directory_size", spill) == DuckDBSuccess;
    }
    char *why = NULL;
    good = good && duckdb_open_ext(NULL, &engine->database, config, &why) == DuckDBSuccess;
    duckdb_free(why);
    duckdb_destroy_config(&config);
    if (!good || duckdb_connect(engine->database, &engine->connection) == DuckDBError) {
        return fh_err_set(err, FH_EIO, "DuckDB does not open with the settings of a worker");
    }
    return FH_OK;
}

int fh_engine_open(struct fh_engine **out,
                   const struct fh_channel_setup *setup,
                   struct fh_scans *scans,
                   struct fh_feeds *feeds,
                   struct fh_err *err)
{
    struct fh_engine *engine = fh_calloc(1, sizeof *engine);
    if (engine == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for an engine");
    }
    engine->scans = scans;
    engine->masks = fh_masks_new();
    engine->warm = fh_warm_new(setup->memory_mib);
    int code = engine->masks == NULL || engine->warm == NULL
                   ? fh_err_set(err, FH_ENOMEM, "no memory for an engine")
                   : open_database(engine, setup, err);
    for (size_t i = 0; code == FH_OK && i < FH_COUNT(statements); i++) {
        code = fh_engine_do(engine, statements[i], err);
    }
    if (code == FH_OK) {
        code = fh_scans_register(scans, engine->connection, err);
    }
    if (code == FH_OK) {
        code = fh_feeds_register(feeds, engine->database, engine->connection, err);
    }
    if (code == FH_OK) {
        code = fh_masks_register(engine->masks, engine->connection, err);
    }
    if (code == FH_OK) {
        engine->sink = fh_sink_new(engine->connection);
        code = engine->sink != NULL ? FH_OK : fh_err_set(err, FH_EIO, "cannot register the sink");
    }
    if (code == FH_OK) {
        code = allow_slots(engine, err);
    }
    if (code == FH_OK && duckdb_prepare(engine->connection,
                                        "SELECT json_serialize_sql(?::VARCHAR)",
                                        &engine->serialize) == DuckDBError) {
        code = fh_err_set(err, FH_EIO, "DuckDB has no json_serialize_sql");
    }
    *out = engine; // the process ends with it, also after a failure
    return code;
}

int fh_engine_seal(struct fh_engine *engine, struct fh_err *err)
{
    if (engine->sealed) {
        return FH_OK;
    }
    int code = fh_engine_do(engine, "SET lock_configuration=true", err);
    engine->sealed = code == FH_OK;
    return code;
}

duckdb_connection fh_engine_connection(const struct fh_engine *engine)
{
    return engine->connection;
}

duckdb_database fh_engine_database(const struct fh_engine *engine)
{
    return engine->database;
}

struct fh_sink *fh_engine_sink(const struct fh_engine *engine)
{
    return engine->sink;
}

struct fh_warm *fh_engine_warm(const struct fh_engine *engine)
{
    return engine->warm;
}

int fh_engine_parse(struct fh_engine *engine,
                    struct fh_bytes sql,
                    struct fh_buf *out_json,
                    struct fh_err *err)
{
    duckdb_result result;
    duckdb_clear_bindings(engine->serialize);
    if (duckdb_bind_varchar_length(engine->serialize, 1, (const char *)sql.data, sql.size) ==
        DuckDBError) {
        return fh_err_set(err, FH_EINVAL, "the SQL text cannot be bound");
    }
    fh_sandbox_cpu_alarm(FH_PARSE_CPU_MS);
    duckdb_state state = duckdb_execute_prepared(engine->serialize, &result);
    fh_sandbox_cpu_alarm(0);
    duckdb_data_chunk chunk = state == DuckDBSuccess ? duckdb_fetch_chunk(result) : NULL;
    int code = FH_OK;
    if (chunk != NULL && duckdb_data_chunk_get_size(chunk) == 1) {
        duckdb_string_t *text = duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0));
        fh_buf_add(out_json, duckdb_string_t_data(text), duckdb_string_t_length(*text));
        code = fh_buf_ok(out_json);
        if (code != FH_OK) {
            code = fh_err_rule(err, FH_ETOOBIG, "sql.tokens", "the parsed query is too large");
        }
    } else {
        struct fh_fault fault;
        fh_fault_read(&fault, duckdb_result_error(&result), FH_FAULT_BIND);
        /* A text that needs too much memory says so; whatever else is wrong is the text. */
        bool big = fault.err.code == FH_ETOOBIG;
        code = fh_err_rule(err,
                           big ? FH_ETOOBIG : FH_ESQL,
                           big ? fault.err.rule : "sql.syntax",
                           "%s",
                           fault.err.text);
    }
    if (chunk != NULL) {
        duckdb_destroy_data_chunk(&chunk);
    }
    duckdb_destroy_result(&result);
    return code;
}

/* ---- files ---- */

int fh_engine_take_files(struct fh_engine *engine,
                         const struct fh_table *table,
                         struct fh_frame *frame,
                         int *out_slots,
                         struct fh_err *err)
{
    unsigned taken = 0;
    for (; taken < table->file_count; taken++) {
        unsigned index = table->first_file + taken;
        unsigned slot = 0;
        while (slot < FH_WORKER_FILES_MAX && engine->slot_used[slot]) {
            slot++;
        }
        if (slot == FH_WORKER_FILES_MAX) {
            fh_engine_drop_files(engine, out_slots, taken);
            return fh_err_rule(
                err, FH_ETOOBIG, "query.files", "too many source files for one worker");
        }
        if (index >= frame->file_count || frame->files[index] < 0 ||
            dup3(frame->files[index], FH_SLOT_FIRST + (int)slot, O_CLOEXEC) < 0) {
            fh_engine_drop_files(engine, out_slots, taken);
            return fh_err_rule(err, FH_EPROTO, "channel.files", "a descriptor is missing");
        }
        engine->slot_used[slot] = true;
        out_slots[taken] = FH_SLOT_FIRST + (int)slot;
    }
    return FH_OK;
}

void fh_engine_drop_files(struct fh_engine *engine, const int *slots, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        close(slots[i]);
        engine->slot_used[slots[i] - FH_SLOT_FIRST] = false;
    }
}

/* Remembers which slots a table reads; those of an older table of the name are closed. */
static int keep_files(struct fh_engine *engine,
                      const char *name,
                      const int *slots,
                      unsigned count,
                      struct fh_err *err)
{
    unsigned i = 0;
    while (i < engine->file_tables && strcmp(engine->files[i]->name, name) != 0) {
        i++;
    }
    if (i == FH_WORKER_TABLES_MAX) {
        return fh_err_rule(err, FH_ETOOBIG, "query.tables", "too many tables in one worker");
    }
    if (i == engine->file_tables) {
        engine->files[i] = fh_calloc(1, sizeof *engine->files[i]);
        if (engine->files[i] == NULL) {
            return fh_err_set(err, FH_ENOMEM, "no memory for a table");
        }
        engine->file_tables++;
        snprintf(engine->files[i]->name, sizeof engine->files[i]->name, "%s", name);
    }
    fh_engine_drop_files(engine, engine->files[i]->slots, engine->files[i]->count);
    engine->files[i]->count = count;
    memcpy(engine->files[i]->slots, slots, count * sizeof *slots);
    return FH_OK;
}

/* ---- tables ---- */

/* SELECT of the promised columns, cast to the promised types, from a file source. */
static int select_files(struct fh_engine *engine,
                        const struct fh_table *table,
                        const int *slots,
                        struct fh_buf *sql,
                        struct fh_err *err)
{
    struct fh_source source;
    int code = fh_source_open(&source, engine->connection, table, slots, false, err);
    if (code != FH_OK) {
        return code;
    }
    for (uint32_t i = 0; code == FH_OK && i < table->column_count; i++) {
        if (source.missing.data[i] != 0) {
            code = fh_err_rule(err,
                               FH_EINVAL,
                               "source.column",
                               "the source has no column for %s",
                               table->columns[i].name);
        }
        fh_buf_add_cstr(sql, i == 0 ? "SELECT " : ", ");
        fh_source_value(sql, &table->columns[i], false);
        fh_buf_add_cstr(sql, " AS ");
        fh_sql_name(sql, table->columns[i].name);
    }
    fh_buf_printf(sql, " FROM %s", fh_buf_cstr(&source.relation));
    fh_source_fini(&source);
    return code;
}

static int select_remote(struct fh_engine *engine,
                         const struct fh_table *table,
                         struct fh_buf *sql,
                         struct fh_err *err)
{
    unsigned slot = 0;
    int code = fh_scans_add(engine->scans, table, &slot, err);
    for (uint32_t i = 0; code == FH_OK && i < table->column_count; i++) {
        fh_buf_add_cstr(sql, i == 0 ? "SELECT " : ", ");
        fh_sql_name(sql, table->columns[i].name);
        if (table->columns[i].type.code == FH_TYPE_JSON) {
            fh_buf_add_cstr(sql, "::JSON AS ");
            fh_sql_name(sql, table->columns[i].name);
        }
    }
    fh_buf_printf(sql, " FROM system.main.fh_remote(%u)", slot);
    return code;
}

int fh_engine_add_table(struct fh_engine *engine,
                        const struct fh_table *table,
                        struct fh_frame *frame,
                        struct fh_err *err)
{
    char name[4 * FH_NAME_BYTES_MAX];
    snprintf(name, sizeof name, "%s.%s.%s", table->domain, table->product, table->table);
    int slots[FH_WORKER_FILES_MAX];
    struct fh_buf select;
    fh_buf_init(&select, SQL_BYTES_MAX);
    int code = fh_masks_add(engine->masks, table->keys, table->key_count, err);
    if (code == FH_OK) {
        code = fh_engine_take_files(engine, table, frame, slots, err);
    }
    if (code == FH_OK) {
        code = table->format == FH_SOURCE_REMOTE || table->format == FH_SOURCE_BARRIER
                   ? select_remote(engine, table, &select, err)
                   : select_files(engine, table, slots, &select, err);
        if (code == FH_OK) {
            code = fh_buf_ok(&select);
        }
        if (code == FH_OK) {
            code = fh_views_show(engine->connection, table, fh_buf_cstr(&select), err);
        }
        if (code == FH_OK) {
            code = keep_files(engine, name, slots, table->file_count, err);
        }
        if (code == FH_OK) {
            fh_warm_add(engine->warm, engine->connection, table, slots, fh_buf_cstr(&select));
        }
        if (code != FH_OK) {
            fh_engine_drop_files(engine, slots, table->file_count);
        }
    }
    fh_buf_fini(&select);
    return code == FH_OK ? FH_OK : fh_err_wrap(err, "%s", name);
}
