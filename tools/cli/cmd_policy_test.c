/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies against cases: what they are meant to do, as a team wrote it down, held against what
 * they do.
 *
 *     a file of cases -> the contracts and policies that it names -> the decision that serves
 *
 * It needs no node, unless a case is about a product of one.
 */
#include "proto/governance/policy_cases_run.h"
#include "tools/cli/case_files.h"
#include "tools/cli/lint.h"

#include <string.h>

enum { RUN_ARENA_BYTES = 16 * 1024 * 1024 }; /* one case: views of a wide contract */

struct testing {
    struct fh_cli *cli;
    struct fh_output *output;
    bool brief; /* a table */
    uint32_t cases;
    uint32_t failed;
    uint32_t broken; /* files */
    char rule[FH_ERR_RULE_BYTES];
};

/* ---- what is shown ---- */

static const struct fh_output_column brief_columns[] = {
    {"outcome", FH_OUTPUT_TEXT},
    {"case", FH_OUTPUT_TEXT},
    {"about", FH_OUTPUT_TEXT},
    {"expected", FH_OUTPUT_TEXT},
    {"happened", FH_OUTPUT_TEXT},
    {"why", FH_OUTPUT_TEXT},
    {"place", FH_OUTPUT_TEXT},
};

static const struct fh_output_column data_columns[] = {
    {"file", FH_OUTPUT_TEXT},
    {"line", FH_OUTPUT_NUMBER},
    {"case", FH_OUTPUT_TEXT},
    {"outcome", FH_OUTPUT_TEXT},
    {"about", FH_OUTPUT_TEXT},
    {"expected", FH_OUTPUT_TEXT},
    {"happened", FH_OUTPUT_TEXT},
    {"why", FH_OUTPUT_TEXT},
};

static void put_row(struct testing *t,
                    const char *path,
                    const struct fh_case *one,
                    const struct fh_case_miss *miss)
{
    static const struct fh_case_miss none = {
        .about = "", .expected = "", .happened = "", .why = ""};
    const struct fh_case_miss *what = miss == NULL ? &none : miss;
    const char *outcome = miss == NULL ? "passed" : "failed";
    uint32_t line = miss == NULL || miss->line == 0 ? one->line : miss->line;
    char place[FH_ERR_TEXT_BYTES];
    if (!t->brief) {
        fh_output_text(t->output, path);
        fh_output_uint(t->output, line);
    } else {
        fh_output_text(t->output, outcome);
    }
    fh_output_text(t->output, one->name);
    if (!t->brief) {
        fh_output_text(t->output, outcome);
    }
    fh_output_text(t->output, what->about);
    fh_output_text(t->output, what->expected);
    fh_output_text(t->output, what->happened);
    fh_output_text(t->output, what->why);
    if (t->brief) {
        snprintf(place, sizeof place, "%s:%u", path, line);
        fh_output_text(t->output, place);
    }
}

/* A rule that no case has to do with may do anything. */
static void say_untouched(const struct testing *t, const struct fh_case_files *files)
{
    for (const struct fh_case_policy *at = files->policies; at != NULL; at = at->next) {
        const struct fh_policy *policy = at->held.policy;
        for (size_t i = 0; i < policy->rule_count; i++) {
            if (!at->touched[i]) {
                fh_cli_say(t->cli,
                           "%s:%u: note: no case has to do with %s",
                           at->path,
                           policy->rules[i].line,
                           policy->rules[i].path);
            }
        }
    }
}

/* ---- one file ---- */

static int run_case(struct testing *t,
                    struct fh_case_files *files,
                    const char *path,
                    const struct fh_case *written,
                    struct fh_err *err)
{
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(RUN_ARENA_BYTES);
    struct fh_case one = *written;
    struct fh_case_world world;
    struct fh_case_result result = {.miss_count = 0};
    struct fh_access_trace trace;
    struct fh_err wrong;
    if (arena == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a case");
    }
    fh_access_trace_init(&trace, arena);
    int code = fh_case_files_world(files, &one, &world, err);
    if (code != FH_OK) {
        return code;
    }
    code = fh_case_run(&one, &world, &trace, arena, &result, &wrong);
    const struct fh_case_miss nonsense = {
        .about = "case", .expected = "", .happened = wrong.text, .why = wrong.rule};
    if (code != FH_OK && code != FH_EINVAL) {
        *err = wrong;
        return code;
    }
    t->cases++;
    t->failed += code != FH_OK || result.miss_count > 0 ? 1 : 0;
    if (code != FH_OK) {
        put_row(t, path, &one, &nonsense);
        return FH_OK;
    }
    fh_case_files_touch(files, &one, &world, &trace);
    if (result.miss_count == 0) {
        put_row(t, path, &one, NULL);
    }
    for (const struct fh_case_miss *at = result.misses; at != NULL; at = at->next) {
        put_row(t, path, &one, at);
    }
    return FH_OK;
}

static int run_cases(struct testing *t,
                     struct fh_arena *arena,
                     const char *path,
                     struct fh_bytes text,
                     struct fh_err *err)
{
    struct fh_case_files files;
    struct fh_findings findings;
    struct fh_cases *cases = NULL;
    fh_findings_init(&findings, arena);
    int code = fh_cases_read(&cases, text, &findings, err);
    fh_lint_print(t->cli->messages, path, &findings);
    if (code != FH_OK) {
        return code == FH_ECHECK ? fh_err_rule(err,
                                               FH_ECHECK,
                                               fh_lint_first_rule(&findings),
                                               "%s: the cases have errors; none was run",
                                               path)
                                 : code;
    }
    code = fh_case_files_init(&files, t->cli, path, err);
    for (uint32_t i = 0; code == FH_OK && i < cases->count; i++) {
        code = run_case(t, &files, path, &cases->items[i], err);
        if (code != FH_OK) {
            code = fh_err_wrap(err, "%s:%u", path, cases->items[i].line);
        }
    }
    if (code == FH_OK) {
        say_untouched(t, &files);
    }
    fh_case_files_fini(&files);
    return code;
}

static int run_file(struct testing *t, const char *path, struct fh_err *err)
{
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&text, FH_CONTRACT_BYTES_MAX);
    if (arena == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for cases");
    }
    int code = fh_cli_read(t->cli, path, &text, err);
    return code == FH_OK ? run_cases(t, arena, path, fh_buf_view(&text), err) : code;
}

static int verdict(struct testing *t, struct fh_err *err)
{
    fh_cli_say(t->cli,
               "%u case%s: %u passed, %u failed",
               t->cases,
               t->cases == 1 ? "" : "s",
               t->cases - t->failed,
               t->failed);
    if (t->failed > 0) {
        return fh_err_rule(err,
                           FH_ECHECK,
                           "case.failed",
                           "%u of %u cases: the policies do something else",
                           t->failed,
                           t->cases);
    }
    return t->broken == 0
               ? FH_OK
               : fh_err_rule(err, FH_ECHECK, t->rule, "%u files of cases were not run", t->broken);
}

int fh_cmd_policy_test(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct testing t = {.cli = cli, .brief = cli->format == FH_OUTPUT_TABLE};
    int code = FH_OK;
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        t.brief ? fh_cli_output(cli, false, brief_columns, FH_COUNT(brief_columns))
                : fh_cli_output(cli, false, data_columns, FH_COUNT(data_columns));
    t.output = output;
    for (unsigned i = 0; code == FH_OK && i < args->operand_count; i++) {
        struct fh_err failed = {0};
        int rc = run_file(&t, args->operands[i], &failed);
        if (rc != FH_OK && args->operand_count == 1) {
            *err = failed;
            return rc;
        }
        if (rc != FH_OK) {
            fh_cli_complain(cli, &failed);
            snprintf(t.rule, sizeof t.rule, "%s", failed.rule);
            t.broken++;
        }
    }
    code = fh_output_end(output, err);
    return code == FH_OK ? verdict(&t, err) : code;
}
