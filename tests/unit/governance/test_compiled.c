/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decisions over compiled policies are those over the policies as they were written: random
 * products, policies, grants and askers, and both ways of every decision compared to the last
 * reason.
 *
 *     FH_SEED=7 FH_ROUNDS=100000 test_compiled    a run again, and longer
 *
 * What a decision takes says fh-decision-cost.
 */
#include "proto/governance/access_compiled.h"

#include "common/mem.h"
#include "common/time.h"
#include "proto/governance/access_trace.h"
#include "proto/governance/grant.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NOW = 1000,
    ROUNDS = 3000,
    ASKED_EACH = 8,
    TABLES = 3,
    COLUMNS = 20,
    POLICIES = 8,
    RULES = 12
};

static uint64_t state;

static unsigned below(unsigned bound)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(state >> 33) % bound;
}

static const char *one_of(const char *const *words, unsigned count)
{
    return words[below(count)];
}

static const char *const column_names[] = {
    "id", "name", "MAIL", "born", "amount", "Note", "c", "d"};
static const char *const rule_columns[] = {
    "ID", "name", "mail", "born", "Amount", "note", "x", "d"};
static const char *const classes[] = {"", "restricted", "Internal", "public"};
static const char *const rule_classes[] = {"Restricted", "internal", "PUBLIC", "secret"};
static const char *const tags[] = {"pii", "Phone", "tax"};
static const char *const rule_tags[] = {"PII", "phone", "other"};
static const char *const types[] = {"BIGINT", "VARCHAR", "DATE", "TIMESTAMP", "DECIMAL(9,2)", ""};
static const char *const tables[] = {"people", "Orders", "log"};
static const char *const rule_tables[] = {"People", "orders", "nowhere"};
static const char *const purposes[] = {"", "audit", "billing"};
static const char *const roles[] = {"auditor", "analyst"};
static const char *const products[] = {"shop", "other", "shop@1", "shop@2"};
static const char *const domains[] = {"", "home", "air", "rail"};

static struct fh_contract_strings
some(struct fh_arena *arena, const char *const *words, unsigned count, unsigned most)
{
    struct fh_contract_strings out = {.count = below(most + 1)};
    out.items = fh_arena_array(arena, out.count + 1, sizeof *out.items);
    assert_non_null(out.items);
    for (size_t i = 0; i < out.count; i++) {
        out.items[i] = one_of(words, count);
    }
    return out;
}

#define SOME(arena, words, most) some((arena), (words), FH_COUNT(words), (most))

static const struct fh_access_product *make_product(struct fh_arena *arena)
{
    struct fh_access_product *product = fh_arena_alloc(arena, sizeof *product);
    struct fh_access_table *made = fh_arena_array(arena, TABLES, sizeof *made);
    assert_true(product != NULL && made != NULL);
    for (unsigned t = 0; t < TABLES; t++) {
        struct fh_access_column *columns = fh_arena_array(arena, COLUMNS, sizeof *columns);
        assert_non_null(columns);
        made[t] = (struct fh_access_table){
            .name = tables[t], .column_count = below(COLUMNS + 1), .columns = columns};
        for (unsigned c = 0; c < COLUMNS; c++) {
            struct fh_contract_strings own = SOME(arena, tags, 2);
            columns[c] = (struct fh_access_column){.name = one_of(column_names, 8),
                                                   .classification = one_of(classes, 4),
                                                   .sql_type = one_of(types, 6),
                                                   .tag_count = (uint32_t)own.count,
                                                   .tags = own.items};
        }
    }
    *product = (struct fh_access_product){.owner = {{1}},
                                          .owner_name = "home",
                                          .name = "shop",
                                          .major = 1 + below(2),
                                          .open_to_mesh = below(4) > 0,
                                          .table_count = below(TABLES + 1),
                                          .tables = made};
    return product;
}

static struct fh_mask make_mask(void)
{
    switch (below(5)) {
    case 0:
        return (struct fh_mask){.kind = FH_MASK_NULL};
    case 1:
        return (struct fh_mask){.kind = FH_MASK_HASH};
    case 2:
        return (struct fh_mask){
            .kind = FH_MASK_PARTIAL, .keep_first = below(4), .keep_last = below(4)};
    case 3:
        return (struct fh_mask){
            .kind = FH_MASK_GENERALISE, .unit = FH_MASK_STEP, .step = 1 + below(12)};
    default:
        return (struct fh_mask){.kind = FH_MASK_GENERALISE, .unit = FH_MASK_YEAR};
    }
}

static void make_rule(struct fh_policy_rule *rule, uint32_t line, struct fh_arena *arena)
{
    struct fh_policy_except *excepts = fh_arena_array(arena, 2, sizeof *excepts);
    assert_non_null(excepts);
    *rule = (struct fh_policy_rule){
        .kind = below(FH_POLICY_RULE_KIND_COUNT), .line = line, .path = "", .excepts = excepts};
    if (rule->kind == FH_POLICY_FILTER || below(3) == 0) {
        rule->table = one_of(rule_tables, 3);
    }
    if (rule->kind == FH_POLICY_FILTER) {
        rule->where = below(2) == 0 ? "id > 1" : "true";
    } else {
        rule->columns = SOME(arena, rule_columns, 2);
        rule->classifications = SOME(arena, rule_classes, 1);
        rule->tags = SOME(arena, rule_tags, 1);
    }
    if (rule->kind == FH_POLICY_MASK) {
        rule->mask = make_mask();
    }
    if (rule->kind == FH_POLICY_GROUP) {
        struct fh_contract_strings by = SOME(arena, rule_columns, 3);
        struct fh_policy_dimension *dimensions =
            fh_arena_array(arena, by.count + 1, sizeof *dimensions);
        assert_non_null(dimensions);
        for (size_t i = 0; i < by.count; i++) {
            dimensions[i].column = by.items[i];
            dimensions[i].unit =
                below(3) > 0 ? (struct fh_mask){.kind = FH_MASK_NONE}
                             : (struct fh_mask){.kind = FH_MASK_GENERALISE, .step = 1 + below(12)};
        }
        rule->size = 2 + below(9);
        rule->subject = one_of(rule_columns, 8);
        rule->dimensions = dimensions;
        rule->dimension_count = by.count;
        rule->measures = SOME(arena, rule_columns, 2);
    }
    rule->time_column = one_of(rule_columns, 8);
    rule->days = 1 + below(3);
    rule->formats = below(8);
    rule->closed_when = below(8) == 0 ? 4 : 0;
    rule->readers = SOME(arena, domains, 2);
    rule->joiners = SOME(arena, domains, 2);
    rule->except_count = below(4) == 0 ? 1 + below(2) : 0;
    for (size_t i = 0; i < rule->except_count; i++) {
        excepts[i] = (struct fh_policy_except){.purposes = SOME(arena, purposes, 1),
                                               .roles = SOME(arena, roles, 1),
                                               .domains = SOME(arena, domains, 1)};
    }
}

static const struct fh_policy_held *
make_policy(uint8_t number, unsigned rule_count, struct fh_arena *arena)
{
    struct fh_policy_held *held = fh_arena_alloc(arena, sizeof *held);
    struct fh_policy *policy = fh_arena_alloc(arena, sizeof *policy);
    struct fh_policy_rule *rules = fh_arena_array(arena, rule_count + 1, sizeof *rules);
    assert_true(held != NULL && policy != NULL && rules != NULL);
    for (unsigned i = 0; i < rule_count; i++) {
        make_rule(&rules[i], i + 1, arena);
    }
    *policy = (struct fh_policy){.name = "p",
                                 .version = "1.0.0",
                                 .description = "",
                                 .until_ms = below(20) == 0 ? NOW - 1 : NOW + (int64_t)below(9),
                                 .products = SOME(arena, products, 2),
                                 .everyone = below(3) == 0,
                                 .rule_count = rule_count,
                                 .rules = rules};
    if (below(12) == 0) {
        policy->purposes = SOME(arena, purposes, 2);
    }
    *held = (struct fh_policy_held){.id = {{number}}, .version = "1.0.0", .policy = policy};
    snprintf(held->name, sizeof held->name, "p%u", number);
    held->forked = below(40) == 0;
    if (below(40) == 0) {
        held->policy = NULL;
        held->scoped = below(2) == 0;
        held->products = policy->products;
    }
    return held;
}

static void make_ask(struct fh_access_ask *ask, struct fh_arena *arena)
{
    static const char *const granted[] = {"people.id", "people.name", "Orders.d", "log.c"};
    struct fh_grant_held *held = fh_arena_alloc(arena, sizeof *held);
    const struct fh_grant_held **grants = fh_arena_array(arena, 1, sizeof *grants);
    unsigned consumer = 1 + below(3);
    unsigned entry = below(2) == 0 ? consumer : 1 + below(3);
    assert_true(held != NULL && grants != NULL);
    *held = (struct fh_grant_held){.id = {{7}},
                                   .ended_ms = INT64_MAX,
                                   .grant = {.owner = {{1}},
                                             .grantee_kind = FH_GRANTEE_DOMAIN,
                                             .grantee = {(uint8_t)consumer},
                                             .product = "shop",
                                             .columns = {below(4), granted},
                                             .rows = below(2) == 0 ? "" : "id < 9",
                                             .relay_allowed = true,
                                             .not_after_ms = NOW + 5,
                                             .note = ""}};
    grants[0] = held;
    ask->consumer = (struct fh_domain_id){{(uint8_t)consumer}};
    ask->consumer_name = domains[consumer];
    ask->entry = (struct fh_domain_id){{(uint8_t)entry}};
    ask->entry_name = domains[entry];
    ask->role_count = below(3);
    ask->roles = roles;
    ask->purpose = one_of(purposes, 3);
    ask->now_ms = NOW;
    ask->formats = below(3) == 0 ? below(8) : 0;
    ask->quality = below(3) == 0 ? 4 : 2;
    ask->grant_count = below(4) > 0 ? 1 : 0;
    ask->grants = grants;
}

static void must_be_same(bool same, const char *what, uint64_t seed, unsigned round)
{
    if (!same) {
        fail_msg("%s differs: FH_SEED=%llu, round %u", what, (unsigned long long)seed, round);
    }
}

static void compare_views(const struct fh_access_view *a,
                          const struct fh_access_view *b,
                          uint32_t columns,
                          uint64_t seed,
                          unsigned round)
{
    must_be_same(a->view.open == b->view.open, "open", seed, round);
    must_be_same(memcmp(&a->view.id, &b->view.id, sizeof a->view.id) == 0, "view id", seed, round);
    must_be_same(a->view.filter_count == b->view.filter_count, "filters", seed, round);
    for (uint32_t i = 0; i < a->view.filter_count; i++) {
        must_be_same(strcmp(a->view.filters[i], b->view.filters[i]) == 0, "filter", seed, round);
    }
    for (uint32_t i = 0; i < columns; i++) {
        must_be_same(a->why[i].policy == b->why[i].policy && a->why[i].line == b->why[i].line,
                     "why",
                     seed,
                     round);
        must_be_same(a->view.open ||
                         (a->view.columns[i].hidden == b->view.columns[i].hidden &&
                          fh_mask_equal(&a->view.columns[i].mask, &b->view.columns[i].mask)),
                     "column",
                     seed,
                     round);
    }
}

/* Who hears of each rule hears of the one that made a column what it is, and sees the same. */
static void check_trace(const struct fh_access_trace *trace,
                        const struct fh_access_decision *decided,
                        const struct fh_access_product *product,
                        uint64_t seed,
                        unsigned round)
{
    must_be_same(!trace->failed, "a whole trace", seed, round);
    for (uint32_t t = 0; t < decided->table_count; t++) {
        for (uint32_t c = 0; c < product->tables[t].column_count; c++) {
            bool heard = decided->tables[t].why[c].policy == NULL;
            const struct fh_access_effect *at = trace->first;
            for (; at != NULL && !heard; at = at->next) {
                heard = at->table == t && at->column == c && fh_access_effect_decides(at, decided);
            }
            must_be_same(heard, "heard of", seed, round);
        }
    }
}

/* Whether it was decided. */
static bool compare(struct fh_access_ask *ask,
                    const struct fh_access_compiled *compiled,
                    uint64_t seed,
                    unsigned round)
{
    struct fh_arena *arena = fh_arena_new(4 * 1024 * 1024);
    struct fh_access_decision plain = {0};
    struct fh_access_decision quick = {0};
    struct fh_err plain_err = {0};
    struct fh_err quick_err = {0};
    assert_non_null(arena);
    ask->compiled = NULL;
    int first = fh_access_decide(&plain, ask, arena, &plain_err);
    ask->compiled = round % 3 == 0 ? NULL : compiled; /* who hears compiles them */
    struct fh_access_trace trace;
    fh_access_trace_init(&trace, arena);
    ask->trace = round % 3 == 1 ? NULL : &trace;
    int second = fh_access_decide(&quick, ask, arena, &quick_err);
    must_be_same(first == second && strcmp(plain_err.rule, quick_err.rule) == 0 &&
                     strcmp(plain_err.text, quick_err.text) == 0,
                 "outcome",
                 seed,
                 round);
    must_be_same(plain.until_ms == quick.until_ms && plain.policy_count == quick.policy_count &&
                     memcmp(&plain.policy_id, &quick.policy_id, sizeof plain.policy_id) == 0,
                 "what decided",
                 seed,
                 round);
    for (uint32_t i = 0; first == FH_OK && i < plain.table_count; i++) {
        compare_views(
            &plain.tables[i], &quick.tables[i], ask->product->tables[i].column_count, seed, round);
    }
    if (first == FH_OK && ask->trace != NULL) {
        check_trace(&trace, &quick, ask->product, seed, round);
    }
    ask->trace = NULL;
    fh_arena_free(arena);
    return first == FH_OK;
}

static unsigned long of_environment(const char *name, unsigned long otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoul(text, NULL, 10);
}

static void test_same_decisions(void **unused)
{
    (void)unused;
    uint64_t seed = of_environment("FH_SEED", (unsigned long)fh_clock_wall_ms());
    unsigned rounds = (unsigned)of_environment("FH_ROUNDS", ROUNDS);
    unsigned decided = 0;
    state = seed;
    for (unsigned round = 0; round < rounds; round++) {
        struct fh_arena *arena = fh_arena_new(4 * 1024 * 1024);
        const struct fh_policy_held *policies[POLICIES];
        assert_non_null(arena);
        struct fh_access_ask ask = {.product = make_product(arena),
                                    .policy_count = below(POLICIES + 1),
                                    .policies = policies};
        for (unsigned i = 0; i < ask.policy_count; i++) {
            policies[i] = make_policy((uint8_t)(i + 1), below(RULES), arena);
        }
        const struct fh_access_compiled *compiled =
            fh_access_compile(ask.product, policies, ask.policy_count, arena);
        assert_non_null(compiled);
        for (unsigned i = 0; i < ASKED_EACH; i++) {
            make_ask(&ask, arena);
            decided += compare(&ask, compiled, seed, round) ? 1 : 0;
        }
        fh_arena_free(arena);
    }
    print_message("FH_SEED=%llu: %u of %u decisions served\n",
                  (unsigned long long)seed,
                  decided,
                  rounds * ASKED_EACH);
    assert_true(decided > rounds); /* not all are refused */
}

static void test_no_memory(void **unused)
{
    (void)unused;
    struct fh_arena *arena = fh_arena_new(4 * 1024 * 1024);
    const struct fh_policy_held *policies[1];
    state = 1;
    assert_non_null(arena);
    policies[0] = make_policy(1, 200, arena);
    const struct fh_access_product *product = make_product(arena);
    const struct fh_access_compiled *compiled = NULL;
    unsigned refused = 0;
    for (size_t size = 16; compiled == NULL; size += 16, refused++) {
        struct fh_arena *small = fh_arena_new(size);
        assert_non_null(small);
        assert_true(size < 64 * 1024);
        compiled = fh_access_compile(product, policies, 1, small);
        fh_arena_free(small);
    }
    assert_true(refused > 1);
    fh_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_decisions),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
