/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/contract/export.h"

#include "common/compiler.h"
#include "proto/contract/contract_write.h"
#include "tools/contract/page.h"

#include <string.h>

static int write_odcs(struct fh_buf *out,
                      const struct fh_contract *contract,
                      const struct fh_export_options *options,
                      struct fh_err *err)
{
    (void)options;
    (void)err;
    fh_contract_write(out, contract, NULL);
    return FH_OK;
}

static int write_html(struct fh_buf *out,
                      const struct fh_contract *contract,
                      const struct fh_export_options *options,
                      struct fh_err *err)
{
    (void)options;
    (void)err;
    fh_page_write(out, &fh_page_html, contract);
    return FH_OK;
}

static int write_markdown(struct fh_buf *out,
                          const struct fh_contract *contract,
                          const struct fh_export_options *options,
                          struct fh_err *err)
{
    (void)options;
    (void)err;
    fh_page_write(out, &fh_page_markdown, contract);
    return FH_OK;
}

static const struct fh_export_format formats[] = {
    {"odcs", write_odcs, false, false},
    {"jsonschema", fh_export_jsonschema, true, false},
    {"sql", fh_export_sql, true, true},
    {"html", write_html, false, false},
    {"markdown", write_markdown, false, false},
};

const struct fh_export_format *fh_export_find(const char *name, struct fh_err *err)
{
    for (size_t i = 0; i < FH_COUNT(formats); i++) {
        if (strcmp(formats[i].name, name) == 0) {
            return &formats[i];
        }
    }
    (void)fh_err_set(
        err, FH_EUSAGE, "--format: %.32s is none of odcs, jsonschema, sql, html, markdown", name);
    return NULL;
}

int fh_export_dialect_parse(enum fh_export_dialect *out, const char *name, struct fh_err *err)
{
    static const char *const names[] = {
        [FH_EXPORT_DUCKDB] = "duckdb", [FH_EXPORT_POSTGRES] = "postgres"};
    *out = FH_EXPORT_DUCKDB;
    for (size_t i = 0; name != NULL && i < FH_COUNT(names); i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (enum fh_export_dialect)i;
            return FH_OK;
        }
    }
    return name == NULL
               ? FH_OK
               : fh_err_set(err, FH_EUSAGE, "--dialect: %.32s is none of duckdb, postgres", name);
}

int fh_export_write(struct fh_buf *out,
                    const struct fh_export_format *format,
                    const struct fh_contract *contract,
                    const struct fh_export_options *options,
                    struct fh_err *err)
{
    if (options->table != NULL && fh_contract_table(contract, options->table) == NULL) {
        return fh_err_set(
            err, FH_EUSAGE, "--table: the contract has no table %.64s", options->table);
    }
    int code = format->write(out, contract, options, err);
    if (code == FH_OK && fh_buf_ok(out) != FH_OK) {
        code = fh_err_set(err, fh_buf_ok(out), "the %s document does not fit", format->name);
    }
    return code;
}

bool fh_export_is_computed(const struct fh_contract_column *column)
{
    return column->semantic_type != NULL && strcmp(column->semantic_type, "column") != 0;
}
