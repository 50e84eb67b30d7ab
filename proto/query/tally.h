/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tally: what one end of a stream counted and hashed of it, batch by batch.
 *
 * Producer and consumer keep one each; the producer's goes into the receipt, the consumer compares.
 * The digest covers the AEAD tags of the batch replies in order, so inside one end-to-end session
 * it binds every byte at no cost. On demand a Merkle tree over the plaintexts (RFC 6962, section
 * 2.1: SHA-256, leaf prefix 0x00, node prefix 0x01) lets a third party check the data; its running
 * state is one hash per level, O(log n).
 *
 * Does not: hold row data. Thread: distinct objects. Ownership: plain values.
 */
#ifndef FH_PROTO_QUERY_TALLY_H
#define FH_PROTO_QUERY_TALLY_H

#include "proto/wire/crypto.h"

enum { FH_TREE_LEVELS = 64 }; /* one per bit of the leaf count */

struct fh_tree {
    uint64_t leaves;
    struct fh_hash level[FH_TREE_LEVELS]; /* private: root of the perfect subtree of each set bit */
};

void fh_tree_init(struct fh_tree *tree);
/* The hash of a batch's plaintext as a leaf. */
struct fh_hash fh_tree_leaf(struct fh_bytes plaintext);
void fh_tree_add(struct fh_tree *tree, const struct fh_hash *leaf);
/* The root over all leaves so far; of none: SHA-256 of the empty string. */
struct fh_hash fh_tree_root(const struct fh_tree *tree);

/* What was seen of a stream. */
struct fh_observed {
    uint64_t rows;
    uint64_t bytes; /* of batch plaintexts */
    uint64_t batches;
    struct fh_hash tags;
    bool has_tree;
    struct fh_hash tree; /* when has_tree */
};

struct fh_tally {
    uint64_t rows; /* private from here on */
    uint64_t bytes;
    uint64_t batches;
    struct fh_hasher tags;
    bool has_tree;
    struct fh_tree tree;
};

void fh_tally_init(struct fh_tally *tally, bool with_tree);
/* What stands for the tag of a batch that has no frame of its own, because it came inside the
 * answer to QUERY: 16 bytes of a hash of its bytes. */
void fh_tally_inline_tag(uint8_t out_tag[FH_AEAD_TAG_BYTES], struct fh_bytes batch);

/* Counts one batch: its rows, its plaintext, the AEAD tag of the reply that carried it. The
 * plaintext is hashed only for a tree. Gives the leaf when `out_leaf` is not NULL (tree only). */
void fh_tally_batch(struct fh_tally *tally,
                    uint64_t rows,
                    struct fh_bytes plaintext,
                    const uint8_t tag[FH_AEAD_TAG_BYTES],
                    struct fh_hash *out_leaf);
/* What was counted so far; the tally may go on. */
struct fh_observed fh_tally_read(const struct fh_tally *tally);

#endif
