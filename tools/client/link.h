/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Link: one connection of a client, with requests in flight in numbered slots.
 *
 * Post sends a message and begins to wait for its answer, wait takes the answer. So several
 * requests travel at once and each answer finds its own, whatever the order in which they come.
 * Nothing is sent again: when the connection breaks, what was in flight fails.
 *
 * Does not: know frames or sessions. Thread: one, which reads the socket only while it waits.
 * Ownership: an answer is lent until the slot is posted again or released.
 */
#ifndef FH_TOOLS_CLIENT_LINK_H
#define FH_TOOLS_CLIENT_LINK_H

#include "common/bytes.h"
#include "common/err.h"
#include "common/limits.h"

enum {
    FH_LINK_SLOTS = 48, /* 11 results with FH_QUERY_WINDOW each, or 47 small ones, and a call */
};

struct fh_link;

/* Connects to "HOST:PORT" or "[v6]:PORT" within FH_CONNECT_MS. Given: fh_link_close. FH_EINVAL,
 * FH_EUNREACH, FH_ETIMEOUT. */
FH_MUST_CHECK int fh_link_open(struct fh_link **out, const char *address, struct fh_err *err);
/* Ends everything in flight; NULL is fine. */
void fh_link_close(struct fh_link *link);

/* An eventfd (kept): while it counts something, a wait for an answer ends with FH_ECANCELLED and
 * sets it back to 0. -1, the default: none does. */
void fh_link_interrupts(struct fh_link *link, int fd);

/* Calls `before` (NULL: nothing) when a wait begins whose answer is not there yet: what somebody
 * holds back is to be posted then. */
void fh_link_before_wait(struct fh_link *link, void (*before)(void *user), void *user);
/* Has that posted now. */
void fh_link_hold_nothing(struct fh_link *link);
/* Whether an answer has come that was not taken yet. When none is known, and a slot waits, what
 * lies on the socket is read first. */
bool fh_link_is_unread(struct fh_link *link);

/* How long nothing at all has come though something was posted or waited for: what lies on the
 * socket unread counts as nothing. */
int64_t fh_link_silence_ms(const struct fh_link *link);
/* Whether the answer of this slot is there, after a look at the socket. Does not wait. */
bool fh_link_has_answer(struct fh_link *link, int slot);

/* The address as it was given. Lent with the link. */
const char *fh_link_address(const struct fh_link *link);

/* A free slot, or -1. */
int fh_link_take_slot(struct fh_link *link);
/* Cancels what the slot waits for, drops its answer, and frees it. */
void fh_link_release_slot(struct fh_link *link, int slot);

/* Sends a message (borrowed) and begins to wait for its answer for at most `timeout_ms`. An earlier
 * answer in the slot is dropped. FH_EUNREACH, FH_ETIMEOUT, FH_ENOMEM. */
FH_MUST_CHECK int fh_link_post(struct fh_link *link,
                               int slot,
                               struct fh_bytes message,
                               int64_t timeout_ms,
                               struct fh_err *err);
/* Waits for its answer no longer than this from now. */
void fh_link_hurry(struct fh_link *link, int slot, int64_t timeout_ms);
/* Waits for the answer of the last post. `*out_data` is lent and may be written to. What came in
 * time is taken, however late this is called. FH_ETIMEOUT: the slot waits on, until it is posted
 * again or released. FH_ECANCELLED: interrupted; the answer is dropped when it comes. */
FH_MUST_CHECK int fh_link_wait(
    struct fh_link *link, int slot, uint8_t **out_data, size_t *out_size, struct fh_err *err);

#endif
