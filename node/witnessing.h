/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Witnessing: the checkpoints of the own audit log go to nodes of two other domains, and those of
 * others are kept here, so that who cuts off or rewrites his log is found out.
 *
 * Which two follows from the names of the domains, so that it rarely changes; when one does not
 * answer, the next takes its place. Who asks what is kept asks all that answer.
 *
 * Does not: judge a log. Thread: the loop's. Ownership: keeps what its options name.
 */
#ifndef FH_NODE_WITNESSING_H
#define FH_NODE_WITNESSING_H

#include "node/admin.h"
#include "node/mesh/mesh.h"
#include "node/state/audit.h"

struct fh_witnessing;

struct fh_witnessing_options {
    struct fh_loop *loop;
    struct fh_audit *audit; /* NULL: there is nothing to send */
    struct fh_store *store;
    struct fh_directory *dir;
    struct fh_peers *peers;
    struct fh_mesh *mesh; /* NULL when offline */
    struct fh_mesh_id mesh_id;
    struct fh_domain_id domain;
    struct fh_node_id node;
};

FH_MUST_CHECK int fh_witnessing_new(struct fh_witnessing **out,
                                    const struct fh_witnessing_options *options,
                                    struct fh_err *err);
/* Begins nothing more; what is on its way ends with the peers. */
void fh_witnessing_quiesce(struct fh_witnessing *witnessing);
void fh_witnessing_free(struct fh_witnessing *witnessing);

/* WITNESS of a session, ADMIN_WITNESSED of the socket; the question is taken. */
void fh_witnessing_question(struct fh_witnessing *witnessing, struct fh_question *question);
void fh_witnessing_admin(struct fh_witnessing *witnessing, struct fh_admin_question *question);

#endif
