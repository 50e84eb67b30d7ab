/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/quality/measurement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static const int64_t noon = 1772323200000;

static struct fh_measurement sample(void)
{
    struct fh_measurement m = {
        .domain = {{1, 2, 3}},
        .product = "flights",
        .version = "2.1.0",
        .contract = {{9}},
        .measured_ms = noon,
        .expires_ms = noon + 7200000,
        .gate = FH_QUALITY_GATE_BLOCK,
        .rows = 3000000,
        .counts = {17, 2, 1, 1},
        .up_permyriad = 9990,
        .results = {{7}},
        .results_bytes = 1234,
        .broken_count = 3,
        .broken = {{"schema.flights.properties.delay.required", FH_PROMISE_FAILED},
                   {"schema.flights.quality.few_late", FH_PROMISE_FAILED},
                   {"slaProperties.freshness", FH_PROMISE_WARNED}},
    };
    return m;
}

static int parse(const struct fh_buf *buf, struct fh_measurement *out, struct fh_err *err)
{
    struct fh_pack_limits limits = fh_pack_limits(4096);
    int rc = fh_buf_ok(buf);
    if (rc == FH_OK) {
        rc = fh_pack_scan(fh_buf_view(buf), &limits, err);
    }
    return rc == FH_OK ? fh_measurement_parse(out, fh_buf_view(buf), err) : rc;
}

static void test_round_trip(void **state)
{
    (void)state;
    struct fh_measurement in = sample();
    struct fh_measurement out = {0};
    struct fh_err err;
    struct fh_buf buf;
    fh_buf_init(&buf, 4096);
    fh_measurement_encode(&buf, &in);
    assert_int_equal(parse(&buf, &out, &err), FH_OK);
    assert_true(fh_domain_id_equal(&in.domain, &out.domain));
    assert_true(fh_record_id_equal(&in.contract, &out.contract));
    assert_string_equal(in.product, out.product);
    assert_string_equal(in.version, out.version);
    assert_int_equal(out.major, 2);
    assert_true(out.measured_ms == in.measured_ms && out.expires_ms == in.expires_ms);
    assert_int_equal(out.gate, FH_QUALITY_GATE_BLOCK);
    assert_true(out.rows == in.rows && out.up_permyriad == 9990 && out.results_bytes == 1234);
    assert_memory_equal(out.counts, in.counts, sizeof in.counts);
    assert_memory_equal(out.results.b, in.results.b, sizeof in.results.b);
    assert_int_equal(out.broken_count, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_string_equal(out.broken[i].id, in.broken[i].id);
        assert_int_equal(out.broken[i].outcome, in.broken[i].outcome);
    }
    fh_buf_fini(&buf);
}

/* Whatever the names are, the payload stays inside its limit: promises are left out at the end. */
static void test_largest_fits_its_record(void **state)
{
    (void)state;
    struct fh_measurement in = sample();
    struct fh_measurement out;
    struct fh_err err;
    struct fh_buf buf;
    memset(in.product, 'p', FH_NAME_BYTES_MAX);
    snprintf(in.version, sizeof in.version, "4294967295.4294967295.429496729");
    in.rows = UINT64_MAX;
    in.results_bytes = FH_MEASUREMENT_RESULTS_BYTES_MAX;
    in.broken_count = FH_MEASUREMENT_SHOWN_MAX;
    for (unsigned i = 0; i < FH_PROMISE_OUTCOME_COUNT; i++) {
        in.counts[i] = UINT32_MAX;
    }
    for (unsigned i = 0; i < FH_MEASUREMENT_SHOWN_MAX; i++) {
        memset(in.broken[i].id, 'a' + (int)i, FH_MEASUREMENT_SHOWN_ID_BYTES_MAX);
        in.broken[i].outcome = FH_PROMISE_FAILED;
    }
    fh_buf_init(&buf, 4096);
    fh_measurement_encode(&buf, &in);
    assert_true(buf.size <= FH_MEASUREMENT_BYTES_MAX);
    assert_int_equal(parse(&buf, &out, &err), FH_OK);
    assert_true(out.broken_count >= 4 && out.broken_count < FH_MEASUREMENT_SHOWN_MAX);
    assert_string_equal(out.broken[0].id, in.broken[0].id);
    fh_buf_fini(&buf);
}

struct change {
    const char *name;
    void (*change)(struct fh_measurement *m);
    const char *rule;
};

static void upper_product(struct fh_measurement *m)
{
    m->product[0] = 'F';
}
static void reserved_product(struct fh_measurement *m)
{
    snprintf(m->product, sizeof m->product, "pg_catalog");
}
static void no_product(struct fh_measurement *m)
{
    m->product[0] = '\0';
}
static void short_version(struct fh_measurement *m)
{
    snprintf(m->version, sizeof m->version, "2.1");
}
static void too_long(struct fh_measurement *m)
{
    m->expires_ms = m->measured_ms + FH_MEASUREMENT_TTL_MS + 1;
}
static void no_results(struct fh_measurement *m)
{
    m->results_bytes = 0;
}
static void huge_results(struct fh_measurement *m)
{
    m->results_bytes = FH_MEASUREMENT_RESULTS_BYTES_MAX + 1;
}
static void names_more_failed(struct fh_measurement *m)
{
    m->counts[FH_PROMISE_FAILED] = 1;
}
static void names_a_warning_of_none(struct fh_measurement *m)
{
    m->counts[FH_PROMISE_WARNED] = 0;
}
static void names_a_passed_one(struct fh_measurement *m)
{
    m->broken[1].outcome = FH_PROMISE_PASSED;
}
static void unknown_gate(struct fh_measurement *m)
{
    m->gate = FH_QUALITY_GATE_COUNT;
}
static void unknown_outcome(struct fh_measurement *m)
{
    m->broken[1].outcome = FH_PROMISE_OUTCOME_COUNT;
}
static void count_beyond_32_bits(struct fh_measurement *m)
{
    m->counts[FH_PROMISE_PASSED] = UINT64_C(1) << 32;
}
static void up_beyond_all(struct fh_measurement *m)
{
    m->up_permyriad = FH_MEASUREMENT_UP_UNKNOWN + 1;
}

static void test_refused(void **state)
{
    static const struct change rows[] = {
        {"a product in capitals", upper_product, "name.form"},
        {"a reserved product", reserved_product, "name.reserved"},
        {"no product", no_product, "name.form"},
        {"no semantic version", short_version, "semver.form"},
        {"counts for more than eight days", too_long, "measurement.expiry"},
        {"results of no bytes", no_results, "measurement.size"},
        {"results of too many bytes", huge_results, "measurement.size"},
        {"names more failed ones than it counts", names_more_failed, "measurement.broken"},
        {"names a warning and counts none", names_a_warning_of_none, "measurement.broken"},
        {"names a passed one as broken", names_a_passed_one, "measurement.broken"},
        {"an unknown gate", unknown_gate, "pack.shape"},
        {"an unknown outcome", unknown_outcome, "pack.shape"},
        {"a count beyond 32 bits", count_beyond_32_bits, "pack.shape"},
        {"up for more than all the time", up_beyond_all, "pack.shape"},
    };
    (void)state;
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_measurement in = sample();
        struct fh_measurement out = {.rows = 77};
        struct fh_err err = {0};
        struct fh_buf buf;
        fh_buf_init(&buf, 4096);
        rows[i].change(&in);
        fh_measurement_encode(&buf, &in);
        int code = parse(&buf, &out, &err);
        if (code != FH_EINVAL || strcmp(err.rule, rows[i].rule) != 0 || out.rows != 77) {
            fail_msg("%s: code %d, rule %s, \"%s\"", rows[i].name, code, err.rule, err.text);
        }
        fh_buf_fini(&buf);
    }
}

/* Every cut of the payload, and every field of another form. */
static void test_shapes(void **state)
{
    (void)state;
    struct fh_measurement in = sample();
    struct fh_measurement out;
    struct fh_err err;
    struct fh_buf buf;
    fh_buf_init(&buf, 4096);
    fh_measurement_encode(&buf, &in);
    for (size_t size = 0; size < buf.size; size++) {
        struct fh_buf cut = buf;
        cut.size = size;
        assert_int_not_equal(parse(&cut, &out, &err), FH_OK);
    }
    for (unsigned field = 1; field <= 14; field++) {
        struct fh_buf changed;
        struct fh_pack_reader reader;
        fh_buf_init(&changed, 4096);
        fh_pack_read_init(&reader, fh_buf_view(&buf));
        fh_pack_array(&changed, fh_pack_read_array(&reader, 64));
        for (unsigned i = 1; i <= 14; i++) {
            struct fh_bytes raw = fh_pack_read_raw(&reader);
            if (i == field) {
                fh_pack_nil(&changed);
            } else {
                fh_buf_add_bytes(&changed, raw);
            }
        }
        int code = parse(&changed, &out, &err);
        assert_true(code == FH_EINVAL || code == FH_EVERSION);
        fh_buf_fini(&changed);
    }
    fh_buf_fini(&buf);
}

static void test_newer_fields_are_ignored(void **state)
{
    (void)state;
    struct fh_measurement in = sample();
    struct fh_measurement out;
    struct fh_err err;
    struct fh_buf buf;
    fh_buf_init(&buf, 4096);
    fh_measurement_encode(&buf, &in);
    assert_int_equal(buf.data[0], 0x90 | 14);
    buf.data[0]++;
    fh_pack_cstr(&buf, "of a newer version");
    assert_int_equal(parse(&buf, &out, &err), FH_OK);
    buf.data[1] = 2; /* another form */
    assert_int_equal(parse(&buf, &out, &err), FH_EVERSION);
    fh_buf_fini(&buf);
}

static void test_supersedes(void **state)
{
    (void)state;
    const struct fh_record_id low = {{1}};
    const struct fh_record_id high = {{2}};
    assert_true(fh_measurement_supersedes(noon, &high, noon + 1, &low));
    assert_false(fh_measurement_supersedes(noon + 1, &low, noon, &high));
    assert_true(fh_measurement_supersedes(noon, &low, noon, &high));
    assert_false(fh_measurement_supersedes(noon, &high, noon, &low));
    assert_false(fh_measurement_supersedes(noon, &low, noon, &low));
}

static void test_sum_and_state(void **state)
{
    static const struct {
        const char *name;
        const char *outcomes; /* p, f, w, n */
        enum fh_quality_state state;
        unsigned broken;
        char first; /* outcome of the first broken one */
    } rows[] = {
        {"nothing promised", "", FH_QUALITY_UNKNOWN, 0, 0},
        {"all good", "ppp", FH_QUALITY_OK, 0, 0},
        {"some not run", "pnp", FH_QUALITY_OK, 1, 'n'},
        {"nothing could be run", "nn", FH_QUALITY_UNKNOWN, 2, 'n'},
        {"a warning", "ppw", FH_QUALITY_WARN, 1, 'w'},
        {"failed, and a warning before it", "pwf", FH_QUALITY_FAIL, 2, 'f'},
        {"failed alone", "f", FH_QUALITY_FAIL, 1, 'f'},
        {"more than are named", "ffffffffffwwww", FH_QUALITY_FAIL, FH_MEASUREMENT_SHOWN_MAX, 'f'},
    };
    static const char letters[] = "pfwn";
    (void)state;
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_result results[16];
        struct fh_measurement m = sample();
        size_t count = strlen(rows[i].outcomes);
        for (size_t j = 0; j < count; j++) {
            const char *letter = strchr(letters, rows[i].outcomes[j]);
            fh_result_make(&results[j],
                           "schema.t.quality.0",
                           "sql",
                           "1",
                           FH_PROMISE_QUALITY,
                           (enum fh_promise_outcome)(letter - letters));
        }
        fh_measurement_sum(&m, results, count, fh_bytes_cstr("bytes"));
        if (fh_measurement_state(&m) != rows[i].state || m.broken_count != rows[i].broken ||
            (rows[i].broken > 0 && letters[m.broken[0].outcome] != rows[i].first)) {
            fail_msg("%s: state %s, %u broken",
                     rows[i].name,
                     fh_quality_state_text(fh_measurement_state(&m)),
                     m.broken_count);
        }
        assert_int_equal(m.results_bytes, 5);
    }
    assert_int_equal(fh_quality_state_at(FH_QUALITY_OK, noon, noon), FH_QUALITY_OK);
    assert_int_equal(fh_quality_state_at(FH_QUALITY_OK, noon, noon + 1), FH_QUALITY_STALE);
    assert_int_equal(fh_quality_state_at(FH_QUALITY_FAIL, noon, noon + 1), FH_QUALITY_STALE);
    assert_int_equal(fh_quality_state_at(FH_QUALITY_UNKNOWN, 0, noon), FH_QUALITY_UNKNOWN);
}

static void test_decide(void **state)
{
    static const struct {
        enum fh_quality_gate gate;
        enum fh_quality_state state;
        bool own;
        enum fh_quality_verdict verdict;
    } rows[] = {
        {FH_QUALITY_GATE_SERVE, FH_QUALITY_FAIL, false, FH_QUALITY_ADMIT},
        {FH_QUALITY_GATE_SERVE, FH_QUALITY_WARN, false, FH_QUALITY_ADMIT},
        {FH_QUALITY_GATE_WARN, FH_QUALITY_OK, false, FH_QUALITY_ADMIT},
        {FH_QUALITY_GATE_WARN, FH_QUALITY_UNKNOWN, false, FH_QUALITY_ADMIT},
        {FH_QUALITY_GATE_WARN, FH_QUALITY_WARN, false, FH_QUALITY_NOTICE},
        {FH_QUALITY_GATE_WARN, FH_QUALITY_FAIL, false, FH_QUALITY_NOTICE},
        {FH_QUALITY_GATE_WARN, FH_QUALITY_FAIL, true, FH_QUALITY_NOTICE},
        {FH_QUALITY_GATE_BLOCK, FH_QUALITY_OK, false, FH_QUALITY_ADMIT},
        {FH_QUALITY_GATE_BLOCK, FH_QUALITY_UNKNOWN, false, FH_QUALITY_ADMIT},
        {FH_QUALITY_GATE_BLOCK, FH_QUALITY_STALE, false, FH_QUALITY_ADMIT},
        {FH_QUALITY_GATE_BLOCK, FH_QUALITY_WARN, false, FH_QUALITY_NOTICE},
        {FH_QUALITY_GATE_BLOCK, FH_QUALITY_FAIL, false, FH_QUALITY_REFUSE},
        {FH_QUALITY_GATE_BLOCK, FH_QUALITY_FAIL, true, FH_QUALITY_NOTICE},
    };
    (void)state;
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        assert_int_equal(fh_quality_decide(rows[i].gate, rows[i].state, rows[i].own),
                         rows[i].verdict);
    }
}

static void test_broken_text(void **state)
{
    (void)state;
    char text[256];
    struct fh_measurement m = sample();
    fh_measurement_broken_text(text, sizeof text, &m);
    assert_string_equal(text,
                        "2 of 21 promises failed: schema.flights.properties.delay.required, "
                        "schema.flights.quality.few_late");
    m.counts[FH_PROMISE_FAILED] = 9;
    fh_measurement_broken_text(text, sizeof text, &m);
    assert_string_equal(text,
                        "9 of 28 promises failed: schema.flights.properties.delay.required, "
                        "schema.flights.quality.few_late, ...");
    m.counts[FH_PROMISE_FAILED] = 0;
    m.broken[0] = m.broken[2];
    m.broken_count = 1;
    fh_measurement_broken_text(text, sizeof text, &m);
    assert_string_equal(text, "1 of 19 promises gave a warning: slaProperties.freshness");
    char small[16];
    fh_measurement_broken_text(small, sizeof small, &m);
    assert_int_equal(strlen(small), sizeof small - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_largest_fits_its_record),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_newer_fields_are_ignored),
        cmocka_unit_test(test_supersedes),
        cmocka_unit_test(test_sum_and_state),
        cmocka_unit_test(test_decide),
        cmocka_unit_test(test_broken_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
