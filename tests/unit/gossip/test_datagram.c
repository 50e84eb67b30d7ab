/* SPDX-License-Identifier: Apache-2.0 */
/* The sealed datagram as bytes: what opens, what does not, and the replay window. */
#include "proto/gossip/datagram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct fh_mesh_id mesh = {{1, 2, 3}};
static const uint8_t key[FH_AEAD_KEY_BYTES] = {9};

static size_t seal(uint8_t *out, uint64_t counter)
{
    struct fh_datagram_header header = {.counter = counter};
    fh_datagram_mesh_tag(header.tag, &mesh);
    memset(header.sender, 0xaa, sizeof header.sender);
    header.boot = fh_datagram_boot(77, (const uint8_t[8]){1, 2, 3, 4, 5, 6, 7, 8});
    return fh_datagram_seal(out, &header, key, fh_bytes("hello", 5));
}

static void test_layout(void **state)
{
    (void)state;
    uint8_t d[FH_DATAGRAM_BYTES_MAX];
    size_t size = seal(d, 0x0102030405060708);
    assert_int_equal(size, 41 + 5 + 16);
    assert_int_equal(d[0], 1);
    assert_int_equal(d[9], 0xaa);
    assert_int_equal(fh_get_u64be(d + 17), 77); /* boot begins with the generation */
    assert_int_equal(d[33], 8);                 /* counter, little-endian */
    assert_int_equal(d[40], 1);
    struct fh_datagram_header header;
    uint8_t tag[8];
    fh_datagram_mesh_tag(tag, &mesh);
    assert_int_equal(fh_datagram_peek(&header, fh_bytes(d, size), tag), FH_OK);
    assert_int_equal(header.counter, 0x0102030405060708);
    assert_int_equal(fh_datagram_boot_generation(&header.boot), 77);
    uint8_t content[FH_DATAGRAM_CONTENT_BYTES_MAX];
    size_t content_size;
    assert_true(fh_datagram_open(content, &content_size, fh_bytes(d, size), key));
    assert_int_equal(content_size, 5);
    assert_memory_equal(content, "hello", 5);
}

static void test_golden(void **state)
{
    (void)state;
    /* From an independent implementation (Python: hashlib's BLAKE2b, RFC 8439 by its text). */
    uint8_t d[FH_DATAGRAM_BYTES_MAX];
    size_t size = seal(d, 1);
    char hex[2 * FH_DATAGRAM_BYTES_MAX + 1];
    fh_hex(hex, d, size);
    assert_string_equal(hex,
                        "011ced8e38a230e464aaaaaaaaaaaaaaaa000000000000004d01020304050607"
                        "080100000000000000366c7fc3714ce37256a115db981e740b014324aadc");
    uint8_t k[FH_AEAD_KEY_BYTES];
    const struct fh_node_id sender = {{0x11}};
    const struct fh_node_id receiver = {{0x22}};
    struct fh_datagram_boot boot = fh_datagram_boot(5, (const uint8_t[8]){0});
    fh_datagram_key(k, (const uint8_t[32]){7}, &mesh, &sender, &receiver, &boot);
    fh_hex(hex, k, sizeof k);
    assert_string_equal(hex, "c179a5221ad81355960d8956c8582b95818ffeb8d9d3785287d364e5e89a2f5a");
}

/* Every single changed bit of header, ciphertext or tag is refused somewhere. */
static void test_every_bit(void **state)
{
    (void)state;
    uint8_t d[FH_DATAGRAM_BYTES_MAX];
    uint8_t tag[8];
    size_t size = seal(d, 3);
    fh_datagram_mesh_tag(tag, &mesh);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        d[bit / 8] ^= (uint8_t)(1u << bit % 8);
        struct fh_datagram_header header;
        uint8_t content[FH_DATAGRAM_CONTENT_BYTES_MAX];
        size_t content_size;
        int code = fh_datagram_peek(&header, fh_bytes(d, size), tag);
        int wanted = bit / 8 == 0 ? FH_EVERSION : bit / 8 < 9 ? FH_ENOTFOUND : FH_OK;
        assert_int_equal(code, wanted);
        if (code == FH_OK) {
            assert_false(fh_datagram_open(content, &content_size, fh_bytes(d, size), key));
        }
        d[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void test_sizes(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        int code;
    } rows[] = {{0, FH_ETOOBIG},
                {1, FH_ETOOBIG},
                {40, FH_ETOOBIG},
                {41, FH_ETOOBIG},
                {57, FH_ETOOBIG}, /* no content at all */
                {1201, FH_ETOOBIG},
                {2000, FH_ETOOBIG},
                {58, FH_OK},
                {1200, FH_OK}};
    uint8_t d[2000] = {FH_DATAGRAM_VERSION};
    fh_datagram_mesh_tag(d + 1, &mesh);
    uint8_t tag[8];
    fh_datagram_mesh_tag(tag, &mesh);
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_datagram_header header;
        assert_int_equal(fh_datagram_peek(&header, fh_bytes(d, rows[i].size), tag), rows[i].code);
    }
}

/* Each part of what a key is made of makes another key. */
static void test_key_parts(void **state)
{
    (void)state;
    const struct fh_mesh_id other_mesh = {{9}};
    const struct fh_node_id a = {{1}};
    const struct fh_node_id b = {{2}};
    const uint8_t shared[2][32] = {{1}, {2}};
    struct fh_datagram_boot boots[2] = {fh_datagram_boot(1, (const uint8_t[8]){0}),
                                        fh_datagram_boot(2, (const uint8_t[8]){0})};
    uint8_t keys[6][32];
    fh_datagram_key(keys[0], shared[0], &mesh, &a, &b, &boots[0]);
    fh_datagram_key(keys[1], shared[1], &mesh, &a, &b, &boots[0]);
    fh_datagram_key(keys[2], shared[0], &other_mesh, &a, &b, &boots[0]);
    fh_datagram_key(keys[3], shared[0], &mesh, &b, &a, &boots[0]); /* the other direction */
    fh_datagram_key(keys[4], shared[0], &mesh, &a, &b, &boots[1]);
    fh_datagram_key(keys[5], shared[0], &mesh, &a, &a, &boots[0]);
    for (size_t i = 0; i < 6; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(keys[i], keys[j], 32);
        }
    }
}

static void test_window(void **state)
{
    (void)state;
    static const struct {
        uint64_t counter;
        bool fresh;
    } rows[] = {
        {0, true},
        {0, false},
        {1, true},
        {1, false},
        {5, true},
        {3, true},
        {3, false},
        {4, true},
        {2, true},
        {2, false},
        {260, true},
        {4, false},
        {5, false},
        {6, true},
        {6, false},
        {259, true},
        {261, true},
        {5, false},
        {6, false},
        {1000, true},
        {744, false},
        {745, true},
        {745, false},
        {1000, false},
        {999, true},
        {100000, true},
        {99999, true},
        {99744, false},
        {99745, true},
        {1000, false},
        {UINT64_MAX - 1, true},
        {UINT64_MAX - 1, false},
        {UINT64_MAX, false},
        {0, false},
    };
    struct fh_replay_window window = {0};
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        if (fh_replay_fresh(&window, rows[i].counter) != rows[i].fresh) {
            fail_msg("row %zu: counter %llu", i, (unsigned long long)rows[i].counter);
        }
        if (rows[i].fresh) {
            fh_replay_commit(&window, rows[i].counter);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_every_bit),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_key_parts),
        cmocka_unit_test(test_window),
    };
    if (fh_crypto_init() != FH_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
