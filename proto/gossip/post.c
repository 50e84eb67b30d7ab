/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/gossip/core.h"

#include "common/assert.h"

#include <string.h>

/* The member's keys, agreed on when they are not held. NULL: no memory, above the rate, or a static
 * key that agrees on nothing. */
static struct fh_peer_keys *keys_of(struct fh_turn *turn, uint32_t slot, bool foreign)
{
    struct fh_gossip *g = turn->g;
    struct fh_peer_keys *keys = fh_keys_get(&g->keys, &g->members.slots[slot]);
    if (keys != NULL) {
        return keys;
    }
    if (foreign && !fh_rate_take(&g->agree_rate, FH_GOSSIP_AGREE_PER_S, 1, turn->now_ms)) {
        return NULL;
    }
    uint8_t shared[32];
    const struct fh_agree_public *peer = &g->members.slots[slot].alive->alive.agree;
    if (g->options.env.agree(g->options.env.user, shared, peer)) {
        keys = fh_keys_make(&g->keys, &g->members, slot, shared);
    }
    fh_wipe(shared, sizeof shared);
    return keys;
}

/* Opens with the keys of one candidate; commits boot and window only when it opened. */
static bool open_as(struct fh_turn *turn,
                    uint32_t slot,
                    const struct fh_datagram_header *header,
                    struct fh_bytes datagram,
                    uint8_t *content,
                    size_t *out_size)
{
    struct fh_gossip *g = turn->g;
    const struct fh_fact *alive = g->members.slots[slot].alive;
    uint64_t life = fh_datagram_boot_generation(&header->boot);
    if (life < alive->generation) {
        g->counters.drop_boot++;
        return false;
    }
    struct fh_peer_keys *keys = keys_of(turn, slot, true);
    if (keys == NULL) {
        g->counters.drop_budget++;
        return false;
    }
    bool same =
        keys->has_receive && memcmp(&keys->receive_boot, &header->boot, sizeof header->boot) == 0;
    if (keys->has_receive && !same && life <= fh_datagram_boot_generation(&keys->receive_boot)) {
        g->counters.drop_boot++;
        return false;
    }
    if (same && !fh_replay_fresh(&keys->window, header->counter)) {
        g->counters.drop_replay++;
        return false;
    }
    uint8_t key[FH_AEAD_KEY_BYTES];
    if (same) {
        memcpy(key, keys->receive, sizeof key);
    } else {
        fh_datagram_key(key, keys->shared, &g->options.mesh, &alive->node, &g->self, &header->boot);
    }
    bool opened =
        header->counter != UINT64_MAX && fh_datagram_open(content, out_size, datagram, key);
    if (opened) {
        if (!same) {
            memcpy(keys->receive, key, sizeof key);
            keys->receive_boot = header->boot;
            keys->has_receive = true;
            keys->window = (struct fh_replay_window){0};
        }
        turn->newest = header->counter >= keys->window.end;
        fh_replay_commit(&keys->window, header->counter);
    } else {
        g->counters.drop_sealed++;
    }
    fh_wipe(key, sizeof key);
    return opened;
}

bool fh_post_open(struct fh_turn *turn,
                  struct fh_bytes datagram,
                  uint8_t *content,
                  size_t *out_size,
                  uint32_t *out_slot)
{
    struct fh_gossip *g = turn->g;
    struct fh_datagram_header header;
    switch (fh_datagram_peek(&header, datagram, g->mesh_tag)) {
    case FH_OK:
        break;
    case FH_EVERSION:
        g->counters.drop_version++;
        return false;
    case FH_ENOTFOUND:
        g->counters.drop_mesh++;
        return false;
    default:
        g->counters.drop_size++;
        return false;
    }
    uint32_t slot = fh_members_find_prefix(&g->members, header.sender, FH_MEMBER_NONE);
    if (slot == FH_MEMBER_NONE || slot == FH_MEMBER_SELF) {
        g->counters.drop_unknown++;
        return false;
    }
    /* Two ids with one prefix are possible, if only because somebody searched for them. */
    for (; slot != FH_MEMBER_NONE;
         slot = fh_members_find_prefix(&g->members, header.sender, slot)) {
        if (slot != FH_MEMBER_SELF && open_as(turn, slot, &header, datagram, content, out_size)) {
            *out_slot = slot;
            return true;
        }
    }
    return false;
}

bool fh_post_take(struct fh_turn *turn, uint32_t slot, struct fh_shared_rate rate, uint32_t amount)
{
    struct fh_peer_keys *keys = fh_keys_get(&turn->g->keys, &turn->g->members.slots[slot]);
    if (keys != NULL) { /* they opened its datagram a moment ago */
        uint8_t *own = (uint8_t *)keys + rate.of_peer;
        if (!fh_rate_take((struct fh_rate *)(void *)own, rate.peer_per_s, amount, turn->now_ms)) {
            return false;
        }
    }
    return fh_rate_take(rate.all, rate.all_per_s, amount, turn->now_ms);
}

void fh_post_begin(struct fh_turn *turn, struct fh_letter *letter, size_t budget)
{
    fh_letter_begin(letter, &turn->g->content, budget);
}

unsigned fh_post_records(struct fh_turn *turn,
                         struct fh_letter *letter,
                         const struct fh_fact *first,
                         bool news)
{
    struct fh_gossip *g = turn->g;
    struct fh_bytes records[FH_MESSAGE_RECORDS_MAX];
    struct fh_hint hints[FH_MESSAGE_HINTS_MAX];
    struct fh_rumour_taken taken[FH_RUMOURS_TAKEN_MAX];
    size_t room = fh_letter_room(letter);
    unsigned count = 0;
    unsigned hint_count = 0;
    unsigned taken_count = 0;
    if (first != NULL && fh_letter_record_bytes(first->bytes.size) <= room) {
        room -= fh_letter_record_bytes(first->bytes.size);
        records[count++] = first->bytes;
    }
    if (news) {
        uint32_t members = fh_members_live(&g->members);
        struct fh_rumour_limits limits = {
            .bytes = room,
            .records = FH_MESSAGE_RECORDS_MAX - count,
            .hints = FH_MESSAGE_HINTS_MAX,
            .hinted = members > FH_GOSSIP_PUSH_MEMBERS || g->rumours.count > FH_RUMOURS_LONG,
            .sends = fh_rumour_sends(members),
            .born_after_ms = turn->now_ms - g->options.timing.rumour_age_ms};
        taken_count = fh_rumours_take(&g->rumours, &limits, taken);
    }
    for (unsigned i = 0; i < taken_count; i++) {
        if (taken[i].hint) {
            hints[hint_count].key = taken[i].key;
            memcpy(hints[hint_count++].id, taken[i].fact->id.b, FH_HINT_ID_BYTES);
        } else {
            records[count++] = taken[i].fact->bytes;
        }
    }
    if (count > 0) {
        fh_letter_add_records(letter, records, count);
    }
    if (hint_count > 0) {
        fh_letter_add_hints(letter, FH_MESSAGE_HINTS, hints, hint_count);
    }
    for (unsigned i = 0; i < taken_count; i++) {
        fh_fact_drop(g->pool, taken[i].fact);
    }
    return count + hint_count;
}

struct fh_bytes fh_post_seal(struct fh_turn *turn, struct fh_letter *letter, uint32_t slot)
{
    struct fh_gossip *g = turn->g;
    struct fh_bytes content = fh_letter_end(letter);
    struct fh_peer_keys *keys = content.size == 0 ? NULL : keys_of(turn, slot, false);
    uint8_t *out =
        keys == NULL ? NULL : fh_turn_scratch(turn, content.size + FH_DATAGRAM_OVERHEAD_BYTES);
    if (out == NULL) {
        return FH_BYTES_NONE;
    }
    if (!keys->has_send || memcmp(&keys->send_boot, &g->boot, sizeof g->boot) != 0) {
        fh_datagram_key(keys->send,
                        keys->shared,
                        &g->options.mesh,
                        &g->self,
                        &g->members.slots[slot].alive->node,
                        &g->boot);
        keys->send_boot = g->boot;
        keys->has_send = true;
    }
    struct fh_datagram_header header = {.boot = g->boot, .counter = g->counter++};
    memcpy(header.tag, g->mesh_tag, sizeof header.tag);
    memcpy(header.sender, g->self.b, sizeof header.sender);
    size_t size = fh_datagram_seal(out, &header, keys->send, content);
    return fh_bytes(out, size);
}

bool fh_post_send(struct fh_turn *turn,
                  struct fh_letter *letter,
                  uint32_t slot,
                  const char *address)
{
    struct fh_bytes datagram = fh_post_seal(turn, letter, slot);
    if (datagram.size == 0) {
        return false;
    }
    struct fh_gossip_action *action = fh_turn_action(turn, FH_GOSSIP_SEND);
    action->address = address != NULL
                          ? address
                          : fh_turn_text(turn, fh_member_address(&turn->g->members.slots[slot]));
    action->bytes = datagram;
    turn->g->counters.datagrams_out++;
    turn->g->counters.bytes_out += datagram.size;
    return true;
}

/* Whether a message may stand inside a relayed datagram: nothing there makes us send elsewhere. */
static bool relayable(enum fh_message_type type)
{
    return type == FH_MESSAGE_PING || type == FH_MESSAGE_ACK || type == FH_MESSAGE_RECORDS;
}

static void read_records(struct fh_turn *turn, uint32_t slot, const struct fh_message *m)
{
    struct fh_node_id from = turn->g->members.slots[slot].alive->node;
    struct fh_source source = {.from = &from};
    for (unsigned i = 0; i < m->record_count; i++) {
        fh_belief_record(turn, m->records[i], &source);
    }
}

static void read_message(struct fh_turn *turn,
                         uint32_t slot,
                         const struct fh_message *m,
                         const char *from,
                         struct fh_bytes *out_answer)
{
    switch (m->type) {
    case FH_MESSAGE_PING:
        fh_probe_on_ping(turn, slot, m, from, out_answer);
        break;
    case FH_MESSAGE_ACK:
        fh_probe_on_ack(turn, slot, m, from == NULL);
        break;
    case FH_MESSAGE_PING_REQ:
        fh_probe_on_request(turn, slot, m);
        break;
    case FH_MESSAGE_RELAY_PING:
        fh_probe_on_relay_ping(turn, slot, m, from);
        break;
    case FH_MESSAGE_RELAYED_ACK:
        fh_probe_on_relayed_ack(turn, slot, m);
        break;
    case FH_MESSAGE_NACK:
        fh_probe_on_nack(turn, slot, m);
        break;
    case FH_MESSAGE_RECORDS:
        read_records(turn, slot, m);
        break;
    case FH_MESSAGE_HINTS:
        fh_hints_read(turn, slot, m);
        break;
    case FH_MESSAGE_WANT:
        fh_hints_serve(turn, slot, m);
        break;
    case FH_MESSAGE_UNKNOWN:
        turn->g->counters.drop_message++;
        break;
    }
}

void fh_post_read(struct fh_turn *turn,
                  uint32_t slot,
                  struct fh_bytes content,
                  const char *from,
                  struct fh_bytes *out_answer)
{
    struct fh_gossip *g = turn->g;
    struct fh_pack_reader reader;
    struct fh_message message;
    unsigned count;
    bool well_formed = fh_messages_begin(&reader, content, &count) == FH_OK;
    struct fh_pack_reader check = reader;
    for (unsigned i = 0; well_formed && i < count; i++) {
        well_formed = fh_messages_next(&check, &message) == FH_OK;
    }
    if (!well_formed || !fh_pack_at_end(&check)) {
        g->counters.drop_form++;
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        if (fh_messages_next(&reader, &message) != FH_OK) {
            return;
        }
        if (from == NULL && !relayable(message.type)) {
            g->counters.drop_message++;
            continue;
        }
        read_message(turn, slot, &message, from, out_answer);
    }
}
