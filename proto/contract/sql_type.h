/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SQL type that a contract promises for a column.
 *
 * logicalType decides the family, logicalTypeOptions.format and then physicalType the width: an
 * integer is BIGINT unless a format or a known physical type says otherwise, a number DOUBLE,
 * decimal(p,s) stays DECIMAL(p,s). A physical type of another family is ignored: it speaks of the
 * source. Without a logicalType a known physicalType decides. Names are DuckDB's.
 *
 * Does not: look at data. Thread: any. Ownership: the text goes to the caller's array.
 */
#ifndef FH_PROTO_CONTRACT_SQL_TYPE_H
#define FH_PROTO_CONTRACT_SQL_TYPE_H

#include "proto/contract/contract.h"

enum {
    FH_SQL_TYPE_BYTES = 32, /* "TIMESTAMP WITH TIME ZONE" and its NUL */
};

/* "BIGINT", "DOUBLE", "VARCHAR", "DATE", "TIMESTAMP", "BOOLEAN", "DECIMAL(18,3)" ... FH_EINVAL
 * (publish.column.type) when the column promises no type, or one that is not served yet (objects
 * and arrays). */
FH_MUST_CHECK int fh_contract_sql_type(const struct fh_contract_column *column,
                                       char out[FH_SQL_TYPE_BYTES],
                                       struct fh_err *err);

#endif
