/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Governance of a product: the policies that are about it and the waivers of them that hold now, as
 * a node says it.
 *
 * A node of its owner knows all of them; any other one those that the mesh agreed on. Nothing of it
 * is signed: what was enforced stands in receipts.
 *
 * Does not: say what the asker may see (access.h). Thread: that of the client. Ownership: values in
 * memory of its own.
 */
#ifndef FH_TOOLS_CLIENT_GOVERNANCE_H
#define FH_TOOLS_CLIENT_GOVERNANCE_H

#include "tools/client/client.h"

#include "proto/session/messages_waived.h"

struct fh_governance {
    bool whole; /* a node of the owner says it: else what the mesh agreed on alone */
    uint32_t policy_count;
    struct fh_msg_governing *policies;
    uint32_t waived_count;
    struct fh_msg_waived *waived;
};

/* Asks the node that the client talks to; with `owner`, a node of that domain. Errors of GOVERNED:
 * FH_ENOTFOUND, FH_EPROTO also from a node of before there was this message, FH_ENOMEM. Given, also
 * after a failure: fh_governance_fini. */
FH_MUST_CHECK int fh_governance_ask(struct fh_governance *out,
                                    struct freehold_client *client,
                                    const struct fh_msg_product_name *name,
                                    const struct fh_domain_id *owner,
                                    struct fh_err *err);
void fh_governance_fini(struct fh_governance *governance);

#endif
