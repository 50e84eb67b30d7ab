/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flow: an answer on its way from the thread that makes it to the connection that takes it.
 *
 *     maker: write ──► ring of FH_HTTP_FLOW_BYTES ──► taker: read
 *            blocks while it is full                  is told when there is more
 *
 * A slow taker so holds up the maker, which holds up the node: nothing piles up anywhere. When the
 * taker goes away the maker's next write says so, and the client of libfreehold that it waits with
 * is interrupted, which cancels the query.
 *
 * Does not: know HTTP. Thread: one maker, one taker, and anybody may close. Ownership: counted;
 * each side drops its own reference.
 */
#ifndef FH_TOOLS_DOOR_HTTP_FLOW_H
#define FH_TOOLS_DOOR_HTTP_FLOW_H

#include "common/bytes.h"
#include "common/err.h"
#include "tools/client/freehold.h"

struct fh_http_flow;

/* Called when the taker, which found nothing, may read again: on the maker's thread, under the
 * flow's lock. */
typedef void fh_http_flow_wake_fn(void *user);

/* A flow whose ring holds `bytes`; two references. `user` (kept until fh_http_flow_leave) is the
 * taker's. NULL when there is no memory. Given: fh_http_flow_drop. */
FH_MUST_CHECK struct fh_http_flow *
fh_http_flow_new(size_t bytes, fh_http_flow_wake_fn *wake, void *user);
void fh_http_flow_drop(struct fh_http_flow *flow);

/* ---- the maker ---- */

/* Waits for room. FH_ECANCELLED ("http.closed"): nobody takes it any more; FH_ETIMEOUT
 * ("http.stalled"): nothing was taken for FH_HTTP_IDLE_MS. */
FH_MUST_CHECK int
fh_http_flow_write(struct fh_http_flow *flow, struct fh_bytes bytes, struct fh_err *err);
/* The answer ends here: whole, or cut. */
void fh_http_flow_end(struct fh_http_flow *flow, bool whole);
/* The client (lent) whose call the maker is about to wait in, and which is interrupted when the
 * taker goes; NULL: none any more. FH_ECANCELLED when it has gone already. */
FH_MUST_CHECK int
fh_http_flow_waits(struct fh_http_flow *flow, struct freehold_client *client, struct fh_err *err);

/* ---- the taker ---- */

enum fh_http_flow_state {
    FH_HTTP_FLOW_DATA,
    FH_HTTP_FLOW_NOTHING, /* yet: the flow wakes; `suspend` was called under its lock */
    FH_HTTP_FLOW_WHOLE,
    FH_HTTP_FLOW_CUT,
};
/* Takes up to `size` bytes. `suspend(user)` stops asking before the maker can wake. */
enum fh_http_flow_state fh_http_flow_read(struct fh_http_flow *flow,
                                          void *to,
                                          size_t size,
                                          size_t *out_size,
                                          void (*suspend)(void *user));
/* The taker's end is gone: no wake comes after this returns. */
void fh_http_flow_leave(struct fh_http_flow *flow);

/* ---- anybody ---- */

/* Whoever waited for the answer has hung up: the maker is told. The taker stays. */
void fh_http_flow_hang_up(struct fh_http_flow *flow);

#endif
