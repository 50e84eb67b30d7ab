/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/query/payload.h"

/* Whatever the reason, the other end broke the protocol. */
static int as_protocol(int code, struct fh_err *err)
{
    if (code == FH_OK || code == FH_ENOMEM || code == FH_EPROTO) {
        return code;
    }
    if (err != NULL) {
        err->code = FH_EPROTO;
    }
    return FH_EPROTO;
}

int fh_payload_begin(struct fh_pack_reader *r,
                     struct fh_bytes payload,
                     size_t bytes_max,
                     uint32_t fields,
                     uint32_t *out_fields,
                     struct fh_err *err)
{
    struct fh_pack_limits limits = fh_pack_limits(bytes_max);
    int code = fh_pack_scan(payload, &limits, err);
    if (code != FH_OK) {
        return as_protocol(code, err);
    }
    fh_pack_read_init(r, payload);
    *out_fields = fh_pack_read_record(r, fields);
    return FH_OK;
}

int fh_payload_end(
    struct fh_pack_reader *r, uint32_t found, uint32_t fields, const char *what, struct fh_err *err)
{
    fh_pack_read_record_end(r, found, fields);
    return as_protocol(fh_pack_read_ok(r, what, err), err);
}

const char *fh_payload_string(struct fh_pack_reader *r, size_t max, struct fh_arena *arena)
{
    /* Strings of the encoding hold no NUL of their own. */
    const char *copy = fh_arena_string(arena, fh_pack_read_str(r, max));
    if (copy == NULL) {
        fh_pack_fail(r, "too much text");
        return "";
    }
    return copy;
}
