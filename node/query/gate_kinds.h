/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate's tables of kinds: what an object of DuckDB's tree may hold, key by key.
 *
 * Only gate.c walks by them. A kind or key that is not here does not pass.
 *
 * Does not: look at values. Thread: any; constants.
 */
#ifndef FH_NODE_QUERY_GATE_KINDS_H
#define FH_NODE_QUERY_GATE_KINDS_H

#include <stdbool.h>
#include <stddef.h>

/* What may stand behind a key. */
enum fh_gate_rule {
    FH_GATE_SCALAR,    /* text, number, boolean or null */
    FH_GATE_DATA,      /* anything: a value, never run */
    FH_GATE_NAMES,     /* an array of scalars */
    FH_GATE_EXPR,      /* an expression or null */
    FH_GATE_EXPRS,     /* an array of expressions */
    FH_GATE_EXPR_ROWS, /* an array of arrays of expressions */
    FH_GATE_NODE,      /* a query, bare or as {"node": ...}, or null */
    FH_GATE_RELATION,
    FH_GATE_MODIFIERS, /* an array of modifiers */
    FH_GATE_MODIFIER,
    FH_GATE_ORDERS, /* an array of order terms */
    FH_GATE_CTES,   /* walked by hand, before all else */
    FH_GATE_SAMPLE,
    FH_GATE_TYPE, /* a logical type or null */
    FH_GATE_TYPES,
    FH_GATE_CHECKS,   /* CASE: when and then */
    FH_GATE_REPLACES, /* * REPLACE, as pairs of a name and an expression */
    FH_GATE_RENAMES,  /* * RENAME, EXCLUDE with a table: pairs of names */
    FH_GATE_PIVOTS,
    FH_GATE_ENTRIES,
    FH_GATE_NOTHING, /* null, false, "" or an empty array */
};

struct fh_gate_field {
    const char *key;
    enum fh_gate_rule rule;
};

struct fh_gate_kind {
    const char *name;
    const struct fh_gate_field *fields; /* ends with key NULL */
};

/* The kind of an object by the text that names it; NULL when it is not known. */
const struct fh_gate_kind *fh_gate_expression(const char *class_name);
const struct fh_gate_kind *fh_gate_relation(const char *type);
const struct fh_gate_kind *fh_gate_node(const char *type);
const struct fh_gate_kind *fh_gate_modifier(const char *type);
/* Whether the `type` of an expression, of whatever class, is known. */
bool fh_gate_expression_type(const char *type);
/* How an error names it, with what to write instead where there is something. */
const char *fh_gate_expression_type_text(const char *type);
/* Whether a cast may name the type. */
bool fh_gate_type_name(const char *name);

/* Objects that are known by where they stand. */
extern const struct fh_gate_kind fh_gate_order_term_kind;
extern const struct fh_gate_kind fh_gate_sample_kind;
extern const struct fh_gate_kind fh_gate_check_kind;
extern const struct fh_gate_kind fh_gate_replace_kind;
extern const struct fh_gate_kind fh_gate_rename_kind;
extern const struct fh_gate_kind fh_gate_pivot_kind;
extern const struct fh_gate_kind fh_gate_entry_kind;
extern const struct fh_gate_kind fh_gate_statement_kind;
extern const struct fh_gate_kind fh_gate_cte_kind;
extern const struct fh_gate_kind fh_gate_type_kind;

#endif
