/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES-256-GCM and SHA-256 over much data, by OpenSSL: with vectors of AES it is twice as fast as
 * libsodium, and with SHA instructions four times. For small pieces its set-up costs more than it
 * brings, and those stay with libsodium. Whether AES has hardware is libsodium's word: without it,
 * its time tells the key. HMAC and PBKDF2 of SHA-256 too.
 */
#include "proto/wire/crypto.h"

#include "common/assert.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>

enum {
    NONCE_BYTES = 12,
    PIECE_BYTES_MAX = 1 << 30, /* OpenSSL counts in int */
    SHA256_SMALL_BYTES = 2048,
    AES_SMALL_BYTES = 2048,
};

/* No configuration file is read, and nothing runs at the end of the process, when other threads may
 * still seal. Cheap when done before. */
static void begin(void)
{
    FH_ASSERT(OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) == 1);
}

bool fh_aes_available(void)
{
    return crypto_aead_aes256gcm_is_available() != 0;
}

/* ---- small messages ---- */

/* libsodium has no AES but that of the hardware. */
static bool is_small(size_t size)
{
    return size <= AES_SMALL_BYTES && fh_aes_available();
}

static void put_nonce(uint8_t nonce[NONCE_BYTES], uint64_t counter)
{
    memset(nonce, 0, NONCE_BYTES);
    fh_put_u64be(nonce + 4, counter);
}

static void seal_small(uint8_t *out,
                       const struct fh_bytes *parts,
                       size_t count,
                       struct fh_bytes ad,
                       uint64_t counter,
                       const uint8_t key[FH_AEAD_KEY_BYTES])
{
    uint8_t plain[AES_SMALL_BYTES];
    uint8_t nonce[NONCE_BYTES];
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].size > 0) {
            memcpy(plain + size, parts[i].data, parts[i].size);
            size += parts[i].size;
        }
    }
    put_nonce(nonce, counter);
    FH_ASSERT(crypto_aead_aes256gcm_encrypt(
                  out, NULL, plain, size, ad.data, ad.size, NULL, nonce, key) == 0);
    fh_wipe(plain, size);
}

static bool open_small(uint8_t *out,
                       struct fh_bytes ciphertext,
                       struct fh_bytes ad,
                       uint64_t counter,
                       const uint8_t key[FH_AEAD_KEY_BYTES])
{
    uint8_t sealed[AES_SMALL_BYTES + FH_AEAD_TAG_BYTES];
    uint8_t nonce[NONCE_BYTES];
    memcpy(sealed, ciphertext.data, ciphertext.size); /* `out` may be the same memory */
    put_nonce(nonce, counter);
    return crypto_aead_aes256gcm_decrypt(
               out, NULL, NULL, sealed, ciphertext.size, ad.data, ad.size, nonce, key) == 0;
}

/* ---- large ones ---- */

static EVP_CIPHER_CTX *
begin_aes(bool sealing, struct fh_bytes ad, uint64_t counter, const uint8_t key[FH_AEAD_KEY_BYTES])
{
    uint8_t nonce[NONCE_BYTES];
    int ignored = 0;
    put_nonce(nonce, counter);
    begin();
    EVP_CIPHER_CTX *gcm = EVP_CIPHER_CTX_new();
    FH_ASSERT(gcm != NULL);
    FH_ASSERT(EVP_CipherInit_ex2(gcm, EVP_aes_256_gcm(), key, nonce, sealing ? 1 : 0, NULL) == 1);
    if (ad.size > 0) {
        FH_ASSERT(EVP_CipherUpdate(gcm, NULL, &ignored, ad.data, (int)ad.size) == 1);
    }
    return gcm;
}

void fh_aes_seal(uint8_t *out,
                 const struct fh_bytes *parts,
                 size_t count,
                 struct fh_bytes ad,
                 uint64_t counter,
                 const uint8_t key[FH_AEAD_KEY_BYTES])
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        size += parts[i].size;
    }
    if (is_small(size)) {
        seal_small(out, parts, count, ad, counter, key);
        return;
    }
    EVP_CIPHER_CTX *gcm = begin_aes(true, ad, counter, key);
    int written = 0;
    for (size_t i = 0; i < count; i++) {
        FH_ASSERT(parts[i].size <= PIECE_BYTES_MAX);
        if (parts[i].size > 0) {
            FH_ASSERT(EVP_CipherUpdate(gcm, out, &written, parts[i].data, (int)parts[i].size) == 1);
            FH_ASSERT((size_t)written == parts[i].size);
            out += parts[i].size;
        }
    }
    FH_ASSERT(EVP_CipherFinal_ex(gcm, out, &written) == 1);
    FH_ASSERT(EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_GET_TAG, FH_AEAD_TAG_BYTES, out) == 1);
    EVP_CIPHER_CTX_free(gcm); /* wipes the key */
}

bool fh_aes_open(uint8_t *out,
                 struct fh_bytes ciphertext,
                 struct fh_bytes ad,
                 uint64_t counter,
                 const uint8_t key[FH_AEAD_KEY_BYTES])
{
    if (ciphertext.size < FH_AEAD_TAG_BYTES || ciphertext.size > PIECE_BYTES_MAX) {
        return false;
    }
    size_t size = ciphertext.size - FH_AEAD_TAG_BYTES;
    if (is_small(size)) {
        return open_small(out, ciphertext, ad, counter, key);
    }
    uint8_t tag[FH_AEAD_TAG_BYTES];
    int written = 0;
    memcpy(tag, ciphertext.data + size, sizeof tag);
    EVP_CIPHER_CTX *gcm = begin_aes(false, ad, counter, key);
    if (size > 0) {
        FH_ASSERT(EVP_CipherUpdate(gcm, out, &written, ciphertext.data, (int)size) == 1);
    }
    FH_ASSERT(EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_SET_TAG, FH_AEAD_TAG_BYTES, tag) == 1);
    bool good = EVP_CipherFinal_ex(gcm, tag, &written) == 1;
    EVP_CIPHER_CTX_free(gcm);
    if (!good && size > 0) {
        fh_wipe(out, size); /* it was written before the tag was known to be wrong */
    }
    return good;
}

static void sha256_small(uint8_t out[32], const struct fh_bytes *parts, size_t count)
{
    crypto_hash_sha256_state state;
    FH_ASSERT(crypto_hash_sha256_init(&state) == 0);
    for (size_t i = 0; i < count; i++) {
        FH_ASSERT(crypto_hash_sha256_update(&state, parts[i].data, parts[i].size) == 0);
    }
    FH_ASSERT(crypto_hash_sha256_final(&state, out) == 0);
}

void fh_sha256_parts(uint8_t out[32], const struct fh_bytes *parts, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        size += parts[i].size;
    }
    if (size <= SHA256_SMALL_BYTES) {
        sha256_small(out, parts, count);
        return;
    }
    begin();
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    FH_ASSERT(hash != NULL);
    FH_ASSERT(EVP_DigestInit_ex2(hash, EVP_sha256(), NULL) == 1);
    for (size_t i = 0; i < count; i++) {
        FH_ASSERT(EVP_DigestUpdate(hash, parts[i].data, parts[i].size) == 1);
    }
    FH_ASSERT(EVP_DigestFinal_ex(hash, out, NULL) == 1);
    EVP_MD_CTX_free(hash);
}

void fh_hmac_sha256(uint8_t out[32], struct fh_bytes key, struct fh_bytes message)
{
    static const uint8_t none = 0;
    unsigned size = 0;
    FH_ASSERT(key.size <= PIECE_BYTES_MAX);
    begin();
    const uint8_t *made = HMAC(EVP_sha256(),
                               key.size > 0 ? key.data : &none,
                               (int)key.size,
                               message.data,
                               message.size,
                               out,
                               &size);
    FH_ASSERT(made != NULL);
    FH_ASSERT(size == 32);
}

void fh_pbkdf2_sha256(uint8_t out[32],
                      struct fh_bytes password,
                      struct fh_bytes salt,
                      uint32_t iterations)
{
    FH_ASSERT(iterations > 0);
    FH_ASSERT(iterations <= INT32_MAX);
    FH_ASSERT(password.size <= PIECE_BYTES_MAX);
    FH_ASSERT(salt.size <= PIECE_BYTES_MAX);
    begin();
    FH_ASSERT(PKCS5_PBKDF2_HMAC((const char *)password.data,
                                (int)password.size,
                                salt.data,
                                (int)salt.size,
                                (int)iterations,
                                EVP_sha256(),
                                32,
                                out) == 1);
}
