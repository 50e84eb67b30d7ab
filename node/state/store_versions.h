/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's view of versions: the contracts of a product by major, and those that were refused.
 *
 * Rows in, rows out; private to node/state. What they mean is the catalogue's
 * (node/state/catalog.h) and the protocol's (proto/contract/versions.h).
 *
 * Does not: judge. Thread and errors: as node/state/store.h. Ownership: values.
 */
#ifndef FH_NODE_STATE_STORE_VERSIONS_H
#define FH_NODE_STATE_STORE_VERSIONS_H

#include "node/state/store_catalog.h"
#include "proto/contract/versions.h"

struct fh_store_version {
    struct fh_version version;
    struct fh_record_id id;
};

/* Which contract of a product is meant, beside the one with number `seq`. */
enum fh_store_version_side {
    FH_STORE_BEFORE,         /* the last of the major before it */
    FH_STORE_BEFORE_RELEASE, /* the same, without pre-releases */
    FH_STORE_AFTER,          /* the first of the major after it */
    FH_STORE_GREATEST,       /* the greatest version of a greater major before it */
};

/* FH_ENOTFOUND without a text when there is none. */
FH_MUST_CHECK int fh_store_version_get(struct fh_store *store,
                                       const struct fh_domain_id *domain,
                                       const char *product,
                                       enum fh_store_version_side side,
                                       uint32_t major,
                                       uint64_t seq,
                                       struct fh_store_version *out,
                                       struct fh_err *err);
/* How many contracts of the product are held before number `seq`. */
FH_MUST_CHECK int fh_store_versions_before(struct fh_store *store,
                                           const struct fh_domain_id *domain,
                                           const char *product,
                                           uint64_t seq,
                                           uint64_t *out,
                                           struct fh_err *err);

/* ---- refusals ---- */

struct fh_store_refusal {
    struct fh_record_id id;
    struct fh_domain_id domain;
    char product[FH_NAME_BYTES_MAX + 1];
    uint64_t seq;
    struct fh_err why; /* rule and text */
};

FH_MUST_CHECK int fh_store_refusal_put(struct fh_store *store,
                                       const struct fh_store_refusal *refusal,
                                       struct fh_err *err);
/* FH_ENOTFOUND without a text. */
FH_MUST_CHECK int fh_store_refusal_get(struct fh_store *store,
                                       const struct fh_record_id *id,
                                       struct fh_store_refusal *out,
                                       struct fh_err *err);
/* Forgets them all; those that an announcement names are wanted again. */
FH_MUST_CHECK int fh_store_refusals_forget(struct fh_store *store, struct fh_err *err);

#endif
