/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calling half of a link: dialers and requests.
 *
 * A dialer's REQ socket is opened once and used again for other peers, because NNG 1.5.2 is sound
 * only when sockets close at the end; the NNG dialer inside comes and goes with the connection.
 * Resending is switched off, so that a request is handed to at most one connection.
 */
#include "common/assert.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/io/link_inside.h"

#include <nng/protocol/reqrep0/req.h>

#include <stdio.h>
#include <string.h>

enum {
    REDIAL_MS_MIN = 50, /* while a request waits for its connection */
    REDIAL_MS_MAX = 500,
};

/* ---- connection ---- */

static int connect_dialer(struct fh_dialer *dialer, struct fh_err *err)
{
    int status = nng_dialer_create(&dialer->nng, dialer->socket, dialer->url);
    if (status == 0) {
        status = nng_dialer_start(dialer->nng, NNG_FLAG_NONBLOCK);
        if (status != 0) {
            nng_dialer_close(dialer->nng);
        }
    }
    if (status != 0) {
        return fh_err_set(err, FH_EIO, "dialing %s: %s", dialer->address, nng_strerror(status));
    }
    dialer->dialing = true;
    return FH_OK;
}

static void disconnect_dialer(struct fh_dialer *dialer)
{
    if (dialer->dialing) {
        dialer->dialing = false;
        nng_dialer_close(dialer->nng);
    }
}

/* After something ended: no connection is kept up for nobody, and a closed dialer is free again. */
static void settle(struct fh_dialer *dialer)
{
    if (dialer->in_flight > 0) {
        return;
    }
    if (dialer->closing || atomic_load(&dialer->pipes) == 0) {
        disconnect_dialer(dialer);
    }
    if (dialer->closing) {
        dialer->closing = false;
        dialer->in_use = false;
    }
}

/* NNG's threads. */
static void on_pipe(nng_pipe pipe, nng_pipe_ev event, void *user)
{
    (void)pipe;
    struct fh_dialer *dialer = user;
    if (event == NNG_PIPE_EV_ADD_PRE) {
        atomic_fetch_add(&dialer->pipes, 1);
    } else if (event == NNG_PIPE_EV_REM_POST) {
        atomic_fetch_sub(&dialer->pipes, 1);
        fh_inbox_post(dialer->link->inbox, &dialer->event);
    }
}

/* The loop: a connection ended. */
static void on_disconnected(struct fh_inbox_event *event)
{
    struct fh_dialer *dialer = FH_LIST_ENTRY(event, struct fh_dialer, event);
    if (dialer->in_use) {
        settle(dialer);
    }
}

void fh_link_dialers_sweep(struct fh_link *link, int64_t now_ms)
{
    /* The callers' end lets go before the listeners' does, so that no request meets a closing
     * connection. */
    int64_t idle_ms = link->options.idle_ms * 3 / 4;
    for (unsigned i = 0; i < FH_DIALERS_MAX && link->dialers[i] != NULL; i++) {
        struct fh_dialer *dialer = link->dialers[i];
        if (dialer->dialing && dialer->in_flight == 0 && now_ms - dialer->used_ms > idle_ms) {
            disconnect_dialer(dialer);
        }
    }
}

/* ---- dialers ---- */

static int open_socket(struct fh_dialer *dialer, struct fh_err *err)
{
    nng_socket socket;
    int status = nng_req0_open(&socket);
    if (status != 0) {
        return fh_err_set(err, FH_EIO, "request socket: %s", nng_strerror(status));
    }
    /* Before any dialer: these are inherited. 4 bytes are REQ's request number. */
    status = nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, FH_FRAME_REPLY_BYTES_MAX + 4);
    if (status == 0) {
        status = nng_socket_set_ms(socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE);
    }
    if (status == 0) {
        status = nng_socket_set_ms(socket, NNG_OPT_RECONNMINT, REDIAL_MS_MIN);
    }
    if (status == 0) {
        status = nng_socket_set_ms(socket, NNG_OPT_RECONNMAXT, REDIAL_MS_MAX);
    }
    if (status == 0) {
        status = nng_pipe_notify(socket, NNG_PIPE_EV_ADD_PRE, on_pipe, dialer);
    }
    if (status == 0) {
        status = nng_pipe_notify(socket, NNG_PIPE_EV_REM_POST, on_pipe, dialer);
    }
    if (status != 0) {
        nng_close(socket);
        return fh_err_set(err, FH_EIO, "request socket: %s", nng_strerror(status));
    }
    dialer->socket = socket;
    return FH_OK;
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
    fh_inbox_event_init(&dialer->event, on_disconnected);
    int code = open_socket(dialer, err);
    if (code != FH_OK) {
        fh_free(dialer);
        return code;
    }
    link->dialers[i] = dialer;
    *out = dialer;
    return FH_OK;
}

int fh_dialer_open(struct fh_dialer **out,
                   struct fh_link *link,
                   const char *address,
                   struct fh_err *err)
{
    char url[sizeof(*out)->url];
    int code = fh_link_url(url, sizeof url, address, err);
    if (code != FH_OK) {
        return code;
    }
    if (atomic_load(&link->quiesced)) {
        return fh_err_set(err, FH_ESTATE, "the link is shutting down");
    }
    struct fh_dialer *dialer;
    code = find_dialer(link, &dialer, err);
    if (code != FH_OK) {
        return code;
    }
    dialer->in_use = true;
    snprintf(dialer->url, sizeof dialer->url, "%s", url);
    snprintf(dialer->address, sizeof dialer->address, "%s", address);
    *out = dialer;
    return FH_OK;
}

static void cancel_request(struct fh_request *request)
{
    pthread_mutex_lock(&request->mutex);
    request->cancelled = true;
    nng_aio_cancel(request->aio);
    pthread_mutex_unlock(&request->mutex);
}

static void cancel_all(struct fh_dialer *dialer)
{
    for (unsigned i = 0; i < FH_DIALER_REQUESTS_MAX && dialer->requests[i] != NULL; i++) {
        if (dialer->requests[i]->busy) {
            cancel_request(dialer->requests[i]);
        }
    }
}

void fh_dialer_close(struct fh_dialer *dialer)
{
    if (dialer == NULL) {
        return;
    }
    FH_ASSERT(dialer->in_use);
    FH_ASSERT(!dialer->closing);
    dialer->closing = true;
    cancel_all(dialer);
    settle(dialer);
}

const char *fh_dialer_address(const struct fh_dialer *dialer)
{
    return dialer->address;
}

unsigned fh_dialer_in_flight(const struct fh_dialer *dialer)
{
    return dialer->in_flight;
}

/* ---- requests ---- */

/* NNG's thread: sent, then answered; or ended early. */
static void on_aio(void *user)
{
    struct fh_request *request = user;
    int status = nng_aio_result(request->aio);
    pthread_mutex_lock(&request->mutex);
    bool receive = status == 0 && !request->receiving && !request->cancelled;
    if (receive) {
        request->receiving = true;
        nng_aio_set_timeout(request->aio, request->timeout_ms);
        nng_ctx_recv(request->sender, request->aio);
    }
    pthread_mutex_unlock(&request->mutex);
    if (receive) {
        return;
    }
    /* A failed send gives its message back; a receive has one only when it went well. */
    nng_msg *message = status != 0 && request->receiving ? NULL : nng_aio_get_msg(request->aio);
    nng_aio_set_msg(request->aio, NULL);
    if (status == 0 && request->receiving) {
        request->reply = message;
    } else if (status != 0) {
        nng_msg_free(message);
    }
    request->result = status == 0 && !request->receiving ? NNG_ECANCELED : status;
    fh_inbox_post(request->dialer->link->inbox, &request->event);
}

static void tell_failure(const struct fh_request *request, struct fh_err *err)
{
    const struct fh_dialer *dialer = request->dialer;
    if (request->result == NNG_ECANCELED) {
        fh_err_set(err, FH_ECANCELLED, "the request to %s was cancelled", dialer->address);
    } else if (request->result == NNG_ETIMEDOUT && request->receiving) {
        fh_err_set(err,
                   FH_ETIMEOUT,
                   "%s did not answer within %d ms",
                   dialer->address,
                   (int)request->timeout_ms);
    } else if (request->result == NNG_ETIMEDOUT && atomic_load(&dialer->pipes) > 0) {
        fh_err_set(err, FH_ETIMEOUT, "%s took no request in time", dialer->address);
    } else if (request->result == NNG_ETIMEDOUT) {
        fh_err_set(err,
                   FH_EUNREACH,
                   "no connection to %s within %d ms",
                   dialer->address,
                   (int)dialer->link->options.connect_ms);
    } else {
        fh_err_set(err,
                   FH_EUNREACH,
                   "the connection to %s was lost: %s",
                   dialer->address,
                   nng_strerror(request->result));
    }
}

/* The loop. */
static void on_end(struct fh_inbox_event *event)
{
    struct fh_request *request = FH_LIST_ENTRY(event, struct fh_request, event);
    struct fh_dialer *dialer = request->dialer;
    struct fh_err err = {.code = FH_OK};
    if (request->result != 0) {
        tell_failure(request, &err);
        dialer->link->requests_failed++;
    }
    struct fh_message *reply = (struct fh_message *)(void *)FH_TAKE(request->reply);
    fh_reply_fn *fn = request->fn;
    void *user = request->user;
    request->busy = false;
    dialer->used_ms = fh_clock_mono_ms();
    dialer->in_flight--;
    dialer->link->in_flight--;
    fn(reply, reply == NULL ? &err : NULL, user);
    if (dialer->in_use) {
        settle(dialer);
    }
}

static struct fh_request *request_new(struct fh_dialer *dialer)
{
    struct fh_request *request = fh_calloc(1, sizeof *request);
    if (request == NULL) {
        return NULL;
    }
    request->dialer = dialer;
    fh_inbox_event_init(&request->event, on_end);
    if (nng_aio_alloc(&request->aio, on_aio, request) != 0) {
        fh_free(request);
        return NULL;
    }
    if (nng_ctx_open(&request->sender, dialer->socket) != 0) {
        nng_aio_free(request->aio);
        fh_free(request);
        return NULL;
    }
    FH_ASSERT(pthread_mutex_init(&request->mutex, NULL) == 0);
    return request;
}

static int find_request(struct fh_dialer *dialer, struct fh_request **out, struct fh_err *err)
{
    for (unsigned i = 0; i < FH_DIALER_REQUESTS_MAX; i++) {
        if (dialer->requests[i] == NULL) {
            dialer->requests[i] = request_new(dialer);
            if (dialer->requests[i] == NULL) {
                return fh_err_set(err, FH_ENOMEM, "no memory for a request");
            }
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
    int code = check_request(dialer, fh_message_size(frame), err);
    if (code == FH_OK) {
        code = find_request(dialer, &request, err);
    }
    if (code == FH_OK && !dialer->dialing) {
        code = connect_dialer(dialer, err);
    }
    if (code != FH_OK) {
        fh_message_free(frame);
        return code;
    }
    request->busy = true;
    request->cancelled = false;
    request->receiving = false;
    request->timeout_ms = timeout_ms > INT32_MAX ? INT32_MAX : (nng_duration)timeout_ms;
    request->fn = fn;
    request->user = user;
    request->number = ++dialer->next_number;
    if (out_request != NULL) {
        *out_request = request->number;
    }
    dialer->used_ms = fh_clock_mono_ms();
    dialer->in_flight++;
    dialer->link->in_flight++;
    dialer->link->requests_count++;
    nng_aio_set_msg(request->aio, (nng_msg *)(void *)frame);
    nng_aio_set_timeout(request->aio, (nng_duration)dialer->link->options.connect_ms);
    nng_ctx_send(request->sender, request->aio);
    return FH_OK;
}

void fh_dialer_cancel(struct fh_dialer *dialer, uint64_t number)
{
    for (unsigned i = 0; i < FH_DIALER_REQUESTS_MAX && dialer->requests[i] != NULL; i++) {
        struct fh_request *request = dialer->requests[i];
        if (request->busy && request->number == number) {
            cancel_request(request);
        }
    }
}

/* ---- the end ---- */

void fh_link_dialers_quiesce(struct fh_link *link)
{
    for (unsigned i = 0; i < FH_DIALERS_MAX && link->dialers[i] != NULL; i++) {
        cancel_all(link->dialers[i]);
    }
}

void fh_link_dialers_stop(struct fh_link *link)
{
    for (unsigned i = 0; i < FH_DIALERS_MAX && link->dialers[i] != NULL; i++) {
        struct fh_dialer *dialer = link->dialers[i];
        for (unsigned r = 0; r < FH_DIALER_REQUESTS_MAX && dialer->requests[r] != NULL; r++) {
            nng_aio_stop(dialer->requests[r]->aio); /* its callback has ended after this */
        }
    }
    for (unsigned i = 0; i < FH_DIALERS_MAX && link->dialers[i] != NULL; i++) {
        struct fh_dialer *dialer = link->dialers[i];
        for (unsigned r = 0; r < FH_DIALER_REQUESTS_MAX && dialer->requests[r] != NULL; r++) {
            struct fh_request *request = dialer->requests[r];
            if (fh_inbox_remove(link->inbox, &request->event)) {
                on_end(&request->event); /* the owner hears of every request */
            }
            nng_ctx_close(request->sender);
        }
        nng_close(dialer->socket);
        fh_inbox_remove(link->inbox, &dialer->event);
    }
}

void fh_link_dialers_free(struct fh_link *link)
{
    for (unsigned i = 0; i < FH_DIALERS_MAX && link->dialers[i] != NULL; i++) {
        struct fh_dialer *dialer = link->dialers[i];
        for (unsigned r = 0; r < FH_DIALER_REQUESTS_MAX && dialer->requests[r] != NULL; r++) {
            nng_aio_free(dialer->requests[r]->aio);
            pthread_mutex_destroy(&dialer->requests[r]->mutex);
            fh_free(dialer->requests[r]);
        }
        fh_free(dialer);
    }
}
