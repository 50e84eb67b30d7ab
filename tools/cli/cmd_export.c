/* SPDX-License-Identifier: Apache-2.0 */
#include "common/file.h"
#include "tools/cli/cli.h"
#include "tools/cli/lint.h"
#include "tools/client/describe.h"
#include "tools/contract/export.h"

#include <sys/stat.h>

#include <string.h>

/* Whether the operand is a file of this machine; else it is the name of a product. */
static bool is_file(const char *operand)
{
    struct stat st;
    return strcmp(operand, "-") == 0 || stat(operand, &st) == 0;
}

static int put(struct fh_cli *cli, const char *path, struct fh_bytes document, struct fh_err *err)
{
    if (path != NULL) {
        int code = fh_file_replace(path, document, 0644, err);
        return code == FH_OK ? FH_OK : fh_err_wrap(err, "--out %s", path);
    }
    return fwrite(document.data, 1, document.size, cli->out) == document.size
               ? FH_OK
               : fh_err_set(err, FH_EIO, "the output could not be written");
}

/* A contract that does not lint is not exported: half of it might be missing. */
static int export_file(struct fh_cli *cli,
                       const char *path,
                       const struct fh_export_format *format,
                       const struct fh_export_options *options,
                       struct fh_buf *out,
                       struct fh_err *err)
{
    struct fh_lint lint;
    struct fh_lint_options rules = {0};
    int code = fh_lint_file(&lint, cli, path, &rules, err);
    if (code == FH_OK && lint.findings.errors > 0) {
        fh_lint_print(cli->messages, path, &lint.findings);
        code = fh_findings_ok(&lint.findings, err);
    } else if (code == FH_OK) {
        code = fh_export_write(out, format, lint.contract, options, err);
    }
    fh_lint_fini(&lint);
    return code;
}

/* The published text goes out byte for byte; the other formats are made of the signed meaning. */
static int export_product(struct fh_cli *cli,
                          const struct fh_args *args,
                          const struct fh_export_format *format,
                          const struct fh_export_options *options,
                          struct fh_buf *out,
                          struct fh_err *err)
{
    struct freehold_client *client = NULL;
    struct freehold_description *description = NULL;
    int code = fh_cli_describe(cli, args, &client, &description, err);
    if (code == FH_OK && strcmp(format->name, "odcs") == 0) {
        fh_buf_add_cstr(out, freehold_description_yaml(description));
    } else if (code == FH_OK) {
        code = fh_export_write(out, format, fh_description_proof(description)->model, options, err);
    }
    freehold_description_free(description);
    freehold_close(client);
    return code;
}

int fh_cmd_contract_export(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    const char *name = fh_args_value(args, "format");
    const char *dialect = fh_args_value(args, "dialect");
    struct fh_export_options options = {.table = fh_args_value(args, "table")};
    const struct fh_export_format *format = fh_export_find(name == NULL ? "odcs" : name, err);
    int code = format == NULL ? FH_EUSAGE : fh_export_dialect_parse(&options.dialect, dialect, err);
    if (code == FH_OK && dialect != NULL && !format->takes_dialect) {
        code = fh_err_set(err, FH_EUSAGE, "--dialect goes with --format sql");
    }
    if (code == FH_OK && options.table != NULL && !format->takes_table) {
        code = fh_err_set(err, FH_EUSAGE, "--table goes with --format sql or jsonschema");
    }
    if (code != FH_OK) {
        return code;
    }
    struct fh_buf out FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&out, FH_EXPORT_BYTES_MAX);
    code = is_file(args->operands[0])
               ? export_file(cli, args->operands[0], format, &options, &out, err)
               : export_product(cli, args, format, &options, &out, err);
    return code == FH_OK ? put(cli, fh_args_value(args, "out"), fh_buf_view(&out), err) : code;
}
