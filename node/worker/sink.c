/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/sink.h"

#include "common/mem.h"
#include "node/worker/short_text.h"
#include "node/worker/taker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

enum {
    SQL_BYTES_MAX = 16 * 1024 * 1024,
    REST_NS = 500000,  /* between looks while DuckDB's other threads have all there is to do */
    QUEUE_CHUNKS = 16, /* of copies that wait to be encoded: about a batch */
    WAKE_CHUNKS = 4,   /* gathered before a sleeping end is woken: a wake costs as much as one */
};

struct fh_sink {
    struct fh_sink_run run; /* while open */
    duckdb_prepared_statement statement;
    uint32_t begin;          /* where the query stands in the statement's text */
    bool open;               /* fh_rows may be bound */
    pthread_mutex_t writing; /* DuckDB's threads, one at a time: all below */
    uint64_t rows;
    struct fh_err failure;
    _Atomic bool handed;  /* another thread makes rows */
    pthread_t working;    /* who runs fh_sink_execute, encodes and sends */
    pthread_mutex_t lock; /* all below */
    pthread_cond_t there; /* WAKE_CHUNKS to take */
    pthread_cond_t room;  /* for WAKE_CHUNKS more, or a failure */
    duckdb_data_chunk queue[QUEUE_CHUNKS];
    unsigned first;
    unsigned count;
    bool failed; /* `sending` has why */
    struct fh_err sending;
};

/* ---- from DuckDB's thread to the working thread ---- */

/* Encodes what waits. Working thread. */
static int drain(struct fh_sink *sink)
{
    for (;;) {
        duckdb_data_chunk chunk = NULL;
        pthread_mutex_lock(&sink->lock);
        if (sink->count > 0) {
            chunk = sink->queue[sink->first];
            sink->first = (sink->first + 1) % QUEUE_CHUNKS;
            if (--sink->count == QUEUE_CHUNKS - WAKE_CHUNKS) {
                pthread_cond_signal(&sink->room);
            }
        }
        bool failed = sink->failed;
        pthread_mutex_unlock(&sink->lock);
        if (chunk == NULL) {
            return failed ? sink->sending.code : FH_OK;
        }
        if (failed) {
            fh_batch_out_reuse(sink->run.out, chunk);
            continue;
        }
        struct fh_err err = {.code = FH_OK};
        if (fh_batch_out_add_copies(sink->run.out, chunk, &err) != FH_OK) {
            pthread_mutex_lock(&sink->lock);
            sink->failed = true;
            sink->sending = err;
            pthread_cond_broadcast(&sink->room);
            pthread_mutex_unlock(&sink->lock);
        }
    }
}

/* A full chunk of copies: waits its turn, unless the working thread itself made it. */
static int on_full(duckdb_data_chunk chunk, void *user, struct fh_err *err)
{
    struct fh_sink *sink = user;
    if (pthread_equal(pthread_self(), sink->working)) {
        if (drain(sink) == FH_OK) {
            return fh_batch_out_add_copies(sink->run.out, chunk, err);
        }
        fh_batch_out_reuse(sink->run.out, chunk);
        *err = sink->sending;
        return err->code;
    }
    pthread_mutex_lock(&sink->lock);
    atomic_store(&sink->handed, true);
    if (sink->count == QUEUE_CHUNKS) {
        while (sink->count > QUEUE_CHUNKS - WAKE_CHUNKS && !sink->failed) {
            pthread_cond_wait(&sink->room, &sink->lock);
        }
    }
    bool failed = sink->failed;
    if (!failed) {
        sink->queue[(sink->first + sink->count) % QUEUE_CHUNKS] = chunk;
        if (++sink->count == WAKE_CHUNKS) {
            pthread_cond_signal(&sink->there);
        }
    }
    struct fh_err why = sink->sending;
    pthread_mutex_unlock(&sink->lock);
    if (failed) {
        fh_batch_out_reuse(sink->run.out, chunk);
        *err = why;
        return why.code;
    }
    return FH_OK;
}

/* Waits until there is something to encode, and not for long. Whether there is. */
static bool rest(struct fh_sink *sink)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += REST_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&sink->lock);
    int late = 0;
    while (sink->count < WAKE_CHUNKS && late == 0) {
        late = pthread_cond_timedwait(&sink->there, &sink->lock, &until);
    }
    bool any = sink->count > 0;
    pthread_mutex_unlock(&sink->lock);
    return any;
}

/* ---- fh_rows ---- */

static bool types_fit(const struct fh_sink *sink, duckdb_bind_info info, bool are_short)
{
    idx_t count = duckdb_scalar_function_bind_get_argument_count(info);
    bool fit = true;
    for (idx_t i = 0; fit && i < count; i++) {
        duckdb_expression expression = duckdb_scalar_function_bind_get_argument(info, i);
        duckdb_logical_type type = duckdb_expression_return_type(expression);
        fit = fh_batch_out_fits(sink->run.out, (uint32_t)i, type, are_short);
        duckdb_destroy_logical_type(&type);
        duckdb_destroy_expression(&expression);
    }
    return fit;
}

static void bind_rows(duckdb_bind_info info, bool are_short)
{
    const struct fh_sink *sink = duckdb_scalar_function_bind_get_extra_info(info);
    if (!sink->open || !types_fit(sink, info, are_short)) {
        duckdb_scalar_function_bind_set_error(info, "not a long answer");
    }
}

static void on_bind(duckdb_bind_info info)
{
    bind_rows(info, false);
}

static void on_bind_short(duckdb_bind_info info)
{
    bind_rows(info, true);
}

static int count_rows(struct fh_sink *sink, uint32_t rows)
{
    sink->rows += rows;
    if (sink->run.rows_max > 0 && sink->rows > sink->run.rows_max) {
        return fh_err_rule(&sink->failure,
                           FH_ETOOBIG,
                           "query.rows",
                           "the answer has more than %llu rows; add LIMIT or aggregate",
                           (unsigned long long)sink->run.rows_max);
    }
    if (fh_inbox_cancelled(sink->run.inbox)) {
        return fh_err_rule(
            &sink->failure, FH_ECANCELLED, "query.cancelled", "the query was cancelled");
    }
    return FH_OK;
}

/* False: the query ends. */
static bool
take(struct fh_sink *sink, duckdb_data_chunk chunk, uint32_t rows, enum fh_batch_out_texts texts)
{
    while (pthread_mutex_trylock(&sink->writing) != 0) {
        if (!pthread_equal(pthread_self(), sink->working)) {
            pthread_mutex_lock(&sink->writing);
            break;
        }
        (void)drain(sink); /* who writes may wait for room */
    }
    int code = sink->failure.code;
    if (code == FH_OK) {
        code = count_rows(sink, rows);
    }
    if (code == FH_OK) {
        code = fh_batch_out_copy(sink->run.out, chunk, texts, &sink->failure);
    }
    pthread_mutex_unlock(&sink->writing);
    return code == FH_OK;
}

static void on_rows(duckdb_function_info info, duckdb_data_chunk chunk, duckdb_vector output)
{
    uint32_t rows = (uint32_t)duckdb_data_chunk_get_size(chunk);
    memset(duckdb_vector_get_data(output), 0, rows);
    if (rows > 0 &&
        !take(duckdb_scalar_function_get_extra_info(info), chunk, rows, FH_BATCH_OUT_ALL)) {
        duckdb_scalar_function_set_error(info, "the answer ended");
    }
}

static void on_rows_short(duckdb_function_info info, duckdb_data_chunk chunk, duckdb_vector output)
{
    uint32_t rows = (uint32_t)duckdb_data_chunk_get_size(chunk);
    struct fh_short_seen seen = {.beyond = false};
    if (rows > 0) {
        seen = fh_short_look_at(chunk);
    }
    memset(duckdb_vector_get_data(output), seen.longer ? 1 : 0, rows);
    enum fh_batch_out_texts texts = seen.nulls ? FH_BATCH_OUT_SHORT : FH_BATCH_OUT_SHORT_THERE;
    if (rows > 0 && !seen.longer &&
        !take(duckdb_scalar_function_get_extra_info(info), chunk, rows, texts)) {
        duckdb_scalar_function_set_error(info, "the answer ended");
    }
}

struct fh_sink *fh_sink_new(duckdb_connection connection)
{
    struct fh_sink *sink = fh_calloc(1, sizeof *sink);
    if (sink == NULL) {
        return NULL;
    }
    pthread_mutex_init(&sink->writing, NULL);
    pthread_mutex_init(&sink->lock, NULL);
    pthread_cond_init(&sink->there, NULL);
    pthread_cond_init(&sink->room, NULL);
    bool good = fh_taker_register(connection, "fh_rows", false, on_bind, on_rows, sink) &&
                fh_taker_register(connection, "fh_rows", true, on_bind_short, on_rows_short, sink);
    return good ? sink : NULL; /* the process ends */
}

/* ---- one run ---- */

static bool is_text(const void *user, uint32_t column)
{
    return fh_batch_out_form(user, column) == FH_BATCH_OUT_TEXT;
}

/* Whether there are columns, which can all be copied. */
static bool can_copy(const struct fh_batch_out *rows)
{
    uint32_t count = fh_batch_out_columns(rows);
    bool can = count > 0;
    for (uint32_t i = 0; can && i < count; i++) {
        can = fh_batch_out_form(rows, i) != FH_BATCH_OUT_NEVER;
    }
    return can;
}

/* What ends a statement does not stand in parentheses. */
static struct fh_bytes without_end(struct fh_bytes sql)
{
    while (sql.size > 0 && strchr("; \t\r\n", sql.data[sql.size - 1]) != NULL &&
           sql.data[sql.size - 1] != 0) {
        sql.size--;
    }
    return sql;
}

bool fh_sink_open(struct fh_sink *sink, duckdb_connection connection, const struct fh_sink_run *run)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf sql;
    fh_buf_init(&sql, SQL_BYTES_MAX);
    if (!can_copy(run->out)) {
        return false;
    }
    sink->begin = (uint32_t)fh_taker_put_query(
        &sql, "fh_rows", without_end(run->sql), fh_batch_out_columns(run->out), is_text, run->out);
    if (fh_buf_ok(&sql) != FH_OK) {
        return false;
    }
    sink->run = *run;
    sink->rows = 0;
    sink->failure = (struct fh_err){.code = FH_OK};
    sink->working = pthread_self();
    atomic_store(&sink->handed, false);
    sink->failed = false;
    fh_batch_out_hand_on(run->out, on_full, sink);
    sink->open = true;
    duckdb_state state = duckdb_prepare(connection, fh_buf_cstr(&sql), &sink->statement);
    if (state == DuckDBError) {
        fh_sink_close(sink);
    }
    return state == DuckDBSuccess;
}

/* Works on the query until it is done: makes rows as DuckDB's other threads do until one of them
 * gives some, then encodes those, and helps again where they are slow. Where others have all there
 * is to do it looks now and then: DuckDB's own wait for them would spin. */
static void work(struct fh_sink *sink, duckdb_pending_result pending)
{
    duckdb_pending_state state = DUCKDB_PENDING_RESULT_NOT_READY;
    bool idle = false;
    while (!duckdb_pending_execution_is_finished(state)) {
        (void)drain(sink);
        if ((atomic_load(&sink->handed) || idle) && rest(sink)) {
            continue;
        }
        state = duckdb_pending_execute_task(pending);
        idle = state == DUCKDB_PENDING_NO_TASKS_AVAILABLE;
    }
    (void)drain(sink);
}

bool fh_sink_execute(struct fh_sink *sink, struct fh_fault *fault)
{
    duckdb_pending_result pending = NULL;
    duckdb_result result;
    const char *why = NULL;
    memset(&result, 0, sizeof result);
    if (duckdb_pending_prepared(sink->statement, &pending) == DuckDBError) {
        why = duckdb_pending_error(pending);
    } else {
        work(sink, pending);
        why = duckdb_execute_pending(pending, &result) == DuckDBError ? duckdb_result_error(&result)
                                                                      : NULL;
    }
    bool good = why == NULL && sink->failure.code == FH_OK && !sink->failed;
    if (sink->failed) {
        fault->err = sink->sending;
    } else if (sink->failure.code != FH_OK) {
        fault->err = sink->failure;
    } else if (!good) {
        fh_fault_read(fault, why, FH_FAULT_RUN);
        fault->position -= fault->position > sink->begin ? sink->begin : fault->position;
    }
    duckdb_destroy_pending(&pending);
    duckdb_destroy_result(&result);
    return good;
}

void fh_sink_close(struct fh_sink *sink)
{
    duckdb_destroy_prepare(&sink->statement);
    sink->open = false;
}
