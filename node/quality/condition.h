/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Condition: what no row may meet, as SQL, for each kind of promise that is about one value.
 *
 * Values that are missing or do not convert break other promises, and meet no condition but those;
 * NaN breaks every bound.
 *
 * Does not: count. Thread: any. Ownership: borrows.
 */
#ifndef FH_NODE_QUALITY_CONDITION_H
#define FH_NODE_QUALITY_CONDITION_H

#include "node/quality/subject.h"

/* Appends the condition of `promise` about `subject`, without the arrays around it. `is_text`: the
 * source holds text (CSV), where an empty cell and NULL are one. FH_EINVAL with the reason why it
 * cannot be written. */
FH_MUST_CHECK int fh_condition_put(struct fh_buf *out,
                                   struct fh_subject *subject,
                                   const struct fh_promise *promise,
                                   bool is_text,
                                   struct fh_err *err);

#endif
