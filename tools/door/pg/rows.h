/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows: batches of columns as messages of rows, in tight loops.
 *
 * A form says what a row looks like: DataRow with a format for each column, or CopyData with a line
 * of text or CSV or a binary tuple, one row a message as PostgreSQL sends them. A batch is given as
 * arrays (freehold_vector) and written in parts, as much at a time as the caller wants in memory.
 *
 * Does not: ask for batches, or send. Sans-IO. Thread: distinct objects. Ownership: columns and
 * vectors are kept (the vectors until the next batch), what is written goes to the caller's buffer.
 */
#ifndef FH_TOOLS_DOOR_PG_ROWS_H
#define FH_TOOLS_DOOR_PG_ROWS_H

#include "common/err.h"
#include "tools/door/pg/types.h"

enum fh_pg_form {
    FH_PG_FORM_ROWS,   /* DataRow */
    FH_PG_FORM_TEXT,   /* COPY ... TO STDOUT */
    FH_PG_FORM_CSV,    /* (FORMAT csv) */
    FH_PG_FORM_BINARY, /* (FORMAT binary) */
};

enum {
    FH_PG_NULL_BYTES = 32, /* of the text that stands for NULL */
};

/* How COPY writes: PostgreSQL's defaults by fh_pg_copy_default. */
struct fh_pg_copy {
    enum fh_pg_form form;
    bool header;
    char delimiter;
    char quote;     /* CSV */
    char escape;    /* CSV */
    bool quote_all; /* CSV: FORCE_QUOTE * */
    bool alone;     /* of one column: "\\." on a line of its own would end a reader's data */
    char null[FH_PG_NULL_BYTES];
};

void fh_pg_copy_default(struct fh_pg_copy *out, enum fh_pg_form form);

/* One column of the current batch, private. */
struct fh_pg_cells {
    enum fh_pg_value value;
    unsigned scale;
    bool binary;
    const uint8_t *validity;
    const uint8_t *data;
    const int32_t *offsets;
    const uint8_t *indices; /* of a dictionary */
    unsigned index_width;
    size_t longest; /* entry of a dictionary */
};

struct fh_pg_rows {
    /* private */
    struct fh_pg_copy copy;
    size_t count; /* columns */
    struct fh_pg_cells *cells;
    size_t rows; /* of the batch */
    size_t row;  /* the next */
};

/* `formats` has a code for each column; only read for FH_PG_FORM_ROWS. FH_ENOMEM. */
FH_MUST_CHECK int fh_pg_rows_init(struct fh_pg_rows *rows,
                                  const struct fh_pg_copy *copy,
                                  const struct fh_pg_column *columns,
                                  const uint8_t *formats,
                                  size_t count,
                                  struct fh_err *err);
void fh_pg_rows_fini(struct fh_pg_rows *rows);

/* Begins a batch of `count` rows. */
void fh_pg_rows_begin(struct fh_pg_rows *rows, size_t count);
/* Its column `index`: kept until the next batch. */
void fh_pg_rows_vector(struct fh_pg_rows *rows, size_t index, const struct freehold_vector *vector);
/* Appends rows of the batch until `out` has `bytes` or `most` rows are written, and says how many;
 * 0 when the batch is at its end. A row that the buffer does not hold fails the buffer. */
size_t fh_pg_rows_write(struct fh_pg_rows *rows, struct fh_buf *out, size_t bytes, size_t most);

/* What COPY begins and ends with: the header line of text and CSV, head and trailer of binary. */
void fh_pg_copy_begin(struct fh_buf *out,
                      const struct fh_pg_copy *copy,
                      const struct fh_pg_column *columns,
                      size_t count);
void fh_pg_copy_end(struct fh_buf *out, const struct fh_pg_copy *copy);

/* One field of a line of COPY, as text: also for rows that are not in arrays. `null`: the text is
 * not read. */
void fh_pg_copy_field(struct fh_buf *out,
                      const struct fh_pg_copy *copy,
                      struct fh_bytes text,
                      bool null);

#endif
