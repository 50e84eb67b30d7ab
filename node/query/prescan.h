/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pre-scan: one linear pass over SQL text before any parser sees it.
 *
 * DuckDB's parser is itself a way to stop a machine: 232 bytes of nested WITH parse for a second,
 * deep brackets overflow a stack. The pass lexes as DuckDB does (strings, escape strings, quoted
 * identifiers, dollar quotes, comments) and bounds what comes through.
 *
 * Does not: understand SQL; the gate does that on the parsed tree. Thread: any. Ownership: borrows.
 */
#ifndef FH_NODE_QUERY_PRESCAN_H
#define FH_NODE_QUERY_PRESCAN_H

#include "common/bytes.h"
#include "common/err.h"

struct fh_prescan {
    uint32_t tokens;
    uint32_t depth;     /* deepest bracket */
    uint32_t ctes;      /* WITH entries, counted as `name AS (` after WITH */
    uint32_t cte_depth; /* WITH inside WITH */
    size_t end;         /* bytes of the statement without a closing `;` and what follows it */
    size_t position;    /* on failure: offset of the first byte at fault */
};

/* Checks SQL text against the limits FH_SQL_*. FH_ETOOBIG with rule "sql.length", "sql.depth",
 * "sql.tokens", "sql.ctes", "sql.cte_depth"; FH_ESQL with "sql.utf8", "sql.character" (NUL, bidi
 * controls, zero width, byte order mark), "sql.empty", "sql.statements" (more than one),
 * "sql.unterminated", "sql.brackets", "sql.comment" (one inside another). The text of the error
 * names byte and line. `out` is filled as far as the pass came. O(n), allocates nothing. */
FH_MUST_CHECK int fh_prescan(struct fh_prescan *out, struct fh_bytes sql, struct fh_err *err);

#endif
