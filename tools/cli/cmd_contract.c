/* SPDX-License-Identifier: Apache-2.0 */
#include "common/file.h"
#include "common/time.h"
#include "tools/cli/cli.h"
#include "tools/cli/verdict.h"
#include "tools/client/describe.h"
#include "tools/client/product_name.h"

#include <string.h>
#include <sys/stat.h>

/* ---- show ---- */

static int fetch(struct fh_cli *cli,
                 const struct fh_args *args,
                 struct freehold_description **out,
                 struct fh_err *err)
{
    struct freehold_client *client = NULL;
    int code = fh_cli_describe(cli, args, &client, out, err);
    freehold_close(client);
    return code;
}

static int
save(const struct freehold_description *description, const char *path, struct fh_err *err)
{
    size_t size = 0;
    const void *data = freehold_description_file(description, &size);
    int code = fh_file_replace(path, fh_bytes(data, size), 0644, err);
    return code == FH_OK ? FH_OK : fh_err_wrap(err, "--save %s", path);
}

static int
put_yaml(struct fh_cli *cli, const struct freehold_description *description, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"product", FH_OUTPUT_TEXT},
        {"contract", FH_OUTPUT_TEXT},
        {"yaml", FH_OUTPUT_TEXT},
    };
    const char *yaml = freehold_description_yaml(description);
    if (cli->format == FH_OUTPUT_TABLE) {
        size_t length = strlen(yaml);
        fputs(yaml, cli->out);
        if (length == 0 || yaml[length - 1] != '\n') {
            fputc('\n', cli->out);
        }
        return FH_OK;
    }
    const struct fh_proof *proof = fh_description_proof(description);
    char name[FH_PRODUCT_NAME_BYTES];
    char contract[FH_ID_TEXT_BYTES];
    fh_product_name_text(name, proof->domain_name, proof->stated.product, proof->stated.version);
    fh_record_id_text(contract, &proof->contract_id);
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, true, columns, FH_COUNT(columns));
    fh_output_text(output, name);
    fh_output_text(output, contract);
    fh_output_text(output, yaml);
    return fh_output_end(output, err);
}

int fh_cmd_contract_show(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct freehold_description *description = NULL;
    const char *path = fh_args_value(args, "save");
    int code = fetch(cli, args, &description, err);
    if (code == FH_OK) {
        code = put_yaml(cli, description, err);
    }
    if (code == FH_OK && path != NULL) {
        code = save(description, path, err);
    }
    freehold_description_free(description);
    return code;
}

/* ---- verify ---- */

int fh_cmd_contract_verify(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct stat st;
    if (stat(args->operands[0], &st) == 0) {
        return fh_verdict_file(cli, args, args->operands[0], err);
    }
    struct freehold_description *description = NULL;
    int code = fetch(cli, args, &description, err);
    if (code == FH_OK) {
        code = fh_verdict_contract(cli, fh_description_proof(description), err);
    }
    freehold_description_free(description);
    return code;
}
