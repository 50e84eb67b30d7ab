/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/governance/policy.h"

#include "common/mem.h"
#include "proto/governance/access.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define HEAD "name: p\nversion: 1.0.0\n"

/* What a text is told, finding by finding: "3:5 rule", one a line; "" when all is well. */
static void lint(
    char *out, size_t size, const char *text, struct fh_arena *arena, struct fh_policy **out_policy)
{
    struct fh_findings findings;
    struct fh_err err;
    fh_findings_init(&findings, arena);
    *out_policy = NULL;
    int rc = fh_policy_read(out_policy, fh_bytes_cstr(text), &findings, &err);
    assert_true(rc == FH_OK || rc == FH_ECHECK);
    assert_int_equal(rc == FH_OK, *out_policy != NULL);
    assert_int_equal(rc == FH_OK, findings.errors == 0);
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < findings.count && at < size; i++) {
        const struct fh_finding *finding = &findings.items[i];
        at += (size_t)snprintf(out + at,
                               size - at,
                               "%s%u:%u %s%s",
                               i == 0 ? "" : ", ",
                               finding->line,
                               finding->column,
                               finding->rule,
                               finding->severity == FH_SEVERITY_WARNING ? "?" : "");
    }
}

static void test_findings(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *told;
    } rows[] = {
        {HEAD "hide: [{columns: [a]}]", ""},
        {HEAD "purposes: [billing]", ""},
        {HEAD "purposes: billing", ""}, /* one word alone is a list of one */
        {HEAD "mask: [{columns: a, method: null}]", ""},
        {HEAD "mask: [{columns: a, method: 'null'}]", ""},
        {HEAD "mask: [{tags: a, method: generalise, step: 10}]", ""},
        {HEAD "mask: [{classification: a, method: partial, last: 4}]", ""},
        {HEAD "filter: [{table: t, where: a = 1}]", ""},
        {HEAD "valid_until: 2027-12-31\nproducts: [a, b@2, c@0]\nhide: [{tags: [x]}]", ""},
        {HEAD, "1:1 policy.rules.none?"},
        {HEAD "hide: [{columns: [a, a]}]", "3:22 policy.list.twice?"},
        /* the head */
        {"", "1:1 yaml.empty"},
        {"- a", "1:1 policy.type"},
        {"version: 1.0.0\nhide: [{tags: [x]}]", "1:1 policy.key.missing"},
        {"name: p\nhide: [{tags: [x]}]", "1:1 policy.key.missing"},
        {"name: P-1\nversion: 1.0.0\nhide: [{tags: [x]}]", "1:7 policy.name"},
        {"name: p\nversion: 1.0\nhide: [{tags: [x]}]", "2:10 policy.version"},
        {"name: ~\nversion: 1.0.0\nhide: [{tags: [x]}]", "1:7 policy.type"},
        {HEAD "name: q\nhide: [{tags: [x]}]", "3:1 yaml.duplicate"},
        {HEAD "mask: [{tags: [x], method: hash}]\nmasks: []", "4:1 policy.key.unknown"},
        {HEAD "valid_until: tomorrow\nhide: [{tags: [x]}]", "3:14 policy.valid_until"},
        {HEAD "valid_until: 1969-12-31\nhide: [{tags: [x]}]", "3:14 policy.valid_until"},
        {HEAD "applies_to: all\nhide: [{tags: [x]}]", "3:13 policy.applies_to"},
        {HEAD "products: []\nhide: [{tags: [x]}]", "3:11 policy.list"},
        {HEAD "products: [A]\nhide: [{tags: [x]}]", "3:11 policy.products"},
        {HEAD "products: [a@]\nhide: [{tags: [x]}]", "3:11 policy.products"},
        {HEAD "products: [a@1.2.0]\nhide: [{tags: [x]}]", "3:11 policy.products"},
        {HEAD "products: [a@01]\nhide: [{tags: [x]}]", "3:11 policy.products"},
        {HEAD "products: [a@99999999999]\nhide: [{tags: [x]}]", "3:11 policy.products"},
        {HEAD "purposes: []", "3:11 policy.list"},
        {HEAD "purposes: [[a]]", "3:12 policy.type"},
        {HEAD "purposes: ['']", "3:12 policy.type"},
        {HEAD "purposes: {a: b}", "3:11 policy.type"},
        /* rules */
        {HEAD "hide: {tags: [x]}", "3:7 policy.list"},
        {HEAD "hide: []", "3:7 policy.list"},
        {HEAD "hide: [x]", "3:8 policy.type"},
        {HEAD "hide: [{}]", "3:8 policy.rule.selector"},
        {HEAD "hide: [{table: t}]", "3:8 policy.rule.selector"},
        {HEAD "hide: [{columns: []}]", "3:18 policy.list"},
        {HEAD "hide: [{column: [a]}]", "3:8 policy.rule.selector, 3:9 policy.key.unknown"},
        {HEAD "hide: [{columns: [a], method: hash}]", "3:23 policy.key.unknown"},
        {HEAD "mask: [{columns: [a]}]", "3:8 policy.mask.method"},
        {HEAD "mask: [{columns: [a], method: }]", "3:31 policy.type"},
        {HEAD "mask: [{columns: [a], method: sha}]", "3:31 policy.mask.method"},
        {HEAD "mask: [{columns: [a], method: Hash}]", "3:31 policy.mask.method"},
        {HEAD "mask: [{columns: [a], method: hash, first: 1}]", "3:44 policy.mask.key"},
        {HEAD "mask: [{columns: [a], method: null, to: day}]", "3:41 policy.mask.key"},
        {HEAD "mask: [{columns: [a], method: partial}]", "3:31 policy.mask.partial"},
        {HEAD "mask: [{columns: [a], method: partial, first: -1}]", "3:47 policy.number"},
        {HEAD "mask: [{columns: [a], method: partial, first: 65}]", "3:47 policy.number"},
        {HEAD "mask: [{columns: [a], method: partial, last: many}]", "3:46 policy.number"},
        {HEAD "mask: [{columns: [a], method: generalise}]", "3:31 policy.mask.generalise"},
        {HEAD "mask: [{columns: [a], method: generalise, to: day, step: 1}]",
         "3:31 policy.mask.generalise"},
        {HEAD "mask: [{columns: [a], method: generalise, to: week}]", "3:47 policy.mask.unit"},
        {HEAD "mask: [{columns: [a], method: generalise, to: step}]", "3:47 policy.mask.unit"},
        {HEAD "mask: [{columns: [a], method: generalise, step: 0}]", "3:49 policy.number"},
        {HEAD "mask: [{columns: [a], method: generalise, step: 1.5}]", "3:49 policy.number"},
        {HEAD "mask: [{columns: [a], method: generalise, step: 1000000000000000001}]",
         "3:49 policy.number"},
        {HEAD "filter: [{where: a = 1}]", "3:10 policy.filter"},
        {HEAD "filter: [{table: t}]", "3:10 policy.filter"},
        {HEAD "filter: [{table: t, where: }]", "3:28 policy.type"},
        {HEAD "filter: [{table: t, where: a, columns: [b]}]", "3:31 policy.key.unknown"},
        /* of rows by their age */
        {HEAD "retention: [{column: a, days: 1}]", ""},
        {HEAD "retention: [{table: t, column: a, days: 36525, except: [{roles: r}]}]", ""},
        {HEAD "retention: [{column: a}]", "3:13 policy.rule.key"},
        {HEAD "retention: [{days: 3}]", "3:13 policy.rule.key"},
        {HEAD "retention: [{column: a, days: 0}]", "3:31 policy.number"},
        {HEAD "retention: [{column: a, days: 36526}]", "3:31 policy.number"},
        {HEAD "retention: [{column: a, days: 1.5}]", "3:31 policy.number"},
        {HEAD "retention: [{column: [a], days: 1}]", "3:22 policy.type"},
        {HEAD "retention: [{column: a, years: 1}]",
         "3:13 policy.rule.key, 3:25 policy.key.unknown"},
        /* of groups */
        {HEAD "minimum_group: [{size: 2, subject: a, dimensions: b}]", ""},
        {HEAD "minimum_group: [{table: t, size: 1000000, subject: a, dimensions: [b, {column: c, "
              "to: month}, {column: d, step: 5}], measures: [e], except: [{roles: r}]}]",
         ""},
        {HEAD "minimum_group: [{size: 2, subject: a, measures: [b]}]", ""},
        {HEAD "minimum_group: [{size: 1, subject: a, measures: [b]}]", "3:24 policy.number"},
        {HEAD "minimum_group: [{size: 0, subject: a, measures: [b]}]", "3:24 policy.number"},
        {HEAD "minimum_group: [{size: 1000001, subject: a, measures: b}]", "3:24 policy.number"},
        {HEAD "minimum_group: [{size: -5, subject: a, measures: b}]", "3:24 policy.number"},
        {HEAD "minimum_group: [{size: five, subject: a, measures: b}]", "3:24 policy.number"},
        {HEAD "minimum_group: [{subject: a, measures: b}]", "3:17 policy.rule.key"},
        {HEAD "minimum_group: [{size: 5, measures: b}]", "3:17 policy.rule.key"},
        {HEAD "minimum_group: [{size: 5, subject: a}]", "3:17 policy.rule.key"},
        {HEAD "minimum_group: [{size: 5, subject: [a], measures: b}]", "3:36 policy.type"},
        {HEAD "minimum_group: [{size: 5, subject: a, dimensions: []}]", "3:51 policy.list"},
        {HEAD "minimum_group: [{size: 5, subject: a, dimensions: [b, B]}]",
         "3:17 policy.group.twice"},
        {HEAD "minimum_group: [{size: 5, subject: a, dimensions: [b], measures: [B]}]",
         "3:17 policy.group.twice"},
        {HEAD "minimum_group: [{size: 5, subject: a, dimensions: [A]}]",
         "3:17 policy.group.subject"},
        {HEAD "minimum_group: [{size: 5, subject: a, measures: [b, A]}]",
         "3:17 policy.group.subject"},
        {HEAD "minimum_group: [{size: 5, subject: a, dimensions: [{to: month}]}]",
         "3:52 policy.rule.key"},
        {HEAD "minimum_group: [{size: 5, subject: a, dimensions: [{column: b}]}]",
         "3:52 policy.mask.generalise"},
        {HEAD "minimum_group: [{size: 5, subject: a, dimensions: [{column: b, to: week}]}]",
         "3:68 policy.mask.unit"},
        {HEAD "minimum_group: [{size: 5, subject: a, dimensions: [{column: b, step: 0}]}]",
         "3:70 policy.number"},
        {HEAD "minimum_group: [{size: 5, subject: a, dimensions: [{column: b, method: hash, "
              "to: day}]}]",
         "3:64 policy.key.unknown"},
        {HEAD "minimum_group: [{size: 5, subject: a, measures: b, columns: c}]",
         "3:52 policy.key.unknown"},
        {HEAD "minimum_group: {size: 5, subject: a, measures: b}", "3:16 policy.list"},
        {HEAD "minimal_group: [{size: 5, subject: a, measures: b}]",
         "1:1 policy.rules.none?, 3:1 policy.key.unknown"},
        {HEAD "minimum_group: [{size: 5, subject: a, measures: b}, {size: 9, subject: a, "
              "measures: [c, b]}]",
         ""},
        {HEAD "minimum_group: [{size: 5, subject: a, measures: b}, {size: 9, subject: a, "
              "measures: [B]}]",
         ""},
        {HEAD "minimum_group: [{size: 5, subject: a, measures: b}, {size: 9, subject: a, "
              "measures: c}]",
         "3:53 policy.contradiction"},
        {HEAD "minimum_group: [{size: 5, subject: a, dimensions: b}, {size: 9, subject: a, "
              "measures: b}]",
         "3:55 policy.contradiction"},
        {HEAD "minimum_group: [{table: t, size: 5, subject: a, measures: b}, {table: u, size: 9, "
              "subject: a, measures: c}]",
         ""},
        /* of whole products */
        {HEAD "quality: [{closed_when: [fail, stale, warn, unknown]}]", ""},
        {HEAD "quality: [{closed_when: fail, except: [{domains: [air]}]}]", ""},
        {HEAD "quality: [{}]", "3:11 policy.rule.key"},
        {HEAD "quality: [{closed_when: [failed]}]", "3:25 policy.word"},
        {HEAD "quality: [{closed_when: [fail, ok]}]", "3:25 policy.quality.ok"},
        {HEAD "quality: [{closed_when: []}]", "3:25 policy.list"},
        {HEAD "export: [{formats: [json, csv, arrow, parquet, copy]}]", ""},
        {HEAD "export: [{}]", "3:10 policy.rule.key"},
        {HEAD "export: [{formats: [xlsx]}]", "3:20 policy.word"},
        {HEAD "export: [{format: [csv]}]", "3:10 policy.rule.key, 3:11 policy.key.unknown"},
        {HEAD "export: [{formats: csv}, {formats: json}]", "3:26 policy.contradiction"},
        {HEAD "export: [{formats: csv}, {formats: json, except: [{roles: r}]}]", ""},
        {HEAD "residency: [{read: [air], join: rail}]", ""},
        {HEAD "residency: [{join: [air]}]", ""},
        {HEAD "residency: [{}]", "3:13 policy.rule.key"},
        {HEAD "residency: [{read: []}]", "3:20 policy.list"},
        {HEAD "residency: [{zones: [eu]}]", "3:13 policy.rule.key, 3:14 policy.key.unknown"},
        {HEAD "residency: [{read: a}, {read: [b, c]}]", "3:24 policy.contradiction"},
        {HEAD "residency: [{read: a}, {join: b}, {read: [c, a]}]", ""},
        {HEAD "residency: [{join: a}, {join: b}]", "3:24 policy.contradiction"},
        /* of contracts */
        {HEAD "require: [{fields: [owner, sla, support, classification], sla: [freshness]}]", ""},
        {HEAD "require: [{classifications: [public], renewals_from: 2027-06-01}]", ""},
        {HEAD "require: [{}]", "3:11 policy.rule.key"},
        {HEAD "require: [{fields: [owners]}]", "3:20 policy.word"},
        {HEAD "require: [{fields: []}]", "3:20 policy.list"},
        {HEAD "require: [{fields: owner, renewals_from: soon}]", "3:42 policy.renewals_from"},
        {HEAD "require: [{fields: owner, except: [{roles: r}]}]", "3:27 policy.key.unknown"},
        {HEAD "require: [{classifications: a}, {classifications: b}]", "3:33 policy.contradiction"},
        {HEAD "naming: [{of: column, pattern: '[a-z]+'}]", ""},
        {HEAD "naming: [{of: column}]", "3:10 policy.rule.key"},
        {HEAD "naming: [{pattern: a}]", "3:10 policy.rule.key"},
        {HEAD "naming: [{of: columns, pattern: a}]", "3:15 policy.word"},
        {HEAD "naming: [{of: table, pattern: '(a|b)'}]", "3:31 policy.naming.pattern"},
        {HEAD "naming: [{of: table, pattern: '[a'}]", "3:31 policy.naming.pattern"},
        {HEAD "notice: [{days: 90}]", ""},
        {HEAD "notice: [{}]", "3:10 policy.rule.key"},
        {HEAD "notice: [{days: 90, except: [{roles: r}]}]", "3:21 policy.key.unknown"},
        /* exceptions */
        {HEAD "purposes: a\nhide: [{tags: x, except: [{purposes: [b]}, {purposes: [a, b]}]}]",
         "4:8 policy.except.idle?"},
        {HEAD "hide: [{columns: [a], except: []}]", "3:31 policy.list"},
        {HEAD "hide: [{columns: [a], except: {roles: [b]}}]", "3:31 policy.list"},
        {HEAD "hide: [{columns: [a], except: [{}]}]", "3:32 policy.except.empty"},
        {HEAD "hide: [{columns: [a], except: [{role: [b]}]}]", "3:33 policy.key.unknown"},
        {HEAD "hide: [{columns: [a], except: [{roles: []}]}]", "3:40 policy.list"},
        {HEAD "hide: [{columns: [a], except: [all]}]", "3:32 policy.type"},
        /* YAML */
        {HEAD "hide: &x [{columns: [a]}]", "3:7 yaml.anchor"},
        {HEAD "hide: [{columns: [a]}]\n---\nname: q", "4:1 yaml.document"},
    };
    unsigned failed = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char told[1024];
        struct fh_policy *policy;
        struct fh_arena *arena = fh_arena_new(FH_POLICY_ARENA_BYTES_MAX);
        assert_non_null(arena);
        lint(told, sizeof told, rows[i].text, arena, &policy);
        if (strcmp(told, rows[i].told) != 0) {
            print_error("%s: %s, not %s\n", rows[i].text, told, rows[i].told);
            failed++;
        }
        fh_arena_free(arena);
    }
    assert_int_equal(failed, 0);
}

static void test_model(void **state)
{
    (void)state;
    static const char text[] = "# of people\n"
                               "name: personal\n"
                               "version: 2.1.0\n"
                               "description: Who sees what\n"
                               "valid_until: 2027-12-31\n"
                               "products: [customers, orders@2]\n"
                               "applies_to: everyone\n"
                               "filter:\n"
                               "  - table: people\n"
                               "    where: country = 'DE'\n"
                               "mask:\n"
                               "  - table: people\n"
                               "    columns: [birthday]\n"
                               "    method: generalise\n"
                               "    to: year\n"
                               "    except:\n"
                               "      - {roles: [auditor], purposes: [audit]}\n"
                               "      - {domains: [finance]}\n"
                               "  - tags: [phone]\n"
                               "    method: partial\n"
                               "    first: 2\n";
    char told[1024];
    struct fh_policy *policy;
    struct fh_arena *arena = fh_arena_new(FH_POLICY_ARENA_BYTES_MAX);
    assert_non_null(arena);
    lint(told, sizeof told, text, arena, &policy);
    assert_string_equal(told, "");
    assert_string_equal(policy->name, "personal");
    assert_string_equal(policy->version, "2.1.0");
    assert_string_equal(policy->description, "Who sees what");
    assert_true(policy->everyone);
    assert_int_equal(policy->until_ms, INT64_C(1830297600000) - 1); /* 2028-01-01 */
    assert_int_equal(policy->rule_count, 3);
    assert_int_equal(policy->rules[0].kind, FH_POLICY_MASK);
    assert_int_equal(policy->rules[0].line, 12);
    assert_int_equal(policy->rules[0].mask.unit, FH_MASK_YEAR);
    assert_int_equal(policy->rules[0].except_count, 2);
    assert_string_equal(policy->rules[0].excepts[1].domains.items[0], "finance");
    assert_int_equal(policy->rules[1].mask.keep_first, 2);
    assert_int_equal(policy->rules[1].mask.keep_last, 0);
    assert_int_equal(policy->rules[2].kind, FH_POLICY_FILTER);
    assert_string_equal(policy->rules[2].where, "country = 'DE'");
    assert_string_equal(policy->rules[2].path, "filter[0]");
    assert_true(fh_policy_governs(policy, "customers", 7));
    assert_true(fh_policy_governs(policy, "orders", 2));
    assert_false(fh_policy_governs(policy, "orders", 1));
    assert_false(fh_policy_governs(policy, "order", 2));
    assert_false(fh_policy_governs(policy, "customers2", 1));
    fh_arena_free(arena);
}

static void test_against_product(void **state)
{
    (void)state;
    static const char *const tags[] = {"pii"};
    static const struct fh_access_column columns[] = {
        {"id", "", "INTEGER", 0, NULL},
        {"mail", "restricted", "VARCHAR", 1, tags},
        {"since", "", "TIMESTAMP", 0, NULL},
    };
    static const struct fh_access_table table = {"people", 3, columns};
    static const struct fh_access_product product = {
        .owner_name = "home", .name = "people", .major = 1, .table_count = 1, .tables = &table};
    static const struct {
        const char *rules;
        const char *told; /* the first finding, or NULL */
    } rows[] = {
        {"mask: [{tags: [PII], method: hash}]", NULL},
        {"mask: [{columns: [ID], method: generalise, step: 10}]", NULL},
        {"filter: [{table: PEOPLE, where: id > 1}]", NULL},
        {"mask: [{columns: [id], method: hash}]",
         "policy.mask.type people.id: hash does not fit a column of type INTEGER: there fit null "
         "or generalise by a step"},
        {"mask: [{columns: [id, mail], method: partial, first: 1}]",
         "policy.mask.type people.id: partial, first 1, last 0 does not fit"},
        {"mask: [{columns: [phone], method: hash}]",
         "policy.rule.idle the rule fits no column of people@1"},
        {"mask: [{tags: [pii], classification: [secret], method: hash}]", "policy.rule.idle"},
        {"hide: [{table: orders, columns: [id]}]", "policy.rule.idle"},
        {"filter: [{table: orders, where: id > 1}]",
         "policy.rule.idle the rule fits no table of people@1"},
        {"retention: [{table: PEOPLE, column: SINCE, days: 1}]", NULL},
        {"retention: [{table: people, column: mail, days: 1}]",
         "policy.retention.type people has a column mail, but of type VARCHAR"},
        {"retention: [{table: people, column: until, days: 1}]",
         "policy.retention.type people has no column until"},
        {"retention: [{column: until, days: 1}]",
         "policy.rule.idle the rule fits no table of people@1"},
        {"minimum_group: [{size: 5, subject: MAIL, dimensions: [{column: Since, to: month}], "
         "measures: [ID]}]",
         NULL},
        {"minimum_group: [{table: orders, size: 5, subject: id, dimensions: [mail]}]",
         "policy.rule.idle the rule fits no table of people@1"},
        {"minimum_group: [{size: 5, subject: customer, dimensions: [mail]}]",
         "policy.group.subject people has no column customer"},
        {"minimum_group: [{size: 5, subject: mail, dimensions: [since, until]}]",
         "policy.group.column no table of people@1 that the rule is about has a column \"until\""},
        {"minimum_group: [{size: 5, subject: mail, measures: [weight]}]",
         "policy.group.column no table of people@1 that the rule is about has a column \"weight\""},
        {"minimum_group: [{size: 5, subject: id, measures: [mail]}]",
         "policy.group.measure people.mail is of type VARCHAR, of which a group has no mean"},
        {"minimum_group: [{size: 5, subject: mail, dimensions: [{column: id, to: month}]}]",
         "policy.mask.type people.id: generalise to month does not fit a column of type INTEGER"},
        {"minimum_group: [{size: 5, subject: mail, dimensions: [{column: since, step: 9}]}]",
         "policy.mask.type people.since: generalise by 9 does not fit a column of type TIMESTAMP"},
        {"retention: [{table: people, column: since, days: 9}]\n"
         "minimum_group: [{size: 5, subject: mail, measures: [id]}]",
         "policy.group.retention retention[0] goes by people.since, which is no dimension"},
        {"retention: [{table: people, column: since, days: 9}]\n"
         "minimum_group: [{size: 5, subject: mail, dimensions: [{column: since, to: day}]}]",
         NULL},
        {"export: [{formats: csv}]", NULL},
        {"notice: [{days: 3}]", NULL},
        {"products: [people@2]\nhide: [{columns: [id]}]",
         "policy.products.idle the policy does not govern people@1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[512];
        char told[1024];
        struct fh_policy *policy;
        struct fh_findings findings;
        struct fh_arena *arena = fh_arena_new(FH_POLICY_ARENA_BYTES_MAX);
        assert_non_null(arena);
        snprintf(text, sizeof text, HEAD "%s", rows[i].rules);
        lint(told, sizeof told, text, arena, &policy);
        assert_string_equal(told, "");
        fh_findings_init(&findings, arena);
        fh_policy_check_product(policy, &product, &findings);
        if (findings.count > 0) {
            snprintf(told, sizeof told, "%s %s", findings.items[0].rule, findings.items[0].message);
        }
        if ((rows[i].told == NULL) != (findings.count == 0) ||
            (rows[i].told != NULL && strstr(told, rows[i].told) == NULL)) {
            fail_msg("%s: %s", rows[i].rules, told);
        }
        fh_arena_free(arena);
    }
}

struct many {
    const char *head;
    const char *before; /* and behind: around the number of each */
    const char *behind;
    unsigned count;
    const char *tail;
};

/* What a policy of so many is told. */
static void lint_many(char told[1024], struct many many)
{
    struct fh_arena *arena = fh_arena_new(FH_POLICY_ARENA_BYTES_MAX);
    assert_non_null(arena);
    struct fh_policy *policy;
    FH_CLEANUP(fh_buf_fini) struct fh_buf text;
    fh_buf_init(&text, 2 * FH_POLICY_BYTES_MAX);
    fh_buf_printf(&text, HEAD "%s", many.head);
    for (unsigned i = 0; i < many.count; i++) {
        fh_buf_printf(&text, "%s%05u%s", many.before, i, many.behind);
    }
    fh_buf_add_cstr(&text, many.tail);
    lint(told, 1024, fh_buf_cstr(&text), arena, &policy);
    fh_arena_free(arena);
}

/* One more than a limit is told, the limit itself is not. */
static void test_limits(void **state)
{
    (void)state;
    enum { FILTER_PARTS = FH_POLICY_FILTER_BYTES_MAX / 10 };
    static const struct {
        struct many many;
        const char *told;
    } rows[] = {
        {{"purposes: [", "p", ", ", FH_POLICY_WORDS_MAX, "]"}, ""},
        {{"purposes: [", "p", ", ", FH_POLICY_WORDS_MAX + 1, "]"}, "3:11 policy.list"},
        {{"hide:\n", "- {tags: t", "}\n", FH_POLICY_RULES_MAX, ""}, ""},
        {{"hide:\n", "- {tags: t", "}\n", FH_POLICY_RULES_MAX + 1, ""}, "1:1 policy.rules"},
        {{"filter: [{table: t, where: a", " OR c", "", FILTER_PARTS, "}]"}, ""},
        {{"filter: [{table: t, where: a", " OR c", "", FILTER_PARTS + 1, "}]"},
         "3:28 policy.value.long"},
        {{"hide: [{tags: a, except: [", "{roles: r", "},", FH_POLICY_EXCEPTS_MAX, "]}]"}, ""},
        {{"hide: [{tags: a, except: [", "{roles: r", "},", FH_POLICY_EXCEPTS_MAX + 1, "]}]"},
         "3:26 policy.list"},
        {{"purposes: [a]\n", "# ", "\n", FH_POLICY_BYTES_MAX / 8, ""}, "0:0 policy.size"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char told[1024];
        lint_many(told, rows[i].many);
        if (strcmp(told, rows[i].told) != 0) {
            fail_msg("row %zu: %s, not %s", i, told, rows[i].told);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_findings),
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_against_product),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
