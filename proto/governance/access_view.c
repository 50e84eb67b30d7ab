/* SPDX-License-Identifier: Apache-2.0 */
/* From grants and policies to views: what is taken away, and by which rule. */
#include "common/assert.h"
#include "proto/governance/access_compiled.h"
#include "proto/governance/access_inner.h"

#include <string.h>

/* What does not depend on the product any more. */
static bool binds(const struct fh_party *party, const struct fh_policy_held *held)
{
    return held->policy == NULL || !party->own || held->policy->everyone;
}

bool fh_access_applies(const struct fh_access_ask *ask,
                       const struct fh_party *party,
                       uint32_t policy)
{
    const struct fh_policy_held *held = ask->policies[policy];
    bool governs = ask->compiled != NULL
                       ? ask->compiled->governs[policy]
                       : fh_policy_held_governs(held, ask->product->name, ask->product->major);
    return governs && binds(party, held);
}

/* One table, one party: what is being made. */
struct draft {
    struct fh_judging *judging;
    const struct fh_party *party;
    uint32_t index; /* of the table */
    const struct fh_access_table *table;
    struct fh_arena *arena;
    int64_t now_ms;
    bool failed; /* no memory */
    struct fh_view_column *columns;
    struct fh_access_why *why;
    const char **filters;
    uint32_t filter_count;
    bool grouped;
};

static void touch_column(struct draft *draft,
                         const struct fh_compiled_column *selected,
                         const struct fh_policy_held *held,
                         const struct fh_policy_rule *rule)
{
    struct fh_view_column *column = &draft->columns[selected->index];
    struct fh_access_why *why = &draft->why[selected->index];
    struct fh_view_column after = *column;
    if (selected->hidden) {
        after.hidden = true;
    } else {
        after.mask = fh_mask_stricter(&column->mask, &selected->mask);
    }
    if (!column->hidden && (after.hidden || !fh_mask_equal(&after.mask, &column->mask) ||
                            (selected->mean && why->policy == NULL))) {
        *why = (struct fh_access_why){.policy = held, .line = rule->line};
    }
    *column = after;
}

/* All of the policy, or this rule, which is about the table. */
static bool is_waived(struct draft *draft,
                      const struct fh_party *party,
                      const struct fh_policy_held *held,
                      const struct fh_policy_rule *rule)
{
    return fh_access_is_waived(draft->judging, party, held, rule->path);
}

static bool is_bound(const struct fh_party *party,
                     const struct fh_policy_held *held,
                     const struct fh_policy_rule *rule)
{
    return binds(party, held) && !fh_policy_spares(rule, &party->as);
}

static void keep_young(struct draft *draft,
                       const struct fh_policy_rule *rule,
                       const struct fh_access_column *column)
{
    const char *filter = fh_policy_retention_filter(rule, column, draft->now_ms, draft->arena);
    if (filter == NULL) {
        draft->failed = true;
    } else {
        draft->filters[draft->filter_count++] = filter;
    }
}

/* ---- for whoever wants to hear of each rule ---- */

static void note(const struct draft *draft,
                 const struct fh_compiled_rule *compiled,
                 const struct fh_access_effect *what)
{
    struct fh_access_effect effect = *what;
    effect.held = compiled->held;
    effect.rule = compiled->rule;
    effect.path = compiled->rule->path;
    effect.joins = draft->party->joins;
    effect.table = draft->index;
    fh_access_trace_add(draft->judging->ask->trace, &effect);
}

/* What keeps a rule from binding; of a policy that leaves the own domain alone it is said once. */
static void note_kept(const struct draft *draft, const struct fh_compiled_rule *compiled)
{
    struct fh_access_effect kept = {.outcome = FH_EFFECT_SPARED, .column = FH_EFFECT_NOWHERE};
    if (draft->judging->ask->trace == NULL || !binds(draft->party, compiled->held)) {
        return;
    }
    kept.except = fh_policy_spares(compiled->rule, &draft->party->as);
    if (kept.except == NULL) {
        kept.outcome = FH_EFFECT_WAIVED;
        kept.waiver =
            fh_access_waiver(draft->judging, draft->party, compiled->held, compiled->rule->path);
    }
    note(draft, compiled, &kept);
}

/* What a rule that binds is to the rows of the table. */
static void note_rows(struct draft *draft, const struct fh_compiled_rule *compiled)
{
    struct fh_access_effect rows = {.column = FH_EFFECT_NOWHERE};
    if (draft->judging->ask->trace == NULL || compiled->column_count > 0) {
        return;
    }
    rows.filter = compiled->age == NULL
                      ? compiled->rule->where
                      : fh_policy_retention_filter(
                            compiled->rule, compiled->age, draft->now_ms, draft->arena);
    note(draft, compiled, &rows);
}

static void note_column(const struct draft *draft,
                        const struct fh_compiled_rule *compiled,
                        const struct fh_compiled_column *column)
{
    if (draft->judging->ask->trace != NULL) {
        const struct fh_access_effect touched = {
            .column = column->index, .mask = column->mask, .hides = column->hidden};
        note(draft, compiled, &touched);
    }
}

static void apply_compiled(struct draft *draft,
                           const struct fh_party *party,
                           const struct fh_compiled_rule *compiled)
{
    const struct fh_policy_rule *rule = compiled->rule;
    if (!is_bound(party, compiled->held, rule) || is_waived(draft, party, compiled->held, rule)) {
        note_kept(draft, compiled);
        return;
    }
    note_rows(draft, compiled);
    if (rule->kind == FH_POLICY_FILTER) {
        draft->filters[draft->filter_count++] = rule->where;
    } else if (compiled->age != NULL) {
        keep_young(draft, rule, compiled->age);
    }
    draft->grouped = draft->grouped || compiled->groups;
    for (uint32_t i = 0; i < compiled->column_count; i++) {
        touch_column(draft, &compiled->columns[i], compiled->held, rule);
        note_column(draft, compiled, &compiled->columns[i]);
    }
}

/* Whether it selects anything of the table. */
static bool is_about(const struct fh_policy_rule *rule, const struct fh_access_table *table)
{
    const struct fh_access_column *ignored;
    uint32_t subject;
    bool about = fh_policy_selects(rule, table->name, NULL) ||
                 fh_policy_group(rule, table, &subject) != FH_GROUP_NONE ||
                 fh_policy_retention(rule, table, &ignored) != FH_RETENTION_NONE;
    for (uint32_t i = 0; i < table->column_count && !about; i++) {
        about = fh_policy_selects(rule, table->name, &table->columns[i]);
    }
    return about;
}

static void apply_rule(struct draft *draft,
                       const struct fh_party *party,
                       const struct fh_policy_held *held,
                       const struct fh_policy_rule *rule)
{
    const struct fh_access_table *table = draft->table;
    const struct fh_access_column *age = NULL;
    uint32_t subject;
    if (!is_bound(party, held, rule) || !is_about(rule, table) ||
        is_waived(draft, party, held, rule)) {
        return;
    }
    enum fh_retention retention = fh_policy_retention(rule, table, &age);
    if (rule->kind == FH_POLICY_FILTER && fh_policy_selects(rule, table->name, NULL)) {
        draft->filters[draft->filter_count++] = rule->where;
    } else if (retention == FH_RETENTION_ROWS) {
        keep_young(draft, rule, age);
    }
    draft->grouped = draft->grouped || fh_policy_group(rule, table, &subject) == FH_GROUP_FITS;
    for (uint32_t i = 0; rule->kind != FH_POLICY_FILTER && i < table->column_count; i++) {
        struct fh_compiled_column selected = {
            .index = i,
            .hidden = rule->kind != FH_POLICY_MASK,
            .mask = fh_access_fitting_mask(rule, table->columns[i].sql_type)};
        bool touched = rule->kind == FH_POLICY_GROUP
                           ? fh_access_group_column(rule, table, i, &selected)
                           : retention == FH_RETENTION_UNFIT ||
                                 fh_policy_selects(rule, table->name, &table->columns[i]);
        if (touched) {
            touch_column(draft, &selected, held, rule);
        }
    }
}

/* Without having compiled them: what follows compares the words of all rules. */
static void
apply_policies(struct draft *draft, const struct fh_party *party, const struct fh_access_ask *ask)
{
    for (uint32_t i = 0; i < ask->policy_count; i++) {
        const struct fh_policy_held *held = ask->policies[i];
        bool on = held->policy != NULL && fh_access_applies(ask, party, i);
        for (size_t k = 0; on && k < held->policy->rule_count; k++) {
            apply_rule(draft, party, held, &held->policy->rules[k]);
        }
    }
}

/* The groups of the table, when one of its rules binds the party. */
static int find_group(struct draft *draft,
                      const struct fh_access_ask *ask,
                      uint32_t table,
                      const struct fh_view_group **out)
{
    if (!draft->grouped) {
        return FH_OK;
    }
    if (ask->compiled != NULL) {
        *out = ask->compiled->tables[table].group;
        return FH_OK;
    }
    bool *governs = fh_arena_array(draft->arena, (size_t)ask->policy_count + 1, sizeof *governs);
    for (uint32_t i = 0; governs != NULL && i < ask->policy_count; i++) {
        governs[i] =
            fh_policy_held_governs(ask->policies[i], ask->product->name, ask->product->major);
    }
    return governs == NULL
               ? FH_ENOMEM
               : fh_access_group(
                     out, draft->table, ask->policies, governs, ask->policy_count, draft->arena);
}

/* At most, for room. */
static size_t count_filters(const struct fh_access_ask *ask, uint32_t table)
{
    size_t count = 1; /* of the grant */
    if (ask->compiled != NULL) {
        return count + ask->compiled->tables[table].filter_count;
    }
    for (uint32_t i = 0; i < ask->policy_count; i++) {
        const struct fh_policy *policy = ask->policies[i]->policy;
        for (size_t k = 0; policy != NULL && k < policy->rule_count; k++) {
            enum fh_policy_rule_kind kind = policy->rules[k].kind;
            count += kind == FH_POLICY_FILTER || kind == FH_POLICY_RETENTION ? 1 : 0;
        }
    }
    return count;
}

/* What the party may see of one table. */
static int make_view(struct fh_judging *judging,
                     const struct fh_party *party,
                     uint32_t index,
                     struct fh_access_view *out,
                     struct fh_err *err)
{
    const struct fh_access_ask *ask = judging->ask;
    const struct fh_access_table *table = &ask->product->tables[index];
    struct fh_arena *arena = judging->arena;
    struct draft draft = {
        .judging = judging,
        .party = party,
        .index = index,
        .table = table,
        .arena = arena,
        .now_ms = ask->now_ms,
        .columns = fh_arena_array(arena, table->column_count, sizeof *draft.columns),
        .why = fh_arena_array(arena, table->column_count, sizeof *draft.why),
        .filters = fh_arena_array(arena, count_filters(ask, index), sizeof *draft.filters),
    };
    if (draft.filters == NULL ||
        (table->column_count > 0 && (draft.columns == NULL || draft.why == NULL))) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a view");
    }
    if (party->grant != NULL) {
        const struct fh_grant *grant = &party->grant->grant;
        for (uint32_t i = 0; i < table->column_count; i++) {
            draft.columns[i].hidden =
                !fh_grant_has_column(grant, table->name, table->columns[i].name);
        }
        if (grant->rows[0] != '\0') {
            draft.filters[draft.filter_count++] = grant->rows;
        }
    }
    if (ask->compiled != NULL) {
        const struct fh_compiled_table *compiled = &ask->compiled->tables[index];
        for (uint32_t i = 0; i < compiled->rule_count; i++) {
            apply_compiled(&draft, party, &compiled->rules[i]);
        }
    } else {
        apply_policies(&draft, party, ask);
    }
    const struct fh_view_group *group = NULL;
    if (find_group(&draft, ask, index, &group) != FH_OK || draft.failed) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a view");
    }
    FH_ASSERT((group != NULL) == draft.grouped);
    out->view = (struct fh_view){.column_count = table->column_count,
                                 .columns = draft.columns,
                                 .filter_count = draft.filter_count,
                                 .group = group};
    fh_view_seal(&out->view, draft.filters);
    out->why = draft.why;
    return FH_OK;
}

/* The stricter of both views, and for each column the reason of the party that made it so. */
static int meet(struct fh_judging *judging,
                const struct fh_access_table *table,
                const struct fh_access_view *consumer,
                const struct fh_access_view *entry,
                struct fh_access_view *out,
                struct fh_err *err)
{
    struct fh_access_why *why = fh_arena_array(judging->arena, table->column_count, sizeof *why);
    struct fh_view both;
    int rc = fh_view_stricter(&both, &consumer->view, &entry->view, judging->arena, err);
    if (rc == FH_OK && why == NULL && table->column_count > 0) {
        rc = fh_err_set(err, FH_ENOMEM, "no memory for a view");
    }
    if (rc != FH_OK) {
        return rc;
    }
    for (uint32_t i = 0; i < table->column_count; i++) {
        struct fh_view_column made = fh_view_column_at(&both, i);
        struct fh_view_column own = fh_view_column_at(&consumer->view, i);
        bool same = made.hidden ? own.hidden : fh_mask_equal(&made.mask, &own.mask);
        why[i] = same ? consumer->why[i] : entry->why[i];
    }
    *out = (struct fh_access_view){.view = both, .why = why};
    return FH_OK;
}

int fh_access_make_views(struct fh_judging *judging,
                         const struct fh_party *consumer,
                         const struct fh_party *entry,
                         struct fh_err *err)
{
    const struct fh_access_ask *ask = judging->ask;
    const struct fh_access_product *product = ask->product;
    if (ask->compiled != NULL) {
        FH_ASSERT(ask->compiled->policy_count == ask->policy_count);
        FH_ASSERT(ask->compiled->table_count == product->table_count);
    }
    struct fh_access_view *views =
        fh_arena_array(judging->arena, product->table_count, sizeof *views);
    int rc = views == NULL && product->table_count > 0
                 ? fh_err_set(err, FH_ENOMEM, "no memory for a decision")
                 : FH_OK;
    for (uint32_t i = 0; rc == FH_OK && i < product->table_count; i++) {
        const struct fh_access_table *table = &product->tables[i];
        struct fh_access_view second;
        rc = make_view(judging, consumer, i, &views[i], err);
        if (rc == FH_OK && entry != NULL) {
            rc = make_view(judging, entry, i, &second, err);
        }
        if (rc == FH_OK && entry != NULL) {
            struct fh_access_view first = views[i];
            rc = meet(judging, table, &first, &second, &views[i], err);
        }
    }
    judging->made.table_count = product->table_count;
    judging->made.tables = views;
    return rc;
}
