/* SPDX-License-Identifier: Apache-2.0 */
#include "node/quality/checks.h"

#include "common/mem.h"
#include "common/time.h"
#include "node/io/pool.h"
#include "node/quality/checks_inside.h"

#include <string.h>

enum {
    ARENA_BYTES = 96 * 1024 * 1024, /* FH_PROMISES_MAX promises with their SQL and results */
};

static void free_checks(struct fh_checks *checks)
{
    fh_check_sources_close(&checks->sources);
    fh_worker_release(checks->prober);
    fh_worker_release(checks->ruler);
    fh_arena_free(checks->arena);
    fh_free(checks);
}

/* ---- pool thread ---- */

static int set_up(struct fh_checks *checks, struct fh_worker *worker, enum fh_worker_role role)
{
    return fh_worker_setup(worker,
                           role,
                           checks->options.memory_mib,
                           checks->options.threads,
                           fh_clock_mono_ms() + FH_WORKER_START_MS,
                           &checks->err);
}

static int run_rules(struct fh_checks *checks)
{
    struct fh_rules rules = {
        .worker = checks->ruler,
        .contract = checks->options.contract,
        .sources = &checks->sources,
        .missing = checks->missing,
        .rows = checks->rows,
        .now_ms = checks->options.now_ms,
        .deadline_ms = checks->deadline_ms,
        .viewed = fh_arena_array(checks->arena, checks->sources.count + 1, sizeof(bool)),
    };
    if (checks->ruler == NULL) {
        return FH_OK;
    }
    if (rules.viewed == NULL) {
        return fh_err_set(&checks->err, FH_ENOMEM, "no memory for rules");
    }
    int code = set_up(checks, checks->ruler, FH_WORKER_QUERY);
    if (code == FH_OK) {
        code = fh_rules_begin(&rules, &checks->err);
    }
    for (uint32_t i = 0; code == FH_OK && i < checks->promises.count; i++) {
        const struct fh_promise *promise = &checks->promises.items[i];
        bool read = promise->table == FH_PROMISE_NONE || checks->missing[promise->table] != NULL;
        if (fh_rules_has(promise->kind) && promise->not_run == NULL && read) {
            fh_rules_run(&rules, promise, &checks->results[i]);
        }
    }
    return code;
}

/* What needs no data: dates, and what cannot be run at all. */
static void judge_the_rest(struct fh_checks *checks)
{
    static const struct fh_measured nothing = {.kind = FH_MEASURED_NOTHING};
    for (uint32_t i = 0; i < checks->promises.count; i++) {
        const struct fh_promise *promise = &checks->promises.items[i];
        struct fh_promise_result *result = &checks->results[i];
        if (promise->not_run != NULL) {
            fh_promise_not_run(result, "%s", promise->not_run);
        } else if (promise->kind == FH_PROMISE_AVAILABLE_FROM ||
                   promise->kind == FH_PROMISE_SUPPORTED_UNTIL) {
            fh_promise_judge(result, promise, &nothing, checks->options.now_ms);
        }
    }
}

static void work(void *user)
{
    struct fh_checks *checks = user;
    checks->deadline_ms = fh_clock_mono_ms() + checks->options.timeout_ms;
    checks->code = set_up(checks, checks->prober, FH_WORKER_CHECK);
    for (uint32_t i = 0; checks->code == FH_OK && i < checks->sources.count; i++) {
        checks->code = fh_checks_probe(checks, i);
    }
    if (checks->code == FH_OK) {
        checks->code = run_rules(checks);
    }
    if (checks->code == FH_OK) {
        judge_the_rest(checks);
        checks->code = fh_checks_sample(checks);
    }
}

/* ---- loop ---- */

static void finish(void *user)
{
    struct fh_checks *checks = user;
    struct fh_checks_result result = {
        .promises = checks->promises,
        .results = checks->results,
        .table_count = checks->sources.count,
        .rows = checks->rows,
        .scan_us = checks->scan_us,
        .source_failures = checks->failures,
        .sample_count = checks->sample_count,
        .samples = checks->samples,
    };
    for (uint32_t i = 0; i < result.promises.count; i++) {
        switch (result.results[i].outcome) {
        case FH_PROMISE_PASSED:
            result.passed++;
            break;
        case FH_PROMISE_FAILED:
            result.failed++;
            break;
        case FH_PROMISE_WARNED:
            result.warned++;
            break;
        case FH_PROMISE_NOT_RUN:
        case FH_PROMISE_OUTCOME_COUNT:
            result.not_run++;
            break;
        }
    }
    bool well = checks->code == FH_OK;
    checks->fn(well ? &result : NULL, well ? NULL : &checks->err, checks->user);
    free_checks(checks);
}

/* Keeps the promises of the asked categories. */
static bool choose_promises(struct fh_checks *checks)
{
    unsigned categories = checks->options.categories;
    uint32_t kept = 0;
    bool rules = false;
    for (uint32_t i = 0; i < checks->promises.count; i++) {
        struct fh_promise *promise = &checks->promises.items[i];
        if (categories == 0 || (categories >> (unsigned)promise->category & 1U) != 0) {
            rules = rules || (fh_rules_has(promise->kind) && promise->not_run == NULL);
            checks->promises.items[kept++] = *promise;
        }
    }
    checks->promises.count = kept;
    return rules;
}

static int make_room(struct fh_checks *checks, struct fh_err *err)
{
    uint32_t promises = checks->promises.count + 1;
    uint32_t tables = checks->sources.count + 1;
    checks->results = fh_arena_array(checks->arena, promises, sizeof *checks->results);
    checks->missing = fh_arena_array(checks->arena, tables, sizeof(uint8_t *));
    checks->rows = fh_arena_array(checks->arena, tables, sizeof *checks->rows);
    checks->scan_us = fh_arena_array(checks->arena, tables, sizeof *checks->scan_us);
    checks->failures = fh_arena_array(checks->arena, tables, sizeof *checks->failures);
    bool room = checks->results != NULL && checks->missing != NULL && checks->rows != NULL &&
                checks->scan_us != NULL && checks->failures != NULL;
    for (uint32_t i = 0; room && i < promises; i++) {
        fh_promise_not_run(&checks->results[i], "nothing was measured");
    }
    return room ? FH_OK : fh_err_set(err, FH_ENOMEM, "no memory for checks");
}

static int start(struct fh_checks *checks, struct fh_err *err)
{
    const struct fh_checks_options *o = &checks->options;
    checks->arena = fh_arena_new(ARENA_BYTES);
    if (checks->arena == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for checks");
    }
    int code = fh_promises_make(&checks->promises, o->contract, checks->arena, err);
    bool rules = code == FH_OK && choose_promises(checks);
    if (code == FH_OK) {
        code = fh_check_sources_open(
            &checks->sources, o->contract, o->mapping, o->server, o->data_root, checks->arena, err);
    }
    if (code == FH_OK) {
        code = make_room(checks, err);
    }
    if (code == FH_OK) {
        code = fh_workers_spawn(o->workers, &checks->prober, err);
    }
    if (code == FH_OK && rules) {
        code = fh_workers_spawn(o->workers, &checks->ruler, err);
    }
    return code == FH_OK ? fh_pool_submit(o->loop, work, finish, checks, err) : code;
}

int fh_checks_begin(const struct fh_checks_options *options,
                    fh_checks_fn *fn,
                    void *user,
                    struct fh_err *err)
{
    struct fh_checks *checks = fh_calloc(1, sizeof *checks);
    if (checks == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for checks");
    }
    checks->options = *options;
    checks->fn = fn;
    checks->user = user;
    int code = start(checks, err);
    if (code != FH_OK) {
        free_checks(checks);
    }
    return code;
}
