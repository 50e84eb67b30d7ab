/* SPDX-License-Identifier: Apache-2.0 */
/* Promises are listed with ids that stay, and judged by bounds, units, severities and times. */
#include "common/time.h"
#include "proto/contract/contract_read.h"
#include "proto/quality/promise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct fh_arena *arena;

static int up(void **state)
{
    (void)state;
    arena = fh_arena_new(64 * 1024 * 1024);
    return arena == NULL;
}

static int down(void **state)
{
    (void)state;
    fh_arena_free(arena);
    return 0;
}

static struct fh_promises list(const char *body)
{
    struct fh_contract *contract = NULL;
    struct fh_findings findings;
    struct fh_promises promises = {0};
    struct fh_err err = {0};
    char *yaml = fh_arena_printf(
        arena,
        "apiVersion: v3.1.0\nkind: DataContract\nid: t\nversion: 1.0.0\nstatus: active\n%s",
        body);
    fh_findings_init(&findings, arena);
    int code = fh_contract_read(&contract, fh_bytes_cstr(yaml), &findings, &err);
    if (code != FH_OK || fh_findings_ok(&findings, &err) != FH_OK ||
        fh_promises_make(&promises, contract, arena, &err) != FH_OK) {
        fail_msg("%s", err.text);
    }
    return promises;
}

static const struct fh_promise *find(const struct fh_promises *promises, const char *id)
{
    for (uint32_t i = 0; i < promises->count; i++) {
        if (strcmp(promises->items[i].id, id) == 0) {
            return &promises->items[i];
        }
    }
    fail_msg("no promise %s", id);
    return NULL;
}

static void every_promise_has_an_id_of_its_own(void **state)
{
    (void)state;
    static const char body[] =
        "schema:\n  - name: orders\n    properties:\n"
        "      - {name: id, primaryKey: true, logicalType: integer}\n"
        "      - name: total\n        logicalType: number\n        required: true\n"
        "        logicalTypeOptions: {minimum: 0, multipleOf: 0.01}\n"
        "        quality:\n          - {id: few_nulls, metric: nullValues, mustBeLessThan: 5, "
        "unit: "
        "percent}\n          - {metric: nullValues, mustBe: 0}\n"
        "    quality:\n      - {metric: rowCount, mustBeGreaterThan: 10}\n"
        "slaProperties:\n  - {property: latency, value: 4, unit: h, element: orders.id}\n"
        "  - {property: latency, value: 8, unit: h, element: orders.total}\n";
    static const char *const expected[] = {
        "schema.orders.source",
        "schema.orders.properties.id.present",
        "schema.orders.properties.id.type",
        "schema.orders.properties.id.required",
        "schema.orders.properties.total.present",
        "schema.orders.properties.total.type",
        "schema.orders.properties.total.required",
        "schema.orders.properties.total.minimum",
        "schema.orders.properties.total.multipleOf",
        "schema.orders.properties.total.quality.few_nulls",
        "schema.orders.properties.total.quality.1",
        "schema.orders.primaryKey",
        "schema.orders.quality.0",
        "slaProperties.latency",
        "slaProperties.latency.1",
    };
    struct fh_promises promises = list(body);
    assert_int_equal(promises.count, FH_COUNT(expected));
    for (size_t i = 0; i < FH_COUNT(expected); i++) {
        assert_string_equal(promises.items[i].id, expected[i]);
    }
    const struct fh_promise *few =
        find(&promises, "schema.orders.properties.total.quality.few_nulls");
    assert_string_equal(few->promised, "< 5 percent");
    assert_string_equal(few->dimension, "completeness");
    assert_int_equal(few->unit, FH_PROMISE_PERCENT);
    assert_string_equal(find(&promises, "slaProperties.latency")->promised, "<= PT4H");
}

static void service_levels_by_any_of_their_names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum fh_promise_kind kind;
        const char *rule;
    } rows[] = {
        {"availability", FH_PROMISE_AVAILABILITY, "availability"},
        {"AV", FH_PROMISE_AVAILABILITY, "availability"},
        {"Latency", FH_PROMISE_FRESHNESS, "latency"},
        {"freshness", FH_PROMISE_FRESHNESS, "freshness"},
        {"re", FH_PROMISE_RETENTION, "retention"},
        {"fy", FH_PROMISE_FREQUENCY, "frequency"},
        {"end of life", FH_PROMISE_SUPPORTED_UNTIL, "endOfLife"},
        {"END_OF_SUPPORT", FH_PROMISE_SUPPORTED_UNTIL, "endOfSupport"},
        {"ga", FH_PROMISE_AVAILABLE_FROM, "generalAvailability"},
        {"tr", FH_PROMISE_SLA_OTHER, "timeToRepair"},
        {"glamour", FH_PROMISE_SLA_OTHER, "glamour"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        char *body = fh_arena_printf(
            arena, "slaProperties:\n  - {property: '%s', value: 1, unit: d}\n", rows[i].name);
        struct fh_promises promises = list(body);
        assert_int_equal(promises.count, 1);
        assert_int_equal(promises.items[0].kind, rows[i].kind);
        assert_string_equal(promises.items[0].rule, rows[i].rule);
    }
}

static void operators_compare_exactly(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        uint64_t count;
        uint64_t total;
        const char *outcome;
        const char *measured;
    } rows[] = {
        {"mustBe: 0", 0, 10, "passed", "0"},
        {"mustBe: 0", 1, 10, "failed", "1"},
        {"mustNotBe: 3", 3, 10, "failed", "3"},
        {"mustNotBe: 3", 4, 10, "passed", "4"},
        {"mustBeGreaterThan: 3", 3, 10, "failed", "3"},
        {"mustBeGreaterOrEqualTo: 3", 3, 10, "passed", "3"},
        {"mustBeLessThan: 3", 3, 10, "failed", "3"},
        {"mustBeLessOrEqualTo: 3", 3, 10, "passed", "3"},
        {"mustBeBetween: [3, 5]", 3, 10, "passed", "3"},
        {"mustBeBetween: [5, 3]", 5, 10, "passed", "5"},
        {"mustBeBetween: [3, 5]", 6, 10, "failed", "6"},
        {"mustNotBeBetween: [3, 5]", 5, 10, "failed", "5"},
        {"mustNotBeBetween: [3, 5]", 6, 10, "passed", "6"},
        {"mustBe: 10, unit: percent", 1, 10, "passed", "10"},
        {"mustBeLessThan: 33.333, unit: percent", 1, 3, "failed", "33.333333333333"},
        {"mustBeLessOrEqualTo: 0.1, unit: percent", 1, 1000, "passed", "0.1"},
        {"mustBeLessThan: 0.1, unit: percent", 1, 1000, "failed", "0.1"},
        {"mustBe: 0, unit: percent", 0, 0, "passed", "0"},
        {"mustBe: 100, unit: '%'", 7, 7, "passed", "100"},
        {"mustBe: 0, severity: warning", 1, 10, "warning", "1"},
        {"mustBe: 0, severity: Minor", 1, 10, "warning", "1"},
        {"mustBe: 0, severity: info", 0, 10, "passed", "0"},
        {"mustBe: 0, severity: critical", 1, 10, "failed", "1"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_promise_result result;
        char *body = fh_arena_printf(arena,
                                     "schema:\n  - name: t\n    properties:\n      - name: a\n"
                                     "        quality:\n          - {id: q, metric: nullValues, "
                                     "%s}\n",
                                     rows[i].rule);
        struct fh_promises promises = list(body);
        struct fh_measured measured = {
            .kind = FH_MEASURED_COUNT, .count = rows[i].count, .total = rows[i].total};
        fh_promise_judge(&result, find(&promises, "schema.t.properties.a.quality.q"), &measured, 0);
        if (strcmp(fh_promise_outcome_text(result.outcome), rows[i].outcome) != 0 ||
            strcmp(result.measured, rows[i].measured) != 0) {
            fail_msg("%s: %s, %s",
                     rows[i].rule,
                     fh_promise_outcome_text(result.outcome),
                     result.measured);
        }
        assert_int_equal(result.failing, rows[i].count);
        assert_true((result.outcome == FH_PROMISE_PASSED) == (result.reason[0] == '\0'));
    }
}

static void answers_of_queries(void **state)
{
    (void)state;
    static const struct {
        const char *bound;
        const char *value; /* NULL: none */
        const char *outcome;
    } rows[] = {
        {"mustBe: true", "true", "passed"},
        {"mustBe: true", "false", "failed"},
        {"mustBe: 1", "true", "passed"},
        {"mustBe: true", "1", "passed"},
        {"mustBe: 0.5", "0.5", "passed"},
        {"mustBe: 0.1", "0.10000000000000001", "failed"},
        {"mustBeGreaterThan: 9007199254740992", "9007199254740993", "passed"},
        {"mustBe: 0", NULL, "failed"},
        {"mustNotBe: 0", NULL, "failed"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_promise_result result;
        char *body = fh_arena_printf(arena,
                                     "schema:\n  - name: t\n    quality:\n      - {id: q, type: "
                                     "sql, query: SELECT 1, %s}\n",
                                     rows[i].bound);
        struct fh_promises promises = list(body);
        struct fh_measured measured = {.kind = rows[i].value == NULL ? FH_MEASURED_NOTHING
                                                                     : FH_MEASURED_NUMBER,
                                       .text = rows[i].value};
        fh_promise_judge(&result, find(&promises, "schema.t.quality.q"), &measured, 0);
        if (strcmp(fh_promise_outcome_text(result.outcome), rows[i].outcome) != 0) {
            fail_msg("%s of %s: %s",
                     rows[i].bound,
                     rows[i].value == NULL ? "NULL" : rows[i].value,
                     fh_promise_outcome_text(result.outcome));
        }
    }
}

/* Whoever counted may say anything. */
static void absurd_counts_are_judged(void **state)
{
    (void)state;
    struct fh_promise_result result;
    struct fh_promises promises = list(
        "schema:\n  - name: t\n    properties:\n      - name: a\n        quality:\n          - "
        "{id: q, metric: nullValues, mustBe: 0, unit: percent}\n");
    const struct fh_promise *promise = find(&promises, "schema.t.properties.a.quality.q");
    static const uint64_t values[] = {0, 1, UINT64_MAX, UINT64_MAX / 2, UINT64_MAX / 1000};
    for (size_t i = 0; i < FH_COUNT(values); i++) {
        for (size_t k = 0; k < FH_COUNT(values); k++) {
            struct fh_measured measured = {
                .kind = FH_MEASURED_COUNT, .count = values[i], .total = values[k]};
            fh_promise_judge(&result, promise, &measured, 0);
            assert_true(result.outcome == FH_PROMISE_PASSED || result.outcome == FH_PROMISE_FAILED);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_promise_has_an_id_of_its_own),
        cmocka_unit_test(service_levels_by_any_of_their_names),
        cmocka_unit_test(operators_compare_exactly),
        cmocka_unit_test(answers_of_queries),
        cmocka_unit_test(absurd_counts_are_judged),
    };
    return cmocka_run_group_tests_name("promise", tests, up, down);
}
