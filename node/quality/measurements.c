/* SPDX-License-Identifier: Apache-2.0 */
#include "node/quality/measurements.h"

#include "common/log.h"
#include "common/mem.h"
#include "node/state/store_quality.h"

static const int64_t uptime_ms = INT64_C(30) * 24 * 3600 * 1000; /* what availability looks back */

int fh_measurements_sum(const struct fh_measurements_options *options,
                        const struct fh_look *look,
                        struct fh_measurement *out,
                        struct fh_buf *out_results,
                        struct fh_err *err)
{
    uint32_t count = look->promises->count;
    struct fh_result *results = fh_calloc((size_t)count + 1, sizeof *results);
    if (results == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a measurement");
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct fh_promise *promise = &look->promises->items[i];
        const struct fh_promise_result *found = &look->results[i];
        fh_result_make(&results[i],
                       promise->id,
                       promise->rule,
                       found->measured,
                       promise->category,
                       found->outcome);
        results[i].failing = found->failing;
        results[i].total = found->total;
    }
    fh_results_encode(out_results, results, count);
    int code = fh_buf_ok(out_results);
    if (code == FH_OK) {
        *out = (struct fh_measurement){
            .domain = look->product->domain,
            .major = look->product->major,
            .contract = look->product->contract,
            .measured_ms = look->measured_ms,
            .expires_ms = look->expires_ms,
            .gate = fh_quality_gate_of(look->contract),
            .rows = look->rows,
            .up_permyriad = fh_measurements_uptime(options, look->measured_ms),
        };
        memcpy(out->product, look->product->product, sizeof out->product);
        memcpy(out->version, look->product->version, sizeof out->version);
        fh_measurement_sum(out, results, count, fh_buf_view(out_results));
    }
    fh_free(results);
    return code == FH_OK ? FH_OK : fh_err_set(err, code, "the results do not fit");
}

static void tell(const struct fh_measurement *measurement)
{
    enum fh_quality_state state = fh_measurement_state(measurement);
    char broken[FH_ERR_TEXT_BYTES];
    fh_measurement_broken_text(broken, sizeof broken, measurement);
    fh_log(state == FH_QUALITY_OK ? FH_LOG_INFO : FH_LOG_WARN,
           "product.measured",
           "product=%s version=%s quality=%s passed=%llu failed=%llu warnings=%llu not_run=%llu"
           " text=\"%s\"",
           measurement->product,
           measurement->version,
           fh_quality_state_text(state),
           (unsigned long long)measurement->counts[FH_PROMISE_PASSED],
           (unsigned long long)measurement->counts[FH_PROMISE_FAILED],
           (unsigned long long)measurement->counts[FH_PROMISE_WARNED],
           (unsigned long long)measurement->counts[FH_PROMISE_NOT_RUN],
           state == FH_QUALITY_FAIL || state == FH_QUALITY_WARN ? broken : "");
}

int fh_measurements_keep(const struct fh_measurements_options *options,
                         const struct fh_measurement *measurement,
                         struct fh_bytes results,
                         struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    FH_CLEANUP(fh_buf_fini) struct fh_buf record;
    fh_buf_init(&payload, FH_RECORD_GOSSIP_BYTES_MAX);
    fh_buf_init(&record, FH_RECORD_GOSSIP_BYTES_MAX);
    fh_measurement_encode(&payload, measurement);
    if (fh_buf_ok(&payload) == FH_OK) {
        fh_keystore_seal(options->keys,
                         &record,
                         FH_RECORD_MEASUREMENT,
                         &options->mesh_id,
                         fh_buf_view(&payload));
    }
    int code = fh_buf_ok(&payload) != FH_OK ? fh_buf_ok(&payload) : fh_buf_ok(&record);
    if (code != FH_OK) {
        return fh_err_set(err, code, "the measurement does not fit a record");
    }
    struct fh_catalog_outcome outcome;
    bool changed = false;
    code = fh_catalog_measure(options->catalog,
                              fh_buf_view(&record),
                              results,
                              measurement->measured_ms,
                              &outcome,
                              &changed,
                              err);
    if (code != FH_OK) {
        return code;
    }
    tell(measurement);
    if (options->mesh != NULL) {
        fh_mesh_measured(options->mesh, fh_buf_view(&record), changed);
    }
    return FH_OK;
}

/* ---- how long this node served ---- */

uint64_t fh_measurements_uptime(const struct fh_measurements_options *options, int64_t now_ms)
{
    int64_t served = 0;
    int64_t first = INT64_MAX;
    struct fh_err err;
    int64_t from = now_ms - uptime_ms;
    fh_measurements_serving(options, now_ms);
    if (fh_store_uptime_sum(options->store, from, now_ms, &served, &first, &err) != FH_OK ||
        first >= now_ms) {
        return FH_MEASUREMENT_UP_UNKNOWN;
    }
    int64_t of = now_ms - (first > from ? first : from);
    return served >= of ? 10000 : (uint64_t)(served * 10000 / of);
}

void fh_measurements_serving(const struct fh_measurements_options *options, int64_t now_ms)
{
    struct fh_err err;
    /* The clock may have been set back since the start: then nothing is claimed. */
    if (options->started_ms == 0 || now_ms <= options->started_ms) {
        return;
    }
    int code = fh_store_begin(options->store, FH_STORE_LAZY, &err);
    if (code == FH_OK) {
        code = fh_store_uptime_put(
            options->store, options->started_ms, now_ms, now_ms - uptime_ms, &err);
        if (code == FH_OK) {
            code = fh_store_commit(options->store, &err);
        } else {
            fh_store_rollback(options->store);
        }
    }
    if (code != FH_OK) {
        fh_log(FH_LOG_ERROR, "uptime.not_stored", "rule=%s text=\"%s\"", err.rule, err.text);
    }
}
