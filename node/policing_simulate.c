/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What another version of a policy would change: each product and each question judged twice by
 * what decides, under the policies in force and under those with the other version in its place.
 *
 *   a product     for another domain without a role, let in; for the own domain; its contract
 *   a question    of the audit log, for whoever asked it, with the grants of today
 *
 * Of products of other domains only what the mesh agreed on is known here.
 */
#include "common/time.h"
#include "node/comparing.h"
#include "node/policing_inner.h"
#include "proto/governance/policy_judge.h"
#include "proto/session/messages_rules.h"

#include <stdio.h>
#include <string.h>

enum {
    ARENA_BYTES = 64 * 1024 * 1024, /* one product, twice; one question, twice */
    PRODUCTS_EACH = 64,             /* of one answer: the loop has other work */
};

/* Policies of one moment that are about one domain. */
struct side {
    uint32_t count;
    const struct fh_policy_held **held;
};

struct simulating {
    const struct fh_policing_simulation *of;
    const struct fh_waiver_held *const *waivers;
    uint32_t waiver_count;
    struct fh_comparing comparing;
    uint32_t seen; /* versions of products */
    uint32_t done;
    struct fh_arena *arena; /* of one product or question */
    int64_t now_ms;
};

static int no_memory(struct fh_err *err)
{
    return fh_err_set(err, FH_ENOMEM, "no memory for a simulation");
}

/* ---- the two moments ---- */

static bool is_same_policy(const struct fh_policy_held *a, const struct fh_policy_held *b)
{
    return a->mesh == b->mesh && strcmp(a->name, b->name) == 0;
}

static bool is_about(const struct simulating *s,
                     const struct fh_policy_held *held,
                     const struct fh_domain_id *owner)
{
    const struct fh_policing_options *o = s->of->options;
    return held->mesh ? fh_agreed_governs(fh_policies_agreed(o->policies), held->policy, owner)
                      : fh_domain_id_equal(owner, &o->domain);
}

/* What is in force for products of a domain, and what would be. */
static int make_sides(struct simulating *s,
                      const struct fh_domain_id *owner,
                      struct side *before,
                      struct side *after,
                      struct fh_err *err)
{
    const struct fh_policing_options *o = s->of->options;
    const struct fh_policy_held *next = &s->of->next;
    uint32_t agreed_count;
    uint32_t own_count;
    const struct fh_agreed_policy *const *agreed =
        fh_agreed_policies(fh_policies_agreed(o->policies), &agreed_count);
    const struct fh_policy_held *const *own = fh_policies_held(o->policies, &own_count);
    size_t most = (size_t)agreed_count + own_count + 1;
    before->held = fh_arena_array(s->arena, most, sizeof *before->held);
    after->held = fh_arena_array(s->arena, most, sizeof *after->held);
    if (before->held == NULL || after->held == NULL) {
        return no_memory(err);
    }
    for (uint32_t i = 0; i < agreed_count + own_count; i++) {
        const struct fh_policy_held *held =
            i < agreed_count ? &agreed[i]->held : own[i - agreed_count];
        bool twice = i >= agreed_count && held->mesh; /* those about this domain are in both */
        if (!twice && is_about(s, held, owner)) {
            before->held[before->count++] = held;
        }
    }
    for (uint32_t i = 0; i < before->count; i++) {
        if (!is_same_policy(before->held[i], next)) {
            after->held[after->count++] = before->held[i];
        }
    }
    if (is_about(s, next, owner)) {
        after->held[after->count++] = next;
    }
    return FH_OK;
}

/* ---- a product ---- */

static int decide(struct simulating *s,
                  const struct fh_access_ask *as,
                  const struct side *side,
                  struct fh_compared *out,
                  struct fh_err *err)
{
    struct fh_access_ask ask = *as;
    ask.policy_count = side->count;
    ask.policies = side->held;
    *out = (struct fh_compared){.code = FH_OK};
    out->code = fh_access_decide(&out->decided, &ask, s->arena, &out->err);
    return out->code == FH_OK || out->code == FH_EDENIED ? FH_OK : no_memory(err);
}

static int compare_asked(struct simulating *s,
                         const struct fh_access_ask *ask,
                         const struct side *before,
                         const struct side *after,
                         const char *whom,
                         struct fh_err *err)
{
    struct fh_compared old;
    struct fh_compared new;
    snprintf(s->comparing.change.whom, sizeof s->comparing.change.whom, "%s", whom);
    int rc = decide(s, ask, before, &old, err);
    if (rc == FH_OK) {
        rc = decide(s, ask, after, &new, err);
    }
    if (rc == FH_OK) {
        fh_comparing_decisions(&s->comparing, &old, &new);
    }
    return rc;
}

/* Without a purpose, and for one that the other version serves, where it names any. */
static int compare_party(struct simulating *s,
                         const struct fh_access_ask *as,
                         const struct side *before,
                         const struct side *after,
                         const char *name,
                         struct fh_err *err)
{
    const struct fh_contract_strings *purposes = &s->of->next.policy->purposes;
    struct fh_access_ask ask = *as;
    char whom[sizeof s->comparing.change.whom];
    int rc = compare_asked(s, &ask, before, after, name, err);
    if (rc == FH_OK && purposes->count > 0) {
        snprintf(whom, sizeof whom, "%s, %.18s", name, purposes->items[0]);
        ask.purpose = purposes->items[0];
        rc = compare_asked(s, &ask, before, after, whom, err);
    }
    return rc;
}

/* Somebody who is named nowhere, and the own domain. */
static int compare_parties(struct simulating *s,
                           const struct fh_catalog_entry *entry,
                           const struct side *before,
                           const struct side *after,
                           struct fh_err *err)
{
    static const struct fh_domain_id nobody = {{0xff}};
    struct fh_access_product *product = fh_arena_alloc(s->arena, sizeof *product);
    if (product == NULL) {
        return no_memory(err);
    }
    *product = *s->comparing.product;
    product->open_to_mesh = true; /* who is let in is not a policy's to say */
    struct fh_access_ask ask = {
        .product = product,
        .consumer = nobody,
        .consumer_name = "others",
        .entry = nobody,
        .entry_name = "others",
        .purpose = "",
        .quality = fh_rights_quality(&entry->quality, s->now_ms),
        .now_ms = s->now_ms,
        .waiver_count = s->waiver_count,
        .waivers = s->waivers,
    };
    int rc = compare_party(s, &ask, before, after, "others", err);
    ask.consumer = entry->announcement.domain;
    ask.consumer_name = entry->domain_name;
    ask.entry = ask.consumer;
    ask.entry_name = ask.consumer_name;
    return rc == FH_OK ? compare_party(s, &ask, before, after, "own domain", err) : rc;
}

/* What one moment finds of the contract. */
static void judge_contract(const struct simulating *s,
                           const struct fh_contract *contract,
                           const struct fh_domain_id *owner,
                           const struct side *side,
                           struct fh_findings *out)
{
    const struct fh_policy_judging all = {.owner = *owner,
                                          .now_ms = s->now_ms,
                                          .policy_count = side->count,
                                          .policies = side->held,
                                          .waiver_count = s->waiver_count,
                                          .waivers = s->waivers};
    const struct fh_policy_judging judging = fh_policy_judging_of(&all, contract);
    fh_findings_init(out, s->arena);
    fh_policy_judge_contract(&judging, contract, out);
}

static int
compare_product(struct simulating *s, const struct fh_catalog_entry *entry, struct fh_err *err)
{
    const struct fh_announcement *announced = &entry->announcement;
    const struct fh_domain_id *owner = &announced->domain;
    struct side before = {.count = 0};
    struct side after = {.count = 0};
    struct fh_contract *contract = NULL;
    struct fh_findings old;
    struct fh_findings new;
    int rc = fh_catalog_open_contract(
        s->of->options->catalog, &announced->contract, s->arena, &contract, err);
    struct fh_access_product *product =
        rc == FH_OK ? fh_access_product_of(contract, s->arena) : NULL;
    const char *name = fh_arena_printf(
        s->arena, "%s/%s@%u", entry->domain_name, announced->product, (unsigned)announced->major);
    if (rc == FH_OK && (product == NULL || name == NULL)) {
        rc = no_memory(err);
    }
    if (rc == FH_OK) {
        rc = make_sides(s, owner, &before, &after, err);
    }
    if (rc != FH_OK) {
        return rc;
    }
    product->owner = *owner;
    product->owner_name = entry->domain_name;
    s->comparing.arena = s->arena;
    s->comparing.product = product;
    s->comparing.change = (struct fh_msg_change){.product = fh_bytes_cstr(name)};
    s->comparing.table = UINT32_MAX;
    s->comparing.columns = NULL;
    rc = compare_parties(s, entry, &before, &after, err);
    judge_contract(s, contract, owner, &before, &old);
    judge_contract(s, contract, owner, &after, &new);
    fh_comparing_findings(&s->comparing, &old, &new);
    return rc;
}

static int visit(void *user, const struct fh_catalog_entry *entry, struct fh_err *err)
{
    struct simulating *s = user;
    const struct fh_announcement *announced = &entry->announcement;
    const struct fh_policy_held *next = &s->of->next;
    if (!entry->contract_held || announced->status == FH_ANNOUNCE_RETIRED ||
        (!next->mesh && !fh_domain_id_equal(&announced->domain, &s->of->options->domain))) {
        return FH_OK;
    }
    s->seen++;
    if (s->seen <= s->of->from || s->done == PRODUCTS_EACH) {
        return FH_OK;
    }
    s->done++;
    s->arena = fh_arena_new(ARENA_BYTES);
    int rc = s->arena == NULL ? no_memory(err) : compare_product(s, entry, err);
    fh_arena_free(s->arena);
    s->arena = NULL;
    return rc;
}

/* ---- a question ---- */

static int
read_columns(struct simulating *s, const struct fh_msg_simulated *question, struct fh_err *err)
{
    const char **columns = fh_arena_array(s->arena, question->column_count + 1, sizeof *columns);
    int rc = columns == NULL ? no_memory(err) : FH_OK;
    for (uint32_t i = 0; rc == FH_OK && i < question->column_count; i++) {
        char name[FH_COLUMN_NAME_BYTES_MAX + 1];
        rc = fh_msg_simulated_column(s->of->fields, name, err);
        columns[i] = rc == FH_OK ? fh_arena_strdup(s->arena, name) : NULL;
        if (rc == FH_OK && columns[i] == NULL) {
            rc = no_memory(err);
        }
    }
    s->comparing.columns = columns;
    s->comparing.column_count = question->column_count;
    return rc;
}

static int judge_question(struct simulating *s,
                          const struct fh_msg_simulated *asked,
                          const struct fh_catalog_entry *entry,
                          const struct side *side,
                          struct fh_rights_asked *rights,
                          struct fh_compared *out,
                          struct fh_err *err)
{
    const char *roles[FH_MSG_SIMULATED_ROLES_MAX];
    for (uint32_t i = 0; i < asked->role_count; i++) {
        roles[i] = asked->roles[i];
    }
    const struct fh_rights_question question = {.consumer = asked->domain,
                                                .key = asked->key,
                                                .entry = asked->entry,
                                                .purpose = asked->purpose,
                                                .now_ms = s->now_ms,
                                                .role_count = asked->role_count,
                                                .roles = roles,
                                                .policy_count = side->count,
                                                .policies = side->held};
    out->code =
        fh_rights_explain(s->of->options->rights, &question, entry, s->arena, rights, &out->err);
    out->decided = rights->decided;
    if (out->code != FH_OK && out->code != FH_EDENIED) {
        *err = out->err;
        return out->code;
    }
    return FH_OK;
}

static int compare_question(struct simulating *s,
                            uint32_t number,
                            const struct fh_msg_simulated *asked,
                            struct fh_err *err)
{
    const struct fh_policing_options *o = s->of->options;
    struct side before = {.count = 0};
    struct side after = {.count = 0};
    struct fh_catalog_entry entry;
    struct fh_compared old = {.code = FH_OK};
    struct fh_compared new = {.code = FH_OK};
    struct fh_err gone;
    struct fh_rights_asked *rights = fh_arena_alloc(s->arena, sizeof *rights);
    if (rights == NULL) {
        return no_memory(err);
    }
    if (fh_catalog_find(o->catalog, &o->domain, asked->product, asked->major, &entry, &gone) !=
            FH_OK ||
        !entry.contract_held) {
        return FH_OK; /* it cannot be asked any more */
    }
    int rc = make_sides(s, &o->domain, &before, &after, err);
    if (rc == FH_OK) {
        rc = judge_question(s, asked, &entry, &before, rights, &old, err);
    }
    if (rc == FH_OK) {
        rc = judge_question(s, asked, &entry, &after, rights, &new, err);
    }
    if (rc != FH_OK) {
        return rc;
    }
    s->comparing.arena = s->arena;
    s->comparing.product = &rights->product;
    s->comparing.table = 0;
    while (s->comparing.table < rights->product.table_count &&
           strcmp(rights->product.tables[s->comparing.table].name, asked->table) != 0) {
        s->comparing.table++;
    }
    s->comparing.change = (struct fh_msg_change){.question = number, .product = fh_bytes_cstr("")};
    fh_comparing_decisions(&s->comparing, &old, &new);
    return FH_OK;
}

static int compare_questions(struct simulating *s, struct fh_err *err)
{
    int rc = FH_OK;
    for (uint32_t i = 0; rc == FH_OK && i < s->of->question_count; i++) {
        struct fh_msg_simulated asked;
        s->arena = fh_arena_new(ARENA_BYTES);
        rc = s->arena == NULL ? no_memory(err) : fh_msg_simulated_next(s->of->fields, &asked, err);
        if (rc == FH_OK) {
            rc = read_columns(s, &asked, err);
        }
        if (rc == FH_OK) {
            rc = compare_question(s, i + 1, &asked, err);
        }
        fh_arena_free(s->arena);
        s->arena = NULL;
    }
    return rc;
}

int fh_policing_simulate(const struct fh_policing_simulation *simulation,
                         struct fh_buf *out,
                         struct fh_err *err)
{
    const struct fh_policing_options *o = simulation->options;
    struct simulating s = {.of = simulation, .now_ms = fh_clock_wall_ms()};
    s.waivers = fh_agreed_waivers(fh_policies_agreed(o->policies), &s.waiver_count);
    fh_buf_init(&s.comparing.changes, FH_ADMIN_FRAME_BYTES_MAX / 2);
    int rc = compare_questions(&s, err);
    if (rc == FH_OK) {
        rc = fh_catalog_each(o->catalog, NULL, visit, &s, err);
    }
    if (rc == FH_OK && fh_buf_ok(&s.comparing.changes) != FH_OK) {
        rc = fh_err_set(err, fh_buf_ok(&s.comparing.changes), "the changes do not fit an answer");
    }
    if (rc == FH_OK) {
        uint32_t reached = simulation->from + s.done;
        fh_pack_uint(out, reached < s.seen ? reached : 0);
        fh_pack_array(out, s.comparing.count);
        fh_buf_add_bytes(out, fh_buf_view(&s.comparing.changes));
    }
    fh_buf_fini(&s.comparing.changes);
    return rc;
}
