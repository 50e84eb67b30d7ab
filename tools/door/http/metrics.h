/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metrics: what the door counts, in Prometheus' text format.
 *
 * Labels have values from tables here alone (routes, statuses): no stranger can make a new series.
 *
 * Does not: ask the node. Thread: any (atomics; a reading is not of one moment). Ownership: values.
 */
#ifndef FH_TOOLS_DOOR_HTTP_METRICS_H
#define FH_TOOLS_DOOR_HTTP_METRICS_H

#include "common/bytes.h"
#include "tools/client/freehold.h"

#include <stdatomic.h>

enum {
    FH_HTTP_METRIC_ROUTES = 28,   /* those of routes.c, pages, and whatever was refused */
    FH_HTTP_METRIC_STATUSES = 24, /* those of problem.c, and others */
    FH_HTTP_METRIC_BUCKETS = 8,
};

struct fh_http_metrics {
    atomic_ullong requests[FH_HTTP_METRIC_ROUTES][FH_HTTP_METRIC_STATUSES];
    atomic_ullong buckets[FH_HTTP_METRIC_ROUTES][FH_HTTP_METRIC_BUCKETS]; /* not cumulative */
    atomic_ullong microseconds[FH_HTTP_METRIC_ROUTES];
    atomic_ullong kept_hits, kept_misses;
    atomic_ullong connections_open, connections_all, connections_cut;
    atomic_ullong calls_running;
    atomic_ullong body_bytes;   /* of requests, held now */
    atomic_ullong answer_bytes; /* of bodies, sent */
    atomic_ullong query_rows, queries, queries_failed, queries_hung_up;
    atomic_ullong sign_ins_refused;
};

/* One request was answered. `route` is an index of fh_http_route_at, or a number behind them. */
void fh_http_metrics_request(struct fh_http_metrics *metrics,
                             size_t route,
                             unsigned status,
                             int64_t microseconds);

/* The two behind the routes. */
size_t fh_http_metrics_pages(void);
size_t fh_http_metrics_refused(void);

/* Appends the text; `node` NULL: it does not answer. */
void fh_http_metrics_write(struct fh_buf *out,
                           const struct fh_http_metrics *metrics,
                           const struct freehold_status *node);

#endif
