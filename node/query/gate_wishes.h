/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wishes: conditions of a query's own WHERE that may as well be tried where a table is scanned.
 *
 * A scan that leaves out rows for which such a condition is not true changes no answer, because the
 * query tries it too. So only what is certain counts, and everything else is no wish:
 *
 *     the query is one SELECT over tables and inner joins of them, without WITH, samples and column
 *     aliases, and no subquery anywhere reads a table
 *     each table is named once
 *     the condition is a conjunct of WHERE: a column against constants by = <> < <= > >= IN,
 *     BETWEEN, IS NULL and IS NOT NULL; the column by its table's name, or alone with one table
 *     constants are whole numbers below 2^53, decimal numbers, texts, DATE and TIMESTAMP
 *
 * Constants are written out anew, so no text of the consumer gets into SQL of the node.
 *
 * Does not: know columns and their types; whoever scans looks whether the class fits. Thread: any.
 */
#ifndef FH_NODE_QUERY_GATE_WISHES_H
#define FH_NODE_QUERY_GATE_WISHES_H

#include "node/query/gate.h"

#include <jansson.h>

/* Adds the wishes of a checked tree to `out`, whose tables are known. There are none without
 * memory, and of no tree (NULL). */
void fh_gate_wishes(struct fh_gate *out, const json_t *root, struct fh_arena *arena);

#endif
