/* SPDX-License-Identifier: Apache-2.0 */
/* Compliance at a glance: a row for each own product and rule, and one of them explained. */
#include "common/time.h"
#include "tools/cli/compliance.h"
#include "tools/client/product_name.h"

#include <string.h>

static const char *time_of(char out[FH_TIME_TEXT_BYTES], int64_t ms)
{
    out[0] = '\0';
    if (ms > 0) {
        fh_time_text(out, ms);
    }
    return out;
}

/* ---- HTML ---- */

static void put_html(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc(*text, out);
        }
    }
}

static void put_cell(FILE *out, const char *text)
{
    fputs("<td>", out);
    put_html(out, text);
    fputs("</td>", out);
}

static void put_number(FILE *out, uint64_t value)
{
    fprintf(out, "<td>%llu</td>", (unsigned long long)value);
}

static int report_html(struct fh_cli *cli, const struct fh_compliance *report, struct fh_err *err)
{
    static const char head[] =
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta "
        "charset=\"utf-8\"><title>Compliance</title>\n"
        "<style>body{font:14px sans-serif;margin:2em}table{border-collapse:collapse}"
        "td,th{border:1px solid #bbb;padding:.3em .6em;text-align:left}"
        ".violated td{background:#fdd}.unknown td{background:#ffc}.waived td{background:#def}"
        "</style></head><body>\n<h1>Compliance</h1>\n<table><thead><tr>";
    static const char *const heads[] = {"product",
                                        "policy",
                                        "rule",
                                        "state",
                                        "evidence",
                                        "enforced in record",
                                        "at",
                                        "read by",
                                        "last read",
                                        "quality",
                                        "measured",
                                        "owner",
                                        "columns classified",
                                        "service levels",
                                        "support channels"};
    FILE *out = cli->out;
    char text[FH_TIME_TEXT_BYTES];
    char classified[32];
    fputs(head, out);
    for (size_t i = 0; i < FH_COUNT(heads); i++) {
        fprintf(out, "<th>%s</th>", heads[i]);
    }
    fputs("</tr></thead><tbody>\n", out);
    for (uint32_t i = 0; i < report->count; i++) {
        const struct fh_compliance_row *row = &report->rows[i];
        fprintf(out, "<tr class=\"%s\">", fh_compliance_state_text(row->state));
        put_cell(out, row->product);
        put_cell(out, row->policy);
        put_cell(out, row->rule);
        put_cell(out, fh_compliance_state_text(row->state));
        put_cell(out, row->evidence);
        put_number(out, row->enforced_seq);
        put_cell(out, time_of(text, row->enforced_ms));
        put_cell(out, row->readers);
        put_cell(out, time_of(text, row->read_ms));
        put_cell(out, row->quality);
        put_cell(out, time_of(text, row->measured_ms));
        put_cell(out, row->owner);
        snprintf(classified, sizeof classified, "%u of %u", row->classified, row->columns);
        put_cell(out, classified);
        put_number(out, row->levels);
        put_number(out, row->channels);
        fputs("</tr>\n", out);
    }
    fputs("</tbody></table></body></html>\n", out);
    return ferror(out) ? fh_err_set(err, FH_EIO, "the report could not be written") : FH_OK;
}

/* ---- rows ---- */

static int report_rows(struct fh_cli *cli, const struct fh_compliance *report, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"product", FH_OUTPUT_TEXT},
        {"policy", FH_OUTPUT_TEXT},
        {"rule", FH_OUTPUT_TEXT},
        {"state", FH_OUTPUT_TEXT},
        {"evidence", FH_OUTPUT_TEXT},
        {"record", FH_OUTPUT_NUMBER},
        {"enforced", FH_OUTPUT_TEXT},
        {"readers", FH_OUTPUT_TEXT},
        {"read", FH_OUTPUT_TEXT},
        {"quality", FH_OUTPUT_TEXT},
        {"measured", FH_OUTPUT_TEXT},
        {"owner", FH_OUTPUT_TEXT},
        {"columns", FH_OUTPUT_NUMBER},
        {"classified", FH_OUTPUT_NUMBER},
        {"sla", FH_OUTPUT_NUMBER},
        {"support", FH_OUTPUT_NUMBER},
    };
    bool brief = cli->format == FH_OUTPUT_TABLE && !cli->wide;
    char text[FH_TIME_TEXT_BYTES];
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, brief ? 8 : FH_COUNT(columns));
    for (uint32_t i = 0; i < report->count; i++) {
        const struct fh_compliance_row *row = &report->rows[i];
        fh_output_text(output, row->product);
        fh_output_text(output, row->policy);
        fh_output_text(output, row->rule);
        fh_output_text(output, fh_compliance_state_text(row->state));
        fh_output_text(output, row->evidence);
        fh_output_uint(output, row->enforced_seq);
        fh_output_text(output, time_of(text, row->enforced_ms));
        fh_output_text(output, row->readers);
        if (brief) {
            continue;
        }
        fh_output_text(output, time_of(text, row->read_ms));
        fh_output_text(output, row->quality);
        fh_output_text(output, time_of(text, row->measured_ms));
        fh_output_text(output, row->owner);
        fh_output_uint(output, row->columns);
        fh_output_uint(output, row->classified);
        fh_output_uint(output, row->levels);
        fh_output_uint(output, row->channels);
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

int fh_cmd_compliance_report(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct fh_compliance report FH_CLEANUP(fh_compliance_fini) = {.arena = NULL};
    const char *format = fh_args_value(args, "output");
    bool html = format != NULL && strcmp(format, "html") == 0;
    int code = format == NULL || html ? FH_OK : fh_output_format_parse(&cli->format, format, err);
    if (code == FH_OK) {
        code = fh_compliance_make(&report, cli, err);
    }
    if (code == FH_OK) {
        code = html ? report_html(cli, &report, err) : report_rows(cli, &report, err);
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

int fh_cmd_compliance_explain(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct fh_compliance all FH_CLEANUP(fh_compliance_fini) = {.arena = NULL};
    struct fh_compliance some = {.count = 0};
    int code = fh_compliance_make(&all, cli, err);
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
