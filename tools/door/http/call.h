/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Call: one HTTP request that is being answered, and what answers it: a function for each route,
 * which runs on a thread of its own and may block.
 *
 *     server (strangers' bytes) -> call -> api_* -> libfreehold
 *        ^                                   |
 *        +---- body, or a flow piece by piece
 *
 * A function either fills `out` and returns, or announces a flow (fh_http_call_flow) and writes
 * into call->flow.
 *
 * Does not: know sockets. Thread: one at a time. Ownership: what a call names lives in its arena.
 */
#ifndef FH_TOOLS_DOOR_HTTP_CALL_H
#define FH_TOOLS_DOOR_HTTP_CALL_H

#include "tools/contract/json_write.h"
#include "tools/door/door.h"
#include "tools/door/http/negotiate.h"
#include "tools/door/http/request.h"

struct fh_http_flow;
struct fh_http_state; /* what all calls share: state.h */
struct fh_http_call;

/* Answers; an error becomes a problem. FH_OK with nothing in `out` is an empty answer. */
typedef int fh_http_answer_fn(struct fh_http_call *call, struct fh_err *err);

enum fh_http_method { FH_HTTP_GET = 1, FH_HTTP_POST = 2 };

enum fh_http_door {
    FH_HTTP_ANYBODY,   /* says nothing of the mesh */
    FH_HTTP_CATALOGUE, /* by the setting http_catalogue */
    FH_HTTP_MEMBER,    /* with a token alone */
};

struct fh_http_route {
    const char *path; /* "/v1/products/{domain}/{product}", as in the OpenAPI document */
    unsigned methods; /* GET has HEAD too */
    enum fh_http_door door;
    bool kept;         /* alike for all who may see it, as long as the node's news are the same;
                        browsers may keep it too, and ask */
    bool stored;       /* not kept here, but browsers may, and ask whether it is still so */
    bool flows;        /* it may come piece by piece */
    size_t form_count; /* the first is the default; at least one */
    const struct fh_http_form *forms;
    const char *const
        *arguments; /* see fh_http_target_check; `format` is one when there are forms */
    fh_http_answer_fn *answer;
};

struct fh_http_header {
    const char *name;
    const char *value;
};
enum { FH_HTTP_HEADERS_MAX = 8 };

struct fh_http_call {
    struct fh_http_state *state;
    const struct fh_http_route *route;
    struct fh_arena *arena;
    struct fh_http_target target;
    struct fh_bytes body;
    const struct fh_http_form *form;
    struct fh_identity *who; /* NULL: nobody signed in */
    /* the answer */
    unsigned status;
    const char *content_type;
    size_t header_count;
    struct fh_http_header headers[FH_HTTP_HEADERS_MAX];
    struct fh_buf out;
    struct fh_http_flow *flow; /* of a route that flows; else NULL */
    bool flowing;              /* the head is out, the rest comes by the flow */
    char trailer_receipt[64];  /* set before the end of the flow */
    uint64_t trailer_rows;
    void (*announce)(struct fh_http_call *call); /* the server's: see fh_http_call_flow */
};

/* The route of the path, or NULL (FH_ENOTFOUND "http.path"). */
const struct fh_http_route *fh_http_route_find(const struct fh_http_target *target,
                                               struct fh_err *err);
/* All routes, for tests and metrics. */
size_t fh_http_route_count(void);
const struct fh_http_route *fh_http_route_at(size_t index);

/* "GET, HEAD" */
enum { FH_HTTP_ALLOW_BYTES = 24 };
void fh_http_allow(char out[FH_HTTP_ALLOW_BYTES], const struct fh_http_route *route);

/* What the request asks for of the route: its arguments, and a form by `format` or Accept.
 * FH_EINVAL
 * ("http.argument"), FH_EUSAGE ("http.accept"). */
FH_MUST_CHECK int
fh_http_call_choose(struct fh_http_call *call, struct fh_bytes accept, struct fh_err *err);

/* ---- for those who answer ---- */

/* Status, content type and headers are as they shall be: what is written to call->flow from now on
 * is the body. Once the function returns an error, the connection is cut. */
void fh_http_call_flow(struct fh_http_call *call);

/* The segment of the path that stands at {name}. */
const char *fh_http_part(const struct fh_http_call *call, const char *name);
/* One more header; the value is copied. What does not fit is left out: none is needed to understand
 * an answer. Values that hold line ends are left out too. */
void fh_http_header(struct fh_http_call *call, const char *name, const char *format, ...)
    FH_PRINTF(3, 4);
/* A JSON document that is written into call->out. */
struct fh_json fh_http_json(struct fh_http_call *call);
/* A time as RFC 3339, or null for 0. */
void fh_http_json_time(struct fh_json *json, const char *key, int64_t wall_ms);
/* An error of libfreehold as ours; returns its code. */
int fh_http_error(struct fh_err *err, const struct freehold_error *error);

/* A client that asks as who signed in, or as the home's own member where nobody need be. Ends with
 * fh_http_asker_end. */
FH_MUST_CHECK int
fh_http_asker(struct fh_http_call *call, struct freehold_client **out, struct fh_err *err);
void fh_http_asker_end(struct fh_http_call *call, struct freehold_client *client);

/* Deprecation (RFC 9745), Sunset (RFC 8594) and the link to the successor, of what is deprecated.
 * `since_ms` 0: not known, then it is now. */
void fh_http_life_headers(struct fh_http_call *call,
                          int64_t since_ms,
                          int64_t sunset_ms,
                          const char *successor);

/* ---- the answers ---- */

fh_http_answer_fn fh_api_products;
fh_http_answer_fn fh_api_product;
fh_http_answer_fn fh_api_sample;
fh_http_answer_fn fh_api_history;
fh_http_answer_fn fh_api_changes;
fh_http_answer_fn fh_api_quality;
fh_http_answer_fn fh_api_access;
fh_http_answer_fn fh_api_request_access;
fh_http_answer_fn fh_api_requests;
fh_http_answer_fn fh_api_request;
fh_http_answer_fn fh_api_govern;
fh_http_answer_fn fh_api_compliance;
fh_http_answer_fn fh_api_domains;
fh_http_answer_fn fh_api_peers;
fh_http_answer_fn fh_api_me;
fh_http_answer_fn fh_api_query;
fh_http_answer_fn fh_api_receipt;
fh_http_answer_fn fh_api_openapi;
fh_http_answer_fn fh_api_health;
fh_http_answer_fn fh_api_ready;
fh_http_answer_fn fh_api_metrics;

#endif
