/* SPDX-License-Identifier: Apache-2.0 */
/* The loop's timers, wake-ups and signals, and the inbox between threads. */
#include "common/time.h"
#include "node/io/inbox.h"
#include "node/io/loop.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

enum { WAIT_MS = 10000 };

struct world {
    struct fh_loop *loop;
    struct fh_inbox *inbox;
};

static void set_up(struct world *w)
{
    assert_int_equal(fh_loop_new(&w->loop, NULL), FH_OK);
    assert_int_equal(fh_inbox_new(&w->inbox, w->loop, NULL), FH_OK);
}

static void tear_down(struct world *w)
{
    fh_inbox_free(w->inbox);
    fh_loop_free(w->loop);
}

/* ---- timers ---- */

struct alarm {
    struct fh_timer *timer;
    unsigned fired;
    int64_t fired_ms;
    int64_t again_ms; /* sets itself once more so much later */
    bool ends;        /* frees its own timer */
};

static void on_alarm(void *user)
{
    struct alarm *alarm = user;
    alarm->fired++;
    alarm->fired_ms = fh_clock_mono_ms();
    if (alarm->again_ms > 0) {
        fh_timer_set(alarm->timer, alarm->fired_ms + alarm->again_ms);
        alarm->again_ms = 0;
    }
    if (alarm->ends) {
        fh_timer_free(alarm->timer);
        alarm->timer = NULL;
    }
}

static void run_for(struct world *w, int64_t ms)
{
    int64_t end_ms = fh_clock_mono_ms() + ms;
    while (fh_clock_mono_ms() < end_ms) {
        fh_loop_run_once(w->loop, 5);
    }
}

static void test_timers(void **state)
{
    (void)state;
    struct world w;
    struct alarm alarms[6] = {{.again_ms = 0}};
    set_up(&w);
    for (size_t i = 0; i < FH_COUNT(alarms); i++) {
        assert_int_equal(fh_timer_new(&alarms[i].timer, w.loop, on_alarm, &alarms[i], NULL), FH_OK);
    }
    int64_t now_ms = fh_clock_mono_ms();
    alarms[3].again_ms = 20;
    alarms[4].ends = true;
    fh_timer_set(alarms[0].timer, now_ms - 1000); /* past: at once */
    fh_timer_set(alarms[1].timer, now_ms + 40);
    fh_timer_set(alarms[2].timer, now_ms + 40);
    fh_timer_clear(alarms[2].timer);
    fh_timer_set(alarms[3].timer, now_ms + 500);
    fh_timer_set(alarms[3].timer, now_ms + 10); /* replaces */
    fh_timer_set(alarms[4].timer, now_ms);
    fh_timer_set(alarms[5].timer, INT64_MAX); /* never */
    run_for(&w, 150);
    static const unsigned fired[] = {1, 1, 0, 2, 1, 0};
    for (size_t i = 0; i < FH_COUNT(alarms); i++) {
        assert_int_equal(alarms[i].fired, fired[i]);
    }
    assert_true(alarms[1].fired_ms >= now_ms + 40);
    assert_true(alarms[3].fired_ms >= now_ms + 30);
    for (size_t i = 0; i < FH_COUNT(alarms); i++) {
        fh_timer_free(alarms[i].timer);
    }
    tear_down(&w);
}

/* ---- wake-ups and signals ---- */

static void count_wake(void *user)
{
    ++*(unsigned *)user;
}

static void *wake_main(void *user)
{
    for (int i = 0; i < 100; i++) {
        fh_wake_send(user);
    }
    return NULL;
}

static void test_wake(void **state)
{
    (void)state;
    struct world w;
    struct fh_wake *wake;
    unsigned woken = 0;
    pthread_t thread;
    set_up(&w);
    assert_int_equal(fh_wake_new(&wake, w.loop, count_wake, &woken, NULL), FH_OK);
    assert_int_equal(pthread_create(&thread, NULL, wake_main, wake), 0);
    pthread_join(thread, NULL);
    run_for(&w, 30);
    assert_true(woken >= 1);
    assert_true(woken <= 100);
    fh_wake_free(wake);
    tear_down(&w);
}

static void note_signal(int signum, void *user)
{
    *(int *)user = signum;
}

static void test_signal(void **state)
{
    (void)state;
    struct world w;
    struct fh_signal *handler;
    int got = 0;
    set_up(&w);
    assert_int_equal(fh_signal_new(&handler, w.loop, SIGUSR1, note_signal, &got, NULL), FH_OK);
    kill(getpid(), SIGUSR1);
    run_for(&w, 50);
    assert_int_equal(got, SIGUSR1);
    fh_signal_free(handler);
    assert_int_not_equal(fh_signal_new(&handler, w.loop, 9999, note_signal, &got, NULL), FH_OK);
    tear_down(&w);
}

static void stop_loop(void *user)
{
    fh_loop_stop(user);
}

static void test_stop(void **state)
{
    (void)state;
    struct world w;
    struct fh_timer *timer;
    set_up(&w);
    assert_int_equal(fh_timer_new(&timer, w.loop, stop_loop, w.loop, NULL), FH_OK);
    fh_timer_set(timer, fh_clock_mono_ms() + 10);
    fh_loop_run(w.loop); /* returns */
    fh_timer_free(timer);
    tear_down(&w);
}

/* ---- inbox ---- */

enum { SENDERS = 4, SENDINGS = 500 };

struct letter {
    struct fh_inbox_event event;
    struct fh_inbox *inbox;
    unsigned delivered;
    unsigned order;
    unsigned *orders;
    unsigned repost; /* posts itself so often from its delivery */
};

static void on_letter(struct fh_inbox_event *event)
{
    struct letter *letter = FH_LIST_ENTRY(event, struct letter, event);
    letter->delivered++;
    letter->order = ++*letter->orders;
    if (letter->repost > 0) {
        letter->repost--;
        assert_true(fh_inbox_post(letter->inbox, event));
    }
}

static void init_letter(struct letter *letter, struct world *w, unsigned *orders)
{
    *letter = (struct letter){.inbox = w->inbox, .orders = orders};
    fh_inbox_event_init(&letter->event, on_letter);
}

static void test_inbox(void **state)
{
    (void)state;
    struct world w;
    struct letter letters[4];
    unsigned orders = 0;
    set_up(&w);
    for (size_t i = 0; i < FH_COUNT(letters); i++) {
        init_letter(&letters[i], &w, &orders);
        assert_true(fh_inbox_post(w.inbox, &letters[i].event));
        assert_false(fh_inbox_post(w.inbox, &letters[i].event)); /* queued already */
    }
    assert_int_equal(fh_inbox_depth(w.inbox), 4);
    assert_true(fh_inbox_remove(w.inbox, &letters[2].event));
    assert_false(fh_inbox_remove(w.inbox, &letters[2].event));
    letters[0].repost = 2;
    run_for(&w, 50);
    assert_int_equal(letters[0].delivered, 3);
    assert_int_equal(letters[1].delivered, 1);
    assert_int_equal(letters[2].delivered, 0);
    assert_int_equal(letters[3].delivered, 1);
    assert_int_equal(letters[1].order, 2); /* in the order posted */
    assert_int_equal(letters[3].order, 3);
    assert_int_equal(fh_inbox_depth(w.inbox), 0);
    assert_int_equal(fh_inbox_depth_max(w.inbox), 4);
    tear_down(&w);
}

/* A ball is thrown by a thread and thrown back by the loop: nothing is lost, nothing doubled. */
struct ball {
    struct fh_inbox_event event;
    struct fh_inbox *inbox;
    atomic_bool with_thread;
    unsigned caught;
};

static void on_ball(struct fh_inbox_event *event)
{
    struct ball *ball = FH_LIST_ENTRY(event, struct ball, event);
    ball->caught++;
    atomic_store(&ball->with_thread, true);
}

static void *throw_main(void *user)
{
    struct ball *ball = user;
    for (int i = 0; i < SENDINGS; i++) {
        while (!atomic_load(&ball->with_thread)) {
            usleep(20);
        }
        atomic_store(&ball->with_thread, false);
        fh_inbox_post(ball->inbox, &ball->event);
    }
    return NULL;
}

static void test_inbox_threads(void **state)
{
    (void)state;
    struct world w;
    struct ball balls[SENDERS];
    pthread_t threads[SENDERS];
    set_up(&w);
    for (int i = 0; i < SENDERS; i++) {
        balls[i].inbox = w.inbox;
        balls[i].caught = 0;
        atomic_init(&balls[i].with_thread, true);
        fh_inbox_event_init(&balls[i].event, on_ball);
        assert_int_equal(pthread_create(&threads[i], NULL, throw_main, &balls[i]), 0);
    }
    int64_t end_ms = fh_clock_mono_ms() + WAIT_MS;
    unsigned caught = 0;
    while (caught < SENDERS * SENDINGS && fh_clock_mono_ms() < end_ms) {
        fh_loop_run_once(w.loop, 100);
        caught = 0;
        for (int i = 0; i < SENDERS; i++) {
            caught += balls[i].caught;
        }
    }
    assert_int_equal(caught, SENDERS * SENDINGS);
    for (int i = 0; i < SENDERS; i++) {
        pthread_join(threads[i], NULL);
    }
    tear_down(&w);
}

/* ---- a loop inside another ---- */

static void on_inner_wake(void *user)
{
    atomic_fetch_add((atomic_uint *)user, 1);
}

static void *wake_it(void *wake)
{
    fh_wake_send(wake);
    return NULL;
}

static void until(struct world *w, const atomic_uint *count, unsigned wanted)
{
    int64_t end_ms = fh_clock_mono_ms() + WAIT_MS;
    while (atomic_load(count) < wanted && fh_clock_mono_ms() < end_ms) {
        fh_loop_run_once(w->loop, 1000);
    }
    assert_true(atomic_load(count) >= wanted);
}

/* Timers and wake-ups of the inner loop come in the outer one's rounds, on its thread. */
static void test_embedded(void **state)
{
    (void)state;
    struct world w;
    struct fh_loop *inner = NULL;
    struct fh_wake *wake = NULL;
    struct alarm early = {.again_ms = 20};
    struct alarm late = {.ends = true};
    atomic_uint woken = 0;
    pthread_t thread;
    set_up(&w);
    assert_int_equal(fh_loop_new(&inner, NULL), FH_OK);
    assert_int_equal(fh_timer_new(&early.timer, inner, on_alarm, &early, NULL), FH_OK);
    int64_t begun_ms = fh_clock_mono_ms();
    fh_timer_set(early.timer, begun_ms + 10); /* what it has already */
    assert_int_equal(fh_loop_embed(w.loop, inner, NULL), FH_OK);
    assert_int_equal(fh_wake_new(&wake, inner, on_inner_wake, &woken, NULL), FH_OK);
    for (int i = 0; i < 100 && early.fired < 2; i++) {
        fh_loop_run_once(w.loop, 1000);
    }
    assert_int_equal(early.fired, 2);
    assert_true(early.fired_ms - begun_ms >= 30);
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal(pthread_create(&thread, NULL, wake_it, wake), 0);
        pthread_join(thread, NULL);
        until(&w, &woken, i);
    }
    assert_int_equal(fh_timer_new(&late.timer, inner, on_alarm, &late, NULL), FH_OK);
    fh_timer_set(late.timer, fh_clock_mono_ms());
    fh_wake_send(wake); /* what is set from outside is seen in its next round */
    run_for(&w, 20);
    assert_int_equal(late.fired, 1);
    assert_null(late.timer);
    fh_timer_free(early.timer);
    fh_wake_free(wake);
    fh_loop_free(inner); /* by itself, while the outer one goes on */
    run_for(&w, 5);
    tear_down(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timers),
        cmocka_unit_test(test_wake),
        cmocka_unit_test(test_signal),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_inbox),
        cmocka_unit_test(test_inbox_threads),
        cmocka_unit_test(test_embedded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
