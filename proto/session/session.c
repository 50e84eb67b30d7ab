/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/session/session.h"

#include "common/assert.h"
#include "common/mem.h"
#include "proto/session/state.h"

/* ---- lifetime ---- */

void fh_session_handshake_free(struct handshake *handshake)
{
    if (handshake != NULL) {
        fh_noise_fini(&handshake->noise);
        fh_buf_fini(&handshake->payload);
        fh_free(handshake);
    }
}

void fh_session_set_state(struct fh_session *session, enum fh_session_state state)
{
    if (state == FH_SESSION_OPEN || state == FH_SESSION_CLOSED) {
        fh_session_handshake_free(FH_TAKE(session->handshake));
    }
    atomic_store_explicit(&session->state, (int)state, memory_order_release);
}

struct fh_session *fh_session_ref(struct fh_session *session)
{
    unsigned before = atomic_fetch_add_explicit(&session->references, 1U, memory_order_relaxed);
    FH_ASSERT(before > 0);
    return session;
}

void fh_session_unref(struct fh_session *session)
{
    if (session == NULL) {
        return;
    }
    unsigned before = atomic_fetch_sub_explicit(&session->references, 1U, memory_order_acq_rel);
    FH_ASSERT(before > 0);
    if (before == 1) {
        fh_session_handshake_free(session->handshake);
        fh_wipe(session, sizeof *session);
        fh_free(session);
    }
}

void fh_session_close(struct fh_session *session)
{
    fh_session_set_state(session, FH_SESSION_CLOSED);
}

/* ---- queries ---- */

enum fh_session_state fh_session_state(const struct fh_session *session)
{
    return (enum fh_session_state)atomic_load_explicit(&session->state, memory_order_acquire);
}

bool fh_session_is_initiator(const struct fh_session *session)
{
    return session->initiator;
}

uint64_t fh_session_number(const struct fh_session *session)
{
    return session->number;
}

int64_t fh_session_deadline(const struct fh_session *session)
{
    return session->deadline_ms;
}

bool fh_session_shared(const struct fh_session *session)
{
    return atomic_load_explicit(&session->references, memory_order_acquire) > 1;
}

bool fh_session_wants_rekey(const struct fh_session *session, int64_t now_ms)
{
    return fh_session_state(session) == FH_SESSION_OPEN &&
           (now_ms >= session->rekey_ms ||
            atomic_load_explicit(&session->sent, memory_order_relaxed) >=
                FH_SESSION_REKEY_MESSAGES);
}

const struct fh_session_peer *fh_session_peer(const struct fh_session *session)
{
    FH_ASSERT(fh_session_state(session) >= FH_SESSION_CLAIMED);
    return &session->peer;
}

const char *fh_session_state_text(enum fh_session_state state)
{
    static const char *const texts[FH_SESSION_STATE_COUNT] = {
        [FH_SESSION_STARTED] = "started",
        [FH_SESSION_ANSWERED] = "answered",
        [FH_SESSION_CLAIMED] = "claimed",
        [FH_SESSION_CONFIRMING] = "confirming",
        [FH_SESSION_OPEN] = "open",
        [FH_SESSION_CLOSED] = "closed",
    };
    return texts[state];
}

/* ---- frames ---- */

/* A REJECT is not authenticated: it ends nothing, but its code is the best explanation there is. */
static int rejected(const struct fh_frame *frame, struct fh_err *err)
{
    int code = frame->code;
    bool known = code != FH_OK && strcmp(fh_code_name(code), fh_code_name(FH_EINTERNAL)) != 0;
    return fh_err_rule(err,
                       known ? code : FH_EUNREACH,
                       "session.refused",
                       "the other end refused (without proof): %s",
                       fh_code_text(code));
}

int fh_session_expect_frame(const struct fh_session *session,
                            const struct fh_frame *frame,
                            enum fh_frame_type wanted,
                            struct fh_err *err)
{
    if (frame->type == FH_FRAME_REJECT) {
        return rejected(frame, err);
    }
    if (frame->type != wanted) {
        return fh_err_rule(err,
                           FH_EPROTO,
                           "session.frame",
                           "a %s frame where a %s frame belongs",
                           fh_frame_type_text(frame->type),
                           fh_frame_type_text(wanted));
    }
    if (session->number != 0 && frame->session != session->number) {
        return fh_err_rule(err, FH_EPROTO, "session.number", "a frame of another session");
    }
    return FH_OK;
}

void fh_session_reply_ad(uint8_t out[FH_FRAME_HEADER_BYTES + FH_HASH_BYTES],
                         struct fh_bytes header,
                         const struct fh_session_binding *binding)
{
    memcpy(out, header.data, FH_FRAME_HEADER_BYTES);
    memcpy(out + FH_FRAME_HEADER_BYTES, binding->request.b, FH_HASH_BYTES);
}

static struct fh_bytes join(uint8_t *out, const struct fh_bytes *parts, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].size > 0) {
            memcpy(out + size, parts[i].data, parts[i].size);
        }
        size += parts[i].size;
    }
    return fh_bytes(out, size);
}

/* Seals a frame with the next counter, whatever the state. */
int fh_session_seal(struct fh_session *session,
                    enum fh_frame_type type,
                    const struct fh_session_binding *binding,
                    const struct fh_bytes *parts,
                    size_t count,
                    uint8_t *out_frame,
                    struct fh_err *err)
{
    uint64_t counter = atomic_fetch_add_explicit(&session->sent, 1, memory_order_relaxed);
    if (counter >= FH_SESSION_MESSAGES_MAX) {
        return fh_err_rule(err,
                           FH_ESTALE,
                           "session.used",
                           "the session has sent its %d messages; a new handshake is needed",
                           FH_SESSION_MESSAGES_MAX);
    }
    fh_frame_header(out_frame, type, session->number, counter);
    uint8_t ad[FH_FRAME_HEADER_BYTES + FH_HASH_BYTES];
    size_t ad_bytes = FH_FRAME_HEADER_BYTES;
    if (binding != NULL) {
        fh_session_reply_ad(ad, fh_bytes(out_frame, FH_FRAME_HEADER_BYTES), binding);
        ad_bytes = sizeof ad;
    } else {
        memcpy(ad, out_frame, FH_FRAME_HEADER_BYTES);
    }
    uint8_t *body = out_frame + FH_FRAME_HEADER_BYTES;
    if (session->peer.cipher == FH_CIPHER_AES256GCM) {
        fh_aes_seal(body, parts, count, fh_bytes(ad, ad_bytes), counter, session->send_key);
    } else {
        struct fh_bytes plaintext = count == 1 ? parts[0] : join(body, parts, count);
        fh_aead_seal(body, plaintext, fh_bytes(ad, ad_bytes), counter, session->send_key);
    }
    return FH_OK;
}

/* ---- transport ---- */

static int expect_open(const struct fh_session *session, int64_t now_ms, struct fh_err *err)
{
    enum fh_session_state state = fh_session_state(session);
    if (state != FH_SESSION_OPEN) {
        return fh_err_set(err, FH_ESTATE, "the session is %s", fh_session_state_text(state));
    }
    if (now_ms > session->deadline_ms) {
        return fh_err_rule(err,
                           FH_ESTALE,
                           "session.old",
                           "the session's keys have served their %d s; a new handshake is needed",
                           FH_SESSION_LIFE_MS / 1000);
    }
    return FH_OK;
}

static int check_size(size_t plaintext_bytes, size_t frame_bytes_max, struct fh_err *err)
{
    if (plaintext_bytes > frame_bytes_max - FH_FRAME_OVERHEAD_BYTES) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "session.long",
                           "a message of %zu bytes; a frame carries at most %zu",
                           plaintext_bytes,
                           frame_bytes_max - FH_FRAME_OVERHEAD_BYTES);
    }
    return FH_OK;
}

int fh_session_seal_request(struct fh_session *session,
                            struct fh_bytes plaintext,
                            int64_t now_ms,
                            uint8_t *out_frame,
                            struct fh_session_binding *out_binding,
                            struct fh_err *err)
{
    FH_ASSERT(session->initiator);
    int code = expect_open(session, now_ms, err);
    if (code == FH_OK) {
        code = check_size(plaintext.size, FH_FRAME_REQUEST_BYTES_MAX, err);
    }
    if (code == FH_OK) {
        code = fh_session_seal(session, FH_FRAME_REQUEST, NULL, &plaintext, 1, out_frame, err);
    }
    if (code == FH_OK) {
        out_binding->request = fh_hash(fh_bytes(out_frame, fh_session_frame_bytes(plaintext.size)));
    }
    return code;
}

int fh_session_seal_reply(struct fh_session *session,
                          const struct fh_session_binding *binding,
                          struct fh_bytes plaintext,
                          int64_t now_ms,
                          uint8_t *out_frame,
                          struct fh_err *err)
{
    return fh_session_seal_reply_parts(session, binding, &plaintext, 1, now_ms, out_frame, err);
}

int fh_session_seal_reply_parts(struct fh_session *session,
                                const struct fh_session_binding *binding,
                                const struct fh_bytes *parts,
                                size_t count,
                                int64_t now_ms,
                                uint8_t *out_frame,
                                struct fh_err *err)
{
    FH_ASSERT(!session->initiator);
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        size += parts[i].size;
    }
    int code = expect_open(session, now_ms, err);
    if (code == FH_OK) {
        code = check_size(size, FH_FRAME_REPLY_BYTES_MAX, err);
    }
    if (code == FH_OK) {
        code = fh_session_seal(session, FH_FRAME_REPLY, binding, parts, count, out_frame, err);
    }
    return code;
}

static bool admit(struct fh_session *session, uint64_t counter)
{
    while (atomic_flag_test_and_set_explicit(&session->window_lock, memory_order_acquire)) {
        /* the holder does a few word operations and never sleeps */
    }
    bool fresh = fh_window_admit(&session->window, counter);
    atomic_flag_clear_explicit(&session->window_lock, memory_order_release);
    return fresh;
}

/* Opens a transport frame that fits the session, whatever its state. */
int fh_session_open(struct fh_session *session,
                    const struct fh_frame *frame,
                    struct fh_bytes ad,
                    uint8_t *out,
                    struct fh_err *err)
{
    if (frame->counter >= FH_SESSION_MESSAGES_MAX) {
        return fh_err_rule(
            err, FH_EPROTO, "session.counter", "a counter beyond the life of a session");
    }
    bool good = session->peer.cipher == FH_CIPHER_AES256GCM
                    ? fh_aes_open(out, frame->body, ad, frame->counter, session->receive_key)
                    : fh_aead_open(out, frame->body, ad, frame->counter, session->receive_key);
    if (!good) {
        return fh_err_rule(err,
                           FH_ESIG,
                           "session.forged",
                           "a %s does not authenticate",
                           fh_frame_type_text(frame->type));
    }
    if (!admit(session, frame->counter)) {
        return fh_err_rule(err,
                           FH_ESIG,
                           "session.replayed",
                           "a %s was received before, or is far too late",
                           fh_frame_type_text(frame->type));
    }
    return FH_OK;
}

int fh_session_open_request(struct fh_session *session,
                            const struct fh_frame *frame,
                            int64_t now_ms,
                            uint8_t *out,
                            struct fh_session_binding *out_binding,
                            struct fh_err *err)
{
    FH_ASSERT(!session->initiator);
    int code = expect_open(session, now_ms, err);
    if (code == FH_OK) {
        code = fh_session_expect_frame(session, frame, FH_FRAME_REQUEST, err);
    }
    if (code != FH_OK) {
        return code;
    }
    /* The hash comes first: `out` may be the frame's own place. */
    uint8_t ad[FH_FRAME_HEADER_BYTES];
    memcpy(ad, frame->header.data, sizeof ad);
    struct fh_bytes parts[] = {frame->header, frame->body};
    struct fh_session_binding binding = {fh_hash_parts(parts, FH_COUNT(parts))};
    code = fh_session_open(session, frame, fh_bytes(ad, sizeof ad), out, err);
    if (code == FH_OK) {
        *out_binding = binding;
    }
    return code;
}

int fh_session_open_reply(struct fh_session *session,
                          const struct fh_frame *frame,
                          const struct fh_session_binding *binding,
                          int64_t now_ms,
                          uint8_t *out,
                          struct fh_err *err)
{
    FH_ASSERT(session->initiator);
    int code = expect_open(session, now_ms, err);
    if (code == FH_OK && frame->type == FH_FRAME_REJECT) {
        return fh_err_rule(err,
                           FH_ESTALE,
                           "session.refused",
                           "the other end does not know the session any more; "
                           "a new handshake is needed");
    }
    if (code == FH_OK) {
        code = fh_session_expect_frame(session, frame, FH_FRAME_REPLY, err);
    }
    if (code != FH_OK) {
        return code;
    }
    uint8_t ad[FH_FRAME_HEADER_BYTES + FH_HASH_BYTES];
    fh_session_reply_ad(ad, frame->header, binding);
    return fh_session_open(session, frame, fh_bytes(ad, sizeof ad), out, err);
}
