/* SPDX-License-Identifier: Apache-2.0 */
/* The serving half of a link: listeners, calls, replies. */
#include "common/address.h"
#include "common/assert.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/io/link_inside.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/*
 *   free -> message came -> inbox -> held by the owner -> reply -> written -> free
 *                                                      -> drop  -> free
 *
 * A message that finds no free call, or whose connection has its share of them, waits with the
 * connection, which is not read meanwhile.
 */

/* ---- calls: I/O loop ---- */

static struct fh_conn *conn_of(struct fh_link *link, uint32_t pipe)
{
    struct fh_conn *conn = link->served[pipe & ((1U << FH_PIPE_INDEX_BITS) - 1)];
    return conn != NULL && conn->pipe == pipe ? conn : NULL;
}

static void hand_over(struct fh_conn *conn, uint32_t number, struct fh_message *message)
{
    struct fh_link *link = conn->link;
    struct fh_call *call = FH_LIST_ENTRY(link->free_calls.next, struct fh_call, free_list);
    fh_list_remove(&call->free_list);
    conn->calls++;
    call->request = message;
    call->reply = NULL;
    call->pipe = conn->pipe;
    call->number = number;
    fh_pipes_touch(&link->pipes, conn->pipe, fh_clock_mono_ms(), call->address);
    atomic_fetch_add(&link->calls_count, 1);
    fh_inbox_post(link->inbox, &call->event);
}

/* Whether a further message of the connection may become a call now. */
static bool may_call(const struct fh_conn *conn)
{
    return conn->calls < FH_CALLS_PER_PIPE_MAX && !fh_list_empty(&conn->link->free_calls);
}

static void release(struct fh_call *call)
{
    struct fh_link *link = call->link;
    struct fh_conn *asker = conn_of(link, call->pipe);
    if (asker != NULL) {
        asker->calls--;
    }
    fh_list_push_back(&link->free_calls, &call->free_list);
    if (atomic_load(&link->quiesced)) {
        return;
    }
    FH_LIST_FOREACH (place, &link->waiting) {
        struct fh_conn *conn = FH_LIST_ENTRY(place, struct fh_conn, wait_list);
        if (may_call(conn)) {
            fh_list_remove(&conn->wait_list);
            hand_over(conn, conn->number, fh_conn_take(conn));
            fh_conn_resume(conn);
            return;
        }
    }
}

static void on_reply_written(void *user, int status)
{
    struct fh_call *call = user;
    struct fh_link *link = call->link;
    atomic_fetch_add(status == 0 ? &link->replies_count : &link->replies_lost, 1);
    atomic_fetch_sub(&link->sending, 1);
    release(call);
}

static void on_answer(struct fh_inbox_event *event)
{
    struct fh_call *call = FH_LIST_ENTRY(event, struct fh_call, answer);
    struct fh_message *reply = FH_TAKE(call->reply);
    if (reply == NULL) {
        release(call);
        return;
    }
    struct fh_conn *conn = conn_of(call->link, call->pipe);
    if (conn == NULL) {
        fh_message_free(reply);
        on_reply_written(call, UV_ENOTCONN);
    } else if (!fh_conn_send_soon(conn, call->number, reply, on_reply_written, call)) {
        on_reply_written(call, UV_ENOMEM);
    }
}

/* ---- connections: I/O loop ---- */

static void on_opened(struct fh_conn *conn)
{
    (void)conn;
}

static bool on_received(struct fh_conn *conn, uint32_t number, struct fh_message *message)
{
    struct fh_link *link = conn->link;
    if (atomic_load(&link->quiesced)) {
        fh_message_free(message);
        return true;
    }
    if (!may_call(conn)) {
        fh_list_push_back(&link->waiting, &conn->wait_list);
        return false;
    }
    hand_over(conn, number, message);
    return true;
}

static void on_ended(struct fh_conn *conn, int status)
{
    (void)status;
    if (conn->pipe != 0) {
        conn->link->served[conn->pipe & ((1U << FH_PIPE_INDEX_BITS) - 1)] = NULL;
        fh_pipes_remove(&conn->link->pipes, conn->pipe);
    }
}

static const struct fh_conn_events serve_events = {
    .opened = on_opened,
    .received = on_received,
    .ended = on_ended,
};

static void on_connection(uv_stream_t *stream, int status)
{
    struct fh_listener *listener = stream->data;
    struct fh_link *link = listener->link;
    fh_loop_note(link->io);
    if (status != 0) {
        return;
    }
    struct fh_conn *conn = fh_conn_new(
        link, listener->local, FH_SP_REP, FH_FRAME_REQUEST_BYTES_MAX, &serve_events, NULL);
    if (conn == NULL) {
        return;
    }
    struct sockaddr_storage remote;
    int size = sizeof remote;
    status = uv_accept(stream, &conn->uv.stream);
    if (status == 0 && !listener->local) {
        status = uv_tcp_getpeername(&conn->uv.tcp, (struct sockaddr *)&remote, &size);
    }
    if (status != 0) {
        fh_conn_end(conn, status);
        return;
    }
    conn->pipe = fh_pipes_add(
        &link->pipes, listener->local ? NULL : (struct sockaddr *)&remote, fh_clock_mono_ms());
    if (conn->pipe == 0) {
        atomic_fetch_add(&link->pipes_refused, 1);
        fh_conn_end(conn, UV_EBUSY);
        return;
    }
    link->served[conn->pipe & ((1U << FH_PIPE_INDEX_BITS) - 1)] = conn;
    fh_conn_start(conn);
}

void fh_link_accept_begin(struct fh_link *link)
{
    uv_loop_t *loop = fh_loop_uv(link->io);
    for (unsigned i = 0; i < atomic_load(&link->listener_count); i++) {
        struct fh_listener *l = &link->listeners[i];
        if (l->fd < 0) {
            continue;
        }
        int status = l->local ? uv_pipe_init(loop, &l->uv.pipe, 0) : uv_tcp_init(loop, &l->uv.tcp);
        FH_ASSERT(status == 0);
        l->uv.handle.data = l;
        status = l->local ? uv_pipe_open(&l->uv.pipe, l->fd) : uv_tcp_open(&l->uv.tcp, l->fd);
        FH_ASSERT(status == 0);
        FH_ASSERT(uv_listen(&l->uv.stream, FH_LISTEN_BACKLOG, on_connection) == 0);
        l->fd = -1;
    }
}

void fh_link_accept_end(struct fh_link *link)
{
    for (unsigned i = 0; i < atomic_load(&link->listener_count); i++) {
        struct fh_listener *l = &link->listeners[i];
        if (!uv_is_closing(&l->uv.handle)) {
            uv_close(&l->uv.handle, NULL);
            if (l->local) {
                unlink(l->path);
            }
        }
    }
}

void fh_link_pipes_sweep(struct fh_link *link, int64_t now_ms)
{
    for (unsigned i = 0; i < FH_PIPES_MAX; i++) {
        struct fh_conn *conn = link->served[i];
        if (conn == NULL) {
            continue;
        }
        if (fh_pipes_ended(&link->pipes,
                           conn->pipe,
                           now_ms,
                           link->options.handshake_ms,
                           link->options.idle_ms)) {
            atomic_fetch_add(&link->pipes_expired, 1);
            fh_conn_end(conn, UV_ETIMEDOUT);
        } else if (conn->writes > 0 && now_ms - conn->progress_ms > FH_STREAM_STALL_MS) {
            fh_conn_end(conn, UV_ETIMEDOUT); /* the asker does not read */
        }
    }
}

/* ---- listening: the owner's thread ---- */

static int bind_failed(struct fh_err *err, int error, const char *address)
{
    if (error == EADDRINUSE) {
        return fh_err_rule(err,
                           FH_EEXIST,
                           "listen.in_use",
                           "tcp %s is in use by another process; end it, or listen on another port",
                           address);
    }
    return fh_err_set(err,
                      error == ENOMEM ? FH_ENOMEM : FH_EIO,
                      "tcp %s: %s; listen on an address of this machine",
                      address,
                      strerror(error));
}

/* A bound and listening socket, or -1 with errno. */
static int listen_on(const struct sockaddr *address, socklen_t size)
{
    int yes = 1;
    int no = 0;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -1;
    }
    if (address->sa_family != AF_UNIX) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    }
    if (address->sa_family == AF_INET6) {
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    }
    if (bind(fd, address, size) != 0 || listen(fd, FH_LISTEN_BACKLOG) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static int listen_tcp(const struct fh_address *tcp, const char *address, struct fh_err *err)
{
    char port[6];
    struct addrinfo *found = NULL;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    snprintf(port, sizeof port, "%u", (unsigned)tcp->port);
    int status = getaddrinfo(tcp->host, port, &hints, &found);
    if (status != 0) {
        fh_err_set(err,
                   FH_EIO,
                   "tcp %s: %s; listen on an address of this machine",
                   address,
                   gai_strerror(status));
        return -1;
    }
    int fd = listen_on(found->ai_addr, found->ai_addrlen);
    int error = errno;
    freeaddrinfo(found);
    if (fd < 0) {
        bind_failed(err, error, address);
    }
    return fd;
}

static int listen_local(const char *path, struct fh_err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    mode_t mask = umask(0177);
    int fd = listen_on((struct sockaddr *)&address, sizeof address);
    if (fd < 0 && errno == EADDRINUSE) {
        /* One whose process has ended is in nobody's use. */
        int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool stale = connect(probe, (struct sockaddr *)&address, sizeof address) != 0 &&
                     errno == ECONNREFUSED;
        close(probe);
        errno = EADDRINUSE;
        if (stale && unlink(path) == 0) {
            fd = listen_on((struct sockaddr *)&address, sizeof address);
        }
    }
    int error = errno;
    umask(mask);
    if (fd < 0) {
        bind_failed(err, error, path);
    }
    return fd;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage bound;
    struct sockaddr_in v4;
    socklen_t size = sizeof bound;
    if (getsockname(fd, (struct sockaddr *)&bound, &size) != 0) {
        return 0;
    }
    memcpy(&v4, &bound, sizeof v4); /* the port stands at one place in both families */
    return ntohs(v4.sin_port);
}

int fh_link_bind(struct fh_link *link, const char *address, struct fh_err *err)
{
    struct fh_address tcp;
    struct fh_err why = {.code = FH_OK};
    const char *path = NULL;
    int code = fh_link_address(address, &tcp, &path, err);
    if (code != FH_OK) {
        return code;
    }
    unsigned count = atomic_load(&link->listener_count);
    if (count == FH_LISTENERS_MAX) {
        return fh_err_set(
            err, FH_EBUSY, "the node listens on %d addresses already", FH_LISTENERS_MAX);
    }
    int fd = path != NULL ? listen_local(path, &why) : listen_tcp(&tcp, address, &why);
    if (fd < 0) {
        if (err != NULL) {
            *err = why;
        }
        return why.code;
    }
    struct fh_listener *listener = &link->listeners[count];
    listener->link = link;
    listener->fd = fd;
    listener->local = path != NULL;
    if (path != NULL) {
        snprintf(listener->path, sizeof listener->path, "%s", path);
    } else if (link->port == 0) {
        link->port = port_of(fd);
    }
    atomic_store(&link->listener_count, count + 1);
    fh_inbox_post(link->io_inbox, &link->listen);
    return FH_OK;
}

/* ---- calls: their holder ---- */

static void give_back(struct fh_call *call, struct fh_message *reply)
{
    FH_ASSERT(call->request != NULL);
    fh_message_free(FH_TAKE(call->request));
    call->reply = reply;
    fh_inbox_post(call->link->io_inbox, &call->answer);
}

/* The owner's loop. */
static void on_call(struct fh_inbox_event *event)
{
    struct fh_call *call = FH_LIST_ENTRY(event, struct fh_call, event);
    struct fh_link *link = call->link;
    if (atomic_load(&link->quiesced)) {
        give_back(call, NULL);
        return;
    }
    atomic_fetch_add(&link->held, 1);
    link->fn(call, link->user);
}

struct fh_bytes fh_call_frame(const struct fh_call *call)
{
    return fh_bytes(call->request->data, call->request->size);
}

uint8_t *fh_call_data(struct fh_call *call)
{
    return call->request->data;
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
    FH_ASSERT(reply->size <= FH_FRAME_REPLY_BYTES_MAX);
    atomic_fetch_add(&link->sending, 1);
    give_back(call, reply);
    atomic_fetch_sub(&link->held, 1); /* last: fh_link_free may begin at zero */
}

void fh_call_drop(struct fh_call *call)
{
    struct fh_link *link = call->link;
    give_back(call, NULL);
    atomic_fetch_sub(&link->held, 1);
}

int fh_link_calls_new(struct fh_link *link, struct fh_err *err)
{
    fh_list_init(&link->free_calls);
    fh_list_init(&link->waiting);
    link->calls = fh_calloc(link->options.contexts, sizeof *link->calls);
    if (link->calls == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for %u calls", link->options.contexts);
    }
    for (unsigned i = 0; i < link->options.contexts; i++) {
        struct fh_call *call = &link->calls[i];
        call->link = link;
        fh_inbox_event_init(&call->event, on_call);
        fh_inbox_event_init(&call->answer, on_answer);
        fh_list_push_back(&link->free_calls, &call->free_list);
    }
    return FH_OK;
}

void fh_link_calls_free(struct fh_link *link)
{
    for (unsigned i = 0; link->calls != NULL && i < link->options.contexts; i++) {
        fh_inbox_remove(link->inbox, &link->calls[i].event);
        fh_message_free(link->calls[i].request);
    }
    fh_free(link->calls);
}
