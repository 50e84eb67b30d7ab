/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/helpers.h"

#include "common/assert.h"
#include "common/limits.h"
#include "common/mem.h"

#include <pthread.h>

struct helper {
    struct fh_helpers *helpers;
    duckdb_task_state work; /* NULL: it does not work */
};

struct fh_helpers {
    duckdb_database database;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t called;
    int callers;
    uint32_t count;
    struct helper each[FH_WORKER_THREADS_MAX];
};

static void *help(void *data)
{
    struct helper *helper = data;
    struct fh_helpers *helpers = helper->helpers;
    pthread_mutex_lock(&helpers->lock);
    for (;;) {
        while (helpers->callers <= 0) {
            pthread_cond_wait(&helpers->called, &helpers->lock);
        }
        helper->work = duckdb_create_task_state(helpers->database);
        duckdb_task_state work = helper->work;
        pthread_mutex_unlock(&helpers->lock);
        duckdb_execute_tasks_state(work); /* until it is finished by `go` */
        pthread_mutex_lock(&helpers->lock);
        helper->work = NULL;
        duckdb_destroy_task_state(work);
    }
    return NULL;
}

int fh_helpers_new(struct fh_helpers **out,
                   duckdb_database database,
                   uint32_t count,
                   struct fh_err *err)
{
    FH_ASSERT(count <= FH_WORKER_THREADS_MAX);
    struct fh_helpers *helpers = fh_calloc(1, sizeof *helpers);
    if (helpers == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for threads");
    }
    helpers->database = database;
    helpers->count = count;
    pthread_mutex_init(&helpers->lock, NULL);
    pthread_cond_init(&helpers->called, NULL);
    for (uint32_t i = 0; i < count; i++) {
        pthread_t thread;
        helpers->each[i].helpers = helpers;
        if (pthread_create(&thread, NULL, help, &helpers->each[i]) != 0) {
            return fh_err_set(err, FH_EIO, "cannot start a helping thread");
        }
    }
    *out = helpers;
    return FH_OK;
}

void fh_helpers_come(struct fh_helpers *helpers)
{
    pthread_mutex_lock(&helpers->lock);
    helpers->callers++;
    if (helpers->callers == 1) {
        pthread_cond_broadcast(&helpers->called);
    }
    pthread_mutex_unlock(&helpers->lock);
}

void fh_helpers_go(struct fh_helpers *helpers)
{
    pthread_mutex_lock(&helpers->lock);
    helpers->callers--;
    for (uint32_t i = 0; helpers->callers <= 0 && i < helpers->count; i++) {
        if (helpers->each[i].work != NULL) {
            duckdb_finish_execution(helpers->each[i].work);
        }
    }
    pthread_mutex_unlock(&helpers->lock);
}
