/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Value order: which of two constraints on values lets more pass.
 *
 * Bounds, operators of quality rules, sets of values and multiples are compared as the sets of
 * values that they allow. Tighter is a true subset. Where neither holds the other, or where it
 * cannot be told, the order is OTHER.
 *
 * Does not: say what that means for a reader (compat.h). Thread: any. Ownership: borrows.
 */
#ifndef FH_PROTO_CONTRACT_VALUE_ORDER_H
#define FH_PROTO_CONTRACT_VALUE_ORDER_H

#include "proto/contract/contract.h"

/* Of the second to the first. */
enum fh_order {
    FH_ORDER_SAME,
    FH_ORDER_TIGHTER, /* the second allows less */
    FH_ORDER_LOOSER,  /* the second allows more */
    FH_ORDER_OTHER,
};

/* The lower or upper bounds of two columns' options (minimum and exclusiveMinimum together). Of an
 * integer column, "more than 0" is "at least 1". */
enum fh_order fh_order_bounds(const struct fh_contract_column *before,
                              const struct fh_contract_column *after,
                              bool is_upper);

/* Two optional lengths or counts, as a lower or an upper bound. A lower bound of 0 is none. */
enum fh_order
fh_order_length(struct fh_contract_int before, struct fh_contract_int after, bool is_upper);

/* Two `multipleOf`, normal forms; NULL is none. */
enum fh_order fh_order_multiple(const char *before, const char *after);

/* Two lists of allowed values; NULL allows everything. */
enum fh_order fh_order_values(const struct fh_doc_node *before, const struct fh_doc_node *after);
/* Two sets of words that all must be there: more of them is tighter. */
enum fh_order fh_order_words(const struct fh_contract_strings *before,
                             const struct fh_contract_strings *after);

/* The operators of two quality rules. Whatever counts as a pass counts, never mind the metric. */
enum fh_order fh_order_operators(const struct fh_contract_quality *before,
                                 const struct fh_contract_quality *after);

/* Tighter and looser exchanged. */
static inline enum fh_order fh_order_reverse(enum fh_order order)
{
    return order == FH_ORDER_TIGHTER  ? FH_ORDER_LOOSER
           : order == FH_ORDER_LOOSER ? FH_ORDER_TIGHTER
                                      : order;
}

/* Compares two dates or times of one form ("2025-01-31", "12:00:00Z") and gives -1, 0 or 1. False
 * when their forms differ, so that the order of their characters says nothing. */
bool fh_order_times(const char *before, const char *after, int *out);

#endif
