/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/jobs.h"

#include "common/assert.h"
#include "common/mem.h"

#include <pthread.h>
#include <string.h>

enum { RETRY_MS = 200 }; /* most calls take less */

struct job {
    fh_job_fn *run;
    void *arg;
};

struct fh_jobs {
    pthread_mutex_t lock;
    pthread_cond_t work; /* a job waits, or the end has come */
    bool ending;
    unsigned thread_count;
    pthread_t *threads;
    unsigned queued_max, first, queued; /* a ring */
    struct job *queue;
};

static void *work(void *arg)
{
    struct fh_jobs *jobs = arg;
    pthread_mutex_lock(&jobs->lock);
    for (;;) {
        while (jobs->queued == 0 && !jobs->ending) {
            pthread_cond_wait(&jobs->work, &jobs->lock);
        }
        if (jobs->queued == 0) {
            break;
        }
        struct job job = jobs->queue[jobs->first];
        jobs->first = (jobs->first + 1) % jobs->queued_max;
        jobs->queued--;
        pthread_mutex_unlock(&jobs->lock);
        job.run(job.arg);
        pthread_mutex_lock(&jobs->lock);
    }
    pthread_mutex_unlock(&jobs->lock);
    return NULL;
}

int fh_jobs_new(struct fh_jobs **out, unsigned threads, unsigned queued_max, struct fh_err *err)
{
    FH_ASSERT(threads > 0);
    FH_ASSERT(queued_max > 0);
    struct fh_jobs *jobs = fh_calloc(1, sizeof *jobs);
    if (jobs == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for threads");
    }
    pthread_mutex_init(&jobs->lock, NULL);
    pthread_cond_init(&jobs->work, NULL);
    jobs->queued_max = queued_max;
    jobs->threads = fh_calloc(threads, sizeof *jobs->threads);
    jobs->queue = fh_calloc(queued_max, sizeof *jobs->queue);
    int code = jobs->threads != NULL && jobs->queue != NULL
                   ? FH_OK
                   : fh_err_set(err, FH_ENOMEM, "no memory for threads");
    while (code == FH_OK && jobs->thread_count < threads) {
        int failed = pthread_create(&jobs->threads[jobs->thread_count], NULL, work, jobs);
        if (failed == 0) {
            jobs->thread_count++;
        } else {
            code = fh_err_set(err, FH_EIO, "no thread for calls: %s", strerror(failed));
        }
    }
    if (code != FH_OK) {
        fh_jobs_free(jobs);
        return code;
    }
    *out = jobs;
    return FH_OK;
}

void fh_jobs_free(struct fh_jobs *jobs)
{
    if (jobs == NULL) {
        return;
    }
    pthread_mutex_lock(&jobs->lock);
    jobs->ending = true;
    pthread_cond_broadcast(&jobs->work);
    pthread_mutex_unlock(&jobs->lock);
    for (unsigned i = 0; i < jobs->thread_count; i++) {
        pthread_join(jobs->threads[i], NULL);
    }
    FH_ASSERT(jobs->queued == 0 || jobs->thread_count == 0);
    pthread_cond_destroy(&jobs->work);
    pthread_mutex_destroy(&jobs->lock);
    fh_free(jobs->threads);
    fh_free(jobs->queue);
    fh_free(jobs);
}

int fh_jobs_submit(struct fh_jobs *jobs, fh_job_fn *run, void *arg, struct fh_err *err)
{
    pthread_mutex_lock(&jobs->lock);
    bool fits = jobs->queued < jobs->queued_max && !jobs->ending;
    if (fits) {
        jobs->queue[(jobs->first + jobs->queued) % jobs->queued_max] = (struct job){run, arg};
        jobs->queued++;
        pthread_cond_signal(&jobs->work);
    }
    pthread_mutex_unlock(&jobs->lock);
    if (fits) {
        return FH_OK;
    }
    fh_err_rule(err,
                FH_EBUSY,
                "door.jobs",
                "%u calls wait here already; try again in a moment",
                jobs->queued_max);
    fh_err_retry(err, RETRY_MS);
    return FH_EBUSY;
}
