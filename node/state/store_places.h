/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Store of places: what has one place for each (domain, product, major), by id alone.
 *
 * Does not: read records. Thread: the loop thread only. Ownership: what is visited is lent.
 */
#ifndef FH_NODE_STATE_STORE_PLACES_H
#define FH_NODE_STATE_STORE_PLACES_H

#include "node/state/store.h"

typedef int fh_store_place_visit_fn(void *user,
                                    const struct fh_domain_id *domain,
                                    const char *product,
                                    uint32_t major,
                                    const struct fh_record_id *id,
                                    struct fh_err *err);

/* Live announcements, tombstones too, in no order. */
FH_MUST_CHECK int fh_store_places_announced(struct fh_store *store,
                                            fh_store_place_visit_fn *visit,
                                            void *user,
                                            struct fh_err *err);
/* Measurements that an announcement goes with, in no order. */
FH_MUST_CHECK int fh_store_places_measured(struct fh_store *store,
                                           fh_store_place_visit_fn *visit,
                                           void *user,
                                           struct fh_err *err);

#endif
