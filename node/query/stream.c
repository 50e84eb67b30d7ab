/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A running stream: NEXT by NEXT from the worker to the consumer, and its one way to end.
 */
#include "node/query/stream.h"

#include "common/assert.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/io/loop.h"
#include "node/io/pool.h"
#include "proto/settings/settings.h"

int fh_stream_submit(struct fh_stream *stream,
                     void (*work)(void *),
                     void (*done)(void *),
                     struct fh_err *err)
{
    FH_ASSERT(!stream->job_running);
    stream->job_running = true;
    int rc = fh_pool_submit(stream->serve->options.loop, work, done, stream, err);
    if (rc != FH_OK) {
        stream->job_running = false;
    }
    return rc;
}

void fh_stream_give_worker(struct fh_stream *stream)
{
    if (stream->worker != NULL) {
        fh_worker_unwatch(stream->worker);
        fh_crew_give(stream->serve->options.crew, FH_TAKE(stream->worker), stream->broken);
        fh_serve_look(stream->serve, 0); /* the loop's next turn: others may have theirs */
    }
}

/* ---- the receipt ---- */

int fh_stream_receipt_payload(const struct fh_stream *stream,
                              unsigned outcome,
                              struct fh_buf *out,
                              struct fh_record_id *out_id,
                              struct fh_err *err)
{
    const struct fh_serve_options *o = &stream->serve->options;
    struct fh_receipt *receipt = fh_calloc(1, sizeof *receipt);
    if (receipt == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a receipt");
    }
    *receipt = (struct fh_receipt){
        .request = stream->request_id,
        .request_id = stream->request.id,
        .owner = o->domain,
        .node = o->node,
        .outcome = outcome,
        .sent = fh_tally_read(&stream->tally),
        .started_ms = stream->started_ms,
        .finished_ms = fh_clock_wall_ms(),
        .part_count = stream->part_count,
    };
    receipt->has_policy = fh_rights_policy(&stream->plan, &receipt->policy);
    for (uint32_t i = 0; i < stream->plan.table_count; i++) {
        const struct fh_catalog_entry *entry = &stream->plan.tables[i].table.entry;
        receipt->contracts[receipt->contract_count++] = entry->announcement.contract;
        fh_receipt_notice(receipt, &entry->announcement, &entry->quality);
        const struct fh_right *right = stream->plan.tables[i].right;
        for (uint32_t k = 0; right != NULL && k < right->waiver_count; k++) {
            const struct fh_notice_waiver waiver = {.id = right->waivers[k].id,
                                                    .until_ms = right->waivers[k].until_ms,
                                                    .urgent = right->waivers[k].urgent};
            fh_receipt_waived(receipt, &entry->announcement, &entry->quality, &waiver);
        }
    }
    memcpy(receipt->parts, stream->parts, stream->part_count * sizeof stream->parts[0]);
    int rc = fh_receipt_build(out, receipt, err);
    if (rc == FH_OK) {
        *out_id = fh_record_id_of(FH_RECORD_RECEIPT, &o->mesh_id, fh_buf_view(out));
    }
    fh_free(receipt);
    return rc;
}

int fh_stream_receipt(const struct fh_stream *stream,
                      unsigned outcome,
                      struct fh_buf *out,
                      struct fh_record_id *out_id,
                      struct fh_err *err)
{
    const struct fh_serve_options *o = &stream->serve->options;
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    fh_buf_init(&payload, FH_RECORD_BYTES_MAX);
    int rc = fh_stream_receipt_payload(stream, outcome, &payload, out_id, err);
    if (rc == FH_OK) {
        fh_keystore_seal(o->keys, out, FH_RECORD_RECEIPT, &o->mesh_id, fh_buf_view(&payload));
        rc = fh_buf_ok(out) == FH_OK
                 ? FH_OK
                 : fh_err_set(err, fh_buf_ok(out), "the receipt does not fit a record");
    }
    return rc;
}

static void answer_end(struct fh_stream *stream, struct fh_question *question)
{
    struct fh_err err;
    struct fh_record_id id;
    FH_CLEANUP(fh_buf_fini) struct fh_buf receipt;
    fh_buf_init(&receipt, FH_RECORD_BYTES_MAX);
    if (fh_stream_receipt(stream, FH_OK, &receipt, &id, &err) != FH_OK) {
        fh_question_refuse_privately(question, "receipt", &err);
        return;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_FRAME_REPLY_BYTES_MAX);
    fh_msg_next_end_begin(&out, 1 + stream->part_count);
    fh_pack_bin(&out, fh_buf_view(&receipt));
    for (unsigned i = 0; i < stream->part_count; i++) {
        fh_pack_bin(&out, fh_buf_view(&stream->part_records[i]));
    }
    fh_stream_answer_accounted(stream, question, &id, &out);
}

/* A CANCEL is answered with a receipt for what was sent until then. */
static void answer_closing(struct fh_stream *stream)
{
    struct fh_question *question = FH_TAKE(stream->closing);
    if (question == NULL) {
        return;
    }
    struct fh_err err;
    struct fh_record_id id;
    FH_CLEANUP(fh_buf_fini) struct fh_buf receipt;
    fh_buf_init(&receipt, FH_RECORD_BYTES_MAX);
    if (fh_stream_prove(stream, &err) != FH_OK) { /* it came before that was looked at */
        fh_question_refuse(question, &err);
        return;
    }
    if (fh_stream_receipt(stream, FH_ECANCELLED, &receipt, &id, &err) != FH_OK) {
        fh_question_refuse_privately(question, "receipt", &err);
        return;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_FRAME_REPLY_BYTES_MAX);
    fh_msg_ok(&out, 1);
    fh_pack_array(&out, 1);
    fh_pack_bin(&out, fh_buf_view(&receipt));
    fh_stream_answer_accounted(stream, question, &id, &out);
}

int fh_stream_check_open(struct fh_stream *stream, struct fh_err *err)
{
    return atomic_load(&stream->ended)
               ? fh_err_rule(err, FH_ECANCELLED, "query.cancelled", "the query was cancelled")
               : FH_OK;
}

/* ---- one NEXT ---- */

/* A stream ends where its bytes do. */
static bool within_bytes(struct fh_stream *stream)
{
    uint64_t most = stream->serve->options.settings->stream_mib_max;
    if ((stream->request.flags & FH_QUERY_STREAM) == 0 || stream->kind != FH_STREAM_QUERY ||
        fh_tally_read(&stream->tally).bytes + stream->event.batch.size <= most * 1024 * 1024) {
        return true;
    }
    stream->job_code = fh_err_rule(&stream->job_err,
                                   FH_ETOOBIG,
                                   "limit.stream_bytes",
                                   "the answer has more than %llu MiB, the most of one stream at "
                                   "this node (limits.stream_mib); fetch it in parts",
                                   (unsigned long long)most);
    return false;
}

/* Whether the batch at hand may be sent; then its rows are counted. */
static bool may_leave(struct fh_stream *stream)
{
    if (!within_bytes(stream)) {
        return false;
    }
    /* It may have been on its way before the worker heard of the end. */
    stream->job_code = fh_stream_check_open(stream, &stream->job_err);
    if (stream->job_code == FH_OK) {
        stream->job_code = fh_stream_spend_rows(stream, stream->event.rows, &stream->job_err);
    }
    return stream->job_code == FH_OK;
}

/* Pool thread: reads the worker until there is a batch to send or something for the loop. */
static void serve_next(void *user)
{
    struct fh_stream *stream = user;
    /* Also behind a first batch in the opening's answer, which may wait still, or have been
     * refused: who guesses the stream's number needs no answer to ask for the next. */
    stream->job_code = fh_stream_wait_decided(stream, &stream->job_err);
    if (stream->job_code != FH_OK) {
        return;
    }
    stream->job_code = fh_worker_next(stream->worker, &stream->event, &stream->job_err);
    if (stream->job_code != FH_OK) {
        return;
    }
    struct fh_worker_event *event = &stream->event;
    if (event->kind == FH_WORKER_SCAN_OPEN) {
        /* The columns are lent until the next read: keep them for the loop. */
        size_t size = (event->scan.column_count + 1) * sizeof(uint32_t);
        stream->scan_event_columns = fh_alloc(size);
        if (stream->scan_event_columns != NULL && event->scan.column_count > 0) {
            memcpy(stream->scan_event_columns,
                   event->scan.columns,
                   event->scan.column_count * sizeof(uint32_t));
        }
        event->scan.columns = stream->scan_event_columns;
    }
    if (event->kind != FH_WORKER_BATCH || !may_leave(stream)) {
        return;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf head;
    fh_buf_init(&head, 64);
    fh_msg_next_batch_head(&head, event->batch.size);
    uint8_t tag[FH_AEAD_TAG_BYTES];
    if (fh_question_answer_tagged(
            FH_TAKE(stream->serving), fh_buf_view(&head), event->batch, tag)) {
        fh_tally_batch(&stream->tally, event->rows, event->batch, tag, NULL);
    } else {
        fh_stream_give_back_rows(stream, event->rows);
        stream->job_code =
            fh_err_set(&stream->job_err, FH_ECANCELLED, "the consumer's session is over");
    }
    fh_worker_credit(stream->worker, 1);
}

static void next_served(void *user);

/* Runs the job again for the question at hand. */
static void serve_on(struct fh_stream *stream)
{
    struct fh_err err;
    if (fh_stream_submit(stream, serve_next, next_served, &err) != FH_OK) {
        fh_stream_end(stream, &err);
    }
}

static void finish_if_complete(struct fh_stream *stream)
{
    if (stream->state != FH_STREAM_DRAINED || !fh_remote_all_over(stream)) {
        return;
    }
    if (stream->serving != NULL) {
        answer_end(stream, FH_TAKE(stream->serving));
    }
    fh_stream_end(stream, NULL);
}

static void next_served(void *user)
{
    struct fh_stream *stream = user;
    stream->job_running = false;
    if (stream->job_code != FH_OK) {
        stream->broken = fh_worker_dead(stream->worker);
        fh_stream_end(stream, &stream->job_err);
        return;
    }
    if (stream->state == FH_STREAM_OVER) {
        fh_free(FH_TAKE(stream->scan_event_columns));
        fh_stream_settle(stream);
        return;
    }
    switch (stream->event.kind) {
    case FH_WORKER_BATCH:
        stream->next_index++;
        fh_stream_pump(stream);
        return;
    case FH_WORKER_END:
        stream->state = FH_STREAM_DRAINED;
        fh_stream_hold(stream);
        fh_remote_touch_unread(stream);
        fh_stream_release(stream);
        return;
    case FH_WORKER_SCAN_OPEN:
        fh_stream_hold(stream);
        if (!fh_barrier_scan(stream, &stream->event.scan)) {
            fh_remote_open(stream, &stream->event.scan);
        }
        fh_free(FH_TAKE(stream->scan_event_columns));
        break;
    case FH_WORKER_SCAN_WANT:
        fh_stream_hold(stream);
        fh_remote_want(stream, &stream->event.count);
        break;
    case FH_WORKER_SCAN_CLOSE:
        fh_stream_hold(stream);
        fh_barrier_close_scan(stream, stream->event.count.id);
        fh_remote_close(stream, stream->event.count.id);
        break;
    }
    if (stream->state == FH_STREAM_RUNNING) {
        serve_on(stream);
    }
    fh_stream_release(stream);
}

void fh_stream_pump(struct fh_stream *stream)
{
    if (stream->state != FH_STREAM_RUNNING || stream->job_running || stream->serving != NULL) {
        return;
    }
    struct fh_question **slot = &stream->waiting[stream->next_index % FH_STREAM_WAITING];
    if (*slot == NULL) {
        return;
    }
    stream->serving = FH_TAKE(*slot);
    stream->touched_ms = fh_clock_mono_ms();
    serve_on(stream);
}

void fh_stream_next(struct fh_stream *stream, struct fh_question *question, uint64_t index)
{
    stream->touched_ms = fh_clock_mono_ms();
    stream->hearer = fh_question_hearer(question);
    struct fh_err err;
    if (stream->state == FH_STREAM_OVER) {
        if (stream->failure.code != FH_OK) {
            fh_question_refuse(question, &stream->failure);
            return;
        }
        fh_err_rule(&err, FH_ESTATE, "stream.over", "this answer has ended already");
        fh_question_refuse(question, &err);
        return;
    }
    /* `serving` is the pool thread's while a job runs, and a running stream's job serves one. */
    uint64_t first = stream->next_index + (stream->job_running || stream->serving != NULL);
    uint64_t last = stream->next_index + FH_STREAM_WAITING;
    struct fh_question **slot = &stream->waiting[index % FH_STREAM_WAITING];
    if (index < first || index >= last || *slot != NULL) {
        fh_err_rule(&err,
                    FH_EPROTO,
                    "stream.index",
                    "batch %llu was asked for; %llu to %llu can be",
                    (unsigned long long)index,
                    (unsigned long long)first,
                    (unsigned long long)last - 1);
        fh_question_refuse(question, &err);
        return;
    }
    *slot = question;
    fh_stream_pump(stream);
}

/* ---- the end ---- */

static void refuse(struct fh_question **question, const struct fh_err *why)
{
    if (*question != NULL) {
        fh_question_refuse(FH_TAKE(*question), why);
    }
}

static void log_end(const struct fh_stream *stream)
{
    bool never_ran = stream->kind == FH_STREAM_PLAN || stream->begun_ms == 0; /* STILL, VIEW */
    if (never_ran && stream->failure.code == FH_OK) {
        return;
    }
    char consumer[FH_ID_SHORT_BYTES];
    fh_domain_id_short(consumer, &stream->request.consumer);
    static const char *const kinds[] = {"plan", "query", "scan"};
    struct fh_observed sent = fh_tally_read(&stream->tally);
    fh_log(stream->failure.code == FH_OK ? FH_LOG_INFO : FH_LOG_WARN,
           "question.ended",
           "kind=%s consumer=%s outcome=%s rule=%s tables=%u rows=%llu bytes=%llu ms=%lld",
           kinds[stream->kind],
           consumer,
           fh_code_name(stream->failure.code),
           stream->failure.rule,
           (unsigned)stream->plan.table_count,
           (unsigned long long)sent.rows,
           (unsigned long long)sent.bytes,
           (long long)(fh_clock_wall_ms() - stream->started_ms));
}

void fh_stream_end(struct fh_stream *stream, const struct fh_err *why)
{
    if (stream->state != FH_STREAM_OVER) {
        stream->state = FH_STREAM_OVER;
        atomic_store(&stream->ended, true); /* before the worker is cancelled: see begin_work */
        if (why != NULL && stream->failure.code == FH_OK) {
            stream->failure = *why;
        }
        fh_stream_hold(stream); /* what is cancelled below may end at once */
        stream->touched_ms = fh_clock_mono_ms();
        if (why != NULL && stream->worker != NULL && stream->job_running) {
            fh_worker_cancel(
                stream->worker); /* the job ends with it, at the latest at the deadline */
        }
        fh_barrier_end(stream, why != NULL);
        fh_remote_cancel_all(stream);
        fh_stream_release(stream);
        return;
    }
    fh_stream_settle(stream);
}

void fh_stream_hold(struct fh_stream *stream)
{
    stream->held++;
}

void fh_stream_release(struct fh_stream *stream)
{
    FH_ASSERT(stream->held > 0);
    stream->held--;
    fh_stream_settle(stream);
}

/* What a stream that is over does not need any more. */
static void free_work(struct fh_stream *stream)
{
    fh_source_set_fini(&stream->sources);
    fh_buf_fini(&stream->tree);
    fh_buf_fini(&stream->record);
    fh_verdict_unref(FH_TAKE(stream->verdict));
    fh_arena_free(FH_TAKE(stream->arena));
    fh_free(FH_TAKE(stream->scan_event_columns));
}

static void free_stream(struct fh_stream *stream)
{
    FH_ASSERT(stream->worker == NULL && stream->barrier == NULL);
    fh_list_remove(&stream->link);
    fh_turns_leave(stream);
    stream->serve->count--;
    fh_remote_free_all(stream);
    fh_audit_ticket_unref(stream->decision);
    for (unsigned i = 0; i < stream->part_count; i++) {
        fh_buf_fini(&stream->part_records[i]);
    }
    free_work(stream);
    fh_free(stream);
}

/* A worker whose query did not come to its end by itself is not asked again; one that only parsed
 * what was refused then is as good as before. */
static bool may_serve_again(const struct fh_stream *stream)
{
    int code = stream->failure.code;
    bool refused = code == FH_ESQL || code == FH_EDENIED || code == FH_ENOTFOUND ||
                   code == FH_ESIG || code == FH_ESTALE || code == FH_EINCOMPLETE;
    return code == FH_OK || (refused && !stream->ran);
}

void fh_stream_settle(struct fh_stream *stream)
{
    if (stream->held > 0) {
        return; /* whoever holds it looks again */
    }
    if (stream->state == FH_STREAM_DRAINED) {
        finish_if_complete(stream);
        return;
    }
    if (stream->state != FH_STREAM_OVER || stream->job_running || fh_remote_at_work(stream) ||
        fh_barrier_at_work(stream)) {
        return;
    }
    if (!stream->logged) {
        stream->logged = true; /* not before: until now a job counted what it sent */
        log_end(stream);
        fh_turns_ended(stream);
        fh_stream_spend_no_more(stream);
        if (stream->closing == NULL) {
            fh_stream_account(stream, &stream->failure, NULL);
        }
    }
    struct fh_err over;
    fh_err_rule(&over, FH_ESTATE, "stream.over", "this answer has ended already");
    const struct fh_err *why = stream->failure.code != FH_OK ? &stream->failure : &over;
    if (stream->opening != NULL) {
        fh_stream_refuse(stream, FH_TAKE(stream->opening), why);
    }
    refuse(&stream->serving, why);
    for (size_t i = 0; i < FH_STREAM_WAITING; i++) {
        refuse(&stream->waiting[i], why);
    }
    answer_closing(stream);
    bool amidst = stream->direct_until_ms != 0; /* its worker has not answered */
    stream->broken = stream->broken || amidst || !may_serve_again(stream) ||
                     fh_turns_spoilt(stream, stream->worker);
    fh_barrier_free(FH_TAKE(stream->barrier));
    fh_stream_give_worker(stream);
    if (fh_remote_all_over(stream)) {
        /* A failed one stays for a while as a memory of why, so that a NEXT on its way learns it.
         */
        bool remembered = stream->failure.code != FH_OK && stream->told && !stream->serve->quiet &&
                          fh_clock_mono_ms() - stream->touched_ms < FH_REQUEST_MS;
        stream->remembered = remembered;
        if (remembered) {
            free_work(stream);
        } else {
            free_stream(stream);
        }
    }
}

bool fh_stream_forget(struct fh_serve *serve)
{
    struct fh_stream *oldest = NULL;
    FH_LIST_FOREACH (link, &serve->streams) {
        struct fh_stream *stream = FH_LIST_ENTRY(link, struct fh_stream, link);
        if (stream->remembered && (oldest == NULL || stream->touched_ms < oldest->touched_ms)) {
            oldest = stream;
        }
    }
    if (oldest != NULL) {
        free_stream(oldest);
    }
    return oldest != NULL;
}
