/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/inbox.h"

#include "common/assert.h"
#include "common/mem.h"

#include <pthread.h>

struct fh_inbox {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct fh_frame question;
    bool waiting; /* `question` is there, not taken */
    bool running; /* it is a query on `connection` */
    uint64_t id;
    uint64_t credits;
    uint64_t cancelled; /* every id up to this one; ids ascend */
    duckdb_connection connection;
};

struct fh_inbox *fh_inbox_new(void)
{
    struct fh_inbox *inbox = fh_calloc(1, sizeof *inbox);
    if (inbox != NULL) {
        pthread_mutex_init(&inbox->lock, NULL);
        pthread_cond_init(&inbox->changed, NULL);
    }
    return inbox;
}

int fh_inbox_put(struct fh_inbox *inbox, struct fh_frame *frame, struct fh_err *err)
{
    pthread_mutex_lock(&inbox->lock);
    bool free_slot = !inbox->waiting;
    if (free_slot) {
        inbox->question = *frame;
        inbox->waiting = true;
        *frame = (struct fh_frame){.payload = NULL};
        pthread_cond_broadcast(&inbox->changed);
    }
    pthread_mutex_unlock(&inbox->lock);
    return free_slot ? FH_OK
                     : fh_err_set(err, FH_EPROTO, "a question before the last was answered");
}

void fh_inbox_credit(struct fh_inbox *inbox, uint64_t id, uint64_t batches)
{
    pthread_mutex_lock(&inbox->lock);
    if (inbox->running && inbox->id == id && batches < UINT32_MAX) {
        inbox->credits += batches;
        pthread_cond_broadcast(&inbox->changed);
    }
    pthread_mutex_unlock(&inbox->lock);
}

void fh_inbox_cancel(struct fh_inbox *inbox, uint64_t id)
{
    pthread_mutex_lock(&inbox->lock);
    if (id > inbox->cancelled) {
        inbox->cancelled = id;
    }
    if (inbox->running && inbox->id <= inbox->cancelled) {
        duckdb_interrupt(inbox->connection);
        pthread_cond_broadcast(&inbox->changed);
    }
    pthread_mutex_unlock(&inbox->lock);
}

void fh_inbox_take(struct fh_inbox *inbox, struct fh_frame *out)
{
    pthread_mutex_lock(&inbox->lock);
    while (!inbox->waiting) {
        pthread_cond_wait(&inbox->changed, &inbox->lock);
    }
    *out = inbox->question;
    inbox->question = (struct fh_frame){.payload = NULL};
    inbox->waiting = false;
    pthread_mutex_unlock(&inbox->lock);
}

void fh_inbox_begin(struct fh_inbox *inbox,
                    uint64_t id,
                    uint32_t window,
                    duckdb_connection connection)
{
    pthread_mutex_lock(&inbox->lock);
    FH_ASSERT(!inbox->running);
    inbox->running = true;
    inbox->id = id;
    inbox->credits = window;
    inbox->connection = connection;
    pthread_mutex_unlock(&inbox->lock);
}

void fh_inbox_end(struct fh_inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    inbox->running = false;
    inbox->connection = NULL;
    pthread_mutex_unlock(&inbox->lock);
}

bool fh_inbox_use_credit(struct fh_inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    while (inbox->credits == 0 && inbox->id > inbox->cancelled) {
        pthread_cond_wait(&inbox->changed, &inbox->lock);
    }
    bool go = inbox->id > inbox->cancelled;
    if (go) {
        inbox->credits--;
    }
    pthread_mutex_unlock(&inbox->lock);
    return go;
}

bool fh_inbox_cancelled(struct fh_inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    bool cancelled = inbox->running && inbox->id <= inbox->cancelled;
    pthread_mutex_unlock(&inbox->lock);
    return cancelled;
}
