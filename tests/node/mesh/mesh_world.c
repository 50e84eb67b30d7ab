/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/node/mesh/mesh_world.h"

#include "common/mem.h"
#include "common/time.h"
#include "node/io/loop.h"
#include "node/io/udp.h"
#include "proto/identity/keyfile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

void mesh_world_must(int code, const struct fh_err *err)
{
    if (code != FH_OK) {
        fail_msg("%s: %s", err->rule, err->text);
    }
}

void mesh_world_turn(struct mesh_world *w)
{
    fh_loop_run_once(w->pair->loop, 20);
}

/* ---- the founder's node ---- */

static bool all_admitted(void *user,
                         const struct fh_domain_id *domain,
                         const struct fh_sign_public *node_key,
                         int64_t wall_ms)
{
    (void)user;
    (void)domain;
    (void)node_key;
    (void)wall_ms;
    return true;
}

static void seal(void *user, struct fh_buf *out, unsigned type, struct fh_bytes payload)
{
    struct mesh_world *w = user;
    const struct test_key *key = &w->pair->founder.node;
    fh_record_seal(out, type, &w->pair->id, payload, &key->secret);
}

static bool no_agreement(void *user, uint8_t out_shared[32], const struct fh_agree_public *peer)
{
    (void)user;
    (void)out_shared;
    (void)peer;
    return false;
}

void mesh_world_introduce(struct mesh_world *w)
{
    struct fh_gossip_options options = {
        .mesh = w->pair->id,
        .domain = w->pair->founder.id,
        .node_key = w->pair->founder.node.public_key,
        .label = w->pair->founder.name,
        .addresses = {w->pair->server.address},
        .address_count = 1,
        .protocol_min = FH_PROTOCOL_VERSION_MIN,
        .protocol_max = FH_PROTOCOL_VERSION_MAX,
        .timing = fh_gossip_timing_lan(),
        .env = {.user = w,
                .admitted = all_admitted,
                .seal = seal,
                .agree = no_agreement,
                .verifier = fh_verifier_plain},
    };
    fh_agree_public_of(&w->pair->server.agree, &options.agree_key);
    struct fh_gossip *core FH_CLEANUP(fh_gossip_freep) = NULL;
    struct fh_gossip_actions *actions = fh_calloc(1, sizeof *actions);
    struct fh_gossip_event start = {
        .kind = FH_GOSSIP_START, .now_ms = fh_clock_mono_ms(), .wall_ms = fh_clock_wall_ms()};
    start.u.start.generation = ++w->lives;
    mesh_world_must(fh_gossip_new(&core, &options, &w->err), &w->err);
    mesh_world_must(fh_gossip_step(core, &start, actions, &w->err), &w->err);
    struct fh_origin origin = {.bulk = true};
    bool is_new;
    mesh_world_must(fh_mesh_intake(w->mesh, fh_gossip_alive(core), &origin, &is_new, &w->err),
                    &w->err);
    fh_free(actions);
    const char *address;
    assert_true(fh_mesh_address(w->mesh, &w->pair->server.node, &address));
}

/* ---- the other's ---- */

static void on_refused(const struct fh_err *err, void *user)
{
    (void)user;
    fail_msg("%s", err->text);
}

static void on_datagram(struct fh_bytes datagram, const char *from, void *user)
{
    struct mesh_world *w = user;
    fh_mesh_datagram(w->mesh, datagram, from);
}

static void
write_key(struct mesh_world *w, const char *name, enum fh_key_kind kind, const uint8_t *seed)
{
    uint8_t bytes[FH_KEYFILE_BYTES];
    mesh_world_must(fh_keyfile_encode(bytes, kind, seed, NULL, &w->err), &w->err);
    mesh_world_must(fh_home_key_write(&w->home, name, fh_bytes(bytes, sizeof bytes), &w->err),
                    &w->err);
}

static void open_home(struct mesh_world *w)
{
    char path[128];
    w->scratch = test_scratch_make();
    test_scratch_path(path, sizeof path, &w->scratch, "home");
    mesh_world_must(fh_home_locate(&w->home, path, &w->err), &w->err);
    mesh_world_must(fh_home_create(&w->home, &w->err), &w->err);
    write_key(w, "node", FH_KEY_NODE, w->domain->node.seed);
    write_key(w, "node_agree", FH_KEY_NODE_AGREE, w->domain->node.seed);
    mesh_world_must(fh_keystore_open(&w->keys, &w->home, &w->err), &w->err);
    test_scratch_path(path, sizeof path, &w->scratch, "node.db");
    mesh_world_must(fh_store_open(&w->store, path, &w->err), &w->err);
    struct fh_catalog_options catalog = {.store = w->store,
                                         .directory = w->side->dir,
                                         .self = w->domain->id,
                                         .products_per_domain_max = 5};
    mesh_world_must(fh_catalog_open(&w->catalog, &catalog, &w->err), &w->err);
    struct fh_policies_options policies = {
        .store = w->store, .dir = w->side->dir, .mesh_id = w->pair->id, .domain = w->domain->id};
    mesh_world_must(fh_policies_open(&w->policies, &policies, &w->err), &w->err);
}

static void start(struct mesh_world *w)
{
    open_home(w);
    fh_settings_init(&w->settings);
    snprintf(w->settings.domain, sizeof w->settings.domain, "%s", w->domain->name);
    snprintf(w->settings.listen, sizeof w->settings.listen, "%s", w->side->address);
    struct fh_mesh_options options = {
        .loop = w->pair->loop,
        .store = w->store,
        .dir = w->side->dir,
        .catalog = w->catalog,
        .policies = w->policies,
        .keys = w->keys,
        .identity = w->side->identity,
        .peers = w->side->peers,
        .home = &w->home,
        .settings = &w->settings,
        .refused = on_refused,
    };
    mesh_world_must(fh_mesh_new(&w->mesh, &options, &w->err), &w->err);
    mesh_world_must(fh_udp_open(&w->udp, w->pair->loop, "127.0.0.1:0", on_datagram, w, &w->err),
                    &w->err);
    mesh_world_must(fh_mesh_start(w->mesh, w->udp, &w->err), &w->err);
}

void mesh_world_set_up(struct mesh_world *w, side_answer_fn *answer, void *user)
{
    w->pair = pair_set_up(NODE);
    w->pair->server.answer = answer;
    w->pair->server.user = user;
    w->side = &w->pair->caller;
    w->domain = &w->pair->joined;
    start(w);
    mesh_world_introduce(w);
}

static bool answer_all(struct fh_question *question, void *user)
{
    const struct mesh_world *w = user;
    fh_mesh_question(w->mesh, question);
    return true;
}

void mesh_world_set_up_founder(struct mesh_world *w)
{
    w->pair = pair_set_up(STRANGER);
    w->pair->server.answer = answer_all;
    w->pair->server.user = w;
    w->side = &w->pair->server;
    w->domain = &w->pair->founder;
    start(w);
}

void mesh_world_tear_down(struct mesh_world *w)
{
    fh_mesh_quiesce(w->mesh);
    fh_peers_quiesce(w->side->peers);
    /* What is on its way ends in the mesh: it must still be there, as in a node. */
    int64_t end = fh_clock_mono_ms() + WAIT_MS;
    while (!fh_peers_drained(w->side->peers) && fh_clock_mono_ms() < end) {
        mesh_world_turn(w);
    }
    fh_udp_close(w->udp);
    fh_mesh_free(w->mesh);
    fh_policies_close(w->policies);
    fh_catalog_close(w->catalog);
    fh_store_close(w->store);
    fh_keystore_close(w->keys);
    pair_tear_down(w->pair);
    test_scratch_remove(&w->scratch);
}
