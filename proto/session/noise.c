/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/session/noise.h"

#include "common/assert.h"

/* Section numbers are of "The Noise Protocol Framework", revision 34, 2018-07-11. */

const struct fh_noise_pattern fh_noise_xx = {
    .protocol = "Noise_XX_25519_ChaChaPoly_BLAKE2b",
    .messages = 3,
    .tokens =
        {
            {FH_NOISE_E},
            {FH_NOISE_E, FH_NOISE_EE, FH_NOISE_S, FH_NOISE_ES},
            {FH_NOISE_S, FH_NOISE_SE},
        },
};

/* ---- symmetric state (section 5.2) ---- */

static void mix_hash(struct fh_noise *n, struct fh_bytes data)
{
    struct fh_bytes parts[] = {fh_bytes(n->hash, sizeof n->hash), data};
    uint8_t hash[FH_NOISE_HASH_BYTES];
    fh_hash512_parts(hash, parts, FH_COUNT(parts));
    memcpy(n->hash, hash, sizeof hash);
}

/* HKDF with two outputs (section 4.3). */
static void hkdf2(const uint8_t chaining_key[FH_NOISE_HASH_BYTES],
                  struct fh_bytes input,
                  uint8_t out1[FH_NOISE_HASH_BYTES],
                  uint8_t out2[FH_NOISE_HASH_BYTES])
{
    static const uint8_t one = 1;
    static const uint8_t two = 2;
    uint8_t temp[FH_NOISE_HASH_BYTES];
    struct fh_bytes first[] = {fh_bytes(&one, 1)};
    fh_hmac512(temp, chaining_key, FH_NOISE_HASH_BYTES, &input, 1);
    fh_hmac512(out1, temp, sizeof temp, first, FH_COUNT(first));
    struct fh_bytes second[] = {fh_bytes(out1, FH_NOISE_HASH_BYTES), fh_bytes(&two, 1)};
    fh_hmac512(out2, temp, sizeof temp, second, FH_COUNT(second));
    fh_wipe(temp, sizeof temp);
}

static void mix_key(struct fh_noise *n, const uint8_t shared[32])
{
    uint8_t chaining_key[FH_NOISE_HASH_BYTES];
    uint8_t key[FH_NOISE_HASH_BYTES];
    hkdf2(n->chaining_key, fh_bytes(shared, 32), chaining_key, key);
    memcpy(n->chaining_key, chaining_key, sizeof chaining_key);
    memcpy(n->key, key, sizeof n->key); /* the first 32 of 64 bytes */
    n->has_key = true;
    n->nonce = 0;
    fh_wipe(chaining_key, sizeof chaining_key);
    fh_wipe(key, sizeof key);
}

static void encrypt_and_hash(struct fh_noise *n, struct fh_bytes plaintext, struct fh_buf *out)
{
    size_t size = plaintext.size + (n->has_key ? FH_AEAD_TAG_BYTES : 0);
    uint8_t *at = fh_buf_reserve(out, size);
    if (at == NULL) {
        return; /* sticks in the buffer; the caller gives the handshake up */
    }
    if (n->has_key) {
        fh_aead_seal(at, plaintext, fh_bytes(n->hash, sizeof n->hash), n->nonce++, n->key);
    } else if (size > 0) {
        memcpy(at, plaintext.data, size);
    }
    mix_hash(n, fh_bytes(at, size));
}

static bool decrypt_and_hash(struct fh_noise *n, struct fh_bytes ciphertext, uint8_t *out)
{
    if (n->has_key) {
        if (!fh_aead_open(out, ciphertext, fh_bytes(n->hash, sizeof n->hash), n->nonce, n->key)) {
            return false;
        }
        n->nonce++;
    } else if (ciphertext.size > 0) {
        memcpy(out, ciphertext.data, ciphertext.size);
    }
    mix_hash(n, ciphertext);
    return true;
}

/* ---- handshake state (section 5.3) ---- */

void fh_noise_init(struct fh_noise *noise,
                   const struct fh_noise_pattern *pattern,
                   bool initiator,
                   struct fh_bytes prologue,
                   const struct fh_agree_secret *static_secret)
{
    *noise = (struct fh_noise){
        .pattern = pattern, .initiator = initiator, .static_secret = *static_secret};
    fh_agree_public_of(static_secret, &noise->static_public);
    struct fh_bytes protocol = fh_bytes_cstr(pattern->protocol);
    FH_ASSERT(protocol.size <= sizeof noise->hash);
    memcpy(noise->hash, protocol.data, protocol.size);
    memcpy(noise->chaining_key, noise->hash, sizeof noise->hash);
    mix_hash(noise, prologue);
}

void fh_noise_fini(struct fh_noise *noise)
{
    fh_wipe(noise, sizeof *noise);
}

bool fh_noise_done(const struct fh_noise *noise)
{
    return noise->message == noise->pattern->messages;
}

bool fh_noise_writes_next(const struct fh_noise *noise)
{
    return !fh_noise_done(noise) && (noise->message % 2 == 0) == noise->initiator;
}

const uint8_t *fh_noise_hash(const struct fh_noise *noise)
{
    return noise->hash;
}

const struct fh_agree_public *fh_noise_remote_static(const struct fh_noise *noise)
{
    return noise->has_remote_static ? &noise->remote_static : NULL;
}

/* The Diffie-Hellman of a token: its first letter is the initiator's key, the second the
 * responder's. */
static int mix_agreement(struct fh_noise *n, enum fh_noise_token token, struct fh_err *err)
{
    bool initiator_static = token == FH_NOISE_SE;
    bool responder_static = token == FH_NOISE_ES;
    bool own_static = n->initiator ? initiator_static : responder_static;
    bool remote_static = n->initiator ? responder_static : initiator_static;
    FH_ASSERT(remote_static ? n->has_remote_static : n->has_remote_ephemeral);
    uint8_t shared[32];
    bool ok = fh_agree(shared,
                       own_static ? &n->static_secret : &n->ephemeral_secret,
                       remote_static ? &n->remote_static : &n->remote_ephemeral);
    if (ok) {
        mix_key(n, shared);
    }
    fh_wipe(shared, sizeof shared);
    return ok ? FH_OK : fh_err_rule(err, FH_ESIG, "noise.key", "the peer's key has a small order");
}

static int write_token(struct fh_noise *n,
                       enum fh_noise_token token,
                       const struct fh_agree_secret *ephemeral,
                       struct fh_buf *out,
                       struct fh_err *err)
{
    struct fh_agree_public public;
    switch (token) {
    case FH_NOISE_E:
        FH_ASSERT(ephemeral != NULL);
        n->ephemeral_secret = *ephemeral;
        fh_agree_public_of(ephemeral, &public);
        fh_buf_add(out, public.b, sizeof public.b);
        mix_hash(n, fh_bytes(public.b, sizeof public.b));
        return FH_OK;
    case FH_NOISE_S:
        encrypt_and_hash(n, fh_bytes(n->static_public.b, sizeof n->static_public.b), out);
        return FH_OK;
    case FH_NOISE_EE:
    case FH_NOISE_ES:
    case FH_NOISE_SE:
        return mix_agreement(n, token, err);
    case FH_NOISE_END:
    case FH_NOISE_TOKEN_COUNT:
        break;
    }
    FH_ASSERT(!"a token of the pattern table");
    return FH_EINTERNAL;
}

int fh_noise_write(struct fh_noise *noise,
                   const struct fh_agree_secret *ephemeral,
                   struct fh_bytes payload,
                   struct fh_buf *out,
                   struct fh_err *err)
{
    if (!fh_noise_writes_next(noise)) {
        return fh_err_set(err, FH_ESTATE, "it is not this end's turn in the handshake");
    }
    size_t before = out->size;
    struct fh_noise next = *noise;
    int code = FH_OK;
    const enum fh_noise_token *token = noise->pattern->tokens[noise->message];
    for (; code == FH_OK && *token != FH_NOISE_END; token++) {
        code = write_token(&next, *token, ephemeral, out, err);
    }
    if (code == FH_OK) {
        encrypt_and_hash(&next, payload, out);
        code = fh_buf_ok(out);
        if (code != FH_OK) {
            fh_err_set(err, code, "handshake message %u does not fit", noise->message + 1);
        } else if (out->size - before > FH_NOISE_MESSAGE_BYTES_MAX) {
            code = fh_err_set(err,
                              FH_ETOOBIG,
                              "handshake message %u has %zu bytes; at most %d fit",
                              noise->message + 1,
                              out->size - before,
                              FH_NOISE_MESSAGE_BYTES_MAX);
        }
    }
    if (code == FH_OK) {
        next.message++;
        *noise = next;
    } else if (out->size > before) {
        out->size = before;
    }
    fh_noise_fini(&next);
    return code;
}

/* Cuts `size` bytes off the front of `message`. */
static int cut(struct fh_bytes *message, size_t size, struct fh_bytes *out, struct fh_err *err)
{
    if (message->size < size) {
        return fh_err_rule(err,
                           FH_EPROTO,
                           "noise.short",
                           "a handshake message ends %zu bytes early",
                           size - message->size);
    }
    *out = fh_bytes(message->data, size);
    *message = fh_bytes(message->data + size, message->size - size);
    return FH_OK;
}

static int read_token(struct fh_noise *n,
                      enum fh_noise_token token,
                      struct fh_bytes *message,
                      struct fh_err *err)
{
    struct fh_bytes part;
    int code;
    switch (token) {
    case FH_NOISE_E:
        code = cut(message, sizeof n->remote_ephemeral.b, &part, err);
        if (code != FH_OK) {
            return code;
        }
        memcpy(n->remote_ephemeral.b, part.data, part.size);
        n->has_remote_ephemeral = true;
        mix_hash(n, part);
        return FH_OK;
    case FH_NOISE_S:
        code = cut(
            message, sizeof n->remote_static.b + (n->has_key ? FH_AEAD_TAG_BYTES : 0), &part, err);
        if (code != FH_OK) {
            return code;
        }
        if (!decrypt_and_hash(n, part, n->remote_static.b)) {
            return fh_err_rule(
                err, FH_ESIG, "noise.forged", "the peer's static key does not authenticate");
        }
        n->has_remote_static = true;
        return FH_OK;
    case FH_NOISE_EE:
    case FH_NOISE_ES:
    case FH_NOISE_SE:
        return mix_agreement(n, token, err);
    case FH_NOISE_END:
    case FH_NOISE_TOKEN_COUNT:
        break;
    }
    FH_ASSERT(!"a token of the pattern table");
    return FH_EINTERNAL;
}

static int read_payload(struct fh_noise *n,
                        struct fh_bytes message,
                        struct fh_buf *out_payload,
                        struct fh_err *err)
{
    size_t tag = n->has_key ? FH_AEAD_TAG_BYTES : 0;
    if (message.size < tag) {
        return fh_err_rule(
            err, FH_EPROTO, "noise.short", "a handshake message ends before its tag");
    }
    size_t before = out_payload->size;
    uint8_t *at = fh_buf_reserve(out_payload, message.size - tag);
    if (at == NULL) {
        return fh_err_set(err,
                          fh_buf_ok(out_payload),
                          "no room for a handshake payload of %zu bytes",
                          message.size - tag);
    }
    if (!decrypt_and_hash(n, message, at)) {
        out_payload->size = before;
        return fh_err_rule(
            err, FH_ESIG, "noise.forged", "a handshake payload does not authenticate");
    }
    return FH_OK;
}

int fh_noise_read(struct fh_noise *noise,
                  struct fh_bytes message,
                  struct fh_buf *out_payload,
                  struct fh_err *err)
{
    if (fh_noise_done(noise) || fh_noise_writes_next(noise)) {
        return fh_err_set(err, FH_ESTATE, "it is not the peer's turn in the handshake");
    }
    if (message.size > FH_NOISE_MESSAGE_BYTES_MAX) {
        return fh_err_set(err,
                          FH_ETOOBIG,
                          "a handshake message of %zu bytes; at most %d are read",
                          message.size,
                          FH_NOISE_MESSAGE_BYTES_MAX);
    }
    struct fh_noise next = *noise;
    int code = FH_OK;
    const enum fh_noise_token *token = noise->pattern->tokens[noise->message];
    for (; code == FH_OK && *token != FH_NOISE_END; token++) {
        code = read_token(&next, *token, &message, err);
    }
    if (code == FH_OK) {
        code = read_payload(&next, message, out_payload, err);
    }
    if (code == FH_OK) {
        next.message++;
        *noise = next;
    }
    fh_noise_fini(&next);
    return code;
}

void fh_noise_split(const struct fh_noise *noise,
                    uint8_t out_first[FH_AEAD_KEY_BYTES],
                    uint8_t out_second[FH_AEAD_KEY_BYTES])
{
    FH_ASSERT(fh_noise_done(noise));
    uint8_t first[FH_NOISE_HASH_BYTES];
    uint8_t second[FH_NOISE_HASH_BYTES];
    hkdf2(noise->chaining_key, FH_BYTES_NONE, first, second);
    memcpy(out_first, first, FH_AEAD_KEY_BYTES);
    memcpy(out_second, second, FH_AEAD_KEY_BYTES);
    fh_wipe(first, sizeof first);
    fh_wipe(second, sizeof second);
}
