/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text as HTML: every byte that could begin markup or end an attribute is written as an entity.
 *
 * Does not: look at the encoding; UTF-8 passes as it is. Thread: distinct buffers. Ownership: all
 * borrowed.
 */
#ifndef FH_COMMON_HTML_H
#define FH_COMMON_HTML_H

#include "common/bytes.h"

void fh_html_add(struct fh_buf *out, struct fh_bytes text);
void fh_html_add_cstr(struct fh_buf *out, const char *text);

#endif
