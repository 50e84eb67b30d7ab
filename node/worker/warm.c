/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/warm.h"

#include "common/limits.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/worker/files.h"
#include "node/worker/sql.h"
#include "node/worker/views.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
    SQL_BYTES_MAX = 8 * 1024 * 1024,
    MEMORY_PARTS = 8, /* of the worker's memory, one is for all warm tables */
    READINGS_MIN = 2, /* before a file is read as a whole, which takes as long as one to three do */
    /* Since a file's last change: more than the coarsest clock of a file system (FAT: 2 s). */
    SETTLED_MS = 2500,
};

enum state { COLD, WARM, REFUSED };

struct entry {
    enum state state;
    struct fh_table table; /* its names, which are its own */
    char *select;          /* over the file */
    int slot;
    unsigned readings;
};

struct fh_warm {
    uint64_t bytes_max;
    unsigned count;
    struct entry entries[FH_WORKER_TABLES_MAX];
    bool attached;
};

struct fh_warm *fh_warm_new(uint32_t memory_mib)
{
    struct fh_warm *warm = fh_calloc(1, sizeof *warm);
    if (warm != NULL) {
        warm->bytes_max = (uint64_t)memory_mib * 1024 * 1024 / MEMORY_PARTS;
    }
    return warm;
}

/* ---- statements ---- */

/* The catalog's name is no name of a domain. */
static void put_name(struct fh_buf *out, unsigned at)
{
    fh_buf_printf(out, "\"warm tables\".main.t%u", at);
}

static int do_with_name(duckdb_connection connection,
                        const char *before,
                        unsigned at,
                        const char *after,
                        struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf sql;
    fh_buf_init(&sql, SQL_BYTES_MAX);
    fh_buf_add_cstr(&sql, before);
    put_name(&sql, at);
    fh_buf_add_cstr(&sql, after);
    return fh_buf_ok(&sql) == FH_OK
               ? fh_views_do(connection, fh_buf_cstr(&sql), err)
               : fh_err_set(err, FH_ENOMEM, "no memory for the SQL of a table");
}

static void drop(duckdb_connection connection, unsigned at)
{
    struct fh_err err;
    if (do_with_name(connection, "DROP TABLE IF EXISTS ", at, "", &err) != FH_OK) {
        fprintf(stderr, "freehold-worker: a warm table stays: %s\n", err.text);
    }
}

/* What all warm tables take; UINT64_MAX when DuckDB does not say. */
static uint64_t bytes_taken(duckdb_connection connection)
{
    duckdb_result result;
    uint64_t bytes = UINT64_MAX;
    if (duckdb_query(connection,
                     "SELECT CAST(sum(memory_usage_bytes + temporary_storage_bytes) AS UBIGINT) "
                     "FROM duckdb_memory() WHERE tag = 'IN_MEMORY_TABLE'",
                     &result) == DuckDBSuccess) {
        duckdb_data_chunk chunk = duckdb_fetch_chunk(result);
        if (chunk != NULL && duckdb_data_chunk_get_size(chunk) == 1) {
            uint64_t *values = duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0));
            bytes = values[0];
        }
        if (chunk != NULL) {
            duckdb_destroy_data_chunk(&chunk);
        }
    }
    duckdb_destroy_result(&result);
    return bytes;
}

/* ---- tables on files ---- */

static void forget(struct entry *entry)
{
    union {
        const char *from;
        char *to;
    } names[] = {{.from = entry->table.domain},
                 {.from = entry->table.product},
                 {.from = entry->table.table}};
    for (size_t i = 0; i < FH_COUNT(names); i++) {
        fh_free(names[i].to);
    }
    fh_free(entry->select);
    *entry = (struct entry){.state = REFUSED};
}

static bool is_named(const struct entry *entry, const struct fh_table *table)
{
    return entry->select != NULL && strcmp(entry->table.table, table->table) == 0 &&
           strcmp(entry->table.product, table->product) == 0 &&
           strcmp(entry->table.domain, table->domain) == 0;
}

static bool is_text(enum fh_source_format format)
{
    return format == FH_SOURCE_CSV || format == FH_SOURCE_JSON;
}

void fh_warm_add(struct fh_warm *warm,
                 duckdb_connection connection,
                 const struct fh_table *table,
                 const int *slots,
                 const char *select)
{
    unsigned at = 0;
    while (at < warm->count && !is_named(&warm->entries[at], table)) {
        at++;
    }
    if (at < warm->count) {
        if (warm->entries[at].state == WARM) {
            drop(connection, at);
        }
        forget(&warm->entries[at]);
    }
    if (!is_text(table->format) || table->file_count != 1) {
        return;
    }
    for (at = 0; at < warm->count && warm->entries[at].select != NULL;) {
        at++;
    }
    if (at == FH_WORKER_TABLES_MAX) {
        return;
    }
    struct entry *entry = &warm->entries[at];
    *entry = (struct entry){
        .table = {.domain = fh_strdup(table->domain),
                  .product = fh_strdup(table->product),
                  .table = fh_strdup(table->table),
                  .sole = table->sole},
        .select = fh_strdup(select),
        .slot = slots[0],
    };
    if (entry->table.domain == NULL || entry->table.product == NULL || entry->table.table == NULL ||
        entry->select == NULL) {
        forget(entry); /* it is just read each time */
    } else if (at == warm->count) {
        warm->count++;
    }
}

/* ---- warming up ---- */

static int64_t ms_of(struct timespec at)
{
    return (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

/* Whether the file was not written to a moment ago, by any of its clocks. */
static bool is_settled(const struct stat *file)
{
    int64_t settled_ms = fh_clock_wall_ms() - SETTLED_MS;
    return ms_of(file->st_mtim) <= settled_ms && ms_of(file->st_ctim) <= settled_ms;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
           a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Reads the whole file, which is in the state `before`. On failure nothing is left. */
static int make_table(struct fh_warm *warm,
                      duckdb_connection connection,
                      unsigned at,
                      const struct stat *before)
{
    struct stat after;
    FH_CLEANUP(fh_buf_fini) struct fh_buf rest;
    struct fh_err err;
    fh_buf_init(&rest, SQL_BYTES_MAX);
    int rc = warm->attached ? FH_OK
                            : fh_views_do(connection, "ATTACH ':memory:' AS \"warm tables\"", &err);
    if (rc != FH_OK) {
        return rc;
    }
    warm->attached = true;
    fh_buf_printf(&rest, " AS %s", warm->entries[at].select);
    rc = fh_buf_ok(&rest);
    if (rc != FH_OK) {
        return rc;
    }
    rc = do_with_name(connection, "CREATE TABLE ", at, fh_buf_cstr(&rest), &err);
    if (rc == FH_OK && (fstat(warm->entries[at].slot, &after) != 0 || !is_same(before, &after) ||
                        bytes_taken(connection) > warm->bytes_max)) {
        rc = FH_ETOOBIG;
    }
    if (rc != FH_OK) {
        drop(connection, at);
    }
    return rc;
}

/* Puts the views on the file again; the table goes only when they no longer need it. */
static void stand_on_file(duckdb_connection connection, struct entry *entry, unsigned at)
{
    struct fh_err err;
    int rc = fh_views_show(connection, &entry->table, entry->select, &err);
    if (rc == FH_OK) {
        entry->state = REFUSED;
        drop(connection, at);
    } else {
        fprintf(stderr, "freehold-worker: a table stays warm: %s\n", err.text);
    }
}

static bool warm_table(struct fh_warm *warm, duckdb_connection connection, unsigned at)
{
    struct entry *entry = &warm->entries[at];
    FH_CLEANUP(fh_buf_fini) struct fh_buf select;
    struct fh_err err;
    struct stat file;
    fh_buf_init(&select, SQL_BYTES_MAX);
    entry->state = REFUSED;
    if (fstat(entry->slot, &file) != 0 || !S_ISREG(file.st_mode) ||
        file.st_size > FH_WARM_FILE_BYTES_MAX) {
        return false;
    }
    if (!is_settled(&file)) {
        entry->state = COLD; /* another time */
        return false;
    }
    if (make_table(warm, connection, at, &file) != FH_OK) {
        return false;
    }
    fh_buf_add_cstr(&select, "SELECT * FROM ");
    put_name(&select, at);
    if (fh_buf_ok(&select) == FH_OK &&
        fh_views_show(connection, &entry->table, fh_buf_cstr(&select), &err) == FH_OK) {
        entry->state = WARM;
    } else {
        stand_on_file(connection, entry, at);
    }
    return true;
}

bool fh_warm_up(struct fh_warm *warm,
                duckdb_connection connection,
                const struct fh_files_seen *seen)
{
    bool read[FH_WORKER_TABLES_MAX] = {false};
    bool changed = false;
    for (unsigned i = 0; i < warm->count; i++) {
        struct entry *entry = &warm->entries[i];
        read[i] =
            entry->select != NULL && entry->state == COLD && fh_files_opened(seen, entry->slot);
        entry->readings += read[i];
    }
    /* One file at most: the next question may wait for it, and its time counts as that one's. */
    bool looked = false;
    for (unsigned i = 0; i < warm->count && !looked; i++) {
        if (read[i] && warm->entries[i].readings >= READINGS_MIN) {
            changed = warm_table(warm, connection, i);
            looked = warm->entries[i].state != COLD;
        }
    }
    return changed;
}

bool fh_warm_yield(struct fh_warm *warm, duckdb_connection connection)
{
    bool changed = false;
    for (unsigned i = 0; i < warm->count; i++) {
        if (warm->entries[i].state == WARM) {
            stand_on_file(connection, &warm->entries[i], i);
            changed = true;
        }
    }
    return changed;
}
