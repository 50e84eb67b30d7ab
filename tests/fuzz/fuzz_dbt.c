/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest of dbt: whatever it says, the draft passes lint or there is an error that names a
 * rule. */
#include "proto/contract/lint.h"
#include "tools/contract/import.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_draft(const struct fh_draft *draft)
{
    struct fh_err err = {0};
    struct fh_arena *arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    struct fh_contract *contract = NULL;
    struct fh_findings findings;
    struct fh_lint_options options = {.for_reading = true};
    struct fh_buf yaml;
    fh_buf_init(&yaml, FH_CONTRACT_BYTES_MAX);
    fh_draft_write(&yaml, draft, false);
    if (arena != NULL && fh_buf_ok(&yaml) == FH_OK) {
        fh_findings_init(&findings, arena);
        int code = fh_contract_lint(&contract, fh_buf_view(&yaml), &options, &findings, &err);
        if (code == FH_ECHECK && strncmp(err.rule, "yaml.", 5) != 0) {
            abort(); // a draft must pass; only its size may be too much for a contract
        }
    }
    fh_buf_fini(&yaml);
    fh_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fh_err err = {0};
    struct fh_draft draft;
    struct fh_arena *arena = fh_arena_new(64 * 1024 * 1024);
    if (arena == NULL) {
        return 0;
    }
    fh_draft_init(&draft, arena);
    draft.kind = "a manifest of dbt";
    draft.id = "x";
    draft.product = "x";
    draft.types_are_physical = true;
    int code = fh_import_dbt(&draft, fh_bytes(data, size), NULL, 0, &err);
    if (code != FH_OK && (err.code != code || err.text[0] == 0 || err.rule[0] == 0)) {
        abort();
    }
    if (code == FH_OK && fh_draft_finish(&draft, &err) == FH_OK) {
        check_draft(&draft);
    }
    fh_arena_free(arena);
    return 0;
}
