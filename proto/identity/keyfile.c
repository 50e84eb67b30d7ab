/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/identity/keyfile.h"

enum {
    AT_VERSION = 8,
    AT_KIND = 9,
    AT_PROTECTION = 10,
    AT_ZERO = 11,
    AT_PASSES = 12,
    AT_MEMORY = 16,
    AT_SALT = 20,
    AT_SEED = 36,
    AT_CHECK = 68,
    CHECK_BYTES = 16,
    VERSION = 1,
    PLAIN = 0,
    ARGON2ID = 1,
};

_Static_assert(AT_CHECK + CHECK_BYTES == FH_KEYFILE_BYTES, "layout");
_Static_assert(AT_SEED + FH_SEED_BYTES + FH_AEAD_TAG_BYTES == FH_KEYFILE_BYTES, "sealed layout");

static const char magic[8] = {'F', 'R', 'E', 'E', 'H', 'O', 'L', 'D'};

static const char *const kind_texts[FH_KEY_KIND_END] = {
    [FH_KEY_DOMAIN] = "domain",
    [FH_KEY_NEXT] = "next",
    [FH_KEY_NODE] = "node",
    [FH_KEY_NODE_AGREE] = "node-agree",
    [FH_KEY_PUBLISHER] = "publisher",
    [FH_KEY_MEMBER] = "member",
    [FH_KEY_MEMBER_AGREE] = "member-agree",
    [FH_KEY_MASK] = "mask",
};

const char *fh_key_kind_text(unsigned kind)
{
    return kind > 0 && kind < FH_KEY_KIND_END ? kind_texts[kind] : "unknown";
}

static void plain_check(uint8_t out[CHECK_BYTES], const uint8_t *file)
{
    static const char tag[] = "freehold/v1/keyfile";
    const struct fh_bytes parts[] = {fh_bytes(tag, sizeof tag), fh_bytes(file, AT_CHECK)};
    struct fh_hash hash = fh_hash_parts(parts, FH_COUNT(parts));
    memcpy(out, hash.b, CHECK_BYTES);
}

int fh_keyfile_encode(uint8_t out[FH_KEYFILE_BYTES],
                      enum fh_key_kind kind,
                      const uint8_t seed[FH_SEED_BYTES],
                      const struct fh_keyfile_lock *lock,
                      struct fh_err *err)
{
    memset(out, 0, FH_KEYFILE_BYTES);
    memcpy(out, magic, sizeof magic);
    out[AT_VERSION] = VERSION;
    out[AT_KIND] = (uint8_t)kind;
    if (lock == NULL) {
        memcpy(out + AT_SEED, seed, FH_SEED_BYTES);
        plain_check(out + AT_CHECK, out);
        return FH_OK;
    }
    out[AT_PROTECTION] = ARGON2ID;
    fh_put_u32be(out + AT_PASSES, lock->passes);
    fh_put_u32be(out + AT_MEMORY, lock->memory_kib);
    memcpy(out + AT_SALT, lock->salt, FH_KEYFILE_SALT_BYTES);
    uint8_t key[FH_AEAD_KEY_BYTES];
    int code = fh_password_key(key, lock->passphrase, lock->salt, lock->passes, lock->memory_kib);
    if (code != FH_OK) {
        fh_wipe(out, FH_KEYFILE_BYTES);
        return fh_err_rule(
            err,
            code,
            "key.lock",
            "key file: %u passes over %u KiB: expected 1 to 16 passes over 8 KiB to 1 "
            "GiB that this machine has",
            lock->passes,
            lock->memory_kib);
    }
    fh_aead_seal(out + AT_SEED, fh_bytes(seed, FH_SEED_BYTES), fh_bytes(out, AT_SEED), 0, key);
    fh_wipe(key, sizeof key);
    return FH_OK;
}

bool fh_keyfile_is_locked(struct fh_bytes bytes)
{
    return bytes.size == FH_KEYFILE_BYTES && memcmp(bytes.data, magic, sizeof magic) == 0 &&
           bytes.data[AT_PROTECTION] == ARGON2ID;
}

static int check_head(struct fh_bytes bytes, enum fh_key_kind expected, struct fh_err *err)
{
    if (bytes.size != FH_KEYFILE_BYTES) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "key.size",
                           "key file: %zu bytes: expected %d",
                           bytes.size,
                           FH_KEYFILE_BYTES);
    }
    if (memcmp(bytes.data, magic, sizeof magic) != 0) {
        return fh_err_rule(err, FH_EINVAL, "key.magic", "not a key file of Freehold");
    }
    if (bytes.data[AT_VERSION] != VERSION || bytes.data[AT_PROTECTION] > ARGON2ID ||
        bytes.data[AT_ZERO] != 0) {
        return fh_err_rule(
            err,
            FH_EVERSION,
            "key.version",
            "key file: version %u, protection %u: expected version 1, protection 0 or "
            "1",
            bytes.data[AT_VERSION],
            bytes.data[AT_PROTECTION]);
    }
    if (bytes.data[AT_KIND] != expected) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "key.kind",
                           "key file: holds a %s key: expected a %s key",
                           fh_key_kind_text(bytes.data[AT_KIND]),
                           fh_key_kind_text(expected));
    }
    return FH_OK;
}

static int open_plain(uint8_t out_seed[FH_SEED_BYTES], const uint8_t *file, struct fh_err *err)
{
    static const uint8_t zero[AT_SEED - AT_PASSES];
    uint8_t check[CHECK_BYTES];
    plain_check(check, file);
    if (memcmp(file + AT_PASSES, zero, sizeof zero) != 0 ||
        !fh_crypto_equal(check, file + AT_CHECK, sizeof check)) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "key.check",
                           "key file: damaged: its check does not fit; restore it from a copy");
    }
    memcpy(out_seed, file + AT_SEED, FH_SEED_BYTES);
    return FH_OK;
}

static int open_locked(uint8_t out_seed[FH_SEED_BYTES],
                       const uint8_t *file,
                       struct fh_bytes passphrase,
                       struct fh_err *err)
{
    uint8_t key[FH_AEAD_KEY_BYTES];
    int code = fh_password_key(key,
                               passphrase,
                               file + AT_SALT,
                               fh_get_u32be(file + AT_PASSES),
                               fh_get_u32be(file + AT_MEMORY));
    if (code != FH_OK) {
        return fh_err_rule(err,
                           code,
                           "key.lock",
                           "key file: its passphrase parameters are out of range or more than this "
                           "machine has");
    }
    bool right = fh_aead_open(out_seed,
                              fh_bytes(file + AT_SEED, FH_SEED_BYTES + FH_AEAD_TAG_BYTES),
                              fh_bytes(file, AT_SEED),
                              0,
                              key);
    fh_wipe(key, sizeof key);
    return right ? FH_OK
                 : fh_err_rule(err,
                               FH_EDENIED,
                               "key.passphrase",
                               "key file: wrong passphrase, or a damaged file");
}

int fh_keyfile_decode(uint8_t out_seed[FH_SEED_BYTES],
                      enum fh_key_kind expected,
                      struct fh_bytes bytes,
                      struct fh_bytes passphrase,
                      struct fh_err *err)
{
    int code = check_head(bytes, expected, err);
    if (code == FH_OK) {
        code = bytes.data[AT_PROTECTION] == PLAIN
                   ? open_plain(out_seed, bytes.data, err)
                   : open_locked(out_seed, bytes.data, passphrase, err);
    }
    if (code != FH_OK) {
        fh_wipe(out_seed, FH_SEED_BYTES);
    }
    return code;
}
