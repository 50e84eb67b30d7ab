/* SPDX-License-Identifier: Apache-2.0 */
/* What a report on compliance says of one rule and one product, as rows. */
#include "tools/compliance/judge.h"

#include "proto/contract/contract_read.h"
#include "proto/quality/measurement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

enum { ARENA_BYTES = 4 * 1024 * 1024 };

static const char contract_text[] = "apiVersion: v3.0.2\n"
                                    "kind: DataContract\n"
                                    "id: orders\n"
                                    "name: orders\n"
                                    "version: 1.2.0\n"
                                    "status: active\n"
                                    "schema:\n"
                                    "- name: orders\n"
                                    "  properties:\n"
                                    "  - {name: id, logicalType: integer, primaryKey: true}\n"
                                    "  - {name: mail, logicalType: string}\n"
                                    "  - {name: placed, logicalType: date}\n";

#define FAILED       (1U << FH_QUALITY_FAIL)
#define STALE_FAILED (1U << FH_QUALITY_FAIL | 1U << FH_QUALITY_STALE)
#define GOOD         (1U << FH_QUALITY_OK)

static const struct row {
    const char *rule;
    enum fh_announce_status status;
    unsigned quality;
    enum fh_compliance_state state;
    const char *evidence; /* a part of it */
} rows[] = {
    {"mask: [{columns: [mail], method: hash}]",
     FH_ANNOUNCE_ACTIVE,
     GOOD,
     FH_COMPLIANCE_OK,
     "applied to every answer"},
    {"mask: [{columns: [mail], method: generalise, to: year}]",
     FH_ANNOUNCE_ACTIVE,
     GOOD,
     FH_COMPLIANCE_VIOLATED,
     "mail"},
    {"hide: [{columns: [mail]}]", FH_ANNOUNCE_ACTIVE, GOOD, FH_COMPLIANCE_OK, "every answer"},
    {"filter: [{table: orders, where: id > 1}]",
     FH_ANNOUNCE_ACTIVE,
     GOOD,
     FH_COMPLIANCE_OK,
     "every answer"},
    {"retention: [{column: placed, days: 30}]",
     FH_ANNOUNCE_ACTIVE,
     GOOD,
     FH_COMPLIANCE_OK,
     "every answer"},
    {"retention: [{table: orders, column: mail, days: 30}]",
     FH_ANNOUNCE_ACTIVE,
     GOOD,
     FH_COMPLIANCE_VIOLATED,
     "mail"},
    {"minimum_group: [{table: orders, size: 5, subject: id, dimensions: [placed]}]",
     FH_ANNOUNCE_ACTIVE,
     GOOD,
     FH_COMPLIANCE_OK,
     "every answer"},
    {"minimum_group: [{table: orders, size: 5, subject: person, dimensions: [placed]}]",
     FH_ANNOUNCE_ACTIVE,
     GOOD,
     FH_COMPLIANCE_VIOLATED,
     "orders has no column person"},
    {"quality: [{closed_when: [fail]}]",
     FH_ANNOUNCE_ACTIVE,
     GOOD,
     FH_COMPLIANCE_OK,
     "does not close"},
    {"quality: [{closed_when: [fail]}]",
     FH_ANNOUNCE_ACTIVE,
     FAILED,
     FH_COMPLIANCE_VIOLATED,
     "is closed"},
    {"quality: [{closed_when: [fail]}]",
     FH_ANNOUNCE_ACTIVE,
     STALE_FAILED,
     FH_COMPLIANCE_VIOLATED,
     "is closed"},
    {"quality: [{closed_when: [stale]}]",
     FH_ANNOUNCE_ACTIVE,
     FAILED,
     FH_COMPLIANCE_OK,
     "does not close"},
    {"export: [{formats: [csv]}]", FH_ANNOUNCE_ACTIVE, GOOD, FH_COMPLIANCE_OK, "every question"},
    {"residency: [{read: [shop]}]", FH_ANNOUNCE_ACTIVE, GOOD, FH_COMPLIANCE_OK, "every question"},
    {"require: [{fields: [primary_key]}]",
     FH_ANNOUNCE_ACTIVE,
     GOOD,
     FH_COMPLIANCE_OK,
     "as it says"},
    {"require: [{fields: [owner]}]",
     FH_ANNOUNCE_ACTIVE,
     GOOD,
     FH_COMPLIANCE_VIOLATED,
     "the contract lacks a team"},
    {"naming: [{of: column, pattern: \"[a-z]*\"}]",
     FH_ANNOUNCE_ACTIVE,
     GOOD,
     FH_COMPLIANCE_OK,
     "as it says"},
    {"naming: [{of: column, pattern: \"c_[a-z]*\"}]",
     FH_ANNOUNCE_ACTIVE,
     GOOD,
     FH_COMPLIANCE_VIOLATED,
     "\"id\" is not as"},
    {"notice: [{days: 90}]", FH_ANNOUNCE_ACTIVE, GOOD, FH_COMPLIANCE_OK, "not announced"},
    {"notice: [{days: 90}]",
     FH_ANNOUNCE_DEPRECATED,
     GOOD,
     FH_COMPLIANCE_UNKNOWN,
     "nothing here shows"},
    {"notice: [{days: 90}]",
     FH_ANNOUNCE_RETIRED,
     GOOD,
     FH_COMPLIANCE_UNKNOWN,
     "nothing here shows"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(ARENA_BYTES);
        char text[512];
        struct fh_policy *policy = NULL;
        struct fh_contract *contract = NULL;
        struct fh_findings findings;
        struct fh_err err = {.text = ""};
        const struct fh_announcement announced = {.status = rows[i].status};
        const char *evidence = "";
        assert_non_null(arena);
        fh_findings_init(&findings, arena);
        snprintf(text, sizeof text, "name: p\nversion: 1.0.0\n%s\n", rows[i].rule);
        if (fh_policy_read(&policy, fh_bytes_cstr(text), &findings, &err) != FH_OK ||
            fh_contract_read(&contract, fh_bytes_cstr(contract_text), &findings, &err) != FH_OK) {
            fail_msg("%s: %s", rows[i].rule, err.text);
        }
        const struct fh_compliance_product product = {.access =
                                                          fh_access_product_of(contract, arena),
                                                      .contract = contract,
                                                      .announced = &announced,
                                                      .quality = rows[i].quality};
        assert_non_null(product.access);
        enum fh_compliance_state found =
            fh_compliance_judge(policy, &policy->rules[0], &product, arena, &evidence);
        if (found != rows[i].state || strstr(evidence, rows[i].evidence) == NULL) {
            fail_msg("%s: %s, %s", rows[i].rule, fh_compliance_state_text(found), evidence);
        }
    }
}

/* Every kind has a judge: a new one is not shown as unknown because nobody thought of it. */
static void test_every_kind(void **state)
{
    (void)state;
    bool judged[FH_POLICY_RULE_KIND_COUNT] = {false};
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        for (unsigned kind = 0; kind < FH_POLICY_RULE_KIND_COUNT; kind++) {
            const char *word = fh_policy_rule_kind_text(kind);
            size_t size = strlen(word);
            judged[kind] = judged[kind] ||
                           (strncmp(rows[i].rule, word, size) == 0 && rows[i].rule[size] == ':' &&
                            rows[i].state != FH_COMPLIANCE_UNKNOWN);
        }
    }
    for (unsigned kind = 0; kind < FH_POLICY_RULE_KIND_COUNT; kind++) {
        assert_true(judged[kind]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows),
                                       cmocka_unit_test(test_every_kind)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
