/* SPDX-License-Identifier: Apache-2.0 */
#include "node/io/pool.h"

#include "common/mem.h"
#include "node/io/loop.h"

#include <uv.h>

struct job {
    uv_work_t request;
    fh_job_fn *work;
    fh_job_fn *done;
    void *user;
};

static void run(uv_work_t *request)
{
    struct job *job = request->data;
    job->work(job->user);
}

static void finish(uv_work_t *request, int status)
{
    (void)status; /* nothing cancels jobs */
    struct job *job = request->data;
    job->done(job->user);
    fh_free(job);
}

int fh_pool_submit(
    struct fh_loop *loop, fh_job_fn *work, fh_job_fn *done, void *user, struct fh_err *err)
{
    struct job *job = fh_calloc(1, sizeof *job);
    if (job == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a job");
    }
    *job = (struct job){.work = work, .done = done, .user = user};
    job->request.data = job;
    int rc = uv_queue_work(fh_loop_uv(loop), &job->request, run, finish);
    if (rc != 0) {
        fh_free(job);
        return fh_err_set(err, FH_EIO, "the pool takes no job: %s", uv_strerror(rc));
    }
    return FH_OK;
}
