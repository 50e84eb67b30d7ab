/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about measurements: whole, and cut at every byte. */
#include "proto/session/messages.h"

#include "tests/unit/session/cut.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <string.h>

static int name(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_product_name read;
    int rc = fh_msg_product_name_read(reader, &read, err);
    if (rc == FH_OK) {
        assert_string_equal(read.domain, "shop");
        assert_string_equal(read.product, "orders");
        assert_true(read.major == 2);
    }
    return rc;
}

static int measurement(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_measurement read;
    int rc = fh_msg_measurement_read(reader, &read, err);
    if (rc == FH_OK) {
        assert_true(fh_bytes_equal_cstr(read.record, "a record"));
        assert_true(fh_bytes_equal_cstr(read.results, "results"));
    }
    return rc;
}

static int asked_quality(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_quality_request read;
    int rc = fh_msg_quality_request_read(reader, &read, err);
    if (rc == FH_OK) {
        assert_string_equal(read.name.domain, "shop");
        assert_string_equal(read.name.product, "orders");
        assert_true(read.name.major == 2 && read.before_ms == 77);
    }
    return rc;
}

/* Two measurements, the second without results. */
static int quality(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_quality read;
    struct fh_msg_measurement entry;
    int rc = fh_msg_quality_read(reader, &read, err);
    if (rc == FH_OK) {
        assert_true(read.next_ms == 66 && read.whole && read.left == 2);
        assert_true(fh_msg_quality_next(&read, &entry));
        assert_true(fh_bytes_equal_cstr(entry.record, "a record"));
        assert_true(fh_bytes_equal_cstr(entry.results, "results"));
        assert_true(fh_msg_quality_next(&read, &entry));
        assert_true(fh_bytes_equal_cstr(entry.record, "another"));
        assert_true(entry.results.size == 0);
        assert_false(fh_msg_quality_next(&read, &entry));
    }
    return rc;
}

static int check(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_check read;
    int rc = fh_msg_check_read(reader, &read, err);
    if (rc == FH_OK) {
        assert_string_equal(read.product, "orders");
        assert_true(read.major == 2 && read.dry_run);
    }
    return rc;
}

static int checked(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_bytes payload;
    struct fh_bytes results;
    int rc = fh_msg_checked_read(reader, &payload, &results, err);
    if (rc == FH_OK) {
        assert_true(fh_bytes_equal_cstr(payload, "a payload"));
        assert_true(fh_bytes_equal_cstr(results, "results"));
    }
    return rc;
}

static int measured(struct fh_pack_reader *reader, struct fh_err *err)
{
    char product[FH_NAME_BYTES_MAX + 1];
    uint32_t major = 0;
    uint32_t limit = 0;
    int rc = fh_msg_measured_request_read(reader, product, &major, &limit, err);
    if (rc == FH_OK) {
        assert_string_equal(product, "orders");
        assert_true(major == 2 && limit == 9);
    }
    return rc;
}

static void write_measurement_request(struct fh_buf *out)
{
    const struct fh_msg_product_name asked = {.domain = "shop", .product = "orders", .major = 2};
    fh_msg_measurement_request(out, &asked);
}
static void write_measurement(struct fh_buf *out)
{
    const struct fh_msg_measurement said = {.record = fh_bytes_cstr("a record"),
                                            .results = fh_bytes_cstr("results")};
    fh_msg_measurement_answer(out, &said);
}
static void write_quality_request(struct fh_buf *out)
{
    const struct fh_msg_quality_request asked = {
        .name = {.domain = "shop", .product = "orders", .major = 2}, .before_ms = 77};
    fh_msg_quality_request(out, &asked);
}
static void write_quality(struct fh_buf *out)
{
    const struct fh_msg_measurement first = {.record = fh_bytes_cstr("a record"),
                                             .results = fh_bytes_cstr("results")};
    const struct fh_msg_measurement second = {.record = fh_bytes_cstr("another")};
    fh_msg_quality_answer_begin(out, 66, true, 2);
    fh_msg_quality_add(out, &first);
    fh_msg_quality_add(out, &second);
}
static void write_check(struct fh_buf *out)
{
    const struct fh_msg_check asked = {.product = "orders", .major = 2, .dry_run = true};
    fh_msg_check_request(out, &asked);
}
static void write_checked(struct fh_buf *out)
{
    fh_msg_checked_answer(out, fh_bytes_cstr("a payload"), fh_bytes_cstr("results"));
}
static void write_measured(struct fh_buf *out)
{
    fh_msg_measured_request(out, "orders", 2, 9);
}

static void test_whole_and_cut(void **state)
{
    static const struct message rows[] = {
        {"MEASUREMENT", write_measurement_request, FH_MSG_MEASUREMENT, name},
        {"its answer", write_measurement, 0, measurement},
        {"QUALITY", write_quality_request, FH_MSG_QUALITY, asked_quality},
        {"its answer", write_quality, 0, quality},
        {"ADMIN_CHECK", write_check, FH_MSG_ADMIN_CHECK, check},
        {"its answer", write_checked, 0, checked},
        {"ADMIN_MEASURED", write_measured, FH_MSG_ADMIN_MEASURED, measured},
    };
    (void)state;
    assert_whole_and_cut(rows, FH_COUNT(rows));
}

/* What is longer than its limit is not taken. */
static void test_limits(void **state)
{
    (void)state;
    struct fh_buf large;
    struct fh_buf out;
    fh_buf_init(&large, (size_t)2 * FH_MEASUREMENT_RESULTS_BYTES_MAX);
    fh_buf_init(&out, (size_t)2 * FH_MEASUREMENT_RESULTS_BYTES_MAX);
    memset(fh_buf_reserve(&large, FH_MEASUREMENT_RESULTS_BYTES_MAX + 1),
           'x',
           FH_MEASUREMENT_RESULTS_BYTES_MAX + 1);
    const struct fh_msg_measurement results = {.record = fh_bytes_cstr("a record"),
                                               .results = fh_buf_view(&large)};
    fh_msg_measurement_answer(&out, &results);
    assert_int_equal(read_message(fh_buf_view(&out), 0, measurement), FH_EPROTO);
    fh_buf_reset(&out);
    const struct fh_msg_measurement record = {
        .record = fh_bytes(large.data, FH_RECORD_GOSSIP_BYTES_MAX + 1)};
    fh_msg_measurement_answer(&out, &record);
    assert_int_equal(read_message(fh_buf_view(&out), 0, measurement), FH_EPROTO);
    fh_buf_reset(&out);
    fh_msg_checked_answer(
        &out, fh_bytes(large.data, FH_MEASUREMENT_BYTES_MAX + 1), fh_bytes_cstr("results"));
    assert_int_equal(read_message(fh_buf_view(&out), 0, checked), FH_EPROTO);
    fh_buf_fini(&out);
    fh_buf_fini(&large);
}

static struct fh_pack_reader spoiled(struct fh_buf *out)
{
    struct fh_pack_reader reader;
    struct fh_err err;
    assert_int_equal(fh_buf_ok(out), FH_OK);
    assert_int_equal(fh_msg_answer(&reader, fh_buf_view(out), FH_FRAME_REPLY_BYTES_MAX, &err),
                     FH_OK);
    return reader;
}

/* What no owner says: too many, of another shape, at no time, too large. */
static void test_hostile_quality(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        uint64_t next;
        uint32_t count;   /* of entries that are announced */
        uint32_t entries; /* and written */
        uint32_t fields;  /* of an entry */
        size_t record, results;
        int code;
    } rows[] = {
        {"good", 0, 1, 1, 2, 8, 8, FH_OK},
        {"none", 0, 0, 0, 2, 8, 8, FH_OK},
        {"a newer entry", 0, 1, 1, 3, 8, 8, FH_OK},
        {"as many as are kept",
         9,
         FH_MEASUREMENT_HISTORY_MAX,
         FH_MEASUREMENT_HISTORY_MAX,
         2,
         8,
         8,
         FH_OK},
        {"one more",
         9,
         FH_MEASUREMENT_HISTORY_MAX + 1,
         FH_MEASUREMENT_HISTORY_MAX + 1,
         2,
         8,
         8,
         FH_EPROTO},
        {"an entry without results", 0, 1, 1, 1, 8, 8, FH_EPROTO},
        {"a record too large", 0, 1, 1, 2, FH_RECORD_GOSSIP_BYTES_MAX + 1, 8, FH_EPROTO},
        {"results too large", 0, 1, 1, 2, 8, FH_MEASUREMENT_RESULTS_BYTES_MAX + 1, FH_EPROTO},
        {"a time after the year 9999", UINT64_MAX, 1, 1, 2, 8, 8, FH_EPROTO},
    };
    struct fh_buf large;
    struct fh_buf out;
    fh_buf_init(&large, (size_t)2 * FH_MEASUREMENT_RESULTS_BYTES_MAX);
    fh_buf_init(&out, FH_FRAME_REPLY_BYTES_MAX);
    size_t size = FH_MEASUREMENT_RESULTS_BYTES_MAX + 1;
    memset(fh_buf_reserve(&large, size), 'x', size);
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_msg_quality read;
        struct fh_err err = {0};
        fh_buf_reset(&out);
        fh_msg_ok(&out, 3);
        fh_pack_uint(&out, rows[i].next);
        fh_pack_bool(&out, false);
        fh_pack_array(&out, rows[i].count);
        for (uint32_t k = 0; k < rows[i].entries; k++) {
            fh_pack_array(&out, rows[i].fields);
            fh_pack_bin(&out, fh_bytes(large.data, rows[i].record));
            for (uint32_t f = 1; f < rows[i].fields; f++) {
                fh_pack_bin(&out, fh_bytes(large.data, rows[i].results));
            }
        }
        struct fh_pack_reader reader = spoiled(&out);
        int code = fh_msg_quality_read(&reader, &read, &err);
        if (code != rows[i].code) {
            fail_msg("%s: expected %d, got %d", rows[i].what, rows[i].code, code);
        }
    }
    fh_buf_fini(&out);
    fh_buf_fini(&large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_and_cut),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_hostile_quality),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
