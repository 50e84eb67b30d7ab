/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/ring_end.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    BELL_EVERY = 8,   /* frames between two rings: a wake costs as much as a thousand rows */
    WAIT_MS_MAX = 16, /* between looks of one who waits long: 1, 2, 4 ... */
};

/* The page of counters. Each has a cache line of its own. */
struct control {
    _Alignas(64) _Atomic uint32_t made; /* the writer's */
    _Atomic uint32_t ended;
    _Alignas(64) _Atomic uint32_t used; /* the reader's */
    _Atomic uint32_t closed;
    _Alignas(64) _Atomic uint32_t writer_bell; /* either rings: it changes */
    _Alignas(64) _Atomic uint32_t reader_bell;
};

_Static_assert(sizeof(struct control) <= FH_RING_CONTROL_BYTES, "the counters fit their page");
_Static_assert(FH_RING_SLOTS_MIN >= 2 * BELL_EVERY, "neither end sleeps while the other waits");

static struct control *control_of(struct fh_ring_end *end)
{
    return (void *)end->memory;
}

int fh_ring_end_open(struct fh_ring_end *out,
                     const struct fh_ring_layout *layout,
                     int fd,
                     struct fh_err *err)
{
    struct stat s;
    if (fstat(fd, &s) != 0 || !S_ISREG(s.st_mode) || s.st_size < 0 ||
        (size_t)s.st_size != layout->ring_bytes) {
        return fh_err_rule(err, FH_EPROTO, "channel.files", "the memory of a ring does not fit it");
    }
    void *memory = mmap(NULL, layout->ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) {
        return fh_err_rule(
            err, FH_ETOOBIG, "query.memory", "the worker has no address space for a ring");
    }
    *out = (struct fh_ring_end){.layout = *layout, .memory = memory};
    return FH_OK;
}

void fh_ring_end_close(struct fh_ring_end *end)
{
    if (end->memory != NULL) {
        (void)munmap(end->memory, end->layout.ring_bytes);
    }
    *end = (struct fh_ring_end){.memory = NULL};
}

/* ---- bells ---- */

static void ring(_Atomic uint32_t *bell)
{
    atomic_fetch_add(bell, 1);
    (void)syscall(SYS_futex, bell, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* Sleeps until the bell is no more at `seen`, and not for long. */
static void sleep_on(_Atomic uint32_t *bell, uint32_t seen, unsigned *turn)
{
    unsigned ms = *turn < 4 ? 1u << *turn : WAIT_MS_MAX;
    struct timespec most = {.tv_nsec = (long)ms * 1000000L};
    (*turn)++;
    (void)syscall(SYS_futex, bell, FUTEX_WAIT, seen, &most, NULL, 0);
}

void fh_ring_stop(struct fh_ring_end *end)
{
    atomic_store(&end->stopped, true);
    ring(&control_of(end)->writer_bell);
    ring(&control_of(end)->reader_bell);
}

/* ---- the writer's ---- */

enum fh_ring_wait fh_ring_free(struct fh_ring_end *end, uint8_t **out_slot)
{
    struct control *c = control_of(end);
    for (unsigned turn = 0;;) {
        uint32_t seen = atomic_load(&c->writer_bell);
        uint32_t open = end->count - atomic_load(&c->used); /* written and not used */
        if (atomic_load(&end->stopped)) {
            return FH_RING_STOPPED;
        }
        if (atomic_load(&c->closed) != 0) {
            return FH_RING_OVER;
        }
        if (open > end->layout.slots) {
            return FH_RING_BROKEN;
        }
        if (open < end->layout.slots) {
            *out_slot = end->memory + fh_ring_slot(&end->layout, end->count);
            return FH_RING_READY;
        }
        sleep_on(&c->writer_bell, seen, &turn);
    }
}

void fh_ring_publish(struct fh_ring_end *end)
{
    struct control *c = control_of(end);
    end->count++;
    atomic_store(&c->made, end->count);
    if (end->count <= BELL_EVERY || end->count % BELL_EVERY == 0) {
        ring(&c->reader_bell);
    }
}

void fh_ring_finish(struct fh_ring_end *end)
{
    struct control *c = control_of(end);
    atomic_store(&c->ended, 1);
    ring(&c->reader_bell);
}

/* ---- the reader's ---- */

enum fh_ring_wait fh_ring_next(struct fh_ring_end *end, const uint8_t **out_slot)
{
    struct control *c = control_of(end);
    for (unsigned turn = 0;;) {
        uint32_t seen = atomic_load(&c->reader_bell);
        bool ended = atomic_load(&c->ended) != 0; /* before `made`: what it counts is all */
        uint32_t open = atomic_load(&c->made) - end->count;
        if (atomic_load(&end->stopped)) {
            return FH_RING_STOPPED;
        }
        if (open > end->layout.slots) {
            return FH_RING_BROKEN;
        }
        if (open > 0) {
            *out_slot = end->memory + fh_ring_slot(&end->layout, end->count);
            return FH_RING_READY;
        }
        if (ended) {
            return FH_RING_OVER;
        }
        sleep_on(&c->reader_bell, seen, &turn);
    }
}

void fh_ring_release(struct fh_ring_end *end)
{
    struct control *c = control_of(end);
    end->count++;
    atomic_store(&c->used, end->count);
    if (end->count % BELL_EVERY == 0) {
        ring(&c->writer_bell);
    }
}

void fh_ring_close(struct fh_ring_end *end)
{
    struct control *c = control_of(end);
    atomic_store(&c->closed, 1);
    ring(&c->writer_bell);
}
