/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JUnit: a report as the XML that CI systems show.
 *
 * One suite for each table and category, one case for each check: `failure` for what failed (and
 * for warnings when they count), `skipped` with the reason for what was not run, `system-out` for
 * warnings that do not count.
 *
 * Does not: write samples; they would leave the owner's terminal. Thread: any. Ownership: borrows.
 */
#ifndef FH_TOOLS_CLI_JUNIT_H
#define FH_TOOLS_CLI_JUNIT_H

#include "proto/quality/report.h"

/* Appends the document. `warnings_fail`: a warning is a failure. */
void fh_junit_write(struct fh_buf *out, const struct fh_report *report, bool warnings_fail);

/* The same as the whole of the file `path`, which the flag --junit named. */
FH_MUST_CHECK int fh_junit_save(const char *path,
                                const struct fh_report *report,
                                bool warnings_fail,
                                struct fh_err *err);

#endif
