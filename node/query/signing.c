/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The receipts of small answers, signed together. Signing one is 20 us of the processor, and
 * verifying it 40 at the other end; so an answer whose session has more questions that are about to
 * end waits for those, and one signature is over all (proto/wire/together.h):
 *
 *     the loop has an answer ──► no other question of the session: signed at once
 *                           └──► held ──► the last of them, 16, or FH_TOGETHER_MS over: signed
 *
 * A question that is alone never waits, nor does one beside a question that has taken
 * FH_QUERY_INLINE_MS.
 */
#include "node/query/stream.h"

#include "common/mem.h"
#include "common/time.h"

/* An answer that is whole but for its signature. */
struct held {
    struct fh_list link;
    uint64_t session;
    int64_t until_ms;
    struct fh_question *question;
    struct fh_audit_ticket *decision; /* a reference, or NULL */
    struct fh_unsigned_answer answer;
};

void fh_unsigned_answer_init(struct fh_unsigned_answer *answer)
{
    fh_buf_init(&answer->head, FH_FRAME_REPLY_BYTES_MAX);
    fh_buf_init(&answer->payload, fh_record_payload_max(FH_RECORD_RECEIPT));
    fh_buf_init(&answer->tail, FH_FRAME_REPLY_BYTES_MAX);
}

void fh_unsigned_answer_fini(struct fh_unsigned_answer *answer)
{
    fh_buf_fini(&answer->head);
    fh_buf_fini(&answer->payload);
    fh_buf_fini(&answer->tail);
}

/* Takes the question. */
static void send(struct fh_audit_ticket *decision,
                 struct fh_question *question,
                 const struct fh_unsigned_answer *answer,
                 const struct fh_buf *record)
{
    struct fh_err err;
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_FRAME_REPLY_BYTES_MAX);
    fh_buf_add_bytes(&out, fh_buf_view(&answer->head));
    fh_pack_bin(&out, fh_buf_view(record));
    fh_buf_add_bytes(&out, fh_buf_view(&answer->tail));
    if (fh_buf_ok(record) != FH_OK || fh_buf_ok(&answer->head) != FH_OK ||
        fh_buf_ok(&answer->tail) != FH_OK || fh_buf_ok(&out) != FH_OK) {
        fh_err_set(&err, FH_ETOOBIG, "the receipt does not fit a record");
        fh_question_refuse_privately(question, "receipt", &err);
        return;
    }
    fh_answer_behind(decision, question, &out);
}

/* Signs answers of one session together and sends them, in their order. */
static void sign(struct fh_serve *serve, struct held **all, unsigned count)
{
    const struct fh_serve_options *o = &serve->options;
    struct fh_buf records[FH_TOGETHER_MAX];
    struct fh_buf *outs[FH_TOGETHER_MAX];
    struct fh_bytes payloads[FH_TOGETHER_MAX];
    for (unsigned i = 0; i < count; i++) {
        fh_buf_init(&records[i], FH_RECORD_BYTES_MAX);
        outs[i] = &records[i];
        payloads[i] = fh_buf_view(&all[i]->answer.payload);
    }
    fh_keystore_seal_together(o->keys, outs, FH_RECORD_RECEIPT, &o->mesh_id, payloads, count);
    for (unsigned i = 0; i < count; i++) {
        struct held *held = all[i];
        send(held->decision, held->question, &held->answer, &records[i]);
        fh_buf_fini(&records[i]);
        fh_audit_ticket_unref(held->decision);
        fh_unsigned_answer_fini(&held->answer);
        fh_free(held);
    }
}

/* Signs all that is held of a session. */
static void sign_session(struct fh_serve *serve, uint64_t session)
{
    struct held *all[FH_TOGETHER_MAX];
    unsigned count = 0;
    FH_LIST_FOREACH (link, &serve->unsigned_answers) {
        struct held *held = FH_LIST_ENTRY(link, struct held, link);
        if (held->session == session) {
            fh_list_remove(&held->link);
            serve->unsigned_count--;
            all[count++] = held;
        }
    }
    if (count > 0) {
        sign(serve, all, count);
    }
}

/* Whether another question of the session, which may be answered as this one, came lately. One that
 * a pool thread has is that thread's, and signed alone. */
static bool has_fellows(const struct fh_stream *stream, int64_t now_ms)
{
    FH_LIST_FOREACH (link, &stream->serve->streams) {
        const struct fh_stream *other = FH_LIST_ENTRY(link, struct fh_stream, link);
        if (other != stream && other->session == stream->session && !other->job_running &&
            other->opening != NULL && other->kind == FH_STREAM_QUERY &&
            other->state < FH_STREAM_RUNNING && other->barrier == NULL &&
            now_ms - other->queued_ms <= FH_QUERY_INLINE_MS) {
            return true;
        }
    }
    return false;
}

static unsigned count_of(const struct fh_serve *serve, uint64_t session)
{
    unsigned count = 0;
    FH_LIST_FOREACH (link, &serve->unsigned_answers) {
        count += FH_LIST_ENTRY(link, struct held, link)->session == session;
    }
    return count;
}

static void sign_alone(struct fh_stream *stream,
                       struct fh_question *question,
                       const struct fh_unsigned_answer *answer)
{
    const struct fh_serve_options *o = &stream->serve->options;
    FH_CLEANUP(fh_buf_fini) struct fh_buf record;
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    fh_keystore_seal(
        o->keys, &record, FH_RECORD_RECEIPT, &o->mesh_id, fh_buf_view(&answer->payload));
    send(stream->decision, question, answer, &record);
}

void fh_stream_answer_signed(struct fh_stream *stream,
                             struct fh_question *question,
                             struct fh_unsigned_answer *answer)
{
    struct fh_serve *serve = stream->serve;
    bool on_loop = stream->direct_until_ms != 0;
    if (!on_loop || stream->version < FH_PROTOCOL_VERSION_TOGETHER) {
        sign_alone(stream, question, answer);
        return;
    }
    int64_t now_ms = fh_clock_mono_ms();
    unsigned before = serve->unsigned_count == 0 ? 0 : count_of(serve, stream->session);
    bool wait = !serve->quiet && before + 1 < FH_TOGETHER_MAX &&
                serve->unsigned_count < FH_UNSIGNED_ANSWERS_MAX && has_fellows(stream, now_ms);
    struct held *held = wait || before > 0 ? fh_calloc(1, sizeof *held) : NULL;
    if (held == NULL) {
        sign_alone(stream, question, answer);
        return;
    }
    held->session = stream->session;
    held->until_ms = now_ms + FH_TOGETHER_MS;
    held->question = question;
    held->decision = FH_TAKE(stream->decision); /* its end is accounted for */
    held->answer = *answer;
    fh_unsigned_answer_init(answer);
    fh_list_push_back(&serve->unsigned_answers, &held->link);
    serve->unsigned_count++;
    if (wait) {
        fh_serve_look(serve, held->until_ms);
    } else {
        sign_session(serve, stream->session);
    }
}

void fh_serve_sign(struct fh_serve *serve, int64_t now_ms)
{
    bool again = true;
    while (again) {
        again = false;
        FH_LIST_FOREACH (link, &serve->unsigned_answers) {
            const struct held *held = FH_LIST_ENTRY(link, struct held, link);
            if (held->until_ms <= now_ms) {
                sign_session(serve, held->session);
                again = true; /* the list is another one */
                break;
            }
            fh_serve_look(serve, held->until_ms);
        }
    }
}
