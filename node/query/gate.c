/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk. Each kind of object has a table of its keys and of what may stand behind each; the few
 * kinds that need more (scopes, tables, functions) have a function in front of the table.
 */
#include "node/query/gate.h"

#include "common/limits.h"
#include "node/query/gate_calls.h"
#include "node/query/gate_kinds.h"
#include "node/query/gate_params.h"
#include "node/query/gate_tree.h"
#include "node/query/gate_wishes.h"
#include "node/query/gate_words.h"

#include <jansson.h>

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    DEPTH_MAX = 256,  /* the worker's max_expression_depth is 250 */
    SCOPES_MAX = 512, /* CTE names visible at once */
    NAME_BYTES = 128, /* of what an error quotes */
};

struct gate {
    struct fh_gate *out;
    struct fh_gate_table *tables;
    struct fh_arena *arena;
    struct fh_err *err;
    const char *scopes[SCOPES_MAX];
    size_t scope_count;
    unsigned depth;
    size_t position; /* of the nearest object that has one */
};

static int walk(struct gate *g, const json_t *value, enum fh_gate_rule rule);

/* ---- refusals ---- */

static int refuse(struct gate *g, int code, const char *rule, const char *what, const char *name)
{
    char quoted[NAME_BYTES];
    snprintf(quoted, sizeof quoted, "%s", name);
    g->out->position = g->position;
    return fh_err_rule(
        g->err, code, rule, "%s %s is not allowed (byte %zu)", what, quoted, g->position + 1);
}

static int broken(struct gate *g, const char *why)
{
    g->out->position = g->position;
    return fh_err_rule(g->err,
                       FH_ESQL,
                       "sql.gate.tree",
                       "the parsed query has a shape that is not known here: %s (byte %zu)",
                       why,
                       g->position + 1);
}

static void note_position(struct gate *g, const json_t *object)
{
    const json_t *location = json_object_get(object, "query_location");
    if (json_is_number(location)) {
        double at = json_number_value(location);
        if (at >= 0 && at <= FH_SQL_BYTES_MAX) {
            g->position = (size_t)at;
        }
    }
}

/* ---- objects and arrays by table ---- */

static int walk_fields(struct gate *g, const json_t *object, const struct fh_gate_kind *kind)
{
    const char *key;
    json_t *value;
    if (!json_is_object(object)) {
        return broken(g, kind->name);
    }
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        const struct fh_gate_field *field = kind->fields;
        while (field->key != NULL && strcmp(field->key, key) != 0) {
            field++;
        }
        if (field->key == NULL) {
            return refuse(g, FH_EDENIED, "sql.gate.node", kind->name, key);
        }
        int code = walk(g, value, field->rule);
        if (code != FH_OK) {
            return code;
        }
    }
    return FH_OK;
}

typedef int element_fn(struct gate *g, const json_t *element);

static int walk_array(struct gate *g, const json_t *array, element_fn *fn)
{
    if (json_is_null(array)) {
        return FH_OK;
    }
    if (!json_is_array(array)) {
        return broken(g, "an array was expected");
    }
    int code = FH_OK;
    for (size_t i = 0; code == FH_OK && i < json_array_size(array); i++) {
        code = fn(g, json_array_get(array, i));
    }
    return code;
}

static int walk_array_of(struct gate *g, const json_t *array, const struct fh_gate_kind *kind)
{
    int code = json_is_array(array) ? FH_OK : broken(g, kind->name);
    for (size_t i = 0; code == FH_OK && i < json_array_size(array); i++) {
        code = walk_fields(g, json_array_get(array, i), kind);
    }
    return code;
}

static int walk_scalar(struct gate *g, const json_t *value)
{
    return json_is_object(value) || json_is_array(value) ? broken(g, "a value was expected")
                                                         : FH_OK;
}

static int walk_nothing(struct gate *g, const json_t *value)
{
    bool nothing = json_is_null(value) || json_is_false(value) ||
                   (json_is_array(value) && json_array_size(value) == 0) ||
                   (json_is_string(value) && json_string_length(value) == 0);
    return nothing ? FH_OK : refuse(g, FH_EDENIED, "sql.gate.node", "this", "use");
}

/* ---- types ---- */

static int walk_type(struct gate *g, const json_t *type);

static int walk_type_info(struct gate *g, const json_t *info)
{
    const char *key;
    json_t *value;
    int code = FH_OK;
    if (json_is_null(info)) {
        return FH_OK;
    }
    if (!json_is_object(info)) {
        return broken(g, "type");
    }
    json_object_foreach((json_t *)(uintptr_t)info, key, value)
    {
        if (strcmp(key, "child_type") == 0) {
            code = walk_type(g, value);
        } else if (strcmp(key, "child_types") == 0) {
            for (size_t i = 0; code == FH_OK && i < json_array_size(value); i++) {
                code = walk_type(g, json_object_get(json_array_get(value, i), "second"));
            }
        } else if (strcmp(key, "user_type_name") == 0) {
            const char *name = json_string_value(value);
            if (name == NULL || !fh_gate_type_name(name)) {
                code = refuse(g, FH_EDENIED, "sql.gate.type", "type", name == NULL ? "" : name);
            }
        } else if (strcmp(key, "catalog") == 0 || strcmp(key, "schema") == 0 ||
                   strcmp(key, "extension_info") == 0 || strcmp(key, "alias") == 0) {
            code = walk_nothing(g, value);
        } else if (strcmp(key, "values") != 0 && strcmp(key, "user_type_modifiers") != 0) {
            code = walk_scalar(g, value);
        }
        if (code != FH_OK) {
            return code;
        }
    }
    return FH_OK;
}

static int walk_type(struct gate *g, const json_t *type)
{
    if (json_is_null(type)) {
        return FH_OK;
    }
    int code = walk_fields(g, type, &fh_gate_type_kind);
    if (code == FH_OK && !fh_gate_type_name(fh_gate_text(type, "id"))) {
        code = refuse(g, FH_EDENIED, "sql.gate.type", "type", fh_gate_text(type, "id"));
    }
    if (code == FH_OK && ++g->depth > DEPTH_MAX) {
        code = broken(g, "types are nested too deeply");
    }
    if (code == FH_OK) {
        code = walk_type_info(g, json_object_get(type, "type_info"));
        g->depth--;
    }
    return code;
}

/* ---- functions ---- */

static int check_name(struct gate *g, const json_t *function)
{
    char name[FH_GATE_NAME_BYTES];
    return fh_gate_call_allowed(function, name)
               ? FH_OK
               : refuse(g, FH_EDENIED, "sql.gate.function", "function", name);
}

static int unbounded(struct gate *g, const char *name)
{
    g->out->position = g->position;
    return fh_err_rule(g->err,
                       FH_EDENIED,
                       "sql.gate.bounds",
                       "function %s needs constant bounds, at most %d (byte %zu)",
                       name,
                       (int)FH_GATE_SERIES_MAX,
                       g->position + 1);
}

static int check_bounds(struct gate *g, const json_t *function)
{
    return fh_gate_bounded(function) ? FH_OK
                                     : unbounded(g, fh_gate_text(function, "function_name"));
}

static int check_table_function(struct gate *g, const json_t *relation)
{
    const json_t *function = json_object_get(relation, "function");
    const char *name = fh_gate_text(function, "function_name");
    note_position(g, function);
    return strcmp(fh_gate_text(function, "class"), "FUNCTION") == 0 && fh_gate_table_function(name)
               ? FH_OK
               : refuse(g, FH_EDENIED, "sql.gate.table_function", "table function", name);
}

/* ---- tables and scopes ---- */

static bool in_scope(const struct gate *g, const char *name)
{
    for (size_t i = 0; i < g->scope_count; i++) {
        if (strcasecmp(g->scopes[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static int enter_scope(struct gate *g, const char *name)
{
    static const char *const reserved[] = {"duckdb_", "pg_", "pragma_", "sqlite_"};
    for (size_t i = 0; i < FH_COUNT(reserved); i++) {
        if (strncasecmp(name, reserved[i], strlen(reserved[i])) == 0) {
            return refuse(g, FH_EDENIED, "sql.gate.relation", "the name", name);
        }
    }
    if (g->scope_count == SCOPES_MAX) {
        return fh_err_rule(g->err, FH_ETOOBIG, "sql.ctes", "too many WITH queries");
    }
    g->scopes[g->scope_count++] = name;
    return FH_OK;
}

static int check_table(struct gate *g, const json_t *relation)
{
    const char *catalog = fh_gate_text(relation, "catalog_name");
    const char *schema = fh_gate_text(relation, "schema_name");
    const char *name = fh_gate_text(relation, "table_name");
    if (catalog[0] == 0 && schema[0] == 0 && in_scope(g, name)) {
        return FH_OK;
    }
    for (uint32_t i = 0; i < g->out->table_count; i++) {
        if (strcmp(g->tables[i].catalog, catalog) == 0 &&
            strcmp(g->tables[i].schema, schema) == 0 && strcmp(g->tables[i].name, name) == 0) {
            return FH_OK;
        }
    }
    if (g->out->table_count == FH_QUERY_TABLES_MAX) {
        return fh_err_rule(g->err,
                           FH_ETOOBIG,
                           "sql.gate.tables",
                           "the query names more than %d tables",
                           FH_QUERY_TABLES_MAX);
    }
    struct fh_gate_table table = {
        .catalog = fh_arena_strdup(g->arena, catalog),
        .schema = fh_arena_strdup(g->arena, schema),
        .name = fh_arena_strdup(g->arena, name),
        .position = g->position,
    };
    if (table.catalog == NULL || table.schema == NULL || table.name == NULL) {
        return fh_err_set(g->err, FH_ENOMEM, "no memory for the tables of a query");
    }
    g->tables[g->out->table_count++] = table;
    return FH_OK;
}

/* The WITH list: each name is visible to the ones behind it and to the query, not to itself. */
static int enter_ctes(struct gate *g, const json_t *node)
{
    const json_t *map = json_object_get(node, "cte_map");
    const json_t *entries = json_object_get(map, "map");
    if (map != NULL &&
        (!json_is_object(map) || json_object_size(map) != 1 || !json_is_array(entries))) {
        return broken(g, "WITH");
    }
    int code = FH_OK;
    for (size_t i = 0; code == FH_OK && i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        const char *name = json_string_value(json_object_get(entry, "key"));
        if (name == NULL || json_object_size(entry) != 2) {
            return broken(g, "WITH");
        }
        code = walk_fields(g, json_object_get(entry, "value"), &fh_gate_cte_kind);
        if (code == FH_OK) {
            code = enter_scope(g, name);
        }
    }
    return code;
}

/* ---- nodes, relations, expressions ---- */

static int walk_in_scope(struct gate *g, const json_t *node, const char *name, const json_t *body)
{
    size_t scopes = g->scope_count;
    int code = enter_scope(g, fh_gate_text(node, name));
    if (code == FH_OK) {
        code = walk(g, body, FH_GATE_NODE);
    }
    g->scope_count = scopes;
    return code;
}

static int walk_parts(struct gate *g, const json_t *node, const char *type)
{
    int code = FH_OK;
    if (strcmp(type, "CTE_NODE") == 0) {
        code = walk(g, json_object_get(node, "query"), FH_GATE_NODE);
        return code == FH_OK ? walk_in_scope(g, node, "cte_name", json_object_get(node, "child"))
                             : code;
    }
    if (strcmp(type, "RECURSIVE_CTE_NODE") == 0) {
        code = walk(g, json_object_get(node, "left"), FH_GATE_NODE);
        return code == FH_OK ? walk_in_scope(g, node, "cte_name", json_object_get(node, "right"))
                             : code;
    }
    if (strcmp(type, "SET_OPERATION_NODE") == 0) {
        const json_t *children = json_object_get(node, "children");
        for (size_t i = 0; code == FH_OK && i < json_array_size(children); i++) {
            code = walk(g, json_array_get(children, i), FH_GATE_NODE);
        }
    }
    return code;
}

static int walk_node(struct gate *g, const json_t *node)
{
    if (json_is_null(node)) {
        return FH_OK;
    }
    if (json_object_get(node, "node") != NULL) {
        return walk_fields(g, node, &fh_gate_statement_kind);
    }
    const char *type = fh_gate_text(node, "type");
    const struct fh_gate_kind *kind = fh_gate_node(type);
    if (kind == NULL) {
        return refuse(g, FH_EDENIED, "sql.gate.node", "a query of kind", type);
    }
    size_t scopes = g->scope_count;
    int code = enter_ctes(g, node);
    if (code == FH_OK) {
        code = walk_parts(g, node, type);
    }
    if (code == FH_OK) {
        code = walk_fields(g, node, kind);
    }
    g->scope_count = scopes;
    return code;
}

static int walk_relation(struct gate *g, const json_t *relation)
{
    if (json_is_null(relation)) {
        return FH_OK;
    }
    const char *type = fh_gate_text(relation, "type");
    const struct fh_gate_kind *kind = fh_gate_relation(type);
    note_position(g, relation);
    if (kind == NULL) {
        return refuse(g, FH_EDENIED, "sql.gate.relation", "a relation of kind", type);
    }
    int code = FH_OK;
    if (strcmp(type, "BASE_TABLE") == 0) {
        code = check_table(g, relation);
    } else if (strcmp(type, "TABLE_FUNCTION") == 0) {
        code = check_table_function(g, relation);
    }
    return code == FH_OK ? walk_fields(g, relation, kind) : code;
}

static int walk_expression(struct gate *g, const json_t *expr)
{
    if (json_is_null(expr)) {
        return FH_OK;
    }
    const char *class = fh_gate_text(expr, "class");
    const char *type = fh_gate_text(expr, "type");
    note_position(g, expr);
    if (strcmp(class, "PARAMETER") == 0 &&
        !fh_gate_params_have(g->out, fh_gate_text(expr, "identifier"))) {
        return broken(g, "a parameter that is not listed");
    }
    const struct fh_gate_kind *kind = fh_gate_expression(class);
    if (kind == NULL) {
        return refuse(g, FH_EDENIED, "sql.gate.expression", "an expression of kind", class);
    }
    if (!fh_gate_expression_type(type)) {
        type = fh_gate_expression_type_text(type);
        return refuse(g, FH_EDENIED, "sql.gate.expression", "an expression of type", type);
    }
    int code = FH_OK;
    if (strcmp(class, "FUNCTION") == 0 || strcmp(class, "WINDOW") == 0) {
        code = check_name(g, expr);
    }
    if (code == FH_OK && strcmp(class, "FUNCTION") == 0) {
        code = check_bounds(g, expr);
    }
    return code == FH_OK ? walk_fields(g, expr, kind) : code;
}

static int walk_expression_row(struct gate *g, const json_t *row)
{
    return walk(g, row, FH_GATE_EXPRS);
}

static int walk_modifier(struct gate *g, const json_t *modifier)
{
    if (json_is_null(modifier)) {
        return FH_OK;
    }
    const char *type = fh_gate_text(modifier, "type");
    const struct fh_gate_kind *kind = fh_gate_modifier(type);
    return kind == NULL ? refuse(g, FH_EDENIED, "sql.gate.node", "a modifier of kind", type)
                        : walk_fields(g, modifier, kind);
}

static int walk_one(struct gate *g, const json_t *value, enum fh_gate_rule rule)
{
    switch (rule) {
    case FH_GATE_SCALAR:
        return walk_scalar(g, value);
    case FH_GATE_DATA:
    case FH_GATE_CTES:
        return FH_OK;
    case FH_GATE_NAMES:
        return walk_array(g, value, walk_scalar);
    case FH_GATE_EXPR:
        return walk_expression(g, value);
    case FH_GATE_EXPRS:
        return walk_array(g, value, walk_expression);
    case FH_GATE_EXPR_ROWS:
        return walk_array(g, value, walk_expression_row);
    case FH_GATE_NODE:
        return walk_node(g, value);
    case FH_GATE_RELATION:
        return walk_relation(g, value);
    case FH_GATE_MODIFIERS:
        return walk_array(g, value, walk_modifier);
    case FH_GATE_MODIFIER:
        return walk_modifier(g, value);
    case FH_GATE_ORDERS:
        return walk_array_of(g, value, &fh_gate_order_term_kind);
    case FH_GATE_SAMPLE:
        return json_is_null(value) ? FH_OK : walk_fields(g, value, &fh_gate_sample_kind);
    case FH_GATE_TYPE:
        return walk_type(g, value);
    case FH_GATE_TYPES:
        return walk_array(g, value, walk_type);
    case FH_GATE_CHECKS:
        return walk_array_of(g, value, &fh_gate_check_kind);
    case FH_GATE_REPLACES:
        return walk_array_of(g, value, &fh_gate_replace_kind);
    case FH_GATE_RENAMES:
        return walk_array_of(g, value, &fh_gate_rename_kind);
    case FH_GATE_PIVOTS:
        return walk_array_of(g, value, &fh_gate_pivot_kind);
    case FH_GATE_ENTRIES:
        return walk_array_of(g, value, &fh_gate_entry_kind);
    case FH_GATE_NOTHING:
        return walk_nothing(g, value);
    }
    return broken(g, "rule");
}

static int walk(struct gate *g, const json_t *value, enum fh_gate_rule rule)
{
    if (value == NULL) {
        return broken(g, "a part is missing");
    }
    if (g->depth >= DEPTH_MAX) {
        return fh_err_rule(g->err,
                           FH_ETOOBIG,
                           "sql.gate.depth",
                           "the query is nested too deeply (byte %zu)",
                           g->position + 1);
    }
    g->depth++;
    int code = walk_one(g, value, rule);
    g->depth--;
    return code;
}

/* ---- the whole ---- */

/* DuckDB's own verdict: {"error": true, "error_type": ..., "position": ...}. */
static int parser_error(struct gate *g, const json_t *root)
{
    const char *type = fh_gate_text(root, "error_type");
    const char *message = fh_gate_text(root, "error_message");
    size_t at = 0;
    (void)sscanf(fh_gate_text(root, "position"), "%zu", &at);
    g->position = at <= FH_SQL_BYTES_MAX ? at : 0;
    g->out->position = g->position;
    if (strcmp(type, "parser") != 0 && strcmp(type, "syntax") != 0) {
        return fh_err_rule(g->err,
                           FH_ESQL,
                           "sql.gate.statement",
                           "only a single SELECT (or FROM, VALUES, WITH) is served here");
    }
    return fh_err_rule(
        g->err, FH_ESQL, "sql.syntax", "%.300s (byte %zu)", message, g->position + 1);
}

static bool is_ordered(const json_t *node)
{
    while (strcmp(fh_gate_text(node, "type"), "CTE_NODE") == 0) {
        const json_t *child = json_object_get(node, "child");
        node = json_object_get(child, "node") != NULL ? json_object_get(child, "node") : child;
    }
    const json_t *list = json_object_get(node, "modifiers");
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (strcmp(fh_gate_text(json_array_get(list, i), "type"), "ORDER_MODIFIER") == 0) {
            return true;
        }
    }
    return false;
}

static int check_root(struct gate *g, const json_t *root)
{
    const json_t *statements = json_object_get(root, "statements");
    if (json_is_true(json_object_get(root, "error"))) {
        return parser_error(g, root);
    }
    if (!json_is_object(root) || json_object_size(root) != 2 || !json_is_array(statements) ||
        !json_is_false(json_object_get(root, "error"))) {
        return broken(g, "statements");
    }
    if (json_array_size(statements) != 1) {
        return fh_err_rule(g->err,
                           FH_ESQL,
                           "sql.gate.statement",
                           "exactly one statement is expected, found %zu",
                           json_array_size(statements));
    }
    const json_t *statement = json_array_get(statements, 0);
    g->out->ordered = is_ordered(json_object_get(statement, "node"));
    int code = fh_gate_params_read(
        g->out, json_object_get(statement, "named_param_map"), g->arena, g->err);
    return code == FH_OK ? walk_fields(g, statement, &fh_gate_statement_kind) : code;
}

int fh_gate_check(struct fh_gate *out,
                  struct fh_bytes json,
                  struct fh_arena *arena,
                  struct fh_err *err)
{
    *out = (struct fh_gate){.table_count = 0};
    struct gate g = {.out = out, .arena = arena, .err = err};
    if (json.size > FH_AST_BYTES_MAX) {
        return fh_err_rule(err, FH_ETOOBIG, "sql.gate.tree", "the parsed query is too large");
    }
    g.tables = fh_arena_array(arena, FH_QUERY_TABLES_MAX, sizeof *g.tables);
    if (g.tables == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the tables of a query");
    }
    out->tables = g.tables;
    /* Integers as reals: DuckDB writes positions and parts of numbers up to 2^64 - 1. */
    json_t *root = json_loadb(
        (const char *)json.data, json.size, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, NULL);
    int code = root == NULL ? broken(&g, "not JSON") : check_root(&g, root);
    fh_gate_wishes(out, code == FH_OK ? root : NULL, arena);
    fh_gate_words(out, code == FH_OK ? root : NULL, arena);
    json_decref(root);
    return code;
}
