/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a member of the model believes: its table, the order of probing, suspicions.
 */
#include "tests/sim/memberlist_impl.h"

#include "common/assert.h"
#include "common/mem.h"

#include <math.h>
#include <string.h>

/* ---- sizes on the wire ----------------------------------------------------------------------- */

/* A msgpack map with string keys behind a type byte; names are the nodes' labels. */
uint32_t sim_ml_size_of(const struct sim_memberlist *m, const struct sim_gossip *g)
{
    const struct sim_world *w = m->w;
    uint32_t subject = (uint32_t)strlen(w->nodes[g->subject % w->options.nodes].label);
    uint32_t from = (uint32_t)strlen(w->nodes[g->from % w->options.nodes].label);
    switch ((enum kind)g->kind) {
    case PING: /* Node SeqNo SourceAddr SourceNode SourcePort */
        return 2 + 6 + subject + 9 + 16 + 12 + from + 14;
    case INDIRECT: /* as PING, and Nack Port Target */
        return 2 + 6 + subject + 9 + 16 + 12 + from + 14 + 6 + 8 + 12;
    case ACK: /* Payload SeqNo */
        return 2 + 9 + 9;
    case NACK:
        return 2 + 9;
    case SUSPECT:
    case DEAD: /* From Incarnation Node */
        return 2 + 6 + from + 13 + 6 + subject;
    case ALIVE: /* Addr Incarnation Meta Node Port Vsn */
        return 2 + 10 + 13 + 6 + 6 + subject + 8 + 11;
    case USER:
        return USER_BYTES + (uint32_t)w->announcements[g->subject].size;
    }
    return 0;
}

/* One entry of an exchange of states: Addr Incarnation Meta Name Port State Vsn. */
uint32_t sim_ml_state_size(const struct sim_world *w, uint32_t subject)
{
    return 1 + 10 + 13 + 6 + 6 + (uint32_t)strlen(w->nodes[subject].label) + 8 + 7 + 11;
}

/* ---- rules as formulae ----------------------------------------------------------------------- */

unsigned sim_ml_sends(const struct sim_memberlist *m)
{
    unsigned digits = (unsigned)ceil(log10((double)m->known + 1));
    return RETRANSMIT_MULT * (digits < 1 ? 1 : digits);
}

static int64_t shortest_ms(const struct sim_memberlist *m)
{
    double scale = log10(m->known > 1 ? (double)m->known : 1);
    return (int64_t)(SUSPICION_MULT * (scale < 1 ? 1 : scale) * PROBE_MS);
}

static int64_t suspicion_ms(const struct suspicion *s)
{
    if (s->expected == 0) {
        return s->min_ms;
    }
    double done = log((double)s->confirmed + 1) / log((double)s->expected + 1);
    double longest = (double)(SUSPICION_MAX_MULT * s->min_ms);
    int64_t ms = (int64_t)(longest - done * (longest - (double)s->min_ms));
    return ms < s->min_ms ? s->min_ms : ms;
}

int64_t sim_ml_exchange_ms(const struct sim_memberlist *m)
{
    if (m->known <= EXCHANGE_SCALE_FROM) {
        return EXCHANGE_MS;
    }
    double more = ceil(log2((double)m->known) - log2(EXCHANGE_SCALE_FROM)) + 1;
    return (int64_t)(EXCHANGE_MS * more);
}

void sim_ml_health(struct sim_memberlist *m, int delta)
{
    int health = (int)m->health + delta;
    m->health = health < 0 ? 0 : health > HEALTH_MAX ? HEALTH_MAX : (unsigned)health;
}

/* ---- the table ------------------------------------------------------------------------------- */

bool sim_ml_lists(const struct peer *p)
{
    return p->state == LIVE || p->state == SUSPECTED;
}

bool sim_memberlist_lists(const struct sim_memberlist *m, uint32_t other)
{
    return sim_ml_lists(&m->peers[other]);
}

uint32_t sim_memberlist_live(const struct sim_memberlist *m)
{
    return m->live;
}

void sim_ml_set_state(struct sim_memberlist *m, uint32_t subject, enum state state)
{
    struct peer *p = &m->peers[subject];
    m->live -= sim_ml_lists(p) ? 1 : 0;
    p->state = (uint8_t)state;
    m->live += sim_ml_lists(p) ? 1 : 0;
    p->changed_ms = (uint32_t)m->w->now_ms;
}

static void next_suspicion(struct sim_memberlist *m)
{
    m->suspicion_next_ms = FH_GOSSIP_NEVER;
    for (uint32_t i = 0; i < m->suspicion_count; i++) {
        int64_t at = m->suspicions[i].deadline_ms;
        m->suspicion_next_ms = at < m->suspicion_next_ms ? at : m->suspicion_next_ms;
    }
}

static void end_suspicion(struct sim_memberlist *m, uint32_t subject)
{
    struct peer *p = &m->peers[subject];
    if (p->suspicion == NEVER_SUSPECT) {
        return;
    }
    struct suspicion *s = &m->suspicions[p->suspicion - 1];
    p->suspicion = NEVER_SUSPECT;
    *s = m->suspicions[--m->suspicion_count];
    if (s != &m->suspicions[m->suspicion_count]) {
        m->peers[s->subject].suspicion = (uint32_t)(s - m->suspicions) + 1;
    }
    next_suspicion(m);
}

static void insert(struct sim_memberlist *m, uint32_t subject)
{
    uint32_t at = (uint32_t)fh_prng_below(&m->w->prng, m->known + 1);
    m->order[m->known++] = subject;
    m->order[m->known - 1] = m->order[at];
    m->order[at] = subject;
    m->peers[subject].incarnation = 0;
    sim_ml_set_state(m, subject, FAILED);
}

/* After each round: the long dead go, the rest is shuffled. */
void sim_ml_reset_order(struct sim_memberlist *m)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < m->known; i++) {
        struct peer *p = &m->peers[m->order[i]];
        bool dead = p->state == FAILED || p->state == GONE;
        if (dead && m->w->now_ms - (int64_t)p->changed_ms > FORGET_MS) {
            p->state = UNKNOWN;
        } else {
            m->order[kept++] = m->order[i];
        }
    }
    m->known = kept;
    for (uint32_t i = m->known; i > 1; i--) {
        uint32_t other = (uint32_t)fh_prng_below(&m->w->prng, i);
        uint32_t swapped = m->order[i - 1];
        m->order[i - 1] = m->order[other];
        m->order[other] = swapped;
    }
    m->order_at = 0;
}

/* Up to `want` random members; `dead` ones only while they are still gossiped to. */
unsigned
sim_ml_pick(struct sim_memberlist *m, unsigned want, uint32_t except, bool suspects, uint32_t *out)
{
    unsigned count = 0;
    for (uint32_t tries = 0; tries < 3 * m->known && count < want; tries++) {
        uint32_t at = m->order[fh_prng_below(&m->w->prng, m->known)];
        const struct peer *p = &m->peers[at];
        bool fresh = m->w->now_ms - (int64_t)p->changed_ms <= FORGET_MS;
        bool wanted = p->state == LIVE ||
                      (suspects && (p->state == SUSPECTED || (p->state == FAILED && fresh)));
        for (unsigned i = 0; i < count; i++) {
            wanted = wanted && out[i] != at;
        }
        if (wanted && at != m->self && at != except) {
            out[count++] = at;
        }
    }
    return count;
}

void sim_ml_spread(struct sim_memberlist *m, enum kind kind, uint32_t subject, uint32_t from)
{
    struct sim_gossip g = {.kind = (uint32_t)kind,
                           .subject = subject,
                           .incarnation = m->peers[subject].incarnation,
                           .from = from};
    sim_broadcasts_put(&m->news, subject, &g, (uint16_t)sim_ml_size_of(m, &g), kind == ALIVE);
}

/* ---- what is believed ------------------------------------------------------------------------ */

static void refute(struct sim_memberlist *m, uint32_t accused)
{
    struct peer *self = &m->peers[m->self];
    self->incarnation = (accused > self->incarnation ? accused : self->incarnation) + 1;
    sim_ml_health(m, 1);
    sim_ml_spread(m, ALIVE, m->self, m->self);
}

void sim_ml_on_alive(struct sim_memberlist *m, uint32_t subject, uint32_t incarnation)
{
    struct peer *p = &m->peers[subject];
    if (m->leaving && subject == m->self) {
        return;
    }
    if (p->state == UNKNOWN) {
        insert(m, subject);
    }
    if (subject == m->self) {
        if (incarnation > p->incarnation) { /* of an earlier life */
            refute(m, incarnation);
        }
        return;
    }
    if (incarnation <= p->incarnation) {
        return;
    }
    bool before = sim_ml_lists(p);
    end_suspicion(m, subject);
    p->incarnation = incarnation;
    if (p->state != LIVE) {
        sim_ml_set_state(m, subject, LIVE);
    }
    sim_ml_spread(m, ALIVE, subject, subject);
    if (!before) {
        sim_figure_joined(m->w, m->node, &m->w->nodes[subject]);
    }
}

void sim_ml_on_dead(struct sim_memberlist *m, uint32_t subject, uint32_t incarnation, uint32_t from)
{
    struct peer *p = &m->peers[subject];
    if (p->state == UNKNOWN || incarnation < p->incarnation) {
        return;
    }
    end_suspicion(m, subject);
    if (!sim_ml_lists(p)) {
        return;
    }
    if (subject == m->self && !m->leaving) {
        refute(m, incarnation);
        return;
    }
    p->incarnation = incarnation;
    sim_ml_set_state(m, subject, subject == from ? GONE : FAILED);
    sim_ml_spread(m, DEAD, subject, from);
    if (subject != from) {
        sim_figure_died(m->w, m->node, &m->w->nodes[subject]);
    }
}

static void confirm(struct sim_memberlist *m, struct suspicion *s, uint32_t from)
{
    if (s->confirmed >= s->expected) {
        return;
    }
    for (unsigned i = 0; i <= s->confirmed; i++) {
        if (s->from[i] == from) {
            return;
        }
    }
    s->from[++s->confirmed] = from;
    s->deadline_ms = s->started_ms + suspicion_ms(s);
    sim_ml_spread(m, SUSPECT, s->subject, from);
    next_suspicion(m);
}

void sim_ml_on_suspect(struct sim_memberlist *m,
                       uint32_t subject,
                       uint32_t incarnation,
                       uint32_t from)
{
    struct peer *p = &m->peers[subject];
    if (p->state == UNKNOWN || incarnation < p->incarnation) {
        return;
    }
    if (p->suspicion != NEVER_SUSPECT) {
        confirm(m, &m->suspicions[p->suspicion - 1], from);
        return;
    }
    if (p->state != LIVE) {
        return;
    }
    if (subject == m->self) {
        refute(m, incarnation);
        return;
    }
    p->incarnation = incarnation;
    sim_ml_set_state(m, subject, SUSPECTED);
    sim_ml_spread(m, SUSPECT, subject, from);
    sim_figure_suspected(m->w, &m->w->nodes[subject]);
    if (m->suspicion_count == m->suspicion_max) {
        m->suspicion_max = m->suspicion_max == 0 ? SUSPICIONS_START : 2 * m->suspicion_max;
        m->suspicions =
            sim_must(fh_realloc(m->suspicions, m->suspicion_max * sizeof *m->suspicions));
    }
    struct suspicion *s = &m->suspicions[m->suspicion_count++];
    *s = (struct suspicion){.subject = subject,
                            .expected = m->known < CONFIRMATIONS + 2 ? 0 : CONFIRMATIONS,
                            .from = {from},
                            .started_ms = m->w->now_ms,
                            .min_ms = shortest_ms(m)};
    s->deadline_ms = s->started_ms + suspicion_ms(s);
    p->suspicion = m->suspicion_count;
    next_suspicion(m);
}

void sim_memberlist_announce(struct sim_memberlist *m, uint32_t announcement)
{
    struct sim_gossip g = {.kind = USER, .subject = announcement};
    sim_broadcasts_put(&m->user,
                       m->w->announcements[announcement].product,
                       &g,
                       (uint16_t)sim_ml_size_of(m, &g),
                       false);
}
