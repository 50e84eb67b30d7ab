/* SPDX-License-Identifier: Apache-2.0 */
#include "node/quality/look.h"

#include "common/mem.h"
#include "common/time.h"
#include "node/quality/checks.h"

#include <stdio.h>

enum {
    ARENA_BYTES = 32 * 1024 * 1024,
    THREADS = 1, /* of DuckDB: nobody waits, and queries need the other cores */
};

struct fh_look_job {
    struct fh_look_asked asked;
    fh_look_fn *fn;
    void *user;
    struct fh_arena *arena;
    struct fh_contract *contract;
    struct fh_source_mapping *mapping;
    char *data_root;
    uint64_t uptime;
    struct fh_look look;
};

static void free_job(struct fh_look_job *job)
{
    fh_arena_free(job->arena);
    fh_free(job);
}

static int no_memory(struct fh_err *err)
{
    return fh_err_set(err, FH_ENOMEM, "no memory for a measurement");
}

/* ---- the end ---- */

/* Availability is what the node knows of itself, and the checks of the data do not. */
static void judge_uptime(struct fh_promise_result *out,
                         const struct fh_promise *promise,
                         uint64_t up_permyriad,
                         int64_t now_ms)
{
    char percent[16];
    snprintf(percent,
             sizeof percent,
             "%u.%02u",
             (unsigned)(up_permyriad / 100),
             (unsigned)(up_permyriad % 100));
    char normal[FH_DECIMAL_BYTES];
    if (fh_decimal_normalise(normal, percent)) {
        const struct fh_measured measured = {.kind = FH_MEASURED_NUMBER, .text = normal};
        fh_promise_judge(out, promise, &measured, now_ms);
    }
}

static int
judge_all_uptime(struct fh_look_job *job, const struct fh_checks_result *result, struct fh_err *err)
{
    const struct fh_promises *promises = &result->promises;
    struct fh_promise_result *judged = NULL;
    for (uint32_t i = 0; i < promises->count; i++) {
        if (promises->items[i].kind != FH_PROMISE_AVAILABILITY ||
            promises->items[i].bound.a == NULL || job->uptime == FH_MEASUREMENT_UP_UNKNOWN) {
            continue;
        }
        if (judged == NULL) {
            judged = fh_arena_array(job->arena, promises->count, sizeof *judged);
            if (judged == NULL) {
                return no_memory(err);
            }
            memcpy(judged, result->results, promises->count * sizeof *judged);
            job->look.results = judged;
        }
        judge_uptime(&judged[i], &promises->items[i], job->uptime, job->look.measured_ms);
    }
    return FH_OK;
}

/* No look, no measurement: the last one stands, and becomes stale. */
static void checked(const struct fh_checks_result *result, const struct fh_err *failure, void *user)
{
    struct fh_look_job *job = user;
    struct fh_err err;
    int rc = FH_OK;
    if (result == NULL) {
        err = *failure;
        rc = err.code;
    } else {
        job->look.promises = &result->promises;
        job->look.results = result->results;
        for (uint32_t i = 0; i < result->table_count; i++) {
            job->look.rows += result->rows[i];
        }
        rc = judge_all_uptime(job, result, &err);
    }
    job->fn(job, rc == FH_OK ? NULL : &err, job->user);
    free_job(job);
}

/* ---- the beginning ---- */

static int keep_source(void *user, const struct fh_store_source *source, struct fh_err *err)
{
    struct fh_look_job *job = user;
    uint8_t *copy = fh_arena_alloc(job->arena, source->mapping.size);
    job->data_root = fh_arena_string(job->arena, source->data_root);
    if (copy == NULL || job->data_root == NULL) {
        return no_memory(err);
    }
    memcpy(copy, source->mapping.data, source->mapping.size);
    return fh_source_mapping_decode(
        &job->mapping, fh_bytes(copy, source->mapping.size), job->arena, err);
}

static int begin(struct fh_look_job *job, const struct fh_look_options *options, struct fh_err *err)
{
    const struct fh_record_id *contract = &job->asked.product.contract;
    int rc = fh_catalog_open_contract(options->catalog, contract, job->arena, &job->contract, err);
    if (rc == FH_OK) {
        rc = fh_store_source_get(options->store, contract, keep_source, job, err);
    }
    if (rc == FH_ENOTFOUND) {
        return fh_err_rule(err,
                           FH_ENOTFOUND,
                           "source.unknown",
                           "this node holds no source for %s %s",
                           job->asked.product.product,
                           job->asked.product.version);
    }
    if (rc != FH_OK) {
        return rc;
    }
    int64_t now = fh_clock_wall_ms();
    job->look = (struct fh_look){
        .product = &job->asked.product,
        .contract = job->contract,
        .measured_ms = now > job->asked.last_ms ? now : job->asked.last_ms + 1,
    };
    const struct fh_checks_options checks = {
        .loop = options->loop,
        .workers = options->workers,
        .contract = job->contract,
        .mapping = job->mapping,
        .data_root = job->data_root,
        .now_ms = now,
        .memory_mib = options->memory_mib,
        .threads = THREADS,
        .timeout_ms = FH_MEASUREMENT_CHECK_MS,
    };
    return fh_checks_begin(&checks, checked, job, err);
}

int fh_look_job_begin(struct fh_look_job **out,
                      const struct fh_look_options *options,
                      const struct fh_look_asked *asked,
                      fh_look_fn *fn,
                      void *user,
                      struct fh_err *err)
{
    struct fh_look_job *job = fh_calloc(1, sizeof *job);
    if (job == NULL) {
        return no_memory(err);
    }
    job->asked = *asked;
    job->uptime = options->uptime;
    job->fn = fn;
    job->user = user;
    job->arena = fh_arena_new(ARENA_BYTES);
    int rc = job->arena == NULL ? no_memory(err) : begin(job, options, err);
    if (rc != FH_OK) {
        free_job(job);
        return rc;
    }
    *out = job;
    return FH_OK;
}

const struct fh_look_asked *fh_look_job_asked(const struct fh_look_job *job)
{
    return &job->asked;
}

const struct fh_look *fh_look_job_found(const struct fh_look_job *job)
{
    return &job->look;
}
