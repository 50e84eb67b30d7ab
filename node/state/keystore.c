/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/keystore.h"

#include "common/assert.h"
#include "common/entropy.h"
#include "common/mem.h"
#include "proto/identity/keyfile.h"
#include "proto/wire/record.h"

#include <sodium.h>

#include <string.h>

/* In pages of their own: locked, not dumped, guarded on both sides. */
struct secrets {
    struct fh_sign_secret sign;
    struct fh_agree_secret agree;
    uint8_t mask[FH_SEED_BYTES];
};

struct fh_keystore {
    struct secrets *secrets;
    struct fh_sign_public sign_public;
    struct fh_agree_public agree_public;
};

/* Reads one key file into a seed; the file's bytes are wiped. */
static int read_seed(const struct fh_home *home,
                     const char *name,
                     enum fh_key_kind kind,
                     uint8_t out_seed[FH_SEED_BYTES],
                     struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf bytes;
    fh_buf_init(&bytes, FH_KEY_FILE_BYTES_MAX);
    int code = fh_home_key_read(home, name, &bytes, err);
    if (code == FH_ENOTFOUND) {
        code = fh_err_rule(err,
                           FH_ENOTFOUND,
                           "key.missing",
                           "%s/keys/%s.key: no such file; a home is made by: freehold init",
                           home->root,
                           name);
    } else if (code == FH_OK) {
        code = fh_keyfile_decode(out_seed, kind, fh_buf_view(&bytes), FH_BYTES_NONE, err);
        if (code != FH_OK) {
            fh_err_wrap(err, "%s/keys/%s.key", home->root, name);
        }
    }
    fh_wipe(bytes.data, bytes.size);
    return code;
}

/* Writes a fresh mask key. */
static int
make_mask(const struct fh_home *home, uint8_t out_seed[FH_SEED_BYTES], struct fh_err *err)
{
    uint8_t bytes[FH_KEYFILE_BYTES];
    fh_entropy(out_seed, FH_SEED_BYTES);
    int code = fh_keyfile_encode(bytes, FH_KEY_MASK, out_seed, NULL, err);
    if (code == FH_OK) {
        code = fh_home_key_write(home, "mask", fh_bytes(bytes, sizeof bytes), err);
    }
    fh_wipe(bytes, sizeof bytes);
    return code;
}

static int fill(struct fh_keystore *keys, const struct fh_home *home, struct fh_err *err)
{
    uint8_t *seed = sodium_malloc(FH_SEED_BYTES);
    keys->secrets = sodium_malloc(sizeof *keys->secrets);
    int code = FH_OK;
    if (seed == NULL || keys->secrets == NULL) {
        code = fh_err_rule(err,
                           FH_ENOMEM,
                           "key.memory",
                           "no locked memory for the node's keys; raise the limit (ulimit -l)");
    }
    if (code == FH_OK) {
        code = read_seed(home, "node", FH_KEY_NODE, seed, err);
    }
    if (code == FH_OK) {
        fh_sign_keys(seed, &keys->sign_public, &keys->secrets->sign);
        code = read_seed(home, "node_agree", FH_KEY_NODE_AGREE, seed, err);
    }
    if (code == FH_OK) {
        memcpy(keys->secrets->agree.b, seed, FH_SEED_BYTES);
        fh_agree_public_of(&keys->secrets->agree, &keys->agree_public);
        code = read_seed(home, "mask", FH_KEY_MASK, seed, err);
        code = code == FH_ENOTFOUND ? make_mask(home, seed, err) : code;
    }
    if (code == FH_OK) {
        memcpy(keys->secrets->mask, seed, FH_SEED_BYTES);
        FH_ASSERT(sodium_mprotect_readonly(keys->secrets) == 0);
    }
    sodium_free(seed); /* wipes; NULL is fine */
    return code;
}

int fh_keystore_open(struct fh_keystore **out, const struct fh_home *home, struct fh_err *err)
{
    int code = fh_crypto_init();
    if (code != FH_OK) {
        return fh_err_set(err, code, "the cryptographic library does not start");
    }
    FH_CLEANUP(fh_keystore_closep) struct fh_keystore *keys = fh_calloc(1, sizeof *keys);
    if (keys == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the keystore");
    }
    code = fill(keys, home, err);
    if (code == FH_OK) {
        *out = FH_TAKE(keys);
    }
    return code;
}

void fh_keystore_close(struct fh_keystore *keys)
{
    if (keys != NULL) {
        sodium_free(keys->secrets); /* wipes */
        fh_free(keys);
    }
}

struct fh_node_id fh_keystore_node(const struct fh_keystore *keys)
{
    return fh_node_id_of(&keys->sign_public);
}

struct fh_sign_public fh_keystore_sign_public(const struct fh_keystore *keys)
{
    return keys->sign_public;
}

struct fh_agree_public fh_keystore_agree_public(const struct fh_keystore *keys)
{
    return keys->agree_public;
}

void fh_keystore_sign(const struct fh_keystore *keys,
                      struct fh_signature *out,
                      struct fh_bytes message)
{
    fh_sign(out, message, &keys->secrets->sign);
}

void fh_keystore_seal(const struct fh_keystore *keys,
                      struct fh_buf *out,
                      unsigned type,
                      const struct fh_mesh_id *mesh,
                      struct fh_bytes payload)
{
    fh_record_seal(out, type, mesh, payload, &keys->secrets->sign);
}

void fh_keystore_seal_together(const struct fh_keystore *keys,
                               struct fh_buf *const *outs,
                               unsigned type,
                               const struct fh_mesh_id *mesh,
                               const struct fh_bytes *payloads,
                               unsigned count)
{
    fh_record_seal_together(outs, type, mesh, payloads, count, &keys->secrets->sign);
}

bool fh_keystore_agree(const struct fh_keystore *keys,
                       uint8_t out_shared[32],
                       const struct fh_agree_public *peer)
{
    return fh_agree(out_shared, &keys->secrets->agree, peer);
}

void fh_keystore_mask_key(const struct fh_keystore *keys,
                          uint8_t out[FH_MAC_KEY_BYTES],
                          const struct fh_mask_column *column)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf message;
    fh_buf_init(&message, FH_KEY_FILE_BYTES_MAX);
    fh_buf_add(&message, "freehold/v1/mask", sizeof "freehold/v1/mask");
    fh_buf_add(&message, column->domain->b, sizeof column->domain->b);
    fh_buf_add(&message, column->product, strlen(column->product) + 1);
    fh_buf_add(&message, column->table, strlen(column->table) + 1);
    fh_buf_add(&message, column->column, strlen(column->column) + 1);
    FH_ASSERT(fh_buf_ok(&message) == FH_OK); /* names have bounds */
    fh_hash_keyed(out,
                  FH_MAC_KEY_BYTES,
                  fh_bytes(keys->secrets->mask, sizeof keys->secrets->mask),
                  fh_buf_view(&message));
}

const struct fh_sign_secret *fh_keystore_sign_secret(const struct fh_keystore *keys)
{
    return &keys->secrets->sign;
}

const struct fh_agree_secret *fh_keystore_agree_secret(const struct fh_keystore *keys)
{
    return &keys->secrets->agree;
}
