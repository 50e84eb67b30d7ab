/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/query/tally.h"

#include "common/assert.h"

#include <string.h>

/*
 * RFC 6962 splits n leaves at the largest power of two below n. Read from the left, the perfect
 * subtrees of a tree of n leaves are the set bits of n, highest first. Adding a leaf is a binary
 * increment: equal neighbours merge and carry.
 */

enum { LEAF_PREFIX = 0x00, NODE_PREFIX = 0x01 };

static struct fh_hash node_hash(uint8_t prefix, const struct fh_bytes *parts, size_t count)
{
    struct fh_bytes all[3] = {fh_bytes(&prefix, 1)};
    FH_ASSERT(count < FH_COUNT(all));
    for (size_t i = 0; i < count; i++) {
        all[i + 1] = parts[i];
    }
    struct fh_hash hash;
    fh_sha256_parts(hash.b, all, count + 1);
    return hash;
}

static struct fh_hash join(const struct fh_hash *left, const struct fh_hash *right)
{
    struct fh_bytes parts[] = {fh_bytes(left->b, sizeof left->b),
                               fh_bytes(right->b, sizeof right->b)};
    return node_hash(NODE_PREFIX, parts, FH_COUNT(parts));
}

void fh_tree_init(struct fh_tree *tree)
{
    *tree = (struct fh_tree){0};
}

struct fh_hash fh_tree_leaf(struct fh_bytes plaintext)
{
    return node_hash(LEAF_PREFIX, &plaintext, 1);
}

void fh_tree_add(struct fh_tree *tree, const struct fh_hash *leaf)
{
    FH_ASSERT(tree->leaves < UINT64_MAX);
    struct fh_hash carry = *leaf;
    unsigned level = 0;
    for (uint64_t bits = tree->leaves; (bits & 1) != 0; bits >>= 1) {
        carry = join(&tree->level[level], &carry);
        level++;
    }
    tree->level[level] = carry;
    tree->leaves++;
}

struct fh_hash fh_tree_root(const struct fh_tree *tree)
{
    struct fh_hash root = {{0}};
    bool some = false;
    for (unsigned level = 0; level < FH_TREE_LEVELS; level++) {
        if ((tree->leaves >> level & 1) == 0) {
            continue;
        }
        root = some ? join(&tree->level[level], &root) : tree->level[level];
        some = true;
    }
    if (!some) {
        fh_sha256_parts(root.b, NULL, 0);
    }
    return root;
}

void fh_tally_init(struct fh_tally *tally, bool with_tree)
{
    tally->rows = 0;
    tally->bytes = 0;
    tally->batches = 0;
    tally->has_tree = with_tree;
    fh_hasher_init(&tally->tags);
    fh_tree_init(&tally->tree);
}

void fh_tally_inline_tag(uint8_t out_tag[FH_AEAD_TAG_BYTES], struct fh_bytes batch)
{
    static const char domain[] = "freehold/v1/inline-batch";
    struct fh_hasher hasher;
    fh_hasher_init(&hasher);
    fh_hasher_add(&hasher, fh_bytes(domain, sizeof domain));
    fh_hasher_add(&hasher, batch);
    struct fh_hash hash = fh_hasher_read(&hasher);
    _Static_assert(sizeof hash.b >= FH_AEAD_TAG_BYTES, "a hash is longer than a tag");
    memcpy(out_tag, hash.b, FH_AEAD_TAG_BYTES);
}

void fh_tally_batch(struct fh_tally *tally,
                    uint64_t rows,
                    struct fh_bytes plaintext,
                    const uint8_t tag[FH_AEAD_TAG_BYTES],
                    struct fh_hash *out_leaf)
{
    FH_ASSERT(rows <= UINT64_MAX - tally->rows);
    FH_ASSERT(out_leaf == NULL || tally->has_tree);
    tally->rows += rows;
    tally->bytes += plaintext.size;
    tally->batches++;
    fh_hasher_add(&tally->tags, fh_bytes(tag, FH_AEAD_TAG_BYTES));
    if (tally->has_tree) {
        struct fh_hash leaf = fh_tree_leaf(plaintext);
        fh_tree_add(&tally->tree, &leaf);
        if (out_leaf != NULL) {
            *out_leaf = leaf;
        }
    }
}

struct fh_observed fh_tally_read(const struct fh_tally *tally)
{
    struct fh_observed observed = {.rows = tally->rows,
                                   .bytes = tally->bytes,
                                   .batches = tally->batches,
                                   .tags = fh_hasher_read(&tally->tags),
                                   .has_tree = tally->has_tree};
    if (tally->has_tree) {
        observed.tree = fh_tree_root(&tally->tree);
    }
    return observed;
}
