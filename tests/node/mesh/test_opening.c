/* SPDX-License-Identifier: Apache-2.0 */
/* Contracts opened on a pool thread: all, none, broken ones, and a taker who is faster or gone. */
#include "node/io/loop.h"
#include "node/mesh/opening.h"
#include "tests/lib/products.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { COUNT = 40 };

struct world {
    struct fh_mesh_id mesh;
    struct test_domain domain;
    struct fh_loop *loop;
    struct fh_buf bytes; /* a message with the records as bins */
    struct fh_msg_bins bins;
};

/* A list of `count` contracts; the one at `broken` has a changed byte inside. */
static void make_list(struct world *w, unsigned count, unsigned broken)
{
    fh_buf_fini(&w->bytes);
    fh_buf_init(&w->bytes, FH_FRAME_REPLY_BYTES_MAX);
    fh_msg_ok(&w->bytes, 1);
    fh_pack_array(&w->bytes, count);
    for (unsigned i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof name, "product_%u", i);
        const struct test_product product = {.name = name};
        FH_CLEANUP(fh_buf_fini) struct fh_buf record;
        fh_buf_init(&record, FH_RECORD_BYTES_MAX);
        test_contract_record(&record, &product, &w->domain.id, &w->domain.publisher, &w->mesh);
        if (i == broken) {
            uint8_t *found = memmem(record.data, record.size, "Something", 9);
            assert_non_null(found);
            found[0] = 'T'; /* in the form, no more in the text */
        }
        fh_pack_bin(&w->bytes, fh_buf_view(&record));
    }
    assert_int_equal(fh_buf_ok(&w->bytes), FH_OK);
    struct fh_pack_reader reader;
    struct fh_err err;
    assert_int_equal(fh_msg_answer(&reader, fh_buf_view(&w->bytes), FH_FRAME_REPLY_BYTES_MAX, &err),
                     FH_OK);
    assert_int_equal(fh_msg_bins_read(&reader, &w->bins, &err), FH_OK);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct fh_err err;
    assert_non_null(w);
    w->domain = test_domain_of(0);
    (void)test_charter_1(&w->domain, &w->mesh);
    assert_int_equal(fh_loop_new(&w->loop, &err), FH_OK);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    fh_loop_free(w->loop); /* jobs that still run end here */
    fh_buf_fini(&w->bytes);
    free(w);
    return 0;
}

static void rest(long ms)
{
    struct timespec span = {.tv_nsec = ms * 1000000L};
    nanosleep(&span, NULL);
}

/* What was opened is the contract of its place; what the pool had not begun is left to the taker.
 */
static void test_places(void **state)
{
    struct world *w = *state;
    make_list(w, COUNT, COUNT);
    static const long rests[] = {0, 1, 50};
    for (size_t r = 0; r < FH_COUNT(rests); r++) {
        struct fh_opening *opening = fh_opening_begin(w->loop, &w->mesh, &w->bins);
        assert_non_null(opening);
        rest(rests[r]);
        for (unsigned i = 0; i < COUNT; i++) {
            char name[32];
            snprintf(name, sizeof name, "product_%u", i);
            const struct fh_contract *contract = fh_opening_take(opening, i);
            if (contract != NULL) {
                assert_string_equal(contract->name, name);
            }
            assert_ptr_equal(fh_opening_take(opening, i), contract);
        }
        assert_null(fh_opening_take(opening, COUNT));
        fh_opening_end(opening);
    }
}

/* With time enough every contract is opened but the one that does not hold. */
static void test_broken(void **state)
{
    struct world *w = *state;
    make_list(w, COUNT, 7);
    struct fh_opening *opening = fh_opening_begin(w->loop, &w->mesh, &w->bins);
    assert_non_null(opening);
    for (unsigned tries = 0; fh_opening_take(opening, COUNT - 1) == NULL && tries < 3; tries++) {
        fh_opening_end(opening); /* taken before the pool came to it */
        opening = fh_opening_begin(w->loop, &w->mesh, &w->bins);
        rest(500);
    }
    assert_null(fh_opening_take(opening, 7));
    fh_opening_end(opening);
}

/* Nobody takes anything: the end waits for no more than what is being opened. */
static void test_nobody(void **state)
{
    struct world *w = *state;
    make_list(w, COUNT, COUNT);
    for (unsigned i = 0; i < 20; i++) {
        fh_opening_end(fh_opening_begin(w->loop, &w->mesh, &w->bins));
    }
    make_list(w, 1, COUNT);
    assert_null(fh_opening_begin(w->loop, &w->mesh, &w->bins)); /* too few to gain by it */
    fh_opening_end(NULL);
    assert_null(fh_opening_take(NULL, 0));
}

int main(void)
{
    if (fh_crypto_init() != FH_OK) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_places, setup, teardown),
        cmocka_unit_test_setup_teardown(test_broken, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nobody, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
