/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deposit: what a node keeps of a token, so that its text opens it there and nothing else does.
 *
 * The text "fht1<id>.<secret>" is a Bearer of HTTP and a password of PostgreSQL. From it come the
 * keys of SCRAM-SHA-256 (RFC 5802): the deposit has StoredKey and ServerKey, with which a server
 * checks a proof, and the seed of the token's key sealed under the ClientKey, which a proof gives
 * to that server. Whoever reads deposits can neither sign in nor ask: the secret is random and too
 * long to be guessed.
 *
 *     ClientKey = HMAC(PBKDF2(text, salt, iterations), "Client Key")
 *     sealed    = ChaCha20-Poly1305(seed), key BLAKE2b(key ClientKey, "freehold/v1/token-seed\0"),
 *                 counter 0, over the token's public key
 *
 * Does not: draw randomness, or judge the token (token.h). Thread: any. Ownership: values; secrets
 * are the caller's to wipe; `record` is borrowed.
 */
#ifndef FH_PROTO_IDENTITY_DEPOSIT_H
#define FH_PROTO_IDENTITY_DEPOSIT_H

#include "proto/identity/token.h"

struct fh_pack_reader;

enum {
    FH_TOKEN_ID_BYTES = 10,
    FH_TOKEN_SECRET_BYTES = 20,
    FH_TOKEN_SALT_BYTES = 16,
    FH_TOKEN_SEALED_BYTES = FH_SEED_BYTES + FH_AEAD_TAG_BYTES,
    FH_TOKEN_ID_TEXT_BYTES = 4 + 16 + 1, /* "fht1" and letters, with NUL */
    FH_TOKEN_TEXT_BYTES = FH_TOKEN_ID_TEXT_BYTES - 1 + 1 + 32 + 1, /* and ".", letters */
};

/* ---- texts ---- */

struct fh_token_id {
    uint8_t b[FH_TOKEN_ID_BYTES];
};
static inline bool fh_token_id_equal(const struct fh_token_id *a, const struct fh_token_id *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}
void fh_token_id_text(char out[FH_TOKEN_ID_TEXT_BYTES], const struct fh_token_id *id);
/* Reads an id, or the id of a whole text. FH_EINVAL ("token.text"), never with what was read. */
FH_MUST_CHECK int
fh_token_id_parse(struct fh_token_id *out, struct fh_bytes text, struct fh_err *err);

void fh_token_text(char out[FH_TOKEN_TEXT_BYTES],
                   const struct fh_token_id *id,
                   const uint8_t secret[FH_TOKEN_SECRET_BYTES]);
/* Whether it is a whole text, id and secret. FH_EINVAL ("token.text"). */
FH_MUST_CHECK int
fh_token_text_parse(struct fh_token_id *out, struct fh_bytes text, struct fh_err *err);

/* ---- keys ---- */

/* The keys of SCRAM-SHA-256 that a text gives. */
struct fh_scram_keys {
    uint8_t client_key[32];
    uint8_t stored_key[32];
    uint8_t server_key[32];
};
void fh_scram_keys_of(struct fh_scram_keys *out,
                      struct fh_bytes text,
                      const uint8_t salt[FH_TOKEN_SALT_BYTES],
                      uint32_t iterations);

/* ---- deposits ---- */

struct fh_deposit {
    struct fh_token_id id;
    struct fh_bytes record; /* TOKEN; borrowed */
    uint8_t salt[FH_TOKEN_SALT_BYTES];
    uint32_t iterations; /* FH_TOKEN_ITERATIONS .. FH_DEPOSIT_ITERATIONS_MAX */
    uint8_t stored_key[32];
    uint8_t server_key[32];
    uint8_t sealed[FH_TOKEN_SEALED_BYTES];
};
enum { FH_DEPOSIT_ITERATIONS_MAX = 1000000 };

/* Fills all but `record` from the text of `id` and `secret` and the seed of `key`. */
void fh_deposit_make(struct fh_deposit *out,
                     const struct fh_token_id *id,
                     const uint8_t secret[FH_TOKEN_SECRET_BYTES],
                     const uint8_t salt[FH_TOKEN_SALT_BYTES],
                     const uint8_t seed[FH_SEED_BYTES],
                     const struct fh_sign_public *key);
/* Opens the seed with the ClientKey of the text; false when it is not that of this deposit and
 * `key`. */
FH_MUST_CHECK bool fh_deposit_open(uint8_t out_seed[FH_SEED_BYTES],
                                   const struct fh_deposit *deposit,
                                   const uint8_t client_key[32],
                                   const struct fh_sign_public *key);

/* The fields of a deposit in a message, in order, and their number. */
enum { FH_DEPOSIT_FIELDS = 7 };
void fh_deposit_pack(struct fh_buf *out, const struct fh_deposit *deposit);
/* The reader keeps what went wrong; `record` is a view into its bytes. */
void fh_deposit_read(struct fh_deposit *out, struct fh_pack_reader *reader);

#endif
