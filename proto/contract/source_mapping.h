/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source mapping: which file and which column of it stands behind each table and column of a
 * product.
 *
 * Made from the author's contract before its servers are cut out (publish_text.h), stored by the
 * owner's node only, and handed to its worker. Never part of a record.
 *
 * Does not: open anything; paths are checked for form (relative, inside, no wildcard), and whoever
 * opens them resolves beneath a data root. Thread: immutable. Ownership: lives in the arena it was
 * made in, strings may be those of the contract.
 */
#ifndef FH_PROTO_CONTRACT_SOURCE_MAPPING_H
#define FH_PROTO_CONTRACT_SOURCE_MAPPING_H

#include "proto/contract/contract.h"
#include "proto/contract/sql_type.h"

struct fh_source_column {
    const char *name;                 /* SQL name */
    const char *source_name;          /* physicalName, else name */
    char sql_type[FH_SQL_TYPE_BYTES]; /* promised */
    bool is_required;                 /* NOT NULL: `required` or part of the primary key */
};

struct fh_source_table {
    const char *name;   /* SQL name */
    const char *path;   /* relative, '/'-separated, {model} replaced by physicalName, else name */
    const char *format; /* "parquet", "csv" or "json" */
    size_t column_count;
    struct fh_source_column *columns;
};

struct fh_source_mapping {
    size_t table_count;
    struct fh_source_table *tables;
};

/* Makes the mapping of a contract that passed fh_publish_rules. FH_ECHECK otherwise, FH_ENOMEM. */
FH_MUST_CHECK int fh_source_mapping_make(struct fh_source_mapping **out,
                                         const struct fh_contract *contract,
                                         struct fh_arena *arena,
                                         struct fh_err *err);

/* Appends the mapping as canonical msgpack, for the owner's own store. */
void fh_source_mapping_encode(struct fh_buf *out, const struct fh_source_mapping *mapping);
FH_MUST_CHECK int fh_source_mapping_decode(struct fh_source_mapping **out,
                                           struct fh_bytes form,
                                           struct fh_arena *arena,
                                           struct fh_err *err);

/* Whether a source path has the right form: relative, inside its folder, one file, nothing
 * expanded. FH_EINVAL (publish.server.path) says what is wrong. */
FH_MUST_CHECK int fh_source_path_check(const char *path, struct fh_err *err);

#endif
