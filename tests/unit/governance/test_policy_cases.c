/* SPDX-License-Identifier: Apache-2.0 */
/* Cases of policies: what a file of them may say, and what is told of one that fails. */
#include "proto/governance/policy_cases_run.h"

#include "common/mem.h"
#include "common/time.h"
#include "proto/contract/contract_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

enum { ARENA_BYTES = 8 * 1024 * 1024 };

static const char contract_text[] =
    "apiVersion: v3.1.0\n"
    "kind: DataContract\n"
    "id: people\n"
    "name: people\n"
    "version: 1.2.0\n"
    "status: active\n"
    "schema:\n"
    "- name: people\n"
    "  properties:\n"
    "  - {name: id, logicalType: integer, primaryKey: true}\n"
    "  - {name: name, logicalType: string, classification: restricted}\n"
    "  - {name: born, logicalType: date}\n"
    "  - {name: note, logicalType: string}\n"
    "- name: visits\n"
    "  properties:\n"
    "  - {name: id, logicalType: integer}\n"
    "  - {name: placed, logicalType: date}\n";

static const char own_text[] =
    "name: private\n"
    "version: 1.0.0\n"
    "mask:\n"
    "- {classification: [restricted], method: partial, first: 1, except: [{roles: [auditor], "
    "purposes: [audit]}]}\n"
    "- {columns: [born], method: generalise, to: year}\n"
    "hide: [{columns: [note]}]\n"
    "filter: [{table: people, where: id > 5}]\n"
    "retention: [{table: visits, column: placed, days: 2}]\n"
    "quality: [{closed_when: [fail]}]\n"
    "export: [{formats: [csv]}]\n"
    "residency: [{join: [museum, shop]}]\n"
    "require: [{fields: [owner]}]\n"
    "notice: [{days: 30}]\n";

static const char mesh_text[] = "name: agreed\n"
                                "version: 2.0.0\n"
                                "domains: [shop]\n"
                                "purposes: [billing, audit]\n"
                                "mask: [{columns: [name], method: hash}]\n";

/* ---- what happens ---- */

#define GIVEN "given: {contract: c, owner: shop, domain: museum, at: 2027-01-10, grants: [{}]}\n"
#define CASE  "cases:\n- case: it\n  given: "
#define READ  "\n  when: {read: people}\n  then: "

static const struct row {
    const char *name;
    bool mesh; /* the mesh's policy governs too */
    const char *text;
    const char *told; /* "" it passes; else "LINE about: expected -> happened" of the first */
} rows[] = {
    {"as it is seen",
     false,
     GIVEN CASE
     "{purpose: x}" READ
     "{allowed: true, columns: {name: partial, born: generalise to year, note: hidden}, others: as "
     "it is, rows: id > 5, by: grant, policies: private, waived: false, until: never}",
     ""},
    {"all of a mask",
     false,
     GIVEN CASE "{}" READ "{columns: {name: 'partial, first 1, last 0'}}",
     ""},
    {"another mask",
     false,
     GIVEN CASE "{}" READ "{columns: {name: hash}}",
     "6 people.name: hash -> partial, first 1, last 0 (policy private 1.0.0, line 4)"},
    {"it would not be masked",
     false,
     GIVEN CASE "{}" READ "{columns: {id: 'null'}}",
     "6 people.id: null -> as it is (no rule)"},
    {"a column comes to light",
     false,
     GIVEN CASE "{roles: auditor, purpose: audit}" READ "{columns: {name: partial}}",
     "6 people.name: partial -> as it is (no rule)"},
    {"half an exception",
     false,
     GIVEN CASE "{roles: auditor}" READ "{columns: {name: partial}}",
     ""},
    {"others are not as they were",
     false,
     GIVEN CASE "{}" READ "{columns: {name: partial, note: hidden}, others: as it is}",
     "6 people.born: as it is -> generalise to year (policy private 1.0.0, line 5)"},
    {"a table by its name",
     false,
     GIVEN CASE "{}\n  when: {read: [people, visits]}\n  then: {columns: {people.note: hidden, "
                "visits.placed: as it is}}",
     ""},
    {"all rows", false, GIVEN CASE "{}" READ "{rows: all}", "6 rows: all -> id > 5 ()"},
    {"rows by age",
     false,
     GIVEN CASE "{}\n  when: {read: visits}\n  then: {rows: [\"\\\"placed\\\" >= DATE "
                "'2027-01-09'\"]}",
     ""},
    {"refused, and by what",
     false,
     GIVEN CASE "{quality: fail}" READ "{refused: policy.quality}",
     ""},
    {"refused by something else",
     false,
     GIVEN CASE "{quality: fail}" READ "{refused: policy.purpose}",
     "6 outcome: refused: policy.purpose -> refused: policy.quality (policy private 1.0.0, line 9: "
     "shop/people is closed until its promises hold again: their state is \"fail\")"},
    {"not refused",
     false,
     GIVEN CASE "{}" READ "{refused: true}",
     "6 outcome: refused -> allowed ()"},
    {"what is seen is not refused",
     false,
     GIVEN CASE "{quality: fail}" READ "{rows: all}",
     "6 outcome: allowed -> refused: policy.quality"},
    {"a grant is needed",
     false,
     "given: {contract: c, owner: shop, domain: museum}\n" CASE "{}" READ
     "{refused: access.denied}",
     ""},
    {"the own domain sees all",
     false,
     GIVEN CASE "{domain: shop}" READ "{by: own, others: as it is, rows: all, policies: none}",
     ""},
    {"what a grant names",
     false,
     GIVEN CASE "{grants: [{columns: [people.id, people.born], rows: id < 9, rows_per_day: 7, "
                "queries_per_hour: 8, until: 2027-03-01, purposes: [b, a]}], purpose: a}" READ
                "{columns: {name: hidden, id: as it is}, rows: [id < 9, id > 5], rows_per_day: 7, "
                "queries_per_hour: 8, until: 2027-03-01, purposes: [a, b]}",
     ""},
    {"for another purpose",
     false,
     GIVEN CASE "{grants: [{purposes: [b]}], purpose: a}" READ "{refused: access.purpose}",
     ""},
    {"no end",
     false,
     GIVEN CASE "{grants: [{until: 2027-03-01}]}" READ "{until: never}",
     "6 until: never -> 2027-03-01T23:59:59Z ()"},
    {"over",
     false,
     GIVEN CASE "{grants: [{until: 2027-01-09}]}" READ "{refused: access.expired}",
     ""},
    {"a bound that is not there",
     false,
     GIVEN CASE "{}" READ "{rows_per_day: 5}",
     "6 rows_per_day: 5 -> none ()"},
    {"joined elsewhere",
     false,
     GIVEN CASE "{joined_by: market, grants: [{relay: true}]}" READ "{refused: policy.residency}",
     ""},
    {"joined where it may be", false, GIVEN CASE "{joined_by: museum}" READ "{allowed: true}", ""},
    {"written as it may be",
     false,
     GIVEN CASE "{}\n  when: {read: people, export: csv}\n  then: {allowed: true}",
     ""},
    {"written as it may not be",
     false,
     GIVEN CASE "{}\n  when: {export: json}\n  then: {allowed: true}",
     "6 outcome: allowed -> refused: policy.export"},
    {"a column that is not there",
     false,
     GIVEN CASE "{}\n  when: {read: [people.id, people.note]}\n  then: {refused: sql.bind}",
     ""},
    {"the mesh's is stricter",
     true,
     GIVEN CASE "{purpose: audit, roles: auditor}" READ
                "{columns: {name: hash}, purposes: [audit, billing], policies: [agreed, private]}",
     ""},
    {"the mesh serves other purposes",
     true,
     GIVEN CASE "{purpose: x}" READ "{allowed: true}",
     "6 outcome: allowed -> refused: policy.purpose (mesh policy agreed serves shop/people"},
    {"the mesh's is about others",
     true,
     "given: {contract: c, owner: farm, domain: museum, grants: [{}]}\n" CASE "{}" READ
     "{columns: {name: partial}}",
     ""},
    {"waived",
     false,
     GIVEN CASE "{waivers: [{policy: private, rule: 'hide[0]', for: museum}]}" READ
                "{columns: {note: as it is}, waived: true}",
     ""},
    {"waived for another",
     false,
     GIVEN CASE "{waivers: [{policy: private, rule: 'hide[0]', for: market}]}" READ
                "{columns: {note: as it is}}",
     "6 people.note: as it is -> hidden (policy private 1.0.0, line 6)"},
    {"waived once",
     false,
     GIVEN CASE "{waivers: [{policy: private, until: 2027-01-09}]}" READ "{waived: true}",
     "6 waived: true -> false ()"},
    {"waived for a member",
     false,
     GIVEN CASE "{member: ann, waivers: [{policy: private, member: ann}]}" READ
                "{others: as it is, rows: all}",
     ""},
    {"published",
     false,
     GIVEN CASE "{}\n  when: {publish: true}\n  then: {allowed: true}",
     "6 outcome: allowed -> refused: policy.require.owner"},
    {"published and refused",
     false,
     GIVEN CASE "{}\n  when: {publish: true}\n  then: {refused: policy.require.owner}",
     ""},
    {"published with a waiver",
     false,
     GIVEN CASE "{waivers: [{policy: private, rule: 'require[0]'}]}\n  when: {publish: true}\n"
                "  then: {allowed: true}",
     ""},
    {"announced again", false, GIVEN CASE "{}\n  when: {renew: true}\n  then: {allowed: true}", ""},
    {"deprecated in time",
     false,
     GIVEN CASE "{}\n  when: {deprecate: 2027-02-10}\n  then: {allowed: true}",
     ""},
    {"deprecated at once",
     false,
     GIVEN CASE "{}\n  when: {deprecate: 2027-02-08}\n  then: {refused: policy.notice}",
     ""},
    {"without a sunset",
     false,
     GIVEN CASE "{}\n  when: {deprecate: true}\n  then: {refused: policy.notice}",
     ""},
    {"retired in time",
     false,
     GIVEN CASE "{sunset: 2027-01-09}\n  when: {retire: true}\n  then: {allowed: true}",
     ""},
    {"retired before",
     false,
     GIVEN CASE "{sunset: 2027-01-11}\n  when: {retire: true}\n  then: {allowed: true}",
     "6 outcome: allowed -> refused: policy.notice"},
    /* cases that speak of what is not there */
    {"no such column", false, GIVEN CASE "{}" READ "{columns: {nome: hash}}", "!case.column"},
    {"no such column is read",
     false,
     GIVEN CASE "{}\n  when: {read: people.nome}\n  then: {allowed: true}",
     "!case.column"},
    {"no such table",
     false,
     GIVEN CASE "{}\n  when: {read: peeple}\n  then: {allowed: true}",
     "!case.table"},
    {"no such policy",
     false,
     GIVEN CASE "{waivers: [{policy: other}]}" READ "{allowed: true}",
     "!case.waiver"},
    {"no such rule",
     false,
     GIVEN CASE "{waivers: [{policy: private, rule: 'hide[1]'}]}" READ "{allowed: true}",
     "!case.waiver"},
};

static const struct fh_policy *read_policy(const char *text, struct fh_arena *arena)
{
    struct fh_policy *policy = NULL;
    struct fh_findings findings;
    struct fh_err err;
    fh_findings_init(&findings, arena);
    if (fh_policy_read(&policy, fh_bytes_cstr(text), &findings, &err) != FH_OK) {
        fail_msg("%s", err.text);
    }
    return policy;
}

static void tell(char *out, size_t size, const struct fh_case_result *result)
{
    const struct fh_case_miss *miss = result->misses;
    out[0] = '\0';
    if (miss != NULL) {
        snprintf(out,
                 size,
                 "%u %s: %s -> %s (%s)",
                 miss->line,
                 miss->about,
                 miss->expected,
                 miss->happened,
                 miss->why);
    }
}

static void run_row(const struct row *row, char *told, size_t size)
{
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(ARENA_BYTES);
    struct fh_contract *contract = NULL;
    struct fh_cases *cases = NULL;
    struct fh_case_result result;
    struct fh_access_trace trace;
    struct fh_findings findings;
    struct fh_err err = {.text = ""};
    assert_non_null(arena);
    fh_findings_init(&findings, arena);
    struct fh_policy_held own = {.id = {{1}}, .name = "private", .version = "1.0.0"};
    struct fh_policy_held mesh = {.id = {{2}}, .name = "agreed", .version = "2.0.0", .mesh = true};
    const struct fh_policy_held *const held[] = {&mesh, &own};
    own.policy = read_policy(own_text, arena);
    mesh.policy = read_policy(mesh_text, arena);
    if (fh_contract_read(&contract, fh_bytes_cstr(contract_text), &findings, &err) != FH_OK ||
        fh_cases_read(&cases, fh_bytes_cstr(row->text), &findings, &err) != FH_OK) {
        fail_msg("%s: %s", row->name, err.text);
    }
    assert_int_equal(cases->count, 1);
    const struct fh_case_world world = {.contract = contract,
                                        .policy_count = row->mesh ? 2 : 1,
                                        .policies = row->mesh ? held : held + 1,
                                        .now_ms = 1};
    fh_access_trace_init(&trace, arena);
    if (fh_case_run(&cases->items[0], &world, &trace, arena, &result, &err) != FH_OK) {
        snprintf(told, size, "!%s", err.rule);
    } else {
        tell(told, size, &result);
    }
}

static void test_rows(void **state)
{
    (void)state;
    unsigned failed = 0;
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        char told[1024];
        run_row(&rows[i], told, sizeof told);
        bool same = rows[i].told[0] == '\0'
                        ? told[0] == '\0'
                        : strncmp(told, rows[i].told, strlen(rows[i].told)) == 0;
        if (!same) {
            print_error("%s: \"%s\", not \"%s\"\n", rows[i].name, told, rows[i].told);
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

/* ---- what cannot be read ---- */

#define ONE "cases: [{case: it, given: {contract: c, domain: d}, when: {read: t}, then: "

static const struct wrong {
    const char *text;
    const char *rule;
    const char *place; /* "LINE path" of the first finding */
} wrongs[] = {
    {"- one", "policy.type", "1 "},
    {"given: {}", "case.list", "1 "},
    {"cases: []", "case.list", "1 "},
    {"cases: it", "case.list", "1 "},
    {"cases: [it]", "policy.type", "1 cases[0]"},
    {"case: []\ncases: [{}]", "policy.key.unknown", "1 "},
    {"given: {contrct: c}\n" ONE "{allowed: true}}]", "policy.key.unknown", "1 given"},
    {"given: {contract: c, product: p}\n" ONE "{allowed: true}}]", "case.product", "1 given"},
    {"cases: [{case: it, given: {domain: d}, when: {read: t}, then: {allowed: true}}]",
     "case.product",
     "1 cases[0]"},
    {"cases: [{case: it, given: {contract: c}, when: {read: t}, then: {allowed: true}}]",
     "case.domain",
     "1 cases[0]"},
    {"cases: [{given: {contract: c}, when: {retire: true}, then: {allowed: true}}]",
     "case.name",
     "1 cases[0]"},
    {"cases: [{case: it, given: {contract: c}, then: {allowed: true}}]", "case.when", "1 cases[0]"},
    {"cases: [{case: it, given: {contract: c, domain: d}, when: {}, then: {allowed: true}}]",
     "case.when",
     "1 cases[0].when"},
    {"cases: [{case: it, given: {contract: c}, when: {read: t, retire: true}, then: {allowed: "
     "true}}]",
     "case.when",
     "1 cases[0].when"},
    {"cases: [{case: it, given: {contract: c}, when: {renew: false}, then: {allowed: true}}]",
     "case.when",
     "1 cases[0].when"},
    {"cases: [{case: it, given: {contract: c}, when: {retire: soon}, then: {allowed: true}}]",
     "case.when",
     "1 cases[0].when"},
    {"cases: [{case: it, given: {contract: c}, when: {deprecate: soon}, then: {allowed: true}}]",
     "case.time",
     "1 cases[0].when"},
    {"cases: [{case: it, given: {contract: c, domain: d}, when: {export: xml}, then: {allowed: "
     "true}}]",
     "policy.word",
     "1 cases[0].when"},
    {"cases: [{case: it, given: {contract: c}, when: {retire: true}}]", "case.then", "1 cases[0]"},
    {ONE "{}}]", "case.then", "1 cases[0]"},
    {ONE "{allowed: true, refused: access.denied}}]", "case.then", "1 cases[0].then"},
    {ONE "{refused: access.denied, rows: all}}]", "case.then", "1 cases[0].then"},
    {"cases: [{case: it, given: {contract: c}, when: {publish: true}, then: {rows: all}}]",
     "case.then",
     "1 cases[0].then"},
    {ONE "{allowed: maybe}}]", "case.bool", "1 cases[0].then"},
    {ONE "{allowed: true, columns: [name]}}]", "case.columns", "1 cases[0].then"},
    {ONE "{allowed: true, columns: {name: hashed}}}]", "policy.word", "1 cases[0].then"},
    {ONE "{allowed: true, others: partially}}]", "policy.word", "1 cases[0].then"},
    {ONE "{allowed: true, rows_per_day: many}}]", "policy.number", "1 cases[0].then"},
    {ONE "{allowed: true, until: soon}}]", "case.time", "1 cases[0].then"},
    {ONE "{allowed: true, by: luck}}]", "policy.word", "1 cases[0].then"},
    {ONE "{allowed: true, waived: perhaps}}]", "case.bool", "1 cases[0].then"},
    {"given: {at: soon}\n" ONE "{allowed: true}}]", "case.time", "1 given"},
    {"given: {quality: good}\n" ONE "{allowed: true}}]", "policy.word", "1 given"},
    {"given: {grants: {}}\n" ONE "{allowed: true}}]", "case.list", "1 given"},
    {"given: {grants: [{columns: name}]}\n" ONE "{allowed: true}}]",
     "case.grant.column",
     "1 given"},
    {"given: {grants: [{kolumns: people.name}]}\n" ONE "{allowed: true}}]",
     "policy.key.unknown",
     "1 given"},
    {"given: {waivers: [{rule: 'mask[0]'}]}\n" ONE "{allowed: true}}]", "case.waiver", "1 given"},
    {ONE "{allowed: true}}]\n&a b: *a", "yaml.anchor", "2 "},
};

static void test_wrongs(void **state)
{
    (void)state;
    unsigned failed = 0;
    for (size_t i = 0; i < FH_COUNT(wrongs); i++) {
        struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(ARENA_BYTES);
        struct fh_cases *cases = NULL;
        struct fh_findings findings;
        struct fh_err err = {.text = ""};
        char place[128] = "";
        assert_non_null(arena);
        fh_findings_init(&findings, arena);
        int code = fh_cases_read(&cases, fh_bytes_cstr(wrongs[i].text), &findings, &err);
        if (findings.count > 0) {
            snprintf(place, sizeof place, "%u %s", findings.items[0].line, findings.items[0].path);
        }
        if (code != FH_ECHECK || strcmp(err.rule, wrongs[i].rule) != 0 || cases != NULL ||
            strcmp(place, wrongs[i].place) != 0) {
            print_error(
                "%s: %d %s at \"%s\": %s\n", wrongs[i].text, code, err.rule, place, err.text);
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

/* A case says what is different from what is given for all. */
static void test_given(void **state)
{
    (void)state;
    static const char text[] =
        "given: {contract: c, owner: shop, policies: [a, b], roles: [x], grants: [{}, {}], at: "
        "2027-01-01}\n"
        "cases:\n"
        "- {case: one, given: {domain: d}, when: {read: t}, then: {allowed: true}}\n"
        "- {case: two, given: {domain: d, policies: c, product: p, grants: [{rows: 'true'}]}, "
        "when: {read: t}, then: {allowed: false}}\n";
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(ARENA_BYTES);
    struct fh_cases *cases = NULL;
    struct fh_findings findings;
    struct fh_err err = {.text = ""};
    assert_non_null(arena);
    fh_findings_init(&findings, arena);
    assert_int_equal(fh_cases_read(&cases, fh_bytes_cstr(text), &findings, &err), FH_OK);
    assert_int_equal(cases->count, 2);
    const struct fh_case_given *one = &cases->items[0].given;
    const struct fh_case_given *two = &cases->items[1].given;
    assert_string_equal(one->contract, "c");
    assert_null(one->product);
    assert_int_equal(one->policies.count, 2);
    assert_int_equal(one->grant_count, 2);
    assert_null(two->contract);
    assert_string_equal(two->product, "p");
    assert_int_equal(two->policies.count, 1);
    assert_int_equal(two->grant_count, 1);
    assert_string_equal(two->grants[0].rows, "true");
    assert_string_equal(two->owner, "shop");
    assert_int_equal(two->roles.count, 1);
    assert_int_equal(two->at_ms, one->at_ms);
    assert_string_equal(cases->items[1].expects[0].text, "refused");
    assert_int_equal(cases->items[1].line, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_wrongs),
        cmocka_unit_test(test_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
