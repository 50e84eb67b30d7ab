/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows: an answer taken row by row, written into a buffer that goes out by the flow when it is full
 * enough.
 *
 * The first row, or the end, is waited for before the head of the HTTP answer goes out, so that
 * what the node has against the query is a problem and not a broken answer.
 *
 * Does not: know forms. Thread: that of the call. Ownership: the result is the caller's.
 */
#ifndef FH_TOOLS_DOOR_HTTP_ROWS_H
#define FH_TOOLS_DOOR_HTTP_ROWS_H

#include "tools/door/http/api.h"

struct fh_rows {
    struct fh_http_call *call;
    struct freehold_result *result;
    size_t column_count;
    struct freehold_column *columns;
    struct fh_buf out; /* not sent yet */
    bool any;          /* the result stands on a row */
    uint64_t count;
};

typedef void fh_rows_put_fn(struct fh_rows *rows);

/* Steps to the first row, announces the answer, and has the head written. */
FH_MUST_CHECK int fh_rows_init(struct fh_rows *out,
                               struct fh_http_call *call,
                               struct freehold_result *result,
                               fh_rows_put_fn *head,
                               struct fh_err *err);
void fh_rows_fini(struct fh_rows *rows);
/* Has each row written, up to the verified end. */
FH_MUST_CHECK int fh_rows_each(struct fh_rows *rows, fh_rows_put_fn *put, struct fh_err *err);
/* Sends what is left in the buffer. */
FH_MUST_CHECK int fh_rows_flush(struct fh_rows *rows, struct fh_err *err);

#endif
