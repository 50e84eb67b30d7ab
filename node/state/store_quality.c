/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/store_quality.h"

#include "node/state/store_sql.h"

#define MEASUREMENT_COLUMNS                                                                        \
    "SELECT m.domain, m.product, m.major, m.id, m.contract, m.measured_ms, m.expires_ms, m.state," \
    " m.gate, m.bytes"
/* The announcement that a measurement goes with. */
#define ANNOUNCED                                                                                  \
    "announcements a WHERE a.domain = m.domain AND a.product = m.product AND a.major = m.major"    \
    " AND a.contract = m.contract AND a.live = 1"

/* ---- measurements ---- */

int fh_store_measurement_put(struct fh_store *store,
                             const struct fh_store_measurement *measurement,
                             struct fh_err *err)
{
    static const char text[] =
        "INSERT OR REPLACE INTO measurements (domain, product, major, id, contract, measured_ms,"
        " expires_ms, state, gate, bytes, results) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, measurement->key.domain.b);
    fh_sql_text(&sql, measurement->key.product);
    fh_sql_number(&sql, measurement->key.major);
    fh_sql_id(&sql, measurement->id.b);
    fh_sql_id(&sql, measurement->contract.b);
    fh_sql_number(&sql, measurement->measured_ms);
    fh_sql_number(&sql, measurement->expires_ms);
    fh_sql_number(&sql, measurement->state);
    fh_sql_number(&sql, measurement->gate);
    fh_sql_bytes(&sql, measurement->bytes);
    fh_sql_bytes(&sql, measurement->results);
    return fh_sql_run(&sql, err);
}

int fh_store_measurement_results(struct fh_store *store,
                                 const struct fh_announce_key *key,
                                 struct fh_bytes results,
                                 struct fh_err *err)
{
    static const char text[] =
        "UPDATE measurements SET results = ? WHERE domain = ? AND product = ? AND major = ?";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_bytes(&sql, results);
    fh_sql_id(&sql, key->domain.b);
    fh_sql_text(&sql, key->product);
    fh_sql_number(&sql, key->major);
    return fh_sql_run(&sql, err);
}

/* Reads the row but for its results. */
static void read_row(struct fh_sql *sql, struct fh_store_measurement *out)
{
    *out = (struct fh_store_measurement){.key = {.major = (uint32_t)fh_sql_get_number(sql, 2)}};
    fh_sql_get_id(sql, 0, out->key.domain.b);
    fh_sql_get_text(sql, 1, out->key.product, sizeof out->key.product);
    fh_sql_get_id(sql, 3, out->id.b);
    fh_sql_get_id(sql, 4, out->contract.b);
    out->measured_ms = fh_sql_get_number(sql, 5);
    out->expires_ms = fh_sql_get_number(sql, 6);
    out->state = (unsigned)fh_sql_get_number(sql, 7);
    out->gate = (unsigned)fh_sql_get_number(sql, 8);
    out->bytes = fh_sql_get_bytes(sql, 9);
}

int fh_store_measurement_get(struct fh_store *store,
                             const struct fh_announce_key *key,
                             fh_store_measurement_visit_fn *visit,
                             void *user,
                             struct fh_err *err)
{
    static const char text[] = MEASUREMENT_COLUMNS
        ", m.results FROM measurements m WHERE m.domain = ? AND m.product = ? AND m.major = ?";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, key->domain.b);
    fh_sql_text(&sql, key->product);
    fh_sql_number(&sql, key->major);
    bool row = false;
    int code = fh_sql_step(&sql, &row, err);
    if (code == FH_OK && row) {
        struct fh_store_measurement measurement;
        read_row(&sql, &measurement);
        measurement.results = fh_sql_get_bytes(&sql, 10);
        code = fh_sql_ok(&sql, err);
        if (code == FH_OK) {
            code = visit(user, &measurement, err);
        }
    } else if (code == FH_OK) {
        code = fh_err_rule(err,
                           FH_ENOTFOUND,
                           "measurement.none",
                           "no measurement of %s is known here",
                           key->product);
    }
    fh_sql_end(&sql);
    return code;
}

int fh_store_measurements_after(struct fh_store *store,
                                const struct fh_record_id *after,
                                size_t limit,
                                fh_store_measurement_visit_fn *visit,
                                void *user,
                                struct fh_err *err)
{
    static const char text[] = MEASUREMENT_COLUMNS
        " FROM measurements m WHERE m.id > ? AND EXISTS (SELECT 1 FROM " ANNOUNCED
        ") ORDER BY m.id LIMIT ?";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, after->b);
    fh_sql_number(&sql, (int64_t)limit);
    int code = FH_OK;
    while (fh_sql_next(&sql, &code, err)) {
        struct fh_store_measurement measurement;
        read_row(&sql, &measurement);
        code = fh_sql_ok(&sql, err);
        if (code == FH_OK) {
            code = visit(user, &measurement, err);
        }
    }
    return code;
}

int fh_store_measurements_tidy(struct fh_store *store, struct fh_err *err)
{
    static const char text[] =
        "DELETE FROM measurements AS m WHERE NOT EXISTS (SELECT 1 FROM " ANNOUNCED ")";
    struct fh_sql sql = fh_sql(store, text);
    return fh_sql_run(&sql, err);
}

/* ---- history of own products ---- */

int fh_store_measured_put(struct fh_store *store,
                          const struct fh_store_measurement *measurement,
                          struct fh_err *err)
{
    static const char put[] = "INSERT OR REPLACE INTO measured (product, major, measured_ms, state,"
                              " bytes, results) VALUES (?, ?, ?, ?, ?, ?)";
    static const char drop[] =
        "DELETE FROM measured WHERE product = ?1 AND major = ?2 AND measured_ms NOT IN"
        " (SELECT measured_ms FROM measured WHERE product = ?1 AND major = ?2"
        " ORDER BY measured_ms DESC LIMIT ?3) AND measured_ms NOT IN"
        " (SELECT measured_ms FROM (SELECT measured_ms, row_number() OVER"
        " (PARTITION BY measured_ms / 86400000 ORDER BY state DESC, measured_ms DESC) AS place"
        " FROM measured WHERE product = ?1 AND major = ?2) WHERE place = 1"
        " ORDER BY measured_ms DESC LIMIT ?4)";
    struct fh_sql sql = fh_sql(store, put);
    fh_sql_text(&sql, measurement->key.product);
    fh_sql_number(&sql, measurement->key.major);
    fh_sql_number(&sql, measurement->measured_ms);
    fh_sql_number(&sql, measurement->state);
    fh_sql_bytes(&sql, measurement->bytes);
    fh_sql_bytes(&sql, measurement->results);
    int code = fh_sql_run(&sql, err);
    if (code == FH_OK) {
        sql = fh_sql(store, drop);
        fh_sql_text(&sql, measurement->key.product);
        fh_sql_number(&sql, measurement->key.major);
        fh_sql_number(&sql, FH_MEASUREMENT_RECENT_MAX);
        fh_sql_number(&sql, FH_MEASUREMENT_DAYS_MAX);
        code = fh_sql_run(&sql, err);
    }
    return code;
}

int fh_store_measured_each(struct fh_store *store,
                           const char *product,
                           uint32_t major,
                           int64_t before_ms,
                           size_t limit,
                           fh_store_measured_visit_fn *visit,
                           void *user,
                           struct fh_err *err)
{
    static const char text[] =
        "SELECT bytes, results FROM measured WHERE product = ?"
        " AND major = ? AND measured_ms < ? ORDER BY measured_ms DESC LIMIT ?";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_text(&sql, product);
    fh_sql_number(&sql, major);
    fh_sql_number(&sql, before_ms);
    fh_sql_number(&sql, (int64_t)limit);
    int code = FH_OK;
    while (fh_sql_next(&sql, &code, err)) {
        struct fh_bytes bytes = fh_sql_get_bytes(&sql, 0);
        struct fh_bytes results = fh_sql_get_bytes(&sql, 1);
        code = fh_sql_ok(&sql, err);
        if (code == FH_OK) {
            code = visit(user, bytes, results, err);
        }
    }
    return code;
}

/* ---- when this node served ---- */

int fh_store_uptime_put(
    struct fh_store *store, int64_t from_ms, int64_t to_ms, int64_t forget_ms, struct fh_err *err)
{
    static const char put[] = "INSERT INTO uptime (from_ms, to_ms) VALUES (?, ?)"
                              " ON CONFLICT (from_ms) DO UPDATE SET to_ms = excluded.to_ms";
    static const char drop[] = "DELETE FROM uptime WHERE to_ms < ?";
    struct fh_sql sql = fh_sql(store, put);
    fh_sql_number(&sql, from_ms);
    fh_sql_number(&sql, to_ms);
    int code = fh_sql_run(&sql, err);
    if (code == FH_OK) {
        sql = fh_sql(store, drop);
        fh_sql_number(&sql, forget_ms);
        code = fh_sql_run(&sql, err);
    }
    return code;
}

int fh_store_uptime_sum(struct fh_store *store,
                        int64_t from_ms,
                        int64_t to_ms,
                        int64_t *out_ms,
                        int64_t *out_first_ms,
                        struct fh_err *err)
{
    static const char text[] = "SELECT coalesce(sum(max(min(to_ms, ?2) - max(from_ms, ?1), 0)), 0),"
                               " coalesce(min(from_ms), 9223372036854775807) FROM uptime";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_number(&sql, from_ms);
    fh_sql_number(&sql, to_ms);
    bool row = false;
    int code = fh_sql_step(&sql, &row, err);
    if (code == FH_OK && row) {
        int64_t sum = fh_sql_get_number(&sql, 0);
        int64_t first = fh_sql_get_number(&sql, 1);
        code = fh_sql_ok(&sql, err);
        if (code == FH_OK) {
            *out_ms = sum;
            *out_first_ms = first;
        }
    }
    fh_sql_end(&sql);
    return code;
}
