/* SPDX-License-Identifier: Apache-2.0 */
#include "node/policing.h"

#include "common/assert.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/explaining.h"
#include "node/granting.h"
#include "node/mesh/mesh.h"
#include "node/policing_inner.h"
#include "node/query/serve.h"
#include "node/query/trials.h"
#include "proto/governance/policy_contract.h"
#include "proto/session/messages_policy.h"
#include "proto/session/messages_rules.h"

#include <stdio.h>

enum { ARENA_BYTES = 32 * 1024 * 1024 };

struct fh_policing {
    struct fh_policing_options options;
    struct fh_granting granting;
    unsigned running;
};

struct job {
    struct fh_policing *policing;
    struct fh_admin_question *question; /* its frame holds the record */
    struct fh_bytes record;
    bool dry_run;
    bool agreed;    /* a policy of the mesh or a waiver; and then: */
    bool shared;    /* it is handed on */
    bool governs;   /* it is about products of this domain */
    bool simulated; /* a text that nobody signed: what would it change? And then: */
    bool of_mesh;
    uint32_t from;       /* versions of products that the answers before were about */
    uint32_t asked_once; /* questions behind the text */
    struct fh_arena *arena;
    struct fh_policies_checked checked;
    struct fh_findings findings;
    uint32_t *fits; /* of each rule: columns and tables of all products */
    bool *beside;   /* of each policy in force: it governs a product that this one does */
    uint32_t governed;
    struct fh_trials trials; /* filters times tables */
};

int fh_policing_new(struct fh_policing **out,
                    const struct fh_policing_options *options,
                    struct fh_err *err)
{
    struct fh_policing *policing = fh_calloc(1, sizeof *policing);
    if (policing == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for policies");
    }
    policing->options = *options;
    policing->granting = (struct fh_granting){
        .loop = options->loop,
        .catalog = options->catalog,
        .grants = options->grants,
        .rights = options->rights,
        .serve = options->serve,
        .workers = options->workers,
        .memory_mib = options->memory_mib,
    };
    *out = policing;
    return FH_OK;
}

bool fh_policing_drained(const struct fh_policing *policing)
{
    return policing->running == 0 && policing->granting.running == 0;
}

void fh_policing_free(struct fh_policing *policing)
{
    if (policing != NULL) {
        FH_ASSERT(fh_policing_drained(policing));
        fh_free(policing);
    }
}

/* ---- against the products ---- */

/* What the rules are to one product; a rule that fits nothing here may fit elsewhere. */
static int
check_product(struct job *job, const struct fh_access_product *product, struct fh_err *err)
{
    const struct fh_policy *policy = job->checked.policy;
    struct fh_findings found;
    fh_findings_init(&found, job->arena);
    fh_policy_check_product(policy, product, &found);
    job->governed++;
    for (size_t i = 0; i < found.count; i++) {
        const struct fh_finding *one = &found.items[i];
        if (one->severity == FH_SEVERITY_ERROR) {
            fh_findings_add(&job->findings,
                            one->severity,
                            one->line,
                            one->column,
                            one->path,
                            one->rule,
                            "%s@%u: %s",
                            product->name,
                            product->major,
                            one->message);
        }
    }
    int rc = FH_OK;
    for (size_t i = 0; rc == FH_OK && i < policy->rule_count; i++) {
        const struct fh_policy_rule *rule = &policy->rules[i];
        job->fits[i] += fh_policy_fits(rule, product);
        for (uint32_t t = 0; rc == FH_OK && t < product->table_count; t++) {
            if (rule->kind == FH_POLICY_FILTER &&
                fh_policy_selects(rule, product->tables[t].name, NULL)) {
                const struct fh_access_table *table =
                    fh_policy_group_filterable(policy, &product->tables[t], job->trials.arena);
                rc = table == NULL
                         ? fh_err_set(err, FH_ENOMEM, "no memory for a filter")
                         : fh_trials_add(&job->trials, rule->where, product, table, rule, err);
            }
        }
    }
    return rc;
}

/* What is published already and breaks a rule on contracts stays: its next version is refused. */
static int
check_contract(struct job *job, const struct fh_announcement *announced, struct fh_err *err)
{
    struct fh_contract *contract = NULL;
    struct fh_findings broken;
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    if (arena == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a contract");
    }
    int rc = fh_catalog_open_contract(
        job->policing->options.catalog, &announced->contract, arena, &contract, err);
    if (rc != FH_OK) {
        return rc;
    }
    fh_findings_init(&broken, arena);
    fh_policy_check_contract(job->checked.policy, contract, &broken);
    for (size_t i = 0; i < broken.count; i++) {
        fh_findings_add(&job->findings,
                        FH_SEVERITY_WARNING,
                        0,
                        0,
                        broken.items[i].path,
                        broken.items[i].rule,
                        "%s@%u: %s; its next version will be refused",
                        announced->product,
                        (unsigned)announced->major,
                        broken.items[i].message);
    }
    return FH_OK;
}

static bool is_other(const struct job *job, const struct fh_policy_held *held)
{
    bool mesh = job->simulated ? job->of_mesh : job->agreed;
    return held->mesh != mesh || strcmp(held->name, job->checked.policy->name) != 0;
}

/* Marks those in force that are about the same product. */
static void mark_beside(struct job *job, const struct fh_access_product *product)
{
    uint32_t count;
    const struct fh_policy_held *const *held =
        fh_policies_held(job->policing->options.policies, &count);
    for (uint32_t i = 0; i < count; i++) {
        job->beside[i] =
            job->beside[i] || (is_other(job, held[i]) &&
                               fh_policy_held_governs(held[i], product->name, product->major));
    }
}

static void warn_of_contradictions(struct job *job)
{
    uint32_t count;
    const struct fh_policy_held *const *held =
        fh_policies_held(job->policing->options.policies, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (job->beside[i]) {
            fh_policy_check_beside(job->checked.policy, held[i], &job->findings);
        }
    }
}

static int check_entry(void *user, const struct fh_catalog_entry *entry, struct fh_err *err)
{
    struct job *job = user;
    const struct fh_announcement *announced = &entry->announcement;
    const struct fh_access_product *product = NULL;
    if (!entry->contract_held || announced->status == FH_ANNOUNCE_RETIRED ||
        !fh_policy_governs(job->checked.policy, announced->product, announced->major)) {
        return FH_OK;
    }
    int rc = fh_rights_product(job->policing->options.rights, &announced->contract, &product, err);
    if (rc == FH_OK) {
        mark_beside(job, product);
        rc = check_product(job, product, err);
    }
    return rc == FH_OK && fh_policy_is_about_contracts(job->checked.policy)
               ? check_contract(job, announced, err)
               : rc;
}

static void warn_of_idle(struct job *job)
{
    const struct fh_policy *policy = job->checked.policy;
    if (job->governed == 0) {
        fh_findings_add(&job->findings,
                        FH_SEVERITY_WARNING,
                        1,
                        1,
                        "products",
                        "policy.products.idle",
                        "the policy governs no product that is published here");
        return;
    }
    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct fh_policy_rule *rule = &policy->rules[i];
        if (job->fits[i] == 0) {
            fh_findings_add(&job->findings,
                            FH_SEVERITY_WARNING,
                            rule->line,
                            rule->column,
                            rule->path,
                            "policy.rule.idle",
                            "the rule fits no %s of any product that the policy governs",
                            fh_policy_selected_text(rule));
        }
    }
}

/* ---- filters, by a worker ---- */

static void note_trials(struct job *job)
{
    for (uint32_t i = 0; i < job->trials.count; i++) {
        const struct fh_trial *trial = job->trials.items[i];
        const struct fh_policy_rule *rule = trial->of;
        if (trial->code == FH_ECHECK) {
            fh_findings_add(&job->findings,
                            FH_SEVERITY_ERROR,
                            rule->line,
                            rule->column,
                            rule->path,
                            strcmp(trial->err.rule, "filter.boolean") == 0 ? "policy.filter.boolean"
                            : strcmp(trial->err.rule, "filter.shape") == 0 ? "policy.filter.shape"
                                                                           : "policy.filter.sql",
                            "%s: %s",
                            trial->place,
                            trial->err.text);
        }
    }
}

/* ---- the end ---- */

static void end_job(struct job *job)
{
    job->policing->running--;
    fh_arena_free(job->arena);
    fh_free(job);
}

static void refuse(struct job *job, const struct fh_err *err)
{
    fh_admin_refuse(job->question, err);
    end_job(job);
}

/* Behind the findings, what would change; nothing while there are errors. */
static int put_simulation(const struct job *job, struct fh_buf *out, struct fh_err *err)
{
    struct fh_policing_simulation simulation = {.options = &job->policing->options,
                                                .from = job->from,
                                                .question_count = job->asked_once,
                                                .fields = fh_admin_fields(job->question)};
    const struct fh_policy *policy = job->checked.policy;
    if (job->findings.errors > 0) {
        fh_pack_uint(out, 0);
        fh_pack_array(out, 0);
        return FH_OK;
    }
    simulation.next.mesh = job->of_mesh;
    simulation.next.policy = policy;
    snprintf(simulation.next.name, sizeof simulation.next.name, "%s", policy->name);
    snprintf(simulation.next.version, sizeof simulation.next.version, "%s", policy->version);
    return fh_policing_simulate(&simulation, out, err);
}

static void answer(struct job *job)
{
    struct fh_err err;
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_ADMIN_FRAME_BYTES_MAX);
    fh_findings_sort(&job->findings);
    fh_msg_ok(&out, job->simulated ? 3 : 1);
    fh_pack_array(&out, (uint32_t)job->findings.count);
    for (size_t i = 0; i < job->findings.count; i++) {
        const struct fh_finding *one = &job->findings.items[i];
        struct fh_msg_policy_finding finding = {
            .error = one->severity == FH_SEVERITY_ERROR, .line = one->line, .column = one->column};
        snprintf(finding.path, sizeof finding.path, "%s", one->path);
        snprintf(finding.rule, sizeof finding.rule, "%s", one->rule);
        snprintf(finding.text, sizeof finding.text, "%s", one->message);
        fh_msg_policy_finding_add(&out, &finding);
    }
    if (job->simulated && put_simulation(job, &out, &err) != FH_OK) {
        refuse(job, &err);
        return;
    }
    fh_admin_answer(job->question, &out);
    end_job(job);
}

/* What is agreed on is on the disk before it is handed on. */
static int take_agreed(const struct job *job, struct fh_err *err)
{
    const struct fh_policing_options *o = &job->policing->options;
    bool is_new = false;
    int rc = fh_store_begin(o->store, FH_STORE_DURABLE, err);
    if (rc != FH_OK) {
        return rc;
    }
    rc = fh_policies_agree(o->policies, job->record, fh_clock_wall_ms(), &is_new, err);
    if (rc != FH_OK) {
        fh_store_rollback(o->store);
        return rc;
    }
    rc = fh_store_commit(o->store, err);
    if (rc == FH_OK && o->mesh != NULL && job->shared) {
        fh_mesh_agreed(o->mesh, job->record);
    }
    return rc;
}

static int take(const struct job *job, struct fh_err *err)
{
    const struct fh_policing_options *o = &job->policing->options;
    return job->agreed ? take_agreed(job, err)
                       : fh_policies_take(o->policies, job->record, fh_clock_wall_ms(), err);
}

static void conclude(struct job *job)
{
    struct fh_policing *policing = job->policing;
    struct fh_err err;
    if (job->findings.failed != FH_OK) {
        fh_err_set(&err, FH_ENOMEM, "no memory for a policy");
        refuse(job, &err);
        return;
    }
    if (job->findings.errors == 0 && !job->dry_run) {
        /* Checked again: another one may have come while a worker looked at the filters. */
        if (take(job, &err) != FH_OK) {
            refuse(job, &err);
            return;
        }
        fh_serve_rejudge(policing->options.serve);
    }
    answer(job);
}

static void tried(int code, const struct fh_err *err, void *user)
{
    struct job *job = user;
    if (code == FH_OK) {
        note_trials(job);
        conclude(job);
    } else {
        refuse(job, err);
    }
}

/* ---- the beginning ---- */

static unsigned type_of(struct fh_bytes bytes)
{
    static const struct fh_mesh_id any; /* it changes the id, not the type */
    struct fh_record record;
    struct fh_err err;
    return fh_record_parse(&record, bytes, &any, &err) == FH_OK ? record.type : 0;
}

/* Which version of which policy a waiver is of must be known here: it would bind nothing. */
static int check_waiver(struct job *job, struct fh_err *err)
{
    const struct fh_policing_options *o = &job->policing->options;
    const struct fh_agreed *agreed = fh_policies_agreed(o->policies);
    struct fh_agreed_checked checked;
    uint32_t count;
    uint32_t agreed_count;
    int rc = fh_agreed_check(agreed, job->record, fh_clock_wall_ms(), &checked, err);
    const struct fh_policy_held *const *held = fh_policies_held(o->policies, &count);
    const struct fh_agreed_policy *const *all = fh_agreed_policies(agreed, &agreed_count);
    bool known = rc == FH_OK && fh_waiver_policy(&checked.waiver, held, count) != NULL;
    for (uint32_t i = 0; rc == FH_OK && i < agreed_count; i++) {
        known = known || (checked.waiver.mesh &&
                          fh_record_id_equal(&all[i]->held.id, &checked.waiver.policy));
    }
    if (rc == FH_OK && !known) {
        rc = fh_err_rule(err,
                         FH_ECHECK,
                         "waiver.policy",
                         "the waiver is of no version of a policy that is in force");
    }
    job->agreed = true;
    job->shared = rc == FH_OK && checked.waiver.mesh;
    job->governs = false; /* nothing is held against products */
    return rc;
}

/* A policy of the mesh. Nobody publishes what this node cannot read, though it would be held. */
static int check_agreed(struct job *job, struct fh_err *err)
{
    const struct fh_policing_options *o = &job->policing->options;
    const struct fh_agreed *agreed = fh_policies_agreed(o->policies);
    struct fh_agreed_checked checked;
    int rc = fh_agreed_check(agreed, job->record, fh_clock_wall_ms(), &checked, err);
    if (rc == FH_OK) {
        job->agreed = true;
        job->shared = true;
        job->checked.id = checked.record.id;
        job->checked.record = checked.policy;
        rc = fh_policy_record_open(&job->checked.policy, &job->checked.record, job->arena, err);
    }
    if (rc == FH_OK) {
        job->governs = fh_agreed_governs(agreed, job->checked.policy, &o->domain);
    }
    return rc;
}

/* Rules against all own products, and filters for a worker. */
static int hold_against_products(struct job *job, struct fh_err *err)
{
    const struct fh_policing_options *o = &job->policing->options;
    uint32_t held_count;
    (void)fh_policies_held(o->policies, &held_count);
    job->fits = fh_arena_array(job->arena, job->checked.policy->rule_count + 1, sizeof *job->fits);
    job->beside = fh_arena_array(job->arena, (size_t)held_count + 1, sizeof *job->beside);
    if (job->fits == NULL || job->beside == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a policy");
    }
    int rc = fh_trials_init(&job->trials, job->arena, err);
    if (rc == FH_OK) {
        rc = fh_catalog_each(o->catalog, &o->domain, check_entry, job, err);
    }
    if (rc == FH_OK) {
        warn_of_idle(job);
        warn_of_contradictions(job);
    }
    return rc;
}

static int check(struct job *job, struct fh_err *err)
{
    const struct fh_policing_options *o = &job->policing->options;
    int rc = fh_msg_enforce_read(fh_admin_fields(job->question), &job->record, &job->dry_run, err);
    if (rc == FH_OK) {
        switch (type_of(job->record)) {
        case FH_RECORD_WAIVER:
            rc = check_waiver(job, err);
            break;
        case FH_RECORD_MESH_POLICY:
            rc = check_agreed(job, err);
            break;
        default:
            rc = fh_policies_check(
                o->policies, job->record, fh_clock_wall_ms(), job->arena, &job->checked, err);
        }
    }
    return rc != FH_OK || !job->governs ? rc : hold_against_products(job, err);
}

/* A text as its author wrote it; the findings of an answer before are not looked for again. */
static int check_text(struct job *job, struct fh_err *err)
{
    const struct fh_policing_options *o = &job->policing->options;
    struct fh_bytes text = FH_BYTES_NONE;
    int rc = fh_msg_simulate_read(
        fh_admin_fields(job->question), &text, &job->of_mesh, &job->from, &job->asked_once, err);
    if (rc == FH_OK) {
        rc = fh_policy_read(&job->checked.policy, text, &job->findings, err);
    }
    if (rc != FH_OK) {
        return rc == FH_ECHECK ? FH_OK : rc;
    }
    if (!job->of_mesh && job->checked.policy->owners.count > 0) {
        return fh_err_rule(err,
                           FH_ECHECK,
                           "policy.domains",
                           "only a policy of the mesh says whose products it governs: --mesh");
    }
    job->governs =
        !job->of_mesh ||
        fh_agreed_governs(fh_policies_agreed(o->policies), job->checked.policy, &o->domain);
    return job->governs && job->from == 0 ? hold_against_products(job, err) : FH_OK;
}

/* Enforces what is signed, or simulates what is not. */
static void begin(struct fh_policing *policing, struct fh_admin_question *question, bool simulated)
{
    struct fh_err err;
    struct job *job = fh_calloc(1, sizeof *job);
    struct fh_arena *arena = fh_arena_new(ARENA_BYTES);
    if (job == NULL || arena == NULL) {
        fh_free(job);
        fh_arena_free(arena);
        fh_err_set(&err, FH_ENOMEM, "no memory for a policy");
        fh_admin_refuse(question, &err);
        return;
    }
    *job = (struct job){.policing = policing,
                        .question = question,
                        .governs = true,
                        .simulated = simulated,
                        .dry_run = simulated,
                        .arena = arena};
    fh_findings_init(&job->findings, arena);
    policing->running++;
    int rc = simulated ? check_text(job, &err) : check(job, &err);
    if (rc == FH_OK && (job->trials.count == 0 || job->findings.errors > 0)) {
        conclude(job);
        return;
    }
    if (rc == FH_OK) {
        const struct fh_policing_options *o = &policing->options;
        rc = fh_trials_run(&job->trials, o->loop, o->workers, o->memory_mib, tried, job, &err);
    }
    if (rc != FH_OK) {
        refuse(job, &err);
    }
}

/* ---- questions ---- */

bool fh_policing_admin(struct fh_policing *policing, struct fh_admin_question *question)
{
    struct fh_err err;
    int rc = FH_OK;
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_ADMIN_FRAME_BYTES_MAX);
    switch (fh_admin_code(question)) {
    case FH_MSG_ADMIN_ENFORCE:
        begin(policing, question, false);
        return true;
    case FH_MSG_ADMIN_SIMULATE:
        begin(policing, question, true);
        return true;
    case FH_MSG_ADMIN_GOVERN:
        fh_granting_question(&policing->granting, question);
        return true;
    case FH_MSG_ADMIN_POLICY:
    case FH_MSG_ADMIN_AGREED:
        rc = fh_policing_tell_policy(&policing->options,
                                     fh_admin_code(question) == FH_MSG_ADMIN_AGREED,
                                     fh_admin_fields(question),
                                     &out,
                                     &err);
        break;
    case FH_MSG_ADMIN_POLICY_STATUS:
        fh_policing_tell_status(&policing->options, question, &policing->running);
        return true;
    case FH_MSG_ADMIN_VERSIONS:
        rc = fh_policing_tell_versions(&policing->options, fh_admin_fields(question), &out, &err);
        break;
    case FH_MSG_ADMIN_WAIVERS:
        fh_policing_tell_waivers(&policing->options, &out);
        break;
    case FH_MSG_ADMIN_POLICIES:
        fh_policing_tell_policies(&policing->options, &out);
        break;
    case FH_MSG_ADMIN_EXPLAIN:
        rc = fh_explain(&policing->options, fh_admin_fields(question), &out, &err);
        break;
    case FH_MSG_ADMIN_RULES:
        rc = fh_explain_rules(&policing->options, fh_admin_fields(question), &out, &err);
        break;
    default:
        return false;
    }
    fh_admin_conclude(question, rc, &out, &err);
    return true;
}
