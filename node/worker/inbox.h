/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inbox: what the reading thread hands to the thread that works: the next question, credits of the
 * running one, and its cancellation.
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

FH_MUST_CHECK struct fh_inbox *fh_inbox_new(void);

/* ---- reading thread ---- */

/* Puts a question (taken). FH_EPROTO when one is waiting or running. */
FH_MUST_CHECK int fh_inbox_put(struct fh_inbox *inbox, struct fh_frame *frame, struct fh_err *err);
/* More batches may be sent for query `id`; other ids are old and ignored. */
void fh_inbox_credit(struct fh_inbox *inbox, uint64_t id, uint64_t batches);
/* Cancels query `id` and all before it; interrupts DuckDB when it runs. */
void fh_inbox_cancel(struct fh_inbox *inbox, uint64_t id);

/* ---- working thread ---- */

/* Waits for the next question; ends the one before. */
void fh_inbox_take(struct fh_inbox *inbox, struct fh_frame *out);
/* Marks query `id` as running on `connection` (kept until end) with `window` credits. */
void fh_inbox_begin(struct fh_inbox *inbox,
                    uint64_t id,
                    uint32_t window,
                    duckdb_connection connection);
void fh_inbox_end(struct fh_inbox *inbox);
/* Waits for a credit and uses it; false when the query is cancelled. */
FH_MUST_CHECK bool fh_inbox_use_credit(struct fh_inbox *inbox);
bool fh_inbox_cancelled(struct fh_inbox *inbox);

#endif
