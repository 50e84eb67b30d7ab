/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every rule that governs a product: what it does, what became of it for somebody, and why.
 *
 *     the decision that serves, with a trace   rules about who asks
 *     proto/governance/policy_judge.h          rules about the contract
 */
#include "node/explaining.h"
#include "proto/governance/access_trace.h"
#include "proto/governance/policy_judge.h"
#include "proto/governance/policy_text.h"
#include "proto/session/messages_rules.h"

#include <stdio.h>

enum { ARENA_BYTES = 32 * 1024 * 1024 };

struct listing {
    struct fh_explaining x;
    struct fh_access_trace trace;
    bool refused;
    struct fh_err refusal;
    const struct fh_contract *contract;
    struct fh_policy_judging judging;
    struct fh_buf rules;
    uint32_t count;
    const char *signers; /* of the policy that is listed */
    struct fh_msg_rule row;
};

/* ---- who signed ---- */

static const struct fh_directory_domain *signer_of(const struct fh_directory *dir,
                                                   const struct fh_ref *ref,
                                                   int64_t when_ms,
                                                   struct fh_signer *out)
{
    struct fh_err ignored;
    for (size_t i = 0; i < fh_directory_domain_count(dir); i++) {
        const struct fh_directory_domain *domain = fh_directory_domain_at(dir, i);
        if (fh_directory_signer(dir, ref, &domain->id, when_ms, FH_ROLES_ALL, out, &ignored) ==
            FH_OK) {
            return domain;
        }
    }
    return NULL;
}

/* "shop (publisher ci), museum" of the record in force; each signature was verified when it was
 * taken. */
static void put_signers(struct fh_buf *out, const struct fh_directory *dir, struct fh_bytes bytes)
{
    struct fh_record record;
    struct fh_policy_record said;
    struct fh_err ignored;
    if (fh_record_parse(&record, bytes, fh_directory_mesh(dir), &ignored) != FH_OK ||
        fh_policy_record_parse(&said, record.payload, &ignored) != FH_OK) {
        return;
    }
    for (unsigned i = 0; i < record.signature_count; i++) {
        struct fh_signer signer;
        const struct fh_directory_domain *domain =
            signer_of(dir, &record.signatures[i].key, said.created_ms, &signer);
        fh_buf_printf(out,
                      "%s%s",
                      i == 0 ? "" : ", ",
                      domain == NULL ? "a key that is not known any more" : domain->name);
        if (domain != NULL && !fh_record_id_is_zero(&signer.delegation)) {
            fh_buf_printf(out,
                          " (%s%s%s)",
                          fh_role_text(signer.role),
                          signer.label[0] == '\0' ? "" : " ",
                          signer.label);
        }
    }
}

static const char *signers_of(struct listing *l, const struct fh_policy_held *held)
{
    const struct fh_policing_options *o = l->x.options;
    FH_CLEANUP(fh_buf_fini) struct fh_buf record;
    FH_CLEANUP(fh_buf_fini) struct fh_buf text;
    struct fh_err ignored;
    uint64_t seq;
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    fh_buf_init(&text, FH_POLICY_FILTER_BYTES_MAX);
    int rc =
        held->mesh
            ? fh_agreed_chain(fh_policies_agreed(o->policies), held->name, &seq, &record, &ignored)
            : fh_policies_chain(o->policies, held->name, &seq, &record, &ignored);
    if (rc == FH_OK) {
        put_signers(&text, o->dir, fh_buf_view(&record));
    }
    const char *kept = fh_arena_string(l->x.arena, fh_buf_view(&text));
    return kept == NULL ? "" : kept;
}

/* ---- one row ---- */

static void add_row(struct listing *l, const char *does, const char *outcome, const char *by)
{
    snprintf(l->row.outcome, sizeof l->row.outcome, "%s", outcome);
    l->row.does = fh_bytes_cstr(does);
    l->row.by = fh_bytes_cstr(by);
    l->row.signers = fh_bytes_cstr(l->signers);
    fh_msg_rule_add(&l->rules, &l->row);
    l->count++;
}

static void begin_row(struct listing *l,
                      const struct fh_policy_held *held,
                      const struct fh_policy_rule *rule,
                      const char *path)
{
    l->row = (struct fh_msg_rule){
        .mesh = held->mesh, .id = held->id, .line = rule == NULL ? 0 : rule->line};
    snprintf(l->row.policy, sizeof l->row.policy, "%s", held->name);
    snprintf(l->row.version, sizeof l->row.version, "%s", held->version);
    snprintf(l->row.path, sizeof l->row.path, "%s", path);
}

static void place_row(struct listing *l, const struct fh_access_effect *effect)
{
    if (effect->table != FH_EFFECT_NOWHERE) {
        const struct fh_access_table *table = &l->x.decided.product.tables[effect->table];
        snprintf(l->row.table, sizeof l->row.table, "%s", table->name);
        if (effect->column != FH_EFFECT_NOWHERE) {
            snprintf(
                l->row.column, sizeof l->row.column, "%s", table->columns[effect->column].name);
        }
    }
}

/* What a rule does where it binds: to a column as it can have it, to rows as it is today. */
static void put_does(struct fh_buf *out, const struct fh_access_effect *effect)
{
    char mask[FH_MASK_TEXT_BYTES];
    if (effect->filter != NULL) {
        fh_buf_printf(out, "rows: %s", effect->filter);
    } else if (effect->column != FH_EFFECT_NOWHERE) {
        fh_mask_text(mask, &effect->mask);
        fh_buf_add_cstr(out, effect->hides ? "hidden" : mask);
    } else if (effect->rule != NULL) {
        fh_policy_rule_text(out, effect->rule);
    } else if (effect->path[0] != '\0') {
        fh_policy_purposes_text(out, effect->held->policy);
    } else {
        fh_buf_add_cstr(out, "all of the policy");
    }
}

/* Why it does not bind, or not by itself. */
static void
put_by(struct fh_buf *out, const struct listing *l, const struct fh_access_effect *effect)
{
    if (effect->except != NULL) {
        fh_policy_except_text(out, effect->except);
    } else if (effect->waiver != NULL) {
        char id[FH_ID_TEXT_BYTES];
        fh_record_id_text(id, &effect->waiver->id);
        fh_buf_printf(out, "waiver %s: %s", id, effect->waiver->waiver.reason);
    } else if (effect->outcome == FH_EFFECT_REFUSES) {
        fh_buf_add_cstr(out, l->refusal.text);
    } else if (effect->outcome == FH_EFFECT_OUTSIDE) {
        fh_buf_add_cstr(out, "the policy applies to other domains");
    } else if (!l->refused && effect->column != FH_EFFECT_NOWHERE &&
               !fh_access_effect_decides(effect, &l->x.decided.decided)) {
        char why[FH_ACCESS_WHY_BYTES];
        fh_access_why_text(why, &l->x.decided.decided.tables[effect->table].why[effect->column]);
        fh_buf_add_cstr(out, why);
    }
    if (effect->joins) {
        fh_buf_printf(out, "%sfor the node that joins", out->size == 0 ? "" : "; ");
    }
}

static const char *outcome_of(const struct listing *l, const struct fh_access_effect *effect)
{
    bool column = effect->column != FH_EFFECT_NOWHERE;
    if (effect->outcome != FH_EFFECT_BINDS || !column || l->refused) {
        return fh_effect_text(effect->outcome);
    }
    return fh_access_effect_decides(effect, &l->x.decided.decided) ? "decides" : "outdone";
}

static void list_effect(struct listing *l, const struct fh_access_effect *effect)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf does;
    FH_CLEANUP(fh_buf_fini) struct fh_buf by;
    fh_buf_init(&does, FH_POLICY_FILTER_BYTES_MAX);
    fh_buf_init(&by, FH_POLICY_FILTER_BYTES_MAX);
    begin_row(l, effect->held, effect->rule, effect->path);
    place_row(l, effect);
    put_does(&does, effect);
    put_by(&by, l, effect);
    add_row(l, fh_buf_cstr(&does), outcome_of(l, effect), fh_buf_cstr(&by));
}

/* ---- rules that the decision does not hear of ---- */

static void judge_contract_rule(struct listing *l,
                                const struct fh_policy_held *held,
                                const struct fh_policy_rule *rule,
                                const char *does)
{
    struct fh_findings findings;
    const struct fh_waiver_held *waiver = fh_policy_waiver_of(&l->judging, held, rule);
    fh_findings_init(&findings, l->x.arena);
    if (waiver != NULL) {
        add_row(l, does, fh_effect_text(FH_EFFECT_WAIVED), waiver->waiver.reason);
        return;
    }
    fh_policy_check_contract_rule(held->policy, rule, l->contract, &findings);
    add_row(l,
            does,
            findings.errors > 0 ? "broken" : fh_effect_text(FH_EFFECT_BINDS),
            findings.errors > 0 ? findings.items[0].message : "");
}

/* `whole` is what became of all of the policy, or NULL. */
static void list_unheard(struct listing *l,
                         const struct fh_policy_held *held,
                         const struct fh_policy_rule *rule,
                         const struct fh_access_effect *whole)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf does;
    fh_buf_init(&does, FH_POLICY_FILTER_BYTES_MAX);
    fh_policy_rule_text(&does, rule);
    begin_row(l, held, rule, rule->path);
    if (rule->kind == FH_POLICY_REQUIRE || rule->kind == FH_POLICY_NAMING) {
        judge_contract_rule(l, held, rule, fh_buf_cstr(&does));
    } else if (rule->kind == FH_POLICY_NOTICE) {
        add_row(l, fh_buf_cstr(&does), fh_effect_text(FH_EFFECT_BINDS), "asked when it ends");
    } else if (fh_policy_fits(rule, &l->x.decided.product) == 0) {
        add_row(l, fh_buf_cstr(&does), "idle", "it fits nothing of the product");
    } else if (whole != NULL) {
        add_row(l, fh_buf_cstr(&does), fh_effect_text(whole->outcome), "as all of the policy");
    } else {
        add_row(l, fh_buf_cstr(&does), "not asked", "access was refused before it was its turn");
    }
}

static bool is_of(const struct fh_access_effect *effect,
                  const struct fh_policy_held *held,
                  const struct fh_policy_rule *rule)
{
    return effect->held == held && effect->rule == rule;
}

/* What was heard of a rule (NULL: of the policy as a whole); false when it was nothing. */
static bool
list_heard(struct listing *l, const struct fh_policy_held *held, const struct fh_policy_rule *rule)
{
    bool heard = false;
    const struct fh_access_effect *at = l->trace.first;
    for (; at != NULL; at = at->next) {
        if (is_of(at, held, rule)) {
            list_effect(l, at);
            heard = true;
        }
    }
    return heard;
}

static void list_policy(struct listing *l, const struct fh_policy_held *held)
{
    const struct fh_policy *policy = held->policy;
    l->signers = signers_of(l, held);
    const struct fh_access_effect *whole = l->trace.first;
    while (whole != NULL && (whole->held != held || whole->path[0] != '\0')) {
        whole = whole->next;
    }
    if (!list_heard(l, held, NULL) && policy == NULL) {
        begin_row(l, held, NULL, "");
        add_row(l, "all of the policy", "not asked", "this node cannot read it");
    }
    for (size_t i = 0; policy != NULL && i < policy->rule_count; i++) {
        if (!list_heard(l, held, &policy->rules[i])) {
            list_unheard(l, held, &policy->rules[i], whole);
        }
    }
}

/* ---- the whole ---- */

static int decide(struct listing *l, struct fh_err *err)
{
    struct fh_explaining *x = &l->x;
    const struct fh_policing_options *o = x->options;
    struct fh_contract *contract = NULL;
    fh_access_trace_init(&l->trace, x->arena);
    x->question.trace = &l->trace;
    int rc =
        fh_rights_explain(o->rights, &x->question, &x->entry, x->arena, &x->decided, &l->refusal);
    l->refused = rc == FH_EDENIED;
    if ((rc != FH_OK && rc != FH_EDENIED) || l->trace.failed) {
        *err = l->refusal;
        return l->trace.failed ? fh_err_set(err, FH_ENOMEM, "no memory for an explanation") : rc;
    }
    rc = fh_catalog_open_contract(
        o->catalog, &x->entry.announcement.contract, x->arena, &contract, err);
    if (rc == FH_OK) {
        const struct fh_policy_judging judging = {.owner = o->domain,
                                                  .now_ms = x->question.now_ms,
                                                  .waiver_count = x->decided.ask.waiver_count,
                                                  .waivers = x->decided.ask.waivers};
        l->contract = contract;
        l->judging = fh_policy_judging_of(&judging, contract);
    }
    return rc;
}

static int list_rules(struct listing *l, struct fh_buf *out, struct fh_err *err)
{
    const struct fh_access_ask *ask = &l->x.decided.ask;
    for (uint32_t i = 0; i < ask->policy_count; i++) {
        if (fh_policy_held_governs(ask->policies[i], ask->product->name, ask->product->major)) {
            list_policy(l, ask->policies[i]);
        }
    }
    int rc = fh_buf_ok(&l->rules);
    if (rc != FH_OK) {
        return fh_err_set(err, rc, "the rules do not fit an answer; ask for fewer by name");
    }
    fh_msg_ok(out, 3);
    fh_pack_cstr(out, l->refused ? l->refusal.rule : "");
    fh_pack_cstr(out, l->refused ? l->refusal.text : "");
    fh_pack_array(out, l->count);
    fh_buf_add_bytes(out, fh_buf_view(&l->rules));
    return FH_OK;
}

int fh_explain_rules(const struct fh_policing_options *options,
                     struct fh_pack_reader *fields,
                     struct fh_buf *out,
                     struct fh_err *err)
{
    FH_CLEANUP(fh_arena_freep) struct fh_arena *arena = fh_arena_new(ARENA_BYTES);
    struct listing *l = arena == NULL ? NULL : fh_arena_alloc(arena, sizeof *l);
    if (l == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for an explanation");
    }
    *l = (struct listing){.x = {.options = options, .arena = arena}, .signers = ""};
    fh_buf_init(&l->rules, FH_ADMIN_FRAME_BYTES_MAX - 4096);
    int rc = fh_explaining_begin(&l->x, fields, err);
    if (rc == FH_OK) {
        rc = decide(l, err);
    }
    if (rc == FH_OK) {
        rc = list_rules(l, out, err);
    }
    fh_buf_fini(&l->rules);
    return rc;
}
