/* SPDX-License-Identifier: Apache-2.0 */
/* A contract kept in a file: it verifies, and with any bit of it changed it does not. The file is
 * the one that the fuzz target starts from, saved from a real mesh. */
#include "common/file.h"
#include "tools/client/proof.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Version and words of the file stand before the mesh id. */
enum { MESH_AT = 3 + 17 + 2, FILE_BYTES = 256 * 1024 };

struct saved {
    struct fh_buf file;
    struct fh_mesh_id mesh;
    int64_t now_ms;
};

static int setup(void **state)
{
    struct saved *saved = calloc(1, sizeof *saved);
    struct fh_err err = {0};
    if (saved == NULL || fh_crypto_init() != FH_OK) {
        return -1;
    }
    fh_buf_init(&saved->file, FILE_BYTES);
    int code = fh_file_read(FH_TEST_SOURCE_DIR "/fuzz/corpus/proof/cities", &saved->file, &err);
    if (code != FH_OK) {
        return -1;
    }
    memcpy(saved->mesh.b, saved->file.data + MESH_AT, sizeof saved->mesh.b);
    saved->now_ms = INT64_C(1900000000000);
    *state = saved;
    return 0;
}

static int teardown(void **state)
{
    struct saved *saved = *state;
    fh_buf_fini(&saved->file);
    free(saved);
    return 0;
}

static int verify(const struct saved *saved, struct fh_proof **out, struct fh_err *err)
{
    return fh_proof_verify_file(out, fh_buf_view(&saved->file), &saved->mesh, saved->now_ms, err);
}

static void test_good(void **state)
{
    const struct saved *saved = *state;
    struct fh_proof *proof = NULL;
    struct fh_err err = {0};
    assert_true(fh_proof_is_file(fh_buf_view(&saved->file)));
    if (verify(saved, &proof, &err) != FH_OK) {
        fail_msg("%s (%s)", err.text, err.rule);
    }
    assert_string_equal(proof->domain_name, "aviation");
    assert_string_equal(proof->stated.product, "cities");
    assert_string_equal(proof->stated.version, "1.0.0");
    assert_int_equal(proof->signer.role, FH_ROLE_PUBLISHER);
    assert_int_equal(proof->model->tables.count, 1);
    assert_non_null(strstr(proof->text, "purpose: Names cities by code."));
    assert_null(strstr(proof->text, "cities.csv"));
    fh_proof_free(proof);
}

/* Announcement and contract: every single byte counts. */
static void test_every_byte(void **state)
{
    struct saved *saved = *state;
    struct fh_proof *proof = NULL;
    struct fh_err err = {0};
    assert_int_equal(verify(saved, &proof, &err), FH_OK);
    struct fh_bytes records[] = {proof->announcement, proof->contract};
    size_t changed = 0;
    for (size_t r = 0; r < FH_COUNT(records); r++) {
        uint8_t *place =
            memmem(saved->file.data, saved->file.size, records[r].data, records[r].size);
        assert_non_null(place);
        for (size_t i = 0; i < records[r].size; i++) {
            struct fh_proof *forged = NULL;
            place[i] ^= 1;
            int code = verify(saved, &forged, &err);
            place[i] ^= 1;
            if (code == FH_OK) {
                fail_msg("record %zu: byte %zu may be changed", r, i);
            }
            assert_true(err.text[0] != 0);
            changed++;
        }
    }
    assert_true(changed > 1000);
    fh_proof_free(proof);
}

static void test_other_mesh(void **state)
{
    struct saved *saved = *state;
    struct fh_proof *proof = NULL;
    struct fh_err err = {0};
    saved->mesh.b[5] ^= 1;
    assert_int_equal(verify(saved, &proof, &err), FH_ESIG);
    assert_string_equal(err.rule, "contract.mesh");
    /* And when the file itself claims the other mesh, its records do not. */
    saved->file.data[MESH_AT + 5] ^= 1;
    assert_int_not_equal(verify(saved, &proof, &err), FH_OK);
    assert_null(proof);
}

static void test_cut(void **state)
{
    struct saved *saved = *state;
    struct fh_proof *proof = NULL;
    struct fh_err err = {0};
    size_t whole = saved->file.size;
    for (size_t size = 0; size < whole; size += size < 64 ? 1 : 97) {
        saved->file.size = size;
        assert_int_not_equal(verify(saved, &proof, &err), FH_OK);
        assert_null(proof);
    }
    saved->file.size = whole;
    fh_buf_add_u8(&saved->file, 0);
    assert_int_not_equal(verify(saved, &proof, &err), FH_OK);
}

static void test_before_it_was_signed(void **state)
{
    struct saved *saved = *state;
    struct fh_proof *proof = NULL;
    struct fh_err err = {0};
    saved->now_ms = INT64_C(1700000000000);
    assert_int_not_equal(verify(saved, &proof, &err), FH_OK);
    assert_null(proof);
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FILE(test_good),
        WITH_FILE(test_every_byte),
        WITH_FILE(test_other_mesh),
        WITH_FILE(test_cut),
        WITH_FILE(test_before_it_was_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
