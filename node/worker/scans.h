/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scans: tables whose rows come from the node, as a table function of DuckDB.
 *
 *      DuckDB's thread                 reading thread
 *      init: SCAN_OPEN ──► node
 *      wait for a batch  ◄── queue ◄── SCAN_BATCH (at most `want` of them)
 *      batch used up: SCAN_WANT 1 ──►
 *      destroyed: SCAN_CLOSE ──►
 *
 * fh_remote(slot) is called by views only; the gate lets no consumer name it. It learns the
 * projected columns when DuckDB initialises it (a count(*) projects none) and asks the node for
 * just those. DuckDB's thread waits while the reading thread fills the queue, which never waits for
 * it, so the two cannot block each other; a full socket towards the node is the node's to drain.
 *
 * Batches come from another owner: they are checked completely and must have the promised types.
 *
 * Rows of a table of format BARRIER come through a ring (ring_in.h) that the node answers SCAN_OPEN
 * with; then there are no batches and no SCAN_WANT, and SCAN_CLOSE is always sent.
 *
 * Does not: push filters down (DuckDB's C API has none). Thread: as each function says.
 */
#ifndef FH_NODE_WORKER_SCANS_H
#define FH_NODE_WORKER_SCANS_H

#include "node/worker/inbox.h"

#include <duckdb.h>

struct fh_scans;

/* Both are kept. NULL when there is no memory. Given, for the life of the process. */
FH_MUST_CHECK struct fh_scans *fh_scans_new(struct fh_port *port, struct fh_inbox *inbox);

/* Registers fh_remote. Working thread. */
FH_MUST_CHECK int
fh_scans_register(struct fh_scans *scans, duckdb_connection connection, struct fh_err *err);

/* Adds a remote table (copied); `out_slot` is the argument of fh_remote. Working thread.
 * FH_ETOOBIG. */
FH_MUST_CHECK int fh_scans_add(struct fh_scans *scans,
                               const struct fh_table *table,
                               unsigned *out_slot,
                               struct fh_err *err);

/* ---- reading thread ---- */

/* A batch for a scan: `frame` is SCAN_BATCH (its payload is taken). Batches for a scan that is over
 * are dropped. FH_EPROTO when the node sent more than was wanted. */
FH_MUST_CHECK int
fh_scans_batch(struct fh_scans *scans, struct fh_frame *frame, struct fh_err *err);
/* The ring of a scan: `frame` is SCAN_RING (its descriptor is taken). FH_EPROTO. */
FH_MUST_CHECK int fh_scans_ring(struct fh_scans *scans, struct fh_frame *frame, struct fh_err *err);
void fh_scans_end(struct fh_scans *scans, uint64_t id);
void fh_scans_fail(struct fh_scans *scans, const struct fh_channel_error *error);
/* Wakes every waiting scan with a failure: the query is cancelled. */
void fh_scans_cancel(struct fh_scans *scans);

/* ---- working thread, around a query ---- */

void fh_scans_begin(struct fh_scans *scans);
/* Whether this worker shows tables whose rows come by scans. */
bool fh_scans_any(const struct fh_scans *scans);
/* Whether a scan failed since begin; then `out` has its reason, which DuckDB's text only quotes. */
bool fh_scans_failure(struct fh_scans *scans, struct fh_err *out);

#endif
