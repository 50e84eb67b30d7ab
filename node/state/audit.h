/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Audit: the writer of the audit log. Who decides adds a record and goes on; a thread of its own
 * writes all that have come as one group and has them on disk with one wait; then whatever waited
 * for them goes on too.
 *
 *     add ──► queue ──► [room, chain, write, wait for the disk] ──► told: then, wait
 *              ^                                  │
 *              └── what comes meanwhile ◄─────────┘ is the next group
 *
 * A decision is on disk before a row leaves: it is added when the decision falls, while the worker
 * begins, so that the disk and the worker work at once. What came of it is added before the answer
 * ends; of an answer that is whole at once it goes with the next group, within FH_AUDIT_LAZY_MS, so
 * that such an answer waits for the disk once and in the shadow of its worker. So what a crash can
 * cost is the end of a question in its last milliseconds, never who asked for what.
 *
 * One question alone has its group at once. Where many run, a group for each would cost the
 * processor more than the question has left over for it, and nobody ends sooner; so their decisions
 * make one every FH_AUDIT_CROWD_US, and what waits for it keeps no other question from running.
 *
 * When the disk is full decisions are refused ("audit.full") and nothing is served; ends of what
 * was allowed before still have room. When the disk fails nothing is served until the node starts
 * anew.
 *
 * Refusals have their part of each file alone (refusals.h), and what is beyond is counted: no flood
 * of them makes the quota push out what was read. A count is on disk some seconds later, and
 * whoever is refused so does not wait for it.
 *
 * Does not: know streams or questions. Thread: any, but _open and _close. Ownership: a ticket is
 * given and ended by fh_audit_ticket_unref.
 */
#ifndef FH_NODE_STATE_AUDIT_H
#define FH_NODE_STATE_AUDIT_H

#include "node/state/audit_file.h"
#include "node/state/refusals.h"

struct fh_audit;
struct fh_audit_ticket;

enum fh_audit_urgency {
    FH_AUDIT_DECISION, /* refused when the disk is nearly full; committed at once */
    FH_AUDIT_CROWDED,  /* the same, one of many at a time: FH_AUDIT_CROWD_US after the group before
                        */
    FH_AUDIT_AWAITED,  /* has the reserve; committed at once */
    FH_AUDIT_LAZY,     /* has the reserve; with the next group */
};

/* Opens the log of a home and starts the thread. Refusals of fh_audit_file_open. Given. */
FH_MUST_CHECK int fh_audit_open(struct fh_audit **out,
                                const struct fh_audit_file_options *options,
                                struct fh_err *err);
/* Writes what was added, tells all, ends the thread. NULL is fine. */
void fh_audit_close(struct fh_audit *audit);

/* Adds a record of a packed detail (borrowed); always gives a ticket, but NULL without memory. What
 * failed before, a full queue too, the ticket tells. */
struct fh_audit_ticket *fh_audit_add(struct fh_audit *audit,
                                     unsigned kind,
                                     enum fh_audit_urgency urgency,
                                     const struct fh_buf *detail);
/* Whether the refusal, which nobody has packed yet, is counted and needs no record; it is then. */
bool fh_audit_counted(struct fh_audit *audit, const struct fh_refusal *refusal);
/* Adds a record of a refusal that was not counted: as fh_audit_add. */
struct fh_audit_ticket *fh_audit_add_refused(struct fh_audit *audit,
                                             unsigned kind,
                                             enum fh_audit_urgency urgency,
                                             const struct fh_domain_id *domain,
                                             const struct fh_buf *detail);
/* NULL is fine. */
void fh_audit_ticket_unref(struct fh_audit_ticket *ticket);
static inline void fh_audit_ticket_unrefp(struct fh_audit_ticket **ticket)
{
    fh_audit_ticket_unref(*ticket);
}

/* What became of a record: NULL when it is on disk. */
typedef void fh_audit_told_fn(const struct fh_err *err, void *user);

/* Whether it is decided; then `*out_code` and `err` say how. */
bool fh_audit_is_told(struct fh_audit_ticket *ticket, int *out_code, struct fh_err *err);
/* Waits until it is. Never on the loop's thread. The record's failure. */
FH_MUST_CHECK int fh_audit_wait(struct fh_audit_ticket *ticket, struct fh_err *err);
/* Calls `told` once: now when it is decided, else on the writer's thread, which must not be held
 * up. One a ticket. */
void fh_audit_then(struct fh_audit_ticket *ticket, fh_audit_told_fn *told, void *user);
/* The number of the record, once it is on disk. */
uint64_t fh_audit_ticket_seq(struct fh_audit_ticket *ticket);

/* The newest signed checkpoint, when its number is above `after`: appended to `out`. False: there
 * is none. */
bool fh_audit_checkpoint(struct fh_audit *audit,
                         uint64_t after,
                         uint64_t *out_seq,
                         struct fh_buf *out);

/* For tests and status: groups that were written, and records in them. */
void fh_audit_counts(struct fh_audit *audit, uint64_t *out_groups, uint64_t *out_records);

#endif
