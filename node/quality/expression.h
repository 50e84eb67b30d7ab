/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expression: a promise as SQL over the columns of a probe (proto/query/channel.h).
 *
 * Most promises are a condition that no row may meet; the probe counts the rows that do, and a
 * sample shows them. Where a cheaper aggregate says that there are none (the least and the greatest
 * length of a text), it is the screen, and worth asking first. A column inside another is read from
 * the JSON of the outer one; what lies inside the items of an array is met when any item meets it.
 *
 * Does not: run anything; look at promises that need other tables or the order of rows (rules.h).
 * Thread: any. Ownership: buffers are the caller's.
 */
#ifndef FH_NODE_QUALITY_EXPRESSION_H
#define FH_NODE_QUALITY_EXPRESSION_H

#include "proto/quality/promise.h"

/* Whether a promise is one that a probe measures. */
bool fh_expression_is_probe(enum fh_promise_kind kind);

/* What to ask for one promise. */
struct fh_expression {
    struct fh_buf aggregate; /* BIGINT: rows that count, or microseconds since 1970 */
    struct fh_buf screen;    /* BIGINT, cheaper: 0 or NULL says that no row counts; empty: none */
    struct fh_buf tail;      /* SQL behind FROM that leaves these rows; empty when there are none */
    uint32_t column_count;
    uint32_t *columns; /* of the table, that both name */
};

void fh_expression_init(struct fh_expression *expression);
void fh_expression_fini(struct fh_expression *expression);

/* Writes the expression of a promise that fh_expression_is_probe. `is_text`: the source holds text
 * (CSV), where an empty cell and NULL are one. FH_EINVAL with the reason why it cannot be run,
 * FH_ENOMEM. */
FH_MUST_CHECK int fh_expression_write(struct fh_expression *out,
                                      const struct fh_promise *promise,
                                      const struct fh_contract_table *table,
                                      bool is_text,
                                      struct fh_arena *arena,
                                      struct fh_err *err);

#endif
