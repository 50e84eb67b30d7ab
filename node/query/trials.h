/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trials: conditions that the domain's people sign, each tried over the tables behind whose WHERE
 * it would stand, before it is in force.
 *
 *   begin -> a worker, waited for while all are at work -> each condition by gate_filter.h -> done
 *
 * Does not: know policies or grants. Thread: the loop's; the worker is asked on a pool thread.
 * Ownership: trials live in the arena that was given, which outlives the run; a condition is
 * borrowed as long, names and types of columns are copied.
 */
#ifndef FH_NODE_QUERY_TRIALS_H
#define FH_NODE_QUERY_TRIALS_H

#include "node/query/gate_filter.h"

struct fh_access_product; /* proto/governance/access.h */
struct fh_access_table;
struct fh_loop;
struct fh_timer;

enum { FH_TRIALS_MAX = 4096 }; /* conditions times tables: some ms each */

/* One condition over one table. */
struct fh_trial {
    const char *filter;
    const char *place; /* "orders@1.people" */
    const struct fh_filter_column *columns;
    uint32_t column_count;
    const void *of; /* the caller's: what the condition was written in */
    int code;       /* after the run: FH_OK, or FH_ECHECK and why */
    struct fh_err err;
};

/* Told once, on the loop: FH_OK when each trial has its code, or why they could not be run (the
 * failures of a worker: "limit.workers" after five seconds). */
typedef void fh_trials_fn(int code, const struct fh_err *err, void *user);

struct fh_trials {
    struct fh_arena *arena;
    uint32_t count;
    struct fh_trial **items;
    /* private */
    struct fh_loop *loop;
    struct fh_workers *workers;
    struct fh_timer *timer;
    struct fh_worker *worker;
    uint32_t memory_mib;
    int64_t give_up_ms;
    int code;
    struct fh_err err;
    fh_trials_fn *done;
    void *user;
};

/* FH_ENOMEM. */
FH_MUST_CHECK int
fh_trials_init(struct fh_trials *trials, struct fh_arena *arena, struct fh_err *err);

/* FH_ETOOBIG ("filter.tables") beyond FH_TRIALS_MAX, FH_ENOMEM. */
FH_MUST_CHECK int fh_trials_add(struct fh_trials *trials,
                                const char *filter,
                                const struct fh_access_product *product,
                                const struct fh_access_table *table,
                                const void *of,
                                struct fh_err *err);

/* Runs them in a worker of their own; `done` is told later, never from inside. Loop, workers and
 * the trials are kept until then. On failure `done` is not told. FH_ENOMEM, FH_EIO. */
FH_MUST_CHECK int fh_trials_run(struct fh_trials *trials,
                                struct fh_loop *loop,
                                struct fh_workers *workers,
                                uint32_t memory_mib,
                                fh_trials_fn *done,
                                void *user,
                                struct fh_err *err);

#endif
