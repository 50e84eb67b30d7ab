/* SPDX-License-Identifier: Apache-2.0 */
/* The payload of a POLICY record: what is refused of its shape, and what its text must agree with.
 */
#include "proto/governance/policy_record.h"

#include "proto/wire/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static const char good_text[] = "name: p\nversion: 1.0.0\nhide: [{tags: x}]\n";

static struct fh_policy_record good(void)
{
    return (struct fh_policy_record){.domain = {{1}},
                                     .name = "p",
                                     .version = "1.0.0",
                                     .seq = 1,
                                     .created_ms = 5,
                                     .until_ms = INT64_MAX,
                                     .text = fh_bytes_cstr(good_text)};
}

/* A payload written by hand, one key of which is another. */
static void write(struct fh_buf *out, const char *key, void (*put)(struct fh_buf *out))
{
    static const char *const keys[] = {
        "created", "domain", "name", "prev", "seq", "text", "until", "v", "version"};
    static const uint8_t domain[FH_ID_BYTES] = {1};
    fh_pack_map(out, 9);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        fh_pack_cstr(out, keys[i]);
        if (strcmp(keys[i], key) == 0) {
            put(out);
        } else if (i == 0 || i == 4 || i == 7) {
            fh_pack_uint(out, 1);
        } else if (i == 1) {
            fh_pack_bin(out, fh_bytes(domain, sizeof domain));
        } else if (i == 3) {
            fh_pack_bin(out, FH_BYTES_NONE);
        } else if (i == 6) {
            fh_pack_nil(out);
        } else {
            fh_pack_cstr(out, i == 2 ? "p" : i == 5 ? good_text : "1.0.0");
        }
    }
}

static void put_nothing(struct fh_buf *out)
{
    fh_pack_nil(out);
}
static void put_zero(struct fh_buf *out)
{
    fh_pack_uint(out, 0);
}
static void put_two(struct fh_buf *out)
{
    fh_pack_uint(out, 2);
}
static void put_late(struct fh_buf *out)
{
    fh_pack_uint(out, UINT64_MAX);
}
static void put_word(struct fh_buf *out)
{
    fh_pack_cstr(out, "Not a name");
}
static void put_short(struct fh_buf *out)
{
    fh_pack_bin(out, fh_bytes("abc", 3));
}
static void put_zeros(struct fh_buf *out)
{
    static const uint8_t zeros[FH_ID_BYTES];
    fh_pack_bin(out, fh_bytes(zeros, sizeof zeros));
}
static void put_good_seq(struct fh_buf *out)
{
    fh_pack_uint(out, 1);
}

static void test_shape(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        void (*put)(struct fh_buf *out);
        const char *rule; /* "" passes */
    } rows[] = {
        {"seq", put_good_seq, ""},
        {"created", put_nothing, "pack.shape"},
        {"created", put_late, "pack.shape"},
        {"domain", put_short, "pack.shape"},
        {"name", put_word, "name.form"},
        {"name", put_nothing, "pack.shape"},
        {"prev", put_short, "pack.shape"},
        {"prev", put_zeros, "pack.shape"},
        {"seq", put_zero, "policy.chain.broken"},
        {"seq", put_two, "policy.chain.broken"}, /* without a record before it */
        {"text", put_short, "pack.shape"},
        {"until", put_word, "pack.shape"},
        {"until", put_late, "pack.shape"},
        {"v", put_two, "policy.record.version"},
        {"v", put_nothing, "pack.shape"},
        {"version", put_word, "semver.form"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fh_policy_record read;
        struct fh_err err = {0};
        FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
        fh_buf_init(&payload, 4096);
        write(&payload, rows[i].key, rows[i].put);
        assert_int_equal(fh_buf_ok(&payload), FH_OK);
        int rc = fh_policy_record_parse(&read, fh_buf_view(&payload), &err);
        if (strcmp(rc == FH_OK ? "" : err.rule, rows[i].rule) != 0) {
            fail_msg("row %zu, %s: %s %s", i, rows[i].key, err.rule, err.text);
        }
    }
}

static void test_text_must_agree(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *rule;
    } rows[] = {
        {good_text, ""},
        {"name: q\nversion: 1.0.0\nhide: [{tags: x}]\n", "policy.record.mismatch"},
        {"name: p\nversion: 1.0.1\nhide: [{tags: x}]\n", "policy.record.mismatch"},
        {"name: p\nversion: 1.0.0\nvalid_until: 2027-01-01\nhide: [{tags: x}]\n",
         "policy.record.mismatch"},
        {"name: p\nversion: 1.0.0\nhidden: [{tags: x}]\n", "policy.key.unknown"},
        {"", "yaml.empty"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fh_policy_record record = good();
        struct fh_policy *policy = NULL;
        struct fh_err err = {0};
        struct fh_arena *arena = fh_arena_new(1024 * 1024);
        assert_non_null(arena);
        record.text = fh_bytes_cstr(rows[i].text);
        int rc = fh_policy_record_open(&policy, &record, arena, &err);
        if (strcmp(rc == FH_OK ? "" : err.rule, rows[i].rule) != 0) {
            fail_msg("row %zu: %s %s", i, err.rule, err.text);
        }
        fh_arena_free(arena);
    }
}

/* Written, read, and cut at every byte. */
static void test_round(void **state)
{
    (void)state;
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    fh_buf_init(&payload, 4096);
    struct fh_policy_record record = good();
    struct fh_policy_record read;
    struct fh_err err;
    record.seq = 9;
    record.prev.b[3] = 1;
    record.until_ms = 77;
    fh_policy_record_encode(&payload, &record);
    assert_int_equal(fh_policy_record_parse(&read, fh_buf_view(&payload), &err), FH_OK);
    assert_true(read.seq == 9 && read.until_ms == 77 && read.created_ms == 5);
    assert_memory_equal(read.prev.b, record.prev.b, FH_ID_BYTES);
    assert_true(fh_bytes_equal_cstr(read.text, good_text));
    for (size_t size = 0; size < payload.size; size++) {
        assert_int_not_equal(fh_policy_record_parse(&read, fh_bytes(payload.data, size), &err),
                             FH_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shape),
        cmocka_unit_test(test_text_must_agree),
        cmocka_unit_test(test_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
