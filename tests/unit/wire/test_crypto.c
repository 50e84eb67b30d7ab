/* SPDX-License-Identifier: Apache-2.0 */
/* Primitives against published vectors, and what they must refuse. Values that no RFC has were
 * computed with other implementations (Python's hashlib and hmac, OpenSSL). */
#include "proto/wire/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void unhex(uint8_t *out, size_t size, const char *hex)
{
    assert_true(fh_unhex(out, size, hex));
}

static void expect_hex(const uint8_t *data, size_t size, const char *hex)
{
    char text[2 * 128 + 1];
    assert_true(size <= 128);
    fh_hex(text, data, size);
    assert_string_equal(text, hex);
}

/* RFC 8032, section 7.1 */
static const struct {
    const char *seed;
    const char *key;
    const char *message;
    const char *signature;
} ed25519[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
     "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
     "4"
     "6bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
     "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
     "d"
     "8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
     "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc"
     "6"
     "594a7c15e9716ed28dc027beceea1ec40a"},
};

static void signs_as_rfc_8032(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(ed25519); i++) {
        uint8_t seed[FH_SEED_BYTES];
        uint8_t message[2];
        size_t size = strlen(ed25519[i].message) / 2;
        struct fh_sign_public key;
        struct fh_sign_secret secret;
        struct fh_signature signature;
        unhex(seed, sizeof seed, ed25519[i].seed);
        unhex(message, size, ed25519[i].message);
        fh_sign_keys(seed, &key, &secret);
        expect_hex(key.b, sizeof key.b, ed25519[i].key);
        fh_sign(&signature, fh_bytes(message, size), &secret);
        expect_hex(signature.b, sizeof signature.b, ed25519[i].signature);
        assert_true(fh_sign_verify(&signature, fh_bytes(message, size), &key));
        assert_true(fh_verifier_plain.verify(NULL, &signature, fh_bytes(message, size), &key));
    }
}

static void forged_signatures_do_not_verify(void **state)
{
    (void)state;
    uint8_t seed[FH_SEED_BYTES] = {1};
    struct fh_bytes message = fh_bytes_cstr("a message");
    struct fh_sign_public key;
    struct fh_sign_secret secret;
    struct fh_signature signature;
    fh_sign_keys(seed, &key, &secret);
    fh_sign(&signature, message, &secret);
    for (size_t i = 0; i < sizeof signature.b; i++) {
        struct fh_signature forged = signature;
        forged.b[i] ^= 0x40;
        assert_false(fh_sign_verify(&forged, message, &key));
    }
    assert_false(fh_sign_verify(&signature, fh_bytes_cstr("a massage"), &key));
    assert_false(fh_sign_verify(&signature, FH_BYTES_NONE, &key));

    /* S + L is the same number modulo L: malleability that RFC 8032 refuses. */
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                      0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                      0,    0,    0,    0,    0,    0,    0,    0,
                                      0,    0,    0,    0,    0,    0,    0,    0x10};
    struct fh_signature shifted = signature;
    unsigned carry = 0;
    for (size_t i = 0; i < 32; i++) {
        carry += (unsigned)signature.b[32 + i] + order[i];
        shifted.b[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_false(fh_sign_verify(&shifted, message, &key));
}

/* Keys of small order would accept signatures that nobody made. */
static const char *const bad_keys[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* not canonical */
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

static void small_order_keys_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(bad_keys); i++) {
        struct fh_sign_public key;
        struct fh_signature signature = {{1}}; /* R = the neutral point, S = 0 */
        unhex(key.b, sizeof key.b, bad_keys[i]);
        assert_false(fh_sign_verify(&signature, fh_bytes_cstr("anything"), &key));
    }
}

static void agrees_as_rfc_7748(void **state)
{
    (void)state;
    struct fh_agree_secret secret;
    struct fh_agree_public peer;
    struct fh_agree_public own;
    uint8_t shared[32];
    /* section 5.2 */
    unhex(secret.b, 32, "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
    unhex(peer.b, 32, "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");
    assert_true(fh_agree(shared, &secret, &peer));
    expect_hex(shared, 32, "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
    /* section 6.1, Bob's side */
    unhex(secret.b, 32, "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
    unhex(peer.b, 32, "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    fh_agree_public_of(&secret, &own);
    expect_hex(own.b, 32, "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    assert_true(fh_agree(shared, &secret, &peer));
    expect_hex(shared, 32, "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
}

/* Points of small order give zero whatever the secret: a hostile peer would know the key. */
static const char *const zero_points[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

static void zero_agreements_are_refused(void **state)
{
    (void)state;
    struct fh_agree_secret secret = {{7}};
    for (size_t i = 0; i < FH_COUNT(zero_points); i++) {
        struct fh_agree_public peer;
        uint8_t shared[32];
        unhex(peer.b, 32, zero_points[i]);
        assert_false(fh_agree(shared, &secret, &peer));
    }
}

static void hashes_as_published(void **state)
{
    (void)state;
    struct fh_bytes parts[] = {fh_bytes_cstr("a"), FH_BYTES_NONE, fh_bytes_cstr("bc")};
    uint8_t out[64];
    struct fh_hash hash = fh_hash(FH_BYTES_NONE);
    expect_hex(hash.b, 32, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
    hash = fh_hash_parts(parts, FH_COUNT(parts));
    expect_hex(hash.b, 32, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    /* RFC 7693, appendix A */
    fh_hash512_parts(out, parts, FH_COUNT(parts));
    expect_hex(out,
               64,
               "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
               "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
    /* FIPS 180-4 */
    fh_sha256_parts(out, parts, FH_COUNT(parts));
    expect_hex(out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    uint8_t key[32];
    for (uint8_t i = 0; i < sizeof key; i++) {
        key[i] = i;
    }
    fh_hash_keyed(out, 32, fh_bytes(key, sizeof key), fh_bytes_cstr("message"));
    expect_hex(out, 32, "2615bcafac3ebcd31940a8f15d876916435d805823d2db78c201a8e94624a0ae");
    /* vectors.h of the SipHash reference code: key 0 .. 15, messages of 0 and 15 bytes of it */
    fh_mac(out, key, fh_bytes(key, 0));
    expect_hex(out, FH_MAC_BYTES, "a3817f04ba25a8e66df67214c7550293");
    fh_mac(out, key, fh_bytes(key, 15));
    expect_hex(out, FH_MAC_BYTES, "5493e99933b0a8117e08ec0f97cfc3d9");
}

static void hmac_has_three_kinds_of_keys(void **state)
{
    (void)state;
    uint8_t out[64];
    uint8_t long_key[200];
    struct fh_bytes parts[] = {fh_bytes_cstr("mess"), fh_bytes_cstr("age")};
    fh_hmac512(out, (const uint8_t *)"key", 3, parts, 2);
    expect_hex(out,
               64,
               "04e9ada930688cde75eec939782eed653073dd621d7643f813702976257cf037"
               "d325b50eedd417c01b6ad1f978fbe2980a93d27d854044e8626df6fa279d6680");
    memset(long_key, 'k', sizeof long_key); /* longer than a block: hashed first */
    fh_hmac512(out, long_key, sizeof long_key, parts, 2);
    expect_hex(out,
               64,
               "76d83dfe58e27c7a2559677a3b3cc9132d6d504fd70e089892d0241e686cf77f"
               "b070267d54d13a5bdcaf96e0b2139d689d6fcee9cfddbdf3bc65dc3c7c877ebc");
    fh_hmac512(out, NULL, 0, NULL, 0);
    expect_hex(out,
               64,
               "198cd2006f66ff83fbbd913f78aca2251caf4f19fe9475aade8cf2091b99a684"
               "66775177424f58286886cbae8229644cec747237d4b721735485e17372fdf59c");
}

/* RFC 8439, appendix A.5: its nonce has the form of ours. */
static const char draft[] =
    "Internet-Drafts are draft documents valid for a maximum of six months and may be updated, "
    "replaced, or obsoleted by other documents at any time. It is inappropriate to use "
    "Internet-Drafts as reference material or to cite them other than as /\xe2\x80\x9cwork in "
    "progress./\xe2\x80\x9d";

static void seals_as_rfc_8439(void **state)
{
    (void)state;
    enum { SIZE = sizeof draft - 1 };
    uint8_t key[32];
    uint8_t ad[12];
    uint8_t sealed[SIZE + FH_AEAD_TAG_BYTES];
    uint8_t opened[SIZE];
    const uint64_t counter = 0x0807060504030201;
    unhex(key, sizeof key, "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0");
    unhex(ad, sizeof ad, "f33388860000000000004e91");
    assert_int_equal(SIZE, 265);
    fh_aead_seal(sealed, fh_bytes(draft, SIZE), fh_bytes(ad, sizeof ad), counter, key);
    expect_hex(sealed, 16, "64a0861575861af460f062c79be643bd");
    expect_hex(sealed + SIZE, 16, "eead9d67890cbb22392336fea1851f38");
    struct fh_bytes all = fh_bytes(sealed, sizeof sealed);
    assert_true(fh_aead_open(opened, all, fh_bytes(ad, sizeof ad), counter, key));
    assert_memory_equal(opened, draft, SIZE);

    /* in place */
    uint8_t place[SIZE + FH_AEAD_TAG_BYTES];
    memcpy(place, draft, SIZE);
    fh_aead_seal(place, fh_bytes(place, SIZE), fh_bytes(ad, sizeof ad), counter, key);
    assert_memory_equal(place, sealed, sizeof sealed);
}

static void broken_seals_do_not_open(void **state)
{
    (void)state;
    uint8_t key[32] = {1};
    uint8_t sealed[5 + FH_AEAD_TAG_BYTES];
    uint8_t out[5];
    struct fh_bytes ad = fh_bytes_cstr("header");
    struct fh_bytes all = fh_bytes(sealed, sizeof sealed);
    fh_aead_seal(sealed, fh_bytes_cstr("hello"), ad, 9, key);
    assert_true(fh_aead_open(out, all, ad, 9, key));
    for (size_t i = 0; i < sizeof sealed; i++) {
        sealed[i] ^= 1;
        assert_false(fh_aead_open(out, all, ad, 9, key));
        sealed[i] ^= 1;
    }
    for (size_t size = 0; size < sizeof sealed; size++) {
        assert_false(fh_aead_open(out, fh_bytes(sealed, size), ad, 9, key));
    }
    assert_false(fh_aead_open(out, all, ad, 8, key));
    assert_false(fh_aead_open(out, all, fh_bytes_cstr("heades"), 9, key));
    assert_false(fh_aead_open(out, all, FH_BYTES_NONE, 9, key));
    key[0] = 2;
    assert_false(fh_aead_open(out, all, ad, 9, key));
}

/* Test cases 13 and 14 of "The Galois/Counter Mode of Operation" (McGrew and Viega, 2005), whose
 * nonce is zero; key, text and data of case 16 under a nonce of ours, as tests/interop computes it.
 */
static void seals_as_gcm_says(void **state)
{
    (void)state;
    enum { SIZE = 60 };
    uint8_t key[32] = {0};
    uint8_t sealed[SIZE + FH_AEAD_TAG_BYTES];
    uint8_t opened[SIZE];
    const uint8_t zeros[16] = {0};
    struct fh_bytes none = FH_BYTES_NONE;
    fh_aes_seal(sealed, &none, 1, FH_BYTES_NONE, 0, key);
    expect_hex(sealed, 16, "530f8afbc74536b9a963b4f1c4cb738b");
    assert_true(fh_aes_open(opened, fh_bytes(sealed, 16), FH_BYTES_NONE, 0, key));
    struct fh_bytes text = fh_bytes(zeros, sizeof zeros);
    fh_aes_seal(sealed, &text, 1, FH_BYTES_NONE, 0, key);
    expect_hex(sealed, 16, "cea7403d4d606b6e074ec5d3baf39d18");
    expect_hex(sealed + 16, 16, "d0d1c8a799996bf0265b98b5d48ab919");

    static const uint8_t key_16[] = {
        0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c, 0x6d, 0x6a, 0x8f,
        0x94, 0x67, 0x30, 0x83, 0x08, 0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65,
        0x73, 0x1c, 0x6d, 0x6a, 0x8f, 0x94, 0x67, 0x30, 0x83, 0x08,
    };
    static const uint8_t text_16[SIZE] = {
        0xd9, 0x31, 0x32, 0x25, 0xf8, 0x84, 0x06, 0xe5, 0xa5, 0x59, 0x09, 0xc5, 0xaf, 0xf5, 0x26,
        0x9a, 0x86, 0xa7, 0xa9, 0x53, 0x15, 0x34, 0xf7, 0xda, 0x2e, 0x4c, 0x30, 0x3d, 0x8a, 0x31,
        0x8a, 0x72, 0x1c, 0x3c, 0x0c, 0x95, 0x95, 0x68, 0x09, 0x53, 0x2f, 0xcf, 0x0e, 0x24, 0x49,
        0xa6, 0xb5, 0x25, 0xb1, 0x6a, 0xed, 0xf5, 0xaa, 0x0d, 0xe6, 0x57, 0xba, 0x63, 0x7b, 0x39,
    };
    static const uint8_t ad_16[] = {
        0xfe, 0xed, 0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xfe, 0xed,
        0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xab, 0xad, 0xda, 0xd2,
    };
    struct fh_bytes ad = fh_bytes(ad_16, sizeof ad_16);
    const uint64_t counter = UINT64_C(0x0102030405060708);
    struct fh_bytes all = fh_bytes(sealed, sizeof sealed);
    for (size_t cut = 0; cut <= SIZE; cut++) { /* the same in two parts, wherever they meet */
        const struct fh_bytes parts[] = {fh_bytes(text_16, cut),
                                         fh_bytes(text_16 + cut, SIZE - cut)};
        fh_aes_seal(sealed, parts, FH_COUNT(parts), ad, counter, key_16);
        expect_hex(sealed, 16, "b1b79828d09247ae27ef9f7bcf223c11");
        expect_hex(sealed + SIZE, 16, "db8664fe8ae6c59b81883a2ca57cfbc3");
    }
    assert_true(fh_aes_open(opened, all, ad, counter, key_16));
    assert_memory_equal(opened, text_16, SIZE);
    /* in place */
    uint8_t place[SIZE + FH_AEAD_TAG_BYTES];
    memcpy(place, text_16, SIZE);
    struct fh_bytes there = fh_bytes(place, SIZE);
    fh_aes_seal(place, &there, 1, ad, counter, key_16);
    assert_memory_equal(place, sealed, sizeof sealed);
    assert_true(fh_aes_open(place, fh_bytes(place, sizeof place), ad, counter, key_16));
    assert_memory_equal(place, text_16, SIZE);
}

/* Small messages are another library's: it is the same cipher, on both sides of their size. */
static void small_and_large_are_one_cipher(void **state)
{
    (void)state;
    enum { SMALL = 2048, SIZE = SMALL + 1 };
    static uint8_t text[SIZE], small[SIZE + FH_AEAD_TAG_BYTES], large[SIZE + FH_AEAD_TAG_BYTES];
    uint8_t key[32] = {7};
    uint8_t opened[SIZE];
    struct fh_bytes ad = fh_bytes(key, 3);
    for (size_t i = 0; i < SIZE; i++) {
        text[i] = (uint8_t)(i * 31 + i / 256);
    }
    for (size_t size = SMALL - 1; size <= SIZE; size++) {
        struct fh_bytes part = fh_bytes(text, size);
        uint8_t *sealed = size <= SMALL ? small : large;
        fh_aes_seal(sealed, &part, 1, ad, size == SMALL - 1 ? 4 : 5, key);
        struct fh_bytes all = fh_bytes(sealed, size + FH_AEAD_TAG_BYTES);
        assert_true(fh_aes_open(opened, all, ad, size == SMALL - 1 ? 4 : 5, key));
        assert_memory_equal(opened, text, size);
        sealed[size] ^= 1;
        assert_false(fh_aes_open(opened, all, ad, size == SMALL - 1 ? 4 : 5, key));
    }
    assert_memory_equal(small, large, SMALL); /* one key and one nonce: one stream of the cipher */
}

static void broken_gcm_does_not_open(void **state)
{
    (void)state;
    uint8_t key[32] = {1};
    uint8_t sealed[5 + FH_AEAD_TAG_BYTES];
    uint8_t out[5];
    struct fh_bytes ad = fh_bytes_cstr("header");
    struct fh_bytes all = fh_bytes(sealed, sizeof sealed);
    struct fh_bytes text = fh_bytes_cstr("hello");
    fh_aes_seal(sealed, &text, 1, ad, 9, key);
    assert_true(fh_aes_open(out, all, ad, 9, key));
    for (size_t i = 0; i < sizeof sealed; i++) {
        sealed[i] ^= 1;
        assert_false(fh_aes_open(out, all, ad, 9, key));
        assert_memory_not_equal(out, "hello", 5);
        sealed[i] ^= 1;
    }
    for (size_t size = 0; size < sizeof sealed; size++) {
        assert_false(fh_aes_open(out, fh_bytes(sealed, size), ad, 9, key));
    }
    assert_false(fh_aes_open(out, all, ad, 8, key));
    assert_false(fh_aes_open(out, all, fh_bytes_cstr("heades"), 9, key));
    assert_false(fh_aes_open(out, all, FH_BYTES_NONE, 9, key));
    assert_false(fh_aead_open(out, all, ad, 9, key)); /* the other cipher */
    key[0] = 2;
    assert_false(fh_aes_open(out, all, ad, 9, key));
}

/* A large input takes another path than a small one: one hash for all cuts. */
static void sha256_of_any_size(void **state)
{
    (void)state;
    enum { SIZE = 5000 };
    static uint8_t data[SIZE];
    uint8_t whole[32];
    uint8_t found[32];
    const struct fh_bytes large = fh_bytes(data, SIZE);
    memset(data, 'a', sizeof data);
    fh_sha256_parts(whole, &large, 1);
    expect_hex(whole, 32, "c526c6222044dab5674de9c4ac7f4566ebb5e4d8bf9d8ea34c9cc8a7cc3c869c");
    for (size_t cut = 0; cut <= SIZE; cut += 250) {
        const struct fh_bytes parts[] = {fh_bytes(data, cut), fh_bytes(data + cut, SIZE - cut)};
        fh_sha256_parts(found, parts, FH_COUNT(parts));
        assert_memory_equal(found, whole, sizeof found);
    }
    const struct fh_bytes small = fh_bytes(data, 3);
    fh_sha256_parts(found, &small, 1);
    expect_hex(found, 32, "9834876dcfb05cb167a5c24953eba58c4ac89b1adf57f28f2f9d09af107ee8f0");
}

static void passphrases_become_keys(void **state)
{
    (void)state;
    uint8_t key[32];
    uint8_t salt[FH_PASSWORD_SALT_BYTES];
    struct fh_bytes phrase = fh_bytes_cstr("open sesame");
    for (uint8_t i = 0; i < sizeof salt; i++) {
        salt[i] = i;
    }
    assert_int_equal(fh_password_key(key, phrase, salt, 2, 64), FH_OK);
    expect_hex(key, 32, "ae69ff0c9cf32024bd114dd8cde7452288f620db007dcf0fdbbb44e70b437d07");
    assert_int_equal(fh_password_key(key, phrase, salt, 0, 64), FH_EINVAL);
    assert_int_equal(fh_password_key(key, phrase, salt, 17, 64), FH_EINVAL);
    assert_int_equal(fh_password_key(key, phrase, salt, 1, 7), FH_EINVAL);
    assert_int_equal(fh_password_key(key, phrase, salt, 1, UINT32_MAX), FH_EINVAL);
}

static void ids_depend_on_the_key(void **state)
{
    (void)state;
    struct fh_sign_public a = {{1}};
    struct fh_sign_public b = {{2}};
    struct fh_key_id id = fh_key_id_of(&a);
    struct fh_key_id other = fh_key_id_of(&b);
    struct fh_node_id node = fh_node_id_of(&a);
    assert_false(fh_key_id_equal(&id, &other));
    assert_memory_equal(id.b, node.b, sizeof id.b);
    /* not the plain hash: the tag keeps key ids apart from other hashes of a key */
    struct fh_hash plain = fh_hash(fh_bytes(a.b, sizeof a.b));
    assert_memory_not_equal(id.b, plain.b, sizeof id.b);
}

static void equality_and_wiping(void **state)
{
    (void)state;
    uint8_t a[4] = {1, 2, 3, 4};
    uint8_t b[4] = {1, 2, 3, 5};
    assert_true(fh_crypto_equal(a, a, sizeof a));
    assert_false(fh_crypto_equal(a, b, sizeof a));
    fh_wipe(a, sizeof a);
    static const uint8_t zero[4];
    assert_memory_equal(a, zero, sizeof a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_as_rfc_8032),
        cmocka_unit_test(forged_signatures_do_not_verify),
        cmocka_unit_test(small_order_keys_are_refused),
        cmocka_unit_test(agrees_as_rfc_7748),
        cmocka_unit_test(zero_agreements_are_refused),
        cmocka_unit_test(hashes_as_published),
        cmocka_unit_test(hmac_has_three_kinds_of_keys),
        cmocka_unit_test(seals_as_rfc_8439),
        cmocka_unit_test(broken_seals_do_not_open),
        cmocka_unit_test(seals_as_gcm_says),
        cmocka_unit_test(small_and_large_are_one_cipher),
        cmocka_unit_test(broken_gcm_does_not_open),
        cmocka_unit_test(sha256_of_any_size),
        cmocka_unit_test(passphrases_become_keys),
        cmocka_unit_test(ids_depend_on_the_key),
        cmocka_unit_test(equality_and_wiping),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
