/* SPDX-License-Identifier: Apache-2.0 */
/* Lanes: processors for what takes long, and for what is over in a moment. */
#include "node/query/crew.h"
#include "node/query/lanes.h"
#include "tests/node/worker/rig.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct rig rig;

static struct fh_worker *take(struct fh_crew *crew, uint64_t session)
{
    struct fh_err err;
    struct fh_worker *worker = NULL;
    bool fresh = false;
    assert_int_equal(fh_crew_take(crew, session, FH_WORKER_QUERY, false, &worker, &fresh, &err),
                     FH_OK);
    assert_true(fresh);
    assert_int_equal(fh_worker_setup_wait(worker, rig_soon(20000), &err), FH_OK);
    rig_expect(worker, "SELECT 1 + 1", "2\n");
    return worker;
}

static void expect_processors(pid_t process, const cpu_set_t *expected)
{
    char path[64];
    unsigned threads = 0;
    snprintf(path, sizeof path, "/proc/%d/task", process);
    DIR *tasks = opendir(path);
    assert_non_null(tasks);
    for (const struct dirent *task = readdir(tasks); task != NULL; task = readdir(tasks)) {
        long id = strtol(task->d_name, NULL, 10);
        cpu_set_t has;
        if (id > 0) {
            assert_int_equal(sched_getaffinity((pid_t)id, sizeof has, &has), 0);
            assert_true(CPU_EQUAL(&has, expected));
            threads++;
        }
    }
    closedir(tasks);
    assert_true(threads > 0);
}

static void expect_own_processors(const cpu_set_t *expected)
{
    cpu_set_t has;
    assert_int_equal(sched_getaffinity(0, sizeof has, &has), 0);
    assert_true(CPU_EQUAL(&has, expected));
}

/* What takes long keeps to its processors while there is a split, and only then. */
static void lanes_are_of_all_threads(void **state)
{
    (void)state;
    cpu_set_t all;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    if (CPU_COUNT(&all) < 2) {
        skip(); /* nothing can be split */
    }
    struct fh_err err;
    struct fh_crew *crew = NULL;
    const struct fh_crew_options options = {
        .workers = rig.workers, .loop = rig.loop, .memory_mib = 256};
    assert_int_equal(fh_crew_new(&crew, &options, &err), FH_OK);
    struct fh_worker *quick = take(crew, 1);
    struct fh_worker *slow = take(crew, 2);
    cpu_set_t kept, others;
    fh_worker_patient(quick, false);
    fh_worker_patient(slow, true);
    expect_processors(fh_worker_pid(quick), &all);
    expect_processors(fh_worker_pid(slow), &all);
    fh_crew_split(crew, true);
    assert_int_equal(sched_getaffinity(0, sizeof kept, &kept), 0);
    assert_true(CPU_COUNT(&kept) >= 1 && CPU_COUNT(&kept) <= CPU_COUNT(&all) / 2);
    CPU_XOR(&others, &all, &kept);
    expect_processors(fh_worker_pid(quick), &kept);
    expect_processors(fh_worker_pid(slow), &others);
    fh_worker_patient(slow, false);
    expect_processors(fh_worker_pid(slow), &kept);
    fh_worker_yield(slow);
    expect_processors(fh_worker_pid(slow), &others);
    struct fh_worker *starts = take(crew, 3);
    expect_processors(fh_worker_pid(starts), &others); /* also the threads that it has made */
    rig_expect(slow, "SELECT 1 + 1", "2\n");
    rig_expect(quick, "SELECT 1 + 1", "2\n");
    fh_crew_split(crew, false);
    expect_own_processors(&all);
    expect_processors(fh_worker_pid(quick), &all);
    expect_processors(fh_worker_pid(slow), &all);
    expect_processors(fh_worker_pid(starts), &all);
    fh_crew_give(crew, quick, false);
    fh_crew_give(crew, slow, false);
    fh_crew_give(crew, starts, false);
    fh_crew_free(crew);
    for (int i = 0; i < 500 && fh_workers_count(rig.workers) > 0; i++) {
        fh_loop_run_once(rig.loop, 10);
    }
    assert_int_equal(fh_workers_count(rig.workers), 0);
}

/* A process with these many of the machine's processors has so many kept for quick ones. */
static void a_quarter_is_kept(void **state)
{
    (void)state;
    cpu_set_t all;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    int count = CPU_COUNT(&all);
    struct fh_lanes lanes;
    fh_lanes_init(&lanes);
    assert_true(CPU_EQUAL(&lanes.all, &all));
    assert_int_equal(lanes.able, count > 1);
    assert_int_equal(CPU_COUNT(&lanes.quick), count < 8 ? 1 : count / 4);
    assert_int_equal(CPU_COUNT(&lanes.slow), count - CPU_COUNT(&lanes.quick));
    cpu_set_t both;
    CPU_OR(&both, &lanes.quick, &lanes.slow);
    assert_true(CPU_EQUAL(&both, &all));
}

/* On one processor nothing is kept from anybody. */
static void one_cannot_be_split(void **state)
{
    (void)state;
    cpu_set_t all, one;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    CPU_ZERO(&one);
    for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++) {
        if (CPU_ISSET(i, &all)) {
            CPU_SET(i, &one);
        }
    }
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    struct fh_lanes lanes;
    fh_lanes_init(&lanes);
    assert_false(lanes.able);
    assert_false(fh_lanes_split(&lanes, true));
    fh_lanes_place(&lanes, getpid(), true);
    expect_own_processors(&one);
    assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
}

static int up(void **state)
{
    (void)state;
    rig_up(&rig);
    return 0;
}

static int down(void **state)
{
    (void)state;
    rig_down(&rig);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quarter_is_kept),
        cmocka_unit_test(one_cannot_be_split),
        cmocka_unit_test(lanes_are_of_all_threads),
    };
    return cmocka_run_group_tests(tests, up, down);
}
