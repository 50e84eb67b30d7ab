/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Column types of answers and of promised columns: a code, and for decimals precision and scale.
 *
 * One list gives the code on the wire, the SQL name that DuckDB and contracts use, and the width of
 * a value in a batch. Lists, structs and maps travel as JSON text and enumerations as text; types
 * outside the list are refused by the worker with the name of the column.
 *
 * Does not: convert values. Thread: any; plain values.
 */
#ifndef FH_PROTO_QUERY_TYPE_H
#define FH_PROTO_QUERY_TYPE_H

#include "common/bytes.h"
#include "common/err.h"

/* X(NAME, code, SQL name, bytes of a value: 0 = bits (BOOL), -1 = offsets and bytes) */
#define FH_TYPES(X)                                                                                \
    X(BOOL, 1, "BOOLEAN", 0)                                                                       \
    X(INT8, 2, "TINYINT", 1)                                                                       \
    X(INT16, 3, "SMALLINT", 2)                                                                     \
    X(INT32, 4, "INTEGER", 4)                                                                      \
    X(INT64, 5, "BIGINT", 8)                                                                       \
    X(UINT8, 6, "UTINYINT", 1)                                                                     \
    X(UINT16, 7, "USMALLINT", 2)                                                                   \
    X(UINT32, 8, "UINTEGER", 4)                                                                    \
    X(UINT64, 9, "UBIGINT", 8)                                                                     \
    X(HUGEINT, 10, "HUGEINT", 16)                                                                  \
    X(FLOAT, 11, "FLOAT", 4)                                                                       \
    X(DOUBLE, 12, "DOUBLE", 8)                                                                     \
    X(DECIMAL, 13, "DECIMAL", 16)                                                                  \
    X(VARCHAR, 14, "VARCHAR", -1)                                                                  \
    X(BLOB, 15, "BLOB", -1)                                                                        \
    X(JSON, 16, "JSON", -1)                                                                        \
    X(DATE, 17, "DATE", 4)                                                                         \
    X(TIME, 18, "TIME", 8)                                                                         \
    X(TIMESTAMP, 19, "TIMESTAMP", 8)                                                               \
    X(TIMESTAMP_S, 20, "TIMESTAMP_S", 8)                                                           \
    X(TIMESTAMP_MS, 21, "TIMESTAMP_MS", 8)                                                         \
    X(TIMESTAMP_NS, 22, "TIMESTAMP_NS", 8)                                                         \
    X(TIMESTAMP_TZ, 23, "TIMESTAMP WITH TIME ZONE", 8)                                             \
    X(INTERVAL, 24, "INTERVAL", 16)                                                                \
    X(UUID, 25, "UUID", 16)

enum fh_type_code {
#define X(name, code, text, width) FH_TYPE_##name = (code),
    FH_TYPES(X)
#undef X
        FH_TYPE_COUNT
};

enum {
    FH_TYPE_TEXT_BYTES = 32,      /* "TIMESTAMP WITH TIME ZONE" and NUL */
    FH_DECIMAL_PRECISION_MAX = 38 /* digits of 128 bits */
};

struct fh_type {
    uint8_t code;      /* enum fh_type_code */
    uint8_t precision; /* DECIMAL: 1..38 digits; else 0 */
    uint8_t scale;     /* DECIMAL: 0..precision; else 0 */
};

static inline bool fh_type_equal(struct fh_type a, struct fh_type b)
{
    return a.code == b.code && a.precision == b.precision && a.scale == b.scale;
}

/* Whether code, precision and scale are ones of this version. */
bool fh_type_valid(struct fh_type type);

/* Bytes of one value in a batch: 0 for BOOL (bits), -1 for text, blob and JSON. */
int fh_type_width(struct fh_type type);

/* Whether values are carried as offsets and bytes. */
bool fh_type_is_variable(struct fh_type type);

/* The SQL name, "DECIMAL(10,2)"; "unknown" for a type that is not valid. */
void fh_type_text(char out[FH_TYPE_TEXT_BYTES], struct fh_type type);

/* Reads an SQL type name as contracts write it in `physicalType`: any case, usual aliases (INT,
 * STRING, TEXT, NUMERIC(10,2), VARCHAR(20), TIMESTAMPTZ, ...), lengths of strings ignored.
 * FH_EINVAL (rule "type.unknown") names the text and what would be right. */
FH_MUST_CHECK int fh_type_parse(struct fh_type *out, struct fh_bytes text, struct fh_err *err);

#endif
