/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cryptographic primitives under Freehold's names: the only owner of the headers of libsodium and
 * OpenSSL in proto/.
 *
 * Ed25519 signs, X25519 agrees, BLAKE2b hashes, ChaCha20-Poly1305 (RFC 8439) seals, and AES-256-GCM
 * where the machine is made for it; SHA-256 builds receipt trees. Secret keys are plain structs
 * that the caller wipes (fh_wipe, or FH_CLEANUP with the _wipe helpers); long-lived ones sit in
 * locked memory (node/state/keystore).
 *
 * Does not: draw randomness: seeds and ephemeral keys enter as values, so that the protocol stays
 * deterministic. Thread: any, after fh_crypto_init. Ownership: plain values; views are borrowed.
 */
#ifndef FH_PROTO_WIRE_CRYPTO_H
#define FH_PROTO_WIRE_CRYPTO_H

#include "proto/wire/id.h"

enum {
    FH_HASH_BYTES = 32,
    FH_SEED_BYTES = 32,
    FH_SIGNATURE_BYTES = 64,
    FH_AEAD_KEY_BYTES = 32,
    FH_AEAD_TAG_BYTES = 16,
    FH_PASSWORD_SALT_BYTES = 16,
    FH_MAC_KEY_BYTES = 16,
    FH_MAC_BYTES = 16,
};

struct fh_sign_public {
    uint8_t b[32];
};
struct fh_sign_secret { /* Ed25519 seed and public key, libsodium's order */
    uint8_t b[64];
};
struct fh_signature {
    uint8_t b[FH_SIGNATURE_BYTES];
};
struct fh_agree_public { /* X25519 */
    uint8_t b[32];
};
struct fh_agree_secret {
    uint8_t b[32];
};
struct fh_hash {
    uint8_t b[FH_HASH_BYTES];
};

/* Once per process before anything else; 0 or FH_EINTERNAL. */
FH_MUST_CHECK int fh_crypto_init(void);

void fh_wipe(void *data, size_t size);
static inline void fh_sign_secret_wipe(struct fh_sign_secret *secret)
{
    fh_wipe(secret, sizeof *secret);
}
static inline void fh_agree_secret_wipe(struct fh_agree_secret *secret)
{
    fh_wipe(secret, sizeof *secret);
}
/* Constant-time equality. */
bool fh_crypto_equal(const void *a, const void *b, size_t size);

/* Signing keys from a 32-byte seed (RFC 8032). */
void fh_sign_keys(const uint8_t seed[FH_SEED_BYTES],
                  struct fh_sign_public *out_public,
                  struct fh_sign_secret *out_secret);
void fh_sign(struct fh_signature *out,
             struct fh_bytes message,
             const struct fh_sign_secret *secret);
/* True when the signature is valid; refuses small-order and non-canonical keys. */
FH_MUST_CHECK bool fh_sign_verify(const struct fh_signature *signature,
                                  struct fh_bytes message,
                                  const struct fh_sign_public *key);
/* BLAKE2b-256("freehold/v1/key-id\0" || public key). */
struct fh_key_id fh_key_id_of(const struct fh_sign_public *key);
struct fh_node_id fh_node_id_of(const struct fh_sign_public *key);

/* Signature verification as a value: the simulator passes one that remembers by hash. */
struct fh_verifier {
    bool (*verify)(void *user,
                   const struct fh_signature *signature,
                   struct fh_bytes message,
                   const struct fh_sign_public *key);
    void *user;
};
/* Verifies with fh_sign_verify every time. */
extern const struct fh_verifier fh_verifier_plain;

/* Argon2id (RFC 9106): a 32-byte key from a passphrase. FH_EINVAL for parameters outside 1..16
 * passes and 8 KiB..1 GiB, FH_ENOMEM. */
FH_MUST_CHECK int fh_password_key(uint8_t out[FH_AEAD_KEY_BYTES],
                                  struct fh_bytes passphrase,
                                  const uint8_t salt[FH_PASSWORD_SALT_BYTES],
                                  uint32_t passes,
                                  uint32_t memory_kib);

/* X25519 (RFC 7748). fh_agree is false when the result is all zero (a hostile public key). */
void fh_agree_public_of(const struct fh_agree_secret *secret, struct fh_agree_public *out);
FH_MUST_CHECK bool fh_agree(uint8_t out_shared[32],
                            const struct fh_agree_secret *secret,
                            const struct fh_agree_public *peer);

/* ---- a box for the holder of a signing key ---- */

enum { FH_BOX_SEAL_BYTES = 48 }; /* more than the plaintext */

/* Appends what only the secret key of `to` opens: crypto_box_seal for the X25519 key of an Ed25519
 * one, with the one-time key of `seed` (wiped by the caller, never used twice). False for a hostile
 * public key; failures of memory stick in `out`. */
FH_MUST_CHECK bool fh_box_seal(struct fh_buf *out,
                               struct fh_bytes plaintext,
                               const struct fh_sign_public *to,
                               const uint8_t seed[FH_SEED_BYTES]);
/* Appends the plaintext; false when it is not for this key. */
FH_MUST_CHECK bool
fh_box_open(struct fh_buf *out, struct fh_bytes sealed, const struct fh_sign_secret *secret);

/* BLAKE2b-256 of all parts in order, unkeyed. */
struct fh_hash fh_hash_parts(const struct fh_bytes *parts, size_t count);
struct fh_hash fh_hash(struct fh_bytes bytes);
/* BLAKE2b-256 in steps: init, any number of adds, and reads, after which adding may go on. */
struct fh_hasher {
    uint8_t state[384]; /* private */
};
void fh_hasher_init(struct fh_hasher *hasher);
void fh_hasher_add(struct fh_hasher *hasher, struct fh_bytes bytes);
struct fh_hash fh_hasher_read(const struct fh_hasher *hasher);
/* Keyed BLAKE2b with 16 to 64 bytes of key and output. */
void fh_hash_keyed(uint8_t *out, size_t out_size, struct fh_bytes key, struct fh_bytes message);
/* SipHash-2-4 with 128 bits of output (Aumasson, Bernstein: SipHash, 2012): a keyed hash of one
 * value of a row, in 15 ns where keyed BLAKE2b takes 260. */
void fh_mac(uint8_t out[FH_MAC_BYTES],
            const uint8_t key[FH_MAC_KEY_BYTES],
            struct fh_bytes message);
/* BLAKE2b-512, HMAC-BLAKE2b-512 (RFC 2104 with a 128-byte block): what Noise needs. */
void fh_hash512_parts(uint8_t out[64], const struct fh_bytes *parts, size_t count);
void fh_hmac512(uint8_t out[64],
                const uint8_t *key,
                size_t key_size,
                const struct fh_bytes *parts,
                size_t count);
/* SHA-256 of all parts (FIPS 180-4), for receipt trees. */
void fh_sha256_parts(uint8_t out[32], const struct fh_bytes *parts, size_t count);
/* HMAC-SHA-256 (RFC 2104) and one block of PBKDF2 with it (RFC 8018), for SCRAM-SHA-256. */
void fh_hmac_sha256(uint8_t out[32], struct fh_bytes key, struct fh_bytes message);
void fh_pbkdf2_sha256(uint8_t out[32],
                      struct fh_bytes password,
                      struct fh_bytes salt,
                      uint32_t iterations);

/* ChaCha20-Poly1305 with a 96-bit nonce of four zero bytes and `counter` little-endian (as
 * Noise's). `out` gets plaintext.size + 16 bytes and may be the plaintext's own place. */
void fh_aead_seal(uint8_t *out,
                  struct fh_bytes plaintext,
                  struct fh_bytes ad,
                  uint64_t counter,
                  const uint8_t key[FH_AEAD_KEY_BYTES]);
/* `out` gets ciphertext.size - 16 bytes; false (nothing usable in `out`) when it does not verify.
 */
FH_MUST_CHECK bool fh_aead_open(uint8_t *out,
                                struct fh_bytes ciphertext,
                                struct fh_bytes ad,
                                uint64_t counter,
                                const uint8_t key[FH_AEAD_KEY_BYTES]);

/* Whether this machine has instructions for AES-256-GCM; the functions below work on any. */
bool fh_aes_available(void);
/* AES-256-GCM (NIST SP 800-38D) with a 96-bit nonce of four zero bytes and `counter` big-endian (as
 * Noise's). `out` gets the bytes of all parts, which stand there already or do not overlap it, and
 * 16 more. */
void fh_aes_seal(uint8_t *out,
                 const struct fh_bytes *parts,
                 size_t count,
                 struct fh_bytes ad,
                 uint64_t counter,
                 const uint8_t key[FH_AEAD_KEY_BYTES]);
/* As fh_aead_open. */
FH_MUST_CHECK bool fh_aes_open(uint8_t *out,
                               struct fh_bytes ciphertext,
                               struct fh_bytes ad,
                               uint64_t counter,
                               const uint8_t key[FH_AEAD_KEY_BYTES]);

#endif
