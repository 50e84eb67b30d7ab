/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/http/metrics.h"

#include "common/assert.h"
#include "common/version.h"
#include "tools/door/http/call.h"

static const unsigned statuses[] = {200, 201, 304, 400, 401, 403, 404, 405, 406, 409, 411,
                                    413, 414, 415, 421, 422, 429, 431, 500, 502, 503, 504};
_Static_assert(FH_COUNT(statuses) < FH_HTTP_METRIC_STATUSES, "and one for the others");

/* Upper bounds in microseconds, and as Prometheus writes them. */
static const struct {
    int64_t us;
    const char *text;
} bounds[FH_HTTP_METRIC_BUCKETS] = {
    {1000, "0.001"},
    {5000, "0.005"},
    {25000, "0.025"},
    {100000, "0.1"},
    {500000, "0.5"},
    {2500000, "2.5"},
    {10000000, "10"},
    {INT64_MAX, "+Inf"},
};

size_t fh_http_metrics_pages(void)
{
    return fh_http_route_count();
}

size_t fh_http_metrics_refused(void)
{
    return fh_http_route_count() + 1;
}

static const char *route_name(size_t route)
{
    return route < fh_http_route_count()      ? fh_http_route_at(route)->path
           : route == fh_http_metrics_pages() ? "pages"
                                              : "none";
}

void fh_http_metrics_request(struct fh_http_metrics *metrics,
                             size_t route,
                             unsigned status,
                             int64_t microseconds)
{
    FH_ASSERT(route < FH_HTTP_METRIC_ROUTES);
    size_t s = 0;
    size_t b = 0;
    while (s < FH_COUNT(statuses) && statuses[s] != status) {
        s++;
    }
    while (microseconds > bounds[b].us) {
        b++;
    }
    atomic_fetch_add_explicit(&metrics->requests[route][s], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&metrics->buckets[route][b], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(
        &metrics->microseconds[route], (uint64_t)microseconds, memory_order_relaxed);
}

/* ---- the text ---- */

static void head(struct fh_buf *out, const char *name, const char *type, const char *help)
{
    fh_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void one(struct fh_buf *out,
                const char *name,
                const char *type,
                const char *help,
                unsigned long long value)
{
    head(out, name, type, help);
    fh_buf_printf(out, "%s %llu\n", name, value);
}

static void write_requests(struct fh_buf *out, const struct fh_http_metrics *metrics)
{
    head(out, "freehold_http_requests_total", "counter", "Requests answered.");
    for (size_t r = 0; r <= fh_http_metrics_refused(); r++) {
        for (size_t s = 0; s <= FH_COUNT(statuses); s++) {
            unsigned long long n = atomic_load(&metrics->requests[r][s]);
            if (n == 0) {
                continue;
            }
            fh_buf_printf(
                out, "freehold_http_requests_total{route=\"%s\",status=\"", route_name(r));
            if (s < FH_COUNT(statuses)) {
                fh_buf_printf(out, "%u\"} %llu\n", statuses[s], n);
            } else {
                fh_buf_printf(out, "other\"} %llu\n", n);
            }
        }
    }
}

static void write_durations(struct fh_buf *out, const struct fh_http_metrics *metrics)
{
    const char *name = "freehold_http_request_duration_seconds";
    head(out, name, "histogram", "From the whole request to the end of the answer.");
    for (size_t r = 0; r <= fh_http_metrics_refused(); r++) {
        unsigned long long below = 0;
        unsigned long long counts[FH_HTTP_METRIC_BUCKETS];
        unsigned long long all = 0;
        for (size_t b = 0; b < FH_HTTP_METRIC_BUCKETS; b++) {
            counts[b] = atomic_load(&metrics->buckets[r][b]);
            all += counts[b];
        }
        for (size_t b = 0; b < FH_HTTP_METRIC_BUCKETS && all > 0; b++) {
            below += counts[b];
            fh_buf_printf(out,
                          "%s_bucket{route=\"%s\",le=\"%s\"} %llu\n",
                          name,
                          route_name(r),
                          bounds[b].text,
                          below);
        }
        if (all > 0) {
            fh_buf_printf(out,
                          "%s_sum{route=\"%s\"} %.6f\n%s_count{route=\"%s\"} %llu\n",
                          name,
                          route_name(r),
                          (double)atomic_load(&metrics->microseconds[r]) / 1e6,
                          name,
                          route_name(r),
                          all);
        }
    }
}

static void write_node(struct fh_buf *out, const struct freehold_status *node)
{
    one(out, "freehold_node_up", "gauge", "Whether the node answers.", node != NULL);
    if (node == NULL) {
        return;
    }
    one(out,
        "freehold_node_members_alive",
        "gauge",
        "Members of the mesh that answer, itself included.",
        node->members_alive);
    one(out,
        "freehold_node_members_known",
        "gauge",
        "Members of the mesh that are known.",
        node->members_known);
    one(out, "freehold_node_products", "gauge", "Products announced in the mesh.", node->products);
    head(out, "freehold_node_uptime_seconds", "gauge", "Since the node started.");
    fh_buf_printf(out, "freehold_node_uptime_seconds %.3f\n", (double)node->uptime_ms / 1000);
}

void fh_http_metrics_write(struct fh_buf *out,
                           const struct fh_http_metrics *metrics,
                           const struct freehold_status *node)
{
    const struct {
        const char *name;
        const char *type;
        const char *help;
        const atomic_ullong *value;
    } rows[] = {
        {"freehold_http_connections", "gauge", "Connections open.", &metrics->connections_open},
        {"freehold_http_connections_total",
         "counter",
         "Connections accepted.",
         &metrics->connections_all},
        {"freehold_http_connections_cut_total",
         "counter",
         "Connections ended because a whole request did not come in time.",
         &metrics->connections_cut},
        {"freehold_http_calls", "gauge", "Requests in work.", &metrics->calls_running},
        {"freehold_http_kept_hits_total",
         "counter",
         "Catalogue answers that were made already.",
         &metrics->kept_hits},
        {"freehold_http_kept_misses_total",
         "counter",
         "Catalogue answers that were made anew.",
         &metrics->kept_misses},
        {"freehold_http_request_body_bytes", "gauge", "Bodies held.", &metrics->body_bytes},
        {"freehold_http_answer_bytes_total", "counter", "Bodies sent.", &metrics->answer_bytes},
        {"freehold_http_sign_ins_refused_total",
         "counter",
         "Tokens that did not hold.",
         &metrics->sign_ins_refused},
        {"freehold_queries_total", "counter", "Queries asked over HTTP.", &metrics->queries},
        {"freehold_queries_failed_total",
         "counter",
         "Queries that ended with an error.",
         &metrics->queries_failed},
        {"freehold_queries_hung_up_total",
         "counter",
         "Queries that were cancelled by closing.",
         &metrics->queries_hung_up},
        {"freehold_query_rows_total", "counter", "Rows of answers.", &metrics->query_rows},
    };
    head(out, "freehold_build_info", "gauge", "Version of the door.");
    fh_buf_printf(out, "freehold_build_info{version=\"%s\"} 1\n", FH_VERSION);
    write_requests(out, metrics);
    write_durations(out, metrics);
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        one(out, rows[i].name, rows[i].type, rows[i].help, atomic_load(rows[i].value));
    }
    write_node(out, node);
}
