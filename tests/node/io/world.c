/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/node/io/world.h"

#include "common/time.h"
#include "tests/node/io/raw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

void world_answer(struct fh_call *call)
{
    struct fh_bytes frame = fh_call_frame(call);
    struct fh_message *reply = fh_message_new(frame.size);
    uint8_t *out = fh_message_data(reply);
    for (size_t i = 0; i < frame.size; i++) {
        out[i] = frame.data[frame.size - 1 - i];
    }
    fh_call_reply(call, reply);
}

static void *pool_main(void *user)
{
    struct pool *pool = user;
    pthread_mutex_lock(&pool->mutex);
    for (;;) {
        while (pool->count == 0 && !pool->stopping) {
            pthread_cond_wait(&pool->filled, &pool->mutex);
        }
        if (pool->count == 0) {
            break;
        }
        struct fh_call *call = pool->calls[--pool->count];
        pthread_mutex_unlock(&pool->mutex);
        world_answer(call);
        pthread_mutex_lock(&pool->mutex);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

static void pool_start(struct pool *pool)
{
    *pool = (struct pool){.count = 0};
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->filled, NULL);
    for (int i = 0; i < POOL_THREADS; i++) {
        assert_int_equal(pthread_create(&pool->threads[i], NULL, pool_main, pool), 0);
    }
}

static void pool_stop(struct pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->filled);
    pthread_mutex_unlock(&pool->mutex);
    for (int i = 0; i < POOL_THREADS; i++) {
        pthread_join(pool->threads[i], NULL);
    }
    pthread_cond_destroy(&pool->filled);
    pthread_mutex_destroy(&pool->mutex);
}

static void on_call(struct fh_call *call, void *user)
{
    static const uint8_t key[FH_LINK_KEY_BYTES] = {1};
    struct world *w = user;
    w->calls++;
    w->last_pipe = fh_call_pipe(call);
    snprintf(w->last_address, sizeof w->last_address, "%s", fh_call_address(call));
    switch (w->serve) {
    case SERVE_POOL:
        pthread_mutex_lock(&w->pool.mutex);
        w->pool.calls[w->pool.count++] = call;
        pthread_cond_signal(&w->pool.filled);
        pthread_mutex_unlock(&w->pool.mutex);
        return;
    case SERVE_HOLD:
        w->held[w->held_count++] = call;
        return;
    case SERVE_DROP:
        fh_call_drop(call);
        return;
    case SERVE_TRUST:
        w->trust_code = fh_link_trust(w->server, w->last_pipe, key, NULL);
        world_answer(call);
        return;
    case SERVE_HERE:
    default:
        world_answer(call);
        return;
    }
}

static void no_call(struct fh_call *call, void *user)
{
    (void)call;
    (void)user;
    fail_msg("a calling link got a call");
}

/* The link runs on the loop of the test. */
static void run_loop(void *user)
{
    struct world *w = user;
    fh_loop_run_once(w->loop, 0);
}

void world_set_up(struct world *w, enum serve serve, const struct fh_link_options *options)
{
    struct fh_err err;
    *w = (struct world){.serve = serve};
    if (serve == SERVE_POOL) {
        pool_start(&w->pool);
    }
    assert_int_equal(fh_loop_new(&w->loop, &err), FH_OK);
    raw_meanwhile(run_loop, w);
    assert_int_equal(fh_inbox_new(&w->inbox, w->loop, &err), FH_OK);
    assert_int_equal(fh_link_new(&w->server, w->loop, w->inbox, options, on_call, w, &err), FH_OK);
    assert_int_equal(fh_link_listen(w->server, "127.0.0.1:0", &err), FH_OK);
    assert_int_equal(fh_link_new(&w->client, w->loop, w->inbox, options, no_call, w, &err), FH_OK);
    snprintf(w->address, sizeof w->address, "127.0.0.1:%u", (unsigned)fh_link_port(w->server));
}

static void drain(struct world *w, struct fh_link *link)
{
    int64_t end_ms = fh_clock_mono_ms() + WAIT_MS;
    while (!fh_link_drained(link) && fh_clock_mono_ms() < end_ms) {
        fh_loop_run_once(w->loop, 10);
    }
    assert_true(fh_link_drained(link));
}

void world_tear_down(struct world *w)
{
    fh_link_quiesce(w->client);
    fh_link_quiesce(w->client); /* idempotent */
    drain(w, w->client);
    fh_link_free(w->client);
    fh_link_quiesce(w->server);
    while (w->held_count > 0) {
        fh_call_drop(w->held[--w->held_count]);
    }
    drain(w, w->server);
    if (w->serve == SERVE_POOL) {
        pool_stop(&w->pool);
    }
    fh_link_free(w->server);
    fh_inbox_free(w->inbox);
    raw_meanwhile(NULL, NULL);
    fh_loop_free(w->loop);
}

void world_run_until(struct world *w, const unsigned *count, unsigned wanted)
{
    int64_t end_ms = fh_clock_mono_ms() + WAIT_MS;
    while (*count < wanted && fh_clock_mono_ms() < end_ms) {
        fh_loop_run_once(w->loop, 50);
    }
    assert_true(*count >= wanted);
}

void world_run_for(struct world *w, int64_t ms)
{
    int64_t end_ms = fh_clock_mono_ms() + ms;
    while (fh_clock_mono_ms() < end_ms) {
        fh_loop_run_once(w->loop, 5);
    }
}

void world_on_end(struct fh_message *reply, const struct fh_err *err, void *user)
{
    struct end *end = user;
    end->count++;
    assert_true((reply != NULL) == (err == NULL));
    end->code = err != NULL ? err->code : FH_OK;
    snprintf(end->text, sizeof end->text, "%s", err != NULL ? err->text : "");
    end->reply_bytes = reply != NULL ? fh_message_size(reply) : 0;
    fh_message_free(reply);
}

struct fh_dialer *world_dial(struct world *w, const char *address)
{
    struct fh_dialer *dialer = NULL;
    assert_int_equal(fh_dialer_open(&dialer, w->client, address, NULL), FH_OK);
    return dialer;
}

void world_request(struct fh_dialer *dialer, size_t size, int64_t timeout_ms, struct end *end)
{
    *end = (struct end){.count = 0};
    struct fh_message *frame = fh_message_new(size);
    memset(fh_message_data(frame), 'q', size);
    assert_int_equal(fh_dialer_request(dialer, frame, timeout_ms, world_on_end, end, NULL, NULL),
                     FH_OK);
}
