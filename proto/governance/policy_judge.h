/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies in force, against what a domain publishes: contracts, their renewal, and the end of a
 * product, with the waivers that spare it.
 *
 *     policy_contract.h   what one rule says of one contract
 *     here                what all of them say together: an owner's node asks before publishing
 *
 * A policy that cannot be read refuses what it governs, as it closes it to whoever asks. One that
 * has expired or is contradicted still says what a contract must say.
 *
 * Does not: decide who may read (access.h), or know which policies are about a domain: the caller
 * gives those that are. Thread: any; pure. Ownership: borrows everything.
 */
#ifndef FH_PROTO_GOVERNANCE_POLICY_JUDGE_H
#define FH_PROTO_GOVERNANCE_POLICY_JUDGE_H

#include "proto/governance/policy_contract.h"
#include "proto/governance/waiver.h"

struct fh_policy_judging {
    struct fh_domain_id owner; /* of the product */
    const char *product;
    uint32_t major;
    int64_t now_ms;
    uint32_t policy_count; /* the mesh's that are about the owner's products, and the owner's */
    const struct fh_policy_held *const *policies;
    uint32_t waiver_count;
    const struct fh_waiver_held *const *waivers;
};

/* The same for the product of this contract. */
struct fh_policy_judging fh_policy_judging_of(const struct fh_policy_judging *judging,
                                              const struct fh_contract *contract);

/* Appends what a new version of the product breaks: the rules of policy_contract.h that no waiver
 * spares it, and "policy.unreadable". */
void fh_policy_judge_contract(const struct fh_policy_judging *judging,
                              const struct fh_contract *contract,
                              struct fh_findings *findings);
/* The same by one policy that can be read and governs the product. */
void fh_policy_judge_one(const struct fh_policy_judging *judging,
                         const struct fh_policy_held *held,
                         const struct fh_contract *contract,
                         struct fh_findings *findings);

/* Appends what refuses to have this version announced any longer: rules that say `renewals_from`,
 * when that has come. */
void fh_policy_judge_renewal(const struct fh_policy_judging *judging,
                             const struct fh_contract *contract,
                             struct fh_findings *findings);
/* Whether a rule is about renewals now. */
bool fh_policy_stops_renewals(const struct fh_policy_rule *rule, int64_t now_ms);

/* FH_ECHECK ("policy.notice", "policy.unreadable"), unless a waiver spares the product. */
FH_MUST_CHECK int fh_policy_judge_end(const struct fh_policy_judging *judging,
                                      const struct fh_policy_end *end,
                                      struct fh_err *err);

/* The waiver by which a rule of a policy does not bind the product itself, or NULL; `rule` NULL:
 * all of the policy. */
const struct fh_waiver_held *fh_policy_waiver_of(const struct fh_policy_judging *judging,
                                                 const struct fh_policy_held *held,
                                                 const struct fh_policy_rule *rule);

#endif
