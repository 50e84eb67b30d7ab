/* SPDX-License-Identifier: Apache-2.0 */
/*
 * View: what one consumer may see of one table.
 *
 * The decision on access (access.h) ends in a view; the barrier (node/query) carries it out. A view
 * that is `open` hides nothing. Any other is served as the table that it describes: the columns
 * that are not hidden, masked, of the rows that all filters keep. Nothing that is behind it exists
 * for whoever asks, so every question about it has the answer that the table so made would give.
 *
 * A mask keeps the SQL type of its column: a query means the same with it and without. NULL stays
 * NULL under every mask.
 *
 * Does not: read rows, or know keys (a keyed hash is made where the rows are). Thread: any; pure.
 * Ownership: arrays and texts belong to whoever made the view, an arena as a rule.
 */
#ifndef FH_PROTO_GOVERNANCE_VIEW_H
#define FH_PROTO_GOVERNANCE_VIEW_H

#include "common/arena.h"
#include "proto/wire/crypto.h"

enum fh_mask_kind {
    FH_MASK_NONE,
    FH_MASK_GENERALISE, /* numbers rounded down to a multiple, dates and times to a unit */
    FH_MASK_PARTIAL,    /* text: some characters at its ends are kept, each other becomes '*' */
    FH_MASK_HASH,       /* keyed hash: equal values stay equal, nothing else is left of them */
    FH_MASK_NULL,
    FH_MASK_KIND_COUNT
};

enum fh_mask_unit {
    FH_MASK_STEP, /* of a number: see `step` */
    FH_MASK_MINUTE,
    FH_MASK_HOUR,
    FH_MASK_DAY,
    FH_MASK_MONTH,
    FH_MASK_QUARTER,
    FH_MASK_YEAR,
    FH_MASK_DECADE,
    FH_MASK_UNIT_COUNT
};

struct fh_mask {
    enum fh_mask_kind kind;
    uint32_t
        keep_first;     /* PARTIAL: characters kept at the beginning and at the end; a value that */
    uint32_t keep_last; /* is not longer than both together is nothing but '*' */
    enum fh_mask_unit unit; /* GENERALISE */
    uint64_t step;          /* GENERALISE by FH_MASK_STEP: rounded down to a multiple of it, >= 1 */
};

struct fh_view_column {
    bool hidden; /* the column is not there */
    struct fh_mask mask;
};

struct fh_view {
    bool open;             /* nothing is hidden, masked or filtered: the rest is empty */
    uint32_t column_count; /* of the table in its contract, in this order */
    const struct fh_view_column *columns;
    uint32_t filter_count;
    const char *const *filters; /* each a boolean SQL expression over the contract's column names;
                                   a row is there when all are true */
    struct fh_hash id;          /* of all of the above: equal views of one table have equal ids */
};

#endif
