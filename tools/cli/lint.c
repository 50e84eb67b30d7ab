/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/lint.h"

#include "common/limits.h"

#include <inttypes.h>
#include <string.h>

int fh_lint_file(struct fh_lint *lint,
                 struct fh_cli *cli,
                 const char *path,
                 const struct fh_lint_options *options,
                 struct fh_err *err)
{
    *lint = (struct fh_lint){0};
    fh_buf_init(&lint->text, FH_CONTRACT_BYTES_MAX);
    lint->arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    if (lint->arena == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a contract");
    }
    fh_findings_init(&lint->findings, lint->arena);
    int code = fh_cli_read(cli, path, &lint->text, err);
    if (code == FH_ETOOBIG) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "contract.size",
                           "%s: a contract has at most %d KiB",
                           path,
                           FH_CONTRACT_BYTES_MAX / 1024);
    }
    if (code != FH_OK) {
        return code;
    }
    struct fh_err first = {0};
    code = fh_contract_lint(
        &lint->contract, fh_buf_view(&lint->text), options, &lint->findings, &first);
    if (code != FH_OK && code != FH_ECHECK) {
        *err = first;
        return fh_err_wrap(err, "%s", path);
    }
    return FH_OK;
}

int fh_lint_schema(enum fh_odcs_version *out, const char *text, struct fh_err *err)
{
    static const struct {
        const char *name;
        enum fh_odcs_version version;
    } names[] = {
        {"3.0.2", FH_ODCS_3_0_2},
        {"3.0.2-strict", FH_ODCS_3_0_2_STRICT},
        {"3.1.0", FH_ODCS_3_1_0},
        {"3.2.0", FH_ODCS_3_2_0},
    };
    if (text == NULL) {
        *out = FH_ODCS_OWN;
        return FH_OK;
    }
    for (size_t i = 0; i < FH_COUNT(names); i++) {
        if (strcmp(names[i].name, text + (text[0] == 'v')) == 0) {
            *out = names[i].version;
            return FH_OK;
        }
    }
    return fh_err_set(
        err, FH_EUSAGE, "--schema: %.32s is none of 3.0.2, 3.0.2-strict, 3.1.0, 3.2.0", text);
}

void fh_lint_fini(struct fh_lint *lint)
{
    fh_buf_fini(&lint->text);
    fh_arena_free(lint->arena);
    lint->arena = NULL;
}

void fh_lint_print(FILE *file, const char *path, const struct fh_findings *findings)
{
    struct fh_buf line FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&line, 64 * 1024);
    for (size_t i = 0; i < findings->count; i++) {
        const struct fh_finding *finding = &findings->items[i];
        fh_buf_reset(&line);
        fh_output_visible(&line, fh_bytes_cstr(path));
        if (finding->line > 0) {
            fh_buf_printf(&line, ":%" PRIu32 ":%" PRIu32, finding->line, finding->column);
        }
        fh_buf_printf(&line, ": %s: ", fh_severity_text(finding->severity));
        if (finding->path[0] != 0) {
            fh_output_visible(&line, fh_bytes_cstr(finding->path));
            fh_buf_add_cstr(&line, ": ");
        }
        fh_output_visible(&line, fh_bytes_cstr(finding->message));
        fh_buf_printf(&line, " [%s]", finding->rule);
        fprintf(file, "%s\n", fh_buf_cstr(&line));
    }
    size_t all = findings->errors + findings->warnings;
    if (all > findings->count) {
        fprintf(file, "%s: %zu more findings are not listed\n", path, all - findings->count);
    }
}

/* ---- as data ---- */

const struct fh_output_column fh_lint_columns[FH_LINT_COLUMN_COUNT] = {
    {"file", FH_OUTPUT_TEXT},
    {"line", FH_OUTPUT_NUMBER},
    {"column", FH_OUTPUT_NUMBER},
    {"severity", FH_OUTPUT_TEXT},
    {"rule", FH_OUTPUT_TEXT},
    {"path", FH_OUTPUT_TEXT},
    {"message", FH_OUTPUT_TEXT},
};

void fh_lint_put(struct fh_output *output, const char *path, const struct fh_findings *findings)
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

const char *fh_lint_first_rule(const struct fh_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        if (findings->items[i].severity == FH_SEVERITY_ERROR) {
            return findings->items[i].rule;
        }
    }
    return "";
}

/* ---- a run over files ---- */

void fh_lint_count(struct fh_lint_tally *tally, const struct fh_findings *findings)
{
    tally->files++;
    if (findings == NULL) {
        tally->wrong++;
        return;
    }
    if (tally->errors == 0) {
        snprintf(tally->rule, sizeof tally->rule, "%s", fh_lint_first_rule(findings));
    }
    tally->errors += findings->errors;
    tally->warnings += findings->warnings;
    tally->wrong += findings->errors > 0;
}

int fh_lint_verdict(struct fh_cli *cli,
                    const char *first_path,
                    const struct fh_lint_tally *tally,
                    struct fh_err *err)
{
    char what[FH_ERR_TEXT_BYTES / 2];
    if (tally->files == 1) {
        snprintf(what, sizeof what, "%.100s", first_path);
    } else {
        snprintf(what, sizeof what, "%zu of %zu files", tally->wrong, tally->files);
    }
    if (tally->wrong == 0) {
        fh_cli_say(cli,
                   "%s: no errors, %zu warnings",
                   tally->files == 1 ? first_path : "all files",
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
