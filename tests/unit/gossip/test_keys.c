/* SPDX-License-Identifier: Apache-2.0 */
/* The key cache: its limit, who makes room, and that nothing of a secret stays behind. */
#include "proto/gossip/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LIMIT = 8, PEERS = 20 };

static struct fh_member slots[PEERS];
static struct fh_members members = {.slots = slots, .slot_count = PEERS};

static int set_up(void **state)
{
    (void)state;
    memset(slots, 0, sizeof slots);
    return 0;
}

static struct fh_peer_keys *make(struct fh_key_cache *cache, uint32_t slot)
{
    const uint8_t shared[32] = {(uint8_t)(slot + 1)};
    struct fh_peer_keys *keys = fh_keys_make(cache, &members, slot, shared);
    assert_non_null(keys);
    return keys;
}

static unsigned held(const struct fh_key_cache *cache)
{
    unsigned count = 0;
    for (uint32_t i = 0; i < PEERS; i++) {
        if (slots[i].keys != 0) {
            assert_int_equal(cache->entries[slots[i].keys - 1].shared[0], i + 1);
            assert_int_equal(cache->entries[slots[i].keys - 1].owner, i);
            count++;
        }
    }
    return count;
}

static void test_limit(void **state)
{
    (void)state;
    struct fh_key_cache cache;
    fh_keys_init(&cache, LIMIT);
    assert_null(fh_keys_get(&cache, &slots[0]));
    for (uint32_t i = 0; i < PEERS; i++) {
        (void)make(&cache, i);
        assert_int_equal(held(&cache), i < LIMIT ? i + 1 : LIMIT);
    }
    assert_true(fh_keys_memory(&cache) == LIMIT * sizeof(struct fh_peer_keys));
    fh_keys_fini(&cache);
}

/* Who is spoken with at every turn stays, whoever else comes. */
static void test_second_chance(void **state)
{
    (void)state;
    struct fh_key_cache cache;
    fh_keys_init(&cache, LIMIT);
    for (uint32_t i = 0; i < LIMIT; i++) {
        (void)make(&cache, i);
    }
    (void)make(&cache, LIMIT); /* the hand came by all of them once */
    unsigned kept = slots[1].keys != 0 ? 1 : 2;
    for (uint32_t i = LIMIT + 1; i < PEERS; i++) {
        assert_non_null(fh_keys_get(&cache, &slots[kept]));
        (void)make(&cache, i);
        assert_int_equal(held(&cache), LIMIT);
    }
    assert_non_null(fh_keys_get(&cache, &slots[kept]));
    fh_keys_fini(&cache);
}

static void test_forgotten(void **state)
{
    (void)state;
    struct fh_key_cache cache;
    static const uint8_t zero[32];
    fh_keys_init(&cache, LIMIT);
    for (uint32_t i = 0; i < LIMIT; i++) {
        (void)make(&cache, i);
    }
    uint32_t place = slots[3].keys - 1;
    fh_keys_forget(&cache, &slots[3]);
    fh_keys_forget(&cache, &slots[3]); /* once is enough */
    assert_int_equal(slots[3].keys, 0);
    assert_memory_equal(cache.entries[place].shared, zero, sizeof zero);
    (void)make(&cache, 9); /* the free place first: nobody has to go */
    assert_int_equal(slots[9].keys, place + 1);
    assert_int_equal(held(&cache), LIMIT);
    fh_keys_fini(&cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_limit, set_up),
        cmocka_unit_test_setup(test_second_chance, set_up),
        cmocka_unit_test_setup(test_forgotten, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
