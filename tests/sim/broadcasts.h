/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Broadcasts: the transmit-limited queue of memberlist's rules, for the comparison model.
 *
 * One broadcast for each key: a newer one replaces it. Those sent least often go first, among them
 * the longer ones, among those the newest; after its number of sends a broadcast is done.
 *
 * Does not: know the mesh. Thread: one. Ownership: values.
 */
#ifndef FH_TESTS_SIM_BROADCASTS_H
#define FH_TESTS_SIM_BROADCASTS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    SIM_BROADCAST_SENDS_MAX = 32,
    SIM_BROADCAST_TIERS = 2 * SIM_BROADCAST_SENDS_MAX, /* by sends, longer ones before others */
};

/* One message of the model. What its fields mean depends on its kind (memberlist.c). */
struct sim_gossip {
    uint32_t kind;
    uint32_t subject;
    uint32_t incarnation;
    uint32_t from;
};

struct sim_broadcast {
    struct sim_gossip message;
    uint32_t key;
    uint16_t size; /* on the wire */
    uint8_t sends;
    uint8_t tier;
    uint32_t next; /* index + 1 */
    uint32_t before;
};

struct sim_broadcasts {
    struct sim_broadcast *items;
    uint32_t count;
    /* private */
    uint32_t used;
    uint32_t size;
    uint32_t free;
    uint32_t *places; /* by key: index + 1 */
    uint32_t keys;
    uint32_t first[SIM_BROADCAST_TIERS];
    uint32_t last[SIM_BROADCAST_TIERS];
};

void sim_broadcasts_init(struct sim_broadcasts *q, uint32_t keys);
void sim_broadcasts_fini(struct sim_broadcasts *q);
/* `size` bytes on the wire; `longer` ones go first among those sent equally often. */
void sim_broadcasts_put(struct sim_broadcasts *q,
                        uint32_t key,
                        const struct sim_gossip *message,
                        uint16_t size,
                        bool longer);
/* Takes what fits `bytes`, `overhead` more for each; ends those that were sent `sends` times.
 * Adds up the bytes taken in *out_bytes. Returns how many, at most `most`. */
unsigned sim_broadcasts_take(struct sim_broadcasts *q,
                             uint32_t bytes,
                             uint32_t overhead,
                             unsigned sends,
                             unsigned most,
                             struct sim_gossip *out,
                             uint32_t *out_bytes);

#endif
