/* SPDX-License-Identifier: Apache-2.0 */
/* The member table: finding, states, rounds, fingerprints. */
#include "proto/gossip/members.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct fh_mesh_id mesh = {{1}};

struct fixture {
    struct fh_fact_pool *pool;
    struct fh_members members;
    struct fh_prng prng;
};

static struct fh_sign_secret keys_of(unsigned number, struct fh_sign_public *out)
{
    uint8_t seed[FH_SEED_BYTES] = {0};
    struct fh_sign_secret secret;
    fh_put_u32be(seed, number);
    fh_sign_keys(seed, out, &secret);
    return secret;
}

static struct fh_fact *alive(struct fh_fact_pool *pool, unsigned number, uint32_t incarnation)
{
    struct fh_fact fields = {.generation = 1, .incarnation = incarnation};
    struct fh_sign_secret secret = keys_of(number, &fields.alive.key);
    fields.node = fh_node_id_of(&fields.alive.key);
    fields.alive.domain.b[0] = (uint8_t)(number / 8); /* no domain reaches its share */
    fields.alive.ttl_ms = FH_ALIVE_TTL_MS;
    fields.alive.address_count = 1;
    fields.alive.address[0] = "h:1";
    fields.alive.label = FH_BYTES_NONE;
    struct fh_buf payload;
    struct fh_buf record;
    fh_buf_init(&payload, 2048);
    fh_buf_init(&record, 2048);
    fh_alive_pack(&payload, &fields);
    fh_record_seal(&record, FH_RECORD_ALIVE, &mesh, fh_buf_view(&payload), &secret);
    struct fh_fact *fact = NULL;
    assert_int_equal(fh_fact_intern(pool, fh_buf_view(&record), &mesh, &fact, NULL), FH_OK);
    fh_buf_fini(&payload);
    fh_buf_fini(&record);
    return fact;
}

static struct fh_fact *leave(struct fh_fact_pool *pool, unsigned number, uint32_t incarnation)
{
    struct fh_fact fields = {.generation = 1, .incarnation = incarnation};
    struct fh_sign_public public_key;
    struct fh_sign_secret secret = keys_of(number, &public_key);
    fields.node = fh_node_id_of(&public_key);
    struct fh_buf payload;
    struct fh_buf record;
    fh_buf_init(&payload, 2048);
    fh_buf_init(&record, 2048);
    fh_leave_pack(&payload, &fields);
    fh_record_seal(&record, FH_RECORD_LEAVE, &mesh, fh_buf_view(&payload), &secret);
    struct fh_fact *fact = NULL;
    assert_int_equal(fh_fact_intern(pool, fh_buf_view(&record), &mesh, &fact, NULL), FH_OK);
    fh_buf_fini(&payload);
    fh_buf_fini(&record);
    return fact;
}

static void begin(struct fixture *f, uint32_t limit, unsigned count)
{
    f->pool = fh_fact_pool_new();
    assert_non_null(f->pool);
    assert_int_equal(fh_members_init(&f->members, limit, f->pool), FH_OK);
    fh_prng_init(&f->prng, 5);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(fh_members_add(&f->members, alive(f->pool, i, 0), 100), i);
    }
}

static void end(struct fixture *f)
{
    fh_members_fini(&f->members);
    assert_int_equal(fh_fact_pool_count(f->pool), 0);
    fh_fact_pool_free(f->pool);
}

static void same_fingerprint(const struct fixture *f)
{
    uint8_t fast[16];
    uint8_t slow[16];
    fh_members_fingerprint(&f->members, fast);
    fh_members_fingerprint_slow(&f->members, slow);
    assert_memory_equal(fast, slow, 16);
}

static void test_find(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 64, 50);
    for (unsigned i = 0; i < 50; i++) {
        struct fh_node_id id = f.members.slots[i].alive->node;
        struct fh_ref ref = fh_node_id_ref(&id);
        assert_int_equal(fh_members_find(&f.members, &id), i);
        assert_int_equal(fh_members_find_ref(&f.members, &ref), i);
        assert_int_equal(fh_members_find_prefix(&f.members, id.b, FH_MEMBER_NONE), i);
        assert_int_equal(fh_members_find_prefix(&f.members, id.b, i), FH_MEMBER_NONE);
        id.b[31] ^= 1;
        assert_int_equal(fh_members_find(&f.members, &id), FH_MEMBER_NONE);
        ref.b[15] ^= 1;
        assert_int_equal(fh_members_find_ref(&f.members, &ref), FH_MEMBER_NONE);
    }
    end(&f);
}

static void test_full(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 10, 10);
    struct fh_fact *more = alive(f.pool, 10, 0);
    assert_int_equal(fh_members_add(&f.members, more, 0), FH_MEMBER_NONE);
    fh_members_remove(&f.members, 4);
    assert_int_equal(fh_members_add(&f.members, more, 0), 4); /* the freed slot */
    same_fingerprint(&f);
    end(&f);
}

static void test_fingerprint(void **state)
{
    (void)state;
    struct fixture f;
    struct fixture g;
    uint8_t a[16];
    uint8_t b[16];
    begin(&f, 64, 20);
    begin(&g, 64, 0);
    for (unsigned i = 20; i-- > 0;) { /* the order does not matter */
        assert_int_not_equal(fh_members_add(&g.members, alive(g.pool, i, 0), 0), FH_MEMBER_NONE);
    }
    fh_members_fingerprint(&f.members, a);
    fh_members_fingerprint(&g.members, b);
    assert_memory_equal(a, b, 16);
    fh_members_set_state(&f.members, 3, FH_MEMBER_DEAD, 0); /* an opinion is not part of it */
    fh_members_fingerprint(&f.members, a);
    assert_memory_equal(a, b, 16);
    fh_members_set_alive(&f.members, 3, alive(f.pool, 3, 1));
    same_fingerprint(&f);
    fh_members_fingerprint(&f.members, a);
    assert_memory_not_equal(a, b, 16);
    assert_int_equal(fh_members_set_leave(&f.members, 3, leave(f.pool, 3, 2)), FH_OK);
    same_fingerprint(&f);
    assert_int_equal(fh_members_set_leave(&f.members, 3, leave(f.pool, 3, 3)), FH_OK);
    same_fingerprint(&f);
    fh_members_set_alive(&f.members, 3, alive(f.pool, 3, 4));
    same_fingerprint(&f);
    fh_members_remove(&f.members, 3);
    same_fingerprint(&f);
    end(&f);
    end(&g);
}

/* Everybody once in a round, nobody dead, never this node. */
static void test_round(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 64, 40);
    fh_members_set_state(&f.members, 7, FH_MEMBER_DEAD, 0);
    fh_members_set_state(&f.members, 8, FH_MEMBER_LEFT, 0);
    for (unsigned round = 0; round < 5; round++) {
        unsigned seen[40] = {0};
        for (unsigned i = 0; i < 37; i++) {
            uint32_t slot = fh_members_next_probe(&f.members, &f.prng);
            assert_in_range(slot, 1, 39);
            seen[slot]++;
        }
        for (unsigned i = 1; i < 40; i++) {
            assert_int_equal(seen[i], i == 7 || i == 8 ? 0 : 1);
        }
    }
    /* One who comes back is probed in the running round. */
    fh_members_set_state(&f.members, 7, FH_MEMBER_ALIVE, 0);
    (void)fh_members_next_probe(&f.members, &f.prng);
    fh_members_enter_round(&f.members, 7, &f.prng);
    bool seen = false;
    for (unsigned i = 0; i < 38; i++) {
        seen = fh_members_next_probe(&f.members, &f.prng) == 7 || seen;
    }
    assert_true(seen);
    end(&f);
}

static void test_nobody(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 64, 1);
    uint32_t out[4];
    assert_int_equal(fh_members_next_probe(&f.members, &f.prng), FH_MEMBER_NONE);
    assert_int_equal(fh_members_pick(&f.members, &f.prng, ~0u, FH_MEMBER_NONE, 4, out), 0);
    end(&f);
}

static void test_pick(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 64, 30);
    for (unsigned i = 0; i < 30; i++) {
        fh_members_set_state(&f.members, i, i % 10 == 5 ? FH_MEMBER_ALIVE : FH_MEMBER_DEAD, 0);
    }
    for (unsigned round = 0; round < 50; round++) {
        uint32_t out[8];
        unsigned count = fh_members_pick(&f.members, &f.prng, 1u << FH_MEMBER_ALIVE, 15, 8, out);
        assert_int_equal(count, 2); /* 5 and 25: all there are but the excepted */
        assert_int_not_equal(out[0], out[1]);
        for (unsigned i = 0; i < count; i++) {
            assert_true(out[i] == 5 || out[i] == 25);
        }
    }
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_fingerprint),
        cmocka_unit_test(test_round),
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_pick),
    };
    if (fh_crypto_init() != FH_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
