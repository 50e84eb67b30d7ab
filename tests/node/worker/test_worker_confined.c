/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Confined workers: what one of them may cost. Memory, disk, crashes and hangs are tried in real
 * processes, with an honest query beside, which must not notice.
 */
#include "common/time.h"
#include "node/query/spill.h"
#include "tests/lib/sanitized.h"
#include "tests/lib/status.h"
#include "tests/node/worker/rig.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { MEMORY_MIB = 256, SPILL_MIB = MEMORY_MIB * FH_WORKER_SPILL_FACTOR };

/* DuckDB does not count all that its files take on disk, so the node looks at the folder, four
 * times a second: what a disk of 1 GB/s takes in between is beyond the quota
 * (node/query/workers.c). */
#define SPILL_BYTES_MAX ((uint64_t)(SPILL_MIB + 256) << 20)

static struct rig rig;

static struct fh_worker *small_worker(uint32_t threads)
{
    struct fh_err err = {0};
    struct fh_worker *worker = NULL;
    if (fh_workers_spawn(rig.workers, &worker, &err) != FH_OK ||
        fh_worker_setup(worker, FH_WORKER_QUERY, MEMORY_MIB, threads, rig_soon(20000), &err) !=
            FH_OK) {
        fail_msg("%s", err.text);
    }
    return worker;
}

/* Watches a process's peak and its folder from outside, as it may not live to be asked. */
struct watch {
    int pid;
    atomic_bool stop;
    uint64_t peak_kib;
    char own[64]; /* its spill folder, by the process: those of ended workers may be there still */
    char folder[256]; /* those of all workers */
    uint64_t peak_bytes;
    pthread_t thread;
};

static void *keep_watch(void *data)
{
    struct watch *watch = data;
    while (!atomic_load(&watch->stop)) {
        uint64_t kib = test_status_kib(watch->pid, "VmHWM:");
        uint64_t bytes = fh_spill_bytes(watch->own);
        watch->peak_kib = kib > watch->peak_kib ? kib : watch->peak_kib;
        watch->peak_bytes = bytes > watch->peak_bytes ? bytes : watch->peak_bytes;
        usleep(2000);
    }
    return NULL;
}

static void watch_begin(struct watch *watch, const struct fh_worker *worker)
{
    *watch = (struct watch){.pid = fh_worker_pid(worker)};
    snprintf(watch->own, sizeof watch->own, "/proc/%d/cwd/.", watch->pid);
    test_scratch_path(watch->folder, sizeof watch->folder, &rig.scratch, "spill");
    assert_int_equal(pthread_create(&watch->thread, NULL, keep_watch, watch), 0);
}

static void watch_end(struct watch *watch)
{
    atomic_store(&watch->stop, true);
    pthread_join(watch->thread, NULL);
}

/* ---- memory ---- */

static const char *const greedy[] = {
    "SELECT length(repeat(repeat('x', 1000000), 20000))",
    "SELECT sum(len(list_concat(range(1000000), range(1000000)))) FROM range(1000) t(i)",
    "SELECT count(*) FROM (SELECT list(i) FROM range(100000000) t(i))",
    "SELECT max(s) FROM (SELECT string_agg(repeat('x', 1000), ',') AS s FROM range(10000000))",
    "SELECT count(*) FROM (SELECT DISTINCT i, repeat('y', 100) || i AS s FROM range(100000000) "
    "t(i))",
    "SELECT count(*) FROM (SELECT i, row_number() OVER (ORDER BY hash(i)) AS r FROM "
    "range(50000000) "
    "t(i)) WHERE r < 5",
    "SELECT median(i), mode(i) FROM range(100000000) t(i)",
    "WITH RECURSIVE r(s) AS (SELECT 'x' UNION ALL SELECT s || s FROM r) SELECT max(length(s)) FROM "
    "r",
    "SELECT histogram(i) FROM range(100000000) t(i)",
    "SELECT len(flatten([[range(1000000)], [range(1000000)]])) + "
    "len(list_transform(range(1000000), x -> repeat('z', 1000)))",
    "SELECT count(*) FROM range(20000000) a JOIN range(20000000) b ON a.range = b.range",
    "SELECT bitstring('1', 1000000) || lpad('x', 1000000, 'y') || rpad('x', 1000000, 'y')",
};

/* Runs to the end, however it ends; rows are dropped. */
static int finish(struct fh_worker *worker, const char *sql, int deadline_ms, struct fh_err *err)
{
    struct fh_channel_run run = {.sql = fh_bytes_cstr(sql), .window = FH_QUERY_WINDOW};
    int code = fh_worker_run(worker, &run, rig_soon(deadline_ms), err);
    while (code == FH_OK) {
        struct fh_worker_event event;
        code = fh_worker_next(worker, &event, err);
        if (code != FH_OK || event.kind == FH_WORKER_END) {
            break;
        }
        fh_worker_credit(worker, 1);
    }
    return code;
}

struct errand {
    struct fh_worker *worker;
    const char *sql;
    int deadline_ms;
    int code;
    struct fh_err err;
    atomic_bool over;
};

static void *run_errand(void *data)
{
    struct errand *errand = data;
    errand->code = finish(errand->worker, errand->sql, errand->deadline_ms, &errand->err);
    atomic_store(&errand->over, true);
    return NULL;
}

/* The same as a node has it: a thread waits for the worker while the loop looks at its folder. */
static int
finish_beside_loop(struct fh_worker *worker, const char *sql, int deadline_ms, struct fh_err *err)
{
    struct errand errand = {.worker = worker, .sql = sql, .deadline_ms = deadline_ms};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run_errand, &errand), 0);
    while (!atomic_load(&errand.over)) {
        fh_loop_run_once(rig.loop, 10);
    }
    pthread_join(thread, NULL);
    *err = errand.err;
    return errand.code;
}

static void memory_stays_within_its_limit(void **state)
{
    (void)state;
    struct fh_worker *honest = small_worker(1);
    for (size_t i = 0; i < FH_COUNT(greedy); i++) {
        struct fh_err err = {0};
        struct watch watch;
        struct fh_worker *worker = small_worker(2);
        watch_begin(&watch, worker);
        int code = finish_beside_loop(worker, greedy[i], 3000, &err);
        watch_end(&watch);
        if (!TEST_SANITIZED && watch.peak_kib > (uint64_t)MEMORY_MIB * 1024 * 11 / 10) {
            fail_msg("%s: peak %llu KiB", greedy[i], (unsigned long long)watch.peak_kib);
        }
        assert_true(watch.peak_bytes <= SPILL_BYTES_MAX);
        /* it ended by itself, or by a rule that a consumer can act on */
        static const char *const rules[] = {
            "", "query.memory", "query.row", "query.deadline", "sql.runtime", "worker.died"};
        bool known = false;
        for (size_t k = 0; k < FH_COUNT(rules); k++) {
            known = known || strcmp(err.rule, rules[k]) == 0;
        }
        if (!known) {
            fail_msg("%s: %s %s: %s", greedy[i], fh_code_name(code), err.rule, err.text);
        }
        rig_release(&rig, worker);
        rig_expect(honest, "SELECT 42", "42\n");
    }
    rig_release(&rig, honest);
}

/* ---- disk ---- */

static void a_query_may_not_fill_the_disk(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct watch watch;
    struct fh_worker *worker = small_worker(2);
    watch_begin(&watch, worker);
    int code = finish_beside_loop(
        worker,
        "SELECT max(a), max(b), max(c), max(d), max(e), max(f), max(g), max(h) FROM (SELECT "
        "hash(i, 1) AS a, hash(i, 2) AS b, hash(i, 3) AS c, hash(i, 4) AS d, hash(i, 5) AS e, "
        "hash(i, 6) AS f, hash(i, 7) AS g, hash(i, 8) AS h, row_number() OVER (ORDER BY "
        "hash(i), i) AS r FROM range(200000000) t(i)) WHERE r > 1000",
        90000, // a busy machine under a sanitizer needs its time to write that much
        &err);
    watch_end(&watch);
    assert_int_not_equal(code, FH_OK); // two numbers a row are 3 GiB already, and do not fit 1
    assert_true(watch.peak_bytes > (uint64_t)64 << 20);
    assert_true(watch.peak_bytes <= SPILL_BYTES_MAX);
    rig_release(&rig, worker);
    for (int i = 0; i < 100 && fh_spill_bytes(watch.folder) > 1 << 20; i++) {
        fh_loop_run_once(rig.loop, 20);
    }
    assert_true(fh_spill_bytes(watch.folder) < 1 << 20); // gone with its process
}

/* Somebody took a worker over and writes what he likes: the node looks at the folder itself. */
static void a_folder_beyond_its_quota_ends_the_worker(void **state)
{
    (void)state;
    char path[512];
    struct fh_err err = {0};
    struct fh_worker *worker = NULL;
    assert_int_equal(fh_workers_spawn(rig.workers, &worker, &err), FH_OK);
    /* 1 MiB of memory is 4 of spill */
    assert_int_equal(fh_worker_setup(worker, FH_WORKER_QUERY, 1, 1, rig_soon(20000), &err), FH_OK);
    snprintf(path, sizeof path, "/proc/%d/cwd/stray", fh_worker_pid(worker));
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    static char block[1024 * 1024];
    memset(block, 'x', sizeof block);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(fwrite(block, 1, sizeof block, file), sizeof block);
    }
    assert_int_equal(fclose(file), 0);
    for (int i = 0; i < 100 && !fh_worker_dead(worker); i++) {
        fh_loop_run_once(rig.loop, 20);
    }
    assert_true(fh_worker_dead(worker));
    rig_release(&rig, worker);
}

/* He makes folders in folders, where nobody counted, and which nobody could remove. */
static void folders_in_folders_end_the_worker(void **state)
{
    (void)state;
    enum { LEVELS = 200 };
    struct fh_err err = {0};
    struct fh_worker *worker = NULL;
    char cwd[64];
    char folder[256]; /* of all workers */
    assert_int_equal(fh_workers_spawn(rig.workers, &worker, &err), FH_OK);
    assert_int_equal(fh_worker_setup(worker, FH_WORKER_QUERY, 1, 1, rig_soon(20000), &err), FH_OK);
    snprintf(cwd, sizeof cwd, "/proc/%d/cwd", fh_worker_pid(worker));
    test_scratch_path(folder, sizeof folder, &rig.scratch, "spill");
    int at = open(cwd, O_RDONLY | O_DIRECTORY);
    assert_true(at >= 0);
    for (int i = 0; i < LEVELS; i++) {
        char name[32]; /* what those are called that are moved up, but for what nobody knows */
        snprintf(name, sizeof name, "deep.%d", i);
        assert_int_equal(mkdirat(at, name, 0700), 0);
        int file = openat(at, "stray", O_WRONLY | O_CREAT, 0600);
        int inner = openat(at, name, O_RDONLY | O_DIRECTORY);
        assert_true(file >= 0 && inner >= 0);
        close(file);
        close(at);
        at = inner;
    }
    close(at);
    for (int i = 0; i < 100 && !fh_worker_dead(worker); i++) {
        fh_loop_run_once(rig.loop, 20);
    }
    assert_true(fh_worker_dead(worker));
    rig_release(&rig, worker);
    for (int i = 0; i < 100 && fh_spill_bytes(folder) > 1 << 20; i++) {
        fh_loop_run_once(rig.loop, 20);
    }
    assert_true(fh_spill_bytes(folder) < 1 << 20);
}

/* ---- crashes and hangs ---- */

static void a_crash_costs_its_query_only(void **state)
{
    (void)state;
    static const int signals[] = {SIGSEGV, SIGABRT, SIGBUS, SIGSYS, SIGILL, SIGFPE};
    struct fh_worker *honest = small_worker(1);
    for (size_t i = 0; i < FH_COUNT(signals); i++) {
        struct fh_err err = {0};
        struct fh_worker_event event;
        struct fh_worker *worker = small_worker(1);
        struct fh_channel_run run = {
            .sql = fh_bytes_cstr("SELECT count(*) FROM range(100000000) a, range(100000) b WHERE "
                                 "a.range * b.range = -1"),
            .window = 1};
        assert_int_equal(fh_worker_run(worker, &run, rig_soon(20000), &err), FH_OK);
        assert_int_equal(kill(fh_worker_pid(worker), signals[i]), 0);
        assert_int_equal(fh_worker_next(worker, &event, &err), FH_EIO);
        assert_string_equal(err.rule, "worker.died");
        rig_expect(honest, "SELECT 42", "42\n");
        rig_release(&rig, worker);
    }
    rig_release(&rig, honest);
}

/* It reads nothing and answers nothing, neither query nor cancel. */
static void a_stopped_worker_is_killed_after_the_grace(void **state)
{
    (void)state;
    for (int cancel = 0; cancel < 2; cancel++) {
        struct fh_err err = {0};
        struct fh_worker_event event;
        struct fh_worker *worker = small_worker(1);
        struct fh_channel_run run = {.sql = fh_bytes_cstr("SELECT * FROM range(1000000000)"),
                                     .window = 1};
        assert_int_equal(fh_worker_run(worker, &run, rig_soon(cancel ? 20000 : 300), &err), FH_OK);
        assert_int_equal(fh_worker_next(worker, &event, &err), FH_OK);
        assert_int_equal(kill(fh_worker_pid(worker), SIGSTOP), 0);
        int64_t before = fh_clock_mono_ms();
        if (cancel) {
            fh_worker_cancel(worker);
        }
        assert_int_equal(fh_worker_next(worker, &event, &err),
                         cancel ? FH_ECANCELLED : FH_ETIMEOUT);
        assert_true(fh_clock_mono_ms() - before < 300 + FH_WORKER_GRACE_MS + RIG_BUSY_MS);
        assert_true(fh_worker_dead(worker));
        rig_release(&rig, worker);
    }
}

/* ---- many of them ---- */

static const char *const hostile[] = {
    "SELECT length(repeat(repeat('x', 1000000), 20000))",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/proc/self/environ')",
    "SELECT nextval('nothing')",
    "COPY (SELECT 1) TO '/tmp/freehold-copied'",
    "ATTACH '/tmp/freehold-attached.db'",
    "SELECT error('away')",
    "SELECT 1 / 0 + 'x'::INTEGER",
    "SET threads=64",
    "SELECT [[[[[[[[1]]]]]]]], range(100000)",
    "SELECT repeat('x', 1000000) FROM range(10)",
    "SELECT * FROM range(200000)",
    "INSTALL httpfs",
    "SELECT 1;;; SELECT 2",
};

static void hostile_queries_leave_the_node_as_it_was(void **state)
{
    (void)state;
    enum { TURNS = TEST_SANITIZED ? 100 : 1000, WARM = TURNS / 10 };
    struct fh_worker *worker = NULL;
    uint64_t before_kib = 0;
    for (int i = 0; i < TURNS; i++) {
        struct fh_err err = {0};
        if (worker != NULL && (i % 50 == 0 || fh_worker_dead(worker))) {
            rig_release(&rig, worker);
            worker = NULL;
        }
        worker = worker == NULL ? small_worker(1) : worker;
        (void)finish(worker, hostile[(size_t)i % FH_COUNT(hostile)], 2000, &err);
        fh_loop_run_once(rig.loop, 0);
        before_kib = i == WARM ? test_status_kib(getpid(), "VmRSS:") : before_kib;
    }
    rig_release(&rig, worker);
    uint64_t after_kib = test_status_kib(getpid(), "VmRSS:");
    if (!TEST_SANITIZED && after_kib > before_kib + 1024) {
        fail_msg(
            "%llu KiB became %llu", (unsigned long long)before_kib, (unsigned long long)after_kib);
    }
    assert_int_not_equal(access("/tmp/freehold-copied", F_OK), 0);
    assert_int_not_equal(access("/tmp/freehold-attached.db", F_OK), 0);
}

/* ---- behind the gate ---- */

/* Statements that the gate refuses, given to a worker as if it had not: `%s` is a file with a
 * random text in it, beside the spill folders. Neither the text nor anything of the machine may
 * come back, and nothing may be written. */
static const char *const ungated[] = {
    "SELECT * FROM '%s'",
    "SELECT * FROM read_csv('%s', header = false)",
    "SELECT * FROM read_text('%s')",
    "SELECT * FROM read_blob('%s')",
    "SELECT * FROM read_json('%s')",
    "SELECT * FROM read_parquet('%s')",
    "SELECT * FROM sniff_csv('%s')",
    "SELECT * FROM parquet_metadata('%s')",
    "SELECT * FROM glob('%s*')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM glob('/proc/self/*')",
    "SELECT * FROM glob('/**')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_text('/proc/self/environ')",
    "SELECT * FROM read_text('/proc/self/maps')",
    "SELECT * FROM read_text('/proc/1/environ')",
    "SELECT * FROM read_text('../../../../../../../etc/passwd')",
    "SELECT * FROM read_text('file://%s')",
    "SELECT * FROM read_csv('https://example.com/x.csv')",
    "SELECT * FROM read_text('/dev/stdin')",
    "SELECT * FROM query('SELECT * FROM read_text(''%s'')')",
    "SELECT * FROM query_table('%s')",
    "ATTACH '%s' AS stolen",
    "ATTACH '%s.db' AS made",
    "COPY (SELECT 1) TO '%s.copied'",
    "COPY (SELECT 1) TO '/tmp/freehold-copied'",
    "COPY (SELECT 1) TO '%s' (USE_TMP_FILE false)",
    "EXPORT DATABASE '%s.exported'",
    "CREATE TABLE x AS SELECT * FROM read_text('%s')",
    "INSTALL httpfs",
    "LOAD '%s'",
    "LOAD httpfs",
    "SET home_directory = '%s'",
    "SET temp_directory = '/tmp/freehold-temp'",
    "SET enable_external_access = true",
    "SET allowed_directories = ['/']",
    "RESET lock_configuration",
    "SET memory_limit = '100GB'",
    "SET threads = 100",
    "SET log_query_path = '%s.log'",
    "PRAGMA enable_profiling = 'json'; PRAGMA profiling_output = '%s.profile'",
    "CALL enable_logging(storage = 'file', storage_config = {'path': '%s.logs'})",
    "SELECT * FROM enable_logging(storage = 'file', storage_config = {'path': '%s.logs'})",
    "CREATE SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')",
    "CREATE PERSISTENT SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')",
    "SELECT getenv('PATH')",
    "IMPORT DATABASE '%s'",
    "SELECT * FROM duckdb_secrets()",
};

static void behind_the_gate_there_is_nothing(void **state)
{
    (void)state;
    char path[256];
    char name[64];
    char canary[48];
    struct fh_worker *worker = NULL;
    snprintf(canary,
             sizeof canary,
             "canary%016llx",
             (unsigned long long)fh_clock_mono_ns() * 0x9e3779b97f4a7c15ULL);
    snprintf(name, sizeof name, "hidden%llx", (unsigned long long)fh_clock_mono_ns());
    test_scratch_path(path, sizeof path, &rig.scratch, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fprintf(file, "%s,%s\n%s,%s\n", canary, canary, canary, canary) > 0);
    assert_int_equal(fclose(file), 0);
    for (size_t i = 0; i < FH_COUNT(ungated); i++) {
        char sql[1024];
        struct fh_err err = {0};
        struct fh_buf out;
        fh_buf_init(&out, 16 * 1024 * 1024);
        if (worker == NULL || fh_worker_dead(worker)) {
            fh_worker_release(worker);
            fh_loop_run_once(rig.loop, 10);
            worker = small_worker(1);
        }
        const char *at = strstr(ungated[i], "%s");
        int before = at == NULL ? (int)strlen(ungated[i]) : (int)(at - ungated[i]);
        snprintf(sql,
                 sizeof sql,
                 "%.*s%s%s",
                 before,
                 ungated[i],
                 at == NULL ? "" : path,
                 at == NULL ? "" : at + 2);
        (void)rig_query(worker, sql, &out, &err);
        const char *rows = fh_buf_cstr(&out);
        static const char *const leaks[] = {
            "canary", "hidden", "root:", "PATH=", "libduckdb", "/etc"};
        for (size_t k = 0; k < FH_COUNT(leaks); k++) {
            if (strstr(rows, leaks[k]) != NULL || strstr(err.text, "canary") != NULL) {
                fail_msg("%s: %s / %.300s", sql, err.text, rows);
            }
        }
        fh_buf_fini(&out);
    }
    rig_release(&rig, worker);
    static const char *const made[] = {
        "", ".copied", ".exported", ".db", ".log", ".logs", ".profile"};
    for (size_t i = 0; i < FH_COUNT(made); i++) {
        char other[300];
        snprintf(other, sizeof other, "%s%s", path, made[i]);
        assert_int_equal(access(other, F_OK), i == 0 ? 0 : -1);
    }
    file = fopen(path, "r");
    assert_non_null(file);
    char text[64] = "";
    assert_non_null(fgets(text, sizeof text, file));
    fclose(file);
    assert_int_equal(strncmp(text, canary, strlen(canary)), 0);
    assert_int_not_equal(access("/tmp/freehold-copied", F_OK), 0);
    assert_int_not_equal(access("/tmp/freehold-temp", F_OK), 0);
}

/* ---- layers ---- */

static void layers_are_told_and_demanded(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_worker *worker = small_worker(1);
    uint32_t given = fh_worker_layers(worker);
    assert_true((given & FH_LAYER_LIMITS) != 0);
    assert_non_null(strstr(fh_worker_engine(worker), "v1."));
    rig_release(&rig, worker);

    static const struct {
        uint32_t off;
        bool enough;
    } rows[] = {
        {0, true},
        {FH_LAYER_LANDLOCK, true},
        {FH_LAYER_MOUNT, true},
        {FH_LAYER_USER | FH_LAYER_NET | FH_LAYER_IPC | FH_LAYER_MOUNT, true},
        {FH_LAYER_LANDLOCK | FH_LAYER_MOUNT, false},
        {FH_LAYER_SECCOMP, false},
        {FH_LAYER_LIMITS, false},
        {FH_LAYERS_ALL, false},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_workers *workers = NULL;
        struct fh_workers_options options = {.program = FH_WORKER_PROGRAM,
                                             .spill_root = "",
                                             .workers_max = 1,
                                             .require_sandbox = true,
                                             .layers_off = rows[i].off};
        assert_int_equal(fh_workers_new(&workers, fh_loop_uv(rig.loop), &options, &err), FH_OK);
        assert_int_equal(fh_workers_spawn(workers, &worker, &err), FH_OK);
        int code = fh_worker_setup(worker, FH_WORKER_QUERY, MEMORY_MIB, 1, rig_soon(20000), &err);
        bool enough = rows[i].enough && fh_layers_enough(given & ~rows[i].off);
        assert_int_equal(code, enough ? FH_OK : FH_EDENIED);
        if (!enough) {
            assert_string_equal(err.rule, "worker.sandbox");
            assert_non_null(strstr(err.text, "freehold doctor"));
        } else {
            assert_int_equal(fh_worker_layers(worker), given & ~rows[i].off);
            rig_expect(worker, "SELECT 42", "42\n");
        }
        fh_worker_release(worker);
        for (int k = 0; k < 100 && !fh_workers_drained(workers); k++) {
            fh_loop_run_once(rig.loop, 20);
        }
        fh_workers_free(workers);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_are_told_and_demanded),
        cmocka_unit_test(memory_stays_within_its_limit),
        cmocka_unit_test(a_query_may_not_fill_the_disk),
        cmocka_unit_test(a_folder_beyond_its_quota_ends_the_worker),
        cmocka_unit_test(folders_in_folders_end_the_worker),
        cmocka_unit_test(a_crash_costs_its_query_only),
        cmocka_unit_test(a_stopped_worker_is_killed_after_the_grace),
        cmocka_unit_test(behind_the_gate_there_is_nothing),
        cmocka_unit_test(hostile_queries_leave_the_node_as_it_was),
    };
    rig_up(&rig);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rig_down(&rig);
    return failed;
}
