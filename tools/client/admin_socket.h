/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Admin socket: messages to the node of a home over `run/admin.sock`.
 *
 * A frame is u32be length and a canonical message of proto/session/messages.h, without a session:
 * who may open the socket is the owner of the home. One request at a time.
 *
 * Does not: start nodes (tools/cli/admin.h). Thread: one for a descriptor. Ownership: descriptors
 * are the caller's to close.
 */
#ifndef FH_TOOLS_CLIENT_ADMIN_SOCKET_H
#define FH_TOOLS_CLIENT_ADMIN_SOCKET_H

#include "common/bytes.h"
#include "common/err.h"
#include "proto/wire/pack.h"

/* A connected descriptor, or -errno. */
FH_MUST_CHECK int fh_admin_socket_connect(const char *path);

/* Sends a request (borrowed) and waits for its answer within `timeout_ms`; `reader` stands at the
 * first field, in `answer` (reset). The node's error, FH_ETIMEOUT, FH_EUNREACH ("admin.lost"),
 * FH_EPROTO; after those three the descriptor is of no use any more. */
FH_MUST_CHECK int fh_admin_socket_call(int fd,
                                       struct fh_bytes request,
                                       int64_t timeout_ms,
                                       struct fh_buf *answer,
                                       struct fh_pack_reader *reader,
                                       struct fh_err *err);

#endif
