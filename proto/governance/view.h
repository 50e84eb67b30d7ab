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
 * A view may have groups. Then what it describes is made of groups of rows alone: the rows that
 * agree in all dimensions are one group; a group of fewer subjects than `size` is not there; each
 * row of the others has its group's mean in place of its own measures, so that counts, sums and
 * means of any number of whole groups are those of the rows. Filters and masks see the table so
 * made. Whatever is asked of it is therefore a function of the groups, and the difference of any
 * two answers says nothing of fewer subjects than `size`. This is no differential privacy.
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

/* What a column is to the groups of its table. */
enum fh_group_part {
    FH_GROUP_OUTSIDE,   /* nothing: no group says anything of it */
    FH_GROUP_DIMENSION, /* one value in each group */
    FH_GROUP_MEASURE,   /* the mean of each group; NULL where fewer subjects than `size` have one */
    FH_GROUP_PART_COUNT
};

struct fh_group_column {
    enum fh_group_part part;
    struct fh_mask unit; /* DIMENSION: GENERALISE, by which values are one; or NONE */
};

/* The groups of a table are the same for everybody who sees groups, whatever else he may see of
 * them: of two systems of groups the difference could be one subject. */
struct fh_view_group {
    uint32_t size; /* subjects at least, >= 2 */
    uint32_t subject_count;
    const uint32_t *subjects;              /* columns: of each, `size` different values */
    const struct fh_group_column *columns; /* as many as the view's */
};

struct fh_view {
    bool open;             /* nothing is hidden, masked or filtered: the rest is empty */
    uint32_t column_count; /* of the table in its contract, in this order */
    const struct fh_view_column *columns;
    uint32_t filter_count;
    const char *const *filters; /* each a boolean SQL expression over the contract's column names;
                                   a row is there when all are true. With groups: over their
                                   dimensions alone */
    const struct fh_view_group *group; /* NULL: rows are there one by one */
    struct fh_hash id; /* of all of the above: equal views of one table have equal ids */
};

enum {
    FH_MASK_KEEP_MAX = 64, /* characters kept at one end: more is no mask */
    FH_MASK_TEXT_BYTES = 64,
    FH_GROUP_SIZE_MIN = 2,       /* a group of one says all of him */
    FH_GROUP_SIZE_MAX = 1000000, /* above it nothing is said */
    FH_GROUP_DIGITS_MAX = 28,    /* of a summed DECIMAL: 1e10 rows fit a HUGEINT */
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
 * the stricter mask; a row when all filters of both keep it; by groups when either has them, which
 * then are the same. New arrays come from `arena`; texts of
 * filters are shared. FH_ENOMEM. */
FH_MUST_CHECK int fh_view_stricter(struct fh_view *out,
                                   const struct fh_view *a,
                                   const struct fh_view *b,
                                   struct fh_arena *arena,
                                   struct fh_err *err);

/* Whether the column is the mean of its group. */
bool fh_view_is_mean(const struct fh_view *view, uint32_t column);

/* The finer of two units of a dimension (GENERALISE or NONE), of which either is a multiple; NONE
 * when there is none. */
struct fh_mask fh_group_finer(const struct fh_mask *a, const struct fh_mask *b);

/* A copy in the arena; NULL without memory. */
FH_MUST_CHECK const struct fh_view_group *fh_view_group_copy(const struct fh_view_group *group,
                                                             uint32_t column_count,
                                                             struct fh_arena *arena);

/* What is done to a column, by its place in the contract: nothing in an open view. */
struct fh_view_column fh_view_column_at(const struct fh_view *view, uint32_t index);
/* "hidden", "as it is", or what its mask is. */
void fh_view_column_text(char out[FH_MASK_TEXT_BYTES], const struct fh_view_column *column);

/* How many columns are there; `all` for an open view, which does not count its own. */
uint32_t fh_view_visible(const struct fh_view *view, uint32_t all);

#endif
