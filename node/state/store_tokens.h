/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's table of tokens: deposits of members, as node/state/deposits.h keeps them.
 *
 * Does not: verify. Thread and errors: as node/state/store.h. Ownership: bytes of a row are lent
 * for the visit.
 */
#ifndef FH_NODE_STATE_STORE_TOKENS_H
#define FH_NODE_STATE_STORE_TOKENS_H

#include "node/state/store.h"
#include "proto/identity/deposit.h"

struct fh_store_token {
    struct fh_token_id id;
    struct fh_record_id token;  /* of the TOKEN record */
    struct fh_domain_id domain; /* of the member */
    struct fh_key_id key;       /* of the member */
    int64_t not_after_ms;
    bool revoked;
    struct fh_bytes deposit; /* an array of FH_DEPOSIT_FIELDS */
};

/* FH_EEXIST ("token.exists") when there is one of this id. */
FH_MUST_CHECK int
fh_store_token_put(struct fh_store *store, const struct fh_store_token *token, struct fh_err *err);
/* `out_found` is false when this key has no such token that is not revoked. */
FH_MUST_CHECK int fh_store_token_revoke(struct fh_store *store,
                                        const struct fh_token_id *id,
                                        const struct fh_key_id *key,
                                        bool *out_found,
                                        struct fh_err *err);
/* Those that ended before `now_ms` go. */
FH_MUST_CHECK int fh_store_tokens_tidy(struct fh_store *store, int64_t now_ms, struct fh_err *err);

/* Live ones of a key, all of a key, all of a domain, all of other domains than `own`, all. */
struct fh_store_token_counts {
    int64_t live_of_key, of_key, of_domain, of_others, all;
};
FH_MUST_CHECK int fh_store_tokens_count(struct fh_store *store,
                                        const struct fh_key_id *key,
                                        const struct fh_domain_id *domain,
                                        const struct fh_domain_id *own,
                                        struct fh_store_token_counts *out,
                                        struct fh_err *err);

typedef int
fh_store_token_visit_fn(void *user, const struct fh_store_token *token, struct fh_err *err);
/* That of an id: once, or not at all. */
FH_MUST_CHECK int fh_store_token_get(struct fh_store *store,
                                     const struct fh_token_id *id,
                                     fh_store_token_visit_fn *visit,
                                     void *user,
                                     struct fh_err *err);
/* Those of a key that are not revoked, in the order in which they end. */
FH_MUST_CHECK int fh_store_tokens_of(struct fh_store *store,
                                     const struct fh_key_id *key,
                                     fh_store_token_visit_fn *visit,
                                     void *user,
                                     struct fh_err *err);

#endif
