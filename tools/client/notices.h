/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notices: what an answer says of the products that it was read from, when they are not simply
 * active.
 *
 * Until the end of the answer they are what the entry peer planned with. At the verified end they
 * are what the signed receipts say, of the tables that were asked for and of no others; the word of
 * a product's own domain counts before that of a peer that joined.
 *
 * Does not: verify receipts (stream.c does, before). Thread: one. Ownership: values in the result.
 */
#ifndef FH_TOOLS_CLIENT_NOTICES_H
#define FH_TOOLS_CLIENT_NOTICES_H

#include "proto/session/messages_waived.h"
#include "tools/client/result.h"

void fh_notices_of_plan(struct freehold_result *result, const struct fh_msg_plan *plan);

/* Starts anew with the receipt that ends the answer, then takes those of a join's owners; waivers
 * that nobody told of are added. */
void fh_notices_of_end(struct freehold_result *result, const struct fh_receipt *receipt);
void fh_notices_of_part(struct freehold_result *result, const struct fh_receipt *part);

/* A waiver of that product as people are told of it; `domain_name` as the mesh's. */
void fh_notices_waived(struct freehold_waived *out,
                       const char *domain_name,
                       const char *product,
                       const char *version,
                       const struct fh_msg_waived *waived);

/* "rule mask[0] of mesh policy agreed 1.0.0", or "a rule of a policy": a receipt alone knows
 * neither. */
enum { FH_NOTICES_RULE_BYTES = 192 };
void fh_notices_rule_text(char out[FH_NOTICES_RULE_BYTES], const struct freehold_waived *waived);

/* Reads what the answer to a QUERY says behind the stream. FH_EPROTO, FH_ENOMEM. */
FH_MUST_CHECK int fh_notices_of_answer(struct freehold_result *result,
                                       struct fh_pack_reader *reader,
                                       struct fh_err *err);

#endif
