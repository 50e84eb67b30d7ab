/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keystore: the node's secret keys, in locked memory, behind functions that use them.
 *
 * The node key (Ed25519) signs, the static key (X25519) agrees, and from the mask key come those of
 * keyed hashes. All are read once from key files of the home, sit in pages that are never swapped
 * or dumped, and are wiped at the end. The rest of the daemon sees ids, public keys and results.
 * The domain key is never here.
 *
 * The mask key is made here when the home has none: nobody else ever needs it. Whoever loses it
 * gets other hashes from then on, and nothing else.
 *
 * Does not: make the others (the CLI does, at `init`).
 * Thread: immutable after opening: any. Ownership: lent pointers live as long as the keystore.
 */
#ifndef FH_NODE_STATE_KEYSTORE_H
#define FH_NODE_STATE_KEYSTORE_H

#include "common/home.h"
#include "proto/wire/crypto.h"

struct fh_keystore;

/* Reads keys/node.key, keys/node_agree.key and keys/mask.key, which it makes if it is not there
 * (FH_EIO). FH_ENOTFOUND ("key.missing": run init), FH_EDENIED
 * ("key.permissions", "key.passphrase"), FH_EINVAL ("key.*": damaged), FH_ENOMEM (also when the
 * limit of locked memory is too small). Given. */
FH_MUST_CHECK int
fh_keystore_open(struct fh_keystore **out, const struct fh_home *home, struct fh_err *err);
/* Wipes and ends; NULL is fine. */
void fh_keystore_close(struct fh_keystore *keys);
static inline void fh_keystore_closep(struct fh_keystore **keys)
{
    fh_keystore_close(*keys);
}

struct fh_node_id fh_keystore_node(const struct fh_keystore *keys);
struct fh_sign_public fh_keystore_sign_public(const struct fh_keystore *keys);
struct fh_agree_public fh_keystore_agree_public(const struct fh_keystore *keys);

/* Signs the message with the node key. */
void fh_keystore_sign(const struct fh_keystore *keys,
                      struct fh_signature *out,
                      struct fh_bytes message);
/* fh_record_seal_together with the node key. */
void fh_keystore_seal_together(const struct fh_keystore *keys,
                               struct fh_buf *const *outs,
                               unsigned type,
                               const struct fh_mesh_id *mesh,
                               const struct fh_bytes *payloads,
                               unsigned count);
/* fh_record_seal with the node key: appends a record around `payload`. Fits fh_gossip_env.seal with
 * a small wrapper that knows the mesh. */
void fh_keystore_seal(const struct fh_keystore *keys,
                      struct fh_buf *out,
                      unsigned type,
                      const struct fh_mesh_id *mesh,
                      struct fh_bytes payload);
/* X25519 of the static key with `peer`; false as fh_agree. */
FH_MUST_CHECK bool fh_keystore_agree(const struct fh_keystore *keys,
                                     uint8_t out_shared[32],
                                     const struct fh_agree_public *peer);

/* The key of the keyed hash of one column, for the worker that masks it: a keyed BLAKE2b of its
 * domain, product, table and column under the mask key. The caller wipes it. */
struct fh_mask_column {
    const struct fh_domain_id *domain;
    const char *product; /* without version: hashes of two versions can be joined */
    const char *table;
    const char *column;
};
void fh_keystore_mask_key(const struct fh_keystore *keys,
                          uint8_t out[FH_MAC_KEY_BYTES],
                          const struct fh_mask_column *column);

/* The secrets themselves, lent, for the handshake code that takes keys by pointer: never copied. */
const struct fh_sign_secret *fh_keystore_sign_secret(const struct fh_keystore *keys);
const struct fh_agree_secret *fh_keystore_agree_secret(const struct fh_keystore *keys);

#endif
