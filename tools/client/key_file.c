/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/key_file.h"

#include "common/entropy.h"
#include "common/file.h"
#include "common/limits.h"

#include <string.h>

enum {
    KIND_AT = 9, /* of a key file */
    FILE_BYTES_MAX = 4096,
    PASSPHRASE_BYTES_MAX = 1024,
    /* RFC 9106, second recommended option: 64 MiB; a fifth of a second. */
    LOCK_PASSES = 3,
    LOCK_MEMORY_KIB = 64 * 1024,
};

static void wipe_buf(struct fh_buf *buf)
{
    if (buf->data != NULL) {
        fh_wipe(buf->data, buf->capacity);
    }
    fh_buf_fini(buf);
}

/* The first line of the file; `out` is wiped by the caller. */
static int read_passphrase(const char *path, struct fh_buf *out, struct fh_err *err)
{
    int code = fh_file_read_secret(path, out, err);
    if (code != FH_OK) {
        return code == FH_ETOOBIG ? fh_err_set(err, code, "%s: the passphrase is too long", path)
                                  : code;
    }
    const uint8_t *end = memchr(out->data, '\n', out->size);
    out->size = end == NULL ? out->size : (size_t)(end - out->data);
    if (out->size > 0 && out->data[out->size - 1] == '\r') {
        out->size--;
    }
    return out->size > 0
               ? FH_OK
               : fh_err_set(err, FH_EUSAGE, "%s: the first line holds no passphrase", path);
}

static int write_seed(const char *path,
                      const char *passphrase_path,
                      const uint8_t seed[FH_SEED_BYTES],
                      struct fh_err *err)
{
    FH_CLEANUP(wipe_buf) struct fh_buf passphrase;
    fh_buf_init(&passphrase, PASSPHRASE_BYTES_MAX);
    struct fh_keyfile_lock lock = {.passes = LOCK_PASSES, .memory_kib = LOCK_MEMORY_KIB};
    int code = FH_OK;
    if (passphrase_path != NULL) {
        code = read_passphrase(passphrase_path, &passphrase, err);
        lock.passphrase = fh_buf_view(&passphrase);
        fh_entropy(lock.salt, sizeof lock.salt);
    }
    uint8_t file[FH_KEYFILE_BYTES];
    if (code == FH_OK) {
        code = fh_keyfile_encode(
            file, FH_KEY_MEMBER, seed, passphrase_path == NULL ? NULL : &lock, err);
    }
    if (code == FH_OK) {
        code = fh_file_create(path, fh_bytes(file, sizeof file), 0600, err);
    }
    fh_wipe(file, sizeof file);
    return code;
}

int fh_key_file_create(const char *path,
                       const char *passphrase_path,
                       struct fh_sign_public *out_public,
                       struct fh_err *err)
{
    uint8_t seed[FH_SEED_BYTES];
    FH_CLEANUP(fh_sign_secret_wipe) struct fh_sign_secret secret;
    fh_entropy(seed, sizeof seed);
    fh_sign_keys(seed, out_public, &secret);
    int code = write_seed(path, passphrase_path, seed, err);
    fh_wipe(seed, sizeof seed);
    return code;
}

int fh_key_file_read(const char *path,
                     const char *passphrase_path,
                     struct fh_sign_public *out_public,
                     struct fh_sign_secret *out_secret,
                     struct fh_err *err)
{
    FH_CLEANUP(wipe_buf) struct fh_buf file;
    FH_CLEANUP(wipe_buf) struct fh_buf passphrase;
    uint8_t seed[FH_SEED_BYTES];
    fh_buf_init(&file, FILE_BYTES_MAX);
    fh_buf_init(&passphrase, PASSPHRASE_BYTES_MAX);
    int code = fh_file_read_secret(path, &file, err);
    if (code == FH_OK && fh_keyfile_is_locked(fh_buf_view(&file))) {
        code = passphrase_path == NULL
                   ? fh_err_rule(err,
                                 FH_EUSAGE,
                                 "key.passphrase",
                                 "the key is sealed; name its passphrase with --passphrase-file")
                   : read_passphrase(passphrase_path, &passphrase, err);
    }
    if (code == FH_OK) {
        bool publisher = file.size > KIND_AT && file.data[KIND_AT] == FH_KEY_PUBLISHER;
        code = fh_keyfile_decode(seed,
                                 publisher ? FH_KEY_PUBLISHER : FH_KEY_MEMBER,
                                 fh_buf_view(&file),
                                 fh_buf_view(&passphrase),
                                 err);
    }
    if (code != FH_OK) {
        return fh_err_wrap(err, "%s", path);
    }
    fh_sign_keys(seed, out_public, out_secret);
    fh_wipe(seed, sizeof seed);
    return FH_OK;
}
