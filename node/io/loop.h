/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loop: the daemon's one event loop, with timers, wake-ups and signals.
 *
 * Everything that owns state in the daemon runs on the thread that runs this loop. A timer has one
 * deadline in monotonic milliseconds, so that a component sets it to its core's deadline() after
 * every step. Other threads reach the loop through a wake-up, mostly through an inbox (inbox.h).
 *
 * Does not: own the clock of the protocol (callers read common/time.h and pass values).
 * Thread: the loop's, except fh_wake_send. Ownership: handles are given by _new and ended by _free;
 * a callback may free its own handle. All handles are freed before the loop.
 */
#ifndef FH_NODE_IO_LOOP_H
#define FH_NODE_IO_LOOP_H

#include "common/err.h"

#include <stdbool.h>
#include <stdint.h>

struct uv_loop_s; /* uv_loop_t, for the owners of uv.h */
struct fh_loop;
struct fh_timer;
struct fh_wake;
struct fh_signal;

typedef void fh_timer_fn(void *user);
typedef void fh_wake_fn(void *user);
typedef void fh_signal_fn(int signum, void *user);

/* Gives a loop. FH_EIO, FH_ENOMEM. */
FH_MUST_CHECK int fh_loop_new(struct fh_loop **out, struct fh_err *err);
/* Runs the closing callbacks of freed handles, then frees. Asserts that none is left open. NULL is
 * fine. */
void fh_loop_free(struct fh_loop *loop);
/* Runs until fh_loop_stop. */
void fh_loop_run(struct fh_loop *loop);
/* Waits for at most one round of events, at most `wait_ms`. For tests and for draining. */
void fh_loop_run_once(struct fh_loop *loop, int64_t wait_ms);
void fh_loop_stop(struct fh_loop *loop);
/* From now on `inner` runs on the thread of `outer`, inside its rounds, when something is there for
 * it; both have handles of their own, and `inner` is freed first. What is set on `inner` from
 * outside its callbacks is seen in its next round: wake it. FH_EIO, FH_ENOMEM. */
FH_MUST_CHECK int fh_loop_embed(struct fh_loop *outer, struct fh_loop *inner, struct fh_err *err);
/* For callbacks of the uv handles that others have on such a loop: libuv begins to watch what a
 * callback asks for with the next round only, so there must be one. Timers and wake-ups do it
 * themselves. */
void fh_loop_note(struct fh_loop *inner);
/* A process that was just started may use all processors that the loop had when it was made, also
 * while its thread keeps to some. */
void fh_loop_spread(const struct fh_loop *loop, int pid);
/* Lent. */
struct uv_loop_s *fh_loop_uv(struct fh_loop *loop);

/* A timer without deadline. `fn` and `user` are kept. FH_ENOMEM. */
FH_MUST_CHECK int fh_timer_new(
    struct fh_timer **out, struct fh_loop *loop, fh_timer_fn *fn, void *user, struct fh_err *err);
/* Fires once when fh_clock_mono_ms() has reached `mono_ms` (at once when it has); replaces the
 * deadline set before. INT64_MAX: never. */
void fh_timer_set(struct fh_timer *timer, int64_t mono_ms);
void fh_timer_clear(struct fh_timer *timer);
void fh_timer_free(struct fh_timer *timer);

/* A wake-up: `fn` runs on the loop once or more after fh_wake_send. FH_EIO, FH_ENOMEM. */
FH_MUST_CHECK int fh_wake_new(
    struct fh_wake **out, struct fh_loop *loop, fh_wake_fn *fn, void *user, struct fh_err *err);
/* Any thread, until fh_wake_free begins. */
void fh_wake_send(struct fh_wake *wake);
void fh_wake_free(struct fh_wake *wake);

/* `fn` runs on the loop for each delivery of `signum`. FH_EIO, FH_ENOMEM. */
FH_MUST_CHECK int fh_signal_new(struct fh_signal **out,
                                struct fh_loop *loop,
                                int signum,
                                fh_signal_fn *fn,
                                void *user,
                                struct fh_err *err);
void fh_signal_free(struct fh_signal *signal);

#endif
