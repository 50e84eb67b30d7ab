/* SPDX-License-Identifier: Apache-2.0 */
/* Search: words to products, best first, the same at every node. */
#include "node/state/search.h"
#include "node/state/search_spell.h"

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

/* One page of a search, as "name name "; the words that were mended go to `read_as`. */
static int find(struct world *w,
                const char *words,
                size_t limit,
                struct fh_buf *found,
                struct fh_buf *read_as,
                struct fh_err *err)
{
    struct fh_search_result result;
    must(fh_search_result_init(&result, false, err), err);
    const struct fh_search_wish wish = {
        .words = words,
        .limit = limit == 0 ? FH_SEARCH_RESULTS_MAX : limit,
        .now_ms = NOW_MS,
        .visit = join_names,
        .user = found,
    };
    int code = fh_search(w->catalog, &wish, &result, err);
    fh_buf_add_bytes(read_as, fh_buf_view(&result.read_as));
    fh_search_result_fini(&result);
    return code;
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
    {"ghts", 0, ""},                    /* inside a word is no beginning */
    {"flights zzz", 0, ""},
    {"*", 0, ""},
    {"\"", 0, ""},
    {"title:flights", 0, "flights "},
    {"name:flig", 0, "flights "},
    {"text:flights", 0, "airports "},
    {"tag:transport", 0, "airports flights "},
    {"tag:flights", 0, ""},
    {"column:celsius", 0, "airports weather "},
    {"person:byron", 0, "crews "},
    {"person:zurich", 0, ""},
    {"domain:domain1 tag:transport", 0, "flights "},
    {"status:active", 0, "airports crews flights weather "},
    {"status:active column:celsius name:weather", 0, "weather "},
    {"status:deprecated", 0, ""},
    {"status:active status:active trans", 0, "airports flights "},
    {"tag:", 0, ""},     /* asks for nothing that is there */
    {"tags:sky", 0, ""}, /* no field of this name: a word */
    {"title:\"flights\"", 0, "flights "},
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
        FH_CLEANUP(fh_buf_fini) struct fh_buf read_as;
        fh_buf_init(&read_as, 1024);
        must(find(w, searches[i].words, searches[i].limit, &found, &read_as, &w->err), &w->err);
        assert_string_equal(fh_buf_cstr(&read_as), "");
        if (strcmp(fh_buf_cstr(&found), searches[i].found) != 0) {
            fail_msg(
                "\"%s\": %s, not %s", searches[i].words, fh_buf_cstr(&found), searches[i].found);
        }
    }
}

static const struct {
    const char *words;
    const char *read_as; /* "": nothing is near */
    const char *found;
} misspelt[] = {
    {"flihgts", "flights", "flights airports "}, /* two swapped */
    {"fligts", "flights", "flights airports "},  /* one missing */
    {"fllights", "flights", "flights airports "},
    {"flughts", "flights", "flights airports "},
    {"FLIHGTS", "flights", "flights airports "},
    {"flihg", "flights", "flights airports "}, /* a beginning */
    {"tag:trasnport", "tag:transport", "airports flights "},
    {"domain1 trasnport", "domain1 transport", "flights "},
    {"flihgts trasnport", "flights transport", "flights airports "},
    {"status:active flihgts delays", "flights delays status:active", "flights "},
    {"departuers", "departures", "flights "},
    {"depratuers", "departures", "flights "}, /* two steps in a long word */
    {"zurhic", "zurich", "crews "},
    {"bryon", "byron", "crews "},
    {"crws", "crews", "crews "},
    {"lights", "flights", "flights airports "},
    {"crw", "", ""},                    /* too short to tell */
    {"flgggts", "", ""},                /* too far */
    {"status:retired flihgts", "", ""}, /* there is one, but not with this status */
    {"flights crews", "", ""},          /* nothing is wrong with either */
    {"person:flights", "", ""},
    {"fli-gths", "", ""}, /* two words in one */
    {"zzzzzzzz", "", ""},
};

static void test_misspelt_words_are_read_as_the_nearest(void **state)
{
    struct world *w = *state;
    fill(w);
    for (size_t i = 0; i < FH_COUNT(misspelt); i++) {
        FH_CLEANUP(fh_buf_fini) struct fh_buf found;
        fh_buf_init(&found, 1024);
        FH_CLEANUP(fh_buf_fini) struct fh_buf read_as;
        fh_buf_init(&read_as, 1024);
        must(find(w, misspelt[i].words, 0, &found, &read_as, &w->err), &w->err);
        if (strcmp(fh_buf_cstr(&found), misspelt[i].found) != 0 ||
            strcmp(fh_buf_cstr(&read_as), misspelt[i].read_as) != 0) {
            fail_msg("\"%s\": \"%s\" finds %s",
                     misspelt[i].words,
                     fh_buf_cstr(&read_as),
                     fh_buf_cstr(&found));
        }
    }
}

static void test_steps_to_a_beginning(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        const char *term;
        unsigned steps; /* above 2: 3 */
    } rows[] = {
        {"flights", "flights", 0},
        {"flig", "flights", 0},
        {"flgi", "flights", 1},
        {"lights", "flights", 1},
        {"flightss", "flights", 1},
        {"flights", "flig", 3},
        {"ab", "ba", 1},
        {"abc", "cab", 2},
        {"m\xc3\xa1laga", "malaga", 1},
        {"abcdef", "uvwxyz", 3},
        {"abcd", "", 3},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        unsigned steps =
            fh_search_distance(fh_bytes_cstr(rows[i].word), fh_bytes_cstr(rows[i].term), 2);
        if ((steps > 2 ? 3 : steps) != rows[i].steps) {
            fail_msg("%s to %s: %u", rows[i].word, rows[i].term, steps);
        }
    }
}

static void test_what_changed_is_found_anew(void **state)
{
    struct world *w = *state;
    FH_CLEANUP(item_fini) struct item item = make_item(w, &products[0], &w->domains[1]);
    FH_CLEANUP(fh_buf_fini) struct fh_buf found;
    fh_buf_init(&found, 1024);
    FH_CLEANUP(fh_buf_fini) struct fh_buf read_as;
    fh_buf_init(&read_as, 1024);
    must(announce(w, &item), &w->err);
    must(find(w, "origin", 0, &found, &read_as, &w->err), &w->err);
    assert_string_equal(fh_buf_cstr(&found), ""); /* a column: known with the contract */
    must(find(w, "departures", 0, &found, &read_as, &w->err), &w->err);
    assert_string_equal(fh_buf_cstr(&found), "flights ");
    must(give(w, &item), &w->err);
    must(find(w, "origin", 0, &found, &read_as, &w->err), &w->err);
    assert_string_equal(fh_buf_cstr(&found), "flights flights ");
    item.said.revision = 2;
    memcpy(item.said.title, "landings", 9);
    announce_again(&item, w, &w->domains[1].node);
    must(announce(w, &item), &w->err);
    fh_buf_reset(&found);
    must(find(w, "landings origin", 0, &found, &read_as, &w->err), &w->err);
    assert_string_equal(fh_buf_cstr(&found), "flights ");
    item.said.revision = 3;
    item.said.status = FH_ANNOUNCE_WITHDRAWN;
    announce_again(&item, w, &w->domains[1].node);
    must(announce(w, &item), &w->err);
    fh_buf_reset(&found);
    must(find(w, "flights", 0, &found, &read_as, &w->err), &w->err);
    must(find(w, "", 0, &found, &read_as, &w->err), &w->err);
    assert_string_equal(fh_buf_cstr(&found), "");
}

static void test_expired_products_are_not_found(void **state)
{
    struct world *w = *state;
    FH_CLEANUP(item_fini) struct item item = make_item(w, &products[0], &w->domains[1]);
    FH_CLEANUP(fh_buf_fini) struct fh_buf found;
    fh_buf_init(&found, 1024);
    FH_CLEANUP(fh_buf_fini) struct fh_buf read_as;
    fh_buf_init(&read_as, 1024);
    must(announce(w, &item), &w->err);
    must(fh_catalog_sweep(w->catalog, item.said.expires_ms + TEST_DAY_MS, NULL, &w->err), &w->err);
    must(find(w, "flights", 0, &found, &read_as, &w->err), &w->err);
    must(find(w, "", 0, &found, &read_as, &w->err), &w->err);
    assert_string_equal(fh_buf_cstr(&found), "");
}

static void test_wrong_status(void **state)
{
    struct world *w = *state;
    static const char *const rows[] = {"status:",
                                       "status:withdrawn",
                                       "status:Active",
                                       "status:activeactiveactive",
                                       "x status:a",
                                       "status:active status:draft"};
    FH_CLEANUP(fh_buf_fini) struct fh_buf found;
    fh_buf_init(&found, 1024);
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        int code = find(w, rows[i], 0, &found, &found, &w->err);
        refused(w, code, FH_EINVAL, "search.status");
    }
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
        int code = find(w, rows[i], 0, &found, &found, &w->err);
        refused(w, code, FH_EINVAL, "search.words");
    }
    assert_int_equal(found.size, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_searches),
        TEST(test_misspelt_words_are_read_as_the_nearest),
        TEST(test_steps_to_a_beginning),
        TEST(test_wrong_status),
        TEST(test_what_changed_is_found_anew),
        TEST(test_expired_products_are_not_found),
        TEST(test_wrong_words),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
