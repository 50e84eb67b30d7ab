/* SPDX-License-Identifier: Apache-2.0 */
/* What an answer goes through on its way out: the flow, and what is kept of others. */
#include "common/mem.h"
#include "tools/door/http/flow.h"
#include "tools/door/http/metrics.h"
#include "tools/door/http/receipts.h"
#include "tools/door/http/shelf.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* ---- the flow ---- */

struct taker {
    atomic_int asleep;
    atomic_int woken;
};

static void wake(void *user)
{
    struct taker *taker = user;
    atomic_store(&taker->asleep, 0);
    atomic_fetch_add(&taker->woken, 1);
}

static void suspend(void *user)
{
    struct taker *taker = user;
    atomic_store(&taker->asleep, 1);
}

enum { RING = 1000, ALL = 1000 * 1000 };

static uint8_t byte_at(size_t i)
{
    return (uint8_t)(i * 31 + i / 251);
}

static void *make(void *user)
{
    struct fh_http_flow *flow = user;
    struct fh_err err = {0};
    uint8_t piece[3001];
    for (size_t at = 0; at < ALL;) {
        size_t size = 1 + at * 7 % sizeof piece;
        size = size < ALL - at ? size : ALL - at;
        for (size_t i = 0; i < size; i++) {
            piece[i] = byte_at(at + i);
        }
        assert_int_equal(fh_http_flow_write(flow, fh_bytes(piece, size), &err), FH_OK);
        at += size;
    }
    fh_http_flow_end(flow, true);
    fh_http_flow_drop(flow);
    return NULL;
}

static void nap(void)
{
    nanosleep(&(struct timespec){0, 100000}, NULL);
}

/* All bytes arrive in order through a ring far smaller than they are. */
static void test_flow(void **state)
{
    (void)state;
    struct taker taker = {0};
    struct fh_http_flow *flow = fh_http_flow_new(RING, wake, &taker);
    assert_non_null(flow);
    pthread_t maker;
    assert_int_equal(pthread_create(&maker, NULL, make, flow), 0);
    size_t at = 0;
    for (;;) {
        uint8_t piece[700];
        size_t size = 0;
        enum fh_http_flow_state got =
            fh_http_flow_read(flow, piece, 1 + at % sizeof piece, &size, suspend);
        if (got == FH_HTTP_FLOW_WHOLE) {
            break;
        }
        assert_true(got == FH_HTTP_FLOW_DATA || got == FH_HTTP_FLOW_NOTHING);
        while (got == FH_HTTP_FLOW_NOTHING && atomic_load(&taker.asleep) == 1) {
            nap();
        }
        for (size_t i = 0; i < size; i++, at++) {
            assert_int_equal(piece[i], byte_at(at));
        }
    }
    assert_int_equal(at, ALL);
    pthread_join(maker, NULL);
    fh_http_flow_leave(flow);
    fh_http_flow_drop(flow);
}

static void *write_too_much(void *user)
{
    struct fh_http_flow *flow = user;
    struct fh_err *err = fh_calloc(1, sizeof *err);
    static const uint8_t piece[RING + 1];
    assert_non_null(err);
    if (fh_http_flow_write(flow, fh_bytes(piece, sizeof piece), err) == FH_OK) {
        err->code = FH_OK;
    }
    return err;
}

/* A maker that waits for room hears at once that nobody takes any more, whoever says so. */
static void test_flow_is_left(void **state)
{
    (void)state;
    for (int hang_up = 0; hang_up < 2; hang_up++) {
        struct taker taker = {0};
        struct fh_http_flow *flow = fh_http_flow_new(RING, wake, &taker);
        assert_non_null(flow);
        pthread_t maker;
        struct fh_err *err = NULL;
        assert_int_equal(pthread_create(&maker, NULL, write_too_much, flow), 0);
        for (int i = 0; i < 20; i++) {
            nap();
        }
        if (hang_up == 1) {
            fh_http_flow_hang_up(flow);
        } else {
            fh_http_flow_leave(flow);
        }
        pthread_join(maker, (void **)&err);
        assert_int_equal(err->code, FH_ECANCELLED);
        assert_string_equal(err->rule, "http.closed");
        assert_int_equal(fh_http_flow_waits(flow, NULL, err), FH_OK);
        fh_free(err);
        fh_http_flow_end(flow, false);
        assert_int_equal(atomic_load(&taker.woken), 0);
        fh_http_flow_drop(flow);
        fh_http_flow_drop(flow);
    }
}

static void test_flow_is_cut(void **state)
{
    (void)state;
    struct taker taker = {0};
    struct fh_http_flow *flow = fh_http_flow_new(RING, wake, &taker);
    struct fh_err err = {0};
    uint8_t piece[8];
    size_t size = 0;
    assert_non_null(flow);
    assert_int_equal(fh_http_flow_read(flow, piece, 8, &size, suspend), FH_HTTP_FLOW_NOTHING);
    assert_int_equal(fh_http_flow_write(flow, fh_bytes_cstr("abc"), &err), FH_OK);
    assert_int_equal(atomic_load(&taker.woken), 1);
    fh_http_flow_end(flow, false);
    /* What was written before the end is taken before it shows. */
    assert_int_equal(fh_http_flow_read(flow, piece, 8, &size, suspend), FH_HTTP_FLOW_DATA);
    assert_int_equal(size, 3);
    assert_int_equal(fh_http_flow_read(flow, piece, 8, &size, suspend), FH_HTTP_FLOW_CUT);
    fh_http_flow_leave(flow);
    fh_http_flow_drop(flow);
    fh_http_flow_drop(flow);
}

/* ---- the shelf ---- */

static struct fh_http_kept *answer(const char *text, size_t size)
{
    struct fh_http_call call = {.status = 200, .content_type = "application/json"};
    fh_buf_init(&call.out, FH_HTTP_ANSWER_BYTES_MAX);
    fh_buf_add_cstr(&call.out, text);
    while (call.out.size < size) {
        fh_buf_add_u8(&call.out, ' ');
    }
    call.headers[0] = (struct fh_http_header){"Sunset", text};
    call.header_count = 1;
    struct fh_http_kept *kept = fh_http_kept_new(&call);
    fh_buf_fini(&call.out);
    assert_non_null(kept);
    return kept;
}

static void put(struct fh_http_shelf *shelf, const char *key, uint64_t news, int64_t now_ms)
{
    struct fh_http_kept *kept = answer(key, 0);
    fh_http_shelf_put(shelf, key, news, now_ms, kept);
    fh_http_kept_drop(kept);
}

static bool holds(struct fh_http_shelf *shelf, const char *key, uint64_t news, int64_t now_ms)
{
    struct fh_http_kept *kept = fh_http_shelf_get(shelf, key, news, now_ms);
    bool held = kept != NULL;
    if (held) {
        assert_memory_equal(kept->body.data, key, strlen(key));
        assert_string_equal(kept->headers[0].value, key);
    }
    fh_http_kept_drop(kept);
    return held;
}

static void test_shelf(void **state)
{
    (void)state;
    struct fh_http_shelf *shelf = fh_http_shelf_new();
    assert_non_null(shelf);
    put(shelf, "a", 7, 1000);
    assert_true(holds(shelf, "a", 7, 1000));
    assert_true(holds(shelf, "a", 7, 999 + FH_HTTP_KEPT_MS));
    assert_false(holds(shelf, "a", 7, 1000 + FH_HTTP_KEPT_MS)); /* too old */
    assert_false(holds(shelf, "a", 8, 1000));                   /* there are news */
    assert_false(holds(shelf, "b", 7, 1000));
    put(shelf, "a", 8, 2000);
    assert_true(holds(shelf, "a", 8, 2000));
    assert_false(holds(shelf, "a", 7, 2000));
    /* One that is taken stays with its taker. */
    struct fh_http_kept *kept = fh_http_shelf_get(shelf, "a", 8, 2000);
    assert_non_null(kept);
    fh_http_shelf_free(shelf);
    assert_memory_equal(kept->body.data, "a", 1);
    fh_http_kept_drop(kept);
}

/* The one that was not asked for longest goes first; what is too large is not put there. */
static void test_shelf_is_bounded(void **state)
{
    (void)state;
    struct fh_http_shelf *shelf = fh_http_shelf_new();
    char key[32];
    assert_non_null(shelf);
    for (unsigned i = 0; i < FH_HTTP_KEPT_MAX; i++) {
        snprintf(key, sizeof key, "key %u", i);
        put(shelf, key, 1, 1000);
    }
    assert_true(holds(shelf, "key 0", 1, 1000));
    put(shelf, "one more", 1, 1000);
    assert_true(holds(shelf, "key 0", 1, 1000));
    assert_false(holds(shelf, "key 1", 1, 1000));
    assert_true(holds(shelf, "one more", 1, 1000));
    struct fh_http_kept *large = answer("large", FH_HTTP_KEPT_BYTES_MAX / 8 + 1);
    fh_http_shelf_put(shelf, "large", 1, 1000, large);
    fh_http_kept_drop(large);
    assert_false(holds(shelf, "large", 1, 1000));
    for (unsigned i = 0; i < 9; i++) {
        struct fh_http_kept *kept = answer("x", FH_HTTP_KEPT_BYTES_MAX / 8);
        snprintf(key, sizeof key, "big %u", i);
        fh_http_shelf_put(shelf, key, 1, 1000, kept);
        fh_http_kept_drop(kept);
    }
    assert_false(holds(shelf, "key 0", 1, 1000)); /* by their bytes, all others went */
    fh_http_shelf_free(shelf);
}

static void test_etags(void **state)
{
    (void)state;
    struct fh_http_kept *a = answer("a", 0);
    struct fh_http_kept *again = answer("a", 0);
    struct fh_http_kept *b = answer("b", 0);
    assert_string_equal(a->etag, again->etag);
    assert_string_not_equal(a->etag, b->etag);
    assert_int_equal(a->etag[0], '"');
    assert_int_equal(a->etag[strlen(a->etag) - 1], '"');
    fh_http_kept_drop(a);
    fh_http_kept_drop(again);
    fh_http_kept_drop(b);
}

/* ---- receipts ---- */

static int get(struct fh_http_receipts *receipts, const char *token, const char *id, int64_t now_ms)
{
    struct fh_buf out FH_CLEANUP(fh_buf_fini);
    struct fh_err err = {0};
    fh_buf_init(&out, 4096);
    int code = fh_http_receipts_get(receipts, token, id, now_ms, &out, &err);
    if (code == FH_OK) {
        assert_string_equal(fh_buf_cstr(&out), "file");
    } else {
        assert_string_equal(err.rule, "http.receipt");
    }
    return code;
}

static void test_receipts(void **state)
{
    (void)state;
    struct fh_http_receipts *receipts = fh_http_receipts_new();
    char id[32];
    assert_non_null(receipts);
    fh_http_receipts_put(receipts, "t1", "r1", fh_bytes_cstr("file"), 1000);
    assert_int_equal(get(receipts, "t1", "r1", 1000), FH_OK);
    assert_int_equal(get(receipts, "t2", "r1", 1000), FH_ENOTFOUND); /* another's */
    assert_int_equal(get(receipts, "t1", "r2", 1000), FH_ENOTFOUND);
    assert_int_equal(get(receipts, "t1", "r", 1000), FH_ENOTFOUND);
    assert_int_equal(get(receipts, "t1", "r1", 999 + FH_HTTP_RECEIPT_MS), FH_OK);
    assert_int_equal(get(receipts, "t1", "r1", 1000 + FH_HTTP_RECEIPT_MS), FH_ENOTFOUND);
    for (unsigned i = 0; i < FH_HTTP_RECEIPTS_MAX; i++) {
        snprintf(id, sizeof id, "more %u", i);
        fh_http_receipts_put(receipts, "t1", id, fh_bytes_cstr("file"), 1000);
    }
    assert_int_equal(get(receipts, "t1", "r1", 1000), FH_ENOTFOUND); /* the oldest went */
    assert_int_equal(get(receipts, "t1", "more 0", 1000), FH_OK);
    fh_http_receipts_free(receipts);
}

/* ---- metrics ---- */

static void test_metrics(void **state)
{
    (void)state;
    static struct fh_http_metrics metrics;
    struct freehold_status node = {.size = sizeof node, .members_alive = 3, .uptime_ms = 1500};
    struct fh_buf out FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&out, 256 * 1024);
    fh_http_metrics_request(&metrics, 0, 200, 900);
    fh_http_metrics_request(&metrics, 0, 200, 30000000);
    fh_http_metrics_request(&metrics, fh_http_metrics_pages(), 304, 1000);
    fh_http_metrics_request(&metrics, fh_http_metrics_refused(), 418, 0);
    fh_http_metrics_write(&out, &metrics, &node);
    static const char *const lines[] = {
        "freehold_http_requests_total{route=\"/v1/products\",status=\"200\"} 2\n",
        "freehold_http_requests_total{route=\"pages\",status=\"304\"} 1\n",
        "freehold_http_requests_total{route=\"none\",status=\"other\"} 1\n",
        "freehold_http_request_duration_seconds_bucket{route=\"/v1/products\",le=\"0.001\"} 1\n",
        "freehold_http_request_duration_seconds_bucket{route=\"/v1/products\",le=\"10\"} 1\n",
        "freehold_http_request_duration_seconds_bucket{route=\"/v1/products\",le=\"+Inf\"} 2\n",
        "freehold_http_request_duration_seconds_sum{route=\"/v1/products\"} 30.000900\n",
        "freehold_http_request_duration_seconds_count{route=\"/v1/products\"} 2\n",
        "freehold_node_up 1\n",
        "freehold_node_members_alive 3\n",
        "freehold_node_uptime_seconds 1.500\n",
    };
    for (size_t i = 0; i < FH_COUNT(lines); i++) {
        if (strstr(fh_buf_cstr(&out), lines[i]) == NULL) {
            fail_msg("not there: %s", lines[i]);
        }
    }
    fh_buf_reset(&out);
    fh_http_metrics_write(&out, &metrics, NULL);
    assert_non_null(strstr(fh_buf_cstr(&out), "freehold_node_up 0\n"));
    assert_null(strstr(fh_buf_cstr(&out), "freehold_node_members_alive"));
    assert_true(fh_http_metrics_refused() < FH_HTTP_METRIC_ROUTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flow),
        cmocka_unit_test(test_flow_is_left),
        cmocka_unit_test(test_flow_is_cut),
        cmocka_unit_test(test_shelf),
        cmocka_unit_test(test_shelf_is_bounded),
        cmocka_unit_test(test_etags),
        cmocka_unit_test(test_receipts),
        cmocka_unit_test(test_metrics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
