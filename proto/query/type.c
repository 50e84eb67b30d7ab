/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/query/type.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

struct type_row {
    const char *text;
    int width;
};

static const struct type_row rows[FH_TYPE_COUNT] = {
#define X(name, code, text, width) [(code)] = {(text), (width)},
    FH_TYPES(X)
#undef X
};

/* Names that DuckDB, PostgreSQL and ODCS authors use for the same types. */
static const struct {
    const char *text;
    uint8_t code;
} aliases[] = {
    {"BOOL", FH_TYPE_BOOL},
    {"LOGICAL", FH_TYPE_BOOL},
    {"INT1", FH_TYPE_INT8},
    {"INT2", FH_TYPE_INT16},
    {"SHORT", FH_TYPE_INT16},
    {"INT", FH_TYPE_INT32},
    {"INT4", FH_TYPE_INT32},
    {"SIGNED", FH_TYPE_INT32},
    {"INT8", FH_TYPE_INT64},
    {"LONG", FH_TYPE_INT64},
    {"INT128", FH_TYPE_HUGEINT},
    {"REAL", FH_TYPE_FLOAT},
    {"FLOAT4", FH_TYPE_FLOAT},
    {"FLOAT8", FH_TYPE_DOUBLE},
    {"DOUBLE PRECISION", FH_TYPE_DOUBLE},
    {"NUMERIC", FH_TYPE_DECIMAL},
    {"DEC", FH_TYPE_DECIMAL},
    {"STRING", FH_TYPE_VARCHAR},
    {"TEXT", FH_TYPE_VARCHAR},
    {"CHAR", FH_TYPE_VARCHAR},
    {"BPCHAR", FH_TYPE_VARCHAR},
    {"CHARACTER VARYING", FH_TYPE_VARCHAR},
    {"NVARCHAR", FH_TYPE_VARCHAR},
    {"BYTEA", FH_TYPE_BLOB},
    {"BINARY", FH_TYPE_BLOB},
    {"VARBINARY", FH_TYPE_BLOB},
    {"DATETIME", FH_TYPE_TIMESTAMP},
    {"TIMESTAMP_US", FH_TYPE_TIMESTAMP},
    {"TIMESTAMP WITHOUT TIME ZONE", FH_TYPE_TIMESTAMP},
    {"TIMESTAMPTZ", FH_TYPE_TIMESTAMP_TZ},
    {"GUID", FH_TYPE_UUID},
};

bool fh_type_valid(struct fh_type type)
{
    if (type.code == 0 || type.code >= FH_TYPE_COUNT) {
        return false;
    }
    if (type.code == FH_TYPE_DECIMAL) {
        return type.precision >= 1 && type.precision <= FH_DECIMAL_PRECISION_MAX &&
               type.scale <= type.precision;
    }
    return type.precision == 0 && type.scale == 0;
}

int fh_type_width(struct fh_type type)
{
    return type.code < FH_TYPE_COUNT ? rows[type.code].width : 0;
}

bool fh_type_is_variable(struct fh_type type)
{
    return fh_type_width(type) < 0;
}

void fh_type_text(char out[FH_TYPE_TEXT_BYTES], struct fh_type type)
{
    if (!fh_type_valid(type)) {
        snprintf(out, FH_TYPE_TEXT_BYTES, "unknown");
    } else if (type.code == FH_TYPE_DECIMAL) {
        snprintf(out, FH_TYPE_TEXT_BYTES, "DECIMAL(%u,%u)", type.precision, type.scale);
    } else {
        snprintf(out, FH_TYPE_TEXT_BYTES, "%s", rows[type.code].text);
    }
}

static uint8_t find_code(const char *name)
{
    for (uint8_t code = 1; code < (uint8_t)FH_TYPE_COUNT; code++) {
        /* INT8 and the like are aliases with another meaning: full names first, none collide */
        if (strcasecmp(rows[code].text, name) == 0) {
            return code;
        }
    }
    for (size_t i = 0; i < FH_COUNT(aliases); i++) {
        if (strcasecmp(aliases[i].text, name) == 0) {
            return aliases[i].code;
        }
    }
    return 0;
}

/* Reads "(10, 2)" or "(10)" into up to two numbers; returns how many, or -1. */
static int read_arguments(const char *text, unsigned *numbers)
{
    char end = 0;
    if (sscanf(text, " ( %3u , %3u ) %c", &numbers[0], &numbers[1], &end) == 2 &&
        strchr(text, ')') != NULL) {
        return 2;
    }
    end = 0;
    if (sscanf(text, " ( %9u ) %c", &numbers[0], &end) == 1 && strchr(text, ')') != NULL &&
        strchr(text, ',') == NULL) {
        return 1;
    }
    return -1;
}

int fh_type_parse(struct fh_type *out, struct fh_bytes text, struct fh_err *err)
{
    char copy[64] = "";
    if (text.size < sizeof copy && memchr(text.data, 0, text.size) == NULL) {
        memcpy(copy, text.data, text.size);
        copy[text.size] = 0;
    }
    unsigned numbers[2] = {0, 0};
    int count = 0;
    char *bracket = strchr(copy, '(');
    if (bracket != NULL) {
        count = read_arguments(bracket, numbers);
        *bracket = 0;
    }
    size_t length = strlen(copy);
    while (length > 0 && copy[length - 1] == ' ') {
        copy[--length] = 0;
    }
    struct fh_type type = {.code = find_code(copy)};
    if (type.code == FH_TYPE_DECIMAL) {
        type.precision = count >= 1 ? (uint8_t)numbers[0] : 18; /* DuckDB's DECIMAL is (18,3) */
        type.scale = count == 2 ? (uint8_t)numbers[1] : count == 1 ? 0 : 3;
        if (count >= 1 && numbers[0] > FH_DECIMAL_PRECISION_MAX) {
            type.code = 0;
        }
    } else if (count != 0 && type.code != FH_TYPE_VARCHAR) {
        type.code = 0;
    }
    if (count < 0 || !fh_type_valid(type)) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "type.unknown",
                           "type %.*s: expected an SQL type such as BIGINT, DOUBLE, DECIMAL(10,2), "
                           "VARCHAR, DATE, TIMESTAMP or BOOLEAN",
                           (int)(text.size < 60 ? text.size : 60),
                           (const char *)text.data);
    }
    *out = type;
    return FH_OK;
}
