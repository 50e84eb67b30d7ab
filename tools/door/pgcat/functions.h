/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of PostgreSQL that clients call: one table with names, types and what runs.
 *
 * Those that SQLite has with the same meaning are its own; the others are C functions that are
 * registered under the same name. Those whose name begins with "_" are for translated SQL alone.
 *
 * Does not: return rows (sets.h). Thread: that of the database.
 * Sources: PostgreSQL 15 manual, chapter 9, above all section 9.26.
 */
#ifndef FH_TOOLS_DOOR_PGCAT_FUNCTIONS_H
#define FH_TOOLS_DOOR_PGCAT_FUNCTIONS_H

#include "common/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sqlite3;
struct sqlite3_context;
struct sqlite3_value;
struct fh_pgcat_run; /* run.h */

typedef void fh_pgcat_call_fn(struct sqlite3_context *, int, struct sqlite3_value **);
typedef void fh_pgcat_end_fn(struct sqlite3_context *);

enum fh_pgcat_function_flag {
    FH_PGCAT_AGGREGATE = 1,
    FH_PGCAT_WINDOW = 2,    /* wants OVER */
    FH_PGCAT_INTERNAL = 4,  /* a statement cannot name it */
    FH_PGCAT_NO_PARENS = 8, /* current_user: stands without brackets */
    FH_PGCAT_STANDARD = 16, /* of information_schema */
};

enum {
    FH_PGCAT_TYPE_OF_FIRST = 0x7ffffffe, /* the result has the type of the argument */
    FH_PGCAT_TYPE_ELEMENT = 0x7ffffffd,  /* of its element */
    FH_PGCAT_TYPE_ARRAY = 0x7ffffffc,    /* of an array of it */
};

struct fh_pgcat_function {
    const char *name;
    int args_min;
    int args_max; /* -1: any */
    uint32_t type;
    unsigned flags;
    fh_pgcat_call_fn *call; /* NULL: SQLite's own, or an aggregate */
    fh_pgcat_call_fn *step; /* of an aggregate of ours, with */
    fh_pgcat_end_fn *end;
    const char *sqlite; /* its name there when that is another one; else NULL */
};

extern const struct fh_pgcat_function fh_pgcat_functions[];
extern const size_t fh_pgcat_function_count;

/* NULL when there is none. */
const struct fh_pgcat_function *fh_pgcat_function_find(const char *name);
/* Whether translated SQL may call this function of SQLite. */
bool fh_pgcat_function_is_allowed(const char *sqlite_name);

/* Registers all of ours; `run` is kept: what they ask about who asks and what there is. */
FH_MUST_CHECK int
fh_pgcat_functions_register(struct sqlite3 *db, struct fh_pgcat_run *run, struct fh_err *err);

#endif
