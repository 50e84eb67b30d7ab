/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workers whose memory runs out in each of their states: from then on the kernel gives them nothing
 * more. Each time the question at hand fails, soon and by name, what belongs to it ends, and a
 * worker beside it answers on.
 */
#include "common/time.h"
#include "node/query/crew.h"
#include "tests/lib/sanitized.h"
#include "tests/node/worker/masked.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { SOON_MS = 30000, STARVED_BYTES = 4096 };

static struct rig rig;
static struct fh_worker *honest;
static pthread_t beside;
static atomic_bool over;
static atomic_uint answers;

/* Not a page more on its heap, nor for a thread: what it has it keeps. */
static void starve(int pid)
{
    const struct rlimit none = {.rlim_cur = STARVED_BYTES, .rlim_max = STARVED_BYTES};
    if (pid > 0 && prlimit(pid, RLIMIT_DATA, &none, NULL) != 0) {
        perror("prlimit"); /* it may be gone */
    }
}

static void rest(long ms)
{
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

/* ---- beside ---- */

static void *ask_honestly(void *unused)
{
    (void)unused;
    while (!atomic_load(&over)) {
        rig_expect(honest, "SELECT sum(i) FROM range(100000) t(i)", "4999950000\n");
        atomic_fetch_add(&answers, 1);
        rest(5);
    }
    return NULL;
}

/* Waits until it has answered once more. */
static void must_go_on(void)
{
    unsigned before = atomic_load(&answers);
    int64_t end = rig_soon(SOON_MS);
    while (atomic_load(&answers) == before && fh_clock_mono_ms() < end) {
        rest(5);
    }
    assert_true(atomic_load(&answers) > before);
}

static int up(void **state)
{
    (void)state;
    rig_up(&rig);
    rig_write(&rig,
              "COPY (SELECT i AS id, 'origin' || (i % 7) AS origin, 'a note that is never inline ' "
              "|| i AS note FROM range(2000000) t(i)) TO '%s/rows.parquet' (ROW_GROUP_SIZE 20480);"
              "COPY (SELECT i AS id, 'note ' || i AS note FROM range(300000) t(i)) TO "
              "'%s/rows.csv';");
    honest = rig_worker(&rig, FH_WORKER_QUERY, 1);
    atomic_store(&over, false);
    return pthread_create(&beside, NULL, ask_honestly, NULL);
}

static int down(void **state)
{
    (void)state;
    atomic_store(&over, true);
    pthread_join(beside, NULL);
    rig_release(&rig, honest);
    rig_down(&rig);
    return 0;
}

/* A failure that says that it was this question's own. */
static void must_have_failed(const char *state, int code, const struct fh_err *err)
{
    /* A parser that ends without an answer has had its time, as far as the node can tell. */
    static const char *const rules[] = {
        "query.memory", "worker.died", "source.read", "sql.parse_time"};
    bool known = false;
    for (size_t i = 0; i < FH_COUNT(rules); i++) {
        known = known || strcmp(err->rule, rules[i]) == 0;
    }
    /* A sanitizer's allocator gives NULL where DuckDB expects an exception, which names no cause.
     */
    known = known || (TEST_SANITIZED && strncmp(err->rule, "sql.", 4) == 0);
    if (code == FH_OK || !known) {
        fail_msg("%s: %s [%s] %s", state, fh_code_name(code), err->rule, err->text);
    }
    print_message("%s: %s\n", state, err->rule);
    must_go_on();
}

/* ---- a query worker ---- */

static const char *const hungry =
    "SELECT count(*) FROM (SELECT i, count(*) FROM range(60000000) t(i) GROUP BY i)";

static int run(struct fh_worker *worker, const char *sql, struct fh_err *err)
{
    const struct fh_channel_run run = {.sql = fh_bytes_cstr(sql), .window = FH_QUERY_WINDOW};
    return fh_worker_run(worker, &run, rig_soon(SOON_MS), err);
}

static int fetch(struct fh_worker *worker, unsigned batches, struct fh_err *err)
{
    struct fh_worker_event event = {.kind = FH_WORKER_BATCH};
    int code = FH_OK;
    for (unsigned i = 0; code == FH_OK && i < batches && event.kind != FH_WORKER_END; i++) {
        code = fh_worker_next(worker, &event, err);
        if (code == FH_OK && event.kind == FH_WORKER_BATCH) {
            fh_worker_credit(worker, 1);
        }
    }
    return code;
}

static void idle(void **unused)
{
    (void)unused;
    struct fh_err err = {0};
    struct fh_worker *worker = rig_worker(&rig, FH_WORKER_QUERY, 2);
    starve(fh_worker_pid(worker));
    int code = run(worker, hungry, &err);
    code = code == FH_OK ? fetch(worker, UINT32_MAX, &err) : code;
    must_have_failed("idle", code, &err);
    rig_release(&rig, worker);
}

/* From parsing to its tables, whichever step it is that has not enough any more. */
static void preparing(void **unused)
{
    (void)unused;
    struct fh_err err = {0};
    struct fh_buf sql;
    struct fh_gate gate;
    struct fh_table table =
        rig_table(&rig, "a.rows.t", FH_SOURCE_PARQUET, "id BIGINT, origin VARCHAR, note VARCHAR");
    struct fh_worker *worker = rig_worker(&rig, FH_WORKER_QUERY, 1);
    fh_buf_init(&sql, FH_SQL_BYTES_MAX);
    fh_buf_add_cstr(&sql, "SELECT [0");
    for (unsigned i = 0; i < 1500; i++) {
        fh_buf_printf(&sql, ", %u", i);
    }
    fh_buf_add_cstr(&sql, "]");
    starve(fh_worker_pid(worker));
    int code = FH_OK;
    for (unsigned i = 0; code == FH_OK && i < 50; i++) {
        struct fh_arena *arena = fh_arena_new(16 * 1024 * 1024);
        assert_non_null(arena);
        code = rig_gate(worker, fh_buf_cstr(&sql), arena, &gate, &err);
        fh_arena_free(arena);
    }
    code = code == FH_OK ? rig_add(worker, &table, rig_open(&rig, "rows.parquet"), &err) : code;
    code = code == FH_OK ? run(worker, hungry, &err) : code;
    code = code == FH_OK ? fetch(worker, UINT32_MAX, &err) : code;
    must_have_failed("preparing", code, &err);
    fh_buf_fini(&sql);
    rig_release(&rig, worker);
}

static void running(void **unused)
{
    (void)unused;
    struct fh_err err = {0};
    struct fh_worker *worker = rig_worker(&rig, FH_WORKER_QUERY, 2);
    assert_int_equal(run(worker, hungry, &err), FH_OK);
    rest(100);
    starve(fh_worker_pid(worker));
    must_have_failed("running", fetch(worker, UINT32_MAX, &err), &err);
    rig_release(&rig, worker);
}

static void streaming(void **unused)
{
    (void)unused;
    struct fh_err err = {0};
    struct fh_worker *worker = rig_worker(&rig, FH_WORKER_QUERY, 1);
    assert_int_equal(
        run(worker, "SELECT repeat('x', 200 + i // 20480 * 100) FROM range(3000000) t(i)", &err),
        FH_OK);
    if (fetch(worker, 3, &err) != FH_OK) {
        fail_msg("%s [%s]", err.text, err.rule);
    }
    starve(fh_worker_pid(worker));
    must_have_failed("streaming", fetch(worker, UINT32_MAX, &err), &err);
    rig_release(&rig, worker);
}

/* ---- a barrier ---- */

static void starve_on_open(struct masked *masked, void *user)
{
    struct fh_worker **worker = user;
    (void)masked;
    starve(fh_worker_pid(*worker));
}

static void behind_a_barrier(const char *state, bool scan)
{
    struct fh_err err = {0};
    struct masked m;
    struct fh_buf out;
    masked_up(&m, &rig, 1);
    struct fh_table table =
        rig_table(&rig, "a.rows.t", FH_SOURCE_PARQUET, "id BIGINT, origin VARCHAR, note VARCHAR");
    struct fh_view view = masked_view(&rig, &table, "origin=hash", NULL, 0);
    assert_int_equal(masked_add(&m, &table, &view, rig_open(&rig, "rows.parquet"), &err), FH_OK);
    masked_expect(&m, "SELECT count(*), count(DISTINCT origin) FROM a.rows", "2000000|7\n");
    m.on_open = starve_on_open;
    m.user = scan ? &m.scan : &m.query;
    fh_buf_init(&out, RIG_ANSWER_BYTES_MAX);
    int code = masked_query(&m, "SELECT count(DISTINCT note || origin) FROM a.rows", &out, &err);
    must_have_failed(state, code, &err);
    assert_true(masked_quiet(&m, SOON_MS)); /* no feed goes on for nobody */
    fh_buf_fini(&out);
    masked_down(&m);
}

static void scanning_for_a_barrier(void **unused)
{
    (void)unused;
    behind_a_barrier("scanning for a barrier", true);
}

static void fed_by_a_barrier(void **unused)
{
    (void)unused;
    behind_a_barrier("fed by a barrier", false);
}

/* ---- checks and profiles ---- */

static void reading(bool profile)
{
    struct fh_err err = {0};
    struct fh_worker *worker = rig_worker(&rig, FH_WORKER_CHECK, 2);
    struct fh_arena *arena = fh_arena_new(16 * 1024 * 1024);
    int file = rig_open(&rig, profile ? "rows.csv" : "rows.parquet");
    int code = FH_OK;
    assert_non_null(arena);
    starve(fh_worker_pid(worker));
    if (profile) {
        struct fh_buf answer;
        const struct fh_profile_question question = rig_profile(FH_PROFILE_CSV, "rows");
        fh_buf_init(&answer, FH_PROFILE_BYTES_MAX);
        code = fh_worker_profile(
            worker, &question, false, file, arena, &answer, rig_soon(SOON_MS), &err);
        fh_buf_fini(&answer);
    } else {
        const struct fh_probe probe = {.sql = "count(DISTINCT note || id)"};
        const struct fh_channel_probe asked = {
            .table = rig_table(
                &rig, "a.rows.t", FH_SOURCE_PARQUET, "id BIGINT, origin VARCHAR, note VARCHAR"),
            .probe_count = 1,
            .probes = &probe};
        struct fh_channel_probed probed;
        code = fh_worker_probe(worker, &asked, &file, 1, arena, &probed, rig_soon(SOON_MS), &err);
    }
    must_have_failed(profile ? "profiling" : "checking", code, &err);
    close(file);
    fh_arena_free(arena);
    rig_release(&rig, worker);
}

static void checking(void **unused)
{
    (void)unused;
    reading(false);
}

static void profiling(void **unused)
{
    (void)unused;
    reading(true);
}

/* ---- the one that stands by ---- */

/* The process of this test that is not the honest worker's. */
static int other_child(void)
{
    char path[64];
    int pid = 0, other = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fscanf(file, "%d", &pid) == 1) {
        other = pid == fh_worker_pid(honest) ? other : pid;
    }
    fclose(file);
    return other;
}

static int
take_and_run(struct fh_crew *crew, struct fh_worker **out, const char *sql, struct fh_err *err)
{
    bool fresh = false;
    int code = fh_crew_take(crew, 1, FH_WORKER_QUERY, false, out, &fresh, err);
    code = code == FH_OK && fresh ? fh_worker_setup_wait(*out, rig_soon(SOON_MS), err) : code;
    code = code == FH_OK ? run(*out, sql, err) : code;
    return code == FH_OK ? fetch(*out, UINT32_MAX, err) : code;
}

static void wait_for(uint32_t living)
{
    for (int i = 0; i < 2000 && fh_workers_count(rig.workers) != living; i++) {
        fh_loop_run_once(rig.loop, 10);
    }
    assert_int_equal(fh_workers_count(rig.workers), living);
}

static void standing_by(void **unused)
{
    (void)unused;
    struct fh_err err = {0};
    struct fh_crew *crew = NULL;
    struct fh_worker *worker = NULL;
    const struct fh_crew_options options = {
        .workers = rig.workers, .loop = rig.loop, .memory_mib = 512, .standby = true};
    assert_int_equal(fh_crew_new(&crew, &options, &err), FH_OK);
    /* One stands by from the first question on. */
    int code = take_and_run(crew, &worker, "SELECT 1 + 1", &err);
    assert_int_equal(code, FH_OK);
    wait_for(3);
    fh_crew_give(crew, worker, true);
    wait_for(2);
    rest(300); /* it is set up */
    starve(other_child());
    code = take_and_run(crew, &worker, hungry, &err);
    must_have_failed("standing by", code, &err);
    fh_crew_give(crew, worker, true);
    code = take_and_run(crew, &worker, "SELECT 1 + 1", &err);
    assert_int_equal(code, FH_OK);
    fh_crew_give(crew, worker, true);
    fh_crew_free(crew);
    wait_for(1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(standing_by),
        cmocka_unit_test(idle),
        cmocka_unit_test(preparing),
        cmocka_unit_test(running),
        cmocka_unit_test(streaming),
        cmocka_unit_test(scanning_for_a_barrier),
        cmocka_unit_test(fed_by_a_barrier),
        cmocka_unit_test(checking),
        cmocka_unit_test(profiling),
    };
    return cmocka_run_group_tests(tests, up, down);
}
