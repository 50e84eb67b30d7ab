/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which keys a server type, a kind of quality rule or a logical type adds, from the if/then parts
 * of the official JSON Schemas, by version.
 */
#include "proto/contract/contract_table.h"

#include <string.h>

#define KEYS(...)                                                                                  \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }
#define NONE KEYS(NULL)

/* clang-format off: one variant, one line */
static const struct fh_variant servers[] = {
    {FH_IN_ALL, "api", KEYS("location"), KEYS("location")},
    {FH_IN_3_0 | FH_IN_3_1,
     "athena",
     KEYS("catalog", "regionName", "schema", "stagingDir"),
     KEYS("stagingDir", "schema")},
    {FH_IN_3_2,
     "athena",
     KEYS("catalog", "regionName", "schema", "stagingDir", "workgroup"),
     KEYS("schema")},
    {FH_IN_ALL, "azure", KEYS("delimiter", "format", "location"), KEYS("location", "format")},
    {FH_IN_ALL, "bigquery", KEYS("dataset", "project"), KEYS("project", "dataset")},
    {FH_IN_ALL, "clickhouse", KEYS("database", "host", "port"), KEYS("host", "port", "database")},
    {FH_IN_ALL,
     "cloudsql",
     KEYS("database", "host", "port", "schema"),
     KEYS("host", "port", "database", "schema")},
    {FH_IN_3_0,
     "custom",
     KEYS("account",
          "catalog",
          "database",
          "dataset",
          "delimiter",
          "endpointUrl",
          "format",
          "host",
          "location",
          "path",
          "port",
          "project",
          "region",
          "regionName",
          "schema",
          "serviceName",
          "stagingDir",
          "warehouse"),
     NONE},
    {FH_FROM_3_1,
     "custom",
     KEYS("account",
          "catalog",
          "database",
          "dataset",
          "delimiter",
          "endpointUrl",
          "format",
          "host",
          "location",
          "path",
          "port",
          "project",
          "region",
          "regionName",
          "schema",
          "serviceName",
          "stagingDir",
          "stream",
          "warehouse"),
     NONE},
    {FH_IN_ALL, "databricks", KEYS("catalog", "host", "schema"), KEYS("catalog", "schema")},
    {FH_IN_ALL,
     "db2",
     KEYS("database", "host", "port", "schema"),
     KEYS("host", "port", "database")},
    {FH_IN_ALL, "denodo", KEYS("database", "host", "port"), KEYS("host", "port")},
    {FH_IN_ALL, "dremio", KEYS("host", "port", "schema"), KEYS("host", "port")},
    {FH_IN_ALL, "duckdb", KEYS("database", "schema"), KEYS("database")},
    {FH_IN_ALL,
     "glue",
     KEYS("account", "database", "format", "location"),
     KEYS("account", "database")},
    {FH_FROM_3_1, "hive", KEYS("database", "host", "port"), KEYS("host", "database")},
    {FH_FROM_3_1, "impala", KEYS("database", "host", "port"), KEYS("host", "database")},
    {FH_IN_ALL, "informix", KEYS("database", "host", "port"), KEYS("host", "database")},
    {FH_IN_ALL, "kafka", KEYS("format", "host"), KEYS("host")},
    {FH_IN_ALL, "kinesis", KEYS("format", "region"), NONE},
    {FH_IN_ALL, "local", KEYS("format", "path"), KEYS("path", "format")},
    {FH_IN_ALL, "mysql", KEYS("database", "host", "port"), KEYS("host", "port", "database")},
    {FH_IN_ALL, "oracle", KEYS("host", "port", "serviceName"), KEYS("host", "port", "serviceName")},
    {FH_IN_ALL,
     "postgres",
     KEYS("database", "host", "port", "schema"),
     KEYS("host", "port", "database", "schema")},
    {FH_IN_ALL,
     "postgresql",
     KEYS("database", "host", "port", "schema"),
     KEYS("host", "port", "database", "schema")},
    {FH_IN_ALL, "presto", KEYS("catalog", "host", "schema"), KEYS("host")},
    {FH_IN_ALL, "pubsub", KEYS("project"), KEYS("project")},
    {FH_IN_ALL,
     "redshift",
     KEYS("account", "database", "host", "region", "schema"),
     KEYS("database", "schema")},
    {FH_IN_ALL, "s3", KEYS("delimiter", "endpointUrl", "format", "location"), KEYS("location")},
    {FH_IN_ALL, "sftp", KEYS("delimiter", "format", "location"), KEYS("location")},
    {FH_IN_ALL,
     "snowflake",
     KEYS("account", "database", "host", "port", "schema", "warehouse"),
     KEYS("account", "database", "schema")},
    {FH_IN_ALL,
     "sqlserver",
     KEYS("database", "host", "port", "schema"),
     KEYS("host", "database", "schema")},
    {FH_IN_ALL, "synapse", KEYS("database", "host", "port"), KEYS("host", "port", "database")},
    {FH_IN_ALL,
     "trino",
     KEYS("catalog", "host", "port", "schema"),
     KEYS("host", "port", "catalog", "schema")},
    {FH_IN_ALL,
     "vertica",
     KEYS("database", "host", "port", "schema"),
     KEYS("host", "port", "database", "schema")},
    {FH_FROM_3_1, "zen", KEYS("database", "host", "port"), KEYS("host", "database")},
};

#define OPERATORS                                                                                  \
    "mustBe", "mustBeBetween", "mustBeGreaterOrEqualTo", "mustBeGreaterThan",                      \
        "mustBeLessOrEqualTo", "mustBeLessThan", "mustNotBe", "mustNotBeBetween"
static const struct fh_variant qualities[] = {
    {FH_IN_ALL, "custom", KEYS("engine", "implementation"), KEYS("engine", "implementation")},
    {FH_IN_3_0, "library", KEYS("rule", OPERATORS), KEYS("rule")},
    {FH_FROM_3_1, "library", KEYS("arguments", "metric", "rule", OPERATORS), KEYS("metric")},
    {FH_IN_3_0, "sql", KEYS("query"), KEYS("query")},
    {FH_FROM_3_1, "sql", KEYS("query", OPERATORS), KEYS("query")},
    {FH_IN_ALL, "text", NONE, NONE},
};

/* A column without logicalType may have all of them: every if-part of the schema holds then. In the
 * draft of 3.2.0 that includes the part that asks for `map`. */
static const struct fh_variant columns[] = {
    {FH_IN_3_0 | FH_IN_3_1, "", KEYS("items", "properties"), NONE},
    {FH_IN_3_2, "", KEYS("items", "map", "properties"), KEYS("map")},
    {FH_IN_ALL, "array", KEYS("items"), NONE},
    {FH_IN_ALL, "boolean", NONE, NONE},
    {FH_IN_ALL, "date", NONE, NONE},
    {FH_IN_ALL, "integer", NONE, NONE},
    {FH_IN_3_2, "map", KEYS("map"), KEYS("map")},
    {FH_IN_ALL, "number", NONE, NONE},
    {FH_IN_ALL, "object", KEYS("properties"), NONE},
    {FH_IN_ALL, "string", NONE, NONE},
    {FH_FROM_3_1, "time", NONE, NONE},
    {FH_FROM_3_1, "timestamp", NONE, NONE},
};

#define BOUNDS "exclusiveMaximum", "exclusiveMinimum", "format", "maximum", "minimum"
static const struct fh_variant options[] = {
    {FH_IN_ALL, "", NONE, NONE},
    {FH_IN_ALL, "array", KEYS("maxItems", "minItems", "uniqueItems"), NONE},
    {FH_IN_ALL | FH_VARIANT_OPEN, "boolean", NONE, NONE},
    {FH_IN_ALL, "date", KEYS(BOUNDS), NONE},
    {FH_IN_ALL, "integer", KEYS(BOUNDS, "multipleOf"), NONE},
    {FH_IN_3_2 | FH_VARIANT_OPEN, "map", NONE, NONE},
    {FH_IN_ALL, "number", KEYS(BOUNDS, "multipleOf"), NONE},
    {FH_IN_ALL, "object", KEYS("maxProperties", "minProperties", "required"), NONE},
    {FH_IN_ALL, "string", KEYS("format", "maxLength", "minLength", "pattern"), NONE},
    {FH_FROM_3_1, "time", KEYS(BOUNDS, "defaultTimezone", "timezone"), NONE},
    {FH_FROM_3_1, "timestamp", KEYS(BOUNDS, "defaultTimezone", "timezone"), NONE},
};
/* clang-format on */

static const struct {
    const struct fh_variant *variants;
    size_t count;
} kinds[FH_VARIANT_KIND_COUNT] = {
    [FH_VARIANT_SERVER] = {servers, FH_COUNT(servers)},
    [FH_VARIANT_QUALITY] = {qualities, FH_COUNT(qualities)},
    [FH_VARIANT_COLUMN] = {columns, FH_COUNT(columns)},
    [FH_VARIANT_OPTIONS] = {options, FH_COUNT(options)},
};

const struct fh_variant *
fh_variant_find(enum fh_variant_kind kind, enum fh_odcs_version version, const char *name)
{
    for (size_t i = 0; i < kinds[kind].count; i++) {
        const struct fh_variant *variant = &kinds[kind].variants[i];
        if ((variant->versions & 1u << version) != 0 && strcmp(variant->name, name) == 0) {
            return variant;
        }
    }
    return NULL;
}
