/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Charters: what the entry peer holds of them, verified into the client's own directory, and which
 * node says that it goes by which one.
 *
 * Does not: belong to the public interface. Thread: one. Ownership: given; fh_charter_nodes_free.
 */
#ifndef FH_TOOLS_CLIENT_CHARTERS_H
#define FH_TOOLS_CLIENT_CHARTERS_H

#include "proto/session/messages_charter.h"
#include "tools/client/client.h"

/* Brings charters, proposals, votes and the keys that prove them into the directory; what does not
 * verify is left out. Codes of the question. */
FH_MUST_CHECK int fh_charters_learn(struct freehold_client *client, struct fh_err *err);

struct fh_charter_nodes {
    size_t count;
    struct fh_msg_charter_known *items; /* the asked node first */
};
/* What the asked node and those that it reaches say; theirs is nobody's proof. */
FH_MUST_CHECK int fh_charter_nodes_ask(struct fh_charter_nodes **out,
                                       struct freehold_client *client,
                                       struct fh_err *err);
void fh_charter_nodes_free(struct fh_charter_nodes *nodes);
static inline void fh_charter_nodes_freep(struct fh_charter_nodes **nodes)
{
    fh_charter_nodes_free(*nodes);
}

#endif
