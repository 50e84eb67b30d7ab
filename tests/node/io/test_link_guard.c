/* SPDX-License-Identifier: Apache-2.0 */
/* What the link refuses: lies, silence, crowds, bad addresses. */
#include "common/time.h"
#include "tests/node/io/raw.h"
#include "tests/node/io/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define LONG "012345678901234567890123456789012345678901234567890123456789"

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
    world_set_up(&w, SERVE_HERE, NULL);
    for (size_t i = 0; i < FH_COUNT(lengths); i++) {
        int fd = raw_connect(fh_link_port(w.server), RAW_REQ);
        assert_true(fd >= 0);
        assert_true(raw_send_length(fd, lengths[i]));
        assert_true(raw_closed(fd, 2000));
        raw_close(fd);
    }
    assert_int_equal(w.calls, 0);
    world_request(world_dial(&w, w.address), 10, WAIT_MS, &end); /* and goes on serving */
    world_run_until(&w, &end.count, 1);
    assert_int_equal(end.code, FH_OK);
    world_tear_down(&w);
}

/* Beginnings that are not this protocol: closed at once, and no call comes of them. */
static void test_wrong_beginnings(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned greet; /* 0: the bytes stand for the greeting */
        const char *bytes;
        size_t size;
    } rows[] = {
        {"HTTP", 0, "GET / HTTP/1.1\r\n", 16},
        {"TLS", 0, "\x16\x03\x01\x02\x00\x01\x00\x01", 8},
        {"another magic", 0, "\0XP\0\0\x30\0\0", 8},
        {"a greeting of the future", 0, "\0SP\1\0\x30\0\0", 8},
        {"a publisher", 0, "\0SP\0\0\x20\0\0", 8},
        {"another serving end", 0, "\0SP\0\0\x31\0\0", 8},
        {"reserved bytes", 0, "\0SP\0\0\x30\0\1", 8},
        {"no room for a number", RAW_REQ, "\0\0\0\0\0\0\0\3abc", 11},
        {"length 0", RAW_REQ, "\0\0\0\0\0\0\0\0", 8},
        {"through a device", RAW_REQ, "\0\0\0\0\0\0\0\x08\0\0\0\1\x80\0\0\1", 16},
    };
    struct world w;
    world_set_up(&w, SERVE_HERE, NULL);
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        int fd = raw_connect(fh_link_port(w.server), rows[i].greet);
        uint8_t greeting[8];
        print_message("%s\n", rows[i].name);
        assert_true(fd >= 0);
        assert_true(raw_send(fd, rows[i].bytes, rows[i].size));
        if (rows[i].greet == 0) {
            (void)raw_read(fd, greeting, sizeof greeting); /* the other side's */
        }
        assert_true(raw_closed(fd, 2000));
        raw_close(fd);
    }
    world_run_for(&w, 50);
    assert_int_equal(w.calls, 0);
    world_tear_down(&w);
}

static void test_half_open(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int sent; /* bytes of a message of 1000; 0: only the greeting; -1: nothing at all */
    } rows[] = {
        {"not even a greeting", -1},
        {"greeting and nothing more", 0},
        {"half a message", 500},
        {"a message that shows no session", 1000},
    };
    struct fh_link_options options = {.handshake_ms = 300};
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct world w;
        static const uint8_t zeros[1000];
        print_message("%s\n", rows[i].name);
        world_set_up(&w, SERVE_DROP, &options);
        int fd = raw_connect(fh_link_port(w.server), rows[i].sent < 0 ? 0 : RAW_REQ);
        assert_true(fd >= 0);
        if (rows[i].sent == 1000) {
            assert_true(raw_send_request(fd, 1, zeros, 1000));
        } else if (rows[i].sent > 0) {
            assert_true(raw_send_length(fd, 1000));
            assert_true(raw_send(fd, "\x80\0\0\1", 4));
            assert_true(raw_send(fd, zeros, (size_t)rows[i].sent - 4));
        }
        int64_t start_ms = fh_clock_mono_ms();
        world_run_for(&w, 150);
        assert_false(raw_closed(fd, 0));
        world_run_for(&w, 600);
        assert_true(raw_closed(fd, 0));
        assert_true(fh_clock_mono_ms() - start_ms < 5000);
        assert_int_equal(fh_link_counters(w.server).pipes_expired > 0, 1);
        assert_int_equal(fh_link_counters(w.server).pipes, 0);
        raw_close(fd);
        world_tear_down(&w);
    }
}

/* Trust lifts the handshake deadline; silence ends even a trusted connection. */
static void test_trusted_and_idle(void **state)
{
    (void)state;
    struct fh_link_options options = {.handshake_ms = 200, .idle_ms = 900};
    struct world w;
    uint8_t reply[64];
    world_set_up(&w, SERVE_TRUST, &options);
    int fd = raw_connect(fh_link_port(w.server), RAW_REQ);
    assert_true(raw_send_request(fd, 1, "hello", 5));
    world_run_until(&w, &w.calls, 1);
    assert_int_equal(raw_receive(fd, reply, sizeof reply), 4 + 5);
    assert_int_equal(w.trust_code, FH_OK);
    world_run_for(&w, 500);
    assert_false(raw_closed(fd, 0));
    world_run_for(&w, 1200);
    assert_true(raw_closed(fd, 0));
    raw_close(fd);
    assert_int_equal(fh_link_trust(w.server, w.last_pipe, reply, NULL), FH_ENOTFOUND);
    fh_link_disconnect(w.server, w.last_pipe); /* gone: nothing happens */
    world_tear_down(&w);
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
        world_set_up(&w, SERVE_HERE, &rows[i].options);
        for (unsigned k = 0; k < FH_COUNT(fds); k++) {
            fds[k] = raw_connect(fh_link_port(w.server), RAW_REQ);
        }
        world_run_for(&w, 300);
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
        world_run_for(&w, 200);
        world_request(world_dial(&w, w.address), 10, WAIT_MS, &end); /* room again */
        world_run_until(&w, &end.count, 1);
        assert_int_equal(end.code, FH_OK);
        world_tear_down(&w);
    }
}

static void test_caps_of_a_key(void **state)
{
    (void)state;
    struct world w;
    int fds[FH_PIPES_PER_KEY_MAX + 1];
    world_set_up(&w, SERVE_TRUST, NULL);
    for (unsigned i = 0; i < FH_COUNT(fds); i++) {
        fds[i] = raw_connect(fh_link_port(w.server), RAW_REQ);
        assert_true(fds[i] >= 0);
        assert_true(raw_send_request(fds[i], i, "x", 1));
        world_run_until(&w, &w.calls, i + 1);
        assert_int_equal(w.trust_code, i < FH_PIPES_PER_KEY_MAX ? FH_OK : FH_EBUSY);
    }
    for (unsigned i = 0; i < FH_COUNT(fds); i++) {
        raw_close(fds[i]);
    }
    world_tear_down(&w);
}

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
        "ipc:///" LONG LONG LONG,
    };
    struct world w;
    world_set_up(&w, SERVE_HERE, NULL);
    for (size_t i = 0; i < FH_COUNT(bad); i++) {
        struct fh_err err;
        struct fh_dialer *dialer = NULL;
        assert_int_equal(fh_dialer_open(&dialer, w.client, bad[i], &err), FH_EINVAL);
        assert_true(err.text[0] != '\0');
        assert_int_equal(fh_link_listen(w.server, bad[i], &err), FH_EINVAL);
    }
    world_tear_down(&w);
}

static void test_port_in_use(void **state)
{
    (void)state;
    struct world w;
    struct fh_err err;
    world_set_up(&w, SERVE_HERE, NULL);
    assert_int_equal(fh_link_listen(w.client, w.address, &err), FH_EEXIST);
    assert_string_equal(err.rule, "listen.in_use");
    assert_non_null(strstr(err.text, w.address));
    assert_int_equal(fh_link_listen(w.client, "192.0.2.1:7400", &err), FH_EIO);
    world_tear_down(&w);
}

/* With an argument: only the tests that this pattern names. */
int main(int argc, char **argv)
{
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_oversize_request),
        cmocka_unit_test(test_wrong_beginnings),
        cmocka_unit_test(test_half_open),
        cmocka_unit_test(test_trusted_and_idle),
        cmocka_unit_test(test_connection_caps),
        cmocka_unit_test(test_caps_of_a_key),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_port_in_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
