/* SPDX-License-Identifier: Apache-2.0 */
/* Policies from foreign bytes: as a text, and as a POLICY record. What is read decides about a
 * product; who is spared by nobody never sees more than who is bound by nothing. */
#include "common/assert.h"
#include "proto/governance/access.h"
#include "proto/governance/policy_contract.h"
#include "proto/governance/policy_record.h"
#include "proto/wire/record.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct fh_mesh_id mesh;

/* Whatever it wants of contracts, it says so of one that says nothing. */
static void judge(const struct fh_policy *policy, struct fh_arena *arena)
{
    struct fh_contract_column columns[] = {{.name = "id"}, {.name = "Mail"}};
    struct fh_contract_table table = {.name = "people", .columns = {2, columns}};
    const struct fh_contract contract = {
        .name = "people", .version = "1.0.0", .tables = {1, &table}};
    struct fh_findings findings;
    fh_findings_init(&findings, arena);
    fh_policy_check_contract(policy, &contract, &findings);
    for (size_t i = 0; i < policy->rule_count; i++) {
        FH_ASSERT(policy->rules[i].fields == 0 || findings.errors > 0 ||
                  !fh_policy_governs(policy, "people", 1));
    }
}

/* The policy takes away and never adds: its decision is a denial, or a view in which nothing that
 * it selects without exception is bare. */
static void decide(const struct fh_policy *policy, struct fh_arena *arena)
{
    static const char *const tags[] = {"pii"};
    static const struct fh_access_column columns[] = {{"id", "", "BIGINT", 0, NULL},
                                                      {"mail", "restricted", "VARCHAR", 1, tags},
                                                      {"born", "internal", "DATE", 0, NULL}};
    static const struct fh_access_table table = {"people", 3, columns};
    const struct fh_access_product product = {.owner_name = "home",
                                              .name = "people",
                                              .major = 1,
                                              .open_to_mesh = true,
                                              .table_count = 1,
                                              .tables = &table};
    const struct fh_policy_held held = {.policy = policy};
    const struct fh_policy_held *const policies[] = {&held};
    struct fh_domain_id other = {{1}};
    struct fh_access_ask ask = {
        .product = &product,
        .consumer = other,
        .consumer_name = "air",
        .entry = other,
        .entry_name = "air",
        .purpose = policy->purposes.count > 0 ? policy->purposes.items[0] : "",
        .now_ms = 1000,
        .policy_count = 1,
        .policies = policies,
    };
    struct fh_access_decision decision;
    struct fh_findings findings;
    struct fh_err err;
    fh_findings_init(&findings, arena);
    fh_policy_check_product(policy, &product, &findings);
    if (fh_access_decide(&decision, &ask, arena, &err) != FH_OK) {
        return;
    }
    const struct fh_view *view = &decision.tables[0].view;
    bool governs = fh_policy_governs(policy, "people", 1);
    for (size_t i = 0; governs && i < policy->rule_count; i++) {
        const struct fh_policy_rule *rule = &policy->rules[i];
        for (uint32_t c = 0; rule->except_count == 0 && c < table.column_count; c++) {
            if (fh_policy_selects(rule, "people", &columns[c])) {
                FH_ASSERT(!view->open);
                FH_ASSERT(view->columns[c].hidden || view->columns[c].mask.kind != FH_MASK_NONE);
            }
        }
        if (rule->except_count == 0 && fh_policy_selects(rule, "people", NULL)) {
            FH_ASSERT(view->filter_count > 0);
        }
        const struct fh_access_column *age;
        if (rule->except_count == 0 && fh_policy_retention(rule, &table, &age) != 0) {
            FH_ASSERT(view->filter_count > 0 || fh_view_visible(view, 3) == 0);
        }
        uint32_t subject = 0;
        enum fh_group_fit fit = fh_policy_group(rule, &table, &subject);
        if (rule->except_count == 0 && fit == FH_GROUP_FITS) {
            FH_ASSERT(view->group != NULL);
            FH_ASSERT(view->group->size >= rule->size);
            FH_ASSERT(view->columns[subject].hidden);
        }
        if (rule->except_count == 0 && fit == FH_GROUP_UNFIT) {
            FH_ASSERT(fh_view_visible(view, 3) == 0);
        }
    }
}

/* What governs is the same whether all of the text is read or no more than that. */
static void
check_scope(const struct fh_policy *policy, struct fh_bytes text, struct fh_arena *arena)
{
    struct fh_contract_strings scope;
    struct fh_err err;
    if (fh_policy_read_scope(&scope, text, arena, &err) == FH_OK) {
        FH_ASSERT(scope.count == policy->products.count);
        for (size_t i = 0; i < scope.count; i++) {
            FH_ASSERT(strcmp(scope.items[i], policy->products.items[i]) == 0);
        }
    } else {
        FH_ASSERT(err.code == FH_ENOMEM);
    }
}

static void read_text(struct fh_bytes text, struct fh_arena *arena)
{
    struct fh_policy *policy = NULL;
    struct fh_contract_strings scope;
    struct fh_findings findings;
    struct fh_err err;
    fh_findings_init(&findings, arena);
    if (fh_policy_read(&policy, text, &findings, &err) == FH_OK) {
        check_scope(policy, text, arena);
        decide(policy, arena);
        judge(policy, arena);
    } else if (fh_policy_read_scope(&scope, text, arena, &err) == FH_OK && scope.count > 0) {
        FH_ASSERT(scope.items[0][0] != '\0');
    }
}

/* What is read is written again, and must be the same bytes. */
static void read_record(struct fh_bytes bytes, struct fh_arena *arena)
{
    struct fh_record record;
    struct fh_policy_record read;
    struct fh_policy *policy = NULL;
    struct fh_err err;
    if (fh_record_parse(&record, bytes, &mesh, &err) != FH_OK || record.type != FH_RECORD_POLICY ||
        fh_policy_record_parse(&read, record.payload, &err) != FH_OK) {
        return;
    }
    struct fh_buf again FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&again, FH_RECORD_BYTES_MAX);
    fh_policy_record_encode(&again, &read);
    FH_ASSERT(fh_buf_ok(&again) == FH_OK);
    FH_ASSERT(again.size <= record.payload.size); /* keys of newer versions are left out */
    FH_ASSERT(again.size < record.payload.size ||
              fh_bytes_equal(fh_buf_view(&again), record.payload));
    if (fh_policy_record_open(&policy, &read, arena, &err) == FH_OK) {
        decide(policy, arena);
    }
    struct fh_policy_record next = read;
    FH_ASSERT(fh_policy_supersedes(&read, &record.id, &next, &record.id, &err) == FH_EEXIST);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_POLICY_ARENA_BYTES_MAX);
    FH_ASSERT(arena != NULL);
    /* A record begins with the head of its array, which no text of a policy does. */
    if (size > 0 && data[0] == 0x94) {
        read_record(fh_bytes(data, size), arena);
    } else {
        read_text(fh_bytes(data, size), arena);
    }
    return 0;
}
