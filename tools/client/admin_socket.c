/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/admin_socket.h"

#include "common/limits.h"
#include "common/time.h"
#include "proto/session/messages.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int fh_admin_socket_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        return -ENAMETOOLONG;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        int failure = errno;
        close(fd);
        return -failure;
    }
    return fd;
}

static int lost(struct fh_err *err)
{
    return fh_err_rule(err, FH_EUNREACH, "admin.lost", "the node closed the connection");
}

static int send_all(int fd, const uint8_t *data, size_t size, struct fh_err *err)
{
    while (size > 0) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            return lost(err);
        }
        data += sent;
        size -= (size_t)sent;
    }
    return FH_OK;
}

static int receive_all(int fd, uint8_t *data, size_t size, int64_t deadline_ms, struct fh_err *err)
{
    while (size > 0) {
        int64_t left = deadline_ms - fh_clock_mono_ms();
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int ready = left > 0 ? poll(&wait, 1, left > 60000 ? 60000 : (int)left) : 0;
        if ((ready == 0 && left <= 0) || (ready < 0 && errno != EINTR)) {
            return fh_err_set(err, FH_ETIMEOUT, "the node did not answer in time");
        }
        if (ready <= 0) {
            continue;
        }
        ssize_t got = recv(fd, data, size, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return lost(err);
        }
        data += got;
        size -= (size_t)got;
    }
    return FH_OK;
}

int fh_admin_socket_call(int fd,
                         struct fh_bytes request,
                         int64_t timeout_ms,
                         struct fh_buf *answer,
                         struct fh_pack_reader *reader,
                         struct fh_err *err)
{
    uint8_t head[4];
    if (request.size > FH_ADMIN_FRAME_BYTES_MAX) {
        return fh_err_set(err, FH_ETOOBIG, "the request does not fit a frame");
    }
    fh_put_u32be(head, (uint32_t)request.size);
    int64_t deadline_ms = fh_clock_mono_ms() + timeout_ms;
    int code = send_all(fd, head, sizeof head, err);
    if (code == FH_OK) {
        code = send_all(fd, request.data, request.size, err);
    }
    if (code == FH_OK) {
        code = receive_all(fd, head, sizeof head, deadline_ms, err);
    }
    if (code != FH_OK) {
        return code;
    }
    uint32_t size = fh_get_u32be(head);
    if (size > FH_ADMIN_FRAME_BYTES_MAX) {
        return fh_err_rule(
            err, FH_EPROTO, "admin.frame", "the node announces an answer of %u bytes", size);
    }
    fh_buf_reset(answer);
    uint8_t *place = fh_buf_reserve(answer, size);
    if (place == NULL) {
        return fh_err_set(err, fh_buf_ok(answer), "the node's answer does not fit");
    }
    code = receive_all(fd, place, size, deadline_ms, err);
    return code == FH_OK ? fh_msg_answer(reader, fh_buf_view(answer), FH_ADMIN_FRAME_BYTES_MAX, err)
                         : code;
}
