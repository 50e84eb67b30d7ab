/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A case while it runs. For policy_cases_run.c and policy_cases_check.c alone.
 *
 * Does not: outlive a run. Thread: one. Ownership: borrows everything; what it makes is in the
 * arena.
 */
#ifndef FH_PROTO_GOVERNANCE_POLICY_CASES_RUNNING_H
#define FH_PROTO_GOVERNANCE_POLICY_CASES_RUNNING_H

#include "proto/governance/policy_cases_run.h"

struct fh_case_running {
    const struct fh_case *one;
    const struct fh_case_world *world;
    struct fh_arena *arena;
    struct fh_err *err;
    int failed; /* FH_OK; sticks */
    struct fh_access_product *product;
    bool **reads; /* of each table, each column; NULL: the table is not read */
    struct fh_access_ask ask;
    struct fh_access_decision decided;
    bool allowed;
    const char *rule; /* of the refusal */
    const char *text;
    struct fh_findings broken; /* of a contract: its rules refuse too */
    struct fh_case_miss *first;
    struct fh_case_miss **last;
    uint32_t miss_count;
};

/* Zeroed; NULL after noting the failure. */
void *fh_case_allocate(struct fh_case_running *r, size_t count, size_t size);
/* A copy; "" after noting the failure. */
const char *fh_case_keep(struct fh_case_running *r, const char *text);

/* Notes what is not as expected. */
void fh_case_check(struct fh_case_running *r);

#endif
