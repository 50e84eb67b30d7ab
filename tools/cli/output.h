/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Output: rows of named columns as an aligned table, a JSON array of objects, or CSV.
 *
 * JSON and CSV print data alone. CSV quotes as RFC 4180 asks, ends lines with LF, leaves NULL
 * empty and writes an empty text as "". Tables measure in terminal columns (UTF-8, wide and
 * combining characters), put numbers to the right and show control characters escaped, so that no
 * value can steer the terminal; the first FH_OUTPUT_ALIGN_ROWS rows decide the widths and later
 * ones stream. A record (status, describe) is one row that a table shows as a list of names and
 * values.
 *
 * Does not: print messages or errors. Thread: one. Ownership: names and cells are copied or printed
 * at once.
 */
#ifndef FH_TOOLS_CLI_OUTPUT_H
#define FH_TOOLS_CLI_OUTPUT_H

#include "common/bytes.h"
#include "common/err.h"

#include <stdio.h>

struct fh_record_id;

enum fh_output_format { FH_OUTPUT_TABLE, FH_OUTPUT_JSON, FH_OUTPUT_CSV, FH_OUTPUT_FORMAT_COUNT };

enum fh_output_kind {
    FH_OUTPUT_TEXT,
    FH_OUTPUT_NUMBER, /* right-aligned; bare in JSON when it is a JSON number */
    FH_OUTPUT_BOOL,   /* bare in JSON: the cell is "true" or "false" */
    FH_OUTPUT_RAW,    /* the cell is a JSON value */
};

struct fh_output_column {
    const char *name;
    enum fh_output_kind kind;
};

enum {
    FH_OUTPUT_ALIGN_ROWS = 1000,
    FH_OUTPUT_ALIGN_BYTES = 4 * 1024 * 1024,
    FH_OUTPUT_COLUMNS_MAX = 2048,
};

struct fh_output;

/* "table", "wide" (a table too: which columns it has is the command's), "json", "csv"; FH_EUSAGE.
 */
FH_MUST_CHECK int
fh_output_format_parse(enum fh_output_format *out, const char *text, struct fh_err *err);

/* Begins a list of rows, or one record (`record`). `colour` marks headings. NULL when there is no
 * memory. Given. `file` is kept. */
FH_MUST_CHECK struct fh_output *fh_output_new(FILE *file,
                                              enum fh_output_format format,
                                              bool record,
                                              bool colour,
                                              const struct fh_output_column *columns,
                                              size_t column_count);
/* The next cell, from left to right; a row ends with its last column. */
void fh_output_cell(struct fh_output *output, struct fh_bytes value);
void fh_output_null(struct fh_output *output);
void fh_output_text(struct fh_output *output, const char *text);
void fh_output_uint(struct fh_output *output, uint64_t value);
void fh_output_bool(struct fh_output *output, bool value);
void fh_output_time(struct fh_output *output, int64_t wall_ms);
/* In full; "" when it is zero. */
void fh_output_record_id(struct fh_output *output, const struct fh_record_id *id);

/* Prints what is left. FH_EIO when anything could not be written (full disk), FH_ENOMEM. */
FH_MUST_CHECK int fh_output_end(struct fh_output *output, struct fh_err *err);
void fh_output_free(struct fh_output *output);
static inline void fh_output_freep(struct fh_output **output)
{
    fh_output_free(*output);
}

/* ---- pieces, also for messages ---- */

/* Appends the text as a terminal may show it: controls, invalid UTF-8 and bidirectional overrides
 * as \n, \t, \u{1b}, \x9b. */
void fh_output_visible(struct fh_buf *out, struct fh_bytes text);
/* Terminal columns of visible text. */
size_t fh_output_width(struct fh_bytes text);
/* Appends a JSON string with its quotes; invalid UTF-8 becomes U+FFFD. Unlike fh_json_string
 * (proto/query/batch.h) it also escapes what steers a terminal. */
void fh_output_json_string(struct fh_buf *out, struct fh_bytes text);
/* Whether the text is a number of the JSON grammar (RFC 8259, section 6). */
bool fh_output_is_json_number(struct fh_bytes text);

#endif
