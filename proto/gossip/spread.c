/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How news travels: bursts to random peers while there is news, pings to newcomers, seeds and dead
 * peers for ever, synchronisation when fingerprints differ, and the goodbye.
 */
#include "proto/gossip/core.h"

#include "common/assert.h"
#include "common/mem.h"

#include <string.h>

enum {
    FANOUT_MAX = 8,
    HURRY_RUMOURS = 16,        /* so much news at once is told in larger and quicker bursts */
    HURRY_PARTS = 4,           /* of a tick */
    HELLO_GAP_MS = 2000,       /* between two pings to one newcomer */
    HELLO_GAP_LEAST_MS = 300,  /* between the first few */
    HELLOS_SOON = 3,           /* after so many we wait longer: it may be gone */
    HELLO_GAP_EACH_MS = 4,     /* as long for each member: a newcomer gets some 250 a second */
    HELLOS = 2,                /* pings before a session is asked for */
    INTRODUCED_SMALL_MS = 200, /* between sessions that introduce us, in a small mesh */
    HELLOS_DOUBT = 4,          /* and before a probe that decides */
    GREETED_SMALL = 256,       /* members of a mesh that greets all its newcomers at once */
    GREETED_PER = 128,         /* in a larger one, one more for each so many that wait */
    GREETED_MAX = 16,          /* newcomers pinged in one tick */
    QUIET_MS = 2000,           /* fingerprints are compared after so long without change */
    SYNC_PATIENCE_MS = 30000,  /* a synchronisation that never ended */
    QUIET_SYNCS = 4,           /* so much rarer is synchronisation where nothing happens */
    CONTACT_PARTS = 6, /* a dead peer is pinged so often for each time it is called on a session */
    JOIN_WAIT_MS = 1000,
    JOIN_WAIT_MAX_MS = 60000,
    JOIN_SEEDS = 3,
    FAREWELL_FACTOR = 3, /* goodbye goes to 3 * log2(members) peers at once */
    FAREWELL_MAX = 40,
};

#define LIVE_STATES (1u << FH_MEMBER_UNVERIFIED | 1u << FH_MEMBER_ALIVE | 1u << FH_MEMBER_SUSPECT)

/* ---- asking for sessions --------------------------------------------------------------------- */

static void ask_sync(struct fh_turn *turn, uint32_t slot, const char *address, unsigned reasons)
{
    struct fh_gossip *g = turn->g;
    struct fh_gossip_action *action = fh_turn_action(turn, FH_GOSSIP_SYNC);
    if (slot != FH_MEMBER_NONE) {
        action->node = g->members.slots[slot].alive->node;
        address = fh_member_address(&g->members.slots[slot]);
    }
    action->address = fh_turn_text(turn, address);
    action->reasons = reasons;
    g->counters.syncs++;
    g->synced_ms = turn->now_ms;
    g->sync_open_ms = turn->now_ms;
    g->sync_held = g->counters.record_new;
}

/* Two nodes may differ for long, for instance in whom they admit: then asking again and again
 * brings nothing, and is asked for less and less often. */
void fh_spread_synced(struct fh_turn *turn, bool done)
{
    struct fh_gossip *g = turn->g;
    const struct fh_gossip_timing *t = &g->options.timing;
    g->sync_open_ms = INT64_MIN;
    g->sync_news = 0;
    if (done && g->counters.record_new == g->sync_held) {
        g->sync_gap_ms = 2 * g->sync_gap_ms < t->sync_ms ? 2 * g->sync_gap_ms : t->sync_ms;
    } else {
        g->sync_gap_ms = t->sync_gap_ms;
    }
}

void fh_spread_blocked(struct fh_turn *turn, uint32_t slot)
{
    struct fh_gossip *g = turn->g;
    if (g->sync_open_ms == INT64_MIN && turn->now_ms - g->synced_ms >= g->sync_gap_ms) {
        ask_sync(turn, slot, NULL, FH_SYNC_CONTACT);
    }
}

static void join(struct fh_turn *turn)
{
    struct fh_gossip *g = turn->g;
    unsigned count = g->options.seed_count;
    unsigned first = count == 0 ? 0 : (unsigned)fh_prng_below(&g->prng, count);
    for (unsigned i = 0; i < count && i < JOIN_SEEDS; i++) {
        ask_sync(turn, FH_MEMBER_NONE, g->seeds[(first + i) % count], FH_SYNC_JOIN);
    }
}

void fh_spread_compare(struct fh_turn *turn, uint32_t slot, const struct fh_message *ack)
{
    struct fh_gossip *g = turn->g;
    uint8_t own[FH_GOSSIP_FINGERPRINT_BYTES];
    fh_members_fingerprint(&g->members, own);
    unsigned reasons = 0;
    /* News on its way makes fingerprints differ for a moment; only when there is too much of it to
     * arrive soon is that a reason. */
    bool flooded = g->rumours.count > FH_RUMOURS_LONG;
    if (memcmp(own, ack->members, sizeof own) != 0 &&
        (flooded || turn->now_ms - g->members_changed_ms >= QUIET_MS)) {
        reasons |= FH_SYNC_MEMBERS;
    }
    if (memcmp(g->catalogue, ack->catalogue, sizeof g->catalogue) != 0 &&
        turn->now_ms - g->catalogue_changed_ms >= QUIET_MS) {
        reasons |= FH_SYNC_CATALOGUE;
    }
    bool running =
        g->sync_open_ms != INT64_MIN && turn->now_ms - g->sync_open_ms < SYNC_PATIENCE_MS;
    if (reasons == 0 || running || g->leaving || turn->now_ms - g->synced_ms < g->sync_gap_ms) {
        return;
    }
    fh_turn_trace(turn,
                  "differs from %s in%s%s",
                  fh_turn_name(turn, slot),
                  (reasons & FH_SYNC_MEMBERS) != 0 ? " members" : "",
                  (reasons & FH_SYNC_CATALOGUE) != 0 ? " catalogue" : "");
    ask_sync(turn, slot, NULL, reasons);
}

/* ---- bursts ---------------------------------------------------------------------------------- */

static bool has_work(const struct fh_gossip *g)
{
    return fh_rumours_pressing(&g->rumours) ||
           (!g->leaving && g->members.by_state[FH_MEMBER_UNVERIFIED] > 0);
}

void fh_spread_wake(struct fh_turn *turn)
{
    struct fh_gossip *g = turn->g;
    if (g->tick_at_ms == FH_GOSSIP_NEVER && has_work(g)) {
        g->tick_at_ms =
            turn->now_ms + (int64_t)fh_prng_below(&g->prng, g->options.timing.tick_ms / 4 + 1);
    }
}

static void burst(struct fh_turn *turn, unsigned fanout)
{
    struct fh_gossip *g = turn->g;
    uint32_t peers[FAREWELL_MAX];
    unsigned count =
        fh_members_pick(&g->members, &g->prng, LIVE_STATES, FH_MEMBER_NONE, fanout, peers);
    for (unsigned i = 0; i < count && fh_rumours_pressing(&g->rumours) && fh_turn_room(turn); i++) {
        if (!fh_rate_take(
                &g->news_rate, FH_GOSSIP_NEWS_BYTES_PER_S, FH_DATAGRAM_BYTES_MAX, turn->now_ms)) {
            return;
        }
        struct fh_letter letter;
        fh_post_begin(turn, &letter, FH_DATAGRAM_CONTENT_BYTES_MAX);
        if (fh_post_records(turn, &letter, NULL, true) == 0 ||
            !fh_post_send(turn, &letter, peers[i], NULL)) {
            return;
        }
    }
}

/* Whoever comes to a small mesh with many others has not heard of us yet, and answers as soon as it
 * has our record. In a large one all would send it theirs. */
static int64_t hello_gap_ms(const struct fh_gossip *g, const struct fh_member *member)
{
    int64_t gap = (int64_t)fh_members_live(&g->members) * HELLO_GAP_EACH_MS;
    if (member->asked > HELLOS_SOON || gap > HELLO_GAP_MS) {
        return HELLO_GAP_MS;
    }
    return gap < HELLO_GAP_LEAST_MS ? HELLO_GAP_LEAST_MS : gap;
}

/* A newcomer is asked directly, so that it need not wait for its turn in the round. Without an
 * answer it gets our record with the next ping, and after that a session introduces us: it may not
 * know us, and then opens nothing that we send. Who still does not answer is probed before others:
 * whoever joins is handed the records of the dead too. */
static void greet_one(struct fh_turn *turn, uint32_t slot)
{
    struct fh_gossip *g = turn->g;
    const struct fh_member *member = &g->members.slots[slot];
    if (member->asked > 0 &&
        turn->now_ms - fh_members_ms(&g->members, member->asked_at) < hello_gap_ms(g, member)) {
        return;
    }
    bool small = fh_members_live(&g->members) <= GREETED_SMALL;
    int64_t gap_ms = small ? INTRODUCED_SMALL_MS : HELLO_GAP_MS;
    if (member->asked >= HELLOS && turn->now_ms - g->introduced_ms >= gap_ms) {
        struct fh_gossip_action *action = fh_turn_action(turn, FH_GOSSIP_INTRODUCE);
        action->node = member->alive->node;
        action->address = fh_turn_text(turn, fh_member_address(member));
        g->introduced_ms = turn->now_ms;
    }
    if (member->asked >= HELLOS_DOUBT && g->doubted == FH_MEMBER_NONE) {
        g->doubted = slot;
    }
    fh_probe_hello(turn, slot, member->asked > 0);
}

static bool waits(const struct fh_gossip *g, uint32_t slot)
{
    return slot < g->members.slot_count && g->members.slots[slot].alive != NULL &&
           g->members.slots[slot].state == FH_MEMBER_UNVERIFIED && slot != FH_MEMBER_SELF;
}

/* Several at once: when a mesh forms or two halves find each other, all are new to all. */
static void greet(struct fh_turn *turn)
{
    struct fh_gossip *g = turn->g;
    uint32_t slots[GREETED_MAX];
    unsigned waiting = g->members.by_state[FH_MEMBER_UNVERIFIED];
    unsigned want =
        fh_members_live(&g->members) <= GREETED_SMALL ? waiting : 1 + waiting / GREETED_PER;
    unsigned count = 1;
    slots[0] = g->greeted;
    if (waiting > 1 || !waits(g, g->greeted)) { /* a single one need not be searched for again */
        count = fh_members_pick(&g->members,
                                &g->prng,
                                1u << FH_MEMBER_UNVERIFIED,
                                FH_MEMBER_NONE,
                                want < GREETED_MAX ? want : GREETED_MAX,
                                slots);
    }
    for (unsigned i = 0; i < count && fh_turn_room(turn); i++) {
        g->greeted = slots[i];
        greet_one(turn, slots[i]);
    }
}

/* A small mesh that forms has a dozen records of each newcomer to tell: in usual bursts, of which
 * each carries some ten, the last newcomer was heard of after a second. In a large one the same
 * would be everybody's hurry at once. What all of it may cost is bounded by the rate of news. */
static bool hurries(const struct fh_gossip *g)
{
    return g->rumours.count > HURRY_RUMOURS && fh_members_live(&g->members) <= GREETED_SMALL;
}

static void tick(struct fh_turn *turn)
{
    struct fh_gossip *g = turn->g;
    if (!g->leaving) {
        greet(turn);
    }
    bool hurry = hurries(g);
    burst(turn,
          hurry || g->options.timing.fanout > FANOUT_MAX ? FANOUT_MAX : g->options.timing.fanout);
    int64_t tick_ms = (int64_t)g->options.timing.tick_ms / (hurry ? HURRY_PARTS : 1);
    g->tick_at_ms = has_work(g) ? turn->now_ms + tick_ms : FH_GOSSIP_NEVER;
}

/* ---- seeds and the dead ---------------------------------------------------------------------- */

static bool lives_at(const struct fh_gossip *g, uint32_t slot, const char *address)
{
    if (slot >= g->members.slot_count || !fh_member_is_live(&g->members.slots[slot])) {
        return false;
    }
    const struct fh_alive *alive = &g->members.slots[slot].alive->alive;
    for (unsigned a = 0; a < alive->address_count; a++) {
        if (strcmp(alive->address[a], address) == 0) {
            return true;
        }
    }
    return false;
}

/* `at` is who was found there last, and is looked at first: a table of thousands is a long search.
 */
static bool address_lives(const struct fh_gossip *g, const char *address, uint32_t *at)
{
    if (lives_at(g, *at, address)) {
        return true;
    }
    for (uint32_t i = 0; i < g->members.slot_count; i++) {
        if (lives_at(g, i, address)) {
            *at = i;
            return true;
        }
    }
    return false;
}

void fh_spread_lost(struct fh_gossip *g, const char *address)
{
    if (g->lost == NULL) {
        g->lost = fh_calloc(FH_GOSSIP_LOST_MAX, sizeof *g->lost);
        if (g->lost == NULL) {
            return;
        }
    }
    for (unsigned i = 0; i < g->lost_count; i++) {
        if (strcmp(g->lost[i], address) == 0) {
            return;
        }
    }
    unsigned at =
        g->lost_count < FH_GOSSIP_LOST_MAX ? g->lost_count++ : g->lost_next++ % FH_GOSSIP_LOST_MAX;
    size_t size = strlen(address) + 1;
    FH_ASSERT(size <= sizeof g->lost[at]);
    memcpy(g->lost[at], address, size);
}

/* A seed, or where a member was that is forgotten, when nobody we know lives there. */
static void call_stranger(struct fh_turn *turn)
{
    struct fh_gossip *g = turn->g;
    unsigned count = g->options.seed_count + g->lost_count;
    if (count == 0) {
        return;
    }
    unsigned at = (unsigned)fh_prng_below(&g->prng, count);
    bool is_seed = at < g->options.seed_count;
    const char *address = is_seed ? g->seeds[at] : g->lost[at - g->options.seed_count];
    uint32_t unknown = FH_MEMBER_NONE;
    if (!address_lives(g, address, is_seed ? &g->seed_slots[at] : &unknown)) {
        ask_sync(turn, FH_MEMBER_NONE, address, FH_SYNC_CONTACT);
    } else if (!is_seed) { /* it is back: the last one takes its place */
        g->lost_count--;
        memmove(g->lost[at - g->options.seed_count], g->lost[g->lost_count], sizeof g->lost[0]);
    }
}

static void contact(struct fh_turn *turn)
{
    struct fh_gossip *g = turn->g;
    if (fh_members_live(&g->members) <= 1) {
        join(turn);
        g->contact_wait_ms =
            g->contact_wait_ms * 2 > JOIN_WAIT_MAX_MS ? JOIN_WAIT_MAX_MS : g->contact_wait_ms * 2;
        g->contact_at_ms = turn->now_ms + fh_turn_about(turn, g->contact_wait_ms);
        /* and the dead, below: seeds may be gone for good */
    } else {
        g->contact_wait_ms = JOIN_WAIT_MS;
        g->contact_at_ms =
            turn->now_ms + fh_turn_about(turn, g->options.timing.contact_ms / CONTACT_PARTS);
    }
    bool call = g->contact_turn++ % CONTACT_PARTS == 0;
    uint32_t dead;
    if (fh_members_pick(&g->members, &g->prng, 1u << FH_MEMBER_DEAD, FH_MEMBER_NONE, 1, &dead) >
        0) {
        fh_probe_hello(turn, dead, true);
        if (call) {
            ask_sync(turn, dead, NULL, FH_SYNC_CONTACT);
        }
    }
    bool alone = fh_members_live(&g->members) <= 1;
    if (call && (!alone || g->lost_count > 0)) {
        call_stranger(turn);
    }
    fh_belief_forget_expired(turn);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int64_t last_news_ms(const struct fh_gossip *g)
{
    int64_t at = g->members_changed_ms > g->catalogue_changed_ms ? g->members_changed_ms
                                                                 : g->catalogue_changed_ms;
    return at > g->told_ms ? at : g->told_ms;
}

/* Synchronisation finds what was lost on its way. The longer there was nothing on any way, the
 * rarer it is needed, down to a quarter. */
static void set_sync(struct fh_turn *turn)
{
    struct fh_gossip *g = turn->g;
    int64_t usual = g->options.timing.sync_ms;
    int64_t quiet = QUIET_SYNCS * (turn->now_ms - last_news_ms(g));
    int64_t gap = quiet < usual ? usual : quiet > QUIET_SYNCS * usual ? QUIET_SYNCS * usual : quiet;
    g->sync_at_ms = turn->now_ms + fh_turn_about(turn, gap);
    g->sync_set_ms = turn->now_ms;
}

/* There is news after all: as soon as usual again. */
static void hasten_sync(struct fh_turn *turn)
{
    struct fh_gossip *g = turn->g;
    int64_t usual = g->options.timing.sync_ms;
    if (g->sync_at_ms > turn->now_ms + usual + usual / 4 && last_news_ms(g) > g->sync_set_ms) {
        set_sync(turn);
    }
}

void fh_spread_start(struct fh_turn *turn)
{
    struct fh_gossip *g = turn->g;
    const struct fh_gossip_timing *t = &g->options.timing;
    g->probe_at_ms = turn->now_ms + (int64_t)fh_prng_below(&g->prng, t->probe_ms);
    g->told_ms = turn->now_ms;
    set_sync(turn);
    g->contact_wait_ms = JOIN_WAIT_MS;
    g->contact_at_ms = turn->now_ms + fh_turn_about(turn, JOIN_WAIT_MS);
    join(turn);
}

static void forced_sync(struct fh_turn *turn)
{
    struct fh_gossip *g = turn->g;
    uint32_t peer;
    set_sync(turn);
    g->review_due_ms = turn->now_ms;
    if (fh_members_pick(&g->members,
                        &g->prng,
                        1u << FH_MEMBER_ALIVE | 1u << FH_MEMBER_UNVERIFIED,
                        FH_MEMBER_NONE,
                        1,
                        &peer) > 0) {
        ask_sync(turn, peer, NULL, FH_SYNC_TIMER);
    }
}

static void finish_leave(struct fh_turn *turn)
{
    struct fh_gossip *g = turn->g;
    g->left = true;
    (void)fh_turn_action(turn, FH_GOSSIP_LEFT);
    fh_turn_trace(turn, "is gone");
}

/* Our clock was ahead and was put right: others refuse the lease until its date has come. */
static bool dated_ahead(const struct fh_turn *turn)
{
    const struct fh_member *self = &turn->g->members.slots[FH_MEMBER_SELF];
    return self->alive->issued_ms > turn->wall_ms + FH_CLOCK_SKEW_MS / 2;
}

void fh_spread_tick(struct fh_turn *turn)
{
    struct fh_gossip *g = turn->g;
    if (g->leaving) {
        if (g->leave_until_ms <= turn->now_ms) {
            finish_leave(turn);
        } else if (g->tick_at_ms <= turn->now_ms) {
            tick(turn);
        }
        return;
    }
    if (g->renew_at_ms <= turn->now_ms) {
        g->renew_at_ms = FH_GOSSIP_NEVER;
        fh_belief_renew_soon(turn, g->renew_class, 0);
    } else if (turn->wall_ms >= g->refresh_wall_ms || dated_ahead(turn)) {
        fh_belief_renew_soon(turn, FH_RUMOUR_REFRESH, 0);
    }
    if (g->contact_at_ms <= turn->now_ms) {
        contact(turn);
    }
    if (g->review_due_ms <= turn->now_ms) {
        fh_belief_review(turn);
    }
    if (g->strangers_due_ms <= turn->now_ms) {
        fh_strangers_judge(turn);
    }
    hasten_sync(turn);
    if (g->sync_at_ms <= turn->now_ms) {
        forced_sync(turn);
    }
    if (g->tick_at_ms <= turn->now_ms) {
        tick(turn);
    }
}

int64_t fh_spread_deadline(const struct fh_gossip *g)
{
    if (g->leaving) {
        return g->tick_at_ms < g->leave_until_ms ? g->tick_at_ms : g->leave_until_ms;
    }
    int64_t at = g->tick_at_ms;
    at = g->review_due_ms < at ? g->review_due_ms : at;
    at = g->strangers_due_ms < at ? g->strangers_due_ms : at;
    at = g->contact_at_ms < at ? g->contact_at_ms : at;
    at = g->sync_at_ms < at ? g->sync_at_ms : at;
    return g->renew_at_ms < at ? g->renew_at_ms : at;
}

int fh_spread_leave(struct fh_turn *turn)
{
    struct fh_gossip *g = turn->g;
    int code = fh_belief_leave(turn);
    if (code != FH_OK) {
        return code;
    }
    g->leaving = true;
    g->leave_until_ms = turn->now_ms + (int64_t)g->options.timing.leave_ms;
    fh_turn_trace(turn, "leaves");
    unsigned peers = FAREWELL_FACTOR;
    for (uint32_t n = fh_members_live(&g->members); n > 1; n /= 2) {
        peers += FAREWELL_FACTOR;
    }
    burst(turn, peers < FAREWELL_MAX ? peers : FAREWELL_MAX);
    return FH_OK;
}
