/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facets: what the products of a list have in common, and how many have it.
 *
 * Of a product there is one value of most facets, and any number of tags and classifications: those
 * of the contract, its tables and its columns, each once. They stand in the product's card (table
 * `cards`) as a form: for each value its facet, its size, its bytes. A counter takes the products
 * of a list one by one and gives the values, those of most products first.
 *
 * Does not: search. Thread: the loop thread only. Ownership: a counter copies what it is given.
 */
#ifndef FH_NODE_STATE_FACETS_H
#define FH_NODE_STATE_FACETS_H

#include "common/bytes.h"
#include "common/err.h"
#include "common/limits.h"

struct fh_contract;

enum fh_facet {
    FH_FACET_DOMAIN,
    FH_FACET_STATUS,
    FH_FACET_TAG,
    FH_FACET_CLASSIFICATION,
    FH_FACET_QUALITY,   /* as it is at the time of the search: "stale" is one */
    FH_FACET_ACCESS,    /* "mesh": every domain may read; "granted" */
    FH_FACET_REACHABLE, /* "yes", "no": whether a node of the owner answers */
    FH_FACET_COUNT
};
/* "tag", as it stands before the sign in a search. */
const char *fh_facet_text(enum fh_facet facet);

/* ---- forms ---- */

/* Appends the tags and classifications of a contract: at most FH_FACET_OF_PRODUCT_MAX values of at
 * most FH_FACET_BYTES_MAX bytes; longer ones are left out. */
void fh_facets_form(struct fh_buf *out, const struct fh_contract *contract);
/* The next value from `*at` (0 at first); false at the end, or where the form is broken. */
bool fh_facets_next(struct fh_bytes form,
                    size_t *at,
                    enum fh_facet *out_facet,
                    struct fh_bytes *out_value);
bool fh_facets_has(struct fh_bytes form, enum fh_facet facet, struct fh_bytes value);

/* ---- counting ---- */

struct fh_facets;

/* NULL when there is no memory. Given. */
FH_MUST_CHECK struct fh_facets *fh_facets_new(void);
void fh_facets_free(struct fh_facets *facets);
static inline void fh_facets_freep(struct fh_facets **facets)
{
    fh_facets_free(*facets);
}
/* One more product has this value. Beyond FH_FACET_DISTINCT_MAX values of a facet new ones are only
 * known to be more. FH_ENOMEM. */
FH_MUST_CHECK int fh_facets_add(struct fh_facets *facets,
                                enum fh_facet facet,
                                struct fh_bytes value,
                                struct fh_err *err);
void fh_facets_clear(struct fh_facets *facets);

struct fh_facet_value {
    enum fh_facet facet;
    struct fh_bytes text; /* lent until the counter changes */
    uint64_t products;
    uint64_t values; /* different ones of this facet, FH_FACET_DISTINCT_MAX + 1 for more */
};
typedef void fh_facet_visit_fn(void *user, const struct fh_facet_value *value);
/* Facet by facet at most `most` values, those of most products first, then by their bytes. */
void fh_facets_each(struct fh_facets *facets, size_t most, fh_facet_visit_fn *visit, void *user);

#endif
