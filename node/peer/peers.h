/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peers: what this node asks of others, over one session to each address.
 *
 * A call names an address and, where it matters, the node that must answer there. The first call
 * makes the session (handshake, admit.h); later calls share it, many at once. A session that the
 * other end has forgotten is made anew once and the call repeated: nothing was done for it. What
 * goes on over several calls (a stream) names the session where it began, since a newer one may
 * take its place at any time.
 *
 *   IDLE --call--> GREETING --confirmed--> OPEN --worn out, forgotten, failed--> IDLE
 *                     |  failed: every waiting call fails
 *                     +------> IDLE
 *
 * Bulk answers stay sealed until a pool thread opens them, so that row data never passes through
 * the loop.
 *
 * Does not: choose whom to ask, or try another address. Thread: the loop's, except fh_sealed_*.
 * Ownership: see each function.
 */
#ifndef FH_NODE_PEER_PEERS_H
#define FH_NODE_PEER_PEERS_H

#include "node/peer/admit.h"
#include "proto/session/messages.h"

struct fh_link;
struct fh_peers;
struct fh_sealed;
struct fh_session;

struct fh_peer_target {
    const char *address;       /* HOST:PORT; copied */
    struct fh_node_id node;    /* who must answer; zero: any node of the mesh */
    struct fh_domain_id guest; /* zero, or a domain that is accepted before it is known as admitted:
                                  the issuer of the invitation that is being redeemed */
    struct fh_session *session; /* NULL: the one that is best now. Else a session of this target,
                                   kept for the call, on which something goes on that began there */
};

/* The end of a call, once, on the loop: `fields` stands at the first field of a good answer (lent),
 * or is NULL and `err` tells (FH_EUNREACH, FH_ETIMEOUT, FH_ESIG, the peer's own refusal, ...). */
typedef void fh_peer_answer_fn(struct fh_pack_reader *fields, const struct fh_err *err, void *user);

/* The session by which the answer at hand came: to a handler alone, while it handles a good answer.
 * Lent; whoever keeps it takes a reference, and names it in targets. */
struct fh_session *fh_peers_answering(const struct fh_peers *peers);

/* The end of a bulk call: `sealed` is taken, or NULL and `err` tells. */
typedef void fh_peer_sealed_fn(struct fh_sealed *sealed, const struct fh_err *err, void *user);

/* `link`, `identity`, `dir` are kept. */
FH_MUST_CHECK int fh_peers_new(struct fh_peers **out,
                               struct fh_link *link,
                               struct fh_identity *identity,
                               struct fh_directory *dir,
                               struct fh_err *err);
/* Every waiting call ends with FH_ECANCELLED. Idempotent. */
void fh_peers_quiesce(struct fh_peers *peers);
bool fh_peers_drained(const struct fh_peers *peers);
void fh_peers_free(struct fh_peers *peers);

/* Asks; `request` is borrowed and copied. A failure to begin also ends in `fn`, before return. */
void fh_peers_ask(struct fh_peers *peers,
                  const struct fh_peer_target *target,
                  const struct fh_buf *request,
                  int64_t timeout_ms,
                  fh_peer_answer_fn *fn,
                  void *user);
void fh_peers_ask_bulk(struct fh_peers *peers,
                       const struct fh_peer_target *target,
                       const struct fh_buf *request,
                       int64_t timeout_ms,
                       fh_peer_sealed_fn *fn,
                       void *user);

/* ---- looking ---- */

struct fh_peer_view {
    const char *state; /* "open", "greeting", "idle"; static */
    uint64_t used_ms_ago;
    unsigned waiting; /* calls that wait for the session */
    unsigned running; /* calls and handshake frames on their way */
};
typedef void fh_peer_view_fn(void *user, const struct fh_peer_view *view);
/* Visits what there is of sessions to this address; an open one only when it is with this node. */
void fh_peers_view(const struct fh_peers *peers,
                   const char *address,
                   const struct fh_node_id *node,
                   fh_peer_view_fn *visit,
                   void *user);

/* The link that carries them. Lent. */
struct fh_link *fh_peers_link(const struct fh_peers *peers);

/* ---- a sealed answer: any one thread ---- */

/* Opens it in place; `fields` stands at the first field and lends from `sealed`; `out_tag` (may be
 * NULL) is the AEAD tag of the frame. Errors as in fh_peer_answer_fn. */
FH_MUST_CHECK int fh_sealed_open(struct fh_sealed *sealed,
                                 struct fh_pack_reader *fields,
                                 uint8_t out_tag[FH_AEAD_TAG_BYTES],
                                 struct fh_err *err);
void fh_sealed_free(struct fh_sealed *sealed);

#endif
