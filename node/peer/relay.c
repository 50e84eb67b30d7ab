/* SPDX-License-Identifier: Apache-2.0 */
#include "node/peer/relay.h"

#include "common/assert.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/io/loop.h"
#include "node/io/pool.h"
#include "proto/wire/envelope.h"

enum {
    CARRY_MS = FH_STREAM_STALL_MS,     /* an owner may work that long on one answer */
    LOOK_MS = 250,                     /* for consumers that hung up */
    QUIET_MS = 2 * FH_STREAM_STALL_MS, /* nothing that it asked waits at the other end then */
};

/* An inner session, and the connection at which its consumer spoke last. */
struct line {
    struct fh_node_id node;
    uint64_t session; /* 0: free */
    struct fh_hearer hearer;
    int64_t used_ms;
};

struct fh_relay {
    struct fh_relay_options options;
    unsigned carried;
    struct fh_timer *look;
    unsigned line_count;
    struct line lines[FH_RELAY_LINES_MAX];
};

/* ---- consumers that hang up ---- */

static void told(struct fh_pack_reader *fields, const struct fh_err *err, void *user)
{
    (void)fields; /* a node that does not know it ends the question by its deadline */
    (void)err;
    (void)user;
}

static void tell(struct fh_relay *relay, const struct line *line)
{
    struct fh_peer_target target = {.node = line->node};
    if (!relay->options.address(relay->options.user, &line->node, &target.address)) {
        return;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf request;
    fh_buf_init(&request, 64);
    fh_msg_hung_up_request(&request, line->session);
    fh_peers_ask(relay->options.peers, &target, &request, FH_REQUEST_MS, told, NULL);
}

static void look(void *user)
{
    struct fh_relay *relay = user;
    int64_t now = fh_clock_mono_ms();
    for (unsigned i = 0; i < relay->line_count;) {
        struct line *line = &relay->lines[i];
        bool stands = fh_hearer_stands(&line->hearer);
        if (stands && now - line->used_ms < QUIET_MS) {
            i++;
            continue;
        }
        struct line ended = *line;
        *line = relay->lines[--relay->line_count];
        if (!stands) {
            tell(relay, &ended);
        }
    }
    fh_timer_set(relay->look, relay->line_count > 0 ? now + LOOK_MS : INT64_MAX);
}

/* Remembers who speaks in an inner session; when there are too many, the quietest is forgotten. */
static void note_line(struct fh_relay *relay,
                      const struct fh_question *question,
                      const struct fh_node_id *node,
                      struct fh_bytes bytes)
{
    struct fh_frame frame;
    struct fh_err ignored;
    if (fh_frame_parse(&frame, bytes, &ignored) != FH_OK || frame.type != FH_FRAME_REQUEST ||
        frame.session == 0) {
        return;
    }
    struct line *at = NULL;
    struct line *quietest = &relay->lines[0];
    for (unsigned i = 0; i < relay->line_count && at == NULL; i++) {
        struct line *line = &relay->lines[i];
        if (line->session == frame.session && fh_node_id_equal(&line->node, node)) {
            at = line;
        }
        quietest = line->used_ms < quietest->used_ms ? line : quietest;
    }
    if (at == NULL) {
        at = relay->line_count < FH_RELAY_LINES_MAX ? &relay->lines[relay->line_count++] : quietest;
    }
    int64_t now = fh_clock_mono_ms();
    if (relay->line_count == 1) {
        fh_timer_set(relay->look, now + LOOK_MS);
    }
    *at = (struct line){.node = *node,
                        .session = frame.session,
                        .hearer = fh_question_hearer(question),
                        .used_ms = now};
}

/* ---- frames ---- */

struct carry {
    struct fh_relay *relay;
    struct fh_question *question;
    struct fh_sealed *sealed;
};

/* Pool thread: our session's answer is opened, the inner frame inside sealed for the asker. */
static void hand_back(void *user)
{
    struct carry *carry = user;
    struct fh_pack_reader fields;
    struct fh_err err;
    int rc = fh_sealed_open(carry->sealed, &fields, NULL, &err);
    if (rc == FH_OK) {
        struct fh_bytes frame = fh_pack_read_bin(&fields, FH_FRAME_REPLY_BYTES_MAX);
        rc = fh_pack_read_ok(&fields, "relayed answer", &err);
        if (rc == FH_OK) {
            FH_CLEANUP(fh_buf_fini) struct fh_buf head;
            fh_buf_init(&head, 16);
            fh_msg_ok(&head, 1);
            fh_pack_bin_head(&head, (uint32_t)frame.size);
            uint8_t tag[FH_AEAD_TAG_BYTES];
            bool sent =
                fh_question_answer_tagged(FH_TAKE(carry->question), fh_buf_view(&head), frame, tag);
            (void)sent; /* the asker is gone: nobody to tell */
        }
    }
    if (rc != FH_OK) {
        fh_question_refuse(FH_TAKE(carry->question), &err);
    }
}

static void handed_back(void *user)
{
    struct carry *carry = user;
    carry->relay->carried--;
    fh_sealed_free(carry->sealed);
    fh_free(carry);
}

static void carried(struct fh_sealed *sealed, const struct fh_err *failure, void *user)
{
    struct carry *carry = user;
    struct fh_err err;
    if (failure == NULL) {
        carry->sealed = sealed;
        if (fh_pool_submit(carry->relay->options.loop, hand_back, handed_back, carry, &err) ==
            FH_OK) {
            return;
        }
        failure = &err;
    }
    fh_question_refuse(FH_TAKE(carry->question), failure);
    handed_back(carry);
}

static int begin(struct fh_relay *relay,
                 struct fh_question *question,
                 const struct fh_node_id *node,
                 struct fh_bytes frame,
                 struct fh_err *err)
{
    struct fh_peer_target target = {.node = *node};
    if (fh_question_via(question) != NULL) {
        return fh_err_rule(err, FH_EDENIED, "relay.nested", "a relay does not carry another relay");
    }
    if (relay->carried >= FH_RELAYED_MAX) {
        return fh_err_rule(
            err, FH_EBUSY, "limit.relay", "this node relays %d frames already", FH_RELAYED_MAX);
    }
    if (!relay->options.address(relay->options.user, node, &target.address)) {
        return fh_err_rule(err,
                           FH_EUNREACH,
                           "product.unreachable",
                           "the owner's node does not answer at present; its products can be read "
                           "when it is back");
    }
    struct carry *carry = fh_calloc(1, sizeof *carry);
    if (carry == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory to relay");
    }
    *carry = (struct carry){.relay = relay, .question = question};
    FH_CLEANUP(fh_buf_fini) struct fh_buf request;
    fh_buf_init(&request, FH_FRAME_REQUEST_BYTES_MAX);
    fh_msg_relay_request(&request, node, frame);
    note_line(relay, question, node, frame);
    relay->carried++;
    fh_peers_ask_bulk(relay->options.peers, &target, &request, CARRY_MS, carried, carry);
    return FH_OK;
}

/* The other end: a relay speaks of sessions that were made through it. */
static void hear_of(struct fh_relay *relay, struct fh_question *question)
{
    const struct fh_speaker *speaker = fh_question_speaker(question);
    struct fh_node_id node;
    struct fh_err err;
    uint64_t session = 0;
    int rc =
        speaker->role == FH_ROLE_NODE && fh_question_via(question) == NULL
            ? fh_msg_hung_up_read(fh_question_fields(question), &session, &err)
            : fh_err_rule(
                  &err, FH_EDENIED, "relay.role", "only a node tells who has hung up behind it");
    if (rc != FH_OK) {
        fh_question_refuse(question, &err);
        return;
    }
    memcpy(node.b, speaker->key.b, sizeof node.b);
    fh_questions_hung_up(relay->options.questions, &node, session);
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, 16);
    fh_msg_ok(&out, 0);
    fh_question_answer_buf(question, &out);
}

void fh_relay_question(struct fh_relay *relay, struct fh_question *question)
{
    struct fh_node_id node;
    struct fh_bytes frame;
    struct fh_err err;
    if (fh_question_code(question) == FH_MSG_HUNG_UP) {
        hear_of(relay, question);
        return;
    }
    int rc = fh_msg_relay_read(fh_question_fields(question), &node, &frame, &err);
    if (rc == FH_OK && fh_node_id_equal(&node, &relay->options.self)) {
        fh_questions_relayed(relay->options.questions, question, frame);
        return;
    }
    if (rc == FH_OK) {
        rc = begin(relay, question, &node, frame, &err);
    }
    if (rc != FH_OK) {
        fh_question_refuse(question, &err);
    }
}

int fh_relay_new(struct fh_relay **out, const struct fh_relay_options *options, struct fh_err *err)
{
    struct fh_relay *relay = fh_calloc(1, sizeof *relay);
    if (relay == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory to relay");
    }
    relay->options = *options;
    int rc = fh_timer_new(&relay->look, options->loop, look, relay, err);
    if (rc != FH_OK) {
        fh_free(relay);
        return rc;
    }
    *out = relay;
    return FH_OK;
}

bool fh_relay_drained(const struct fh_relay *relay)
{
    return relay->carried == 0;
}

void fh_relay_free(struct fh_relay *relay)
{
    if (relay != NULL) {
        FH_ASSERT(relay->carried == 0);
        fh_timer_free(relay->look);
        fh_free(relay);
    }
}
