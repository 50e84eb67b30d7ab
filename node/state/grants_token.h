/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Grants by token: what a node asks of a grant or an answer that a publisher's token signed, beside
 * what grants.c asks of every one.
 *
 *   a grant   answers a request that is open here, gives no more than it, and comes with its answer
 *   an answer names that very grant
 *   later     it counts while the token was not ended as of when the grant came here, whatever date
 *             it states: a thief can write any
 *
 * Does not: keep anything. Thread and ownership: as grants.h.
 */
#ifndef FH_NODE_STATE_GRANTS_TOKEN_H
#define FH_NODE_STATE_GRANTS_TOKEN_H

#include "node/state/grants.h"

/* For a grant that is coming in, verified; FH_OK for one that a key signed. FH_EDENIED
 * ("grant.token.more"), FH_EEXIST ("access.answered"), FH_ENOTFOUND ("access.request.unknown"). */
FH_MUST_CHECK int fh_grants_check_of_token(struct fh_grants *grants,
                                           const struct fh_grant *grant,
                                           struct fh_err *err);
/* Verifies an answer that is coming in; it is of this domain. */
FH_MUST_CHECK int fh_grants_verify_answer(struct fh_grants *grants,
                                          const struct fh_record *record,
                                          const struct fh_access_answer *answer,
                                          int64_t now_ms,
                                          struct fh_err *err);
/* Whether those of these records that are grants by tokens have been answered with: FH_EDENIED
 * ("grant.token.answer"). Inside of the transaction that took them. */
FH_MUST_CHECK int
fh_grants_check_answered(struct fh_grants *grants, struct fh_msg_bins records, struct fh_err *err);
/* Whether whoever signed a grant that is held counts; it is as it came from the store, with its
 * token. */
bool fh_grants_signer_counts(const struct fh_grants *grants,
                             const struct fh_record *record,
                             const struct fh_grant *grant,
                             int64_t received_ms);

#endif
