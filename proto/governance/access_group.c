/* SPDX-License-Identifier: Apache-2.0 */
/* The groups of a table: one system of them for all policies and everybody whom one binds. */
#include "proto/governance/access_compiled.h"

bool fh_access_group_column(const struct fh_policy_rule *rule,
                            const struct fh_access_table *table,
                            uint32_t index,
                            struct fh_compiled_column *out)
{
    uint32_t subject;
    enum fh_group_fit fit = fh_policy_group(rule, table, &subject);
    struct fh_group_column column = {.part = FH_GROUP_OUTSIDE};
    if (fit == FH_GROUP_NONE) {
        return false;
    }
    if (fit == FH_GROUP_FITS) {
        column = fh_policy_group_column(rule, &table->columns[index]);
    }
    *out = (struct fh_compiled_column){.index = index,
                                       .hidden = column.part == FH_GROUP_OUTSIDE,
                                       .mean = column.part == FH_GROUP_MEASURE,
                                       .mask = column.unit};
    return out->hidden || out->mean || column.unit.kind != FH_MASK_NONE;
}

/* Takes a rule that fits the table into its groups. */
static void add_rule(struct fh_view_group *group,
                     struct fh_group_column *columns,
                     uint32_t *subjects,
                     const struct fh_access_table *table,
                     const struct fh_policy_rule *rule,
                     uint32_t subject)
{
    bool known = false;
    for (uint32_t i = 0; i < group->subject_count; i++) {
        known = known || subjects[i] == subject;
    }
    if (!known) {
        subjects[group->subject_count++] = subject;
    }
    group->size = rule->size > group->size ? rule->size : group->size;
    for (uint32_t i = 0; i < table->column_count; i++) {
        struct fh_group_column made = fh_policy_group_column(rule, &table->columns[i]);
        bool both = made.part == FH_GROUP_DIMENSION && columns[i].part == FH_GROUP_DIMENSION;
        if (both) {
            columns[i].unit = fh_group_finer(&columns[i].unit, &made.unit);
        } else if (made.part == FH_GROUP_DIMENSION || columns[i].part == FH_GROUP_OUTSIDE) {
            columns[i] = made;
        }
    }
}

int fh_access_group(const struct fh_view_group **out,
                    const struct fh_access_table *table,
                    const struct fh_policy_held *const *policies,
                    const bool *governs,
                    uint32_t policy_count,
                    struct fh_arena *arena)
{
    struct fh_view_group *group = NULL;
    struct fh_group_column *columns = NULL;
    uint32_t *subjects = NULL;
    for (uint32_t i = 0; i < policy_count; i++) {
        const struct fh_policy *policy = governs[i] ? policies[i]->policy : NULL;
        for (size_t k = 0; policy != NULL && k < policy->rule_count; k++) {
            uint32_t subject;
            if (fh_policy_group(&policy->rules[k], table, &subject) != FH_GROUP_FITS) {
                continue; /* whomever it binds sees nothing, or it is not about the table */
            }
            if (group == NULL) {
                group = fh_arena_alloc(arena, sizeof *group);
                columns = fh_arena_array(arena, (size_t)table->column_count + 1, sizeof *columns);
                subjects = fh_arena_array(arena, (size_t)table->column_count + 1, sizeof *subjects);
            }
            if (group == NULL || columns == NULL || subjects == NULL) {
                return FH_ENOMEM;
            }
            group->columns = columns;
            group->subjects = subjects;
            add_rule(group, columns, subjects, table, &policy->rules[k], subject);
        }
    }
    *out = group;
    return FH_OK;
}
