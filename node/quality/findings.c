/* SPDX-License-Identifier: Apache-2.0 */
#include "node/quality/findings.h"

#include <stdio.h>
#include <string.h>

static bool is_looked_at(enum fh_promise_kind kind)
{
    return kind == FH_PROMISE_SOURCE || kind == FH_PROMISE_PRESENT || kind == FH_PROMISE_TYPE ||
           kind == FH_PROMISE_REQUIRED || kind == FH_PROMISE_UNIQUE ||
           kind == FH_PROMISE_PRIMARY_KEY;
}

static const char *rule_of(enum fh_promise_kind kind)
{
    return kind == FH_PROMISE_PRESENT       ? "check.missing"
           : kind == FH_PROMISE_PRIMARY_KEY ? "check.key"
           : kind == FH_PROMISE_TYPE        ? "check.type"
           : kind == FH_PROMISE_REQUIRED    ? "check.required"
           : kind == FH_PROMISE_UNIQUE      ? "check.unique"
                                            : "check.source";
}

int fh_findings_results(const struct fh_promises *promises,
                        const struct fh_checks_result *checks,
                        struct fh_arena *arena,
                        struct fh_promise_result **out,
                        uint64_t *out_rows,
                        struct fh_err *err)
{
    struct fh_promise_result *results =
        fh_arena_array(arena, (size_t)promises->count + 1, sizeof *results);
    if (results == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for results");
    }
    for (uint32_t i = 0; i < promises->count; i++) {
        const struct fh_promise *promise = &promises->items[i];
        if (!is_looked_at(promise->kind)) {
            fh_promise_not_run(&results[i], "not looked at");
            continue;
        }
        for (uint32_t j = 0; j < checks->finding_count; j++) {
            const struct fh_msg_finding *finding = &checks->findings[j];
            if (finding->error && strcmp(finding->table, promise->table_name) == 0 &&
                strcmp(finding->rule, rule_of(promise->kind)) == 0 &&
                (promise->kind == FH_PROMISE_PRIMARY_KEY ||
                 strcmp(finding->column, promise->column_name) == 0)) {
                results[i].outcome = FH_PROMISE_FAILED;
                results[i].failing = finding->count;
                snprintf(results[i].measured,
                         sizeof results[i].measured,
                         "%llu",
                         (unsigned long long)finding->count);
            }
        }
    }
    *out_rows = 0;
    for (uint32_t j = 0; j < checks->finding_count; j++) {
        *out_rows +=
            strcmp(checks->findings[j].rule, "check.rows") == 0 ? checks->findings[j].count : 0;
    }
    *out = results;
    return FH_OK;
}
