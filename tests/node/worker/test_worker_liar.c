/* SPDX-License-Identifier: Apache-2.0 */
/* Workers that break the protocol: each ends with an error here and with the process dead, and none
 * makes who asks or who only cancels wait for it. */
#include "common/time.h"
#include "node/io/loop.h"
#include "node/query/workers.h"
#include "tests/lib/scratch.h"
#include "tests/node/worker/liar.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    BUSY_MS = 2000,    /* what a busy machine may add */
    AT_ONCE_MS = 2000, /* what does not wait takes no longer, on a busy machine too */
};

static const struct {
    const char *text;
    bool up;
    const char *rule;
} lies[LIE_COUNT] = {
#define X(name, text, up, rule) [LIE_##name] = {(text), (up), (rule)},
    LIES(X)
#undef X
};

static int ask(struct fh_worker *worker, unsigned lie, struct fh_err *err)
{
    struct fh_worker_event event;
    int64_t deadline = fh_clock_mono_ms() + 700;
    int code = fh_worker_setup(worker, FH_WORKER_QUERY, 64, 1, deadline, err);
    if (!lies[lie].up) {
        return code;
    }
    if (code != FH_OK) {
        fail_msg("%s", err->text);
    }
    struct fh_channel_run run = {.sql = fh_bytes_cstr("SELECT 1"), .window = 2};
    run.rows_max = lie == LIE_TOO_MANY ? 3 : 0;
    code = fh_worker_run(worker, &run, fh_clock_mono_ms() + 300, err);
    while (code == FH_OK) {
        code = fh_worker_next(worker, &event, err);
        assert_false(code == FH_OK && event.kind == FH_WORKER_END);
    }
    return code;
}

struct liars {
    struct test_scratch scratch;
    struct fh_loop *loop;
    struct fh_workers *workers;
};

static void liars_up(struct liars *liars)
{
    struct fh_err err = {0};
    liars->scratch = test_scratch_make();
    struct fh_workers_options options = {
        .program = FH_LIAR_PROGRAM, .spill_root = liars->scratch.path, .workers_max = 2};
    assert_int_equal(fh_loop_new(&liars->loop, &err), FH_OK);
    assert_int_equal(fh_workers_new(&liars->workers, fh_loop_uv(liars->loop), &options, &err),
                     FH_OK);
}

static void release(struct liars *liars, struct fh_worker *worker)
{
    fh_worker_release(worker);
    for (int i = 0; i < 100 && fh_workers_count(liars->workers) > 0; i++) {
        fh_loop_run_once(liars->loop, 20);
    }
    assert_int_equal(fh_workers_count(liars->workers), 0);
}

static void liars_down(struct liars *liars)
{
    for (int i = 0; i < 50 && !fh_workers_drained(liars->workers); i++) {
        fh_loop_run_once(liars->loop, 20);
    }
    assert_true(fh_workers_drained(liars->workers));
    fh_workers_free(liars->workers);
    fh_loop_free(liars->loop);
    test_scratch_remove(&liars->scratch);
}

static void lies_end_the_worker(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct liars liars = {0};
    liars_up(&liars);
    for (unsigned lie = 1; lie < LIE_COUNT; lie++) {
        struct fh_worker *worker = NULL;
        err = (struct fh_err){0};
        assert_int_equal(fh_workers_spawn(liars.workers, &worker, &err), FH_OK);
        int code = ask(worker, lie, &err);
        bool hangs = lie == LIE_SILENCE || lie == LIE_HANG || lie == LIE_DEAF || lie == LIE_LATE;
        bool gone = lie == LIE_EXIT || lie == LIE_CUT;
        int expected = hangs                  ? FH_ETIMEOUT
                       : gone                 ? FH_EIO
                       : lie == LIE_BIG_ERROR ? FH_EINTERNAL // not believed, but an answer
                                              : FH_EPROTO;
        if (code != expected || strcmp(err.rule, lies[lie].rule) != 0 ||
            fh_worker_dead(worker) != (lie != LIE_BIG_ERROR && lie != LIE_LATE)) {
            fail_msg("a worker that %s: %s [%s] %s",
                     lies[lie].text,
                     fh_code_name(code),
                     err.rule,
                     err.text);
        }
        release(&liars, worker);
    }
    liars_down(&liars);
}

/* ---- a worker that does not read ---- */

struct scan { /* a batch on its way to a worker, on a thread of its own */
    struct fh_worker *worker;
    pthread_t thread;
    int64_t deadline_ms; /* of the query */
    int64_t ended_ms;
    int code;
};

static void *send_scan_batch(void *user)
{
    static const uint8_t batch[FH_BATCH_BYTES_MAX];
    struct scan *scan = user;
    struct fh_err err = {0};
    scan->code = fh_worker_scan_batch(scan->worker, 1, fh_bytes(batch, sizeof batch), &err);
    scan->ended_ms = fh_clock_mono_ms();
    return NULL;
}

/* A worker that tells `lie`, with a query of `query_ms` that has opened its scan, and a thread that
 * sends a batch for it, which the channel does not hold. */
static struct fh_worker *blocked(struct liars *liars, enum lie lie, int query_ms, struct scan *scan)
{
    struct fh_err err = {0};
    struct fh_worker *worker = NULL;
    struct fh_worker_event event;
    for (unsigned number = 1; number <= lie; number++) {
        if (worker != NULL) {
            release(liars, worker);
        }
        assert_int_equal(fh_workers_spawn(liars->workers, &worker, &err), FH_OK);
    }
    int64_t soon_ms = fh_clock_mono_ms() + 10000;
    assert_int_equal(fh_worker_setup(worker, FH_WORKER_QUERY, 64, 1, soon_ms, &err), FH_OK);
    struct fh_channel_run run = {.sql = fh_bytes_cstr("SELECT 1"), .window = 2};
    *scan = (struct scan){.worker = worker, .deadline_ms = fh_clock_mono_ms() + query_ms};
    assert_int_equal(fh_worker_run(worker, &run, scan->deadline_ms, &err), FH_OK);
    assert_int_equal(fh_worker_next(worker, &event, &err), FH_OK);
    assert_int_equal(event.kind, FH_WORKER_SCAN_OPEN);
    assert_int_equal(pthread_create(&scan->thread, NULL, send_scan_batch, scan), 0);
    usleep(100 * 1000); /* until it waits */
    return worker;
}

/* Whatever a worker reads and when: who cancels does not wait, and the query is over, with the
 * process and the batch that is on its way, when the grace is. */
static void a_deaf_worker_keeps_nobody(void **state)
{
    (void)state;
    static const struct {
        bool cancel;
        bool asked; /* somebody waits for what it answers */
    } cases[] = {{true, true}, {true, false}, {false, true}, {false, false}};
    for (size_t i = 0; i < FH_COUNT(cases); i++) {
        struct fh_err err = {0};
        struct fh_worker_event event;
        struct liars liars = {0};
        struct scan scan;
        liars_up(&liars);
        struct fh_worker *worker = blocked(&liars, LIE_DEAF, cases[i].cancel ? 60000 : 1500, &scan);
        int64_t end_ms = scan.deadline_ms;
        if (cases[i].cancel) {
            end_ms = fh_clock_mono_ms();
            fh_worker_cancel(worker);
            assert_in_range(fh_clock_mono_ms() - end_ms, 0, AT_ONCE_MS);
        }
        end_ms += FH_WORKER_GRACE_MS + BUSY_MS;
        if (cases[i].asked) {
            assert_int_equal(fh_worker_next(worker, &event, &err),
                             cases[i].cancel ? FH_ECANCELLED : FH_ETIMEOUT);
            assert_in_range(fh_clock_mono_ms(), 0, end_ms);
        }
        assert_int_equal(pthread_join(scan.thread, NULL), 0);
        assert_int_not_equal(scan.code, FH_OK);
        assert_in_range(scan.ended_ms, 0, end_ms);
        assert_true(fh_worker_dead(worker));
        release(&liars, worker);
        liars_down(&liars);
    }
}

/* A cancel that the channel has no room for is not lost: it follows when there is. */
static void a_cancel_follows_when_there_is_room(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_worker_event event;
    struct liars liars = {0};
    struct scan scan;
    liars_up(&liars);
    struct fh_worker *worker = blocked(&liars, LIE_LATE, 20000, &scan);
    fh_worker_cancel(worker);
    assert_int_equal(fh_worker_next(worker, &event, &err), FH_ECANCELLED);
    assert_false(fh_worker_dead(worker));
    assert_int_equal(pthread_join(scan.thread, NULL), 0);
    assert_int_equal(scan.code, FH_OK);
    release(&liars, worker);
    liars_down(&liars);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lies_end_the_worker),
        cmocka_unit_test(a_deaf_worker_keeps_nobody),
        cmocka_unit_test(a_cancel_follows_when_there_is_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
