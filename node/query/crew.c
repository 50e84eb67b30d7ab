/* SPDX-License-Identifier: Apache-2.0 */
#include "node/query/crew.h"

#include "common/assert.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/io/loop.h"

#include <stddef.h>

enum {
    IDLE_MS = 2000,         /* a person's next question mostly comes later, a program's sooner */
    THREADS = 2,            /* of DuckDB: aggregates take half the time, streams about the same */
    STANDBY_AGAIN_MS = 250, /* its start takes a core for 20 ms, which the taker's question needs */
    SLICE_MS = 500,  /* a session keeps its workers so long although others want them: ten starts */
    BETWEEN_MS = 20, /* or until its next question is not there after that */
    REST_MS = 100,   /* the same, when the other has such a worker and wants one more */
    STANDBY_RETRY_MS = 1000,
    STANDBY_RETRY_MAX_MS = 60000, /* between attempts when it never comes up */
};

struct hand {
    struct fh_worker *worker; /* NULL: free entry */
    uint64_t session;
    enum fh_worker_role role;
    bool idle;
    bool forgotten;
    int64_t idle_since_ms;
    int64_t taken_ms; /* when the session got it */
};

struct fh_crew {
    struct fh_crew_options options;
    struct fh_timer *timer;
    struct fh_worker *standby; /* NULL: none */
    struct fh_timer *standby_timer;
    int64_t standby_after_ms; /* not before then: the last one failed */
    int64_t standby_retry_ms; /* how long to wait after the next failure */
    bool asked;               /* a worker was wanted: from then on one stands by */
    bool quiet;
    struct hand hands[FH_WORKERS_MAX];
};

/* From the loop, soon: never from inside the caller. */
static void want_standby(struct fh_crew *crew)
{
    if (crew->options.standby && crew->asked && crew->standby == NULL && !crew->quiet) {
        fh_timer_set(crew->standby_timer, crew->standby_after_ms);
    }
}

static void end_hand(struct fh_crew *crew, struct hand *hand)
{
    fh_worker_release(hand->worker);
    *hand = (struct hand){0};
    want_standby(crew); /* there is room now */
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
            end_hand(crew, hand);
        } else if (hand->idle_since_ms + IDLE_MS < next) {
            next = hand->idle_since_ms + IDLE_MS;
        }
    }
    fh_timer_set(crew->timer, next);
}

static int refuse_busy(struct fh_err *err)
{
    return fh_err_rule(err,
                       FH_EBUSY,
                       "limit.workers",
                       "all %d workers of this node are busy; try again in a moment",
                       (int)FH_WORKERS_MAX);
}

/* Starts a worker and its set-up. Roles differ in what is asked, not in how a worker is made. */
static int spawn(struct fh_crew *crew, struct fh_worker **out, struct fh_err *err)
{
    const struct fh_crew_options *o = &crew->options;
    struct fh_worker *worker = NULL;
    /* Who gives way to a session is decided by its taker, and not by whoever is spare. */
    int rc = fh_workers_room(o->workers, 1) ? fh_workers_spawn(o->workers, &worker, err)
                                            : refuse_busy(err);
    if (rc != FH_OK) {
        return rc;
    }
    rc = fh_worker_setup_ahead(worker, FH_WORKER_QUERY, o->memory_mib, THREADS, err);
    if (rc != FH_OK) {
        fh_worker_release(worker);
        return rc;
    }
    *out = worker;
    return FH_OK;
}

/* ---- the one that stands by ---- */

static void standby_failed(struct fh_crew *crew)
{
    crew->standby_after_ms = fh_clock_mono_ms() + crew->standby_retry_ms;
    want_standby(crew);
    crew->standby_retry_ms = 2 * crew->standby_retry_ms < STANDBY_RETRY_MAX_MS
                                 ? 2 * crew->standby_retry_ms
                                 : STANDBY_RETRY_MAX_MS;
}

/* It died while it waited: of no memory, or because it cannot run here. */
static void standby_exited(struct fh_worker *worker, int status, void *user)
{
    struct fh_crew *crew = user;
    FH_ASSERT(crew->standby == worker);
    crew->standby = NULL;
    fh_log(FH_LOG_WARN, "worker.standby", "text=\"ended by itself\" status=%d", status);
    fh_worker_release(worker);
    standby_failed(crew);
}

static void start_standby(void *user)
{
    struct fh_crew *crew = user;
    if (crew->quiet || crew->standby != NULL) {
        return;
    }
    if (!fh_workers_room(crew->options.workers, 2)) {
        return; /* the next worker that is given back asks again */
    }
    struct fh_err err;
    if (spawn(crew, &crew->standby, &err) != FH_OK) {
        fh_log(FH_LOG_WARN, "worker.standby", "rule=%s text=\"%s\"", err.rule, err.text);
        standby_failed(crew);
        return;
    }
    fh_worker_on_exit(crew->standby, standby_exited, crew);
}

static struct fh_worker *take_standby(struct fh_crew *crew)
{
    struct fh_worker *worker = FH_TAKE(crew->standby);
    bool first = !crew->asked;
    crew->asked = true;
    if (worker != NULL) {
        fh_worker_on_exit(worker, NULL, NULL);
        crew->standby_retry_ms = STANDBY_RETRY_MS;
    }
    if (worker != NULL || first) {
        crew->standby_after_ms = fh_clock_mono_ms() + STANDBY_AGAIN_MS;
        want_standby(crew);
    }
    return worker;
}

/* ---- life ---- */

/* For work of the node itself, which its people wait for: of those that are idle the one that
 * waited longest, or else the one that stands by. */
static bool spare_one(void *user)
{
    struct fh_crew *crew = user;
    struct hand *longest = NULL;
    for (size_t i = 0; i < FH_WORKERS_MAX; i++) {
        struct hand *hand = &crew->hands[i];
        if (hand->worker != NULL && hand->idle &&
            (longest == NULL || hand->idle_since_ms < longest->idle_since_ms)) {
            longest = hand;
        }
    }
    if (longest != NULL) {
        end_hand(crew, longest);
        return true;
    }
    if (crew->standby == NULL) {
        return false;
    }
    fh_worker_release(take_standby(crew));
    return true;
}

int fh_crew_new(struct fh_crew **out, const struct fh_crew_options *options, struct fh_err *err)
{
    struct fh_crew *crew = fh_calloc(1, sizeof *crew);
    if (crew == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a crew");
    }
    crew->options = *options;
    crew->standby_retry_ms = STANDBY_RETRY_MS;
    int rc = fh_timer_new(&crew->timer, options->loop, end_idle, crew, err);
    if (rc == FH_OK) {
        rc = fh_timer_new(&crew->standby_timer, options->loop, start_standby, crew, err);
    }
    if (rc != FH_OK) {
        fh_timer_free(crew->timer);
        fh_free(crew);
        return rc;
    }
    fh_workers_on_full(options->workers, spare_one, crew);
    *out = crew;
    return FH_OK;
}

void fh_crew_free(struct fh_crew *crew)
{
    if (crew == NULL) {
        return;
    }
    fh_workers_on_full(crew->options.workers, NULL, NULL);
    fh_crew_quiesce(crew);
    for (size_t i = 0; i < FH_WORKERS_MAX; i++) {
        FH_ASSERT(crew->hands[i].worker == NULL);
    }
    FH_ASSERT(crew->standby == NULL);
    fh_timer_free(crew->timer);
    fh_timer_free(crew->standby_timer);
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

bool fh_crew_has_idle(struct fh_crew *crew, uint64_t session, enum fh_worker_role role)
{
    return find_idle(crew, session, role) != NULL;
}

struct taker {
    bool has_one; /* its session has a worker of this role already */
    bool slow;    /* its question */
};

/* Whether an idle worker gives way: to a session without one of the role those whose session had
 * its time or asks nothing now, to others, and of quick sessions to slow ones, those alone that
 * have nothing to do. */
static bool gives_way(const struct hand *hand, const struct taker *taker, int64_t now_ms)
{
    int64_t idle_ms = now_ms - hand->idle_since_ms;
    bool slow = fh_worker_yields(hand->worker);
    if (fh_worker_dead(hand->worker) || idle_ms >= REST_MS || (slow && !taker->slow)) {
        return true;
    }
    bool had_its_time = idle_ms >= BETWEEN_MS || now_ms - hand->taken_ms >= SLICE_MS;
    return had_its_time && !taker->has_one && (slow || !taker->slow);
}

/* Of those that give way a slow one, then the one that waited longest. */
static struct hand *find_longest_idle(struct fh_crew *crew, const struct taker *taker)
{
    int64_t now_ms = fh_clock_mono_ms();
    struct hand *longest = NULL;
    for (size_t i = 0; i < FH_WORKERS_MAX; i++) {
        struct hand *hand = &crew->hands[i];
        if (hand->worker == NULL || !hand->idle || !gives_way(hand, taker, now_ms)) {
            continue;
        }
        bool slow = fh_worker_yields(hand->worker);
        bool slow_before = longest != NULL && fh_worker_yields(longest->worker);
        bool better = longest == NULL ||
                      (slow != slow_before ? slow : hand->idle_since_ms < longest->idle_since_ms);
        longest = better ? hand : longest;
    }
    return longest;
}

/* Its entry, which is free then; NULL: none gives way. */
static struct hand *end_longest_idle(struct fh_crew *crew, const struct taker *taker)
{
    struct hand *longest = find_longest_idle(crew, taker);
    if (longest != NULL) {
        end_hand(crew, longest);
    }
    return longest;
}

/* Of this role: who has the one worker of a question and lacks the other cannot go on. */
static bool has_worker(const struct fh_crew *crew, uint64_t session, enum fh_worker_role role)
{
    for (size_t i = 0; i < FH_WORKERS_MAX; i++) {
        const struct hand *hand = &crew->hands[i];
        if (hand->worker != NULL && hand->session == session && hand->role == role) {
            return true;
        }
    }
    return false;
}

/* A free entry; when there is none, that of an idle worker that gives way. */
static struct hand *find_room(struct fh_crew *crew, const struct taker *taker)
{
    for (size_t i = 0; i < FH_WORKERS_MAX; i++) {
        if (crew->hands[i].worker == NULL) {
            return &crew->hands[i];
        }
    }
    return end_longest_idle(crew, taker);
}

int fh_crew_take(struct fh_crew *crew,
                 uint64_t session,
                 enum fh_worker_role role,
                 bool slow,
                 struct fh_worker **out,
                 bool *out_fresh,
                 struct fh_err *err)
{
    struct hand *hand = find_idle(crew, session, role);
    if (hand != NULL) {
        hand->idle = false;
        fh_worker_patient(hand->worker, false); /* what it did last may have taken long */
        *out = hand->worker;
        *out_fresh = false;
        return FH_OK;
    }
    const struct taker taker = {.has_one = has_worker(crew, session, role), .slow = slow};
    hand = find_room(crew, &taker);
    if (hand == NULL) {
        return refuse_busy(err);
    }
    hand->worker = take_standby(crew);
    int rc = hand->worker != NULL ? FH_OK : spawn(crew, &hand->worker, err);
    if (rc == FH_EBUSY && end_longest_idle(crew, &taker) != NULL) {
        rc = spawn(crew, &hand->worker, err);
    }
    if (rc != FH_OK) {
        hand->worker = NULL;
        return rc;
    }
    hand->session = session;
    hand->role = role;
    hand->taken_ms = fh_clock_mono_ms();
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
            end_hand(crew, hand);
            return;
        }
        hand->idle = true;
        hand->idle_since_ms = fh_clock_mono_ms();
        end_idle(crew);
        return;
    }
    FH_ASSERT(false); /* not ours */
}

unsigned fh_crew_at_work(const struct fh_crew *crew)
{
    unsigned count = 0;
    for (size_t i = 0; i < FH_WORKERS_MAX; i++) {
        count += crew->hands[i].worker != NULL && !crew->hands[i].idle;
    }
    return count;
}

void fh_crew_split(struct fh_crew *crew, bool split)
{
    fh_workers_split(crew->options.workers, split);
}

const char *fh_crew_folder(const struct fh_crew *crew)
{
    return fh_workers_folder(crew->options.workers);
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
            end_hand(crew, hand);
        }
    }
}

void fh_crew_quiesce(struct fh_crew *crew)
{
    crew->quiet = true;
    fh_timer_clear(crew->standby_timer);
    if (crew->standby != NULL) {
        fh_worker_release(FH_TAKE(crew->standby));
    }
    for (size_t i = 0; i < FH_WORKERS_MAX; i++) {
        struct hand *hand = &crew->hands[i];
        if (hand->worker != NULL && hand->idle) {
            end_hand(crew, hand);
        }
    }
    fh_timer_clear(crew->timer);
}
