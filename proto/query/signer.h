/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signer: who signed a query request: the consumer's key itself, or a token that it vouched for.
 *
 * A request of a token names the member's key and carries the TOKEN, so that everybody who gets it
 * can judge it: the entry peer, the owners of a join, and whoever verifies a receipt years later.
 *
 * Does not: judge times other than the request's own, or products: the node that plans does.
 * Thread: any. Ownership: values.
 */
#ifndef FH_PROTO_QUERY_SIGNER_H
#define FH_PROTO_QUERY_SIGNER_H

#include "proto/identity/token.h"
#include "proto/query/query.h"

/* Verifies the REQUEST record that `request` was read from: its signature by a key that might ask
 * for the consumer when it was issued. Of a token also that it is of this domain and key, and for
 * this purpose. FH_ESIG ("query.request.key", "query.request.token", "token.other",
 * "record.signature"), FH_EDENIED ("token.expired", "token.revoked", "token.purpose"), and the
 * refusals of fh_directory_verify. `out` is unchanged on failure. */
FH_MUST_CHECK int fh_query_request_verify(struct fh_token_signer *out,
                                          const struct fh_directory *dir,
                                          const struct fh_record *record,
                                          const struct fh_query_request *request,
                                          struct fh_err *err);
/* The same without the signature of the request itself: fh_token_prove_signer has to hold, too,
 * before anything is read for it, or shown to others. */
FH_MUST_CHECK int fh_query_request_judge(struct fh_token_signer *out,
                                         const struct fh_directory *dir,
                                         const struct fh_record *record,
                                         const struct fh_query_request *request,
                                         struct fh_err *err);

#endif
