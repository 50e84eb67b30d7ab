/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inbox: the one way from other threads onto the loop.
 *
 * An event is a member of the object that it is about, so posting allocates nothing and cannot
 * fail, and an event that waits already is not queued twice: the queue is bounded by the number of
 * objects that own events, each of which has its limit. FH_INBOX_EVENTS_MAX asserts that sum.
 *
 * Posting hands the object over to the loop: the poster touches nothing of it that `deliver` may
 * change. Events are delivered in the order posted.
 *
 * Does not: carry data (the object does). Thread: fh_inbox_post any; the rest the loop's.
 * Ownership: events are borrowed while queued; the owner of an event that is about to be freed
 * removes it first, when no thread can post it any more.
 */
#ifndef FH_NODE_IO_INBOX_H
#define FH_NODE_IO_INBOX_H

#include "common/err.h"
#include "common/list.h"

#include <stdbool.h>

struct fh_inbox;
struct fh_inbox_event;
struct fh_loop;

/* Runs on the loop. The event is not queued any more: it may be posted again, or freed with its
 * owner. */
typedef void fh_inbox_fn(struct fh_inbox_event *event);

struct fh_inbox_event {
    fh_inbox_fn *deliver;
    /* private */
    struct fh_list link;
    bool queued;
};

/* Readies an event; its owner is found with FH_LIST_ENTRY(event, type, member). */
void fh_inbox_event_init(struct fh_inbox_event *event, fh_inbox_fn *deliver);

/* Gives an inbox on `loop` (kept). FH_EIO, FH_ENOMEM. */
FH_MUST_CHECK int fh_inbox_new(struct fh_inbox **out, struct fh_loop *loop, struct fh_err *err);
/* Ends it; nothing is queued and no thread posts any more. NULL is fine. */
void fh_inbox_free(struct fh_inbox *inbox);

/* Calls `after` behind the events that are delivered in one turn of the loop. */
void fh_inbox_after(struct fh_inbox *inbox, void (*after)(void *user), void *user);

/* Queues the event and wakes the loop. False when it was queued already. */
bool fh_inbox_post(struct fh_inbox *inbox, struct fh_inbox_event *event);
/* Takes the event out undelivered; false when it was not queued. */
bool fh_inbox_remove(struct fh_inbox *inbox, struct fh_inbox_event *event);

/* Events waiting now, and the most that ever waited: for metrics. */
size_t fh_inbox_depth(struct fh_inbox *inbox);
size_t fh_inbox_depth_max(struct fh_inbox *inbox);

#endif
