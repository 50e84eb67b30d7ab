/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address: "HOST:PORT" as text, checked and split.
 *
 * HOST is an IPv4 address, a bracketed IPv6 address or a DNS name; the same text names the UDP port
 * of gossip and the TCP port of sessions.
 *
 * Does not: resolve names. Thread: any. Ownership: plain value.
 */
#ifndef FH_COMMON_ADDRESS_H
#define FH_COMMON_ADDRESS_H

#include "common/err.h"
#include "common/limits.h"

#include <stdbool.h>
#include <stdint.h>

struct fh_address {
    char host[FH_ADDRESS_BYTES_MAX + 1]; /* without brackets */
    uint16_t port;                       /* 0 only where the caller allows it: any free port */
    bool v6;                             /* host was bracketed */
};

/* Reads "HOST:PORT". FH_EINVAL says what is wrong and what would be right. */
FH_MUST_CHECK int fh_address_parse(struct fh_address *out, const char *text, struct fh_err *err);

/* Of a host without brackets, as it is written: on this machine alone; all addresses of it. */
bool fh_host_is_loopback(const char *host);
bool fh_host_is_wildcard(const char *host);

#endif
