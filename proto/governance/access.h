/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access: may this consumer read this product.
 *
 * The rule that holds from the first version: a domain reads its own products; every domain of the
 * mesh reads a product whose contract says `roles: [{role: mesh, access: read}]`; all else is
 * denied without a grant. Who brings the question for a join is judged like who asks it.
 *
 * Does not: verify who the consumer is, or that the contract is current. Thread: any; pure.
 */
#ifndef FH_PROTO_GOVERNANCE_ACCESS_H
#define FH_PROTO_GOVERNANCE_ACCESS_H

#include "proto/wire/id.h"

struct fh_access {
    struct fh_domain_id owner;
    const char *owner_name; /* for the refusal */
    const char *product;
    bool open_to_mesh;
    struct fh_domain_id consumer; /* an admitted domain */
    struct fh_domain_id entry;    /* domain of the node that joins; the consumer's when none does */
};

/* FH_OK, or FH_EDENIED with rule "access.denied" and the command that asks for access. */
FH_MUST_CHECK int fh_access_decide(const struct fh_access *access, struct fh_err *err);

#endif
