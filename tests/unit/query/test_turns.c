/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turns in a world of its own time: keys that ask at once, or again whenever one of their questions
 * is over, a few workers, and a clock that goes on by a millisecond. Everything that turns.c calls
 * is in this file, so that a run is the same on every machine; the workers of sessions are kept,
 * started and taken away as by crew.c.
 */
#include "common/mem.h"
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
    SLICE_MS = 500, /* as in crew.c: so long a session keeps its worker against others */
    LOOK_MS = 500,  /* as in watch.c */
    KEYS_MAX = 16,
    OFTEN = 1000000, /* questions, more than a test has time for */
};

struct fh_worker {
    uint64_t session; /* 0: there is none */
    bool idle;
    bool yields;
    bool takes_long;
    int64_t taken_ms;
    int64_t cpu_ms;
};

/* What a key does. */
struct asker {
    unsigned in_flight;
    unsigned questions; /* in all */
    int64_t takes_ms;   /* of its worker and of the processor */
    bool streams;
    bool plans; /* each question before */
};

struct seat {
    struct asker asker;
    uint64_t session;
    unsigned asked;
    unsigned open;
    unsigned answered;
    unsigned refused;
    char rule[64];
    int64_t waited_most_ms; /* from asking to the turn */
};

static struct world {
    int64_t now_ms;
    int64_t look_ms;
    struct fh_settings settings;
    struct fh_serve serve;
    struct fh_worker workers[WORKERS];
    struct seat seats[KEYS_MAX];
    unsigned seat_count;
    bool apart;
} w;

/* ---- what turns.c calls ---- */

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

static struct fh_worker *find_worker(uint64_t session)
{
    for (size_t i = 0; i < WORKERS; i++) {
        if (w.workers[i].idle && w.workers[i].session == session) {
            return &w.workers[i];
        }
    }
    return NULL;
}

bool fh_crew_has_idle(struct fh_crew *crew, uint64_t session, enum fh_worker_role role)
{
    (void)crew;
    (void)role;
    return find_worker(session) != NULL;
}

void fh_crew_split(struct fh_crew *crew, bool split)
{
    (void)crew;
    w.apart = split;
}

int64_t fh_worker_cpu_ms(const struct fh_worker *worker)
{
    return worker->cpu_ms;
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

void fh_stream_begin(struct fh_stream *stream)
{
    (void)stream;
    fail(); /* nobody is short of a second worker here */
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

/* A worker of its session, a new one, or one that has nothing to do and had its time. */
static struct fh_worker *take_worker(uint64_t session, bool *out_fresh)
{
    struct fh_worker *worker = find_worker(session);
    *out_fresh = worker == NULL;
    for (size_t i = 0; worker == NULL && i < WORKERS; i++) {
        worker = w.workers[i].session == 0 ? &w.workers[i] : NULL;
    }
    for (size_t i = 0; worker == NULL && i < WORKERS; i++) {
        bool gives_way = w.workers[i].idle && w.now_ms - w.workers[i].taken_ms >= SLICE_MS;
        worker = gives_way ? &w.workers[i] : NULL;
    }
    if (worker != NULL && *out_fresh) {
        *worker = (struct fh_worker){.session = session, .taken_ms = w.now_ms};
    }
    return worker;
}

bool fh_stream_prepare(struct fh_stream *stream)
{
    struct seat *seat = seat_of(stream);
    bool fresh = false;
    stream->worker = take_worker(stream->session, &fresh);
    if (stream->worker == NULL) {
        return false;
    }
    int64_t waited_ms = w.now_ms - stream->queued_ms;
    seat->waited_most_ms = waited_ms > seat->waited_most_ms ? waited_ms : seat->waited_most_ms;
    stream->worker->idle = false;
    stream->worker->takes_long = false;
    stream->state = FH_STREAM_RUNNING;
    stream->begun_ms = w.now_ms;
    int64_t more_ms = (int64_t)(seat->answered + seat->session) % 3; /* they do not go in step */
    stream->deadline_ms = w.now_ms + seat->asker.takes_ms + more_ms + (fresh ? START_MS : 0);
    fh_turns_begin(stream);
    return true;
}

/* ---- the world ---- */

static int up(void **state)
{
    (void)state;
    memset(&w, 0, sizeof w);
    w.now_ms = 1000000;
    w.settings.workers_max = WORKERS;
    w.settings.queries_per_key_max = PER_KEY;
    w.serve.options.settings = &w.settings;
    fh_list_init(&w.serve.streams);
    return 0;
}

static void end_stream(struct fh_stream *stream)
{
    struct seat *seat = seat_of(stream);
    if (stream->worker != NULL) {
        stream->worker->idle = true;
        fh_turns_ended(stream);
        seat->answered++;
    }
    seat->open--;
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
    while (seat->open < seat->asker.in_flight && seat->asked < seat->asker.questions) {
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
        if (stream->state == FH_STREAM_RUNNING) {
            stream->worker->cpu_ms++;
            stream->worker->takes_long = w.now_ms - stream->begun_ms > FH_QUERY_INLINE_MS;
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
        cmocka_unit_test_setup_teardown(all_have_the_same, up, down),
        cmocka_unit_test_setup_teardown(the_slow_leave_room, up, down),
        cmocka_unit_test_setup_teardown(one_key_has_its_share_and_a_queue, up, down),
        cmocka_unit_test_setup_teardown(streams_are_counted_apart, up, down),
        cmocka_unit_test_setup_teardown(who_waits_too_long_is_told, up, down),
        cmocka_unit_test_setup_teardown(a_plan_runs_beside, up, down),
        cmocka_unit_test_setup_teardown(the_quick_and_the_slow_are_parted, up, down),
        cmocka_unit_test_setup_teardown(two_that_are_slow_share_all, up, down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
