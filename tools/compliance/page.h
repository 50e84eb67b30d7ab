/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Page: a report on compliance in the forms that people and programs read, column by column.
 *
 * The table of columns is the one place that says what of a row is shown: the command line, CSV,
 * JSON and HTML walk it. The page in HTML is one file: no script, nothing that is fetched, every
 * text escaped.
 *
 * Does not: choose rows. Thread: distinct buffers. Ownership: borrows; failures stick in the
 * buffer.
 */
#ifndef FH_TOOLS_COMPLIANCE_PAGE_H
#define FH_TOOLS_COMPLIANCE_PAGE_H

#include "tools/compliance/report.h"

struct fh_compliance_column {
    const char *name;    /* for programs: "waived_until" */
    const char *heading; /* for people: "waived until" */
    bool number;
    /* Appends the value as text; nothing where there is none. */
    void (*put)(struct fh_buf *out, const struct fh_compliance_row *row);
};
enum {
    FH_COMPLIANCE_COLUMNS_BRIEF = 8, /* the first of them, that fit a terminal */
    FH_COMPLIANCE_COLUMNS_MAX = 32,
};
size_t fh_compliance_column_count(void);
const struct fh_compliance_column *fh_compliance_column_at(size_t index);

/* Which rows of a list are shown. */
struct fh_compliance_page {
    const char *domain; /* whose products, for the title */
    const struct fh_compliance_row *const *rows;
    size_t count;
    uint64_t total; /* with those that are not shown */
};
void fh_compliance_html(struct fh_buf *out, const struct fh_compliance_page *page);
void fh_compliance_csv(struct fh_buf *out, const struct fh_compliance_page *page);

#endif
