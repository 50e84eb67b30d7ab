/* SPDX-License-Identifier: Apache-2.0 */
/* How far others are: their round trips, and how long an answer may take because of them. */
#include "proto/gossip/core.h"

enum {
    RTT_SHIFT = 3,     /* smoothing by 1/8, as TCP (RFC 6298) */
    RTT_OFF_SHIFT = 2, /* and of deviations by 1/4 */
    RTT_MOST_MS = 30000,
};

/* For one whose round trip is not known: in a mesh of thousands that is nearly everybody. Twice
 * what TCP would wait (RFC 6298) in a network where the distance to all is one variable. */
static uint32_t stranger_ms(const struct fh_gossip *g)
{
    return g->rtt_ms == 0 ? g->options.timing.answer_max_ms : 2 * (g->rtt_ms + 4 * g->rtt_off_ms);
}

int64_t fh_distance_answer_ms(const struct fh_gossip *g, uint32_t slot)
{
    const struct fh_gossip_timing *t = &g->options.timing;
    uint32_t rtt = g->members.slots[slot].rtt_ms;
    uint32_t wait = rtt == 0 ? stranger_ms(g) : 4 * rtt;
    wait = wait < t->answer_min_ms ? t->answer_min_ms : wait;
    wait = wait > t->answer_max_ms ? t->answer_max_ms : wait;
    return (int64_t)wait * (g->health + 1);
}

static uint32_t smoothed(uint32_t old, uint32_t sample, unsigned shift)
{
    uint32_t smooth = old + (sample >> shift) - (old >> shift);
    return smooth == 0 ? 1 : smooth;
}

void fh_distance_measure(struct fh_gossip *g, struct fh_member *member, int64_t took_ms)
{
    uint32_t sample = took_ms < 1 ? 1 : took_ms > RTT_MOST_MS ? RTT_MOST_MS : (uint32_t)took_ms;
    uint32_t old = member->rtt_ms;
    member->rtt_ms = (uint16_t)(old == 0 ? sample : smoothed(old, sample, RTT_SHIFT));
    if (g->rtt_ms == 0) {
        g->rtt_ms = sample;
        g->rtt_off_ms = sample / 2;
        return;
    }
    uint32_t off = sample > g->rtt_ms ? sample - g->rtt_ms : g->rtt_ms - sample;
    g->rtt_off_ms = smoothed(g->rtt_off_ms, off, RTT_OFF_SHIFT);
    g->rtt_ms = smoothed(g->rtt_ms, sample, RTT_SHIFT);
}
