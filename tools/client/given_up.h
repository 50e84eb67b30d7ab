/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Given up: questions whose own deadline passed before the first answer came.
 *
 * Who asked is told at once. The stream that the node opens for it has no number here until its
 * answer comes, so the slot stays with the client, which looks whenever it is called: what has come
 * then is cancelled. An answer that does not come while an honest node would send one is forgotten;
 * so are all when the connection closes, which ends them at the node too.
 *
 * Does not: wait for an answer. Thread: the client's. Ownership: the client has the slots, and the
 * channels stay in use for them.
 */
#ifndef FH_TOOLS_CLIENT_GIVEN_UP_H
#define FH_TOOLS_CLIENT_GIVEN_UP_H

#include "tools/client/result.h"

/* Takes over the slot that the answer to the QUERY of `result` has not come to. With too many of
 * them the oldest is forgotten. */
void fh_given_up_add(struct freehold_result *result);
/* Cancels those whose answer has come, forgets those that nothing is heard of. */
void fh_given_up_look(struct freehold_client *client);
/* Forgets all. */
void fh_given_up_forget(struct freehold_client *client);

/* Opens the answer to a QUERY, in its slot, that nobody wants to read: whether a stream is open at
 * the producer now, and its number. */
bool fh_given_up_open(struct fh_channel *channel, int slot, uint64_t *out_stream);

#endif
