/* SPDX-License-Identifier: Apache-2.0 */
#include "common/time.h"
#include "tools/cli/cli.h"
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
    fh_product_name_text(name, proof->domain_name, proof->stated.product, proof->stated.version);
    fh_time_text(signed_at, freehold_description_signed_ms(description));
    fh_cli_age(age, product.age_ms);
    const struct fh_contract *model = proof->model;
    const char *purpose = model->description == NULL ? NULL : model->description->purpose;
    const char *team = model->team == NULL ? NULL : model->team->name;
    fh_output_text(output, name);
    fh_output_text(output, fh_announce_status_text(proof->announced.status));
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
    (void)cli;
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

/* The `columns` column is there in JSON only; a table and CSV show them as rows of their own. */
static int put_description(struct fh_cli *cli,
                           const struct freehold_description *description,
                           struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"product", FH_OUTPUT_TEXT},
        {"status", FH_OUTPUT_TEXT},
        {"purpose", FH_OUTPUT_TEXT},
        {"owner", FH_OUTPUT_TEXT},
        {"team", FH_OUTPUT_TEXT},
        {"readers", FH_OUTPUT_TEXT},
        {"reachable", FH_OUTPUT_BOOL},
        {"heard", FH_OUTPUT_TEXT},
        {"verified", FH_OUTPUT_BOOL},
        {"signed", FH_OUTPUT_TEXT},
        {"signing_key", FH_OUTPUT_TEXT},
        {"contract", FH_OUTPUT_TEXT},
        {"sequence", FH_OUTPUT_NUMBER},
        {"compatibility", FH_OUTPUT_TEXT},
        {"columns", FH_OUTPUT_RAW},
    };
    if (cli->format == FH_OUTPUT_CSV) {
        return put_columns(cli, description, err);
    }
    bool json = cli->format == FH_OUTPUT_JSON;
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, true, columns, FH_COUNT(columns) - (json ? 0 : 1));
    describe_head(cli, output, description);
    if (json) {
        struct fh_buf list FH_CLEANUP(fh_buf_fini);
        fh_buf_init(&list, 16 * (size_t)FH_CONTRACT_BYTES_MAX);
        add_columns_json(&list, description);
        fh_output_cell(output, fh_buf_view(&list));
    }
    int code = fh_output_end(output, err);
    if (code == FH_OK && !json) {
        fputc('\n', cli->out);
        code = put_columns(cli, description, err);
    }
    return code;
}

int fh_cmd_product_describe(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct fh_product_name name;
    struct freehold_client *client = NULL;
    struct freehold_description *description = NULL;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    int code = fh_product_name_parse(&name, args->operands[0], err);
    if (code == FH_OK) {
        code = fh_cli_client(cli, fh_args_value(args, "peer"), &client, err);
    }
    if (code == FH_OK &&
        freehold_describe(&description, client, args->operands[0], &error) != FREEHOLD_OK) {
        code = fh_cli_error(err, &error);
    }
    freehold_close(client);
    if (code == FH_OK) {
        code = put_description(cli, description, err);
    }
    freehold_description_free(description);
    return code;
}
