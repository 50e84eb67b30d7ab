/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/memberlist.h"

#include "common/assert.h"
#include "common/mem.h"
#include "tests/sim/broadcasts.h"
#include "tests/sim/figures.h"

#include <math.h>
#include <string.h>

enum { /* the rules' numbers: memberlist's LAN configuration */
       PROBE_MS = 1000,
       PROBE_TIMEOUT_MS = 500,
       RELAYS = 3,
       SUSPICION_MULT = 4,
       SUSPICION_MAX_MULT = 6,
       CONFIRMATIONS = SUSPICION_MULT - 2,
       HEALTH_MAX = 7,
       GOSSIP_MS = 200,
       GOSSIP_NODES = 3,
       RETRANSMIT_MULT = 4,
       EXCHANGE_MS = 30000,
       EXCHANGE_SCALE_FROM = 32,
       FORGET_MS = 30000, /* the dead: gossiped to and listed until then */
       RETRY_JOIN_MS = 30000,
       LEAVE_MS = 3000,
       PACKET_BYTES = 1400,
       COMPOUND_BYTES = 2,      /* of a packet of several messages */
       COMPOUND_EACH_BYTES = 2, /* of each message in it */
       USER_BYTES = 1,
       STREAM_BYTES = 60, /* headers of an exchange of states, both ways */
};

enum { MESSAGES_MAX = 48, RELAYED_MAX = 128, SUSPICIONS_START = 8, NEVER_SUSPECT = 0 };

enum kind { PING, INDIRECT, ACK, NACK, SUSPECT, ALIVE, DEAD, USER };

enum state { UNKNOWN, LIVE, SUSPECTED, FAILED, GONE };

struct peer {
    uint32_t incarnation;
    uint32_t changed_ms;
    uint32_t suspicion; /* index + 1 */
    uint8_t state;
};

struct suspicion {
    uint32_t subject;
    unsigned confirmed;
    unsigned expected;
    uint32_t from[CONFIRMATIONS + 1];
    int64_t started_ms;
    int64_t min_ms;
    int64_t deadline_ms;
};

struct relayed {
    uint32_t seq; /* 0: free */
    uint32_t origin;
    uint32_t origin_seq;
    int64_t expires_ms;
};

struct probing {
    bool active;
    bool asked; /* relays and stream */
    bool linked;
    uint32_t subject;
    uint32_t seq;
    unsigned nacks_expected;
    unsigned nacks;
    int64_t next_ms; /* end of the first wait, then of the probe */
    int64_t end_ms;
};

struct sim_memberlist {
    struct sim_world *w;
    struct sim_node *node;
    uint32_t self;
    struct peer *peers; /* by node index */
    uint32_t *order;    /* of probing: all known, this node too */
    uint32_t known;
    uint32_t live;
    uint32_t order_at;
    uint32_t seq;
    unsigned health;
    bool leaving;
    bool probe_owed; /* a ticker holds one tick while the probe before runs */
    struct probing probe;
    struct suspicion *suspicions;
    uint32_t suspicion_count;
    uint32_t suspicion_max;
    struct relayed relayed[RELAYED_MAX];
    struct sim_broadcasts news;
    struct sim_broadcasts user;
    int64_t probe_tick_ms;
    int64_t gossip_phase_ms;
    int64_t exchange_ms;
    int64_t join_ms;
    int64_t leave_ms;
    int64_t suspicion_next_ms;
    int64_t relayed_next_ms;
};

/* ---- sizes on the wire ----------------------------------------------------------------------- */

/* A msgpack map with string keys behind a type byte; names are the nodes' labels. */
static uint32_t size_of(const struct sim_memberlist *m, const struct sim_gossip *g)
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
static uint32_t state_size(const struct sim_world *w, uint32_t subject)
{
    return 1 + 10 + 13 + 6 + 6 + (uint32_t)strlen(w->nodes[subject].label) + 8 + 7 + 11;
}

/* ---- rules as formulae ----------------------------------------------------------------------- */

static unsigned sends_of(const struct sim_memberlist *m)
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

static int64_t exchange_interval_ms(const struct sim_memberlist *m)
{
    if (m->known <= EXCHANGE_SCALE_FROM) {
        return EXCHANGE_MS;
    }
    double more = ceil(log2((double)m->known) - log2(EXCHANGE_SCALE_FROM)) + 1;
    return (int64_t)(EXCHANGE_MS * more);
}

static void note_health(struct sim_memberlist *m, int delta)
{
    int health = (int)m->health + delta;
    m->health = health < 0 ? 0 : health > HEALTH_MAX ? HEALTH_MAX : (unsigned)health;
}

/* ---- packets --------------------------------------------------------------------------------- */

static void
post(struct sim_memberlist *m, uint32_t to, const struct sim_gossip *items, unsigned count)
{
    uint32_t size = count > 1 ? COMPOUND_BYTES : 0;
    for (unsigned i = 0; i < count; i++) {
        size += size_of(m, &items[i]) + (count > 1 ? COMPOUND_EACH_BYTES : 0);
    }
    sim_post(m->w, m->node, &m->w->nodes[to], fh_bytes(items, count * sizeof *items), size);
}

/* Adds news that fits behind `bytes`: memberlist's own before that of users. */
static unsigned piggyback(struct sim_memberlist *m, struct sim_gossip *out, uint32_t bytes)
{
    unsigned sends = sends_of(m);
    unsigned most = MESSAGES_MAX - 2;
    unsigned count =
        sim_broadcasts_take(&m->news, PACKET_BYTES, COMPOUND_EACH_BYTES, sends, most, out, &bytes);
    return count + sim_broadcasts_take(&m->user,
                                       PACKET_BYTES,
                                       COMPOUND_EACH_BYTES,
                                       sends,
                                       most - count,
                                       out + count,
                                       &bytes);
}

static void post_with_news(struct sim_memberlist *m,
                           uint32_t to,
                           const struct sim_gossip *first,
                           unsigned count)
{
    struct sim_gossip items[MESSAGES_MAX] = {0};
    uint32_t bytes = COMPOUND_BYTES;
    for (unsigned i = 0; i < count; i++) {
        items[i] = first[i];
        bytes += size_of(m, &first[i]) + COMPOUND_EACH_BYTES;
    }
    count += piggyback(m, items + count, bytes);
    post(m, to, items, count);
}

static void spread(struct sim_memberlist *m, enum kind kind, uint32_t subject, uint32_t from)
{
    struct sim_gossip g = {.kind = (uint32_t)kind,
                           .subject = subject,
                           .incarnation = m->peers[subject].incarnation,
                           .from = from};
    sim_broadcasts_put(&m->news, subject, &g, (uint16_t)size_of(m, &g), kind == ALIVE);
}

/* ---- the table ------------------------------------------------------------------------------- */

static bool lists(const struct peer *p)
{
    return p->state == LIVE || p->state == SUSPECTED;
}

bool sim_memberlist_lists(const struct sim_memberlist *m, uint32_t other)
{
    return lists(&m->peers[other]);
}

uint32_t sim_memberlist_live(const struct sim_memberlist *m)
{
    return m->live;
}

static void set_state(struct sim_memberlist *m, uint32_t subject, enum state state)
{
    struct peer *p = &m->peers[subject];
    m->live -= lists(p) ? 1 : 0;
    p->state = (uint8_t)state;
    m->live += lists(p) ? 1 : 0;
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
    set_state(m, subject, FAILED);
}

/* After each round: the long dead go, the rest is shuffled. */
static void reset_order(struct sim_memberlist *m)
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
static unsigned
pick(struct sim_memberlist *m, unsigned want, uint32_t except, bool suspects, uint32_t *out)
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

/* ---- what is believed ------------------------------------------------------------------------ */

static void refute(struct sim_memberlist *m, uint32_t accused)
{
    struct peer *self = &m->peers[m->self];
    self->incarnation = (accused > self->incarnation ? accused : self->incarnation) + 1;
    note_health(m, 1);
    spread(m, ALIVE, m->self, m->self);
}

static void on_alive(struct sim_memberlist *m, uint32_t subject, uint32_t incarnation)
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
    bool before = lists(p);
    end_suspicion(m, subject);
    p->incarnation = incarnation;
    if (p->state != LIVE) {
        set_state(m, subject, LIVE);
    }
    spread(m, ALIVE, subject, subject);
    if (!before) {
        sim_figure_joined(m->w, m->node, &m->w->nodes[subject]);
    }
}

static void on_dead(struct sim_memberlist *m, uint32_t subject, uint32_t incarnation, uint32_t from)
{
    struct peer *p = &m->peers[subject];
    if (p->state == UNKNOWN || incarnation < p->incarnation) {
        return;
    }
    end_suspicion(m, subject);
    if (!lists(p)) {
        return;
    }
    if (subject == m->self && !m->leaving) {
        refute(m, incarnation);
        return;
    }
    p->incarnation = incarnation;
    set_state(m, subject, subject == from ? GONE : FAILED);
    spread(m, DEAD, subject, from);
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
    spread(m, SUSPECT, s->subject, from);
    next_suspicion(m);
}

static void
on_suspect(struct sim_memberlist *m, uint32_t subject, uint32_t incarnation, uint32_t from)
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
    set_state(m, subject, SUSPECTED);
    spread(m, SUSPECT, subject, from);
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
    sim_broadcasts_put(
        &m->user, m->w->announcements[announcement].product, &g, (uint16_t)size_of(m, &g), 0);
}

/* ---- probing --------------------------------------------------------------------------------- */

static uint32_t next_probed(struct sim_memberlist *m)
{
    for (uint32_t checked = 0; checked < m->known; checked++) {
        if (m->order_at >= m->known) {
            reset_order(m);
            continue;
        }
        uint32_t at = m->order[m->order_at++];
        if (at != m->self && lists(&m->peers[at])) {
            return at;
        }
    }
    return UINT32_MAX;
}

static void begin_probe(struct sim_memberlist *m)
{
    uint32_t subject = next_probed(m);
    if (subject == UINT32_MAX) {
        return;
    }
    int64_t now = m->w->now_ms;
    m->probe = (struct probing){.active = true,
                                .subject = subject,
                                .seq = ++m->seq,
                                .next_ms = now + PROBE_TIMEOUT_MS,
                                .end_ms = now + (int64_t)PROBE_MS * (m->health + 1)};
    struct sim_gossip first[2] = {
        {.kind = PING, .subject = subject, .incarnation = m->probe.seq, .from = m->self},
        {.kind = SUSPECT,
         .subject = subject,
         .incarnation = m->peers[subject].incarnation,
         .from = m->self}};
    /* A suspect is told so along with the probe. */
    post_with_news(m, subject, first, m->peers[subject].state == SUSPECTED ? 2 : 1);
}

static void end_probe(struct sim_memberlist *m)
{
    m->probe.active = false;
    if (m->probe_owed) {
        m->probe_owed = false;
        begin_probe(m);
    }
}

static void ask_others(struct sim_memberlist *m)
{
    uint32_t relays[RELAYS];
    unsigned count = pick(m, RELAYS, m->probe.subject, false, relays);
    struct sim_gossip g = {.kind = INDIRECT,
                           .subject = m->probe.subject,
                           .incarnation = m->probe.seq,
                           .from = m->self};
    for (unsigned i = 0; i < count; i++) {
        post_with_news(m, relays[i], &g, 1);
    }
    m->probe.asked = true;
    m->probe.nacks_expected = count;
    m->probe.next_ms = m->probe.end_ms;
    sim_stream(m->w, m->node, m->probe.subject, EVENT_LINK, m->probe.seq);
}

static void judge_probe(struct sim_memberlist *m)
{
    struct probing p = m->probe;
    if (p.linked) {
        note_health(m, -1);
    } else {
        note_health(m, p.nacks_expected > 0 ? (int)p.nacks_expected - (int)p.nacks : 1);
        on_suspect(m, p.subject, m->peers[p.subject].incarnation, m->self);
    }
    end_probe(m);
}

void sim_memberlist_linked(struct sim_memberlist *m, uint64_t token, bool reached)
{
    if (m->probe.active && m->probe.seq == token) {
        m->probe.linked = reached;
    }
}

/* ---- packets that come ----------------------------------------------------------------------- */

static void next_relayed(struct sim_memberlist *m)
{
    m->relayed_next_ms = FH_GOSSIP_NEVER;
    for (unsigned i = 0; i < RELAYED_MAX; i++) {
        const struct relayed *r = &m->relayed[i];
        if (r->seq != 0 && r->expires_ms < m->relayed_next_ms) {
            m->relayed_next_ms = r->expires_ms;
        }
    }
}

static void on_indirect(struct sim_memberlist *m, const struct sim_gossip *g)
{
    for (unsigned i = 0; i < RELAYED_MAX; i++) {
        struct relayed *r = &m->relayed[i];
        if (r->seq == 0) {
            *r = (struct relayed){.seq = ++m->seq,
                                  .origin = g->from,
                                  .origin_seq = g->incarnation,
                                  .expires_ms = m->w->now_ms + PROBE_TIMEOUT_MS};
            struct sim_gossip ping = {
                .kind = PING, .subject = g->subject, .incarnation = r->seq, .from = m->self};
            post_with_news(m, g->subject, &ping, 1);
            next_relayed(m);
            return;
        }
    }
}

static void on_ack(struct sim_memberlist *m, uint32_t seq)
{
    if (m->probe.active && m->probe.seq == seq) {
        note_health(m, -1);
        end_probe(m);
        return;
    }
    for (unsigned i = 0; m->relayed_next_ms != FH_GOSSIP_NEVER && i < RELAYED_MAX; i++) {
        struct relayed *r = &m->relayed[i];
        if (r->seq != 0 && r->seq == seq) {
            struct sim_gossip ack = {.kind = ACK, .incarnation = r->origin_seq};
            r->seq = 0;
            post_with_news(m, r->origin, &ack, 1);
            next_relayed(m);
            return;
        }
    }
}

static void take(struct sim_memberlist *m, uint32_t from, const struct sim_gossip *g)
{
    struct sim_gossip ack = {.kind = ACK, .incarnation = g->incarnation};
    switch ((enum kind)g->kind) {
    case PING:
        if (g->subject == m->self) {
            post_with_news(m, from, &ack, 1);
        }
        break;
    case INDIRECT:
        on_indirect(m, g);
        break;
    case ACK:
        on_ack(m, g->incarnation);
        break;
    case NACK:
        m->probe.nacks += m->probe.active && m->probe.seq == g->incarnation ? 1 : 0;
        break;
    case SUSPECT:
        on_suspect(m, g->subject, g->incarnation, g->from);
        break;
    case ALIVE:
        on_alive(m, g->subject, g->incarnation);
        break;
    case DEAD:
        on_dead(m, g->subject, g->incarnation, g->from);
        break;
    case USER:
        if (sim_keep_known(m->w, m->node, g->subject)) {
            sim_memberlist_announce(m, g->subject);
        }
        break;
    }
}

void sim_memberlist_datagram(struct sim_memberlist *m, uint32_t from, struct fh_bytes bytes)
{
    for (size_t at = 0; at + sizeof(struct sim_gossip) <= bytes.size;
         at += sizeof(struct sim_gossip)) {
        struct sim_gossip g;
        memcpy(&g, bytes.data + at, sizeof g);
        take(m, from, &g);
    }
}

/* ---- exchange of whole states ---------------------------------------------------------------- */

struct remembered {
    uint32_t incarnation;
    uint8_t state;
};

static void merge(struct sim_memberlist *m, const struct remembered *remote)
{
    for (uint32_t i = 0; i < m->w->options.nodes; i++) {
        switch ((enum state)remote[i].state) {
        case LIVE:
            on_alive(m, i, remote[i].incarnation);
            break;
        case GONE:
            on_dead(m, i, remote[i].incarnation, i);
            break;
        case FAILED: /* suspected rather than believed */
        case SUSPECTED:
            on_suspect(m, i, remote[i].incarnation, m->self);
            break;
        case UNKNOWN:
            break;
        }
    }
}

static void hand_over(struct sim_memberlist *from, struct sim_memberlist *to)
{
    struct sim_world *w = from->w;
    for (uint32_t p = 0; p < SIM_PRODUCTS_MAX; p++) {
        if (from->node->revision[p] > to->node->revision[p]) {
            uint32_t announcement = sim_announcement_of(w, p, from->node->revision[p]);
            sim_count_session(w, from->node, to->node, w->announcements[announcement].size);
            (void)sim_keep_known(w, to->node, announcement);
        }
    }
}

static struct remembered *remember(const struct sim_memberlist *m, size_t *out_bytes)
{
    const struct sim_world *w = m->w;
    struct remembered *states = sim_must(fh_calloc(w->options.nodes, sizeof *states));
    for (uint32_t i = 0; i < w->options.nodes; i++) {
        states[i] = (struct remembered){m->peers[i].incarnation, m->peers[i].state};
        *out_bytes += m->peers[i].state == UNKNOWN ? 0 : state_size(w, i);
    }
    return states;
}

void sim_memberlist_exchange(struct sim_memberlist *m, struct sim_memberlist *peer)
{
    size_t bytes = STREAM_BYTES;
    struct remembered *own = remember(m, &bytes);
    struct remembered *other = remember(peer, &bytes);
    sim_count_session(m->w, m->node, peer->node, bytes);
    merge(peer, own);
    merge(m, other);
    hand_over(m, peer);
    hand_over(peer, m);
    fh_free(own);
    fh_free(other);
}

/* ---- time ------------------------------------------------------------------------------------ */

static void gossip(struct sim_memberlist *m)
{
    uint32_t to[GOSSIP_NODES];
    unsigned count = pick(m, GOSSIP_NODES, m->self, true, to);
    for (unsigned i = 0; i < count; i++) {
        struct sim_gossip items[MESSAGES_MAX] = {0};
        unsigned taken = piggyback(m, items, COMPOUND_BYTES);
        if (taken == 0) {
            return;
        }
        post(m, to[i], items, taken);
    }
}

static void join(struct sim_memberlist *m)
{
    for (uint32_t i = 0; i < SIM_SEEDS && i < m->w->options.nodes; i++) {
        if (i != m->self) {
            sim_stream(m->w, m->node, i, EVENT_SYNC, 0);
        }
    }
    m->join_ms = m->w->now_ms + RETRY_JOIN_MS;
}

/* The ticker runs all the time; only ticks that find something to say are events. */
static int64_t gossip_at(const struct sim_memberlist *m)
{
    if (m->news.count + m->user.count == 0) {
        return FH_GOSSIP_NEVER;
    }
    int64_t late = m->w->now_ms - m->gossip_phase_ms;
    return late <= 0 ? m->gossip_phase_ms
                     : m->gossip_phase_ms + (late + GOSSIP_MS - 1) / GOSSIP_MS * GOSSIP_MS;
}

int64_t sim_memberlist_deadline(const struct sim_memberlist *m)
{
    const int64_t times[] = {m->probe.active ? m->probe.next_ms : FH_GOSSIP_NEVER,
                             m->probe_tick_ms,
                             gossip_at(m),
                             m->exchange_ms,
                             m->live <= 1 ? m->join_ms : FH_GOSSIP_NEVER,
                             m->leave_ms,
                             m->suspicion_next_ms,
                             m->relayed_next_ms};
    int64_t at = FH_GOSSIP_NEVER;
    for (size_t i = 0; i < FH_COUNT(times); i++) {
        at = times[i] < at ? times[i] : at;
    }
    return at;
}

static void tick_probe(struct sim_memberlist *m, int64_t now)
{
    if (m->probe.active && m->probe.next_ms <= now && !m->probe.asked) {
        ask_others(m);
    }
    if (m->probe.active && m->probe.next_ms <= now) {
        judge_probe(m);
    }
    if (m->probe_tick_ms <= now) {
        while (m->probe_tick_ms <= now) {
            m->probe_tick_ms += PROBE_MS;
        }
        if (m->probe.active) {
            m->probe_owed = true;
        } else {
            begin_probe(m);
        }
    }
}

static void tick_others(struct sim_memberlist *m, int64_t now)
{
    for (uint32_t i = 0; m->suspicion_next_ms <= now && i < m->suspicion_count;) {
        const struct suspicion *s = &m->suspicions[i];
        if (s->deadline_ms <= now) { /* the last one takes its place */
            on_dead(m, s->subject, m->peers[s->subject].incarnation, m->self);
        } else {
            i++;
        }
    }
    for (unsigned i = 0; m->relayed_next_ms <= now && i < RELAYED_MAX; i++) {
        struct relayed *r = &m->relayed[i];
        if (r->seq != 0 && r->expires_ms <= now) {
            struct sim_gossip nack = {.kind = NACK, .incarnation = r->origin_seq};
            r->seq = 0;
            post_with_news(m, r->origin, &nack, 1);
        }
    }
    next_relayed(m);
}

void sim_memberlist_tick(struct sim_memberlist *m)
{
    int64_t now = m->w->now_ms;
    uint32_t peer;
    if (m->leave_ms <= now) {
        m->node->left = true;
        m->node->down_since_ms = now;
        m->w->up--;
        return;
    }
    tick_probe(m, now);
    tick_others(m, now);
    if (gossip_at(m) <= now) {
        m->gossip_phase_ms = now + GOSSIP_MS;
        gossip(m);
    }
    if (m->exchange_ms <= now) {
        m->exchange_ms = now + exchange_interval_ms(m);
        if (pick(m, 1, m->self, false, &peer) == 1) {
            sim_stream(m->w, m->node, peer, EVENT_SYNC, 0);
        }
    }
    if (m->live <= 1 && m->join_ms <= now) {
        join(m);
    }
}

void sim_memberlist_leave(struct sim_memberlist *m)
{
    m->leaving = true;
    m->leave_ms = m->w->now_ms + LEAVE_MS;
    on_dead(m, m->self, m->peers[m->self].incarnation, m->self);
}

/* ---- lifecycle ------------------------------------------------------------------------------- */

struct sim_memberlist *sim_memberlist_new(struct sim_node *node, bool warm)
{
    struct sim_world *w = node->world;
    struct sim_memberlist *m = sim_must(fh_calloc(1, sizeof *m));
    uint32_t nodes = w->options.nodes;
    m->w = w;
    m->node = node;
    m->self = node->index;
    m->peers = sim_must(fh_calloc(nodes, sizeof *m->peers));
    m->order = sim_must(fh_calloc(nodes, sizeof *m->order));
    sim_broadcasts_init(&m->news, nodes);
    sim_broadcasts_init(&m->user, SIM_PRODUCTS_MAX);
    for (uint32_t i = 0; i < nodes; i++) {
        if (i == m->self || (warm && i < w->warm)) {
            m->order[m->known++] = i;
            m->peers[i].incarnation = 1;
            set_state(m, i, LIVE);
        }
    }
    reset_order(m);
    m->leave_ms = FH_GOSSIP_NEVER;
    m->suspicion_next_ms = FH_GOSSIP_NEVER;
    m->relayed_next_ms = FH_GOSSIP_NEVER;
    m->probe_tick_ms = w->now_ms + 1 + (int64_t)fh_prng_below(&w->prng, PROBE_MS);
    m->gossip_phase_ms = w->now_ms + 1 + (int64_t)fh_prng_below(&w->prng, GOSSIP_MS);
    m->exchange_ms =
        w->now_ms + 1 + (int64_t)fh_prng_below(&w->prng, (uint64_t)exchange_interval_ms(m));
    m->join_ms = w->now_ms;
    if (!warm) {
        spread(m, ALIVE, m->self, m->self);
        join(m);
    }
    return m;
}

void sim_memberlist_free(struct sim_memberlist *m)
{
    if (m == NULL) {
        return;
    }
    sim_broadcasts_fini(&m->news);
    sim_broadcasts_fini(&m->user);
    fh_free(m->suspicions);
    fh_free(m->peers);
    fh_free(m->order);
    fh_free(m);
}

size_t sim_memberlist_memory(const struct sim_memberlist *m)
{
    return sizeof *m + m->w->options.nodes * (sizeof *m->peers + sizeof *m->order) +
           m->suspicion_max * sizeof *m->suspicions + m->news.size * sizeof *m->news.items +
           m->user.size * sizeof *m->user.items +
           (m->news.keys + m->user.keys) * sizeof *m->news.places;
}
