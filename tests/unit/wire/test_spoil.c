/* SPDX-License-Identifier: Apache-2.0 */
/* The maker of hostile frames: what it spoils is refused by the rule that it says. */
#include "tests/lib/spoil.h"

#include "common/err.h"
#include "common/limits.h"
#include "proto/wire/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PLACES = 10 };

/* [7, "text", bin, [true, nil], {key: -1}] */
static void put_sample(struct fh_buf *out)
{
    fh_buf_init(out, 4096);
    fh_pack_array(out, 5);
    fh_pack_uint(out, 7);
    fh_pack_cstr(out, "text");
    fh_pack_bin(out, fh_bytes("bin", 3));
    fh_pack_array(out, 2);
    fh_pack_bool(out, true);
    fh_pack_nil(out);
    fh_pack_map(out, 1);
    fh_pack_cstr(out, "key");
    fh_pack_int(out, -1);
    assert_int_equal(fh_buf_ok(out), FH_OK);
}

static void places_are_counted(void **state)
{
    (void)state;
    struct fh_buf good FH_CLEANUP(fh_buf_fini);
    put_sample(&good);
    assert_int_equal(test_spoil_places(fh_buf_view(&good)), PLACES);
}

static void each_way_is_refused_by_its_rule(void **state)
{
    (void)state;
    static const unsigned map_key = 8;
    struct fh_pack_limits limits = fh_pack_limits(4096);
    struct fh_buf good FH_CLEANUP(fh_buf_fini);
    struct fh_buf bad FH_CLEANUP(fh_buf_fini);
    unsigned spoiled = 0;
    put_sample(&good);
    fh_buf_init(&bad, 4096);
    for (unsigned place = 0; place < PLACES; place++) {
        for (enum test_spoil_way way = 0; way < TEST_SPOIL_COUNT; way++) {
            struct fh_err err = {0};
            fh_buf_reset(&bad);
            if (place == map_key || !test_spoil(&bad, fh_buf_view(&good), place, way)) {
                continue;
            }
            spoiled++;
            assert_int_equal(fh_buf_ok(&bad), FH_OK);
            assert_false(fh_bytes_equal(fh_buf_view(&bad), fh_buf_view(&good)));
            int code = fh_pack_scan(fh_buf_view(&bad), &limits, &err);
            const char *rule = test_spoil_rule(way);
            if ((rule[0] == 0) != (code == FH_OK) || strcmp(rule, err.rule) != 0) {
                fail_msg("place %u, %s: %s", place, test_spoil_text(way), err.rule);
            }
        }
    }
    assert_true(spoiled > (PLACES - 1) * (TEST_SPOIL_COUNT - 2));
}

static void a_value_of_the_same_kind_is_not_spoiled(void **state)
{
    (void)state;
    static const enum test_spoil_way same[PLACES] = {
        TEST_SPOIL_ARRAY,
        TEST_SPOIL_NUMBER,
        TEST_SPOIL_STRING,
        TEST_SPOIL_BIN,
        TEST_SPOIL_ARRAY,
        TEST_SPOIL_BOOL,
        TEST_SPOIL_NIL,
        TEST_SPOIL_MAP,
        TEST_SPOIL_STRING,
        TEST_SPOIL_NEGATIVE,
    };
    struct fh_buf good FH_CLEANUP(fh_buf_fini);
    struct fh_buf bad FH_CLEANUP(fh_buf_fini);
    put_sample(&good);
    fh_buf_init(&bad, 4096);
    for (unsigned place = 0; place < PLACES; place++) {
        assert_false(test_spoil(&bad, fh_buf_view(&good), place, same[place]));
        assert_int_equal(bad.size, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_are_counted),
        cmocka_unit_test(each_way_is_refused_by_its_rule),
        cmocka_unit_test(a_value_of_the_same_kind_is_not_spoiled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
