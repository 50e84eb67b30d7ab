/* SPDX-License-Identifier: Apache-2.0 */
/* Identity records that got lost on their way: whoever refuses a record for want of them fetches
 * them, again and again for a while, and then has the record after all. */
#include "tests/node/mesh/mesh_world.h"

#include "common/mem.h"
#include "common/time.h"
#include "node/state/store_catalog.h"
#include "tests/lib/products.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct world {
    struct mesh_world base;
    struct test_key
        elsewhere; /* a publisher's key of the founder that the other has not heard of */
    struct fh_buf contract;
    struct fh_record_id contract_id;
    unsigned refusals; /* so often IDENTITY is refused first */
    unsigned asked_identity;
    unsigned asked_contract;
};

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
        fh_directory_each_of(
            w->base.pair->server.dir, &w->base.pair->founder.id, add_record, &list);
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

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->elsewhere = test_key_of("elsewhere", 1);
    mesh_world_set_up(&w->base, answer, w);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    mesh_world_tear_down(&w->base);
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
        &w->contract, &product, &w->base.pair->founder.id, &w->elsewhere, &w->base.pair->id);
    struct fh_announcement announcement = test_announcement_of(
        &product, &w->base.pair->founder.id, &w->contract_id, w->contract.size);
    announcement.issued_ms = now;
    announcement.expires_ms = now + TEST_DAY_MS;
    test_announcement_record(
        &record, &announcement, &w->base.pair->founder.node, &w->base.pair->id);
    struct fh_origin origin = {.node = w->base.pair->server.node};
    bool is_new;
    mesh_world_must(
        fh_mesh_intake(w->base.mesh, fh_buf_view(&record), &origin, &is_new, &w->base.err),
        &w->base.err);
    assert_true(is_new);
    fh_buf_fini(&record);
}

static bool is_held(struct world *w)
{
    bool held = false;
    mesh_world_must(fh_store_contract_held(w->base.store, &w->contract_id, &held, &w->base.err),
                    &w->base.err);
    return held;
}

static void run_for(struct world *w, int64_t ms, bool until_held)
{
    int64_t end = fh_clock_mono_ms() + ms;
    while (fh_clock_mono_ms() < end && !(until_held && is_held(w))) {
        mesh_world_turn(&w->base);
    }
}

static void test_signer_is_fetched(void **state)
{
    struct world *w = *state;
    pair_delegate(w->base.pair,
                  w->base.pair->server.dir,
                  &w->base.pair->founder,
                  &w->elsewhere,
                  FH_ROLE_PUBLISHER);
    announce(w);
    run_for(w, WAIT_MS, true);
    assert_true(is_held(w));
    assert_true(w->asked_contract >= 2); /* refused, and asked for again */
    assert_int_equal(w->asked_identity, 1);
}

/* A node's own record was refused: the core asks for its domain by the key alone. */
static void test_member_is_wanted(void **state)
{
    struct world *w = *state;
    const struct fh_domain_id *founder = &w->base.pair->founder.id;
    const struct fh_ref *key = &w->elsewhere.ref;
    struct fh_directory *dir = w->base.pair->caller.dir;
    pair_delegate(w->base.pair,
                  w->base.pair->server.dir,
                  &w->base.pair->founder,
                  &w->elsewhere,
                  FH_ROLE_PUBLISHER);
    fh_mesh_want_member(w->base.mesh, founder, key);
    fh_mesh_want_member(w->base.mesh, founder, key); /* once is enough */
    int64_t now = fh_clock_wall_ms();
    int64_t end = fh_clock_mono_ms() + WAIT_MS;
    while (fh_directory_signer(dir, key, founder, now, FH_ROLES_ALL, NULL, &w->base.err) != FH_OK &&
           fh_clock_mono_ms() < end) {
        mesh_world_turn(&w->base);
    }
    assert_int_equal(fh_directory_signer(dir, key, founder, now, FH_ROLES_ALL, NULL, &w->base.err),
                     FH_OK);
    assert_int_equal(w->asked_identity, 1);
}

static void test_fetched_again_after_failures(void **state)
{
    struct world *w = *state;
    w->refusals = 2;
    pair_delegate(w->base.pair,
                  w->base.pair->server.dir,
                  &w->base.pair->founder,
                  &w->elsewhere,
                  FH_ROLE_PUBLISHER);
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
    while (w->base.mesh->lacks == NULL && fh_clock_mono_ms() < end) {
        mesh_world_turn(&w->base);
    }
    assert_non_null(w->base.mesh->lacks); /* it was refused */
    pair_delegate(w->base.pair,
                  w->base.pair->caller.dir,
                  &w->base.pair->founder,
                  &w->elsewhere,
                  FH_ROLE_PUBLISHER);
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
    struct fh_origin origin = {.node = w->base.pair->server.node};
    unsigned before = w->asked_identity;
    for (unsigned i = 0; i < 100; i++) {
        bool is_new;
        int code =
            fh_mesh_intake(w->base.mesh, fh_buf_view(&w->contract), &origin, &is_new, &w->base.err);
        assert_int_equal(code, FH_ESIG);
        assert_string_equal(w->base.err.rule, "record.signer.unknown");
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

static bool deny(size_t size)
{
    (void)size;
    return false;
}

/* Who has no memory to have members judged again is not taken to be about it: the next record that
 * comes has them judged. */
static void test_judged_after_memory_was_short(void **state)
{
    const struct world *w = *state;
    struct fh_mesh *mesh = w->base.mesh;
    fh_mesh_gossip_pause(mesh);
    fh_alloc_set_hook(deny);
    fh_mesh_review(mesh);
    fh_mesh_judge_strangers(mesh);
    fh_alloc_set_hook(NULL);
    assert_false(mesh->reviewing || mesh->admitting);
    fh_mesh_review(mesh);
    fh_mesh_judge_strangers(mesh);
    assert_true(mesh->reviewing && mesh->admitting);
    fh_mesh_gossip_resume(mesh);
    assert_false(mesh->reviewing || mesh->admitting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_signer_is_fetched, setup, teardown),
        cmocka_unit_test_setup_teardown(test_member_is_wanted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fetched_again_after_failures, setup, teardown),
        cmocka_unit_test_setup_teardown(test_came_by_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nobody_knows_the_signer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_judged_after_memory_was_short, setup, teardown),
        cmocka_unit_test(test_which_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
