/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SQL of the barrier: a table as a view of it says, written over the table that is there.
 *
 *     SELECT mask(a), b FROM (FROM domain.product.table WHERE (filter) AND (filter))
 *
 * Filters see the values that are there, and masks only rows that the filters keep, so a mask
 * cannot tell of a row that is none. Conditions of the query itself (wishes) see masked values:
 *
 *     SELECT a FROM (SELECT mask(a) AS a, b FROM (...)) WHERE b > 60
 *
 * With groups the inner SELECT is one over groups (barrier_groups.h).
 *
 * A mask that does not fit the type of its column (which a policy that was checked has not) hides
 * all of it: the column is NULL.
 *
 * Does not: run anything, or put a key into SQL. Thread: any; values. Ownership: a masked table
 * lives in its arena and borrows the table and the view.
 */
#ifndef FH_NODE_QUERY_BARRIER_SQL_H
#define FH_NODE_QUERY_BARRIER_SQL_H

#include "node/query/gate.h"
#include "node/state/keystore.h"
#include "proto/governance/view.h"
#include "proto/query/channel.h"

/* A column that the consumer sees. */
struct fh_masked_column {
    uint32_t at; /* in the table that is there */
    struct fh_mask mask;
    uint64_t key; /* HASH: the number of its key */
};

struct fh_masked_table {
    struct fh_table real;    /* as the scan worker has it, with the keys of its masks */
    struct fh_table visible; /* as the query worker has it: BARRIER, columns in contract order */
    const struct fh_view *view;
    const struct fh_masked_column *columns; /* one for each of `visible` */
    const uint32_t *group_at; /* with groups: of each column of the view that they need, the one
                                 in `real` */
};

/* What the view is of. */
struct fh_masked_of {
    const struct fh_table *real; /* its files and columns; names are copied by pointer */
    const char *const *names;    /* the contract's columns, in the view's order */
    size_t name_count;
    const struct fh_domain_id *domain;
    const char *product; /* without version */
    const char *table;
};

/* FH_EINTERNAL "barrier.view" when view and contract do not fit each other; FH_EDENIED
 * "access.columns" when no column is left; FH_ENOMEM. Keys in it: the caller wipes the arena's
 * memory by fh_masked_wipe when the scan worker has them. */
FH_MUST_CHECK int fh_masked_make(struct fh_masked_table *out,
                                 const struct fh_masked_of *of,
                                 const struct fh_view *view,
                                 const struct fh_keystore *keys,
                                 struct fh_arena *arena,
                                 struct fh_err *err);
void fh_masked_wipe(struct fh_masked_table *table);

/* The index of a visible column; false when there is none of that name. */
bool fh_masked_find(const struct fh_masked_table *table, const char *name, uint32_t *out);

/* A condition on a masked value, of a query that tries it too. */
struct fh_masked_wish {
    uint32_t column;    /* index in `visible` */
    const char *suffix; /* behind the column: " > 60" */
};

/* The wishes of the gate for its table `number` that this table can fulfil: those whose column it
 * has, of a type with which the comparison cannot fail. In the arena; without memory there are
 * none. */
const struct fh_masked_wish *fh_masked_wishes(const struct fh_masked_table *table,
                                              const struct fh_gate *gate,
                                              uint32_t number,
                                              struct fh_arena *arena,
                                              uint32_t *out_count);

/* Appends the SELECT of these columns (indices in `visible`), or without any of the count of rows,
 * where all wishes are true. Wishes need columns. */
struct fh_masked_scan {
    const uint32_t *columns;
    uint32_t column_count;
    const struct fh_masked_wish *wishes;
    uint32_t wish_count;
};
void fh_masked_select(struct fh_buf *out,
                      const struct fh_masked_table *table,
                      const struct fh_masked_scan *scan);

/* Appends the SELECT of all visible columns. */
void fh_masked_select_all(struct fh_buf *out, const struct fh_masked_table *table);
/* Appends the SELECT of `true` for each row. */
void fh_masked_select_rows(struct fh_buf *out, const struct fh_masked_table *table);

/* Appends a column of the source as its mask shows it; NULL of its type when that does not fit. */
void fh_masked_put(struct fh_buf *out,
                   const struct fh_masked_column *column,
                   const struct fh_column *source);

/* Append the name of the table that is there, and WHERE with the view's filters, if there are any.
 */
void fh_masked_put_source(struct fh_buf *out, const struct fh_masked_table *table);
void fh_masked_put_filters(struct fh_buf *out, const struct fh_masked_table *table);

/* Whether a copy of the masked table made now says the same later: types that Parquet keeps, and
 * filters that call nothing and ask for no time. A filter that is not understood is none. */
bool fh_masked_keepable(const struct fh_masked_table *table);

#endif
