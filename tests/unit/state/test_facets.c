/* SPDX-License-Identifier: Apache-2.0 */
/* Facets, filters, pages and the order of what a search finds. */
#include "node/state/facets.h"
#include "node/state/search.h"

#include "common/prng.h"
#include "tests/unit/state/catalog_world.h"

static const char people[] = "  - name: people\n"
                             "    tags: [register]\n"
                             "    properties:\n"
                             "      - {name: birthday, logicalType: date, classification: pii}\n"
                             "      - {name: street, logicalType: string,\n"
                             "         classification: very secret, tags: [deep]}\n";

static const char plain[] = "  - name: rows\n    properties:\n"
                            "      - {name: celsius, logicalType: number}\n";

static const struct test_product products[] = {
    {.name = "flights",
     .purpose = "Departures.",
     .tag = "transport, \"air, sea\"",
     .is_open = true},
    {.name = "airports", .purpose = "Where flights start; flights, flights.", .tag = "transport"},
    {.name = "citizens", .purpose = "People who fly.", .tables = people, .person = "Ada Byron"},
    {.name = "flights_dusk", .purpose = "Some.", .tables = plain, .tag = "TRANSPORT"},
    {.name = "air", .purpose = "Airports and flights.", .tables = plain, .tag = "caf\xc3\xa9"},
};

/* Those at even places are our domain's, the others the neighbour's, whose nodes do not answer. */
static void fill(struct world *w)
{
    for (size_t i = 0; i < FH_COUNT(products); i++) {
        FH_CLEANUP(item_fini)
        struct item item = make_item(w, &products[i], &w->domains[i % 2]);
        must(announce(w, &item), &w->err);
        must(give(w, &item), &w->err);
    }
}

struct page {
    const struct world *w;
    struct fh_buf names;
};

static int join_names(void *user, const struct fh_catalog_entry *entry, struct fh_err *err)
{
    (void)err;
    struct page *page = user;
    fh_buf_printf(&page->names, "%s ", entry->announcement.product);
    return FH_OK;
}

static bool is_ours(void *user, const struct fh_domain_id *domain)
{
    const struct page *page = user;
    return fh_domain_id_equal(domain, &page->w->domains[0].id);
}

static int find(struct world *w,
                const char *words,
                uint64_t offset,
                size_t limit,
                struct page *page,
                struct fh_search_result *result)
{
    w->err = (struct fh_err){0};
    *page = (struct page){.w = w};
    fh_buf_init(&page->names, 4096);
    const struct fh_search_wish wish = {.words = words,
                                        .offset = offset,
                                        .limit = limit,
                                        .now_ms = NOW_MS,
                                        .reachable = is_ours,
                                        .visit = join_names,
                                        .user = page};
    return fh_search(w->catalog, &wish, result, &w->err);
}

/* ---- filters ---- */

static const struct {
    const char *words;
    const char *found;
} filtered[] = {
    {"domain=domain0", "air citizens flights "},
    {"domain=domain1", "airports flights_dusk "},
    {"domain=domain", ""}, /* a whole value, not a beginning */
    {"domain:domain", "flights_dusk air citizens flights airports "},
    {"domain=nobody", ""},
    {"tag=transport", "flights airports "},
    {"tag=TRANSPORT", "flights_dusk "}, /* as it is written */
    {"tag=trans", ""},
    {"tag=deep", "citizens "},     /* of a column */
    {"tag=register", "citizens "}, /* of a table */
    {"tag=caf\xc3\xa9", "air "},
    {"tag=\"air, sea\"", "flights "},
    {"tag=air, sea", ""},
    {"tag=transport tag=\"air, sea\"", "flights "},
    {"tag=transport tag=transport", "flights airports "},
    {"classification=pii", "citizens "},
    {"classification:pii", "citizens "},
    {"classification=public", "flights airports "},
    {"classification=\"very secret\"", "citizens "},
    {"classification:\"very secret\"", "citizens "},
    {"classification=very", ""},
    {"column:street", "citizens "},
    {"status=active", "air citizens flights airports flights_dusk "},
    {"status:active", "air citizens flights airports flights_dusk "},
    {"status=retired", ""},
    {"quality=unknown", "air citizens flights airports flights_dusk "},
    {"quality:ok", ""},
    {"access=mesh", "flights "},
    {"access:granted tag=transport", "airports "},
    {"reachable=yes", "air citizens flights "},
    {"reachable:no", "airports flights_dusk "},
    {"reachable=no flights", "flights_dusk airports "},
    {"flights tag=transport", "flights airports "},
    {"domain=domain1 status=active access=granted flights", "flights_dusk airports "},
    /* what only looks like a filter, and what cannot be asked */
    {"tag=", ""},
    {"tag=\"\"", ""},
    {"tag=\"", ""},
    {"tag=transport\"", ""},
    {"tag =transport", ""},
    {"=transport", "flights_dusk flights airports "},
    {"tags=transport", ""},
    {"tag=transport' OR 1=1 --", ""},
    {"tag=transport\" OR \"flights", ""},
    {"tag=*", ""},
    {"tag=%", ""},
    {"classification=pii') --", ""},
};

static void test_filters(void **state)
{
    struct world *w = *state;
    fill(w);
    restart(w);
    for (size_t i = 0; i < FH_COUNT(filtered); i++) {
        struct page page;
        struct fh_search_result result;
        must(fh_search_result_init(&result, false, &w->err), &w->err);
        must(find(w, filtered[i].words, 0, 100, &page, &result), &w->err);
        if (strcmp(fh_buf_cstr(&page.names), filtered[i].found) != 0) {
            fail_msg(
                "%s: %s, not %s", filtered[i].words, fh_buf_cstr(&page.names), filtered[i].found);
        }
        fh_buf_fini(&page.names);
        fh_search_result_fini(&result);
    }
}

static const struct {
    const char *words;
    const char *rule;
} refusals[] = {
    {"status=live", "search.status"},
    {"status=", "search.status"},
    {"status=withdrawn", "search.status"},
    {"status=active status=draft", "search.status"},
    {"status=\"active", "search.status"},
    {"quality=good", "search.filter"},
    {"quality:OK", "search.filter"},
    {"quality:ok quality=fail", "search.filter"},
    {"access=all", "search.filter"},
    {"reachable=", "search.filter"},
    {"reachable:true", "search.filter"},
    {"domain=a domain=b", "search.filter"},
    {"tag=\xff", "search.words"},
    {"tag=\xc3", "search.words"},
    {"tag=1 tag=2 tag=3 tag=4 tag=5 tag=6 tag=7 tag=8 tag=9 tag=a tag=b tag=c tag=d tag=e tag=f"
     " tag=g tag=h",
     "search.words"},
};

static void test_refused_filters(void **state)
{
    struct world *w = *state;
    fill(w);
    for (size_t i = 0; i < FH_COUNT(refusals); i++) {
        struct page page;
        struct fh_search_result result;
        must(fh_search_result_init(&result, true, &w->err), &w->err);
        int code = find(w, refusals[i].words, 0, 100, &page, &result);
        refused(w, code, FH_EINVAL, refusals[i].rule);
        assert_int_equal(result.total, 0);
        assert_int_equal(page.names.size, 0);
        fh_buf_fini(&page.names);
        fh_search_result_fini(&result);
    }
}

/* ---- order and pages ---- */

static const struct {
    const char *words;
    uint64_t offset;
    size_t limit;
    const char *found;
    uint64_t total;
} pages[] = {
    {"", 0, 100, "air citizens flights airports flights_dusk ", 5},
    {"", 0, 2, "air citizens ", 5},
    {"", 2, 2, "flights airports ", 5},
    {"", 4, 2, "flights_dusk ", 5},
    {"", 5, 2, "", 5},
    {"", UINT64_MAX, 2, "", 5},
    {"", 0, 0, "", 5}, /* only how many */
    /* called so, then in the name, then in texts however often */
    {"flights", 0, 100, "flights flights_dusk airports air ", 4},
    {"flight", 0, 100, "flights_dusk flights airports air ", 4},
    {"flights dusk", 0, 100, "flights_dusk ", 1},
    {"dusk flights", 0, 100, "flights_dusk ", 1},
    {"FLIGHTS DUSK", 0, 100, "flights_dusk ", 1},
    {"air", 0, 100, "air airports flights ", 3}, /* its own name, a name, a tag */
    {"\"flights start\"", 0, 100, "airports ", 1},
    {"\"start departures\"", 0, 100, "", 0},
    {"text:\"flights start\"", 0, 100, "airports ", 1},
    {"flights", 1, 1, "flights_dusk ", 4},
    {"flihgts", 1, 1, "flights_dusk ", 4}, /* mended, and its second page */
};

static void test_pages_and_order(void **state)
{
    struct world *w = *state;
    fill(w);
    for (size_t i = 0; i < FH_COUNT(pages); i++) {
        struct page page;
        struct fh_search_result result;
        must(fh_search_result_init(&result, false, &w->err), &w->err);
        must(find(w, pages[i].words, pages[i].offset, pages[i].limit, &page, &result), &w->err);
        if (strcmp(fh_buf_cstr(&page.names), pages[i].found) != 0 ||
            result.total != pages[i].total) {
            fail_msg("%s: %s, %llu",
                     pages[i].words,
                     fh_buf_cstr(&page.names),
                     (unsigned long long)result.total);
        }
        fh_buf_fini(&page.names);
        fh_search_result_fini(&result);
    }
}

/* ---- counts ---- */

static void join_value(void *user, const struct fh_facet_value *value)
{
    fh_buf_printf(user,
                  "%s=%.*s:%llu/%llu ",
                  fh_facet_text(value->facet),
                  (int)value->text.size,
                  (const char *)value->text.data,
                  (unsigned long long)value->products,
                  (unsigned long long)value->values);
}

static const struct {
    const char *words;
    size_t most;
    const char *counts;
} counted[] = {
    {"",
     50,
     "domain=domain0:3/2 domain=domain1:2/2 status=active:5/1 "
     "tag=transport:2/7 tag=TRANSPORT:1/7 tag=air, sea:1/7 tag=caf\xc3\xa9:1/7 tag=deep:1/7 "
     "tag=register:1/7 tag=test:1/7 "
     "classification=public:2/3 classification=pii:1/3 classification=very secret:1/3 "
     "quality=unknown:5/1 access=granted:4/2 access=mesh:1/2 reachable=yes:3/2 reachable=no:2/2 "},
    {"tag=transport",
     1,
     "domain=domain0:1/2 status=active:2/1 tag=transport:2/2 classification=public:2/1 "
     "quality=unknown:2/1 access=granted:1/2 reachable=no:1/2 "},
    {"flights dusk",
     50,
     "domain=domain1:1/1 status=active:1/1 tag=TRANSPORT:1/1 quality=unknown:1/1 "
     "access=granted:1/1 reachable=no:1/1 "},
    {"tag=nothing", 50, ""},
    {"zzzz", 50, ""},
};

static void test_counts(void **state)
{
    struct world *w = *state;
    fill(w);
    for (size_t i = 0; i < FH_COUNT(counted); i++) {
        struct page page;
        struct fh_search_result result;
        must(fh_search_result_init(&result, true, &w->err), &w->err);
        must(find(w, counted[i].words, 0, 0, &page, &result), &w->err);
        FH_CLEANUP(fh_buf_fini) struct fh_buf counts;
        fh_buf_init(&counts, 4096);
        fh_facets_each(result.facets, counted[i].most, join_value, &counts);
        if (strcmp(fh_buf_cstr(&counts), counted[i].counts) != 0) {
            fail_msg("%s: %s", counted[i].words, fh_buf_cstr(&counts));
        }
        fh_buf_fini(&page.names);
        fh_search_result_fini(&result);
    }
}

/* What changes in a product changes its counts: no contract yet, another status, gone, expired. */
static void test_counts_follow_the_product(void **state)
{
    struct world *w = *state;
    FH_CLEANUP(item_fini) struct item item = make_item(w, &products[0], &w->domains[1]);
    struct fh_search_result result;
    struct page page;
    must(announce(w, &item), &w->err);
    for (unsigned step = 0; step < 5; step++) {
        static const char *const counts[] = {
            "domain=domain1:1/1 status=active:1/1 quality=unknown:1/1 access=granted:1/1 ",
            "domain=domain1:1/1 status=active:1/1 tag=air, sea:1/2 tag=transport:1/2 "
            "classification=public:1/1 quality=unknown:1/1 access=mesh:1/1 ",
            "domain=domain1:1/1 status=deprecated:1/1 tag=air, sea:1/2 tag=transport:1/2 "
            "classification=public:1/1 quality=unknown:1/1 access=mesh:1/1 ",
            "",
            "",
        };
        if (step == 1) {
            must(give(w, &item), &w->err);
        } else if (step == 2 || step == 3) {
            item.said.revision++;
            item.said.status = step == 2 ? FH_ANNOUNCE_DEPRECATED : FH_ANNOUNCE_WITHDRAWN;
            announce_again(&item, w, &w->domains[1].node);
            must(announce(w, &item), &w->err);
        } else if (step == 4) {
            must(fh_catalog_sweep(w->catalog, item.said.expires_ms + TEST_DAY_MS, NULL, &w->err),
                 &w->err);
        }
        must(fh_search_result_init(&result, true, &w->err), &w->err);
        must(find(w, "reachable:no", 0, 9, &page, &result), &w->err);
        FH_CLEANUP(fh_buf_fini) struct fh_buf told;
        fh_buf_init(&told, 4096);
        fh_facets_each(result.facets, 9, join_value, &told);
        char expected[512];
        snprintf(expected,
                 sizeof expected,
                 "%s%s",
                 counts[step],
                 counts[step][0] == '\0' ? "" : "reachable=no:1/1 ");
        assert_string_equal(fh_buf_cstr(&told), expected);
        fh_buf_fini(&page.names);
        fh_search_result_fini(&result);
    }
}

/* ---- bounds ---- */

static void test_more_values_than_are_counted(void **state)
{
    (void)state;
    struct fh_err err;
    struct fh_facets *facets FH_CLEANUP(fh_facets_freep) = fh_facets_new();
    assert_non_null(facets);
    for (unsigned i = 0; i < FH_FACET_DISTINCT_MAX + 100; i++) {
        char text[16];
        snprintf(text, sizeof text, "%u", i);
        must(fh_facets_add(facets, FH_FACET_TAG, fh_bytes_cstr(text), &err), &err);
    }
    must(fh_facets_add(facets, FH_FACET_TAG, fh_bytes_cstr("7"), &err), &err);
    must(fh_facets_add(facets, FH_FACET_STATUS, fh_bytes_cstr(""), &err), &err);
    FH_CLEANUP(fh_buf_fini) struct fh_buf counts;
    fh_buf_init(&counts, 4096);
    fh_facets_each(facets, 1, join_value, &counts);
    char expected[64];
    snprintf(expected, sizeof expected, "status=:1/1 tag=7:2/%d ", FH_FACET_DISTINCT_MAX + 1);
    assert_string_equal(fh_buf_cstr(&counts), expected);
    fh_facets_clear(facets);
    fh_buf_reset(&counts);
    fh_facets_each(facets, 9, join_value, &counts);
    assert_int_equal(counts.size, 0);
}

/* Long values and more than a product may have are left out, twice the same counts once. */
static void test_a_form_is_bounded(void **state)
{
    (void)state;
    char long_tag[FH_FACET_BYTES_MAX + 2];
    memset(long_tag, 'x', sizeof long_tag - 1);
    long_tag[sizeof long_tag - 1] = '\0';
    char numbers[2 * FH_FACET_OF_PRODUCT_MAX][8];
    const char *tags[2 * FH_FACET_OF_PRODUCT_MAX + 4] = {long_tag, "", "twice", "twice"};
    for (unsigned i = 0; i < FH_COUNT(numbers); i++) {
        snprintf(numbers[i], sizeof numbers[i], "%u", i);
        tags[i + 4] = numbers[i];
    }
    const struct fh_contract contract = {.tags = {.count = FH_COUNT(tags), .items = tags}};
    FH_CLEANUP(fh_buf_fini) struct fh_buf form;
    fh_buf_init(&form, (size_t)FH_FACET_OF_PRODUCT_MAX * (FH_FACET_BYTES_MAX + 2));
    fh_facets_form(&form, &contract);
    assert_int_equal(fh_buf_ok(&form), FH_OK);
    enum fh_facet facet;
    struct fh_bytes value;
    unsigned count = 0;
    for (size_t at = 0; fh_facets_next(fh_buf_view(&form), &at, &facet, &value); count++) {
        assert_int_equal(facet, FH_FACET_TAG);
        assert_true(value.size > 0 && value.size <= FH_FACET_BYTES_MAX);
    }
    assert_int_equal(count, FH_FACET_OF_PRODUCT_MAX);
    assert_true(fh_facets_has(fh_buf_view(&form), FH_FACET_TAG, fh_bytes_cstr("twice")));
    assert_false(fh_facets_has(fh_buf_view(&form), FH_FACET_TAG, fh_bytes_cstr("127")));
    assert_false(fh_facets_has(fh_buf_view(&form), FH_FACET_STATUS, fh_bytes_cstr("twice")));
}

/* A form comes from the disk: whatever stands there, reading ends, inside of it. */
static void test_broken_forms_end(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[6];
        size_t size;
        unsigned values;
    } rows[] = {
        {{0}, 0, 0},
        {{FH_FACET_TAG}, 1, 0},
        {{FH_FACET_TAG, 0}, 2, 1},
        {{FH_FACET_TAG, 1}, 2, 0},
        {{FH_FACET_TAG, 255, 'a'}, 3, 0},
        {{FH_FACET_COUNT, 1, 'a'}, 3, 0},
        {{255, 255, 255, 255}, 4, 0},
        {{FH_FACET_TAG, 1, 'a', FH_FACET_TAG, 1}, 5, 1},
        {{FH_FACET_TAG, 1, 'a', FH_FACET_TAG}, 4, 1},
        {{FH_FACET_TAG, 1, 'a', FH_FACET_TAG, 1, 'b'}, 6, 2},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        enum fh_facet facet;
        struct fh_bytes value;
        unsigned count = 0;
        struct fh_bytes form = fh_bytes(rows[i].bytes, rows[i].size);
        for (size_t at = 0; fh_facets_next(form, &at, &facet, &value); count++) {
            assert_true(at <= form.size);
        }
        assert_int_equal(count, rows[i].values);
    }
}

/* Whatever letters are put together, a search ends with an answer or one of its refusals. */
static void test_any_words(void **state)
{
    struct world *w = *state;
    static const char *const parts[] = {
        "\"",      "*",   ":",   "=",  "(",   ")",      "{",      "}",        "-",
        "^",       "+",   "AND", "OR", "NOT", "NEAR(",  "tag",    "name",     "status",
        "flights", "air", " ",   " ",  "\t",  "'",      ";",      "\xc3\xa9", "\xf0\x9f\x9b\xab",
        "_",       "--",  "/*",  "%",  "\\",  "active", "domain", "\n",       "\xe2\x80\xae"};
    fill(w);
    struct fh_prng prng;
    fh_prng_init(&prng, 20261128);
    for (unsigned turn = 0; turn < 3000; turn++) {
        char words[256] = "";
        unsigned count = 1 + (unsigned)fh_prng_below(&prng, 12);
        for (unsigned i = 0; i < count; i++) {
            strcat(words, parts[fh_prng_below(&prng, FH_COUNT(parts))]);
        }
        struct page page;
        struct fh_search_result result;
        must(fh_search_result_init(&result, true, &w->err), &w->err);
        int code = find(w, words, 0, 100, &page, &result);
        if (code != FH_OK && strncmp(w->err.rule, "search.", 7) != 0) {
            fail_msg("%s: %s %s", words, w->err.rule, w->err.text);
        }
        assert_true(result.total <= FH_COUNT(products));
        fh_buf_fini(&page.names);
        fh_search_result_fini(&result);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_filters),
        TEST(test_refused_filters),
        TEST(test_pages_and_order),
        TEST(test_counts),
        TEST(test_counts_follow_the_product),
        cmocka_unit_test(test_more_values_than_are_counted),
        cmocka_unit_test(test_a_form_is_bounded),
        cmocka_unit_test(test_broken_forms_end),
        TEST(test_any_words),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
