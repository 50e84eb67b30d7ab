/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pending: the decisions of an audit log whose outcome was not read yet, by their question.
 *
 * Does not: fail: without memory a decision is not kept. Thread: one. Ownership: owns what it
 * keeps until fh_audit_pending_fini.
 */
#ifndef FH_TOOLS_COMPLIANCE_PENDING_H
#define FH_TOOLS_COMPLIANCE_PENDING_H

#include "common/map.h"

struct fh_audit_pending {
    struct fh_map map; /* private but for `count` */
};

void fh_audit_pending_init(struct fh_audit_pending *pending);
void fh_audit_pending_fini(struct fh_audit_pending *pending);

/* `seq`: number of the decision's record. */
void fh_audit_pending_add(struct fh_audit_pending *pending, uint64_t question, uint64_t seq);
/* Forgets the decision that the outcome at hand belongs to. Its number; 0: it is not known. */
uint64_t fh_audit_pending_take(struct fh_audit_pending *pending, uint64_t question);

#endif
