/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a bad policy is told, by the names that issue 7 gives: and that none of it is a silent
 * widening. A text with an error cannot be published; where one is held all the same, left by a
 * newer program, it closes what it governs.
 *
 * Elsewhere: filters that are no Boolean or read other tables (tests/e2e/policies.sh: the SQL is
 * looked at by a worker), a signer counted twice, an expired signer and clock jumps
 * (tests/unit/state/test_agreed.c).
 */
#include "proto/governance/access.h"
#include "proto/governance/policy_record.h"

#include "common/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

enum { ARENA_BYTES = 4 * 1024 * 1024 };

#define HEAD "name: p\nversion: 1.0.0\n"

static const char *const tags[] = {"pii"};
static const struct fh_access_column columns[] = {
    {"id", "", "BIGINT", 0, NULL},
    {"mail", "restricted", "VARCHAR", 1, tags},
    {"born", "internal", "DATE", 0, NULL},
    {"adult", "", "BOOLEAN", 0, NULL},
};
static const struct fh_access_table table = {"people", FH_COUNT(columns), columns};
static const struct fh_access_product product = {.owner = {{1}},
                                                 .owner_name = "shop",
                                                 .name = "people",
                                                 .major = 1,
                                                 .open_to_mesh = true,
                                                 .table_count = 1,
                                                 .tables = &table};

static const struct row {
    const char *input; /* as the issue calls it, and which */
    const char *text;
    const char *told; /* "LINE:COLUMN rule" of the first error; behind "?" of a warning, where there
                         is no error */
} rows[] = {
    {"a cycle: a rule that is an alias of its own list", HEAD "mask: &a [*a]", "3:7 yaml.anchor"},
    {"a cycle: an alias of the whole", "&p\n" HEAD "hide: [*p]", "1:1 yaml.anchor"},
    {"a cycle: a policy that extends itself", HEAD "extends: [p]", "3:1 policy.key.unknown"},
    {"a cycle: a policy that supersedes another", HEAD "supersedes: q", "3:1 policy.key.unknown"},
    {"a contradiction: no format is left",
     HEAD "export: [{formats: csv}, {formats: json}]",
     "3:26 policy.contradiction"},
    {"a contradiction: nobody may read",
     HEAD "residency: [{read: a}, {read: [b, c]}]",
     "3:24 policy.contradiction"},
    {"a contradiction: no node may join",
     HEAD "residency: [{join: a}, {join: b}]",
     "3:24 policy.contradiction"},
    {"a contradiction: no classification is left",
     HEAD "require: [{classifications: a}, {classifications: b}]",
     "3:33 policy.contradiction"},
    {"a contradiction: an exception that can never be",
     HEAD "purposes: [billing]\nhide: [{columns: [mail], except: [{purposes: [audit]}]}]",
     "?4:8 policy.except.idle"},
    {"a contradiction: closed while its promises hold",
     HEAD "quality: [{closed_when: [ok]}]",
     "3:25 policy.quality.ok"},
    {"an unknown field of a policy", HEAD "aplies_to: everyone", "3:1 policy.key.unknown"},
    {"an unknown field of a rule",
     HEAD "mask: [{columns: mail, kolumns: id, method: hash}]",
     "3:24 policy.key.unknown"},
    {"an unknown field of an exception",
     HEAD "hide: [{columns: [mail], except: [{role: [auditor]}]}]",
     "3:36 policy.key.unknown"},
    {"an unknown kind of rule", HEAD "encrypt: [{columns: [mail]}]", "3:1 policy.key.unknown"},
    {"an unknown word: a method",
     HEAD "mask: [{columns: [mail], method: sha}]",
     "3:34 policy.mask.method"},
    {"an unknown word: whom it binds", HEAD "applies_to: nobody", "3:13 policy.applies_to"},
    {"an exception that names nobody",
     HEAD "hide: [{columns: [mail], except: [{}]}]",
     "3:35 policy.except.empty"},
    {"a rule that names nothing", HEAD "mask: [{method: hash}]", "3:8 policy.rule.selector"},
    {"a rule that matches nothing: no such column",
     HEAD "hide: [{columns: [phone]}]",
     "?3:8 policy.rule.idle"},
    {"a rule that matches nothing: no such classification",
     HEAD "mask: [{classification: [secret], method: hash}]",
     "?3:8 policy.rule.idle"},
    {"a rule that matches nothing: no such table",
     HEAD "filter: [{table: orders, where: 1 = 1}]",
     "?3:10 policy.rule.idle"},
    {"a rule that matches nothing: no such product",
     HEAD "products: [orders]\nhide: [{columns: id}]",
     "?0:0 policy.products.idle"},
    {"a policy without a rule", HEAD "description: nothing", "?1:1 policy.rules.none"},
    {"a filter that is a list",
     HEAD "filter: [{table: people, where: [id > 1]}]",
     "3:33 policy.type"},
    {"a filter without a table", HEAD "filter: [{where: id > 1}]", "3:10 policy.filter"},
    {"a mask that changes the type: text of a date",
     HEAD "mask: [{columns: [born], method: partial, first: 1}]",
     "3:8 policy.mask.type"},
    {"a mask that changes the type: a hash of a date",
     HEAD "mask: [{columns: [born], method: hash}]",
     "3:8 policy.mask.type"},
    {"a mask that changes the type: a year of a text",
     HEAD "mask: [{columns: [mail], method: generalise, to: year}]",
     "3:8 policy.mask.type"},
    {"a mask that changes the type: a step of a Boolean",
     HEAD "mask: [{columns: [adult], method: generalise, step: 2}]",
     "3:8 policy.mask.type"},
    {"a mask that changes the type: an hour of a date",
     HEAD "mask: [{columns: [born], method: generalise, to: hour}]",
     "3:8 policy.mask.type"},
    {"an age that is none",
     HEAD "retention: [{table: people, column: mail, days: 3}]",
     "3:13 policy.retention.type"},
};

static int decide(const struct fh_policy *policy,
                  struct fh_arena *arena,
                  struct fh_access_decision *out,
                  struct fh_err *err)
{
    const struct fh_policy_held held = {.name = "p", .version = "1.0.0", .policy = policy};
    const struct fh_policy_held *const held_policies[] = {&held};
    const struct fh_domain_id other = {{2}};
    const struct fh_access_ask ask = {.product = &product,
                                      .consumer = other,
                                      .consumer_name = "museum",
                                      .entry = other,
                                      .entry_name = "museum",
                                      .purpose = "billing",
                                      .now_ms = 1000,
                                      .policy_count = 1,
                                      .policies = held_policies};
    return fh_access_decide(out, &ask, arena, err);
}

/* What fits a column no more makes it NULL, and an age that cannot be told hides the table. */
static bool is_closed_where_unfit(const struct fh_policy *policy,
                                  const struct fh_access_decision *decision)
{
    const struct fh_view *view = &decision->tables[0].view;
    for (size_t i = 0; i < policy->rule_count; i++) {
        for (uint32_t c = 0; c < table.column_count; c++) {
            if (fh_policy_selects(&policy->rules[i], "people", &columns[c]) &&
                (view->open ||
                 (!view->columns[c].hidden && view->columns[c].mask.kind == FH_MASK_NONE))) {
                return false;
            }
        }
    }
    return policy->rules[0].kind != FH_POLICY_RETENTION || fh_view_visible(view, 4) == 0;
}

static void check_row(const struct row *row, unsigned *failed)
{
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(ARENA_BYTES);
    struct fh_policy *policy = NULL;
    struct fh_findings findings;
    struct fh_access_decision decision;
    struct fh_err err = {.text = ""};
    char told[128] = "nothing";
    assert_non_null(arena);
    fh_findings_init(&findings, arena);
    int code = fh_policy_read(&policy, fh_bytes_cstr(row->text), &findings, &err);
    bool readable = code == FH_OK;
    if (readable) {
        fh_policy_check_product(policy, &product, &findings);
    }
    if (findings.count > 0) {
        const struct fh_finding *first = &findings.items[0];
        for (size_t i = 0; i < findings.count && first->severity != FH_SEVERITY_ERROR; i++) {
            first = findings.items[i].severity == FH_SEVERITY_ERROR ? &findings.items[i] : first;
        }
        snprintf(told,
                 sizeof told,
                 "%s%u:%u %s",
                 first->severity == FH_SEVERITY_WARNING ? "?" : "",
                 first->line,
                 first->column,
                 first->rule);
    }
    code = decide(readable ? policy : NULL, arena, &decision, &err);
    bool closed = readable ? code == FH_OK &&
                                 (findings.errors == 0 || is_closed_where_unfit(policy, &decision))
                           : code == FH_EDENIED && strcmp(err.rule, "policy.unreadable") == 0;
    if (strcmp(told, row->told) != 0 || !closed) {
        print_error(
            "%s: %s, not %s%s\n", row->input, told, row->told, closed ? "" : ", and widens");
        (*failed)++;
    }
}

static void test_texts(void **state)
{
    (void)state;
    unsigned failed = 0;
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        check_row(&rows[i], &failed);
    }
    assert_int_equal(failed, 0);
}

/* A cycle in the chain of versions: one that names itself, or a later one, as the one before. */
static void test_cycle_of_versions(void **state)
{
    (void)state;
    const struct fh_record_id first = {{1}};
    const struct fh_record_id second = {{2}};
    const struct fh_policy_record one = {.name = "p", .version = "1.0.0", .seq = 1};
    struct fh_policy_record two = {.name = "p", .version = "2.0.0", .seq = 2, .prev = first};
    struct fh_err err;
    assert_int_equal(fh_policy_supersedes(&one, &first, &two, &second, &err), FH_OK);
    two.prev = second;
    assert_int_equal(fh_policy_supersedes(&one, &first, &two, &second, &err), FH_ECHECK);
    assert_string_equal(err.rule, "policy.chain.broken");
    struct fh_policy_record back = one; /* the first, after the second */
    back.prev = second;
    assert_int_equal(fh_policy_supersedes(&two, &second, &back, &first, &err), FH_ESTALE);
    assert_string_equal(err.rule, "policy.version.replayed");
}

/* Policies that leave nothing between them, each fine by itself. */
static void test_beside(void **state)
{
    (void)state;
    static const struct {
        const char *one;
        const char *other;
        const char *told; /* "" */
    } pairs[] = {
        {"purposes: [a]",
         "purposes: [b, c]",
         "1:1 beside mesh policy agreed 2.0.0 nobody is served: no purpose is in both"},
        {"purposes: [a]", "purposes: [b, a]", ""},
        {"purposes: [a]", "hide: [{columns: [mail]}]", ""},
        {"hide: [{columns: [mail]}]\nexport: [{formats: csv}]",
         "export: [{formats: [json, arrow]}]",
         "4:10 beside mesh policy agreed 2.0.0 no format is in both"},
        {"export: [{formats: csv}]", "export: [{formats: json, except: [{roles: [auditor]}]}]", ""},
        {"residency: [{read: a}]",
         "residency: [{read: b}]",
         "3:13 beside mesh policy agreed 2.0.0 no domain may read by both"},
        {"residency: [{join: a}]", "residency: [{read: b}]", ""},
        {"require: [{classifications: [x]}]",
         "require: [{fields: [owner]}, {classifications: [y]}]",
         "3:11 beside mesh policy agreed 2.0.0 no classification is in both"},
    };
    for (size_t i = 0; i < FH_COUNT(pairs); i++) {
        struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(ARENA_BYTES);
        struct fh_findings findings;
        struct fh_findings ignored;
        struct fh_policy *one = NULL;
        struct fh_policy *other = NULL;
        struct fh_err err = {.text = ""};
        char text[256];
        char told[256] = "";
        assert_non_null(arena);
        fh_findings_init(&findings, arena);
        fh_findings_init(&ignored, arena);
        snprintf(text, sizeof text, HEAD "%s\n", pairs[i].one);
        assert_int_equal(fh_policy_read(&one, fh_bytes_cstr(text), &ignored, &err), FH_OK);
        snprintf(text, sizeof text, HEAD "%s\n", pairs[i].other);
        assert_int_equal(fh_policy_read(&other, fh_bytes_cstr(text), &ignored, &err), FH_OK);
        const struct fh_policy_held held = {
            .name = "agreed", .version = "2.0.0", .mesh = true, .policy = other};
        const struct fh_policy_held unreadable = {.name = "agreed", .version = "2.0.0"};
        fh_policy_check_beside(one, &held, &findings);
        fh_policy_check_beside(one, &unreadable, &findings);
        if (findings.count > 0) {
            snprintf(told,
                     sizeof told,
                     "%u:%u %s",
                     findings.items[0].line,
                     findings.items[0].column,
                     findings.items[0].message);
            assert_string_equal(findings.items[0].rule, "policy.beside");
        }
        assert_int_equal(findings.errors, 0);
        assert_string_equal(told, pairs[i].told);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_cycle_of_versions),
        cmocka_unit_test(test_beside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
