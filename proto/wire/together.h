/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Together: one signature for several records of one signer.
 *
 * Signing and verifying take longer than all else about a small request and its receipt. Who has
 * several at hand makes a hash tree over their ids and signs its root; each record carries the
 * signature and its own way to the root, and stands alone with it:
 *
 *     root ──► signed as "freehold/v1/together\0" || mesh id (32) || root (32)
 *      ├── H("freehold/v1/together-node\0" || left || right)
 *      │    ├── id of record 0
 *      │    └── id of record 1
 *      └── id of record 2: what is left over goes up as it is
 *
 * An id is the hash of a signature input that begins with another text, so none is a node of a
 * tree; and what is signed so begins with a text that no record's does. Who holds two records can
 * tell whether they were signed together, so only what goes to one reader is.
 *
 * Does not: sign, or know what records are for (record.h). Thread: any; values.
 * Source: R. Merkle, "A Digital Signature Based on a Conventional Encryption Function", 1987.
 */
#ifndef FH_PROTO_WIRE_TOGETHER_H
#define FH_PROTO_WIRE_TOGETHER_H

#include "proto/wire/crypto.h"
#include "proto/wire/id.h"

enum {
    FH_TOGETHER_MAX = 16, /* records of one signature */
    FH_TOGETHER_DEPTH_MAX = 4,
    FH_TOGETHER_INPUT_BYTES = 21 + FH_ID_BYTES + FH_HASH_BYTES,
};

/* From a record's id to the root. */
struct fh_together {
    unsigned depth; /* 0: the record is signed alone */
    unsigned sides; /* bit i: what is hashed with path[i] stands at the right of it */
    struct fh_hash path[FH_TOGETHER_DEPTH_MAX];
};

/* The ways of 2..FH_TOGETHER_MAX ids, and their root. */
void fh_together_make(struct fh_hash *out_root,
                      struct fh_together *out_ways,
                      const struct fh_record_id *ids,
                      unsigned count);

/* Where the way of this id ends: the root, if it is that id's. Of depth 1 or more. */
struct fh_hash fh_together_root(const struct fh_together *way, const struct fh_record_id *id);

/* What is signed for a root. */
void fh_together_input(uint8_t out[FH_TOGETHER_INPUT_BYTES],
                       const struct fh_mesh_id *mesh,
                       const struct fh_hash *root);

#endif
