/* SPDX-License-Identifier: Apache-2.0 */
/* The envelope: signatures of one and several, ids, and what is refused. */
#include "proto/wire/record.h"

#include "common/mem.h"
#include "proto/wire/pack.h"
#include "tests/lib/identities.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct fh_mesh_id mesh = {{1, 2, 3}};
static const struct fh_mesh_id other_mesh = {{1, 2, 4}};

static void payload_of(struct fh_buf *out, size_t text_size)
{
    fh_buf_init(out, FH_RECORD_BYTES_MAX);
    fh_pack_array(out, 2);
    fh_pack_uint(out, 1);
    char *text = malloc(text_size + 1);
    memset(text, 'x', text_size);
    fh_pack_str(out, fh_bytes(text, text_size));
    free(text);
    assert_int_equal(fh_buf_ok(out), FH_OK);
}

static void seal(struct fh_buf *out, unsigned type, size_t text_size, const struct test_key *key)
{
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    payload_of(&payload, text_size);
    fh_buf_init(out, 2 * FH_RECORD_BYTES_MAX);
    fh_record_seal(out, type, &mesh, fh_buf_view(&payload), &key->secret);
}

static void small_and_large_ones_verify(void **state)
{
    (void)state;
    struct test_key key = test_key_of("key", 1);
    struct test_key other = test_key_of("key", 2);
    static const size_t sizes[] = {0, 1900, 1950, 2000, 2100, 300000};
    for (size_t i = 0; i < FH_COUNT(sizes); i++) { /* on both sides of the stack's input */
        struct fh_buf bytes FH_CLEANUP(fh_buf_fini);
        struct fh_record record;
        seal(&bytes, FH_RECORD_CONTRACT, sizes[i], &key);
        assert_int_equal(fh_buf_ok(&bytes), FH_OK);
        assert_int_equal(fh_record_parse(&record, fh_buf_view(&bytes), &mesh, NULL), FH_OK);
        assert_int_equal(record.type, FH_RECORD_CONTRACT);
        assert_int_equal(record.signature_count, 1);
        struct fh_record_id id = fh_record_id_of(FH_RECORD_CONTRACT, &mesh, record.payload);
        assert_true(fh_record_id_equal(&id, &record.id));
        assert_true(fh_record_signed_by(&record, 0, &mesh, &key.public_key, &fh_verifier_plain));
        assert_false(fh_record_signed_by(&record, 0, &mesh, &other.public_key, &fh_verifier_plain));
        assert_false(
            fh_record_signed_by(&record, 0, &other_mesh, &key.public_key, &fh_verifier_plain));
        /* the same bytes are another record in another mesh, and as another type */
        id = fh_record_id_of(FH_RECORD_CONTRACT, &other_mesh, record.payload);
        assert_false(fh_record_id_equal(&id, &record.id));
        id = fh_record_id_of(FH_RECORD_REQUEST, &mesh, record.payload);
        assert_false(fh_record_id_equal(&id, &record.id));
        record.type = FH_RECORD_REQUEST;
        assert_false(fh_record_signed_by(&record, 0, &mesh, &key.public_key, &fh_verifier_plain));
    }
}

static void key_events_know_no_mesh(void **state)
{
    (void)state;
    struct test_key key = test_key_of("key", 1);
    struct fh_buf bytes FH_CLEANUP(fh_buf_fini);
    struct fh_record record;
    struct fh_record again;
    seal(&bytes, FH_RECORD_KEY, 5, &key);
    assert_int_equal(fh_record_parse(&record, fh_buf_view(&bytes), &mesh, NULL), FH_OK);
    assert_int_equal(fh_record_parse(&again, fh_buf_view(&bytes), &other_mesh, NULL), FH_OK);
    assert_true(fh_record_id_equal(&record.id, &again.id));
    assert_true(fh_record_signed_by(&record, 0, &other_mesh, &key.public_key, &fh_verifier_plain));
}

static void several_sign(void **state)
{
    (void)state;
    struct fh_buf bytes FH_CLEANUP(fh_buf_fini);
    struct fh_record record;
    struct test_key keys[FH_RECORD_SIGNATURES_MAX + 1];
    for (unsigned i = 0; i < FH_COUNT(keys); i++) {
        keys[i] = test_key_of("signer", i);
    }
    seal(&bytes, FH_RECORD_CHARTER, 5, &keys[0]);
    assert_int_equal(fh_record_parse(&record, fh_buf_view(&bytes), &mesh, NULL), FH_OK);
    struct fh_record_id id = record.id;
    for (unsigned i = 1; i < FH_COUNT(keys); i++) {
        struct fh_buf more;
        fh_buf_init(&more, FH_RECORD_BYTES_MAX);
        fh_record_cosign(&more, &record, &mesh, &keys[i].secret);
        if (i == FH_RECORD_SIGNATURES_MAX) {
            assert_int_equal(fh_buf_ok(&more), FH_ETOOBIG);
            fh_buf_fini(&more);
            break;
        }
        assert_int_equal(fh_buf_ok(&more), FH_OK);
        fh_buf_fini(&bytes);
        bytes = more;
        assert_int_equal(fh_record_parse(&record, fh_buf_view(&bytes), &mesh, NULL), FH_OK);
        assert_int_equal(record.signature_count, i + 1);
        assert_true(fh_record_id_equal(&id, &record.id));
    }
    for (unsigned i = 0; i < FH_RECORD_SIGNATURES_MAX; i++) {
        unsigned verified = 0;
        for (unsigned j = 0; j < record.signature_count; j++) {
            verified +=
                fh_record_signed_by(&record, j, &mesh, &keys[i].public_key, &fh_verifier_plain);
        }
        assert_int_equal(verified, 1);
    }
    /* signing again changes nothing: Ed25519 is deterministic */
    struct fh_buf again FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&again, FH_RECORD_BYTES_MAX);
    fh_record_cosign(&again, &record, &mesh, &keys[3].secret);
    assert_int_equal(fh_buf_ok(&again), FH_OK);
    assert_true(fh_bytes_equal(fh_buf_view(&again), record.bytes));
}

/* Envelopes that do not fit: [version, type, payload, signatures] put together by hand. */
static const struct envelope_case {
    const char *name;
    const char *rule;
    uint32_t fields;
    uint64_t version;
    uint64_t type;
    const char *payload; /* hex */
    unsigned signatures;
    unsigned ref_bytes;
    unsigned signature_bytes;
    bool descending;
} envelope_cases[] = {
    {"as it should be", "", 4, 1, 2, "9101", 1, 16, 64, false},
    {"two signatures", "", 4, 1, 4, "9101", 2, 16, 64, false},
    {"a type of tomorrow", "", 4, 1, 99, "9101", 1, 16, 64, false},
    {"version 2", "record.version", 4, 2, 2, "9101", 1, 16, 64, false},
    {"version 0", "record.version", 4, 0, 2, "9101", 1, 16, 64, false},
    {"three fields", "record.envelope", 3, 1, 2, "9101", 0, 16, 64, false},
    {"five fields", "record.envelope", 5, 1, 2, "9101", 1, 16, 64, false},
    {"a type beyond 16 bits", "record.envelope", 4, 1, 65536, "9101", 1, 16, 64, false},
    {"no signature", "record.envelope", 4, 1, 2, "9101", 0, 16, 64, false},
    {"17 signatures", "record.envelope", 4, 1, 2, "9101", 17, 16, 64, false},
    {"signatures descending", "record.envelope", 4, 1, 2, "9101", 2, 16, 64, true},
    {"short key ref", "record.envelope", 4, 1, 2, "9101", 1, 15, 64, false},
    {"short signature", "record.envelope", 4, 1, 2, "9101", 1, 16, 63, false},
    {"empty payload", "pack.truncated", 4, 1, 2, "", 1, 16, 64, false},
    {"payload of two values", "pack.trailing", 4, 1, 2, "0101", 1, 16, 64, false},
    {"payload with a float", "pack.type", 4, 1, 2, "91ca3f800000", 1, 16, 64, false},
    {"payload in a long form", "pack.long_form", 4, 1, 2, "cc01", 1, 16, 64, false},
};

static void write_envelope(struct fh_buf *out, const struct envelope_case *row)
{
    uint8_t payload[32];
    uint8_t filler[64] = {0};
    size_t size = strlen(row->payload) / 2;
    assert_true(fh_unhex(payload, size, row->payload));
    fh_pack_array(out, row->fields);
    fh_pack_uint(out, row->version);
    fh_pack_uint(out, row->type);
    fh_pack_bin(out, fh_bytes(payload, size));
    if (row->fields < 4) {
        return;
    }
    fh_pack_array(out, row->signatures);
    for (unsigned i = 0; i < row->signatures; i++) {
        filler[0] = (uint8_t)(row->descending ? 9 - i : i);
        fh_pack_array(out, 2);
        fh_pack_bin(out, fh_bytes(filler, row->ref_bytes));
        fh_pack_bin(out, fh_bytes(filler, row->signature_bytes));
    }
    if (row->fields > 4) {
        fh_pack_nil(out);
    }
}

static void envelopes(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(envelope_cases); i++) {
        const struct envelope_case *row = &envelope_cases[i];
        struct fh_buf bytes FH_CLEANUP(fh_buf_fini);
        struct fh_record record;
        struct fh_err err = {0};
        fh_buf_init(&bytes, 4096);
        write_envelope(&bytes, row);
        int code = fh_record_parse(&record, fh_buf_view(&bytes), &mesh, &err);
        if (strcmp(err.rule, row->rule) != 0 || (code == FH_OK) != (row->rule[0] == '\0')) {
            fail_msg("%s: %s: %s", row->name, err.rule, err.text);
        }
        if (row->type == 99) { /* neither an id nor a signature here */
            struct test_key key = test_key_of("key", 1);
            assert_true(fh_record_id_is_zero(&record.id));
            assert_false(
                fh_record_signed_by(&record, 0, &mesh, &key.public_key, &fh_verifier_plain));
            assert_string_equal(fh_record_type_text(record.type), "unknown");
        }
    }
}

static void no_byte_may_change(void **state)
{
    (void)state;
    struct test_key key = test_key_of("key", 1);
    struct fh_buf bytes FH_CLEANUP(fh_buf_fini);
    seal(&bytes, FH_RECORD_DELEGATION, 20, &key);
    for (size_t i = 0; i < bytes.size; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            struct fh_record record;
            bytes.data[i] ^= (uint8_t)(1u << bit);
            bool taken =
                fh_record_parse(&record, fh_buf_view(&bytes), &mesh, NULL) == FH_OK &&
                fh_record_signed_by(&record, 0, &mesh, &key.public_key, &fh_verifier_plain);
            assert_false(taken);
            bytes.data[i] ^= (uint8_t)(1u << bit);
        }
    }
}

static bool deny(size_t size)
{
    (void)size;
    return false;
}

static void sizes_and_memory(void **state)
{
    (void)state;
    struct test_key key = test_key_of("key", 1);
    struct fh_buf bytes FH_CLEANUP(fh_buf_fini);
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    struct fh_buf none FH_CLEANUP(fh_buf_fini);
    struct fh_record record;
    struct fh_err err = {0};
    seal(&bytes, FH_RECORD_LEAVE, 300, &key);
    assert_int_equal(fh_buf_ok(&bytes), FH_ETOOBIG); /* a LEAVE has at most 256 bytes */
    fh_buf_fini(&bytes);
    seal(&bytes, FH_RECORD_CONTRACT, 5000, &key);
    assert_int_equal(fh_buf_ok(&bytes), FH_OK);
    bytes.data[2] = FH_RECORD_LEAVE; /* the same payload as a LEAVE */
    assert_int_equal(fh_record_parse(&record, fh_buf_view(&bytes), &mesh, &err), FH_ETOOBIG);
    assert_string_equal(err.rule, "record.size");
    bytes.data[2] = FH_RECORD_CONTRACT;
    assert_int_equal(fh_record_parse(&record, fh_buf_view(&bytes), &mesh, NULL), FH_OK);
    fh_alloc_set_hook(deny); /* no memory to verify with: not verified */
    bool verified = fh_record_signed_by(&record, 0, &mesh, &key.public_key, &fh_verifier_plain);
    fh_alloc_set_hook(NULL);
    assert_false(verified);
    payload_of(&payload, 5000);
    fh_buf_init(&none, 100000);
    fh_alloc_set_hook(deny);
    fh_record_seal(&none, FH_RECORD_CONTRACT, &mesh, fh_buf_view(&payload), &key.secret);
    fh_alloc_set_hook(NULL);
    assert_int_equal(fh_buf_ok(&none), FH_ENOMEM);
    fh_buf_reset(&none);
    fh_record_seal_checked(
        &none, FH_EINVAL, FH_RECORD_CONTRACT, &mesh, fh_buf_view(&payload), &key.secret);
    assert_int_equal(fh_buf_ok(&none), FH_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_and_large_ones_verify),
        cmocka_unit_test(key_events_know_no_mesh),
        cmocka_unit_test(several_sign),
        cmocka_unit_test(envelopes),
        cmocka_unit_test(no_byte_may_change),
        cmocka_unit_test(sizes_and_memory),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
