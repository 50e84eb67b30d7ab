/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/compliance/judge.h"

#include "proto/governance/policy_contract.h"

struct judging {
    const struct fh_policy *policy;
    const struct fh_policy_rule *rule;
    const struct fh_compliance_product *product;
    struct fh_arena *arena;
};

static enum fh_compliance_state
conclude(const struct fh_findings *findings, const char *holds, const char **out_evidence)
{
    *out_evidence = findings->count > 0 ? findings->items[0].message : holds;
    return findings->failed != FH_OK ? FH_COMPLIANCE_UNKNOWN
           : findings->errors > 0    ? FH_COMPLIANCE_VIOLATED
                                     : FH_COMPLIANCE_OK;
}

/* Whether a rule that changes what is seen can be applied to the product as it is. */
static enum fh_compliance_state judge_view(const struct judging *j, const char **out_evidence)
{
    struct fh_policy alone = *j->policy;
    struct fh_findings findings;
    alone.rule_count = 1;
    alone.rules = j->rule;
    fh_findings_init(&findings, j->arena);
    fh_policy_check_product(&alone, j->product->access, &findings);
    return conclude(&findings, "applied to every answer", out_evidence);
}

static enum fh_compliance_state judge_contract(const struct judging *j, const char **out_evidence)
{
    struct fh_findings findings;
    fh_findings_init(&findings, j->arena);
    fh_policy_check_contract_rule(j->policy, j->rule, j->product->contract, &findings);
    return conclude(&findings, "the contract is as it says", out_evidence);
}

static enum fh_compliance_state judge_quality(const struct judging *j, const char **out_evidence)
{
    bool closed = (j->rule->closed_when & j->product->quality) != 0;
    *out_evidence = closed ? "its promises do not hold; the product is closed until they do"
                           : "the state of the last measurement does not close the product";
    return closed ? FH_COMPLIANCE_VIOLATED : FH_COMPLIANCE_OK;
}

/* Whoever asks is judged by it, not the product. */
static enum fh_compliance_state judge_asker(const struct judging *j, const char **out_evidence)
{
    (void)j;
    *out_evidence = "applied to every question";
    return FH_COMPLIANCE_OK;
}

/* When a step was announced, and by which version of the policy, is not to be seen afterwards. */
static enum fh_compliance_state judge_notice(const struct judging *j, const char **out_evidence)
{
    enum fh_announce_status status = j->product->announced->status;
    bool ends = status != FH_ANNOUNCE_DRAFT && status != FH_ANNOUNCE_ACTIVE;
    *out_evidence =
        ends ? "nothing here shows when its end was announced" : "its end is not announced";
    return ends ? FH_COMPLIANCE_UNKNOWN : FH_COMPLIANCE_OK;
}

static enum fh_compliance_state (*const judges[FH_POLICY_RULE_KIND_COUNT])(
    const struct judging *judging, const char **out_evidence) = {
    [FH_POLICY_MASK] = judge_view,
    [FH_POLICY_HIDE] = judge_view,
    [FH_POLICY_FILTER] = judge_view,
    [FH_POLICY_RETENTION] = judge_view,
    [FH_POLICY_GROUP] = judge_view,
    [FH_POLICY_QUALITY] = judge_quality,
    [FH_POLICY_EXPORT] = judge_asker,
    [FH_POLICY_RESIDENCY] = judge_asker,
    [FH_POLICY_REQUIRE] = judge_contract,
    [FH_POLICY_NAMING] = judge_contract,
    [FH_POLICY_NOTICE] = judge_notice,
};

enum fh_compliance_state fh_compliance_judge(const struct fh_policy *policy,
                                             const struct fh_policy_rule *rule,
                                             const struct fh_compliance_product *product,
                                             struct fh_arena *arena,
                                             const char **out_evidence)
{
    const struct judging judging = {policy, rule, product, arena};
    if (rule->kind < FH_POLICY_RULE_KIND_COUNT && judges[rule->kind] != NULL) {
        return judges[rule->kind](&judging, out_evidence);
    }
    *out_evidence = "nothing here shows whether rules of this kind hold";
    return FH_COMPLIANCE_UNKNOWN;
}
