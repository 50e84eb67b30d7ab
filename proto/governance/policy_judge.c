/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/governance/policy_judge.h"

#include <stdlib.h>

static const char unreadable_text[] =
    "policy %s governs the product and cannot be read by this node: a newer one must publish here";

struct fh_policy_judging fh_policy_judging_of(const struct fh_policy_judging *judging,
                                              const struct fh_contract *contract)
{
    struct fh_policy_judging of = *judging;
    of.product = contract->name;
    of.major = (uint32_t)strtoul(contract->version, NULL, 10); /* a semantic version */
    return of;
}

const struct fh_waiver_held *fh_policy_waiver_of(const struct fh_policy_judging *judging,
                                                 const struct fh_policy_held *held,
                                                 const struct fh_policy_rule *rule)
{
    const struct fh_waiver_ask ask = {.mesh = held->mesh,
                                      .policy = &held->id,
                                      .rule = rule == NULL ? "" : rule->path,
                                      .owner = &judging->owner,
                                      .product = judging->product,
                                      .major = judging->major,
                                      .now_ms = judging->now_ms};
    return fh_waiver_find(judging->waivers, judging->waiver_count, &ask);
}

static bool governs(const struct fh_policy_judging *judging, const struct fh_policy_held *held)
{
    return fh_policy_held_governs(held, judging->product, judging->major);
}

/* ---- a new version ---- */

void fh_policy_judge_one(const struct fh_policy_judging *judging,
                         const struct fh_policy_held *held,
                         const struct fh_contract *contract,
                         struct fh_findings *findings)
{
    const struct fh_policy *policy = held->policy;
    for (size_t i = 0; i < policy->rule_count; i++) {
        if (fh_policy_waiver_of(judging, held, &policy->rules[i]) == NULL) {
            fh_policy_check_contract_rule(policy, &policy->rules[i], contract, findings);
        }
    }
}

void fh_policy_judge_contract(const struct fh_policy_judging *judging,
                              const struct fh_contract *contract,
                              struct fh_findings *findings)
{
    for (uint32_t i = 0; i < judging->policy_count; i++) {
        const struct fh_policy_held *held = judging->policies[i];
        bool about = governs(judging, held);
        if (about && held->policy != NULL) {
            fh_policy_judge_one(judging, held, contract, findings);
        } else if (about && fh_policy_waiver_of(judging, held, NULL) == NULL) {
            fh_findings_add(findings,
                            FH_SEVERITY_ERROR,
                            0,
                            0,
                            "",
                            "policy.unreadable",
                            unreadable_text,
                            held->name);
        }
    }
}

/* ---- renewal ---- */

bool fh_policy_stops_renewals(const struct fh_policy_rule *rule, int64_t now_ms)
{
    return (rule->kind == FH_POLICY_REQUIRE || rule->kind == FH_POLICY_NAMING) &&
           now_ms >= rule->renewals_from_ms;
}

void fh_policy_judge_renewal(const struct fh_policy_judging *judging,
                             const struct fh_contract *contract,
                             struct fh_findings *findings)
{
    for (uint32_t i = 0; i < judging->policy_count; i++) {
        const struct fh_policy_held *held = judging->policies[i];
        const struct fh_policy *policy = held->policy;
        bool about = policy != NULL && governs(judging, held);
        for (size_t k = 0; about && k < policy->rule_count; k++) {
            if (fh_policy_stops_renewals(&policy->rules[k], judging->now_ms) &&
                fh_policy_waiver_of(judging, held, &policy->rules[k]) == NULL) {
                fh_policy_check_contract_rule(policy, &policy->rules[k], contract, findings);
            }
        }
    }
}

/* ---- the end of a product ---- */

int fh_policy_judge_end(const struct fh_policy_judging *judging,
                        const struct fh_policy_end *end,
                        struct fh_err *err)
{
    int rc = FH_OK;
    for (uint32_t i = 0; rc == FH_OK && i < judging->policy_count; i++) {
        const struct fh_policy_held *held = judging->policies[i];
        const struct fh_policy *policy = held->policy;
        bool about = governs(judging, held);
        if (about && policy == NULL && fh_policy_waiver_of(judging, held, NULL) == NULL) {
            rc = fh_err_rule(err, FH_ECHECK, "policy.unreadable", unreadable_text, held->name);
        }
        for (size_t k = 0; about && policy != NULL && rc == FH_OK && k < policy->rule_count; k++) {
            if (fh_policy_waiver_of(judging, held, &policy->rules[k]) == NULL) {
                rc = fh_policy_check_end(policy, &policy->rules[k], end, err);
            }
        }
    }
    return rc;
}
