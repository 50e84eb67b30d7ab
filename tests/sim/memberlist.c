/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/memberlist.h"

#include "common/assert.h"
#include "common/mem.h"
#include "tests/sim/memberlist_impl.h"

#include <string.h>

/* ---- packets --------------------------------------------------------------------------------- */

static void
post(struct sim_memberlist *m, uint32_t to, const struct sim_gossip *items, unsigned count)
{
    uint32_t size = count > 1 ? COMPOUND_BYTES : 0;
    for (unsigned i = 0; i < count; i++) {
        size += sim_ml_size_of(m, &items[i]) + (count > 1 ? COMPOUND_EACH_BYTES : 0);
    }
    sim_post(m->w, m->node, &m->w->nodes[to], fh_bytes(items, count * sizeof *items), size);
}

/* Adds news that fits behind `bytes`: memberlist's own before that of users. */
static unsigned piggyback(struct sim_memberlist *m, struct sim_gossip *out, uint32_t bytes)
{
    unsigned sends = sim_ml_sends(m);
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
        bytes += sim_ml_size_of(m, &first[i]) + COMPOUND_EACH_BYTES;
    }
    count += piggyback(m, items + count, bytes);
    post(m, to, items, count);
}

/* ---- probing --------------------------------------------------------------------------------- */

static uint32_t next_probed(struct sim_memberlist *m)
{
    for (uint32_t checked = 0; checked < m->known; checked++) {
        if (m->order_at >= m->known) {
            sim_ml_reset_order(m);
            continue;
        }
        uint32_t at = m->order[m->order_at++];
        if (at != m->self && sim_ml_lists(&m->peers[at])) {
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
    unsigned count = sim_ml_pick(m, RELAYS, m->probe.subject, false, relays);
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
        sim_ml_health(m, -1);
    } else {
        sim_ml_health(m, p.nacks_expected > 0 ? (int)p.nacks_expected - (int)p.nacks : 1);
        sim_ml_on_suspect(m, p.subject, m->peers[p.subject].incarnation, m->self);
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
        sim_ml_health(m, -1);
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
        sim_ml_on_suspect(m, g->subject, g->incarnation, g->from);
        break;
    case ALIVE:
        sim_ml_on_alive(m, g->subject, g->incarnation);
        break;
    case DEAD:
        sim_ml_on_dead(m, g->subject, g->incarnation, g->from);
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
            sim_ml_on_alive(m, i, remote[i].incarnation);
            break;
        case GONE:
            sim_ml_on_dead(m, i, remote[i].incarnation, i);
            break;
        case FAILED: /* suspected rather than believed */
        case SUSPECTED:
            sim_ml_on_suspect(m, i, remote[i].incarnation, m->self);
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
        *out_bytes += m->peers[i].state == UNKNOWN ? 0 : sim_ml_state_size(w, i);
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
    unsigned count = sim_ml_pick(m, GOSSIP_NODES, m->self, true, to);
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
            sim_ml_on_dead(m, s->subject, m->peers[s->subject].incarnation, m->self);
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
        sim_gone(m->w, m->node);
        return;
    }
    tick_probe(m, now);
    tick_others(m, now);
    if (gossip_at(m) <= now) {
        m->gossip_phase_ms = now + GOSSIP_MS;
        gossip(m);
    }
    if (m->exchange_ms <= now) {
        m->exchange_ms = now + sim_ml_exchange_ms(m);
        if (sim_ml_pick(m, 1, m->self, false, &peer) == 1) {
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
    sim_ml_on_dead(m, m->self, m->peers[m->self].incarnation, m->self);
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
            sim_ml_set_state(m, i, LIVE);
        }
    }
    sim_ml_reset_order(m);
    m->leave_ms = FH_GOSSIP_NEVER;
    m->suspicion_next_ms = FH_GOSSIP_NEVER;
    m->relayed_next_ms = FH_GOSSIP_NEVER;
    m->probe_tick_ms = w->now_ms + 1 + (int64_t)fh_prng_below(&w->prng, PROBE_MS);
    m->gossip_phase_ms = w->now_ms + 1 + (int64_t)fh_prng_below(&w->prng, GOSSIP_MS);
    m->exchange_ms =
        w->now_ms + 1 + (int64_t)fh_prng_below(&w->prng, (uint64_t)sim_ml_exchange_ms(m));
    m->join_ms = w->now_ms;
    if (!warm) {
        sim_ml_spread(m, ALIVE, m->self, m->self);
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
