/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Freehold asks of a contract before it is signed: rule class `publish.*`.
 *
 * The product name (`name`) and every table fit the mesh's names, columns fit SQL in any case;
 * `domain` is absent or the publisher's own; `version` is a semantic version; `status` one of the
 * life cycle; there is a table with columns whose types can be promised; exactly one server can be
 * read; and nothing outside `servers` says where the data lies.
 *
 * Does not: look at the data or at earlier versions. Thread: any. Ownership: borrows the contract.
 */
#ifndef FH_PROTO_CONTRACT_PUBLISH_RULES_H
#define FH_PROTO_CONTRACT_PUBLISH_RULES_H

#include "proto/contract/contract.h"
#include "proto/contract/finding.h"

/* X(NAME, code on the wire, ODCS status) */
#define FH_PRODUCT_STATUSES(X)                                                                     \
    X(DRAFT, 0, "draft")                                                                           \
    X(ACTIVE, 1, "active")                                                                         \
    X(DEPRECATED, 2, "deprecated")                                                                 \
    X(RETIRED, 3, "retired")

/* Appends what breaks a publish rule. `domain` is the publisher's name, or NULL when it is not
 * known (lint outside a home). The contract may be incomplete. */
void fh_publish_rules(const struct fh_contract *contract,
                      const char *domain,
                      struct fh_findings *findings);

/* The rules that a peer holds a contract to which it received: names, tables, columns, types,
 * version and status, but nothing about servers. FH_ECHECK with the first broken rule. */
FH_MUST_CHECK int fh_publish_rules_received(const struct fh_contract *contract,
                                            struct fh_arena *arena,
                                            struct fh_err *err);

/* The server that Freehold reads (the only one of a supported type), or NULL. */
const struct fh_contract_server *fh_publish_server(const struct fh_contract *contract);

#endif
