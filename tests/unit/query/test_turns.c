/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turns, and the crew that they draw on, in a world of its own time: keys that ask at once, or
 * again whenever one of their questions is over, a few workers, and a clock that goes on by a
 * millisecond. Everything that turns.c and crew.c call is in this file, so that a run is the same
 * on every machine.
 */
#include "common/mem.h"
#include "node/io/loop.h"
#include "node/query/crew.h"
#include "node/query/stream.h"
#include "proto/settings/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

enum {
    WORKERS = 8,
    PER_KEY = 2,
    START_MS = 20,
    LOOK_MS = 500, /* as in watch.c */
    KEYS_MAX = 16,
    TIMERS_MAX = 2,  /* of the crew */
    OFTEN = 1000000, /* questions, more than a test has time for */
};

struct fh_worker {
    bool lives;
    bool yields;
    bool takes_long;
    int64_t cpu_ms;
    int64_t delayed_ms;
};

struct fh_timer {
    fh_timer_fn *fn;
    void *user;
    int64_t at_ms;
};

/* What a key does. */
struct asker {
    unsigned in_flight;
    unsigned questions; /* in all */
    int64_t takes_ms;   /* of its worker and of the processor */
    bool delayed;       /* others have the processor all that time */
    int64_t rests_ms;   /* before it asks again */
    bool streams;
    bool plans;  /* each question before */
    bool masked; /* its table: it needs a second worker, which scans it */
};

struct seat {
    struct asker asker;
    uint64_t session;
    unsigned asked;
    unsigned open;
    unsigned answered;
    unsigned refused;
    char rule[64];
    struct fh_worker *scan; /* of the masked question that runs */
    int64_t asks_ms;        /* not before then */
    int64_t waited_most_ms; /* from asking to the turn */
};

static struct world {
    int64_t now_ms;
    int64_t look_ms;
    struct fh_settings settings;
    struct fh_serve serve;
    struct fh_worker workers[WORKERS];
    struct fh_timer timers[TIMERS_MAX];
    unsigned timer_count;
    int64_t start_ms; /* of a worker */
    struct seat seats[KEYS_MAX];
    unsigned seat_count;
    bool apart;
} w;

/* ---- what the two call ---- */

int64_t __wrap_fh_clock_mono_ms(void);
int64_t __wrap_fh_clock_mono_ms(void)
{
    return w.now_ms;
}

void fh_serve_look(struct fh_serve *serve, int64_t at_ms)
{
    (void)serve;
    w.look_ms = at_ms < w.look_ms ? at_ms : w.look_ms;
}

int fh_timer_new(
    struct fh_timer **out, struct fh_loop *loop, fh_timer_fn *fn, void *user, struct fh_err *err)
{
    (void)loop;
    (void)err;
    assert_true(w.timer_count < TIMERS_MAX);
    *out = &w.timers[w.timer_count++];
    **out = (struct fh_timer){.fn = fn, .user = user, .at_ms = INT64_MAX};
    return FH_OK;
}

void fh_timer_set(struct fh_timer *timer, int64_t mono_ms)
{
    timer->at_ms = mono_ms;
}

void fh_timer_clear(struct fh_timer *timer)
{
    timer->at_ms = INT64_MAX;
}

void fh_timer_free(struct fh_timer *timer)
{
    fh_timer_clear(timer);
}

void fh_workers_on_full(struct fh_workers *workers, fh_workers_spare_fn *fn, void *user)
{
    (void)workers;
    (void)fn;
    (void)user;
}

const char *fh_workers_folder(const struct fh_workers *workers)
{
    (void)workers;
    return "";
}

bool fh_workers_room(const struct fh_workers *workers, uint32_t count)
{
    (void)workers;
    for (size_t i = 0; i < WORKERS; i++) {
        count += w.workers[i].lives;
    }
    return count <= WORKERS;
}

int fh_workers_spawn(struct fh_workers *workers, struct fh_worker **out, struct fh_err *err)
{
    (void)workers;
    (void)err;
    for (size_t i = 0; i < WORKERS; i++) {
        if (!w.workers[i].lives) {
            w.workers[i] = (struct fh_worker){.lives = true};
            *out = &w.workers[i];
            return FH_OK;
        }
    }
    fail(); /* the crew asks for room first */
    return FH_EBUSY;
}

int fh_worker_setup_ahead(struct fh_worker *worker,
                          enum fh_worker_role role,
                          uint32_t memory_mib,
                          uint32_t threads,
                          struct fh_err *err)
{
    (void)worker;
    (void)role;
    (void)memory_mib;
    (void)threads;
    (void)err;
    return FH_OK;
}

void fh_worker_on_exit(struct fh_worker *worker, fh_worker_exit_fn *fn, void *user)
{
    (void)worker;
    (void)fn;
    (void)user;
}

void fh_worker_release(struct fh_worker *worker)
{
    worker->lives = false;
}

bool fh_worker_dead(const struct fh_worker *worker)
{
    return !worker->lives;
}

void fh_worker_patient(struct fh_worker *worker, bool patient)
{
    worker->takes_long = patient || worker->yields;
}

void fh_workers_split(struct fh_workers *workers, bool split)
{
    (void)workers;
    w.apart = split;
}

int64_t fh_worker_cpu_ms(const struct fh_worker *worker)
{
    return worker->cpu_ms;
}

int64_t fh_worker_delayed_ms(const struct fh_worker *worker)
{
    return worker->delayed_ms;
}

void fh_worker_yield(struct fh_worker *worker)
{
    worker->yields = true;
}

bool fh_worker_yields(const struct fh_worker *worker)
{
    return worker->yields;
}

bool fh_worker_takes_long(const struct fh_worker *worker)
{
    return worker->takes_long;
}

struct fh_worker *fh_barrier_worker(const struct fh_barrier *barrier)
{
    (void)barrier;
    return NULL;
}

static struct seat *seat_of(const struct fh_stream *stream)
{
    return &w.seats[stream->session - 1];
}

void fh_stream_fail(struct fh_stream *stream, const struct fh_err *err)
{
    struct seat *seat = seat_of(stream);
    seat->refused++;
    snprintf(seat->rule, sizeof seat->rule, "%s", err->rule);
    assert_true(err->retry_after_ms > 0);
    stream->failure = *err;
    stream->state = FH_STREAM_OVER;
}

/* It has its workers. */
static void begin(struct fh_stream *stream)
{
    struct seat *seat = seat_of(stream);
    int64_t waited_ms = w.now_ms - stream->queued_ms;
    seat->waited_most_ms = waited_ms > seat->waited_most_ms ? waited_ms : seat->waited_most_ms;
    stream->state = FH_STREAM_PREPARING;
    stream->touched_ms = w.now_ms + (stream->fresh ? w.start_ms : 0); /* when it runs */
    int64_t more_ms = (int64_t)(seat->answered + seat->session) % 3;  /* they do not go in step */
    stream->deadline_ms = stream->touched_ms + seat->asker.takes_ms + more_ms;
}

void fh_stream_begin(struct fh_stream *stream)
{
    struct seat *seat = seat_of(stream);
    struct fh_err err;
    bool fresh = false;
    assert_true(seat->asker.masked);
    if (fh_crew_take(w.serve.options.crew,
                     stream->session,
                     FH_WORKER_SCAN,
                     false,
                     &seat->scan,
                     &fresh,
                     &err) != FH_OK) {
        stream->state = FH_STREAM_SHORT;
        return;
    }
    stream->fresh |= fresh;
    fh_turns_second(stream, seat->scan);
    begin(stream);
}

/* As in prepare.c, as far as workers go. */
bool fh_stream_prepare(struct fh_stream *stream)
{
    struct seat *seat = seat_of(stream);
    struct fh_err err;
    if (fh_crew_take(w.serve.options.crew,
                     stream->session,
                     FH_WORKER_QUERY,
                     fh_turns_defers(stream),
                     &stream->worker,
                     &stream->fresh,
                     &err) != FH_OK) {
        return false;
    }
    stream->begun_ms = w.now_ms;
    fh_turns_begin(stream);
    if (seat->asker.masked) {
        fh_stream_begin(stream);
    } else {
        begin(stream);
    }
    return true;
}

/* ---- the world ---- */

static int up(void **state)
{
    (void)state;
    struct fh_err err;
    fh_crew_free(w.serve.options.crew);
    memset(&w, 0, sizeof w);
    w.now_ms = 1000000;
    w.start_ms = START_MS;
    w.settings.workers_max = WORKERS;
    w.settings.queries_per_key_max = PER_KEY;
    w.serve.options.settings = &w.settings;
    fh_list_init(&w.serve.streams);
    const struct fh_crew_options crew = {.standby = true};
    assert_int_equal(fh_crew_new(&w.serve.options.crew, &crew, &err), FH_OK);
    return 0;
}

static void end_stream(struct fh_stream *stream)
{
    struct seat *seat = seat_of(stream);
    if (seat->scan != NULL) {
        fh_crew_give(w.serve.options.crew, FH_TAKE(seat->scan), false);
    }
    if (stream->worker != NULL) {
        fh_crew_give(w.serve.options.crew, stream->worker, false);
        fh_turns_ended(stream);
        seat->answered++;
    }
    seat->open--;
    seat->asks_ms = w.now_ms + seat->asker.rests_ms;
    fh_list_remove(&stream->link);
    fh_turns_leave(stream);
    fh_free(stream);
}

static int down(void **state)
{
    (void)state;
    FH_LIST_FOREACH (link, &w.serve.streams) {
        end_stream(FH_LIST_ENTRY(link, struct fh_stream, link));
    }
    fh_crew_free(FH_TAKE(w.serve.options.crew));
    return 0;
}

static struct seat *sit(struct asker asker)
{
    struct seat *seat = &w.seats[w.seat_count++];
    *seat = (struct seat){.asker = asker, .session = w.seat_count};
    return seat;
}

static void ask(struct seat *seat)
{
    struct fh_stream *stream = fh_calloc(1, sizeof *stream);
    assert_non_null(stream);
    stream->serve = &w.serve;
    stream->session = seat->session;
    bool plans = seat->asker.plans && seat->asked % 2 == 0;
    stream->kind = plans ? FH_STREAM_PLAN : FH_STREAM_QUERY;
    stream->asker.b[0] = (uint8_t)seat->session;
    stream->request.flags = seat->asker.streams ? FH_QUERY_STREAM : 0;
    fh_list_push_back(&w.serve.streams, &stream->link);
    seat->asked++;
    seat->open++;
    fh_turns_enter(stream);
    fh_turns_enqueue(stream);
}

static void ask_again(struct seat *seat)
{
    while (seat->open < seat->asker.in_flight && seat->asked < seat->asker.questions &&
           w.now_ms >= seat->asks_ms) {
        ask(seat);
    }
}

/* What ran for this millisecond; who is done, or waited too long, and the turn that this gives; and
 * whoever asks again. */
static void tick(void)
{
    w.now_ms++;
    FH_LIST_FOREACH (link, &w.serve.streams) {
        struct fh_stream *stream = FH_LIST_ENTRY(link, struct fh_stream, link);
        if (stream->state == FH_STREAM_PREPARING && w.now_ms >= stream->touched_ms) {
            stream->state = FH_STREAM_RUNNING;
        }
        if (stream->state == FH_STREAM_RUNNING) {
            bool delayed = seat_of(stream)->asker.delayed;
            stream->worker->cpu_ms += delayed ? 0 : 1;
            stream->worker->delayed_ms += delayed ? 1 : 0;
            fh_worker_patient(stream->worker, w.now_ms - stream->touched_ms > FH_QUERY_INLINE_MS);
        }
        if (stream->state == FH_STREAM_QUEUED && w.now_ms > stream->deadline_ms) {
            fh_turns_give_up(stream);
        }
        bool done = stream->state == FH_STREAM_RUNNING && w.now_ms >= stream->deadline_ms;
        if (done || stream->state == FH_STREAM_OVER) {
            struct seat *seat = seat_of(stream);
            end_stream(stream);
            fh_turns_next(&w.serve);
            ask_again(seat);
        }
    }
    for (unsigned i = 0; i < w.seat_count; i++) {
        ask_again(&w.seats[i]);
    }
    for (unsigned i = 0; i < w.timer_count; i++) {
        if (w.now_ms >= w.timers[i].at_ms) {
            w.timers[i].at_ms = INT64_MAX;
            w.timers[i].fn(w.timers[i].user);
        }
    }
    if (w.now_ms >= w.look_ms) {
        w.look_ms = w.now_ms + LOOK_MS;
        FH_LIST_FOREACH (link, &w.serve.streams) {
            fh_turns_watch(FH_LIST_ENTRY(link, struct fh_stream, link), w.now_ms);
        }
        fh_turns_next(&w.serve);
    }
}

static void run(int64_t ms)
{
    for (int64_t end = w.now_ms + ms; w.now_ms < end;) {
        tick();
    }
}

static const struct asker pipelining = {.in_flight = 4, .questions = OFTEN, .takes_ms = 2};
static const struct asker hostile = {.in_flight = 2, .questions = OFTEN, .takes_ms = 5000};
static const struct asker one_quick = {.in_flight = 1, .questions = 1, .takes_ms = 2};
static const struct asker often_one = {.in_flight = 1, .questions = OFTEN, .takes_ms = 2};

/* ---- whose turn ---- */

/* However many keys ask without pause, and have their workers. */
static void a_newcomer_has_its_turn(void **state)
{
    (void)state;
    for (unsigned keys = 1; keys <= 10; keys++) {
        up(NULL);
        for (unsigned i = 0; i < keys; i++) {
            sit(pipelining);
        }
        run(3000);
        struct seat *newcomer = sit(one_quick);
        run(9000);
        assert_int_equal(newcomer->answered, 1);
        assert_true(newcomer->waited_most_ms <= 800);
        for (unsigned i = 0; i < keys; i++) {
            assert_int_equal(w.seats[i].refused, 0);
        }
        down(NULL);
    }
    up(NULL);
}

/* Programs that plan each question anew. */
static void nor_do_plans_keep_it_waiting(void **state)
{
    (void)state;
    const struct asker planning = {
        .in_flight = 2, .questions = OFTEN, .takes_ms = 2, .plans = true};
    for (unsigned i = 0; i < 5; i++) {
        sit(pipelining);
        sit(planning);
    }
    run(3000);
    struct seat *newcomer = sit(one_quick);
    run(9000);
    assert_int_equal(newcomer->answered, 1);
    assert_true(newcomer->waited_most_ms <= 800);
}

/* Nor one that is slow and has its worker: as many quick ones ask as find a place beside each
 * other, so that there never is one for it unless they leave it. */
static void a_slow_one_has_its_turn_too(void **state)
{
    (void)state;
    const struct asker slow = {.in_flight = 1, .questions = OFTEN, .takes_ms = 1500};
    for (unsigned i = 0; i < WORKERS - 1; i++) {
        sit(often_one);
    }
    run(1000);
    struct seat *seat = sit(slow);
    run(12000);
    assert_true(seat->answered >= 4);
    assert_true(seat->waited_most_ms <= 800);
    assert_int_equal(seat->refused, 0);
    for (unsigned i = 0; i < WORKERS - 1; i++) {
        assert_int_equal(w.seats[i].refused, 0);
    }
}

/* Nor by as many quick ones as there are workers, of whom each asks again before it rests long
 * enough to give its own away. */
static void nor_do_those_that_hardly_rest(void **state)
{
    (void)state;
    const struct asker slow = {.in_flight = 1, .questions = 1, .takes_ms = 1500};
    const struct asker hardly = {.in_flight = 1, .questions = OFTEN, .takes_ms = 2, .rests_ms = 40};
    struct seat *seat = sit(slow);
    run(2000);
    for (unsigned i = 0; i < WORKERS; i++) {
        sit(hardly);
    }
    run(3000);
    seat->asker.questions = OFTEN;
    run(12000);
    assert_true(seat->answered >= 4);
    assert_true(seat->waited_most_ms <= 2300);
    assert_int_equal(seat->refused, 0);
    for (unsigned i = 0; i < WORKERS; i++) {
        assert_true(w.seats[1 + i].answered > 250);
        assert_true(w.seats[1 + i].waited_most_ms <= 100);
        assert_int_equal(w.seats[1 + i].refused, 0);
    }
}

/* Nor one that needs two workers, and gets the last one as its first. */
static void a_masked_one_gets_its_second_worker(void **state)
{
    (void)state;
    static const int64_t rests_ms[] = {0, 5, 40, 90};
    for (size_t i = 0; i < FH_COUNT(rests_ms); i++) {
        up(NULL);
        struct asker quick = often_one;
        quick.rests_ms = rests_ms[i];
        for (unsigned k = 0; k < WORKERS - 1; k++) {
            sit(quick);
        }
        run(2000);
        struct seat *masked =
            sit((struct asker){.in_flight = 1, .questions = 1, .takes_ms = 2, .masked = true});
        run(3000);
        assert_int_equal(masked->answered, 1);
        assert_true(masked->waited_most_ms <= 800);
        for (unsigned k = 0; k < WORKERS - 1; k++) {
            assert_true(w.seats[k].waited_most_ms <= 800);
            assert_int_equal(w.seats[k].refused, 0);
        }
        down(NULL);
    }
    up(NULL);
}

static void all_have_the_same(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        sit(pipelining);
    }
    run(2000);
    unsigned before[6];
    for (unsigned i = 0; i < 6; i++) {
        before[i] = w.seats[i].answered;
    }
    run(4000);
    unsigned least = UINT32_MAX, most = 0;
    for (unsigned i = 0; i < 6; i++) {
        unsigned answered = w.seats[i].answered - before[i];
        least = answered < least ? answered : least;
        most = answered > most ? answered : most;
        assert_int_equal(w.seats[i].refused, 0);
    }
    assert_true(least > 100);
    assert_true(most <= 2 * least);
}

/* Who is known to be quick, and who is new, beside eight keys that take all that they get. */
static void the_slow_leave_room(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        sit(hostile);
    }
    struct seat *quick = sit(often_one);
    run(12000);
    unsigned before = quick->answered;
    quick->waited_most_ms = 0;
    run(3000);
    assert_true(quick->answered - before > 900);
    assert_true(quick->waited_most_ms <= 1);
    assert_int_equal(quick->refused, 0);
    struct seat *newcomer = sit(one_quick);
    run(1000);
    assert_int_equal(newcomer->answered, 1);
    assert_true(newcomer->waited_most_ms <= 300);
}

/* A quick one on a machine that is so busy that others have the processor for seconds, and one
 * whose worker takes as long to start: neither is slow by that, and waits behind those that are. */
static void who_is_delayed_is_not_slow(void **state)
{
    (void)state;
    struct seat *quick = sit(often_one);
    run(1000);
    for (unsigned i = 0; i < 8; i++) {
        sit(hostile);
    }
    run(3000);
    quick->asker.delayed = true;
    quick->asker.takes_ms = 3500;
    run(9000);
    w.start_ms = 3500;
    struct seat *newcomer = sit(often_one);
    run(5000);
    quick->asker.delayed = false;
    quick->asker.takes_ms = 2;
    run(4000);
    struct seat *seats[] = {quick, newcomer};
    for (size_t i = 0; i < FH_COUNT(seats); i++) {
        unsigned before = seats[i]->answered;
        seats[i]->waited_most_ms = 0;
        run(3000);
        assert_true(seats[i]->answered - before > 500);
        assert_true(seats[i]->waited_most_ms <= 5);
        assert_int_equal(seats[i]->refused, 0);
    }
}

/* Whether the one question that runs counts as slow, after so long without a processor or a wish
 * for one. */
static unsigned slow_after(int64_t ms)
{
    for (; ms > 0; ms--) {
        run(1);
        for (unsigned i = 0; i < WORKERS; i++) {
            w.workers[i].cpu_ms = 0;
        }
    }
    ask(sit(one_quick)); /* which has them counted */
    return w.serve.turns.slow;
}

/* But who holds a worker and waits for anything else is. */
static void who_holds_is_slow(void **state)
{
    (void)state;
    struct seat *seat = sit((struct asker){.in_flight = 1, .questions = OFTEN, .takes_ms = 6000});
    assert_int_equal(slow_after(FH_QUERY_HOLD_MS), 0);
    assert_int_equal(slow_after(2 * LOOK_MS), 1);
    assert_int_equal(seat->answered, 0);
}

/* ---- limits ---- */

static void one_key_has_its_share_and_a_queue(void **state)
{
    (void)state;
    const struct asker greedy = {.in_flight = 11, .questions = 11, .takes_ms = 1000};
    struct seat *seat = sit(greedy);
    tick();
    assert_int_equal(w.serve.turns.at_work, 1); /* it waits for its worker a little */
    run(30);
    assert_int_equal(w.serve.turns.at_work, PER_KEY);
    assert_int_equal(seat->open, 1 + FH_QUERY_QUEUED_PER_KEY_MAX);
    assert_int_equal(seat->refused, 2);
    assert_string_equal(seat->rule, "limit.queries");
    run(6000);
    assert_int_equal(seat->answered, 1 + FH_QUERY_QUEUED_PER_KEY_MAX);
    assert_int_equal(seat->refused, 2);
}

static void streams_are_counted_apart(void **state)
{
    (void)state;
    const struct asker fetching = {
        .in_flight = 9, .questions = 9, .takes_ms = 60000, .streams = true};
    struct seat *streams = sit(fetching);
    run(100);
    struct seat *quick = sit(one_quick);
    run(100);
    assert_int_equal(quick->answered, 1);
    assert_true(w.serve.turns.at_work <= FH_QUERY_STREAMS_PER_KEY_MAX);
    run(9000);
    assert_int_equal(streams->refused, 9 - FH_QUERY_STREAMS_PER_KEY_MAX);
    assert_string_equal(streams->rule, "limit.queries");
}

/* Eight slow keys at once: who waited too long for a worker is told so. */
static void who_waits_too_long_is_told(void **state)
{
    (void)state;
    const struct asker slow = {.in_flight = 1, .questions = 1, .takes_ms = 30000};
    for (unsigned i = 0; i < 8; i++) {
        sit(slow);
    }
    run(8200);
    unsigned refused = 0;
    for (unsigned i = 0; i < 8; i++) {
        refused += w.seats[i].refused;
        if (w.seats[i].refused > 0) {
            assert_string_equal(w.seats[i].rule, "limit.workers");
        }
    }
    assert_int_equal(refused, 8 - (WORKERS - FH_WORKERS_FOR_SCANS - 1));
}

/* A program that has not read its answers to the end plans its next question all the same. */
static void a_plan_runs_beside(void **state)
{
    (void)state;
    const struct asker holding = {.in_flight = 2, .questions = 2, .takes_ms = 5000};
    struct seat *seat = sit(holding);
    run(100);
    assert_int_equal(w.serve.turns.at_work, PER_KEY);
    seat->asker.plans = true;
    seat->asker.takes_ms = 1;
    ask(seat);
    run(60);
    assert_int_equal(seat->answered, 1);
}

/* ---- processors ---- */

static void the_quick_and_the_slow_are_parted(void **state)
{
    (void)state;
    struct seat *slow = sit((struct asker){.in_flight = 1, .questions = 1, .takes_ms = 6000});
    run(1000);
    assert_false(w.apart); /* it is alone */
    struct seat *quick = sit(often_one);
    run(1000);
    assert_true(w.apart);
    quick->asker.questions = quick->asked;
    run(900);
    assert_true(w.apart);
    run(1700);
    assert_false(w.apart); /* nobody asks */
    quick->asker.questions = OFTEN;
    run(300);
    assert_true(w.apart);
    run(4500);
    assert_int_equal(slow->answered, 1);
    assert_false(w.apart); /* nothing takes long */
}

static void two_that_are_slow_share_all(void **state)
{
    (void)state;
    sit(hostile);
    sit(hostile);
    for (unsigned i = 0; i < 200; i++) {
        run(50);
        assert_false(w.apart);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_newcomer_has_its_turn, up, down),
        cmocka_unit_test_setup_teardown(nor_do_plans_keep_it_waiting, up, down),
        cmocka_unit_test_setup_teardown(a_slow_one_has_its_turn_too, up, down),
        cmocka_unit_test_setup_teardown(nor_do_those_that_hardly_rest, up, down),
        cmocka_unit_test_setup_teardown(a_masked_one_gets_its_second_worker, up, down),
        cmocka_unit_test_setup_teardown(all_have_the_same, up, down),
        cmocka_unit_test_setup_teardown(the_slow_leave_room, up, down),
        cmocka_unit_test_setup_teardown(who_is_delayed_is_not_slow, up, down),
        cmocka_unit_test_setup_teardown(who_holds_is_slow, up, down),
        cmocka_unit_test_setup_teardown(one_key_has_its_share_and_a_queue, up, down),
        cmocka_unit_test_setup_teardown(streams_are_counted_apart, up, down),
        cmocka_unit_test_setup_teardown(who_waits_too_long_is_told, up, down),
        cmocka_unit_test_setup_teardown(a_plan_runs_beside, up, down),
        cmocka_unit_test_setup_teardown(the_quick_and_the_slow_are_parted, up, down),
        cmocka_unit_test_setup_teardown(two_that_are_slow_share_all, up, down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
