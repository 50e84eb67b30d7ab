/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policy cases: what policies are meant to do, as a domain's team writes it down.
 *
 *     given:                            # for all cases below; a case says what is different
 *       contract: people.odcs.yaml      # a file; or product: shop/people@1, as a node has it
 *       owner: shop                     # whose product it is (default: owner)
 *       policies: [private.policy.yaml] # files, of the owner
 *       mesh_policies: [agreed.policy.yaml]
 *       at: 2027-01-31                  # when; default: now
 *     cases:
 *       - case: a museum's analyst sees the first letter
 *         given: {domain: museum, roles: [analyst], purpose: billing}
 *         when: {read: people}          # or [people.id, people.name]
 *         then:
 *           allowed: true
 *           columns:
 *             name: partial, first 1, last 0
 *             note: hidden
 *           others: as it is            # every column that is not named
 *           rows: [country = 'DE']      # or all
 *       - case: nobody sells it
 *         given: {domain: museum, purpose: sales}
 *         when: {read: people, export: csv}
 *         then: {refused: policy.purpose}
 *       - case: the next version names an owner
 *         when: {publish: next.odcs.yaml}
 *         then: {refused: policy.require.owner}
 *
 * `given` knows besides: member (a name, or a key id), joined_by (the domain whose node joins),
 * quality (ok, warn, fail, stale, unknown), sunset (as it is announced), grants (each: to, columns,
 * purposes, rows, rows_per_day, queries_per_hour, until, relay) and waivers (each: policy, rule,
 * mesh, for, member, until). `when` is one of read and export, publish, renew, deprecate (a date,
 * or true without one) and retire. `then` knows besides: by (own, open, grant), purposes,
 * rows_per_day, queries_per_hour (a number, or none), until (a date, a time, or never), policies
 * and waived.
 *
 * Domains and members are names: who they are in a mesh does not matter to a case. A name that is
 * an id in full is that one.
 *
 * Does not: read the files that it names, or judge (policy_cases_run.h). Thread: immutable after
 * reading. Ownership: lives in the arena it was read into.
 */
#ifndef FH_PROTO_GOVERNANCE_POLICY_CASES_H
#define FH_PROTO_GOVERNANCE_POLICY_CASES_H

#include "proto/governance/policy.h"

struct fh_case_grant {
    const char *to; /* a domain; NULL: whoever asks */
    struct fh_contract_strings columns;
    struct fh_contract_strings purposes;
    const char *rows; /* "" */
    uint64_t rows_per_day;
    uint64_t queries_per_hour;
    int64_t until_ms; /* INT64_MAX */
    bool relay;
};

struct fh_case_waiver {
    const char *policy; /* its name */
    const char *rule;   /* "mask[0]"; "" */
    bool mesh;
    const char *domain; /* NULL: every domain */
    const char *member;
    int64_t until_ms; /* INT64_MAX */
};

struct fh_case_given {
    const char *contract; /* a file; NULL */
    const char *product;  /* of a node; NULL. One of both is set, the later word of a case counts */
    const char *owner;
    struct fh_contract_strings policies; /* files */
    struct fh_contract_strings mesh_policies;
    const char *domain; /* who asks; NULL */
    const char *member;
    const char *joined_by;
    struct fh_contract_strings roles;
    const char *purpose; /* "" */
    unsigned quality;    /* bits by enum fh_quality_state */
    int64_t at_ms;       /* 0: now */
    int64_t sunset_ms;   /* 0: none */
    uint32_t grant_count;
    const struct fh_case_grant *grants;
    uint32_t waiver_count;
    const struct fh_case_waiver *waivers;
};

enum fh_case_action {
    FH_CASE_READ,
    FH_CASE_PUBLISH,
    FH_CASE_RENEW,
    FH_CASE_DEPRECATE,
    FH_CASE_RETIRE,
    FH_CASE_ACTION_COUNT
};

struct fh_case_when {
    enum fh_case_action action;
    struct fh_contract_strings reads; /* tables, and columns as table.column; none: all tables */
    unsigned formats;                 /* bits by enum fh_policy_format */
    const char *contract;             /* of PUBLISH: a file; NULL: the given one */
    int64_t sunset_ms;                /* of DEPRECATE; 0: none */
};

enum fh_case_about {
    FH_CASE_OUTCOME, /* text: "allowed", "refused", or the rule that refuses */
    FH_CASE_BY,      /* text */
    FH_CASE_COLUMN,  /* `column`, text */
    FH_CASE_OTHERS,  /* text */
    FH_CASE_ROWS,    /* texts; none: all */
    FH_CASE_PURPOSES,
    FH_CASE_ROWS_PER_DAY, /* number; 0: none */
    FH_CASE_QUERIES_PER_HOUR,
    FH_CASE_UNTIL,    /* text: a date, a time, "never" */
    FH_CASE_POLICIES, /* texts: names */
    FH_CASE_WAIVED,   /* number: 0 or 1 */
    FH_CASE_ABOUT_COUNT
};

/* "outcome", "columns", "rows"; "unknown". */
const char *fh_case_about_text(unsigned about);

struct fh_case_expect {
    enum fh_case_about about;
    uint32_t line;      /* where it stands */
    const char *column; /* "name", or "people.name" */
    const char *text;
    struct fh_contract_strings texts;
    uint64_t number;
};

struct fh_case {
    const char *name;
    uint32_t line;
    struct fh_case_given given; /* with what is given for all */
    struct fh_case_when when;
    uint32_t expect_count; /* >= 1 */
    const struct fh_case_expect *expects;
};

struct fh_cases {
    uint32_t count; /* >= 1 */
    const struct fh_case *items;
};

/* Reads the text (borrowed; at most FH_CONTRACT_BYTES_MAX). FH_OK without an error; FH_ECHECK with
 * errors in `findings`, the first of them in `err`; FH_ENOMEM. `*out` is set in the first case, and
 * lives in the arena of `findings`. */
FH_MUST_CHECK int fh_cases_read(struct fh_cases **out,
                                struct fh_bytes text,
                                struct fh_findings *findings,
                                struct fh_err *err);

#endif
