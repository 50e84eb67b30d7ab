/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Visitor: one party that talks to a node over TCP frame by frame, as nobody's library would.
 *
 * It connects, shakes hands, seals and opens as proto/session does, and lets whoever uses it change
 * any byte on the way. What a node makes of a frame is a verdict.
 *
 * Does not: judge verdicts. Thread: one. Ownership: answers are lent until the next call.
 */
#ifndef FH_TESTS_HOSTILE_VISITOR_H
#define FH_TESTS_HOSTILE_VISITOR_H

#include "proto/session/session.h"
#include "tests/lib/spoil.h"
#include "tools/client/actor.h"

enum verdict_kind {
    VERDICT_ANSWERED, /* what was asked was done */
    VERDICT_REFUSED,  /* by an answer with `code` and `rule` that the session authenticates */
    VERDICT_REJECTED, /* by a REJECT frame with `code` */
    VERDICT_CLOSED,   /* the connection ended */
    VERDICT_SILENT,   /* nothing came */
    VERDICT_BROKEN,   /* something came that is none of these */
};

struct verdict {
    enum verdict_kind kind;
    int code;
    char rule[FH_ERR_RULE_BYTES];
};

struct visitor {
    struct fh_actor *actor;
    uint16_t port;
    int fd; /* -1: not connected */
    struct fh_session *session;
    struct fh_session_binding binding; /* of the last request sealed */
    struct fh_node_id node;            /* at the other end, once there was a session */
    struct fh_buf frame;               /* the last request sealed */
    struct fh_bytes answer;            /* plaintext of the last one that was opened */
    uint32_t number;
    uint8_t reply[FH_FRAME_REPLY_BYTES_MAX + 4];
};

/* What a hello is changed into on its way into a handshake frame: its payload spoiled. */
struct visitor_hello {
    bool first; /* that of HS1, else of HS3 */
    unsigned place;
    enum test_spoil_way way;
};

/* `actor` is kept. */
void visitor_init(struct visitor *v, struct fh_actor *actor, uint16_t port);
void visitor_fini(struct visitor *v);

/* Connects and greets; ends the program when that fails: the node is gone then. */
void visitor_connect(struct visitor *v);
void visitor_hang_up(struct visitor *v);
/* Sends one frame, whatever it is, and takes what comes back; a REPLY is opened as the answer to
 * the last request sealed. */
struct verdict visitor_send(struct visitor *v, struct fh_bytes frame);
/* A handshake on a fresh connection; `self` and `spoiled` may be NULL. */
struct verdict visitor_shake(struct visitor *v,
                             const struct fh_session_self *self,
                             const struct visitor_hello *spoiled);
/* What the actor honestly is. */
struct fh_session_self visitor_self(struct visitor *v, struct fh_agree_secret *secret);
/* A session that works, or the end of the program. */
void visitor_ready(struct visitor *v);
/* Seals a request into v->frame. */
void visitor_seal(struct visitor *v, struct fh_bytes plaintext);
/* Both, in a session that works. */
struct verdict visitor_ask(struct visitor *v, struct fh_bytes plaintext);

/* "refused FH_EPROTO [message.form]" */
void verdict_text(char out[128], const struct verdict *verdict);

#endif
