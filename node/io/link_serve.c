/* SPDX-License-Identifier: Apache-2.0 */
/* The serving half of a link: receivers, calls, replies. */
#include "common/assert.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/io/link_inside.h"

#include <string.h>

/*
 *   arm -> receiving -> (message) -> inbox -> held by the owner -> reply -> sending -> arm
 *                                                               -> drop  -> arm
 */

static void arm(struct fh_call *call)
{
    if (atomic_load(&call->link->quiesced)) {
        return;
    }
    call->sending = false;
    nng_aio_set_timeout(call->aio, NNG_DURATION_INFINITE);
    nng_ctx_recv(call->receiver, call->aio);
}

static void on_received(struct fh_call *call, int status)
{
    struct fh_link *link = call->link;
    if (status == NNG_ECLOSED || status == NNG_ECANCELED) {
        return; /* the end */
    }
    if (status != 0) {
        arm(call);
        return;
    }
    call->request = nng_aio_get_msg(call->aio);
    nng_aio_set_msg(call->aio, NULL);
    call->pipe = nng_msg_get_pipe(call->request).id;
    fh_pipes_touch(&link->pipes, call->pipe, fh_clock_mono_ms(), call->address);
    fh_inbox_post(link->inbox, &call->event);
}

static void on_sent(struct fh_call *call, int status)
{
    struct fh_link *link = call->link;
    if (status == 0) {
        atomic_fetch_add(&link->replies_count, 1);
    } else {
        nng_msg_free(nng_aio_get_msg(call->aio));
        nng_aio_set_msg(call->aio, NULL);
        atomic_fetch_add(&link->replies_lost, 1);
        if (status == NNG_ETIMEDOUT) { /* the asker does not read */
            nng_pipe pipe = NNG_PIPE_INITIALIZER;
            pipe.id = call->pipe;
            (void)nng_pipe_close(pipe);
        }
    }
    atomic_fetch_sub(&link->sending, 1);
    arm(call);
}

/* NNG's thread. */
static void on_aio(void *user)
{
    struct fh_call *call = user;
    int status = nng_aio_result(call->aio);
    if (call->sending) {
        on_sent(call, status);
    } else {
        on_received(call, status);
    }
}

static void let_go(struct fh_call *call)
{
    nng_msg_free(call->request);
    call->request = NULL;
}

/* The loop. */
static void on_call(struct fh_inbox_event *event)
{
    struct fh_call *call = FH_LIST_ENTRY(event, struct fh_call, event);
    struct fh_link *link = call->link;
    atomic_fetch_add(&link->calls_count, 1);
    if (atomic_load(&link->quiesced)) {
        let_go(call);
        return;
    }
    atomic_fetch_add(&link->held, 1);
    link->fn(call, link->user);
}

int fh_link_calls_start(struct fh_link *link, struct fh_err *err)
{
    link->calls = fh_calloc(link->options.contexts, sizeof *link->calls);
    if (link->calls == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for %u receivers", link->options.contexts);
    }
    for (unsigned i = 0; i < link->options.contexts; i++) {
        struct fh_call *call = &link->calls[i];
        call->link = link;
        fh_inbox_event_init(&call->event, on_call);
        int status = nng_aio_alloc(&call->aio, on_aio, call);
        if (status == 0) {
            status = nng_ctx_open(&call->receiver, link->listener);
        }
        if (status != 0) {
            return fh_err_set(err, FH_ENOMEM, "receiver %u: %s", i, nng_strerror(status));
        }
        arm(call);
    }
    return FH_OK;
}

void fh_link_calls_stop(struct fh_link *link)
{
    for (unsigned i = 0; link->calls != NULL && i < link->options.contexts; i++) {
        struct fh_call *call = &link->calls[i];
        if (call->aio != NULL) {
            nng_aio_stop(call->aio); /* its callback has ended after this */
        }
    }
    for (unsigned i = 0; link->calls != NULL && i < link->options.contexts; i++) {
        struct fh_call *call = &link->calls[i];
        if (fh_inbox_remove(link->inbox, &call->event)) {
            let_go(call);
        }
        if (nng_ctx_id(call->receiver) > 0) {
            nng_ctx_close(call->receiver);
        }
    }
}

void fh_link_calls_free(struct fh_link *link)
{
    for (unsigned i = 0; link->calls != NULL && i < link->options.contexts; i++) {
        nng_aio_free(link->calls[i].aio);
    }
    fh_free(link->calls);
    link->calls = NULL;
}

/* ---- what the holder of a call does ---- */

struct fh_bytes fh_call_frame(const struct fh_call *call)
{
    return fh_bytes(nng_msg_body(call->request), nng_msg_len(call->request));
}

uint8_t *fh_call_data(struct fh_call *call)
{
    return nng_msg_body(call->request);
}

uint32_t fh_call_pipe(const struct fh_call *call)
{
    return call->pipe;
}

const char *fh_call_address(const struct fh_call *call)
{
    return call->address;
}

void fh_call_reply(struct fh_call *call, struct fh_message *reply)
{
    struct fh_link *link = call->link;
    FH_ASSERT(call->request != NULL);
    FH_ASSERT(fh_message_size(reply) <= FH_FRAME_REPLY_BYTES_MAX);
    let_go(call);
    call->sending = true;
    atomic_fetch_add(&link->sending, 1);
    nng_aio_set_msg(call->aio, (nng_msg *)(void *)reply);
    nng_aio_set_timeout(call->aio, FH_STREAM_STALL_MS);
    nng_ctx_send(call->receiver, call->aio);
    atomic_fetch_sub(&link->held, 1); /* last: fh_link_free may begin at zero */
}

void fh_call_drop(struct fh_call *call)
{
    struct fh_link *link = call->link;
    FH_ASSERT(call->request != NULL);
    let_go(call);
    arm(call);
    atomic_fetch_sub(&link->held, 1);
}
