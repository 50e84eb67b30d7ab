/* SPDX-License-Identifier: Apache-2.0 */
#include "node/query/trials.h"

#include "common/assert.h"
#include "common/time.h"
#include "node/io/loop.h"
#include "node/io/pool.h"
#include "proto/governance/access.h"

enum {
    RUN_MS = 60000,
    WAIT_MS = 5000, /* for a worker, when all are at work */
    AGAIN_MS = 20,  /* between looks for one */
};

int fh_trials_init(struct fh_trials *trials, struct fh_arena *arena, struct fh_err *err)
{
    *trials = (struct fh_trials){.arena = arena};
    trials->items = fh_arena_array(arena, FH_TRIALS_MAX, sizeof(struct fh_trial *));
    return trials->items != NULL ? FH_OK : fh_err_set(err, FH_ENOMEM, "no memory for conditions");
}

static const struct fh_filter_column *copy_columns(const struct fh_access_table *table,
                                                   struct fh_arena *arena)
{
    struct fh_filter_column *columns =
        fh_arena_array(arena, (size_t)table->column_count + 1, sizeof *columns);
    for (uint32_t i = 0; columns != NULL && i < table->column_count; i++) {
        columns[i].name = fh_arena_strdup(arena, table->columns[i].name);
        columns[i].sql_type = fh_arena_strdup(arena, table->columns[i].sql_type);
        if (columns[i].name == NULL || columns[i].sql_type == NULL) {
            return NULL;
        }
    }
    return columns;
}

int fh_trials_add(struct fh_trials *trials,
                  const char *filter,
                  const struct fh_access_product *product,
                  const struct fh_access_table *table,
                  const void *of,
                  struct fh_err *err)
{
    if (trials->count == FH_TRIALS_MAX) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "filter.tables",
                           "the conditions stand over more than %d tables",
                           FH_TRIALS_MAX);
    }
    struct fh_trial *trial = fh_arena_alloc(trials->arena, sizeof *trial);
    if (trial == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for conditions");
    }
    *trial = (struct fh_trial){
        .filter = filter,
        .place =
            fh_arena_printf(trials->arena, "%s@%u.%s", product->name, product->major, table->name),
        .columns = copy_columns(table, trials->arena),
        .column_count = table->column_count,
        .of = of,
    };
    if (trial->place == NULL || trial->columns == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for conditions");
    }
    trials->items[trials->count++] = trial;
    return FH_OK;
}

/* ---- the run ---- */

/* Pool thread. */
static void look(void *user)
{
    struct fh_trials *trials = user;
    int64_t now = fh_clock_mono_ms();
    trials->code = fh_worker_setup(trials->worker,
                                   FH_WORKER_QUERY,
                                   trials->memory_mib,
                                   1,
                                   now + FH_WORKER_START_MS,
                                   &trials->err);
    for (uint32_t i = 0; trials->code == FH_OK && i < trials->count; i++) {
        struct fh_trial *trial = trials->items[i];
        trial->code = fh_filter_check(trials->worker,
                                      trial->filter,
                                      trial->columns,
                                      trial->column_count,
                                      now + RUN_MS,
                                      &trial->err);
        if (trial->code != FH_OK && trial->code != FH_ECHECK) {
            trials->code = trial->code;
            trials->err = trial->err;
        }
    }
}

static void end_run(void *user)
{
    struct fh_trials *trials = user;
    fh_worker_release(FH_TAKE(trials->worker));
    fh_timer_free(FH_TAKE(trials->timer));
    trials->done(trials->code, &trials->err, trials->user);
}

static void find_worker(void *user)
{
    struct fh_trials *trials = user;
    int64_t now = fh_clock_mono_ms();
    int rc = fh_workers_spawn(trials->workers, &trials->worker, &trials->err);
    if (rc == FH_EBUSY && now < trials->give_up_ms) {
        fh_timer_set(trials->timer, now + AGAIN_MS);
        return;
    }
    if (rc == FH_OK) {
        rc = fh_pool_submit(trials->loop, look, end_run, trials, &trials->err);
    }
    if (rc != FH_OK) {
        trials->code = rc;
        end_run(trials);
    }
}

int fh_trials_run(struct fh_trials *trials,
                  struct fh_loop *loop,
                  struct fh_workers *workers,
                  uint32_t memory_mib,
                  fh_trials_fn *done,
                  void *user,
                  struct fh_err *err)
{
    FH_ASSERT(trials->timer == NULL);
    trials->loop = loop;
    trials->workers = workers;
    trials->memory_mib = memory_mib;
    trials->done = done;
    trials->user = user;
    trials->give_up_ms = fh_clock_mono_ms() + WAIT_MS;
    int rc = fh_timer_new(&trials->timer, loop, find_worker, trials, err);
    if (rc == FH_OK) {
        fh_timer_set(trials->timer, 0);
    }
    return rc;
}
