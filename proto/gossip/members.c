/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/gossip/members.h"

#include "common/assert.h"
#include "common/mem.h"

#include <string.h>

enum {
    SLOTS_START = 16,
    LEAVES_START = 4,
    SLOTS_DOUBLED = 1024,
    PICK_TRIES = 6, /* random tries for each wanted member before a scan */
    PREFIX_BYTES = 8,
};

int fh_members_init(struct fh_members *members, uint32_t limit, struct fh_fact_pool *pool)
{
    *members = (struct fh_members){.limit = limit, .free = FH_MEMBER_NONE, .pool = pool};
    members->slots = fh_calloc(SLOTS_START, sizeof *members->slots);
    members->buckets = fh_calloc(SLOTS_START, sizeof *members->buckets);
    members->round = fh_calloc(SLOTS_START, sizeof *members->round);
    if (members->slots == NULL || members->buckets == NULL || members->round == NULL) {
        fh_members_fini(members);
        return FH_ENOMEM;
    }
    members->slot_max = SLOTS_START;
    members->bucket_count = SLOTS_START;
    return FH_OK;
}

void fh_members_fini(struct fh_members *members)
{
    for (uint32_t i = 0; i < members->slot_count; i++) {
        fh_fact_drop(members->pool, members->slots[i].alive);
    }
    for (uint32_t i = 0; i < members->leave_count; i++) {
        fh_fact_drop(members->pool, members->leaves[i].leave);
    }
    fh_free(members->leaves);
    fh_free(members->slots);
    fh_free(members->buckets);
    fh_free(members->round);
    fh_quota_fini(&members->domains);
    *members = (struct fh_members){0};
}

/* Ids are hashes already: their first bytes are the bucket. */
static uint32_t bucket_of(const struct fh_members *members, const uint8_t *id)
{
    return fh_get_u32be(id) & (members->bucket_count - 1);
}

/* The first slot of the bucket; FH_MEMBER_NONE. */
static uint32_t chain_of(const struct fh_members *members, const uint8_t *id)
{
    return (uint32_t)members->buckets[bucket_of(members, id)] - 1;
}

static uint32_t next_in_chain(const struct fh_members *members, uint32_t slot)
{
    return (uint32_t)members->slots[slot].next - 1;
}

/* The first of the chain from `slot` on whose id begins so. */
static uint32_t
find_in_chain(const struct fh_members *members, uint32_t slot, const uint8_t *id, size_t size)
{
    while (slot != FH_MEMBER_NONE && memcmp(members->slots[slot].alive->node.b, id, size) != 0) {
        slot = next_in_chain(members, slot);
    }
    return slot;
}

uint32_t fh_members_find(const struct fh_members *members, const struct fh_node_id *node)
{
    return find_in_chain(members, chain_of(members, node->b), node->b, sizeof node->b);
}

uint32_t
fh_members_find_prefix(const struct fh_members *members, const uint8_t prefix[8], uint32_t after)
{
    uint32_t slot =
        after == FH_MEMBER_NONE ? chain_of(members, prefix) : next_in_chain(members, after);
    return find_in_chain(members, slot, prefix, PREFIX_BYTES);
}

uint32_t fh_members_find_ref(const struct fh_members *members, const struct fh_ref *ref)
{
    return find_in_chain(members, chain_of(members, ref->b), ref->b, FH_REF_BYTES);
}

static void link_slot(struct fh_members *members, uint32_t slot)
{
    uint32_t bucket = bucket_of(members, members->slots[slot].alive->node.b);
    members->slots[slot].next = members->buckets[bucket];
    members->buckets[bucket] = (uint16_t)(slot + 1);
}

static bool grow(struct fh_members *members)
{
    /* A large table grows by a quarter: doubling would waste as much as it holds. */
    uint32_t more = members->slot_max < SLOTS_DOUBLED ? members->slot_max : members->slot_max / 4;
    uint32_t wider = members->slot_max + more;
    uint32_t bucket_count = members->bucket_count;
    while (bucket_count < wider) {
        bucket_count *= 2;
    }
    struct fh_member *slots = fh_realloc(members->slots, wider * sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    members->slots = slots;
    uint16_t *round = fh_realloc(members->round, wider * sizeof *round);
    if (round == NULL) {
        return false;
    }
    members->round = round;
    uint16_t *buckets = fh_realloc(members->buckets, bucket_count * sizeof *buckets);
    if (buckets == NULL) {
        return false;
    }
    members->buckets = buckets;
    members->slot_max = wider;
    members->bucket_count = bucket_count;
    memset(buckets, 0, bucket_count * sizeof *buckets);
    for (uint32_t i = 0; i < members->slot_count; i++) {
        if (members->slots[i].alive != NULL) {
            link_slot(members, i);
        }
    }
    return true;
}

uint32_t fh_members_add(struct fh_members *members, struct fh_fact *alive, int64_t now_ms)
{
    FH_ASSERT(alive->kind == FH_FACT_ALIVE);
    const struct fh_domain_id *domain = &alive->alive.domain;
    if (members->count >= members->limit ||
        fh_quota_count(&members->domains, domain) >= FH_NODES_PER_DOMAIN_MAX) {
        return FH_MEMBER_NONE;
    }
    bool full = members->free == FH_MEMBER_NONE && members->slot_count == members->slot_max;
    if ((full && !grow(members)) || fh_quota_add(&members->domains, domain) != FH_OK) {
        return FH_MEMBER_NONE;
    }
    if (members->slot_count == 0) {
        members->born_ms = now_ms;
    }
    uint32_t slot = members->free;
    if (slot != FH_MEMBER_NONE) {
        members->free = next_in_chain(members, slot);
    } else {
        slot = members->slot_count++;
    }
    members->slots[slot] = (struct fh_member){
        .alive = alive, .since = fh_members_step(members, now_ms), .state = FH_MEMBER_UNVERIFIED};
    members->count++;
    members->by_state[FH_MEMBER_UNVERIFIED]++;
    fh_id_sum_add(&members->sum, &alive->id);
    link_slot(members, slot);
    return slot;
}

/* Ends the member's departure, if any; the last one takes its place. */
static void drop_leave(struct fh_members *members, struct fh_member *member)
{
    if (member->leave == 0) {
        return;
    }
    struct fh_departure *place = &members->leaves[member->leave - 1];
    fh_fact_drop(members->pool, place->leave);
    const struct fh_departure *last = &members->leaves[--members->leave_count];
    if (place != last) {
        *place = *last;
        members->slots[place->slot].leave = member->leave;
    }
    member->leave = 0;
}

void fh_members_remove(struct fh_members *members, uint32_t slot)
{
    struct fh_member *member = &members->slots[slot];
    FH_ASSERT(member->alive != NULL);
    uint16_t *link = &members->buckets[bucket_of(members, member->alive->node.b)];
    while (*link != slot + 1) {
        link = &members->slots[*link - 1].next;
    }
    *link = member->next;
    fh_id_sum_remove(&members->sum, &fh_member_fact(members, member)->id);
    fh_quota_remove(&members->domains, &member->alive->alive.domain);
    members->by_state[member->state]--;
    members->count--;
    drop_leave(members, member);
    fh_fact_drop(members->pool, member->alive);
    *member = (struct fh_member){.next = (uint16_t)(members->free + 1)};
    members->free = slot;
}

void fh_members_set_alive(struct fh_members *members, uint32_t slot, struct fh_fact *alive)
{
    struct fh_member *member = &members->slots[slot];
    FH_ASSERT(fh_node_id_equal(&member->alive->node, &alive->node));
    FH_ASSERT(fh_domain_id_equal(&member->alive->alive.domain, &alive->alive.domain));
    fh_id_sum_remove(&members->sum, &fh_member_fact(members, member)->id);
    drop_leave(members, member);
    fh_fact_drop(members->pool, member->alive);
    member->alive = alive;
    member->address = 0;
    fh_id_sum_add(&members->sum, &alive->id);
}

int fh_members_set_leave(struct fh_members *members, uint32_t slot, struct fh_fact *leave)
{
    struct fh_member *member = &members->slots[slot];
    FH_ASSERT(leave->kind == FH_FACT_LEAVE);
    FH_ASSERT(fh_node_id_equal(&member->alive->node, &leave->node));
    if (member->leave == 0 && members->leave_count == members->leave_max) {
        uint32_t wider = members->leave_max == 0 ? LEAVES_START : members->leave_max * 2;
        struct fh_departure *leaves = fh_realloc(members->leaves, wider * sizeof *leaves);
        if (leaves == NULL) {
            return FH_ENOMEM;
        }
        members->leaves = leaves;
        members->leave_max = wider;
    }
    fh_id_sum_remove(&members->sum, &fh_member_fact(members, member)->id);
    drop_leave(members, member);
    members->leaves[members->leave_count++] = (struct fh_departure){.leave = leave, .slot = slot};
    member->leave = (uint16_t)members->leave_count;
    fh_id_sum_add(&members->sum, &leave->id);
    return FH_OK;
}

void fh_members_set_state(struct fh_members *members,
                          uint32_t slot,
                          enum fh_member_state state,
                          int64_t now_ms)
{
    struct fh_member *member = &members->slots[slot];
    members->by_state[member->state]--;
    members->by_state[state]++;
    member->state = (unsigned)state & 7u;
    member->since = fh_members_step(members, now_ms);
}

void fh_members_enter_round(struct fh_members *members, uint32_t slot, struct fh_prng *prng)
{
    if (slot == FH_MEMBER_SELF || members->round_count >= members->slot_max) {
        return; /* full of slots that went: the next round is drawn from the table anyway */
    }
    uint32_t rest = members->round_count - members->round_at;
    uint32_t place = members->round_at + (uint32_t)fh_prng_below(prng, rest + 1);
    members->round[members->round_count++] = members->round[place];
    members->round[place] = (uint16_t)slot;
}

/* A fresh round: every live member once, in random order (Fisher and Yates). */
static void draw_round(struct fh_members *members, struct fh_prng *prng)
{
    uint32_t count = 0;
    for (uint32_t i = 1; i < members->slot_count; i++) {
        if (fh_member_is_live(&members->slots[i])) {
            uint32_t place = (uint32_t)fh_prng_below(prng, count + 1);
            members->round[count] = members->round[place];
            members->round[place] = (uint16_t)i;
            count++;
        }
    }
    members->round_count = count;
    members->round_at = 0;
}

uint32_t fh_members_next_probe(struct fh_members *members, struct fh_prng *prng)
{
    for (unsigned pass = 0; pass < 2; pass++) {
        while (members->round_at < members->round_count) {
            uint32_t slot = members->round[members->round_at++];
            if (fh_member_is_live(&members->slots[slot])) {
                return slot;
            }
        }
        draw_round(members, prng);
    }
    return FH_MEMBER_NONE;
}

static bool pick_fits(const struct fh_members *members,
                      uint32_t slot,
                      unsigned states,
                      uint32_t except,
                      const uint32_t *out,
                      unsigned count)
{
    const struct fh_member *member = &members->slots[slot];
    if (slot == FH_MEMBER_SELF || slot == except || member->alive == NULL ||
        (states >> member->state & 1) == 0) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        if (out[i] == slot) {
            return false;
        }
    }
    return true;
}

unsigned fh_members_pick(const struct fh_members *members,
                         struct fh_prng *prng,
                         unsigned states,
                         uint32_t except,
                         unsigned want,
                         uint32_t *out)
{
    uint32_t there = 0;
    for (unsigned s = 0; s < FH_MEMBER_STATE_COUNT; s++) {
        there += (states >> s & 1) != 0 ? members->by_state[s] : 0;
    }
    if (there == 0 || members->slot_count < 2) {
        return 0;
    }
    unsigned count = 0;
    for (unsigned i = 0; i < want * PICK_TRIES && count < want; i++) {
        uint32_t slot = (uint32_t)fh_prng_below(prng, members->slot_count);
        if (pick_fits(members, slot, states, except, out, count)) {
            out[count++] = slot;
        }
    }
    uint32_t start = (uint32_t)fh_prng_below(prng, members->slot_count);
    for (uint32_t i = 0; i < members->slot_count && count < want; i++) {
        uint32_t slot = (start + i) % members->slot_count;
        if (pick_fits(members, slot, states, except, out, count)) {
            out[count++] = slot;
        }
    }
    return count;
}

uint32_t fh_members_live(const struct fh_members *members)
{
    return members->by_state[FH_MEMBER_UNVERIFIED] + members->by_state[FH_MEMBER_ALIVE] +
           members->by_state[FH_MEMBER_SUSPECT];
}

static const char members_tag[] = "freehold/v1/members";

void fh_members_fingerprint(const struct fh_members *members,
                            uint8_t out[FH_GOSSIP_FINGERPRINT_BYTES])
{
    fh_id_sum_fingerprint(&members->sum, members_tag, out);
}

void fh_members_fingerprint_slow(const struct fh_members *members,
                                 uint8_t out[FH_GOSSIP_FINGERPRINT_BYTES])
{
    struct fh_id_sum sum = {.count = 0};
    for (uint32_t i = 0; i < members->slot_count; i++) {
        if (members->slots[i].alive != NULL) {
            fh_id_sum_add(&sum, &fh_member_fact(members, &members->slots[i])->id);
        }
    }
    fh_id_sum_fingerprint(&sum, members_tag, out);
}

size_t fh_members_memory(const struct fh_members *members)
{
    return members->slot_max * (sizeof *members->slots + sizeof *members->round) +
           members->bucket_count * sizeof *members->buckets +
           members->leave_max * sizeof *members->leaves +
           members->domains.capacity * sizeof *members->domains.entries;
}
