/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/inbox.h"

#include "common/assert.h"
#include "common/mem.h"

#include <pthread.h>
#include <time.h>

enum { DOZES_MAX = 10 }; /* so a question that sleeps can be cancelled after 20 ms at the latest */

struct fh_inbox {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* for the working thread */
    pthread_cond_t called;  /* for the first thread */
    bool at_work;           /* on a question: the working thread does not read */
    bool reading;           /* the first thread reads */
    bool wanted;            /* it is called */
    bool asleep;            /* it waits without an end */
    bool took_over;         /* it began to read during the question */
    uint64_t questions;     /* begun */
    clockid_t clock;        /* of the processor time of the working thread ... */
    bool has_clock;
    int64_t begun_us; /* ... when the question began */
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
        pthread_condattr_t attributes;
        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        pthread_mutex_init(&inbox->lock, NULL);
        pthread_cond_init(&inbox->changed, NULL);
        pthread_cond_init(&inbox->called, &attributes);
        pthread_condattr_destroy(&attributes);
    }
    return inbox;
}

/* ---- who reads ---- */

/* Processor time of the working thread; 0 where it cannot be told. */
static int64_t time_us(const struct fh_inbox *inbox)
{
    struct timespec at;
    return inbox->has_clock && clock_gettime(inbox->clock, &at) == 0
               ? (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000
               : 0;
}

/* Under the lock, when a question has taken FH_INBOX_QUICK_MS: whether it had the processor for so
 * little of that, on a machine where many want it, that it is likely to be over soon. */
static bool was_kept_waiting(const struct fh_inbox *inbox)
{
    return inbox->has_clock && time_us(inbox) - inbox->begun_us < FH_INBOX_QUICK_MS * 1000 / 2;
}

/* Under the lock. The first thread looks at it in a while; it mostly does so anyway, as it was
 * awake for the question before. */
static void begin_work(struct fh_inbox *inbox)
{
    if (!inbox->has_clock) {
        inbox->has_clock = pthread_getcpuclockid(pthread_self(), &inbox->clock) == 0;
    }
    inbox->begun_us = time_us(inbox);
    inbox->at_work = true;
    inbox->questions++;
    if (inbox->asleep) {
        pthread_cond_signal(&inbox->called);
    }
}

void fh_inbox_begin_work(struct fh_inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    begin_work(inbox);
    pthread_mutex_unlock(&inbox->lock);
}

/* Under the lock. */
static void call(struct fh_inbox *inbox)
{
    if (inbox->at_work && !inbox->reading && !inbox->wanted) {
        inbox->wanted = true;
        pthread_cond_signal(&inbox->called);
    }
}

void fh_inbox_call(struct fh_inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    call(inbox);
    pthread_mutex_unlock(&inbox->lock);
}

/* Under the lock, for so long as a quick question takes, or until it is called. */
static void doze(struct fh_inbox *inbox)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += FH_INBOX_QUICK_MS * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    while (!inbox->wanted && pthread_cond_timedwait(&inbox->called, &inbox->lock, &until) == 0) {
        /* a question began, or it woke up for no reason */
    }
}

bool fh_inbox_stand_by(struct fh_inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    FH_ASSERT(!inbox->reading);
    uint64_t before = 0;
    for (int dozed = 1; !inbox->wanted; dozed++) {
        dozed = inbox->questions != before ? 1 : dozed;
        before = inbox->questions;
        doze(inbox);
        if (inbox->questions != before) {
            continue; /* it is not the same one */
        }
        if (inbox->at_work && dozed < DOZES_MAX && was_kept_waiting(inbox)) {
            continue;
        }
        if (inbox->at_work) {
            break;
        }
        inbox->asleep = true;
        while (!inbox->at_work) {
            pthread_cond_wait(&inbox->called, &inbox->lock);
        }
        inbox->asleep = false;
    }
    bool is_first = !inbox->took_over;
    inbox->wanted = false;
    inbox->reading = true;
    inbox->took_over = true;
    pthread_mutex_unlock(&inbox->lock);
    return is_first;
}

/* ---- questions ---- */

int fh_inbox_put(struct fh_inbox *inbox, struct fh_frame *frame, struct fh_err *err)
{
    pthread_mutex_lock(&inbox->lock);
    bool free_slot = !inbox->waiting;
    if (free_slot) {
        inbox->question = *frame;
        inbox->waiting = true;
        inbox->reading = false;
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

bool fh_inbox_end_work(struct fh_inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    /* The next question waits, and the first thread reads behind it already: its turn is that
     * one's, during which it will not stand by again. */
    bool carried = inbox->reading && inbox->waiting;
    bool is_over = inbox->took_over && !carried;
    inbox->took_over = carried;
    inbox->at_work = false;
    inbox->wanted = false;
    pthread_mutex_unlock(&inbox->lock);
    return is_over;
}

bool fh_inbox_take(struct fh_inbox *inbox, struct fh_frame *out)
{
    pthread_mutex_lock(&inbox->lock);
    while (inbox->reading && !inbox->waiting) {
        pthread_cond_wait(&inbox->changed, &inbox->lock);
    }
    bool there = inbox->waiting;
    if (there) {
        *out = inbox->question;
        inbox->question = (struct fh_frame){.payload = NULL};
        inbox->waiting = false;
        begin_work(inbox);
    }
    pthread_mutex_unlock(&inbox->lock);
    return there;
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
        call(inbox);
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
