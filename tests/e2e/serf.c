/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/e2e/serf.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { PATIENCE_S = 5, DEPTH_MAX = 8, TEXT_BYTES = 64, REQUEST_BYTES = 1024 };

struct fh_serf {
    int fd;
    unsigned seq;
    bool broken; /* sticks */
    size_t at, size;
    uint8_t bytes[4096];
};

/* ---- requests -------------------------------------------------------------------------------- */

struct request {
    size_t size;
    uint8_t bytes[REQUEST_BYTES];
};

static void put(struct request *request, const void *bytes, size_t size)
{
    if (request->size + size <= sizeof request->bytes) {
        memcpy(request->bytes + request->size, bytes, size);
        request->size += size;
    }
}

static void put_head(struct request *request, uint8_t tag, uint32_t value, unsigned width)
{
    put(request, &tag, 1);
    for (unsigned i = width; i-- > 0;) {
        uint8_t byte = (uint8_t)(value >> 8 * i);
        put(request, &byte, 1);
    }
}

static void put_text(struct request *request, const char *text)
{
    put_head(request, 0xda, (uint32_t)strlen(text), 2);
    put(request, text, strlen(text));
}

static void begin(struct fh_serf *serf, struct request *request, const char *command)
{
    request->size = 0;
    put_head(request, 0x82, 0, 0);
    put_text(request, "Command");
    put_text(request, command);
    put_text(request, "Seq");
    put_head(request, 0xce, ++serf->seq, 4);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void take(struct fh_serf *serf, uint8_t *out, size_t size)
{
    memset(out, 0, size);
    for (size_t done = 0; done < size && !serf->broken;) {
        if (serf->at == serf->size) {
            ssize_t n = recv(serf->fd, serf->bytes, sizeof serf->bytes, 0);
            serf->broken = n <= 0;
            serf->at = 0;
            serf->size = n <= 0 ? 0 : (size_t)n;
            continue;
        }
        size_t there = serf->size - serf->at < size - done ? serf->size - serf->at : size - done;
        memcpy(out + done, serf->bytes + serf->at, there);
        serf->at += there;
        done += there;
    }
}

static uint32_t take_number(struct fh_serf *serf, unsigned width)
{
    uint8_t bytes[4];
    uint32_t value = 0;
    take(serf, bytes, width);
    for (unsigned i = 0; i < width; i++) {
        value = value << 8 | bytes[i];
    }
    return value;
}

static void take_text(struct fh_serf *serf, uint32_t size, char text[TEXT_BYTES])
{
    uint32_t kept = size < TEXT_BYTES - 1 ? size : TEXT_BYTES - 1;
    take(serf, (uint8_t *)text, kept);
    text[kept] = '\0';
    for (uint8_t rest; size > kept && !serf->broken; size--) {
        take(serf, &rest, 1);
    }
}

static void take_pair(const char *key, const char *text, struct fh_serf_stats *out)
{
    const struct {
        const char *key;
        unsigned *value;
    } wanted[] = {
        {"members", &out->members},
        {"failed", &out->failed},
        {"left", &out->left},
        {"event_time", &out->event_time},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (strcmp(key, wanted[i].key) == 0) {
            *wanted[i].value = (unsigned)strtoul(text, NULL, 10);
        }
    }
}

static void
take_value(struct fh_serf *serf, char text[TEXT_BYTES], struct fh_serf_stats *out, int depth);

static void take_map(struct fh_serf *serf, uint32_t pairs, struct fh_serf_stats *out, int depth)
{
    char key[TEXT_BYTES];
    char text[TEXT_BYTES];
    for (; pairs > 0 && !serf->broken; pairs--) {
        take_value(serf, key, out, depth + 1);
        take_value(serf, text, out, depth + 1);
        if (strcmp(key, "Error") == 0 && text[0] != '\0') {
            fprintf(stderr, "fh-gossip-watch: serf answers: %s\n", text);
            serf->broken = true;
        }
        take_pair(key, text, out);
    }
}

/* One value: a text is put into `text`, numbers and the like are passed over. */
static void
take_value(struct fh_serf *serf, char text[TEXT_BYTES], struct fh_serf_stats *out, int depth)
{
    text[0] = '\0';
    uint32_t tag = take_number(serf, 1);
    if (depth > DEPTH_MAX) {
        serf->broken = true;
    } else if (tag >= 0x80 && tag <= 0x8f) {
        take_map(serf, tag & 0x0f, out, depth);
    } else if (tag == 0xde) {
        take_map(serf, take_number(serf, 2), out, depth);
    } else if (tag >= 0xa0 && tag <= 0xbf) {
        take_text(serf, tag & 0x1f, text);
    } else if (tag >= 0xd9 && tag <= 0xdb) {
        take_text(serf, take_number(serf, 1u << (tag - 0xd9)), text);
    } else if (tag >= 0xcc && tag <= 0xce) {
        (void)take_number(serf, 1u << (tag - 0xcc));
    } else if (tag == 0xcf || tag == 0xd3) {
        (void)take_number(serf, 4);
        (void)take_number(serf, 4);
    } else if (tag >= 0xd0 && tag <= 0xd2) {
        (void)take_number(serf, 1u << (tag - 0xd0));
    } else if (tag > 0x7f && tag < 0xe0 && tag != 0xc0 && tag != 0xc2 && tag != 0xc3) {
        serf->broken = true; /* arrays and floats: in none of these answers */
    }
}

/* Sends the request; `values` maps come back, the first of them with the error. */
static bool exchange(struct fh_serf *serf,
                     const struct request *request,
                     unsigned values,
                     struct fh_serf_stats *out)
{
    struct fh_serf_stats none;
    char text[TEXT_BYTES];
    if (send(serf->fd, request->bytes, request->size, MSG_NOSIGNAL) != (ssize_t)request->size) {
        serf->broken = true;
    }
    for (; values > 0 && !serf->broken; values--) {
        take_value(serf, text, out != NULL ? out : &none, 0);
    }
    return !serf->broken;
}

/* ---- the handle ------------------------------------------------------------------------------ */

static bool shake_hands(struct fh_serf *serf)
{
    struct request request;
    begin(serf, &request, "handshake");
    put_head(&request, 0x81, 0, 0);
    put_text(&request, "Version");
    put_head(&request, 0x01, 0, 0);
    return exchange(serf, &request, 1, NULL);
}

struct fh_serf *fh_serf_open(const char *address, unsigned short port)
{
    struct fh_serf *serf = calloc(1, sizeof *serf);
    if (serf == NULL) {
        return NULL;
    }
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct timeval patience = {.tv_sec = PATIENCE_S};
    int on = 1;
    serf->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (serf->fd < 0 || inet_pton(AF_INET, address, &to.sin_addr) != 1 ||
        connect(serf->fd, (struct sockaddr *)&to, sizeof to) != 0 ||
        setsockopt(serf->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        setsockopt(serf->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 || !shake_hands(serf)) {
        fh_serf_close(serf);
        return NULL;
    }
    return serf;
}

void fh_serf_close(struct fh_serf *serf)
{
    if (serf != NULL && serf->fd >= 0) {
        close(serf->fd);
    }
    free(serf);
}

bool fh_serf_stats(struct fh_serf *serf, struct fh_serf_stats *out)
{
    struct request request;
    *out = (struct fh_serf_stats){0};
    begin(serf, &request, "stats");
    return exchange(serf, &request, 2, out);
}

bool fh_serf_event(struct fh_serf *serf, const char *name, const char *payload)
{
    struct request request;
    begin(serf, &request, "event");
    put_head(&request, 0x83, 0, 0);
    put_text(&request, "Name");
    put_text(&request, name);
    put_text(&request, "Payload");
    put_text(&request, payload);
    put_text(&request, "Coalesce");
    put_head(&request, 0xc2, 0, 0);
    return exchange(serf, &request, 1, NULL);
}
