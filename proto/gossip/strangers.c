/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of nodes that nobody here has admitted yet.
 *
 * A newcomer's own record travels faster than what admits its domain: a dozen records that come one
 * by one. Refused for want of them it would come again with a synchronisation, seconds later. So
 * the last few are kept, unjudged, and judged when identity records have come. Nobody is believed,
 * answered or passed on by being kept here, and no signature is checked.
 */
#include "proto/gossip/core.h"

/* Where the record of this node goes: to what is held of it, else to a free place, else to that of
 * the one that came first. */
static struct fh_fact **place_for(struct fh_gossip *g, const struct fh_node_id *node)
{
    struct fh_fact **free = NULL;
    for (unsigned i = 0; i < FH_COUNT(g->strangers); i++) {
        const struct fh_fact *held = g->strangers[i];
        if (held != NULL && fh_node_id_equal(&held->node, node)) {
            return &g->strangers[i];
        }
        free = held == NULL ? &g->strangers[i] : free;
    }
    return free != NULL ? free : &g->strangers[g->stranger_next++ % FH_COUNT(g->strangers)];
}

void fh_strangers_keep(struct fh_gossip *g, struct fh_fact *fact)
{
    struct fh_fact **place = place_for(g, &fact->node);
    struct fh_fact *before = *place;
    *place = fh_fact_ref(fact);
    fh_fact_drop(g->pool, before);
}

void fh_strangers_judge(struct fh_turn *turn)
{
    struct fh_gossip *g = turn->g;
    const struct fh_gossip_env *env = &g->options.env;
    g->strangers_due_ms = FH_GOSSIP_NEVER;
    for (unsigned i = 0; i < FH_COUNT(g->strangers); i++) {
        struct fh_fact *fact = g->strangers[i];
        if (fact == NULL ||
            !env->admitted(env->user, &fact->alive.domain, &fact->alive.key, turn->wall_ms)) {
            continue;
        }
        if (!fh_turn_room(turn)) {
            g->strangers_due_ms = turn->now_ms;
            return;
        }
        g->strangers[i] = NULL;
        struct fh_source source = {.from = &fact->node};
        fh_belief_record(turn, fact->bytes, &source);
        fh_fact_drop(g->pool, fact);
    }
}

void fh_strangers_fini(struct fh_gossip *g)
{
    for (unsigned i = 0; i < FH_COUNT(g->strangers); i++) {
        fh_fact_drop(g->pool, g->strangers[i]);
        g->strangers[i] = NULL;
    }
}
