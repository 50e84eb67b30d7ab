/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fh-confined FLIGHTS.parquet RUNS: what each layer of a worker's confinement costs, on and off.
 *
 * For all layers, for all but each one, and for none: the start of a worker until it is READY, a
 * small query on a warm worker, and all flights as batches. One line each, medians. Interleaved, so
 * that other work on the machine meets all alike.
 */
#include "common/time.h"
#include "tests/node/worker/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS_MAX = 101, QUERIES = 200, MEMORY_MIB = 512, DEADLINE_MS = 60000 };

static struct setting {
    const char *name;
    uint32_t off;
    double start_ms[RUNS_MAX];
    double query_ms[RUNS_MAX];
    double mrows[RUNS_MAX];
} settings[] = {
    {.name = "every layer", .off = 0},
    {.name = "without limits", .off = FH_LAYER_LIMITS},
    {.name = "without seccomp", .off = FH_LAYER_SECCOMP},
    {.name = "without landlock", .off = FH_LAYER_LANDLOCK},
    {.name = "without network namespace", .off = FH_LAYER_NET},
    {.name = "without mount namespace", .off = FH_LAYER_MOUNT},
    {.name = "without any namespace", .off = FH_LAYER_USER},
    {.name = "no layer", .off = FH_LAYERS_ALL},
};

static FH_NORETURN void stop(const struct fh_err *err)
{
    fprintf(stderr, "fh-confined: %s [%s]\n", err->text, err->rule);
    exit(1);
}

static double ms_since(int64_t begin_ns)
{
    return (double)(fh_clock_mono_ns() - begin_ns) / 1e6;
}

static int by_size(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;
    return *x < *y ? -1 : *x > *y;
}

static double median(double *values, unsigned count)
{
    qsort(values, count, sizeof *values, by_size);
    return values[count / 2];
}

/* Runs a query to its end; rows of it. */
static uint64_t drain(struct fh_worker *worker, const char *sql)
{
    struct fh_err err = {0};
    struct fh_worker_event event = {.kind = FH_WORKER_BATCH};
    struct fh_channel_run run = {.sql = fh_bytes_cstr(sql), .window = FH_QUERY_WINDOW};
    int code = fh_worker_run(worker, &run, rig_soon(DEADLINE_MS), &err);
    uint64_t rows = 0;
    while (code == FH_OK && event.kind != FH_WORKER_END) {
        code = fh_worker_next(worker, &event, &err);
        if (code == FH_OK && event.kind == FH_WORKER_BATCH) {
            rows += event.rows;
            fh_worker_credit(worker, 1);
        }
    }
    if (code != FH_OK) {
        stop(&err);
    }
    return rows;
}

static void measure(struct rig *rig, struct setting *setting, const char *flights, unsigned run)
{
    char spill[128];
    double queries[QUERIES];
    struct fh_err err = {0};
    struct fh_workers *workers = NULL;
    struct fh_worker *worker = NULL;
    test_scratch_path(spill, sizeof spill, &rig->scratch, "measured");
    struct fh_workers_options options = {.program = FH_WORKER_PROGRAM,
                                         .spill_root = spill,
                                         .workers_max = 1,
                                         .layers_off = setting->off};
    if (fh_workers_new(&workers, fh_loop_uv(rig->loop), &options, &err) != FH_OK) {
        stop(&err);
    }
    int64_t begin_ns = fh_clock_mono_ns();
    if (fh_workers_spawn(workers, &worker, &err) != FH_OK ||
        fh_worker_setup(worker, FH_WORKER_QUERY, MEMORY_MIB, 1, rig_soon(DEADLINE_MS), &err) !=
            FH_OK) {
        stop(&err);
    }
    setting->start_ms[run] = ms_since(begin_ns);
    struct fh_table table = rig_table(
        rig,
        "aviation.flights.flights",
        FH_SOURCE_PARQUET,
        "date TIMESTAMP, delay BIGINT, distance BIGINT, origin VARCHAR, destination VARCHAR");
    if (rig_add(worker, &table, rig_open(rig, flights), &err) != FH_OK) {
        stop(&err);
    }
    for (unsigned i = 0; i < QUERIES; i++) {
        begin_ns = fh_clock_mono_ns();
        drain(worker, "SELECT count(*) FROM range(100) t(i) WHERE i % 7 = 3");
        queries[i] = ms_since(begin_ns);
    }
    setting->query_ms[run] = median(queries, QUERIES);
    begin_ns = fh_clock_mono_ns();
    uint64_t rows = drain(worker, "SELECT * FROM aviation.flights");
    setting->mrows[run] = (double)rows / 1e3 / ms_since(begin_ns);
    fh_worker_release(worker);
    while (!fh_workers_drained(workers)) {
        fh_loop_run_once(rig->loop, 5);
    }
    fh_workers_free(workers);
}

int main(int argc, char **argv)
{
    struct rig rig;
    long runs = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
    if (runs < 1 || runs > RUNS_MAX) {
        fprintf(stderr, "usage: fh-confined FLIGHTS.parquet RUNS (1 to %d)\n", RUNS_MAX);
        return 2;
    }
    rig_up(&rig);
    for (unsigned run = 0; run < (unsigned)runs; run++) {
        for (size_t i = 0; i < FH_COUNT(settings); i++) {
            measure(&rig, &settings[i], argv[1], run);
        }
    }
    printf(
        "%-28s %10s %14s %16s\n", "confinement", "start, ms", "small query, ms", "flights, Mrow/s");
    for (size_t i = 0; i < FH_COUNT(settings); i++) {
        struct setting *s = &settings[i];
        printf("%-28s %10.1f %14.3f %16.1f\n",
               s->name,
               median(s->start_ms, (unsigned)runs),
               median(s->query_ms, (unsigned)runs),
               median(s->mrows, (unsigned)runs));
    }
    rig_down(&rig);
    return 0;
}
