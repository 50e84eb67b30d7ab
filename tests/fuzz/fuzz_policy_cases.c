/* SPDX-License-Identifier: Apache-2.0 */
/* Cases of policies from foreign bytes: what is read has everything that running it needs, and is
 * run over a product and a policy. */
#include "common/assert.h"
#include "proto/contract/contract_read.h"
#include "proto/governance/policy_cases_run.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char policy_text[] =
    "name: private\n"
    "version: 1.0.0\n"
    "purposes: [audit, billing]\n"
    "mask: [{columns: [mail], method: hash, except: [{roles: [auditor]}]}]\n"
    "hide: [{columns: [note]}]\n"
    "filter: [{table: people, where: id > 5}]\n"
    "retention: [{column: born, days: 30}]\n"
    "require: [{fields: [owner]}]\n"
    "notice: [{days: 30}]\n";

static void run(const struct fh_case *one, const struct fh_policy *policy, struct fh_arena *arena)
{
    struct fh_contract_column columns[] = {
        {.name = "id", .logical_type = "integer"},
        {.name = "mail", .logical_type = "string"},
        {.name = "born", .logical_type = "date"},
        {.name = "note", .logical_type = "string"},
    };
    struct fh_contract_table table = {.name = "people", .columns = {FH_COUNT(columns), columns}};
    const struct fh_contract contract = {
        .name = "people", .version = "1.0.0", .tables = {1, &table}};
    const struct fh_policy_held held = {.name = "private", .version = "1.0.0", .policy = policy};
    const struct fh_policy_held *const policies[] = {&held};
    const struct fh_case_world world = {
        .contract = &contract, .policy_count = 1, .policies = policies, .now_ms = 1000};
    struct fh_case_result result = {.miss_count = 0};
    struct fh_access_trace trace;
    struct fh_err err;
    fh_access_trace_init(&trace, arena);
    int code = fh_case_run(one, &world, &trace, arena, &result, &err);
    FH_ASSERT(code == FH_OK || code == FH_EINVAL || code == FH_ENOMEM);
    FH_ASSERT((result.miss_count == 0) == (result.misses == NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    struct fh_cases *cases = NULL;
    struct fh_policy *policy = NULL;
    struct fh_findings findings;
    struct fh_err err;
    FH_ASSERT(arena != NULL);
    fh_findings_init(&findings, arena);
    if (fh_policy_read(&policy, fh_bytes_cstr(policy_text), &findings, &err) != FH_OK ||
        fh_cases_read(&cases, fh_bytes(data, size), &findings, &err) != FH_OK) {
        FH_ASSERT(err.text[0] != '\0');
        return 0;
    }
    FH_ASSERT(cases->count > 0);
    for (uint32_t i = 0; i < cases->count && i < 8; i++) {
        const struct fh_case *one = &cases->items[i];
        FH_ASSERT(one->expect_count > 0);
        FH_ASSERT((one->given.contract == NULL) != (one->given.product == NULL));
        FH_ASSERT(one->when.action != FH_CASE_READ || one->given.domain != NULL);
        run(one, policy, arena);
    }
    return 0;
}
