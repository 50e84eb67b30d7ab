/* SPDX-License-Identifier: Apache-2.0 */
/* product check: the home's node looks at an own product's data now, or tells what it found before.
 */
#include "common/time.h"
#include "proto/quality/measurement.h"
#include "proto/quality/report.h"
#include "proto/session/messages.h"
#include "tools/cli/admin.h"
#include "tools/cli/cli.h"
#include "tools/cli/junit.h"
#include "tools/client/actor.h"
#include "tools/client/product_name.h"

#include <inttypes.h>
#include <string.h>

enum { REPORT_ARENA_BYTES = 32 * 1024 * 1024 };

struct checking {
    struct fh_cli *cli;
    const struct fh_args *args;
    struct fh_product_name name;
    struct fh_actor *actor;
    struct fh_admin *admin;
};

static int read_name(struct checking *c, struct fh_err *err)
{
    int code = fh_product_name_parse(&c->name, c->args->operands[0], err);
    if (code == FH_OK && strcmp(c->name.name.domain, c->actor->settings.domain) != 0) {
        code = fh_err_rule(err,
                           FH_EDENIED,
                           "product.check.owner",
                           "%s/%s belongs to another domain: it is measured by its owner, and "
                           "`product describe` shows what was found",
                           c->name.name.domain,
                           c->name.name.product);
    }
    return code;
}

static int call(struct checking *c,
                const struct fh_buf *request,
                struct fh_buf *answer,
                struct fh_pack_reader *reader,
                struct fh_err *err)
{
    int code = fh_buf_ok(request);
    return code == FH_OK
               ? fh_admin_call(
                     c->admin, fh_buf_view(request), FH_ADMIN_CHECK_MS, answer, reader, err)
               : fh_err_set(err, code, "the request does not fit a frame");
}

static int read_measurement(struct fh_bytes payload, struct fh_measurement *out, struct fh_err *err)
{
    struct fh_pack_limits limits = fh_pack_limits(FH_MEASUREMENT_BYTES_MAX);
    int code = fh_pack_scan(payload, &limits, err);
    return code == FH_OK ? fh_measurement_parse(out, payload, err) : code;
}

/* ---- now ---- */

static void put_checks(struct fh_output *output, const struct fh_report *report, bool in_words)
{
    for (uint32_t i = 0; i < report->check_count; i++) {
        const struct fh_report_check *check = &report->checks[i];
        const struct fh_promise_result *result = &check->result;
        fh_output_text(output, check->id);
        fh_output_text(output, fh_promise_outcome_text(result->outcome));
        if (!in_words) {
            fh_output_text(output, fh_promise_category_text(check->category));
            fh_output_text(output, check->rule);
        }
        fh_output_text(output, result->measured);
        fh_output_text(output, check->promised);
        if (!in_words) {
            fh_output_uint(output, result->failing);
            fh_output_uint(output, result->total);
        }
        fh_output_text(output, result->reason);
    }
}

static int put_report(struct checking *c, struct fh_bytes form, struct fh_err *err)
{
    static const struct fh_output_column table[] = {
        {"check", FH_OUTPUT_TEXT},
        {"outcome", FH_OUTPUT_TEXT},
        {"measured", FH_OUTPUT_TEXT},
        {"promised", FH_OUTPUT_TEXT},
        {"reason", FH_OUTPUT_TEXT},
    };
    static const struct fh_output_column data[] = {
        {"check", FH_OUTPUT_TEXT},
        {"outcome", FH_OUTPUT_TEXT},
        {"category", FH_OUTPUT_TEXT},
        {"rule", FH_OUTPUT_TEXT},
        {"measured", FH_OUTPUT_TEXT},
        {"promised", FH_OUTPUT_TEXT},
        {"failing", FH_OUTPUT_NUMBER},
        {"total", FH_OUTPUT_NUMBER},
        {"reason", FH_OUTPUT_TEXT},
    };
    struct fh_report report;
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(REPORT_ARENA_BYTES);
    int code = arena == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for a report")
                             : fh_report_decode(&report, form, arena, err);
    if (code != FH_OK) {
        return code;
    }
    bool in_words = c->cli->format == FH_OUTPUT_TABLE;
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        in_words ? fh_cli_output(c->cli, false, table, FH_COUNT(table))
                 : fh_cli_output(c->cli, false, data, FH_COUNT(data));
    put_checks(output, &report, in_words);
    const char *junit = fh_args_value(c->args, "junit");
    code = fh_output_end(output, err);
    return code == FH_OK && junit != NULL ? fh_junit_save(junit, &report, false, err) : code;
}

static int
judge(struct checking *c, const struct fh_measurement *m, bool dry_run, struct fh_err *err)
{
    enum fh_quality_state state = fh_measurement_state(m);
    fh_cli_say(c->cli,
               "%s: %" PRIu64 " passed, %" PRIu64 " failed, %" PRIu64 " warnings, %" PRIu64
               " not run%s",
               fh_quality_state_text(state),
               m->counts[FH_PROMISE_PASSED],
               m->counts[FH_PROMISE_FAILED],
               m->counts[FH_PROMISE_WARNED],
               m->counts[FH_PROMISE_NOT_RUN],
               dry_run ? "; nothing was signed" : "");
    if (state != FH_QUALITY_FAIL) {
        return FH_OK;
    }
    char broken[FH_ERR_TEXT_BYTES / 2];
    fh_measurement_broken_text(broken, sizeof broken, m);
    return fh_err_rule(err,
                       FH_ECHECK,
                       "product.quality.failed",
                       "%s/%s %s: %s%s",
                       c->actor->settings.domain,
                       m->product,
                       m->version,
                       broken,
                       m->gate == FH_QUALITY_GATE_BLOCK && !dry_run
                           ? "; other domains are refused until they hold again"
                           : "");
}

static int check_now(struct checking *c, struct fh_err *err)
{
    struct fh_msg_check asked = {.major = (uint32_t)c->name.name.major,
                                 .dry_run = fh_args_has(c->args, "dry-run")};
    memcpy(asked.product, c->name.name.product, sizeof asked.product);
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    struct fh_buf answer FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&request, FH_ADMIN_FRAME_BYTES_MAX);
    fh_buf_init(&answer, FH_ADMIN_FRAME_BYTES_MAX);
    struct fh_pack_reader reader;
    struct fh_bytes payload = FH_BYTES_NONE;
    struct fh_bytes report = FH_BYTES_NONE;
    struct fh_measurement measurement;
    fh_msg_check_request(&request, &asked);
    if (c->cli->progress) {
        fh_cli_say(c->cli, "checking the data ...");
    }
    int code = call(c, &request, &answer, &reader, err);
    if (code == FH_OK) {
        code = fh_msg_checked_read(&reader, &payload, &report, err);
    }
    if (code == FH_OK) {
        code = read_measurement(payload, &measurement, err);
    }
    if (code == FH_OK) {
        code = put_report(c, report, err);
    }
    return code == FH_OK ? judge(c, &measurement, asked.dry_run, err) : code;
}

/* ---- before ---- */

static int put_history(struct checking *c, struct fh_msg_bins *list, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"measured", FH_OUTPUT_TEXT},
        {"version", FH_OUTPUT_TEXT},
        {"quality", FH_OUTPUT_TEXT},
        {"passed", FH_OUTPUT_NUMBER},
        {"failed", FH_OUTPUT_NUMBER},
        {"warnings", FH_OUTPUT_NUMBER},
        {"not_run", FH_OUTPUT_NUMBER},
        {"rows", FH_OUTPUT_NUMBER},
        {"broken", FH_OUTPUT_TEXT},
    };
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(c->cli, false, columns, FH_COUNT(columns));
    int code = FH_OK;
    struct fh_bytes payload;
    while (code == FH_OK && fh_msg_bins_next(list, &payload)) {
        struct fh_measurement m;
        char when[FH_TIME_TEXT_BYTES];
        code = read_measurement(payload, &m, err);
        if (code != FH_OK) {
            break;
        }
        fh_time_text(when, m.measured_ms);
        fh_output_text(output, when);
        fh_output_text(output, m.version);
        fh_output_text(output, fh_quality_state_text(fh_measurement_state(&m)));
        for (size_t i = 0; i < FH_PROMISE_OUTCOME_COUNT; i++) {
            fh_output_uint(output, m.counts[i]);
        }
        fh_output_uint(output, m.rows);
        fh_output_text(output, m.broken_count > 0 ? m.broken[0].id : "");
    }
    return code == FH_OK ? fh_output_end(output, err) : code;
}

static int tell_history(struct checking *c, struct fh_err *err)
{
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    struct fh_buf answer FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&request, FH_ADMIN_FRAME_BYTES_MAX);
    fh_buf_init(&answer, FH_ADMIN_FRAME_BYTES_MAX);
    struct fh_pack_reader reader;
    struct fh_msg_bins list;
    fh_msg_measured_request(
        &request, c->name.name.product, (uint32_t)c->name.name.major, FH_MEASUREMENT_HISTORY_MAX);
    int code = call(c, &request, &answer, &reader, err);
    if (code == FH_OK) {
        code = fh_msg_bins_read(&reader, &list, err);
    }
    return code == FH_OK ? put_history(c, &list, err) : code;
}

static int check(struct checking *c, struct fh_err *err)
{
    int code = fh_actor_open_public(&c->actor, c->cli->home, err);
    if (code == FH_OK) {
        code = read_name(c, err);
    }
    if (code == FH_OK) {
        code = fh_admin_open(&c->admin, &c->actor->home, true, err);
    }
    if (code != FH_OK) {
        return code;
    }
    if (fh_args_has(c->args, "history") && fh_args_has(c->args, "junit")) {
        return fh_err_set(err, FH_EUSAGE, "--junit tells one look at the data, not --history");
    }
    return fh_args_has(c->args, "history") ? tell_history(c, err) : check_now(c, err);
}

int fh_cmd_product_check(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct checking c = {.cli = cli, .args = args};
    int code = check(&c, err);
    fh_admin_close(c.admin);
    fh_actor_free(c.actor);
    return code;
}
