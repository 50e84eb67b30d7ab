/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NNG dials without a time limit, so a timer closes a dialer that takes too long. (To try the
 * address first with a socket of our own would cost 100 ms: NNG's listeners rest after a connection
 * that went away before it was greeted.)
 */
#include "tools/client/link.h"

#include "common/address.h"
#include "common/assert.h"
#include "common/mem.h"
#include "common/time.h"
#include "tools/client/sockets.h"

#include <nng/nng.h>

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum slot_state { SLOT_FREE, SLOT_TAKEN, SLOT_WAITING };

struct slot {
    enum slot_state state;
    bool opened; /* context and aio exist */
    nng_ctx context;
    nng_aio *aio;
    nng_msg *answer;
};

struct fh_link {
    struct fh_client_socket *socket;
    nng_dialer dialer;
    bool dialing;   /* the dialer stands */
    nng_aio *watch; /* while dialling */
    char address[FH_ADDRESS_BYTES_MAX + 10];
    struct slot slots[FH_LINK_SLOTS];
};

enum { FH_LINK_URL_BYTES = 6 + FH_ADDRESS_BYTES_MAX + 2 + 1 };

static int nng_failed(struct fh_err *err, const struct fh_link *link, int result)
{
    int code = FH_EUNREACH;
    switch (result) {
    case NNG_ETIMEDOUT:
        return fh_err_set(err, FH_ETIMEOUT, "%s did not answer in time", link->address);
    case NNG_ENOMEM:
        code = FH_ENOMEM;
        break;
    case NNG_EMSGSIZE:
        code = FH_ETOOBIG;
        break;
    case NNG_ECANCELED:
        code = FH_ECANCELLED;
        break;
    case NNG_ECONNRESET:
    case NNG_ECLOSED:
        return fh_err_set(err, FH_EUNREACH, "%s closed the connection", link->address);
    default:
        break;
    }
    return fh_err_set(err, code, "%s: %s", link->address, nng_strerror(result));
}

/* ---- connecting ---- */

static int write_url(char out[FH_LINK_URL_BYTES], const struct addrinfo *info)
{
    char host[NI_MAXHOST], port[NI_MAXSERV];
    int failed = getnameinfo(info->ai_addr,
                             info->ai_addrlen,
                             host,
                             sizeof host,
                             port,
                             sizeof port,
                             NI_NUMERICHOST | NI_NUMERICSERV);
    if (failed != 0) {
        return EINVAL;
    }
    bool v6 = info->ai_family == AF_INET6;
    int length = snprintf(
        out, FH_LINK_URL_BYTES, "tcp://%s%s%s:%s", v6 ? "[" : "", host, v6 ? "]" : "", port);
    return length > 0 && length < FH_LINK_URL_BYTES ? 0 : EINVAL;
}

/* NNG's thread: the dialer had its time. */
static void give_up(void *user)
{
    struct fh_link *link = user;
    if (nng_aio_result(link->watch) == 0) {
        nng_dialer_close(link->dialer);
    }
}

/* Dials one address; an NNG error code, NNG_ETIMEDOUT at the deadline (monotonic). */
static int dial(struct fh_link *link, const char *url, int64_t deadline_ms)
{
    int64_t left = deadline_ms - fh_clock_mono_ms();
    if (left <= 0) {
        return NNG_ETIMEDOUT;
    }
    int result = nng_dialer_create(&link->dialer, link->socket->socket, url);
    if (result != 0) {
        return result;
    }
    result = nng_aio_alloc(&link->watch, give_up, link);
    if (result == 0) {
        nng_sleep_aio((nng_duration)left, link->watch);
        result = nng_dialer_start(link->dialer, 0);
        nng_aio_stop(link->watch);
        nng_aio_free(link->watch);
    }
    if (result != 0) {
        nng_dialer_close(link->dialer);
    }
    link->dialing = result == 0;
    return result == NNG_ECLOSED || result == NNG_ECANCELED ? NNG_ETIMEDOUT : result;
}

static int resolve(struct addrinfo **out, const char *text, struct fh_err *err)
{
    struct fh_address address;
    int code = fh_address_parse(&address, text, err);
    if (code != FH_OK) {
        return code;
    }
    if (address.port == 0) {
        return fh_err_set(err, FH_EINVAL, "%s: port 0 is nobody's; use 1 to 65535", text);
    }
    char port[8];
    snprintf(port, sizeof port, "%u", address.port);
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC};
    int failed = getaddrinfo(address.host, port, &wanted, out);
    if (failed != 0) {
        return fh_err_set(
            err, FH_EUNREACH, "%s: the host name has no address: %s", text, gai_strerror(failed));
    }
    return FH_OK;
}

/* Connects to the first of the host's addresses that answers. */
static int dial_any(struct fh_link *link, const struct addrinfo *list, struct fh_err *err)
{
    int64_t deadline_ms = fh_clock_mono_ms() + FH_CONNECT_MS;
    int result = fh_client_socket_take(&link->socket);
    if (result != 0) {
        return nng_failed(err, link, result);
    }
    result = NNG_EADDRINVAL;
    for (const struct addrinfo *info = list; info != NULL && !link->dialing; info = info->ai_next) {
        char url[FH_LINK_URL_BYTES];
        if (write_url(url, info) == 0) {
            result = dial(link, url, deadline_ms);
        }
    }
    if (result == NNG_ETIMEDOUT) {
        return fh_err_set(err,
                          FH_ETIMEOUT,
                          "%s did not accept a connection within %d s",
                          link->address,
                          FH_CONNECT_MS / 1000);
    }
    return result == 0 ? FH_OK
                       : fh_err_set(err,
                                    result == NNG_ENOMEM ? FH_ENOMEM : FH_EUNREACH,
                                    "nobody listens at %s: %s",
                                    link->address,
                                    nng_strerror(result));
}

int fh_link_open(struct fh_link **out, const char *address, struct fh_err *err)
{
    struct addrinfo *list = NULL;
    int code = resolve(&list, address, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_link *link = fh_calloc(1, sizeof *link);
    if (link == NULL) {
        freeaddrinfo(list);
        return fh_err_set(err, FH_ENOMEM, "no memory for a connection");
    }
    snprintf(link->address, sizeof link->address, "%s", address);
    code = dial_any(link, list, err);
    freeaddrinfo(list);
    if (code != FH_OK) {
        fh_link_close(link);
        return code;
    }
    *out = link;
    return FH_OK;
}

static void drop_answer(struct slot *slot)
{
    if (slot->answer != NULL) {
        nng_msg_free(slot->answer);
        slot->answer = NULL;
    }
}

/* Ends a wait; its result, if there is one, is dropped. */
static void end_wait(struct slot *slot)
{
    if (slot->state == SLOT_WAITING) {
        nng_aio_cancel(slot->aio);
        nng_aio_wait(slot->aio);
        if (nng_aio_result(slot->aio) == 0) {
            slot->answer = nng_aio_get_msg(slot->aio);
        }
        slot->state = SLOT_TAKEN;
    }
    drop_answer(slot);
}

void fh_link_close(struct fh_link *link)
{
    if (link == NULL) {
        return;
    }
    for (size_t i = 0; i < FH_LINK_SLOTS; i++) {
        if (link->slots[i].opened) {
            end_wait(&link->slots[i]);
            nng_aio_stop(link->slots[i].aio);
        }
    }
    for (size_t i = 0; i < FH_LINK_SLOTS; i++) {
        if (link->slots[i].opened) {
            nng_ctx_close(link->slots[i].context);
            nng_aio_free(link->slots[i].aio);
        }
    }
    if (link->dialing) {
        nng_dialer_close(link->dialer);
    }
    if (link->socket != NULL) {
        fh_client_socket_give(link->socket);
    }
    fh_free(link);
}

const char *fh_link_address(const struct fh_link *link)
{
    return link->address;
}

/* ---- slots ---- */

int fh_link_take_slot(struct fh_link *link)
{
    for (int i = 0; i < FH_LINK_SLOTS; i++) {
        if (link->slots[i].state == SLOT_FREE) {
            link->slots[i].state = SLOT_TAKEN;
            return i;
        }
    }
    return -1;
}

void fh_link_release_slot(struct fh_link *link, int slot)
{
    FH_ASSERT(slot >= 0 && slot < FH_LINK_SLOTS);
    end_wait(&link->slots[slot]);
    link->slots[slot].state = SLOT_FREE;
}

static int open_slot(struct fh_link *link, struct slot *slot)
{
    int result = nng_ctx_open(&slot->context, link->socket->socket);
    if (result != 0) {
        return result;
    }
    result = nng_aio_alloc(&slot->aio, NULL, NULL);
    if (result != 0) {
        nng_ctx_close(slot->context);
        return result;
    }
    slot->opened = true;
    return 0;
}

/* A message waits here only while there is no connection to put it on. */
static int send_message(struct slot *slot, struct fh_bytes message, int64_t timeout_ms)
{
    timeout_ms = timeout_ms < FH_CONNECT_MS ? timeout_ms : FH_CONNECT_MS;
    nng_msg *msg = NULL;
    int result = nng_msg_alloc(&msg, message.size);
    if (result != 0) {
        return result;
    }
    memcpy(nng_msg_body(msg), message.data, message.size);
    nng_aio_set_msg(slot->aio, msg);
    nng_aio_set_timeout(slot->aio, (nng_duration)timeout_ms);
    nng_ctx_send(slot->context, slot->aio);
    nng_aio_wait(slot->aio);
    result = nng_aio_result(slot->aio);
    if (result != 0) {
        nng_msg_free(msg);
    }
    return result == NNG_ETIMEDOUT ? NNG_ECLOSED : result;
}

int fh_link_post(
    struct fh_link *link, int slot, struct fh_bytes message, int64_t timeout_ms, struct fh_err *err)
{
    FH_ASSERT(slot >= 0 && slot < FH_LINK_SLOTS);
    FH_ASSERT(message.size > 0 && timeout_ms > 0 && timeout_ms < INT32_MAX);
    struct slot *s = &link->slots[slot];
    FH_ASSERT(s->state != SLOT_FREE);
    int result = atomic_load(&link->socket->lost) ? NNG_ECLOSED
                 : s->opened                      ? 0
                                                  : open_slot(link, s);
    if (result == 0) {
        end_wait(s);
        result = send_message(s, message, timeout_ms);
    }
    if (result != 0) {
        return nng_failed(err, link, result);
    }
    nng_aio_set_timeout(s->aio, (nng_duration)timeout_ms);
    nng_ctx_recv(s->context, s->aio);
    s->state = SLOT_WAITING;
    return FH_OK;
}

int fh_link_wait(
    struct fh_link *link, int slot, uint8_t **out_data, size_t *out_size, struct fh_err *err)
{
    FH_ASSERT(slot >= 0 && slot < FH_LINK_SLOTS);
    struct slot *s = &link->slots[slot];
    FH_ASSERT(s->state == SLOT_WAITING);
    nng_aio_wait(s->aio);
    s->state = SLOT_TAKEN;
    int result = nng_aio_result(s->aio);
    if (result != 0) {
        /* The pipe's own event may come a moment later. */
        bool broken = result == NNG_ECONNRESET || result == NNG_ECLOSED;
        if (broken) {
            atomic_store(&link->socket->lost, true);
        }
        return nng_failed(err, link, result);
    }
    s->answer = nng_aio_get_msg(s->aio);
    *out_data = nng_msg_body(s->answer);
    *out_size = nng_msg_len(s->answer);
    return FH_OK;
}
