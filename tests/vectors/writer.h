/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writer of vector files: blocks of "key: value" lines, one block for each vector.
 *
 * The format is described in README.md beside this file.
 *
 * Does not: touch files. Thread: one at a time. Ownership: appends to the caller's buffer; failures
 * stick there.
 */
#ifndef FH_TESTS_VECTORS_WRITER_H
#define FH_TESTS_VECTORS_WRITER_H

#include "common/bytes.h"
#include "common/err.h"

enum { VECTOR_FILE_BYTES_MAX = 1024 * 1024 };

/* Head of a file: what it holds. */
void vector_file(struct fh_buf *out, const char *about);
/* Begins a block: its name and the kind of its bytes. */
void vector_begin(struct fh_buf *out, const char *name, const char *kind);
void vector_text(struct fh_buf *out, const char *key, const char *text);
void vector_hex(struct fh_buf *out, const char *key, struct fh_bytes bytes);
void vector_uint(struct fh_buf *out, const char *key, uint64_t value);
/* Canonical bytes as JSON: bins are "0x..." strings. */
void vector_value(struct fh_buf *out, const char *key, struct fh_bytes canonical);
/* "refused: rule"; the code must not be FH_OK (asserted). */
void vector_refused(struct fh_buf *out, int code, const struct fh_err *err);

/* The files: each appends one. */
void vectors_encoding(struct fh_buf *out);
void vectors_identity(struct fh_buf *out);
void vectors_records(struct fh_buf *out);
void vectors_invitation(struct fh_buf *out);
void vectors_access(struct fh_buf *out);
void vectors_datagram(struct fh_buf *out);
void vectors_session(struct fh_buf *out);

#endif
