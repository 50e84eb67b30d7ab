/* SPDX-License-Identifier: Apache-2.0 */
/* An answer as an Arrow IPC stream or a Parquet file. */
#include "tools/columns/columns.h"
#include "tools/door/http/api.h"
#include "tools/door/http/flow.h"

static int
write_pieces(struct fh_http_call *call, const struct fh_pieces *pieces, struct fh_err *err)
{
    int code = FH_OK;
    for (size_t i = 0; i < pieces->count && code == FH_OK; i++) {
        const struct iovec *piece = &pieces->list[i];
        code = fh_http_flow_write(call->flow, fh_bytes(piece->iov_base, piece->iov_len), err);
    }
    return code;
}

int fh_answer_columns(struct fh_http_call *call, struct freehold_result *result, struct fh_err *err)
{
    struct fh_columns *columns FH_CLEANUP(fh_columns_freep) = NULL;
    enum fh_columns_format format;
    struct fh_pieces pieces = {.count = 0};
    if (!fh_columns_format_parse(&format, call->form->name)) {
        return fh_err_set(err, FH_EINTERNAL, "no such form of an answer");
    }
    int code = fh_columns_new(&columns, format, result, err);
    /* The first pieces decide whether there is an answer. */
    if (code == FH_OK) {
        code = fh_columns_next(columns, &pieces, err);
    }
    if (code == FH_OK) {
        fh_http_call_flow(call);
    }
    while (code == FH_OK && pieces.bytes > 0) {
        code = write_pieces(call, &pieces, err);
        if (code == FH_OK) {
            code = fh_columns_next(columns, &pieces, err);
        }
    }
    return code == FH_OK ? fh_answer_end(call, result, err) : code;
}
