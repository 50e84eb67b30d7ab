/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rehearsal: a worker that nobody has asked yet reads a table of two rows of its own, so that the
 * first question does not pay for what happens once in a process: DuckDB's functions are found by
 * the linker, its code is brought in page by page, its tables for CSV are built. That was ten of
 * the thirteen milliseconds of a first question over a CSV file.
 *
 * The file is memory without a name, and stands in the last slot for sources until it was read.
 *
 * Does not: leave anything behind; fail: what cannot be rehearsed is met unprepared. Thread: the
 * one that will answer.
 */
#ifndef FH_NODE_WORKER_REHEARSAL_H
#define FH_NODE_WORKER_REHEARSAL_H

#include "node/worker/engine.h"

/* Makes the file. Before the process is confined, and before any thread. */
void fh_rehearsal_prepare(void);
/* Closes the file; with `perform` it is read before. Once. */
void fh_rehearsal_end(struct fh_engine *engine, bool perform);

#endif
