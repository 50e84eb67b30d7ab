/* SPDX-License-Identifier: Apache-2.0 */
/* Receipt files: made from real identities, verified with the mesh id alone, forged in many ways.
 */
#include "proto/query/receipt_file.h"

#include "common/prng.h"
#include "proto/wire/pack.h"
#include "tests/lib/identities.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW_MS (TEST_START_MS + 3 * TEST_HOUR_MS)

enum { BATCHES = 3 };

/* A mesh of domain 0 (founder, owner of one table), 1 (owner of another) and 2 (consumer, whose
 * node is the entry peer of a join). */
struct world {
    struct fh_mesh_id mesh;
    struct test_domain domains[4];
    struct fh_directory *dir;
    struct fh_query_request request;
    struct fh_buf request_record;
    struct fh_buf receipts[3];
    struct fh_buf leaves;
    struct fh_receipt_file file;
    struct fh_buf bytes;
    struct fh_receipt_file parsed;
    struct fh_receipt_verdict verdict;
};

static void add(struct world *world, const struct test_record *record)
{
    struct fh_err err = {0};
    int code = fh_directory_add(world->dir, test_bytes(record), NOW_MS, NULL, &err);
    if (code != FH_OK) {
        fail_msg("%s: %s", err.rule, err.text);
    }
}

static void make_mesh(struct world *world)
{
    for (unsigned i = 0; i < FH_COUNT(world->domains); i++) {
        world->domains[i] = test_domain_of(i);
    }
    const struct test_domain *founder = &world->domains[0];
    struct test_record charter = test_charter_1(founder, &world->mesh);
    world->dir = fh_directory_new(&world->mesh, &fh_verifier_plain);
    assert_non_null(world->dir);
    add(world, &founder->inception);
    add(world, &charter);
    struct test_record publisher =
        test_delegation(founder, &founder->publisher, FH_ROLE_PUBLISHER, &world->mesh);
    add(world, &publisher);
    for (unsigned i = 0; i < FH_COUNT(world->domains); i++) {
        const struct test_domain *domain = &world->domains[i];
        struct test_record node =
            test_delegation(domain, &domain->node, FH_ROLE_NODE, &world->mesh);
        struct test_record member =
            test_delegation(domain, &domain->member, FH_ROLE_MEMBER, &world->mesh);
        if (i == 0) {
            add(world, &node); /* it countersigns the admissions below */
            add(world, &member);
            continue;
        }
        struct test_record invitation = test_invitation(founder, i, "", &world->mesh);
        struct test_record admission =
            test_admission(founder, domain, i, &invitation, &world->mesh);
        add(world, &domain->inception);
        add(world, &admission);
        add(world, &node);
        add(world, &member);
    }
}

static void seal(struct fh_buf *out,
                 unsigned type,
                 const struct world *world,
                 const struct fh_buf *payload,
                 const struct test_key *key)
{
    fh_buf_init(out, 256 * 1024);
    fh_record_seal(out, type, &world->mesh, fh_buf_view(payload), &key->secret);
    assert_int_equal(fh_buf_ok(out), FH_OK);
}

static struct fh_record_id id_of(const struct world *world, const struct fh_buf *bytes)
{
    struct fh_record record;
    struct fh_err err;
    assert_int_equal(fh_record_parse(&record, fh_buf_view(bytes), &world->mesh, &err), FH_OK);
    return record.id;
}

static void make_request(struct world *world, size_t tables, const struct test_key *signer)
{
    struct fh_err err = {0};
    const struct test_domain *consumer = &world->domains[2];
    world->request = (struct fh_query_request){.id = {.b = {0x22}},
                                               .consumer = consumer->id,
                                               .key = consumer->member.id,
                                               .entry = fh_node_id_of(&consumer->node.public_key),
                                               .sql = fh_bytes_cstr("SELECT 1"),
                                               .table_count = tables,
                                               .issued_ms = NOW_MS,
                                               .expires_ms = NOW_MS + 60000,
                                               .flags = FH_QUERY_TREE};
    for (size_t i = 0; i < tables; i++) {
        world->request.tables[i] = (struct fh_query_table){.domain = world->domains[i].id,
                                                           .product = "flights",
                                                           .table = "flights",
                                                           .version = "1.0.0",
                                                           .contract = {.b = {0x31}}};
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    fh_buf_init(&payload, 64 * 1024);
    assert_int_equal(fh_query_request_build(&payload, &world->request, &err), FH_OK);
    seal(&world->request_record, FH_RECORD_REQUEST, world, &payload, signer);
}

/* A receipt by the node of `domain`, with the leaves of the file as its tree. */
static void make_receipt_at(struct world *world,
                            struct fh_buf *out,
                            const struct test_domain *domain,
                            const struct test_key *signer,
                            size_t parts,
                            int64_t started_ms)
{
    struct fh_err err = {0};
    struct fh_receipt *receipt = calloc(1, sizeof *receipt);
    struct fh_tally tally;
    fh_tally_init(&tally, true);
    fh_buf_reset(&world->leaves);
    for (uint8_t i = 0; i < BATCHES; i++) {
        const uint8_t tag[FH_AEAD_TAG_BYTES] = {i};
        struct fh_hash leaf;
        fh_tally_batch(&tally, 5, fh_bytes(&i, 1), tag, &leaf);
        fh_buf_add(&world->leaves, leaf.b, sizeof leaf.b);
    }
    receipt->request = id_of(world, &world->request_record);
    receipt->request_id = world->request.id;
    receipt->owner = domain->id;
    receipt->node = fh_node_id_of(&domain->node.public_key);
    receipt->sent = fh_tally_read(&tally);
    receipt->contract_count = 1;
    receipt->contracts[0].b[0] = 0x31;
    receipt->started_ms = started_ms;
    receipt->finished_ms = started_ms + 20;
    receipt->part_count = parts;
    for (size_t i = 0; i < parts; i++) {
        receipt->parts[i] = id_of(world, &world->receipts[i + 1]);
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    fh_buf_init(&payload, 16 * 1024);
    assert_int_equal(fh_receipt_build(&payload, receipt, &err), FH_OK);
    seal(out, FH_RECORD_RECEIPT, world, &payload, signer);
    free(receipt);
}

static void make_receipt(struct world *world,
                         struct fh_buf *out,
                         const struct test_domain *domain,
                         const struct test_key *signer,
                         size_t parts)
{
    make_receipt_at(world, out, domain, signer, parts, NOW_MS);
}

static void make_file(struct world *world, size_t receipts)
{
    struct fh_err err = {0};
    world->file.saved_ms = NOW_MS + 1000;
    world->file.request = fh_buf_view(&world->request_record);
    world->file.receipt_count = receipts;
    for (size_t i = 0; i < receipts; i++) {
        world->file.receipts[i] = fh_buf_view(&world->receipts[i]);
    }
    world->file.leaves = fh_buf_view(&world->leaves);
    if (fh_receipt_file_support(&world->file, world->dir, &err) != FH_OK) {
        fail_msg("%s: %s", err.rule, err.text);
    }
}

static void make_direct(struct world *world)
{
    make_request(world, 1, &world->domains[2].member);
    make_receipt(world, &world->receipts[0], &world->domains[0], &world->domains[0].node, 0);
    make_file(world, 1);
}

static void make_join(struct world *world)
{
    make_request(world, 2, &world->domains[2].member);
    make_receipt(world, &world->receipts[1], &world->domains[0], &world->domains[0].node, 0);
    make_receipt(world, &world->receipts[2], &world->domains[1], &world->domains[1].node, 0);
    make_receipt(world, &world->receipts[0], &world->domains[2], &world->domains[2].node, 2);
    make_file(world, 3);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    make_mesh(world);
    fh_buf_init(&world->leaves, 1024);
    fh_buf_init(&world->bytes, FH_RECEIPT_FILE_BYTES_MAX);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    fh_buf_fini(&world->request_record);
    for (size_t i = 0; i < FH_COUNT(world->receipts); i++) {
        fh_buf_fini(&world->receipts[i]);
    }
    fh_buf_fini(&world->leaves);
    fh_buf_fini(&world->bytes);
    fh_directory_free(world->dir);
    free(world);
    return 0;
}

/* Through bytes, as `freehold verify` does it. */
static int verify(struct world *world, const struct fh_mesh_id *mesh, struct fh_err *err)
{
    fh_buf_reset(&world->bytes);
    int code = fh_receipt_file_make(&world->bytes, &world->file, err);
    if (code == FH_OK) {
        code = fh_receipt_file_parse(&world->parsed, fh_buf_view(&world->bytes), err);
    }
    return code != FH_OK ? code
                         : fh_receipt_file_verify(
                               &world->verdict, &world->parsed, mesh, &fh_verifier_plain, err);
}

static void test_a_direct_answer_verifies(void **state)
{
    struct world *world = *state;
    struct fh_err err = {0};
    make_direct(world);
    if (verify(world, &world->mesh, &err) != FH_OK) {
        fail_msg("%s: %s", err.rule, err.text);
    }
    assert_true(fh_bytes_equal_cstr(world->verdict.request.sql, "SELECT 1"));
    assert_int_equal(world->verdict.receipt.sent.rows, 5 * BATCHES);
    assert_int_equal(world->verdict.part_count, 0);
    /* Domain 3 has nothing to do with it. */
    for (size_t i = 0; i < world->file.support_count; i++) {
        assert_false(
            fh_bytes_equal(world->file.support[i], test_bytes(&world->domains[3].inception)));
    }
}

static void test_a_join_verifies(void **state)
{
    struct world *world = *state;
    struct fh_err err = {0};
    make_join(world);
    if (verify(world, &world->mesh, &err) != FH_OK) {
        fail_msg("%s: %s", err.rule, err.text);
    }
    assert_int_equal(world->verdict.part_count, 2);
}

/* ---- forgeries ---- */

static void request_by_another(struct world *world)
{
    make_request(world, 1, &world->domains[3].member);
    make_receipt(world, &world->receipts[0], &world->domains[0], &world->domains[0].node, 0);
    make_file(world, 1);
}
static void request_by_another_key_of_the_domain(struct world *world)
{
    make_request(world, 1, &world->domains[2].node);
    make_receipt(world, &world->receipts[0], &world->domains[0], &world->domains[0].node, 0);
    make_file(world, 1);
}
static void request_changed(struct world *world)
{
    make_direct(world);
    uint8_t *at = memmem(
        world->request_record.data, world->request_record.size, "SELECT 1", strlen("SELECT 1"));
    at[7] = '2';
}
static void receipt_by_another(struct world *world)
{
    make_request(world, 1, &world->domains[2].member);
    make_receipt(world, &world->receipts[0], &world->domains[0], &world->domains[1].node, 0);
    make_file(world, 1);
}
static void receipt_by_a_member(struct world *world)
{
    make_request(world, 1, &world->domains[2].member);
    make_receipt(world, &world->receipts[0], &world->domains[0], &world->domains[0].member, 0);
    make_file(world, 1);
}
static void receipt_signature_changed(struct world *world)
{
    make_direct(world);
    world->receipts[0].data[world->receipts[0].size - 1] ^= 1;
}
static void receipt_of_another_request(struct world *world)
{
    make_direct(world);
    fh_buf_fini(&world->request_record);
    make_request(world, 2, &world->domains[2].member);
    make_file(world, 1);
}
static void join_without_a_part(struct world *world)
{
    make_join(world);
    world->file.receipt_count = 2;
}
static void join_with_the_part_twice(struct world *world)
{
    make_join(world);
    world->file.receipts[2] = world->file.receipts[1];
}
static void leaf_changed(struct world *world)
{
    make_direct(world);
    world->leaves.data[40] ^= 1;
}
static void leaf_lost(struct world *world)
{
    make_direct(world);
    world->file.leaves.size -= FH_HASH_BYTES;
}
static void leaf_cut(struct world *world)
{
    make_direct(world);
    world->file.leaves.size -= 1;
}
static void no_support(struct world *world)
{
    make_direct(world);
    world->file.support_count = 0;
}
static void support_lacks_one(struct world *world)
{
    make_direct(world);
    const struct test_domain *owner = &world->domains[0];
    struct test_record node = test_delegation(owner, &owner->node, FH_ROLE_NODE, &world->mesh);
    size_t kept = 0;
    for (size_t i = 0; i < world->file.support_count; i++) {
        if (!fh_bytes_equal(world->file.support[i], test_bytes(&node))) {
            world->file.support[kept++] = world->file.support[i];
        }
    }
    assert_int_equal(kept, world->file.support_count - 1);
    world->file.support_count = kept;
}
static void no_receipt(struct world *world)
{
    make_direct(world);
    world->file.receipt_count = 0;
}
static void receipts_swapped_with_request(struct world *world)
{
    make_direct(world);
    world->file.request = world->file.receipts[0];
}
static void not_a_record(struct world *world)
{
    make_direct(world);
    world->file.receipts[0] = fh_bytes("xyz", 3);
}

static void receipt_of_another_owner(struct world *world)
{
    make_request(world, 1, &world->domains[2].member);
    make_receipt(world, &world->receipts[0], &world->domains[1], &world->domains[1].node, 0);
    make_file(world, 1);
}
/* The right node, a day after its delegation has ended. */
static void receipt_after_its_time(struct world *world)
{
    struct fh_err err = {0};
    struct fh_record record;
    struct fh_receipt *receipt = calloc(1, sizeof *receipt);
    struct fh_buf payload;
    fh_buf_init(&payload, 16 * 1024);
    make_direct(world);
    assert_int_equal(fh_record_parse(&record, fh_buf_view(&world->receipts[0]), &world->mesh, &err),
                     FH_OK);
    assert_int_equal(fh_receipt_parse(receipt, record.payload, &err), FH_OK);
    receipt->finished_ms = TEST_START_MS + 31 * TEST_DAY_MS;
    assert_int_equal(fh_receipt_build(&payload, receipt, &err), FH_OK);
    fh_buf_fini(&world->receipts[0]);
    seal(&world->receipts[0], FH_RECORD_RECEIPT, world, &payload, &world->domains[0].node);
    make_file(world, 1);
    world->file.saved_ms = receipt->finished_ms + 1000;
    fh_buf_fini(&payload);
    free(receipt);
}
/* The right node, an hour before anybody asked: its key may have been revoked since. */
static void receipt_before_the_request(struct world *world)
{
    const struct test_domain *owner = &world->domains[0];
    make_request(world, 1, &world->domains[2].member);
    make_receipt_at(world, &world->receipts[0], owner, &owner->node, 0, NOW_MS - TEST_HOUR_MS);
    make_file(world, 1);
}
static void part_before_the_request(struct world *world)
{
    const struct test_domain *owner = &world->domains[1];
    make_request(world, 2, &world->domains[2].member);
    make_receipt(world, &world->receipts[1], &world->domains[0], &world->domains[0].node, 0);
    make_receipt_at(world, &world->receipts[2], owner, &owner->node, 0, NOW_MS - TEST_HOUR_MS);
    make_receipt(world, &world->receipts[0], &world->domains[2], &world->domains[2].node, 2);
    make_file(world, 3);
}
static void leaves_of_another_answer(struct world *world)
{
    make_direct(world);
    for (size_t i = 0; i < world->leaves.size; i++) {
        world->leaves.data[i] = (uint8_t)i;
    }
}

static const struct {
    const char *name;
    void (*make)(struct world *world);
    const char *rule; /* prefix */
} forgeries[] = {
    {"request by another domain", request_by_another, "record.signer."},
    {"request by another key", request_by_another_key_of_the_domain, "query.request.key"},
    {"request changed", request_changed, "query.request.signature"},
    {"receipt by another domain", receipt_by_another, "record.signer.unknown"},
    {"receipt by a member", receipt_by_a_member, "record.signer.role"},
    {"receipt's signature changed", receipt_signature_changed, "receipt.signature"},
    {"receipt of another request", receipt_of_another_request, "receipt.request"},
    {"receipt of another owner", receipt_of_another_owner, "receipt.owner"},
    {"receipt after its time", receipt_after_its_time, "record.signer.expired"},
    {"receipt before the request", receipt_before_the_request, "receipt.time"},
    {"part before the request", part_before_the_request, "receipt.time"},
    {"leaves of another answer", leaves_of_another_answer, "receipt.tree"},
    {"join without a part", join_without_a_part, "receipt.missing"},
    {"join with one part twice", join_with_the_part_twice, "receipt.missing"},
    {"leaf changed", leaf_changed, "receipt.tree"},
    {"leaf lost", leaf_lost, "receipt.tree"},
    {"leaf cut", leaf_cut, "receipt.file"},
    {"no support", no_support, "record.signer.domain"},
    {"support lacks one", support_lacks_one, "identity.missing."},
    {"no receipt", no_receipt, "receipt.file"},
    {"a receipt as request", receipts_swapped_with_request, "receipt.file"},
    {"not a record", not_a_record, "pack."},
};

static void test_forgeries(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(forgeries); i++) {
        void *own = NULL;
        assert_int_equal(setup(&own), 0);
        struct world *world = own;
        struct fh_err err = {0};
        forgeries[i].make(world);
        int code = verify(world, &world->mesh, &err);
        if (code == FH_OK || strncmp(err.rule, forgeries[i].rule, strlen(forgeries[i].rule)) != 0) {
            fail_msg("%s: %s %s (%s)", forgeries[i].name, fh_code_name(code), err.rule, err.text);
        }
        teardown(&own);
    }
}

/* Whatever is changed anywhere in a file: it does not verify, or it says the same. (It may: the
 * time at which it was saved is the word of who saved it.) */
static void test_random_changes(void **state)
{
    struct world *world = *state;
    struct fh_err err = {0};
    struct fh_prng prng;
    make_join(world);
    assert_int_equal(verify(world, &world->mesh, &err), FH_OK);
    struct fh_receipt *expected = calloc(1, sizeof *expected);
    *expected = world->verdict.receipt;
    size_t size = world->bytes.size;
    uint8_t *whole = malloc(size);
    memcpy(whole, world->bytes.data, size);
    unsigned passed = 0;
    fh_prng_init(&prng, 20261128);
    for (unsigned i = 0; i < 1000; i++) {
        fh_buf_reset(&world->bytes);
        fh_buf_add(&world->bytes, whole, size);
        uint8_t *bytes = world->bytes.data;
        size_t at = fh_prng_below(&prng, size);
        size_t from = fh_prng_below(&prng, size);
        size_t length = 1 + fh_prng_below(&prng, 80);
        length = length > size - at ? size - at : length;
        length = length > size - from ? size - from : length;
        switch (i % 4) {
        case 0: /* a bit */
            bytes[at] ^= (uint8_t)(1U << fh_prng_below(&prng, 8));
            break;
        case 1: /* a stretch of other bytes of the file */
            memmove(bytes + at, whole + from, length);
            break;
        case 2: /* a piece lost */
            memmove(bytes + at, bytes + at + length, size - at - length);
            world->bytes.size -= length;
            break;
        default: /* a stretch of noise */
            for (size_t k = 0; k < length; k++) {
                bytes[at + k] = (uint8_t)fh_prng_below(&prng, 256);
            }
            break;
        }
        int code = fh_receipt_file_parse(&world->parsed, fh_buf_view(&world->bytes), &err);
        if (code == FH_OK) {
            code = fh_receipt_file_verify(
                &world->verdict, &world->parsed, &world->mesh, &fh_verifier_plain, &err);
        }
        if (code == FH_OK) {
            passed++;
            assert_memory_equal(&world->verdict.receipt, expected, sizeof *expected);
            assert_true(fh_bytes_equal_cstr(world->verdict.request.sql, "SELECT 1"));
        }
    }
    assert_true(passed < 20); /* copies onto themselves, and the time of saving */
    free(expected);
    free(whole);
}

static void test_another_mesh(void **state)
{
    struct world *world = *state;
    struct fh_mesh_id other = world->mesh;
    struct fh_err err = {0};
    make_direct(world);
    other.b[0] ^= 1;
    assert_int_equal(verify(world, &other, &err), FH_ESIG);
    assert_string_equal(err.rule, "receipt.mesh");
    /* And when the file lies about its mesh, the charter in it does not fit. */
    world->file.mesh = other;
    assert_int_not_equal(verify(world, &other, &err), FH_OK);
}

static void test_cut_files_are_not_read(void **state)
{
    struct world *world = *state;
    struct fh_err err = {0};
    make_direct(world);
    assert_int_equal(fh_receipt_file_make(&world->bytes, &world->file, &err), FH_OK);
    for (size_t size = 0; size < world->bytes.size; size += 7) {
        assert_int_not_equal(
            fh_receipt_file_parse(&world->parsed, fh_bytes(world->bytes.data, size), &err), FH_OK);
    }
    world->bytes.data[1] = 2;
    assert_int_equal(fh_receipt_file_parse(&world->parsed, fh_buf_view(&world->bytes), &err),
                     FH_EVERSION);
    assert_string_equal(err.rule, "receipt.file");
    world->bytes.data[4] ^= 1;
    assert_int_equal(fh_receipt_file_parse(&world->parsed, fh_buf_view(&world->bytes), &err),
                     FH_EINVAL);
    assert_string_equal(err.rule, "receipt.file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_direct_answer_verifies, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_join_verifies, setup, teardown),
        cmocka_unit_test(test_forgeries),
        cmocka_unit_test_setup_teardown(test_random_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_mesh, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cut_files_are_not_read, setup, teardown),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
