/* SPDX-License-Identifier: Apache-2.0 */
/* Every path that is served, beside the pages. The OpenAPI document says the same in words; a test
 * holds them against each other. */
#include "tools/door/http/call.h"

#include <string.h>

static const struct fh_http_form json_only[] = {
    {"json", "application/json", "application/json"},
};
static const struct fh_http_form text_only[] = {
    {"text", "text/plain", "text/plain; charset=utf-8"},
};
static const struct fh_http_form metrics_only[] = {
    {"text", "text/plain", "text/plain; version=0.0.4; charset=utf-8"},
};
static const struct fh_http_form product_forms[] = {
    {"json", "application/json", "application/json"},
    {"yaml", "application/yaml", "application/yaml"},
    {"html", "text/html", "text/html; charset=utf-8"},
    {"markdown", "text/markdown", "text/markdown; charset=utf-8"},
    {"jsonschema", "application/schema+json", "application/schema+json"},
    {"sql", "application/sql", "application/sql; charset=utf-8"},
    {"proof", "application/vnd.freehold.contract", "application/vnd.freehold.contract"},
};
static const struct fh_http_form answer_forms[] = {
    {"json", "application/json", "application/json"},
    {"csv", "text/csv", "text/csv; charset=utf-8; header=present"},
    {"arrow", "application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.stream"},
    {"parquet", "application/vnd.apache.parquet", "application/vnd.apache.parquet"},
};
static const struct fh_http_form compliance_forms[] = {
    {"json", "application/json", "application/json"},
    {"html", "text/html", "text/html; charset=utf-8"},
    {"csv", "text/csv", "text/csv; charset=utf-8; header=present"},
};
static const struct fh_http_form receipt_only[] = {
    {"file", "application/vnd.freehold.receipt", "application/vnd.freehold.receipt"},
};

#define FORMS(list) .form_count = FH_COUNT(list), .forms = (list)
#define ARGUMENTS(...)                                                                             \
    .arguments = (const char *const[])                                                             \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }
#define NO_ARGUMENTS                                                                               \
    .arguments = (const char *const[])                                                             \
    {                                                                                              \
        NULL                                                                                       \
    }

static const struct fh_http_route routes[] = {
    {"/v1/products",
     FH_HTTP_GET,
     FH_HTTP_CATALOGUE,
     .kept = true,
     FORMS(json_only),
     ARGUMENTS("q",
               "domain",
               "status",
               "classification",
               "quality",
               "access",
               "column",
               "person",
               "*tag",
               "reachable",
               "facets",
               "limit",
               "cursor"),
     .answer = fh_api_products},
    {"/v1/products/{domain}/{product}",
     FH_HTTP_GET,
     FH_HTTP_CATALOGUE,
     .kept = true,
     FORMS(product_forms),
     ARGUMENTS("format"),
     .answer = fh_api_product},
    {"/v1/products/{domain}/{product}/sample",
     FH_HTTP_GET,
     FH_HTTP_MEMBER,
     .flows = true,
     FORMS(answer_forms),
     ARGUMENTS("format", "table", "limit", "purpose"),
     .answer = fh_api_sample},
    {"/v1/products/{domain}/{product}/history",
     FH_HTTP_GET,
     FH_HTTP_CATALOGUE,
     .kept = true,
     FORMS(json_only),
     NO_ARGUMENTS,
     .answer = fh_api_history},
    {"/v1/products/{domain}/{product}/changes",
     FH_HTTP_GET,
     FH_HTTP_CATALOGUE,
     .kept = true,
     FORMS(json_only),
     ARGUMENTS("since"),
     .answer = fh_api_changes},
    {"/v1/products/{domain}/{product}/quality",
     FH_HTTP_GET,
     FH_HTTP_CATALOGUE,
     .kept = true,
     FORMS(json_only),
     NO_ARGUMENTS,
     .answer = fh_api_quality},
    {"/v1/products/{domain}/{product}/access",
     FH_HTTP_GET,
     FH_HTTP_MEMBER,
     FORMS(json_only),
     ARGUMENTS("purpose"),
     .answer = fh_api_access},
    {"/v1/products/{domain}/{product}/access-requests",
     FH_HTTP_POST,
     FH_HTTP_MEMBER,
     FORMS(json_only),
     NO_ARGUMENTS,
     .answer = fh_api_request_access},
    {"/v1/access-requests",
     FH_HTTP_GET,
     FH_HTTP_MEMBER,
     FORMS(json_only),
     ARGUMENTS("state"),
     .answer = fh_api_requests},
    {"/v1/access-requests/{id}",
     FH_HTTP_GET,
     FH_HTTP_MEMBER,
     FORMS(json_only),
     NO_ARGUMENTS,
     .answer = fh_api_request},
    {"/v1/access-requests/{id}/approve",
     FH_HTTP_POST,
     FH_HTTP_MEMBER,
     FORMS(json_only),
     NO_ARGUMENTS,
     .answer = fh_api_govern},
    {"/v1/access-requests/{id}/deny",
     FH_HTTP_POST,
     FH_HTTP_MEMBER,
     FORMS(json_only),
     NO_ARGUMENTS,
     .answer = fh_api_govern},
    {"/v1/compliance",
     FH_HTTP_GET,
     FH_HTTP_MEMBER,
     .stored = true,
     FORMS(compliance_forms),
     ARGUMENTS("format", "domain", "policy", "rule", "state", "limit", "cursor"),
     .answer = fh_api_compliance},
    {"/v1/compliance/{domain}/{product}",
     FH_HTTP_GET,
     FH_HTTP_MEMBER,
     .stored = true,
     FORMS(compliance_forms),
     ARGUMENTS("format", "policy", "rule", "state", "limit", "cursor"),
     .answer = fh_api_compliance},
    {"/v1/domains",
     FH_HTTP_GET,
     FH_HTTP_CATALOGUE,
     .kept = true,
     FORMS(json_only),
     NO_ARGUMENTS,
     .answer = fh_api_domains},
    {"/v1/peers",
     FH_HTTP_GET,
     FH_HTTP_CATALOGUE,
     .kept = true,
     FORMS(json_only),
     NO_ARGUMENTS,
     .answer = fh_api_peers},
    {"/v1/me", FH_HTTP_GET, FH_HTTP_ANYBODY, FORMS(json_only), NO_ARGUMENTS, .answer = fh_api_me},
    {"/v1/query",
     FH_HTTP_POST,
     FH_HTTP_MEMBER,
     .flows = true,
     FORMS(answer_forms),
     ARGUMENTS("format"),
     .answer = fh_api_query},
    {"/v1/receipts/{id}",
     FH_HTTP_GET,
     FH_HTTP_MEMBER,
     FORMS(receipt_only),
     NO_ARGUMENTS,
     .answer = fh_api_receipt},
    {"/v1/openapi.json",
     FH_HTTP_GET,
     FH_HTTP_ANYBODY,
     .stored = true,
     FORMS(json_only),
     NO_ARGUMENTS,
     .answer = fh_api_openapi},
    {"/healthz",
     FH_HTTP_GET,
     FH_HTTP_ANYBODY,
     FORMS(text_only),
     NO_ARGUMENTS,
     .answer = fh_api_health},
    {"/readyz",
     FH_HTTP_GET,
     FH_HTTP_ANYBODY,
     FORMS(json_only),
     NO_ARGUMENTS,
     .answer = fh_api_ready},
    {"/metrics",
     FH_HTTP_GET,
     FH_HTTP_ANYBODY,
     FORMS(metrics_only),
     NO_ARGUMENTS,
     .answer = fh_api_metrics},
};

/* The segment of a route's path at `*at`, which moves behind it; false at the end. */
static bool next_part(const char **at, struct fh_bytes *out)
{
    if (**at == '\0') {
        return false;
    }
    (*at)++; /* the slash */
    size_t size = strcspn(*at, "/");
    *out = fh_bytes(*at, size);
    *at += size;
    return true;
}

static bool matches(const struct fh_http_route *route, const struct fh_http_target *target)
{
    const char *at = route->path;
    struct fh_bytes part;
    size_t i = 0;
    for (; next_part(&at, &part); i++) {
        if (i == target->segment_count ||
            (part.data[0] != '{' && !fh_bytes_equal_cstr(part, target->segments[i]))) {
            return false;
        }
    }
    return i == target->segment_count;
}

const struct fh_http_route *fh_http_route_find(const struct fh_http_target *target,
                                               struct fh_err *err)
{
    for (size_t i = 0; i < FH_COUNT(routes); i++) {
        if (matches(&routes[i], target)) {
            return &routes[i];
        }
    }
    fh_err_rule(
        err, FH_ENOTFOUND, "http.path", "there is nothing at this path; see /v1/openapi.json");
    return NULL;
}

size_t fh_http_route_count(void)
{
    return FH_COUNT(routes);
}

const struct fh_http_route *fh_http_route_at(size_t index)
{
    return &routes[index];
}

const char *fh_http_part(const struct fh_http_call *call, const char *name)
{
    const char *at = call->route->path;
    struct fh_bytes part;
    for (size_t i = 0; next_part(&at, &part); i++) {
        if (part.size == strlen(name) + 2 && part.data[0] == '{' &&
            memcmp(part.data + 1, name, part.size - 2) == 0) {
            return call->target.segments[i];
        }
    }
    return "";
}
