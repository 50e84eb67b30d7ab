/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about a product's life cycle. */
#include "proto/session/messages.h"

#include "proto/session/messages_inner.h"

/* ---- ADMIN_ANNOUNCED, ADMIN_MOVE ---- */

void fh_msg_announced_request(struct fh_buf *out, const char *product, uint32_t major)
{
    fh_msg_begin(out, FH_MSG_ADMIN_ANNOUNCED, 2);
    fh_pack_cstr(out, product);
    fh_pack_uint(out, major);
}

int fh_msg_announced_request_read(struct fh_pack_reader *reader,
                                  char product[FH_NAME_BYTES_MAX + 1],
                                  uint32_t *out_major,
                                  struct fh_err *err)
{
    fh_pack_read_cstr(reader, product, FH_NAME_BYTES_MAX + 1);
    *out_major = (uint32_t)fh_pack_read_uint(reader, UINT32_MAX);
    return fh_msg_done(reader, "announced", err);
}

void fh_msg_announced_answer(struct fh_buf *out, struct fh_bytes announcement)
{
    fh_msg_ok(out, 1);
    fh_pack_bin(out, announcement);
}

int fh_msg_announced_read(struct fh_pack_reader *reader,
                          struct fh_bytes *out_announcement,
                          struct fh_err *err)
{
    *out_announcement = fh_pack_read_bin(reader, FH_RECORD_GOSSIP_BYTES_MAX);
    return fh_msg_done(reader, "announced", err);
}

void fh_msg_move_request(struct fh_buf *out, const struct fh_msg_move *move)
{
    fh_msg_begin(out, FH_MSG_ADMIN_MOVE, 3);
    fh_pack_bin(out, move->announcement);
    fh_pack_bool(out, move->force);
    fh_pack_bool(out, move->dry_run);
}

int fh_msg_move_read(struct fh_pack_reader *reader, struct fh_msg_move *out, struct fh_err *err)
{
    out->announcement = fh_pack_read_bin(reader, FH_RECORD_GOSSIP_BYTES_MAX);
    out->force = fh_pack_read_bool(reader);
    out->dry_run = fh_pack_read_bool(reader);
    return fh_msg_done(reader, "move", err);
}
