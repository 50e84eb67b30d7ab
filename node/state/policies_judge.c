/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/policies_judge.h"

#include <stdlib.h>

enum { FINDINGS_ARENA_BYTES = 1024 * 1024 };

static const char unreadable_text[] =
    "policy %s governs the product and cannot be read by this node: a newer one must publish here";

/* What is judged. */
struct judged {
    const struct fh_policies *policies;
    struct fh_domain_id owner;
    const char *product;
    uint32_t major;
    int64_t now_ms;
};

static struct judged judged_of(const struct fh_policies *policies,
                               struct fh_domain_id owner,
                               const struct fh_contract *contract,
                               int64_t now_ms)
{
    return (struct judged){.policies = policies,
                           .owner = owner,
                           .product = contract->name,
                           .major = (uint32_t)strtoul(contract->version, NULL, 10),
                           .now_ms = now_ms};
}

static bool is_waived(const struct judged *judged,
                      const struct fh_policy_held *held,
                      const struct fh_policy_rule *rule)
{
    uint32_t count;
    const struct fh_waiver_held *const *waivers =
        fh_agreed_waivers(fh_policies_agreed(judged->policies), &count);
    const struct fh_waiver_ask ask = {.mesh = held->mesh,
                                      .policy = &held->id,
                                      .rule = rule == NULL ? "" : rule->path,
                                      .owner = &judged->owner,
                                      .product = judged->product,
                                      .major = judged->major,
                                      .now_ms = judged->now_ms};
    return fh_waiver_find(waivers, count, &ask) != NULL;
}

static void check_rules(const struct judged *judged,
                        const struct fh_policy_held *held,
                        const struct fh_contract *contract,
                        struct fh_findings *findings)
{
    const struct fh_policy *policy = held->policy;
    for (size_t i = 0; i < policy->rule_count; i++) {
        if (!is_waived(judged, held, &policy->rules[i])) {
            fh_policy_check_contract_rule(policy, &policy->rules[i], contract, findings);
        }
    }
}

void fh_policies_judge_contract(const struct fh_policies *policies,
                                const struct fh_contract *contract,
                                int64_t now_ms,
                                struct fh_findings *findings)
{
    uint32_t count;
    const struct judged judged =
        judged_of(policies, fh_policies_domain(policies), contract, now_ms);
    const struct fh_policy_held *const *held = fh_policies_held(policies, &count);
    for (uint32_t i = 0; i < count; i++) {
        bool governs = fh_policy_held_governs(held[i], judged.product, judged.major);
        if (governs && held[i]->policy != NULL) {
            check_rules(&judged, held[i], contract, findings);
        } else if (governs && !is_waived(&judged, held[i], NULL)) {
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

int fh_policies_judge_foreign(void *user,
                              const struct fh_contract_record *record,
                              const struct fh_contract *contract,
                              struct fh_err *err)
{
    const struct fh_policies *policies = user;
    const struct fh_agreed *agreed = fh_policies_agreed(policies);
    uint32_t count;
    const struct fh_agreed_policy *const *items = fh_agreed_policies(agreed, &count);
    const struct judged judged = judged_of(policies, record->domain, contract, record->created_ms);
    struct fh_findings findings;
    if (count == 0) {
        return FH_OK;
    }
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FINDINGS_ARENA_BYTES);
    if (arena == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory to judge a contract");
    }
    fh_findings_init(&findings, arena);
    for (uint32_t i = 0; i < count; i++) {
        const struct fh_policy_held *held = &items[i]->held;
        if (held->policy != NULL && items[i]->created_ms <= record->created_ms &&
            fh_agreed_governs(agreed, held->policy, &record->domain) &&
            fh_policy_held_governs(held, judged.product, judged.major)) {
            check_rules(&judged, held, contract, &findings);
        }
    }
    return fh_findings_ok(&findings, err);
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
    const struct judged judged =
        judged_of(policies, fh_policies_domain(policies), contract, now_ms);
    const struct fh_policy_held *const *held = fh_policies_held(policies, &count);
    fh_findings_init(&findings, arena);
    for (uint32_t i = 0; i < count; i++) {
        const struct fh_policy *policy = held[i]->policy;
        bool governs = policy != NULL && fh_policy_governs(policy, judged.product, judged.major);
        for (size_t k = 0; governs && k < policy->rule_count; k++) {
            if (stops_renewals(&policy->rules[k], now_ms) &&
                !is_waived(&judged, held[i], &policy->rules[k])) {
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
    const struct judged judged = {.policies = policies,
                                  .owner = fh_policies_domain(policies),
                                  .product = end->product,
                                  .major = end->major,
                                  .now_ms = end->now_ms};
    const struct fh_policy_held *const *held = fh_policies_held(policies, &count);
    for (uint32_t i = 0; rc == FH_OK && i < count; i++) {
        const struct fh_policy *policy = held[i]->policy;
        bool governs = fh_policy_held_governs(held[i], end->product, end->major);
        if (governs && policy == NULL && !is_waived(&judged, held[i], NULL)) {
            rc = fh_err_rule(err, FH_ECHECK, "policy.unreadable", unreadable_text, held[i]->name);
        }
        for (size_t k = 0; governs && policy != NULL && rc == FH_OK && k < policy->rule_count;
             k++) {
            if (!is_waived(&judged, held[i], &policy->rules[k])) {
                rc = fh_policy_check_end(policy, &policy->rules[k], end, err);
            }
        }
    }
    return rc;
}
