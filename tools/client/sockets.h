/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets: NNG REQ sockets that are used again instead of closed.
 *
 * nng_close() of NNG 1.5.2 may wait for ever when a connection is on its way out (nanomsg/nng
 * issue 1813, open until 1.8), so a library that opens and closes clients must not call it. A
 * socket that is given back keeps nothing but its number; it is handed out again when its last
 * connection is gone. There are as many as were ever in use at once, and a few that wait.
 *
 * Does not: dial. Thread: any. Ownership: the list owns the sockets until the process ends; it is
 * the library's only global state.
 */
#ifndef FH_TOOLS_CLIENT_SOCKETS_H
#define FH_TOOLS_CLIENT_SOCKETS_H

#include "common/compiler.h"

#include <nng/nng.h>
#include <stdatomic.h>
#include <stdbool.h>

struct fh_client_socket {
    nng_socket socket;
    atomic_bool lost; /* a connection broke since the socket was taken */
    atomic_int pipes; /* connections that stand or are on their way out */
    bool used;        /* private: guarded by the list's lock */
    struct fh_client_socket *next;
};

/* A socket without a connection. Returns an NNG error code, 0 is success. */
FH_MUST_CHECK int fh_client_socket_take(struct fh_client_socket **out);
/* Gives it back; its dialer and contexts are closed. */
void fh_client_socket_give(struct fh_client_socket *socket);

#endif
