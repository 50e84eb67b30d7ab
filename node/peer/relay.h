/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Relay: carries one opaque frame of an inner session to a node of the mesh, and its answer back.
 *
 * Consumer and owner speak end to end; the relay sees sizes and endpoints. Frames for this node end
 * here (questions.h), all others travel on under this node's own session; a relay never relays for
 * another one.
 *
 * A consumer that hangs up is seen here alone. The relay remembers which inner sessions were spoken
 * in from which connection, and tells the node at their other end (HUNG_UP) when it is closed.
 *
 * Does not: open inner frames. Thread: the loop's; answers are sealed on pool threads.
 */
#ifndef FH_NODE_PEER_RELAY_H
#define FH_NODE_PEER_RELAY_H

#include "node/peer/peers.h"
#include "node/peer/questions.h"

struct fh_loop;
struct fh_relay;

/* Address of a member that answers; false when there is none. */
typedef bool
fh_relay_address_fn(void *user, const struct fh_node_id *node, const char **out_address);

struct fh_relay_options {
    struct fh_loop *loop;
    struct fh_questions *questions;
    struct fh_peers *peers;
    struct fh_node_id self;
    fh_relay_address_fn *address;
    void *user;
};

FH_MUST_CHECK int
fh_relay_new(struct fh_relay **out, const struct fh_relay_options *options, struct fh_err *err);
bool fh_relay_drained(const struct fh_relay *relay);
void fh_relay_free(struct fh_relay *relay);
/* RELAY, HUNG_UP; the question is taken. */
void fh_relay_question(struct fh_relay *relay, struct fh_question *question);

#endif
