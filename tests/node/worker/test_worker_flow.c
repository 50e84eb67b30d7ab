/* SPDX-License-Identifier: Apache-2.0 */
/* Flow and failure: windows, cancel, deadlines, crashes, processes, and checks of sources. */
#include "common/time.h"
#include "tests/node/worker/rig.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct rig rig;

static int up(void **state)
{
    (void)state;
    rig_up(&rig);
    rig_write(
        &rig,
        "COPY (SELECT i AS id, 'n' || (i % 7) AS name, CASE WHEN i % 5 = 0 THEN NULL ELSE "
        "i / 4 END AS part, i % 2 = 0 AS even, (i * 1.25)::DECIMAL(12,2) AS price, DATE "
        "'2001-01-01' + (i % 100)::INTEGER AS day, 'a note that is never inline ' || i AS note "
        "FROM range(20000) t(i)) TO '%s/items.parquet';"
        "COPY (SELECT 'n' || i AS name, i AS rank FROM range(7) t(i)) TO '%s/names.csv';"
        "COPY (SELECT * FROM (VALUES (1, 'a', 'x'), (1, 'b', NULL), (3, NULL, '7'), (4, 'a', "
        "'8')) t(id, name, size)) TO '%s/broken.csv';"
        "COPY (SELECT 1 AS id, 'x' AS name) TO '%s/short.json'");
    return 0;
}

static int down(void **state)
{
    (void)state;
    rig_down(&rig);
    return 0;
}

static void start(struct fh_worker *worker, const char *sql, uint32_t window, int deadline_ms)
{
    struct fh_err err = {0};
    struct fh_channel_run run = {.sql = fh_bytes_cstr(sql), .window = window};
    if (fh_worker_run(worker, &run, rig_soon(deadline_ms), &err) != FH_OK) {
        fail_msg("%s", err.text);
    }
}

static const char *const endless =
    "SELECT count(*) FROM range(100000000) a, range(100000) b WHERE a.range * b.range = -1";

static void producer_waits_for_credit(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_worker_event event;
    struct fh_worker *worker = rig_worker(&rig, FH_WORKER_QUERY, 1);
    start(worker, "SELECT i, i + 1, i + 2 FROM range(3000000) t(i)", 2, 2000);
    uint64_t rows = 0;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(fh_worker_next(worker, &event, &err), FH_OK);
        assert_int_equal(event.kind, FH_WORKER_BATCH);
        rows += event.rows;
    }
    /* The window is used up: nothing comes although millions of rows are left, until the deadline.
     */
    int64_t before = fh_clock_mono_ms();
    assert_int_equal(fh_worker_next(worker, &event, &err), FH_ETIMEOUT);
    assert_true(fh_clock_mono_ms() - before > 1000);
    assert_true(rows < 300000);
    assert_false(fh_worker_dead(worker)); // it answered the cancel
    rig_expect(worker, "SELECT 42", "42\n");

    start(worker, "SELECT i, i + 1, i + 2 FROM range(3000000) t(i)", 1, 20000);
    rows = 0;
    for (;;) {
        assert_int_equal(fh_worker_next(worker, &event, &err), FH_OK);
        if (event.kind == FH_WORKER_END) {
            break;
        }
        rows += event.rows;
        assert_true(event.batch.size <= FH_BATCH_BYTES_MAX);
        fh_worker_credit(worker, 1);
    }
    assert_int_equal(rows, 3000000);
    assert_int_equal(event.end.rows, 3000000);
    rig_release(&rig, worker);
}

static void waits_for(struct fh_worker *worker, enum fh_worker_soon wanted, size_t bytes_max)
{
    struct fh_err err = {0};
    enum fh_worker_soon soon = FH_WORKER_NOT_YET;
    for (int i = 0; i < 1000 && soon == FH_WORKER_NOT_YET; i++) {
        assert_int_equal(fh_worker_soon(worker, rig_soon(20), bytes_max, &soon, &err), FH_OK);
    }
    assert_int_equal(soon, wanted);
}

/* What is there is found, however late it is; what is not is not waited for. */
static void soon_tells_what_is_there(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_worker_event event;
    enum fh_worker_soon soon = FH_WORKER_LATER;
    struct fh_worker *worker = rig_worker(&rig, FH_WORKER_QUERY, 1);
    assert_int_equal(fh_worker_soon(worker, 0, 1024, &soon, &err), FH_ESTATE);

    start(worker, "SELECT 42", 2, 20000);
    waits_for(worker, FH_WORKER_AT_HAND, 1024);
    waits_for(worker, FH_WORKER_AT_HAND, 1024); // it is still there
    assert_int_equal(fh_worker_next(worker, &event, &err), FH_OK);
    assert_int_equal(event.kind, FH_WORKER_BATCH);
    assert_int_equal(event.rows, 1);
    assert_int_equal(fh_worker_soon(worker, 0, 0, &soon, &err), FH_OK);
    assert_int_equal(soon, FH_WORKER_AT_HAND); // the end came with the batch
    assert_int_equal(fh_worker_next(worker, &event, &err), FH_OK);
    assert_int_equal(event.kind, FH_WORKER_END);
    assert_int_equal(fh_worker_soon(worker, 0, 1024, &soon, &err), FH_ESTATE);

    start(worker, "SELECT repeat('x', 5000)", 2, 20000);
    waits_for(worker, FH_WORKER_LATER, 1024); // larger than is wanted
    waits_for(worker, FH_WORKER_AT_HAND, 8192);
    assert_int_equal(fh_worker_next(worker, &event, &err), FH_OK);
    assert_int_equal(event.kind, FH_WORKER_BATCH);
    assert_int_equal(fh_worker_next(worker, &event, &err), FH_OK);
    assert_int_equal(event.kind, FH_WORKER_END);

    start(worker, "SELECT CAST('x' || random() AS INTEGER)", 2, 20000);
    waits_for(worker, FH_WORKER_AT_HAND, 0); // an error
    assert_int_equal(fh_worker_next(worker, &event, &err), FH_ESQL);

    start(worker, endless, 2, 20000);
    assert_int_equal(fh_worker_soon(worker, 0, 1024, &soon, &err), FH_OK);
    assert_int_equal(soon, FH_WORKER_NOT_YET);
    fh_worker_kill(worker);
    int code = FH_OK;
    for (int i = 0; i < 1000 && code == FH_OK; i++) {
        code = fh_worker_soon(worker, rig_soon(20), 1024, &soon, &err);
    }
    assert_int_equal(code, FH_ECANCELLED);
    rig_release(&rig, worker);
}

/* A parse in two steps says the same as one in one, and what of it is at hand. */
static void a_parse_is_asked_and_taken(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_worker *worker = rig_worker(&rig, FH_WORKER_QUERY, 1);
    struct fh_buf once, twice;
    enum fh_worker_soon soon = FH_WORKER_LATER;
    const struct fh_bytes sql = fh_bytes_cstr("SELECT 1 + 2 AS three");
    fh_buf_init(&once, FH_AST_BYTES_MAX);
    fh_buf_init(&twice, FH_AST_BYTES_MAX);
    assert_int_equal(fh_worker_parse(worker, sql, &once, &err), FH_OK);
    assert_int_equal(fh_worker_parsed_soon(worker, 4096, &soon, &err), FH_OK);
    assert_int_equal(soon, FH_WORKER_NOT_YET); // nothing was asked
    assert_int_equal(fh_worker_parse_ask(worker, sql, &err), FH_OK);
    for (int i = 0; i < 1000 && soon == FH_WORKER_NOT_YET; i++) {
        assert_int_equal(fh_worker_parsed_soon(worker, 100, &soon, &err), FH_OK);
        usleep(5000);
    }
    assert_int_equal(soon, FH_WORKER_LATER); // its tree has more bytes
    for (int i = 0; i < 1000 && soon != FH_WORKER_AT_HAND; i++) {
        assert_int_equal(fh_worker_parsed_soon(worker, 16384, &soon, &err), FH_OK);
    }
    assert_int_equal(soon, FH_WORKER_AT_HAND);
    assert_int_equal(fh_worker_parse_take(worker, &twice, &err), FH_OK);
    assert_string_equal(fh_buf_cstr(&twice), fh_buf_cstr(&once));
    assert_int_equal(fh_worker_parse_ask(worker, sql, &err), FH_OK);
    fh_worker_kill(worker);
    int code = fh_worker_parse_take(worker, &twice, &err);
    for (int i = 0; i < 1000 && code == FH_OK; i++) { // it was quicker than the signal
        code = fh_worker_parse_ask(worker, sql, &err);
    }
    assert_int_not_equal(code, FH_OK);
    fh_buf_fini(&once);
    fh_buf_fini(&twice);
    rig_release(&rig, worker);
}

static void count_call(void *user)
{
    ++*(unsigned *)user;
}

static unsigned turns_until(unsigned *calls, unsigned wanted)
{
    for (int i = 0; i < 500 && *calls < wanted; i++) {
        fh_loop_run_once(rig.loop, 20);
    }
    return *calls;
}

/* The loop is told of what a worker says and of its end, and asks without waiting. */
static void the_loop_watches_a_worker(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_worker_event event;
    enum fh_worker_soon soon = FH_WORKER_NOT_YET;
    unsigned calls = 0;
    unsigned others = 0;
    struct fh_worker *worker = rig_worker(&rig, FH_WORKER_QUERY, 1);
    fh_worker_unwatch(worker); // nobody did
    for (int i = 0; i < 3; i++) {
        calls = 0;
        assert_int_equal(fh_worker_watch(worker, count_call, &others, &err), FH_OK);
        assert_int_equal(fh_worker_watch(worker, count_call, &calls, &err), FH_OK);
        fh_loop_run_once(rig.loop, 0);
        assert_int_equal(calls, 0);
        assert_true(fh_worker_listens(worker));
        start(worker, "SELECT 42", 2, 20000);
        assert_true(turns_until(&calls, 2) >= 2); // as long as it is not read
        fh_worker_unwatch(worker);
        unsigned before = calls;
        fh_loop_run_once(rig.loop, 20);
        assert_int_equal(calls, before);
        waits_for(worker, FH_WORKER_AT_HAND, 1024);
        assert_int_equal(fh_worker_next(worker, &event, &err), FH_OK);
        assert_int_equal(fh_worker_next(worker, &event, &err), FH_OK);
        assert_int_equal(event.kind, FH_WORKER_END);
    }
    assert_int_equal(others, 0);

    assert_int_equal(kill(fh_worker_pid(worker), SIGSTOP), 0);
    start(worker, "SELECT 43", 2, 20000);
    assert_false(fh_worker_listens(worker)); // it has not read the question
    assert_int_equal(kill(fh_worker_pid(worker), SIGCONT), 0);
    waits_for(worker, FH_WORKER_AT_HAND, 1024);
    assert_true(fh_worker_listens(worker));

    calls = 0;
    assert_int_equal(fh_worker_watch(worker, count_call, &calls, &err), FH_OK);
    fh_worker_kill(worker);
    assert_true(turns_until(&calls, 1) >= 1);
    int code = FH_OK;
    for (int i = 0; i < 5 && code == FH_OK; i++) { // what it had said before is still there
        code = fh_worker_soon(worker, 0, 1024, &soon, &err);
        code = code == FH_OK ? fh_worker_next(worker, &event, &err) : code;
    }
    assert_int_not_equal(code, FH_OK);
    rig_release(&rig, worker);
}

/* Only a worker that has all tables, of these files as they are, needs not be asked. */
static void a_worker_that_has_the_tables_is_known(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_worker *worker = rig_worker(&rig, FH_WORKER_QUERY, 1);
    struct fh_table tables[] = {
        rig_table(&rig, "own.stock.names", FH_SOURCE_CSV, "name VARCHAR, rank BIGINT"),
        rig_table(&rig, "own.stock.items", FH_SOURCE_PARQUET, "id BIGINT, name VARCHAR"),
    };
    int files[] = {rig_open(&rig, "names.csv"), rig_open(&rig, "items.parquet")};
    tables[1].first_file = 1;
    assert_true(fh_worker_has_tables(worker, NULL, 0, NULL, 0));
    assert_false(fh_worker_has_tables(worker, tables, 1, files, 1));
    assert_int_equal(fh_worker_tables(worker, tables, 1, files, 1, rig_soon(20000), &err), FH_OK);
    assert_true(fh_worker_has_tables(worker, tables, 1, files, 1));
    assert_false(fh_worker_has_tables(worker, tables, 1, files, 0));     // without its file
    assert_false(fh_worker_has_tables(worker, tables, 1, files + 1, 1)); // with another
    assert_false(fh_worker_has_tables(worker, tables, 2, files, 2));     // and one more
    struct fh_table narrow = tables[0];
    narrow.column_count--;
    assert_false(fh_worker_has_tables(worker, &narrow, 1, files, 1));
    rig_write(&rig, "COPY (SELECT 'n' || i AS name, i AS rank FROM range(9) t(i)) TO '%s/new.csv'");
    char old[600], new[600];
    snprintf(old, sizeof old, "%s/names.csv", rig.scratch.path);
    snprintf(new, sizeof new, "%s/new.csv", rig.scratch.path);
    struct stat before, after;
    assert_int_equal(fstat(files[0], &before), 0);
    assert_int_equal(rename(new, old), 0);
    assert_int_equal(fstat(files[0], &after), 0);
    /* It still has the old file, whose rows are what they were. But to lose its name is a change of
     * a file, mostly; then it is not known any more, which costs no more than to give it again. The
     * node opens tables by name each time and would not ask about this one. */
    bool same = before.st_ctim.tv_sec == after.st_ctim.tv_sec &&
                before.st_ctim.tv_nsec == after.st_ctim.tv_nsec;
    assert_int_equal(fh_worker_has_tables(worker, tables, 1, files, 1), same);
    int again = rig_open(&rig, "names.csv");
    assert_false(fh_worker_has_tables(worker, tables, 1, &again, 1));
    close(again);
    close(files[0]);
    close(files[1]);
    rig_release(&rig, worker);
}

static void cancel_ends_a_query(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_worker_event event;
    struct fh_worker *worker = rig_worker(&rig, FH_WORKER_QUERY, 2);
    start(worker, endless, FH_QUERY_WINDOW, 20000);
    usleep(50000);
    int64_t before = fh_clock_mono_ms();
    fh_worker_cancel(worker);
    assert_int_equal(fh_worker_next(worker, &event, &err), FH_ECANCELLED);
    assert_true(fh_clock_mono_ms() - before < FH_WORKER_GRACE_MS + RIG_BUSY_MS);
    assert_false(fh_worker_dead(worker));
    rig_expect(worker, "SELECT 1", "1\n");
    fh_worker_cancel(worker); // nothing runs: nothing happens
    rig_expect(worker, "SELECT 2", "2\n");
    rig_release(&rig, worker);
}

static void deadline_is_kept(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_worker_event event;
    struct fh_worker *worker = rig_worker(&rig, FH_WORKER_QUERY, 1);
    int64_t before = fh_clock_mono_ms();
    start(worker, endless, FH_QUERY_WINDOW, 300);
    assert_int_equal(fh_worker_next(worker, &event, &err), FH_ETIMEOUT);
    assert_string_equal(err.rule, "query.deadline");
    assert_true(fh_clock_mono_ms() - before < 300 + FH_WORKER_GRACE_MS + RIG_BUSY_MS);
    assert_false(fh_worker_dead(worker));

    /* One function call that no interrupt reaches: the process is killed. */
    before = fh_clock_mono_ms();
    start(worker, "SELECT levenshtein(repeat('a', 200000), repeat('b', 200000))", 1, 300);
    assert_int_equal(fh_worker_next(worker, &event, &err), FH_ETIMEOUT);
    assert_true(fh_clock_mono_ms() - before < 300 + FH_WORKER_GRACE_MS + RIG_BUSY_MS);
    assert_true(fh_worker_dead(worker));
    rig_release(&rig, worker);
}

struct noticed {
    int count;
    int status;
};

static void on_exit_notice(struct fh_worker *worker, int status, void *user)
{
    struct noticed *noticed = user;
    (void)worker;
    noticed->count++;
    noticed->status = status;
}

static void a_killed_worker_is_an_error(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_worker_event event;
    struct noticed noticed = {0};
    struct fh_worker *worker = rig_worker(&rig, FH_WORKER_QUERY, 1);
    fh_worker_on_exit(worker, on_exit_notice, &noticed);
    start(worker, endless, FH_QUERY_WINDOW, 20000);
    assert_int_equal(kill(fh_worker_pid(worker), SIGKILL), 0);
    assert_int_equal(fh_worker_next(worker, &event, &err), FH_EIO);
    assert_string_equal(err.rule, "worker.died");
    assert_true(fh_worker_dead(worker));
    struct fh_channel_run run = {.sql = fh_bytes_cstr("SELECT 1"), .window = 1};
    assert_int_equal(fh_worker_run(worker, &run, rig_soon(1000), &err), FH_EIO);
    for (int i = 0; i < 100 && noticed.count == 0; i++) {
        fh_loop_run_once(rig.loop, 20);
    }
    assert_int_equal(noticed.count, 1);
    assert_int_equal(noticed.status, SIGKILL);
    rig_release(&rig, worker);
}

static void our_kill_reads_as_cancelled(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_worker_event event;
    struct fh_worker *worker = rig_worker(&rig, FH_WORKER_QUERY, 1);
    start(worker, endless, FH_QUERY_WINDOW, 20000);
    fh_worker_kill(worker);
    assert_int_equal(fh_worker_next(worker, &event, &err), FH_ECANCELLED);
    rig_release(&rig, worker);
}

static void rows_are_bounded(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_worker_event event = {.kind = FH_WORKER_BATCH};
    struct fh_worker *worker = rig_worker(&rig, FH_WORKER_QUERY, 1);
    struct fh_channel_run run = {
        .sql = fh_bytes_cstr("SELECT * FROM range(100000)"), .window = 4, .rows_max = 50000};
    assert_int_equal(fh_worker_run(worker, &run, rig_soon(5000), &err), FH_OK);
    int code = FH_OK;
    while (code == FH_OK && event.kind == FH_WORKER_BATCH) {
        code = fh_worker_next(worker, &event, &err);
        fh_worker_credit(worker, 1);
    }
    assert_int_equal(code, FH_ETOOBIG);
    assert_string_equal(err.rule, "query.rows");
    rig_refuse(worker, "SELECT repeat('x', 2000000)", FH_ETOOBIG, "query.row");
    /* wide rows: one vector is far more than a batch */
    struct fh_buf out;
    fh_buf_init(&out, 64 * 1024 * 1024);
    assert_int_equal(
        rig_query(worker, "SELECT repeat('x', 4000) || i FROM range(5000) t(i)", &out, &err),
        FH_OK);
    assert_true(out.size > (size_t)5000 * 4000);
    fh_buf_fini(&out);
    rig_release(&rig, worker);
}

static void memory_is_bounded(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_buf out;
    struct fh_worker *worker = rig_worker(&rig, FH_WORKER_QUERY, 1);
    fh_buf_init(&out, 1024);
    int code = rig_query(worker, "SELECT length(repeat(repeat('x', 1000000), 20000))", &out, &err);
    assert_true(code == FH_ETOOBIG || code == FH_EIO || code == FH_ESQL || code == FH_EINTERNAL);
    fh_buf_fini(&out);
    rig_release(&rig, worker);
}

static void values_are_bound(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_worker_event event;
    struct fh_buf out;
    struct fh_worker *worker = rig_worker(&rig, FH_WORKER_QUERY, 1);
    const struct fh_cell params[] = {
        {.kind = FH_CELL_INT, .integer = -7},
        {.kind = FH_CELL_UINT, .natural = UINT64_MAX},
        {.kind = FH_CELL_BOOL, .integer = 1},
        {.kind = FH_CELL_BYTES, .bytes = fh_bytes_cstr("it's '); DROP")},
        {.kind = FH_CELL_NULL},
    };
    struct fh_channel_run run = {.sql = fh_bytes_cstr("SELECT $1, $2, $3, $4, $5::VARCHAR"),
                                 .window = 4,
                                 .params = params,
                                 .param_count = FH_COUNT(params)};
    assert_int_equal(fh_worker_run(worker, &run, rig_soon(5000), &err), FH_OK);
    assert_int_equal(fh_worker_next(worker, &event, &err), FH_OK);
    fh_buf_init(&out, 1024);
    rig_rows(event.batch, &out);
    assert_string_equal(fh_buf_cstr(&out), "-7|18446744073709551615|true|it's '); DROP|NULL\n");
    fh_buf_fini(&out);
    assert_int_equal(fh_worker_next(worker, &event, &err), FH_OK);
    assert_int_equal(event.kind, FH_WORKER_END);
    run.param_count = 2;
    assert_int_equal(fh_worker_run(worker, &run, rig_soon(5000), &err), FH_OK);
    assert_int_equal(fh_worker_next(worker, &event, &err), FH_ESQL);
    assert_string_equal(err.rule, "sql.parameters");
    rig_release(&rig, worker);
}

/* ---- processes ---- */

static void workers_give_up_what_they_do_not_need(void **state)
{
    (void)state;
    char path[64];
    char text[8192];
    struct fh_worker *worker = rig_worker(&rig, FH_WORKER_QUERY, 1);
    rig_expect(worker, "SELECT 1", "1\n");
    snprintf(path, sizeof path, "/proc/%d/environ", fh_worker_pid(worker));
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    assert_string_equal(text, "DUCKDB_JE_MALLOC_CONF=retain:false"); // and nothing of the node's
    fclose(file);
    snprintf(path, sizeof path, "/proc/%d/status", fh_worker_pid(worker));
    file = fopen(path, "rb");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    assert_non_null(strstr(text, "NoNewPrivs:\t1"));
    snprintf(path, sizeof path, "/proc/%d/fd", fh_worker_pid(worker));
    DIR *folder = opendir(path);
    assert_non_null(folder);
    int descriptors = 0;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        descriptors += entry->d_name[0] != '.' ? 1 : 0;
    }
    closedir(folder);
    assert_true(descriptors <= 5); // 0, 1, 2, the channel, and at most one of the C library
    rig_release(&rig, worker);
}

static void workers_are_counted_and_reaped(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_worker *workers[FH_WORKERS_MAX + 1];
    uint32_t before = fh_workers_count(rig.workers);
    for (int i = 0; i < 50 && before > 0; i++) {
        fh_loop_run_once(rig.loop, 20);
        before = fh_workers_count(rig.workers);
    }
    assert_int_equal(before, 0);
    for (int i = 0; i < FH_WORKERS_MAX; i++) {
        assert_int_equal(fh_workers_spawn(rig.workers, &workers[i], &err), FH_OK);
    }
    assert_int_equal(fh_workers_spawn(rig.workers, &workers[FH_WORKERS_MAX], &err), FH_EBUSY);
    for (int i = 0; i < FH_WORKERS_MAX; i++) {
        fh_worker_release(workers[i]);
    }
    for (int i = 0; i < 100 && fh_workers_count(rig.workers) > 0; i++) {
        fh_loop_run_once(rig.loop, 20);
    }
    assert_int_equal(fh_workers_count(rig.workers), 0);
}

static void a_missing_program_is_an_error(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_workers *workers = NULL;
    struct fh_worker *worker = NULL;
    struct fh_workers_options options = {
        .program = "/nonexistent/freehold-worker", .spill_root = "", .workers_max = 1};
    assert_int_equal(fh_workers_new(&workers, fh_loop_uv(rig.loop), &options, &err), FH_OK);
    assert_int_equal(fh_workers_spawn(workers, &worker, &err), FH_ENOTFOUND);
    for (int i = 0; i < 50 && !fh_workers_drained(workers); i++) {
        fh_loop_run_once(rig.loop, 20);
    }
    assert_true(fh_workers_drained(workers));
    fh_workers_free(workers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(producer_waits_for_credit),
        cmocka_unit_test(soon_tells_what_is_there),
        cmocka_unit_test(a_parse_is_asked_and_taken),
        cmocka_unit_test(the_loop_watches_a_worker),
        cmocka_unit_test(a_worker_that_has_the_tables_is_known),
        cmocka_unit_test(cancel_ends_a_query),
        cmocka_unit_test(deadline_is_kept),
        cmocka_unit_test(a_killed_worker_is_an_error),
        cmocka_unit_test(our_kill_reads_as_cancelled),
        cmocka_unit_test(rows_are_bounded),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(values_are_bound),
        cmocka_unit_test(workers_give_up_what_they_do_not_need),
        cmocka_unit_test(workers_are_counted_and_reaped),
        cmocka_unit_test(a_missing_program_is_an_error),
    };
    return cmocka_run_group_tests(tests, up, down);
}
