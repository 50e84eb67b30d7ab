/* SPDX-License-Identifier: Apache-2.0 */
#include "common/prng.h"

#include "common/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Outputs of the authors' own xoshiro256starstar.c from the state 1, 2, 3, 4. */
static void the_sequence_is_the_published_one(void **state)
{
    (void)state;
    static const uint64_t expected[] = {
        11520,
        0,
        1509978240,
        1215971899390074240,
        1216172134540287360,
        607988272756665600,
        16172922978634559625U,
        8476171486693032832,
        10595114339597558777U,
        2904607092377533576,
    };
    struct fh_prng prng = {{1, 2, 3, 4}};
    for (size_t i = 0; i < FH_COUNT(expected); i++) {
        assert_true(fh_prng_u64(&prng) == expected[i]);
    }
}

/* The first outputs of splitmix64 from the seed 1234567. */
static void seeds_go_through_splitmix(void **state)
{
    (void)state;
    struct fh_prng prng;
    fh_prng_init(&prng, 1234567);
    assert_true(prng.s[0] == 6457827717110365317);
    assert_true(prng.s[1] == 3203168211198807973);
    assert_true(prng.s[2] == 9817491932198370423U);
    assert_true(prng.s[3] == 4593380528125082431);
}

static void below_stays_below_and_reaches_all(void **state)
{
    (void)state;
    static const uint64_t bounds[] = {1, 2, 3, 7, 100, (UINT64_C(1) << 63) + 1, UINT64_MAX};
    struct fh_prng prng;
    fh_prng_init(&prng, 1);
    for (size_t i = 0; i < FH_COUNT(bounds); i++) {
        unsigned seen[7] = {0};
        for (int k = 0; k < 7000; k++) {
            uint64_t value = fh_prng_below(&prng, bounds[i]);
            assert_true(value < bounds[i]);
            if (value < FH_COUNT(seen)) {
                seen[value]++;
            }
        }
        for (size_t v = 0; v < FH_COUNT(seen) && bounds[i] <= FH_COUNT(seen); v++) {
            /* Seven standard deviations around a fair share, from a fixed seed. */
            uint64_t share = v < bounds[i] ? 7000 / bounds[i] : 0;
            assert_in_range(seen[v], share > 300 ? share - 300 : 0, share == 0 ? 0 : share + 300);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sequence_is_the_published_one),
        cmocka_unit_test(seeds_go_through_splitmix),
        cmocka_unit_test(below_stays_below_and_reaches_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
