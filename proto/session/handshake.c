/* SPDX-License-Identifier: Apache-2.0 */
/* The handshake half of a session: states before OPEN. See session.h for the diagram. */
#include "common/assert.h"
#include "common/mem.h"
#include "proto/session/hello.h"
#include "proto/session/messages.h"
#include "proto/session/state.h"

static const char prologue_tag[] = "freehold/v1/session"; /* with its NUL, before the mesh id */

static struct fh_session *
session_new(const struct fh_session_self *self, bool initiator, int64_t now_ms)
{
    struct fh_session *session = fh_calloc(1, sizeof *session);
    struct handshake *handshake = fh_calloc(1, sizeof *handshake);
    if (session == NULL || handshake == NULL) {
        fh_free(session);
        fh_free(handshake);
        return NULL;
    }
    atomic_init(&session->references, 1U);
    atomic_init(&session->state, (int)(initiator ? FH_SESSION_STARTED : FH_SESSION_ANSWERED));
    atomic_init(&session->sent, 0);
    atomic_flag_clear(&session->window_lock);
    session->initiator = initiator;
    session->deadline_ms = now_ms + FH_HANDSHAKE_MS;
    session->handshake = handshake;

    handshake->own = self->offer != NULL ? *self->offer : *fh_session_offer_here();
    fh_buf_init(&handshake->payload, FH_FRAME_UNAUTHENTICATED_BYTES_MAX);
    uint8_t prologue[sizeof prologue_tag + FH_ID_BYTES];
    memcpy(prologue, prologue_tag, sizeof prologue_tag);
    memcpy(prologue + sizeof prologue_tag, self->mesh->b, FH_ID_BYTES);
    fh_noise_init(&handshake->noise,
                  &fh_noise_xx,
                  initiator,
                  fh_bytes(prologue, sizeof prologue),
                  self->static_secret);
    return session;
}

static int expect_state(const struct fh_session *session,
                        enum fh_session_state wanted,
                        int64_t now_ms,
                        struct fh_err *err)
{
    enum fh_session_state state = fh_session_state(session);
    if (state != wanted) {
        return fh_err_set(err,
                          FH_ESTATE,
                          "the session is %s; this step needs it %s",
                          fh_session_state_text(state),
                          fh_session_state_text(wanted));
    }
    if (now_ms > session->deadline_ms) {
        return fh_err_rule(err,
                           FH_ETIMEOUT,
                           "session.handshake",
                           "the handshake was not over within %d ms",
                           FH_HANDSHAKE_MS);
    }
    return FH_OK;
}

/* Appends one whole handshake frame, or nothing. */
static int write_frame(struct fh_session *session,
                       enum fh_frame_type type,
                       const struct fh_agree_secret *ephemeral,
                       struct fh_bytes payload,
                       struct fh_buf *out,
                       struct fh_err *err)
{
    size_t before = out->size;
    fh_frame_handshake(out, type, session->number);
    int code = fh_buf_ok(out);
    if (code != FH_OK) {
        out->size = before;
        return fh_err_set(err, code, "no room for a handshake frame");
    }
    code = fh_noise_write(&session->handshake->noise, ephemeral, payload, out, err);
    if (code != FH_OK) {
        out->size = before;
    }
    return code;
}

/* The payload of message 2 or 3 with this end's identity; as large as a handshake frame may be. */
static int write_hello(struct fh_session *session,
                       const struct fh_session_self *self,
                       struct fh_buf *out,
                       struct fh_err *err)
{
    struct handshake *h = session->handshake;
    struct fh_agree_public static_key;
    FH_ASSERT(self->record_count <= FH_SESSION_RECORDS_MAX);
    fh_agree_public_of(self->static_secret, &static_key);
    fh_hello_write(out, self, &h->own, session->peer.cipher, &static_key, fh_noise_hash(&h->noise));
    int code = fh_buf_ok(out);
    return code == FH_OK
               ? FH_OK
               : fh_err_set(err,
                            code,
                            "the identity with its %u records does not fit a handshake message",
                            self->record_count);
}

enum { /* room for the frame around a hello: session header, two keys, two tags */
       HELLO_BYTES_MAX = FH_FRAME_UNAUTHENTICATED_BYTES_MAX - FH_FRAME_SESSION_BYTES - 32 - 48 - 16
};

int fh_session_start(struct fh_session **out,
                     const struct fh_session_self *self,
                     const struct fh_agree_secret *ephemeral,
                     int64_t now_ms,
                     struct fh_buf *out_frame,
                     struct fh_err *err)
{
    FH_CLEANUP(fh_session_unrefp) struct fh_session *session = session_new(self, true, now_ms);
    if (session == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a session");
    }
    session->handshake->first = session->handshake->own;
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    fh_buf_init(&payload, HELLO_BYTES_MAX);
    fh_hello_write_offer(&payload, &session->handshake->own);
    int code = fh_buf_ok(&payload);
    if (code != FH_OK) {
        return fh_err_set(err, code, "no memory for a handshake");
    }
    code = write_frame(session, FH_FRAME_HS1, ephemeral, fh_buf_view(&payload), out_frame, err);
    if (code == FH_OK) {
        *out = FH_TAKE(session);
    }
    return code;
}

int fh_session_answer(struct fh_session **out,
                      const struct fh_session_self *self,
                      const struct fh_frame *frame,
                      const struct fh_agree_secret *ephemeral,
                      uint64_t number,
                      int64_t now_ms,
                      struct fh_buf *out_frame,
                      struct fh_err *err)
{
    FH_ASSERT(number != 0);
    FH_CLEANUP(fh_session_unrefp) struct fh_session *session = session_new(self, false, now_ms);
    if (session == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a session");
    }
    int code = fh_session_expect_frame(session, frame, FH_FRAME_HS1, err);
    if (code != FH_OK) {
        return code;
    }
    session->number = number;
    struct handshake *h = session->handshake;
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    fh_buf_init(&payload, FH_FRAME_UNAUTHENTICATED_BYTES_MAX);
    code = fh_noise_read(&h->noise, frame->body, &payload, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_hello hello;
    code = fh_hello_read_offer(&hello, fh_buf_view(&payload), err);
    if (code == FH_OK) {
        code = fh_hello_version(&h->own, &hello.offer, &session->peer.version, err);
    }
    if (code == FH_OK) {
        code = fh_hello_cipher(&h->own, &hello.offer, &session->peer.cipher, err);
    }
    if (code != FH_OK) {
        return code;
    }
    h->first = hello.offer;

    FH_CLEANUP(fh_buf_fini) struct fh_buf own;
    fh_buf_init(&own, HELLO_BYTES_MAX);
    code = write_hello(session, self, &own, err);
    if (code == FH_OK) {
        code = write_frame(session, FH_FRAME_HS2, ephemeral, fh_buf_view(&own), out_frame, err);
    }
    if (code == FH_OK) {
        *out = FH_TAKE(session);
    }
    return code;
}

/* Checks what the peer's hello says against what was offered before. */
static int check_offer(const struct fh_session *session,
                       const struct fh_hello *hello,
                       unsigned *out_version,
                       struct fh_err *err)
{
    const struct handshake *h = session->handshake;
    int code = fh_hello_version(&h->own, &hello->offer, out_version, err);
    if (code != FH_OK) {
        return code;
    }
    bool agreed = session->initiator ? fh_hello_offers(&h->own, hello->cipher) &&
                                           fh_hello_offers(&hello->offer, hello->cipher)
                                     : hello->cipher == session->peer.cipher &&
                                           fh_hello_offer_equal(&h->first, &hello->offer);
    if (!agreed) {
        return fh_err_rule(err,
                           FH_EVERSION,
                           "session.downgrade",
                           "the peer's versions or ciphers are not those offered before");
    }
    return FH_OK;
}

/* Takes the transport keys out of the finished handshake. */
static void take_keys(struct fh_session *session)
{
    const struct fh_noise *noise = &session->handshake->noise;
    if (session->initiator) {
        fh_noise_split(noise, session->send_key, session->receive_key);
    } else {
        fh_noise_split(noise, session->receive_key, session->send_key);
    }
}

int fh_session_identify(struct fh_session *session,
                        const struct fh_frame *frame,
                        int64_t now_ms,
                        struct fh_err *err)
{
    int code = expect_state(
        session, session->initiator ? FH_SESSION_STARTED : FH_SESSION_ANSWERED, now_ms, err);
    if (code == FH_OK) {
        code = fh_session_expect_frame(
            session, frame, session->initiator ? FH_FRAME_HS2 : FH_FRAME_HS3, err);
    }
    if (code == FH_OK && frame->session == 0) {
        code = fh_err_rule(err, FH_EPROTO, "session.number", "a session cannot be number 0");
    }
    if (code != FH_OK) {
        return code;
    }
    /* Work on a copy: a forged message must leave the waiting handshake as it was. */
    struct handshake *h = session->handshake;
    FH_CLEANUP(fh_noise_fini) struct fh_noise noise = h->noise;
    fh_buf_reset(&h->payload);
    code = fh_noise_read(&noise, frame->body, &h->payload, err);
    if (code != FH_OK) {
        if (code == FH_ESIG) {
            fh_err_wrap(err, "forged, or of another mesh");
        }
        return code;
    }
    struct fh_hello hello;
    unsigned version = 0;
    code = fh_hello_read(&hello,
                         fh_buf_view(&h->payload),
                         fh_noise_remote_static(&noise),
                         fh_noise_hash(&h->noise),
                         err);
    if (code == FH_OK) {
        code = check_offer(session, &hello, &version, err);
    }
    if (code != FH_OK) {
        return code;
    }

    h->noise = noise;
    session->number = frame->session;
    if (!session->initiator) {
        struct fh_bytes parts[] = {frame->header, frame->body};
        h->hs3.request = fh_hash_parts(parts, FH_COUNT(parts));
        take_keys(session);
    }
    session->peer = (struct fh_session_peer){
        .domain = hello.domain,
        .key = hello.key,
        .key_id = fh_key_id_of(&hello.key),
        .static_key = *fh_noise_remote_static(&noise),
        .version = version,
        .cipher = (enum fh_cipher)hello.cipher,
        .record_count = hello.record_count,
    };
    memcpy(session->peer.records, hello.records, sizeof hello.records);
    fh_session_set_state(session, FH_SESSION_CLAIMED);
    return FH_OK;
}

static void open_session(struct fh_session *session, int64_t now_ms)
{
    session->deadline_ms = now_ms + FH_SESSION_LIFE_MS;
    session->rekey_ms = now_ms + FH_SESSION_REKEY_MS;
    session->peer.record_count = 0; /* they were views into the handshake */
    memset(session->peer.records, 0, sizeof session->peer.records);
    fh_session_set_state(session, FH_SESSION_OPEN);
}

/* The responder's sealed answer to HS3. */
static int seal_welcome(struct fh_session *session,
                        struct fh_bytes plaintext,
                        struct fh_buf *out,
                        struct fh_err *err)
{
    size_t before = out->size;
    uint8_t *at = fh_buf_reserve(out, fh_session_frame_bytes(plaintext.size));
    if (at == NULL) {
        return fh_err_set(err, fh_buf_ok(out), "no room for the answer to the handshake");
    }
    int code =
        fh_session_seal(session, FH_FRAME_REPLY, &session->handshake->hs3, &plaintext, 1, at, err);
    if (code != FH_OK) {
        out->size = before;
    }
    return code;
}

static int accept_initiator(struct fh_session *session,
                            const struct fh_session_self *self,
                            struct fh_buf *out_frame,
                            struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf own;
    fh_buf_init(&own, HELLO_BYTES_MAX);
    int code = write_hello(session, self, &own, err);
    if (code != FH_OK) {
        return code;
    }
    size_t before = out_frame->size;
    code = write_frame(session, FH_FRAME_HS3, NULL, fh_buf_view(&own), out_frame, err);
    if (code != FH_OK) {
        return code;
    }
    session->handshake->hs3.request =
        fh_hash(fh_bytes(out_frame->data + before, out_frame->size - before));
    take_keys(session);
    fh_session_set_state(session, FH_SESSION_CONFIRMING);
    return FH_OK;
}

int fh_session_accept(struct fh_session *session,
                      const struct fh_session_self *self,
                      struct fh_bytes welcome,
                      int64_t now_ms,
                      struct fh_buf *out_frame,
                      struct fh_err *err)
{
    int code = expect_state(session, FH_SESSION_CLAIMED, now_ms, err);
    if (code != FH_OK) {
        return code;
    }
    if (session->initiator) {
        return accept_initiator(session, self, out_frame, err);
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf plain;
    fh_buf_init(&plain, FH_FRAME_UNAUTHENTICATED_BYTES_MAX);
    if (welcome.size == 0) {
        fh_msg_ok(&plain, 0);
        code = fh_buf_ok(&plain);
        if (code != FH_OK) {
            return fh_err_set(err, code, "no memory for the answer to the handshake");
        }
        welcome = fh_buf_view(&plain);
    }
    code = seal_welcome(session, welcome, out_frame, err);
    if (code == FH_OK) {
        open_session(session, now_ms);
    }
    return code;
}

void fh_session_reject(struct fh_session *session,
                       const struct fh_err *why,
                       struct fh_buf *out_frame)
{
    FH_ASSERT(fh_session_state(session) == FH_SESSION_CLAIMED);
    if (!session->initiator) {
        FH_CLEANUP(fh_buf_fini) struct fh_buf plain;
        fh_buf_init(&plain, FH_FRAME_UNAUTHENTICATED_BYTES_MAX);
        fh_msg_error(&plain, why, 0);
        if (fh_buf_ok(&plain) != FH_OK ||
            seal_welcome(session, fh_buf_view(&plain), out_frame, NULL) != FH_OK) {
            fh_buf_reset(out_frame);
            fh_frame_reject(out_frame, why->code);
        }
    }
    fh_session_set_state(session, FH_SESSION_CLOSED);
}

int fh_session_confirm(struct fh_session *session,
                       const struct fh_frame *frame,
                       int64_t now_ms,
                       struct fh_buf *out_welcome,
                       struct fh_err *err)
{
    int code = expect_state(session, FH_SESSION_CONFIRMING, now_ms, err);
    if (code == FH_OK) {
        code = fh_session_expect_frame(session, frame, FH_FRAME_REPLY, err);
    }
    if (code == FH_OK && frame->counter != 0) {
        code = fh_err_rule(
            err, FH_EPROTO, "session.counter", "the answer to the handshake has counter 0");
    }
    if (code != FH_OK) {
        return code;
    }
    size_t before = out_welcome->size;
    size_t size = fh_session_plaintext_bytes(frame);
    uint8_t *plain = fh_buf_reserve(out_welcome, size);
    if (plain == NULL) {
        return fh_err_set(err, fh_buf_ok(out_welcome), "no room for the answer's %zu bytes", size);
    }
    uint8_t ad[FH_FRAME_HEADER_BYTES + FH_HASH_BYTES];
    fh_session_reply_ad(ad, frame->header, &session->handshake->hs3);
    code = fh_session_open(session, frame, fh_bytes(ad, sizeof ad), plain, err);
    if (code != FH_OK) {
        out_welcome->size = before;
        return code;
    }
    struct fh_pack_reader reader;
    code = fh_msg_answer(&reader, fh_bytes(plain, size), FH_FRAME_REPLY_BYTES_MAX, err);
    if (code != FH_OK) {
        out_welcome->size = before;
        fh_session_set_state(session, FH_SESSION_CLOSED);
        return code;
    }
    open_session(session, now_ms);
    return FH_OK;
}
