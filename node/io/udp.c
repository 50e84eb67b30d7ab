/* SPDX-License-Identifier: Apache-2.0 */
#include "node/io/udp.h"

#include "common/address.h"
#include "common/assert.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/io/literal.h"
#include "node/io/loop.h"

#include <uv.h>

#include <stdio.h>
#include <string.h>

enum { PORT_TEXT_BYTES = 6 };

/* A host name with its address. While a look-up runs, the latest datagram waits here. */
struct name {
    char text[FH_ADDRESS_BYTES_MAX + 1]; /* "" when the place is free */
    struct sockaddr_storage address;
    bool known;
    bool resolving;
    int64_t fresh_until_ms;
    size_t pending_bytes; /* 0: nothing waits */
    uint8_t pending[FH_DATAGRAM_BYTES_MAX];
    uv_getaddrinfo_t request;
    struct fh_udp *udp;
};

struct fh_udp {
    uv_udp_t uv;
    fh_udp_fn *fn;
    void *user;
    int family; /* AF_INET, or AF_INET6, which also reaches IPv4 */
    uint16_t port;
    bool closing;
    unsigned holds; /* the open handle, and each look-up under way */
    struct fh_udp_counters counters;
    uint8_t datagram[FH_DATAGRAM_BYTES_MAX + 1]; /* one more tells that it was too long */
    struct name *names[FH_UDP_NAMES_MAX];
};

static void release(struct fh_udp *udp)
{
    FH_ASSERT(udp->holds > 0);
    if (--udp->holds > 0) {
        return;
    }
    for (size_t i = 0; i < FH_UDP_NAMES_MAX; i++) {
        fh_free(udp->names[i]);
    }
    fh_free(udp);
}

static void on_close(uv_handle_t *handle)
{
    release(handle->data);
}

/* ---- addresses ---- */

static const uint8_t v4_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/* An IPv6 socket reaches IPv4 by mapped addresses (RFC 4291, section 2.5.5.2). */
static void map_v4(struct sockaddr_storage *address)
{
    struct sockaddr_in v4;
    memcpy(&v4, address, sizeof v4);
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = v4.sin_port};
    memcpy(v6.sin6_addr.s6_addr, v4_mapped, sizeof v4_mapped);
    memcpy(v6.sin6_addr.s6_addr + sizeof v4_mapped, &v4.sin_addr, sizeof v4.sin_addr);
    *address = (struct sockaddr_storage){0};
    memcpy(address, &v6, sizeof v6);
}

static void address_text(char *out, size_t size, const struct sockaddr *address)
{
    char host[INET6_ADDRSTRLEN] = "";
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        uv_inet_ntop(AF_INET, &v4.sin_addr, host, sizeof host);
        snprintf(out, size, "%s:%u", host, (unsigned)ntohs(v4.sin_port));
        return;
    }
    struct sockaddr_in6 v6;
    memcpy(&v6, address, sizeof v6);
    const uint8_t *bytes = v6.sin6_addr.s6_addr;
    unsigned port = ntohs(v6.sin6_port);
    if (memcmp(bytes, v4_mapped, sizeof v4_mapped) == 0) {
        uv_inet_ntop(AF_INET, bytes + sizeof v4_mapped, host, sizeof host);
        snprintf(out, size, "%s:%u", host, port);
    } else {
        uv_inet_ntop(AF_INET6, bytes, host, sizeof host);
        snprintf(out, size, "[%s]:%u", host, port);
    }
}

/* ---- receiving ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)suggested;
    struct fh_udp *udp = handle->data;
    *out = uv_buf_init((char *)udp->datagram, sizeof udp->datagram);
}

static void on_datagram(
    uv_udp_t *uv, ssize_t size, const uv_buf_t *buf, const struct sockaddr *from, unsigned flags)
{
    (void)buf;
    struct fh_udp *udp = uv->data;
    if (from == NULL || size < 0) {
        return; /* nothing more to read, or an ICMP error of an earlier send */
    }
    if (size > FH_DATAGRAM_BYTES_MAX || (flags & UV_UDP_PARTIAL) != 0) {
        udp->counters.dropped_oversize++;
        return;
    }
    udp->counters.received++;
    char text[FH_ADDRESS_BYTES_MAX + 1];
    address_text(text, sizeof text, from);
    udp->fn(fh_bytes(udp->datagram, (size_t)size), text, udp->user);
}

/* ---- opening ---- */

static int bind_failed(struct fh_err *err, int status, const char *address)
{
    if (status == UV_EADDRINUSE) {
        return fh_err_rule(err,
                           FH_EEXIST,
                           "listen.in_use",
                           "udp %s is in use by another process; end it, or listen on another port",
                           address);
    }
    return fh_err_set(err,
                      status == UV_ENOMEM ? FH_ENOMEM : FH_EIO,
                      "udp %s: %s; listen on an address of this machine",
                      address,
                      uv_strerror(status));
}

static int
resolve_now(struct fh_loop *loop, const struct fh_address *address, struct sockaddr_storage *out)
{
    char port[PORT_TEXT_BYTES];
    snprintf(port, sizeof port, "%u", (unsigned)address->port);
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_family = AF_UNSPEC};
    uv_getaddrinfo_t request;
    int status = uv_getaddrinfo(fh_loop_uv(loop), &request, NULL, address->host, port, &hints);
    if (status == 0) {
        *out = (struct sockaddr_storage){0};
        memcpy(out, request.addrinfo->ai_addr, request.addrinfo->ai_addrlen);
        uv_freeaddrinfo(request.addrinfo);
    }
    return status;
}

static int read_port(struct fh_udp *udp)
{
    struct sockaddr_storage bound;
    int size = sizeof bound;
    int status = uv_udp_getsockname(&udp->uv, (struct sockaddr *)&bound, &size);
    if (status == 0) {
        /* the port stands at one place in both families */
        udp->port = ntohs(((const struct sockaddr_in *)&bound)->sin_port);
    }
    return status;
}

int fh_udp_open(struct fh_udp **out,
                struct fh_loop *loop,
                const char *address,
                fh_udp_fn *fn,
                void *user,
                struct fh_err *err)
{
    struct fh_address parsed;
    int code = fh_address_parse(&parsed, address, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_udp *udp = fh_calloc(1, sizeof *udp);
    if (udp == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the UDP socket");
    }
    struct sockaddr_storage local;
    int status = fh_literal(&parsed, &local) ? 0 : resolve_now(loop, &parsed, &local);
    if (status == 0) {
        status = uv_udp_init(fh_loop_uv(loop), &udp->uv);
    }
    if (status != 0) {
        fh_free(udp);
        return bind_failed(err, status, address);
    }
    udp->uv.data = udp;
    udp->fn = fn;
    udp->user = user;
    udp->family = local.ss_family;
    udp->holds = 1;
    status = uv_udp_bind(&udp->uv, (const struct sockaddr *)&local, 0);
    if (status == 0) {
        status = read_port(udp);
    }
    if (status == 0) {
        status = uv_udp_recv_start(&udp->uv, on_alloc, on_datagram);
    }
    if (status != 0) {
        fh_udp_close(udp);
        return bind_failed(err, status, address);
    }
    *out = udp;
    return FH_OK;
}

void fh_udp_close(struct fh_udp *udp)
{
    if (udp == NULL) {
        return;
    }
    udp->closing = true;
    for (size_t i = 0; i < FH_UDP_NAMES_MAX; i++) {
        if (udp->names[i] != NULL && udp->names[i]->resolving) {
            uv_cancel((uv_req_t *)&udp->names[i]->request);
        }
    }
    uv_close((uv_handle_t *)&udp->uv, on_close);
}

uint16_t fh_udp_port(const struct fh_udp *udp)
{
    return udp->port;
}

void fh_udp_forget(struct fh_udp *udp, const char *to)
{
    for (size_t i = 0; i < FH_UDP_NAMES_MAX && udp->names[i] != NULL; i++) {
        if (strcmp(udp->names[i]->text, to) == 0) {
            udp->names[i]->fresh_until_ms = 0;
            return;
        }
    }
}

const struct fh_udp_counters *fh_udp_counters(const struct fh_udp *udp)
{
    return &udp->counters;
}

/* ---- sending ---- */

static void send_to(struct fh_udp *udp,
                    const struct sockaddr_storage *address,
                    const uint8_t *data,
                    size_t size)
{
    struct sockaddr_storage to = *address;
    if (udp->family == AF_INET6 && to.ss_family == AF_INET) {
        map_v4(&to);
    }
    uint8_t copy[FH_DATAGRAM_BYTES_MAX]; /* uv_buf_t is not const */
    memcpy(copy, data, size);
    uv_buf_t buf = uv_buf_init((char *)copy, (unsigned)size);
    int status = uv_udp_try_send(&udp->uv, &buf, 1, (const struct sockaddr *)&to);
    if (status == UV_EAGAIN) {
        udp->counters.dropped_full++;
    } else if (status < 0) {
        udp->counters.send_errors++;
    } else {
        udp->counters.sent++;
    }
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct name *name = request->data;
    struct fh_udp *udp = name->udp;
    name->resolving = false;
    name->fresh_until_ms = fh_clock_mono_ms() + FH_UDP_NAME_TTL_MS;
    if (status == 0 && !udp->closing) {
        name->known = true;
        name->address = (struct sockaddr_storage){0};
        memcpy(&name->address, found->ai_addr, found->ai_addrlen);
    }
    uv_freeaddrinfo(found);
    if (!udp->closing && name->pending_bytes > 0) {
        if (name->known) {
            send_to(udp, &name->address, name->pending, name->pending_bytes);
        } else {
            udp->counters.dropped_unresolved++;
        }
        name->pending_bytes = 0;
    }
    release(udp);
}

static bool resolve_later(struct name *name, const struct fh_address *address)
{
    struct fh_udp *udp = name->udp;
    char port[PORT_TEXT_BYTES];
    snprintf(port, sizeof port, "%u", (unsigned)address->port);
    struct addrinfo hints = {
        .ai_socktype = SOCK_DGRAM,
        .ai_family = udp->family == AF_INET ? AF_INET : AF_UNSPEC,
    };
    name->request.data = name;
    if (uv_getaddrinfo(udp->uv.loop, &name->request, on_resolved, address->host, port, &hints) !=
        0) {
        return false;
    }
    name->resolving = true;
    udp->counters.lookups++;
    udp->holds++;
    return true;
}

/* The place of a name: its own, a free one, or that of the one longest out of date. */
static struct name *find_name(struct fh_udp *udp, const char *text)
{
    struct name *oldest = NULL;
    for (size_t i = 0; i < FH_UDP_NAMES_MAX; i++) {
        if (udp->names[i] == NULL) {
            udp->names[i] = fh_calloc(1, sizeof **udp->names);
            oldest = udp->names[i];
            break; /* places are filled in order: the name stands nowhere behind */
        }
        struct name *name = udp->names[i];
        if (strcmp(name->text, text) == 0) {
            return name;
        }
        if (!name->resolving && name->fresh_until_ms <= fh_clock_mono_ms() &&
            (oldest == NULL || name->fresh_until_ms < oldest->fresh_until_ms)) {
            oldest = name;
        }
    }
    if (oldest != NULL) {
        memset(oldest, 0, sizeof *oldest);
        oldest->udp = udp;
        snprintf(oldest->text, sizeof oldest->text, "%s", text);
    }
    return oldest;
}

int fh_udp_send(struct fh_udp *udp, const char *to, struct fh_bytes datagram, struct fh_err *err)
{
    FH_ASSERT(datagram.size > 0);
    FH_ASSERT(datagram.size <= FH_DATAGRAM_BYTES_MAX);
    struct fh_address address;
    int code = fh_address_parse(&address, to, err);
    if (code != FH_OK) {
        return code;
    }
    struct sockaddr_storage place;
    if (fh_literal(&address, &place)) {
        send_to(udp, &place, datagram.data, datagram.size);
        return FH_OK;
    }
    struct name *name = find_name(udp, to);
    if (name == NULL) {
        udp->counters.dropped_unresolved++;
        return FH_OK;
    }
    bool fresh = fh_clock_mono_ms() < name->fresh_until_ms;
    if (!fresh && !name->resolving && !resolve_later(name, &address)) {
        udp->counters.dropped_unresolved++;
        return FH_OK;
    }
    if (name->known) {
        send_to(udp, &name->address, datagram.data, datagram.size);
    } else if (name->resolving) {
        if (name->pending_bytes > 0) {
            udp->counters.dropped_unresolved++;
        }
        memcpy(name->pending, datagram.data, datagram.size);
        name->pending_bytes = datagram.size;
    } else {
        udp->counters.dropped_unresolved++;
    }
    return FH_OK;
}
