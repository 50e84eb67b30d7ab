/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/gossip/four.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { DOMAIN_FIRST = 0x40 };

const struct fh_mesh_id mesh = {{1}};
struct node nodes[NODES];
struct fh_gossip_actions actions;
unsigned verified;
bool mallory_revoked;
bool anybody_admitted;
bool mallory_vouches;

static bool count_verify(void *user,
                         const struct fh_signature *signature,
                         struct fh_bytes message,
                         const struct fh_sign_public *key)
{
    (void)user;
    verified++;
    return fh_sign_verify(signature, message, key);
}

static bool admitted(void *user,
                     const struct fh_domain_id *domain,
                     const struct fh_sign_public *key,
                     int64_t wall_ms)
{
    (void)user;
    (void)wall_ms;
    for (int i = 0; i < S; i++) {
        if (memcmp(&nodes[i].key, key, sizeof *key) == 0 && !(i == M && mallory_revoked)) {
            return fh_domain_id_equal(&nodes[i].domain, domain);
        }
    }
    return anybody_admitted;
}

static struct fh_domain_id voucher(void *user, const struct fh_domain_id *domain)
{
    (void)user;
    return mallory_vouches && domain->b[0] == DOMAIN_FIRST + S ? nodes[M].domain : *domain;
}

static void seal(void *user, struct fh_buf *out, unsigned type, struct fh_bytes payload)
{
    const struct node *n = user;
    fh_record_seal(out, type, &mesh, payload, &n->secret);
}

static bool agree(void *user, uint8_t out_shared[32], const struct fh_agree_public *peer)
{
    const struct node *n = user;
    return fh_agree(out_shared, &n->agree_secret, peer);
}

struct fh_gossip_options options_of(struct node *n)
{
    return (struct fh_gossip_options){.mesh = mesh,
                                      .domain = n->domain,
                                      .node_key = n->key,
                                      .agree_key = n->agree,
                                      .seed = 3,
                                      .boot = {1, 2, 3, 4, 5, 6, 7, 8},
                                      .label = "n",
                                      .addresses = {n->address},
                                      .address_count = 1,
                                      .protocol_min = 1,
                                      .protocol_max = 1,
                                      .timing = fh_gossip_timing_lan(),
                                      .env = {.user = n,
                                              .admitted = admitted,
                                              .voucher = voucher,
                                              .seal = seal,
                                              .agree = agree,
                                              .verifier = {count_verify, NULL}}};
}

struct fh_gossip_event event_of(enum fh_gossip_event_kind kind, int64_t now_ms)
{
    return (struct fh_gossip_event){.kind = kind, .now_ms = now_ms, .wall_ms = WALL_MS + now_ms};
}

void step(struct node *n, struct fh_gossip_event event)
{
    struct fh_err err = {0};
    if (fh_gossip_step(n->core, &event, &actions, &err) != FH_OK) {
        fail_msg("step: %s", err.text);
    }
}

void learn_at(struct node *n, const struct node *from, struct fh_bytes record, int64_t now_ms)
{
    struct fh_gossip_event event = event_of(FH_GOSSIP_RECORD, now_ms);
    event.u.record.bytes = record;
    event.u.record.from = from->id;
    step(n, event);
}

void learn(struct node *n, const struct node *from, struct fh_bytes record)
{
    learn_at(n, from, record, 10);
}

static void make_node(int i)
{
    struct node *n = &nodes[i];
    uint8_t seed[FH_SEED_BYTES] = {(uint8_t)(i + 1)};
    *n = (struct node){.domain = {{(uint8_t)(DOMAIN_FIRST + i)}}};
    fh_sign_keys(seed, &n->key, &n->secret);
    n->agree_secret.b[0] = (uint8_t)(i * 8 + 8);
    n->agree_secret.b[31] = 0x41;
    fh_agree_public_of(&n->agree_secret, &n->agree);
    n->id = fh_node_id_of(&n->key);
    (void)snprintf(n->address, sizeof n->address, "h%d:7400", i);
}

int four_start(void **state)
{
    (void)state;
    mallory_revoked = false;
    anybody_admitted = false;
    mallory_vouches = false;
    for (int i = 0; i < NODES; i++) {
        make_node(i);
        struct fh_gossip_options o = options_of(&nodes[i]);
        assert_int_equal(fh_gossip_new(&nodes[i].core, &o, NULL), FH_OK);
        step(&nodes[i], event_of(FH_GOSSIP_START, 0));
    }
    return 0;
}

int four_set_up(void **state)
{
    (void)four_start(state);
    for (int i = 0; i < NODES; i++) {
        for (int j = 0; j < S; j++) {
            if (i != j) {
                learn(&nodes[i], &nodes[j], fh_gossip_alive(nodes[j].core));
            }
        }
    }
    assert_int_equal(nodes[A].core->members.count, 3);
    return 0;
}

int four_tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < NODES; i++) {
        fh_gossip_free(nodes[i].core);
        nodes[i].core = NULL;
    }
    return 0;
}

/* ---- making bad input ------------------------------------------------------------------------ */

/* Any content, sealed by a node's own core for A. */
void wrap_content(struct input *out, struct node *by, struct fh_bytes content)
{
    struct fh_turn turn = {.g = by->core, .actions = &actions, .now_ms = 20, .wall_ms = WALL_MS};
    actions.count = 0;
    actions.used = 0;
    struct fh_letter letter;
    fh_post_begin(&turn, &letter, FH_DATAGRAM_CONTENT_BYTES_MAX);
    fh_buf_reset(letter.buf);
    fh_buf_add_bytes(letter.buf, content);
    letter.count = content.data[0] & 15u;
    struct fh_bytes datagram =
        fh_post_seal(&turn, &letter, fh_members_find(&by->core->members, &nodes[A].id));
    assert_true(datagram.size > 0);
    out->size = datagram.size;
    memcpy(out->bytes, datagram.data, datagram.size);
}

void wrap_message(struct input *out, struct node *by, const struct fh_message *m)
{
    struct fh_buf buf;
    fh_buf_init(&buf, FH_DATAGRAM_CONTENT_BYTES_MAX);
    struct fh_letter letter;
    fh_letter_begin(&letter, &buf, FH_DATAGRAM_CONTENT_BYTES_MAX);
    if (m->type == FH_MESSAGE_RECORDS) {
        fh_letter_add_records(&letter, m->records, m->record_count);
    } else if (m->type == FH_MESSAGE_HINTS || m->type == FH_MESSAGE_WANT) {
        fh_letter_add_hints(&letter, m->type, m->hints, m->hint_count);
    } else {
        fh_letter_add(&letter, m);
    }
    wrap_content(out, by, fh_letter_end(&letter));
    fh_buf_fini(&buf);
}

void wrap_record(struct input *out, struct node *by, struct fh_bytes record)
{
    struct fh_message m = {.type = FH_MESSAGE_RECORDS, .record_count = 1, .records = {record}};
    wrap_message(out, by, &m);
}

size_t make_record(uint8_t *out, const struct claim *c)
{
    const struct node *n = &nodes[c->about];
    struct fh_fact f = {.node = n->id,
                        .accuser = nodes[c->accuser].id,
                        .generation = n->core->generation + (uint64_t)c->generation,
                        .incarnation = (uint32_t)(n->core->incarnation + c->incarnation),
                        .issued_ms = WALL_MS + 20 + c->issued_ms,
                        .alive = {.domain = c->other_domain ? nodes[B].domain : n->domain,
                                  .key = n->key,
                                  .agree = n->agree,
                                  .ttl_ms = FH_ALIVE_TTL_MS,
                                  .protocol_max = 1,
                                  .address_count = 1,
                                  .address = {n->home        ? n->address
                                              : n->elsewhere ? "evil:2"
                                                             : "evil:1"}}};
    struct fh_buf payload;
    struct fh_buf record;
    fh_buf_init(&payload, 2048);
    fh_buf_init(&record, 2048);
    if (c->type == FH_RECORD_ALIVE) {
        fh_alive_pack(&payload, &f);
    } else if (c->type == FH_RECORD_LEAVE) {
        fh_leave_pack(&payload, &f);
    } else {
        fh_suspect_pack(&payload, &f);
    }
    static const struct fh_mesh_id other_mesh = {{2}};
    fh_record_seal(&record,
                   c->type,
                   c->other_mesh ? &other_mesh : &mesh,
                   fh_buf_view(&payload),
                   &nodes[c->signer].secret);
    size_t size = record.size;
    memcpy(out, record.data, size);
    fh_buf_fini(&payload);
    fh_buf_fini(&record);
    return size;
}

void give_at(const struct input *in, int64_t now_ms)
{
    struct fh_gossip_event event = event_of(FH_GOSSIP_DATAGRAM, now_ms);
    event.u.datagram.bytes = fh_bytes(in->bytes, in->size);
    event.u.datagram.from = "x:1";
    step(&nodes[A], event);
}

void give(const struct input *in)
{
    give_at(in, 20);
}

/* ---- judging --------------------------------------------------------------------------------- */

/* Records that are kept unjudged: they are bounded, and a test of their own. */
unsigned strangers_of(const struct fh_gossip *g)
{
    unsigned count = 0;
    for (unsigned i = 0; i < FH_COUNT(g->strangers); i++) {
        count += g->strangers[i] != NULL ? 1 : 0;
    }
    return count;
}

void note(struct before *b)
{
    const struct fh_gossip *g = nodes[A].core;
    fh_gossip_fingerprint(g, b->fingerprint);
    memcpy(b->states, g->members.by_state, sizeof b->states);
    b->incarnation = g->incarnation;
    b->generation = g->generation;
    b->queue = g->rumours.count;
    b->facts = fh_fact_pool_count(g->pool) - strangers_of(g);
    b->counters = g->counters;
}

void unchanged(const char *name, const struct before *b)
{
    struct before now;
    note(&now);
    if (actions.count != 0) {
        fail_msg("%s: %u actions, the first of kind %d",
                 name,
                 actions.count,
                 (int)actions.items[0].kind);
    }
    if (memcmp(b->fingerprint, now.fingerprint, 16) != 0 ||
        memcmp(b->states, now.states, sizeof now.states) != 0 ||
        b->incarnation != now.incarnation || b->generation != now.generation ||
        b->queue != now.queue || b->facts != now.facts) {
        fail_msg("%s: it had an effect", name);
    }
}

static uint64_t counter_at(const struct fh_gossip_counters *c, size_t offset)
{
    uint64_t value;
    memcpy(&value, (const uint8_t *)c + offset, sizeof value);
    return value;
}

void counted(const char *name, const struct before *b, size_t offset)
{
    uint64_t was = counter_at(&b->counters, offset);
    uint64_t now = counter_at(&nodes[A].core->counters, offset);
    if (now != was + 1) {
        fail_msg("%s: its counter went from %llu to %llu",
                 name,
                 (unsigned long long)was,
                 (unsigned long long)now);
    }
}

const struct fh_gossip_action *find_action(enum fh_gossip_action_kind kind)
{
    for (unsigned i = 0; i < actions.count; i++) {
        if (actions.items[i].kind == kind) {
            return &actions.items[i];
        }
    }
    return NULL;
}
