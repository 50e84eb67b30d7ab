/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams over real sockets: addresses, names, sizes, ports. */
#include "common/address.h"
#include "common/time.h"
#include "node/io/loop.h"
#include "node/io/udp.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { WAIT_MS = 10000 };

struct end {
    struct fh_udp *udp;
    unsigned received;
    uint8_t last[FH_DATAGRAM_BYTES_MAX];
    size_t last_bytes;
    char from[FH_ADDRESS_BYTES_MAX + 1];
};

static void on_datagram(struct fh_bytes datagram, const char *from, void *user)
{
    struct end *end = user;
    end->received++;
    memcpy(end->last, datagram.data, datagram.size);
    end->last_bytes = datagram.size;
    snprintf(end->from, sizeof end->from, "%s", from);
}

static void open_end(struct end *end, struct fh_loop *loop, const char *address)
{
    struct fh_err err;
    *end = (struct end){.received = 0};
    assert_int_equal(fh_udp_open(&end->udp, loop, address, on_datagram, end, &err), FH_OK);
    assert_int_not_equal(fh_udp_port(end->udp), 0);
}

static void run_until(struct fh_loop *loop, const unsigned *count, unsigned wanted)
{
    int64_t end_ms = fh_clock_mono_ms() + WAIT_MS;
    while (*count < wanted && fh_clock_mono_ms() < end_ms) {
        fh_loop_run_once(loop, 50);
    }
    assert_int_equal(*count, wanted);
}

static bool have_v6(void)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    int fd = socket(AF_INET6, SOCK_DGRAM, 0);
    bool have = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return have;
}

static void test_exchange(void **state)
{
    (void)state;
    static const struct {
        const char *bound;  /* the receiving end */
        const char *target; /* how it is named by the sender */
        bool v6;
    } rows[] = {
        {"127.0.0.1:0", "127.0.0.1", false},
        {"0.0.0.0:0", "127.0.0.1", false},
        {"127.0.0.1:0", "localhost", false},
        {"[::]:0", "127.0.0.1", true},
        {"[::1]:0", "[::1]", true},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_loop *loop;
        struct end a;
        struct end b;
        char to[FH_ADDRESS_BYTES_MAX + 1];
        if (rows[i].v6 && !have_v6()) {
            print_message("%s: no IPv6 here\n", rows[i].bound);
            continue;
        }
        print_message("%s as %s\n", rows[i].bound, rows[i].target);
        assert_int_equal(fh_loop_new(&loop, NULL), FH_OK);
        open_end(&a, loop, rows[i].bound);
        open_end(&b, loop, rows[i].v6 ? "[::]:0" : "127.0.0.1:0");
        snprintf(to, sizeof to, "%s:%u", rows[i].target, (unsigned)fh_udp_port(a.udp));
        assert_int_equal(fh_udp_send(b.udp, to, fh_bytes("ping", 4), NULL), FH_OK);
        run_until(loop, &a.received, 1);
        assert_int_equal(a.last_bytes, 4);
        assert_memory_equal(a.last, "ping", 4);
        /* The sender's address as told is one that can be answered. */
        assert_int_equal(fh_udp_send(a.udp, a.from, fh_bytes("pong!", 5), NULL), FH_OK);
        run_until(loop, &b.received, 1);
        assert_memory_equal(b.last, "pong!", 5);
        /* A second one to the name goes out at once. */
        assert_int_equal(fh_udp_send(b.udp, to, fh_bytes("again", 5), NULL), FH_OK);
        assert_int_equal(fh_udp_counters(b.udp)->sent, 2);
        run_until(loop, &a.received, 2);
        fh_udp_close(a.udp);
        fh_udp_close(b.udp);
        fh_loop_free(loop);
    }
}

static void test_sizes(void **state)
{
    (void)state;
    struct fh_loop *loop;
    struct end a;
    struct end b;
    static uint8_t bytes[FH_DATAGRAM_BYTES_MAX + 300];
    char to[32];
    assert_int_equal(fh_loop_new(&loop, NULL), FH_OK);
    open_end(&a, loop, "127.0.0.1:0");
    open_end(&b, loop, "127.0.0.1:0");
    snprintf(to, sizeof to, "127.0.0.1:%u", (unsigned)fh_udp_port(a.udp));
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(fh_udp_port(a.udp))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (size_t more = 1; more <= 300; more += 299) {
        assert_true(sendto(fd,
                           bytes,
                           FH_DATAGRAM_BYTES_MAX + more,
                           0,
                           (struct sockaddr *)&address,
                           sizeof address) > 0);
    }
    close(fd);
    assert_int_equal(fh_udp_send(b.udp, to, fh_bytes(bytes, FH_DATAGRAM_BYTES_MAX), NULL), FH_OK);
    run_until(loop, &a.received, 1);
    assert_int_equal(a.last_bytes, FH_DATAGRAM_BYTES_MAX);
    assert_int_equal(fh_udp_counters(a.udp)->dropped_oversize, 2);
    fh_udp_close(a.udp);
    fh_udp_close(b.udp);
    fh_loop_free(loop);
}

static void test_names(void **state)
{
    (void)state;
    struct fh_loop *loop;
    struct end a;
    char to[64];
    assert_int_equal(fh_loop_new(&loop, NULL), FH_OK);
    open_end(&a, loop, "127.0.0.1:0");
    snprintf(to, sizeof to, "localhost:%u", (unsigned)fh_udp_port(a.udp));
    /* Only the latest waits for the look-up. */
    assert_int_equal(fh_udp_send(a.udp, to, fh_bytes("1", 1), NULL), FH_OK);
    assert_int_equal(fh_udp_send(a.udp, to, fh_bytes("22", 2), NULL), FH_OK);
    run_until(loop, &a.received, 1);
    assert_int_equal(a.last_bytes, 2);
    assert_int_equal(fh_udp_counters(a.udp)->dropped_unresolved, 1);

    /* Looked up once, until it is to be forgotten; the datagrams do not wait for that. */
    assert_int_equal(fh_udp_send(a.udp, to, fh_bytes("333", 3), NULL), FH_OK);
    assert_int_equal(fh_udp_counters(a.udp)->lookups, 1);
    fh_udp_forget(a.udp, "other.invalid:7400");
    assert_int_equal(fh_udp_send(a.udp, to, fh_bytes("333", 3), NULL), FH_OK);
    assert_int_equal(fh_udp_counters(a.udp)->lookups, 1);
    fh_udp_forget(a.udp, to);
    assert_int_equal(fh_udp_send(a.udp, to, fh_bytes("333", 3), NULL), FH_OK);
    assert_int_equal(fh_udp_counters(a.udp)->lookups, 2);
    run_until(loop, &a.received, 4);
    assert_int_equal(fh_udp_counters(a.udp)->dropped_unresolved, 1);

    /* A name that nobody has is a loss, no error. */
    assert_int_equal(fh_udp_send(a.udp, "no-such-host.invalid:7400", fh_bytes("x", 1), NULL),
                     FH_OK);
    int64_t end_ms = fh_clock_mono_ms() + WAIT_MS;
    while (fh_udp_counters(a.udp)->dropped_unresolved < 2 && fh_clock_mono_ms() < end_ms) {
        fh_loop_run_once(loop, 50);
    }
    assert_int_equal(fh_udp_counters(a.udp)->dropped_unresolved, 2);

    /* Closing while look-ups run. */
    for (int i = 0; i < 20; i++) {
        snprintf(to, sizeof to, "no-such-host-%d.invalid:7400", i);
        assert_int_equal(fh_udp_send(a.udp, to, fh_bytes("x", 1), NULL), FH_OK);
    }
    fh_udp_close(a.udp);
    fh_loop_free(loop);
}

static void test_refusals(void **state)
{
    (void)state;
    struct fh_loop *loop;
    struct fh_err err;
    struct end a;
    struct fh_udp *other = NULL;
    char taken[32];
    assert_int_equal(fh_loop_new(&loop, NULL), FH_OK);
    open_end(&a, loop, "127.0.0.1:0");
    snprintf(taken, sizeof taken, "127.0.0.1:%u", (unsigned)fh_udp_port(a.udp));
    assert_int_equal(fh_udp_open(&other, loop, taken, on_datagram, &a, &err), FH_EEXIST);
    assert_string_equal(err.rule, "listen.in_use");
    assert_non_null(strstr(err.text, taken));
    assert_int_equal(fh_udp_open(&other, loop, "192.0.2.1:7400", on_datagram, &a, &err), FH_EIO);
    assert_int_equal(fh_udp_open(&other, loop, "nonsense", on_datagram, &a, &err), FH_EINVAL);
    assert_int_equal(fh_udp_send(a.udp, "nonsense", fh_bytes("x", 1), &err), FH_EINVAL);
    assert_null(other);
    fh_udp_close(a.udp);
    fh_udp_close(NULL);
    fh_loop_free(loop);
}

static void test_address_text(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *host; /* NULL: refused */
        unsigned port;
    } rows[] = {
        {"192.0.2.1:7400", "192.0.2.1", 7400},
        {"[2001:db8::1]:1", "2001:db8::1", 1},
        {"[::]:65535", "::", 65535},
        {"node-a.example_net:80", "node-a.example_net", 80},
        {"0.0.0.0:0", "0.0.0.0", 0},
        {"host:00080", "host", 80},
        {"", NULL, 0},
        {":", NULL, 0},
        {"host", NULL, 0},
        {"host:", NULL, 0},
        {":80", NULL, 0},
        {"host:-1", NULL, 0},
        {"host:+1", NULL, 0},
        {"host: 1", NULL, 0},
        {"host:1 ", NULL, 0},
        {"host:65536", NULL, 0},
        {"host:000000080", NULL, 0},
        {"2001:db8::1:80", NULL, 0},
        {"[2001:db8::1:80", NULL, 0},
        {"[]:80", NULL, 0},
        {"[x]:80", NULL, 0},
        {"ho/st:80", NULL, 0},
        {"ho\nst:80", NULL, 0},
        {"h\xc3\xb6st:80", NULL, 0},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_address address;
        struct fh_err err;
        int code = fh_address_parse(&address, rows[i].text, &err);
        assert_int_equal(code, rows[i].host != NULL ? FH_OK : FH_EINVAL);
        if (code == FH_OK) {
            assert_string_equal(address.host, rows[i].host);
            assert_int_equal(address.port, rows[i].port);
            assert_int_equal(address.v6, rows[i].text[0] == '[');
        } else {
            assert_non_null(strstr(err.text, "HOST:PORT"));
        }
    }
    char text[FH_ADDRESS_BYTES_MAX + 10];
    struct fh_address address;
    memset(text, 'a', sizeof text);
    memcpy(text + FH_ADDRESS_BYTES_MAX - 3, ":80", 4);
    assert_int_equal(fh_address_parse(&address, text, NULL), FH_OK);
    memset(text, 'a', FH_ADDRESS_BYTES_MAX);
    memcpy(text + FH_ADDRESS_BYTES_MAX - 2, ":80", 4);
    assert_int_equal(fh_address_parse(&address, text, NULL), FH_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exchange),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_address_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
