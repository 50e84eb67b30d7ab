/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures that are remembered as good: what is taken by memory, and that nothing else is. */
#include "proto/wire/verified.h"

#include "tests/lib/identities.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MESSAGE_BYTES = 300, STRANGERS = 3 * FH_VERIFIED_MAX };

static struct world {
    struct fh_verified *verified;
    unsigned asked; /* how often a signature was verified indeed */
    struct test_key key;
    uint8_t message[MESSAGE_BYTES];
    struct fh_signature signature;
} w;

static bool verify(void *user,
                   const struct fh_signature *signature,
                   struct fh_bytes message,
                   const struct fh_sign_public *key)
{
    unsigned *asked = user;
    ++*asked;
    return fh_sign_verify(signature, message, key);
}

static int up(void **state)
{
    (void)state;
    w = (struct world){.key = test_key_of("member", 1)};
    const struct fh_verifier by = {.verify = verify, .user = &w.asked};
    w.verified = fh_verified_new(&by);
    assert_non_null(w.verified);
    for (size_t i = 0; i < sizeof w.message; i++) {
        w.message[i] = (uint8_t)(3 * i);
    }
    fh_sign(&w.signature, fh_bytes(w.message, sizeof w.message), &w.key.secret);
    return 0;
}

static int down(void **state)
{
    (void)state;
    fh_verified_free(w.verified);
    return 0;
}

static bool check(void)
{
    return fh_verified_check(
        w.verified, &w.signature, fh_bytes(w.message, sizeof w.message), &w.key.public_key);
}

static void a_good_one_is_verified_once(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        assert_true(check());
        assert_int_equal(w.asked, 1);
    }
}

static void a_bad_one_is_verified_each_time(void **state)
{
    (void)state;
    w.signature.b[40] ^= 1;
    for (unsigned i = 1; i < 5; i++) {
        assert_false(check());
        assert_int_equal(w.asked, i);
    }
    w.signature.b[40] ^= 1;
    assert_true(check());
}

/* Behind one that is remembered: whatever differs by a bit, or ends elsewhere, is verified. */
static void what_differs_is_another(void **state)
{
    (void)state;
    struct {
        uint8_t *bytes;
        size_t size;
    } parts[] = {
        {w.message, sizeof w.message},
        {w.signature.b, sizeof w.signature.b},
        {w.key.public_key.b, sizeof w.key.public_key.b},
    };
    assert_true(check());
    for (size_t i = 0; i < FH_COUNT(parts); i++) {
        for (size_t bit = 0; bit < 8 * parts[i].size; bit++) {
            unsigned before = w.asked;
            parts[i].bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_false(check());
            assert_int_equal(w.asked, before + 1);
            parts[i].bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
    unsigned before = w.asked;
    assert_false(fh_verified_check(
        w.verified, &w.signature, fh_bytes(w.message, sizeof w.message - 1), &w.key.public_key));
    assert_false(fh_verified_check(w.verified, &w.signature, FH_BYTES_NONE, &w.key.public_key));
    assert_int_equal(w.asked, before + 2);
    assert_true(check());
    assert_int_equal(w.asked, before + 2);
}

/* One that comes again and again stays beside many that come once, as requests do. */
static void what_comes_again_stays(void **state)
{
    (void)state;
    struct test_key other = test_key_of("member", 2);
    unsigned again = 0;
    for (uint32_t i = 0; i < STRANGERS; i++) {
        struct fh_signature signature;
        struct fh_bytes message = fh_bytes((const uint8_t *)&i, sizeof i);
        fh_sign(&signature, message, &other.secret);
        assert_true(fh_verified_check(w.verified, &signature, message, &other.public_key));
        unsigned before = w.asked;
        assert_true(check());
        again += w.asked - before;
    }
    assert_int_equal(again, 1);
}

/* But not for ever: when others come again, and it does not. */
static void what_does_not_come_gives_way(void **state)
{
    (void)state;
    struct test_key other = test_key_of("member", 2);
    assert_true(check());
    assert_true(check());
    for (uint32_t i = 0; i < 4 * STRANGERS; i++) {
        struct fh_signature signature;
        struct fh_bytes message = fh_bytes((const uint8_t *)&i, sizeof i);
        fh_sign(&signature, message, &other.secret);
        assert_true(fh_verified_check(w.verified, &signature, message, &other.public_key));
        assert_true(fh_verified_check(w.verified, &signature, message, &other.public_key));
    }
    unsigned before = w.asked;
    assert_true(check());
    assert_int_equal(w.asked, before + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_good_one_is_verified_once, up, down),
        cmocka_unit_test_setup_teardown(a_bad_one_is_verified_each_time, up, down),
        cmocka_unit_test_setup_teardown(what_differs_is_another, up, down),
        cmocka_unit_test_setup_teardown(what_comes_again_stays, up, down),
        cmocka_unit_test_setup_teardown(what_does_not_come_gives_way, up, down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
