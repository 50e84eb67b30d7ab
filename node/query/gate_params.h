/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameters of a statement: which ones it has, and the values in the order that DuckDB takes.
 *
 * The parser lists them in the tree ("named_param_map"): positions of $1 and ?, numbered from 1, or
 * names, numbered as they appear. A statement may run only with exactly one value for each; the
 * worker gets values by number, so names end here.
 *
 * Does not: put a value into any text. Thread: any. Ownership: identifiers live in the gate's
 * arena; values that are bound borrow what the given ones borrow.
 */
#ifndef FH_NODE_QUERY_GATE_PARAMS_H
#define FH_NODE_QUERY_GATE_PARAMS_H

#include "node/query/gate.h"
#include "proto/query/param.h"

#include <jansson.h>

/* Fills `params` and `param_count` of the gate from the tree's list. FH_ESQL "sql.gate.parameter"
 * (a number is left out), "sql.gate.tree"; FH_ETOOBIG "sql.gate.parameter"; FH_ENOMEM. */
FH_MUST_CHECK int fh_gate_params_read(struct fh_gate *out,
                                      const json_t *list,
                                      struct fh_arena *arena,
                                      struct fh_err *err);

/* Whether the list has this identifier, in any case. */
bool fh_gate_params_have(const struct fh_gate *gate, const char *identifier);

/* Puts the values given, by position or by name, in the order of the statement's parameters:
 * `out` has room for gate->param_count, or is NULL when only names matter. FH_ESQL, rule
 * "sql.gate.parameter": the text names the one that has no value, or a value that has none. */
FH_MUST_CHECK int fh_gate_params_bind(const struct fh_gate *gate,
                                      const struct fh_param *given,
                                      size_t count,
                                      struct fh_cell *out,
                                      struct fh_err *err);

#endif
