/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writer of Apache Parquet files (parquet-format 2.10): row groups of at most FH_PARQUET_GROUP_ROWS
 * rows or FH_PARQUET_GROUP_BYTES and one batch, each sent when it is full.
 *
 *     file   = "PAR1" | row group ... | FileMetaData (thrift) | u32le its size | "PAR1"
 *     group  = for each column: dictionary page, if it has one; a data page (version 1) for each
 *              batch
 *     page   = PageHeader (thrift) | u32le size of levels | definition levels (RLE) | values
 *
 * Texts are dictionary-encoded (RLE_DICTIONARY) until a column's dictionary is full, everything
 * else and what comes then is PLAIN. Pages are not compressed: no reader needs a codec, and a
 * transport may compress. Every column is OPTIONAL; statistics are the counts of nulls. The facts
 * of the beginning and of the end are the file's key-value metadata.
 *
 *     INT8..UINT32        INT32 with their width  INT64, UINT64  INT64
 *     DECIMAL(p,s)        INT32 up to 9 digits, INT64 up to 18, else 16 bytes; HUGEINT as (38,0)
 *     DATE, TIME, TIMESTAMP*  as they are; TIMESTAMP_S in milliseconds, which Parquet starts with;
 *                         WITH TIME ZONE is adjusted to UTC, the others are local
 *     VARCHAR STRING, JSON JSON, UUID UUID, BLOB bytes
 *     INTERVAL            as text: Parquet's own has no sign and no microseconds
 *
 * Does not: seek: offsets are counted, so it may go into a pipe. Thread: distinct objects.
 * Ownership: pieces are lent until the next call; fields are kept.
 */
#ifndef FH_TOOLS_COLUMNS_PARQUET_H
#define FH_TOOLS_COLUMNS_PARQUET_H

#include "tools/columns/facts.h"
#include "tools/columns/field.h"
#include "tools/columns/pieces.h"

struct fh_parquet;

/* FH_ENOMEM. Given: fh_parquet_free. */
FH_MUST_CHECK int fh_parquet_new(struct fh_parquet **out,
                                 const struct fh_field *fields,
                                 size_t count,
                                 struct fh_err *err);
void fh_parquet_free(struct fh_parquet *parquet);

/* What a file begins with. The facts are copied. FH_ENOMEM. */
FH_MUST_CHECK int fh_parquet_begin(struct fh_parquet *parquet,
                                   const struct fh_facts *facts,
                                   struct fh_pieces *out,
                                   struct fh_err *err);
/* Takes a batch: one vector for each field, all of the same rows; texts may be dictionaries.
 * Copies what it needs. Pieces, when a row group is full, else none. FH_ENOMEM; FH_EINVAL (rule
 * "columns.value"). */
FH_MUST_CHECK int fh_parquet_batch(struct fh_parquet *parquet,
                                   const struct freehold_vector *vectors,
                                   size_t rows,
                                   struct fh_pieces *out,
                                   struct fh_err *err);
/* The last row group and the footer. FH_ENOMEM, FH_ETOOBIG (rule "parquet.footer"). */
FH_MUST_CHECK int fh_parquet_end(struct fh_parquet *parquet,
                                 const struct fh_facts *facts,
                                 struct fh_pieces *out,
                                 struct fh_err *err);

#endif
