/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UDP: one bound socket that sends and receives datagrams of at most FH_DATAGRAM_BYTES_MAX.
 *
 * Peers are reached by "HOST:PORT" text. Literal addresses go out at once; a name is resolved in
 * the background, remembered for FH_UDP_NAME_TTL_MS, and the latest datagram for it waits until the
 * answer comes. Datagrams may be lost here as anywhere: a full socket buffer or an unknown name
 * drops.
 *
 * Does not: retry, authenticate, or answer. Thread: the loop's. Ownership: given by _open, ended by
 * _close.
 */
#ifndef FH_NODE_IO_UDP_H
#define FH_NODE_IO_UDP_H

#include "common/bytes.h"
#include "common/err.h"
#include "common/limits.h"

struct fh_loop;
struct fh_udp;

/* A datagram from `from` ("192.0.2.1:7400", "[2001:db8::1]:7400"). Both lent for the call. */
typedef void fh_udp_fn(struct fh_bytes datagram, const char *from, void *user);

struct fh_udp_counters {
    uint64_t received;
    uint64_t sent;
    uint64_t dropped_oversize;   /* received, longer than FH_DATAGRAM_BYTES_MAX */
    uint64_t dropped_full;       /* to send, the socket's buffer had no room */
    uint64_t dropped_unresolved; /* to send, name unknown or table full */
    uint64_t lookups;            /* of names, begun */
    uint64_t send_errors;
};

/* Binds "HOST:PORT" (port 0: any free one) and receives from then on.
 * FH_EINVAL (address), FH_EEXIST (port in use; says what to do), FH_EIO, FH_ENOMEM. */
FH_MUST_CHECK int fh_udp_open(struct fh_udp **out,
                              struct fh_loop *loop,
                              const char *address,
                              fh_udp_fn *fn,
                              void *user,
                              struct fh_err *err);
/* Stops and frees (the loop frees the rest later); NULL is fine. */
void fh_udp_close(struct fh_udp *udp);

/* The bound port. */
uint16_t fh_udp_port(const struct fh_udp *udp);

/* Sends a copy of the datagram (borrowed, <= FH_DATAGRAM_BYTES_MAX). FH_EINVAL when `to` is no
 * address; losses are counted, not reported. */
FH_MUST_CHECK int
fh_udp_send(struct fh_udp *udp, const char *to, struct fh_bytes datagram, struct fh_err *err);

/* Has a name looked up again at the next datagram for it: who answers to it may have moved. Until
 * the answer comes the last known address is used. Nothing happens for literal addresses. */
void fh_udp_forget(struct fh_udp *udp, const char *to);

/* Lent. */
const struct fh_udp_counters *fh_udp_counters(const struct fh_udp *udp);

#endif
