/* SPDX-License-Identifier: Apache-2.0 */
/* History: the moves of a product's life, its chain, and the forks that its domain was caught at.
 */
#include "node/state/history.h"

#include "node/state/store_history.h"
#include "tests/unit/state/catalog_world.h"

/* What a visit collected. */
struct seen {
    struct world *w;
    size_t count;
    struct fh_announcement said[64];
    struct fh_record_id ids[64];
    struct fh_history_version versions[64];
    struct fh_history_fork forks[16];
};

static int see_move(void *user, struct fh_bytes bytes, struct fh_err *err)
{
    struct seen *seen = user;
    struct fh_record record;
    int code = fh_record_parse(&record, bytes, &seen->w->mesh, err);
    if (code == FH_OK) {
        seen->ids[seen->count] = record.id;
        code = fh_announce_parse(&seen->said[seen->count++], record.payload, err);
    }
    return code;
}

static int see_version(void *user, const struct fh_history_version *version, struct fh_err *err)
{
    (void)err;
    struct seen *seen = user;
    seen->versions[seen->count++] = *version;
    return FH_OK;
}

static int see_fork(void *user, const struct fh_history_fork *fork, struct fh_err *err)
{
    (void)err;
    struct seen *seen = user;
    seen->forks[seen->count++] = *fork;
    return FH_OK;
}

static void see_moves(struct world *w, struct seen *seen)
{
    memset(seen, 0, sizeof *seen);
    seen->w = w;
    must(fh_history_moves(w->catalog, &w->domains[1].id, "flights", see_move, seen, &w->err),
         &w->err);
}

static void see_forks(struct world *w, struct seen *seen)
{
    memset(seen, 0, sizeof *seen);
    must(fh_history_forks(w->catalog, &w->domains[1].id, "flights", see_fork, seen, &w->err),
         &w->err);
}

/* Announces the item's next revision. */
static void
say(struct world *w, struct item *item, enum fh_announce_status status, int64_t sunset_ms)
{
    item->said.status = status;
    item->said.sunset_ms = sunset_ms;
    announce_again(item, w, &w->domains[1].publisher);
    must(announce(w, item), &w->err);
    item->said.revision++;
}

static void test_moves_are_kept_and_renewals_are_not(void **state)
{
    struct world *w = *state;
    struct seen *seen = calloc(1, sizeof *seen);
    FH_CLEANUP(item_fini) struct item item = make_item(w, &flights, &w->domains[1]);
    const int64_t day = TEST_DAY_MS;
    say(w, &item, FH_ANNOUNCE_DRAFT, 0);
    say(w, &item, FH_ANNOUNCE_ACTIVE, 0);
    say(w, &item, FH_ANNOUNCE_ACTIVE, 0); /* a renewal */
    say(w, &item, FH_ANNOUNCE_DEPRECATED, NOW_MS + day);
    say(w, &item, FH_ANNOUNCE_DEPRECATED, NOW_MS + day);
    snprintf(item.said.successor, sizeof item.said.successor, "flights@2");
    say(w, &item, FH_ANNOUNCE_DEPRECATED, NOW_MS + day);
    say(w, &item, FH_ANNOUNCE_DEPRECATED, NOW_MS + 2 * day);
    say(w, &item, FH_ANNOUNCE_DEPRECATED, NOW_MS + 2 * day);
    restart(w);
    see_moves(w, seen);
    static const uint64_t revisions[] = {1, 2, 4, 6, 7, 8}; /* the last one counts now */
    assert_int_equal(seen->count, FH_COUNT(revisions));
    for (size_t i = 0; i < FH_COUNT(revisions); i++) {
        assert_int_equal(seen->said[i].revision, revisions[i]);
    }
    free(seen);
}

static void test_only_the_last_moves_are_kept(void **state)
{
    struct world *w = *state;
    struct seen *seen = calloc(1, sizeof *seen);
    FH_CLEANUP(item_fini) struct item item = make_item(w, &flights, &w->domains[1]);
    for (unsigned i = 0; i < FH_STORE_MOVES_MAX + 5; i++) {
        say(w, &item, FH_ANNOUNCE_DEPRECATED, NOW_MS + i + 1);
    }
    see_moves(w, seen);
    assert_int_equal(seen->count, FH_STORE_MOVES_MAX + 1); /* and the one that counts */
    assert_int_equal(seen->said[0].revision, 6);
    free(seen);
}

static void test_an_active_newcomer_is_no_move(void **state)
{
    struct world *w = *state;
    struct seen *seen = calloc(1, sizeof *seen);
    FH_CLEANUP(item_fini) struct item item = make_item(w, &flights, &w->domains[1]);
    must(announce(w, &item), &w->err);
    see_moves(w, seen);
    assert_int_equal(seen->count, 1);
    free(seen);
}

static void test_versions_come_page_by_page(void **state)
{
    struct world *w = *state;
    struct seen *seen = calloc(1, sizeof *seen);
    struct test_product product = flights;
    struct fh_record_id prev = {.b = {0}};
    for (unsigned i = 1; i <= 5; i++) {
        char version[16];
        snprintf(version, sizeof version, "1.%u.0", i);
        product.version = version;
        product.seq = i;
        product.prev = prev;
        FH_CLEANUP(item_fini) struct item item = make_item(w, &product, &w->domains[1]);
        item.said.revision = i;
        announce_again(&item, w, &w->domains[1].node);
        must(announce(w, &item), &w->err);
        must(give(w, &item), &w->err);
        prev = item.contract_id;
    }
    const struct fh_domain_id *domain = &w->domains[1].id;
    must(fh_history_versions(
             w->catalog, domain, "flights", UINT64_MAX, 3, see_version, seen, &w->err),
         &w->err);
    assert_int_equal(seen->count, 3);
    assert_true(fh_record_id_equal(&seen->versions[0].id, &prev));
    assert_string_equal(seen->versions[0].version, "1.5.0");
    assert_string_equal(seen->versions[0].status, "active");
    assert_memory_equal(&seen->versions[0].key, &w->domains[1].publisher.id, FH_ID_BYTES);
    assert_int_equal(seen->versions[2].seq, 3);
    must(fh_history_versions(w->catalog, domain, "flights", 3, 3, see_version, seen, &w->err),
         &w->err);
    assert_int_equal(seen->count, 5);
    assert_int_equal(seen->versions[4].seq, 1);
    must(fh_history_versions(w->catalog, domain, "flights", 1, 3, see_version, seen, &w->err),
         &w->err);
    must(fh_history_versions(
             w->catalog, domain, "trains", UINT64_MAX, 3, see_version, seen, &w->err),
         &w->err);
    assert_int_equal(seen->count, 5);
    free(seen);
}

/* ---- forks ---- */

/* Another contract with number 1 of flights. */
static struct item rival(struct world *w, const char *purpose)
{
    struct test_product product = flights;
    product.purpose = purpose;
    return make_item(w, &product, &w->domains[1]);
}

static void test_a_fork_is_kept_once_with_both_records(void **state)
{
    struct world *w = *state;
    struct seen *seen = calloc(1, sizeof *seen);
    FH_CLEANUP(item_fini) struct item one = make_item(w, &flights, &w->domains[1]);
    FH_CLEANUP(item_fini) struct item other = rival(w, "Something else.");
    must(announce(w, &one), &w->err);
    must(give(w, &one), &w->err);
    for (unsigned i = 0; i < 2; i++) {
        refused(w, give(w, &other), FH_EFORK, "contract.forked");
        assert_int_equal(w->out.result, i == 0 ? FH_CATALOG_FORKED : FH_CATALOG_KNOWN);
        restart(w);
    }
    see_forks(w, seen);
    assert_int_equal(seen->count, 1);
    assert_int_equal(seen->forks[0].number, 1);
    assert_true(fh_record_id_equal(&seen->forks[0].ids[0], &one.contract_id));
    assert_true(fh_record_id_equal(&seen->forks[0].ids[1], &other.contract_id));
    assert_memory_equal(&seen->forks[0].keys[1], &w->domains[1].publisher.id, FH_ID_BYTES);
    FH_CLEANUP(fh_buf_fini) struct fh_buf record;
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    must(fh_store_record_get(w->store, &other.contract_id, &record, &w->err), &w->err);
    assert_true(fh_bytes_equal(fh_buf_view(&record), fh_buf_view(&other.contract)));
    struct fh_catalog_entry entry;
    must(fh_catalog_resolve(w->catalog, "domain1/flights", &entry, &w->err), &w->err);
    assert_true(entry.forked && entry.contract_held);
    bool is_news = true;
    must(fh_store_fork_is_news(w->store, &one.contract_id, &is_news, &w->err), &w->err);
    assert_false(is_news);
    free(seen);
}

static void test_forks_of_a_product_are_bounded(void **state)
{
    struct world *w = *state;
    struct seen *seen = calloc(1, sizeof *seen);
    FH_CLEANUP(item_fini) struct item one = make_item(w, &flights, &w->domains[1]);
    must(announce(w, &one), &w->err);
    must(give(w, &one), &w->err);
    bool is_news = false;
    must(fh_store_fork_is_news(w->store, &one.contract_id, &is_news, &w->err), &w->err);
    assert_true(is_news);
    for (unsigned i = 0; i < FH_STORE_FORKS_MAX + 3; i++) {
        char purpose[32];
        snprintf(purpose, sizeof purpose, "Rival %u.", i);
        FH_CLEANUP(item_fini) struct item other = rival(w, purpose);
        refused(w, give(w, &other), FH_EFORK, "contract.forked");
        assert_int_equal(w->out.result,
                         i < FH_STORE_FORKS_MAX ? FH_CATALOG_FORKED : FH_CATALOG_KNOWN);
    }
    see_forks(w, seen);
    assert_int_equal(seen->count, FH_STORE_FORKS_MAX);
    assert_false(fh_record_id_is_zero(&seen->forks[3].ids[1]));
    free(seen);
}

static void test_an_announced_rival_is_called_one(void **state)
{
    struct world *w = *state;
    FH_CLEANUP(item_fini) struct item one = make_item(w, &flights, &w->domains[1]);
    FH_CLEANUP(item_fini) struct item other = rival(w, "Something else.");
    must(announce(w, &one), &w->err);
    must(give(w, &one), &w->err);
    other.said.revision = 2;
    announce_again(&other, w, &w->domains[1].publisher);
    must(announce(w, &other), &w->err);
    refused(w, give(w, &other), FH_EFORK, "contract.forked");
    assert_int_equal(missing(w, NULL), 0); /* it is not pulled again and again */
    struct fh_catalog_table table;
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    int code = fh_catalog_table(w->catalog, "domain1", "flights", 0, NULL, arena, &table, &w->err);
    refused(w, code, FH_EFORK, "product.forked");
}

/* Forged rivals are no proof: nothing is kept of them. */
static void test_a_forged_rival_proves_nothing(void **state)
{
    struct world *w = *state;
    struct seen *seen = calloc(1, sizeof *seen);
    FH_CLEANUP(item_fini) struct item one = make_item(w, &flights, &w->domains[1]);
    FH_CLEANUP(item_fini) struct item other = rival(w, "Something else.");
    must(announce(w, &one), &w->err);
    must(give(w, &one), &w->err);
    other.contract.data[other.contract.size - 1] ^= 1;
    refused(w, give(w, &other), FH_ESIG, "contract.signature");
    fh_buf_reset(&other.contract);
    struct test_product product = flights;
    product.purpose = "By a neighbour.";
    other.contract_id = test_contract_record(
        &other.contract, &product, &w->domains[1].id, &w->domains[0].publisher, &w->mesh);
    refused(w, give(w, &other), FH_ESIG, "record.signer.domain");
    see_forks(w, seen);
    assert_int_equal(seen->count, 0);
    free(seen);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_moves_are_kept_and_renewals_are_not),
        TEST(test_only_the_last_moves_are_kept),
        TEST(test_an_active_newcomer_is_no_move),
        TEST(test_versions_come_page_by_page),
        TEST(test_a_fork_is_kept_once_with_both_records),
        TEST(test_forks_of_a_product_are_bounded),
        TEST(test_an_announced_rival_is_called_one),
        TEST(test_a_forged_rival_proves_nothing),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
