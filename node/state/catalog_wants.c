/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which contracts to pull.
 *
 * A domain may announce thousands of contracts that nobody has. So every domain has a share of each
 * look, whatever the others announced, and of what one announced, what follows comes after what was
 * asked for: nothing stands at the head of a line and holds up the rest.
 */
#include "node/state/catalog_inner.h"

#include "common/mem.h"

/* ---- which domains ---- */

struct wanting {
    size_t count;
    struct fh_domain_id *domains;
};

static int
take_domain(void *user, const struct fh_domain_id *domain, int64_t number, struct fh_err *err)
{
    (void)number;
    (void)err;
    struct wanting *wanting = user;
    wanting->domains[wanting->count++] = *domain;
    return FH_OK;
}

/* Those behind `after`, then from the first on up to it. */
static int find_wanting(struct fh_catalog *catalog,
                        const struct fh_domain_id *after,
                        size_t max,
                        struct wanting *out,
                        struct fh_err *err)
{
    static const struct fh_domain_id first;
    struct fh_domain_id last;
    memset(last.b, 0xff, sizeof last.b);
    int code = fh_store_wanting_each(catalog->store, after, &last, max, take_domain, out, err);
    if (code == FH_OK && out->count < max) {
        code = fh_store_wanting_each(
            catalog->store, &first, after, max - out->count, take_domain, out, err);
    }
    return code;
}

/* ---- what of one ---- */

struct taken {
    struct fh_record_id *ids;
    size_t count;
    int64_t last;
};

static int
take_want(void *user, const struct fh_record_id *contract, int64_t place, struct fh_err *err)
{
    (void)err;
    struct taken *taken = user;
    taken->ids[taken->count++] = *contract;
    taken->last = place;
    return FH_OK;
}

/* Those behind what was asked for last, then from the oldest on up to it. */
static int find_of(struct fh_catalog *catalog,
                   const struct fh_domain_id *domain,
                   int64_t after,
                   size_t max,
                   struct taken *out,
                   struct fh_err *err)
{
    struct fh_store *store = catalog->store;
    int code = fh_store_wants_of(store, domain, after, INT64_MAX, max, take_want, out, err);
    if (code == FH_OK && out->count < max && after > 0) {
        code = fh_store_wants_of(store, domain, 0, after, max - out->count, take_want, out, err);
    }
    return code;
}

int fh_catalog_missing_of(struct fh_catalog *catalog,
                          const struct fh_domain_id *domain,
                          struct fh_record_id *out,
                          size_t max,
                          size_t *out_count,
                          struct fh_err *err)
{
    struct fh_catalog_domain *row = fh_catalog_domain_row(catalog, domain);
    struct taken taken = {.ids = out};
    int code = find_of(catalog, domain, row == NULL ? 0 : row->asked, max, &taken, err);
    if (code == FH_OK) {
        *out_count = taken.count;
    }
    if (code == FH_OK && row != NULL && taken.count > 0) {
        row->asked = taken.last;
    }
    return code;
}

/* ---- of all ---- */

/* One of each domain after the other, as far as each has some: `found` holds `share` places for
 * each, with those that are taken first. */
static size_t deal(struct fh_catalog_wanted *out,
                   size_t max,
                   const struct wanting *wanting,
                   const struct fh_record_id *found,
                   const size_t *counts,
                   size_t share)
{
    size_t n = 0;
    for (size_t place = 0; place < share; place++) {
        for (size_t d = 0; d < wanting->count && n < max; d++) {
            if (place < counts[d]) {
                out[n++] = (struct fh_catalog_wanted){.contract = found[d * share + place],
                                                      .domain = wanting->domains[d]};
            }
        }
    }
    return n;
}

int fh_catalog_missing(struct fh_catalog *catalog,
                       const struct fh_domain_id *after_or_null,
                       struct fh_catalog_wanted *out,
                       size_t max,
                       size_t *out_count,
                       struct fh_err *err)
{
    static const struct fh_domain_id first;
    FH_CLEANUP(fh_freep) struct fh_domain_id *domains = fh_calloc(max, sizeof *domains);
    FH_CLEANUP(fh_freep) struct fh_record_id *found = fh_calloc(max, sizeof *found);
    FH_CLEANUP(fh_freep) size_t *counts = fh_calloc(max, sizeof *counts);
    if (domains == NULL || found == NULL || counts == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for what is wanted");
    }
    struct wanting wanting = {.domains = domains};
    int code =
        find_wanting(catalog, after_or_null == NULL ? &first : after_or_null, max, &wanting, err);
    size_t share = wanting.count == 0 ? 0 : max / wanting.count;
    for (size_t d = 0; d < wanting.count && code == FH_OK; d++) {
        const struct fh_catalog_domain *row = fh_catalog_domain_row(catalog, &domains[d]);
        struct taken taken = {.ids = found + d * share};
        code = find_of(catalog, &domains[d], row == NULL ? 0 : row->asked, share, &taken, err);
        counts[d] = taken.count;
    }
    if (code == FH_OK) {
        *out_count = deal(out, max, &wanting, found, counts, share);
    }
    return code;
}
