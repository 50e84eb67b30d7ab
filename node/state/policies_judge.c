/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/policies_judge.h"

#include <stdlib.h>

static const char unreadable_text[] =
    "policy %s governs the product and cannot be read by this node: a newer one must publish here";

void fh_policies_judge_contract(const struct fh_policies *policies,
                                const struct fh_contract *contract,
                                struct fh_findings *findings)
{
    uint32_t count;
    uint32_t major = (uint32_t)strtoul(contract->version, NULL, 10);
    const struct fh_policy_held *const *held = fh_policies_held(policies, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (held[i]->policy != NULL) {
            fh_policy_check_contract(held[i]->policy, contract, findings);
        } else if (fh_policy_held_governs(held[i], contract->name, major)) {
            fh_findings_add(findings,
                            FH_SEVERITY_ERROR,
                            0,
                            0,
                            "",
                            "policy.unreadable",
                            unreadable_text,
                            held[i]->name);
        }
    }
}

/* ---- renewal ---- */

static bool stops_renewals(const struct fh_policy_rule *rule, int64_t now_ms)
{
    return (rule->kind == FH_POLICY_REQUIRE || rule->kind == FH_POLICY_NAMING) &&
           now_ms >= rule->renewals_from_ms;
}

bool fh_policies_judge_renewals(const struct fh_policies *policies, int64_t now_ms)
{
    uint32_t count;
    const struct fh_policy_held *const *held = fh_policies_held(policies, &count);
    for (uint32_t i = 0; i < count; i++) {
        const struct fh_policy *policy = held[i]->policy;
        for (size_t k = 0; policy != NULL && k < policy->rule_count; k++) {
            if (stops_renewals(&policy->rules[k], now_ms)) {
                return true;
            }
        }
    }
    return false;
}

int fh_policies_judge_renewal(const struct fh_policies *policies,
                              const struct fh_contract *contract,
                              int64_t now_ms,
                              struct fh_arena *arena,
                              struct fh_err *err)
{
    struct fh_findings findings;
    uint32_t count;
    uint32_t major = (uint32_t)strtoul(contract->version, NULL, 10);
    const struct fh_policy_held *const *held = fh_policies_held(policies, &count);
    fh_findings_init(&findings, arena);
    for (uint32_t i = 0; i < count; i++) {
        const struct fh_policy *policy = held[i]->policy;
        bool governs = policy != NULL && fh_policy_governs(policy, contract->name, major);
        for (size_t k = 0; governs && k < policy->rule_count; k++) {
            if (stops_renewals(&policy->rules[k], now_ms)) {
                fh_policy_check_contract_rule(policy, &policy->rules[k], contract, &findings);
            }
        }
    }
    return fh_findings_ok(&findings, err);
}

/* ---- the end of a product ---- */

int fh_policies_judge_end(const struct fh_policies *policies,
                          const struct fh_policy_end *end,
                          struct fh_err *err)
{
    uint32_t count;
    int rc = FH_OK;
    const struct fh_policy_held *const *held = fh_policies_held(policies, &count);
    for (uint32_t i = 0; rc == FH_OK && i < count; i++) {
        if (held[i]->policy != NULL) {
            rc = fh_policy_check_end(held[i]->policy, end, err);
        } else if (fh_policy_held_governs(held[i], end->product, end->major)) {
            rc = fh_err_rule(err, FH_ECHECK, "policy.unreadable", unreadable_text, held[i]->name);
        }
    }
    return rc;
}
