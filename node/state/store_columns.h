/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's columns: tables and columns of the contracts, for the planner.
 *
 * All columns of a contract are one packed value in one row: fifty rows with a random key cost more
 * to write than the rest of a contract.
 *
 * Does not: read contracts. Thread: the store's. Ownership: as in store.h.
 */
#ifndef FH_NODE_STATE_STORE_COLUMNS_H
#define FH_NODE_STATE_STORE_COLUMNS_H

#include "node/state/store.h"

struct fh_store_column {
    unsigned table_at; /* position of the table in the contract, from 0 */
    unsigned column_at;
    const char *table; /* texts: borrowed when packed, lent when visited */
    const char *name;
    const char *sql_type;
    bool required;
    const char *classification;
};

enum { FH_STORE_COLUMNS_BYTES_MAX = 4 * 1024 * 1024 }; /* packed, of the largest contract */

/* Appends one column to the value that fh_store_columns_put takes. */
void fh_store_column_pack(struct fh_buf *form, const struct fh_store_column *column);
/* The columns of a contract: `count` packed ones. A failure that stuck in `form` is the result. */
FH_MUST_CHECK int fh_store_columns_put(struct fh_store *store,
                                       const struct fh_record_id *contract,
                                       const struct fh_buf *form,
                                       uint32_t count,
                                       struct fh_err *err);
typedef int
fh_store_column_visit_fn(void *user, const struct fh_store_column *column, struct fh_err *err);
/* Columns of all tables in order. */
FH_MUST_CHECK int fh_store_columns_each(struct fh_store *store,
                                        const struct fh_record_id *contract,
                                        fh_store_column_visit_fn *visit,
                                        void *user,
                                        struct fh_err *err);

#endif
