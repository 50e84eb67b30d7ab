/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots of masked tables, written by real scan workers: kept, found, dropped, given up. */
#include "node/query/snapshots.h"
#include "tests/node/worker/masked.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct rig rig;
static struct fh_crew *crew;
static struct fh_snapshots *snapshots;

static int up(void **state)
{
    (void)state;
    rig_up(&rig);
    rig_write(&rig,
              "COPY (SELECT i AS id, 'secret-' || i AS name, TIMESTAMP '2024-05-06 07:08:09' + "
              "to_days(i::INT) "
              "AS moment FROM range(5000) t(i)) TO '%s/rows.parquet'");
    struct fh_err err = {0};
    struct fh_crew_options crew_options = {
        .workers = rig.workers, .loop = rig.loop, .memory_mib = 512};
    assert_int_equal(fh_crew_new(&crew, &crew_options, &err), FH_OK);
    struct fh_snapshots_options options = {
        .loop = rig.loop, .crew = crew, .folder = fh_crew_folder(crew)};
    assert_int_equal(fh_snapshots_new(&snapshots, &options, &err), FH_OK);
    return 0;
}

static void drain(void)
{
    for (int i = 0; i < 600 && !fh_snapshots_drained(snapshots); i++) {
        fh_loop_run_once(rig.loop, 50);
    }
    assert_true(fh_snapshots_drained(snapshots));
}

static int down(void **state)
{
    (void)state;
    fh_snapshots_quiesce(snapshots);
    drain();
    fh_snapshots_free(snapshots);
    fh_crew_free(crew);
    rig_down(&rig);
    return 0;
}

/* A table behind a view, at home in the masked rig `m`. */
static struct fh_masked_table *add(struct masked *m)
{
    struct fh_err err = {0};
    struct fh_table table =
        rig_table(&rig, "a.rows.t", FH_SOURCE_PARQUET, "id BIGINT, name VARCHAR, moment TIMESTAMP");
    static const char *const filters[] = {"id >= 10"};
    struct fh_view *view = fh_arena_alloc(rig.arena, sizeof *view);
    *view = masked_view(&rig, &table, "name=hash, moment=month", filters, 1);
    assert_int_equal(masked_add(m, &table, view, rig_open(&rig, "rows.parquet"), &err), FH_OK);
    return &m->tables[m->table_count - 1];
}

static struct fh_snapshot_key key_of(const char *table, const char *source)
{
    return (struct fh_snapshot_key){.table = fh_hash(fh_bytes_cstr(table)),
                                    .source = fh_hash(fh_bytes_cstr(source))};
}

/* Writes a snapshot by a worker of the crew. */
static void keep(const struct fh_snapshot_key *key, const char *sql)
{
    struct fh_err err = {0};
    struct fh_worker *worker = NULL;
    bool fresh = false;
    assert_int_equal(fh_crew_take(crew, 1, FH_WORKER_SCAN, false, &worker, &fresh, &err), FH_OK);
    if (fresh) {
        assert_int_equal(fh_worker_setup_wait(worker, rig_soon(20000), &err), FH_OK);
    }
    fh_snapshots_write(snapshots, key, worker, fh_bytes_cstr(sql));
    drain();
}

static void a_snapshot_says_the_same(void **state)
{
    (void)state;
    struct masked m;
    struct fh_err err = {0};
    struct fh_worker_feed_end end;
    struct fh_buf answers[2];
    masked_up(&m, &rig, 1);
    struct fh_masked_table *masked = add(&m);
    FH_CLEANUP(fh_buf_fini) struct fh_buf sql;
    fh_buf_init(&sql, 65536);
    fh_masked_select_all(&sql, masked);
    char path[256];
    test_scratch_path(path, sizeof path, &rig.scratch, "copy");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct fh_channel_feed feed = {
        .id = fh_worker_feed_id(m.scan), .to_file = true, .sql = fh_buf_view(&sql)};
    assert_int_equal(fh_worker_feed(m.scan, &feed, fd, &err), FH_OK);
    assert_int_equal(fh_worker_feed_next(m.scan, rig_soon(20000), &end, &err), FH_OK);
    assert_int_equal(end.failure.code, FH_OK);
    close(fd);
    for (unsigned i = 0; i < 2; i++) {
        fh_buf_init(&answers[i], 16 * 1024 * 1024);
    }
    assert_int_equal(masked_query(&m, "SELECT * FROM a.rows", &answers[0], &err), FH_OK);
    assert_true(masked_quiet(&m, 5000));
    struct fh_table table = masked->visible;
    table.format = FH_SOURCE_PARQUET;
    table.file_count = 1;
    assert_int_equal(rig_add(m.query, &table, rig_open(&rig, "copy"), &err), FH_OK);
    assert_int_equal(rig_query(m.query, "SELECT * FROM a.rows", &answers[1], &err), FH_OK);
    assert_string_equal(fh_buf_cstr(&answers[0]), fh_buf_cstr(&answers[1]));
    assert_null(strstr(fh_buf_cstr(&answers[1]), "secret"));

    /* A disk that is full costs the snapshot alone. */
    fd = open("/dev/full", O_RDWR | O_CLOEXEC);
    feed.id = fh_worker_feed_id(m.scan);
    assert_int_equal(fh_worker_feed(m.scan, &feed, fd, &err), FH_OK);
    assert_int_equal(fh_worker_feed_next(m.scan, rig_soon(20000), &end, &err), FH_OK);
    assert_string_equal(end.failure.rule, "source.read");
    close(fd);
    masked_expect(&m, "SELECT count(*) FROM a.rows", "4990\n");
    fh_buf_fini(&answers[0]);
    fh_buf_fini(&answers[1]);
    masked_down(&m);
}

static void found_until_the_source_changes(void **state)
{
    (void)state;
    struct fh_snapshot_key key = key_of("t", "1");
    assert_int_equal(fh_snapshots_find(snapshots, &key), -1);
    assert_false(fh_snapshots_wants(snapshots, &key)); /* read once */
    assert_true(fh_snapshots_wants(snapshots, &key));
    keep(&key, "SELECT range AS id FROM range(100)");
    int fd = fh_snapshots_find(snapshots, &key);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
    assert_int_equal(write(fd, "x", 1), -1);

    struct fh_err err = {0};
    struct fh_worker *query = rig_worker(&rig, FH_WORKER_QUERY, 1);
    struct fh_table table = rig_table(&rig, "a.copy.t", FH_SOURCE_PARQUET, "id BIGINT");
    assert_int_equal(rig_add(query, &table, fd, &err), FH_OK);
    rig_expect(query, "SELECT count(*), sum(id) FROM a.copy", "100|4950\n");

    struct fh_snapshot_key later = key_of("t", "2");
    assert_int_equal(fh_snapshots_find(snapshots, &later), -1);
    assert_int_equal(fh_snapshots_find(snapshots, &key), -1);  /* of a source that is no more */
    rig_expect(query, "SELECT count(*) FROM a.copy", "100\n"); /* who has it may finish */
    rig_release(&rig, query);
}

static void the_oldest_give_way(void **state)
{
    (void)state;
    char name[16];
    struct fh_snapshot_key first = key_of("table 0", "s");
    for (int i = 0; i <= FH_SNAPSHOTS_MAX; i++) {
        snprintf(name, sizeof name, "table %d", i);
        struct fh_snapshot_key key = key_of(name, "s");
        keep(&key, "SELECT 1 AS id");
        int fd = fh_snapshots_find(snapshots, &key);
        assert_true(fd >= 0);
        close(fd);
        usleep(2000); /* their last uses differ */
        struct fh_snapshot_key second = key_of("table 1", "s");
        fd = fh_snapshots_find(snapshots, &second);
        if (fd >= 0) {
            close(fd);
        }
        assert_true(fd >= 0 || i == 0);
    }
    assert_int_equal(fh_snapshots_find(snapshots, &first), -1);
}

static void what_fails_or_gives_way_is_not_kept(void **state)
{
    (void)state;
    struct fh_snapshot_key key = key_of("failed", "s");
    keep(&key, "SELECT no_such_column FROM no_such_table");
    assert_int_equal(fh_snapshots_find(snapshots, &key), -1);
    struct fh_err err = {0};
    struct fh_worker *worker = NULL;
    bool fresh = false;
    assert_int_equal(fh_crew_take(crew, 2, FH_WORKER_SCAN, false, &worker, &fresh, &err), FH_OK);
    assert_int_equal(fh_worker_setup_wait(worker, rig_soon(20000), &err), FH_OK);
    fh_snapshots_write(snapshots,
                       &key,
                       worker,
                       fh_bytes_cstr("SELECT range AS id, hash(range) AS h FROM range(100000000)"));
    assert_false(fh_snapshots_drained(snapshots));
    assert_false(fh_snapshots_wants(snapshots, &key) && fh_snapshots_wants(snapshots, &key));
    fh_snapshots_yield(snapshots);
    drain();
    assert_int_equal(fh_snapshots_find(snapshots, &key), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_snapshot_says_the_same),
        cmocka_unit_test(found_until_the_source_changes),
        cmocka_unit_test(the_oldest_give_way),
        cmocka_unit_test(what_fails_or_gives_way_is_not_kept),
    };
    return cmocka_run_group_tests(tests, up, down);
}
