/* SPDX-License-Identifier: Apache-2.0 */
/* The part of a request that may block, on a thread of the doors' own. */
#include "tools/door/http/server.h"

#include "common/assert.h"
#include "common/time.h"

/* ---- waking the connection ---- */

static void resume(struct fh_http_exchange *exchange, enum fh_http_phase phase)
{
    atomic_store(&exchange->phase, phase);
    MHD_resume_connection(exchange->connection);
}

static struct fh_http_exchange *exchange_of(struct fh_http_call *call)
{
    return (struct fh_http_exchange *)(void *)((char *)call -
                                               offsetof(struct fh_http_exchange, call));
}

/* The answer's head is there: from here on the connection may end at any time, and is touched under
 * the flow's lock alone. */
static void announce(struct fh_http_call *call)
{
    resume(exchange_of(call), FH_HTTP_FLOWING);
}

static void wake(void *user)
{
    struct fh_http_exchange *exchange = user;
    MHD_resume_connection(exchange->connection);
}

/* ---- who asks ---- */

static int sign_in(struct fh_http_exchange *exchange, struct fh_err *err)
{
    struct fh_http_call *call = &exchange->call;
    const struct fh_door_services *services = call->state->services;
    enum fh_http_door door = call->route->door;
    if (exchange->authorized) {
        int code =
            fh_tokens_bearer(services->tokens, fh_buf_view(&exchange->bearer), &call->who, err);
        if (code == FH_EDENIED) {
            atomic_fetch_add(&call->state->metrics.sign_ins_refused, 1);
        }
        return code;
    }
    bool open = door == FH_HTTP_ANYBODY ||
                (door == FH_HTTP_CATALOGUE && services->settings->catalogue_open);
    return open ? FH_OK
                : fh_err_rule(err,
                              FH_EDENIED,
                              "http.sign_in",
                              "this is for members of the mesh, who sign in with a token");
}

/* ---- answers ---- */

static int call_route(struct fh_http_call *call, struct fh_err *err)
{
    int code = call->route->answer(call, err);
    if (code == FH_OK && fh_buf_ok(&call->out) != FH_OK) {
        code = fh_err_set(err, fh_buf_ok(&call->out), "the answer is too large");
    }
    return code;
}

/* Makes the answer, or takes it from the shelf. What is put there bears the number of news from
 * before it was made, so that nothing that changed meanwhile is missed. */
static int answer_kept(struct fh_http_exchange *exchange, struct fh_err *err)
{
    struct fh_http_call *call = &exchange->call;
    struct fh_http_state *state = call->state;
    uint64_t news = 0;
    int code = fh_http_news_look(&state->news, state->services->askers, &news, err);
    if (code != FH_OK) {
        return code;
    }
    int64_t now_ms = fh_clock_mono_ms();
    exchange->kept = fh_http_shelf_get(state->shelf, exchange->key, news, now_ms);
    if (exchange->kept != NULL) {
        atomic_fetch_add(&state->metrics.kept_hits, 1);
        return FH_OK;
    }
    atomic_fetch_add(&state->metrics.kept_misses, 1);
    code = call_route(call, err);
    if (code == FH_OK) {
        exchange->kept = fh_http_kept_new(call);
    }
    if (exchange->kept != NULL) {
        fh_http_shelf_put(state->shelf, exchange->key, news, now_ms, exchange->kept);
    }
    return code;
}

static int make_answer(struct fh_http_exchange *exchange, struct fh_err *err)
{
    struct fh_http_call *call = &exchange->call;
    int code = sign_in(exchange, err);
    if (code != FH_OK) {
        return code;
    }
    if (call->route->kept) {
        return answer_kept(exchange, err);
    }
    code = call_route(call, err);
    if (code == FH_OK && call->route->stored) {
        exchange->kept = fh_http_kept_new(call);
    }
    return code;
}

void fh_http_front_fails(struct fh_http_exchange *exchange)
{
    if (exchange->front) {
        exchange->failure.code = FH_OK; /* the page asks itself, and shows what is wrong */
    }
}

static void run(void *user)
{
    struct fh_http_exchange *exchange = user;
    struct fh_http_call *call = &exchange->call;
    struct fh_http_metrics *metrics = &call->state->metrics;
    struct fh_err err = {0};
    atomic_fetch_add(&metrics->calls_running, 1);
    int code = make_answer(exchange, &err);
    FH_ASSERT(code == FH_OK || err.code == code);
    atomic_fetch_sub(&metrics->calls_running, 1);
    if (call->flowing) {
        fh_http_flow_end(call->flow, code == FH_OK);
    } else {
        exchange->failure = err;
        exchange->failure.code = code;
        fh_http_front_fails(exchange);
        resume(exchange, FH_HTTP_MADE);
    }
    struct fh_http *http = exchange->http;
    fh_http_flow_drop(call->flow);
    fh_http_exchange_drop(exchange);
    atomic_fetch_sub(&http->jobs, 1);
}

int fh_http_job_submit(struct fh_http_exchange *exchange, struct fh_err *err)
{
    struct fh_http_call *call = &exchange->call;
    call->announce = announce;
    if (call->route->flows) {
        struct fh_http_flow *flow = fh_http_flow_new(FH_HTTP_FLOW_BYTES, wake, exchange);
        if (flow == NULL) {
            return fh_err_set(err, FH_ENOMEM, "no memory for an answer");
        }
        pthread_mutex_lock(&exchange->http->lock); /* the watch looks at it */
        call->flow = flow;
        pthread_mutex_unlock(&exchange->http->lock);
    }
    atomic_fetch_add(&exchange->references, 1);
    atomic_fetch_add(&exchange->http->jobs, 1);
    /* Counted first: who stops looks at the number after it said so. */
    int code = atomic_load(&exchange->http->stopping)
                   ? fh_err_rule(err, FH_EBUSY, "door.stopping", "this door is going down")
                   : fh_jobs_submit(call->state->services->jobs, run, exchange, err);
    if (code != FH_OK) {
        atomic_fetch_sub(&exchange->http->jobs, 1);
        fh_http_flow_drop(call->flow);
        fh_http_exchange_drop(exchange);
    }
    return code;
}

/* ---- news ---- */

static void look(void *user)
{
    struct fh_http *http = user;
    struct fh_http_state *state = http->state;
    uint64_t number = 0;
    struct fh_err ignored;
    if (fh_http_news_look(&state->news, state->services->askers, &number, &ignored) != FH_OK) {
        fh_http_news_forgo(&state->news); /* whoever asks next hears why */
    }
    atomic_fetch_sub(&http->jobs, 1);
}

void fh_http_job_look(struct fh_http *http)
{
    struct fh_err ignored;
    atomic_fetch_add(&http->jobs, 1);
    if (atomic_load(&http->stopping) ||
        fh_jobs_submit(http->state->services->jobs, look, http, &ignored) != FH_OK) {
        fh_http_news_forgo(&http->state->news);
        atomic_fetch_sub(&http->jobs, 1);
    }
}
