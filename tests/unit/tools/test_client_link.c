/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connection of a client whose program reads late: what has come by then counts, what has not
 * does not, and whoever talks without end is not listened to without end.
 */
#include "common/time.h"
#include "proto/wire/pack.h"
#include "tools/client/link.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    HEAD_BYTES = 12,
    NUMBER_BYTES = 4,
    QUESTION_BYTES = 5,
    GREETING_BYTES = 8,
    ANSWER_BYTES_MAX = 1024 * 1024,
    SLOTS = 6, /* so many of the largest answers fit no socket */
    TIMEOUT_MS = 50,
    BUSY_MS = 150,   /* what the program does before it reads */
    AT_ONCE_MS = 500 /* on a machine that does other things too */
};

enum way { ANSWERS, SAYS_NOTHING, TALKS_OF_OTHER_THINGS };

struct peer {
    enum way way;
    size_t answer_bytes;
    int listener;
    char address[64];
    pthread_t thread;
    atomic_bool asked;
};

static bool read_all(int fd, uint8_t *out, size_t size)
{
    for (size_t got = 0; got < size;) {
        ssize_t n = recv(fd, out + got, size - got, 0);
        if (n <= 0) {
            return false;
        }
        got += (size_t)n;
    }
    return true;
}

static bool write_all(int fd, const uint8_t *data, size_t size)
{
    for (size_t sent = 0; sent < size;) {
        ssize_t n = send(fd, data + sent, size - sent, MSG_NOSIGNAL);
        if (n <= 0) {
            return false;
        }
        sent += (size_t)n;
    }
    return true;
}

static bool send_answer(int fd, uint32_t number, size_t size)
{
    static uint8_t message[HEAD_BYTES + ANSWER_BYTES_MAX];
    fh_put_u64be(message, NUMBER_BYTES + size);
    fh_put_u32be(message + HEAD_BYTES - NUMBER_BYTES, number);
    memset(message + HEAD_BYTES, (int)(number & 0x7F), size);
    return write_all(fd, message, HEAD_BYTES + size);
}

/* One connection, until the other side closes it. */
static void *serve(void *user)
{
    struct peer *peer = user;
    static const uint8_t greeting[GREETING_BYTES] = {0, 'S', 'P', 0, 0, 0x31, 0, 0};
    uint8_t question[HEAD_BYTES + QUESTION_BYTES];
    int fd = accept(peer->listener, NULL, NULL);
    bool goes_on = fd >= 0 && write_all(fd, greeting, sizeof greeting) &&
                   read_all(fd, question, sizeof greeting);
    while (goes_on && read_all(fd, question, sizeof question)) {
        peer->asked = true;
        uint32_t number = fh_get_u32be(question + HEAD_BYTES - NUMBER_BYTES);
        if (peer->way == ANSWERS) {
            goes_on = send_answer(fd, number, peer->answer_bytes);
        }
        while (peer->way == TALKS_OF_OTHER_THINGS && goes_on) {
            goes_on = send_answer(fd, number + 1, peer->answer_bytes);
        }
    }
    close(fd);
    return NULL;
}

static struct fh_link *open_to(struct peer *peer)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    struct fh_link *link = NULL;
    struct fh_err err = {0};
    peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(peer->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(peer->listener, 1), 0);
    assert_int_equal(getsockname(peer->listener, (struct sockaddr *)&address, &size), 0);
    snprintf(peer->address, sizeof peer->address, "127.0.0.1:%u", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&peer->thread, NULL, serve, peer), 0);
    if (fh_link_open(&link, peer->address, &err) != FH_OK) {
        fail_msg("%s", err.text);
    }
    return link;
}

static void close_both(struct peer *peer, struct fh_link *link)
{
    fh_link_close(link);
    pthread_join(peer->thread, NULL);
    close(peer->listener);
}

static int post(struct fh_link *link)
{
    static const uint8_t question[QUESTION_BYTES] = "what?";
    struct fh_err err = {0};
    int slot = fh_link_take_slot(link);
    assert_true(slot >= 0);
    if (fh_link_post(link, slot, fh_bytes(question, sizeof question), TIMEOUT_MS, &err) != FH_OK) {
        fail_msg("%s", err.text);
    }
    return slot;
}

/* Until the peer has been asked, and all that was asked is late. */
static void be_busy(const struct peer *peer)
{
    while (!peer->asked) {
        sched_yield();
    }
    nanosleep(&(struct timespec){.tv_nsec = BUSY_MS * 1000000L}, NULL);
}

/* Answers that came while nobody read: also those of which only a part is in the socket. */
static void test_what_lies_there_is_read(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 4096, ANSWER_BYTES_MAX};
    for (size_t i = 0; i < FH_COUNT(sizes); i++) {
        struct peer peer = {.way = ANSWERS, .answer_bytes = sizes[i]};
        struct fh_link *link = open_to(&peer);
        int slots[SLOTS];
        for (size_t k = 0; k < SLOTS; k++) {
            slots[k] = post(link);
        }
        be_busy(&peer);
        for (size_t k = 0; k < SLOTS; k++) {
            struct fh_err err = {0};
            uint8_t *data = NULL;
            size_t size = 0;
            if (fh_link_wait(link, slots[k], &data, &size, &err) != FH_OK) {
                fail_msg("answer %zu of %zu bytes: %s", k, sizes[i], err.text);
            }
            assert_int_equal(size, sizes[i]);
            assert_int_equal(data[size - 1], k + 1);
        }
        close_both(&peer, link);
    }
}

/* Who has sent nothing by the deadline is late, whenever that is looked at. */
static void test_silence_is_late(void **state)
{
    (void)state;
    for (unsigned busy = 0; busy < 2; busy++) {
        struct peer peer = {.way = SAYS_NOTHING};
        struct fh_err err = {0};
        struct fh_link *link = open_to(&peer);
        uint8_t *data = NULL;
        size_t size = 0;
        int slot = post(link);
        if (busy == 1) {
            be_busy(&peer);
        }
        int64_t began_ms = fh_clock_mono_ms();
        assert_int_equal(fh_link_wait(link, slot, &data, &size, &err), FH_ETIMEOUT);
        assert_in_range(fh_clock_mono_ms() - began_ms, 0, AT_ONCE_MS);
        close_both(&peer, link);
    }
}

/* There is always something to read, and never the answer. */
static void test_chatter_is_no_answer(void **state)
{
    enum { PATIENCE_MS = 5000 };
    (void)state;
    struct peer peer = {.way = TALKS_OF_OTHER_THINGS, .answer_bytes = 4096};
    struct fh_err err = {0};
    struct fh_link *link = open_to(&peer);
    uint8_t *data = NULL;
    size_t size = 0;
    int slot = post(link);
    be_busy(&peer);
    int64_t began_ms = fh_clock_mono_ms();
    assert_int_equal(fh_link_wait(link, slot, &data, &size, &err), FH_ETIMEOUT);
    assert_in_range(fh_clock_mono_ms() - began_ms, 0, PATIENCE_MS);
    close_both(&peer, link);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_lies_there_is_read),
        cmocka_unit_test(test_silence_is_late),
        cmocka_unit_test(test_chatter_is_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
