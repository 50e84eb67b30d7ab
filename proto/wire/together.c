/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/together.h"

#include "common/assert.h"

#include <string.h>

static const char input_tag[] = "freehold/v1/together";
static const char node_tag[] = "freehold/v1/together-node";

_Static_assert(FH_TOGETHER_MAX == 1 << FH_TOGETHER_DEPTH_MAX, "the ways of a full tree");
_Static_assert(sizeof input_tag + FH_ID_BYTES + FH_HASH_BYTES == FH_TOGETHER_INPUT_BYTES, "fits");

static struct fh_hash node_of(const struct fh_hash *left, const struct fh_hash *right)
{
    const struct fh_bytes parts[] = {fh_bytes(node_tag, sizeof node_tag),
                                     fh_bytes(left->b, sizeof left->b),
                                     fh_bytes(right->b, sizeof right->b)};
    return fh_hash_parts(parts, FH_COUNT(parts));
}

static struct fh_hash leaf_of(const struct fh_record_id *id)
{
    struct fh_hash leaf;
    _Static_assert(sizeof leaf.b == sizeof id->b, "an id is a hash");
    memcpy(leaf.b, id->b, sizeof leaf.b);
    return leaf;
}

static void step(struct fh_together *way, const struct fh_hash *other, bool at_right)
{
    way->sides |= (unsigned)at_right << way->depth;
    way->path[way->depth++] = *other;
}

void fh_together_make(struct fh_hash *out_root,
                      struct fh_together *out_ways,
                      const struct fh_record_id *ids,
                      unsigned count)
{
    struct fh_hash level[FH_TOGETHER_MAX];
    unsigned place[FH_TOGETHER_MAX]; /* of each id's subtree in the level */
    FH_ASSERT(count >= 2 && count <= FH_TOGETHER_MAX);
    for (unsigned i = 0; i < count; i++) {
        level[i] = leaf_of(&ids[i]);
        place[i] = i;
        out_ways[i] = (struct fh_together){.depth = 0};
    }
    for (unsigned width = count; width > 1; width = (width + 1) / 2) {
        for (unsigned i = 0; i < count; i++) {
            unsigned other = place[i] ^ 1U;
            if (other < width) {
                step(&out_ways[i], &level[other], (place[i] & 1U) != 0);
            }
            place[i] /= 2;
        }
        for (unsigned i = 0; i < width; i += 2) {
            level[i / 2] = i + 1 < width ? node_of(&level[i], &level[i + 1]) : level[i];
        }
    }
    *out_root = level[0];
}

struct fh_hash fh_together_root(const struct fh_together *way, const struct fh_record_id *id)
{
    struct fh_hash at = leaf_of(id);
    FH_ASSERT(way->depth >= 1 && way->depth <= FH_TOGETHER_DEPTH_MAX);
    for (unsigned i = 0; i < way->depth; i++) {
        bool at_right = (way->sides >> i & 1U) != 0;
        at = at_right ? node_of(&way->path[i], &at) : node_of(&at, &way->path[i]);
    }
    return at;
}

void fh_together_input(uint8_t out[FH_TOGETHER_INPUT_BYTES],
                       const struct fh_mesh_id *mesh,
                       const struct fh_hash *root)
{
    memcpy(out, input_tag, sizeof input_tag);
    memcpy(out + sizeof input_tag, mesh->b, sizeof mesh->b);
    memcpy(out + sizeof input_tag + sizeof mesh->b, root->b, sizeof root->b);
}
