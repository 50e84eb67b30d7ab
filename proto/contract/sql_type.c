/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/sql_type.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum family {
    FAMILY_NONE,
    FAMILY_STRING,
    FAMILY_INTEGER,
    FAMILY_NUMBER,
    FAMILY_BOOLEAN,
    FAMILY_DATE,
    FAMILY_TIME,
    FAMILY_TIMESTAMP,
    FAMILY_NESTED,
};

enum { DECIMAL_PRECISION_MAX = 38, DECIMAL_BIGINT_DIGITS = 18 };

static const char timestamp_tz[] = "TIMESTAMP WITH TIME ZONE";

/* Physical types that sources name, in lower case and without parameters. */
static const struct {
    const char *name;
    enum family family;
    const char *sql; /* NULL: decimal, from its parameters */
} physical_types[] = {
    {"bigint", FAMILY_INTEGER, "BIGINT"},
    {"blob", FAMILY_STRING, "BLOB"},
    {"bool", FAMILY_BOOLEAN, "BOOLEAN"},
    {"boolean", FAMILY_BOOLEAN, "BOOLEAN"},
    {"bytea", FAMILY_STRING, "BLOB"},
    {"char", FAMILY_STRING, "VARCHAR"},
    {"character", FAMILY_STRING, "VARCHAR"},
    {"character varying", FAMILY_STRING, "VARCHAR"},
    {"date", FAMILY_DATE, "DATE"},
    {"datetime", FAMILY_TIMESTAMP, "TIMESTAMP"},
    {"decimal", FAMILY_NUMBER, NULL},
    {"double", FAMILY_NUMBER, "DOUBLE"},
    {"double precision", FAMILY_NUMBER, "DOUBLE"},
    {"float", FAMILY_NUMBER, "DOUBLE"}, /* 4 or 8 bytes, by product: the wider loses nothing */
    {"float4", FAMILY_NUMBER, "FLOAT"},
    {"float64", FAMILY_NUMBER, "DOUBLE"},
    {"float8", FAMILY_NUMBER, "DOUBLE"},
    {"hugeint", FAMILY_INTEGER, "HUGEINT"},
    {"int", FAMILY_INTEGER, "INTEGER"},
    {"int2", FAMILY_INTEGER, "SMALLINT"},
    {"int4", FAMILY_INTEGER, "INTEGER"},
    {"int64", FAMILY_INTEGER, "BIGINT"},
    {"int8", FAMILY_INTEGER, "BIGINT"},
    {"integer", FAMILY_INTEGER, "INTEGER"},
    {"long", FAMILY_INTEGER, "BIGINT"},
    {"numeric", FAMILY_NUMBER, NULL},
    {"nvarchar", FAMILY_STRING, "VARCHAR"},
    {"real", FAMILY_NUMBER, "FLOAT"},
    {"smallint", FAMILY_INTEGER, "SMALLINT"},
    {"string", FAMILY_STRING, "VARCHAR"},
    {"text", FAMILY_STRING, "VARCHAR"},
    {"time", FAMILY_TIME, "TIME"},
    {"timestamp", FAMILY_TIMESTAMP, "TIMESTAMP"},
    {"timestamp with time zone", FAMILY_TIMESTAMP, timestamp_tz},
    {"timestamp without time zone", FAMILY_TIMESTAMP, "TIMESTAMP"},
    {"timestamp_ntz", FAMILY_TIMESTAMP, "TIMESTAMP"},
    {"timestamp_tz", FAMILY_TIMESTAMP, timestamp_tz},
    {"timestamptz", FAMILY_TIMESTAMP, timestamp_tz},
    {"tinyint", FAMILY_INTEGER, "TINYINT"},
    {"ubigint", FAMILY_INTEGER, "UBIGINT"},
    {"uinteger", FAMILY_INTEGER, "UINTEGER"},
    {"usmallint", FAMILY_INTEGER, "USMALLINT"},
    {"utinyint", FAMILY_INTEGER, "UTINYINT"},
    {"uuid", FAMILY_STRING, "VARCHAR"},
    {"varbinary", FAMILY_STRING, "BLOB"},
    {"varchar", FAMILY_STRING, "VARCHAR"},
};

static const struct {
    const char *name;
    enum family family;
    const char *sql; /* when nothing says more */
} logical_types[] = {
    {"string", FAMILY_STRING, "VARCHAR"},
    {"integer", FAMILY_INTEGER, "BIGINT"},
    {"number", FAMILY_NUMBER, "DOUBLE"},
    {"boolean", FAMILY_BOOLEAN, "BOOLEAN"},
    {"date", FAMILY_DATE, "DATE"},
    {"time", FAMILY_TIME, "TIME"},
    {"timestamp", FAMILY_TIMESTAMP, "TIMESTAMP"},
    {"object", FAMILY_NESTED, NULL},
    {"array", FAMILY_NESTED, NULL},
    {"map", FAMILY_NESTED, NULL},
};

static const struct {
    const char *format;
    const char *sql;
} formats[] = {
    {"i8", "TINYINT"},
    {"i16", "SMALLINT"},
    {"i32", "INTEGER"},
    {"i64", "BIGINT"},
    {"i128", "HUGEINT"},
    {"u8", "UTINYINT"},
    {"u16", "USMALLINT"},
    {"u32", "UINTEGER"},
    {"u64", "UBIGINT"},
    {"u128", "UHUGEINT"},
    {"f32", "FLOAT"},
    {"f64", "DOUBLE"},
};

struct physical {
    enum family family;
    const char *sql;
    bool is_decimal;
    unsigned precision;
    unsigned scale;
};

/* Splits "DECIMAL(18, 3)" and looks the name up. */
static struct physical parse_physical(const char *text)
{
    char name[40];
    size_t size = strcspn(text, "(");
    struct physical read = {.precision = 18, .scale = 3}; /* DuckDB's own defaults */
    while (size > 0 && text[size - 1] == ' ') {
        size--;
    }
    if (size == 0 || size >= sizeof name) {
        return (struct physical){0};
    }
    for (size_t i = 0; i < size; i++) {
        name[i] = (char)tolower((unsigned char)text[i]);
    }
    name[size] = '\0';
    const char *parameters = strchr(text, '(');
    if (parameters != NULL) {
        int count = sscanf(parameters, "(%3u ,%3u )", &read.precision, &read.scale);
        read.scale = count == 1 ? 0 : read.scale;
    }
    for (size_t i = 0; i < FH_COUNT(physical_types); i++) {
        if (strcmp(physical_types[i].name, name) == 0) {
            read.family = physical_types[i].family;
            read.sql = physical_types[i].sql;
            read.is_decimal = read.sql == NULL;
            return read;
        }
    }
    return (struct physical){0};
}

static const char *format_type(const char *format)
{
    for (size_t i = 0; i < FH_COUNT(formats); i++) {
        if (strcmp(formats[i].format, format) == 0) {
            return formats[i].sql;
        }
    }
    return NULL;
}

static int refuse(const struct fh_contract_column *column, const char *why, struct fh_err *err)
{
    return fh_err_rule(err,
                       FH_EINVAL,
                       "publish.column.type",
                       "column %.63s: %s",
                       column->name == NULL ? "without name" : column->name,
                       why);
}

static int write_decimal(const struct fh_contract_column *column,
                         const struct physical *physical,
                         char out[FH_SQL_TYPE_BYTES],
                         struct fh_err *err)
{
    if (physical->precision == 0 || physical->precision > DECIMAL_PRECISION_MAX ||
        physical->scale > physical->precision) {
        return refuse(column, "a decimal has 1 to 38 digits, of which some follow the point", err);
    }
    snprintf(out, FH_SQL_TYPE_BYTES, "DECIMAL(%u,%u)", physical->precision, physical->scale);
    return FH_OK;
}

/* The width that the physical type adds within the family, or NULL. */
static const char *refine(enum family family, const struct physical *physical)
{
    if (physical->family == family) {
        return physical->sql;
    }
    if (family == FAMILY_INTEGER && physical->is_decimal && physical->scale == 0) {
        return physical->precision > DECIMAL_BIGINT_DIGITS ? "HUGEINT" : "BIGINT";
    }
    /* ODCS 3.0 had no timestamp: a date whose physical type is one carries the time. */
    if (family == FAMILY_DATE && physical->family == FAMILY_TIMESTAMP) {
        return physical->sql;
    }
    return NULL;
}

int fh_contract_sql_type(const struct fh_contract_column *column,
                         char out[FH_SQL_TYPE_BYTES],
                         struct fh_err *err)
{
    struct physical physical = {0};
    enum family family = FAMILY_NONE;
    const char *sql = NULL;
    if (column->physical_type != NULL) {
        physical = parse_physical(column->physical_type);
    }
    for (size_t i = 0; column->logical_type != NULL && i < FH_COUNT(logical_types); i++) {
        if (strcmp(logical_types[i].name, column->logical_type) == 0) {
            family = logical_types[i].family;
            sql = logical_types[i].sql;
        }
    }
    if (column->logical_type == NULL) {
        family = physical.family;
        sql = physical.sql;
    }
    if (family == FAMILY_NESTED) {
        return refuse(
            column, "objects and arrays are not served yet; give their parts as columns", err);
    }
    if (family == FAMILY_NONE) {
        return refuse(
            column, "no type is promised; add a logicalType, as in string or integer", err);
    }
    const struct fh_contract_options *options = column->options;
    const char *format = options == NULL ? NULL : options->format;
    bool is_numeric = family == FAMILY_INTEGER || family == FAMILY_NUMBER;
    const char *by_format = is_numeric && format != NULL ? format_type(format) : NULL;
    if (by_format != NULL) {
        sql = by_format;
    } else if (family == FAMILY_NUMBER && physical.is_decimal) {
        return write_decimal(column, &physical, out, err);
    } else if (family == FAMILY_TIMESTAMP && options != NULL &&
               options->timezone != FH_CONTRACT_UNSET) {
        sql = options->timezone == FH_CONTRACT_TRUE ? timestamp_tz : "TIMESTAMP";
    } else if (refine(family, &physical) != NULL) {
        sql = refine(family, &physical);
    }
    snprintf(out, FH_SQL_TYPE_BYTES, "%s", sql);
    return FH_OK;
}
