/* SPDX-License-Identifier: Apache-2.0 */
#include "node/io/inbox.h"

#include "common/assert.h"
#include "common/limits.h"
#include "common/mem.h"
#include "node/io/loop.h"

#include <uv.h>

struct fh_inbox {
    uv_mutex_t mutex;
    struct fh_list waiting; /* under the mutex, as each event's `queued` */
    size_t depth;
    size_t depth_max;
    struct fh_wake *wake;
    void (*after)(void *user); /* each round of deliveries; NULL: nothing */
    void *after_user;
};

void fh_inbox_event_init(struct fh_inbox_event *event, fh_inbox_fn *deliver)
{
    event->deliver = deliver;
    event->queued = false;
    fh_list_init(&event->link);
}

static struct fh_inbox_event *pop(struct fh_inbox *inbox)
{
    struct fh_inbox_event *event = NULL;
    uv_mutex_lock(&inbox->mutex);
    if (!fh_list_empty(&inbox->waiting)) {
        event = FH_LIST_ENTRY(inbox->waiting.next, struct fh_inbox_event, link);
        fh_list_remove(&event->link);
        event->queued = false;
        inbox->depth--;
    }
    uv_mutex_unlock(&inbox->mutex);
    return event;
}

static void on_wake(void *user)
{
    struct fh_inbox *inbox = user;
    /* As many as wait now: what the deliveries post comes in the next round, so that timers and
     * sockets have their turn. */
    size_t left = fh_inbox_depth(inbox);
    for (; left > 0; left--) {
        struct fh_inbox_event *event = pop(inbox);
        if (event == NULL) {
            break;
        }
        event->deliver(event);
    }
    if (inbox->after != NULL) {
        inbox->after(inbox->after_user);
    }
    if (fh_inbox_depth(inbox) > 0) {
        fh_wake_send(inbox->wake);
    }
}

int fh_inbox_new(struct fh_inbox **out, struct fh_loop *loop, struct fh_err *err)
{
    struct fh_inbox *inbox = fh_calloc(1, sizeof *inbox);
    if (inbox == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the inbox");
    }
    if (uv_mutex_init(&inbox->mutex) != 0) {
        fh_free(inbox);
        return fh_err_set(err, FH_ENOMEM, "no memory for the inbox");
    }
    fh_list_init(&inbox->waiting);
    int code = fh_wake_new(&inbox->wake, loop, on_wake, inbox, err);
    if (code != FH_OK) {
        uv_mutex_destroy(&inbox->mutex);
        fh_free(inbox);
        return code;
    }
    *out = inbox;
    return FH_OK;
}

void fh_inbox_free(struct fh_inbox *inbox)
{
    if (inbox == NULL) {
        return;
    }
    FH_ASSERT(fh_list_empty(&inbox->waiting));
    fh_wake_free(inbox->wake);
    uv_mutex_destroy(&inbox->mutex);
    fh_free(inbox);
}

void fh_inbox_after(struct fh_inbox *inbox, void (*after)(void *user), void *user)
{
    inbox->after = after;
    inbox->after_user = user;
}

bool fh_inbox_post(struct fh_inbox *inbox, struct fh_inbox_event *event)
{
    uv_mutex_lock(&inbox->mutex);
    bool fresh = !event->queued;
    if (fresh) {
        event->queued = true;
        fh_list_push_back(&inbox->waiting, &event->link);
        inbox->depth++;
        FH_ASSERT(inbox->depth <= FH_INBOX_EVENTS_MAX);
        if (inbox->depth > inbox->depth_max) {
            inbox->depth_max = inbox->depth;
        }
        if (inbox->depth == 1) {
            fh_wake_send(inbox->wake); /* under the mutex: the inbox cannot go meanwhile */
        }
    }
    uv_mutex_unlock(&inbox->mutex);
    return fresh;
}

bool fh_inbox_remove(struct fh_inbox *inbox, struct fh_inbox_event *event)
{
    uv_mutex_lock(&inbox->mutex);
    bool was = event->queued;
    if (was) {
        fh_list_remove(&event->link);
        event->queued = false;
        inbox->depth--;
    }
    uv_mutex_unlock(&inbox->mutex);
    return was;
}

size_t fh_inbox_depth(struct fh_inbox *inbox)
{
    uv_mutex_lock(&inbox->mutex);
    size_t depth = inbox->depth;
    uv_mutex_unlock(&inbox->mutex);
    return depth;
}

size_t fh_inbox_depth_max(struct fh_inbox *inbox)
{
    uv_mutex_lock(&inbox->mutex);
    size_t depth = inbox->depth_max;
    uv_mutex_unlock(&inbox->mutex);
    return depth;
}
