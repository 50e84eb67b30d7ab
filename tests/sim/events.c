/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is to happen, in the order of its time, then of its planning: a wheel with a list for each
 * of the next milliseconds, and a heap of what is further away. An event moves from the heap to
 * the wheel as soon as the wheel reaches its time, so before anything newer is planned for then.
 */
#include "tests/sim/world_impl.h"

#include "common/assert.h"
#include "common/mem.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    WHEEL_MS = 8192, /* probes, bursts and delays are nearer; a power of two */
    WORDS = WHEEL_MS / 64,
};

struct slot {
    struct sim_event *first;
    struct sim_event *last;
};

struct sim_events {
    int64_t at_ms; /* of the last event taken: the wheel begins here */
    uint64_t order;
    uint64_t filled[WORDS]; /* a bit for each slot that is not empty */
    struct slot wheel[WHEEL_MS];
    struct sim_event **heap;
    size_t heap_count;
    size_t heap_max;
    struct sim_event *free;
};

void *sim_must(void *p)
{
    if (p == NULL) {
        (void)fprintf(stderr, "freehold-sim: out of memory\n");
        abort();
    }
    return p;
}

struct sim_events *sim_events_new(void)
{
    return sim_must(fh_calloc(1, sizeof(struct sim_events)));
}

static void free_list(struct sim_event *event)
{
    while (event != NULL) {
        struct sim_event *next = event->next;
        fh_free(event->bytes);
        fh_free(event);
        event = next;
    }
}

void sim_events_free(struct sim_events *events)
{
    if (events == NULL) {
        return;
    }
    for (size_t i = 0; i < WHEEL_MS; i++) {
        free_list(events->wheel[i].first);
    }
    for (size_t i = 0; i < events->heap_count; i++) {
        fh_free(events->heap[i]->bytes);
        fh_free(events->heap[i]);
    }
    free_list(events->free);
    fh_free(events->heap);
    fh_free(events);
}

static bool before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void heap_push(struct sim_events *e, struct sim_event *event)
{
    if (e->heap_count == e->heap_max) {
        e->heap_max = e->heap_max == 0 ? 64 : e->heap_max * 2;
        e->heap = sim_must(fh_realloc(e->heap, e->heap_max * sizeof *e->heap));
    }
    size_t at = e->heap_count++;
    while (at > 0 && before(event, e->heap[(at - 1) / 2])) {
        e->heap[at] = e->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    e->heap[at] = event;
}

static struct sim_event *heap_pop(struct sim_events *e)
{
    struct sim_event *top = e->heap[0];
    struct sim_event *last = e->heap[--e->heap_count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= e->heap_count) {
            break;
        }
        if (child + 1 < e->heap_count && before(e->heap[child + 1], e->heap[child])) {
            child++;
        }
        if (!before(e->heap[child], last)) {
            break;
        }
        e->heap[at] = e->heap[child];
        at = child;
    }
    e->heap[at] = last;
    return top;
}

static void wheel_add(struct sim_events *e, struct sim_event *event)
{
    size_t at = (size_t)event->at_ms & (WHEEL_MS - 1);
    struct slot *slot = &e->wheel[at];
    event->next = NULL;
    if (slot->last == NULL) {
        slot->first = event;
        e->filled[at / 64] |= (uint64_t)1 << at % 64;
    } else {
        slot->last->next = event;
    }
    slot->last = event;
}

void sim_push(struct sim_world *w, const struct sim_event *event)
{
    struct sim_events *e = w->events;
    FH_ASSERT(event->at_ms >= w->now_ms);
    FH_ASSERT(event->at_ms >= e->at_ms);
    struct sim_event *kept = e->free;
    if (kept != NULL) {
        e->free = kept->next;
    } else {
        kept = sim_must(fh_alloc(sizeof *kept));
    }
    *kept = *event;
    kept->order = e->order++;
    if (kept->at_ms < e->at_ms + WHEEL_MS) {
        wheel_add(e, kept);
    } else {
        heap_push(e, kept);
    }
}

/* The first filled slot at or after the wheel's beginning; all slots lie within one turn. */
static int64_t wheel_next_ms(const struct sim_events *e)
{
    size_t begin = (size_t)e->at_ms & (WHEEL_MS - 1);
    for (size_t i = 0; i <= WORDS; i++) {
        size_t word = (begin / 64 + i) % WORDS;
        uint64_t bits = e->filled[word];
        if (i == 0) {
            bits &= ~(uint64_t)0 << begin % 64;
        } else if (i == WORDS) {
            bits &= begin % 64 == 0 ? 0 : ~(uint64_t)0 >> (64 - begin % 64);
        }
        if (bits != 0) {
            size_t at = word * 64 + (size_t)__builtin_ctzll(bits);
            return e->at_ms + (int64_t)((at - begin) & (WHEEL_MS - 1));
        }
    }
    return FH_GOSSIP_NEVER;
}

int64_t sim_next_ms(const struct sim_world *w)
{
    int64_t at = wheel_next_ms(w->events);
    return at == FH_GOSSIP_NEVER && w->events->heap_count > 0 ? w->events->heap[0]->at_ms : at;
}

struct sim_event *sim_pop(struct sim_world *w)
{
    struct sim_events *e = w->events;
    e->at_ms = sim_next_ms(w);
    FH_ASSERT(e->at_ms != FH_GOSSIP_NEVER);
    while (e->heap_count > 0 && e->heap[0]->at_ms < e->at_ms + WHEEL_MS) {
        wheel_add(e, heap_pop(e));
    }
    size_t at = (size_t)e->at_ms & (WHEEL_MS - 1);
    struct slot *slot = &e->wheel[at];
    struct sim_event *event = slot->first;
    slot->first = event->next;
    if (slot->first == NULL) {
        slot->last = NULL;
        e->filled[at / 64] &= ~((uint64_t)1 << at % 64);
    }
    return event;
}

void sim_event_done(struct sim_world *w, struct sim_event *event)
{
    fh_free(event->bytes);
    event->bytes = NULL;
    event->next = w->events->free;
    w->events->free = event;
}
