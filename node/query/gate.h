/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gate: walks the tree that a worker's DuckDB parsed and lets through what is known to be harmless.
 *
 * The tree is DuckDB's json_serialize_sql text. Every object in it must be of a known kind with
 * known keys: queries of SELECT shape, relations that are tables, subqueries, joins, values, and of
 * the table functions only range, generate_series and unnest with constant bounds; expressions of
 * known classes; functions of an allow-list. Unknown means refused, so a newer DuckDB closes the
 * gate rather than opening it; a test enumerates what the linked DuckDB knows.
 *
 * The worker is not trusted: its JSON is bounded and may be anything. A worker that lies about the
 * tree gains nothing but its own consumer's query over its own consumer's views.
 *
 * Does not: know products or rights; the caller resolves the tables found (plan.h), and binds the
 * parameters found (gate_params.h), without which nothing may run. Thread: any.
 * Ownership: results live in the arena.
 */
#ifndef FH_NODE_QUERY_GATE_H
#define FH_NODE_QUERY_GATE_H

#include "common/arena.h"
#include "common/err.h"

/* A table of the query that no CTE defines, as written: domain.product.table has all three;
 * domain.product has schema and name. Parts that were not written are "". */
struct fh_gate_table {
    const char *catalog;
    const char *schema;
    const char *name;
    size_t position; /* offset in the SQL of the first mention */
};

/* What the constants of a wish are, so that a column of another kind is not compared with them. */
enum fh_gate_class {
    FH_GATE_CLASS_ANY, /* none: IS NULL */
    FH_GATE_CLASS_WHOLE,
    FH_GATE_CLASS_DECIMAL,
    FH_GATE_CLASS_TEXT,
    FH_GATE_CLASS_DATE,
    FH_GATE_CLASS_TIMESTAMP,
    FH_GATE_CLASS_COUNT
};

enum { FH_GATE_WISHES_MAX = 64 };

/* A condition of the query's own that may be tried where its table is scanned (gate_wishes.h). */
struct fh_gate_wish {
    uint32_t table;     /* index in `tables`, each of which is named once then */
    const char *column; /* as written */
    const char *suffix; /* SQL behind the column, written by the gate: " >= 60" */
    enum fh_gate_class class;
};

struct fh_gate {
    const struct fh_gate_table *tables; /* each triple once, in order of appearance */
    uint32_t table_count;               /* <= FH_QUERY_TABLES_MAX */
    bool ordered;                       /* has ORDER BY at the top: row order is promised */
    uint32_t param_count;               /* <= FH_SQL_PARAMS_MAX */
    const char *const *params;          /* by position: "1", "2", ... or names without $ */
    const struct fh_gate_wish *wishes;
    uint32_t wish_count;
    bool all_columns; /* it may use any (gate_words.h); else those of these names */
    uint32_t word_count;
    const char *const *words;
    size_t position; /* on failure: offset in the SQL, or 0 */
};

/* Checks `json` (borrowed). FH_ESQL: not a single SELECT, syntax that is not served, an error
 * report of the parser; FH_EDENIED: known and refused. Rules: "sql.gate.statement",
 * "sql.gate.node", "sql.gate.table_function", "sql.gate.function", "sql.gate.expression",
 * "sql.gate.relation", "sql.gate.parameter", "sql.gate.tables", "sql.gate.tree"; "sql.syntax" for
 * parser errors. The text names what was refused and its byte. */
FH_MUST_CHECK int fh_gate_check(struct fh_gate *out,
                                struct fh_bytes json,
                                struct fh_arena *arena,
                                struct fh_err *err);

/* What the gate thinks of a function name in lower case. */
enum fh_gate_verdict { FH_GATE_ALLOWED, FH_GATE_DENIED, FH_GATE_UNKNOWN };
enum fh_gate_verdict fh_gate_function(const char *name);

#endif
