/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What peers.c and greeting.c share; for them alone.
 */
#ifndef FH_NODE_PEER_PEERS_INSIDE_H
#define FH_NODE_PEER_PEERS_INSIDE_H

#include "node/peer/peers.h"

#include "common/list.h"

struct fh_dialer;

enum fh_peer_state { FH_PEER_IDLE, FH_PEER_GREETING, FH_PEER_OPEN };

struct fh_peer {
    struct fh_list link; /* in fh_peers.peers */
    struct fh_peers *owner;
    struct fh_dialer *dialer;
    enum fh_peer_state state;
    struct fh_session *session;
    struct fh_speaker speaker; /* of the open session */
    struct fh_domain_id guest; /* accepted before it is admitted */
    struct fh_list waiting;    /* calls that wait for the session */
    unsigned busy;             /* calls and handshake frames on their way */
    unsigned held;             /* calls that are not freed yet, and callers up the stack */
    int64_t used_ms;
};

struct fh_peers {
    struct fh_link *link;
    struct fh_identity *identity;
    struct fh_directory *dir;
    struct fh_list peers;
    unsigned peer_count;
    unsigned calls;
    bool quiet;
    struct fh_session *answering; /* of the answer that is being handled; else NULL */
};

/* greeting.c: whether the speaker of the session is one to ask, for a call with this guest (zero:
 * none). */
FH_MUST_CHECK int fh_peer_check_speaker(const struct fh_speaker *speaker,
                                        const struct fh_domain_id *guest,
                                        struct fh_err *err);
/* greeting.c: begins the handshake of an idle peer; ends in fh_peer_greeted, or every waiting call
 * fails. */
void fh_peer_greet(struct fh_peer *peer);

/* peers.c */
/* The session is open: sends what waited for it. */
void fh_peer_greeted(struct fh_peer *peer);
void fh_peer_fail_waiting(struct fh_peer *peer, const struct fh_err *err);
void fh_peer_drop_session(struct fh_peer *peer);

#endif
