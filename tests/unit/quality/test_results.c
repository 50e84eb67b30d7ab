/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/quality/results.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads all; the code of the first failure. */
static int
read_all(struct fh_bytes bytes, struct fh_result *out, uint32_t *out_count, struct fh_err *err)
{
    struct fh_results results;
    int code = fh_results_open(&results, bytes, err);
    for (*out_count = 0; code == FH_OK && results.left > 0; (*out_count)++) {
        code = fh_results_next(&results, &out[*out_count], err);
    }
    return code;
}

static void test_order_and_round_trip(void **state)
{
    (void)state;
    struct fh_result in[4];
    struct fh_result out[4];
    uint32_t count;
    struct fh_err err;
    struct fh_buf buf;
    fh_result_make(&in[0], "schema.t.present", "present", "", FH_PROMISE_SCHEMA, FH_PROMISE_PASSED);
    fh_result_make(
        &in[1], "schema.t.quality.0", "sql", "-12.5", FH_PROMISE_QUALITY, FH_PROMISE_WARNED);
    fh_result_make(&in[2],
                   "slaProperties.freshness",
                   "freshness",
                   "P2DT3H",
                   FH_PROMISE_SLA,
                   FH_PROMISE_NOT_RUN);
    fh_result_make(&in[3],
                   "schema.t.properties.id.unique",
                   "unique",
                   "4",
                   FH_PROMISE_SCHEMA,
                   FH_PROMISE_FAILED);
    in[3].failing = 4;
    in[3].total = UINT64_MAX;
    fh_buf_init(&buf, FH_MEASUREMENT_RESULTS_BYTES_MAX);
    fh_results_encode(&buf, in, 4);
    assert_int_equal(fh_buf_ok(&buf), FH_OK);
    assert_int_equal(read_all(fh_buf_view(&buf), out, &count, &err), FH_OK);
    assert_int_equal(count, 4);
    static const size_t order[] = {3, 1, 2, 0};
    for (size_t i = 0; i < 4; i++) {
        const struct fh_result *was = &in[order[i]];
        assert_string_equal(out[i].id, was->id);
        assert_string_equal(out[i].rule, was->rule);
        assert_string_equal(out[i].measured, was->measured);
        assert_int_equal(out[i].category, was->category);
        assert_int_equal(out[i].outcome, was->outcome);
        assert_true(out[i].failing == was->failing && out[i].total == was->total);
    }
    fh_buf_fini(&buf);
}

/* What holds is left out first, and counted. */
static void test_too_many(void **state)
{
    (void)state;
    size_t count = FH_MEASUREMENT_RESULTS_MAX + 100;
    struct fh_result *in = calloc(count, sizeof *in);
    assert_non_null(in);
    for (size_t i = 0; i < count; i++) {
        bool last = i + 1 == count;
        fh_result_make(&in[i],
                       "schema.t.properties.c.required",
                       "required",
                       "0",
                       FH_PROMISE_SCHEMA,
                       last ? FH_PROMISE_FAILED : FH_PROMISE_PASSED);
    }
    struct fh_buf buf;
    struct fh_results results;
    struct fh_result first;
    struct fh_err err;
    fh_buf_init(&buf, FH_MEASUREMENT_RESULTS_BYTES_MAX);
    fh_results_encode(&buf, in, count);
    assert_int_equal(fh_results_open(&results, fh_buf_view(&buf), &err), FH_OK);
    assert_int_equal(results.left, FH_MEASUREMENT_RESULTS_MAX);
    assert_int_equal(results.left_out, 100);
    assert_int_equal(fh_results_next(&results, &first, &err), FH_OK);
    assert_int_equal(first.outcome, FH_PROMISE_FAILED);
    fh_buf_reset(&buf);
    for (size_t i = 0; i < count; i++) {
        memset(in[i].id, 'x', FH_MEASUREMENT_ID_BYTES_MAX);
    }
    fh_results_encode(&buf, in, count);
    assert_int_equal(fh_buf_ok(&buf), FH_OK);
    assert_true(buf.size <= FH_MEASUREMENT_RESULTS_BYTES_MAX);
    assert_int_equal(fh_results_open(&results, fh_buf_view(&buf), &err), FH_OK);
    assert_int_equal(results.left + results.left_out, count);
    free(in);
    fh_buf_fini(&buf);
}

static void test_measured(void **state)
{
    static const struct {
        const char *text;
        bool kept;
    } rows[] = {
        {"", true},
        {"0", true},
        {"-12.75", true},
        {"true", true},
        {"false", true},
        {"P1DT2H3M4S", true},
        {"2026-11-28T15:08:57Z", true},
        {"2026-11-28", true},
        {"12.5%", true},
        {"12345678901234567890123456789012345678901234567890123456789012345678901234567890", false},
        {"Muster", false},
        {"truelike", false},
        {"1 2", false},
        {"'1'", false},
        {"1;DROP", false},
        {"a@b.c", false},
        {"\xc3\xa4", false},
        {"1\n", false},
    };
    (void)state;
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_result result;
        fh_result_make(
            &result, "slaProperties.x", "x", rows[i].text, FH_PROMISE_SLA, FH_PROMISE_PASSED);
        if ((strcmp(result.measured, rows[i].text) == 0) != rows[i].kept) {
            fail_msg("\"%s\" became \"%s\"", rows[i].text, result.measured);
        }
        if (rows[i].kept) {
            continue;
        }
        /* Who writes it all the same is refused. */
        struct fh_buf buf;
        struct fh_err err;
        uint32_t count;
        fh_buf_init(&buf, 4096);
        snprintf(result.measured, sizeof result.measured, "%s", rows[i].text);
        fh_results_encode(&buf, &result, 1);
        int code = read_all(fh_buf_view(&buf), &result, &count, &err);
        if (strlen(rows[i].text) < sizeof result.measured) {
            assert_int_equal(code, FH_EINVAL);
            assert_string_equal(err.rule, "results.measured");
        }
        fh_buf_fini(&buf);
    }
}

static void test_cut_between_letters(void **state)
{
    (void)state;
    char id[2 * FH_MEASUREMENT_ID_BYTES_MAX];
    struct fh_result result;
    memset(id, 'x', sizeof id);
    memcpy(id + FH_MEASUREMENT_ID_BYTES_MAX - 1, "\xc3\xa4", 3);
    fh_result_make(&result, id, "", "", FH_PROMISE_SCHEMA, FH_PROMISE_PASSED);
    assert_int_equal(strlen(result.id), FH_MEASUREMENT_ID_BYTES_MAX - 1);
    assert_true(fh_utf8_valid(fh_bytes_cstr(result.id)));
}

static void test_refused(void **state)
{
    static const struct {
        const char *name;
        const char *bytes;
        size_t size;
        int code;
        const char *rule;
    } rows[] = {
        {"nothing", "", 0, FH_EINVAL, "pack."},
        {"nil", "\xc0", 1, FH_EINVAL, "results.form"},
        {"an empty array", "\x90", 1, FH_EINVAL, "results.form"},
        {"another form", "\x93\x02\x00\x90", 4, FH_EVERSION, "pack.version"},
        {"no list", "\x93\x01\x00\xc0", 4, FH_EINVAL, "results.form"},
        {"a list that promises more", "\x93\x01\x00\x91", 4, FH_EINVAL, "pack."},
        {"a result that is none", "\x93\x01\x00\x91\xc0", 5, FH_EINVAL, "results.form"},
        {"a result with too few fields", "\x93\x01\x00\x91\x91\xa1x", 7, FH_EINVAL, "results.form"},
        {"an unknown category",
         "\x93\x01\x00\x91\x97\xa1x\x03\x00\xa0\xa0\x00\x00",
         13,
         FH_EINVAL,
         "results.form"},
        {"an unknown outcome",
         "\x93\x01\x00\x91\x97\xa1x\x00\x04\xa0\xa0\x00\x00",
         13,
         FH_EINVAL,
         "results.form"},
        {"bytes behind", "\x93\x01\x00\x90\x00", 5, FH_EINVAL, "pack."},
    };
    (void)state;
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_result out[4];
        uint32_t count;
        struct fh_err err = {0};
        int code = read_all(fh_bytes(rows[i].bytes, rows[i].size), out, &count, &err);
        if (code != rows[i].code || strncmp(err.rule, rows[i].rule, strlen(rows[i].rule)) != 0) {
            fail_msg("%s: code %d, rule %s, \"%s\"", rows[i].name, code, err.rule, err.text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_round_trip),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_measured),
        cmocka_unit_test(test_cut_between_letters),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
