/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of the PostgreSQL door's server: one thread with a libuv loop that does all reading
 * and writing, and jobs for what blocks.
 *
 *     server.c             listeners, start and end, what comes from other threads
 *     server_connection.c  one connection: bytes between socket, TLS and session
 *     server_turns.c       whose question is next: as many of one identity as have a client
 *
 *               read ─► session ─► work ─► job ──┐
 *     write ◄── out ◄──┘   ▲                      │ finished list, wake
 *                          └─────── worked ◄──────┘
 *
 * A connection that is being worked for (its turn is RUNNING) is touched by its job alone, but for
 * its socket: what comes in waits, what is out is written.
 *
 * Does not: belong to the interface (door.h has fh_pg_start and fh_pg_stop). Thread: the loop's,
 * except where a field says so. Ownership: the server owns its connections.
 */
#ifndef FH_TOOLS_DOOR_PG_SERVER_PRIVATE_H
#define FH_TOOLS_DOOR_PG_SERVER_PRIVATE_H

#include "tools/door/door.h"
#include "tools/door/pg/session.h"
#include "tools/door/pg/tls.h"
#include "tools/door/pg/work.h"

#include <uv.h>

#include <pthread.h>

enum {
    FH_PG_LISTENERS_MAX = 4, /* addresses of one name */
    FH_PG_TICK_MS = 50,      /* how exactly time-outs and repetitions are kept */
};

enum fh_pg_turn {
    FH_PG_TURN_NONE,    /* nothing to be done by a job */
    FH_PG_TURN_WAITING, /* for a client or a thread: not before `due_ms` */
    FH_PG_TURN_RUNNING, /* a job has its session */
};

struct fh_pg_connection {
    struct fh_pg *server;
    uv_tcp_t tcp;
    uv_write_t write;
    struct fh_pg_session *session; /* NULL once it has ended */
    struct fh_pg_worker *worker;
    struct fh_pg_tls *tls;
    struct fh_buf wire;    /* to be sent */
    struct fh_buf sending; /* is being sent */
    bool writing;
    bool reading;
    bool ending;    /* nothing more is read; closed when all is written */
    bool hung_up;   /* by the client: nothing more is written either */
    bool closing;   /* uv_close was called */
    bool closed;    /* and has come back */
    bool ended;     /* a job frees the session, or has */
    bool cancelled; /* the work at hand */
    bool first;     /* no byte has come yet */
    bool has_turn;  /* counts among those of its identity that have a client */
    bool asking;    /* its job asks for what may be over in a moment */
    enum fh_pg_turn turn;
    int64_t began_ms; /* connecting; the question that waits for the node */
    int64_t asked_ms;
    int64_t submitted_ms;
    int64_t due_ms;
    struct fh_pg_connection *next;     /* all */
    struct fh_pg_connection *finished; /* next in the list of finished jobs, under its lock */
};

struct fh_pg {
    const struct fh_door_services *services;
    struct fh_pgcat_shelf *shelf;
    struct fh_pg_tls_context *tls;
    uv_loop_t loop;
    uv_async_t wake;
    uv_timer_t tick;
    uv_tcp_t listeners[FH_PG_LISTENERS_MAX];
    size_t listener_count;
    pthread_t thread;
    struct fh_pg_connection *connections;
    size_t count;
    uint32_t last_process;
    int64_t stopping_ms;     /* since when; 0: not */
    char scratch[64 * 1024]; /* what one read brings */
    pthread_mutex_t lock;
    struct fh_pg_connection *finished; /* under the lock, as the next */
    bool stop;
};

/* ---- server_connection.c ---- */

/* Takes the next connection of a listener. */
void fh_pg_connection_accept(struct fh_pg *server, uv_stream_t *listener);
/* Goes on as far as it can. */
void fh_pg_connection_pump(struct fh_pg_connection *connection);
/* Its job has ended. */
void fh_pg_connection_worked(struct fh_pg_connection *connection);
/* Time has passed. */
void fh_pg_connection_tick(struct fh_pg_connection *connection, int64_t now_ms);
/* Says FATAL when it is at rest, and ends; `hard`: whatever it does. */
void fh_pg_connection_stop(struct fh_pg_connection *connection, bool hard);
/* Cancels what it does. */
void fh_pg_connection_cancel(struct fh_pg_connection *connection);

/* ---- server_turns.c ---- */

/* Wants its session's work done: at once, or when its turn comes. */
void fh_pg_turn_want(struct fh_pg_connection *connection);
/* The same, again, in `ms`. */
void fh_pg_turn_again(struct fh_pg_connection *connection, uint32_t ms);
/* Its job is over: gives the turn on when no client is held. */
void fh_pg_turn_over(struct fh_pg_connection *connection);
/* Wants its session ended: a job when something is open. */
void fh_pg_turn_end(struct fh_pg_connection *connection);
/* Those whose time has come. */
void fh_pg_turn_tick(struct fh_pg *server, int64_t now_ms);

#endif
