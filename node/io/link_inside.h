/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a link, shared by the link*.c files and by nothing else.
 *
 * Three kinds of thread meet here: the loop, the owner's pool threads (which answer calls), and
 * NNG's. An object that NNG works on (a call that receives or sends, a request in flight) belongs
 * to NNG until its callback posts it to the inbox; nothing but the callback touches it meanwhile.
 * What is really shared is atomic, or the pipe table with its mutex.
 */
#ifndef FH_NODE_IO_LINK_INSIDE_H
#define FH_NODE_IO_LINK_INSIDE_H

#include "node/io/inbox.h"
#include "node/io/link.h"
#include "node/io/loop.h"

#include <nng/nng.h>

#include <pthread.h>
#include <stdatomic.h>

/* ---- pipe table: who is connected to the listeners ---- */

enum { FH_PIPE_ADDRESS_BYTES = 48 };

struct fh_pipe {
    char address[FH_PIPE_ADDRESS_BYTES]; /* without port, "local" */
    uint8_t group[8]; /* what the cap for one address counts: IPv4, or the /64 of IPv6 */
    bool trusted;
    uint8_t key[FH_LINK_KEY_BYTES]; /* when trusted */
    int64_t opened_ms;
    int64_t active_ms; /* the last whole message */
};

struct fh_pipes {
    pthread_mutex_t mutex; /* over all below */
    unsigned limit;
    unsigned per_group_limit;
    unsigned count;
    uint32_t ids[FH_PIPES_MAX]; /* beside the rest, so that a search reads few lines of memory */
    struct fh_pipe pipes[FH_PIPES_MAX];
};

void fh_pipes_init(struct fh_pipes *pipes, unsigned limit, unsigned per_group_limit);
void fh_pipes_fini(struct fh_pipes *pipes);
/* False when a cap refuses it. */
bool fh_pipes_add(struct fh_pipes *pipes, uint32_t id, const nng_sockaddr *remote, int64_t now_ms);
bool fh_pipes_has(struct fh_pipes *pipes, uint32_t id);
void fh_pipes_remove(struct fh_pipes *pipes, uint32_t id);
/* A whole message came: notes the time, copies the address (or "" when it is gone). */
void fh_pipes_touch(struct fh_pipes *pipes,
                    uint32_t id,
                    int64_t now_ms,
                    char out_address[FH_PIPE_ADDRESS_BYTES]);
int fh_pipes_trust(struct fh_pipes *pipes,
                   uint32_t id,
                   const uint8_t key[FH_LINK_KEY_BYTES],
                   struct fh_err *err);
/* Those past their handshake deadline or idle: their number, ids in `out`. */
unsigned fh_pipes_expired(struct fh_pipes *pipes,
                          int64_t now_ms,
                          int64_t handshake_ms,
                          int64_t idle_ms,
                          uint32_t out[FH_PIPES_MAX]);
unsigned fh_pipes_count(struct fh_pipes *pipes);

/* ---- link ---- */

struct fh_call {
    struct fh_link *link;
    struct fh_inbox_event event;
    nng_ctx receiver;
    nng_aio *aio;
    bool sending; /* else receiving */
    nng_msg *request;
    uint32_t pipe;
    char address[FH_PIPE_ADDRESS_BYTES];
};

struct fh_request {
    struct fh_dialer *dialer;
    struct fh_inbox_event event;
    nng_ctx sender;
    nng_aio *aio;
    bool busy;             /* loop: in flight, or its event is on the way */
    pthread_mutex_t mutex; /* over the change from sending to receiving, and `cancelled` */
    bool cancelled;
    bool receiving;
    nng_duration timeout_ms;
    int result; /* NNG's */
    nng_msg *reply;
    uint64_t number;
    fh_reply_fn *fn;
    void *user;
};

struct fh_dialer {
    struct fh_link *link;
    bool in_use;  /* an owner has it, or its last requests are ending */
    bool closing; /* the owner has closed it */
    bool dialing; /* `nng` is open */
    nng_socket socket;
    nng_dialer nng;
    atomic_int pipes;            /* connections now: 0 or 1, for a moment 2 */
    struct fh_inbox_event event; /* a connection ended */
    char address[FH_ADDRESS_BYTES_MAX + 1];
    char url[FH_ADDRESS_BYTES_MAX + 8];
    int64_t used_ms;
    unsigned in_flight;
    uint64_t next_number;
    struct fh_request *requests[FH_DIALER_REQUESTS_MAX];
};

struct fh_link {
    struct fh_loop *loop;
    struct fh_inbox *inbox;
    struct fh_link_options options;
    fh_call_fn *fn;
    void *user;
    struct fh_timer *sweep;
    atomic_bool quiesced;
    uint16_t port;

    nng_socket listener; /* REP */
    bool listening;
    struct fh_pipes pipes;
    struct fh_call *calls; /* options.contexts of them, once listening */
    atomic_uint held;      /* calls with the owner */
    atomic_uint sending;   /* replies on their way */

    struct fh_dialer *dialers[FH_DIALERS_MAX]; /* filled in order, kept until the end */
    unsigned in_flight;

    _Atomic uint64_t calls_count;
    _Atomic uint64_t replies_count;
    _Atomic uint64_t replies_lost;
    _Atomic uint64_t pipes_refused;
    _Atomic uint64_t pipes_expired;
    uint64_t requests_count;
    uint64_t requests_failed;
};

/* "tcp://HOST:PORT" or "ipc:///path" for an address; FH_EINVAL. */
int fh_link_url(char *out, size_t size, const char *address, struct fh_err *err);

/* The two halves. Each is told to stop before the sockets close; `free` comes after. */
int fh_link_calls_start(struct fh_link *link, struct fh_err *err);
void fh_link_calls_stop(struct fh_link *link);
void fh_link_calls_free(struct fh_link *link);

void fh_link_dialers_quiesce(struct fh_link *link);
void fh_link_dialers_sweep(struct fh_link *link, int64_t now_ms);
void fh_link_dialers_stop(struct fh_link *link);
void fh_link_dialers_free(struct fh_link *link);

#endif
