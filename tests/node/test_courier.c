/* SPDX-License-Identifier: Apache-2.0 */
/* Access requests that wait at a peer for their owners: which of them are brought, when some cannot
 * be brought now, and which refusals of an owner are his last word. */
#include "node/courier.h"

#include "common/time.h"
#include "proto/session/messages_access.h"
#include "tests/node/mesh/mesh_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { REQUESTS_MAX = 16 };

/* What the owner, the founder's node, says to a request; a zero code: he has it. */
struct verdict {
    int code;
    const char *rule;
    bool is_final;
};

struct world {
    struct mesh_world base;
    struct fh_grants grants;
    struct fh_courier *courier;
    struct verdict verdicts[REQUESTS_MAX]; /* by the request's number */
    unsigned brought[REQUESTS_MAX];
};

static bool answer(struct fh_question *question, void *user)
{
    struct world *w = user;
    struct fh_err err;
    (void)fh_err_rule(&err, FH_EBUSY, "test.busy", "not now");
    if (fh_question_code(question) == FH_MSG_ASK) {
        struct fh_msg_ask ask;
        mesh_world_must(fh_msg_ask_read(fh_question_fields(question), &ask, &err), &err);
        assert_int_equal(ask.request.size, 1);
        const struct verdict *verdict = &w->verdicts[ask.request.data[0]];
        w->brought[ask.request.data[0]]++;
        if (verdict->code == FH_OK) {
            FH_CLEANUP(fh_buf_fini) struct fh_buf out;
            fh_buf_init(&out, 16);
            fh_msg_ask_answer(&out, true);
            fh_question_answer_buf(question, &out);
            return true;
        }
        (void)fh_err_rule(&err, verdict->code, verdict->rule, "no");
    }
    fh_question_refuse(question, &err);
    return true;
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    mesh_world_set_up(&w->base, answer, w);
    w->grants = (struct fh_grants){.store = w->base.store,
                                   .dir = w->base.pair->caller.dir,
                                   .mesh_id = w->base.pair->id,
                                   .domain = w->base.pair->joined.id};
    const struct fh_courier_options options = {.loop = w->base.pair->loop,
                                               .peers = w->base.pair->caller.peers,
                                               .mesh = w->base.mesh,
                                               .grants = &w->grants};
    mesh_world_must(fh_courier_new(&w->courier, &options, &w->base.err), &w->base.err);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    fh_courier_quiesce(w->courier);
    fh_peers_quiesce(w->base.pair->caller.peers);
    int64_t end = fh_clock_mono_ms() + WAIT_MS;
    while (!fh_peers_drained(w->base.pair->caller.peers) && fh_clock_mono_ms() < end) {
        mesh_world_turn(&w->base);
    }
    fh_courier_free(w->courier);
    mesh_world_tear_down(&w->base);
    free(w);
    return 0;
}

/* The courier verifies nothing, and the owner here neither: a request is its number. */
static void keep(struct world *w, uint8_t number, const struct fh_domain_id *owner)
{
    const struct fh_store_asked row = {.id = {{number}},
                                       .owner = *owner,
                                       .consumer = w->base.pair->joined.id,
                                       .key = w->base.pair->joined.member.id,
                                       .until_ms = fh_clock_wall_ms() + TEST_DAY_MS,
                                       .received_ms = fh_clock_wall_ms(),
                                       .bytes = fh_bytes(&number, 1)};
    assert_true(number < REQUESTS_MAX);
    mesh_world_must(fh_store_asked_put(w->base.store, &row, &w->base.err), &w->base.err);
}

static int copy(void *user, const struct fh_store_asked *asked, struct fh_err *err)
{
    (void)err;
    *(struct fh_store_asked *)user = *asked; /* its bytes are not to be read */
    return FH_OK;
}

static struct fh_store_asked row_of(struct world *w, uint8_t number)
{
    const struct fh_record_id id = {{number}};
    struct fh_store_asked row;
    mesh_world_must(fh_store_asked_get(w->base.store, &id, copy, &row, &w->base.err), &w->base.err);
    return row;
}

static bool all_brought(const struct world *w, unsigned first, unsigned end)
{
    while (first < end && w->brought[first] > 0) {
        first++;
    }
    return first == end;
}

/* Turns the loop until each of the requests was brought, and its answer is here. */
static void must_bring(struct world *w, unsigned first, unsigned end, int64_t ms)
{
    int64_t introduced = fh_clock_mono_ms();
    int64_t deadline = introduced + ms;
    while (!all_brought(w, first, end) && fh_clock_mono_ms() < deadline) {
        if (fh_clock_mono_ms() - introduced > FH_ASKED_RETRY_MS) {
            mesh_world_introduce(&w->base);
            introduced = fh_clock_mono_ms();
        }
        mesh_world_turn(&w->base);
    }
    for (unsigned i = first; i < end; i++) {
        if (w->brought[i] == 0) {
            fail_msg("request %u was not brought", i);
        }
    }
    for (deadline = fh_clock_mono_ms() + FH_ASKED_RETRY_MS / 4; fh_clock_mono_ms() < deadline;) {
        mesh_world_turn(&w->base);
    }
}

static void test_owners_that_are_gone_hold_up_nobody(void **state)
{
    struct world *w = *state;
    const struct fh_domain_id gone = {{7}};
    uint8_t i;
    for (i = 0; i < FH_ASKED_DELIVERIES_MAX; i++) {
        keep(w, i, &gone);
    }
    keep(w, i, &w->base.pair->founder.id);
    must_bring(w, i, i + 1U, (int64_t)3 * FH_ASKED_RETRY_MS);
    assert_true(row_of(w, i).delivered_ms > 0);
    assert_true(row_of(w, 0).delivered_ms == 0); /* until that owner is back */
}

static void test_requests_refused_for_now_hold_up_nobody(void **state)
{
    struct world *w = *state;
    uint8_t i;
    for (i = 0; i < FH_ASKED_DELIVERIES_MAX; i++) {
        w->verdicts[i] = (struct verdict){FH_EBUSY, "access.limit", false};
        keep(w, i, &w->base.pair->founder.id);
    }
    keep(w, i, &w->base.pair->founder.id);
    must_bring(w, i, i + 1U, WAIT_MS);
    assert_true(row_of(w, i).delivered_ms > 0);
    w->verdicts[0] = (struct verdict){0};
    w->brought[0] = 0;
    must_bring(w, 0, 1, WAIT_MS); /* its turn comes again */
    assert_true(row_of(w, 0).delivered_ms > 0);
}

/* Verdicts about the request itself are final; that an owner has not heard of somebody yet, or that
 * a clock is wrong, is not. */
static void test_which_refusals_are_final(void **state)
{
    static const struct verdict rows[] = {
        {FH_ESIG, "access.key", true},
        {FH_ESTALE, "access.expired", false},
        {FH_EDENIED, "access.owner", true},
        {FH_EDENIED, "token.product", true},
        {FH_ESIG, "record.signature", true},
        {FH_ESIG, "record.signer.revoked", true},
        {FH_EPROTO, "message.unknown", true},
        {FH_EBUSY, "access.limit", false},
        {FH_ESIG, "record.signer.unknown", false},
        {FH_ESIG, "record.signer.expired", false},
        {FH_EDENIED, "domain.not_admitted", false},
        {FH_EDENIED, "domain.expelled", false},
        {FH_EINVAL, "identity.time.future", false},
        {FH_ENOTFOUND, "domain.unknown", false},
    };
    struct world *w = *state;
    for (uint8_t i = 0; i < FH_COUNT(rows); i++) {
        w->verdicts[i] = rows[i];
        keep(w, i, &w->base.pair->founder.id);
    }
    must_bring(w, 0, FH_COUNT(rows), WAIT_MS);
    for (uint8_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_store_asked row = row_of(w, i);
        const char *expected = rows[i].is_final ? rows[i].rule : "";
        if ((row.delivered_ms > 0) != rows[i].is_final || strcmp(row.refused, expected) != 0) {
            fail_msg("%s: refused by '%s'", rows[i].rule, row.refused);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_owners_that_are_gone_hold_up_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_requests_refused_for_now_hold_up_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(test_which_refusals_are_final, setup, teardown),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
