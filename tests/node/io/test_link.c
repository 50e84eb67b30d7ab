/* SPDX-License-Identifier: Apache-2.0 */
/* The link over real sockets: requests and replies, how they fail, and how it all ends. */
#include "common/time.h"
#include "tests/node/io/raw.h"
#include "tests/node/io/world.h"

#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

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
    assert_null(err);
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
    world_set_up(&w, serve, NULL);
    struct fh_dialer *dialer = world_dial(&w, w.address);
    unsigned started = 0;
    unsigned done = 0;
    struct echo echoes[STREAMS];
    for (unsigned i = 0; i < STREAMS; i++) {
        echoes[i] = (struct echo){.dialer = dialer, .started = &started, .done = &done};
        send_echo(&echoes[i]);
    }
    world_run_until(&w, &done, ECHOES);
    assert_int_equal(w.calls, ECHOES);
    assert_string_equal(w.last_address, "127.0.0.1");
    assert_int_equal(fh_dialer_in_flight(dialer), 0);
    fh_dialer_close(dialer);
    world_tear_down(&w);
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
    world_set_up(&w, SERVE_HERE, NULL);
    snprintf(path, sizeof path, "ipc:///tmp/fh_test_link.%d", (int)getpid());
    assert_int_equal(fh_link_listen(w.server, path, NULL), FH_OK);
    world_request(world_dial(&w, path), 10, WAIT_MS, &end);
    world_run_until(&w, &end.count, 1);
    assert_int_equal(end.code, FH_OK);
    assert_string_equal(w.last_address, "local");
    world_tear_down(&w);
}

/* ---- sizes ---- */

static void test_largest_frames(void **state)
{
    (void)state;
    struct world w;
    struct end end;
    world_set_up(&w, SERVE_HERE, NULL);
    struct fh_dialer *dialer = world_dial(&w, w.address);
    world_request(dialer, FH_FRAME_REQUEST_BYTES_MAX, WAIT_MS, &end);
    world_run_until(&w, &end.count, 1);
    assert_int_equal(end.code, FH_OK);
    assert_int_equal(end.reply_bytes, FH_FRAME_REQUEST_BYTES_MAX);

    struct fh_err err;
    struct fh_message *frame = fh_message_new(FH_FRAME_REQUEST_BYTES_MAX + 1);
    assert_int_equal(fh_dialer_request(dialer, frame, WAIT_MS, world_on_end, &end, NULL, &err),
                     FH_ETOOBIG);
    assert_int_equal(end.count, 1);

    /* The largest reply passes as well. */
    w.serve = SERVE_HOLD;
    world_request(dialer, 1, WAIT_MS, &end);
    world_run_until(&w, &w.held_count, 1);
    fh_call_reply(w.held[--w.held_count], fh_message_new(FH_FRAME_REPLY_BYTES_MAX));
    world_run_until(&w, &end.count, 1);
    assert_int_equal(end.code, FH_OK);
    assert_int_equal(end.reply_bytes, FH_FRAME_REPLY_BYTES_MAX);
    world_tear_down(&w);
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
        world_set_up(&w, SERVE_HERE, NULL);
        faulty_start(&faulty, rows[i].fault);
        snprintf(address, sizeof address, "127.0.0.1:%u", (unsigned)faulty.port);
        world_request(world_dial(&w, address), 100, rows[i].timeout_ms, &end);
        world_run_until(&w, &end.count, 1);
        assert_int_equal(end.code, rows[i].code);
        world_run_for(&w, 700); /* time for a resend that must not come */
        assert_int_equal(end.count, 1);
        assert_int_equal(atomic_load(&faulty.requests), 1);
        world_tear_down(&w);
        faulty_stop(&faulty);
    }
}

static void test_unreachable(void **state)
{
    (void)state;
    struct world w;
    struct end end;
    struct fh_link_options options = {.connect_ms = 300};
    world_set_up(&w, SERVE_HERE, &options);
    uint16_t port;
    int listener = raw_listen(&port); /* takes connections and never greets */
    char address[32];
    snprintf(address, sizeof address, "127.0.0.1:%u", (unsigned)port);
    int64_t start_ms = fh_clock_mono_ms();
    struct fh_dialer *dialer = world_dial(&w, address);
    world_request(dialer, 10, WAIT_MS, &end);
    world_run_until(&w, &end.count, 1);
    assert_int_equal(end.code, FH_EUNREACH);
    assert_non_null(strstr(end.text, address));
    assert_true(fh_clock_mono_ms() - start_ms < 3000);
    fh_dialer_close(dialer);
    world_tear_down(&w);
    raw_close(listener);
}

/* A refused connection is told at once, not after a time-out. */
static void test_refused(void **state)
{
    (void)state;
    struct world w;
    struct end end;
    char address[32];
    uint16_t port;
    world_set_up(&w, SERVE_HERE, NULL);
    raw_close(raw_listen(&port));
    snprintf(address, sizeof address, "localhost:%u", (unsigned)port);
    for (int i = 0; i < 3; i++) {
        int64_t start_ms = fh_clock_mono_ms();
        world_request(world_dial(&w, address), 10, WAIT_MS, &end);
        world_run_until(&w, &end.count, 1);
        assert_int_equal(end.code, FH_EUNREACH);
        assert_true(fh_clock_mono_ms() - start_ms < 3000);
    }
    world_request(world_dial(&w, "no-such-host.invalid:7400"), 10, WAIT_MS, &end);
    world_run_until(&w, &end.count, 1);
    assert_int_equal(end.code, FH_EUNREACH);
    world_tear_down(&w);
}

/* libuv's look-ups come through here. Parameters have the names of the C library's header. */
static atomic_uint lookups;

__attribute__((visibility("default"))) int getaddrinfo(const char *restrict __name,
                                                       const char *restrict __service,
                                                       const struct addrinfo *restrict __req,
                                                       struct addrinfo **restrict __pai)
{
    typedef int lookup_fn(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    lookup_fn *real;
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    atomic_fetch_add(&lookups, 1);
    return real(__name, __service, __req, __pai);
}

/* Names of silent servers fill the threads of look-ups: a literal address needs none. */
static void test_a_literal_address_is_not_looked_up(void **state)
{
    (void)state;
    struct world w;
    struct end end;
    char address[32];
    world_set_up(&w, SERVE_HERE, NULL);
    unsigned before = atomic_load(&lookups);
    world_request(world_dial(&w, w.address), 10, WAIT_MS, &end);
    world_run_until(&w, &end.count, 1);
    assert_int_equal(end.code, FH_OK);
    assert_int_equal(atomic_load(&lookups), before);
    snprintf(address, sizeof address, "localhost:%u", (unsigned)fh_link_port(w.server));
    world_request(world_dial(&w, address), 10, WAIT_MS, &end);
    world_run_until(&w, &end.count, 1);
    assert_int_equal(end.code, FH_OK);
    assert_int_equal(atomic_load(&lookups), before + 1);
    world_tear_down(&w);
}

/* More requests than there are calls: the rest wait unread and are served in turn. */
static void test_more_requests_than_calls(void **state)
{
    (void)state;
    struct fh_link_options options = {.contexts = 2};
    struct world w;
    int fds[4];
    uint8_t reply[16];
    world_set_up(&w, SERVE_HOLD, &options);
    for (uint32_t i = 0; i < 4; i++) {
        fds[i] = raw_connect(fh_link_port(w.server), RAW_REQ);
        assert_true(raw_send_request(fds[i], i, "ab", 2));
        assert_true(raw_send_request(fds[i], i + 100, "cd", 2));
    }
    world_run_until(&w, &w.held_count, 2);
    world_run_for(&w, 100);
    assert_int_equal(w.held_count, 2);
    while (w.calls < 8 || w.held_count > 0) {
        if (w.held_count > 0) {
            world_answer(w.held[--w.held_count]);
        }
        fh_loop_run_once(w.loop, 20);
    }
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(raw_receive(fds[i], reply, sizeof reply), 6);
        assert_int_equal(raw_receive(fds[i], reply, sizeof reply), 6);
        raw_close(fds[i]);
    }
    world_tear_down(&w);
}

/* One connection has its share of the calls and leaves the rest to others. */
static void test_share_of_calls(void **state)
{
    (void)state;
    struct world w;
    struct end end;
    uint8_t reply[16];
    world_set_up(&w, SERVE_HOLD, NULL);
    int fd = raw_connect(fh_link_port(w.server), RAW_REQ);
    for (uint32_t i = 0; i < FH_CALLS_PER_PIPE_MAX + 3; i++) {
        assert_true(raw_send_request(fd, i, "x", 1));
    }
    world_run_until(&w, &w.held_count, FH_CALLS_PER_PIPE_MAX);
    world_run_for(&w, 100);
    assert_int_equal(w.held_count, FH_CALLS_PER_PIPE_MAX);
    world_request(world_dial(&w, w.address), 10, WAIT_MS, &end);
    world_run_until(&w, &w.held_count, FH_CALLS_PER_PIPE_MAX + 1);
    while (w.calls < FH_CALLS_PER_PIPE_MAX + 4 || w.held_count > 0) {
        if (w.held_count > 0) {
            world_answer(w.held[--w.held_count]);
        }
        fh_loop_run_once(w.loop, 20);
    }
    world_run_until(&w, &end.count, 1);
    assert_int_equal(end.code, FH_OK);
    for (uint32_t i = 0; i < FH_CALLS_PER_PIPE_MAX + 3; i++) {
        assert_int_equal(raw_receive(fd, reply, sizeof reply), 5);
    }
    raw_close(fd);
    world_tear_down(&w);
}

/* An asker that hangs up while its call is held: the reply goes nowhere and nothing breaks. */
static void test_asker_gone(void **state)
{
    (void)state;
    struct world w;
    world_set_up(&w, SERVE_HOLD, NULL);
    for (unsigned i = 0; i < 20; i++) {
        int fd = raw_connect(fh_link_port(w.server), RAW_REQ);
        assert_true(raw_send_request(fd, i, "x", 1));
        world_run_until(&w, &w.held_count, 1);
        raw_close(fd);
        if (i % 2 == 0) {
            world_run_for(&w, 10);
        }
        fh_call_reply(w.held[--w.held_count], fh_message_new(i % 3 == 0 ? 1 << 20 : 10));
    }
    world_run_for(&w, 50);
    assert_int_equal(fh_link_counters(w.server).pipes, 0);
    world_tear_down(&w);
}

static void test_cancel(void **state)
{
    (void)state;
    struct world w;
    world_set_up(&w, SERVE_HOLD, NULL);
    struct fh_dialer *dialer = world_dial(&w, w.address);
    struct end ends[3] = {{0}};
    uint64_t numbers[3];
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(
            fh_dialer_request(
                dialer, fh_message_new(8), WAIT_MS, world_on_end, &ends[i], &numbers[i], NULL),
            FH_OK);
    }
    fh_dialer_cancel(dialer, numbers[0]); /* perhaps not sent yet */
    fh_dialer_cancel(dialer, 999);        /* unknown */
    world_run_until(&w, &w.held_count, 2);
    fh_dialer_cancel(dialer, numbers[1]); /* waits for its reply */
    world_run_until(&w, &ends[0].count, 1);
    world_run_until(&w, &ends[1].count, 1);
    assert_int_equal(ends[0].code, FH_ECANCELLED);
    assert_int_equal(ends[1].code, FH_ECANCELLED);
    assert_int_equal(ends[2].count, 0);
    fh_dialer_close(dialer); /* ends the third */
    world_run_until(&w, &ends[2].count, 1);
    assert_int_equal(ends[2].code, FH_ECANCELLED);
    world_tear_down(&w);
    assert_int_equal(ends[0].count + ends[1].count + ends[2].count, 3);
}

static void test_too_many_requests(void **state)
{
    (void)state;
    struct world w;
    struct fh_err err;
    struct end end = {0};
    world_set_up(&w, SERVE_HOLD, NULL);
    struct fh_dialer *dialer = world_dial(&w, w.address);
    for (unsigned i = 0; i < FH_DIALER_REQUESTS_MAX; i++) {
        assert_int_equal(
            fh_dialer_request(dialer, fh_message_new(8), WAIT_MS, world_on_end, &end, NULL, NULL),
            FH_OK);
    }
    assert_int_equal(
        fh_dialer_request(dialer, fh_message_new(8), WAIT_MS, world_on_end, &end, NULL, &err),
        FH_EBUSY);
    assert_string_equal(err.rule, "link.requests");
    world_tear_down(&w);
    assert_int_equal(end.count, FH_DIALER_REQUESTS_MAX);
}

/* More peers in turn than there are sockets: they are used again. */
static void test_many_peers_in_turn(void **state)
{
    (void)state;
    struct world w;
    struct end end;
    world_set_up(&w, SERVE_HERE, NULL);
    for (unsigned i = 0; i < 60; i++) {
        struct fh_dialer *dialer = world_dial(&w, w.address);
        world_request(dialer, 50, WAIT_MS, &end);
        if (i % 3 != 0) {
            world_run_until(&w, &end.count, 1);
            assert_int_equal(end.code, FH_OK);
        }
        fh_dialer_close(dialer);
        world_run_until(&w, &end.count, 1);
    }
    world_tear_down(&w);

    struct fh_err err;
    world_set_up(&w, SERVE_HERE, NULL);
    struct fh_dialer *dialer;
    for (unsigned i = 0; i < FH_DIALERS_MAX; i++) {
        assert_int_equal(fh_dialer_open(&dialer, w.client, w.address, &err), FH_OK);
    }
    assert_int_equal(fh_dialer_open(&dialer, w.client, w.address, &err), FH_EBUSY);
    world_tear_down(&w);
}

/* ---- the end ---- */

static void test_quiesced_refuses(void **state)
{
    (void)state;
    struct world w;
    struct end end = {0};
    world_set_up(&w, SERVE_HERE, NULL);
    struct fh_dialer *dialer = world_dial(&w, w.address);
    struct fh_dialer *other = NULL;
    assert_false(fh_link_drained(w.client));
    fh_link_quiesce(w.client);
    assert_int_equal(
        fh_dialer_request(dialer, fh_message_new(4), WAIT_MS, world_on_end, &end, NULL, NULL),
        FH_ESTATE);
    assert_int_equal(fh_dialer_open(&other, w.client, w.address, NULL), FH_ESTATE);
    assert_int_equal(end.count, 0);
    world_tear_down(&w);
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
    if (err == NULL && !load->stop) {
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
        print_message("round %d\n", round);
        world_set_up(&w, SERVE_POOL, NULL);
        load.dialer = world_dial(&w, w.address);
        for (unsigned i = 0; i < STREAMS; i++) {
            send_load(&load);
        }
        world_run_for(&w, round * 7);
        load.stop = round % 2 == 0;
        if (round % 3 == 0) {
            /* the serving end first: the caller sees a lost connection, not silence */
            fh_link_quiesce(w.server);
            world_run_for(&w, 5);
        }
        world_tear_down(&w);
        assert_int_equal(load.ended, load.started);
    }
}

/* With an argument: only the tests that this pattern names. */
int main(int argc, char **argv)
{
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo_here),
        cmocka_unit_test(test_echo_pool),
        cmocka_unit_test(test_local_socket),
        cmocka_unit_test(test_largest_frames),
        cmocka_unit_test(test_faulty_servers),
        cmocka_unit_test(test_unreachable),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_a_literal_address_is_not_looked_up),
        cmocka_unit_test(test_more_requests_than_calls),
        cmocka_unit_test(test_share_of_calls),
        cmocka_unit_test(test_asker_gone),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_too_many_requests),
        cmocka_unit_test(test_many_peers_in_turn),
        cmocka_unit_test(test_quiesced_refuses),
        cmocka_unit_test(test_teardown_under_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
