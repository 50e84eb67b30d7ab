/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Session messages about the charter: what proves it and what is proposed, and which node knows
 * which one.
 *
 *   CHARTER   [after uint] -> next after (0: no more), [record bin, ...]
 *   CHARTERS  [all bool] -> [[node id, domain id, seq, charter id bin0|32, standing], ...]
 *
 * The records come in an order in which a directory accepts them. With `all` the asked node asks
 * those that it knows; who does not answer in time has the number 0.
 *
 * Does not: verify. Thread: any; values; bins are views into the given bytes (borrowed).
 * Source of the tables: proto/README.md, "Session messages".
 */
#ifndef FH_PROTO_SESSION_MESSAGES_CHARTER_H
#define FH_PROTO_SESSION_MESSAGES_CHARTER_H

#include "proto/session/messages.h"

void fh_msg_charter_request(struct fh_buf *out, uint64_t after);
FH_MUST_CHECK int
fh_msg_charter_request_read(struct fh_pack_reader *reader, uint64_t *out_after, struct fh_err *err);
/* The answer: fh_msg_ok(out, 2), the number, the list. */
FH_MUST_CHECK int fh_msg_charter_read(struct fh_pack_reader *reader,
                                      uint64_t *out_after,
                                      struct fh_msg_bins *out,
                                      struct fh_err *err);

/* Which charter one node goes by. */
struct fh_msg_charter_known {
    struct fh_node_id node;
    struct fh_domain_id domain;
    uint64_t seq; /* 0: it did not say */
    struct fh_record_id charter;
    unsigned standing; /* enum fh_charter_standing of proto/identity/directory.h */
};
void fh_msg_charters_request(struct fh_buf *out, bool all);
FH_MUST_CHECK int
fh_msg_charters_request_read(struct fh_pack_reader *reader, bool *out_all, struct fh_err *err);
void fh_msg_charters_answer_begin(struct fh_buf *out, uint32_t count);
void fh_msg_charters_answer_add(struct fh_buf *out, const struct fh_msg_charter_known *known);
FH_MUST_CHECK int
fh_msg_charters_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err);
FH_MUST_CHECK int fh_msg_charters_next(struct fh_pack_reader *reader,
                                       struct fh_msg_charter_known *out,
                                       struct fh_err *err);

#endif
