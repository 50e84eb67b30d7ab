/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hint and pull: who hears of a record that it does not hold asks the one that hinted.
 *
 *     HINTS [key, id] ----> not held? ---- WANT [key, id] ----> held? ---- RECORDS
 *
 * A question whose answer does not come is asked again, of whoever hinted last; each hint pays for
 * a few questions. Questions and answers go to an address that their receiver signed, an answer is
 * one datagram out of the budget of news, and questions have a rate of their own: neither can be
 * made to multiply.
 */
#include "proto/gossip/core.h"

#include "common/assert.h"

#include <stddef.h>
#include <string.h>

enum {
    ASK_AGAIN_MS = 50, /* a round trip of a LAN with a slow moment; else twice the peer's own */
    ASKS_PER_HINT = 4,
    ASKS_MAX = 16, /* half of all answers are lost at 25 % loss, and one node in twenty must ask */
};

static bool is_it(const struct fh_fact *fact, const struct fh_hint *hint)
{
    return fact != NULL && memcmp(fact->id.b, hint->id, FH_HINT_ID_BYTES) == 0;
}

/* NULL when it is not held. */
static const struct fh_fact *held(const struct fh_gossip *g, const struct fh_hint *hint)
{
    const struct fh_fact *fact = fh_rumours_find(&g->rumours, &hint->key);
    if (is_it(fact, hint)) {
        return fact;
    }
    uint32_t slot = fh_members_find_ref(&g->members, &hint->key);
    if (slot == FH_MEMBER_NONE) {
        return NULL;
    }
    const struct fh_member *member = &g->members.slots[slot];
    if (is_it(member->alive, hint)) {
        return member->alive;
    }
    const struct fh_fact *leave = fh_member_leave(&g->members, member);
    return is_it(leave, hint) ? leave : NULL;
}

static struct fh_pull *place_of(struct fh_gossip *g, const struct fh_hint *hint)
{
    return &g->pulls[fh_get_u64be(hint->id) % FH_COUNT(g->pulls)];
}

/* Looks at it again when it is due, or in a while. */
static void look_again(struct fh_turn *turn, const struct fh_pull *pull)
{
    struct fh_gossip *g = turn->g;
    int64_t due = pull->due_ms > turn->now_ms ? pull->due_ms : turn->now_ms + ASK_AGAIN_MS;
    g->pull_due_ms = due < g->pull_due_ms ? due : g->pull_due_ms;
}

/* Marks the question as asked now; false when it may not be, or not yet: then it comes again. */
static bool ask_now(struct fh_turn *turn, struct fh_pull *pull)
{
    struct fh_gossip *g = turn->g;
    if (pull->asks == 0) {
        return false;
    }
    bool may = pull->due_ms <= turn->now_ms &&
               fh_rate_take(&g->pull_rate, FH_GOSSIP_PULLS_PER_S, 1, turn->now_ms);
    if (may) {
        int64_t again = 2 * (int64_t)g->members.slots[pull->slot].rtt_ms;
        pull->asks--;
        pull->due_ms = turn->now_ms + (again > ASK_AGAIN_MS ? again : ASK_AGAIN_MS);
    }
    look_again(turn, pull);
    return may;
}

static void
send_want(struct fh_turn *turn, uint32_t slot, const struct fh_hint *wanted, unsigned count)
{
    struct fh_letter letter;
    fh_post_begin(turn, &letter, FH_DATAGRAM_CONTENT_BYTES_MAX);
    fh_letter_add_hints(&letter, FH_MESSAGE_WANT, wanted, count);
    turn->g->counters.pulls += fh_post_send(turn, &letter, slot, NULL) ? count : 0;
}

void fh_hints_read(struct fh_turn *turn, uint32_t slot, const struct fh_message *m)
{
    struct fh_gossip *g = turn->g;
    struct fh_hint wanted[FH_MESSAGE_WANTS_MAX];
    unsigned count = 0;
    struct fh_ref self = fh_node_id_ref(&g->self);
    if (turn->asked || g->leaving) {
        return;
    }
    for (unsigned i = 0; i < m->hint_count && count < FH_COUNT(wanted); i++) {
        const struct fh_hint *hint = &m->hints[i];
        /* Nobody knows better than we what we say of ourselves. */
        if (fh_ref_equal(&hint->key, &self) || held(g, hint) != NULL) {
            continue;
        }
        struct fh_pull *pull = place_of(g, hint);
        if (memcmp(&pull->hint, hint, sizeof *hint) != 0) {
            *pull = (struct fh_pull){.hint = *hint};
        }
        pull->slot = slot;
        pull->asks = pull->asks + ASKS_PER_HINT < ASKS_MAX ? pull->asks + ASKS_PER_HINT : ASKS_MAX;
        if (ask_now(turn, pull)) {
            wanted[count++] = *hint;
        }
    }
    if (count > 0) {
        turn->asked = true;
        send_want(turn, slot, wanted, count);
    }
}

void fh_hints_tick(struct fh_turn *turn)
{
    struct fh_gossip *g = turn->g;
    if (g->pull_due_ms > turn->now_ms) {
        return;
    }
    g->pull_due_ms = FH_GOSSIP_NEVER;
    for (size_t i = 0; i < FH_COUNT(g->pulls); i++) {
        struct fh_pull *pull = &g->pulls[i];
        if (pull->asks == 0) {
            continue;
        }
        bool gone = !fh_member_is_live(&g->members.slots[pull->slot]);
        if (gone || g->leaving || held(g, &pull->hint) != NULL) {
            pull->asks = 0;
        } else if (!fh_turn_room(turn)) {
            look_again(turn, pull);
        } else if (ask_now(turn, pull)) {
            send_want(turn, pull->slot, &pull->hint, 1);
        }
    }
}

void fh_hints_serve(struct fh_turn *turn, uint32_t slot, const struct fh_message *m)
{
    struct fh_gossip *g = turn->g;
    struct fh_bytes records[FH_MESSAGE_WANTS_MAX];
    unsigned count = 0;
    struct fh_letter letter;
    fh_post_begin(turn, &letter, FH_DATAGRAM_CONTENT_BYTES_MAX);
    size_t room = fh_letter_room(&letter);
    for (unsigned i = 0; i < m->hint_count && !turn->served; i++) {
        const struct fh_fact *fact = held(g, &m->hints[i]);
        if (fact != NULL && fh_letter_record_bytes(fact->bytes.size) <= room) {
            room -= fh_letter_record_bytes(fact->bytes.size);
            records[count++] = fact->bytes;
        }
    }
    turn->served = true;
    uint32_t bytes = (uint32_t)(FH_DATAGRAM_BYTES_MAX - room);
    struct fh_shared_rate rate = {&g->news_rate,
                                  offsetof(struct fh_peer_keys, serve_rate),
                                  FH_GOSSIP_NEWS_BYTES_PER_S,
                                  FH_GOSSIP_SERVED_PER_PEER_S};
    if (count == 0 || !fh_post_take(turn, slot, rate, bytes)) {
        g->counters.drop_message++;
        return;
    }
    fh_letter_add_records(&letter, records, count);
    g->counters.pulls_served += fh_post_send(turn, &letter, slot, NULL) ? count : 0;
}
