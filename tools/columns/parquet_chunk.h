/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Column chunk: the pages of one column in the row group that is being made.
 *
 * Does not: know where in the file it will lie. Thread: distinct objects. Ownership: what it takes
 * is copied.
 */
#ifndef FH_TOOLS_COLUMNS_PARQUET_CHUNK_H
#define FH_TOOLS_COLUMNS_PARQUET_CHUNK_H

#include "tools/columns/field.h"
#include "tools/columns/pieces.h"
#include "tools/columns/text_set.h"
#include "tools/columns/thrift.h"

struct fh_parquet_chunk {
    struct fh_field field;
    uint64_t rows;
    uint64_t nulls;
    struct fh_buf pages; /* data pages with their headers */
    struct fh_text_set texts;
    struct fh_buf dictionary_head; /* header of the dictionary page, once it is closed */
    bool by_number;                /* some page has numbers of texts, so there is a dictionary */
    bool by_value;                 /* some page has values */
};

void fh_parquet_chunk_init(struct fh_parquet_chunk *chunk, const struct fh_field *field);
void fh_parquet_chunk_fini(struct fh_parquet_chunk *chunk);
/* Empties it for the next row group; keeps its memory or not. */
void fh_parquet_chunk_reset(struct fh_parquet_chunk *chunk, bool keep);

/* Scratch memory that the chunks of a file share. */
struct fh_parquet_scratch {
    struct fh_buf page;
    struct fh_buf numbers; /* uint32_t of each value of a page */
    struct fh_buf known;   /* uint32_t of each entry of a batch's dictionary */
};

/* Takes a batch as one page. FH_ENOMEM, FH_ETOOBIG; FH_EINVAL (rule "columns.value"). */
FH_MUST_CHECK int fh_parquet_chunk_add(struct fh_parquet_chunk *chunk,
                                       const struct freehold_vector *vector,
                                       struct fh_parquet_scratch *scratch,
                                       struct fh_err *err);
/* Bytes of its pages and its dictionary, and those that it holds for later. */
size_t fh_parquet_chunk_size(const struct fh_parquet_chunk *chunk);
size_t fh_parquet_chunk_memory(const struct fh_parquet_chunk *chunk);

/* Closes it: adds its bytes to the pieces, and to the list of columns of a row group, that is open
 * in `thrift`, its ColumnChunk; `offset` is its place in the file. Gives its bytes. The pieces are
 * lent until it is reset. */
size_t fh_parquet_chunk_close(struct fh_parquet_chunk *chunk,
                              uint64_t offset,
                              struct fh_piece_list *pieces,
                              struct fh_thrift *thrift);

#endif
