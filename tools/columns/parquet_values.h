/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of a column in Parquet's PLAIN encoding: those that are there, without gaps.
 *
 * Does not: write levels or headers. Thread: any. Ownership: nothing is kept.
 */
#ifndef FH_TOOLS_COLUMNS_PARQUET_VALUES_H
#define FH_TOOLS_COLUMNS_PARQUET_VALUES_H

#include "common/bytes.h"
#include "tools/columns/field.h"

/* Appends them. FH_ENOMEM, FH_ETOOBIG; FH_EINVAL (rule "columns.value"). */
FH_MUST_CHECK int fh_parquet_values(struct fh_buf *out,
                                    const struct fh_field *field,
                                    const struct freehold_vector *vector,
                                    struct fh_err *err);
/* The text of a row that is there; also of one that came in a dictionary. */
struct fh_bytes fh_parquet_text(const struct freehold_vector *vector, size_t row);
/* The number of a row's text in the dictionary of a vector that has one. */
uint32_t fh_parquet_index(const struct freehold_vector *vector, size_t row);

#endif
