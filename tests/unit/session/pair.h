/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two ends of a session with fixed keys, for the tests of sessions. Everything is derived from
 * small seeds, so that frames are the same in every run.
 */
#ifndef FH_TESTS_UNIT_SESSION_PAIR_H
#define FH_TESTS_UNIT_SESSION_PAIR_H

#include "proto/session/session.h"

enum { PAIR_RECORDS = 2, PAIR_NOW_MS = 1000, PAIR_NUMBER = 0x5e55 };

/* One end: who it is. */
struct party {
    struct fh_mesh_id mesh;
    struct fh_agree_secret static_secret;
    struct fh_agree_public static_public;
    struct fh_agree_secret ephemeral;
    struct fh_sign_public key;
    struct fh_sign_secret sign_secret;
    struct fh_bytes records[PAIR_RECORDS];
    struct fh_session_offer offer;
    struct fh_session_self self;
};

/* Both ends, and the last frame of each kind. */
struct pair {
    struct party initiator;
    struct party responder;
    struct fh_session *out; /* the initiator's session */
    struct fh_session *in;
    struct fh_buf hs1;
    struct fh_buf hs2;
    struct fh_buf hs3;
    struct fh_buf welcome;
};

/* What both parties offer: ChaCha20-Poly1305, until a test says otherwise. */
extern struct fh_session_offer pair_offer;

enum pair_stage { PAIR_HS1, PAIR_HS2, PAIR_HS3, PAIR_WELCOME, PAIR_OPEN };

void party_init(struct party *party, unsigned seed);
/* Runs the handshake until the frame of `stage` has been made but not read; PAIR_OPEN: all. Ends
 * the process when a step fails. */
void pair_init(struct pair *pair, enum pair_stage stage);
/* The same from two given parties. */
void pair_run(struct pair *pair, enum pair_stage stage);
void pair_fini(struct pair *pair);

/* A frame that must parse. */
struct fh_frame pair_frame(struct fh_bytes bytes);

#endif
