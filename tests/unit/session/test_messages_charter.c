/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about the charter: whole, cut at every byte, with values beyond their limits. */
#include "proto/session/messages_charter.h"

#include "tests/unit/session/cut.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <string.h>

static void write_request(struct fh_buf *out)
{
    fh_msg_charter_request(out, 7);
}
static int read_request(struct fh_pack_reader *reader, struct fh_err *err)
{
    uint64_t after = 0;
    int code = fh_msg_charter_request_read(reader, &after, err);
    if (code == FH_OK) {
        assert_int_equal(after, 7);
    }
    return code;
}

static void write_records(struct fh_buf *out)
{
    fh_msg_ok(out, 2);
    fh_pack_uint(out, 9);
    fh_pack_array(out, 2);
    fh_pack_bin(out, fh_bytes_cstr("one"));
    fh_pack_bin(out, fh_bytes_cstr("other"));
}
static int read_records(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_bins bins;
    struct fh_bytes record;
    uint64_t after = 0;
    int code = fh_msg_charter_read(reader, &after, &bins, err);
    if (code == FH_OK) {
        assert_int_equal(after, 9);
        assert_true(fh_msg_bins_next(&bins, &record));
        assert_true(fh_bytes_equal_cstr(record, "one"));
        assert_true(fh_msg_bins_next(&bins, &record));
        assert_false(fh_msg_bins_next(&bins, &record));
    }
    return code;
}

static void write_all_request(struct fh_buf *out)
{
    fh_msg_charters_request(out, true);
}
static int read_all_request(struct fh_pack_reader *reader, struct fh_err *err)
{
    bool all = false;
    int code = fh_msg_charters_request_read(reader, &all, err);
    if (code == FH_OK) {
        assert_true(all);
    }
    return code;
}

static const struct fh_msg_charter_known known = {
    .node = {{1}}, .domain = {{2}}, .seq = 3, .charter = {{4}}, .standing = 1};

static void write_known(struct fh_buf *out)
{
    const struct fh_msg_charter_known silent = {.node = {{5}}, .domain = {{6}}};
    fh_msg_charters_answer_begin(out, 2);
    fh_msg_charters_answer_add(out, &known);
    fh_msg_charters_answer_add(out, &silent);
}
static int read_known(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_charter_known got;
    uint32_t count = 0;
    int code = fh_msg_charters_read(reader, &count, err);
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        code = fh_msg_charters_next(reader, &got, err);
        if (code == FH_OK && i == 0) {
            assert_memory_equal(&got, &known, sizeof got);
        } else if (code == FH_OK) {
            assert_int_equal(got.seq, 0);
            assert_true(fh_record_id_is_zero(&got.charter));
        }
    }
    return code;
}

static void test_messages(void **state)
{
    static const struct message rows[] = {
        {"CHARTER", write_request, FH_MSG_CHARTER, read_request},
        {"its answer", write_records, 0, read_records},
        {"CHARTERS", write_all_request, FH_MSG_CHARTERS, read_all_request},
        {"its answer", write_known, 0, read_known},
    };
    (void)state;
    assert_whole_and_cut(rows, FH_COUNT(rows));
}

static void test_limits(void **state)
{
    static const struct {
        uint64_t seq;
        uint64_t standing;
        bool fits;
    } rows[] = {{1, 1, true},
                {UINT32_MAX, 255, true},
                {(uint64_t)UINT32_MAX + 1, 1, false},
                {1, 256, false}};
    (void)state;
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_buf out FH_CLEANUP(fh_buf_fini);
        struct fh_pack_reader reader;
        struct fh_msg_charter_known got;
        struct fh_err err = {0};
        uint8_t id[FH_ID_BYTES] = {1};
        fh_buf_init(&out, 1024);
        fh_pack_array(&out, 5);
        fh_pack_bin(&out, fh_bytes(id, sizeof id));
        fh_pack_bin(&out, fh_bytes(id, sizeof id));
        fh_pack_uint(&out, rows[i].seq);
        fh_pack_bin(&out, FH_BYTES_NONE);
        fh_pack_uint(&out, rows[i].standing);
        fh_pack_read_init(&reader, fh_buf_view(&out));
        assert_int_equal(fh_msg_charters_next(&reader, &got, &err) == FH_OK, rows[i].fits);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
