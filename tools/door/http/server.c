/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/http/server.h"

#include "common/address.h"
#include "common/assert.h"
#include "common/file.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/time.h"
#include "proto/wire/crypto.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    PEM_BYTES_MAX = 256 * 1024,
    STOP_LOOK_MS = 20,
    STOP_MS = FH_DRAIN_MS + FH_REQUEST_MS, /* a call to the node that nobody interrupts */
};

/* ---- the address ---- */

static int bind_one(int *out, const struct addrinfo *info, bool *loopback)
{
    int one = 1;
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return errno;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, info->ai_addr, info->ai_addrlen) != 0 || listen(fd, FH_LISTEN_BACKLOG) != 0) {
        int failed = errno;
        close(fd);
        return failed;
    }
    const struct sockaddr_in *v4 = (const void *)info->ai_addr;
    const struct sockaddr_in6 *v6 = (const void *)info->ai_addr;
    *loopback = info->ai_family == AF_INET6 ? IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) != 0
                                            : (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
    *out = fd;
    return 0;
}

static int listen_at(int *out, bool *loopback, const char *text, struct fh_err *err)
{
    struct fh_address address;
    struct addrinfo *list = NULL;
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    char port[8];
    int code = fh_address_parse(&address, text, err);
    if (code != FH_OK) {
        return code;
    }
    snprintf(port, sizeof port, "%u", address.port);
    int failed = getaddrinfo(address.host, port, &wanted, &list);
    if (failed != 0) {
        return fh_err_set(err, FH_EIO, "http_listen %s: %s", text, gai_strerror(failed));
    }
    failed = bind_one(out, list, loopback);
    freeaddrinfo(list);
    return failed == 0
               ? FH_OK
               : fh_err_rule(
                     err, FH_EIO, "http.listen", "http_listen %s: %s", text, strerror(failed));
}

/* ---- libmicrohttpd ---- */

/* Targets are decoded by our own reading. */
static size_t leave_escaped(void *user, struct MHD_Connection *connection, char *text)
{
    (void)user;
    (void)connection;
    return strlen(text);
}

static int read_pem(struct fh_buf *out, const char *path, struct fh_err *err)
{
    fh_buf_init(out, PEM_BYTES_MAX);
    int code = fh_file_read(path, out, err);
    if (code == FH_OK) {
        fh_buf_add_u8(out, 0);
        code = fh_buf_ok(out);
    }
    return code == FH_OK ? FH_OK : fh_err_wrap(err, "certificate of the HTTP door");
}

static int read_certificate(struct fh_http *http, struct fh_err *err)
{
    const struct fh_door_settings *settings = http->state->services->settings;
    if (settings->http_tls == FH_DOOR_TLS_OFF) {
        return FH_OK;
    }
    http->given_certificate =
        settings->node.tls_certificate[0] != '\0' && strcmp(settings->node.http_tls, "own") != 0;
    int code = read_pem(&http->certificate, settings->certificate, err);
    return code == FH_OK ? read_pem(&http->certificate_key, settings->certificate_key, err) : code;
}

static int start_daemon(struct fh_http *http, int fd, struct fh_err *err)
{
    bool tls = http->certificate.size > 0;
    struct MHD_OptionItem tls_options[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, http->certificate.data},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, http->certificate_key.data},
        {MHD_OPTION_END, 0, NULL},
    };
    const char *priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE";
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
    struct MHD_OptionItem no_options[] = {{MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem priority[] = {
        {tls ? MHD_OPTION_HTTPS_PRIORITIES : MHD_OPTION_END, 0, (void *)(uintptr_t)priorities},
        {MHD_OPTION_END, 0, NULL},
    };
    http->daemon = MHD_start_daemon(flags | (tls ? MHD_USE_TLS : 0U),
                                    0,
                                    NULL,
                                    NULL,
                                    fh_http_exchange_step,
                                    http,
                                    MHD_OPTION_LISTEN_SOCKET,
                                    fd,
                                    MHD_OPTION_THREAD_POOL_SIZE,
                                    (unsigned)FH_HTTP_THREADS,
                                    MHD_OPTION_CONNECTION_LIMIT,
                                    (unsigned)FH_HTTP_CONNECTIONS_MAX,
                                    MHD_OPTION_PER_IP_CONNECTION_LIMIT,
                                    (unsigned)FH_HTTP_CONNECTIONS_PER_ADDRESS_MAX,
                                    MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                    (size_t)FH_HTTP_CONNECTION_BYTES_MAX,
                                    MHD_OPTION_CONNECTION_TIMEOUT,
                                    (unsigned)(FH_HTTP_IDLE_MS / 1000),
                                    MHD_OPTION_STRICT_FOR_CLIENT,
                                    1,
                                    MHD_OPTION_URI_LOG_CALLBACK,
                                    fh_http_exchange_begin,
                                    http,
                                    MHD_OPTION_UNESCAPE_CALLBACK,
                                    leave_escaped,
                                    NULL,
                                    MHD_OPTION_NOTIFY_COMPLETED,
                                    fh_http_exchange_end,
                                    http,
                                    MHD_OPTION_NOTIFY_CONNECTION,
                                    fh_http_line_notify,
                                    http,
                                    MHD_OPTION_ARRAY,
                                    tls ? tls_options : no_options,
                                    MHD_OPTION_ARRAY,
                                    priority,
                                    MHD_OPTION_END);
    return http->daemon != NULL
               ? FH_OK
               : fh_err_set(err,
                            FH_EINVAL,
                            tls ? "the HTTP door does not start: is the certificate PEM, and the "
                                  "key its own?"
                                : "the HTTP door does not start");
}

/* ---- lifecycle ---- */

static void free_http(struct fh_http *http)
{
    fh_http_state_free(http->state);
    fh_buf_fini(&http->certificate);
    if (http->certificate_key.data != NULL) {
        fh_wipe(http->certificate_key.data, http->certificate_key.capacity);
    }
    fh_buf_fini(&http->certificate_key);
    pthread_cond_destroy(&http->watch_stop);
    pthread_mutex_destroy(&http->lock);
    fh_free(http);
}

static struct fh_http *new_http(const struct fh_door_services *services)
{
    struct fh_http *http = fh_calloc(1, sizeof *http);
    if (http == NULL) {
        return NULL;
    }
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&http->watch_stop, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&http->lock, NULL);
    fh_list_init(&http->lines);
    http->state = fh_http_state_new(services);
    if (http->state == NULL) {
        free_http(http);
        return NULL;
    }
    return http;
}

int fh_http_start(struct fh_http **out, const struct fh_door_services *services, struct fh_err *err)
{
    struct fh_http *http = new_http(services);
    int fd = -1;
    if (http == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the HTTP door");
    }
    int code = read_certificate(http, err);
    if (code == FH_OK) {
        code = listen_at(&fd, &http->state->loopback, services->settings->http_listen, err);
    }
    if (code == FH_OK) {
        code = fh_http_watch_start(http, err);
    }
    if (code == FH_OK) {
        code = start_daemon(http, fd, err);
    }
    if (code != FH_OK) {
        fh_http_watch_stop(http);
        if (fd >= 0) {
            close(fd);
        }
        free_http(http);
        return code;
    }
    fh_log(FH_LOG_INFO,
           "door.http",
           "listen=%s tls=%s",
           services->settings->http_listen,
           http->certificate.size > 0 ? "yes" : "no");
    *out = http;
    return FH_OK;
}

void fh_http_stop(struct fh_http *http)
{
    if (http == NULL) {
        return;
    }
    atomic_store(&http->stopping, true); /* the watch tells those whose answers flow */
    int fd = MHD_quiesce_daemon(http->daemon);
    int64_t until_ms = fh_clock_mono_ms() + STOP_MS;
    /* A connection that is suspended may not be when the daemon ends: each job resumes its own. */
    while (atomic_load(&http->jobs) > 0 && fh_clock_mono_ms() < until_ms) {
        nanosleep(&(struct timespec){0, STOP_LOOK_MS * 1000000L}, NULL);
    }
    MHD_stop_daemon(http->daemon);
    if (fd >= 0) {
        close(fd);
    }
    fh_http_watch_stop(http);
    FH_ASSERT(atomic_load(&http->jobs) == 0);
    free_http(http);
}
