/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages about data alone, of nobody's mesh: what a contract's checks found, and what data look
 * like. A node without a home answers them too (node/errand.h).
 *
 * As proto/session/messages.h: encoders append, decoders lend from the given bytes.
 */
#ifndef FH_PROTO_SESSION_MESSAGES_DATA_H
#define FH_PROTO_SESSION_MESSAGES_DATA_H

#include "proto/session/messages.h"

/* ADMIN_TEST [question] -> [report]: both as proto/quality/report.h encodes them, in a bin; reading
 * takes the bin of either. */
void fh_msg_test_request(struct fh_buf *out, struct fh_bytes question);
void fh_msg_test_answer(struct fh_buf *out, struct fh_bytes report);
FH_MUST_CHECK int
fh_msg_test_read(struct fh_pack_reader *reader, struct fh_bytes *out, struct fh_err *err);

/* ADMIN_PROFILE, ADMIN_CATALOGUE [question] -> [answer]: both as proto/query/profile.h encodes
 * them, in a bin; reading takes the bin of either. */
void fh_msg_profile_request(struct fh_buf *out, bool lists, struct fh_bytes question);
void fh_msg_profile_answer(struct fh_buf *out, struct fh_bytes answer);
FH_MUST_CHECK int
fh_msg_profile_read(struct fh_pack_reader *reader, struct fh_bytes *out, struct fh_err *err);

#endif
