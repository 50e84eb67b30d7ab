/* SPDX-License-Identifier: Apache-2.0 */
#include "node/query/crew.h"

#include "common/assert.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/io/loop.h"

#include <stddef.h>

enum { IDLE_MS = 2000 }; /* a person's next question mostly comes later, a program's sooner */

struct hand {
    struct fh_worker *worker; /* NULL: free entry */
    uint64_t session;
    enum fh_worker_role role;
    bool idle;
    bool forgotten;
    int64_t idle_since_ms;
};

struct fh_crew {
    struct fh_workers *workers;
    struct fh_timer *timer;
    struct hand hands[FH_WORKERS_MAX];
};

static void end_hand(struct hand *hand)
{
    fh_worker_release(hand->worker);
    *hand = (struct hand){0};
}

/* Ends workers that waited long enough; sets the timer for the next. */
static void end_idle(void *user)
{
    struct fh_crew *crew = user;
    int64_t now = fh_clock_mono_ms();
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < FH_WORKERS_MAX; i++) {
        struct hand *hand = &crew->hands[i];
        if (hand->worker == NULL || !hand->idle) {
            continue;
        }
        if (hand->idle_since_ms + IDLE_MS <= now || fh_worker_dead(hand->worker)) {
            end_hand(hand);
        } else if (hand->idle_since_ms + IDLE_MS < next) {
            next = hand->idle_since_ms + IDLE_MS;
        }
    }
    fh_timer_set(crew->timer, next);
}

int fh_crew_new(struct fh_crew **out,
                struct fh_workers *workers,
                struct fh_loop *loop,
                struct fh_err *err)
{
    struct fh_crew *crew = fh_calloc(1, sizeof *crew);
    if (crew == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a crew");
    }
    crew->workers = workers;
    int rc = fh_timer_new(&crew->timer, loop, end_idle, crew, err);
    if (rc != FH_OK) {
        fh_free(crew);
        return rc;
    }
    *out = crew;
    return FH_OK;
}

void fh_crew_free(struct fh_crew *crew)
{
    if (crew == NULL) {
        return;
    }
    fh_crew_quiesce(crew);
    for (size_t i = 0; i < FH_WORKERS_MAX; i++) {
        FH_ASSERT(crew->hands[i].worker == NULL);
    }
    fh_timer_free(crew->timer);
    fh_free(crew);
}

static struct hand *find_idle(struct fh_crew *crew, uint64_t session, enum fh_worker_role role)
{
    for (size_t i = 0; i < FH_WORKERS_MAX; i++) {
        struct hand *hand = &crew->hands[i];
        if (hand->worker != NULL && hand->idle && hand->session == session && hand->role == role &&
            !fh_worker_dead(hand->worker)) {
            return hand;
        }
    }
    return NULL;
}

/* A free entry; when there is none, that of the worker that waited longest. */
static struct hand *find_room(struct fh_crew *crew)
{
    struct hand *longest = NULL;
    for (size_t i = 0; i < FH_WORKERS_MAX; i++) {
        struct hand *hand = &crew->hands[i];
        if (hand->worker == NULL) {
            return hand;
        }
        if (hand->idle && (longest == NULL || hand->idle_since_ms < longest->idle_since_ms)) {
            longest = hand;
        }
    }
    if (longest != NULL) {
        end_hand(longest);
    }
    return longest;
}

static bool end_longest_idle(struct fh_crew *crew)
{
    struct hand *longest = NULL;
    for (size_t i = 0; i < FH_WORKERS_MAX; i++) {
        struct hand *hand = &crew->hands[i];
        if (hand->worker != NULL && hand->idle &&
            (longest == NULL || hand->idle_since_ms < longest->idle_since_ms)) {
            longest = hand;
        }
    }
    if (longest != NULL) {
        end_hand(longest);
    }
    return longest != NULL;
}

int fh_crew_take(struct fh_crew *crew,
                 uint64_t session,
                 enum fh_worker_role role,
                 struct fh_worker **out,
                 bool *out_fresh,
                 struct fh_err *err)
{
    struct hand *hand = find_idle(crew, session, role);
    if (hand != NULL) {
        hand->idle = false;
        *out = hand->worker;
        *out_fresh = false;
        return FH_OK;
    }
    hand = find_room(crew);
    if (hand == NULL) {
        return fh_err_rule(err,
                           FH_EBUSY,
                           "limit.workers",
                           "all %d workers of this node are busy; try again in a moment",
                           (int)FH_WORKERS_MAX);
    }
    int rc = fh_workers_spawn(crew->workers, &hand->worker, err);
    if (rc == FH_EBUSY && end_longest_idle(crew)) {
        rc = fh_workers_spawn(crew->workers, &hand->worker, err);
    }
    if (rc != FH_OK) {
        hand->worker = NULL;
        return rc;
    }
    hand->session = session;
    hand->role = role;
    *out = hand->worker;
    *out_fresh = true;
    return FH_OK;
}

void fh_crew_give(struct fh_crew *crew, struct fh_worker *worker, bool broken)
{
    for (size_t i = 0; i < FH_WORKERS_MAX; i++) {
        struct hand *hand = &crew->hands[i];
        if (hand->worker != worker) {
            continue;
        }
        if (broken || hand->forgotten || fh_worker_dead(worker)) {
            end_hand(hand);
            return;
        }
        hand->idle = true;
        hand->idle_since_ms = fh_clock_mono_ms();
        end_idle(crew);
        return;
    }
    FH_ASSERT(false); /* not ours */
}

void fh_crew_forget(struct fh_crew *crew, uint64_t session)
{
    for (size_t i = 0; i < FH_WORKERS_MAX; i++) {
        struct hand *hand = &crew->hands[i];
        if (hand->worker == NULL || hand->session != session) {
            continue;
        }
        hand->forgotten = true;
        if (hand->idle) {
            end_hand(hand);
        }
    }
}

void fh_crew_quiesce(struct fh_crew *crew)
{
    for (size_t i = 0; i < FH_WORKERS_MAX; i++) {
        struct hand *hand = &crew->hands[i];
        if (hand->worker != NULL && hand->idle) {
            end_hand(hand);
        }
    }
    fh_timer_clear(crew->timer);
}
