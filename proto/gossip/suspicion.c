/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Suspicions: one for each suspect. Its time starts at six times the minimum and shrinks with each
 * further signed accuser (Lifeguard). At its end the suspect is dead if a probe of ours failed or
 * if three others signed; else a probe of our own decides, so that no single liar kills anybody.
 *
 * Nor does a single inviter: identities are free for whoever may admit them. So the three must be
 * answered for by three domains (gossip.h, `voucher`), or by all that there are where there are
 * fewer: in a mesh that one domain has invited there is nobody else to hear. Time shrinks by
 * accusers, whoever they are: the shortest is long enough to refute.
 *
 * A refutation travels as a rumour, and a rumour misses somebody now and then: who slept for five
 * seconds was held for dead by the one of two hundred that its refutation had missed. So a suspect
 * is pinged a few times before its time ends. It answers with its newest record; one that is dead
 * dies no later for it.
 *
 * What was signed is kept as long as the member is dead: it tells people why, and a newcomer that
 * is given it need not find out about each dead node by a probe of its own.
 */
#include "proto/gossip/core.h"

#include "common/assert.h"
#include "common/mem.h"

#include <string.h>

enum {
    SUSPICIONS_START = 16,
    SUSPICION_FACTOR = 6, /* of the longest against the shortest time */
};

struct fh_suspicion *fh_suspicion_of(const struct fh_gossip *g, uint32_t slot)
{
    uint32_t at = g->members.slots[slot].suspicion;
    return at == 0 ? NULL : &g->suspicions[at - 1];
}

static unsigned log2_ceil(uint32_t n)
{
    unsigned bits = 0;
    while (((uint64_t)1 << bits) < n) {
        bits++;
    }
    return bits;
}

/* The shortest time: two probe intervals, and with each doubling of the mesh as long as three
 * rounds of news took when this was found: the suspect must hear of it and be heard, and a node
 * that stands still for five seconds must not die of it. So it does not shrink with the burst
 * interval.
 */
static int64_t shortest_ms(const struct fh_gossip *g)
{
    const struct fh_gossip_timing *t = &g->options.timing;
    uint32_t members = fh_members_live(&g->members);
    return 2 * (int64_t)t->probe_ms + (int64_t)t->refute_ms * log2_ceil(members + 1);
}

/* From the longest to the shortest time as log(accusers) (Lifeguard section IV-B): thousandths of
 * log(c + 1) / log(k + 1) for c further accusers of k expected. */
static int64_t suspicion_ms(const struct fh_gossip *g, unsigned accusers)
{
    static const int64_t done[4][4] = {
        {1000, 1000, 1000, 1000}, {0, 1000, 1000, 1000}, {0, 631, 1000, 1000}, {0, 500, 792, 1000}};
    int64_t shortest = shortest_ms(g);
    int64_t longest = SUSPICION_FACTOR * shortest;
    uint32_t others = fh_members_live(&g->members);
    unsigned expected = others <= 2 ? 0 : others - 2 < 3 ? (unsigned)(others - 2) : 3;
    unsigned further = accusers == 0 ? 0 : accusers - 1 < 3 ? accusers - 1 : 3;
    return longest - (longest - shortest) * done[expected][further] / 1000;
}

/* When there is something to do about it: a last ping, or the end of its time. */
static int64_t due_of(const struct fh_gossip *g, const struct fh_suspicion *s)
{
    int64_t gap = g->options.timing.answer_max_ms;
    return s->deadline_ms - (FH_CORE_LAST_ASKS - s->asks) * gap;
}

static struct fh_suspicion *suspicion_new(struct fh_gossip *g, uint32_t slot)
{
    if (g->suspicion_count == g->suspicion_max) {
        uint32_t wider = g->suspicion_max == 0 ? SUSPICIONS_START : g->suspicion_max * 2;
        wider = wider > FH_GOSSIP_SUSPICIONS_MAX ? FH_GOSSIP_SUSPICIONS_MAX : wider;
        struct fh_suspicion *more =
            wider == g->suspicion_max ? NULL : fh_realloc(g->suspicions, wider * sizeof *more);
        if (more == NULL) {
            return NULL;
        }
        g->suspicions = more;
        g->suspicion_max = wider;
    }
    if (g->suspicion_count == 0) {
        g->suspicion_due_ms = FH_GOSSIP_NEVER;
    }
    struct fh_suspicion *s = &g->suspicions[g->suspicion_count++];
    *s = (struct fh_suspicion){.slot = slot};
    g->members.slots[slot].suspicion = (uint16_t)g->suspicion_count;
    return s;
}

void fh_suspicion_clear(struct fh_gossip *g, uint32_t slot)
{
    struct fh_suspicion *s = fh_suspicion_of(g, slot);
    if (s == NULL) {
        return;
    }
    g->members.slots[slot].suspicion = 0;
    for (unsigned i = 0; i < s->accuser_count; i++) {
        fh_fact_drop(g->pool, s->evidence[i]);
    }
    const struct fh_suspicion *last = &g->suspicions[--g->suspicion_count];
    if (s != last) {
        *s = *last;
        g->members.slots[s->slot].suspicion = (uint16_t)(s - g->suspicions + 1);
    }
}

static bool holds_accuser(const struct fh_suspicion *s, const struct fh_ref *accuser)
{
    for (unsigned i = 0; i < s->accuser_count; i++) {
        if (fh_ref_equal(&s->accusers[i], accuser)) {
            return true;
        }
    }
    return false;
}

/* ---- voices ---------------------------------------------------------------------------------- */

static struct fh_ref ref_at(const struct fh_gossip *g, uint32_t slot)
{
    return fh_node_id_ref(&g->members.slots[slot].alive->node);
}

static struct fh_ref voice_at(const struct fh_gossip *g, uint32_t slot)
{
    const struct fh_gossip_env *env = &g->options.env;
    struct fh_domain_id domain = g->members.slots[slot].alive->alive.domain;
    struct fh_ref voice;
    if (env->voucher != NULL) {
        domain = env->voucher(env->user, &domain);
    }
    memcpy(voice.b, domain.b, sizeof voice.b);
    return voice;
}

/* Adds it to a list of different ones; how many there are then, at most FH_CORE_VOICES. */
static unsigned
note_voice(struct fh_ref voices[FH_CORE_VOICES], unsigned count, const struct fh_ref *voice)
{
    for (unsigned i = 0; i < count; i++) {
        if (fh_ref_equal(&voices[i], voice)) {
            return count;
        }
    }
    if (count < FH_CORE_VOICES) {
        voices[count++] = *voice;
    }
    return count;
}

/* How many different ones could be heard about a suspect, up to FH_CORE_VOICES. */
static unsigned voices_there(const struct fh_gossip *g, uint32_t suspect)
{
    struct fh_ref voices[FH_CORE_VOICES];
    unsigned count = 0;
    for (uint32_t i = 0; i < g->members.slot_count && count < FH_CORE_VOICES; i++) {
        const struct fh_member *member = &g->members.slots[i];
        if (i != FH_MEMBER_SELF && i != suspect && member->alive != NULL &&
            fh_member_is_live(member)) {
            struct fh_ref voice = voice_at(g, i);
            count = note_voice(voices, count, &voice);
        }
    }
    return count;
}

bool fh_suspicion_convicts(const struct fh_gossip *g, const struct fh_suspicion *s)
{
    struct fh_ref self = fh_node_id_ref(&g->self);
    struct fh_ref voices[FH_CORE_VOICES];
    unsigned count = 0;
    for (unsigned i = 0; i < s->accuser_count; i++) {
        if (!fh_ref_equal(&s->accusers[i], &self)) {
            count = note_voice(voices, count, &s->voices[i]);
        }
    }
    return fh_suspicion_others(g, s) >= FH_CORE_ACCUSERS &&
           (count == FH_CORE_VOICES || count >= voices_there(g, s->slot));
}

/* The place of an accuser whose voice another of them is too, for a voice that is not heard yet, or
 * FH_GOSSIP_EVIDENCE_MAX. Else one inviter's many would take all places. */
static unsigned
place_of_double(const struct fh_gossip *g, const struct fh_suspicion *s, const struct fh_ref *voice)
{
    struct fh_ref self = fh_node_id_ref(&g->self);
    unsigned place = FH_GOSSIP_EVIDENCE_MAX;
    for (unsigned i = 0; i < s->accuser_count; i++) {
        if (fh_ref_equal(&s->voices[i], voice)) {
            return FH_GOSSIP_EVIDENCE_MAX;
        }
        for (unsigned k = 0; k < i && !fh_ref_equal(&s->accusers[i], &self); k++) {
            place = fh_ref_equal(&s->voices[i], &s->voices[k]) ? i : place;
        }
    }
    return place;
}

/* Where this accuser would stand, or FH_GOSSIP_EVIDENCE_MAX: it counts for nothing. */
static unsigned place_for(const struct fh_gossip *g,
                          const struct fh_suspicion *s,
                          const struct fh_ref *accuser,
                          const struct fh_ref *voice)
{
    if (holds_accuser(s, accuser)) {
        return FH_GOSSIP_EVIDENCE_MAX;
    }
    return s->accuser_count < FH_GOSSIP_EVIDENCE_MAX ? s->accuser_count
                                                     : place_of_double(g, s, voice);
}

/* ---- accusing -------------------------------------------------------------------------------- */

bool fh_suspicion_admits(const struct fh_gossip *g, uint32_t slot, uint32_t accuser)
{
    const struct fh_member *member = &g->members.slots[slot];
    const struct fh_suspicion *s = fh_suspicion_of(g, slot);
    if (slot == FH_MEMBER_SELF || !fh_member_is_live(member)) {
        return false;
    }
    struct fh_ref ref = ref_at(g, accuser);
    struct fh_ref voice = voice_at(g, accuser);
    return s == NULL || place_for(g, s, &ref, &voice) < FH_GOSSIP_EVIDENCE_MAX;
}

static bool add_accuser(struct fh_gossip *g, struct fh_suspicion *s, uint32_t accuser)
{
    struct fh_ref ref = ref_at(g, accuser);
    struct fh_ref voice = voice_at(g, accuser);
    unsigned place = place_for(g, s, &ref, &voice);
    if (place == FH_GOSSIP_EVIDENCE_MAX) {
        return false;
    }
    if (place == s->accuser_count) {
        s->evidence[s->accuser_count++] = NULL;
    }
    fh_fact_drop(g->pool, s->evidence[place]);
    s->evidence[place] = NULL;
    s->accusers[place] = ref;
    s->voices[place] = voice;
    return true;
}

bool fh_suspicion_add(struct fh_turn *turn, uint32_t slot, uint32_t accuser)
{
    struct fh_gossip *g = turn->g;
    FH_ASSERT(slot != FH_MEMBER_SELF);
    struct fh_suspicion *s = fh_suspicion_of(g, slot);
    if (s == NULL) {
        s = suspicion_new(g, slot);
        if (s == NULL) {
            return false;
        }
        s->started_ms = turn->now_ms;
        g->counters.suspicions++;
        fh_members_set_state(&g->members, slot, FH_MEMBER_SUSPECT, turn->now_ms);
        fh_turn_member(turn, slot, FH_MEMBER_SUSPECTED);
    }
    s->own_failed = s->own_failed || accuser == FH_MEMBER_SELF;
    bool counts = add_accuser(g, s, accuser);
    s->deadline_ms = s->started_ms + suspicion_ms(g, s->accuser_count);
    int64_t least_ms = turn->now_ms + g->options.timing.answer_min_ms;
    if (s->asks == 0 && s->deadline_ms < least_ms) {
        s->deadline_ms = least_ms; /* a late accuser has made it short: asked once all the same */
    }
    int64_t due = due_of(g, s);
    g->suspicion_due_ms = due < g->suspicion_due_ms ? due : g->suspicion_due_ms;
    return counts;
}

void fh_suspicion_keep(struct fh_gossip *g,
                       uint32_t slot,
                       const struct fh_ref *accuser,
                       struct fh_fact *fact)
{
    struct fh_suspicion *s = fh_suspicion_of(g, slot);
    for (unsigned i = 0; s != NULL && i < s->accuser_count; i++) {
        if (fh_ref_equal(&s->accusers[i], accuser)) {
            fh_fact_drop(g->pool, s->evidence[i]);
            s->evidence[i] = fact;
            return;
        }
    }
    fh_fact_drop(g->pool, fact);
}

unsigned fh_suspicion_others(const struct fh_gossip *g, const struct fh_suspicion *s)
{
    struct fh_ref self = fh_node_id_ref(&g->self);
    return s->accuser_count - (holds_accuser(s, &self) ? 1 : 0);
}

/* First-hand evidence against the suspicion: not suspect for us. Others hear the refutation. */
void fh_suspicion_acquit(struct fh_turn *turn, uint32_t slot)
{
    struct fh_gossip *g = turn->g;
    if (g->members.slots[slot].state == FH_MEMBER_SUSPECT) {
        fh_suspicion_clear(g, slot);
        fh_members_set_state(&g->members, slot, FH_MEMBER_ALIVE, turn->now_ms);
        fh_turn_member(turn, slot, FH_MEMBER_CLEARED);
    }
}

void fh_suspicion_conclude(struct fh_turn *turn, uint32_t slot)
{
    struct fh_gossip *g = turn->g;
    struct fh_suspicion *s = fh_suspicion_of(g, slot);
    FH_ASSERT(s != NULL);
    s->concluded = true;
    s->trial = false;
    fh_members_set_state(&g->members, slot, FH_MEMBER_DEAD, turn->now_ms);
    fh_belief_gone(g, slot);
    g->counters.deaths++;
    fh_turn_member(turn, slot, FH_MEMBER_DIED);
}

/* Several that are due, as after a lag, are one. */
static void ask_last(struct fh_turn *turn, struct fh_suspicion *s)
{
    struct fh_gossip *g = turn->g;
    while (s->asks < FH_CORE_LAST_ASKS && due_of(g, s) <= turn->now_ms) {
        s->asks++;
    }
    if (fh_rate_take(&g->ask_rate, FH_CORE_LAST_ASKS_PER_S, 1, turn->now_ms)) {
        fh_probe_hello(turn, s->slot, false);
    }
}

static void end_time(struct fh_turn *turn, struct fh_suspicion *s)
{
    if (s->own_failed || fh_suspicion_convicts(turn->g, s)) {
        fh_suspicion_conclude(turn, s->slot);
    } else {
        s->trial = true;
    }
}

void fh_suspicion_tick(struct fh_turn *turn)
{
    struct fh_gossip *g = turn->g;
    unsigned done = 0;
    if (g->suspicion_count == 0 || g->suspicion_due_ms > turn->now_ms) {
        return;
    }
    int64_t due = FH_GOSSIP_NEVER;
    for (uint32_t i = 0; i < g->suspicion_count; i++) {
        struct fh_suspicion *s = &g->suspicions[i];
        bool waits = !s->trial && !s->concluded;
        if (waits && due_of(g, s) <= turn->now_ms && done < FH_CORE_EXPIRED_PER_STEP &&
            fh_turn_room(turn)) {
            done++;
            if (s->deadline_ms > turn->now_ms) {
                ask_last(turn, s);
            } else {
                end_time(turn, s);
            }
        }
        if (!s->trial && !s->concluded) {
            int64_t at = due_of(g, s);
            due = at < due ? at : due;
        }
    }
    g->suspicion_due_ms = due;
}

/* A suspect whose time is over without enough evidence goes before the round. */
uint32_t fh_suspicion_next_trial(const struct fh_gossip *g)
{
    for (uint32_t i = 0; i < g->suspicion_count; i++) {
        if (g->suspicions[i].trial) {
            return g->suspicions[i].slot;
        }
    }
    return FH_MEMBER_NONE;
}

int64_t fh_suspicion_deadline(const struct fh_gossip *g)
{
    return g->suspicion_count == 0 ? FH_GOSSIP_NEVER : g->suspicion_due_ms;
}
