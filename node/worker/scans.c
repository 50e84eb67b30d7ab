/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/scans.h"

#include "common/list.h"
#include "common/mem.h"
#include "node/worker/batch_in.h"
#include "node/worker/ring_in.h"
#include "node/worker/types.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    ARENA_BYTES_MAX = 1024 * 1024,
};

/* fh_rows, which has no values. */
#define NO_COLUMN UINT32_MAX

struct remote_table {
    struct fh_table table; /* strings are empty but `name` */
    struct fh_column *columns;
    char *name; /* domain.product.table */
};

struct fh_scans {
    struct fh_port *port;
    struct fh_inbox *inbox;
    struct remote_table tables[FH_WORKER_TABLES_MAX]; /* working thread; fixed while a query runs */
    unsigned table_count;

    pthread_mutex_t lock; /* all below, and every open scan */
    struct fh_list open;
    uint64_t last_scan;
    bool cancelled;
    bool failed;
    struct fh_err failure;
};

struct scan {
    struct fh_list link;
    struct fh_scans *scans;
    const struct remote_table *remote;
    uint64_t id;
    uint32_t projected_count; /* columns of a batch; 0: rows only count */
    uint32_t *projected;      /* index in the table */
    uint32_t output_count;
    uint32_t *output; /* for each of DuckDB's vectors: index in the batch or NO_COLUMN */

    pthread_cond_t arrived; /* under scans->lock: */
    struct fh_frame queue[FH_QUERY_WINDOW];
    unsigned queued;
    unsigned wanted; /* batches the node may still send */
    bool ended;
    bool failed;
    int ring_fd;             /* BARRIER: from the node, -1: not there, or taken */
    struct fh_ring_in *ring; /* NULL: not open */

    struct fh_frame current; /* DuckDB's thread only: */
    struct fh_arena *arena;
    struct fh_batch batch;
    uint32_t row;
};

struct fh_scans *fh_scans_new(struct fh_port *port, struct fh_inbox *inbox)
{
    struct fh_scans *scans = fh_calloc(1, sizeof *scans);
    if (scans != NULL) {
        scans->port = port;
        scans->inbox = inbox;
        pthread_mutex_init(&scans->lock, NULL);
        fh_list_init(&scans->open);
    }
    return scans;
}

/* ---- tables ---- */

static void forget(struct remote_table *remote)
{
    for (uint32_t i = 0; remote->columns != NULL && i < remote->table.column_count; i++) {
        char *name = NULL;
        memcpy(&name, &remote->columns[i].name, sizeof name); // ours: see copy_columns
        fh_free(name);
    }
    fh_free(remote->columns);
    fh_free(remote->name);
    *remote = (struct remote_table){.name = NULL};
}

static int copy_columns(struct remote_table *remote, const struct fh_table *table)
{
    remote->columns = fh_calloc(table->column_count, sizeof *remote->columns);
    for (uint32_t i = 0; remote->columns != NULL && i < table->column_count; i++) {
        remote->columns[i] = table->columns[i];
        remote->columns[i].source = "";
        remote->columns[i].name = fh_strdup(table->columns[i].name);
        if (remote->columns[i].name == NULL) {
            return FH_ENOMEM;
        }
    }
    return remote->columns == NULL ? FH_ENOMEM : FH_OK;
}

int fh_scans_add(struct fh_scans *scans,
                 const struct fh_table *table,
                 unsigned *out_slot,
                 struct fh_err *err)
{
    char name[4 * FH_NAME_BYTES_MAX];
    snprintf(name, sizeof name, "%s.%s.%s", table->domain, table->product, table->table);
    unsigned slot = 0;
    while (slot < scans->table_count && strcmp(scans->tables[slot].name, name) != 0) {
        slot++;
    }
    if (slot == FH_WORKER_TABLES_MAX) {
        return fh_err_rule(err, FH_ETOOBIG, "query.tables", "too many tables in one worker");
    }
    struct remote_table remote = {.table = *table, .name = fh_strdup(name)};
    int code = remote.name == NULL ? FH_ENOMEM : copy_columns(&remote, table);
    if (code != FH_OK) {
        forget(&remote);
        return fh_err_set(err, code, "no memory for a table");
    }
    remote.table.columns = remote.columns;
    remote.table.domain = remote.table.product = remote.table.table = "";
    if (slot < scans->table_count) {
        forget(&scans->tables[slot]);
    } else {
        scans->table_count++;
    }
    scans->tables[slot] = remote;
    *out_slot = slot;
    return FH_OK;
}

/* ---- the queue ---- */

static struct scan *find_scan(struct fh_scans *scans, uint64_t id)
{
    FH_LIST_FOREACH (link, &scans->open) {
        struct scan *scan = FH_LIST_ENTRY(link, struct scan, link);
        if (scan->id == id) {
            return scan;
        }
    }
    return NULL;
}

static bool through_ring(const struct scan *scan)
{
    return scan->remote->table.format == FH_SOURCE_BARRIER;
}

/* Under the lock: whoever waits for this scan looks again. */
static void wake_locked(struct scan *scan)
{
    if (scan->ring != NULL && (scan->failed || scan->scans->cancelled)) {
        fh_ring_in_stop(scan->ring);
    }
    pthread_cond_broadcast(&scan->arrived);
}

/* Under the lock: the scan and the query fail; the first reason is kept. */
static void fail_locked(struct scan *scan, int code, const char *rule, const char *text)
{
    struct fh_scans *scans = scan->scans;
    scan->failed = true;
    if (!scans->failed) {
        scans->failed = true;
        (void)fh_err_rule(&scans->failure, code, rule, "%s", text);
    }
    wake_locked(scan);
}

int fh_scans_batch(struct fh_scans *scans, struct fh_frame *frame, struct fh_err *err)
{
    if (frame->size < FH_CHANNEL_BATCH_BYTES) {
        return fh_err_set(err, FH_EPROTO, "a batch without its scan");
    }
    int code = FH_OK;
    pthread_mutex_lock(&scans->lock);
    struct scan *scan = find_scan(scans, fh_get_u64be(frame->payload));
    if (scan == NULL) {
        fh_frame_fini(frame); // closed while the batch was on its way
    } else if (scan->wanted == 0 || scan->queued == FH_QUERY_WINDOW) {
        code = fh_err_set(err, FH_EPROTO, "more batches than a scan wanted");
    } else {
        scan->wanted--;
        scan->queue[scan->queued++] = *frame;
        *frame = (struct fh_frame){.payload = NULL};
        pthread_cond_broadcast(&scan->arrived);
    }
    pthread_mutex_unlock(&scans->lock);
    return code;
}

int fh_scans_ring(struct fh_scans *scans, struct fh_frame *frame, struct fh_err *err)
{
    struct fh_channel_count count;
    int code = fh_channel_get_count(&count, fh_bytes(frame->payload, frame->size), err);
    if (code == FH_OK && frame->file_count != 1) {
        code = fh_err_rule(err, FH_EPROTO, "channel.files", "a SCAN_RING without its ring");
    }
    if (code != FH_OK) {
        return code;
    }
    pthread_mutex_lock(&scans->lock);
    struct scan *scan = find_scan(scans, count.id);
    if (scan != NULL && (!through_ring(scan) || scan->ring_fd >= 0 || scan->ring != NULL)) {
        code = fh_err_set(err, FH_EPROTO, "a ring that no scan waits for");
    } else if (scan != NULL) {
        scan->ring_fd = frame->files[0];
        frame->files[0] = -1;
        wake_locked(scan);
    }
    pthread_mutex_unlock(&scans->lock);
    return code;
}

void fh_scans_end(struct fh_scans *scans, uint64_t id)
{
    pthread_mutex_lock(&scans->lock);
    struct scan *scan = find_scan(scans, id);
    if (scan != NULL) {
        scan->ended = true;
        pthread_cond_broadcast(&scan->arrived);
    }
    pthread_mutex_unlock(&scans->lock);
}

void fh_scans_fail(struct fh_scans *scans, const struct fh_channel_error *error)
{
    pthread_mutex_lock(&scans->lock);
    struct scan *scan = find_scan(scans, error->id);
    if (scan != NULL) {
        fail_locked(scan, error->code, error->rule, error->text);
    }
    pthread_mutex_unlock(&scans->lock);
}

void fh_scans_cancel(struct fh_scans *scans)
{
    pthread_mutex_lock(&scans->lock);
    scans->cancelled = true;
    FH_LIST_FOREACH (link, &scans->open) {
        wake_locked(FH_LIST_ENTRY(link, struct scan, link));
    }
    pthread_mutex_unlock(&scans->lock);
}

void fh_scans_begin(struct fh_scans *scans)
{
    pthread_mutex_lock(&scans->lock);
    scans->cancelled = false;
    scans->failed = false;
    pthread_mutex_unlock(&scans->lock);
}

bool fh_scans_any(const struct fh_scans *scans)
{
    return scans->table_count > 0;
}

bool fh_scans_failure(struct fh_scans *scans, struct fh_err *out)
{
    pthread_mutex_lock(&scans->lock);
    bool failed = scans->failed;
    if (failed) {
        *out = scans->failure;
    }
    pthread_mutex_unlock(&scans->lock);
    return failed;
}

/* ---- the table function ---- */

static void on_bind(duckdb_bind_info info)
{
    struct fh_scans *scans = duckdb_bind_get_extra_info(info);
    duckdb_value parameter = duckdb_bind_get_parameter(info, 0);
    int64_t slot = duckdb_get_int64(parameter);
    duckdb_destroy_value(&parameter);
    if (slot < 0 || slot >= (int64_t)scans->table_count) {
        duckdb_bind_set_error(info, "no such remote table");
        return;
    }
    struct remote_table *remote = &scans->tables[slot];
    /* When no column is wanted, for a count(*), DuckDB asks for the first: let it cost nothing. */
    duckdb_logical_type boolean = duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN);
    duckdb_bind_add_result_column(info, "fh_rows", boolean);
    duckdb_destroy_logical_type(&boolean);
    for (uint32_t i = 0; i < remote->table.column_count; i++) {
        duckdb_logical_type type = fh_types_duckdb(remote->columns[i].type);
        duckdb_bind_add_result_column(info, remote->columns[i].name, type);
        duckdb_destroy_logical_type(&type);
    }
    if (remote->table.row_estimate > 0) {
        duckdb_bind_set_cardinality(info, remote->table.row_estimate, false);
    }
    duckdb_bind_set_bind_data(info, remote, NULL);
}

static void send_count(struct scan *scan, unsigned kind, uint64_t count)
{
    fh_port_send_count(scan->scans->port, kind, scan->id, count);
}

static void scan_free(void *data)
{
    struct scan *scan = data;
    if (scan == NULL) {
        return;
    }
    struct fh_scans *scans = scan->scans;
    pthread_mutex_lock(&scans->lock);
    bool was_open = scan->id != 0;
    bool tell = was_open && (!scan->ended || through_ring(scan));
    if (was_open) {
        fh_list_remove(&scan->link);
    }
    pthread_mutex_unlock(&scans->lock);
    fh_ring_in_free(scan->ring);
    if (scan->ring_fd >= 0) {
        close(scan->ring_fd);
    }
    if (tell) {
        send_count(scan, FH_CHANNEL_SCAN_CLOSE, 0);
    }
    for (unsigned i = 0; i < scan->queued; i++) {
        fh_frame_fini(&scan->queue[i]);
    }
    fh_frame_fini(&scan->current);
    fh_arena_free(scan->arena);
    fh_free(scan->projected);
    fh_free(scan->output);
    pthread_cond_destroy(&scan->arrived);
    fh_free(scan);
}

static bool project(struct scan *scan, duckdb_init_info info)
{
    scan->output_count = (uint32_t)duckdb_init_get_column_count(info);
    scan->output = fh_calloc(scan->output_count + 1, sizeof *scan->output);
    scan->projected = fh_calloc(scan->output_count + 1, sizeof *scan->projected);
    if (scan->output == NULL || scan->projected == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < scan->output_count; i++) {
        idx_t column = duckdb_init_get_column_index(info, i);
        if (column == 0 || column > scan->remote->table.column_count) {
            scan->output[i] = NO_COLUMN;
        } else {
            scan->output[i] = scan->projected_count;
            scan->projected[scan->projected_count++] = (uint32_t)column - 1;
        }
    }
    return true;
}

static void open_scan(struct scan *scan)
{
    struct fh_scans *scans = scan->scans;
    pthread_mutex_lock(&scans->lock);
    scan->id = ++scans->last_scan;
    scan->wanted = FH_QUERY_WINDOW;
    fh_list_push_back(&scans->open, &scan->link);
    pthread_mutex_unlock(&scans->lock);

    struct fh_channel_scan open = {
        .scan = scan->id,
        .number = scan->remote->table.number,
        .want = FH_QUERY_WINDOW,
        .column_count = scan->projected_count,
        .columns = scan->projected,
    };
    struct fh_buf payload;
    fh_buf_init(&payload, 32 * 1024);
    fh_channel_put_scan(&payload, &open);
    fh_port_send_buf(scans->port, FH_CHANNEL_SCAN_OPEN, &payload);
    fh_inbox_call(scans->inbox);
    fh_buf_fini(&payload);
}

static void on_init(duckdb_init_info info)
{
    struct fh_scans *scans = duckdb_init_get_extra_info(info);
    struct scan *scan = fh_calloc(1, sizeof *scan);
    if (scan == NULL) {
        duckdb_init_set_error(info, "out of memory");
        return;
    }
    scan->scans = scans;
    scan->remote = duckdb_init_get_bind_data(info);
    scan->ring_fd = -1;
    fh_list_init(&scan->link);
    pthread_cond_init(&scan->arrived, NULL);
    if (!project(scan, info)) {
        scan_free(scan);
        duckdb_init_set_error(info, "out of memory");
        return;
    }
    open_scan(scan);
    duckdb_init_set_max_threads(info, 1);
    duckdb_init_set_init_data(info, scan, scan_free);
}

static int open_batch(struct scan *scan, struct fh_err *err)
{
    scan->row = 0;
    scan->batch = (struct fh_batch){.rows = 0};
    fh_arena_free(scan->arena);
    scan->arena = fh_arena_new(ARENA_BYTES_MAX);
    if (scan->arena == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a batch");
    }
    struct fh_bytes bytes = fh_bytes(scan->current.payload + FH_CHANNEL_BATCH_BYTES,
                                     scan->current.size - FH_CHANNEL_BATCH_BYTES);
    int code = fh_batch_parse(&scan->batch, bytes, scan->arena, err);
    return code == FH_OK && scan->projected_count > 0 ? fh_batch_in_check(&scan->batch,
                                                                          scan->remote->columns,
                                                                          scan->projected,
                                                                          scan->projected_count,
                                                                          err)
                                                      : code;
}

enum next { NEXT_BATCH, NEXT_END, NEXT_FAILED };

/* Waits for a batch and takes it as the current one. */
static enum next next_batch(struct scan *scan)
{
    struct fh_scans *scans = scan->scans;
    fh_frame_fini(&scan->current);
    pthread_mutex_lock(&scans->lock);
    while (scan->queued == 0 && !scan->ended && !scan->failed && !scans->cancelled) {
        pthread_cond_wait(&scan->arrived, &scans->lock);
    }
    bool failed = scan->failed || scans->cancelled;
    bool taken = !failed && scan->queued > 0;
    bool more = false;
    if (taken) {
        scan->current = scan->queue[0];
        scan->queued--;
        memmove(&scan->queue[0], &scan->queue[1], scan->queued * sizeof scan->queue[0]);
        more = !scan->ended;
        scan->wanted += more ? 1 : 0;
    }
    pthread_mutex_unlock(&scans->lock);
    if (more) {
        send_count(scan, FH_CHANNEL_SCAN_WANT, 1);
    }
    if (!taken) {
        return failed ? NEXT_FAILED : NEXT_END;
    }
    struct fh_err err = {0};
    int code = open_batch(scan, &err);
    if (code != FH_OK) {
        pthread_mutex_lock(&scans->lock);
        fail_locked(scan, code, err.rule, err.text);
        pthread_mutex_unlock(&scans->lock);
        return NEXT_FAILED;
    }
    return NEXT_BATCH;
}

/* ---- rows through a ring ---- */

/* Waits until the node has sent the ring, and opens it. */
static int open_ring(struct scan *scan, struct fh_err *err)
{
    struct fh_scans *scans = scan->scans;
    pthread_mutex_lock(&scans->lock);
    while (scan->ring_fd < 0 && !scan->failed && !scans->cancelled) {
        pthread_cond_wait(&scan->arrived, &scans->lock);
    }
    int fd = scan->failed || scans->cancelled ? -1 : scan->ring_fd;
    scan->ring_fd = fd >= 0 ? -1 : scan->ring_fd;
    pthread_mutex_unlock(&scans->lock);
    if (fd < 0) {
        return FH_ECANCELLED; /* the reason is known already */
    }
    struct fh_type *types = fh_calloc((size_t)scan->projected_count + 1, sizeof *types);
    struct fh_ring_in *ring = NULL;
    for (uint32_t i = 0; types != NULL && i < scan->projected_count; i++) {
        types[i] = scan->remote->columns[scan->projected[i]].type;
    }
    int code = types == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for a ring")
                             : fh_ring_in_new(&ring, types, scan->projected_count, fd, err);
    fh_free(types);
    close(fd);
    pthread_mutex_lock(&scans->lock);
    scan->ring = ring;
    wake_locked(scan); /* it may have failed in between */
    pthread_mutex_unlock(&scans->lock);
    return code;
}

/* One vector of rows; false when the scan failed. */
static bool ring_rows(struct scan *scan, duckdb_data_chunk output)
{
    struct fh_err err = {0};
    int code = scan->ring == NULL ? open_ring(scan, &err) : FH_OK;
    enum fh_ring_wait wait = code == FH_OK ? fh_ring_in_next(scan->ring, &err) : FH_RING_STOPPED;
    if (wait == FH_RING_OVER) {
        duckdb_data_chunk_set_size(output, 0);
        return true;
    }
    code = code == FH_OK && wait == FH_RING_BROKEN ? FH_EPROTO : code;
    uint32_t rows = wait == FH_RING_READY ? fh_ring_in_rows(scan->ring) : 0;
    for (uint32_t i = 0; wait == FH_RING_READY && code == FH_OK && i < scan->output_count; i++) {
        duckdb_vector vector = duckdb_data_chunk_get_vector(output, i);
        if (scan->output[i] == NO_COLUMN) {
            memset(duckdb_vector_get_data(vector), 0, rows);
        } else {
            code = fh_ring_in_column(scan->ring, scan->output[i], vector, &err);
        }
    }
    if (wait == FH_RING_READY && code == FH_OK) {
        fh_ring_in_done(scan->ring);
        duckdb_data_chunk_set_size(output, rows);
        return true;
    }
    if (code != FH_OK && code != FH_ECANCELLED) {
        pthread_mutex_lock(&scan->scans->lock);
        fail_locked(scan, code, err.rule, err.text);
        pthread_mutex_unlock(&scan->scans->lock);
    }
    return false;
}

static void on_rows(duckdb_function_info info, duckdb_data_chunk output)
{
    struct scan *scan = duckdb_function_get_init_data(info);
    if (through_ring(scan)) {
        if (!ring_rows(scan, output)) {
            duckdb_function_set_error(info, "a scan failed");
        }
        return;
    }
    while (scan->row == scan->batch.rows) {
        enum next next = next_batch(scan);
        if (next == NEXT_FAILED) {
            duckdb_function_set_error(info, "a remote scan failed");
            return;
        }
        if (next == NEXT_END) {
            duckdb_data_chunk_set_size(output, 0);
            return;
        }
    }
    uint32_t left = scan->batch.rows - scan->row;
    uint32_t count = left < FH_VECTOR_ROWS ? left : FH_VECTOR_ROWS;
    for (uint32_t i = 0; i < scan->output_count; i++) {
        duckdb_vector vector = duckdb_data_chunk_get_vector(output, i);
        if (scan->output[i] == NO_COLUMN) {
            memset(duckdb_vector_get_data(vector), 0, count);
        } else {
            fh_batch_in(vector, &scan->batch.columns[scan->output[i]], scan->row, count);
        }
    }
    scan->row += count;
    duckdb_data_chunk_set_size(output, count);
}

int fh_scans_register(struct fh_scans *scans, duckdb_connection connection, struct fh_err *err)
{
    duckdb_table_function function = duckdb_create_table_function();
    duckdb_logical_type slot = duckdb_create_logical_type(DUCKDB_TYPE_BIGINT);
    duckdb_table_function_set_name(function, "fh_remote");
    duckdb_table_function_add_parameter(function, slot);
    duckdb_table_function_set_extra_info(function, scans, NULL);
    duckdb_table_function_set_bind(function, on_bind);
    duckdb_table_function_set_init(function, on_init);
    duckdb_table_function_set_function(function, on_rows);
    duckdb_table_function_supports_projection_pushdown(function, true);
    duckdb_state state = duckdb_register_table_function(connection, function);
    duckdb_destroy_logical_type(&slot);
    duckdb_destroy_table_function(&function);
    return state == DuckDBSuccess ? FH_OK : fh_err_set(err, FH_EIO, "cannot register fh_remote");
}
