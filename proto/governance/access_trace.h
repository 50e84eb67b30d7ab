/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access trace: what each rule had to do with a decision, written down while it was made.
 *
 * A decision keeps of every column the strictest rule alone (struct fh_access_why). Whoever
 * explains or tests policies wants all of them: those that a stricter one outdid, those that an
 * exception or a waiver kept from binding, and those that let a question pass. So the decision that
 * serves says it itself; nothing is judged a second time.
 *
 * Does not: cost anything where nobody asks for it. Thread: one. Ownership: effects lie in the
 * arena given, and borrow what the decision does.
 */
#ifndef FH_PROTO_GOVERNANCE_ACCESS_TRACE_H
#define FH_PROTO_GOVERNANCE_ACCESS_TRACE_H

#include "proto/governance/access.h"
#include "proto/governance/policy.h"

enum fh_access_outcome_of {
    FH_EFFECT_BINDS,   /* masks, hides, filters; or it is about the question and lets it pass */
    FH_EFFECT_SPARED,  /* an exception */
    FH_EFFECT_WAIVED,  /* a waiver */
    FH_EFFECT_OUTSIDE, /* the policy is not about the own domain */
    FH_EFFECT_REFUSES, /* closes the product to whoever asks */
    FH_EFFECT_COUNT
};

/* "binds", "spared", "waived", "outside", "refuses"; "unknown". */
const char *fh_effect_text(unsigned outcome);

/* No table or no column in particular. */
#define FH_EFFECT_NOWHERE UINT32_MAX

struct fh_access_effect {
    struct fh_access_effect *next;
    const struct fh_policy_held *held;
    const struct fh_policy_rule *rule; /* NULL: all of the policy, or its purposes; see `path` */
    const char *path;                  /* "mask[0]", "purposes"; "" all of the policy */
    bool joins;                        /* to the domain of the peer that joins, not to who asks */
    enum fh_access_outcome_of outcome;
    uint32_t table;      /* of the product; FH_EFFECT_NOWHERE: the product as a whole */
    uint32_t column;     /* FH_EFFECT_NOWHERE: rows, or the table as a whole */
    struct fh_mask mask; /* of a column that is masked, as it fits it */
    bool hides;          /* the column */
    const char *filter;  /* over rows; else NULL */
    const struct fh_policy_except *except; /* SPARED: the one that does */
    const struct fh_waiver_held *waiver;   /* WAIVED: by which */
};

struct fh_access_trace {
    struct fh_arena *arena;
    struct fh_access_effect *first; /* in the order in which they were decided */
    struct fh_access_effect **last; /* where the next one goes */
    bool failed;                    /* no memory: the trace is not whole */
};

void fh_access_trace_init(struct fh_access_trace *trace, struct fh_arena *arena);

/* Appends one (copied). Nothing when `trace` is NULL. */
void fh_access_trace_add(struct fh_access_trace *trace, const struct fh_access_effect *effect);

/* Whether what is decided of its column is this rule's doing: false where a stricter one outdid it,
 * and for what is about no column. */
bool fh_access_effect_decides(const struct fh_access_effect *effect,
                              const struct fh_access_decision *decision);

#endif
