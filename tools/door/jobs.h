/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs: threads on which calls that block run, so that no listener waits for a node.
 *
 * A fixed number of threads and a bounded queue: what does not fit is refused at once, which the
 * doors tell their clients.
 *
 * Does not: cancel (freehold_interrupt ends a call). Thread: any. Ownership: the argument is the
 * job's.
 */
#ifndef FH_TOOLS_DOOR_JOBS_H
#define FH_TOOLS_DOOR_JOBS_H

#include "common/err.h"

struct fh_jobs;
typedef void fh_job_fn(void *arg);

/* Starts `threads` threads; at most `queued_max` jobs wait. Given: fh_jobs_free. FH_ENOMEM,
 * FH_EIO. */
FH_MUST_CHECK int
fh_jobs_new(struct fh_jobs **out, unsigned threads, unsigned queued_max, struct fh_err *err);
/* Runs what was submitted to its end, and ends the threads. NULL is fine. */
void fh_jobs_free(struct fh_jobs *jobs);

/* Runs `run(arg)` once on one of the threads. `arg` is taken on FH_OK alone. FH_EBUSY ("door.jobs",
 * with a time to try again) when the queue is full. */
FH_MUST_CHECK int
fh_jobs_submit(struct fh_jobs *jobs, fh_job_fn *run, void *arg, struct fh_err *err);

#endif
