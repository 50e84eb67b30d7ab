/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/identity/deposit.h"

#include "proto/wire/pack.h"

#include <string.h>

enum {
    ID_LETTERS = 16,
    SECRET_LETTERS = 32,
    PREFIX = 4,
};

static const char prefix[] = "fht1";
static const char seed_tag[] = "freehold/v1/token-seed"; /* with its NUL */

/* ---- texts ---- */

void fh_token_id_text(char out[FH_TOKEN_ID_TEXT_BYTES], const struct fh_token_id *id)
{
    memcpy(out, prefix, PREFIX);
    fh_base32(out + PREFIX, id->b, sizeof id->b);
}

static int refuse(struct fh_err *err)
{
    return fh_err_rule(err,
                       FH_EINVAL,
                       "token.text",
                       "no token; expected what `freehold token create` printed: fht1, 16 letters, "
                       "a point, 32 letters");
}

int fh_token_id_parse(struct fh_token_id *out, struct fh_bytes text, struct fh_err *err)
{
    char letters[ID_LETTERS];
    if (text.size < PREFIX + ID_LETTERS ||
        (text.size > PREFIX + ID_LETTERS && text.data[PREFIX + ID_LETTERS] != '.') ||
        memcmp(text.data, prefix, PREFIX) != 0) {
        return refuse(err);
    }
    struct fh_token_id id;
    memcpy(letters, text.data + PREFIX, sizeof letters);
    if (!fh_unbase32(id.b, sizeof id.b, letters, sizeof letters)) {
        return refuse(err);
    }
    *out = id;
    return FH_OK;
}

void fh_token_text(char out[FH_TOKEN_TEXT_BYTES],
                   const struct fh_token_id *id,
                   const uint8_t secret[FH_TOKEN_SECRET_BYTES])
{
    fh_token_id_text(out, id);
    out[FH_TOKEN_ID_TEXT_BYTES - 1] = '.';
    fh_base32(out + FH_TOKEN_ID_TEXT_BYTES, secret, FH_TOKEN_SECRET_BYTES);
}

int fh_token_text_parse(struct fh_token_id *out, struct fh_bytes text, struct fh_err *err)
{
    uint8_t secret[FH_TOKEN_SECRET_BYTES];
    char letters[SECRET_LETTERS];
    if (text.size != FH_TOKEN_TEXT_BYTES - 1) {
        return refuse(err);
    }
    memcpy(letters, text.data + FH_TOKEN_ID_TEXT_BYTES, sizeof letters);
    bool fits = fh_unbase32(secret, sizeof secret, letters, sizeof letters);
    fh_wipe(secret, sizeof secret);
    fh_wipe(letters, sizeof letters);
    return fits ? fh_token_id_parse(out, text, err) : refuse(err);
}

/* ---- keys ---- */

void fh_scram_keys_of(struct fh_scram_keys *out,
                      struct fh_bytes text,
                      const uint8_t salt[FH_TOKEN_SALT_BYTES],
                      uint32_t iterations)
{
    uint8_t salted[32];
    fh_pbkdf2_sha256(salted, text, fh_bytes(salt, FH_TOKEN_SALT_BYTES), iterations);
    fh_hmac_sha256(out->client_key, fh_bytes(salted, 32), fh_bytes_cstr("Client Key"));
    fh_hmac_sha256(out->server_key, fh_bytes(salted, 32), fh_bytes_cstr("Server Key"));
    const struct fh_bytes client = fh_bytes(out->client_key, sizeof out->client_key);
    fh_sha256_parts(out->stored_key, &client, 1);
    fh_wipe(salted, sizeof salted);
}

/* ---- deposits ---- */

static void seed_key(uint8_t out[FH_AEAD_KEY_BYTES], const uint8_t client_key[32])
{
    fh_hash_keyed(
        out, FH_AEAD_KEY_BYTES, fh_bytes(client_key, 32), fh_bytes(seed_tag, sizeof seed_tag));
}

void fh_deposit_make(struct fh_deposit *out,
                     const struct fh_token_id *id,
                     const uint8_t secret[FH_TOKEN_SECRET_BYTES],
                     const uint8_t salt[FH_TOKEN_SALT_BYTES],
                     const uint8_t seed[FH_SEED_BYTES],
                     const struct fh_sign_public *key)
{
    char text[FH_TOKEN_TEXT_BYTES];
    uint8_t sealing[FH_AEAD_KEY_BYTES];
    struct fh_scram_keys keys;
    *out = (struct fh_deposit){.id = *id, .iterations = FH_TOKEN_ITERATIONS};
    memcpy(out->salt, salt, sizeof out->salt);
    fh_token_text(text, id, secret);
    fh_scram_keys_of(&keys, fh_bytes_cstr(text), salt, out->iterations);
    memcpy(out->stored_key, keys.stored_key, sizeof out->stored_key);
    memcpy(out->server_key, keys.server_key, sizeof out->server_key);
    seed_key(sealing, keys.client_key);
    fh_aead_seal(
        out->sealed, fh_bytes(seed, FH_SEED_BYTES), fh_bytes(key->b, sizeof key->b), 0, sealing);
    fh_wipe(sealing, sizeof sealing);
    fh_wipe(&keys, sizeof keys);
    fh_wipe(text, sizeof text);
}

bool fh_deposit_open(uint8_t out_seed[FH_SEED_BYTES],
                     const struct fh_deposit *deposit,
                     const uint8_t client_key[32],
                     const struct fh_sign_public *key)
{
    uint8_t sealing[FH_AEAD_KEY_BYTES];
    struct fh_sign_public opened;
    struct fh_sign_secret secret;
    seed_key(sealing, client_key);
    bool good = fh_aead_open(out_seed,
                             fh_bytes(deposit->sealed, sizeof deposit->sealed),
                             fh_bytes(key->b, sizeof key->b),
                             0,
                             sealing);
    fh_wipe(sealing, sizeof sealing);
    if (good) {
        fh_sign_keys(out_seed, &opened, &secret);
        good = memcmp(opened.b, key->b, sizeof opened.b) == 0;
        fh_sign_secret_wipe(&secret);
    }
    if (!good) {
        fh_wipe(out_seed, FH_SEED_BYTES);
    }
    return good;
}

void fh_deposit_pack(struct fh_buf *out, const struct fh_deposit *deposit)
{
    fh_pack_bin(out, fh_bytes(deposit->id.b, sizeof deposit->id.b));
    fh_pack_bin(out, deposit->record);
    fh_pack_bin(out, fh_bytes(deposit->salt, sizeof deposit->salt));
    fh_pack_uint(out, deposit->iterations);
    fh_pack_bin(out, fh_bytes(deposit->stored_key, sizeof deposit->stored_key));
    fh_pack_bin(out, fh_bytes(deposit->server_key, sizeof deposit->server_key));
    fh_pack_bin(out, fh_bytes(deposit->sealed, sizeof deposit->sealed));
}

void fh_deposit_read(struct fh_deposit *out, struct fh_pack_reader *reader)
{
    struct fh_deposit deposit = {0};
    fh_pack_read_fixed(reader, deposit.id.b, sizeof deposit.id.b);
    deposit.record = fh_pack_read_bin(reader, FH_TOKEN_RECORD_BYTES_MAX);
    fh_pack_read_fixed(reader, deposit.salt, sizeof deposit.salt);
    deposit.iterations = (uint32_t)fh_pack_read_uint(reader, FH_DEPOSIT_ITERATIONS_MAX);
    fh_pack_read_fixed(reader, deposit.stored_key, sizeof deposit.stored_key);
    fh_pack_read_fixed(reader, deposit.server_key, sizeof deposit.server_key);
    fh_pack_read_fixed(reader, deposit.sealed, sizeof deposit.sealed);
    if (reader->failed == FH_OK && deposit.iterations < FH_TOKEN_ITERATIONS) {
        fh_pack_fail(reader, "expected at least 4096 iterations");
    }
    *out = deposit;
}
