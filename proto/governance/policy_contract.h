/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies against contracts: what a contract must say, what its names look like, and how long a
 * product's end is known before it comes.
 *
 *   fh_policy_check_contract   `product publish`, and every peer that takes a contract
 *   fh_policy_check_end        `product deprecate|retire`
 *
 * Does not: know when a contract or policy came first: whoever asks does, and judges no contract
 * by a policy that it could not have known. Thread: any; pure. Ownership: borrows everything.
 */
#ifndef FH_PROTO_GOVERNANCE_POLICY_CONTRACT_H
#define FH_PROTO_GOVERNANCE_POLICY_CONTRACT_H

#include "proto/governance/policy.h"

/* Appends an error for each thing that the contract lacks by a rule of kind REQUIRE
 * ("policy.require.FIELD", with the word of the field, "policy.require.sla_property",
 * "policy.require.classifications"), and for each name that does not fit (NAMING:
 * "policy.naming.product", "policy.naming.table", "policy.naming.column"). Places are in the
 * contract; the text names policy and line. Nothing when the policy does not govern this version.
 */
void fh_policy_check_contract(const struct fh_policy *policy,
                              const struct fh_contract *contract,
                              struct fh_findings *findings);

/* One rule of it. For whoever reports on each. */
void fh_policy_check_contract_rule(const struct fh_policy *policy,
                                   const struct fh_policy_rule *rule,
                                   const struct fh_contract *contract,
                                   struct fh_findings *findings);

/* A step in the life of a product that brings its end nearer. */
struct fh_policy_end {
    const char *product;
    uint32_t major;
    bool retires;             /* the product ends now; else it is deprecated */
    int64_t sunset_ms;        /* after the step; 0: none is named */
    int64_t sunset_before_ms; /* as it was announced; 0: none was */
    int64_t now_ms;
};

/* A rule against a step of a product that its policy governs. FH_ECHECK "policy.notice" and what
 * would be right: a deprecation names no sunset, or one that is nearer than the notice and nearer
 * than it was; the end comes before a sunset, or without one. */
FH_MUST_CHECK int fh_policy_check_end(const struct fh_policy *policy,
                                      const struct fh_policy_rule *rule,
                                      const struct fh_policy_end *end,
                                      struct fh_err *err);

/* Whether it says what contracts must say or how names are, for whatever is published next. */
bool fh_policy_is_about_contracts(const struct fh_policy *policy);

#endif
