/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A question needs a client of its identity, of which a few are lent at once. Who comes when none
 * is left waits here in the order of coming, instead of asking again and again. The node runs a few
 * questions of a token at once: while they are over in a moment, one more than those go to it, so
 * that a pool of connections does not spread them over as many workers. The pool and the node have
 * limits of their own besides, which others share: who finds them reached comes again later, for
 * FH_PG_BUSY_MS.
 */
#include "common/assert.h"
#include "common/time.h"
#include "tools/door/pg/server_private.h"

enum {
    AGAIN_MS = 100,  /* when nobody says how long */
    MOMENT_MS = 500, /* a question that takes longer holds up no other */
};

/* ---- jobs ---- */

/* On a job's thread. */
static void finish(struct fh_pg_connection *connection)
{
    struct fh_pg *server = connection->server;
    pthread_mutex_lock(&server->lock);
    connection->finished = server->finished;
    server->finished = connection;
    /* Under the lock: who takes the last one out of the list may end the server. */
    (void)uv_async_send(&server->wake);
    pthread_mutex_unlock(&server->lock);
}

static void run_work(void *arg)
{
    struct fh_pg_connection *connection = arg;
    fh_pg_worker_do(connection->worker, connection->session);
    finish(connection);
}

static void run_end(void *arg)
{
    struct fh_pg_connection *connection = arg;
    fh_pg_worker_end(connection->worker, connection->session);
    finish(connection);
}

static void wait_until(struct fh_pg_connection *connection, int64_t due_ms)
{
    connection->turn = FH_PG_TURN_WAITING;
    connection->due_ms = due_ms;
}

static void submit(struct fh_pg_connection *connection)
{
    struct fh_err err;
    fh_job_fn *run = connection->closing ? run_end : run_work;
    fh_pg_worker_begin(connection->worker);
    connection->turn = FH_PG_TURN_RUNNING;
    connection->ended = connection->closing;
    connection->submitted_ms = fh_clock_mono_ms();
    if (fh_jobs_submit(connection->server->services->jobs, run, connection, &err) != FH_OK) {
        connection->ended = false;
        connection->asking = false;
        wait_until(connection, fh_clock_mono_ms() + AGAIN_MS);
    }
}

/* ---- turns ---- */

/* How many connections of this one's identity have a turn. */
static unsigned lent(const struct fh_pg_connection *connection)
{
    unsigned count = 0;
    const struct fh_identity *who = fh_pg_worker_identity(connection->worker);
    for (const struct fh_pg_connection *at = connection->server->connections; at != NULL;
         at = at->next) {
        count += at->has_turn && fh_pg_worker_identity(at->worker) == who;
    }
    return count;
}

static bool asks(const struct fh_pg_connection *connection)
{
    return !connection->closing && fh_pg_session_work(connection->session)->task == FH_PG_TASK_ASK;
}

/* Whether as much is asked for this one's identity as the node runs at once, and one more. */
static bool is_enough(const struct fh_pg_connection *connection)
{
    uint64_t count = 0;
    int64_t now_ms = fh_clock_mono_ms();
    const struct fh_identity *who = fh_pg_worker_identity(connection->worker);
    for (const struct fh_pg_connection *at = connection->server->connections; at != NULL;
         at = at->next) {
        count += at->asking && now_ms - at->submitted_ms < MOMENT_MS &&
                 fh_pg_worker_identity(at->worker) == who;
    }
    return count > connection->server->services->settings->node.queries_per_key_max;
}

/* Whether its work may need a client that it does not have. */
static bool needs_turn(const struct fh_pg_connection *connection)
{
    return asks(connection) && !connection->has_turn;
}

static void try_now(struct fh_pg_connection *connection)
{
    if (asks(connection) && is_enough(connection)) {
        wait_until(connection, 0); /* when another's is over, or takes longer */
        return;
    }
    if (needs_turn(connection)) {
        if (lent(connection) >= FH_DOOR_ASKERS_PER_TOKEN_MAX) {
            wait_until(connection, 0); /* when another's turn is over */
            return;
        }
        connection->has_turn = true;
    }
    connection->asking = asks(connection);
    submit(connection);
}

void fh_pg_turn_want(struct fh_pg_connection *connection)
{
    FH_ASSERT(connection->turn == FH_PG_TURN_NONE);
    connection->asked_ms = fh_clock_mono_ms();
    try_now(connection);
}

void fh_pg_turn_again(struct fh_pg_connection *connection, uint32_t ms)
{
    wait_until(connection, fh_clock_mono_ms() + (ms == 0 || ms > 1000 ? AGAIN_MS : ms));
}

/* The longest waiting of the same identity is next. */
static void give_on(struct fh_pg_connection *connection)
{
    struct fh_pg_connection *next = NULL;
    const struct fh_identity *who = fh_pg_worker_identity(connection->worker);
    for (struct fh_pg_connection *at = connection->server->connections; at != NULL; at = at->next) {
        if (at->turn == FH_PG_TURN_WAITING && at->due_ms == 0 &&
            fh_pg_worker_identity(at->worker) == who &&
            (next == NULL || at->asked_ms < next->asked_ms)) {
            next = at;
        }
    }
    if (next != NULL) {
        try_now(next);
    }
}

void fh_pg_turn_over(struct fh_pg_connection *connection)
{
    bool freed = connection->asking;
    connection->turn = FH_PG_TURN_NONE;
    connection->asking = false;
    if (connection->has_turn && !fh_pg_worker_holds(connection->worker)) {
        connection->has_turn = false;
        freed = true;
    }
    if (freed) {
        give_on(connection);
    }
}

void fh_pg_turn_end(struct fh_pg_connection *connection)
{
    FH_ASSERT(connection->turn != FH_PG_TURN_RUNNING && connection->closing);
    connection->asked_ms = fh_clock_mono_ms();
    submit(connection);
}

void fh_pg_turn_tick(struct fh_pg *server, int64_t now_ms)
{
    for (struct fh_pg_connection *at = server->connections; at != NULL; at = at->next) {
        int64_t due_ms = at->due_ms != 0 ? at->due_ms : at->asked_ms + MOMENT_MS;
        if (at->turn == FH_PG_TURN_WAITING && now_ms >= due_ms) {
            try_now(at);
        }
    }
}
