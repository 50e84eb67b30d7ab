/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arrays in PostgreSQL's text forms: '{1,NULL,"a b"}', and '1 2 3' of int2vector and oidvector.
 *
 * Does not: more than one dimension (inner braces are refused). Thread: any.
 * Sources: PostgreSQL 15 manual, section 8.15.6.
 */
#ifndef FH_TOOLS_DOOR_PGCAT_ARRAY_H
#define FH_TOOLS_DOOR_PGCAT_ARRAY_H

#include "common/bytes.h"

#include <stdbool.h>

struct fh_pgcat_array {
    struct fh_bytes text; /* borrowed */
    size_t at;
    bool vector; /* of the form without braces: its first element has the number 0 */
    struct fh_buf element;
};

/* Begins to read; false when the text is no array. */
bool fh_pgcat_array_open(struct fh_pgcat_array *array, struct fh_bytes text);
/* Ends the reading. */
void fh_pgcat_array_close(struct fh_pgcat_array *array);
/* The next element, lent until the next call; false at the end, and at what is not well-formed. */
bool fh_pgcat_array_next(struct fh_pgcat_array *array, struct fh_bytes *out, bool *out_null);

/* Whether an element is written as a whole number is: "007" is a name. */
bool fh_pgcat_array_number(struct fh_bytes element, int64_t *out);

/* Writes one into an empty buffer: begin, each element, end. */
void fh_pgcat_array_begin(struct fh_buf *out);
void fh_pgcat_array_add(struct fh_buf *out, struct fh_bytes element, bool null);
void fh_pgcat_array_end(struct fh_buf *out);

#endif
