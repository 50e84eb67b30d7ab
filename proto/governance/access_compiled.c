/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/governance/access_compiled.h"

struct fh_mask fh_access_fitting_mask(const struct fh_policy_rule *rule, const char *sql_type)
{
    struct fh_err unfit;
    struct fh_mask mask = rule->mask;
    if (rule->kind == FH_POLICY_MASK && fh_mask_check(&mask, sql_type, &unfit) != FH_OK) {
        mask = (struct fh_mask){.kind = FH_MASK_NULL};
    }
    return mask;
}

/* What of the table a rule does to this column; false when that is nothing. */
static bool compile_column(const struct fh_policy_rule *rule,
                           const struct fh_access_table *table,
                           uint32_t index,
                           bool whole,
                           struct fh_compiled_column *out)
{
    const struct fh_access_column *column = &table->columns[index];
    if (rule->kind == FH_POLICY_GROUP) {
        return fh_access_group_column(rule, table, index, out);
    }
    *out = (struct fh_compiled_column){.index = index,
                                       .hidden = rule->kind != FH_POLICY_MASK,
                                       .mask = fh_access_fitting_mask(rule, column->sql_type)};
    return whole || fh_policy_selects(rule, table->name, column);
}

/* What of the table a rule selects; false when that is nothing, or there is no memory (`*ok`). */
static bool compile_rule(const struct fh_policy_rule *rule,
                         const struct fh_access_table *table,
                         struct fh_compiled_rule *out,
                         struct fh_arena *arena,
                         bool *ok)
{
    const struct fh_access_column *age = NULL;
    enum fh_retention retention = fh_policy_retention(rule, table, &age);
    bool whole = retention == FH_RETENTION_UNFIT;
    if (rule->kind == FH_POLICY_FILTER) {
        return fh_policy_selects(rule, table->name, NULL);
    }
    if (retention == FH_RETENTION_ROWS) {
        out->age = age;
        return true;
    }
    uint32_t count = 0;
    uint32_t subject;
    struct fh_compiled_column made;
    out->groups = fh_policy_group(rule, table, &subject) == FH_GROUP_FITS;
    for (uint32_t i = 0; i < table->column_count; i++) {
        count += compile_column(rule, table, i, whole, &made) ? 1 : 0;
    }
    if (count == 0 && !out->groups) {
        return false;
    }
    struct fh_compiled_column *columns = fh_arena_array(arena, (size_t)count + 1, sizeof *columns);
    if (columns == NULL) {
        *ok = false;
        return false;
    }
    for (uint32_t i = 0; i < table->column_count; i++) {
        if (compile_column(rule, table, i, whole, &made)) {
            columns[out->column_count++] = made;
        }
    }
    out->columns = columns;
    return true;
}

static bool compile_table(const struct fh_access_compiled *compiled,
                          const struct fh_access_table *table,
                          const struct fh_policy_held *const *policies,
                          struct fh_compiled_table *out,
                          struct fh_arena *arena)
{
    size_t most = 1;
    for (uint32_t i = 0; i < compiled->policy_count; i++) {
        bool counts = compiled->governs[i] && policies[i]->policy != NULL;
        most += counts ? policies[i]->policy->rule_count : 0;
    }
    struct fh_compiled_rule *rules = fh_arena_array(arena, most, sizeof *rules);
    bool ok = rules != NULL;
    for (uint32_t i = 0; ok && i < compiled->policy_count; i++) {
        const struct fh_policy *policy = compiled->governs[i] ? policies[i]->policy : NULL;
        for (size_t k = 0; ok && policy != NULL && k < policy->rule_count; k++) {
            struct fh_compiled_rule rule = {.held = policies[i], .rule = &policy->rules[k]};
            if (compile_rule(rule.rule, table, &rule, arena, &ok)) {
                rules[out->rule_count++] = rule;
                out->filter_count +=
                    rule.rule->kind == FH_POLICY_FILTER || rule.age != NULL ? 1 : 0;
            }
        }
    }
    out->rules = rules;
    return ok &&
           fh_access_group(
               &out->group, table, policies, compiled->governs, compiled->policy_count, arena) ==
               FH_OK;
}

struct fh_access_compiled *fh_access_compile(const struct fh_access_product *product,
                                             const struct fh_policy_held *const *policies,
                                             uint32_t policy_count,
                                             struct fh_arena *arena)
{
    struct fh_access_compiled *compiled = fh_arena_alloc(arena, sizeof *compiled);
    bool *governs = fh_arena_array(arena, (size_t)policy_count + 1, sizeof *governs);
    struct fh_compiled_table *tables =
        fh_arena_array(arena, (size_t)product->table_count + 1, sizeof *tables);
    if (compiled == NULL || governs == NULL || tables == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; i < policy_count; i++) {
        governs[i] = fh_policy_held_governs(policies[i], product->name, product->major);
    }
    *compiled = (struct fh_access_compiled){.policy_count = policy_count,
                                            .governs = governs,
                                            .table_count = product->table_count,
                                            .tables = tables};
    for (uint32_t i = 0; i < product->table_count; i++) {
        tables[i] = (struct fh_compiled_table){.rule_count = 0};
        if (!compile_table(compiled, &product->tables[i], policies, &tables[i], arena)) {
            return NULL;
        }
    }
    return compiled;
}
