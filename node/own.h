/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Own: what the domain's people ask of its node from elsewhere, by a publisher's key and a session.
 *
 *   OWN -> is it a publisher of ours? -> the message inside, as if it came by the admin socket
 *
 * What may be asked so is access and policies: what a publisher signs, and what it must see for
 * that. The delegation of the key is kept with the first thing that it signs, as others are
 * verified by it later.
 *
 * Does not: know what a message means. Thread: the loop's. Ownership: keeps what it names.
 */
#ifndef FH_NODE_OWN_H
#define FH_NODE_OWN_H

#include "node/admin.h"
#include "node/mesh/mesh.h"
#include "node/peer/questions.h"

struct fh_own {
    struct fh_directory *dir;
    struct fh_mesh *mesh; /* NULL when offline: then nobody asks */
    struct fh_domain_id domain;
};

/* OWN: the question for the admin's handlers, who take it; or NULL, when it was refused:
 * "own.domain", "own.role" (FH_EDENIED), "own.message" (FH_EPROTO: it may not be asked so). */
struct fh_admin_question *fh_own_question(const struct fh_own *own, struct fh_question *question);

/* Keeps and spreads the delegation of a key that signs for the domain; it may have come with its
 * session. */
void fh_own_keep_delegation(struct fh_directory *dir,
                            struct fh_mesh *mesh,
                            const struct fh_speaker *speaker);

#endif
