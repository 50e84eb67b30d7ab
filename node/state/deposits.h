/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deposits: the tokens that members left at this node, for its door.
 *
 * A member of any domain of the mesh may leave some. What is kept opens nothing by itself
 * (proto/identity/deposit.h). One that was revoked keeps its place until its token ends, so that
 * making and revoking costs room; then it goes. That its token does not count any more is the
 * directory's to say (TOKEN_END), everywhere.
 *
 * Does not: ask who asks (node/token_desk). Thread: the loop's. Ownership: keeps what its options
 * name.
 */
#ifndef FH_NODE_STATE_DEPOSITS_H
#define FH_NODE_STATE_DEPOSITS_H

#include "node/state/store_tokens.h"
#include "proto/identity/directory.h"

struct fh_deposits;

/* `store` and `dir` are kept; `own` is the node's domain. FH_ENOMEM. */
FH_MUST_CHECK int fh_deposits_open(struct fh_deposits **out,
                                   struct fh_store *store,
                                   const struct fh_directory *dir,
                                   const struct fh_domain_id *own,
                                   struct fh_err *err);
void fh_deposits_close(struct fh_deposits *deposits);

/* Keeps a deposit (borrowed) of the member whose key has the id `key`, durably. FH_EDENIED
 * ("token.member": another's; and those of fh_token_verify), FH_EEXIST ("token.exists"), FH_EBUSY
 * ("token.limit": of the key), FH_ETOOBIG ("token.limit": of its domain, or of the node). */
FH_MUST_CHECK int fh_deposits_put(struct fh_deposits *deposits,
                                  const struct fh_key_id *key,
                                  const struct fh_deposit *deposit,
                                  int64_t now_ms,
                                  struct fh_err *err);
/* The TOKEN record's id of one of this key's that lives. FH_ENOTFOUND ("token.unknown"). */
FH_MUST_CHECK int fh_deposits_token(struct fh_deposits *deposits,
                                    const struct fh_key_id *key,
                                    const struct fh_token_id *id,
                                    struct fh_record_id *out,
                                    struct fh_err *err);
/* Ends one of this key's, durably. FH_ENOTFOUND ("token.unknown"). */
FH_MUST_CHECK int fh_deposits_revoke(struct fh_deposits *deposits,
                                     const struct fh_key_id *key,
                                     const struct fh_token_id *id,
                                     struct fh_err *err);

/* Appends the deposit of an id to `room`, of which `out` borrows. FH_ENOTFOUND ("token.unknown")
 * for one that ended, was revoked or never was. */
FH_MUST_CHECK int fh_deposits_find(struct fh_deposits *deposits,
                                   const struct fh_token_id *id,
                                   int64_t now_ms,
                                   struct fh_buf *room,
                                   struct fh_deposit *out,
                                   struct fh_err *err);

typedef int fh_deposits_visit_fn(void *user, const struct fh_deposit *deposit, struct fh_err *err);
/* The live ones of a key. */
FH_MUST_CHECK int fh_deposits_of(struct fh_deposits *deposits,
                                 const struct fh_key_id *key,
                                 fh_deposits_visit_fn *visit,
                                 void *user,
                                 struct fh_err *err);

/* Those that ended go. */
FH_MUST_CHECK int
fh_deposits_tidy(struct fh_deposits *deposits, int64_t now_ms, struct fh_err *err);

#endif
