/* SPDX-License-Identifier: Apache-2.0 */
/* Answers on their way out: headers that all have, and bodies whole or piece by piece. */
#include "tools/door/http/server.h"

#include "common/map.h"
#include "common/mem.h"
#include "proto/wire/crypto.h"
#include "tools/door/base64.h"
#include "tools/door/http/problem.h"
#include "tools/door/pages/pages.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PIECE_BYTES = 64 * 1024 };

/* What an answer of the API may do in a browser: nothing. A contract's page has styles of its own.
 */
static const char api_policy[] = "default-src 'none'; frame-ancestors 'none'; sandbox";
static const char contract_policy[] =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox";

static void add(struct MHD_Response *response, const char *name, const char *value)
{
    /* Without memory an answer goes out without this header, and none of them is of the protocol.
     */
    (void)MHD_add_response_header(response, name, value);
}

static void
add_security(struct MHD_Response *response, const struct fh_http *http, const char *policy)
{
    add(response, "Content-Security-Policy", policy);
    add(response, "X-Content-Type-Options", "nosniff");
    add(response, "Referrer-Policy", "no-referrer");
    add(response, "Cross-Origin-Resource-Policy", "same-origin");
    add(response, "Cross-Origin-Opener-Policy", "same-origin");
    add(response, "X-Frame-Options", "DENY");
    if (http->given_certificate) {
        /* One of our own is known to nobody: a browser that may not pass its warning is shut out.
         */
        add(response, "Strict-Transport-Security", "max-age=31536000");
    }
}

static const char *policy_of(const char *content_type)
{
    return strncmp(content_type, "text/html", 9) == 0 ? contract_policy : api_policy;
}

static enum MHD_Result
send_response(struct fh_http_exchange *exchange, unsigned status, struct MHD_Response *response)
{
    if (response == NULL) {
        return MHD_NO;
    }
    atomic_store(&exchange->phase, FH_HTTP_SENDING);
    exchange->sent_status = status;
    return MHD_queue_response(exchange->connection, status, response);
}

/* ---- whole answers ---- */

static enum MHD_Result send_problem(struct fh_http_exchange *exchange)
{
    struct fh_buf body FH_CLEANUP(fh_buf_fini);
    const struct fh_err *err = &exchange->failure;
    unsigned status = fh_http_status(err);
    unsigned retry_s = fh_http_retry_after_s(err);
    fh_buf_init(&body, 16 * 1024);
    fh_http_problem(&body, err);
    fh_buf_add_u8(&body, '\n');
    if (fh_buf_ok(&body) != FH_OK) {
        return MHD_NO;
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body.size, body.data, MHD_RESPMEM_MUST_COPY);
    if (response == NULL) {
        return MHD_NO;
    }
    add(response, "Content-Type", FH_HTTP_PROBLEM_TYPE);
    add(response, "Cache-Control", "no-store");
    add_security(response, exchange->http, api_policy);
    if (exchange->close_after) {
        add(response, "Connection", "close");
    }
    if (status == 401) {
        add(response,
            "WWW-Authenticate",
            exchange->authorized ? "Bearer realm=\"freehold\", error=\"invalid_token\""
                                 : "Bearer realm=\"freehold\"");
    }
    if (status == 405) {
        char allow[FH_HTTP_ALLOW_BYTES] = "GET, HEAD";
        if (exchange->call.route != NULL) {
            fh_http_allow(allow, exchange->call.route);
        }
        add(response, "Allow", allow);
    }
    if (retry_s > 0) {
        char seconds[16];
        snprintf(seconds, sizeof seconds, "%u", retry_s);
        add(response, "Retry-After", seconds);
    }
    enum MHD_Result result = send_response(exchange, status, response);
    MHD_destroy_response(response);
    return result;
}

static void end_rendered(void *rendered)
{
    MHD_destroy_response(rendered);
}

static void add_kept_headers(struct MHD_Response *response,
                             const struct fh_http *http,
                             const struct fh_http_kept *kept)
{
    add(response, "Content-Type", kept->content_type);
    add(response, "ETag", kept->etag);
    add(response, "Cache-Control", "no-cache"); /* a browser keeps it, and asks each time */
    add(response, "Vary", "Accept, Authorization");
    add_security(response, http, policy_of(kept->content_type));
    for (size_t i = 0; i < kept->header_count; i++) {
        add(response, kept->headers[i].name, kept->headers[i].value);
    }
}

/* The response of an answer that is sent many times is made once. Two threads may make it at the
 * same time: one wins. */
static struct MHD_Response *rendered(struct fh_http_exchange *exchange)
{
    struct fh_http_kept *kept = exchange->kept;
    struct fh_http *http = exchange->http;
    pthread_mutex_lock(&http->lock);
    struct MHD_Response *response = kept->rendered;
    if (response == NULL) {
        union { /* libmicrohttpd only reads */
            const uint8_t *from;
            void *to;
        } body = {.from = kept->body.data};
        response =
            MHD_create_response_from_buffer(kept->body.size, body.to, MHD_RESPMEM_PERSISTENT);
        if (response != NULL) {
            add_kept_headers(response, http, kept);
            kept->rendered = response;
            kept->rendered_end = end_rendered;
        }
    }
    pthread_mutex_unlock(&http->lock);
    return response;
}

static enum MHD_Result send_unchanged(struct fh_http_exchange *exchange, const char *etag)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (response == NULL) {
        return MHD_NO;
    }
    add(response, "ETag", etag);
    add(response, "Cache-Control", "no-cache");
    add(response, "Vary", "Accept, Authorization");
    enum MHD_Result result = send_response(exchange, 304, response);
    MHD_destroy_response(response);
    return result;
}

static void count_bytes(struct fh_http_exchange *exchange, size_t size)
{
    atomic_fetch_add_explicit(
        &exchange->http->state->metrics.answer_bytes, size, memory_order_relaxed);
}

/* The kept answer lives as long as its exchange, which ends behind the response's last byte. */
static enum MHD_Result send_kept(struct fh_http_exchange *exchange)
{
    struct fh_http_kept *kept = exchange->kept;
    if (fh_http_etag_matches(fh_buf_view(&exchange->if_none_match), kept->etag)) {
        return send_unchanged(exchange, kept->etag);
    }
    count_bytes(exchange, kept->body.size);
    return send_response(exchange, kept->status, rendered(exchange));
}

/* Sends the response (taken) of a call, with the headers that it wants. */
static enum MHD_Result send_call(struct fh_http_exchange *exchange, struct MHD_Response *response)
{
    const struct fh_http_call *call = &exchange->call;
    add(response, "Content-Type", call->content_type);
    add(response, "Cache-Control", "no-store");
    add_security(response, exchange->http, policy_of(call->content_type));
    for (size_t i = 0; i < call->header_count; i++) {
        add(response, call->headers[i].name, call->headers[i].value);
    }
    enum MHD_Result result = send_response(exchange, call->status, response);
    MHD_destroy_response(response);
    return result;
}

static void free_body(void *data)
{
    fh_free(data);
}

static enum MHD_Result send_made(struct fh_http_exchange *exchange)
{
    struct fh_http_call *call = &exchange->call;
    size_t size = call->out.size;
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback(
        size, size > 0 ? call->out.data : NULL, free_body);
    if (response == NULL) {
        return MHD_NO;
    }
    if (size > 0) {
        fh_buf_init(&call->out, FH_HTTP_ANSWER_BYTES_MAX); /* the response has it now */
    }
    count_bytes(exchange, size);
    return send_call(exchange, response);
}

/* ---- pages ---- */

static enum MHD_Result send_page(struct fh_http_exchange *exchange)
{
    const struct fh_page_asset *page = exchange->page;
    if (fh_http_etag_matches(fh_buf_view(&exchange->if_none_match), page->etag)) {
        return send_unchanged(exchange, page->etag);
    }
    bool gzip = exchange->takes_gzip && page->gzip_size > 0;
    union { /* libmicrohttpd only reads */
        const uint8_t *from;
        void *to;
    } body = {.from = gzip ? page->gzip : page->bytes};
    size_t size = gzip ? page->gzip_size : page->size;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size, body.to, MHD_RESPMEM_PERSISTENT);
    if (response == NULL) {
        return MHD_NO;
    }
    count_bytes(exchange, size);
    add(response, "Content-Type", page->content_type);
    add(response, "ETag", page->etag);
    add(response, "Cache-Control", "no-cache");
    add(response, "Vary", "Accept-Encoding");
    if (gzip) {
        add(response, "Content-Encoding", "gzip");
    }
    add_security(response, exchange->http, FH_PAGES_POLICY);
    enum MHD_Result result = send_response(exchange, 200, response);
    MHD_destroy_response(response);
    return result;
}

/* The policy of the page of "/": the one of all files, and the style in it, known by its hash. */
static void add_front_security(struct MHD_Response *response, const struct fh_http *http)
{
    const struct fh_page_asset *style = fh_pages_front_style();
    const struct fh_bytes bytes = fh_bytes(style->bytes, style->size);
    struct fh_buf policy FH_CLEANUP(fh_buf_fini);
    uint8_t hash[32];
    fh_sha256_parts(hash, &bytes, 1);
    fh_buf_init(&policy, 1024);
    fh_buf_add_cstr(&policy, FH_PAGES_POLICY_BEFORE "'self' 'sha256-");
    fh_base64_add(&policy, fh_bytes(hash, sizeof hash));
    fh_buf_add_cstr(&policy, "'" FH_PAGES_POLICY_BEHIND);
    const char *text = fh_buf_cstr(&policy);
    /* Without memory it goes without its style. */
    add_security(response, http, fh_buf_ok(&policy) == FH_OK ? text : FH_PAGES_POLICY);
}

/* The page of "/" with the list in it: another list is another page. */
static enum MHD_Result send_front(struct fh_http_exchange *exchange)
{
    struct fh_buf body FH_CLEANUP(fh_buf_fini);
    struct fh_buf list FH_CLEANUP(fh_buf_fini);
    char etag[96];
    fh_buf_init(&body, FH_HTTP_ANSWER_BYTES_MAX);
    fh_buf_init(&list, FH_HTTP_ANSWER_BYTES_MAX);
    fh_http_front_list(&list, exchange->kept->body);
    if (fh_buf_ok(&list) != FH_OK) {
        return send_page(exchange);
    }
    /* The list as text says how long ago something was: it changes while its data stays. */
    snprintf(etag,
             sizeof etag,
             "\"%.16s.%.16s.%.32s.%016" PRIx64 "\"",
             exchange->page->etag + 1,
             fh_pages_front_style()->etag + 1,
             exchange->kept->etag + 1,
             fh_map_hash(list.data, list.size));
    if (fh_http_etag_matches(fh_buf_view(&exchange->if_none_match), etag)) {
        return send_unchanged(exchange, etag);
    }
    fh_pages_front(&body, exchange->kept->body, fh_buf_view(&list));
    struct MHD_Response *response =
        fh_buf_ok(&body) != FH_OK
            ? NULL
            : MHD_create_response_from_buffer_with_free_callback(body.size, body.data, free_body);
    if (response == NULL) {
        return MHD_NO;
    }
    count_bytes(exchange, body.size);
    fh_buf_init(&body, FH_HTTP_ANSWER_BYTES_MAX); /* the response has it now */
    add(response, "Content-Type", exchange->page->content_type);
    add(response, "ETag", etag);
    add(response, "Cache-Control", "no-cache");
    add(response, "Vary", "Accept-Encoding, Authorization");
    add_front_security(response, exchange->http);
    enum MHD_Result result = send_response(exchange, 200, response);
    MHD_destroy_response(response);
    return result;
}

/* ---- flows ---- */

static void suspend(void *user)
{
    struct fh_http_exchange *exchange = user;
    MHD_suspend_connection(exchange->connection);
}

/* Trailer fields: what is known only when all of the answer was verified. */
static void add_trailers(const struct fh_http_exchange *exchange)
{
    char rows[24];
    snprintf(rows, sizeof rows, "%" PRIu64, exchange->call.trailer_rows);
    (void)MHD_add_response_footer(exchange->response, "Freehold-Rows", rows);
    (void)MHD_add_response_footer(
        exchange->response, "Freehold-Receipt", exchange->call.trailer_receipt);
}

static ssize_t read_flow(void *user, uint64_t position, char *to, size_t size)
{
    struct fh_http_exchange *exchange = user;
    size_t got = 0;
    (void)position;
    switch (fh_http_flow_read(exchange->call.flow, to, size, &got, suspend)) {
    case FH_HTTP_FLOW_DATA:
        count_bytes(exchange, got);
        return (ssize_t)got;
    case FH_HTTP_FLOW_NOTHING:
        return 0;
    case FH_HTTP_FLOW_WHOLE:
        add_trailers(exchange);
        return MHD_CONTENT_READER_END_OF_STREAM;
    case FH_HTTP_FLOW_CUT:
        break;
    }
    return MHD_CONTENT_READER_END_WITH_ERROR;
}

static enum MHD_Result send_flow(struct fh_http_exchange *exchange)
{
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PIECE_BYTES, read_flow, exchange, NULL);
    if (response == NULL) {
        return MHD_NO;
    }
    exchange->response = response;
    add(response, "Trailer", "Freehold-Receipt, Freehold-Rows");
    return send_call(exchange, response);
}

static enum MHD_Result send_whole(struct fh_http_exchange *exchange)
{
    return exchange->kept != NULL ? send_kept(exchange) : send_made(exchange);
}

enum MHD_Result fh_http_answer_queue(struct fh_http_exchange *exchange)
{
    enum fh_http_phase phase = atomic_load(&exchange->phase);
    return phase == FH_HTTP_FLOWING          ? send_flow(exchange)
           : exchange->failure.code != FH_OK ? send_problem(exchange)
           : exchange->page == NULL          ? send_whole(exchange)
           : exchange->kept != NULL          ? send_front(exchange)
                                             : send_page(exchange);
}
