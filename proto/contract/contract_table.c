/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows follow odcs-json-schema-v3.1.0.json. A row names key, member and flags; the macros take
 * the offset and refuse to compile when the member has not the type that its kind writes to.
 */
#include "proto/contract/contract_table.h"

#include <stddef.h>
#include <string.h>

#define MEMBER(s, m, type)                                                                         \
    (offsetof(struct s, m) + 0 * sizeof(_Generic(&((struct s *)NULL)->m, type * : 1)))
#define LIST_MEMBER(s, m, type)                                                                    \
    (offsetof(struct s, m) + 0 * sizeof(_Generic(((struct s *)NULL)->m.items, struct type * : 1)))

#define ROW_STRING(s, k, m, f)                                                                     \
    {                                                                                              \
        .key = (k), .kind = FH_FIELD_STRING, .flags = (f), .offset = MEMBER(s, m, const char *)    \
    }
#define ROW_FORM(s, k, m, f, fm)                                                                   \
    {                                                                                              \
        .key = (k), .kind = FH_FIELD_STRING, .form = (fm), .flags = (f),                           \
        .offset = MEMBER(s, m, const char *)                                                       \
    }
#define ROW_ID(s) ROW_FORM(s, "id", id, 0, FH_FORM_STABLE_ID)
#define ROW_CHOICE(s, k, m, f, c)                                                                  \
    {                                                                                              \
        .key = (k), .kind = FH_FIELD_STRING, .flags = (f), .offset = MEMBER(s, m, const char *),   \
        .choices = (c)                                                                             \
    }
#define ROW_OLD(s, k, m, f, i)                                                                     \
    {                                                                                              \
        .key = (k), .kind = FH_FIELD_STRING, .flags = FH_FIELD_DEPRECATED | (f),                   \
        .offset = MEMBER(s, m, const char *), .instead = (i)                                       \
    }
#define ROW_BOOL(s, k, m, f)                                                                       \
    {                                                                                              \
        .key = (k), .kind = FH_FIELD_BOOL, .flags = (f),                                           \
        .offset = MEMBER(s, m, enum fh_contract_bool)                                              \
    }
#define ROW_INTEGER(s, k, m, f)                                                                    \
    {                                                                                              \
        .key = (k), .kind = FH_FIELD_INTEGER, .flags = (f),                                        \
        .offset = MEMBER(s, m, struct fh_contract_int)                                             \
    }
#define ROW_DECIMAL(s, k, m, f)                                                                    \
    {                                                                                              \
        .key = (k), .kind = FH_FIELD_DECIMAL, .flags = (f), .offset = MEMBER(s, m, const char *)   \
    }
#define ROW_VALUE(s, k, m, f, a)                                                                   \
    {                                                                                              \
        .key = (k), .kind = FH_FIELD_VALUE, .flags = (f), .allow = (a),                            \
        .offset = MEMBER(s, m, const struct fh_doc_node *)                                         \
    }
#define ROW_STRINGS(s, k, m, f)                                                                    \
    {                                                                                              \
        .key = (k), .kind = FH_FIELD_STRINGS, .flags = (f),                                        \
        .offset = MEMBER(s, m, struct fh_contract_strings)                                         \
    }
#define ROW_REFS(s, k, m, f)                                                                       \
    {                                                                                              \
        .key = (k), .kind = FH_FIELD_REFS, .flags = (f),                                           \
        .offset = MEMBER(s, m, struct fh_contract_refs)                                            \
    }
#define ROW_SECTION(s, k, m, f, type, sec)                                                         \
    {                                                                                              \
        .key = (k), .kind = FH_FIELD_SECTION, .flags = (f), .offset = MEMBER(s, m, struct type *), \
        .section = &(sec)                                                                          \
    }
#define ROW_SECTIONS(s, k, m, f, type, sec)                                                        \
    {                                                                                              \
        .key = (k), .kind = FH_FIELD_SECTIONS, .flags = (f), .offset = LIST_MEMBER(s, m, type),    \
        .section = &(sec)                                                                          \
    }
#define ROW_CUSTOM(s)                                                                              \
    ROW_SECTIONS(s, "customProperties", custom, 0, fh_contract_custom, fh_section_custom)
#define ROW_DEFINITIONS(s)                                                                         \
    ROW_SECTIONS(s,                                                                                \
                 "authoritativeDefinitions",                                                       \
                 definitions,                                                                      \
                 0,                                                                                \
                 fh_contract_definition,                                                           \
                 fh_section_definition)
#define ROW_QUALITY(s)                                                                             \
    ROW_SECTIONS(s, "quality", quality, 0, fh_contract_quality, fh_section_quality)

#define SECTION(symbol, text, type, rows, ...)                                                     \
    const struct fh_section symbol = {.name = (text),                                              \
                                      .size = sizeof(struct type),                                 \
                                      .fields = (rows),                                            \
                                      .field_count = FH_COUNT(rows),                               \
                                      __VA_ARGS__}

enum {
    REQUIRED = FH_FIELD_REQUIRED,
    VARIANT = FH_FIELD_VARIANT,
    NATURAL = FH_FIELD_NATURAL | FH_FIELD_VARIANT,
};

static const char *const api_versions[] = {"v3.1.0", "v3.0.2", "v3.0.1", "v3.0.0", NULL};
static const char *const kinds[] = {"DataContract", NULL};
static const char *const object_type[] = {"object", NULL};
static const char *const logical_types[] = {
    "string", "date", "timestamp", "time", "number", "integer", "object", "array", "boolean", NULL};
static const char *const relationship_types[] = {"foreignKey", NULL};
static const char *const quality_types[] = {"library", "sql", "custom", "text", NULL};
static const char *const dimensions[] = {"accuracy",
                                         "completeness",
                                         "conformity",
                                         "consistency",
                                         "coverage",
                                         "timeliness",
                                         "uniqueness",
                                         NULL};
static const char *const metrics[] = {
    "nullValues", "missingValues", "invalidValues", "duplicateValues", "rowCount", NULL};
static const char *const server_types[] = {
    "api",       "athena",  "azure",   "bigquery", "clickhouse", "databricks", "denodo",
    "dremio",    "duckdb",  "glue",    "cloudsql", "db2",        "hive",       "impala",
    "informix",  "kafka",   "kinesis", "local",    "mysql",      "oracle",     "postgresql",
    "postgres",  "presto",  "pubsub",  "redshift", "s3",         "sftp",       "snowflake",
    "sqlserver", "synapse", "trino",   "vertica",  "zen",        "custom",     NULL};

/* clang-format off: one row, one line */
static const struct fh_field contract_rows[] = {
    {.key = "apiVersion",
     .kind = FH_FIELD_STRING,
     .form = FH_FORM_API_VERSION,
     .flags = REQUIRED,
     .offset = MEMBER(fh_contract, api_version, const char *),
     .choices = api_versions},
    ROW_DEFINITIONS(fh_contract),
    ROW_FORM(fh_contract, "contractCreatedTs", created, 0, FH_FORM_DATE_TIME),
    ROW_CUSTOM(fh_contract),
    ROW_OLD(fh_contract, "dataProduct", data_product, 0, "name"),
    ROW_SECTION(fh_contract,
                "description",
                description,
                0,
                fh_contract_description,
                fh_section_description),
    ROW_STRING(fh_contract, "domain", domain, 0),
    ROW_STRING(fh_contract, "id", id, REQUIRED),
    ROW_CHOICE(fh_contract, "kind", kind, REQUIRED, kinds),
    ROW_STRING(fh_contract, "name", name, 0),
    ROW_SECTION(fh_contract, "price", price, 0, fh_contract_price, fh_section_price),
    ROW_SECTIONS(fh_contract, "roles", roles, 0, fh_contract_role, fh_section_role),
    ROW_SECTIONS(fh_contract, "schema", tables, 0, fh_contract_table, fh_section_table),
    ROW_SECTIONS(fh_contract, "servers", servers, 0, fh_contract_server, fh_section_server),
    ROW_OLD(fh_contract,
            "slaDefaultElement",
            sla_default_element,
            0,
            "element in each of slaProperties"),
    ROW_SECTIONS(fh_contract, "slaProperties", sla, 0, fh_contract_sla, fh_section_sla),
    ROW_STRING(fh_contract, "status", status, REQUIRED),
    ROW_SECTIONS(fh_contract, "support", support, 0, fh_contract_support, fh_section_support),
    ROW_STRINGS(fh_contract, "tags", tags, 0),
    {.key = "team",
     .kind = FH_FIELD_TEAM,
     .section = &fh_section_team,
     .offset = MEMBER(fh_contract, team, struct fh_contract_team *)},
    ROW_STRING(fh_contract, "tenant", tenant, 0),
    ROW_STRING(fh_contract, "version", version, REQUIRED),
};

static const struct fh_field description_rows[] = {
    ROW_DEFINITIONS(fh_contract_description),
    ROW_CUSTOM(fh_contract_description),
    ROW_STRING(fh_contract_description, "limitations", limitations, 0),
    ROW_STRING(fh_contract_description, "purpose", purpose, 0),
    ROW_STRING(fh_contract_description, "usage", usage, 0),
};

static const struct fh_field server_rows[] = {
    ROW_STRING(fh_contract_server, "account", account, VARIANT),
    ROW_STRING(fh_contract_server, "catalog", catalog, VARIANT),
    ROW_CUSTOM(fh_contract_server),
    ROW_STRING(fh_contract_server, "database", database, VARIANT),
    ROW_STRING(fh_contract_server, "dataset", dataset, VARIANT),
    ROW_STRING(fh_contract_server, "delimiter", delimiter, VARIANT),
    ROW_STRING(fh_contract_server, "description", description, 0),
    ROW_STRING(fh_contract_server, "endpointUrl", endpoint_url, VARIANT),
    ROW_STRING(fh_contract_server, "environment", environment, 0),
    ROW_STRING(fh_contract_server, "format", format, VARIANT),
    ROW_STRING(fh_contract_server, "host", host, VARIANT),
    ROW_ID(fh_contract_server),
    ROW_STRING(fh_contract_server, "location", location, VARIANT),
    ROW_STRING(fh_contract_server, "path", path, VARIANT),
    ROW_INTEGER(fh_contract_server, "port", port, VARIANT),
    ROW_STRING(fh_contract_server, "project", project, VARIANT),
    ROW_STRING(fh_contract_server, "region", region, VARIANT),
    ROW_STRING(fh_contract_server, "regionName", region_name, VARIANT),
    ROW_SECTIONS(fh_contract_server, "roles", roles, 0, fh_contract_role, fh_section_role),
    ROW_STRING(fh_contract_server, "schema", schema, VARIANT),
    ROW_STRING(fh_contract_server, "server", server, REQUIRED),
    ROW_STRING(fh_contract_server, "serviceName", service_name, VARIANT),
    ROW_STRING(fh_contract_server, "stagingDir", staging_dir, VARIANT),
    ROW_STRING(fh_contract_server, "stream", stream, VARIANT),
    ROW_CHOICE(fh_contract_server, "type", type, REQUIRED, server_types),
    ROW_STRING(fh_contract_server, "warehouse", warehouse, VARIANT),
};

static const struct fh_field table_rows[] = {
    ROW_DEFINITIONS(fh_contract_table),
    ROW_STRING(fh_contract_table, "businessName", business_name, 0),
    ROW_CUSTOM(fh_contract_table),
    ROW_STRING(fh_contract_table, "dataGranularityDescription", granularity, 0),
    ROW_STRING(fh_contract_table, "description", description, 0),
    ROW_ID(fh_contract_table),
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
                 0,
                 fh_contract_relationship,
                 fh_section_relationship),
    ROW_STRINGS(fh_contract_table, "tags", tags, 0),
};

#define COLUMN_ROWS(name_flags, columns_flags)                                                     \
    {                                                                                              \
        ROW_DEFINITIONS(fh_contract_column),                                                       \
            ROW_STRING(fh_contract_column, "businessName", business_name, 0),                      \
            ROW_STRING(fh_contract_column, "classification", classification, 0),                   \
            ROW_BOOL(fh_contract_column, "criticalDataElement", critical_data_element, 0),         \
            ROW_CUSTOM(fh_contract_column),                                                        \
            ROW_STRING(fh_contract_column, "description", description, 0),                         \
            ROW_STRING(fh_contract_column, "encryptedName", encrypted_name, 0),                    \
            ROW_VALUE(fh_contract_column, "examples", examples, 0, FH_ALLOW_LIST),                 \
            ROW_ID(fh_contract_column),                                                            \
            ROW_SECTION(                                                                           \
                fh_contract_column, "items", items, VARIANT, fh_contract_column, fh_section_item), \
            ROW_CHOICE(fh_contract_column, "logicalType", logical_type, 0, logical_types),         \
            ROW_SECTION(fh_contract_column,                                                        \
                        "logicalTypeOptions",                                                      \
                        options,                                                                   \
                        0,                                                                         \
                        fh_contract_options,                                                       \
                        fh_section_options),                                                       \
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
                         columns_flags,                                                            \
                         fh_contract_column,                                                       \
                         fh_section_column),                                                       \
            ROW_QUALITY(fh_contract_column),                                                       \
            ROW_SECTIONS(fh_contract_column,                                                       \
                         "relationships",                                                          \
                         relationships,                                                            \
                         0,                                                                        \
                         fh_contract_relationship,                                                 \
                         fh_section_column_relationship),                                          \
            ROW_BOOL(fh_contract_column, "required", required, 0),                                 \
            ROW_STRINGS(fh_contract_column, "tags", tags, 0),                                      \
            ROW_STRING(fh_contract_column, "transformDescription", transform_description, 0),      \
            ROW_STRING(fh_contract_column, "transformLogic", transform_logic, 0),                  \
            ROW_STRINGS(                                                                           \
                fh_contract_column, "transformSourceObjects", transform_source_objects, 0),        \
            ROW_BOOL(fh_contract_column, "unique", unique, 0),                                     \
    }
static const struct fh_field column_rows[] = COLUMN_ROWS(REQUIRED, VARIANT);
static const struct fh_field item_rows[] = COLUMN_ROWS(0, 0);

enum { BOUND = FH_ALLOW_NUMBER | FH_ALLOW_STRING };
static const struct fh_field options_rows[] = {
    ROW_STRING(fh_contract_options, "defaultTimezone", default_timezone, VARIANT),
    ROW_VALUE(fh_contract_options, "exclusiveMaximum", exclusive_maximum, VARIANT, BOUND),
    ROW_VALUE(fh_contract_options, "exclusiveMinimum", exclusive_minimum, VARIANT, BOUND),
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
    ROW_VALUE(fh_contract_quality, "arguments", arguments, VARIANT, FH_ALLOW_MAP),
    ROW_DEFINITIONS(fh_contract_quality),
    ROW_STRING(fh_contract_quality, "businessImpact", business_impact, 0),
    ROW_CUSTOM(fh_contract_quality),
    ROW_STRING(fh_contract_quality, "description", description, 0),
    ROW_CHOICE(fh_contract_quality, "dimension", dimension, 0, dimensions),
    ROW_STRING(fh_contract_quality, "engine", engine, VARIANT),
    ROW_ID(fh_contract_quality),
    ROW_VALUE(fh_contract_quality,
              "implementation",
              implementation,
              VARIANT,
              FH_ALLOW_STRING | FH_ALLOW_MAP),
    ROW_STRING(fh_contract_quality, "method", method, 0),
    ROW_CHOICE(fh_contract_quality, "metric", metric, VARIANT, metrics),
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
    ROW_OLD(fh_contract_quality, "rule", rule, VARIANT, "metric"),
    ROW_STRING(fh_contract_quality, "schedule", schedule, 0),
    ROW_STRING(fh_contract_quality, "scheduler", scheduler, 0),
    ROW_STRING(fh_contract_quality, "severity", severity, 0),
    ROW_STRINGS(fh_contract_quality, "tags", tags, 0),
    ROW_CHOICE(fh_contract_quality, "type", type, 0, quality_types),
    ROW_STRING(fh_contract_quality, "unit", unit, 0),
};

static const struct fh_field relationship_rows[] = {
    ROW_CUSTOM(fh_contract_relationship),
    ROW_REFS(fh_contract_relationship, "from", from, REQUIRED),
    ROW_REFS(fh_contract_relationship, "to", to, REQUIRED),
    ROW_CHOICE(fh_contract_relationship, "type", type, 0, relationship_types),
};

static const struct fh_field column_relationship_rows[] = {
    ROW_CUSTOM(fh_contract_relationship),
    ROW_REFS(fh_contract_relationship, "to", to, REQUIRED),
    ROW_CHOICE(fh_contract_relationship, "type", type, 0, relationship_types),
};

static const struct fh_field team_rows[] = {
    ROW_DEFINITIONS(fh_contract_team),
    ROW_CUSTOM(fh_contract_team),
    ROW_STRING(fh_contract_team, "description", description, 0),
    ROW_ID(fh_contract_team),
    ROW_SECTIONS(fh_contract_team, "members", members, 0, fh_contract_member, fh_section_member),
    ROW_STRING(fh_contract_team, "name", name, 0),
    ROW_STRINGS(fh_contract_team, "tags", tags, 0),
};

static const struct fh_field member_rows[] = {
    ROW_DEFINITIONS(fh_contract_member),
    ROW_CUSTOM(fh_contract_member),
    ROW_FORM(fh_contract_member, "dateIn", date_in, 0, FH_FORM_DATE),
    ROW_FORM(fh_contract_member, "dateOut", date_out, 0, FH_FORM_DATE),
    ROW_STRING(fh_contract_member, "description", description, 0),
    ROW_ID(fh_contract_member),
    ROW_STRING(fh_contract_member, "name", name, 0),
    ROW_STRING(fh_contract_member, "replacedByUsername", replaced_by_username, 0),
    ROW_STRING(fh_contract_member, "role", role, 0),
    ROW_STRINGS(fh_contract_member, "tags", tags, 0),
    ROW_STRING(fh_contract_member, "username", username, REQUIRED),
};

static const struct fh_field role_rows[] = {
    ROW_STRING(fh_contract_role, "access", access, 0),
    ROW_CUSTOM(fh_contract_role),
    ROW_STRING(fh_contract_role, "description", description, 0),
    ROW_STRING(fh_contract_role, "firstLevelApprovers", first_level_approvers, 0),
    ROW_ID(fh_contract_role),
    ROW_STRING(fh_contract_role, "role", role, REQUIRED),
    ROW_STRING(fh_contract_role, "secondLevelApprovers", second_level_approvers, 0),
};

static const struct fh_field sla_rows[] = {
    ROW_STRING(fh_contract_sla, "description", description, 0),
    ROW_STRING(fh_contract_sla, "driver", driver, 0),
    ROW_STRING(fh_contract_sla, "element", element, 0),
    ROW_ID(fh_contract_sla),
    ROW_STRING(fh_contract_sla, "property", property, REQUIRED),
    ROW_STRING(fh_contract_sla, "schedule", schedule, 0),
    ROW_STRING(fh_contract_sla, "scheduler", scheduler, 0),
    ROW_STRING(fh_contract_sla, "unit", unit, 0),
    ROW_VALUE(fh_contract_sla, "value", value, REQUIRED, FH_ALLOW_SCALAR),
    ROW_VALUE(fh_contract_sla, "valueExt", value_ext, 0, FH_ALLOW_SCALAR),
};

static const struct fh_field support_rows[] = {
    ROW_STRING(fh_contract_support, "channel", channel, REQUIRED),
    ROW_CUSTOM(fh_contract_support),
    ROW_STRING(fh_contract_support, "description", description, 0),
    ROW_ID(fh_contract_support),
    ROW_STRING(fh_contract_support, "invitationUrl", invitation_url, 0),
    ROW_STRING(fh_contract_support, "scope", scope, 0),
    ROW_STRING(fh_contract_support, "tool", tool, 0),
    ROW_STRING(fh_contract_support, "url", url, 0),
};

static const struct fh_field price_rows[] = {
    ROW_ID(fh_contract_price),
    ROW_DECIMAL(fh_contract_price, "priceAmount", amount, 0),
    ROW_STRING(fh_contract_price, "priceCurrency", currency, 0),
    ROW_STRING(fh_contract_price, "priceUnit", unit, 0),
};

static const struct fh_field custom_rows[] = {
    ROW_STRING(fh_contract_custom, "description", description, 0),
    ROW_ID(fh_contract_custom),
    ROW_STRING(fh_contract_custom, "property", property, REQUIRED),
    ROW_VALUE(fh_contract_custom, "value", value, REQUIRED, FH_ALLOW_ANY),
};

static const struct fh_field definition_rows[] = {
    ROW_STRING(fh_contract_definition, "description", description, 0),
    ROW_ID(fh_contract_definition),
    ROW_STRING(fh_contract_definition, "type", type, REQUIRED),
    ROW_STRING(fh_contract_definition, "url", url, REQUIRED),
};
/* clang-format on */

SECTION(fh_section_contract, "a contract", fh_contract, contract_rows, );
SECTION(fh_section_description,
        "the description",
        fh_contract_description,
        description_rows,
        .is_open = true,
        .extra_offset = offsetof(struct fh_contract_description, extra));
SECTION(
    fh_section_server, "a server", fh_contract_server, server_rows, .variant = FH_VARIANT_SERVER);
SECTION(fh_section_table, "a schema entry", fh_contract_table, table_rows, );
SECTION(
    fh_section_column, "a property", fh_contract_column, column_rows, .variant = FH_VARIANT_COLUMN);
SECTION(fh_section_item, "items", fh_contract_column, item_rows, .variant = FH_VARIANT_COLUMN);
SECTION(fh_section_options,
        "logicalTypeOptions",
        fh_contract_options,
        options_rows,
        .variant = FH_VARIANT_OPTIONS,
        .extra_offset = offsetof(struct fh_contract_options, extra));
SECTION(fh_section_quality,
        "a quality rule",
        fh_contract_quality,
        quality_rows,
        .variant = FH_VARIANT_QUALITY);
SECTION(fh_section_relationship, "a relationship", fh_contract_relationship, relationship_rows, );
SECTION(fh_section_column_relationship,
        "a relationship of a property",
        fh_contract_relationship,
        column_relationship_rows, );
SECTION(fh_section_team, "the team", fh_contract_team, team_rows, );
SECTION(fh_section_member, "a team member", fh_contract_member, member_rows, );
SECTION(fh_section_role, "a role", fh_contract_role, role_rows, );
SECTION(fh_section_sla, "an SLA property", fh_contract_sla, sla_rows, );
SECTION(fh_section_support, "a support channel", fh_contract_support, support_rows, );
SECTION(fh_section_price, "the price", fh_contract_price, price_rows, );
SECTION(fh_section_custom, "a custom property", fh_contract_custom, custom_rows, );
SECTION(fh_section_definition,
        "an authoritative definition",
        fh_contract_definition,
        definition_rows, );

const struct fh_field *fh_section_field(const struct fh_section *section, const char *key)
{
    size_t low = 0;
    size_t high = section->field_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(section->fields[middle].key, key);
        if (order == 0) {
            return &section->fields[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}
