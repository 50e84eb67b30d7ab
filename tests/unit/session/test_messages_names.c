/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about names: whole, cut at every byte, and with fields beyond their limits. */
#include "proto/session/messages_names.h"

#include "tests/unit/session/cut.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <string.h>

static void write_names(struct fh_buf *out)
{
    const struct fh_msg_named named = {.name = "market",
                                       .domain = {{1}},
                                       .kind = FH_MSG_NAME_DECIDED,
                                       .since_ms = 77,
                                       .known = true,
                                       .contested = true,
                                       .claimed_by = {{2}}};
    fh_msg_ok(out, 1);
    fh_pack_array(out, 1);
    fh_msg_named_add(out, &named);
}

static int read_names(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_named named;
    uint32_t count = 0;
    int rc = fh_msg_names_read(reader, &count, err);
    if (rc == FH_OK) {
        rc = fh_msg_named_next(reader, &named, err);
    }
    if (rc == FH_OK) {
        assert_string_equal(named.name, "market");
        assert_true(named.domain.b[0] == 1 && named.claimed_by.b[0] == 2 && named.since_ms == 77);
        assert_true(named.kind == FH_MSG_NAME_DECIDED && named.known && named.contested);
    }
    return rc;
}

static void write_name(struct fh_buf *out)
{
    const struct fh_msg_name name = {
        .what = FH_MSG_NAME_CALL, .name = "corner", .domain = "shop", .dry_run = true};
    fh_msg_name_request(out, &name);
}

static int read_name(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_name name;
    int rc = fh_msg_name_read(reader, &name, err);
    if (rc == FH_OK) {
        assert_string_equal(name.name, "corner");
        assert_string_equal(name.domain, "shop");
        assert_true(name.what == FH_MSG_NAME_CALL && name.dry_run);
    }
    return rc;
}

static void write_name_answer(struct fh_buf *out)
{
    const struct fh_domain_id domain = {{3}};
    fh_msg_name_answer(out, &domain);
}

static int read_name_answer(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_domain_id domain;
    int rc = fh_msg_name_answer_read(reader, &domain, err);
    assert_true(rc != FH_OK || domain.b[0] == 3);
    return rc;
}

static void test_whole_and_cut(void **state)
{
    static const struct message rows[] = {
        {"the answer to ADMIN_NAMES", write_names, 0, read_names},
        {"ADMIN_NAME", write_name, FH_MSG_ADMIN_NAME, read_name},
        {"its answer", write_name_answer, 0, read_name_answer},
    };
    (void)state;
    assert_whole_and_cut(rows, FH_COUNT(rows));
}

static void test_beyond_limits(void **state)
{
    static const struct {
        const char *about;
        unsigned what;
        size_t name_size;
        size_t domain_size;
        bool fits;
    } rows[] = {
        {"as long as names are", 0, FH_NAME_BYTES_MAX, FH_ID_TEXT_BYTES - 1, true},
        {"no such deed", FH_MSG_NAME_WHAT_COUNT, 4, 4, false},
        {"a longer name", 0, FH_NAME_BYTES_MAX + 1, 4, false},
        {"a longer id", 0, 4, FH_ID_TEXT_BYTES, false},
    };
    (void)state;
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_buf out FH_CLEANUP(fh_buf_fini);
        struct fh_pack_reader reader;
        struct fh_msg_name name;
        struct fh_err err = {0};
        char text[256];
        unsigned code = 0;
        memset(text, 'a', sizeof text);
        fh_buf_init(&out, 4096);
        fh_pack_array(&out, 5);
        fh_pack_uint(&out, FH_MSG_ADMIN_NAME);
        fh_pack_uint(&out, rows[i].what);
        fh_pack_str(&out, fh_bytes(text, rows[i].name_size));
        fh_pack_str(&out, fh_bytes(text, rows[i].domain_size));
        fh_pack_bool(&out, false);
        assert_int_equal(fh_msg_open(&reader, fh_buf_view(&out), 4096, &code, &err), FH_OK);
        int rc = fh_msg_name_read(&reader, &name, &err);
        if ((rc == FH_OK) != rows[i].fits) {
            fail_msg("%s: %d", rows[i].about, rc);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_and_cut),
        cmocka_unit_test(test_beyond_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
