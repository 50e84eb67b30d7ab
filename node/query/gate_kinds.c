/* SPDX-License-Identifier: Apache-2.0 */
#include "node/query/gate_kinds.h"

#include "common/compiler.h"

#include <string.h>
#include <strings.h>

// clang-format off
#define COMMON_EXPR                                                                                \
    {"class", FH_GATE_SCALAR}, {"type", FH_GATE_SCALAR}, {"alias", FH_GATE_SCALAR},                                        \
    {                                                                                              \
        "query_location", FH_GATE_SCALAR                                                                   \
    }
#define COMMON_REL                                                                                 \
    {"type", FH_GATE_SCALAR}, {"alias", FH_GATE_SCALAR}, {"query_location", FH_GATE_SCALAR},                               \
    {                                                                                              \
        "sample", FH_GATE_SAMPLE                                                                           \
    }
#define END                                                                                        \
    {                                                                                              \
        NULL, FH_GATE_SCALAR                                                                               \
    }
#define FIELDS(name) static const struct fh_gate_field name##_fields[]

FIELDS(between) = {COMMON_EXPR, {"input", FH_GATE_EXPR}, {"lower", FH_GATE_EXPR}, {"upper", FH_GATE_EXPR}, END};
FIELDS(case) = {COMMON_EXPR, {"case_checks", FH_GATE_CHECKS}, {"else_expr", FH_GATE_EXPR}, END};
FIELDS(cast) = {COMMON_EXPR, {"child", FH_GATE_EXPR}, {"cast_type", FH_GATE_TYPE}, {"try_cast", FH_GATE_SCALAR}, END};
FIELDS(collate) = {COMMON_EXPR, {"child", FH_GATE_EXPR}, {"collation", FH_GATE_SCALAR}, END};
FIELDS(column_ref) = {COMMON_EXPR, {"column_names", FH_GATE_NAMES}, END};
FIELDS(comparison) = {COMMON_EXPR, {"left", FH_GATE_EXPR}, {"right", FH_GATE_EXPR}, END};
FIELDS(children) = {COMMON_EXPR, {"children", FH_GATE_EXPRS}, END};
FIELDS(constant) = {COMMON_EXPR, {"value", FH_GATE_DATA}, END};
FIELDS(function) = {COMMON_EXPR,
                    {"function_name", FH_GATE_SCALAR},
                    {"schema", FH_GATE_SCALAR},
                    {"catalog", FH_GATE_SCALAR},
                    {"children", FH_GATE_EXPRS},
                    {"filter", FH_GATE_EXPR},
                    {"order_bys", FH_GATE_MODIFIER},
                    {"distinct", FH_GATE_SCALAR},
                    {"is_operator", FH_GATE_SCALAR},
                    {"export_state", FH_GATE_NOTHING},
                    END};
FIELDS(lambda) = {COMMON_EXPR, {"lhs", FH_GATE_EXPR}, {"expr", FH_GATE_EXPR}, END};
FIELDS(parameter) = {COMMON_EXPR, {"identifier", FH_GATE_SCALAR}, END}; /* looked up by hand */
FIELDS(positional) = {COMMON_EXPR, {"index", FH_GATE_SCALAR}, END};
FIELDS(star) = {COMMON_EXPR,
                {"relation_name", FH_GATE_SCALAR},
                {"exclude_list", FH_GATE_NAMES},
                {"replace_list", FH_GATE_REPLACES},
                {"columns", FH_GATE_SCALAR},
                {"expr", FH_GATE_EXPR},
                {"qualified_exclude_list", FH_GATE_DATA},
                {"rename_list", FH_GATE_RENAMES},
                END};
FIELDS(subquery) = {COMMON_EXPR,
                    {"subquery_type", FH_GATE_SCALAR},
                    {"subquery", FH_GATE_NODE},
                    {"child", FH_GATE_EXPR},
                    {"comparison_type", FH_GATE_SCALAR},
                    END};
FIELDS(window) = {COMMON_EXPR,
                  {"function_name", FH_GATE_SCALAR},
                  {"schema", FH_GATE_SCALAR},
                  {"catalog", FH_GATE_SCALAR},
                  {"children", FH_GATE_EXPRS},
                  {"partitions", FH_GATE_EXPRS},
                  {"orders", FH_GATE_ORDERS},
                  {"arg_orders", FH_GATE_ORDERS},
                  {"start", FH_GATE_SCALAR},
                  {"end", FH_GATE_SCALAR},
                  {"start_expr", FH_GATE_EXPR},
                  {"end_expr", FH_GATE_EXPR},
                  {"offset_expr", FH_GATE_EXPR},
                  {"default_expr", FH_GATE_EXPR},
                  {"filter_expr", FH_GATE_EXPR},
                  {"ignore_nulls", FH_GATE_SCALAR},
                  {"distinct", FH_GATE_SCALAR},
                  {"exclude_clause", FH_GATE_SCALAR},
                  END};

static const struct fh_gate_kind expressions[] = {
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
    {"PARAMETER", parameter_fields},
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
    "OPERATOR_UNPACK",
    "POSITIONAL_REFERENCE",
    "STAR",
    "STRUCT_EXTRACT",
    "SUBQUERY",
    "VALUE_CONSTANT",
    "VALUE_PARAMETER",
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
                      {"schema_name", FH_GATE_SCALAR},
                      {"table_name", FH_GATE_SCALAR},
                      {"catalog_name", FH_GATE_SCALAR},
                      {"column_name_alias", FH_GATE_NAMES},
                      {"at_clause", FH_GATE_NOTHING},
                      END};
FIELDS(empty) = {COMMON_REL, END};
FIELDS(expression_list) = {
    COMMON_REL, {"expected_names", FH_GATE_NAMES}, {"expected_types", FH_GATE_TYPES}, {"values", FH_GATE_EXPR_ROWS}, END};
FIELDS(join) = {COMMON_REL,
                {"left", FH_GATE_RELATION},
                {"right", FH_GATE_RELATION},
                {"condition", FH_GATE_EXPR},
                {"join_type", FH_GATE_SCALAR},
                {"ref_type", FH_GATE_SCALAR},
                {"using_columns", FH_GATE_NAMES},
                {"delim_flipped", FH_GATE_SCALAR},
                {"duplicate_eliminated_columns", FH_GATE_EXPRS},
                END};
FIELDS(pivot) = {COMMON_REL,
                 {"source", FH_GATE_RELATION},
                 {"aggregates", FH_GATE_EXPRS},
                 {"unpivot_names", FH_GATE_NAMES},
                 {"pivots", FH_GATE_PIVOTS},
                 {"groups", FH_GATE_NAMES},
                 {"column_name_alias", FH_GATE_NAMES},
                 {"include_nulls", FH_GATE_SCALAR},
                 END};
FIELDS(subquery_ref) = {COMMON_REL, {"subquery", FH_GATE_NODE}, {"column_name_alias", FH_GATE_NAMES}, END};
FIELDS(table_function) = {
    COMMON_REL, {"function", FH_GATE_EXPR}, {"column_name_alias", FH_GATE_NAMES}, {"with_ordinality", FH_GATE_SCALAR}, END};

static const struct fh_gate_kind relations[] = {
    {"BASE_TABLE", base_table_fields},
    {"EMPTY", empty_fields},
    {"EXPRESSION_LIST", expression_list_fields},
    {"JOIN", join_fields},
    {"PIVOT", pivot_fields},
    {"SUBQUERY", subquery_ref_fields},
    {"TABLE_FUNCTION", table_function_fields},
};

FIELDS(select) = {{"type", FH_GATE_SCALAR},
                  {"modifiers", FH_GATE_MODIFIERS},
                  {"cte_map", FH_GATE_CTES},
                  {"select_list", FH_GATE_EXPRS},
                  {"from_table", FH_GATE_RELATION},
                  {"where_clause", FH_GATE_EXPR},
                  {"group_expressions", FH_GATE_EXPRS},
                  {"group_sets", FH_GATE_DATA},
                  {"aggregate_handling", FH_GATE_SCALAR},
                  {"having", FH_GATE_EXPR},
                  {"sample", FH_GATE_SAMPLE},
                  {"qualify", FH_GATE_EXPR},
                  END};
FIELDS(set_operation) = {{"type", FH_GATE_SCALAR},
                         {"modifiers", FH_GATE_MODIFIERS},
                         {"cte_map", FH_GATE_CTES},
                         {"setop_type", FH_GATE_SCALAR},
                         {"left", FH_GATE_NODE},
                         {"right", FH_GATE_NODE},
                         {"setop_all", FH_GATE_SCALAR},
                         {"children", FH_GATE_DATA}, /* walked by hand */
                         END};
FIELDS(cte) = {{"type", FH_GATE_SCALAR},
               {"modifiers", FH_GATE_MODIFIERS},
               {"cte_map", FH_GATE_CTES},
               {"cte_name", FH_GATE_SCALAR},
               {"query", FH_GATE_DATA}, /* walked by hand, in scope */
               {"child", FH_GATE_DATA},
               {"aliases", FH_GATE_NAMES},
               {"materialized", FH_GATE_SCALAR},
               END};
FIELDS(recursive) = {{"type", FH_GATE_SCALAR},
                     {"modifiers", FH_GATE_MODIFIERS},
                     {"cte_map", FH_GATE_CTES},
                     {"cte_name", FH_GATE_SCALAR},
                     {"union_all", FH_GATE_SCALAR},
                     {"left", FH_GATE_DATA}, /* walked by hand, in scope */
                     {"right", FH_GATE_DATA},
                     {"aliases", FH_GATE_NAMES},
                     {"key_targets", FH_GATE_EXPRS},
                     END};

static const struct fh_gate_kind nodes[] = {
    {"CTE_NODE", cte_fields},
    {"RECURSIVE_CTE_NODE", recursive_fields},
    {"SELECT_NODE", select_fields},
    {"SET_OPERATION_NODE", set_operation_fields},
};

FIELDS(order) = {{"type", FH_GATE_SCALAR}, {"orders", FH_GATE_ORDERS}, END};
FIELDS(limit) = {{"type", FH_GATE_SCALAR}, {"limit", FH_GATE_EXPR}, {"offset", FH_GATE_EXPR}, END};
FIELDS(distinct) = {{"type", FH_GATE_SCALAR}, {"distinct_on_targets", FH_GATE_EXPRS}, END};

static const struct fh_gate_kind modifiers[] = {
    {"DISTINCT_MODIFIER", distinct_fields},
    {"LIMIT_MODIFIER", limit_fields},
    {"LIMIT_PERCENT_MODIFIER", limit_fields},
    {"ORDER_MODIFIER", order_fields},
};

/* Objects that are known by where they stand. */
FIELDS(order_term) = {{"type", FH_GATE_SCALAR}, {"null_order", FH_GATE_SCALAR}, {"expression", FH_GATE_EXPR}, END};
FIELDS(sample) = {
    {"sample_size", FH_GATE_DATA}, {"is_percentage", FH_GATE_SCALAR}, {"method", FH_GATE_SCALAR}, {"seed", FH_GATE_SCALAR}, END};
FIELDS(check) = {{"when_expr", FH_GATE_EXPR}, {"then_expr", FH_GATE_EXPR}, END};
FIELDS(replace) = {{"key", FH_GATE_DATA}, {"value", FH_GATE_EXPR}, END};
FIELDS(rename) = {{"key", FH_GATE_DATA}, {"value", FH_GATE_SCALAR}, END};
FIELDS(pivot_column) = {{"pivot_expressions", FH_GATE_EXPRS},
                        {"unpivot_names", FH_GATE_NAMES},
                        {"entries", FH_GATE_ENTRIES},
                        {"pivot_enum", FH_GATE_NOTHING},
                        END};
FIELDS(entry) = {{"values", FH_GATE_DATA}, {"star_expr", FH_GATE_EXPR}, {"alias", FH_GATE_SCALAR}, END};
/* gate_params.c reads the map */
FIELDS(statement) = {{"node", FH_GATE_NODE}, {"named_param_map", FH_GATE_DATA}, END};
FIELDS(cte_value) = {
    {"aliases", FH_GATE_NAMES}, {"query", FH_GATE_NODE}, {"materialized", FH_GATE_SCALAR}, {"key_targets", FH_GATE_EXPRS}, END};
FIELDS(type) = {{"id", FH_GATE_SCALAR}, {"type_info", FH_GATE_DATA}, END}; /* walked by hand */

const struct fh_gate_kind fh_gate_order_term_kind = {"order term", order_term_fields};
const struct fh_gate_kind fh_gate_sample_kind = {"sample", sample_fields};
const struct fh_gate_kind fh_gate_check_kind = {"CASE branch", check_fields};
const struct fh_gate_kind fh_gate_replace_kind = {"REPLACE", replace_fields};
const struct fh_gate_kind fh_gate_rename_kind = {"RENAME", rename_fields};
const struct fh_gate_kind fh_gate_pivot_kind = {"pivot column", pivot_column_fields};
const struct fh_gate_kind fh_gate_entry_kind = {"pivot entry", entry_fields};
const struct fh_gate_kind fh_gate_statement_kind = {"statement", statement_fields};
const struct fh_gate_kind fh_gate_cte_kind = {"WITH query", cte_value_fields};
const struct fh_gate_kind fh_gate_type_kind = {"type", type_fields};
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
// clang-format on

static const struct fh_gate_kind *
find(const struct fh_gate_kind *kinds, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

const struct fh_gate_kind *fh_gate_expression(const char *class_name)
{
    return find(expressions, FH_COUNT(expressions), class_name);
}

const struct fh_gate_kind *fh_gate_relation(const char *type)
{
    return find(relations, FH_COUNT(relations), type);
}

const struct fh_gate_kind *fh_gate_node(const char *type)
{
    return find(nodes, FH_COUNT(nodes), type);
}

const struct fh_gate_kind *fh_gate_modifier(const char *type)
{
    return find(modifiers, FH_COUNT(modifiers), type);
}

/* What was seen of TRY in DuckDB 1.4.4, over generated conditions: rows came that the same SQL over
 * a table masked beforehand does not give. Why is not known here; so it is refused. */
const char *fh_gate_expression_type_text(const char *type)
{
    return strcmp(type, "OPERATOR_TRY") == 0
               ? "TRY (for a cast write TRY_CAST(value AS TYPE), otherwise look first with CASE)"
               : type;
}

bool fh_gate_expression_type(const char *type)
{
    for (size_t i = 0; i < FH_COUNT(expression_types); i++) {
        if (strcmp(expression_types[i], type) == 0) {
            return true;
        }
    }
    return false;
}

bool fh_gate_type_name(const char *name)
{
    for (size_t i = 0; i < FH_COUNT(type_names); i++) {
        if (strcasecmp(type_names[i], name) == 0) {
            return true;
        }
    }
    return false;
}
