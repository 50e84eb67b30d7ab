/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which tables a text of SQL reads: names with a dot that stand where a table does, behind FROM,
 * JOIN, PIVOT, UNPIVOT and TABLE, and behind a comma of a FROM list. With it the client sees for
 * itself that a plan is about what was asked, whoever made it.
 *
 * Lexes as DuckDB does (strings, escape strings, quoted names, dollar quotes, comments, spaces of
 * Unicode); of the grammar it knows only where tables stand.
 *
 * Does not: parse, or know what a name means; the gate of the node that answers does that. A text
 * that is no SQL gives names all the same. Thread: any. Ownership: borrows the text. Never fails,
 * and looks at each byte once.
 */
#ifndef FH_TOOLS_CLIENT_SQL_TABLES_H
#define FH_TOOLS_CLIENT_SQL_TABLES_H

#include "common/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One table as it is written, without quotes; a longer name is cut, and then that of no product. */
struct fh_sql_table {
    char domain[FH_NAME_BYTES_MAX + 2];
    char product[FH_NAME_BYTES_MAX + 2];
    char table[FH_NAME_BYTES_MAX + 2]; /* empty: the only one */
    uint32_t major;                    /* 0: none is written */
};

/* What stands in one bracket. */
struct fh_sql_level {
    bool in_from;  /* a comma is followed by another table */
    bool function; /* a FROM there is the function's: trim(x FROM y) */
};

struct fh_sql_tables {
    const char *at;
    uint32_t depth;
    bool expected; /* a table comes next */
    /* What the last token was: */
    bool distinct; /* DISTINCT, whose FROM may be that of IS DISTINCT FROM */
    bool naming;   /* AS or a dot: what follows is a name, whatever the word */
    bool function; /* one of those whose arguments may have a FROM */
    struct fh_sql_level levels[FH_SQL_DEPTH_MAX + 1];
};

/* `sql` is borrowed until the last fh_sql_tables_next. */
void fh_sql_tables_begin(struct fh_sql_tables *out, const char *sql);
/* The next table; false when there is none. One that is read twice comes twice. */
bool fh_sql_tables_next(struct fh_sql_tables *tables, struct fh_sql_table *out);

/* Behind the quoted text that begins at `at`, at its end when it is not closed. A doubled quote is
 * one of the text; so is what follows a backslash where it `escapes`. */
const char *fh_sql_behind_quoted(const char *at, bool escapes);

/* Whether this is how `domain`.`product`, its table `table`, at version `version`
 * (MAJOR.MINOR.PATCH) may be written. Names are the same in any case. */
bool fh_sql_table_is(const struct fh_sql_table *written,
                     const char *domain,
                     const char *product,
                     const char *table,
                     const char *version);

#endif
