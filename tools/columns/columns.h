/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An answer as the bytes of a columnar format: an Apache Arrow IPC stream or an Apache Parquet
 * file.
 *
 * The bytes come as pieces, batch by batch, as the answer comes. The buffers of an Arrow stream are
 * the ones in which the batch arrived: nobody copies them before they are written out. A Parquet
 * file is made row group by row group, so that it needs no more memory than one of them.
 *
 *     fh_columns_new
 *     fh_columns_next   pieces, again and again, until there is none
 *     fh_columns_free
 *
 * Both formats carry what the answer is (facts.h): the request, the products and their contracts at
 * the beginning of a stream, the receipt at its end. An answer that breaks off, or whose receipt
 * does not verify, gets no end: a stream without its end-of-stream mark, a file without its footer,
 * which no reader takes for a whole one.
 *
 * Does not: write, ask, or know HTTP. Thread: that of the result. Ownership: the result is kept and
 * only stepped by this; pieces are lent until the next call or fh_columns_free.
 */
#ifndef FH_TOOLS_COLUMNS_COLUMNS_H
#define FH_TOOLS_COLUMNS_COLUMNS_H

#include "tools/client/freehold.h"
#include "tools/columns/pieces.h"

enum fh_columns_format { FH_COLUMNS_ARROW, FH_COLUMNS_PARQUET, FH_COLUMNS_FORMAT_COUNT };

/* The format of "arrow" or "parquet"; false for another text. */
bool fh_columns_format_parse(enum fh_columns_format *out, const char *text);
/* Sets the format in the options of a query, and what suits it best: for Arrow, columns in plain
 * form, which are its own. Any options will do. */
void fh_columns_suit(enum fh_columns_format format, struct freehold_query_options *options);

struct fh_columns;

/* Begins with a result of freehold_query of which nothing was read yet. FH_ENOMEM; FH_ETOOBIG.
 * Given: fh_columns_free, before the result is closed. */
FH_MUST_CHECK int fh_columns_new(struct fh_columns **out,
                                 enum fh_columns_format format,
                                 struct freehold_result *result,
                                 struct fh_err *err);
/* The next pieces; FH_OK with none (`out->bytes` is 0) once, behind the end. Waits for the answer
 * as freehold_result_next_batch does. What that says, FH_ENOMEM, FH_ETOOBIG (rule
 * "parquet.footer"), and FH_EINVAL (rule "columns.value") for a value that the format cannot hold:
 * then the stream stays without its end. */
FH_MUST_CHECK int
fh_columns_next(struct fh_columns *columns, struct fh_pieces *out, struct fh_err *err);
void fh_columns_free(struct fh_columns *columns);
static inline void fh_columns_freep(struct fh_columns **columns)
{
    fh_columns_free(*columns);
}

#endif
