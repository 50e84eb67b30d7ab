/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML out: keys, strings and open values as text that every YAML reader types alike.
 *
 * A string stands plain only where no reader of YAML 1.1 or 1.2 could take it for a number, a time,
 * a Boolean or an indicator; otherwise in double quotes. Long prose is folded, text of several
 * lines is a literal block. Numbers are written in the one normal form of document.h.
 *
 * Does not: know of contracts (contract_write.h). Thread: distinct buffers. Ownership: borrows.
 */
#ifndef FH_PROTO_CONTRACT_YAML_WRITE_H
#define FH_PROTO_CONTRACT_YAML_WRITE_H

#include "common/bytes.h"
#include "proto/contract/document.h"

enum { FH_YAML_STEP = 2 }; /* spaces a level */

/* Appends `indent` spaces. */
void fh_yaml_indent(struct fh_buf *out, unsigned indent);

/* Appends a key and its colon. */
void fh_yaml_key(struct fh_buf *out, const char *key);

/* Appends what stands behind a colon: a space, the string and a line end; or a block whose lines
 * stand `indent` deep. */
void fh_yaml_string(struct fh_buf *out, const char *text, unsigned indent);

/* The same for a list of strings: in one line where it is short, else one line an item. */
void fh_yaml_strings(struct fh_buf *out, size_t count, const char *const *items, unsigned indent);

/* The same for any value. */
void fh_yaml_value(struct fh_buf *out, const struct fh_doc_node *node, unsigned indent);

#endif
