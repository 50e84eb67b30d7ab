/* SPDX-License-Identifier: Apache-2.0 */
#include "node/io/loop.h"

#include "common/assert.h"
#include "common/mem.h"
#include "common/time.h"

#include <sched.h>
#include <uv.h>

/* A handle's struct starts with its uv handle, so that one close callback frees them all. */

struct fh_loop {
    uv_loop_t uv;
    cpu_set_t processors; /* of its thread when it was made */
    bool processors_known;
    uv_timer_t wait;         /* bounds fh_loop_run_once */
    struct embedded *inside; /* what runs it from another loop; NULL: it runs by itself */
    unsigned notes;          /* callbacks that ran: see fh_loop_note */
};

/* Handles of the outer loop, with memory of their own as libuv closes late. */
struct embedded {
    uv_poll_t ready; /* something happened to a handle of the inner one */
    uv_timer_t due;  /* a timer of the inner one, or what is left to be done */
    unsigned open;   /* of the two */
    struct fh_loop *inner;
};

struct fh_timer {
    uv_timer_t uv;
    fh_timer_fn *fn;
    void *user;
    int64_t deadline_ms;
};

struct fh_wake {
    uv_async_t uv;
    fh_wake_fn *fn;
    void *user;
};

struct fh_signal {
    uv_signal_t uv;
    fh_signal_fn *fn;
    void *user;
};

static int uv_failed(struct fh_err *err, int status, const char *what)
{
    return fh_err_set(
        err, status == UV_ENOMEM ? FH_ENOMEM : FH_EIO, "%s: %s", what, uv_strerror(status));
}

static void free_handle(uv_handle_t *handle)
{
    fh_free(handle->data);
}

static void close_handle(uv_handle_t *handle, void *owner)
{
    handle->data = owner;
    uv_close(handle, free_handle);
}

/* ---- loop ---- */

int fh_loop_new(struct fh_loop **out, struct fh_err *err)
{
    struct fh_loop *loop = fh_calloc(1, sizeof *loop);
    if (loop == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the event loop");
    }
    int status = uv_loop_init(&loop->uv);
    if (status != 0) {
        fh_free(loop);
        return uv_failed(err, status, "event loop");
    }
    loop->uv.data = loop;
    loop->processors_known = sched_getaffinity(0, sizeof loop->processors, &loop->processors) == 0;
    FH_ASSERT(uv_timer_init(&loop->uv, &loop->wait) == 0);
    uv_unref((uv_handle_t *)&loop->wait);
    *out = loop;
    return FH_OK;
}

static void expect_closing(uv_handle_t *handle, void *user)
{
    (void)user;
    FH_ASSERT(uv_is_closing(handle));
}

/* ---- a loop inside another ---- */

enum { ROUNDS_MAX = 8 }; /* at once: the outer loop has others to serve */

void fh_loop_note(struct fh_loop *inner)
{
    inner->notes++;
}

static void on_inner_due(uv_timer_t *due);

static void run_inner(struct embedded *inside)
{
    struct fh_loop *inner = inside->inner;
    unsigned before;
    int rounds = 0;
    do {
        before = inner->notes;
        uv_run(&inner->uv, UV_RUN_NOWAIT);
    } while (inner->notes != before && ++rounds < ROUNDS_MAX);
    int wait_ms = inner->notes != before ? 0 : uv_backend_timeout(&inner->uv);
    if (wait_ms < 0) {
        uv_timer_stop(&inside->due);
    } else {
        uv_update_time(inside->due.loop);
        FH_ASSERT(uv_timer_start(&inside->due, on_inner_due, (uint64_t)wait_ms, 0) == 0);
    }
}

static void on_inner_ready(uv_poll_t *ready, int status, int events)
{
    (void)status;
    (void)events;
    run_inner(ready->data);
}

static void on_inner_due(uv_timer_t *due)
{
    run_inner(due->data);
}

static void free_embedded(uv_handle_t *handle)
{
    struct embedded *inside = handle->data;
    if (--inside->open == 0) {
        fh_free(inside);
    }
}

int fh_loop_embed(struct fh_loop *outer, struct fh_loop *inner, struct fh_err *err)
{
    FH_ASSERT(inner->inside == NULL);
    struct embedded *inside = fh_calloc(1, sizeof *inside);
    if (inside == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a loop inside another");
    }
    int status = uv_poll_init(&outer->uv, &inside->ready, uv_backend_fd(&inner->uv));
    if (status != 0) {
        fh_free(inside);
        return uv_failed(err, status, "a loop inside another");
    }
    FH_ASSERT(uv_timer_init(&outer->uv, &inside->due) == 0);
    FH_ASSERT(uv_poll_start(&inside->ready, UV_READABLE, on_inner_ready) == 0);
    inside->open = 2;
    inside->inner = inner;
    inside->ready.data = inside;
    inside->due.data = inside;
    inner->inside = inside;
    FH_ASSERT(uv_timer_start(&inside->due, on_inner_due, 0, 0) == 0); /* what it has already */
    return FH_OK;
}

static void leave_outer(struct fh_loop *inner)
{
    struct embedded *inside = FH_TAKE(inner->inside);
    if (inside != NULL) {
        uv_close((uv_handle_t *)&inside->ready, free_embedded);
        uv_close((uv_handle_t *)&inside->due, free_embedded);
    }
}

/* ---- the end of a loop ---- */

void fh_loop_free(struct fh_loop *loop)
{
    if (loop == NULL) {
        return;
    }
    leave_outer(loop);
    uv_close((uv_handle_t *)&loop->wait, NULL);
    uv_walk(&loop->uv, expect_closing, NULL);
    /* Closing callbacks are left, and name look-ups, which end by themselves. */
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    int status = uv_loop_close(&loop->uv);
    FH_ASSERT(status == 0);
    fh_free(loop);
}

void fh_loop_run(struct fh_loop *loop)
{
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

static void on_wait(uv_timer_t *timer)
{
    (void)timer;
}

void fh_loop_run_once(struct fh_loop *loop, int64_t wait_ms)
{
    if (wait_ms <= 0) {
        uv_run(&loop->uv, UV_RUN_NOWAIT);
        return;
    }
    uv_update_time(&loop->uv);
    uv_ref((uv_handle_t *)&loop->wait);
    FH_ASSERT(uv_timer_start(&loop->wait, on_wait, (uint64_t)wait_ms, 0) == 0);
    uv_run(&loop->uv, UV_RUN_ONCE);
    uv_timer_stop(&loop->wait);
    uv_unref((uv_handle_t *)&loop->wait);
}

void fh_loop_stop(struct fh_loop *loop)
{
    uv_stop(&loop->uv);
}

void fh_loop_spread(const struct fh_loop *loop, int pid)
{
    if (loop->processors_known) { /* it may have ended already */
        (void)sched_setaffinity(pid, sizeof loop->processors, &loop->processors);
    }
}

struct uv_loop_s *fh_loop_uv(struct fh_loop *loop)
{
    return &loop->uv;
}

/* ---- timer ---- */

int fh_timer_new(
    struct fh_timer **out, struct fh_loop *loop, fh_timer_fn *fn, void *user, struct fh_err *err)
{
    struct fh_timer *timer = fh_calloc(1, sizeof *timer);
    if (timer == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a timer");
    }
    FH_ASSERT(uv_timer_init(&loop->uv, &timer->uv) == 0);
    timer->fn = fn;
    timer->user = user;
    timer->deadline_ms = INT64_MAX;
    timer->uv.data = timer;
    *out = timer;
    return FH_OK;
}

static void on_timer(uv_timer_t *uv)
{
    struct fh_timer *timer = uv->data;
    fh_loop_note(uv->loop->data);
    int64_t deadline_ms = timer->deadline_ms;
    if (deadline_ms > fh_clock_mono_ms()) {
        fh_timer_set(timer, deadline_ms); /* libuv's cached clock was ahead */
        return;
    }
    timer->deadline_ms = INT64_MAX;
    timer->fn(timer->user);
}

void fh_timer_set(struct fh_timer *timer, int64_t mono_ms)
{
    timer->deadline_ms = mono_ms;
    if (mono_ms == INT64_MAX) {
        uv_timer_stop(&timer->uv);
        return;
    }
    int64_t wait_ms = mono_ms - fh_clock_mono_ms();
    uv_update_time(timer->uv.loop);
    FH_ASSERT(uv_timer_start(&timer->uv, on_timer, wait_ms > 0 ? (uint64_t)wait_ms : 0, 0) == 0);
}

void fh_timer_clear(struct fh_timer *timer)
{
    fh_timer_set(timer, INT64_MAX);
}

void fh_timer_free(struct fh_timer *timer)
{
    if (timer != NULL) {
        close_handle((uv_handle_t *)&timer->uv, timer);
    }
}

/* ---- wake ---- */

static void on_wake(uv_async_t *uv)
{
    struct fh_wake *wake = uv->data;
    fh_loop_note(uv->loop->data);
    wake->fn(wake->user);
}

int fh_wake_new(
    struct fh_wake **out, struct fh_loop *loop, fh_wake_fn *fn, void *user, struct fh_err *err)
{
    struct fh_wake *wake = fh_calloc(1, sizeof *wake);
    if (wake == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a wake-up");
    }
    int status = uv_async_init(&loop->uv, &wake->uv, on_wake);
    if (status != 0) {
        fh_free(wake);
        return uv_failed(err, status, "wake-up");
    }
    wake->fn = fn;
    wake->user = user;
    wake->uv.data = wake;
    *out = wake;
    return FH_OK;
}

void fh_wake_send(struct fh_wake *wake)
{
    FH_ASSERT(uv_async_send(&wake->uv) == 0);
}

void fh_wake_free(struct fh_wake *wake)
{
    if (wake != NULL) {
        close_handle((uv_handle_t *)&wake->uv, wake);
    }
}

/* ---- signal ---- */

static void on_signal(uv_signal_t *uv, int signum)
{
    struct fh_signal *signal = uv->data;
    signal->fn(signum, signal->user);
}

int fh_signal_new(struct fh_signal **out,
                  struct fh_loop *loop,
                  int signum,
                  fh_signal_fn *fn,
                  void *user,
                  struct fh_err *err)
{
    struct fh_signal *signal = fh_calloc(1, sizeof *signal);
    if (signal == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a signal");
    }
    int status = uv_signal_init(&loop->uv, &signal->uv);
    if (status != 0) {
        fh_free(signal);
        return uv_failed(err, status, "signal");
    }
    signal->fn = fn;
    signal->user = user;
    signal->uv.data = signal;
    status = uv_signal_start(&signal->uv, on_signal, signum);
    if (status != 0) {
        fh_signal_free(signal);
        return uv_failed(err, status, "signal");
    }
    *out = signal;
    return FH_OK;
}

void fh_signal_free(struct fh_signal *signal)
{
    if (signal != NULL) {
        close_handle((uv_handle_t *)&signal->uv, signal);
    }
}
