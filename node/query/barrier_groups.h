/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SQL of groups: a table of which a view shows groups of rows alone.
 *
 *     groups   SELECT unit(placed) AS placed, region, count(*), count(amount), sum(amount)
 *              FROM source GROUP BY 1, 2 HAVING count(DISTINCT customer) >= 10 ORDER BY 1, 2
 *     kept     of these, those that all filters keep
 *     rows     each group as often as it has rows, with its mean in place of their amounts
 *
 * What leaves the scan worker is a function of what `groups` says, and of nothing else: no row, no
 * order of rows, nothing of a group with too few subjects. So it holds whatever SQL is asked of it,
 * in whatever way, by whoever joins it.
 *
 * Sums are exact where the column is of integers or decimals: the rows of a group have the two
 * numbers next to its mean, so many of each that they add up. Of FLOAT and DOUBLE each row has the
 * mean itself; values that are not finite count as none. A measure of which fewer subjects than the
 * group's size have a value is NULL in all rows of the group.
 *
 * Does not: run anything. Thread: any; values. Ownership: as barrier_sql.h.
 */
#ifndef FH_NODE_QUERY_BARRIER_GROUPS_H
#define FH_NODE_QUERY_BARRIER_GROUPS_H

#include "node/query/barrier_sql.h"

/* Finds the columns that the groups of a view need. FH_EINTERNAL "barrier.view" when the source
 * does not have one; FH_ENOMEM. */
FH_MUST_CHECK int fh_groups_find(const uint32_t **out,
                                 const struct fh_masked_of *of,
                                 const struct fh_view *view,
                                 struct fh_arena *arena,
                                 struct fh_err *err);

/* Appends the SELECT of dimensions and visible measures, by their names. */
void fh_groups_put(struct fh_buf *out, const struct fh_masked_table *table);

#endif
