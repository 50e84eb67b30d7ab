/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measurements: from what a look at the data found to the signed record that peers see.
 *
 *     results -> counts, hash -> signed with the node key -> catalogue and history -> mesh
 *
 * Does not: look at data (node/quality/checks.h), decide when (node/quality/schedule.h). Thread:
 * the loop's. Ownership: keeps what its options name; everything else is borrowed for the call.
 */
#ifndef FH_NODE_QUALITY_MEASUREMENTS_H
#define FH_NODE_QUALITY_MEASUREMENTS_H

#include "node/mesh/mesh.h"
#include "proto/quality/measurement.h"

struct fh_measurements_options {
    struct fh_catalog *catalog;
    struct fh_store *store;
    struct fh_keystore *keys;
    struct fh_mesh *mesh; /* NULL when offline: peers learn of it at the next start */
    struct fh_mesh_id mesh_id;
    struct fh_domain_id domain;
    int64_t started_ms; /* Unix: since when this node serves; 0: it does not */
};

/* What was looked at, and what became of it. */
struct fh_look {
    const struct fh_announcement *product;
    const struct fh_contract *contract;
    int64_t measured_ms;
    int64_t expires_ms;
    uint64_t rows;
    const struct fh_promises *promises;
    const struct fh_promise_result *results; /* one a promise, same order */
};

/* Fills `out` and appends the encoded results. FH_ENOMEM. */
FH_MUST_CHECK int fh_measurements_sum(const struct fh_measurements_options *options,
                                      const struct fh_look *look,
                                      struct fh_measurement *out,
                                      struct fh_buf *out_results,
                                      struct fh_err *err);

/* Signs, stores and spreads it, and logs what was found: counts and names of promises, never a
 * value. The refusals of fh_catalog_measure. */
FH_MUST_CHECK int fh_measurements_keep(const struct fh_measurements_options *options,
                                       const struct fh_measurement *measurement,
                                       struct fh_bytes results,
                                       struct fh_err *err);

/* Part of the last 30 days (or since this node first served) in which it served, in 1/10000;
 * FH_MEASUREMENT_UP_UNKNOWN before it ever did. */
uint64_t fh_measurements_uptime(const struct fh_measurements_options *options, int64_t now_ms);
/* Writes down that this node still serves. */
void fh_measurements_serving(const struct fh_measurements_options *options, int64_t now_ms);

#endif
