/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/node/io/raw.h"

#include "common/bytes.h"
#include "common/time.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WAIT_MS = 20000 };

/* Whoever serves the other end may run on this thread. */
static _Thread_local struct {
    void (*fn)(void *user);
    void *user;
} meanwhile;

void raw_meanwhile(void (*fn)(void *user), void *user)
{
    meanwhile.fn = fn;
    meanwhile.user = user;
}

static bool wait_for(int fd, short events, int wait_ms)
{
    enum { STEP_MS = 2 };
    struct pollfd wait = {.fd = fd, .events = events};
    int64_t end_ms = fh_clock_mono_ms() + wait_ms;
    int found;
    do {
        if (meanwhile.fn != NULL) {
            meanwhile.fn(meanwhile.user);
        }
        found = poll(&wait, 1, wait_ms > STEP_MS ? STEP_MS : wait_ms);
    } while (found == 0 && fh_clock_mono_ms() < end_ms);
    return found == 1;
}

bool raw_read(int fd, void *data, size_t size)
{
    uint8_t *out = data;
    while (size > 0) {
        if (!wait_for(fd, POLLIN, WAIT_MS)) {
            return false;
        }
        ssize_t got = recv(fd, out, size, 0);
        if (got <= 0) {
            return false;
        }
        out += got;
        size -= (size_t)got;
    }
    return true;
}

static bool greet(int fd, unsigned protocol)
{
    uint8_t own[8] = {0, 'S', 'P', 0, 0, (uint8_t)protocol, 0, 0};
    uint8_t theirs[8];
    return raw_send(fd, own, sizeof own) && raw_read(fd, theirs, sizeof theirs) &&
           memcmp(theirs, own, 4) == 0;
}

static struct sockaddr_in local(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

int raw_connect(uint16_t port, unsigned protocol)
{
    struct sockaddr_in address = local(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        (protocol != 0 && !greet(fd, protocol))) {
        close(fd);
        return -1;
    }
    return fd;
}

int raw_listen(uint16_t *out_port)
{
    struct sockaddr_in address = local(0);
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 16) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        close(fd);
        return -1;
    }
    *out_port = ntohs(address.sin_port);
    return fd;
}

int raw_accept(int listener, unsigned protocol)
{
    int fd = wait_for(listener, POLLIN, WAIT_MS) ? accept(listener, NULL, NULL) : -1;
    if (fd >= 0 && !greet(fd, protocol)) {
        close(fd);
        return -1;
    }
    return fd;
}

bool raw_send(int fd, const void *data, size_t size)
{
    const uint8_t *at = data;
    while (size > 0) {
        ssize_t sent = send(fd, at, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EAGAIN && wait_for(fd, POLLOUT, WAIT_MS)) {
            continue;
        }
        if (sent <= 0) {
            return false;
        }
        at += sent;
        size -= (size_t)sent;
    }
    return true;
}

bool raw_send_length(int fd, uint64_t length)
{
    uint8_t head[8];
    fh_put_u64be(head, length);
    return raw_send(fd, head, sizeof head);
}

bool raw_send_request(int fd, uint32_t id, const void *body, size_t size)
{
    uint8_t number[4];
    fh_put_u32be(number, id | 0x80000000U);
    return raw_send_length(fd, size + sizeof number) && raw_send(fd, number, sizeof number) &&
           raw_send(fd, body, size);
}

long raw_receive(int fd, uint8_t *out, size_t capacity)
{
    uint8_t head[8];
    if (!raw_read(fd, head, sizeof head)) {
        return -1;
    }
    uint64_t size = fh_get_u64be(head);
    if (size > capacity || !raw_read(fd, out, (size_t)size)) {
        return -1;
    }
    return (long)size;
}

bool raw_closed(int fd, int wait_ms)
{
    uint8_t bytes[4096];
    while (wait_for(fd, POLLIN, wait_ms)) {
        if (recv(fd, bytes, sizeof bytes, 0) <= 0) {
            return true;
        }
    }
    return false;
}

void raw_close(int fd)
{
    close(fd);
}
