/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mesh that has been up for long: every node knows and has verified every other one. To let
 * thousands of nodes learn of each other one record at a time would take most of a run, and the
 * figures at rest do not depend on how it came to be.
 */
#include "tests/sim/world_impl.h"

#include "common/assert.h"
#include "tests/sim/check.h"

static void settle(struct sim_world *w, struct sim_node *node)
{
    struct fh_gossip *core = node->core;
    struct fh_ref key = fh_node_id_ref(&node->id);
    fh_rumours_cancel(&core->rumours, &key); /* who it is, is no news any more */
    core->tick_at_ms = FH_GOSSIP_NEVER;
    /* Leases are of every age. */
    core->refresh_wall_ms =
        SIM_WALL_MS + w->now_ms + (int64_t)fh_prng_below(&w->prng, FH_ALIVE_TTL_MS / 2);
    core->members_changed_ms = w->now_ms;
    sim_wind(w, node);
}

static void acquaint(struct sim_world *w, struct sim_node *node, const struct sim_node *other)
{
    struct fh_gossip *core = node->core;
    struct fh_fact *alive = other->core->members.slots[FH_MEMBER_SELF].alive;
    uint32_t slot = fh_members_add(&core->members, fh_fact_ref(alive), w->now_ms);
    FH_ASSERT(slot != FH_MEMBER_NONE);
    fh_members_set_state(&core->members, slot, FH_MEMBER_ALIVE, w->now_ms);
    core->members.slots[slot].heard_ms = w->now_ms;
    core->members.slots[slot].rtt_ms = 6;
    sim_check_warm(w, node, other);
}

void sim_warm(struct sim_world *w, uint32_t count)
{
    FH_ASSERT(count <= w->options.nodes);
    for (uint32_t i = 0; i < count; i++) {
        sim_operate(w, SIM_OP_START, i, SIM_START_ALONE);
    }
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < count; j++) {
            if (i != j) {
                acquaint(w, &w->nodes[i], &w->nodes[j]);
            }
        }
        settle(w, &w->nodes[i]);
        w->nodes[i].complete = true;
    }
}
