/* SPDX-License-Identifier: Apache-2.0 */
/* Identity records that got lost on their way: whoever refuses a record for want of them fetches
 * them, again and again for a while, and then has the record after all. */
#include "node/mesh/parts.h"

#include "common/mem.h"
#include "common/time.h"
#include "node/io/loop.h"
#include "node/io/udp.h"
#include "node/state/store_catalog.h"
#include "proto/identity/keyfile.h"
#include "proto/settings/settings.h"
#include "tests/lib/products.h"
#include "tests/lib/scratch.h"
#include "tests/node/peer/pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* The founder's node answers by hand; the node of the domain that joined is a whole mesh. */
struct world {
    struct mesh *pair;
    struct test_scratch scratch;
    struct fh_home home;
    struct fh_settings settings;
    struct fh_store *store;
    struct fh_catalog *catalog;
    struct fh_keystore *keys;
    struct fh_udp *udp;
    struct fh_mesh *mesh;
    struct test_key
        elsewhere; /* a publisher's key of the founder that the other has not heard of */
    struct fh_buf contract;
    struct fh_record_id contract_id;
    unsigned refusals; /* so often IDENTITY is refused first */
    unsigned asked_identity;
    unsigned asked_contract;
    struct fh_err err;
};

static void must(int code, const struct fh_err *err)
{
    if (code != FH_OK) {
        fail_msg("%s: %s", err->rule, err->text);
    }
}

/* ---- the founder's node ---- */

struct list {
    struct fh_buf bins;
    uint32_t count;
};

static bool
add_record(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    (void)type;
    (void)id;
    struct list *list = user;
    fh_pack_bin(&list->bins, bytes);
    list->count++;
    return true;
}

static bool answer(struct fh_question *question, void *user)
{
    struct world *w = user;
    struct fh_err no;
    (void)fh_err_rule(&no, FH_EBUSY, "test.busy", "not now");
    struct list list = {.count = 0};
    fh_buf_init(&list.bins, FH_FRAME_REPLY_BYTES_MAX);
    if (fh_question_code(question) == FH_MSG_PULL) {
        w->asked_contract++;
        add_record(&list, FH_RECORD_CONTRACT, &w->contract_id, fh_buf_view(&w->contract));
    } else if (fh_question_code(question) == FH_MSG_IDENTITY && ++w->asked_identity > w->refusals) {
        fh_directory_each_of(w->pair->server.dir, &w->pair->founder.id, add_record, &list);
    } else {
        /* Above all SYNC: who fetches what is missing need not synchronise. */
        fh_buf_fini(&list.bins);
        fh_question_refuse(question, &no);
        return true;
    }
    struct fh_buf out;
    fh_buf_init(&out, FH_FRAME_REPLY_BYTES_MAX);
    fh_msg_ok(&out, 1);
    fh_pack_array(&out, list.count);
    fh_buf_add_bytes(&out, fh_buf_view(&list.bins));
    fh_question_answer_buf(question, &out);
    fh_buf_fini(&out);
    fh_buf_fini(&list.bins);
    return true;
}

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
    struct world *w = user;
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

/* What the founder's node says of itself reaches the other: it is a member there. */
static void introduce(struct world *w)
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
    start.u.start.generation = 1;
    must(fh_gossip_new(&core, &options, &w->err), &w->err);
    must(fh_gossip_step(core, &start, actions, &w->err), &w->err);
    struct fh_origin origin = {.bulk = true};
    bool is_new;
    must(fh_mesh_intake(w->mesh, fh_gossip_alive(core), &origin, &is_new, &w->err), &w->err);
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
    struct world *w = user;
    fh_mesh_datagram(w->mesh, datagram, from);
}

static void write_key(struct world *w, const char *name, enum fh_key_kind kind, const uint8_t *seed)
{
    uint8_t bytes[FH_KEYFILE_BYTES];
    must(fh_keyfile_encode(bytes, kind, seed, NULL, &w->err), &w->err);
    must(fh_home_key_write(&w->home, name, fh_bytes(bytes, sizeof bytes), &w->err), &w->err);
}

static void open_home(struct world *w)
{
    char path[128];
    w->scratch = test_scratch_make();
    test_scratch_path(path, sizeof path, &w->scratch, "home");
    must(fh_home_locate(&w->home, path, &w->err), &w->err);
    must(fh_home_create(&w->home, &w->err), &w->err);
    write_key(w, "node", FH_KEY_NODE, w->pair->joined.node.seed);
    write_key(w, "node_agree", FH_KEY_NODE_AGREE, w->pair->joined.node.seed);
    must(fh_keystore_open(&w->keys, &w->home, &w->err), &w->err);
    test_scratch_path(path, sizeof path, &w->scratch, "node.db");
    must(fh_store_open(&w->store, path, &w->err), &w->err);
    struct fh_catalog_options catalog = {.store = w->store,
                                         .directory = w->pair->caller.dir,
                                         .self = w->pair->joined.id,
                                         .products_per_domain_max = 5};
    must(fh_catalog_open(&w->catalog, &catalog, &w->err), &w->err);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->pair = pair_set_up(NODE);
    w->pair->server.answer = answer;
    w->pair->server.user = w;
    w->elsewhere = test_key_of("elsewhere", 1);
    open_home(w);
    fh_settings_init(&w->settings);
    snprintf(w->settings.domain, sizeof w->settings.domain, "%s", w->pair->joined.name);
    snprintf(w->settings.listen, sizeof w->settings.listen, "%s", w->pair->caller.address);
    struct fh_mesh_options options = {
        .loop = w->pair->loop,
        .store = w->store,
        .dir = w->pair->caller.dir,
        .catalog = w->catalog,
        .keys = w->keys,
        .identity = w->pair->caller.identity,
        .peers = w->pair->caller.peers,
        .home = &w->home,
        .settings = &w->settings,
        .refused = on_refused,
    };
    must(fh_mesh_new(&w->mesh, &options, &w->err), &w->err);
    must(fh_udp_open(&w->udp, w->pair->loop, "127.0.0.1:0", on_datagram, w, &w->err), &w->err);
    must(fh_mesh_start(w->mesh, w->udp, &w->err), &w->err);
    introduce(w);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    fh_mesh_quiesce(w->mesh);
    fh_peers_quiesce(w->pair->caller.peers);
    fh_udp_close(w->udp);
    fh_mesh_free(w->mesh);
    fh_catalog_close(w->catalog);
    fh_store_close(w->store);
    fh_keystore_close(w->keys);
    pair_tear_down(w->pair);
    test_scratch_remove(&w->scratch);
    fh_buf_fini(&w->contract);
    free(w);
    return 0;
}

/* ---- the tests ---- */

/* The founder's node announces a contract that the key from elsewhere signed. */
static void announce(struct world *w)
{
    int64_t now = fh_clock_wall_ms();
    const struct test_product product = {.name = "flights", .created_ms = now};
    struct fh_buf record;
    fh_buf_init(&w->contract, FH_RECORD_BYTES_MAX);
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    w->contract_id = test_contract_record(
        &w->contract, &product, &w->pair->founder.id, &w->elsewhere, &w->pair->id);
    struct fh_announcement announcement =
        test_announcement_of(&product, &w->pair->founder.id, &w->contract_id, w->contract.size);
    announcement.issued_ms = now;
    announcement.expires_ms = now + TEST_DAY_MS;
    test_announcement_record(&record, &announcement, &w->pair->founder.node, &w->pair->id);
    struct fh_origin origin = {.node = w->pair->server.node};
    bool is_new;
    must(fh_mesh_intake(w->mesh, fh_buf_view(&record), &origin, &is_new, &w->err), &w->err);
    assert_true(is_new);
    fh_buf_fini(&record);
}

static bool is_held(struct world *w)
{
    bool held = false;
    must(fh_store_contract_held(w->store, &w->contract_id, &held, &w->err), &w->err);
    return held;
}

static void run_for(struct world *w, int64_t ms, bool until_held)
{
    int64_t end = fh_clock_mono_ms() + ms;
    while (fh_clock_mono_ms() < end && !(until_held && is_held(w))) {
        fh_loop_run_once(w->pair->loop, 20);
    }
}

static void test_signer_is_fetched(void **state)
{
    struct world *w = *state;
    pair_delegate(
        w->pair, w->pair->server.dir, &w->pair->founder, &w->elsewhere, FH_ROLE_PUBLISHER);
    announce(w);
    run_for(w, WAIT_MS, true);
    assert_true(is_held(w));
    assert_true(w->asked_contract >= 2); /* refused, and asked for again */
    assert_int_equal(w->asked_identity, 1);
}

static void test_fetched_again_after_failures(void **state)
{
    struct world *w = *state;
    w->refusals = 2;
    pair_delegate(
        w->pair, w->pair->server.dir, &w->pair->founder, &w->elsewhere, FH_ROLE_PUBLISHER);
    announce(w);
    run_for(w, WAIT_MS, true);
    assert_true(is_held(w));
    assert_int_equal(w->asked_identity, 3);
}

static void test_came_by_itself(void **state)
{
    struct world *w = *state;
    announce(w);
    int64_t end = fh_clock_mono_ms() + WAIT_MS;
    while (w->mesh->lacks == NULL && fh_clock_mono_ms() < end) {
        fh_loop_run_once(w->pair->loop, 20);
    }
    assert_non_null(w->mesh->lacks); /* it was refused */
    pair_delegate(
        w->pair, w->pair->caller.dir, &w->pair->founder, &w->elsewhere, FH_ROLE_PUBLISHER);
    run_for(w, WAIT_MS, true);
    assert_true(is_held(w));
    assert_true(w->asked_identity <= 1);
}

/* A key that nobody has a right for: asked for less and less often, however often it comes. */
static void test_nobody_knows_the_signer(void **state)
{
    struct world *w = *state;
    announce(w);
    run_for(w, 1400, false);
    assert_false(is_held(w));
    assert_in_range(w->asked_identity, 1, 4);
    struct fh_origin origin = {.node = w->pair->server.node};
    unsigned before = w->asked_identity;
    for (unsigned i = 0; i < 100; i++) {
        bool is_new;
        int code = fh_mesh_intake(w->mesh, fh_buf_view(&w->contract), &origin, &is_new, &w->err);
        assert_int_equal(code, FH_ESIG);
        assert_string_equal(w->err.rule, "record.signer.unknown");
    }
    run_for(w, 300, false);
    assert_in_range(w->asked_identity, before, before + 1);
}

static void test_which_refusals(void **state)
{
    (void)state;
    static const struct {
        int code;
        const char *rule;
        bool lacks;
    } rows[] = {
        {FH_ESIG, "record.signer.unknown", true},
        {FH_ENOTFOUND, "record.signer.domain", true},
        {FH_ENOTFOUND, "identity.missing.key_log", true},
        {FH_ENOTFOUND, "identity.missing.delegation", true},
        {FH_EDENIED, "domain.not_admitted", true},
        {FH_ETOOBIG, "identity.grants", true},
        {FH_ESIG, "record.signer.domain", false},
        {FH_ESIG, "record.signer.role", false},
        {FH_ESIG, "record.signer.expired", false},
        {FH_ESIG, "record.signer.revoked", false},
        {FH_ESIG, "record.signature", false},
        {FH_EFORK, "domain.frozen", false},
        {FH_ENOTFOUND, "contract.unannounced", false},
        {FH_ECHECK, "contract.mismatch", false},
        {FH_ESTALE, "announcement.stale", false},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_err err;
        (void)fh_err_rule(&err, rows[i].code, rows[i].rule, "refused");
        if (fh_mesh_lacks_identity(&err) != rows[i].lacks) {
            fail_msg("%s %s", fh_code_name(rows[i].code), rows[i].rule);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_signer_is_fetched, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fetched_again_after_failures, setup, teardown),
        cmocka_unit_test_setup_teardown(test_came_by_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nobody_knows_the_signer, setup, teardown),
        cmocka_unit_test(test_which_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
