/* SPDX-License-Identifier: Apache-2.0 */
/* product quality: what a product's owner measured over time: its promises and how they held, its
 * measurements, or one promise in each of them. */
#include "common/time.h"
#include "tools/cli/cli.h"
#include "tools/client/quality.h"

#include <stdio.h>
#include <string.h>

/* ---- how each promise held ---- */

static void put_check(struct fh_output *output, const struct fh_quality_history *history, size_t at)
{
    const struct fh_quality_check *check = &history->checks[at];
    const struct fh_quality_point *newest = NULL;
    uint64_t counts[FH_PROMISE_OUTCOME_COUNT] = {0};
    int64_t broken_ms = 0;
    for (size_t i = 0; i < history->look_count; i++) {
        const struct fh_quality_point *point = &history->points[at][i];
        if (!point->told) {
            continue;
        }
        newest = newest == NULL ? point : newest;
        counts[point->outcome]++;
        if (broken_ms == 0 && point->outcome == FH_PROMISE_FAILED) {
            broken_ms = history->looks[i].said.measured_ms;
        }
    }
    fh_output_text(output, check->id);
    fh_output_text(output, newest == NULL ? "" : fh_promise_outcome_text(newest->outcome));
    fh_output_text(output, newest == NULL ? "" : newest->measured);
    for (size_t i = 0; i < FH_PROMISE_OUTCOME_COUNT; i++) {
        fh_output_uint(output, counts[i]);
    }
    if (broken_ms == 0) {
        fh_output_null(output);
    } else {
        fh_output_time(output, broken_ms);
    }
}

static int
put_checks(struct fh_cli *cli, const struct fh_quality_history *history, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"check", FH_OUTPUT_TEXT},
        {"outcome", FH_OUTPUT_TEXT},
        {"measured", FH_OUTPUT_TEXT},
        {"passed", FH_OUTPUT_NUMBER},
        {"failed", FH_OUTPUT_NUMBER},
        {"warnings", FH_OUTPUT_NUMBER},
        {"not_run", FH_OUTPUT_NUMBER},
        {"last_failed", FH_OUTPUT_TEXT},
    };
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, FH_COUNT(columns));
    for (size_t i = 0; i < history->check_count; i++) {
        put_check(output, history, i);
    }
    return fh_output_end(output, err);
}

/* ---- measurements ---- */

static void put_uptime(struct fh_output *output, uint64_t permyriad)
{
    char text[16];
    if (permyriad == FH_MEASUREMENT_UP_UNKNOWN) {
        fh_output_null(output);
        return;
    }
    snprintf(text, sizeof text, "%.4f", (double)permyriad / 10000);
    fh_output_text(output, text);
}

static int
put_looks(struct fh_cli *cli, const struct fh_quality_history *history, struct fh_err *err)
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
        {"uptime_30d", FH_OUTPUT_NUMBER},
        {"broken", FH_OUTPUT_TEXT},
    };
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, FH_COUNT(columns));
    for (size_t i = 0; i < history->look_count; i++) {
        const struct fh_measurement *m = &history->looks[i].said;
        fh_output_time(output, m->measured_ms);
        fh_output_text(output, m->version);
        fh_output_text(output, fh_quality_state_text(fh_measurement_state(m)));
        for (size_t k = 0; k < FH_PROMISE_OUTCOME_COUNT; k++) {
            fh_output_uint(output, m->counts[k]);
        }
        fh_output_uint(output, m->rows);
        put_uptime(output, m->up_permyriad);
        fh_output_text(output, m->broken_count > 0 ? m->broken[0].id : "");
    }
    return fh_output_end(output, err);
}

/* ---- one promise ---- */

static int put_points(struct fh_cli *cli,
                      const struct fh_quality_history *history,
                      const char *check,
                      struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"at", FH_OUTPUT_TEXT},
        {"version", FH_OUTPUT_TEXT},
        {"outcome", FH_OUTPUT_TEXT},
        {"measured", FH_OUTPUT_TEXT},
        {"failing", FH_OUTPUT_NUMBER},
        {"total", FH_OUTPUT_NUMBER},
    };
    size_t at = fh_quality_history_find(history, check);
    if (at == history->check_count) {
        return fh_err_rule(err,
                           FH_ENOTFOUND,
                           "quality.check",
                           "no promise \"%.100s\" was measured; `product quality` without --check "
                           "lists them",
                           check);
    }
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, FH_COUNT(columns));
    for (size_t i = 0; i < history->look_count; i++) {
        const struct fh_quality_point *point = &history->points[at][i];
        if (!point->told) {
            continue;
        }
        fh_output_time(output, history->looks[i].said.measured_ms);
        fh_output_text(output, history->looks[i].said.version);
        fh_output_text(output, fh_promise_outcome_text(point->outcome));
        fh_output_text(output, point->measured);
        fh_output_uint(output, point->failing);
        fh_output_uint(output, point->total);
    }
    return fh_output_end(output, err);
}

int fh_cmd_product_quality(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct fh_product_name name;
    struct freehold_client *client = NULL;
    struct fh_quality_history *history FH_CLEANUP(fh_quality_history_freep) = NULL;
    const char *check = fh_args_value(args, "check");
    int code = fh_product_name_parse(&name, args->operands[0], err);
    if (code == FH_OK) {
        code = fh_cli_client(cli, fh_args_value(args, "peer"), &client, err);
    }
    if (code == FH_OK) {
        code = fh_quality_history_ask(&history, client, &name, err);
    }
    freehold_close(client);
    if (code == FH_OK && history->look_count == 0) {
        code = fh_err_rule(err,
                           FH_ENOTFOUND,
                           "measurement.none",
                           "%s/%s was not measured yet",
                           name.name.domain,
                           name.name.product);
    }
    if (code != FH_OK) {
        return code;
    }
    if (!history->whole) {
        fh_cli_say(cli, "its owner keeps more: it could not be asked, or there is too much of it");
    }
    return check != NULL                  ? put_points(cli, history, check, err)
           : fh_args_has(args, "history") ? put_looks(cli, history, err)
                                          : put_checks(cli, history, err);
}
