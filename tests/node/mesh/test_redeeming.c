/* SPDX-License-Identifier: Apache-2.0 */
/* What a domain is given that redeems an invitation: whatever else the mesh knows, what proves that
 * it is admitted. */
#include "tests/node/mesh/mesh_world.h"

#include "common/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* Of each of two domains, nearly as many as one may have: more than an answer holds. */
enum { DELEGATIONS = FH_DOMAIN_GRANTS_MAX - 12 };

struct world {
    struct mesh_world base;
    struct test_key one_time;
    struct fh_buf invitation;
    struct fh_directory *joiner; /* what the stranger knows: itself alone */
    bool done;
    unsigned taken;
    struct fh_err err;
};

static void delegate_many(struct world *w, const struct test_domain *domain)
{
    const struct mesh *pair = w->base.pair;
    int64_t now = fh_clock_wall_ms();
    struct fh_buf buf;
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    for (unsigned i = 0; i < DELEGATIONS; i++) {
        struct test_key key = test_key_of("many", i);
        struct fh_delegation delegation = {.domain = domain->id,
                                           .subject = key.public_key,
                                           .role = FH_ROLE_MEMBER,
                                           .not_before_ms = now - TEST_HOUR_MS,
                                           .not_after_ms = now + TEST_DAY_MS};
        snprintf(delegation.label, sizeof delegation.label, "%060u", i);
        fh_buf_reset(&buf);
        fh_delegation_make(&buf, &delegation, &pair->id, &domain->key.secret);
        mesh_world_must(fh_directory_add(pair->server.dir, fh_buf_view(&buf), now, NULL, &w->err),
                        &w->err);
    }
    fh_buf_fini(&buf);
}

static void invite(struct world *w)
{
    struct mesh *pair = w->base.pair;
    int64_t now = fh_clock_wall_ms();
    w->one_time = test_key_of("one-time", 7);
    struct fh_invitation invitation = {.issuer = pair->founder.id,
                                       .one_time = w->one_time.public_key,
                                       .created_ms = now,
                                       .not_after_ms = now + TEST_DAY_MS};
    pair_delegate(
        pair, pair->server.dir, &pair->founder, &pair->founder.publisher, FH_ROLE_PUBLISHER);
    fh_buf_init(&w->invitation, TEST_RECORD_BYTES_MAX);
    fh_invitation_make(&w->invitation, &invitation, &pair->id, &pair->founder.publisher.secret);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    mesh_world_set_up_founder(&w->base);
    invite(w);
    w->joiner = fh_directory_new(&w->base.pair->id, &fh_verifier_plain);
    assert_non_null(w->joiner);
    pair_add(w->joiner, &w->base.pair->stranger.inception);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    mesh_world_tear_down(&w->base);
    fh_directory_free(w->joiner);
    fh_buf_fini(&w->invitation);
    free(w);
    return 0;
}

static void on_answer(struct fh_pack_reader *fields, const struct fh_err *failure, void *user)
{
    struct world *w = user;
    struct fh_msg_bins bins;
    struct fh_bytes record;
    w->done = true;
    if (failure != NULL) {
        fail_msg("%s: %s", failure->rule, failure->text);
    }
    mesh_world_must(fh_msg_bins_read(fields, &bins, &w->err), &w->err);
    while (fh_msg_bins_next(&bins, &record)) {
        struct fh_directory_outcome outcome;
        mesh_world_must(fh_directory_add(w->joiner, record, fh_clock_wall_ms(), &outcome, &w->err),
                        &w->err);
        w->taken += outcome.result == FH_DIRECTORY_ADDED;
    }
}

static bool
add_record(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    (void)type;
    (void)id;
    fh_pack_bin(user, bytes);
    return true;
}

static bool
add_size(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    (void)type;
    (void)id;
    size_t *size = user;
    *size += bytes.size;
    return true;
}

static void redeem(struct world *w)
{
    struct mesh *pair = w->base.pair;
    const struct test_domain *stranger = &pair->stranger;
    struct fh_signature proof;
    struct fh_buf request;
    fh_redemption_sign(&proof, w->one_time.seed, &pair->id, &stranger->id, stranger->name);
    fh_buf_init(&request, TEST_RECORD_BYTES_MAX);
    fh_msg_redeem_request(&request, fh_buf_view(&w->invitation), stranger->name, &proof);
    fh_pack_array(&request, 2); /* its inception, and that its node acts for it */
    fh_directory_each_of(pair->caller.dir, &stranger->id, add_record, &request);
    struct fh_peer_target target = {.address = pair->server.address};
    w->done = false;
    w->taken = 0;
    fh_peers_ask(pair->caller.peers, &target, &request, WAIT_MS, on_answer, w);
    fh_buf_fini(&request);
    int64_t end = fh_clock_mono_ms() + WAIT_MS;
    while (!w->done && fh_clock_mono_ms() < end) {
        mesh_world_turn(&w->base);
    }
    assert_true(w->done);
    const struct fh_directory_domain *self = fh_directory_domain(w->joiner, &stranger->id);
    assert_non_null(self);
    assert_true(self->admitted);
    assert_string_equal(self->name, stranger->name);
}

static void test_all_of_a_small_mesh_is_given(void **state)
{
    struct world *w = *state;
    uint8_t ours[FH_ID_SUM_BYTES];
    uint8_t theirs[FH_ID_SUM_BYTES];
    redeem(w);
    fh_directory_fingerprint(w->base.pair->server.dir, ours);
    fh_directory_fingerprint(w->joiner, theirs);
    assert_memory_equal(ours, theirs, sizeof ours);
    redeem(w); /* its answer may have got lost */
    assert_int_equal(w->taken, 0);
}

static void test_a_joiner_of_a_large_mesh_is_told_that_it_is_admitted(void **state)
{
    struct world *w = *state;
    delegate_many(w, &w->base.pair->founder);
    delegate_many(w, &w->base.pair->joined);
    redeem(w);
    size_t held = 0;
    size_t given = 0;
    fh_directory_each(w->base.pair->server.dir, add_size, &held);
    fh_directory_each(w->joiner, add_size, &given);
    /* All fits where limits are tiny; else the rest is given as far as it does. */
    assert_true(held > FH_LIMIT(FH_FRAME_REPLY_BYTES_MAX, 0));
    assert_true(given > FH_LIMIT(FH_FRAME_REPLY_BYTES_MAX / 2, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_of_a_small_mesh_is_given, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_a_joiner_of_a_large_mesh_is_told_that_it_is_admitted, setup, teardown),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
