/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How each type lies in a Parquet file, and the schema that says so. Numbers are those of
 * parquet-format's parquet.thrift.
 *
 * Does not: encode values. Thread: any. Ownership: nothing is kept.
 */
#ifndef FH_TOOLS_COLUMNS_PARQUET_SCHEMA_H
#define FH_TOOLS_COLUMNS_PARQUET_SCHEMA_H

#include "tools/columns/field.h"
#include "tools/columns/thrift.h"

enum fh_parquet_type {
    FH_PARQUET_BOOLEAN = 0,
    FH_PARQUET_INT32 = 1,
    FH_PARQUET_INT64 = 2,
    FH_PARQUET_FLOAT = 4,
    FH_PARQUET_DOUBLE = 5,
    FH_PARQUET_BYTES = 6,
    FH_PARQUET_FIXED = 7, /* 16 bytes, the only size that is used */
};

enum { FH_PARQUET_FIXED_BYTES = 16 };

enum fh_parquet_type fh_parquet_type_of(struct fh_type type);

/* Writes the list of SchemaElement as `field`: the root, then the columns. */
void fh_parquet_schema(struct fh_thrift *thrift,
                       int field,
                       const struct fh_field *fields,
                       size_t count);

#endif
