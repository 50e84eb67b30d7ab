/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/world_impl.h"

#include "common/assert.h"
#include "common/mem.h"
#include "tests/sim/check.h"
#include "tests/sim/crypto_double.h"
#include "tests/sim/memberlist.h"

#include <stdlib.h>
#include <string.h>

enum {
    DOMAIN_EACH = 2000, /* in larger worlds several nodes are of one domain */
    VOUCHERS = 5,
    DOMAINS = 200,
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

static struct sim_key *key_place(const struct sim_world *w, const struct fh_sign_public *public)
{
    uint64_t key = fh_get_u64be(public->b);
    uint32_t at = (uint32_t)(key >> 32) & (w->index_size - 1);
    while (w->by_key[at].node != 0 && w->by_key[at].key != key) {
        at = (at + 1) & (w->index_size - 1);
    }
    return &w->by_key[at];
}

/* ---- doubles around a core ------------------------------------------------------------------- */

static bool env_admitted(void *user,
                         const struct fh_domain_id *domain,
                         const struct fh_sign_public *key,
                         int64_t wall_ms)
{
    const struct sim_node *self = user;
    (void)wall_ms;
    const struct sim_key *found = key_place(self->world, key);
    return found->node != 0 && found->domain == fh_get_u64be(domain->b);
}

/* Five domains that are in no world have admitted all of them. */
struct fh_domain_id sim_voucher(const struct fh_domain_id *domain)
{
    return (struct fh_domain_id){{domain->b[0] % VOUCHERS}};
}

static struct fh_domain_id env_voucher(void *user, const struct fh_domain_id *domain)
{
    (void)user;
    return sim_voucher(domain);
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
                                  .voucher = env_voucher,
                                  .seal = env_seal,
                                  .agree = env_agree,
                                  .verifier = sim_verifier};
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

struct sim_node *sim_node_of_ref(const struct sim_world *w, const struct fh_ref *ref)
{
    uint32_t at = fh_get_u32be(ref->b) & (w->index_size - 1);
    while (w->index[at] != 0 &&
           memcmp(w->nodes[w->index[at] - 1].id.b, ref->b, FH_REF_BYTES) != 0) {
        at = (at + 1) & (w->index_size - 1);
    }
    return w->index[at] == 0 ? NULL : &w->nodes[w->index[at] - 1];
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
    if (w->options.nodes > DOMAIN_EACH) {
        node->domain = w->nodes[i % DOMAINS].domain;
    }
    *key_place(w, &node->key) = (struct sim_key){
        .key = fh_get_u64be(node->key.b), .domain = fh_get_u64be(node->domain.b), .node = i + 1};
}

struct sim_node *sim_node_at(const struct sim_world *w, const char *address)
{
    uint32_t i = 0;
    for (const char *c = address + 1; *c >= '0' && *c <= '9'; c++) {
        i = i * 10 + (uint32_t)(*c - '0');
    }
    struct sim_node *node = i < w->options.nodes ? &w->nodes[i] : NULL;
    return node != NULL && strcmp(node->address, address) == 0 ? node : NULL;
}

struct sim_world *sim_world_new(const struct sim_options *options)
{
    struct sim_world *w = sim_must(fh_calloc(1, sizeof *w));
    w->options = *options;
    fh_prng_init(&w->prng, options->seed);
    sim_random_bytes(w, w->mesh.b, sizeof w->mesh.b);
    w->events = sim_events_new();
    w->pool = sim_must(fh_fact_pool_new());
    w->nodes = sim_must(fh_calloc(options->nodes, sizeof *w->nodes));
    w->index_size = 64;
    while (w->index_size < 2 * options->nodes) {
        w->index_size *= 2;
    }
    w->index = sim_must(fh_calloc(w->index_size, sizeof *w->index));
    w->by_key = sim_must(fh_calloc(w->index_size, sizeof *w->by_key));
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
void sim_gone(struct sim_world *w, struct sim_node *node)
{
    node->down_since_ms = w->now_ms;
    w->up--;
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

/* The daemon keeps what it knows as it learns it. */
static void save_members(struct sim_node *node)
{
    uint64_t cursor = 0;
    struct fh_bytes record;
    fh_buf_fini(&node->disk_members);
    fh_buf_init(&node->disk_members, SIM_DISK_BYTES_MAX);
    while (fh_gossip_records(node->core, &cursor, &record)) {
        fh_pack_bin(&node->disk_members, record);
    }
    FH_ASSERT(fh_buf_ok(&node->disk_members) == FH_OK);
}

void sim_take_down(struct sim_world *w, struct sim_node *node)
{
    if (!sim_runs(node)) {
        return;
    }
    if (!node->left) {
        sim_gone(w, node);
    }
    if (node->core != NULL) {
        save_members(node);
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
        fh_buf_fini(&w->nodes[i].disk_members);
    }
    sim_sessions_free(w);
    sim_holdings_free(w->holdings);
    for (uint32_t i = 0; i < w->announcement_count; i++) {
        fh_free(w->announcements[i].bytes);
    }
    fh_free(w->announcements);
    sim_events_free(w->events);
    fh_free(w->index);
    fh_free(w->by_key);
    fh_free(w->nodes);
    fh_fact_pool_free(w->pool);
    sim_check_free(w->check);
    fh_free(w);
}

/* ---- agreement ------------------------------------------------------------------------------- */

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

static bool
agrees(const struct sim_world *w, const struct sim_node *node, const struct sim_node *first)
{
    uint8_t own[FH_GOSSIP_FINGERPRINT_BYTES] = {0};
    uint8_t wanted[FH_GOSSIP_FINGERPRINT_BYTES] = {0};
    if (node->core != NULL) {
        fh_gossip_fingerprint(node->core, own);
        fh_gossip_fingerprint(first->core, wanted);
    }
    return memcmp(own, wanted, sizeof own) == 0 &&
           memcmp(node->revision, first->revision, sizeof first->revision) == 0 &&
           sees_right(w, node);
}

bool sim_agrees(struct sim_world *w)
{
    const struct sim_node *first = NULL;
    uint32_t nodes = w->options.nodes;
    for (uint32_t i = 0; i < nodes; i++) {
        uint32_t at = (w->doubtful + i) % nodes; /* whoever was last, is so for long */
        const struct sim_node *node = &w->nodes[at];
        if (!sim_is_up(node)) {
            continue;
        }
        first = first == NULL ? node : first;
        if (!agrees(w, node, first)) {
            w->doubtful = at;
            return false;
        }
    }
    return true;
}
