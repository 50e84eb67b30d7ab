/* SPDX-License-Identifier: Apache-2.0 */
/* What contracts must say, as rows: a rule, what is done to a contract that says everything, and
 * what is found. */
#include "proto/governance/policy_contract.h"

#include "proto/contract/contract_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

enum { ARENA_BYTES = 4 * 1024 * 1024 };

#define DAY INT64_C(86400000)

static const char whole[] = "apiVersion: v3.0.2\n"
                            "kind: DataContract\n"
                            "id: orders\n"
                            "name: orders\n"
                            "version: 1.2.0\n"
                            "status: active\n"
                            "tags: [shop]\n"
                            "description: {purpose: Orders, usage: Reports, limitations: None}\n"
                            "team: [{username: ada}]\n"
                            "support: [{channel: help, url: https://example.org}]\n"
                            "slaProperties: [{property: freshness, value: 1, unit: d}]\n"
                            "schema:\n"
                            "- name: orders\n"
                            "  description: Each order\n"
                            "  properties:\n"
                            "  - name: id\n"
                            "    logicalType: integer\n"
                            "    primaryKey: true\n"
                            "    description: Its number\n"
                            "    classification: public\n"
                            "    quality: [{type: text, description: unique}]\n"
                            "  - name: mail\n"
                            "    logicalType: string\n"
                            "    description: Where to\n"
                            "    classification: Restricted\n";

/* What is found, "rule path" by comma. */
static void
check(char told[1024], const char *rules, const char *contract_text, struct fh_findings *out)
{
    char text[1024];
    struct fh_policy *policy = NULL;
    struct fh_contract *contract = NULL;
    struct fh_err err;
    struct fh_arena *arena = out->arena;
    struct fh_findings findings;
    fh_findings_init(&findings, arena);
    snprintf(text, sizeof text, "name: p\nversion: 1.0.0\n%s\n", rules);
    if (fh_policy_read(&policy, fh_bytes_cstr(text), &findings, &err) != FH_OK) {
        fail_msg("%s: %s", rules, err.text);
    }
    if (fh_contract_read(&contract, fh_bytes_cstr(contract_text), &findings, &err) != FH_OK) {
        fail_msg("%s: %s", contract_text, err.text);
    }
    fh_policy_check_contract(policy, contract, out);
    size_t at = 0;
    told[0] = '\0';
    for (size_t i = 0; i < out->count; i++) {
        at += (size_t)snprintf(told + at,
                               1024 - at,
                               "%s%s%s%s",
                               i == 0 ? "" : ", ",
                               out->items[i].rule + strlen("policy."),
                               out->items[i].path[0] == '\0' ? "" : " ",
                               out->items[i].path);
        assert_non_null(strstr(out->items[i].message, "policy p 1.0.0, line 3"));
    }
}

/* The whole contract with `from` written as `to`. */
static void change(char out[2048], const char *from, const char *to)
{
    const char *at = from == NULL ? whole + strlen(whole) : strstr(whole, from);
    assert_non_null(at);
    snprintf(
        out, 2048, "%.*s%s%s", (int)(at - whole), whole, to, from == NULL ? "" : at + strlen(from));
}

#define EVERY                                                                                      \
    "require: [{fields: [owner, description, usage, limitations, support, sla, quality, tags, "    \
    "primary_key, table_description, column_description, classification]}]"

static void test_contracts(void **state)
{
    (void)state;
    static const struct {
        const char *rules;
        const char *from; /* NULL: the contract as it is */
        const char *to;
        const char *told;
    } rows[] = {
        {EVERY, NULL, "", ""},
        {EVERY, "tags: [shop]\n", "", "require.tags"},
        {EVERY, "purpose: Orders, ", "", "require.description"},
        {EVERY, "purpose: Orders", "purpose: ' '", "require.description"},
        {EVERY, "usage: Reports, ", "", "require.usage"},
        {EVERY, ", limitations: None", "", "require.limitations"},
        {EVERY, "team: [{username: ada}]\n", "", "require.owner"},
        {EVERY, "{username: ada}", "", "require.owner"},
        {EVERY, "support: [{channel: help, url: https://example.org}]\n", "", "require.support"},
        {EVERY, "slaProperties: [{property: freshness, value: 1, unit: d}]\n", "", "require.sla"},
        {EVERY, "  description: Each order\n", "", "require.table_description schema.orders"},
        {EVERY, "    primaryKey: true\n", "", "require.primary_key schema.orders"},
        {EVERY,
         "    quality: [{type: text, description: unique}]\n",
         "",
         "require.quality schema.orders"},
        {EVERY,
         "    description: Where to\n",
         "",
         "require.column_description schema.orders.properties.mail"},
        {EVERY,
         "    classification: public\n",
         "",
         "require.classification schema.orders.properties.id"},
        {EVERY,
         NULL,
         "  - {name: c, logicalType: date}\n",
         "require.classification schema.orders.properties.c, "
         "require.column_description schema.orders.properties.c"},
        /* one that says less asks less */
        {"require: [{fields: owner}]",
         "support: [{channel: help, url: https://example.org}]\n",
         "",
         ""},
        {"products: [other]\nrequire: [{fields: owner}]", "team: [{username: ada}]\n", "", ""},
        {"require: [{sla: [Freshness]}]", NULL, "", ""},
        {"require: [{sla: [freshness, latency]}]", NULL, "", "require.sla_property slaProperties"},
        {"require: [{classifications: [public, restricted]}]", NULL, "", ""},
        {"require: [{classifications: [public]}]",
         NULL,
         "",
         "require.classifications schema.orders.properties.mail"},
        {"require: [{classifications: [public, restricted]}]",
         "    classification: public\n",
         "",
         ""}, /* none at all is another rule's */
        {"naming: [{of: column, pattern: '[a-z]+'}]", NULL, "", ""},
        {"naming: [{of: column, pattern: '[a-z]+'}]",
         "name: mail",
         "name: Mail",
         "naming.column schema.orders.properties.Mail"},
        {"naming: [{of: table, pattern: '[a-z]+'}]", "name: mail", "name: Mail", ""},
        {"naming: [{of: table, pattern: 'dim_.*'}]", NULL, "", "naming.table schema.orders"},
        {"naming: [{of: product, pattern: 'shop_.*'}]", NULL, "", "naming.product name"},
        {"products: [orders@2]\nnaming: [{of: product, pattern: 'shop_.*'}]", NULL, "", ""},
        {"hide: [{columns: [mail]}]", NULL, "", ""},
    };
    unsigned failed = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char told[1024];
        char text[2048];
        struct fh_findings findings;
        struct fh_arena *arena = fh_arena_new(ARENA_BYTES);
        assert_non_null(arena);
        fh_findings_init(&findings, arena);
        change(text, rows[i].from, rows[i].to);
        check(told, rows[i].rules, text, &findings);
        if (strcmp(told, rows[i].told) != 0) {
            print_error("%s, %s: %s\n", rows[i].rules, rows[i].from, told);
            failed++;
        }
        fh_arena_free(arena);
    }
    assert_int_equal(failed, 0);
}

/* Ninety days of notice, asked at day 1000. */
static void test_ends(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *rules;
        bool retires;
        int64_t sunset; /* in days */
        int64_t before;
        const char *why; /* NULL: it may end so */
    } rows[] = {
        {"in time", "notice: [{days: 90}]", false, 1090, 0, NULL},
        {"too soon", "notice: [{days: 90}]", false, 1089, 0, "nearer than the notice"},
        {"the longer of two", "notice: [{days: 9}, {days: 91}]", false, 1090, 0, "wants 91 days"},
        {"no day", "notice: [{days: 90}]", false, 0, 0, "names a sunset"},
        {"put off", "notice: [{days: 90}]", false, 1020, 1010, NULL},
        {"brought forward", "notice: [{days: 90}]", false, 1010, 1020, "nearer than the notice"},
        {"the day has come", "notice: [{days: 90}]", true, 1000, 1000, NULL},
        {"the day is to come", "notice: [{days: 90}]", true, 1001, 1001, "and not before"},
        {"ends without a day", "notice: [{days: 90}]", true, 0, 0, "and not before"},
        {"another version", "products: [orders@2]\nnotice: [{days: 90}]", true, 0, 0, NULL},
        {"no rule", "require: [{fields: owner}]", true, 0, 0, NULL},
        {"from today, a date", "notice: [{days: 90}]", false, 1001, 0, "1972-12-26"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[256];
        struct fh_policy *policy = NULL;
        struct fh_findings findings;
        struct fh_err err = {0};
        struct fh_arena *arena = fh_arena_new(ARENA_BYTES);
        assert_non_null(arena);
        fh_findings_init(&findings, arena);
        snprintf(text, sizeof text, "name: p\nversion: 1.0.0\n%s\n", rows[i].rules);
        assert_int_equal(fh_policy_read(&policy, fh_bytes_cstr(text), &findings, &err), FH_OK);
        const struct fh_policy_end end = {
            .product = "orders",
            .major = 1,
            .retires = rows[i].retires,
            .sunset_ms = rows[i].sunset * DAY,
            .sunset_before_ms = rows[i].before * DAY,
            .now_ms = 1000 * DAY,
        };
        int rc = FH_OK;
        bool governs = fh_policy_governs(policy, end.product, end.major);
        for (size_t k = 0; governs && rc == FH_OK && k < policy->rule_count; k++) {
            rc = fh_policy_check_end(policy, &policy->rules[k], &end, &err);
        }
        if ((rc == FH_OK) != (rows[i].why == NULL) ||
            (rc != FH_OK &&
             (strstr(err.text, rows[i].why) == NULL || strcmp(err.rule, "policy.notice") != 0))) {
            fail_msg("%s: %d %s", rows[i].name, rc, err.text);
        }
        fh_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contracts),
        cmocka_unit_test(test_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
