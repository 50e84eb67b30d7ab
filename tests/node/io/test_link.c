/* SPDX-License-Identifier: Apache-2.0 */
/* The link over real sockets: what arrives, what is refused, and how it ends. */
#include "common/mem.h"
#include "common/time.h"
#include "node/io/inbox.h"
#include "node/io/link.h"
#include "node/io/loop.h"
#include "tests/node/io/raw.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { WAIT_MS = 20000, POOL_THREADS = 3, POOL_CALLS_MAX = FH_LINK_CONTEXTS };

/* ---- a pool that answers calls from other threads ---- */

struct pool {
    pthread_mutex_t mutex;
    pthread_cond_t filled;
    bool stopping;
    unsigned count;
    struct fh_call *calls[POOL_CALLS_MAX];
    pthread_t threads[POOL_THREADS];
};

/* Answers with the request's bytes turned round, so that an answer shows whose it is. */
static void answer(struct fh_call *call)
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
        answer(call);
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

/* ---- a world: one loop, a serving link, a calling link ---- */

enum serve { SERVE_POOL, SERVE_HERE, SERVE_HOLD, SERVE_DROP, SERVE_TRUST };

struct world {
    struct fh_loop *loop;
    struct fh_inbox *inbox;
    struct fh_link *server;
    struct fh_link *client;
    char address[32];
    enum serve serve;
    struct pool pool;
    unsigned calls;
    uint32_t last_pipe;
    char last_address[64];
    unsigned held_count;
    struct fh_call *held[FH_LINK_CONTEXTS];
    int trust_code; /* of the last SERVE_TRUST */
};

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
        answer(call);
        return;
    case SERVE_HERE:
    default:
        answer(call);
        return;
    }
}

static void no_call(struct fh_call *call, void *user)
{
    (void)call;
    (void)user;
    fail_msg("a calling link got a call");
}

static void set_up(struct world *w, enum serve serve, const struct fh_link_options *options)
{
    struct fh_err err;
    *w = (struct world){.serve = serve};
    if (serve == SERVE_POOL) {
        pool_start(&w->pool);
    }
    assert_int_equal(fh_loop_new(&w->loop, &err), FH_OK);
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

static void tear_down(struct world *w)
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
    fh_loop_free(w->loop);
}

/* Runs the loop until `*count` has reached `wanted`. */
static void run_until(struct world *w, const unsigned *count, unsigned wanted)
{
    int64_t end_ms = fh_clock_mono_ms() + WAIT_MS;
    while (*count < wanted && fh_clock_mono_ms() < end_ms) {
        fh_loop_run_once(w->loop, 50);
    }
    assert_true(*count >= wanted);
}

static void run_for(struct world *w, int64_t ms)
{
    int64_t end_ms = fh_clock_mono_ms() + ms;
    while (fh_clock_mono_ms() < end_ms) {
        fh_loop_run_once(w->loop, 5);
    }
}

/* ---- a request and how it ended ---- */

struct end {
    unsigned count;
    int code;
    char text[FH_ERR_TEXT_BYTES];
    size_t reply_bytes;
};

static void on_end(struct fh_message *reply, const struct fh_err *err, void *user)
{
    struct end *end = user;
    end->count++;
    end->code = err->code;
    snprintf(end->text, sizeof end->text, "%s", err->text);
    assert_true((reply != NULL) == (err->code == FH_OK));
    end->reply_bytes = reply != NULL ? fh_message_size(reply) : 0;
    fh_message_free(reply);
}

static struct fh_dialer *dial(struct world *w, const char *address)
{
    struct fh_dialer *dialer = NULL;
    assert_int_equal(fh_dialer_open(&dialer, w->client, address, NULL), FH_OK);
    return dialer;
}

static void request(struct fh_dialer *dialer, size_t size, int64_t timeout_ms, struct end *end)
{
    *end = (struct end){.count = 0};
    struct fh_message *frame = fh_message_new(size);
    memset(fh_message_data(frame), 'q', size);
    assert_int_equal(fh_dialer_request(dialer, frame, timeout_ms, on_end, end, NULL, NULL), FH_OK);
}

/* ---- many requests in flight ---- */

enum { ECHOES = 1600, ECHO_BYTES = 200, STREAMS = FH_LIMIT(16, FH_DIALER_REQUESTS_MAX) };

struct echo {
    struct fh_dialer *dialer;
    unsigned *started;
    unsigned *done;
    uint8_t sent[ECHO_BYTES];
};

static void send_echo(struct echo *echo);

static void on_echo(struct fh_message *reply, const struct fh_err *err, void *user)
{
    struct echo *echo = user;
    assert_int_equal(err->code, FH_OK);
    assert_int_equal(fh_message_size(reply), ECHO_BYTES);
    const uint8_t *got = fh_message_data(reply);
    for (size_t i = 0; i < ECHO_BYTES; i++) {
        assert_int_equal(got[i], echo->sent[ECHO_BYTES - 1 - i]);
    }
    fh_message_free(reply);
    ++*echo->done;
    if (*echo->started < ECHOES) {
        send_echo(echo);
    }
}

static void send_echo(struct echo *echo)
{
    unsigned number = (*echo->started)++;
    for (size_t i = 0; i < ECHO_BYTES; i++) {
        echo->sent[i] = (uint8_t)(number * 7 + i * 13);
    }
    struct fh_message *frame = fh_message_copy(fh_bytes(echo->sent, ECHO_BYTES));
    assert_int_equal(fh_dialer_request(echo->dialer, frame, WAIT_MS, on_echo, echo, NULL, NULL),
                     FH_OK);
}

static void echo_all(enum serve serve)
{
    struct world w;
    set_up(&w, serve, NULL);
    struct fh_dialer *dialer = dial(&w, w.address);
    unsigned started = 0;
    unsigned done = 0;
    struct echo echoes[STREAMS];
    for (unsigned i = 0; i < STREAMS; i++) {
        echoes[i] = (struct echo){.dialer = dialer, .started = &started, .done = &done};
        send_echo(&echoes[i]);
    }
    run_until(&w, &done, ECHOES);
    assert_int_equal(w.calls, ECHOES);
    assert_string_equal(w.last_address, "127.0.0.1");
    assert_int_equal(fh_dialer_in_flight(dialer), 0);
    fh_dialer_close(dialer);
    tear_down(&w);
}

static void test_echo_here(void **state)
{
    (void)state;
    echo_all(SERVE_HERE);
}

static void test_echo_pool(void **state)
{
    (void)state;
    echo_all(SERVE_POOL);
}

static void test_local_socket(void **state)
{
    (void)state;
    struct world w;
    struct end end;
    char path[64];
    set_up(&w, SERVE_HERE, NULL);
    snprintf(path, sizeof path, "ipc:///tmp/fh_test_link.%d", (int)getpid());
    assert_int_equal(fh_link_listen(w.server, path, NULL), FH_OK);
    request(dial(&w, path), 10, WAIT_MS, &end);
    run_until(&w, &end.count, 1);
    assert_int_equal(end.code, FH_OK);
    assert_string_equal(w.last_address, "local");
    tear_down(&w);
}

/* ---- sizes ---- */

static void test_largest_frames(void **state)
{
    (void)state;
    struct world w;
    struct end end;
    set_up(&w, SERVE_HERE, NULL);
    struct fh_dialer *dialer = dial(&w, w.address);
    request(dialer, FH_FRAME_REQUEST_BYTES_MAX, WAIT_MS, &end);
    run_until(&w, &end.count, 1);
    assert_int_equal(end.code, FH_OK);
    assert_int_equal(end.reply_bytes, FH_FRAME_REQUEST_BYTES_MAX);

    struct fh_err err;
    struct fh_message *frame = fh_message_new(FH_FRAME_REQUEST_BYTES_MAX + 1);
    assert_int_equal(fh_dialer_request(dialer, frame, WAIT_MS, on_end, &end, NULL, &err),
                     FH_ETOOBIG);
    assert_int_equal(end.count, 1);

    /* The largest reply passes as well. */
    w.serve = SERVE_HOLD;
    request(dialer, 1, WAIT_MS, &end);
    run_until(&w, &w.held_count, 1);
    fh_call_reply(w.held[--w.held_count], fh_message_new(FH_FRAME_REPLY_BYTES_MAX));
    run_until(&w, &end.count, 1);
    assert_int_equal(end.code, FH_OK);
    assert_int_equal(end.reply_bytes, FH_FRAME_REPLY_BYTES_MAX);
    tear_down(&w);
}

/* What a hostile caller may announce as a message's length. */
static void test_oversize_request(void **state)
{
    (void)state;
    static const uint64_t lengths[] = {
        FH_FRAME_REQUEST_BYTES_MAX + 5,
        (uint64_t)FH_FRAME_REPLY_BYTES_MAX * 4,
        (uint64_t)1 << 32,
        (uint64_t)1 << 60,
        UINT64_MAX - 3,
        UINT64_MAX,
    };
    struct world w;
    struct end end;
    set_up(&w, SERVE_HERE, NULL);
    for (size_t i = 0; i < FH_COUNT(lengths); i++) {
        int fd = raw_connect(fh_link_port(w.server), RAW_REQ);
        assert_true(fd >= 0);
        assert_true(raw_send_length(fd, lengths[i]));
        assert_true(raw_closed(fd, 2000));
        raw_close(fd);
    }
    assert_int_equal(w.calls, 0);
    request(dial(&w, w.address), 10, WAIT_MS, &end); /* and goes on serving */
    run_until(&w, &end.count, 1);
    assert_int_equal(end.code, FH_OK);
    tear_down(&w);
}

/* ---- a serving end that misbehaves, run in a thread ---- */

enum fault { FAULT_OVERSIZE, FAULT_HANG_UP, FAULT_SILENT };

struct faulty {
    int listener;
    uint16_t port;
    enum fault fault;
    atomic_uint requests;
    pthread_t thread;
};

static void *faulty_main(void *user)
{
    static uint8_t message[FH_FRAME_REQUEST_BYTES_MAX];
    struct faulty *f = user;
    for (;;) {
        int fd = raw_accept(f->listener, RAW_REP);
        if (fd < 0) {
            return NULL;
        }
        if (raw_receive(fd, message, sizeof message) >= 0) {
            atomic_fetch_add(&f->requests, 1);
            if (f->fault == FAULT_OVERSIZE) {
                raw_send_length(fd, FH_FRAME_REPLY_BYTES_MAX + 5);
                raw_closed(fd, 2000);
            } else if (f->fault == FAULT_SILENT) {
                raw_closed(fd, 5000);
            }
        }
        raw_close(fd);
    }
}

static void faulty_start(struct faulty *f, enum fault fault)
{
    *f = (struct faulty){.fault = fault};
    f->listener = raw_listen(&f->port);
    assert_true(f->listener >= 0);
    assert_int_equal(pthread_create(&f->thread, NULL, faulty_main, f), 0);
}

static void faulty_stop(struct faulty *f)
{
    shutdown(f->listener, SHUT_RDWR);
    pthread_join(f->thread, NULL);
    raw_close(f->listener);
}

/* A request whose connection breaks fails once and is never sent again. */
static void test_faulty_servers(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum fault fault;
        int64_t timeout_ms;
        int code;
    } rows[] = {
        {"oversize reply", FAULT_OVERSIZE, 3000, FH_EUNREACH},
        {"hangs up", FAULT_HANG_UP, 3000, FH_EUNREACH},
        {"says nothing", FAULT_SILENT, 300, FH_ETIMEOUT},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct world w;
        struct end end;
        struct faulty faulty;
        char address[32];
        print_message("%s\n", rows[i].name);
        set_up(&w, SERVE_HERE, NULL);
        faulty_start(&faulty, rows[i].fault);
        snprintf(address, sizeof address, "127.0.0.1:%u", (unsigned)faulty.port);
        request(dial(&w, address), 100, rows[i].timeout_ms, &end);
        run_until(&w, &end.count, 1);
        assert_int_equal(end.code, rows[i].code);
        run_for(&w, 700); /* time for a resend that must not come */
        assert_int_equal(end.count, 1);
        assert_int_equal(atomic_load(&faulty.requests), 1);
        tear_down(&w);
        faulty_stop(&faulty);
    }
}

static void test_unreachable(void **state)
{
    (void)state;
    struct world w;
    struct end end;
    struct fh_link_options options = {.connect_ms = 300};
    set_up(&w, SERVE_HERE, &options);
    uint16_t port;
    int listener = raw_listen(&port); /* a port that nobody listens on in a moment */
    raw_close(listener);
    char address[32];
    snprintf(address, sizeof address, "127.0.0.1:%u", (unsigned)port);
    int64_t start_ms = fh_clock_mono_ms();
    struct fh_dialer *dialer = dial(&w, address);
    request(dialer, 10, WAIT_MS, &end);
    run_until(&w, &end.count, 1);
    assert_int_equal(end.code, FH_EUNREACH);
    assert_non_null(strstr(end.text, address));
    assert_true(fh_clock_mono_ms() - start_ms < 3000);
    fh_dialer_close(dialer);
    tear_down(&w);
}

static void test_cancel(void **state)
{
    (void)state;
    struct world w;
    set_up(&w, SERVE_HOLD, NULL);
    struct fh_dialer *dialer = dial(&w, w.address);
    struct end ends[3] = {{0}};
    uint64_t numbers[3];
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(
            fh_dialer_request(
                dialer, fh_message_new(8), WAIT_MS, on_end, &ends[i], &numbers[i], NULL),
            FH_OK);
    }
    fh_dialer_cancel(dialer, numbers[0]); /* perhaps not sent yet */
    fh_dialer_cancel(dialer, 999);        /* unknown */
    run_until(&w, &w.held_count, 2);
    fh_dialer_cancel(dialer, numbers[1]); /* waits for its reply */
    run_until(&w, &ends[0].count, 1);
    run_until(&w, &ends[1].count, 1);
    assert_int_equal(ends[0].code, FH_ECANCELLED);
    assert_int_equal(ends[1].code, FH_ECANCELLED);
    assert_int_equal(ends[2].count, 0);
    fh_dialer_close(dialer); /* ends the third */
    run_until(&w, &ends[2].count, 1);
    assert_int_equal(ends[2].code, FH_ECANCELLED);
    tear_down(&w);
    assert_int_equal(ends[0].count + ends[1].count + ends[2].count, 3);
}

static void test_too_many_requests(void **state)
{
    (void)state;
    struct world w;
    struct fh_err err;
    struct end end = {0};
    set_up(&w, SERVE_HOLD, NULL);
    struct fh_dialer *dialer = dial(&w, w.address);
    for (unsigned i = 0; i < FH_DIALER_REQUESTS_MAX; i++) {
        assert_int_equal(
            fh_dialer_request(dialer, fh_message_new(8), WAIT_MS, on_end, &end, NULL, NULL), FH_OK);
    }
    assert_int_equal(
        fh_dialer_request(dialer, fh_message_new(8), WAIT_MS, on_end, &end, NULL, &err), FH_EBUSY);
    assert_string_equal(err.rule, "link.requests");
    tear_down(&w);
    assert_int_equal(end.count, FH_DIALER_REQUESTS_MAX);
}

/* More peers in turn than there are sockets: they are used again. */
static void test_many_peers_in_turn(void **state)
{
    (void)state;
    struct world w;
    struct end end;
    set_up(&w, SERVE_HERE, NULL);
    for (unsigned i = 0; i < 60; i++) {
        struct fh_dialer *dialer = dial(&w, w.address);
        request(dialer, 50, WAIT_MS, &end);
        if (i % 3 != 0) {
            run_until(&w, &end.count, 1);
            assert_int_equal(end.code, FH_OK);
        }
        fh_dialer_close(dialer);
        run_until(&w, &end.count, 1);
    }
    tear_down(&w);

    struct fh_err err;
    set_up(&w, SERVE_HERE, NULL);
    struct fh_dialer *dialer;
    for (unsigned i = 0; i < FH_DIALERS_MAX; i++) {
        assert_int_equal(fh_dialer_open(&dialer, w.client, w.address, &err), FH_OK);
    }
    assert_int_equal(fh_dialer_open(&dialer, w.client, w.address, &err), FH_EBUSY);
    tear_down(&w);
}

/* ---- connections ---- */

static void test_half_open(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t sent; /* bytes of a message of 1000 that are sent; 0: only the greeting */
    } rows[] = {
        {"greeting and nothing more", 0},
        {"half a message", 500},
        {"a message that shows no session", 1000},
    };
    struct fh_link_options options = {.handshake_ms = 300};
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct world w;
        static const uint8_t zeros[1000];
        print_message("%s\n", rows[i].name);
        set_up(&w, SERVE_DROP, &options);
        int fd = raw_connect(fh_link_port(w.server), RAW_REQ);
        assert_true(fd >= 0);
        if (rows[i].sent == 1000) {
            assert_true(raw_send_request(fd, 1, zeros, 1000));
        } else if (rows[i].sent > 0) {
            assert_true(raw_send_length(fd, 1000));
            assert_true(raw_send(fd, zeros, rows[i].sent));
        }
        int64_t start_ms = fh_clock_mono_ms();
        run_for(&w, 150);
        assert_false(raw_closed(fd, 0));
        run_for(&w, 600);
        assert_true(raw_closed(fd, 0));
        assert_true(fh_clock_mono_ms() - start_ms < 5000);
        assert_int_equal(fh_link_counters(w.server).pipes_expired > 0, 1);
        assert_int_equal(fh_link_counters(w.server).pipes, 0);
        raw_close(fd);
        tear_down(&w);
    }
}

/* Trust lifts the handshake deadline; silence ends even a trusted connection. */
static void test_trusted_and_idle(void **state)
{
    (void)state;
    struct fh_link_options options = {.handshake_ms = 200, .idle_ms = 900};
    struct world w;
    uint8_t reply[64];
    set_up(&w, SERVE_TRUST, &options);
    int fd = raw_connect(fh_link_port(w.server), RAW_REQ);
    assert_true(raw_send_request(fd, 1, "hello", 5));
    run_until(&w, &w.calls, 1);
    assert_int_equal(raw_receive(fd, reply, sizeof reply), 4 + 5);
    assert_int_equal(w.trust_code, FH_OK);
    run_for(&w, 500);
    assert_false(raw_closed(fd, 0));
    run_for(&w, 1200);
    assert_true(raw_closed(fd, 0));
    raw_close(fd);
    assert_int_equal(fh_link_trust(w.server, w.last_pipe, reply, NULL), FH_ENOTFOUND);
    fh_link_disconnect(w.server, w.last_pipe); /* gone: nothing happens */
    tear_down(&w);
}

static void test_connection_caps(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct fh_link_options options;
        unsigned allowed;
    } rows[] = {
        {"from one address", {.unauthenticated_per_address_max = 3}, 3},
        {"in all", {.pipes_max = 2}, 2},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct world w;
        struct end end;
        int fds[12];
        unsigned open = 0;
        print_message("%s\n", rows[i].name);
        set_up(&w, SERVE_HERE, &rows[i].options);
        for (unsigned k = 0; k < FH_COUNT(fds); k++) {
            fds[k] = raw_connect(fh_link_port(w.server), RAW_REQ);
        }
        run_for(&w, 300);
        for (unsigned k = 0; k < FH_COUNT(fds); k++) {
            open += fds[k] >= 0 && !raw_closed(fds[k], 0);
        }
        assert_int_equal(open, rows[i].allowed);
        assert_int_equal(fh_link_counters(w.server).pipes_refused, FH_COUNT(fds) - rows[i].allowed);
        for (unsigned k = 0; k < FH_COUNT(fds); k++) {
            if (fds[k] >= 0) {
                raw_close(fds[k]);
            }
        }
        run_for(&w, 200);
        request(dial(&w, w.address), 10, WAIT_MS, &end); /* room again */
        run_until(&w, &end.count, 1);
        assert_int_equal(end.code, FH_OK);
        tear_down(&w);
    }
}

static void test_caps_of_a_key(void **state)
{
    (void)state;
    struct world w;
    int fds[FH_PIPES_PER_KEY_MAX + 1];
    set_up(&w, SERVE_TRUST, NULL);
    for (unsigned i = 0; i < FH_COUNT(fds); i++) {
        fds[i] = raw_connect(fh_link_port(w.server), RAW_REQ);
        assert_true(fds[i] >= 0);
        assert_true(raw_send_request(fds[i], i, "x", 1));
        run_until(&w, &w.calls, i + 1);
        assert_int_equal(w.trust_code, i < FH_PIPES_PER_KEY_MAX ? FH_OK : FH_EBUSY);
    }
    for (unsigned i = 0; i < FH_COUNT(fds); i++) {
        raw_close(fds[i]);
    }
    tear_down(&w);
}

/* ---- addresses ---- */

static void test_addresses(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "7400",
        ":7400",
        "host",
        "host:",
        "host:0x10",
        "host:65536",
        "host:99999999999",
        "host:74 00",
        "::1:7400",
        "[::1:7400",
        "[]:7400",
        "[::1]7400",
        "ho st:7400",
        "tcp://host:7400",
        "inproc://x",
        "ws://host:80",
        "tls+tcp://host:7400",
        "ipc://relative",
        "ipc:///0123456789012345678901234567890123456789012345678901234567890123456789"
        "01234567890123456789012345678901234567890123456789012345678901234567890123456789",
    };
    struct world w;
    set_up(&w, SERVE_HERE, NULL);
    for (size_t i = 0; i < FH_COUNT(bad); i++) {
        struct fh_err err;
        struct fh_dialer *dialer = NULL;
        assert_int_equal(fh_dialer_open(&dialer, w.client, bad[i], &err), FH_EINVAL);
        assert_true(err.text[0] != '\0');
        assert_int_equal(fh_link_listen(w.server, bad[i], &err), FH_EINVAL);
    }
    tear_down(&w);
}

static void test_port_in_use(void **state)
{
    (void)state;
    struct world w;
    struct fh_err err;
    set_up(&w, SERVE_HERE, NULL);
    assert_int_equal(fh_link_listen(w.client, w.address, &err), FH_EEXIST);
    assert_string_equal(err.rule, "listen.in_use");
    assert_non_null(strstr(err.text, w.address));
    assert_int_equal(fh_link_listen(w.client, "192.0.2.1:7400", &err), FH_EIO);
    tear_down(&w);
}

/* ---- the end ---- */

static void test_quiesced_refuses(void **state)
{
    (void)state;
    struct world w;
    struct end end = {0};
    set_up(&w, SERVE_HERE, NULL);
    struct fh_dialer *dialer = dial(&w, w.address);
    struct fh_dialer *other = NULL;
    assert_false(fh_link_drained(w.client));
    fh_link_quiesce(w.client);
    assert_int_equal(
        fh_dialer_request(dialer, fh_message_new(4), WAIT_MS, on_end, &end, NULL, NULL), FH_ESTATE);
    assert_int_equal(fh_dialer_open(&other, w.client, w.address, NULL), FH_ESTATE);
    assert_int_equal(end.count, 0);
    tear_down(&w);
}

struct load {
    struct fh_dialer *dialer;
    unsigned ended;
    unsigned started;
    bool stop;
};

static void send_load(struct load *load);

static void on_load(struct fh_message *reply, const struct fh_err *err, void *user)
{
    struct load *load = user;
    load->ended++;
    fh_message_free(reply);
    if (err->code == FH_OK && !load->stop) {
        send_load(load);
    }
}

static void send_load(struct load *load)
{
    if (fh_dialer_request(load->dialer, fh_message_new(3000), WAIT_MS, on_load, load, NULL, NULL) ==
        FH_OK) {
        load->started++;
    }
}

/* Both ends go down at changing moments of full traffic; every request is told its end. */
static void test_teardown_under_load(void **state)
{
    (void)state;
    for (int round = 0; round < 12; round++) {
        struct world w;
        struct load load = {0};
        set_up(&w, SERVE_POOL, NULL);
        load.dialer = dial(&w, w.address);
        for (unsigned i = 0; i < STREAMS; i++) {
            send_load(&load);
        }
        run_for(&w, round * 7);
        load.stop = round % 2 == 0;
        if (round % 3 == 0) {
            /* the serving end first: the caller sees a lost connection, not silence */
            fh_link_quiesce(w.server);
            run_for(&w, 5);
        }
        tear_down(&w);
        assert_int_equal(load.ended, load.started);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo_here),
        cmocka_unit_test(test_echo_pool),
        cmocka_unit_test(test_local_socket),
        cmocka_unit_test(test_largest_frames),
        cmocka_unit_test(test_oversize_request),
        cmocka_unit_test(test_faulty_servers),
        cmocka_unit_test(test_unreachable),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_too_many_requests),
        cmocka_unit_test(test_many_peers_in_turn),
        cmocka_unit_test(test_half_open),
        cmocka_unit_test(test_trusted_and_idle),
        cmocka_unit_test(test_connection_caps),
        cmocka_unit_test(test_caps_of_a_key),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_port_in_use),
        cmocka_unit_test(test_quiesced_refuses),
        cmocka_unit_test(test_teardown_under_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
