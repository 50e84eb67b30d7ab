/* SPDX-License-Identifier: Apache-2.0 */
/* Tally: the tree against the published vectors and against the definition; the digest in steps. */
#include "proto/query/tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

/* The leaves and roots that implementations of RFC 6962 test against. */
static const struct {
    const char *leaf; /* hex of the last leaf of the tree */
    const char *root; /* hex of the root over all leaves up to it */
} vectors[] = {
    {"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
    {"00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
    {"10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
    {"2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
    {"3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
    {"40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
    {"5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
    {"606162636465666768696a6b6c6d6e6f",
     "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
};

static void assert_hash(const struct fh_hash *hash, const char *hex)
{
    char text[2 * FH_HASH_BYTES + 1];
    fh_hex(text, hash->b, FH_HASH_BYTES);
    assert_string_equal(text, hex);
}

static void test_published_vectors(void **state)
{
    (void)state;
    struct fh_tree tree;
    fh_tree_init(&tree);
    struct fh_hash root = fh_tree_root(&tree);
    assert_hash(&root, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (size_t i = 0; i < FH_COUNT(vectors); i++) {
        uint8_t leaf[16];
        size_t size = strlen(vectors[i].leaf) / 2;
        assert_true(fh_unhex(leaf, size, vectors[i].leaf));
        struct fh_hash hash = fh_tree_leaf(fh_bytes(leaf, size));
        fh_tree_add(&tree, &hash);
        root = fh_tree_root(&tree);
        assert_hash(&root, vectors[i].root);
    }
}

/* MTH of RFC 6962, section 2.1, as it is written there. */
static struct fh_hash mth(const struct fh_hash *leaves, size_t count)
{
    if (count == 1) {
        return leaves[0];
    }
    size_t split = 1;
    while (split * 2 < count) {
        split *= 2;
    }
    struct fh_hash left = mth(leaves, split);
    struct fh_hash right = mth(leaves + split, count - split);
    static const uint8_t prefix = 1;
    struct fh_bytes parts[] = {fh_bytes(&prefix, 1), fh_bytes(left.b, 32), fh_bytes(right.b, 32)};
    struct fh_hash hash;
    fh_sha256_parts(hash.b, parts, FH_COUNT(parts));
    return hash;
}

static void test_every_size_follows_the_definition(void **state)
{
    (void)state;
    enum { COUNT = 130 };
    static struct fh_hash leaves[COUNT];
    struct fh_tree tree;
    fh_tree_init(&tree);
    for (size_t i = 0; i < COUNT; i++) {
        uint8_t number = (uint8_t)i;
        leaves[i] = fh_tree_leaf(fh_bytes(&number, 1));
        fh_tree_add(&tree, &leaves[i]);
        struct fh_hash root = fh_tree_root(&tree);
        struct fh_hash expected = mth(leaves, i + 1);
        assert_memory_equal(root.b, expected.b, FH_HASH_BYTES);
    }
}

static void test_leaf_and_node_cannot_be_confused(void **state)
{
    (void)state;
    struct fh_hash a = fh_tree_leaf(fh_bytes("a", 1));
    struct fh_hash b = fh_tree_leaf(fh_bytes("b", 1));
    struct fh_tree two;
    struct fh_tree one;
    fh_tree_init(&two);
    fh_tree_add(&two, &a);
    fh_tree_add(&two, &b);
    uint8_t both[64];
    memcpy(both, a.b, 32);
    memcpy(both + 32, b.b, 32);
    struct fh_hash leaf = fh_tree_leaf(fh_bytes(both, sizeof both));
    fh_tree_init(&one);
    fh_tree_add(&one, &leaf);
    struct fh_hash root_two = fh_tree_root(&two);
    struct fh_hash root_one = fh_tree_root(&one);
    assert_memory_not_equal(root_two.b, root_one.b, FH_HASH_BYTES);
}

static void test_tags_digest_is_one_hash_over_all(void **state)
{
    (void)state;
    enum { BATCHES = 5 };
    uint8_t tags[BATCHES][FH_AEAD_TAG_BYTES];
    struct fh_tally tally;
    fh_tally_init(&tally, false);
    for (unsigned i = 0; i < BATCHES; i++) {
        memset(tags[i], (int)i + 1, sizeof tags[i]);
        fh_tally_batch(&tally, 10 + i, fh_bytes("xyz", i % 3), tags[i], NULL);
    }
    struct fh_observed seen = fh_tally_read(&tally);
    struct fh_hash expected = fh_hash(fh_bytes(tags, sizeof tags));
    assert_memory_equal(seen.tags.b, expected.b, FH_HASH_BYTES);
    assert_int_equal(seen.rows, 60);
    assert_int_equal(seen.bytes, 0 + 1 + 2 + 0 + 1);
    assert_int_equal(seen.batches, BATCHES);
    assert_false(seen.has_tree);
}

static void test_reading_does_not_end_the_tally(void **state)
{
    (void)state;
    uint8_t tag[FH_AEAD_TAG_BYTES] = {7};
    struct fh_tally read_often;
    struct fh_tally read_once;
    fh_tally_init(&read_often, true);
    fh_tally_init(&read_once, true);
    for (unsigned i = 0; i < 7; i++) {
        struct fh_hash leaf;
        struct fh_hash again = fh_tree_leaf(fh_bytes(&i, sizeof i));
        fh_tally_batch(&read_often, 1, fh_bytes(&i, sizeof i), tag, &leaf);
        fh_tally_batch(&read_once, 1, fh_bytes(&i, sizeof i), tag, NULL);
        assert_memory_equal(leaf.b, again.b, FH_HASH_BYTES);
        (void)fh_tally_read(&read_often);
    }
    struct fh_observed often = fh_tally_read(&read_often);
    struct fh_observed once = fh_tally_read(&read_once);
    assert_memory_equal(often.tags.b, once.tags.b, FH_HASH_BYTES);
    assert_memory_equal(often.tree.b, once.tree.b, FH_HASH_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_vectors),
        cmocka_unit_test(test_every_size_follows_the_definition),
        cmocka_unit_test(test_leaf_and_node_cannot_be_confused),
        cmocka_unit_test(test_tags_digest_is_one_hash_over_all),
        cmocka_unit_test(test_reading_does_not_end_the_tally),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
