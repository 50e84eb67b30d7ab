/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about a product's life cycle. */
#include "proto/session/messages.h"

#include "proto/session/messages_inner.h"

enum { VERSION_FIELDS = 6, FORK_FIELDS = 5 };

/* ---- HISTORY ---- */

void fh_msg_history_request(struct fh_buf *out, const struct fh_msg_history_request *request)
{
    fh_msg_begin(out, FH_MSG_HISTORY, 3);
    fh_pack_cstr(out, request->domain);
    fh_pack_cstr(out, request->product);
    fh_pack_uint(out, request->before);
}

int fh_msg_history_request_read(struct fh_pack_reader *reader,
                                struct fh_msg_history_request *out,
                                struct fh_err *err)
{
    struct fh_msg_history_request request;
    fh_pack_read_cstr(reader, request.domain, sizeof request.domain);
    fh_pack_read_cstr(reader, request.product, sizeof request.product);
    request.before = fh_pack_read_uint(reader, UINT64_MAX);
    int rc = fh_msg_done(reader, "history", err);
    if (rc == FH_OK) {
        *out = request;
    }
    return rc;
}

void fh_msg_version_add(struct fh_buf *out, const struct fh_msg_version *version)
{
    fh_pack_array(out, VERSION_FIELDS);
    fh_pack_uint(out, version->seq);
    fh_pack_cstr(out, version->version);
    fh_pack_cstr(out, version->status);
    fh_pack_uint(out, (uint64_t)version->created_ms);
    fh_pack_bin(out, fh_bytes(version->id.b, FH_ID_BYTES));
    fh_pack_bin(out, fh_bytes(version->key.b, FH_ID_BYTES));
}

void fh_msg_fork_add(struct fh_buf *out, const struct fh_msg_fork *fork)
{
    fh_pack_array(out, FORK_FIELDS);
    fh_pack_uint(out, fork->number);
    for (size_t i = 0; i < FH_COUNT(fork->ids); i++) {
        fh_pack_bin(out, fh_bytes(fork->ids[i].b, FH_ID_BYTES));
        fh_pack_bin(out, fh_bytes(fork->keys[i].b, FH_ID_BYTES));
    }
}

int fh_msg_versions_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err)
{
    return fh_msg_list_read(reader, "versions", out_count, err);
}

int fh_msg_versions_next(struct fh_pack_reader *reader,
                         struct fh_msg_version *out,
                         struct fh_err *err)
{
    struct fh_msg_version version;
    uint32_t count = fh_msg_entry_begin(reader, VERSION_FIELDS);
    version.seq = fh_pack_read_uint(reader, UINT64_MAX);
    fh_pack_read_cstr(reader, version.version, sizeof version.version);
    fh_pack_read_cstr(reader, version.status, sizeof version.status);
    version.created_ms = (int64_t)fh_pack_read_uint(reader, INT64_MAX);
    fh_pack_read_fixed(reader, version.id.b, FH_ID_BYTES);
    fh_pack_read_fixed(reader, version.key.b, FH_ID_BYTES);
    fh_msg_entry_end(reader, count, VERSION_FIELDS);
    int rc = fh_msg_done(reader, "version", err);
    if (rc == FH_OK) {
        *out = version;
    }
    return rc;
}

int fh_msg_forks_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err)
{
    return fh_msg_list_read(reader, "forks", out_count, err);
}

int fh_msg_forks_next(struct fh_pack_reader *reader, struct fh_msg_fork *out, struct fh_err *err)
{
    struct fh_msg_fork fork;
    uint32_t count = fh_msg_entry_begin(reader, FORK_FIELDS);
    fork.number = fh_pack_read_uint(reader, UINT64_MAX);
    for (size_t i = 0; i < FH_COUNT(fork.ids); i++) {
        fh_pack_read_fixed(reader, fork.ids[i].b, FH_ID_BYTES);
        fh_pack_read_fixed(reader, fork.keys[i].b, FH_ID_BYTES);
    }
    fh_msg_entry_end(reader, count, FORK_FIELDS);
    int rc = fh_msg_done(reader, "fork", err);
    if (rc == FH_OK) {
        *out = fork;
    }
    return rc;
}

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
