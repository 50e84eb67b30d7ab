/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Problem: an error as HTTP says it (RFC 9457), with the codes and rules of the command line.
 *
 *     {"type":"about:blank","title":"Forbidden","status":403,"detail":"...","code":"FH_EDENIED",
 *      "exit_code":4,"rule":"query.access","hint":"...","retry_after_ms":null}
 *
 * Does not: know requests. Thread: any. Ownership: borrows.
 */
#ifndef FH_TOOLS_DOOR_HTTP_PROBLEM_H
#define FH_TOOLS_DOOR_HTTP_PROBLEM_H

#include "common/bytes.h"
#include "common/err.h"

#define FH_HTTP_PROBLEM_TYPE "application/problem+json"

/* The status of an error: by its rule where that says more than its code. */
unsigned fh_http_status(const struct fh_err *err);
/* "Forbidden"; "Error" for one that is not in the table. */
const char *fh_http_status_text(unsigned status);
/* Seconds for Retry-After: what the error says, at least 1; 0 when it says nothing and its status
 * is not one to try again. */
unsigned fh_http_retry_after_s(const struct fh_err *err);

/* Appends the document. */
void fh_http_problem(struct fh_buf *out, const struct fh_err *err);

#endif
