/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policing: what the domain's people sign, over the admin socket: its policies and those of the
 * mesh, and grants by granting.h.
 *
 *   ADMIN_POLICY, ADMIN_AGREED, ADMIN_POLICIES, ADMIN_WAIVERS, ADMIN_VERSIONS   what is in force,
 *                   and was
 *   ADMIN_POLICY_STATUS   which node enforces what
 *   ADMIN_ENFORCE   signature and chain -> rules against all own products -> filters by a worker ->
 *                   one durable write, in force at once, and what runs is judged again
 *   ADMIN_SIMULATE  what a text that nobody signed yet would change
 *   ADMIN_EXPLAIN, ADMIN_RULES   what somebody would see of a product and why, and by each rule
 *   ADMIN_GOVERN    grants and what ends them: granting.h
 *
 * Does not: sign (the publisher's key is with the CLI), decide (proto/governance). Thread: the
 * loop's. Ownership: keeps what its options name.
 */
#ifndef FH_NODE_POLICING_H
#define FH_NODE_POLICING_H

#include "node/admin.h"
#include "node/query/rights.h"

struct fh_loop;
struct fh_mesh;
struct fh_policing;
struct fh_serve;
struct fh_workers;

struct fh_policing_options {
    struct fh_loop *loop;
    struct fh_catalog *catalog;
    const struct fh_directory *dir;
    struct fh_policies *policies;
    struct fh_store *store;
    struct fh_mesh *mesh; /* NULL when offline */
    struct fh_grants *grants;
    struct fh_rights *rights;
    struct fh_serve *serve;
    struct fh_workers *workers;
    struct fh_domain_id domain;
    uint32_t memory_mib; /* of the worker that looks at filters */
};

FH_MUST_CHECK int fh_policing_new(struct fh_policing **out,
                                  const struct fh_policing_options *options,
                                  struct fh_err *err);
bool fh_policing_drained(const struct fh_policing *policing);
void fh_policing_free(struct fh_policing *policing);

/* Takes the question when it is one of the above; else false. */
bool fh_policing_admin(struct fh_policing *policing, struct fh_admin_question *question);

#endif
