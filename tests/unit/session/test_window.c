/* SPDX-License-Identifier: Apache-2.0 */
/* The replay window, one story a row. */
#include "common/compiler.h"
#include "common/prng.h"
#include "proto/session/window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { W = FH_SESSION_REPLAY_WINDOW, STEPS_MAX = 12 };

struct step {
    uint64_t counter;
    bool admitted;
};

static const struct {
    const char *name;
    struct step steps[STEPS_MAX];
    size_t count;
} stories[] = {
    {"in order", {{0, true}, {1, true}, {2, true}}, 3},
    {"replayed at once", {{0, true}, {0, false}, {1, true}, {1, false}, {0, false}}, 5},
    {"out of order", {{5, true}, {3, true}, {4, true}, {3, false}, {0, true}, {5, false}}, 6},
    {"first is large", {{1000000, true}, {999999, true}, {1000000, false}, {0, false}}, 4},
    {"oldest in the window", {{W, true}, {1, true}, {0, false}, {1, false}}, 4},
    {"just fallen out", {{0, true}, {W, true}, {0, false}}, 3},
    {"edge moves by one", {{W - 1, true}, {0, true}, {W, true}, {0, false}, {1, true}}, 5},
    {"a jump clears all",
     {{5, true}, {10 * W, true}, {5, false}, {9 * W + 1, true}, {9 * W, false}, {9 * W + 1, false}},
     6},
    {"a word's edge",
     {{63, true}, {64, true}, {63, false}, {64, false}, {127, true}, {128, true}},
     6},
    {"a jump inside the ring does not wake old bits",
     {{0, true}, {64, true}, {W + 64, true}, {64, false}, {65, true}, {W, true}, {W, false}},
     7},
    {"a turn of the ring",
     {{10, true}, {10 + W + 64, true}, {10 + 64, false}, {11 + 64, true}, {10 + W + 64, false}},
     5},
    {"near the end",
     {{UINT64_MAX - 1, true}, {UINT64_MAX - 1, false}, {UINT64_MAX - 2, true}, {0, false}},
     4},
};

static void test_stories(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(stories); i++) {
        struct fh_window window = {0};
        print_message("%s\n", stories[i].name);
        for (size_t s = 0; s < stories[i].count; s++) {
            struct step step = stories[i].steps[s];
            assert_int_equal(fh_window_admit(&window, step.counter), step.admitted);
        }
    }
}

/* Against the plain definition: seen, or more than the window behind the greatest. */
static void test_model(void **state)
{
    (void)state;
    enum { SPACE = 5 * W };
    static bool seen[SPACE];
    struct fh_prng prng;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct fh_window window = {0};
        uint64_t greatest = 0;
        bool any = false;
        fh_prng_init(&prng, seed);
        memset(seen, 0, sizeof seen);
        for (int i = 0; i < 20000; i++) {
            uint64_t near = greatest > W ? greatest - W : 0;
            uint64_t counter = near + fh_prng_below(&prng, i % 50 == 0 ? W + 3000 : W + 20);
            if (counter >= SPACE) {
                break;
            }
            bool fresh = !seen[counter] && !(any && greatest >= W && counter <= greatest - W);
            assert_int_equal(fh_window_admit(&window, counter), fresh);
            seen[counter] = true;
            greatest = !any || counter > greatest ? counter : greatest;
            any = true;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stories),
        cmocka_unit_test(test_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
