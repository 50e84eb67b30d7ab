/* SPDX-License-Identifier: Apache-2.0 */
#include "common/assert.h"
#include "node/io/link_inside.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

void fh_pipes_init(struct fh_pipes *pipes, unsigned limit, unsigned per_group_limit)
{
    FH_ASSERT(limit <= FH_PIPES_MAX);
    FH_ASSERT(pthread_mutex_init(&pipes->mutex, NULL) == 0);
    pipes->limit = limit;
    pipes->per_group_limit = per_group_limit;
}

void fh_pipes_fini(struct fh_pipes *pipes)
{
    pthread_mutex_destroy(&pipes->mutex);
}

/* Under the mutex; NULL when it is not there. */
static struct fh_pipe *find(struct fh_pipes *pipes, uint32_t id)
{
    uint32_t index = id & ((1U << FH_PIPE_INDEX_BITS) - 1);
    return id != 0 && index < FH_PIPES_MAX && pipes->pipes[index].id == id ? &pipes->pipes[index]
                                                                           : NULL;
}

static void set_address(struct fh_pipe *pipe, const struct sockaddr *remote)
{
    static const uint8_t v4_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    const uint8_t *four = NULL;
    if (remote == NULL) {
        snprintf(pipe->address, sizeof pipe->address, "local");
        memset(pipe->group, 0xff, sizeof pipe->group);
        return;
    }
    if (remote->sa_family == AF_INET) {
        memcpy(&v4, remote, sizeof v4);
        four = (const uint8_t *)&v4.sin_addr;
    } else {
        memcpy(&v6, remote, sizeof v6);
        if (memcmp(v6.sin6_addr.s6_addr, v4_mapped, sizeof v4_mapped) == 0) {
            four = v6.sin6_addr.s6_addr + sizeof v4_mapped;
        }
    }
    if (four != NULL) {
        inet_ntop(AF_INET, four, pipe->address, sizeof pipe->address);
        memcpy(pipe->group, four, 4);
        pipe->group[4] = 4; /* no /64 of IPv6 that is routed looks so */
    } else {
        inet_ntop(AF_INET6, v6.sin6_addr.s6_addr, pipe->address, sizeof pipe->address);
        memcpy(pipe->group, v6.sin6_addr.s6_addr, sizeof pipe->group);
    }
}

uint32_t fh_pipes_add(struct fh_pipes *pipes, const struct sockaddr *remote, int64_t now_ms)
{
    struct fh_pipe pipe = {.opened_ms = now_ms, .active_ms = now_ms};
    set_address(&pipe, remote);
    pthread_mutex_lock(&pipes->mutex);
    unsigned same = 0;
    unsigned place = FH_PIPES_MAX;
    for (unsigned i = 0; i < FH_PIPES_MAX; i++) {
        const struct fh_pipe *other = &pipes->pipes[i];
        if (other->id == 0) {
            place = place == FH_PIPES_MAX ? i : place;
        } else if (!other->trusted && memcmp(other->group, pipe.group, sizeof pipe.group) == 0) {
            same++;
        }
    }
    if (pipes->count < pipes->limit && same < pipes->per_group_limit) {
        FH_ASSERT(place < FH_PIPES_MAX);
        pipes->generation = (pipes->generation + 1) % (1U << (32 - FH_PIPE_INDEX_BITS));
        pipes->generation += pipes->generation == 0;
        pipe.id = pipes->generation << FH_PIPE_INDEX_BITS | place;
        pipes->pipes[place] = pipe;
        pipes->count++;
    }
    pthread_mutex_unlock(&pipes->mutex);
    return pipe.id;
}

void fh_pipes_remove(struct fh_pipes *pipes, uint32_t id)
{
    pthread_mutex_lock(&pipes->mutex);
    struct fh_pipe *pipe = find(pipes, id);
    if (pipe != NULL) {
        pipe->id = 0;
        pipes->count--;
    }
    pthread_mutex_unlock(&pipes->mutex);
}

void fh_pipes_touch(struct fh_pipes *pipes,
                    uint32_t id,
                    int64_t now_ms,
                    char out_address[FH_PIPE_ADDRESS_BYTES])
{
    pthread_mutex_lock(&pipes->mutex);
    struct fh_pipe *pipe = find(pipes, id);
    FH_ASSERT(pipe != NULL);
    pipe->active_ms = now_ms;
    memcpy(out_address, pipe->address, FH_PIPE_ADDRESS_BYTES);
    pthread_mutex_unlock(&pipes->mutex);
}

int fh_pipes_trust(struct fh_pipes *pipes,
                   uint32_t id,
                   const uint8_t key[FH_LINK_KEY_BYTES],
                   struct fh_err *err)
{
    int code = FH_OK;
    pthread_mutex_lock(&pipes->mutex);
    struct fh_pipe *pipe = find(pipes, id);
    if (pipe == NULL) {
        code = FH_ENOTFOUND;
    } else if (!pipe->trusted) {
        unsigned same = 0;
        for (unsigned i = 0; i < FH_PIPES_MAX; i++) {
            const struct fh_pipe *other = &pipes->pipes[i];
            same +=
                other->id != 0 && other->trusted && memcmp(other->key, key, FH_LINK_KEY_BYTES) == 0;
        }
        if (same < FH_PIPES_PER_KEY_MAX) {
            pipe->trusted = true;
            memcpy(pipe->key, key, FH_LINK_KEY_BYTES);
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

bool fh_pipes_stand(struct fh_pipes *pipes, uint32_t id)
{
    pthread_mutex_lock(&pipes->mutex);
    const struct fh_pipe *pipe = find(pipes, id);
    bool stands = pipe != NULL && !pipe->unwanted;
    pthread_mutex_unlock(&pipes->mutex);
    return stands;
}

bool fh_pipes_unwant(struct fh_pipes *pipes, uint32_t id)
{
    pthread_mutex_lock(&pipes->mutex);
    struct fh_pipe *pipe = find(pipes, id);
    if (pipe != NULL) {
        pipe->unwanted = true;
    }
    pthread_mutex_unlock(&pipes->mutex);
    return pipe != NULL;
}

bool fh_pipes_ended(
    struct fh_pipes *pipes, uint32_t id, int64_t now_ms, int64_t handshake_ms, int64_t idle_ms)
{
    pthread_mutex_lock(&pipes->mutex);
    const struct fh_pipe *pipe = find(pipes, id);
    FH_ASSERT(pipe != NULL);
    bool late = !pipe->trusted && now_ms - pipe->opened_ms > handshake_ms;
    bool idle = now_ms - pipe->active_ms > idle_ms;
    bool ended = pipe->unwanted || late || idle;
    pthread_mutex_unlock(&pipes->mutex);
    return ended;
}

unsigned fh_pipes_count(struct fh_pipes *pipes)
{
    pthread_mutex_lock(&pipes->mutex);
    unsigned count = pipes->count;
    pthread_mutex_unlock(&pipes->mutex);
    return count;
}
