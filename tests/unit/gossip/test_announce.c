/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/gossip/announce.h"
#include "proto/identity/keylog.h"
#include "proto/wire/pack.h"
#include "proto/wire/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static struct fh_announcement sample(void)
{
    struct fh_announcement a = {
        .domain = {{1, 2, 3}},
        .product = "flights",
        .version = "2.1.0",
        .revision = 7,
        .status = FH_ANNOUNCE_ACTIVE,
        .contract = {{9}},
        .contract_bytes = 13384,
        .contract_seq = 3,
        .issued_ms = 1772323200000,
        .expires_ms = 1772928000000,
        .title = "Completed flights",
        .summary = "How late scheduled flights arrived",
    };
    return a;
}

static int parse(const struct fh_buf *buf, struct fh_announcement *out, struct fh_err *err)
{
    struct fh_pack_limits limits = fh_pack_limits(FH_RECORD_GOSSIP_BYTES_MAX * 2);
    int rc = fh_buf_ok(buf);
    if (rc == FH_OK) {
        rc = fh_pack_scan(fh_buf_view(buf), &limits, err);
    }
    return rc == FH_OK ? fh_announce_parse(out, fh_buf_view(buf), err) : rc;
}

static void test_round_trip(void **state)
{
    (void)state;
    struct fh_announcement in = sample();
    struct fh_announcement out = {0};
    struct fh_err err;
    struct fh_buf buf;
    fh_buf_init(&buf, 4096);
    fh_announce_encode(&buf, &in);
    assert_int_equal(parse(&buf, &out, &err), FH_OK);
    in.major = 2;
    assert_true(fh_domain_id_equal(&in.domain, &out.domain));
    assert_true(fh_record_id_equal(&in.contract, &out.contract));
    assert_string_equal(in.product, out.product);
    assert_string_equal(in.version, out.version);
    assert_string_equal(in.title, out.title);
    assert_string_equal(in.summary, out.summary);
    assert_int_equal(out.major, 2);
    assert_int_equal(out.status, FH_ANNOUNCE_ACTIVE);
    assert_true(out.revision == 7 && out.contract_seq == 3 && out.contract_bytes == 13384);
    assert_true(out.issued_ms == in.issued_ms && out.expires_ms == in.expires_ms);
    fh_buf_fini(&buf);
}

static void test_largest_fits_its_record(void **state)
{
    (void)state;
    struct fh_announcement in = sample();
    struct fh_announcement out;
    struct fh_err err;
    struct fh_buf buf;
    memset(in.product, 'p', FH_NAME_BYTES_MAX);
    memset(in.title, 't', FH_ANNOUNCE_TITLE_BYTES_MAX);
    memset(in.summary, 's', FH_ANNOUNCEMENT_SUMMARY_BYTES_MAX);
    snprintf(in.version, sizeof in.version, "4294967295.4294967295.429496729");
    in.revision = UINT64_MAX;
    in.contract_seq = UINT64_MAX;
    in.contract_bytes = FH_RECORD_BYTES_MAX;
    in.status = FH_ANNOUNCE_DEPRECATED;
    in.sunset_ms = FH_RECORD_TIME_MS_MAX;
    memset(in.successor, 'd', FH_NAME_BYTES_MAX);
    in.successor[FH_NAME_BYTES_MAX] = '/';
    memset(in.successor + FH_NAME_BYTES_MAX + 1, 's', FH_NAME_BYTES_MAX);
    memcpy(in.successor + 2 * FH_NAME_BYTES_MAX + 1, "@4294967295", 12);
    fh_buf_init(&buf, 4096);
    fh_announce_encode(&buf, &in);
    assert_int_equal(parse(&buf, &out, &err), FH_OK);
    assert_string_equal(out.successor, in.successor);
    assert_true(out.sunset_ms == in.sunset_ms);
    assert_true(buf.size <= FH_ANNOUNCE_BYTES_MAX);
    fh_buf_fini(&buf);
}

/* One field replaced by something else; NULL writers keep the field. */
struct change {
    const char *name;
    unsigned field; /* 1-based position, 0: none */
    void (*write)(struct fh_buf *out);
    const char *rule;
    int code;
};

static void write_nil(struct fh_buf *out)
{
    fh_pack_nil(out);
}
static void write_0(struct fh_buf *out)
{
    fh_pack_uint(out, 0);
}
static void write_2(struct fh_buf *out)
{
    fh_pack_uint(out, 2);
}
static void write_5(struct fh_buf *out)
{
    fh_pack_uint(out, 5);
}
static void write_minus(struct fh_buf *out)
{
    fh_pack_int(out, -1);
}
static void write_huge(struct fh_buf *out)
{
    fh_pack_uint(out, UINT64_MAX);
}
static void write_bin_31(struct fh_buf *out)
{
    static const uint8_t bytes[31];
    fh_pack_bin(out, fh_bytes(bytes, sizeof bytes));
}
static void write_upper(struct fh_buf *out)
{
    fh_pack_cstr(out, "Flights");
}
static void write_reserved(struct fh_buf *out)
{
    fh_pack_cstr(out, "pg_catalog");
}
static void write_empty(struct fh_buf *out)
{
    fh_pack_cstr(out, "");
}
static void write_long(struct fh_buf *out)
{
    char text[FH_ANNOUNCEMENT_SUMMARY_BYTES_MAX + 2];
    memset(text, 'x', sizeof text);
    fh_pack_str(out, fh_bytes(text, FH_ANNOUNCEMENT_SUMMARY_BYTES_MAX + 1));
}
static void write_version_2(struct fh_buf *out)
{
    fh_pack_cstr(out, "2.0");
}

static void test_refused(void **state)
{
    (void)state;
    static const struct change rows[] = {
        {"form 2", 1, write_2, "announce.version", FH_EVERSION},
        {"form of a wrong kind", 1, write_nil, "pack.shape", FH_EINVAL},
        {"short domain", 2, write_bin_31, "pack.shape", FH_EINVAL},
        {"domain as text", 2, write_upper, "pack.shape", FH_EINVAL},
        {"upper-case product", 3, write_upper, "name.form", FH_EINVAL},
        {"reserved product", 3, write_reserved, "name.reserved", FH_EINVAL},
        {"empty product", 3, write_empty, "name.form", FH_EINVAL},
        {"long product", 3, write_long, "pack.shape", FH_EINVAL},
        {"no version", 4, write_empty, "semver.form", FH_EINVAL},
        {"half a version", 4, write_version_2, "semver.form", FH_EINVAL},
        {"revision 0", 5, write_0, "announce.sequence", FH_EINVAL},
        {"negative revision", 5, write_minus, "pack.shape", FH_EINVAL},
        {"unknown status", 6, write_5, "pack.shape", FH_EINVAL},
        {"short contract id", 7, write_bin_31, "pack.shape", FH_EINVAL},
        {"empty contract", 8, write_0, "announce.size", FH_EINVAL},
        {"huge contract", 8, write_huge, "announce.size", FH_EINVAL},
        {"contract seq 0", 9, write_0, "announce.sequence", FH_EINVAL},
        {"negative time", 10, write_minus, "pack.shape", FH_EINVAL},
        {"time beyond all", 10, write_huge, "pack.shape", FH_EINVAL},
        {"expired at once", 11, write_0, "announce.expiry", FH_EINVAL},
        {"no title", 12, write_nil, "pack.shape", FH_EINVAL},
        {"long title", 12, write_long, "pack.shape", FH_EINVAL},
        {"long summary", 13, write_long, "pack.shape", FH_EINVAL},
        {"sunset of an active one", 14, write_2, "announce.sunset", FH_EINVAL},
        {"sunset beyond all", 14, write_huge, "pack.shape", FH_EINVAL},
        {"negative sunset", 14, write_minus, "pack.shape", FH_EINVAL},
        {"successor of an active one", 15, write_upper, "announce.sunset", FH_EINVAL},
        {"successor as number", 15, write_2, "pack.shape", FH_EINVAL},
        {"long successor", 15, write_long, "pack.shape", FH_EINVAL},
    };
    struct fh_announcement in = sample();
    struct fh_buf whole;
    fh_buf_init(&whole, 4096);
    fh_announce_encode(&whole, &in);
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_pack_reader reader;
        struct fh_announcement out = {.revision = 99};
        struct fh_err err = {0};
        struct fh_buf changed;
        fh_buf_init(&changed, 8192);
        fh_pack_read_init(&reader, fh_buf_view(&whole));
        uint32_t count = fh_pack_read_array(&reader, 64);
        fh_pack_array(&changed, count);
        for (uint32_t field = 1; field <= count; field++) {
            struct fh_bytes raw = fh_pack_read_raw(&reader);
            if (field == rows[i].field) {
                rows[i].write(&changed);
            } else {
                fh_buf_add_bytes(&changed, raw);
            }
        }
        int rc = parse(&changed, &out, &err);
        if (rc != rows[i].code || strcmp(err.rule, rows[i].rule) != 0) {
            fail_msg("%s: %d %s %s", rows[i].name, rc, err.rule, err.text);
        }
        assert_true(out.revision == 99); /* untouched */
        fh_buf_fini(&changed);
    }
    fh_buf_fini(&whole);
}

static void test_successors(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
    } rows[] = {
        {"orders@2", true},
        {"shop/orders@2", true},
        {"orders@0", true},
        {"a@4294967295", true},
        {"flights@1", true},  /* another major of the product itself */
        {"flights@2", false}, /* itself */
        {"orders", false},
        {"orders@", false},
        {"orders@02", false},
        {"orders@4294967296", false},
        {"orders@99999999999", false},
        {"orders@2.0.0", false},
        {"orders@-2", false},
        {"orders@2 ", false},
        {"orders@2/x", false},
        {"@2", false},
        {"/orders@2", false},
        {"shop/@2", false},
        {"shop/orders/x@2", false},
        {"shop.orders@2", false},
        {"Shop/orders@2", false},
        {"shop/Orders@2", false},
        {"public/orders@2", false},
        {"https://example.org/@2", false},
        {"orders@2\n", false},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_announcement in = sample();
        struct fh_announcement out;
        struct fh_err err = {0};
        struct fh_buf buf;
        in.status = FH_ANNOUNCE_DEPRECATED;
        snprintf(in.successor, sizeof in.successor, "%s", rows[i].text);
        fh_buf_init(&buf, 4096);
        fh_announce_encode(&buf, &in);
        int rc = parse(&buf, &out, &err);
        if (rc != (rows[i].good ? FH_OK : FH_EINVAL) ||
            (!rows[i].good && strcmp(err.rule, "announce.successor") != 0)) {
            fail_msg("%s: %d %s %s", rows[i].text, rc, err.rule, err.text);
        }
        fh_buf_fini(&buf);
    }
    char text[FH_SUCCESSOR_TEXT_BYTES];
    fh_announce_successor_text(text, "orders@2", "shop");
    assert_string_equal(text, "shop/orders@2");
    fh_announce_successor_text(text, "store/orders@2", "shop");
    assert_string_equal(text, "store/orders@2");
    fh_announce_successor_text(text, "", "shop");
    assert_string_equal(text, "");
    fh_announce_successor_text(text, "orders@2", "");
    assert_string_equal(text, "orders@2");
}

static void test_later_fields_are_ignored(void **state)
{
    (void)state;
    struct fh_announcement in = sample();
    struct fh_announcement out;
    struct fh_err err;
    struct fh_buf whole;
    struct fh_buf longer;
    fh_buf_init(&whole, 4096);
    fh_buf_init(&longer, 4096);
    fh_announce_encode(&whole, &in);
    struct fh_pack_reader reader;
    fh_pack_read_init(&reader, fh_buf_view(&whole));
    uint32_t count = fh_pack_read_array(&reader, 64);
    fh_pack_array(&longer, count + 2);
    for (uint32_t i = 0; i < count; i++) {
        fh_buf_add_bytes(&longer, fh_pack_read_raw(&reader));
    }
    fh_pack_map(&longer, 1);
    fh_pack_cstr(&longer, "new");
    fh_pack_bool(&longer, true);
    fh_pack_uint(&longer, 5);
    assert_int_equal(parse(&longer, &out, &err), FH_OK);
    assert_string_equal(out.summary, in.summary);
    fh_buf_fini(&longer);
    fh_buf_fini(&whole);
}

static void test_keys_and_order(void **state)
{
    (void)state;
    struct fh_announcement a = sample();
    struct fh_announcement b = sample();
    a.major = b.major = 2;
    struct fh_announce_key left = fh_announce_key(&a);
    struct fh_announce_key right = fh_announce_key(&b);
    assert_int_equal(fh_announce_key_compare(&left, &right), 0);
    right.major = 3;
    assert_true(fh_announce_key_compare(&left, &right) < 0);
    right.major = 2;
    right.product[0] = 'a';
    assert_true(fh_announce_key_compare(&left, &right) > 0);
    right = fh_announce_key(&b);
    right.domain.b[31] = 1;
    assert_true(fh_announce_key_compare(&left, &right) < 0);

    static const struct {
        uint64_t a_revision;
        uint8_t a_id;
        uint64_t b_revision;
        uint8_t b_id;
        bool b_wins;
    } rows[] = {
        {1, 1, 2, 0, true},
        {2, 0, 1, 9, false},
        {2, 1, 2, 2, true},
        {2, 2, 2, 1, false},
        {2, 2, 2, 2, false}, /* the same record changes nothing */
        {UINT64_MAX, 0, 1, 0, false},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_record_id a_id = {{rows[i].a_id}};
        struct fh_record_id b_id = {{rows[i].b_id}};
        a.revision = rows[i].a_revision;
        b.revision = rows[i].b_revision;
        assert_int_equal(fh_announce_supersedes(&a, &a_id, &b, &b_id), rows[i].b_wins);
    }
}

static void test_status_texts(void **state)
{
    (void)state;
    enum fh_announce_status status;
    struct fh_err err;
    for (unsigned i = 0; i < FH_ANNOUNCE_STATUS_COUNT; i++) {
        assert_int_equal(fh_announce_status_parse(&status, fh_announce_status_text(i), &err),
                         FH_OK);
        assert_int_equal(status, i);
    }
    assert_string_equal(fh_announce_status_text(FH_ANNOUNCE_STATUS_COUNT), "unknown");
    static const char *const wrong[] = {"", "Active", "live", "activated", "unknown"};
    for (size_t i = 0; i < FH_COUNT(wrong); i++) {
        assert_int_equal(fh_announce_status_parse(&status, wrong[i], &err), FH_EINVAL);
        assert_string_equal(err.rule, "announce.status");
    }
}

static void test_one_line_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size;
        const char *line;
    } rows[] = {
        {"", 10, ""},
        {"  a \n\t b  ", 10, "a b"},
        {"123456789", 10, "123456789"},
        {"1234567890", 10, "123456..."},
        {"123456 89", 10, "123456 89"},
        {"12345678 ", 10, "12345678"},
        {"12345678 x", 10, "123456..."},
        {"12345\xc3\xa4\xc3\xa4\xc3\xa4", 10, "12345..."}, /* not cut inside a character */
        {"\xf0\x9f\x9b\xab\xf0\x9f\x9b\xab\xf0\x9f\x9b\xab", 10, "\xf0\x9f\x9b\xab..."},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        char line[16];
        memset(line, '#', sizeof line);
        fh_announce_text(line, rows[i].size, rows[i].text);
        assert_string_equal(line, rows[i].line);
        assert_true(fh_utf8_valid(fh_bytes_cstr(line)));
        assert_int_equal(line[rows[i].size], '#');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_largest_fits_its_record),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_successors),
        cmocka_unit_test(test_later_fields_are_ignored),
        cmocka_unit_test(test_keys_and_order),
        cmocka_unit_test(test_status_texts),
        cmocka_unit_test(test_one_line_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
