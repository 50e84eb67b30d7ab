/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of `schema`: tables, columns, their options, rules and relationships. */
#include "proto/contract/contract_rows.h"
#include "proto/contract/contract_table.h"

static const struct fh_choice object_type[] = {{"object", FH_IN_ALL}, {NULL, 0}};
static const struct fh_choice logical_types[] = {{"string", FH_IN_ALL},
                                                 {"date", FH_IN_ALL},
                                                 {"timestamp", FH_FROM_3_1},
                                                 {"time", FH_FROM_3_1},
                                                 {"number", FH_IN_ALL},
                                                 {"integer", FH_IN_ALL},
                                                 {"object", FH_IN_ALL},
                                                 {"array", FH_IN_ALL},
                                                 {"boolean", FH_IN_ALL},
                                                 {"map", FH_IN_3_2},
                                                 {NULL, 0}};
static const struct fh_choice semantic_types[] = {
    {"column", FH_IN_ALL}, {"measure", FH_IN_ALL}, {"dimension", FH_IN_ALL}, {NULL, 0}};
static const struct fh_choice relationship_types[] = {{"foreignKey", FH_IN_ALL}, {NULL, 0}};
static const struct fh_choice quality_types[] = {{"library", FH_IN_ALL},
                                                 {"sql", FH_IN_ALL},
                                                 {"custom", FH_IN_ALL},
                                                 {"text", FH_IN_ALL},
                                                 {NULL, 0}};
static const struct fh_choice dimensions[] = {{"accuracy", FH_IN_ALL},
                                              {"completeness", FH_IN_ALL},
                                              {"conformity", FH_IN_ALL},
                                              {"consistency", FH_IN_ALL},
                                              {"coverage", FH_IN_ALL},
                                              {"timeliness", FH_IN_ALL},
                                              {"uniqueness", FH_IN_ALL},
                                              {NULL, 0}};
static const struct fh_choice metrics[] = {{"nullValues", FH_IN_ALL},
                                           {"missingValues", FH_IN_ALL},
                                           {"invalidValues", FH_IN_ALL},
                                           {"duplicateValues", FH_IN_ALL},
                                           {"rowCount", FH_IN_ALL},
                                           {NULL, 0}};

/* clang-format off: one row, one line */
static const struct fh_field table_rows[] = {
    ROW_DEFINITIONS(fh_contract_table, 0),
    ROW_STRING(fh_contract_table, "businessName", business_name, 0),
    {.key = "context",
     .kind = FH_FIELD_CONTEXT,
     .flags = NEW_3_2,
     .section = &fh_section_context,
     .offset = MEMBER(fh_contract_table, context, struct fh_contract_context *)},
    ROW_CUSTOM(fh_contract_table, 0),
    ROW_STRING(fh_contract_table, "dataGranularityDescription", granularity, 0),
    ROW_STRING(fh_contract_table, "description", description, 0),
    ROW_ID(fh_contract_table, NEW_3_1),
    ROW_CHOICE(fh_contract_table, "logicalType", logical_type, 0, object_type),
    ROW_STRING(fh_contract_table, "name", name, REQUIRED),
    ROW_STRING(fh_contract_table, "physicalName", physical_name, 0),
    ROW_STRING(fh_contract_table, "physicalType", physical_type, 0),
    ROW_SECTIONS(
        fh_contract_table, "properties", columns, 0, fh_contract_column, fh_section_column),
    ROW_QUALITY(fh_contract_table),
    ROW_SECTIONS(fh_contract_table,
                 "relationships",
                 relationships,
                 NEW_3_1,
                 fh_contract_relationship,
                 fh_section_relationship),
    ROW_SECTIONS(
        fh_contract_table, "synonyms", synonyms, NEW_3_2, fh_contract_synonym, fh_section_synonym),
    ROW_STRINGS(fh_contract_table, "tags", tags, 0),
};

#define COLUMN_ROWS(name_flags)                                                                    \
    {                                                                                              \
        ROW_DEFINITIONS(fh_contract_column, 0),                                                    \
            ROW_STRING(fh_contract_column, "businessName", business_name, 0),                      \
            ROW_STRING(fh_contract_column, "classification", classification, 0),                   \
            ROW_BOOL(fh_contract_column, "criticalDataElement", critical_data_element, 0),         \
            ROW_CUSTOM(fh_contract_column, 0),                                                     \
            ROW_STRING(fh_contract_column, "description", description, 0),                         \
            ROW_STRING(fh_contract_column, "encryptedName", encrypted_name, 0),                    \
            ROW_SECTIONS(fh_contract_column,                                                       \
                         "enum",                                                                   \
                         enum_values,                                                              \
                         NEW_3_2,                                                                  \
                         fh_contract_enum_value,                                                   \
                         fh_section_enum_value),                                                   \
            ROW_VALUE(fh_contract_column, "examples", examples, 0, FH_ALLOW_LIST),                 \
            ROW_ID(fh_contract_column, NEW_3_1),                                                   \
            ROW_SECTION(                                                                           \
                fh_contract_column, "items", items, VARIANT, fh_contract_column, fh_section_item), \
            ROW_CHOICE(fh_contract_column, "logicalType", logical_type, 0, logical_types),         \
            ROW_SECTION(fh_contract_column,                                                        \
                        "logicalTypeOptions",                                                      \
                        options,                                                                   \
                        0,                                                                         \
                        fh_contract_options,                                                       \
                        fh_section_options),                                                       \
            ROW_SECTION(fh_contract_column,                                                        \
                        "map",                                                                     \
                        map,                                                                       \
                        VARIANT | NEW_3_2,                                                         \
                        fh_contract_map,                                                           \
                        fh_section_map),                                                           \
            ROW_STRING(fh_contract_column, "name", name, name_flags),                              \
            ROW_INTEGER(fh_contract_column, "partitionKeyPosition", partition_key_position, 0),    \
            ROW_BOOL(fh_contract_column, "partitioned", partitioned, 0),                           \
            ROW_STRING(fh_contract_column, "physicalName", physical_name, 0),                      \
            ROW_STRING(fh_contract_column, "physicalType", physical_type, 0),                      \
            ROW_BOOL(fh_contract_column, "primaryKey", primary_key, 0),                            \
            ROW_INTEGER(fh_contract_column, "primaryKeyPosition", primary_key_position, 0),        \
            ROW_SECTIONS(fh_contract_column,                                                       \
                         "properties",                                                             \
                         columns,                                                                  \
                         VARIANT,                                                                  \
                         fh_contract_column,                                                       \
                         fh_section_column),                                                       \
            ROW_QUALITY(fh_contract_column),                                                       \
            ROW_SECTIONS(fh_contract_column,                                                       \
                         "relationships",                                                          \
                         relationships,                                                            \
                         NEW_3_1,                                                                  \
                         fh_contract_relationship,                                                 \
                         fh_section_column_relationship),                                          \
            ROW_BOOL(fh_contract_column, "required", required, 0),                                 \
            ROW_CHOICE(                                                                            \
                fh_contract_column, "semanticType", semantic_type, NEW_3_2, semantic_types),       \
            ROW_SECTIONS(fh_contract_column,                                                       \
                         "synonyms",                                                               \
                         synonyms,                                                                 \
                         NEW_3_2,                                                                  \
                         fh_contract_synonym,                                                      \
                         fh_section_synonym),                                                      \
            ROW_STRINGS(fh_contract_column, "tags", tags, 0),                                      \
            ROW_STRING(fh_contract_column, "transformDescription", transform_description, 0),      \
            ROW_STRING(fh_contract_column, "transformLogic", transform_logic, 0),                  \
            ROW_STRINGS(                                                                           \
                fh_contract_column, "transformSourceObjects", transform_source_objects, 0),        \
            ROW_BOOL(fh_contract_column, "unique", unique, 0),                                     \
    }
static const struct fh_field column_rows[] = COLUMN_ROWS(REQUIRED);
static const struct fh_field item_rows[] = COLUMN_ROWS(0);

/* Numbers, or strings of dates and times; in 3.0 the exclusive ones are Booleans. */
enum {
    BOUND = FH_ALLOW_NUMBER | FH_ALLOW_STRING,
    EXCLUSIVE = BOUND | FH_ALLOW_BOOL,
};
static const struct fh_field options_rows[] = {
    ROW_STRING(fh_contract_options, "defaultTimezone", default_timezone, VARIANT),
    ROW_VALUE(fh_contract_options, "exclusiveMaximum", exclusive_maximum, VARIANT, EXCLUSIVE),
    ROW_VALUE(fh_contract_options, "exclusiveMinimum", exclusive_minimum, VARIANT, EXCLUSIVE),
    ROW_STRING(fh_contract_options, "format", format, VARIANT),
    ROW_INTEGER(fh_contract_options, "maxItems", max_items, NATURAL),
    ROW_INTEGER(fh_contract_options, "maxLength", max_length, NATURAL),
    ROW_INTEGER(fh_contract_options, "maxProperties", max_properties, NATURAL),
    ROW_VALUE(fh_contract_options, "maximum", maximum, VARIANT, BOUND),
    ROW_INTEGER(fh_contract_options, "minItems", min_items, NATURAL),
    ROW_INTEGER(fh_contract_options, "minLength", min_length, NATURAL),
    ROW_INTEGER(fh_contract_options, "minProperties", min_properties, NATURAL),
    ROW_VALUE(fh_contract_options, "minimum", minimum, VARIANT, BOUND),
    ROW_DECIMAL(fh_contract_options, "multipleOf", multiple_of, VARIANT | FH_FIELD_POSITIVE),
    ROW_STRING(fh_contract_options, "pattern", pattern, VARIANT),
    ROW_STRINGS(fh_contract_options, "required", required, VARIANT),
    ROW_BOOL(fh_contract_options, "timezone", timezone, VARIANT),
    ROW_BOOL(fh_contract_options, "uniqueItems", unique_items, VARIANT),
};

static const struct fh_field quality_rows[] = {
    ROW_VALUE(fh_contract_quality, "arguments", arguments, VARIANT | NEW_3_1, FH_ALLOW_MAP),
    ROW_DEFINITIONS(fh_contract_quality, 0),
    ROW_STRING(fh_contract_quality, "businessImpact", business_impact, 0),
    ROW_CUSTOM(fh_contract_quality, 0),
    ROW_STRING(fh_contract_quality, "description", description, 0),
    ROW_CHOICE(fh_contract_quality, "dimension", dimension, 0, dimensions),
    ROW_STRING(fh_contract_quality, "engine", engine, VARIANT),
    ROW_ID(fh_contract_quality, NEW_3_1),
    ROW_VALUE(fh_contract_quality,
              "implementation",
              implementation,
              VARIANT,
              FH_ALLOW_STRING | FH_ALLOW_MAP),
    ROW_STRING(fh_contract_quality, "method", method, 0),
    ROW_CHOICE(fh_contract_quality, "metric", metric, VARIANT | NEW_3_1, metrics),
    ROW_VALUE(fh_contract_quality, "mustBe", must_be, VARIANT, FH_ALLOW_ANY),
    ROW_VALUE(fh_contract_quality, "mustBeBetween", must_be_between, VARIANT, FH_ALLOW_LIST),
    ROW_DECIMAL(
        fh_contract_quality, "mustBeGreaterOrEqualTo", must_be_greater_or_equal_to, VARIANT),
    ROW_DECIMAL(fh_contract_quality, "mustBeGreaterThan", must_be_greater_than, VARIANT),
    ROW_DECIMAL(fh_contract_quality, "mustBeLessOrEqualTo", must_be_less_or_equal_to, VARIANT),
    ROW_DECIMAL(fh_contract_quality, "mustBeLessThan", must_be_less_than, VARIANT),
    ROW_VALUE(fh_contract_quality, "mustNotBe", must_not_be, VARIANT, FH_ALLOW_ANY),
    ROW_VALUE(fh_contract_quality, "mustNotBeBetween", must_not_be_between, VARIANT, FH_ALLOW_LIST),
    ROW_STRING(fh_contract_quality, "name", name, 0),
    ROW_STRING(fh_contract_quality, "query", query, VARIANT),
    ROW_OLD(fh_contract_quality, "rule", rule, VARIANT, "metric", FH_FROM_3_1),
    ROW_STRING(fh_contract_quality, "schedule", schedule, 0),
    ROW_STRING(fh_contract_quality, "scheduler", scheduler, 0),
    ROW_STRING(fh_contract_quality, "severity", severity, 0),
    ROW_STRINGS(fh_contract_quality, "tags", tags, 0),
    ROW_CHOICE(fh_contract_quality, "type", type, 0, quality_types),
    ROW_STRING(fh_contract_quality, "unit", unit, 0),
};

static const struct fh_field relationship_rows[] = {
    ROW_CUSTOM(fh_contract_relationship, 0),
    ROW_REFS(fh_contract_relationship, "from", from, REQUIRED),
    ROW_REFS(fh_contract_relationship, "to", to, REQUIRED),
    ROW_CHOICE(fh_contract_relationship, "type", type, 0, relationship_types),
};

static const struct fh_field column_relationship_rows[] = {
    ROW_CUSTOM(fh_contract_relationship, 0),
    ROW_REFS(fh_contract_relationship, "to", to, REQUIRED),
    ROW_CHOICE(fh_contract_relationship, "type", type, 0, relationship_types),
};

static const struct fh_field synonym_rows[] = {
    ROW_CUSTOM(fh_contract_synonym, 0),
    ROW_STRING(fh_contract_synonym, "description", description, 0),
    ROW_ID(fh_contract_synonym, 0),
    ROW_STRING(fh_contract_synonym, "locale", locale, 0),
    ROW_STRING(fh_contract_synonym, "source", source, 0),
    ROW_STRING(fh_contract_synonym, "status", status, 0),
    ROW_STRING(fh_contract_synonym, "synonym", synonym, REQUIRED),
};

static const struct fh_field enum_value_rows[] = {
    ROW_DEFINITIONS(fh_contract_enum_value, 0),
    ROW_CUSTOM(fh_contract_enum_value, 0),
    ROW_STRING(fh_contract_enum_value, "description", description, 0),
    ROW_ID(fh_contract_enum_value, 0),
    ROW_STRING(fh_contract_enum_value, "label", label, 0),
    ROW_STRINGS(fh_contract_enum_value, "tags", tags, 0),
    ROW_VALUE(fh_contract_enum_value, "value", value, REQUIRED, FH_ALLOW_SCALAR),
};

static const struct fh_field map_rows[] = {
    ROW_SECTION(fh_contract_map, "key", key, REQUIRED, fh_contract_column, fh_section_item),
    ROW_SECTION(fh_contract_map, "value", value, REQUIRED, fh_contract_column, fh_section_item),
};

static const struct fh_field context_rows[] = {
    ROW_SECTIONS(fh_contract_context,
                 "constraints",
                 constraints,
                 0,
                 fh_contract_constraint,
                 fh_section_constraint),
    ROW_STRING(fh_contract_context, "instructions", instructions, 0),
    ROW_SECTIONS(fh_contract_context,
                 "verifiedStatements",
                 statements,
                 0,
                 fh_contract_statement,
                 fh_section_statement),
};

static const struct fh_field statement_rows[] = {
    ROW_STRING(fh_contract_statement, "answer", answer, 0),
    ROW_DEFINITIONS(fh_contract_statement, 0),
    ROW_CUSTOM(fh_contract_statement, 0),
    ROW_STRING(fh_contract_statement, "id", id, 0),
    ROW_STRING(fh_contract_statement, "question", question, REQUIRED),
    ROW_STRINGS(fh_contract_statement, "tags", tags, 0),
};

static const struct fh_field constraint_rows[] = {
    ROW_DEFINITIONS(fh_contract_constraint, 0),
    ROW_STRING(fh_contract_constraint, "constraint", constraint, REQUIRED),
    ROW_CUSTOM(fh_contract_constraint, 0),
    ROW_STRING(fh_contract_constraint, "id", id, 0),
    ROW_STRINGS(fh_contract_constraint, "tags", tags, 0),
};
/* clang-format on */

SECTION(fh_section_table, "a schema entry", fh_contract_table, table_rows, );
SECTION(
    fh_section_column, "a property", fh_contract_column, column_rows, .variant = FH_VARIANT_COLUMN);
SECTION(fh_section_item, "items", fh_contract_column, item_rows, .variant = FH_VARIANT_COLUMN);
SECTION(fh_section_options,
        "logicalTypeOptions",
        fh_contract_options,
        options_rows,
        .variant = FH_VARIANT_OPTIONS);
SECTION(fh_section_quality,
        "a quality rule",
        fh_contract_quality,
        quality_rows,
        .variant = FH_VARIANT_QUALITY,
        .open = FH_IN_3_0_LAX);
SECTION(fh_section_relationship, "a relationship", fh_contract_relationship, relationship_rows, );
SECTION(fh_section_column_relationship,
        "a relationship of a property",
        fh_contract_relationship,
        column_relationship_rows, );
SECTION(fh_section_synonym, "a synonym", fh_contract_synonym, synonym_rows, );
SECTION(fh_section_enum_value, "an enum value", fh_contract_enum_value, enum_value_rows, );
SECTION(fh_section_map, "map", fh_contract_map, map_rows, );
SECTION(fh_section_context, "the context", fh_contract_context, context_rows, );
SECTION(fh_section_statement, "a verified statement", fh_contract_statement, statement_rows, );
SECTION(fh_section_constraint, "a constraint", fh_contract_constraint, constraint_rows, );
