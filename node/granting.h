/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Granting: what the domain's people say of access, taken over the admin socket.
 *
 *   ADMIN_GOVERN   GRANT, GRANT_END, ACCESS_ANSWER: verified -> the rows of grants tried over the
 *                  tables that they open, by a worker -> one durable write, and what runs is judged
 *                  again
 *
 * Does not: sign (the publisher's key is with the CLI), decide (proto/governance). Thread: the
 * loop's. Ownership: keeps what it names.
 */
#ifndef FH_NODE_GRANTING_H
#define FH_NODE_GRANTING_H

#include "node/admin.h"
#include "node/query/rights.h"

struct fh_loop;
struct fh_serve;
struct fh_workers;

struct fh_granting {
    struct fh_loop *loop;
    struct fh_catalog *catalog;
    struct fh_grants *grants;
    struct fh_rights *rights;
    struct fh_serve *serve;
    struct fh_workers *workers;
    uint32_t memory_mib; /* of the worker that looks at rows */
    unsigned running;    /* questions without an answer yet: 0 at first and at the end */
};

/* ADMIN_GOVERN; the question is taken. Refusals: those of fh_grants_take_all, and
 *   "grant.rows.sql", "grant.rows.shape", "grant.rows.boolean"   what gate_filter.h says
 * (FH_ECHECK) "grant.rows.table"   no table is published here over which the rows could stand
 * (FH_ENOTFOUND) "limit.workers", and the failures of a worker. */
void fh_granting_question(struct fh_granting *granting, struct fh_admin_question *question);

#endif
