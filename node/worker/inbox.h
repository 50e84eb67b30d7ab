/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inbox: what the reading thread hands to the thread that works: the next question, credits of the
 * running one, and its cancellation; and which of the two threads reads.
 *
 * A small question is over before a second thread has woken up. So the working thread reads the
 * channel itself between questions. The first thread stands by: it reads while a question takes
 * longer than FH_INBOX_QUICK_MS, or at once when it is called because something must come from the
 * node, and goes on until it has the next question. Where others have the processor, a question is
 * given up to ten times as long to use half of that time of its own: to take over from it would
 * cost two more turns of who waits for them already.
 *
 *      working thread reads ──► question ──► FH_INBOX_QUICK_MS, or called ──► first thread reads
 *              ▲                    └── answered before ──► (reads again)            │
 *              └─────────────────── answers that ◄── the next question ◄─────────────┘
 *
 * The node asks one question at a time, so one slot is enough; a second one is a breach.
 *
 * Does not: hold batches of remote scans (scans.h). Thread: every function from any thread.
 */
#ifndef FH_NODE_WORKER_INBOX_H
#define FH_NODE_WORKER_INBOX_H

#include "node/worker/port.h"

#include <duckdb.h>

struct fh_inbox;

enum { FH_INBOX_QUICK_MS = 2 };

FH_MUST_CHECK struct fh_inbox *fh_inbox_new(void);

/* ---- first thread ---- */

/* Waits until it is its turn to read, which ends with fh_inbox_put. True when the turn is the first
 * since fh_inbox_end_work told of one: there may be two in one question, as the node asks the next
 * when it has the answer, and the working thread may have something left to do then. */
FH_MUST_CHECK bool fh_inbox_stand_by(struct fh_inbox *inbox);
/* Puts a question (taken) for the working thread. FH_EPROTO when one is waiting. */
FH_MUST_CHECK int fh_inbox_put(struct fh_inbox *inbox, struct fh_frame *frame, struct fh_err *err);

/* ---- whichever thread reads ---- */

/* More batches may be sent for query `id`; other ids are old and ignored. */
void fh_inbox_credit(struct fh_inbox *inbox, uint64_t id, uint64_t batches);
/* Cancels query `id` and all before it; interrupts DuckDB when it runs. */
void fh_inbox_cancel(struct fh_inbox *inbox, uint64_t id);

/* ---- working thread ---- */

/* While the first thread reads, waits for the next question from it (given, begun): true. False:
 * the caller is to read, and to begin the question that it gets. */
FH_MUST_CHECK bool fh_inbox_take(struct fh_inbox *inbox, struct fh_frame *out);
void fh_inbox_begin_work(struct fh_inbox *inbox);
/* The question is answered; true when the first thread's turn to read came during it, and is not
 * the next question's, too. */
bool fh_inbox_end_work(struct fh_inbox *inbox);
/* Marks query `id` as running on `connection` (kept until end) with `window` credits. */
void fh_inbox_begin(struct fh_inbox *inbox,
                    uint64_t id,
                    uint32_t window,
                    duckdb_connection connection);
void fh_inbox_end(struct fh_inbox *inbox);
/* Waits for a credit and uses it; false when the query is cancelled. */
FH_MUST_CHECK bool fh_inbox_use_credit(struct fh_inbox *inbox);
bool fh_inbox_cancelled(struct fh_inbox *inbox);

/* ---- any thread ---- */

/* Something must come from the node before the question can go on: the first thread shall read. */
void fh_inbox_call(struct fh_inbox *inbox);

#endif
