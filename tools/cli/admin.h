/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Admin: the local socket of the home's node, `run/admin.sock`.
 *
 * A frame is u32be length and a canonical message of proto/session/messages.h, without a session:
 * who may open the socket is the owner of the home. One request at a time. With no node running,
 * one is started for as long as the connection lives, with --offline: it serves this socket alone.
 *
 * What needs no identity, only data, is asked of a node without a home: an errand, which lives as
 * long as the connection too and works for people who have no mesh.
 *
 * Does not: sign. Thread: one. Ownership: answers are copied to the caller's buffer.
 */
#ifndef FH_TOOLS_CLI_ADMIN_H
#define FH_TOOLS_CLI_ADMIN_H

#include "common/home.h"
#include "proto/wire/pack.h"

struct fh_admin;

enum {
    FH_ADMIN_START_MS = 10000,  /* from starting a node to its socket; 50 ms on an idle machine */
    FH_ADMIN_CHECK_MS = 600000, /* a check reads all data of a product */
};

/* Connects to the running node, or starts one (`may_start`). Given: fh_admin_close. FH_EUNREACH
 * ("admin.none"; "admin.start" with the last line that the node said), FH_ETIMEOUT, FH_EDENIED. */
FH_MUST_CHECK int fh_admin_open(struct fh_admin **out,
                                const struct fh_home *home,
                                bool may_start,
                                struct fh_err *err);
/* Starts a node without a home and connects to it (node/errand.h), for questions about data alone.
 * Given: fh_admin_close. FH_EUNREACH ("admin.start"), FH_ETIMEOUT, FH_EIO. */
FH_MUST_CHECK int fh_admin_open_errand(struct fh_admin **out, struct fh_err *err);
/* Disconnects and ends a node that was started; NULL is fine. */
void fh_admin_close(struct fh_admin *admin);
static inline void fh_admin_closep(struct fh_admin **admin)
{
    fh_admin_close(*admin);
}

/* Sends a request (borrowed) and waits for its answer within `timeout_ms`; `reader` stands at the
 * first field, in `answer` (reset). The node's error, FH_ETIMEOUT, FH_EUNREACH, FH_EPROTO. */
FH_MUST_CHECK int fh_admin_call(struct fh_admin *admin,
                                struct fh_bytes request,
                                int64_t timeout_ms,
                                struct fh_buf *answer,
                                struct fh_pack_reader *reader,
                                struct fh_err *err);

/* The path of a program that was installed beside this one. FH_ENOTFOUND. */
enum { FH_PROGRAM_PATH_BYTES = 4096 };
FH_MUST_CHECK int
fh_admin_program(char out[FH_PROGRAM_PATH_BYTES], const char *name, struct fh_err *err);

#endif
