/* SPDX-License-Identifier: Apache-2.0 */
/* Types of PostgreSQL, MySQL, SQLite, DuckDB, SQL Server, Oracle and dbt's warehouses as logical
 * types of ODCS. */
#include "tools/contract/draft.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TYPE_BYTES = 96 };

/* By the name of the type, in lower case and without what stands in brackets. */
static const struct {
    const char *name;
    const char *logical;
} types[] = {
    {"tinyint", "integer"},
    {"smallint", "integer"},
    {"mediumint", "integer"},
    {"int", "integer"},
    {"integer", "integer"},
    {"bigint", "integer"},
    {"big int", "integer"},
    {"unsigned big int", "integer"},
    {"int2", "integer"},
    {"int4", "integer"},
    {"int8", "integer"},
    {"int16", "integer"},
    {"int32", "integer"},
    {"int64", "integer"},
    {"hugeint", "integer"},
    {"uhugeint", "number"}, /* beyond every integer type that is served */
    {"utinyint", "integer"},
    {"usmallint", "integer"},
    {"uinteger", "integer"},
    {"ubigint", "integer"},
    {"uint8", "integer"},
    {"uint16", "integer"},
    {"uint32", "integer"},
    {"uint64", "integer"},
    {"byteint", "integer"},
    {"long", "integer"},
    {"short", "integer"},
    {"serial", "integer"},
    {"bigserial", "integer"},
    {"smallserial", "integer"},
    {"serial4", "integer"},
    {"serial8", "integer"},
    {"year", "integer"},
    {"oid", "integer"},
    {"decimal", "number"},
    {"numeric", "number"},
    {"bignumeric", "number"},
    {"bigdecimal", "number"},
    {"dec", "number"},
    {"fixed", "number"},
    {"number", "number"},
    {"float", "number"},
    {"float4", "number"},
    {"float8", "number"},
    {"float32", "number"},
    {"float64", "number"},
    {"real", "number"},
    {"double", "number"},
    {"double precision", "number"},
    {"binary_float", "number"},
    {"binary_double", "number"},
    {"smallmoney", "number"},
    {"bool", "boolean"},
    {"boolean", "boolean"},
    {"date", "date"},
    {"time", "time"},
    {"timetz", "time"},
    {"time with time zone", "time"},
    {"time without time zone", "time"},
    {"datetime", "timestamp"},
    {"datetime2", "timestamp"},
    {"smalldatetime", "timestamp"},
    {"datetimeoffset", "timestamptz"},
    {"timestamp", "timestamp"},
    {"timestamp without time zone", "timestamp"},
    {"timestamp with time zone", "timestamptz"},
    {"timestamp with local time zone", "timestamptz"},
    {"timestamptz", "timestamptz"},
    {"timestamp_tz", "timestamptz"},
    {"timestamp_ltz", "timestamptz"},
    {"timestamp_ntz", "timestamp"},
    {"timestamp_s", "timestamp"},
    {"timestamp_ms", "timestamp"},
    {"timestamp_ns", "timestamp"},
};

/* Types whose number in brackets is the longest text. */
static const char *const texts[] = {"char",
                                    "character",
                                    "varchar",
                                    "varchar2",
                                    "nvarchar",
                                    "nvarchar2",
                                    "nchar",
                                    "bpchar",
                                    "string",
                                    "text",
                                    "character varying",
                                    "national character varying",
                                    "national varchar",
                                    "national character"};

/* "NUMERIC (10, 2) UNSIGNED" -> "numeric"; "timestamp(3) with time zone" -> "timestamp with time
 * zone"; the number in brackets, 0 for none. */
static void simplify(const char *type, char out[TYPE_BYTES], unsigned long *out_argument)
{
    static const char *const dropped[] = {" unsigned", " signed", " zerofill", " binary"};
    size_t size = 0;
    unsigned depth = 0;
    *out_argument = 0;
    for (const char *at = type; *at != 0 && size < TYPE_BYTES - 1; at++) {
        if (*at == '(') {
            if (depth == 0 && *out_argument == 0) {
                *out_argument = strtoul(at + 1, NULL, 10);
            }
            depth++;
        } else if (*at == ')') {
            depth -= depth > 0 ? 1 : 0;
        } else if (depth == 0 &&
                   !(isspace((unsigned char)*at) && (size == 0 || out[size - 1] == ' '))) {
            out[size++] = (char)tolower((unsigned char)*at);
        }
    }
    while (size > 0 && out[size - 1] == ' ') {
        size--;
    }
    out[size] = 0;
    for (size_t i = 0; i < FH_COUNT(dropped); i++) {
        char *found = strstr(out, dropped[i]);
        if (found != NULL) {
            *found = 0;
        }
    }
}

static bool is_text(const char *name)
{
    for (size_t i = 0; i < FH_COUNT(texts); i++) {
        if (strcmp(texts[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* "integer[]", "ARRAY<STRING>", "LIST": what an element is, or NULL. */
static const char *element_of(struct fh_draft *draft, const char *type)
{
    size_t size = strlen(type);
    if (size > 2 && type[size - 1] == ']') {
        const char *bracket = strrchr(type, '[');
        return bracket == NULL || bracket == type
                   ? NULL
                   : fh_arena_string(draft->arena, fh_bytes(type, (size_t)(bracket - type)));
    }
    if (size > 7 && strncasecmp(type, "array<", 6) == 0 && type[size - 1] == '>') {
        return fh_arena_string(draft->arena, fh_bytes(type + 6, size - 7));
    }
    return NULL;
}

static int make_array(struct fh_draft *draft,
                      struct fh_draft_column *column,
                      const char *element,
                      struct fh_err *err)
{
    struct fh_draft_column *item = fh_draft_add_member(draft, column, "");
    if (item == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a draft");
    }
    item->type = element;
    column->shape = FH_PROFILE_ARRAY;
    column->logical = "array";
    return FH_OK;
}

int fh_draft_type(struct fh_draft *draft, struct fh_draft_column *column, struct fh_err *err)
{
    char name[TYPE_BYTES];
    unsigned long argument;
    if (column->shape != FH_PROFILE_SCALAR) {
        column->logical = column->shape == FH_PROFILE_ARRAY ? "array" : "object";
        return FH_OK;
    }
    const char *element = element_of(draft, column->type);
    if (element != NULL && column->column_count == 0) {
        return make_array(draft, column, element, err);
    }
    simplify(column->type, name, &argument);
    column->logical = "string";
    for (size_t i = 0; i < FH_COUNT(types); i++) {
        if (strcmp(types[i].name, name) == 0) {
            column->has_zone = strcmp(types[i].logical, "timestamptz") == 0;
            column->logical = column->has_zone ? "timestamp" : types[i].logical;
        }
    }
    /* MySQL writes Booleans as tinyint(1), SQL Server as bit. */
    if ((strcmp(name, "tinyint") == 0 || strcmp(name, "bit") == 0) && argument <= 1 &&
        (argument == 1 || name[0] == 'b')) {
        column->logical = "boolean";
    }
    if (is_text(name) && argument > 0) {
        column->length = argument;
    }
    column->is_uuid = strcmp(name, "uuid") == 0 || strcmp(name, "uniqueidentifier") == 0;
    if (column->type[0] == 0 && column->note == NULL) {
        column->note = "REVIEW: the source does not say its type";
    }
    return FH_OK;
}
