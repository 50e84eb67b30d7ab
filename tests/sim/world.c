/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/world_impl.h"

#include "common/assert.h"
#include "common/mem.h"
#include "tests/sim/check.h"
#include "tests/sim/memberlist.h"

#include <stdlib.h>
#include <string.h>

enum {
    DELAY_MIN_MS = 1,
    DELAY_SPREAD_MS = 5,
    DELAY_TAIL_PERMILLE = 20, /* so many take up to DELAY_TAIL_MS more: reordering */
    DELAY_TAIL_MS = 80,
};

void sim_mix(struct sim_world *w, uint64_t value)
{
    w->trace = (w->trace ^ value) * 0x9e3779b97f4a7c15u;
    w->trace ^= w->trace >> 29;
}

uint64_t sim_hash(struct fh_bytes bytes)
{
    uint64_t h = 0x9e3779b97f4a7c15u + bytes.size;
    size_t i = 0;
    for (; i + 8 <= bytes.size; i += 8) {
        h = (h ^ fh_get_u64be(bytes.data + i)) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
    }
    for (; i < bytes.size; i++) {
        h = (h ^ bytes.data[i]) * 0x100000001b3u;
    }
    return h ^ h >> 29;
}

void sim_say(struct sim_world *w, const struct sim_node *node, const char *text)
{
    if (w->options.transcript != NULL) {
        (void)fprintf(w->options.transcript,
                      "%4lld.%03lld  %-3s %s\n",
                      (long long)(w->now_ms / 1000),
                      (long long)(w->now_ms % 1000),
                      node == NULL ? "" : node->label,
                      text);
    }
}

/* ---- doubles around a core ------------------------------------------------------------------- */

static bool env_admitted(void *user,
                         const struct fh_domain_id *domain,
                         const struct fh_sign_public *key,
                         int64_t wall_ms)
{
    const struct sim_node *self = user;
    (void)wall_ms;
    struct fh_node_id id = fh_node_id_of(key);
    const struct sim_node *node = sim_node_of(self->world, &id);
    return node != NULL && fh_domain_id_equal(&node->domain, domain);
}

static void env_seal(void *user, struct fh_buf *out, unsigned type, struct fh_bytes payload)
{
    const struct sim_node *self = user;
    fh_record_seal(out, type, &self->world->mesh, payload, &self->secret);
    if (fh_buf_ok(out) == FH_OK) {
        sim_check_sealed(self->world, self, type, fh_buf_view(out));
    }
}

/* Symmetric in the two parties, as a Diffie-Hellman is, and cheap. */
static bool env_agree(void *user, uint8_t out_shared[32], const struct fh_agree_public *peer)
{
    const struct sim_node *self = user;
    const uint8_t *own = self->agree.b;
    bool first = memcmp(own, peer->b, 32) < 0;
    const struct fh_bytes parts[] = {fh_bytes(first ? own : peer->b, 32),
                                     fh_bytes(first ? peer->b : own, 32)};
    struct fh_hash hash = fh_hash_parts(parts, FH_COUNT(parts));
    memcpy(out_shared, hash.b, 32);
    return true;
}

struct fh_gossip_env sim_env(struct sim_node *node)
{
    return (struct fh_gossip_env){.user = node,
                                  .admitted = env_admitted,
                                  .seal = env_seal,
                                  .agree = env_agree,
                                  .verifier = fh_verifier_plain};
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static uint32_t *index_place(const struct sim_world *w, const struct fh_node_id *id)
{
    uint32_t at = fh_get_u32be(id->b) & (w->index_size - 1);
    while (w->index[at] != 0 && !fh_node_id_equal(&w->nodes[w->index[at] - 1].id, id)) {
        at = (at + 1) & (w->index_size - 1);
    }
    return &w->index[at];
}

struct sim_node *sim_node_of(const struct sim_world *w, const struct fh_node_id *id)
{
    uint32_t found = *index_place(w, id);
    return found == 0 ? NULL : &w->nodes[found - 1];
}

void sim_random_bytes(struct sim_world *w, uint8_t *out, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        out[i] = (uint8_t)fh_prng_below(&w->prng, 256);
    }
}

static void make_node(struct sim_world *w, uint32_t i)
{
    struct sim_node *node = &w->nodes[i];
    uint8_t seed[FH_SEED_BYTES];
    sim_random_bytes(w, seed, sizeof seed);
    sim_random_bytes(w, node->agree.b, sizeof node->agree.b);
    sim_random_bytes(w, node->domain.b, sizeof node->domain.b);
    fh_sign_keys(seed, &node->key, &node->secret);
    node->id = fh_node_id_of(&node->key);
    node->world = w;
    node->index = i;
    node->down_since_ms = -1;
    if (w->options.nodes <= 26) {
        (void)snprintf(node->label, sizeof node->label, "%c", 'a' + (int)i);
    } else {
        (void)snprintf(node->label, sizeof node->label, "n%u", i);
    }
    (void)snprintf(node->address, sizeof node->address, "n%u:7400", i);
    *index_place(w, &node->id) = i + 1;
}

struct sim_node *sim_node_at(const struct sim_world *w, const char *address)
{
    unsigned i;
    if (sscanf(address, "n%u:", &i) != 1 || i >= w->options.nodes) {
        return NULL;
    }
    return &w->nodes[i];
}

struct sim_world *sim_world_new(const struct sim_options *options)
{
    struct sim_world *w = sim_must(fh_calloc(1, sizeof *w));
    w->options = *options;
    fh_prng_init(&w->prng, options->seed);
    sim_random_bytes(w, w->mesh.b, sizeof w->mesh.b);
    w->pool = sim_must(fh_fact_pool_new());
    w->nodes = sim_must(fh_calloc(options->nodes, sizeof *w->nodes));
    w->index_size = 64;
    while (w->index_size < 2 * options->nodes) {
        w->index_size *= 2;
    }
    w->index = sim_must(fh_calloc(w->index_size, sizeof *w->index));
    for (uint32_t i = 0; i < options->nodes; i++) {
        make_node(w, i);
    }
    w->check = sim_must(sim_check_new(w));
    return w;
}

static void add_counters(struct fh_gossip_counters *sum, const struct fh_gossip_counters *more)
{
#define X(name, text) sum->name += more->name;
    FH_GOSSIP_COUNTERS(X)
#undef X
}

/* What was announced while it was up need not reach it any more. */
static void want_no_more(struct sim_world *w, const struct sim_node *node)
{
    for (uint32_t p = 0; p < SIM_PRODUCTS_MAX; p++) {
        if (w->latest[p] != 0) {
            struct sim_announcement *a = &w->announcements[w->latest[p] - 1];
            a->wanted -=
                a->wanted > 0 && node->revision[p] < a->revision && node->started_ms <= a->born_ms
                    ? 1
                    : 0;
        }
    }
}

void sim_take_down(struct sim_world *w, struct sim_node *node)
{
    if (!sim_runs(node)) {
        return;
    }
    if (!node->left) {
        w->up--;
        want_no_more(w, node);
    }
    if (node->core != NULL) {
        struct fh_gossip_counters counters = fh_gossip_counters(node->core);
        add_counters(&node->past, &counters);
        fh_gossip_free(node->core);
        node->core = NULL;
    }
    sim_memberlist_free(node->model);
    node->model = NULL;
    node->life++;
    node->down_since_ms = w->now_ms;
}

void sim_world_free(struct sim_world *w)
{
    if (w == NULL) {
        return;
    }
    for (uint32_t i = 0; i < w->options.nodes; i++) {
        fh_gossip_free(w->nodes[i].core);
        sim_memberlist_free(w->nodes[i].model);
    }
    for (size_t i = 0; i < w->heap_count; i++) {
        fh_free(w->heap[i].bytes);
    }
    for (uint32_t i = 0; i < w->announcement_count; i++) {
        fh_free(w->announcements[i].bytes);
    }
    fh_free(w->announcements);
    fh_free(w->heap);
    fh_free(w->index);
    fh_free(w->nodes);
    fh_fact_pool_free(w->pool);
    sim_check_free(w->check);
    fh_free(w);
}

/* ---- network --------------------------------------------------------------------------------- */

bool sim_reaches(const struct sim_node *from, const struct sim_node *to)
{
    return from->island == to->island && !to->deaf;
}

int64_t sim_delay_ms(struct sim_world *w)
{
    if (w->options.exact) {
        return DELAY_MIN_MS;
    }
    int64_t ms = DELAY_MIN_MS + (int64_t)fh_prng_below(&w->prng, DELAY_SPREAD_MS);
    if (fh_prng_below(&w->prng, 1000) < DELAY_TAIL_PERMILLE) {
        ms += (int64_t)fh_prng_below(&w->prng, DELAY_TAIL_MS);
    }
    return ms;
}

static bool chance(struct sim_world *w, unsigned permille)
{
    return permille > 0 && fh_prng_below(&w->prng, 1000) < permille;
}

struct packet {
    const char *from_address;
    uint32_t from; /* of a model's packet: index of the sender */
    struct fh_bytes bytes;
    uint32_t wire;
};

static void
deliver_later(struct sim_world *w, const struct sim_node *to, const struct packet *packet)
{
    struct fh_bytes bytes = packet->bytes;
    struct sim_event event = {.kind = EVENT_DATAGRAM,
                              .at_ms = w->now_ms + sim_delay_ms(w),
                              .node = to->index,
                              .life = to->life,
                              .peer = packet->from,
                              .size = (uint32_t)bytes.size,
                              .wire = packet->wire,
                              .bytes = sim_must(fh_alloc(bytes.size))};
    (void)snprintf(event.from, sizeof event.from, "%s", packet->from_address);
    memcpy(event.bytes, bytes.data, bytes.size);
    if (chance(w, w->options.corrupt_permille)) {
        if (to->model != NULL) { /* the checksum of UDP finds it */
            fh_free(event.bytes);
            return;
        }
        uint64_t at = fh_prng_below(&w->prng, bytes.size);
        event.bytes[at] ^= (uint8_t)(1u << fh_prng_below(&w->prng, 8));
    }
    sim_push(w, event);
}

static void send_packet(struct sim_world *w,
                        const struct sim_node *from,
                        const struct sim_node *to,
                        const struct packet *packet)
{
    if (!sim_runs(to) || (from != NULL && !sim_reaches(from, to)) ||
        chance(w, w->options.loss_permille)) {
        return;
    }
    deliver_later(w, to, packet);
    if (chance(w, w->options.duplicate_permille)) {
        deliver_later(w, to, packet);
    }
}

void sim_send(struct sim_world *w,
              const struct sim_node *from,
              struct sim_node *to,
              const char *from_address,
              struct fh_bytes bytes)
{
    struct packet packet = {
        .from_address = from_address, .bytes = bytes, .wire = (uint32_t)bytes.size};
    send_packet(w, from, to, &packet);
}

static void
count_datagram(struct sim_world *w, struct sim_node *node, struct fh_bytes bytes, size_t wire)
{
    w->figures.datagrams++;
    w->figures.datagram_bytes += wire;
    node->bytes += wire;
    if (wire > w->figures.largest_datagram) {
        w->figures.largest_datagram = wire;
    }
    sim_mix(w, sim_hash(bytes));
}

void sim_post(struct sim_world *w,
              struct sim_node *from,
              struct sim_node *to,
              struct fh_bytes bytes,
              uint32_t wire)
{
    struct packet packet = {
        .from_address = from->address, .from = from->index, .bytes = bytes, .wire = wire};
    count_datagram(w, from, bytes, wire);
    send_packet(w, from, to, &packet);
}

static void capture(struct sim_world *w, uint32_t to, struct fh_bytes bytes)
{
    uint32_t at = w->captured_count++ % SIM_CAPTURED_MAX;
    w->captured[at].to = to;
    w->captured[at].size = (uint32_t)bytes.size;
    memcpy(w->captured[at].bytes, bytes.data, bytes.size);
}

static void
act_send(struct sim_world *w, struct sim_node *node, const struct fh_gossip_action *action)
{
    sim_check_datagram(w, node, action->bytes.size);
    count_datagram(w, node, action->bytes, action->bytes.size);
    struct sim_node *to = sim_node_at(w, action->address);
    if (to != NULL) {
        if (w->figures.datagrams % 7 == 0) {
            capture(w, to->index, action->bytes);
        }
        sim_send(w, node, to, node->address, action->bytes);
    }
}

/* ---- stepping -------------------------------------------------------------------------------- */

void sim_wind(struct sim_world *w, struct sim_node *node)
{
    int64_t at = FH_GOSSIP_NEVER;
    if (node->core != NULL) {
        at = fh_gossip_deadline(node->core);
    } else if (node->model != NULL && !node->left) {
        at = sim_memberlist_deadline(node->model);
    }
    if (at == node->tick_at_ms || at == FH_GOSSIP_NEVER) {
        node->tick_at_ms = at;
        return;
    }
    node->tick_at_ms = at;
    sim_push(w,
             (struct sim_event){.kind = EVENT_TICK,
                                .at_ms = at < w->now_ms ? w->now_ms : at,
                                .node = node->index,
                                .life = node->life,
                                .token = (uint64_t)at});
}

void sim_step(struct sim_world *w, struct sim_node *node, struct fh_gossip_event *event)
{
    event->now_ms = w->now_ms;
    event->wall_ms = SIM_WALL_MS + w->now_ms;
    sim_mix(w, (uint64_t)w->now_ms << 24 ^ (uint64_t)event->kind << 20 ^ node->index);
    struct fh_err err = {0};
    int code = fh_gossip_step(node->core, event, &w->actions, &err);
    w->figures.events++;
    if (code != FH_OK) {
        sim_check_break(w, node, 10, "step failed: %s", err.text);
    }
    sim_act(w, node);
    sim_check_step(w, node, event->kind == FH_GOSSIP_TICK);
    sim_wind(w, node);
}

/* ---- actions --------------------------------------------------------------------------------- */

void sim_act(struct sim_world *w, struct sim_node *node)
{
    /* Announcements that the catalogue keeps start a step of their own, which overwrites the
     * actions: first everything else, then they, from copies. */
    struct fh_bytes delivered[FH_MESSAGE_RECORDS_MAX];
    uint8_t copies[FH_DATAGRAM_BYTES_MAX];
    size_t copied = 0;
    unsigned count = 0;
    for (unsigned i = 0; i < w->actions.count; i++) {
        const struct fh_gossip_action *action = &w->actions.items[i];
        sim_mix(w, (uint64_t)action->kind << 8 | (uint64_t)action->change);
        switch (action->kind) {
        case FH_GOSSIP_PERSIST:
            sim_check_persist(w, node, action->generation);
            node->disk_generation = action->generation;
            break;
        case FH_GOSSIP_SEND:
            act_send(w, node, action);
            break;
        case FH_GOSSIP_DELIVER:
            FH_ASSERT(count < FH_MESSAGE_RECORDS_MAX);
            FH_ASSERT(copied + action->bytes.size <= sizeof copies);
            memcpy(copies + copied, action->bytes.data, action->bytes.size);
            delivered[count++] = fh_bytes(copies + copied, action->bytes.size);
            copied += action->bytes.size;
            break;
        case FH_GOSSIP_MEMBER:
            sim_check_member(w, node, action);
            break;
        case FH_GOSSIP_SYNC:
        case FH_GOSSIP_INTRODUCE:
            sim_act_session(w, node, action, EVENT_SYNC);
            break;
        case FH_GOSSIP_PROBE_LINK:
            if (!w->options.no_links) {
                sim_act_session(w, node, action, EVENT_LINK);
            }
            break;
        case FH_GOSSIP_LEFT:
            node->left = true;
            node->down_since_ms = w->now_ms;
            w->up--;
            want_no_more(w, node);
            break;
        case FH_GOSSIP_TRACE:
            sim_say(w, node, action->text);
            break;
        case FH_GOSSIP_FORK:
        case FH_GOSSIP_ACTION_COUNT:
            break;
        }
    }
    for (unsigned i = 0; i < count && sim_is_up(node); i++) {
        (void)sim_keep(w, node, delivered[i], true);
    }
}

/* ---- the loop -------------------------------------------------------------------------------- */

static void handle_core(struct sim_world *w, struct sim_node *node, const struct sim_event *event)
{
    struct fh_gossip_event step_event = {0};
    switch (event->kind) {
    case EVENT_DATAGRAM:
        step_event.kind = FH_GOSSIP_DATAGRAM;
        step_event.u.datagram.bytes = fh_bytes(event->bytes, event->size);
        step_event.u.datagram.from = event->from;
        sim_step(w, node, &step_event);
        break;
    case EVENT_TICK:
        step_event.kind = FH_GOSSIP_TICK;
        sim_step(w, node, &step_event);
        break;
    case EVENT_SYNC:
        sim_on_sync(w, node, event);
        break;
    case EVENT_LINK:
        step_event.kind = FH_GOSSIP_LINK_PROBED;
        step_event.u.link.token = event->token;
        step_event.u.link.reached = sim_answers(w, node, &w->nodes[event->peer]);
        sim_step(w, node, &step_event);
        break;
    case EVENT_OP:
        break;
    }
}

static void handle_model(struct sim_world *w, struct sim_node *node, const struct sim_event *event)
{
    struct sim_node *peer = &w->nodes[event->peer];
    sim_mix(w, (uint64_t)w->now_ms << 24 ^ (uint64_t)event->kind << 20 ^ node->index);
    switch (event->kind) {
    case EVENT_DATAGRAM:
        sim_memberlist_datagram(node->model, event->peer, fh_bytes(event->bytes, event->size));
        break;
    case EVENT_TICK:
        sim_memberlist_tick(node->model);
        break;
    case EVENT_SYNC:
        if (sim_answers(w, node, peer)) {
            w->figures.sessions++;
            sim_memberlist_exchange(node->model, peer->model);
            sim_wind(w, peer);
        }
        break;
    case EVENT_LINK:
        sim_memberlist_linked(node->model, event->token, sim_answers(w, node, peer));
        break;
    case EVENT_OP:
        break;
    }
    w->figures.events++;
    sim_wind(w, node);
}

static void handle(struct sim_world *w, struct sim_event *event)
{
    struct sim_node *node = &w->nodes[event->node % w->options.nodes];
    if (event->kind == EVENT_OP) {
        sim_operate(w, event->op, event->node, (uint32_t)event->token);
        return;
    }
    if (!sim_is_up(node) || node->life != event->life) {
        return;
    }
    if (node->paused_until_ms > w->now_ms) {
        event->at_ms = node->paused_until_ms;
        sim_push(w, *event);
        event->bytes = NULL; /* goes on with the pushed one */
        return;
    }
    if (event->kind == EVENT_TICK) {
        if ((int64_t)event->token != node->tick_at_ms) {
            return;
        }
        node->tick_at_ms = FH_GOSSIP_NEVER;
    }
    node->bytes += event->kind == EVENT_DATAGRAM ? event->wire : 0;
    if (node->core != NULL) {
        handle_core(w, node, event);
    } else {
        handle_model(w, node, event);
    }
}

void sim_run(struct sim_world *w, int64_t until_ms)
{
    while (w->heap_count > 0 && w->heap[0].at_ms <= until_ms) {
        struct sim_event event = sim_pop(w);
        if (event.at_ms / 5000 != w->now_ms / 5000) {
            struct sim_node *node = &w->nodes[fh_prng_below(&w->prng, w->options.nodes)];
            w->now_ms = event.at_ms;
            if (sim_is_up(node) && node->core != NULL) {
                sim_check_node(w, node);
            }
        }
        w->now_ms = event.at_ms;
        handle(w, &event);
        fh_free(event.bytes);
    }
    w->now_ms = until_ms;
}

static bool sees_right(const struct sim_world *w, const struct sim_node *node)
{
    unsigned live = 0;
    if (node->model != NULL) {
        for (uint32_t i = 0; i < w->options.nodes; i++) {
            if (sim_memberlist_lists(node->model, i) != sim_is_up(&w->nodes[i])) {
                return false;
            }
        }
        return true;
    }
    for (unsigned i = 0; i < fh_gossip_member_slots(node->core); i++) {
        struct fh_gossip_member member;
        if (!fh_gossip_member_at(node->core, i, &member)) {
            continue;
        }
        const struct sim_node *other = sim_node_of(w, &member.node);
        bool listed = member.state != FH_MEMBER_DEAD && member.state != FH_MEMBER_LEFT;
        if (other == NULL || listed != sim_is_up(other) || member.state == FH_MEMBER_SUSPECT) {
            return false;
        }
        live += listed ? 1 : 0;
    }
    return live == w->up;
}

bool sim_agrees(const struct sim_world *w)
{
    const struct sim_node *first = NULL;
    uint8_t wanted[FH_GOSSIP_FINGERPRINT_BYTES];
    for (uint32_t i = 0; i < w->options.nodes; i++) {
        const struct sim_node *node = &w->nodes[i];
        if (!sim_is_up(node)) {
            continue;
        }
        uint8_t own[FH_GOSSIP_FINGERPRINT_BYTES] = {0};
        if (node->core != NULL) {
            fh_gossip_fingerprint(node->core, own);
        }
        if (first == NULL) {
            first = node;
            memcpy(wanted, own, sizeof wanted);
        }
        if (memcmp(own, wanted, sizeof own) != 0 || !sees_right(w, node) ||
            memcmp(node->revision, first->revision, sizeof first->revision) != 0) {
            return false;
        }
    }
    return true;
}
