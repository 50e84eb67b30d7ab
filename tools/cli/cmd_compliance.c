/* SPDX-License-Identifier: Apache-2.0 */
/* Compliance at a glance: a row for each own product and rule, and one of them explained. */
#include "common/mem.h"
#include "tools/cli/own_node.h"
#include "tools/compliance/page.h"

#include <string.h>

enum { HTML_BYTES_MAX = 512 * 1024 * 1024, CELL_BYTES_MAX = 64 * 1024 };

/* ---- whom it asks ---- */

struct asking {
    struct fh_own_node own;
    struct freehold_client *client;
};

static int ask_own(void *user,
                   const struct fh_buf *request,
                   struct fh_buf *answer,
                   struct fh_pack_reader *reader,
                   struct fh_err *err)
{
    struct asking *asking = user;
    return fh_own_node_call(&asking->own, request, FH_REQUEST_MS, answer, reader, err);
}

/* Of `domain`; NULL: the own one. Given: fh_compliance_fini, also after a failure. */
static int
make_report(struct fh_compliance *out, struct fh_cli *cli, const char *domain, struct fh_err *err)
{
    struct asking asking = {.client = NULL};
    int code = fh_own_node_open(&asking.own, cli, NULL, err);
    if (code == FH_OK) {
        code = fh_cli_client(cli, NULL, &asking.client, err);
    }
    if (code == FH_OK) {
        const struct fh_compliance_source source = {.actor = fh_own_node_actor(&asking.own),
                                                    .client = asking.client,
                                                    .call = ask_own,
                                                    .user = &asking,
                                                    .domain = domain};
        code = fh_compliance_make(out, &source, err);
    }
    if (code == FH_OK && out->log_changed) {
        fh_cli_say(cli, "the audit log was changed: see freehold audit verify");
    }
    freehold_close(asking.client);
    fh_own_node_close(&asking.own);
    return code;
}

/* ---- forms ---- */

static int report_html(struct fh_cli *cli,
                       const struct fh_compliance *report,
                       const char *domain,
                       struct fh_err *err)
{
    const struct fh_compliance_row **rows FH_CLEANUP(fh_freep) =
        fh_calloc((size_t)report->count + 1, sizeof *rows);
    struct fh_buf out FH_CLEANUP(fh_buf_fini);
    struct fh_compliance_page page = {.domain = domain, .count = report->count};
    fh_buf_init(&out, HTML_BYTES_MAX);
    if (rows == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a report");
    }
    for (uint32_t i = 0; i < report->count; i++) {
        rows[i] = &report->rows[i];
    }
    page.rows = rows;
    page.total = report->count;
    fh_compliance_html(&out, &page);
    if (fh_buf_ok(&out) != FH_OK) {
        return fh_err_set(err, fh_buf_ok(&out), "the report does not fit a page; ask for CSV");
    }
    bool written = fwrite(out.data, 1, out.size, cli->out) == out.size;
    return written ? FH_OK : fh_err_set(err, FH_EIO, "the report could not be written");
}

static int report_rows(struct fh_cli *cli, const struct fh_compliance *report, struct fh_err *err)
{
    struct fh_output_column columns[FH_COMPLIANCE_COLUMNS_MAX];
    bool brief = cli->format == FH_OUTPUT_TABLE && !cli->wide;
    size_t count = brief ? FH_COMPLIANCE_COLUMNS_BRIEF : fh_compliance_column_count();
    for (size_t c = 0; c < count; c++) {
        const struct fh_compliance_column *column = fh_compliance_column_at(c);
        columns[c] = (struct fh_output_column){column->name,
                                               column->number ? FH_OUTPUT_NUMBER : FH_OUTPUT_TEXT};
    }
    struct fh_buf cell FH_CLEANUP(fh_buf_fini);
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, count);
    fh_buf_init(&cell, CELL_BYTES_MAX);
    for (uint32_t i = 0; i < report->count; i++) {
        for (size_t c = 0; c < count; c++) {
            fh_buf_reset(&cell);
            fh_compliance_column_at(c)->put(&cell, &report->rows[i]);
            fh_output_cell(output, fh_buf_view(&cell));
        }
    }
    return fh_output_end(output, err);
}

/* A report with a violation ends with 1, for jobs. */
static int conclude(const struct fh_compliance *report, struct fh_err *err)
{
    unsigned violated = 0;
    for (uint32_t i = 0; i < report->count; i++) {
        violated += report->rows[i].state == FH_COMPLIANCE_VIOLATED;
    }
    return violated == 0 ? FH_OK
                         : fh_err_rule(err,
                                       FH_ECHECK,
                                       "compliance.violated",
                                       "%u of %u rules are violated",
                                       violated,
                                       report->count);
}

/* Whose products: as the report has them, else as it was asked. */
static const char *title_of(const struct fh_compliance *report, const struct fh_args *args)
{
    const char *asked = fh_args_value(args, "domain");
    return report->count > 0 ? report->rows[0].domain : asked != NULL ? asked : "the own domain";
}

int fh_cmd_compliance_report(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct fh_compliance report FH_CLEANUP(fh_compliance_fini) = {.arena = NULL};
    const char *format = fh_args_value(args, "output");
    bool html = format != NULL && strcmp(format, "html") == 0;
    int code = format == NULL || html ? FH_OK : fh_output_format_parse(&cli->format, format, err);
    if (code == FH_OK) {
        code = make_report(&report, cli, fh_args_value(args, "domain"), err);
    }
    if (code == FH_OK) {
        code = html ? report_html(cli, &report, title_of(&report, args), err)
                    : report_rows(cli, &report, err);
    }
    return code == FH_OK ? conclude(&report, err) : code;
}

/* ---- explain ---- */

/* "shop/orders@1", "orders": whether the row is of this product. */
static bool is_of(const struct fh_compliance_row *row, const char *product)
{
    const char *bare = strchr(row->product, '/') + 1;
    size_t length = strlen(product);
    const char *whole = strncmp(row->product, product, length) == 0 ? row->product
                        : strncmp(bare, product, length) == 0       ? bare
                                                                    : NULL;
    return whole != NULL && (whole[length] == '\0' || whole[length] == '@' ||
                             (whole[length] == '.' && strchr(product, '@') != NULL));
}

/* Of "shop/orders@1"; NULL: of the own domain. */
static const char *domain_of(char out[FH_NAME_BYTES_MAX + 1], const char *product)
{
    const char *slash = strchr(product, '/');
    size_t size = slash == NULL ? 0 : (size_t)(slash - product);
    if (size == 0 || size > FH_NAME_BYTES_MAX) {
        return NULL;
    }
    memcpy(out, product, size);
    out[size] = '\0';
    return out;
}

int fh_cmd_compliance_explain(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct fh_compliance all FH_CLEANUP(fh_compliance_fini) = {.arena = NULL};
    struct fh_compliance some = {.count = 0};
    char domain[FH_NAME_BYTES_MAX + 1];
    int code = make_report(&all, cli, domain_of(domain, args->operands[0]), err);
    if (code != FH_OK) {
        return code;
    }
    for (uint32_t i = 0; i < all.count; i++) {
        const struct fh_compliance_row *row = &all.rows[i];
        if (is_of(row, args->operands[0]) && strcmp(row->rule, args->operands[1]) == 0) {
            all.rows[some.count++] = *row; /* in the place of one that was looked at */
            if (row->line > 0) {
                fh_cli_say(cli,
                           "%s, line %u: freehold policy show %.*s%s",
                           row->policy,
                           row->line,
                           (int)strcspn(row->policy, " "),
                           row->policy,
                           row->mesh ? " --mesh" : "");
            }
        }
    }
    if (some.count == 0) {
        return fh_err_rule(err,
                           FH_ENOTFOUND,
                           "compliance.unknown",
                           "no rule %s governs %s; freehold compliance report lists them",
                           args->operands[1],
                           args->operands[0]);
    }
    some.rows = all.rows;
    cli->wide = true;
    code = report_rows(cli, &some, err);
    return code == FH_OK ? conclude(&some, err) : code;
}
