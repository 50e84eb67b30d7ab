/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about audit logs: whole, cut at every byte, and with fields beyond their limits. */
#include "proto/session/messages_audit.h"

#include "tests/unit/session/cut.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <string.h>

static const struct fh_node_id node = {{7}};
static const struct fh_domain_id domain = {{8}};

static void write_witness(struct fh_buf *out)
{
    fh_msg_witness_request(out, &node, fh_bytes_cstr("a record"));
}
static int read_witness(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_node_id read = {{0}};
    struct fh_bytes record = FH_BYTES_NONE;
    int rc = fh_msg_witness_read(reader, &read, &record, err);
    assert_true(rc != FH_OK || fh_bytes_equal_cstr(record, "a record"));
    assert_true(fh_node_id_equal(&read, &node) == (rc == FH_OK)); /* unchanged on failure */
    return rc;
}

static void write_kept(struct fh_buf *out)
{
    fh_msg_witness_answer_begin(out, 2);
    fh_pack_bin(out, fh_bytes_cstr("one"));
    fh_pack_bin(out, fh_bytes_cstr("two"));
}
static int read_kept(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_bins bins;
    struct fh_bytes record;
    int rc = fh_msg_bins_read(reader, &bins, err);
    assert_true(rc != FH_OK || bins.left == 2);
    assert_true(rc != FH_OK ||
                (fh_msg_bins_next(&bins, &record) && fh_bytes_equal_cstr(record, "one")));
    return rc;
}

static void write_witnessed(struct fh_buf *out)
{
    fh_msg_witnessed_answer_begin(out, 1);
    fh_msg_witnessed_add(out, &domain, fh_bytes_cstr("one"));
    fh_pack_array(out, 1);
    fh_pack_bin(out, fh_bytes_cstr("two"));
}
static int read_witnessed(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_domain_id keeper;
    struct fh_bytes record = FH_BYTES_NONE;
    struct fh_msg_bins kept;
    uint32_t count = 0;
    int rc = fh_msg_witnessed_read(reader, &count, err);
    for (uint32_t i = 0; rc == FH_OK && i < count; i++) {
        rc = fh_msg_witnessed_next(reader, &keeper, &record, err);
    }
    if (rc == FH_OK) {
        rc = fh_msg_bins_read(reader, &kept, err);
    }
    assert_true(rc != FH_OK || (count == 1 && fh_bytes_equal_cstr(record, "one")));
    assert_true(rc != FH_OK || (fh_domain_id_equal(&keeper, &domain) && kept.left == 1));
    return rc;
}

static const struct message messages[] = {
    {"WITNESS", write_witness, FH_MSG_WITNESS, read_witness},
    {"WITNESS answer", write_kept, 0, read_kept},
    {"ADMIN_WITNESSED answer", write_witnessed, 0, read_witnessed},
};

static void test_whole_and_cut(void **state)
{
    (void)state;
    assert_whole_and_cut(messages, FH_COUNT(messages));
}

static void test_limits(void **state)
{
    (void)state;
    static uint8_t large[FH_AUDIT_CHECKPOINT_BYTES_MAX + 1];
    FH_CLEANUP(fh_buf_fini) struct fh_buf bytes;
    fh_buf_init(&bytes, FH_FRAME_REPLY_BYTES_MAX);
    fh_msg_witness_request(&bytes, &node, fh_bytes(large, sizeof large));
    assert_int_not_equal(read_message(fh_buf_view(&bytes), FH_MSG_WITNESS, read_witness), FH_OK);
    fh_buf_reset(&bytes);
    fh_msg_witnessed_answer_begin(&bytes, 1);
    fh_msg_witnessed_add(&bytes, &domain, fh_bytes(large, sizeof large));
    fh_pack_array(&bytes, 0);
    assert_int_not_equal(read_message(fh_buf_view(&bytes), 0, read_witnessed), FH_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_and_cut),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
