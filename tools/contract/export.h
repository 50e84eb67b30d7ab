/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Export: a contract in the formats of other tools and readers.
 *
 * Formats are rows of a table; each row writes the whole document into a buffer.
 *
 * Does not: read, judge or fetch contracts, or write files. Thread: distinct buffers. Ownership:
 * borrows.
 */
#ifndef FH_TOOLS_CONTRACT_EXPORT_H
#define FH_TOOLS_CONTRACT_EXPORT_H

#include "common/bytes.h"
#include "common/err.h"
#include "proto/contract/contract.h"

enum fh_export_dialect { FH_EXPORT_DUCKDB, FH_EXPORT_POSTGRES, FH_EXPORT_DIALECT_COUNT };

struct fh_export_options {
    enum fh_export_dialect dialect; /* of sql */
    const char *table;              /* sql, jsonschema: only this one; NULL: all */
};

struct fh_export_format {
    const char *name; /* "html" */
    int (*write)(struct fh_buf *out,
                 const struct fh_contract *contract,
                 const struct fh_export_options *options,
                 struct fh_err *err);
    bool takes_table;
    bool takes_dialect;
};

enum { FH_EXPORT_BYTES_MAX = 16 * 1024 * 1024 }; /* of one document: markup around 256 KiB */

/* The format of this name, or NULL after FH_EUSAGE in `err`. */
const struct fh_export_format *fh_export_find(const char *name, struct fh_err *err);
/* "duckdb", "postgres"; NULL is DuckDB. FH_EUSAGE. */
FH_MUST_CHECK int
fh_export_dialect_parse(enum fh_export_dialect *out, const char *name, struct fh_err *err);

/* Appends the document. FH_EUSAGE when the table is not there, FH_ETOOBIG, FH_ENOMEM. */
FH_MUST_CHECK int fh_export_write(struct fh_buf *out,
                                  const struct fh_export_format *format,
                                  const struct fh_contract *contract,
                                  const struct fh_export_options *options,
                                  struct fh_err *err);

/* ---- the formats with a file of their own ---- */

/* CREATE TABLE statements with keys, bounds and comments. A table stands behind those that it
 * refers to. */
int fh_export_sql(struct fh_buf *out,
                  const struct fh_contract *contract,
                  const struct fh_export_options *options,
                  struct fh_err *err);

/* JSON Schema (2020-12) of the rows: that of the one table, or any of `$defs`, one a table. */
int fh_export_jsonschema(struct fh_buf *out,
                         const struct fh_contract *contract,
                         const struct fh_export_options *options,
                         struct fh_err *err);

/* Whether the column is computed when it is asked for (3.2: measure, dimension) and stored in no
 * row. */
bool fh_export_is_computed(const struct fh_contract_column *column);

#endif
