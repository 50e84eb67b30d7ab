/* SPDX-License-Identifier: Apache-2.0 */
/* Deposits: texts, the keys of SCRAM-SHA-256 by its own example, and what opens a seed. */
#include "proto/identity/deposit.h"

#include "proto/wire/pack.h"
#include "tests/lib/identities.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
/* after those above */
#include <cmocka.h>

static const struct fh_token_id id = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}};
static const uint8_t secret[FH_TOKEN_SECRET_BYTES] = {0xff, 1, 2, 3};
static const uint8_t salt[FH_TOKEN_SALT_BYTES] = {0x5a};

static void test_texts(void **state)
{
    (void)state;
    char text[FH_TOKEN_TEXT_BYTES];
    char name[FH_TOKEN_ID_TEXT_BYTES];
    struct fh_token_id read;
    fh_token_text(text, &id, secret);
    fh_token_id_text(name, &id);
    assert_int_equal(strlen(text), FH_TOKEN_TEXT_BYTES - 1);
    assert_int_equal(strlen(name), FH_TOKEN_ID_TEXT_BYTES - 1);
    assert_memory_equal(text, name, strlen(name));
    assert_int_equal(fh_token_text_parse(&read, fh_bytes_cstr(text), NULL), FH_OK);
    assert_true(fh_token_id_equal(&read, &id));
    assert_int_equal(fh_token_id_parse(&read, fh_bytes_cstr(name), NULL), FH_OK);
    assert_int_equal(fh_token_id_parse(&read, fh_bytes_cstr(text), NULL), FH_OK);

    static const char *const wrong[] = {
        "",
        "fht1",
        "postgres",
        "fht1aaaaaaaaaaaaaaa",
        "fht1aaaaaaaaaaaaaaaaa",
        "fht2aaaaaaaaaaaaaaaa",
        "fht1AAAAAAAAAAAAAAAA",
        "fht1aaaaaaaaaaaaaaa1",
        "fht1aaaaaaaaaaaaaaaa:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    for (size_t i = 0; i < FH_COUNT(wrong); i++) {
        struct fh_err err = {0};
        assert_int_equal(fh_token_id_parse(&read, fh_bytes_cstr(wrong[i]), &err), FH_EINVAL);
        assert_string_equal(err.rule, "token.text");
        assert_int_equal(fh_token_text_parse(&read, fh_bytes_cstr(wrong[i]), &err), FH_EINVAL);
        assert_true(wrong[i][0] == '\0' || strstr(err.text, wrong[i]) == NULL ||
                    strcmp(wrong[i], "fht1") == 0);
    }
    for (size_t at = 0; at < strlen(text); at++) { /* each byte counts */
        char spoilt[FH_TOKEN_TEXT_BYTES];
        memcpy(spoilt, text, sizeof spoilt);
        spoilt[at] = '\xff';
        assert_int_equal(fh_token_text_parse(&read, fh_bytes_cstr(spoilt), NULL), FH_EINVAL);
        assert_int_equal(fh_token_text_parse(&read, fh_bytes(text, at), NULL), FH_EINVAL);
    }
}

/* RFC 7677, section 3: user "user", password "pencil". The example states proof and signature; the
 * keys behind them are checked by making both. */
static void test_the_example_of_rfc_7677(void **state)
{
    (void)state;
    static const uint8_t its_salt[16] = {0x5b,
                                         0x6d,
                                         0x99,
                                         0x68,
                                         0x9d,
                                         0x12,
                                         0x35,
                                         0x8e,
                                         0xec,
                                         0xa0,
                                         0x4b,
                                         0x14,
                                         0x12,
                                         0x36,
                                         0xfa,
                                         0x81};
    static const char said[] =
        "n=user,r=rOprNGfwEbeRWgbNEkqO,"
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    static const uint8_t its_proof[32] = {/* dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ= */
                                          0x74, 0x7c, 0xdb, 0x65, 0xaa, 0x56, 0x22, 0x4e,
                                          0x23, 0x52, 0x13, 0x7e, 0x52, 0xd7, 0xbd, 0xca,
                                          0xd6, 0xa0, 0xf7, 0x38, 0xdf, 0x30, 0x78, 0x2c,
                                          0xaa, 0x69, 0xa2, 0xcf, 0xb0, 0x27, 0x75, 0x54};
    static const uint8_t its_signature[32] = {/* 6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4= */
                                              0xea, 0xba, 0xe2, 0x4d, 0x10, 0x62, 0xdb, 0x75,
                                              0xa9, 0x45, 0x1f, 0xf0, 0xb6, 0xea, 0x7e, 0x98,
                                              0xc8, 0x54, 0x65, 0x49, 0xff, 0x74, 0x1e, 0x67,
                                              0x2d, 0x32, 0x51, 0xb2, 0x39, 0x7d, 0xe4, 0x6e};
    struct fh_scram_keys keys;
    uint8_t made[32];
    fh_scram_keys_of(&keys, fh_bytes_cstr("pencil"), its_salt, 4096);
    fh_hmac_sha256(made, fh_bytes(keys.stored_key, 32), fh_bytes_cstr(said));
    for (size_t i = 0; i < sizeof made; i++) {
        made[i] ^= keys.client_key[i];
    }
    assert_memory_equal(made, its_proof, sizeof made);
    fh_hmac_sha256(made, fh_bytes(keys.server_key, 32), fh_bytes_cstr(said));
    assert_memory_equal(made, its_signature, sizeof made);
}

static void test_what_opens_a_seed(void **state)
{
    (void)state;
    struct test_key key = test_key_of("token", 0);
    struct test_key other = test_key_of("token", 1);
    struct fh_deposit deposit;
    struct fh_scram_keys keys;
    char text[FH_TOKEN_TEXT_BYTES];
    uint8_t seed[FH_SEED_BYTES];
    fh_deposit_make(&deposit, &id, secret, salt, key.seed, &key.public_key);
    fh_token_text(text, &id, secret);
    fh_scram_keys_of(&keys, fh_bytes_cstr(text), deposit.salt, deposit.iterations);
    assert_memory_equal(keys.stored_key, deposit.stored_key, 32);
    assert_true(fh_deposit_open(seed, &deposit, keys.client_key, &key.public_key));
    assert_memory_equal(seed, key.seed, sizeof seed);
    /* nothing that the deposit itself holds, and no other token's */
    assert_false(fh_deposit_open(seed, &deposit, deposit.stored_key, &key.public_key));
    assert_false(fh_deposit_open(seed, &deposit, deposit.server_key, &key.public_key));
    assert_false(fh_deposit_open(seed, &deposit, keys.client_key, &other.public_key));
    for (size_t at = 0; at < sizeof deposit.sealed; at++) {
        struct fh_deposit spoilt = deposit;
        spoilt.sealed[at] ^= 1;
        assert_false(fh_deposit_open(seed, &spoilt, keys.client_key, &key.public_key));
    }
    /* a seed that is not the key's, sealed as if it were */
    fh_deposit_make(&deposit, &id, secret, salt, other.seed, &key.public_key);
    assert_false(fh_deposit_open(seed, &deposit, keys.client_key, &key.public_key));
    static const uint8_t nothing[FH_SEED_BYTES];
    assert_memory_equal(seed, nothing, sizeof seed);
}

static void test_on_the_wire(void **state)
{
    (void)state;
    struct test_key key = test_key_of("token", 0);
    struct fh_deposit deposit;
    struct fh_deposit read;
    struct fh_pack_reader reader;
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, 4096);
    fh_deposit_make(&deposit, &id, secret, salt, key.seed, &key.public_key);
    deposit.record = fh_bytes_cstr("a record");
    fh_deposit_pack(&out, &deposit);
    fh_pack_read_init(&reader, fh_buf_view(&out));
    fh_deposit_read(&read, &reader);
    assert_int_equal(fh_pack_read_ok(&reader, "deposit", NULL), FH_OK);
    assert_true(fh_bytes_equal(read.record, deposit.record));
    assert_memory_equal(read.sealed, deposit.sealed, sizeof read.sealed);
    assert_int_equal(read.iterations, FH_TOKEN_ITERATIONS);
    /* work that is too little, or more than a server does for a stranger */
    static const uint32_t bad[] = {0, 1, FH_TOKEN_ITERATIONS - 1, FH_DEPOSIT_ITERATIONS_MAX + 1};
    for (size_t i = 0; i < FH_COUNT(bad); i++) {
        fh_buf_reset(&out);
        deposit.iterations = bad[i];
        fh_deposit_pack(&out, &deposit);
        fh_pack_read_init(&reader, fh_buf_view(&out));
        fh_deposit_read(&read, &reader);
        assert_int_not_equal(fh_pack_read_ok(&reader, "deposit", NULL), FH_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_the_example_of_rfc_7677),
        cmocka_unit_test(test_what_opens_a_seed),
        cmocka_unit_test(test_on_the_wire),
    };
    if (fh_crypto_init() != FH_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
