/* SPDX-License-Identifier: Apache-2.0 */
/* Records of gossip: there and back, malformed ones, shared once, verified once. */
#include "proto/gossip/facts.h"
#include "proto/wire/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct fh_mesh_id mesh = {{1}};
static const struct fh_mesh_id other_mesh = {{2}};
static struct fh_sign_public public_key;
static struct fh_sign_secret secret;
static struct fh_sign_public other_public;
static struct fh_sign_secret other_secret;

static struct fh_fact fields(void)
{
    struct fh_fact f = {.generation = 1700000000, .incarnation = 4, .issued_ms = 1700000000123};
    f.node = fh_node_id_of(&public_key);
    f.accuser = fh_node_id_of(&other_public);
    f.accuser_incarnation = 9;
    f.alive = (struct fh_alive){.domain = {{5}},
                                .key = public_key,
                                .agree = {{6}},
                                .ttl_ms = 86400000,
                                .protocol_min = 1,
                                .protocol_max = 2,
                                .capabilities = 3,
                                .address_count = 2,
                                .address = {"10.0.0.1:7400", "[fe80::1]:7400"},
                                .head_count = 11,
                                .head_root = {12},
                                .head_time_ms = 13,
                                .label = fh_bytes("oslo", 4)};
    return f;
}

typedef void pack_fn(struct fh_buf *out, const struct fh_fact *fact);

static size_t seal(uint8_t *out,
                   unsigned type,
                   pack_fn *pack,
                   const struct fh_fact *f,
                   const struct fh_sign_secret *by)
{
    struct fh_buf payload;
    struct fh_buf record;
    fh_buf_init(&payload, 2048);
    fh_buf_init(&record, 2048);
    pack(&payload, f);
    fh_record_seal(&record, type, &mesh, fh_buf_view(&payload), by);
    assert_int_equal(fh_buf_ok(&record), FH_OK);
    size_t size = record.size;
    memcpy(out, record.data, size);
    fh_buf_fini(&payload);
    fh_buf_fini(&record);
    return size;
}

static void test_alive(void **state)
{
    (void)state;
    struct fh_fact_pool *pool = fh_fact_pool_new();
    struct fh_fact f = fields();
    uint8_t bytes[2048];
    size_t size = seal(bytes, FH_RECORD_ALIVE, fh_alive_pack, &f, &secret);
    struct fh_fact *fact;
    assert_int_equal(fh_fact_intern(pool, fh_bytes(bytes, size), &mesh, &fact, NULL), FH_OK);
    memset(bytes, 0xee, sizeof bytes); /* the fact lives by itself */
    assert_int_equal(fact->kind, FH_FACT_ALIVE);
    assert_true(fh_node_id_equal(&fact->node, &f.node));
    assert_int_equal(fact->generation, f.generation);
    assert_int_equal(fact->incarnation, 4);
    assert_int_equal(fact->issued_ms, f.issued_ms);
    assert_int_equal(fact->alive.ttl_ms, 86400000);
    assert_int_equal(fact->alive.address_count, 2);
    assert_string_equal(fact->alive.address[0], "10.0.0.1:7400");
    assert_string_equal(fact->alive.address[1], "[fe80::1]:7400");
    assert_true(fh_bytes_equal_cstr(fact->alive.label, "oslo"));
    assert_int_equal(fact->alive.head_count, 11);
    assert_int_equal(fact->alive.head_root[0], 12);
    assert_int_equal(fact->alive.protocol_max, 2);
    assert_true(fh_fact_verify(fact, &mesh, &public_key, &fh_verifier_plain));
    fh_fact_drop(pool, fact);
    assert_int_equal(fh_fact_pool_count(pool), 0);
    fh_fact_pool_free(pool);
}

static void test_shared(void **state)
{
    (void)state;
    struct fh_fact_pool *pool = fh_fact_pool_new();
    struct fh_fact *facts[200];
    uint8_t bytes[2048];
    size_t memory = fh_fact_pool_memory(pool);
    for (unsigned i = 0; i < 200; i++) {
        struct fh_fact f = fields();
        f.incarnation = i;
        size_t size = seal(bytes, FH_RECORD_ALIVE, fh_alive_pack, &f, &secret);
        assert_int_equal(fh_fact_intern(pool, fh_bytes(bytes, size), &mesh, &facts[i], NULL),
                         FH_OK);
        struct fh_fact *again;
        assert_int_equal(fh_fact_intern(pool, fh_bytes(bytes, size), &mesh, &again, NULL), FH_OK);
        assert_ptr_equal(again, facts[i]);
        fh_fact_drop(pool, again);
        assert_ptr_equal(fh_fact_known(pool, fh_bytes(bytes, size)), facts[i]);
        bytes[size - 1] ^= 1;
        assert_null(fh_fact_known(pool, fh_bytes(bytes, size)));
    }
    assert_int_equal(fh_fact_pool_count(pool), 200);
    for (unsigned i = 0; i < 200; i++) {
        fh_fact_drop(pool, facts[i]);
    }
    assert_int_equal(fh_fact_pool_count(pool), 0);
    assert_true(fh_fact_pool_memory(pool) >= memory);
    fh_fact_pool_free(pool);
}

/* Whose signature counts, under which mesh. */
static void test_verify(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned type;
        pack_fn *pack;
        bool by_other;
        bool check_other;
        bool in_other_mesh;
        bool right;
    } rows[] = {
        {"alive by itself", FH_RECORD_ALIVE, fh_alive_pack, false, false, false, true},
        {"alive by another", FH_RECORD_ALIVE, fh_alive_pack, true, false, false, false},
        {"alive by another, checked with its key",
         FH_RECORD_ALIVE,
         fh_alive_pack,
         true,
         true,
         false,
         false},
        {"alive in another mesh", FH_RECORD_ALIVE, fh_alive_pack, false, false, true, false},
        {"leave by itself", FH_RECORD_LEAVE, fh_leave_pack, false, false, false, true},
        {"leave by another", FH_RECORD_LEAVE, fh_leave_pack, true, false, false, false},
        {"leave by another, checked with its key",
         FH_RECORD_LEAVE,
         fh_leave_pack,
         true,
         true,
         false,
         false},
        {"suspicion by its holder", FH_RECORD_SUSPECT, fh_suspect_pack, true, true, false, true},
        {"suspicion by the suspect", FH_RECORD_SUSPECT, fh_suspect_pack, false, true, false, false},
        {"suspicion checked with the suspect's key",
         FH_RECORD_SUSPECT,
         fh_suspect_pack,
         false,
         false,
         false,
         false},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_fact_pool *pool = fh_fact_pool_new();
        struct fh_fact f = fields();
        uint8_t bytes[2048];
        size_t size =
            seal(bytes, rows[i].type, rows[i].pack, &f, rows[i].by_other ? &other_secret : &secret);
        struct fh_fact *fact;
        assert_int_equal(fh_fact_intern(pool, fh_bytes(bytes, size), &mesh, &fact, NULL), FH_OK);
        bool right = fh_fact_verify(fact,
                                    rows[i].in_other_mesh ? &other_mesh : &mesh,
                                    rows[i].check_other ? &other_public : &public_key,
                                    &fh_verifier_plain);
        if (right != rows[i].right || fact->verified != rows[i].right) {
            fail_msg("%s", rows[i].name);
        }
        fh_fact_drop(pool, fact);
        fh_fact_pool_free(pool);
    }
}

/* What a hostile node might put in. Each change alone must make the record malformed. */
static void test_malformed(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int what;
    } rows[] = {{"no address", 0},
                {"address without port", 1},
                {"port 0", 2},
                {"port 70000", 3},
                {"address with a space", 4},
                {"protocol min > max", 5},
                {"incarnation at the end", 6},
                {"generation above 2^63", 7},
                {"a lease of a year", 8},
                {"v6 without brackets", 9}};
    struct fh_fact_pool *pool = fh_fact_pool_new();
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_fact f = fields();
        switch (rows[i].what) {
        case 0:
            f.alive.address_count = 0;
            break;
        case 1:
            f.alive.address[0] = "10.0.0.1";
            break;
        case 2:
            f.alive.address[1] = "h:0";
            break;
        case 3:
            f.alive.address[1] = "h:70000";
            break;
        case 4:
            f.alive.address[1] = "a b:1";
            break;
        case 5:
            f.alive.protocol_min = 3;
            break;
        case 6:
            f.incarnation = UINT32_MAX;
            break;
        case 7:
            f.generation = UINT64_MAX;
            break;
        case 8:
            f.alive.ttl_ms = INT64_C(365) * 86400000;
            break;
        default:
            f.alive.address[0] = "fe80::1:7400";
            break;
        }
        uint8_t bytes[2048];
        size_t size = seal(bytes, FH_RECORD_ALIVE, fh_alive_pack, &f, &secret);
        struct fh_fact *fact;
        struct fh_err err = {0};
        int code = fh_fact_intern(pool, fh_bytes(bytes, size), &mesh, &fact, &err);
        if (code == FH_OK) {
            fail_msg("%s was accepted", rows[i].name);
        }
        assert_true(err.text[0] != '\0');
    }
    assert_int_equal(fh_fact_pool_count(pool), 0);
    fh_fact_pool_free(pool);
}

/* Every prefix and every flipped bit is either refused or another record; nothing crashes. */
static void test_damaged(void **state)
{
    (void)state;
    struct fh_fact_pool *pool = fh_fact_pool_new();
    struct fh_fact f = fields();
    uint8_t bytes[2048];
    size_t size = seal(bytes, FH_RECORD_ALIVE, fh_alive_pack, &f, &secret);
    struct fh_fact *fact;
    for (size_t cut = 0; cut < size; cut++) {
        assert_int_not_equal(fh_fact_intern(pool, fh_bytes(bytes, cut), &mesh, &fact, NULL), FH_OK);
    }
    for (size_t bit = 0; bit < 8 * size; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (fh_fact_intern(pool, fh_bytes(bytes, size), &mesh, &fact, NULL) == FH_OK) {
            assert_false(fh_fact_verify(fact, &mesh, &public_key, &fh_verifier_plain));
            fh_fact_drop(pool, fact);
        }
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    uint8_t large[FH_RECORD_GOSSIP_BYTES_MAX + 1] = {0};
    assert_int_equal(fh_fact_intern(pool, fh_bytes(large, sizeof large), &mesh, &fact, NULL),
                     FH_ETOOBIG);
    fh_fact_pool_free(pool);
}

static void test_life_order(void **state)
{
    (void)state;
    assert_true(fh_life_compare(1, 5, 2, 0) < 0);
    assert_true(fh_life_compare(2, 0, 1, 5) > 0);
    assert_true(fh_life_compare(2, 1, 2, 2) < 0);
    assert_true(fh_life_compare(2, 2, 2, 1) > 0);
    assert_int_equal(fh_life_compare(7, 7, 7, 7), 0);
    assert_true(fh_life_compare(UINT64_MAX, 0, 0, UINT32_MAX) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alive),
        cmocka_unit_test(test_shared),
        cmocka_unit_test(test_verify),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_life_order),
    };
    if (fh_crypto_init() != FH_OK) {
        return 1;
    }
    fh_sign_keys((const uint8_t[FH_SEED_BYTES]){1}, &public_key, &secret);
    fh_sign_keys((const uint8_t[FH_SEED_BYTES]){2}, &other_public, &other_secret);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
