/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pool: work that blocks or takes long, away from the loop.
 *
 * A job's `work` runs on some thread of the pool, then its `done` on the loop. Nothing else
 * crosses: the job's user data belongs to `work` while it runs and to the loop before and after.
 *
 * Does not: cancel, order or bound (who submits has a limit of its own). Thread: the loop's.
 */
#ifndef FH_NODE_IO_POOL_H
#define FH_NODE_IO_POOL_H

#include "common/err.h"

struct fh_loop;

typedef void fh_job_fn(void *user);

/* Queues a job; both functions run exactly once. FH_ENOMEM, FH_EIO: neither runs. */
FH_MUST_CHECK int fh_pool_submit(
    struct fh_loop *loop, fh_job_fn *work, fh_job_fn *done, void *user, struct fh_err *err);

#endif
