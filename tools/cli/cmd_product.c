/* SPDX-License-Identifier: Apache-2.0 */
#include "common/time.h"
#include "proto/gossip/lifecycle.h"
#include "proto/quality/promise.h"
#include "tools/cli/cli.h"
#include "tools/cli/forks.h"
#include "tools/cli/product_governance.h"
#include "tools/client/describe.h"
#include "tools/client/product_name.h"

#include <inttypes.h>
#include <string.h>

static void describe_head(struct fh_cli *cli,
                          struct fh_output *output,
                          const struct freehold_description *description)
{
    struct freehold_product product = {.size = sizeof product};
    freehold_description_product(description, &product);
    const struct fh_proof *proof = fh_description_proof(description);
    char name[FH_PRODUCT_NAME_BYTES];
    char signed_at[FH_TIME_TEXT_BYTES];
    char age[FH_AGE_BYTES];
    char sunset[FH_TIME_TEXT_BYTES];
    fh_sunset_text(sunset, product.sunset_ms);
    fh_product_name_text(name, proof->domain_name, proof->stated.product, proof->stated.version);
    fh_time_text(signed_at, freehold_description_signed_ms(description));
    fh_cli_age(age, product.age_ms);
    const struct fh_contract *model = proof->model;
    const char *purpose = model->description == NULL ? NULL : model->description->purpose;
    const char *team = model->team == NULL ? NULL : model->team->name;
    fh_output_text(output, name);
    fh_output_text(output, product.status);
    fh_output_text(output, sunset);
    fh_output_text(output, product.successor);
    fh_output_text(output, purpose == NULL ? proof->announced.summary : purpose);
    fh_output_text(output, proof->domain_name);
    fh_output_text(output, team == NULL ? "" : team);
    fh_output_text(output, fh_contract_open_to_mesh(model) ? "every domain of the mesh" : "own");
    fh_output_bool(output, product.reachable);
    fh_output_text(output, age);
    fh_output_bool(output, true);
    fh_output_text(output, signed_at);
    fh_output_text(output, freehold_description_key(description));
    fh_output_text(output, product.contract);
    fh_output_uint(output, proof->stated.seq);
    char judged[64];
    snprintf(judged,
             sizeof judged,
             proof->stated.compat_rules <= FH_CONTRACT_COMPAT_RULES ? "rule set %" PRIu64
                                                                    : "unjudged: rule set %" PRIu64
                                                                      " is newer than this program",
             proof->stated.compat_rules);
    fh_output_text(output, judged);
    fh_output_bool(output, product.forked);
    (void)cli;
}

static void describe_quality(struct fh_output *output,
                             const struct freehold_description *description)
{
    struct freehold_measurement m = {.size = sizeof m};
    char age[FH_AGE_BYTES];
    char counts[160] = "";
    char uptime[16] = "";
    freehold_description_measurement(description, &m);
    if (m.measured_ms != 0) {
        snprintf(counts,
                 sizeof counts,
                 "%" PRIu64 " passed, %" PRIu64 " failed, %" PRIu64 " warnings, %" PRIu64
                 " not run",
                 m.passed,
                 m.failed,
                 m.warnings,
                 m.not_run);
    }
    if (m.uptime >= 0) {
        snprintf(uptime, sizeof uptime, "%.2f %%", m.uptime * 100);
    }
    fh_output_text(output, m.quality);
    fh_output_text(output, fh_cli_since(age, m.measured_ms));
    fh_output_text(output, counts);
    fh_output_text(output, m.gate);
    fh_output_text(output, m.key);
    fh_output_text(output, uptime);
}

/* Everything that the measurement says, as one value; null when there is none. */
static void add_measurement_json(struct fh_buf *out, const struct freehold_description *description)
{
    struct freehold_measurement m = {.size = sizeof m};
    char measured[FH_TIME_TEXT_BYTES];
    char expires[FH_TIME_TEXT_BYTES];
    freehold_description_measurement(description, &m);
    if (m.measured_ms == 0) {
        fh_buf_add_cstr(out, "null");
        return;
    }
    fh_time_text(measured, m.measured_ms);
    fh_time_text(expires, m.expires_ms);
    fh_buf_printf(
        out,
        "{\"quality\": \"%s\", \"found\": \"%s\", \"gate\": \"%s\", \"measured\": \"%s\", "
        "\"expires\": \"%s\", \"rows\": %" PRIu64 ", \"passed\": %" PRIu64 ", \"failed\": %" PRIu64
        ", \"warnings\": %" PRIu64 ", \"not_run\": %" PRIu64
        ", \"complete\": %s, \"signing_key\": \"%s\", \"record\": \"%s\", \"results\": [",
        m.quality,
        m.found,
        m.gate,
        measured,
        expires,
        m.rows,
        m.passed,
        m.failed,
        m.warnings,
        m.not_run,
        m.complete ? "true" : "false",
        m.key,
        m.record);
    for (size_t i = 0; i < freehold_description_result_count(description); i++) {
        struct freehold_promise_result result = {.size = sizeof result};
        freehold_description_result(description, i, &result);
        fh_buf_add_cstr(out, i == 0 ? "{\"promise\": " : ", {\"promise\": ");
        fh_output_json_string(out, fh_bytes_cstr(result.promise));
        fh_buf_printf(out,
                      ", \"category\": \"%s\", \"outcome\": \"%s\", \"rule\": ",
                      result.category,
                      result.outcome);
        fh_output_json_string(out, fh_bytes_cstr(result.rule));
        fh_buf_add_cstr(out, ", \"measured\": ");
        fh_output_json_string(out, fh_bytes_cstr(result.measured));
        fh_buf_printf(out,
                      ", \"failing\": %" PRIu64 ", \"total\": %" PRIu64 "}",
                      result.failing,
                      result.total);
    }
    fh_buf_add_cstr(out, "]}");
}

/* What a contract promises under an id, in words; "" when the id is cut, or there is none. */
static const char *promised(const struct fh_promises *promises, const char *id)
{
    for (uint32_t i = 0; i < promises->count; i++) {
        if (strcmp(promises->items[i].id, id) == 0) {
            return promises->items[i].promised;
        }
    }
    return "";
}

static void put_broken_row(struct fh_output *output,
                           const struct freehold_promise_result *result,
                           const struct fh_promises *promises)
{
    fh_output_text(output, result->promise);
    fh_output_text(output, result->outcome);
    fh_output_text(output, result->measured);
    fh_output_text(output, promised(promises, result->promise));
    fh_output_uint(output, result->failing);
    fh_output_uint(output, result->total);
}

/* The promises that do not hold, as rows of their own; nothing when all hold. */
static int
put_broken(struct fh_cli *cli, const struct freehold_description *description, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"broken_promise", FH_OUTPUT_TEXT},
        {"outcome", FH_OUTPUT_TEXT},
        {"measured", FH_OUTPUT_TEXT},
        {"promised", FH_OUTPUT_TEXT},
        {"failing", FH_OUTPUT_NUMBER},
        {"total", FH_OUTPUT_NUMBER},
    };
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    struct fh_promises promises = {.count = 0};
    struct fh_err ignored;
    const struct fh_contract *model = fh_description_proof(description)->model;
    if (arena == NULL || fh_promises_make(&promises, model, arena, &ignored) != FH_OK) {
        promises.count = 0; /* then without the words */
    }
    struct fh_output *output FH_CLEANUP(fh_output_freep) = NULL;
    for (size_t i = 0; i < freehold_description_result_count(description); i++) {
        struct freehold_promise_result result = {.size = sizeof result};
        freehold_description_result(description, i, &result);
        if (strcmp(result.outcome, "passed") == 0) {
            continue;
        }
        if (output == NULL) {
            fputc('\n', cli->out);
            output = fh_cli_output(cli, false, columns, FH_COUNT(columns));
        }
        put_broken_row(output, &result, &promises);
    }
    return output == NULL ? FH_OK : fh_output_end(output, err);
}

static void add_columns_json(struct fh_buf *out, const struct freehold_description *description)
{
    size_t count = freehold_description_column_count(description);
    fh_buf_add_cstr(out, "[");
    for (size_t i = 0; i < count; i++) {
        struct freehold_contract_column column = {.size = sizeof column};
        freehold_description_column(description, i, &column);
        fh_buf_add_cstr(out, i == 0 ? "{\"table\": " : ", {\"table\": ");
        fh_output_json_string(out, fh_bytes_cstr(column.table));
        fh_buf_add_cstr(out, ", \"column\": ");
        fh_output_json_string(out, fh_bytes_cstr(column.name));
        fh_buf_add_cstr(out, ", \"type\": ");
        fh_output_json_string(out, fh_bytes_cstr(column.type));
        fh_buf_printf(out, ", \"required\": %s", column.required ? "true" : "false");
        fh_buf_printf(out, ", \"primary_key\": %s", column.primary_key ? "true" : "false");
        fh_buf_add_cstr(out, ", \"classification\": ");
        fh_output_json_string(out, fh_bytes_cstr(column.classification));
        fh_buf_add_cstr(out, ", \"description\": ");
        fh_output_json_string(out, fh_bytes_cstr(column.description));
        fh_buf_add_cstr(out, "}");
    }
    fh_buf_add_cstr(out, "]");
}

static int
put_columns(struct fh_cli *cli, const struct freehold_description *description, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"table", FH_OUTPUT_TEXT},
        {"column", FH_OUTPUT_TEXT},
        {"type", FH_OUTPUT_TEXT},
        {"key", FH_OUTPUT_BOOL},
        {"required", FH_OUTPUT_BOOL},
        {"class", FH_OUTPUT_TEXT},
        {"description", FH_OUTPUT_TEXT},
    };
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, FH_COUNT(columns));
    for (size_t i = 0; i < freehold_description_column_count(description); i++) {
        struct freehold_contract_column column = {.size = sizeof column};
        freehold_description_column(description, i, &column);
        fh_output_text(output, column.table);
        fh_output_text(output, column.name);
        fh_output_text(output, column.type);
        fh_output_bool(output, column.primary_key);
        fh_output_bool(output, column.required);
        fh_output_text(output, column.classification);
        fh_output_text(output, column.description);
    }
    return fh_output_end(output, err);
}

/* The `measurement`, `governance` and `columns` are there in JSON only; a table shows broken
 * promises, policies and columns as rows of their own, CSV the columns alone. */
static int put_description(struct fh_cli *cli,
                           const struct freehold_description *description,
                           const struct fh_governance *governance,
                           struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"product", FH_OUTPUT_TEXT},      {"status", FH_OUTPUT_TEXT},
        {"sunset", FH_OUTPUT_TEXT},       {"successor", FH_OUTPUT_TEXT},
        {"purpose", FH_OUTPUT_TEXT},      {"owner", FH_OUTPUT_TEXT},
        {"team", FH_OUTPUT_TEXT},         {"readers", FH_OUTPUT_TEXT},
        {"reachable", FH_OUTPUT_BOOL},    {"heard", FH_OUTPUT_TEXT},
        {"verified", FH_OUTPUT_BOOL},     {"signed", FH_OUTPUT_TEXT},
        {"signing_key", FH_OUTPUT_TEXT},  {"contract", FH_OUTPUT_TEXT},
        {"sequence", FH_OUTPUT_NUMBER},   {"compatibility", FH_OUTPUT_TEXT},
        {"forked", FH_OUTPUT_BOOL},       {"quality", FH_OUTPUT_TEXT},
        {"measured", FH_OUTPUT_TEXT},     {"promises", FH_OUTPUT_TEXT},
        {"quality_gate", FH_OUTPUT_TEXT}, {"measuring_key", FH_OUTPUT_TEXT},
        {"uptime_30d", FH_OUTPUT_TEXT},   {"measurement", FH_OUTPUT_RAW},
        {"governance", FH_OUTPUT_RAW},    {"columns", FH_OUTPUT_RAW},
    };
    if (cli->format == FH_OUTPUT_CSV) {
        return put_columns(cli, description, err);
    }
    bool json = cli->format == FH_OUTPUT_JSON;
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, true, columns, FH_COUNT(columns) - (json ? 0 : 3));
    describe_head(cli, output, description);
    describe_quality(output, description);
    if (json) {
        struct fh_buf list FH_CLEANUP(fh_buf_fini);
        fh_buf_init(&list, 16 * (size_t)FH_CONTRACT_BYTES_MAX);
        add_measurement_json(&list, description);
        fh_output_cell(output, fh_buf_view(&list));
        fh_buf_reset(&list);
        fh_product_governance_json(&list, governance);
        fh_output_cell(output, fh_buf_view(&list));
        fh_buf_reset(&list);
        add_columns_json(&list, description);
        fh_output_cell(output, fh_buf_view(&list));
    }
    int code = fh_output_end(output, err);
    if (code == FH_OK && !json) {
        code = put_broken(cli, description, err);
    }
    if (code == FH_OK && !json) {
        code = fh_product_governance_put(cli, governance, err);
    }
    if (code == FH_OK && !json) {
        fputc('\n', cli->out);
        code = put_columns(cli, description, err);
    }
    return code;
}

int fh_cmd_product_describe(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct freehold_client *client = NULL;
    struct freehold_description *description = NULL;
    int code = fh_cli_describe(cli, args, &client, &description, err);
    struct fh_history *history FH_CLEANUP(fh_history_freep) = NULL;
    struct fh_governance governance FH_CLEANUP(fh_governance_fini) = {.whole = false};
    struct freehold_product product = {.size = sizeof product};
    if (code == FH_OK) {
        fh_product_governance_ask(&governance, client, description);
        freehold_description_product(description, &product);
    }
    if (code == FH_OK && product.forked) {
        code = fh_history_ask(&history, client, product.domain_name, product.product, err);
    }
    freehold_close(client);
    if (code == FH_OK) {
        code = put_description(cli, description, &governance, err);
    }
    if (code == FH_OK && history != NULL) {
        fh_forks_say(cli, history);
    }
    freehold_description_free(description);
    return code;
}
