/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Session: an authenticated, encrypted conversation of two parties over any carrier of messages.
 *
 * The handshake is Noise XX with payloads (version range, cipher offers, identity). The session
 * proves that the peer holds the signing key that it names and that this key vouches for its static
 * key in this very handshake. Whether that key may speak for the domain that it names is for the
 * caller: it looks at fh_session_peer (records included), asks the directory, and accepts or
 * rejects. A relay only moves frames; an inner session is the same object over those bytes.
 *
 *   initiator   start -> STARTED -> identify(HS2) -> CLAIMED -> accept -> CONFIRMING
 *                                                            -> confirm(REPLY) -> OPEN
 *   responder   answer(HS1) -> ANSWERED -> identify(HS3) -> CLAIMED -> accept -> OPEN
 *   any state   reject, close -> CLOSED
 *
 *   initiator                                responder
 *   HS1 versions, ciphers            -->
 *                                    <--     HS2 versions, ciphers, choice, identity
 *   HS3 versions, ciphers, identity  -->
 *                                    <--     REPLY, counter 0, bound to HS3: welcome or refusal
 *   REQUEST                          -->
 *                                    <--     REPLY, bound to that REQUEST
 *
 * Each direction has its own key and counter. Frames may arrive in any order: counters are explicit
 * and a window of FH_SESSION_REPLAY_WINDOW admits each once, after its tag verified. A reply
 * authenticates the hash of its request's frame, so replies cannot be exchanged. Keys end after
 * FH_SESSION_LIFE_MS or FH_SESSION_MESSAGES_MAX: then FH_ESTALE asks for a new handshake; after
 * FH_SESSION_REKEY_MS or FH_SESSION_REKEY_MESSAGES fh_session_wants_rekey advises one, and new work
 * should start on the new session while the old one finishes its streams.
 *
 * A frame that fails to authenticate changes nothing. Secrets and session keys live in the object
 * and are wiped as soon as they are of no more use, at the latest by the last fh_session_unref.
 *
 * Does not: read a clock or draw randomness (`now_ms` is monotonic; ephemeral secrets and session
 * numbers are arguments), decide who is admitted, resend.
 * Thread: handshake functions and fh_session_close on one thread (the loop). fh_session_seal_*,
 * fh_session_open_*, ref, unref, and the queries of an OPEN session: any thread, also at once on
 * one session; each thread holds a reference. Ownership: reference counted.
 */
#ifndef FH_PROTO_SESSION_SESSION_H
#define FH_PROTO_SESSION_SESSION_H

#include "common/limits.h"
#include "proto/wire/envelope.h"

struct fh_session;

enum {
    FH_PROTOCOL_VERSION_MIN = 1, /* what this build speaks inside sessions */
    FH_PROTOCOL_VERSION_MAX = 2,
    FH_PROTOCOL_VERSION_TOGETHER = 2, /* from here on: several records under one signature */
    FH_CIPHERS_MAX = 8,               /* offers in one handshake message */
};

enum fh_cipher {
    FH_CIPHER_CHACHAPOLY = 1, /* ChaCha20-Poly1305, RFC 8439 */
    FH_CIPHER_AES256GCM = 2,  /* AES-256-GCM, NIST SP 800-38D; for frames, never the handshake */
};

enum fh_session_state {
    FH_SESSION_STARTED,    /* initiator: waits for HS2 */
    FH_SESSION_ANSWERED,   /* responder: waits for HS3 */
    FH_SESSION_CLAIMED,    /* the peer has named itself; the caller decides */
    FH_SESSION_CONFIRMING, /* initiator: waits for the welcome */
    FH_SESSION_OPEN,
    FH_SESSION_CLOSED,
    FH_SESSION_STATE_COUNT
};

/* Versions and ciphers, best first. */
struct fh_session_offer {
    unsigned version_min;
    unsigned version_max;
    unsigned cipher_count; /* 1..FH_CIPHERS_MAX */
    uint8_t ciphers[FH_CIPHERS_MAX];
};

/* What every end has: ChaCha20-Poly1305. */
extern const struct fh_session_offer fh_session_offer_default;
/* What this machine offers: AES-256-GCM first when it has instructions for it. So it is taken when
 * both ends have. Static. */
const struct fh_session_offer *fh_session_offer_here(void);

/* What this end is and proves; everything is borrowed for the call. */
struct fh_session_self {
    const struct fh_mesh_id *mesh;
    const struct fh_agree_secret *static_secret; /* X25519 */
    struct fh_domain_id domain;                  /* named by this end */
    const struct fh_sign_secret *sign_secret;    /* node, member, publisher or domain key */
    const struct fh_bytes *records;       /* key events and delegations that show its right */
    unsigned record_count;                /* <= FH_SESSION_RECORDS_MAX */
    const struct fh_session_offer *offer; /* NULL: fh_session_offer_here() */
};

/* What the peer says and has proved of itself. */
struct fh_session_peer {
    struct fh_domain_id domain;        /* named, not proved: see the records */
    struct fh_sign_public key;         /* proved: signed its static key and this handshake */
    struct fh_key_id key_id;           /* of `key` */
    struct fh_agree_public static_key; /* proved by the handshake */
    unsigned version;                  /* agreed protocol version */
    enum fh_cipher cipher;             /* agreed */
    unsigned record_count;             /* 0 again once the session is OPEN */
    struct fh_bytes records[FH_SESSION_RECORDS_MAX]; /* unverified; lent while CLAIMED */
};

/* Ties a reply to its request: BLAKE2b-256 of the request's frame. A plain value. */
struct fh_session_binding {
    struct fh_hash request;
};

/* ---- handshake: one thread ---- */

/* Begins as initiator: gives a session (one reference) and appends HS1 to `out_frame`. `ephemeral`
 * is 32 fresh random bytes, borrowed. FH_ENOMEM, FH_ETOOBIG. */
FH_MUST_CHECK int fh_session_start(struct fh_session **out,
                                   const struct fh_session_self *self,
                                   const struct fh_agree_secret *ephemeral,
                                   int64_t now_ms,
                                   struct fh_buf *out_frame,
                                   struct fh_err *err);
/* Begins as responder to HS1 in `frame`: gives a session (one reference) and appends HS2.
 * `session` is a random non-zero number that no other live session of this end has. On failure
 * nothing is given; the caller may answer with fh_frame_reject(err->code).
 * FH_EVERSION (no common version or cipher), FH_EPROTO, FH_ESIG, FH_ETOOBIG, FH_ENOMEM. */
FH_MUST_CHECK int fh_session_answer(struct fh_session **out,
                                    const struct fh_session_self *self,
                                    const struct fh_frame *frame,
                                    const struct fh_agree_secret *ephemeral,
                                    uint64_t session,
                                    int64_t now_ms,
                                    struct fh_buf *out_frame,
                                    struct fh_err *err);
/* Reads HS2 (initiator) or HS3 (responder): STARTED or ANSWERED becomes CLAIMED. On failure the
 * state is as before, so that a forged message ends nothing; the caller's deadline does.
 * FH_ESTATE, FH_EPROTO, FH_ESIG, FH_EVERSION (downgraded or no common version), FH_ETIMEOUT (past
 * the handshake deadline), FH_ETOOBIG, FH_ENOMEM; a REJECT frame: FH_EUNREACH naming the hint. */
FH_MUST_CHECK int fh_session_identify(struct fh_session *session,
                                      const struct fh_frame *frame,
                                      int64_t now_ms,
                                      struct fh_err *err);
/* The peer: from CLAIMED on. Lent. */
const struct fh_session_peer *fh_session_peer(const struct fh_session *session);

/* Accepts the peer of a CLAIMED session. The initiator appends HS3 and becomes CONFIRMING;
 * `welcome` is ignored. The responder appends the sealed REPLY with `welcome` (plaintext of a
 * reply, borrowed; empty: the good reply without a body) and becomes OPEN. FH_ESTATE, FH_ETIMEOUT,
 * FH_ETOOBIG, FH_ENOMEM, FH_ESIG. */
FH_MUST_CHECK int fh_session_accept(struct fh_session *session,
                                    const struct fh_session_self *self,
                                    struct fh_bytes welcome,
                                    int64_t now_ms,
                                    struct fh_buf *out_frame,
                                    struct fh_err *err);
/* Refuses the peer of a CLAIMED session, which becomes CLOSED. The responder appends a sealed REPLY
 * that tells the reason (code, rule, text of `why`); the initiator appends nothing. */
void fh_session_reject(struct fh_session *session,
                       const struct fh_err *why,
                       struct fh_buf *out_frame);
/* Reads the answer to HS3: CONFIRMING becomes OPEN and the plaintext of the welcome is appended to
 * `out_welcome`. A sealed refusal: CLOSED, its code with rule and text in `err`. A frame that does
 * not authenticate: FH_ESIG, state as before. FH_ESTATE, FH_EPROTO, FH_ETIMEOUT, FH_ENOMEM. */
FH_MUST_CHECK int fh_session_confirm(struct fh_session *session,
                                     const struct fh_frame *frame,
                                     int64_t now_ms,
                                     struct fh_buf *out_welcome,
                                     struct fh_err *err);

/* Closes: later seal and open calls give FH_ESTATE. Calls in other threads end normally. */
void fh_session_close(struct fh_session *session);

/* ---- transport: any thread that holds a reference ---- */

/* Bytes of the frame around a plaintext of this size. */
static inline size_t fh_session_frame_bytes(size_t plaintext_bytes)
{
    return plaintext_bytes + FH_FRAME_OVERHEAD_BYTES;
}

/* Writes a frame of fh_session_frame_bytes(plaintext.size) to `out_frame`. The plaintext may stand
 * in its place already, at out_frame + FH_FRAME_HEADER_BYTES, else it does not overlap. Only the
 * initiator seals requests, only the responder replies.
 * FH_ESTATE (not OPEN), FH_ESTALE (needs a new handshake), FH_ETOOBIG (longer than
 * FH_FRAME_REQUEST_BYTES_MAX or FH_FRAME_REPLY_BYTES_MAX). */
FH_MUST_CHECK int fh_session_seal_request(struct fh_session *session,
                                          struct fh_bytes plaintext,
                                          int64_t now_ms,
                                          uint8_t *out_frame,
                                          struct fh_session_binding *out_binding,
                                          struct fh_err *err);
FH_MUST_CHECK int fh_session_seal_reply(struct fh_session *session,
                                        const struct fh_session_binding *binding,
                                        struct fh_bytes plaintext,
                                        int64_t now_ms,
                                        uint8_t *out_frame,
                                        struct fh_err *err);
/* The same of a plaintext in parts, none of which overlaps the frame. */
FH_MUST_CHECK int fh_session_seal_reply_parts(struct fh_session *session,
                                              const struct fh_session_binding *binding,
                                              const struct fh_bytes *parts,
                                              size_t count,
                                              int64_t now_ms,
                                              uint8_t *out_frame,
                                              struct fh_err *err);

/* Bytes of the plaintext inside a parsed transport frame. */
static inline size_t fh_session_plaintext_bytes(const struct fh_frame *frame)
{
    return frame->body.size - FH_AEAD_TAG_BYTES;
}

/* Writes fh_session_plaintext_bytes(frame) to `out`, which may be frame->body.data's own place.
 * Nothing in `out` is usable on failure.
 * FH_ESTATE, FH_ESTALE, FH_EPROTO (other type, session or direction), FH_ESIG with rule
 * "session.forged" (tag; for a reply also: not to this request) or "session.replayed". */
FH_MUST_CHECK int fh_session_open_request(struct fh_session *session,
                                          const struct fh_frame *frame,
                                          int64_t now_ms,
                                          uint8_t *out,
                                          struct fh_session_binding *out_binding,
                                          struct fh_err *err);
FH_MUST_CHECK int fh_session_open_reply(struct fh_session *session,
                                        const struct fh_frame *frame,
                                        const struct fh_session_binding *binding,
                                        int64_t now_ms,
                                        uint8_t *out,
                                        struct fh_err *err);

/* ---- queries ---- */

enum fh_session_state fh_session_state(const struct fh_session *session);
bool fh_session_is_initiator(const struct fh_session *session);
/* The number in the frames; 0 for an initiator before HS2. */
uint64_t fh_session_number(const struct fh_session *session);
/* Monotonic ms after which the session is dead: of the handshake, then of its life. */
int64_t fh_session_deadline(const struct fh_session *session);
/* Whether there is more than one reference: somebody works with it. */
bool fh_session_shared(const struct fh_session *session);
/* OPEN, and old or used enough that new work should start on a new session. */
bool fh_session_wants_rekey(const struct fh_session *session, int64_t now_ms);

/* ---- lifetime ---- */

/* One more reference, given. */
struct fh_session *fh_session_ref(struct fh_session *session);
/* Ends one reference (taken); the last one wipes and frees. NULL is fine. */
void fh_session_unref(struct fh_session *session);
static inline void fh_session_unrefp(struct fh_session **session)
{
    fh_session_unref(*session);
}

#endif
