/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/sockets.h"

#include "common/limits.h"
#include "common/mem.h"

#include <nng/protocol/reqrep0/req.h>

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct fh_client_socket *all;

/* NNG's threads. NNG connects again by itself, but a session is gone with its connection. */
static void on_pipe(nng_pipe pipe, nng_pipe_ev event, void *user)
{
    struct fh_client_socket *socket = user;
    (void)pipe;
    if (event == NNG_PIPE_EV_ADD_PRE) {
        atomic_fetch_add(&socket->pipes, 1);
    } else {
        atomic_store(&socket->lost, true);
        atomic_fetch_sub(&socket->pipes, 1);
    }
}

static int open_socket(struct fh_client_socket *socket)
{
    int result = nng_req0_open(&socket->socket);
    if (result == 0) {
        result = nng_socket_set_ms(socket->socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE);
    }
    if (result == 0) {
        /* The 4 bytes are NNG's own request number. */
        result = nng_socket_set_size(
            socket->socket, NNG_OPT_RECVMAXSZ, (size_t)FH_FRAME_REPLY_BYTES_MAX + 4);
    }
    if (result == 0) {
        result = nng_pipe_notify(socket->socket, NNG_PIPE_EV_ADD_PRE, on_pipe, socket);
    }
    if (result == 0) {
        result = nng_pipe_notify(socket->socket, NNG_PIPE_EV_REM_POST, on_pipe, socket);
    }
    return result;
}

int fh_client_socket_take(struct fh_client_socket **out)
{
    pthread_mutex_lock(&lock);
    struct fh_client_socket *socket = all;
    while (socket != NULL && (socket->used || atomic_load(&socket->pipes) > 0)) {
        socket = socket->next;
    }
    if (socket != NULL) {
        socket->used = true;
        atomic_store(&socket->lost, false);
        pthread_mutex_unlock(&lock);
        *out = socket;
        return 0;
    }
    socket = fh_calloc(1, sizeof *socket);
    int result = socket == NULL ? NNG_ENOMEM : open_socket(socket);
    if (result == 0) {
        socket->used = true;
        socket->next = all;
        all = socket;
        *out = socket;
    } else {
        fh_free(socket);
    }
    pthread_mutex_unlock(&lock);
    return result;
}

void fh_client_socket_give(struct fh_client_socket *socket)
{
    pthread_mutex_lock(&lock);
    socket->used = false;
    pthread_mutex_unlock(&lock);
}
