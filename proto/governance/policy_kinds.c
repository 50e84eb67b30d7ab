/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of rules that are about products, contracts and time, as their author writes them. */
#include "common/time.h"
#include "proto/governance/name_pattern.h"
#include "proto/governance/policy_inner.h"
#include "proto/quality/measurement.h"

#include <stdio.h>
#include <string.h>

/* ---- words of a closed set ---- */

static const char *format_words[] = {
#define X(name, word) word,
    FH_POLICY_FORMATS(X)
#undef X
};

static const char *field_words[] = {
#define X(name, word, wanted) word,
    FH_POLICY_FIELDS(X)
#undef X
};

static const char *state_words[] = {
#define X(name, text) text,
    FH_QUALITY_STATES(X)
#undef X
};

static const char *named_words[] = {"product", "table", "column"};

const char *fh_policy_format_text(unsigned format)
{
    return format < FH_COUNT(format_words) ? format_words[format] : "unknown";
}

size_t fh_policy_find_word(const struct fh_policy_place *place,
                           const struct fh_doc_node *node,
                           const char *word,
                           const char *const *known,
                           size_t count)
{
    size_t at = 0;
    while (at < count && strcmp(known[at], word) != 0) {
        at++;
    }
    if (at == count) {
        char all[256] = "";
        const char *near = fh_nearest(word, known, count);
        for (size_t i = 0; i < count; i++) {
            size_t size = strlen(all);
            snprintf(all + size, sizeof all - size, "%s%s", i == 0 ? "" : ", ", known[i]);
        }
        FH_POLICY_REFUSE(place,
                         node,
                         "policy.word",
                         "\"%.64s\" is none of %s%s%s%s",
                         word,
                         all,
                         near == NULL ? "" : "; did you mean \"",
                         near == NULL ? "" : near,
                         near == NULL ? "" : "\"?");
    }
    return at;
}

/* A list of known words as bits. */
static unsigned read_set(const struct fh_policy_place *place,
                         const struct fh_doc_node *node,
                         const char *const *known,
                         size_t count)
{
    unsigned set = 0;
    struct fh_contract_strings words = fh_policy_read_words(place, node);
    for (size_t i = 0; i < words.count; i++) {
        size_t at = fh_policy_find_word(place, node, words.items[i], known, count);
        set |= at < count ? 1U << at : 0;
    }
    return set;
}

bool fh_policy_has_key(const struct fh_policy_place *place,
                       const struct fh_doc_node *node,
                       const char *key,
                       const char *example)
{
    bool has = fh_doc_get(node, key) != NULL;
    if (!has) {
        FH_POLICY_REFUSE(
            place, node, "policy.rule.key", "%s says its %s: %s", place->what, key, example);
    }
    return has;
}

/* ---- kinds ---- */

static void read_days(const struct fh_policy_place *place,
                      const struct fh_doc_node *node,
                      const char *example,
                      struct fh_policy_rule *rule)
{
    uint64_t days = 1;
    if (fh_policy_has_key(place, node, "days", example)) {
        (void)fh_policy_read_number(place, fh_doc_get(node, "days"), 1, FH_POLICY_DAYS_MAX, &days);
    }
    rule->days = (uint32_t)days;
}

void fh_policy_read_retention(const struct fh_policy_place *place,
                              const struct fh_doc_node *node,
                              struct fh_policy_rule *rule)
{
    static const char example[] = "{table: orders, column: placed, days: 730}";
    if (fh_policy_has_key(place, node, "column", example)) {
        rule->time_column =
            fh_policy_read_text(place, fh_doc_get(node, "column"), FH_POLICY_WORD_BYTES_MAX);
    }
    read_days(place, node, example, rule);
}

void fh_policy_read_quality(const struct fh_policy_place *place,
                            const struct fh_doc_node *node,
                            struct fh_policy_rule *rule)
{
    if (fh_policy_has_key(place, node, "closed_when", "{closed_when: [fail, stale]}")) {
        const struct fh_doc_node *states = fh_doc_get(node, "closed_when");
        rule->closed_when = read_set(place, states, state_words, FH_COUNT(state_words));
        if ((rule->closed_when & 1U << FH_QUALITY_OK) != 0) {
            FH_POLICY_REFUSE(place,
                             states,
                             "policy.quality.ok",
                             "a product whose promises hold is not closed for them: fail, stale, "
                             "warn or unknown");
        }
    }
}

void fh_policy_read_export(const struct fh_policy_place *place,
                           const struct fh_doc_node *node,
                           struct fh_policy_rule *rule)
{
    if (fh_policy_has_key(place, node, "formats", "{formats: [json, csv]}")) {
        rule->formats =
            read_set(place, fh_doc_get(node, "formats"), format_words, FH_COUNT(format_words));
    }
}

void fh_policy_read_residency(const struct fh_policy_place *place,
                              const struct fh_doc_node *node,
                              struct fh_policy_rule *rule)
{
    rule->readers = fh_policy_read_words(place, fh_doc_get(node, "read"));
    rule->joiners = fh_policy_read_words(place, fh_doc_get(node, "join"));
    if (fh_doc_get(node, "read") == NULL && fh_doc_get(node, "join") == NULL) {
        FH_POLICY_REFUSE(place,
                         node,
                         "policy.rule.key",
                         "%s names the domains that may read, or whose nodes may join: {read: "
                         "[shop, museum], join: [shop]}",
                         place->what);
    }
}

static void read_renewals(const struct fh_policy_place *place,
                          const struct fh_doc_node *node,
                          struct fh_policy_rule *rule)
{
    const struct fh_doc_node *from = fh_doc_get(node, "renewals_from");
    const char *text = fh_policy_read_text(place, from, FH_POLICY_WORD_BYTES_MAX);
    if (text != NULL &&
        (!fh_time_parse(text, &rule->renewals_from_ms) || rule->renewals_from_ms <= 0)) {
        rule->renewals_from_ms = INT64_MAX;
        FH_POLICY_REFUSE(
            place, from, "policy.renewals_from", "renewals_from is a date (2027-06-01) or a time");
    }
}

void fh_policy_read_require(const struct fh_policy_place *place,
                            const struct fh_doc_node *node,
                            struct fh_policy_rule *rule)
{
    read_renewals(place, node, rule);
    rule->fields = read_set(place, fh_doc_get(node, "fields"), field_words, FH_COUNT(field_words));
    rule->levels = fh_policy_read_words(place, fh_doc_get(node, "sla"));
    rule->classifications = fh_policy_read_words(place, fh_doc_get(node, "classifications"));
    if (fh_doc_get(node, "fields") == NULL && fh_doc_get(node, "sla") == NULL &&
        fh_doc_get(node, "classifications") == NULL) {
        FH_POLICY_REFUSE(place,
                         node,
                         "policy.rule.key",
                         "%s names fields, sla or classifications: {fields: [owner, support]}",
                         place->what);
    }
}

void fh_policy_read_naming(const struct fh_policy_place *place,
                           const struct fh_doc_node *node,
                           struct fh_policy_rule *rule)
{
    static const char example[] = "{of: column, pattern: \"[a-z][a-z0-9_]*\"}";
    struct fh_err err;
    read_renewals(place, node, rule);
    if (fh_policy_has_key(place, node, "of", example)) {
        const struct fh_doc_node *of = fh_doc_get(node, "of");
        const char *word = fh_policy_read_text(place, of, FH_POLICY_WORD_BYTES_MAX);
        size_t at = word == NULL
                        ? 0
                        : fh_policy_find_word(place, of, word, named_words, FH_COUNT(named_words));
        rule->of = at < FH_COUNT(named_words) ? (enum fh_policy_named)at : FH_POLICY_PRODUCTS;
    }
    if (fh_policy_has_key(place, node, "pattern", example)) {
        const struct fh_doc_node *pattern = fh_doc_get(node, "pattern");
        rule->pattern = fh_policy_read_text(place, pattern, FH_POLICY_WORD_BYTES_MAX);
        if (rule->pattern != NULL && fh_name_pattern_check(rule->pattern, &err) != FH_OK) {
            FH_POLICY_REFUSE(place, pattern, "policy.naming.pattern", "%s", err.text);
        }
    }
}

void fh_policy_read_notice(const struct fh_policy_place *place,
                           const struct fh_doc_node *node,
                           struct fh_policy_rule *rule)
{
    read_days(place, node, "{days: 90}", rule);
}

/* ---- what makes no sense together ---- */

static bool share_word(const struct fh_contract_strings *a, const struct fh_contract_strings *b)
{
    bool share = a->count == 0 || b->count == 0;
    for (size_t i = 0; i < a->count; i++) {
        for (size_t k = 0; k < b->count && !share; k++) {
            share = strcmp(a->items[i], b->items[k]) == 0;
        }
    }
    return share;
}

/* What two rules that bind everybody leave nothing of; NULL when they get along. */
static const char *nothing_left(const struct fh_policy_rule *a, const struct fh_policy_rule *b)
{
    if (a->kind != b->kind || a->except_count > 0 || b->except_count > 0) {
        return NULL;
    }
    if (a->kind == FH_POLICY_GROUP && !fh_policy_groups_share(a, b)) {
        return "no dimension and no measure is in both";
    }
    if (a->kind == FH_POLICY_EXPORT && (a->formats & b->formats) == 0) {
        return "no format is in both";
    }
    if (a->kind == FH_POLICY_RESIDENCY && !share_word(&a->readers, &b->readers)) {
        return "no domain may read by both";
    }
    if (a->kind == FH_POLICY_RESIDENCY && !share_word(&a->joiners, &b->joiners)) {
        return "no domain may join by both";
    }
    if (a->kind == FH_POLICY_REQUIRE && !share_word(&a->classifications, &b->classifications)) {
        return "no classification is in both";
    }
    return NULL;
}

static void advise_idle(const struct fh_policy_place *top,
                        const struct fh_policy *policy,
                        const struct fh_policy_rule *rule)
{
    for (size_t i = 0; i < rule->except_count; i++) {
        if (!share_word(&policy->purposes, &rule->excepts[i].purposes)) {
            fh_findings_add(top->reading->findings,
                            FH_SEVERITY_WARNING,
                            rule->line,
                            rule->column,
                            rule->path,
                            "policy.except.idle",
                            "an exception is for purposes that the policy does not serve");
        }
    }
}

void fh_policy_check_sense(const struct fh_policy_place *top, const struct fh_policy *policy)
{
    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct fh_policy_rule *rule = &policy->rules[i];
        const char *why = NULL;
        advise_idle(top, policy, rule);
        bool can = rule->kind == FH_POLICY_GROUP || rule->kind == FH_POLICY_EXPORT ||
                   rule->kind == FH_POLICY_RESIDENCY || rule->kind == FH_POLICY_REQUIRE;
        for (size_t k = i; can && k > 0 && why == NULL && rule->kind == policy->rules[k - 1].kind;
             k--) {
            why = nothing_left(&policy->rules[k - 1], rule);
        }
        if (why != NULL) {
            fh_findings_add(top->reading->findings,
                            FH_SEVERITY_ERROR,
                            rule->line,
                            rule->column,
                            rule->path,
                            "policy.contradiction",
                            "the rule contradicts one above it: %s",
                            why);
        }
    }
}

/* ---- beside another policy ---- */

static void advise_beside(const struct fh_policy_held *other,
                          const struct fh_policy_rule *rule,
                          const char *why,
                          struct fh_findings *findings)
{
    fh_findings_add(findings,
                    FH_SEVERITY_WARNING,
                    rule == NULL ? 1 : rule->line,
                    rule == NULL ? 1 : rule->column,
                    rule == NULL ? "purposes" : rule->path,
                    "policy.beside",
                    "beside %spolicy %s %s %s",
                    other->mesh ? "mesh " : "",
                    other->name,
                    other->version,
                    why);
}

void fh_policy_check_beside(const struct fh_policy *policy,
                            const struct fh_policy_held *other,
                            struct fh_findings *findings)
{
    const struct fh_policy *beside = other->policy;
    if (beside == NULL) {
        return;
    }
    if (!share_word(&policy->purposes, &beside->purposes)) {
        advise_beside(other, NULL, "nobody is served: no purpose is in both", findings);
    }
    for (size_t i = 0; i < policy->rule_count; i++) {
        const char *why = NULL;
        for (size_t k = 0; k < beside->rule_count && why == NULL; k++) {
            why = nothing_left(&policy->rules[i], &beside->rules[k]);
        }
        if (why != NULL) {
            advise_beside(other, &policy->rules[i], why, findings);
        }
    }
}
