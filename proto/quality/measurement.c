/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/quality/measurement.h"

#include "common/assert.h"
#include "common/semver.h"
#include "proto/identity/keylog.h"

#include <stdio.h>
#include <string.h>

enum { FORM = 1, FIELDS = 14, BROKEN_FIELDS = 2 };

static const char *const state_texts[] = {
#define X(name, text) [FH_QUALITY_##name] = (text),
    FH_QUALITY_STATES(X)
#undef X
};

const char *fh_quality_state_text(unsigned state)
{
    return state < FH_COUNT(state_texts) ? state_texts[state] : "unknown";
}

/* ---- making ---- */

static void name_broken(struct fh_measurement *out, const struct fh_result *result)
{
    if (out->broken_count == FH_MEASUREMENT_SHOWN_MAX) {
        return;
    }
    struct fh_measurement_broken *broken = &out->broken[out->broken_count++];
    broken->outcome = result->outcome;
    size_t length = strlen(result->id);
    if (length >= sizeof broken->id) {
        length = sizeof broken->id - 1;
        while (length > 0 && ((uint8_t)result->id[length] & 0xc0) == 0x80) {
            length--;
        }
    }
    memcpy(broken->id, result->id, length);
    broken->id[length] = '\0';
}

void fh_measurement_sum(struct fh_measurement *out,
                        const struct fh_result *results,
                        size_t count,
                        struct fh_bytes encoded)
{
    static const enum fh_promise_outcome order[] = {
        FH_PROMISE_FAILED, FH_PROMISE_WARNED, FH_PROMISE_NOT_RUN};
    memset(out->counts, 0, sizeof out->counts);
    out->broken_count = 0;
    for (size_t i = 0; i < count; i++) {
        out->counts[results[i].outcome]++;
    }
    for (size_t i = 0; i < FH_COUNT(order); i++) {
        for (size_t j = 0; j < count; j++) {
            if (results[j].outcome == order[i]) {
                name_broken(out, &results[j]);
            }
        }
    }
    out->results = fh_results_hash(encoded);
    out->results_bytes = encoded.size;
}

static void pack(struct fh_buf *out, const struct fh_measurement *m, unsigned broken_count)
{
    fh_pack_array(out, FIELDS);
    fh_pack_uint(out, FORM);
    fh_pack_bin(out, fh_bytes(m->domain.b, FH_ID_BYTES));
    fh_pack_cstr(out, m->product);
    fh_pack_cstr(out, m->version);
    fh_pack_bin(out, fh_bytes(m->contract.b, FH_ID_BYTES));
    fh_pack_uint(out, (uint64_t)m->measured_ms);
    fh_pack_uint(out, (uint64_t)m->expires_ms);
    fh_pack_uint(out, (uint64_t)m->gate);
    fh_pack_uint(out, m->rows);
    fh_pack_array(out, FH_PROMISE_OUTCOME_COUNT);
    for (size_t i = 0; i < FH_PROMISE_OUTCOME_COUNT; i++) {
        fh_pack_uint(out, m->counts[i]);
    }
    fh_pack_uint(out, m->up_permyriad);
    fh_pack_bin(out, fh_bytes(m->results.b, sizeof m->results.b));
    fh_pack_uint(out, m->results_bytes);
    fh_pack_array(out, broken_count);
    for (unsigned i = 0; i < broken_count; i++) {
        fh_pack_array(out, BROKEN_FIELDS);
        fh_pack_cstr(out, m->broken[i].id);
        fh_pack_uint(out, (uint64_t)m->broken[i].outcome);
    }
}

void fh_measurement_encode(struct fh_buf *out, const struct fh_measurement *measurement)
{
    FH_ASSERT(measurement->measured_ms >= 0);
    FH_ASSERT(measurement->expires_ms > measurement->measured_ms);
    FH_ASSERT(measurement->broken_count <= FH_MEASUREMENT_SHOWN_MAX);
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    fh_buf_init(&payload, (size_t)2 * FH_MEASUREMENT_BYTES_MAX);
    unsigned broken_count = measurement->broken_count;
    pack(&payload, measurement, broken_count);
    while (payload.size > FH_MEASUREMENT_BYTES_MAX && broken_count > 0) {
        fh_buf_reset(&payload);
        pack(&payload, measurement, --broken_count);
    }
    fh_buf_add_bytes(out, fh_buf_view(&payload));
    if (fh_buf_ok(&payload) != FH_OK && fh_buf_ok(out) == FH_OK) {
        out->failed = fh_buf_ok(&payload);
    }
}

/* ---- reading ---- */

static int
refuse(const struct fh_measurement *read, const char *rule, const char *what, struct fh_err *err)
{
    return fh_err_rule(err, FH_EINVAL, rule, "measurement of %s: %s", read->product, what);
}

static int check(struct fh_measurement *read, struct fh_err *err)
{
    struct fh_semver version;
    int rc = fh_name_check("product", read->product, err);
    if (rc == FH_OK) {
        rc = fh_semver_parse(&version, read->version, err);
    }
    if (rc != FH_OK) {
        return fh_err_wrap(err, "measurement");
    }
    read->major = version.major;
    if (read->expires_ms <= read->measured_ms ||
        read->expires_ms - read->measured_ms > FH_MEASUREMENT_TTL_MS) {
        return refuse(read, "measurement.expiry", "it counts for 1 ms to 8 days", err);
    }
    if (read->results_bytes == 0 || read->results_bytes > FH_MEASUREMENT_RESULTS_BYTES_MAX) {
        return refuse(read, "measurement.size", "results of no such size are kept", err);
    }
    uint64_t named[FH_PROMISE_OUTCOME_COUNT] = {0};
    for (unsigned i = 0; i < read->broken_count; i++) {
        named[read->broken[i].outcome]++;
    }
    bool more = named[FH_PROMISE_PASSED] > 0;
    for (size_t i = 0; i < FH_PROMISE_OUTCOME_COUNT; i++) {
        more = more || named[i] > read->counts[i];
    }
    if (more) {
        return refuse(
            read, "measurement.broken", "it names other promises as broken than it counts", err);
    }
    return FH_OK;
}

static void read_lists(struct fh_pack_reader *reader, struct fh_measurement *read)
{
    uint32_t counts = fh_pack_read_record(reader, FH_PROMISE_OUTCOME_COUNT);
    for (size_t i = 0; i < FH_PROMISE_OUTCOME_COUNT; i++) {
        read->counts[i] = fh_pack_read_uint(reader, UINT32_MAX); /* sums cannot wrap */
    }
    fh_pack_read_record_end(reader, counts, FH_PROMISE_OUTCOME_COUNT);
    read->up_permyriad = fh_pack_read_uint(reader, FH_MEASUREMENT_UP_UNKNOWN);
    fh_pack_read_fixed(reader, read->results.b, sizeof read->results.b);
    read->results_bytes = fh_pack_read_uint(reader, UINT64_MAX);
    read->broken_count = fh_pack_read_array(reader, FH_MEASUREMENT_SHOWN_MAX);
    for (unsigned i = 0; i < read->broken_count && reader->failed == FH_OK; i++) {
        struct fh_measurement_broken *broken = &read->broken[i];
        uint32_t fields = fh_pack_read_record(reader, BROKEN_FIELDS);
        fh_pack_read_cstr(reader, broken->id, sizeof broken->id);
        broken->outcome =
            (enum fh_promise_outcome)fh_pack_read_uint(reader, FH_PROMISE_OUTCOME_COUNT - 1);
        fh_pack_read_record_end(reader, fields, BROKEN_FIELDS);
    }
}

int fh_measurement_parse(struct fh_measurement *out, struct fh_bytes payload, struct fh_err *err)
{
    struct fh_measurement read = {0};
    struct fh_pack_reader reader;
    fh_pack_read_init(&reader, payload);
    uint32_t fields = fh_pack_read_record(&reader, FIELDS);
    fh_pack_read_version(&reader, FORM);
    fh_pack_read_fixed(&reader, read.domain.b, FH_ID_BYTES);
    fh_pack_read_cstr(&reader, read.product, sizeof read.product);
    fh_pack_read_cstr(&reader, read.version, sizeof read.version);
    fh_pack_read_fixed(&reader, read.contract.b, FH_ID_BYTES);
    read.measured_ms = (int64_t)fh_pack_read_uint(&reader, FH_RECORD_TIME_MS_MAX);
    read.expires_ms = (int64_t)fh_pack_read_uint(&reader, FH_RECORD_TIME_MS_MAX);
    read.gate = (enum fh_quality_gate)fh_pack_read_uint(&reader, FH_QUALITY_GATE_COUNT - 1);
    read.rows = fh_pack_read_uint(&reader, UINT64_MAX);
    read_lists(&reader, &read);
    fh_pack_read_record_end(&reader, fields, FIELDS);
    int rc = fh_pack_read_ok(&reader, "measurement", err);
    if (rc == FH_OK && payload.size > FH_MEASUREMENT_BYTES_MAX) {
        rc = fh_err_rule(err, FH_EINVAL, "measurement.size", "measurement: larger than 900 bytes");
    }
    if (rc == FH_OK) {
        rc = check(&read, err);
    }
    if (rc == FH_OK) {
        *out = read;
    }
    return rc;
}

/* ---- judging ---- */

bool fh_measurement_supersedes(int64_t a_measured_ms,
                               const struct fh_record_id *a_id,
                               int64_t b_measured_ms,
                               const struct fh_record_id *b_id)
{
    if (a_measured_ms != b_measured_ms) {
        return b_measured_ms > a_measured_ms;
    }
    return fh_record_id_compare(b_id, a_id) > 0;
}

enum fh_quality_state fh_measurement_state(const struct fh_measurement *measurement)
{
    if (measurement->counts[FH_PROMISE_FAILED] > 0) {
        return FH_QUALITY_FAIL;
    }
    if (measurement->counts[FH_PROMISE_WARNED] > 0) {
        return FH_QUALITY_WARN;
    }
    return measurement->counts[FH_PROMISE_PASSED] > 0 ? FH_QUALITY_OK : FH_QUALITY_UNKNOWN;
}

enum fh_quality_state
fh_quality_state_at(enum fh_quality_state state, int64_t expires_ms, int64_t now_ms)
{
    return state != FH_QUALITY_UNKNOWN && now_ms > expires_ms ? FH_QUALITY_STALE : state;
}

enum fh_quality_verdict
fh_quality_decide(enum fh_quality_gate gate, enum fh_quality_state state, bool own_domain)
{
    if (gate == FH_QUALITY_GATE_SERVE || (state != FH_QUALITY_FAIL && state != FH_QUALITY_WARN)) {
        return FH_QUALITY_ADMIT;
    }
    bool closed = gate == FH_QUALITY_GATE_BLOCK && state == FH_QUALITY_FAIL;
    return closed && !own_domain ? FH_QUALITY_REFUSE : FH_QUALITY_NOTICE;
}

void fh_measurement_broken_text(char *out, size_t size, const struct fh_measurement *m)
{
    uint64_t failed = m->counts[FH_PROMISE_FAILED];
    uint64_t warned = m->counts[FH_PROMISE_WARNED];
    uint64_t all = failed + warned + m->counts[FH_PROMISE_PASSED] + m->counts[FH_PROMISE_NOT_RUN];
    enum fh_promise_outcome of = failed > 0 ? FH_PROMISE_FAILED : FH_PROMISE_WARNED;
    uint64_t count = failed > 0 ? failed : warned;
    FH_ASSERT(size > 0);
    int used = snprintf(out,
                        size,
                        "%llu of %llu promises %s",
                        (unsigned long long)count,
                        (unsigned long long)all,
                        failed > 0 ? "failed" : "gave a warning");
    uint64_t named = 0;
    for (unsigned i = 0; i < m->broken_count && used >= 0 && (size_t)used < size; i++) {
        if (m->broken[i].outcome == of) {
            used += snprintf(
                out + used, size - (size_t)used, "%s %s", named == 0 ? ":" : ",", m->broken[i].id);
            named++;
        }
    }
    if (named > 0 && named < count && used >= 0 && (size_t)used < size) {
        snprintf(out + used, size - (size_t)used, ", ...");
    }
}
