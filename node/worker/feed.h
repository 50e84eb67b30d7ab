/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeds: SQL of the node whose rows go through a ring to another worker (FEED).
 *
 *      reading thread        thread of the feed                 DuckDB's thread
 *      FEED: start ───────►  connect, run, fh_emit(...) ─────► fh_emit: vectors to the ring
 *      FEED_STOP: stop ───►                                     waits while the ring is full
 *                            FEED_END or FEED_ERROR ──► node
 *
 * The rows do not become a result: fh_emit takes them where they are made (taker.h), and each value
 * is copied once. They come in the order of the source, which whoever reads the table unmasked sees
 * too.
 *
 * Feeds run beside each other and beside the working thread's questions, each on a connection of
 * its own: a join may read several tables in step.
 *
 * A feed may also write its rows to a file, as Parquet: then DuckDB writes them, with all its
 * threads.
 *
 * A source that is written to while a feed reads it fails the feed (files.h), before its reader
 * hears that the rows were all.
 *
 * Errors carry no text of DuckDB: rows of people who must not be seen are read here.
 *
 * Thread: as each function says. Ownership: given, for the life of the process.
 */
#ifndef FH_NODE_WORKER_FEED_H
#define FH_NODE_WORKER_FEED_H

#include "node/worker/helpers.h"
#include "node/worker/port.h"

#include <duckdb.h>

struct fh_feeds;

/* `port` is kept. NULL when there is no memory. */
FH_MUST_CHECK struct fh_feeds *fh_feeds_new(struct fh_port *port);

/* Registers fh_emit, and keeps the database for later connections. Working thread. */
FH_MUST_CHECK int fh_feeds_register(struct fh_feeds *feeds,
                                    duckdb_database database,
                                    duckdb_connection connection,
                                    struct fh_err *err);
/* Lets these help each feed (kept). Before the first one. */
void fh_feeds_help(struct fh_feeds *feeds, struct fh_helpers *helpers);

/* ---- reading thread ---- */

/* Starts what FEED asks for; what is wrong with it goes to the node as FEED_ERROR. FH_EPROTO when
 * the node broke the protocol. */
FH_MUST_CHECK int
fh_feeds_start(struct fh_feeds *feeds, const struct fh_frame *frame, struct fh_err *err);
/* Ends a feed early; one that is over already is none. */
void fh_feeds_stop(struct fh_feeds *feeds, uint64_t id);

#endif
