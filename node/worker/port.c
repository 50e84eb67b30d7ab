/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/port.h"

#include "common/assert.h"
#include "common/mem.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
    PIECES_MAX = 5,
};

struct fh_port {
    int fd;
    pthread_mutex_t sending;
};

struct fh_port *fh_port_new(int fd)
{
    struct fh_port *port = fh_calloc(1, sizeof *port);
    if (port != NULL) {
        port->fd = fd;
        pthread_mutex_init(&port->sending, NULL);
    }
    return port;
}

static void take_files(struct fh_frame *frame, struct msghdr *message)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            if (frame->file_count < FH_WORKER_FILES_MAX) {
                frame->files[frame->file_count++] = fd;
            } else {
                close(fd);
            }
        }
    }
}

/* Whether something can be read; NULL: as long as it takes. Who blocks in recvmsg instead is woken
 * whenever the node has read what was sent to it, for nothing: two switches and a wake-up for each
 * answer. */
static bool wait_for_bytes(const struct fh_port *port, const struct timespec *within)
{
    struct pollfd one = {.fd = port->fd, .events = POLLIN};
    return ppoll(&one, 1, within, NULL) != 0;
}

/* Reads exactly `size` bytes, descriptors beside them included. */
static int read_exactly(
    struct fh_port *port, struct fh_frame *frame, uint8_t *out, size_t size, struct fh_err *err)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int) * FH_WORKER_FILES_MAX)];
    } control;
    for (size_t got = 0; got < size;) {
        struct iovec piece = {out + got, size - got};
        struct msghdr message = {.msg_iov = &piece,
                                 .msg_iovlen = 1,
                                 .msg_control = control.bytes,
                                 .msg_controllen = sizeof control.bytes};
        ssize_t n = recvmsg(port->fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN) {
            (void)wait_for_bytes(port, NULL);
            continue;
        }
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return fh_err_set(err, FH_EIO, "the node closed the channel");
        }
        take_files(frame, &message);
        got += (size_t)n;
    }
    return FH_OK;
}

bool fh_port_waits(const struct fh_port *port, int within_ms)
{
    const struct timespec within = {.tv_sec = within_ms / 1000,
                                    .tv_nsec = within_ms % 1000 * 1000000L};
    return wait_for_bytes(port, &within);
}

int fh_port_read(struct fh_port *port, struct fh_frame *out, struct fh_err *err)
{
    struct fh_frame frame = {.payload = NULL};
    uint8_t head[FH_CHANNEL_HEAD_BYTES];
    int code = read_exactly(port, &frame, head, sizeof head, err);
    if (code == FH_OK) {
        code = fh_channel_head(head, &frame.kind, &frame.size, err);
    }
    if (code == FH_OK) {
        frame.payload = fh_alloc(frame.size);
        code = frame.payload == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for a frame") : FH_OK;
    }
    if (code == FH_OK) {
        code = read_exactly(port, &frame, frame.payload, frame.size, err);
    }
    if (code != FH_OK) {
        fh_frame_fini(&frame);
        return code;
    }
    *out = frame;
    return FH_OK;
}

void fh_frame_fini(struct fh_frame *frame)
{
    for (unsigned i = 0; i < frame->file_count; i++) {
        if (frame->files[i] >= 0) {
            close(frame->files[i]);
        }
    }
    fh_free(frame->payload);
    *frame = (struct fh_frame){.payload = NULL};
}

/* Sends all pieces, in order and with nothing between them. */
static void send_pieces(struct fh_port *port, const struct fh_bytes *pieces, size_t piece_count)
{
    size_t index = 0;
    size_t done = 0; // of pieces[index]
    FH_ASSERT(piece_count <= PIECES_MAX);
    pthread_mutex_lock(&port->sending);
    while (index < piece_count) {
        struct iovec rest[PIECES_MAX];
        size_t count = 0;
        for (size_t i = index; i < piece_count; i++) {
            size_t skip = i == index ? done : 0;
            if (pieces[i].size == skip) {
                continue;
            }
            union { /* iovec has no const; sendmsg only reads */
                const uint8_t *from;
                uint8_t *to;
            } data = {.from = pieces[i].data};
            rest[count++] = (struct iovec){data.to + skip, pieces[i].size - skip};
        }
        struct msghdr message = {.msg_iov = rest, .msg_iovlen = count};
        ssize_t n = sendmsg(port->fd, &message, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR) {
            _exit(0);
        }
        for (size_t left = n < 0 ? 0 : (size_t)n; index < piece_count;) {
            size_t open = pieces[index].size - done;
            if (left < open) {
                done += left;
                break;
            }
            left -= open;
            done = 0;
            index++;
        }
    }
    pthread_mutex_unlock(&port->sending);
}

void fh_port_send(struct fh_port *port, unsigned kind, struct fh_bytes head, struct fh_bytes body)
{
    uint8_t frame_head[FH_CHANNEL_HEAD_BYTES];
    fh_channel_put_head(frame_head, kind, head.size + body.size);
    const struct fh_bytes pieces[] = {fh_bytes(frame_head, sizeof frame_head), head, body};
    send_pieces(port, pieces, FH_COUNT(pieces));
}

void fh_port_send_last(struct fh_port *port,
                       struct fh_bytes head,
                       struct fh_bytes body,
                       struct fh_bytes end)
{
    uint8_t batch_head[FH_CHANNEL_HEAD_BYTES];
    uint8_t end_head[FH_CHANNEL_HEAD_BYTES];
    fh_channel_put_head(batch_head, FH_CHANNEL_BATCH, head.size + body.size);
    fh_channel_put_head(end_head, FH_CHANNEL_END, end.size);
    const struct fh_bytes pieces[] = {fh_bytes(batch_head, sizeof batch_head),
                                      head,
                                      body,
                                      fh_bytes(end_head, sizeof end_head),
                                      end};
    send_pieces(port, pieces, FH_COUNT(pieces));
}

void fh_port_send_buf(struct fh_port *port, unsigned kind, const struct fh_buf *payload)
{
    if (fh_buf_ok(payload) != FH_OK) {
        fprintf(stderr, "freehold-worker: a %s frame is too large\n", fh_channel_kind_text(kind));
        abort();
    }
    fh_port_send(port, kind, fh_buf_view(payload), FH_BYTES_NONE);
}

static void send_failure(
    struct fh_port *port, unsigned kind, uint64_t id, const struct fh_err *error, uint32_t position)
{
    struct fh_channel_error frame = {.id = id, .code = error->code, .position = position};
    snprintf(frame.rule, sizeof frame.rule, "%s", error->rule);
    snprintf(frame.text, sizeof frame.text, "%s", error->text);
    if (error->code == FH_ENOMEM) {
        /* Of ours or of the engine's: whoever asked meets one bound. */
        frame.code = FH_ETOOBIG;
        snprintf(frame.rule, sizeof frame.rule, "query.memory");
        snprintf(frame.text,
                 sizeof frame.text,
                 "the query needs more memory than one worker may use; ask for less at once");
    }
    struct fh_buf payload;
    fh_buf_init(&payload, 2048);
    fh_channel_put_error(&payload, &frame);
    fh_port_send_buf(port, kind, &payload);
    fh_buf_fini(&payload);
}

void fh_port_send_error(struct fh_port *port,
                        uint64_t id,
                        const struct fh_err *error,
                        uint32_t position)
{
    send_failure(port, FH_CHANNEL_ERROR, id, error, position);
}

void fh_port_send_feed_error(struct fh_port *port, uint64_t id, const struct fh_err *error)
{
    send_failure(port, FH_CHANNEL_FEED_ERROR, id, error, 0);
}

void fh_port_send_count(struct fh_port *port, unsigned kind, uint64_t id, uint64_t count)
{
    struct fh_buf payload;
    fh_buf_init(&payload, 64);
    fh_channel_put_count(&payload, &(struct fh_channel_count){.id = id, .count = count});
    fh_port_send_buf(port, kind, &payload);
    fh_buf_fini(&payload);
}
