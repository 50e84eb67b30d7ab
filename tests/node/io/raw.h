/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A party that speaks NNG's wire format by hand over a blocking TCP socket, to do what a
 * well-behaved library does not: stop half-way, lie about lengths, hang up.
 *
 * The format (SP over TCP): 8 bytes "\0SP\0", protocol number, 0; then messages as 8 bytes of
 * big-endian length and a body. A request's body starts with 4 bytes of number, high bit set.
 */
#ifndef FH_TESTS_NODE_IO_RAW_H
#define FH_TESTS_NODE_IO_RAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RAW_REQ = 0x30, RAW_REP = 0x31 };

/* Calls `fn` again and again while a function here waits on this thread; NULL: nothing. */
void raw_meanwhile(void (*fn)(void *user), void *user);

/* A connection to 127.0.0.1:port, as protocol RAW_REQ or RAW_REP with the greeting exchanged;
 * protocol 0: no greeting. */
int raw_connect(uint16_t port, unsigned protocol);
/* A socket listening on a free port of 127.0.0.1. */
int raw_listen(uint16_t *out_port);
int raw_accept(int listener, unsigned protocol);
bool raw_send(int fd, const void *data, size_t size);
/* Exactly so many bytes. */
bool raw_read(int fd, void *data, size_t size);
/* The head of a message: its announced length. */
bool raw_send_length(int fd, uint64_t length);
/* A whole request with number `id` and this body. */
bool raw_send_request(int fd, uint32_t id, const void *body, size_t size);
/* Receives one whole message into `out`; its size, or -1 when the connection ended first. */
long raw_receive(int fd, uint8_t *out, size_t capacity);
/* Whether the other side has closed, or does so before it has been silent for `wait_ms`. What it
 * sends meanwhile is thrown away. */
bool raw_closed(int fd, int wait_ms);
void raw_close(int fd);

#endif
