/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether one rule of a policy holds for one product, by what a person at the owner's node has at
 * hand: the contract, the announcement, and the last measurement.
 *
 * Does not: ask anybody, or know waivers (report.c). Thread: any; pure. Ownership: borrows
 * everything; what shows it is a constant or lies in the arena.
 */
#ifndef FH_TOOLS_COMPLIANCE_JUDGE_H
#define FH_TOOLS_COMPLIANCE_JUDGE_H

#include "proto/gossip/announce.h"
#include "proto/governance/access.h"
#include "proto/governance/policy.h"
#include "tools/compliance/report.h"

struct fh_compliance_product {
    const struct fh_access_product *access;
    const struct fh_contract *contract;
    const struct fh_announcement *announced;
    unsigned quality; /* bits by enum fh_quality_state, as in struct fh_access_ask */
};

/* A policy that governs the product, and a rule of it. UNKNOWN also when there is no memory. */
enum fh_compliance_state fh_compliance_judge(const struct fh_policy *policy,
                                             const struct fh_policy_rule *rule,
                                             const struct fh_compliance_product *product,
                                             struct fh_arena *arena,
                                             const char **out_evidence);

#endif
