/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/drafts.h"

#include "proto/contract/lint.h"

#include <stdlib.h>
#include <string.h>

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

void drafts_try(const char *kind, drafts_read_fn *read, struct fh_bytes input)
{
    struct fh_err err = {0};
    struct fh_draft draft;
    struct fh_arena *arena = fh_arena_new(64 * 1024 * 1024);
    if (arena == NULL) {
        return;
    }
    fh_draft_init(&draft, arena);
    draft.kind = kind;
    draft.id = "x";
    draft.product = "x";
    draft.types_are_physical = true;
    int code = read(&draft, input, &err);
    if (code != FH_OK && (err.code != code || err.text[0] == 0 || err.rule[0] == 0)) {
        abort();
    }
    if (code == FH_OK && fh_draft_finish(&draft, &err) == FH_OK) {
        check_draft(&draft);
    }
    fh_arena_free(arena);
}
