/* SPDX-License-Identifier: Apache-2.0 */
/* What policies say of a whole product, and what waivers say of policies. */
#include "proto/governance/access_compiled.h"
#include "proto/governance/access_inner.h"
#include "proto/quality/measurement.h"

#include <stdio.h>
#include <string.h>

/* ---- waivers ---- */

const struct fh_waiver_held *fh_access_waiver(const struct fh_judging *judging,
                                              const struct fh_party *party,
                                              const struct fh_policy_held *held,
                                              const char *rule)
{
    const struct fh_access_ask *ask = judging->ask;
    const struct fh_waiver_ask question = {.mesh = held->mesh,
                                           .policy = &held->id,
                                           .rule = rule,
                                           .owner = &ask->product->owner,
                                           .product = ask->product->name,
                                           .major = ask->product->major,
                                           .consumer = &party->domain,
                                           .key = &party->key,
                                           .now_ms = ask->now_ms};
    return ask->waiver_count == 0 ? NULL
                                  : fh_waiver_find(ask->waivers, ask->waiver_count, &question);
}

bool fh_access_is_waived(struct fh_judging *judging,
                         const struct fh_party *party,
                         const struct fh_policy_held *held,
                         const char *rule)
{
    struct fh_access_decision *made = &judging->made;
    const struct fh_waiver_held *found = fh_access_waiver(judging, party, held, rule);
    bool noted = found == NULL;
    for (uint32_t i = 0; i < made->waiver_count && !noted; i++) {
        noted = judging->waivers[i] == found;
    }
    if (!noted) {
        judging->waivers[made->waiver_count++] = found;
        made->until_ms =
            found->waiver.until_ms < made->until_ms ? found->waiver.until_ms : made->until_ms;
    }
    return found != NULL;
}

/* ---- policies ---- */

/* What all of a policy ("" in `path`), its purposes or a rule about the whole product does. */
static void note(struct fh_judging *judging,
                 const struct fh_party *party,
                 const struct fh_policy_held *held,
                 const struct fh_policy_rule *rule,
                 const char *path,
                 enum fh_access_outcome_of outcome)
{
    struct fh_access_effect effect = {.held = held,
                                      .rule = rule,
                                      .path = path,
                                      .joins = party->joins,
                                      .outcome = outcome,
                                      .table = FH_EFFECT_NOWHERE,
                                      .column = FH_EFFECT_NOWHERE};
    if (judging->ask->trace == NULL) {
        return;
    }
    if (outcome == FH_EFFECT_WAIVED) {
        effect.waiver = fh_access_waiver(judging, party, held, path);
    } else if (outcome == FH_EFFECT_SPARED) {
        effect.except = fh_policy_spares(rule, &party->as);
    }
    fh_access_trace_add(judging->ask->trace, &effect);
}

/* What kind of policy, for people. */
static const char *kind_of(const struct fh_policy_held *held)
{
    return held->mesh ? "mesh policy" : "policy";
}

/* What closes the product whatever the policy says; NULL when nothing does. */
static const char *
closes(const struct fh_access_ask *ask, const struct fh_policy_held *held, const char **out_why)
{
    if (held->policy == NULL) {
        *out_why = "cannot be read by its owner's node: a newer one must serve it";
        return "policy.unreadable";
    }
    if (held->forked) {
        *out_why = held->mesh ? "is contradicted by another of the same number: its signers must "
                                "publish a new version"
                              : "is contradicted by another of the same number: its owner must "
                                "publish a new version";
        return "policy.forked";
    }
    if (ask->now_ms > held->policy->until_ms) {
        *out_why = held->mesh ? "has expired: its signers must publish a new version"
                              : "has expired: its owner must publish a new version";
        return "policy.expired";
    }
    return NULL;
}

static bool is_served(const struct fh_policy *policy, const char *purpose)
{
    bool stated = false;
    for (size_t i = 0; i < policy->purposes.count && !stated; i++) {
        stated = strcmp(policy->purposes.items[i], purpose) == 0;
    }
    return stated;
}

static int check_purposes(struct fh_judging *judging,
                          const struct fh_party *party,
                          const struct fh_policy_held *held,
                          struct fh_err *err)
{
    const struct fh_access_ask *ask = judging->ask;
    if (held->policy->purposes.count == 0) {
        return FH_OK;
    }
    bool served = is_served(held->policy, ask->purpose);
    bool waived = !served && fh_access_is_waived(judging, party, held, "purposes");
    note(judging,
         party,
         held,
         NULL,
         "purposes",
         served   ? FH_EFFECT_BINDS
         : waived ? FH_EFFECT_WAIVED
                  : FH_EFFECT_REFUSES);
    if (!served && !waived) {
        char purposes[256];
        fh_access_list_texts(
            purposes, sizeof purposes, held->policy->purposes.items, held->policy->purposes.count);
        return fh_err_rule(err,
                           FH_EDENIED,
                           "policy.purpose",
                           "%s %s serves %s/%s for these purposes only: %s; state one with "
                           "--purpose",
                           kind_of(held),
                           held->name,
                           ask->product->owner_name,
                           ask->product->name,
                           purposes);
    }
    return FH_OK;
}

static int check_policy(struct fh_judging *judging,
                        const struct fh_party *party,
                        const struct fh_policy_held *held,
                        struct fh_err *err)
{
    const struct fh_access_ask *ask = judging->ask;
    const char *why = NULL;
    const char *rule = closes(ask, held, &why);
    if (rule != NULL) {
        note(judging, party, held, NULL, "", FH_EFFECT_REFUSES);
        return fh_err_rule(err,
                           FH_EDENIED,
                           rule,
                           "%s/%s is closed: %s %s %s %s",
                           ask->product->owner_name,
                           ask->product->name,
                           kind_of(held),
                           held->name,
                           held->version,
                           why);
    }
    return check_purposes(judging, party, held, err);
}

static int refuse_rule(const struct fh_access_ask *ask,
                       const struct fh_policy_held *held,
                       const struct fh_policy_rule *rule,
                       const char *name,
                       const char *why,
                       struct fh_err *err)
{
    return fh_err_rule(err,
                       FH_EDENIED,
                       name,
                       "%s %s %s, line %u: %s/%s %s",
                       kind_of(held),
                       held->name,
                       held->version,
                       rule->line,
                       ask->product->owner_name,
                       ask->product->name,
                       why);
}

static void list_formats(char *out, size_t size, unsigned formats)
{
    out[0] = '\0';
    for (unsigned i = 0; i < FH_POLICY_FORMAT_COUNT; i++) {
        size_t at = strlen(out);
        if ((formats >> i & 1) != 0) {
            snprintf(out + at, size - at, "%s%s", at == 0 ? "" : ", ", fh_policy_format_text(i));
        }
    }
}

/* What found the gate closed first counts: a failure that is stale is a failure. */
static const char *worst_state(unsigned states)
{
    unsigned state = FH_QUALITY_FAIL;
    if ((states >> state & 1) == 0) {
        for (state = 0; (states >> state & 1) == 0; state++) {
        }
    }
    return fh_quality_state_text(state);
}

/* A rule about the whole product. */
static int check_rule(const struct fh_access_ask *ask,
                      const struct fh_party *party,
                      const struct fh_policy_held *held,
                      const struct fh_policy_rule *rule,
                      struct fh_err *err)
{
    char why[128];
    char formats[64];
    if (rule->kind == FH_POLICY_QUALITY && (rule->closed_when & ask->quality) != 0) {
        snprintf(why,
                 sizeof why,
                 "is closed until its promises hold again: their state is \"%s\"",
                 worst_state(rule->closed_when & ask->quality));
        return refuse_rule(ask, held, rule, "policy.quality", why, err);
    }
    if (rule->kind == FH_POLICY_EXPORT && (ask->formats & ~rule->formats) != 0) {
        list_formats(formats, sizeof formats, rule->formats);
        snprintf(why, sizeof why, "is not written in this form, only shown, or as %s", formats);
        return refuse_rule(ask, held, rule, "policy.export", why, err);
    }
    if (!party->own && fh_policy_keeps_out(rule, &party->as, party->joins)) {
        snprintf(why,
                 sizeof why,
                 "%s %.63s",
                 party->joins ? "is not joined by nodes of" : "is not read by",
                 party->as.domain_name);
        return refuse_rule(ask, held, rule, "policy.residency", why, err);
    }
    return FH_OK;
}

static int check_rules(struct fh_judging *judging,
                       const struct fh_party *party,
                       const struct fh_policy_held *held,
                       struct fh_err *err)
{
    int rc = FH_OK;
    for (size_t i = 0; rc == FH_OK && i < held->policy->rule_count; i++) {
        const struct fh_policy_rule *rule = &held->policy->rules[i];
        bool whole = rule->kind > FH_POLICY_GROUP && rule->kind < FH_POLICY_REQUIRE;
        enum fh_access_outcome_of outcome = FH_EFFECT_SPARED;
        if (whole && !fh_policy_spares(rule, &party->as)) {
            rc = check_rule(judging->ask, party, held, rule, err);
            outcome = rc == FH_OK ? FH_EFFECT_BINDS : FH_EFFECT_REFUSES;
        }
        if (rc != FH_OK && fh_access_is_waived(judging, party, held, rule->path)) {
            rc = FH_OK;
            outcome = FH_EFFECT_WAIVED;
        }
        if (whole) {
            note(judging, party, held, rule, rule->path, outcome);
        }
    }
    return rc;
}

/* Keeps each policy once, and what its end means for the decision. */
static void note_policy(struct fh_judging *judging, const struct fh_policy_held *held)
{
    struct fh_access_decision *made = &judging->made;
    for (uint32_t i = 0; i < made->policy_count; i++) {
        if (judging->policies[i] == held) {
            return;
        }
    }
    judging->policies[made->policy_count++] = held;
    made->until_ms =
        held->policy->until_ms < made->until_ms ? held->policy->until_ms : made->until_ms;
}

int fh_access_check_policies(struct fh_judging *judging,
                             const struct fh_party *party,
                             struct fh_err *err)
{
    int rc = FH_OK;
    for (uint32_t i = 0; rc == FH_OK && i < judging->ask->policy_count; i++) {
        const struct fh_policy_held *held = judging->ask->policies[i];
        bool applies = fh_access_applies(judging->ask, party, i);
        bool waived = applies && fh_access_is_waived(judging, party, held, "");
        if (applies && !waived) {
            rc = check_policy(judging, party, held, err);
            if (rc == FH_OK) {
                rc = check_rules(judging, party, held, err);
            }
            if (rc == FH_OK) {
                note_policy(judging, held);
            }
        } else if (waived) {
            note(judging, party, held, NULL, "", FH_EFFECT_WAIVED);
        } else if (judging->ask->trace != NULL && judging->ask->compiled->governs[i]) {
            note(judging, party, held, NULL, "", FH_EFFECT_OUTSIDE);
        }
    }
    return rc;
}
