/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/http/server.h"

#include "common/assert.h"
#include "common/mem.h"
#include "common/time.h"
#include "tools/door/http/problem.h"
#include "tools/door/pages/pages.h"

#include <string.h>

enum {
    BEARER_BYTES_MAX = 512,
    KEY_BYTES_MAX = FH_HTTP_TARGET_BYTES_MAX + 64,
};

/* ---- beginning and end ---- */

/* The page at "/" brings the first list with it where that may be shown to anybody: it is made, or
 * taken from the shelf, as if it had been asked for. */
static void begin_front(struct fh_http_exchange *exchange)
{
    struct fh_http_call *call = &exchange->call;
    struct fh_http_target target;
    struct fh_err ignored;
    if (!exchange->http->state->services->settings->catalogue_open ||
        fh_http_target_parse(&target, fh_bytes_cstr(FH_PAGES_FRONT_LIST), call->arena, &ignored) !=
            FH_OK) {
        return;
    }
    exchange->key = fh_arena_strdup(call->arena, FH_PAGES_FRONT_LIST);
    call->route = exchange->key == NULL ? NULL : fh_http_route_find(&target, &ignored);
    if (call->route != NULL) {
        call->target = target;
        call->form = &call->route->forms[0];
        call->content_type = call->form->content_type;
        exchange->front = true;
    }
}

/* The route, or the page; what is wrong with the target is said once the head is there. */
static void read_target(struct fh_http_exchange *exchange, const char *target)
{
    struct fh_http_call *call = &exchange->call;
    struct fh_err *err = &exchange->failure;
    exchange->metric = fh_http_metrics_refused();
    err->code = fh_http_target_parse(&call->target, fh_bytes_cstr(target), call->arena, err);
    if (err->code != FH_OK) {
        return;
    }
    size_t path = strcspn(target, "?");
    exchange->page = fh_pages_find(fh_bytes(target, path));
    if (exchange->page != NULL) {
        exchange->metric = fh_http_metrics_pages();
        if (strcmp(target, "/") == 0) {
            begin_front(exchange);
        }
        return;
    }
    call->route = fh_http_route_find(&call->target, err);
    for (size_t i = 0; i < fh_http_route_count(); i++) {
        exchange->metric = fh_http_route_at(i) == call->route ? i : exchange->metric;
    }
    exchange->key = fh_arena_strdup(call->arena, target);
    if (exchange->key == NULL) {
        err->code = fh_err_set(err, FH_ENOMEM, "no memory for a request");
    }
}

void *fh_http_exchange_begin(void *user, const char *target, struct MHD_Connection *connection)
{
    struct fh_http *http = user;
    struct fh_http_exchange *exchange = fh_calloc(1, sizeof *exchange);
    if (exchange == NULL) {
        return NULL;
    }
    exchange->http = http;
    exchange->connection = connection;
    exchange->call.state = http->state;
    exchange->call.status = 200;
    exchange->call.arena = fh_arena_new(FH_HTTP_ARENA_BYTES_MAX);
    atomic_init(&exchange->references, 1);
    atomic_init(&exchange->phase, FH_HTTP_READING);
    fh_buf_init(&exchange->call.out, FH_HTTP_ANSWER_BYTES_MAX);
    fh_buf_init(&exchange->body, FH_HTTP_BODY_BYTES_MAX);
    fh_buf_init(&exchange->bearer, BEARER_BYTES_MAX);
    fh_buf_init(&exchange->if_none_match, FH_HTTP_HEADER_BYTES_MAX);
    if (exchange->call.arena == NULL) {
        fh_http_exchange_drop(exchange);
        return NULL;
    }
    read_target(exchange, target);
    return exchange;
}

void fh_http_exchange_drop(struct fh_http_exchange *exchange)
{
    if (exchange == NULL || atomic_fetch_sub(&exchange->references, 1) > 1) {
        return;
    }
    struct fh_http *http = exchange->http;
    atomic_fetch_sub(&http->state->metrics.body_bytes, exchange->body_counted);
    fh_identity_drop(exchange->call.who);
    fh_http_kept_drop(exchange->kept);
    fh_buf_fini(&exchange->call.out);
    fh_buf_fini(&exchange->body);
    fh_buf_fini(&exchange->bearer);
    fh_buf_fini(&exchange->if_none_match);
    fh_arena_free(exchange->call.arena);
    fh_free(exchange);
}

void fh_http_exchange_end(void *user,
                          struct MHD_Connection *connection,
                          void **holder,
                          enum MHD_RequestTerminationCode why)
{
    struct fh_http *http = user;
    struct fh_http_exchange *exchange = *holder;
    (void)connection;
    (void)why;
    *holder = NULL;
    if (exchange == NULL) {
        return;
    }
    fh_http_line_serves(exchange->line, http, NULL);
    if (exchange->call.flow != NULL) {
        fh_http_flow_leave(exchange->call.flow);
        fh_http_flow_drop(exchange->call.flow);
    }
    if (exchange->sent_status != 0) {
        int64_t us = fh_clock_mono_ns() / 1000 - exchange->begun_us;
        fh_http_metrics_request(&http->state->metrics,
                                exchange->metric,
                                exchange->sent_status,
                                exchange->begun_us == 0 ? 0 : us);
    }
    fh_http_exchange_drop(exchange);
}

/* ---- the request comes ---- */

static enum MHD_Result take_head(struct fh_http_exchange *exchange,
                                 struct MHD_Connection *connection,
                                 const char *method,
                                 const char *version)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct fh_err err = {0};
    exchange->head_read = true;
    exchange->line = info == NULL ? NULL : info->socket_context;
    if (fh_http_head_read(exchange, method, version, &err) == FH_OK) {
        return MHD_YES;
    }
    exchange->failure = err;
    exchange->close_after = true; /* what follows may be no request */
    exchange->begun_us = fh_clock_mono_ns() / 1000;
    return fh_http_answer_queue(exchange);
}

/* A piece of the body. One that is longer than its length said is not possible; that all bodies
 * together are too many is: then the connection is cut, as there is no way to answer here. */
static enum MHD_Result take_piece(struct fh_http_exchange *exchange, const char *piece, size_t size)
{
    struct fh_http_metrics *metrics = &exchange->http->state->metrics;
    uint64_t before = atomic_fetch_add(&metrics->body_bytes, size);
    exchange->body_counted += size;
    fh_buf_add(&exchange->body, piece, size);
    bool fits = before + size <= FH_HTTP_BODIES_BYTES_MAX && fh_buf_ok(&exchange->body) == FH_OK;
    return fits ? MHD_YES : MHD_NO;
}

/* An answer that was made already, for those who need not sign in. */
static bool find_kept(struct fh_http_exchange *exchange)
{
    struct fh_http_state *state = exchange->http->state;
    const struct fh_http_route *route = exchange->call.route;
    uint64_t news = 0;
    bool stale = false;
    if (route == NULL || !route->kept || exchange->authorized ||
        !state->services->settings->catalogue_open) {
        return false;
    }
    int64_t now_ms = fh_clock_mono_ms();
    if (fh_http_news_known(&state->news, now_ms, &news, &stale)) {
        exchange->kept = fh_http_shelf_get(state->shelf, exchange->key, news, now_ms);
    }
    if (stale) {
        fh_http_job_look(exchange->http);
    }
    if (exchange->kept != NULL) {
        atomic_fetch_add_explicit(&state->metrics.kept_hits, 1, memory_order_relaxed);
    }
    return exchange->kept != NULL;
}

/* The form is a part of what an answer is kept under. */
static int finish_key(struct fh_http_exchange *exchange, struct fh_err *err)
{
    struct fh_http_call *call = &exchange->call;
    exchange->key = fh_arena_printf(call->arena, "%s %s", call->form->name, exchange->key);
    return exchange->key != NULL ? FH_OK : fh_err_set(err, FH_ENOMEM, "no memory for a request");
}

static enum MHD_Result take_whole(struct fh_http_exchange *exchange)
{
    struct fh_err *err = &exchange->failure;
    exchange->begun_us = fh_clock_mono_ns() / 1000;
    exchange->call.body = fh_buf_view(&exchange->body);
    fh_http_line_serves(exchange->line, exchange->http, exchange);
    if (exchange->page != NULL && (!exchange->front || exchange->authorized)) {
        return fh_http_answer_queue(exchange);
    }
    FH_ASSERT(exchange->call.route != NULL);
    err->code = finish_key(exchange, err);
    if (err->code != FH_OK || find_kept(exchange)) {
        return fh_http_answer_queue(exchange);
    }
    atomic_store(&exchange->phase, FH_HTTP_WORKING);
    MHD_suspend_connection(exchange->connection);
    if (fh_http_job_submit(exchange, err) != FH_OK) {
        fh_http_front_fails(exchange);
        atomic_store(&exchange->phase, FH_HTTP_MADE);
        MHD_resume_connection(exchange->connection);
    }
    return MHD_YES;
}

enum MHD_Result fh_http_exchange_step(void *user,
                                      struct MHD_Connection *connection,
                                      const char *url,
                                      const char *method,
                                      const char *version,
                                      const char *upload,
                                      size_t *upload_size,
                                      void **holder)
{
    struct fh_http_exchange *exchange = *holder;
    (void)user;
    (void)url; /* the target was read as it came */
    if (exchange == NULL) {
        return MHD_NO;
    }
    switch (atomic_load(&exchange->phase)) {
    case FH_HTTP_READING:
        if (!exchange->head_read) {
            return take_head(exchange, connection, method, version);
        }
        if (*upload_size > 0) {
            enum MHD_Result result = take_piece(exchange, upload, *upload_size);
            *upload_size = 0;
            return result;
        }
        return take_whole(exchange);
    case FH_HTTP_MADE:
    case FH_HTTP_FLOWING:
        return fh_http_answer_queue(exchange);
    case FH_HTTP_WORKING:
    case FH_HTTP_SENDING:
        break;
    }
    return MHD_YES;
}
