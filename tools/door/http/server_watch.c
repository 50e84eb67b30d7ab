/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections as a whole. libmicrohttpd ends one that is silent; a byte now and then keeps it for
 * ever (slow loris). And while an answer is being made it does not look at the connection at all,
 * so that a client that hung up would keep its query running. Both are looked for here, by one
 * thread, every FH_HTTP_WATCH_MS.
 */
#include "tools/door/http/server.h"

#include "common/mem.h"
#include "common/time.h"

#include <poll.h>
#include <sys/socket.h>
#include <time.h>

/* ---- lines ---- */

void fh_http_line_notify(void *user,
                         struct MHD_Connection *connection,
                         void **holder,
                         enum MHD_ConnectionNotificationCode what)
{
    struct fh_http *http = user;
    struct fh_http_metrics *metrics = &http->state->metrics;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        struct fh_http_line *line = fh_calloc(1, sizeof *line);
        if (line == NULL || info == NULL) {
            fh_free(line);
            return; /* it is not watched, and may be slow */
        }
        line->fd = info->connect_fd;
        line->since_ms = fh_clock_mono_ms();
        pthread_mutex_lock(&http->lock);
        fh_list_push_back(&http->lines, &line->link);
        pthread_mutex_unlock(&http->lock);
        *holder = line;
        atomic_fetch_add(&metrics->connections_open, 1);
        atomic_fetch_add(&metrics->connections_all, 1);
    } else if (*holder != NULL) { /* its descriptor is closed after this */
        struct fh_http_line *line = *holder;
        pthread_mutex_lock(&http->lock);
        fh_list_remove(&line->link);
        pthread_mutex_unlock(&http->lock);
        fh_free(line);
        *holder = NULL;
        atomic_fetch_sub(&metrics->connections_open, 1);
    }
}

void fh_http_line_serves(struct fh_http_line *line,
                         struct fh_http *http,
                         struct fh_http_exchange *exchange)
{
    if (line == NULL) {
        return;
    }
    pthread_mutex_lock(&http->lock);
    line->exchange = exchange;
    line->since_ms = fh_clock_mono_ms();
    pthread_mutex_unlock(&http->lock);
}

/* ---- the watch ---- */

static bool has_hung_up(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLRDHUP};
    return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

/* Under the lock. */
static void look_at(struct fh_http *http, struct fh_http_line *line, int64_t now_ms)
{
    struct fh_http_exchange *exchange = line->exchange;
    int64_t most = exchange == NULL ? FH_HTTP_REQUEST_MS : FH_HTTP_ANSWER_MS;
    if (!line->cut && now_ms - line->since_ms > most) {
        line->cut = true;
        (void)shutdown(line->fd, SHUT_RDWR); /* libmicrohttpd sees the end, and closes */
        atomic_fetch_add(&http->state->metrics.connections_cut, 1);
    }
    if (exchange == NULL || exchange->call.flow == NULL || exchange->told) {
        return;
    }
    if (atomic_load(&http->stopping) || has_hung_up(line->fd)) {
        exchange->told = true;
        atomic_fetch_add(&http->state->metrics.queries_hung_up, 1);
        fh_http_flow_hang_up(exchange->call.flow);
    }
}

static void *watch(void *user)
{
    struct fh_http *http = user;
    pthread_mutex_lock(&http->lock);
    while (http->watching) {
        int64_t now_ms = fh_clock_mono_ms();
        FH_LIST_FOREACH (link, &http->lines) {
            look_at(http, FH_LIST_ENTRY(link, struct fh_http_line, link), now_ms);
        }
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += (long)FH_HTTP_WATCH_MS * 1000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        (void)pthread_cond_timedwait(&http->watch_stop, &http->lock, &until);
    }
    pthread_mutex_unlock(&http->lock);
    return NULL;
}

int fh_http_watch_start(struct fh_http *http, struct fh_err *err)
{
    http->watching = true;
    if (pthread_create(&http->watch, NULL, watch, http) != 0) {
        http->watching = false;
        return fh_err_set(err, FH_EIO, "no thread for the HTTP door");
    }
    return FH_OK;
}

void fh_http_watch_stop(struct fh_http *http)
{
    pthread_mutex_lock(&http->lock);
    bool watching = http->watching;
    http->watching = false;
    pthread_cond_signal(&http->watch_stop);
    pthread_mutex_unlock(&http->lock);
    if (watching) {
        pthread_join(http->watch, NULL);
    }
}
