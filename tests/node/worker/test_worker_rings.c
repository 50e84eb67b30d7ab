/* SPDX-License-Identifier: Apache-2.0 */
/* Rings with one end of the test's own, which lies: writers before a query worker, readers before a
 * scan worker; and workers that die, sources that change and consumers that turn away. */
#include "common/time.h"
#include "node/worker/ring_end.h"
#include "tests/node/worker/masked.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct rig rig;

static int up(void **state)
{
    (void)state;
    rig_up(&rig);
    rig_write(&rig,
              "COPY (SELECT i AS id, 'secret-' || i AS name, i % 100 AS delay FROM range(300000) "
              "t(i)) TO '%s/rows.parquet';"
              "COPY (SELECT i AS id, 'secret-' || i AS name, i % 100 AS delay FROM range(300000) "
              "t(i)) TO '%s/victim.parquet';"
              "COPY (SELECT i AS other FROM range(10) t(i)) TO '%s/other.parquet';"
              "COPY (SELECT * FROM (VALUES (1, 'a', '5'), (2, 'secret-b', 'secret-c')) t(id, name, "
              "delay)) TO '%s/broken.csv'");
    return 0;
}

static int down(void **state)
{
    (void)state;
    rig_down(&rig);
    return 0;
}

static const char *const columns = "id BIGINT, name VARCHAR, delay BIGINT";

/* A table of the scratch folder behind a view that masks its names. */
static int
add_to(struct masked *m, const char *name, enum fh_source_format format, const char *file)
{
    struct fh_err err = {0};
    struct fh_table table = rig_table(&rig, name, format, columns);
    struct fh_view *view = fh_arena_alloc(rig.arena, sizeof *view);
    *view = masked_view(&rig, &table, "name=hash", NULL, 0);
    int code = masked_add(m, &table, view, rig_open(&rig, file), &err);
    if (code != FH_OK) {
        fprintf(stderr, "%s: %s\n", name, err.text);
    }
    return code;
}

/* ---- hostile writers ---- */

struct lie {
    const char *name;
    uint64_t rows;
    uint32_t text_bytes;
    uint32_t text_at; /* of a long text */
    uint32_t made;    /* 0: one frame */
    const char *text; /* short, of the first row */
    int64_t time;
    int code;
    const char *rule;
};

static const struct lie lies[] = {
    {"an honest frame", 1, 13, 0, 0, NULL, 5, FH_OK, ""},
    {"more rows than a frame has", 2049, 0, 0, 0, "a", 5, FH_EPROTO, "ring.frame"},
    {"all the rows that there are", UINT64_MAX, 0, 0, 0, "a", 5, FH_EPROTO, "ring.frame"},
    {"more text than a frame has", 1, UINT32_MAX, 0, 0, "a", 5, FH_EPROTO, "ring.frame"},
    {"a text behind the text", 1, 13, 1, 0, NULL, 5, FH_EPROTO, "scan.values"},
    {"a text far away", 1, 13, UINT32_MAX, 0, NULL, 5, FH_EPROTO, "scan.values"},
    {"a text that is none", 1, 0, 0, 0, "\xff\xfe", 5, FH_EPROTO, "scan.values"},
    {"a time outside of a day", 1, 0, 0, 0, "a", -1, FH_EPROTO, "scan.values"},
    {"more frames than there are slots",
     1,
     0,
     0,
     FH_RING_SLOTS_MAX + 1,
     "a",
     5,
     FH_EPROTO,
     "ring.count"},
    {"frames that go back", 1, 0, 0, UINT32_MAX, "a", 5, FH_EPROTO, "ring.count"},
};

static void write_lie(struct fh_ring_end *end, const struct lie *lie)
{
    const struct fh_ring_layout *layout = &end->layout;
    static const uint8_t nulls[2];
    uint8_t *slot;
    assert_int_equal(fh_ring_free(end, &slot), FH_RING_READY);
    fh_ring_put_head(slot, layout, lie->rows, lie->text_bytes, nulls);
    uint8_t *value = slot + layout->places[0].values;
    if (lie->text == NULL) {
        memcpy(slot + layout->text_at, "thirteen bytes", 14);
        fh_ring_put_long(value, 13, lie->text_at);
    } else {
        uint32_t size = (uint32_t)strlen(lie->text);
        memcpy(value, &size, sizeof size);
        memcpy(value + sizeof size, lie->text, size);
    }
    memcpy(slot + layout->places[1].values, &lie->time, sizeof lie->time);
    if (lie->made == 0) {
        fh_ring_publish(end);
    } else { /* never the true count, which the reader might see */
        memcpy(end->memory, &lie->made, sizeof lie->made); /* the writer's counter is the first */
    }
    fh_ring_finish(end);
}

/* Runs a query whose one scan is answered with a ring that `lie` writes. */
static int query_lie(struct fh_worker *query, const struct lie *lie, struct fh_err *err)
{
    struct fh_ring_end end;
    struct fh_ring_layout layout;
    struct fh_arena *arena = fh_arena_new(1024 * 1024);
    const struct fh_type types[] = {{.code = FH_TYPE_VARCHAR}, {.code = FH_TYPE_TIME}};
    struct fh_channel_run run = {.sql = fh_bytes_cstr("SELECT min(name), max(moment) FROM a.lies"),
                                 .window = 4};
    assert_int_equal(fh_worker_run(query, &run, rig_soon(20000), err), FH_OK);
    assert_int_equal(fh_ring_lay_out(&layout, types, 2, arena, err), FH_OK);
    int code = FH_OK;
    for (;;) {
        struct fh_worker_event event;
        code = fh_worker_next(query, &event, err);
        if (code != FH_OK || event.kind == FH_WORKER_END) {
            break;
        }
        if (event.kind == FH_WORKER_SCAN_OPEN) {
            int ring = fh_worker_ring(layout.ring_bytes, err);
            assert_true(ring >= 0);
            assert_int_equal(fh_ring_end_open(&end, &layout, ring, err), FH_OK);
            assert_int_equal(fh_worker_scan_ring(query, event.scan.scan, ring, err), FH_OK);
            close(ring);
            write_lie(&end, lie);
            fh_ring_end_close(&end);
        } else if (event.kind == FH_WORKER_BATCH) {
            fh_worker_credit(query, 1);
        }
    }
    fh_arena_free(arena);
    return code;
}

static void hostile_writers_cost_a_query(void **state)
{
    (void)state;
    struct fh_worker *query = rig_worker(&rig, FH_WORKER_QUERY, 1);
    struct fh_err err = {0};
    struct fh_table table =
        rig_table(&rig, "a.lies.t", FH_SOURCE_REMOTE, "name VARCHAR, moment TIME");
    table.format = FH_SOURCE_BARRIER;
    assert_int_equal(rig_add(query, &table, -1, &err), FH_OK);
    for (size_t i = 0; i < FH_COUNT(lies); i++) {
        err = (struct fh_err){0};
        int code = query_lie(query, &lies[i], &err);
        if (code != lies[i].code || (code != FH_OK && strcmp(err.rule, lies[i].rule) != 0)) {
            fail_msg("%s: %s %s: %s", lies[i].name, fh_code_name(code), err.rule, err.text);
        }
        rig_expect(query, "SELECT 1", "1\n"); /* and costs nobody else anything */
    }
    rig_release(&rig, query);
}

static void a_ring_of_another_size_is_none(void **state)
{
    (void)state;
    struct fh_worker *query = rig_worker(&rig, FH_WORKER_QUERY, 1);
    struct fh_err err = {0};
    struct fh_worker_event event;
    struct fh_table table =
        rig_table(&rig, "a.lies.t", FH_SOURCE_REMOTE, "name VARCHAR, moment TIME");
    table.format = FH_SOURCE_BARRIER;
    assert_int_equal(rig_add(query, &table, -1, &err), FH_OK);
    struct fh_channel_run run = {.sql = fh_bytes_cstr("SELECT min(name) FROM a.lies"), .window = 4};
    assert_int_equal(fh_worker_run(query, &run, rig_soon(20000), &err), FH_OK);
    assert_int_equal(fh_worker_next(query, &event, &err), FH_OK);
    assert_int_equal(event.kind, FH_WORKER_SCAN_OPEN);
    int ring = fh_worker_ring(4096, &err);
    assert_int_equal(fh_worker_scan_ring(query, event.scan.scan, ring, &err), FH_OK);
    assert_int_not_equal(ftruncate(ring, 8192), 0); /* nobody can change its size */
    assert_int_not_equal(ftruncate(ring, 0), 0);
    close(ring);
    int code = FH_OK;
    while (code == FH_OK) {
        code = fh_worker_next(query, &event, &err);
    }
    assert_int_equal(code, FH_EPROTO);
    assert_string_equal(err.rule, "channel.files");
    rig_release(&rig, query);
}

/* ---- hostile readers ---- */

/* Starts a feed of 300,000 rows, of which the test is the reader. */
static void start_feed(struct masked *m, struct fh_ring_end *end, uint64_t *out_id)
{
    struct fh_err err = {0};
    struct fh_ring_layout layout;
    const struct fh_type type = {.code = FH_TYPE_VARCHAR};
    assert_int_equal(fh_ring_lay_out(&layout, &type, 1, rig.arena, &err), FH_OK);
    int ring = fh_worker_ring(layout.ring_bytes, &err);
    struct fh_channel_feed feed = {.id = fh_worker_feed_id(m->scan),
                                   .sql = fh_bytes_cstr("SELECT name FROM a.rows.t"),
                                   .column_count = 1,
                                   .types = &type};
    assert_int_equal(fh_ring_end_open(end, &layout, ring, &err), FH_OK);
    assert_int_equal(fh_worker_feed(m->scan, &feed, ring, &err), FH_OK);
    close(ring);
    *out_id = feed.id;
}

static void expect_end(struct masked *m, uint64_t id, const char *rule)
{
    struct fh_worker_feed_end over;
    struct fh_err err = {0};
    int64_t begin_ms = fh_clock_mono_ms();
    assert_int_equal(fh_worker_feed_next(m->scan, rig_soon(20000), &over, &err), FH_OK);
    assert_int_equal(over.feed, id);
    assert_string_equal(over.failure.code == FH_OK ? "" : over.failure.rule, rule);
    assert_true(fh_clock_mono_ms() - begin_ms < 5000);
}

static void hostile_readers_cost_a_scan(void **state)
{
    (void)state;
    struct masked m;
    struct fh_ring_end end;
    const uint8_t *slot;
    uint64_t id;
    uint32_t used = 4711;
    masked_up(&m, &rig, 1);
    assert_int_equal(add_to(&m, "a.rows.t", FH_SOURCE_PARQUET, "rows.parquet"), FH_OK);

    start_feed(&m, &end, &id); /* a counter that cannot be */
    assert_int_equal(fh_ring_next(&end, &slot), FH_RING_READY);
    memcpy(end.memory + 64, &used, sizeof used);
    expect_end(&m, id, "scan.failed");
    fh_ring_end_close(&end);

    start_feed(&m, &end, &id); /* one that reads nothing, until it is told to stop */
    assert_int_equal(fh_ring_next(&end, &slot), FH_RING_READY);
    usleep(20000);
    fh_worker_feed_stop(m.scan, id);
    expect_end(&m, id, "query.cancelled");
    fh_ring_end_close(&end);

    start_feed(&m, &end, &id); /* one that has enough */
    assert_int_equal(fh_ring_next(&end, &slot), FH_RING_READY);
    fh_ring_close(&end);
    expect_end(&m, id, "");
    fh_ring_end_close(&end);

    start_feed(&m, &end, &id); /* one that writes over everything, again and again */
    for (int turn = 0; turn < 200; turn++) {
        memset(end.memory + FH_RING_CONTROL_BYTES,
               turn,
               end.layout.ring_bytes - FH_RING_CONTROL_BYTES < 65536 ? 4096 : 65536);
        if (fh_ring_next(&end, &slot) == FH_RING_READY) {
            fh_ring_release(&end);
        }
    }
    fh_ring_close(&end);
    expect_end(&m, id, "");
    fh_ring_end_close(&end);

    masked_expect(&m, "SELECT count(*), count(DISTINCT name) FROM a.rows", "300000|300000\n");
    masked_down(&m);
}

/* ---- the end of a worker, a source, a wish ---- */

static void kill_scan(struct masked *m, void *user)
{
    (void)user;
    (void)kill(fh_worker_pid(m->scan), SIGKILL);
}

static void a_scan_worker_dies(void **state)
{
    (void)state;
    struct masked m;
    masked_up(&m, &rig, 1);
    assert_int_equal(add_to(&m, "a.rows.t", FH_SOURCE_PARQUET, "rows.parquet"), FH_OK);
    masked_expect(&m, "SELECT count(*) FROM a.rows", "300000\n");
    m.on_open = kill_scan;
    masked_refuse(&m, "SELECT max(name) FROM a.rows", FH_EIO, "worker.died");
    rig_expect(m.query, "SELECT 1", "1\n");
    masked_down(&m);
}

static void a_query_worker_dies(void **state)
{
    (void)state;
    struct masked m;
    struct fh_err err = {0};
    struct fh_worker_event event;
    masked_up(&m, &rig, 1);
    assert_int_equal(add_to(&m, "a.rows.t", FH_SOURCE_PARQUET, "rows.parquet"), FH_OK);
    struct fh_channel_run run = {.sql = fh_bytes_cstr("SELECT name FROM a.rows"), .window = 1};
    assert_int_equal(fh_worker_run(m.query, &run, rig_soon(20000), &err), FH_OK);
    assert_int_equal(fh_worker_next(m.query, &event, &err), FH_OK);
    assert_int_equal(event.kind, FH_WORKER_SCAN_OPEN);
    struct fh_ring_end end;
    uint64_t id;
    start_feed(&m, &end, &id);
    (void)kill(fh_worker_pid(m.query), SIGKILL);
    while (fh_worker_next(m.query, &event, &err) == FH_OK) {
    }
    assert_string_equal(err.rule, "worker.died");
    fh_worker_feed_stop(m.scan, id); /* as the node does */
    expect_end(&m, id, "query.cancelled");
    fh_ring_end_close(&end);
    masked_down(&m);
}

/* Writes what stands in one file over another, in place: its descriptors see it. */
static void overwrite(const char *to, const char *from, size_t most)
{
    char path[256];
    char bytes[65536];
    test_scratch_path(path, sizeof path, &rig.scratch, to);
    int out = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    int in = rig_open(&rig, from);
    for (size_t left = most; left > 0;) {
        ssize_t n = read(in, bytes, left < sizeof bytes ? left : sizeof bytes);
        if (n <= 0) {
            break;
        }
        assert_int_equal(write(out, bytes, (size_t)n), n);
        left -= (size_t)n;
    }
    close(in);
    close(out);
}

static void refused_without_words(struct masked *m, const char *sql, const char *rules)
{
    struct fh_err err = {0};
    struct fh_buf out;
    fh_buf_init(&out, 64 * 1024 * 1024);
    int code = masked_query(m, sql, &out, &err);
    if (code == FH_OK || strstr(rules, err.rule) == NULL) {
        fail_msg("%s: %s %s: %s", sql, fh_code_name(code), err.rule, err.text);
    }
    assert_null(strstr(err.text, "secret"));
    assert_null(strstr(err.text, "/"));
    fh_buf_fini(&out);
}

static void a_source_changes_under_a_scan(void **state)
{
    (void)state;
    struct masked m;
    masked_up(&m, &rig, 1);
    assert_int_equal(add_to(&m, "a.victim.t", FH_SOURCE_PARQUET, "victim.parquet"), FH_OK);
    masked_expect(&m, "SELECT count(name) FROM a.victim", "300000\n");
    overwrite("victim.parquet", "other.parquet", SIZE_MAX);
    refused_without_words(&m, "SELECT max(name) FROM a.victim", "source.schema source.read");
    overwrite("victim.parquet", "rows.parquet", 100000);
    refused_without_words(&m, "SELECT max(name) FROM a.victim", "source.value source.read");
    overwrite("victim.parquet", "rows.parquet", 0);
    refused_without_words(&m, "SELECT max(name) FROM a.victim", "source.value source.read");
    overwrite("victim.parquet", "rows.parquet", SIZE_MAX);
    masked_expect(&m, "SELECT count(name) FROM a.victim", "300000\n");

    assert_int_equal(add_to(&m, "a.broken.t", FH_SOURCE_CSV, "broken.csv"), FH_OK);
    masked_expect(&m, "SELECT count(name), max(id) FROM a.broken", "2|2\n");
    refused_without_words(&m, "SELECT sum(delay) FROM a.broken", "source.value");
    masked_down(&m);
}

static void a_consumer_turns_away(void **state)
{
    (void)state;
    struct masked m;
    masked_up(&m, &rig, 2);
    assert_int_equal(add_to(&m, "a.rows.t", FH_SOURCE_PARQUET, "rows.parquet"), FH_OK);
    for (int turn = 0; turn < 20; turn++) {
        masked_expect(&m, "SELECT id FROM a.rows LIMIT 1", "0\n");
        assert_true(masked_quiet(&m, 2000));
        assert_true(m.scanned < 300000);
    }
    masked_expect(&m, "SELECT count(*) FROM a.rows WHERE id < 0", "0\n");
    /* an error of the consumer's own, while rows are on their way */
    masked_refuse(&m, "SELECT sum((name || id)::INT) FROM a.rows", FH_ESQL, "sql.runtime");
    assert_true(masked_quiet(&m, 2000));
    masked_expect(&m, "SELECT count(*), max(id) FROM a.rows", "300000|299999\n");
    masked_down(&m);
}

static void two_sessions_have_views_of_their_own(void **state)
{
    (void)state;
    struct masked m[2];
    static const char *const views[] = {"name=hidden", "id=step 100000, name=partial 7 0"};
    static const char *const filters[] = {"delay = 7"};
    for (unsigned i = 0; i < 2; i++) {
        struct fh_err err = {0};
        struct fh_table table = rig_table(&rig, "a.rows.t", FH_SOURCE_PARQUET, columns);
        struct fh_view *view = fh_arena_alloc(rig.arena, sizeof *view);
        *view = masked_view(&rig, &table, views[i], filters, i);
        masked_up(&m[i], &rig, 1);
        assert_int_equal(masked_add(&m[i], &table, view, rig_open(&rig, "rows.parquet"), &err),
                         FH_OK);
    }
    for (int turn = 0; turn < 3; turn++) {
        masked_expect(&m[0], "SELECT count(*), max(id) FROM a.rows", "300000|299999\n");
        masked_refuse(&m[0], "SELECT max(name) FROM a.rows", FH_ESQL, "sql.bind");
        masked_expect(&m[1],
                      "SELECT count(*), max(id), min(name), count(DISTINCT id) FROM a.rows",
                      "3000|200000|secret-*|3\n");
    }
    masked_down(&m[0]);
    masked_down(&m[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_writers_cost_a_query),
        cmocka_unit_test(a_ring_of_another_size_is_none),
        cmocka_unit_test(hostile_readers_cost_a_scan),
        cmocka_unit_test(a_scan_worker_dies),
        cmocka_unit_test(a_query_worker_dies),
        cmocka_unit_test(a_source_changes_under_a_scan),
        cmocka_unit_test(a_consumer_turns_away),
        cmocka_unit_test(two_sessions_have_views_of_their_own),
    };
    return cmocka_run_group_tests(tests, up, down);
}
