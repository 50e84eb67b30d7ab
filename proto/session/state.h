/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a session, shared by handshake.c and session.c and by nothing else.
 */
#ifndef FH_PROTO_SESSION_STATE_H
#define FH_PROTO_SESSION_STATE_H

#include "proto/session/noise.h"
#include "proto/session/session.h"
#include "proto/session/window.h"

#include <stdatomic.h>

/* What only the handshake needs; freed when it ends. */
struct handshake {
    struct fh_noise noise;
    struct fh_session_offer own;   /* what this end offers */
    struct fh_session_offer first; /* the initiator's offer in message 1 */
    struct fh_buf payload;         /* of the peer's hello: its records are views into this */
    struct fh_session_binding hs3; /* what the welcome is bound to */
};

struct fh_session {
    atomic_uint references;
    atomic_int state; /* enum fh_session_state; OPEN is stored after all that it publishes */
    bool initiator;
    uint64_t number;
    int64_t deadline_ms;
    int64_t rekey_ms;
    uint8_t send_key[FH_AEAD_KEY_BYTES];
    uint8_t receive_key[FH_AEAD_KEY_BYTES];
    _Atomic uint64_t sent;   /* next counter to send with */
    atomic_flag window_lock; /* held for a few words' time, never while opening */
    struct fh_window window; /* counters received */
    struct fh_session_peer peer;
    struct handshake *handshake; /* NULL once OPEN or CLOSED */
};

/* Frees the handshake (NULL is fine); wipes its keys. */
void fh_session_handshake_free(struct handshake *handshake);
/* Changes the state; OPEN and CLOSED end the handshake. */
void fh_session_set_state(struct fh_session *session, enum fh_session_state state);
const char *fh_session_state_text(enum fh_session_state state);
/* That the frame is of this type and session; a REJECT gives its own code. */
FH_MUST_CHECK int fh_session_expect_frame(const struct fh_session *session,
                                          const struct fh_frame *frame,
                                          enum fh_frame_type wanted,
                                          struct fh_err *err);
/* The additional data of a reply: its header and the hash of its request. */
void fh_session_reply_ad(uint8_t out[FH_FRAME_HEADER_BYTES + FH_HASH_BYTES],
                         struct fh_bytes header,
                         const struct fh_session_binding *binding);
/* Seals with the next counter, opens and admits the counter: whatever the state is. `binding` is
 * NULL for requests. One part may stand in its place; several do not overlap the frame. */
FH_MUST_CHECK int fh_session_seal(struct fh_session *session,
                                  enum fh_frame_type type,
                                  const struct fh_session_binding *binding,
                                  const struct fh_bytes *parts,
                                  size_t count,
                                  uint8_t *out_frame,
                                  struct fh_err *err);
FH_MUST_CHECK int fh_session_open(struct fh_session *session,
                                  const struct fh_frame *frame,
                                  struct fh_bytes ad,
                                  uint8_t *out,
                                  struct fh_err *err);

#endif
