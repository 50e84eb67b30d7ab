/* SPDX-License-Identifier: Apache-2.0 */
/* Policies judged by their text, and by a contract. */
#include "proto/governance/policy_contract.h"
#include "tools/cli/lint.h"
#include "tools/cli/policy_file.h"

/* ---- lint ---- */

/* The product of --against; `lint` keeps its contract. NULL without the flag. */
static int read_product(struct fh_cli *cli,
                        const struct fh_args *args,
                        struct fh_lint *lint,
                        struct fh_access_product **out,
                        struct fh_err *err)
{
    const char *path = fh_args_value(args, "against");
    const struct fh_lint_options options = {0};
    *out = NULL;
    if (path == NULL) {
        return FH_OK;
    }
    int code = fh_lint_file(lint, cli, path, &options, err);
    if (code == FH_OK && lint->findings.errors > 0) {
        fh_lint_print(cli->messages, path, &lint->findings);
        return fh_err_rule(err,
                           FH_ECHECK,
                           fh_lint_first_rule(&lint->findings),
                           "--against %s: the contract has errors",
                           path);
    }
    if (code == FH_OK) {
        *out = fh_access_product_of(lint->contract, lint->arena);
        code = *out != NULL ? FH_OK : fh_err_set(err, FH_ENOMEM, "no memory for a contract");
    }
    return code;
}

/* What the contract breaks; its places are in another file than those of the policy. */
static void lint_contract(struct fh_policy_file *file, const struct fh_contract *contract)
{
    struct fh_findings broken;
    fh_findings_init(&broken, file->arena);
    fh_policy_check_contract(file->policy, contract, &broken);
    for (size_t i = 0; i < broken.count; i++) {
        fh_findings_add(&file->findings,
                        FH_SEVERITY_ERROR,
                        0,
                        0,
                        broken.items[i].path,
                        broken.items[i].rule,
                        "%s: %s",
                        contract->name,
                        broken.items[i].message);
    }
}

static int lint_one(struct fh_cli *cli,
                    const char *path,
                    const struct fh_access_product *product,
                    const struct fh_contract *against,
                    struct fh_output *output,
                    struct fh_lint_tally *tally,
                    struct fh_err *err)
{
    struct fh_policy_file file;
    int code = fh_policy_file_read(&file, cli, path, product, err);
    if (code == FH_OK && file.policy != NULL && against != NULL) {
        lint_contract(&file, against);
    }
    if (code == FH_OK && output == NULL) {
        fh_lint_print(cli->out, path, &file.findings);
    } else if (code == FH_OK) {
        fh_lint_put(output, path, &file.findings);
    }
    fh_lint_count(tally, code == FH_OK ? &file.findings : NULL);
    fh_policy_file_fini(&file);
    return code;
}

int fh_cmd_policy_lint(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct fh_lint contract = {.contract = NULL};
    struct fh_access_product *product = NULL;
    struct fh_lint_tally tally = {0};
    struct fh_output *output FH_CLEANUP(fh_output_freep) = NULL;
    int code = read_product(cli, args, &contract, &product, err);
    if (code == FH_OK && cli->format != FH_OUTPUT_TABLE) {
        output = fh_cli_output(cli, false, fh_lint_columns, FH_LINT_COLUMN_COUNT);
    }
    for (unsigned i = 0; code == FH_OK && i < args->operand_count; i++) {
        struct fh_err failed = {0};
        const struct fh_contract *against = product == NULL ? NULL : contract.contract;
        int rc = lint_one(cli, args->operands[i], product, against, output, &tally, &failed);
        if (rc != FH_OK && args->operand_count == 1) {
            *err = failed;
            code = rc;
        } else if (rc != FH_OK) {
            fh_cli_complain(cli, &failed);
        }
    }
    if (output != NULL && code == FH_OK) {
        code = fh_output_end(output, err);
    }
    fh_lint_fini(&contract);
    return code == FH_OK ? fh_lint_verdict(cli, args->operands[0], &tally, err) : code;
}
