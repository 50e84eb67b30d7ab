/* SPDX-License-Identifier: Apache-2.0 */
/* The calling half of a link: dialers, their connections, requests. */
#include "common/address.h"
#include "common/assert.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/io/link_inside.h"
#include "node/io/literal.h"

#include <stdio.h>
#include <string.h>

/*
 * A dialer (I/O loop):
 *
 *   idle -> request -> [look a name up] -> connect, next address on failure -> greeted -> sends
 *   greeted -> idle for a while, or closed                                  -> idle
 *   a failure of the last address, or of the connection: every request ends -> idle
 */

static const uint32_t wire_request_bit = 0x80000000U; /* of a request's number on the wire */

/* ---- the end of a request: I/O loop ---- */

static void finish(struct fh_request *request, struct fh_message *reply)
{
    fh_message_free(request->message);
    request->message = reply;
    request->state = FH_REQUEST_NONE;
    request->dialer->used_ms = fh_clock_mono_ms();
    fh_list_remove(&request->run_list);
    fh_inbox_post(request->dialer->link->inbox, &request->event);
}

static void cancel(struct fh_request *request)
{
    fh_err_set(
        &request->err, FH_ECANCELLED, "the request to %s was cancelled", request->dialer->address);
    finish(request, NULL);
}

static void fail_all(struct fh_dialer *dialer, bool was_connected, const char *why)
{
    FH_LIST_FOREACH (link, &dialer->running) {
        struct fh_request *request = FH_LIST_ENTRY(link, struct fh_request, run_list);
        fh_err_set(&request->err,
                   FH_EUNREACH,
                   was_connected ? "the connection to %s was lost: %s" : "no connection to %s: %s",
                   dialer->address,
                   why);
        finish(request, NULL);
    }
}

/* ---- sending: I/O loop ---- */

static void set_deadline(struct fh_request *request, int64_t deadline_ms)
{
    struct fh_link *link = request->dialer->link;
    request->deadline_ms = deadline_ms;
    if (deadline_ms < link->next_deadline_ms) {
        link->next_deadline_ms = deadline_ms;
        fh_timer_set(link->deadline_timer, deadline_ms);
    }
}

static void send_request(struct fh_request *request)
{
    struct fh_dialer *dialer = request->dialer;
    request->wire = wire_request_bit | ++dialer->next_wire;
    request->state = FH_REQUEST_SENT;
    set_deadline(request, fh_clock_mono_ms() + request->timeout_ms);
    if (!fh_conn_send(dialer->conn, request->wire, FH_TAKE(request->message), NULL, NULL)) {
        fh_err_set(&request->err, FH_EUNREACH, "sending to %s failed", dialer->address);
        finish(request, NULL);
    }
}

/* ---- connecting: I/O loop ---- */

static void forget_addresses(struct fh_dialer *dialer)
{
    uv_freeaddrinfo(dialer->found);
    dialer->found = NULL;
    dialer->next = NULL;
}

static void on_opened(struct fh_conn *conn)
{
    struct fh_dialer *dialer = conn->owner;
    dialer->connected = true;
    forget_addresses(dialer);
    FH_LIST_FOREACH (link, &dialer->running) {
        send_request(FH_LIST_ENTRY(link, struct fh_request, run_list));
    }
}

static bool on_received(struct fh_conn *conn, uint32_t number, struct fh_message *message)
{
    struct fh_dialer *dialer = conn->owner;
    FH_LIST_FOREACH (link, &dialer->running) {
        struct fh_request *request = FH_LIST_ENTRY(link, struct fh_request, run_list);
        if (request->state == FH_REQUEST_SENT && request->wire == number) {
            finish(request, message);
            return true;
        }
    }
    fh_message_free(message); /* too late */
    return true;
}

static void try_next(struct fh_dialer *dialer);

static void on_ended(struct fh_conn *conn, int status)
{
    struct fh_dialer *dialer = conn->owner;
    bool was_connected = dialer->connected;
    dialer->conn = NULL;
    dialer->connected = false;
    if (!was_connected && dialer->next != NULL && !fh_list_empty(&dialer->running)) {
        try_next(dialer);
        return;
    }
    forget_addresses(dialer);
    fail_all(dialer, was_connected, uv_strerror(status));
}

static const struct fh_conn_events dial_events = {
    .opened = on_opened,
    .received = on_received,
    .ended = on_ended,
};

static void on_connected(uv_connect_t *connect, int status)
{
    struct fh_conn *conn = connect->data;
    fh_loop_note(conn->link->io);
    if (status != 0) {
        fh_conn_end(conn, status);
    } else if (!conn->closing) {
        fh_conn_start(conn);
    }
}

static struct fh_conn *open_conn(struct fh_dialer *dialer, bool local)
{
    struct fh_conn *conn =
        fh_conn_new(dialer->link, local, FH_SP_REQ, FH_FRAME_REPLY_BYTES_MAX, &dial_events, dialer);
    if (conn == NULL) {
        forget_addresses(dialer);
        fail_all(dialer, false, "out of memory");
        return NULL;
    }
    conn->connect.data = conn;
    dialer->conn = conn;
    return conn;
}

static void connect_to(struct fh_dialer *dialer, const struct sockaddr *address)
{
    struct fh_conn *conn = open_conn(dialer, false);
    if (conn == NULL) {
        return;
    }
    int status = uv_tcp_connect(&conn->connect, &conn->uv.tcp, address, on_connected);
    if (status != 0) {
        fh_conn_end(conn, status);
    }
}

static void try_next(struct fh_dialer *dialer)
{
    struct addrinfo *address = dialer->next;
    dialer->next = address->ai_next;
    connect_to(dialer, address->ai_addr);
}

static void tell_closed(struct fh_dialer *dialer)
{
    dialer->close_wanted = false;
    fh_inbox_post(dialer->link->inbox, &dialer->event);
}

static void on_lookup(uv_getaddrinfo_t *lookup, int status, struct addrinfo *found)
{
    struct fh_dialer *dialer = lookup->data;
    fh_loop_note(dialer->link->io);
    dialer->resolving = false;
    dialer->found = found;
    dialer->next = found;
    if (fh_list_empty(&dialer->running)) {
        forget_addresses(dialer);
        if (dialer->close_wanted) {
            tell_closed(dialer);
        }
    } else if (status != 0) {
        forget_addresses(dialer);
        fail_all(dialer, false, uv_strerror(status));
    } else {
        try_next(dialer);
    }
}

static void connect_local(struct fh_dialer *dialer, const char *path)
{
    struct fh_conn *conn = open_conn(dialer, true);
    if (conn != NULL) {
        uv_pipe_connect(&conn->connect, &conn->uv.pipe, path, on_connected);
    }
}

static void connect_dialer(struct fh_dialer *dialer)
{
    struct sockaddr_storage known;
    struct fh_address tcp;
    const char *path = NULL;
    FH_ASSERT(fh_link_address(dialer->address, &tcp, &path, NULL) == FH_OK);
    if (path != NULL) {
        connect_local(dialer, path);
        return;
    }
    /* Look-ups have few threads, which names of silent servers fill: what needs none must not wait
     * behind them. */
    if (fh_literal(&tcp, &known)) {
        connect_to(dialer, (const struct sockaddr *)&known);
        return;
    }
    char port[6];
    snprintf(port, sizeof port, "%u", (unsigned)tcp.port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    dialer->lookup.data = dialer;
    int status = uv_getaddrinfo(
        fh_loop_uv(dialer->link->io), &dialer->lookup, on_lookup, tcp.host, port, &hints);
    if (status != 0) {
        fail_all(dialer, false, uv_strerror(status));
        return;
    }
    dialer->resolving = true;
}

/* ---- what the owner asks for: I/O loop ---- */

static void on_begin(struct fh_inbox_event *event)
{
    struct fh_request *request = FH_LIST_ENTRY(event, struct fh_request, begin);
    struct fh_dialer *dialer = request->dialer;
    struct fh_link *link = dialer->link;
    fh_list_remove(&dialer->dial_list);
    fh_list_push_back(&link->dialing, &dialer->dial_list);
    fh_list_push_back(&dialer->running, &request->run_list);
    request->running = request->number;
    request->state = FH_REQUEST_QUEUED;
    if (dialer->connected) {
        send_request(request);
        return;
    }
    set_deadline(request, fh_clock_mono_ms() + link->options.connect_ms);
    if (dialer->conn == NULL && !dialer->resolving) {
        connect_dialer(dialer);
    }
}

/* A connection attempt that nobody waits for any more ends. */
static void settle(struct fh_dialer *dialer)
{
    if (dialer->conn != NULL && !dialer->connected && fh_list_empty(&dialer->running)) {
        fh_conn_end(dialer->conn, UV_ECANCELED);
    }
}

static void on_cancel(struct fh_inbox_event *event)
{
    struct fh_request *request = FH_LIST_ENTRY(event, struct fh_request, cancel);
    if (request->state != FH_REQUEST_NONE && request->running == atomic_load(&request->cancelled)) {
        cancel(request);
        settle(request->dialer);
    }
}

static void cancel_all(struct fh_dialer *dialer)
{
    FH_LIST_FOREACH (link, &dialer->running) {
        cancel(FH_LIST_ENTRY(link, struct fh_request, run_list));
    }
    settle(dialer);
}

static void on_close(struct fh_inbox_event *event)
{
    struct fh_dialer *dialer = FH_LIST_ENTRY(event, struct fh_dialer, close);
    cancel_all(dialer);
    if (dialer->conn != NULL) {
        fh_conn_end(dialer->conn, UV_ECANCELED);
    }
    fh_list_remove(&dialer->dial_list);
    if (dialer->resolving) {
        dialer->close_wanted = true;
    } else {
        tell_closed(dialer);
    }
}

void fh_link_requests_end(struct fh_link *link)
{
    FH_LIST_FOREACH (place, &link->dialing) {
        cancel_all(FH_LIST_ENTRY(place, struct fh_dialer, dial_list));
    }
}

static void expire(struct fh_request *request)
{
    const struct fh_dialer *dialer = request->dialer;
    if (request->state == FH_REQUEST_SENT) {
        fh_err_set(&request->err,
                   FH_ETIMEOUT,
                   "%s did not answer within %lld ms",
                   dialer->address,
                   (long long)request->timeout_ms);
    } else {
        fh_err_set(&request->err,
                   FH_EUNREACH,
                   "no connection to %s within %lld ms",
                   dialer->address,
                   (long long)dialer->link->options.connect_ms);
    }
    finish(request, NULL);
}

void fh_link_deadlines(struct fh_link *link, int64_t now_ms)
{
    int64_t next_ms = INT64_MAX;
    FH_LIST_FOREACH (place, &link->dialing) {
        struct fh_dialer *dialer = FH_LIST_ENTRY(place, struct fh_dialer, dial_list);
        FH_LIST_FOREACH (run, &dialer->running) {
            struct fh_request *request = FH_LIST_ENTRY(run, struct fh_request, run_list);
            if (request->deadline_ms <= now_ms) {
                expire(request);
            } else if (request->deadline_ms < next_ms) {
                next_ms = request->deadline_ms;
            }
        }
        settle(dialer);
    }
    link->next_deadline_ms = next_ms;
    fh_timer_set(link->deadline_timer, next_ms);
}

void fh_link_dialers_sweep(struct fh_link *link, int64_t now_ms)
{
    /* The callers' end lets go before the listeners' does, so that no request meets a closing
     * connection. */
    int64_t idle_ms = link->options.idle_ms * 3 / 4;
    FH_LIST_FOREACH (place, &link->dialing) {
        struct fh_dialer *dialer = FH_LIST_ENTRY(place, struct fh_dialer, dial_list);
        if (dialer->connected && fh_list_empty(&dialer->running) &&
            now_ms - dialer->used_ms > idle_ms) {
            fh_conn_end(dialer->conn, UV_ETIMEDOUT);
        }
    }
}

/* ---- dialers: the owner's thread ---- */

static void on_closed(struct fh_inbox_event *event)
{
    struct fh_dialer *dialer = FH_LIST_ENTRY(event, struct fh_dialer, event);
    FH_ASSERT(dialer->in_flight == 0);
    dialer->closing = false;
    dialer->in_use = false;
}

/* A dialer that nobody has: an old one, or a new one in the next place. */
static int find_dialer(struct fh_link *link, struct fh_dialer **out, struct fh_err *err)
{
    unsigned i = 0;
    for (; i < FH_DIALERS_MAX && link->dialers[i] != NULL; i++) {
        if (!link->dialers[i]->in_use) {
            *out = link->dialers[i];
            return FH_OK;
        }
    }
    if (i == FH_DIALERS_MAX) {
        return fh_err_rule(err,
                           FH_EBUSY,
                           "link.dialers",
                           "%d peers are being called; try again later",
                           FH_DIALERS_MAX);
    }
    struct fh_dialer *dialer = fh_calloc(1, sizeof *dialer);
    if (dialer == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a dialer");
    }
    dialer->link = link;
    fh_inbox_event_init(&dialer->event, on_closed);
    fh_inbox_event_init(&dialer->close, on_close);
    fh_list_init(&dialer->dial_list);
    fh_list_init(&dialer->running);
    link->dialers[i] = dialer;
    *out = dialer;
    return FH_OK;
}

int fh_dialer_open(struct fh_dialer **out,
                   struct fh_link *link,
                   const char *address,
                   struct fh_err *err)
{
    struct fh_address tcp;
    const char *path = NULL;
    struct fh_dialer *dialer = NULL;
    int code = fh_link_address(address, &tcp, &path, err);
    if (code == FH_OK && atomic_load(&link->quiesced)) {
        code = fh_err_set(err, FH_ESTATE, "the link is shutting down");
    }
    if (code == FH_OK) {
        code = find_dialer(link, &dialer, err);
    }
    if (code != FH_OK) {
        return code;
    }
    dialer->in_use = true;
    snprintf(dialer->address, sizeof dialer->address, "%s", address);
    *out = dialer;
    return FH_OK;
}

void fh_dialer_close(struct fh_dialer *dialer)
{
    if (dialer == NULL) {
        return;
    }
    FH_ASSERT(dialer->in_use);
    FH_ASSERT(!dialer->closing);
    dialer->closing = true;
    fh_inbox_post(dialer->link->io_inbox, &dialer->close);
}

const char *fh_dialer_address(const struct fh_dialer *dialer)
{
    return dialer->address;
}

unsigned fh_dialer_in_flight(const struct fh_dialer *dialer)
{
    return dialer->in_flight;
}

/* ---- requests: the owner's thread ---- */

static void on_end(struct fh_inbox_event *event)
{
    struct fh_request *request = FH_LIST_ENTRY(event, struct fh_request, event);
    struct fh_link *link = request->dialer->link;
    struct fh_message *reply = FH_TAKE(request->message);
    struct fh_err err = request->err;
    fh_reply_fn *fn = request->fn;
    void *user = request->user;
    link->requests_failed += err.code != FH_OK;
    request->busy = false;
    request->dialer->in_flight--;
    link->in_flight--;
    fn(reply, reply == NULL ? &err : NULL, user);
}

static int find_request(struct fh_dialer *dialer, struct fh_request **out, struct fh_err *err)
{
    for (unsigned i = 0; i < FH_DIALER_REQUESTS_MAX; i++) {
        if (dialer->requests[i] == NULL) {
            struct fh_request *request = fh_calloc(1, sizeof *request);
            if (request == NULL) {
                return fh_err_set(err, FH_ENOMEM, "no memory for a request");
            }
            request->dialer = dialer;
            fh_inbox_event_init(&request->event, on_end);
            fh_inbox_event_init(&request->begin, on_begin);
            fh_inbox_event_init(&request->cancel, on_cancel);
            fh_list_init(&request->run_list);
            dialer->requests[i] = request;
        }
        if (!dialer->requests[i]->busy) {
            *out = dialer->requests[i];
            return FH_OK;
        }
    }
    return fh_err_rule(err,
                       FH_EBUSY,
                       "link.requests",
                       "%d requests to %s are in flight; wait for one",
                       FH_DIALER_REQUESTS_MAX,
                       dialer->address);
}

static int check_request(const struct fh_dialer *dialer, size_t size, struct fh_err *err)
{
    const struct fh_link *link = dialer->link;
    FH_ASSERT(dialer->in_use);
    FH_ASSERT(!dialer->closing);
    if (atomic_load(&link->quiesced)) {
        return fh_err_set(err, FH_ESTATE, "the link is shutting down");
    }
    if (size > FH_FRAME_REQUEST_BYTES_MAX) {
        return fh_err_set(err,
                          FH_ETOOBIG,
                          "a request frame of %zu bytes; at most %d are sent",
                          size,
                          FH_FRAME_REQUEST_BYTES_MAX);
    }
    if (link->in_flight >= FH_LINK_REQUESTS_MAX) {
        return fh_err_rule(err,
                           FH_EBUSY,
                           "link.requests",
                           "%d requests are in flight; wait for one",
                           FH_LINK_REQUESTS_MAX);
    }
    return FH_OK;
}

int fh_dialer_request(struct fh_dialer *dialer,
                      struct fh_message *frame,
                      int64_t timeout_ms,
                      fh_reply_fn *fn,
                      void *user,
                      uint64_t *out_request,
                      struct fh_err *err)
{
    struct fh_request *request = NULL;
    int code = check_request(dialer, frame->size, err);
    if (code == FH_OK) {
        code = find_request(dialer, &request, err);
    }
    if (code != FH_OK) {
        fh_message_free(frame);
        return code;
    }
    request->busy = true;
    request->number = ++dialer->next_number;
    request->fn = fn;
    request->user = user;
    request->timeout_ms = timeout_ms;
    request->message = frame;
    request->err = (struct fh_err){.code = FH_OK};
    if (out_request != NULL) {
        *out_request = request->number;
    }
    dialer->in_flight++;
    dialer->link->in_flight++;
    dialer->link->requests_count++;
    fh_inbox_post(dialer->link->io_inbox, &request->begin);
    return FH_OK;
}

void fh_dialer_cancel(struct fh_dialer *dialer, uint64_t number)
{
    for (unsigned i = 0; i < FH_DIALER_REQUESTS_MAX && dialer->requests[i] != NULL; i++) {
        struct fh_request *request = dialer->requests[i];
        if (request->busy && request->number == number) {
            atomic_store(&request->cancelled, number);
            fh_inbox_post(dialer->link->io_inbox, &request->cancel);
        }
    }
}

void fh_link_dialers_free(struct fh_link *link)
{
    for (unsigned i = 0; i < FH_DIALERS_MAX && link->dialers[i] != NULL; i++) {
        struct fh_dialer *dialer = link->dialers[i];
        for (unsigned r = 0; r < FH_DIALER_REQUESTS_MAX && dialer->requests[r] != NULL; r++) {
            struct fh_request *request = dialer->requests[r];
            if (fh_inbox_remove(link->inbox, &request->event)) {
                on_end(&request->event); /* the owner hears of every request */
            }
            FH_ASSERT(!request->busy);
            fh_free(request);
        }
        fh_inbox_remove(link->inbox, &dialer->event);
        fh_free(dialer);
    }
}
