/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quality: what a product's owner measured over time, as series: what became of each promise in
 * each measurement that the owner still keeps.
 *
 *                 looks[0]   looks[1]  ...          (the newest first)
 *     checks[0]    point      point
 *     checks[1]    point      point                 a promise that a contract had not yet, or has
 *       ...                                         no more, has no point there
 *
 * Every measurement is verified here, from the mesh id up, and its results have the hash that it
 * states. A peer can leave some out, but not make one up.
 *
 * Does not: belong to the public interface, know what was promised (the contract does). Thread:
 * one. Ownership: given; fh_quality_history_free.
 */
#ifndef FH_TOOLS_CLIENT_QUALITY_H
#define FH_TOOLS_CLIENT_QUALITY_H

#include "proto/quality/measurement.h"
#include "tools/client/client.h"
#include "tools/client/product_name.h"

struct fh_quality_look {
    struct fh_measurement said;
    struct fh_record_id id;
    bool held;         /* its results came with it; else it has no points */
    uint64_t left_out; /* results that are no point: of checks beyond the limit, or not listed */
};

struct fh_quality_check {
    char id[FH_MEASUREMENT_ID_BYTES_MAX + 1]; /* "schema.orders.properties.total.required" */
    char rule[FH_RESULT_RULE_BYTES_MAX + 1];  /* "required" */
    enum fh_promise_category category;
};

struct fh_quality_point {
    bool told; /* false: the promise is not in that measurement, and the rest is 0 */
    enum fh_promise_outcome outcome;
    char measured[FH_RESULT_MEASURED_BYTES_MAX + 1]; /* "" when nothing was */
    uint64_t failing;
    uint64_t total;
};

struct fh_quality_history {
    struct fh_domain_id domain;
    bool whole; /* all that the owner keeps; else it could not be asked, or there is more than
                   FH_MEASUREMENT_READ_BYTES_MAX of it */
    size_t look_count;
    struct fh_quality_look looks[FH_MEASUREMENT_HISTORY_MAX];
    size_t check_count; /* broken ones of the newest measurement first */
    struct fh_quality_check checks[FH_MEASUREMENT_CHECKS_MAX];
    struct fh_quality_point points[FH_MEASUREMENT_CHECKS_MAX][FH_MEASUREMENT_HISTORY_MAX];
};

/* Asks the entry peer, which asks the owner. No measurement at all is a history without looks.
 * FH_ENOTFOUND ("domain.unknown", "product.unknown"), FH_ESIG: "measurement.*", "quality.domain",
 * FH_EPROTO "quality.order": pages that do not go on. */
FH_MUST_CHECK int fh_quality_history_ask(struct fh_quality_history **out,
                                         struct freehold_client *client,
                                         const struct fh_product_name *name,
                                         struct fh_err *err);
void fh_quality_history_free(struct fh_quality_history *history);
static inline void fh_quality_history_freep(struct fh_quality_history **history)
{
    fh_quality_history_free(*history);
}

/* The check with that id, or check_count. */
size_t fh_quality_history_find(const struct fh_quality_history *history, const char *id);

#endif
