/* SPDX-License-Identifier: Apache-2.0 */
/* A node and a peer that hold different announcements or identities: each ends up with what only
 * the other had, and little else moves. The peer here is the founder's node, answered by hand from
 * a range set and a list of records. */
#include "tests/node/mesh/mesh_world.h"

#include "common/mem.h"
#include "common/time.h"
#include "proto/gossip/core.h"
#include "proto/gossip/reconcile.h"
#include "tests/lib/products.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { PRODUCTS_MAX = 5, EACH_MAX = 600 }; /* the catalogue's bound here is 5 a domain */

struct held {
    struct fh_range_key key;
    struct fh_record_id id;
    struct fh_buf record;
};

struct world {
    struct mesh_world base;
    struct fh_rangeset *set; /* what the peer holds of `which` */
    enum fh_sync_set which;
    struct held held[PRODUCTS_MAX];
    size_t held_count;
    bool knows_no_ranges; /* the peer is of an older version */
    unsigned rounds;
    unsigned pages;
    unsigned pulled;
    unsigned pushed;    /* announcements that came */
    unsigned delegated; /* delegations that came */
    bool ended;
    int code;
    unsigned added;
};

/* ---- the peer ---- */

static void answer_bins(struct fh_question *question, const struct fh_buf *bins, uint32_t count)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_FRAME_REPLY_BYTES_MAX);
    fh_msg_ok(&out, 1);
    fh_pack_array(&out, count);
    fh_buf_add_bytes(&out, fh_buf_view(bins));
    fh_question_answer_buf(question, &out);
}

static void answer_ranges(struct world *w, struct fh_question *question)
{
    enum fh_sync_set set;
    struct fh_bytes message;
    struct fh_err err;
    w->rounds++;
    if (w->knows_no_ranges) {
        (void)fh_err_rule(&err, FH_EPROTO, "message.unknown", "never heard of it");
        fh_question_refuse(question, &err);
        return;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf answer;
    fh_buf_init(&answer, FH_RECONCILE_BYTES_MAX);
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_FRAME_REPLY_BYTES_MAX);
    mesh_world_must(
        fh_msg_reconcile_request_read(fh_question_fields(question), &set, &message, &err), &err);
    assert_int_equal(set, w->which);
    mesh_world_must(fh_reconcile_answer(w->set, message, &answer, &err), &err);
    fh_msg_ok(&out, 1);
    fh_pack_bin(&out, fh_buf_view(&answer));
    fh_question_answer_buf(question, &out);
}

static void answer_pull(struct world *w, struct fh_question *question)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf bins;
    fh_buf_init(&bins, FH_FRAME_REPLY_BYTES_MAX);
    struct fh_msg_bins refs;
    struct fh_bytes ref;
    struct fh_err err;
    uint32_t count = 0;
    mesh_world_must(fh_msg_bins_read(fh_question_fields(question), &refs, &err), &err);
    while (fh_msg_bins_next(&refs, &ref)) {
        for (size_t i = 0; i < w->held_count; i++) {
            if (ref.size == FH_REF_BYTES && memcmp(w->held[i].id.b, ref.data, ref.size) == 0) {
                fh_pack_bin(&bins, fh_buf_view(&w->held[i].record));
                count++;
                w->pulled++;
            }
        }
    }
    answer_bins(question, &bins, count);
}

static void answer_push(struct world *w, struct fh_question *question)
{
    struct fh_msg_bins records;
    struct fh_bytes bytes;
    struct fh_err err;
    mesh_world_must(fh_msg_bins_read(fh_question_fields(question), &records, &err), &err);
    while (fh_msg_bins_next(&records, &bytes)) {
        struct fh_record record;
        mesh_world_must(fh_record_parse(&record, bytes, &w->base.pair->id, &err), &err);
        w->pushed += record.type == FH_RECORD_ANNOUNCEMENT;
        w->delegated += record.type == FH_RECORD_DELEGATION;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, 64);
    fh_msg_ok(&out, 1);
    fh_pack_uint(&out, 0);
    fh_question_answer_buf(question, &out);
}

static bool answer(struct fh_question *question, void *user)
{
    struct world *w = user;
    switch (fh_question_code(question)) {
    case FH_MSG_RECONCILE:
        answer_ranges(w, question);
        return true;
    case FH_MSG_PULL:
        answer_pull(w, question);
        return true;
    case FH_MSG_PUSH:
        answer_push(w, question);
        return true;
    default: {
        struct fh_err no;
        (void)fh_err_rule(&no, FH_EBUSY, "test.busy", "not now");
        w->pages += fh_question_code(question) == FH_MSG_SYNC;
        fh_question_refuse(question, &no);
        return true;
    }
    }
}

/* ---- who holds what ---- */

/* An announcement of the founder's. */
static struct held make(struct world *w, const char *name, uint64_t revision)
{
    int64_t now = fh_clock_wall_ms();
    const struct test_product product = {.name = name, .created_ms = now};
    const struct fh_domain_id *domain = &w->base.pair->founder.id;
    struct fh_record_id contract = {{1}};
    struct fh_announcement said = test_announcement_of(&product, domain, &contract, 1000);
    said.issued_ms = now;
    said.expires_ms = now + TEST_DAY_MS;
    said.revision = revision;
    struct held held = {.key = fh_reconcile_place_key(domain, name, 1)};
    fh_buf_init(&held.record, FH_RECORD_GOSSIP_BYTES_MAX);
    held.id = test_announcement_record(
        &held.record, &said, &w->base.pair->founder.node, &w->base.pair->id);
    return held;
}

static void at_peer(struct world *w, const char *name, uint64_t revision)
{
    struct held *held = &w->held[w->held_count++];
    *held = make(w, name, revision);
    mesh_world_must(fh_rangeset_put(w->set, &held->key, &held->id, &w->base.err), &w->base.err);
}

static void at_node(struct world *w, const char *name, uint64_t revision)
{
    struct held held = make(w, name, revision);
    struct fh_origin origin = {.bulk = true};
    bool is_new;
    mesh_world_must(
        fh_mesh_intake(w->base.mesh, fh_buf_view(&held.record), &origin, &is_new, &w->base.err),
        &w->base.err);
    assert_true(is_new);
    fh_buf_fini(&held.record);
}

static uint64_t revision_at_node(struct world *w, const char *name)
{
    struct fh_catalog_entry entry;
    int code =
        fh_catalog_find(w->base.catalog, &w->base.pair->founder.id, name, 1, &entry, &w->base.err);
    return code == FH_OK ? entry.announcement.revision : 0;
}

static void on_end(int code, unsigned added, void *user)
{
    struct world *w = user;
    assert_false(w->ended);
    w->ended = true;
    w->code = code;
    w->added = added;
}

static void reconcile(struct world *w)
{
    struct fh_peer_target target = {.address = w->base.pair->server.address,
                                    .node = w->base.pair->server.node};
    w->ended = false;
    fh_mesh_reconcile(w->base.mesh, &target, w->which, on_end, w);
    int64_t end = fh_clock_mono_ms() + WAIT_MS;
    while (!w->ended && fh_clock_mono_ms() < end) {
        mesh_world_turn(&w->base);
    }
    assert_true(w->ended);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    mesh_world_set_up(&w->base, answer, w);
    mesh_world_must(fh_rangeset_new(&w->set, EACH_MAX, &w->base.err), &w->base.err);
    w->which = FH_SYNC_ANNOUNCEMENTS;
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    mesh_world_tear_down(&w->base);
    for (size_t i = 0; i < w->held_count; i++) {
        fh_buf_fini(&w->held[i].record);
    }
    fh_rangeset_free(w->set);
    free(w);
    return 0;
}

/* ---- the tests ---- */

static void test_each_gets_what_only_the_other_has(void **state)
{
    struct world *w = *state;
    at_peer(w, "flights", 1);  /* only there */
    at_peer(w, "airports", 2); /* newer there */
    at_node(w, "airports", 1);
    at_peer(w, "crews", 1); /* newer here */
    at_node(w, "crews", 3);
    at_node(w, "routes", 1); /* only here */
    reconcile(w);
    assert_int_equal(w->code, FH_OK);
    assert_int_equal(w->added, 2);
    assert_int_equal(w->pulled, 3); /* the older one came too, and was refused */
    assert_int_equal(revision_at_node(w, "flights"), 1);
    assert_int_equal(revision_at_node(w, "airports"), 2);
    assert_int_equal(revision_at_node(w, "crews"), 3);
    assert_int_equal(w->pushed, 2); /* crews and routes; airports is older by now */
    assert_int_equal(w->rounds, 1);
}

static void test_equal_sets_move_nothing(void **state)
{
    struct world *w = *state;
    reconcile(w);
    assert_int_equal(w->code, FH_OK);
    assert_int_equal(w->rounds, 1);
    assert_int_equal(w->added + w->pulled + w->pushed, 0);
}

static void test_older_versions_are_told_apart(void **state)
{
    struct world *w = *state;
    w->knows_no_ranges = true;
    at_peer(w, "flights", 1);
    reconcile(w);
    assert_int_equal(w->code, FH_EPROTO);
    assert_int_equal(w->pulled, 0);
    /* Whoever synchronises then goes page by page. */
    fh_mesh_sync(w->base.mesh, &w->base.pair->server.node, w->base.pair->server.address, false);
    int64_t end = fh_clock_mono_ms() + WAIT_MS;
    while (w->pages == 0 && fh_clock_mono_ms() < end) {
        mesh_world_turn(&w->base);
    }
    assert_true(w->pages > 0);
}

/* Much differs: what is beyond the bound is left to pages. */
static void test_too_many_are_left_to_pages(void **state)
{
    struct world *w = *state;
    fh_rangeset_free(w->set);
    mesh_world_must(fh_rangeset_new(&w->set, 2 * FH_RECONCILE_FOUND_MAX, &w->base.err),
                    &w->base.err);
    for (uint32_t i = 0; i <= FH_RECONCILE_FOUND_MAX; i++) {
        struct fh_range_element element = {.key = {{(uint8_t)(i >> 8), (uint8_t)i}}};
        fh_put_u32be(element.id.b, i + 1);
        mesh_world_must(fh_rangeset_put(w->set, &element.key, &element.id, &w->base.err),
                        &w->base.err);
    }
    reconcile(w);
    assert_int_equal(w->code, FH_ETOOBIG);
    assert_int_equal(w->pulled, 0);
}

/* What a peer lists and does not have: nothing comes, and nothing waits for it. */
static void test_a_peer_that_lists_what_it_has_not(void **state)
{
    struct world *w = *state;
    struct fh_range_element element = {.key = {{7}}, .id = {{7}}};
    mesh_world_must(fh_rangeset_put(w->set, &element.key, &element.id, &w->base.err), &w->base.err);
    at_peer(w, "flights", 1);
    reconcile(w);
    assert_int_equal(w->code, FH_OK);
    assert_int_equal(w->added, 1);
    assert_int_equal(w->pulled, 1);
}

/* ---- delegations that begin later ---- */

static bool to_peer(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    (void)type;
    (void)bytes;
    struct world *w = user;
    struct fh_range_key key = fh_reconcile_record_key(id);
    mesh_world_must(fh_rangeset_put(w->set, &key, id, &w->base.err), &w->base.err);
    return true;
}

/* One of a new member of the founder's, which begins after so long. */
static struct held delegation(struct world *w, unsigned number, int64_t in_ms)
{
    const struct test_domain *founder = &w->base.pair->founder;
    int64_t now = fh_clock_wall_ms();
    struct fh_delegation value = {.domain = founder->id,
                                  .subject = test_key_of("later", number).public_key,
                                  .role = FH_ROLE_MEMBER,
                                  .not_before_ms = now + in_ms,
                                  .not_after_ms = now + in_ms + TEST_DAY_MS};
    struct held held = {.record = {0}};
    struct fh_record parsed;
    fh_buf_init(&held.record, FH_RECORD_GOSSIP_BYTES_MAX);
    fh_delegation_make(&held.record, &value, &w->base.pair->id, &founder->key.secret);
    mesh_world_must(
        fh_record_parse(&parsed, fh_buf_view(&held.record), &w->base.pair->id, &w->base.err),
        &w->base.err);
    held.id = parsed.id;
    held.key = fh_reconcile_record_key(&parsed.id);
    return held;
}

static void delegation_at_node(struct world *w, unsigned number, int64_t in_ms)
{
    struct held held = delegation(w, number, in_ms);
    struct fh_origin origin = {.bulk = true};
    bool is_new;
    mesh_world_must(
        fh_mesh_intake(w->base.mesh, fh_buf_view(&held.record), &origin, &is_new, &w->base.err),
        &w->base.err);
    assert_true(is_new);
    fh_buf_fini(&held.record);
}

/* Nobody spreads a delegation when its time comes. Whoever alone holds it hands it over with the
 * next synchronisation once it begins within a week, and who gets it so tells all the others. */
static void test_a_delegation_of_one_node_reaches_all(void **state)
{
    struct world *w = *state;
    w->which = FH_SYNC_IDENTITY;
    assert_true(fh_directory_each(w->base.mesh->options.dir, to_peer, w));
    delegation_at_node(w, 1, FH_DELEGATION_AHEAD_MS - TEST_HOUR_MS);      /* only here, and due */
    delegation_at_node(w, 2, FH_DELEGATION_AHEAD_MS + TEST_HOUR_MS);      /* only here, later */
    w->held[0] = delegation(w, 3, FH_DELEGATION_AHEAD_MS - TEST_HOUR_MS); /* only there */
    w->held_count = 1;
    to_peer(w, FH_RECORD_DELEGATION, &w->held[0].id, FH_BYTES_NONE);
    reconcile(w);
    assert_int_equal(w->code, FH_OK);
    assert_int_equal(w->delegated, 1);
    assert_int_equal(w->pulled, 1);
    assert_int_equal(w->added, 1);
    struct fh_hash hash = fh_hash(fh_buf_view(&w->held[0].record));
    struct fh_ref key;
    memcpy(key.b, hash.b, sizeof key.b);
    int64_t end = fh_clock_mono_ms() + WAIT_MS;
    while (fh_rumours_find(&w->base.mesh->gossip->rumours, &key) == NULL &&
           fh_clock_mono_ms() < end) {
        mesh_world_turn(&w->base);
    }
    assert_non_null(fh_rumours_find(&w->base.mesh->gossip->rumours, &key));
}

static void test_forks_are_no_such_set(void **state)
{
    struct world *w = *state;
    struct fh_peer_target target = {.address = w->base.pair->server.address,
                                    .node = w->base.pair->server.node};
    fh_mesh_reconcile(w->base.mesh, &target, FH_SYNC_FORKS, on_end, w);
    assert_true(w->ended);
    assert_int_equal(w->code, FH_EINVAL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_each_gets_what_only_the_other_has),
        TEST(test_equal_sets_move_nothing),
        TEST(test_older_versions_are_told_apart),
        TEST(test_too_many_are_left_to_pages),
        TEST(test_a_peer_that_lists_what_it_has_not),
        TEST(test_a_delegation_of_one_node_reaches_all),
        TEST(test_forks_are_no_such_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
