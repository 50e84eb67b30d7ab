/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/hostile/visitor.h"

#include "common/entropy.h"
#include "common/time.h"
#include "proto/session/hello.h"
#include "proto/session/messages.h"
#include "tests/node/io/raw.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { WAIT_S = 30 }; /* for what must come at once; a busy machine may take a while */

static const struct visitor_hello *hello_spoiled;

static FH_NORETURN void stop(const char *what, const char *why)
{
    fprintf(stderr, "hostile: %s: %s\n", what, why);
    exit(1);
}

/* ---- hellos on their way into a frame (the linker's --wrap) ---- */

void __real_fh_hello_write_offer(struct fh_buf *out, const struct fh_session_offer *offer);
void __wrap_fh_hello_write_offer(struct fh_buf *out, const struct fh_session_offer *offer);
void __real_fh_hello_write(struct fh_buf *out,
                           const struct fh_session_self *self,
                           const struct fh_session_offer *offer,
                           enum fh_cipher cipher,
                           const struct fh_agree_public *static_key,
                           const uint8_t hash[FH_NOISE_HASH_BYTES]);
void __wrap_fh_hello_write(struct fh_buf *out,
                           const struct fh_session_self *self,
                           const struct fh_session_offer *offer,
                           enum fh_cipher cipher,
                           const struct fh_agree_public *static_key,
                           const uint8_t hash[FH_NOISE_HASH_BYTES]);

static void spoil_hello(struct fh_buf *out, bool first)
{
    struct fh_buf good FH_CLEANUP(fh_buf_fini);
    if (hello_spoiled == NULL || hello_spoiled->first != first) {
        return;
    }
    fh_buf_init(&good, FH_FRAME_UNAUTHENTICATED_BYTES_MAX);
    fh_buf_add_bytes(&good, fh_buf_view(out));
    fh_buf_reset(out);
    if (!test_spoil(out, fh_buf_view(&good), hello_spoiled->place, hello_spoiled->way)) {
        fh_buf_add_bytes(out, fh_buf_view(&good));
    }
}

void __wrap_fh_hello_write_offer(struct fh_buf *out, const struct fh_session_offer *offer)
{
    __real_fh_hello_write_offer(out, offer);
    spoil_hello(out, true);
}

void __wrap_fh_hello_write(struct fh_buf *out,
                           const struct fh_session_self *self,
                           const struct fh_session_offer *offer,
                           enum fh_cipher cipher,
                           const struct fh_agree_public *static_key,
                           const uint8_t hash[FH_NOISE_HASH_BYTES])
{
    __real_fh_hello_write(out, self, offer, cipher, static_key, hash);
    spoil_hello(out, false);
}

/* ---- connection ---- */

void visitor_init(struct visitor *v, struct fh_actor *actor, uint16_t port)
{
    *v = (struct visitor){.actor = actor, .port = port, .fd = -1};
    fh_buf_init(&v->frame, FH_FRAME_REQUEST_BYTES_MAX + FH_FRAME_OVERHEAD_BYTES);
}

static void forget_session(struct visitor *v)
{
    if (v->session != NULL) {
        fh_session_close(v->session);
        fh_session_unref(FH_TAKE(v->session));
    }
}

void visitor_hang_up(struct visitor *v)
{
    forget_session(v);
    if (v->fd >= 0) {
        raw_close(v->fd);
        v->fd = -1;
    }
}

void visitor_fini(struct visitor *v)
{
    visitor_hang_up(v);
    fh_buf_fini(&v->frame);
}

void visitor_connect(struct visitor *v)
{
    visitor_hang_up(v);
    v->fd = raw_connect(v->port, RAW_REQ);
    if (v->fd < 0) {
        stop("the node", "does not take a connection any more");
    }
    struct timeval wait = {.tv_sec = WAIT_S};
    int yes = 1;
    setsockopt(v->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(v->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

static struct verdict told(const struct fh_err *err)
{
    struct verdict verdict = {.kind = VERDICT_REFUSED, .code = err->code};
    memcpy(verdict.rule, err->rule, sizeof verdict.rule);
    return verdict;
}

/* Sends a frame and parses the one that comes back. */
static bool
exchange(struct visitor *v, struct fh_bytes frame, struct fh_frame *out, struct verdict *verdict)
{
    struct fh_err err;
    bool sent = raw_send_request(v->fd, ++v->number, frame.data, frame.size);
    errno = 0;
    long size = sent ? raw_receive(v->fd, v->reply, sizeof v->reply) : -1;
    if (size < 4) {
        bool late = errno == EAGAIN;
        verdict->kind = late ? VERDICT_SILENT : VERDICT_CLOSED;
        return false;
    }
    bool ours = fh_get_u32be(v->reply) == (v->number | 0x80000000U);
    if (!ours || fh_frame_parse(out, fh_bytes(v->reply + 4, (size_t)size - 4), &err) != FH_OK) {
        verdict->kind = VERDICT_BROKEN;
        return false;
    }
    if (out->type == FH_FRAME_REJECT) {
        *verdict = (struct verdict){.kind = VERDICT_REJECTED, .code = out->code};
        return false;
    }
    return true;
}

struct verdict visitor_send(struct visitor *v, struct fh_bytes frame)
{
    struct verdict verdict = {.kind = VERDICT_BROKEN};
    struct fh_frame reply;
    struct fh_pack_reader reader;
    struct fh_err err;
    v->answer = FH_BYTES_NONE;
    if (!exchange(v, frame, &reply, &verdict) || reply.type == FH_FRAME_HS2) {
        return verdict;
    }
    uint8_t *plain = v->reply + (reply.body.data - v->reply);
    if (v->session == NULL ||
        fh_session_open_reply(v->session, &reply, &v->binding, fh_clock_mono_ms(), plain, &err) !=
            FH_OK) {
        return verdict;
    }
    v->answer = fh_bytes(plain, fh_session_plaintext_bytes(&reply));
    if (fh_msg_answer(&reader, v->answer, FH_FRAME_REPLY_BYTES_MAX, &err) != FH_OK) {
        return told(&err);
    }
    verdict.kind = VERDICT_ANSWERED;
    return verdict;
}

/* ---- handshake ---- */

struct fh_session_self visitor_self(struct visitor *v, struct fh_agree_secret *secret)
{
    fh_entropy(secret->b, sizeof secret->b);
    return (struct fh_session_self){
        .mesh = &v->actor->mesh,
        .static_secret = secret,
        .domain = v->actor->domain,
        .sign_secret = &v->actor->secret,
        .records = v->actor->credential,
        .record_count = v->actor->credential_count,
    };
}

static struct verdict shake(struct visitor *v, const struct fh_session_self *self)
{
    struct verdict verdict = {.kind = VERDICT_BROKEN};
    struct fh_agree_secret ephemeral;
    struct fh_buf frame FH_CLEANUP(fh_buf_fini);
    struct fh_buf welcome FH_CLEANUP(fh_buf_fini);
    struct fh_frame reply;
    struct fh_err err;
    int64_t now = fh_clock_mono_ms();
    fh_entropy(ephemeral.b, sizeof ephemeral.b);
    fh_buf_init(&frame, FH_FRAME_UNAUTHENTICATED_BYTES_MAX);
    fh_buf_init(&welcome, FH_FRAME_REPLY_BYTES_MAX);
    if (fh_session_start(&v->session, self, &ephemeral, now, &frame, &err) != FH_OK) {
        stop("handshake", err.text);
    }
    if (!exchange(v, fh_buf_view(&frame), &reply, &verdict)) {
        return verdict;
    }
    if (fh_session_identify(v->session, &reply, now, &err) != FH_OK) {
        return verdict;
    }
    memcpy(v->node.b, fh_session_peer(v->session)->key_id.b, sizeof v->node.b);
    fh_buf_reset(&frame);
    if (fh_session_accept(v->session, self, FH_BYTES_NONE, now, &frame, &err) != FH_OK) {
        stop("handshake", err.text);
    }
    if (!exchange(v, fh_buf_view(&frame), &reply, &verdict)) {
        return verdict;
    }
    if (fh_session_confirm(v->session, &reply, now, &welcome, &err) != FH_OK) {
        return told(&err);
    }
    verdict.kind = VERDICT_ANSWERED;
    return verdict;
}

struct verdict visitor_shake(struct visitor *v,
                             const struct fh_session_self *self,
                             const struct visitor_hello *spoiled)
{
    struct fh_agree_secret secret;
    struct fh_session_self honest = visitor_self(v, &secret);
    visitor_connect(v);
    hello_spoiled = spoiled;
    struct verdict verdict = shake(v, self == NULL ? &honest : self);
    hello_spoiled = NULL;
    return verdict;
}

/* ---- requests ---- */

void visitor_ready(struct visitor *v)
{
    if (v->session != NULL && fh_session_state(v->session) == FH_SESSION_OPEN) {
        return;
    }
    struct verdict verdict = visitor_shake(v, NULL, NULL);
    if (verdict.kind != VERDICT_ANSWERED) {
        char text[128];
        verdict_text(text, &verdict);
        stop("an honest handshake", text);
    }
    /* A first request that verifies: until then the connection has FH_HANDSHAKE_MS to live. */
    struct fh_buf status FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&status, 64);
    fh_msg_status_request(&status);
    (void)visitor_ask(v, fh_buf_view(&status));
}

void visitor_seal(struct visitor *v, struct fh_bytes plaintext)
{
    struct fh_err err;
    fh_buf_reset(&v->frame);
    uint8_t *frame = fh_buf_reserve(&v->frame, fh_session_frame_bytes(plaintext.size));
    if (frame == NULL ||
        fh_session_seal_request(
            v->session, plaintext, fh_clock_mono_ms(), frame, &v->binding, &err) != FH_OK) {
        stop("seal", frame == NULL ? "no memory" : err.text);
    }
}

struct verdict visitor_ask(struct visitor *v, struct fh_bytes plaintext)
{
    visitor_ready(v);
    visitor_seal(v, plaintext);
    struct verdict verdict = visitor_send(v, fh_buf_view(&v->frame));
    if (verdict.kind != VERDICT_ANSWERED && verdict.kind != VERDICT_REFUSED) {
        visitor_hang_up(v);
    }
    return verdict;
}

void verdict_text(char out[128], const struct verdict *verdict)
{
    static const char *const kinds[] = {
        [VERDICT_ANSWERED] = "answered",
        [VERDICT_REFUSED] = "refused",
        [VERDICT_REJECTED] = "rejected",
        [VERDICT_CLOSED] = "closed",
        [VERDICT_SILENT] = "no answer",
        [VERDICT_BROKEN] = "an answer that is none",
    };
    bool why = verdict->kind == VERDICT_REFUSED || verdict->kind == VERDICT_REJECTED;
    snprintf(out,
             128,
             "%s%s%s%s%s%s",
             kinds[verdict->kind],
             why ? " " : "",
             why ? fh_code_name(verdict->code) : "",
             verdict->rule[0] != 0 ? " [" : "",
             verdict->rule,
             verdict->rule[0] != 0 ? "]" : "");
}
