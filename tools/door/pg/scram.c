/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pg/scram.h"

#include "common/assert.h"
#include "proto/wire/crypto.h"
#include "tools/door/base64.h"

#include <stdio.h>
#include <string.h>

/* ---- lifecycle ---- */

void fh_scram_wipe(struct fh_scram *scram)
{
    fh_wipe(scram, sizeof *scram);
}

void fh_scram_init(struct fh_scram *scram, bool plus, struct fh_bytes binding)
{
    *scram = (struct fh_scram){.plus = plus};
    FH_ASSERT(binding.size <= sizeof scram->binding);
    if (binding.size > 0) {
        memcpy(scram->binding, binding.data, binding.size);
    }
    scram->binding_size = binding.size;
}

/* ---- messages ---- */

static int malformed(struct fh_err *err, const char *what)
{
    return fh_err_rule(err, FH_EPROTO, "pg.scram", "SCRAM: %s", what);
}

/* Copies the message as a text; false when it is too long or has a byte that no message has. */
static bool take_text(char out[FH_SCRAM_TEXT_BYTES], struct fh_bytes message)
{
    if (message.size == 0 || message.size >= FH_SCRAM_TEXT_BYTES) {
        return false;
    }
    for (size_t i = 0; i < message.size; i++) {
        if (message.data[i] < 0x20 || message.data[i] == 0x7f) {
            return false;
        }
    }
    memcpy(out, message.data, message.size);
    out[message.size] = 0;
    return true;
}

/* The attribute `name` at `*at`, up to a comma or the end; moves behind it. */
static bool take_attribute(const char **at, char name, const char **out, size_t *out_size)
{
    const char *from = *at;
    if (from[0] != name || from[1] != '=') {
        return false;
    }
    from += 2;
    *out_size = strcspn(from, ",");
    *out = from;
    *at = from + *out_size + (from[*out_size] == ',' ? 1 : 0);
    return true;
}

/* "n,,", "y,," or "p=tls-server-end-point,,", with an identity between the commas perhaps. */
static int
take_header(struct fh_scram *scram, const char *message, const char **out_rest, struct fh_err *err)
{
    static const char bound[] = "p=tls-server-end-point";
    const char *comma = strchr(message, ',');
    const char *end = comma == NULL ? NULL : strchr(comma + 1, ',');
    if (comma == NULL || end == NULL || (size_t)(end + 1 - message) >= sizeof scram->header) {
        return malformed(err, "the first message has no header");
    }
    size_t flag = (size_t)(comma - message);
    bool plus = flag == strlen(bound) && strncmp(message, bound, flag) == 0;
    if (!plus && (flag != 1 || (message[0] != 'n' && message[0] != 'y'))) {
        return malformed(err, "this channel binding is not known");
    }
    if (plus != scram->plus) {
        return malformed(err, "the header does not fit the mechanism");
    }
    if (message[0] == 'y' && scram->binding_size > 0) {
        return fh_err_rule(
            err,
            FH_EDENIED,
            "pg.scram.binding",
            "the client was told that this server cannot bind channels, which it can");
    }
    if (comma[1] != ',' && strncmp(comma + 1, "a=", 2) != 0) {
        return malformed(err, "the header is malformed");
    }
    memcpy(scram->header, message, (size_t)(end + 1 - message));
    *out_rest = end + 1;
    return FH_OK;
}

int fh_scram_first(struct fh_scram *scram,
                   struct fh_bytes message,
                   const struct fh_scram_verifier *secret,
                   const char *nonce,
                   const char **out_text,
                   struct fh_err *err)
{
    char text[FH_SCRAM_TEXT_BYTES];
    const char *at = text;
    const char *value = NULL;
    size_t size = 0;
    if (!take_text(text, message)) {
        return malformed(err, "the first message is no text of a fit length");
    }
    int code = take_header(scram, text, &at, err);
    if (code != FH_OK) {
        return code;
    }
    snprintf(scram->client_first, sizeof scram->client_first, "%s", at);
    if (!take_attribute(&at, 'n', &value, &size) || !take_attribute(&at, 'r', &value, &size) ||
        size == 0 || size > 256) {
        return malformed(err, "the first message has a name and a nonce");
    }
    FH_ASSERT(strlen(nonce) <= 64);
    struct fh_buf salt FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&salt, 64);
    fh_base64_add(&salt, fh_bytes(secret->salt, sizeof secret->salt));
    snprintf(scram->nonce, sizeof scram->nonce, "%.*s%s", (int)size, value, nonce);
    snprintf(scram->server_first,
             sizeof scram->server_first,
             "r=%s,s=%s,i=%u",
             scram->nonce,
             fh_buf_cstr(&salt),
             secret->iterations);
    if (fh_buf_ok(&salt) != FH_OK) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a salt");
    }
    scram->secret = *secret;
    *out_text = scram->server_first;
    return FH_OK;
}

/* "c=": the header again, and what the channel is bound to. */
static bool binding_holds(const struct fh_scram *scram, const char *value, size_t size)
{
    struct fh_buf expected FH_CLEANUP(fh_buf_fini);
    struct fh_buf given FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&expected, sizeof scram->header + FH_SCRAM_BINDING_BYTES);
    fh_buf_init(&given, FH_SCRAM_TEXT_BYTES);
    fh_buf_add_cstr(&expected, scram->header);
    if (scram->plus) {
        fh_buf_add(&expected, scram->binding, scram->binding_size);
    }
    return fh_base64_read(&given, fh_bytes(value, size)) && fh_buf_ok(&expected) == FH_OK &&
           fh_bytes_equal(fh_buf_view(&given), fh_buf_view(&expected));
}

/* Client key from the proof, and whether it is the one that is stored. */
static bool proof_holds(const struct fh_scram *scram,
                        struct fh_bytes auth,
                        struct fh_bytes proof,
                        uint8_t out_client_key[FH_SCRAM_KEY_BYTES])
{
    uint8_t signature[32];
    uint8_t stored[32];
    fh_hmac_sha256(signature, fh_bytes(scram->secret.stored_key, FH_SCRAM_KEY_BYTES), auth);
    for (size_t i = 0; i < FH_SCRAM_KEY_BYTES; i++) {
        out_client_key[i] = proof.data[i] ^ signature[i];
    }
    const struct fh_bytes key = fh_bytes(out_client_key, FH_SCRAM_KEY_BYTES);
    fh_sha256_parts(stored, &key, 1);
    fh_wipe(signature, sizeof signature); /* with the proof it gives the key */
    return fh_crypto_equal(stored, scram->secret.stored_key, sizeof stored);
}

/* The server's last word: "v=" and its signature. */
static int
sign(const struct fh_scram *scram, struct fh_bytes auth, char out_text[64], struct fh_err *err)
{
    uint8_t signature[32];
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&text, 64);
    fh_hmac_sha256(signature, fh_bytes(scram->secret.server_key, FH_SCRAM_KEY_BYTES), auth);
    fh_buf_add_cstr(&text, "v=");
    fh_base64_add(&text, fh_bytes(signature, sizeof signature));
    snprintf(out_text, 64, "%s", fh_buf_cstr(&text));
    return fh_buf_ok(&text) == FH_OK ? FH_OK : fh_err_set(err, FH_ENOMEM, "no memory");
}

int fh_scram_final(struct fh_scram *scram,
                   struct fh_bytes message,
                   char out_text[64],
                   uint8_t out_client_key[FH_SCRAM_KEY_BYTES],
                   struct fh_err *err)
{
    char text[FH_SCRAM_TEXT_BYTES];
    const char *value = NULL;
    size_t size = 0;
    if (!take_text(text, message)) {
        return malformed(err, "the last message is no text of a fit length");
    }
    const char *at = text;
    if (!take_attribute(&at, 'c', &value, &size) || !binding_holds(scram, value, size)) {
        return malformed(err, "the channel binding is another one");
    }
    if (!take_attribute(&at, 'r', &value, &size) || size != strlen(scram->nonce) ||
        strncmp(value, scram->nonce, size) != 0) {
        return malformed(err, "the nonce is another one");
    }
    const char *proof_at = strstr(at, "p=");
    if (proof_at == NULL || (proof_at != at && proof_at[-1] != ',')) {
        return malformed(err, "the last message has a proof");
    }
    const char *end = proof_at;
    struct fh_buf proof FH_CLEANUP(fh_buf_fini);
    struct fh_buf auth FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&proof, FH_SCRAM_TEXT_BYTES);
    fh_buf_init(&auth, 3 * (size_t)FH_SCRAM_TEXT_BYTES);
    if (!take_attribute(&end, 'p', &value, &size) || *end != 0 ||
        !fh_base64_read(&proof, fh_bytes(value, size)) || proof.size != FH_SCRAM_KEY_BYTES) {
        return malformed(err, "the proof is malformed");
    }
    fh_buf_printf(&auth,
                  "%s,%s,%.*s",
                  scram->client_first,
                  scram->server_first,
                  (int)(proof_at - 1 - text),
                  text);
    if (fh_buf_ok(&auth) != FH_OK) {
        return fh_err_set(err, FH_ENOMEM, "no memory");
    }
    if (!proof_holds(scram, fh_buf_view(&auth), fh_buf_view(&proof), out_client_key)) {
        fh_wipe(out_client_key, FH_SCRAM_KEY_BYTES);
        return fh_err_rule(err, FH_EDENIED, "pg.scram.proof", "the proof does not hold");
    }
    return sign(scram, fh_buf_view(&auth), out_text, err);
}
