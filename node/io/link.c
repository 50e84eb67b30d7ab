/* SPDX-License-Identifier: Apache-2.0 */
#include "node/io/link.h"

#include "common/address.h"
#include "common/assert.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/io/link_inside.h"

#include <nng/protocol/reqrep0/rep.h>

#include <stdio.h>
#include <string.h>

/* ---- messages: an fh_message is an nng_msg under another name ---- */

static nng_msg *inner(struct fh_message *message)
{
    return (nng_msg *)(void *)message;
}

struct fh_message *fh_message_new(size_t size)
{
    nng_msg *message;
    return nng_msg_alloc(&message, size) == 0 ? (struct fh_message *)(void *)message : NULL;
}

struct fh_message *fh_message_copy(struct fh_bytes bytes)
{
    struct fh_message *message = fh_message_new(bytes.size);
    if (message != NULL && bytes.size > 0) {
        memcpy(fh_message_data(message), bytes.data, bytes.size);
    }
    return message;
}

uint8_t *fh_message_data(struct fh_message *message)
{
    return nng_msg_body(inner(message));
}

size_t fh_message_size(const struct fh_message *message)
{
    return nng_msg_len((const nng_msg *)(const void *)message);
}

struct fh_bytes fh_message_bytes(struct fh_message *message)
{
    return fh_bytes(fh_message_data(message), fh_message_size(message));
}

void fh_message_truncate(struct fh_message *message, size_t size)
{
    size_t old = fh_message_size(message);
    FH_ASSERT(size <= old);
    FH_ASSERT(nng_msg_chop(inner(message), old - size) == 0);
}

void fh_message_free(struct fh_message *message)
{
    if (message != NULL) {
        nng_msg_free(inner(message));
    }
}

/* ---- addresses ---- */

int fh_link_url(char *out, size_t size, const char *address, struct fh_err *err)
{
    if (strncmp(address, "ipc://", 6) == 0) {
        if (address[6] != '/' || strlen(address) >= size) {
            return fh_err_rule(err,
                               FH_EINVAL,
                               "address",
                               "\"%.128s\": a local socket is ipc:// and an absolute path of at "
                               "most %zu bytes",
                               address,
                               size - 7);
        }
        snprintf(out, size, "%s", address);
        return FH_OK;
    }
    struct fh_address parsed;
    int code = fh_address_parse(&parsed, address, err);
    if (code == FH_OK) {
        snprintf(out, size, "tcp://%s", address);
    }
    return code;
}

/* ---- lifecycle ---- */

static unsigned cut_unsigned(unsigned wanted, unsigned limit)
{
    return wanted == 0 || wanted > limit ? limit : wanted;
}

static int64_t cut_ms(int64_t wanted, int64_t limit)
{
    return wanted <= 0 || wanted > limit ? limit : wanted;
}

static struct fh_link_options cut_options(const struct fh_link_options *wanted)
{
    struct fh_link_options o = wanted != NULL ? *wanted : (struct fh_link_options){0};
    return (struct fh_link_options){
        .contexts = cut_unsigned(o.contexts, FH_LINK_CONTEXTS),
        .pipes_max = cut_unsigned(o.pipes_max, FH_PIPES_MAX),
        .unauthenticated_per_address_max = cut_unsigned(o.unauthenticated_per_address_max,
                                                        FH_PIPES_UNAUTHENTICATED_PER_ADDRESS_MAX),
        .handshake_ms = cut_ms(o.handshake_ms, FH_HANDSHAKE_MS),
        .idle_ms = cut_ms(o.idle_ms, FH_PIPE_IDLE_MS),
        .connect_ms = cut_ms(o.connect_ms, FH_CONNECT_MS),
    };
}

enum { SWEEP_MS_MIN = 20, SWEEP_MS_MAX = 1000 };

static void set_sweep(struct fh_link *link, int64_t now_ms)
{
    int64_t least = link->options.handshake_ms < link->options.idle_ms ? link->options.handshake_ms
                                                                       : link->options.idle_ms;
    int64_t wait_ms = least / 4;
    wait_ms = wait_ms < SWEEP_MS_MIN ? SWEEP_MS_MIN : wait_ms;
    wait_ms = wait_ms > SWEEP_MS_MAX ? SWEEP_MS_MAX : wait_ms;
    fh_timer_set(link->sweep, now_ms + wait_ms);
}

static void close_pipe(uint32_t id)
{
    nng_pipe pipe = NNG_PIPE_INITIALIZER;
    pipe.id = id;
    (void)nng_pipe_close(pipe); /* it may be gone already */
}

static void on_sweep(void *user)
{
    struct fh_link *link = user;
    int64_t now_ms = fh_clock_mono_ms();
    uint32_t expired[FH_PIPES_MAX];
    unsigned count = fh_pipes_expired(
        &link->pipes, now_ms, link->options.handshake_ms, link->options.idle_ms, expired);
    for (unsigned i = 0; i < count; i++) {
        close_pipe(expired[i]);
    }
    atomic_fetch_add(&link->pipes_expired, count);
    fh_link_dialers_sweep(link, now_ms);
    set_sweep(link, now_ms);
}

int fh_link_new(struct fh_link **out,
                struct fh_loop *loop,
                struct fh_inbox *inbox,
                const struct fh_link_options *options,
                fh_call_fn *fn,
                void *user,
                struct fh_err *err)
{
    struct fh_link *link = fh_calloc(1, sizeof *link);
    if (link == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the link");
    }
    int code = fh_timer_new(&link->sweep, loop, on_sweep, link, err);
    if (code != FH_OK) {
        fh_free(link);
        return code;
    }
    link->loop = loop;
    link->inbox = inbox;
    link->options = cut_options(options);
    link->fn = fn;
    link->user = user;
    fh_pipes_init(
        &link->pipes, link->options.pipes_max, link->options.unauthenticated_per_address_max);
    set_sweep(link, fh_clock_mono_ms());
    *out = link;
    return FH_OK;
}

/* ---- listening ---- */

/* NNG's thread. The remote address is read here: in REM_POST it is not always there any more. */
static void on_pipe_before(nng_pipe pipe, nng_pipe_ev event, void *user)
{
    (void)event;
    struct fh_link *link = user;
    nng_sockaddr remote = {.s_family = NNG_AF_UNSPEC};
    (void)nng_pipe_get_addr(pipe, NNG_OPT_REMADDR, &remote);
    if (!fh_pipes_add(&link->pipes, pipe.id, &remote, fh_clock_mono_ms())) {
        atomic_fetch_add(&link->pipes_refused, 1);
    }
}

/* One that was refused is closed only here: NNG 1.5.2 is safe with a started pipe. */
static void on_pipe_after(nng_pipe pipe, nng_pipe_ev event, void *user)
{
    (void)event;
    struct fh_link *link = user;
    if (!fh_pipes_has(&link->pipes, pipe.id)) {
        (void)nng_pipe_close(pipe);
    }
}

static void on_pipe_gone(nng_pipe pipe, nng_pipe_ev event, void *user)
{
    (void)event;
    struct fh_link *link = user;
    fh_pipes_remove(&link->pipes, pipe.id);
}

static int nng_failed(struct fh_err *err, int status, const char *what)
{
    return fh_err_set(
        err, status == NNG_ENOMEM ? FH_ENOMEM : FH_EIO, "%s: %s", what, nng_strerror(status));
}

static int open_listener(struct fh_link *link, struct fh_err *err)
{
    nng_socket socket;
    int status = nng_rep0_open(&socket);
    if (status != 0) {
        return nng_failed(err, status, "listening socket");
    }
    link->listener = socket;
    link->listening = true;
    /* Before any listener: these are inherited. 4 bytes are REQ's request number. */
    status = nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, FH_FRAME_REQUEST_BYTES_MAX + 4);
    if (status == 0) {
        status = nng_socket_set_int(socket, NNG_OPT_MAXTTL, 1); /* no chains of devices */
    }
    if (status == 0) {
        status = nng_pipe_notify(socket, NNG_PIPE_EV_ADD_PRE, on_pipe_before, link);
    }
    if (status == 0) {
        status = nng_pipe_notify(socket, NNG_PIPE_EV_ADD_POST, on_pipe_after, link);
    }
    if (status == 0) {
        status = nng_pipe_notify(socket, NNG_PIPE_EV_REM_POST, on_pipe_gone, link);
    }
    if (status != 0) {
        return nng_failed(err, status, "listening socket");
    }
    return fh_link_calls_start(link, err);
}

int fh_link_listen(struct fh_link *link, const char *address, struct fh_err *err)
{
    char url[FH_ADDRESS_BYTES_MAX + 8];
    int code = fh_link_url(url, sizeof url, address, err);
    if (code == FH_OK && !link->listening) {
        code = open_listener(link, err);
    }
    if (code != FH_OK) {
        return code;
    }
    nng_listener listener;
    int status = nng_listen(link->listener, url, &listener, 0);
    if (status == NNG_EADDRINUSE) {
        return fh_err_rule(err,
                           FH_EEXIST,
                           "listen.in_use",
                           "tcp %s is in use by another process; end it, or listen on another port",
                           address);
    }
    if (status != 0) {
        return fh_err_set(err,
                          status == NNG_ENOMEM ? FH_ENOMEM : FH_EIO,
                          "tcp %s: %s; listen on an address of this machine",
                          address,
                          nng_strerror(status));
    }
    int port = 0;
    if (link->port == 0 && nng_listener_get_int(listener, NNG_OPT_TCP_BOUND_PORT, &port) == 0) {
        link->port = (uint16_t)port;
    }
    return FH_OK;
}

uint16_t fh_link_port(const struct fh_link *link)
{
    return link->port;
}

/* ---- the end: tell, drain, stop all operations, close sockets, free ---- */

void fh_link_quiesce(struct fh_link *link)
{
    if (!atomic_exchange(&link->quiesced, true)) {
        fh_timer_clear(link->sweep);
        fh_link_dialers_quiesce(link);
    }
}

bool fh_link_drained(const struct fh_link *link)
{
    return atomic_load(&link->quiesced) && atomic_load(&link->held) == 0 &&
           atomic_load(&link->sending) == 0 && link->in_flight == 0;
}

void fh_link_free(struct fh_link *link)
{
    if (link == NULL) {
        return;
    }
    FH_ASSERT(atomic_load(&link->held) == 0);
    fh_link_quiesce(link);
    fh_timer_free(link->sweep);
    fh_link_calls_stop(link);
    fh_link_dialers_stop(link);
    if (link->listening) {
        nng_close(link->listener); /* its last pipes tell on_pipe_gone */
    }
    fh_link_calls_free(link);
    fh_link_dialers_free(link);
    fh_pipes_fini(&link->pipes);
    fh_free(link);
}

/* ---- connections ---- */

int fh_link_trust(struct fh_link *link,
                  uint32_t pipe,
                  const uint8_t key[FH_LINK_KEY_BYTES],
                  struct fh_err *err)
{
    return fh_pipes_trust(&link->pipes, pipe, key, err);
}

void fh_link_disconnect(struct fh_link *link, uint32_t pipe)
{
    if (fh_pipes_has(&link->pipes, pipe)) {
        close_pipe(pipe);
    }
}

struct fh_link_counters fh_link_counters(struct fh_link *link)
{
    return (struct fh_link_counters){
        .calls = atomic_load(&link->calls_count),
        .replies = atomic_load(&link->replies_count),
        .replies_lost = atomic_load(&link->replies_lost),
        .pipes = fh_pipes_count(&link->pipes),
        .pipes_refused = atomic_load(&link->pipes_refused),
        .pipes_expired = atomic_load(&link->pipes_expired),
        .requests = link->requests_count,
        .requests_failed = link->requests_failed,
    };
}
