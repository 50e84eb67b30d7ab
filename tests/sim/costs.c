/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fh-gossip-costs: what two things cost that no simulated network is needed for, in bytes, round
 * trips and processor time, with real records, signatures and the production code of both ends.
 *
 *     change  one announcement among a hundred thousand is another one: range reconciliation
 *     join    a newcomer takes in the identities of all domains, then the records of all members,
 *             page by page, as it is handed them; each signature is checked here
 *
 * One JSON object a line; 1 when a bound is missed (bytes and round trips: time is only told).
 */
#include "common/assert.h"
#include "common/mem.h"
#include "common/time.h"
#include "proto/gossip/core.h"
#include "proto/gossip/reconcile.h"
#include "proto/session/messages.h"
#include "tests/lib/identities.h"
#include "tests/lib/products.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    DOMAINS = 200,
    CHANGES = 50,
    CHANGE_BYTES_MAX = 2048, /* with the record */
    CHANGE_TRIPS_MAX = 4,
    JOIN_BYTES_MAX = 5 * 1000 * 1000,
    RECORD_BYTES = FH_RECORD_GOSSIP_BYTES_MAX + 8, /* in a page */
};

static void must(bool right, const char *what)
{
    if (!right) {
        (void)fprintf(stderr, "fh-gossip-costs: %s\n", what);
        exit(2);
    }
}

static void random_bytes(struct fh_prng *prng, uint8_t *out, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        out[i] = (uint8_t)fh_prng_below(prng, 256);
    }
}

/* ---- one change ------------------------------------------------------------------------------ */

struct change {
    size_t lacks;
    size_t bytes;
    unsigned trips;
};

static void on_lacks(void *user, const struct fh_ref *ref)
{
    (void)ref;
    ((struct change *)user)->lacks++;
}

static void on_extra(void *user, const struct fh_range_element *element)
{
    (void)user;
    (void)element;
}

/* One end finds out what the other holds, message by message. */
static struct change
find_out(const struct fh_rangeset *one, const struct fh_rangeset *other, size_t record_bytes)
{
    struct change c = {0};
    struct fh_reconcile_found found = {on_lacks, on_extra, &c};
    struct fh_err err;
    struct fh_buf message;
    struct fh_buf answer;
    fh_buf_init(&message, FH_RECONCILE_BYTES_MAX + 8);
    fh_buf_init(&answer, FH_RECONCILE_BYTES_MAX + 8);
    fh_reconcile_begin(one, &message);
    while (message.size > 0) {
        c.trips++;
        c.bytes += message.size;
        fh_buf_reset(&answer);
        must(fh_reconcile_answer(other, fh_buf_view(&message), &answer, &err) == FH_OK, err.text);
        c.bytes += answer.size;
        fh_buf_reset(&message);
        must(fh_reconcile_next(one, fh_buf_view(&answer), &found, &message, &err) == FH_OK,
             err.text);
    }
    fh_buf_fini(&message);
    fh_buf_fini(&answer);
    /* The record is asked for by the beginning of its id, and comes. */
    c.bytes += c.lacks * (FH_REF_BYTES + 2 + record_bytes);
    c.trips += c.lacks > 0 ? 1 : 0;
    return c;
}

/* An announcement as the demo's are, with a title and a line about it. */
static size_t announcement_bytes(void)
{
    const struct test_domain domain = test_domain_of(1);
    const struct fh_record_id contract = {{1}};
    const struct fh_mesh_id mesh = {{1}};
    const struct test_product product = {
        .name = "flights",
        .purpose =
            "One row for each domestic flight of the year, with its airports, delay and carrier."};
    struct fh_announcement said = test_announcement_of(&product, &domain.id, &contract, 2000);
    struct fh_buf record;
    fh_buf_init(&record, FH_RECORD_GOSSIP_BYTES_MAX);
    (void)test_announcement_record(&record, &said, &domain.node, &mesh);
    size_t size = record.size;
    fh_buf_fini(&record);
    return size;
}

static bool change(unsigned products)
{
    size_t record_bytes = announcement_bytes();
    struct fh_prng prng;
    struct fh_err err;
    struct fh_rangeset *one = NULL;
    struct fh_rangeset *other = NULL;
    struct fh_domain_id domain;
    struct fh_record_id id;
    char name[16];
    fh_prng_init(&prng, 99);
    must(fh_rangeset_new(&one, products, &err) == FH_OK, err.text);
    must(fh_rangeset_new(&other, products, &err) == FH_OK, err.text);
    for (unsigned i = 0; i < products; i++) {
        if (i % ((products + DOMAINS - 1) / DOMAINS) == 0) {
            random_bytes(&prng, domain.b, sizeof domain.b);
        }
        (void)snprintf(name, sizeof name, "p%u", i);
        struct fh_range_key key = fh_reconcile_place_key(&domain, name, 1);
        random_bytes(&prng, id.b, sizeof id.b);
        must(fh_rangeset_put(one, &key, &id, &err) == FH_OK, err.text);
        must(fh_rangeset_put(other, &key, &id, &err) == FH_OK, err.text);
    }
    struct change most = {0};
    for (unsigned i = 0; i < CHANGES; i++) {
        struct fh_range_element kept =
            *fh_rangeset_at(other, (size_t)fh_prng_below(&prng, products));
        random_bytes(&prng, id.b, sizeof id.b);
        must(fh_rangeset_put(other, &kept.key, &id, &err) == FH_OK, err.text);
        struct change c = find_out(one, other, record_bytes);
        must(c.lacks == 1, "a change was not found");
        most.bytes = c.bytes > most.bytes ? c.bytes : most.bytes;
        most.trips = c.trips > most.trips ? c.trips : most.trips;
        must(fh_rangeset_put(other, &kept.key, &kept.id, &err) == FH_OK, err.text);
    }
    fh_rangeset_free(one);
    fh_rangeset_free(other);
    (void)printf("{\"cost\":\"change\",\"products\":%u,\"bytes\":%zu,\"record_bytes\":%zu,"
                 "\"round_trips\":%u}\n",
                 products,
                 most.bytes,
                 record_bytes,
                 most.trips);
    return most.bytes <= CHANGE_BYTES_MAX && most.trips <= CHANGE_TRIPS_MAX;
}

/* ---- a cold join ----------------------------------------------------------------------------- */

struct page {
    struct fh_bytes *records; /* into `bytes` */
    size_t count;
    size_t max;
    struct fh_buf bytes; /* bins, as pages have them */
};

/* What the mesh holds, and the newcomer that takes it in. */
struct joining {
    unsigned nodes;
    struct test_domain domains[DOMAINS];
    struct fh_mesh_id mesh;
    struct page identity;
    struct page members;
    struct fh_directory *dir;
    struct fh_gossip *core;
    struct test_key self;
    struct fh_agree_public agree;
};

static void page_init(struct page *page, size_t max)
{
    page->max = max;
    page->count = 0;
    page->records = fh_calloc(max, sizeof *page->records);
    must(page->records != NULL, "out of memory");
    fh_buf_init(&page->bytes, max * RECORD_BYTES * 2);
}

static void page_add(struct page *page, struct fh_bytes record)
{
    must(page->count++ < page->max, "more records than expected");
    fh_pack_bin(&page->bytes, record);
}

/* Bytes are where they stay by now. */
static void page_end(struct page *page)
{
    struct fh_pack_reader in;
    must(fh_buf_ok(&page->bytes) == FH_OK, "out of memory");
    fh_pack_read_init(&in, fh_buf_view(&page->bytes));
    for (size_t i = 0; i < page->count; i++) {
        page->records[i] = fh_pack_read_bin(&in, FH_RECORD_BYTES_MAX);
    }
}

static void page_fini(struct page *page)
{
    fh_free(page->records);
    fh_buf_fini(&page->bytes);
}

static struct test_key node_key(const struct joining *j, unsigned node)
{
    return node < DOMAINS ? j->domains[node].node : test_key_of("costs", node);
}

/* A domain has one node key at a time (several need a lease that is not built). The keys of its
 * other nodes are delegated as those of members here: such a record has the same bytes and checks,
 * and the newcomer's core is told that they may be nodes. */
static void add_delegations(struct joining *j)
{
    for (unsigned i = 0; i < j->nodes; i++) {
        struct test_key key = node_key(j, i);
        enum fh_role role = i < DOMAINS ? FH_ROLE_NODE : FH_ROLE_MEMBER;
        struct test_record record = test_delegation(&j->domains[i % DOMAINS], &key, role, &j->mesh);
        page_add(&j->identity, test_bytes(&record));
    }
}

static void make_identities(struct joining *j)
{
    const struct test_domain *first = &j->domains[0];
    for (unsigned i = 0; i < DOMAINS; i++) {
        j->domains[i] = test_domain_of(i);
        if (i == 0) {
            struct test_record charter = test_charter_1(first, &j->mesh);
            page_add(&j->identity, test_bytes(&first->inception));
            page_add(&j->identity, test_bytes(&charter));
        }
    }
    for (unsigned i = 0; i < DOMAINS; i++) {
        const struct test_domain *domain = &j->domains[i];
        struct test_record publisher =
            test_delegation(domain, &domain->publisher, FH_ROLE_PUBLISHER, &j->mesh);
        if (i > 0) {
            struct test_record invitation = test_invitation(first, i, domain->name, &j->mesh);
            struct test_record admission = test_admission(first, domain, i, &invitation, &j->mesh);
            page_add(&j->identity, test_bytes(&domain->inception));
            page_add(&j->identity, test_bytes(&admission));
        }
        page_add(&j->identity, test_bytes(&publisher));
    }
    add_delegations(j);
    page_end(&j->identity);
}

static void make_members(struct joining *j)
{
    struct fh_buf payload;
    struct fh_buf record;
    fh_buf_init(&payload, FH_RECORD_GOSSIP_BYTES_MAX);
    fh_buf_init(&record, FH_RECORD_GOSSIP_BYTES_MAX);
    for (unsigned i = 0; i < j->nodes; i++) {
        struct test_key key = node_key(j, i);
        char address[32];
        (void)snprintf(address, sizeof address, "10.%u.%u.17:7400", i / 250, i % 250);
        struct fh_fact fact = {.node = fh_node_id_of(&key.public_key),
                               .generation = (uint64_t)TEST_START_MS / 1000,
                               .issued_ms = TEST_START_MS + TEST_HOUR_MS,
                               .alive = {.domain = j->domains[i % DOMAINS].id,
                                         .key = key.public_key,
                                         .ttl_ms = FH_ALIVE_TTL_MS,
                                         .protocol_min = 1,
                                         .protocol_max = 1,
                                         .address_count = 1,
                                         .address = {address}}};
        memcpy(fact.alive.agree.b, key.seed, sizeof fact.alive.agree.b);
        fh_buf_reset(&payload);
        fh_buf_reset(&record);
        fh_alive_pack(&payload, &fact);
        fh_record_seal(&record, FH_RECORD_ALIVE, &j->mesh, fh_buf_view(&payload), &key.secret);
        page_add(&j->members, fh_buf_view(&record));
    }
    fh_buf_fini(&payload);
    fh_buf_fini(&record);
    page_end(&j->members);
}

static bool env_admitted(void *user,
                         const struct fh_domain_id *domain,
                         const struct fh_sign_public *key,
                         int64_t wall_ms)
{
    const struct joining *j = user;
    struct fh_key_id id = fh_key_id_of(key);
    struct fh_ref ref = fh_key_id_ref(&id);
    struct fh_err err;
    unsigned roles = FH_ROLE_MASK(FH_ROLE_NODE) | FH_ROLE_MASK(FH_ROLE_MEMBER);
    return fh_directory_signer(j->dir, &ref, domain, wall_ms, roles, NULL, &err) == FH_OK;
}

static void env_seal(void *user, struct fh_buf *out, unsigned type, struct fh_bytes payload)
{
    const struct joining *j = user;
    fh_record_seal(out, type, &j->mesh, payload, &j->self.secret);
}

/* The newcomer sends nothing here. */
static bool env_agree(void *user, uint8_t out_shared[32], const struct fh_agree_public *peer)
{
    (void)user;
    (void)out_shared;
    (void)peer;
    return false;
}

static void step(struct joining *j, struct fh_gossip_event *event)
{
    static struct fh_gossip_actions actions;
    struct fh_err err;
    event->now_ms = 1;
    event->wall_ms = TEST_START_MS + 2 * TEST_HOUR_MS;
    must(fh_gossip_step(j->core, event, &actions, &err) == FH_OK, err.text);
}

/* A domain's member of its own, who knows the mesh and nobody in it. */
static void begin(struct joining *j)
{
    j->self = test_key_of("newcomer", 1);
    memcpy(j->agree.b, j->self.seed, sizeof j->agree.b);
    struct fh_gossip_options options = {.mesh = j->mesh,
                                        .domain = j->domains[0].id,
                                        .node_key = j->self.public_key,
                                        .agree_key = j->agree,
                                        .seed = 1,
                                        .label = "newcomer",
                                        .addresses = {"10.200.1.1:7400"},
                                        .address_count = 1,
                                        .protocol_min = 1,
                                        .protocol_max = 1,
                                        .timing = fh_gossip_timing_lan(),
                                        .env = {.user = j,
                                                .admitted = env_admitted,
                                                .seal = env_seal,
                                                .agree = env_agree,
                                                .verifier = fh_verifier_plain}};
    struct fh_err err;
    j->dir = fh_directory_new(&j->mesh, &fh_verifier_plain);
    must(j->dir != NULL, "out of memory");
    must(fh_gossip_new(&j->core, &options, &err) == FH_OK, err.text);
    struct fh_gossip_event start = {.kind = FH_GOSSIP_START};
    step(j, &start);
}

static void take_in(struct joining *j)
{
    struct fh_err err;
    must(fh_directory_add_all(j->dir,
                              j->identity.records,
                              j->identity.count,
                              TEST_START_MS + 2 * TEST_HOUR_MS,
                              NULL,
                              &err) == FH_OK,
         err.text);
    struct fh_node_id from = fh_node_id_of(&j->domains[1].node.public_key);
    for (size_t i = 0; i < j->members.count; i++) {
        struct fh_gossip_event event = {.kind = FH_GOSSIP_RECORD,
                                        .u.record = {.bytes = j->members.records[i], .from = from}};
        step(j, &event);
    }
}

static bool join(unsigned nodes)
{
    struct joining *j = fh_calloc(1, sizeof *j);
    must(j != NULL, "out of memory");
    j->nodes = nodes;
    page_init(&j->identity, (size_t)nodes + 4 * DOMAINS);
    page_init(&j->members, nodes);
    make_identities(j);
    make_members(j);
    begin(j);
    clock_t began = clock();
    take_in(j);
    double seconds = (double)(clock() - began) / CLOCKS_PER_SEC;
    unsigned known = fh_gossip_member_count(j->core, FH_MEMBER_UNVERIFIED);
    must(known == nodes, "not all members were taken in");
    size_t bytes = j->identity.bytes.size + j->members.bytes.size;
    (void)printf("{\"cost\":\"join\",\"nodes\":%u,\"domains\":%d,\"bytes\":%zu,"
                 "\"identity_bytes\":%zu,\"member_bytes\":%zu,\"signatures\":%zu,"
                 "\"cpu_seconds\":%.2f}\n",
                 nodes,
                 DOMAINS,
                 bytes,
                 j->identity.bytes.size,
                 j->members.bytes.size,
                 j->identity.count + j->members.count,
                 seconds);
    fh_gossip_free(j->core);
    fh_directory_free(j->dir);
    page_fini(&j->identity);
    page_fini(&j->members);
    fh_free(j);
    return bytes <= JOIN_BYTES_MAX;
}

int main(int argc, char **argv)
{
    unsigned long products = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
    unsigned long nodes = argc > 2 ? strtoul(argv[2], NULL, 10) : 10000;
    if (argc > 3 || products < DOMAINS || products > 1000000 || nodes < DOMAINS ||
        nodes > FH_MEMBERS_MAX || fh_crypto_init() != FH_OK) {
        (void)fprintf(stderr, "usage: fh-gossip-costs [PRODUCTS [NODES]], at least 200 of each\n");
        return 2;
    }
    bool kept = change((unsigned)products);
    kept = join((unsigned)nodes) && kept;
    return kept ? 0 : 1;
}
