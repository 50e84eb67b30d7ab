/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer to a QUERY that is there at once: its first batch, and the signed end when that came
 * with it, so that a small question takes one round trip. On the thread that asked the worker: the
 * loop's where nothing had to be waited for (direct.c), a pool thread otherwise.
 */
#include "node/query/stream.h"

/* Takes the next event, when it is there by then and no batch of more than `bytes_max`. */
static enum fh_worker_soon take(struct fh_stream *stream, int64_t until_ms, size_t bytes_max)
{
    enum fh_worker_soon soon = FH_WORKER_LATER;
    stream->job_code = fh_worker_soon(stream->worker, until_ms, bytes_max, &soon, &stream->job_err);
    if (stream->job_code == FH_OK && soon == FH_WORKER_AT_HAND) {
        stream->job_code = fh_worker_next(stream->worker, &stream->event, &stream->job_err);
    }
    return stream->job_code == FH_OK ? soon : FH_WORKER_LATER;
}

/* Answers with `batch` of so many rows (NULL: there is none) and the receipt when the answer has
 * ended. */
static void answer(struct fh_stream *stream, const struct fh_bytes *batch, uint32_t rows, bool end)
{
    static const struct fh_err well = {.code = FH_OK};
    struct fh_record_id id;
    FH_CLEANUP(fh_unsigned_answer_fini) struct fh_unsigned_answer out;
    fh_unsigned_answer_init(&out);
    stream->job_code = fh_stream_check_open(stream, &stream->job_err);
    if (stream->job_code == FH_OK && batch != NULL) {
        uint8_t tag[FH_AEAD_TAG_BYTES];
        fh_tally_inline_tag(tag, *batch);
        fh_tally_batch(&stream->tally, rows, *batch, tag, NULL);
    }
    if (stream->job_code == FH_OK && end) {
        stream->job_code =
            fh_stream_receipt_payload(stream, FH_OK, &out.payload, &id, &stream->job_err);
    }
    if (stream->job_code != FH_OK) {
        return;
    }
    fh_msg_query_answer_begin(&out.head, stream->id, batch, end);
    fh_view_tell(end ? &out.tail : &out.head, stream);
    if (fh_buf_ok(&out.head) != FH_OK || fh_buf_ok(&out.tail) != FH_OK) {
        stream->job_code = fh_err_set(&stream->job_err, FH_ENOMEM, "no memory for an answer");
        return; /* before it is accounted for as sent */
    }
    if (end) {
        fh_stream_account(stream, &well, &id);
        fh_stream_answer_signed(stream, FH_TAKE(stream->opening), &out);
    } else {
        fh_answer_behind(stream->decision, FH_TAKE(stream->opening), &out.head);
    }
    stream->inlined = end ? FH_STREAM_WHOLE : FH_STREAM_BEGUN;
}

bool fh_stream_inline(struct fh_stream *stream, int64_t until_ms)
{
    enum fh_worker_soon soon = take(stream, until_ms, FH_QUERY_INLINE_BYTES_MAX);
    if (soon != FH_WORKER_AT_HAND) {
        return soon == FH_WORKER_LATER;
    }
    if (stream->event.kind == FH_WORKER_END) {
        answer(stream, NULL, 0, true);
        return true;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf kept; /* the batch is lent until the next event */
    fh_buf_init(&kept, FH_QUERY_INLINE_BYTES_MAX);
    fh_buf_add_bytes(&kept, stream->event.batch);
    struct fh_bytes batch = fh_buf_view(&kept);
    stream->job_code = fh_buf_ok(&kept);
    if (stream->job_code != FH_OK) {
        fh_err_set(&stream->job_err, stream->job_code, "no memory for a batch");
        return true;
    }
    uint32_t rows = stream->event.rows;
    /* A worker sends the end with the last batch: it is there, or it is not near. */
    bool end = take(stream, 0, 0) == FH_WORKER_AT_HAND && stream->event.kind == FH_WORKER_END;
    if (stream->job_code == FH_OK) {
        stream->job_code = fh_stream_spend_rows(stream, rows, &stream->job_err);
    }
    if (stream->job_code != FH_OK) {
        return true; /* nothing of it leaves */
    }
    answer(stream, &batch, rows, end);
    if (stream->job_code != FH_OK) {
        fh_stream_give_back_rows(stream, rows);
    }
    if (stream->job_code == FH_OK && !end) {
        fh_worker_credit(stream->worker, 1);
    }
    return true;
}
