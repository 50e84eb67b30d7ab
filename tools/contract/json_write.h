/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON out: a document, indented or on one line, written from front to back.
 *
 * Commas and line ends follow from the calls; who writes says keys and values in order. Failures
 * stick in the buffer.
 *
 * Does not: check that a map gets keys. Thread: distinct buffers. Ownership: borrows.
 */
#ifndef FH_TOOLS_CONTRACT_JSON_WRITE_H
#define FH_TOOLS_CONTRACT_JSON_WRITE_H

#include "common/bytes.h"
#include "proto/contract/document.h"

struct fh_json {
    struct fh_buf *out;
    bool compact; /* on one line, for programs */
    unsigned depth;
    bool has_items; /* something stands in the innermost list or map */
    bool after_key; /* a value comes next, in the same line */
};

void fh_json_open(struct fh_json *json, char bracket);  /* '{' or '[' */
void fh_json_close(struct fh_json *json, char bracket); /* '}' or ']' */
void fh_json_key(struct fh_json *json, const char *key);
void fh_json_text(struct fh_json *json, const char *text);
/* A number, a Boolean or null as it is written. */
void fh_json_literal(struct fh_json *json, const char *text);
/* Any value of a contract. */
void fh_json_value(struct fh_json *json, const struct fh_doc_node *value);

/* A key with its value: null when the text is NULL or "". */
void fh_json_pair_or_null(struct fh_json *json, const char *key, const char *text);
void fh_json_pair_uint(struct fh_json *json, const char *key, uint64_t value);
void fh_json_pair_bool(struct fh_json *json, const char *key, bool value);
/* A key with its value; nothing when the text is NULL. */
void fh_json_pair(struct fh_json *json, const char *key, const char *text);

#endif
