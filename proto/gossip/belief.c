/* SPDX-License-Identifier: Apache-2.0 */
/* What is believed about whom. Each kind of record goes the same way, cheapest check first: known
 * bytes, newer life, dates, admitted signer, rate, signature; only then is anything changed. */
#include "proto/gossip/core.h"

#include "common/assert.h"

#include <stddef.h>
#include <string.h>

enum { LIFE_AHEAD_MAX_S = 24 * 3600 }; /* a generation is the sender's seconds, or a bit more */

/* One record under judgement. `fact` holds a reference; commit hands it on. */
struct judgement {
    struct fh_fact *fact;
    const struct fh_source *source;
    uint32_t slot; /* of the node it is about; FH_MEMBER_NONE when unknown */
};

/* A signature costs: datagrams may only cause so many a second; sessions pace themselves. */
static bool may_verify(struct fh_turn *turn, const struct fh_source *source)
{
    struct fh_gossip *g = turn->g;
    uint32_t slot = source->session ? FH_MEMBER_NONE : fh_members_find(&g->members, source->from);
    struct fh_shared_rate rate = {&g->verify_rate,
                                  offsetof(struct fh_peer_keys, verify_rate),
                                  FH_GOSSIP_VERIFY_PER_S,
                                  FH_GOSSIP_VERIFY_PER_PEER_S};
    if (slot == FH_MEMBER_NONE || fh_post_take(turn, slot, rate, 1)) {
        return true;
    }
    g->counters.drop_budget++;
    return false;
}

static bool signed_by(struct fh_turn *turn, struct judgement *j, const struct fh_sign_public *key)
{
    struct fh_gossip *g = turn->g;
    if (!j->fact->verified && !may_verify(turn, j->source)) {
        return false;
    }
    if (!fh_fact_verify(j->fact, &g->options.mesh, key, &g->options.env.verifier)) {
        g->counters.record_signature++;
        return false;
    }
    return true;
}

static bool dated(struct fh_turn *turn, const struct fh_fact *fact)
{
    struct fh_gossip *g = turn->g;
    uint64_t now_s = turn->wall_ms > 0 ? (uint64_t)turn->wall_ms / 1000 : 0;
    if (fact->issued_ms > turn->wall_ms + FH_CLOCK_SKEW_MS ||
        fact->generation > now_s + LIFE_AHEAD_MAX_S) {
        g->counters.record_future++;
        return false;
    }
    if (fact->kind == FH_FACT_ALIVE &&
        fact->issued_ms + fact->alive.ttl_ms + FH_CLOCK_SKEW_MS < turn->wall_ms) {
        g->counters.record_stale++;
        return false;
    }
    return true;
}

static void prove(struct fh_turn *turn,
                  const struct fh_node_id *node,
                  const struct fh_fact *one,
                  const struct fh_fact *other)
{
    struct fh_gossip_action *fork = fh_turn_action(turn, FH_GOSSIP_FORK);
    fork->node = *node;
    fork->bytes = fh_turn_bytes(turn, one->bytes);
    fork->other = fh_turn_bytes(turn, other->bytes);
}

/* A record that we signed, newer than we are: the disk was lost or restored, or somebody else has
 * our key. Its life is over; we begin one after it. */
static void judge_own(struct fh_turn *turn, struct judgement *j)
{
    struct fh_gossip *g = turn->g;
    const struct fh_fact *fact = j->fact;
    int order = fh_life_compare(fact->generation, fact->incarnation, g->generation, g->incarnation);
    const struct fh_fact *held = fh_member_fact(&g->members, &g->members.slots[FH_MEMBER_SELF]);
    if (order < 0 || fh_record_id_equal(&fact->id, &held->id)) {
        g->counters.record_known++;
        return;
    }
    if (!dated(turn, fact) || !signed_by(turn, j, &g->options.node_key) || g->leaving) {
        return;
    }
    g->counters.forks++;
    if (g->forked_ms == 0 || turn->now_ms - g->forked_ms >= FH_CORE_PROOF_GAP_MS) {
        g->forked_ms = turn->now_ms;
        prove(turn, &g->self, held, fact);
        fh_turn_trace(turn, "sees its own key used elsewhere");
    }
    if (fh_belief_contested(turn)) {
        return;
    }
    if (fact->generation > g->generation ||
        (order > 0 && fact->incarnation >= FH_FACT_INCARNATION_MAX / 2)) {
        fh_belief_adopt(turn, fact->generation + 1);
        if (fh_belief_renew(turn, FH_RUMOUR_URGENT) != FH_OK) {
            g->renew_at_ms = turn->now_ms + FH_CORE_CLONE_GAP_MS;
        }
        return;
    }
    if (order > 0) {
        g->incarnation = fact->incarnation;
    }
    fh_belief_renew_soon(turn, FH_RUMOUR_URGENT, FH_CORE_CLONE_GAP_MS);
}

/* Two records of one life: both are the proof. The greater id is kept, so that all keep the same.
 */
static void judge_fork(struct fh_turn *turn, struct judgement *j)
{
    struct fh_gossip *g = turn->g;
    struct fh_member *member = &g->members.slots[j->slot];
    if (!signed_by(turn, j, &member->alive->alive.key)) {
        return;
    }
    g->counters.forks++;
    bool first = !member->forked;
    if (first) {
        prove(turn, &member->alive->node, member->alive, j->fact);
        fh_turn_trace(turn, "sees two records of one life of %s", fh_turn_name(turn, j->slot));
    }
    if (fh_record_id_compare(&j->fact->id, &member->alive->id) > 0) {
        fh_members_set_alive(&g->members, j->slot, fh_fact_ref(j->fact));
        fh_belief_gone(g, j->slot);
        g->members_changed_ms = turn->now_ms;
        if (first) {
            struct fh_ref key = fh_node_id_ref(&j->fact->node);
            fh_rumours_put(
                &g->rumours, &key, FH_RUMOUR_MEMBERS, fh_fact_ref(j->fact), turn->now_ms);
            fh_spread_wake(turn);
        }
    }
    member->forked = 1;
}

/* Lets a record that was accepted travel on. What a synchronisation brings in bulk, others get in
 * bulk too; but a node that hands over its own record is news. */
static void pass_on(struct fh_turn *turn, const struct judgement *j, enum fh_rumour_class class_)
{
    struct fh_gossip *g = turn->g;
    bool first_hand = fh_node_id_equal(j->source->from, &j->fact->node);
    if (j->source->session && !first_hand) {
        if (++g->sync_news > FH_GOSSIP_BULK_RECORDS) {
            return;
        }
        class_ = FH_RUMOUR_REFRESH;
    }
    struct fh_ref key = fh_node_id_ref(&j->fact->node);
    fh_rumours_put(&g->rumours, &key, class_, fh_fact_ref(j->fact), turn->now_ms);
    fh_spread_wake(turn);
}

static void commit_newcomer(struct fh_turn *turn, struct judgement *j)
{
    struct fh_gossip *g = turn->g;
    uint32_t slot = fh_members_add(&g->members, j->fact, turn->now_ms);
    if (slot == FH_MEMBER_NONE) {
        g->counters.record_stranger++; /* the table is full */
        return;
    }
    (void)fh_fact_ref(j->fact);
    fh_members_enter_round(&g->members, slot, &g->prng);
    fh_turn_member(turn, slot, FH_MEMBER_JOINED);
    pass_on(turn, j, FH_RUMOUR_MEMBERS);
}

/* Whether a renewed lease says more than that its node is still there. */
static bool says_other(const struct fh_alive *a, const struct fh_alive *b)
{
    return a->head_count != b->head_count ||
           memcmp(a->head_root, b->head_root, sizeof a->head_root) != 0 ||
           !fh_bytes_equal(a->label, b->label);
}

static bool lives_elsewhere(const struct fh_alive *a, const struct fh_alive *b)
{
    return !fh_addresses_equal(a->address, a->address_count, b->address, b->address_count);
}

static void commit_renewal(struct fh_turn *turn, struct judgement *j)
{
    struct fh_gossip *g = turn->g;
    struct fh_member *member = &g->members.slots[j->slot];
    enum fh_member_state before = (enum fh_member_state)member->state;
    bool restarted = j->fact->generation != member->alive->generation;
    bool changed = says_other(&j->fact->alive, &member->alive->alive);
    bool elsewhere = lives_elsewhere(&j->fact->alive, &member->alive->alive);
    bool moved =
        restarted && strcmp(j->fact->alive.address[0], member->alive->alive.address[0]) != 0;
    bool settled = turn->now_ms - fh_members_ms(&g->members, member->since) > FH_CORE_CONTESTED_MS;
    if (moved || settled) {
        unsigned before_it = settled ? 0 : member->moves;
        member->moves = (before_it + (moved && before_it < FH_MEMBER_MOVES_MAX ? 1 : 0)) & 7u;
    }
    if (memcmp(&member->alive->alive.agree, &j->fact->alive.agree, sizeof j->fact->alive.agree) !=
        0) {
        fh_keys_forget(&g->keys, member);
    }
    fh_members_set_alive(&g->members, j->slot, fh_fact_ref(j->fact));
    member->forked = 0;
    fh_suspicion_clear(g, j->slot);
    if (restarted || elsewhere) {
        fh_probe_abandon(g, j->slot);
    }
    enum fh_member_state state = restarted ? FH_MEMBER_UNVERIFIED : before;
    enum fh_member_change change = FH_MEMBER_UPDATED;
    enum fh_rumour_class class_ = restarted || elsewhere ? FH_RUMOUR_MEMBERS
                                  : changed              ? FH_RUMOUR_PRODUCTS
                                                         : FH_RUMOUR_REFRESH;
    if (before == FH_MEMBER_DEAD || before == FH_MEMBER_LEFT) {
        state = FH_MEMBER_UNVERIFIED;
        change = FH_MEMBER_JOINED;
        class_ = FH_RUMOUR_URGENT;
        fh_members_enter_round(&g->members, j->slot, &g->prng);
    } else if (before == FH_MEMBER_SUSPECT) {
        state = restarted || member->heard == 0 ? FH_MEMBER_UNVERIFIED : FH_MEMBER_ALIVE;
        change = FH_MEMBER_CLEARED;
        class_ = FH_RUMOUR_URGENT;
    }
    if (state != before) {
        fh_members_set_state(&g->members, j->slot, state, turn->now_ms);
    }
    if (state != before || restarted) {
        member->asked = 0; /* what was asked before it went to nobody */
    }
    fh_turn_member(turn, j->slot, change);
    if (moved && member->moves == FH_CORE_CONTESTED) {
        fh_turn_member(turn, j->slot, FH_MEMBER_CONTESTED);
    }
    pass_on(turn, j, class_);
}

static void judge_alive(struct fh_turn *turn, struct judgement *j)
{
    struct fh_gossip *g = turn->g;
    struct fh_fact *fact = j->fact;
    if (j->slot != FH_MEMBER_NONE) {
        const struct fh_fact *held = fh_member_fact(&g->members, &g->members.slots[j->slot]);
        const struct fh_alive *alive = &g->members.slots[j->slot].alive->alive;
        if (!fh_domain_id_equal(&alive->domain, &fact->alive.domain)) {
            g->counters.record_stranger++; /* a node is of one domain as long as it is known */
            return;
        }
        int order = fh_life_compare(
            fact->generation, fact->incarnation, held->generation, held->incarnation);
        if (order == 0 && held->kind == FH_FACT_ALIVE) {
            judge_fork(turn, j);
            return;
        }
        if (order <= 0) {
            g->counters.record_stale++;
            return;
        }
    }
    if (!dated(turn, fact)) {
        return;
    }
    const struct fh_gossip_env *env = &g->options.env;
    if (!env->admitted(env->user, &fact->alive.domain, &fact->alive.key, turn->wall_ms)) {
        g->counters.record_stranger++;
        fh_strangers_keep(g, fact);
        return;
    }
    if (!signed_by(turn, j, &fact->alive.key)) {
        return;
    }
    g->counters.record_new++;
    g->members_changed_ms = turn->now_ms;
    if (j->slot == FH_MEMBER_NONE) {
        commit_newcomer(turn, j);
    } else {
        commit_renewal(turn, j);
    }
}

static void judge_leave(struct fh_turn *turn, struct judgement *j)
{
    struct fh_gossip *g = turn->g;
    struct fh_fact *fact = j->fact;
    if (j->slot == FH_MEMBER_NONE) {
        g->counters.record_stranger++;
        return;
    }
    struct fh_member *member = &g->members.slots[j->slot];
    const struct fh_fact *held = fh_member_fact(&g->members, member);
    int order =
        fh_life_compare(fact->generation, fact->incarnation, held->generation, held->incarnation);
    if (order < 0 || (order == 0 && held->kind == FH_FACT_LEAVE)) {
        g->counters.record_stale++;
        return;
    }
    if (!dated(turn, fact) || !signed_by(turn, j, &member->alive->alive.key)) {
        return;
    }
    if (fh_members_set_leave(&g->members, j->slot, fact) != FH_OK) {
        return; /* no memory: it comes again */
    }
    (void)fh_fact_ref(fact);
    g->counters.record_new++;
    g->members_changed_ms = turn->now_ms;
    bool went = member->state != FH_MEMBER_LEFT;
    fh_suspicion_clear(g, j->slot);
    fh_belief_gone(g, j->slot);
    if (went) {
        fh_members_set_state(&g->members, j->slot, FH_MEMBER_LEFT, turn->now_ms);
        fh_turn_member(turn, j->slot, FH_MEMBER_WENT);
    }
    pass_on(turn, j, FH_RUMOUR_MEMBERS);
}

static void judge_suspect(struct fh_turn *turn, struct judgement *j)
{
    struct fh_gossip *g = turn->g;
    struct fh_fact *fact = j->fact;
    bool by_itself = fh_node_id_equal(&fact->accuser, &fact->node);
    if (j->slot == FH_MEMBER_NONE || by_itself) {
        g->counters.record_stranger++;
        return;
    }
    const struct fh_fact *held = fh_member_fact(&g->members, &g->members.slots[j->slot]);
    struct fh_ref ref = fh_node_id_ref(&fact->accuser);
    bool of_this_life =
        fh_life_compare(fact->generation, fact->incarnation, held->generation, held->incarnation) ==
        0;
    bool of_us = j->slot == FH_MEMBER_SELF;
    bool by_us = fh_node_id_equal(&fact->accuser, &g->self);
    uint32_t accuser = fh_members_find(&g->members, &fact->accuser);
    bool by_member = accuser != FH_MEMBER_NONE && fh_member_is_live(&g->members.slots[accuser]);
    if (!of_this_life || by_us ||
        (!of_us && by_member && !fh_suspicion_admits(g, j->slot, accuser))) {
        g->counters.record_accused++;
        struct fh_ref key = fh_belief_suspect_key(fact);
        fh_rumours_heard(&g->rumours, &key, fact);
        return;
    }
    if (!by_member) {
        g->counters.record_stranger++;
        return;
    }
    if (!dated(turn, fact) || !signed_by(turn, j, &g->members.slots[accuser].alive->alive.key)) {
        return;
    }
    g->counters.record_new++;
    if (of_us) {
        fh_belief_accused(turn, fact->generation, fact->incarnation);
        return;
    }
    if (fh_suspicion_add(turn, j->slot, accuser)) {
        fh_suspicion_keep(g, j->slot, &ref, fh_fact_ref(fact));
        if (j->source->session) {
            return; /* what a synchronisation tells, others have been told */
        }
        struct fh_ref key = fh_belief_suspect_key(fact);
        fh_rumours_put(&g->rumours, &key, FH_RUMOUR_MEMBERS, fh_fact_ref(fact), turn->now_ms);
        fh_spread_wake(turn);
    }
}

/* Where it is marked that this record was delivered lately, and with what. The key is this node's,
 * so nobody can make a record that hides another. */
static uint64_t *delivered_place(struct fh_gossip *g, struct fh_bytes bytes, uint64_t *out_value)
{
    uint8_t mark[FH_HASH_BYTES];
    fh_hash_keyed(mark, sizeof mark, fh_bytes(g->delivered_key, sizeof g->delivered_key), bytes);
    *out_value = fh_get_u64be(mark) | 1;
    return &g->delivered[fh_get_u64be(mark + 8) % FH_CORE_DELIVERED];
}

void fh_gossip_deliver_again(struct fh_gossip *g, struct fh_bytes record)
{
    uint64_t value;
    uint64_t *place = delivered_place(g, record, &value);
    if (*place == value) {
        *place = 0; /* no value is 0 */
    }
}

static void deliver(struct fh_turn *turn, const struct judgement *j, struct fh_bytes bytes)
{
    struct fh_gossip *g = turn->g;
    uint64_t value;
    uint64_t *place = delivered_place(g, bytes, &value);
    if (*place == value) {
        g->counters.record_known++;
        return;
    }
    if (!may_verify(turn, j->source)) { /* whoever judges it checks its signature */
        return;
    }
    *place = value;
    g->counters.record_new++;
    struct fh_gossip_action *action = fh_turn_action(turn, FH_GOSSIP_DELIVER);
    action->type = j->fact->type;
    action->bytes = bytes;
    action->node = *j->source->from;
}

void fh_belief_record(struct fh_turn *turn, struct fh_bytes bytes, const struct fh_source *source)
{
    struct fh_gossip *g = turn->g;
    struct judgement j = {.source = source};
    uint64_t before = g->counters.record_new;
    int code = fh_fact_intern(g->pool, bytes, &g->options.mesh, &j.fact, NULL);
    if (code != FH_OK) {
        g->counters.record_form++;
        return;
    }
    if (j.fact->kind == FH_FACT_OTHER) {
        deliver(turn, &j, bytes);
        fh_fact_drop(g->pool, j.fact);
        return;
    }
    j.slot = fh_members_find(&g->members, &j.fact->node);
    const struct fh_member *member = j.slot == FH_MEMBER_NONE ? NULL : &g->members.slots[j.slot];
    if (member != NULL &&
        (j.fact == member->alive || j.fact == fh_member_leave(&g->members, member))) {
        g->counters.record_known++;
        struct fh_ref key = fh_node_id_ref(&j.fact->node);
        fh_rumours_heard(&g->rumours, &key, j.fact);
    } else if (j.fact->kind == FH_FACT_SUSPECT) {
        judge_suspect(turn, &j);
    } else if (j.slot == FH_MEMBER_SELF) {
        judge_own(turn, &j);
    } else if (j.fact->kind == FH_FACT_ALIVE) {
        judge_alive(turn, &j);
    } else {
        judge_leave(turn, &j);
    }
    fh_fact_drop(g->pool, j.fact);
    g->counters.record_synced += source->session ? g->counters.record_new - before : 0;
}

static void remove_member(struct fh_turn *turn, uint32_t slot, enum fh_member_change change)
{
    struct fh_gossip *g = turn->g;
    fh_turn_member(turn, slot, change);
    if (change == FH_MEMBER_FORGOTTEN && g->members.slots[slot].state == FH_MEMBER_DEAD) {
        fh_spread_lost(g, fh_member_address(&g->members.slots[slot]));
    }
    fh_suspicion_clear(g, slot);
    fh_keys_forget(&g->keys, &g->members.slots[slot]);
    struct fh_ref key = fh_node_id_ref(&g->members.slots[slot].alive->node);
    fh_rumours_cancel(&g->rumours, &key);
    fh_members_remove(&g->members, slot);
    g->members_changed_ms = turn->now_ms;
}

/* Until when one that is dead or gone is remembered, by the wall clock. */
static int64_t end_of(const struct fh_members *members, const struct fh_member *member)
{
    const struct fh_fact *alive = member->alive;
    const struct fh_fact *held = fh_member_fact(members, member);
    int64_t last = held->issued_ms > alive->issued_ms ? held->issued_ms : alive->issued_ms;
    return last + alive->alive.ttl_ms + 2 * FH_CLOCK_SKEW_MS;
}

void fh_belief_gone(struct fh_gossip *g, uint32_t slot)
{
    int64_t end = end_of(&g->members, &g->members.slots[slot]);
    g->forget_wall_ms = end < g->forget_wall_ms ? end : g->forget_wall_ms;
}

void fh_belief_forget_expired(struct fh_turn *turn)
{
    struct fh_gossip *g = turn->g;
    unsigned forgotten = 0;
    if (g->forget_wall_ms >= turn->wall_ms) {
        return;
    }
    int64_t first = FH_GOSSIP_NEVER;
    for (uint32_t i = 1;
         i < g->members.slot_count && forgotten < FH_CORE_EXPIRED_PER_STEP && fh_turn_room(turn);
         i++) {
        const struct fh_member *member = &g->members.slots[i];
        if (member->alive == NULL || fh_member_is_live(member)) {
            continue;
        }
        int64_t end = end_of(&g->members, member);
        if (end < turn->wall_ms) {
            remove_member(turn, i, FH_MEMBER_FORGOTTEN);
            forgotten++;
        } else {
            first = end < first ? end : first;
        }
    }
    if (forgotten < FH_CORE_EXPIRED_PER_STEP && fh_turn_room(turn)) { /* all were looked at */
        g->forget_wall_ms = first;
    }
}

void fh_belief_review(struct fh_turn *turn)
{
    struct fh_gossip *g = turn->g;
    const struct fh_gossip_env *env = &g->options.env;
    for (; g->review_at < g->members.slot_count; g->review_at++) {
        const struct fh_member *member = &g->members.slots[g->review_at];
        if (member->alive == NULL || env->admitted(env->user,
                                                   &member->alive->alive.domain,
                                                   &member->alive->alive.key,
                                                   turn->wall_ms)) {
            continue;
        }
        if (!fh_turn_room(turn)) {
            g->review_due_ms = turn->now_ms;
            return;
        }
        remove_member(turn, g->review_at, FH_MEMBER_EXPELLED);
    }
    g->review_at = 1;
    g->review_due_ms = FH_GOSSIP_NEVER;
}
