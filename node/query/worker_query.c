/* SPDX-License-Identifier: Apache-2.0 */
/* A running query of a worker: events, credits, and the scans that the node feeds. */
#include "common/time.h"
#include "node/query/worker_private.h"

#include <string.h>

int fh_worker_run(struct fh_worker *worker,
                  const struct fh_channel_run *given,
                  int64_t deadline_ms,
                  struct fh_err *err)
{
    int code = fh_worker_check_ready(worker, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_buf payload;
    struct fh_channel_run run = *given;
    run.id = ++worker->last_id;
    fh_buf_init(&payload, FH_CHANNEL_RUN_BYTES_MAX);
    fh_channel_put_run(&payload, &run);
    pthread_mutex_lock(&worker->lock);
    worker->running_id = run.id;
    worker->ends_ms = deadline_ms;
    worker->cancelled_ms = 0;
    worker->scan_count = 0;
    worker->scan_failure = (struct fh_err){.code = FH_OK};
    worker->credits = run.window;
    pthread_mutex_unlock(&worker->lock);
    worker->batches = 0;
    worker->rows = 0;
    worker->rows_max = run.rows_max;
    worker->deadline_ms = deadline_ms;
    code = fh_worker_send_buf(worker, FH_CHANNEL_RUN, &payload, err);
    fh_buf_fini(&payload);
    if (code == FH_OK) {
        worker->state = FH_WORKER_RUNNING;
    } else {
        fh_worker_forget_query(worker);
    }
    return code;
}

static int fresh_arena(struct fh_worker *worker, struct fh_err *err)
{
    fh_arena_free(worker->arena);
    worker->arena = fh_arena_new(FH_WORKER_EVENT_BYTES);
    return worker->arena == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for an event") : FH_OK;
}

static int take_batch(struct fh_worker *worker, struct fh_worker_event *out, struct fh_err *err)
{
    struct fh_bytes payload = fh_worker_payload(worker);
    struct fh_batch batch;
    pthread_mutex_lock(&worker->lock);
    bool in_turn = payload.size >= FH_CHANNEL_BATCH_BYTES &&
                   fh_get_u64be(payload.data) == worker->running_id && worker->credits > 0;
    worker->credits -= in_turn ? 1 : 0;
    pthread_mutex_unlock(&worker->lock);
    if (!in_turn) {
        return fh_worker_breach(worker, err);
    }
    out->kind = FH_WORKER_BATCH;
    out->batch =
        fh_bytes(payload.data + FH_CHANNEL_BATCH_BYTES, payload.size - FH_CHANNEL_BATCH_BYTES);
    int code = fh_batch_parse(&batch, out->batch, worker->arena, err);
    if (code != FH_OK) {
        if (err != NULL) {
            err->code = FH_EPROTO;
        }
        return fh_worker_breach(worker, err);
    }
    out->rows = batch.rows;
    worker->batches++;
    worker->rows += batch.rows;
    /* It says so itself where an answer has more (query.rows), and sends none of them. */
    bool too_many = worker->rows_max > 0 && worker->rows > worker->rows_max;
    return too_many ? fh_worker_breach(worker, err) : FH_OK;
}

static int take_end(struct fh_worker *worker, struct fh_worker_event *out, struct fh_err *err)
{
    int code = fh_channel_get_end(&out->end, fh_worker_payload(worker), err);
    if (code != FH_OK || out->end.id != worker->last_id || out->end.rows != worker->rows ||
        out->end.batches != worker->batches) {
        return fh_worker_breach(worker, err);
    }
    out->kind = FH_WORKER_END;
    worker->state = FH_WORKER_READY;
    fh_worker_forget_query(worker);
    return FH_OK;
}

static int take_scan_open(struct fh_worker *worker, struct fh_worker_event *out, struct fh_err *err)
{
    int code = fh_channel_get_scan(&out->scan, fh_worker_payload(worker), worker->arena, err);
    bool good = code == FH_OK && out->scan.want >= 1 && out->scan.want <= FH_QUERY_WINDOW;
    pthread_mutex_lock(&worker->lock);
    good = good && worker->scan_count < FH_WORKER_SCANS_MAX;
    for (unsigned i = 0; i < worker->scan_count; i++) {
        good = good && worker->scans[i].id != out->scan.scan;
    }
    if (good) {
        worker->scans[worker->scan_count++] =
            (struct fh_worker_scan){.id = out->scan.scan, .wanted = out->scan.want};
    }
    pthread_mutex_unlock(&worker->lock);
    out->kind = FH_WORKER_SCAN_OPEN;
    return good ? FH_OK : fh_worker_breach(worker, err);
}

/* Under the lock. */
static struct fh_worker_scan *find_scan(struct fh_worker *worker, uint64_t id)
{
    for (unsigned i = 0; i < worker->scan_count; i++) {
        if (worker->scans[i].id == id) {
            return &worker->scans[i];
        }
    }
    return NULL;
}

static int
take_scan_count(struct fh_worker *worker, struct fh_worker_event *out, struct fh_err *err)
{
    bool want = worker->rx.kind == FH_CHANNEL_SCAN_WANT;
    int code = fh_channel_get_count(&out->count, fh_worker_payload(worker), err);
    if (code != FH_OK) {
        return fh_worker_breach(worker, err);
    }
    pthread_mutex_lock(&worker->lock);
    struct fh_worker_scan *scan = find_scan(worker, out->count.id);
    bool good =
        scan != NULL && (!want || (out->count.count >= 1 && out->count.count <= FH_QUERY_WINDOW &&
                                   scan->wanted + out->count.count <= FH_QUERY_WINDOW));
    if (good && want) {
        scan->wanted += out->count.count;
    } else if (good) {
        *scan = worker->scans[--worker->scan_count];
    }
    pthread_mutex_unlock(&worker->lock);
    out->kind = want ? FH_WORKER_SCAN_WANT : FH_WORKER_SCAN_CLOSE;
    return good ? FH_OK : fh_worker_breach(worker, err);
}

/* A query that failed because a scan did: the reason is the one that the node gave, not the
 * worker's word for it. */
static int prefer_scan_failure(struct fh_worker *worker, int code, struct fh_err *err)
{
    pthread_mutex_lock(&worker->lock);
    struct fh_err reason = worker->scan_failure;
    pthread_mutex_unlock(&worker->lock);
    if (reason.code == FH_OK || code == FH_ECANCELLED) {
        return code;
    }
    if (err != NULL) {
        *err = reason;
    }
    return reason.code;
}

static int take_event(struct fh_worker *worker, struct fh_worker_event *out, struct fh_err *err)
{
    switch (worker->rx.kind) {
    case FH_CHANNEL_BATCH:
        return take_batch(worker, out, err);
    case FH_CHANNEL_END:
        return take_end(worker, out, err);
    case FH_CHANNEL_SCAN_OPEN:
        return take_scan_open(worker, out, err);
    case FH_CHANNEL_SCAN_WANT:
    case FH_CHANNEL_SCAN_CLOSE:
        return take_scan_count(worker, out, err);
    case FH_CHANNEL_ERROR: {
        int code = fh_worker_take_error(worker, worker->last_id, &out->position, err);
        if (code != FH_EPROTO || !fh_worker_dead(worker)) {
            code = prefer_scan_failure(worker, code, err);
        }
        if (!fh_worker_dead(worker)) {
            worker->state = FH_WORKER_READY;
            fh_worker_forget_query(worker);
        }
        return code;
    }
    default:
        return fh_worker_breach(worker, err);
    }
}

int fh_worker_next(struct fh_worker *worker, struct fh_worker_event *out, struct fh_err *err)
{
    *out = (struct fh_worker_event){.kind = FH_WORKER_END};
    if (worker->state != FH_WORKER_RUNNING) {
        return fh_err_set(err, FH_ESTATE, "no query is running in this worker");
    }
    int code = fresh_arena(worker, err);
    if (code == FH_OK) {
        code = fh_worker_wait(worker, worker->last_id, FH_CHANNEL_END, worker->deadline_ms, err);
    }
    return code == FH_OK ? take_event(worker, out, err) : code;
}

int fh_worker_soon(struct fh_worker *worker,
                   int64_t until_ms,
                   size_t bytes_max,
                   enum fh_worker_soon *out,
                   struct fh_err *err)
{
    unsigned kind = 0;
    size_t size = 0;
    if (worker->state != FH_WORKER_RUNNING) {
        return fh_err_set(err, FH_ESTATE, "no query is running in this worker");
    }
    if (until_ms > worker->deadline_ms) {
        until_ms = worker->deadline_ms;
    }
    size_t batch_max = FH_CHANNEL_BATCH_BYTES + bytes_max;
    size_t most = batch_max > FH_WORKER_AHEAD_BYTES ? batch_max : FH_WORKER_AHEAD_BYTES;
    int code = fh_worker_peek(worker, until_ms, most, &kind, &size, err);
    if (code == FH_OK) {
        bool last = kind == FH_CHANNEL_END || kind == FH_CHANNEL_ERROR;
        bool fits = size <= (kind == FH_CHANNEL_BATCH ? batch_max : most);
        *out = kind == 0                                    ? FH_WORKER_NOT_YET
               : (last || kind == FH_CHANNEL_BATCH) && fits ? FH_WORKER_AT_HAND
                                                            : FH_WORKER_LATER;
    }
    return code;
}

int fh_worker_parsed_soon(struct fh_worker *worker,
                          size_t bytes_max,
                          enum fh_worker_soon *out,
                          struct fh_err *err)
{
    unsigned kind = 0;
    size_t size = 0;
    int code = fh_worker_peek(worker, 0, bytes_max, &kind, &size, err);
    if (code == FH_OK) {
        *out = kind == 0           ? FH_WORKER_NOT_YET
               : size <= bytes_max ? FH_WORKER_AT_HAND
                                   : FH_WORKER_LATER;
    }
    return code;
}

void fh_worker_credit(struct fh_worker *worker, uint32_t batches)
{
    pthread_mutex_lock(&worker->lock);
    uint64_t id = worker->running_id;
    worker->credits += id == 0 ? 0 : batches;
    pthread_mutex_unlock(&worker->lock);
    if (id != 0 && batches > 0) {
        fh_worker_send_count(worker, FH_CHANNEL_CREDIT, id, batches);
    }
}

void fh_worker_cancel(struct fh_worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    bool first = worker->running_id != 0 && worker->cancelled_ms == 0;
    worker->cancelled_ms = first ? fh_clock_mono_ms() : worker->cancelled_ms;
    uint64_t id = worker->running_id;
    pthread_mutex_unlock(&worker->lock);
    if (first) {
        fh_worker_post(worker, FH_CHANNEL_CANCEL, id); // the loop's: it does not wait for a worker
    }
}

/* ---- remote scans ---- */

int fh_worker_scan_batch(struct fh_worker *worker,
                         uint64_t scan_id,
                         struct fh_bytes batch,
                         struct fh_err *err)
{
    uint8_t id[FH_CHANNEL_BATCH_BYTES];
    fh_put_u64be(id, scan_id);
    if (batch.size > FH_BATCH_BYTES_MAX) {
        return fh_err_rule(err, FH_EPROTO, "batch.size", "a batch of more than 1 MiB");
    }
    pthread_mutex_lock(&worker->lock);
    struct fh_worker_scan *scan = find_scan(worker, scan_id);
    bool wanted = scan != NULL && scan->wanted > 0;
    if (wanted) {
        scan->wanted--;
    }
    pthread_mutex_unlock(&worker->lock);
    if (scan == NULL) {
        return fh_err_rule(err, FH_ENOTFOUND, "scan.over", "the scan is over");
    }
    if (!wanted) {
        return fh_err_rule(err, FH_EPROTO, "scan.window", "more batches than the scan wanted");
    }
    return fh_worker_send(
        worker, FH_CHANNEL_SCAN_BATCH, fh_bytes(id, sizeof id), batch, NULL, 0, err);
}

static bool is_open(struct fh_worker *worker, uint64_t scan)
{
    pthread_mutex_lock(&worker->lock);
    bool open = find_scan(worker, scan) != NULL;
    pthread_mutex_unlock(&worker->lock);
    return open;
}

void fh_worker_scan_end(struct fh_worker *worker, uint64_t scan, uint64_t rows)
{
    if (is_open(worker, scan)) {
        fh_worker_send_count(worker, FH_CHANNEL_SCAN_END, scan, rows);
    }
}

void fh_worker_scan_error(struct fh_worker *worker, uint64_t scan, const struct fh_err *error)
{
    struct fh_channel_error frame = {.id = scan,
                                     .code = error->code == FH_OK ? FH_EINTERNAL : error->code};
    memcpy(frame.rule, error->rule, sizeof frame.rule);
    memcpy(frame.text, error->text, sizeof frame.text);
    pthread_mutex_lock(&worker->lock);
    bool open = find_scan(worker, scan) != NULL;
    if (open && worker->scan_failure.code == FH_OK) {
        worker->scan_failure = *error;
        worker->scan_failure.code = frame.code;
    }
    pthread_mutex_unlock(&worker->lock);
    if (!open) {
        return;
    }
    struct fh_buf payload;
    fh_buf_init(&payload, 2048);
    fh_channel_put_error(&payload, &frame);
    (void)fh_worker_send_buf(worker, FH_CHANNEL_SCAN_ERROR, &payload, NULL);
    fh_buf_fini(&payload);
}
