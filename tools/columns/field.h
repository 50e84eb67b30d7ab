/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields: the columns of an answer as a format's schema needs them, and the columns of a batch.
 *
 * Does not: hold rows. Thread: any, values. Ownership: names are lent by the result.
 */
#ifndef FH_TOOLS_COLUMNS_FIELD_H
#define FH_TOOLS_COLUMNS_FIELD_H

#include "proto/query/type.h"
#include "tools/client/freehold.h"

struct fh_field {
    const char *name; /* UTF-8; may be empty or repeated */
    struct fh_type type;
};

/* The fields of a result. Given: fh_free; `*out` is NULL for an answer without columns. FH_ENOMEM.
 */
FH_MUST_CHECK int fh_fields_new(struct fh_field **out,
                                size_t *out_count,
                                const struct freehold_result *result,
                                struct fh_err *err);

/* Whether a row has a value. */
static inline bool fh_field_has(const struct freehold_vector *vector, size_t row)
{
    return vector->validity == NULL || (vector->validity[row / 8] >> (row % 8) & 1) != 0;
}

/* Checks that no HUGEINT of the column is beyond the 38 digits that both formats have. FH_EINVAL
 * (rule "columns.value"). */
FH_MUST_CHECK int fh_field_check_wide(const struct fh_field *field,
                                      const struct freehold_vector *vector,
                                      struct fh_err *err);
/* FH_EINVAL, rule "columns.value": a value of the column does not fit what `form` is, and a cast
 * would. */
int fh_field_refuse(const struct fh_field *field, const char *form, struct fh_err *err);

/* One INTERVAL, as a batch has it. */
struct fh_field_interval {
    int32_t months;
    int32_t days;
    int64_t micros;
};
struct fh_field_interval fh_field_interval(const struct freehold_vector *vector, size_t row);

#endif
