/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalogue and versions: what a peer makes of a chain whose majors run side by side, of one
 * whose owner bumps too little, and of what follows behind a link that it refused.
 */
#include "proto/contract/contract_record.h"
#include "tests/unit/state/catalog_world.h"

#define TWO_COLUMNS                                                                                \
    "  - name: flights\n    properties:\n"                                                         \
    "      - {name: origin, logicalType: string, required: true}\n"                                \
    "      - {name: delay, logicalType: integer}\n"
#define NULLS_ALLOWED                                                                              \
    "  - name: flights\n    properties:\n"                                                         \
    "      - {name: origin, logicalType: string}\n"                                                \
    "      - {name: delay, logicalType: integer}\n"
#define ONE_MORE TWO_COLUMNS "      - {name: carrier, logicalType: string}\n"
#define RENAMED                                                                                    \
    "  - name: flights\n    properties:\n"                                                         \
    "      - {name: departure, logicalType: string, required: true}\n"                             \
    "      - {name: delay, logicalType: integer}\n"

/* A chain of the other domain, written as its links are. */
struct chain {
    struct world *w;
    struct fh_record_id last;
    uint64_t seq;
    uint64_t revision;
};

static struct item
make_link(struct chain *chain, const char *version, const char *tables, uint64_t rules)
{
    const struct test_product product = {.name = "flights",
                                         .version = version,
                                         .tables = tables,
                                         .seq = ++chain->seq,
                                         .prev = chain->last,
                                         .compat_rules = rules};
    struct item item = make_item(chain->w, &product, &chain->w->domains[1]);
    item.said.revision = ++chain->revision;
    announce_again(&item, chain->w, &chain->w->domains[1].node);
    chain->last = item.contract_id;
    return item;
}

/* Announces and gives the next link; checks the code, and the rule of a refusal. */
static void link_up(
    struct chain *chain, const char *version, const char *tables, int expected, const char *rule)
{
    struct world *w = chain->w;
    FH_CLEANUP(item_fini) struct item item = make_link(chain, version, tables, 0);
    must(announce(w, &item), &w->err);
    int code = give(w, &item);
    if (code != expected) {
        fail_msg("%s: %s %s: %s", version, fh_code_name(code), w->err.rule, w->err.text);
    }
    if (code != FH_OK) {
        refused(w, code, expected, rule);
    }
}

#define TOO_SMALL   FH_ECHECK, "contract.version.bump_too_small"
#define NOT_GREATER FH_ECHECK, "contract.version.not_greater"
#define FINE        FH_OK, NULL

static int count_proof(void *user, const struct fh_store_record *record, struct fh_err *err)
{
    (void)record;
    (void)err;
    (*(size_t *)user)++;
    return FH_OK;
}

static void test_bumps(void **state)
{
    struct chain chain = {.w = *state};
    link_up(&chain, "1.0.0", TWO_COLUMNS, FINE);
    link_up(&chain, "1.0.1", ONE_MORE, TOO_SMALL);
    assert_non_null(strstr(chain.w->err.text, "schema.flights.properties.carrier"));
    assert_non_null(strstr(chain.w->err.text, "[compat.column.added]"));
    assert_non_null(strstr(chain.w->err.text, "1.1.0 or greater"));
    link_up(&chain, "1.1.0", ONE_MORE, FINE); /* behind the link that was refused */
    link_up(&chain, "1.2.0", RENAMED, TOO_SMALL);
    link_up(&chain, "1.2.1", NULLS_ALLOWED, TOO_SMALL);
    assert_non_null(strstr(chain.w->err.text, "breaks readers of 1.1.0"));
    assert_non_null(strstr(chain.w->err.text, "2.0.0 or greater"));
    link_up(&chain, "2.0.0", RENAMED, FINE); /* and behind two of them */
    assert_int_equal(missing(chain.w, NULL), 0);
    size_t proofs = 0; /* a bump that is too small is no contradiction */
    must(fh_store_proofs_each(chain.w->store, count_proof, &proofs, &chain.w->err), &chain.w->err);
    assert_int_equal(proofs, 0);
}

static void test_side_by_side(void **state)
{
    struct chain chain = {.w = *state};
    struct world *w = chain.w;
    link_up(&chain, "1.0.0", TWO_COLUMNS, FINE);
    link_up(&chain, "2.0.0", RENAMED, FINE);
    link_up(&chain, "1.0.1", TWO_COLUMNS, FINE);
    link_up(&chain, "2.0.1", TWO_COLUMNS, TOO_SMALL);
    link_up(&chain, "1.0.1", TWO_COLUMNS, NOT_GREATER);
    link_up(&chain, "4.0.0", TWO_COLUMNS, FINE);
    link_up(&chain, "3.0.0", TWO_COLUMNS, FINE); /* it cannot know what was refused before */
    struct fh_catalog_entry entry;
    must(fh_catalog_find(w->catalog, &w->domains[1].id, "flights", 4, &entry, &w->err), &w->err);
    assert_string_equal(entry.announcement.version, "4.0.0");
    assert_true(entry.contract_held);
}

static void test_no_major_is_filled_in(void **state)
{
    struct chain chain = {.w = *state};
    link_up(&chain, "1.0.0", TWO_COLUMNS, FINE);
    link_up(&chain, "3.0.0", RENAMED, FINE);
    link_up(&chain, "2.0.0", RENAMED, NOT_GREATER);
}

static void test_major_0_and_prereleases(void **state)
{
    struct chain chain = {.w = *state};
    link_up(&chain, "0.1.0", TWO_COLUMNS, FINE);
    link_up(&chain, "0.1.1", ONE_MORE, FINE);
    link_up(&chain, "0.1.2", RENAMED, TOO_SMALL);
    link_up(&chain, "0.2.0", RENAMED, FINE);
    link_up(&chain, "1.0.0-rc.1", TWO_COLUMNS, FINE);
    link_up(&chain, "1.0.0-rc.2", RENAMED, FINE);
    link_up(&chain, "1.0.0", TWO_COLUMNS, FINE);
    link_up(&chain, "1.1.0-rc.1", RENAMED, TOO_SMALL);
    link_up(&chain, "1.1.0-rc.2", ONE_MORE, FINE);
    link_up(&chain, "1.1.0", TWO_COLUMNS, FINE); /* what only the pre-release had may go */
}

/* A rule set from the future is not known here: the version is taken, and shown as unjudged. */
static void test_unknown_rules(void **state)
{
    struct chain chain = {.w = *state};
    struct world *w = chain.w;
    link_up(&chain, "1.0.0", TWO_COLUMNS, FINE);
    FH_CLEANUP(item_fini)
    struct item item = make_link(&chain, "1.0.1", RENAMED, FH_CONTRACT_COMPAT_RULES + 1);
    must(announce(w, &item), &w->err);
    must(give(w, &item), &w->err);
}

/* What was refused is not asked for again, is told to who asks, and is forgotten by a restart. */
static void test_refused(void **state)
{
    struct chain chain = {.w = *state};
    struct world *w = chain.w;
    link_up(&chain, "1.0.0", TWO_COLUMNS, FINE);
    FH_CLEANUP(item_fini) struct item item = make_link(&chain, "1.0.1", RENAMED, 0);
    must(announce(w, &item), &w->err);
    assert_int_equal(missing(w, NULL), 1);
    refused(w, give(w, &item), TOO_SMALL);
    assert_int_equal(missing(w, NULL), 0);
    item.said.revision = ++chain.revision; /* renewed, as announcements are */
    announce_again(&item, w, &w->domains[1].node);
    must(announce(w, &item), &w->err);
    assert_int_equal(missing(w, NULL), 0);
    struct fh_catalog_table table;
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(1024 * 1024);
    const char *domain = w->domains[1].name;
    int code = fh_catalog_table(w->catalog, domain, "flights", 1, NULL, arena, &table, &w->err);
    refused(w, code, TOO_SMALL);
    assert_non_null(strstr(w->err.text, "its contract was refused here"));
    restart(w);
    assert_int_equal(missing(w, NULL), 1); /* a newer program may see it otherwise */
    refused(w, give(w, &item), TOO_SMALL);
}

/* Refused for what the announcement says, not for what it is: the chain must not go on without it.
 */
static void test_mismatch_is_no_refusal(void **state)
{
    struct chain chain = {.w = *state};
    struct world *w = chain.w;
    link_up(&chain, "1.0.0", TWO_COLUMNS, FINE);
    FH_CLEANUP(item_fini) struct item item = make_link(&chain, "1.1.0", ONE_MORE, 0);
    item.said.contract_bytes++;
    announce_again(&item, w, &w->domains[1].node);
    must(announce(w, &item), &w->err);
    refused(w, give(w, &item), FH_ECHECK, "contract.mismatch");
    item.said.contract_bytes--;
    item.said.revision = ++chain.revision;
    announce_again(&item, w, &w->domains[1].node);
    must(announce(w, &item), &w->err);
    assert_int_equal(missing(w, NULL), 1);
    must(give(w, &item), &w->err);
}

/* Who joined late holds the end of the chain and judges by that. */
static void test_late(void **state)
{
    struct chain chain = {.w = *state, .seq = 6, .last = {{7}}};
    link_up(&chain, "1.4.0", ONE_MORE, FINE);
    link_up(&chain, "1.5.0", TWO_COLUMNS, TOO_SMALL);
    link_up(&chain, "0.9.0", TWO_COLUMNS, FINE);
    link_up(&chain, "1.4.1", ONE_MORE, FINE);
}

static void test_base(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *version;
        const char *base; /* "": none */
    } rows[] = {{"1.0.1", "1.0.0"}, {"2.0.0", "2.0.0"}, {"1.9.0-a", "1.0.0"}, {"3.0.0", ""}};
    static const char *const versions[] = {"1.0.0", "2.0.0", "2.1.0-rc.1"};
    struct fh_record_id last = {{0}};
    for (size_t i = 0; i < FH_COUNT(versions); i++) {
        const struct test_product product = {
            .name = "flights", .version = versions[i], .seq = i + 1, .prev = last};
        FH_CLEANUP(item_fini) struct item item = make_item(w, &product, &w->domains[0]);
        item.said.revision = i + 1;
        announce_again(&item, w, &w->domains[0].node);
        must(publish(w, &item), &w->err);
        last = item.contract_id;
    }
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        FH_CLEANUP(fh_buf_fini) struct fh_buf found;
        fh_buf_init(&found, FH_RECORD_BYTES_MAX);
        must(fh_catalog_base(w->catalog, "flights", rows[i].version, &found, &w->err), &w->err);
        assert_int_equal(found.size == 0, *rows[i].base == '\0');
        if (found.size > 0) {
            struct fh_record record;
            struct fh_contract_record contract;
            must(fh_record_parse(&record, fh_buf_view(&found), &w->mesh, &w->err), &w->err);
            must(fh_contract_record_parse(&contract, record.payload, &w->err), &w->err);
            assert_string_equal(contract.version, rows[i].base);
        }
    }
    struct fh_buf none;
    fh_buf_init(&none, FH_RECORD_BYTES_MAX);
    assert_int_equal(fh_catalog_base(w->catalog, "Flights", "1.0.0", &none, NULL), FH_EINVAL);
    assert_int_equal(fh_catalog_base(w->catalog, "flights", "1.0", &none, NULL), FH_EINVAL);
    fh_buf_fini(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bumps, setup, teardown),
        cmocka_unit_test_setup_teardown(test_side_by_side, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_major_is_filled_in, setup, teardown),
        cmocka_unit_test_setup_teardown(test_major_0_and_prereleases, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unknown_rules, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mismatch_is_no_refusal, setup, teardown),
        cmocka_unit_test_setup_teardown(test_late, setup, teardown),
        cmocka_unit_test_setup_teardown(test_base, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
