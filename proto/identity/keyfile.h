/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key file: the 84 bytes in which a seed rests on a disk.
 *
 *     0  8  magic "FREEHOLD"
 *     8  1  version 1
 *     9  1  kind (enum fh_key_kind)
 *    10  1  protection: 0 plain, 1 Argon2id and ChaCha20-Poly1305
 *    11  1  zero
 *    12  4  passes, big-endian; zero when plain
 *    16  4  memory in KiB, big-endian; zero when plain
 *    20 16  salt; zero when plain
 *    36 32  seed, or the seed sealed with counter 0 and AD = bytes 0..35
 *    68 16  plain: first 16 bytes of BLAKE2b-256("freehold/v1/keyfile\0" || bytes 0..67);
 *           sealed: the tag
 *
 * Does not: read or write files, ask for a passphrase. Thread: any. Ownership: values; the caller
 * wipes seeds.
 */
#ifndef FH_PROTO_IDENTITY_KEYFILE_H
#define FH_PROTO_IDENTITY_KEYFILE_H

#include "proto/wire/crypto.h"

enum { FH_KEYFILE_BYTES = 84, FH_KEYFILE_SALT_BYTES = FH_PASSWORD_SALT_BYTES };

enum fh_key_kind {
    FH_KEY_DOMAIN = 1,
    FH_KEY_NEXT = 2, /* the pre-rotated key; meant to be taken offline */
    FH_KEY_NODE = 3,
    FH_KEY_NODE_AGREE = 4, /* X25519 static key of a node */
    FH_KEY_PUBLISHER = 5,
    FH_KEY_MEMBER = 6,
    FH_KEY_MEMBER_AGREE = 7,
    FH_KEY_MASK = 8, /* of a node: keyed hashes of masked columns come from it */
    FH_KEY_KIND_END
};

/* "domain", "next", "node", "node-agree", "publisher", "member", "member-agree", "mask";
 * "unknown". */
const char *fh_key_kind_text(unsigned kind);

/* How to seal; RFC 9106 recommends at least 64 MiB and 3 passes. */
struct fh_keyfile_lock {
    struct fh_bytes passphrase;          /* borrowed */
    uint8_t salt[FH_KEYFILE_SALT_BYTES]; /* fresh for each file */
    uint32_t passes;                     /* 1 .. 16 */
    uint32_t memory_kib;                 /* 8 .. 1 GiB */
};

/* Writes a key file; `lock` NULL means plain. FH_ENOMEM, FH_EINVAL ("key.lock"). */
FH_MUST_CHECK int fh_keyfile_encode(uint8_t out[FH_KEYFILE_BYTES],
                                    enum fh_key_kind kind,
                                    const uint8_t seed[FH_SEED_BYTES],
                                    const struct fh_keyfile_lock *lock,
                                    struct fh_err *err);

/* Whether the bytes are a sealed key file that needs a passphrase. */
bool fh_keyfile_is_locked(struct fh_bytes bytes);

/* Reads a key file of the expected kind. `passphrase` is ignored when the file is plain.
 * FH_EINVAL ("key.magic", "key.kind", "key.check", "key.size"), FH_EVERSION ("key.version"),
 * FH_EDENIED ("key.passphrase"), FH_ENOMEM. `out_seed` is wiped on failure. */
FH_MUST_CHECK int fh_keyfile_decode(uint8_t out_seed[FH_SEED_BYTES],
                                    enum fh_key_kind expected,
                                    struct fh_bytes bytes,
                                    struct fh_bytes passphrase,
                                    struct fh_err *err);

#endif
