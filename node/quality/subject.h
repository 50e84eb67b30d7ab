/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subject: the value that a promise is about, as SQL over the columns of a probe.
 *
 * A column of the table is `rI` as it stands in the source and `vI` as promised. One inside another
 * is read from the JSON of the outer one; one inside the items of an array is read from an item,
 * and whoever asks about it asks of every item (`lists`).
 *
 * Does not: say what may be asked. Thread: any. Ownership: buffers of its own.
 */
#ifndef FH_NODE_QUALITY_SUBJECT_H
#define FH_NODE_QUALITY_SUBJECT_H

#include "common/limits.h"
#include "proto/quality/promise.h"
#include "proto/query/type.h"

enum { FH_SUBJECT_SQL_BYTES_MAX = FH_CONTRACT_BYTES_MAX * 4 };

struct fh_subject {
    const struct fh_contract_column *column;
    struct fh_type type;
    struct fh_buf raw;    /* as it stands in the source */
    struct fh_buf value;  /* as promised, or NULL */
    struct fh_buf length; /* of text, in characters */
    struct fh_buf parent; /* JSON of the object around it; empty at the top and in arrays */
    struct fh_buf
        lists[FH_PROMISE_NESTING_MAX]; /* arrays around it, outermost first; xI is an item */
    uint32_t list_count;
};

/* Writes the subject of a promise about a column. Failures stick in the buffers. */
void fh_subject_init(struct fh_subject *subject, const struct fh_promise *promise);
void fh_subject_fini(struct fh_subject *subject);

/* Whether logicalType is this. */
bool fh_subject_is_logical(const struct fh_contract_column *column, const char *type);
/* Whether it is an array or an object, by its type or by what is in it. */
bool fh_subject_is_nested(const struct fh_contract_column *column);
/* The type as which a column is read: the promised one; JSON for arrays and objects; text where
 * none is promised or known. */
struct fh_type fh_subject_type(const struct fh_contract_column *column);

/* Appends a quoted SQL name, a quoted SQL text, or the JSON pointer of one name as SQL text. */
void fh_subject_put_name(struct fh_buf *out, const char *name);
void fh_subject_put_text(struct fh_buf *out, const char *text);
void fh_subject_put_pointer(struct fh_buf *out, const char *name);

#endif
