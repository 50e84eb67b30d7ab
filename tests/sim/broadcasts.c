/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/broadcasts.h"

#include "common/assert.h"
#include "common/mem.h"
#include "tests/sim/world_impl.h"

#include <string.h>

enum { SHORTEST_BYTES = 32 }; /* no message of the model is shorter: the walk ends below it */

void sim_broadcasts_init(struct sim_broadcasts *q, uint32_t keys)
{
    *q = (struct sim_broadcasts){.keys = keys};
    q->places = sim_must(fh_calloc(keys, sizeof *q->places));
}

void sim_broadcasts_fini(struct sim_broadcasts *q)
{
    fh_free(q->items);
    fh_free(q->places);
}

static void unlink_item(struct sim_broadcasts *q, uint32_t at)
{
    const struct sim_broadcast *item = &q->items[at - 1];
    if (item->before != 0) {
        q->items[item->before - 1].next = item->next;
    } else {
        q->first[item->tier] = item->next;
    }
    if (item->next != 0) {
        q->items[item->next - 1].before = item->before;
    } else {
        q->last[item->tier] = item->before;
    }
}

static void link_first(struct sim_broadcasts *q, uint32_t at, uint8_t tier)
{
    struct sim_broadcast *item = &q->items[at - 1];
    item->tier = tier;
    item->before = 0;
    item->next = q->first[tier];
    if (item->next != 0) {
        q->items[item->next - 1].before = at;
    } else {
        q->last[tier] = at;
    }
    q->first[tier] = at;
}

/* What moves on together keeps its order: the newest stays in front. */
static void link_last(struct sim_broadcasts *q, uint32_t at, uint8_t tier)
{
    struct sim_broadcast *item = &q->items[at - 1];
    item->tier = tier;
    item->next = 0;
    item->before = q->last[tier];
    if (item->before != 0) {
        q->items[item->before - 1].next = at;
    } else {
        q->first[tier] = at;
    }
    q->last[tier] = at;
}

static void drop(struct sim_broadcasts *q, uint32_t at)
{
    struct sim_broadcast *item = &q->items[at - 1];
    unlink_item(q, at);
    q->places[item->key] = 0;
    item->next = q->free;
    q->free = at;
    q->count--;
}

static uint32_t place_new(struct sim_broadcasts *q)
{
    uint32_t at = q->free;
    if (at != 0) {
        q->free = q->items[at - 1].next;
        return at;
    }
    if (q->used == q->size) {
        q->size = q->size == 0 ? 16 : 2 * q->size;
        q->items = sim_must(fh_realloc(q->items, q->size * sizeof *q->items));
    }
    return ++q->used;
}

void sim_broadcasts_put(struct sim_broadcasts *q,
                        uint32_t key,
                        const struct sim_gossip *message,
                        uint16_t size,
                        bool longer)
{
    FH_ASSERT(key < q->keys);
    if (q->places[key] != 0) {
        drop(q, q->places[key]);
    }
    uint32_t at = place_new(q);
    q->items[at - 1] = (struct sim_broadcast){.message = *message, .key = key, .size = size};
    q->places[key] = at;
    q->count++;
    link_first(q, at, longer ? 0 : 1);
}

unsigned sim_broadcasts_take(struct sim_broadcasts *q,
                             uint32_t bytes,
                             uint32_t overhead,
                             unsigned sends,
                             unsigned most,
                             struct sim_gossip *out,
                             uint32_t *out_bytes)
{
    enum { TAKEN_MAX = 64 };
    uint32_t taken[TAKEN_MAX];
    unsigned count = 0;
    FH_ASSERT(sends <= SIM_BROADCAST_SENDS_MAX);
    most = most < TAKEN_MAX ? most : TAKEN_MAX;
    for (unsigned tier = 0; tier < 2 * sends && q->count > 0; tier++) {
        for (uint32_t at = q->first[tier]; at != 0 && count < most; at = q->items[at - 1].next) {
            if (*out_bytes + overhead + SHORTEST_BYTES > bytes) {
                break;
            }
            const struct sim_broadcast *item = &q->items[at - 1];
            if (*out_bytes + overhead + item->size <= bytes) {
                *out_bytes += overhead + item->size;
                out[count] = item->message;
                taken[count++] = at;
            }
        }
    }
    for (unsigned i = 0; i < count; i++) {
        struct sim_broadcast *item = &q->items[taken[i] - 1];
        if (item->sends + 1u >= sends) {
            drop(q, taken[i]);
        } else {
            unlink_item(q, taken[i]);
            item->sends++;
            link_last(q, taken[i], (uint8_t)(2u * item->sends + item->tier % 2u));
        }
    }
    return count;
}
