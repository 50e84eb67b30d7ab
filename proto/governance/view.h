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
#include "common/err.h"
#include "proto/wire/crypto.h"

enum fh_mask_kind {
    FH_MASK_NONE,
    FH_MASK_GENERALISE, /* numbers rounded down to a multiple, dates and times to a unit */
    FH_MASK_PARTIAL,    /* text: some characters at its ends are kept, each other becomes '*' */
    FH_MASK_HASH,       /* keyed hash: equal values stay equal, nothing else is left of them */
    FH_MASK_NULL,
    FH_MASK_KIND_COUNT /* in the order of strictness */
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

enum {
    FH_MASK_KEEP_MAX = 64, /* characters kept at one end: more is no mask */
    FH_MASK_TEXT_BYTES = 64,
};

/* A number is rounded down to a multiple of at most this: it fits every integer of 64 bits. */
#define FH_MASK_STEP_MAX UINT64_C(1000000000000000000)

/* ---- masks ---- */

/* "none", "generalise", "partial", "hash", "null"; "unknown". */
const char *fh_mask_kind_text(unsigned kind);
/* "step", "minute" ... "decade"; "unknown". */
const char *fh_mask_unit_text(unsigned unit);
/* "null", "hash", "partial, first 1, last 4", "generalise to month", "generalise by 100", "none".
 */
void fh_mask_text(char out[FH_MASK_TEXT_BYTES], const struct fh_mask *mask);

bool fh_mask_equal(const struct fh_mask *a, const struct fh_mask *b);

/* Whether the mask can keep a column of this SQL type (sql_type.h) what it is:
 *
 *     null              every type
 *     hash              VARCHAR, BLOB and integers of 64 bits and more: in fewer, different values
 *                       would become equal
 *     partial           VARCHAR
 *     generalise step   integers, DECIMAL, FLOAT and DOUBLE; the step is a number of that type
 *     generalise unit   TIMESTAMP with and without time zone: every unit; DATE: day and coarser;
 *                       TIME: minute and hour
 *
 * FH_EINVAL, rule "policy.mask.type", and what fits instead; "policy.mask.value" for numbers out of
 * bounds whatever the type. */
FH_MUST_CHECK int
fh_mask_check(const struct fh_mask *mask, const char *sql_type, struct fh_err *err);

/* The stricter of two masks of one column: the stricter kind; of one kind a mask that shows nothing
 * that either would hide. Of two steps that is their least common multiple, so the result may be
 * neither of both; what has no such mask becomes null. */
struct fh_mask fh_mask_stricter(const struct fh_mask *a, const struct fh_mask *b);

/* ---- views ---- */

/* Makes the view what its columns and filters say: open when nothing is hidden, masked or filtered,
 * filters sorted and each once (`filters`, the array of the view, is rewritten), and the id.
 * Whoever makes a view ends with this. */
void fh_view_seal(struct fh_view *view, const char **filters);

/* The stricter of two sealed views of one table, sealed: a column is there when both have it, under
 * the stricter mask; a row when all filters of both keep it. New arrays come from `arena`; texts of
 * filters are shared. FH_ENOMEM. */
FH_MUST_CHECK int fh_view_stricter(struct fh_view *out,
                                   const struct fh_view *a,
                                   const struct fh_view *b,
                                   struct fh_arena *arena,
                                   struct fh_err *err);

/* How many columns are there; `all` for an open view, which does not count its own. */
uint32_t fh_view_visible(const struct fh_view *view, uint32_t all);

#endif
