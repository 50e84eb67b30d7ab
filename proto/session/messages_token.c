/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/session/messages_token.h"

#include "proto/session/messages_inner.h"

enum { ENTRY_FIELDS = 2, FOUND_FIELDS = FH_DEPOSIT_FIELDS + 3 };

void fh_msg_token_deposit(struct fh_buf *out, const struct fh_deposit *deposit)
{
    fh_msg_begin(out, FH_MSG_TOKEN_DEPOSIT, FH_DEPOSIT_FIELDS);
    fh_deposit_pack(out, deposit);
}

int fh_msg_token_deposit_read(struct fh_pack_reader *reader,
                              struct fh_deposit *out,
                              struct fh_err *err)
{
    struct fh_deposit deposit;
    fh_deposit_read(&deposit, reader);
    int rc = fh_msg_done(reader, "deposit of a token", err);
    if (rc == FH_OK) {
        *out = deposit;
    }
    return rc;
}

void fh_msg_token_list(struct fh_buf *out)
{
    fh_msg_begin(out, FH_MSG_TOKEN_LIST, 0);
}

void fh_msg_token_add(struct fh_buf *out, const struct fh_msg_token *token)
{
    fh_pack_array(out, ENTRY_FIELDS);
    fh_pack_bin(out, fh_bytes(token->id.b, sizeof token->id.b));
    fh_pack_bin(out, token->record);
}

int fh_msg_tokens_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err)
{
    return fh_msg_list_read(reader, "list of tokens", out_count, err);
}

int fh_msg_tokens_next(struct fh_pack_reader *reader, struct fh_msg_token *out, struct fh_err *err)
{
    struct fh_msg_token token = {0};
    uint32_t count = fh_msg_entry_begin(reader, ENTRY_FIELDS);
    fh_pack_read_fixed(reader, token.id.b, sizeof token.id.b);
    token.record = fh_pack_read_bin(reader, FH_RECORD_BYTES_MAX);
    fh_msg_entry_end(reader, count, ENTRY_FIELDS);
    int rc = fh_msg_done(reader, "token", err);
    if (rc == FH_OK) {
        *out = token;
    }
    return rc;
}

void fh_msg_token_revoke(struct fh_buf *out, const struct fh_token_id *id, struct fh_bytes end)
{
    fh_msg_begin(out, FH_MSG_TOKEN_REVOKE, 2);
    fh_pack_bin(out, fh_bytes(id->b, sizeof id->b));
    fh_pack_bin(out, end);
}

int fh_msg_token_revoke_read(struct fh_pack_reader *reader,
                             struct fh_token_id *out,
                             struct fh_bytes *out_end,
                             struct fh_err *err)
{
    struct fh_token_id id = {{0}};
    fh_pack_read_fixed(reader, id.b, sizeof id.b);
    struct fh_bytes end = fh_pack_read_bin(reader, FH_RECORD_BYTES_MAX);
    int rc = fh_msg_done(reader, "end of a token", err);
    if (rc == FH_OK) {
        *out = id;
        *out_end = end;
    }
    return rc;
}

void fh_msg_token_named(struct fh_buf *out, const struct fh_token_id *id)
{
    fh_msg_begin(out, FH_MSG_ADMIN_TOKEN, 1);
    fh_pack_bin(out, fh_bytes(id->b, sizeof id->b));
}

int fh_msg_token_named_read(struct fh_pack_reader *reader,
                            struct fh_token_id *out,
                            struct fh_err *err)
{
    struct fh_token_id id = {{0}};
    fh_pack_read_fixed(reader, id.b, sizeof id.b);
    int rc = fh_msg_done(reader, "name of a token", err);
    if (rc == FH_OK) {
        *out = id;
    }
    return rc;
}

void fh_msg_token_found_begin(struct fh_buf *out, const struct fh_msg_token_found *found)
{
    fh_msg_ok(out, FOUND_FIELDS);
    fh_deposit_pack(out, &found->deposit);
    fh_pack_cstr(out, found->domain_name);
    fh_pack_cstr(out, found->member_label);
}

int fh_msg_token_found_read(struct fh_pack_reader *reader,
                            struct fh_msg_token_found *out,
                            struct fh_err *err)
{
    struct fh_msg_token_found found = {0};
    fh_deposit_read(&found.deposit, reader);
    fh_pack_read_cstr(reader, found.domain_name, sizeof found.domain_name);
    fh_pack_read_cstr(reader, found.member_label, sizeof found.member_label);
    int rc = fh_msg_done(reader, "token", err);
    if (rc == FH_OK) {
        rc = fh_msg_bins_read(reader, &found.credentials, err);
    }
    if (rc == FH_OK) {
        *out = found;
    }
    return rc;
}
