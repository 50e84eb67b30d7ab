/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/compliance/page.h"

#include "common/html.h"
#include "common/time.h"
#include "tools/client/csv.h"

#include <inttypes.h>

enum { CELL_BYTES_MAX = 64 * 1024 };

/* ---- columns ---- */

static void put_time(struct fh_buf *out, int64_t ms)
{
    char text[FH_TIME_TEXT_BYTES];
    if (ms > 0) {
        fh_time_text(text, ms);
        fh_buf_add_cstr(out, text);
    }
}

#define TEXT(name, expression)                                                                     \
    static void put_##name(struct fh_buf *out, const struct fh_compliance_row *row)                \
    {                                                                                              \
        fh_buf_add_cstr(out, expression);                                                          \
    }
#define NUMBER(name, expression)                                                                   \
    static void put_##name(struct fh_buf *out, const struct fh_compliance_row *row)                \
    {                                                                                              \
        fh_buf_printf(out, "%" PRIu64, (uint64_t)(expression));                                    \
    }
#define TIME(name, expression)                                                                     \
    static void put_##name(struct fh_buf *out, const struct fh_compliance_row *row)                \
    {                                                                                              \
        put_time(out, expression);                                                                 \
    }

TEXT(product, row->product)
TEXT(policy, row->policy)
TEXT(rule, row->rule)
TEXT(state, fh_compliance_state_text(row->state))
TEXT(evidence, row->evidence)
NUMBER(record, row->enforced_seq)
TIME(enforced, row->enforced_ms)
TEXT(readers, row->readers)
TIME(read, row->read_ms)
TEXT(quality, row->quality)
TIME(measured, row->measured_ms)
TEXT(owner, row->owner)
NUMBER(columns, row->columns)
NUMBER(classified, row->classified)
NUMBER(sla, row->levels)
NUMBER(support, row->channels)
TEXT(of, row->mesh ? "mesh" : "domain")
NUMBER(line, row->line)
TEXT(waiver, row->waiver)
TIME(waived_until, row->waived_until_ms)
TEXT(waiver_kind, row->waiver[0] == '\0' ? "" : row->break_glass ? "break-glass" : "waiver")

static const struct fh_compliance_column columns[] = {
    {"product", "product", false, put_product},
    {"policy", "policy", false, put_policy},
    {"rule", "rule", false, put_rule},
    {"state", "state", false, put_state},
    {"evidence", "evidence", false, put_evidence},
    {"record", "enforced in record", true, put_record},
    {"enforced", "at", false, put_enforced},
    {"readers", "read by", false, put_readers},
    {"read", "last read", false, put_read},
    {"quality", "quality", false, put_quality},
    {"measured", "measured", false, put_measured},
    {"owner", "owner", false, put_owner},
    {"columns", "columns", true, put_columns},
    {"classified", "of them classified", true, put_classified},
    {"sla", "service levels", true, put_sla},
    {"support", "support channels", true, put_support},
    {"of", "policy of", false, put_of},
    {"line", "line", true, put_line},
    {"waiver", "waiver", false, put_waiver},
    {"waived_until", "waived until", false, put_waived_until},
    {"waiver_kind", "kind of waiver", false, put_waiver_kind},
};
_Static_assert(FH_COUNT(columns) <= FH_COMPLIANCE_COLUMNS_MAX, "all columns have room");

size_t fh_compliance_column_count(void)
{
    return FH_COUNT(columns);
}

const struct fh_compliance_column *fh_compliance_column_at(size_t index)
{
    return &columns[index];
}

/* ---- CSV ---- */

void fh_compliance_csv(struct fh_buf *out, const struct fh_compliance_page *page)
{
    struct fh_buf cell FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&cell, CELL_BYTES_MAX);
    for (size_t c = 0; c < FH_COUNT(columns); c++) {
        fh_buf_add_cstr(out, c == 0 ? "" : ",");
        fh_buf_add_cstr(out, columns[c].name);
    }
    fh_buf_add_u8(out, '\n');
    for (size_t i = 0; i < page->count; i++) {
        for (size_t c = 0; c < FH_COUNT(columns); c++) {
            fh_buf_reset(&cell);
            columns[c].put(&cell, page->rows[i]);
            fh_buf_add_cstr(out, c == 0 ? "" : ",");
            fh_csv_field(out, fh_buf_view(&cell));
        }
        fh_buf_add_u8(out, '\n');
    }
}

/* ---- HTML ---- */

static void add_head(struct fh_buf *out, const struct fh_compliance_page *page)
{
    static const char head[] =
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
        "'unsafe-inline'\">\n<meta name=\"color-scheme\" content=\"light dark\">\n"
        "<title>Compliance</title>\n<style>:root{color-scheme:light dark;--line:#bbb;--bad:#fdd;"
        "--unsure:#ffc;--waived:#def}\n"
        "@media(prefers-color-scheme:dark){:root{--line:#455;--bad:#511;--unsure:#441;"
        "--waived:#134}}\n"
        "body{font:14px sans-serif;margin:2em}div{overflow-x:auto}table{border-collapse:collapse}"
        "td,th{border:1px solid var(--line);padding:.3em .6em;text-align:left;vertical-align:top}"
        ".violated td{background:var(--bad)}.unknown td{background:var(--unsure)}"
        ".waived td{background:var(--waived)}</style></head><body>\n<h1>Compliance of ";
    fh_buf_add_cstr(out, head);
    fh_html_add_cstr(out, page->domain);
    fh_buf_add_cstr(out, "</h1>\n");
}

/* How many of the rows that are shown are of each state. */
static void add_counts(struct fh_buf *out, const struct fh_compliance_page *page)
{
    size_t counts[FH_COMPLIANCE_STATE_COUNT] = {0};
    for (size_t i = 0; i < page->count; i++) {
        counts[page->rows[i]->state]++;
    }
    fh_buf_printf(out, "<p>%zu of %" PRIu64 " rows:", page->count, page->total);
    for (unsigned i = 0; i < FH_COMPLIANCE_STATE_COUNT; i++) {
        fh_buf_printf(out, "%s %zu %s", i == 0 ? "" : ",", counts[i], fh_compliance_state_text(i));
    }
    fh_buf_add_cstr(out, "</p>\n");
}

void fh_compliance_html(struct fh_buf *out, const struct fh_compliance_page *page)
{
    struct fh_buf cell FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&cell, CELL_BYTES_MAX);
    add_head(out, page);
    add_counts(out, page);
    fh_buf_add_cstr(out, "<div><table><thead><tr>");
    for (size_t c = 0; c < FH_COUNT(columns); c++) {
        fh_buf_add_cstr(out, "<th scope=\"col\">");
        fh_html_add_cstr(out, columns[c].heading);
        fh_buf_add_cstr(out, "</th>");
    }
    fh_buf_add_cstr(out, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < page->count; i++) {
        fh_buf_printf(out, "<tr class=\"%s\">", fh_compliance_state_text(page->rows[i]->state));
        for (size_t c = 0; c < FH_COUNT(columns); c++) {
            fh_buf_reset(&cell);
            columns[c].put(&cell, page->rows[i]);
            fh_buf_add_cstr(out, "<td>");
            fh_html_add(out, fh_buf_view(&cell));
            fh_buf_add_cstr(out, "</td>");
        }
        fh_buf_add_cstr(out, "</tr>\n");
    }
    fh_buf_add_cstr(out, "</tbody></table></div></body></html>\n");
}
