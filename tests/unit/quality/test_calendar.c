/* SPDX-License-Identifier: Apache-2.0 */
/* When own products are due: by interval or cron, after a restart, after failures, and not at all.
 */
#include "node/quality/calendar.h"

#include "common/mem.h"
#include "common/time.h"
#include "tests/unit/state/catalog_world.h"

static const char with_crons[] =
    "  - name: t\n"
    "    quality:\n"
    "      - {metric: rowCount, mustBeGreaterThan: 0, scheduler: cron, schedule: \"30 6 * * *\"}\n"
    "      - {metric: rowCount, mustBeLessThan: 9, scheduler: cron, schedule: \"0 18 * * *\"}\n"
    "      - {metric: rowCount, mustNotBe: 7, scheduler: other, schedule: \"* * * * *\"}\n"
    "      - {metric: rowCount, mustNotBe: 8, scheduler: cron, schedule: \"no cron\"}\n"
    "    properties:\n"
    "      - {name: a, logicalType: string}\n";

static int64_t at(const char *text)
{
    int64_t ms = 0;
    assert_true(fh_time_parse(text, &ms));
    return ms;
}

static struct fh_calendar calendar_of(struct world *w, uint64_t interval_s, bool asleep)
{
    const struct fh_calendar_options options = {.catalog = w->catalog,
                                                .domain = w->domains[0].id,
                                                .interval_s = interval_s,
                                                .asleep = asleep};
    struct fh_calendar calendar;
    fh_calendar_init(&calendar, &options);
    must(fh_calendar_plan(&calendar, &w->err), &w->err);
    assert_true(fh_calendar_read_some(&calendar));
    return calendar;
}

static struct item publish_one(struct world *w, const char *name, const char *tables)
{
    const struct test_product product = {.name = name, .tables = tables};
    struct item item = make_item(w, &product, &w->domains[0]);
    must(publish(w, &item), &w->err);
    return item;
}

static struct fh_calendar_entry *entry_of(struct fh_calendar *calendar, const struct item *item)
{
    struct fh_announce_key key = fh_announce_key(&item->said);
    struct fh_calendar_entry *entry = fh_calendar_find(calendar, &key);
    assert_non_null(entry);
    return entry;
}

static void test_due(void **state)
{
    struct world *w = *state;
    struct item plain = publish_one(w, "plain", NULL);
    struct item timed = publish_one(w, "timed", with_crons);
    static const struct {
        const char *name;
        uint64_t interval_s;
        bool asleep;
        const char *measured; /* NULL: never */
        const char *plain;    /* due; NULL: never by itself */
        const char *timed;
    } rows[] = {
        {"never measured", 3600, false, NULL, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"},
        {"an interval later, or at the earliest cron",
         3600,
         false,
         "2026-11-28T06:00:00Z",
         "2026-11-28T07:00:00Z",
         "2026-11-28T06:30:00Z"},
        {"the other cron",
         3600,
         false,
         "2026-11-28T06:30:00Z",
         "2026-11-28T07:30:00Z",
         "2026-11-28T18:00:00Z"},
        {"off: crons go on", 0, false, "2026-11-28T18:00:00Z", NULL, "2026-11-29T06:30:00Z"},
        {"off, never measured", 0, false, NULL, NULL, "1970-01-01T00:00:00Z"},
        {"asleep", 3600, true, "2026-11-28T18:00:00Z", NULL, NULL},
        {"asleep, never measured", 3600, true, NULL, NULL, NULL},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_calendar calendar = calendar_of(w, rows[i].interval_s, rows[i].asleep);
        struct fh_calendar_entry *entries[] = {entry_of(&calendar, &plain),
                                               entry_of(&calendar, &timed)};
        const char *due[] = {rows[i].plain, rows[i].timed};
        for (size_t j = 0; j < 2; j++) {
            if (rows[i].measured != NULL) {
                fh_calendar_measured(&calendar, &entries[j]->key, at(rows[i].measured));
            }
            int64_t expected = due[j] == NULL ? INT64_MAX : at(due[j]);
            if (entries[j]->due_ms != expected) {
                fail_msg("%s: %s is due at %lld",
                         rows[i].name,
                         entries[j]->key.product,
                         (long long)entries[j]->due_ms);
            }
        }
        fh_calendar_fini(&calendar);
    }
    item_fini(&plain);
    item_fini(&timed);
}

static void test_first_and_failures(void **state)
{
    struct world *w = *state;
    struct item a = publish_one(w, "a", NULL);
    struct item b = publish_one(w, "b", NULL);
    struct fh_calendar calendar = calendar_of(w, 60, false);
    struct fh_calendar_entry *first = entry_of(&calendar, &a);
    struct fh_calendar_entry *second = entry_of(&calendar, &b);
    fh_calendar_measured(&calendar, &first->key, NOW_MS);
    assert_ptr_equal(fh_calendar_first(&calendar), second);
    int64_t waited = FH_CALENDAR_RETRY_MS;
    for (unsigned i = 0; i < 20; i++) {
        fh_calendar_failed(&calendar, &second->key, NOW_MS);
        assert_true(second->due_ms == NOW_MS + waited);
        waited = i < 9 ? 2 * waited : waited;
    }
    assert_ptr_equal(fh_calendar_first(&calendar), first);
    fh_calendar_measured(&calendar, &second->key, NOW_MS);
    fh_calendar_failed(&calendar, &second->key, NOW_MS);
    assert_true(second->due_ms == NOW_MS + FH_CALENDAR_RETRY_MS); /* from the beginning again */
    struct fh_announce_key unknown = {.domain = w->domains[0].id, .product = "z", .major = 1};
    fh_calendar_failed(&calendar, &unknown, NOW_MS);
    assert_false(calendar.outdated);
    fh_calendar_measured(&calendar, &unknown, NOW_MS);
    assert_true(calendar.outdated);
    fh_calendar_fini(&calendar);
    item_fini(&a);
    item_fini(&b);
}

/* Own products only, and none that is gone; what was learned of a contract stays with it. */
static void test_plan(void **state)
{
    struct world *w = *state;
    struct item foreign = make_item(w, &flights, &w->domains[1]);
    must(announce(w, &foreign), &w->err);
    struct item timed = publish_one(w, "timed", with_crons);
    struct fh_calendar calendar = calendar_of(w, 3600, false);
    assert_int_equal(calendar.count, 1);
    fh_calendar_measured(&calendar, &calendar.entries[0].key, at("2026-11-28T07:00:00Z"));
    struct item plain = publish_one(w, "plain", NULL);
    must(fh_calendar_plan(&calendar, &w->err), &w->err);
    assert_int_equal(calendar.count, 2);
    /* The catalogue knows of no measurement: it is due, and its crons are still known. */
    assert_true(entry_of(&calendar, &timed)->due_ms == 0);
    assert_int_equal(entry_of(&calendar, &timed)->cron_count, 2);
    plain.said.revision = 2;
    plain.said.status = FH_ANNOUNCE_RETIRED;
    announce_again(&plain, w, &w->domains[0].node);
    must(announce(w, &plain), &w->err);
    must(fh_calendar_plan(&calendar, &w->err), &w->err);
    assert_int_equal(calendar.count, 1);
    fh_calendar_fini(&calendar);
    item_fini(&foreign);
    item_fini(&timed);
    item_fini(&plain);
}

static unsigned allowed; /* allocations before one fails */

static bool refuse_one(size_t size)
{
    (void)size;
    return allowed-- != 0;
}

/* Whichever allocation of a plan fails, the calendar before stays and reads its schedules anew. */
static void test_plan_fails(void **state)
{
    struct world *w = *state;
    struct item timed = publish_one(w, "a", with_crons);
    struct item plain = publish_one(w, "b", NULL);
    struct fh_announce_key key = fh_announce_key(&timed.said);
    struct fh_calendar calendar = calendar_of(w, 3600, false);
    int rc = FH_ENOMEM;
    for (unsigned n = 0; rc != FH_OK; n++) {
        assert_true(n < 1000);
        allowed = n;
        fh_alloc_set_hook(refuse_one);
        rc = fh_calendar_plan(&calendar, &w->err);
        fh_alloc_set_hook(NULL);
        assert_true(rc == FH_OK || calendar.outdated);
        assert_int_equal(calendar.count, 2);
        fh_calendar_measured(&calendar, &key, at("2026-11-28T07:00:00Z"));
        assert_true(fh_calendar_read_some(&calendar));
        assert_true(fh_calendar_find(&calendar, &key)->due_ms == at("2026-11-28T18:00:00Z"));
    }
    fh_calendar_fini(&calendar);
    item_fini(&timed);
    item_fini(&plain);
}

/* What is published takes its place without another plan, also in place of an older version. */
static void test_published(void **state)
{
    struct world *w = *state;
    struct item items[] = {publish_one(w, "b", NULL), publish_one(w, "c", with_crons)};
    struct fh_calendar calendar = calendar_of(w, 3600, false);
    struct fh_arena *arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    struct fh_contract *contract = NULL;
    must(fh_catalog_open_contract(w->catalog, &items[1].contract_id, arena, &contract, &w->err),
         &w->err);
    struct fh_announcement said = items[0].said;
    static const char *const names[] = {"d", "a", "b", "bb"};
    for (size_t i = 0; i < FH_COUNT(names); i++) {
        snprintf(said.product, sizeof said.product, "%s", names[i]);
        fh_calendar_published(&calendar, &said, contract, at("2026-11-28T07:00:00Z"));
    }
    static const char *const order[] = {"a", "b", "bb", "c", "d"};
    assert_int_equal(calendar.count, FH_COUNT(order));
    for (size_t i = 0; i < FH_COUNT(order); i++) {
        const struct fh_calendar_entry *entry = &calendar.entries[i];
        assert_string_equal(entry->key.product, order[i]);
        assert_int_equal(entry->cron_count, 2);
        assert_true(entry->due_ms == (order[i][0] == 'c' ? 0 : at("2026-11-28T18:00:00Z")));
    }
    for (unsigned i = 0; i < 100; i++) {
        said.major = i;
        fh_calendar_published(&calendar, &said, contract, 0);
        struct fh_announce_key key = fh_announce_key(&said);
        assert_true(fh_calendar_find(&calendar, &key)->due_ms == 0);
    }
    assert_true(fh_calendar_read_some(&calendar));
    fh_arena_free(arena);
    fh_calendar_fini(&calendar);
    item_fini(&items[0]);
    item_fini(&items[1]);
}

static void test_expiry(void **state)
{
    struct world *w = *state;
    struct item items[] = {publish_one(w, "plain", NULL), publish_one(w, "timed", with_crons)};
    static const struct {
        const char *name;
        unsigned item;
        uint64_t interval_s;
        const char *measured;
        const char *expires;
        bool again;
    } rows[] = {
        {"two intervals", 0, 3600, "2026-11-28T06:00:00Z", "2026-11-28T08:00:00Z", true},
        {"at most eight days",
         0,
         7 * 24 * 3600,
         "2026-11-01T00:00:00Z",
         "2026-11-09T00:00:00Z",
         true},
        {"off: eight days", 0, 0, "2026-11-01T00:00:00Z", "2026-11-09T00:00:00Z", false},
        {"the cron after the next", 1, 3600, "2026-11-28T06:00:00Z", "2026-11-28T18:00:00Z", true},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_calendar calendar = calendar_of(w, rows[i].interval_s, false);
        struct fh_arena *arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
        struct fh_contract *contract = NULL;
        bool again = false;
        must(fh_catalog_open_contract(
                 w->catalog, &items[rows[i].item].contract_id, arena, &contract, &w->err),
             &w->err);
        int64_t expires = fh_calendar_expiry(&calendar, contract, at(rows[i].measured), &again);
        if (expires != at(rows[i].expires) || again != rows[i].again) {
            fail_msg("%s: expires at %lld", rows[i].name, (long long)expires);
        }
        fh_arena_free(arena);
        fh_calendar_fini(&calendar);
    }
    item_fini(&items[0]);
    item_fini(&items[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_due, setup, teardown),
        cmocka_unit_test_setup_teardown(test_first_and_failures, setup, teardown),
        cmocka_unit_test_setup_teardown(test_plan, setup, teardown),
        cmocka_unit_test_setup_teardown(test_plan_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_published, setup, teardown),
        cmocka_unit_test_setup_teardown(test_expiry, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
