/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Governed: which policies are about a product, and which waivers of them hold now.
 *
 * Of the own domain's products that is all; of others' it is what the mesh agreed on, for a
 * domain's own policies stay with it. Nobody is told for whom by name a waiver is, or why it was
 * made.
 *
 * Does not: decide what anybody may see (rights.h). Thread: the loop's. Ownership: keeps what it
 * names.
 */
#ifndef FH_NODE_QUERY_GOVERNED_H
#define FH_NODE_QUERY_GOVERNED_H

#include "node/peer/questions.h"
#include "node/state/catalog.h"
#include "node/state/policies.h"
#include "proto/session/messages_waived.h"

struct fh_governed {
    struct fh_catalog *catalog;
    const struct fh_policies *policies;
    struct fh_domain_id domain;
};

/* What is told of a waiver of this version of a policy; `table` is 0. */
void fh_governed_waived(const struct fh_waiver_held *held,
                        const struct fh_policy_held *policy,
                        struct fh_msg_waived *out);

/* GOVERNED; the question is taken. */
void fh_governed_question(const struct fh_governed *governed, struct fh_question *question);

#endif
