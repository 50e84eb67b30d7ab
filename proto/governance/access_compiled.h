/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled policies: what a domain's policies are to one version of a product, worked out once.
 *
 * Which policies govern it, which columns each rule selects, and each mask as it fits its column,
 * do not depend on who asks: comparing the words of two hundred rules with those of every column
 * took most of a decision. What is left for each question is who is spared, and the strictest of
 * what is selected. A decision is the same with and without (a property test compares them).
 *
 * Does not: hold what may change while the policies stay (a fork, the time): that is read where it
 * counts. Thread: immutable after it is made. Ownership: lies in the arena given, and borrows the
 * policies and the product.
 */
#ifndef FH_PROTO_GOVERNANCE_ACCESS_COMPILED_H
#define FH_PROTO_GOVERNANCE_ACCESS_COMPILED_H

#include "proto/governance/access.h"
#include "proto/governance/policy.h"

/* A column that a rule of kind MASK or HIDE selects, that RETENTION or GROUP hides, or of which
 * GROUP leaves a unit or a mean. */
struct fh_compiled_column {
    uint32_t index;
    bool hidden;
    bool mean;
    struct fh_mask mask; /* null where the rule's does not fit the column */
};

/* A rule that selects something of a table. */
struct fh_compiled_rule {
    const struct fh_policy_held *held;
    const struct fh_policy_rule *rule;
    uint32_t column_count; /* 0 of a filter */
    const struct fh_compiled_column *columns;
    const struct fh_access_column *age; /* of RETENTION: by which rows are kept; NULL: all columns
                                           are hidden, for want of it */
    bool groups;                        /* of GROUP: the same for want of a subject, when false */
};

struct fh_compiled_table {
    uint32_t rule_count; /* in the order of the policies, and of their texts */
    const struct fh_compiled_rule *rules;
    uint32_t filter_count;             /* of them, by condition or by age */
    const struct fh_view_group *group; /* for whoever a rule of kind GROUP binds; NULL: there is
                                          none */
};

struct fh_access_compiled {
    uint32_t policy_count; /* of all that were given, governing or not */
    const bool *governs;
    uint32_t table_count;
    const struct fh_compiled_table *tables; /* as the product's */
};

/* For a product and all policies of its domain, in the order in which they are asked with. NULL
 * when there is no memory. */
FH_MUST_CHECK struct fh_access_compiled *
fh_access_compile(const struct fh_access_product *product,
                  const struct fh_policy_held *const *policies,
                  uint32_t policy_count,
                  struct fh_arena *arena);

/* The groups of a table, by the rules of all policies that govern the product (`governs`, for
 * each), whomever they bind: the largest size, all subjects, all dimensions by their finest units.
 * So what one sees are always whole groups of what another sees. `*out` is NULL when no rule groups
 * it. FH_ENOMEM. */
FH_MUST_CHECK int fh_access_group(const struct fh_view_group **out,
                                  const struct fh_access_table *table,
                                  const struct fh_policy_held *const *policies,
                                  const bool *governs,
                                  uint32_t policy_count,
                                  struct fh_arena *arena);

/* What a rule of kind GROUP that is about the table does to one of its columns; false: nothing. */
bool fh_access_group_column(const struct fh_policy_rule *rule,
                            const struct fh_access_table *table,
                            uint32_t index,
                            struct fh_compiled_column *out);

/* The mask of a rule as a column of this type can have it: null where it does not fit, as after the
 * column changed its type. */
struct fh_mask fh_access_fitting_mask(const struct fh_policy_rule *rule, const char *sql_type);

#endif
