/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports: compliance of a domain, made for whoever may see it, and kept for a while.
 *
 * A report reads the whole audit log and describes every product of a domain, so it is not made for
 * each request: one at a time is, whoever else wants one waits for it, and it holds for five
 * seconds while the node has no news, and for nine times as long as it took to make in any case.
 * Reports of the four domains that are kept so take a tenth of one core each at most, however many
 * ask.
 *
 * Does not: know who may see what of them. Thread: any. Ownership: reports are counted.
 */
#ifndef FH_TOOLS_DOOR_HTTP_REPORTS_H
#define FH_TOOLS_DOOR_HTTP_REPORTS_H

#include "tools/compliance/report.h"
#include "tools/door/door.h"

#include <stdatomic.h>

enum { FH_HTTP_REPORT_ROWS_MAX = 100 * 1000 }; /* some 30 MiB with their texts */

struct fh_http_report {
    struct fh_compliance made;
    char domain[FH_NAME_BYTES_MAX + 1];
    /* private */
    int64_t made_ms; /* monotonic */
    int64_t took_ms;
    uint64_t news;
    atomic_uint references;
};

struct fh_http_reports;
/* NULL when there is no memory. Given: fh_http_reports_free. */
FH_MUST_CHECK struct fh_http_reports *fh_http_reports_new(const struct fh_door_services *services);
void fh_http_reports_free(struct fh_http_reports *reports);

/* The report of a domain that holds at `news`, or a new one. Blocks. Given: fh_http_report_drop.
 * Errors of fh_compliance_make; FH_EUNREACH ("admin.none"). */
FH_MUST_CHECK int fh_http_reports_take(struct fh_http_reports *reports,
                                       const char *domain,
                                       uint64_t news,
                                       struct fh_http_report **out,
                                       struct fh_err *err);
/* NULL is fine. */
void fh_http_report_drop(struct fh_http_report *report);

#endif
