/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Remote scans: tables of other owners, pulled for a local worker that joins.
 *
 * The worker opens a scan with the columns that it needs and says how many batches it wants; this
 * file asks the owner's node for that many, opens them on pool threads and hands them over in
 * order. The owner's signed receipt at the end must fit what came, and becomes a part of ours.
 *
 *   SCAN --> stream id --> NEXT 0, 1, ... (bulk) --> deliver in order (pool) --> receipt --> over
 *                             worker closes early: CANCEL --> receipt for what was sent --> over
 *
 * A CANCEL that comes after the owner's last word is refused, since the stream is gone there. Then
 * the receipt is in an answer that is here or on its way, and those are opened up to it.
 */
#include "node/query/stream.h"

#include "common/assert.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/io/pool.h"
#include "proto/session/session.h"

#include <stdio.h>

struct remote {
    struct fh_list link;
    struct fh_stream *stream;
    uint64_t scan;   /* the worker's number */
    uint32_t number; /* of the table in the plan */
    char address[FH_ADDRESS_BYTES_MAX + 1];
    struct fh_peer_target target;
    uint64_t owner_stream;
    bool opened;
    uint64_t wanted;    /* batches that the worker still has room for */
    uint64_t asked;     /* NEXT indexes asked for: 0 .. asked - 1 */
    uint64_t delivered; /* index to be delivered next */
    struct fh_sealed *arrived[FH_QUERY_WINDOW];
    unsigned on_way; /* calls that will still be answered */
    bool closed;     /* the worker wants no more, or the stream is over */
    bool cancel_sent;
    bool too_late;  /* the owner refused the CANCEL: the receipt is in what NEXT brings */
    bool receipted; /* closed, and its receipt was looked at */
    bool finished;  /* the owner's end was taken in: nothing is left to cancel */
    bool lost;      /* a NEXT failed on its way while a job ran: `lost_err` is told after it */
    struct fh_err lost_err;
    bool over; /* nothing of it is on its way: only then may the stream be freed */

    /* job */
    bool job_running;
    struct fh_sealed *opening;
    struct fh_tally tally;
    uint64_t rows;
    bool ended;
    struct fh_buf receipt; /* the owner's, at the end */
    int job_code;
    struct fh_err job_err; /* also why JOB_FAIL runs */
    enum job { JOB_DELIVER, JOB_READ_ON, JOB_END, JOB_FAIL } job;
};

static void pull(struct remote *remote);
static void deliver(struct remote *remote);
static void settle(struct remote *remote);

/* ---- jobs ---- */

static int
take_batch(struct remote *remote, struct fh_bytes bytes, const uint8_t *tag, struct fh_err *err)
{
    FH_CLEANUP(fh_arena_freep) struct fh_arena *arena = fh_arena_new(1024 * 1024);
    struct fh_batch batch;
    if (arena == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a batch");
    }
    int rc = fh_batch_parse(&batch, bytes, arena, err);
    if (rc != FH_OK) {
        return rc;
    }
    fh_tally_batch(&remote->tally, batch.rows, bytes, tag, NULL);
    remote->rows += batch.rows;
    if (remote->job == JOB_READ_ON) {
        return FH_OK;
    }
    rc = fh_worker_scan_batch(remote->stream->worker, remote->scan, bytes, err);
    return rc == FH_ENOTFOUND ? FH_OK : rc; /* the worker closed it: its CLOSE is on the way */
}

/* Pool thread. */
static void run_job(void *user)
{
    struct remote *remote = user;
    struct fh_worker *worker = remote->stream->worker;
    remote->job_code = FH_OK;
    if (remote->job == JOB_END) {
        fh_worker_scan_end(worker, remote->scan, remote->rows);
        return;
    }
    if (remote->job == JOB_FAIL) {
        fh_worker_scan_error(worker, remote->scan, &remote->job_err);
        return;
    }
    struct fh_pack_reader fields;
    struct fh_msg_next next;
    uint8_t tag[FH_AEAD_TAG_BYTES];
    int rc = fh_sealed_open(remote->opening, &fields, tag, &remote->job_err);
    if (rc == FH_OK) {
        rc = fh_msg_next_read(&fields, &next, &remote->job_err);
    }
    if (rc == FH_OK && next.end) {
        struct fh_bytes receipt;
        if (fh_msg_bins_next(&next.receipts, &receipt)) {
            fh_buf_add_bytes(&remote->receipt, receipt);
        }
        remote->ended = true;
    } else if (rc == FH_OK) {
        rc = take_batch(remote, next.batch, tag, &remote->job_err);
    }
    remote->job_code = rc;
}

/* ---- the receipt of an owner ---- */

static int check_receipt(struct remote *remote, unsigned outcome, struct fh_err *err)
{
    const struct fh_observed seen = fh_tally_read(&remote->tally);
    return fh_stream_add_part(
        remote->stream, remote->number, fh_buf_view(&remote->receipt), outcome, &seen, err);
}

/* Of a scan that was closed before its owner's end came. */
static bool wants_receipt(const struct remote *remote)
{
    enum fh_stream_state state = remote->stream->state;
    return !remote->receipted && (state == FH_STREAM_RUNNING || state == FH_STREAM_DRAINED);
}

static void take_late_receipt(struct remote *remote, unsigned outcome)
{
    struct fh_err err;
    remote->receipted = true;
    if (check_receipt(remote, outcome, &err) != FH_OK) {
        fh_log(FH_LOG_WARN, "receipt.refused", "rule=%s text=\"%s\"", err.rule, err.text);
    }
}

/* ---- state ---- */

static void run(struct remote *remote, enum job job);

static void fail(struct remote *remote, const struct fh_err *why)
{
    if (remote->over || remote->closed) {
        settle(remote);
        return;
    }
    const struct fh_plan_table *table = &remote->stream->plan.tables[remote->number];
    remote->closed = true;
    if (why != &remote->job_err) {
        remote->job_err = *why;
    }
    fh_err_wrap(&remote->job_err,
                "%s/%s",
                table->table.entry.domain_name,
                table->table.entry.announcement.product);
    if (remote->stream->state == FH_STREAM_RUNNING) {
        /* The owner's own words and rule for the consumer; the worker's query then fails too. */
        remote->stream->failure = remote->job_err;
    }
    run(remote, JOB_FAIL);
}

static void take_job(struct remote *remote)
{
    if (remote->job == JOB_FAIL) {
        struct fh_err why = remote->job_err;
        fh_stream_end(remote->stream, &why);
        settle(remote);
        return;
    }
    if (remote->job == JOB_END) {
        remote->closed = true;
        settle(remote); /* NEXTs beyond the end may still be on their way: they hold on to us */
        return;
    }
    if (remote->job_code != FH_OK) {
        fail(remote, &remote->job_err);
        return;
    }
    remote->delivered++;
    remote->finished = remote->ended;
    if (remote->closed) {
        if (remote->finished && wants_receipt(remote)) {
            take_late_receipt(remote, FH_OK); /* all that it is for was opened */
        }
        settle(remote);
    } else if (remote->lost && !remote->finished) {
        fail(remote, &remote->lost_err);
    } else if (remote->finished) {
        struct fh_err err;
        if (check_receipt(remote, FH_OK, &err) == FH_OK) {
            run(remote, JOB_END);
        } else {
            fail(remote, &err);
        }
    } else {
        if (remote->wanted > 0) {
            remote->wanted--;
        }
        deliver(remote);
        pull(remote);
    }
}

static void job_done(void *user)
{
    struct remote *remote = user;
    struct fh_stream *stream = remote->stream;
    fh_stream_hold(stream);
    remote->job_running = false;
    fh_sealed_free(FH_TAKE(remote->opening));
    take_job(remote);
    fh_stream_release(stream);
}

static void run(struct remote *remote, enum job job)
{
    FH_ASSERT(!remote->job_running);
    remote->job = job;
    remote->job_running = true;
    struct fh_err err;
    if (fh_pool_submit(remote->stream->serve->options.loop, run_job, job_done, remote, &err) !=
        FH_OK) {
        remote->job_running = false;
        remote->closed = true;
        fh_stream_end(remote->stream, &err);
        settle(remote);
    }
}

/* Whether the next answer is there: then the job opens it. */
static bool open_next(struct remote *remote, enum job job)
{
    struct fh_sealed **slot = &remote->arrived[remote->delivered % FH_QUERY_WINDOW];
    if (*slot == NULL) {
        return false;
    }
    remote->opening = FH_TAKE(*slot);
    run(remote, job);
    return true;
}

static void deliver(struct remote *remote)
{
    if (!remote->job_running && !remote->closed) {
        (void)open_next(remote, JOB_DELIVER);
    }
}

struct asked {
    struct remote *remote;
    uint64_t index;
};

static void
take_next(struct remote *remote, uint64_t index, struct fh_sealed *sealed, const struct fh_err *err)
{
    if (err != NULL || (remote->closed && !wants_receipt(remote))) {
        fh_sealed_free(sealed);
        if (remote->closed) {
            settle(remote);
        } else if (remote->job_running) {
            /* What the job opens may be the end, and then this one was beyond it. */
            remote->lost = true;
            remote->lost_err = *err;
        } else {
            fail(remote, err);
        }
        return;
    }
    remote->arrived[index % FH_QUERY_WINDOW] = sealed;
    if (remote->closed) {
        settle(remote);
    } else {
        deliver(remote);
    }
}

static void next_arrived(struct fh_sealed *sealed, const struct fh_err *err, void *user)
{
    struct asked *asked = user;
    struct remote *remote = asked->remote;
    struct fh_stream *stream = remote->stream;
    fh_stream_hold(stream);
    remote->on_way--;
    take_next(remote, asked->index, sealed, err);
    fh_free(asked);
    fh_stream_release(stream);
}

static void pull(struct remote *remote)
{
    while (remote->opened && !remote->closed && !remote->finished && !remote->lost &&
           remote->asked - remote->delivered < FH_QUERY_WINDOW &&
           remote->asked - remote->delivered < remote->wanted) {
        struct asked *asked = fh_calloc(1, sizeof *asked);
        if (asked == NULL) {
            return; /* a later batch tries again */
        }
        *asked = (struct asked){remote, remote->asked++};
        FH_CLEANUP(fh_buf_fini) struct fh_buf request;
        fh_buf_init(&request, 64);
        fh_msg_next_request(&request, remote->owner_stream, asked->index);
        remote->on_way++;
        fh_peers_ask_bulk(remote->stream->serve->options.peers,
                          &remote->target,
                          &request,
                          FH_STREAM_STALL_MS,
                          next_arrived,
                          asked);
    }
}

/* ---- opening ---- */

static void opened(struct fh_pack_reader *fields, const struct fh_err *failure, void *user)
{
    struct remote *remote = user;
    struct fh_stream *stream = remote->stream;
    fh_stream_hold(stream);
    remote->on_way--;
    struct fh_err err;
    if (failure != NULL) {
        fh_stream_refused(stream, &stream->plan.tables[remote->number], failure);
        fail(remote, failure);
    } else if (fh_msg_stream_read(fields, &remote->owner_stream, &err) != FH_OK) {
        fail(remote, &err);
    } else {
        remote->opened = true;
        /* The owner knows the stream by this session alone. */
        remote->target.session = fh_session_ref(fh_peers_answering(stream->serve->options.peers));
        if (remote->closed) {
            settle(remote);
        } else {
            pull(remote);
        }
    }
    fh_stream_release(stream);
}

static int begin(struct remote *remote, const struct fh_channel_scan *scan, struct fh_err *err)
{
    struct fh_stream *stream = remote->stream;
    const struct fh_plan_table *table = &stream->plan.tables[scan->number];
    const char *address;
    const struct fh_query_table *named = fh_stream_requested(stream, table, err);
    if (named == NULL) {
        return err->code;
    }
    uint32_t index = (uint32_t)(named - stream->request.tables); /* owners find it by that */
    if (stream->serve->options.mesh == NULL ||
        !fh_mesh_node_of(stream->serve->options.mesh,
                         &table->table.entry.announcement.domain,
                         &remote->target.node,
                         &address)) {
        return fh_err_rule(err, FH_EUNREACH, "product.unreachable", "no node of its owner answers");
    }
    snprintf(remote->address, sizeof remote->address, "%s", address);
    remote->target.address = remote->address;
    FH_CLEANUP(fh_buf_fini) struct fh_buf request;
    fh_buf_init(&request, FH_FRAME_REQUEST_BYTES_MAX);
    fh_msg_scan_request_begin(&request, fh_buf_view(&stream->record), index, scan->column_count);
    for (uint32_t i = 0; i < scan->column_count; i++) {
        if (scan->columns[i] >= table->table.column_count) {
            return fh_err_set(err, FH_EPROTO, "the worker asks for a column that is not there");
        }
        fh_pack_cstr(&request, table->table.columns[scan->columns[i]].name);
    }
    fh_pack_uint(&request, FH_ENCODINGS_ALL); /* our worker's */
    remote->on_way++;
    fh_peers_ask(
        stream->serve->options.peers, &remote->target, &request, FH_REQUEST_MS, opened, remote);
    return FH_OK;
}

static struct remote *new_remote(struct fh_stream *stream, const struct fh_channel_scan *scan)
{
    struct remote *remote = fh_calloc(1, sizeof *remote);
    if (remote != NULL) {
        remote->stream = stream;
        remote->scan = scan->scan;
        remote->number = scan->number;
        remote->wanted = scan->want;
        fh_tally_init(&remote->tally, false);
        fh_buf_init(&remote->receipt, FH_RECORD_BYTES_MAX);
        fh_list_push_back(&stream->remotes, &remote->link);
        stream->remote_count++;
    }
    return remote;
}

void fh_remote_open(struct fh_stream *stream, const struct fh_channel_scan *scan)
{
    struct fh_err err;
    bool sound = stream->remote_count < FH_QUERY_SCANS_MAX &&
                 scan->number < stream->plan.table_count &&
                 (scan->columns != NULL || scan->column_count == 0);
    struct remote *remote = sound ? new_remote(stream, scan) : NULL;
    if (remote == NULL) {
        fh_err_set(&err, FH_EPROTO, "the worker opens a scan of no table, or too many");
        fh_stream_end(stream, &err);
    } else if (begin(remote, scan, &err) != FH_OK) {
        fail(remote, &err);
    }
}

static bool was_read(struct fh_stream *stream, uint32_t number)
{
    FH_LIST_FOREACH (link, &stream->remotes) {
        if (FH_LIST_ENTRY(link, struct remote, link)->number == number) {
            return true;
        }
    }
    return false;
}

void fh_remote_touch_unread(struct fh_stream *stream)
{
    for (uint32_t i = 0; i < stream->plan.table_count; i++) {
        if (stream->kind != FH_STREAM_QUERY || was_read(stream, i) ||
            fh_stream_owns(stream, &stream->plan.tables[i])) {
            continue;
        }
        struct fh_channel_scan scan = {.number = i};
        struct remote *remote = new_remote(stream, &scan);
        struct fh_err err;
        if (remote == NULL) {
            continue; /* the consumer will miss the receipt and say so */
        }
        remote->closed = true; /* opened, it is cancelled at once and answers with its receipt */
        if (begin(remote, &scan, &err) != FH_OK) {
            remote->over = true;
        }
    }
}

static struct remote *find(struct fh_stream *stream, uint64_t scan)
{
    FH_LIST_FOREACH (link, &stream->remotes) {
        struct remote *remote = FH_LIST_ENTRY(link, struct remote, link);
        if (remote->scan == scan) {
            return remote;
        }
    }
    return NULL;
}

void fh_remote_want(struct fh_stream *stream, const struct fh_channel_count *count)
{
    struct remote *remote = find(stream, count->id);
    if (remote != NULL && count->count <= FH_QUERY_WINDOW) {
        remote->wanted += count->count;
        pull(remote);
    }
}

/* ---- closing ---- */

static void cancelled(struct fh_pack_reader *fields, const struct fh_err *failure, void *user)
{
    struct remote *remote = user;
    remote->on_way--;
    struct fh_stream *stream = remote->stream;
    struct fh_msg_bins bins;
    struct fh_bytes receipt;
    struct fh_err err;
    if (failure == NULL && wants_receipt(remote) &&
        fh_msg_bins_read(fields, &bins, &err) == FH_OK && fh_msg_bins_next(&bins, &receipt)) {
        fh_buf_reset(&remote->receipt);
        fh_buf_add_bytes(&remote->receipt, receipt);
        take_late_receipt(remote, FH_ECANCELLED);
    }
    remote->too_late = failure != NULL;
    fh_stream_hold(stream);
    settle(remote);
    fh_stream_release(stream);
}

static void free_arrived(struct remote *remote)
{
    for (size_t i = 0; i < FH_QUERY_WINDOW; i++) {
        fh_sealed_free(FH_TAKE(remote->arrived[i]));
    }
}

/* A closed scan is over when nothing of it is on its way. */
static void settle(struct remote *remote)
{
    if (remote->over || !remote->closed || remote->job_running) {
        return;
    }
    if (remote->opened && !remote->finished && !remote->cancel_sent) {
        remote->cancel_sent = true;
        remote->on_way++;
        FH_CLEANUP(fh_buf_fini) struct fh_buf request;
        fh_buf_init(&request, 64);
        fh_msg_cancel_request(&request, remote->owner_stream);
        fh_peers_ask(remote->stream->serve->options.peers,
                     &remote->target,
                     &request,
                     FH_REQUEST_MS,
                     cancelled,
                     remote);
        return;
    }
    if (remote->too_late && !remote->finished && wants_receipt(remote) &&
        open_next(remote, JOB_READ_ON)) {
        return;
    }
    if (remote->on_way == 0) {
        remote->over = true;
        free_arrived(remote);
        fh_stream_settle(remote->stream);
    }
}

void fh_remote_close(struct fh_stream *stream, uint64_t scan)
{
    struct remote *remote = find(stream, scan);
    if (remote != NULL && !remote->over) {
        remote->closed = true;
        settle(remote);
    }
}

void fh_remote_cancel_all(struct fh_stream *stream)
{
    FH_LIST_FOREACH (link, &stream->remotes) {
        struct remote *remote = FH_LIST_ENTRY(link, struct remote, link);
        remote->closed = true;
        settle(remote);
    }
}

bool fh_remote_all_over(const struct fh_stream *stream)
{
    FH_LIST_FOREACH (link, &stream->remotes) {
        if (!FH_LIST_ENTRY(link, struct remote, link)->over) {
            return false;
        }
    }
    return true;
}

bool fh_remote_at_work(const struct fh_stream *stream)
{
    FH_LIST_FOREACH (link, &stream->remotes) {
        if (FH_LIST_ENTRY(link, struct remote, link)->job_running) {
            return true;
        }
    }
    return false;
}

void fh_remote_free_all(struct fh_stream *stream)
{
    FH_LIST_FOREACH (link, &stream->remotes) {
        struct remote *remote = FH_LIST_ENTRY(link, struct remote, link);
        fh_list_remove(link);
        free_arrived(remote);
        fh_session_unref(remote->target.session);
        fh_buf_fini(&remote->receipt);
        fh_free(remote);
    }
}
