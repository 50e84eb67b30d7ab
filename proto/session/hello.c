/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/session/hello.h"

#include "common/assert.h"
#include "proto/wire/pack.h"

enum {
    HELLO_VERSION = 1, /* of the payload's shape */
    OFFER_FIELDS = 4,
    HELLO_FIELDS = 9,
    VERSION_MAX = 0xffff,
};

static const char static_tag[] = "freehold/v1/static"; /* signed with its NUL */

const struct fh_session_offer fh_session_offer_default = {
    .version_min = FH_PROTOCOL_VERSION_MIN,
    .version_max = FH_PROTOCOL_VERSION_MAX,
    .cipher_count = 1,
    .ciphers = {FH_CIPHER_CHACHAPOLY},
};

static const struct fh_session_offer offer_aes = {
    .version_min = FH_PROTOCOL_VERSION_MIN,
    .version_max = FH_PROTOCOL_VERSION_MAX,
    .cipher_count = 2,
    .ciphers = {FH_CIPHER_AES256GCM, FH_CIPHER_CHACHAPOLY},
};

const struct fh_session_offer *fh_session_offer_here(void)
{
    return fh_aes_available() ? &offer_aes : &fh_session_offer_default;
}

static void write_offer_fields(struct fh_buf *out, const struct fh_session_offer *offer)
{
    FH_ASSERT(offer->cipher_count >= 1);
    FH_ASSERT(offer->cipher_count <= FH_CIPHERS_MAX);
    fh_pack_uint(out, HELLO_VERSION);
    fh_pack_uint(out, offer->version_min);
    fh_pack_uint(out, offer->version_max);
    fh_pack_array(out, offer->cipher_count);
    for (unsigned i = 0; i < offer->cipher_count; i++) {
        fh_pack_uint(out, offer->ciphers[i]);
    }
}

void fh_hello_write_offer(struct fh_buf *out, const struct fh_session_offer *offer)
{
    fh_pack_array(out, OFFER_FIELDS);
    write_offer_fields(out, offer);
}

enum { SIGNED_BYTES = sizeof static_tag + 32 + FH_NOISE_HASH_BYTES };

static void signed_text(uint8_t out[SIGNED_BYTES],
                        const struct fh_agree_public *static_key,
                        const uint8_t hash[FH_NOISE_HASH_BYTES])
{
    memcpy(out, static_tag, sizeof static_tag);
    memcpy(out + sizeof static_tag, static_key->b, sizeof static_key->b);
    memcpy(out + sizeof static_tag + sizeof static_key->b, hash, FH_NOISE_HASH_BYTES);
}

void fh_hello_write(struct fh_buf *out,
                    const struct fh_session_self *self,
                    const struct fh_session_offer *offer,
                    enum fh_cipher cipher,
                    const struct fh_agree_public *static_key,
                    const uint8_t hash[FH_NOISE_HASH_BYTES])
{
    uint8_t text[SIGNED_BYTES];
    struct fh_signature signature;
    signed_text(text, static_key, hash);
    fh_sign(&signature, fh_bytes(text, sizeof text), self->sign_secret);

    fh_pack_array(out, HELLO_FIELDS);
    write_offer_fields(out, offer);
    fh_pack_uint(out, cipher);
    fh_pack_bin(out, fh_bytes(self->domain.b, sizeof self->domain.b));
    /* libsodium's secret ends with the public key */
    fh_pack_bin(out, fh_bytes(self->sign_secret->b + FH_SEED_BYTES, sizeof(struct fh_sign_public)));
    fh_pack_bin(out, fh_bytes(signature.b, sizeof signature.b));
    fh_pack_array(out, self->record_count);
    for (unsigned i = 0; i < self->record_count; i++) {
        fh_pack_bin(out, self->records[i]);
    }
}

static int begin(struct fh_pack_reader *reader, struct fh_bytes payload, struct fh_err *err)
{
    struct fh_pack_limits limits = fh_pack_limits(FH_FRAME_UNAUTHENTICATED_BYTES_MAX);
    if (fh_pack_scan(payload, &limits, err) != FH_OK) {
        char why[FH_ERR_TEXT_BYTES] = "";
        if (err != NULL) {
            memcpy(why, err->text, sizeof why);
        }
        return fh_err_rule(err, FH_EPROTO, "hello.form", "handshake payload: %s", why);
    }
    fh_pack_read_init(reader, payload);
    return FH_OK;
}

static int end(struct fh_pack_reader *reader, struct fh_err *err)
{
    if (fh_pack_read_ok(reader, "handshake payload", err) == FH_OK) {
        return FH_OK;
    }
    return fh_err_rule(err,
                       FH_EPROTO,
                       "hello.form",
                       "handshake payload: byte %zu: %s",
                       reader->fail_at,
                       reader->why);
}

static void read_offer_fields(struct fh_pack_reader *reader, struct fh_session_offer *out)
{
    if (fh_pack_read_uint(reader, VERSION_MAX) < HELLO_VERSION) {
        fh_pack_fail(reader, "expected a payload version of at least 1");
    }
    out->version_min = (unsigned)fh_pack_read_uint(reader, VERSION_MAX);
    out->version_max = (unsigned)fh_pack_read_uint(reader, VERSION_MAX);
    if (out->version_min > out->version_max) {
        fh_pack_fail(reader, "expected the least version before the greatest");
    }
    out->cipher_count = fh_pack_read_array(reader, FH_CIPHERS_MAX);
    for (unsigned i = 0; i < out->cipher_count; i++) {
        out->ciphers[i] = (uint8_t)fh_pack_read_uint(reader, UINT8_MAX);
    }
}

int fh_hello_read_offer(struct fh_hello *out, struct fh_bytes payload, struct fh_err *err)
{
    struct fh_pack_reader reader;
    int code = begin(&reader, payload, err);
    if (code != FH_OK) {
        return code;
    }
    *out = (struct fh_hello){0};
    fh_pack_read_record(&reader, OFFER_FIELDS);
    read_offer_fields(&reader, &out->offer);
    return end(&reader, err);
}

int fh_hello_read(struct fh_hello *out,
                  struct fh_bytes payload,
                  const struct fh_agree_public *static_key,
                  const uint8_t hash[FH_NOISE_HASH_BYTES],
                  struct fh_err *err)
{
    struct fh_pack_reader reader;
    int code = begin(&reader, payload, err);
    if (code != FH_OK) {
        return code;
    }
    *out = (struct fh_hello){0};
    fh_pack_read_record(&reader, HELLO_FIELDS);
    read_offer_fields(&reader, &out->offer);
    out->cipher = (unsigned)fh_pack_read_uint(&reader, UINT8_MAX);
    fh_pack_read_fixed(&reader, out->domain.b, sizeof out->domain.b);
    fh_pack_read_fixed(&reader, out->key.b, sizeof out->key.b);
    fh_pack_read_fixed(&reader, out->signature.b, sizeof out->signature.b);
    out->record_count = fh_pack_read_array(&reader, FH_SESSION_RECORDS_MAX);
    for (unsigned i = 0; i < out->record_count; i++) {
        out->records[i] = fh_pack_read_bin(&reader, FH_FRAME_UNAUTHENTICATED_BYTES_MAX);
    }
    code = end(&reader, err);
    if (code != FH_OK) {
        return code;
    }
    uint8_t text[SIGNED_BYTES];
    signed_text(text, static_key, hash);
    if (!fh_sign_verify(&out->signature, fh_bytes(text, sizeof text), &out->key)) {
        return fh_err_rule(err,
                           FH_ESIG,
                           "hello.signature",
                           "the peer's signing key does not vouch for its static key");
    }
    return FH_OK;
}

int fh_hello_version(const struct fh_session_offer *own,
                     const struct fh_session_offer *peer,
                     unsigned *out_version,
                     struct fh_err *err)
{
    unsigned least = own->version_min > peer->version_min ? own->version_min : peer->version_min;
    unsigned greatest = own->version_max < peer->version_max ? own->version_max : peer->version_max;
    if (least > greatest) {
        return fh_err_rule(err,
                           FH_EVERSION,
                           "session.version",
                           "this end speaks protocol versions %u to %u, the peer %u to %u",
                           own->version_min,
                           own->version_max,
                           peer->version_min,
                           peer->version_max);
    }
    *out_version = greatest;
    return FH_OK;
}

int fh_hello_cipher(const struct fh_session_offer *own,
                    const struct fh_session_offer *peer,
                    enum fh_cipher *out_cipher,
                    struct fh_err *err)
{
    for (unsigned i = 0; i < own->cipher_count; i++) {
        if (fh_hello_offers(peer, own->ciphers[i])) {
            *out_cipher = (enum fh_cipher)own->ciphers[i];
            return FH_OK;
        }
    }
    return fh_err_rule(
        err, FH_EVERSION, "session.cipher", "the peer offers no cipher that this end has");
}

bool fh_hello_offers(const struct fh_session_offer *offer, unsigned cipher)
{
    for (unsigned i = 0; i < offer->cipher_count; i++) {
        if (offer->ciphers[i] == cipher) {
            return true;
        }
    }
    return false;
}

bool fh_hello_offer_equal(const struct fh_session_offer *a, const struct fh_session_offer *b)
{
    return a->version_min == b->version_min && a->version_max == b->version_max &&
           a->cipher_count == b->cipher_count &&
           memcmp(a->ciphers, b->ciphers, a->cipher_count) == 0;
}
