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

/* What a form writes, into `out`. */
struct fh_rows_form {
    fh_rows_put_fn *head;
    fh_rows_put_fn *row;
    fh_rows_put_fn *end; /* behind the verified end; NULL: nothing */
};

/* Steps to the first row, announces the answer, has it written, and sends it. */
FH_MUST_CHECK int fh_rows_answer(struct fh_http_call *call,
                                 struct freehold_result *result,
                                 const struct fh_rows_form *form,
                                 struct fh_err *err);

#endif
