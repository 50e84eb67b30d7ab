/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a link, shared by the link*.c files and by nothing else.
 *
 * The link has a loop of its own, the I/O loop, which alone touches sockets. It runs inside the
 * rounds of the owner's (fh_loop_embed), on the same thread: a thread of its own would be woken
 * twice for each small question. An object that both know (a call, a request, a dialer) carries one
 * event for each direction; whoever posts it, also from a pool thread, hands it over. Fields are
 * grouped below by the loop that they belong to. What other threads touch is atomic, or in the pipe
 * table behind its mutex.
 */
#ifndef FH_NODE_IO_LINK_INSIDE_H
#define FH_NODE_IO_LINK_INSIDE_H

#include "common/list.h"
#include "node/io/inbox.h"
#include "node/io/link.h"
#include "node/io/loop.h"

#include <uv.h>

#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>

struct fh_message {
    size_t size;
    uint8_t data[];
};

/* ---- pipe table: who is connected to the listeners ---- */

enum {
    FH_PIPE_ADDRESS_BYTES = 48,
    FH_PIPE_INDEX_BITS = 10, /* a pipe number: generation, then the place in the table */
};
_Static_assert(FH_PIPES_MAX <= 1 << FH_PIPE_INDEX_BITS, "a place fits a pipe number");

struct fh_pipe {
    uint32_t id;                         /* 0: the place is free */
    char address[FH_PIPE_ADDRESS_BYTES]; /* without port; "local" */
    uint8_t group[8]; /* what the cap for one address counts: IPv4, or the /64 of IPv6 */
    bool trusted;
    bool unwanted;                  /* to be closed */
    uint8_t key[FH_LINK_KEY_BYTES]; /* when trusted */
    int64_t opened_ms;
    int64_t active_ms; /* the last whole message */
};

struct fh_pipes {
    pthread_mutex_t mutex; /* over all below */
    unsigned limit;
    unsigned per_group_limit;
    unsigned count;
    uint32_t generation;
    struct fh_pipe pipes[FH_PIPES_MAX];
};

void fh_pipes_init(struct fh_pipes *pipes, unsigned limit, unsigned per_group_limit);
void fh_pipes_fini(struct fh_pipes *pipes);
/* The number of the new pipe; 0 when a cap refuses it. */
uint32_t fh_pipes_add(struct fh_pipes *pipes, const struct sockaddr *remote, int64_t now_ms);
void fh_pipes_remove(struct fh_pipes *pipes, uint32_t id);
/* A whole message came: notes the time and copies the address. */
void fh_pipes_touch(struct fh_pipes *pipes,
                    uint32_t id,
                    int64_t now_ms,
                    char out_address[FH_PIPE_ADDRESS_BYTES]);
int fh_pipes_trust(struct fh_pipes *pipes,
                   uint32_t id,
                   const uint8_t key[FH_LINK_KEY_BYTES],
                   struct fh_err *err);
/* Whether it is there, and not about to be closed. */
bool fh_pipes_stand(struct fh_pipes *pipes, uint32_t id);
/* Marks it to be closed; false when it is gone. */
bool fh_pipes_unwant(struct fh_pipes *pipes, uint32_t id);
/* Unwanted, past the handshake deadline, or idle. */
bool fh_pipes_ended(
    struct fh_pipes *pipes, uint32_t id, int64_t now_ms, int64_t handshake_ms, int64_t idle_ms);
unsigned fh_pipes_count(struct fh_pipes *pipes);

/* ---- connection: framing on one socket; I/O loop ---- */

enum { FH_SP_REQ = 0x30, FH_SP_REP = 0x31, FH_SP_GREETING_BYTES = 8, FH_SP_HEAD_BYTES_MAX = 13 };

struct fh_conn;

struct fh_conn_events {
    /* The greetings went well; messages may be sent. */
    void (*opened)(struct fh_conn *conn);
    /* A whole message (given). False: keep it with the connection and read no more until
     * fh_conn_resume. */
    bool (*received)(struct fh_conn *conn, uint32_t number, struct fh_message *message);
    /* The connection ended (a UV_ code); the owner forgets it. */
    void (*ended)(struct fh_conn *conn, int status);
};

struct fh_conn {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    struct fh_link *link;
    const struct fh_conn_events *events;
    void *owner;
    unsigned protocol; /* this end's */
    size_t body_max;
    bool local;
    bool greeted;
    bool closing;
    bool waiting; /* holds a whole message that nobody could take yet */
    uint8_t head[FH_SP_HEAD_BYTES_MAX];
    size_t head_filled;
    uint32_t number; /* of the request that the message is or answers */
    struct fh_message *message;
    size_t filled;
    unsigned writes;            /* under way */
    int64_t progress_ms;        /* when the oldest of them, or the last that ended, began */
    uint32_t pipe;              /* of a serving connection, */
    unsigned calls;             /* and its calls in service */
    uv_connect_t connect;       /* of a calling one */
    struct fh_list link_list;   /* all connections of the link */
    struct fh_list wait_list;   /* those waiting for a free call */
    struct outgoing *unwritten; /* messages that are written together, the last one first */
    unsigned unwritten_count;
    size_t unwritten_bytes;
    struct fh_list unwritten_list; /* of the link, while there are any */
};

typedef void fh_written_fn(void *user, int status);

/* A connection whose uv handle the caller opens (uv_accept, uv_tcp_connect); NULL without memory.
 */
struct fh_conn *fh_conn_new(struct fh_link *link,
                            bool local,
                            unsigned protocol,
                            size_t body_max,
                            const struct fh_conn_events *events,
                            void *owner);
/* The socket is connected: greets and begins to read. */
void fh_conn_start(struct fh_conn *conn);
/* Sends `message` (taken) under `number`; `fn` (may be NULL) is told later, or not at all when
 * false is returned (no memory). */
bool fh_conn_send(struct fh_conn *conn,
                  uint32_t number,
                  struct fh_message *message,
                  fh_written_fn *fn,
                  void *user);
/* The same, but with other messages of this turn of the loop in one piece: fh_conn_write_all. */
bool fh_conn_send_soon(struct fh_conn *conn,
                       uint32_t number,
                       struct fh_message *message,
                       fh_written_fn *fn,
                       void *user);
/* Writes all that was sent so on connections of the link. */
void fh_conn_write_all(struct fh_link *link);
/* Takes the waiting message. */
struct fh_message *fh_conn_take(struct fh_conn *conn);
/* Reads on after a message had to wait. */
void fh_conn_resume(struct fh_conn *conn);
/* Ends it and tells `ended`. Nothing when it is ending already. */
void fh_conn_end(struct fh_conn *conn, int status);

/* ---- calls ---- */

struct fh_call {
    struct fh_link *link;
    struct fh_inbox_event event;  /* to the owner */
    struct fh_inbox_event answer; /* back to the I/O loop */
    struct fh_message *request;
    struct fh_message *reply; /* NULL: dropped */
    uint32_t pipe;
    uint32_t number;
    char address[FH_PIPE_ADDRESS_BYTES];
    struct fh_list free_list; /* I/O loop */
};

/* ---- dialers and requests ---- */

enum fh_request_state { FH_REQUEST_NONE, FH_REQUEST_QUEUED, FH_REQUEST_SENT };

struct fh_request {
    struct fh_dialer *dialer;
    struct fh_inbox_event event;  /* ended; to the owner */
    struct fh_inbox_event begin;  /* to the I/O loop */
    struct fh_inbox_event cancel; /* to the I/O loop */
    _Atomic uint64_t cancelled;   /* the number that `cancel` means */
    /* owner */
    bool busy;
    uint64_t number;
    fh_reply_fn *fn;
    void *user;
    /* handed over with the events */
    int64_t timeout_ms;
    struct fh_message *message; /* the request, then the reply */
    struct fh_err err;          /* how it ended */
    /* I/O loop */
    enum fh_request_state state;
    uint64_t running; /* `number` of the one that runs */
    uint32_t wire;    /* its number on the wire */
    int64_t deadline_ms;
    struct fh_list run_list; /* all that run on the dialer */
};

struct fh_dialer {
    struct fh_link *link;
    char address[FH_ADDRESS_BYTES_MAX + 1];
    /* owner */
    bool in_use;
    bool closing;
    unsigned in_flight;
    uint64_t next_number;
    struct fh_inbox_event event;                         /* the I/O loop has closed it */
    struct fh_inbox_event close;                         /* to the I/O loop */
    struct fh_request *requests[FH_DIALER_REQUESTS_MAX]; /* filled in order, kept to the end */
    /* I/O loop */
    struct fh_list dial_list; /* dialers that have run something */
    struct fh_list running;   /* requests */
    struct fh_conn *conn;
    bool connected; /* and greeted */
    bool resolving;
    bool close_wanted; /* when the look-up has ended */
    int64_t used_ms;
    uint32_t next_wire;
    uv_getaddrinfo_t lookup;
    struct addrinfo *found; /* all addresses of the name, */
    struct addrinfo *next;  /* and the one to try next */
};

/* ---- link ---- */

struct fh_listener {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    struct fh_link *link;
    int fd; /* until the I/O loop has taken it, then -1 */
    bool local;
    char path[FH_ADDRESS_BYTES_MAX + 1]; /* of a local socket: removed at the end */
};

struct fh_link {
    /* constant */
    struct fh_inbox *inbox; /* the owner's */
    struct fh_link_options options;
    fh_call_fn *fn;
    void *user;
    struct fh_loop *io;
    struct fh_inbox *io_inbox;
    /* shared */
    struct fh_pipes pipes;
    atomic_bool quiesced;
    atomic_uint held;    /* calls with the owner */
    atomic_uint sending; /* replies on their way */
    atomic_uint listener_count;
    struct fh_inbox_event listen; /* to the I/O loop, as those below */
    struct fh_inbox_event sweep;  /* a pipe is unwanted */
    struct fh_inbox_event quiesce;
    struct fh_inbox_event stop;
    _Atomic uint64_t calls_count;
    _Atomic uint64_t replies_count;
    _Atomic uint64_t replies_lost;
    _Atomic uint64_t pipes_refused;
    _Atomic uint64_t pipes_expired;
    /* owner */
    uint16_t port;
    unsigned in_flight;
    uint64_t requests_count;
    uint64_t requests_failed;
    struct fh_dialer *dialers[FH_DIALERS_MAX]; /* filled in order, kept until the end */
    /* I/O loop */
    struct fh_listener listeners[FH_LISTENERS_MAX];
    struct fh_timer *sweep_timer;
    struct fh_timer *deadline_timer;
    int64_t next_deadline_ms;
    struct fh_list conns;
    struct fh_list unwritten;             /* connections with replies of this turn */
    struct fh_list dialing;               /* dialers */
    struct fh_conn *served[FH_PIPES_MAX]; /* by the place of their pipe */
    struct fh_list waiting;               /* connections with a message that found no free call */
    struct fh_call *calls;                /* options.contexts of them */
    struct fh_list free_calls;
};

/* Whether the address is "ipc:///path" (then the path), else checks that it is "HOST:PORT". */
struct fh_address;
int fh_link_address(const char *address,
                    struct fh_address *out_tcp,
                    const char **out_path,
                    struct fh_err *err);

/* Serving half: link_serve.c. Owner's thread: */
int fh_link_calls_new(struct fh_link *link, struct fh_err *err);
void fh_link_calls_free(struct fh_link *link);
int fh_link_bind(struct fh_link *link, const char *address, struct fh_err *err);
/* I/O loop: */
void fh_link_accept_begin(struct fh_link *link);
void fh_link_accept_end(struct fh_link *link);
void fh_link_pipes_sweep(struct fh_link *link, int64_t now_ms);

/* Calling half: link_dial.c. Owner's thread: */
void fh_link_dialers_free(struct fh_link *link);
/* I/O loop: */
void fh_link_dialers_sweep(struct fh_link *link, int64_t now_ms);
void fh_link_deadlines(struct fh_link *link, int64_t now_ms);
void fh_link_requests_end(struct fh_link *link);

#endif
