/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk. Each kind of object has a table of its keys and of what may stand behind each; the few
 * kinds that need more (scopes, tables, functions) have a function in front of the table.
 */
#include "node/query/gate.h"

#include "common/limits.h"

#include <jansson.h>

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    DEPTH_MAX = 256,          /* the worker's max_expression_depth is 250 */
    SCOPES_MAX = 512,         /* CTE names visible at once */
    SERIES_MAX = 1000 * 1000, /* elements of range() and generate_series(), repeats of repeat() */
    NAME_BYTES = 128,         /* of what an error quotes */
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

/* What may stand behind a key. */
enum rule {
    SCALAR,    /* text, number, boolean or null */
    DATA,      /* anything: a value, never run */
    NAMES,     /* an array of scalars */
    EXPR,      /* an expression or null */
    EXPRS,     /* an array of expressions */
    EXPR_ROWS, /* an array of arrays of expressions */
    NODE,      /* a query, bare or as {"node": ...}, or null */
    RELATION,
    MODIFIERS, /* an array of modifiers */
    MODIFIER,
    ORDERS, /* an array of order terms */
    CTES,   /* walked by hand, before all else */
    SAMPLE,
    TYPE, /* a logical type or null */
    TYPES,
    CHECKS,   /* CASE: when and then */
    REPLACES, /* * REPLACE, as pairs of a name and an expression */
    RENAMES,  /* * RENAME, EXCLUDE with a table: pairs of names */
    PIVOTS,
    ENTRIES,
    NOTHING, /* null, false, "" or an empty array */
};

struct field {
    const char *key;
    enum rule rule;
};

struct kind {
    const char *name;
    const struct field *fields; /* ends with key NULL */
};

static int walk(struct gate *g, const json_t *value, enum rule rule);

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

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
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

/* ---- the tables of kinds ---- */

#define COMMON_EXPR                                                                                \
    {"class", SCALAR}, {"type", SCALAR}, {"alias", SCALAR},                                        \
    {                                                                                              \
        "query_location", SCALAR                                                                   \
    }
#define COMMON_REL                                                                                 \
    {"type", SCALAR}, {"alias", SCALAR}, {"query_location", SCALAR},                               \
    {                                                                                              \
        "sample", SAMPLE                                                                           \
    }
#define END                                                                                        \
    {                                                                                              \
        NULL, SCALAR                                                                               \
    }
#define FIELDS(name) static const struct field name##_fields[]

FIELDS(between) = {COMMON_EXPR, {"input", EXPR}, {"lower", EXPR}, {"upper", EXPR}, END};
FIELDS(case) = {COMMON_EXPR, {"case_checks", CHECKS}, {"else_expr", EXPR}, END};
FIELDS(cast) = {COMMON_EXPR, {"child", EXPR}, {"cast_type", TYPE}, {"try_cast", SCALAR}, END};
FIELDS(collate) = {COMMON_EXPR, {"child", EXPR}, {"collation", SCALAR}, END};
FIELDS(column_ref) = {COMMON_EXPR, {"column_names", NAMES}, END};
FIELDS(comparison) = {COMMON_EXPR, {"left", EXPR}, {"right", EXPR}, END};
FIELDS(children) = {COMMON_EXPR, {"children", EXPRS}, END};
FIELDS(constant) = {COMMON_EXPR, {"value", DATA}, END};
FIELDS(function) = {COMMON_EXPR,
                    {"function_name", SCALAR},
                    {"schema", SCALAR},
                    {"catalog", SCALAR},
                    {"children", EXPRS},
                    {"filter", EXPR},
                    {"order_bys", MODIFIER},
                    {"distinct", SCALAR},
                    {"is_operator", SCALAR},
                    {"export_state", NOTHING},
                    END};
FIELDS(lambda) = {COMMON_EXPR, {"lhs", EXPR}, {"expr", EXPR}, END};
FIELDS(positional) = {COMMON_EXPR, {"index", SCALAR}, END};
FIELDS(star) = {COMMON_EXPR,
                {"relation_name", SCALAR},
                {"exclude_list", NAMES},
                {"replace_list", REPLACES},
                {"columns", SCALAR},
                {"expr", EXPR},
                {"qualified_exclude_list", DATA},
                {"rename_list", RENAMES},
                END};
FIELDS(subquery) = {COMMON_EXPR,
                    {"subquery_type", SCALAR},
                    {"subquery", NODE},
                    {"child", EXPR},
                    {"comparison_type", SCALAR},
                    END};
FIELDS(window) = {COMMON_EXPR,
                  {"function_name", SCALAR},
                  {"schema", SCALAR},
                  {"catalog", SCALAR},
                  {"children", EXPRS},
                  {"partitions", EXPRS},
                  {"orders", ORDERS},
                  {"arg_orders", ORDERS},
                  {"start", SCALAR},
                  {"end", SCALAR},
                  {"start_expr", EXPR},
                  {"end_expr", EXPR},
                  {"offset_expr", EXPR},
                  {"default_expr", EXPR},
                  {"filter_expr", EXPR},
                  {"ignore_nulls", SCALAR},
                  {"distinct", SCALAR},
                  {"exclude_clause", SCALAR},
                  END};

static const struct kind expressions[] = {
    {"BETWEEN", between_fields},
    {"CASE", case_fields},
    {"CAST", cast_fields},
    {"COLLATE", collate_fields},
    {"COLUMN_REF", column_ref_fields},
    {"COMPARISON", comparison_fields},
    {"CONJUNCTION", children_fields},
    {"CONSTANT", constant_fields},
    {"FUNCTION", function_fields},
    {"LAMBDA", lambda_fields},
    {"OPERATOR", children_fields},
    {"POSITIONAL_REFERENCE", positional_fields},
    {"STAR", star_fields},
    {"SUBQUERY", subquery_fields},
    {"WINDOW", window_fields},
};

/* `type` of an expression, of whatever class. */
static const char *const expression_types[] = {
    "ARRAY_CONSTRUCTOR",
    "ARRAY_EXTRACT",
    "ARRAY_SLICE",
    "CASE_EXPR",
    "COLLATE",
    "COLUMN_REF",
    "COMPARE_BETWEEN",
    "COMPARE_DISTINCT_FROM",
    "COMPARE_EQUAL",
    "COMPARE_GREATERTHAN",
    "COMPARE_GREATERTHANOREQUALTO",
    "COMPARE_IN",
    "COMPARE_LESSTHAN",
    "COMPARE_LESSTHANOREQUALTO",
    "COMPARE_NOTEQUAL",
    "COMPARE_NOT_DISTINCT_FROM",
    "COMPARE_NOT_IN",
    "CONJUNCTION_AND",
    "CONJUNCTION_OR",
    "FUNCTION",
    "GROUPING_FUNCTION",
    "LAMBDA",
    "OPERATOR_CAST",
    "OPERATOR_COALESCE",
    "OPERATOR_IS_NOT_NULL",
    "OPERATOR_IS_NULL",
    "OPERATOR_NOT",
    "OPERATOR_NULLIF",
    "OPERATOR_TRY",
    "OPERATOR_UNPACK",
    "POSITIONAL_REFERENCE",
    "STAR",
    "STRUCT_EXTRACT",
    "SUBQUERY",
    "VALUE_CONSTANT",
    "WINDOW_AGGREGATE",
    "WINDOW_CUME_DIST",
    "WINDOW_FILL",
    "WINDOW_FIRST_VALUE",
    "WINDOW_LAG",
    "WINDOW_LAST_VALUE",
    "WINDOW_LEAD",
    "WINDOW_NTH_VALUE",
    "WINDOW_NTILE",
    "WINDOW_PERCENT_RANK",
    "WINDOW_RANK",
    "WINDOW_RANK_DENSE",
    "WINDOW_ROW_NUMBER",
};

FIELDS(base_table) = {COMMON_REL,
                      {"schema_name", SCALAR},
                      {"table_name", SCALAR},
                      {"catalog_name", SCALAR},
                      {"column_name_alias", NAMES},
                      {"at_clause", NOTHING},
                      END};
FIELDS(empty) = {COMMON_REL, END};
FIELDS(expression_list) = {
    COMMON_REL, {"expected_names", NAMES}, {"expected_types", TYPES}, {"values", EXPR_ROWS}, END};
FIELDS(join) = {COMMON_REL,
                {"left", RELATION},
                {"right", RELATION},
                {"condition", EXPR},
                {"join_type", SCALAR},
                {"ref_type", SCALAR},
                {"using_columns", NAMES},
                {"delim_flipped", SCALAR},
                {"duplicate_eliminated_columns", EXPRS},
                END};
FIELDS(pivot) = {COMMON_REL,
                 {"source", RELATION},
                 {"aggregates", EXPRS},
                 {"unpivot_names", NAMES},
                 {"pivots", PIVOTS},
                 {"groups", NAMES},
                 {"column_name_alias", NAMES},
                 {"include_nulls", SCALAR},
                 END};
FIELDS(subquery_ref) = {COMMON_REL, {"subquery", NODE}, {"column_name_alias", NAMES}, END};
FIELDS(table_function) = {
    COMMON_REL, {"function", EXPR}, {"column_name_alias", NAMES}, {"with_ordinality", SCALAR}, END};

static const struct kind relations[] = {
    {"BASE_TABLE", base_table_fields},
    {"EMPTY", empty_fields},
    {"EXPRESSION_LIST", expression_list_fields},
    {"JOIN", join_fields},
    {"PIVOT", pivot_fields},
    {"SUBQUERY", subquery_ref_fields},
    {"TABLE_FUNCTION", table_function_fields},
};

FIELDS(select) = {{"type", SCALAR},
                  {"modifiers", MODIFIERS},
                  {"cte_map", CTES},
                  {"select_list", EXPRS},
                  {"from_table", RELATION},
                  {"where_clause", EXPR},
                  {"group_expressions", EXPRS},
                  {"group_sets", DATA},
                  {"aggregate_handling", SCALAR},
                  {"having", EXPR},
                  {"sample", SAMPLE},
                  {"qualify", EXPR},
                  END};
FIELDS(set_operation) = {{"type", SCALAR},
                         {"modifiers", MODIFIERS},
                         {"cte_map", CTES},
                         {"setop_type", SCALAR},
                         {"left", NODE},
                         {"right", NODE},
                         {"setop_all", SCALAR},
                         {"children", DATA}, /* walked by hand */
                         END};
FIELDS(cte) = {{"type", SCALAR},
               {"modifiers", MODIFIERS},
               {"cte_map", CTES},
               {"cte_name", SCALAR},
               {"query", DATA}, /* walked by hand, in scope */
               {"child", DATA},
               {"aliases", NAMES},
               {"materialized", SCALAR},
               END};
FIELDS(recursive) = {{"type", SCALAR},
                     {"modifiers", MODIFIERS},
                     {"cte_map", CTES},
                     {"cte_name", SCALAR},
                     {"union_all", SCALAR},
                     {"left", DATA}, /* walked by hand, in scope */
                     {"right", DATA},
                     {"aliases", NAMES},
                     {"key_targets", EXPRS},
                     END};

static const struct kind nodes[] = {
    {"CTE_NODE", cte_fields},
    {"RECURSIVE_CTE_NODE", recursive_fields},
    {"SELECT_NODE", select_fields},
    {"SET_OPERATION_NODE", set_operation_fields},
};

FIELDS(order) = {{"type", SCALAR}, {"orders", ORDERS}, END};
FIELDS(limit) = {{"type", SCALAR}, {"limit", EXPR}, {"offset", EXPR}, END};
FIELDS(distinct) = {{"type", SCALAR}, {"distinct_on_targets", EXPRS}, END};

static const struct kind modifiers[] = {
    {"DISTINCT_MODIFIER", distinct_fields},
    {"LIMIT_MODIFIER", limit_fields},
    {"LIMIT_PERCENT_MODIFIER", limit_fields},
    {"ORDER_MODIFIER", order_fields},
};

/* Objects that are known by where they stand. */
FIELDS(order_term) = {{"type", SCALAR}, {"null_order", SCALAR}, {"expression", EXPR}, END};
FIELDS(sample) = {
    {"sample_size", DATA}, {"is_percentage", SCALAR}, {"method", SCALAR}, {"seed", SCALAR}, END};
FIELDS(check) = {{"when_expr", EXPR}, {"then_expr", EXPR}, END};
FIELDS(replace) = {{"key", DATA}, {"value", EXPR}, END};
FIELDS(rename) = {{"key", DATA}, {"value", SCALAR}, END};
FIELDS(pivot_column) = {{"pivot_expressions", EXPRS},
                        {"unpivot_names", NAMES},
                        {"entries", ENTRIES},
                        {"pivot_enum", NOTHING},
                        END};
FIELDS(entry) = {{"values", DATA}, {"star_expr", EXPR}, {"alias", SCALAR}, END};
FIELDS(statement) = {{"node", NODE}, {"named_param_map", NOTHING}, END};
FIELDS(cte_value) = {
    {"aliases", NAMES}, {"query", NODE}, {"materialized", SCALAR}, {"key_targets", EXPRS}, END};
FIELDS(type) = {{"id", SCALAR}, {"type_info", DATA}, END}; /* walked by hand */

static const struct kind order_term_kind = {"order term", order_term_fields};
static const struct kind sample_kind = {"sample", sample_fields};
static const struct kind check_kind = {"CASE branch", check_fields};
static const struct kind replace_kind = {"REPLACE", replace_fields};
static const struct kind rename_kind = {"RENAME", rename_fields};
static const struct kind pivot_kind = {"pivot column", pivot_column_fields};
static const struct kind entry_kind = {"pivot entry", entry_fields};
static const struct kind statement_kind = {"statement", statement_fields};
static const struct kind cte_value_kind = {"WITH query", cte_value_fields};
static const struct kind type_kind = {"type", type_fields};

static const struct kind *find(const struct kind *kinds, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

/* ---- objects and arrays by table ---- */

static int walk_fields(struct gate *g, const json_t *object, const struct kind *kind)
{
    const char *key;
    json_t *value;
    if (!json_is_object(object)) {
        return broken(g, kind->name);
    }
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        const struct field *field = kind->fields;
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

static int walk_array_of(struct gate *g, const json_t *array, const struct kind *kind)
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

/* Types that a cast may name; the rest are the engine's own, or read a catalog. */
static const char *const type_names[] = {
    "any",
    "array",
    "bigint",
    "bignum",
    "bit",
    "blob",
    "bool",
    "boolean",
    "char",
    "date",
    "datetime",
    "dec",
    "decimal",
    "double",
    "enum",
    "float",
    "float4",
    "float8",
    "hugeint",
    "int",
    "int1",
    "int128",
    "int16",
    "int2",
    "int32",
    "int4",
    "int64",
    "int8",
    "integer",
    "interval",
    "json",
    "list",
    "long",
    "map",
    "null",
    "numeric",
    "real",
    "short",
    "smallint",
    "string",
    "struct",
    "text",
    "time",
    "time with time zone",
    "time_ns",
    "timestamp",
    "timestamp with time zone",
    "timestamp_ms",
    "timestamp_ns",
    "timestamp_s",
    "timestamp_us",
    "timestamptz",
    "timetz",
    "tinyint",
    "ubigint",
    "uhugeint",
    "uint128",
    "uint16",
    "uint32",
    "uint64",
    "uint8",
    "uinteger",
    "union",
    "usmallint",
    "utinyint",
    "uuid",
    "varchar",
    "varint",
    "bpchar",
    "bytea",
    "guid",
    "nvarchar",
    "binary",
    "varbinary",
    "user",
    "logical",
    "oid",
};

static bool is_type_name(const char *name)
{
    for (size_t i = 0; i < FH_COUNT(type_names); i++) {
        if (strcasecmp(type_names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

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
            if (name == NULL || !is_type_name(name)) {
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
    int code = walk_fields(g, type, &type_kind);
    if (code == FH_OK && !is_type_name(text_of(type, "id"))) {
        code = refuse(g, FH_EDENIED, "sql.gate.type", "type", text_of(type, "id"));
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
    char name[NAME_BYTES];
    const char *given = text_of(function, "function_name");
    const char *schema = text_of(function, "schema");
    const char *catalog = text_of(function, "catalog");
    size_t length = strnlen(given, sizeof name - 1);
    for (size_t i = 0; i < length; i++) {
        name[i] = (char)(given[i] >= 'A' && given[i] <= 'Z' ? given[i] + 32 : given[i]);
    }
    name[length] = 0;
    bool plain = (schema[0] == 0 || strcmp(schema, "main") == 0) &&
                 (catalog[0] == 0 || strcmp(catalog, "system") == 0);
    if (!plain || strlen(given) != length || fh_gate_function(name) != FH_GATE_ALLOWED) {
        return refuse(g, FH_EDENIED, "sql.gate.function", "function", name);
    }
    return FH_OK;
}

/* A number that is written in the query: 5, -5, 5::BIGINT. */
static bool constant_number(const json_t *expr, double *out)
{
    const char *class = text_of(expr, "class");
    if (strcmp(class, "CAST") == 0) {
        return constant_number(json_object_get(expr, "child"), out);
    }
    const json_t *children = json_object_get(expr, "children");
    if (strcmp(class, "FUNCTION") == 0 && strcmp(text_of(expr, "function_name"), "-") == 0 &&
        json_array_size(children) == 1 && constant_number(json_array_get(children, 0), out)) {
        *out = -*out;
        return true;
    }
    const json_t *number = json_object_get(json_object_get(expr, "value"), "value");
    if (strcmp(class, "CONSTANT") == 0 && json_is_number(number)) {
        *out = json_number_value(number);
        return true;
    }
    return false;
}

/* A value that is written in the query: numbers, dates, intervals. */
static bool is_constant(const json_t *expr)
{
    const char *class = text_of(expr, "class");
    const json_t *children = json_object_get(expr, "children");
    if (strcmp(class, "CAST") == 0) {
        return is_constant(json_object_get(expr, "child"));
    }
    if (strcmp(class, "FUNCTION") != 0) {
        return strcmp(class, "CONSTANT") == 0;
    }
    const char *name = text_of(expr, "function_name");
    /* INTERVAL 1 DAY is parsed as to_days(trunc(1)) */
    bool good =
        strcmp(name, "-") == 0 || strcmp(name, "trunc") == 0 || strncmp(name, "to_", 3) == 0;
    for (size_t i = 0; good && i < json_array_size(children); i++) {
        good = is_constant(json_array_get(children, i));
    }
    return good;
}

static int unbounded(struct gate *g, const char *name)
{
    g->out->position = g->position;
    return fh_err_rule(g->err,
                       FH_EDENIED,
                       "sql.gate.bounds",
                       "function %s needs constant bounds, at most %d (byte %zu)",
                       name,
                       (int)SERIES_MAX,
                       g->position + 1);
}

static int check_series(struct gate *g, const char *name, const json_t *arguments)
{
    double bounds[3] = {0, 0, 1};
    size_t count = json_array_size(arguments);
    bool numbers = true;
    for (size_t i = 0; i < count; i++) {
        const json_t *argument = json_array_get(arguments, i);
        if (!is_constant(argument) || count > 3) {
            return unbounded(g, name);
        }
        double *to = count == 1 ? &bounds[1] : &bounds[i];
        numbers = numbers && constant_number(argument, to);
    }
    if (!numbers) {
        return FH_OK; // dates by intervals: the deadline and the memory limit bound them
    }
    double elements = bounds[2] == 0 ? 2.0 * SERIES_MAX : (bounds[1] - bounds[0]) / bounds[2];
    return elements <= SERIES_MAX ? FH_OK : unbounded(g, name);
}

/* Functions whose result grows with the value of an argument. */
static const struct {
    const char *name;
    size_t argument;
} growing[] = {
    {"repeat", 1},
    {"lpad", 1},
    {"rpad", 1},
    {"bitstring", 1},
    {"list_resize", 1},
    {"array_resize", 1},
};

static int check_bounds(struct gate *g, const json_t *function)
{
    const char *name = text_of(function, "function_name");
    const json_t *arguments = json_object_get(function, "children");
    if (strcasecmp(name, "range") == 0 || strcasecmp(name, "generate_series") == 0) {
        return check_series(g, name, arguments);
    }
    for (size_t i = 0; i < FH_COUNT(growing); i++) {
        double size = 0;
        if (strcasecmp(name, growing[i].name) == 0 &&
            (!constant_number(json_array_get(arguments, growing[i].argument), &size) ||
             size > SERIES_MAX)) {
            return unbounded(g, name);
        }
    }
    return FH_OK;
}

static int check_table_function(struct gate *g, const json_t *relation)
{
    static const char *const allowed[] = {"range", "generate_series", "unnest"};
    const json_t *function = json_object_get(relation, "function");
    const char *name = text_of(function, "function_name");
    note_position(g, function);
    for (size_t i = 0; i < FH_COUNT(allowed); i++) {
        if (strcmp(text_of(function, "class"), "FUNCTION") == 0 &&
            strcasecmp(name, allowed[i]) == 0) {
            return FH_OK;
        }
    }
    return refuse(g, FH_EDENIED, "sql.gate.table_function", "table function", name);
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
    const char *catalog = text_of(relation, "catalog_name");
    const char *schema = text_of(relation, "schema_name");
    const char *name = text_of(relation, "table_name");
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
        code = walk_fields(g, json_object_get(entry, "value"), &cte_value_kind);
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
    int code = enter_scope(g, text_of(node, name));
    if (code == FH_OK) {
        code = walk(g, body, NODE);
    }
    g->scope_count = scopes;
    return code;
}

static int walk_parts(struct gate *g, const json_t *node, const char *type)
{
    int code = FH_OK;
    if (strcmp(type, "CTE_NODE") == 0) {
        code = walk(g, json_object_get(node, "query"), NODE);
        return code == FH_OK ? walk_in_scope(g, node, "cte_name", json_object_get(node, "child"))
                             : code;
    }
    if (strcmp(type, "RECURSIVE_CTE_NODE") == 0) {
        code = walk(g, json_object_get(node, "left"), NODE);
        return code == FH_OK ? walk_in_scope(g, node, "cte_name", json_object_get(node, "right"))
                             : code;
    }
    if (strcmp(type, "SET_OPERATION_NODE") == 0) {
        const json_t *children = json_object_get(node, "children");
        for (size_t i = 0; code == FH_OK && i < json_array_size(children); i++) {
            code = walk(g, json_array_get(children, i), NODE);
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
        return walk_fields(g, node, &statement_kind);
    }
    const char *type = text_of(node, "type");
    const struct kind *kind = find(nodes, FH_COUNT(nodes), type);
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
    const char *type = text_of(relation, "type");
    const struct kind *kind = find(relations, FH_COUNT(relations), type);
    note_position(g, relation);
    if (kind == NULL) {
        return refuse(g, FH_EDENIED, "sql.gate.relation", "a relation of kind", type);
    }
    int code = FH_OK;
    if (kind->fields == base_table_fields) {
        code = check_table(g, relation);
    } else if (kind->fields == table_function_fields) {
        code = check_table_function(g, relation);
    }
    return code == FH_OK ? walk_fields(g, relation, kind) : code;
}

static int walk_expression(struct gate *g, const json_t *expr)
{
    if (json_is_null(expr)) {
        return FH_OK;
    }
    const char *class = text_of(expr, "class");
    const char *type = text_of(expr, "type");
    note_position(g, expr);
    if (strcmp(class, "PARAMETER") == 0) {
        return refuse(g, FH_EDENIED, "sql.gate.parameter", "a parameter", "");
    }
    const struct kind *kind = find(expressions, FH_COUNT(expressions), class);
    if (kind == NULL) {
        return refuse(g, FH_EDENIED, "sql.gate.expression", "an expression of kind", class);
    }
    bool known = false;
    for (size_t i = 0; i < FH_COUNT(expression_types) && !known; i++) {
        known = strcmp(expression_types[i], type) == 0;
    }
    if (!known) {
        return refuse(g, FH_EDENIED, "sql.gate.expression", "an expression of type", type);
    }
    int code = FH_OK;
    if (kind->fields == function_fields || kind->fields == window_fields) {
        code = check_name(g, expr);
    }
    if (code == FH_OK && kind->fields == function_fields) {
        code = check_bounds(g, expr);
    }
    return code == FH_OK ? walk_fields(g, expr, kind) : code;
}

static int walk_expression_row(struct gate *g, const json_t *row)
{
    return walk(g, row, EXPRS);
}

static int walk_modifier(struct gate *g, const json_t *modifier)
{
    if (json_is_null(modifier)) {
        return FH_OK;
    }
    const char *type = text_of(modifier, "type");
    const struct kind *kind = find(modifiers, FH_COUNT(modifiers), type);
    return kind == NULL ? refuse(g, FH_EDENIED, "sql.gate.node", "a modifier of kind", type)
                        : walk_fields(g, modifier, kind);
}

static int walk_one(struct gate *g, const json_t *value, enum rule rule)
{
    switch (rule) {
    case SCALAR:
        return walk_scalar(g, value);
    case DATA:
    case CTES:
        return FH_OK;
    case NAMES:
        return walk_array(g, value, walk_scalar);
    case EXPR:
        return walk_expression(g, value);
    case EXPRS:
        return walk_array(g, value, walk_expression);
    case EXPR_ROWS:
        return walk_array(g, value, walk_expression_row);
    case NODE:
        return walk_node(g, value);
    case RELATION:
        return walk_relation(g, value);
    case MODIFIERS:
        return walk_array(g, value, walk_modifier);
    case MODIFIER:
        return walk_modifier(g, value);
    case ORDERS:
        return walk_array_of(g, value, &order_term_kind);
    case SAMPLE:
        return json_is_null(value) ? FH_OK : walk_fields(g, value, &sample_kind);
    case TYPE:
        return walk_type(g, value);
    case TYPES:
        return walk_array(g, value, walk_type);
    case CHECKS:
        return walk_array_of(g, value, &check_kind);
    case REPLACES:
        return walk_array_of(g, value, &replace_kind);
    case RENAMES:
        return walk_array_of(g, value, &rename_kind);
    case PIVOTS:
        return walk_array_of(g, value, &pivot_kind);
    case ENTRIES:
        return walk_array_of(g, value, &entry_kind);
    case NOTHING:
        return walk_nothing(g, value);
    }
    return broken(g, "rule");
}

static int walk(struct gate *g, const json_t *value, enum rule rule)
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
    const char *type = text_of(root, "error_type");
    const char *message = text_of(root, "error_message");
    size_t at = 0;
    (void)sscanf(text_of(root, "position"), "%zu", &at);
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
    while (strcmp(text_of(node, "type"), "CTE_NODE") == 0) {
        const json_t *child = json_object_get(node, "child");
        node = json_object_get(child, "node") != NULL ? json_object_get(child, "node") : child;
    }
    const json_t *list = json_object_get(node, "modifiers");
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (strcmp(text_of(json_array_get(list, i), "type"), "ORDER_MODIFIER") == 0) {
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
    return walk_fields(g, statement, &statement_kind);
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
    json_t *root = json_loadb((const char *)json.data,
                              json.size,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL,
                              NULL);
    int code = root == NULL ? broken(&g, "not JSON") : check_root(&g, root);
    json_decref(root);
    return code;
}
