/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the catalogue share: its state and the two ways a record changes it.
 *
 * Private to node/state/catalog*. Thread, ownership: as node/state/catalog.h.
 */
#ifndef FH_NODE_STATE_CATALOG_INNER_H
#define FH_NODE_STATE_CATALOG_INNER_H

#include "node/state/catalog.h"
#include "node/state/store_catalog.h"

/* What is kept in memory of each domain. */
struct fh_catalog_domain {
    struct fh_domain_id id;
    int64_t heard_ms; /* 0: never */
    bool dirty;       /* heard_ms is not stored yet */
    uint64_t rows;    /* its announcements, live or not */
    int64_t asked;    /* the place of its want that was asked for last; 0: none */
};

/* What a rolled back transaction must give back. */
struct fh_catalog_sums {
    struct fh_catalog_head head;
    struct fh_catalog_head own;
    uint64_t rows; /* announcements of all, live or not */
};

struct fh_catalog {
    struct fh_store *store;
    const struct fh_directory *directory;
    struct fh_domain_id self;
    const struct fh_names *names;
    uint64_t products_per_domain_max;
    struct fh_catalog_sums sums;
    fh_catalog_judge_fn *judge; /* NULL: nothing is agreed on */
    void *judge_user;
    uint64_t edits;          /* see fh_catalog_edits */
    bool is_untidy;          /* something may be kept that no announcement goes with */
    struct fh_bytes offered; /* the record that `opened` is the contract of */
    const struct fh_contract *opened;
    struct fh_catalog_domain *domains; /* by id */
    size_t domain_count;
    size_t domain_capacity;
};

/* How a contract came. */
enum fh_catalog_way {
    FH_CATALOG_PULLED,    /* must be wanted */
    FH_CATALOG_PUBLISHED, /* must be the next of an own chain */
};

/* Applies a contract or an announcement inside the caller's transaction. */
FH_MUST_CHECK int fh_catalog_apply_contract(struct fh_catalog *catalog,
                                            struct fh_bytes record,
                                            const struct fh_record_id *expected,
                                            enum fh_catalog_way way,
                                            int64_t now_ms,
                                            struct fh_catalog_outcome *out,
                                            struct fh_err *err);
FH_MUST_CHECK int fh_catalog_apply_announcement(struct fh_catalog *catalog,
                                                struct fh_bytes record,
                                                int64_t now_ms,
                                                struct fh_catalog_outcome *out,
                                                struct fh_err *err);

/* Where the version of a contract stands beside the others that are held ("contract.version.*");
 * gives the id of the contract that it is judged against, or zero. */
FH_MUST_CHECK int fh_catalog_place_version(struct fh_catalog *catalog,
                                           const struct fh_contract_record *contract,
                                           struct fh_record_id *out_base,
                                           struct fh_err *err);
/* Whether the version says enough for what the contract changes; FH_OK also where that cannot be
 * judged: `base` zero, or a rule set that is not known here. */
FH_MUST_CHECK int fh_catalog_judge_version(struct fh_catalog *catalog,
                                           const struct fh_contract_record *record,
                                           const struct fh_contract *contract,
                                           const struct fh_record_id *base,
                                           struct fh_err *err);
/* Whether the record before this contract was refused here: then the chain goes on behind it. */
FH_MUST_CHECK int fh_catalog_refused_link(struct fh_catalog *catalog,
                                          const struct fh_contract_record *contract,
                                          bool *out,
                                          struct fh_err *err);
/* The error for a product whose contract is not held: why it was refused, or
 * "product.contract.missing". Never FH_OK. */
int fh_catalog_why_missing(struct fh_catalog *catalog,
                           const struct fh_record_id *contract,
                           const char *domain,
                           const char *product,
                           struct fh_err *err);

/* Counts the id of a live announcement into, or out of, the heads. */
void fh_catalog_count_in(struct fh_catalog *catalog,
                         const struct fh_domain_id *domain,
                         const struct fh_record_id *id);
void fh_catalog_count_out(struct fh_catalog *catalog,
                          const struct fh_domain_id *domain,
                          const struct fh_record_id *id);

/* The domain's place in memory, made when it is new; NULL without memory or with too many. */
struct fh_catalog_domain *fh_catalog_domain_row(struct fh_catalog *catalog,
                                                const struct fh_domain_id *id);
/* After a rollback: puts the sums back, and counts the rows of `domain` anew. */
void fh_catalog_restore(struct fh_catalog *catalog,
                        const struct fh_catalog_sums *sums,
                        const struct fh_domain_id *domain);

/* Reads the announcement inside a stored row. FH_EIO "store.corrupt" when it is not what was
 * stored. */
FH_MUST_CHECK int fh_catalog_read_row(const struct fh_catalog *catalog,
                                      const struct fh_store_entry *row,
                                      struct fh_announcement *out,
                                      struct fh_err *err);

/* Whether the entry of this key names this contract and says what it is ("contract.mismatch"). */
FH_MUST_CHECK int fh_catalog_check_published(struct fh_catalog *catalog,
                                             struct fh_bytes contract,
                                             const struct fh_announce_key *key,
                                             struct fh_err *err);

/* Fills a public entry from a stored row. */
FH_MUST_CHECK int fh_catalog_entry_of(const struct fh_catalog *catalog,
                                      const struct fh_store_entry *row,
                                      struct fh_catalog_entry *out,
                                      struct fh_err *err);

/* Indexes an entry; `contract` NULL while it is not held. */
FH_MUST_CHECK int fh_catalog_index(struct fh_catalog *catalog,
                                   int64_t entry,
                                   const struct fh_announcement *announcement,
                                   const struct fh_contract *contract,
                                   struct fh_err *err);

/* A page of records under construction: cut by bytes, at least one record. */
struct fh_catalog_page {
    size_t left; /* bytes */
    bool full;
    size_t rows;
    struct fh_record_id last; /* where the next page goes on */
    fh_catalog_record_visit_fn *visit;
    void *user;
};
enum { FH_CATALOG_PAGE_ROWS = 512 }; /* of one statement */

/* Begins after `cursor` (empty or an id). FH_EINVAL "sync.cursor". */
FH_MUST_CHECK int fh_catalog_page_begin(struct fh_catalog_page *page,
                                        struct fh_bytes cursor,
                                        size_t bytes_max,
                                        fh_catalog_record_visit_fn *visit,
                                        void *user,
                                        struct fh_err *err);
FH_MUST_CHECK int fh_catalog_page_add(struct fh_catalog_page *page,
                                      const struct fh_record_id *id,
                                      struct fh_bytes record,
                                      struct fh_err *err);
/* Adds the records after `after`, at most FH_CATALOG_PAGE_ROWS. */
typedef int fh_catalog_page_add_fn(struct fh_catalog_page *page,
                                   struct fh_catalog *catalog,
                                   const struct fh_record_id *after,
                                   struct fh_err *err);
/* Adds until the page is full or nothing is left, and appends where the next page begins; nothing
 * after the last one. */
FH_MUST_CHECK int fh_catalog_page_fill(struct fh_catalog_page *page,
                                       struct fh_catalog *catalog,
                                       fh_catalog_page_add_fn *add,
                                       struct fh_buf *out_cursor,
                                       struct fh_err *err);

/* Replaces rule "record.signature" by `rule`: which signature it was. */
int fh_catalog_signature_rule(struct fh_err *err, int code, const char *rule);

#endif
