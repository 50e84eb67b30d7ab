/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's tables of the catalogue: entries, contracts, wants, search text.
 *
 * Rows in, rows out; private to node/state. What they mean and when they change is the catalogue's
 * (node/state/catalog.h).
 *
 * Does not: verify. Thread and errors: as node/state/store.h. Ownership: bytes of a row are lent
 * for the visit.
 */
#ifndef FH_NODE_STATE_STORE_CATALOG_H
#define FH_NODE_STATE_STORE_CATALOG_H

#include "node/state/store.h"
#include "proto/gossip/announce.h"
#include "proto/quality/measurement.h"

/* ---- entries ---- */

struct fh_store_entry {
    int64_t entry; /* row number; 0 before the first put */
    struct fh_announce_key key;
    struct fh_record_id id;
    uint64_t revision;
    unsigned status;
    struct fh_record_id contract;
    int64_t expires_ms;
    int64_t received_ms;
    bool live;                 /* false: expired, kept as the floor of its revision */
    bool contract_held;        /* read only */
    bool open_to_mesh;         /* read only */
    bool forked;               /* read only: of the product, whatever the major */
    struct fh_quality quality; /* read only: of the contract that the entry names */
    struct fh_bytes bytes;     /* the ANNOUNCEMENT record */
};

/* Puts the entry under its key and fills `entry->entry`. */
FH_MUST_CHECK int
fh_store_entry_put(struct fh_store *store, struct fh_store_entry *entry, struct fh_err *err);

typedef int
fh_store_entry_visit_fn(void *user, const struct fh_store_entry *entry, struct fh_err *err);

/* The entry of a key, live or not: visited once, or FH_ENOTFOUND. */
FH_MUST_CHECK int fh_store_entry_get(struct fh_store *store,
                                     const struct fh_announce_key *key,
                                     fh_store_entry_visit_fn *visit,
                                     void *user,
                                     struct fh_err *err);
/* The entry of a row number: visited once, or not at all. */
FH_MUST_CHECK int fh_store_entry_at(struct fh_store *store,
                                    int64_t entry,
                                    fh_store_entry_visit_fn *visit,
                                    void *user,
                                    struct fh_err *err);
/* Live entries: all (by row), of a domain or of a product in it (by product, major), naming a
 * contract, or after an id (by id). */
FH_MUST_CHECK int fh_store_entries_each(struct fh_store *store,
                                        fh_store_entry_visit_fn *visit,
                                        void *user,
                                        struct fh_err *err);
FH_MUST_CHECK int fh_store_entries_of(struct fh_store *store,
                                      const struct fh_domain_id *domain,
                                      const char *product_or_null,
                                      fh_store_entry_visit_fn *visit,
                                      void *user,
                                      struct fh_err *err);
FH_MUST_CHECK int fh_store_entries_naming(struct fh_store *store,
                                          const struct fh_record_id *contract,
                                          fh_store_entry_visit_fn *visit,
                                          void *user,
                                          struct fh_err *err);
/* Of a domain, live or not, by product and major. */
FH_MUST_CHECK int fh_store_entries_said(struct fh_store *store,
                                        const struct fh_domain_id *domain,
                                        fh_store_entry_visit_fn *visit,
                                        void *user,
                                        struct fh_err *err);
/* At most `limit`, those after `after` (all zero: from the first). */
FH_MUST_CHECK int fh_store_entries_after(struct fh_store *store,
                                         const struct fh_record_id *after,
                                         size_t limit,
                                         fh_store_entry_visit_fn *visit,
                                         void *user,
                                         struct fh_err *err);
/* Visits live entries that expired before `before_ms`, then marks them as no longer live and drops
 * their search text. */
FH_MUST_CHECK int fh_store_entries_expire(struct fh_store *store,
                                          int64_t before_ms,
                                          fh_store_entry_visit_fn *visit,
                                          void *user,
                                          struct fh_err *err);
/* Rows of a domain, live or not. */
FH_MUST_CHECK int fh_store_entries_count(struct fh_store *store,
                                         const struct fh_domain_id *domain,
                                         uint64_t *out,
                                         struct fh_err *err);
/* A number that belongs to a domain: its rows, or when it was heard. */
typedef int fh_store_domain_visit_fn(void *user,
                                     const struct fh_domain_id *domain,
                                     int64_t number,
                                     struct fh_err *err);
/* Rows of every domain that has some. */
FH_MUST_CHECK int fh_store_entries_counts(struct fh_store *store,
                                          fh_store_domain_visit_fn *visit,
                                          void *user,
                                          struct fh_err *err);

/* ---- contracts ---- */

struct fh_store_contract {
    struct fh_record_id id;
    struct fh_domain_id domain;
    char product[FH_NAME_BYTES_MAX + 1];
    char version[FH_VERSION_BYTES_MAX + 1];
    uint32_t major; /* of the version */
    bool is_prerelease;
    uint64_t seq;
    bool open_to_mesh;
    int64_t received_ms;
    struct fh_bytes bytes;
};

FH_MUST_CHECK int fh_store_contract_put(struct fh_store *store,
                                        const struct fh_store_contract *contract,
                                        struct fh_err *err);
FH_MUST_CHECK int fh_store_contract_held(struct fh_store *store,
                                         const struct fh_record_id *id,
                                         bool *out,
                                         struct fh_err *err);
/* Appends the record's bytes; FH_ENOTFOUND. */
FH_MUST_CHECK int fh_store_contract_get(struct fh_store *store,
                                        const struct fh_record_id *id,
                                        struct fh_buf *out,
                                        struct fh_err *err);

enum fh_store_side { FH_STORE_AT_MOST, FH_STORE_AT_LEAST };
/* The contract of a product with the nearest seq on one side of `seq` (included); appends its bytes
 * to `out_bytes` (may be NULL). FH_ENOTFOUND. */
FH_MUST_CHECK int fh_store_contract_near(struct fh_store *store,
                                         const struct fh_domain_id *domain,
                                         const char *product,
                                         enum fh_store_side side,
                                         uint64_t seq,
                                         struct fh_record_id *out_id,
                                         uint64_t *out_seq,
                                         struct fh_buf *out_bytes,
                                         struct fh_err *err);

/* ---- wants ---- */

/* `waits_for` zero: can be pulled now. One already there takes the new `waits_for`. */
FH_MUST_CHECK int fh_store_want_put(struct fh_store *store,
                                    const struct fh_record_id *contract,
                                    const struct fh_domain_id *domain,
                                    const struct fh_record_id *waits_for,
                                    struct fh_err *err);
FH_MUST_CHECK int
fh_store_want_drop(struct fh_store *store, const struct fh_record_id *contract, struct fh_err *err);
/* Drops the want of a contract that no live entry names. */
FH_MUST_CHECK int fh_store_want_drop_unnamed(struct fh_store *store,
                                             const struct fh_record_id *contract,
                                             struct fh_err *err);
FH_MUST_CHECK int fh_store_wanted(struct fh_store *store,
                                  const struct fh_record_id *contract,
                                  bool *out,
                                  struct fh_err *err);
/* Drops the wants that no live entry names, nor waits for, over however many others. */
FH_MUST_CHECK int fh_store_wants_tidy(struct fh_store *store, struct fh_err *err);
/* Domains of which something is wanted, by id: those after `after` up to `last`, at most `limit`.
 * Their number is nothing. */
FH_MUST_CHECK int fh_store_wanting_each(struct fh_store *store,
                                        const struct fh_domain_id *after,
                                        const struct fh_domain_id *last,
                                        size_t limit,
                                        fh_store_domain_visit_fn *visit,
                                        void *user,
                                        struct fh_err *err);
/* `place`: of the want among all, the oldest first. */
typedef int fh_store_want_visit_fn(void *user,
                                   const struct fh_record_id *contract,
                                   int64_t place,
                                   struct fh_err *err);
/* What can be pulled now of a domain, the oldest first: from behind the place `after` up to `last`,
 * at most `limit`. */
FH_MUST_CHECK int fh_store_wants_of(struct fh_store *store,
                                    const struct fh_domain_id *domain,
                                    int64_t after,
                                    int64_t last,
                                    size_t limit,
                                    fh_store_want_visit_fn *visit,
                                    void *user,
                                    struct fh_err *err);

FH_MUST_CHECK int fh_store_proof_held(struct fh_store *store,
                                      const struct fh_record_id *id,
                                      bool *out,
                                      struct fh_err *err);

/* ---- when a domain was heard ---- */

FH_MUST_CHECK int fh_store_heard_put(struct fh_store *store,
                                     const struct fh_domain_id *domain,
                                     int64_t heard_ms,
                                     struct fh_err *err);
/* In the order of the ids. */
FH_MUST_CHECK int fh_store_heard_each(struct fh_store *store,
                                      fh_store_domain_visit_fn *visit,
                                      void *user,
                                      struct fh_err *err);

#endif
