/* SPDX-License-Identifier: Apache-2.0 */
/* Search: words to products, best first, the same at every node. */
#include "node/state/search.h"

#include "tests/unit/state/catalog_world.h"

static const char crews[] = "  - name: duty_rosters\n    properties:\n"
                            "      - {name: pilot_name, logicalType: string}\n";

static const char readings[] = "  - name: readings\n    properties:\n"
                               "      - {name: celsius, logicalType: number}\n";

static const struct test_product products[] = {
    {.name = "flights", .purpose = "Departures and delays of airlines.", .tag = "transport"},
    {.name = "airports", .purpose = "Where flights start.", .tables = readings, .tag = "transport"},
    {.name = "crews", .purpose = "Zürich and Málaga only.", .tables = crews, .person = "Ada Byron"},
    {.name = "weather",
     .purpose = "'The \"quoted\" sky: NEAR AND OR NOT.'",
     .tables = readings,
     .tag = "sky_2"},
};

static void fill(struct world *w)
{
    for (size_t i = 0; i < FH_COUNT(products); i++) {
        FH_CLEANUP(item_fini)
        struct item item = make_item(w, &products[i], &w->domains[i == 1 ? 0 : 1]);
        must(announce(w, &item), &w->err);
        must(give(w, &item), &w->err);
    }
}

static int join_names(void *user, const struct fh_catalog_entry *entry, struct fh_err *err)
{
    (void)err;
    fh_buf_printf(user, "%s ", entry->announcement.product);
    return FH_OK;
}

static const struct {
    const char *words;
    size_t limit;
    const char *found;
} searches[] = {
    {"", 0, "airports crews flights weather "}, /* by domain, then name */
    {"  \t ", 0, "airports crews flights weather "},
    {"", 2, "airports crews "},
    {"flights", 0, "flights airports "}, /* the name counts more than the text */
    {"flig", 0, "flights airports "},
    {"FLIGHTS", 0, "flights airports "},
    {"flights delays", 0, "flights "},
    {"delays flights", 0, "flights "},
    {"transport", 1, "airports "}, /* equal hits: by domain */
    {"pilot", 0, "crews "},
    {"pilot_name", 0, "crews "},
    {"name", 0, "crews "},
    {"rosters", 0, "crews "},
    {"byron", 0, "crews "},
    {"zurich", 0, "crews "},
    {"MALAGA", 0, "crews "},
    {"mál", 0, "crews "},
    {"domain1 trans", 0, "flights "},
    {"sky_2", 0, "weather "},
    {"quoted", 0, "weather "},
    {"\"quoted\"", 0, "weather "},
    {"near and or not", 0, "weather "}, /* words, not operators */
    {"lights", 0, ""},                  /* inside a word is no beginning */
    {"flights zzz", 0, ""},
    {"*", 0, ""},
    {"\"", 0, ""},
    {"title:flights", 0, ""},
    {"flights*", 0, "flights airports "},
    {"(flights", 0, "flights airports "},
    {"flights -airports", 0, "airports "},
    {"^flights", 0, "flights airports "},
};

static void test_searches(void **state)
{
    struct world *w = *state;
    fill(w);
    restart(w);
    for (size_t i = 0; i < FH_COUNT(searches); i++) {
        FH_CLEANUP(fh_buf_fini) struct fh_buf found;
        fh_buf_init(&found, 1024);
        must(fh_search(
                 w->catalog, searches[i].words, searches[i].limit, join_names, &found, &w->err),
             &w->err);
        if (strcmp(fh_buf_cstr(&found), searches[i].found) != 0) {
            fail_msg(
                "\"%s\": %s, not %s", searches[i].words, fh_buf_cstr(&found), searches[i].found);
        }
    }
}

static void test_what_changed_is_found_anew(void **state)
{
    struct world *w = *state;
    FH_CLEANUP(item_fini) struct item item = make_item(w, &products[0], &w->domains[1]);
    FH_CLEANUP(fh_buf_fini) struct fh_buf found;
    fh_buf_init(&found, 1024);
    must(announce(w, &item), &w->err);
    must(fh_search(w->catalog, "origin", 0, join_names, &found, &w->err), &w->err);
    assert_string_equal(fh_buf_cstr(&found), ""); /* a column: known with the contract */
    must(fh_search(w->catalog, "departures", 0, join_names, &found, &w->err), &w->err);
    assert_string_equal(fh_buf_cstr(&found), "flights ");
    must(give(w, &item), &w->err);
    must(fh_search(w->catalog, "origin", 0, join_names, &found, &w->err), &w->err);
    assert_string_equal(fh_buf_cstr(&found), "flights flights ");
    item.said.revision = 2;
    memcpy(item.said.title, "landings", 9);
    announce_again(&item, w, &w->domains[1].node);
    must(announce(w, &item), &w->err);
    fh_buf_reset(&found);
    must(fh_search(w->catalog, "landings origin", 0, join_names, &found, &w->err), &w->err);
    assert_string_equal(fh_buf_cstr(&found), "flights ");
    item.said.revision = 3;
    item.said.status = FH_ANNOUNCE_WITHDRAWN;
    announce_again(&item, w, &w->domains[1].node);
    must(announce(w, &item), &w->err);
    fh_buf_reset(&found);
    must(fh_search(w->catalog, "flights", 0, join_names, &found, &w->err), &w->err);
    must(fh_search(w->catalog, "", 0, join_names, &found, &w->err), &w->err);
    assert_string_equal(fh_buf_cstr(&found), "");
}

static void test_expired_products_are_not_found(void **state)
{
    struct world *w = *state;
    FH_CLEANUP(item_fini) struct item item = make_item(w, &products[0], &w->domains[1]);
    FH_CLEANUP(fh_buf_fini) struct fh_buf found;
    fh_buf_init(&found, 1024);
    must(announce(w, &item), &w->err);
    must(fh_catalog_sweep(w->catalog, item.said.expires_ms + TEST_DAY_MS, NULL, &w->err), &w->err);
    must(fh_search(w->catalog, "flights", 0, join_names, &found, &w->err), &w->err);
    must(fh_search(w->catalog, "", 0, join_names, &found, &w->err), &w->err);
    assert_string_equal(fh_buf_cstr(&found), "");
}

static void test_wrong_words(void **state)
{
    struct world *w = *state;
    static char many[4 * FH_SEARCH_WORDS_MAX + 8];
    static char large[64 * 1024];
    for (size_t i = 0; i <= FH_SEARCH_WORDS_MAX; i++) {
        memcpy(many + 2 * i, "a ", 2);
    }
    memset(large, 'x', sizeof large - 1);
    const char *const rows[] = {many, large, "caf\xc3", "\xff"};
    FH_CLEANUP(fh_buf_fini) struct fh_buf found;
    fh_buf_init(&found, 64);
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        int code = fh_search(w->catalog, rows[i], 0, join_names, &found, &w->err);
        refused(w, code, FH_EINVAL, "search.words");
    }
    assert_int_equal(found.size, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_searches),
        TEST(test_what_changed_is_found_anew),
        TEST(test_expired_products_are_not_found),
        TEST(test_wrong_words),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
