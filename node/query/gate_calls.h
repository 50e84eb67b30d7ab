/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls: whether a function call of the tree is allowed by its name, and bounded by constants.
 *
 * range, generate_series, repeat and their like make as much as an argument says, in one call that
 * no interrupt reaches, and past DuckDB's memory limit.
 *
 * Does not: walk the arguments (gate.c does). Thread: any.
 */
#ifndef FH_NODE_QUERY_GATE_CALLS_H
#define FH_NODE_QUERY_GATE_CALLS_H

#include <jansson.h>
#include <stdbool.h>

enum { FH_GATE_SERIES_MAX = 1000 * 1000 }; /* elements of a series, bytes of a repeat */

enum { FH_GATE_NAME_BYTES = 128 }; /* of a function, with NUL; DuckDB's are shorter */

/* Whether the gate's lists allow the function of a FUNCTION or WINDOW expression, in no schema but
 * the engine's own. `out_name` is the name in lower case, cut to fit, for the refusal. */
bool fh_gate_call_allowed(const json_t *function, char out_name[FH_GATE_NAME_BYTES]);

/* Whether a table function may stand in FROM, by its name in any case. */
bool fh_gate_table_function(const char *name);

/* Whether a FUNCTION expression of DuckDB's tree is bounded; functions that do not grow are. */
bool fh_gate_bounded(const json_t *function);

#endif
