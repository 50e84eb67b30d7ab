/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue: what it takes, how it settles what contradicts, and that it is still there after a
 * restart. */
#include "node/state/store_catalog.h"
#include "node/state/store_sql.h"
#include "tests/unit/state/catalog_world.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the good way ---- */

static void test_announcement_then_contract(void **state)
{
    struct world *w = *state;
    FH_CLEANUP(item_fini) struct item item = make_item(w, &flights, &w->domains[1]);
    struct fh_catalog_entry entry;
    struct fh_record_id wanted;
    uint64_t edits = fh_catalog_edits(w->catalog);
    must(announce(w, &item), &w->err);
    assert_int_equal(w->out.result, FH_CATALOG_ADDED);
    assert_true(fh_record_id_equal(&w->out.wanted, &item.contract_id));
    assert_int_not_equal(fh_catalog_edits(w->catalog), edits);
    edits = fh_catalog_edits(w->catalog);
    must(announce(w, &item), &w->err);
    assert_int_equal(w->out.result, FH_CATALOG_KNOWN);
    assert_int_equal(fh_catalog_edits(w->catalog), edits);
    must(fh_catalog_resolve(w->catalog, "domain1/flights", &entry, &w->err), &w->err);
    assert_false(entry.contract_held);
    assert_false(entry.open_to_mesh);
    assert_string_equal(entry.domain_name, "domain1");
    restart(w); /* the wish survives */
    assert_int_equal(missing(w, &wanted), 1);
    assert_true(fh_record_id_equal(&wanted, &item.contract_id));
    edits = fh_catalog_edits(w->catalog);
    must(give(w, &item), &w->err);
    assert_int_equal(w->out.result, FH_CATALOG_ADDED);
    assert_int_not_equal(fh_catalog_edits(w->catalog), edits);
    assert_string_equal(w->out.key.product, "flights");
    assert_int_equal(w->out.key.major, 1);
    assert_int_equal(missing(w, NULL), 0);
    must(give(w, &item), &w->err);
    assert_int_equal(w->out.result, FH_CATALOG_KNOWN);
    restart(w);
    must(fh_catalog_resolve(w->catalog, "domain1.flights@1.0.0", &entry, &w->err), &w->err);
    assert_true(entry.contract_held);
    assert_true(entry.open_to_mesh);
    assert_int_equal(entry.received_ms, NOW_MS);
    assert_fingerprints_fit(w);
}

static void test_tables_and_columns(void **state)
{
    struct world *w = *state;
    struct test_product two = flights;
    two.tables = "  - name: flights\n    properties:\n"
                 "      - {name: id, logicalType: integer, primaryKey: true}\n"
                 "      - {name: at, logicalType: date, classification: restricted}\n"
                 "  - name: crews\n    properties:\n"
                 "      - {name: pilot, logicalType: string, required: true}\n";
    FH_CLEANUP(item_fini) struct item item = make_item(w, &two, &w->domains[1]);
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    struct fh_catalog_table table;
    must(announce(w, &item), &w->err);
    int code =
        fh_catalog_table(w->catalog, "domain1", "flights", 0, "crews", arena, &table, &w->err);
    refused(w, code, FH_EINCOMPLETE, "product.contract.missing");
    must(give(w, &item), &w->err);
    must(fh_catalog_table(w->catalog, "domain1", "flights", 1, "flights", arena, &table, &w->err),
         &w->err);
    assert_string_equal(table.name, "flights");
    assert_int_equal(table.column_count, 2);
    assert_string_equal(table.columns[0].name, "id");
    assert_string_equal(table.columns[0].sql_type, "BIGINT");
    assert_true(table.columns[0].required);
    assert_string_equal(table.columns[1].sql_type, "DATE");
    assert_false(table.columns[1].required);
    assert_string_equal(table.columns[1].classification, "restricted");
    const struct {
        const char *domain;
        const char *product;
        uint32_t major;
        const char *table;
        const char *rule;
        const char *hint;
    } rows[] = {
        {"domain1", "flights", 0, NULL, "product.tables.many", "flights, crews"},
        {"domain1", "flights", 0, "crew", "product.table.unknown", "\"crews\"?"},
        {"domain1", "flight", 0, "crews", "product.unknown", "\"flights\"?"},
        {"domain1", "flights", 2, "crews", "product.unknown", "major version 2"},
        {"domian1", "flights", 0, "crews", "domain.unknown", "\"domain1\"?"},
        {"domain2", "flights", 0, "crews", "domain.unknown", "not known"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        code = fh_catalog_table(w->catalog,
                                rows[i].domain,
                                rows[i].product,
                                rows[i].major,
                                rows[i].table,
                                arena,
                                &table,
                                &w->err);
        refused(w, code, FH_ENOTFOUND, rows[i].rule);
        assert_non_null(strstr(w->err.text, rows[i].hint));
    }
    struct fh_contract *contract = NULL;
    must(fh_catalog_open_contract(w->catalog, &item.contract_id, arena, &contract, &w->err),
         &w->err);
    assert_int_equal(contract->tables.count, 2);
}

static void test_names(void **state)
{
    struct world *w = *state;
    FH_CLEANUP(item_fini) struct item item = make_item(w, &flights, &w->domains[1]);
    must(announce(w, &item), &w->err);
    static const struct {
        const char *name;
        int code;
        const char *rule;
    } rows[] = {
        {"domain1/flights", FH_OK, ""},
        {"domain1.flights", FH_OK, ""},
        {"domain1/flights@1", FH_OK, ""},
        {"domain1/flights@1.0.0", FH_OK, ""},
        {"domain1/flights@1.0.1", FH_ENOTFOUND, "product.version"},
        {"domain1/flights@2", FH_ENOTFOUND, "product.unknown"},
        {"domain1/flights@", FH_EINVAL, "product.name"},
        {"domain1/flights@one", FH_EINVAL, "product.name"},
        {"domain1/flights@1x", FH_EINVAL, "product.name"},
        {"flights", FH_EINVAL, "product.name"},
        {"/flights", FH_EINVAL, "product.name"},
        {"domain1/", FH_EINVAL, "product.name"},
        {"", FH_EINVAL, "product.name"},
        {"domain1/a/b", FH_EINVAL, "name.form"},
        {"Domain1/flights", FH_EINVAL, "name.form"},
        {"domain7/flights", FH_ENOTFOUND, "domain.unknown"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_catalog_entry entry;
        w->err = (struct fh_err){0};
        int code = fh_catalog_resolve(w->catalog, rows[i].name, &entry, &w->err);
        if (code != rows[i].code || strcmp(w->err.rule, rows[i].rule) != 0) {
            fail_msg("%s: %s %s", rows[i].name, fh_code_name(code), w->err.rule);
        }
    }
}

/* ---- chains ---- */

static void test_a_gap_is_filled_from_behind(void **state)
{
    struct world *w = *state;
    struct test_product product = flights;
    struct item items[3];
    for (unsigned i = 0; i < 3; i++) {
        char version[8];
        snprintf(version, sizeof version, "1.%u.0", i);
        product.version = version;
        product.seq = i + 1;
        items[i] = make_item(w, &product, &w->domains[1]);
        product.prev = items[i].contract_id;
    }
    must(announce(w, &items[0]), &w->err);
    must(give(w, &items[0]), &w->err);
    items[2].said.revision = 7;
    announce_again(&items[2], w, &w->domains[1].node);
    must(announce(w, &items[2]), &w->err);
    refused(w, give(w, &items[2]), FH_EINCOMPLETE, "contract.chain.gap");
    assert_true(fh_record_id_equal(&w->out.wanted, &items[1].contract_id));
    restart(w);
    struct fh_record_id first;
    assert_int_equal(missing(w, &first), 1); /* the last one waits */
    assert_true(fh_record_id_equal(&first, &items[1].contract_id));
    must(give(w, &items[1]), &w->err);
    assert_int_equal(missing(w, &first), 1);
    assert_true(fh_record_id_equal(&first, &items[2].contract_id));
    must(give(w, &items[2]), &w->err);
    assert_int_equal(missing(w, NULL), 0);
    for (unsigned i = 0; i < 3; i++) {
        item_fini(&items[i]);
    }
}

static void test_majors_live_side_by_side(void **state)
{
    struct world *w = *state;
    struct test_product product = flights;
    FH_CLEANUP(item_fini) struct item one = make_item(w, &product, &w->domains[1]);
    product.version = "2.0.0";
    product.seq = 2;
    product.prev = one.contract_id;
    FH_CLEANUP(item_fini) struct item two = make_item(w, &product, &w->domains[1]);
    struct fh_catalog_entry entry;
    must(announce(w, &two), &w->err);
    must(give(w, &two), &w->err);
    must(announce(w, &one), &w->err); /* a newcomer may hear of the older one later */
    must(give(w, &one), &w->err);
    must(fh_catalog_resolve(w->catalog, "domain1/flights", &entry, &w->err), &w->err);
    assert_string_equal(entry.announcement.version, "2.0.0");
    must(fh_catalog_resolve(w->catalog, "domain1/flights@1", &entry, &w->err), &w->err);
    assert_string_equal(entry.announcement.version, "1.0.0");
    /* The highest active one answers, not the highest. */
    two.said.revision = 2;
    two.said.status = FH_ANNOUNCE_DEPRECATED;
    announce_again(&two, w, &w->domains[1].node);
    must(announce(w, &two), &w->err);
    must(fh_catalog_resolve(w->catalog, "domain1/flights", &entry, &w->err), &w->err);
    assert_string_equal(entry.announcement.version, "1.0.0");
}

/* Which major a name without a version means, step by step as the two of them grow old. */
static void test_the_served_major_is_meant(void **state)
{
    struct world *w = *state;
    static const struct {
        enum fh_announce_status one, two;
        const char *version;
    } rows[] = {
        {FH_ANNOUNCE_DRAFT, FH_ANNOUNCE_DRAFT, "2.0.0"},
        {FH_ANNOUNCE_ACTIVE, FH_ANNOUNCE_DRAFT, "1.0.0"},
        {FH_ANNOUNCE_DEPRECATED, FH_ANNOUNCE_DRAFT, "1.0.0"},
        {FH_ANNOUNCE_DEPRECATED, FH_ANNOUNCE_ACTIVE, "2.0.0"},
        {FH_ANNOUNCE_DEPRECATED, FH_ANNOUNCE_DEPRECATED, "2.0.0"},
        {FH_ANNOUNCE_DEPRECATED, FH_ANNOUNCE_RETIRED, "1.0.0"},
        {FH_ANNOUNCE_RETIRED, FH_ANNOUNCE_RETIRED, "2.0.0"},
    };
    struct test_product product = flights;
    FH_CLEANUP(item_fini) struct item one = make_item(w, &product, &w->domains[1]);
    product.version = "2.0.0";
    product.seq = 2;
    product.prev = one.contract_id;
    FH_CLEANUP(item_fini) struct item two = make_item(w, &product, &w->domains[1]);
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_catalog_entry entry;
        one.said.revision = i + 1;
        two.said.revision = i + 1;
        one.said.status = rows[i].one;
        two.said.status = rows[i].two;
        announce_again(&one, w, &w->domains[1].publisher);
        announce_again(&two, w, &w->domains[1].publisher);
        must(announce(w, &one), &w->err);
        must(announce(w, &two), &w->err);
        must(fh_catalog_resolve(w->catalog, "domain1/flights", &entry, &w->err), &w->err);
        assert_string_equal(entry.announcement.version, rows[i].version);
        must(fh_catalog_resolve(w->catalog, "domain1/flights@1", &entry, &w->err), &w->err);
        assert_int_equal(entry.announcement.status, rows[i].one);
    }
}

/* ---- forks and tombstones ---- */

static int count_proofs(void *user, const struct fh_store_record *record, struct fh_err *err)
{
    (void)record;
    (void)err;
    (*(unsigned *)user)++;
    return FH_OK;
}

static void test_forked_announcements_settle_alike(void **state)
{
    (void)state;
    struct fh_record_id winners[2];
    for (unsigned order = 0; order < 2; order++) {
        void *own = NULL;
        setup(&own);
        struct world *w = own;
        FH_CLEANUP(item_fini) struct item a = make_item(w, &flights, &w->domains[1]);
        FH_CLEANUP(item_fini) struct item b = make_item(w, &flights, &w->domains[1]);
        memcpy(b.said.title, "another title", 14);
        announce_again(&b, w, &w->domains[1].node);
        must(announce(w, order == 0 ? &a : &b), &w->err);
        must(announce(w, order == 0 ? &b : &a), &w->err);
        assert_int_equal(w->out.result, FH_CATALOG_FORKED);
        for (unsigned again = 0; again < 2; again++) {
            must(announce(w, again == 0 ? &a : &b), &w->err);
            assert_int_equal(w->out.result, FH_CATALOG_KNOWN);
        }
        unsigned proofs = 0;
        must(fh_store_proofs_each(w->store, count_proofs, &proofs, &w->err), &w->err);
        assert_int_equal(proofs, 2); /* one alone would prove nothing */
        struct fh_catalog_entry entry;
        must(fh_catalog_resolve(w->catalog, "domain1/flights", &entry, &w->err), &w->err);
        winners[order] = entry.id;
        assert_fingerprints_fit(w);
        teardown(&own);
    }
    assert_true(fh_record_id_equal(&winners[0], &winners[1]));
}

static void test_withdrawn_products_are_gone_but_remembered(void **state)
{
    struct world *w = *state;
    FH_CLEANUP(item_fini) struct item item = make_item(w, &flights, &w->domains[1]);
    struct fh_catalog_entry entry;
    must(announce(w, &item), &w->err);
    item.said.revision = 2;
    item.said.status = FH_ANNOUNCE_WITHDRAWN;
    announce_again(&item, w, &w->domains[1].node);
    must(announce(w, &item), &w->err);
    restart(w);
    int code = fh_catalog_resolve(w->catalog, "domain1/flights", &entry, &w->err);
    refused(w, code, FH_ENOTFOUND, "product.withdrawn");
    assert_int_equal(fh_catalog_head(w->catalog).count, 1);
}

/* ---- what is wanted ---- */

enum {
    UNSERVED = FH_LIMIT(300, 48), /* more than one look */
    LOOK = FH_LIMIT(256, 40),
};

static void announce_unserved(struct world *w)
{
    for (unsigned i = 0; i < UNSERVED; i++) {
        char name[16];
        snprintf(name, sizeof name, "unserved_%u", i);
        const struct test_product product = {.name = name};
        FH_CLEANUP(item_fini) struct item item = make_item(w, &product, &w->domains[1]);
        must(announce(w, &item), &w->err);
    }
}

static int64_t count_wants(struct world *w)
{
    struct fh_sql sql = fh_sql(w->store, "SELECT count(*) FROM wants");
    int64_t count = 0;
    must(fh_sql_read_numbers(&sql, 1, &count, &w->err), &w->err);
    return count;
}

static void test_unserved_contracts_hide_no_others(void **state)
{
    struct world *w = *state;
    struct fh_catalog_wanted wanted[LOOK];
    size_t count = 0;
    w->products_max = UNSERVED;
    restart(w);
    announce_unserved(w);
    FH_CLEANUP(item_fini) struct item item = make_item(w, &flights, &w->domains[0]);
    must(announce(w, &item), &w->err);
    must(fh_catalog_missing(w->catalog, NULL, wanted, LOOK, &count, &w->err), &w->err);
    unsigned found = 0;
    for (size_t i = 0; i < count; i++) {
        found += fh_record_id_equal(&wanted[i].contract, &item.contract_id);
    }
    assert_int_equal(found, 1);
    assert_true(count > LOOK / 2);
    /* Behind a domain, another one begins. */
    must(fh_catalog_missing(w->catalog, &w->domains[1].id, wanted, LOOK, &count, &w->err), &w->err);
    assert_true(fh_domain_id_equal(&wanted[0].domain, &w->domains[0].id));
    assert_true(fh_domain_id_equal(&wanted[1].domain, &w->domains[1].id));
}

static int compare_ids(const void *a, const void *b)
{
    return fh_record_id_compare(a, b);
}

/* Whatever is asked for in vain, all that a domain announced is asked for. */
static void test_all_that_is_wanted_has_its_turn(void **state)
{
    enum { AT_ONCE = 16 };
    struct world *w = *state;
    struct fh_record_id ids[UNSERVED + AT_ONCE];
    w->products_max = UNSERVED;
    restart(w);
    announce_unserved(w);
    size_t count = 0;
    for (size_t at = 0; at < UNSERVED; at += AT_ONCE) {
        const struct fh_domain_id *domain = &w->domains[1].id;
        must(fh_catalog_missing_of(w->catalog, domain, ids + at, AT_ONCE, &count, &w->err),
             &w->err);
        assert_int_equal(count, AT_ONCE);
    }
    qsort(ids, UNSERVED, sizeof *ids, compare_ids);
    for (size_t i = 1; i < UNSERVED; i++) {
        assert_false(fh_record_id_equal(&ids[i - 1], &ids[i]));
    }
}

static void test_what_expired_is_wanted_no_more(void **state)
{
    struct world *w = *state;
    struct test_product product = flights;
    product.version = "1.1.0";
    product.seq = 2;
    product.prev = (struct fh_record_id){.b = {7}};
    FH_CLEANUP(item_fini) struct item lives = make_item(w, &flights, &w->domains[0]);
    lives.said.expires_ms += 2 * TEST_DAY_MS;
    announce_again(&lives, w, &w->domains[0].node);
    must(announce(w, &lives), &w->err);
    FH_CLEANUP(item_fini) struct item item = make_item(w, &product, &w->domains[1]);
    must(announce(w, &item), &w->err);
    static const struct fh_record_id none;
    must(fh_store_want_put(w->store, &product.prev, &w->domains[1].id, &none, &w->err), &w->err);
    must(fh_store_want_put(w->store, &item.contract_id, &w->domains[1].id, &product.prev, &w->err),
         &w->err);
    must(fh_catalog_sweep(w->catalog, NOW_MS, NULL, &w->err), &w->err);
    assert_int_equal(count_wants(w), 3); /* one is waited for */
    must(fh_catalog_sweep(w->catalog, item.said.expires_ms + TEST_DAY_MS, NULL, &w->err), &w->err);
    assert_int_equal(count_wants(w), 1);
}

static void test_expired_entries_leave_a_floor(void **state)
{
    struct world *w = *state;
    FH_CLEANUP(item_fini) struct item item = make_item(w, &flights, &w->domains[1]);
    item.said.revision = 9;
    announce_again(&item, w, &w->domains[1].node);
    must(announce(w, &item), &w->err);
    uint64_t dropped = 99;
    must(fh_catalog_sweep(w->catalog, item.said.expires_ms, &dropped, &w->err), &w->err);
    assert_int_equal(dropped, 0); /* within the grace for clocks */
    int64_t later = item.said.expires_ms + FH_CLOCK_SKEW_MS + 1;
    must(fh_catalog_sweep(w->catalog, later, &dropped, &w->err), &w->err);
    assert_int_equal(dropped, 1);
    assert_int_equal(fh_catalog_head(w->catalog).count, 0);
    assert_fingerprints_fit(w);
    restart(w);
    item.said.revision = 8;
    item.said.expires_ms = later + TEST_DAY_MS;
    announce_again(&item, w, &w->domains[1].node);
    refused(w, announce(w, &item), FH_ESTALE, "announcement.stale");
    item.said.revision = 10;
    announce_again(&item, w, &w->domains[1].node);
    must(announce(w, &item), &w->err);
    assert_int_equal(fh_catalog_head(w->catalog).count, 1);
}

/* ---- publishing ---- */

static void test_publish_is_all_or_nothing(void **state)
{
    struct world *w = *state;
    struct test_product product = flights;
    FH_CLEANUP(item_fini) struct item one = make_item(w, &product, &w->domains[0]);
    uint64_t seq = 9;
    struct fh_announcement last_said;
    refused(w,
            fh_catalog_last_said(w->catalog, "flights", 1, &last_said, &w->err),
            FH_ENOTFOUND,
            "product.unknown");
    FH_CLEANUP(fh_buf_fini) struct fh_buf last;
    fh_buf_init(&last, FH_RECORD_BYTES_MAX);
    must(fh_catalog_chain(w->catalog, "flights", &seq, &last, &w->err), &w->err);
    assert_int_equal(seq, 0);
    must(fh_catalog_check_contract(w->catalog, fh_buf_view(&one.contract), NOW_MS, &w->err),
         &w->err);
    assert_int_equal(fh_catalog_head(w->catalog).count, 0);
    must(publish(w, &one), &w->err);
    restart(w);
    must(fh_catalog_chain(w->catalog, "flights", &seq, &last, &w->err), &w->err);
    assert_int_equal(seq, 1);
    assert_true(fh_bytes_equal(fh_buf_view(&last), fh_buf_view(&one.contract)));
    must(fh_catalog_last_said(w->catalog, "flights", 1, &last_said, &w->err), &w->err);
    assert_int_equal(last_said.revision, 1);

    /* The next contract is fine, its announcement is not: nothing of it stays. */
    product.version = "1.1.0";
    product.seq = 2;
    product.prev = one.contract_id;
    FH_CLEANUP(item_fini) struct item two = make_item(w, &product, &w->domains[0]);
    struct fh_catalog_head before = fh_catalog_own_head(w->catalog);
    two.said.revision = 0x7fffffff;
    two.said.contract = one.contract_id;
    two.said.contract_seq = 1;
    two.said.contract_bytes = one.contract.size;
    announce_again(&two, w, &w->domains[0].node);
    refused(w, publish(w, &two), FH_ECHECK, "contract.mismatch");
    two.said.contract = two.contract_id;
    two.said.contract_seq = 2;
    two.said.contract_bytes = two.contract.size;
    two.said.revision = 1;
    announce_again(&two, w, &w->domains[0].node);
    refused(w, publish(w, &two), FH_ESTALE, "announcement.stale"); /* whichever id is greater */
    struct fh_catalog_head after = fh_catalog_own_head(w->catalog);
    assert_memory_equal(&after, &before, sizeof after);
    must(fh_catalog_chain(w->catalog, "flights", &seq, &last, &w->err), &w->err);
    assert_int_equal(seq, 1);
    two.said.revision = 2;
    announce_again(&two, w, &w->domains[0].node);
    must(publish(w, &two), &w->err);
    assert_fingerprints_fit(w);
    /* A change of status goes with the same contract. */
    two.said.revision = 3;
    two.said.status = FH_ANNOUNCE_WITHDRAWN;
    announce_again(&two, w, &w->domains[0].node);
    must(publish(w, &two), &w->err);
    /* And the first version cannot be published again. */
    refused(w, publish(w, &one), FH_ESTALE, "announcement.stale");
}

static int move(struct world *w, struct item *item, const struct test_key *key, bool dry_run)
{
    announce_again(item, w, key);
    return fh_catalog_move(
        w->catalog, fh_buf_view(&item->announcement), dry_run, NOW_MS, &w->out, &w->err);
}

static void test_moves_of_own_products(void **state)
{
    struct world *w = *state;
    const struct test_domain *self = &w->domains[0];
    FH_CLEANUP(item_fini) struct item item = make_item(w, &flights, self);
    FH_CLEANUP(item_fini) struct item other = make_item(w, &flights, &w->domains[1]);
    struct fh_announcement held;
    must(publish(w, &item), &w->err);
    struct fh_catalog_head before = fh_catalog_own_head(w->catalog);
    /* A dry run leaves nothing, nor does what is refused. */
    item.said.revision = 2;
    item.said.status = FH_ANNOUNCE_DEPRECATED;
    item.said.sunset_ms = NOW_MS + TEST_DAY_MS;
    snprintf(item.said.successor, sizeof item.said.successor, "flights@2");
    must(move(w, &item, &self->publisher, true), &w->err);
    refused(w, move(w, &item, &self->member, false), FH_ESIG, "record.signer.unknown");
    item.said.revision = 1;
    refused(w, move(w, &item, &self->publisher, false), FH_ESTALE, "announcement.stale");
    item.said.revision = 2;
    item.said.contract.b[0] ^= 1;
    refused(w, move(w, &item, &self->publisher, false), FH_ECHECK, "contract.mismatch");
    item.said.contract.b[0] ^= 1;
    refused(w, move(w, &other, &w->domains[1].publisher, false), FH_EDENIED, "publish.domain");
    struct fh_catalog_head after = fh_catalog_own_head(w->catalog);
    assert_memory_equal(&after, &before, sizeof after);
    assert_int_equal(missing(w, NULL), 0);
    must(move(w, &item, &self->publisher, false), &w->err);
    restart(w);
    must(fh_catalog_last_said(w->catalog, "flights", 1, &held, &w->err), &w->err);
    assert_int_equal(held.status, FH_ANNOUNCE_DEPRECATED);
    assert_true(held.sunset_ms == NOW_MS + TEST_DAY_MS);
    assert_string_equal(held.successor, "flights@2");
    item.said.revision = 3;
    item.said.sunset_ms = NOW_MS;
    refused(w, move(w, &item, &self->publisher, false), FH_ECHECK, "announcement.sunset.earlier");
    assert_int_equal(fh_store_depth(w->store), 0);
    assert_fingerprints_fit(w);
}

static void test_publish_refuses(void **state)
{
    struct world *w = *state;
    struct test_product product = flights;
    product.seq = 2;
    product.prev.b[0] = 1;
    FH_CLEANUP(item_fini) struct item second = make_item(w, &product, &w->domains[0]);
    refused(w, publish(w, &second), FH_ECHECK, "contract.chain.broken");
    FH_CLEANUP(item_fini) struct item foreign = make_item(w, &flights, &w->domains[1]);
    refused(w, publish(w, &foreign), FH_EDENIED, "publish.domain");
    int code =
        fh_catalog_check_contract(w->catalog, fh_buf_view(&foreign.contract), NOW_MS, &w->err);
    refused(w, code, FH_EDENIED, "publish.domain");
    FH_CLEANUP(item_fini) struct item one = make_item(w, &flights, &w->domains[0]);
    uint8_t *at = memmem(one.contract.data, one.contract.size, "Minutes", 7);
    at[0] = 'm';
    refused(w, publish(w, &one), FH_ESIG, "contract.signature");
    assert_int_equal(fh_catalog_head(w->catalog).count, 0);
    at[0] = 'M';
    must(publish(w, &one), &w->err);
    struct test_product other = flights;
    other.purpose = "The same number with another text.";
    FH_CLEANUP(item_fini) struct item fork = make_item(w, &other, &w->domains[0]);
    refused(w, publish(w, &fork), FH_EFORK, "contract.forked");
}

/* In a child whose files may not grow: returns the step that was wrong. */
static int publish_on_a_full_disk(struct world *w, const struct item *item)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0) {
        return 1;
    }
    rlim_t was = limit.rlim_cur;
    struct fh_catalog_head before = fh_catalog_head(w->catalog);
    limit.rlim_cur = 16 * 1024; /* the log has some pages already, but cannot take a contract */
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) {
        return 2;
    }
    int code = publish(w, item);
    if (code != FH_EIO || strncmp(w->err.rule, "store.", 6) != 0) {
        return 3;
    }
    struct fh_catalog_head after = fh_catalog_head(w->catalog);
    if (memcmp(&before, &after, sizeof after) != 0 || fh_store_depth(w->store) != 0) {
        return 4;
    }
    limit.rlim_cur = was;
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) {
        return 5;
    }
    uint64_t seq = 9;
    FH_CLEANUP(fh_buf_fini) struct fh_buf last;
    fh_buf_init(&last, FH_RECORD_BYTES_MAX);
    code = fh_catalog_chain(w->catalog, "flights", &seq, &last, &w->err);
    if (code != FH_OK || seq != 0 || last.size != 0) {
        return 6;
    }
    return publish(w, item) == FH_OK ? 0 : 7; /* with room again it is just published */
}

static void test_publish_on_a_full_disk_changes_nothing(void **state)
{
    struct world *w = *state;
    FH_CLEANUP(item_fini) struct item item = make_item(w, &flights, &w->domains[0]);
    fh_catalog_close(w->catalog); /* a connection does not go through fork */
    fh_store_close(w->store);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        open_all(w);
        _exit(publish_on_a_full_disk(w, &item));
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    open_all(w);
    assert_int_equal(fh_catalog_head(w->catalog).count, 1);
    assert_fingerprints_fit(w);
}

/* ---- age, order, pages ---- */

static void test_age(void **state)
{
    struct world *w = *state;
    FH_CLEANUP(item_fini) struct item item = make_item(w, &flights, &w->domains[1]);
    struct fh_catalog_entry entry;
    must(announce(w, &item), &w->err);
    fh_catalog_heard(w->catalog, &w->domains[1].id, NOW_MS + 5000);
    fh_catalog_heard(w->catalog, &w->domains[1].id, NOW_MS + 4000); /* never back */
    fh_catalog_heard(w->catalog, &w->domains[0].id, NOW_MS + 9000);
    must(fh_catalog_resolve(w->catalog, "domain1/flights", &entry, &w->err), &w->err);
    assert_int_equal(entry.heard_ms, NOW_MS + 5000);
    must(fh_catalog_sweep(w->catalog, NOW_MS, NULL, &w->err), &w->err);
    restart(w);
    must(fh_catalog_resolve(w->catalog, "domain1/flights", &entry, &w->err), &w->err);
    assert_int_equal(entry.heard_ms, NOW_MS + 5000);
}

static int join_names(void *user, const struct fh_catalog_entry *entry, struct fh_err *err)
{
    (void)err;
    fh_buf_printf(user, "%s/%s ", entry->domain_name, entry->announcement.product);
    return FH_OK;
}

static int count_page(void *user, struct fh_bytes record, struct fh_err *err)
{
    (void)err;
    size_t *records = user;
    assert_true(record.size > 0);
    (*records)++;
    return FH_OK;
}

static void test_order_and_pages(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *name;
        unsigned domain;
    } rows[] = {{"zulu", 0}, {"alpha", 1}, {"mike", 0}, {"kilo", 1}, {"alpha", 0}};
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        const struct test_product product = {.name = rows[i].name};
        FH_CLEANUP(item_fini)
        struct item item = make_item(w, &product, &w->domains[rows[i].domain]);
        must(announce(w, &item), &w->err);
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf names;
    fh_buf_init(&names, 1024);
    must(fh_catalog_each(w->catalog, NULL, join_names, &names, &w->err), &w->err);
    assert_string_equal(fh_buf_cstr(&names),
                        "domain0/alpha domain0/mike domain0/zulu domain1/alpha domain1/kilo ");
    fh_buf_reset(&names);
    must(fh_catalog_each(w->catalog, &w->domains[1].id, join_names, &names, &w->err), &w->err);
    assert_string_equal(fh_buf_cstr(&names), "domain1/alpha domain1/kilo ");
    /* Pages of any size bring every record once. */
    for (size_t bytes = 1; bytes < 3000; bytes += 300) {
        size_t records = 0;
        FH_CLEANUP(fh_buf_fini) struct fh_buf cursor;
        fh_buf_init(&cursor, FH_ID_BYTES);
        for (unsigned pages = 0; pages < 10; pages++) {
            FH_CLEANUP(fh_buf_fini) struct fh_buf next;
            fh_buf_init(&next, FH_ID_BYTES);
            must(fh_catalog_page(
                     w->catalog, fh_buf_view(&cursor), bytes, count_page, &records, &next, &w->err),
                 &w->err);
            if (next.size == 0) {
                break;
            }
            fh_buf_reset(&cursor);
            fh_buf_add_bytes(&cursor, fh_buf_view(&next));
        }
        assert_int_equal(records, FH_COUNT(rows));
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf next;
    fh_buf_init(&next, FH_ID_BYTES);
    size_t records = 0;
    int code =
        fh_catalog_page(w->catalog, fh_bytes("abc", 3), 100, count_page, &records, &next, &w->err);
    refused(w, code, FH_EINVAL, "sync.cursor");
}

/* One transaction around many, as a page of a synchronisation is stored. */
static void test_a_refused_one_among_many(void **state)
{
    struct world *w = *state;
    const struct test_product names[] = {{.name = "one"}, {.name = "two"}, {.name = "three"}};
    must(fh_store_begin(w->store, FH_STORE_LAZY, &w->err), &w->err);
    for (size_t i = 0; i < FH_COUNT(names); i++) {
        FH_CLEANUP(item_fini) struct item item = make_item(w, &names[i], &w->domains[1]);
        if (i == 1) {
            announce_again(&item, w, &w->domains[0].node);
            refused(w, announce(w, &item), FH_ESIG, "record.signer.domain");
        } else {
            must(announce(w, &item), &w->err);
        }
    }
    must(fh_store_commit(w->store, &w->err), &w->err);
    restart(w);
    assert_int_equal(fh_catalog_head(w->catalog).count, 2);
    uint8_t a[16];
    uint8_t b[16];
    fh_catalog_fingerprint(w->catalog, a);
    restart(w);
    fh_catalog_fingerprint(w->catalog, b);
    assert_memory_equal(a, b, sizeof a);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_announcement_then_contract),
        TEST(test_tables_and_columns),
        TEST(test_names),
        TEST(test_a_gap_is_filled_from_behind),
        TEST(test_majors_live_side_by_side),
        cmocka_unit_test(test_forked_announcements_settle_alike),
        TEST(test_the_served_major_is_meant),
        TEST(test_withdrawn_products_are_gone_but_remembered),
        TEST(test_expired_entries_leave_a_floor),
        TEST(test_unserved_contracts_hide_no_others),
        TEST(test_all_that_is_wanted_has_its_turn),
        TEST(test_what_expired_is_wanted_no_more),
        TEST(test_publish_is_all_or_nothing),
        TEST(test_moves_of_own_products),
        TEST(test_publish_refuses),
        TEST(test_publish_on_a_full_disk_changes_nothing),
        TEST(test_age),
        TEST(test_order_and_pages),
        TEST(test_a_refused_one_among_many),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
