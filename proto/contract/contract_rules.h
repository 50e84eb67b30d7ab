/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Structural rules of any contract beyond the JSON Schema: rule class `contract.*`.
 *
 * What the schema cannot say and every reader relies on: unique names of tables, columns, servers,
 * roles, ids and custom properties; relationships and SLA elements that point at something;
 * composite keys of equal length; arrays that say of what; bounds in order; key positions that make
 * sense.
 *
 * Does not: know Freehold (publish_rules.h). Thread: any. Ownership: borrows the contract; findings
 * go to the caller's list.
 */
#ifndef FH_PROTO_CONTRACT_CONTRACT_RULES_H
#define FH_PROTO_CONTRACT_CONTRACT_RULES_H

#include "proto/contract/contract.h"
#include "proto/contract/finding.h"

/* Appends what breaks a rule. The contract may be incomplete (read with errors). */
void fh_contract_rules(const struct fh_contract *contract, struct fh_findings *findings);

#endif
