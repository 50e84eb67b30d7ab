/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which keys a server type, a kind of quality rule or a logical type adds, from the if/then parts
 * of odcs-json-schema-v3.1.0.json.
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
    {"api", KEYS("location"), KEYS("location")},
    {"athena", KEYS("catalog", "regionName", "schema", "stagingDir"), KEYS("stagingDir", "schema")},
    {"azure", KEYS("delimiter", "format", "location"), KEYS("location", "format")},
    {"bigquery", KEYS("dataset", "project"), KEYS("project", "dataset")},
    {"clickhouse", KEYS("database", "host", "port"), KEYS("host", "port", "database")},
    {"cloudsql",
     KEYS("database", "host", "port", "schema"),
     KEYS("host", "port", "database", "schema")},
    {"custom",
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
    {"databricks", KEYS("catalog", "host", "schema"), KEYS("catalog", "schema")},
    {"db2", KEYS("database", "host", "port", "schema"), KEYS("host", "port", "database")},
    {"denodo", KEYS("database", "host", "port"), KEYS("host", "port")},
    {"dremio", KEYS("host", "port", "schema"), KEYS("host", "port")},
    {"duckdb", KEYS("database", "schema"), KEYS("database")},
    {"glue", KEYS("account", "database", "format", "location"), KEYS("account", "database")},
    {"hive", KEYS("database", "host", "port"), KEYS("host", "database")},
    {"impala", KEYS("database", "host", "port"), KEYS("host", "database")},
    {"informix", KEYS("database", "host", "port"), KEYS("host", "database")},
    {"kafka", KEYS("format", "host"), KEYS("host")},
    {"kinesis", KEYS("format", "region"), NONE},
    {"local", KEYS("format", "path"), KEYS("path", "format")},
    {"mysql", KEYS("database", "host", "port"), KEYS("host", "port", "database")},
    {"oracle", KEYS("host", "port", "serviceName"), KEYS("host", "port", "serviceName")},
    {"postgres",
     KEYS("database", "host", "port", "schema"),
     KEYS("host", "port", "database", "schema")},
    {"postgresql",
     KEYS("database", "host", "port", "schema"),
     KEYS("host", "port", "database", "schema")},
    {"presto", KEYS("catalog", "host", "schema"), KEYS("host")},
    {"pubsub", KEYS("project"), KEYS("project")},
    {"redshift",
     KEYS("account", "database", "host", "region", "schema"),
     KEYS("database", "schema")},
    {"s3", KEYS("delimiter", "endpointUrl", "format", "location"), KEYS("location")},
    {"sftp", KEYS("delimiter", "format", "location"), KEYS("location")},
    {"snowflake",
     KEYS("account", "database", "host", "port", "schema", "warehouse"),
     KEYS("account", "database", "schema")},
    {"sqlserver", KEYS("database", "host", "port", "schema"), KEYS("host", "database", "schema")},
    {"synapse", KEYS("database", "host", "port"), KEYS("host", "port", "database")},
    {"trino", KEYS("catalog", "host", "port", "schema"), KEYS("host", "port", "catalog", "schema")},
    {"vertica",
     KEYS("database", "host", "port", "schema"),
     KEYS("host", "port", "database", "schema")},
    {"zen", KEYS("database", "host", "port"), KEYS("host", "database")},
};

#define OPERATORS                                                                                  \
    "mustBe", "mustBeBetween", "mustBeGreaterOrEqualTo", "mustBeGreaterThan",                      \
        "mustBeLessOrEqualTo", "mustBeLessThan", "mustNotBe", "mustNotBeBetween"
static const struct fh_variant qualities[] = {
    {"custom", KEYS("engine", "implementation"), KEYS("engine", "implementation")},
    {"library", KEYS("arguments", "metric", "rule", OPERATORS), KEYS("metric")},
    {"sql", KEYS("query", OPERATORS), KEYS("query")},
    {"text", NONE, NONE},
};

/* A column without logicalType may have both: every if-part of the schema holds then. */
static const struct fh_variant columns[] = {
    {"", KEYS("items", "properties"), NONE},
    {"array", KEYS("items"), NONE},
    {"boolean", NONE, NONE},
    {"date", NONE, NONE},
    {"integer", NONE, NONE},
    {"number", NONE, NONE},
    {"object", KEYS("properties"), NONE},
    {"string", NONE, NONE},
    {"time", NONE, NONE},
    {"timestamp", NONE, NONE},
};

#define BOUNDS "exclusiveMaximum", "exclusiveMinimum", "format", "maximum", "minimum"
static const struct fh_variant options[] = {
    {"", NONE, NONE},
    {"array", KEYS("maxItems", "minItems", "uniqueItems"), NONE},
    {"boolean", NONE, NONE}, /* open: the schema says nothing of them */
    {"date", KEYS(BOUNDS), NONE},
    {"integer", KEYS(BOUNDS, "multipleOf"), NONE},
    {"number", KEYS(BOUNDS, "multipleOf"), NONE},
    {"object", KEYS("maxProperties", "minProperties", "required"), NONE},
    {"string", KEYS("format", "maxLength", "minLength", "pattern"), NONE},
    {"time", KEYS(BOUNDS, "defaultTimezone", "timezone"), NONE},
    {"timestamp", KEYS(BOUNDS, "defaultTimezone", "timezone"), NONE},
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

const struct fh_variant *fh_variant_find(enum fh_variant_kind kind, const char *name)
{
    for (size_t i = 0; i < kinds[kind].count; i++) {
        if (strcmp(kinds[kind].variants[i].name, name) == 0) {
            return &kinds[kind].variants[i];
        }
    }
    return NULL;
}
