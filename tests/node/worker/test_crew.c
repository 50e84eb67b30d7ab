/* SPDX-License-Identifier: Apache-2.0 */
/* Which worker serves whom: one consumer for each, ever, and one that stands by. */
#include "node/query/crew.h"
#include "tests/node/worker/rig.h"

#include <linux/sched/types.h>

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

static struct rig rig;

static struct fh_crew *new_crew(bool standby)
{
    struct fh_err err;
    struct fh_crew *crew = NULL;
    struct fh_crew_options options = {
        .workers = rig.workers, .loop = rig.loop, .memory_mib = 256, .standby = standby};
    assert_int_equal(fh_crew_new(&crew, &options, &err), FH_OK);
    return crew;
}

/* Lets the loop run until so many processes live. */
static void wait_for(uint32_t living)
{
    for (int i = 0; i < 500 && fh_workers_count(rig.workers) != living; i++) {
        fh_loop_run_once(rig.loop, 10);
    }
    assert_int_equal(fh_workers_count(rig.workers), living);
}

static struct fh_worker *
take(struct fh_crew *crew, uint64_t session, enum fh_worker_role role, bool fresh)
{
    struct fh_err err;
    struct fh_worker *worker = NULL;
    bool is_fresh = !fresh;
    assert_int_equal(fh_crew_take(crew, session, role, false, &worker, &is_fresh, &err), FH_OK);
    assert_int_equal(is_fresh, fresh);
    if (fresh) {
        assert_int_equal(fh_worker_setup_wait(worker, rig_soon(20000), &err), FH_OK);
    }
    rig_expect(worker, "SELECT 1 + 1", "2\n");
    return worker;
}

/* A crew that was asked for a worker before, and has one that stands by. */
static struct fh_crew *new_crew_with_standby(void)
{
    struct fh_crew *crew = new_crew(true);
    struct fh_worker *first = take(crew, UINT64_MAX, FH_WORKER_QUERY, true);
    wait_for(2);
    fh_crew_give(crew, first, true);
    wait_for(1);
    return crew;
}

static void end_crew(struct fh_crew *crew)
{
    fh_crew_free(crew);
    wait_for(0);
}

static void one_stands_by_and_is_replaced(void **state)
{
    (void)state;
    struct fh_crew *crew = new_crew(true);
    fh_loop_run_once(rig.loop, 400);
    assert_int_equal(fh_workers_count(rig.workers), 0); /* nobody has asked yet */
    struct fh_worker *first = take(crew, 1, FH_WORKER_QUERY, true);
    wait_for(2);
    struct fh_worker *second = take(crew, 2, FH_WORKER_QUERY, true);
    assert_int_equal(fh_workers_count(rig.workers), 2); /* it was the one that stood by */
    wait_for(3);
    fh_crew_give(crew, first, false);
    fh_crew_give(crew, second, false);
    end_crew(crew);
}

static void nobody_gets_the_worker_of_another(void **state)
{
    (void)state;
    static const struct {
        uint64_t session;
        enum fh_worker_role role;
        bool same; /* as that of session 1's query */
    } rows[] = {
        {1, FH_WORKER_QUERY, true},
        {2, FH_WORKER_QUERY, false},
        {1, FH_WORKER_SCAN, false},
        {2, FH_WORKER_SCAN, false},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_crew *crew = new_crew_with_standby();
        struct fh_worker *first = take(crew, 1, FH_WORKER_QUERY, true);
        int pid = fh_worker_pid(first);
        fh_crew_give(crew, first, false);
        struct fh_worker *second = take(crew, rows[i].session, rows[i].role, !rows[i].same);
        assert_int_equal(fh_worker_pid(second) == pid, rows[i].same);
        fh_crew_give(crew, second, false);
        end_crew(crew);
    }
}

static void a_forgotten_session_leaves_nothing(void **state)
{
    (void)state;
    struct fh_crew *crew = new_crew(false);
    struct fh_worker *idle = take(crew, 7, FH_WORKER_QUERY, true);
    struct fh_worker *busy = take(crew, 7, FH_WORKER_SCAN, true);
    fh_crew_give(crew, idle, false);
    fh_crew_forget(crew, 7);
    wait_for(1);
    fh_crew_give(crew, busy, false);
    wait_for(0);
    end_crew(crew);
}

static pid_t only_child(void)
{
    char path[64];
    long pid = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld", &pid), 1);
    fclose(file);
    return (pid_t)pid;
}

static void one_that_dies_is_replaced(void **state)
{
    (void)state;
    struct fh_crew *crew = new_crew_with_standby();
    pid_t pid = only_child();
    assert_int_equal(kill(pid, SIGKILL), 0);
    wait_for(0);
    wait_for(1);
    assert_int_not_equal(only_child(), pid);
    fh_crew_give(crew, take(crew, 1, FH_WORKER_QUERY, true), false);
    end_crew(crew);
}

static void all_places_can_be_used(void **state)
{
    (void)state;
    struct fh_err err;
    struct fh_crew *crew = new_crew_with_standby();
    struct fh_worker *workers[FH_WORKERS_MAX];
    for (unsigned i = 0; i < FH_WORKERS_MAX; i++) {
        workers[i] = take(crew, i + 1, FH_WORKER_QUERY, true);
        fh_loop_run_once(rig.loop, 300); /* time for the next one to stand by, if it may */
        assert_true(fh_workers_count(rig.workers) <= FH_WORKERS_MAX);
    }
    struct fh_worker *none;
    bool fresh;
    assert_int_equal(fh_crew_take(crew, 99, FH_WORKER_QUERY, false, &none, &fresh, &err), FH_EBUSY);
    assert_string_equal(err.rule, "limit.workers");
    for (unsigned i = 0; i < FH_WORKERS_MAX; i++) {
        fh_crew_give(crew, workers[i], true);
    }
    end_crew(crew);
}

/* Sessions that live on and ask nothing do not keep others waiting: one of them gives way. */
static void the_idle_give_way(void **state)
{
    (void)state;
    struct fh_err err;
    struct fh_crew *crew = new_crew(false);
    struct fh_worker *workers[FH_WORKERS_MAX];
    for (unsigned i = 0; i < FH_WORKERS_MAX; i++) {
        workers[i] = take(crew, i + 1, FH_WORKER_QUERY, true);
    }
    for (unsigned i = 0; i < FH_WORKERS_MAX; i++) {
        fh_crew_give(crew, workers[i], false);
    }
    struct fh_worker *worker = NULL;
    bool fresh = false;
    int rc = FH_EBUSY;
    for (int i = 0; i < 20 && rc == FH_EBUSY; i++) {
        fh_loop_run_once(rig.loop, 10);
        rc = fh_crew_take(crew, 99, FH_WORKER_QUERY, false, &worker, &fresh, &err);
    }
    assert_int_equal(rc, FH_OK);
    assert_true(fresh);
    assert_int_equal(fh_worker_setup_wait(worker, rig_soon(20000), &err), FH_OK);
    rig_expect(worker, "SELECT 1 + 1", "2\n");
    fh_crew_give(crew, worker, true);
    end_crew(crew);
}

/* What the node itself has to do finds a place as long as anybody is idle. */
static void the_idle_give_way_to_the_node(void **state)
{
    (void)state;
    struct fh_err err;
    struct fh_crew *crew = new_crew(false);
    struct fh_worker *workers[FH_WORKERS_MAX];
    struct fh_worker *own[FH_WORKERS_MAX] = {NULL};
    for (unsigned i = 0; i < FH_WORKERS_MAX; i++) {
        workers[i] = take(crew, i + 1, FH_WORKER_QUERY, true);
    }
    assert_int_equal(fh_workers_spawn(rig.workers, &own[0], &err), FH_EBUSY);
    assert_string_equal(err.rule, "limit.workers");
    assert_false(fh_worker_dead(workers[0]));
    /* All but the first are idle: so many may be had, and the one at work is not touched. */
    for (unsigned i = 1; i < FH_WORKERS_MAX; i++) {
        fh_crew_give(crew, workers[i], false);
    }
    for (unsigned i = 1; i < FH_WORKERS_MAX; i++) {
        assert_int_equal(fh_workers_spawn(rig.workers, &own[i], &err), FH_OK);
    }
    assert_int_equal(fh_workers_spawn(rig.workers, &own[0], &err), FH_EBUSY);
    rig_expect(workers[0], "SELECT 1 + 1", "2\n");
    for (unsigned i = 1; i < FH_WORKERS_MAX; i++) {
        fh_worker_release(own[i]);
    }
    fh_crew_give(crew, workers[0], true);
    end_crew(crew);
}

static void the_one_that_stands_by_gives_way_to_the_node(void **state)
{
    (void)state;
    struct fh_err err;
    struct fh_crew *crew = new_crew_with_standby();
    struct fh_worker *own[FH_WORKERS_MAX];
    for (unsigned i = 0; i < FH_WORKERS_MAX; i++) {
        assert_int_equal(fh_workers_spawn(rig.workers, &own[i], &err), FH_OK);
    }
    struct fh_worker *none;
    assert_int_equal(fh_workers_spawn(rig.workers, &none, &err), FH_EBUSY);
    for (unsigned i = 0; i < FH_WORKERS_MAX; i++) {
        fh_worker_release(own[i]);
    }
    end_crew(crew);
}

/* What all threads of a process have alike. */
static void expect_threads(pid_t process, int nice, uint64_t turn_ms)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", process);
    DIR *tasks = opendir(path);
    unsigned threads = 0;
    assert_non_null(tasks);
    for (const struct dirent *task = readdir(tasks); task != NULL; task = readdir(tasks)) {
        long id = strtol(task->d_name, NULL, 10);
        struct sched_attr has = {.size = sizeof has};
        if (id > 0) {
            assert_int_equal(syscall(SYS_sched_getattr, id, &has, sizeof has, 0), 0);
            assert_int_equal(has.sched_nice, nice);
            threads++;
        }
        if (id > 0 && has.sched_runtime > 0) { /* the kernel knows turns: Linux 6.12 */
            bool as_usual = has.sched_runtime < 5000000;
            assert_int_equal(as_usual ? 0 : has.sched_runtime / 1000000, turn_ms);
        }
    }
    closedir(tasks);
    assert_true(threads > 1);
}

static void priorities_are_of_all_threads(void **state)
{
    (void)state;
    struct fh_crew *crew = new_crew(false);
    struct fh_worker *worker = take(crew, 1, FH_WORKER_QUERY, true);
    int own = getpriority(PRIO_PROCESS, 0);        /* of whoever runs the tests */
    expect_threads(fh_worker_pid(worker), own, 5); /* it was just started */
    fh_worker_patient(worker, false);
    expect_threads(fh_worker_pid(worker), own, 0);
    fh_worker_patient(worker, true);
    expect_threads(fh_worker_pid(worker), own, 5);
    fh_worker_patient(worker, false);
    assert_false(fh_worker_yields(worker));
    fh_worker_yield(worker);
    assert_true(fh_worker_yields(worker));
    expect_threads(fh_worker_pid(worker), 19, 100);
    fh_worker_patient(worker, false); /* for good */
    expect_threads(fh_worker_pid(worker), 19, 100);
    rig_expect(worker, "SELECT 1 + 1", "2\n");
    fh_crew_give(crew, worker, false);
    end_crew(crew);
}

/* Whoever takes it, for a question or for the masks of one. */
static void an_idle_one_is_patient_no_more(void **state)
{
    (void)state;
    struct fh_crew *crew = new_crew(false);
    int own = getpriority(PRIO_PROCESS, 0);
    struct fh_worker *worker = take(crew, 1, FH_WORKER_SCAN, true);
    rig_expect(worker, "SELECT 1 + 1", "2\n");
    fh_crew_give(crew, worker, false);
    expect_threads(fh_worker_pid(worker), own, 5);
    assert_ptr_equal(take(crew, 1, FH_WORKER_SCAN, false), worker);
    expect_threads(fh_worker_pid(worker), own, 0);
    fh_crew_give(crew, worker, false);
    end_crew(crew);
}

/* Page faults so far that needed no disk. */
static unsigned long faults_of(pid_t process)
{
    char path[64];
    unsigned long faults = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", process);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %lu", &faults), 1);
    fclose(file);
    return faults;
}

static void who_stands_by_rehearses(void **state)
{
    (void)state;
    enum { PAGES = 200 }; /* of DuckDB's code for files; some 800 */
    struct fh_err err;
    struct fh_crew *crew = new_crew(false);
    struct fh_worker *worker = NULL;
    bool fresh = false;
    assert_int_equal(fh_crew_take(crew, 1, FH_WORKER_QUERY, false, &worker, &fresh, &err), FH_OK);
    assert_int_equal(fh_worker_setup_wait(worker, rig_soon(20000), &err), FH_OK);
    unsigned long ready = faults_of(fh_worker_pid(worker));
    for (int i = 0; i < 2000 && faults_of(fh_worker_pid(worker)) < ready + PAGES; i++) {
        fh_loop_run_once(rig.loop, 10);
    }
    assert_true(faults_of(fh_worker_pid(worker)) >= ready + PAGES);
    /* what it reads is closed when it answers, and it has made no table of it */
    rig_refuse(worker, "SELECT * FROM read_csv('/proc/self/fd/227')", FH_EIO, "source.read");
    rig_expect(worker, "SELECT count(*) FROM duckdb_tables() WHERE NOT internal", "0\n");
    rig_expect(worker, "SELECT count(*) FROM duckdb_views() WHERE NOT internal", "0\n");
    fh_crew_give(crew, worker, false);
    end_crew(crew);
}

static void without_a_program_there_is_none(void **state)
{
    (void)state;
    struct fh_err err;
    struct fh_workers *workers = NULL;
    struct fh_workers_options options = {
        .program = "/nonexistent/freehold-worker", .spill_root = "", .workers_max = 4};
    assert_int_equal(fh_workers_new(&workers, fh_loop_uv(rig.loop), &options, &err), FH_OK);
    struct fh_crew *crew = NULL;
    struct fh_crew_options crew_options = {
        .workers = workers, .loop = rig.loop, .memory_mib = 256, .standby = true};
    assert_int_equal(fh_crew_new(&crew, &crew_options, &err), FH_OK);
    for (int i = 0; i < 20; i++) {
        fh_loop_run_once(rig.loop, 10);
    }
    assert_int_equal(fh_workers_count(workers), 0);
    struct fh_worker *none;
    bool fresh;
    assert_int_equal(fh_crew_take(crew, 1, FH_WORKER_QUERY, false, &none, &fresh, &err),
                     FH_ENOTFOUND);
    fh_crew_free(crew);
    for (int i = 0; i < 50 && !fh_workers_drained(workers); i++) {
        fh_loop_run_once(rig.loop, 10);
    }
    assert_true(fh_workers_drained(workers));
    fh_workers_free(workers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_stands_by_and_is_replaced),
        cmocka_unit_test(nobody_gets_the_worker_of_another),
        cmocka_unit_test(a_forgotten_session_leaves_nothing),
        cmocka_unit_test(one_that_dies_is_replaced),
        cmocka_unit_test(all_places_can_be_used),
        cmocka_unit_test(the_idle_give_way),
        cmocka_unit_test(the_idle_give_way_to_the_node),
        cmocka_unit_test(the_one_that_stands_by_gives_way_to_the_node),
        cmocka_unit_test(priorities_are_of_all_threads),
        cmocka_unit_test(an_idle_one_is_patient_no_more),
        cmocka_unit_test(who_stands_by_rehearses),
        cmocka_unit_test(without_a_program_there_is_none),
    };
    rig_up(&rig);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rig_down(&rig);
    return failed;
}
