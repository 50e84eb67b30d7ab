/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies in force at this node, against what a domain publishes: policy_judge.h with what is held
 * here.
 *
 * Does not: judge itself, or decide who may read (proto/governance/access.h). Thread: the loop's.
 * Ownership: borrows everything.
 */
#ifndef FH_NODE_STATE_POLICIES_JUDGE_H
#define FH_NODE_STATE_POLICIES_JUDGE_H

#include "node/state/policies.h"
#include "proto/contract/contract_record.h"
#include "proto/governance/policy_judge.h"

/* Appends what a new version of an own product breaks at `now_ms`: the rules of policy_contract.h
 * that no waiver spares it, and "policy.unreadable". */
void fh_policies_judge_contract(const struct fh_policies *policies,
                                const struct fh_contract *contract,
                                int64_t now_ms,
                                struct fh_findings *findings);

/* The same for another domain's version, by the policies of the mesh that are older than it: what
 * peers refuse (fh_catalog_judge_fn; `user` is the policies). FH_ECHECK. */
FH_MUST_CHECK int fh_policies_judge_foreign(void *user,
                                            const struct fh_contract_record *record,
                                            const struct fh_contract *contract,
                                            struct fh_err *err);

/* FH_ECHECK when a rule that says `renewals_from` refuses to have this version announced any
 * longer at `now_ms`; findings need the arena. FH_ENOMEM. */
FH_MUST_CHECK int fh_policies_judge_renewal(const struct fh_policies *policies,
                                            const struct fh_contract *contract,
                                            int64_t now_ms,
                                            struct fh_arena *arena,
                                            struct fh_err *err);

/* Whether any rule that holds now is about renewals: else nothing needs to be read for it. */
bool fh_policies_judge_renewals(const struct fh_policies *policies, int64_t now_ms);

/* FH_ECHECK ("policy.notice", "policy.unreadable"), unless a waiver spares the product. */
FH_MUST_CHECK int fh_policies_judge_end(const struct fh_policies *policies,
                                        const struct fh_policy_end *end,
                                        struct fh_err *err);

#endif
