/* SPDX-License-Identifier: Apache-2.0 */
/* The dissemination queue: one place for each key, classes with floors, sends, age, overflow. */
#include "proto/gossip/messages.h"
#include "proto/gossip/rumours.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct fh_mesh_id mesh = {{1}};
static struct fh_sign_secret secret;

/* A record of some size, told apart by a number. */
static struct fh_fact *fact(struct fh_fact_pool *pool, unsigned number, size_t padding)
{
    struct fh_buf payload;
    struct fh_buf record;
    uint8_t fill[512] = {0};
    fh_buf_init(&payload, 2048);
    fh_buf_init(&record, 2048);
    fh_pack_array(&payload, 2);
    fh_pack_uint(&payload, number);
    fh_pack_bin(&payload, fh_bytes(fill, padding));
    fh_record_seal(&record, FH_RECORD_ANNOUNCEMENT, &mesh, fh_buf_view(&payload), &secret);
    struct fh_fact *out = NULL;
    assert_int_equal(fh_fact_intern(pool, fh_buf_view(&record), &mesh, &out, NULL), FH_OK);
    fh_buf_fini(&payload);
    fh_buf_fini(&record);
    return out;
}

static struct fh_ref key(unsigned number)
{
    struct fh_ref ref = {{0}};
    fh_put_u32be(ref.b, number * 2654435761u);
    fh_put_u32be(ref.b + 4, number);
    return ref;
}

struct fixture {
    struct fh_fact_pool *pool;
    struct fh_rumours queue;
};

static void begin(struct fixture *f, uint32_t limit)
{
    f->pool = fh_fact_pool_new();
    assert_non_null(f->pool);
    fh_rumours_init(&f->queue, limit, f->pool);
}

static void end(struct fixture *f)
{
    fh_rumours_fini(&f->queue);
    assert_int_equal(fh_fact_pool_count(f->pool), 0); /* no reference is lost */
    fh_fact_pool_free(f->pool);
}

static void put(struct fixture *f, unsigned number, enum fh_rumour_class class_, int64_t now)
{
    struct fh_ref k = key(number);
    fh_rumours_put(&f->queue, &k, class_, fact(f->pool, number, 100), now);
}

static unsigned take(struct fixture *f, size_t bytes, unsigned sends, int64_t born_after)
{
    struct fh_fact *out[FH_MESSAGE_RECORDS_MAX];
    struct fh_rumour_limits limits = {.bytes = bytes,
                                      .records = FH_MESSAGE_RECORDS_MAX,
                                      .sends = sends,
                                      .born_after_ms = born_after};
    unsigned count = fh_rumours_take(&f->queue, &limits, out);
    size_t used = 0;
    for (unsigned i = 0; i < count; i++) {
        used += fh_letter_record_bytes(out[i]->bytes.size);
        fh_fact_drop(f->pool, out[i]);
    }
    assert_true(used <= bytes);
    return count;
}

static void test_sends(void **state)
{
    (void)state;
    static const struct {
        uint32_t members;
        unsigned sends;
    } rows[] = {{0, 8},
                {1, 8},
                {10, 8},
                {15, 8},
                {16, 10},
                {100, 14},
                {1000, 20},
                {1023, 20},
                {1024, 22},
                {10000, 28},
                {UINT32_MAX, 40}};
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        assert_int_equal(fh_rumour_sends(rows[i].members), rows[i].sends);
    }
}

static void test_newest_replaces(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 16);
    put(&f, 1, FH_RUMOUR_PRODUCTS, 0);
    assert_int_equal(take(&f, 1000, 8, -1), 1);
    struct fh_ref k = key(1);
    fh_rumours_put(&f.queue, &k, FH_RUMOUR_REFRESH, fact(f.pool, 99, 50), 5);
    assert_int_equal(f.queue.count, 1);
    assert_int_equal(f.queue.class_count[FH_RUMOUR_PRODUCTS], 0);
    assert_int_equal(fh_fact_pool_count(f.pool), 1); /* the older one is gone */
    for (unsigned i = 0; i < 8; i++) {               /* and its sends start anew */
        assert_int_equal(take(&f, 1000, 8, -1), 1);
    }
    assert_int_equal(take(&f, 1000, 8, -1), 0);
    assert_int_equal(f.queue.count, 0);
    end(&f);
}

static void test_fewest_sends_first(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 64);
    for (unsigned i = 0; i < 6; i++) {
        put(&f, i, FH_RUMOUR_MEMBERS, 0);
    }
    /* Room for two at a time: after nine datagrams all were sent three times. */
    for (unsigned i = 0; i < 9; i++) {
        assert_int_equal(take(&f, 500, 3, -1), 2);
    }
    assert_int_equal(f.queue.count, 0);
    end(&f);
}

static void test_age_and_room(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 64);
    put(&f, 1, FH_RUMOUR_MEMBERS, 10);
    put(&f, 2, FH_RUMOUR_MEMBERS, 20);
    assert_int_equal(take(&f, 100, 8, -1), 0); /* too little room: stays */
    assert_int_equal(f.queue.count, 2);
    assert_int_equal(take(&f, 1000, 8, 15), 1); /* the first is too old */
    assert_int_equal(f.queue.count, 1);
    struct fh_ref k = key(2);
    fh_rumours_cancel(&f.queue, &k);
    fh_rumours_cancel(&f.queue, &k);
    assert_int_equal(f.queue.count, 0);
    end(&f);
}

/* A flood of important news leaves a fifth of the datagrams to lower classes. */
static void test_no_class_starves(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 256);
    put(&f, 9000, FH_RUMOUR_PRODUCTS, 0);
    put(&f, 9001, FH_RUMOUR_REFRESH, 0);
    for (unsigned i = 0; i < 60; i++) {
        for (unsigned n = 0; n < 4; n++) {
            put(&f, i * 4 + n, FH_RUMOUR_URGENT, 0);
        }
        (void)take(&f, 300, 4, -1); /* room for one */
    }
    assert_int_equal(f.queue.class_count[FH_RUMOUR_PRODUCTS], 0); /* sent four times: done */
    assert_int_equal(f.queue.class_count[FH_RUMOUR_REFRESH], 0);
    end(&f);
}

static void test_overflow(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 8);
    for (unsigned i = 0; i < 4; i++) {
        put(&f, i, FH_RUMOUR_REFRESH, 0);
    }
    for (unsigned i = 10; i < 14; i++) {
        put(&f, i, FH_RUMOUR_MEMBERS, 0);
    }
    put(&f, 20, FH_RUMOUR_URGENT, 0);
    assert_int_equal(f.queue.count, 8);
    assert_int_equal(f.queue.dropped, 1);
    assert_int_equal(f.queue.class_count[FH_RUMOUR_REFRESH], 3); /* the lowest class gives way */
    for (unsigned i = 30; i < 40; i++) {
        put(&f, i, FH_RUMOUR_URGENT, 0);
    }
    assert_int_equal(f.queue.count, 8);
    assert_int_equal(f.queue.class_count[FH_RUMOUR_REFRESH], 0);
    assert_int_equal(f.queue.class_count[FH_RUMOUR_MEMBERS], 0);
    assert_int_equal(f.queue.dropped, 11);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sends),
        cmocka_unit_test(test_newest_replaces),
        cmocka_unit_test(test_fewest_sends_first),
        cmocka_unit_test(test_age_and_room),
        cmocka_unit_test(test_no_class_starves),
        cmocka_unit_test(test_overflow),
    };
    if (fh_crypto_init() != FH_OK) {
        return 1;
    }
    struct fh_sign_public unused;
    fh_sign_keys((const uint8_t[FH_SEED_BYTES]){1}, &unused, &secret);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
