/* SPDX-License-Identifier: Apache-2.0 */
#include "node/query/governed.h"

#include "common/mem.h"
#include "common/time.h"
#include "proto/governance/policy.h"

#include <string.h>

struct looking {
    const struct fh_governed *governed;
    struct fh_catalog_entry entry;
    bool own;
    int64_t now_ms;
    uint32_t policy_count;
    const struct fh_policy_held *policies[2 * FH_POLICIES_MAX];
    uint32_t waived_count;
    struct fh_msg_waived waived[FH_WAIVERS_MAX];
};

void fh_governed_waived(const struct fh_waiver_held *held,
                        const struct fh_policy_held *policy,
                        struct fh_msg_waived *out)
{
    const struct fh_waiver *waiver = &held->waiver;
    *out = (struct fh_msg_waived){
        .id = held->id,
        .mesh = waiver->mesh,
        .urgent = waiver->urgent,
        .until_ms = waiver->until_ms,
        .whom = !fh_key_id_is_zero(&waiver->key)           ? FH_WAIVED_MEMBER
                : !fh_domain_id_is_zero(&waiver->consumer) ? FH_WAIVED_DOMAIN
                                                           : FH_WAIVED_EVERYBODY,
    };
    memcpy(out->policy, policy->name, sizeof out->policy);
    memcpy(out->version, policy->version, sizeof out->version);
    memcpy(out->rule, waiver->rule, sizeof out->rule);
}

static void add_policy(struct looking *l, const struct fh_policy_held *held)
{
    const struct fh_announcement *product = &l->entry.announcement;
    if (l->policy_count < FH_COUNT(l->policies) &&
        fh_policy_held_governs(held, product->product, product->major)) {
        l->policies[l->policy_count++] = held;
    }
}

/* As they are decided by: those about the own domain were chosen when they were taken. */
static void find_policies(struct looking *l)
{
    const struct fh_policies *policies = l->governed->policies;
    const struct fh_agreed *agreed = fh_policies_agreed(policies);
    uint32_t count = 0;
    if (l->own) {
        const struct fh_policy_held *const *held = fh_policies_held(policies, &count);
        for (uint32_t i = 0; i < count; i++) {
            add_policy(l, held[i]);
        }
        return;
    }
    const struct fh_agreed_policy *const *all = fh_agreed_policies(agreed, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (fh_agreed_governs(agreed, all[i]->held.policy, &l->entry.announcement.domain)) {
            add_policy(l, &all[i]->held);
        }
    }
}

static void find_waivers(struct looking *l)
{
    const struct fh_announcement *product = &l->entry.announcement;
    uint32_t count = 0;
    const struct fh_waiver_held *const *all =
        fh_agreed_waivers(fh_policies_agreed(l->governed->policies), &count);
    for (uint32_t i = 0; i < count && l->waived_count < FH_COUNT(l->waived); i++) {
        const struct fh_waiver *waiver = &all[i]->waiver;
        const struct fh_policy_held *policy =
            fh_waiver_policy(waiver, l->policies, l->policy_count);
        if (policy != NULL &&
            fh_waiver_holds(
                waiver, &product->domain, product->product, product->major, l->now_ms)) {
            fh_governed_waived(all[i], policy, &l->waived[l->waived_count++]);
        }
    }
}

static void
put_policy(const struct looking *l, const struct fh_policy_held *held, struct fh_buf *out)
{
    bool ends = held->policy != NULL && held->policy->until_ms != INT64_MAX;
    struct fh_msg_governing governing = {
        .mesh = held->mesh,
        .id = held->id,
        .state = held->policy == NULL                 ? FH_GOVERNING_UNREADABLE
                 : held->forked                       ? FH_GOVERNING_FORKED
                 : l->now_ms > held->policy->until_ms ? FH_GOVERNING_EXPIRED
                                                      : FH_GOVERNING_IN_FORCE,
        .until_ms = ends ? held->policy->until_ms : 0,
    };
    memcpy(governing.policy, held->name, sizeof governing.policy);
    memcpy(governing.version, held->version, sizeof governing.version);
    fh_msg_governing_add(out, &governing);
}

static int find_entry(struct looking *l, struct fh_question *question, struct fh_err *err)
{
    struct fh_msg_product_name name;
    int rc = fh_msg_product_name_read(fh_question_fields(question), &name, err);
    return rc == FH_OK ? fh_catalog_find_by_name(l->governed->catalog,
                                                 name.domain,
                                                 name.product,
                                                 (uint32_t)name.major,
                                                 &l->entry,
                                                 err)
                       : rc;
}

void fh_governed_question(const struct fh_governed *governed, struct fh_question *question)
{
    struct fh_err err;
    struct looking *l FH_CLEANUP(fh_freep) = fh_calloc(1, sizeof *l);
    if (l == NULL) {
        fh_err_set(&err, FH_ENOMEM, "no memory to look what governs a product");
        fh_question_refuse(question, &err);
        return;
    }
    l->governed = governed;
    l->now_ms = fh_clock_wall_ms();
    if (find_entry(l, question, &err) != FH_OK) {
        fh_question_refuse(question, &err);
        return;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_FRAME_REPLY_BYTES_MAX);
    l->own = fh_domain_id_equal(&l->entry.announcement.domain, &governed->domain);
    find_policies(l);
    find_waivers(l);
    fh_msg_governed_answer(&out, l->own, l->policy_count);
    for (uint32_t i = 0; i < l->policy_count; i++) {
        put_policy(l, l->policies[i], &out);
    }
    fh_msg_waived_put(&out, l->waived, l->waived_count);
    fh_question_answer_buf(question, &out);
}
