/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions that return rows: unnest(array), generate_series(1, 9), ...
 *
 * SQLite has them as virtual tables. Their columns have the names that a statement gives them
 * (unnest(conkey) AS k(attnum)), so each use is a virtual table of its own, made for the statement
 * and gone after it.
 *
 * Does not: know the others, which are called for one value (functions.h). Thread: that of the
 * database. Ownership: a use is borrowed while its table is there.
 */
#ifndef FH_TOOLS_DOOR_PGCAT_SETS_H
#define FH_TOOLS_DOOR_PGCAT_SETS_H

#include "common/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sqlite3;

enum fh_pgcat_set_kind {
    FH_PGCAT_SET_NOTHING,    /* without rows: there is nothing of that here */
    FH_PGCAT_SET_UNNEST,     /* elements of an array */
    FH_PGCAT_SET_EXPAND,     /* elements and their numbers */
    FH_PGCAT_SET_SERIES,     /* numbers from, to, step */
    FH_PGCAT_SET_SUBSCRIPTS, /* numbers of an array's elements */
};

enum {
    FH_PGCAT_SET_COLUMNS_MAX = 5,
    FH_PGCAT_SET_ARGS_MAX = 3,
};

struct fh_pgcat_set_function {
    const char *name;
    enum fh_pgcat_set_kind kind;
    unsigned args_min;
    unsigned args_max;
    unsigned column_count;
    const char *columns[FH_PGCAT_SET_COLUMNS_MAX]; /* NULL: as the function or its alias */
    uint32_t types[FH_PGCAT_SET_COLUMNS_MAX];      /* 0: of the array's element */
};

/* NULL when there is none. */
const struct fh_pgcat_set_function *fh_pgcat_set_find(const char *name);

/* One use in a statement. */
struct fh_pgcat_set {
    const struct fh_pgcat_set_function *function;
    unsigned args;
    bool ordinality; /* WITH ORDINALITY: one more column */
    unsigned column_count;
    const char *columns[FH_PGCAT_SET_COLUMNS_MAX + 1];
    uint32_t types[FH_PGCAT_SET_COLUMNS_MAX + 1];
    bool
        *declaring; /* kept; true while the table is made, when SQLite does what no statement may */
};

/* Makes the virtual table "_set<number>" for a use (kept until it is dropped). */
FH_MUST_CHECK int fh_pgcat_set_register(struct sqlite3 *db,
                                        size_t number,
                                        const struct fh_pgcat_set *set,
                                        struct fh_err *err);
void fh_pgcat_set_drop(struct sqlite3 *db, size_t number);

/* The set that `x = ANY (array)` looks into is always there: "_unnest"("value"). `set` is storage
 * (kept) of which `declaring` is set. */
FH_MUST_CHECK int
fh_pgcat_set_register_any(struct sqlite3 *db, struct fh_pgcat_set *set, struct fh_err *err);

#endif
