/* SPDX-License-Identifier: Apache-2.0 */
#include "common/map.h"

#include "common/err.h"
#include "common/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MANY = 1000 };

struct element {
    struct fh_map_link link;
    unsigned key;
};

static struct element *find(const struct fh_map *map, uint64_t hash, unsigned key)
{
    for (struct fh_map_link *link = fh_map_first(map, hash); link; link = fh_map_next(link)) {
        struct element *element = FH_MAP_ENTRY(link, struct element, link);
        if (element->key == key) {
            return element;
        }
    }
    return NULL;
}

static void empty_finds_nothing(void **state)
{
    (void)state;
    struct fh_map map;
    fh_map_init(&map);
    assert_null(fh_map_first(&map, 0));
    fh_map_fini(&map);
    fh_map_fini(&map);
}

static void many_are_found_and_removed(void **state)
{
    (void)state;
    static struct element elements[MANY];
    struct fh_map map;
    fh_map_init(&map);
    for (unsigned i = 0; i < MANY; i++) {
        elements[i].key = i;
        assert_int_equal(fh_map_reserve(&map, 1), FH_OK);
        fh_map_insert(&map, &elements[i].link, fh_map_hash(&i, sizeof i));
    }
    assert_int_equal(map.count, MANY);
    for (unsigned i = 0; i < MANY; i += 2) {
        fh_map_remove(&map, &elements[i].link);
    }
    assert_int_equal(map.count, MANY / 2);
    for (unsigned i = 0; i < MANY; i++) {
        struct element *found = find(&map, fh_map_hash(&i, sizeof i), i);
        assert_ptr_equal(found, i % 2 == 0 ? NULL : &elements[i]);
    }
    fh_map_fini(&map);
}

static void equal_hashes_are_told_apart(void **state)
{
    (void)state;
    struct element elements[3] = {{.key = 1}, {.key = 2}, {.key = 3}};
    struct fh_map map;
    fh_map_init(&map);
    assert_int_equal(fh_map_reserve(&map, 3), FH_OK);
    fh_map_insert(&map, &elements[0].link, 7);
    fh_map_insert(&map, &elements[1].link, 7);
    fh_map_insert(&map, &elements[2].link, 7 + ((uint64_t)16 << 32)); /* the same bucket */
    assert_ptr_equal(find(&map, 7, 1), &elements[0]);
    assert_ptr_equal(find(&map, 7, 2), &elements[1]);
    assert_null(find(&map, 7, 3));
    fh_map_remove(&map, &elements[0].link);
    assert_null(find(&map, 7, 1));
    assert_ptr_equal(find(&map, 7, 2), &elements[1]);
    fh_map_fini(&map);
}

static bool deny(size_t size)
{
    (void)size;
    return false;
}

static void no_memory_leaves_the_map(void **state)
{
    (void)state;
    static struct element elements[16];
    struct fh_map map;
    fh_map_init(&map);
    fh_alloc_set_hook(deny);
    assert_int_equal(fh_map_reserve(&map, 1), FH_ENOMEM);
    fh_alloc_set_hook(NULL);
    assert_int_equal(fh_map_reserve(&map, 16), FH_OK);
    for (unsigned i = 0; i < 16; i++) {
        elements[i].key = i;
        fh_map_insert(&map, &elements[i].link, i);
    }
    fh_alloc_set_hook(deny);
    assert_int_equal(fh_map_reserve(&map, 1), FH_ENOMEM);
    fh_alloc_set_hook(NULL);
    assert_ptr_equal(find(&map, 9, 9), &elements[9]);
    assert_int_equal(fh_map_reserve(&map, SIZE_MAX / 2), FH_ENOMEM);
    fh_map_fini(&map);
}

static void hash_is_fnv_1a(void **state)
{
    (void)state;
    /* draft-eastlake-fnv, appendix C: 64-bit FNV-1a */
    assert_true(fh_map_hash("", 0) == 0xcbf29ce484222325);
    assert_true(fh_map_hash("a", 1) == 0xaf63dc4c8601ec8c);
    assert_true(fh_map_hash("foobar", 6) == 0x85944171f73967e8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_finds_nothing),
        cmocka_unit_test(many_are_found_and_removed),
        cmocka_unit_test(equal_hashes_are_told_apart),
        cmocka_unit_test(no_memory_leaves_the_map),
        cmocka_unit_test(hash_is_fnv_1a),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
