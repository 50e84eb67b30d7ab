/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/identity/token_end.h"

#include "common/assert.h"
#include "proto/identity/keylog.h"
#include "proto/wire/pack.h"

enum { PAYLOAD_VERSION = 1, END_FIELDS = 6, PAYLOAD_BYTES_MAX = 256 };

void fh_token_end_make(struct fh_buf *out,
                       const struct fh_token_end *end,
                       const struct fh_mesh_id *mesh,
                       const struct fh_sign_secret *member)
{
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&payload, PAYLOAD_BYTES_MAX);
    fh_pack_array(&payload, END_FIELDS);
    fh_pack_uint(&payload, PAYLOAD_VERSION);
    fh_pack_bin(&payload, fh_bytes(end->domain.b, sizeof end->domain.b));
    fh_pack_bin(&payload, fh_bytes(end->member.b, sizeof end->member.b));
    fh_pack_bin(&payload, fh_bytes(end->token.b, sizeof end->token.b));
    fh_pack_uint(&payload, (uint64_t)end->since_ms);
    fh_pack_uint(&payload, (uint64_t)end->created_ms);
    struct fh_record draft = {.type = FH_RECORD_TOKEN_END, .payload = fh_buf_view(&payload)};
    struct fh_token_end again;
    int code = fh_buf_ok(&payload);
    if (code == FH_OK) {
        code = fh_token_end_decode(&again, &draft, NULL);
    }
    fh_record_seal_checked(out, code, draft.type, mesh, draft.payload, member);
}

int fh_token_end_decode(struct fh_token_end *out,
                        const struct fh_record *record,
                        struct fh_err *err)
{
    FH_ASSERT(record->type == FH_RECORD_TOKEN_END);
    struct fh_token_end end = {.since_ms = 0};
    struct fh_pack_reader reader;
    fh_pack_read_init(&reader, record->payload);
    uint32_t count = fh_pack_read_record(&reader, END_FIELDS);
    fh_pack_read_version(&reader, PAYLOAD_VERSION);
    fh_pack_read_fixed(&reader, end.domain.b, sizeof end.domain.b);
    fh_pack_read_fixed(&reader, end.member.b, sizeof end.member.b);
    fh_pack_read_fixed(&reader, end.token.b, sizeof end.token.b);
    end.since_ms = (int64_t)fh_pack_read_uint(&reader, FH_RECORD_TIME_MS_MAX);
    end.created_ms = (int64_t)fh_pack_read_uint(&reader, FH_RECORD_TIME_MS_MAX);
    fh_pack_read_record_end(&reader, count, END_FIELDS);
    int code = fh_pack_read_ok(&reader, "token end", err);
    if (code == FH_OK && end.since_ms > end.created_ms) {
        code = fh_err_rule(err,
                           FH_EINVAL,
                           "token.end.time",
                           "token end: a token is ended now or as of a time that has passed");
    }
    if (code == FH_OK) {
        *out = end;
    }
    return code;
}
