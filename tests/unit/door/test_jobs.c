/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs: what was taken runs once, what does not fit is refused, and the end waits for all of it. */
#include "tools/door/jobs.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* after those above */
#include <cmocka.h>

enum { THREADS = 3, QUEUED = 5 };

/* Jobs that wait at a gate until it opens. */
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned inside;
    bool open;
    atomic_uint run;
};

static void gate_init(struct gate *gate)
{
    *gate = (struct gate){.inside = 0};
    pthread_mutex_init(&gate->lock, NULL);
    pthread_cond_init(&gate->changed, NULL);
}

static void wait_inside(void *arg)
{
    struct gate *gate = arg;
    pthread_mutex_lock(&gate->lock);
    gate->inside++;
    pthread_cond_broadcast(&gate->changed);
    while (!gate->open) {
        pthread_cond_wait(&gate->changed, &gate->lock);
    }
    pthread_mutex_unlock(&gate->lock);
    atomic_fetch_add(&gate->run, 1U);
}

static void wait_for(struct gate *gate, unsigned inside)
{
    pthread_mutex_lock(&gate->lock);
    while (gate->inside < inside) {
        pthread_cond_wait(&gate->changed, &gate->lock);
    }
    pthread_mutex_unlock(&gate->lock);
}

static void open_gate(struct gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    gate->open = true;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
}

static void test_the_queue_is_bounded(void **state)
{
    (void)state;
    struct fh_jobs *jobs = NULL;
    struct fh_err err = {0};
    struct gate gate;
    gate_init(&gate);
    assert_int_equal(fh_jobs_new(&jobs, THREADS, QUEUED, &err), FH_OK);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(fh_jobs_submit(jobs, wait_inside, &gate, &err), FH_OK);
        wait_for(&gate, i + 1); /* each is on a thread of its own */
    }
    for (unsigned i = 0; i < QUEUED; i++) {
        assert_int_equal(fh_jobs_submit(jobs, wait_inside, &gate, &err), FH_OK);
    }
    assert_int_equal(fh_jobs_submit(jobs, wait_inside, &gate, &err), FH_EBUSY);
    assert_string_equal(err.rule, "door.jobs");
    assert_true(err.retry_after_ms > 0);
    assert_int_equal(gate.inside, THREADS);
    open_gate(&gate);
    fh_jobs_free(jobs); /* runs what waits */
    assert_int_equal(atomic_load(&gate.run), THREADS + QUEUED);
}

static void count(void *arg)
{
    atomic_fetch_add((atomic_uint *)arg, 1U);
}

static void test_each_runs_once(void **state)
{
    (void)state;
    struct fh_jobs *jobs = NULL;
    struct fh_err err = {0};
    atomic_uint run = 0;
    unsigned taken = 0;
    assert_int_equal(fh_jobs_new(&jobs, THREADS, QUEUED, &err), FH_OK);
    for (unsigned i = 0; i < 2000; i++) {
        taken += fh_jobs_submit(jobs, count, &run, &err) == FH_OK;
    }
    fh_jobs_free(jobs);
    assert_int_equal(atomic_load(&run), taken);
    assert_true(taken >= QUEUED);
    fh_jobs_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_queue_is_bounded),
        cmocka_unit_test(test_each_runs_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
