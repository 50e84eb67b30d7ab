/* SPDX-License-Identifier: Apache-2.0 */
/* Policies at their owner: what is taken, what is refused by which rule, what is in force after a
 * restart, and that what contradicts itself or cannot be read is held as such. */
#include "node/state/policies.h"

#include "tests/unit/state/catalog_world.h"

struct made {
    struct fh_buf bytes;
    struct fh_record_id id;
};

struct fields {
    const char *version;
    uint64_t seq;
    struct fh_record_id prev;
    unsigned domain;
    int64_t created_ms;
    const char *name;
    const char *rules; /* NULL: one that hides a column */
};

static const char *text_of(char *out, size_t size, const struct fields *fields)
{
    snprintf(out,
             size,
             "name: %s\nversion: %s\n%s\n",
             fields->name == NULL ? "personal" : fields->name,
             fields->version,
             fields->rules == NULL ? "hide: [{columns: [mail]}]" : fields->rules);
    return out;
}

static struct made sign(const struct world *w, struct fields fields, const struct test_key *key)
{
    char text[512];
    struct fh_policy_record record = {
        .domain = w->domains[fields.domain].id,
        .seq = fields.seq,
        .prev = fields.prev,
        .created_ms = fields.created_ms == 0 ? NOW_MS : fields.created_ms,
        .until_ms = INT64_MAX,
        .text = fh_bytes_cstr(text_of(text, sizeof text, &fields)),
    };
    snprintf(record.name, sizeof record.name, "%s", fields.name == NULL ? "personal" : fields.name);
    snprintf(record.version, sizeof record.version, "%s", fields.version);
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&payload, FH_RECORD_BYTES_MAX);
    fh_policy_record_encode(&payload, &record);
    struct made made;
    struct fh_record parsed;
    struct fh_err err;
    fh_buf_init(&made.bytes, FH_RECORD_BYTES_MAX);
    fh_record_seal(&made.bytes, FH_RECORD_POLICY, &w->mesh, fh_buf_view(&payload), &key->secret);
    must(fh_record_parse(&parsed, fh_buf_view(&made.bytes), &w->mesh, &err), &err);
    made.id = parsed.id;
    return made;
}

static struct fh_policies *open_policies(struct world *w)
{
    struct fh_policies *policies = NULL;
    const struct fh_policies_options options = {
        .store = w->store, .dir = w->dir, .mesh_id = w->mesh, .domain = w->domains[0].id};
    must(fh_policies_open(&policies, &options, &w->err), &w->err);
    return policies;
}

/* Takes a record and expects this rule, or "" for FH_OK, or "known". */
static void take(struct world *w, struct fh_policies *policies, struct made *made, const char *rule)
{
    w->err = (struct fh_err){0};
    int rc = fh_policies_take(policies, fh_buf_view(&made->bytes), NOW_MS, &w->err);
    const char *said = rc == FH_OK ? "" : rc == FH_EEXIST ? "known" : w->err.rule;
    if (strcmp(said, rule) != 0) {
        fail_msg("%s, not %s: %s", said, rule, w->err.text);
    }
    fh_buf_fini(&made->bytes);
}

static void test_chain(void **state)
{
    struct world *w = *state;
    const struct test_domain *us = &w->domains[0];
    struct fh_policies *policies = open_policies(w);
    uint32_t count;
    (void)fh_policies_held(policies, &count);
    assert_int_equal(count, 0);
    struct made first = sign(w, (struct fields){.version = "1.0.0", .seq = 1}, &us->publisher);
    struct fh_record_id one = first.id;
    take(w, policies, &first, "");
    first = sign(w, (struct fields){.version = "1.0.0", .seq = 1}, &us->publisher);
    take(w, policies, &first, "known");
    struct made other =
        sign(w, (struct fields){.version = "3.0.0", .seq = 1, .name = "a_first"}, &us->key);
    take(w, policies, &other, "");
    struct made second = sign(
        w,
        (struct fields){.version = "1.1.0", .seq = 2, .prev = one, .rules = "purposes: [billing]"},
        &us->publisher);
    struct fh_record_id two = second.id;
    take(w, policies, &second, "");

    for (unsigned round = 0; round < 2; round++) { /* before and after a restart */
        const struct fh_policy_held *const *held = fh_policies_held(policies, &count);
        assert_int_equal(count, 2);
        assert_string_equal(held[0]->name, "a_first");
        assert_string_equal(held[1]->name, "personal");
        assert_string_equal(held[1]->version, "1.1.0");
        assert_memory_equal(held[1]->id.b, two.b, FH_ID_BYTES);
        assert_false(held[1]->forked);
        assert_int_equal(held[1]->policy->purposes.count, 1);
        assert_int_equal(held[1]->policy->rule_count, 0);
        fh_policies_close(policies);
        restart(w);
        policies = open_policies(w);
    }
    struct fh_buf last FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&last, FH_RECORD_BYTES_MAX);
    uint64_t seq = 0;
    must(fh_policies_chain(policies, "personal", &seq, &last, &w->err), &w->err);
    assert_int_equal(seq, 2);
    assert_true(last.size > 0);
    fh_buf_reset(&last);
    must(fh_policies_chain(policies, "nothing", &seq, &last, &w->err), &w->err);
    assert_int_equal(seq, 0);
    assert_int_equal(fh_policies_chain(policies, "No", &seq, &last, &w->err), FH_EINVAL);
    fh_policies_close(policies);
}

static void test_refusals(void **state)
{
    struct world *w = *state;
    const struct test_domain *us = &w->domains[0];
    struct fh_policies *policies = open_policies(w);
    struct made first = sign(w, (struct fields){.version = "1.1.0", .seq = 1}, &us->publisher);
    struct fh_record_id one = first.id;
    take(w, policies, &first, "");
    const struct fh_record_id strange = {{9}};
    const struct {
        const char *rule;
        struct fields fields;
        const struct test_key *key;
    } rows[] = {
        {"policy.owner",
         {.version = "1.2.0", .seq = 2, .prev = one, .domain = 1},
         &w->domains[1].publisher},
        {"record.signer.domain",
         {.version = "1.2.0", .seq = 2, .prev = one},
         &w->domains[1].publisher},
        {"record.signer.role", {.version = "1.2.0", .seq = 2, .prev = one}, &us->node},
        {"record.signer.unknown", {.version = "1.2.0", .seq = 2, .prev = one}, &us->next},
        {"policy.time.future",
         {.version = "1.2.0", .seq = 2, .prev = one, .created_ms = NOW_MS + FH_CLOCK_SKEW_MS + 1},
         &us->publisher},
        {"policy.version.not_greater", {.version = "1.1.0", .seq = 2, .prev = one}, &us->publisher},
        {"policy.version.not_greater", {.version = "1.0.9", .seq = 2, .prev = one}, &us->publisher},
        {"policy.version.not_greater",
         {.version = "1.1.0+b", .seq = 2, .prev = one},
         &us->publisher},
        {"policy.chain.broken", {.version = "1.2.0", .seq = 2, .prev = strange}, &us->publisher},
        {"policy.chain.gap", {.version = "1.2.0", .seq = 3, .prev = one}, &us->publisher},
        {"policy.key.unknown",
         {.version = "1.2.0", .seq = 2, .prev = one, .rules = "min_group: 5"},
         &us->publisher},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct made made = sign(w, rows[i].fields, rows[i].key);
        take(w, policies, &made, rows[i].rule);
    }
    uint32_t count;
    const struct fh_policy_held *const *held = fh_policies_held(policies, &count);
    assert_int_equal(count, 1);
    assert_memory_equal(held[0]->id.b, one.b, FH_ID_BYTES);
    assert_false(held[0]->forked);

    /* What was right once comes again, and a second one of a number. */
    struct made second =
        sign(w, (struct fields){.version = "1.2.0", .seq = 2, .prev = one}, &us->publisher);
    struct fh_record_id two = second.id;
    take(w, policies, &second, "");
    struct made again = sign(w, (struct fields){.version = "1.1.0", .seq = 1}, &us->publisher);
    take(w, policies, &again, "policy.version.replayed");
    struct made fork =
        sign(w,
             (struct fields){.version = "1.3.0", .seq = 2, .prev = one, .rules = "purposes: [a]"},
             &us->publisher);
    take(w, policies, &fork, "policy.forked");
    for (unsigned round = 0; round < 2; round++) {
        held = fh_policies_held(policies, &count);
        assert_true(held[0]->forked);
        assert_memory_equal(held[0]->id.b, two.b, FH_ID_BYTES);
        fh_policies_close(policies);
        restart(w);
        policies = open_policies(w);
    }
    struct made third =
        sign(w, (struct fields){.version = "1.4.0", .seq = 3, .prev = two}, &us->publisher);
    take(w, policies, &third, "");
    held = fh_policies_held(policies, &count);
    assert_false(held[0]->forked);
    fh_policies_close(policies);
}

/* Records of a newer program, which this one never took itself: each closes the products that it
 * names, and all of them when it cannot be told which. */
static void test_unreadable(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *rules;
        const char *closed;
        const char *not_closed; /* "": all are */
    } rows[] = {
        {"min_group: 5", "orders", ""},
        {"products: [orders, people@2]\nmin_group: 5", "orders", "parts"},
        {"products: [orders@1]\nmin_group: 5", "orders", "parts"},
        {"products: orders\nmask: [{columns: a, method: coarse}]", "orders", "parts"},
        {"products: ['*']\nmin_group: 5", "orders", ""},
        {"products: {all_but: [parts]}\nmin_group: 5", "parts", ""},
        {"products: [orders, '!parts']\nmin_group: 5", "parts", ""},
        {"products: []\nmin_group: 5", "parts", ""},
        {"products: [orders]\nproducts: [parts]", "orders", ""},
        {"products: [orders]\n- and so on", "parts", ""},
        {"products: [orders@one]\nmin_group: 5", "parts", ""},
    };
    enum { FIT = FH_COUNT(rows) < FH_POLICIES_MAX ? FH_COUNT(rows) : FH_POLICIES_MAX };
    struct fh_policies *policies = NULL;
    uint32_t count;
    for (size_t i = 0; i < FIT; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%02zu", i);
        struct made made = sign(
            w,
            (struct fields){.version = "1.0.0", .seq = 1, .rules = rows[i].rules, .name = name},
            &w->domains[0].publisher);
        struct fh_store_policy row = {.seq = 1, .id = made.id, .bytes = fh_buf_view(&made.bytes)};
        memcpy(row.name, name, sizeof name);
        must(fh_store_policy_put(w->store, &row, &w->err), &w->err);
        fh_buf_fini(&made.bytes);
    }
    policies = open_policies(w);
    const struct fh_policy_held *const *held = fh_policies_held(policies, &count);
    assert_int_equal(count, FIT);
    for (size_t i = 0; i < FIT; i++) {
        bool all = rows[i].not_closed[0] == '\0';
        assert_null(held[i]->policy);
        assert_string_equal(held[i]->version, "1.0.0");
        if (held[i]->scoped == (all && i > 0) ||
            !fh_policy_held_governs(held[i], rows[i].closed, 1) ||
            fh_policy_held_governs(held[i], all ? "anything" : rows[i].not_closed, 1) != all) {
            fail_msg("%s", rows[i].rules);
        }
    }
    assert_false(fh_policy_held_governs(held[1], "people", 1));
    assert_true(fh_policy_held_governs(held[1], "people", 2));
    struct fh_record_id first = held[0]->id;
    struct made next =
        sign(w,
             (struct fields){.version = "2.0.0", .seq = 2, .prev = first, .name = "p00"},
             &w->domains[0].publisher);
    take(w, policies, &next, "");
    held = fh_policies_held(policies, &count);
    assert_non_null(held[0]->policy);
    fh_policies_close(policies);
}

static void test_limit(void **state)
{
    struct world *w = *state;
    struct fh_policies *policies = open_policies(w);
    for (unsigned i = 0; i <= FH_POLICIES_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%u", i);
        struct made made = sign(w,
                                (struct fields){.version = "1.0.0", .seq = 1, .name = name},
                                &w->domains[0].publisher);
        take(w, policies, &made, i < FH_POLICIES_MAX ? "" : "policy.limit");
    }
    fh_policies_close(policies);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_chain, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unreadable, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
