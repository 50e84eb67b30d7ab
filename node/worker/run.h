/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run: one query from RUN to END or ERROR, streamed.
 *
 * DuckDB produces while batches are sent against credits, so a slow consumer stops the query
 * rather than filling memory. After the last chunk the result is asked for an error again, because
 * DuckDB gives the same nothing at the end and on failure.
 *
 * Does not: check the SQL; the gate of the node did. Thread: the working thread.
 */
#ifndef FH_NODE_WORKER_RUN_H
#define FH_NODE_WORKER_RUN_H

#include "node/worker/engine.h"
#include "node/worker/helpers.h"
#include "node/worker/inbox.h"
#include "node/worker/prepared.h"

/* Everything a question needs. */
struct fh_desk {
    struct fh_port *port;
    struct fh_inbox *inbox;
    struct fh_scans *scans;
    struct fh_feeds *feeds;
    struct fh_engine *engine;
    struct fh_prepared *prepared;
    struct fh_helpers *helpers; /* when the working thread has begun */
};

/* Runs a query and sends BATCH frames and then END or ERROR. False when DuckDB must not be used any
 * more. */
FH_MUST_CHECK bool fh_run(struct fh_desk *desk, const struct fh_channel_run *run);

/* Answers DESCRIBE with DESCRIBED or ERROR. */
void fh_run_describe(struct fh_desk *desk, const struct fh_channel_text *text);

/* Answers PROBE with PROBED, and SAMPLE with SAMPLED, or either with ERROR (probe.c). The
 * descriptors in `frame` are taken; `arena` holds the answer. */
void fh_probe(struct fh_desk *desk,
              const struct fh_channel_probe *question,
              struct fh_frame *frame,
              struct fh_arena *arena);
void fh_sample(struct fh_desk *desk,
               const struct fh_channel_sample *question,
               struct fh_frame *frame,
               struct fh_arena *arena);

#endif
