/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CSV: fields as RFC 4180 quotes them; what is not NULL and empty is "".
 *
 * Does not: write separators or ends of lines. Thread: any. Ownership: borrows.
 */
#ifndef FH_TOOLS_CLIENT_CSV_H
#define FH_TOOLS_CLIENT_CSV_H

#include "common/bytes.h"

/* Appends one field. */
void fh_csv_field(struct fh_buf *out, struct fh_bytes text);

#endif
