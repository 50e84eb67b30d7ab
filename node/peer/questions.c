/* SPDX-License-Identifier: Apache-2.0 */
#include "node/peer/questions_inside.h"

#include "common/assert.h"
#include "common/entropy.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/io/link.h"
#include "node/io/loop.h"
#include "node/peer/served.h"

#include <stdatomic.h>
#include <stdio.h>

enum {
    SWEEP_MS = 1000,
    RELAY_HEAD_BYTES = 16, /* [0, bin head] around an inner frame */
};

struct fh_questions {
    struct fh_questions_options options;
    struct fh_link *link;
    struct fh_timer *sweep;
    atomic_uint open;
    struct fh_served_table table;
};

/* Where a frame came from and where the answering frame goes: exactly one of the two is set. */
struct origin {
    struct fh_call *call;
    struct fh_question *relay;
};

/* ---- sessions that end by themselves ---- */

/* Whether the speaker still is what it was let in as: a key may be revoked meanwhile. */
static bool stands(struct fh_questions *q, struct fh_served *slot, int64_t wall)
{
    struct fh_err err;
    if (!slot->open || fh_admit_again(&slot->speaker, q->options.dir, wall, &err) == FH_OK) {
        return true;
    }
    char name[FH_ID_SHORT_BYTES];
    fh_domain_id_short(name, &slot->speaker.domain);
    fh_log(FH_LOG_WARN, "session.ended", "domain=%s rule=%s text=\"%s\"", name, err.rule, err.text);
    return false;
}

static void sweep(void *user)
{
    struct fh_questions *q = user;
    int64_t now = fh_clock_mono_ms();
    int64_t wall = fh_clock_wall_ms();
    for (size_t i = 0; i < FH_SERVED_SLOTS;) {
        struct fh_served *slot = &q->table.slots[i];
        if (slot->session != NULL && (fh_session_deadline(slot->session) <= now || slot->leaving ||
                                      fh_served_is_silent(slot, now))) {
            fh_served_drop(&q->table, slot); /* another one may move into this slot: look again */
            continue;
        }
        if (slot->session != NULL && !stands(q, slot, wall)) {
            /* What it asked ends now, and is told why: the session is closed at the next look. */
            slot->leaving = true;
            if (q->options.gone != NULL) {
                q->options.gone(slot->number, q->options.user);
            }
        }
        i++;
    }
    fh_timer_set(q->sweep, now + SWEEP_MS);
}

int fh_questions_new(struct fh_questions **out,
                     const struct fh_questions_options *options,
                     struct fh_err *err)
{
    struct fh_questions *q = fh_calloc(1, sizeof *q);
    if (q == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for sessions");
    }
    q->options = *options;
    q->table.gone = options->gone;
    q->table.user = options->user;
    int rc = fh_timer_new(&q->sweep, options->loop, sweep, q, err);
    if (rc != FH_OK) {
        fh_free(q);
        return rc;
    }
    fh_timer_set(q->sweep, fh_clock_mono_ms() + SWEEP_MS);
    *out = q;
    return FH_OK;
}

void fh_questions_set_link(struct fh_questions *questions, struct fh_link *link)
{
    questions->link = link;
}

void fh_questions_free(struct fh_questions *q)
{
    if (q == NULL) {
        return;
    }
    FH_ASSERT(atomic_load(&q->open) == 0);
    q->table.gone = NULL;
    for (size_t i = 0; i < FH_SERVED_SLOTS;) {
        if (q->table.slots[i].session != NULL) {
            fh_served_drop(&q->table, &q->table.slots[i]);
        } else {
            i++;
        }
    }
    fh_timer_free(q->sweep);
    fh_free(q);
}

unsigned fh_questions_open(const struct fh_questions *questions)
{
    return atomic_load(&questions->open);
}

/* ---- frames out ---- */

static void send_frame(struct origin origin, struct fh_bytes frame)
{
    if (origin.call != NULL) {
        struct fh_message *message = fh_message_copy(frame);
        if (message == NULL) {
            fh_call_drop(origin.call);
        } else {
            fh_call_reply(origin.call, message);
        }
        return;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf head;
    fh_buf_init(&head, RELAY_HEAD_BYTES);
    fh_msg_ok(&head, 1);
    fh_pack_bin_head(&head, (uint32_t)frame.size);
    FH_ASSERT(fh_buf_ok(&head) == FH_OK);
    uint8_t tag[FH_AEAD_TAG_BYTES];
    bool sent = fh_question_answer_tagged(origin.relay, fh_buf_view(&head), frame, tag);
    (void)sent; /* the relay is gone, and with it the asker */
}

static void send_nothing(struct origin origin)
{
    if (origin.call != NULL) {
        fh_call_drop(origin.call);
        return;
    }
    struct fh_err err;
    fh_err_rule(&err, FH_EPROTO, "session.frame", "the inner frame has no answer");
    fh_question_refuse(origin.relay, &err);
}

static void send_reject(struct origin origin, int code)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf frame;
    fh_buf_init(&frame, FH_FRAME_REJECT_BYTES);
    fh_frame_reject(&frame, code);
    send_frame(origin, fh_buf_view(&frame));
}

/* ---- handshakes ---- */

/* The node that carries the frame; zero: it came directly. */
static struct fh_node_id via_of(struct origin origin)
{
    struct fh_node_id via = {{0}};
    if (origin.relay != NULL) {
        memcpy(via.b, origin.relay->speaker.key.b, FH_ID_BYTES);
    }
    return via;
}

static void answer_first(struct fh_questions *q, const struct fh_frame *frame, struct origin origin)
{
    uint64_t number;
    do {
        fh_entropy(&number, sizeof number);
    } while (number == 0 || fh_served_find(&q->table, number) != NULL);
    FH_CLEANUP(fh_agree_secret_wipe) struct fh_agree_secret ephemeral;
    fh_entropy(&ephemeral, sizeof ephemeral);
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_FRAME_UNAUTHENTICATED_BYTES_MAX);
    int64_t now = fh_clock_mono_ms();
    struct fh_session *session;
    struct fh_err err;
    int rc = fh_session_answer(&session,
                               fh_identity_self(q->options.identity, fh_clock_wall_ms()),
                               frame,
                               &ephemeral,
                               number,
                               now,
                               &out,
                               &err);
    if (rc != FH_OK) {
        fh_log(FH_LOG_DEBUG, "session.refused", "rule=%s text=\"%s\"", err.rule, err.text);
        send_reject(origin, rc);
        return;
    }
    fh_served_make_room(&q->table);
    struct fh_served *slot = fh_served_insert(&q->table, number);
    FH_ASSERT(slot != NULL);
    slot->session = session;
    slot->used_ms = now;
    slot->via = via_of(origin);
    send_frame(origin, fh_buf_view(&out));
}

static void tell_refused(struct fh_questions *q,
                         const struct fh_speaker *speaker,
                         unsigned code,
                         const struct fh_err *err)
{
    if (q->options.refused != NULL) {
        q->options.refused(speaker, code, err, q->options.user);
    }
}

static void answer_last(struct fh_questions *q,
                        struct fh_served *slot,
                        const struct fh_frame *frame,
                        struct origin origin)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_FRAME_UNAUTHENTICATED_BYTES_MAX);
    int64_t now = fh_clock_mono_ms();
    struct fh_err err;
    int rc = fh_session_identify(slot->session, frame, now, &err);
    if (rc != FH_OK) {
        fh_log(FH_LOG_DEBUG, "session.refused", "rule=%s text=\"%s\"", err.rule, err.text);
        send_reject(origin, rc);
        return;
    }
    int64_t wall = fh_clock_wall_ms();
    const struct fh_session_self *self = fh_identity_self(q->options.identity, wall);
    rc = fh_admit(&slot->speaker, q->options.dir, fh_session_peer(slot->session), wall, &err);
    if (rc == FH_OK) {
        rc = fh_session_accept(slot->session, self, FH_BYTES_NONE, now, &out, &err);
        if (rc != FH_OK) {
            send_reject(origin, rc);
            fh_served_drop(&q->table, slot);
            return;
        }
        struct fh_served kept = *slot;
        fh_served_make_room_of_key(&q->table, &kept.speaker.key); /* may move slots */
        slot = fh_served_find(&q->table, kept.number);
        FH_ASSERT(slot != NULL);
        slot->open = true;
        slot->used_ms = now;
    } else {
        char name[FH_ID_SHORT_BYTES];
        fh_domain_id_short(name, &fh_session_peer(slot->session)->domain);
        fh_log(FH_LOG_WARN,
               "session.denied",
               "domain=%s rule=%s text=\"%s\"",
               name,
               err.rule,
               err.text);
        const struct fh_session_peer *peer = fh_session_peer(slot->session);
        const struct fh_speaker speaker = {
            .domain = peer->domain, .key = peer->key_id, .public_key = peer->key};
        tell_refused(q, &speaker, 0, &err);
        fh_session_reject(slot->session, &err, &out);
        fh_served_drop(&q->table, slot);
    }
    send_frame(origin, fh_buf_view(&out));
}

/* ---- requests ---- */

static bool open_to_strangers(unsigned code)
{
    return code == FH_MSG_REDEEM || code == FH_MSG_STATUS || code == FH_MSG_PROBE;
}

static void trust(struct fh_questions *q, struct fh_served *slot, struct fh_call *call)
{
    /* A stranger's connection stays among the few that its address may have, and short: keys cost
     * it nothing. */
    if (slot->told || q->link == NULL || !slot->speaker.admitted) {
        return;
    }
    struct fh_err err;
    if (fh_link_trust(q->link, fh_call_pipe(call), slot->speaker.key.b, &err) == FH_OK) {
        slot->told = true;
    }
}

static void ask(struct fh_questions *q,
                struct fh_served *slot,
                const struct fh_frame *frame,
                struct origin origin)
{
    struct fh_question *question = fh_calloc(1, sizeof *question);
    if (question == NULL) {
        send_nothing(origin);
        return;
    }
    int64_t now = fh_clock_mono_ms();
    struct fh_err err;
    /* Opened in place: the frame, also an inner one, lies in the call's own memory, which lives
     * until the answer. */
    struct fh_call *carrier = origin.call != NULL ? origin.call : origin.relay->call;
    uint8_t *plaintext = fh_call_data(carrier) + (frame->body.data - fh_call_frame(carrier).data);
    size_t size = fh_session_plaintext_bytes(frame);
    int rc =
        fh_session_open_request(slot->session, frame, now, plaintext, &question->binding, &err);
    if (rc != FH_OK) {
        fh_log(FH_LOG_DEBUG, "session.frame_refused", "rule=%s text=\"%s\"", err.rule, err.text);
        fh_free(question);
        send_reject(origin, rc);
        return;
    }
    slot->used_ms = now;
    slot->unheard = false;
    int standing = fh_admit_again(&slot->speaker, q->options.dir, fh_clock_wall_ms(), &err);
    if (standing == FH_OK && origin.call != NULL) {
        trust(q, slot, origin.call);
    }
    question->owner = q;
    question->call = origin.call;
    question->relay = origin.relay;
    question->relayed = origin.relay != NULL;
    question->session = fh_session_ref(slot->session);
    question->number = slot->number;
    question->speaker = slot->speaker;
    question->via = slot->via;
    atomic_fetch_add(&q->open, 1);
    rc = standing;
    if (rc == FH_OK) {
        rc = fh_msg_open(&question->fields,
                         fh_bytes(plaintext, size),
                         FH_FRAME_REQUEST_BYTES_MAX,
                         &question->code,
                         &err);
    }
    if (rc == FH_OK) {
        rc = fh_speaker_may(&question->speaker, question->code, &err);
    }
    if (rc == FH_OK && !question->speaker.admitted && !open_to_strangers(question->code)) {
        rc = fh_err_rule(&err,
                         FH_EDENIED,
                         "domain.not_admitted",
                         "this domain is not admitted to the mesh; redeem an invitation first");
    }
    if (rc != FH_OK) {
        tell_refused(q, &question->speaker, question->code, &err);
        fh_question_refuse(question, &err);
        return;
    }
    q->options.ask(question, q->options.user);
}

static void take_frame(struct fh_questions *q, struct fh_bytes bytes, struct origin origin)
{
    struct fh_frame frame;
    struct fh_err err;
    int rc = fh_frame_parse(&frame, bytes, &err);
    if (rc != FH_OK) {
        send_reject(origin, rc);
        return;
    }
    struct fh_served *slot = frame.session == 0 ? NULL : fh_served_find(&q->table, frame.session);
    struct fh_node_id via = via_of(origin);
    if (slot != NULL && !fh_node_id_equal(&slot->via, &via)) {
        slot = NULL; /* a session stays on the way on which it was made */
    }
    bool handshake = slot != NULL && !slot->open;
    if (frame.type == FH_FRAME_HS1) {
        answer_first(q, &frame, origin);
    } else if (frame.type == FH_FRAME_HS3 && handshake) {
        answer_last(q, slot, &frame, origin);
    } else if (frame.type == FH_FRAME_REQUEST && slot != NULL && slot->open && !slot->leaving) {
        ask(q, slot, &frame, origin);
    } else {
        send_reject(origin, FH_ENOTFOUND); /* the caller starts a new session */
    }
}

void fh_questions_call(struct fh_questions *questions, struct fh_call *call)
{
    take_frame(questions, fh_call_frame(call), (struct origin){.call = call});
}

void fh_questions_relayed(struct fh_questions *questions,
                          struct fh_question *relay,
                          struct fh_bytes frame)
{
    if (relay->relayed) { /* one relay is enough: a chain would hide who brings the frame */
        struct fh_err err;
        fh_err_rule(&err, FH_EDENIED, "relay.nested", "a relay does not carry another relay");
        fh_question_refuse(relay, &err);
        return;
    }
    take_frame(questions, frame, (struct origin){.relay = relay});
}

void fh_questions_hung_up(struct fh_questions *questions,
                          const struct fh_node_id *relay,
                          uint64_t session)
{
    struct fh_served *slot = session == 0 ? NULL : fh_served_find(&questions->table, session);
    if (slot != NULL && slot->open && fh_node_id_equal(&slot->via, relay)) {
        slot->unheard = true;
    }
}

/* ---- a question ---- */

unsigned fh_question_code(const struct fh_question *question)
{
    return question->code;
}

struct fh_pack_reader *fh_question_fields(struct fh_question *question)
{
    return &question->fields;
}

const struct fh_speaker *fh_question_speaker(const struct fh_question *question)
{
    return &question->speaker;
}

unsigned fh_question_version(const struct fh_question *question)
{
    return fh_session_peer(question->session)->version;
}

uint64_t fh_question_session(const struct fh_question *question)
{
    return question->number;
}

const struct fh_node_id *fh_question_via(const struct fh_question *question)
{
    return question->relayed ? &question->via : NULL;
}

/* A session that is not here any more has ended its questions by itself. */
static bool is_unheard(struct fh_questions *q, uint64_t session)
{
    const struct fh_served *slot = fh_served_find(&q->table, session);
    return slot != NULL && slot->unheard;
}

bool fh_question_is_heard(const struct fh_question *question)
{
    const struct fh_question *direct = question->relay != NULL ? question->relay : question;
    if (question->relayed && is_unheard(question->owner, question->number)) {
        return false;
    }
    return question->owner->link == NULL ||
           fh_link_stands(question->owner->link, fh_call_pipe(direct->call));
}

struct fh_hearer fh_question_hearer(const struct fh_question *question)
{
    struct fh_hearer hearer = {.questions = question->owner};
    if (question->relayed) {
        hearer.relayed = question->number;
    } else {
        hearer.pipe = fh_call_pipe(question->call);
    }
    return hearer;
}

bool fh_hearer_stands(const struct fh_hearer *hearer)
{
    if (hearer->questions != NULL && hearer->relayed != 0) {
        return !is_unheard(hearer->questions, hearer->relayed);
    }
    return hearer->questions == NULL || hearer->questions->link == NULL ||
           fh_link_stands(hearer->questions->link, hearer->pipe);
}

static void end_question(struct fh_question *question)
{
    struct fh_questions *owner = question->owner;
    fh_session_unref(question->session);
    fh_free(question);
    atomic_fetch_sub(&owner->open, 1);
}

bool fh_question_answer_tagged(struct fh_question *question,
                               struct fh_bytes head,
                               struct fh_bytes body,
                               uint8_t out_tag[FH_AEAD_TAG_BYTES])
{
    struct origin origin = {.call = question->call, .relay = question->relay};
    size_t size = head.size + body.size;
    size_t frame_size = fh_session_frame_bytes(size);
    struct fh_message *message = fh_message_new(frame_size);
    bool sealed = false;
    if (message != NULL) {
        uint8_t *frame = fh_message_data(message);
        const struct fh_bytes parts[] = {head, body};
        struct fh_err err;
        sealed = fh_session_seal_reply_parts(question->session,
                                             &question->binding,
                                             parts,
                                             FH_COUNT(parts),
                                             fh_clock_mono_ms(),
                                             frame,
                                             &err) == FH_OK;
        if (sealed) {
            memcpy(out_tag, frame + frame_size - FH_AEAD_TAG_BYTES, FH_AEAD_TAG_BYTES);
        }
    }
    if (!sealed) {
        fh_message_free(message);
        send_nothing(origin);
    } else if (origin.call != NULL) {
        fh_call_reply(origin.call, message);
    } else {
        send_frame(origin, fh_message_bytes(message));
        fh_message_free(message);
    }
    end_question(question);
    return sealed;
}

void fh_question_answer(struct fh_question *question, struct fh_bytes plaintext)
{
    uint8_t tag[FH_AEAD_TAG_BYTES];
    bool sent = fh_question_answer_tagged(question, plaintext, FH_BYTES_NONE, tag);
    (void)sent;
}
