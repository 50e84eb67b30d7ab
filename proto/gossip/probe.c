/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failure detection. One probe at a time:
 *
 *     PING ------- answer in time ---------------------------------------> well
 *       | time-out (4 round trips, 100..500 ms, times health + 1)
 *       v
 *     PING_REQ to 3 relays, PROBE_LINK ---- any answer ------------------> well
 *       | twice the time-out
 *       v
 *     failed: sign and spread a suspicion of this (generation, incarnation)
 *
 * What becomes of a suspicion: suspicion.c.
 */
#include "proto/gossip/core.h"

#include <stddef.h>
#include <string.h>

enum {
    RELAYS_MAX = 8,
    NEW_MS = 120000, /* a record may still be on its way to somebody */
    WRAP_BYTES = 32, /* what a message around an inner datagram takes at most */
};

static struct fh_ref ref_at(const struct fh_gossip *g, uint32_t slot)
{
    return fh_node_id_ref(&g->members.slots[slot].alive->node);
}

/* Whether the slot still holds whom we asked. */
static bool still(const struct fh_gossip *g, uint32_t slot, const struct fh_ref *ref)
{
    return slot < g->members.slot_count && g->members.slots[slot].alive != NULL &&
           memcmp(g->members.slots[slot].alive->node.b, ref->b, FH_REF_BYTES) == 0;
}

/* ---- what is awaited ------------------------------------------------------------------------- */

/* A free place, else the one that expires first: its answer will then count for nothing. */
static struct fh_awaited *
await(struct fh_turn *turn, enum fh_awaited_kind kind, uint32_t slot, int64_t within_ms)
{
    struct fh_gossip *g = turn->g;
    struct fh_awaited *best = &g->awaited[0];
    for (size_t i = 0; i < FH_COUNT(g->awaited); i++) {
        struct fh_awaited *a = &g->awaited[i];
        if (a->kind == FH_AWAITED_NONE || a->expires_ms <= turn->now_ms) {
            best = a;
            break;
        }
        if (a->kind != FH_AWAITED_PROBE &&
            (best->kind == FH_AWAITED_PROBE || a->expires_ms < best->expires_ms)) {
            best = a;
        }
    }
    *best = (struct fh_awaited){.kind = kind,
                                .slot = slot,
                                .target = ref_at(g, slot),
                                .seq = ++g->seq,
                                .sent_ms = turn->now_ms,
                                .expires_ms = turn->now_ms + within_ms};
    return best;
}

static struct fh_awaited *awaited(struct fh_gossip *g, uint64_t seq)
{
    for (size_t i = 0; i < FH_COUNT(g->awaited); i++) {
        if (g->awaited[i].kind != FH_AWAITED_NONE && g->awaited[i].seq == seq) {
            return &g->awaited[i];
        }
    }
    return NULL;
}

static bool wraps(struct fh_bytes inner)
{
    return inner.size + WRAP_BYTES <= FH_DATAGRAM_CONTENT_BYTES_MAX;
}

/* Tells the clients of relayed probes that nothing came back. */
static void send_nacks(struct fh_turn *turn)
{
    struct fh_gossip *g = turn->g;
    if (g->relay_due_ms > turn->now_ms) {
        return;
    }
    g->relay_due_ms = FH_GOSSIP_NEVER;
    for (size_t i = 0; i < FH_COUNT(g->awaited); i++) {
        struct fh_awaited *a = &g->awaited[i];
        if (a->kind != FH_AWAITED_RELAY) {
            continue;
        }
        if (a->expires_ms > turn->now_ms) {
            g->relay_due_ms = a->expires_ms < g->relay_due_ms ? a->expires_ms : g->relay_due_ms;
            continue;
        }
        if (!fh_turn_room(turn)) {
            g->relay_due_ms = turn->now_ms;
            return;
        }
        a->kind = FH_AWAITED_NONE;
        if (still(g, a->origin, &a->origin_ref)) {
            struct fh_letter letter;
            struct fh_message nack = {.type = FH_MESSAGE_NACK, .seq = a->origin_seq};
            fh_post_begin(turn, &letter, FH_DATAGRAM_CONTENT_BYTES_MAX);
            fh_letter_add(&letter, &nack);
            fh_post_send(turn, &letter, a->origin, NULL);
        }
    }
}

/* ---- sending probes -------------------------------------------------------------------------- */

static struct fh_message ping_of(const struct fh_gossip *g, uint32_t slot, uint64_t seq)
{
    const struct fh_member *member = &g->members.slots[slot];
    const struct fh_fact *held = fh_member_fact(&g->members, member);
    return (struct fh_message){.type = FH_MESSAGE_PING,
                               .seq = seq,
                               .target = ref_at(g, slot),
                               .generation = held->generation,
                               .incarnation = held->incarnation,
                               .state = (enum fh_member_state)member->state,
                               .health = g->health};
}

static void send_ping(struct fh_turn *turn, uint32_t slot, uint64_t seq, bool with_record)
{
    struct fh_gossip *g = turn->g;
    struct fh_letter letter;
    struct fh_message ping = ping_of(g, slot, seq);
    fh_post_begin(turn, &letter, FH_DATAGRAM_CONTENT_BYTES_MAX);
    fh_letter_add(&letter, &ping);
    fh_post_records(
        turn, &letter, with_record ? g->members.slots[FH_MEMBER_SELF].alive : NULL, true);
    fh_post_send(turn, &letter, slot, NULL);
}

void fh_probe_hello(struct fh_turn *turn, uint32_t slot, bool with_record)
{
    struct fh_gossip *g = turn->g;
    const struct fh_awaited *a =
        await(turn, FH_AWAITED_HELLO, slot, 2 * (int64_t)g->options.timing.probe_ms);
    struct fh_member *member = &g->members.slots[slot];
    member->asked_at = fh_members_step(&g->members, turn->now_ms);
    member->asked =
        member->asked < FH_MEMBER_ASKED_MAX ? (member->asked + 1u) & 15u : member->asked;
    send_ping(turn, slot, a->seq, with_record);
}

static void begin_probe(struct fh_turn *turn, uint32_t slot)
{
    struct fh_gossip *g = turn->g;
    int64_t wait = fh_distance_answer_ms(g, slot);
    const struct fh_awaited *a = await(turn, FH_AWAITED_PROBE, slot, 4 * wait);
    g->probe = (struct fh_probe){.active = true,
                                 .slot = slot,
                                 .target = a->target,
                                 .seq = a->seq,
                                 .sent_ms = turn->now_ms,
                                 .deadline_ms = turn->now_ms + wait};
    g->counters.probes++;
    const struct fh_member *member = &g->members.slots[slot];
    send_ping(turn, slot, a->seq, member->state == FH_MEMBER_UNVERIFIED);
}

/* The second half of a probe. Each relay gets a datagram of its own for the target, because a
 * counter must not come twice. */
static void ask_others(struct fh_turn *turn)
{
    struct fh_gossip *g = turn->g;
    struct fh_probe *probe = &g->probe;
    uint32_t relays[RELAYS_MAX];
    unsigned want = g->options.timing.relays < RELAYS_MAX ? g->options.timing.relays : RELAYS_MAX;
    unsigned count =
        fh_members_pick(&g->members, &g->prng, 1u << FH_MEMBER_ALIVE, probe->slot, want, relays);
    for (unsigned i = 0; i < count; i++) {
        struct fh_letter letter;
        struct fh_message ping = ping_of(g, probe->slot, probe->seq);
        fh_post_begin(turn, &letter, FH_DATAGRAM_CONTENT_BYTES_MAX / 2);
        fh_letter_add(&letter, &ping);
        struct fh_message request = {.type = FH_MESSAGE_PING_REQ,
                                     .seq = probe->seq,
                                     .target = probe->target,
                                     .inner = fh_post_seal(turn, &letter, probe->slot)};
        if (request.inner.size == 0) {
            return;
        }
        fh_post_begin(turn, &letter, FH_DATAGRAM_CONTENT_BYTES_MAX);
        fh_letter_add(&letter, &request);
        probe->relays += fh_post_send(turn, &letter, relays[i], NULL) ? 1 : 0;
    }
    int64_t wait = 2 * (probe->deadline_ms - probe->sent_ms);
    probe->asked = true;
    probe->deadline_ms = turn->now_ms + wait;
    struct fh_gossip_action *action = fh_turn_action(turn, FH_GOSSIP_PROBE_LINK);
    action->node = g->members.slots[probe->slot].alive->node;
    action->address = fh_turn_text(turn, fh_member_address(&g->members.slots[probe->slot]));
    action->token = probe->seq;
    action->within_ms = (uint32_t)wait;
    fh_turn_trace(
        turn, "no answer from %s, asks %u relays", fh_turn_name(turn, probe->slot), count);
}

/* ---- the end of a probe ---------------------------------------------------------------------- */

static void health_change(struct fh_gossip *g, bool well)
{
    if (well && g->health > 0) {
        g->health--;
    } else if (!well && g->health < FH_CORE_HEALTH_MAX) {
        g->health++;
    }
}

/* Relays that said they heard nothing either: then it is not us (Lifeguard's missed NACKs). Nor
 * does the silence of one who never answered us say anything about us: whoever joins is handed the
 * records of the dead too, and doubted itself for minutes when there were many. */
static void doubt_self(struct fh_gossip *g, const struct fh_probe *probe)
{
    bool confirmed = probe->relays > 0 && probe->nacks >= probe->relays;
    bool spoke = still(g, probe->slot, &probe->target) && g->members.slots[probe->slot].heard != 0;
    if (!confirmed && spoke) {
        health_change(g, false);
    }
}

static void probe_failed(struct fh_turn *turn)
{
    struct fh_gossip *g = turn->g;
    struct fh_probe probe = g->probe;
    g->probe.active = false;
    struct fh_awaited *a = awaited(g, probe.seq);
    if (a != NULL) {
        a->kind = FH_AWAITED_NONE;
    }
    g->counters.probes_failed++;
    doubt_self(g, &probe);
    if (!still(g, probe.slot, &probe.target) || !fh_member_is_live(&g->members.slots[probe.slot])) {
        return;
    }
    struct fh_member *member = &g->members.slots[probe.slot];
    member->address = (member->address + 1u) % member->alive->alive.address_count & 3u;
    fh_turn_trace(turn, "probe of %s failed", fh_turn_name(turn, probe.slot));
    bool tried = fh_suspicion_of(g, probe.slot) != NULL && fh_suspicion_of(g, probe.slot)->trial;
    if (fh_suspicion_add(turn, probe.slot, FH_MEMBER_SELF)) {
        fh_belief_suspect(turn, probe.slot);
    }
    if (tried && fh_suspicion_of(g, probe.slot) != NULL) {
        fh_suspicion_conclude(turn, probe.slot);
    }
}

static void probe_answered(struct fh_turn *turn, uint32_t slot)
{
    struct fh_gossip *g = turn->g;
    g->probe.active = false;
    health_change(g, true);
    struct fh_suspicion *s = fh_suspicion_of(g, slot);
    if (s != NULL) {
        s->own_failed = false;
        if (s->trial || !fh_suspicion_convicts(g, s)) {
            fh_suspicion_acquit(turn, slot);
        }
    }
}

void fh_probe_forgive(struct fh_gossip *g, int64_t ms)
{
    if (g->probe.active) {
        g->probe.deadline_ms += ms;
        struct fh_awaited *a = awaited(g, g->probe.seq);
        if (a != NULL) {
            a->expires_ms += ms;
        }
    }
    for (uint32_t i = 0; i < g->suspicion_count; i++) {
        g->suspicions[i].started_ms += ms;
        g->suspicions[i].deadline_ms += ms;
    }
}

void fh_probe_abandon(struct fh_gossip *g, uint32_t slot)
{
    if (g->probe.active && g->probe.slot == slot) {
        g->probe.active = false; /* an answer that comes all the same counts as one to a hello */
    }
}

void fh_probe_tick(struct fh_turn *turn)
{
    struct fh_gossip *g = turn->g;
    fh_suspicion_tick(turn);
    send_nacks(turn);
    if (g->probe.active && g->probe.deadline_ms <= turn->now_ms) {
        if (!still(g, g->probe.slot, &g->probe.target) ||
            !fh_member_is_live(&g->members.slots[g->probe.slot])) {
            g->probe.active = false;
        } else if (!g->probe.asked) {
            ask_others(turn);
        } else {
            probe_failed(turn);
        }
    }
    if (g->probe_at_ms > turn->now_ms || g->probe.active || g->leaving) {
        return;
    }
    uint32_t slot = fh_suspicion_next_trial(g);
    if (slot == FH_MEMBER_NONE && g->doubted != FH_MEMBER_NONE) {
        slot = fh_member_is_live(&g->members.slots[g->doubted]) ? g->doubted : FH_MEMBER_NONE;
        g->doubted = FH_MEMBER_NONE;
    }
    if (slot == FH_MEMBER_NONE) {
        slot = fh_members_next_probe(&g->members, &g->prng);
    }
    g->probe_at_ms = turn->now_ms + fh_probe_gap_ms(g);
    if (slot != FH_MEMBER_NONE) {
        begin_probe(turn, slot);
    }
}

/* What a node at rest sends and is sent is its probes. In a small mesh, where many look at each,
 * they may be a quarter rarer as long as nothing happens at all: crashes are seen 0.1 s later. */
int64_t fh_probe_gap_ms(const struct fh_gossip *g)
{
    int64_t gap = (int64_t)g->options.timing.probe_ms * (g->health + 1);
    bool rests = g->rumours.count == 0 && g->suspicion_count == 0 &&
                 g->members.by_state[FH_MEMBER_UNVERIFIED] == 0 &&
                 fh_members_live(&g->members) <= FH_GOSSIP_PUSH_MEMBERS;
    return rests ? gap + gap / 4 : gap;
}

int64_t fh_probe_deadline(const struct fh_gossip *g)
{
    int64_t at = g->leaving ? FH_GOSSIP_NEVER : g->probe_at_ms;
    if (g->probe.active) {
        at = g->probe.deadline_ms;
    }
    at = g->relay_due_ms < at ? g->relay_due_ms : at;
    int64_t suspicion = fh_suspicion_deadline(g);
    return suspicion < at ? suspicion : at;
}

/* ---- messages -------------------------------------------------------------------------------- */

static bool address_signed(const struct fh_gossip *g, uint32_t slot, const char *from)
{
    const struct fh_alive *alive = &g->members.slots[slot].alive->alive;
    for (unsigned i = 0; i < alive->address_count; i++) {
        if (strcmp(alive->address[i], from) == 0) {
            return true;
        }
    }
    return false;
}

void fh_probe_on_ping(struct fh_turn *turn,
                      uint32_t slot,
                      const struct fh_message *m,
                      const char *from,
                      struct fh_bytes *out_answer)
{
    struct fh_gossip *g = turn->g;
    struct fh_ref self = fh_node_id_ref(&g->self);
    if (!fh_ref_equal(&m->target, &self) || turn->answered) {
        g->counters.drop_message++;
        return;
    }
    turn->answered = true;
    struct fh_member *member = &g->members.slots[slot];
    if (member->state == FH_MEMBER_UNVERIFIED) {
        member->asked = 0; /* it knows us now, and answers: ask with the next tick */
    }
    if (m->state == FH_MEMBER_SUSPECT || m->state == FH_MEMBER_DEAD) {
        fh_belief_accused(turn, m->generation, m->incarnation);
    }
    /* They hold an older life, or one of ours in a wrong state: show the newest. */
    bool behind =
        fh_life_compare(m->generation, m->incarnation, g->generation, g->incarnation) != 0 ||
        m->state == FH_MEMBER_SUSPECT || m->state == FH_MEMBER_DEAD;
    struct fh_message ack = {.type = FH_MESSAGE_ACK,
                             .seq = m->seq,
                             .generation = g->generation,
                             .incarnation = g->incarnation,
                             .health = g->health};
    fh_members_fingerprint(&g->members, ack.members);
    memcpy(ack.catalogue, g->catalogue, sizeof ack.catalogue);
    struct fh_letter letter;
    fh_post_begin(turn,
                  &letter,
                  from == NULL ? FH_DATAGRAM_CONTENT_BYTES_MAX - 2 * FH_DATAGRAM_OVERHEAD_BYTES
                               : FH_DATAGRAM_CONTENT_BYTES_MAX);
    fh_letter_add(&letter, &ack);
    const struct fh_fact *own = fh_member_fact(&g->members, &g->members.slots[FH_MEMBER_SELF]);
    /* Who saw a ping that was lost on its way can send it later, from wherever it likes: what is
     * asked out of turn is answered with little more than it took, and so is, but for a record of
     * ours that it lacks, what comes from an address that its node did not sign. That one is also
     * who advertises a name, or is behind a translator: it must see that it is wrong about us. */
    bool newest = from == NULL || turn->newest;
    bool news = from != NULL && newest && address_signed(g, slot, from);
    fh_post_records(turn, &letter, behind && newest ? own : NULL, news);
    if (from == NULL) {
        *out_answer = fh_post_seal(turn, &letter, slot);
    } else {
        fh_post_send(turn, &letter, slot, from);
    }
}

void fh_probe_on_ack(struct fh_turn *turn, uint32_t slot, const struct fh_message *m, bool relayed)
{
    struct fh_gossip *g = turn->g;
    struct fh_awaited *a = awaited(g, m->seq);
    if (a == NULL || a->kind == FH_AWAITED_RELAY || a->slot != slot ||
        !still(g, slot, &a->target) || a->expires_ms < turn->now_ms) {
        g->counters.drop_message++;
        return;
    }
    struct fh_member *member = &g->members.slots[slot];
    member->heard = fh_members_step(&g->members, turn->now_ms);
    member->asked = 0;
    if (member->linked >= FH_CORE_BLOCKED) {
        fh_turn_member(turn, slot, FH_MEMBER_UNBLOCKED);
    }
    member->linked = 0;
    if (!relayed) {
        fh_distance_measure(g, member, turn->now_ms - a->sent_ms);
    }
    bool of_probe = a->kind == FH_AWAITED_PROBE && g->probe.active && g->probe.seq == m->seq;
    a->kind = FH_AWAITED_NONE;
    if (member->state == FH_MEMBER_UNVERIFIED) {
        fh_members_set_state(&g->members, slot, FH_MEMBER_ALIVE, turn->now_ms);
        fh_turn_member(turn, slot, FH_MEMBER_VERIFIED);
    }
    if (of_probe) {
        *(relayed ? &g->counters.probes_relayed : &g->counters.probes_answered) += 1;
        probe_answered(turn, slot);
    }
    fh_spread_compare(turn, slot, m);
}

void fh_probe_on_request(struct fh_turn *turn, uint32_t slot, const struct fh_message *m)
{
    struct fh_gossip *g = turn->g;
    uint32_t target = fh_members_find_ref(&g->members, &m->target);
    struct fh_shared_rate rate = {&g->relay_rate,
                                  offsetof(struct fh_peer_keys, relay_rate),
                                  FH_GOSSIP_RELAY_PER_S,
                                  FH_GOSSIP_RELAY_PER_PEER_S};
    if (target == FH_MEMBER_NONE || target == FH_MEMBER_SELF || target == slot ||
        !wraps(m->inner) || !fh_post_take(turn, slot, rate, 1)) {
        g->counters.drop_message++;
        return;
    }
    struct fh_awaited *a = await(turn, FH_AWAITED_RELAY, target, fh_distance_answer_ms(g, target));
    a->origin = slot;
    a->origin_ref = ref_at(g, slot);
    a->origin_seq = m->seq;
    g->relay_due_ms = a->expires_ms < g->relay_due_ms ? a->expires_ms : g->relay_due_ms;
    struct fh_letter letter;
    struct fh_message relay = {.type = FH_MESSAGE_RELAY_PING, .seq = a->seq, .inner = m->inner};
    fh_post_begin(turn, &letter, FH_DATAGRAM_CONTENT_BYTES_MAX);
    /* The target may not know a new origin yet: its record goes ahead if both fit. */
    const struct fh_fact *alive = g->members.slots[slot].alive;
    if (alive->issued_ms + NEW_MS > turn->wall_ms &&
        fh_letter_record_bytes(alive->bytes.size) + m->inner.size + WRAP_BYTES <=
            fh_letter_room(&letter)) {
        fh_post_records(turn, &letter, alive, false);
    }
    fh_letter_add(&letter, &relay);
    g->counters.relays_served++;
    fh_post_send(turn, &letter, target, NULL);
}

void fh_probe_on_relay_ping(struct fh_turn *turn,
                            uint32_t slot,
                            const struct fh_message *m,
                            const char *from)
{
    uint8_t *content = fh_turn_scratch(turn, FH_DATAGRAM_CONTENT_BYTES_MAX);
    size_t size;
    uint32_t origin;
    if (content == NULL || !fh_post_open(turn, m->inner, content, &size, &origin)) {
        return;
    }
    struct fh_bytes answer = FH_BYTES_NONE;
    fh_post_read(turn, origin, fh_bytes(content, size), NULL, &answer);
    if (answer.size == 0 || !wraps(answer)) {
        return;
    }
    struct fh_letter letter;
    struct fh_message back = {.type = FH_MESSAGE_RELAYED_ACK, .seq = m->seq, .inner = answer};
    fh_post_begin(turn, &letter, FH_DATAGRAM_CONTENT_BYTES_MAX);
    fh_letter_add(&letter, &back);
    fh_post_send(turn, &letter, slot, from);
}

void fh_probe_on_relayed_ack(struct fh_turn *turn, uint32_t slot, const struct fh_message *m)
{
    struct fh_gossip *g = turn->g;
    struct fh_awaited *a = awaited(g, m->seq);
    if (a != NULL && a->kind == FH_AWAITED_RELAY && a->slot == slot) {
        struct fh_awaited relay = *a;
        a->kind = FH_AWAITED_NONE;
        if (!still(g, relay.origin, &relay.origin_ref) || !wraps(m->inner)) {
            return;
        }
        struct fh_letter letter;
        struct fh_message back = {
            .type = FH_MESSAGE_RELAYED_ACK, .seq = relay.origin_seq, .inner = m->inner};
        fh_post_begin(turn, &letter, FH_DATAGRAM_CONTENT_BYTES_MAX);
        fh_letter_add(&letter, &back);
        fh_post_send(turn, &letter, relay.origin, NULL);
        return;
    }
    if (a == NULL || a->kind != FH_AWAITED_PROBE) {
        g->counters.drop_message++;
        return;
    }
    uint8_t *content = fh_turn_scratch(turn, FH_DATAGRAM_CONTENT_BYTES_MAX);
    size_t size;
    uint32_t target;
    struct fh_bytes none = FH_BYTES_NONE;
    if (content != NULL && fh_post_open(turn, m->inner, content, &size, &target)) {
        fh_post_read(turn, target, fh_bytes(content, size), NULL, &none);
    }
}

void fh_probe_on_nack(struct fh_turn *turn, uint32_t slot, const struct fh_message *m)
{
    struct fh_gossip *g = turn->g;
    (void)slot;
    if (g->probe.active && g->probe.asked && g->probe.seq == m->seq) {
        g->probe.nacks++;
    } else {
        g->counters.drop_message++;
    }
}

void fh_probe_on_link(struct fh_turn *turn, uint64_t token, bool reached)
{
    struct fh_gossip *g = turn->g;
    if (!reached || !g->probe.active || g->probe.seq != token ||
        !still(g, g->probe.slot, &g->probe.target)) {
        return;
    }
    uint32_t slot = g->probe.slot;
    struct fh_member *member = &g->members.slots[slot];
    member->heard = fh_members_step(&g->members, turn->now_ms);
    g->counters.probes_linked++;
    if (member->state == FH_MEMBER_UNVERIFIED) {
        fh_members_set_state(&g->members, slot, FH_MEMBER_ALIVE, turn->now_ms);
        fh_turn_member(turn, slot, FH_MEMBER_VERIFIED);
    }
    probe_answered(turn, slot);
    if (member->linked < FH_CORE_BLOCKED) {
        member->linked = (member->linked + 1u) & 7u;
        if (member->linked == FH_CORE_BLOCKED) {
            fh_turn_member(turn, slot, FH_MEMBER_BLOCKED);
        }
    }
    if (member->linked == FH_CORE_BLOCKED) {
        fh_spread_blocked(turn, slot);
    }
}
