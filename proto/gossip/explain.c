/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/gossip/explain.h"

#include "common/assert.h"
#include "proto/gossip/core.h"

const char *fh_gossip_timer_text(enum fh_gossip_timer timer)
{
    static const char *const texts[] = {
#define X(name, text, what) [FH_GOSSIP_TIMER_##name] = (text),
        FH_GOSSIP_TIMERS(X)
#undef X
    };
    FH_ASSERT(timer < FH_GOSSIP_TIMER_COUNT);
    return texts[timer];
}

const char *fh_gossip_timer_what(enum fh_gossip_timer timer)
{
    static const char *const texts[] = {
#define X(name, text, what) [FH_GOSSIP_TIMER_##name] = (what),
        FH_GOSSIP_TIMERS(X)
#undef X
    };
    FH_ASSERT(timer < FH_GOSSIP_TIMER_COUNT);
    return texts[timer];
}

static void
set(struct fh_gossip_explanation *out, enum fh_gossip_timer timer, int64_t at_ms, int64_t now_ms)
{
    if (at_ms != FH_GOSSIP_NEVER) {
        out->timers[timer] = at_ms > now_ms ? at_ms - now_ms : 0;
    }
}

/* How many probes come before its own, were the round to go on as it stands; those that died
 * meanwhile are passed over. A member whose turn was goes into the next round, which is shuffled:
 * then at the latest, so many as there are left and half of all. */
static uint32_t probes_before(const struct fh_gossip *g, uint32_t slot)
{
    const struct fh_members *members = &g->members;
    uint32_t before = 0;
    for (uint32_t i = members->round_at; i < members->round_count; i++) {
        uint32_t at = members->round[i];
        if (at == slot) {
            return before;
        }
        bool stands = at < members->slot_count && fh_member_is_live(&members->slots[at]);
        before += stands ? 1 : 0;
    }
    return before + fh_members_live(members) / 2;
}

static void set_probe(const struct fh_gossip *g,
                      uint32_t slot,
                      int64_t now_ms,
                      struct fh_gossip_explanation *out)
{
    if (out->probing) {
        set(out, FH_GOSSIP_TIMER_ANSWER, g->probe.deadline_ms, now_ms);
    }
    if (!g->leaving && fh_member_is_live(&g->members.slots[slot]) && !out->self) {
        int64_t interval = fh_probe_gap_ms(g);
        int64_t turns = out->trial ? 0 : (int64_t)probes_before(g, slot);
        set(out, FH_GOSSIP_TIMER_PROBE, g->probe_at_ms + turns * interval, now_ms);
    }
}

static const char *next_of_suspect(const struct fh_gossip_explanation *out)
{
    if (out->trial) {
        return "probes it now: its time is over, and that probe decides";
    }
    if (out->own_failed) {
        return "declares it dead when its time ends, unless it signs a higher incarnation or "
               "answers";
    }
    if (out->convicted) {
        return "declares it dead when its time ends: enough others signed that they cannot reach "
               "it";
    }
    if (out->others >= out->others_needed) {
        return "probes it itself when its time ends, and believes that: too few domains admitted "
               "those who accuse it";
    }
    return "probes it itself when its time ends, and believes that: too few accuse it";
}

static const char *next_of(const struct fh_gossip *g, const struct fh_gossip_explanation *out)
{
    if (out->self) {
        return g->leaving ? "says goodbye"
                          : "renews its own record, and refutes whoever accuses it";
    }
    switch (out->state) {
    case FH_MEMBER_UNVERIFIED:
        return "probes it: its own signed record says that it lives, but it has not answered yet";
    case FH_MEMBER_ALIVE:
        return out->probing ? "waits for the answer to a probe"
                            : "probes it when its turn in the round comes";
    case FH_MEMBER_SUSPECT:
        return next_of_suspect(out);
    case FH_MEMBER_DEAD:
        return "contacts it now and then for as long as it is known; a higher incarnation, signed "
               "by it, makes it alive";
    case FH_MEMBER_LEFT:
        return "waits: it said goodbye, and only its own newer record brings it back";
    case FH_MEMBER_STATE_COUNT:
        break;
    }
    FH_ASSERT(false);
    return "";
}

static void set_suspicion(const struct fh_gossip *g,
                          uint32_t slot,
                          int64_t now_ms,
                          struct fh_gossip_explanation *out)
{
    const struct fh_suspicion *s = fh_suspicion_of(g, slot);
    out->others_needed = FH_CORE_ACCUSERS;
    if (s == NULL) {
        return;
    }
    out->accusers = s->accuser_count;
    out->others = fh_suspicion_others(g, s);
    out->convicted = fh_suspicion_convicts(g, s);
    out->own_failed = s->own_failed;
    out->trial = s->trial && out->state == FH_MEMBER_SUSPECT;
    if (out->state == FH_MEMBER_SUSPECT && !s->trial) {
        set(out, FH_GOSSIP_TIMER_SUSPICION, s->deadline_ms, now_ms);
    }
}

bool fh_gossip_explain(const struct fh_gossip *g,
                       const struct fh_node_id *node,
                       int64_t now_ms,
                       int64_t wall_ms,
                       struct fh_gossip_explanation *out)
{
    uint32_t slot = fh_members_find(&g->members, node);
    if (slot == FH_MEMBER_NONE) {
        return false;
    }
    const struct fh_member *member = &g->members.slots[slot];
    struct fh_gossip_explanation e = {
        .state = (enum fh_member_state)member->state,
        .self = slot == FH_MEMBER_SELF,
        .forked = member->forked,
        .probing = g->probe.active && g->probe.slot == slot,
        .keys_held = member->keys != 0,
    };
    for (unsigned i = 0; i < FH_GOSSIP_TIMER_COUNT; i++) {
        e.timers[i] = -1;
    }
    set_suspicion(g, slot, now_ms, &e);
    set_probe(g, slot, now_ms, &e);
    if (member->leave == 0) {
        set(&e,
            FH_GOSSIP_TIMER_LEASE,
            member->alive->issued_ms + member->alive->alive.ttl_ms,
            wall_ms);
    }
    if (!g->left && !g->leaving) {
        if (e.state == FH_MEMBER_DEAD) {
            set(&e, FH_GOSSIP_TIMER_CONTACT, g->contact_at_ms, now_ms);
        }
        set(&e, FH_GOSSIP_TIMER_SYNC, g->sync_at_ms, now_ms);
        set(&e, FH_GOSSIP_TIMER_BURST, g->tick_at_ms, now_ms);
        if (e.self) {
            set(&e, FH_GOSSIP_TIMER_RENEWAL, g->renew_at_ms, now_ms);
        }
    }
    e.next = next_of(g, &e);
    *out = e;
    return true;
}

struct fh_gossip_news fh_gossip_news(const struct fh_gossip *g)
{
    struct fh_gossip_news news = {.waiting = g->rumours.count};
    for (unsigned i = 0; i < FH_RUMOUR_CLASS_COUNT; i++) {
        news.by_class[i] = g->rumours.class_count[i];
    }
    return news;
}
