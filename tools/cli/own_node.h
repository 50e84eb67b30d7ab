/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Own node: a node of the domain for which somebody governs, and who that is.
 *
 * At a home it is the home's, by its admin socket, and the publisher's key of the home signs; with
 * no node running one is started for as long as it takes (tools/cli/admin.h). With --key and
 * --access it is one elsewhere, by a session, straight or through any node, and that key signs.
 *
 * Does not: know what is asked. Thread: one. Ownership: owns what it names.
 */
#ifndef FH_TOOLS_CLI_OWN_NODE_H
#define FH_TOOLS_CLI_OWN_NODE_H

#include "tools/cli/admin.h"
#include "tools/cli/cli.h"
#include "tools/client/actor.h"

struct fh_remote; /* publish_remote.h */

struct fh_own_node {
    struct fh_actor *actor; /* at a home; else NULL */
    struct fh_admin *admin;
    struct fh_remote *remote; /* elsewhere; else NULL */
};

/* Elsewhere when `node` is not NULL or the command has --key: at or through that address, or one of
 * the access. Given: fh_own_node_close, also after a failure. Errors of fh_admin_open and
 * fh_remote_open. */
FH_MUST_CHECK int
fh_own_node_open(struct fh_own_node *out, struct fh_cli *cli, const char *node, struct fh_err *err);
void fh_own_node_close(struct fh_own_node *own);

/* Who governs: mesh and domain. Lent; NULL before it is open. */
const struct fh_actor *fh_own_node_actor(const struct fh_own_node *own);
/* The key that signs. The caller wipes it. Errors of fh_actor_key. */
FH_MUST_CHECK int
fh_own_node_signer(const struct fh_own_node *own, struct fh_sign_secret *out, struct fh_err *err);

/* Asks a message of the admin socket; as fh_admin_call. */
FH_MUST_CHECK int fh_own_node_call(struct fh_own_node *own,
                                   const struct fh_buf *request,
                                   int64_t timeout_ms,
                                   struct fh_buf *answer,
                                   struct fh_pack_reader *reader,
                                   struct fh_err *err);
/* The domain of a name, as the node knows it. FH_ENOTFOUND ("domain.unknown"). */
FH_MUST_CHECK int fh_own_node_domain(struct fh_own_node *own,
                                     const char *name,
                                     struct fh_domain_id *out,
                                     struct fh_err *err);

#endif
