/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/policies_judge.h"

enum { FINDINGS_ARENA_BYTES = 1024 * 1024 };

/* What is in force here, for products of the domain; which one is the caller's to fill. */
static struct fh_policy_judging
judging_of(const struct fh_policies *policies, struct fh_domain_id owner, int64_t now_ms)
{
    struct fh_policy_judging judging = {.owner = owner, .now_ms = now_ms};
    judging.policies = fh_policies_held(policies, &judging.policy_count);
    judging.waivers = fh_agreed_waivers(fh_policies_agreed(policies), &judging.waiver_count);
    return judging;
}

void fh_policies_judge_contract(const struct fh_policies *policies,
                                const struct fh_contract *contract,
                                int64_t now_ms,
                                struct fh_findings *findings)
{
    const struct fh_policy_judging all = judging_of(policies, fh_policies_domain(policies), now_ms);
    const struct fh_policy_judging judging = fh_policy_judging_of(&all, contract);
    fh_policy_judge_contract(&judging, contract, findings);
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
    const struct fh_policy_judging all = judging_of(policies, record->domain, record->created_ms);
    const struct fh_policy_judging judging = fh_policy_judging_of(&all, contract);
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
            fh_policy_held_governs(held, judging.product, judging.major)) {
            fh_policy_judge_one(&judging, held, contract, &findings);
        }
    }
    return fh_findings_ok(&findings, err);
}

bool fh_policies_judge_renewals(const struct fh_policies *policies, int64_t now_ms)
{
    uint32_t count;
    const struct fh_policy_held *const *held = fh_policies_held(policies, &count);
    for (uint32_t i = 0; i < count; i++) {
        const struct fh_policy *policy = held[i]->policy;
        for (size_t k = 0; policy != NULL && k < policy->rule_count; k++) {
            if (fh_policy_stops_renewals(&policy->rules[k], now_ms)) {
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
    const struct fh_policy_judging all = judging_of(policies, fh_policies_domain(policies), now_ms);
    const struct fh_policy_judging judging = fh_policy_judging_of(&all, contract);
    struct fh_findings findings;
    fh_findings_init(&findings, arena);
    fh_policy_judge_renewal(&judging, contract, &findings);
    return fh_findings_ok(&findings, err);
}

int fh_policies_judge_end(const struct fh_policies *policies,
                          const struct fh_policy_end *end,
                          struct fh_err *err)
{
    struct fh_policy_judging judging =
        judging_of(policies, fh_policies_domain(policies), end->now_ms);
    judging.product = end->product;
    judging.major = end->major;
    return fh_policy_judge_end(&judging, end, err);
}
