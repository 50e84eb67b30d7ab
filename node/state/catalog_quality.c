/* SPDX-License-Identifier: Apache-2.0 */
/* Measurements: judged against what is announced and held, then stored. */
#include "node/state/catalog_inner.h"

#include "common/time.h"
#include "node/state/store_quality.h"
#include "proto/wire/record.h"

struct judged {
    struct fh_record record;
    struct fh_measurement measurement;
    struct fh_announce_key key;
};

static int read_record(const struct fh_catalog *catalog,
                       struct fh_bytes bytes,
                       struct judged *out,
                       struct fh_err *err)
{
    int code = fh_record_parse(&out->record, bytes, fh_directory_mesh(catalog->directory), err);
    if (code == FH_OK && out->record.type != FH_RECORD_MEASUREMENT) {
        code = fh_err_rule(err,
                           FH_EINVAL,
                           "record.type",
                           "a record of type %s where a measurement is expected",
                           fh_record_type_text(out->record.type));
    }
    if (code == FH_OK) {
        code = fh_measurement_parse(&out->measurement, out->record.payload, err);
    }
    if (code != FH_OK) {
        return code;
    }
    out->key = (struct fh_announce_key){.domain = out->measurement.domain,
                                        .major = out->measurement.major};
    memcpy(out->key.product, out->measurement.product, sizeof out->key.product);
    return FH_OK;
}

/* ---- order ---- */

struct held {
    bool found;
    struct fh_record_id id;
    int64_t measured_ms;
    unsigned state;
};

static int take_held(void *user, const struct fh_store_measurement *row, struct fh_err *err)
{
    (void)err;
    struct held *held = user;
    *held = (struct held){
        .found = true, .id = row->id, .measured_ms = row->measured_ms, .state = row->state};
    return FH_OK;
}

static int find_held(struct fh_catalog *catalog,
                     const struct fh_announce_key *key,
                     struct held *out,
                     struct fh_err *err)
{
    struct fh_err none;
    int code = fh_store_measurement_get(catalog->store, key, take_held, out, &none);
    if (code != FH_OK && code != FH_ENOTFOUND && err != NULL) {
        *err = none;
    }
    return code == FH_ENOTFOUND ? FH_OK : code;
}

static int
check_time(const struct judged *judged, const struct held *held, int64_t now_ms, struct fh_err *err)
{
    const struct fh_measurement *m = &judged->measurement;
    char when[FH_TIME_TEXT_BYTES];
    fh_time_text(when, m->measured_ms);
    if (m->measured_ms > now_ms + FH_CLOCK_SKEW_MS) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "measurement.future",
                           "measurement of %s: made at %s, which is ahead of this clock",
                           m->product,
                           when);
    }
    if (held->found && !fh_measurement_supersedes(
                           held->measured_ms, &held->id, m->measured_ms, &judged->record.id)) {
        return fh_err_rule(err,
                           FH_ESTALE,
                           "measurement.stale",
                           "measurement of %s: made at %s, a later one is held",
                           m->product,
                           when);
    }
    return FH_OK;
}

/* ---- what it goes with ---- */

static int take_contract(void *user, const struct fh_store_entry *row, struct fh_err *err)
{
    (void)err;
    struct fh_record_id *contract = user;
    if (row->live && row->status != FH_ANNOUNCE_WITHDRAWN) {
        *contract = row->contract;
    }
    return FH_OK;
}

static int
check_announced(struct fh_catalog *catalog, const struct judged *judged, struct fh_err *err)
{
    struct fh_record_id contract = {{0}};
    struct fh_err none;
    int code = fh_store_entry_get(catalog->store, &judged->key, take_contract, &contract, &none);
    if (code != FH_OK && code != FH_ENOTFOUND) {
        if (err != NULL) {
            *err = none;
        }
        return code;
    }
    if (fh_record_id_equal(&contract, &judged->measurement.contract)) {
        return FH_OK;
    }
    return fh_err_rule(err,
                       FH_EINCOMPLETE,
                       "measurement.unannounced",
                       "measurement of %s %s: no announcement here names its contract",
                       judged->measurement.product,
                       judged->measurement.version);
}

static int
check_results(const struct fh_measurement *measurement, struct fh_bytes results, struct fh_err *err)
{
    struct fh_hash hash = fh_results_hash(results);
    if (results.size == measurement->results_bytes &&
        memcmp(hash.b, measurement->results.b, sizeof hash.b) == 0) {
        return FH_OK;
    }
    return fh_err_rule(err,
                       FH_ESIG,
                       "measurement.results",
                       "measurement of %s: these are not the results that it names",
                       measurement->product);
}

static int verify(struct fh_catalog *catalog, const struct judged *judged, struct fh_err *err)
{
    int code = fh_directory_verify(catalog->directory,
                                   &judged->record,
                                   &judged->measurement.domain,
                                   FH_ROLE_MASK(FH_ROLE_NODE),
                                   judged->measurement.measured_ms,
                                   NULL,
                                   err);
    if (code != FH_OK) {
        fh_catalog_signature_rule(err, code, "measurement.signature");
        fh_err_wrap(err, "measurement of %s", judged->measurement.product);
    }
    return code;
}

/* ---- applying ---- */

static int put(struct fh_catalog *catalog,
               const struct judged *judged,
               struct fh_bytes results,
               struct fh_err *err)
{
    const struct fh_measurement *m = &judged->measurement;
    const struct fh_store_measurement row = {
        .key = judged->key,
        .id = judged->record.id,
        .contract = m->contract,
        .measured_ms = m->measured_ms,
        .expires_ms = m->expires_ms,
        .state = fh_measurement_state(m),
        .gate = m->gate,
        .bytes = judged->record.bytes,
        .results = results,
    };
    int code = fh_store_measurement_put(catalog->store, &row, err);
    if (code == FH_OK && fh_domain_id_equal(&m->domain, &catalog->self)) {
        code = fh_store_measured_put(catalog->store, &row, err);
    }
    return code;
}

static int apply(struct fh_catalog *catalog,
                 struct fh_bytes record,
                 struct fh_bytes results,
                 int64_t now_ms,
                 struct fh_catalog_outcome *out,
                 bool *changed,
                 struct fh_err *err)
{
    struct judged judged;
    struct held held = {.found = false};
    int code = read_record(catalog, record, &judged, err);
    if (code != FH_OK) {
        return code;
    }
    out->id = judged.record.id;
    out->key = judged.key;
    code = find_held(catalog, &judged.key, &held, err);
    if (code != FH_OK || (held.found && fh_record_id_equal(&held.id, &judged.record.id))) {
        return code;
    }
    code = check_time(&judged, &held, now_ms, err);
    if (code == FH_OK) {
        code = verify(catalog, &judged, err);
    }
    if (code == FH_OK && results.size > 0) {
        code = check_results(&judged.measurement, results, err);
    }
    if (code == FH_OK) {
        code = check_announced(catalog, &judged, err);
    }
    if (code == FH_OK) {
        code = put(catalog, &judged, results, err);
    }
    if (code == FH_OK) {
        out->result = FH_CATALOG_ADDED;
        *changed = !held.found || held.state != fh_measurement_state(&judged.measurement);
    }
    return code;
}

int fh_catalog_measure(struct fh_catalog *catalog,
                       struct fh_bytes record,
                       struct fh_bytes results,
                       int64_t now_ms,
                       struct fh_catalog_outcome *out,
                       bool *out_changed,
                       struct fh_err *err)
{
    bool changed = false;
    *out = (struct fh_catalog_outcome){.result = FH_CATALOG_KNOWN};
    int code = fh_store_begin(catalog->store, FH_STORE_LAZY, err);
    if (code != FH_OK) {
        return code;
    }
    code = apply(catalog, record, results, now_ms, out, &changed, err);
    if (code == FH_OK) {
        code = fh_store_commit(catalog->store, err);
    } else {
        fh_store_rollback(catalog->store);
    }
    if (out->result != FH_CATALOG_KNOWN) {
        catalog->edits++;
    }
    if (code == FH_OK && out_changed != NULL) {
        *out_changed = changed;
    }
    return code;
}

/* ---- what is known ---- */

struct wanted {
    const struct fh_catalog *catalog;
    struct fh_measurement *measurement;
    struct fh_buf *record;
    struct fh_buf *results;
};

static int damaged(const char *product, struct fh_err *err)
{
    return fh_err_rule(err,
                       FH_EIO,
                       "store.corrupt",
                       "the stored measurement of %s is damaged; stop the node, move node.db* "
                       "aside and start again",
                       product);
}

static int take_wanted(void *user, const struct fh_store_measurement *row, struct fh_err *err)
{
    struct wanted *wanted = user;
    struct judged judged;
    if (read_record(wanted->catalog, row->bytes, &judged, err) != FH_OK ||
        !fh_record_id_equal(&judged.record.id, &row->id)) {
        return damaged(row->key.product, err);
    }
    if (wanted->measurement != NULL) {
        *wanted->measurement = judged.measurement;
    }
    if (wanted->record != NULL) {
        fh_buf_add_bytes(wanted->record, row->bytes);
    }
    if (wanted->results != NULL) {
        fh_buf_add_bytes(wanted->results, row->results);
    }
    return FH_OK;
}

int fh_catalog_measurement(struct fh_catalog *catalog,
                           const struct fh_announce_key *key,
                           struct fh_measurement *out,
                           struct fh_buf *out_record,
                           struct fh_buf *out_results,
                           struct fh_err *err)
{
    struct wanted wanted = {catalog, out, out_record, out_results};
    int code = fh_store_measurement_get(catalog->store, key, take_wanted, &wanted, err);
    if (code == FH_OK && out_record != NULL) {
        code = fh_buf_ok(out_record);
    }
    if (code == FH_OK && out_results != NULL) {
        code = fh_buf_ok(out_results);
    }
    return code;
}

int fh_catalog_keep_results(struct fh_catalog *catalog,
                            const struct fh_announce_key *key,
                            struct fh_bytes results,
                            struct fh_err *err)
{
    struct fh_measurement measurement;
    int code = fh_store_begin(catalog->store, FH_STORE_LAZY, err);
    if (code != FH_OK) {
        return code;
    }
    code = fh_catalog_measurement(catalog, key, &measurement, NULL, NULL, err);
    if (code == FH_OK) {
        code = check_results(&measurement, results, err);
    }
    if (code == FH_OK) {
        code = fh_store_measurement_results(catalog->store, key, results, err);
    }
    if (code == FH_OK) {
        catalog->edits++;
        return fh_store_commit(catalog->store, err);
    }
    fh_store_rollback(catalog->store);
    return code;
}

struct history {
    struct fh_catalog *catalog;
    const char *product;
    fh_catalog_measured_fn *visit;
    void *user;
};

static int
take_measured(void *user, struct fh_bytes record, struct fh_bytes results, struct fh_err *err)
{
    struct history *history = user;
    struct judged judged;
    if (read_record(history->catalog, record, &judged, err) != FH_OK) {
        return damaged(history->product, err);
    }
    return history->visit(history->user, &judged.measurement, record, results, err);
}

int fh_catalog_measured_each(struct fh_catalog *catalog,
                             const char *product,
                             uint32_t major,
                             int64_t before_ms,
                             size_t limit,
                             fh_catalog_measured_fn *visit,
                             void *user,
                             struct fh_err *err)
{
    struct history history = {catalog, product, visit, user};
    return fh_store_measured_each(
        catalog->store, product, major, before_ms, limit, take_measured, &history, err);
}

/* ---- pages ---- */

static int page_row(void *user, const struct fh_store_measurement *row, struct fh_err *err)
{
    return fh_catalog_page_add(user, &row->id, row->bytes, err);
}

static int add_measurements(struct fh_catalog_page *page,
                            struct fh_catalog *catalog,
                            const struct fh_record_id *after,
                            struct fh_err *err)
{
    return fh_store_measurements_after(
        catalog->store, after, FH_CATALOG_PAGE_ROWS, page_row, page, err);
}

int fh_catalog_measurement_page(struct fh_catalog *catalog,
                                struct fh_bytes cursor,
                                size_t bytes_max,
                                fh_catalog_record_visit_fn *visit,
                                void *user,
                                struct fh_buf *out_cursor,
                                struct fh_err *err)
{
    struct fh_catalog_page page;
    int code = fh_catalog_page_begin(&page, cursor, bytes_max, visit, user, err);
    return code == FH_OK ? fh_catalog_page_fill(&page, catalog, add_measurements, out_cursor, err)
                         : code;
}
