/* SPDX-License-Identifier: Apache-2.0 */
#include "common/entropy.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/time.h"
#include "proto/wire/crypto.h"
#include "tools/door/pg/server_private.h"

enum {
    WIRE_BYTES_MAX = 2 * (FH_PG_OUT_BYTES_MAX + 10 * FH_CELL_BYTES_MAX), /* one write */
    KEPT_BYTES = 16 * 1024, /* memory that a connection at rest keeps for writing */
    KEEPALIVE_S = 60,
    TLS_HANDSHAKE = 0x16, /* first byte of a client that speaks TLS at once */
};

/* ---- the end ---- */

/* Out of the list, and gone. */
static void forget(struct fh_pg_connection *connection)
{
    struct fh_pg *server = connection->server;
    struct fh_pg_connection **at = &server->connections;
    while (*at != connection) {
        at = &(*at)->next;
    }
    *at = connection->next;
    server->count--;
    fh_pg_worker_free(connection->worker);
    fh_pg_tls_free(connection->tls);
    fh_buf_fini(&connection->wire);
    fh_buf_fini(&connection->sending);
    fh_free(connection);
}

/* Both the handle and the session must be gone. */
static void end_if_done(struct fh_pg_connection *connection)
{
    if (!connection->closed || connection->turn == FH_PG_TURN_RUNNING) {
        return;
    }
    if (connection->session != NULL && fh_pg_worker_holds(connection->worker)) {
        fh_pg_turn_end(connection);
        return;
    }
    fh_pg_session_free(FH_TAKE(connection->session));
    fh_pg_turn_over(connection);
    forget(connection);
}

static void on_close(uv_handle_t *handle)
{
    struct fh_pg_connection *connection = handle->data;
    connection->closed = true;
    end_if_done(connection);
}

static void hang_up(struct fh_pg_connection *connection)
{
    if (connection->closing) {
        return;
    }
    connection->closing = true;
    if (connection->turn == FH_PG_TURN_RUNNING) {
        fh_pg_worker_interrupt(connection->worker);
    } else {
        connection->turn = FH_PG_TURN_NONE;
    }
    uv_close((uv_handle_t *)&connection->tcp, on_close);
}

/* ---- writing ---- */

static void on_write(uv_write_t *write, int status)
{
    struct fh_pg_connection *connection = write->data;
    connection->writing = false;
    fh_buf_reset(&connection->sending);
    if (connection->sending.capacity > KEPT_BYTES) {
        fh_buf_fini(&connection->sending);
        fh_buf_init(&connection->sending, WIRE_BYTES_MAX);
    }
    if (status != 0) {
        hang_up(connection);
        return;
    }
    fh_pg_connection_pump(connection);
}

/* Memory changes places, limits do not. */
static void swap(struct fh_buf *a, struct fh_buf *b)
{
    struct fh_buf was = *a;
    *a = *b;
    *b = was;
    b->limit = a->limit;
    a->limit = was.limit;
}

/* What the session has to say goes to `wire`, as records where TLS is spoken. */
static int take_out(struct fh_pg_connection *connection, struct fh_err *err)
{
    struct fh_buf *out = fh_pg_session_out(connection->session);
    int code = FH_OK;
    if (connection->tls != NULL) {
        code = fh_pg_tls_write(connection->tls, fh_buf_view(out), &connection->wire, err);
    } else if (connection->wire.size == 0) {
        swap(out, &connection->wire);
    } else {
        fh_buf_add_bytes(&connection->wire, fh_buf_view(out));
        code = fh_buf_ok(&connection->wire);
    }
    fh_buf_reset(out);
    return code;
}

static void flush(struct fh_pg_connection *connection)
{
    struct fh_err err;
    if (connection->writing || connection->closing) {
        return;
    }
    /* While a job runs, the session's buffer is not ours. */
    bool ours = connection->session != NULL && connection->turn != FH_PG_TURN_RUNNING;
    if (ours && fh_pg_session_out(connection->session)->size > 0 &&
        take_out(connection, &err) != FH_OK) {
        hang_up(connection);
        return;
    }
    swap(&connection->wire, &connection->sending);
    if (connection->sending.size > 0) {
        uv_buf_t piece =
            uv_buf_init((char *)connection->sending.data, (unsigned)connection->sending.size);
        connection->write.data = connection;
        connection->writing = true;
        if (uv_write(&connection->write, (uv_stream_t *)&connection->tcp, &piece, 1, on_write) !=
            0) {
            connection->writing = false;
            hang_up(connection);
        }
    } else if (connection->ending) {
        hang_up(connection);
    }
}

/* ---- reading ---- */

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *out)
{
    struct fh_pg_connection *connection = handle->data;
    (void)wanted;
    *out = uv_buf_init(connection->server->scratch, sizeof connection->server->scratch);
}

static int take_in(struct fh_pg_connection *connection, struct fh_bytes bytes, struct fh_err *err)
{
    if (connection->tls == NULL) {
        return fh_pg_session_input(connection->session, bytes, err);
    }
    struct fh_buf plain FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&plain, 4 * sizeof connection->server->scratch);
    int code = fh_pg_tls_read(connection->tls, bytes, &plain, &connection->wire, err);
    return code == FH_OK && plain.size > 0
               ? fh_pg_session_input(connection->session, fh_buf_view(&plain), err)
               : code;
}

static void begin_tls(struct fh_pg_connection *connection)
{
    if (connection->closing) {
        return;
    }
    connection->tls = fh_pg_tls_new(connection->server->tls, connection->first);
    if (connection->tls == NULL) {
        hang_up(connection);
        return;
    }
    fh_pg_session_tls(connection->session, fh_pg_tls_binding(connection->server->tls));
}

static void stop_reading(struct fh_pg_connection *connection)
{
    if (connection->reading) {
        (void)uv_read_stop((uv_stream_t *)&connection->tcp);
        connection->reading = false;
    }
}

/* How much may wait of a client: of one that has not signed in, no more than that takes. */
static size_t ahead(const struct fh_pg_connection *connection)
{
    return fh_pg_session_is_ready(connection->session) ? FH_PG_MESSAGE_BYTES_MAX
                                                       : FH_PG_STARTUP_BYTES_MAX;
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf)
{
    struct fh_pg_connection *connection = stream->data;
    struct fh_err err;
    if (size == 0 || connection->closing) {
        return;
    }
    if (size < 0) {
        hang_up(connection);
        return;
    }
    if (connection->first && (uint8_t)buf->base[0] == TLS_HANDSHAKE &&
        connection->server->tls != NULL) {
        begin_tls(connection);
    }
    connection->first = false;
    if (connection->closing || connection->ending) {
        return;
    }
    if (take_in(connection, fh_bytes(buf->base, (size_t)size), &err) != FH_OK) {
        connection->ending = true; /* an alert may be on its way */
        stop_reading(connection);
        flush(connection);
        return;
    }
    if (fh_pg_session_waiting(connection->session) > ahead(connection)) {
        stop_reading(connection);
    }
    fh_pg_connection_pump(connection);
}

/* Reads while there is room: a client that sends without waiting for answers waits itself. */
static void go_on_reading(struct fh_pg_connection *connection)
{
    if (connection->reading || connection->ending || connection->closing ||
        fh_pg_session_waiting(connection->session) > ahead(connection)) {
        return;
    }
    connection->reading = true;
    if (uv_read_start((uv_stream_t *)&connection->tcp, on_alloc, on_read) != 0) {
        hang_up(connection);
    }
}

/* ---- going on ---- */

static struct fh_pg_connection *find(struct fh_pg *server, uint32_t process)
{
    struct fh_pg_connection *at = server->connections;
    while (at != NULL && (at->closing || at->turn == FH_PG_TURN_NONE ||
                          fh_pg_session_process(at->session) != process)) {
        at = at->next;
    }
    return at;
}

/* Whoever has the key may cancel; nobody hears whether it fitted. */
static void pass_cancel(struct fh_pg_connection *connection)
{
    uint32_t process = 0;
    struct fh_bytes secret;
    fh_pg_session_cancel(connection->session, &process, &secret);
    struct fh_pg_connection *other = find(connection->server, process);
    if (other != NULL && fh_pg_session_key_is(other->session, secret)) {
        fh_pg_connection_cancel(other);
    }
    connection->ending = true;
}

static void cancelled(struct fh_pg_answer *answer)
{
    struct fh_err err;
    fh_err_rule(&err, FH_ECANCELLED, "query.cancelled", "canceling statement due to user request");
    fh_pg_answer_fail(answer, &err);
}

void fh_pg_connection_cancel(struct fh_pg_connection *connection)
{
    connection->cancelled = true;
    if (connection->turn == FH_PG_TURN_RUNNING) {
        fh_pg_worker_interrupt(connection->worker);
    } else if (connection->turn == FH_PG_TURN_WAITING && !connection->closing &&
               fh_pg_session_work(connection->session)->task == FH_PG_TASK_ASK) {
        fh_pg_connection_worked(connection);
    }
}

/* Whether the work is to be done again later: the node, or the pool, was busy. */
static bool again(struct fh_pg_connection *connection, const struct fh_pg_work *work)
{
    struct fh_pg_answer *answer = work->answer;
    if (answer == NULL || !answer->failed || connection->cancelled || !answer->busy ||
        work->task != FH_PG_TASK_ASK || fh_clock_mono_ms() - connection->asked_ms > FH_PG_BUSY_MS) {
        return false;
    }
    fh_pg_answer_again(answer);
    fh_pg_turn_over(connection);
    fh_pg_turn_again(connection, answer->retry_ms);
    return true;
}

/* How many connections one identity has. */
static size_t connections_of(const struct fh_pg *server, const struct fh_identity *who)
{
    size_t count = 0;
    for (const struct fh_pg_connection *at = server->connections; at != NULL; at = at->next) {
        count += fh_pg_worker_identity(at->worker) == who;
    }
    return count;
}

static void look_at_sign_in(struct fh_pg_connection *connection, struct fh_pg_work *work)
{
    if (work->task != FH_PG_TASK_SIGN_IN) {
        return;
    }
    fh_pg_worker_adopt(connection->worker);
    if (work->err.code == FH_OK &&
        connections_of(connection->server, fh_pg_worker_identity(connection->worker)) >
            FH_PG_PER_IDENTITY_MAX) {
        work->err.code = fh_err_rule(&work->err,
                                     FH_EBUSY,
                                     "door.connections",
                                     "too many connections of this token (at most %d)",
                                     FH_PG_PER_IDENTITY_MAX);
    }
    if (work->err.code == FH_OK) {
        struct fh_identity *who = fh_pg_worker_identity(connection->worker);
        fh_log(FH_LOG_INFO,
               "pg.signed_in",
               "token=%s member=%s domain=%s process=%u",
               fh_identity_token_id(who),
               fh_identity_member_label(who),
               fh_identity_domain(who),
               fh_pg_session_process(connection->session));
    } else {
        fh_log(FH_LOG_WARN, "pg.refused", "rule=%s", work->err.rule);
    }
}

void fh_pg_connection_worked(struct fh_pg_connection *connection)
{
    if (connection->closing) {
        connection->session = connection->ended ? NULL : connection->session;
        fh_pg_turn_over(connection);
        end_if_done(connection);
        return;
    }
    struct fh_pg_work *work = fh_pg_session_work(connection->session);
    if (again(connection, work)) {
        return;
    }
    if (connection->cancelled && work->answer != NULL && work->task != FH_PG_TASK_END &&
        (work->answer->failed || !work->answer->asked || fh_pg_answer_is_open(work->answer))) {
        cancelled(work->answer); /* and what is open is not read on */
    }
    connection->cancelled = false;
    look_at_sign_in(connection, work);
    fh_pg_turn_over(connection);
    fh_pg_session_worked(connection->session);
    fh_pg_connection_pump(connection);
}

void fh_pg_connection_pump(struct fh_pg_connection *connection)
{
    if (connection->closing) {
        return;
    }
    if (connection->turn != FH_PG_TURN_NONE || connection->ending) {
        flush(connection);
        go_on_reading(connection);
        return;
    }
    switch (fh_pg_session_step(connection->session)) {
    case FH_PG_WANT_INPUT:
        if (connection->server->stopping_ms != 0) {
            fh_pg_session_fatal(connection->session, "57P01", "the server is shutting down");
            connection->ending = true;
        }
        break;
    case FH_PG_WANT_WORK:
        flush(connection); /* before the job has the session */
        if (!connection->closing) {
            fh_pg_turn_want(connection);
        }
        break;
    case FH_PG_WANT_TLS:
        flush(connection); /* its answer goes as it is */
        begin_tls(connection);
        break;
    case FH_PG_WANT_CANCEL:
        pass_cancel(connection);
        break;
    case FH_PG_WANT_END:
        connection->ending = true;
        break;
    case FH_PG_WANT_DRAIN:
        break;
    }
    flush(connection);
    go_on_reading(connection);
}

/* ---- from outside ---- */

void fh_pg_connection_tick(struct fh_pg_connection *connection, int64_t now_ms)
{
    if (connection->closing || connection->ending || connection->turn == FH_PG_TURN_RUNNING ||
        fh_pg_session_is_ready(connection->session)) {
        return;
    }
    if (now_ms - connection->began_ms > FH_PG_START_MS) {
        fh_pg_session_fatal(
            connection->session, "57014", "canceling authentication due to timeout");
        connection->ending = true;
        flush(connection);
        if (connection->writing) {
            hang_up(connection); /* who sends nothing may not read either */
        }
    }
}

void fh_pg_connection_stop(struct fh_pg_connection *connection, bool hard)
{
    if (hard) {
        hang_up(connection);
    } else if (connection->turn == FH_PG_TURN_NONE) {
        fh_pg_connection_pump(connection);
    }
}

/* ---- beginning ---- */

/* Too many: said in the protocol's own words, and closed. */
static void refuse(struct fh_pg_connection *connection, const char *text)
{
    fh_pg_session_fatal(connection->session, "53300", text);
    connection->ending = true;
    flush(connection);
}

static struct fh_pg_session *make_session(struct fh_pg *server)
{
    const struct fh_door_settings *settings = server->services->settings;
    uint8_t nonce[FH_SCRAM_NONCE_BYTES];
    struct fh_pg_birth birth = {
        .database = settings->mesh_name,
        .process = ++server->last_process == 0 ? ++server->last_process : server->last_process,
        .tls_offered = server->tls != NULL,
        .tls_required = settings->postgres_tls == FH_DOOR_TLS_REQUIRE,
    };
    fh_entropy(birth.key, sizeof birth.key);
    fh_entropy(nonce, sizeof nonce);
    fh_hex(birth.nonce, nonce, sizeof nonce);
    struct fh_pg_session *session = fh_pg_session_new(&birth);
    fh_wipe(&birth, sizeof birth);
    return session;
}

void fh_pg_connection_accept(struct fh_pg *server, uv_stream_t *listener)
{
    struct fh_pg_connection *connection = fh_calloc(1, sizeof *connection);
    if (connection == NULL || uv_tcp_init(&server->loop, &connection->tcp) != 0) {
        fh_free(connection); /* it stays in the listener's queue until the next one comes */
        return;
    }
    connection->server = server;
    connection->tcp.data = connection;
    connection->first = true;
    connection->began_ms = fh_clock_mono_ms();
    fh_buf_init(&connection->wire, WIRE_BYTES_MAX);
    fh_buf_init(&connection->sending, WIRE_BYTES_MAX);
    connection->next = server->connections;
    server->connections = connection;
    server->count++;
    connection->session = make_session(server);
    connection->worker = fh_pg_worker_new(server->services, server->shelf);
    if (uv_accept(listener, (uv_stream_t *)&connection->tcp) != 0 || connection->session == NULL ||
        connection->worker == NULL) {
        hang_up(connection);
        return;
    }
    (void)uv_tcp_nodelay(&connection->tcp, 1); /* or only slower, as the next */
    (void)uv_tcp_keepalive(&connection->tcp, 1, KEEPALIVE_S);
    if (server->count > FH_PG_CONNECTIONS_MAX) {
        refuse(connection, "sorry, too many clients already");
        return;
    }
    fh_pg_connection_pump(connection);
}
