/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pg/scram.h"

#include "proto/wire/crypto.h"
#include "tools/door/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* RFC 7677, section 3: user "user", password "pencil". */
#define CLIENT_FIRST "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
#define SERVER_NONCE "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define NONCES       "rOprNGfwEbeRWgbNEkqO" SERVER_NONCE
#define SERVER_FIRST "r=" NONCES ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
#define CLIENT_FINAL "c=biws,r=" NONCES ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
#define SERVER_FINAL "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

static struct fh_scram_verifier pencil(void)
{
    struct fh_scram_verifier out = {.iterations = 4096};
    struct fh_buf salt FH_CLEANUP(fh_buf_fini);
    uint8_t salted[32];
    uint8_t client_key[32];
    fh_buf_init(&salt, 64);
    assert_true(fh_base64_read(&salt, fh_bytes_cstr("W22ZaJ0SNY7soEsUEjb6gQ==")));
    assert_int_equal(salt.size, sizeof out.salt);
    memcpy(out.salt, salt.data, sizeof out.salt);
    fh_pbkdf2_sha256(salted, fh_bytes_cstr("pencil"), fh_buf_view(&salt), 4096);
    fh_hmac_sha256(client_key, fh_bytes(salted, 32), fh_bytes_cstr("Client Key"));
    fh_hmac_sha256(out.server_key, fh_bytes(salted, 32), fh_bytes_cstr("Server Key"));
    const struct fh_bytes key = fh_bytes(client_key, 32);
    fh_sha256_parts(out.stored_key, &key, 1);
    return out;
}

static void test_rfc7677(void **state)
{
    (void)state;
    struct fh_scram scram;
    struct fh_err err = {0};
    struct fh_scram_verifier verifier = pencil();
    const char *first = NULL;
    char last[64];
    uint8_t key[FH_SCRAM_KEY_BYTES];
    uint8_t stored[32];
    fh_scram_init(&scram, false, FH_BYTES_NONE);
    assert_int_equal(
        fh_scram_first(&scram, fh_bytes_cstr(CLIENT_FIRST), &verifier, SERVER_NONCE, &first, &err),
        FH_OK);
    assert_string_equal(first, SERVER_FIRST);
    assert_int_equal(fh_scram_final(&scram, fh_bytes_cstr(CLIENT_FINAL), last, key, &err), FH_OK);
    assert_string_equal(last, SERVER_FINAL);
    const struct fh_bytes view = fh_bytes(key, sizeof key);
    fh_sha256_parts(stored, &view, 1);
    assert_memory_equal(stored, verifier.stored_key, sizeof stored);
    fh_scram_wipe(&scram);
}

static void test_bad_first(void **state)
{
    (void)state;
    static const struct {
        const char *message;
        bool plus;
        bool bound;
        int code;
    } rows[] = {
        {"", false, false, FH_EPROTO},
        {"n", false, false, FH_EPROTO},
        {"n,", false, false, FH_EPROTO},
        {"n,,", false, false, FH_EPROTO},
        {"n,,n=user", false, false, FH_EPROTO},
        {"n,,n=user,r=", false, false, FH_EPROTO},
        {"n,,r=abc,n=user", false, false, FH_EPROTO},
        {"x,,n=,r=abc", false, false, FH_EPROTO},
        {"nn,,n=,r=abc", false, false, FH_EPROTO},
        {"n,b=x,n=,r=abc", false, false, FH_EPROTO},
        {"n,,n=,r=a\nb", false, false, FH_EPROTO},
        {"p=tls-unique,,n=,r=abc", true, true, FH_EPROTO},
        {"p=tls-server-end-point,,n=,r=abc", false, true, FH_EPROTO},
        {"n,,n=,r=abc", true, true, FH_EPROTO},
        {"y,,n=,r=abc", false, true, FH_EDENIED}, /* somebody hid that we can */
        {"y,,n=,r=abc", false, false, FH_OK},
        {"n,a=me,n=,r=abc", false, false, FH_OK},
        {"p=tls-server-end-point,,n=,r=abc", true, true, FH_OK},
    };
    struct fh_scram_verifier verifier = pencil();
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_scram scram;
        struct fh_err err = {0};
        const char *first = NULL;
        struct fh_bytes binding = fh_bytes("0123456789abcdef0123456789abcdef", 32);
        fh_scram_init(&scram, rows[i].plus, rows[i].bound ? binding : FH_BYTES_NONE);
        assert_int_equal(
            fh_scram_first(
                &scram, fh_bytes_cstr(rows[i].message), &verifier, SERVER_NONCE, &first, &err),
            rows[i].code);
    }
    char text[600] = "n,,n=,r=";
    struct fh_scram scram;
    struct fh_err err = {0};
    const char *first = NULL;
    memset(text + strlen(text), 'r', sizeof text - strlen(text) - 1);
    fh_scram_init(&scram, false, FH_BYTES_NONE);
    for (size_t size = 270; size < sizeof text; size += 7) {
        assert_int_equal(
            fh_scram_first(&scram, fh_bytes(text, size), &verifier, SERVER_NONCE, &first, &err),
            FH_EPROTO);
    }
}

static void test_bad_final(void **state)
{
    (void)state;
    static const struct {
        const char *message;
        int code;
    } rows[] = {
        {"c=biws,r=" NONCES ",p=eHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", FH_EDENIED},
        {"c=biws,r=" NONCES "x,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", FH_EPROTO},
        {"c=biws,r=rOprNGfwEbeRWgbNEkqO,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", FH_EPROTO},
        {"c=eSws,r=" NONCES ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", FH_EPROTO},
        {"c=biws,r=" NONCES, FH_EPROTO},
        {"c=biws,r=" NONCES ",p=", FH_EPROTO},
        {"c=biws,r=" NONCES ",p=dHzb", FH_EPROTO},
        {"c=biws,r=" NONCES ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ", FH_EPROTO},
        {"c=biws,r=" NONCES ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=,x=1", FH_EPROTO},
        {"r=" NONCES ",c=biws,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", FH_EPROTO},
        {"", FH_EPROTO},
    };
    struct fh_scram_verifier verifier = pencil();
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_scram scram;
        struct fh_err err = {0};
        const char *first = NULL;
        char last[64];
        uint8_t key[FH_SCRAM_KEY_BYTES];
        fh_scram_init(&scram, false, FH_BYTES_NONE);
        assert_int_equal(
            fh_scram_first(
                &scram, fh_bytes_cstr(CLIENT_FIRST), &verifier, SERVER_NONCE, &first, &err),
            FH_OK);
        assert_int_equal(fh_scram_final(&scram, fh_bytes_cstr(rows[i].message), last, key, &err),
                         rows[i].code);
    }
}

static void test_base64(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        const char *text;
    } rows[] = {{"", ""}, {"x", "eA=="}, {"xy", "eHk="}, {"xyz", "eHl6"}, {"xyz1", "eHl6MQ=="}};
    static const char *const bad[] = {
        "Zg", "Zg=", "Zg==Zg==", "Z===", "====", "Zh==", "Zm9=", "Zm 9"};
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_buf out FH_CLEANUP(fh_buf_fini);
        fh_buf_init(&out, 64);
        fh_base64_add(&out, fh_bytes_cstr(rows[i].bytes));
        assert_string_equal(fh_buf_cstr(&out), rows[i].text);
        fh_buf_reset(&out);
        assert_true(fh_base64_read(&out, fh_bytes_cstr(rows[i].text)));
        assert_string_equal(fh_buf_cstr(&out), rows[i].bytes);
    }
    for (size_t i = 0; i < FH_COUNT(bad); i++) {
        struct fh_buf out FH_CLEANUP(fh_buf_fini);
        fh_buf_init(&out, 64);
        assert_false(fh_base64_read(&out, fh_bytes_cstr(bad[i])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc7677),
        cmocka_unit_test(test_bad_first),
        cmocka_unit_test(test_bad_final),
        cmocka_unit_test(test_base64),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
