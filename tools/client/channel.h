/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Channel: one session of the client with one node, straight over a link or end to end through
 * another channel as relay.
 *
 * Opening runs the handshake and lets the caller judge who answers; then each slot of the link
 * carries one request and its answer. An inner channel wraps its frames in RELAY requests of the
 * outer one, in the same slot. Answers are opened in place, without a copy.
 *
 * Does not: know what requests mean (client.c, query.c). Thread: one. Ownership: an answer is lent
 * until its slot is posted again or released. A channel keeps its link, or its relay, in use.
 */
#ifndef FH_TOOLS_CLIENT_CHANNEL_H
#define FH_TOOLS_CLIENT_CHANNEL_H

#include "proto/session/session.h"
#include "proto/wire/pack.h"
#include "tools/client/actor.h"
#include "tools/client/link.h"

struct fh_channel;
struct fh_landing;

/* Whether the peer of a session may be talked to: `peer` says who it is and shows its records. */
typedef int fh_channel_judge_fn(void *user, const struct fh_session_peer *peer, struct fh_err *err);

/* Opens a session over `link`, or through `relay` to `node` when `relay` is not NULL (all kept, the
 * actor too).
 * FH_EUNREACH, FH_ETIMEOUT, FH_ESIG, FH_EDENIED, FH_EVERSION, and what `judge` says. Given. */
FH_MUST_CHECK int fh_channel_open(struct fh_channel **out,
                                  const struct fh_actor *actor,
                                  struct fh_link *link,
                                  struct fh_channel *relay,
                                  const struct fh_node_id *node,
                                  fh_channel_judge_fn *judge,
                                  void *user,
                                  struct fh_err *err);
void fh_channel_close(struct fh_channel *channel);

struct fh_link *fh_channel_link(const struct fh_channel *channel);
/* The node at the other end. */
const struct fh_node_id *fh_channel_node(const struct fh_channel *channel);
const struct fh_domain_id *fh_channel_domain(const struct fh_channel *channel);
bool fh_channel_is_relayed(const struct fh_channel *channel);
/* Of the protocol, agreed with the node. */
unsigned fh_channel_version(const struct fh_channel *channel);
/* New work should go to a new channel: keys are old, or a request failed on the way. */
bool fh_channel_is_worn(const struct fh_channel *channel);
/* The last wait ended because its asker had no more time, which says nothing of the peer: the
 * channel goes on, unless nothing has come for FH_REQUEST_MS. Without this a wait that ended so
 * makes it worn. */
void fh_channel_go_on(struct fh_channel *channel);

enum { FH_CHANNEL_RENEWALS = 2 }; /* of one question: the relay's session, then the one inside */

/* The rule of the failure below. */
#define FH_CHANNEL_FORGOTTEN "session.forgotten"

/* Whether a failure is the answer of the peer, or of the relay, that it does not know the session:
 * it gave its place to others, or started anew, and has done nothing of what was asked. Nobody
 * signs that answer: should it be a lie, by whoever stands between, what is asked once more is done
 * twice, which a node has to bear anyway. */
bool fh_channel_may_ask_again(const struct fh_err *err);
/* Opens the session anew, with the same node, where it is forgotten (here and at the relay). What
 * began in the old one is lost. As fh_channel_open; after a failure the channel stays worn. */
FH_MUST_CHECK int fh_channel_renew(struct fh_channel *channel, struct fh_err *err);
/* How often that was done: what a stream is called in one session says nothing in the next. */
unsigned fh_channel_renewals(const struct fh_channel *channel);

/* Seals and sends a request (borrowed) in a slot of the link. */
FH_MUST_CHECK int fh_channel_post(struct fh_channel *channel,
                                  int slot,
                                  struct fh_bytes request,
                                  int64_t timeout_ms,
                                  struct fh_err *err);
/* Waits for the answer in the slot and opens it: into `landing`, or in its place when that is NULL,
 * where it is lent until the slot is used again. `out_tag` (may be NULL) gets the tag of its frame.
 */
FH_MUST_CHECK int fh_channel_wait(struct fh_channel *channel,
                                  int slot,
                                  struct fh_landing *landing,
                                  struct fh_bytes *out_answer,
                                  uint8_t out_tag[FH_AEAD_TAG_BYTES],
                                  struct fh_err *err);

/* Both, within the time given, or FH_REQUEST_MS, in a slot of its own, and reads the head of the
 * answer: `reader` stands at the first field. Where the session is forgotten it asks once more. The
 * answer is copied to `answer` (reset), on which `reader` looks. */
FH_MUST_CHECK int fh_channel_call_within(struct fh_channel *channel,
                                         struct fh_bytes request,
                                         int64_t timeout_ms,
                                         struct fh_buf *answer,
                                         struct fh_pack_reader *reader,
                                         struct fh_err *err);
FH_MUST_CHECK int fh_channel_call(struct fh_channel *channel,
                                  struct fh_bytes request,
                                  struct fh_buf *answer,
                                  struct fh_pack_reader *reader,
                                  struct fh_err *err);

#endif
