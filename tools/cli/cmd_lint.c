/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/cli.h"
#include "tools/cli/lint.h"
#include "tools/client/actor.h"

#include <string.h>

/* What one run of `contract lint` has seen. */
struct tally {
    size_t files;
    size_t wrong; /* files with errors, or that could not be read */
    size_t errors;
    size_t warnings;
    char rule[FH_ERR_RULE_BYTES]; /* of the first error */
};

static void
put_findings(struct fh_output *output, const char *path, const struct fh_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct fh_finding *finding = &findings->items[i];
        fh_output_text(output, path);
        fh_output_uint(output, finding->line);
        fh_output_uint(output, finding->column);
        fh_output_text(output, fh_severity_text(finding->severity));
        fh_output_text(output, finding->rule);
        fh_output_text(output, finding->path);
        fh_output_text(output, finding->message);
    }
}

static const char *first_rule(const struct fh_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        if (findings->items[i].severity == FH_SEVERITY_ERROR) {
            return findings->items[i].rule;
        }
    }
    return "";
}

/* Prints what there is to say about one file; `output` is NULL for a table. A file that cannot be
 * read is an error of the run, which goes on with the next. */
static int lint_one(struct fh_cli *cli,
                    const char *path,
                    const struct fh_lint_options *options,
                    struct fh_output *output,
                    struct tally *tally,
                    struct fh_err *err)
{
    struct fh_lint lint;
    int code = fh_lint_file(&lint, cli, path, options, err);
    if (code == FH_OK && output == NULL) {
        fh_lint_print(cli->out, path, &lint.findings);
    } else if (code == FH_OK) {
        put_findings(output, path, &lint.findings);
    }
    if (code == FH_OK) {
        if (tally->errors == 0) {
            snprintf(tally->rule, sizeof tally->rule, "%s", first_rule(&lint.findings));
        }
        tally->errors += lint.findings.errors;
        tally->warnings += lint.findings.warnings;
    }
    tally->files++;
    tally->wrong += code != FH_OK || lint.findings.errors > 0;
    fh_lint_fini(&lint);
    return code;
}

static int verdict(struct fh_cli *cli,
                   const struct fh_args *args,
                   const struct tally *tally,
                   struct fh_err *err)
{
    char what[FH_ERR_TEXT_BYTES / 2];
    if (tally->files == 1) {
        snprintf(what, sizeof what, "%.100s", args->operands[0]);
    } else {
        snprintf(what, sizeof what, "%zu of %zu files", tally->wrong, tally->files);
    }
    if (tally->wrong == 0) {
        fh_cli_say(cli,
                   "%s: no errors, %zu warnings",
                   tally->files == 1 ? args->operands[0] : "all files",
                   tally->warnings);
        return FH_OK;
    }
    return fh_err_rule(err,
                       FH_ECHECK,
                       tally->rule,
                       "%s: %zu error%s, %zu warning%s",
                       what,
                       tally->errors,
                       tally->errors == 1 ? "" : "s",
                       tally->warnings,
                       tally->warnings == 1 ? "" : "s");
}

static int lint_all(struct fh_cli *cli,
                    const struct fh_args *args,
                    const struct fh_lint_options *options,
                    struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"file", FH_OUTPUT_TEXT},
        {"line", FH_OUTPUT_NUMBER},
        {"column", FH_OUTPUT_NUMBER},
        {"severity", FH_OUTPUT_TEXT},
        {"rule", FH_OUTPUT_TEXT},
        {"path", FH_OUTPUT_TEXT},
        {"message", FH_OUTPUT_TEXT},
    };
    struct tally tally = {0};
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        cli->format == FH_OUTPUT_TABLE ? NULL
                                       : fh_cli_output(cli, false, columns, FH_COUNT(columns));
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
    return code == FH_OK ? verdict(cli, args, &tally, err) : code;
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
