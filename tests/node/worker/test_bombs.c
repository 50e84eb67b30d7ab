/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queries made to fill a worker's memory: each ends, and the process never held more than its limit
 * and a tenth. `test_bombs MIB` prints the peaks for that limit (tools/bench memory).
 */
#include "common/time.h"
#include "tests/lib/sanitized.h"
#include "tests/lib/status.h"
#include "tests/node/worker/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TEST_MIB = 512, TEST_MS = 1500, SHOW_MS = 10000, START_MS = 20000, LOOK_MS = 5 };

static const struct {
    const char *name;
    const char *sql;
} bombs[] = {
    {"repeat", "SELECT length(repeat('x', 2000000000))"},
    {"repeat in rows", "SELECT count(DISTINCT repeat(i::VARCHAR, 100000)) FROM range(100000) t(i)"},
    {"lpad", "SELECT length(lpad('x', 2000000000, 'y'))"},
    {"string_agg", "SELECT length(string_agg(repeat('x', 10000), '')) FROM range(1000000)"},
    {"list", "SELECT length(list(i)) FROM range(300000000) t(i)"},
    {"list_reduce", "SELECT length(list_reduce(range(30), (a, b) -> a || a, 'xxxxxxxxxxxxxxxx'))"},
    {"range as a list", "SELECT length(range(500000000))"},
    {"hash join",
     "SELECT count(*) FROM range(30000000) a(i) JOIN range(30000000) b(i) ON a.i = b.i + 1"},
    {"group by", "SELECT count(*) FROM (SELECT i, count(*) FROM range(60000000) t(i) GROUP BY i)"},
    {"sort", "SELECT i FROM range(60000000) t(i) ORDER BY hash(i) LIMIT 10 OFFSET 50000000"},
    {"window",
     "SELECT sum(s) FROM (SELECT sum(i) OVER (ORDER BY hash(i)) s FROM range(20000000) t(i))"},
    {"wide rows",
     "SELECT max(md5(x)) FROM (SELECT repeat('z', 10000000) || i x FROM range(1000) t(i))"},
    {"cross join", "SELECT count(DISTINCT a.i * b.i) FROM range(30000) a(i), range(30000) b(i)"},
    {"big answer", "SELECT repeat('x', 15000000) FROM range(1000)"},
};

/* Runs it to its end, however that is, and looks at the process all the while. */
static unsigned long
explode(struct rig *rig, uint32_t mib, int ms, const char *sql, struct fh_err *err)
{
    struct fh_worker *worker = NULL;
    struct fh_worker_event event = {.kind = FH_WORKER_BATCH};
    struct fh_channel_run run = {.sql = fh_bytes_cstr(sql), .window = FH_QUERY_WINDOW};
    unsigned long peak = 0;
    int code = fh_workers_spawn(rig->workers, &worker, err);
    if (code == FH_OK) {
        code = fh_worker_setup(worker, FH_WORKER_QUERY, mib, 2, rig_soon(START_MS), err);
    }
    int64_t deadline_ms = rig_soon(ms);
    if (code == FH_OK) {
        code = fh_worker_run(worker, &run, deadline_ms, err);
    }
    while (code == FH_OK && event.kind != FH_WORKER_END) {
        enum fh_worker_soon soon = FH_WORKER_NOT_YET;
        code = fh_worker_soon(worker, rig_soon(LOOK_MS), FH_BATCH_BYTES_MAX, &soon, err);
        bool there = soon == FH_WORKER_AT_HAND;
        unsigned long now = test_status_kib(fh_worker_pid(worker), "VmHWM:");
        peak = now > peak ? now : peak;
        if (code == FH_OK && (there || fh_clock_mono_ms() >= deadline_ms)) {
            code = fh_worker_next(worker, &event, err);
        }
        if (code == FH_OK && there && event.kind == FH_WORKER_BATCH) {
            fh_worker_credit(worker, 1);
        }
    }
    unsigned long last = test_status_kib(fh_worker_pid(worker), "VmHWM:");
    rig_release(rig, worker);
    return last > peak ? last : peak;
}

static bool is_within(unsigned long kib, uint32_t mib)
{
    return kib > 0 && kib <= (unsigned long)mib * 1024 / 10 * 11;
}

static void test_bombs(void **state)
{
    struct rig rig;
    (void)state;
    rig_up(&rig);
    for (size_t i = 0; i < FH_COUNT(bombs); i++) {
        struct fh_err err = {0};
        unsigned long peak = explode(&rig, TEST_MIB, TEST_MS, bombs[i].sql, &err);
        /* What a sanitizer keeps beside the data is no limit's. */
        if (!is_within(peak, TEST_MIB) && !TEST_SANITIZED) {
            fail_msg("%s: %lu KiB in a worker of %d MiB", bombs[i].name, peak, TEST_MIB);
        }
    }
    rig_down(&rig);
}

/* For tools/bench: one line for each, 1 when a peak is beyond. */
static int show(uint32_t mib)
{
    struct rig rig;
    int status = 0;
    rig_up(&rig);
    printf("%-16s %10s %8s  %s\n", "hostile query", "peak, MiB", "limit", "ends by");
    for (size_t i = 0; i < FH_COUNT(bombs); i++) {
        struct fh_err err = {0};
        unsigned long peak = explode(&rig, mib, SHOW_MS, bombs[i].sql, &err);
        printf("%-16s %10lu %8u  %s\n",
               bombs[i].name,
               peak / 1024,
               mib,
               err.code == FH_OK ? "its answer" : err.rule);
        status = is_within(peak, mib) ? status : 1;
    }
    rig_down(&rig);
    return status;
}

int main(int argc, char **argv)
{
    if (argc == 2) {
        unsigned long mib = strtoul(argv[1], NULL, 10);
        return mib < 64 || mib > FH_WORKER_MEMORY_MIB ? 2 : show((uint32_t)mib);
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bombs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
