/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Envelope: the frame header that stands in clear before every sealed message of a session.
 *
 *     handshake   version 1 | type 1 | [session 8, from message 2 on] | Noise message
 *     transport   version 1 | type 1 | session 8 | counter 8, little-endian | ciphertext and tag
 *     reject      version 1 | REJECT | code 2, big-endian
 *
 * One frame is one message of the link below; nothing here depends on what that link is, so the
 * frames of an inner session travel through a relay as they are.
 *
 * Does not: seal or open (proto/session/session.h), or know what is inside
 * (proto/session/messages.h).
 * Thread: any; values. Ownership: a parsed frame is a set of views into the bytes given.
 */
#ifndef FH_PROTO_WIRE_ENVELOPE_H
#define FH_PROTO_WIRE_ENVELOPE_H

#include "proto/wire/crypto.h"

enum {
    FH_WIRE_VERSION = 1,          /* byte 0 of every frame: the layout of the header */
    FH_FRAME_HANDSHAKE_BYTES = 2, /* version and type, before the session number */
    FH_FRAME_SESSION_BYTES = 10,  /* version, type, session number */
    FH_FRAME_HEADER_BYTES = 18,   /* of a transport frame */
    FH_FRAME_OVERHEAD_BYTES = FH_FRAME_HEADER_BYTES + FH_AEAD_TAG_BYTES,
    FH_FRAME_REJECT_BYTES = 4,
};

/* X(NAME, code, name for people) */
#define FH_FRAMES(X)                                                                               \
    X(HS1, 1, "handshake 1")                                                                       \
    X(HS2, 2, "handshake 2")                                                                       \
    X(HS3, 3, "handshake 3")                                                                       \
    X(REQUEST, 4, "request")                                                                       \
    X(REPLY, 5, "reply")                                                                           \
    X(REJECT, 6, "reject")

enum fh_frame_type {
#define X(name, code, text) FH_FRAME_##name = (code),
    FH_FRAMES(X)
#undef X
};

struct fh_frame {
    enum fh_frame_type type;
    uint64_t session;       /* 0 in HS1 and REJECT */
    uint64_t counter;       /* of a transport frame, else 0 */
    int code;               /* of a REJECT: enum fh_code, an unauthenticated hint; else 0 */
    struct fh_bytes header; /* the clear bytes before `body` */
    struct fh_bytes body;   /* Noise message, or ciphertext and tag; empty in a REJECT */
};

/* "request"; "unknown" for codes that this version does not know. */
const char *fh_frame_type_text(unsigned type);

/* Splits a frame (borrowed by `out`). Transport frames have at least a tag, handshake frames at
 * most FH_FRAME_UNAUTHENTICATED_BYTES_MAX.
 * FH_EVERSION (another byte 0), FH_EPROTO ("frame.*": unknown type, too short), FH_ETOOBIG. */
FH_MUST_CHECK int fh_frame_parse(struct fh_frame *out, struct fh_bytes bytes, struct fh_err *err);

/* Writes the clear header of a transport frame. */
void fh_frame_header(uint8_t out[FH_FRAME_HEADER_BYTES],
                     enum fh_frame_type type,
                     uint64_t session,
                     uint64_t counter);
/* Appends the clear header of a handshake frame; `session` is not written for HS1. */
void fh_frame_handshake(struct fh_buf *out, enum fh_frame_type type, uint64_t session);
/* Appends a whole REJECT frame. */
void fh_frame_reject(struct fh_buf *out, int code);
/* Whether a frame is the hint that the other end does not know the session any more: nothing of
 * what was asked in it was done. Nobody signs it. */
bool fh_frame_forgets(const struct fh_frame *frame);
/* The last 16 bytes of a transport frame: its tag. The frame was parsed before. */
struct fh_bytes fh_frame_tag(const struct fh_frame *frame);

#endif
