/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chained: one contract of a product's chain, also one that is not announced any more, fetched by
 * its id and verified here.
 *
 * Does not: show that no other contract has its number (history.h lists forks). Thread: one.
 * Ownership: all lies in the caller's arena.
 */
#ifndef FH_TOOLS_CLIENT_CHAINED_H
#define FH_TOOLS_CLIENT_CHAINED_H

#include "proto/contract/contract_record.h"
#include "tools/client/client.h"

struct fh_chained {
    struct fh_contract_record stated;
    struct fh_contract *contract;
};

/* Fetches the contract with this id from the entry peer; `domain` must have published it under that
 * product's name. FH_ENOTFOUND ("contract.absent": the peer does not hold it), FH_ESIG, and the
 * codes of fh_contract_record_open. */
FH_MUST_CHECK int fh_chained_ask(struct fh_chained *out,
                                 struct freehold_client *client,
                                 const struct fh_domain_id *domain,
                                 const char *product,
                                 const struct fh_record_id *id,
                                 struct fh_arena *arena,
                                 struct fh_err *err);

#endif
