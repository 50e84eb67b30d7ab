/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's tables of quality: measurements, their history, and when this node served.
 *
 * Rows in, rows out. What a measurement means and when one takes another's place is the catalogue's
 * (node/state/catalog.h).
 *
 * Does not: verify. Thread and errors: as node/state/store.h. Ownership: bytes of a row are lent
 * for the visit.
 */
#ifndef FH_NODE_STATE_STORE_QUALITY_H
#define FH_NODE_STATE_STORE_QUALITY_H

#include "node/state/store.h"
#include "proto/gossip/announce.h"

/* ---- measurements ---- */

struct fh_store_measurement {
    struct fh_announce_key key;
    struct fh_record_id id;
    struct fh_record_id contract;
    int64_t measured_ms;
    int64_t expires_ms;
    unsigned state; /* enum fh_quality_state */
    unsigned gate;
    struct fh_bytes bytes;   /* the MEASUREMENT record */
    struct fh_bytes results; /* empty: not held */
};

/* Puts it in the place of its key. */
FH_MUST_CHECK int fh_store_measurement_put(struct fh_store *store,
                                           const struct fh_store_measurement *measurement,
                                           struct fh_err *err);
FH_MUST_CHECK int fh_store_measurement_results(struct fh_store *store,
                                               const struct fh_announce_key *key,
                                               struct fh_bytes results,
                                               struct fh_err *err);

typedef int fh_store_measurement_visit_fn(void *user,
                                          const struct fh_store_measurement *measurement,
                                          struct fh_err *err);
/* Visits that of a key, also one that no announcement goes with: once, or FH_ENOTFOUND, rule
 * "measurement.none". */
FH_MUST_CHECK int fh_store_measurement_get(struct fh_store *store,
                                           const struct fh_announce_key *key,
                                           fh_store_measurement_visit_fn *visit,
                                           void *user,
                                           struct fh_err *err);
/* At most `limit` that a live announcement goes with, by id, those after `after`; without results.
 */
FH_MUST_CHECK int fh_store_measurements_after(struct fh_store *store,
                                              const struct fh_record_id *after,
                                              size_t limit,
                                              fh_store_measurement_visit_fn *visit,
                                              void *user,
                                              struct fh_err *err);
/* Drops those that no live announcement goes with. */
FH_MUST_CHECK int fh_store_measurements_tidy(struct fh_store *store, struct fh_err *err);

/* ---- history of own products ---- */

/* Adds one to its product and major. The newest FH_MEASUREMENT_RECENT_MAX stay, and one of each of
 * the FH_MEASUREMENT_DAYS_MAX last days (UTC) that had any: the worst, of equal ones the last. Days
 * are counted, not looked up in a calendar: a clock that jumps, or a node that was off for months,
 * ends none of them. */
FH_MUST_CHECK int fh_store_measured_put(struct fh_store *store,
                                        const struct fh_store_measurement *measurement,
                                        struct fh_err *err);
typedef int fh_store_measured_visit_fn(void *user,
                                       struct fh_bytes record,
                                       struct fh_bytes results,
                                       struct fh_err *err);
/* Those measured before `before_ms`, newest first. */
FH_MUST_CHECK int fh_store_measured_each(struct fh_store *store,
                                         const char *product,
                                         uint32_t major,
                                         int64_t before_ms,
                                         size_t limit,
                                         fh_store_measured_visit_fn *visit,
                                         void *user,
                                         struct fh_err *err);

/* ---- when this node served ---- */

/* Begins a span, or makes the span that began then longer. Spans that ended before `forget_ms` are
 * forgotten. */
FH_MUST_CHECK int fh_store_uptime_put(
    struct fh_store *store, int64_t from_ms, int64_t to_ms, int64_t forget_ms, struct fh_err *err);
/* Milliseconds between `from_ms` and `to_ms` that spans cover, and when the first span began
 * (INT64_MAX: there is none). */
FH_MUST_CHECK int fh_store_uptime_sum(struct fh_store *store,
                                      int64_t from_ms,
                                      int64_t to_ms,
                                      int64_t *out_ms,
                                      int64_t *out_first_ms,
                                      struct fh_err *err);

#endif
