/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outbox: requests of a client that are signed together.
 *
 * A program with several queries in flight takes one answer after the other and asks the next query
 * behind each. While answers that have come already lie unread here, it will be back soon: what it
 * asks waits for that, and one signature is over all requests for one node (proto/wire/together.h),
 * when a query is asked while nothing is unread, when the client has to wait, or when it is called
 * FH_TOGETHER_MS later. A query that is asked while nothing is unread goes at once.
 *
 * Does not: wait for answers. Thread: the client's. Ownership: results stay their caller's; one
 * that ends must leave.
 */
#ifndef FH_TOOLS_CLIENT_OUTBOX_H
#define FH_TOOLS_CLIENT_OUTBOX_H

#include "tools/client/result.h"

/* Signs the request of `result`, whose payload is at hand, and sends it: now, or a little later. A
 * failure then is the result's (fh_outbox_sent). FH_EUNREACH, FH_ETIMEOUT, FH_ETOOBIG, FH_EBUSY. */
FH_MUST_CHECK int fh_outbox_post(struct freehold_result *result, struct fh_err *err);
/* Makes sure that the request of `result` was sent; why it could not be. */
FH_MUST_CHECK int fh_outbox_sent(struct freehold_result *result, struct fh_err *err);
/* Sends all. */
void fh_outbox_flush(struct freehold_client *client);
/* The same when they have waited for long; or when nothing is unread any more, where an answer was
 * `dropped` that nobody will ask behind. */
void fh_outbox_look(struct freehold_client *client, bool dropped);
/* The result is over: what was not sent never is. */
void fh_outbox_leave(struct freehold_result *result);

#endif
