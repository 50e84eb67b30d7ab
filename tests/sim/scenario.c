/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/scenario.h"

#include <string.h>

enum {
    START_WITHIN_MS = 2000,
    PRODUCTS = 64,
    SPARED = 3, /* the seeds */
};

static uint32_t any(struct sim_world *w)
{
    return (uint32_t)fh_prng_below(&w->prng, w->options.nodes);
}

static int64_t between(struct sim_world *w, int64_t from, int64_t to)
{
    return from + (int64_t)fh_prng_below(&w->prng, (uint64_t)(to - from > 0 ? to - from : 1));
}

static void start_all(struct sim_world *w)
{
    for (uint32_t i = 0; i < w->options.nodes; i++) {
        int64_t at = i == 0 ? 0 : between(w, 10, START_WITHIN_MS);
        sim_at(w, at, SIM_OP_START, i, 0);
    }
}

static void announcements(struct sim_world *w, int64_t from, int64_t to, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint32_t product = (uint32_t)fh_prng_below(&w->prng, PRODUCTS);
        sim_at(w, between(w, from, to), SIM_OP_ANNOUNCE, product % w->options.nodes, product);
    }
}

/* What most faults happen to: all join at once, and news comes until they are over. */
static void start_and_announce(struct sim_world *w, int64_t length_ms)
{
    start_all(w);
    announcements(w, 3000, length_ms * 6 / 10, 8);
}

/* Everybody joins at once, some products are announced, a few nodes die without a word. */
static void plan_steady(struct sim_world *w, int64_t length_ms)
{
    start_all(w);
    announcements(w, length_ms / 3, length_ms * 6 / 10, 20);
    unsigned crashes = w->options.nodes >= 100 ? 5 : 1;
    for (unsigned i = 0; i < crashes && w->options.nodes > 4; i++) {
        sim_at(w, between(w, length_ms / 3, length_ms / 2), SIM_OP_CRASH, 3 + i * 7, 0);
    }
}

static void plan_quiet(struct sim_world *w, int64_t length_ms)
{
    start_all(w);
    announcements(w, length_ms / 4, length_ms / 3, 3);
}

static void plan_crash(struct sim_world *w, int64_t length_ms)
{
    start_all(w);
    announcements(w, 3000, length_ms * 6 / 10, 10);
    for (unsigned i = 0; i < 2 + w->options.nodes / 4; i++) {
        uint32_t node = any(w);
        int64_t at = between(w, 5000, length_ms * 4 / 10);
        sim_at(w, at, SIM_OP_CRASH, node, 0);
        if (i % 3 != 0) {
            sim_at(w, between(w, at + 200, length_ms * 6 / 10), SIM_OP_RESTART, node, i % 2);
        }
    }
}

static void plan_partition(struct sim_world *w, int64_t length_ms)
{
    start_all(w);
    announcements(w, 3000, length_ms * 6 / 10, 12);
    uint32_t parts = 2 + (uint32_t)fh_prng_below(&w->prng, 2);
    int64_t at = between(w, 10000, length_ms * 3 / 10);
    sim_at(w, at, SIM_OP_SPLIT, 1, parts);
    sim_at(w, between(w, at + 3000, length_ms * 6 / 10), SIM_OP_HEAL, 0, 0);
}

/* The hard case: while the mesh is split everybody on one side also restarts. */
static void plan_split_restart(struct sim_world *w, int64_t length_ms)
{
    start_all(w);
    int64_t at = between(w, 10000, length_ms * 2 / 10);
    sim_at(w, at, SIM_OP_SPLIT, 1, 2);
    for (uint32_t i = 0; i < w->options.nodes; i += 2) {
        int64_t down = between(w, at + 1000, length_ms * 4 / 10);
        sim_at(w, down, SIM_OP_CRASH, i, 0);
        sim_at(w, down + 500, SIM_OP_RESTART, i, 0);
    }
    announcements(w, at, length_ms * 6 / 10, 6);
    sim_at(w, length_ms * 6 / 10, SIM_OP_HEAL, 0, 0);
}

static void plan_leave(struct sim_world *w, int64_t length_ms)
{
    start_and_announce(w, length_ms);
    for (unsigned i = 0; i < 1 + w->options.nodes / 5; i++) {
        uint32_t node = any(w);
        int64_t at = between(w, 5000, length_ms * 4 / 10);
        sim_at(w, at, SIM_OP_LEAVE, node, 0);
        if (i % 2 == 0) {
            sim_at(w, between(w, at + 6000, length_ms * 6 / 10), SIM_OP_RESTART, node, 0);
        }
    }
}

static void plan_pause(struct sim_world *w, int64_t length_ms)
{
    start_and_announce(w, length_ms);
    for (unsigned i = 0; i < 1 + w->options.nodes / 10; i++) {
        uint32_t node = any(w); /* apart: the order of arguments is the compiler's */
        sim_at(w, between(w, 5000, length_ms * 6 / 10), SIM_OP_PAUSE, node, 5000);
    }
}

static void plan_deaf(struct sim_world *w, int64_t length_ms)
{
    start_all(w);
    uint32_t node = any(w);
    int64_t at = between(w, 8000, length_ms * 3 / 10);
    sim_at(w, at, SIM_OP_DEAF, node, 1);
    sim_at(w, between(w, at + 2000, length_ms * 6 / 10), SIM_OP_DEAF, node, 0);
    announcements(w, 3000, length_ms * 6 / 10, 8);
}

static void plan_hostile(struct sim_world *w, int64_t length_ms)
{
    start_and_announce(w, length_ms);
    uint32_t liar = any(w);
    for (int64_t at = 6000; at < length_ms * 6 / 10; at += 250) {
        sim_at(w, at, SIM_OP_LIE, liar, 4);
        sim_at(w, at + 100, SIM_OP_REPLAY, 0, 8);
    }
    w->options.corrupt_permille = 10;
}

/* Some pairs hear each other in one direction only. */
static void plan_cut(struct sim_world *w, int64_t length_ms)
{
    start_and_announce(w, length_ms);
    for (unsigned i = 0; i < 1 + w->options.nodes / 4; i++) {
        uint32_t from = any(w);
        uint32_t to = any(w);
        sim_at(w, between(w, 5000, length_ms * 4 / 10), SIM_OP_CUT, from, to);
    }
    sim_at(w, length_ms * 6 / 10, SIM_OP_MEND, 0, 0);
}

static void plan_slow_loop(struct sim_world *w, int64_t length_ms)
{
    start_and_announce(w, length_ms);
    for (unsigned i = 0; i < 1 + w->options.nodes / 10; i++) {
        uint32_t node = any(w);
        int64_t at = between(w, 5000, length_ms * 4 / 10);
        uint32_t late_ms = 50 + (uint32_t)fh_prng_below(&w->prng, 400);
        sim_at(w, at, SIM_OP_SLOW, node, late_ms);
        sim_at(w, between(w, at + 2000, length_ms * 6 / 10), SIM_OP_SLOW, node, 0);
    }
}

/* Wall clocks jump a little for good, and by hours for a while. */
static void plan_clock(struct sim_world *w, int64_t length_ms)
{
    static const int32_t little_ms = 240000;
    static const int32_t much_ms = 3 * 3600 * 1000;
    start_and_announce(w, length_ms);
    for (unsigned i = 0; i < 1 + w->options.nodes / 5; i++) {
        uint32_t node = any(w);
        int64_t at = between(w, 5000, length_ms * 4 / 10);
        int32_t by_ms = i % 3 == 2 ? much_ms : little_ms;
        by_ms = fh_prng_below(&w->prng, 2) == 0 ? by_ms : -by_ms;
        sim_at(w, at, SIM_OP_CLOCK, node, (uint32_t)by_ms);
        sim_at(w, between(w, at + 1000, length_ms * 6 / 10), SIM_OP_CLOCK, node, (uint32_t)-by_ms);
    }
}

/* Power fails: what was written last is lost or half there. */
static void plan_torn(struct sim_world *w, int64_t length_ms)
{
    start_and_announce(w, length_ms);
    for (unsigned i = 0; i < 1 + w->options.nodes / 3; i++) {
        uint32_t node = any(w);
        int64_t at = between(w, 5000, length_ms * 4 / 10);
        sim_at(w, at, SIM_OP_CRASH, node, 0);
        sim_at(w,
               between(w, at + 100, length_ms * 6 / 10),
               SIM_OP_RESTART,
               node,
               i % 2 == 0 ? SIM_DISK_TORN : SIM_DISK_LOST);
    }
}

static void plan_move(struct sim_world *w, int64_t length_ms)
{
    start_and_announce(w, length_ms);
    for (unsigned i = 0; i < 1 + w->options.nodes / 5 && w->options.nodes > SPARED; i++) {
        uint32_t node = SPARED + (uint32_t)fh_prng_below(&w->prng, w->options.nodes - SPARED);
        sim_at(w, between(w, 5000, length_ms * 6 / 10), SIM_OP_MOVE, node, 0);
    }
}

static void plan_withhold(struct sim_world *w, int64_t length_ms)
{
    plan_crash(w, length_ms);
    for (unsigned i = 0; i < 1 + w->options.nodes / 8; i++) {
        uint32_t node = any(w);
        sim_at(w, 3000, SIM_OP_WITHHOLD, node, 1);
        sim_at(w, length_ms * 6 / 10, SIM_OP_WITHHOLD, node, 0);
    }
}

static void plan_flood(struct sim_world *w, int64_t length_ms)
{
    start_and_announce(w, length_ms);
    uint32_t liar = any(w);
    for (int64_t at = 6000; at < length_ms * 6 / 10; at += 1000) {
        sim_at(w, at, SIM_OP_FLOOD, liar, 20);
        sim_at(w, at + 500, SIM_OP_REPLAY, 0, 50);
    }
}

/* Nodes restart without end: each datagram could be filled with their leases alone. */
static void plan_storm(struct sim_world *w, int64_t length_ms)
{
    start_all(w);
    uint32_t nodes = w->options.nodes;
    uint32_t calm = nodes / 2 > SPARED ? nodes / 2 : nodes;
    for (int64_t at = 10000; at < length_ms * 6 / 10; at += 1 + 400 / nodes) {
        uint32_t node = calm + (uint32_t)fh_prng_below(&w->prng, nodes - calm + 1);
        if (node < nodes) {
            sim_at(w, at, SIM_OP_MOVE, node, 0);
        }
    }
    for (unsigned i = 0; i < 8; i++) {
        uint32_t product = i % calm;
        sim_at(w, between(w, 15000, length_ms * 4 / 10), SIM_OP_ANNOUNCE, product, product);
    }
}

/* What the two presets are compared by: the mesh stands; announcements in its second fifth, crashes
 * at the middle, a newcomer after them, the last fifth at rest. */
static void plan_curve(struct sim_world *w, int64_t length_ms)
{
    uint32_t last = w->options.nodes - 1;
    sim_at(w, 0, SIM_OP_WARM, last, 0);
    announcements(w, length_ms * 2 / 10, length_ms * 4 / 10, 20);
    unsigned crashes = 1 + w->options.nodes / 200;
    for (unsigned i = 0; i < crashes && last > SPARED; i++) {
        uint32_t node = SPARED + (uint32_t)fh_prng_below(&w->prng, last - SPARED);
        sim_at(w, between(w, length_ms * 4 / 10, length_ms / 2), SIM_OP_CRASH, node, 0);
    }
    sim_at(w, length_ms * 6 / 10, SIM_OP_START, last, 0);
}

/* Slow machines: each minute one node of twenty stands still for five seconds. */
static void plan_slow(struct sim_world *w, int64_t length_ms)
{
    sim_at(w, 0, SIM_OP_WARM, w->options.nodes, 0);
    for (int64_t at = 1000; at + 60000 <= length_ms; at += 60000) {
        for (unsigned i = 0; i < (w->options.nodes + 19) / 20; i++) {
            uint32_t node = any(w);
            sim_at(w, between(w, at, at + 55000), SIM_OP_PAUSE, node, 5000);
        }
    }
}

/* Two of the others at once, and in half of the cases another network. */
static void plan_mixed(struct sim_world *w, int64_t length_ms)
{
    if (fh_prng_below(&w->prng, 2) == 0) {
        w->options.delay = (enum sim_delay)fh_prng_below(&w->prng, SIM_DELAY_TAIL + 1);
        w->options.corrupt_permille = (unsigned)fh_prng_below(&w->prng, 20);
        w->options.loss_permille = (unsigned)fh_prng_below(&w->prng, 200);
        w->options.duplicate_permille = (unsigned)fh_prng_below(&w->prng, 50);
    }
    static void (*const plans[])(struct sim_world *, int64_t) = {plan_crash,
                                                                 plan_partition,
                                                                 plan_leave,
                                                                 plan_pause,
                                                                 plan_deaf,
                                                                 plan_hostile,
                                                                 plan_cut,
                                                                 plan_slow_loop,
                                                                 plan_clock,
                                                                 plan_torn,
                                                                 plan_move,
                                                                 plan_withhold,
                                                                 plan_flood};
    /* Each starts every node; a second start of a running one does nothing. */
    plans[fh_prng_below(&w->prng, FH_COUNT(plans))](w, length_ms);
    plans[fh_prng_below(&w->prng, FH_COUNT(plans))](w, length_ms);
}

const struct sim_scenario sim_scenarios[] = {
    {"steady", "all join at once, announcements, a few crashes", false, plan_steady},
    {"quiet", "all join, three announcements, then nothing", true, plan_quiet},
    {"crash", "crashes and restarts, with and without a disk", false, plan_crash},
    {"partition", "the network splits in two or three and heals", false, plan_partition},
    {"split_restart", "one side of a split restarts before it heals", false, plan_split_restart},
    {"leave", "graceful leaves, some come back", false, plan_leave},
    {"pause", "nodes stand still for five seconds", false, plan_pause},
    {"deaf", "one node sends but hears nothing for a while", false, plan_deaf},
    {"hostile", "an admitted liar, an outsider who replays and damages", false, plan_hostile},
    {"cut", "some pairs hear each other in one direction only", false, plan_cut},
    {"slow_loop", "loops of some nodes run up to half a second late", false, plan_slow_loop},
    {"clock", "wall clocks jump by minutes and hours, both ways", false, plan_clock},
    {"torn", "crashes that tear or lose the disk", false, plan_torn},
    {"move", "nodes come back at another address", false, plan_move},
    {"withhold", "crashes, and some nodes pass nothing on", false, plan_withhold},
    {"flood", "an admitted node floods and equivocates, an outsider replays", false, plan_flood},
    {"storm", "half of the nodes restart without end", false, plan_storm},
    {"curve", "a standing mesh: announcements, crashes, a newcomer, rest", true, plan_curve},
    {"slow", "a standing mesh: each minute 5 % of nodes stand still for 5 s", false, plan_slow},
    {"mixed", "two of the others at once, drawn from the seed", false, plan_mixed},
    {NULL, NULL, false, NULL},
};

const struct sim_scenario *sim_scenario_of(const char *name)
{
    for (const struct sim_scenario *s = sim_scenarios; s->name != NULL; s++) {
        if (strcmp(s->name, name) == 0) {
            return s;
        }
    }
    return NULL;
}
