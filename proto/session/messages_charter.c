/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/session/messages_charter.h"

#include "proto/session/messages_inner.h"

enum { KNOWN_FIELDS = 5, STANDING_MAX = 255 };

/* ---- CHARTER ---- */

void fh_msg_charter_request(struct fh_buf *out, uint64_t after)
{
    fh_msg_begin(out, FH_MSG_CHARTER, 1);
    fh_pack_uint(out, after);
}

int fh_msg_charter_request_read(struct fh_pack_reader *reader,
                                uint64_t *out_after,
                                struct fh_err *err)
{
    return fh_msg_number_read(reader, "charter", INT64_MAX, out_after, err);
}

int fh_msg_charter_read(struct fh_pack_reader *reader,
                        uint64_t *out_after,
                        struct fh_msg_bins *out,
                        struct fh_err *err)
{
    uint64_t after = fh_pack_read_uint(reader, INT64_MAX);
    int code = fh_msg_done(reader, "charter", err);
    if (code == FH_OK) {
        code = fh_msg_bins_read(reader, out, err);
    }
    if (code == FH_OK) {
        *out_after = after;
    }
    return code;
}

/* ---- CHARTERS ---- */

void fh_msg_charters_request(struct fh_buf *out, bool all)
{
    fh_msg_begin(out, FH_MSG_CHARTERS, 1);
    fh_pack_bool(out, all);
}

int fh_msg_charters_request_read(struct fh_pack_reader *reader, bool *out_all, struct fh_err *err)
{
    bool all = fh_pack_read_bool(reader);
    int code = fh_msg_done(reader, "charters", err);
    if (code == FH_OK) {
        *out_all = all;
    }
    return code;
}

void fh_msg_charters_answer_begin(struct fh_buf *out, uint32_t count)
{
    fh_msg_ok(out, 1);
    fh_pack_array(out, count);
}

void fh_msg_charters_answer_add(struct fh_buf *out, const struct fh_msg_charter_known *known)
{
    fh_pack_array(out, KNOWN_FIELDS);
    fh_pack_bin(out, fh_bytes(known->node.b, FH_ID_BYTES));
    fh_pack_bin(out, fh_bytes(known->domain.b, FH_ID_BYTES));
    fh_pack_uint(out, known->seq);
    fh_record_id_pack(out, &known->charter);
    fh_pack_uint(out, known->standing);
}

int fh_msg_charters_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err)
{
    return fh_msg_list_read(reader, "charters", out_count, err);
}

int fh_msg_charters_next(struct fh_pack_reader *reader,
                         struct fh_msg_charter_known *out,
                         struct fh_err *err)
{
    struct fh_msg_charter_known known = {.seq = 0};
    uint32_t count = fh_msg_entry_begin(reader, KNOWN_FIELDS);
    fh_pack_read_fixed(reader, known.node.b, FH_ID_BYTES);
    fh_pack_read_fixed(reader, known.domain.b, FH_ID_BYTES);
    known.seq = fh_pack_read_uint(reader, UINT32_MAX);
    fh_record_id_read(&known.charter, reader);
    known.standing = (unsigned)fh_pack_read_uint(reader, STANDING_MAX);
    fh_msg_entry_end(reader, count, KNOWN_FIELDS);
    int code = fh_msg_done(reader, "charters", err);
    if (code == FH_OK) {
        *out = known;
    }
    return code;
}
