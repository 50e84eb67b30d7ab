/* SPDX-License-Identifier: Apache-2.0 */
/* One signature for several records: each stands alone, and none can be moved, changed or added. */
#include "common/mem.h"
#include "proto/wire/pack.h"
#include "proto/wire/record.h"
#include "proto/wire/verified.h"
#include "tests/lib/identities.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct fh_mesh_id mesh = {{1, 2, 3}};
static const struct fh_mesh_id other_mesh = {{1, 2, 4}};

/* ---- the tree ---- */

static struct fh_record_id id_of(unsigned number)
{
    struct fh_hash hash = fh_hash(fh_bytes(&number, sizeof number));
    struct fh_record_id id;
    memcpy(id.b, hash.b, sizeof id.b);
    return id;
}

static void every_way_ends_at_the_root(void **state)
{
    (void)state;
    for (unsigned count = 2; count <= FH_TOGETHER_MAX; count++) {
        struct fh_record_id ids[FH_TOGETHER_MAX];
        struct fh_together ways[FH_TOGETHER_MAX];
        struct fh_hash root;
        for (unsigned i = 0; i < count; i++) {
            ids[i] = id_of(i);
        }
        fh_together_make(&root, ways, ids, count);
        for (unsigned i = 0; i < count; i++) {
            assert_in_range(ways[i].depth, 1, FH_TOGETHER_DEPTH_MAX);
            assert_int_equal(ways[i].sides >> ways[i].depth, 0);
            for (unsigned k = 0; k < count; k++) { /* and no other id's does */
                struct fh_hash end = fh_together_root(&ways[i], &ids[k]);
                assert_int_equal(memcmp(end.b, root.b, sizeof root.b) == 0, i == k);
            }
        }
    }
}

static void a_tree_of_three_is_as_written(void **state)
{
    (void)state;
    struct fh_record_id ids[] = {id_of(0), id_of(1), id_of(2)};
    struct fh_together ways[3];
    struct fh_hash root;
    fh_together_make(&root, ways, ids, 3);
    static const char tag[] = "freehold/v1/together-node";
    const struct fh_bytes low[] = {fh_bytes(tag, sizeof tag),
                                   fh_bytes(ids[0].b, sizeof ids[0].b),
                                   fh_bytes(ids[1].b, sizeof ids[1].b)};
    struct fh_hash pair = fh_hash_parts(low, FH_COUNT(low));
    const struct fh_bytes high[] = {fh_bytes(tag, sizeof tag),
                                    fh_bytes(pair.b, sizeof pair.b),
                                    fh_bytes(ids[2].b, sizeof ids[2].b)};
    struct fh_hash top = fh_hash_parts(high, FH_COUNT(high));
    assert_memory_equal(root.b, top.b, sizeof top.b);
    assert_int_equal(ways[2].depth, 1);
    assert_int_equal(ways[2].sides, 1); /* it stands at the right of the pair */
    assert_memory_equal(ways[2].path[0].b, pair.b, sizeof pair.b);
    assert_int_equal(ways[0].depth, 2);
    assert_int_equal(ways[0].sides, 0);
}

/* ---- records ---- */

static void payload_of(struct fh_buf *out, unsigned number)
{
    fh_buf_init(out, FH_RECORD_BYTES_MAX);
    fh_pack_array(out, 2);
    fh_pack_uint(out, 1);
    fh_pack_uint(out, number);
}

struct batch {
    unsigned count;
    struct fh_buf bytes[FH_TOGETHER_MAX];
};

static void batch_make(struct batch *b, unsigned type, unsigned count, const struct test_key *key)
{
    struct fh_buf payloads[FH_TOGETHER_MAX];
    struct fh_bytes views[FH_TOGETHER_MAX];
    struct fh_buf *outs[FH_TOGETHER_MAX];
    b->count = count;
    for (unsigned i = 0; i < count; i++) {
        payload_of(&payloads[i], i);
        views[i] = fh_buf_view(&payloads[i]);
        fh_buf_init(&b->bytes[i], FH_RECORD_BYTES_MAX);
        outs[i] = &b->bytes[i];
    }
    fh_record_seal_together(outs, type, &mesh, views, count, &key->secret);
    for (unsigned i = 0; i < count; i++) {
        fh_buf_fini(&payloads[i]);
    }
}

static void batch_free(struct batch *b)
{
    for (unsigned i = 0; i < b->count; i++) {
        fh_buf_fini(&b->bytes[i]);
    }
}

static bool is_good(struct fh_bytes bytes,
                    const struct fh_mesh_id *in_mesh,
                    const struct test_key *key,
                    const struct fh_verifier *verifier)
{
    struct fh_record record;
    return fh_record_parse(&record, bytes, in_mesh, NULL) == FH_OK &&
           fh_record_signed_by(&record, 0, in_mesh, &key->public_key, verifier);
}

static void each_verifies_alone(void **state)
{
    (void)state;
    struct test_key key = test_key_of("key", 1);
    struct test_key other = test_key_of("key", 2);
    static const unsigned types[] = {FH_RECORD_REQUEST, FH_RECORD_RECEIPT};
    for (unsigned count = 1; count <= FH_TOGETHER_MAX; count++) {
        struct batch b;
        batch_make(&b, types[count % 2], count, &key);
        for (unsigned i = 0; i < count; i++) {
            struct fh_bytes bytes = fh_buf_view(&b.bytes[i]);
            struct fh_record record;
            assert_int_equal(fh_buf_ok(&b.bytes[i]), FH_OK);
            assert_int_equal(fh_record_parse(&record, bytes, &mesh, NULL), FH_OK);
            assert_int_equal(record.together.depth > 0, count > 1);
            struct fh_record_id id = fh_record_id_of(record.type, &mesh, record.payload);
            assert_true(fh_record_id_equal(&id, &record.id)); /* as if it were signed alone */
            assert_true(is_good(bytes, &mesh, &key, &fh_verifier_plain));
            assert_false(is_good(bytes, &mesh, &other, &fh_verifier_plain));
            assert_false(is_good(bytes, &other_mesh, &key, &fh_verifier_plain));
            record.type = types[(count + 1) % 2]; /* the other of the two */
            assert_false(
                fh_record_signed_by(&record, 0, &mesh, &key.public_key, &fh_verifier_plain));
        }
        batch_free(&b);
    }
}

static void no_byte_may_change(void **state)
{
    (void)state;
    struct test_key key = test_key_of("key", 1);
    struct batch b;
    batch_make(&b, FH_RECORD_RECEIPT, 5, &key);
    for (unsigned i = 0; i < b.count; i++) {
        uint8_t *data = b.bytes[i].data;
        for (size_t at = 0; at < b.bytes[i].size; at++) {
            for (unsigned bit = 0; bit < 8; bit++) {
                data[at] ^= (uint8_t)(1U << bit);
                if (is_good(fh_buf_view(&b.bytes[i]), &mesh, &key, &fh_verifier_plain)) {
                    fail_msg("record %u: bit %u of byte %zu says nothing", i, bit, at);
                }
                data[at] ^= (uint8_t)(1U << bit);
            }
        }
    }
    batch_free(&b);
}

/* Writes a record by hand. */
static void write_by_hand(struct fh_buf *out,
                          const struct fh_record *from,
                          unsigned type,
                          unsigned signatures,
                          const struct fh_together *way,
                          uint32_t depth)
{
    fh_buf_init(out, FH_RECORD_BYTES_MAX);
    fh_pack_array(out, 4);
    fh_pack_uint(out, 1);
    fh_pack_uint(out, type);
    fh_pack_bin(out, from->payload);
    fh_pack_array(out, signatures);
    for (unsigned i = 0; i < signatures; i++) {
        struct fh_record_signature signature = from->signatures[0];
        signature.key.b[15] = (uint8_t)i;
        fh_pack_array(out, 4);
        fh_pack_bin(out, fh_bytes(signature.key.b, sizeof signature.key.b));
        fh_pack_bin(out, fh_bytes(signature.signature.b, sizeof signature.signature.b));
        fh_pack_uint(out, way->sides);
        fh_pack_array(out, depth);
        for (uint32_t k = 0; k < depth; k++) {
            fh_pack_bin(out, fh_bytes(way->path[k % 4].b, FH_HASH_BYTES));
        }
    }
}

static void other_forms_are_refused(void **state)
{
    (void)state;
    struct test_key key = test_key_of("key", 1);
    struct batch b;
    struct fh_record record;
    batch_make(&b, FH_RECORD_RECEIPT, 2, &key);
    assert_int_equal(fh_record_parse(&record, fh_buf_view(&b.bytes[0]), &mesh, NULL), FH_OK);
    static const struct {
        const char *name;
        unsigned type;
        unsigned signatures;
        unsigned sides;
        uint32_t depth;
        int code;
    } rows[] = {
        {"as it is", FH_RECORD_RECEIPT, 1, 0, 1, FH_OK},
        {"a contract", FH_RECORD_CONTRACT, 1, 0, 1, FH_EINVAL},
        {"a revocation", FH_RECORD_REVOCATION, 1, 0, 1, FH_EINVAL},
        {"a type that nobody knows", 999, 1, 0, 1, FH_EINVAL},
        {"two signatures", FH_RECORD_RECEIPT, 2, 0, 1, FH_EINVAL},
        {"no way", FH_RECORD_RECEIPT, 1, 0, 0, FH_EINVAL},
        {"a long way", FH_RECORD_RECEIPT, 1, 0, 5, FH_EINVAL},
        {"a side beyond the way", FH_RECORD_RECEIPT, 1, 2, 1, FH_EINVAL},
        {"sides for five", FH_RECORD_RECEIPT, 1, 16, 4, FH_EINVAL},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_buf bytes;
        struct fh_record again;
        struct fh_together way = record.together;
        way.sides = rows[i].sides;
        write_by_hand(&bytes, &record, rows[i].type, rows[i].signatures, &way, rows[i].depth);
        if (fh_record_parse(&again, fh_buf_view(&bytes), &mesh, NULL) != rows[i].code) {
            fail_msg("%s", rows[i].name);
        }
        fh_buf_fini(&bytes);
    }
    batch_free(&b);
}

/* ---- how often one is verified ---- */

static unsigned verified_count;

static bool count_and_verify(void *user,
                             const struct fh_signature *signature,
                             struct fh_bytes message,
                             const struct fh_sign_public *key)
{
    (void)user;
    verified_count++;
    return fh_sign_verify(signature, message, key);
}

static bool remember(void *user,
                     const struct fh_signature *signature,
                     struct fh_bytes message,
                     const struct fh_sign_public *key)
{
    return fh_verified_check(user, signature, message, key);
}

static void who_remembers_verifies_once(void **state)
{
    (void)state;
    struct test_key key = test_key_of("key", 1);
    const struct fh_verifier counting = {.verify = count_and_verify};
    struct fh_verified *verified = fh_verified_new(&counting);
    assert_non_null(verified);
    const struct fh_verifier verifier = {.verify = remember, .user = verified};
    struct batch b;
    batch_make(&b, FH_RECORD_REQUEST, FH_TOGETHER_MAX, &key);
    for (unsigned i = 0; i < b.count; i++) {
        assert_true(is_good(fh_buf_view(&b.bytes[i]), &mesh, &key, &verifier));
    }
    assert_int_equal(verified_count, 1);
    batch_free(&b);
    fh_verified_free(verified);
}

static void what_does_not_fit_fails_alone(void **state)
{
    (void)state;
    struct test_key key = test_key_of("key", 1);
    static uint8_t large[300 * 1024];
    struct fh_buf small;
    struct fh_buf records[2];
    payload_of(&small, 1);
    struct fh_bytes payloads[] = {fh_buf_view(&small), fh_bytes(large, sizeof large)};
    struct fh_buf *outs[] = {&records[0], &records[1]};
    fh_buf_init(&records[0], FH_RECORD_BYTES_MAX);
    fh_buf_init(&records[1], FH_RECORD_BYTES_MAX);
    fh_record_seal_together(outs, FH_RECORD_REQUEST, &mesh, payloads, 2, &key.secret);
    assert_true(is_good(fh_buf_view(&records[0]), &mesh, &key, &fh_verifier_plain));
    assert_int_equal(fh_buf_ok(&records[1]), FH_ETOOBIG);
    fh_buf_fini(&records[0]);
    fh_buf_fini(&records[1]);
    fh_buf_fini(&small);
}

int main(void)
{
    if (fh_crypto_init() != FH_OK) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_ends_at_the_root),
        cmocka_unit_test(a_tree_of_three_is_as_written),
        cmocka_unit_test(each_verifies_alone),
        cmocka_unit_test(no_byte_may_change),
        cmocka_unit_test(other_forms_are_refused),
        cmocka_unit_test(who_remembers_verifies_once),
        cmocka_unit_test(what_does_not_fit_fails_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
