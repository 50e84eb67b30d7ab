/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/http/rows.h"

#include "common/mem.h"
#include "tools/door/http/flow.h"

enum {
    SEND_BYTES = 64 * 1024,
    /* One row of the widest kind, escaped. */
    OUT_BYTES_MAX = SEND_BYTES + 6 * FH_CELL_BYTES_MAX,
};

static int step(struct fh_rows *rows, struct fh_err *err)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    int code = FREEHOLD_OK;
    rows->any = freehold_result_next(rows->result, &error, &code);
    return rows->any || code == FREEHOLD_OK ? FH_OK : fh_http_error(err, &error);
}

static int read_columns(struct fh_rows *rows, struct fh_err *err)
{
    rows->column_count = freehold_result_column_count(rows->result);
    rows->columns = fh_calloc(rows->column_count + 1, sizeof *rows->columns);
    if (rows->columns == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for an answer");
    }
    for (size_t i = 0; i < rows->column_count; i++) {
        rows->columns[i].size = sizeof *rows->columns;
        freehold_result_column(rows->result, i, &rows->columns[i]);
    }
    return FH_OK;
}

static void rows_fini(struct fh_rows *rows)
{
    fh_free(rows->columns);
    fh_buf_fini(&rows->out);
}

/* Sends what is in the buffer. */
static int flush(struct fh_rows *rows, struct fh_err *err)
{
    int code = fh_buf_ok(&rows->out);
    if (code != FH_OK) {
        return fh_err_set(err, code, "a row is too large for this form");
    }
    code = rows->out.size == 0 ? FH_OK
                               : fh_http_flow_write(rows->call->flow, fh_buf_view(&rows->out), err);
    fh_buf_reset(&rows->out);
    return code;
}

static int put_each(struct fh_rows *rows, fh_rows_put_fn *put, struct fh_err *err)
{
    int code = FH_OK;
    while (code == FH_OK && rows->any) {
        put(rows);
        rows->count++;
        if (rows->out.size >= SEND_BYTES || fh_buf_ok(&rows->out) != FH_OK) {
            code = flush(rows, err);
        }
        if (code == FH_OK) {
            code = step(rows, err);
        }
    }
    return code;
}

int fh_rows_answer(struct fh_http_call *call,
                   struct freehold_result *result,
                   const struct fh_rows_form *form,
                   struct fh_err *err)
{
    struct fh_rows rows FH_CLEANUP(rows_fini) = {.call = call, .result = result};
    fh_buf_init(&rows.out, OUT_BYTES_MAX);
    int code = step(&rows, err);
    if (code == FH_OK) {
        code = read_columns(&rows, err);
    }
    if (code != FH_OK) {
        return code;
    }
    fh_http_call_flow(call);
    form->head(&rows);
    code = put_each(&rows, form->row, err);
    if (code == FH_OK) {
        code = fh_answer_end(call, result, err);
    }
    if (code == FH_OK && form->end != NULL) {
        form->end(&rows);
    }
    return code == FH_OK ? flush(&rows, err) : code;
}
