/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Literal: hosts that are addresses and need no look-up.
 *
 * Does not: resolve names. Thread: any. Ownership: plain values.
 */
#ifndef FH_NODE_IO_LITERAL_H
#define FH_NODE_IO_LITERAL_H

#include "common/address.h"

#include <sys/socket.h>

/* Whether the host is an IPv4 or IPv6 address; then `out` is it, with the port. */
bool fh_literal(const struct fh_address *address, struct sockaddr_storage *out);

#endif
