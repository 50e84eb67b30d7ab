/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of making promises, shared by promise.c (the whole), promise_schema.c,
 * promise_quality.c, promise_sla.c and promise_id.c (the growing list). Nobody else includes it.
 */
#ifndef FH_PROTO_QUALITY_PROMISE_BUILD_H
#define FH_PROTO_QUALITY_PROMISE_BUILD_H

#include "proto/quality/promise.h"

struct fh_promise_build {
    const struct fh_contract *contract;
    struct fh_arena *arena;
    struct fh_promise *items;
    uint32_t count;
    uint32_t capacity;
    int failed; /* FH_OK, FH_ENOMEM or FH_ETOOBIG: sticks */
};

/* Where a promise is made: a table, and maybe a column of it. */
struct fh_promise_place {
    const char *path; /* "schema.orders", "schema.orders.properties.total" */
    const char *column_name;
    uint32_t table;
    uint32_t column;
    uint32_t depth;
    const struct fh_contract_column *nested[FH_PROMISE_NESTING_MAX];
    uint32_t item_bits;
    const struct fh_contract_column *of;
    bool in_list; /* inside the items of an array */
    bool too_deep;
};

/* ---- promise_id.c ---- */

/* Appends a promise of this kind with id "<path>.<tail>", the kind's defaults and the bound "= 0
 * rows". Lent until the next one; NULL when the list failed. */
struct fh_promise *fh_promise_add(struct fh_promise_build *build,
                                  enum fh_promise_kind kind,
                                  const struct fh_promise_place *place,
                                  const char *tail);
/* Text in the arena; "" when there is no memory, and the list has failed. */
const char *fh_promise_text(struct fh_promise_build *build, const char *format, ...)
    FH_PRINTF(2, 3);
/* Gives repeated ids a number. */
void fh_promise_make_unique(struct fh_promise_build *build);
/* "= 0 rows", "between 1 and 5 percent". */
const char *fh_promise_bound_text(struct fh_promise_build *build,
                                  const struct fh_promise_bound *bound,
                                  enum fh_promise_unit unit);

/* ---- the parts ---- */

void fh_promise_table(struct fh_promise_build *build, uint32_t index);
/* Quality rules of a place; the column's own, or the table's when it is none. */
void fh_promise_quality(struct fh_promise_build *build,
                        const struct fh_promise_place *place,
                        const struct fh_contract_quality *rules,
                        size_t count);
void fh_promise_slas(struct fh_promise_build *build);

#endif
