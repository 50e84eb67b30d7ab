/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why: what a node thinks of a member, with the signed records that speak for it, verified here.
 *
 * The records of the member (ALIVE, LEAVE) and those of its accusers (SUSPECT) are judged from the
 * mesh id up: signed by a node of the domain that is named, about this member, in the life that it
 * leads. The rest is what the asked node says of itself.
 *
 * Does not: belong to the public interface. Thread: one. Ownership: given; fh_why_free.
 */
#ifndef FH_TOOLS_CLIENT_WHY_H
#define FH_TOOLS_CLIENT_WHY_H

#include "proto/session/messages_why.h"
#include "tools/client/client.h"

enum { FH_WHY_LIST_MAX = 64 }; /* entries of one list; a node tells less */

/* A record as it came, and what is to be said of it. */
struct fh_why_record {
    size_t size; /* 0: the node does not hold it */
    uint8_t bytes[FH_RECORD_GOSSIP_BYTES_MAX];
    struct fh_record_id id;
    int64_t issued_ms;
    struct fh_err judged; /* FH_OK, or why it does not verify */
};
struct fh_why_accuser {
    struct fh_msg_accuser told;
    struct fh_why_record record;
};

struct fh_why {
    struct fh_msg_why told;
    struct fh_why_record alive;
    struct fh_why_record leave;
    size_t timer_count;
    struct fh_msg_timer timers[FH_WHY_LIST_MAX];
    size_t accuser_count;
    struct fh_why_accuser accusers[FH_WHY_LIST_MAX];
    size_t session_count;
    struct fh_msg_why_session sessions[FH_WHY_LIST_MAX];
};

/* Asks the entry peer about the node. FH_ENOTFOUND ("node.unknown"), FH_EPROTO, and what a client's
 * question may end with. Records that do not verify are no error of the call. */
FH_MUST_CHECK int fh_why_ask(struct fh_why **out,
                             struct freehold_client *client,
                             const struct fh_node_id *node,
                             struct fh_err *err);
void fh_why_free(struct fh_why *why);
static inline void fh_why_freep(struct fh_why **why)
{
    fh_why_free(*why);
}

#endif
