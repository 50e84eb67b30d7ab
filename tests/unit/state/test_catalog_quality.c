/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue: measurements that come in, what is refused, and what is told of a product. */
#include "node/state/store_quality.h"
#include "tests/unit/state/catalog_world.h"

/* A measurement of `item` and its results. */
struct look {
    struct fh_measurement said;
    struct fh_buf results;
    struct fh_buf record;
    struct fh_record_id id;
};

static void look_fini(struct look *look)
{
    fh_buf_fini(&look->results);
    fh_buf_fini(&look->record);
}

static void sign(struct look *look, const struct world *w, const struct test_key *key)
{
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&payload, FH_RECORD_GOSSIP_BYTES_MAX);
    fh_measurement_encode(&payload, &look->said);
    fh_buf_reset(&look->record);
    fh_record_seal(
        &look->record, FH_RECORD_MEASUREMENT, &w->mesh, fh_buf_view(&payload), &key->secret);
    assert_int_equal(fh_buf_ok(&look->record), FH_OK);
    look->id = fh_record_id_of(FH_RECORD_MEASUREMENT, &w->mesh, fh_buf_view(&payload));
}

/* One promise, of which the data say `outcome`. */
static struct look look_at(const struct world *w,
                           const struct item *item,
                           enum fh_promise_outcome outcome,
                           int64_t measured_ms,
                           const struct test_key *key)
{
    struct look look = {.said = {.domain = item->said.domain,
                                 .major = item->said.major,
                                 .contract = item->contract_id,
                                 .measured_ms = measured_ms,
                                 .expires_ms = measured_ms + TEST_HOUR_MS,
                                 .gate = FH_QUALITY_GATE_BLOCK,
                                 .rows = 10}};
    struct fh_result result;
    snprintf(look.said.product, sizeof look.said.product, "%s", item->said.product);
    snprintf(look.said.version, sizeof look.said.version, "%s", item->said.version);
    fh_buf_init(&look.results, FH_MEASUREMENT_RESULTS_BYTES_MAX);
    fh_buf_init(&look.record, FH_RECORD_GOSSIP_BYTES_MAX);
    fh_result_make(&result, "schema.t.quality.0", "sql", "3", FH_PROMISE_QUALITY, outcome);
    fh_results_encode(&look.results, &result, 1);
    fh_measurement_sum(&look.said, &result, 1, fh_buf_view(&look.results));
    sign(&look, w, key);
    return look;
}

static int measure(struct world *w, const struct look *look, bool with_results)
{
    w->err = (struct fh_err){0};
    return fh_catalog_measure(w->catalog,
                              fh_buf_view(&look->record),
                              with_results ? fh_buf_view(&look->results) : FH_BYTES_NONE,
                              NOW_MS,
                              &w->out,
                              NULL,
                              &w->err);
}

static struct fh_quality quality_of(struct world *w, const struct item *item)
{
    struct fh_catalog_entry entry;
    must(fh_catalog_find(
             w->catalog, &item->said.domain, item->said.product, item->said.major, &entry, &w->err),
         &w->err);
    return entry.quality;
}

/* ---- what is refused ---- */

typedef void spoil_fn(struct world *w, struct item *item, struct look *look);

static void by_a_publisher(struct world *w, struct item *item, struct look *look)
{
    (void)item;
    sign(look, w, &w->domains[1].publisher);
}
static void by_the_domain_key(struct world *w, struct item *item, struct look *look)
{
    (void)item;
    sign(look, w, &w->domains[1].key);
}
static void by_a_member(struct world *w, struct item *item, struct look *look)
{
    (void)item;
    sign(look, w, &w->domains[1].member);
}
static void by_another_node(struct world *w, struct item *item, struct look *look)
{
    (void)item;
    sign(look, w, &w->domains[0].node);
}
static void of_a_stranger(struct world *w, struct item *item, struct look *look)
{
    (void)item;
    look->said.domain = w->domains[2].id;
    sign(look, w, &w->domains[2].publisher);
}
static void of_nobody(struct world *w, struct item *item, struct look *look)
{
    (void)item;
    look->said.domain.b[0] ^= 1;
    sign(look, w, &w->domains[1].node);
}
static void name_changed(struct world *w, struct item *item, struct look *look)
{
    (void)w;
    (void)item;
    uint8_t *at = memmem(look->record.data, look->record.size, "flights", 7);
    at[0] = 'g';
}
static void signature_changed(struct world *w, struct item *item, struct look *look)
{
    (void)w;
    (void)item;
    look->record.data[look->record.size - 1] ^= 1;
}
static void cut(struct world *w, struct item *item, struct look *look)
{
    (void)w;
    (void)item;
    look->record.size--;
}
static void an_announcement_instead(struct world *w, struct item *item, struct look *look)
{
    (void)w;
    fh_buf_reset(&look->record);
    fh_buf_add_bytes(&look->record, fh_buf_view(&item->announcement));
}
static void from_the_future(struct world *w, struct item *item, struct look *look)
{
    (void)item;
    look->said.measured_ms = NOW_MS + FH_CLOCK_SKEW_MS + 1;
    look->said.expires_ms = look->said.measured_ms + 1000;
    sign(look, w, &w->domains[1].node);
}
static void older_than_held(struct world *w, struct item *item, struct look *look)
{
    (void)item;
    must(measure(w, look, false), &w->err);
    look->said.measured_ms--;
    sign(look, w, &w->domains[1].node);
}
static void of_an_unknown_product(struct world *w, struct item *item, struct look *look)
{
    (void)item;
    snprintf(look->said.product, sizeof look->said.product, "unheard_of");
    sign(look, w, &w->domains[1].node);
}
static void of_another_major(struct world *w, struct item *item, struct look *look)
{
    (void)item;
    snprintf(look->said.version, sizeof look->said.version, "7.0.0");
    sign(look, w, &w->domains[1].node);
}
static void of_another_contract(struct world *w, struct item *item, struct look *look)
{
    (void)item;
    look->said.contract.b[3] ^= 1;
    sign(look, w, &w->domains[1].node);
}
static void of_a_withdrawn_product(struct world *w, struct item *item, struct look *look)
{
    (void)look;
    item->said.revision++;
    item->said.status = FH_ANNOUNCE_WITHDRAWN;
    announce_again(item, w, &w->domains[1].node);
    must(announce(w, item), &w->err);
}
static void other_results(struct world *w, struct item *item, struct look *look)
{
    (void)w;
    (void)item;
    look->results.data[look->results.size - 1] ^= 1;
}
static void shorter_results(struct world *w, struct item *item, struct look *look)
{
    (void)w;
    (void)item;
    look->results.size--;
}

static void test_refused(void **state)
{
    static const struct {
        const char *name;
        spoil_fn *spoil;
        int code;
        const char *rule;
    } rows[] = {
        {"by a publisher", by_a_publisher, FH_ESIG, "record.signer.role"},
        {"by the domain key", by_the_domain_key, FH_ESIG, "record.signer.role"},
        {"by a member", by_a_member, FH_ESIG, "record.signer.role"},
        {"by another domain's node", by_another_node, FH_ESIG, "record.signer.domain"},
        {"of a stranger", of_a_stranger, FH_EDENIED, "domain.not_admitted"},
        {"of nobody", of_nobody, FH_ENOTFOUND, "record.signer.domain"},
        {"a name changed", name_changed, FH_ESIG, "measurement.signature"},
        {"signature changed", signature_changed, FH_ESIG, "measurement.signature"},
        {"cut", cut, FH_EINVAL, "pack.truncated"},
        {"an announcement instead", an_announcement_instead, FH_EINVAL, "record.type"},
        {"from the future", from_the_future, FH_EINVAL, "measurement.future"},
        {"a replay", older_than_held, FH_ESTALE, "measurement.stale"},
        {"of an unknown product", of_an_unknown_product, FH_EINCOMPLETE, "measurement.unannounced"},
        {"of another major", of_another_major, FH_EINCOMPLETE, "measurement.unannounced"},
        {"of another contract", of_another_contract, FH_EINCOMPLETE, "measurement.unannounced"},
        {"of a withdrawn product",
         of_a_withdrawn_product,
         FH_EINCOMPLETE,
         "measurement.unannounced"},
        {"other results", other_results, FH_ESIG, "measurement.results"},
        {"shorter results", shorter_results, FH_ESIG, "measurement.results"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        assert_int_equal(setup(state), 0);
        struct world *w = *state;
        struct item item = make_item(w, &flights, &w->domains[1]);
        must(announce(w, &item), &w->err);
        struct look look = look_at(w, &item, FH_PROMISE_PASSED, NOW_MS - 1000, &w->domains[1].node);
        rows[i].spoil(w, &item, &look);
        bool held = rows[i].spoil == older_than_held;
        int code = measure(w, &look, true);
        if (code != rows[i].code || strcmp(w->err.rule, rows[i].rule) != 0) {
            fail_msg("%s: %s %s (%s)", rows[i].name, fh_code_name(code), w->err.rule, w->err.text);
        }
        if (rows[i].spoil != of_a_withdrawn_product) {
            assert_int_equal(quality_of(w, &item).measured, held);
        }
        look_fini(&look);
        item_fini(&item);
        teardown(state);
    }
}

/* ---- what is kept ---- */

static void test_newest_counts_in_any_order(void **state)
{
    struct world *w = *state;
    struct item item = make_item(w, &flights, &w->domains[1]);
    must(announce(w, &item), &w->err);
    struct fh_catalog_head before = fh_catalog_head(w->catalog);
    assert_false(quality_of(w, &item).measured);
    struct look good = look_at(w, &item, FH_PROMISE_PASSED, NOW_MS - 2000, &w->domains[1].node);
    struct look bad = look_at(w, &item, FH_PROMISE_FAILED, NOW_MS - 1000, &w->domains[1].node);
    uint64_t edits = fh_catalog_edits(w->catalog);
    must(measure(w, &good, false), &w->err);
    assert_int_equal(w->out.result, FH_CATALOG_ADDED);
    assert_int_not_equal(fh_catalog_edits(w->catalog), edits);
    edits = fh_catalog_edits(w->catalog);
    must(measure(w, &good, false), &w->err);
    assert_int_equal(w->out.result, FH_CATALOG_KNOWN);
    assert_int_equal(fh_catalog_edits(w->catalog), edits);
    assert_int_equal(quality_of(w, &item).state, FH_QUALITY_OK);
    must(measure(w, &bad, false), &w->err);
    assert_int_equal(measure(w, &good, false), FH_ESTALE);
    struct fh_quality quality = quality_of(w, &item);
    assert_true(quality.measured);
    assert_int_equal(quality.state, FH_QUALITY_FAIL);
    assert_int_equal(quality.gate, FH_QUALITY_GATE_BLOCK);
    assert_true(quality.measured_ms == NOW_MS - 1000);
    assert_true(quality.expires_ms == quality.measured_ms + TEST_HOUR_MS);
    /* Two of one moment: the greater id, whichever came first. */
    struct look twin = look_at(w, &item, FH_PROMISE_WARNED, NOW_MS - 1000, &w->domains[1].node);
    bool wins = fh_record_id_compare(&twin.id, &bad.id) > 0;
    assert_int_equal(measure(w, &twin, false), wins ? FH_OK : FH_ESTALE);
    assert_int_equal(quality_of(w, &item).state, wins ? FH_QUALITY_WARN : FH_QUALITY_FAIL);
    struct fh_catalog_head after = fh_catalog_head(w->catalog);
    assert_memory_equal(&before, &after, sizeof before); /* no part of the fingerprint */
    look_fini(&twin);
    look_fini(&bad);
    look_fini(&good);
    item_fini(&item);
}

static void test_restart_keeps(void **state)
{
    struct world *w = *state;
    struct item item = make_item(w, &flights, &w->domains[1]);
    must(announce(w, &item), &w->err);
    struct look look = look_at(w, &item, FH_PROMISE_FAILED, NOW_MS, &w->domains[1].node);
    must(measure(w, &look, false), &w->err);
    restart(w);
    assert_int_equal(quality_of(w, &item).state, FH_QUALITY_FAIL);
    struct fh_measurement read;
    struct fh_buf record FH_CLEANUP(fh_buf_fini);
    struct fh_buf results FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&record, FH_RECORD_GOSSIP_BYTES_MAX);
    fh_buf_init(&results, FH_MEASUREMENT_RESULTS_BYTES_MAX);
    struct fh_announce_key key = fh_announce_key(&item.said);
    must(fh_catalog_measurement(w->catalog, &key, &read, &record, &results, &w->err), &w->err);
    assert_true(fh_bytes_equal(fh_buf_view(&record), fh_buf_view(&look.record)));
    assert_int_equal(results.size, 0);
    assert_string_equal(read.broken[0].id, "schema.t.quality.0");
    /* The results come later, and only the right ones. */
    look.results.data[0] ^= 1;
    w->err = (struct fh_err){0};
    refused(w,
            fh_catalog_keep_results(w->catalog, &key, fh_buf_view(&look.results), &w->err),
            FH_ESIG,
            "measurement.results");
    look.results.data[0] ^= 1;
    must(fh_catalog_keep_results(w->catalog, &key, fh_buf_view(&look.results), &w->err), &w->err);
    must(fh_catalog_measurement(w->catalog, &key, NULL, NULL, &results, &w->err), &w->err);
    assert_true(fh_bytes_equal(fh_buf_view(&results), fh_buf_view(&look.results)));
    /* By its id it can be pulled. */
    fh_buf_reset(&record);
    must(fh_store_record_get(w->store, &look.id, &record, &w->err), &w->err);
    look_fini(&look);
    item_fini(&item);
}

static int count_record(void *user, struct fh_bytes record, struct fh_err *err)
{
    (void)record;
    (void)err;
    ++*(unsigned *)user;
    return FH_OK;
}

static unsigned paged(struct world *w)
{
    unsigned count = 0;
    struct fh_buf cursor FH_CLEANUP(fh_buf_fini);
    struct fh_buf next FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&cursor, 32);
    fh_buf_init(&next, 32);
    do {
        fh_buf_reset(&next);
        must(fh_catalog_measurement_page(
                 w->catalog, fh_buf_view(&cursor), 1, count_record, &count, &next, &w->err),
             &w->err);
        fh_buf_reset(&cursor);
        fh_buf_add_bytes(&cursor, fh_buf_view(&next));
    } while (next.size > 0);
    return count;
}

/* It goes when its announcement does, or names another contract. */
static void test_goes_with_the_announcement(void **state)
{
    struct world *w = *state;
    struct item items[3];
    struct look looks[3];
    for (unsigned i = 0; i < 3; i++) {
        static const char *const names[] = {"flights", "delays", "carriers"};
        const struct test_product product = {.name = names[i]};
        items[i] = make_item(w, &product, &w->domains[1]);
        must(announce(w, &items[i]), &w->err);
        looks[i] = look_at(w, &items[i], FH_PROMISE_PASSED, NOW_MS, &w->domains[1].node);
        must(measure(w, &looks[i], false), &w->err);
    }
    assert_int_equal(paged(w), 3);
    items[0].said.revision = 2;
    items[0].said.contract.b[0] ^= 1;
    announce_again(&items[0], w, &w->domains[1].node);
    must(announce(w, &items[0]), &w->err);
    assert_false(quality_of(w, &items[0]).measured);
    assert_true(quality_of(w, &items[1]).measured);
    assert_int_equal(paged(w), 2);
    struct fh_announce_key key = fh_announce_key(&items[0].said);
    must(fh_catalog_measurement(w->catalog, &key, NULL, NULL, NULL, &w->err), &w->err);
    must(fh_catalog_sweep(w->catalog, NOW_MS, NULL, &w->err), &w->err);
    refused(w,
            fh_catalog_measurement(w->catalog, &key, NULL, NULL, NULL, &w->err),
            FH_ENOTFOUND,
            "measurement.none");
    must(fh_catalog_sweep(w->catalog, items[1].said.expires_ms + TEST_DAY_MS, NULL, &w->err),
         &w->err);
    assert_int_equal(paged(w), 0);
    for (unsigned i = 0; i < 3; i++) {
        look_fini(&looks[i]);
        item_fini(&items[i]);
    }
}

struct seen {
    unsigned count;
    int64_t last_ms;
};

static int see(void *user,
               const struct fh_measurement *measurement,
               struct fh_bytes record,
               struct fh_bytes results,
               struct fh_err *err)
{
    (void)err;
    (void)record;
    struct seen *seen = user;
    assert_true(seen->count == 0 || measurement->measured_ms < seen->last_ms);
    assert_true(results.size == measurement->results_bytes);
    seen->last_ms = measurement->measured_ms;
    seen->count++;
    return FH_OK;
}

/* Own ones are kept for later, so many and no more. */
static void test_history(void **state)
{
    struct world *w = *state;
    struct item item = make_item(w, &flights, &w->domains[0]);
    must(publish(w, &item), &w->err);
    const unsigned made = FH_MEASUREMENT_RECENT_MAX + 3; /* all of one day */
    for (unsigned i = 0; i < made; i++) {
        struct look look =
            look_at(w, &item, FH_PROMISE_PASSED, NOW_MS - 5000 + i, &w->domains[0].node);
        must(measure(w, &look, true), &w->err);
        look_fini(&look);
    }
    restart(w);
    struct seen seen = {0};
    const int64_t end = INT64_MAX;
    must(fh_catalog_measured_each(w->catalog, "flights", 1, end, 1000, see, &seen, &w->err),
         &w->err);
    assert_int_equal(seen.count, FH_MEASUREMENT_RECENT_MAX);
    assert_true(seen.last_ms == NOW_MS - 5000 + 3);
    seen = (struct seen){0};
    must(fh_catalog_measured_each(w->catalog, "flights", 1, end, 2, see, &seen, &w->err), &w->err);
    assert_int_equal(seen.count, 2);
    int64_t second = seen.last_ms;
    seen = (struct seen){0};
    must(fh_catalog_measured_each(w->catalog, "flights", 1, second, 1, see, &seen, &w->err),
         &w->err);
    assert_true(seen.count == 1 && seen.last_ms == second - 1); /* the next page */
    seen = (struct seen){0};
    must(fh_catalog_measured_each(w->catalog, "flights", 2, end, 9, see, &seen, &w->err), &w->err);
    assert_int_equal(seen.count, 0);
    item_fini(&item);
}

/* ---- which ones are kept ---- */

enum { KEPT_MODEL_MAX = FH_MEASUREMENT_HISTORY_MAX + 1 };

/* The same rule, told in another way: newest first, as a list that is thinned by walking it. */
struct kept {
    unsigned count;
    struct {
        int64_t ms;
        unsigned state;
    } items[KEPT_MODEL_MAX];
};

static void model_insert(struct kept *kept, int64_t ms, unsigned state)
{
    unsigned at = 0;
    while (at < kept->count && kept->items[at].ms > ms) {
        at++;
    }
    bool same = at < kept->count && kept->items[at].ms == ms;
    if (!same) {
        assert_true(kept->count < KEPT_MODEL_MAX);
        memmove(&kept->items[at + 1], &kept->items[at], (kept->count - at) * sizeof kept->items[0]);
        kept->count++;
    }
    kept->items[at].ms = ms;
    kept->items[at].state = state;
}

static void model_thin(struct kept *kept)
{
    unsigned days = 0;
    unsigned left = 0;
    for (unsigned i = 0; i < kept->count;) {
        int64_t day = kept->items[i].ms / TEST_DAY_MS;
        unsigned worst = i;
        unsigned end = i;
        for (; end < kept->count && kept->items[end].ms / TEST_DAY_MS == day; end++) {
            worst = kept->items[end].state > kept->items[worst].state ? end : worst;
        }
        days++;
        for (unsigned k = i; k < end; k++) {
            if (k < FH_MEASUREMENT_RECENT_MAX || (k == worst && days <= FH_MEASUREMENT_DAYS_MAX)) {
                kept->items[left++] = kept->items[k];
            }
        }
        i = end;
    }
    kept->count = left;
}

/* A row's record is its time and state, so that it tells which one it is. */
static void put_row(struct world *w, uint32_t major, int64_t ms, unsigned state)
{
    char record[32];
    int size = snprintf(record, sizeof record, "%lld/%u", (long long)ms, state);
    struct fh_store_measurement row = {.key = {.major = major},
                                       .measured_ms = ms,
                                       .state = state,
                                       .bytes = fh_bytes(record, (size_t)size),
                                       .results = fh_bytes_cstr("r")};
    memcpy(row.key.product, "flights", sizeof "flights");
    must(fh_store_measured_put(w->store, &row, &w->err), &w->err);
}

struct compared {
    const struct kept *model;
    unsigned at;
};

static int
compare_row(void *user, struct fh_bytes record, struct fh_bytes results, struct fh_err *err)
{
    (void)err;
    struct compared *compared = user;
    char wanted[32];
    assert_true(compared->at < compared->model->count && results.size == 1);
    snprintf(wanted,
             sizeof wanted,
             "%lld/%u",
             (long long)compared->model->items[compared->at].ms,
             compared->model->items[compared->at].state);
    assert_true(fh_bytes_equal_cstr(record, wanted));
    compared->at++;
    return FH_OK;
}

struct pace {
    const char *name;
    int64_t step_ms;
    unsigned steps;
    int64_t jump_ms; /* of the clock, before every `jump_each`-th step */
    unsigned jump_each;
    unsigned bad_each; /* every so many measurements is a worse one; 0: none */
};

static void keep_at_pace(struct world *w, uint32_t major, const struct pace *pace)
{
    struct kept model = {.count = 0};
    int64_t now = TEST_START_MS;
    for (unsigned i = 1; i <= pace->steps; i++) {
        now += pace->step_ms + (i % pace->jump_each == 0 ? pace->jump_ms : 0);
        unsigned state = pace->bad_each != 0 && i % pace->bad_each == 0 ? 2 + i % 2 : 1;
        put_row(w, major, now, state);
        model_insert(&model, now, state);
        model_thin(&model);
        struct compared compared = {.model = &model};
        must(fh_store_measured_each(
                 w->store, "flights", major, INT64_MAX, 1000, compare_row, &compared, &w->err),
             &w->err);
        if (compared.at != model.count) {
            fail_msg("%s, step %u: %u kept, %u wanted", pace->name, i, compared.at, model.count);
        }
        assert_true(model.count <= FH_MEASUREMENT_HISTORY_MAX);
    }
}

/* Over simulated time, and clocks that jump: so many, whatever the pace; a day keeps its worst; and
 * no jump takes more than it brings. */
static void test_kept(void **state)
{
    static const struct pace paces[] = {
        {"each quarter of an hour", TEST_HOUR_MS / 4, 500, 0, 1, 0},
        {"hourly, some fail", TEST_HOUR_MS, 900, 0, 1, 7},
        {"daily", TEST_DAY_MS, 80, 0, 1, 3},
        {"weekly", 7 * TEST_DAY_MS, 70, 0, 1, 0},
        {"a clock that jumps a year ahead", TEST_HOUR_MS, 400, 366 * TEST_DAY_MS, 150, 5},
        {"a clock that falls back a day", TEST_HOUR_MS, 400, -TEST_DAY_MS, 60, 5},
        {"a clock that falls back a year", TEST_HOUR_MS * 6, 300, -366 * TEST_DAY_MS, 140, 5},
        {"a clock that stands", 0, 40, 0, 1, 2},
    };
    struct world *w = *state;
    for (uint32_t i = 0; i < FH_COUNT(paces); i++) {
        keep_at_pace(w, i + 1, &paces[i]);
    }
}

static void test_uptime(void **state)
{
    struct world *w = *state;
    int64_t sum = -1;
    int64_t first = 0;
    must(fh_store_uptime_sum(w->store, 0, 1000, &sum, &first, &w->err), &w->err);
    assert_true(sum == 0 && first == INT64_MAX);
    must(fh_store_uptime_put(w->store, 100, 150, 0, &w->err), &w->err);
    must(fh_store_uptime_put(w->store, 100, 200, 0, &w->err), &w->err); /* longer */
    must(fh_store_uptime_put(w->store, 300, 400, 0, &w->err), &w->err);
    must(fh_store_uptime_sum(w->store, 0, 1000, &sum, &first, &w->err), &w->err);
    assert_true(sum == 200 && first == 100);
    must(fh_store_uptime_sum(w->store, 150, 350, &sum, &first, &w->err), &w->err);
    assert_true(sum == 100); /* 150-200 and 300-350 */
    must(fh_store_uptime_sum(w->store, 210, 290, &sum, &first, &w->err), &w->err);
    assert_true(sum == 0);
    must(fh_store_uptime_put(w->store, 300, 500, 250, &w->err), &w->err);
    must(fh_store_uptime_sum(w->store, 0, 1000, &sum, &first, &w->err), &w->err);
    assert_true(sum == 200 && first == 300); /* the older span is forgotten */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test_setup_teardown(test_newest_counts_in_any_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_restart_keeps, setup, teardown),
        cmocka_unit_test_setup_teardown(test_goes_with_the_announcement, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_history, setup, teardown),
        cmocka_unit_test_setup_teardown(test_uptime, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
