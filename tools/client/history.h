/* SPDX-License-Identifier: Apache-2.0 */
/*
 * History: a product's life as a node knows it: its majors, the announcements that moved them, the
 * versions of its chain, the forks that its domain was caught at.
 *
 * Announcements are verified here, from the mesh id up: status, sunset and successor are what the
 * owner signed. Versions and forks are what the node says: their records are large; `contract
 * verify` verifies one, and a fork's records can be pulled by their ids.
 *
 * Does not: belong to the public interface. Thread: one. Ownership: given; fh_history_free.
 */
#ifndef FH_TOOLS_CLIENT_HISTORY_H
#define FH_TOOLS_CLIENT_HISTORY_H

#include "proto/gossip/announce.h"
#include "proto/session/messages.h"
#include "tools/client/client.h"

enum { FH_HISTORY_VERSIONS_MAX = 4096 }; /* the newest ones of a chain */

struct fh_history_move {
    struct fh_announcement said;
    struct fh_record_id id;
    struct fh_signer signer;
};

struct fh_history {
    struct fh_domain_id domain;
    size_t product_count; /* majors that are announced, the lowest first */
    struct fh_msg_product *products;
    size_t move_count; /* by major and revision; the last of a major counts now */
    struct fh_history_move *moves;
    size_t version_count; /* the newest first */
    struct fh_msg_version *versions;
    size_t fork_count;
    struct fh_msg_fork *forks;
};

/* Asks the entry peer. FH_ENOTFOUND ("domain.unknown", "product.unknown"), FH_ESIG: an announcement
 * that its owner did not sign, or of another product. */
FH_MUST_CHECK int fh_history_ask(struct fh_history **out,
                                 struct freehold_client *client,
                                 const char *domain,
                                 const char *product,
                                 struct fh_err *err);
void fh_history_free(struct fh_history *history);
static inline void fh_history_freep(struct fh_history **history)
{
    fh_history_free(*history);
}

/* The announcement of a major that counts now, or NULL. */
const struct fh_history_move *fh_history_now(const struct fh_history *history, uint32_t major);

#endif
