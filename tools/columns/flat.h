/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FlatBuffers, the encoding of Arrow's messages: tables, texts and lists, written front to back.
 *
 * A reference always points ahead, so an object is written after the one that refers to it:
 * whatever writes a reference gives its place, and whatever writes an object takes the place of the
 * reference that points to it. Everything is aligned to its size from the beginning, 8 bytes at
 * most, and little-endian. (flatbuffers.dev, "FlatBuffers internals".)
 *
 * Does not: read, share equal parts, leave out values that are the default. Thread: distinct
 * objects. Ownership: the buffer is kept; its failure is the writer's failure.
 */
#ifndef FH_TOOLS_COLUMNS_FLAT_H
#define FH_TOOLS_COLUMNS_FLAT_H

#include "common/bytes.h"

enum { FH_FLAT_SLOTS_MAX = 8 };

struct fh_flat {
    struct fh_buf *out;
    size_t base; /* where it begins in `out` */
};

/* A field of a table. */
struct fh_flat_field {
    uint8_t slot;   /* its number in the schema, below FH_FLAT_SLOTS_MAX */
    uint8_t size;   /* of the value: 1, 2, 4, 8; 0: a reference */
    uint64_t value; /* two's complement of negative ones */
    size_t *ref;    /* of a reference: where its place is put */
};

/* Begins at the end of `out`; gives the place of the reference to the root. */
size_t fh_flat_begin(struct fh_flat *flat, struct fh_buf *out);
/* Writes a table of these fields, each once, in any order. */
void fh_flat_table(struct fh_flat *flat,
                   size_t ref,
                   const struct fh_flat_field *fields,
                   size_t count);
void fh_flat_text(struct fh_flat *flat, size_t ref, struct fh_bytes text);
/* Writes a list of `count` references, and gives the place of the first; the next is 4 bytes on. */
size_t fh_flat_refs(struct fh_flat *flat, size_t ref, size_t count);
/* Writes a list of structs of two int64 each; gives room for 16 bytes each, lent until the next
 * call, or NULL when there is none. */
uint8_t *fh_flat_pairs(struct fh_flat *flat, size_t ref, size_t count);

/* Little-endian integers of 1, 2, 4 or 8 bytes. */
void fh_flat_put(uint8_t *out, uint64_t value, size_t size);

#endif
