/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the structural rules share: the contract that is checked, findings with their place, and the
 * check for unique names. Private to the rules of contract_rules.h, publish_rules.h and
 * quality_gate.h.
 *
 * Does not: judge. Thread: distinct objects. Ownership: borrows.
 */
#ifndef FH_PROTO_CONTRACT_RULE_CHECK_H
#define FH_PROTO_CONTRACT_RULE_CHECK_H

#include "proto/contract/contract.h"
#include "proto/contract/finding.h"

#include <stddef.h>

enum { FH_RULE_PATH_BYTES = 256 };

/* What every rule needs: the contract and where findings go. */
struct fh_rule_check {
    const struct fh_contract *contract;
    struct fh_findings *findings;
};

/* The value under a key, or the section itself where it is missing: a place for a finding. */
const struct fh_doc_node *fh_rule_place(const struct fh_doc_node *section, const char *key);

void fh_rule_report(const struct fh_rule_check *check,
                    enum fh_severity severity,
                    const struct fh_doc_node *at,
                    const char *path,
                    const char *rule,
                    const char *format,
                    ...) FH_PRINTF(6, 7);

/* Whether the string at `key` of each element (section structs of `size` bytes, the string at
 * `offset`) is unique without regard to case. */
void fh_rule_unique(const struct fh_rule_check *check,
                    const void *items,
                    size_t count,
                    size_t size,
                    size_t offset,
                    const char *path,
                    const char *key);

#define FH_RULE_UNIQUE(check, list, type, member, path, key)                                       \
    fh_rule_unique((check),                                                                        \
                   (list).items,                                                                   \
                   (list).count,                                                                   \
                   sizeof(struct type),                                                            \
                   offsetof(struct type, member),                                                  \
                   (path),                                                                         \
                   (key))

/* ---- reference_rules.c: what names a table or a column ---- */

void fh_rule_relationship(const struct fh_rule_check *check,
                          const struct fh_contract_relationship *relationship,
                          const char *path);
void fh_rule_levels(const struct fh_rule_check *check); /* elements of slaProperties */

#endif
