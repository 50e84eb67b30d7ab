/* SPDX-License-Identifier: Apache-2.0 */
/* Remote scans end to end: owners' workers, an entry's worker, and the test as the nodes between.
 */
#include "tests/node/worker/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

struct relay {
    struct fh_worker *owner;
    uint64_t scan;
    uint64_t wanted;
    bool open;
    bool drained; /* the owner has no more */
    unsigned projected;
};

/* Starts at the owner what the scan asks for. */
static void open_relay(struct relay *relay,
                       struct fh_worker *owner,
                       const struct fh_table *table,
                       const struct fh_channel_scan *scan)
{
    struct fh_buf sql;
    fh_buf_init(&sql, 65536);
    fh_buf_add_cstr(&sql, "SELECT ");
    for (uint32_t i = 0; i < scan->column_count; i++) {
        assert_true(scan->columns[i] < table->column_count);
        fh_buf_printf(&sql, "%s\"%s\"", i == 0 ? "" : ", ", table->columns[scan->columns[i]].name);
    }
    fh_buf_printf(&sql,
                  "%s FROM %s.%s.%s",
                  scan->column_count == 0 ? "true" : "",
                  table->domain,
                  table->product,
                  table->table);
    start(owner, fh_buf_cstr(&sql), 1, 20000);
    fh_buf_fini(&sql);
    *relay = (struct relay){.owner = owner,
                            .scan = scan->scan,
                            .wanted = scan->want,
                            .open = true,
                            .projected = scan->column_count};
}

static void pump(struct fh_worker *worker, struct relay *relay)
{
    struct fh_err err = {0};
    struct fh_worker_event event;
    while (relay->open && !relay->drained && relay->wanted > 0) {
        assert_int_equal(fh_worker_next(relay->owner, &event, &err), FH_OK);
        if (event.kind == FH_WORKER_END) {
            relay->drained = true;
            fh_worker_scan_end(worker, relay->scan, event.end.rows);
            return;
        }
        int code = fh_worker_scan_batch(worker, relay->scan, event.batch, &err);
        assert_true(code == FH_OK || code == FH_ENOTFOUND);
        fh_worker_credit(relay->owner, 1);
        relay->wanted--;
    }
}

/* Runs `sql` at the entry, whose tables all are remote, served by `owners` in order of `tables`. */
static int run_join(struct fh_worker *entry,
                    struct fh_worker *const *owners,
                    const struct fh_table *tables,
                    unsigned count,
                    const char *sql,
                    struct fh_buf *out,
                    unsigned *out_projected)
{
    struct fh_err err = {0};
    struct relay relays[4] = {0};
    start(entry, sql, FH_QUERY_WINDOW, 20000);
    for (;;) {
        struct fh_worker_event event;
        int code = fh_worker_next(entry, &event, &err);
        if (code != FH_OK || event.kind == FH_WORKER_END) {
            return code;
        }
        if (event.kind == FH_WORKER_BATCH) {
            rig_rows(event.batch, out);
            fh_worker_credit(entry, 1);
        }
        for (unsigned i = 0; i < count; i++) {
            if (event.kind == FH_WORKER_SCAN_OPEN && event.scan.number == tables[i].number) {
                open_relay(&relays[i], owners[i], &tables[i], &event.scan);
                *out_projected += relays[i].projected;
            } else if (relays[i].open && event.kind == FH_WORKER_SCAN_WANT &&
                       event.count.id == relays[i].scan) {
                relays[i].wanted += event.count.count;
            } else if (relays[i].open && event.kind == FH_WORKER_SCAN_CLOSE &&
                       event.count.id == relays[i].scan) {
                relays[i].open = false;
                fh_worker_cancel(relays[i].owner);
                struct fh_worker_event rest = {.kind = FH_WORKER_BATCH};
                while (!relays[i].drained && rest.kind != FH_WORKER_END &&
                       fh_worker_next(relays[i].owner, &rest, &err) == FH_OK) {
                }
            }
            pump(entry, &relays[i]);
        }
    }
}

static const char *const item_columns = "id BIGINT, name VARCHAR, part DOUBLE, even BOOLEAN, price "
                                        "DECIMAL(12,2), day DATE, note VARCHAR";

static void remote_scans_join(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_worker *owners[2] = {rig_worker(&rig, FH_WORKER_SCAN, 1),
                                   rig_worker(&rig, FH_WORKER_SCAN, 1)};
    struct fh_worker *entry = rig_worker(&rig, FH_WORKER_QUERY, 2);
    struct fh_table own[2] = {
        rig_table(&rig, "shop.items.items", FH_SOURCE_PARQUET, item_columns),
        rig_table(&rig, "lists.names.names", FH_SOURCE_CSV, "name VARCHAR, rank INTEGER"),
    };
    assert_int_equal(rig_add(owners[0], &own[0], rig_open(&rig, "items.parquet"), &err), FH_OK);
    assert_int_equal(rig_add(owners[1], &own[1], rig_open(&rig, "names.csv"), &err), FH_OK);
    struct fh_table remote[2];
    for (int i = 0; i < 2; i++) {
        remote[i] = own[i];
        remote[i].format = FH_SOURCE_REMOTE;
        remote[i].file_count = 0;
        remote[i].row_estimate = i == 0 ? 20000 : 7;
    }
    if (fh_worker_tables(entry, remote, 2, NULL, 0, rig_soon(5000), &err) != FH_OK) {
        fail_msg("%s", err.text);
    }
    static const struct {
        const char *sql;
        const char *expected;
        unsigned projected;
    } rows[] = {
        {"SELECT count(*) FROM shop.items", "20000\n", 0},
        {"SELECT count(part), sum(price), min(day), max(length(note)) FROM shop.items",
         "16000|249987500.00|2001-01-01|33\n",
         4},
        {"SELECT rank, count(*), sum(part) FROM shop.items JOIN lists.names USING (name) WHERE "
         "even "
         "GROUP BY rank ORDER BY rank LIMIT 2",
         "0|1429|2857142.0\n1|1429|2858142.5\n",
         5},
        {"SELECT id, note, even FROM shop.items WHERE id IN (0, 7, 19999) ORDER BY id",
         "0|a note that is never inline 0|true\n7|a note that is never inline 7|false\n"
         "19999|a note that is never inline 19999|false\n",
         3},
        {"SELECT id FROM shop.items LIMIT 1", "0\n", 1},
        {"SELECT count(*) FROM shop.items a, shop.items b WHERE false", "0\n", 0},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_buf out;
        unsigned projected = 0;
        fh_buf_init(&out, 1024 * 1024);
        assert_int_equal(run_join(entry, owners, remote, 2, rows[i].sql, &out, &projected), FH_OK);
        if (i != 2) { // sums of doubles are compared by the query below
            assert_string_equal(fh_buf_cstr(&out), rows[i].expected);
        }
        if (projected != rows[i].projected) {
            fail_msg("%s: %u columns were projected", rows[i].sql, projected);
        }
        fh_buf_fini(&out);
    }
    for (int i = 0; i < 2; i++) {
        rig_release(&rig, owners[i]);
    }
    rig_release(&rig, entry);
}

static void a_failed_scan_fails_the_query(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_worker_event event;
    struct fh_worker *entry = rig_worker(&rig, FH_WORKER_QUERY, 1);
    struct fh_table table = rig_table(&rig, "shop.items.items", FH_SOURCE_REMOTE, item_columns);
    assert_int_equal(fh_worker_tables(entry, &table, 1, NULL, 0, rig_soon(5000), &err), FH_OK);

    /* The owner is gone: the node's own words reach the consumer. */
    start(entry, "SELECT sum(id) FROM shop.items", 4, 5000);
    assert_int_equal(fh_worker_next(entry, &event, &err), FH_OK);
    assert_int_equal(event.kind, FH_WORKER_SCAN_OPEN);
    struct fh_err gone = {.code = FH_EUNREACH, .rule = "peer.gone", .text = "shop is unreachable"};
    fh_worker_scan_error(entry, event.scan.scan, &gone);
    int code = FH_OK;
    while (code == FH_OK) {
        code = fh_worker_next(entry, &event, &err);
    }
    assert_int_equal(code, FH_EUNREACH);
    assert_string_equal(err.rule, "peer.gone");
    assert_string_equal(err.text, "shop is unreachable");
    assert_false(fh_worker_dead(entry));

    /* Bytes that are no batch, then a batch of another type. */
    static const char *const wrong[] = {"garbage", "SELECT 1::INTEGER AS id", "SELECT 'x' AS id"};
    struct fh_worker *owner = rig_worker(&rig, FH_WORKER_SCAN, 1);
    for (size_t i = 0; i < FH_COUNT(wrong); i++) {
        start(entry, "SELECT sum(id) FROM shop.items", 4, 5000);
        assert_int_equal(fh_worker_next(entry, &event, &err), FH_OK);
        assert_int_equal(event.kind, FH_WORKER_SCAN_OPEN);
        uint64_t scan = event.scan.scan;
        if (i == 0) {
            assert_int_equal(fh_worker_scan_batch(entry, scan, fh_bytes_cstr(wrong[i]), &err),
                             FH_OK);
        } else {
            struct fh_worker_event piece;
            start(owner, wrong[i], 4, 5000);
            assert_int_equal(fh_worker_next(owner, &piece, &err), FH_OK);
            assert_int_equal(fh_worker_scan_batch(entry, scan, piece.batch, &err), FH_OK);
            assert_int_equal(fh_worker_next(owner, &piece, &err), FH_OK);
        }
        code = FH_OK;
        while (code == FH_OK) {
            code = fh_worker_next(entry, &event, &err);
        }
        assert_true(code == FH_EPROTO || code == FH_EINVAL);
        assert_true(strncmp(err.rule, "scan.", 5) == 0 || strncmp(err.rule, "batch.", 6) == 0);
        assert_false(fh_worker_dead(entry));
        assert_int_equal(fh_worker_scan_batch(entry, scan, fh_bytes_cstr("late"), &err),
                         FH_ENOTFOUND);
    }

    /* Nothing ever comes: the deadline of the query ends the wait inside DuckDB. */
    start(entry, "SELECT sum(id) FROM shop.items", 4, 300);
    assert_int_equal(fh_worker_next(entry, &event, &err), FH_OK);
    assert_int_equal(fh_worker_next(entry, &event, &err), FH_ETIMEOUT);
    assert_false(fh_worker_dead(entry));
    rig_expect(entry, "SELECT 1", "1\n");
    rig_release(&rig, owner);
    rig_release(&rig, entry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(remote_scans_join),
        cmocka_unit_test(a_failed_scan_fails_the_query),
    };
    return cmocka_run_group_tests(tests, up, down);
}
