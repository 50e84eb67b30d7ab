/* SPDX-License-Identifier: Apache-2.0 */
/* Key files: plain and sealed, and every byte of them. */
#include "proto/identity/keyfile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const uint8_t seed[FH_SEED_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8};
static const uint8_t zero[FH_SEED_BYTES];

static struct fh_keyfile_lock lock_of(const char *passphrase)
{
    struct fh_keyfile_lock lock = {
        .passphrase = fh_bytes_cstr(passphrase), .passes = 1, .memory_kib = 8};
    memset(lock.salt, 0x77, sizeof lock.salt);
    return lock;
}

static void plain_both_ways(void **state)
{
    (void)state;
    for (unsigned kind = 1; kind < FH_KEY_KIND_END; kind++) {
        uint8_t file[FH_KEYFILE_BYTES] = {0};
        uint8_t again[FH_SEED_BYTES];
        struct fh_bytes view = fh_bytes(file, sizeof file);
        assert_int_equal(fh_keyfile_encode(file, (enum fh_key_kind)kind, seed, NULL, NULL), FH_OK);
        assert_false(fh_keyfile_is_locked(view));
        assert_int_equal(
            fh_keyfile_decode(again, (enum fh_key_kind)kind, view, FH_BYTES_NONE, NULL), FH_OK);
        assert_memory_equal(again, seed, sizeof seed);
        assert_string_not_equal(fh_key_kind_text(kind), "unknown");
    }
    assert_string_equal(fh_key_kind_text(0), "unknown");
    assert_string_equal(fh_key_kind_text(FH_KEY_KIND_END), "unknown");
}

static void no_byte_may_change(void **state)
{
    (void)state;
    const struct fh_keyfile_lock lock = lock_of("open sesame");
    const struct fh_keyfile_lock *locks[] = {NULL, &lock};
    for (size_t l = 0; l < FH_COUNT(locks); l++) {
        uint8_t file[FH_KEYFILE_BYTES];
        uint8_t again[FH_SEED_BYTES];
        assert_int_equal(fh_keyfile_encode(file, FH_KEY_NODE, seed, locks[l], NULL), FH_OK);
        for (size_t i = 0; i < sizeof file; i++) {
            struct fh_err err = {0};
            file[i] ^= 1;
            memset(again, 9, sizeof again);
            int code = fh_keyfile_decode(
                again, FH_KEY_NODE, fh_bytes(file, sizeof file), lock.passphrase, &err);
            assert_int_not_equal(code, FH_OK);
            assert_memory_equal(err.rule, "key.", 4);
            assert_memory_equal(again, zero, sizeof zero);
            file[i] ^= 1;
        }
    }
}

static void sealed_ones_want_their_passphrase(void **state)
{
    (void)state;
    uint8_t file[FH_KEYFILE_BYTES] = {0};
    uint8_t again[FH_SEED_BYTES];
    struct fh_bytes view = fh_bytes(file, sizeof file);
    struct fh_err err = {0};
    struct fh_keyfile_lock lock = lock_of("open sesame");
    assert_int_equal(fh_keyfile_encode(file, FH_KEY_DOMAIN, seed, &lock, NULL), FH_OK);
    assert_true(fh_keyfile_is_locked(view));
    for (size_t i = 0; i + sizeof seed <= sizeof file; i++) { /* nowhere in clear */
        assert_memory_not_equal(file + i, seed, sizeof seed);
    }
    assert_int_equal(fh_keyfile_decode(again, FH_KEY_DOMAIN, view, lock.passphrase, NULL), FH_OK);
    assert_memory_equal(again, seed, sizeof seed);
    static const char *const wrong[] = {"", "open sesam", "open sesame ", "Open sesame"};
    for (size_t i = 0; i < FH_COUNT(wrong); i++) {
        assert_int_equal(
            fh_keyfile_decode(again, FH_KEY_DOMAIN, view, fh_bytes_cstr(wrong[i]), &err),
            FH_EDENIED);
        assert_string_equal(err.rule, "key.passphrase");
    }
}

static void costs_have_bounds(void **state)
{
    (void)state;
    static const struct {
        uint32_t passes;
        uint32_t memory_kib;
    } rows[] = {{0, 8}, {17, 8}, {1, 7}, {1, 0}, {1, 1024 * 1024 + 1}, {UINT32_MAX, UINT32_MAX}};
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        uint8_t file[FH_KEYFILE_BYTES];
        uint8_t again[FH_SEED_BYTES];
        struct fh_err err = {0};
        struct fh_keyfile_lock lock = lock_of("open sesame");
        lock.passes = rows[i].passes;
        lock.memory_kib = rows[i].memory_kib;
        assert_int_equal(fh_keyfile_encode(file, FH_KEY_DOMAIN, seed, &lock, &err), FH_EINVAL);
        assert_string_equal(err.rule, "key.lock");
        /* a hostile file cannot ask for more either */
        lock = lock_of("open sesame");
        assert_int_equal(fh_keyfile_encode(file, FH_KEY_DOMAIN, seed, &lock, NULL), FH_OK);
        fh_put_u32be(file + 12, rows[i].passes);
        fh_put_u32be(file + 16, rows[i].memory_kib);
        assert_int_equal(
            fh_keyfile_decode(
                again, FH_KEY_DOMAIN, fh_bytes(file, sizeof file), lock.passphrase, NULL),
            FH_EINVAL);
    }
}

static void heads_are_checked(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint8_t byte;
        int code;
        const char *rule;
    } rows[] = {
        {0, 'f', FH_EINVAL, "key.magic"},
        {8, 2, FH_EVERSION, "key.version"},
        {9, FH_KEY_PUBLISHER, FH_EINVAL, "key.kind"},
        {9, 0, FH_EINVAL, "key.kind"},
        {9, 200, FH_EINVAL, "key.kind"},
        {10, 2, FH_EVERSION, "key.version"},
        {11, 1, FH_EVERSION, "key.version"},
        {15, 1, FH_EINVAL, "key.check"},
        {40, 99, FH_EINVAL, "key.check"},
        {83, 99, FH_EINVAL, "key.check"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        uint8_t file[FH_KEYFILE_BYTES];
        uint8_t again[FH_SEED_BYTES];
        struct fh_err err = {0};
        assert_int_equal(fh_keyfile_encode(file, FH_KEY_NODE, seed, NULL, NULL), FH_OK);
        assert_int_not_equal(file[rows[i].at], rows[i].byte);
        file[rows[i].at] = rows[i].byte;
        struct fh_bytes view = fh_bytes(file, sizeof file);
        assert_int_equal(fh_keyfile_decode(again, FH_KEY_NODE, view, FH_BYTES_NONE, &err),
                         rows[i].code);
        assert_string_equal(err.rule, rows[i].rule);
    }
    uint8_t file[FH_KEYFILE_BYTES + 1];
    uint8_t again[FH_SEED_BYTES];
    struct fh_err err = {0};
    assert_int_equal(fh_keyfile_encode(file, FH_KEY_NODE, seed, NULL, NULL), FH_OK);
    for (size_t size = 0; size <= sizeof file; size++) {
        int code = fh_keyfile_decode(again, FH_KEY_NODE, fh_bytes(file, size), FH_BYTES_NONE, &err);
        assert_int_equal(code, size == FH_KEYFILE_BYTES ? FH_OK : FH_EINVAL);
        assert_int_equal(fh_keyfile_is_locked(fh_bytes(file, size)), false);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_both_ways),
        cmocka_unit_test(no_byte_may_change),
        cmocka_unit_test(sealed_ones_want_their_passphrase),
        cmocka_unit_test(costs_have_bounds),
        cmocka_unit_test(heads_are_checked),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
