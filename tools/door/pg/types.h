/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types: what columns of an answer are in PostgreSQL, and their values as its clients read them.
 *
 * One table gives for each type that travels the oid and the kind of value. A kind is how the value
 * lies in an Arrow array and so which function writes it, as text (as PostgreSQL prints it with
 * DateStyle ISO, IntervalStyle postgres and extra_float_digits 1) or in binary (as its `send`
 * functions do).
 *
 *     BOOLEAN bool        TINYINT, UTINYINT, SMALLINT int2    USMALLINT, INTEGER int4
 *     UINTEGER, BIGINT int8    UBIGINT, HUGEINT, DECIMAL numeric    FLOAT float4    DOUBLE float8
 *     VARCHAR text    JSON json    BLOB bytea    DATE date    TIME time    INTERVAL interval
 *     TIMESTAMP* timestamp    TIMESTAMP WITH TIME ZONE timestamptz, in UTC    UUID uuid
 *
 * Does not: make rows (rows.h does). Sans-IO. Thread: any. Ownership: see each.
 */
#ifndef FH_TOOLS_DOOR_PG_TYPES_H
#define FH_TOOLS_DOOR_PG_TYPES_H

#include "common/bytes.h"
#include "common/limits.h"
#include "tools/client/freehold.h"

enum fh_pg_oid {
    FH_PG_OID_BOOL = 16,
    FH_PG_OID_BYTEA = 17,
    FH_PG_OID_CHAR = 18,
    FH_PG_OID_NAME = 19,
    FH_PG_OID_INT8 = 20,
    FH_PG_OID_INT2 = 21,
    FH_PG_OID_INT4 = 23,
    FH_PG_OID_TEXT = 25,
    FH_PG_OID_OID = 26,
    FH_PG_OID_JSON = 114,
    FH_PG_OID_FLOAT4 = 700,
    FH_PG_OID_FLOAT8 = 701,
    FH_PG_OID_UNKNOWN = 705,
    FH_PG_OID_BPCHAR = 1042,
    FH_PG_OID_VARCHAR = 1043,
    FH_PG_OID_DATE = 1082,
    FH_PG_OID_TIME = 1083,
    FH_PG_OID_TIMESTAMP = 1114,
    FH_PG_OID_TIMESTAMPTZ = 1184,
    FH_PG_OID_INTERVAL = 1186,
    FH_PG_OID_NUMERIC = 1700,
    FH_PG_OID_UUID = 2950,
    FH_PG_OID_JSONB = 3802,
};

enum fh_pg_value {
    FH_PG_VALUE_BOOL, /* bits */
    FH_PG_VALUE_I8,   /* int2 */
    FH_PG_VALUE_U8,   /* int2 */
    FH_PG_VALUE_I16,  /* int2 */
    FH_PG_VALUE_U16,  /* int4 */
    FH_PG_VALUE_I32,  /* int4 */
    FH_PG_VALUE_U32,  /* int8 */
    FH_PG_VALUE_I64,  /* int8 */
    FH_PG_VALUE_U64,  /* numeric */
    FH_PG_VALUE_I128, /* numeric with a scale */
    FH_PG_VALUE_FLOAT,
    FH_PG_VALUE_DOUBLE,
    FH_PG_VALUE_TEXT, /* text and json */
    FH_PG_VALUE_BYTES,
    FH_PG_VALUE_DATE,         /* int32 days since 1970 */
    FH_PG_VALUE_TIME,         /* int64 microseconds */
    FH_PG_VALUE_TIMESTAMP_S,  /* int64 since 1970, in seconds */
    FH_PG_VALUE_TIMESTAMP_MS, /* in milliseconds, and so on */
    FH_PG_VALUE_TIMESTAMP,
    FH_PG_VALUE_TIMESTAMP_NS,
    FH_PG_VALUE_TIMESTAMPTZ,
    FH_PG_VALUE_INTERVAL, /* int32 months, int32 days, int64 microseconds */
    FH_PG_VALUE_UUID,     /* 16 bytes */
};

enum {
    /* Most bytes of one value that is not text or bytes, in either form: an interval has 11 digits
     * of years, months, days and 20 of time with their words, a numeric 39 digits and a point. */
    FH_PG_VALUE_BYTES_MAX = 96,
};

struct fh_pg_column {
    char name[FH_COLUMN_NAME_BYTES_MAX + 1];
    uint32_t oid;
    int16_t size;     /* of a value as PostgreSQL stores it; -1: various */
    int32_t modifier; /* of numeric: precision and scale; -1: none */
    enum fh_pg_value value;
    uint8_t scale; /* of I128 */
};

/* What a column of an answer is here; `format` is Arrow's, as freehold_vector has it, or made up
 * from the type's name where there are no rows (fh_pg_column_of). */
void fh_pg_column_of(struct fh_pg_column *out, const struct freehold_column *column);

/* RowDescription; `formats` has a code for each column. */
void fh_pg_columns_describe(struct fh_buf *out,
                            const struct fh_pg_column *columns,
                            const uint8_t *formats,
                            size_t count);

/* Writes value `row` of an array to `out` (room for FH_PG_VALUE_BYTES_MAX) and returns its size.
 * TEXT and BYTES are the caller's. `data` begins on a multiple of 8. */
size_t fh_pg_value_text(
    uint8_t *out, enum fh_pg_value value, unsigned scale, const uint8_t *data, size_t row);
size_t fh_pg_value_binary(
    uint8_t *out, enum fh_pg_value value, unsigned scale, const uint8_t *data, size_t row);

#endif
