/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/cli.h"
#include "tools/cli/lint.h"
#include "tools/client/actor.h"

#include <string.h>

/* Prints what there is to say about one file; `output` is NULL for a table. A file that cannot be
 * read is an error of the run, which goes on with the next. */
static int lint_one(struct fh_cli *cli,
                    const char *path,
                    const struct fh_lint_options *options,
                    struct fh_output *output,
                    struct fh_lint_tally *tally,
                    struct fh_err *err)
{
    struct fh_lint lint;
    int code = fh_lint_file(&lint, cli, path, options, err);
    if (code == FH_OK && output == NULL) {
        fh_lint_print(cli->out, path, &lint.findings);
    } else if (code == FH_OK) {
        fh_lint_put(output, path, &lint.findings);
    }
    fh_lint_count(tally, code == FH_OK ? &lint.findings : NULL);
    fh_lint_fini(&lint);
    return code;
}

static int lint_all(struct fh_cli *cli,
                    const struct fh_args *args,
                    const struct fh_lint_options *options,
                    struct fh_err *err)
{
    struct fh_lint_tally tally = {0};
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        cli->format == FH_OUTPUT_TABLE
            ? NULL
            : fh_cli_output(cli, false, fh_lint_columns, FH_LINT_COLUMN_COUNT);
    int code = FH_OK;
    for (unsigned i = 0; i < args->operand_count; i++) {
        struct fh_err failed = {0};
        int rc = lint_one(cli, args->operands[i], options, output, &tally, &failed);
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
    return code == FH_OK ? fh_lint_verdict(cli, args->operands[0], &tally, err) : code;
}

int fh_cmd_contract_lint(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct fh_lint_options options = {0};
    int code = fh_lint_schema(&options.schema, fh_args_value(args, "schema"), err);
    if (code != FH_OK) {
        return code;
    }
    /* Whoever has a home wants to publish; there the domain's name is known too, and `domain` of
     * the contract must be it. */
    struct fh_actor *actor FH_CLEANUP(fh_actor_freep) = NULL;
    struct fh_err no_home = {0};
    int home = fh_actor_open_public(&actor, cli->home, &no_home);
    if (home != FH_OK && cli->home != NULL) {
        *err = no_home;
        return home;
    }
    options.domain = actor == NULL ? NULL : actor->settings.domain;
    options.for_publishing = fh_args_has(args, "publish");
    options.for_reading = actor != NULL && options.schema == FH_ODCS_OWN;
    return lint_all(cli, args, &options, err);
}
