/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's tables of access: grants, their ends, and requests for access with their answers.
 *
 * Rows in, rows out. What they mean, and who may put one, is node/state/grants.h.
 *
 * Does not: verify. Thread and errors: as node/state/store.h. Ownership: bytes of a row are lent
 * for the visit.
 */
#ifndef FH_NODE_STATE_STORE_GRANTS_H
#define FH_NODE_STATE_STORE_GRANTS_H

#include "node/state/store.h"
#include "proto/governance/grant.h"

/* ---- grants ---- */

struct fh_store_grant {
    struct fh_record_id id;
    uint8_t grantee[FH_ID_BYTES];
    char product[FH_NAME_BYTES_MAX + 1];
    int64_t not_after_ms;
    int64_t received_ms;
    int64_t ended_ms; /* read only: since when an end ends it; INT64_MAX */
    struct fh_bytes bytes;
};

/* One already there is fine and stays. */
FH_MUST_CHECK int
fh_store_grant_put(struct fh_store *store, const struct fh_store_grant *grant, struct fh_err *err);
FH_MUST_CHECK int fh_store_grant_end_put(struct fh_store *store,
                                         const struct fh_record_id *id,
                                         const struct fh_grant_end *end,
                                         struct fh_bytes bytes,
                                         int64_t received_ms,
                                         struct fh_err *err);
/* Since when an end is known for this grant; INT64_MAX: never. */
FH_MUST_CHECK int fh_store_grant_ended(struct fh_store *store,
                                       const struct fh_record_id *grant,
                                       int64_t *out_ms,
                                       struct fh_err *err);
FH_MUST_CHECK int fh_store_grants_count(struct fh_store *store, uint64_t *out, struct fh_err *err);

typedef int
fh_store_grant_visit_fn(void *user, const struct fh_store_grant *grant, struct fh_err *err);
/* Visits that of an id: once, or FH_ENOTFOUND, rule "grant.unknown". */
FH_MUST_CHECK int fh_store_grant_get(struct fh_store *store,
                                     const struct fh_record_id *id,
                                     fh_store_grant_visit_fn *visit,
                                     void *user,
                                     struct fh_err *err);
/* Those of a product for this domain or key, at most FH_GRANTS_OF_ONE_MAX: first those that count
 * at `now_ms`, then the ones that came last. */
FH_MUST_CHECK int fh_store_grants_for(struct fh_store *store,
                                      const char *product,
                                      const struct fh_domain_id *consumer,
                                      const struct fh_key_id *key,
                                      int64_t now_ms,
                                      fh_store_grant_visit_fn *visit,
                                      void *user,
                                      struct fh_err *err);
/* At most `limit` by id, those after `after`. */
FH_MUST_CHECK int fh_store_grants_after(struct fh_store *store,
                                        const struct fh_record_id *after,
                                        size_t limit,
                                        fh_store_grant_visit_fn *visit,
                                        void *user,
                                        struct fh_err *err);
/* Drops grants that expired before `before_ms`, and ends older than that by the life of a grant: a
 * grant that came again after its end was dropped would have expired. */
FH_MUST_CHECK int
fh_store_grants_tidy(struct fh_store *store, int64_t before_ms, struct fh_err *err);

/* ---- requests for access ---- */

struct fh_store_asked {
    struct fh_record_id id;
    struct fh_domain_id owner;
    struct fh_domain_id consumer;
    struct fh_key_id key;
    int64_t until_ms;
    int64_t received_ms;
    int64_t delivered_ms;            /* 0: waits here for its owner */
    char refused[FH_ERR_RULE_BYTES]; /* the rule by which the owner refused it, or "" */
    struct fh_bytes bytes;
    struct fh_bytes answer; /* ACCESS_ANSWER record; empty: not answered, as far as is known here */
    int64_t seq;            /* read only: ascends as they came */
};

/* One already there is fine and stays. */
FH_MUST_CHECK int
fh_store_asked_put(struct fh_store *store, const struct fh_store_asked *asked, struct fh_err *err);
FH_MUST_CHECK int fh_store_asked_delivered(struct fh_store *store,
                                           const struct fh_record_id *id,
                                           int64_t when_ms,
                                           const char *refused,
                                           struct fh_err *err);
/* Puts the answer of a request that has none; `out_new` says whether it was so. */
FH_MUST_CHECK int fh_store_asked_answer(struct fh_store *store,
                                        const struct fh_record_id *request,
                                        struct fh_bytes answer,
                                        bool *out_new,
                                        struct fh_err *err);
/* Among whose requests something is counted: a key's, its domain's, everybody's. */
enum fh_store_asked_scope {
    FH_ASKED_OF_KEY,
    FH_ASKED_OF_DOMAIN,
    FH_ASKED_OF_ALL,
    FH_ASKED_SCOPE_COUNT,
};

/* How many are held in each scope. */
FH_MUST_CHECK int fh_store_asked_count(struct fh_store *store,
                                       const struct fh_key_id *key,
                                       const struct fh_domain_id *consumer,
                                       uint64_t out[FH_ASKED_SCOPE_COUNT],
                                       struct fh_err *err);
/* Drops what is past its `until`. */
FH_MUST_CHECK int fh_store_asked_tidy(struct fh_store *store, int64_t now_ms, struct fh_err *err);
/* Drops the oldest one of the scope for which nothing is left to do here: it is answered, its owner
 * refused it, or it was delivered to an owner other than `own`. `out_dropped`: there was one. */
FH_MUST_CHECK int fh_store_asked_drop_done(struct fh_store *store,
                                           enum fh_store_asked_scope scope,
                                           const struct fh_key_id *key,
                                           const struct fh_domain_id *consumer,
                                           const struct fh_domain_id *own,
                                           bool *out_dropped,
                                           struct fh_err *err);

typedef int
fh_store_asked_visit_fn(void *user, const struct fh_store_asked *asked, struct fh_err *err);
/* Visits that of an id: once, or FH_ENOTFOUND, rule "access.request.unknown". */
FH_MUST_CHECK int fh_store_asked_get(struct fh_store *store,
                                     const struct fh_record_id *id,
                                     fh_store_asked_visit_fn *visit,
                                     void *user,
                                     struct fh_err *err);
/* Those of a key, newest first. */
FH_MUST_CHECK int fh_store_asked_of(struct fh_store *store,
                                    const struct fh_key_id *key,
                                    fh_store_asked_visit_fn *visit,
                                    void *user,
                                    struct fh_err *err);
/* At most `limit` of an owner by id, those after `after`. */
FH_MUST_CHECK int fh_store_asked_after(struct fh_store *store,
                                       const struct fh_domain_id *owner,
                                       const struct fh_record_id *after,
                                       size_t limit,
                                       fh_store_asked_visit_fn *visit,
                                       void *user,
                                       struct fh_err *err);
/* Those that wait here for an owner, once around: those that came after `after_seq`, then the
 * others, and of each the one that waits longest first. */
FH_MUST_CHECK int fh_store_asked_waiting(struct fh_store *store,
                                         int64_t after_seq,
                                         fh_store_asked_visit_fn *visit,
                                         void *user,
                                         struct fh_err *err);

#endif
