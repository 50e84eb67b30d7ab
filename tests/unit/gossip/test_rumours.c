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
    bool hinted;    /* the mesh is large */
    unsigned hints; /* of the last take */
};

static void begin(struct fixture *f, uint32_t limit)
{
    *f = (struct fixture){0};
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
    struct fh_rumour_taken out[FH_RUMOURS_TAKEN_MAX];
    struct fh_rumour_limits limits = {.bytes = bytes,
                                      .records = FH_MESSAGE_RECORDS_MAX,
                                      .hints = FH_MESSAGE_HINTS_MAX,
                                      .hinted = f->hinted,
                                      .sends = sends,
                                      .born_after_ms = born_after};
    unsigned count = fh_rumours_take(&f->queue, &limits, out);
    size_t used = 0;
    f->hints = 0;
    for (unsigned i = 0; i < count; i++) {
        used += out[i].hint ? (size_t)FH_HINT_BYTES + (f->hints == 0 ? FH_LETTER_HINTS_BYTES : 0)
                            : fh_letter_record_bytes(out[i].fact->bytes.size);
        f->hints += out[i].hint ? 1 : 0;
        fh_fact_drop(f->pool, out[i].fact);
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

/* In a large mesh the first burst carries the record and the rest of the sends a hint; what is
 * urgent is never left to a question, what is only a renewal always is. */
static void test_hints(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum fh_rumour_class class_;
        size_t padding;
        bool hinted;
        unsigned pushes; /* of ten sends */
    } rows[] = {
        {"urgent, large mesh", FH_RUMOUR_URGENT, 100, true, 10},
        {"product, large mesh", FH_RUMOUR_PRODUCTS, 100, true, FH_RUMOUR_PUSHES},
        {"newcomer, large mesh", FH_RUMOUR_MEMBERS, 100, true, FH_RUMOUR_PUSHES},
        {"renewal, large mesh", FH_RUMOUR_REFRESH, 100, true, 0},
        {"product, small mesh", FH_RUMOUR_PRODUCTS, 100, false, 10},
        {"renewal, small mesh", FH_RUMOUR_REFRESH, 100, false, 10},
        {"large product, small mesh", FH_RUMOUR_PRODUCTS, 512, false, FH_RUMOUR_PUSHES},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fixture f;
        begin(&f, 16);
        f.hinted = rows[i].hinted;
        struct fh_ref k = key(1);
        fh_rumours_put(&f.queue, &k, rows[i].class_, fact(f.pool, 1, rows[i].padding), 0);
        unsigned pushes = 0;
        for (unsigned n = 0; n < 10; n++) {
            assert_int_equal(take(&f, 1000, 10, -1), 1);
            pushes += f.hints == 0 ? 1 : 0;
        }
        if (pushes != rows[i].pushes) {
            fail_msg("%s: %u of ten were records", rows[i].name, pushes);
        }
        assert_int_equal(take(&f, 1000, 10, -1), 0);
        end(&f);
    }
}

/* What was sent often enough can still be asked for: until its age, or until its place is needed.
 */
static void test_done_is_kept(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 2);
    put(&f, 1, FH_RUMOUR_PRODUCTS, 10);
    assert_int_equal(take(&f, 1000, 1, -1), 1);
    assert_int_equal(f.queue.count, 0);
    assert_int_equal(f.queue.done_count, 1);
    struct fh_ref one = key(1);
    assert_non_null(fh_rumours_find(&f.queue, &one));
    assert_int_equal(take(&f, 1000, 1, 10), 0);
    assert_non_null(fh_rumours_find(&f.queue, &one));
    assert_int_equal(take(&f, 1000, 1, 11), 0); /* too old now */
    assert_null(fh_rumours_find(&f.queue, &one));
    put(&f, 1, FH_RUMOUR_PRODUCTS, 20);
    assert_int_equal(take(&f, 1000, 1, -1), 1);
    put(&f, 2, FH_RUMOUR_REFRESH, 20);
    put(&f, 3, FH_RUMOUR_REFRESH, 20); /* the place of the one that is done */
    assert_int_equal(f.queue.dropped, 0);
    assert_int_equal(f.queue.done_count, 0);
    assert_null(fh_rumours_find(&f.queue, &one));
    put(&f, 3, FH_RUMOUR_URGENT, 20); /* said again: from the start */
    assert_int_equal(f.queue.count, 2);
    assert_int_equal(f.queue.class_count[FH_RUMOUR_URGENT], 1);
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
        cmocka_unit_test(test_hints),
        cmocka_unit_test(test_done_is_kept),
    };
    if (fh_crypto_init() != FH_OK) {
        return 1;
    }
    struct fh_sign_public unused;
    fh_sign_keys((const uint8_t[FH_SEED_BYTES]){1}, &unused, &secret);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
