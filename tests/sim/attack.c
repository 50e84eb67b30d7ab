/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile traffic: an admitted node that lies with its own key, and an outsider who can only repeat
 * and damage what went by.
 */
#include "tests/sim/check.h"

#include <string.h>

enum { KINDS = 6 };

/* A record that claims to be by `claimed` but is signed by the liar. */
static size_t forge(struct sim_world *w,
                    struct sim_node *liar,
                    const struct fh_gossip_member *victim,
                    const struct sim_node *witness,
                    unsigned kind,
                    uint8_t *out)
{
    struct fh_fact fields = {.node = victim->node,
                             .generation = victim->generation,
                             .incarnation = victim->incarnation,
                             .issued_ms = sim_wall_ms(liar)};
    struct fh_buf payload;
    struct fh_buf record;
    fh_buf_init(&payload, FH_RECORD_GOSSIP_BYTES_MAX);
    fh_buf_init(&record, FH_RECORD_GOSSIP_BYTES_MAX);
    unsigned type = FH_RECORD_SUSPECT;
    switch (kind) {
    case 0: /* an honest form, a lie: signed by the liar in its own name */
        fields.accuser = liar->id;
        fh_suspect_pack(&payload, &fields);
        break;
    case 1: /* in the name of another */
        fields.accuser = witness->id;
        fh_suspect_pack(&payload, &fields);
        break;
    case 2: /* a higher life than the victim has */
        fields.accuser = liar->id;
        fields.incarnation += 1000;
        fh_suspect_pack(&payload, &fields);
        break;
    case 3: /* goodbye of somebody else */
        type = FH_RECORD_LEAVE;
        fields.incarnation++;
        fh_leave_pack(&payload, &fields);
        break;
    default: /* somebody else's lease, newer, at the liar's address */
        type = FH_RECORD_ALIVE;
        fields.incarnation += 5;
        fields.alive = (struct fh_alive){.domain = victim->domain,
                                         .key = victim->key,
                                         .agree = liar->agree,
                                         .ttl_ms = FH_ALIVE_TTL_MS,
                                         .protocol_min = 1,
                                         .protocol_max = 1,
                                         .address_count = 1,
                                         .address = {liar->address},
                                         .label = victim->label};
        fh_alive_pack(&payload, &fields);
        break;
    }
    fh_record_seal(&record, type, &w->mesh, fh_buf_view(&payload), &liar->secret);
    size_t size = fh_buf_ok(&record) == FH_OK ? record.size : 0;
    memcpy(out, record.data, size);
    if (kind == 0 && size > 0) {
        sim_check_sealed(w, liar, type, fh_bytes(out, size));
    }
    if (kind >= 3 && size > 0 && kind % 2 == 1) {
        /* The signer's ref of the victim over the liar's signature: only the signature is wrong. */
        struct fh_ref ref = fh_node_id_ref(&victim->node);
        memcpy(out + size - FH_SIGNATURE_BYTES - 2 - FH_REF_BYTES, ref.b, sizeof ref.b);
    }
    fh_buf_fini(&payload);
    fh_buf_fini(&record);
    return size;
}

static bool
random_member(struct sim_world *w, const struct sim_node *node, struct fh_gossip_member *out)
{
    unsigned slots = fh_gossip_member_slots(node->core);
    return slots > 1 &&
           fh_gossip_member_at(node->core, 1 + (unsigned)fh_prng_below(&w->prng, slots - 1), out);
}

/* Sends the record as the liar, sealed with its own session keys, through its own core. */
static void send_as(struct sim_world *w,
                    struct sim_node *liar,
                    const struct fh_node_id *listener,
                    struct fh_bytes record)
{
    struct fh_turn turn = {
        .g = liar->core, .actions = &w->actions, .now_ms = w->now_ms, .wall_ms = sim_wall_ms(liar)};
    w->actions.count = 0;
    w->actions.used = 0;
    struct fh_letter letter;
    fh_post_begin(&turn, &letter, FH_DATAGRAM_CONTENT_BYTES_MAX);
    fh_letter_add_records(&letter, &record, 1);
    (void)fh_post_send(&turn, &letter, fh_members_find(&liar->core->members, listener), NULL);
    sim_act(w, liar);
}

void sim_lie(struct sim_world *w, struct sim_node *liar, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        struct fh_gossip_member victim;
        struct fh_gossip_member listener;
        if (!random_member(w, liar, &victim) || !random_member(w, liar, &listener)) {
            continue;
        }
        const struct sim_node *witness = &w->nodes[fh_prng_below(&w->prng, w->options.nodes)];
        uint8_t record[FH_RECORD_GOSSIP_BYTES_MAX];
        unsigned kind = (unsigned)fh_prng_below(&w->prng, KINDS);
        size_t size = forge(w, liar, &victim, witness, kind, record);
        if (size > 0) {
            send_as(w, liar, &listener.node, fh_bytes(record, size));
        }
    }
}

/* Two leases of one life that differ in their label: nobody can be told by both which is right. */
static size_t equivocate(struct sim_world *w, struct sim_node *liar, uint8_t *out)
{
    struct fh_gossip_member self;
    struct fh_buf payload;
    struct fh_buf record;
    if (!fh_gossip_member_at(liar->core, 0, &self)) {
        return 0;
    }
    uint8_t label[4];
    for (size_t i = 0; i < sizeof label; i++) {
        label[i] = (uint8_t)('a' + fh_prng_below(&w->prng, 26));
    }
    struct fh_fact fields = {.node = self.node,
                             .generation = self.generation,
                             .incarnation = self.incarnation,
                             .issued_ms = sim_wall_ms(liar),
                             .alive = {.domain = self.domain,
                                       .key = self.key,
                                       .agree = self.agree_key,
                                       .ttl_ms = FH_ALIVE_TTL_MS,
                                       .protocol_min = 1,
                                       .protocol_max = 1,
                                       .address_count = 1,
                                       .address = {liar->address},
                                       .label = fh_bytes(label, sizeof label)}};
    fh_buf_init(&payload, FH_RECORD_GOSSIP_BYTES_MAX);
    fh_buf_init(&record, FH_RECORD_GOSSIP_BYTES_MAX);
    fh_alive_pack(&payload, &fields);
    fh_record_seal(&record, FH_RECORD_ALIVE, &w->mesh, fh_buf_view(&payload), &liar->secret);
    size_t size = fh_buf_ok(&record) == FH_OK ? record.size : 0;
    memcpy(out, record.data, size);
    sim_check_sealed(w, liar, FH_RECORD_ALIVE, fh_bytes(out, size));
    fh_buf_fini(&payload);
    fh_buf_fini(&record);
    return size;
}

/* As fast as it can: accusations of everybody and ever new versions of its own lease. */
void sim_flood(struct sim_world *w, struct sim_node *liar, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        struct fh_gossip_member victim;
        struct fh_gossip_member listener;
        uint8_t record[FH_RECORD_GOSSIP_BYTES_MAX];
        if (!random_member(w, liar, &victim) || !random_member(w, liar, &listener)) {
            continue;
        }
        size_t size =
            i % 2 == 0 ? forge(w, liar, &victim, liar, 0, record) : equivocate(w, liar, record);
        if (size > 0) {
            send_as(w, liar, &listener.node, fh_bytes(record, size));
        }
    }
}

void sim_replay(struct sim_world *w, unsigned times)
{
    if (w->captured_count == 0) {
        return;
    }
    unsigned held = w->captured_count < SIM_CAPTURED_MAX ? w->captured_count : SIM_CAPTURED_MAX;
    for (unsigned i = 0; i < times; i++) {
        unsigned at = (unsigned)fh_prng_below(&w->prng, held);
        uint8_t bytes[FH_DATAGRAM_BYTES_MAX];
        uint32_t size = w->captured[at].size;
        memcpy(bytes, w->captured[at].bytes, size);
        uint32_t to = w->captured[at].to;
        switch (fh_prng_below(&w->prng, 4)) {
        case 0:
            bytes[fh_prng_below(&w->prng, size)] ^= 0x40;
            break;
        case 1:
            size = 1 + (uint32_t)fh_prng_below(&w->prng, size);
            break;
        case 2:
            to = (uint32_t)fh_prng_below(&w->prng, w->options.nodes);
            break;
        default:
            break;
        }
        sim_send(w, NULL, &w->nodes[to], SIM_OUTSIDER, fh_bytes(bytes, size));
    }
}
