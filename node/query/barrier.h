/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Barrier: own tables that the consumer may not see as they are, for the worker of one stream.
 *
 * The query worker gets a table of the visible columns and no file. When its SQL scans that table,
 * a second worker, of role scan and of the same session, reads the source, filters and masks it by
 * SQL that the node writes (barrier_sql.h), and its rows go through memory (proto/query/ring.h)
 * from one worker to the other. They pass no thread of the node.
 *
 *      query worker           node                              scan worker
 *      SCAN_OPEN ───────────► memfd, FEED ────────────────────► runs the SQL
 *      ring   ◄────────────── SCAN_RING                         rows ──► ring
 *      SCAN_CLOSE ──────────► FEED_STOP ──────────────────────►
 *                             FEED_END or FEED_ERROR ◄───────── over
 *             ◄────────────── SCAN_ERROR of a feed that failed
 *
 * One scan worker serves all scans of a stream, side by side, so every stream needs at most two
 * workers, and as some are kept free of queries, whoever waits for its second gets it.
 *
 * A scan worker that fails, dies, or does not end a feed in time is ended; the query fails with a
 * rule and a text of ours. Its words are never told: it reads what must not be.
 *
 * Does not: decide who may see what (views come with the plan). Thread: as each function says;
 * else the loop's. Ownership: a barrier belongs to its stream and is freed when nothing of it is on
 * its way.
 */
#ifndef FH_NODE_QUERY_BARRIER_H
#define FH_NODE_QUERY_BARRIER_H

#include "node/query/barrier_sql.h"
#include "node/query/crew.h"
#include "node/query/plan.h"
#include "node/query/source.h"

struct fh_barrier;
struct fh_stream;

/* Adds the own table `planned` behind its view: its source is opened here, and a table of what is
 * visible goes to the stream's sources. Makes the stream's barrier when there is none. Errors of
 * fh_source_add_own and fh_masked_make. */
FH_MUST_CHECK int
fh_barrier_add(struct fh_stream *stream, const struct fh_plan_table *planned, struct fh_err *err);

/* The own table `planned`, whose source is open as `real`, as its view says: for a scan that is
 * served to another node, whose one worker masks by itself. Errors of fh_masked_make. */
FH_MUST_CHECK int fh_barrier_mask(struct fh_stream *stream,
                                  const struct fh_plan_table *planned,
                                  const struct fh_table *real,
                                  struct fh_masked_table *out,
                                  struct fh_err *err);

/* Takes the scan worker. FH_EBUSY when none is free; errors of fh_crew_take. */
FH_MUST_CHECK int fh_barrier_take_worker(struct fh_barrier *barrier, struct fh_err *err);

/* Sets the scan worker up and gives it the tables. Pool thread, before the query runs. */
FH_MUST_CHECK int
fh_barrier_prepare(struct fh_barrier *barrier, int64_t deadline_ms, struct fh_err *err);

/* The scan worker, once it is taken; lent. */
struct fh_worker *fh_barrier_worker(const struct fh_barrier *barrier);

/* Serves a scan of the query worker; false when its table is none of the barrier's. */
bool fh_barrier_scan(struct fh_stream *stream, const struct fh_channel_scan *scan);
/* The query worker wants no more of a scan. */
void fh_barrier_close_scan(struct fh_stream *stream, uint64_t scan);

/* The stream is over; `failed`: not by its own end, so the scan worker ends with it. Idempotent. */
void fh_barrier_end(struct fh_stream *stream, bool failed);
/* Whether something of it is on its way: a pool thread, or a feed that must still end. One that
 * takes longer than FH_WORKER_GRACE_MS after the stream's end is ended with its worker. */
bool fh_barrier_at_work(struct fh_stream *stream);
/* Gives the scan worker back and frees the barrier. NULL is fine. */
void fh_barrier_free(struct fh_barrier *barrier);

#endif
