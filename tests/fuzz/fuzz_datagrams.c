/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the gossip core with what a network can send. The first byte chooses the way in: raw
 * datagrams, content that an admitted peer sealed, records over a session. The rest is a list of
 * pieces, each with a 2-byte length. Between pieces time passes; the core must keep its rules.
 */
#include "proto/gossip/core.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WALL_MS INT64_C(1772323200000)

enum { RAW, CONTENT, RECORD, WAYS };

struct party {
    struct fh_sign_public key;
    struct fh_sign_secret secret;
    struct fh_agree_public agree;
};

static const struct fh_mesh_id mesh = {{1}};
static struct fh_gossip_actions actions;
static struct party victim;
static struct party peer;

static void require(bool right, const char *what)
{
    if (!right) {
        (void)fprintf(stderr, "fuzz_datagrams: %s\n", what);
        abort();
    }
}

static bool admitted(void *user,
                     const struct fh_domain_id *domain,
                     const struct fh_sign_public *key,
                     int64_t wall_ms)
{
    (void)user;
    (void)domain;
    (void)key;
    (void)wall_ms;
    return true;
}

static void seal(void *user, struct fh_buf *out, unsigned type, struct fh_bytes payload)
{
    const struct party *p = user;
    fh_record_seal(out, type, &mesh, payload, &p->secret);
}

static bool agree(void *user, uint8_t out_shared[32], const struct fh_agree_public *other)
{
    (void)user;
    (void)other;
    for (size_t i = 0; i < 32; i++) {
        out_shared[i] = 7;
    }
    return true;
}

/* Everything is signed as far as this is concerned: the fuzzer shall get past it. */
static bool verify(void *user,
                   const struct fh_signature *signature,
                   struct fh_bytes message,
                   const struct fh_sign_public *key)
{
    (void)user;
    (void)signature;
    (void)message;
    (void)key;
    return true;
}

static struct fh_gossip *open_core(struct party *p)
{
    struct fh_gossip_options o = {.mesh = mesh,
                                  .node_key = p->key,
                                  .agree_key = p->agree,
                                  .label = "fuzz",
                                  .addresses = {"h:1"},
                                  .address_count = 1,
                                  .protocol_max = 1,
                                  .timing = fh_gossip_timing_lan(),
                                  .env = {.user = p,
                                          .admitted = admitted,
                                          .seal = seal,
                                          .agree = agree,
                                          .verifier = {verify, NULL}}};
    struct fh_gossip *g = NULL;
    require(fh_gossip_new(&g, &o, NULL) == FH_OK, "no core");
    struct fh_gossip_event start = {.kind = FH_GOSSIP_START, .wall_ms = WALL_MS};
    require(fh_gossip_step(g, &start, &actions, NULL) == FH_OK, "no start");
    return g;
}

static void learn(struct fh_gossip *g, struct fh_bytes record, const struct fh_node_id *from)
{
    struct fh_gossip_event event = {
        .kind = FH_GOSSIP_RECORD, .now_ms = 1, .wall_ms = WALL_MS, .u.record = {.bytes = record}};
    event.u.record.from = *from;
    require(fh_gossip_step(g, &event, &actions, NULL) == FH_OK, "a record failed");
}

/* Seals any content as the peer would. */
static struct fh_bytes
sealed(struct fh_gossip *by, const struct fh_gossip *to, struct fh_bytes content, uint8_t *out)
{
    uint8_t shared[32];
    uint8_t key[FH_AEAD_KEY_BYTES];
    struct fh_node_id sender = fh_gossip_self(by);
    struct fh_node_id receiver = fh_gossip_self(to);
    struct fh_datagram_header header = {.boot = by->boot, .counter = by->counter++};
    (void)agree(NULL, shared, NULL);
    fh_datagram_key(key, shared, &mesh, &sender, &receiver, &by->boot);
    fh_datagram_mesh_tag(header.tag, &mesh);
    memcpy(header.sender, sender.b, sizeof header.sender);
    return fh_bytes(out, fh_datagram_seal(out, &header, key, content));
}

static void check(const struct fh_gossip *g)
{
    struct fh_gossip_member self;
    uint8_t fast[FH_GOSSIP_FINGERPRINT_BYTES];
    uint8_t slow[FH_GOSSIP_FINGERPRINT_BYTES];
    require(fh_gossip_member_at(g, 0, &self), "no own entry");
    require(self.self && self.state == FH_MEMBER_ALIVE, "holds itself for something else");
    fh_members_fingerprint(&g->members, fast);
    fh_members_fingerprint_slow(&g->members, slow);
    require(memcmp(fast, slow, sizeof fast) == 0, "fingerprint differs");
    for (unsigned i = 0; i < actions.count; i++) {
        require(actions.items[i].kind != FH_GOSSIP_SEND ||
                    actions.items[i].bytes.size <= FH_DATAGRAM_BYTES_MAX,
                "a datagram is too long");
    }
}

static void
give(struct fh_gossip *g, struct fh_gossip *by, unsigned way, struct fh_bytes piece, int64_t now_ms)
{
    uint8_t out[FH_DATAGRAM_BYTES_MAX];
    struct fh_gossip_event event = {.now_ms = now_ms, .wall_ms = WALL_MS + now_ms};
    if (way == RECORD) {
        event.kind = FH_GOSSIP_RECORD;
        event.u.record.bytes = piece;
        event.u.record.from = fh_gossip_self(by);
    } else {
        event.kind = FH_GOSSIP_DATAGRAM;
        event.u.datagram.from = "h:2";
        event.u.datagram.bytes = piece;
        if (way == CONTENT) {
            if (piece.size > FH_DATAGRAM_CONTENT_BYTES_MAX) {
                piece.size = FH_DATAGRAM_CONTENT_BYTES_MAX;
            }
            event.u.datagram.bytes = sealed(by, g, piece, out);
        }
    }
    require(fh_gossip_step(g, &event, &actions, NULL) == FH_OK, "a step failed");
    check(g);
    event = (struct fh_gossip_event){
        .kind = FH_GOSSIP_TICK, .now_ms = now_ms, .wall_ms = WALL_MS + now_ms};
    require(fh_gossip_step(g, &event, &actions, NULL) == FH_OK, "a tick failed");
    check(g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    if (!ready) {
        require(fh_crypto_init() == FH_OK, "no crypto");
        fh_sign_keys((const uint8_t[FH_SEED_BYTES]){1}, &victim.key, &victim.secret);
        fh_sign_keys((const uint8_t[FH_SEED_BYTES]){2}, &peer.key, &peer.secret);
        ready = true;
    }
    if (size < 1) {
        return 0;
    }
    struct fh_gossip *g = open_core(&victim);
    struct fh_gossip *by = open_core(&peer);
    struct fh_node_id peer_id = fh_gossip_self(by);
    learn(g, fh_gossip_alive(by), &peer_id);
    unsigned way = data[0] % WAYS;
    int64_t now_ms = 10;
    size_t at = 1;
    while (at + 2 <= size) {
        size_t length = (size_t)data[at] << 8 | data[at + 1];
        at += 2;
        length = length > size - at ? size - at : length;
        give(g, by, way, fh_bytes(data + at, length), now_ms);
        at += length;
        now_ms += 700;
    }
    fh_gossip_free(g);
    fh_gossip_free(by);
    return 0;
}
