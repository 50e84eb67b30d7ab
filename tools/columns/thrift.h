/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thrift's compact protocol, the encoding of Parquet's headers and footer: structs, lists, integers
 * and texts, appended field by field in ascending order. (thrift, "thrift-compact-protocol.md".)
 *
 * Does not: read; write maps or doubles. Thread: distinct objects. Ownership: the buffer is kept;
 * its failure is the writer's failure.
 */
#ifndef FH_TOOLS_COLUMNS_THRIFT_H
#define FH_TOOLS_COLUMNS_THRIFT_H

#include "common/bytes.h"

enum { FH_THRIFT_DEPTH_MAX = 8 };

enum fh_thrift_type {
    FH_THRIFT_I32 = 5,
    FH_THRIFT_TEXT = 8,
    FH_THRIFT_STRUCT = 12,
};

struct fh_thrift {
    struct fh_buf *out;
    size_t depth;                  /* structs that are open */
    int last[FH_THRIFT_DEPTH_MAX]; /* the field written last, of each */
};

/* Begins a struct at the end of `out`: a whole one, or an element of a list. */
void fh_thrift_begin(struct fh_thrift *thrift, struct fh_buf *out);
/* Begins a struct as a field; fh_thrift_end. */
void fh_thrift_struct(struct fh_thrift *thrift, int field);
/* Begins a struct as the next element of a list; fh_thrift_end. */
void fh_thrift_element(struct fh_thrift *thrift);
/* Ends the struct that was begun last. */
void fh_thrift_end(struct fh_thrift *thrift);

void fh_thrift_bool(struct fh_thrift *thrift, int field, bool value);
void fh_thrift_i8(struct fh_thrift *thrift, int field, int8_t value);
void fh_thrift_i32(struct fh_thrift *thrift, int field, int32_t value);
void fh_thrift_i64(struct fh_thrift *thrift, int field, int64_t value);
void fh_thrift_text(struct fh_thrift *thrift, int field, struct fh_bytes value);
/* Begins a list; `count` elements must follow. */
void fh_thrift_list(struct fh_thrift *thrift, int field, enum fh_thrift_type type, size_t count);
void fh_thrift_list_i32(struct fh_thrift *thrift, int32_t value);
void fh_thrift_list_text(struct fh_thrift *thrift, struct fh_bytes value);

/* A natural number, 7 bits a byte, lowest first. */
void fh_thrift_varint(struct fh_buf *out, uint64_t value);

#endif
