/* SPDX-License-Identifier: Apache-2.0 */
/* What this node says: its own record and when it changes, refutation, goodbye, suspicion of
 * others, and what it does when somebody else has its key. */
#include "proto/gossip/core.h"

#include "common/assert.h"

#include <string.h>

void fh_belief_adopt(struct fh_turn *turn, uint64_t generation)
{
    struct fh_gossip *g = turn->g;
    FH_ASSERT(generation > g->generation);
    g->generation = generation;
    g->incarnation = 0;
    g->boot = fh_datagram_boot(generation, g->options.boot);
    fh_turn_action(turn, FH_GOSSIP_PERSIST)->generation = generation;
    fh_turn_trace(turn, "generation %llu", (unsigned long long)generation);
}

/* Seals a payload of this node and finds its fact; the reference is the caller's. */
static int seal_own(struct fh_turn *turn,
                    unsigned type,
                    void (*pack)(struct fh_buf *out, const struct fh_fact *fact),
                    const struct fh_fact *fields,
                    struct fh_fact **out)
{
    struct fh_gossip *g = turn->g;
    fh_buf_reset(&g->payload);
    pack(&g->payload, fields);
    int code = fh_buf_ok(&g->payload);
    if (code != FH_OK) {
        return code;
    }
    fh_buf_reset(&g->record);
    g->options.env.seal(g->options.env.user, &g->record, type, fh_buf_view(&g->payload));
    code = fh_buf_ok(&g->record);
    if (code != FH_OK) {
        return code;
    }
    code = fh_fact_intern(g->pool, fh_buf_view(&g->record), &g->options.mesh, out, NULL);
    if (code == FH_OK) {
        (*out)->verified = true;
    }
    return code;
}

int fh_belief_renew(struct fh_turn *turn, enum fh_rumour_class class_)
{
    struct fh_gossip *g = turn->g;
    const struct fh_gossip_options *o = &g->options;
    struct fh_fact fields = {
        .node = g->self,
        .generation = g->generation,
        .incarnation = g->incarnation,
        .issued_ms = turn->wall_ms > 0 ? turn->wall_ms : 0,
        .alive = {.domain = o->domain,
                  .key = o->node_key,
                  .agree = o->agree_key,
                  .ttl_ms = FH_ALIVE_TTL_MS,
                  .protocol_min = o->protocol_min,
                  .protocol_max = o->protocol_max,
                  .capabilities = o->capabilities,
                  .address_count = o->address_count,
                  .head_count = g->head.count,
                  .head_time_ms = g->head.time_ms,
                  .label = fh_bytes_cstr(g->label)},
    };
    memcpy(fields.alive.head_root, g->head.root, sizeof fields.alive.head_root);
    for (unsigned i = 0; i < o->address_count; i++) {
        fields.alive.address[i] = g->addresses[i];
    }
    struct fh_fact *fact;
    int code = seal_own(turn, FH_RECORD_ALIVE, fh_alive_pack, &fields, &fact);
    if (code != FH_OK) {
        return code;
    }
    if (g->members.count == 0) {
        uint32_t slot = fh_members_add(&g->members, fact, turn->now_ms);
        if (slot == FH_MEMBER_NONE) {
            fh_fact_drop(g->pool, fact);
            return FH_ENOMEM;
        }
        FH_ASSERT(slot == FH_MEMBER_SELF);
        fh_members_set_state(&g->members, slot, FH_MEMBER_ALIVE, turn->now_ms);
    } else {
        fh_members_set_alive(&g->members, FH_MEMBER_SELF, fact);
    }
    struct fh_ref key = fh_node_id_ref(&g->self);
    fh_rumours_put(&g->rumours, &key, class_, fh_fact_ref(fact), turn->now_ms);
    fh_spread_wake(turn);
    g->members_changed_ms = turn->now_ms;
    g->renewed_ms = turn->now_ms;
    g->renew_at_ms = FH_GOSSIP_NEVER;
    int64_t half = FH_ALIVE_TTL_MS / 2;
    g->refresh_wall_ms = turn->wall_ms + half - half / 5 +
                         (int64_t)fh_prng_below(&g->prng, (uint64_t)(half / 5 * 2));
    return FH_OK;
}

/* The next own record: a higher incarnation, or long before it wraps a new generation. */
static int next_record(struct fh_turn *turn, enum fh_rumour_class class_)
{
    struct fh_gossip *g = turn->g;
    if (g->incarnation >= FH_FACT_INCARNATION_MAX / 2) {
        fh_belief_adopt(turn, g->generation + 1);
    } else {
        g->incarnation++;
    }
    return fh_belief_renew(turn, class_);
}

void fh_belief_renew_soon(struct fh_turn *turn, enum fh_rumour_class class_, int64_t gap_ms)
{
    struct fh_gossip *g = turn->g;
    if (g->passive_until_ms > turn->now_ms) {
        gap_ms = g->passive_until_ms - g->renewed_ms;
    }
    if (turn->now_ms - g->renewed_ms >= gap_ms) {
        if (next_record(turn, class_) != FH_OK) {
            g->renew_at_ms = turn->now_ms + FH_CORE_CLONE_GAP_MS; /* no memory: later again */
        }
        return;
    }
    int64_t at = g->renewed_ms + gap_ms;
    if (g->renew_at_ms == FH_GOSSIP_NEVER || class_ < g->renew_class) {
        g->renew_class = class_;
    }
    g->renew_at_ms = g->renew_at_ms < at ? g->renew_at_ms : at;
}

void fh_belief_accused(struct fh_turn *turn, uint64_t generation, uint32_t incarnation)
{
    struct fh_gossip *g = turn->g;
    /* Only a life that we really have can be refuted: an accusation of a higher one is invented,
     * and following it would let anybody drive our incarnation up. */
    if (g->leaving || g->passive_until_ms > turn->now_ms ||
        fh_life_compare(generation, incarnation, g->generation, g->incarnation) != 0) {
        return;
    }
    g->counters.refutations++;
    if (g->health < FH_CORE_HEALTH_MAX) {
        g->health++;
    }
    fh_turn_trace(turn, "refutes %u", g->incarnation);
    fh_belief_renew_soon(turn, FH_RUMOUR_URGENT, FH_CORE_RENEW_GAP_MS);
}

int fh_belief_leave(struct fh_turn *turn)
{
    struct fh_gossip *g = turn->g;
    struct fh_fact fields = {.node = g->self,
                             .generation = g->generation,
                             .incarnation = g->incarnation + 1,
                             .issued_ms = turn->wall_ms > 0 ? turn->wall_ms : 0};
    struct fh_fact *fact;
    int code = seal_own(turn, FH_RECORD_LEAVE, fh_leave_pack, &fields, &fact);
    if (code != FH_OK) {
        return code;
    }
    code = fh_members_set_leave(&g->members, FH_MEMBER_SELF, fact);
    if (code != FH_OK) {
        fh_fact_drop(g->pool, fact);
        return code;
    }
    g->incarnation++;
    fh_members_set_state(&g->members, FH_MEMBER_SELF, FH_MEMBER_LEFT, turn->now_ms);
    struct fh_ref key = fh_node_id_ref(&g->self);
    fh_rumours_put(&g->rumours, &key, FH_RUMOUR_URGENT, fh_fact_ref(fact), turn->now_ms);
    fh_spread_wake(turn);
    g->members_changed_ms = turn->now_ms;
    return FH_OK;
}

struct fh_ref fh_belief_suspect_key(const struct fh_fact *fact)
{
    struct fh_ref key;
    memcpy(key.b, fact->node.b, 8);
    memcpy(key.b + 8, fact->accuser.b, 8);
    return key;
}

void fh_belief_suspect(struct fh_turn *turn, uint32_t slot)
{
    struct fh_gossip *g = turn->g;
    const struct fh_fact *held = g->members.slots[slot].alive;
    struct fh_fact fields = {.node = held->node,
                             .generation = held->generation,
                             .incarnation = held->incarnation,
                             .accuser = g->self,
                             .accuser_incarnation = g->incarnation,
                             .issued_ms = turn->wall_ms > 0 ? turn->wall_ms : 0};
    struct fh_fact *fact;
    if (seal_own(turn, FH_RECORD_SUSPECT, fh_suspect_pack, &fields, &fact) == FH_OK) {
        struct fh_ref key = fh_belief_suspect_key(fact);
        struct fh_ref self = fh_node_id_ref(&g->self);
        fh_suspicion_keep(g, slot, &self, fh_fact_ref(fact));
        fh_rumours_put(&g->rumours, &key, FH_RUMOUR_MEMBERS, fact, turn->now_ms);
        fh_spread_wake(turn);
    }
}

/* One sighting is a lost disk, and cured by beginning a new life. When that does not help, another
 * instance does the same: then the one that sees the other ahead leaves the key to it for a while,
 * so that the mesh is not asked to believe each in turn for ever. */
bool fh_belief_contested(struct fh_turn *turn)
{
    struct fh_gossip *g = turn->g;
    if (g->passive_until_ms > turn->now_ms) {
        return true;
    }
    g->passive_until_ms = 0;
    if (g->sightings == 0 || turn->now_ms - g->sighted_ms > FH_CORE_CONTESTED_MS) {
        g->sightings = 0;
        g->sighted_ms = turn->now_ms;
    }
    if (++g->sightings < FH_CORE_CONTESTED) {
        return false;
    }
    g->sightings = 0;
    g->passive_until_ms = turn->now_ms + FH_CORE_CONTESTED_MS;
    fh_turn_member(turn, FH_MEMBER_SELF, FH_MEMBER_CONTESTED);
    return true;
}
