/* SPDX-License-Identifier: Apache-2.0 */
/* What the core tells about itself: members, records, evidence, figures. */
#include "proto/gossip/core.h"

#include "common/assert.h"

#include <string.h>

#define EVIDENCE_CURSOR (UINT64_C(1) << 63) /* the second half of a full synchronisation */

struct fh_node_id fh_gossip_self(const struct fh_gossip *g)
{
    return g->self;
}

uint64_t fh_gossip_generation(const struct fh_gossip *g)
{
    return g->generation;
}

unsigned fh_gossip_member_slots(const struct fh_gossip *g)
{
    return g->members.slot_count;
}

/* When a suspect is declared dead, or tried, unless it answers. */
static int64_t deadline_of(const struct fh_gossip *g, const struct fh_member *member)
{
    return member->suspicion == 0 || member->state != FH_MEMBER_SUSPECT
               ? FH_GOSSIP_NEVER
               : g->suspicions[member->suspicion - 1].deadline_ms;
}

bool fh_gossip_member_at(const struct fh_gossip *g, unsigned slot, struct fh_gossip_member *out)
{
    if (slot >= g->members.slot_count || g->members.slots[slot].alive == NULL) {
        return false;
    }
    const struct fh_member *member = &g->members.slots[slot];
    const struct fh_fact *alive = member->alive;
    const struct fh_fact *held = fh_member_fact(&g->members, member);
    *out = (struct fh_gossip_member){
        .node = alive->node,
        .domain = alive->alive.domain,
        .key = alive->alive.key,
        .agree_key = alive->alive.agree,
        .state = (enum fh_member_state)member->state,
        .self = slot == FH_MEMBER_SELF,
        .generation = held->generation,
        .incarnation = held->incarnation,
        .issued_ms = held->issued_ms,
        .since_ms = fh_members_ms(&g->members, member->since),
        .heard_ms = fh_members_ms(&g->members, member->heard),
        .rtt_ms = member->rtt_ms,
        .blocked = member->linked >= FH_CORE_BLOCKED,
        .contested =
            slot == FH_MEMBER_SELF ? g->passive_until_ms != 0 : member->moves >= FH_CORE_CONTESTED,
        .forked = member->forked,
        .accusers = member->suspicion == 0 ? 0 : g->suspicions[member->suspicion - 1].accuser_count,
        .deadline_ms = deadline_of(g, member),
        .address_count = alive->alive.address_count,
        .protocol_min = alive->alive.protocol_min,
        .protocol_max = alive->alive.protocol_max,
        .capabilities = alive->alive.capabilities,
        .label = alive->alive.label,
        .head = {.count = alive->alive.head_count, .time_ms = alive->alive.head_time_ms},
        .alive = alive->bytes,
        .leave = member->leave != 0 ? held->bytes : FH_BYTES_NONE,
    };
    memcpy(out->head.root, alive->alive.head_root, sizeof out->head.root);
    for (unsigned i = 0; i < alive->alive.address_count; i++) {
        out->addresses[i] = alive->alive.address[i];
    }
    return true;
}

bool fh_gossip_member_find(const struct fh_gossip *g,
                           const struct fh_node_id *node,
                           struct fh_gossip_member *out)
{
    uint32_t slot = fh_members_find(&g->members, node);
    return slot != FH_MEMBER_NONE && fh_gossip_member_at(g, slot, out);
}

unsigned fh_gossip_member_count(const struct fh_gossip *g, enum fh_member_state state)
{
    FH_ASSERT(state < FH_MEMBER_STATE_COUNT);
    return g->members.by_state[state];
}

void fh_gossip_fingerprint(const struct fh_gossip *g, uint8_t out[FH_GOSSIP_FINGERPRINT_BYTES])
{
    fh_members_fingerprint(&g->members, out);
}

struct fh_bytes fh_gossip_alive(const struct fh_gossip *g)
{
    return g->started ? g->members.slots[FH_MEMBER_SELF].alive->bytes : FH_BYTES_NONE;
}

/* Two numbers for each slot: its ALIVE, its LEAVE. */
static const struct fh_fact *next_fact(const struct fh_gossip *g, uint64_t *cursor)
{
    while (*cursor / 2 < g->members.slot_count) {
        const struct fh_member *member = &g->members.slots[*cursor / 2];
        const struct fh_fact *fact =
            *cursor % 2 == 0 ? member->alive : fh_member_leave(&g->members, member);
        (*cursor)++;
        if (member->alive != NULL && fact != NULL) {
            return fact;
        }
    }
    return NULL;
}

/* After them, because an accuser must be known to be counted. */
static const struct fh_fact *next_evidence(const struct fh_gossip *g, uint64_t *cursor)
{
    while ((*cursor & ~EVIDENCE_CURSOR) / FH_GOSSIP_EVIDENCE_MAX < g->suspicion_count) {
        uint64_t at = (*cursor)++ & ~EVIDENCE_CURSOR;
        const struct fh_suspicion *s = &g->suspicions[at / FH_GOSSIP_EVIDENCE_MAX];
        unsigned which = (unsigned)(at % FH_GOSSIP_EVIDENCE_MAX);
        if (which < s->accuser_count && s->evidence[which] != NULL) {
            return s->evidence[which];
        }
    }
    return NULL;
}

bool fh_gossip_records(const struct fh_gossip *g, uint64_t *cursor, struct fh_bytes *out)
{
    const struct fh_fact *fact = NULL;
    if ((*cursor & EVIDENCE_CURSOR) == 0) {
        fact = next_fact(g, cursor);
        *cursor = fact == NULL ? EVIDENCE_CURSOR : *cursor;
    }
    if (fact == NULL) {
        fact = next_evidence(g, cursor);
    }
    if (fact != NULL) {
        *out = fact->bytes;
    }
    return fact != NULL;
}

unsigned fh_gossip_evidence(const struct fh_gossip *g,
                            const struct fh_node_id *node,
                            struct fh_gossip_evidence out[FH_GOSSIP_EVIDENCE_MAX])
{
    uint32_t slot = fh_members_find(&g->members, node);
    const struct fh_suspicion *s = slot == FH_MEMBER_NONE ? NULL : fh_suspicion_of(g, slot);
    for (unsigned i = 0; s != NULL && i < s->accuser_count; i++) {
        const struct fh_fact *fact = s->evidence[i];
        out[i] = (struct fh_gossip_evidence){
            .accuser = s->accusers[i],
            .issued_ms = fact == NULL ? 0 : fact->issued_ms,
            .record = fact == NULL ? FH_BYTES_NONE : fact->bytes,
            .own = memcmp(s->accusers[i].b, g->self.b, FH_REF_BYTES) == 0,
        };
    }
    return s == NULL ? 0 : s->accuser_count;
}

bool fh_gossip_record_ids(const struct fh_gossip *g, uint64_t *cursor, struct fh_gossip_record *out)
{
    const struct fh_fact *fact = next_fact(g, cursor);
    if (fact != NULL) {
        *out = (struct fh_gossip_record){
            .node = fact->node, .is_leave = *cursor % 2 == 0, .id = fact->id};
    }
    return fact != NULL;
}

struct fh_gossip_counters fh_gossip_counters(const struct fh_gossip *g)
{
    struct fh_gossip_counters counters = g->counters;
    counters.rumours_dropped = g->rumours.dropped;
    return counters;
}

unsigned fh_gossip_health(const struct fh_gossip *g)
{
    return g->health;
}

size_t fh_gossip_memory(const struct fh_gossip *g)
{
    return sizeof *g + fh_members_memory(&g->members) + fh_keys_memory(&g->keys) +
           fh_rumours_memory(&g->rumours) + g->suspicion_max * sizeof *g->suspicions +
           (g->lost != NULL ? FH_GOSSIP_LOST_MAX * sizeof *g->lost : 0) + g->content.capacity +
           g->payload.capacity + g->record.capacity +
           (g->own_pool ? fh_fact_pool_memory(g->pool) : 0);
}

unsigned fh_gossip_queue(const struct fh_gossip *g)
{
    return g->rumours.count;
}
