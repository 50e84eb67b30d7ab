/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages about tokens: a member's deposits at a node, and how the door of that node gets them.
 *
 *   TOKEN_DEPOSIT [deposit...]  -> []                by the member's own session
 *   TOKEN_LIST    []            -> [[[id, TOKEN]...]] those of the session's key at this node
 *   TOKEN_REVOKE  [id, TOKEN_END] -> []
 *   ADMIN_TOKEN   [id]          -> [deposit..., domain name, member label, [record...]]
 *
 * As proto/session/messages.h: encoders append, decoders lend from the given bytes.
 */
#ifndef FH_PROTO_SESSION_MESSAGES_TOKEN_H
#define FH_PROTO_SESSION_MESSAGES_TOKEN_H

#include "proto/identity/deposit.h"
#include "proto/session/messages.h"

void fh_msg_token_deposit(struct fh_buf *out, const struct fh_deposit *deposit);
FH_MUST_CHECK int fh_msg_token_deposit_read(struct fh_pack_reader *reader,
                                            struct fh_deposit *out,
                                            struct fh_err *err);

void fh_msg_token_list(struct fh_buf *out);
/* The answer: fh_msg_ok(out, 1), fh_pack_array(count), then each. */
struct fh_msg_token {
    struct fh_token_id id;
    struct fh_bytes record; /* TOKEN */
};
void fh_msg_token_add(struct fh_buf *out, const struct fh_msg_token *token);
FH_MUST_CHECK int
fh_msg_tokens_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err);
FH_MUST_CHECK int
fh_msg_tokens_next(struct fh_pack_reader *reader, struct fh_msg_token *out, struct fh_err *err);

/* Ends one: the word that goes to every node, and the deposit that it is about. */
void fh_msg_token_revoke(struct fh_buf *out, const struct fh_token_id *id, struct fh_bytes end);
FH_MUST_CHECK int fh_msg_token_revoke_read(struct fh_pack_reader *reader,
                                           struct fh_token_id *out,
                                           struct fh_bytes *out_end,
                                           struct fh_err *err);

/* ADMIN_TOKEN: names one. */
void fh_msg_token_named(struct fh_buf *out, const struct fh_token_id *id);
FH_MUST_CHECK int
fh_msg_token_named_read(struct fh_pack_reader *reader, struct fh_token_id *out, struct fh_err *err);

struct fh_msg_token_found {
    struct fh_deposit deposit;
    char domain_name[FH_NAME_BYTES_MAX + 1];
    char member_label[FH_NAME_BYTES_MAX + 1]; /* of the member's delegation, or "" */
    struct fh_msg_bins credentials;           /* key events and delegations of the member */
};
/* The caller appends the list: fh_pack_array(count), then each record with fh_pack_bin. */
void fh_msg_token_found_begin(struct fh_buf *out, const struct fh_msg_token_found *found);
FH_MUST_CHECK int fh_msg_token_found_read(struct fh_pack_reader *reader,
                                          struct fh_msg_token_found *out,
                                          struct fh_err *err);

#endif
