/* SPDX-License-Identifier: Apache-2.0 */
#include "common/assert.h"
#include "node/io/link_inside.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

void fh_pipes_init(struct fh_pipes *pipes, unsigned limit, unsigned per_group_limit)
{
    FH_ASSERT(limit <= FH_PIPES_MAX);
    FH_ASSERT(pthread_mutex_init(&pipes->mutex, NULL) == 0);
    pipes->limit = limit;
    pipes->per_group_limit = per_group_limit;
    pipes->count = 0;
}

void fh_pipes_fini(struct fh_pipes *pipes)
{
    pthread_mutex_destroy(&pipes->mutex);
}

/* Under the mutex; FH_PIPES_MAX when it is not there. */
static unsigned find(const struct fh_pipes *pipes, uint32_t id)
{
    for (unsigned i = 0; i < pipes->count; i++) {
        if (pipes->ids[i] == id) {
            return i;
        }
    }
    return FH_PIPES_MAX;
}

static void set_address(struct fh_pipe *pipe, const nng_sockaddr *remote)
{
    if (remote->s_family == NNG_AF_INET) {
        inet_ntop(AF_INET, &remote->s_in.sa_addr, pipe->address, sizeof pipe->address);
        memcpy(pipe->group, &remote->s_in.sa_addr, sizeof remote->s_in.sa_addr);
        pipe->group[4] = 4;
    } else if (remote->s_family == NNG_AF_INET6) {
        inet_ntop(AF_INET6, remote->s_in6.sa_addr, pipe->address, sizeof pipe->address);
        memcpy(pipe->group, remote->s_in6.sa_addr, sizeof pipe->group);
    } else {
        snprintf(pipe->address, sizeof pipe->address, "local");
        memset(pipe->group, 0xff, sizeof pipe->group);
    }
}

bool fh_pipes_add(struct fh_pipes *pipes, uint32_t id, const nng_sockaddr *remote, int64_t now_ms)
{
    struct fh_pipe pipe = {.opened_ms = now_ms, .active_ms = now_ms};
    set_address(&pipe, remote);
    pthread_mutex_lock(&pipes->mutex);
    unsigned same = 0;
    for (unsigned i = 0; i < pipes->count; i++) {
        same += !pipes->pipes[i].trusted &&
                memcmp(pipes->pipes[i].group, pipe.group, sizeof pipe.group) == 0;
    }
    bool room = pipes->count < pipes->limit && same < pipes->per_group_limit;
    if (room) {
        pipes->ids[pipes->count] = id;
        pipes->pipes[pipes->count] = pipe;
        pipes->count++;
    }
    pthread_mutex_unlock(&pipes->mutex);
    return room;
}

bool fh_pipes_has(struct fh_pipes *pipes, uint32_t id)
{
    pthread_mutex_lock(&pipes->mutex);
    bool has = find(pipes, id) < FH_PIPES_MAX;
    pthread_mutex_unlock(&pipes->mutex);
    return has;
}

void fh_pipes_remove(struct fh_pipes *pipes, uint32_t id)
{
    pthread_mutex_lock(&pipes->mutex);
    unsigned at = find(pipes, id);
    if (at < FH_PIPES_MAX) {
        pipes->count--;
        pipes->ids[at] = pipes->ids[pipes->count];
        pipes->pipes[at] = pipes->pipes[pipes->count];
    }
    pthread_mutex_unlock(&pipes->mutex);
}

void fh_pipes_touch(struct fh_pipes *pipes,
                    uint32_t id,
                    int64_t now_ms,
                    char out_address[FH_PIPE_ADDRESS_BYTES])
{
    pthread_mutex_lock(&pipes->mutex);
    unsigned at = find(pipes, id);
    if (at < FH_PIPES_MAX) {
        pipes->pipes[at].active_ms = now_ms;
        memcpy(out_address, pipes->pipes[at].address, FH_PIPE_ADDRESS_BYTES);
    } else {
        out_address[0] = '\0';
    }
    pthread_mutex_unlock(&pipes->mutex);
}

int fh_pipes_trust(struct fh_pipes *pipes,
                   uint32_t id,
                   const uint8_t key[FH_LINK_KEY_BYTES],
                   struct fh_err *err)
{
    int code = FH_OK;
    pthread_mutex_lock(&pipes->mutex);
    unsigned at = find(pipes, id);
    if (at == FH_PIPES_MAX) {
        code = FH_ENOTFOUND;
    } else if (!pipes->pipes[at].trusted) {
        unsigned same = 0;
        for (unsigned i = 0; i < pipes->count; i++) {
            same +=
                pipes->pipes[i].trusted && memcmp(pipes->pipes[i].key, key, FH_LINK_KEY_BYTES) == 0;
        }
        if (same < FH_PIPES_PER_KEY_MAX) {
            pipes->pipes[at].trusted = true;
            memcpy(pipes->pipes[at].key, key, FH_LINK_KEY_BYTES);
        } else {
            code = FH_EBUSY;
        }
    }
    pthread_mutex_unlock(&pipes->mutex);
    if (code == FH_ENOTFOUND) {
        return fh_err_set(err, code, "the connection is gone");
    }
    if (code == FH_EBUSY) {
        return fh_err_rule(err,
                           code,
                           "link.pipes",
                           "%d other connections belong to this key; close one first",
                           FH_PIPES_PER_KEY_MAX);
    }
    return FH_OK;
}

unsigned fh_pipes_expired(struct fh_pipes *pipes,
                          int64_t now_ms,
                          int64_t handshake_ms,
                          int64_t idle_ms,
                          uint32_t out[FH_PIPES_MAX])
{
    unsigned count = 0;
    pthread_mutex_lock(&pipes->mutex);
    for (unsigned i = 0; i < pipes->count; i++) {
        const struct fh_pipe *pipe = &pipes->pipes[i];
        bool late = !pipe->trusted && now_ms - pipe->opened_ms > handshake_ms;
        bool idle = now_ms - pipe->active_ms > idle_ms;
        if (late || idle) {
            out[count++] = pipes->ids[i];
        }
    }
    pthread_mutex_unlock(&pipes->mutex);
    return count;
}

unsigned fh_pipes_count(struct fh_pipes *pipes)
{
    pthread_mutex_lock(&pipes->mutex);
    unsigned count = pipes->count;
    pthread_mutex_unlock(&pipes->mutex);
    return count;
}
