/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/crypto_double.h"

#include <string.h>

/* The renamed ones of proto/wire/crypto.c. */
void fh_real_aead_seal(uint8_t *out,
                       struct fh_bytes plaintext,
                       struct fh_bytes ad,
                       uint64_t counter,
                       const uint8_t key[FH_AEAD_KEY_BYTES]);
bool fh_real_aead_open(uint8_t *out,
                       struct fh_bytes ciphertext,
                       struct fh_bytes ad,
                       uint64_t counter,
                       const uint8_t key[FH_AEAD_KEY_BYTES]);
void fh_real_sign(struct fh_signature *out,
                  struct fh_bytes message,
                  const struct fh_sign_secret *secret);
bool fh_real_sign_verify(const struct fh_signature *signature,
                         struct fh_bytes message,
                         const struct fh_sign_public *key);

enum { PUBLIC_BYTES = sizeof(struct fh_sign_public) };

bool sim_crypto_real;

static uint64_t mix(uint64_t h, uint64_t value)
{
    h = (h ^ value) * 0xff51afd7ed558ccdu;
    return h ^ h >> 32;
}

static uint64_t mix_bytes(uint64_t h, struct fh_bytes bytes)
{
    size_t i = 0;
    for (; i + 8 <= bytes.size; i += 8) {
        uint64_t word;
        memcpy(&word, bytes.data + i, 8);
        h = mix(h, word);
    }
    uint64_t last = bytes.size;
    for (; i < bytes.size; i++) {
        last = last << 8 | bytes.data[i];
    }
    return mix(h, last);
}

static void checksum(uint8_t out[FH_AEAD_TAG_BYTES],
                     struct fh_bytes text,
                     struct fh_bytes ad,
                     uint64_t counter,
                     const uint8_t *key)
{
    uint64_t h = mix_bytes(counter, fh_bytes(key, FH_AEAD_KEY_BYTES));
    h = mix_bytes(mix_bytes(h, ad), text);
    fh_put_u64be(out, h);
    fh_put_u64be(out + 8, mix(h, counter));
}

void fh_aead_seal(uint8_t *out,
                  struct fh_bytes plaintext,
                  struct fh_bytes ad,
                  uint64_t counter,
                  const uint8_t key[FH_AEAD_KEY_BYTES])
{
    if (sim_crypto_real) {
        fh_real_aead_seal(out, plaintext, ad, counter, key);
        return;
    }
    memmove(out, plaintext.data, plaintext.size);
    checksum(out + plaintext.size, fh_bytes(out, plaintext.size), ad, counter, key);
}

bool fh_aead_open(uint8_t *out,
                  struct fh_bytes ciphertext,
                  struct fh_bytes ad,
                  uint64_t counter,
                  const uint8_t key[FH_AEAD_KEY_BYTES])
{
    if (sim_crypto_real) {
        return fh_real_aead_open(out, ciphertext, ad, counter, key);
    }
    uint8_t tag[FH_AEAD_TAG_BYTES];
    if (ciphertext.size < sizeof tag) {
        return false;
    }
    struct fh_bytes text = fh_bytes(ciphertext.data, ciphertext.size - sizeof tag);
    checksum(tag, text, ad, counter, key);
    if (memcmp(tag, text.data + text.size, sizeof tag) != 0) {
        return false;
    }
    memmove(out, text.data, text.size);
    return true;
}

static void sign_with(struct fh_signature *out, struct fh_bytes message, const uint8_t *public_key)
{
    uint64_t h = mix_bytes(mix_bytes(0, fh_bytes(public_key, PUBLIC_BYTES)), message);
    for (size_t i = 0; i < sizeof out->b; i += 8) {
        h = mix(h, i);
        fh_put_u64be(out->b + i, h);
    }
}

void fh_sign(struct fh_signature *out, struct fh_bytes message, const struct fh_sign_secret *secret)
{
    if (sim_crypto_real) {
        fh_real_sign(out, message, secret);
        return;
    }
    /* The second half of an Ed25519 secret of libsodium is the public key. */
    sign_with(out, message, secret->b + sizeof secret->b - PUBLIC_BYTES);
}

bool fh_sign_verify(const struct fh_signature *signature,
                    struct fh_bytes message,
                    const struct fh_sign_public *key)
{
    if (sim_crypto_real) {
        return fh_real_sign_verify(signature, message, key);
    }
    struct fh_signature wanted;
    sign_with(&wanted, message, key->b);
    return memcmp(wanted.b, signature->b, sizeof wanted.b) == 0;
}

static bool verify(void *user,
                   const struct fh_signature *signature,
                   struct fh_bytes message,
                   const struct fh_sign_public *key)
{
    (void)user;
    return fh_sign_verify(signature, message, key);
}

const struct fh_verifier sim_verifier = {.verify = verify};
