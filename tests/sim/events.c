/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/world_impl.h"

#include "common/assert.h"
#include "common/mem.h"

#include <stdio.h>
#include <stdlib.h>

void *sim_must(void *p)
{
    if (p == NULL) {
        (void)fprintf(stderr, "freehold-sim: out of memory\n");
        abort();
    }
    return p;
}

static bool before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

void sim_push(struct sim_world *w, struct sim_event event)
{
    FH_ASSERT(event.at_ms >= w->now_ms);
    event.order = w->order++;
    if (w->heap_count == w->heap_max) {
        w->heap_max = w->heap_max == 0 ? 1024 : w->heap_max * 2;
        w->heap = sim_must(fh_realloc(w->heap, w->heap_max * sizeof *w->heap));
    }
    size_t at = w->heap_count++;
    while (at > 0 && before(&event, &w->heap[(at - 1) / 2])) {
        w->heap[at] = w->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    w->heap[at] = event;
}

struct sim_event sim_pop(struct sim_world *w)
{
    struct sim_event top = w->heap[0];
    struct sim_event last = w->heap[--w->heap_count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= w->heap_count) {
            break;
        }
        if (child + 1 < w->heap_count && before(&w->heap[child + 1], &w->heap[child])) {
            child++;
        }
        if (!before(&w->heap[child], &last)) {
            break;
        }
        w->heap[at] = w->heap[child];
        at = child;
    }
    w->heap[at] = last;
    return top;
}
