/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/crypto.h"

#include "common/assert.h"

#include <sodium.h>

_Static_assert(FH_HASH_BYTES == crypto_generichash_BYTES, "BLAKE2b-256");
_Static_assert(FH_SEED_BYTES == crypto_sign_SEEDBYTES, "Ed25519 seed");
_Static_assert(FH_SIGNATURE_BYTES == crypto_sign_BYTES, "Ed25519 signature");
_Static_assert(sizeof(struct fh_sign_public) == crypto_sign_PUBLICKEYBYTES, "Ed25519 key");
_Static_assert(sizeof(struct fh_sign_secret) == crypto_sign_SECRETKEYBYTES, "Ed25519 secret");
_Static_assert(sizeof(struct fh_agree_public) == crypto_scalarmult_BYTES, "X25519 key");
_Static_assert(sizeof(struct fh_agree_secret) == crypto_scalarmult_SCALARBYTES, "X25519 secret");
_Static_assert(FH_AEAD_KEY_BYTES == crypto_aead_chacha20poly1305_ietf_KEYBYTES, "AEAD key");
_Static_assert(FH_AEAD_TAG_BYTES == crypto_aead_chacha20poly1305_ietf_ABYTES, "AEAD tag");

static const char key_id_tag[] = "freehold/v1/key-id"; /* hashed with its NUL */

_Static_assert(FH_PASSWORD_SALT_BYTES == crypto_pwhash_SALTBYTES, "Argon2id salt");

enum {
    HMAC_BLOCK_BYTES = 128,
    HASH512_BYTES = 64,
    PASSES_MAX = 16,
    MEMORY_KIB_MAX = 1024 * 1024, /* a hostile key file cannot ask for more */
};

int fh_crypto_init(void)
{
    return sodium_init() < 0 ? FH_EINTERNAL : FH_OK;
}

void fh_wipe(void *data, size_t size)
{
    sodium_memzero(data, size);
}

bool fh_crypto_equal(const void *a, const void *b, size_t size)
{
    return sodium_memcmp(a, b, size) == 0;
}

/* Signatures. */

void fh_sign_keys(const uint8_t seed[FH_SEED_BYTES],
                  struct fh_sign_public *out_public,
                  struct fh_sign_secret *out_secret)
{
    FH_ASSERT(crypto_sign_seed_keypair(out_public->b, out_secret->b, seed) == 0);
}

void fh_sign(struct fh_signature *out, struct fh_bytes message, const struct fh_sign_secret *secret)
{
    FH_ASSERT(crypto_sign_detached(out->b, NULL, message.data, message.size, secret->b) == 0);
}

bool fh_sign_verify(const struct fh_signature *signature,
                    struct fh_bytes message,
                    const struct fh_sign_public *key)
{
    return crypto_sign_verify_detached(signature->b, message.data, message.size, key->b) == 0;
}

static bool verify_plain(void *user,
                         const struct fh_signature *signature,
                         struct fh_bytes message,
                         const struct fh_sign_public *key)
{
    (void)user;
    return fh_sign_verify(signature, message, key);
}

const struct fh_verifier fh_verifier_plain = {.verify = verify_plain, .user = NULL};

struct fh_key_id fh_key_id_of(const struct fh_sign_public *key)
{
    const struct fh_bytes parts[] = {fh_bytes(key_id_tag, sizeof key_id_tag),
                                     fh_bytes(key->b, sizeof key->b)};
    struct fh_hash hash = fh_hash_parts(parts, FH_COUNT(parts));
    struct fh_key_id id;
    memcpy(id.b, hash.b, sizeof id.b);
    return id;
}

struct fh_node_id fh_node_id_of(const struct fh_sign_public *key)
{
    struct fh_key_id key_id = fh_key_id_of(key);
    struct fh_node_id id;
    memcpy(id.b, key_id.b, sizeof id.b);
    return id;
}

int fh_password_key(uint8_t out[FH_AEAD_KEY_BYTES],
                    struct fh_bytes passphrase,
                    const uint8_t salt[FH_PASSWORD_SALT_BYTES],
                    uint32_t passes,
                    uint32_t memory_kib)
{
    if (passes < 1 || passes > PASSES_MAX || memory_kib < 8 || memory_kib > MEMORY_KIB_MAX) {
        return FH_EINVAL;
    }
    return crypto_pwhash(out,
                         FH_AEAD_KEY_BYTES,
                         passphrase.size == 0 ? "" : (const char *)passphrase.data,
                         passphrase.size,
                         salt,
                         passes,
                         (size_t)memory_kib * 1024,
                         crypto_pwhash_ALG_ARGON2ID13) == 0
               ? FH_OK
               : FH_ENOMEM;
}

/* Agreement. */

void fh_agree_public_of(const struct fh_agree_secret *secret, struct fh_agree_public *out)
{
    FH_ASSERT(crypto_scalarmult_base(out->b, secret->b) == 0);
}

bool fh_agree(uint8_t out_shared[32],
              const struct fh_agree_secret *secret,
              const struct fh_agree_public *peer)
{
    return crypto_scalarmult(out_shared, secret->b, peer->b) == 0;
}

/* Boxes. */

enum { BOX_PUBLIC_BYTES = 32 };
_Static_assert(FH_BOX_SEAL_BYTES == crypto_box_SEALBYTES, "a one-time key and a tag");

/* libsodium's crypto_box_seal draws its key by itself; this is the same with the caller's. */
bool fh_box_seal(struct fh_buf *out,
                 struct fh_bytes plaintext,
                 const struct fh_sign_public *to,
                 const uint8_t seed[FH_SEED_BYTES])
{
    uint8_t own_public[BOX_PUBLIC_BYTES];
    uint8_t own_secret[BOX_PUBLIC_BYTES];
    uint8_t their_public[BOX_PUBLIC_BYTES];
    uint8_t nonce[crypto_box_NONCEBYTES];
    if (crypto_sign_ed25519_pk_to_curve25519(their_public, to->b) != 0) {
        return false;
    }
    uint8_t *sealed = fh_buf_reserve(out, plaintext.size + FH_BOX_SEAL_BYTES);
    if (sealed == NULL) {
        return true;
    }
    FH_ASSERT(crypto_box_seed_keypair(own_public, own_secret, seed) == 0);
    crypto_generichash_state state;
    FH_ASSERT(crypto_generichash_init(&state, NULL, 0, sizeof nonce) == 0);
    FH_ASSERT(crypto_generichash_update(&state, own_public, sizeof own_public) == 0);
    FH_ASSERT(crypto_generichash_update(&state, their_public, sizeof their_public) == 0);
    FH_ASSERT(crypto_generichash_final(&state, nonce, sizeof nonce) == 0);
    memcpy(sealed, own_public, sizeof own_public);
    int rc = crypto_box_easy(sealed + sizeof own_public,
                             plaintext.data,
                             plaintext.size,
                             nonce,
                             their_public,
                             own_secret);
    fh_wipe(own_secret, sizeof own_secret);
    return rc == 0;
}

bool fh_box_open(struct fh_buf *out, struct fh_bytes sealed, const struct fh_sign_secret *secret)
{
    uint8_t own_public[BOX_PUBLIC_BYTES];
    uint8_t own_secret[BOX_PUBLIC_BYTES];
    if (sealed.size < FH_BOX_SEAL_BYTES) {
        return false;
    }
    size_t size = out->size;
    FH_ASSERT(crypto_sign_ed25519_sk_to_curve25519(own_secret, secret->b) == 0);
    FH_ASSERT(crypto_scalarmult_base(own_public, own_secret) == 0);
    uint8_t *plain = fh_buf_reserve(out, sealed.size - FH_BOX_SEAL_BYTES + 1);
    bool opened =
        plain != NULL &&
        crypto_box_seal_open(plain, sealed.data, sealed.size, own_public, own_secret) == 0;
    fh_wipe(own_secret, sizeof own_secret);
    out->size = opened ? size + sealed.size - FH_BOX_SEAL_BYTES : size;
    return opened;
}

/* Hashes. */

static void blake2b(uint8_t *out, size_t out_size, const struct fh_bytes *parts, size_t count)
{
    crypto_generichash_state state;
    FH_ASSERT(crypto_generichash_init(&state, NULL, 0, out_size) == 0);
    for (size_t i = 0; i < count; i++) {
        FH_ASSERT(crypto_generichash_update(&state, parts[i].data, parts[i].size) == 0);
    }
    FH_ASSERT(crypto_generichash_final(&state, out, out_size) == 0);
    fh_wipe(&state, sizeof state);
}

struct fh_hash fh_hash_parts(const struct fh_bytes *parts, size_t count)
{
    struct fh_hash hash;
    blake2b(hash.b, sizeof hash.b, parts, count);
    return hash;
}

struct fh_hash fh_hash(struct fh_bytes bytes)
{
    return fh_hash_parts(&bytes, 1);
}

/* The state is copied to an aligned local and back: libsodium wants 64 bytes, malloc gives 16. */

void fh_hasher_init(struct fh_hasher *hasher)
{
    crypto_generichash_state state;
    _Static_assert(sizeof state == sizeof hasher->state, "fh_hasher holds libsodium's state");
    FH_ASSERT(crypto_generichash_init(&state, NULL, 0, FH_HASH_BYTES) == 0);
    memcpy(hasher->state, &state, sizeof state);
}

void fh_hasher_add(struct fh_hasher *hasher, struct fh_bytes bytes)
{
    crypto_generichash_state state;
    memcpy(&state, hasher->state, sizeof state);
    FH_ASSERT(crypto_generichash_update(&state, bytes.data, bytes.size) == 0);
    memcpy(hasher->state, &state, sizeof state);
}

struct fh_hash fh_hasher_read(const struct fh_hasher *hasher)
{
    crypto_generichash_state state;
    struct fh_hash hash;
    memcpy(&state, hasher->state, sizeof state);
    FH_ASSERT(crypto_generichash_final(&state, hash.b, sizeof hash.b) == 0);
    return hash;
}

void fh_hash_keyed(uint8_t *out, size_t out_size, struct fh_bytes key, struct fh_bytes message)
{
    FH_ASSERT(out_size >= crypto_generichash_BYTES_MIN);
    FH_ASSERT(out_size <= crypto_generichash_BYTES_MAX);
    FH_ASSERT(key.size >= crypto_generichash_KEYBYTES_MIN);
    FH_ASSERT(key.size <= crypto_generichash_KEYBYTES_MAX);
    FH_ASSERT(crypto_generichash(out, out_size, message.data, message.size, key.data, key.size) ==
              0);
}

_Static_assert(crypto_shorthash_siphashx24_BYTES == FH_MAC_BYTES, "128 bits of output");
_Static_assert(crypto_shorthash_siphashx24_KEYBYTES == FH_MAC_KEY_BYTES, "128 bits of key");

void fh_mac(uint8_t out[FH_MAC_BYTES], const uint8_t key[FH_MAC_KEY_BYTES], struct fh_bytes message)
{
    FH_ASSERT(crypto_shorthash_siphashx24(out, message.data, message.size, key) == 0);
}

void fh_hash512_parts(uint8_t out[64], const struct fh_bytes *parts, size_t count)
{
    blake2b(out, HASH512_BYTES, parts, count);
}

void fh_hmac512(uint8_t out[64],
                const uint8_t *key,
                size_t key_size,
                const struct fh_bytes *parts,
                size_t count)
{
    uint8_t block[HMAC_BLOCK_BYTES] = {0};
    if (key_size > sizeof block) {
        const struct fh_bytes long_key = fh_bytes(key, key_size);
        fh_hash512_parts(block, &long_key, 1);
    } else if (key_size > 0) {
        memcpy(block, key, key_size);
    }
    crypto_generichash_state state;
    uint8_t inner[HASH512_BYTES];
    for (size_t i = 0; i < sizeof block; i++) {
        block[i] ^= 0x36;
    }
    FH_ASSERT(crypto_generichash_init(&state, NULL, 0, sizeof inner) == 0);
    FH_ASSERT(crypto_generichash_update(&state, block, sizeof block) == 0);
    for (size_t i = 0; i < count; i++) {
        FH_ASSERT(crypto_generichash_update(&state, parts[i].data, parts[i].size) == 0);
    }
    FH_ASSERT(crypto_generichash_final(&state, inner, sizeof inner) == 0);
    for (size_t i = 0; i < sizeof block; i++) {
        block[i] ^= 0x36 ^ 0x5c;
    }
    const struct fh_bytes outer[] = {fh_bytes(block, sizeof block), fh_bytes(inner, sizeof inner)};
    fh_hash512_parts(out, outer, FH_COUNT(outer));
    fh_wipe(block, sizeof block);
    fh_wipe(inner, sizeof inner);
    fh_wipe(&state, sizeof state);
}

/* Sealing. */

static void nonce_of(uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES], uint64_t counter)
{
    memset(nonce, 0, 4);
    for (unsigned i = 0; i < 8; i++) {
        nonce[4 + i] = (uint8_t)(counter >> (8 * i));
    }
}

void fh_aead_seal(uint8_t *out,
                  struct fh_bytes plaintext,
                  struct fh_bytes ad,
                  uint64_t counter,
                  const uint8_t key[FH_AEAD_KEY_BYTES])
{
    uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
    nonce_of(nonce, counter);
    FH_ASSERT(crypto_aead_chacha20poly1305_ietf_encrypt(
                  out, NULL, plaintext.data, plaintext.size, ad.data, ad.size, NULL, nonce, key) ==
              0);
}

bool fh_aead_open(uint8_t *out,
                  struct fh_bytes ciphertext,
                  struct fh_bytes ad,
                  uint64_t counter,
                  const uint8_t key[FH_AEAD_KEY_BYTES])
{
    if (ciphertext.size < FH_AEAD_TAG_BYTES) {
        return false;
    }
    uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
    nonce_of(nonce, counter);
    return crypto_aead_chacha20poly1305_ietf_decrypt(
               out, NULL, NULL, ciphertext.data, ciphertext.size, ad.data, ad.size, nonce, key) ==
           0;
}
