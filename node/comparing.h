/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comparing: what differs between two decisions, or two verdicts on a contract, as changes of
 * ADMIN_SIMULATE.
 *
 * Does not: decide. Thread: the loop's. Ownership: borrows what it is given; `changes` is the
 * caller's to end.
 */
#ifndef FH_NODE_COMPARING_H
#define FH_NODE_COMPARING_H

#include "proto/contract/finding.h"
#include "proto/governance/access.h"
#include "proto/session/messages_rules.h"

/* What was decided once. */
struct fh_compared {
    int code; /* FH_OK or FH_EDENIED, with `err` */
    struct fh_err err;
    struct fh_access_decision decided;
};

struct fh_comparing {
    struct fh_buf changes;
    uint32_t count;
    struct fh_arena *arena;
    struct fh_msg_change change; /* with what is the same in each of them */
    const struct fh_access_product *product;
    uint32_t table;             /* of a question: the only one; UINT32_MAX: all */
    const char *const *columns; /* of a question: those that it used; NULL: all */
    uint32_t column_count;
};

/* Appends who is let in and was not or the other way round, columns that are seen otherwise, and
 * rows. Failures stick in `changes`. */
void fh_comparing_decisions(struct fh_comparing *c,
                            const struct fh_compared *before,
                            const struct fh_compared *after);

/* Appends what is found anew, and what is not found any more. */
void fh_comparing_findings(struct fh_comparing *c,
                           const struct fh_findings *before,
                           const struct fh_findings *after);

#endif
