/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of one reading of a policy, and its values. For policy_cases*.c, policy_group.c,
 * policy_kinds.c, policy_read.c, policy_rules.c and policy_values.c alone.
 *
 * Does not: outlive a reading. Thread: one. Ownership: borrows everything.
 */
#ifndef FH_PROTO_GOVERNANCE_POLICY_INNER_H
#define FH_PROTO_GOVERNANCE_POLICY_INNER_H

#include "proto/governance/policy.h"

struct fh_policy_reading {
    struct fh_findings *findings;
    struct fh_arena *arena;
    int failed; /* FH_OK or FH_ENOMEM */
};

/* One map that is read: its keys and where it is. */
struct fh_policy_place {
    struct fh_policy_reading *reading;
    const char *path; /* "mask[0]"; "" at the top */
    const char *what; /* "a policy" */
    const char *const *keys;
    size_t key_count;
};

#define FH_POLICY_REFUSE(place, node, rule, ...)                                                   \
    fh_findings_add((place)->reading->findings,                                                    \
                    FH_SEVERITY_ERROR,                                                             \
                    (node)->line,                                                                  \
                    (node)->column,                                                                \
                    (place)->path,                                                                 \
                    rule,                                                                          \
                    __VA_ARGS__)

#define FH_POLICY_ADVISE(place, node, rule, ...)                                                   \
    fh_findings_add((place)->reading->findings,                                                    \
                    FH_SEVERITY_WARNING,                                                           \
                    (node)->line,                                                                  \
                    (node)->column,                                                                \
                    (place)->path,                                                                 \
                    rule,                                                                          \
                    __VA_ARGS__)

/* Zeroed memory of the arena; NULL after noting the failure, and for nothing. */
void *fh_policy_allocate(struct fh_policy_reading *reading, size_t count, size_t size);
/* Whether the node is a map; says so of each key that the place does not know. */
bool fh_policy_check_map(const struct fh_policy_place *place, const struct fh_doc_node *node);
/* The text of a scalar that says something, or NULL, with a finding where it is of another kind;
 * NULL without one when the node is not there. */
const char *fh_policy_read_text(const struct fh_policy_place *place,
                                const struct fh_doc_node *node,
                                size_t bytes_max);
/* How many entries a list has, or one that stands alone; 0 after a finding, or when the node is not
 * there. The first of them; each has the next. */
uint32_t fh_policy_count_entries(const struct fh_policy_place *place,
                                 const struct fh_doc_node *node);
const struct fh_doc_node *fh_policy_first_entry(const struct fh_doc_node *node);
/* A list of texts, or one text alone; empty after a finding, or when the node is not there. */
struct fh_contract_strings fh_policy_read_words(const struct fh_policy_place *place,
                                                const struct fh_doc_node *node);
/* Whether the node is a whole number in these bounds. */
bool fh_policy_read_number(const struct fh_policy_place *place,
                           const struct fh_doc_node *node,
                           uint64_t least,
                           uint64_t most,
                           uint64_t *out);

/* The place of a word among those known, or their count after a finding ("policy.word"). */
size_t fh_policy_find_word(const struct fh_policy_place *place,
                           const struct fh_doc_node *node,
                           const char *word,
                           const char *const *known,
                           size_t count);

/* Whether a key is there; says so when it is not. */
bool fh_policy_has_key(const struct fh_policy_place *place,
                       const struct fh_doc_node *node,
                       const char *key,
                       const char *example);
/* Reads `to: day` or `step: 100` of a map into a mask that generalises; `at` is where a finding
 * points. */
void fh_policy_read_generalise(const struct fh_policy_place *place,
                               const struct fh_doc_node *map,
                               const struct fh_doc_node *at,
                               struct fh_mask *mask);

/* Of two rules about groups: whether they may be about different tables, or some column is the same
 * to both. */
bool fh_policy_groups_share(const struct fh_policy_rule *a, const struct fh_policy_rule *b);

/* Read what is in a rule of one kind: policy_kinds.c, policy_group.c. */
typedef void fh_policy_read_fn(const struct fh_policy_place *place,
                               const struct fh_doc_node *node,
                               struct fh_policy_rule *rule);
fh_policy_read_fn fh_policy_read_retention;
fh_policy_read_fn fh_policy_read_group;
fh_policy_read_fn fh_policy_read_quality;
fh_policy_read_fn fh_policy_read_export;
fh_policy_read_fn fh_policy_read_residency;
fh_policy_read_fn fh_policy_read_require;
fh_policy_read_fn fh_policy_read_naming;
fh_policy_read_fn fh_policy_read_notice;

/* Says of rules that leave nothing between them, and of exceptions that can never be. */
void fh_policy_check_sense(const struct fh_policy_place *top, const struct fh_policy *policy);

/* Reads the sections of rules into the policy. */
void fh_policy_read_rules(const struct fh_policy_place *top,
                          const struct fh_doc_node *root,
                          struct fh_policy *policy);

#endif
