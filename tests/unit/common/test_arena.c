/* SPDX-License-Identifier: Apache-2.0 */
#include "common/arena.h"

#include "common/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void memory_is_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    FH_CLEANUP(fh_arena_freep) struct fh_arena *arena = fh_arena_new(1 << 20);
    assert_non_null(arena);
    uint8_t *last = NULL;
    size_t last_size = 0;
    for (size_t size = 1; size < 40000; size = size * 3 / 2 + 1) {
        uint8_t *p = fh_arena_alloc(arena, size);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(p[i], 0);
        }
        memset(p, 0xff, size);
        assert_true(last == NULL || p + size <= last || last + last_size <= p);
        last = p;
        last_size = size;
    }
}

static void the_cap_holds(void **state)
{
    (void)state;
    static const struct {
        size_t limit;
        size_t first;
        size_t second;
        bool first_fits;
        bool second_fits;
    } rows[] = {
        {100, 100, 1, true, false},
        {100, 113, 1, false, true},
        {128, 64, 64, true, true},
        {128, 64, 65, true, false},
        {1 << 20, 1 << 20, 1, true, false},
        {100, SIZE_MAX, 100, false, true},
        {SIZE_MAX, SIZE_MAX, 8, false, true},
        {0, 1, 1, false, false},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        FH_CLEANUP(fh_arena_freep) struct fh_arena *arena = fh_arena_new(rows[i].limit);
        assert_non_null(arena);
        bool first = fh_arena_alloc(arena, rows[i].first) != NULL;
        bool second = fh_arena_alloc(arena, rows[i].second) != NULL;
        if (first != rows[i].first_fits || second != rows[i].second_fits) {
            fail_msg("row %zu: %d %d", i, first, second);
        }
    }
}

static void arrays_do_not_wrap(void **state)
{
    (void)state;
    FH_CLEANUP(fh_arena_freep) struct fh_arena *arena = fh_arena_new(1000);
    assert_non_null(arena);
    assert_null(fh_arena_array(arena, SIZE_MAX / 2 + 1, 2));
    assert_null(fh_arena_array(arena, 2, SIZE_MAX / 2 + 1));
    assert_null(fh_arena_array(arena, 127, 8));
    assert_non_null(fh_arena_array(arena, 10, 8));
}

static void texts_are_copied_with_their_end(void **state)
{
    (void)state;
    FH_CLEANUP(fh_arena_freep) struct fh_arena *arena = fh_arena_new(64);
    assert_non_null(arena);
    assert_string_equal(fh_arena_string(arena, fh_bytes("abcd", 3)), "abc");
    assert_string_equal(fh_arena_string(arena, FH_BYTES_NONE), "");
    assert_string_equal(fh_arena_strdup(arena, "x"), "x");
    assert_null(fh_arena_printf(arena, "%064d", 7));
    assert_string_equal(fh_arena_printf(arena, "%s=%d", "n", 7), "n=7");
}

static bool no_memory(size_t size)
{
    (void)size;
    return false;
}

static void no_memory_is_null(void **state)
{
    (void)state;
    fh_alloc_set_hook(no_memory);
    struct fh_arena *none = fh_arena_new(64);
    fh_alloc_set_hook(NULL);
    assert_null(none);
    fh_arena_free(none);

    FH_CLEANUP(fh_arena_freep) struct fh_arena *arena = fh_arena_new(64);
    assert_non_null(arena);
    fh_alloc_set_hook(no_memory);
    void *p = fh_arena_alloc(arena, 8);
    fh_alloc_set_hook(NULL);
    assert_null(p);
    assert_non_null(fh_arena_alloc(arena, 8));
}

static void the_checked_allocators_do_not_wrap(void **state)
{
    (void)state;
    assert_null(fh_calloc(SIZE_MAX / 2 + 1, 2));
    void *zero = fh_alloc(0);
    assert_non_null(zero);
    zero = fh_realloc(zero, 0);
    assert_non_null(zero);
    fh_free(zero);
    FH_CLEANUP(fh_freep) char *copy = fh_strdup("copy");
    assert_string_equal(copy, "copy");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(the_cap_holds),
        cmocka_unit_test(arrays_do_not_wrap),
        cmocka_unit_test(texts_are_copied_with_their_end),
        cmocka_unit_test(no_memory_is_null),
        cmocka_unit_test(the_checked_allocators_do_not_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
