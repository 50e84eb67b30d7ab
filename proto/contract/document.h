/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Document: the neutral tree between a text or a canonical form and the contract model.
 *
 * Two sources make it: YAML (yaml.h; every node knows its line and column) and canonical msgpack
 * (contract.h; lines are 0). A scalar keeps its text and whether it was plain; what it *is* follows
 * from the schema that reads it, never from a guess: `no`, `1.10` and `2022-08-02` are strings
 * where a string is expected. Only where the schema allows anything does the text decide, by the
 * rules below, which are the YAML 1.2 core schema without octal, hexadecimal, infinity and NaN.
 *
 * Does not: own memory. Thread: immutable after building. Ownership: all nodes and texts live in
 * the arena of who built the tree.
 */
#ifndef FH_PROTO_CONTRACT_DOCUMENT_H
#define FH_PROTO_CONTRACT_DOCUMENT_H

#include "common/arena.h"
#include "common/err.h"

enum fh_doc_kind {
    FH_DOC_SCALAR,
    FH_DOC_LIST,
    FH_DOC_MAP,
    FH_DOC_BROKEN, /* stands where something was refused, so that it is not reported again */
    FH_DOC_KIND_COUNT
};

/* What a scalar reads as where anything is allowed. */
enum fh_doc_type {
    FH_DOC_TYPE_NULL,   /* plain, and empty, ~, null, Null or NULL */
    FH_DOC_TYPE_BOOL,   /* plain true, True, TRUE, false, False or FALSE */
    FH_DOC_TYPE_NUMBER, /* plain, and fh_decimal_normalise accepts it */
    FH_DOC_TYPE_STRING, /* every other scalar */
    FH_DOC_TYPE_LIST,
    FH_DOC_TYPE_MAP,
    FH_DOC_TYPE_COUNT
};

enum {
    FH_DECIMAL_DIGITS_MAX = 64, /* of a normalised number, on both sides of the point */
    FH_DECIMAL_BYTES = FH_DECIMAL_DIGITS_MAX + 4, /* sign, leading zero, point, NUL */
};

struct fh_doc_node {
    enum fh_doc_kind kind;
    bool plain;         /* scalar: without quotes and not a block */
    uint32_t line;      /* of its first character, from 1; 0 when not from a text */
    uint32_t column;    /* from 1, in characters */
    uint32_t last_line; /* of its last character */
    uint32_t key_line;  /* in a map: place of the key */
    uint32_t key_column;
    uint32_t count;            /* children of a list or map */
    const char *key;           /* in a map: NUL-terminated key; NULL elsewhere */
    const char *text;          /* scalar: UTF-8 without U+0000, NUL-terminated; "" elsewhere */
    struct fh_doc_node *first; /* children of a list or map, in the author's order */
    struct fh_doc_node *next;  /* sibling */
};

/* The value under `key`, or NULL; also NULL when `node` is NULL or no map. */
const struct fh_doc_node *fh_doc_get(const struct fh_doc_node *node, const char *key);

/* What the node reads as where anything is allowed. A broken node reads as null. */
enum fh_doc_type fh_doc_type(const struct fh_doc_node *node);
/* "a string", "a number", "true or false", "nothing", "a list", "a map". */
const char *fh_doc_type_text(enum fh_doc_type type);

/* Whether a plain scalar is a Boolean; the value goes to `out`. */
FH_MUST_CHECK bool fh_doc_bool(const struct fh_doc_node *node, bool *out);
/* Whether a plain scalar is an integer of 64 bits (also written as 3.0 or 3e2). */
FH_MUST_CHECK bool fh_doc_integer(const struct fh_doc_node *node, int64_t *out);

/* Writes the one normal form of a decimal number: -?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?, never -0.
 * False for anything else: leading zeros, a leading plus, hexadecimal, infinity, too many digits.
 */
FH_MUST_CHECK bool fh_decimal_normalise(char out[FH_DECIMAL_BYTES], const char *text);
/* Compares two normal forms as numbers: <0, 0, >0. */
int fh_decimal_compare(const char *a, const char *b);

/* A zeroed node of this kind; NULL when the arena is full. */
FH_MUST_CHECK struct fh_doc_node *fh_doc_new(struct fh_arena *arena, enum fh_doc_kind kind);

#endif
