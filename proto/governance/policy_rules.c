/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/governance/policy_inner.h"

#include <string.h>

/* ---- masks ---- */

static const char *const methods[] = {"generalise", "partial", "hash", "null"};
static const enum fh_mask_kind method_kinds[] = {
    FH_MASK_GENERALISE, FH_MASK_PARTIAL, FH_MASK_HASH, FH_MASK_NULL};

/* What belongs to one method alone. */
static void refuse_foreign(const struct fh_policy_place *place,
                           const struct fh_doc_node *rule,
                           enum fh_mask_kind kind)
{
    static const struct {
        const char *key;
        enum fh_mask_kind kind;
    } rows[] = {{"first", FH_MASK_PARTIAL},
                {"last", FH_MASK_PARTIAL},
                {"to", FH_MASK_GENERALISE},
                {"step", FH_MASK_GENERALISE}};
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        const struct fh_doc_node *node = fh_doc_get(rule, rows[i].key);
        if (node != NULL && rows[i].kind != kind) {
            FH_POLICY_REFUSE(place,
                             node,
                             "policy.mask.key",
                             "%s belongs to method %s, not to %s",
                             rows[i].key,
                             fh_mask_kind_text(rows[i].kind),
                             fh_mask_kind_text(kind));
        }
    }
}

void fh_policy_read_generalise(const struct fh_policy_place *place,
                               const struct fh_doc_node *map,
                               const struct fh_doc_node *at,
                               struct fh_mask *mask)
{
    const struct fh_doc_node *to = fh_doc_get(map, "to");
    const struct fh_doc_node *step = fh_doc_get(map, "step");
    if ((to == NULL) == (step == NULL)) {
        FH_POLICY_REFUSE(
            place,
            at,
            "policy.mask.generalise",
            "generalise takes one of `to: day` (for dates and times) and `step: 100` (for "
            "numbers)");
        return;
    }
    if (step != NULL) {
        (void)fh_policy_read_number(place, step, 1, FH_MASK_STEP_MAX, &mask->step);
        return;
    }
    const char *units[FH_MASK_UNIT_COUNT];
    size_t count = 0;
    const char *text = fh_policy_read_text(place, to, FH_POLICY_WORD_BYTES_MAX);
    for (unsigned unit = FH_MASK_STEP + 1; text != NULL && unit < FH_MASK_UNIT_COUNT; unit++) {
        units[count++] = fh_mask_unit_text(unit);
        if (strcmp(text, fh_mask_unit_text(unit)) == 0) {
            mask->unit = (enum fh_mask_unit)unit;
            return;
        }
    }
    if (text != NULL) {
        const char *near = fh_nearest(text, units, count);
        FH_POLICY_REFUSE(
            place,
            to,
            "policy.mask.unit",
            "\"%.64s\" is no unit: minute, hour, day, month, quarter, year or decade%s%s%s",
            text,
            near == NULL ? "" : "; did you mean \"",
            near == NULL ? "" : near,
            near == NULL ? "" : "\"?");
    }
}

static void read_partial(const struct fh_policy_place *place,
                         const struct fh_doc_node *rule,
                         const struct fh_doc_node *method,
                         struct fh_mask *mask)
{
    const struct fh_doc_node *first = fh_doc_get(rule, "first");
    const struct fh_doc_node *last = fh_doc_get(rule, "last");
    uint64_t kept = 0;
    if (first == NULL && last == NULL) {
        FH_POLICY_REFUSE(
            place,
            method,
            "policy.mask.partial",
            "partial says how many characters it keeps: `first: 2`, `last: 4`, or both");
    }
    if (first != NULL && fh_policy_read_number(place, first, 0, FH_MASK_KEEP_MAX, &kept)) {
        mask->keep_first = (uint32_t)kept;
    }
    if (last != NULL && fh_policy_read_number(place, last, 0, FH_MASK_KEEP_MAX, &kept)) {
        mask->keep_last = (uint32_t)kept;
    }
}

static void read_mask(const struct fh_policy_place *place,
                      const struct fh_doc_node *node,
                      struct fh_policy_rule *rule)
{
    const struct fh_doc_node *method = fh_doc_get(node, "method");
    rule->mask.kind = FH_MASK_NULL; /* until something better is known */
    if (method == NULL) {
        FH_POLICY_REFUSE(place,
                         node,
                         "policy.mask.method",
                         "a mask has a method: null, hash, partial or generalise");
        return;
    }
    const char *text = fh_policy_read_text(place, method, FH_POLICY_WORD_BYTES_MAX);
    size_t at = 0;
    while (text != NULL && at < FH_COUNT(methods) && strcmp(methods[at], text) != 0) {
        at++;
    }
    if (text == NULL) {
        return;
    }
    if (at == FH_COUNT(methods)) {
        const char *near = fh_nearest(text, methods, FH_COUNT(methods));
        FH_POLICY_REFUSE(place,
                         method,
                         "policy.mask.method",
                         "\"%.64s\" is no method: null, hash, partial or generalise%s%s%s",
                         text,
                         near == NULL ? "" : "; did you mean \"",
                         near == NULL ? "" : near,
                         near == NULL ? "" : "\"?");
        return;
    }
    rule->mask.kind = method_kinds[at];
    refuse_foreign(place, node, rule->mask.kind);
    if (rule->mask.kind == FH_MASK_GENERALISE) {
        fh_policy_read_generalise(place, node, method, &rule->mask);
    } else if (rule->mask.kind == FH_MASK_PARTIAL) {
        read_partial(place, node, method, &rule->mask);
    }
}

/* ---- rules ---- */

static void read_excepts(const struct fh_policy_place *rule_place,
                         const struct fh_doc_node *node,
                         struct fh_policy_rule *rule)
{
    static const char *const keys[] = {"purposes", "roles", "domains"};
    struct fh_policy_place place = *rule_place;
    place.what = "an exception";
    place.keys = keys;
    place.key_count = FH_COUNT(keys);
    if (node == NULL || node->kind == FH_DOC_BROKEN) {
        return;
    }
    if (node->kind != FH_DOC_LIST || node->count == 0 || node->count > FH_POLICY_EXCEPTS_MAX) {
        FH_POLICY_REFUSE(&place,
                         node,
                         "policy.list",
                         "except is a list of 1 to %d exceptions: - roles: [auditor]",
                         FH_POLICY_EXCEPTS_MAX);
        return;
    }
    struct fh_policy_except *excepts =
        fh_policy_allocate(place.reading, node->count, sizeof *excepts);
    if (excepts == NULL) {
        return;
    }
    for (const struct fh_doc_node *at = node->first; at != NULL; at = at->next) {
        struct fh_policy_except *except = &excepts[rule->except_count++];
        if (!fh_policy_check_map(&place, at)) {
            continue;
        }
        except->purposes = fh_policy_read_words(&place, fh_doc_get(at, "purposes"));
        except->roles = fh_policy_read_words(&place, fh_doc_get(at, "roles"));
        except->domains = fh_policy_read_words(&place, fh_doc_get(at, "domains"));
        if (at->count == 0) {
            FH_POLICY_REFUSE(
                &place,
                at,
                "policy.except.empty",
                "an exception that names nobody would spare everybody: purposes, roles or "
                "domains");
        }
    }
    rule->excepts = excepts;
}

static void read_selectors(const struct fh_policy_place *place,
                           const struct fh_doc_node *node,
                           struct fh_policy_rule *rule)
{
    rule->columns = fh_policy_read_words(place, fh_doc_get(node, "columns"));
    rule->classifications = fh_policy_read_words(place, fh_doc_get(node, "classification"));
    rule->tags = fh_policy_read_words(place, fh_doc_get(node, "tags"));
    if (fh_doc_get(node, "columns") == NULL && fh_doc_get(node, "classification") == NULL &&
        fh_doc_get(node, "tags") == NULL) {
        FH_POLICY_REFUSE(
            place,
            node,
            "policy.rule.selector",
            "the rule says of no column that it is about it: columns, classification or tags");
    }
}

static void read_filter(const struct fh_policy_place *place,
                        const struct fh_doc_node *node,
                        struct fh_policy_rule *rule)
{
    rule->where = fh_policy_read_text(place, fh_doc_get(node, "where"), FH_POLICY_FILTER_BYTES_MAX);
    if (fh_doc_get(node, "where") == NULL || fh_doc_get(node, "table") == NULL) {
        FH_POLICY_REFUSE(
            place,
            node,
            "policy.filter",
            "a filter has a table and a condition: {table: people, where: country = 'DE'}");
    }
}

static void read_mask_rule(const struct fh_policy_place *place,
                           const struct fh_doc_node *node,
                           struct fh_policy_rule *rule)
{
    read_selectors(place, node, rule);
    read_mask(place, node, rule);
}

/* The keys of a rule of each kind. A rule that is not about who asks has no exceptions: a waiver is
 * what spares a product. */
static const struct rule_form {
    const char *section;
    const char *what;
    fh_policy_read_fn *read;
    bool excepts;
    size_t key_count;
    const char *keys[9];
} rule_forms[FH_POLICY_RULE_KIND_COUNT] = {
    [FH_POLICY_MASK] =
        {"mask",
         "a mask",
         read_mask_rule,
         true,
         9,
         {"table", "columns", "classification", "tags", "method", "first", "last", "to", "step"}},
    [FH_POLICY_HIDE] = {"hide",
                        "a rule that hides",
                        read_selectors,
                        true,
                        4,
                        {"table", "columns", "classification", "tags"}},
    [FH_POLICY_FILTER] = {"filter", "a filter", read_filter, true, 2, {"table", "where"}},
    [FH_POLICY_RETENTION] = {"retention",
                             "a retention",
                             fh_policy_read_retention,
                             true,
                             3,
                             {"table", "column", "days"}},
    [FH_POLICY_GROUP] = {"minimum_group",
                         "a minimum group",
                         fh_policy_read_group,
                         true,
                         5,
                         {"table", "size", "subject", "dimensions", "measures"}},
    [FH_POLICY_QUALITY] =
        {"quality", "a quality gate", fh_policy_read_quality, true, 1, {"closed_when"}},
    [FH_POLICY_EXPORT] =
        {"export", "a rule on exports", fh_policy_read_export, true, 1, {"formats"}},
    [FH_POLICY_RESIDENCY] =
        {"residency", "a residency", fh_policy_read_residency, true, 2, {"read", "join"}},
    [FH_POLICY_REQUIRE] = {"require",
                           "a rule on contracts",
                           fh_policy_read_require,
                           false,
                           4,
                           {"fields", "sla", "classifications", "renewals_from"}},
    [FH_POLICY_NAMING] = {"naming",
                          "a rule on names",
                          fh_policy_read_naming,
                          false,
                          3,
                          {"of", "pattern", "renewals_from"}},
    [FH_POLICY_NOTICE] = {"notice", "a notice", fh_policy_read_notice, false, 1, {"days"}},
};

const char *fh_policy_rule_kind_text(unsigned kind)
{
    return kind < FH_COUNT(rule_forms) ? rule_forms[kind].section : "unknown";
}

static void read_rule(struct fh_policy_reading *reading,
                      enum fh_policy_rule_kind kind,
                      const struct fh_doc_node *node,
                      uint32_t index,
                      struct fh_policy_rule *rule)
{
    const struct rule_form *form = &rule_forms[kind];
    const char *keys[FH_COUNT(form->keys) + 1];
    memcpy(keys, form->keys, sizeof form->keys);
    keys[form->key_count] = "except";
    const char *path = fh_arena_printf(reading->arena, "%s[%u]", form->section, index);
    *rule = (struct fh_policy_rule){.kind = kind,
                                    .line = node->line,
                                    .column = node->column,
                                    .path = path,
                                    .renewals_from_ms = INT64_MAX};
    struct fh_policy_place place = {.reading = reading,
                                    .path = path == NULL ? "" : path,
                                    .what = form->what,
                                    .keys = keys,
                                    .key_count = form->key_count + (form->excepts ? 1 : 0)};
    if (path == NULL) {
        reading->failed = FH_ENOMEM;
    }
    if (path == NULL || !fh_policy_check_map(&place, node)) {
        return;
    }
    rule->table = fh_policy_read_text(&place, fh_doc_get(node, "table"), FH_POLICY_WORD_BYTES_MAX);
    if (form->excepts) {
        read_excepts(&place, fh_doc_get(node, "except"), rule);
    }
    form->read(&place, node, rule);
}

void fh_policy_read_rules(const struct fh_policy_place *top,
                          const struct fh_doc_node *root,
                          struct fh_policy *policy)
{
    uint32_t count = 0;
    for (size_t i = 0; i < FH_COUNT(rule_forms); i++) {
        const struct fh_doc_node *list = fh_doc_get(root, rule_forms[i].section);
        if (list != NULL && list->kind != FH_DOC_BROKEN &&
            (list->kind != FH_DOC_LIST || list->count == 0)) {
            FH_POLICY_REFUSE(top,
                             list,
                             "policy.list",
                             "%s is a list of rules, each with a dash",
                             rule_forms[i].section);
        }
        count += list != NULL && list->kind == FH_DOC_LIST ? list->count : 0;
    }
    if (count > FH_POLICY_RULES_MAX) {
        FH_POLICY_REFUSE(top,
                         root,
                         "policy.rules",
                         "a policy has at most %d rules; make several",
                         FH_POLICY_RULES_MAX);
        return;
    }
    struct fh_policy_rule *rules = fh_policy_allocate(top->reading, count, sizeof *rules);
    for (size_t i = 0; rules != NULL && i < FH_COUNT(rule_forms); i++) {
        const struct fh_doc_node *list = fh_doc_get(root, rule_forms[i].section);
        const struct fh_doc_node *at =
            list != NULL && list->kind == FH_DOC_LIST ? list->first : NULL;
        for (uint32_t index = 0; at != NULL; at = at->next, index++) {
            read_rule(
                top->reading, (enum fh_policy_rule_kind)i, at, index, &rules[policy->rule_count++]);
        }
    }
    policy->rules = rules;
    fh_policy_check_sense(top, policy);
    bool says = fh_doc_get(root, "purposes") != NULL;
    for (size_t i = 0; i < FH_COUNT(rule_forms); i++) {
        says = says || fh_doc_get(root, rule_forms[i].section) != NULL;
    }
    if (!says) {
        FH_POLICY_ADVISE(
            top, root, "policy.rules.none", "the policy has no rule and changes nothing");
    }
}
