/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batch layout: where the buffers of a column stand. For batch.c, which reads, and batch_write.c.
 *
 * Does not: look at bytes. Thread: any; values.
 */
#ifndef FH_PROTO_QUERY_BATCH_LAYOUT_H
#define FH_PROTO_QUERY_BATCH_LAYOUT_H

#include "proto/query/batch.h"

enum {
    FH_BATCH_COLUMN_FIELDS = 12,
    FH_BATCH_NARROW_FIELDS = FH_BATCH_COLUMN_FIELDS + 3,
    FH_BATCH_DICTIONARY_FIELDS = FH_BATCH_COLUMN_FIELDS + 4,
    FH_BATCH_HEAD_BYTES = 4,
};

/* Where a buffer stands; an empty one is at 0 and takes no room. */
struct fh_batch_place {
    size_t offset;
    size_t size;
};

struct fh_batch_layout {
    struct fh_batch_place validity;
    struct fh_batch_place offsets;
    struct fh_batch_place data;
    struct fh_batch_place indices;
};

/* What a column's layout depends on. */
struct fh_batch_shape {
    struct fh_type type;
    uint32_t rows;
    uint32_t nulls;
    enum fh_batch_encoding encoding;
    uint8_t width;
    uint32_t entries;
    size_t variable_size; /* bytes of the values, or of the entries, of a type without a width */
};

size_t fh_batch_align_up(size_t n);

/* The one layout that a column has behind `*at`, which moves past it. */
struct fh_batch_layout fh_batch_lay_out(size_t *at, const struct fh_batch_shape *shape);

/* Whether this encoding exists for the type, with this width and so many entries. */
bool fh_batch_encodes(struct fh_type type,
                      enum fh_batch_encoding encoding,
                      unsigned width,
                      uint32_t entries);

#endif
