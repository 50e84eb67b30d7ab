/* SPDX-License-Identifier: Apache-2.0 */
#include "common/address.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/time.h"
#include "tools/door/pg/server_private.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

/* ---- from other threads ---- */

static struct fh_pg_connection *take_finished(struct fh_pg *server, bool *out_stop)
{
    pthread_mutex_lock(&server->lock);
    struct fh_pg_connection *first = FH_TAKE(server->finished);
    *out_stop = server->stop;
    pthread_mutex_unlock(&server->lock);
    return first;
}

/* Ends what can be ended; what runs has until the drain's end. */
static void begin_stop(struct fh_pg *server)
{
    struct fh_pg_connection *next = NULL;
    server->stopping_ms = fh_clock_mono_ms();
    for (size_t i = 0; i < server->listener_count; i++) {
        uv_close((uv_handle_t *)&server->listeners[i], NULL);
    }
    for (struct fh_pg_connection *at = server->connections; at != NULL; at = next) {
        next = at->next;
        fh_pg_connection_stop(at, false);
    }
}

static void end_loop(struct fh_pg *server)
{
    if (server->stopping_ms != 0 && server->count == 0 &&
        !uv_is_closing((uv_handle_t *)&server->wake)) {
        uv_close((uv_handle_t *)&server->wake, NULL);
        uv_close((uv_handle_t *)&server->tick, NULL);
    }
}

static void on_wake(uv_async_t *wake)
{
    struct fh_pg *server = wake->data;
    bool stop = false;
    struct fh_pg_connection *next = NULL;
    for (struct fh_pg_connection *at = take_finished(server, &stop); at != NULL; at = next) {
        next = FH_TAKE(at->finished);
        fh_pg_connection_worked(at);
    }
    if (stop && server->stopping_ms == 0) {
        begin_stop(server);
    }
    end_loop(server);
}

static void on_tick(uv_timer_t *tick)
{
    struct fh_pg *server = tick->data;
    int64_t now_ms = fh_clock_mono_ms();
    bool hard = server->stopping_ms != 0 && now_ms - server->stopping_ms > FH_DRAIN_MS;
    struct fh_pg_connection *next = NULL;
    for (struct fh_pg_connection *at = server->connections; at != NULL; at = next) {
        next = at->next;
        if (hard) {
            fh_pg_connection_stop(at, true);
        } else {
            fh_pg_connection_tick(at, now_ms);
        }
    }
    fh_pg_turn_tick(server, now_ms);
    end_loop(server);
}

static void on_connection(uv_stream_t *listener, int status)
{
    if (status == 0) {
        fh_pg_connection_accept(listener->data, listener);
    }
}

/* ---- listening ---- */

static int
listen_at(struct fh_pg *server, const struct addrinfo *info, const char *text, struct fh_err *err)
{
    uv_tcp_t *tcp = &server->listeners[server->listener_count];
    int result = uv_tcp_init(&server->loop, tcp);
    if (result != 0) {
        return fh_err_set(err, FH_EIO, "%s: %s", text, uv_strerror(result));
    }
    tcp->data = server;
    server->listener_count++;
    result = uv_tcp_bind(tcp, info->ai_addr, 0);
    if (result == 0) {
        result = uv_listen((uv_stream_t *)tcp, FH_LISTEN_BACKLOG, on_connection);
    }
    return result == 0 ? FH_OK
                       : fh_err_rule(err,
                                     FH_EIO,
                                     "door.listen",
                                     "postgres_listen %s: %s",
                                     text,
                                     uv_strerror(result));
}

/* At every address of the name. */
static int listen_all(struct fh_pg *server, struct fh_err *err)
{
    const char *text = server->services->settings->postgres_listen;
    struct fh_address address;
    struct addrinfo *list = NULL;
    char port[8];
    int code = fh_address_parse(&address, text, err);
    if (code != FH_OK) {
        return code;
    }
    snprintf(port, sizeof port, "%u", address.port);
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    int failed = getaddrinfo(address.host, port, &wanted, &list);
    if (failed != 0) {
        return fh_err_rule(
            err, FH_EINVAL, "door.listen", "postgres_listen %s: %s", text, gai_strerror(failed));
    }
    for (const struct addrinfo *info = list;
         info != NULL && code == FH_OK && server->listener_count < FH_PG_LISTENERS_MAX;
         info = info->ai_next) {
        code = listen_at(server, info, text, err);
    }
    freeaddrinfo(list);
    return code;
}

/* ---- lifecycle ---- */

static void *run(void *arg)
{
    struct fh_pg *server = arg;
    (void)uv_run(&server->loop, UV_RUN_DEFAULT);
    return NULL;
}

static void close_handle(uv_handle_t *handle, void *user)
{
    (void)user;
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

/* Of a server whose thread does not run. */
static void free_server(struct fh_pg *server)
{
    uv_walk(&server->loop, close_handle, NULL);
    (void)uv_run(&server->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&server->loop);
    fh_pgcat_shelf_free(server->shelf);
    fh_pg_tls_context_free(server->tls);
    pthread_mutex_destroy(&server->lock);
    fh_free(server);
}

static int prepare(struct fh_pg *server, struct fh_err *err)
{
    const struct fh_door_settings *settings = server->services->settings;
    int code = fh_pgcat_shelf_new(&server->shelf, err);
    if (code == FH_OK && settings->postgres_tls != FH_DOOR_TLS_OFF) {
        code = fh_pg_tls_context_new(
            &server->tls, settings->certificate, settings->certificate_key, err);
    }
    if (code == FH_OK &&
        (uv_async_init(&server->loop, &server->wake, on_wake) != 0 ||
         uv_timer_init(&server->loop, &server->tick) != 0 ||
         uv_timer_start(&server->tick, on_tick, FH_PG_TICK_MS, FH_PG_TICK_MS) != 0)) {
        code = fh_err_set(err, FH_EIO, "the loop of the PostgreSQL door cannot be set up");
    }
    server->wake.data = server;
    server->tick.data = server;
    return code == FH_OK ? listen_all(server, err) : code;
}

int fh_pg_start(struct fh_pg **out, const struct fh_door_services *services, struct fh_err *err)
{
    struct fh_pg *server = fh_calloc(1, sizeof *server);
    if (server == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the PostgreSQL door");
    }
    server->services = services;
    pthread_mutex_init(&server->lock, NULL);
    if (uv_loop_init(&server->loop) != 0) {
        pthread_mutex_destroy(&server->lock);
        fh_free(server);
        return fh_err_set(err, FH_EIO, "the loop of the PostgreSQL door cannot be set up");
    }
    int code = prepare(server, err);
    if (code == FH_OK && pthread_create(&server->thread, NULL, run, server) != 0) {
        code = fh_err_set(err, FH_EIO, "no thread for the PostgreSQL door");
    }
    if (code != FH_OK) {
        free_server(server);
        return code;
    }
    *out = server;
    return FH_OK;
}

void fh_pg_stop(struct fh_pg *pg)
{
    if (pg == NULL) {
        return;
    }
    pthread_mutex_lock(&pg->lock);
    pg->stop = true;
    pthread_mutex_unlock(&pg->lock);
    (void)uv_async_send(&pg->wake);
    pthread_join(pg->thread, NULL);
    free_server(pg);
}
