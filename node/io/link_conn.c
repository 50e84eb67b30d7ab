/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection: nanomsg's "SP over TCP" mapping, for the request/reply protocol only.
 *
 *   greeting   0 'S' 'P' 0, protocol (2, big-endian), 0 0            each way, once
 *   message    length (8, big-endian) of what follows | number (4) | body
 *
 * The number belongs to the request and comes back with its reply; its high bit is set, because no
 * device stands between. Over a local socket a byte 1 precedes each length (nanomsg's "SP over
 * IPC").
 *
 * Heads are read by their exact size and bodies straight into their message: nothing is copied, and
 * a length is checked before memory is taken for it.
 */
#include "common/assert.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/io/link_inside.h"

#include <string.h>

enum {
    WRITTEN_TOGETHER_MAX = 16,          /* messages of one write */
    WRITTEN_TOGETHER_BYTES = 64 * 1024, /* and no more of them behind so many bytes */
};

struct outgoing {
    uv_write_t write;
    struct fh_conn *conn;
    struct outgoing *before; /* written with it */
    uint8_t head[FH_SP_HEAD_BYTES_MAX];
    struct fh_message *message; /* NULL: a greeting */
    fh_written_fn *fn;
    void *user;
};

static const uint8_t number_request_bit = 0x80;

static size_t head_bytes(const struct fh_conn *conn)
{
    if (!conn->greeted) {
        return FH_SP_GREETING_BYTES;
    }
    return (conn->local ? 1 : 0) + 8 + 4;
}

struct fh_conn *fh_conn_new(struct fh_link *link,
                            bool local,
                            unsigned protocol,
                            size_t body_max,
                            const struct fh_conn_events *events,
                            void *owner)
{
    struct fh_conn *conn = fh_calloc(1, sizeof *conn);
    if (conn == NULL) {
        return NULL;
    }
    uv_loop_t *loop = fh_loop_uv(link->io);
    int status = local ? uv_pipe_init(loop, &conn->uv.pipe, 0) : uv_tcp_init(loop, &conn->uv.tcp);
    FH_ASSERT(status == 0);
    conn->uv.handle.data = conn;
    conn->link = link;
    conn->local = local;
    conn->protocol = protocol;
    conn->body_max = body_max;
    conn->events = events;
    conn->owner = owner;
    fh_list_push_back(&link->conns, &conn->link_list);
    fh_list_init(&conn->wait_list);
    fh_list_init(&conn->unwritten_list);
    return conn;
}

static void on_closed(uv_handle_t *handle)
{
    struct fh_conn *conn = handle->data;
    fh_message_free(conn->message);
    fh_free(conn);
}

/* Ends a message and those that were to be written before it. */
static void tell_written(struct outgoing *out, int status)
{
    struct outgoing *first = NULL;
    while (out != NULL) { /* in the order in which they were sent */
        struct outgoing *before = out->before;
        out->before = first;
        first = out;
        out = before;
    }
    while (first != NULL) {
        struct outgoing *next = first->before;
        fh_message_free(first->message);
        if (first->fn != NULL) {
            first->fn(first->user, status);
        }
        fh_free(first);
        first = next;
    }
}

/* What is to be written together, taken from the connection; NULL: nothing. */
static struct outgoing *take_unwritten(struct fh_conn *conn)
{
    fh_list_remove(&conn->unwritten_list);
    conn->unwritten_count = 0;
    conn->unwritten_bytes = 0;
    return FH_TAKE(conn->unwritten);
}

void fh_conn_end(struct fh_conn *conn, int status)
{
    if (conn->closing) {
        return;
    }
    conn->closing = true;
    fh_list_remove(&conn->link_list);
    fh_list_remove(&conn->wait_list);
    tell_written(take_unwritten(conn), UV_ECANCELED);
    conn->events->ended(conn, status);
    uv_close(&conn->uv.handle, on_closed);
}

/* ---- reading ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)suggested;
    struct fh_conn *conn = handle->data;
    if (conn->message == NULL) {
        *out = uv_buf_init((char *)conn->head + conn->head_filled,
                           (unsigned)(head_bytes(conn) - conn->head_filled));
    } else {
        *out = uv_buf_init((char *)conn->message->data + conn->filled,
                           (unsigned)(conn->message->size - conn->filled));
    }
}

static bool read_greeting(struct fh_conn *conn)
{
    uint8_t peer = conn->protocol == FH_SP_REQ ? FH_SP_REP : FH_SP_REQ;
    const uint8_t wanted[FH_SP_GREETING_BYTES] = {0, 'S', 'P', 0, 0, peer, 0, 0};
    return memcmp(conn->head, wanted, sizeof wanted) == 0;
}

/* What of a head is there is one that may be: a lie about the length ends the connection before the
 * rest comes. */
static int check_head(const struct fh_conn *conn)
{
    size_t before = conn->local ? 1 : 0;
    if (conn->local && conn->head[0] != 1) {
        return UV_EPROTO;
    }
    if (conn->head_filled < before + 8) {
        return 0;
    }
    uint64_t length = fh_get_u64be(conn->head + before);
    if (length < 4) {
        return UV_EPROTO;
    }
    if (length - 4 > conn->body_max) {
        return UV_EMSGSIZE;
    }
    bool whole = conn->head_filled == head_bytes(conn);
    return whole && (conn->head[before + 8] & number_request_bit) == 0 ? UV_EPROTO : 0;
}

/* A whole and checked head: takes memory for the rest. */
static int read_head(struct fh_conn *conn)
{
    const uint8_t *at = conn->head + (conn->local ? 1 : 0);
    conn->number = fh_get_u32be(at + 8);
    conn->message = fh_message_new((size_t)fh_get_u64be(at) - 4);
    conn->filled = 0;
    return conn->message != NULL ? 0 : UV_ENOMEM;
}

static void deliver(struct fh_conn *conn)
{
    struct fh_message *message = FH_TAKE(conn->message);
    if (!conn->events->received(conn, conn->number, message)) {
        conn->message = message;
        conn->waiting = true;
        uv_read_stop(&conn->uv.stream);
    }
}

/* Bytes of a greeting or of a head came; a UV_ code. */
static int on_head(struct fh_conn *conn)
{
    bool whole = conn->head_filled == head_bytes(conn);
    int status = conn->greeted ? check_head(conn) : 0;
    if (!whole || status != 0) {
        return status;
    }
    if (conn->greeted) {
        status = read_head(conn);
    } else if (read_greeting(conn)) {
        conn->greeted = true;
        conn->head_filled = 0;
        conn->events->opened(conn);
        return 0;
    } else {
        status = UV_EPROTO;
    }
    conn->head_filled = 0;
    return status;
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf)
{
    (void)buf;
    struct fh_conn *conn = stream->data;
    fh_loop_note(conn->link->io);
    if (size < 0) {
        fh_conn_end(conn, (int)size);
        return;
    }
    if (size == 0) {
        return; /* nothing there after all */
    }
    if (conn->message == NULL) {
        conn->head_filled += (size_t)size;
        int status = on_head(conn);
        if (status != 0) {
            fh_conn_end(conn, status);
            return;
        }
    } else {
        conn->filled += (size_t)size;
    }
    if (conn->message != NULL && conn->filled == conn->message->size) {
        deliver(conn);
    }
}

struct fh_message *fh_conn_take(struct fh_conn *conn)
{
    FH_ASSERT(conn->waiting);
    conn->waiting = false;
    return FH_TAKE(conn->message);
}

void fh_conn_resume(struct fh_conn *conn)
{
    if (!conn->closing && uv_read_start(&conn->uv.stream, on_alloc, on_read) != 0) {
        fh_conn_end(conn, UV_EIO);
    }
}

/* ---- writing ---- */

/* Of those that were written together. */
static void on_written(uv_write_t *write, int status)
{
    struct outgoing *out = write->data;
    struct fh_conn *conn = out->conn;
    fh_loop_note(conn->link->io);
    conn->writes--;
    conn->progress_ms = fh_clock_mono_ms();
    tell_written(out, status);
    if (status != 0) {
        fh_conn_end(conn, status);
    }
}

/* Sends heads and messages (taken on success) of `out` and of those before it. */
static bool write_out(struct fh_conn *conn, struct outgoing *out, size_t head_size)
{
    uv_buf_t bufs[2 * WRITTEN_TOGETHER_MAX];
    unsigned first = FH_COUNT(bufs); /* the last one is first in the chain */
    for (struct outgoing *each = out; each != NULL; each = each->before) {
        if (each->message != NULL && each->message->size > 0) {
            bufs[--first] = uv_buf_init((char *)each->message->data, (unsigned)each->message->size);
        }
        bufs[--first] = uv_buf_init((char *)each->head, (unsigned)head_size);
    }
    out->conn = conn;
    out->write.data = out;
    if (uv_write(&out->write, &conn->uv.stream, bufs + first, FH_COUNT(bufs) - first, on_written) !=
        0) {
        return false;
    }
    if (conn->writes++ == 0) {
        conn->progress_ms = fh_clock_mono_ms();
    }
    return true;
}

static struct outgoing *outgoing_new(const struct fh_conn *conn,
                                     uint32_t number,
                                     struct fh_message *message,
                                     fh_written_fn *fn,
                                     void *user)
{
    struct outgoing *out = conn->closing ? NULL : fh_calloc(1, sizeof *out);
    if (out == NULL) {
        fh_message_free(message);
        return NULL;
    }
    uint8_t *at = out->head;
    if (conn->local) {
        *at++ = 1;
    }
    fh_put_u64be(at, message->size + 4);
    fh_put_u32be(at + 8, number);
    out->message = message;
    out->fn = fn;
    out->user = user;
    return out;
}

bool fh_conn_send(struct fh_conn *conn,
                  uint32_t number,
                  struct fh_message *message,
                  fh_written_fn *fn,
                  void *user)
{
    struct outgoing *out = outgoing_new(conn, number, message, fn, user);
    if (out != NULL && !write_out(conn, out, head_bytes(conn))) {
        fh_message_free(message);
        fh_free(out);
        return false;
    }
    return out != NULL;
}

static void write_unwritten(struct fh_conn *conn)
{
    struct outgoing *out = take_unwritten(conn);
    if (!write_out(conn, out, head_bytes(conn))) {
        tell_written(out, UV_ENOMEM);
    }
}

bool fh_conn_send_soon(struct fh_conn *conn,
                       uint32_t number,
                       struct fh_message *message,
                       fh_written_fn *fn,
                       void *user)
{
    struct outgoing *out = outgoing_new(conn, number, message, fn, user);
    if (out == NULL) {
        return false;
    }
    if (conn->unwritten == NULL) {
        fh_list_push_back(&conn->link->unwritten, &conn->unwritten_list);
    }
    out->before = conn->unwritten;
    conn->unwritten = out;
    conn->unwritten_bytes += message->size;
    if (++conn->unwritten_count == WRITTEN_TOGETHER_MAX ||
        conn->unwritten_bytes >= WRITTEN_TOGETHER_BYTES) {
        write_unwritten(conn);
    }
    return true;
}

void fh_conn_write_all(struct fh_link *link)
{
    while (!fh_list_empty(&link->unwritten)) {
        write_unwritten(FH_LIST_ENTRY(link->unwritten.next, struct fh_conn, unwritten_list));
    }
}

void fh_conn_start(struct fh_conn *conn)
{
    if (!conn->local) {
        uv_tcp_nodelay(&conn->uv.tcp, 1);
        uv_tcp_keepalive(&conn->uv.tcp, 1, 60);
    }
    struct outgoing *out = fh_calloc(1, sizeof *out);
    if (out == NULL) {
        fh_conn_end(conn, UV_ENOMEM);
        return;
    }
    const uint8_t greeting[FH_SP_GREETING_BYTES] = {
        0, 'S', 'P', 0, 0, (uint8_t)conn->protocol, 0, 0};
    memcpy(out->head, greeting, sizeof greeting);
    if (!write_out(conn, out, sizeof greeting)) {
        fh_free(out);
        fh_conn_end(conn, UV_EIO);
        return;
    }
    fh_conn_resume(conn);
}
