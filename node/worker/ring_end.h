/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ring end: one end of a ring (proto/query/ring.h): its memory, counted and waited for.
 *
 *      writer                        memory                        reader
 *      fh_ring_free    waits for     made - used < slots
 *      fh_ring_publish               made + 1          fh_ring_next waits for made > used
 *                                    used + 1          fh_ring_release
 *      fh_ring_finish                ended             fh_ring_next: no more
 *      fh_ring_free: closed          closed            fh_ring_close
 *
 * Each end counts by itself, and compares what the other wrote with that: a counter that cannot be
 * is the end of the ring, not an index. Whoever waits sleeps on a futex that the other end rings
 * every few frames, and looks by itself every few milliseconds, so a bell that is not rung costs
 * time alone. Any thread of the own process may end a wait (fh_ring_stop).
 *
 * Does not: know what a frame holds. Thread: one thread uses an end; fh_ring_stop any. Ownership:
 * an end is given by open; the descriptor is borrowed.
 */
#ifndef FH_NODE_WORKER_RING_END_H
#define FH_NODE_WORKER_RING_END_H

#include "proto/query/ring.h"

#include <stdatomic.h>

struct fh_ring_end {
    struct fh_ring_layout layout;
    uint8_t *memory;
    uint32_t count; /* frames that this end has written, or used */
    atomic_bool stopped;
};

/* Maps `fd`, which must have exactly the size of the layout (copied; what it points at must outlive
 * the end). The node made and sealed the memory: it neither shrinks nor grows. FH_EPROTO
 * "channel.files", FH_ETOOBIG "query.memory". */
FH_MUST_CHECK int fh_ring_end_open(struct fh_ring_end *out,
                                   const struct fh_ring_layout *layout,
                                   int fd,
                                   struct fh_err *err);
/* Unmaps; an end that was never opened (all zero) is fine. */
void fh_ring_end_close(struct fh_ring_end *end);

/* ---- the writer's ---- */

enum fh_ring_wait {
    FH_RING_READY,
    FH_RING_OVER,    /* writer: the reader wants no more; reader: there is no more */
    FH_RING_STOPPED, /* by fh_ring_stop of this process */
    FH_RING_BROKEN,  /* the other end wrote a counter that cannot be */
};

/* Waits for a slot to write the next frame to. */
FH_MUST_CHECK enum fh_ring_wait fh_ring_free(struct fh_ring_end *end, uint8_t **out_slot);
/* The frame in it is whole. */
void fh_ring_publish(struct fh_ring_end *end);
/* No frame follows. */
void fh_ring_finish(struct fh_ring_end *end);

/* ---- the reader's ---- */

/* Waits for the next frame; the slot is the reader's until released. */
FH_MUST_CHECK enum fh_ring_wait fh_ring_next(struct fh_ring_end *end, const uint8_t **out_slot);
void fh_ring_release(struct fh_ring_end *end);
/* The reader wants no more. */
void fh_ring_close(struct fh_ring_end *end);

/* ---- any thread of the process ---- */

/* Ends every wait of this end, now and later. */
void fh_ring_stop(struct fh_ring_end *end);

#endif
