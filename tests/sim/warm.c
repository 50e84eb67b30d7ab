/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mesh that has been running for long: every node is put into the state in which the protocol
 * leaves it, because ten thousand that learn of ten thousand others are a hundred million records.
 */
#include "common/mem.h"
#include "tests/sim/check.h"
#include "tests/sim/memberlist.h"

static void persist(struct sim_world *w, struct sim_node *node)
{
    for (unsigned i = 0; i < w->actions.count; i++) {
        if (w->actions.items[i].kind == FH_GOSSIP_PERSIST) {
            sim_check_persist(w, node, w->actions.items[i].generation);
            node->disk_generation = w->actions.items[i].generation;
        }
    }
}

static void step(struct sim_world *w, struct sim_node *node, struct fh_gossip_event *event)
{
    struct fh_err err = {0};
    event->now_ms = w->now_ms;
    event->wall_ms = sim_wall_ms(node);
    if (fh_gossip_step(node->core, event, &w->actions, &err) != FH_OK) {
        sim_check_break(w, node, 10, "warm start failed: %s", err.text);
    }
    persist(w, node);
}

/* Starts it; nobody hears of that, and the sessions that it asks for do not happen. */
static void start_quietly(struct sim_world *w, struct sim_node *node)
{
    struct fh_gossip_event start = {.kind = FH_GOSSIP_START,
                                    .u.start = {.generation = node->disk_generation}};
    struct fh_gossip_event synced = {.kind = FH_GOSSIP_SYNCED};
    struct fh_ref self = fh_node_id_ref(&node->id);
    step(w, node, &start);
    sim_publish_catalogue(w, node);
    step(w, node, &synced);
    fh_rumours_cancel(&node->core->rumours, &self);
    /* Leases are of every age. */
    node->core->refresh_wall_ms =
        SIM_WALL_MS + w->now_ms + (int64_t)fh_prng_below(&w->prng, FH_ALIVE_TTL_MS / 2);
}

/* It knows all others, who have answered it. */
static void introduce_all(struct sim_world *w,
                          struct sim_node *node,
                          struct fh_fact *const *facts,
                          uint32_t nodes)
{
    struct fh_gossip *core = node->core;
    for (uint32_t i = 0; i < nodes; i++) {
        if (i == node->index) {
            continue;
        }
        uint32_t slot = fh_members_add(&core->members, fh_fact_ref(facts[i]), w->now_ms);
        fh_members_set_state(&core->members, slot, FH_MEMBER_ALIVE, w->now_ms);
        core->members.slots[slot].heard = fh_members_step(&core->members, w->now_ms);
    }
    sim_check_warmed(w, node);
}

void sim_warm(struct sim_world *w, uint32_t nodes)
{
    struct fh_fact **facts = sim_must(fh_calloc(nodes, sizeof(struct fh_fact *)));
    w->warm = nodes;
    for (uint32_t i = 0; i < nodes; i++) {
        sim_begin(w, &w->nodes[i]);
        if (w->nodes[i].core != NULL) {
            start_quietly(w, &w->nodes[i]);
            facts[i] = w->nodes[i].core->members.slots[FH_MEMBER_SELF].alive;
        } else {
            w->nodes[i].model = sim_memberlist_new(&w->nodes[i], true);
        }
        w->nodes[i].joining = false;
    }
    for (uint32_t i = 0; i < nodes; i++) {
        if (w->nodes[i].core != NULL) {
            introduce_all(w, &w->nodes[i], facts, nodes);
        }
        sim_wind(w, &w->nodes[i]);
    }
    fh_free(facts);
}
