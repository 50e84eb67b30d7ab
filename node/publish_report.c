/* SPDX-License-Identifier: Apache-2.0 */
#include "node/publish_report.h"

#include "proto/contract/sql_type.h"
#include "proto/gossip/lifecycle.h"

#include <stdio.h>
#include <string.h>

enum { BROKEN_MAX = 1000, POLICY_NOTES_MAX = 200 }; /* listed; more say nothing new */

/* A broken promise in words. */
static void describe(struct fh_msg_finding *out,
                     const struct fh_promise *promise,
                     const struct fh_promise_result *result)
{
    unsigned long long count = result->failing;
    char type[FH_SQL_TYPE_BYTES] = "";
    struct fh_err err;
    switch ((unsigned)promise->kind) {
    case FH_PROMISE_TYPE:
        (void)!fh_contract_sql_type(promise->of, type, &err); /* publish rules: there is one */
        snprintf(out->text,
                 sizeof out->text,
                 "%llu values are no %s, as the contract promises",
                 count,
                 type);
        break;
    case FH_PROMISE_REQUIRED:
        snprintf(out->text,
                 sizeof out->text,
                 "%llu values are missing, but the column is required",
                 count);
        break;
    case FH_PROMISE_UNIQUE:
        snprintf(out->text,
                 sizeof out->text,
                 "%llu rows repeat a value, but the column is unique",
                 count);
        break;
    case FH_PROMISE_PRIMARY_KEY:
        snprintf(out->text, sizeof out->text, "%llu rows repeat the primary key", count);
        break;
    default:
        snprintf(out->text, sizeof out->text, "%s", result->reason);
        break;
    }
}

static struct fh_msg_finding broken(const struct fh_promise *promise,
                                    const struct fh_promise_result *result)
{
    struct fh_msg_finding finding = {.error = result->outcome == FH_PROMISE_FAILED,
                                     .count = result->failing};
    const char *rule = promise->kind == FH_PROMISE_PRESENT       ? "missing"
                       : promise->kind == FH_PROMISE_PRIMARY_KEY ? "primary_key"
                                                                 : promise->rule;
    snprintf(finding.table, sizeof finding.table, "%s", promise->table_name);
    snprintf(finding.column, sizeof finding.column, "%.63s", promise->column_name);
    snprintf(finding.rule, sizeof finding.rule, "check.%.40s", rule);
    describe(&finding, promise, result);
    return finding;
}

static struct fh_msg_finding rows_of(const struct fh_contract_table *table, uint64_t rows)
{
    struct fh_msg_finding note = {.count = rows, .rule = "check.rows"};
    snprintf(note.table, sizeof note.table, "%s", table->name);
    snprintf(note.text,
             sizeof note.text,
             "%llu rows, %zu columns",
             (unsigned long long)rows,
             table->columns.count);
    return note;
}

static struct fh_msg_finding kept_status(const struct fh_announcement *said)
{
    struct fh_msg_finding note = {.rule = "lifecycle.kept"};
    char until[FH_TIME_TEXT_BYTES];
    fh_sunset_text(until, said->sunset_ms);
    snprintf(note.table, sizeof note.table, "%s", said->product);
    snprintf(note.text,
             sizeof note.text,
             "version %s stays deprecated%s%s, as its major is; its contract says active",
             said->version,
             until[0] == '\0' ? "" : " until ",
             until);
    return note;
}

int fh_publish_report_make(struct fh_publish_report *out,
                           const struct fh_contract *contract,
                           const struct fh_checks_result *result,
                           const struct fh_announcement *kept,
                           struct fh_arena *arena,
                           struct fh_err *err)
{
    uint32_t told = result->failed + result->warned;
    told = told < BROKEN_MAX ? told : BROKEN_MAX;
    size_t room = (size_t)told + result->table_count + 1;
    *out = (struct fh_publish_report){
        .findings = fh_arena_array(arena, room, sizeof(struct fh_msg_finding))};
    if (out->findings == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for what the data say");
    }
    for (uint32_t i = 0; out->count < told && i < result->promises.count; i++) {
        const struct fh_promise_result *one = &result->results[i];
        if (one->outcome == FH_PROMISE_FAILED || one->outcome == FH_PROMISE_WARNED) {
            out->findings[out->count++] = broken(&result->promises.items[i], one);
        }
    }
    for (uint32_t i = 0; i < result->table_count; i++) {
        out->findings[out->count++] = rows_of(&contract->tables.items[i], result->rows[i]);
    }
    if (kept != NULL) {
        out->findings[out->count++] = kept_status(kept);
    }
    return FH_OK;
}

/* ---- policies ---- */

/* What is being said, and of which version. */
struct governing {
    struct fh_publish_report *report;
    uint32_t most;
    const struct fh_access_product *now;
    const struct fh_access_product *before; /* or NULL */
    struct fh_arena *arena;
};

static struct fh_msg_finding *next_note(struct governing *g, const char *table, const char *rule)
{
    if (g->report->count == g->most) {
        return NULL;
    }
    struct fh_msg_finding *note = &g->report->findings[g->report->count++];
    snprintf(note->table, sizeof note->table, "%s", table);
    snprintf(note->rule, sizeof note->rule, "%s", rule);
    return note;
}

static void note_masks(struct governing *g, const struct fh_policy_held *held)
{
    struct fh_findings findings;
    fh_findings_init(&findings, g->arena);
    fh_policy_check_product(held->policy, g->now, &findings);
    for (size_t i = 0; i < findings.count; i++) {
        const struct fh_finding *one = &findings.items[i];
        struct fh_msg_finding *note =
            one->severity == FH_SEVERITY_ERROR ? next_note(g, g->now->name, one->rule) : NULL;
        if (note != NULL) {
            snprintf(note->text,
                     sizeof note->text,
                     "policy %s, line %u: it is %s others: %.140s",
                     held->name,
                     one->line,
                     strcmp(one->rule, "policy.retention.type") == 0 ? "hidden from" : "NULL for",
                     one->message);
        }
    }
}

static void note_lost(struct governing *g, const struct fh_policy_held *held)
{
    for (size_t i = 0; g->before != NULL && i < held->policy->rule_count; i++) {
        const struct fh_policy_rule *rule = &held->policy->rules[i];
        if (fh_policy_fits(rule, g->before) == 0 || fh_policy_fits(rule, g->now) > 0) {
            continue;
        }
        struct fh_msg_finding *note = next_note(g, g->now->name, "policy.rule.lost");
        if (note != NULL) {
            snprintf(note->text,
                     sizeof note->text,
                     "policy %s, line %u fits nothing of this version, as it did of the one "
                     "before: what was renamed is open to others now",
                     held->name,
                     rule->line);
        }
    }
}

/* Where a filter was written. */
struct written {
    char policy[FH_NAME_BYTES_MAX + 1];
    uint32_t line;
};

static int try_filter(struct fh_trials *trials,
                      const struct fh_policy_held *held,
                      const struct fh_policy_rule *rule,
                      const struct fh_access_product *product,
                      struct fh_arena *arena,
                      struct fh_err *err)
{
    struct written *written = fh_arena_alloc(arena, sizeof *written);
    const char *filter = fh_arena_strdup(arena, rule->where);
    int rc = written == NULL || filter == NULL ? fh_err_set(err, FH_ENOMEM, "no memory to publish")
                                               : FH_OK;
    if (rc == FH_OK) {
        memcpy(written->policy, held->name, sizeof written->policy);
        written->line = rule->line;
    }
    for (uint32_t i = 0; rc == FH_OK && i < product->table_count; i++) {
        if (fh_policy_selects(rule, product->tables[i].name, NULL)) {
            const struct fh_access_table *table =
                fh_policy_group_filterable(held->policy, &product->tables[i], arena);
            rc = table == NULL ? fh_err_set(err, FH_ENOMEM, "no memory to publish")
                               : fh_trials_add(trials, filter, product, table, written, err);
        }
    }
    return rc;
}

int fh_publish_report_try(struct fh_trials *trials,
                          const struct fh_policies *policies,
                          const struct fh_contract *contract,
                          struct fh_arena *arena,
                          struct fh_err *err)
{
    uint32_t count;
    const struct fh_policy_held *const *held = fh_policies_held(policies, &count);
    const struct fh_access_product *product = fh_access_product_of(contract, arena);
    int rc = product == NULL ? fh_err_set(err, FH_ENOMEM, "no memory to publish") : FH_OK;
    for (uint32_t i = 0; rc == FH_OK && i < count; i++) {
        const struct fh_policy *policy = held[i]->policy;
        bool governs = policy != NULL && fh_policy_governs(policy, product->name, product->major);
        for (size_t k = 0; governs && rc == FH_OK && k < policy->rule_count; k++) {
            if (policy->rules[k].kind == FH_POLICY_FILTER) {
                rc = try_filter(trials, held[i], &policy->rules[k], product, arena, err);
            }
        }
    }
    return rc;
}

static void note_filters(struct governing *g, const struct fh_trials *trials)
{
    for (uint32_t i = 0; i < trials->count; i++) {
        const struct fh_trial *trial = trials->items[i];
        const struct written *written = trial->of;
        struct fh_msg_finding *note =
            trial->code == FH_ECHECK ? next_note(g, g->now->name, "policy.filter.unfit") : NULL;
        if (note != NULL) {
            snprintf(note->text,
                     sizeof note->text,
                     "policy %s, line %u: %s is closed to others: %.150s",
                     written->policy,
                     written->line,
                     trial->place,
                     trial->err.text);
        }
    }
}

int fh_publish_report_policies(struct fh_publish_report *report,
                               const struct fh_publish_policies *policies,
                               struct fh_arena *arena,
                               struct fh_err *err)
{
    uint32_t count;
    const struct fh_policy_held *const *held = fh_policies_held(policies->held, &count);
    struct fh_msg_finding *findings =
        fh_arena_array(arena, (size_t)report->count + POLICY_NOTES_MAX, sizeof *findings);
    struct governing g = {
        .report = report,
        .most = report->count + POLICY_NOTES_MAX,
        .now = fh_access_product_of(policies->contract, arena),
        .before = policies->before,
        .arena = arena,
    };
    if (findings == NULL || g.now == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for what policies make of a version");
    }
    if (report->count > 0) {
        memcpy(findings, report->findings, report->count * sizeof *findings);
    }
    report->findings = findings;
    for (uint32_t i = 0; i < count; i++) {
        const struct fh_policy *policy = held[i]->policy;
        if (policy != NULL && fh_policy_governs(policy, g.now->name, g.now->major)) {
            note_masks(&g, held[i]);
            note_lost(&g, held[i]);
        }
    }
    note_filters(&g, policies->trials);
    return FH_OK;
}
