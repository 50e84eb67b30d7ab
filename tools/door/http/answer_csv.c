/* SPDX-License-Identifier: Apache-2.0 */
/* An answer as CSV (RFC 4180, with LF): as `freehold query -o csv` prints it. */
#include "proto/query/batch.h"
#include "tools/client/csv.h"
#include "tools/door/http/api.h"
#include "tools/door/http/rows.h"

/* Raw bytes have no text that every format can carry: they are escaped. */
static void put_blob(struct fh_buf *out, struct fh_bytes data)
{
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&text, 4 * data.size + 1);
    fh_blob_text(data, &text);
    fh_csv_field(out, fh_buf_view(&text));
}

static void put_head(struct fh_rows *rows)
{
    for (size_t i = 0; i < rows->column_count; i++) {
        fh_buf_add_cstr(&rows->out, i == 0 ? "" : ",");
        fh_csv_field(&rows->out, fh_bytes_cstr(rows->columns[i].name));
    }
    fh_buf_add_u8(&rows->out, '\n');
}

static void put_row(struct fh_rows *rows)
{
    for (size_t i = 0; i < rows->column_count; i++) {
        size_t size = 0;
        if (i > 0) {
            fh_buf_add_u8(&rows->out, ',');
        }
        if (freehold_result_is_null(rows->result, i)) {
            continue;
        }
        const char *text = freehold_result_text(rows->result, i, &size);
        if (rows->columns[i].type == FREEHOLD_TYPE_BLOB) {
            put_blob(&rows->out, fh_bytes(text, size));
        } else {
            fh_csv_field(&rows->out, fh_bytes(text, size));
        }
    }
    fh_buf_add_u8(&rows->out, '\n');
}

int fh_answer_csv(struct fh_http_call *call, struct freehold_result *result, struct fh_err *err)
{
    static const struct fh_rows_form form = {.head = put_head, .row = put_row};
    return fh_rows_answer(call, result, &form, err);
}
