/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running policy cases: what happens in a case, held against what is meant to happen.
 *
 * The decision is fh_access_decide, and the verdict on contracts and on the end of products is
 * policy_judge.h: those that an owner's node asks. A case says the rest of the world.
 *
 * Does not: look at the SQL of filters (a node does when a policy is published), or read files.
 * Thread: any; pure. Ownership: borrows what it is given; results lie in the arena.
 */
#ifndef FH_PROTO_GOVERNANCE_POLICY_CASES_RUN_H
#define FH_PROTO_GOVERNANCE_POLICY_CASES_RUN_H

#include "proto/governance/access.h"
#include "proto/governance/access_trace.h"
#include "proto/governance/policy_cases.h"

/* What the files of a case hold. */
struct fh_case_world {
    const struct fh_contract *contract;
    const struct fh_contract *next; /* of PUBLISH with a contract of its own; else NULL */
    uint32_t policy_count;          /* of the mesh, then of the owner; ids are the caller's */
    const struct fh_policy_held *const *policies;
    int64_t now_ms; /* where the case says no time */
};

struct fh_case_miss {
    struct fh_case_miss *next;
    uint32_t line; /* of what was expected */
    const char *about;
    const char *expected;
    const char *happened;
    const char *why; /* "policy personal 1.0.0, line 4"; "" */
};

struct fh_case_result {
    uint32_t miss_count; /* 0: it passed */
    const struct fh_case_miss *misses;
};

/* Runs one case. `trace` (may be NULL) hears what each rule does when something is read. FH_OK with
 * a result; FH_EINVAL ("case.column", "case.table", "case.waiver") when the case speaks of what is
 * not there; FH_ENOMEM. */
FH_MUST_CHECK int fh_case_run(const struct fh_case *one,
                              const struct fh_case_world *world,
                              struct fh_access_trace *trace,
                              struct fh_arena *arena,
                              struct fh_case_result *out,
                              struct fh_err *err);

#endif
