/* SPDX-License-Identifier: Apache-2.0 */
/* From grants and policies to views: what is taken away, and by which rule. */
#include "proto/governance/access_inner.h"

#include <string.h>

bool fh_access_applies(const struct fh_access_ask *ask,
                       const struct fh_party *party,
                       const struct fh_policy_held *held)
{
    return fh_policy_held_governs(held, ask->product->name, ask->product->major) &&
           (held->policy == NULL || !party->own || held->policy->everyone);
}

/* One table, one party: what is being made. */
struct draft {
    const struct fh_access_table *table;
    struct fh_view_column *columns;
    struct fh_access_why *why;
    const char **filters;
    uint32_t filter_count;
};

static void touch_column(struct draft *draft,
                         uint32_t index,
                         const struct fh_policy_held *held,
                         const struct fh_policy_rule *rule)
{
    struct fh_view_column *column = &draft->columns[index];
    struct fh_err unfit;
    struct fh_view_column after = *column;
    if (rule->kind == FH_POLICY_HIDE) {
        after.hidden = true;
    } else {
        /* A column may have changed its type since the policy was published: what does not fit any
         * more shows nothing. */
        struct fh_mask mask = rule->mask;
        if (fh_mask_check(&mask, draft->table->columns[index].sql_type, &unfit) != FH_OK) {
            mask = (struct fh_mask){.kind = FH_MASK_NULL};
        }
        after.mask = fh_mask_stricter(&column->mask, &mask);
    }
    if (!column->hidden && (after.hidden || !fh_mask_equal(&after.mask, &column->mask))) {
        draft->why[index] = (struct fh_access_why){.policy = held, .line = rule->line};
    }
    *column = after;
}

static void apply_rule(struct draft *draft,
                       const struct fh_policy_held *held,
                       const struct fh_policy_rule *rule)
{
    if (rule->kind == FH_POLICY_FILTER) {
        if (fh_policy_selects(rule, draft->table->name, NULL)) {
            draft->filters[draft->filter_count++] = rule->where;
        }
        return;
    }
    for (uint32_t i = 0; i < draft->table->column_count; i++) {
        if (fh_policy_selects(rule, draft->table->name, &draft->table->columns[i])) {
            touch_column(draft, i, held, rule);
        }
    }
}

static size_t count_filters(const struct fh_access_ask *ask)
{
    size_t count = 1; /* of the grant */
    for (uint32_t i = 0; i < ask->policy_count; i++) {
        const struct fh_policy *policy = ask->policies[i]->policy;
        for (size_t k = 0; policy != NULL && k < policy->rule_count; k++) {
            count += policy->rules[k].kind == FH_POLICY_FILTER ? 1 : 0;
        }
    }
    return count;
}

/* What the party may see of one table. */
static int make_view(struct fh_judging *judging,
                     const struct fh_party *party,
                     const struct fh_access_table *table,
                     struct fh_access_view *out,
                     struct fh_err *err)
{
    const struct fh_access_ask *ask = judging->ask;
    struct fh_arena *arena = judging->arena;
    struct draft draft = {
        .table = table,
        .columns = fh_arena_array(arena, table->column_count, sizeof *draft.columns),
        .why = fh_arena_array(arena, table->column_count, sizeof *draft.why),
        .filters = fh_arena_array(arena, count_filters(ask), sizeof *draft.filters),
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
    for (uint32_t i = 0; i < ask->policy_count; i++) {
        const struct fh_policy_held *held = ask->policies[i];
        bool on = fh_access_applies(ask, party, held);
        for (size_t k = 0; on && k < held->policy->rule_count; k++) {
            if (!fh_policy_spares(&held->policy->rules[k], &party->as)) {
                apply_rule(&draft, held, &held->policy->rules[k]);
            }
        }
    }
    out->view = (struct fh_view){.column_count = table->column_count,
                                 .columns = draft.columns,
                                 .filter_count = draft.filter_count};
    fh_view_seal(&out->view, draft.filters);
    out->why = draft.why;
    return FH_OK;
}

static struct fh_view_column column_of(const struct fh_view *view, uint32_t index)
{
    static const struct fh_view_column bare;
    return view->open ? bare : view->columns[index];
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
        struct fh_view_column made = column_of(&both, i);
        struct fh_view_column own = column_of(&consumer->view, i);
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
    const struct fh_access_product *product = judging->ask->product;
    struct fh_access_view *views =
        fh_arena_array(judging->arena, product->table_count, sizeof *views);
    int rc = views == NULL && product->table_count > 0
                 ? fh_err_set(err, FH_ENOMEM, "no memory for a decision")
                 : FH_OK;
    for (uint32_t i = 0; rc == FH_OK && i < product->table_count; i++) {
        const struct fh_access_table *table = &product->tables[i];
        struct fh_access_view second;
        rc = make_view(judging, consumer, table, &views[i], err);
        if (rc == FH_OK && entry != NULL) {
            rc = make_view(judging, entry, table, &second, err);
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
