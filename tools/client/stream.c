/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batch i travels in slot i modulo the window. It is opened out of its slot, which asks for the
 * next one at once: the whole window is in flight while rows are read.
 */
#include "common/assert.h"
#include "common/mem.h"
#include "common/time.h"
#include "proto/session/messages.h"
#include "tools/client/given_up.h"
#include "tools/client/notices.h"
#include "tools/client/outbox.h"
#include "tools/client/query.h"
#include "tools/client/result.h"

#include <stdio.h>
#include <string.h>

enum {
    FH_CANCEL_MS = 1000, /* politeness only: the producer's own stall limit ends the stream too */
};

/* ---- requests in flight ---- */

/* 0 or less: its deadline has passed. */
static int64_t left_of(const struct freehold_result *result, int64_t most_ms)
{
    int64_t left = result->deadline_ms - fh_clock_mono_ms();
    return left < most_ms ? left : most_ms;
}

static int64_t wait_limit(const struct freehold_result *result, int64_t most_ms)
{
    int64_t left = left_of(result, most_ms);
    return left < 1 ? 1 : left;
}

static bool is_late(const struct freehold_result *result)
{
    return fh_clock_mono_ms() >= result->deadline_ms;
}

static int too_late(struct fh_err *err)
{
    return fh_err_rule(err, FH_ETIMEOUT, "query.deadline", "the deadline of the query has passed");
}

int fh_stream_in_time(const struct freehold_result *result, struct fh_err *err)
{
    return is_late(result) ? too_late(err) : FH_OK;
}

int fh_stream_call(struct freehold_result *result,
                   struct fh_channel *channel,
                   struct fh_pack_reader *reader,
                   struct fh_err *err)
{
    struct freehold_client *client = result->client;
    int code = fh_buf_ok(&client->request);
    if (code != FH_OK) {
        return fh_err_set(err, code, "the request does not fit a message");
    }
    code = fh_stream_in_time(result, err);
    if (code == FH_OK) {
        code = fh_channel_call_within(channel,
                                      fh_buf_view(&client->request),
                                      wait_limit(result, FH_REQUEST_MS),
                                      &client->answer,
                                      reader,
                                      err);
    }
    if (code == FH_ETIMEOUT && is_late(result)) {
        fh_channel_go_on(channel); /* it serves the next, and those who have more time */
        return too_late(err);
    }
    return code;
}

int fh_stream_first(struct freehold_result *result, struct fh_bytes *out, struct fh_err *err)
{
    int slot = result->slots[0];
    fh_link_hurry(fh_channel_link(result->channel), slot, left_of(result, FH_REQUEST_MS));
    int code = fh_channel_wait(result->channel, slot, &result->landing, out, NULL, err);
    if (code == FH_ETIMEOUT && is_late(result)) {
        fh_channel_go_on(result->channel);
        fh_given_up_add(result); /* so that the producer is told when its answer comes */
        return too_late(err);
    }
    return code;
}

static int post_next(struct freehold_result *result, struct fh_err *err)
{
    int in_time = fh_stream_in_time(result, err);
    if (in_time != FH_OK) {
        return in_time;
    }
    if (result->renewals != fh_channel_renewals(result->channel)) {
        return fh_err_rule(err,
                           FH_EUNREACH,
                           FH_CHANNEL_FORGOTTEN,
                           "the peer has forgotten the session that this answer came in");
    }
    struct fh_buf *request = &result->client->request;
    fh_buf_reset(request);
    fh_msg_next_request(request, result->stream, result->next_post);
    int slot = fh_stream_slot(result, result->next_post);
    if (slot < 0) {
        return fh_err_set(err, FH_EBUSY, "too many results of this client are open");
    }
    int code = fh_channel_post(
        result->channel, slot, fh_buf_view(request), wait_limit(result, FH_STREAM_STALL_MS), err);
    if (code == FH_OK) {
        result->next_post++;
        return FH_OK;
    }
    return is_late(result) ? too_late(err) : code; /* no time was left to send it in */
}

int fh_stream_slot(struct freehold_result *result, uint64_t index)
{
    int *slot = &result->slots[index % FH_QUERY_WINDOW];
    if (*slot < 0) {
        *slot = fh_link_take_slot(fh_channel_link(result->channel));
    }
    return *slot;
}

/* As many requests ahead as the window and the link's slots allow, one at least. */
static int fill_window(struct freehold_result *result, struct fh_err *err)
{
    int code = FH_OK;
    while (code == FH_OK && result->next_post < result->next_take + result->window) {
        if (result->next_post > result->next_take &&
            fh_stream_slot(result, result->next_post) < 0) {
            break;
        }
        code = post_next(result, err);
    }
    return code;
}

/* Nobody reads the answer to QUERY any more: only its number is wanted, to cancel it. */
static void open_unread(struct freehold_result *result)
{
    result->asking = false;
    fh_link_hurry(fh_channel_link(result->channel), result->slots[0], FH_CANCEL_MS);
    if (fh_given_up_open(result->channel, result->slots[0], &result->stream)) {
        result->renewals = fh_channel_renewals(result->channel);
        result->streaming = true;
    }
}

void fh_stream_stop(struct freehold_result *result)
{
    if (result->channel == NULL) {
        return;
    }
    if (result->asking) {
        open_unread(result);
    }
    struct fh_link *link = fh_channel_link(result->channel);
    bool tell = result->streaming && !result->ended && result->slots[0] >= 0 &&
                result->renewals == fh_channel_renewals(result->channel) &&
                !fh_channel_is_worn(result->channel);
    for (size_t i = 0; i < FH_QUERY_WINDOW; i++) {
        if (result->slots[i] >= 0 && (i > 0 || !tell)) {
            fh_link_release_slot(link, result->slots[i]);
            result->slots[i] = -1;
        }
    }
    if (tell) {
        struct fh_bytes ignored;
        struct fh_buf *request = &result->client->request;
        fh_buf_reset(request);
        fh_msg_cancel_request(request, result->stream);
        if (fh_channel_post(
                result->channel, result->slots[0], fh_buf_view(request), FH_CANCEL_MS, NULL) ==
                FH_OK &&
            fh_channel_wait(result->channel, result->slots[0], NULL, &ignored, NULL, NULL) !=
                FH_OK) {
            /* It will notice by itself. */
        }
        fh_link_release_slot(link, result->slots[0]);
        result->slots[0] = -1;
    }
    result->streaming = false;
}

/* ---- batches ---- */

static int learn_columns(struct freehold_result *result, struct fh_err *err)
{
    size_t count = result->batch.column_count;
    result->columns = fh_calloc(count, sizeof *result->columns);
    if (result->columns == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for columns");
    }
    result->column_count = count;
    for (size_t i = 0; i < count; i++) {
        struct fh_result_column *column = &result->columns[i];
        const struct fh_batch_column *from = &result->batch.columns[i];
        fh_buf_init(&column->text, 2 * (size_t)FH_CELL_BYTES_MAX);
        column->name = fh_alloc(from->name.size + 1);
        if (column->name == NULL) {
            return fh_err_set(err, FH_ENOMEM, "no memory for columns");
        }
        if (from->name.size > 0) {
            memcpy(column->name, from->name.data, from->name.size);
        }
        column->name[from->name.size] = 0;
        column->type = from->type;
        fh_type_text(column->type_name, from->type);
    }
    return FH_OK;
}

static int check_columns(const struct freehold_result *result, struct fh_err *err)
{
    bool same = result->batch.column_count == result->column_count;
    for (size_t i = 0; same && i < result->column_count; i++) {
        same = fh_type_equal(result->batch.columns[i].type, result->columns[i].type);
    }
    return same ? FH_OK
                : fh_err_rule(err,
                              FH_EPROTO,
                              "batch.columns",
                              "a batch has other columns than the first one");
}

static int take_batch(struct freehold_result *result,
                      struct fh_bytes bytes,
                      const uint8_t tag[FH_AEAD_TAG_BYTES],
                      struct fh_err *err)
{
    fh_arena_free(result->arena);
    result->arena = fh_arena_new((size_t)FH_BATCH_COLUMNS_MAX * 2 * sizeof(struct fh_batch_column));
    if (result->arena == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a batch");
    }
    int code = fh_batch_parse(&result->batch, bytes, result->arena, err);
    if (code == FH_OK) {
        code = fh_batch_check_text(&result->batch, err);
    }
    if (code != FH_OK) {
        result->batch.rows = 0;
        /* A batch that does not parse is the producer's fault, not the caller's. */
        err->code = code == FH_EINVAL || code == FH_ETOOBIG ? FH_EPROTO : code;
        return fh_err_wrap(err, "batch %llu", (unsigned long long)result->next_take - 1);
    }
    code = result->columns == NULL ? learn_columns(result, err) : check_columns(result, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_hash leaf;
    bool tree = (result->request.flags & FH_QUERY_TREE) != 0;
    fh_tally_batch(&result->tally, result->batch.rows, bytes, tag, tree ? &leaf : NULL);
    if (tree) {
        fh_buf_add(&result->leaves, leaf.b, sizeof leaf.b);
        code = fh_buf_ok(&result->leaves);
    }
    return code == FH_OK ? FH_OK : fh_err_set(err, code, "the hash tree has too many leaves");
}

static int
take_end(struct freehold_result *result, struct fh_msg_bins *receipts, struct fh_err *err)
{
    struct fh_bytes record;
    result->ended = true;
    while (fh_msg_bins_next(receipts, &record)) {
        if (result->receipt_count == FH_RECEIPT_FILE_RECEIPTS_MAX) {
            return fh_err_rule(
                err, FH_EPROTO, "receipt.count", "the answer ends with too many receipts");
        }
        fh_buf_add_bytes(&result->receipt_bytes, record);
        result->receipt_sizes[result->receipt_count++] = record.size;
    }
    int code = fh_buf_ok(&result->receipt_bytes);
    return code == FH_OK ? fh_stream_check_end(result, err)
                         : fh_err_set(err, code, "the receipts do not fit");
}

int fh_stream_begin(struct freehold_result *result,
                    const struct fh_msg_query_answer *answer,
                    struct fh_err *err)
{
    result->stream = answer->stream;
    result->renewals = fh_channel_renewals(result->channel);
    result->streaming = true;
    result->next_post = 0;
    result->next_take = 0;
    result->window = FH_RESULT_WINDOW_FIRST;
    if (answer->end) { /* first, as aligning the batch moves bytes */
        result->ended = true;
        fh_buf_add_bytes(&result->receipt_bytes, answer->receipt);
        result->receipt_sizes[result->receipt_count++] = answer->receipt.size;
        if (fh_buf_ok(&result->receipt_bytes) != FH_OK) {
            return fh_err_set(err, fh_buf_ok(&result->receipt_bytes), "the receipt does not fit");
        }
    }
    int code = FH_OK;
    if (answer->has_batch) {
        struct fh_bytes batch = fh_landing_align(&result->landing, answer->batch);
        uint8_t tag[FH_AEAD_TAG_BYTES];
        result->next_post = 1;
        result->next_take = 1;
        fh_tally_inline_tag(tag, batch);
        code = take_batch(result, batch, tag, err);
        result->has_first = code == FH_OK && result->batch.rows > 0;
    }
    if (code != FH_OK) {
        return code;
    }
    return answer->end ? fh_stream_check_end(result, err) : fill_window(result, err);
}

/* Takes the answer to the oldest NEXT. */
static int take_next(struct freehold_result *result, struct fh_err *err)
{
    uint8_t tag[FH_AEAD_TAG_BYTES];
    struct fh_bytes answer;
    struct fh_pack_reader reader;
    struct fh_msg_next next;
    int slot = result->slots[result->next_take % FH_QUERY_WINDOW];
    fh_outbox_flush(result->client); /* a long answer is no reason to wait for */
    int code = fh_channel_wait(result->channel, slot, &result->landing, &answer, tag, err);
    if (code == FH_ETIMEOUT) {
        if (is_late(result)) {
            fh_channel_go_on(result->channel); /* it can be told to stop, and serves the next */
            return too_late(err);
        }
        code = fh_err_rule(err,
                           FH_ETIMEOUT,
                           "query.stalled",
                           "the answer stopped: no batch within %d s",
                           FH_STREAM_STALL_MS / 1000);
    }
    if (code == FH_OK) {
        code = fh_msg_answer(&reader, answer, FH_FRAME_REPLY_BYTES_MAX, err);
        result->refused = code != FH_OK && result->next_take == 0;
    }
    if (code == FH_OK) {
        code = fh_msg_next_read(&reader, &next, err);
    }
    if (code != FH_OK) {
        return code;
    }
    result->next_take++;
    if (next.end) {
        return take_end(result, &next.receipts, err);
    }
    result->window = FH_QUERY_WINDOW;
    if (fill_window(result, NULL) != FH_OK) {
        /* This batch came all the same; the next step meets what is wrong again. */
    }
    return take_batch(result, fh_landing_align(&result->landing, next.batch), tag, err);
}

/* Says of an error that came after rows that these are not the whole answer. */
static int cut_short(const struct freehold_result *result, int code, struct fh_err *err)
{
    unsigned long long rows = fh_tally_read(&result->tally).rows;
    /* Also when its session was forgotten, and a new one opened since. */
    bool gone = code == FH_EUNREACH || strcmp(err->rule, "stream.unknown") == 0;
    if (rows == 0 || (!gone && code != FH_ETIMEOUT)) {
        return code;
    }
    fh_err_wrap(err, "the answer is incomplete, it broke off after %llu rows", rows);
    if (gone) {
        err->code = FH_EINCOMPLETE;
        snprintf(err->rule, sizeof err->rule, "answer.incomplete");
    }
    return err->code;
}

int fh_stream_step(struct freehold_result *result, bool *out_rows)
{
    struct fh_err *err = &result->err;
    *out_rows = false;
    fh_given_up_look(result->client);
    fh_outbox_look(result->client, false);
    if (result->asking) {
        err->code = fh_query_opened(result, err);
        if (err->code != FH_OK) {
            result->batch.rows = 0;
            fh_stream_stop(result);
            return err->code;
        }
    }
    while (err->code == FH_OK) {
        if (result->has_first) {
            result->has_first = false;
            result->row = 0;
            *out_rows = true;
            return FH_OK;
        }
        result->batch.rows = 0;
        if (result->ended) {
            break;
        }
        int code = result->next_take == 0 ? FH_OK : fill_window(result, err);
        if (code == FH_OK) {
            code = take_next(result, err);
        }
        if (code != FH_OK) {
            code = fh_query_again(result, code, err);
            if (code == FH_OK) {
                continue;
            }
        }
        if (code != FH_OK) {
            err->code = code;
            code = cut_short(result, code, err);
            result->batch.rows = 0;
            fh_stream_stop(result);
            return code;
        }
        if (!result->ended && result->batch.rows > 0) {
            result->row = 0;
            *out_rows = true;
            return FH_OK;
        }
    }
    return err->code;
}

/* ---- the end ---- */

/* One receipt: a node of its owner signed it when it says it did. */
static int check_signed(struct freehold_result *result,
                        struct fh_bytes bytes,
                        struct fh_receipt *out,
                        struct fh_record_id *out_id,
                        struct fh_err *err)
{
    struct fh_record record;
    int code = fh_record_parse(&record, bytes, &result->client->actor->mesh, err);
    if (code == FH_OK && record.type != FH_RECORD_RECEIPT) {
        code = fh_err_rule(err, FH_EPROTO, "receipt.type", "the answer ends with another record");
    }
    if (code == FH_OK) {
        code = fh_receipt_parse(out, record.payload, err);
    }
    if (code == FH_OK && out->finished_ms > fh_clock_wall_ms() + FH_CLOCK_SKEW_MS) {
        code = fh_err_rule(err, FH_ESIG, "receipt.time", "the receipt is dated in the future");
    }
    if (code != FH_OK) {
        return code;
    }
    struct fh_signer signer;
    code = fh_client_verify(result->client,
                            &record,
                            &out->owner,
                            FH_ROLE_MASK(FH_ROLE_NODE),
                            out->finished_ms,
                            &signer,
                            err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_node_id node = fh_node_id_of(&signer.key);
    *out_id = record.id;
    return fh_node_id_equal(&node, &out->node)
               ? FH_OK
               : fh_err_rule(err,
                             FH_ESIG,
                             "receipt.node",
                             "the receipt names another node than its signer");
}

/* The receipts of a join's owners, behind the first one. */
static int check_parts(struct freehold_result *result, struct fh_err *err)
{
    size_t count = result->receipt_count - 1;
    struct fh_receipt *parts FH_CLEANUP(fh_freep) = fh_calloc(count, sizeof *parts);
    struct fh_record_id *ids FH_CLEANUP(fh_freep) = fh_calloc(count, sizeof *ids);
    if (parts == NULL || ids == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for receipts");
    }
    const uint8_t *at = result->receipt_bytes.data + result->receipt_sizes[0];
    int code = FH_OK;
    for (size_t i = 0; i < count && code == FH_OK; i++) {
        size_t size = result->receipt_sizes[i + 1];
        code = check_signed(result, fh_bytes(at, size), &parts[i], &ids[i], err);
        at += size;
    }
    if (code == FH_OK) {
        code = fh_receipt_check_parts(
            &result->receipt, parts, ids, count, &result->request, &result->request_id, err);
    }
    for (size_t i = 0; i < count && code == FH_OK; i++) {
        fh_notices_of_part(result, &parts[i]);
    }
    return code;
}

int fh_stream_check_end(struct freehold_result *result, struct fh_err *err)
{
    struct fh_observed observed = fh_tally_read(&result->tally);
    if (result->receipt_count == 0) {
        return fh_receipt_check(NULL, &result->request, &result->request_id, &observed, err);
    }
    struct fh_bytes first = fh_bytes(result->receipt_bytes.data, result->receipt_sizes[0]);
    int code = check_signed(result, first, &result->receipt, &result->receipt_id, err);
    if (code == FH_OK) {
        code = fh_receipt_check(
            &result->receipt, &result->request, &result->request_id, &observed, err);
    }
    if (code == FH_OK) {
        fh_notices_of_end(result, &result->receipt);
    }
    return code == FH_OK && result->joined ? check_parts(result, err) : code;
}
