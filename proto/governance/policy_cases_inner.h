/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What policy_cases.c and policy_cases_then.c share. For them alone.
 *
 * Does not: outlive a reading. Thread: one. Ownership: borrows everything.
 */
#ifndef FH_PROTO_GOVERNANCE_POLICY_CASES_INNER_H
#define FH_PROTO_GOVERNANCE_POLICY_CASES_INNER_H

#include "proto/governance/policy_cases.h"
#include "proto/governance/policy_inner.h"

/* The text under a key, as fh_policy_read_text. */
const char *
fh_case_word(const struct fh_policy_place *place, const struct fh_doc_node *map, const char *key);
/* Whether a key says a date or a time, true or false; `out` stays when it does not, after a finding
 * or because it is not there. */
bool fh_case_time(const struct fh_policy_place *place,
                  const struct fh_doc_node *map,
                  const char *key,
                  int64_t *out);
bool fh_case_bool(const struct fh_policy_place *place,
                  const struct fh_doc_node *map,
                  const char *key,
                  bool *out);

/* A place of the same reading with keys of its own. */
struct fh_policy_place fh_case_beneath(const struct fh_policy_place *place,
                                       const char *path,
                                       const char *what,
                                       const char *const *keys,
                                       size_t key_count);

/* Read `when` and `then` of a case; `above` is the case's place, `path` that of the part. */
void fh_case_read_when(const struct fh_policy_place *above,
                       const struct fh_doc_node *of,
                       const char *path,
                       struct fh_case_when *when);
void fh_case_read_then(const struct fh_policy_place *above,
                       const struct fh_doc_node *of,
                       const char *path,
                       struct fh_case *one);

#endif
