/* SPDX-License-Identifier: Apache-2.0 */
/* Deposits at a node: what is kept of whom, what is found and what is not any more. */
#include "node/state/deposits.h"

#include "tests/unit/state/catalog_world.h"

struct made {
    struct fh_deposit deposit;
    struct fh_buf record;
};

/* A token of `member` of domain 1, the number apart. */
static struct made make(const struct world *w, const struct test_key *member, unsigned number)
{
    struct made made;
    struct test_key key = test_key_of("token", number);
    const struct fh_token_id id = {{(uint8_t)(number >> 8), (uint8_t)number}};
    static const uint8_t secret[FH_TOKEN_SECRET_BYTES] = {1};
    static const uint8_t salt[FH_TOKEN_SALT_BYTES] = {2};
    const struct fh_token token = {.domain = w->domains[1].id,
                                   .member = member->public_key,
                                   .key = key.public_key,
                                   .not_before_ms = TEST_START_MS + TEST_HOUR_MS,
                                   .not_after_ms = NOW_MS + TEST_HOUR_MS + number};
    fh_buf_init(&made.record, FH_RECORD_BYTES_MAX);
    fh_token_make(&made.record, &token, &w->mesh, &member->secret);
    assert_int_equal(fh_buf_ok(&made.record), FH_OK);
    if (number < 4) { /* the others are not opened, and the work would be for nothing */
        fh_deposit_make(&made.deposit, &id, secret, salt, key.seed, &key.public_key);
    } else {
        made.deposit = (struct fh_deposit){.id = id, .iterations = FH_TOKEN_ITERATIONS};
    }
    made.deposit.record = fh_buf_view(&made.record);
    return made;
}

static struct fh_deposits *open_deposits(struct world *w)
{
    struct fh_deposits *deposits = NULL;
    must(fh_deposits_open(&deposits, w->store, w->dir, &w->domains[1].id, &w->err), &w->err);
    return deposits;
}

static int
find(struct world *w, struct fh_deposits *deposits, const struct fh_token_id *id, int64_t now_ms)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf room;
    struct fh_deposit found;
    fh_buf_init(&room, FH_RECORD_BYTES_MAX);
    int code = fh_deposits_find(deposits, id, now_ms, &room, &found, &w->err);
    assert_true(code != FH_OK || fh_token_id_equal(&found.id, id));
    return code;
}

static int count(void *user, const struct fh_deposit *deposit, struct fh_err *err)
{
    unsigned *all = user;
    (void)deposit;
    (void)err;
    (*all)++;
    return FH_OK;
}

static unsigned count_of(struct world *w, struct fh_deposits *deposits, const struct fh_key_id *key)
{
    unsigned all = 0;
    must(fh_deposits_of(deposits, key, count, &all, &w->err), &w->err);
    return all;
}

static void test_kept_found_and_ended(void **state)
{
    struct world *w = *state;
    struct fh_deposits *deposits = open_deposits(w);
    const struct test_key *member = &w->domains[1].member;
    struct made made = make(w, member, 1);
    struct fh_record record;
    struct fh_record_id named;
    must(fh_record_parse(&record, made.deposit.record, &w->mesh, &w->err), &w->err);
    must(fh_deposits_put(deposits, &member->id, &made.deposit, NOW_MS, &w->err), &w->err);
    must(find(w, deposits, &made.deposit.id, NOW_MS), &w->err);
    refused(w,
            fh_deposits_put(deposits, &member->id, &made.deposit, NOW_MS, &w->err),
            FH_EEXIST,
            "token.exists");
    assert_int_equal(count_of(w, deposits, &member->id), 1);
    assert_int_equal(count_of(w, deposits, &w->domains[1].publisher.id), 0);
    refused(w,
            find(w, deposits, &made.deposit.id, NOW_MS + TEST_HOUR_MS + 2),
            FH_ENOTFOUND,
            "token.unknown");
    must(fh_deposits_token(deposits, &member->id, &made.deposit.id, &named, &w->err), &w->err);
    assert_true(fh_record_id_equal(&named, &record.id));
    refused(
        w,
        fh_deposits_token(deposits, &w->domains[1].publisher.id, &made.deposit.id, &named, &w->err),
        FH_ENOTFOUND,
        "token.unknown");

    /* by another key of the domain, by itself, and for good: also after a restart */
    refused(w,
            fh_deposits_revoke(deposits, &w->domains[1].publisher.id, &made.deposit.id, &w->err),
            FH_ENOTFOUND,
            "token.unknown");
    must(fh_deposits_revoke(deposits, &member->id, &made.deposit.id, &w->err), &w->err);
    for (unsigned round = 0; round < 2; round++) {
        refused(w, find(w, deposits, &made.deposit.id, NOW_MS), FH_ENOTFOUND, "token.unknown");
        refused(w,
                fh_deposits_token(deposits, &member->id, &made.deposit.id, &named, &w->err),
                FH_ENOTFOUND,
                "token.unknown");
        assert_int_equal(count_of(w, deposits, &member->id), 0);
        refused(w,
                fh_deposits_revoke(deposits, &member->id, &made.deposit.id, &w->err),
                FH_ENOTFOUND,
                "token.unknown");
        refused(w,
                fh_deposits_put(deposits, &member->id, &made.deposit, NOW_MS, &w->err),
                FH_EEXIST,
                "token.exists");
        fh_deposits_close(deposits);
        restart(w);
        deposits = open_deposits(w);
    }
    /* until its token has ended anyway */
    must(fh_deposits_tidy(deposits, NOW_MS + TEST_HOUR_MS + 2, &w->err), &w->err);
    must(fh_deposits_put(deposits, &member->id, &made.deposit, NOW_MS, &w->err), &w->err);
    fh_buf_fini(&made.record);
    fh_deposits_close(deposits);
}

static void test_who_may_leave_one(void **state)
{
    struct world *w = *state;
    struct fh_deposits *deposits = open_deposits(w);
    const struct test_key *member = &w->domains[1].member;
    struct test_key stranger = test_key_of("stranger", 0);
    struct made made = make(w, member, 1);
    struct made foreign = make(w, &stranger, 2);
    refused(w,
            fh_deposits_put(deposits, &w->domains[1].publisher.id, &made.deposit, NOW_MS, &w->err),
            FH_EDENIED,
            "token.member");
    refused(w,
            fh_deposits_put(deposits, &stranger.id, &foreign.deposit, NOW_MS, &w->err),
            FH_ESIG,
            "record.signer.unknown");
    refused(
        w,
        fh_deposits_put(deposits, &member->id, &made.deposit, NOW_MS + 2 * TEST_HOUR_MS, &w->err),
        FH_EDENIED,
        "token.expired");
    made.deposit.record = test_bytes(&w->domains[1].inception);
    refused(w,
            fh_deposits_put(deposits, &member->id, &made.deposit, NOW_MS, &w->err),
            FH_EINVAL,
            "token.record");
    made.deposit.record = fh_bytes_cstr("no record");
    assert_int_not_equal(fh_deposits_put(deposits, &member->id, &made.deposit, NOW_MS, &w->err),
                         FH_OK);
    assert_int_equal(count_of(w, deposits, &member->id), 0);
    fh_buf_fini(&made.record);
    fh_buf_fini(&foreign.record);
    fh_deposits_close(deposits);
}

static void test_bounded_by_key(void **state)
{
    struct world *w = *state;
    struct fh_deposits *deposits = open_deposits(w);
    const struct test_key *member = &w->domains[1].member;
    struct fh_token_id first = {{0}};
    unsigned number = 4;
    for (unsigned i = 0; i <= FH_TOKENS_PER_KEY_MAX; i++, number++) {
        struct made made = make(w, member, number);
        int code = fh_deposits_put(deposits, &member->id, &made.deposit, NOW_MS, &w->err);
        if (i == 0) {
            first = made.deposit.id;
        }
        if (i < FH_TOKENS_PER_KEY_MAX) {
            must(code, &w->err);
        } else {
            refused(w, code, FH_EBUSY, "token.limit");
            must(fh_deposits_revoke(deposits, &member->id, &first, &w->err), &w->err);
            must(fh_deposits_put(deposits, &member->id, &made.deposit, NOW_MS, &w->err), &w->err);
        }
        fh_buf_fini(&made.record);
    }
    /* those that ended make room by themselves */
    struct made late = make(w, member, number);
    refused(w,
            fh_deposits_put(deposits, &member->id, &late.deposit, NOW_MS, &w->err),
            FH_EBUSY,
            "token.limit");
    must(fh_deposits_put(
             deposits, &member->id, &late.deposit, NOW_MS + TEST_HOUR_MS + number - 1, &w->err),
         &w->err);
    assert_int_equal(count_of(w, deposits, &member->id), 2);
    fh_buf_fini(&late.record);
    fh_deposits_close(deposits);
}

/* One who makes and revokes without end fills no disk. */
static void test_bounded_by_what_was_revoked(void **state)
{
    struct world *w = *state;
    struct fh_deposits *deposits = open_deposits(w);
    const struct test_key *member = &w->domains[1].member;
    unsigned kept = 0;
    int code = FH_OK;
    while (code == FH_OK && kept <= FH_TOKENS_MAX) {
        struct made made = make(w, member, 4 + kept);
        code = fh_deposits_put(deposits, &member->id, &made.deposit, NOW_MS, &w->err);
        if (code == FH_OK) {
            must(fh_deposits_revoke(deposits, &member->id, &made.deposit.id, &w->err), &w->err);
            kept++;
        }
        fh_buf_fini(&made.record);
    }
    assert_true(kept <= 4 * FH_TOKENS_PER_KEY_MAX);
    assert_string_equal(w->err.rule, "token.limit");
    fh_deposits_close(deposits);
}

/* Rows of members of a domain, whoever they are. */
static void fill(struct world *w, uint8_t domain, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const uint8_t number[] = {0xff, domain, (uint8_t)(i >> 8), (uint8_t)i};
        struct fh_store_token row = {.not_after_ms = NOW_MS + TEST_HOUR_MS};
        memcpy(row.id.b, number, sizeof number);
        memcpy(row.token.b, number, sizeof number);
        memcpy(row.key.b, number, sizeof number);
        if (domain == 1) {
            row.domain = w->domains[1].id;
        } else {
            row.domain.b[0] = domain;
        }
        must(fh_store_token_put(w->store, &row, &w->err), &w->err);
    }
}

/* Others' members can fill their part and no more: the node's own always find a place. */
static void test_bounded_by_domain(void **state)
{
    struct world *w = *state;
    struct fh_deposits *own = open_deposits(w); /* at a node of domain 1 */
    struct fh_deposits *deposits = NULL;        /* at another's */
    const struct test_key *member = &w->domains[1].member;
    struct made made = make(w, member, 1);
    must(fh_deposits_open(&deposits, w->store, w->dir, &w->domains[0].id, &w->err), &w->err);
    fill(w, 1, FH_TOKENS_PER_DOMAIN_MAX);
    refused(w,
            fh_deposits_put(deposits, &member->id, &made.deposit, NOW_MS, &w->err),
            FH_ETOOBIG,
            "token.limit");
    must(fh_deposits_put(own, &member->id, &made.deposit, NOW_MS, &w->err), &w->err);

    for (uint8_t domain = 2; domain * FH_TOKENS_PER_DOMAIN_MAX <= FH_TOKENS_OF_OTHERS_MAX;
         domain++) {
        fill(w, domain, FH_TOKENS_PER_DOMAIN_MAX);
    }
    fill(w, 100, FH_TOKENS_OF_OTHERS_MAX % FH_TOKENS_PER_DOMAIN_MAX);
    struct made next = make(w, member, 2);
    must(fh_deposits_put(own, &member->id, &next.deposit, NOW_MS, &w->err), &w->err);
    fh_buf_fini(&made.record);
    fh_buf_fini(&next.record);
    fh_deposits_close(deposits);
    fh_deposits_close(own);
}

static void test_bounded_by_all_others(void **state)
{
    struct world *w = *state;
    struct fh_deposits *deposits = NULL;
    const struct test_key *member = &w->domains[1].member;
    struct made made = make(w, member, 1);
    must(fh_deposits_open(&deposits, w->store, w->dir, &w->domains[0].id, &w->err), &w->err);
    fill(w, 2, FH_TOKENS_OF_OTHERS_MAX - 1);
    must(fh_deposits_put(deposits, &member->id, &made.deposit, NOW_MS, &w->err), &w->err);
    struct made next = make(w, member, 2);
    refused(w,
            fh_deposits_put(deposits, &member->id, &next.deposit, NOW_MS, &w->err),
            FH_ETOOBIG,
            "token.limit");
    fh_buf_fini(&made.record);
    fh_buf_fini(&next.record);
    fh_deposits_close(deposits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kept_found_and_ended, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_may_leave_one, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounded_by_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounded_by_what_was_revoked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounded_by_domain, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounded_by_all_others, setup, teardown),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
