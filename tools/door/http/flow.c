/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/http/flow.h"

#include "common/assert.h"
#include "common/limits.h"
#include "common/mem.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

struct fh_http_flow {
    atomic_uint references;
    pthread_mutex_t lock;
    pthread_cond_t room; /* was made, or nobody takes any more */
    fh_http_flow_wake_fn *wake;
    void *user;
    bool sleeping; /* the taker found nothing and waits to be woken */
    bool left;     /* the taker is gone */
    bool hung_up;
    bool ended;
    bool whole;
    struct freehold_client *client; /* the maker waits in a call of it */
    uint64_t taken;                 /* bytes, ever */
    size_t capacity;
    size_t first; /* of what is in the ring */
    size_t used;
    uint8_t ring[];
};

struct fh_http_flow *fh_http_flow_new(size_t bytes, fh_http_flow_wake_fn *wake, void *user)
{
    FH_ASSERT(bytes > 0 && bytes <= FH_HTTP_FLOW_BYTES);
    struct fh_http_flow *flow = fh_alloc(sizeof *flow + bytes);
    if (flow == NULL) {
        return NULL;
    }
    *flow = (struct fh_http_flow){.wake = wake, .user = user, .capacity = bytes};
    atomic_init(&flow->references, 2);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&flow->room, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&flow->lock, NULL);
    return flow;
}

void fh_http_flow_drop(struct fh_http_flow *flow)
{
    if (flow == NULL || atomic_fetch_sub(&flow->references, 1) > 1) {
        return;
    }
    pthread_cond_destroy(&flow->room);
    pthread_mutex_destroy(&flow->lock);
    fh_free(flow);
}

/* ---- the maker ---- */

static void wake_taker(struct fh_http_flow *flow)
{
    if (flow->sleeping && !flow->left) {
        flow->sleeping = false;
        flow->wake(flow->user);
    }
}

static int closed(struct fh_err *err)
{
    return fh_err_rule(err, FH_ECANCELLED, "http.closed", "whoever asked has hung up");
}

/* Waits until the ring has room; under the lock. */
static int wait_for_room(struct fh_http_flow *flow, struct fh_err *err)
{
    while (flow->used == flow->capacity && !flow->left && !flow->hung_up) {
        struct timespec until;
        uint64_t before = flow->taken;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += FH_HTTP_IDLE_MS / 1000;
        int waited = 0;
        while (waited == 0 && flow->used == flow->capacity && !flow->left && !flow->hung_up) {
            waited = pthread_cond_timedwait(&flow->room, &flow->lock, &until);
        }
        if (waited == ETIMEDOUT && flow->taken == before) {
            return fh_err_rule(err,
                               FH_ETIMEOUT,
                               "http.stalled",
                               "nothing of the answer was taken for %d s",
                               FH_HTTP_IDLE_MS / 1000);
        }
    }
    return flow->left || flow->hung_up ? closed(err) : FH_OK;
}

int fh_http_flow_write(struct fh_http_flow *flow, struct fh_bytes bytes, struct fh_err *err)
{
    int code = FH_OK;
    pthread_mutex_lock(&flow->lock);
    FH_ASSERT(!flow->ended);
    do {
        code = wait_for_room(flow, err);
        size_t end = (flow->first + flow->used) % flow->capacity;
        size_t gap = flow->capacity - flow->used;
        size_t piece = bytes.size < gap ? bytes.size : gap;
        size_t straight = flow->capacity - end < piece ? flow->capacity - end : piece;
        if (code == FH_OK && piece > 0) {
            memcpy(flow->ring + end, bytes.data, straight);
            memcpy(flow->ring, bytes.data + straight, piece - straight);
            flow->used += piece;
            bytes = fh_bytes(bytes.data + piece, bytes.size - piece);
            wake_taker(flow);
        }
    } while (code == FH_OK && bytes.size > 0);
    pthread_mutex_unlock(&flow->lock);
    return code;
}

void fh_http_flow_end(struct fh_http_flow *flow, bool whole)
{
    pthread_mutex_lock(&flow->lock);
    flow->ended = true;
    flow->whole = whole;
    wake_taker(flow);
    pthread_mutex_unlock(&flow->lock);
}

int fh_http_flow_waits(struct fh_http_flow *flow,
                       struct freehold_client *client,
                       struct fh_err *err)
{
    pthread_mutex_lock(&flow->lock);
    bool gone = flow->left || flow->hung_up;
    flow->client = gone ? NULL : client;
    pthread_mutex_unlock(&flow->lock);
    return gone && client != NULL ? closed(err) : FH_OK;
}

/* ---- the taker ---- */

enum fh_http_flow_state fh_http_flow_read(
    struct fh_http_flow *flow, void *to, size_t size, size_t *out_size, void (*suspend)(void *user))
{
    enum fh_http_flow_state state = FH_HTTP_FLOW_DATA;
    pthread_mutex_lock(&flow->lock);
    size_t piece = flow->used < size ? flow->used : size;
    size_t straight = flow->capacity - flow->first < piece ? flow->capacity - flow->first : piece;
    if (piece > 0) {
        memcpy(to, flow->ring + flow->first, straight);
        memcpy((uint8_t *)to + straight, flow->ring, piece - straight);
        flow->first = (flow->first + piece) % flow->capacity;
        flow->used -= piece;
        flow->taken += piece;
        pthread_cond_signal(&flow->room);
    } else if (flow->ended) {
        state = flow->whole ? FH_HTTP_FLOW_WHOLE : FH_HTTP_FLOW_CUT;
    } else {
        state = FH_HTTP_FLOW_NOTHING;
        flow->sleeping = true;
        suspend(flow->user);
    }
    *out_size = piece;
    pthread_mutex_unlock(&flow->lock);
    return state;
}

/* Under the lock. */
static void stop_maker(struct fh_http_flow *flow)
{
    pthread_cond_signal(&flow->room);
    if (flow->client != NULL) {
        freehold_interrupt(flow->client);
        flow->client = NULL;
    }
}

void fh_http_flow_leave(struct fh_http_flow *flow)
{
    pthread_mutex_lock(&flow->lock);
    flow->left = true;
    stop_maker(flow);
    pthread_mutex_unlock(&flow->lock);
}

void fh_http_flow_hang_up(struct fh_http_flow *flow)
{
    pthread_mutex_lock(&flow->lock);
    flow->hung_up = true;
    stop_maker(flow);
    pthread_mutex_unlock(&flow->lock);
}
