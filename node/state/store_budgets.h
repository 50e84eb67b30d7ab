/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's view of budgets: what a key has had under a right, this hour and this day.
 *
 * Rows in, rows out. Does not: judge. Thread and errors: as node/state/store.h. Ownership: values.
 */
#ifndef FH_NODE_STATE_STORE_BUDGETS_H
#define FH_NODE_STATE_STORE_BUDGETS_H

#include "node/state/store.h"

struct fh_store_budget {
    struct fh_key_id key;
    struct fh_record_id right;
    int64_t hour_ms; /* Unix: when the hour began */
    uint64_t queries;
    int64_t day_ms;
    uint64_t rows;
};

/* Fills the rest for `key` and `right`. FH_ENOTFOUND without a text: nothing is kept. */
FH_MUST_CHECK int
fh_store_budget_get(struct fh_store *store, struct fh_store_budget *budget, struct fh_err *err);
FH_MUST_CHECK int fh_store_budget_put(struct fh_store *store,
                                      const struct fh_store_budget *budget,
                                      struct fh_err *err);
/* Forgets those whose day began before that time. */
FH_MUST_CHECK int
fh_store_budgets_prune(struct fh_store *store, int64_t before_ms, struct fh_err *err);

#endif
