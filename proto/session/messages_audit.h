/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages about audit logs: checkpoints that others keep.
 *
 *   WITNESS         [node, AUDIT_CHECKPOINT or bin0] -> [[AUDIT_CHECKPOINT...]]  what is kept of it
 *   ADMIN_WITNESSED [] -> [[[domain, AUDIT_CHECKPOINT]...], [AUDIT_CHECKPOINT...]]
 *                         what others keep of the own log, and what is kept here of others'
 *
 * As proto/session/messages.h: encoders append, decoders lend from the given bytes.
 */
#ifndef FH_PROTO_SESSION_MESSAGES_AUDIT_H
#define FH_PROTO_SESSION_MESSAGES_AUDIT_H

#include "proto/session/messages.h"

/* `record` empty: only asks. */
void fh_msg_witness_request(struct fh_buf *out,
                            const struct fh_node_id *node,
                            struct fh_bytes record);
FH_MUST_CHECK int fh_msg_witness_read(struct fh_pack_reader *reader,
                                      struct fh_node_id *out_node,
                                      struct fh_bytes *out_record,
                                      struct fh_err *err);
/* The answer, of `count` bins that follow; it is read by fh_msg_bins_read. */
void fh_msg_witness_answer_begin(struct fh_buf *out, uint32_t count);

void fh_msg_witnessed_request(struct fh_buf *out);
/* The answer: this, `count` pairs, the head of the second list, its bins. */
void fh_msg_witnessed_answer_begin(struct fh_buf *out, uint32_t count);
void fh_msg_witnessed_add(struct fh_buf *out,
                          const struct fh_domain_id *domain,
                          struct fh_bytes record);
FH_MUST_CHECK int
fh_msg_witnessed_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err);
FH_MUST_CHECK int fh_msg_witnessed_next(struct fh_pack_reader *reader,
                                        struct fh_domain_id *out_domain,
                                        struct fh_bytes *out_record,
                                        struct fh_err *err);

#endif
