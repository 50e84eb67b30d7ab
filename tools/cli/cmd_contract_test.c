/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test: a contract's promises against its data, without a home and without a mesh.
 *
 *     the contract is read -> a node without a home checks beneath its folder -> report
 */
#include "common/file.h"
#include "common/time.h"
#include "proto/contract/lint.h"
#include "proto/quality/report.h"
#include "proto/session/messages_data.h"
#include "tools/cli/admin.h"
#include "tools/cli/cli.h"
#include "tools/cli/junit.h"
#include "tools/cli/lint.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { REPORT_ARENA_BYTES = 32 * 1024 * 1024 };

struct testing {
    struct fh_cli *cli;
    const char *path;
    struct fh_test_question question;
    const char *junit; /* NULL: none */
    bool warnings_fail;
    struct fh_buf text;
    struct fh_buf answer;
    struct fh_arena *arena;
    struct fh_report report;
    uint32_t outcomes[FH_PROMISE_OUTCOME_COUNT];
};

/* ---- what is asked ---- */

static int read_categories(uint32_t *out, const char *text, struct fh_err *err)
{
    *out = 0;
    while (text != NULL && *text != 0) {
        char name[16];
        size_t size = strcspn(text, ",");
        snprintf(name, sizeof name, "%.*s", size < sizeof name ? (int)size : 15, text);
        enum fh_promise_category category = fh_promise_category_parse(name);
        if (category == FH_PROMISE_CATEGORY_COUNT) {
            return fh_err_set(err,
                              FH_EUSAGE,
                              "--only: \"%s\" is none of schema, quality, sla (several by comma)",
                              name);
        }
        *out |= 1U << (unsigned)category;
        text += size;
        text += *text == ',' ? 1 : 0;
    }
    return FH_OK;
}

static int read_flags(struct testing *t, const struct fh_args *args, struct fh_err *err)
{
    const char *now = fh_args_value(args, "now");
    const char *fail_on = fh_args_value(args, "fail-on");
    const char *server = fh_args_value(args, "server");
    const char *samples = fh_args_value(args, "samples");
    uint64_t rows = 0;
    t->junit = fh_args_value(args, "junit");
    int code = read_categories(&t->question.categories, fh_args_value(args, "only"), err);
    if (code == FH_OK) {
        code = fh_cli_number(&rows, "--samples", samples, FH_REPORT_SAMPLE_ROWS_MAX, err);
    }
    if (code != FH_OK) {
        return code;
    }
    t->question.samples = (uint32_t)rows;
    t->question.now_ms = fh_clock_wall_ms();
    if (now != NULL && !fh_time_parse(now, &t->question.now_ms)) {
        return fh_err_set(err,
                          FH_EUSAGE,
                          "--now: \"%.40s\" is no time; write 2027-01-31 or 2027-01-31T12:00:00Z",
                          now);
    }
    if (fail_on != NULL && strcmp(fail_on, "warning") != 0 && strcmp(fail_on, "error") != 0) {
        return fh_err_set(err, FH_EUSAGE, "--fail-on: it is warning or error (default error)");
    }
    t->warnings_fail = fail_on != NULL && strcmp(fail_on, "warning") == 0;
    if (server != NULL && strlen(server) >= sizeof t->question.server) {
        return fh_err_set(err, FH_EUSAGE, "--server: the name is too long");
    }
    snprintf(t->question.server, sizeof t->question.server, "%s", server == NULL ? "" : server);
    return FH_OK;
}

static int find_data_root(struct testing *t, struct fh_err *err)
{
    char resolved[PATH_MAX];
    _Static_assert(sizeof t->question.data_root >= sizeof resolved, "any path fits");
    if (strcmp(t->path, "-") == 0) {
        return fh_err_set(err, FH_EUSAGE, "a contract is tested from a file: data lie beside it");
    }
    if (realpath(t->path, resolved) == NULL) {
        return fh_err_set(err, FH_ENOTFOUND, "%s: %s", t->path, strerror(errno));
    }
    char *slash = strrchr(resolved, '/');
    slash[slash == resolved ? 1 : 0] = 0;
    memcpy(t->question.data_root, resolved, strlen(resolved) + 1);
    return FH_OK;
}

/* Only a contract without a mistake says what is promised. */
static int read_contract(struct testing *t, struct fh_err *err)
{
    struct fh_lint_options options = {.for_publishing = false};
    struct fh_contract *contract = NULL;
    struct fh_findings findings;
    struct fh_err first = {0};
    fh_findings_init(&findings, t->arena);
    int code = fh_cli_read(t->cli, t->path, &t->text, err);
    if (code != FH_OK) {
        return code;
    }
    code = fh_contract_lint(&contract, fh_buf_view(&t->text), &options, &findings, &first);
    if (code == FH_ECHECK) {
        fh_lint_print(t->cli->messages, t->path, &findings);
    }
    if (code != FH_OK) {
        *err = first;
        return fh_err_wrap(err, "%s", t->path);
    }
    t->question.yaml = fh_buf_view(&t->text);
    return FH_OK;
}

static int ask(struct testing *t, struct fh_err *err)
{
    struct fh_buf form FH_CLEANUP(fh_buf_fini);
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    struct fh_admin *admin FH_CLEANUP(fh_admin_closep) = NULL;
    struct fh_pack_reader reader;
    struct fh_bytes report = FH_BYTES_NONE;
    fh_buf_init(&form, FH_ADMIN_FRAME_BYTES_MAX);
    fh_buf_init(&request, FH_ADMIN_FRAME_BYTES_MAX);
    fh_test_question_encode(&form, &t->question);
    fh_msg_test_request(&request, fh_buf_view(&form));
    int code = fh_buf_ok(&form) != FH_OK ? fh_buf_ok(&form) : fh_buf_ok(&request);
    if (code != FH_OK) {
        return fh_err_set(err, code, "the contract does not fit a frame");
    }
    if (t->cli->progress) {
        fh_cli_say(t->cli, "checking the data ...");
    }
    code = fh_admin_open_errand(&admin, err);
    if (code == FH_OK) {
        code = fh_admin_call(
            admin, fh_buf_view(&request), FH_ADMIN_CHECK_MS, &t->answer, &reader, err);
    }
    if (code == FH_OK) {
        code = fh_msg_test_read(&reader, &report, err);
    }
    return code == FH_OK ? fh_report_decode(&t->report, report, t->arena, err) : code;
}

/* ---- what is shown ---- */

static void put_table(struct testing *t, struct fh_output *output)
{
    for (uint32_t i = 0; i < t->report.check_count; i++) {
        const struct fh_report_check *check = &t->report.checks[i];
        fh_output_text(output, fh_promise_outcome_text(check->result.outcome));
        fh_output_text(output, check->id);
        fh_output_text(output, check->result.measured);
        fh_output_text(output, check->promised);
        fh_output_text(output, check->result.reason);
    }
}

/* Rows of a check as a JSON list of objects; "[]" without. */
static void put_sample_json(const struct testing *t, uint32_t check, struct fh_buf *out)
{
    const char *comma = "";
    fh_buf_add_u8(out, '[');
    for (uint32_t i = 0; i < t->report.sample_count; i++) {
        const struct fh_report_sample *sample = &t->report.samples[i];
        for (uint32_t row = 0; sample->check == check && row < sample->row_count; row++) {
            fh_buf_printf(out, "%s{", comma);
            for (uint32_t k = 0; k < sample->column_count; k++) {
                const char *cell = sample->cells[row * sample->column_count + k];
                fh_buf_add_cstr(out, k == 0 ? "" : ", ");
                fh_output_json_string(out, fh_bytes_cstr(sample->columns[k]));
                fh_buf_add_cstr(out, ": ");
                if (cell == NULL) {
                    fh_buf_add_cstr(out, "null");
                } else {
                    fh_output_json_string(out, fh_bytes_cstr(cell));
                }
            }
            fh_buf_add_u8(out, '}');
            comma = ", ";
        }
    }
    fh_buf_add_u8(out, ']');
}

static void put_data(struct testing *t, struct fh_output *output)
{
    struct fh_buf sample FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&sample, FH_REPORT_BYTES_MAX);
    for (uint32_t i = 0; i < t->report.check_count; i++) {
        const struct fh_report_check *check = &t->report.checks[i];
        const struct fh_promise_result *result = &check->result;
        fh_output_text(output, check->id);
        fh_output_text(output, fh_promise_outcome_text(result->outcome));
        fh_output_text(output, fh_promise_category_text(check->category));
        fh_output_text(output, check->rule);
        fh_output_text(output, check->name);
        fh_output_text(output, check->dimension);
        fh_output_text(output, check->severity == FH_PROMISE_WARNING ? "warning" : "error");
        fh_output_text(output, check->table);
        fh_output_text(output, check->column);
        fh_output_text(output, check->promised);
        fh_output_text(output, result->measured);
        fh_output_uint(output, result->failing);
        fh_output_uint(output, result->total);
        fh_output_text(output, result->reason);
        fh_buf_reset(&sample);
        put_sample_json(t, i, &sample);
        fh_output_cell(output, fh_buf_view(&sample));
    }
}

static int show(struct testing *t, struct fh_err *err)
{
    static const struct fh_output_column table[] = {
        {"outcome", FH_OUTPUT_TEXT},
        {"check", FH_OUTPUT_TEXT},
        {"measured", FH_OUTPUT_TEXT},
        {"promised", FH_OUTPUT_TEXT},
        {"reason", FH_OUTPUT_TEXT},
    };
    static const struct fh_output_column data[] = {
        {"check", FH_OUTPUT_TEXT},
        {"outcome", FH_OUTPUT_TEXT},
        {"category", FH_OUTPUT_TEXT},
        {"rule", FH_OUTPUT_TEXT},
        {"name", FH_OUTPUT_TEXT},
        {"dimension", FH_OUTPUT_TEXT},
        {"severity", FH_OUTPUT_TEXT},
        {"table", FH_OUTPUT_TEXT},
        {"column", FH_OUTPUT_TEXT},
        {"promised", FH_OUTPUT_TEXT},
        {"measured", FH_OUTPUT_TEXT},
        {"failing", FH_OUTPUT_NUMBER},
        {"total", FH_OUTPUT_NUMBER},
        {"reason", FH_OUTPUT_TEXT},
        {"samples", FH_OUTPUT_RAW},
    };
    bool is_table = t->cli->format == FH_OUTPUT_TABLE;
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        is_table ? fh_cli_output(t->cli, false, table, FH_COUNT(table))
                 : fh_cli_output(t->cli, false, data, FH_COUNT(data));
    if (is_table) {
        put_table(t, output);
    } else {
        put_data(t, output);
    }
    return fh_output_end(output, err);
}

/* Failing rows of one check under its name. */
static int show_sample(struct testing *t, const struct fh_report_sample *sample, struct fh_err *err)
{
    struct fh_output_column columns[FH_REPORT_SAMPLE_COLUMNS_MAX];
    for (uint32_t i = 0; i < sample->column_count; i++) {
        columns[i] = (struct fh_output_column){sample->columns[i], FH_OUTPUT_TEXT};
    }
    fprintf(t->cli->out, "\n%s\n", t->report.checks[sample->check].id);
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(t->cli, false, columns, sample->column_count);
    for (uint32_t i = 0; i < sample->row_count * sample->column_count; i++) {
        if (sample->cells[i] == NULL) {
            fh_output_null(output);
        } else {
            fh_output_text(output, sample->cells[i]);
        }
    }
    return fh_output_end(output, err);
}

static int verdict(struct testing *t, struct fh_err *err)
{
    uint64_t rows = 0;
    for (uint32_t i = 0; i < t->report.table_count; i++) {
        rows += t->report.tables[i].rows;
    }
    fh_cli_say(t->cli,
               "%s: %" PRIu32 " passed, %" PRIu32 " failed, %" PRIu32 " warnings, %" PRIu32
               " not run; %" PRIu64 " rows in %" PRIu32 " table%s",
               t->path,
               t->outcomes[FH_PROMISE_PASSED],
               t->outcomes[FH_PROMISE_FAILED],
               t->outcomes[FH_PROMISE_WARNED],
               t->outcomes[FH_PROMISE_NOT_RUN],
               rows,
               t->report.table_count,
               t->report.table_count == 1 ? "" : "s");
    uint32_t broken = t->outcomes[FH_PROMISE_FAILED];
    broken += t->warnings_fail ? t->outcomes[FH_PROMISE_WARNED] : 0;
    return broken == 0 ? FH_OK
                       : fh_err_rule(err,
                                     FH_ECHECK,
                                     "check.failed",
                                     "the data break %" PRIu32 " promise%s of the contract",
                                     broken,
                                     broken == 1 ? "" : "s");
}

/* ---- all of it ---- */

static int run(struct testing *t, struct fh_err *err)
{
    int code = find_data_root(t, err);
    if (code == FH_OK) {
        code = read_contract(t, err);
    }
    if (code == FH_OK) {
        code = ask(t, err);
    }
    for (uint32_t i = 0; code == FH_OK && i < t->report.check_count; i++) {
        t->outcomes[t->report.checks[i].result.outcome]++;
    }
    if (code == FH_OK) {
        code = show(t, err);
    }
    bool is_table = t->cli->format == FH_OUTPUT_TABLE;
    for (uint32_t i = 0; code == FH_OK && is_table && i < t->report.sample_count; i++) {
        if (t->report.samples[i].column_count > 0) {
            code = show_sample(t, &t->report.samples[i], err);
        }
    }
    if (code == FH_OK && t->junit != NULL) {
        code = fh_junit_save(t->junit, &t->report, t->warnings_fail, err);
    }
    return code == FH_OK ? verdict(t, err) : code;
}

int fh_cmd_contract_test(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct testing t = {.cli = cli, .path = args->operands[0]};
    int code = read_flags(&t, args, err);
    if (code != FH_OK) {
        return code;
    }
    t.arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX + REPORT_ARENA_BYTES);
    if (t.arena == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory to test a contract");
    }
    fh_buf_init(&t.text, FH_CONTRACT_BYTES_MAX);
    fh_buf_init(&t.answer, FH_ADMIN_FRAME_BYTES_MAX);
    code = run(&t, err);
    fh_buf_fini(&t.text);
    fh_buf_fini(&t.answer);
    fh_arena_free(t.arena);
    return code;
}
