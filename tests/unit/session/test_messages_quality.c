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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_and_cut),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
