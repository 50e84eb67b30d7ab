/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/world.h"

#include "common/assert.h"
#include "common/mem.h"
#include "common/time.h"
#include "tests/sim/check.h"

#include <stdlib.h>
#include <string.h>

enum {
    DELAY_MIN_MS = 1,
    DELAY_SPREAD_MS = 5,
    DELAY_TAIL_PERMILLE = 20, /* so many take up to DELAY_TAIL_MS more: reordering */
    DELAY_TAIL_MS = 80,
    SESSION_MS = 12,        /* dial and handshake */
    SESSION_FAIL_MS = 3000, /* a dial that nobody answers */
    SESSION_BYTES = 900,    /* handshake and the two fingerprints */
    DISTURBED_START_MS = 5000,
    DISTURBED_PAUSE_MS = 30000, /* after the pause */
    DISTURBED_SPLIT_MS = 60000,
    SEEDS = 3,
};

enum sim_event_kind {
    EVENT_DATAGRAM,
    EVENT_TICK,
    EVENT_SYNC,
    EVENT_LINK,
    EVENT_OP,
};

struct sim_event {
    int64_t at_ms;
    uint64_t order;
    enum sim_event_kind kind;
    enum sim_op op;
    uint32_t node;
    uint32_t life;
    uint32_t peer;
    bool done;
    uint64_t token;
    char from[SIM_LABEL_BYTES];
    uint32_t size;
    uint8_t *bytes;
};

static void *must(void *p)
{
    if (p == NULL) {
        (void)fprintf(stderr, "freehold-sim: out of memory\n");
        abort();
    }
    return p;
}

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

void sim_histogram_add(struct sim_histogram *h, int64_t ms)
{
    uint64_t value = ms < 0 ? 0 : (uint64_t)ms;
    uint64_t bar = value / SIM_HISTOGRAM_MS;
    h->bars[bar < SIM_HISTOGRAM_BARS ? bar : SIM_HISTOGRAM_BARS - 1]++;
    h->count++;
    h->most_ms = value > h->most_ms ? value : h->most_ms;
}

uint64_t sim_histogram_at(const struct sim_histogram *h, unsigned permille)
{
    uint64_t wanted = (h->count * permille + 999) / 1000;
    uint64_t seen = 0;
    for (uint64_t i = 0; i < SIM_HISTOGRAM_BARS && h->count > 0; i++) {
        seen += h->bars[i];
        if (seen >= wanted) {
            return (i + 1) * SIM_HISTOGRAM_MS;
        }
    }
    return 0;
}

/* ---- heap of events -------------------------------------------------------------------------- */

static bool before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void push(struct sim_world *w, struct sim_event event)
{
    FH_ASSERT(event.at_ms >= w->now_ms);
    event.order = w->order++;
    if (w->heap_count == w->heap_max) {
        w->heap_max = w->heap_max == 0 ? 1024 : w->heap_max * 2;
        w->heap = must(fh_realloc(w->heap, w->heap_max * sizeof *w->heap));
    }
    size_t at = w->heap_count++;
    while (at > 0 && before(&event, &w->heap[(at - 1) / 2])) {
        w->heap[at] = w->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    w->heap[at] = event;
}

static struct sim_event pop(struct sim_world *w)
{
    struct sim_event top = w->heap[0];
    struct sim_event last = w->heap[--w->heap_count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= w->heap_count) {
            break;
        }
        if (child + 1 < w->heap_count && before(&w->heap[child + 1], &w->heap[child])) {
            child++;
        }
        if (!before(&w->heap[child], &last)) {
            break;
        }
        w->heap[at] = w->heap[child];
        at = child;
    }
    w->heap[at] = last;
    return top;
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

static void random_bytes(struct sim_world *w, uint8_t *out, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        out[i] = (uint8_t)fh_prng_below(&w->prng, 256);
    }
}

static void make_node(struct sim_world *w, uint32_t i)
{
    struct sim_node *node = &w->nodes[i];
    uint8_t seed[FH_SEED_BYTES];
    random_bytes(w, seed, sizeof seed);
    random_bytes(w, node->agree.b, sizeof node->agree.b);
    random_bytes(w, node->domain.b, sizeof node->domain.b);
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

static struct sim_node *node_at(const struct sim_world *w, const char *address)
{
    unsigned i;
    if (sscanf(address, "n%u:", &i) != 1 || i >= w->options.nodes) {
        return NULL;
    }
    return &w->nodes[i];
}

struct sim_world *sim_world_new(const struct sim_options *options)
{
    struct sim_world *w = must(fh_calloc(1, sizeof *w));
    w->options = *options;
    fh_prng_init(&w->prng, options->seed);
    random_bytes(w, w->mesh.b, sizeof w->mesh.b);
    w->pool = must(fh_fact_pool_new());
    w->nodes = must(fh_calloc(options->nodes, sizeof *w->nodes));
    w->index_size = 64;
    while (w->index_size < 2 * options->nodes) {
        w->index_size *= 2;
    }
    w->index = must(fh_calloc(w->index_size, sizeof *w->index));
    for (uint32_t i = 0; i < options->nodes; i++) {
        make_node(w, i);
    }
    w->check = must(sim_check_new(w));
    return w;
}

static void add_counters(struct fh_gossip_counters *sum, const struct fh_gossip_counters *more)
{
#define X(name, text) sum->name += more->name;
    FH_GOSSIP_COUNTERS(X)
#undef X
}

static void take_down(struct sim_world *w, struct sim_node *node)
{
    if (node->core != NULL) {
        struct fh_gossip_counters counters = fh_gossip_counters(node->core);
        add_counters(&node->past, &counters);
        fh_gossip_free(node->core);
        node->core = NULL;
        node->life++;
        node->down_since_ms = w->now_ms;
    }
}

void sim_world_free(struct sim_world *w)
{
    if (w == NULL) {
        return;
    }
    for (uint32_t i = 0; i < w->options.nodes; i++) {
        fh_gossip_free(w->nodes[i].core);
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

static bool reaches(const struct sim_node *from, const struct sim_node *to)
{
    return from->island == to->island && !to->deaf;
}

static int64_t delay_ms(struct sim_world *w)
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

static void deliver_later(struct sim_world *w,
                          const struct sim_node *to,
                          const char *from_address,
                          struct fh_bytes bytes)
{
    struct sim_event event = {.kind = EVENT_DATAGRAM,
                              .at_ms = w->now_ms + delay_ms(w),
                              .node = to->index,
                              .life = to->life,
                              .size = (uint32_t)bytes.size,
                              .bytes = must(fh_alloc(bytes.size))};
    (void)snprintf(event.from, sizeof event.from, "%s", from_address);
    memcpy(event.bytes, bytes.data, bytes.size);
    if (chance(w, w->options.corrupt_permille)) {
        event.bytes[fh_prng_below(&w->prng, bytes.size)] ^=
            (uint8_t)(1u << fh_prng_below(&w->prng, 8));
    }
    push(w, event);
}

void sim_send(struct sim_world *w,
              const struct sim_node *from,
              struct sim_node *to,
              const char *from_address,
              struct fh_bytes bytes)
{
    if (to->core == NULL || (from != NULL && !reaches(from, to)) ||
        chance(w, w->options.loss_permille)) {
        return;
    }
    deliver_later(w, to, from_address, bytes);
    if (chance(w, w->options.duplicate_permille)) {
        deliver_later(w, to, from_address, bytes);
    }
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
    w->figures.datagrams++;
    w->figures.datagram_bytes += action->bytes.size;
    if (action->bytes.size > w->figures.largest_datagram) {
        w->figures.largest_datagram = action->bytes.size;
    }
    sim_mix(w, sim_hash(action->bytes));
    struct sim_node *to = node_at(w, action->address);
    if (to != NULL) {
        if (w->figures.datagrams % 7 == 0) {
            capture(w, to->index, action->bytes);
        }
        sim_send(w, node, to, node->address, action->bytes);
    }
}

/* ---- stepping -------------------------------------------------------------------------------- */

static void wind(struct sim_world *w, struct sim_node *node)
{
    int64_t at = node->core == NULL ? FH_GOSSIP_NEVER : fh_gossip_deadline(node->core);
    if (at == node->tick_at_ms || at == FH_GOSSIP_NEVER) {
        node->tick_at_ms = at;
        return;
    }
    node->tick_at_ms = at;
    push(w,
         (struct sim_event){.kind = EVENT_TICK,
                            .at_ms = at < w->now_ms ? w->now_ms : at,
                            .node = node->index,
                            .life = node->life,
                            .token = (uint64_t)at});
}

static void step(struct sim_world *w, struct sim_node *node, struct fh_gossip_event *event)
{
    event->now_ms = w->now_ms;
    event->wall_ms = SIM_WALL_MS + w->now_ms;
    sim_mix(w, (uint64_t)w->now_ms << 24 ^ (uint64_t)event->kind << 20 ^ node->index);
    int64_t begin = fh_clock_mono_ns();
    struct fh_err err = {0};
    int code = fh_gossip_step(node->core, event, &w->actions, &err);
    w->figures.step_ns += (uint64_t)(fh_clock_mono_ns() - begin);
    w->figures.events++;
    if (code != FH_OK) {
        sim_check_break(w, node, 10, "step failed: %s", err.text);
    }
    sim_act(w, node);
    sim_check_step(w, node, event->kind == FH_GOSSIP_TICK);
    wind(w, node);
}

/* ---- catalogue ------------------------------------------------------------------------------- */

static void publish_catalogue(struct sim_world *w, struct sim_node *node)
{
    uint8_t input[SIM_PRODUCTS_MAX * 4];
    for (uint32_t i = 0; i < SIM_PRODUCTS_MAX; i++) {
        fh_put_u32be(input + (size_t)4 * i, node->revision[i]);
    }
    struct fh_hash hash = fh_hash(fh_bytes(input, sizeof input));
    struct fh_gossip_head head = {0};
    for (uint32_t i = 0; i < SIM_PRODUCTS_MAX; i++) {
        if (w->latest[i] != 0 && w->announcements[w->latest[i] - 1].owner == node->index) {
            head.count++;
            head.time_ms = w->announcements[w->latest[i] - 1].born_ms;
            head.root[0] = (uint8_t)node->revision[i];
        }
    }
    fh_gossip_set_catalogue(node->core, hash.b, &head, w->now_ms);
}

static struct fh_ref product_key(uint32_t product)
{
    uint8_t input[4];
    fh_put_u32be(input, product);
    struct fh_hash hash = fh_hash(fh_bytes(input, sizeof input));
    struct fh_ref key;
    memcpy(key.b, hash.b, sizeof key.b);
    return key;
}

/* The catalogue's judgement: a known announcement, newer than what is held. True when it is kept;
 * then it travels on. */
static bool keep(struct sim_world *w, struct sim_node *node, struct fh_bytes bytes, bool spread)
{
    const struct sim_announcement *found = NULL;
    for (uint32_t i = w->announcement_count; i > 0 && found == NULL; i--) {
        const struct sim_announcement *a = &w->announcements[i - 1];
        found = fh_bytes_equal(fh_bytes(a->bytes, a->size), bytes) ? a : NULL;
    }
    if (found == NULL || found->revision <= node->revision[found->product]) {
        return false;
    }
    node->revision[found->product] = found->revision;
    sim_check_revision(w, node, found->product, found->revision);
    sim_histogram_add(&w->figures.spread, w->now_ms - found->born_ms);
    publish_catalogue(w, node);
    if (spread) {
        struct fh_gossip_event event = {.kind = FH_GOSSIP_RUMOUR,
                                        .u.rumour = {.bytes = fh_bytes(found->bytes, found->size),
                                                     .class_ = FH_RUMOUR_PRODUCTS,
                                                     .key = product_key(found->product)}};
        step(w, node, &event);
    }
    return true;
}

static void announce(struct sim_world *w, struct sim_node *node, uint32_t product)
{
    if (!sim_is_up(node)) {
        return;
    }
    uint32_t revision =
        w->latest[product] == 0 ? 1 : w->announcements[w->latest[product] - 1].revision + 1;
    struct fh_buf payload;
    struct fh_buf record;
    uint8_t summary[240];
    random_bytes(w, summary, sizeof summary);
    fh_buf_init(&payload, FH_RECORD_GOSSIP_BYTES_MAX);
    fh_buf_init(&record, FH_RECORD_GOSSIP_BYTES_MAX);
    fh_pack_array(&payload, 5);
    fh_pack_uint(&payload, 1);
    fh_pack_bin(&payload, fh_bytes(node->domain.b, sizeof node->domain.b));
    fh_pack_uint(&payload, product);
    fh_pack_uint(&payload, revision);
    fh_pack_bin(&payload, fh_bytes(summary, sizeof summary));
    fh_record_seal(&record, FH_RECORD_ANNOUNCEMENT, &w->mesh, fh_buf_view(&payload), &node->secret);
    FH_ASSERT(fh_buf_ok(&record) == FH_OK);
    w->announcements =
        must(fh_realloc(w->announcements, (w->announcement_count + 1) * sizeof *w->announcements));
    struct sim_announcement *a = &w->announcements[w->announcement_count++];
    *a = (struct sim_announcement){.product = product,
                                   .revision = revision,
                                   .owner = node->index,
                                   .born_ms = w->now_ms,
                                   .size = record.size,
                                   .bytes = must(fh_alloc(record.size))};
    memcpy(a->bytes, record.data, record.size);
    w->latest[product] = w->announcement_count;
    fh_buf_fini(&payload);
    fh_buf_fini(&record);
    sim_say(w, node, "announces");
    (void)keep(w, node, fh_bytes(a->bytes, a->size), true);
}

/* ---- sessions -------------------------------------------------------------------------------- */

static void learn_all(struct sim_world *w, struct sim_node *from, struct sim_node *to)
{
    uint64_t cursor = 0;
    struct fh_bytes record;
    while (sim_is_up(to) && fh_gossip_records(from->core, &cursor, &record)) {
        w->figures.session_bytes += record.size + 3;
        struct fh_gossip_event event = {.kind = FH_GOSSIP_RECORD,
                                        .u.record = {.bytes = record, .from = from->id}};
        step(w, to, &event);
    }
    for (uint32_t p = 0; p < SIM_PRODUCTS_MAX && sim_is_up(to); p++) {
        if (from->revision[p] > to->revision[p]) {
            for (uint32_t i = w->announcement_count; i > 0; i--) {
                const struct sim_announcement *a = &w->announcements[i - 1];
                if (a->product == p && a->revision == from->revision[p]) {
                    w->figures.session_bytes += a->size + 3;
                    (void)keep(w, to, fh_bytes(a->bytes, a->size), false);
                    break;
                }
            }
        }
    }
}

/* Both hand over everything, unless their fingerprints say that there is nothing to hand over. */
static void synchronise(struct sim_world *w, struct sim_node *node, struct sim_node *peer)
{
    uint8_t a[FH_GOSSIP_FINGERPRINT_BYTES];
    uint8_t b[FH_GOSSIP_FINGERPRINT_BYTES];
    fh_gossip_fingerprint(node->core, a);
    fh_gossip_fingerprint(peer->core, b);
    w->figures.sessions++;
    w->figures.session_bytes += SESSION_BYTES;
    if (memcmp(a, b, sizeof a) == 0 &&
        memcmp(node->revision, peer->revision, sizeof node->revision) == 0) {
        return;
    }
    learn_all(w, peer, node);
    if (sim_is_up(node)) {
        learn_all(w, node, peer);
    }
}

static bool
answers(const struct sim_world *w, const struct sim_node *node, const struct sim_node *peer)
{
    return peer != NULL && peer != node && sim_is_up(peer) && reaches(node, peer) &&
           reaches(peer, node) && peer->paused_until_ms <= w->now_ms;
}

static void on_sync(struct sim_world *w, struct sim_node *node, const struct sim_event *event)
{
    struct sim_node *peer = &w->nodes[event->peer];
    bool done = event->done && answers(w, node, peer);
    if (done) {
        synchronise(w, node, peer);
    } else if (event->done) {
        struct sim_event later = *event;
        later.at_ms = w->now_ms + SESSION_FAIL_MS;
        later.done = false;
        push(w, later);
        return;
    }
    if (sim_is_up(node)) {
        struct fh_gossip_event synced = {.kind = FH_GOSSIP_SYNCED, .u.synced = {.done = done}};
        synced.u.synced.node = peer->id;
        step(w, node, &synced);
    }
}

static void act_session(struct sim_world *w,
                        struct sim_node *node,
                        const struct fh_gossip_action *action,
                        enum sim_event_kind kind)
{
    const struct sim_node *peer = node_at(w, action->address);
    if (peer == NULL) {
        return;
    }
    push(w,
         (struct sim_event){.kind = kind,
                            .at_ms = w->now_ms +
                                     (w->options.exact ? SESSION_MS : SESSION_MS + delay_ms(w)),
                            .node = node->index,
                            .life = node->life,
                            .peer = peer->index,
                            .done = true,
                            .token = action->token});
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
            act_session(w, node, action, EVENT_SYNC);
            break;
        case FH_GOSSIP_PROBE_LINK:
            if (!w->options.no_links) {
                act_session(w, node, action, EVENT_LINK);
            }
            break;
        case FH_GOSSIP_LEFT:
            node->left = true;
            node->down_since_ms = w->now_ms;
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
        (void)keep(w, node, delivered[i], true);
    }
}

/* ---- operations ------------------------------------------------------------------------------ */

static void disturb(struct sim_world *w, struct sim_node *node, int64_t for_ms)
{
    int64_t until = w->now_ms + for_ms;
    node->disturbed_ms = w->now_ms;
    node->disturbed_until_ms = node->disturbed_until_ms > until ? node->disturbed_until_ms : until;
    w->last_fault_ms = w->now_ms;
}

static void start(struct sim_world *w, struct sim_node *node)
{
    if (node->core != NULL) {
        if (!node->left) {
            return;
        }
        take_down(w, node);
    }
    struct fh_gossip_options o = {.mesh = w->mesh,
                                  .domain = node->domain,
                                  .node_key = node->key,
                                  .agree_key = node->agree,
                                  .seed = fh_prng_u64(&w->prng),
                                  .label = node->label,
                                  .addresses = {node->address},
                                  .address_count = 1,
                                  .protocol_min = 1,
                                  .protocol_max = 1,
                                  .timing = fh_gossip_timing_lan(),
                                  .pool = w->pool,
                                  .trace = w->options.transcript != NULL};
    random_bytes(w, o.boot, sizeof o.boot);
    for (uint32_t i = 0; i < SEEDS && i < w->options.nodes; i++) {
        if (i != node->index) {
            o.seeds[o.seed_count++] = w->nodes[i].address;
        }
    }
    o.env = (struct fh_gossip_env){.user = node,
                                   .admitted = env_admitted,
                                   .seal = env_seal,
                                   .agree = env_agree,
                                   .verifier = fh_verifier_plain};
    struct fh_err err;
    if (fh_gossip_new(&node->core, &o, &err) != FH_OK) {
        (void)fprintf(stderr, "freehold-sim: %s\n", err.text);
        abort();
    }
    node->left = false;
    node->called_leave = false;
    node->tick_at_ms = FH_GOSSIP_NEVER;
    node->down_since_ms = -1;
    node->started_ms = w->now_ms;
    disturb(w, node, DISTURBED_START_MS);
    sim_check_started(w, node);
    struct fh_gossip_event event = {.kind = FH_GOSSIP_START,
                                    .u.start = {.generation = node->disk_generation}};
    step(w, node, &event);
    publish_catalogue(w, node);
    wind(w, node);
}

static void split(struct sim_world *w, uint32_t part, uint32_t of)
{
    for (uint32_t i = 0; i < w->options.nodes; i++) {
        w->nodes[i].island = of != 0 && i % of < part ? 1 : 0;
        disturb(w, &w->nodes[i], DISTURBED_SPLIT_MS);
    }
    sim_say(w, NULL, of == 0 ? "--- the network is whole again" : "--- the network splits");
}

static void operate(struct sim_world *w, enum sim_op op, uint32_t a, uint32_t b)
{
    struct sim_node *node = &w->nodes[a % w->options.nodes];
    sim_mix(w, (uint64_t)op << 40 ^ (uint64_t)a << 20 ^ b);
    switch (op) {
    case SIM_OP_START:
        start(w, node);
        break;
    case SIM_OP_CRASH:
        if (node->core != NULL) {
            sim_say(w, node, "--- crashes");
            disturb(w, node, 0);
            take_down(w, node);
        }
        break;
    case SIM_OP_RESTART:
        if (b == 1 && !sim_is_up(node)) {
            memset(node->revision, 0, sizeof node->revision);
        }
        start(w, node);
        break;
    case SIM_OP_LEAVE:
        if (sim_is_up(node) && !node->called_leave) {
            struct fh_gossip_event event = {.kind = FH_GOSSIP_LEAVE};
            node->called_leave = true;
            disturb(w, node, 0);
            step(w, node, &event);
        }
        break;
    case SIM_OP_PAUSE:
        sim_say(w, node, "--- stands still");
        node->paused_until_ms = w->now_ms + b;
        disturb(w, node, b + DISTURBED_PAUSE_MS);
        break;
    case SIM_OP_SPLIT:
        split(w, a, b);
        break;
    case SIM_OP_HEAL:
        split(w, 0, 0);
        break;
    case SIM_OP_DEAF:
        sim_say(w, node, b != 0 ? "--- hears nothing" : "--- hears again");
        node->deaf = b != 0;
        for (uint32_t i = 0; i < w->options.nodes; i++) {
            disturb(w, &w->nodes[i], DISTURBED_SPLIT_MS);
        }
        break;
    case SIM_OP_ANNOUNCE:
        announce(w, node, b);
        break;
    case SIM_OP_LIE:
        if (sim_is_up(node)) {
            sim_lie(w, node, b);
        }
        break;
    case SIM_OP_REPLAY:
        sim_replay(w, b);
        break;
    case SIM_OP_COUNT:
        break;
    }
}

void sim_at(struct sim_world *w, int64_t at_ms, enum sim_op op, uint32_t a, uint32_t b)
{
    push(w, (struct sim_event){.kind = EVENT_OP, .at_ms = at_ms, .op = op, .node = a, .token = b});
}

/* ---- the loop -------------------------------------------------------------------------------- */

static void handle(struct sim_world *w, struct sim_event *event)
{
    struct sim_node *node = &w->nodes[event->node % w->options.nodes];
    if (event->kind == EVENT_OP) {
        operate(w, event->op, event->node, (uint32_t)event->token);
        return;
    }
    if (node->core == NULL || node->left || node->life != event->life) {
        return;
    }
    if (node->paused_until_ms > w->now_ms) {
        event->at_ms = node->paused_until_ms;
        push(w, *event);
        event->bytes = NULL; /* goes on with the pushed one */
        return;
    }
    struct fh_gossip_event step_event = {0};
    switch (event->kind) {
    case EVENT_DATAGRAM:
        step_event.kind = FH_GOSSIP_DATAGRAM;
        step_event.u.datagram.bytes = fh_bytes(event->bytes, event->size);
        step_event.u.datagram.from = event->from;
        step(w, node, &step_event);
        break;
    case EVENT_TICK:
        if ((int64_t)event->token == node->tick_at_ms) {
            node->tick_at_ms = FH_GOSSIP_NEVER;
            step_event.kind = FH_GOSSIP_TICK;
            step(w, node, &step_event);
        }
        break;
    case EVENT_SYNC:
        on_sync(w, node, event);
        break;
    case EVENT_LINK:
        step_event.kind = FH_GOSSIP_LINK_PROBED;
        step_event.u.link.token = event->token;
        step_event.u.link.reached = answers(w, node, &w->nodes[event->peer]);
        step(w, node, &step_event);
        break;
    case EVENT_OP:
        break;
    }
}

void sim_run(struct sim_world *w, int64_t until_ms)
{
    while (w->heap_count > 0 && w->heap[0].at_ms <= until_ms) {
        struct sim_event event = pop(w);
        if (event.at_ms / 5000 != w->now_ms / 5000) {
            struct sim_node *node = &w->nodes[fh_prng_below(&w->prng, w->options.nodes)];
            w->now_ms = event.at_ms;
            if (sim_is_up(node)) {
                sim_check_node(w, node);
            }
        }
        w->now_ms = event.at_ms;
        handle(w, &event);
        fh_free(event.bytes);
    }
    w->now_ms = until_ms;
}

unsigned sim_up(const struct sim_world *w)
{
    unsigned up = 0;
    for (uint32_t i = 0; i < w->options.nodes; i++) {
        up += sim_is_up(&w->nodes[i]) ? 1 : 0;
    }
    return up;
}

static bool sees_right(const struct sim_world *w, const struct sim_node *node)
{
    unsigned live = 0;
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
    return live == sim_up(w);
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
        uint8_t own[FH_GOSSIP_FINGERPRINT_BYTES];
        fh_gossip_fingerprint(node->core, own);
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
