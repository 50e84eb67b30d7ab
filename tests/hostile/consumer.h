/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Consumer: what a consumer may do to a node, by groups of frames, and what each must come to.
 *
 * Does not: end sessions that a frame left usable. Thread: one. Ownership: everything is the
 * caller's.
 */
#ifndef FH_TESTS_HOSTILE_CONSUMER_H
#define FH_TESTS_HOSTILE_CONSUMER_H

#include "proto/session/messages.h"
#include "tests/hostile/suite.h"
#include "tests/hostile/visitor.h"

struct consumer {
    struct suite suite;
    struct visitor visitor;
    const char *sql;         /* that the actor may ask of this node */
    struct fh_msg_plan plan; /* of it, once it was asked */
};

/* consumer_link.c: below and around sessions. */
void consumer_greetings(struct consumer *c);
void consumer_heads(struct consumer *c);
void consumer_frames(struct consumer *c);
void consumer_handshakes(struct consumer *c);
void consumer_transport(struct consumer *c);

/* consumer_messages.c: inside a session. */
void consumer_messages(struct consumer *c);
void consumer_relays(struct consumer *c);

/* consumer_requests.c: signed requests, and the streams that follow. */
void consumer_requests(struct consumer *c);
void consumer_lies(struct consumer *c);
void consumer_streams(struct consumer *c);

/* Texts of verdicts, to compare. */
#define REJECTED(code)      "rejected " #code
#define REFUSED(code, rule) "refused " #code " [" rule "]"
#define ANSWERED            "answered"
#define CLOSED              "closed"
#define UNUSABLE            "an answer that is none"

void consumer_meet(struct consumer *c,
                   struct verdict verdict,
                   const char *expected,
                   const char *name_format,
                   ...) FH_PRINTF(4, 5);

#endif
