/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about access: whole, cut at every byte, and with fields beyond their limits. */
#include "proto/session/messages_access.h"

#include "proto/session/messages_waived.h"
#include "tests/unit/session/cut.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <string.h>

static const struct fh_record_id some_id = {{7, 8, 9}};

/* ---- each of them ---- */

static void write_ask(struct fh_buf *out)
{
    fh_msg_ask_begin(out, fh_bytes_cstr("a request"));
    fh_pack_array(out, 1);
    fh_pack_bin(out, fh_bytes_cstr("a key event"));
}
static int read_ask(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_ask ask;
    struct fh_bytes bin;
    int rc = fh_msg_ask_read(reader, &ask, err);
    if (rc == FH_OK) {
        assert_true(fh_bytes_equal_cstr(ask.request, "a request"));
        assert_true(fh_msg_bins_next(&ask.support, &bin));
        assert_true(fh_bytes_equal_cstr(bin, "a key event"));
        assert_false(fh_msg_bins_next(&ask.support, &bin));
    }
    return rc;
}

static void write_asked_yes(struct fh_buf *out)
{
    fh_msg_ask_answer(out, true);
}
static int read_delivered(struct fh_pack_reader *reader, struct fh_err *err)
{
    bool delivered = false;
    int rc = fh_msg_ask_answer_read(reader, &delivered, err);
    assert_true(rc != FH_OK || delivered);
    return rc;
}

static const struct fh_msg_asked asked_sample = {.received_ms = 5,
                                                 .delivered = true,
                                                 .refused = "access.key",
                                                 .ended_ms = 9,
                                                 .owner_name = "shop",
                                                 .consumer_name = "museum",
                                                 .key_label = "ann"};

static void write_asked(struct fh_buf *out)
{
    struct fh_msg_asked asked = asked_sample;
    asked.request = fh_bytes_cstr("a request");
    asked.answer = fh_bytes_cstr("an answer");
    asked.grant = fh_bytes_cstr("a grant");
    fh_msg_ok(out, 1);
    fh_pack_array(out, 1);
    fh_msg_asked_add(out, &asked);
}
static int read_asked(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_asked asked;
    uint32_t count = 0;
    int rc = fh_msg_asked_read(reader, &count, err);
    if (rc == FH_OK) {
        assert_int_equal(count, 1);
        rc = fh_msg_asked_next(reader, &asked, err);
    }
    if (rc == FH_OK) {
        assert_true(fh_bytes_equal_cstr(asked.request, "a request"));
        assert_true(fh_bytes_equal_cstr(asked.answer, "an answer"));
        assert_true(fh_bytes_equal_cstr(asked.grant, "a grant"));
        assert_true(asked.received_ms == 5 && asked.ended_ms == 9 && asked.delivered);
        assert_string_equal(asked.refused, "access.key");
        assert_string_equal(asked.owner_name, "shop");
        assert_string_equal(asked.consumer_name, "museum");
        assert_string_equal(asked.key_label, "ann");
    }
    return rc;
}

static void write_can(struct fh_buf *out)
{
    const struct fh_msg_can can = {.product = "orders",
                                   .major = 2,
                                   .column = "orders.price",
                                   .purpose = "audit",
                                   .token = fh_bytes_cstr("a token")};
    fh_msg_can_request(out, &can);
}
static int read_can(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_can can;
    int rc = fh_msg_can_read(reader, &can, err);
    if (rc == FH_OK) {
        assert_string_equal(can.product, "orders");
        assert_string_equal(can.column, "orders.price");
        assert_string_equal(can.purpose, "audit");
        assert_int_equal(can.major, 2);
        assert_true(fh_bytes_equal(can.token, fh_bytes_cstr("a token")));
    }
    return rc;
}

static void write_can_answer(struct fh_buf *out)
{
    fh_msg_can_answer(out, &some_id, true);
    fh_msg_waived_put(out, NULL, 0);
}
static int read_can_answer(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_record_id id = {{0}};
    bool masked = false;
    int rc = fh_msg_can_answer_read(reader, &id, &masked, err);
    assert_true(rc != FH_OK || (masked && fh_record_id_equal(&id, &some_id)));
    return rc;
}

static void write_still(struct fh_buf *out)
{
    fh_msg_still_request(out, fh_bytes_cstr("a request"), 3);
}
static int read_still(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_bytes request;
    uint32_t table = 0;
    int rc = fh_msg_still_read(reader, &request, &table, err);
    assert_true(rc != FH_OK || (table == 3 && fh_bytes_equal_cstr(request, "a request")));
    return rc;
}

static void write_still_answer(struct fh_buf *out)
{
    const struct fh_msg_still still = {.open = true, .view = {{4}}};
    fh_msg_still_answer(out, &still);
}
static int read_still_answer(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_still still;
    int rc = fh_msg_still_answer_read(reader, &still, err);
    assert_true(rc != FH_OK || (still.open && still.view.b[0] == 4));
    return rc;
}

static void write_after(struct fh_buf *out)
{
    fh_msg_admin_grants_request(out, &some_id);
}
static void write_from_the_beginning(struct fh_buf *out)
{
    static const struct fh_record_id none;
    fh_msg_admin_asked_request(out, &none);
}
static int read_after(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_record_id after;
    int rc = fh_msg_after_read(reader, &after, err);
    assert_true(rc != FH_OK || fh_record_id_is_zero(&after) ||
                fh_record_id_equal(&after, &some_id));
    return rc;
}

static void write_granted(struct fh_buf *out)
{
    const struct fh_msg_granted granted = {
        .grant = fh_bytes_cstr("a grant"), .ended_ms = 9, .grantee_name = "museum"};
    fh_msg_page_begin(out, &some_id, 1);
    fh_msg_granted_add(out, &granted);
}
static int read_granted(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_granted granted;
    struct fh_record_id next;
    uint32_t count = 0;
    int rc = fh_msg_page_read(reader, &next, &count, err);
    if (rc == FH_OK) {
        assert_true(count == 1 && fh_record_id_equal(&next, &some_id));
        rc = fh_msg_granted_next(reader, &granted, err);
    }
    if (rc == FH_OK) {
        assert_true(fh_bytes_equal_cstr(granted.grant, "a grant") && granted.ended_ms == 9);
        assert_string_equal(granted.grantee_name, "museum");
    }
    return rc;
}

static void write_who(struct fh_buf *out)
{
    fh_msg_who_request(out, "museum");
}
static int read_who(struct fh_pack_reader *reader, struct fh_err *err)
{
    char name[FH_NAME_BYTES_MAX + 1];
    int rc = fh_msg_who_read(reader, name, err);
    if (rc == FH_OK) {
        assert_string_equal(name, "museum");
    }
    return rc;
}
static void write_who_answer(struct fh_buf *out)
{
    const struct fh_domain_id domain = {{5}};
    fh_msg_who_answer(out, &domain);
}
static int read_who_answer(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_domain_id domain = {{0}};
    int rc = fh_msg_who_answer_read(reader, &domain, err);
    assert_true(rc != FH_OK || domain.b[0] == 5);
    return rc;
}

static void write_govern(struct fh_buf *out)
{
    fh_msg_govern_begin(out);
    fh_pack_array(out, 2);
    fh_pack_bin(out, fh_bytes_cstr("a grant"));
    fh_pack_bin(out, fh_bytes_cstr("an answer"));
    fh_pack_bool(out, true);
}
static int read_govern(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_govern govern;
    int rc = fh_msg_govern_read(reader, &govern, err);
    assert_true(rc != FH_OK || (govern.dry_run && govern.records.left == 2));
    return rc;
}

static void test_whole_and_cut(void **state)
{
    static const struct message rows[] = {
        {"ASK", write_ask, FH_MSG_ASK, read_ask},
        {"its answer", write_asked_yes, 0, read_delivered},
        {"the answer to ASKED", write_asked, 0, read_asked},
        {"CAN", write_can, FH_MSG_CAN, read_can},
        {"its answer", write_can_answer, 0, read_can_answer},
        {"STILL", write_still, FH_MSG_STILL, read_still},
        {"its answer", write_still_answer, 0, read_still_answer},
        {"ADMIN_GRANTS", write_after, FH_MSG_ADMIN_GRANTS, read_after},
        {"ADMIN_ASKED", write_from_the_beginning, FH_MSG_ADMIN_ASKED, read_after},
        {"the answer to ADMIN_GRANTS", write_granted, 0, read_granted},
        {"ADMIN_WHO", write_who, FH_MSG_ADMIN_WHO, read_who},
        {"its answer", write_who_answer, 0, read_who_answer},
        {"ADMIN_GOVERN", write_govern, FH_MSG_ADMIN_GOVERN, read_govern},
    };
    (void)state;
    assert_whole_and_cut(rows, FH_COUNT(rows));
}

/* ---- beyond their limits ---- */

static void test_limits(void **state)
{
    (void)state;
    struct fh_buf out FH_CLEANUP(fh_buf_fini);
    static uint8_t large[FH_GRANT_BYTES_MAX + 1025];
    static char long_name[FH_GRANT_COLUMN_BYTES_MAX + 2];
    memset(large, 'x', sizeof large);
    memset(long_name, 'x', sizeof long_name - 1);
    fh_buf_init(&out, (size_t)4 * FH_GRANT_BYTES_MAX);

    fh_msg_ask_begin(&out, fh_bytes(large, sizeof large));
    fh_pack_array(&out, 0);
    assert_int_equal(read_message(fh_buf_view(&out), FH_MSG_ASK, read_ask), FH_EPROTO);

    fh_buf_reset(&out);
    fh_pack_array(&out, 6);
    fh_pack_uint(&out, FH_MSG_CAN);
    fh_pack_cstr(&out, "orders");
    fh_pack_uint(&out, 1);
    fh_pack_cstr(&out, long_name);
    fh_pack_cstr(&out, "");
    fh_pack_bin(&out, FH_BYTES_NONE);
    assert_int_equal(read_message(fh_buf_view(&out), FH_MSG_CAN, read_can), FH_EPROTO);

    fh_buf_reset(&out);
    fh_msg_still_request(&out, fh_bytes_cstr("a request"), FH_QUERY_TABLES_MAX);
    assert_int_equal(read_message(fh_buf_view(&out), FH_MSG_STILL, read_still), FH_EPROTO);

    fh_buf_reset(&out);
    fh_pack_array(&out, 2);
    fh_pack_uint(&out, FH_MSG_ADMIN_GRANTS);
    fh_pack_bin(&out, fh_bytes(large, 31));
    assert_int_equal(read_message(fh_buf_view(&out), FH_MSG_ADMIN_GRANTS, read_after), FH_EPROTO);

    fh_buf_reset(&out);
    long_name[FH_NAME_BYTES_MAX + 1] = '\0';
    fh_msg_who_request(&out, long_name);
    assert_int_equal(read_message(fh_buf_view(&out), FH_MSG_ADMIN_WHO, read_who), FH_EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_and_cut),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
